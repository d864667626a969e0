//! 对账差异表: bank, ledger and dwellings on a day, with every difference, its kind and its age, and what is left after them.
//!
//! Owns: [`set`]. The figures are the ledger's ([`ledger::accounts::tie`]). Never: a line that hides what is not explained; it
//! is said across the head.

use ledger::accounts::{Gap, Tie};
use ledger::calendar::Instant;
use ledger::money::Money;

use crate::sheet::{Block, Cell, Column, Rank, Sheet, Side, Table, Warning, Width};

/// Lays the tie of a day out.
#[must_use]
pub fn set(of: &Tie, compound: &str, printed_at: Instant, open: Option<Warning>) -> Sheet {
    let bank = of.bank_fen.unwrap_or_default();
    let mut notes = vec![
        "账面银行存款、账面资金为 1001 与 1001、1101、1201 科目；各户余额为分户账合计。".to_owned(),
        "“列明差异之后”为零，说明两数之差已逐项列出；账龄自发生日起算至对账日。".to_owned(),
    ];
    if of.bank_fen.is_none() {
        notes.push("没有银行流水可对：导入专户流水后重新对账。".to_owned());
    }
    if of.is_counted {
        notes.push("流水未带余额：银行余额依首笔之前的账面推算，不能单独证明期初相符。".to_owned());
    }
    let blocks = vec![
        Block::Heading("一、银行与账面（元）".into()),
        Block::Table(sides(
            ("银行余额", bank),
            ("账面银行存款", of.ledger_bank_fen),
            &of.bank_gaps,
            of.bank_left_fen,
        )),
        Block::Heading("二、账面与各户（元）".into()),
        Block::Table(sides(
            ("账面资金", of.ledger_fen),
            ("各户余额合计", of.dwellings_fen),
            &of.dwelling_gaps,
            of.dwelling_left_fen,
        )),
        Block::Heading("说明".into()),
        Block::Notes(notes),
        Block::Signatures(["编制人", "复核", "负责人"].map(String::from).into()),
    ];
    let differs = Warning::new("不符", "有差异无据可查，须查明后重新对账。");
    let differs = (!of.is_explained).then_some(differs);
    let warning = Warning::together(differs.into_iter().chain(open));
    let sheet = Sheet::new(compound, "住宅专项维修资金对账差异表", printed_at);
    let sheet = sheet.running(vec![format!("对账日 {}", of.on)]).warning(warning).saying(blocks);
    sheet.sealed("DZ", &of.on.to_string(), None)
}

/// The first figure, the second, what is between them, and what is left.
fn sides(first: (&str, Money), second: (&str, Money), gaps: &[Gap], left: Money) -> Table {
    let columns = vec![
        Column::new("项目", Side::Left, Width::Fit),
        Column::new("发生日", Side::Left, Width::Fit),
        Column::new("账龄（天）", Side::Right, Width::Fit),
        Column::words("所在", 1),
        Column::amounts("金额").standing(),
    ];
    let mut table = Table::new(columns, "");
    let whole = |name: &str, amount: Money| {
        let mut cells = vec![Cell::Text(name.into())];
        cells.extend([const { Cell::Blank }; 3]);
        cells.push(Cell::Money(amount));
        cells
    };
    table.push(Rank::Line, whole(first.0, first.1));
    table.push(Rank::Line, whole(&format!("减：{}", second.0), second.1));
    for gap in gaps {
        let cells = vec![
            Cell::Text(format!("　{}", gap.kind.in_chinese())),
            Cell::Day(gap.on),
            Cell::Count(gap.days.unsigned_abs()),
            Cell::Text(gap.what.clone()),
            Cell::Money(gap.amount_fen),
        ];
        table.push(Rank::Line, cells);
    }
    table.push(Rank::Total, whole("列明差异之后", left));
    table
}
