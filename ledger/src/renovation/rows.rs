//! The tables of renovations, and how their rows are read back.

use std::collections::BTreeMap;

use super::facts::{Facts, Recorded};
use super::step::{PlannedSource, Step};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Role, Tx, View};
use crate::calendar::Day;
use crate::error::{Result, Storage};
use crate::id::{
    CompoundId, ContentNo, DwellingNo, LineNo, MatterNo, PaidInNo, PaidNo, RenovationNo, SourceNo,
    StepNo, TrancheNo, VoucherSeq,
};
use crate::journal::Book;
use crate::money::Money;

macro_rules! tables {
    ($($name:ident $table:literal $rank:literal [$($column:literal $kind:ident),* $(,)?];)*) => {$(
        pub(super) static $name: Table = Table {
            name: $table,
            rank: $rank,
            columns: &[
                ("compound_id", Column::Int),
                ("renovation_no", Column::Int),
                $(($column, Column::$kind),)*
                ("act_no", Column::Int),
            ],
            on_conflict: "",
        };
    )*};
}

tables! {
    RENOVATION "renovation" 6 ["matter_no" Int, "title" Text, "reserve" Text, "reserved_on" Day, "by_name" Text,
        "by_role" Text];
    STEP "renovation_step" 7 ["step_no" Int, "kind" Text, "body" Text, "recorded_on" Day, "by_name" Text,
        "by_role" Text, "digest" Text];
    SOURCE "renovation_source" 8 ["source_no" Int, "kind" Text, "planned_fen" Big, "matter_no" Int, "body" Text];
    PAID_IN "renovation_paid_in" 11 ["paid_in_no" Int, "source_no" Int, "amount_fen" Big, "paid_on" Day,
        "dwelling_no" SomeInt, "payer" Text, "evidence" Text, "line_no" SomeInt, "voucher_seq" SomeInt];
    PART "renovation_part" 12 ["payment_no" Int, "part_no" Int, "source_no" Int, "amount_fen" Big,
        "tranche_move_no" SomeInt, "project_no" SomeInt, "project_payment_no" SomeInt, "book" Small,
        "voucher_seq" SomeInt];
    PAYMENT "renovation_payment" 13 ["payment_no" Int, "content_no" Int, "amount_fen" Big, "part_count" Int,
        "payee" Text, "paid_on" Day, "evidence" Text, "pack" Text];
    REVERSAL "renovation_reversal" 14 ["payment_no" Int, "reversed_on" Day, "reason" Text];
    RECORD "maintenance_record" 9 ["content_no" Int, "handed_on" Day, "warranty_until_on" Day, "keeper" Text];
}

/// What a renovation is read from.
pub(super) const RENOVATIONS: Reads =
    Reads(&[&RENOVATION, &STEP, &SOURCE, &PAID_IN, &PART, &PAYMENT, &REVERSAL, &RECORD]);

/// What was clawed back of a part `p` of a payment, and stands.
const RECOVERED: &str = "COALESCE((SELECT sum(m.amount_fen) FROM tranche_move m
           WHERE m.compound_id = p.compound_id AND m.kind = 'claw-back' AND m.of_move_no = p.tranche_move_no
             AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                               AND v.reverses_seq = m.voucher_seq)), 0)";

/// What a column of JSON keeps.
pub(super) fn written(what: &impl serde::Serialize) -> Result<String> {
    let bug =
        |e: serde_json::Error| Storage::Bug(format!("a row of a renovation is not JSON: {e}"));
    Ok(serde_json::to_string(what).map_err(bug)?)
}

fn read<T: serde::de::DeserializeOwned>(row: &sea_orm::QueryResult, column: &str) -> Result<T> {
    let text: String = row.try_get("", column)?;
    let bug = |e: serde_json::Error| Storage::Bug(format!("{column} of a renovation: {e}"));
    Ok(serde_json::from_str(&text).map_err(bug)?)
}

fn which(only: Option<RenovationNo>) -> i32 {
    only.map_or(0, |no| no.0)
}

/// The steps of a compound's renovations, or of one, in order.
pub(super) async fn steps(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<RenovationNo>,
) -> Result<Vec<(RenovationNo, Recorded)>> {
    let sql = "SELECT renovation_no, step_no, body, recorded_on, by_name, by_role, digest FROM renovation_step
               WHERE compound_id = $1 AND ($2 = 0 OR renovation_no = $2) ORDER BY renovation_no, step_no";
    let mut found = Vec::new();
    for row in view.rows(RENOVATIONS, sql, vec![compound.0.into(), which(only).into()]).await? {
        found.push(recorded(&row)?);
    }
    Ok(found)
}

/// A step as its row keeps it, and of which renovation.
fn recorded(row: &sea_orm::QueryResult) -> Result<(RenovationNo, Recorded)> {
    let role: String = row.try_get("", "by_role")?;
    let unknown = || Storage::Bug(format!("a renovation's role {role:?} is not known"));
    let step: Step = read(row, "body")?;
    let recorded = Recorded {
        no: StepNo(row.try_get("", "step_no")?),
        on: row.try_get("", "recorded_on")?,
        by_name: row.try_get("", "by_name")?,
        by_role: Role::named(&role).ok_or_else(unknown)?,
        digest: row.try_get("", "digest")?,
        step,
    };
    Ok((RenovationNo(row.try_get("", "renovation_no")?), recorded))
}

/// The renovations of a compound, or one, in order.
pub(super) async fn renovations(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<RenovationNo>,
) -> Result<Vec<Facts>> {
    let mut all = steps(view, compound, only).await?;
    let sql = "SELECT renovation_no, matter_no, reserve, reserved_on FROM renovation
               WHERE compound_id = $1 AND ($2 = 0 OR renovation_no = $2) ORDER BY renovation_no";
    let mut found = Vec::new();
    for row in view.rows(RENOVATIONS, sql, vec![compound.0.into(), which(only).into()]).await? {
        let no = RenovationNo(row.try_get("", "renovation_no")?);
        let rest = all.split_off(all.partition_point(|(of, _)| *of <= no));
        let own: Vec<Recorded> =
            std::mem::replace(&mut all, rest).into_iter().map(|s| s.1).collect();
        let matter = MatterNo(row.try_get("", "matter_no")?);
        let reserved_on: Day = row.try_get("", "reserved_on")?;
        found.push(Facts::of(no, matter, read(&row, "reserve")?, reserved_on, &own));
    }
    Ok(found)
}

/// The renovations of some compounds, as far as whoever oversees them asks: of those that are over, how they ended; of the others
/// all but contracts and votes.
pub(super) async fn overseen(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
) -> Result<Vec<(CompoundId, Facts)>> {
    let sql = format!(
        "SELECT s.compound_id, s.renovation_no, s.step_no, s.body, s.recorded_on, s.by_name, s.by_role, s.digest
         FROM renovation_step s
         WHERE s.compound_id {these} AND (s.kind IN ('handover', 'withdrawal')
           OR s.kind IN ('plan', 'review', 'start', 'round', 'acceptance', 'audit', 'evaluation')
             AND NOT EXISTS (SELECT 1 FROM renovation_step e WHERE e.compound_id = s.compound_id
               AND e.renovation_no = s.renovation_no AND e.kind IN ('handover', 'withdrawal')))
         ORDER BY s.compound_id, s.renovation_no, s.step_no"
    );
    let mut steps: BTreeMap<(i32, RenovationNo), Vec<Recorded>> = BTreeMap::new();
    for row in view.rows(RENOVATIONS, &sql, vec![list.clone()]).await? {
        let (no, recorded) = recorded(&row)?;
        steps.entry((row.try_get("", "compound_id")?, no)).or_default().push(recorded);
    }
    let sql = format!(
        "SELECT compound_id, renovation_no, matter_no, reserve, reserved_on FROM renovation
         WHERE compound_id {these} ORDER BY compound_id, renovation_no"
    );
    let mut found = Vec::new();
    for row in view.rows(RENOVATIONS, &sql, vec![list.clone()]).await? {
        let key =
            (row.try_get("", "compound_id")?, RenovationNo(row.try_get("", "renovation_no")?));
        let own = steps.remove(&key).unwrap_or_default();
        let matter = MatterNo(row.try_get("", "matter_no")?);
        let reserved_on: Day = row.try_get("", "reserved_on")?;
        let facts = Facts::of(key.1, matter, read(&row, "reserve")?, reserved_on, &own);
        found.push((CompoundId(key.0), facts));
    }
    Ok(found)
}

/// A source as its row keeps it, and what moved.
#[derive(Clone, Debug)]
pub(super) struct SourceRow {
    pub(super) no: SourceNo,
    pub(super) matter: MatterNo,
    pub(super) is: PlannedSource,
    /// Paid in, vouchers that stand; of labour, valued.
    pub(super) paid_in: Money,
    /// Drawn by payments that stand.
    pub(super) drawn: Money,
}

/// The sources of a renovation, in the plan's order.
pub(super) async fn sources(
    view: &mut impl View,
    compound: CompoundId,
    no: RenovationNo,
) -> Result<Vec<SourceRow>> {
    let sql = format!(
        "SELECT s.source_no, s.matter_no, s.body,
         CAST(COALESCE((SELECT sum(i.amount_fen) FROM renovation_paid_in i
           WHERE i.compound_id = s.compound_id AND i.renovation_no = s.renovation_no AND i.source_no = s.source_no
             AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = i.compound_id AND v.book = 4
                               AND v.reverses_seq = i.voucher_seq)), 0) AS BIGINT) AS paid_in,
         CAST(COALESCE((SELECT sum(p.amount_fen - {RECOVERED}) FROM renovation_part p
           WHERE p.compound_id = s.compound_id AND p.renovation_no = s.renovation_no AND p.source_no = s.source_no
             AND NOT EXISTS (SELECT 1 FROM renovation_reversal r WHERE r.compound_id = p.compound_id
                               AND r.renovation_no = p.renovation_no AND r.payment_no = p.payment_no)), 0) AS BIGINT)
           AS drawn
       FROM renovation_source s WHERE s.compound_id = $1 AND s.renovation_no = $2 ORDER BY s.source_no"
    );
    let mut found = Vec::new();
    for row in view.rows(RENOVATIONS, &sql, vec![compound.0.into(), no.0.into()]).await? {
        found.push(SourceRow {
            no: SourceNo(row.try_get("", "source_no")?),
            matter: MatterNo(row.try_get("", "matter_no")?),
            is: read(&row, "body")?,
            paid_in: Money::fen(row.try_get("", "paid_in")?),
            drawn: Money::fen(row.try_get("", "drawn")?),
        });
    }
    Ok(found)
}

/// A payment as its row keeps it.
#[derive(Clone, Debug)]
pub(super) struct PaymentRow {
    pub(super) no: PaidNo,
    pub(super) content: ContentNo,
    pub(super) amount: Money,
    pub(super) payee: String,
    pub(super) on: Day,
    pub(super) evidence: String,
    pub(super) is_reversed: bool,
    pub(super) parts: Vec<PartRow>,
}

impl PaymentRow {
    /// What it comes to: nothing if it was reversed, less what was clawed back.
    pub(super) fn stands(&self) -> Money {
        if self.is_reversed {
            return Money::ZERO;
        }
        self.amount - self.parts.iter().map(|part| part.recovered).sum()
    }
}

/// A part of a payment as its row keeps it.
#[derive(Clone, Debug)]
pub(super) struct PartRow {
    pub(super) source: SourceNo,
    pub(super) amount: Money,
    /// What of it was clawed back since.
    pub(super) recovered: Money,
    pub(super) tranche_move: Option<i32>,
    pub(super) project: Option<(i32, i32)>,
    pub(super) book: i16,
    pub(super) voucher: Option<i32>,
}

/// The payments of a renovation with their parts, in order.
pub(super) async fn payments(
    view: &mut impl View,
    compound: CompoundId,
    no: RenovationNo,
) -> Result<Vec<PaymentRow>> {
    let sql = "SELECT x.payment_no, x.content_no, x.amount_fen, x.payee, x.paid_on, x.evidence,
         CASE WHEN EXISTS (SELECT 1 FROM renovation_reversal r WHERE r.compound_id = x.compound_id
           AND r.renovation_no = x.renovation_no AND r.payment_no = x.payment_no) THEN 1 ELSE 0 END AS is_reversed
       FROM renovation_payment x WHERE x.compound_id = $1 AND x.renovation_no = $2 ORDER BY x.payment_no";
    let values = || vec![compound.0.into(), no.0.into()];
    let mut found = Vec::new();
    for row in view.rows(RENOVATIONS, sql, values()).await? {
        found.push(PaymentRow {
            no: PaidNo(row.try_get("", "payment_no")?),
            content: ContentNo(row.try_get("", "content_no")?),
            amount: Money::fen(row.try_get("", "amount_fen")?),
            payee: row.try_get("", "payee")?,
            on: row.try_get("", "paid_on")?,
            evidence: row.try_get("", "evidence")?,
            is_reversed: row.try_get::<i32>("", "is_reversed")? == 1,
            parts: Vec::new(),
        });
    }
    let sql = format!(
        "SELECT p.payment_no, p.source_no, p.amount_fen, p.tranche_move_no, p.project_no, p.project_payment_no, p.book,
           p.voucher_seq, CAST({RECOVERED} AS BIGINT) AS recovered
         FROM renovation_part p WHERE p.compound_id = $1 AND p.renovation_no = $2 ORDER BY p.payment_no, p.part_no"
    );
    for row in view.rows(RENOVATIONS, &sql, values()).await? {
        let payment: i32 = row.try_get("", "payment_no")?;
        let some = |column: &str| row.try_get::<Option<i32>>("", column);
        let part = PartRow {
            source: SourceNo(row.try_get("", "source_no")?),
            amount: Money::fen(row.try_get("", "amount_fen")?),
            recovered: Money::fen(row.try_get("", "recovered")?),
            tranche_move: some("tranche_move_no")?,
            project: some("project_no")?.zip(some("project_payment_no")?),
            book: row.try_get("", "book")?,
            voucher: some("voucher_seq")?,
        };
        if let Some(of) = found.iter_mut().find(|known: &&mut PaymentRow| known.no.0 == payment) {
            of.parts.push(part);
        }
    }
    Ok(found)
}

/// The payment that stands with a voucher as one of its own.
pub(super) async fn payment_of(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    seq: VoucherSeq,
) -> Result<Option<(RenovationNo, PaidNo)>> {
    let sql = "SELECT p.renovation_no, p.payment_no FROM renovation_part p
               WHERE p.compound_id = $1 AND p.book = $2 AND p.voucher_seq = $3
                 AND NOT EXISTS (SELECT 1 FROM renovation_reversal r WHERE r.compound_id = p.compound_id
                                   AND r.renovation_no = p.renovation_no AND r.payment_no = p.payment_no)";
    let values = vec![compound.0.into(), book.number().into(), seq.0.into()];
    let found = view.rows(RENOVATIONS, sql, values).await?;
    let Some(row) = found.first() else { return Ok(None) };
    let no = RenovationNo(row.try_get("", "renovation_no")?);
    Ok(Some((no, PaidNo(row.try_get("", "payment_no")?))))
}

/// The renovation that pays from a tranche itself: its plan is fixed, and it was not withdrawn.
pub(super) async fn paying_from(
    view: &mut impl View,
    compound: CompoundId,
    tranche: TrancheNo,
) -> Result<Option<RenovationNo>> {
    let sql = "SELECT r.renovation_no FROM tranche t
               JOIN renovation r ON r.compound_id = t.compound_id AND r.matter_no = t.project_matter_no
               WHERE t.compound_id = $1 AND t.tranche_no = $2
                 AND EXISTS (SELECT 1 FROM renovation_source s WHERE s.compound_id = r.compound_id
                               AND s.renovation_no = r.renovation_no)
                 AND NOT EXISTS (SELECT 1 FROM renovation_step e WHERE e.compound_id = r.compound_id
                                   AND e.renovation_no = r.renovation_no AND e.kind = 'withdrawal')";
    let values = vec![compound.0.into(), tranche.0.into()];
    let found = view.rows(RENOVATIONS, sql, values).await?;
    Ok(match found.first() {
        Some(row) => Some(RenovationNo(row.try_get_by_index(0)?)),
        None => None,
    })
}

/// A source's money as it came.
#[derive(Clone, Debug)]
pub(super) struct PaidInRow {
    pub(super) no: PaidInNo,
    pub(super) source: SourceNo,
    pub(super) amount: Money,
    pub(super) on: Day,
    pub(super) dwelling: Option<DwellingNo>,
    pub(super) payer: String,
    pub(super) evidence: String,
    pub(super) line: Option<LineNo>,
    pub(super) voucher: Option<VoucherSeq>,
}

/// Keeps it.
pub(super) fn put_paid_in(tx: &mut Tx, of: RenovationNo, row: &PaidInRow) {
    let cells = [
        tx.compound().0.into(),
        of.0.into(),
        row.no.0.into(),
        row.source.0.into(),
        row.amount.in_fen().into(),
        row.on.into(),
        row.dwelling.map(|dwelling| dwelling.0).into(),
        (&row.payer).into(),
        (&row.evidence).into(),
        row.line.map(|line| line.0).into(),
        row.voucher.map(|seq| seq.0).into(),
        tx.act().0.into(),
    ];
    tx.put(&PAID_IN, &cells);
}

/// What the sources of a renovation paid in, in order.
pub(super) async fn paid_ins(
    view: &mut impl View,
    compound: CompoundId,
    no: RenovationNo,
) -> Result<Vec<PaidInRow>> {
    let sql = "SELECT paid_in_no, source_no, amount_fen, paid_on, dwelling_no, payer, evidence, line_no, voucher_seq
               FROM renovation_paid_in WHERE compound_id = $1 AND renovation_no = $2 ORDER BY paid_in_no";
    let mut found = Vec::new();
    for row in view.rows(RENOVATIONS, sql, vec![compound.0.into(), no.0.into()]).await? {
        found.push(PaidInRow {
            no: PaidInNo(row.try_get("", "paid_in_no")?),
            source: SourceNo(row.try_get("", "source_no")?),
            amount: Money::fen(row.try_get("", "amount_fen")?),
            on: row.try_get("", "paid_on")?,
            dwelling: row.try_get::<Option<i32>>("", "dwelling_no")?.map(DwellingNo),
            payer: row.try_get("", "payer")?,
            evidence: row.try_get("", "evidence")?,
            line: row.try_get::<Option<i32>>("", "line_no")?.map(LineNo),
            voucher: row.try_get::<Option<i32>>("", "voucher_seq")?.map(VoucherSeq),
        });
    }
    Ok(found)
}
