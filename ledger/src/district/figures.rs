//! What of a compound takes reading every dwelling of it: how many, how large, how low its fund, what was billed and settled;
//! reckoned for any number of compounds as sets, and kept beside the number of the act they were reckoned at.
//!
//! Owns: `district_figure`.
//!
//! Always: what was kept is used only while nobody has acted in the compound since and no dwelling of it begins or ends with the
//! days; else it is reckoned anew. So what is kept makes an answer quick and never another ([`KEPT`] recounts it).
//! Never: a figure that a few rows of a compound can tell; those are asked for each time.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::rules::YARDSTICKS;
use crate::books::sheaf::{Kind, Table};
use crate::books::{Actor, Books, Done, Reads, Request, Tx, View};
use crate::calendar::Day;
use crate::error::Result;
use crate::id::CompoundId;
use crate::journal::Book;
use crate::property;

static FIGURE: Table = Table {
    name: "district_figure",
    rank: 5,
    columns: &[
        ("compound_id", Kind::Int),
        ("as_of_act", Kind::Int),
        ("kept_on", Kind::Day),
        ("changes_on", Kind::SomeDay),
        ("dwellings", Kind::Big),
        ("area_centi_m2", Kind::Big),
        ("lifts", Kind::Big),
        ("deposited", Kind::Big),
        ("low", Kind::Big),
        ("billed_fen", Kind::Big),
        ("settled_fen", Kind::Big),
        ("act_no", Kind::Int),
    ],
    on_conflict: "ON CONFLICT (compound_id) DO UPDATE SET as_of_act = excluded.as_of_act, kept_on = excluded.kept_on,
      changes_on = excluded.changes_on, dwellings = excluded.dwellings, area_centi_m2 = excluded.area_centi_m2,
      lifts = excluded.lifts, deposited = excluded.deposited, low = excluded.low, billed_fen = excluded.billed_fen,
      settled_fen = excluded.settled_fen, act_no = excluded.act_no",
};

/// What was kept.
const FIGURES: Reads = Reads(&[&FIGURE]);

/// How many compounds one act keeps the figures of.
const A_PAGE: usize = 250;

/// The figures of a compound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(super) dwellings: i64,
    pub(super) area_centi_m2: i64,
    /// Stairs with a lift.
    pub(super) lifts: i64,
    /// Dwellings whose first deposit is known.
    pub(super) deposited: i64,
    /// Of these, below the bar.
    pub(super) low: i64,
    pub(super) billed_fen: i64,
    pub(super) settled_fen: i64,
    /// When a dwelling begins or ends next, and with it the figures.
    changes_on: Option<Day>,
}

/// What a turn of keeping came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "DistrictFiguresKept", description = "已留存的小区数字")]
pub struct Keeping {
    /// How many compounds.
    #[schemars(description = "本次留存的小区数", example = 40)]
    pub kept: usize,
    /// How many have moved on and are not kept yet.
    #[schemars(description = "尚待留存的小区数：再办一次", example = 0)]
    pub left: usize,
}

/// The number of the last act of each compound.
async fn last_acts(view: &mut impl View, compounds: &[i32]) -> Result<BTreeMap<i32, i32>> {
    let (these, list) = view.list_of(compounds, 1);
    let sql = format!(
        "SELECT compound_id, last_no FROM counter WHERE compound_id {these} AND name = 'act'"
    );
    let mut found = BTreeMap::new();
    for row in view.rows(Reads::SETTLED, &sql, vec![list]).await? {
        found.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    Ok(found)
}

/// What was kept and nobody has acted since, by compound: with the day it was kept on. The rest is to be reckoned.
async fn kept(view: &mut impl View, compounds: &[i32]) -> Result<BTreeMap<i32, (Day, Figures)>> {
    let acts = last_acts(view, compounds).await?;
    let (these, list) = view.list_of(compounds, 1);
    let sql = format!(
        "SELECT compound_id, as_of_act, kept_on, changes_on, dwellings, area_centi_m2, lifts, deposited, low, billed_fen,
           settled_fen
         FROM district_figure WHERE compound_id {these}"
    );
    let mut found = BTreeMap::new();
    for row in view.rows(FIGURES, &sql, vec![list]).await? {
        let compound: i32 = row.try_get("", "compound_id")?;
        let as_of: i32 = row.try_get("", "as_of_act")?;
        if acts.get(&compound).copied().unwrap_or(0) != as_of {
            continue;
        }
        let figures = Figures {
            dwellings: row.try_get("", "dwellings")?,
            area_centi_m2: row.try_get("", "area_centi_m2")?,
            lifts: row.try_get("", "lifts")?,
            deposited: row.try_get("", "deposited")?,
            low: row.try_get("", "low")?,
            billed_fen: row.try_get("", "billed_fen")?,
            settled_fen: row.try_get("", "settled_fen")?,
            changes_on: row.try_get("", "changes_on")?,
        };
        found.insert(compound, (row.try_get("", "kept_on")?, figures));
    }
    Ok(found)
}

/// Whether what was kept on a day is so on another.
fn is_so((kept_on, figures): &(Day, Figures), on: Day) -> bool {
    *kept_on <= on && figures.changes_on.is_none_or(|day| on < day)
}

/// The figures of some compounds on a day: what was kept where it holds, reckoned where not.
pub(super) async fn figures(
    view: &mut impl View,
    compounds: &[i32],
    on: Day,
) -> Result<BTreeMap<i32, Figures>> {
    let mut kept = kept(view, compounds).await?;
    kept.retain(|_, of| is_so(of, on));
    let others: Vec<i32> = compounds.iter().copied().filter(|c| !kept.contains_key(c)).collect();
    let mut found = reckoned(view, &others, on).await?;
    found.extend(kept.into_iter().map(|(compound, (_, figures))| (compound, figures)));
    Ok(found)
}

/// The figures of some compounds on a day, from their rows.
async fn reckoned(
    view: &mut impl View,
    compounds: &[i32],
    on: Day,
) -> Result<BTreeMap<i32, Figures>> {
    let mut all: BTreeMap<i32, Figures> = BTreeMap::new();
    if compounds.is_empty() {
        return Ok(all);
    }
    let (these, list) = view.list_of(compounds, 1);
    let is_there = "(began_on IS NULL OR began_on <= $2) AND (ended_on IS NULL OR ended_on > $2)";
    let sql = format!(
        "SELECT compound_id,
           CAST(sum(CASE WHEN kind <> 'service' AND {is_there} THEN 1 ELSE 0 END) AS BIGINT) AS many,
           CAST(sum(CASE WHEN kind <> 'service' AND {is_there} THEN fund_area_centi_m2 ELSE 0 END) AS BIGINT) AS area,
           min(CASE WHEN began_on > $2 THEN began_on END) AS begins_on,
           min(CASE WHEN ended_on > $2 THEN ended_on END) AS ends_on
         FROM dwelling WHERE compound_id {these} GROUP BY compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), on.into()]).await? {
        let of = all.entry(row.try_get("", "compound_id")?).or_default();
        (of.dwellings, of.area_centi_m2) = (row.try_get("", "many")?, row.try_get("", "area")?);
        let days: [Option<Day>; 2] = [row.try_get("", "begins_on")?, row.try_get("", "ends_on")?];
        of.changes_on = days.into_iter().flatten().min();
    }
    let sql = format!(
        "SELECT compound_id, count(*) AS lifts
         FROM (SELECT DISTINCT compound_id, building_no, unit_no FROM dwelling
               WHERE compound_id {these} AND has_lift = 1 AND {is_there}) s
         GROUP BY compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), on.into()]).await? {
        all.entry(row.try_get("", "compound_id")?).or_default().lifts = row.try_get("", "lifts")?;
    }
    let sql = format!(
        "SELECT compound_id, CAST(sum(debit_fen) AS BIGINT) AS billed, CAST(sum(credit_fen) AS BIGINT) AS settled
         FROM balance WHERE compound_id {these} AND book = 3 AND account = 1122 GROUP BY compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        let of = all.entry(row.try_get("", "compound_id")?).or_default();
        (of.billed_fen, of.settled_fen) = (row.try_get("", "billed")?, row.try_get("", "settled")?);
    }
    // What each dwelling first paid in, against what it has: a sum over a sum, and no dwelling looked at by itself.
    let bearing = Book::Fund.chart().accounts.iter().filter(|account| account.bearing.is_some());
    let codes: Vec<String> = bearing.map(|account| account.code.to_string()).collect();
    let codes = codes.join(", ");
    let (part, of) = (YARDSTICKS.low_part, YARDSTICKS.low_of);
    let sql = format!(
        "SELECT f.compound_id, count(*) AS deposited,
           CAST(sum(CASE WHEN COALESCE(h.has, 0) * {of} < f.came * {part} THEN 1 ELSE 0 END) AS BIGINT) AS low
         FROM (SELECT d.compound_id, d.dwelling_no, sum(d.amount_fen) AS came FROM deposit d
               LEFT JOIN voucher v ON v.compound_id = d.compound_id AND v.book = 1 AND v.reverses_seq = d.voucher_seq
               WHERE d.compound_id {these} AND d.dwelling_no IS NOT NULL AND d.kind = 'initial' AND v.seq IS NULL
               GROUP BY d.compound_id, d.dwelling_no) f
         LEFT JOIN (SELECT compound_id, dwelling_no, sum(credit_fen - debit_fen) AS has FROM balance
                    WHERE compound_id {these} AND book = 1 AND dwelling_no > 0 AND account IN ({codes})
                    GROUP BY compound_id, dwelling_no) h
           ON h.compound_id = f.compound_id AND h.dwelling_no = f.dwelling_no
         GROUP BY f.compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list]).await? {
        let of = all.entry(row.try_get("", "compound_id")?).or_default();
        (of.deposited, of.low) = (row.try_get("", "deposited")?, row.try_get("", "low")?);
    }
    Ok(all)
}

/// Keeps the figures of compounds that moved on since they were kept last, a page of them, those of the lowest numbers first. They
/// are read from one snapshot, with the numbers of the acts it shows; an act of the head office writes them. What was done
/// meanwhile has a higher number, and is reckoned by whoever looks.
///
/// # Errors
/// Storage.
pub async fn keep(books: &Books, actor: &Actor, key: Option<String>) -> Result<Done<Keeping>> {
    let on = books.clock().now().day();
    let mut view = books.read().await?;
    let all = property::compounds(&mut view).await?;
    let all: Vec<i32> = all.iter().map(|compound| compound.id.0).collect();
    let acts = last_acts(&mut view, &all).await?;
    let known = kept(&mut view, &all).await?;
    let is_stale = |compound: &i32| known.get(compound).is_none_or(|of| !is_so(of, on));
    let stale: Vec<i32> = all.into_iter().filter(is_stale).collect();
    let (page, rest) = stale.split_at(stale.len().min(A_PAGE));
    let told = with_all(page, reckoned(&mut view, page, on).await?);
    let as_of =
        |(compound, figures)| (compound, acts.get(&compound).copied().unwrap_or(0), figures);
    let turn = Turn { on, left: rest.len(), rows: told.map(as_of).collect() };
    drop(view);
    let request = Request::describing("district.keep", turn, serde_json::Value::Null);
    books
        .act(actor, CompoundId::OFFICE, request.maybe_once(key), |tx, turn: &Turn| {
            Box::pin(async move { Ok(write(tx, turn)) })
        })
        .await
}

/// What one turn keeps.
struct Turn {
    on: Day,
    left: usize,
    /// A compound, the number of its last act, its figures.
    rows: Vec<(i32, i32, Figures)>,
}

fn write(tx: &mut Tx, turn: &Turn) -> Keeping {
    for (compound, as_of, figures) in &turn.rows {
        let row = [
            (*compound).into(),
            (*as_of).into(),
            turn.on.into(),
            figures.changes_on.into(),
            figures.dwellings.into(),
            figures.area_centi_m2.into(),
            figures.lifts.into(),
            figures.deposited.into(),
            figures.low.into(),
            figures.billed_fen.into(),
            figures.settled_fen.into(),
            tx.act().0.into(),
        ];
        tx.put(&FIGURE, &row);
    }
    Keeping { kept: turn.rows.len(), left: turn.left }
}

/// Every compound that was asked for, with nothing where it has nothing.
fn with_all(
    compounds: &[i32],
    mut found: BTreeMap<i32, Figures>,
) -> impl Iterator<Item = (i32, Figures)> {
    let of = move |compound: &i32| (*compound, found.remove(compound).unwrap_or_default());
    compounds.iter().map(of).collect::<Vec<_>>().into_iter()
}

/// What is kept is what a recount says.
pub(crate) const KEPT: &str = "district-figures-true";

/// Compounds in which nobody acted since their figures were kept, and whose rows say otherwise; and how many are kept so.
///
/// # Errors
/// Storage.
pub(crate) async fn untrue(
    view: &mut impl View,
    only: Option<CompoundId>,
) -> Result<(usize, Vec<i32>)> {
    let all = property::compounds(view).await?;
    let all = all.iter().map(|compound| compound.id);
    let all = all.filter(|id| only.is_none_or(|only| only == *id)).map(|id| id.0);
    let kept = kept(view, &all.collect::<Vec<_>>()).await?;
    let mut by_day: BTreeMap<Day, Vec<i32>> = BTreeMap::new();
    for (compound, (kept_on, _)) in &kept {
        by_day.entry(*kept_on).or_default().push(*compound);
    }
    let mut untrue = Vec::new();
    for (kept_on, compounds) in by_day {
        let mut again = reckoned(view, &compounds, kept_on).await?;
        for compound in compounds {
            let told = again.remove(&compound).unwrap_or_default();
            if kept.get(&compound).is_none_or(|(_, figures)| *figures != told) {
                untrue.push(compound);
            }
        }
    }
    Ok((kept.len(), untrue))
}
