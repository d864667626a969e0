//! From a document to a tranche: programmes and what they allot (acts of the head office), contents, rosters, grants.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::content::{self, Class, Content, NewContent};
use super::rows::{self, AllotmentRow, GRANTS, ProgrammeRow, TrancheRow};
use super::terms::{Base, Basis, Level, Mode, Part, Period, Terms, may_be_terms, part_of, reckon};
use super::{
    ALLOTTED_ONCE, AMOUNT, DAY, DOCUMENT_TAKEN, GRANTED_ONCE, NO_ADVANCE, NO_CONTENT, NO_PERIOD,
    NO_PROJECT, OUTSIDE, OUTSIDE_PERIOD, OVER_ALLOTMENT, OVER_BUDGET, PERIOD_OVER, ROSTER, SHAPE,
    USE, may_be_amount, may_be_day, may_be_text, programme,
};
use crate::books::{Tx, View};
use crate::calendar::{Day, iso_day, iso_day_if_any};
use crate::error::{Refusal, Result};
use crate::id::{AllotmentNo, CompoundId, ContentNo, DwellingNo, MatterNo, ProgrammeNo, TrancheNo};
use crate::journal::{self, Book};
use crate::money::Money;
use crate::property::{self, RoomCode};

/// A programme to register.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewProgramme", description = "要登记的补贴项目")]
pub struct NewProgramme {
    /// Its document.
    #[schemars(description = "文号", example = &"财综〔2026〕1号")]
    pub document: String,
    /// Its title.
    #[schemars(description = "名称", example = &"老旧小区改造补助")]
    pub title: String,
    /// Whose money.
    #[schemars(description = "层级")]
    pub level: Level,
    /// Where it may go.
    #[serde(default)]
    #[schemars(description = "区划代码：只用于此区划内的小区，不限的不写", example = &"330106")]
    pub area: Option<String>,
    /// All of it.
    #[schemars(
        description = "总额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 525_000_000
    )]
    pub budget_fen: Money,
    /// From when.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// Until when it may be spent.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "使用截止日")]
    pub until_on: Day,
    /// Its conditions.
    #[schemars(description = "条件")]
    pub terms: Terms,
}

/// A programme as it stands.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "Programme", description = "补贴项目")]
pub struct Programme {
    /// Its number.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// Its document.
    #[schemars(description = "文号", example = &"财综〔2026〕1号")]
    pub document: String,
    /// Its title.
    #[schemars(description = "名称", example = &"老旧小区改造补助")]
    pub title: String,
    /// Whose money.
    #[schemars(description = "层级")]
    pub level: Level,
    /// All of it.
    #[schemars(description = "总额：分", example = 525_000_000)]
    pub budget_fen: Money,
    /// What was allotted to compounds.
    #[schemars(description = "已分配：分", example = 350_000_000)]
    pub allotted_fen: Money,
    /// From when.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// Until when it may be spent.
    #[schemars(description = "使用截止日")]
    pub until_on: Day,
    /// Its conditions.
    #[schemars(
        description = "条件：与登记时相同",
        with = "serde_json::Value",
        example = serde_json::json!({ "basis": { "by": "sum" }, "items": ["cleaning"] })
    )]
    pub terms: Terms,
}

/// A compound's share of a programme.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ProgrammeShare", description = "分配给一个小区的金额")]
pub struct Share {
    /// Which compound.
    #[schemars(description = "小区代码", example = &"wutongli")]
    pub compound: String,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 5_000_000
    )]
    pub amount_fen: Money,
}

/// Shares to allot.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewAllotment", description = "要登记的分配：一个文件分配给若干小区")]
pub struct Allotting {
    /// Of which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// To whom.
    #[schemars(description = "各小区的金额", length(min = 1, max = 2000))]
    pub shares: Vec<Share>,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "分配日期：不得晚于今天")]
    pub allotted_on: Day,
    /// The document.
    #[schemars(description = "分配文件", example = &"区财〔2026〕12号")]
    pub document: String,
}

/// What was allotted.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "Allotment", description = "已登记的分配")]
pub struct Allotment {
    /// The first number.
    #[schemars(description = "第一笔的编号：依次连续", example = 1)]
    pub first_no: AllotmentNo,
    /// How many.
    #[schemars(description = "笔数", example = 2)]
    pub count: usize,
    /// Σ.
    #[schemars(description = "合计：分", example = 10_000_000)]
    pub total_fen: Money,
    /// What of the programme is left.
    #[schemars(description = "补贴项目尚未分配：分", example = 515_000_000)]
    pub left_fen: Money,
}

/// A tranche to grant.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewTranche", description = "要下达的一笔补贴资金")]
pub struct Granting {
    /// Of which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// For which project.
    #[serde(default)]
    #[schemars(description = "所属项目的事项编号：物业管理补贴不写", example = 1)]
    pub project_matter_no: Option<MatterNo>,
    /// Which part.
    #[schemars(description = "全额、预拨或余款")]
    pub part: Part,
    /// For which period.
    #[serde(default)]
    #[schemars(description = "期间：2026、2026-H1 或 2026-Q1；按文件金额一次拨付的可以不写", example = &"2026")]
    pub period: String,
    /// How the compound is managed.
    #[serde(default)]
    #[schemars(description = "管理方式：按面积计算的写")]
    pub mode: Option<Mode>,
    /// The whole amount, where the document says it.
    #[serde(default)]
    #[schemars(description = "文件所定的全额：分，按公式计算的、余款不写", example = 5_000_000)]
    pub amount_fen: Option<Money>,
    /// When.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "下达日期：不得晚于今天")]
    pub granted_on: Day,
    /// Until when it may be spent.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "使用截止日：不写则为补贴项目的截止日")]
    pub spend_by: Option<Day>,
    /// The paper.
    #[schemars(description = "凭据", example = &"下达通知 1")]
    pub evidence: String,
}

/// A tranche that was granted.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "TrancheGranted", description = "已下达的一笔补贴资金")]
pub struct Granted {
    /// Its number.
    #[schemars(description = "补贴资金编号", example = 1)]
    pub tranche_no: TrancheNo,
    /// Of how much it is a part.
    #[schemars(description = "全额：分", example = 7_142_858)]
    pub gross_fen: Money,
    /// What was granted.
    #[schemars(description = "下达金额：分", example = 5_000_000)]
    pub granted_fen: Money,
    /// What it was reckoned from.
    #[schemars(description = "计算依据")]
    pub base: Base,
}

/// A household of a roster.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RosterEntry", description = "名册的一户：不写姓名")]
pub struct RosterEntry {
    /// Which dwelling.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// How many persons.
    #[schemars(description = "人数", range(min = 1, max = 100), example = 2)]
    pub persons: i32,
}

/// A roster to keep.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "NewGrantRoster", description = "要登记的补助名册：一个期间一份")]
pub struct Rostering {
    /// Under which programme.
    #[schemars(description = "补贴项目编号", example = 1)]
    pub programme_no: ProgrammeNo,
    /// For which period.
    #[schemars(description = "期间", example = &"2026-Q1")]
    pub period: String,
    /// Who.
    #[schemars(description = "各户", length(min = 1, max = 20_000))]
    pub households: Vec<RosterEntry>,
}

/// A roster that was kept.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "GrantRoster", description = "已登记的补助名册")]
pub struct Enrolled {
    /// How many households.
    #[schemars(description = "户数", example = 6)]
    pub households: usize,
    /// How many persons.
    #[schemars(description = "人数", example = 7)]
    pub persons: i64,
}

/// Registers a programme. An act of the head office.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.amount`, `subsidy.programme-over`, `property.no-area`,
/// `subsidy.document-taken`.
pub async fn found_programme(tx: &mut Tx, new: &NewProgramme) -> Result<ProgrammeNo> {
    may_be_text("文号", &new.document)?;
    may_be_text("名称", &new.title)?;
    may_be_amount(new.budget_fen)?;
    if new.until_on < new.from_on {
        return Err(PERIOD_OVER.refuse(format!("{} 至 {}", new.from_on, new.until_on)).into());
    }
    may_be_terms(&new.terms, new.level)?;
    tx.flush().await?;
    let area = match &new.area {
        Some(code) => Some(property::area(tx, code).await?.0),
        None => None,
    };
    let document = new.document.trim();
    let known = rows::programmes(tx, None).await?;
    if let Some(same) = known.iter().find(|programme| programme.document == document) {
        let evidence = format!("{document} 已登记为补贴项目 {}", same.no);
        return Err(DOCUMENT_TAKEN.refuse(evidence).with("programme_no", same.no.0).into());
    }
    let no = ProgrammeNo(tx.next_no("programme"));
    let terms = rows::written(&new.terms)?;
    let row = [
        no.0.into(),
        document.into(),
        new.title.trim().into(),
        new.level.name().into(),
        area.into(),
        new.budget_fen.in_fen().into(),
        new.from_on.into(),
        new.until_on.into(),
        (&terms).into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::PROGRAMME, &row);
    Ok(no)
}

/// Whether a document may give these compounds their shares: nothing of it stands yet, or what it gave them was withdrawn.
fn may_be_allotted(
    known: &[AllotmentRow],
    document: &str,
    compounds: &[CompoundId],
) -> Result<(), Refusal> {
    let of_document: Vec<_> = known.iter().filter(|row| row.document == document).collect();
    let Some(first) = of_document.iter().find(|row| row.withdrawn.is_none()) else {
        return Ok(());
    };
    let is_again = |compound: &CompoundId| {
        let mut own = of_document.iter().filter(|row| row.compound == *compound).peekable();
        own.peek().is_some() && own.all(|row| row.withdrawn.is_some())
    };
    if compounds.iter().all(is_again) {
        return Ok(());
    }
    let evidence = format!(
        "{document} 已登记为分配 {}：{}，{} 元",
        first.no,
        first.on,
        first.amount.grouped()
    );
    Err(ALLOTTED_ONCE.refuse(evidence).with("allotment_no", first.no.0))
}

/// Allots parts of a programme to compounds. An act of the head office, so that two cannot be promised the same fen.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.amount`, `subsidy.day`, `subsidy.no-programme`, `subsidy.programme-over`,
/// `property.no-compound`, `subsidy.outside-area`, `subsidy.allotted-once`, `subsidy.over-budget`.
pub async fn allot(tx: &mut Tx, asked: &Allotting) -> Result<Allotment> {
    may_be_text("分配文件", &asked.document)?;
    if asked.shares.is_empty() || asked.shares.len() > 2000 {
        return Err(SHAPE.refuse(format!("{} 个小区", asked.shares.len())).into());
    }
    for share in &asked.shares {
        may_be_amount(share.amount_fen)?;
    }
    may_be_day(tx, asked.allotted_on)?;
    tx.flush().await?;
    let programme = programme(tx, asked.programme_no).await?;
    if !(programme.from..=programme.until).contains(&asked.allotted_on) {
        let (from, until) = (programme.from, programme.until);
        let evidence = format!("期限 {from} 至 {until}，{} 分配", asked.allotted_on);
        return Err(PERIOD_OVER.refuse(evidence).into());
    }
    let mut compounds: Vec<CompoundId> = Vec::with_capacity(asked.shares.len());
    for share in &asked.shares {
        let compound = property::compound(tx, &share.compound).await?.id;
        if let Some(area) = programme.area
            && !rows::lies_in(tx, compound, area).await?
        {
            return Err(OUTSIDE.refuse(format!("小区 {}", share.compound)).into());
        }
        if compounds.contains(&compound) {
            let evidence = format!("小区 {} 在本文件中列了两次", share.compound);
            return Err(ALLOTTED_ONCE.refuse(evidence).into());
        }
        compounds.push(compound);
    }
    let known = rows::allotments(tx, Some(programme.no)).await?;
    may_be_allotted(&known, asked.document.trim(), &compounds)?;
    let total: Money = asked.shares.iter().map(|share| share.amount_fen).sum();
    let allotted = rows::allotted(tx, programme.no, None).await?;
    if allotted + total > programme.budget {
        let evidence = format!(
            "总额 {} 元，已分配 {} 元，本次 {} 元",
            programme.budget.grouped(),
            allotted.grouped(),
            total.grouped()
        );
        return Err(OVER_BUDGET.refuse(evidence).into());
    }
    let count = i32::try_from(asked.shares.len()).unwrap_or(i32::MAX);
    let first = tx.take_numbers("allotment", count);
    for ((no, compound), share) in (first..).zip(compounds).zip(&asked.shares) {
        let row = [
            no.into(),
            programme.no.0.into(),
            compound.0.into(),
            share.amount_fen.in_fen().into(),
            asked.allotted_on.into(),
            asked.document.trim().into(),
            tx.act().0.into(),
        ];
        tx.put(&rows::ALLOTMENT, &row);
    }
    let left_fen = programme.budget - allotted - total;
    Ok(Allotment {
        first_no: AllotmentNo(first),
        count: asked.shares.len(),
        total_fen: total,
        left_fen,
    })
}

/// The programmes, the oldest first.
///
/// # Errors
/// Storage.
pub async fn programmes(view: &mut impl View) -> Result<Vec<Programme>> {
    let mut told = Vec::new();
    for row in rows::programmes(view, None).await? {
        let allotted_fen = rows::allotted(view, row.no, None).await?;
        told.push(Programme {
            programme_no: row.no,
            document: row.document,
            title: row.title,
            level: row.level,
            budget_fen: row.budget,
            allotted_fen,
            from_on: row.from,
            until_on: row.until,
            terms: row.terms,
        });
    }
    Ok(told)
}

/// Lists the contents of a project, each with its number. A project's contents grow and never change; an item of a building
/// stands once in a project.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.amount`, `subsidy.no-project`, `subsidy.no-content`.
pub async fn list_contents(
    tx: &mut Tx,
    project: MatterNo,
    new: &[NewContent],
) -> Result<Vec<ContentNo>> {
    tx.flush().await?;
    let compound = tx.compound();
    if journal::project_name(tx, compound, project).await?.is_none() {
        return Err(NO_PROJECT.refuse(format!("事项 {project}")).into());
    }
    let known = rows::contents(tx, compound, Some(project), None).await?;
    let mut numbers = Vec::with_capacity(new.len());
    for (i, content) in new.iter().enumerate() {
        let class = may_be_content(content, &known, &new[..i])?;
        let no = ContentNo(tx.next_no("content"));
        let row = [
            compound.0.into(),
            no.0.into(),
            project.0.into(),
            content.item.as_str().into(),
            class.name().into(),
            content.building.trim().into(),
            content.name.trim().into(),
            content.budget_fen.in_fen().into(),
            tx.act().0.into(),
        ];
        tx.put(&rows::CONTENT, &row);
        numbers.push(no);
    }
    tx.flush().await?;
    Ok(numbers)
}

fn may_be_content(
    new: &NewContent,
    known: &[Content],
    before: &[NewContent],
) -> Result<Class, Refusal> {
    may_be_text("内容", &new.name)?;
    may_be_amount(new.budget_fen)?;
    let building = new.building.trim();
    let fits = building.chars().count() <= 20 && !building.chars().any(char::is_control);
    let found = content::item(&new.item).filter(|item| fits && item.class != Class::Management);
    let Some(item) = found else {
        let shown: String = new.item.chars().take(40).collect();
        let refusal = NO_CONTENT.refuse(format!("内容目录没有 {shown:?}"));
        return Err(refusal.remedied(content::SEE_CATALOGUE));
    };
    let is_twice = known.iter().any(|c| c.item == new.item && c.building == building)
        || before.iter().any(|c| c.item == new.item && c.building.trim() == building);
    if is_twice {
        return Err(NO_CONTENT.refuse(format!("“{}”在本项目已列明", item.title)));
    }
    Ok(item.class)
}

/// Keeps the roster of a period.
///
/// # Errors
/// `subsidy.no-programme`, `subsidy.no-period`, `subsidy.outside-period`, `subsidy.roster`, `property.no-dwelling`.
pub async fn enrol(tx: &mut Tx, asked: &Rostering) -> Result<Enrolled> {
    tx.flush().await?;
    let compound = tx.compound();
    let programme = programme(tx, asked.programme_no).await?;
    let Some(period) = Period::parse(&asked.period) else {
        return Err(NO_PERIOD.refuse("期间须写作 2026、2026-H1 或 2026-Q1").into());
    };
    may_be_within(&programme, &asked.period, period)?;
    let rooms: Vec<RoomCode> = asked.households.iter().map(|entry| entry.room.clone()).collect();
    if rooms.is_empty() || rooms.len() > 20_000 {
        return Err(ROSTER.refuse(format!("{} 户", rooms.len())).into());
    }
    let dwellings = property::rooms(tx, &rooms).await?;
    let mut persons: BTreeMap<DwellingNo, i32> = BTreeMap::new();
    for (entry, dwelling) in asked.households.iter().zip(dwellings) {
        let is_fit = (1..=100).contains(&entry.persons);
        if !is_fit || persons.insert(dwelling, entry.persons).is_some() {
            let evidence = format!("{} {} 人", entry.room, entry.persons);
            return Err(ROSTER.refuse(evidence).into());
        }
    }
    if roster(tx, compound, asked.programme_no, &asked.period).await?.0 > 0 {
        return Err(ROSTER.refuse(format!("{} 的名册已登记", asked.period)).into());
    }
    for (dwelling, persons) in &persons {
        let row = [
            compound.0.into(),
            asked.programme_no.0.into(),
            (&asked.period).into(),
            dwelling.0.into(),
            (*persons).into(),
            tx.act().0.into(),
        ];
        tx.put(&rows::ROSTER, &row);
    }
    let sum = persons.values().map(|n| i64::from(*n)).sum();
    Ok(Enrolled { households: persons.len(), persons: sum })
}

/// Households and persons of a roster.
pub(super) async fn roster(
    view: &mut impl View,
    compound: CompoundId,
    programme: ProgrammeNo,
    period: &str,
) -> Result<(i64, i64)> {
    let sql = "SELECT count(*), CAST(COALESCE(sum(persons), 0) AS BIGINT) FROM grant_roster
               WHERE compound_id = $1 AND programme_no = $2 AND period = $3";
    let values = vec![compound.0.into(), programme.0.into(), period.into()];
    let found = view.rows(GRANTS, sql, values).await?;
    let Some(row) = found.first() else { return Ok((0, 0)) };
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Dwellings that were billed and owe nothing of what stood on a day.
async fn paid_up(view: &mut impl View, compound: CompoundId, on: Day) -> Result<Vec<DwellingNo>> {
    let sql = "SELECT dwelling_no FROM posting
               WHERE compound_id = $1 AND book = $2 AND account = 1122 AND dwelling_no > 0 AND effective_on <= $3
               GROUP BY dwelling_no HAVING sum(side * amount_fen) <= 0 ORDER BY dwelling_no";
    let values = vec![compound.0.into(), Book::Service.number().into(), on.into()];
    let mut found = Vec::new();
    for row in view.rows(crate::books::Reads::SETTLED, sql, values).await? {
        found.push(DwellingNo(row.try_get_by_index(0)?));
    }
    Ok(found)
}

/// What there is in a compound to reckon from.
async fn measured(
    tx: &mut Tx,
    programme: &ProgrammeRow,
    asked: &Granting,
    period: Period,
) -> Result<Base> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let on = period.last_day().map_or(today, |last| last.min(today));
    let is_paid_only = match &programme.terms.basis {
        Basis::Area { is_paid_only, .. } | Basis::Households { is_paid_only, .. } => *is_paid_only,
        Basis::Roster { .. } => {
            let (households, persons) = roster(tx, compound, programme.no, &asked.period).await?;
            return Ok(Base { mode: asked.mode, households, persons, ..Base::default() });
        }
        Basis::Sum {} => return Ok(Base { mode: asked.mode, ..Base::default() }),
    };
    let mut roll = property::roll(tx, compound, on).await?;
    if is_paid_only {
        let paid = paid_up(tx, compound, on).await?;
        roll.retain(|dwelling| paid.contains(&dwelling.no));
    }
    Ok(Base {
        mode: asked.mode,
        area_centi_m2: roll.iter().map(|dwelling| dwelling.fee_area.in_centi_m2()).sum(),
        households: i64::try_from(roll.len()).unwrap_or(i64::MAX),
        persons: 0,
    })
}

/// Whether a period is right for a programme: wanted where the amount is reckoned or paid in parts.
fn may_be_period(programme: &ProgrammeRow, asked: &Granting) -> Result<Option<Period>, Refusal> {
    let wants = programme.terms.basis != Basis::Sum {} || programme.terms.advance.is_some();
    if asked.period.is_empty() && !wants {
        return Ok(None);
    }
    let shown: String = asked.period.chars().take(20).collect();
    let period = Period::parse(&asked.period);
    let period = period.ok_or_else(|| NO_PERIOD.refuse(format!("期间 {shown:?}")))?;
    may_be_within(programme, &asked.period, period)?;
    Ok(Some(period))
}

/// That every month of a period is the programme's.
pub(super) fn may_be_within(
    programme: &ProgrammeRow,
    written: &str,
    period: Period,
) -> Result<(), Refusal> {
    let (from, until) = (programme.from, programme.until);
    if period.lies_within(from, until) {
        return Ok(());
    }
    let evidence = format!("期间 {written}，补贴项目 {} 的期限 {from} 至 {until}", programme.no);
    Err(OUTSIDE_PERIOD.refuse(evidence))
}

/// That no month of a period was granted by the same part already. `siblings` are the tranches of the same programme and
/// project that stand.
fn may_be_new(
    siblings: &[&TrancheRow],
    part: Part,
    written: &str,
    period: Period,
) -> Result<(), Refusal> {
    let meets = |row: &&&TrancheRow| {
        let known = Period::parse(&row.period);
        row.part == part && known.is_some_and(|known| known.overlaps(period))
    };
    let Some(same) = siblings.iter().find(meets) else { return Ok(()) };
    let evidence = if same.period == written {
        format!("{written} 已下达为补贴资金 {}", same.no)
    } else {
        format!("{written} 与补贴资金 {} 的期间 {} 重叠", same.no, same.period)
    };
    Err(GRANTED_ONCE.refuse(evidence).with("tranche_no", same.no.0))
}

/// Whether a programme may be granted now, and until when it may be spent.
fn may_be_granted(programme: &ProgrammeRow, asked: &Granting) -> Result<Day, Refusal> {
    let (from, until) = (programme.from, programme.until);
    let spend_by = asked.spend_by.unwrap_or(until);
    let is_in_time = (from..=until).contains(&asked.granted_on);
    if is_in_time && (asked.granted_on..=until).contains(&spend_by) {
        return Ok(spend_by);
    }
    let evidence =
        format!("期限 {from} 至 {until}，{} 下达，使用截止 {spend_by}", asked.granted_on);
    Err(PERIOD_OVER.refuse(evidence))
}

/// Grants a tranche to the compound: as much as the document says, or as the programme's conditions come to.
///
/// # Errors
/// `subsidy.shape`, `seal.person-in-text`, `subsidy.day`, `subsidy.no-programme`, `subsidy.programme-over`,
/// `subsidy.no-project`, `subsidy.use`, `subsidy.no-period`, `subsidy.outside-period`, `subsidy.amount`, `subsidy.no-mode`,
/// `subsidy.no-base`, `subsidy.no-advance`, `subsidy.not-appraised`, `subsidy.granted-once`, `subsidy.over-allotment`.
pub async fn grant(tx: &mut Tx, asked: &Granting) -> Result<Granted> {
    may_be_text("凭据", &asked.evidence)?;
    if asked.granted_on > tx.at().day() {
        return Err(DAY.refuse(format!("{}，今天 {}", asked.granted_on, tx.at().day())).into());
    }
    tx.flush().await?;
    let compound = tx.compound();
    let programme = programme(tx, asked.programme_no).await?;
    let spend_by = may_be_granted(&programme, asked)?;
    if let Some(project) = asked.project_matter_no
        && journal::project_name(tx, compound, project).await?.is_none()
    {
        return Err(NO_PROJECT.refuse(format!("事项 {project}")).into());
    }
    let uses = uses_of(&programme.terms, asked.project_matter_no.is_some())?;
    let period = may_be_period(&programme, asked)?;

    let known = rows::tranches(tx, compound, None).await?;
    let siblings: Vec<_> = known
        .iter()
        .filter(|row| {
            row.programme == programme.no
                && row.project == asked.project_matter_no
                && row.withdrawn.is_none()
        })
        .collect();
    if let Some(period) = period {
        may_be_new(&siblings, asked.part, &asked.period, period)?;
    }
    let (gross, base) = match (asked.part, asked.amount_fen, &programme.terms.basis) {
        (Part::Rest, None, _) => {
            let is_its = |row: &&&TrancheRow| {
                row.part == Part::Advance && !row.period.is_empty() && row.period == asked.period
            };
            let advance = siblings.iter().find(is_its);
            let advance = advance.ok_or_else(|| NO_ADVANCE.refuse(asked.period.clone()))?;
            (advance.gross, advance.base)
        }
        (Part::Whole | Part::Advance, Some(amount), Basis::Sum {}) => {
            may_be_amount(amount)?;
            (amount, Base { mode: asked.mode, ..Base::default() })
        }
        (Part::Whole | Part::Advance, None, basis) if *basis != Basis::Sum {} => {
            let Some(period) = period else { return Err(NO_PERIOD.refuse("没有写明").into()) };
            let base = measured(tx, &programme, asked, period).await?;
            (reckon(&programme.terms, programme.from, Some(period), &base)?, base)
        }
        (_, Some(_), _) => return Err(AMOUNT.refuse("金额由公式或预拨而定").into()),
        (_, None, _) => return Err(AMOUNT.refuse("没有写明文件所定的金额").into()),
    };
    let score = rows::score(tx, compound, programme.no, &asked.period).await?;
    let granted = part_of(&programme.terms, gross, asked.part, score)?;
    let allotted = rows::allotted(tx, programme.no, Some(compound)).await?;
    let before = rows::granted(tx, compound, programme.no).await?;
    if before + granted > allotted {
        let evidence = format!(
            "分配 {} 元，已下达 {} 元，本次 {} 元",
            allotted.grouped(),
            before.grouped(),
            granted.grouped()
        );
        return Err(OVER_ALLOTMENT.refuse(evidence).with("allotted_fen", allotted.in_fen()).into());
    }

    let matter = journal::open_matter(tx, "grant", &programme.title);
    let no = TrancheNo(tx.next_no("tranche"));
    let written = rows::written(&base)?;
    let row = [
        compound.0.into(),
        no.0.into(),
        programme.no.0.into(),
        programme.level.is_central().into(),
        matter.0.into(),
        asked.project_matter_no.map_or(0, |project| project.0).into(),
        asked.part.name().into(),
        (&asked.period).into(),
        gross.in_fen().into(),
        granted.in_fen().into(),
        (&written).into(),
        asked.granted_on.into(),
        spend_by.into(),
        asked.evidence.trim().into(),
        tx.act().0.into(),
    ];
    tx.put(&rows::TRANCHE, &row);
    for item in uses {
        let row = [compound.0.into(), no.0.into(), item.into(), tx.act().0.into()];
        tx.put(&rows::USE, &row);
    }
    Ok(Granted { tranche_no: no, gross_fen: gross, granted_fen: granted, base })
}

/// What a tranche may be spent on: a project's contents, or the management of the compound.
fn uses_of(terms: &Terms, is_project: bool) -> Result<Vec<&'static str>, Refusal> {
    let mut uses = terms.eligible();
    let is_for = |name: &&str| {
        content::item(name).is_some_and(|i| (i.class != Class::Management) == is_project)
    };
    uses.retain(is_for);
    if uses.is_empty() {
        let told = if is_project { "改造项目" } else { "物业管理" };
        return Err(USE.refuse(format!("此项补贴不用于{told}")));
    }
    Ok(uses)
}
