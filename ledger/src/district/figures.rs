//! What of a compound takes reading every dwelling of it: how many, how large, how low its fund, what was billed and settled;
//! reckoned for any number of compounds as sets, and kept beside what it rests on.
//!
//! Owns: `district_figure`.
//!
//! Always: three parts. The roll is good until it is changed, or a dwelling begins or ends with the days. The fund and the
//! receivable are good for ever: of the one, the dwellings that moved after the voucher it was kept at are looked at again, as they
//! stood then and stand now; to the other, what was posted since is added. So what is kept makes an answer quick and never another
//! ([`KEPT`] recounts it).
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
use crate::property::{self, ROLL_CHANGES};

static FIGURE: Table = Table {
    name: "district_figure",
    rank: 5,
    columns: &[
        ("compound_id", Kind::Int),
        ("kept_on", Kind::Day),
        ("changes_on", Kind::SomeDay),
        ("roll_no", Kind::Int),
        ("dwellings", Kind::Big),
        ("area_centi_m2", Kind::Big),
        ("lifts", Kind::Big),
        ("fund_seq", Kind::Int),
        ("deposited", Kind::Big),
        ("low", Kind::Big),
        ("service_seq", Kind::Int),
        ("billed_fen", Kind::Big),
        ("settled_fen", Kind::Big),
        ("act_no", Kind::Int),
    ],
    on_conflict: "ON CONFLICT (compound_id) DO UPDATE SET kept_on = excluded.kept_on, changes_on = excluded.changes_on,
      roll_no = excluded.roll_no, dwellings = excluded.dwellings, area_centi_m2 = excluded.area_centi_m2,
      lifts = excluded.lifts, fund_seq = excluded.fund_seq, deposited = excluded.deposited, low = excluded.low,
      service_seq = excluded.service_seq, billed_fen = excluded.billed_fen, settled_fen = excluded.settled_fen,
      act_no = excluded.act_no",
};

/// What was kept.
const FIGURES: Reads = Reads(&[&FIGURE]);

/// How many compounds one act keeps the figures of.
const A_PAGE: usize = 250;

/// From how many compounds on a server keeps their figures by itself.
const WORTH_KEEPING: usize = 50;

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

/// What the figures of a compound rest on: the number of the last change of its roll, and the last voucher of two books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks {
    roll: i32,
    fund_seq: i32,
    service_seq: i32,
}

/// What was kept of a compound.
#[derive(Clone, Copy, Debug)]
struct Known {
    on: Day,
    marks: Marks,
    figures: Figures,
}

impl Known {
    /// Whether the roll is what it was, and says the same on that day.
    fn has_roll(&self, now: Marks, on: Day) -> bool {
        let is_same_day = self.figures.changes_on.is_none_or(|day| on < day);
        self.marks.roll == now.roll && self.on <= on && is_same_day
    }
}

/// Where each compound stands.
async fn marks(view: &mut impl View, compounds: &[i32]) -> Result<BTreeMap<i32, Marks>> {
    let mut found: BTreeMap<i32, Marks> = BTreeMap::new();
    let (these, list) = view.list_of(compounds, 1);
    let sql = format!(
        "SELECT compound_id, last_no FROM counter WHERE compound_id {these} AND name = '{ROLL_CHANGES}'"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        found.entry(row.try_get_by_index(0)?).or_default().roll = row.try_get_by_index(1)?;
    }
    // The last voucher of a book is the end of an index.
    let (fund, service) = (Book::Fund.number(), Book::Service.number());
    let sql = format!(
        "SELECT b.compound_id, b.book, COALESCE((SELECT max(v.seq) FROM voucher v
           WHERE v.compound_id = b.compound_id AND v.book = b.book), 0) AS seq
         FROM book b WHERE b.compound_id {these} AND b.book IN ({fund}, {service})"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list]).await? {
        let of = found.entry(row.try_get("", "compound_id")?).or_default();
        let (book, seq): (i16, i32) = (row.try_get("", "book")?, row.try_get("", "seq")?);
        *(if book == fund { &mut of.fund_seq } else { &mut of.service_seq }) = seq;
    }
    Ok(found)
}

/// What was kept, by compound.
async fn kept(view: &mut impl View, compounds: &[i32]) -> Result<BTreeMap<i32, Known>> {
    let (these, list) = view.list_of(compounds, 1);
    let sql = format!(
        "SELECT compound_id, kept_on, changes_on, roll_no, dwellings, area_centi_m2, lifts, fund_seq, deposited, low,
           service_seq, billed_fen, settled_fen
         FROM district_figure WHERE compound_id {these}"
    );
    let mut found = BTreeMap::new();
    for row in view.rows(FIGURES, &sql, vec![list]).await? {
        let marks = Marks {
            roll: row.try_get("", "roll_no")?,
            fund_seq: row.try_get("", "fund_seq")?,
            service_seq: row.try_get("", "service_seq")?,
        };
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
        let known = Known { on: row.try_get("", "kept_on")?, marks, figures };
        found.insert(row.try_get("", "compound_id")?, known);
    }
    Ok(found)
}

/// The figures of some compounds on a day: what was kept where it holds, reckoned where not.
pub(super) async fn figures(
    view: &mut impl View,
    compounds: &[i32],
    on: Day,
) -> Result<BTreeMap<i32, Figures>> {
    let known = kept(view, compounds).await?;
    let now = marks(view, compounds).await?;
    brought_up(view, compounds, &known, &now, on).await
}

/// The figures of some compounds on a day, from what is known of them and where they stand now.
async fn brought_up(
    view: &mut impl View,
    compounds: &[i32],
    known: &BTreeMap<i32, Known>,
    now: &BTreeMap<i32, Marks>,
    on: Day,
) -> Result<BTreeMap<i32, Figures>> {
    let mut all: BTreeMap<i32, Figures> = BTreeMap::new();
    let (mut rolls, mut funds, mut receivables) = (vec![], vec![], vec![]);
    let (mut moved, mut posted) = (vec![], vec![]);
    for compound in compounds {
        let now = now.get(compound).copied().unwrap_or_default();
        let known = known.get(compound);
        let of = all.entry(*compound).or_default();
        match known.filter(|known| known.has_roll(now, on)) {
            Some(Known { figures, .. }) => {
                let Figures { dwellings, area_centi_m2, lifts, changes_on, .. } = *figures;
                *of = Figures { dwellings, area_centi_m2, lifts, changes_on, ..*of };
            }
            None => rolls.push(*compound),
        }
        let Some(Known { figures, marks, .. }) = known else {
            funds.push(*compound);
            receivables.push(*compound);
            continue;
        };
        (of.deposited, of.low) = (figures.deposited, figures.low);
        (of.billed_fen, of.settled_fen) = (figures.billed_fen, figures.settled_fen);
        if marks.fund_seq != now.fund_seq {
            moved.push(*compound);
        }
        if marks.service_seq != now.service_seq {
            posted.push(*compound);
        }
    }
    roll(view, &rolls, on, &mut all).await?;
    // Where so much moved that looking at it is dearer than looking at everything, everything is looked at.
    for compound in much_moved(view, &moved, &all).await? {
        moved.retain(|of| *of != compound);
        funds.push(compound);
        let of = all.entry(compound).or_default();
        (of.deposited, of.low) = (0, 0);
    }
    fund(view, &funds, &mut all).await?;
    moved_since(view, &moved, &mut all).await?;
    receivable(view, &receivables, &mut all).await?;
    posted_since(view, &posted, &mut all).await?;
    Ok(all)
}

/// Dwellings, their area, the lifts, from the roll.
async fn roll(
    view: &mut impl View,
    compounds: &[i32],
    on: Day,
    all: &mut BTreeMap<i32, Figures>,
) -> Result<()> {
    if compounds.is_empty() {
        return Ok(());
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
    for row in view.rows(Reads::SETTLED, &sql, vec![list, on.into()]).await? {
        all.entry(row.try_get("", "compound_id")?).or_default().lifts = row.try_get("", "lifts")?;
    }
    Ok(())
}

/// What each dwelling first paid in, against what it has: a sum over a sum, and no dwelling looked at by itself.
async fn fund(
    view: &mut impl View,
    compounds: &[i32],
    all: &mut BTreeMap<i32, Figures>,
) -> Result<()> {
    if compounds.is_empty() {
        return Ok(());
    }
    let (these, list) = view.list_of(compounds, 1);
    let (codes, part, of) = (bearing(), YARDSTICKS.low_part, YARDSTICKS.low_of);
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
    Ok(())
}

/// The accounts that bear a dwelling's part of the fund.
fn bearing() -> String {
    let bearing = Book::Fund.chart().accounts.iter().filter(|account| account.bearing.is_some());
    bearing.map(|account| account.code.to_string()).collect::<Vec<_>>().join(", ")
}

/// Of compounds whose fund has moved since it was kept: those in which more lines were posted than a fifth of their dwellings.
async fn much_moved(
    view: &mut impl View,
    compounds: &[i32],
    all: &BTreeMap<i32, Figures>,
) -> Result<Vec<i32>> {
    if compounds.is_empty() {
        return Ok(Vec::new());
    }
    let (these, list) = view.list_of(compounds, 1);
    let sql = format!(
        "SELECT f.compound_id, COALESCE((SELECT CAST(sum(v.line_count) AS BIGINT) FROM voucher v
           WHERE v.compound_id = f.compound_id AND v.book = 1 AND v.seq > f.fund_seq), 0) AS many
         FROM district_figure f WHERE f.compound_id {these}"
    );
    let mut found = Vec::new();
    for row in view.rows(FIGURES, &sql, vec![list]).await? {
        let (compound, many): (i32, i64) =
            (row.try_get("", "compound_id")?, row.try_get("", "many")?);
        if all.get(&compound).is_none_or(|figures| many * 5 > figures.dwellings) {
            found.push(compound);
        }
    }
    Ok(found)
}

/// Looks again at the dwellings whose fund moved since it was kept: what each had first paid in and had then, and now.
async fn moved_since(
    view: &mut impl View,
    compounds: &[i32],
    all: &mut BTreeMap<i32, Figures>,
) -> Result<()> {
    if compounds.is_empty() {
        return Ok(());
    }
    let (these, list) = view.list_of(compounds, 1);
    let (codes, part, of) = (bearing(), YARDSTICKS.low_part, YARDSTICKS.low_of);
    let posting = view.looked_up(
        "posting",
        "posting.compound_id = f.compound_id AND posting.book = 1 AND posting.seq > f.fund_seq AND posting.dwelling_no > 0",
    );
    let came = |then: [&str; 2]| {
        let [deposited, reversed] = then;
        format!(
            "(SELECT sum(d.amount_fen) FROM deposit d
              WHERE d.compound_id = m.compound_id AND d.dwelling_no = m.dwelling_no AND d.kind = 'initial' {deposited}
                AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = d.compound_id AND v.book = 1
                                  AND v.reverses_seq = d.voucher_seq {reversed}))"
        )
    };
    let then = came(["AND d.voucher_seq <= m.fund_seq", "AND v.seq <= m.fund_seq"]);
    let now = came(["", ""]);
    let sql = format!(
        "SELECT t.compound_id,
           CAST(sum(CASE WHEN t.came_now IS NULL THEN 0 ELSE 1 END - CASE WHEN t.came_then IS NULL THEN 0 ELSE 1 END)
             AS BIGINT) AS deposited,
           CAST(sum(CASE WHEN t.has * {of} < t.came_now * {part} THEN 1 ELSE 0 END
             - CASE WHEN (t.has - t.moved) * {of} < t.came_then * {part} THEN 1 ELSE 0 END) AS BIGINT) AS low
         FROM (
           SELECT m.compound_id, m.moved, {now} AS came_now, {then} AS came_then,
             COALESCE((SELECT sum(b.credit_fen - b.debit_fen) FROM balance b WHERE b.compound_id = m.compound_id
               AND b.book = 1 AND b.dwelling_no = m.dwelling_no AND b.account IN ({codes})), 0) AS has
           FROM (
             SELECT f.compound_id, f.fund_seq, posting.dwelling_no,
               sum(CASE WHEN posting.account NOT IN ({codes}) THEN 0 ELSE -posting.side * posting.amount_fen END) AS moved
             FROM district_figure f {posting}
             WHERE f.compound_id {these} GROUP BY f.compound_id, f.fund_seq, posting.dwelling_no) m
         ) t GROUP BY t.compound_id"
    );
    for row in view.rows(FIGURES, &sql, vec![list]).await? {
        let figures = all.entry(row.try_get("", "compound_id")?).or_default();
        let (deposited, low): (i64, i64) = (row.try_get("", "deposited")?, row.try_get("", "low")?);
        figures.deposited += deposited;
        figures.low += low;
    }
    Ok(())
}

/// What was billed and what left the receivable, over every dwelling: where nothing was ever kept.
async fn receivable(
    view: &mut impl View,
    compounds: &[i32],
    all: &mut BTreeMap<i32, Figures>,
) -> Result<()> {
    if compounds.is_empty() {
        return Ok(());
    }
    let (these, list) = view.list_of(compounds, 1);
    let sql = format!(
        "SELECT compound_id, CAST(sum(debit_fen) AS BIGINT) AS billed, CAST(sum(credit_fen) AS BIGINT) AS settled
         FROM balance WHERE compound_id {these} AND book = 3 AND account = 1122 GROUP BY compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list]).await? {
        let of = all.entry(row.try_get("", "compound_id")?).or_default();
        (of.billed_fen, of.settled_fen) = (row.try_get("", "billed")?, row.try_get("", "settled")?);
    }
    Ok(())
}

/// Adds what was posted to the receivable since it was kept: as many rows as were posted, however old the books.
async fn posted_since(
    view: &mut impl View,
    compounds: &[i32],
    all: &mut BTreeMap<i32, Figures>,
) -> Result<()> {
    if compounds.is_empty() {
        return Ok(());
    }
    let (these, list) = view.list_of(compounds, 1);
    let since = |side: i32| {
        format!(
            "COALESCE((SELECT CAST(sum(p.amount_fen) AS BIGINT) FROM posting p WHERE p.compound_id = f.compound_id
              AND p.book = 3 AND p.seq > f.service_seq AND p.account = 1122 AND p.side = {side}), 0)"
        )
    };
    let sql = format!(
        "SELECT f.compound_id, {} AS billed, {} AS settled FROM district_figure f WHERE f.compound_id {these}",
        since(1),
        since(-1)
    );
    for row in view.rows(FIGURES, &sql, vec![list]).await? {
        let of = all.entry(row.try_get("", "compound_id")?).or_default();
        let (billed, settled): (i64, i64) =
            (row.try_get("", "billed")?, row.try_get("", "settled")?);
        of.billed_fen += billed;
        of.settled_fen += settled;
    }
    Ok(())
}

/// Keeps the figures of compounds that moved on since they were kept last, a page of them, those of the lowest numbers first. They
/// are read from one snapshot, with what they rest on; an act of the head office writes them. What is done meanwhile moves a
/// compound past what was kept, and is reckoned by whoever looks.
///
/// # Errors
/// Storage.
pub async fn keep(books: &Books, actor: &Actor, key: Option<String>) -> Result<Done<Keeping>> {
    let turn = turn(books).await?;
    let request = Request::describing("district.keep", turn, serde_json::Value::Null);
    books
        .act(actor, CompoundId::OFFICE, request.maybe_once(key), |tx, turn: &Turn| {
            Box::pin(async move { Ok(write(tx, turn)) })
        })
        .await
}

/// Keeps what has moved on, page after page, and does nothing where nothing has or where so few compounds are looked after that
/// reckoning them each time takes no time. How many were kept.
///
/// # Errors
/// Storage.
pub async fn keep_up(books: &Books) -> Result<usize> {
    let mut kept = 0;
    loop {
        let turn = turn(books).await?;
        if turn.of < WORTH_KEEPING || turn.rows.is_empty() {
            return Ok(kept);
        }
        kept += turn.rows.len();
        let request = Request::describing("district.keep", turn, serde_json::Value::Null);
        books
            .act(&Actor::operator(), CompoundId::OFFICE, request, |tx, turn: &Turn| {
                Box::pin(async move { Ok(write(tx, turn)) })
            })
            .await?;
    }
}

/// What one turn keeps.
struct Turn {
    on: Day,
    /// How many compounds there are.
    of: usize,
    left: usize,
    rows: Vec<(i32, Marks, Figures)>,
}

/// The next page of compounds that have moved on.
async fn turn(books: &Books) -> Result<Turn> {
    let on = books.clock().now().day();
    let mut view = books.read().await?;
    let all = property::compounds(&mut view).await?;
    let all: Vec<i32> = all.iter().map(|compound| compound.id.0).collect();
    let now = marks(&mut view, &all).await?;
    let known = kept(&mut view, &all).await?;
    let at = |compound: &i32| now.get(compound).copied().unwrap_or_default();
    let has_moved = |compound: &i32| {
        let is_so = |of: &Known| of.marks == at(compound) && of.has_roll(at(compound), on);
        !known.get(compound).is_some_and(is_so)
    };
    let moved: Vec<i32> = all.iter().copied().filter(has_moved).collect();
    let (page, rest) = moved.split_at(moved.len().min(A_PAGE));
    let told = brought_up(&mut view, page, &known, &now, on).await?;
    let rows = told.into_iter().map(|(compound, figures)| (compound, at(&compound), figures));
    Ok(Turn { on, of: all.len(), left: rest.len(), rows: rows.collect() })
}

fn write(tx: &mut Tx, turn: &Turn) -> Keeping {
    for (compound, marks, figures) in &turn.rows {
        let row = [
            (*compound).into(),
            turn.on.into(),
            figures.changes_on.into(),
            marks.roll.into(),
            figures.dwellings.into(),
            figures.area_centi_m2.into(),
            figures.lifts.into(),
            marks.fund_seq.into(),
            figures.deposited.into(),
            figures.low.into(),
            marks.service_seq.into(),
            figures.billed_fen.into(),
            figures.settled_fen.into(),
            tx.act().0.into(),
        ];
        tx.put(&FIGURE, &row);
    }
    Keeping { kept: turn.rows.len(), left: turn.left }
}

/// What is kept is what a recount says.
pub(crate) const KEPT: &str = "district-figures-true";

/// Compounds of which what was kept, brought up to the day it was kept on or today's postings, is not what their rows say; and how
/// many are kept.
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
    let all: Vec<i32> = all.collect();
    let known = kept(view, &all).await?;
    let now = marks(view, &all).await?;
    let mut by_day: BTreeMap<Day, Vec<i32>> = BTreeMap::new();
    for (compound, known) in &known {
        by_day.entry(known.on).or_default().push(*compound);
    }
    let mut untrue = Vec::new();
    for (on, compounds) in by_day {
        let told = brought_up(view, &compounds, &known, &now, on).await?;
        let again = brought_up(view, &compounds, &BTreeMap::new(), &now, on).await?;
        let differs = |compound: &&i32| told.get(compound) != again.get(compound);
        untrue.extend(compounds.iter().filter(differs));
    }
    Ok((known.len(), untrue))
}
