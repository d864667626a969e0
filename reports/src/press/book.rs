//! A sheet as a workbook: everything it says on one worksheet, from top to bottom.
//!
//! Always: identifiers, names and days are text, amounts and percentages are numbers, a total is a formula that comes to the printed amount
//! (`SUBTOTAL`, so that totals of groups are not counted twice) or, where it is no sum of the lines above it, the amount itself;
//! a text is never a formula. Same sheet, same bytes. Rows go to a temporary file as they come: memory stays flat. Limits: no
//! charts, they are their figures; [`ROWS_MOST`] rows.

use std::io::{Seek, Write};
use std::ops::Range;

use ledger::money::Money;
use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Formula, Workbook, Worksheet,
};

use super::list::{CELL_MOST, NotPressed, ROWS_MOST};
use crate::sheet::{Block, Cell, Chart, Column, Plot, Rank, Row, Sheet, Table, Unit};

/// Writes a sheet as xlsx.
///
/// # Errors
/// [`NotPressed`].
pub fn press(sheet: &Sheet) -> Result<Vec<u8>, NotPressed> {
    let mut to = std::io::Cursor::new(Vec::new());
    press_into(sheet, &mut to)?;
    Ok(to.into_inner())
}

/// Writes a sheet as xlsx to where places can be found again.
///
/// # Errors
/// [`NotPressed`].
pub fn press_into<W: Write + Seek + Send>(sheet: &Sheet, to: W) -> Result<(), NotPressed> {
    let mut book = Workbook::new();
    // The same sheet gives the same bytes: the file says no time of its own.
    let dawn = ExcelDateTime::from_ymd(2000, 1, 1)?;
    let said = DocProperties::new().set_title(&sheet.title).set_author(&sheet.issuer);
    book.set_properties(&said.set_creation_datetime(&dawn));
    let page = book.add_worksheet_with_constant_memory()?;
    page.set_name(named(&sheet.title))?;
    page.set_print_fit_to_pages(1, 0);
    if matches!(sheet.paper, crate::sheet::Paper::A4Landscape) {
        page.set_landscape();
    }
    page.set_paper_size(9);
    for (column, places) in (0_u16..).zip(widths(sheet)) {
        page.set_column_width(column, places)?;
    }
    let mut pen = Pen::new(page);
    pen.line(&sheet.issuer, Look::Plain)?;
    pen.line(&sheet.title, Look::Title)?;
    pen.line(&sheet.running.join("    "), Look::Plain)?;
    if let Some(warning) = &sheet.warning {
        pen.line(&format!("【{}】{}", warning.word, warning.meaning), Look::Bold)?;
    }
    for block in &sheet.blocks {
        pen.block(block)?;
    }
    pen.row += 1;
    let foot = format!("打印时间 {}    校验码 {}", sheet.printed_at.for_people(), sheet.check);
    pen.line(&foot, Look::Plain)?;
    let rests = super::rests_on(sheet);
    if !rests.is_empty() {
        pen.line(&rests, Look::Plain)?;
    }
    Ok(book.save_to_writer(to)?)
}

/// A worksheet's name: at most 31 characters, none that a reference gives a meaning.
fn named(title: &str) -> String {
    let plain = title.chars().filter(|c| !"[]:*?/\\'".contains(*c));
    let name: String = plain.take(31).collect();
    if name.is_empty() { "正文".into() } else { name }
}

/// How wide each column is, by what its cells say, in places.
fn widths(sheet: &Sheet) -> Vec<u32> {
    const LEAST: usize = 10;
    const MOST: usize = 42;
    let mut widths: Vec<usize> = Vec::new();
    for table in sheet.blocks.iter().filter_map(Block::table) {
        for (place, column) in table.columns().iter().enumerate() {
            let cells = table.rows().iter().filter(|row| place > 0 || row.rank == Rank::Line);
            let cells = cells.map(|row| super::text::places(&row.cells[place].to_string()));
            let widest = cells.max().unwrap_or(0).max(super::text::places(&head(column)));
            let widest = (widest + 2).clamp(LEAST, MOST);
            match widths.get_mut(place) {
                Some(width) => *width = (*width).max(widest),
                None => widths.push(widest),
            }
        }
    }
    widths.into_iter().map(|width| u32::try_from(width).unwrap_or(42)).collect()
}

fn head(column: &Column) -> String {
    format!("{}{}", column.over.as_deref().unwrap_or_default(), column.head)
}

/// How a cell looks.
#[derive(Clone, Copy)]
enum Look {
    Plain,
    Bold,
    Title,
    Head,
}

/// Writes row after row.
struct Pen<'w> {
    page: &'w mut Worksheet,
    row: u32,
    bold: Format,
    title: Format,
    head: Format,
    amount: [Format; 2],
    count: [Format; 2],
    percent: [Format; 2],
    rate: [Format; 2],
}

impl<'w> Pen<'w> {
    fn new(page: &'w mut Worksheet) -> Pen<'w> {
        let bold = Format::new().set_bold();
        // Of a line, and of a total.
        let figures = |form: &str| {
            let plain = Format::new().set_num_format(form);
            [plain.clone(), plain.set_bold().set_border_top(FormatBorder::Thin)]
        };
        Pen {
            page,
            row: 0,
            title: bold.clone().set_font_size(14),
            head: bold.clone().set_border_bottom(FormatBorder::Thin).set_text_wrap(),
            amount: figures("#,##0.00"),
            count: figures("0"),
            percent: figures("0.00%"),
            rate: figures("0.0%"),
            bold,
        }
    }

    fn look(&self, look: Look) -> Format {
        match look {
            Look::Plain => Format::new(),
            Look::Bold => self.bold.clone(),
            Look::Title => self.title.clone(),
            Look::Head => self.head.clone().set_align(FormatAlign::Bottom),
        }
    }

    fn text(&mut self, column: u16, text: &str, look: Look) -> Result<(), NotPressed> {
        let text: String = text.chars().take(CELL_MOST).collect();
        self.page.write_string_with_format(self.row, column, text, &self.look(look))?;
        Ok(())
    }

    fn next(&mut self) -> Result<(), NotPressed> {
        self.row += 1;
        match usize::try_from(self.row) {
            Ok(row) if row <= ROWS_MOST => Ok(()),
            _ => Err(NotPressed::TooLong),
        }
    }

    /// A line of its own.
    fn line(&mut self, text: &str, look: Look) -> Result<(), NotPressed> {
        self.text(0, text, look)?;
        self.next()
    }

    /// A decimal as a number if a spreadsheet keeps every digit of it, else as text.
    fn decimal(&mut self, column: u16, text: &str, format: &Format) -> Result<(), NotPressed> {
        // Excel keeps fifteen digits. Fewer go through a double and back unchanged.
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        match text.parse::<f64>() {
            Ok(number) if digits <= 15 => {
                self.page.write_number_with_format(self.row, column, number, format)?;
            }
            _ => {
                self.page.write_string(self.row, column, text)?;
            }
        }
        Ok(())
    }

    /// A percentage as a number that is shown as one: of `82.50%` the double that is read from 0.825.
    fn hundredths(&mut self, column: u16, told: &str, format: &Format) -> Result<(), NotPressed> {
        self.decimal(column, &format!("{}e-2", told.trim_end_matches('%')), format)
    }

    fn block(&mut self, block: &Block) -> Result<(), NotPressed> {
        match block {
            Block::Heading(text) => {
                self.next()?;
                self.line(text, Look::Bold)
            }
            Block::Text(text) => self.line(text, Look::Plain),
            Block::Fields { fields, .. } => fields.iter().try_for_each(|field| {
                self.text(0, &field.label, Look::Plain)?;
                self.text(1, &field.value, Look::Plain)?;
                self.next()
            }),
            Block::Table(table) => self.table(table),
            Block::Sum(sum) => {
                self.text(0, &sum.label, Look::Bold)?;
                let format = self.amount[1].clone();
                self.decimal(1, &sum.amount.to_string(), &format)?;
                let words = format!("人民币（大写）{}", sum.amount.in_capitals());
                self.text(2, &words, Look::Bold)?;
                self.next()
            }
            Block::Chart(chart) if chart.is_empty() => Ok(()),
            Block::Chart(chart) => self.chart(chart),
            Block::Notes(notes) => (1..).zip(notes).try_for_each(|(number, note)| {
                self.line(&format!("{number}. {note}"), Look::Plain)
            }),
            Block::Signatures(names) => {
                self.next()?;
                let names = names.iter().map(|name| format!("{name}："));
                self.line(&names.collect::<Vec<_>>().join("            "), Look::Plain)
            }
            Block::Opinions(opinions) => opinions.iter().try_for_each(|opinion| {
                let seal = if opinion.seal { "（盖章）" } else { "" };
                let who = opinion.who.trim_end_matches("意见");
                self.line(&format!("{who}意见：{}{seal}", opinion.says), Look::Plain)
            }),
            Block::Cut(name) => self.line(&format!("—— {name} ——"), Look::Plain),
            Block::Break => self.next(),
        }
    }

    fn chart(&mut self, chart: &Chart) -> Result<(), NotPressed> {
        self.next()?;
        self.line(&chart.title, Look::Bold)?;
        let [amount, _] = self.amount.clone();
        let [count, _] = self.count.clone();
        let [percent, _] = self.percent.clone();
        match &chart.plot {
            Plot::Steps { steps, .. } => steps.iter().try_for_each(|(day, fen)| {
                self.text(0, &day.to_string(), Look::Plain)?;
                self.decimal(1, &fen.to_string(), &amount)?;
                self.next()
            }),
            Plot::Columns { series, groups } => {
                for (column, name) in (1_u16..).zip(series) {
                    self.text(column, name, Look::Head)?;
                }
                self.next()?;
                groups.iter().try_for_each(|(name, amounts)| {
                    self.text(0, name, Look::Plain)?;
                    for (column, fen) in (1_u16..).zip(amounts) {
                        self.decimal(column, &fen.to_string(), &amount)?;
                    }
                    self.next()
                })
            }
            Plot::Bars { bars, unit, .. } => bars.iter().try_for_each(|(name, figure)| {
                self.text(0, name, Look::Plain)?;
                match unit {
                    Unit::Fen => self.decimal(1, &Money::fen(*figure).to_string(), &amount)?,
                    Unit::Count => self.decimal(1, &figure.to_string(), &count)?,
                    Unit::BasisPoints => self.hundredths(1, &unit.told(*figure), &percent)?,
                }
                self.next()
            }),
            Plot::Parts(parts) => parts.iter().try_for_each(|(name, fen)| {
                self.text(0, name, Look::Plain)?;
                self.decimal(1, &fen.to_string(), &amount)?;
                self.next()
            }),
        }
    }

    fn table(&mut self, table: &Table) -> Result<(), NotPressed> {
        for (place, column) in (0_u16..).zip(table.columns()) {
            self.text(place, &head(column), Look::Head)?;
        }
        self.next()?;
        if table.rows().is_empty() {
            return self.line(&table.nothing, Look::Plain);
        }
        let first = self.row;
        let mut group = 0;
        for (place, row) in table.rows().iter().enumerate() {
            let summed = match row.rank {
                Rank::Group | Rank::Line => place..place,
                Rank::Subtotal => group..place,
                Rank::Total => 0..place,
            };
            self.cells(table, row, first, summed)?;
            if row.rank != Rank::Line {
                group = place + 1;
            }
        }
        Ok(())
    }

    /// A row; `summed` are the places of the rows a total may be the sum of.
    fn cells(
        &mut self,
        table: &Table,
        row: &Row,
        first: u32,
        summed: Range<usize>,
    ) -> Result<(), NotPressed> {
        let look = if row.rank == Rank::Line { Look::Plain } else { Look::Bold };
        let of = |[line, total]: &[Format; 2]| match row.rank {
            Rank::Line | Rank::Group => line.clone(),
            Rank::Subtotal | Rank::Total => total.clone(),
        };
        let (amount, count) = (of(&self.amount), of(&self.count));
        let (percent, rate) = (of(&self.percent), of(&self.rate));
        for (place, (column, cell)) in table.columns().iter().zip(&row.cells).enumerate() {
            let at = u16::try_from(place).map_err(|_| NotPressed::TooLong)?;
            match cell {
                Cell::Blank => {}
                Cell::Money(fen) => match formula(table, place, first, &summed, *fen) {
                    Some(formula) if column.adds => {
                        self.page.write_formula_with_format(self.row, at, formula, &amount)?;
                    }
                    _ => self.decimal(at, &fen.to_string(), &amount)?,
                },
                Cell::Area(area) => self.decimal(at, &area.to_string(), &amount)?,
                Cell::Count(things) => self.decimal(at, &things.to_string(), &count)?,
                Cell::Text(text) => self.text(at, text.trim(), look)?,
                Cell::Percent(_) => self.hundredths(at, &cell.to_string(), &percent)?,
                Cell::Rate(told) => self.hundredths(at, told, &rate)?,
                Cell::Day(_) => self.text(at, &cell.to_string(), look)?,
            }
        }
        self.next()
    }
}

/// The formula that a total is, if the lines come to it.
fn formula(
    table: &Table,
    place: usize,
    first: u32,
    summed: &Range<usize>,
    total: Money,
) -> Option<Formula> {
    let rows = table.rows().get(summed.clone()).filter(|rows| !rows.is_empty())?;
    let amounts = rows.iter().filter(|row| row.rank == Rank::Line).map(|row| &row.cells[place]);
    let sum: Money = amounts
        .filter_map(|cell| match cell {
            Cell::Money(fen) => Some(*fen),
            _ => None,
        })
        .sum();
    // A column whose totals of groups are no formulas would be counted twice.
    let is_plain = rows.iter().all(|row| row.rank != Rank::Total);
    let letters = letters(place);
    let at = |row: usize| Some(first + u32::try_from(row).ok()? + 1);
    let (from, to) = (at(summed.start)?, at(summed.end)?.checked_sub(1)?);
    let said = format!("=SUBTOTAL(9,{letters}{from}:{letters}{to})");
    (sum == total && is_plain).then(|| Formula::new(said).set_result(total.to_string()))
}

/// A column's name: A, B, …, Z, AA.
fn letters(place: usize) -> String {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap_or(0));
    match place.checked_sub(26) {
        None => letter(place).to_string(),
        Some(rest) => format!("{}{}", letter(rest / 26), letter(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::household;

    #[test]
    fn the_same_sheet_is_the_same_workbook() {
        let sheet = household::set(&household::tests::figures(30)).unwrap();
        let first = press(&sheet).unwrap();
        assert!(first.starts_with(b"PK"));
        assert_eq!(first, press(&sheet).unwrap());
    }

    #[test]
    fn columns_have_letters() {
        let told = [0, 25, 26, 51, 52].map(letters);
        assert_eq!(told, ["A", "Z", "AA", "AZ", "BA"]);
    }

    /// A total that is no sum of its lines stays a number.
    #[test]
    fn a_formula_stands_only_where_it_agrees() {
        let mut table = Table::new(vec![Column::words("项目", 1), Column::amounts("金额")], "");
        let line = |fen| vec![Cell::Text("行".into()), Cell::Money(Money::fen(fen))];
        table.push(Rank::Line, line(100));
        table.push(Rank::Subtotal, line(100));
        table.push(Rank::Line, line(200));
        table.push(Rank::Subtotal, line(200));
        table.push(Rank::Total, line(300));
        assert!(formula(&table, 1, 5, &(0..4), Money::fen(300)).is_some());
        assert!(formula(&table, 1, 5, &(0..4), Money::fen(301)).is_none());
        assert!(formula(&table, 1, 5, &(2..3), Money::fen(200)).is_some());
        assert!(formula(&table, 1, 5, &(2..2), Money::ZERO).is_none());
    }
}
