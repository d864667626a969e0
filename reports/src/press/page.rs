//! Blocks to pages: where every mark of a sheet stands, before any device.
//!
//! Owns: [`Page`], [`Mark`], [`lay`]; the house's typography (sizes, rules, margins).
//!
//! A sheet becomes a column of strips. A strip is never split; a strip glued to the next is never
//! parted from it while both fit on one page. Table heads are strips too, and are repeated when a
//! page breaks inside their table.
//!
//! Always: rows whole, a heading with what it heads, a total with its last line, the same head,
//! warning and foot on every page. Never: text cut off, or shrunk beyond reading; what does not
//! fit is an error.
//! Limits: one column of strips.

use std::ops::Range;

use super::line::{self, Fount, Ink, Line, Run, Style, Um};
use crate::sheet::{Block, Cell, Field, Paper, Row, Sheet, Side, Sum};
use crate::{Error, Result};

mod chart;
mod table;
#[cfg(test)]
mod tests;

use table::Laid;

const MARGIN: Um = 16_000;
const TOP: Um = 13_000;
const FOOT: Um = 17_000;
const PADDING: Um = 850;

const HEAVY: Um = 300;
const THIN: Um = 120;
const HAIR: Um = 80;

const ISSUER: Style = Style::of(110);
const TITLE: Style = Style::of(170).bold();
const RUNNING: Style = Style::of(85);
const WARNING: Style = Style::of(140).bold();
const HEADING: Style = Style::of(95).bold();
const LABEL: Style = Style::of(85).grey();
const VALUE: Style = Style::of(90);
const NOTE: Style = Style::of(80);
const SMALL: Style = Style::of(70).grey();

/// A page: marks in reading order. The origin is the upper left corner.
#[derive(Debug)]
pub(super) struct Page {
    /// How wide the paper is.
    pub width: Um,
    /// How tall the paper is.
    pub height: Um,
    /// What is drawn.
    pub marks: Vec<Mark>,
}

/// Something drawn.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// Characters of one face, from `x` on the baseline `y`.
    Text { x: Um, y: Um, run: Run, style: Style },
    /// A stroke through points.
    Path { points: Vec<(Um, Um)>, thickness: Um, ink: Ink },
    /// A filled rectangle.
    Ground { x: Um, y: Um, width: Um, height: Um, ink: Ink },
}

/// Lays a sheet out on pages.
pub(super) fn lay(fount: &dyn Fount, sheet: &Sheet) -> Result<Vec<Page>> {
    let (width, height) = match sheet.paper {
        Paper::A4 => (210_000, 297_000),
        Paper::A4Landscape => (297_000, 210_000),
    };
    let setter = Setter { fount, width: width - 2 * MARGIN };

    let mut column = Strips::default();
    for block in &sheet.blocks {
        setter.block(block, &mut column)?;
    }
    let first = setter.first_head(sheet)?;
    let later = setter.later_head(sheet)?;
    let mut flow = Flow {
        setter: &setter,
        tables: &column.tables,
        top: TOP + later.height,
        bottom: height - FOOT,
        pages: vec![Vec::new()],
        y: TOP + first.height,
        is_fresh: true,
        open: None,
        has_run_over: vec![false; column.tables.len()],
    };
    flow.pour(&column.strips, &sheet.title)?;

    let drafts = flow.pages;
    let many = drafts.len();
    let page = |(place, draft): (usize, Vec<Mark>)| {
        let mut marks = Vec::with_capacity(draft.len() + 16);
        let head = if place == 0 { &first } else { &later };
        marks.extend(moved(&head.marks, TOP));
        marks.extend(draft);
        let foot = setter.foot(sheet, place + 1, many)?;
        marks.extend(moved(&foot.marks, height - FOOT));
        let marks = marks.into_iter().map(|mark| shifted(mark, MARGIN, 0)).collect();
        Ok(Page { width, height, marks })
    };
    drafts.into_iter().enumerate().map(page).collect()
}

/// A piece of the column that is never split. Its marks count from its own upper left corner.
#[derive(Debug, Default)]
struct Strip {
    /// Space above, dropped at the head of a page.
    gap: Um,
    height: Um,
    marks: Vec<Mark>,
    /// Not to be parted from the next.
    glued: bool,
    part: Part,
}

/// What a strip is to its table, if it belongs to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    None,
    /// The head of the table in this place.
    Head(usize),
    /// A line or the total of a group: table, row.
    Row(usize, usize),
    /// The total of the table.
    Total(usize),
}

/// The body of a sheet as one endless column.
#[derive(Default)]
struct Strips<'s> {
    strips: Vec<Strip>,
    tables: Vec<Laid<'s>>,
}

impl Strips<'_> {
    /// What comes next stays with what came last.
    fn glue(&mut self) {
        if let Some(last) = self.strips.last_mut() {
            last.glued = true;
        }
    }
}

/// Sets blocks in the type of a device, so wide.
struct Setter<'f> {
    fount: &'f dyn Fount,
    width: Um,
}

/// Pages as they fill.
struct Flow<'p> {
    setter: &'p Setter<'p>,
    tables: &'p [Laid<'p>],
    /// Where the body begins on the pages after the first.
    top: Um,
    /// Where it ends on every page.
    bottom: Um,
    pages: Vec<Vec<Mark>>,
    y: Um,
    /// Whether nothing but a head stands on this page yet.
    is_fresh: bool,
    /// The rows of a table on this page: what its page total adds up.
    open: Option<(usize, Range<usize>)>,
    /// Which tables go on from page to page.
    has_run_over: Vec<bool>,
}

impl Flow<'_> {
    /// Breaks the column into pages.
    fn pour(&mut self, strips: &[Strip], title: &str) -> Result<()> {
        let mut at = 0;
        while at < strips.len() {
            let loose = strips[at..].iter().position(|strip| !strip.glued);
            let mut end = loose.map_or(strips.len(), |loose| at + loose + 1);
            if self.is_over(&strips[at..end]) {
                if !self.is_fresh {
                    self.turn(strips[at].part)?;
                    continue;
                }
                // A whole page is not enough: let go of the glue, but never of a strip.
                end = at + 1;
                if self.is_over(&strips[at..end]) {
                    return Err(Error::TooTall(name_of(&strips[at], self.tables, title)));
                }
            }
            for strip in &strips[at..end] {
                self.place(strip)?;
            }
            at = end;
        }
        Ok(())
    }

    /// Whether these strips need more than what is left of the page.
    fn is_over(&self, chain: &[Strip]) -> bool {
        let lines = chain.iter().rev().find_map(|strip| match strip.part {
            Part::Row(table, _) => Some(table),
            Part::None | Part::Head(_) | Part::Total(_) => None,
        });
        let reserve = lines.map_or(0, |table| self.tables[table].reserve);
        let dropped = chain.first().filter(|_| self.is_fresh).map_or(0, |strip| strip.gap);
        let needed: Um = chain.iter().map(|strip| strip.gap + strip.height).sum();
        self.y + needed - dropped + reserve > self.bottom
    }

    /// Turns the page. The table that goes on is closed here and headed there.
    fn turn(&mut self, next: Part) -> Result<()> {
        let goes_on = match next {
            Part::Row(table, _) | Part::Total(table) => Some(table),
            Part::None | Part::Head(_) => None,
        };
        if let Some(table) = goes_on {
            self.has_run_over[table] = true;
            self.total_page()?;
            let width = self.setter.width;
            let end = rule(0, self.y, width, HEAVY, Ink::Black);
            self.page().push(end);
        }
        self.open = None;
        self.pages.push(Vec::new());
        self.y = self.top;
        self.is_fresh = true;
        if let Some(table) = goes_on {
            let (height, marks) = &self.tables[table].head;
            self.draw(marks, *height);
        }
        Ok(())
    }

    fn place(&mut self, strip: &Strip) -> Result<()> {
        if let Part::Row(table, row) = strip.part {
            match &mut self.open {
                Some((_, rows)) => rows.end = row + 1,
                None => self.open = Some((table, row..row + 1)),
            }
        } else if self.open.as_ref().is_some_and(|(table, _)| self.has_run_over[*table]) {
            self.total_page()?;
        } else {
            self.open = None;
        }
        self.y += if self.is_fresh { 0 } else { strip.gap };
        self.draw(&strip.marks, strip.height);
        self.is_fresh = false;
        Ok(())
    }

    /// The total of the lines on this page.
    fn total_page(&mut self) -> Result<()> {
        if let Some((table, rows)) = self.open.take()
            && let Some(label) = &self.tables[table].table.page_total
        {
            let laid = &self.tables[table];
            let total = laid.table.total_of(label, &laid.table.rows()[rows]);
            let (height, marks) = self.setter.row(laid, &total)?;
            self.draw(&marks, height);
        }
        Ok(())
    }

    fn draw(&mut self, marks: &[Mark], height: Um) {
        let y = self.y;
        self.page().extend(moved(marks, y));
        self.y += height;
    }

    fn page(&mut self) -> &mut Vec<Mark> {
        self.pages.last_mut().expect("a flow begins with a page")
    }
}

/// What an error calls a strip.
fn name_of(strip: &Strip, tables: &[Laid<'_>], title: &str) -> String {
    let first = |row: &Row| row.cells.first().map(Cell::to_string);
    match strip.part {
        Part::Row(table, row) => first(&tables[table].table.rows()[row]),
        Part::Head(_) | Part::Total(_) | Part::None => None,
    }
    .unwrap_or_else(|| title.into())
}

impl Setter<'_> {
    fn block<'s>(&self, block: &'s Block, column: &mut Strips<'s>) -> Result<()> {
        match block {
            Block::Heading(text) => {
                let mut strip = self.paragraph(text, HEADING, 0)?;
                (strip.gap, strip.glued) = (4_000, true);
                strip.height += 1_000;
                column.strips.push(strip);
            }
            Block::Fields { across, fields } => self.fields(*across, fields, column)?,
            Block::Table(table) => self.table(table, column)?,
            Block::Sum(sum) => {
                column.glue();
                column.strips.push(self.sum(sum)?);
            }
            Block::Chart(chart) => column.strips.push(self.chart(chart)?),
            Block::Notes(notes) => {
                for (place, note) in notes.iter().enumerate() {
                    column.strips.push(self.note(place + 1, note)?);
                }
            }
            Block::Signatures(names) => {
                column.glue();
                column.strips.push(self.signatures(names)?);
            }
        }
        Ok(())
    }

    /// Lines of text over the whole width, from `indent` on.
    fn paragraph(&self, text: &str, style: Style, indent: Um) -> Result<Strip> {
        let measure = self.width - indent;
        let mut lines = line::wrap(self.fount, text, style, measure)?;
        // One or two characters alone on the last line: make room for company.
        if lines.len() > 1 && lines.last().is_some_and(|last| last.width * 2 < style.em() * 5) {
            let narrower = line::wrap(self.fount, text, style, measure - style.em() * 2)?;
            if narrower.len() == lines.len() {
                lines = narrower;
            }
        }
        let mut marks = Vec::new();
        let mut y = 0;
        for line in &lines {
            put(&mut marks, line, style, (indent, y), Side::Left, measure);
            y += leading(style);
        }
        Ok(Strip { height: y, marks, ..Strip::default() })
    }

    /// The head of the first page: who, what, which, and the warning.
    fn first_head(&self, sheet: &Sheet) -> Result<Strip> {
        let mut marks = Vec::new();
        let mut y = 0;
        for (text, style, after) in [(&sheet.issuer, ISSUER, 600), (&sheet.title, TITLE, 2_000)] {
            for line in line::wrap(self.fount, text, style, self.width)? {
                put(&mut marks, &line, style, (0, y), Side::Centre, self.width);
                y += leading(style);
            }
            y += after;
        }

        let running = self.spread(&sheet.running, RUNNING)?;
        marks.extend(moved(&running.marks, y));
        y += running.height + 900;
        marks.push(rule(0, y, self.width, HEAVY, Ink::Black));
        self.warning(sheet, y + 2_000, marks)
    }

    /// The head of the pages after the first: the same in small.
    fn later_head(&self, sheet: &Sheet) -> Result<Strip> {
        let mut head = self.spread(&[sheet.issuer.clone(), sheet.title.clone()], RUNNING)?;
        let running = self.spread(&sheet.running, RUNNING)?;
        head.marks.extend(moved(&running.marks, head.height));
        let y = head.height + running.height + 900;
        head.marks.push(rule(0, y, self.width, THIN, Ink::Black));
        self.warning(sheet, y + 1_500, head.marks)
    }

    /// Texts side by side over the whole width, or one under another if that is not enough.
    fn spread(&self, texts: &[String], style: Style) -> Result<Strip> {
        let lines = texts.iter().map(|text| line::set(self.fount, text, style));
        let lines = lines.collect::<Result<Vec<Line>>>()?;
        let together: Um = lines.iter().map(|line| line.width).sum();
        let gaps = count(lines.len().max(2) - 1);
        let between = (self.width - together) / gaps;
        if between < style.em() * 2 {
            return self.paragraph(&texts.join("\n"), style, 0);
        }
        let mut marks = Vec::new();
        let mut x = 0;
        for line in &lines {
            put(&mut marks, line, style, (x, 0), Side::Left, line.width);
            x += line.width + between;
        }
        Ok(Strip { height: leading(style), marks, ..Strip::default() })
    }

    /// A head so far, and under it the warning if there is one.
    fn warning(&self, sheet: &Sheet, y: Um, mut marks: Vec<Mark>) -> Result<Strip> {
        let Some(warning) = &sheet.warning else {
            return Ok(Strip { height: y + 500, marks, ..Strip::default() });
        };
        let word = line::set(self.fount, &warning.word, WARNING)?;
        let gap = 5_000;
        let measure = self.width - word.width - 2 * gap - 2_000;
        let lines = line::wrap(self.fount, &warning.meaning, NOTE, measure.max(NOTE.em() * 8))?;
        let widest = lines.iter().map(|line| line.width).max().unwrap_or(0);
        let tall = leading(NOTE) * count(lines.len());
        let height = tall.max(leading(WARNING)) + 2_400;
        let x = ((self.width - word.width - gap - widest) / 2).max(0);

        marks.push(Mark::Ground { x: 0, y, width: self.width, height, ink: Ink::Pale });
        marks.push(rule(0, y, self.width, THIN, Ink::Black));
        marks.push(rule(0, y + height, self.width, THIN, Ink::Black));
        let top = y + (height - leading(WARNING)) / 2;
        put(&mut marks, &word, WARNING, (x, top), Side::Left, word.width);
        let mut top = y + (height - tall) / 2;
        for line in &lines {
            put(&mut marks, line, NOTE, (x + word.width + gap, top), Side::Left, line.width);
            top += leading(NOTE);
        }
        Ok(Strip { height: y + height + 2_500, marks, ..Strip::default() })
    }

    /// The foot of a page, from the lower edge of the body.
    fn foot(&self, sheet: &Sheet, page: usize, pages: usize) -> Result<Strip> {
        let texts = [
            format!("打印时间 {}", sheet.printed_at.for_people()),
            format!("校验码 {}", sheet.check),
            format!("页 {page}/{pages}"),
        ];
        let line = self.spread(&texts, SMALL)?;
        let mut marks = vec![rule(0, 3_000, self.width, HAIR, Ink::Grey)];
        marks.extend(moved(&line.marks, 3_800));
        Ok(Strip { marks, ..Strip::default() })
    }

    fn fields(&self, across: usize, fields: &[Field], column: &mut Strips<'_>) -> Result<()> {
        let across = across.max(1);
        let cell = self.width / count(across);
        let mut rows: Vec<Vec<(usize, &Field)>> = vec![Vec::new()];
        let mut place = 0;
        for field in fields {
            if place + field.span.min(across) > across {
                rows.push(Vec::new());
                place = 0;
            }
            rows.last_mut().expect("there is always a row").push((place, field));
            place += field.span.clamp(1, across);
        }
        // Values stand one under another: the labels of a grid column take the same room.
        let mut rooms = vec![0; across];
        for (place, field) in rows.iter().flatten() {
            let label = line::set(self.fount, &field.label, LABEL)?;
            rooms[*place] = rooms[*place].max(label.width + LABEL.em());
        }

        let many = rows.len();
        for (number, row) in rows.iter().enumerate() {
            let mut marks = Vec::new();
            let mut tallest = 1;
            for (place, field) in row {
                let x = cell * count(*place);
                let room = rooms[*place];
                let label = line::set(self.fount, &field.label, LABEL)?;
                put(&mut marks, &label, LABEL, (x, PADDING), Side::Left, room);
                let measure = cell * count(field.span.clamp(1, across)) - room - 2 * PADDING;
                let lines = line::wrap(self.fount, &field.value, VALUE, measure)?;
                tallest = tallest.max(lines.len());
                let mut y = PADDING;
                for line in &lines {
                    put(&mut marks, line, VALUE, (x + room, y), Side::Left, measure);
                    y += leading(VALUE);
                }
            }
            let height = leading(VALUE) * count(tallest) + 2 * PADDING;
            marks.push(rule(0, height, self.width, HAIR, Ink::Light));
            let (gap, glued) = (if number == 0 { 1_500 } else { 0 }, number + 1 < many);
            column.strips.push(Strip { gap, height, marks, glued, part: Part::None });
        }
        Ok(())
    }

    fn sum(&self, sum: &Sum) -> Result<Strip> {
        let figures = line::set(self.fount, &format!("¥{}", sum.amount.grouped()), VALUE.bold())?;
        let label = line::set(self.fount, &sum.label, LABEL)?;
        let x = label.width + LABEL.em();
        let words = format!("人民币（大写）{}", sum.amount.in_capitals());
        let measure = self.width - x - figures.width - LABEL.em();
        let lines = line::wrap(self.fount, &words, VALUE.bold(), measure)?;

        let mut marks = Vec::new();
        let mut y = 2 * PADDING;
        put(&mut marks, &label, LABEL, (0, y), Side::Left, label.width);
        for (place, line) in lines.iter().enumerate() {
            put(&mut marks, line, VALUE, (x, y), Side::Left, measure);
            if place == 0 {
                put(&mut marks, &figures, VALUE, (0, y), Side::Right, self.width);
            }
            y += leading(VALUE);
        }
        let height = y + 2 * PADDING;
        marks.push(rule(0, height, self.width, THIN, Ink::Black));
        Ok(Strip { height, marks, ..Strip::default() })
    }

    fn note(&self, number: usize, note: &str) -> Result<Strip> {
        let mark = line::set(self.fount, &format!("{number}."), NOTE)?;
        let mut strip = self.paragraph(note, NOTE, NOTE.em() * 2)?;
        put(&mut strip.marks, &mark, NOTE, (0, 0), Side::Left, mark.width);
        // Read the number first.
        strip.marks.rotate_right(mark.runs.len());
        strip.height += 400;
        Ok(strip)
    }

    fn signatures(&self, names: &[String]) -> Result<Strip> {
        let room = self.width / count(names.len().max(1));
        let mut marks = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let x = room * count(place);
            let line = line::set(self.fount, name, VALUE)?;
            put(&mut marks, &line, VALUE, (x, 0), Side::Left, line.width);
            let from = x + line.width + VALUE.em() / 2;
            let to = x + room - VALUE.em();
            marks.push(rule(from, leading(VALUE), to - from, HAIR, Ink::Black));
        }
        Ok(Strip { gap: 8_000, height: leading(VALUE) + 1_000, marks, ..Strip::default() })
    }
}

/// From one line to the next.
const fn leading(style: Style) -> Um {
    style.em() * 135 / 100
}

/// A count as a factor of lengths.
fn count(things: usize) -> Um {
    Um::try_from(things).expect("a sheet has fewer than two thousand million things")
}

fn rule(x: Um, y: Um, width: Um, thickness: Um, ink: Ink) -> Mark {
    path(vec![(x, y), (x + width, y)], thickness, ink)
}

fn path(points: Vec<(Um, Um)>, thickness: Um, ink: Ink) -> Mark {
    Mark::Path { points, thickness, ink }
}

/// Puts a line of text with its top at `at`, to one side of `width`.
fn put(marks: &mut Vec<Mark>, line: &Line, style: Style, at: (Um, Um), side: Side, width: Um) {
    let (mut x, top) = at;
    x += match side {
        Side::Left => 0,
        Side::Centre => (width - line.width) / 2,
        Side::Right => width - line.width,
    };
    // The ideographic em box stands from 0.88 em above the baseline to 0.12 em below.
    let y = top + (leading(style) - style.em()) / 2 + style.em() * 88 / 100;
    for run in &line.runs {
        let advance = style.milli_em(run.advance);
        marks.push(Mark::Text { x, y, run: run.clone(), style });
        x += advance;
    }
}

fn moved(marks: &[Mark], down: Um) -> impl Iterator<Item = Mark> {
    marks.iter().cloned().map(move |mark| shifted(mark, 0, down))
}

fn shifted(mark: Mark, right: Um, down: Um) -> Mark {
    match mark {
        Mark::Text { x, y, run, style } => Mark::Text { x: x + right, y: y + down, run, style },
        Mark::Path { points, thickness, ink } => {
            let points = points.into_iter().map(|(x, y)| (x + right, y + down)).collect();
            Mark::Path { points, thickness, ink }
        }
        Mark::Ground { x, y, width, height, ink } => {
            Mark::Ground { x: x + right, y: y + down, width, height, ink }
        }
    }
}
