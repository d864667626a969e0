//! Tables on a page: how wide each column is, the head, the rows.
//!
//! Owns: [`Laid`]. Always: days and amounts on one line; the type is made smaller before a figure
//! would be broken, and refused before it is unreadable. Never: a cell cut off.

use super::{
    HAIR, HEAVY, Ink, Line, Mark, Part, Setter, Strip, Strips, Style, THIN, Um, count, leading,
    line, put, rule,
};
use crate::sheet::{Cell, Column, Rank, Row, Side, Table, Width};
use crate::{Error, Result};

/// Table type, tried from the largest; the last is the smallest the house prints.
const SIZES: [Style; 7] = [
    Style::of(85),
    Style::of(80),
    Style::of(75),
    Style::of(70),
    Style::of(66),
    Style::of(62),
    Style::of(58),
];

/// What a cell keeps clear on either side.
const BESIDE: Um = 1_000;

/// What words keep clear of the figures to their left.
const CLEAR: Um = 2_500;

/// A table whose columns have found their places.
pub(super) struct Laid<'s> {
    /// What it says.
    pub table: &'s Table,
    /// The type of its lines.
    style: Style,
    /// Left edge and width of each column, padding included.
    places: Vec<(Um, Um)>,
    /// The height and the marks of its head.
    pub head: (Um, Vec<Mark>),
    /// The room a page total takes; nothing if it has none.
    pub reserve: Um,
}

impl Setter<'_> {
    /// A table as strips: its head, then row by row.
    pub(super) fn table<'s>(&self, table: &'s Table, column: &mut Strips<'s>) -> Result<()> {
        let (style, widths) = self.widths(table)?;
        let mut places = Vec::with_capacity(widths.len());
        // The first and the last column stand flush with the text around the table.
        let mut x = -BESIDE;
        for (place, width) in widths.into_iter().enumerate() {
            let clear = clear(table.columns(), place);
            places.push((x + clear, width - clear));
            x += width;
        }
        let mut laid = Laid { table, style, places, head: (0, Vec::new()), reserve: 0 };
        laid.head = self.head(&laid)?;
        if let Some(label) = &table.page_total {
            laid.reserve = self.row(&laid, &table.total_of(label, table.rows()))?.0;
        }
        let number = column.tables.len();
        let (height, marks) = laid.head.clone();
        let head = Part::Head(number);
        // Two tables that follow each other are told apart.
        let follows = column.ended == Some(column.strips.len());
        // The sentence that leads to a table is not parted from it.
        if column.told == Some(column.strips.len()) {
            column.glue();
        }
        column.strips.push(Strip {
            gap: if follows { 4_000 } else { 1_000 },
            height,
            marks,
            glued: true,
            leads: true,
            part: head,
            ..Strip::default()
        });

        if table.rows().is_empty() {
            let nothing = line::set(self.fount, &table.nothing, style)?;
            let mut marks = Vec::new();
            let around = 2 * self.frame.padding();
            let height = leading(style) + 2 * around;
            put(&mut marks, &nothing, style, (0, around), Side::Centre, self.width);
            column.strips.push(Strip { height, marks, ..Strip::default() });
        }
        for (place, row) in table.rows().iter().enumerate() {
            let (height, marks) = self.row(&laid, row)?;
            // A total stays with the line above it, and the first two lines of a table with its head.
            let next = table.rows().get(place + 1).map(|next| next.rank);
            let leads_in = row.rank == Rank::Group || (place == 0 && next.is_some());
            let glued = leads_in || next.is_some_and(|rank| rank > Rank::Line);
            let part = match row.rank {
                Rank::Group | Rank::Line | Rank::Subtotal => Part::Row(number, place),
                Rank::Total => Part::Total(number),
            };
            let leads = row.rank == Rank::Group;
            column.strips.push(Strip { height, marks, glued, leads, part, ..Strip::default() });
        }
        if let Some(last) = column.strips.last_mut() {
            last.marks.push(rule(0, last.height, self.width, HEAVY, Ink::Black));
        }
        column.tables.push(laid);
        column.ended = Some(column.strips.len());
        Ok(())
    }

    /// The width of every column, and the largest type in which they fit side by side.
    fn widths(&self, table: &Table) -> Result<(Style, Vec<Um>)> {
        for style in SIZES {
            if let Some(widths) = self.widths_in(table, style)? {
                return Ok((style, widths));
            }
        }
        let heads: Vec<&str> = table.columns().iter().map(|c| c.head.as_str()).collect();
        Err(Error::TooWide(heads.join(" ")))
    }

    fn widths_in(&self, table: &Table, style: Style) -> Result<Option<Vec<Um>>> {
        let mut wanted = Vec::new();
        let mut least = Vec::new();
        for (place, column) in table.columns().iter().enumerate() {
            let (mut natural, mut piece) = line::widths(self.fount, &column.head, style)?;
            for row in table.rows() {
                let text = row.cells[place].to_string();
                let runs_on = row.rank != Rank::Line && place == 0;
                if text.is_empty() || runs_on {
                    continue;
                }
                let style = ranked(style, row.rank);
                let (whole, widest) = line::widths(self.fount, &text, style)?;
                natural = natural.max(whole);
                piece = piece.max(widest);
            }
            // The page total is the widest amount of its column.
            if column.adds && table.page_total.is_some() {
                let all = table.total_of("", table.rows());
                let text = all.cells[place].to_string();
                natural = natural.max(line::set(self.fount, &text, ranked(style, all.rank))?.width);
            }
            let around = 2 * BESIDE + clear(table.columns(), place);
            least.push(match column.width {
                Width::Fit => natural + around,
                Width::Share(_) => piece.min(style.em() * 6) + around,
            });
            wanted.push(natural + around);
        }
        Ok(share(self.width + 2 * BESIDE, table.columns(), &least, &wanted))
    }

    /// The head of a table, with the names that columns share over them.
    fn head(&self, laid: &Laid<'_>) -> Result<(Um, Vec<Mark>)> {
        let style = laid.style.grey();
        let columns = laid.table.columns();
        let mut marks = vec![rule(0, 0, self.width, HEAVY, Ink::Black)];
        let mut y = self.frame.padding();

        if columns.iter().any(|column| column.over.is_some()) {
            let mut place = 0;
            while place < columns.len() {
                let over = &columns[place].over;
                let mut end = place + 1;
                while end < columns.len() && over.is_some() && columns[end].over == *over {
                    end += 1;
                }
                if let Some(over) = over {
                    let (left, right) = (laid.places[place].0, edge(laid.places[end - 1]));
                    let line = line::set(self.fount, over, style)?;
                    put(&mut marks, &line, style, (left, y), Side::Centre, right - left);
                    let (from, to) = (left + 2 * BESIDE, right - BESIDE);
                    let under = y + leading(style) + 250;
                    marks.push(rule(from, under, to - from, HAIR, Ink::Grey));
                }
                place = end;
            }
            y += leading(style) + 500;
        }

        let names = columns.iter().zip(&laid.places).map(|(column, (_, width))| {
            line::wrap(self.fount, &column.head, style, width - 2 * BESIDE)
        });
        let names = names.collect::<Result<Vec<_>>>()?;
        let tallest = count(names.iter().map(Vec::len).max().unwrap_or(1));
        for ((column, place), lines) in columns.iter().zip(&laid.places).zip(&names) {
            let mut top = y + (tallest - count(lines.len())) * leading(style);
            for line in lines {
                put_cell(&mut marks, line, style, *place, top, column.side);
                top += leading(style);
            }
        }
        y += tallest * leading(style) + self.frame.padding();
        marks.push(rule(0, y, self.width, THIN, Ink::Black));
        Ok((y, marks))
    }

    /// A row of a table, or one made up for it: height and marks.
    pub(super) fn row(&self, laid: &Laid<'_>, row: &Row) -> Result<(Um, Vec<Mark>)> {
        let style = ranked(laid.style, row.rank);
        let mut marks = Vec::new();
        let mut tallest = 1;
        for (place, cell) in row.cells.iter().enumerate() {
            let text = cell.to_string();
            if text.is_empty() {
                continue;
            }
            let (x, mut width) = laid.places[place];
            let mut side = laid.table.columns()[place].side;
            if row.rank != Rank::Line && place == 0 {
                side = Side::Left;
                let blank = row.cells[1..].iter().take_while(|cell| **cell == Cell::Blank).count();
                width = edge(laid.places[blank]) - x;
            }
            let lines = line::wrap(self.fount, &text, style, width - 2 * BESIDE)?;
            tallest = tallest.max(lines.len());
            let mut y = self.frame.padding();
            for line in &lines {
                put_cell(&mut marks, line, style, (x, width), y, side);
                y += leading(style);
            }
        }
        let height = leading(style) * count(tallest) + 2 * self.frame.padding();
        if row.rank > Rank::Line {
            marks.push(rule(0, 0, self.width, THIN, Ink::Black));
        }
        marks.push(rule(0, height, self.width, HAIR, Ink::Light));
        Ok((height, marks))
    }
}

/// Shares a width among columns: what each wants if there is room, and the rest spread evenly; if
/// there is not, at least `least` each and the rest by shares. `None` if not even that.
fn share(width: Um, columns: &[Column], least: &[Um], wanted: &[Um]) -> Option<Vec<Um>> {
    let many = count(columns.len().max(1));
    let spare = width - wanted.iter().sum::<Um>();
    if spare >= 0 {
        let mut widths: Vec<Um> = wanted.iter().map(|wanted| wanted + spare / many).collect();
        *widths.last_mut()? += spare % many;
        return Some(widths);
    }

    let mut widths = least.to_vec();
    let mut spare = width - least.iter().sum::<Um>();
    if spare < 0 {
        return None;
    }
    while spare > 0 {
        let shares = |place: usize| match columns[place].width {
            Width::Share(shares) => Um::from(shares.max(1)),
            Width::Fit => 0,
        };
        let hungry: Vec<usize> =
            (0..columns.len()).filter(|p| shares(*p) > 0 && widths[*p] < wanted[*p]).collect();
        let whole: Um = hungry.iter().map(|place| shares(*place)).sum();
        let before = spare;
        for place in &hungry {
            let fair = (before / whole * shares(*place)).max(1);
            let given = fair.min(wanted[*place] - widths[*place]).min(spare);
            widths[*place] += given;
            spare -= given;
        }
        if hungry.is_empty() {
            *widths.last_mut()? += spare;
            spare = 0;
        }
    }
    Some(widths)
}

/// What a column keeps clear on its left: words that follow figures would run into them.
fn clear(columns: &[Column], place: usize) -> Um {
    let side = |place: usize| columns.get(place).map(|column| column.side);
    let after_figures = place.checked_sub(1).and_then(side) == Some(Side::Right);
    if after_figures && side(place) != Some(Side::Right) { CLEAR } else { 0 }
}

/// The style of a row.
const fn ranked(style: Style, rank: Rank) -> Style {
    match rank {
        Rank::Line => style,
        Rank::Group | Rank::Subtotal | Rank::Total => style.bold(),
    }
}

/// The right edge of a column.
const fn edge(place: (Um, Um)) -> Um {
    place.0 + place.1
}

/// Puts a line of text into a column.
fn put_cell(
    marks: &mut Vec<Mark>,
    line: &Line,
    style: Style,
    place: (Um, Um),
    top: Um,
    side: Side,
) {
    put(marks, line, style, (place.0 + BESIDE, top), side, place.1 - 2 * BESIDE);
}
