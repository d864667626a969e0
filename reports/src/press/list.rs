//! A list as a file for a spreadsheet: CSV and xlsx, a row at a time.
//!
//! Always: an amount leaves as yuan with two decimals, a number where the file knows numbers; an identifier, a day and a
//! name leave as text; a text that a spreadsheet would run as a formula is defused in CSV (OWASP, CSV injection) and is
//! no formula in xlsx. CSV opens with a byte order mark, without which Excel reads Chinese as GBK. Limits: an xlsx sheet
//! has [`ROWS_MOST`] rows below its head and [`CELL_MOST`] characters a cell, a longer text ends in `…`.

use std::borrow::Cow;
use std::io::{Seek, Write};

use ledger::measure::Area;
use ledger::money::Money;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

use crate::sheet;

/// Rows of an xlsx sheet, without its head.
pub const ROWS_MOST: usize = 1_048_575;
/// Characters of an xlsx cell.
pub const CELL_MOST: usize = 32_767;

/// A cell of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// A text: names, identifiers, days.
    Text(Cow<'a, str>),
    /// An amount, shown in yuan.
    Yuan(Money),
    /// An area, shown in m².
    SquareMetres(Area),
    /// A number of things.
    Count(i64),
}

/// Why a list is not a file.
#[derive(Debug, thiserror::Error)]
pub enum NotPressed {
    /// The file under it failed.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// The CSV writer failed.
    #[error(transparent)]
    Csv(#[from] csv::Error),
    /// The xlsx writer failed.
    #[error(transparent)]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// More rows than a sheet has.
    #[error("more than {ROWS_MOST} rows")]
    TooLong,
}

/// A list being written.
pub trait Sheet {
    /// Writes a row.
    ///
    /// # Errors
    /// [`NotPressed`].
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), NotPressed>;
}

/// A list as CSV (RFC 4180, UTF-8 with a byte order mark).
#[derive(Debug)]
pub struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// Opens the file with the columns' heads.
    ///
    /// # Errors
    /// [`NotPressed`].
    pub fn new(mut to: W, heads: &[String]) -> Result<Csv<W>, NotPressed> {
        to.write_all("\u{feff}".as_bytes())?;
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(to);
        writer.write_record(heads.iter().map(|head| defused(head).into_owned()))?;
        Ok(Csv(writer))
    }

    /// The file, whole.
    ///
    /// # Errors
    /// [`NotPressed`].
    pub fn finish(self) -> Result<W, NotPressed> {
        self.0.into_inner().map_err(|e| NotPressed::File(e.into_error()))
    }
}

impl<W: Write> Sheet for Csv<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), NotPressed> {
        for cell in cells {
            let text = match cell {
                Cell::Empty => Cow::Borrowed(""),
                Cell::Text(text) => defused(text),
                Cell::Yuan(amount) => amount.to_string().into(),
                Cell::SquareMetres(area) => area.to_string().into(),
                Cell::Count(count) => count.to_string().into(),
            };
            self.0.write_field(text.as_bytes())?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }
}

/// The tables of a sheet as CSV, one below the other; the heads of the first are the list's.
///
/// # Errors
/// [`NotPressed`].
pub fn tables(of: &sheet::Sheet) -> Result<Vec<u8>, NotPressed> {
    let tables: Vec<&sheet::Table> = of.blocks.iter().filter_map(sheet::Block::table).collect();
    let Some((first, others)) = tables.split_first() else { return Ok(Vec::new()) };
    let mut list = Csv::new(Vec::new(), &heads(first))?;
    fill(&mut list, first, others)?;
    list.finish()
}

fn heads(table: &sheet::Table) -> Vec<String> {
    let head = |c: &sheet::Column| format!("{}{}", c.over.as_deref().unwrap_or_default(), c.head);
    table.columns().iter().map(head).collect()
}

fn fill(
    list: &mut impl Sheet,
    first: &sheet::Table,
    others: &[&sheet::Table],
) -> Result<(), NotPressed> {
    first.rows().iter().try_for_each(|row| list.row(&cells(row)))?;
    for table in others {
        list.row(&[])?;
        let heads = heads(table);
        let heads: Vec<Cell<'_>> = heads.iter().map(|head| Cell::Text(head.into())).collect();
        list.row(&heads)?;
        table.rows().iter().try_for_each(|row| list.row(&cells(row)))?;
    }
    Ok(())
}

fn cells(row: &sheet::Row) -> Vec<Cell<'_>> {
    let cell = |cell| match cell {
        &sheet::Cell::Blank => Cell::Empty,
        sheet::Cell::Text(text) => Cell::Text(text.trim().into()),
        sheet::Cell::Money(amount) => Cell::Yuan(*amount),
        sheet::Cell::Area(area) => Cell::SquareMetres(*area),
        sheet::Cell::Count(count) => Cell::Count(i64::try_from(*count).unwrap_or(i64::MAX)),
        other => Cell::Text(other.to_string().into()),
    };
    row.cells.iter().map(cell).collect()
}

/// A text that no spreadsheet takes for a formula, whichever width its first sign has.
fn defused(text: &str) -> Cow<'_, str> {
    let runs = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    // A leading blank does not hide a formula from every program.
    if text.trim_start_matches(' ').starts_with(runs) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

/// A list as xlsx. Rows go to a temporary file as they come: memory stays flat.
pub struct Xlsx {
    book: Workbook,
    yuan: Format,
    next: u32,
}

impl std::fmt::Debug for Xlsx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Xlsx").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Xlsx {
    /// Opens a workbook with the columns' heads, frozen.
    ///
    /// # Errors
    /// [`NotPressed`].
    pub fn new(heads: &[String]) -> Result<Xlsx, NotPressed> {
        let mut book = Workbook::new();
        // The same list gives the same bytes: the file says no time of its own.
        let dawn = ExcelDateTime::from_ymd(2000, 1, 1)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&dawn));
        let bold = Format::new().set_bold();
        let sheet = book.add_worksheet_with_constant_memory()?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, head) in (0_u16..).zip(heads) {
            sheet.set_column_width(column, 16)?;
            sheet.write_string_with_format(0, column, head, &bold)?;
        }
        Ok(Xlsx { book, yuan: Format::new().set_num_format("#,##0.00"), next: 1 })
    }

    /// Writes the workbook out.
    ///
    /// # Errors
    /// [`NotPressed`].
    pub fn finish<W: Write + Seek + Send>(mut self, to: W) -> Result<(), NotPressed> {
        Ok(self.book.save_to_writer(to)?)
    }
}

impl Sheet for Xlsx {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), NotPressed> {
        let row = self.next;
        if usize::try_from(row).unwrap_or(usize::MAX) > ROWS_MOST {
            return Err(NotPressed::TooLong);
        }
        self.next += 1;
        let sheet = self.book.worksheet_from_index(0)?;
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    sheet.write_string(row, column, cut(text))?;
                }
                Cell::Yuan(amount) => decimal(sheet, row, column, &amount.to_string(), &self.yuan)?,
                Cell::SquareMetres(area) => {
                    decimal(sheet, row, column, &area.to_string(), &self.yuan)?;
                }
                Cell::Count(count) => {
                    let plain = Format::default();
                    decimal(sheet, row, column, &count.to_string(), &plain)?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a decimal as a number if a spreadsheet keeps every digit of it, else as text.
fn decimal(
    sheet: &mut rust_xlsxwriter::Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<(), NotPressed> {
    // Excel keeps fifteen digits. Fewer go through a double and back unchanged.
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match text.parse::<f64>() {
        Ok(number) if digits <= 15 => {
            sheet.write_number_with_format(row, column, number, format)?;
        }
        _ => {
            sheet.write_string(row, column, text)?;
        }
    }
    Ok(())
}

fn cut(text: &str) -> Cow<'_, str> {
    if text.chars().nth(CELL_MOST).is_none() {
        return text.into();
    }
    let mut cut: String = text.chars().take(CELL_MOST - 1).collect();
    cut.push('…');
    cut.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_leaves_as_text_and_an_amount_as_a_number() {
        let heads = ["户名".to_owned(), "金额（元）".to_owned()];
        let mut csv = Csv::new(Vec::new(), &heads).unwrap();
        for text in ["=1+1", "+8613", "-2", "@SUM", "\tx", " =1", "＝1", "a\r\nb", "1-1-101"] {
            csv.row(&[Cell::Text(text.into()), Cell::Yuan(Money::fen(-123_456))]).unwrap();
        }
        let told = String::from_utf8(csv.finish().unwrap()).unwrap();
        let wanted = "\u{feff}户名,金额（元）\r\n'=1+1,-1234.56\r\n'+8613,-1234.56\r\n'-2,-1234.56\r\n\
                      '@SUM,-1234.56\r\n'\tx,-1234.56\r\n' =1,-1234.56\r\n'＝1,-1234.56\r\n\
                      \"a\r\nb\",-1234.56\r\n1-1-101,-1234.56\r\n";
        assert_eq!(told, wanted);
    }

    #[test]
    fn the_same_list_is_the_same_workbook() {
        let press = || {
            let mut xlsx = Xlsx::new(&["金额（元）".to_owned()]).unwrap();
            xlsx.row(&[Cell::Yuan(Money::fen(1_000_000_000_001))]).unwrap();
            xlsx.row(&[Cell::Text("x".repeat(40_000).into())]).unwrap();
            let mut to = std::io::Cursor::new(Vec::new());
            xlsx.finish(&mut to).unwrap();
            to.into_inner()
        };
        let first = press();
        assert!(first.starts_with(b"PK"));
        assert_eq!(first, press());
    }
}
