//! D6 分户对账单: the maintenance fund of one dwelling over a period, for its owner.
//!
//! Owns: [`Figures`] (what the statement says), [`set`] (how it is laid out).
//!
//! Always: opening + in − out = closing, for principal and for gains apart, and every line's
//! balance is the one before it plus in minus out; [`set`] refuses figures that do not hold, so
//! no such statement can be printed. Names arrive masked and stay so. Never: a balance computed
//! here that the ledger did not give; a deadline or a threshold of a city in the code (they
//! arrive as sentences).
//! Limits: one dwelling; the projects that will next touch it are not listed yet.

use ledger::calendar::{Day, Instant};
use ledger::measure::Area;
use ledger::money::Money;

use crate::sheet::{
    Block, Cell, Chart, Column, Field, Plot, Rank, Sheet, Side, Sum, Table, Warning, Width, percent,
};
use crate::{Error, Result};

mod gather;
pub use self::gather::{Ground, Period, gather, gather_on, ground};

/// All that the statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// 小区全称.
    pub compound: String,
    /// The compound's code (小区编号).
    pub compound_code: String,
    /// 楼-单元-房号.
    pub dwelling: String,
    /// The owners, already masked for whoever reads this.
    pub owners: Vec<String>,
    /// 建筑面积.
    pub area: Area,
    /// 账户编号.
    pub account: String,
    /// The first day of the period.
    pub from: Day,
    /// The last day of the period.
    pub to: Day,
    /// 交存标准, in words.
    pub levy: String,
    /// 首次交存日, if anything was ever paid in.
    pub first_deposit_on: Option<Day>,
    /// 首期应交.
    pub first_due: Money,
    /// 首期实交.
    pub first_paid: Money,
    /// Before the first line.
    pub opening: Balance,
    /// What happened, in the order of the account.
    pub lines: Vec<Line>,
    /// After the last line.
    pub closing: Balance,
    /// 余额占首期, in basis points; none where there was no first deposit.
    pub percent_of_first: Option<i64>,
    /// 本幢同期汇总.
    pub building: Building,
    /// Whether the period is still open (未结账).
    pub is_open: bool,
    /// What the book looked like when the figures were taken.
    pub seal: Seal,
    /// The business day up to which facts count.
    pub as_of: Day,
    /// The moment up to which the book was read.
    pub known_at: Instant,
    /// 打印时间.
    pub printed_at: Instant,
    /// How the interest of the period was reckoned, for whoever will do it again.
    pub reckonings: Vec<Reckoning>,
    /// 异议期限: until when and to whom an objection is made, as the city's rules word it.
    pub objection: String,
}

/// A fund balance: what was paid in, and what it has earned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// 本金.
    pub principal: Money,
    /// 利息.
    pub gains: Money,
}

impl Balance {
    /// 合计.
    #[must_use]
    pub fn total(self) -> Money {
        self.principal + self.gains
    }
}

/// Principal, gains or both.
type Part = fn(Balance) -> Money;

/// One posting to the account of the dwelling. In a correction (红字冲销) amounts are negative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The day it took effect.
    pub day: Day,
    /// 摘要.
    pub summary: Summary,
    /// 业务编号.
    pub reference: String,
    /// 增加.
    pub increase: Balance,
    /// 减少.
    pub decrease: Balance,
    /// 余额 after it.
    pub after: Balance,
    /// 凭证号.
    pub voucher: String,
    /// Whether it belongs to an earlier period and was posted late (补记).
    pub is_late: bool,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// 交存.
    Deposit,
    /// 利息.
    Interest,
    /// 支取.
    Withdrawal,
    /// 退款.
    Refund,
    /// 划转.
    Transfer,
    /// 更正.
    Correction,
}

impl Summary {
    /// The word on paper.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Summary::Deposit => "交存",
            Summary::Interest => "利息",
            Summary::Withdrawal => "支取",
            Summary::Refund => "退款",
            Summary::Transfer => "划转",
            Summary::Correction => "更正",
        }
    }
}

/// How one share of gains came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reckoning {
    /// The day of settlement.
    pub settle_on: Day,
    /// 结息, 分配.
    pub what: &'static str,
    /// The lines, each a factor chain with its figure.
    pub lines: Vec<String>,
    /// What they come to, rounded once.
    pub amount: Money,
    /// The law it was reckoned by: pack and digest.
    pub pack: String,
}

/// The building of the dwelling at the end of the period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Building {
    /// 户数.
    pub households: u64,
    /// 户均余额.
    pub average: Money,
    /// 余额中位数.
    pub median: Money,
}

pub use crate::sheet::Seal;

/// Lays the statement out.
///
/// # Errors
/// [`Error::DoesNotFoot`] if opening + in − out is not closing; [`Error::DoesNotRun`] if a line's
/// balance does not follow from the one before.
pub fn set(figures: &Figures) -> Result<Sheet> {
    let (increase, decrease) = foot(figures)?;

    let mut blocks = who(figures);
    blocks.push(Block::Heading("收支明细".into()));
    blocks.push(Block::Table(lines(figures, increase, decrease)));
    if !figures.reckonings.is_empty() {
        blocks.push(Block::Heading("计息明细（可据此重算，逐户只取整一次）".into()));
        blocks.push(Block::Table(reckonings(&figures.reckonings)));
    }
    blocks.push(Block::Heading("本期结余（元）".into()));
    blocks.push(Block::Table(footing(figures, increase, decrease)));
    let amount = figures.closing.total();
    blocks.push(Block::Sum(Sum { label: "期末余额合计".into(), amount }));
    blocks.push(compared(figures));
    blocks.push(Block::Chart(chart(figures)));
    blocks.push(Block::Heading("说明".into()));
    blocks.push(Block::Notes(notes(figures)));
    blocks.push(seal(figures));
    let names = ["制表", "复核", "负责人签字"];
    blocks.push(Block::Signatures(names.map(String::from).into()));

    let running = vec![
        format!("账户编号 {}", figures.account),
        format!("房号 {}", figures.dwelling),
        format!("期间 {} 至 {}", figures.from, figures.to),
    ];
    let warning = figures.is_open.then(|| Warning {
        word: "未结账".into(),
        meaning: "本期账簿尚未结账，以下数字仍可能变动，仅供查询，不作对账依据。".into(),
    });
    let sheet = Sheet::new(&figures.compound, "住宅专项维修资金分户对账单", figures.printed_at);
    let sheet = sheet.running(running).warning(warning).saying(blocks);
    let number = format!("{} {}", figures.account, figures.to);
    Ok(sheet.sealed("D6", &number, Some(figures.seal.clone())))
}

/// What came in and what went out, if the statement foots.
fn foot(figures: &Figures) -> Result<(Balance, Balance)> {
    let Figures { opening, lines, closing, .. } = figures;
    let sum = |part: fn(&Line) -> Money| lines.iter().map(part).sum::<Money>();
    let increase =
        Balance { principal: sum(|l| l.increase.principal), gains: sum(|l| l.increase.gains) };
    let decrease =
        Balance { principal: sum(|l| l.decrease.principal), gains: sum(|l| l.decrease.gains) };

    let parts: [(&'static str, Part); 2] = [("本金", |b| b.principal), ("利息", |b| b.gains)];
    for (what, part) in parts {
        if part(*opening) + part(increase) - part(decrease) != part(*closing) {
            return Err(Error::DoesNotFoot {
                what,
                opening: part(*opening),
                increase: part(increase),
                decrease: part(decrease),
                closing: part(*closing),
            });
        }
        let mut running = part(*opening);
        for (place, line) in lines.iter().enumerate() {
            running = running + part(line.increase) - part(line.decrease);
            if running != part(line.after) {
                let (counted, given) = (running, part(line.after));
                return Err(Error::DoesNotRun { what, line: place + 1, counted, given });
            }
        }
    }
    Ok((increase, decrease))
}

fn who(figures: &Figures) -> Vec<Block> {
    let first_deposit =
        figures.first_deposit_on.map_or("尚未交存".into(), |day| day.to_string());
    let fields = vec![
        Field::new("业主", figures.owners.join("、")).over(2),
        Field::new("建筑面积", format!("{} ㎡", figures.area)),
        Field::new("首次交存日", first_deposit),
        Field::new("首期应交", format!("{} 元", figures.first_due.grouped())),
        Field::new("首期实交", format!("{} 元", figures.first_paid.grouped())),
        Field::new("交存标准", &figures.levy).over(2),
        Field::new("小区编号", &figures.compound_code),
    ];
    vec![Block::Fields { across: 3, fields }]
}

fn lines(figures: &Figures, increase: Balance, decrease: Balance) -> Table {
    let mut table = Table::new(
        vec![
            Column::new("日期", Side::Left, Width::Fit),
            Column::new("摘要", Side::Left, Width::Fit),
            Column::words("业务编号", 1),
            Column::amounts("本金").under("增加"),
            Column::amounts("利息").under("增加"),
            Column::amounts("本金").under("减少"),
            Column::amounts("利息").under("减少"),
            Column::amounts("本金").under("余额").standing(),
            Column::amounts("利息").under("余额").standing(),
            Column::words("凭证号", 1),
        ],
        "本期无收支",
    );
    table.page_total = Some("本页小计".into());

    let mut opening = vec![Cell::Day(figures.from), Cell::Text("期初余额".into())];
    opening.extend([const { Cell::Blank }; 5]);
    opening.extend(amounts(figures.opening, Cell::Money));
    opening.push(Cell::Blank);
    table.push(Rank::Line, opening);
    for line in &figures.lines {
        let late = if line.is_late { "※" } else { "" };
        let summary = Cell::Text(format!("{}{late}", line.summary.word()));
        let mut cells = vec![Cell::Day(line.day), summary, Cell::Text(line.reference.clone())];
        cells.extend(amounts(line.increase, Cell::money_if_any));
        cells.extend(amounts(line.decrease, Cell::money_if_any));
        cells.extend(amounts(line.after, Cell::Money));
        cells.push(Cell::Text(line.voucher.clone()));
        table.push(Rank::Line, cells);
    }
    let mut total = vec![Cell::Text("本期合计及期末余额".into()), Cell::Blank, Cell::Blank];
    for balance in [increase, decrease, figures.closing] {
        total.extend(amounts(balance, Cell::Money));
    }
    total.push(Cell::Blank);
    table.push(Rank::Total, total);
    table
}

fn reckonings(of: &[Reckoning]) -> Table {
    let mut table = Table::new(
        vec![
            Column::new("结息日", Side::Left, Width::Fit),
            Column::new("事项", Side::Left, Width::Fit),
            Column::words("基数 × 天数 × 利率", 5),
            Column::amounts("金额"),
            Column::words("依据的政策包", 2),
        ],
        "",
    );
    for reckoning in of {
        let pack = reckoning.pack.split(" sha256:").next().unwrap_or_default();
        table.push(
            Rank::Line,
            vec![
                Cell::Day(reckoning.settle_on),
                Cell::Text(reckoning.what.into()),
                Cell::Text(reckoning.lines.join("；")),
                Cell::Money(reckoning.amount),
                Cell::Text(pack.to_owned()),
            ],
        );
    }
    table
}

fn amounts(balance: Balance, cell: fn(Money) -> Cell) -> [Cell; 2] {
    [cell(balance.principal), cell(balance.gains)]
}

fn footing(figures: &Figures, increase: Balance, decrease: Balance) -> Table {
    let heads = ["期初余额", "本期增加", "本期减少", "期末余额"].map(Column::amounts);
    let mut columns = vec![Column::new("项目", Side::Left, Width::Fit)];
    columns.extend(heads);
    let mut table = Table::new(columns, "");
    let balances = [figures.opening, increase, decrease, figures.closing];
    let parts: [(Rank, &str, Part); 3] = [
        (Rank::Line, "本金", |b| b.principal),
        (Rank::Line, "利息", |b| b.gains),
        (Rank::Total, "合计", Balance::total),
    ];
    for (rank, name, part) in parts {
        let mut cells = vec![Cell::Text(name.into())];
        cells.extend(balances.map(|balance| Cell::Money(part(balance))));
        table.push(rank, cells);
    }
    table
}

fn compared(figures: &Figures) -> Block {
    let share = figures.percent_of_first.map_or("—".into(), percent);
    let Building { households, average, median } = figures.building;
    let building = format!(
        "{households} 户，户均余额 {} 元，中位数 {} 元",
        average.grouped(),
        median.grouped()
    );
    let fields = vec![Field::new("余额占首期", share), Field::new("本幢同期", building).over(2)];
    Block::Fields { across: 3, fields }
}

/// The balance of the account day by day. A late line changed the account when it was posted, not
/// on its own day, so the steps never go back in time.
fn chart(figures: &Figures) -> Chart {
    let mut steps = vec![(figures.from, figures.opening.total())];
    for line in &figures.lines {
        let (before, _) = steps[steps.len() - 1];
        steps.push((line.day.max(before), line.after.total()));
    }
    let first = figures.first_paid;
    let level = first.is_positive().then(|| (format!("首期 {}", first.grouped()), first));
    let title = "余额走势（本金与利息合计，元）".into();
    Chart { title, plot: Plot::Steps { from: figures.from, to: figures.to, steps, level } }
}

fn notes(figures: &Figures) -> Vec<String> {
    let mut notes =
        vec!["“增加”为交存、转入和利息，“减少”为支取、退款和转出；更正以红字（负数）冲销。".into()];
    if figures.seal.vouchers == 0 {
        notes.push(nothing_recorded(figures.known_at));
    }
    if figures.lines.iter().any(|line| line.is_late) {
        notes.push("※为补记：发生在以前期间，日期为实际发生日，本期入账。".into());
    }
    notes.push(figures.objection.clone());
    notes.push(
        "核验：以同一账簿、同一截止时间重印，内容和校验码应逐字相同；\
         xiaoqu verify 重算所得印记应与下列账簿印记相同。"
            .into(),
    );
    notes.push("本单一式一份，由业主留存，涂改无效。".into());
    notes
}

/// What is said of a book in which there was nothing yet: its figures are nothing, not nought.
#[must_use]
pub fn nothing_recorded(known_at: Instant) -> String {
    let at = known_at.for_people();
    format!("截至 {at}，账簿中还没有任何凭证：以上为零，是当时尚未记账，不是没有收支。")
}

fn seal(figures: &Figures) -> Block {
    let head: Vec<char> = figures.seal.head.chars().collect();
    let head: Vec<String> = head.chunks(8).map(|eight| eight.iter().collect()).collect();
    let fields = vec![
        Field::new("账簿印记", head.join(" ")).over(3),
        Field::new("凭证张数", figures.seal.vouchers.to_string()),
        Field::new("账务截止日", figures.as_of.to_string()),
        Field::new("取数时间", figures.known_at.for_people()),
    ];
    Block::Fields { across: 3, fields }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::press::text;

    fn day(month: u32, day: u32) -> Day {
        Day::from_ymd_opt(2025, month, day).unwrap()
    }

    fn balance(principal: i64, gains: i64) -> Balance {
        Balance { principal: Money::fen(principal), gains: Money::fen(gains) }
    }

    /// A statement with so many lines: deposits, interest, withdrawals and corrections in turn.
    pub(crate) fn figures(many: u32) -> Figures {
        let opening = balance(1_769_000, 48_213);
        let mut after = opening;
        let mut lines = Vec::new();
        for number in 0..many {
            let (summary, increase, decrease) = match number % 4 {
                0 => (Summary::Deposit, balance(120_000, 0), Balance::default()),
                1 => (Summary::Interest, balance(0, 1_733), Balance::default()),
                2 => (Summary::Withdrawal, Balance::default(), balance(80_050, 312)),
                _ => (Summary::Correction, balance(-13_700, 0), Balance::default()),
            };
            after.principal = after.principal + increase.principal - decrease.principal;
            after.gains = after.gains + increase.gains - decrease.gains;
            lines.push(Line {
                day: day(1 + number * 12 / many, 15),
                summary,
                reference: format!("JC-2025-{:06}", number + 1),
                increase,
                decrease,
                after,
                voucher: format!("fund/2025-{:04}", number * 7 + 3),
                is_late: number == 5,
            });
        }
        Figures {
            compound: "杭州市西湖区梧桐里小区".into(),
            compound_code: "330106-0042".into(),
            dwelling: "3幢-1单元-1201".into(),
            owners: vec!["王*䶮".into(), "喆*㛃".into()],
            area: Area::centi_m2(8845),
            account: "330106-0042-1201".into(),
            from: day(1, 1),
            to: day(12, 31),
            levy: "每平方米 200 元".into(),
            first_deposit_on: Some(day(1, 1)),
            first_due: Money::fen(1_769_000),
            first_paid: Money::fen(1_769_000),
            opening,
            lines,
            closing: after,
            percent_of_first: Some(10_273),
            building: Building {
                households: 48,
                average: Money::fen(1_803_455),
                median: Money::fen(1_791_020),
            },
            is_open: false,
            seal: Seal { head: "9f86d081884c7d65".repeat(4), vouchers: 1234 },
            as_of: day(12, 31),
            known_at: Instant::from_seconds(1_767_574_800),
            printed_at: Instant::from_seconds(1_767_603_600),
            reckonings: Vec::new(),
            objection: "对本单有异议的，请自收到之日起 30 日内书面提出。".into(),
        }
    }

    #[test]
    fn what_does_not_foot_is_not_laid_out() {
        assert!(set(&figures(7)).is_ok());

        let mut wrong = figures(7);
        wrong.closing.gains += Money::fen(1);
        let refused = Error::DoesNotFoot {
            what: "利息",
            opening: Money::fen(48_213),
            increase: Money::fen(3_466),
            decrease: Money::fen(624),
            closing: Money::fen(51_056),
        };
        assert_eq!(set(&wrong), Err(refused));

        let mut wrong = figures(7);
        wrong.opening.principal += Money::fen(1);
        assert!(matches!(set(&wrong), Err(Error::DoesNotFoot { what: "本金", .. })));

        let mut wrong = figures(7);
        wrong.lines[2].after.principal += Money::fen(1);
        assert!(matches!(set(&wrong), Err(Error::DoesNotRun { what: "本金", line: 3, .. })));
    }

    #[test]
    fn an_account_without_lines_foots() {
        let mut quiet = figures(0);
        quiet.first_deposit_on = None;
        quiet.percent_of_first = None;
        let text = text::press(&set(&quiet).unwrap());
        assert!(text.contains("首次交存日：尚未交存"), "{text}");
        assert!(
            text.contains("期末余额合计：¥18,172.13 人民币（大写）壹万捌仟壹佰柒拾贰元壹角叁分")
        );
    }

    #[test]
    fn nothing_recorded_is_not_nought() {
        let said = |figures: &Figures| text::press(&set(figures).unwrap()).contains("尚未记账");
        let mut early = figures(0);
        assert!(!said(&early));
        early.seal.vouchers = 0;
        assert!(said(&early));
    }

    #[test]
    fn the_statement_says_what_it_was_given() {
        let mut figures = figures(7);
        figures.is_open = true;
        let text = text::press(&set(&figures).unwrap());
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in [
            "【未结账】",
            "业主：王*䶮、喆*㛃",
            "2025-02-15 利息 JC-2025-000002 17.33 18,890.00 499.46 fund/2025-0010",
            "2025-06-15 更正 JC-2025-000004 -137.00 17,952.50 496.34 fund/2025-0024",
            "2025-09-15 利息※ JC-2025-000006 17.33 19,152.50 513.67 fund/2025-0038",
            "本期合计及期末余额 2,263.00 34.66 1,601.00 6.24 18,352.00 510.55",
            "利息 482.13 34.66 6.24 510.55",
            "余额占首期：102.73%",
            "48 户，户均余额 18,034.55 元，中位数 17,910.20 元",
            "※为补记",
            "打印时间 2026-01-05 17:00:00 校验码 D6-",
        ] {
            assert!(words.contains(said), "{said} is not in\n{text}");
        }
        assert!(text.lines().all(|line| line.trim_end() == line));
    }
}
