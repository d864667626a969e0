//! D11 年度公示报告: what a property company lays before the owners once a year, chapter by chapter, with the books' own figures.
//!
//! Owns: [`Year`], [`set`]. What the books know is printed from them; what they do not keep (equipment, parking, answers to
//! objections) is a place to be filled in by hand and says so. Always: the chapters stand in the order of the form, each of them,
//! also where there is nothing to tell. Never: a figure of an open year; a name.

use std::collections::BTreeMap;

use ledger::accounts::{Code, Notice};
use ledger::arrears::rate::Collection;
use ledger::calendar::Instant;
use ledger::fund::Under;
use ledger::governance::Round;
use ledger::money::Money;
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
    /// The fees' year.
    pub collection: &'a Collection,
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
    chapter("二、服务事项与履约", vec![by_hand("服务事项、标准及履行情况。")]);
    chapter("三、收费与收支", fees(of));
    chapter(
        "四、公共水电、公共收益与维修资金的使用",
        vec![
            Block::Table(uses(of)),
            Block::Text(
                "公共收益的逐项收支见公共收益公示表；公共水电分摊见各户账单所附算式。".into(),
            ),
        ],
    );
    chapter("五、设施设备", vec![by_hand("维保单位、资质、检验和方案。")]);
    chapter("六、车位", vec![by_hand("车位数量、权属、使用情况。")]);
    chapter("七、装修", vec![by_hand("装修登记、押金管理。")]);
    chapter("八、住宅专项维修资金", fund(of));
    chapter(
        "九、续筹与预测",
        vec![
            Block::Table(low(of)),
            Block::Chart(standing(of)),
            Block::Text(format!(
                "依据 {} 年末账簿，非审计结论；首期交存额不明的房屋未作判断。",
                of.notice.year
            )),
        ],
    );
    chapter("十、审计结论", vec![by_hand("审计机构、结论及公示日期；没有审计的写明。")]);
    chapter(
        "十一、异议与答复",
        vec![Block::Text(crate::notice::objections()), by_hand("本年收到的异议及答复。")],
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
    let rate = total.current_rate.percent.clone().unwrap_or_else(|| "—".into());
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
        Block::Text(format!(
            "本年收缴率 {rate} =（实收 ÷（应收 − 减免））；收费标准见合同及公示的价目。"
        )),
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
    let series = vec!["归集（交存和收益）".into(), "使用（维修和返还）".into()];

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
    vec![
        Block::Table(table),
        Block::Chart(Chart {
            title: "维修资金的归集与使用（元）".into(),
            plot: Plot::Columns { series, groups },
        }),
        Block::Table(projects),
        Block::Notes(rounds),
    ]
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
