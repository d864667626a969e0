//! D11 年度公示报告: what a property company lays before the owners once a year, chapter by chapter, with the books' own figures.
//!
//! Owns: [`Year`], [`set`]. What the books know is printed from them; what they do not keep (equipment, who owns a space, how the
//! service was) is a place to be filled in by hand and says so. Always: the chapters stand in the order of the form, each of them,
//! also where there is nothing to tell. Never: a figure of an open year; a name.

use std::collections::BTreeMap;

use ledger::accounts::{Code, Notice};
use ledger::arrears::rate::Collection;
use ledger::calendar::Instant;
use ledger::fees::Bond;
use ledger::fund::Under;
use ledger::governance::Round;
use ledger::money::Money;
use ledger::revenue::publication::Sheet as Posted;
use ledger::tariff::{Formula, Tariff, Tier};
use ledger::trust::Account;
use ledger::works::Facts;

use crate::sheet::{
    Block, Cell, Chart, Column, Field, Plot, Rank, Seal, Sheet, Side, Table, Unit, Width, percent,
};
use crate::{Error, Result};

/// Everything a year's report rests on.
#[derive(Debug)]
pub struct Year<'a> {
    /// The compound's name.
    pub compound: &'a str,
    /// Where it is.
    pub address: &'a str,
    /// The property company by contract, if there is one.
    pub company: Option<&'a str>,
    /// The fund's year.
    pub notice: &'a Notice,
    /// The years before it that are closed, with what came in and went out: for the chart.
    pub before: Vec<(i32, Money, Money)>,
    /// The contract's term and how fees are charged, as far as the books know them.
    pub contract: Vec<(&'static str, String)>,
    /// The prices that held in the year.
    pub tariffs: Vec<&'a Tariff>,
    /// The fees' year.
    pub collection: &'a Collection,
    /// The same by what was charged.
    pub items: &'a Collection,
    /// The year of public revenue, where it is kept.
    pub revenue: Option<&'a Posted>,
    /// How many spaces were let in the year, and to how many dwellings.
    pub spaces: (usize, usize),
    /// The deposits taken for decoration and the like, whose room is held.
    pub bonds: &'a [Bond],
    /// The service money held in trust, under 酬金制.
    pub trust: Option<&'a Account>,
    /// The projects that were alive in the year.
    pub projects: Vec<&'a Facts>,
    /// The rounds that were counted in it.
    pub rounds: Vec<&'a Round>,
    /// The dwellings whose fund has run low.
    pub under: &'a [Under],
    /// What each building paid in at first, and what it has when the year ends; those whose first deposit is known.
    pub standings: Vec<(String, Money, Money)>,
    /// Below which part of the first deposit the fund must be filled again, in hundredths of a per cent.
    pub bar: i64,
    /// 打印时间.
    pub printed_at: Instant,
    /// The fund's book.
    pub seal: Option<Seal>,
}

const BY_HAND: &str = "账簿不载，由物业服务人填写：";

/// Lays the report out.
///
/// # Errors
/// [`Error::CheckFailed`] if something does not foot.
pub fn set(of: &Year<'_>) -> Result<Sheet> {
    let checks = || of.notice.statements.checks.iter().chain(&of.notice.checks);
    if let Some(failed) = checks().find(|check| !check.is_passed) {
        return Err(Error::CheckFailed(failed.to_string()));
    }
    let year = of.notice.year;
    let mut blocks = Vec::new();
    let mut chapter = |name: &str, of: Vec<Block>| {
        blocks.push(Block::Heading(name.into()));
        blocks.extend(of);
    };
    let by_hand = |what: &str| Block::Text(format!("{BY_HAND}{what}"));

    chapter(
        "一、企业与项目信息",
        vec![
            Block::Fields {
                across: 2,
                fields: vec![
                    Field::new("小区", of.compound),
                    Field::new("地址", of.address),
                    Field::new("物业服务企业", of.company.unwrap_or("（账簿未登记合同）")),
                    Field::new("户数", format!("{} 户", of.notice.dwellings.len())),
                ],
            },
            by_hand("项目负责人、投诉电话。"),
        ],
    );
    let contract = of.contract.iter().map(|(label, value)| Field::new(label, value));
    let contract: Vec<Field> = contract.collect();
    let mut service = Vec::new();
    if !contract.is_empty() {
        service.push(Block::Fields { across: 2, fields: contract });
    }
    service.push(by_hand("服务事项、标准及履行情况。"));
    chapter("二、服务事项与履约", service);
    chapter("三、收费与收支", fees(of));
    chapter(
        "四、公共水电、公共收益与维修资金的使用",
        vec![
            Block::Table(revenue(of)),
            Block::Text(
                "公共收益的逐项收支见公共收益公示表；公共水电分摊见各户账单所附算式。".into(),
            ),
            Block::Table(uses(of)),
        ],
    );
    chapter("五、设施设备", vec![by_hand("维保单位、资质、检验和方案。")]);
    let (spaces, dwellings) = of.spaces;
    chapter(
        "六、车位",
        vec![
            Block::Text(format!("本年登记租用的车位 {spaces} 个，租用的 {dwellings} 户。")),
            by_hand("车位总数、权属、空置情况。"),
        ],
    );
    chapter("七、装修", vec![Block::Table(bonds(of)), by_hand("装修登记、巡查情况。")]);
    chapter("八、住宅专项维修资金", fund(of));
    chapter(
        "九、续筹与预测",
        vec![
            Block::Table(low(of)),
            drawn(standing(of), "没有首期交存额已知的楼栋，不列各幢余额的占比。"),
            Block::Text(format!(
                "依据 {} 年末账簿，非审计结论；首期交存额不明的房屋未作判断。",
                of.notice.year
            )),
        ],
    );
    chapter("十、审计结论", vec![by_hand("审计机构、结论及公示日期；没有审计的写明。")]);
    chapter(
        "十一、异议与答复",
        vec![
            Block::Text(crate::notice::objections()),
            Block::Text(objections(of)),
            by_hand("本年收到的其他异议及答复。"),
        ],
    );
    let mut notes: Vec<String> = checks().map(ToString::to_string).collect();
    notes.extend(of.notice.statements.seals.iter().map(|seal| format!("所依据结账的印记 {seal}")));
    let adjusted = of.notice.statements.amount(Code::ChangesInNetAssets, "adjusted", 3);
    let restated = if adjusted.is_zero() {
        "没有".to_owned()
    } else {
        format!("{} 元", adjusted.grouped())
    };
    notes.push(format!("以前年度调整（重述）：{restated}"));
    chapter(
        "十二、校验",
        vec![
            Block::Notes(notes),
            Block::Signatures(["编制人", "复核", "负责人（盖章）"].map(String::from).into()),
        ],
    );

    let running = vec![format!("{year} 年度"), "单位：元".into()];
    let sheet = Sheet::new(of.compound, "物业服务年度公示报告", of.printed_at).running(running);
    Ok(sheet.saying(blocks).sealed("D11", &year.to_string(), of.seal.clone()))
}

/// A chart, or what is said where there is nothing to draw.
fn drawn(chart: Chart, nothing: &str) -> Block {
    if chart.is_empty() { Block::Text(nothing.to_owned()) } else { Block::Chart(chart) }
}

fn rows(head: &str, lines: &[(&str, Money)]) -> Table {
    let mut table =
        Table::new(vec![Column::words(head, 1), Column::amounts("金额").standing()], "");
    for (name, amount) in lines {
        table.push(Rank::Line, vec![Cell::Text((*name).into()), Cell::Money(*amount)]);
    }
    table
}

fn fees(of: &Year<'_>) -> Vec<Block> {
    let total = &of.collection.total;
    let rate = match &total.current_rate.percent {
        Some(rate) => format!("本年收缴率 {rate} =（实收 ÷（应收 − 减免））。"),
        None => "本年度没有应收的物业费，没有收缴率。".to_owned(),
    };
    let mut blocks = vec![
        Block::Table(rows(
            "物业费",
            &[
                ("本年应收", total.billed_fen),
                ("本年减免", total.reduced_fen),
                ("本年实收", total.received_fen),
                ("本年未收", total.open_fen),
                ("年末欠费（含以前年度）", total.closing_fen),
            ],
        )),
        Block::Text(rate),
        Block::Table(items(of)),
        Block::Table(tariffs(of)),
        Block::Chart(crate::collection::rates(of.collection)),
    ];
    if let Some(trust) = of.trust {
        let mut lines = vec![("年初结余", trust.opening_fen), ("本年应收", trust.billed_fen)];
        lines.extend(trust.spent.iter().map(|row| (row.cost.in_chinese(), row.amount_fen)));
        lines.extend([
            ("酬金", trust.remuneration_fen),
            ("本年结余（归业主）", trust.surplus_fen),
            ("年末结余", trust.closing_fen),
        ]);
        blocks.push(Block::Table(rows("代管的物业服务资金（酬金制）", &lines)));
    }
    blocks.push(Block::Text(format!("{BY_HAND}下一年度的预算。")));
    blocks
}

/// What was charged, item by item.
fn items(of: &Year<'_>) -> Table {
    let mut columns = vec![Column::words("收费项目", 1)];
    columns.extend(["本年应收", "减免", "实收", "未收", "年末欠费"].map(Column::amounts));
    let mut table = Table::new(columns, "本年没有收费");
    let rows = of.items.rows.iter().filter(|row| {
        [row.billed_fen, row.received_fen, row.closing_fen].iter().any(|fen| !fen.is_zero())
    });
    for row in rows {
        let mut cells = vec![Cell::Text(row.of.clone())];
        let amounts =
            [row.billed_fen, row.reduced_fen, row.received_fen, row.open_fen, row.closing_fen];
        cells.extend(amounts.map(Cell::Money));
        table.push(Rank::Line, cells);
    }
    if !table.rows().is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

/// The prices, as they were set.
fn tariffs(of: &Year<'_>) -> Table {
    let columns = vec![
        Column::words("收费标准", 2),
        Column::words("单价", 3),
        Column::words("周期", 2),
        Column::new("起日", Side::Left, Width::Fit),
        Column::words("依据", 3),
    ];
    let mut table = Table::new(columns, "账簿没有登记收费标准");
    for tariff in &of.tariffs {
        let name = match &tariff.building {
            Some(building) => format!("{}（{building} 幢）", tariff.item),
            None => tariff.item.clone(),
        };
        let cells = vec![
            Cell::Text(name),
            Cell::Text(priced(&tariff.formula)),
            Cell::Text(format!("{} 个月一期，{} 天内缴纳", tariff.cycle_months, tariff.due_days)),
            Cell::Day(tariff.from_on),
            Cell::Text(tariff.document.clone()),
        ];
        table.push(Rank::Line, cells);
    }
    table
}

/// A price in words.
fn priced(formula: &Formula) -> String {
    match formula {
        Formula::Area { price } => format!("{price} 元/㎡·月"),
        Formula::Fixed { price } => format!("{price} 元/月"),
        Formula::Spaces { price } => format!("{price} 元/车位·月"),
        Formula::Metered { price, .. } => format!("{price} 元（按表计量）"),
        Formula::Tiered { tiers, .. } => {
            let tier = |tier: &Tier| match tier.up_to {
                Some(up_to) => format!("至 {up_to}：{} 元", tier.price),
                None => format!("其余：{} 元", tier.price),
            };
            let tiers: Vec<String> = tiers.iter().map(tier).collect();
            format!("阶梯（按表计量）{}", tiers.join("，"))
        }
    }
}

/// What the common parts earned, scope by scope.
fn revenue(of: &Year<'_>) -> Table {
    let mut columns = vec![Column::words("公共收益", 1)];
    let heads = [
        "年初结余",
        "收入",
        "税金",
        "合理成本",
        "净收入",
        "支出与分配",
        "其中划入维修资金",
        "年末结余",
    ];
    columns.extend(heads.map(Column::amounts));
    let mut table = Table::new(columns, "账簿没有登记公共收益");
    let scopes = of.revenue.map(|sheet| sheet.scopes.as_slice()).unwrap_or_default();
    for scope in scopes {
        let mut cells = vec![Cell::Text(scope.scope.clone())];
        let amounts = [
            scope.opening_fen,
            scope.income_fen,
            scope.tax_fen,
            scope.cost_fen,
            scope.net_fen,
            scope.spent_fen,
            scope.fund_fen,
            scope.closing_fen,
        ];
        cells.extend(amounts.map(Cell::Money));
        table.push(Rank::Line, cells);
    }
    if !scopes.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

/// The deposits by their name: no single dwelling.
fn bonds(of: &Year<'_>) -> Table {
    let mut columns = vec![Column::words("押金", 1), Column::new("笔数", Side::Right, Width::Fit)];
    columns.extend(["收取", "扣除", "退还", "现有"].map(Column::amounts));
    let mut table = Table::new(columns, "本年没有收取押金");
    let mut items: BTreeMap<&str, (u64, [Money; 4])> = BTreeMap::new();
    for bond in of.bonds {
        let (count, sums) = items.entry(bond.item.as_str()).or_default();
        *count += 1;
        let amounts = [bond.amount_fen, bond.deducted_fen, bond.returned_fen, bond.left_fen];
        sums.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
    }
    for (item, (count, sums)) in &items {
        let mut cells = vec![Cell::Text((*item).to_owned()), Cell::Count(*count)];
        cells.extend(sums.map(Cell::Money));
        table.push(Rank::Line, cells);
    }
    if !items.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

/// How many objections to notices of projects were recorded in the year, and answered.
fn objections(of: &Year<'_>) -> String {
    let is_of_year = |on: ledger::calendar::Day| chrono::Datelike::year(&on) == of.notice.year;
    let (mut made, mut answered) = (0_usize, 0_usize);
    for facts in &of.projects {
        for objection in facts.objections.iter().filter(|one| is_of_year(one.on)) {
            made += 1;
            answered += usize::from(facts.answered.contains(&objection.no));
        }
    }
    format!("本年对维修项目公示提出的异议 {made} 件，已答复 {answered} 件。")
}

fn uses(of: &Year<'_>) -> Table {
    let columns = vec![
        Column::new("日期", Side::Left, Width::Fit),
        Column::words("使用项目", 3),
        Column::amounts("费用"),
        Column::new("分摊户数", Side::Right, Width::Fit),
        Column::words("凭证号", 1),
    ];
    let mut table = Table::new(columns, "本年没有使用维修资金");
    for used in &of.notice.uses {
        let cells = vec![
            Cell::Day(used.on),
            Cell::Text(used.what.clone()),
            Cell::Money(used.amount_fen),
            Cell::Count(used.shares.len() as u64),
            Cell::Text(used.voucher.clone()),
        ];
        table.push(Rank::Line, cells);
    }
    if !of.notice.uses.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

/// The building before the first dash of a room's code.
fn building(room: &str) -> &str {
    room.split_once('-').map_or(room, |(building, _)| building)
}

fn fund(of: &Year<'_>) -> Vec<Block> {
    let total = &of.notice.total;
    let mut groups: Vec<(String, Vec<Money>)> = Vec::new();
    for (year, collected, used) in &of.before {
        groups.push((year.to_string(), vec![*collected, *used]));
    }
    let collected = total.deposited_fen + total.gained_fen;
    groups.push((of.notice.year.to_string(), vec![collected, total.used_fen + total.returned_fen]));

    let heads = ["年初", "归集", "收益", "支出", "返还", "划转及调整", "年末"].map(Column::amounts);
    let mut columns = vec![Column::words("楼栋", 1), Column::new("户数", Side::Right, Width::Fit)];
    columns.extend(heads);
    let mut table = Table::new(columns, "没有房屋");
    let mut buildings: BTreeMap<(usize, &str), (u64, [Money; 7])> = BTreeMap::new();
    for dwelling in &of.notice.dwellings {
        let name = building(&dwelling.room);
        // 2 幢 stands before 10 幢.
        let (count, sums) = buildings.entry((name.chars().count(), name)).or_default();
        *count += 1;
        let figures = figures(dwelling);
        sums.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }
    for ((_, name), (count, sums)) in buildings {
        let mut cells = vec![Cell::Text(format!("{name} 幢")), Cell::Count(count)];
        cells.extend(sums.map(Cell::Money));
        table.push(Rank::Line, cells);
    }
    let unshared = figures(&of.notice.unshared);
    if unshared.iter().any(|figure| !figure.is_zero()) {
        let mut cells = vec![Cell::Text("（未分摊到户）".into()), Cell::Blank];
        cells.extend(unshared.map(Cell::Money));
        table.push(Rank::Line, cells);
    }
    let mut cells = vec![Cell::Text("合计".into()), Cell::Blank];
    cells.extend(figures(total).map(Cell::Money));
    table.push(Rank::Total, cells);

    let mut projects = Table::new(
        vec![
            Column::new("编号", Side::Right, Width::Fit),
            Column::words("项目", 3),
            Column::words("进度", 1),
            Column::amounts("预算"),
            Column::amounts("已付"),
            Column::words("表决", 1),
        ],
        "本年没有维修项目",
    );
    for facts in &of.projects {
        let budget =
            facts.plan.as_ref().map_or(Cell::Blank, |plan| Cell::Money(plan.is.budget_fen));
        let vote = facts.carried.as_ref().map_or_else(String::new, |carried| {
            format!("表决 {} 事项 {}", carried.number.0, carried.number.1)
        });
        let cells = vec![
            Cell::Text(facts.no().to_string()),
            Cell::Text(facts.project.proposal.title.clone()),
            Cell::Text(facts.stage().in_chinese().into()),
            budget,
            Cell::Money(facts.paid_so_far()),
            Cell::Text(vote),
        ];
        projects.push(Rank::Line, cells);
    }
    let rounds = of.rounds.iter().map(|round| {
        format!(
            "表决 {}　{}（{} 至 {}）",
            round.round_no, round.title, round.opens_on, round.closes_on
        )
    });
    let mut rounds: Vec<String> = rounds.collect();
    if rounds.is_empty() {
        rounds.push("本年没有业主表决。".into());
    }
    vec![Block::Table(table), turned_over(groups), Block::Table(projects), Block::Notes(rounds)]
}

/// What came in and went out, year by year; said where it was nothing in any of them.
fn turned_over(mut groups: Vec<(String, Vec<Money>)>) -> Block {
    let nothing = match groups.len() {
        0 | 1 => "本年度没有归集和使用维修资金。",
        _ => "本年度和此前已结账的各年度都没有归集和使用维修资金。",
    };
    if groups.iter().flat_map(|(_, amounts)| amounts).all(|amount| amount.is_zero()) {
        groups.clear();
    }
    let series = vec!["归集（交存和收益）".into(), "使用（维修和返还）".into()];
    let title = "维修资金的归集与使用（元）".into();
    drawn(Chart { title, plot: Plot::Columns { series, groups } }, nothing)
}

fn figures(of: &ledger::accounts::DwellingYear) -> [Money; 7] {
    [
        of.opening_fen,
        of.deposited_fen,
        of.gained_fen,
        of.used_fen,
        of.returned_fen,
        of.moved_fen,
        of.closing_fen,
    ]
}

/// What each building has of its first deposits, against the bar; cut, never rounded up.
fn standing(of: &Year<'_>) -> Chart {
    let points = |has: Money, first: Money| {
        let points = i128::from(has.in_fen()) * 10_000 / i128::from(first.in_fen().max(1));
        i64::try_from(points).unwrap_or(0)
    };
    let known = of.standings.iter().filter(|(_, first, _)| first.is_positive());
    let bars = known.map(|(name, first, has)| (format!("{name} 幢"), points(*has, *first)));
    let level = Some((format!("续筹线 {}", percent(of.bar)), of.bar));
    let plot = Plot::Bars { bars: bars.collect(), unit: Unit::BasisPoints, level };
    Chart {
        title: "各幢余额占首期交存额（低于续筹线的以斜线表示）".into(), plot
    }
}

/// How many dwellings of each building are under the bar, and what they have: no single one.
fn low(of: &Year<'_>) -> Table {
    let columns = vec![
        Column::words("楼栋", 1),
        Column::new("低于续筹线的户数", Side::Right, Width::Fit),
        Column::amounts("首期交存额"),
        Column::amounts("现有余额"),
    ];
    let mut table = Table::new(columns, "没有低于续筹线的房屋");
    let mut buildings: BTreeMap<(usize, &str), (u64, Money, Money)> = BTreeMap::new();
    for under in of.under {
        let key = (under.building.chars().count(), under.building.as_str());
        let (count, first, balance) = buildings.entry(key).or_default();
        *count += 1;
        *first += under.first;
        *balance += under.balance;
    }
    for ((_, name), (count, first, balance)) in &buildings {
        let name = Cell::Text(format!("{name} 幢"));
        let cells = vec![name, Cell::Count(*count), Cell::Money(*first), Cell::Money(*balance)];
        table.push(Rank::Line, cells);
    }
    if !buildings.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An axis without a column tells nothing; the sentence in its place does.
    #[test]
    fn a_chart_of_nothing_is_a_sentence() {
        let year = |name: &str, fen| (name.to_owned(), vec![Money::fen(fen), Money::ZERO]);
        let said = |groups| match turned_over(groups) {
            Block::Text(text) => text,
            other => panic!("{other:?}"),
        };
        assert!(said(vec![year("2025", 0)]).starts_with("本年度没有"));
        assert!(said(vec![year("2024", 0), year("2025", 0)]).contains("此前"));
        let some = turned_over(vec![year("2024", 1), year("2025", 0)]);
        assert!(matches!(some, Block::Chart(_)), "{some:?}");
    }
}
