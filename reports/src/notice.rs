//! 年度公示: what 165号令 art. 30 lays before the owners once a year, on one notice.
//!
//! Owns: [`Public`] (whether a room may be recognised), [`set`]. The figures are the ledger's ([`ledger::accounts::notice`]),
//! whose checks all hold. Never: a name. In the public variant no row can be told to be a room's ([`anonymous`]): it names the
//! building alone, where enough dwellings share it, and stands among its neighbours by its figures.
//! Limits: who knows a household's own figures finds them; nobody finds figures by a room.

use std::collections::BTreeMap;

use ledger::accounts::{Code, DwellingYear, Notice};
use ledger::calendar::Instant;
use ledger::money::Money;

use crate::sheet::{Block, Cell, Column, Paper, Rank, Sheet, Side, Table, Width};
use crate::{Error, Result};

/// Who will read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Public {
    /// Whoever passes the board: no room can be recognised.
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
    let hidden = (public == Public::Yes).then(|| anonymous(of));
    let of = hidden.as_ref().unwrap_or(of);
    let mut blocks = vec![
        Block::Heading("一、交存、使用、增值收益和结存的总额（元）".into()),
        Block::Table(totals(of)),
        Block::Heading("二、列支的项目、费用和分摊情况".into()),
        Block::Table(uses(of)),
        Block::Heading("三、房屋户门号分户账（元）".into()),
        Block::Table(dwellings(of)),
    ];
    if of.uses.iter().any(|used| !used.shares.is_empty()) {
        blocks.push(Block::Heading("四、使用项目分摊明细（元）".into()));
        blocks.push(Block::Table(shares(of)));
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
        notes.push(format!(
            "公示件不列房号，只列楼栋，不足 {ROWS_LEAST} 户的楼栋并列；各行按金额排列。业主凭房号向业主委员会查阅全文。"
        ));
    }
    notes.extend(of.statements.seals.iter().map(|seal| format!("所依据结账的印记 {seal}")));
    blocks.push(Block::Notes(notes));
    blocks.push(Block::Signatures(["编制人", "复核", "负责人"].map(String::from).into()));
    let running = vec![format!("{} 年度", of.year), format!("{} 户", of.dwellings.len())];
    let sheet = Sheet::new(compound, "住宅专项维修资金年度公示", printed_at).on(Paper::A4Landscape);
    let sheet = sheet.running(running).saying(blocks);
    Ok(sheet.sealed("ND", &of.year.to_string(), None))
}

/// How many rows at least stand under one name on the board.
pub const ROWS_LEAST: usize = 5;

/// The same notice as it may hang where anybody passes: each row under its building, the buildings of fewer than
/// [`ROWS_LEAST`] dwellings under one name together (and all of them, were these still fewer), sorted by their figures so that
/// no place in the list says which room it is.
#[must_use]
pub fn anonymous(of: &Notice) -> Notice {
    let mut public = of.clone();
    let rooms = of.dwellings.iter().map(|dwelling| dwelling.room.as_str());
    let names = Names::of(rooms);
    for dwelling in &mut public.dwellings {
        dwelling.room = names.name(&dwelling.room);
    }
    public.dwellings.sort_by(|a, b| {
        let figures = |of: &DwellingYear| {
            [of.closing_fen, of.opening_fen, of.deposited_fen, of.used_fen, of.gained_fen]
        };
        (&a.room, figures(a)).cmp(&(&b.room, figures(b)))
    });
    for used in &mut public.uses {
        let names = Names::of(used.shares.iter().map(|share| share.room.as_str()));
        for share in &mut used.shares {
            share.room = names.name(&share.room);
        }
        used.shares.sort_by(|a, b| (&a.room, a.amount_fen).cmp(&(&b.room, b.amount_fen)));
    }
    public
}

/// Which buildings have rows enough to be named.
struct Names {
    of: BTreeMap<String, usize>,
    /// Whether the others together have too few: then none is named.
    none: bool,
}

impl Names {
    fn of<'a>(rooms: impl Iterator<Item = &'a str>) -> Names {
        let mut of: BTreeMap<String, usize> = BTreeMap::new();
        for room in rooms {
            *of.entry(building(room).to_owned()).or_default() += 1;
        }
        let others: usize = of.values().filter(|rows| **rows < ROWS_LEAST).sum();
        Names { none: (1..ROWS_LEAST).contains(&others), of }
    }

    fn name(&self, room: &str) -> String {
        let building = building(room);
        let is_named = self.of.get(building).is_some_and(|rows| *rows >= ROWS_LEAST);
        match (self.none, is_named && !building.is_empty()) {
            (true, _) => "本小区".to_owned(),
            (false, true) => format!("{building} 幢"),
            (false, false) => "其他楼栋".to_owned(),
        }
    }
}

/// What stands before the first dash of a room's code.
fn building(room: &str) -> &str {
    room.split_once('-').map_or("", |(building, _)| building)
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

fn dwellings(of: &Notice) -> Table {
    let heads = ["年初结存", "交存", "使用", "增值收益", "返还", "划转及调整", "年末结存"];
    let mut columns = vec![Column::words("房号", 1)];
    columns.extend(heads.map(Column::amounts));
    let mut table = Table::new(columns, "没有房屋");
    table.page_total = Some("本页小计".into());
    for dwelling in &of.dwellings {
        let mut cells = vec![Cell::Text(dwelling.room.clone())];
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

fn shares(of: &Notice) -> Table {
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
                Cell::Text(share.room.clone()),
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
        let rooms = |of: &[(&str, usize)]| -> Vec<String> {
            let rooms = of.iter().flat_map(|(b, n)| (0..*n).map(move |i| format!("{b}-1-{i}01")));
            rooms.collect()
        };
        let names = |rooms: &[String]| {
            let names = Names::of(rooms.iter().map(String::as_str));
            let mut told: Vec<String> = rooms.iter().map(|room| names.name(room)).collect();
            told.dedup();
            told
        };
        assert_eq!(names(&rooms(&[("1", 5), ("2", 9)])), ["1 幢", "2 幢"]);
        assert_eq!(names(&rooms(&[("1", 5), ("2", 3), ("3", 2)])), ["1 幢", "其他楼栋"]);
        // One house alone would be told by being the other one.
        assert_eq!(names(&rooms(&[("1", 5), ("2", 4)])), ["本小区"]);
        assert_eq!(names(&["7".to_owned()]), ["本小区"]);
    }
}
