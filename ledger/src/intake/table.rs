//! From the rows of a file to the lines of a table: header, totals, trailers, rejects.
//!
//! Owns: [`read`], [`Table`], [`Line`], [`Preamble`].
//!
//! Always: a row is read whole or rejected whole, with every fault in it; every total in the file is the
//! sum of some stretch of rows that ends above it. Never: a raw row kept that was not rejected.

mod header;

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::container::{self, Container};
use super::layout::{self, Brackets, Column, Layout, Nature, Total, plain_name};
use super::sheet::{self, Cell, Flow, Row};
use super::value::{self, Moment, Span, Value};
use super::{
    Address, CELL_TOO_LONG, EMPTY_FILE, File, HEADER_WITHIN, MAX_CELL_CHARS, MAX_ROWS, NO_ROWS,
    Places, RAGGED_ROW, Reading, Reject, RejectedRow, SEVERAL_TABLES, SHORT_ROW, Skipped,
    TOO_MANY_ROWS, TOTALS_DISAGREE, VALUE_MISSING,
};
use crate::calendar::Day;
use crate::error::{Refusal, Rule};
use crate::measure::Area;
use crate::money::Money;
use header::{Header, Search};

/// A file read against a layout.
pub(super) struct Table<T> {
    pub(super) reading: Reading<T>,
    pub(super) preamble: Preamble,
    /// The trailers' cells, row by row: what the file says of itself after its rows.
    pub(super) trailers: Vec<Vec<String>>,
}

/// How many trailers are remembered; a file has a few.
const TRAILERS_MOST: usize = 64;

/// What stood above the header.
#[derive(Clone, Debug, Default)]
pub(super) struct Preamble {
    values: BTreeMap<String, String>,
    /// The title without its `房产清册`.
    pub(super) title: Option<String>,
    lines: Vec<Vec<String>>,
}

impl Preamble {
    /// What stands beside a label, by the label's key in `aliases.toml`.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// Every filled cell, line by line.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().flatten().map(String::as_str)
    }

    /// An amount beside a label.
    pub(super) fn money(&self, key: &str) -> Option<Money> {
        value::money(&Cell::Text(self.value(key)?.into())).ok()?
    }
}

/// One row while it is being read. It collects its own faults.
pub(super) struct Line<'r> {
    row: &'r Row,
    header: &'r Header,
    sheet: &'r Arc<str>,
    from_1904: bool,
    /// What stood above the header.
    pub(super) preamble: &'r Preamble,
    faults: Vec<Fault>,
}

struct Fault {
    place: usize,
    rule: &'static Rule,
    detail: String,
}

/// Reads a file's rows one after another. `take` gives `None` for a row that says nothing; a row with a
/// fault is rejected whatever it gives.
///
/// # Errors
/// Any refusal of a file; see [`super::RULES`].
pub(super) fn read<T>(
    file: File<'_>,
    layout: &'static Layout,
    take: &mut dyn FnMut(&mut Line<'_>) -> Option<T>,
) -> Result<Table<T>, Refusal> {
    let unpacked = container::unpack(file)?;
    let mut container = container::open(&unpacked.bytes)?;
    let mut work = Work {
        file: file.name.into(),
        layout,
        from_1904: container.counts_from_1904(),
        trailing: 0,
        reading: empty_reading(file, &container),
        preamble: Preamble::default(),
        header: None,
        take,
        rows: 0,
        sums: Vec::new(),
        saw_a_cell: false,
        near: header::Near::default(),
        trailers: Vec::new(),
        figures_follow: false,
    };
    let own = without_folder(&unpacked.name);
    if let Container::Text(text, _) = &container {
        let delimiter = header::delimiter(text, layout);
        work.trailing = header::trailing_field(text, delimiter, layout);
        work.sheet(own, &mut |visit| sheet::walk_text(text, delimiter, visit))?;
    } else {
        work.note_unread(&container);
        for listed in container.sheets().into_iter().filter(|listed| listed.is_read) {
            let name = if listed.name.is_empty() { own } else { &listed.name };
            work.sheet(name, &mut |visit| sheet::walk(&mut container, &listed.name, visit))?;
        }
    }
    work.finish()
}

fn empty_reading<T>(file: File<'_>, container: &Container<'_>) -> Reading<T> {
    Reading {
        file: file.name.into(),
        sha256: hex(&Sha256::digest(file.bytes)),
        encoding: container.encoding(),
        sheet: String::new(),
        header_row: 0,
        headers: Vec::new(),
        places: Places::default(),
        rows: Vec::new(),
        rejects: Vec::new(),
        rejected: Vec::new(),
        skipped: Skipped::default(),
        notes: Vec::new(),
    }
}

/// The file's own name, which stands for the sheet where there are none.
fn without_folder(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// A walk over one sheet, to be given a visitor.
type Walk<'w> = dyn FnMut(&mut sheet::Visit<'_>) -> Result<(), Refusal> + 'w;

/// The whole file while it is being read.
struct Work<'w, T> {
    file: Arc<str>,
    layout: &'static Layout,
    from_1904: bool,
    /// One more blank field than the header has, in every row of a text.
    trailing: usize,
    reading: Reading<T>,
    preamble: Preamble,
    header: Option<Header>,
    take: &'w mut dyn FnMut(&mut Line<'_>) -> Option<T>,
    rows: usize,
    /// Over all sheets: a total may be of its sheet or of the file.
    sums: Vec<Sum>,
    saw_a_cell: bool,
    near: header::Near,
    trailers: Vec<Vec<String>>,
    /// The row above named figures of the whole file.
    figures_follow: bool,
}

impl<T> Work<'_, T> {
    fn note_unread(&mut self, container: &Container<'_>) {
        let hidden: Vec<String> =
            container.sheets().into_iter().filter(|s| !s.is_read).map(|s| s.name).collect();
        if !hidden.is_empty() {
            let names = hidden.join("、");
            self.reading.notes.push(format!("隐藏的工作表或图表未读：{names}"));
        }
        if self.from_1904 {
            self.reading.notes.push("工作簿使用 1904 日期系统，已按此换算".into());
        }
    }

    fn sheet(&mut self, name: &str, walk: &mut Walk<'_>) -> Result<(), Refusal> {
        let sheet: Arc<str> = name.into();
        let mut search = Search::new(self.layout, &sheet);
        let mut body: Option<Body> = None;
        walk(&mut |row| {
            self.saw_a_cell |= !row.is_blank();
            if let Some(body) = &mut body {
                self.line(body, row)?;
                return Ok(Flow::On);
            }
            let is_beyond = row.number > HEADER_WITHIN;
            if let Some(found) = search.offer(row)? {
                let mut begun = self.begin(&sheet, &mut search, found.header)?;
                if let Some(row) = found.below {
                    self.line(&mut begun, row)?;
                }
                body = Some(begun);
            } else if is_beyond {
                return Ok(Flow::Enough);
            }
            Ok(Flow::On)
        })?;
        if body.is_none()
            && let Some(header) = search.last()?
        {
            body = Some(self.begin(&sheet, &mut search, header)?);
        }
        if body.is_none() {
            self.near.or(search.into_near());
        }
        Ok(())
    }

    fn begin(
        &mut self,
        sheet: &Arc<str>,
        search: &mut Search,
        header: Header,
    ) -> Result<Body, Refusal> {
        let preamble = Preamble::of(search.earlier(), self.layout);
        match &self.header {
            None => {
                self.reading.sheet = sheet.to_string();
                self.reading.header_row = header.row;
                self.reading.headers.clone_from(&header.names);
                self.reading.places = Places(header.columns.clone());
                self.compare_kinds(sheet, &header)?;
                self.note_unknown(&header);
                self.preamble = preamble;
                let summed = header.columns.iter().filter(|(c, _)| c.adds_up(self.layout));
                self.sums = summed.map(|(column, place)| Sum::new(column, place)).collect();
            }
            Some(first) if first.says_the_same(&header) => {
                self.reading.notes.push(format!("工作表“{sheet}”的表头相同，已接着读入"));
                self.sums.iter_mut().for_each(Sum::stop);
            }
            Some(_) => {
                let first = &self.reading.sheet;
                return Err(SEVERAL_TABLES.refuse(format!("“{first}”与“{sheet}”都像是要导入的表")));
            }
        }
        self.header = Some(header.clone());
        Ok(Body { last: header.row, sheet: Arc::clone(sheet), header })
    }

    /// A header may suffice for what was asked and still be another file's.
    fn compare_kinds(&mut self, sheet: &str, header: &Header) -> Result<(), Refusal> {
        let Some(kin) = self.layout.rather(&header.names) else { return Ok(()) };
        if kin.is_certain {
            return Err(kin.refuse(sheet, header.row, &header.names));
        }
        let (called, advice) = (kin.called, kin.advice);
        self.reading.notes.push(format!("表头也像{called}；若是，{advice}"));
        Ok(())
    }

    fn note_unknown(&mut self, header: &Header) {
        let known: Vec<usize> = header.columns.iter().map(|(_, place)| place).collect();
        let unknown: Vec<&str> = header
            .names
            .iter()
            .enumerate()
            .filter(|(place, name)| !known.contains(place) && !name.is_empty())
            .map(|(_, name)| name.as_str())
            .filter(|name| !super::rejects::EXTRA.contains(name))
            .take(40)
            .collect();
        if !unknown.is_empty() {
            self.reading.notes.push(format!("未用到的列：{}", unknown.join("、")));
        }
    }

    /// One row below the header.
    fn line(&mut self, body: &mut Body, row: Row) -> Result<(), Refusal> {
        let gap = row.number.saturating_sub(body.last + 1) as usize;
        body.last = row.number;
        self.reading.skipped.empty += gap;
        let Some(kind) = self.kind(body, &row)? else {
            return self.read_row(body, &row);
        };
        if matches!(kind, Pass::Trailer) && self.trailers.len() < TRAILERS_MOST {
            let cells = row.cells.iter().map(|cell| value::trim(cell.shown()).to_owned());
            self.trailers.push(cells.collect());
        }
        let skipped = &mut self.reading.skipped;
        *match kind {
            Pass::Empty => &mut skipped.empty,
            Pass::Total => &mut skipped.totals,
            Pass::RepeatedHeader => &mut skipped.repeated_headers,
            Pass::Trailer => &mut skipped.trailers,
        } += 1;
        Ok(())
    }

    /// Why a row is passed over; a total is compared on the way.
    fn kind(&mut self, body: &Body, row: &Row) -> Result<Option<Pass>, Refusal> {
        let width = body.header.names.len();
        let mut filled = row.cells.iter().take(width).filter(|cell| !cell.is_blank());
        let (first, second) = (filled.next(), filled.next());
        let Some(first) = first.map(|cell| value::trim(cell.shown())) else {
            return Ok(Some(Pass::Empty));
        };
        if std::mem::take(&mut self.figures_follow) {
            return Ok(Some(Pass::Trailer));
        }
        if layout::is_figure_head(first) {
            self.figures_follow = true;
            return Ok(Some(Pass::Trailer));
        }
        if body.header.repeats(row) || self.preamble.repeats(row) {
            return Ok(Some(Pass::RepeatedHeader));
        }
        let second = second.map_or("", |cell| value::trim(cell.shown()));
        let is_trailer = layout::is_trailer(first);
        let total = layout::total(first, second);
        let is_row = || body.header.is_filled_like_a_row(row);
        if total == Total::Said || (total == Total::Likely && !is_row()) {
            self.compare(body, row)?;
            return Ok(Some(if is_trailer { Pass::Trailer } else { Pass::Total }));
        }
        if is_trailer && !is_row() {
            return Ok(Some(Pass::Trailer));
        }
        if body.header.columns.iter().all(|(_, place)| row.cell(place).is_blank()) {
            return Ok(Some(Pass::Empty));
        }
        Ok(None)
    }

    /// Compares a total row with the rows above it.
    fn compare(&mut self, body: &Body, row: &Row) -> Result<(), Refusal> {
        for sum in &mut self.sums {
            let cell = body.address(row, sum.place);
            match sum.read(row) {
                Ok(None) => {}
                Ok(Some(total)) if !sum.is_unreadable && sum.accounts_for(total) => {}
                Ok(Some(total)) if !sum.is_unreadable => {
                    let (total, rows) = (sum.shown(total), sum.shown(sum.all));
                    return Err(TOTALS_DISAGREE
                        .refuse(format!("{cell} 写的合计是 {total}，以上各行之和是 {rows}"))
                        .with("cell", cell.to_string())
                        .with("written", total)
                        .with("summed", rows));
                }
                Ok(Some(_)) | Err(_) => {
                    self.reading.notes.push(format!("{cell} 的合计未能核对：该列有读不出的数"))
                }
            }
            sum.stop();
        }
        Ok(())
    }

    fn read_row(&mut self, body: &mut Body, row: &Row) -> Result<(), Refusal> {
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return Err(TOO_MANY_ROWS.refuse(format!("读到第 {} 行", row.number)));
        }
        let header = &body.header;
        let mut line = Line {
            row,
            header,
            sheet: &body.sheet,
            from_1904: self.from_1904,
            preamble: &self.preamble,
            faults: Vec::new(),
        };
        let width = header.width + self.trailing;
        if row.is_text && row.cells.len() > width {
            let detail = format!("表头 {} 列，本行 {} 列", header.width, row.cells.len());
            line.fault_at(width, &RAGGED_ROW, detail);
            self.sums.iter_mut().for_each(Sum::poison);
        } else if self.layout.is_exact && row.is_text && row.cells.len() < header.width {
            let detail = format!("表头 {} 列，本行 {} 列", header.width, row.cells.len());
            line.fault_at(row.cells.len().saturating_sub(1), &SHORT_ROW, detail);
            self.sums.iter_mut().for_each(Sum::poison);
        } else {
            let is_long = |cell: &Cell| cell.shown().chars().nth(MAX_CELL_CHARS).is_some();
            if let Some(place) = row.cells.iter().take(header.names.len()).position(is_long) {
                line.fault_at(place, &CELL_TOO_LONG, String::new());
            }
            self.sums.iter_mut().for_each(|sum| sum.add(row));
        }
        let taken = if line.faults.is_empty() { (self.take)(&mut line) } else { None };
        let mut faults = std::mem::take(&mut line.faults);
        faults.sort_by_key(|fault| fault.place);
        match taken {
            _ if !faults.is_empty() => self.reject(body, row, faults),
            Some(taken) => self.reading.rows.push(taken),
            None => self.reading.skipped.empty += 1,
        }
        Ok(())
    }

    fn reject(&mut self, body: &Body, row: &Row, faults: Vec<Fault>) {
        for fault in faults {
            let at = body.address(row, fault.place);
            let shown = header::shown(row.cell(fault.place), Nature::Text, self.from_1904);
            let detail = fault.detail;
            self.reading.rejects.push(Reject {
                file: Arc::clone(&self.file),
                sheet: Arc::clone(&body.sheet),
                cell: at.cell(),
                value: shown.chars().take(MAX_CELL_CHARS).collect(),
                code: fault.rule.code,
                rule: match detail.as_str() {
                    "" => fault.rule.rule.into(),
                    detail => format!("{}（{detail}）", fault.rule.rule).into(),
                },
                remedy: fault.rule.remedy,
                row: row.number as usize,
            });
        }
        self.reading.rejected.push(RejectedRow {
            sheet: Arc::clone(&body.sheet),
            row: row.number as usize,
            cells: body.header.shown(row, self.from_1904),
        });
    }

    fn finish(self) -> Result<Table<T>, Refusal> {
        let Work { reading, preamble, header, layout, saw_a_cell, near, trailers, .. } = self;
        if header.is_none() {
            if !saw_a_cell {
                return Err(EMPTY_FILE.refuse(match reading.notes.first() {
                    Some(note) => format!("可见的工作表里没有内容；{note}"),
                    None => "没有内容".into(),
                }));
            }
            return Err(near.refuse(layout));
        }
        if reading.rows.is_empty() && reading.rejects.is_empty() {
            let Skipped { empty, totals, .. } = reading.skipped;
            return Err(NO_ROWS.refuse(format!(
                "表头在“{}”第 {} 行，其下有合计 {totals} 行、空行 {empty} 行",
                reading.sheet, reading.header_row
            )));
        }
        Ok(Table { reading, preamble, trailers })
    }
}

/// Why a row is passed over.
enum Pass {
    Empty,
    Total,
    RepeatedHeader,
    Trailer,
}

/// One sheet below its header.
struct Body {
    sheet: Arc<str>,
    header: Header,
    last: u32,
}

impl Body {
    fn address(&self, row: &Row, place: usize) -> Address {
        Address {
            sheet: Arc::clone(&self.sheet),
            row: row.number,
            column: u16::try_from(place).unwrap_or(u16::MAX),
        }
    }
}

/// The running sum of a column, in fen or centi-m².
struct Sum {
    column: Column,
    place: usize,
    all: i64,
    /// What the sum was at each total row above: a subtotal may begin at any of them.
    stops: Vec<i64>,
    is_unreadable: bool,
}

impl Sum {
    fn new(column: Column, place: usize) -> Sum {
        Sum { column, place, all: 0, stops: vec![0], is_unreadable: false }
    }

    fn read(&self, row: &Row) -> Value<i64> {
        let cell = row.cell(self.place);
        match self.column.nature() {
            Nature::Area => value::area_total(cell),
            _ => Ok(value::money(cell)?.map(Money::in_fen)),
        }
    }

    fn add(&mut self, row: &Row) {
        match self.read(row) {
            Ok(None) => {}
            Ok(Some(figure)) => match self.all.checked_add(figure) {
                Some(all) => self.all = all,
                None => self.poison(),
            },
            Err(_) => self.poison(),
        }
    }

    fn stop(&mut self) {
        self.stops.push(self.all);
    }

    fn poison(&mut self) {
        self.is_unreadable = true;
    }

    /// Signs are a habit of the program that wrote the file, so only the figure counts.
    fn accounts_for(&self, total: i64) -> bool {
        let same = |stop: &i64| {
            self.all.checked_sub(*stop).map(i64::unsigned_abs) == Some(total.unsigned_abs())
        };
        self.stops.iter().any(same)
    }

    fn shown(&self, figure: i64) -> String {
        match self.column.nature() {
            Nature::Area => Area::centi_m2(figure).to_string(),
            _ => Money::fen(figure).to_string(),
        }
    }
}

impl Preamble {
    fn of(rows: &[Row], layout: &Layout) -> Preamble {
        let mut preamble = Preamble::default();
        for row in rows {
            let cells: Vec<&str> = row
                .cells
                .iter()
                .filter(|cell| !cell.is_blank())
                .map(|cell| value::trim(cell.shown()))
                .collect();
            for (at, text) in cells.iter().enumerate() {
                preamble.read_title(text, layout);
                let next = cells.get(at + 1).copied().unwrap_or_default();
                for (label, said) in labels(text, next) {
                    preamble.keep(&label, said, layout);
                }
            }
            preamble.lines.push(cells.into_iter().map(str::to_owned).collect());
        }
        preamble
    }

    fn read_title(&mut self, text: &str, layout: &Layout) {
        let title = layout.titles.iter().find_map(|title| text.trim().strip_suffix(title.as_str()));
        let Some(name) = title.map(without_date) else { return };
        if !name.is_empty() && self.title.is_none() {
            self.title = Some(name.into());
        }
    }

    fn keep(&mut self, label: &str, said: &str, layout: &Layout) {
        let label = plain_name(label, Brackets::Dropped);
        let is_it = |names: &Vec<String>| names.contains(&label);
        if said.is_empty() {
            return;
        }
        if let Some((key, _)) = layout.preamble.iter().find(|(_, names)| is_it(names)) {
            self.values.entry(key.clone()).or_insert_with(|| said.into());
        }
    }

    /// Whether a row says again what a line of the preamble said: a page's title.
    fn repeats(&self, row: &Row) -> bool {
        let filled = || row.cells.iter().filter(|c| !c.is_blank()).map(|c| value::trim(c.shown()));
        if filled().nth(3).is_some() {
            return false;
        }
        self.lines.iter().any(|line| !line.is_empty() && line.iter().copied_eq(filled()))
    }
}

/// `梧桐里小区2026年度` is 梧桐里小区; 明月 keeps its moon.
fn without_date(name: &str) -> &str {
    let name = name.trim_end_matches([' ', '-', '_', '—']);
    let dated =
        ["年度", "年", "季度", "月份", "月"].iter().find_map(|mark| name.strip_suffix(mark));
    let ends_in_digit = |text: &&str| text.ends_with(|c: char| c.is_ascii_digit());
    match dated.filter(ends_in_digit) {
        Some(rest) => without_date(rest.trim_end_matches(|c: char| c.is_ascii_digit())),
        None => name,
    }
}

/// Compares owned lines with borrowed cells.
trait CopiedEq<'l> {
    fn copied_eq<'c>(self, other: impl Iterator<Item = &'c str>) -> bool;
}

impl<'l, I: Iterator<Item = &'l String>> CopiedEq<'l> for I {
    fn copied_eq<'c>(self, other: impl Iterator<Item = &'c str>) -> bool {
        self.map(String::as_str).eq(other)
    }
}

/// `楼宇名称：梧桐里小区  总户数：428`, `账号：` beside its number, `查询账号[ … ]` beside its number.
fn labels<'t>(text: &'t str, next: &'t str) -> Vec<(String, &'t str)> {
    let colon = |c: char| matches!(c, ':' | '：');
    if !text.contains(colon) {
        return vec![(text.into(), next)];
    }
    if let Some(label) = text.strip_suffix(colon).filter(|label| !label.contains(colon)) {
        return vec![(label.into(), next)];
    }
    let mut found: Vec<(String, &str)> = Vec::new();
    let mut rest = text;
    while let Some((label, said)) = rest.split_once(colon) {
        // The next label begins after the last break before the next colon.
        let end = said.find(colon).map_or(said.len(), |at| {
            let before = said.get(..at).unwrap_or(said);
            before
                .rfind(|c: char| c.is_whitespace() || matches!(c, ';' | '；' | ',' | '，'))
                .unwrap_or(at)
        });
        let (own, after) = said.split_at(end);
        found
            .push((label.trim_matches([' ', '\t', '　', ';', '；', ',', '，']).into(), own.trim()));
        rest = after;
    }
    found
}

impl Line<'_> {
    /// The row as the file writes it.
    pub(super) fn as_written(&self) -> RejectedRow {
        RejectedRow {
            sheet: Arc::clone(self.sheet),
            row: self.row.number as usize,
            cells: self.header.shown(self.row, self.from_1904),
        }
    }

    /// Where the row stands: its first known column.
    pub(super) fn at(&self) -> Address {
        let place = self.header.columns.iter().map(|(_, place)| place).min().unwrap_or(0);
        Address {
            sheet: Arc::clone(self.sheet),
            row: self.row.number,
            column: u16::try_from(place).unwrap_or(u16::MAX),
        }
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.header.columns.has(column)
    }

    /// The cell as it is stored.
    pub(super) fn cell(&self, column: Column) -> &Cell {
        static EMPTY: Cell = Cell::Empty;
        self.header.columns.place(column).map_or(&EMPTY, |place| self.row.cell(place))
    }

    /// Free text; nothing is an empty text.
    pub(super) fn text(&mut self, column: Column) -> String {
        self.take(column, |cell, _| value::text(cell)).unwrap_or_default()
    }

    /// A number or code that names something.
    pub(super) fn identifier(&mut self, column: Column) -> Option<String> {
        self.take(column, |cell, _| value::identifier(cell))
    }

    pub(super) fn money(&mut self, column: Column) -> Option<Money> {
        self.take(column, |cell, _| value::money(cell))
    }

    /// A charge with up to five decimals, in hundred-thousandths of a yuan.
    pub(super) fn charge(&mut self, column: Column) -> Option<i64> {
        self.take(column, |cell, _| value::charge(cell))
    }

    pub(super) fn area(&mut self, column: Column) -> Option<Area> {
        self.take(column, |cell, _| value::area(cell))
    }

    pub(super) fn day(&mut self, column: Column) -> Option<Day> {
        self.take(column, value::day)
    }

    pub(super) fn moment(&mut self, column: Column) -> Option<Moment> {
        self.take(column, value::moment)
    }

    pub(super) fn time(&mut self, column: Column) -> Option<String> {
        self.take(column, value::time)
    }

    pub(super) fn period(&mut self, column: Column) -> Option<Span> {
        self.take(column, |cell, _| value::period(cell))
    }

    /// A value that must be there.
    pub(super) fn needed<V>(&mut self, column: Column, found: Option<V>) -> Option<V> {
        if found.is_none() {
            self.fault(column, &VALUE_MISSING, self.name(column));
        }
        found
    }

    /// Puts a fault on record.
    pub(super) fn fault(&mut self, column: Column, rule: &'static Rule, detail: impl Into<String>) {
        let place = self.header.columns.place(column).unwrap_or(0);
        self.fault_at(place, rule, detail.into());
    }

    /// Whether anything is wrong so far.
    pub(super) fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    /// The column's own name in the file.
    fn name(&self, column: Column) -> String {
        let place = self.header.columns.place(column);
        place.and_then(|place| self.header.names.get(place)).cloned().unwrap_or_default()
    }

    /// The first fault of a cell stands; what follows from it is not a second one.
    fn fault_at(&mut self, place: usize, rule: &'static Rule, detail: String) {
        if !self.faults.iter().any(|fault| fault.place == place) {
            self.faults.push(Fault { place, rule, detail });
        }
    }

    fn take<V>(&mut self, column: Column, read: impl Fn(&Cell, bool) -> Value<V>) -> Option<V> {
        let place = self.header.columns.place(column)?;
        match read(self.row.cell(place), self.from_1904) {
            Ok(value) => value,
            Err(rule) => {
                self.fault_at(place, rule, String::new());
                None
            }
        }
    }
}

/// Keys of rows, and how often the same row has come.
#[derive(Default)]
pub(super) struct Keys {
    seen: std::collections::HashMap<[u8; 32], u32>,
}

impl Keys {
    /// The row's stable key and its occurrence, from 1, among equal rows.
    pub(super) fn key(&mut self, family: &str, fields: &[&str]) -> (String, u32) {
        let mut hash = Sha256::new();
        hash.update(family.as_bytes());
        for field in fields {
            hash.update([0x1f]);
            hash.update(field.as_bytes());
        }
        let same: [u8; 32] = hash.finalize().into();
        let occurrence = self.seen.entry(same).or_insert(0);
        *occurrence += 1;
        let mut hash = Sha256::new();
        hash.update(same);
        hash.update(occurrence.to_be_bytes());
        (hex(&hash.finalize()), *occurrence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_loses_its_date_and_nothing_else() {
        for (title, name) in [
            ("梧桐里小区", "梧桐里小区"),
            ("梧桐里小区2026年度", "梧桐里小区"),
            ("梧桐里小区2026年1月", "梧桐里小区"),
            ("明月", "明月"),
            ("万年", "万年"),
        ] {
            assert_eq!(without_date(title), name);
        }
    }

    #[test]
    fn labels_stand_beside_what_they_say() {
        let pair = |label: &str, said| (label.to_owned(), said);
        assert_eq!(labels("账号：", "31050001"), [pair("账号", "31050001")]);
        assert_eq!(labels("查询账号[ A ]", "2325"), [pair("查询账号[ A ]", "2325")]);
        assert_eq!(
            labels("楼宇名称：梧桐里 小区  总户数：428；总面积:37888.08", ""),
            [pair("楼宇名称", "梧桐里 小区"), pair("总户数", "428"), pair("总面积", "37888.08")]
        );
    }
}
