//! A district's view: its compounds side by side, by street, and what is out of the way among them, each with its evidence.
//!
//! Owns: `district_figure`: sums over every dwelling of a compound, kept for as long as what they rest on stands still (`figures`).
//!
//! Always: figures of all compounds are asked for as sets, one question a kind, whatever their number; what is kept makes an
//! answer quick and never another. A rule is data (`district.toml`, `rules`) with its source and how sure we are; what it
//! finds carries the figures it was found by. It accuses nobody.
//! Limits: the mode of management is known as far as a company's contract is in force, or else by what a renovation agreed for
//! afterwards or a subsidy for management was reckoned by. The collection rate is the ledger's own, to date: what left the
//! receivable over what was billed, remissions included (`arrears::rate` tells them apart, for one compound). A work is a lift's
//! where the title of its project says so; lifts are stairs that have one. Of public revenue only the last period that should
//! hang is looked at; what is owed to the fund is looked up compound by compound ([`duties`]).

mod asked;
mod figures;
mod rules;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::figures::{KEPT, untrue};
pub use self::figures::{Keeping, keep, keep_up};
pub use self::rules::Finding;

use self::asked::{Gathered, gather, jobs};
use self::figures::{Figures, figures};
use self::rules::{YARDSTICKS, found};
use crate::books::View;
use crate::calendar::{Day, Month};
use crate::error::Result;
use crate::id::AreaId;
use crate::money::{Money, Rounding, Unrounded};
use crate::property::{self, AreaKind, Compound};
use crate::revenue::publication::{self, Open};
use crate::subsidy::terms::Mode;

/// How compounds are managed: how many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "CompoundsByMode", description = "各管理方式的小区数")]
pub struct Modes {
    /// By a company.
    #[schemars(description = "物业企业管理", example = 30)]
    pub company: i64,
    /// By the unit that owned it.
    #[schemars(description = "产权单位管理", example = 2)]
    pub unit: i64,
    /// By the owners themselves.
    #[schemars(description = "业主自管", example = 3)]
    pub self_managed: i64,
    /// By the street's centre.
    #[schemars(description = "街道物业服务中心管理", example = 4)]
    pub street_centre: i64,
    /// By nobody the books know.
    #[schemars(description = "没有登记", example = 1)]
    pub unknown: i64,
}

/// How far projects have come: how many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "ProjectsByStage", description = "维修项目：各阶段个数")]
pub struct Stages {
    /// Proposed or planned, and no further.
    #[schemars(description = "已立项、有方案", example = 1)]
    pub proposed: i64,
    /// Applied for.
    #[schemars(description = "已申请、已批准", example = 1)]
    pub applied: i64,
    /// Under a contract.
    #[schemars(description = "已签合同、施工中", example = 1)]
    pub underway: i64,
    /// Accepted or settled.
    #[schemars(description = "已验收、已决算", example = 0)]
    pub accepted: i64,
    /// Archived.
    #[schemars(description = "已归档", example = 2)]
    pub archived: i64,
    /// Withdrawn.
    #[schemars(description = "已撤回", example = 0)]
    pub withdrawn: i64,
}

/// How far renovations have come: how many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "RenovationsByStage", description = "老旧小区改造：各阶段个数")]
pub struct Renovations {
    /// In the reserve, planned or not.
    #[schemars(description = "储备，方案未经审查的在内", example = 1)]
    pub reserved: i64,
    /// Reviewed.
    #[schemars(description = "已审查，未开工", example = 0)]
    pub reviewed: i64,
    /// Under way.
    #[schemars(description = "施工中", example = 1)]
    pub underway: i64,
    /// Accepted.
    #[schemars(description = "已验收，未移交", example = 0)]
    pub accepted: i64,
    /// Handed over.
    #[schemars(description = "已移交", example = 0)]
    pub handed_over: i64,
    /// Withdrawn.
    #[schemars(description = "已撤回", example = 0)]
    pub withdrawn: i64,
    /// Households of those that are not withdrawn.
    #[schemars(description = "户数：撤回的不计", example = 802)]
    pub households: i64,
    /// Milestones missed, of those that are not over.
    #[schemars(description = "逾期的节点：移交、撤回的不计", example = 1)]
    pub milestones_missed: i64,
    /// Days of reporting missed, of those that are not over.
    #[schemars(description = "漏报的调度日：移交、撤回的不计", example = 2)]
    pub rounds_missed: i64,
    /// What reviewed plans come to, labour left out.
    #[schemars(description = "已审查方案的资金：分，不含投工投劳", example = 6_089_300_000_i64)]
    pub planned_fen: Money,
}

/// Government money of a compound or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "DistrictSubsidies", description = "补贴：下达、到账、支付、上缴")]
pub struct Subsidies {
    /// What was granted.
    #[schemars(description = "下达：分", example = 525_000_000)]
    pub granted_fen: Money,
    /// What came.
    #[schemars(description = "到账：分", example = 350_000_000)]
    pub received_fen: Money,
    /// What was spent, less what was clawed back.
    #[schemars(description = "支付：分，追回的已减", example = 200_000_000)]
    pub spent_fen: Money,
    /// What was handed back.
    #[schemars(description = "上缴：分", example = 0)]
    pub returned_fen: Money,
    /// What is there, interest included.
    #[schemars(description = "结余：分，利息在内", example = 150_000_000)]
    pub left_fen: Money,
    /// What of it is past its day.
    #[schemars(description = "逾期未用：分", example = 0)]
    pub overdue_fen: Money,
}

impl Subsidies {
    fn plus(self, more: Subsidies) -> Subsidies {
        Subsidies {
            granted_fen: self.granted_fen + more.granted_fen,
            received_fen: self.received_fen + more.received_fen,
            spent_fen: self.spent_fen + more.spent_fen,
            returned_fen: self.returned_fen + more.returned_fen,
            left_fen: self.left_fen + more.left_fen,
            overdue_fen: self.overdue_fen + more.overdue_fen,
        }
    }
}

/// A compound in its district.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "DistrictCompound", description = "一个小区")]
pub struct Row {
    /// Its code.
    #[schemars(description = "小区代码", example = &"xiaohe")]
    pub compound: String,
    /// Its name.
    #[schemars(description = "名称", example = &"小河里小区")]
    pub name: String,
    /// The street it lies in; empty if none.
    #[schemars(description = "所在街道：没有则空", example = &"某街道")]
    pub street: String,
    /// How it is managed.
    #[schemars(description = "管理方式：没有登记的为空")]
    pub mode: Option<Mode>,
    /// Its dwellings.
    #[schemars(description = "户数", example = 500)]
    pub dwellings: i64,
    /// The area that bears the fund.
    #[schemars(description = "面积：0.01 平方米", example = 4_500_000)]
    pub area_centi_m2: i64,
    /// What its fund has.
    #[schemars(description = "维修资金：分，银行存款与国债", example = 300_000_000)]
    pub fund_fen: Money,
    /// Of it a square metre.
    #[schemars(description = "每平方米维修资金：分；没有面积的为空", example = 6_666)]
    pub fund_per_m2_fen: Option<i64>,
    /// Dwellings whose first deposit is known.
    #[schemars(description = "有首期交存的户数", example = 480)]
    pub deposited: i64,
    /// Of these, below the bar.
    #[schemars(description = "余额低于首期 30% 的户数", example = 12)]
    pub low: i64,
    /// What was billed to date.
    #[schemars(description = "物业费累计应收：分", example = 10_000_000)]
    pub billed_fen: Money,
    /// What left the receivable.
    #[schemars(description = "累计已清：分，缴纳、抵扣与减免", example = 8_200_000)]
    pub settled_fen: Money,
    /// The one over the other.
    #[schemars(description = "累计收缴率：万分点；没有账单的为空", example = 8_200)]
    pub collection_bp: Option<i64>,
    /// Projects proposed within a year.
    #[schemars(description = "一年内立项的维修项目", example = 2)]
    pub uses: i64,
    /// What its fund paid within a year.
    #[schemars(description = "一年内维修支出：分", example = 500_000)]
    pub spent_fen: Money,
    /// Stairs with a lift.
    #[schemars(description = "电梯：有电梯的单元数", example = 6)]
    pub lifts: i64,
    /// What its fund paid for lifts within a year.
    #[schemars(
        description = "一年内用于电梯的维修支出：分，项目名称写明电梯的",
        example = 300_000
    )]
    pub lift_spent_fen: Money,
    /// Projects by stage.
    #[schemars(description = "维修项目：各阶段个数")]
    pub projects: Stages,
    /// Renovations by stage.
    #[schemars(description = "老旧小区改造：各阶段个数")]
    pub renovations: Renovations,
    /// Government money.
    #[schemars(description = "补贴")]
    pub subsidies: Subsidies,
    /// Contracts of common parts whose rent is overdue.
    #[schemars(description = "租金逾期的经营合同", example = 1)]
    pub rents_overdue: i64,
    /// How much.
    #[schemars(description = "逾期的租金：分", example = 105_000)]
    pub rents_overdue_fen: Money,
    /// The period of public revenue that should hang and does not.
    #[schemars(description = "超期未公示的公共收益期间：末月，没有则空")]
    pub unpublished: Option<Month>,
}

/// A street, or the whole: the sums of its compounds.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "DistrictSum", description = "一个街道，或合计")]
pub struct Sum {
    /// Which.
    #[schemars(description = "街道：合计的为“合计”", example = &"某街道")]
    pub of: String,
    /// How many compounds.
    #[schemars(description = "小区数", example = 40)]
    pub compounds: i64,
    /// By how they are managed.
    #[schemars(description = "各管理方式的小区数")]
    pub modes: Modes,
    /// Dwellings.
    #[schemars(description = "户数", example = 20_000)]
    pub dwellings: i64,
    /// The fund.
    #[schemars(description = "维修资金：分", example = 12_000_000_000_i64)]
    pub fund_fen: Money,
    /// Of it a square metre.
    #[schemars(description = "每平方米维修资金：分；没有面积的为空", example = 6_666)]
    pub fund_per_m2_fen: Option<i64>,
    /// Dwellings below the bar.
    #[schemars(description = "余额低于首期 30% 的户数", example = 300)]
    pub low: i64,
    /// The collection rate.
    #[schemars(description = "累计收缴率：万分点；没有账单的为空", example = 8_200)]
    pub collection_bp: Option<i64>,
    /// Compounds below the break-even line.
    #[schemars(description = "收缴率低于 85% 的小区", example = 12)]
    pub below_break_even: i64,
    /// Projects that are not over.
    #[schemars(description = "在办的维修项目", example = 25)]
    pub projects_open: i64,
    /// Renovations that are not over.
    #[schemars(description = "在办的改造项目", example = 2)]
    pub renovations_open: i64,
    /// Compounds whose renovations missed a milestone or a day of reporting.
    #[schemars(description = "改造节点逾期或漏报调度的小区", example = 1)]
    pub renovations_behind: i64,
    /// Their households.
    #[schemars(description = "改造的户数：撤回的不计", example = 802)]
    pub renovated_households: i64,
    /// What their plans come to.
    #[schemars(description = "已审查方案的资金：分", example = 6_089_300_000_i64)]
    pub renovation_planned_fen: Money,
    /// Government money.
    #[schemars(description = "补贴")]
    pub subsidies: Subsidies,
    /// Compounds with overdue rents.
    #[schemars(description = "经营合同租金逾期的小区", example = 2)]
    pub rents_overdue: i64,
    /// Compounds whose revenue should hang and does not.
    #[schemars(description = "公共收益超期未公示的小区", example = 3)]
    pub unpublished: i64,
}

/// A district.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "District", description = "区、街道总览")]
pub struct District {
    /// The day.
    #[schemars(description = "截至日")]
    pub on: Day,
    /// All of it.
    #[schemars(description = "合计")]
    pub total: Sum,
    /// Street by street.
    #[schemars(description = "各街道")]
    pub streets: Vec<Sum>,
    /// Compound by compound, by code.
    #[schemars(description = "各小区")]
    pub compounds: Vec<Row>,
    /// What is out of the way.
    #[schemars(description = "提示")]
    pub findings: Vec<Finding>,
}

/// A duty of public revenue that is not done, and whose.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "DistrictDuty", description = "一个小区尚未办理的公示、划转及其逾期天数")]
pub struct Owed {
    /// Its code.
    #[schemars(description = "小区代码", example = &"xiaohe")]
    pub compound: String,
    /// Its name.
    #[schemars(description = "名称", example = &"小河里小区")]
    pub name: String,
    /// What.
    #[serde(flatten)]
    pub open: Open,
}

/// What the law wanted of the public revenue of some compounds and was not done, the longest overdue first. Each compound that has
/// any is looked at by itself: its duties rest on every movement of it.
///
/// # Errors
/// Those of [`publication::duties`].
pub async fn duties(view: &mut impl View, compounds: &[Compound], today: Day) -> Result<Vec<Owed>> {
    let have = publication::having(view).await?;
    let mut owed = Vec::new();
    for compound in compounds.iter().filter(|compound| have.contains(&compound.id)) {
        for open in publication::duties(view, compound.id, today).await? {
            let (code, name) = (compound.code.clone(), compound.name.clone());
            owed.push(Owed { compound: code, name, open });
        }
    }
    // What has no day is after whatever has one.
    owed.sort_by_key(|owed| (owed.open.due_on.is_none(), owed.open.due_on));
    Ok(owed)
}

/// The view of some compounds as of a day.
///
/// # Errors
/// Those of [`crate::policy::at`].
pub async fn view(view: &mut impl View, compounds: &[Compound], today: Day) -> Result<District> {
    let rungs = property::areas(view).await?;
    let streets: BTreeMap<AreaId, String> = rungs
        .iter()
        .filter(|rung| rung.kind == AreaKind::Street)
        .map(|rung| (rung.id, rung.name.clone()))
        .collect();
    let codes: BTreeMap<AreaId, String> =
        rungs.iter().map(|rung| (rung.id, rung.code.clone())).collect();
    let numbers: Vec<i32> = compounds.iter().map(|compound| compound.id.0).collect();
    let figures = figures(view, &numbers, today).await?;
    let gathered = gather(view, compounds, &codes, today).await?;
    let jobs = jobs(view, compounds).await?;
    let row = |c: &Compound| {
        let figures = figures.get(&c.id.0).copied().unwrap_or_default();
        row(c, &streets, &figures, &gathered)
    };
    let rows: Vec<Row> = compounds.iter().map(row).collect();
    let mut by_street: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        by_street.entry(&row.street).or_default().push(row);
    }
    let sums = by_street.iter().map(|(street, rows)| {
        let of = if street.is_empty() { "未登记街道" } else { street };
        summed(of, rows)
    });
    let streets = sums.collect();
    let findings = found(&rows, compounds, &jobs, &gathered.behind);
    let total = summed("合计", &rows.iter().collect::<Vec<_>>());
    Ok(District { on: today, total, streets, compounds: rows, findings })
}

fn row(
    compound: &Compound,
    streets: &BTreeMap<AreaId, String>,
    figures: &Figures,
    of: &Gathered,
) -> Row {
    let id = compound.id.0;
    let Figures { area_centi_m2, billed_fen, settled_fen, .. } = *figures;
    let fund = of.fund.get(&id).copied().unwrap_or_default();
    let (spent, on_lifts) = of.spent.get(&id).copied().unwrap_or_default();
    let (rents_overdue, rents_overdue_fen) = of.rents.get(&id).copied().unwrap_or_default();
    let (projects, uses) = of.projects.get(&id).copied().unwrap_or_default();
    // A contract in force is the plainest word; else what was agreed or subsidised last.
    let agreed = of.agreed.get(&id).map(|(_, mode)| *mode);
    let mode = if of.companies.contains(&id) { Some(Mode::Company) } else { agreed };
    Row {
        compound: compound.code.clone(),
        name: compound.name.clone(),
        street: compound
            .areas
            .iter()
            .find_map(|area| streets.get(area))
            .cloned()
            .unwrap_or_default(),
        mode,
        dwellings: figures.dwellings,
        area_centi_m2,
        fund_fen: Money::fen(fund),
        fund_per_m2_fen: per_m2(fund, area_centi_m2),
        deposited: figures.deposited,
        low: figures.low,
        billed_fen: Money::fen(billed_fen),
        settled_fen: Money::fen(settled_fen),
        collection_bp: per(settled_fen, billed_fen, 10_000),
        uses,
        spent_fen: Money::fen(spent),
        lifts: figures.lifts,
        lift_spent_fen: Money::fen(on_lifts),
        projects,
        renovations: of.renovations.get(&id).copied().unwrap_or_default(),
        subsidies: of.subsidies.get(&id).copied().unwrap_or_default(),
        rents_overdue,
        rents_overdue_fen,
        unpublished: of.unpublished.get(&id).copied(),
    }
}

/// Fen a square metre, half up; none without an area.
fn per_m2(fen: i64, area_centi_m2: i64) -> Option<i64> {
    let area = Decimal::new(area_centi_m2, 2);
    let exact = Decimal::new(fen, 2).checked_div(area).filter(|_| area_centi_m2 > 0)?;
    Unrounded::yuan(exact).round(Rounding::HalfUpFen).ok().map(Money::in_fen)
}

/// part × times ÷ whole, cut, so that what is below a line does not read as on it; none without a whole.
fn per(part: i64, whole: i64, times: i64) -> Option<i64> {
    if whole <= 0 {
        return None;
    }
    i64::try_from(i128::from(part) * i128::from(times) / i128::from(whole)).ok()
}

fn summed(of: &str, rows: &[&Row]) -> Sum {
    let sum = |of: &dyn Fn(&Row) -> i64| rows.iter().map(|row| of(row)).sum::<i64>();
    let many = |is: &dyn Fn(&Row) -> bool| count(rows.iter().filter(|row| is(row)).count());
    let (fund, area) = (sum(&|r| r.fund_fen.in_fen()), sum(&|r| r.area_centi_m2));
    let line = YARDSTICKS.collection_line();
    let open = |r: &Row| {
        r.projects.proposed + r.projects.applied + r.projects.underway + r.projects.accepted
    };
    let renewing = |r: &Row| {
        let of = r.renovations;
        of.reserved + of.reviewed + of.underway + of.accepted
    };
    Sum {
        of: of.to_owned(),
        compounds: count(rows.len()),
        modes: Modes {
            company: many(&|r| r.mode == Some(Mode::Company)),
            unit: many(&|r| r.mode == Some(Mode::Unit)),
            self_managed: many(&|r| r.mode == Some(Mode::SelfManaged)),
            street_centre: many(&|r| r.mode == Some(Mode::StreetCentre)),
            unknown: many(&|r| r.mode.is_none()),
        },
        dwellings: sum(&|r| r.dwellings),
        fund_fen: Money::fen(fund),
        fund_per_m2_fen: per_m2(fund, area),
        low: sum(&|r| r.low),
        collection_bp: per(
            sum(&|r| r.settled_fen.in_fen()),
            sum(&|r| r.billed_fen.in_fen()),
            10_000,
        ),
        below_break_even: many(&|r| r.collection_bp.is_some_and(|bp| bp < line)),
        projects_open: sum(&open),
        renovations_open: sum(&renewing),
        renovations_behind: many(&|r| {
            r.renovations.milestones_missed + r.renovations.rounds_missed > 0
        }),
        renovated_households: sum(&|r| r.renovations.households),
        renovation_planned_fen: rows.iter().map(|r| r.renovations.planned_fen).sum(),
        subsidies: rows.iter().fold(Subsidies::default(), |sum, r| sum.plus(r.subsidies)),
        rents_overdue: many(&|r| r.rents_overdue > 0),
        unpublished: many(&|r| r.unpublished.is_some()),
    }
}

fn count(many: usize) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX)
}
