//! Blocks to pages: where every mark of a sheet stands, before any device.
//!
//! Owns: [`Page`], [`Mark`], [`lay`]; the house's typography (papers, sizes, rules, margins).
//!
//! A sheet becomes a column of strips. A strip is never split; a strip glued to the next is never
//! parted from it while both fit on one page. Table heads are strips too, and are repeated when a
//! page breaks inside their table. A sentence is as many strips as it may be parted into.
//!
//! Always: rows whole, a heading with what it heads, a total with its last line, the same head,
//! warning and foot on every page; a copy differs from another by its name alone, which has room of
//! its own. Never: text cut off, or shrunk beyond reading; what does not fit is an error.
//! Limits: one column of strips; a row, a field or a box taller than a page is refused.

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

/// What stays clear between the edge of a sheet and anything printed: no printer reaches farther.
const EDGE: Um = 3_000;
/// How far the QR stands above the first line.
const RAISED: Um = 1_500;
/// The farthest a type area is moved downwards, in tenths of a millimetre.
const DOWN_MOST: Um = 300;

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
/// The same on a short sheet.
const SHORT_TITLE: Style = Style::of(140).bold();
const SHORT_WARNING: Style = Style::of(120).bold();

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
    /// What of it can never be printed on.
    edge: Um,
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
            edge: EDGE,
            top,
            bottom,
            code,
        };
        match paper {
            Paper::A4 => sheet(210_000, 297_000, 16_000, 13_000, 9_000, 17_000),
            Paper::A4Landscape => sheet(297_000, 210_000, 16_000, 13_000, 9_000, 17_000),
            Paper::Half => sheet(210_000, 148_500, 14_000, 9_000, 6_000, 15_000),
            // The holes take half an inch on either side, and are torn off.
            Paper::Triplicate => {
                Frame { edge: 13_000, ..sheet(241_000, 139_700, 18_000, 8_000, 5_000, 15_000) }
            }
            Paper::Ticket => Frame {
                width: 80_000,
                height: None,
                margin: 4_000,
                edge: EDGE,
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

    /// Whether a page holds so little that what is clear is made smaller before a second one is
    /// begun: each copy of a receipt is one sheet of a form.
    const fn is_short(&self) -> bool {
        matches!(self.height, Some(height) if height < 150_000)
    }

    /// What a cell and a field keep clear above and below.
    const fn padding(&self) -> Um {
        if self.is_short() { 600 } else { 850 }
    }
}

/// How far a type area may be moved, in tenths of a millimetre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leeway {
    /// To the left and to the right.
    pub sideways: i32,
    /// Upwards.
    pub up: i32,
    /// Downwards: the body ends earlier, its foot stays where it is.
    pub down: i32,
}

/// How far what stands on a paper may be moved before some of it comes too near an edge.
pub(crate) fn leeway(paper: Paper) -> Leeway {
    let frame = Frame::of(paper);
    let raised = if frame.is_narrow() { 0 } else { RAISED };
    Leeway {
        sideways: (frame.margin - frame.edge) / 100,
        up: (frame.top - raised - EDGE) / 100,
        down: DOWN_MOST,
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
    let names = setter.names(&sheet.copies)?;
    let later = setter.later_head(sheet, &names)?;
    let first = setter.first_head(sheet, modules, &names)?;
    let (right, down) = (Um::from(sheet.shift.0) * 100, Um::from(sheet.shift.1) * 100);
    // What is moved down ends where it would have ended: the foot does not leave the sheet.
    let lost = down.max(0);
    let ends = |height: Um| height - frame.bottom - foot_tall - frame.top - lost;
    let body = frame.height.map_or(ENDLESS, ends);
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
    let height = frame.height.unwrap_or(frame.top + end + foot_tall + frame.bottom + lost);
    let origin = (frame.margin + right, frame.top + down);
    let page = |name: &[Line], place: usize, draft: Vec<Mark>| {
        let head = if place == 0 { &first } else { &later };
        let mut marks = Vec::with_capacity(head.marks.len() + draft.len() + 8);
        let mut y = 0;
        for line in name {
            put(&mut marks, line, COPY, (0, y), Side::Left, line.width);
            y += leading(COPY);
        }
        marks.extend(head.marks.iter().cloned());
        marks.extend(draft);
        moved(foot(place + 1, many)?.marks, foot_at, &mut marks);
        Ok(Page { width: frame.width, height, origin, marks })
    };
    if names.each.is_empty() {
        let pages = drafts.into_iter().enumerate();
        return pages.map(|(place, draft)| page(&[], place, draft)).collect();
    }
    let mut pages = Vec::with_capacity(many * names.each.len());
    for name in &names.each {
        for (place, draft) in drafts.iter().enumerate() {
            pages.push(page(name, place, draft.clone())?);
        }
    }
    Ok(pages)
}

/// The names of the copies, at the head of every page of theirs.
#[derive(Default)]
struct Names {
    /// The lines of each; nothing if it is made out once.
    each: Vec<Vec<Line>>,
    /// How wide the widest is.
    width: Um,
    /// How tall the tallest is: all have the same room.
    height: Um,
}

impl Names {
    /// What they take of a page where they stand above its head.
    const fn above(&self) -> Um {
        if self.height > 0 { self.height + 400 } else { 0 }
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
    /// Only says what follows: stands last on a page where there is no choice.
    leads: bool,
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
    /// How many there were when the last sentence ended: what it leads to stays with it.
    told: Option<usize>,
}

impl Strips<'_> {
    /// What comes next stays with what came last.
    fn glue(&mut self) {
        if let Some(last) = self.strips.last_mut() {
            last.glued = true;
        }
    }

    /// Adds the pieces of a text, with space above the first and below the last.
    fn prose(&mut self, mut pieces: Vec<Strip>, gap: Um, below: Um) {
        if let Some(first) = pieces.first_mut() {
            first.gap = gap;
        }
        if let Some(last) = pieces.last_mut() {
            last.height += below;
        }
        self.strips.append(&mut pieces);
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
                end = at + self.fitting(&strips[at..end]);
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

    /// How many strips of a chain that is taller than a page stand on this one: as many as have
    /// room, and no heading last if anything fits under it. One at least.
    fn fitting(&self, chain: &[Strip]) -> usize {
        let ends = |many: &usize| !chain[*many - 1].leads && !self.is_over(&chain[..*many]);
        (1..chain.len()).rev().find(ends).unwrap_or(1)
    }

    /// Whether these strips need more than what is left of the page.
    fn is_over(&self, chain: &[Strip]) -> bool {
        let lines = chain.iter().rev().find_map(|strip| match strip.part {
            Part::Row(table, _) => Some(table),
            Part::None | Part::Head(_) | Part::Total(_) => None,
        });
        let reserve = lines.map_or(0, |table| self.tables[table].reserve);
        // The page total that is still to be drawn above what ends its table.
        let goes_on = matches!(chain.first().map(|strip| strip.part), Some(Part::Row(..)));
        let pending = self.run_over().filter(|_| !goes_on);
        let pending = pending.map_or(0, |table| self.tables[table].reserve);
        let dropped = chain.first().filter(|_| self.is_fresh).map_or(0, |strip| strip.gap);
        let needed: Um = chain.iter().map(|strip| strip.gap + strip.height).sum();
        self.y + needed - dropped + reserve + pending > self.bottom
    }

    /// The table whose rows stand on this page without their total, and on pages before.
    fn run_over(&self) -> Option<usize> {
        let open = self.open.as_ref().map(|(table, _)| *table);
        open.filter(|table| self.has_run_over[*table])
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
        } else if self.run_over().is_some() {
            // Its last row had room for it.
            self.total_page()?;
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
        } else if self.run_over().is_some() {
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
                (strip.gap, strip.glued, strip.leads) = (4_000, true, true);
                strip.height += 1_000;
                column.strips.push(strip);
            }
            Block::Text(text) => {
                column.prose(self.prose(text, BODY, 0)?, 1_500, 600);
                column.told = Some(column.strips.len());
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
                    let gap = if place == 0 { 1_200 } else { 0 };
                    column.prose(self.note(place + 1, note)?, gap, 400);
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

    /// The lines of a text over the whole width, from `indent` on.
    fn broken(&self, text: &str, style: Style, indent: Um) -> Result<Vec<Line>> {
        let measure = self.width - indent;
        let lines = line::wrap(self.fount, text, style, measure)?;
        // One or two characters alone on the last line: make room for company.
        if lines.len() > 1 && lines.last().is_some_and(|last| last.width * 2 < style.em() * 5) {
            let narrower = line::wrap(self.fount, text, style, measure - style.em() * 2)?;
            if narrower.len() == lines.len() {
                return Ok(narrower);
            }
        }
        Ok(lines)
    }

    /// A text that is not parted.
    fn paragraph(&self, text: &str, style: Style, indent: Um) -> Result<Strip> {
        Ok(stacked(&self.broken(text, style, indent)?, style, indent))
    }

    /// A text that may be parted between its lines, but for the first two and the last two.
    fn prose(&self, text: &str, style: Style, indent: Um) -> Result<Vec<Strip>> {
        let lines = self.broken(text, style, indent)?;
        let piece = |lines: &[Line]| stacked(lines, style, indent);
        let Some(last) = lines.len().checked_sub(2).filter(|last| *last >= 2) else {
            return Ok(vec![piece(&lines)]);
        };
        let mut pieces = Vec::with_capacity(last);
        pieces.push(piece(&lines[..2]));
        pieces.extend(lines[2..last].chunks(1).map(piece));
        pieces.push(piece(&lines[last..]));
        Ok(pieces)
    }

    /// The names of the copies, set.
    fn names(&self, copies: &Copies) -> Result<Names> {
        let Copies::Each(names) = copies else { return Ok(Names::default()) };
        let mut set = Names::default();
        // The corner is the QR's.
        let corner = if self.frame.is_narrow() { 0 } else { self.frame.code + 2_000 };
        for (number, name) in names.iter().enumerate() {
            let name = format!("第{}联　{name}", numeral(number + 1));
            let lines = line::wrap(self.fount, &name, COPY, self.width - corner)?;
            let widest = lines.iter().map(|line| line.width).max().unwrap_or(0);
            set.width = set.width.max(widest);
            set.height = set.height.max(leading(COPY) * count(lines.len()));
            set.each.push(lines);
        }
        Ok(set)
    }

    /// The head of the first page: who, what, which, the QR, and the warning. The names of copies
    /// stand beside it, or above it where there is no room for them.
    fn first_head(&self, sheet: &Sheet, modules: Option<Modules>, names: &Names) -> Result<Strip> {
        let mut marks = Vec::new();
        let (is_narrow, is_short) = (self.frame.is_narrow(), self.frame.is_short());
        let is_aside = !is_narrow && names.width <= self.width / 4 && names.height <= leading(COPY);
        let top = if is_aside { 0 } else { names.above() };
        let mut y = top;
        let modules = modules.filter(|_| !is_narrow);
        let mut beside = if modules.is_some() { self.frame.code + 2_000 } else { 0 };
        if is_aside && names.width > 0 {
            beside = beside.max(names.width + 2_000);
        }
        let measure = self.width - 2 * beside;
        let title = if is_narrow {
            HEADING
        } else if is_short {
            SHORT_TITLE
        } else {
            TITLE
        };
        let (after_issuer, after_title) = if is_short { (400, 1_000) } else { (600, 2_000) };
        for (text, style, after) in
            [(&sheet.issuer, ISSUER, after_issuer), (&sheet.title, title, after_title)]
        {
            for line in line::wrap(self.fount, text, style, measure)? {
                put(&mut marks, &line, style, (beside, y), Side::Centre, measure);
                y += leading(style);
            }
            y += after;
        }
        if let Some(modules) = modules {
            let size = self.frame.code;
            marks.push(Mark::Code { x: self.width - size, y: top - RAISED, size, modules });
            // What is spread over the whole width stands below it.
            y = y.max(top + if is_short { size - RAISED } else { size });
        }

        let running = self.spread(&sheet.running, RUNNING)?;
        moved(running.marks, y, &mut marks);
        y += running.height + 900;
        marks.push(rule(0, y, self.width, HEAVY, Ink::Black));
        self.warning(sheet, y + if is_short { 1_200 } else { 2_000 }, marks)
    }

    /// The head of the pages after the first: the same in small, under the names of copies.
    fn later_head(&self, sheet: &Sheet, names: &Names) -> Result<Strip> {
        let who = self.spread(&[sheet.issuer.clone(), sheet.title.clone()], RUNNING)?;
        let running = self.spread(&sheet.running, RUNNING)?;
        let mut marks = Vec::new();
        let mut y = names.above();
        moved(who.marks, y, &mut marks);
        y += who.height;
        moved(running.marks, y, &mut marks);
        y += running.height + 900;
        marks.push(rule(0, y, self.width, THIN, Ink::Black));
        self.warning(sheet, y + 1_500, marks)
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
        let is_short = self.frame.is_short();
        let style = if is_short { SHORT_WARNING } else { WARNING };
        let (around, after) = if is_short { (1_200, 1_200) } else { (2_400, 2_500) };
        let word = line::set(self.fount, &warning.word, style)?;
        let gap = if self.frame.is_narrow() { 2_000 } else { 5_000 };
        let measure = self.width - word.width - 2 * gap - 2_000;
        let lines = line::wrap(self.fount, &warning.meaning, NOTE, measure.max(NOTE.em() * 8))?;
        let widest = lines.iter().map(|line| line.width).max().unwrap_or(0);
        let tall = leading(NOTE) * count(lines.len());
        let height = tall.max(leading(style)) + around;
        let x = ((self.width - word.width - gap - widest) / 2).max(0);

        marks.push(Mark::Ground { x: 0, y, width: self.width, height, ink: Ink::Pale });
        marks.push(rule(0, y, self.width, THIN, Ink::Black));
        marks.push(rule(0, y + height, self.width, THIN, Ink::Black));
        let top = y + (height - leading(style)) / 2;
        put(&mut marks, &word, style, (x, top), Side::Left, word.width);
        let mut top = y + (height - tall) / 2;
        for line in &lines {
            put(&mut marks, line, NOTE, (x + word.width + gap, top), Side::Left, line.width);
            top += leading(NOTE);
        }
        Ok(Strip { height: y + height + after, marks, ..Strip::default() })
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

/// Lines one under another, from `indent` on.
fn stacked(lines: &[Line], style: Style, indent: Um) -> Strip {
    let mut marks = Vec::new();
    let mut y = 0;
    for line in lines {
        put(&mut marks, line, style, (indent, y), Side::Left, line.width);
        y += leading(style);
    }
    Strip { height: y, marks, ..Strip::default() }
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
