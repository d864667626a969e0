//! The tables of governance, and how their rows are read back.

use std::collections::BTreeMap;

use sea_orm::QueryResult;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ballot::{Ballot, Channel};
use super::matter::Delivery;
use super::roll::Entry;
use super::tally::Answer;
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, View};
use crate::error::{Result, Storage};
use crate::id::{BallotNo, CompoundId, DwellingNo, OwnerNo, RoundNo};
use crate::measure::Area;
use crate::property::RoomCode;

macro_rules! tables {
    ($($name:ident $table:literal $rank:literal [$($column:literal $kind:ident),* $(,)?];)*) => {$(
        pub(super) static $name: Table = Table {
            name: $table,
            rank: $rank,
            columns: &[
                ("compound_id", Column::Int),
                ("round_no", Column::Int),
                $(($column, Column::$kind),)*
                ("act_no", Column::Int),
            ],
            on_conflict: "",
        };
    )*};
}

tables! {
    ROUND "vote_round" 3 ["title" Text, "convener" Text, "scope" Text, "terms" Text, "opens_on" Day, "closes_on" Day];
    MOTION "vote_motion" 4 ["motion_no" Int, "title" Text, "plan" Text, "amount_cap_fen" Big, "rule" Text];
    STEP "vote_step" 4 ["step" Text, "taken_on" Day, "note" Text, "digest" Text];
    ROLL "vote_roll" 4 ["dwelling_no" Int, "code" Text, "head_no" Int, "area_centi_m2" Big, "shown_name" Text, "owners" Text];
    DELIVERY "vote_delivery" 5 ["delivery_no" Int, "head_no" Int, "dwelling_no" Int, "method" Text, "delivered_on" Day, "evidence" Text];
    PROXY "vote_proxy" 5 ["proxy_no" Int, "head_no" Int, "dwelling_no" Int, "agent_name" Text, "agent_id_tail" Text,
        "signed_on" Day, "evidence" Text, "instructions" Text];
    ENTRY "vote_entry" 5 ["entry_no" Int, "slip_no" Text, "entered_by" Text, "slip" Text, "note" Text];
    BALLOT "vote_ballot" 6 ["ballot_no" Int, "head_no" Int, "dwelling_no" Int, "channel" Text, "slip_no" Text,
        "received_on" Day, "owner_no" SomeInt, "proxy_no" SomeInt, "invalid_reason" Text, "corrects_no" SomeInt,
        "reason" Text, "answers" Text];
    RESULT "vote_result" 7 ["sheet" Text, "digest" Text, "passed_on" Day];
}

/// What a round is read from.
pub(super) const ROUNDS: Reads = Reads(&[&ROUND, &MOTION, &STEP, &RESULT]);
/// The roll and what hangs on it.
pub(super) const ROLLS: Reads = Reads(&[&ROLL, &DELIVERY, &PROXY]);
/// Ballots and the entries they come from.
pub(super) const BALLOTS: Reads = Reads(&[&ENTRY, &BALLOT]);

/// What a column of JSON keeps.
pub(super) fn written(what: &impl Serialize) -> Result<String> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a row of a vote is not JSON: {e}"));
    Ok(serde_json::to_string(what).map_err(bug)?)
}

/// What a column of JSON kept.
pub(super) fn read<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<T> {
    let text: String = row.try_get("", column)?;
    let bug = |e: serde_json::Error| Storage::Bug(format!("{column} of a vote is not read: {e}"));
    Ok(serde_json::from_str(&text).map_err(bug)?)
}

/// The frozen roll, in natural order.
pub(super) async fn roll(
    view: &mut impl View,
    compound: CompoundId,
    round: RoundNo,
) -> Result<Vec<Entry>> {
    let sql = "SELECT dwelling_no, code, head_no, area_centi_m2, shown_name, owners FROM vote_roll
               WHERE compound_id = $1 AND round_no = $2";
    let mut roll = Vec::new();
    for row in view.rows(ROLLS, sql, vec![compound.0.into(), round.0.into()]).await? {
        roll.push(entry(&row)?);
    }
    roll.sort_by(|a, b| a.code.cmp(&b.code));
    Ok(roll)
}

/// One dwelling of the frozen roll.
pub(super) async fn on_roll(
    view: &mut impl View,
    compound: CompoundId,
    round: RoundNo,
    code: &RoomCode,
) -> Result<Option<Entry>> {
    let sql = "SELECT dwelling_no, code, head_no, area_centi_m2, shown_name, owners FROM vote_roll
               WHERE compound_id = $1 AND round_no = $2 AND code = $3";
    let values = vec![compound.0.into(), round.0.into(), code.as_str().into()];
    view.rows(ROLLS, sql, values).await?.first().map(entry).transpose()
}

fn entry(row: &QueryResult) -> Result<Entry> {
    let code: String = row.try_get("", "code")?;
    let unread = |_| Storage::Bug(format!("the stored code {code:?} cannot be read"));
    let owners: Vec<i32> = read(row, "owners")?;
    Ok(Entry {
        dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
        code: RoomCode::parse(&code).map_err(unread)?,
        head_no: row.try_get("", "head_no")?,
        area: Area::centi_m2(row.try_get("", "area_centi_m2")?),
        shown_name: row.try_get("", "shown_name")?,
        owners: owners.into_iter().map(OwnerNo).collect(),
    })
}

/// Every ballot of a round, by number.
pub(super) async fn ballots(
    view: &mut impl View,
    compound: CompoundId,
    round: RoundNo,
) -> Result<Vec<Ballot>> {
    ballots_where(view, vec![compound.0.into(), round.0.into()], "").await
}

/// The ballots a slip may collide with: those of its number, the one it corrects, and what corrects that already.
pub(super) async fn ballots_near(
    view: &mut impl View,
    compound: CompoundId,
    round: RoundNo,
    slip_no: &str,
    corrects: Option<BallotNo>,
) -> Result<Vec<Ballot>> {
    // No ballot has the number 0.
    let corrected = corrects.map_or(0, |no| no.0);
    let values = vec![compound.0.into(), round.0.into(), slip_no.into(), corrected.into()];
    let near = "AND (slip_no = $3 OR ballot_no = $4 OR corrects_no = $4)";
    ballots_where(view, values, near).await
}

async fn ballots_where(
    view: &mut impl View,
    values: Vec<sea_orm::Value>,
    which: &str,
) -> Result<Vec<Ballot>> {
    let sql = format!(
        "SELECT ballot_no, head_no, dwelling_no, channel, slip_no, received_on, owner_no, proxy_no,
           invalid_reason, corrects_no, reason, answers
         FROM vote_ballot WHERE compound_id = $1 AND round_no = $2 {which} ORDER BY ballot_no"
    );
    let mut ballots = Vec::new();
    for row in view.rows(BALLOTS, &sql, values).await? {
        let channel: String = row.try_get("", "channel")?;
        ballots.push(Ballot {
            no: BallotNo(row.try_get("", "ballot_no")?),
            head_no: row.try_get("", "head_no")?,
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            channel: if channel == "paper" { Channel::Paper } else { Channel::Online },
            slip_no: row.try_get("", "slip_no")?,
            received_on: row.try_get("", "received_on")?,
            owner: row.try_get::<Option<i32>>("", "owner_no")?.map(OwnerNo),
            proxy_no: row.try_get("", "proxy_no")?,
            invalid_reason: row.try_get("", "invalid_reason")?,
            corrects: row.try_get::<Option<i32>>("", "corrects_no")?.map(BallotNo),
            reason: row.try_get("", "reason")?,
            answers: read(&row, "answers")?,
        });
    }
    Ok(ballots)
}

/// How each head was reached.
pub(super) async fn deliveries(
    view: &mut impl View,
    compound: CompoundId,
    round: RoundNo,
) -> Result<BTreeMap<i32, Vec<Delivery>>> {
    let sql = "SELECT DISTINCT head_no, method FROM vote_delivery
               WHERE compound_id = $1 AND round_no = $2 ORDER BY head_no, method";
    let mut reached: BTreeMap<i32, Vec<Delivery>> = BTreeMap::new();
    for row in view.rows(ROLLS, sql, vec![compound.0.into(), round.0.into()]).await? {
        let method: String = row.try_get("", "method")?;
        let known = Delivery::ALL.into_iter().find(|way| way.name() == method);
        reached.entry(row.try_get("", "head_no")?).or_default().extend(known);
    }
    Ok(reached)
}

/// A proxy as it was registered.
pub(super) struct Proxy {
    pub(super) no: i32,
    pub(super) head_no: i32,
    pub(super) agent: (String, String),
    pub(super) instructions: Vec<Answer>,
}

/// Every proxy of a round, by number.
pub(super) async fn proxies(
    view: &mut impl View,
    compound: CompoundId,
    round: RoundNo,
) -> Result<Vec<Proxy>> {
    let sql = "SELECT proxy_no, head_no, agent_name, agent_id_tail, instructions FROM vote_proxy
               WHERE compound_id = $1 AND round_no = $2 ORDER BY proxy_no";
    let mut proxies = Vec::new();
    for row in view.rows(ROLLS, sql, vec![compound.0.into(), round.0.into()]).await? {
        proxies.push(Proxy {
            no: row.try_get("", "proxy_no")?,
            head_no: row.try_get("", "head_no")?,
            agent: (row.try_get("", "agent_name")?, row.try_get("", "agent_id_tail")?),
            instructions: read(&row, "instructions")?,
        });
    }
    Ok(proxies)
}
