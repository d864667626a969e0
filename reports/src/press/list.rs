//! A list as a file for a spreadsheet: CSV and xlsx, a row at a time.
//!
//! Always: an amount leaves as yuan with two decimals, a number where the file knows numbers; an identifier, a day and a
//! name leave as text; a text that a spreadsheet would run as a formula is defused in CSV (OWASP, CSV injection) and is
//! no formula in xlsx. CSV opens with a byte order mark, without which Excel reads Chinese as GBK. A sheet as CSV ([`tables`])
//! is its tables, and what warns of it (作废, 未结账) stands with a blank row before them, so that nobody takes it for what holds. A sheet
//! that is one table and what is said of it (notes, charts, signatures) is a list which other programs read (D3X): its heads are always
//! the first row, and the warning the last. A sheet without a table is all it says, row by row, and its check code. Limits: an xlsx
//! sheet has [`ROWS_MOST`] rows below its head and [`CELL_MOST`] characters a cell, a longer text ends in `…`; what stands beside the tables of a sheet is on paper and in its workbook.

use std::borrow::Cow;
use std::io::{Seek, Write};

use ledger::measure::Area;
use ledger::money::Money;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook};

use crate::sheet::{self, Block, Plot, Unit};

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
    pub fn new(to: W, heads: &[String]) -> Result<Csv<W>, NotPressed> {
        let mut list = Csv::blank(to)?;
        list.0.write_record(heads.iter().map(|head| defused(head).into_owned()))?;
        Ok(list)
    }

    /// Opens the file without heads: for what is no list.
    fn blank(mut to: W) -> Result<Csv<W>, NotPressed> {
        to.write_all("\u{feff}".as_bytes())?;
        let writer = csv::WriterBuilder::new()
            .flexible(true)
            .terminator(csv::Terminator::CRLF)
            .from_writer(to);
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

/// A sheet as CSV: its tables, one below the other, under its warning if it bears one, which stands below what is a list; all it
/// says if it has no table.
///
/// # Errors
/// [`NotPressed`].
pub fn tables(of: &sheet::Sheet) -> Result<Vec<u8>, NotPressed> {
    let mut list = Csv::blank(Vec::new())?;
    let mut tables = of.blocks.iter().filter_map(Block::table).peekable();
    if tables.peek().is_none() {
        whole(&mut list, of)?;
        return list.finish();
    }
    let is_list = is_list(of);
    if let Some(warning) = of.warning.as_ref().filter(|_| !is_list) {
        list.row(&[warned(warning)])?;
        list.row(&[])?;
    }
    for (place, table) in tables.enumerate() {
        if place > 0 {
            list.row(&[])?;
        }
        list.row(&texts(&heads(table)))?;
        table.rows().iter().try_for_each(|row| list.row(&cells(row)))?;
    }
    if let Some(warning) = of.warning.as_ref().filter(|_| is_list) {
        list.row(&[])?;
        list.row(&[warned(warning)])?;
    }
    list.finish()
}

/// Whether a sheet is one table and what is said of it.
fn is_list(of: &sheet::Sheet) -> bool {
    let mut tables = 0;
    for block in &of.blocks {
        match block {
            Block::Table(_) => tables += 1,
            Block::Chart(_) | Block::Notes(_) | Block::Signatures(_) | Block::Break => {}
            Block::Heading(_)
            | Block::Text(_)
            | Block::Fields { .. }
            | Block::Sum(_)
            | Block::Opinions(_)
            | Block::Cut(_) => return false,
        }
    }
    tables == 1
}

/// A sheet without tables, row by row: a label beside its value, an amount beside its capitals, a sentence to a row.
fn whole(list: &mut impl Sheet, of: &sheet::Sheet) -> Result<(), NotPressed> {
    list.row(&[text(&of.issuer)])?;
    list.row(&[text(&of.title)])?;
    if !of.running.is_empty() {
        list.row(&texts(&of.running))?;
    }
    if let Some(warning) = &of.warning {
        list.row(&[warned(warning)])?;
    }
    list.row(&[])?;
    for block in &of.blocks {
        match block {
            Block::Heading(said) | Block::Text(said) | Block::Cut(said) => {
                list.row(&[text(said)])?;
            }
            Block::Fields { fields, .. } => {
                let mut rows = fields.iter().map(|field| [text(&field.label), text(&field.value)]);
                rows.try_for_each(|row| list.row(&row))?;
            }
            Block::Sum(sum) => {
                let capitals = Cell::Text(sum.amount.in_capitals().into());
                list.row(&[text(&sum.label), Cell::Yuan(sum.amount), capitals])?;
            }
            Block::Chart(chart) if chart.is_empty() => {}
            Block::Chart(chart) => figures(list, chart)?,
            Block::Notes(notes) => {
                for (place, note) in notes.iter().enumerate() {
                    list.row(&[Cell::Text(format!("{}. {note}", place + 1).into())])?;
                }
            }
            Block::Signatures(names) => list.row(&texts(names))?,
            Block::Opinions(opinions) => {
                let mut rows = opinions.iter().map(|one| [text(&one.who), text(&one.says)]);
                rows.try_for_each(|row| list.row(&row))?;
            }
            // The caller has none; and a page is no row.
            Block::Table(_) | Block::Break => {}
        }
    }
    list.row(&[])?;
    list.row(&[text("校验码"), text(&of.check)])
}

/// A chart as the list of its figures.
fn figures(list: &mut impl Sheet, chart: &sheet::Chart) -> Result<(), NotPressed> {
    list.row(&[text(&chart.title)])?;
    match &chart.plot {
        Plot::Steps { steps, level, .. } => {
            for (day, amount) in steps {
                list.row(&[Cell::Text(day.to_string().into()), Cell::Yuan(*amount)])?;
            }
            level.iter().try_for_each(|(name, at)| list.row(&[text(name), Cell::Yuan(*at)]))
        }
        Plot::Columns { series, groups } => {
            let heads = std::iter::once(Cell::Empty).chain(series.iter().map(|name| text(name)));
            list.row(&heads.collect::<Vec<_>>())?;
            for (name, amounts) in groups {
                let amounts = amounts.iter().map(|amount| Cell::Yuan(*amount));
                list.row(&std::iter::once(text(name)).chain(amounts).collect::<Vec<_>>())?;
            }
            Ok(())
        }
        Plot::Bars { bars, unit, level } => {
            let told = |figure: i64| match unit {
                Unit::Fen => Cell::Yuan(Money::fen(figure)),
                Unit::BasisPoints => Cell::Text(unit.told(figure).into()),
                Unit::Count => Cell::Count(figure),
            };
            let mut rows = bars.iter().chain(level);
            rows.try_for_each(|(name, figure)| list.row(&[text(name), told(*figure)]))
        }
        Plot::Parts(parts) => {
            let mut rows = parts.iter();
            rows.try_for_each(|(name, amount)| list.row(&[text(name), Cell::Yuan(*amount)]))
        }
    }
}

fn warned(warning: &sheet::Warning) -> Cell<'static> {
    Cell::Text(format!("【{}】{}", warning.word, warning.meaning).into())
}

fn text(of: &str) -> Cell<'_> {
    Cell::Text(of.trim().into())
}

fn texts(of: &[String]) -> Vec<Cell<'_>> {
    of.iter().map(|one| text(one)).collect()
}

fn heads(table: &sheet::Table) -> Vec<String> {
    let head = |c: &sheet::Column| format!("{}{}", c.over.as_deref().unwrap_or_default(), c.head);
    table.columns().iter().map(head).collect()
}

fn cells(row: &sheet::Row) -> Vec<Cell<'_>> {
    let cell = |cell| match cell {
        &sheet::Cell::Blank => Cell::Empty,
        sheet::Cell::Text(said) => text(said),
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

    fn sheet(blocks: Vec<Block>) -> sheet::Sheet {
        let sheet =
            sheet::Sheet::new("梧桐里小区", "结清证明", ledger::calendar::Instant::from_seconds(0));
        let running = vec!["编号 7".to_owned(), "房号 1-1-101".to_owned()];
        sheet::Sheet { check: "K1".into(), ..sheet.running(running).saying(blocks) }
    }

    fn void() -> Option<sheet::Warning> {
        Some(sheet::Warning { word: "作废".into(), meaning: "号码不再使用。".into() })
    }

    fn told(of: &sheet::Sheet) -> String {
        String::from_utf8(tables(of).unwrap()).unwrap()
    }

    /// A certificate is no list: it leaves whole, amounts in yuan, formulas defused.
    #[test]
    fn a_sheet_without_tables_leaves_whole() {
        let amount = Money::fen(123_456);
        let fields = vec![sheet::Field::new("业主", "=1+1"), sheet::Field::new("面积", "81.10 ㎡")];
        let plot = Plot::Bars {
            bars: vec![("1幢".into(), 8_250)],
            unit: Unit::BasisPoints,
            level: Some(("保本线".into(), 8_500)),
        };
        let blocks = vec![
            Block::Heading("一".into()),
            Block::Fields { across: 2, fields },
            Block::Sum(sheet::Sum { label: "余额".into(), amount }),
            Block::Text("-一句，两半".into()),
            Block::Chart(sheet::Chart { title: "各幢".into(), plot }),
            Block::Notes(vec!["其一".into(), "其二".into()]),
            Block::Signatures(vec!["经办".into(), "复核".into()]),
        ];
        let certificate = sheet(blocks).warning(void());
        let wanted = format!(
            "\u{feff}梧桐里小区\r\n结清证明\r\n编号 7,房号 1-1-101\r\n【作废】号码不再使用。\r\n\"\"\r\n一\r\n\
             业主,'=1+1\r\n面积,81.10 ㎡\r\n余额,1234.56,{}\r\n'-一句，两半\r\n各幢\r\n1幢,82.50%\r\n\
             保本线,85.00%\r\n1. 其一\r\n2. 其二\r\n经办,复核\r\n\"\"\r\n校验码,K1\r\n",
            amount.in_capitals()
        );
        assert_eq!(told(&certificate), wanted);
    }

    /// A list begins with its heads, whatever stands on it; other tables with what nobody may overlook.
    #[test]
    fn tables_begin_with_their_heads_or_their_warning() {
        let columns = vec![sheet::Column::words("房号", 1), sheet::Column::amounts("欠费")];
        let mut table = sheet::Table::new(columns, "没有");
        let cells = vec![sheet::Cell::Text("1-1-101".into()), sheet::Cell::Money(Money::fen(5))];
        table.push(sheet::Rank::Line, cells);
        let notes = || Block::Notes(vec!["一条".into()]);
        let rows = "房号,欠费\r\n1-1-101,0.05\r\n";
        let (blank, warned) = ("\"\"\r\n", "【作废】号码不再使用。\r\n");

        let list = sheet(vec![Block::Table(table.clone()), notes()]);
        assert_eq!(told(&list), format!("\u{feff}{rows}"));
        assert_eq!(told(&list.warning(void())), format!("\u{feff}{rows}{blank}{warned}"));

        let two = sheet(vec![Block::Table(table.clone()), Block::Table(table.clone()), notes()]);
        assert_eq!(told(&two), format!("\u{feff}{rows}{blank}{rows}"));
        let wanted = format!("\u{feff}{warned}{blank}{rows}{blank}{rows}");
        assert_eq!(told(&two.warning(void())), wanted);

        let receipt = sheet(vec![Block::Text("一句".into()), Block::Table(table)]);
        assert_eq!(told(&receipt), format!("\u{feff}{rows}"));
        assert_eq!(told(&receipt.warning(void())), format!("\u{feff}{warned}{blank}{rows}"));
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
