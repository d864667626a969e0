//! The rows of a sheet, one at a time, whatever holds them.
//!
//! Owns: [`Cell`], [`Row`], [`Flow`], [`walk`], [`walk_text`].
//!
//! Always: a row carries the number a spreadsheet shows; a number is kept as the decimal text a person
//! sees, so that nothing beyond this file meets a float. Never: a dense range for a cell that stands far
//! away (the old `.xls` is measured before it is read).

use std::fmt::Write as _;

use calamine::{Data, DataRef, Reader as _, Xls, Xlsx, XlsxError, XlsxFormulaMetadata};

use super::container::{Container, guarded};
use super::page;
use super::{Address, DAMAGED_FILE, MAX_COLUMNS, TOO_WIDE};
use crate::error::Refusal;

/// One cell, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Cell {
    #[default]
    Empty,
    Text(String),
    /// A number, in decimal text.
    Number(String),
    /// A number formatted as a day or a time: its serial, in decimal text.
    Moment(String),
    /// `#REF!` and its kind.
    Error(String),
    /// A formula whose value is not stored.
    Uncalculated,
}

/// One row of a sheet.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    /// From 1, as a spreadsheet counts.
    pub(super) number: u32,
    pub(super) cells: Vec<Cell>,
    /// Whether the row's width says something: fields between delimiters, not cells of a grid.
    pub(super) is_text: bool,
}

/// Whether the walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Enough,
}

/// Takes one row after another.
pub(super) type Visit<'v> = dyn FnMut(Row) -> Result<Flow, Refusal> + 'v;

impl Cell {
    /// The text a person sees, for addresses, notes and the rejects file; a day is not known here.
    pub(super) fn shown(&self) -> &str {
        match self {
            Cell::Empty => "",
            Cell::Text(text) | Cell::Number(text) | Cell::Moment(text) | Cell::Error(text) => text,
            Cell::Uncalculated => "（公式无结果）",
        }
    }

    /// Whether nothing is in it; spaces are nothing.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => {
                text.chars().all(|c| c.is_whitespace() || matches!(c, '`' | '\'' | '\u{feff}'))
            }
            _ => false,
        }
    }
}

impl Row {
    /// A cell, empty beyond the end.
    pub(super) fn cell(&self, place: usize) -> &Cell {
        static EMPTY: Cell = Cell::Empty;
        self.cells.get(place).unwrap_or(&EMPTY)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(Cell::is_blank)
    }
}

/// Walks a sheet of a workbook or a page.
pub(super) fn walk(
    container: &mut Container<'_>,
    sheet: &str,
    visit: &mut Visit<'_>,
) -> Result<(), Refusal> {
    match container {
        Container::Xlsx(book) => walk_xlsx(book, sheet, visit),
        Container::Xls(book) => walk_xls(book, sheet, visit),
        Container::Html(text, _) => page::walk(text, visit),
        Container::Text(text, _) => walk_text(text, b',', visit),
    }
}

/// Walks a text by its delimiter. Lines without any field count as rows, as they do in a spreadsheet.
pub(super) fn walk_text(text: &str, delimiter: u8, visit: &mut Visit<'_>) -> Result<(), Refusal> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut number = 0_u32;
    let mut from = 0_usize;
    loop {
        let more = reader
            .read_record(&mut record)
            .map_err(|e| DAMAGED_FILE.refuse(format!("文本第 {} 行无法读取（{e}）", number + 1)))?;
        if !more {
            return Ok(());
        }
        let blank = blank_lines(text, from);
        from = usize::try_from(reader.position().byte()).unwrap_or(usize::MAX);
        number = number.saturating_add(blank).saturating_add(1);
        let cells = record.iter().map(text_cell).collect();
        if visit(Row { number, cells, is_text: true })? == Flow::Enough {
            return Ok(());
        }
    }
}

/// How many lines end at once: the reader passes over them without a word.
fn blank_lines(text: &str, from: usize) -> u32 {
    let rest = text.get(from..).unwrap_or_default().bytes();
    let mut before = from.checked_sub(1).and_then(|at| text.as_bytes().get(at).copied());
    let mut blank = 0;
    for byte in rest.take_while(|b| matches!(b, b'\r' | b'\n')) {
        // The second half of CRLF ends no line of its own.
        if !(byte == b'\n' && before == Some(b'\r')) {
            blank += 1;
        }
        before = Some(byte);
    }
    blank
}

pub(super) fn text_cell(text: &str) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.into()) }
}

type Bytes<'a> = std::io::Cursor<&'a [u8]>;

fn walk_xlsx(
    book: &mut Xlsx<Bytes<'_>>,
    sheet: &str,
    visit: &mut Visit<'_>,
) -> Result<(), Refusal> {
    let damaged = |e: XlsxError| DAMAGED_FILE.refuse(format!("工作表“{sheet}”无法读取（{e}）"));
    let mut reader = guarded(|| book.worksheet_cells_reader(sheet))?.map_err(damaged)?;
    let mut row = Row::default();
    while let Some(next) = guarded(|| reader.next_cell_with_formula_metadata())?.map_err(damaged)? {
        let cell = xlsx_cell(next.value, next.formula.as_ref());
        if cell.is_blank() {
            continue;
        }
        let (number, place) = (next.pos.0.saturating_add(1), next.pos.1 as usize);
        refuse_far(sheet, number, place)?;
        if number != row.number {
            if number < row.number {
                return Err(DAMAGED_FILE.refuse(format!("工作表“{sheet}”的行次颠倒")));
            }
            let cells = Vec::with_capacity(row.cells.len());
            let done = std::mem::replace(&mut row, Row { number, cells, is_text: false });
            if done.number > 0 && visit(done)? == Flow::Enough {
                return Ok(());
            }
        }
        if row.cells.len() <= place {
            row.cells.resize(place + 1, Cell::Empty);
        }
        if let Some(slot) = row.cells.get_mut(place) {
            *slot = cell;
        }
    }
    if row.number > 0 {
        visit(row)?;
    }
    Ok(())
}

pub(super) fn refuse_far(sheet: &str, row: u32, place: usize) -> Result<(), Refusal> {
    if place < MAX_COLUMNS {
        return Ok(());
    }
    let column = u16::try_from(place).unwrap_or(u16::MAX);
    let at = Address { sheet: sheet.into(), row, column };
    Err(TOO_WIDE.refuse(format!("{at} 有内容")))
}

fn xlsx_cell(value: DataRef<'_>, formula: Option<&XlsxFormulaMetadata>) -> Cell {
    match value {
        DataRef::Empty if formula.is_some() => Cell::Uncalculated,
        DataRef::Empty => Cell::Empty,
        DataRef::String(text) => text_cell(&text),
        DataRef::SharedString(text) => text_cell(text),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text_cell(&text),
        DataRef::Int(number) => Cell::Number(number.to_string()),
        DataRef::Float(number) => number_cell(number),
        DataRef::DateTime(moment) => match number_cell(moment.as_f64()) {
            Cell::Number(serial) if !moment.is_duration() => Cell::Moment(serial),
            other => other,
        },
        DataRef::Bool(truth) => truth_cell(truth),
        DataRef::Error(error) => Cell::Error(error.to_string()),
    }
}

fn walk_xls(book: &mut Xls<Bytes<'_>>, sheet: &str, visit: &mut Visit<'_>) -> Result<(), Refusal> {
    let range = guarded(|| book.worksheet_range(sheet))?
        .map_err(|e| DAMAGED_FILE.refuse(format!("工作表“{sheet}”无法读取（{e}）")))?;
    let Some((first_row, first_column)) = range.start() else { return Ok(()) };
    for (at, values) in range.rows().enumerate() {
        let number = first_row.saturating_add(u32::try_from(at).unwrap_or(u32::MAX)) + 1;
        let mut cells = vec![Cell::Empty; first_column as usize];
        cells.extend(values.iter().map(xls_cell));
        while cells.last().is_some_and(Cell::is_blank) {
            cells.pop();
        }
        if cells.is_empty() {
            continue;
        }
        refuse_far(sheet, number, cells.len() - 1)?;
        if visit(Row { number, cells, is_text: false })? == Flow::Enough {
            return Ok(());
        }
    }
    Ok(())
}

fn xls_cell(value: &Data) -> Cell {
    match value {
        Data::Empty => Cell::Empty,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text_cell(text),
        Data::Int(number) => Cell::Number(number.to_string()),
        Data::Float(number) => number_cell(*number),
        Data::DateTime(moment) => match number_cell(moment.as_f64()) {
            Cell::Number(serial) if !moment.is_duration() => Cell::Moment(serial),
            other => other,
        },
        Data::Bool(truth) => truth_cell(*truth),
        Data::Error(error) => Cell::Error(error.to_string()),
    }
}

fn truth_cell(truth: bool) -> Cell {
    Cell::Text(if truth { "TRUE" } else { "FALSE" }.into())
}

/// The decimal text a person sees: a spreadsheet shows fifteen digits, so the sixteenth and seventeenth of
/// `0.30000000000000004` are noise of the program's own arithmetic. Whole numbers keep every digit.
fn number_cell(number: f64) -> Cell {
    if !number.is_finite() {
        return Cell::Error("#NUM!".into());
    }
    let text = format!("{number}");
    let Some((whole, fraction)) = text.split_once('.') else { return Cell::Number(text) };
    let digits = whole.trim_start_matches(['-', '0']).len() + fraction.len();
    let leading = if whole.trim_start_matches('-') == "0" {
        fraction.len() - fraction.trim_start_matches('0').len()
    } else {
        0
    };
    if digits - leading <= 15 {
        return Cell::Number(text);
    }
    Cell::Number(plain_decimal(&format!("{number:.14e}")).unwrap_or(text))
}

/// `3.00000000000000e-1` without its exponent and without trailing zeros.
fn plain_decimal(scientific: &str) -> Option<String> {
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (first, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{first}{rest}");
    let point = exponent + 1;
    let mut plain = String::from(sign);
    if let Ok(zeros) = usize::try_from(-point) {
        write!(plain, "0.{}{digits}", "0".repeat(zeros)).ok()?;
    } else {
        let point = usize::try_from(point).ok()?;
        let padded = format!("{digits:0<point$}");
        let (whole, fraction) = padded.split_at(point);
        write!(plain, "{whole}.{fraction}").ok()?;
    }
    Some(plain.trim_end_matches('0').trim_end_matches('.').into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first is what a library wrote for 68.82: seventeen digits of one float.
    #[test]
    #[expect(clippy::excessive_precision, reason = "the point is what a float makes of them")]
    fn a_number_is_the_text_a_person_sees() {
        for (number, text) in [
            (68.819_999_999_999_99, "68.82"),
            (0.300_000_000_000_000_04, "0.3"),
            (1638.25, "1638.25"),
            (1776.0, "1776"),
            (19_900_003_050.0, "19900003050"),
            (-1234.5, "-1234.5"),
            (123_456_789_012.35, "123456789012.35"),
            (1_234.560_000_000_000_2, "1234.56"),
            (45_474.670_706_018_52, "45474.6707060185"),
            (88.455, "88.455"),
            (0.001, "0.001"),
            (310_101_199_001_011_234.0, "310101199001011260"),
        ] {
            assert_eq!(number_cell(number), Cell::Number(text.into()), "{number:?}");
        }
        assert_eq!(number_cell(f64::NAN), Cell::Error("#NUM!".into()));
    }

    #[test]
    fn a_text_row_has_the_number_a_spreadsheet_shows() {
        let mut seen = Vec::new();
        walk_text("a,b\r\n\r\n\n\"c\r\nd\",e\nf\n", b',', &mut |row| {
            seen.push((row.number, row.cell(0).shown().to_owned()));
            Ok(Flow::On)
        })
        .unwrap();
        let expected = [(1, "a"), (4, "c\r\nd"), (5, "f")].map(|(n, t)| (n, t.to_owned()));
        assert_eq!(seen, expected);
    }
}
