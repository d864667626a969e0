//! What dwellings are to pay in (核定): one dwelling or the whole compound in one act, previewed first.
//!
//! Always: an assessment keeps its standard, area, rate and law; one that changes is replaced by a later one, never
//! overwritten, and once something was paid only with a reason; the same again writes nothing; instalments sum to what is due.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::Months;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deposit::{self, DepositKind};
use super::rows::{self, ASSESSMENT, DEPOSITS, INSTALMENT};
use super::standard::{Reckoned, in_chinese, levied_as, reckon, standards};
use super::{ASSESSMENT_PAID, LEVY_SHAPE, NOT_LEVIED, may_be_day, may_be_kept};
use crate::books::{Tx, View};
use crate::calendar::{Day, Month, iso_day, iso_day_if_any};
use crate::error::{Refusal, Result};
use crate::id::{AssessmentNo, CompoundId, DwellingNo, RenewalNo, SellingUnitNo, StandardNo};
use crate::measure::Area;
use crate::money::{Money, split};
use crate::policy;
use crate::policy::terms::Levied;
use crate::property::{self, NO_DWELLING, RoomCode};

/// What a dwelling is to pay in at first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// What it owes the fund at first.
    #[serde(rename = "due_fen")]
    pub due: Money,
    /// The standard, in words: `电梯 90 元/㎡`.
    pub standard: String,
    /// When it was due: before the dwelling was handed over (165号令 art. 12). Where nobody says, it counts as due on the day
    /// it was recorded, or on that of the first deposit if it came before: nobody pays what is not due yet.
    #[serde(default)]
    pub due_on: Option<Day>,
}

/// An assessment to keep.
pub(super) struct NewAssessment<'a> {
    pub(super) dwelling: DwellingNo,
    pub(super) kind: &'a str,
    pub(super) month: Option<Month>,
    pub(super) unit: Option<SellingUnitNo>,
    pub(super) plan: Option<RenewalNo>,
    pub(super) due: Money,
    /// When; several days for instalments.
    pub(super) due_on: &'a [Day],
    pub(super) standard: &'a str,
    pub(super) standard_no: Option<StandardNo>,
    pub(super) area: Area,
    pub(super) rate: &'a str,
    pub(super) pack: &'a str,
    pub(super) replaces: Option<AssessmentNo>,
    pub(super) reason: &'a str,
}

/// Keeps an assessment, and its instalments where there are several.
pub(super) fn keep(tx: &mut Tx, new: &NewAssessment<'_>) -> AssessmentNo {
    let no = AssessmentNo(tx.next_no("assessment"));
    let (compound, act) = (tx.compound().0, tx.act().0);
    let last_due = new.due_on.last().copied().unwrap_or_else(|| tx.at().day());
    let row = [
        compound.into(),
        no.0.into(),
        new.dwelling.0.into(),
        new.kind.into(),
        new.month.map_or(0, Month::number).into(),
        new.unit.map(|unit| unit.0).into(),
        new.plan.map(|plan| plan.0).into(),
        new.due.in_fen().into(),
        last_due.into(),
        new.standard.into(),
        new.standard_no.map(|no| no.0).into(),
        new.area.in_centi_m2().into(),
        new.rate.into(),
        new.pack.into(),
        new.replaces.map(|no| no.0).into(),
        new.reason.into(),
        act.into(),
    ];
    tx.put(&ASSESSMENT, &row);
    if new.due_on.len() > 1 {
        // Equal parts, the odd fen with the first: the one way the house divides.
        let parts = split(new.due, &vec![1; new.due_on.len()]).unwrap_or_default();
        for (place, (due_on, part)) in (1_i32..).zip(new.due_on.iter().zip(parts)) {
            let row = [
                compound.into(),
                no.0.into(),
                place.into(),
                (*due_on).into(),
                part.in_fen().into(),
                act.into(),
            ];
            tx.put(&INSTALMENT, &row);
        }
    }
    no
}

/// Records what dwellings are to pay in at first, as a register or an authority says. Said again, it replaces.
///
/// # Errors
/// Storage.
pub async fn assess(tx: &mut Tx, given: &[Assessment]) -> Result<()> {
    let compound = tx.compound();
    let known = latest(tx, compound, DepositKind::Initial.name(), 0).await?;
    let today = tx.at().day();
    for a in given {
        let before = known.get(&a.dwelling_no);
        let is_same = |b: &Standing| (b.due, b.standard.as_str()) == (a.due, a.standard.as_str());
        if before.is_some_and(|b| b.goes_on && is_same(b)) {
            continue;
        }
        let new = NewAssessment {
            dwelling: a.dwelling_no,
            kind: DepositKind::Initial.name(),
            month: None,
            unit: None,
            plan: None,
            due: a.due,
            due_on: &[a.due_on.unwrap_or(today)],
            standard: &a.standard,
            standard_no: None,
            area: Area::ZERO,
            rate: "",
            pack: "",
            replaces: before.map(|b| b.no),
            reason: "",
        };
        keep(tx, &new);
        tx.put_is_due().await?;
    }
    Ok(())
}

/// Takes assessments back that an import made by mistake.
pub(crate) async fn withdraw_assessments(tx: &mut Tx, dwellings: &[DwellingNo]) -> Result<()> {
    let numbers: Vec<i32> = dwellings.iter().map(|d| d.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    let compound = tx.compound().0;
    for sql in [
        format!(
            "DELETE FROM assessment_instalment WHERE compound_id = $1 AND assessment_no IN
               (SELECT assessment_no FROM assessment WHERE compound_id = $1 AND dwelling_no {list})"
        ),
        format!("DELETE FROM assessment WHERE compound_id = $1 AND dwelling_no {list}"),
    ] {
        tx.exec(&sql, vec![compound.into(), value.clone()]).await?;
    }
    Ok(())
}

/// What dwellings were to pay in at first: one, or all of a compound.
///
/// # Errors
/// Storage.
pub async fn assessments(
    view: &mut impl View,
    compound: CompoundId,
    dwelling: Option<DwellingNo>,
) -> Result<Vec<Assessment>> {
    let only = if dwelling.is_some() { "AND a.dwelling_no = $2" } else { "" };
    let sql = format!(
        "SELECT a.dwelling_no, a.due_fen, a.standard, a.due_on FROM assessment a
         WHERE a.compound_id = $1 {only} AND a.kind = 'initial' AND {} ORDER BY a.dwelling_no",
        rows::current()
    );
    let mut values = vec![compound.0.into()];
    values.extend(dwelling.map(|d| d.0.into()));
    let mut assessments = Vec::new();
    for row in view.rows(DEPOSITS, &sql, values).await? {
        assessments.push(Assessment {
            dwelling_no: DwellingNo(row.try_get("", "dwelling_no")?),
            due: Money::fen(row.try_get("", "due_fen")?),
            standard: row.try_get("", "standard")?,
            due_on: Some(row.try_get("", "due_on")?),
        });
    }
    Ok(assessments)
}

/// What the latest assessment says.
#[derive(Clone, Debug)]
struct Standing {
    no: AssessmentNo,
    /// Not when all was given back since. It is replaced all the same: were that refund reversed, two would stand.
    goes_on: bool,
    due: Money,
    standard: String,
    area: Area,
}

async fn latest(
    view: &mut impl View,
    compound: CompoundId,
    kind: &str,
    month: i32,
) -> Result<HashMap<DwellingNo, Standing>> {
    let sql = format!(
        "SELECT a.dwelling_no, a.assessment_no, a.due_fen, a.standard, a.area_centi_m2,
           CASE WHEN {} THEN 1 ELSE 0 END AS goes_on FROM assessment a
         WHERE a.compound_id = $1 AND a.kind = $2 AND a.month = $3 AND {}",
        rows::goes_on("a"),
        rows::LATEST
    );
    let mut found = HashMap::new();
    let values = vec![compound.0.into(), kind.into(), month.into()];
    for row in view.rows(DEPOSITS, &sql, values).await? {
        let standing = Standing {
            no: AssessmentNo(row.try_get("", "assessment_no")?),
            goes_on: row.try_get::<i32>("", "goes_on")? == 1,
            due: Money::fen(row.try_get("", "due_fen")?),
            standard: row.try_get("", "standard")?,
            area: Area::centi_m2(row.try_get("", "area_centi_m2")?),
        };
        found.insert(DwellingNo(row.try_get("", "dwelling_no")?), standing);
    }
    Ok(found)
}

/// What is levied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "核定种类")]
pub enum LevyKind {
    /// 首期.
    #[schemars(description = "首期交存")]
    Initial,
    /// 补建: a compound that never had a fund.
    #[schemars(description = "补建")]
    Rebuild,
    /// 按月.
    #[schemars(description = "按月交存")]
    Monthly,
}

impl LevyKind {
    const fn deposit(self) -> DepositKind {
        match self {
            LevyKind::Initial => DepositKind::Initial,
            LevyKind::Rebuild => DepositKind::Rebuild,
            LevyKind::Monthly => DepositKind::Monthly,
        }
    }
}

/// How far instalments lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "分期间隔")]
pub enum Every {
    /// A month.
    #[schemars(description = "每月")]
    Month,
    /// A quarter.
    #[schemars(description = "每季")]
    Quarter,
    /// A year.
    #[schemars(description = "每年")]
    Year,
}

impl Every {
    const fn months(self) -> u32 {
        match self {
            Every::Month => 1,
            Every::Quarter => 3,
            Every::Year => 12,
        }
    }
}

/// In how many parts something is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "分期")]
pub struct Instalments {
    /// How many, 1 to 60.
    #[schemars(description = "期数：1 至 60", range(min = 1, max = 60), example = 3)]
    pub count: u8,
    /// How far apart.
    #[schemars(description = "间隔")]
    pub every: Every,
}

impl Instalments {
    /// The days they are due on, if there are as many as there may be.
    pub(super) fn days(this: Option<Instalments>, first: Day) -> Option<Vec<Day>> {
        let Some(Instalments { count, every }) = this else { return Some(vec![first]) };
        if !(1..=60).contains(&count) {
            return None;
        }
        let day = |n: u8| first.checked_add_months(Months::new(u32::from(n) * every.months()));
        (0..count).map(day).collect()
    }
}

/// What to levy.
#[derive(Clone, Debug, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要核定的应交金额：按核定日有效的标准")]
pub struct Levying {
    /// What.
    #[schemars(description = "核定种类")]
    pub kind: LevyKind,
    /// Which month, where it is levied by the month.
    #[serde(default)]
    #[schemars(description = "月份：按月交存的写")]
    pub month: Option<Month>,
    /// Which dwellings; all if none is named.
    #[serde(default)]
    #[schemars(description = "房号：不写则为全小区", with = "Vec<String>", length(max = 1000), example = &["1-1-101"])]
    pub rooms: Vec<RoomCode>,
    /// Which kinds of them; all if none is named.
    #[serde(default)]
    #[schemars(description = "交存对象：不写则不限")]
    pub levied: Vec<Levied>,
    /// By the standard of which day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "核定日：依此日有效的标准")]
    pub on: Day,
    /// When it is due (the first instalment); that day if nobody says.
    #[serde(default, deserialize_with = "iso_day_if_any")]
    #[schemars(description = "应交日期（首期分期的）：不写则为核定日")]
    pub due_on: Option<Day>,
    /// In how many parts; one if nobody says.
    #[serde(default)]
    #[schemars(description = "分期：不写则一次交清")]
    pub instalments: Option<Instalments>,
    /// Why what was paid already is assessed anew.
    #[serde(default)]
    #[schemars(description = "更正的原因：已交款的重新核定时必填", example = &"")]
    pub reason: String,
}

/// What a levy does to a dwelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "核定的变化")]
pub enum LevyChange {
    /// It had none.
    #[schemars(description = "新核定")]
    New,
    /// It stays as it is.
    #[schemars(description = "不变")]
    Same,
    /// It differs from before.
    #[schemars(description = "改变")]
    Changed,
}

/// What a levy says of a dwelling.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "一户的核定：预览")]
pub struct LevyRow {
    /// The dwelling.
    #[schemars(description = "房屋编号", example = 1)]
    pub dwelling_no: DwellingNo,
    /// Its code.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The standard, in words.
    #[schemars(description = "标准", example = &"房发〔2020〕8号 商品住宅，有电梯，65.00 元/平方米")]
    pub standard: String,
    /// The area it is reckoned from.
    #[serde(rename = "area_centi_m2")]
    #[schemars(description = "面积：0.01 平方米", example = 8845)]
    pub area: Area,
    /// Yuan per m².
    #[schemars(description = "每平方米的元数", example = &"65.00")]
    pub rate: String,
    /// What is due.
    #[serde(rename = "due_fen")]
    #[schemars(description = "应交：分", example = 574_925)]
    pub due: Money,
    /// What was due before.
    #[serde(rename = "before_fen")]
    #[schemars(description = "原核定：分，没有则空")]
    pub before: Option<Money>,
    /// What was paid of this kind.
    #[serde(rename = "paid_fen")]
    #[schemars(description = "同类已交：分", example = 0)]
    pub paid: Money,
    /// What changes.
    #[schemars(description = "变化")]
    pub change: LevyChange,
    #[serde(skip)]
    standard_no: Option<StandardNo>,
    #[serde(skip)]
    replaces: Option<AssessmentNo>,
}

/// What a levy did.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "核定的结果")]
pub struct Assessed {
    /// Dwellings assessed for the first time.
    #[schemars(description = "新核定：户", example = 12)]
    pub new: u32,
    /// Dwellings assessed anew.
    #[schemars(description = "重新核定：户", example = 0)]
    pub changed: u32,
    /// Dwellings that stay as they are.
    #[schemars(description = "不变：户", example = 0)]
    pub same: u32,
    /// What they all owe.
    #[schemars(description = "应交合计：分", example = 6_899_100)]
    pub total_fen: Money,
    /// The law it was reckoned by.
    #[schemars(description = "政策包", example = &"310000@2024-10+310000@2021-01 sha256:…")]
    pub pack: String,
}

/// What a levy would do, dwelling by dwelling, in natural order. Nothing is written.
///
/// # Errors
/// As [`levy`], but for `fund.assessment-paid`: a preview shows what was paid.
pub async fn levy_preview(
    view: &mut impl View,
    compound: CompoundId,
    asked: &Levying,
) -> Result<Vec<LevyRow>> {
    Ok(gather(view, compound, asked).await?.0)
}

/// Levies by the standard of a day: one dwelling or all of them, in one act. The same again changes nothing.
///
/// # Errors
/// `fund.levy-shape`, `fund.papers`, `seal.person-in-text`, `property.no-dwelling`, `fund.not-levied`, `fund.no-standard`,
/// `fund.standard-share`, `fund.assessment-paid`; those of [`policy::at`].
pub async fn levy(tx: &mut Tx, asked: &Levying) -> Result<Assessed> {
    let compound = tx.compound();
    let (rows, pack) = gather(tx, compound, asked).await?;

    may_be_assessed(&rows, &asked.reason)?;

    let due_on = due_days(asked)?;
    let mut done =
        Assessed { new: 0, changed: 0, same: 0, total_fen: Money::ZERO, pack: pack.clone() };
    for row in &rows {
        done.total_fen += row.due;
        match row.change {
            LevyChange::New => done.new += 1,
            LevyChange::Changed => done.changed += 1,
            LevyChange::Same => {
                done.same += 1;
                continue;
            }
        }
        let new = NewAssessment {
            dwelling: row.dwelling_no,
            kind: asked.kind.deposit().name(),
            month: asked.month,
            unit: None,
            plan: None,
            due: row.due,
            due_on: &due_on,
            standard: &row.standard,
            standard_no: row.standard_no,
            area: row.area,
            rate: &row.rate,
            pack: &pack,
            replaces: row.replaces,
            reason: asked.reason.trim(),
        };
        keep(tx, &new);
        tx.put_is_due().await?;
    }
    Ok(done)
}

/// Whether what was paid may be assessed anew.
fn may_be_assessed(rows: &[LevyRow], reason: &str) -> Result<(), Refusal> {
    let is_open = |row: &&LevyRow| row.change == LevyChange::Changed && row.paid.is_positive();
    if let Some(row) = rows.iter().find(is_open).filter(|_| reason.trim().is_empty()) {
        let before = row.before.unwrap_or_default();
        let evidence = format!(
            "{} 原核定 {} 元，已交 {} 元，新核定 {} 元",
            row.room,
            before.grouped(),
            row.paid.grouped(),
            row.due.grouped()
        );
        return Err(ASSESSMENT_PAID.refuse(evidence).with("room", row.room.to_string()));
    }
    Ok(())
}

fn due_days(asked: &Levying) -> Result<Vec<Day>, Refusal> {
    let first = asked.due_on.unwrap_or(asked.on);
    let days = Instalments::days(asked.instalments, first);
    let wrong = |evidence: String| LEVY_SHAPE.refuse(evidence);
    let days = days.ok_or_else(|| wrong(format!("分期 {:?}", asked.instalments)))?;
    if first < asked.on {
        return Err(wrong(format!("应交日期 {first}，核定日 {}", asked.on)));
    }
    if asked.month.is_some() != (asked.kind == LevyKind::Monthly) {
        return Err(wrong("月份".to_owned()));
    }
    Ok(days)
}

async fn gather(
    view: &mut impl View,
    compound: CompoundId,
    asked: &Levying,
) -> Result<(Vec<LevyRow>, String)> {
    due_days(asked)?;
    may_be_day("核定日", asked.on)?;
    if !asked.reason.is_empty() {
        may_be_kept("原因", &asked.reason)?;
    }
    let jurisdiction = property::jurisdiction(view, compound).await?;
    let pack = policy::at(view, &jurisdiction, asked.on).await?;
    let registered = standards(view, compound).await?;
    let roll = property::roll(view, compound, asked.on).await?;
    let kind = asked.kind.deposit();
    let month = asked.month.map_or(0, Month::number);
    let before = latest(view, compound, kind.name(), month).await?;
    let paid = deposit::paid(view, compound, None, None).await?;

    let mut wanted: HashSet<&RoomCode> = asked.rooms.iter().collect();
    let all = wanted.is_empty();
    let mut found = Vec::new();
    for dwelling in &roll {
        if !wanted.remove(&dwelling.code) && !all {
            continue;
        }
        let levied = levied_as(dwelling);
        let is_asked = |levied: &Levied| asked.levied.is_empty() || asked.levied.contains(levied);
        let Some(levied) = levied.filter(is_asked) else {
            if all {
                continue;
            }
            let evidence = format!("{}：{}", dwelling.code, levied.map_or("物业用房", in_chinese));
            return Err(NOT_LEVIED.refuse(evidence).into());
        };
        let is_monthly = asked.kind == LevyKind::Monthly;
        let reckoned = reckon(&pack, &registered, dwelling, levied, is_monthly, asked.on)?;
        let paid = paid.get(&(dwelling.no, kind, None)).copied().unwrap_or_default();
        found.push(row(dwelling.no, &dwelling.code, reckoned, before.get(&dwelling.no), paid));
    }
    if let Some(unknown) = wanted.iter().min() {
        return Err(NO_DWELLING.refuse(format!("房号 {unknown}")).into());
    }
    if found.is_empty() {
        return Err(NOT_LEVIED.refuse("没有所选的房屋").into());
    }
    Ok((found, pack.provenance.to_string()))
}

fn row(
    no: DwellingNo,
    room: &RoomCode,
    reckoned: Reckoned,
    latest: Option<&Standing>,
    paid: Money,
) -> LevyRow {
    let before = latest.filter(|b| b.goes_on);
    let change = match before {
        None => LevyChange::New,
        Some(b)
            if b.due == reckoned.due
                && b.standard == reckoned.standard
                && b.area == reckoned.area =>
        {
            LevyChange::Same
        }
        Some(_) => LevyChange::Changed,
    };
    LevyRow {
        dwelling_no: no,
        room: room.clone(),
        standard: reckoned.standard,
        area: reckoned.area,
        rate: reckoned.rate.to_string(),
        due: reckoned.due,
        before: before.map(|b| b.due),
        paid,
        change,
        standard_no: reckoned.standard_no,
        replaces: latest.map(|b| b.no),
    }
}

/// An instalment of an assessment that stands, or the whole of one that is due at once.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) assessment: AssessmentNo,
    pub(super) dwelling: DwellingNo,
    pub(super) kind: DepositKind,
    pub(super) plan: Option<RenewalNo>,
    pub(super) due_on: Day,
    pub(super) due: Money,
}

/// Everything owners are to pay in, in the order it falls due. What was recorded as due at first without a standard of ours was
/// due no later than it was begun to be paid.
pub(super) async fn all_dues(
    view: &mut impl View,
    compound: CompoundId,
    only: Option<DwellingNo>,
) -> Result<Vec<Due>> {
    let which = if only.is_some() { "AND a.dwelling_no = $2" } else { "" };
    let sql = format!(
        "SELECT a.assessment_no, a.dwelling_no, a.kind, COALESCE(a.plan_no, 0) AS plan_no,
           COALESCE(i.due_on, CASE WHEN f.first_on < a.due_on AND a.standard_no IS NULL AND a.kind = 'initial'
             THEN f.first_on ELSE a.due_on END) AS due_on,
           COALESCE(i.due_fen, a.due_fen) AS due_fen
         FROM assessment a LEFT JOIN assessment_instalment i
           ON i.compound_id = a.compound_id AND i.assessment_no = a.assessment_no
         LEFT JOIN (SELECT d.dwelling_no, min(d.received_on) AS first_on FROM deposit d
             WHERE d.compound_id = $1 AND d.dwelling_no IS NOT NULL AND d.kind = 'initial' AND {} AND {}
             GROUP BY d.dwelling_no) f ON f.dwelling_no = a.dwelling_no
         WHERE a.compound_id = $1 {which} AND a.unit_no IS NULL AND {}
         ORDER BY 5, a.assessment_no, i.instalment_no",
        rows::stands("d", "voucher_seq"),
        rows::goes_on("d"),
        rows::current()
    );
    let mut values = vec![compound.0.into()];
    values.extend(only.map(|d| d.0.into()));
    let mut dues = Vec::new();
    for row in view.rows(DEPOSITS, &sql, values).await? {
        let (kind, plan): (String, i32) = (row.try_get("", "kind")?, row.try_get("", "plan_no")?);
        let Some(kind) = DepositKind::named(&kind) else { continue };
        dues.push(Due {
            assessment: AssessmentNo(row.try_get("", "assessment_no")?),
            dwelling: DwellingNo(row.try_get("", "dwelling_no")?),
            kind,
            plan: (plan > 0).then_some(RenewalNo(plan)),
            due_on: row.try_get("", "due_on")?,
            due: Money::fen(row.try_get("", "due_fen")?),
        });
    }
    Ok(dues)
}

/// The dwellings of a table of rooms and amounts, each once.
pub(super) async fn dwellings_of(
    view: &mut impl View,
    compound: CompoundId,
    rooms: impl Iterator<Item = &RoomCode>,
) -> Result<BTreeMap<RoomCode, DwellingNo>> {
    let codes = property::codes(view, compound).await?;
    let mut found = BTreeMap::new();
    for room in rooms {
        let no = codes.get(room).copied();
        let no = no.ok_or_else(|| NO_DWELLING.refuse(format!("房号 {room}")))?;
        found.insert(room.clone(), no);
    }
    Ok(found)
}
