//! D9 改造项目资金筹措表: who pays a renovation, what of it is there, and each payment by the sources it was drawn from.
//!
//! Owns: [`Told`], [`set`]. The figures are the ledger's ([`ledger::renovation`]).
//!
//! Always: the sources' plan without labour is the investment; no source stands beyond its plan; the parts of the payments come to
//! what was paid; or nothing is printed. The sources' shares come to 100.00 %. In the public variant a dwelling's code is masked and
//! the list sorted by amounts, so that no place in it says which one it is. Limits: the plan holds sources by kind and not by
//! dwelling: a dwelling's list is of what it brought, its share of the fund's part stands in the roster (D5). What was agreed with
//! the neighbours of a lift by floors (楼层系数, 补偿) is no part of the books: it is filled in by hand.

use ledger::calendar::{Day, Instant};
use ledger::mask;
use ledger::measure::Area;
use ledger::money::Money;
use ledger::property::Dwelling;
use ledger::renovation::facts::At;
use ledger::renovation::step::{Channel, Contract, SourceKind};
use ledger::renovation::{Facts, Payment, Source, Whole};
use ledger::revenue::pledge::Pledge;
use ledger::subsidy::Tranche;
use ledger::subsidy::content::item;

use crate::demand::masked_room;
use crate::notice::Public;
use crate::sheet::{
    Block, Cell, Chart, Column, Field, Paper, Plot, Rank, Seal, Sheet, Side, Sum, Table, Width,
};
use crate::{Error, Result};

/// Everything the plan of money rests on.
#[derive(Debug)]
pub struct Told<'a> {
    /// The compound's name.
    pub compound: &'a str,
    /// The renovation.
    pub whole: &'a Whole,
    /// What its steps say.
    pub facts: &'a Facts,
    /// The compound's tranches.
    pub tranches: &'a [Tranche],
    /// Its pledges of public revenue.
    pub pledges: &'a [Pledge],
    /// Every dwelling it has or had.
    pub dwellings: &'a [Dwelling],
    /// Whether it hangs where anybody passes.
    pub public: Public,
    /// 打印时间.
    pub printed_at: Instant,
    /// The book.
    pub seal: Option<Seal>,
}

/// Lays it out.
///
/// # Errors
/// [`Error::CheckFailed`] if something does not foot.
pub fn set(of: &Told<'_>) -> Result<Sheet> {
    foots(of.whole)?;
    let row = &of.whole.row;
    let in_place = in_place(of.whole);
    let mut blocks = vec![
        Block::Fields { across: 3, fields: head(of) },
        Block::Heading("一、资金来源（元）".into()),
        Block::Table(sources(of)),
        Block::Chart(drawn(of)),
        Block::Sum(Sum { label: "总投资".into(), amount: row.planned_fen }),
        Block::Fields {
            across: 3,
            fields: vec![
                Field::new("已到位", format!("{} 元", in_place.grouped())),
                Field::new("资金缺口", format!("{} 元", (row.planned_fen - in_place).grouped())),
                Field::new("已付", format!("{} 元", row.paid_fen.grouped())),
            ],
        },
        Block::Heading("二、改造内容（元）".into()),
        Block::Table(contents(of.whole)),
    ];
    if of.whole.contents.iter().any(|content| content.item == "lift") {
        blocks.push(Block::Text(
            "加装电梯的楼层系数、一层户出资与补偿的约定，账簿不载，附各业主签字的约定书：＿＿＿＿＿＿。".into(),
        ));
    }
    blocks.push(Block::Heading("三、合同与分期付款（元）".into()));
    blocks.push(Block::Table(contracts(&of.facts.contracts)));
    blocks.push(Block::Table(payments(of)));
    blocks.push(Block::Heading("四、居民出资（元）".into()));
    blocks.push(Block::Table(residents(of)));
    blocks.push(Block::Heading("五、说明".into()));
    blocks.push(Block::Notes(notes(of)));
    blocks.push(Block::Signatures(["制表", "复核", "负责人（盖章）"].map(String::from).into()));
    let running = vec![
        format!("改造编号 {}", row.renovation_no),
        row.title.clone(),
        format!("阶段 {}", row.stage.in_chinese()),
    ];
    let sheet = Sheet::new(of.compound, "改造项目资金筹措表", of.printed_at);
    let sheet = sheet.on(Paper::A4Landscape).running(running).saying(blocks);
    Ok(sheet.sealed("D9", &row.renovation_no.to_string(), of.seal.clone()))
}

fn is_money(source: &&Source) -> bool {
    source.kind.channel() != Channel::Valued
}

/// What of the investment is there; what labour is worth stands apart.
fn in_place(whole: &Whole) -> Money {
    whole.sources.iter().filter(is_money).map(|source| source.in_place_fen).sum()
}

fn foots(whole: &Whole) -> Result<()> {
    let failed = |told: String| Err(Error::CheckFailed(told));
    let planned: Money = whole.sources.iter().filter(is_money).map(|s| s.planned_fen).sum();
    if !whole.sources.is_empty() && planned != whole.row.planned_fen {
        return failed(format!("来源合计 {planned} 不是总投资 {}", whole.row.planned_fen));
    }
    if let Some(beyond) = whole.sources.iter().find(|s| s.drawn_fen > s.planned_fen) {
        return failed(format!("来源 {} 的付款超过计划", beyond.source_no));
    }
    let parts = standing(whole).flat_map(|payment| &payment.parts);
    let parts: Money = parts.map(|part| part.amount_fen - part.recovered_fen).sum();
    let drawn: Money = whole.sources.iter().map(|source| source.drawn_fen).sum();
    if parts != drawn || drawn != whole.row.paid_fen {
        return failed(format!(
            "付款各部分 {parts}，各来源已付 {drawn}，已付 {}",
            whole.row.paid_fen
        ));
    }
    Ok(())
}

fn standing(whole: &Whole) -> impl Iterator<Item = &Payment> {
    whole.payments.iter().filter(|payment| !payment.is_reversed)
}

fn head(of: &Told<'_>) -> Vec<Field> {
    let reserve = &of.whole.reserve;
    let mut fields = vec![
        Field::new("项目", &reserve.title),
        Field::new("规模", format!("{} 幢 {} 户", reserve.buildings, reserve.households)),
        Field::new("建筑面积", format!("{} ㎡", Area::centi_m2(reserve.area_centi_m2))),
        Field::new("建成", reserve.built_on.to_string()),
        Field::new("列入储备", of.whole.row.reserved_on.to_string()),
        Field::new("储备凭据", mask::text(&reserve.evidence)),
    ];
    if let Some(plan) = &of.facts.plan {
        let days = format!("{} 至 {}", plan.is.starts_on, plan.is.finishes_on);
        fields.push(Field::new("计划工期", days));
    }
    if let Some(review) = &of.facts.review {
        let told = format!("{}，{}", review.is.on, mask::text(&review.is.evidence));
        fields.push(Field::new("联合审查", told));
    }
    if let Some(audit) = &of.facts.audit {
        let told = format!("{} 元，{}", audit.is.amount_fen.grouped(), audit.is.auditor);
        fields.push(Field::new("审定金额", told));
    }
    fields
}

/// So much for each of so many, in fen, what is beyond a fen cut away.
fn each(amount: Money, many: i128) -> Cell {
    if many <= 0 {
        return Cell::Blank;
    }
    i64::try_from(i128::from(amount.in_fen()) / many)
        .map_or(Cell::Blank, |fen| Cell::Money(Money::fen(fen)))
}

fn named(source: &Source) -> String {
    let who = if source.who.is_empty() { String::new() } else { format!("（{}）", source.who) };
    format!("{}{}", source.kind.in_chinese(), mask::text(&who))
}

fn sources(of: &Told<'_>) -> Table {
    let columns = vec![
        Column::new("序", Side::Right, Width::Fit),
        Column::words("来源", 3),
        Column::amounts("计划金额"),
        Column::new("占比", Side::Right, Width::Fit),
        Column::amounts("元/㎡").standing().under("单位"),
        Column::amounts("元/户").standing().under("单位"),
        Column::amounts("已到位"),
        Column::amounts("未到位"),
        Column::amounts("已付"),
        Column::words("只用于", 2),
        Column::words("到位条件", 3),
        Column::new("到期", Side::Left, Width::Fit),
        Column::words("责任人", 2),
    ];
    let mut table = Table::new(columns, "方案尚未经联合审查，没有确定的来源");
    let (area, households) =
        (i128::from(of.whole.reserve.area_centi_m2), i128::from(of.whole.reserve.households));
    let line = |source: &Source, share: i64| {
        let items: Vec<&str> = source.items.iter().map(|name| titled(name)).collect();
        let planned = source.planned_fen;
        let per_m2 = Money::fen(planned.in_fen().saturating_mul(100));
        vec![
            Cell::Text(source.source_no.to_string()),
            Cell::Text(source.kind.in_chinese().to_owned()),
            Cell::Money(planned),
            Cell::Percent(share),
            each(per_m2, area),
            each(planned, households),
            Cell::Money(source.in_place_fen),
            Cell::Money(planned - source.in_place_fen),
            Cell::Money(source.drawn_fen),
            Cell::Text(items.join("、")),
            Cell::Text(condition(source.kind).to_owned()),
            until(of, source).map_or(Cell::Blank, Cell::Day),
            Cell::Text(mask::text(&source.who)),
        ]
    };
    let money = || of.whole.sources.iter().filter(is_money);
    let shares = crate::shares_of_whole(money().map(|source| source.planned_fen));
    for (source, share) in money().zip(shares) {
        table.push(Rank::Line, line(source, share));
    }
    if !table.rows().is_empty() {
        let mut total = table.total_of("", table.rows());
        total.cells[1] = Cell::Text("合计＝总投资".into());
        total.cells[3] = Cell::Percent(10_000);
        table.push(Rank::Total, total.cells);
    }
    table
}

/// When a source's money counts as there, as the books take it.
const fn condition(kind: SourceKind) -> &'static str {
    match kind.channel() {
        Channel::Tranches(_) => "文件下达并到专户",
        Channel::Fund => "分户账有余额，付款申请经批准",
        Channel::PaidIn(_) => match kind {
            SourceKind::PublicRevenue => "让渡经表决，按期付入专户",
            SourceKind::OwnerCash | SourceKind::ProvidentFund => "各户交入专户",
            _ => "出资人付入专户",
        },
        Channel::Valued => "逐户登记，另行计价",
    }
}

/// Until when a source's money may be used, or has to come: the first such day.
fn until(of: &Told<'_>, source: &Source) -> Option<Day> {
    let matter = of.whole.row.project_matter_no;
    match source.kind.channel() {
        Channel::Tranches(level) => {
            let is_own = |tranche: &&Tranche| {
                tranche.level == level && tranche.project_matter_no == Some(matter)
            };
            of.tranches.iter().filter(is_own).map(|tranche| tranche.spend_by).min()
        }
        _ if source.kind == SourceKind::PublicRevenue => {
            let own = of.pledges.iter().filter(|pledge| pledge.project_matter_no == matter);
            own.map(|pledge| pledge.until_on).min()
        }
        _ => None,
    }
}

/// Who pays it.
fn drawn(of: &Told<'_>) -> Chart {
    let parts = of.whole.sources.iter().filter(is_money);
    let plot = Plot::Parts(parts.map(|source| (named(source), source.planned_fen)).collect());
    Chart { title: "资金来源（计划，元）".into(), plot }
}

/// An item of the catalogue as it is read.
fn titled(name: &str) -> &str {
    item(name).map_or(name, |item| item.title.as_str())
}

fn contents(whole: &Whole) -> Table {
    let columns = vec![
        Column::new("编号", Side::Right, Width::Fit),
        Column::words("内容", 3),
        Column::words("类别", 1),
        Column::words("楼栋", 1),
        Column::amounts("预算"),
        Column::amounts("其中已付补助"),
        Column::amounts("已付合计"),
    ];
    let mut table = Table::new(columns, "方案尚未经联合审查，没有确定的内容");
    for content in &whole.contents {
        let paid = standing(whole).filter(|payment| payment.content_no == content.content_no);
        let building = match content.building.as_str() {
            "" => "全小区".to_owned(),
            building => format!("{building} 幢"),
        };
        let cells = vec![
            Cell::Text(content.content_no.to_string()),
            Cell::Text(format!("{}（{}）", content.name, titled(&content.item))),
            Cell::Text(content.class.in_chinese().to_owned()),
            Cell::Text(building),
            Cell::Money(content.budget_fen),
            Cell::Money(content.granted_spent_fen),
            Cell::Money(paid.map(|payment| payment.amount_fen - payment.recovered_fen).sum()),
        ];
        table.push(Rank::Line, cells);
    }
    if !whole.contents.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

fn contracts(of: &[At<Contract>]) -> Table {
    let columns = vec![
        Column::words("施工单位", 3),
        Column::new("签订日期", Side::Left, Width::Fit),
        Column::words("合同", 3),
        Column::amounts("合同价"),
    ];
    let mut table = Table::new(columns, "尚未签订合同");
    for contract in of.iter().map(|contract| &contract.is) {
        let cells = vec![
            Cell::Text(contract.contractor.clone()),
            Cell::Day(contract.signed_on),
            Cell::Text(mask::text(&contract.evidence)),
            Cell::Money(contract.price_fen),
        ];
        table.push(Rank::Line, cells);
    }
    if !of.is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

/// Each payment, by the sources it was drawn from.
fn payments(of: &Told<'_>) -> Table {
    let columns = vec![
        Column::new("付款", Side::Right, Width::Fit),
        Column::words("期次", 1),
        Column::new("日期", Side::Left, Width::Fit),
        Column::words("内容", 2),
        Column::words("收款人", 2),
        Column::words("发票、凭据", 2),
        Column::words("来源", 2),
        Column::amounts("金额"),
    ];
    let mut table = Table::new(columns, "尚未付款");
    let accepted = of.facts.acceptance.as_ref().filter(|a| a.is.is_passed).map(|a| a.is.on);
    for (place, payment) in standing(of.whole).enumerate() {
        let stage = match place {
            _ if accepted.is_some_and(|on| payment.paid_on >= on) => "竣工后",
            0 => "首拨",
            _ => "中期",
        };
        let contents = &of.whole.contents;
        let content = contents.iter().find(|content| content.content_no == payment.content_no);
        for (nth, part) in payment.parts.iter().enumerate() {
            let mut sources = of.whole.sources.iter();
            let source = sources.find(|source| source.source_no == part.source_no);
            let of_payment = |text: &str| match nth {
                0 => Cell::Text(text.to_owned()),
                _ => Cell::Blank,
            };
            let cells = vec![
                of_payment(&payment.payment_no.to_string()),
                of_payment(stage),
                if nth == 0 { Cell::Day(payment.paid_on) } else { Cell::Blank },
                of_payment(content.map_or("", |content| content.name.as_str())),
                of_payment(&payment.payee),
                of_payment(&mask::text(&payment.evidence)),
                Cell::Text(source.map_or_else(String::new, named)),
                Cell::Money(part.amount_fen),
            ];
            table.push(Rank::Line, cells);
            if part.recovered_fen.is_positive() {
                let mut cells = vec![Cell::Blank; 6];
                cells[1] = Cell::Text("追回".to_owned());
                cells.push(Cell::Text(source.map_or_else(String::new, named)));
                cells.push(Cell::Money(-part.recovered_fen));
                table.push(Rank::Line, cells);
            }
        }
    }
    if !table.rows().is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

/// What each dwelling brought: in money, of its provident fund, by labour.
fn residents(of: &Told<'_>) -> Table {
    let is_public = of.public == Public::Yes;
    let columns = vec![
        Column::new("序", Side::Right, Width::Fit),
        Column::words(if is_public { "房号（遮盖）" } else { "房号" }, 2),
        Column::new("建筑面积（㎡）", Side::Right, Width::Fit),
        Column::amounts("居民出资"),
        Column::amounts("住房公积金"),
        Column::amounts("合计"),
        Column::amounts("投工投劳（计价）"),
    ];
    let mut table = Table::new(columns, "没有登记各户的出资");
    let kind_of = |no| {
        let found = of.whole.sources.iter().find(|source| source.source_no == no);
        found.map(|source| source.kind)
    };
    let mut rows: Vec<(String, Option<Area>, [Money; 3])> = Vec::new();
    for dwelling in of.dwellings {
        let mut sums = [Money::ZERO; 3];
        let mine = of.whole.paid_in.iter().filter(|paid| paid.dwelling_no == Some(dwelling.no.0));
        for paid in mine {
            match kind_of(paid.source_no) {
                Some(SourceKind::OwnerCash) => sums[0] += paid.amount_fen,
                Some(SourceKind::ProvidentFund) => sums[1] += paid.amount_fen,
                Some(SourceKind::Labour) => sums[2] += paid.amount_fen,
                _ => {}
            }
        }
        if sums.iter().any(|sum| !sum.is_zero()) {
            let room = dwelling.code.to_string();
            match is_public {
                true => rows.push((masked_room(&room), None, sums)),
                false => rows.push((room, Some(dwelling.fund_area), sums)),
            }
        }
    }
    if is_public {
        rows.sort_by_key(|(room, _, sums)| (sums.map(|sum| -sum.in_fen()), room.clone()));
    }
    for (number, (room, area, [cash, provident, labour])) in (1_u64..).zip(rows) {
        let cells = vec![
            Cell::Count(number),
            Cell::Text(room),
            area.map_or(Cell::Blank, Cell::Area),
            Cell::Money(cash),
            Cell::money_if_any(provident),
            Cell::Money(cash + provident),
            Cell::money_if_any(labour),
        ];
        table.push(Rank::Line, cells);
    }
    if !table.rows().is_empty() {
        let total = table.total_of("合计", table.rows());
        table.push(Rank::Total, total.cells);
    }
    table
}

fn notes(of: &Told<'_>) -> Vec<String> {
    let whole = of.whole;
    let mut notes = vec![
        "合计等于总投资，投工投劳另行计价，不计入总投资、不付款。".to_owned(),
        "付款依来源所列次序支取；各来源的付款均未超过其计划。".to_owned(),
        format!("居民承担（含投工投劳的计划）{} 元。", whole.residents_fen.grouped()),
    ];
    for source in whole.sources.iter().filter(|source| !is_money(source)) {
        notes.push(format!(
            "{}：计划 {} 元，已登记 {} 元。",
            source.kind.in_chinese(),
            source.planned_fen.grouped(),
            source.in_place_fen.grouped()
        ));
    }
    let reversed = whole.payments.iter().filter(|payment| payment.is_reversed).count();
    if reversed > 0 {
        notes.push(format!("已冲销的付款 {reversed} 笔不列。"));
    }
    if whole.sources.iter().any(|source| source.kind.channel() == Channel::Fund) {
        notes.push("维修资金部分各户的分摊见维修资金分摊清册（D5）。".to_owned());
    }
    if of.public == Public::Yes {
        notes.push("公示件房号遮盖，按金额排列；业主凭房号查询本户明细。".to_owned());
    }
    if let Some(plan) = &whole.plan_name {
        notes.push(format!("方案名 {plan}"));
    }
    notes
}
