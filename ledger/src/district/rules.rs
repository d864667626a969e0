//! What points at a compound out of the way: rules that are data (`district.toml`), each with its source and how sure we are.
//!
//! Always: a finding carries the figures it was found by, of the compound and of its peers. It accuses nobody. Plain: rows in,
//! findings out.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Row, count, per, per_m2};
use crate::calendar::Day;
use crate::id::CompoundId;
use crate::money::Money;
use crate::property::Compound;
use crate::renovation::{MilestoneStanding, Overseen};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Yardsticks {
    pub(super) low_part: i64,
    pub(super) low_of: i64,
    /// By which word in its title a project of repair is a lift's.
    pub(super) lift_word: String,
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
    LiftCost,
    Split,
    Contractor,
    Dates,
    Unpublished,
    Rents,
    Unspent,
    Milestones,
    Rounds,
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

impl Yardsticks {
    /// The line a collection rate is held against.
    pub(super) fn collection_line(&self) -> i64 {
        let line = self.rule.iter().find(|rule| rule.of == Of::Collection);
        line.map_or(0, |rule| rule.below_bp)
    }
}

pub(super) static YARDSTICKS: LazyLock<Yardsticks> = LazyLock::new(|| {
    toml::from_str(include_str!("../district.toml")).expect("the shipped rules are read by a test")
});

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

/// A contract of works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) compound: CompoundId,
    pub(super) project: i32,
    pub(super) contractor: String,
    pub(super) price: Money,
    pub(super) signed_on: Option<Day>,
    pub(super) started_on: Option<Day>,
    pub(super) finished_on: Option<Day>,
}

/// The middle of some figures, the lower of two; none of none.
fn median(mut figures: Vec<i64>) -> Option<i64> {
    figures.sort_unstable();
    figures.get(figures.len().checked_sub(1)? / 2).copied()
}

/// What the rules point at, rule by rule in their order, compounds by code.
pub(super) fn found(
    rows: &[Row],
    compounds: &[Compound],
    jobs: &[Job],
    behind: &[Overseen],
) -> Vec<Finding> {
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
                let of = |row: &Row| per_m2(row.spent_fen.in_fen(), row.area_centi_m2);
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
            Of::LiftCost => {
                let of = |row: &Row| per(row.lift_spent_fen.in_fen(), row.lifts, 1);
                let spent = rows.iter().filter_map(of).filter(|cost| *cost > 0);
                let Some(peers) = median(spent.collect()) else { continue };
                for row in rows {
                    let cost = of(row).unwrap_or_default();
                    if cost >= rule.times_peers * peers {
                        let [cost, peers] = [cost, peers].map(|fen| Money::fen(fen).grouped());
                        let lifts = row.lifts;
                        tell(
                            &row.compound,
                            format!("{lifts} 部电梯，每部 {cost} 元，用过的小区中位数 {peers} 元"),
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
            Of::Rents => {
                for row in rows.iter().filter(|row| row.rents_overdue > 0) {
                    let (many, owed) = (row.rents_overdue, row.rents_overdue_fen.grouped());
                    tell(&row.compound, format!("{many} 份合同，合计 {owed} 元"));
                }
            }
            Of::Unspent => {
                for row in rows.iter().filter(|row| row.subsidies.overdue_fen.is_positive()) {
                    tell(&row.compound, format!("{} 元", row.subsidies.overdue_fen.grouped()));
                }
            }
            Of::Milestones => {
                for of in behind {
                    let code = code_of.get(&of.compound).copied().unwrap_or_default();
                    for missed in &of.missed {
                        let MilestoneStanding { milestone, by_on, met_on, .. } = missed;
                        let met = match met_on {
                            Some(day) => format!("{day} 才达到"),
                            None => "尚未达到".to_owned(),
                        };
                        tell(code, format!("改造 {}：{milestone}，应于 {by_on}，{met}", of.no));
                    }
                }
            }
            Of::Rounds => {
                for of in behind.iter().filter(|of| !of.unreported.is_empty()) {
                    let code = code_of.get(&of.compound).copied().unwrap_or_default();
                    let (many, last) = (of.unreported.len(), of.unreported.last());
                    let last = last.map_or_else(String::new, |day| format!("，最近 {day}"));
                    tell(code, format!("改造 {}：漏报 {many} 次{last}", of.no));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::district::{Renovations, Stages, Subsidies};

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
            lifts: 2,
            lift_spent_fen: Money::fen(spent / 2),
            projects: Stages::default(),
            renovations: Renovations::default(),
            subsidies: Subsidies::default(),
            unpublished: None,
            rents_overdue: i64::from(code == "d"),
            rents_overdue_fen: Money::fen(if code == "d" { 5 } else { 0 }),
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
        let found = found(&rows, &[], &[], &[]);
        let told: Vec<(&str, &str)> =
            found.iter().map(|f| (f.rule.as_str(), f.compound.as_str())).collect();
        let wanted = [
            ("collection-low", "b"),
            ("fund-low", "c"),
            ("uses-many", "c"),
            ("cost-high", "c"),
            ("lift-cost-high", "c"),
            ("rents-overdue", "d"),
        ];
        assert_eq!(told, wanted);
        assert_eq!(found[0].found, "84.99%（84.99 ÷ 100.00）");
        assert_eq!(found[2].found, "一年内 6 次，用过的小区中位数 2 次");
        assert_eq!(found[3].found, "每平方米 3.00 元，用过的小区中位数 1.00 元");
        assert_eq!(found[4].found, "2 部电梯，每部 750.00 元，用过的小区中位数 250.00 元");
        assert_eq!(found[5].found, "1 份合同，合计 0.05 元");
        assert!(found.iter().all(|f| !f.source.is_empty() && ["V", "D"].contains(&&*f.evidence)));
    }

    /// Where nobody manages 30 to 60 % are collected; a company breaks even at 85 %.
    #[test]
    fn thirty_to_sixty_percent_are_below_the_line_of_eighty_five() {
        let rows = [row("a", 0, 0, 3_000), row("b", 0, 0, 6_000), row("c", 0, 0, 8_500)];
        let low = found(&rows, &[], &[], &[]).into_iter().filter(|f| f.rule == "collection-low");
        let told: Vec<String> = low.map(|f| format!("{} {}", f.compound, f.found)).collect();
        assert_eq!(told, ["a 30.00%（30.00 ÷ 100.00）", "b 60.00%（60.00 ÷ 100.00）"]);
        assert_eq!(YARDSTICKS.collection_line(), 8_500);
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
        assert_eq!(found(&[], &[], &jobs, &[]).len(), 0, "91 days, and one above the bound");
        jobs.push(job(6, "甲", 3_000_000, "2026-04-01"));
        let told = found(&[], &[], &jobs, &[]);
        assert_eq!(told[0].found, "甲：项目 1、2、6，合计 88,000.00 元");
        assert_eq!(
            (told[1].rule.as_str(), told[1].found.as_str()),
            ("same-contractor", "甲：6 份合同中 5 份")
        );
        jobs[2].started_on = "2026-01-31".parse().ok();
        jobs[2].finished_on = "2026-01-30".parse().ok();
        let dates: Vec<String> =
            found(&[], &[], &jobs, &[]).into_iter().skip(2).map(|f| f.found).collect();
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
