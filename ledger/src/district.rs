//! A district's view: its compounds side by side, by street, and what is out of the way among them, each with its evidence.
//!
//! Owns: nothing, and only reads; figures of all compounds are asked for as sets, one question a kind, whatever their number.
//!
//! Always: a rule is data (`district.toml`) with its source and how sure we are; what it finds carries the figures it was found
//! by. It accuses nobody.
//! Limits: the mode of management is known as far as a company's contract is in force, or else by what a renovation agreed for
//! afterwards or a subsidy for management was reckoned by; subsidies are no part of it yet. The collection rate is the ledger's own, to date: what left the receivable over
//! what was billed, remissions included (`arrears::rate` tells them apart, for one compound). The cost per lift is not known:
//! which works were a lift's stands in a title only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::{Reads, View};
use crate::calendar::{Day, Month};
use crate::error::{Result, Storage};
use crate::id::{AreaId, CompoundId};
use crate::journal::Book;
use crate::money::Money;
use crate::policy::{self, Jurisdiction};
use crate::property::{self, AreaKind, Compound};
use crate::revenue::reckon::period_of;
use crate::subsidy::terms::Mode;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Yardsticks {
    low_part: i64,
    low_of: i64,
    rule: Vec<Rule>,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Of {
    Collection,
    LowDwellings,
    Uses,
    Cost,
    Split,
    Contractor,
    Dates,
    Unpublished,
}

/// A rule that points at what is out of the way.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Rule {
    name: String,
    of: Of,
    #[serde(default)]
    below_bp: i64,
    #[serde(default)]
    from_bp: i64,
    #[serde(default)]
    from: i64,
    #[serde(default)]
    times_peers: i64,
    #[serde(default)]
    below_fen: i64,
    #[serde(default)]
    days: u64,
    says: String,
    source: String,
    evidence: String,
}

static YARDSTICKS: LazyLock<Yardsticks> = LazyLock::new(|| {
    toml::from_str(include_str!("district.toml")).expect("the shipped rules are read by a test")
});

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
    /// Projects by stage.
    #[schemars(description = "维修项目：各阶段个数")]
    pub projects: Stages,
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
    /// Compounds whose revenue should hang and does not.
    #[schemars(description = "公共收益超期未公示的小区", example = 3)]
    pub unpublished: i64,
}

/// What a rule points at.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "DistrictFinding", description = "一条提示：请核查，不是结论")]
pub struct Finding {
    /// The rule.
    #[schemars(description = "规则", example = &"uses-many")]
    pub rule: String,
    /// What it says.
    #[schemars(description = "规则的内容", example = &"一年内使用次数为同区中位数的 3 倍以上")]
    pub says: String,
    /// Where it comes from.
    #[schemars(description = "出处", example = &"property 1.6")]
    pub source: String,
    /// How sure we are: V verified, D recommended.
    #[schemars(description = "依据：V 已核实，D 建议", example = &"D")]
    pub evidence: String,
    /// The compound; empty where it is of the district.
    #[schemars(description = "小区代码：全区的为空", example = &"xiaohe")]
    pub compound: String,
    /// The figures.
    #[schemars(description = "事实", example = &"一年内 9 次，同区中位数 2 次")]
    pub found: String,
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
    /// What is not in it.
    #[schemars(description = "不含的内容", example = &["补贴的下达、拨付、使用与退回"])]
    pub missing: Vec<String>,
}

/// A contract of works.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Job {
    compound: CompoundId,
    project: i32,
    contractor: String,
    price: Money,
    signed_on: Option<Day>,
    started_on: Option<Day>,
    finished_on: Option<Day>,
}

/// Everything that is asked, by compound.
#[derive(Debug, Default)]
struct Gathered {
    homes: BTreeMap<i32, (i64, i64)>,
    money: BTreeMap<i32, [i64; 3]>,
    low: BTreeMap<i32, (i64, i64)>,
    companies: BTreeSet<i32>,
    agreed: BTreeMap<i32, (Day, Mode)>,
    projects: BTreeMap<i32, (Stages, i64)>,
    spent: BTreeMap<i32, i64>,
    unpublished: BTreeMap<i32, Month>,
}

/// The view of some compounds as of a day.
///
/// # Errors
/// Those of [`policy::at`].
pub async fn view(view: &mut impl View, compounds: &[Compound], today: Day) -> Result<District> {
    let rungs = property::areas(view).await?;
    let streets: BTreeMap<AreaId, String> = rungs
        .iter()
        .filter(|rung| rung.kind == AreaKind::Street)
        .map(|rung| (rung.id, rung.name.clone()))
        .collect();
    let codes: BTreeMap<AreaId, String> =
        rungs.iter().map(|rung| (rung.id, rung.code.clone())).collect();
    let mut gathered = gather(view, compounds, today).await?;
    gathered.unpublished = unpublished(view, compounds, &codes, today).await?;
    let jobs = jobs(view, compounds).await?;
    let rows: Vec<Row> = compounds.iter().map(|c| row(c, &streets, &gathered)).collect();
    let mut by_street: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        by_street.entry(&row.street).or_default().push(row);
    }
    let sums = by_street.iter().map(|(street, rows)| {
        let of = if street.is_empty() { "未登记街道" } else { street };
        summed(of, rows)
    });
    let streets = sums.collect();
    let findings = found(&rows, compounds, &jobs);
    let total = summed("合计", &rows.iter().collect::<Vec<_>>());
    let missing = ["补贴的下达、拨付、使用与退回", "每部电梯的维修支出"];
    Ok(District {
        on: today,
        total,
        streets,
        compounds: rows,
        findings,
        missing: missing.map(str::to_owned).to_vec(),
    })
}

fn row(compound: &Compound, streets: &BTreeMap<AreaId, String>, of: &Gathered) -> Row {
    let id = compound.id.0;
    let (dwellings, area_centi_m2) = of.homes.get(&id).copied().unwrap_or_default();
    let [fund, billed, settled] = of.money.get(&id).copied().unwrap_or_default();
    let (deposited, low) = of.low.get(&id).copied().unwrap_or_default();
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
        dwellings,
        area_centi_m2,
        fund_fen: Money::fen(fund),
        fund_per_m2_fen: per(fund, area_centi_m2, 100),
        deposited,
        low,
        billed_fen: Money::fen(billed),
        settled_fen: Money::fen(settled),
        collection_bp: per(settled, billed, 10_000),
        uses,
        spent_fen: Money::fen(of.spent.get(&id).copied().unwrap_or_default()),
        projects,
        unpublished: of.unpublished.get(&id).copied(),
    }
}

/// part × times ÷ whole, cut; none without a whole.
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
    let line = YARDSTICKS.rule.iter().find(|rule| rule.of == Of::Collection);
    let line = line.map_or(0, |rule| rule.below_bp);
    let open = |r: &Row| {
        r.projects.proposed + r.projects.applied + r.projects.underway + r.projects.accepted
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
        fund_per_m2_fen: per(fund, area, 100),
        low: sum(&|r| r.low),
        collection_bp: per(
            sum(&|r| r.settled_fen.in_fen()),
            sum(&|r| r.billed_fen.in_fen()),
            10_000,
        ),
        below_break_even: many(&|r| r.collection_bp.is_some_and(|bp| bp < line)),
        projects_open: sum(&open),
        unpublished: many(&|r| r.unpublished.is_some()),
    }
}

fn count(many: usize) -> i64 {
    i64::try_from(many).unwrap_or(i64::MAX)
}

/// The middle of some figures, the lower of two; none of none.
fn median(mut figures: Vec<i64>) -> Option<i64> {
    figures.sort_unstable();
    figures.get(figures.len().checked_sub(1)? / 2).copied()
}

/// What the rules point at, rule by rule in their order, compounds by code.
fn found(rows: &[Row], compounds: &[Compound], jobs: &[Job]) -> Vec<Finding> {
    let code_of: BTreeMap<CompoundId, &str> =
        compounds.iter().map(|c| (c.id, c.code.as_str())).collect();
    let mut findings = Vec::new();
    for rule in &YARDSTICKS.rule {
        let mut tell = |compound: &str, found: String| {
            findings.push(Finding {
                rule: rule.name.clone(),
                says: rule.says.clone(),
                source: rule.source.clone(),
                evidence: rule.evidence.clone(),
                compound: compound.to_owned(),
                found,
            });
        };
        match rule.of {
            Of::Collection => {
                for row in rows {
                    if let Some(bp) = row.collection_bp.filter(|bp| *bp < rule.below_bp) {
                        let (settled, billed) =
                            (row.settled_fen.grouped(), row.billed_fen.grouped());
                        tell(&row.compound, format!("{}（{settled} ÷ {billed}）", percent(bp)));
                    }
                }
            }
            Of::LowDwellings => {
                for row in rows {
                    let bp = per(row.low, row.deposited, 10_000);
                    if bp.is_some_and(|bp| bp >= rule.from_bp) {
                        tell(&row.compound, format!("{} 户中 {} 户", row.deposited, row.low));
                    }
                }
            }
            Of::Uses => {
                let peers = rows.iter().map(|row| row.uses).filter(|uses| *uses > 0).collect();
                let peers = median(peers).unwrap_or_default();
                for row in rows {
                    if row.uses >= rule.from && row.uses >= rule.times_peers * peers {
                        let uses = row.uses;
                        tell(
                            &row.compound,
                            format!("一年内 {uses} 次，用过的小区中位数 {peers} 次"),
                        );
                    }
                }
            }
            Of::Cost => {
                let of = |row: &Row| per(row.spent_fen.in_fen(), row.area_centi_m2, 100);
                let spent = rows.iter().filter_map(of).filter(|cost| *cost > 0);
                let Some(peers) = median(spent.collect()) else { continue };
                for row in rows {
                    let cost = of(row).unwrap_or_default();
                    if peers > 0 && cost >= rule.times_peers * peers {
                        let [cost, peers] = [cost, peers].map(|fen| Money::fen(fen).grouped());
                        tell(
                            &row.compound,
                            format!("每平方米 {cost} 元，用过的小区中位数 {peers} 元"),
                        );
                    }
                }
            }
            Of::Split => {
                for ((compound, contractor), group) in splits(jobs, rule) {
                    let code = code_of.get(&compound).copied().unwrap_or_default();
                    let sum: Money = group.iter().map(|job| job.price).sum();
                    let numbers: Vec<String> =
                        group.iter().map(|j| j.project.to_string()).collect();
                    tell(
                        code,
                        format!(
                            "{contractor}：项目 {}，合计 {} 元",
                            numbers.join("、"),
                            sum.grouped()
                        ),
                    );
                }
            }
            Of::Contractor => {
                let mut many: BTreeMap<&str, i64> = BTreeMap::new();
                for job in jobs {
                    *many.entry(&job.contractor).or_default() += 1;
                }
                let all = count(jobs.len());
                for (contractor, jobs) in many {
                    let bp = per(jobs, all, 10_000).unwrap_or_default();
                    if jobs >= rule.from && bp >= rule.from_bp {
                        tell("", format!("{contractor}：{all} 份合同中 {jobs} 份"));
                    }
                }
            }
            Of::Dates => {
                for job in jobs {
                    let code = code_of.get(&job.compound).copied().unwrap_or_default();
                    let days = [
                        ("签订合同", job.signed_on),
                        ("开工", job.started_on),
                        ("竣工", job.finished_on),
                    ];
                    for ((first, early), (then, late)) in days.iter().zip(days.iter().skip(1)) {
                        if let (Some(early), Some(late)) = (early, late)
                            && late < early
                        {
                            tell(
                                code,
                                format!("项目 {}：{late} {then}，{early} {first}", job.project),
                            );
                        }
                    }
                }
            }
            Of::Unpublished => {
                for row in rows {
                    if let Some(month) = row.unpublished {
                        tell(&row.compound, format!("期间至 {month}"));
                    }
                }
            }
        }
    }
    findings
}

fn percent(bp: i64) -> String {
    format!("{}.{:02}%", bp / 100, bp % 100)
}

/// Contracts of one compound and contractor, each within the bound and signed close together, that are over it together.
fn splits<'a>(jobs: &'a [Job], rule: &Rule) -> BTreeMap<(CompoundId, &'a str), Vec<&'a Job>> {
    let mut groups: BTreeMap<(CompoundId, &str), Vec<&Job>> = BTreeMap::new();
    for job in jobs.iter().filter(|job| job.signed_on.is_some()) {
        if job.price.in_fen() <= rule.below_fen {
            groups.entry((job.compound, &job.contractor)).or_default().push(job);
        }
    }
    let mut found = BTreeMap::new();
    for (key, mut group) in groups {
        group.sort_by_key(|job| (job.signed_on, job.project));
        for (at, first) in group.iter().enumerate() {
            let until = first.signed_on.map(|day| day + Days::new(rule.days));
            let close: Vec<&Job> =
                group.iter().skip(at).take_while(|job| job.signed_on <= until).copied().collect();
            let sum: i64 = close.iter().map(|job| job.price.in_fen()).sum();
            if count(close.len()) >= rule.from && sum > rule.below_fen {
                found.insert(key, close);
                break;
            }
        }
    }
    found
}

/// Asks for every figure, a kind at a time.
async fn gather(view: &mut impl View, compounds: &[Compound], today: Day) -> Result<Gathered> {
    let numbers: Vec<i32> = compounds.iter().map(|compound| compound.id.0).collect();
    let year_ago = today - Days::new(365);
    let mut all = Gathered::default();
    let (these, list) = view.list_of(&numbers, 1);
    let ask = |sql: &str| sql.replace("{these}", &these);

    let sql = ask("SELECT compound_id, count(*) AS many, CAST(COALESCE(sum(fund_area_centi_m2), 0) AS BIGINT) AS area
                   FROM dwelling WHERE compound_id {these} AND kind <> 'service'
                     AND (began_on IS NULL OR began_on <= $2) AND (ended_on IS NULL OR ended_on > $2)
                   GROUP BY compound_id");
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), today.into()]).await? {
        let figures = (row.try_get("", "many")?, row.try_get("", "area")?);
        all.homes.insert(row.try_get("", "compound_id")?, figures);
    }
    // Money lies in accounts of nobody's in particular; what is owed, with each dwelling.
    let sql = ask("SELECT compound_id,
                     CAST(sum(CASE WHEN book = 1 THEN debit_fen - credit_fen ELSE 0 END) AS BIGINT) AS fund,
                     CAST(sum(CASE WHEN book = 3 THEN debit_fen ELSE 0 END) AS BIGINT) AS billed,
                     CAST(sum(CASE WHEN book = 3 THEN credit_fen ELSE 0 END) AS BIGINT) AS settled
                   FROM balance WHERE compound_id {these}
                     AND ((book = 1 AND dwelling_no = 0 AND account IN (1001, 1101, 1201))
                       OR (book = 3 AND account = 1122))
                   GROUP BY compound_id");
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        let figures =
            [row.try_get("", "fund")?, row.try_get("", "billed")?, row.try_get("", "settled")?];
        all.money.insert(row.try_get("", "compound_id")?, figures);
    }
    low(view, &these, &list, &mut all).await?;
    let sql = ask("SELECT DISTINCT compound_id FROM service_contract
                   WHERE compound_id {these} AND from_on <= $2 AND until_on >= $2 AND ended_by_act IS NULL");
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), today.into()]).await? {
        all.companies.insert(row.try_get_by_index(0)?);
    }
    modes(view, &these, &list, &mut all).await?;
    projects(view, &these, &list, year_ago, &mut all).await?;
    let sql = ask("SELECT compound_id, CAST(sum(CASE WHEN is_back = 1 THEN -amount_fen ELSE amount_fen END) AS BIGINT)
                   FROM project_payment WHERE compound_id {these} AND paid_on > $2 GROUP BY compound_id");
    for row in view.rows(Reads::SETTLED, &sql, vec![list, year_ago.into()]).await? {
        all.spent.insert(row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    }
    Ok(all)
}

/// Dwellings whose balance is below the yardstick's part of what was first paid in.
async fn low(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    all: &mut Gathered,
) -> Result<()> {
    let bearing = Book::Fund.chart().accounts.iter().filter(|account| account.bearing.is_some());
    let codes: Vec<String> = bearing.map(|account| account.code.to_string()).collect();
    let codes = codes.join(", ");
    let Yardsticks { low_part, low_of, .. } = &*YARDSTICKS;
    let firsts = "d.kind = 'initial' AND NOT EXISTS (SELECT 1 FROM voucher v
                  WHERE v.compound_id = d.compound_id AND v.book = 1 AND v.reverses_seq = d.voucher_seq)";
    let sql = format!(
        "SELECT d.compound_id, count(DISTINCT d.dwelling_no) AS deposited FROM deposit d
         WHERE d.compound_id {these} AND d.dwelling_no IS NOT NULL AND {firsts} GROUP BY d.compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        all.low.insert(row.try_get("", "compound_id")?, (row.try_get("", "deposited")?, 0));
    }
    // Only where something was ever taken can less be left than came first: the rest is not looked at one by one.
    let sql = format!(
        "SELECT c.compound_id, CAST(sum(CASE WHEN c.has * {low_of} < c.came * {low_part} THEN 1 ELSE 0 END) AS BIGINT) AS low
         FROM (SELECT s.compound_id,
                 (SELECT sum(b.credit_fen - b.debit_fen) FROM balance b WHERE b.compound_id = s.compound_id AND b.book = 1
                    AND b.dwelling_no = s.dwelling_no AND b.account IN ({codes})) AS has,
                 (SELECT sum(d.amount_fen) FROM deposit d
                  WHERE d.compound_id = s.compound_id AND d.dwelling_no = s.dwelling_no AND {firsts}) AS came
               FROM (SELECT compound_id, dwelling_no FROM balance WHERE compound_id {these} AND book = 1
                       AND dwelling_no > 0 AND account IN ({codes}) AND (debit_fen > 0 OR credit_fen < 0)
                     GROUP BY compound_id, dwelling_no) s) c
         GROUP BY c.compound_id"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        let low: i64 = row.try_get("", "low")?;
        all.low.entry(row.try_get("", "compound_id")?).or_default().1 = low;
    }
    Ok(())
}

/// How compounds are managed by the last word of an agreement for after a renovation or of a subsidy for management.
async fn modes(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    all: &mut Gathered,
) -> Result<()> {
    let sql = format!(
        "SELECT compound_id, recorded_on AS said_on, body FROM renovation_step
         WHERE compound_id {these} AND kind = 'long-term'
         UNION ALL SELECT compound_id, granted_on, base FROM tranche WHERE compound_id {these}"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone()]).await? {
        let (body, said_on): (String, Day) =
            (row.try_get("", "body")?, row.try_get("", "said_on")?);
        let bug = |e: serde_json::Error| Storage::Bug(format!("how it is managed: {e}"));
        let told: serde_json::Value = serde_json::from_str(&body).map_err(bug)?;
        let mode = told.get("body").unwrap_or(&told).get("mode").cloned().unwrap_or_default();
        let mode: Option<Mode> = serde_json::from_value(mode).map_err(bug)?;
        let Some(mode) = mode else { continue };
        let last = all.agreed.entry(row.try_get("", "compound_id")?).or_insert((said_on, mode));
        if said_on >= last.0 {
            *last = (said_on, mode);
        }
    }
    Ok(())
}

/// Projects by how far they have come, and how many were proposed within a year.
async fn projects(
    view: &mut impl View,
    these: &str,
    list: &sea_orm::Value,
    year_ago: Day,
    all: &mut Gathered,
) -> Result<()> {
    let sql = format!(
        "SELECT p.compound_id, CASE WHEN p.proposed_on > $2 THEN 1 ELSE 0 END AS is_new,
           COALESCE(max(CASE s.kind WHEN 'withdrawal' THEN 6 WHEN 'archived' THEN 5 WHEN 'final-account' THEN 4
             WHEN 'acceptance' THEN 4 WHEN 'contract' THEN 3 WHEN 'progress' THEN 3 WHEN 'application' THEN 2
             ELSE 1 END), 1) AS stage
         FROM project p LEFT JOIN project_step s ON s.compound_id = p.compound_id AND s.project_no = p.project_no
         WHERE p.compound_id {these} GROUP BY p.compound_id, p.project_no, p.proposed_on"
    );
    for row in view.rows(Reads::SETTLED, &sql, vec![list.clone(), year_ago.into()]).await? {
        let (stages, uses) = all.projects.entry(row.try_get("", "compound_id")?).or_default();
        let (stage, is_new): (i32, i32) = (row.try_get("", "stage")?, row.try_get("", "is_new")?);
        *uses += i64::from(is_new);
        let of = match stage {
            6 => &mut stages.withdrawn,
            5 => &mut stages.archived,
            4 => &mut stages.accepted,
            3 => &mut stages.underway,
            2 => &mut stages.applied,
            _ => &mut stages.proposed,
        };
        *of += 1;
    }
    Ok(())
}

/// Which compounds have public revenue of a period that should hang by now, by the law of where they lie.
async fn unpublished(
    view: &mut impl View,
    compounds: &[Compound],
    codes: &BTreeMap<AreaId, String>,
    today: Day,
) -> Result<BTreeMap<i32, Month>> {
    let sql =
        "SELECT compound_id, min(entered_on) AS begun FROM revenue_entry GROUP BY compound_id";
    let mut begun: BTreeMap<i32, Day> = BTreeMap::new();
    for row in view.rows(Reads::SETTLED, sql, vec![]).await? {
        begun.insert(row.try_get("", "compound_id")?, row.try_get("", "begun")?);
    }
    let sql = "SELECT DISTINCT compound_id, covers, through FROM revenue_publication";
    let mut hangs: BTreeSet<(i32, String, i32)> = BTreeSet::new();
    for row in view.rows(Reads::SETTLED, sql, vec![]).await? {
        let covers: String = row.try_get("", "covers")?;
        hangs.insert((row.try_get("", "compound_id")?, covers, row.try_get("", "through")?));
    }
    // One question a jurisdiction, and not one a compound.
    let mut laws: BTreeMap<Jurisdiction, Option<(String, Month, Day)>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for compound in compounds {
        let Some(begun) = begun.get(&compound.id.0) else { continue };
        let near = compound.areas.iter().filter_map(|area| codes.get(area));
        let law = near.map(|code| Jurisdiction::of_area(code)).find_map(|law| law);
        let jurisdiction = law.unwrap_or_else(Jurisdiction::nation);
        if !laws.contains_key(&jurisdiction) {
            let wanted = wanted(view, &jurisdiction, today).await?;
            laws.insert(jurisdiction.clone(), wanted);
        }
        let Some(Some((covers, last, due_on))) = laws.get(&jurisdiction) else { continue };
        let is_late = today > *due_on && *begun <= last.last_day();
        if is_late && !hangs.contains(&(compound.id.0, covers.clone(), last.number())) {
            found.insert(compound.id.0, *last);
        }
    }
    Ok(found)
}

/// Which period a jurisdiction's law wants published last, and by when; none where it names no day.
async fn wanted(
    view: &mut impl View,
    jurisdiction: &Jurisdiction,
    today: Day,
) -> Result<Option<(String, Month, Day)>> {
    let pack = policy::at(view, jurisdiction, today).await?;
    let covers = pack.terms.disclosure_revenue.covers;
    let Some(after) = pack.terms.revenue_clocks.publish_by.0 else { return Ok(None) };
    let last = period_of(covers, Month::of(today)).0.previous();
    let word = serde_json::to_value(covers).ok().and_then(|w| w.as_str().map(str::to_owned));
    let word = word.ok_or_else(|| Storage::Bug("a stretch has no word".to_owned()))?;
    Ok(Some((word, last, after.following(last))))
}

/// Every contract of works, and when its works began and ended.
async fn jobs(view: &mut impl View, compounds: &[Compound]) -> Result<Vec<Job>> {
    let numbers: Vec<i32> = compounds.iter().map(|compound| compound.id.0).collect();
    let (these, list) = view.list_of(&numbers, 1);
    let sql = format!(
        "SELECT compound_id, project_no, kind, body FROM project_step
         WHERE compound_id {these} AND kind IN ('contract', 'progress') ORDER BY compound_id, project_no, step_no"
    );
    let mut jobs: BTreeMap<(i32, i32), Job> = BTreeMap::new();
    for row in view.rows(Reads::SETTLED, &sql, vec![list]).await? {
        let key: (i32, i32) = (row.try_get("", "compound_id")?, row.try_get("", "project_no")?);
        let (kind, body): (String, String) = (row.try_get("", "kind")?, row.try_get("", "body")?);
        let bug = |e: serde_json::Error| Storage::Bug(format!("a step is not JSON: {e}"));
        let step: serde_json::Value = serde_json::from_str(&body).map_err(bug)?;
        let body = &step["body"];
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        let day = |name: &str| text(name).parse::<Day>().ok();
        let job = jobs.entry(key).or_insert_with(|| Job {
            compound: CompoundId(key.0),
            project: key.1,
            contractor: String::new(),
            price: Money::ZERO,
            signed_on: None,
            started_on: None,
            finished_on: None,
        });
        match (kind.as_str(), text("of")) {
            ("contract", _) => {
                job.contractor = text("contractor").to_owned();
                job.price = Money::fen(body["price_fen"].as_i64().unwrap_or_default());
                job.signed_on = day("signed_on");
            }
            (_, "finished") => job.finished_on = day("on"),
            _ => job.started_on = day("on"),
        }
    }
    Ok(jobs.into_values().filter(|job| !job.contractor.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(project: i32, contractor: &str, fen: i64, signed: &str) -> Job {
        Job {
            compound: CompoundId(1),
            project,
            contractor: contractor.to_owned(),
            price: Money::fen(fen),
            signed_on: signed.parse().ok(),
            started_on: None,
            finished_on: None,
        }
    }

    fn row(code: &str, uses: i64, spent: i64, settled: i64) -> Row {
        Row {
            compound: code.to_owned(),
            name: code.to_owned(),
            street: String::new(),
            mode: None,
            dwellings: 10,
            area_centi_m2: 100_000,
            fund_fen: Money::fen(1_000_000),
            fund_per_m2_fen: Some(1_000),
            deposited: 10,
            low: if code == "c" { 5 } else { 4 },
            billed_fen: Money::fen(10_000),
            settled_fen: Money::fen(settled),
            collection_bp: per(settled, 10_000, 10_000),
            uses,
            spent_fen: Money::fen(spent),
            projects: Stages::default(),
            unpublished: None,
        }
    }

    #[test]
    fn what_is_out_of_the_way_is_named_with_its_figures() {
        let rows = [
            row("a", 2, 100_000, 8_500),
            row("b", 1, 100_000, 8_499),
            row("c", 6, 300_000, 9_000),
            row("d", 0, 0, 10_000),
        ];
        let found = found(&rows, &[], &[]);
        let told: Vec<(&str, &str)> =
            found.iter().map(|f| (f.rule.as_str(), f.compound.as_str())).collect();
        let wanted =
            [("collection-low", "b"), ("fund-low", "c"), ("uses-many", "c"), ("cost-high", "c")];
        assert_eq!(told, wanted);
        assert_eq!(found[0].found, "84.99%（84.99 ÷ 100.00）");
        assert_eq!(found[2].found, "一年内 6 次，用过的小区中位数 2 次");
        assert_eq!(found[3].found, "每平方米 3.00 元，用过的小区中位数 1.00 元");
        assert!(found.iter().all(|f| !f.source.is_empty() && ["V", "D"].contains(&&*f.evidence)));
    }

    #[test]
    fn a_contract_cut_into_small_ones_and_one_contractor_for_all_are_seen() {
        let mut jobs = vec![
            job(1, "甲", 2_900_000, "2026-01-01"),
            job(2, "甲", 2_900_000, "2026-02-01"),
            job(3, "乙", 9_000_000, "2026-02-01"),
            job(4, "甲", 3_000_001, "2026-02-02"),
            job(5, "甲", 100_000, "2026-04-02"),
        ];
        assert_eq!(found(&[], &[], &jobs).len(), 0, "91 days, and one above the bound");
        jobs.push(job(6, "甲", 3_000_000, "2026-04-01"));
        let told = found(&[], &[], &jobs);
        assert_eq!(told[0].found, "甲：项目 1、2、6，合计 88,000.00 元");
        assert_eq!(
            (told[1].rule.as_str(), told[1].found.as_str()),
            ("same-contractor", "甲：6 份合同中 5 份")
        );
        jobs[2].started_on = "2026-01-31".parse().ok();
        jobs[2].finished_on = "2026-01-30".parse().ok();
        let dates: Vec<String> =
            found(&[], &[], &jobs).into_iter().skip(2).map(|f| f.found).collect();
        assert_eq!(
            dates,
            [
                "项目 3：2026-01-31 开工，2026-02-01 签订合同",
                "项目 3：2026-01-30 竣工，2026-01-31 开工"
            ]
        );
    }

    #[test]
    fn the_middle_is_the_lower_of_two() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3, 1]), Some(1));
        assert_eq!(median(vec![9, 1, 3]), Some(3));
    }
}
