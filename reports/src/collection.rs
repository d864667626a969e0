//! D3 物业费收缴率报表: by building and stair, with the formulas, both by what was charged and by the day of payment, and the age of
//! what is owed.
//!
//! Owns: [`set`]. Ratios, their definitions and the checks are the ledger's ([`ledger::arrears::rate`]); here nothing is divided. A
//! report whose checks do not all hold says so across its head. [`export`] is the trade's table dwelling by dwelling and item by item:
//! too wide for paper, it is a workbook or a list. Limits: 客单 has no one formula in the trade: ours is printed with it.

use ledger::arrears::Ageing;
use ledger::arrears::rate::{Collection, Detail, Figures, Rate};
use ledger::calendar::Instant;
use ledger::mask;
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::{self, Compound, Dwelling};
use ledger::tariff::Bearer;

use crate::sheet::{
    Block, Cell, Chart, Column, Paper, Plot, Rank, Seal, Sheet, Side, Table, Unit, Warning, Width,
    percent,
};

/// Lays the report out: of the buildings, of the stairs in them, and of what is owed by its age.
#[must_use]
pub fn set(
    buildings: &Collection,
    stairs: &Collection,
    ageing: &Ageing,
    compound: &str,
    printed_at: Instant,
    (seal, open): (Option<Seal>, Option<Warning>),
) -> Sheet {
    let formulas = buildings.definitions.iter().map(|d| format!("{} = {}", d.name, d.means));
    let mut blocks = vec![
        Block::Heading("一、按计费期间（业主承担的）".into()),
        Block::Text(formulas.collect::<Vec<_>>().join("；")),
        Block::Table(charged(buildings, stairs)),
        Block::Chart(rates(buildings)),
        Block::Heading("二、按收款日期（含建设单位）".into()),
        Block::Table(received(buildings)),
        Block::Heading("三、欠费账龄".into()),
        Block::Table(aged(ageing)),
        Block::Chart(crate::demand::ages(ageing)),
        Block::Heading("核对".into()),
    ];
    let checks = buildings.checks.iter().map(|check| {
        let told = if check.agrees { "相符" } else { "不符" };
        let (left, right) = (check.left_fen.grouped(), check.right_fen.grouped());
        format!("{}：{left} 与 {right}，{told}", check.of)
    });
    let mut notes: Vec<String> = checks.collect();
    let told = if ageing.agrees { "相符" } else { "不符" };
    let ahead = if ageing.ahead_fen.is_zero() {
        String::new()
    } else {
        format!("（另有已收、账单日在以后的 {}，不入账龄）", (-ageing.ahead_fen).grouped())
    };
    let ledger = ageing.ledger_fen.grouped();
    notes.push(format!("账龄合计与账上应收账款（1122）{ledger}{ahead}，{told}"));
    let developer = &buildings.developer;
    notes.push(format!(
        "建设单位承担的另列：本期应收 {}，实收 {}，收缴率 {}，期末欠费 {}",
        developer.billed_fen.grouped(),
        developer.received_fen.grouped(),
        told_rate(&developer.current_rate),
        developer.closing_fen.grouped()
    ));
    blocks.push(Block::Notes(notes));
    blocks.push(Block::Signatures(["制表", "复核", "负责人签字"].map(String::from).into()));

    let agrees = buildings.agrees() && stairs.agrees() && ageing.agrees;
    let differs = (!agrees).then(|| Warning::new("不符", "核对行有不相符的，须查明后重新出具。"));
    let warning = Warning::together(differs.into_iter().chain(open));
    let running = vec![
        format!("期间 {} 至 {}", buildings.from_on, buildings.to_on),
        format!("统计截止日 {}", buildings.counted_on),
        "单位：元".into(),
    ];
    let sheet = Sheet::new(compound, "物业费收缴率报表", printed_at).on(Paper::A4Landscape);
    let sheet = sheet.running(running).warning(warning).saying(blocks);
    let number = format!("{}～{}", buildings.from_on, buildings.to_on);
    sheet.sealed("D3", &number, seal)
}

fn told_rate(rate: &Rate) -> String {
    rate.percent.clone().unwrap_or_else(|| "—".to_owned())
}

fn ratio(rate: &Rate) -> Cell {
    rate.percent.clone().map_or_else(|| Cell::Text(told_rate(rate)), Cell::Rate)
}

fn count(of: i64) -> Cell {
    Cell::Count(of.unsigned_abs())
}

/// The stairs of each building, and the building under them.
fn charged(buildings: &Collection, stairs: &Collection) -> Table {
    let things = |head: &str, over: &str| Column::new(head, Side::Right, Width::Fit).under(over);
    let money = |head: &str, over: &str| Column::amounts(head).under(over);
    let columns = vec![
        Column::words("楼栋、单元", 2),
        things("收费", "户数"),
        things("已收", "户数"),
        things("欠费", "户数"),
        things("收费率", "户数"),
        Column::new("计费面积", Side::Right, Width::Fit),
        money("应收", "本期"),
        money("减免", "本期"),
        money("实收", "本期"),
        money("未收", "本期"),
        things("收缴率", "本期"),
        money("期初欠费", "前期"),
        money("本期追回", "前期"),
        things("清欠率", "前期"),
        Column::amounts("预收"),
        Column::amounts("期末欠费"),
        Column::amounts("客单").standing(),
    ];
    let row = |name: String, of: &Figures| {
        vec![
            Cell::Text(name),
            count(of.dwellings),
            count(of.dwellings_paid),
            count(of.dwellings_owing),
            ratio(&of.household_rate),
            Cell::Area(Area::centi_m2(of.area_centi_m2)),
            Cell::Money(of.billed_fen),
            Cell::Money(of.reduced_fen),
            Cell::Money(of.received_fen),
            Cell::Money(of.open_fen),
            ratio(&of.current_rate),
            Cell::Money(of.opening_fen),
            Cell::Money(of.recovered_fen),
            ratio(&of.recovery_rate),
            Cell::Money(of.prepaid_fen),
            Cell::Money(of.closing_fen),
            of.per_dwelling_fen.map_or(Cell::Blank, Cell::Money),
        ]
    };
    let mut table = Table::new(columns, "本期没有应收的物业费");
    for building in &buildings.rows {
        let mine = stairs.rows.iter().filter(|stair| stair.of.starts_with(&building.of));
        for stair in mine {
            table.push(Rank::Line, row(stair.of.clone(), stair));
        }
        table.push(Rank::Subtotal, row(format!("{} 小计", building.of), building));
    }
    if !buildings.rows.is_empty() {
        table.push(Rank::Total, row("合计".into(), &buildings.total));
    }
    table
}

/// The trade's export of a period, with its own heads in its own order. What the books do not keep stays blank: who looks after a
/// dwelling, the kind of invoice, a reduction made of what was received.
#[must_use]
pub fn export(
    details: &[Detail],
    dwellings: &[Dwelling],
    of: &Collection,
    compound: &Compound,
    printed_at: Instant,
    (seal, open): (Option<Seal>, Option<Warning>),
) -> Sheet {
    let words = |head: &str| Column::new(head, Side::Left, Width::Fit);
    let rate = |head: &str| Column::new(head, Side::Right, Width::Fit);
    let columns = vec![
        words("组织代码"),
        words("项目名称"),
        words("楼栋名称"),
        words("房屋编码"),
        words("房屋名称"),
        words("管家名称"),
        rate("计费面积"),
        words("业主名称"),
        words("开票类别"),
        words("费项"),
        Column::amounts("本期饱和应收"),
        Column::amounts("本期应收减免"),
        Column::amounts("本期实收"),
        Column::amounts("本期实收减免"),
        Column::amounts("本期未收"),
        rate("本期收缴率"),
        words("收款截止日期"),
        Column::amounts("前期应收"),
        Column::amounts("前期应收减免"),
        Column::amounts("前期实收"),
        Column::amounts("前期实收减免"),
        Column::amounts("前期未收"),
        rate("前期收缴率"),
        Column::amounts("总和应收"),
        Column::amounts("总和实收"),
        rate("总和收缴率"),
    ];
    let mut table = Table::new(columns, "没有应收");
    let mut billed = Money::ZERO;
    for one in details {
        let Some(dwelling) = dwellings.iter().find(|d| d.no == one.dwelling_no) else { continue };
        let (code, figures) = (&dwelling.code, &one.figures);
        let building = property::building_code(code);
        let names: Vec<String> = dwelling.owners.iter().map(|o| mask::name(&o.name)).collect();
        let item = match one.bearer {
            Bearer::Developer => format!("{}（建设单位）", figures.of),
            Bearer::Owner => figures.of.clone(),
        };
        billed += figures.billed_fen;
        let text = |text: &str| Cell::Text(text.to_owned());
        table.push(
            Rank::Line,
            vec![
                text(&compound.code),
                text(&compound.name),
                Cell::Text(format!("{building}幢")),
                Cell::Text(code.to_string()),
                Cell::Text(format!("{building}幢{}单元{}", code.unit(), code.room())),
                Cell::Blank,
                Cell::Area(dwelling.fee_area),
                Cell::Text(names.join("、")),
                Cell::Blank,
                Cell::Text(item),
                Cell::Money(figures.billed_fen),
                Cell::Money(figures.reduced_fen),
                Cell::Money(figures.received_fen),
                Cell::Blank,
                Cell::Money(figures.open_fen),
                ratio(&figures.current_rate),
                Cell::Day(of.counted_on),
                Cell::Money(one.earlier_fen),
                Cell::Money(figures.earlier_reduced_fen),
                Cell::Money(one.earlier_received_fen),
                Cell::Blank,
                Cell::Money(one.earlier_open_fen),
                ratio(&one.earlier_rate),
                Cell::Money(one.all_fen),
                Cell::Money(one.all_received_fen),
                ratio(&one.all_rate),
            ],
        );
    }
    if !table.rows().is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    let all = of.total.billed_fen + of.developer.billed_fen;
    let told = || format!("各行应收 {}，收缴率报表 {}。", billed.grouped(), all.grouped());
    let differs = (billed != all).then(|| Warning::new("不符", told()));
    let warning = Warning::together(differs.into_iter().chain(open));
    let running = vec![
        format!("期间 {} 至 {}", of.from_on, of.to_on),
        format!("统计截止日 {}", of.counted_on),
        "单位：元".into(),
    ];
    let notes = vec![
        "管家、开票类别、实收减免账簿不载，留空；前期应收 = 期初欠费 + 期内补出的前期账单。"
            .to_owned(),
        format!(
            "各行本期应收之和 {} = 收缴率报表（含建设单位）{}。",
            billed.grouped(),
            all.grouped()
        ),
    ];
    let sheet = Sheet::new(&compound.name, "物业费收缴明细", printed_at).on(Paper::A4Landscape);
    let sheet = sheet.running(running).warning(warning);
    let sheet = sheet.saying(vec![Block::Table(table), Block::Notes(notes)]);
    let number = format!("{}～{}", of.from_on, of.to_on);
    sheet.sealed("D3X", &number, seal)
}

/// The rate of each building against the break-even line.
#[must_use]
pub fn rates(of: &Collection) -> Chart {
    let points = |rate: &Rate| {
        let points = i128::from(rate.part) * 10_000 / i128::from(rate.whole.max(1));
        i64::try_from(points).unwrap_or(0)
    };
    let known = of.rows.iter().filter(|row| row.current_rate.whole > 0);
    let bars = known.map(|row| (row.of.clone(), points(&row.current_rate))).collect();
    let line = i64::from(of.break_even_bp);
    let level = Some((format!("保本线 {}", percent(line)), line));
    let plot = Plot::Bars { bars, unit: Unit::BasisPoints, level };
    Chart {
        title: "各幢本期收缴率（未达保本线的以斜线表示；截去尾数）".into(), plot
    }
}

fn received(of: &Collection) -> Table {
    let heads = ["收本期", "收前期欠费", "收以后各期", "没有账单的", "预存", "收款合计"]
        .map(Column::amounts);
    let mut columns = vec![Column::words("楼栋", 1)];
    columns.extend(heads);
    let mut table = Table::new(columns, "本期没有收款");
    let row = |name: &str, of: &ledger::arrears::rate::Receipts| {
        let amounts = [
            of.current_fen,
            of.earlier_fen,
            of.later_fen,
            of.beside_fen,
            of.prepaid_fen,
            of.cash_fen,
        ];
        let mut cells = vec![Cell::Text(name.to_owned())];
        cells.extend(amounts.map(Cell::Money));
        cells
    };
    for line in &of.receipts {
        table.push(Rank::Line, row(&line.of, line));
    }
    if !of.receipts.is_empty() {
        table.push(Rank::Total, row("合计", &of.receipts_total));
    }
    table
}

fn aged(of: &Ageing) -> Table {
    let heads = [
        "未到期",
        "逾期 1 至 30 天",
        "31 至 90 天",
        "91 至 365 天",
        "一年以上",
        "逾期合计",
        "尚欠合计",
    ]
    .map(Column::amounts);
    let mut columns =
        vec![Column::words("分组", 1), Column::new("欠费户数", Side::Right, Width::Fit)];
    columns.extend(heads);
    let mut table = Table::new(columns, "没有欠费");
    table.page_total = Some("本页小计".into());
    let row = |name: &str, of: &ledger::arrears::AgeRow| {
        let amounts = [
            of.not_due_fen,
            of.class_1_fen,
            of.class_2_fen,
            of.class_3_fen,
            of.class_4_fen,
            of.overdue_fen,
            of.open_fen,
        ];
        let mut cells = vec![Cell::Text(name.to_owned()), Cell::Count(of.dwellings as u64)];
        cells.extend(amounts.map(Cell::Money));
        cells
    };
    for line in of.rows.iter().filter(|line| !line.open_fen.is_zero()) {
        table.push(Rank::Line, row(&line.of, line));
    }
    if !table.rows().is_empty() {
        table.push(Rank::Total, row("合计", &of.total));
    }
    table
}
