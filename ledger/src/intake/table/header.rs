//! Which row names the columns.
//!
//! Owns: [`Header`], [`Search`], [`Near`], the delimiter of a text.
//!
//! Always: the first row within the first sixty that names 60 % of what is needed, alone or together with
//! the row below it (merged cells); it is found before any row is read.

use std::sync::Arc;

use super::super::layout::{Brackets, Columns, Kin, Layout, Nature, plain_name};
use super::super::sheet::{Cell, Flow, Row, walk_text};
use super::super::value;
use super::super::{HEADER_WITHIN, MISSING_COLUMNS, NO_HEADER, NOT_IN_YUAN};
use crate::error::Refusal;

/// The delimiters of a text, the commonest first.
const DELIMITERS: [u8; 4] = [b',', b'\t', b'|', b';'];

/// A header that was found.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// Its row; the lower one of two.
    pub(super) row: u32,
    /// Its names as written, column by column.
    pub(super) names: Vec<String>,
    pub(super) columns: Columns,
    /// Fields of the row, in a text; more than these shift the columns.
    pub(super) width: usize,
    /// The row or rows it stands in.
    lines: Vec<Vec<String>>,
}

impl Header {
    fn of(rows: &[&Row], names: Vec<String>, columns: Columns) -> Header {
        let plain = |row: &&Row| -> Vec<String> {
            row.cells.iter().map(|cell| plain_name(cell.shown(), Brackets::Opened)).collect()
        };
        let mut names = names;
        let width = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        let row = rows.last().map_or(0, |row| row.number);
        Header { row, names, columns, width, lines: rows.iter().map(plain).collect() }
    }

    /// Whether another sheet's header has the same names in the same places.
    pub(super) fn says_the_same(&self, other: &Header) -> bool {
        let plain = |names: &[String]| -> Vec<String> {
            names.iter().map(|name| plain_name(name, Brackets::Opened)).collect()
        };
        plain(&self.names) == plain(&other.names)
    }

    /// Whether a row is the header again (or one of its two rows).
    pub(super) fn repeats(&self, row: &Row) -> bool {
        let filled = || row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_blank());
        if filled().nth(1).is_none() || !filled().all(|(_, cell)| matches!(cell, Cell::Text(_))) {
            return false;
        }
        self.lines.iter().any(|line| {
            filled().all(|(place, cell)| {
                line.get(place)
                    .is_some_and(|name| *name == plain_name(cell.shown(), Brackets::Opened))
            })
        })
    }

    /// Whether at least three in five of the known columns are filled, as in a row of data.
    pub(super) fn is_filled_like_a_row(&self, row: &Row) -> bool {
        let all = self.columns.iter().count();
        let filled = self.columns.iter().filter(|(_, place)| !row.cell(*place).is_blank()).count();
        filled * 5 >= all * 3
    }

    /// A row as text, under this header.
    pub(super) fn shown(&self, row: &Row, from_1904: bool) -> Vec<String> {
        let nature = |place: usize| {
            let column = self.columns.iter().find(|(_, at)| *at == place);
            column.map_or(Nature::Text, |(column, _)| column.nature())
        };
        let width =
            if row.is_text { self.names.len().max(row.cells.len()) } else { self.names.len() };
        (0..width).map(|place| shown(row.cell(place), nature(place), from_1904)).collect()
    }
}

/// A cell as text a person can mend: a day as a day, not as a serial.
pub(super) fn shown(cell: &Cell, nature: Nature, from_1904: bool) -> String {
    let is_day = matches!(cell, Cell::Moment(_))
        || (nature == Nature::Day && matches!(cell, Cell::Number(_)));
    if is_day && let Ok(Some((day, time))) = value::moment(cell, from_1904) {
        return time.map_or_else(|| day.to_string(), |time| format!("{day} {time}"));
    }
    cell.shown().into()
}

/// The header, and the first row below it if it was already seen.
pub(super) struct Found {
    pub(super) header: Header,
    pub(super) below: Option<Row>,
}

/// Looks for the header row by row.
pub(super) struct Search {
    layout: &'static Layout,
    sheet: Arc<str>,
    held: Option<Row>,
    earlier: Vec<Row>,
    near: Near,
}

/// The closest thing to a header, for the person who has none.
#[derive(Default)]
pub(super) struct Near {
    best: Option<NearMiss>,
    kin: Option<NearKin>,
}

/// A header of another kind of file.
struct NearKin {
    kin: Kin,
    sheet: Arc<str>,
    row: u32,
    names: Vec<String>,
}

struct NearMiss {
    score: (usize, usize),
    is_header: bool,
    sheet: Arc<str>,
    row: u32,
    names: Vec<String>,
    missing: Vec<String>,
}

impl Search {
    pub(super) fn new(layout: &'static Layout, sheet: &Arc<str>) -> Search {
        let sheet = Arc::clone(sheet);
        Search { layout, sheet, held: None, earlier: Vec::new(), near: Near::default() }
    }

    /// The rows above the header.
    pub(super) fn earlier(&self) -> &[Row] {
        &self.earlier
    }

    pub(super) fn into_near(self) -> Near {
        self.near
    }

    /// Offers the next row; answers once the header is known.
    pub(super) fn offer(&mut self, row: Row) -> Result<Option<Found>, Refusal> {
        if row.is_blank() {
            return Ok(None);
        }
        let Some(held) = self.held.take() else {
            self.held = Some(row);
            return Ok(None);
        };
        if held.number > HEADER_WITHIN {
            return Ok(None);
        }
        let alone = self.alone(&held);
        let both = (row.number == held.number + 1).then(|| self.together(&held, &row)).flatten();
        let found = match (alone, both) {
            (Some(alone), Some(both)) if both.columns.score() > alone.columns.score() => {
                Some((both, true))
            }
            (Some(alone), _) => Some((alone, false)),
            (None, Some(both)) => {
                let below = self.alone(&row);
                let is_better = below.is_some_and(|b| b.columns.score() >= both.columns.score());
                (!is_better).then_some((both, true))
            }
            (None, None) => None,
        };
        match found {
            Some((header, uses_both)) => {
                let header = in_yuan(header)?;
                Ok(Some(Found { header, below: (!uses_both).then_some(row) }))
            }
            None => {
                self.earlier.push(held);
                self.held = Some(row);
                Ok(None)
            }
        }
    }

    /// The file ended: is its last row a header?
    pub(super) fn last(&mut self) -> Result<Option<Header>, Refusal> {
        let held = self.held.take().filter(|held| held.number <= HEADER_WITHIN);
        held.and_then(|held| self.alone(&held)).map(in_yuan).transpose()
    }

    fn alone(&mut self, row: &Row) -> Option<Header> {
        let names: Vec<String> = row.cells.iter().map(written).collect();
        let columns = self.layout.columns(names.iter().map(String::as_str));
        self.accept(&[row], names, columns)
    }

    /// Two rows as one: the lower name, or both where only both are known (付款人 over 名称).
    fn together(&mut self, upper: &Row, lower: &Row) -> Option<Header> {
        if !lower.cells.iter().all(|cell| cell.is_blank() || matches!(cell, Cell::Text(_))) {
            return None;
        }
        let mut names = Vec::new();
        let mut above = String::new();
        for place in 0..upper.cells.len().max(lower.cells.len()) {
            let (top, bottom) = (written(upper.cell(place)), written(lower.cell(place)));
            if !top.is_empty() {
                above.clone_from(&top);
            }
            let joined = format!("{above}{bottom}");
            let is_known = |name: &str| self.layout.columns([name]).score().1 > 0;
            names.push(match () {
                () if bottom.is_empty() => top,
                () if is_known(&joined) => joined,
                () if is_known(&bottom) => bottom,
                () => joined,
            });
        }
        let columns = self.layout.columns(names.iter().map(String::as_str));
        self.accept(&[upper, lower], names, columns)
    }

    fn accept(&mut self, rows: &[&Row], names: Vec<String>, columns: Columns) -> Option<Header> {
        let missing = self.layout.missing(&columns);
        let is_header = self.layout.is_header(&columns);
        if is_header && missing.is_empty() {
            return Some(Header::of(rows, names, columns));
        }
        let row = rows.last().map_or(0, |row| row.number);
        let sheet = Arc::clone(&self.sheet);
        if let (Some(kin), [_]) = (self.layout.rather(&names), rows) {
            let (sheet, names) = (Arc::clone(&sheet), names.clone());
            self.near.offer_kin(NearKin { kin, sheet, row, names });
        }
        let score = columns.score();
        self.near.offer(NearMiss { score, is_header, sheet, row, names, missing });
        None
    }
}

impl Near {
    fn offer(&mut self, miss: NearMiss) {
        let is_better = self.best.as_ref().is_none_or(|best| miss.score > best.score);
        if is_better && miss.score.1 > 0 {
            self.best = Some(miss);
        }
    }

    fn offer_kin(&mut self, found: NearKin) {
        if self.kin.as_ref().is_none_or(|kin| found.kin.score > kin.kin.score) {
            self.kin = Some(found);
        }
    }

    pub(super) fn or(&mut self, other: Near) {
        if let Some(miss) = other.best {
            self.offer(miss);
        }
        if let Some(kin) = other.kin {
            self.offer_kin(kin);
        }
    }

    /// How much the closest row says, whichever kind of file it speaks of, and which row it is.
    fn score(&self) -> Option<((usize, usize), u32)> {
        let best = self.best.as_ref().map(|miss| (miss.score, miss.row));
        best.max(self.kin.as_ref().map(|found| (found.kin.score.1, found.row)))
    }

    /// The refusal of a file without a header, with the closest row.
    pub(super) fn refuse(self, layout: &Layout) -> Refusal {
        let is_near = self.best.as_ref().is_some_and(|miss| miss.is_header);
        // A header that lacks a column or two of what was asked for is not another's that lacks as many.
        if let Some(NearKin { kin, sheet, row, names }) =
            self.kin.filter(|found| found.kin.score.0 || !is_near)
        {
            return kin.refuse(&sheet, row, &names);
        }
        match self.best {
            Some(miss) if miss.is_header => {
                let missing = miss.missing.join("、");
                MISSING_COLUMNS
                    .refuse(format!("“{}”第 {} 行的表头缺少：{missing}", miss.sheet, miss.row))
                    .with("missing", miss.missing)
            }
            best => {
                let wanted = layout.wanted().join("、");
                let near = best.map_or_else(String::new, |miss| {
                    let names: Vec<&str> =
                        miss.names.iter().map(String::as_str).filter(|n| !n.is_empty()).collect();
                    let names = names.join("、");
                    format!("；最接近的是“{}”第 {} 行：{names}", miss.sheet, miss.row)
                });
                NO_HEADER.refuse(format!("没有找到含有这些列的一行：{wanted}{near}"))
            }
        }
    }
}

/// A name as it is written, on one line.
fn written(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        _ => String::new(),
    }
}

/// 万元 in a column's name would make every amount ten thousand times too small.
fn in_yuan(header: Header) -> Result<Header, Refusal> {
    for (column, place) in header.columns.iter() {
        if column.nature() != Nature::Money {
            continue;
        }
        let name = header.names.get(place).map_or("", String::as_str);
        let plain = plain_name(name, Brackets::Opened);
        let foreign = ["万元", "千元", "美元", "港元", "港币", "USD", "/分", "单位分"];
        let in_fen = name.contains("(分)") || name.contains("（分）");
        if in_fen || foreign.iter().any(|unit| plain.contains(unit)) {
            return Err(NOT_IN_YUAN.refuse(format!("第 {} 行的列名是“{name}”", header.row)));
        }
    }
    Ok(header)
}

/// The delimiter under which the header says most.
pub(super) fn delimiter(text: &str, layout: &'static Layout) -> u8 {
    let mut best = (DELIMITERS[0], (0, 0));
    for delimiter in DELIMITERS {
        let score = peek(text, delimiter, layout).map_or((0, 0), |(score, _)| score);
        if score > best.1 {
            best = (delimiter, score);
        }
    }
    best.0
}

/// One, if every row below the header ends in one delimiter more than the header does; else none. A single
/// longer row is a comma too many, and its columns have shifted.
pub(super) fn trailing_field(text: &str, delimiter: u8, layout: &'static Layout) -> usize {
    let Some((_, (row, width))) = peek(text, delimiter, layout) else { return 0 };
    let (mut rows, mut longer) = (0_usize, 0_usize);
    let _ = walk_text(text, delimiter, &mut |line| {
        if line.number > row && line.cells.len() >= width {
            rows += 1;
            let is_longer = line.cells.len() == width + 1 && line.cell(width).is_blank();
            longer += usize::from(is_longer);
        }
        Ok(if rows < 50 { Flow::On } else { Flow::Enough })
    });
    usize::from(rows > 2 && rows == longer)
}

/// How good the best header is under a delimiter, and its row and width.
fn peek(
    text: &str,
    delimiter: u8,
    layout: &'static Layout,
) -> Option<((usize, usize), (u32, usize))> {
    let mut search = Search::new(layout, &Arc::from(""));
    let mut best = None;
    let _ = walk_text(text, delimiter, &mut |row| {
        let is_beyond = row.number > HEADER_WITHIN;
        match search.offer(row) {
            Ok(Some(Found { header, .. })) => {
                best = Some((header.columns.score(), (header.row, header.width)));
            }
            Ok(None) => {}
            // A header that will be refused, but a header.
            Err(_) => best = Some(((usize::MAX, 0), (0, usize::MAX - 1))),
        }
        Ok(if best.is_some() || is_beyond { Flow::Enough } else { Flow::On })
    });
    if best.is_none()
        && let Ok(Some(header)) = search.last()
    {
        best = Some((header.columns.score(), (header.row, header.width)));
    }
    best.or_else(|| search.near.score().map(|(score, row)| (score, (row, usize::MAX - 1))))
}
