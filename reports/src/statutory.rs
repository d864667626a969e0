//! 会住维01/02/03表: the statements of 财会〔2020〕7号, line by line, with the seven cross-checks printed under them.
//!
//! Owns: [`Head`] (whose statement, by whom), [`set`]. The figures are the ledger's ([`ledger::accounts`]); lines and captions
//! come from its forms. Always: a statement whose checks do not all hold is not laid out. A fund that keeps no sold public
//! housing leaves its column of 03 out (the forms' footnote).

use ledger::accounts::{self, Code, Filled, FormLine, Statements};
use ledger::calendar::Instant;
use ledger::journal::text;
use ledger::money::Money;

use crate::sheet::{Block, Cell, Column, Field, Paper, Rank, Sheet, Side, Table, Width};
use crate::{Error, Result};

/// Whose statement it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// 资金名称, without 住宅专项维修资金: the compound's name, or the area's.
    pub fund: String,
    /// 编制单位; empty to be stamped on paper.
    pub prepared_by: String,
    /// The compounds summed up, by name; empty for a compound's own.
    pub compounds: Vec<String>,
    /// 打印时间.
    pub printed_at: Instant,
}

/// Lays a statement out.
///
/// # Errors
/// [`Error::CheckFailed`] if a cross-check does not hold.
pub fn set(of: &Statements, code: Code, head: &Head) -> Result<Sheet> {
    if let Some(failed) = of.checks.iter().find(|check| !check.is_passed) {
        return Err(Error::CheckFailed(failed.to_string()));
    }
    let form = accounts::form(code);
    let table = match code {
        Code::BalanceSheet => two_halves(of.lines(code)),
        Code::IncomeAndExpenditure => plain(of, code, &[true, true]),
        Code::ChangesInNetAssets => {
            let is_shown: Vec<bool> = (0..form.columns.len()).map(|n| applies(of, n)).collect();
            plain(of, code, &is_shown)
        }
    };
    let mut blocks = vec![frame(head), Block::Table(table), Block::Heading("校验".into())];
    blocks.push(Block::Notes(of.checks.iter().map(ToString::to_string).collect()));
    blocks.push(Block::Heading("说明".into()));
    blocks.push(Block::Notes(notes(of, head)));
    let names = ["编制人", "复核", "负责人"];
    blocks.push(Block::Signatures(names.map(String::from).into()));
    let paper = if code == Code::IncomeAndExpenditure { Paper::A4 } else { Paper::A4Landscape };
    let running = vec![form.number.clone(), period(of, code), "单位：元".into()];
    let sheet = Sheet::new(&head.fund, &form.title, head.printed_at).on(paper);
    let sheet = sheet.running(running).saying(blocks);
    Ok(sheet.sealed(&format!("W{}", code.name()), &of.month.to_string(), None))
}

/// A day, a month or a year, as the form's head says it.
fn period(of: &Statements, code: Code) -> String {
    let (year, month) = (of.month.year(), of.month.month());
    match code {
        Code::BalanceSheet => {
            let day = of.month.last_day();
            format!("{year} 年 {month} 月 {} 日", day.format("%-d"))
        }
        Code::IncomeAndExpenditure => format!("{year} 年 {month} 月"),
        Code::ChangesInNetAssets => format!("{year} 年度"),
    }
}

fn frame(head: &Head) -> Block {
    let by = if head.prepared_by.is_empty() { "（盖章）" } else { &head.prepared_by };
    let fields = vec![
        Field::new("资金名称", format!("{}住宅专项维修资金", head.fund)),
        Field::new("编制单位", by),
    ];
    Block::Fields { across: 2, fields }
}

/// Whether a column of 03 has anything in it, or always stands.
fn applies(of: &Statements, column: usize) -> bool {
    let form = accounts::form(Code::ChangesInNetAssets);
    let always = form.columns.get(column).is_none_or(|c| c.head != "已售公有住房维修资金");
    let is_filled = |line: &Filled| line.amounts_fen.get(column).is_some_and(|a| !a.is_zero());
    always || of.changes_in_net_assets.iter().any(is_filled)
}

fn caption(line: &FormLine) -> String {
    format!("{}{}", "　".repeat(line.indent), line.name)
}

const fn rank(of: accounts::Rank) -> Rank {
    match of {
        accounts::Rank::Line => Rank::Line,
        accounts::Rank::Subtotal => Rank::Subtotal,
        accounts::Rank::Total => Rank::Total,
    }
}

/// Lines under each other; `is_shown` says which columns stand.
fn plain(of: &Statements, code: Code, is_shown: &[bool]) -> Table {
    let form = accounts::form(code);
    let mut columns = vec![Column::new("项目", Side::Left, Width::Share(1))];
    let shown = |place: &usize| is_shown.get(*place).copied().unwrap_or(true);
    let places: Vec<usize> = (0..form.columns.len()).filter(shown).collect();
    columns
        .extend(places.iter().map(|place| Column::amounts(&form.columns[*place].head).standing()));
    let mut table = Table::new(columns, "");
    for (line, filled) in form.lines.iter().zip(of.lines(code)) {
        let mut cells = vec![Cell::Text(caption(line))];
        let amount =
            |place: &usize| filled.amounts_fen.get(*place).map_or(Cell::Blank, |a| Cell::Money(*a));
        cells.extend(places.iter().map(amount));
        // The sums of 02 and 03 stand above what they sum, so only the last line is set off as a total.
        let is_last = rank(line.rank) == Rank::Total;
        table.push(if is_last { Rank::Total } else { Rank::Line }, cells);
    }
    table
}

/// 01: assets on the left, liabilities and net assets on the right, both totals in the last row.
fn two_halves(lines: &[Filled]) -> Table {
    let form = accounts::form(Code::BalanceSheet);
    let heads: Vec<&str> = form.columns.iter().map(|column| column.head.as_str()).collect();
    let mut columns = Vec::new();
    for half in ["资产", "负债和净资产"] {
        columns.push(Column::words(half, 1));
        columns.extend(heads.iter().map(|head| Column::amounts(head).standing()));
    }
    let half = |side: accounts::Side| -> Vec<(Rank, Vec<Cell>)> {
        let mine = form.lines.iter().zip(lines).filter(|(line, _)| line.side == side);
        let cells = |(line, filled): (&FormLine, &Filled)| {
            let mut cells = vec![Cell::Text(caption(line))];
            let amount = |place: usize| {
                filled.amounts_fen.get(place).map_or(Cell::Blank, |a| Cell::Money(*a))
            };
            cells.extend((0..heads.len()).map(amount));
            (rank(line.rank), cells)
        };
        mine.map(cells).collect()
    };
    let (mut left, mut right) = (half(accounts::Side::Left), half(accounts::Side::Right));
    let (left_total, right_total) = (left.pop(), right.pop());
    let mut table = Table::new(columns, "");
    let nothing = || vec![Cell::Blank; heads.len() + 1];
    for row in 0..left.len().max(right.len()) {
        let mut cells = left.get(row).map_or_else(nothing, |(_, cells)| cells.clone());
        cells.extend(right.get(row).map_or_else(nothing, |(_, cells)| cells.clone()));
        table.push(Rank::Line, cells);
    }
    if let (Some((_, mut cells)), Some((_, more))) = (left_total, right_total) {
        cells.extend(more);
        table.push(Rank::Total, cells);
    }
    table
}

fn notes(of: &Statements, head: &Head) -> Vec<String> {
    let mut notes = vec![
        "依据《住宅专项维修资金会计核算办法》（财会〔2020〕7号）编制，收付实现制；本表依据已结账的账簿，重印相同。".to_owned(),
    ];
    if of.amount(Code::ChangesInNetAssets, "adjusted", 3) != Money::ZERO {
        notes.push("年初余额已按以前年度调整更正。".to_owned());
    }
    match of.seals.as_slice() {
        [seal] => notes.push(format!("所依据结账的印记 {seal}")),
        seals => {
            let digest = text::hex(&text::hash(&seals.join("\n")));
            notes.push(format!("汇总 {} 个小区，各结账印记之摘要 {digest}", seals.len()));
            notes.push(format!("所含小区：{}", head.compounds.join("、")));
        }
    }
    notes
}
