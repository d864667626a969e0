//! The tables of subsidies, and how their rows are read back.

use std::collections::BTreeMap;

use super::content::{self, Class, Content};
use super::terms::{Base, Level, Part, Terms};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, View};
use crate::calendar::Day;
use crate::error::{Result, Storage};
use crate::id::{
    AllotmentNo, CompoundId, ContentNo, MatterNo, ProgrammeNo, TrancheMoveNo, TrancheNo,
};
use crate::money::Money;

macro_rules! tables {
    ($($name:ident $table:literal $rank:literal [$($column:literal $kind:ident),* $(,)?];)*) => {$(
        pub(super) static $name: Table = Table {
            name: $table,
            rank: $rank,
            columns: &[$(($column, Column::$kind),)* ("act_no", Column::Int)],
            on_conflict: "",
        };
    )*};
}

tables! {
    PROGRAMME "programme" 4 ["programme_no" Int, "document" Text, "title" Text, "level" Text, "area_id" SomeInt,
        "budget_fen" Big, "from_on" Day, "until_on" Day, "terms" Text];
    ALLOTMENT "allotment" 5 ["allotment_no" Int, "programme_no" Int, "compound_id" Int, "amount_fen" Big,
        "allotted_on" Day, "document" Text];
    ALLOTMENT_WITHDRAWAL "allotment_withdrawal" 6 ["allotment_no" Int, "compound_id" Int, "reason" Text, "withdrawn_on" Day];
    CONTENT "content" 6 ["compound_id" Int, "content_no" Int, "matter_no" Int, "item" Text, "class" Text,
        "building" Text, "name" Text, "budget_fen" Big];
    TRANCHE "tranche" 7 ["compound_id" Int, "tranche_no" Int, "programme_no" Int, "is_central" Small, "matter_no" Int,
        "project_matter_no" Int, "part" Text, "period" Text, "gross_fen" Big, "granted_fen" Big, "base" Text,
        "granted_on" Day, "spend_by" Day, "evidence" Text];
    TRANCHE_WITHDRAWAL "tranche_withdrawal" 8 ["compound_id" Int, "tranche_no" Int, "reason" Text, "withdrawn_on" Day];
    USE "tranche_use" 8 ["compound_id" Int, "tranche_no" Int, "item" Text];
    SPEND "tranche_spend" 9 ["compound_id" Int, "move_no" Int, "tranche_no" Int, "programme_no" Int,
        "is_central" Small, "project_matter_no" Int, "content_no" SomeInt, "item" Text, "building" Text];
    MOVE "tranche_move" 10 ["compound_id" Int, "move_no" Int, "tranche_no" Int, "kind" Text, "sign" Small,
        "amount_fen" Big, "moved_on" Day, "payee" Text, "evidence" Text, "of_move_no" SomeInt, "line_no" SomeInt,
        "voucher_seq" Int];
    APPRAISAL "appraisal" 7 ["compound_id" Int, "programme_no" Int, "period" Text, "score_e2" Int,
        "appraised_on" Day, "findings" Text, "evidence" Text, "by_name" Text, "by_role" Text];
    EARNEST "earnest" 7 ["compound_id" Int, "programme_no" Int, "matter_no" Int, "payer" Text];
    EARNEST_MOVE "earnest_move" 10 ["compound_id" Int, "earnest_no" Int, "programme_no" Int, "kind" Text,
        "period" Text, "amount_fen" Big, "moved_on" Day, "evidence" Text, "line_no" SomeInt, "voucher_seq" Int];
    ROSTER "grant_roster" 7 ["compound_id" Int, "programme_no" Int, "period" Text, "dwelling_no" Int, "persons" Int];
}

/// What a subsidy is read from.
pub(super) const GRANTS: Reads = Reads(&[
    &PROGRAMME,
    &ALLOTMENT,
    &ALLOTMENT_WITHDRAWAL,
    &CONTENT,
    &TRANCHE,
    &TRANCHE_WITHDRAWAL,
    &USE,
    &SPEND,
    &MOVE,
    &APPRAISAL,
    &EARNEST,
    &EARNEST_MOVE,
    &ROSTER,
]);

/// That a row's voucher was not reversed.
const STANDS: &str =
    "NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = m.compound_id AND v.book = 4
                        AND v.reverses_seq = m.voucher_seq)";

/// What a column of JSON keeps.
pub(super) fn written(what: &impl serde::Serialize) -> Result<String> {
    let bug = |e: serde_json::Error| Storage::Bug(format!("a row of a subsidy is not JSON: {e}"));
    Ok(serde_json::to_string(what).map_err(bug)?)
}

fn read<T: serde::de::DeserializeOwned>(row: &sea_orm::QueryResult, column: &str) -> Result<T> {
    let text: String = row.try_get("", column)?;
    let bug = |e: serde_json::Error| Storage::Bug(format!("{column} of a subsidy: {e}"));
    Ok(serde_json::from_str(&text).map_err(bug)?)
}

/// A programme as it was registered.
#[derive(Clone, Debug)]
pub(super) struct ProgrammeRow {
    pub(super) no: ProgrammeNo,
    pub(super) document: String,
    pub(super) title: String,
    pub(super) level: Level,
    pub(super) area: Option<i32>,
    pub(super) budget: Money,
    pub(super) from: Day,
    pub(super) until: Day,
    pub(super) terms: Terms,
}

fn level(row: &sea_orm::QueryResult) -> Result<Level> {
    let name: String = row.try_get("", "level")?;
    let known = Level::named(&name);
    Ok(known.ok_or_else(|| Storage::Bug(format!("the level {name:?} is not known")))?)
}

/// The programmes, the oldest first; one of them, if its number is given.
pub(super) async fn programmes(
    view: &mut impl View,
    only: Option<ProgrammeNo>,
) -> Result<Vec<ProgrammeRow>> {
    let which = if only.is_some() { "WHERE programme_no = $1" } else { "" };
    let sql = format!(
        "SELECT programme_no, document, title, level, area_id, budget_fen, from_on, until_on, terms
         FROM programme {which} ORDER BY programme_no"
    );
    let values = only.map(|no| no.0.into()).into_iter().collect();
    let mut found = Vec::new();
    for row in view.rows(GRANTS, &sql, values).await? {
        found.push(ProgrammeRow {
            no: ProgrammeNo(row.try_get("", "programme_no")?),
            document: row.try_get("", "document")?,
            title: row.try_get("", "title")?,
            level: level(&row)?,
            area: row.try_get("", "area_id")?,
            budget: Money::fen(row.try_get("", "budget_fen")?),
            from: row.try_get("", "from_on")?,
            until: row.try_get("", "until_on")?,
            terms: read(&row, "terms")?,
        });
    }
    Ok(found)
}

async fn sum(view: &mut impl View, sql: &str, values: Vec<sea_orm::Value>) -> Result<Money> {
    let found = view.rows(GRANTS, sql, values).await?;
    let fen: i64 = found.first().map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(0);
    Ok(Money::fen(fen))
}

/// What a programme allotted, but for what was withdrawn: to all compounds, or to one.
pub(super) async fn allotted(
    view: &mut impl View,
    no: ProgrammeNo,
    to: Option<CompoundId>,
) -> Result<Money> {
    let which = if to.is_some() { "AND compound_id = $2" } else { "" };
    let sql = format!(
        "SELECT CAST(COALESCE(sum(amount_fen), 0) AS BIGINT) FROM allotment x WHERE programme_no = $1 {which}
           AND NOT EXISTS (SELECT 1 FROM allotment_withdrawal w WHERE w.allotment_no = x.allotment_no)"
    );
    let mut values = vec![no.0.into()];
    values.extend(to.map(|compound| compound.0.into()));
    sum(view, &sql, values).await
}

/// What tranches of a programme were granted to a compound, but for those that were withdrawn.
pub(super) async fn granted(
    view: &mut impl View,
    compound: CompoundId,
    no: ProgrammeNo,
) -> Result<Money> {
    let sql = "SELECT CAST(COALESCE(sum(t.granted_fen), 0) AS BIGINT) FROM tranche t
               WHERE t.compound_id = $1 AND t.programme_no = $2 AND NOT EXISTS (
                 SELECT 1 FROM tranche_withdrawal w
                 WHERE w.compound_id = t.compound_id AND w.tranche_no = t.tranche_no)";
    sum(view, sql, vec![compound.0.into(), no.0.into()]).await
}

/// A share of a programme, as its row keeps it.
#[derive(Clone, Debug)]
pub(super) struct AllotmentRow {
    pub(super) no: AllotmentNo,
    pub(super) programme: ProgrammeNo,
    pub(super) compound: CompoundId,
    pub(super) amount: Money,
    pub(super) on: Day,
    pub(super) document: String,
    /// The day it was withdrawn, and why.
    pub(super) withdrawn: Option<(Day, String)>,
}

/// The shares that were allotted, in order: of one programme, or of all.
pub(super) async fn allotments(
    view: &mut impl View,
    of: Option<ProgrammeNo>,
) -> Result<Vec<AllotmentRow>> {
    let which = if of.is_some() { "WHERE x.programme_no = $1" } else { "" };
    let sql = format!(
        "SELECT x.allotment_no, x.programme_no, x.compound_id, x.amount_fen, x.allotted_on, x.document,
           w.withdrawn_on, w.reason
         FROM allotment x LEFT JOIN allotment_withdrawal w ON w.allotment_no = x.allotment_no
         {which} ORDER BY x.allotment_no"
    );
    let values = of.map(|no| no.0.into()).into_iter().collect();
    let mut found = Vec::new();
    for row in view.rows(GRANTS, &sql, values).await? {
        found.push(AllotmentRow {
            no: AllotmentNo(row.try_get("", "allotment_no")?),
            programme: ProgrammeNo(row.try_get("", "programme_no")?),
            compound: CompoundId(row.try_get("", "compound_id")?),
            amount: Money::fen(row.try_get("", "amount_fen")?),
            on: row.try_get("", "allotted_on")?,
            document: row.try_get("", "document")?,
            withdrawn: withdrawn(&row)?,
        });
    }
    Ok(found)
}

/// The day a row was withdrawn, and why.
fn withdrawn(row: &sea_orm::QueryResult) -> Result<Option<(Day, String)>> {
    let (on, reason): (Option<Day>, Option<String>) =
        (row.try_get("", "withdrawn_on")?, row.try_get("", "reason")?);
    Ok(on.zip(reason))
}

/// Whether a compound lies in an area.
pub(super) async fn lies_in(view: &mut impl View, compound: CompoundId, area: i32) -> Result<bool> {
    let sql = "WITH RECURSIVE up (area_id, parent_id) AS (
        SELECT a.area_id, a.parent_id FROM compound c JOIN area a ON a.area_id = c.area_id WHERE c.compound_id = $1
        UNION ALL
        SELECT a.area_id, a.parent_id FROM up JOIN area a ON a.area_id = up.parent_id)
      SELECT 1 FROM up WHERE area_id = $2";
    let found = view.rows(Reads::SETTLED, sql, vec![compound.0.into(), area.into()]).await?;
    Ok(!found.is_empty())
}

/// What moved in a tranche, by kind; reversed movements do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) received: Money,
    pub(super) interest: Money,
    pub(super) spent: Money,
    pub(super) clawed_back: Money,
    pub(super) handed_back: Money,
}

impl Sums {
    pub(super) fn left(&self) -> Money {
        self.received + self.interest + self.clawed_back - self.spent - self.handed_back
    }
}

/// A tranche as it was granted, and what moved in it.
#[derive(Clone, Debug)]
pub(super) struct TrancheRow {
    pub(super) no: TrancheNo,
    pub(super) programme: ProgrammeNo,
    pub(super) matter: MatterNo,
    pub(super) project: Option<MatterNo>,
    pub(super) part: Part,
    pub(super) period: String,
    pub(super) gross: Money,
    pub(super) granted: Money,
    pub(super) base: Base,
    pub(super) granted_on: Day,
    pub(super) spend_by: Day,
    pub(super) evidence: String,
    pub(super) uses: Vec<String>,
    pub(super) sums: Sums,
    /// What came less what went, day by day.
    pub(super) days: BTreeMap<Day, Money>,
    /// The day it was withdrawn, and why.
    pub(super) withdrawn: Option<(Day, String)>,
}

impl TrancheRow {
    /// What may leave from a day on: the least that is left at its end or of any later day.
    pub(super) fn free_from(&self, on: Day) -> Money {
        let mut left: Money = self.days.range(..=on).map(|(_, fen)| *fen).sum();
        let mut least = left;
        for (_, fen) in self.days.iter().filter(|(day, _)| **day > on) {
            left += *fen;
            least = least.min(left);
        }
        least
    }
}

/// The tranches of a compound, in order; one of them, if its number is given.
pub(super) async fn tranches(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<TrancheNo>,
) -> Result<Vec<TrancheRow>> {
    let which = if only.is_some() { "AND m.tranche_no = $2" } else { "" };
    let values = || {
        let mut values = vec![compound.0.into()];
        values.extend(only.map(|no| no.0.into()));
        values
    };
    let sql = format!(
        "SELECT m.tranche_no, m.item FROM tranche_use m WHERE m.compound_id = $1 {which} ORDER BY m.tranche_no, m.item"
    );
    let mut uses: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for row in view.rows(GRANTS, &sql, values()).await? {
        uses.entry(row.try_get_by_index(0)?).or_default().push(row.try_get_by_index(1)?);
    }
    let sql = format!(
        "SELECT m.tranche_no, m.kind, CAST(sum(m.amount_fen) AS BIGINT) AS fen FROM tranche_move m
         WHERE m.compound_id = $1 {which} AND {STANDS} GROUP BY m.tranche_no, m.kind"
    );
    let mut sums: BTreeMap<i32, Sums> = BTreeMap::new();
    for row in view.rows(GRANTS, &sql, values()).await? {
        let of = sums.entry(row.try_get_by_index(0)?).or_default();
        let kind: String = row.try_get_by_index(1)?;
        let fen = Money::fen(row.try_get_by_index(2)?);
        match kind.as_str() {
            "receipt" => of.received = fen,
            "interest" => of.interest = fen,
            "spend" => of.spent = fen,
            "claw-back" => of.clawed_back = fen,
            _ => of.handed_back = fen,
        }
    }
    let sql = format!(
        "SELECT m.tranche_no, m.moved_on, CAST(sum(m.sign * m.amount_fen) AS BIGINT) AS fen FROM tranche_move m
         WHERE m.compound_id = $1 {which} AND {STANDS} GROUP BY m.tranche_no, m.moved_on"
    );
    let mut days: BTreeMap<i32, BTreeMap<Day, Money>> = BTreeMap::new();
    for row in view.rows(GRANTS, &sql, values()).await? {
        let of = days.entry(row.try_get_by_index(0)?).or_default();
        of.insert(row.try_get_by_index(1)?, Money::fen(row.try_get_by_index(2)?));
    }
    let sql = format!(
        "SELECT m.tranche_no, m.programme_no, m.matter_no, m.project_matter_no, m.part, m.period, m.gross_fen,
           m.granted_fen, m.base, m.granted_on, m.spend_by, m.evidence, w.withdrawn_on, w.reason
         FROM tranche m LEFT JOIN tranche_withdrawal w
           ON w.compound_id = m.compound_id AND w.tranche_no = m.tranche_no
         WHERE m.compound_id = $1 {which} ORDER BY m.tranche_no"
    );
    let mut found = Vec::new();
    for row in view.rows(GRANTS, &sql, values()).await? {
        let no: i32 = row.try_get("", "tranche_no")?;
        let project: i32 = row.try_get("", "project_matter_no")?;
        let part: String = row.try_get("", "part")?;
        let unknown = || Storage::Bug(format!("the part {part:?} of a tranche is not known"));
        found.push(TrancheRow {
            no: TrancheNo(no),
            programme: ProgrammeNo(row.try_get("", "programme_no")?),
            matter: MatterNo(row.try_get("", "matter_no")?),
            project: (project > 0).then_some(MatterNo(project)),
            part: Part::named(&part).ok_or_else(unknown)?,
            period: row.try_get("", "period")?,
            gross: Money::fen(row.try_get("", "gross_fen")?),
            granted: Money::fen(row.try_get("", "granted_fen")?),
            base: read(&row, "base")?,
            granted_on: row.try_get("", "granted_on")?,
            spend_by: row.try_get("", "spend_by")?,
            evidence: row.try_get("", "evidence")?,
            uses: uses.remove(&no).unwrap_or_default(),
            sums: sums.remove(&no).unwrap_or_default(),
            days: days.remove(&no).unwrap_or_default(),
            withdrawn: withdrawn(&row)?,
        });
    }
    Ok(found)
}

/// The contents of a compound's projects, in order: all, those of a project, or one.
pub(super) async fn contents(
    view: &mut impl View,
    compound: CompoundId,
    of: Option<MatterNo>,
    only: Option<ContentNo>,
) -> Result<Vec<Content>> {
    let sql = format!(
        "SELECT c.content_no, c.matter_no, c.item, c.class, c.building, c.name, c.budget_fen, CAST(COALESCE((
           SELECT sum(CASE WHEN m.kind = 'spend' THEN m.amount_fen ELSE -m.amount_fen END)
           FROM tranche_spend s JOIN tranche_move m
             ON m.compound_id = s.compound_id AND (m.move_no = s.move_no OR m.of_move_no = s.move_no)
           WHERE s.compound_id = c.compound_id AND s.content_no = c.content_no AND {STANDS}), 0) AS BIGINT) AS spent
         FROM content c WHERE c.compound_id = $1 AND ($2 = 0 OR c.matter_no = $2) AND ($3 = 0 OR c.content_no = $3)
         ORDER BY c.content_no"
    );
    let values = vec![
        compound.0.into(),
        of.map_or(0, |matter| matter.0).into(),
        only.map_or(0, |no| no.0).into(),
    ];
    let mut found = Vec::new();
    for row in view.rows(GRANTS, &sql, values).await? {
        let item: String = row.try_get("", "item")?;
        let class: String = row.try_get("", "class")?;
        let known = [Class::Basic, Class::Improve, Class::Upgrade];
        let class = known.into_iter().find(|c| c.name() == class);
        let unknown = || Storage::Bug(format!("the class of content {item:?} is not known"));
        found.push(Content {
            content_no: ContentNo(row.try_get("", "content_no")?),
            project_matter_no: MatterNo(row.try_get("", "matter_no")?),
            class: class.ok_or_else(unknown)?,
            building: row.try_get("", "building")?,
            name: row.try_get("", "name")?,
            budget_fen: Money::fen(row.try_get("", "budget_fen")?),
            granted_spent_fen: Money::fen(row.try_get("", "spent")?),
            item,
        });
    }
    Ok(found)
}

/// Where central money went already: an item's spendings that stand.
pub(super) async fn central_uses(
    view: &mut impl View,
    compound: CompoundId,
    item: &str,
) -> Result<Vec<super::CentralUse>> {
    let sql = format!(
        "SELECT DISTINCT s.programme_no, s.project_matter_no, s.content_no, s.building FROM tranche_spend s
         JOIN tranche_move m ON m.compound_id = s.compound_id AND m.move_no = s.move_no
         WHERE s.compound_id = $1 AND s.item = $2 AND s.is_central = 1 AND s.content_no IS NOT NULL AND {STANDS}
         ORDER BY s.programme_no, s.content_no"
    );
    let mut found = Vec::new();
    for row in view.rows(GRANTS, &sql, vec![compound.0.into(), item.into()]).await? {
        found.push(super::CentralUse {
            programme: ProgrammeNo(row.try_get("", "programme_no")?),
            project: MatterNo(row.try_get("", "project_matter_no")?),
            content: ContentNo(row.try_get("", "content_no")?),
            building: row.try_get("", "building")?,
        });
    }
    Ok(found)
}

/// What a programme's tranches paid for a project, less what was clawed back.
pub(super) async fn spent_on_project(
    view: &mut impl View,
    compound: CompoundId,
    programme: ProgrammeNo,
    project: MatterNo,
) -> Result<Money> {
    let sql = format!(
        "SELECT CAST(COALESCE(sum(CASE WHEN m.kind = 'spend' THEN m.amount_fen ELSE -m.amount_fen END), 0) AS BIGINT)
         FROM tranche_spend s JOIN tranche_move m
           ON m.compound_id = s.compound_id AND (m.move_no = s.move_no OR m.of_move_no = s.move_no)
         WHERE s.compound_id = $1 AND s.programme_no = $2 AND s.project_matter_no = $3 AND {STANDS}"
    );
    sum(view, &sql, vec![compound.0.into(), programme.0.into(), project.0.into()]).await
}

/// A movement of a tranche, as its row keeps it.
#[derive(Clone, Debug)]
pub(super) struct MoveRow {
    pub(super) no: TrancheMoveNo,
    pub(super) tranche: TrancheNo,
    pub(super) kind: String,
    pub(super) amount: Money,
    pub(super) on: Day,
    pub(super) payee: String,
    pub(super) evidence: String,
    pub(super) content: Option<ContentNo>,
    pub(super) item: String,
    pub(super) of: Option<TrancheMoveNo>,
    pub(super) line: Option<i32>,
    pub(super) voucher_seq: i32,
    pub(super) is_reversed: bool,
}

impl MoveRow {
    pub(super) fn item_title(&self) -> String {
        content::item(&self.item).map_or_else(String::new, |item| item.title.clone())
    }
}

/// The movements of a compound's tranches, in order; one of them, if its number is given.
pub(super) async fn moves(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<TrancheMoveNo>,
) -> Result<Vec<MoveRow>> {
    let sql = format!(
        "SELECT m.move_no, m.tranche_no, m.kind, m.amount_fen, m.moved_on, m.payee, m.evidence, m.of_move_no, m.line_no,
           m.voucher_seq, s.content_no, COALESCE(s.item, '') AS item, CASE WHEN {STANDS} THEN 0 ELSE 1 END AS is_reversed
         FROM tranche_move m LEFT JOIN tranche_spend s ON s.compound_id = m.compound_id AND s.move_no = m.move_no
         WHERE m.compound_id = $1 AND ($2 = 0 OR m.move_no = $2) ORDER BY m.move_no"
    );
    let values = vec![compound.0.into(), only.map_or(0, |no| no.0).into()];
    let mut found = Vec::new();
    for row in view.rows(GRANTS, &sql, values).await? {
        let some = |column: &str| row.try_get::<Option<i32>>("", column);
        found.push(MoveRow {
            no: TrancheMoveNo(row.try_get("", "move_no")?),
            tranche: TrancheNo(row.try_get("", "tranche_no")?),
            kind: row.try_get("", "kind")?,
            amount: Money::fen(row.try_get("", "amount_fen")?),
            on: row.try_get("", "moved_on")?,
            payee: row.try_get("", "payee")?,
            evidence: row.try_get("", "evidence")?,
            content: some("content_no")?.map(ContentNo),
            item: row.try_get("", "item")?,
            of: some("of_move_no")?.map(TrancheMoveNo),
            line: some("line_no")?,
            voucher_seq: row.try_get("", "voucher_seq")?,
            is_reversed: row.try_get::<i32>("", "is_reversed")? == 1,
        });
    }
    Ok(found)
}

/// What of a spending was clawed back.
pub(super) async fn clawed_back(
    view: &mut impl View,
    compound: CompoundId,
    no: TrancheMoveNo,
) -> Result<Money> {
    let sql = format!(
        "SELECT CAST(COALESCE(sum(m.amount_fen), 0) AS BIGINT) FROM tranche_move m
         WHERE m.compound_id = $1 AND m.of_move_no = $2 AND {STANDS}"
    );
    sum(view, &sql, vec![compound.0.into(), no.0.into()]).await
}

/// The score of a period, if it was appraised.
pub(super) async fn score(
    view: &mut impl View,
    compound: CompoundId,
    programme: ProgrammeNo,
    period: &str,
) -> Result<Option<i32>> {
    let sql = "SELECT score_e2 FROM appraisal WHERE compound_id = $1 AND programme_no = $2 AND period = $3";
    let values = vec![compound.0.into(), programme.0.into(), period.into()];
    let found = view.rows(GRANTS, sql, values).await?;
    Ok(found.first().map(|row| row.try_get_by_index(0)).transpose()?)
}

/// A period that was scored, as its row keeps it.
#[derive(Clone, Debug)]
pub(super) struct AppraisalRow {
    pub(super) programme: ProgrammeNo,
    pub(super) period: String,
    pub(super) score_e2: i32,
    pub(super) on: Day,
    pub(super) findings: String,
    pub(super) evidence: String,
    pub(super) by_name: String,
    pub(super) by_role: String,
    /// Whether its reward or deduction was settled, and stands.
    pub(super) is_settled: bool,
}

/// The periods that were scored in a compound, by programme and period: of one programme, or of all.
pub(super) async fn appraisals(
    view: &mut impl View,
    compound: CompoundId,
    of: Option<ProgrammeNo>,
) -> Result<Vec<AppraisalRow>> {
    let sql = format!(
        "SELECT a.programme_no, a.period, a.score_e2, a.appraised_on, a.findings, a.evidence, a.by_name, a.by_role,
           CASE WHEN EXISTS (
             SELECT 1 FROM earnest_move m WHERE m.compound_id = a.compound_id AND m.programme_no = a.programme_no
               AND m.period = a.period AND {STANDS}) THEN 1 ELSE 0 END AS is_settled
         FROM appraisal a WHERE a.compound_id = $1 AND ($2 = 0 OR a.programme_no = $2)
         ORDER BY a.programme_no, a.period"
    );
    let values = vec![compound.0.into(), of.map_or(0, |no| no.0).into()];
    let mut found = Vec::new();
    for row in view.rows(GRANTS, &sql, values).await? {
        found.push(AppraisalRow {
            programme: ProgrammeNo(row.try_get("", "programme_no")?),
            period: row.try_get("", "period")?,
            score_e2: row.try_get("", "score_e2")?,
            on: row.try_get("", "appraised_on")?,
            findings: row.try_get("", "findings")?,
            evidence: row.try_get("", "evidence")?,
            by_name: row.try_get("", "by_name")?,
            by_role: row.try_get("", "by_role")?,
            is_settled: row.try_get::<i32>("", "is_settled")? == 1,
        });
    }
    Ok(found)
}
