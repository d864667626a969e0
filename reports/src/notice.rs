//! 年度公示: what 165号令 art. 30 lays before the owners once a year, on one notice.
//!
//! Owns: [`Public`] (whether a room may be recognised), [`set`]. The figures are the ledger's ([`ledger::accounts::notice`]),
//! whose checks all hold. Never: a name. In the public variant a room's number is masked.

use ledger::accounts::{Code, DwellingYear, Notice};
use ledger::calendar::Instant;
use ledger::journal::text;
use ledger::money::Money;

use crate::sheet::{Block, Cell, Column, Paper, Rank, Sheet, Side, Table, Width};
use crate::statutory::said;
use crate::{Error, Result};

/// Who will read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Public {
    /// Whoever passes the board: rooms masked.
    Yes,
    /// Owners, committee and offices: rooms whole.
    No,
}

/// Lays the notice out. `objections` says how an objection is made.
///
/// # Errors
/// [`Error::CheckFailed`] if something does not foot.
pub fn set(
    of: &Notice,
    compound: &str,
    public: Public,
    objections: &str,
    printed_at: Instant,
) -> Result<Sheet> {
    let checks = || of.statements.checks.iter().chain(&of.checks);
    if let Some(failed) = checks().find(|check| !check.is_passed) {
        return Err(Error::CheckFailed(failed.to_string()));
    }
    let mut blocks = vec![
        Block::Heading("一、交存、使用、增值收益和结存的总额（元）".into()),
        Block::Table(totals(of)),
        Block::Heading("二、列支的项目、费用和分摊情况".into()),
        Block::Table(uses(of)),
        Block::Heading("三、房屋户门号分户账（元）".into()),
        Block::Table(dwellings(of, public)),
    ];
    if of.uses.iter().any(|used| !used.shares.is_empty()) {
        blocks.push(Block::Heading("四、使用项目分摊明细（元）".into()));
        blocks.push(Block::Table(shares(of, public)));
    }
    blocks.push(Block::Heading("校验".into()));
    blocks.push(Block::Notes(checks().map(ToString::to_string).collect()));
    blocks.push(Block::Heading("说明".into()));
    let mut notes = vec![
        "依据《住宅专项维修资金管理办法》（165号令）第三十条公示；数字出自已结账的账簿。"
            .to_owned(),
        objections.to_owned(),
    ];
    if public == Public::Yes {
        notes.push("公示件的房号隐去中间数字；业主可凭房号向业主委员会查阅全文。".to_owned());
    }
    notes.extend(of.statements.seals.iter().map(|seal| format!("所依据结账的印记 {seal}")));
    blocks.push(Block::Notes(notes));
    blocks.push(Block::Signatures(["编制人", "复核", "负责人"].map(String::from).into()));
    let mut sheet = Sheet {
        paper: Paper::A4Landscape,
        issuer: compound.to_owned(),
        title: "住宅专项维修资金年度公示".into(),
        running: vec![format!("{} 年度", of.year), format!("{} 户", of.dwellings.len())],
        warning: None,
        blocks,
        printed_at,
        check: String::new(),
    };
    sheet.check = crate::check_code("ND", &text::hash(&said(&sheet)));
    Ok(sheet)
}

/// A room's code with the middle of its number masked: `1-1-1*1`.
#[must_use]
pub fn masked(room: &str) -> String {
    let (front, number) =
        room.rsplit_once('-').map_or(("", room), |(front, number)| (front, number));
    let chars: Vec<char> = number.chars().collect();
    let hidden = |(place, ch): (usize, &char)| {
        let is_edge = place == 0 || place + 1 == chars.len();
        if is_edge && chars.len() > 2 { *ch } else { '*' }
    };
    let number: String = chars.iter().enumerate().map(hidden).collect();
    if front.is_empty() { number } else { format!("{front}-{number}") }
}

fn shown(room: &str, public: Public) -> Cell {
    Cell::Text(if public == Public::Yes { masked(room) } else { room.to_owned() })
}

fn totals(of: &Notice) -> Table {
    let mut table =
        Table::new(vec![Column::words("项目", 1), Column::amounts("金额").standing()], "");
    let amount = |code, key: &str, column| of.statements.amount(code, key, column);
    let two = |key: &str| amount(Code::IncomeAndExpenditure, key, 1);
    let three = |key: &str| amount(Code::ChangesInNetAssets, key, 3);
    let gained = ["deposit-interest", "bond-interest", "operating", "disposal", "other-income"];
    let rows: Vec<(Rank, &str, Money)> = vec![
        (Rank::Line, "年初结存（净资产）", three("this-year")),
        (Rank::Line, "本年交存", two("deposits")),
        (Rank::Line, "本年使用（维修支出）", two("repairs")),
        (Rank::Line, "本年返还", two("refunds")),
        (Rank::Line, "本年增值收益", gained.iter().map(|key| two(key)).sum()),
        (Rank::Line, "　其中：存款利息", two("deposit-interest")),
        (Rank::Line, "　　　　国债利息", two("bond-interest")),
        (Rank::Line, "　　　　经营收入（公共收益转入）", two("operating")),
        (Rank::Line, "　　　　共用设施处置收入", two("disposal")),
        (Rank::Line, "　　　　其他收入", two("other-income")),
        (Rank::Line, "本年其他支出", two("other-expenditure")),
        (Rank::Line, "本年划转", three("moved")),
        (Rank::Line, "本年分配到户的收益", of.total.gained_fen),
        (Rank::Line, "年末待分配累计收益", of.undistributed_fen),
        (Rank::Total, "年末结存（净资产）", three("year-end")),
    ];
    for (rank, name, amount) in rows {
        table.push(rank, vec![Cell::Text(name.into()), Cell::Money(amount)]);
    }
    table
}

fn uses(of: &Notice) -> Table {
    let columns = vec![
        Column::new("日期", Side::Left, Width::Fit),
        Column::words("项目", 2),
        Column::amounts("费用（元）"),
        Column::new("分摊户数", Side::Right, Width::Fit),
        Column::amounts("最少一户").standing(),
        Column::amounts("最多一户").standing(),
        Column::words("凭证号", 1),
    ];
    let mut table = Table::new(columns, "本年没有使用");
    for used in &of.uses {
        let amounts = || used.shares.iter().map(|share| share.amount_fen);
        table.push(
            Rank::Line,
            vec![
                Cell::Day(used.on),
                Cell::Text(used.what.clone()),
                Cell::Money(used.amount_fen),
                Cell::Count(used.shares.len() as u64),
                amounts().min().map_or(Cell::Blank, Cell::Money),
                amounts().max().map_or(Cell::Blank, Cell::Money),
                Cell::Text(used.voucher.clone()),
            ],
        );
    }
    if !of.uses.is_empty() {
        let sum = of.uses.iter().map(|used| used.amount_fen).sum();
        let mut cells = vec![Cell::Text("合计".into()), Cell::Blank, Cell::Money(sum)];
        cells.extend([const { Cell::Blank }; 4]);
        table.push(Rank::Total, cells);
    }
    table
}

fn figures(of: &DwellingYear) -> [Cell; 7] {
    [
        of.opening_fen,
        of.deposited_fen,
        of.used_fen,
        of.gained_fen,
        of.returned_fen,
        of.moved_fen,
        of.closing_fen,
    ]
    .map(Cell::Money)
}

fn dwellings(of: &Notice, public: Public) -> Table {
    let heads = ["年初结存", "交存", "使用", "增值收益", "返还", "划转及调整", "年末结存"];
    let mut columns = vec![Column::words("房号", 1)];
    columns.extend(heads.map(Column::amounts));
    let mut table = Table::new(columns, "没有房屋");
    table.page_total = Some("本页小计".into());
    for dwelling in &of.dwellings {
        let mut cells = vec![shown(&dwelling.room, public)];
        cells.extend(figures(dwelling));
        table.push(Rank::Line, cells);
    }
    if of.unshared != DwellingYear::default() {
        let mut cells = vec![Cell::Text("（售房单位及未分摊到户）".into())];
        cells.extend(figures(&of.unshared));
        table.push(Rank::Line, cells);
    }
    let mut cells = vec![Cell::Text("合计".into())];
    cells.extend(figures(&of.total));
    table.push(Rank::Total, cells);
    table
}

fn shares(of: &Notice, public: Public) -> Table {
    let columns = vec![
        Column::words("项目", 2),
        Column::words("房号", 1),
        Column::amounts("分摊金额"),
        Column::words("凭证号", 1),
    ];
    let mut table = Table::new(columns, "");
    for used in &of.uses {
        for share in &used.shares {
            let cells = vec![
                Cell::Text(used.what.clone()),
                shown(&share.room, public),
                Cell::Money(share.amount_fen),
                Cell::Text(used.voucher.clone()),
            ];
            table.push(Rank::Line, cells);
        }
    }
    table
}

/// What is said of an objection where nobody says otherwise.
#[must_use]
pub fn objections() -> String {
    "业主对公示有异议的，可要求复核（165号令第三十条）：请向业主委员会或代管机构书面提出，复核结果另行公布。".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_on_the_board_is_not_recognised() {
        assert_eq!(masked("1-1-101"), "1-1-1*1");
        assert_eq!(masked("2-3-1201"), "2-3-1**1");
        assert_eq!(masked("1-0-12"), "1-0-**");
        assert_eq!(masked("7"), "*");
    }
}
