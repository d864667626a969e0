//! Paper: a slip is entered by two persons, and is a ballot when they agree.
//!
//! Owns: [`Slip`], [`enter`], [`differences`].
//!
//! Always: an entry is kept whatever becomes of it; a ballot on paper has two persons' entries behind it that say the same; a
//! correction is entered the same way and says why.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ballot::{Ballot, Channel};
use super::round::{Round, Stage};
use super::tally::Answer;
use super::{
    ANSWERS, CORRECTED, INVALID_REASON, NO_BALLOT, PAPERS, REASON, SAME_PERSON, SLIP_TAKEN, Taken,
    at, is_appointed, is_entrusted, is_text, is_voting_day, not_on_roll, one_answer_each, result,
    rows, take,
};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Refusal, Result};
use crate::id::{BallotNo, CompoundId, RoundNo};
use crate::property::RoomCode;
use crate::seal::may_stand_in_clear;

/// A paper slip (表决票) as one person read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slip {
    /// The number printed on it.
    pub slip_no: String,
    /// The dwelling printed on it.
    pub room: RoomCode,
    /// The day it was received.
    pub received_on: Day,
    /// The proxy, where an agent signed it.
    #[serde(default)]
    pub proxy_no: Option<i32>,
    /// To each motion, in their order; none if the slip is set aside.
    #[serde(default)]
    pub answers: Vec<Answer>,
    /// Why the whole slip is set aside; empty if it is valid.
    #[serde(default)]
    pub invalid_reason: String,
    /// The ballot it corrects, whichever way that came.
    #[serde(default)]
    pub corrects: Option<BallotNo>,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EnteredSlip", description = "录入的结果")]
pub struct Entered {
    /// The entry's number in the round.
    #[schemars(description = "录入编号", example = 1)]
    pub entry_no: i32,
    /// The ballot, once two persons agree.
    #[schemars(description = "两人一致则计入的票：否则空")]
    pub taken: Option<Taken>,
    /// Where it differs from what others entered, in words.
    #[schemars(description = "与他人录入的不同")]
    pub differences: Vec<String>,
}

/// An entry of a slip, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SlipEntry {
    /// Its number in the round.
    pub entry_no: i32,
    /// Who entered it.
    pub entered_by: String,
    /// What they read.
    pub slip: Slip,
    /// Why it was entered again.
    pub note: String,
}

/// Enters a paper slip. The first entry waits; when the latest entries of two persons agree, it is a ballot. Where they do
/// not, either enters again or a third decides, and says why. `note` is that reason, and the reason of a correction.
///
/// # Errors
/// `governance.no-round`, `governance.not-appointed`, `governance.stage`, `governance.papers`, `governance.not-on-roll`,
/// `governance.voting-days`, `governance.invalid-reason`, `governance.answers`, `governance.no-proxy`,
/// `governance.against-proxy`, `governance.no-ballot`, `governance.corrected`, `governance.slip-taken`,
/// `governance.same-person`, `governance.reason`, `seal.person-in-text`.
pub async fn enter(tx: &mut Tx, no: RoundNo, slip: &Slip, note: &str) -> Result<Entered> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let who = tx.actor().name.clone();
    let round = result::one(tx, compound, no).await?;
    let entry = rows::on_roll(tx, compound, no, &slip.room).await?;
    let proxies = rows::proxies(tx, compound, no).await?;
    let ballots = rows::ballots_near(tx, compound, no, &slip.slip_no, slip.corrects).await?;
    let entries = entries(tx, compound, no, Some(&slip.slip_no)).await?;

    is_appointed(tx, &round)?;
    at(&round, &[Stage::Open])?;
    may_stand_in_clear("票号", &slip.slip_no)?;
    may_stand_in_clear("原因", note)?;
    if !is_text(&slip.slip_no, 40)
        || slip.slip_no != slip.slip_no.trim()
        || slip.received_on > today
    {
        let evidence = format!("票号 {:?}，收到日期 {}", slip.slip_no, slip.received_on);
        return Err(PAPERS.refuse(evidence).into());
    }
    let entry = entry.ok_or_else(|| not_on_roll(no, &slip.room))?;
    may_be_read(slip, &round)?;
    is_entrusted(slip.proxy_no, &proxies, entry.head_no, &slip.answers)?;
    may_be_corrected(slip, &ballots)?;
    let others: Vec<&SlipEntry> =
        entries.iter().filter(|e| e.slip.corrects == slip.corrects).collect();
    may_look_again(slip, &others, &who, note)?;

    let entry_no = tx.next_no(&format!("vote-entry/{no}"));
    let written = rows::written(slip)?;
    let row = [
        compound.0.into(),
        no.0.into(),
        entry_no.into(),
        (&slip.slip_no).into(),
        (&who).into(),
        (&written).into(),
        note.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::ENTRY, &row);

    let latest = latest(&others);
    let (mut is_agreed, mut differences) = (false, Vec::new());
    for (other, theirs) in latest.iter().filter(|(other, _)| **other != who) {
        let differs = differ(slip, &theirs.slip);
        is_agreed = is_agreed || differs.is_empty();
        differences.extend(differs.into_iter().map(|what| format!("与{other}的录入：{what}")));
    }
    let taken = match is_agreed {
        false => None,
        true => Some(take(tx, no, |ballot| Ballot {
            no: ballot,
            head_no: entry.head_no,
            dwelling_no: entry.dwelling_no,
            channel: Channel::Paper,
            slip_no: slip.slip_no.clone(),
            received_on: slip.received_on,
            owner: None,
            proxy_no: slip.proxy_no,
            invalid_reason: slip.invalid_reason.clone(),
            corrects: slip.corrects,
            reason: slip.corrects.map_or_else(String::new, |_| note.trim().to_owned()),
            answers: slip.answers.clone(),
        })?),
    };
    Ok(Entered { entry_no, taken, differences })
}

/// Whether what was read can be a ballot of the round, valid or set aside.
fn may_be_read(slip: &Slip, round: &Round) -> Result<(), Refusal> {
    if slip.invalid_reason.is_empty() {
        is_voting_day(round, slip.received_on)?;
        return one_answer_each(&slip.answers, round, Channel::Paper);
    }
    if !round.terms.invalid_reasons.contains(&slip.invalid_reason) {
        let known = round.terms.invalid_reasons.join("、");
        return Err(INVALID_REASON.refuse(format!("{:?} 不在 {known} 之内", slip.invalid_reason)));
    }
    if !slip.answers.is_empty() {
        return Err(ANSWERS.refuse("整票无效的不记答复"));
    }
    Ok(())
}

fn may_be_corrected(slip: &Slip, ballots: &[Ballot]) -> Result<(), Refusal> {
    let taken = ballots.iter().find(|b| b.slip_no == slip.slip_no && b.corrects == slip.corrects);
    let Some(corrected) = slip.corrects else {
        let evidence = |ballot: &Ballot| format!("票号 {} 已计为第 {} 张", slip.slip_no, ballot.no);
        return taken.map_or(Ok(()), |ballot| Err(SLIP_TAKEN.refuse(evidence(ballot))));
    };
    if ballots.iter().all(|b| b.no != corrected) {
        return Err(NO_BALLOT.refuse(format!("没有第 {corrected} 张表决票")));
    }
    if let Some(by) = ballots.iter().find(|b| b.corrects == Some(corrected)) {
        return Err(CORRECTED.refuse(format!("第 {corrected} 张已由第 {} 张更正", by.no)));
    }
    Ok(())
}

/// Whether this person may enter the slip now, and has said why where a reason is due.
fn may_look_again(
    slip: &Slip,
    others: &[&SlipEntry],
    who: &str,
    note: &str,
) -> Result<(), Refusal> {
    let has_reason = is_text(note, 200);
    let mine = others.iter().any(|e| e.entered_by == who);
    if mine && !has_reason {
        return Err(SAME_PERSON.refuse(format!("票号 {} 已由 {who} 录入", slip.slip_no)));
    }
    let persons: BTreeSet<&str> = others.iter().map(|e| e.entered_by.as_str()).collect();
    if (slip.corrects.is_some() || persons.len() > 1) && !has_reason {
        return Err(REASON.refuse(format!("票号 {} 未写明原因", slip.slip_no)));
    }
    Ok(())
}

/// The latest entry of each person.
fn latest<'a>(entries: &[&'a SlipEntry]) -> BTreeMap<&'a str, &'a SlipEntry> {
    entries.iter().map(|entry| (entry.entered_by.as_str(), *entry)).collect()
}

/// Where two readings of a slip differ, in words.
fn differ(one: &Slip, other: &Slip) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, a: String, b: String| {
        if a != b {
            found.push(format!("{what} {a} / {b}"));
        }
    };
    let some = |no: Option<i32>| no.map_or_else(|| "无".to_owned(), |no| no.to_string());
    compare("房号", one.room.to_string(), other.room.to_string());
    compare("收到日期", one.received_on.to_string(), other.received_on.to_string());
    compare("委托", some(one.proxy_no), some(other.proxy_no));
    compare("无效理由", one.invalid_reason.clone(), other.invalid_reason.clone());
    let said = |slip: &Slip, place: usize| {
        slip.answers.get(place).map_or_else(|| "无".to_owned(), |a| a.in_chinese().to_owned())
    };
    for place in 0..one.answers.len().max(other.answers.len()) {
        compare(&format!("事项 {}", place + 1), said(one, place), said(other, place));
    }
    found
}

async fn entries(
    view: &mut impl View,
    compound: CompoundId,
    no: RoundNo,
    slip_no: Option<&str>,
) -> Result<Vec<SlipEntry>> {
    let which = if slip_no.is_some() { "AND slip_no = $3" } else { "" };
    let sql = format!(
        "SELECT entry_no, entered_by, slip, note FROM vote_entry
         WHERE compound_id = $1 AND round_no = $2 {which} ORDER BY entry_no"
    );
    let mut values: Vec<sea_orm::Value> = vec![compound.0.into(), no.0.into()];
    values.extend(slip_no.map(sea_orm::Value::from));
    let mut entries = Vec::new();
    for row in view.rows(rows::BALLOTS, &sql, values).await? {
        entries.push(SlipEntry {
            entry_no: row.try_get("", "entry_no")?,
            entered_by: row.try_get("", "entered_by")?,
            slip: rows::read(&row, "slip")?,
            note: row.try_get("", "note")?,
        });
    }
    Ok(entries)
}

/// A slip that is not a ballot yet: entered once, or by two who do not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undecided {
    /// The slip.
    pub slip_no: String,
    /// The latest entry of each person.
    pub entries: Vec<SlipEntry>,
    /// Where the first two differ, in words; empty while a second entry is awaited.
    pub differences: Vec<String>,
}

/// The slips of a round that wait for a second entry or for a decision.
///
/// # Errors
/// `governance.no-round`.
pub async fn differences(
    view: &mut impl View,
    compound: CompoundId,
    no: RoundNo,
) -> Result<Vec<Undecided>> {
    result::one(view, compound, no).await?;
    let ballots = rows::ballots(view, compound, no).await?;
    let entries = entries(view, compound, no, None).await?;
    let mut slips: BTreeMap<(&str, Option<BallotNo>), Vec<&SlipEntry>> = BTreeMap::new();
    for entry in &entries {
        slips.entry((&entry.slip.slip_no, entry.slip.corrects)).or_default().push(entry);
    }
    let is_taken = |slip_no: &str, corrects| {
        ballots.iter().any(|b| b.slip_no == slip_no && b.corrects == corrects)
    };
    let waiting =
        slips.into_iter().filter(|((slip_no, corrects), _)| !is_taken(slip_no, *corrects));
    let undecided = waiting.map(|((slip_no, _), entries)| {
        let entries: Vec<SlipEntry> = latest(&entries).into_values().cloned().collect();
        let differences = match entries.as_slice() {
            [one, other, ..] => differ(&one.slip, &other.slip),
            _ => Vec::new(),
        };
        Undecided { slip_no: slip_no.to_owned(), entries, differences }
    });
    Ok(undecided.collect())
}
