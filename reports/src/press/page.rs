//! Blocks to pages: where every mark of a sheet stands, before any device.
//!
//! Owns: [`Page`], [`Mark`], [`lay`]; the house's typography (papers, sizes, rules, margins).
//!
//! A sheet becomes a column of strips. A strip is never split; a strip glued to the next is never
//! parted from it while both fit on one page. Table heads are strips too, and are repeated when a
//! page breaks inside their table.
//!
//! Always: rows whole, a heading with what it heads, a total with its last line, the same head,
//! warning and foot on every page; a copy differs from another by its name alone. Never: text cut
//! off, or shrunk beyond reading; what does not fit is an error.
//! Limits: one column of strips.

use std::ops::Range;

use super::code::Modules;
use super::line::{self, Fount, Ink, Line, Run, Style, Um};
use crate::sheet::{Block, Cell, Copies, Paper, Row, Sheet, Side};
use crate::{Error, Result};

mod chart;
mod part;
mod table;
#[cfg(test)]
mod tests;

use table::Laid;

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
const BODY: Style = Style::of(95);
const COPY: Style = Style::of(80).bold();

/// A page: marks in reading order, counted from `origin`, which is counted from the upper left corner.
#[derive(Debug)]
pub(super) struct Page {
    /// How wide the paper is.
    pub width: Um,
    /// How tall the paper is.
    pub height: Um,
    /// Where its type area begins.
    pub origin: (Um, Um),
    /// What is drawn.
    pub marks: Vec<Mark>,
}

/// A paper, measured.
#[derive(Clone, Copy)]
struct Frame {
    width: Um,
    /// None for a roll: as long as what stands on it.
    height: Option<Um>,
    /// What stays clear on the left and on the right.
    margin: Um,
    top: Um,
    bottom: Um,
    /// The side of the QR.
    code: Um,
}

impl Frame {
    fn of(paper: Paper) -> Frame {
        let sheet = |width, height, margin, top, bottom, code| Frame {
            width,
            height: Some(height),
            margin,
            top,
            bottom,
            code,
        };
        match paper {
            Paper::A4 => sheet(210_000, 297_000, 16_000, 13_000, 9_000, 17_000),
            Paper::A4Landscape => sheet(297_000, 210_000, 16_000, 13_000, 9_000, 17_000),
            Paper::Half => sheet(210_000, 148_500, 14_000, 9_000, 6_000, 15_000),
            // The holes take half an inch on either side.
            Paper::Triplicate => sheet(241_000, 139_700, 18_000, 8_000, 5_000, 15_000),
            Paper::Ticket => Frame {
                width: 80_000,
                height: None,
                margin: 4_000,
                top: 4_000,
                bottom: 6_000,
                code: 26_000,
            },
        }
    }

    /// Whether there is room for one thing abreast only.
    const fn is_narrow(&self) -> bool {
        self.width < 120_000
    }
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
    /// A QR, so large.
    Code { x: Um, y: Um, size: Um, modules: Modules },
}

/// Lays a sheet out on pages, copy after copy.
pub(super) fn lay(fount: &dyn Fount, sheet: &Sheet) -> Result<Vec<Page>> {
    let frame = Frame::of(sheet.paper);
    let setter = Setter { fount, width: frame.width - 2 * frame.margin, frame };
    let foot = |page: usize, pages: usize| setter.foot(sheet, page, pages);
    let foot_tall = foot(99, 99)?.height;

    let mut column = Strips::default();
    for block in &sheet.blocks {
        setter.block(block, &mut column)?;
    }
    let modules = sheet.proof.as_ref().map(|proof| Modules::of(&proof.ticket())).transpose()?;
    if let Some(modules) = modules.as_ref().filter(|_| frame.is_narrow()) {
        column.strips.push(setter.code(modules));
    }
    let later = setter.later_head(sheet)?;
    let first = setter.first_head(sheet, modules)?;
    let body = frame.height.map_or(ENDLESS, |height| height - frame.bottom - foot_tall - frame.top);
    let mut flow = Flow {
        setter: &setter,
        tables: &column.tables,
        top: later.height,
        bottom: body,
        pages: vec![Vec::new()],
        y: first.height,
        is_fresh: true,
        open: None,
        has_run_over: vec![false; column.tables.len()],
    };
    flow.pour(column.strips, &sheet.title)?;

    let (end, drafts) = (flow.y, flow.pages);
    let many = drafts.len();
    let foot_at = if frame.height.is_some() { body } else { end };
    let height = frame.height.unwrap_or(frame.top + end + foot_tall + frame.bottom);
    let (right, down) = (Um::from(sheet.shift.0) * 100, Um::from(sheet.shift.1) * 100);
    let origin = (frame.margin + right, frame.top + down);
    let page = |name: Option<&str>, place: usize, draft: Vec<Mark>| {
        let head = if place == 0 { &first } else { &later };
        let mut marks = Vec::with_capacity(head.marks.len() + draft.len() + 8);
        if let Some(name) = name {
            let line = line::set(fount, name, COPY)?;
            put(&mut marks, &line, COPY, (0, 0), Side::Left, line.width);
        }
        marks.extend(head.marks.iter().cloned());
        marks.extend(draft);
        moved(foot(place + 1, many)?.marks, foot_at, &mut marks);
        Ok(Page { width: frame.width, height, origin, marks })
    };
    match &sheet.copies {
        Copies::One | Copies::Alike(_) => {
            let pages = drafts.into_iter().enumerate();
            pages.map(|(place, draft)| page(None, place, draft)).collect()
        }
        Copies::Each(names) => {
            let mut pages = Vec::with_capacity(many * names.len());
            for (number, name) in names.iter().enumerate() {
                let name = format!("第{}联　{name}", numeral(number + 1));
                for (place, draft) in drafts.iter().enumerate() {
                    pages.push(page(Some(&name), place, draft.clone())?);
                }
            }
            Ok(pages)
        }
    }
}

/// The foot of a roll's body: farther than anything reaches.
const ENDLESS: Um = 1_000_000_000;

/// 一, 二, 三; a figure from ten on.
fn numeral(number: usize) -> String {
    let word = "一二三四五六七八九".chars().nth(number.wrapping_sub(1));
    word.map_or_else(|| number.to_string(), String::from)
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
    /// Begins a page.
    turns: bool,
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
    /// How many strips there were when the last table ended.
    ended: Option<usize>,
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
    frame: Frame,
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
    fn pour(&mut self, mut strips: Vec<Strip>, title: &str) -> Result<()> {
        let mut at = 0;
        while at < strips.len() {
            if strips[at].turns && !self.is_fresh {
                self.turn(Part::None)?;
            }
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
            for strip in &mut strips[at..end] {
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
            let (height, marks) = self.tables[table].head.clone();
            self.draw(marks, height);
        }
        Ok(())
    }

    fn place(&mut self, strip: &mut Strip) -> Result<()> {
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
        self.draw(std::mem::take(&mut strip.marks), strip.height);
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
            self.draw(marks, height);
        }
        Ok(())
    }

    fn draw(&mut self, marks: Vec<Mark>, height: Um) {
        let y = self.y;
        moved(marks, y, self.page());
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
            Block::Text(text) => {
                let mut strip = self.paragraph(text, BODY, 0)?;
                (strip.gap, strip.height) = (1_500, strip.height + 600);
                column.strips.push(strip);
            }
            Block::Fields { across, fields } => {
                let across = if self.frame.is_narrow() { 1 } else { *across };
                self.fields(across, fields, column)?;
            }
            Block::Table(table) => self.table(table, column)?,
            Block::Sum(sum) => {
                column.glue();
                column.strips.push(self.sum(sum)?);
            }
            Block::Chart(chart) if chart.is_empty() => {}
            Block::Chart(chart) => column.strips.push(self.chart(chart)?),
            Block::Notes(notes) => {
                for (place, note) in notes.iter().enumerate() {
                    let strip = self.note(place + 1, note)?;
                    let gap = if place == 0 { 1_200 } else { 0 };
                    column.strips.push(Strip { gap, ..strip });
                }
            }
            Block::Signatures(names) => {
                column.glue();
                column.strips.push(self.signatures(names)?);
            }
            Block::Opinions(opinions) => self.opinions(opinions, column)?,
            Block::Cut(name) => column.strips.push(self.cut(name)?),
            Block::Break => column.strips.push(Strip { turns: true, ..Strip::default() }),
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

    /// The head of the first page: who, what, which, the QR, and the warning.
    fn first_head(&self, sheet: &Sheet, modules: Option<Modules>) -> Result<Strip> {
        let mut marks = Vec::new();
        let mut y = 0;
        let modules = modules.filter(|_| !self.frame.is_narrow());
        let beside = if modules.is_some() { self.frame.code + 2_000 } else { 0 };
        let measure = self.width - 2 * beside;
        let narrow = self.frame.is_narrow();
        let title = if narrow { HEADING } else { TITLE };
        for (text, style, after) in [(&sheet.issuer, ISSUER, 600), (&sheet.title, title, 2_000)] {
            for line in line::wrap(self.fount, text, style, measure)? {
                put(&mut marks, &line, style, (beside, y), Side::Centre, measure);
                y += leading(style);
            }
            y += after;
        }
        if let Some(modules) = modules {
            let size = self.frame.code;
            marks.push(Mark::Code { x: self.width - size, y: -1_500, size, modules });
            // What is spread over the whole width stands below it.
            y = y.max(size);
        }

        let running = self.spread(&sheet.running, RUNNING)?;
        moved(running.marks, y, &mut marks);
        y += running.height + 900;
        marks.push(rule(0, y, self.width, HEAVY, Ink::Black));
        self.warning(sheet, y + 2_000, marks)
    }

    /// The head of the pages after the first: the same in small.
    fn later_head(&self, sheet: &Sheet) -> Result<Strip> {
        let mut head = self.spread(&[sheet.issuer.clone(), sheet.title.clone()], RUNNING)?;
        let running = self.spread(&sheet.running, RUNNING)?;
        moved(running.marks, head.height, &mut head.marks);
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
        let gap = if self.frame.is_narrow() { 2_000 } else { 5_000 };
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

    /// The foot of a page, from the lower edge of the body: when, the check code, which page; and what
    /// the sheet rests on.
    fn foot(&self, sheet: &Sheet, page: usize, pages: usize) -> Result<Strip> {
        let texts = [
            format!("打印时间 {}", sheet.printed_at.for_people()),
            format!("校验码 {}", sheet.check),
            format!("页 {page}/{pages}"),
        ];
        let line = self.spread(&texts, SMALL)?;
        let mut marks = vec![rule(0, 2_000, self.width, HAIR, Ink::Grey)];
        let mut y = 2_800 + line.height;
        moved(line.marks, 2_800, &mut marks);
        let rests = super::rests_on(sheet);
        if !rests.is_empty() {
            let line = self.paragraph(&rests, SMALL, 0)?;
            moved(line.marks, y, &mut marks);
            y += line.height;
        }
        Ok(Strip { height: y, marks, ..Strip::default() })
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

/// Puts marks on a page, so far down.
fn moved(marks: Vec<Mark>, down: Um, page: &mut Vec<Mark>) {
    page.extend(marks.into_iter().map(|mark| lowered(mark, down)));
}

fn lowered(mut mark: Mark, down: Um) -> Mark {
    match &mut mark {
        Mark::Text { y, .. } | Mark::Ground { y, .. } | Mark::Code { y, .. } => *y += down,
        Mark::Path { points, .. } => points.iter_mut().for_each(|(_, y)| *y += down),
    }
    mark
}
