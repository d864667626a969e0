//! A journal read whole, in the order of its keys: thousands of rows travel as one.
//!
//! Owns: [`Scan`] (a table, a page at a time), [`Page`] (its columns), [`Sheets`] (the pages of vouchers and of lines, each
//! when it is needed), [`Binder`] (brings them together).
//!
//! A driver's price is per row and per value. So the database joins each column of a page into one text (`string_agg`,
//! spelled alike on both), and a million lines cost a hundred round trips and no row of their own. Texts and bytes travel
//! as their lengths and one long value, so that nothing in a memo can look like a separator.
//!
//! Always: what is read is what stands there, in the order of the primary key, ill-formed or not: nothing here judges. A
//! page begins after the last key of the page before it, so lines without a voucher are met like any other.
//! Where PostgreSQL has no statistics yet it takes the index of accounts for every page and sorts the whole book (measured
//! on a fresh million: 25 times slower). So it is told not to sort, which leaves it the primary key.
//! Limits: a page of [`Shape::most`] rows; besides it, one voucher's lines.

use std::collections::VecDeque;

use sea_orm::{DbBackend, Value};

use super::chart::Book;
use super::rows::VOUCHERS;
use super::voucher::{Kind, Line, Posted, Side, Voucher};
use crate::books::{Reads, View};
use crate::calendar::{Day, Instant, Month};
use crate::error::{Result, Storage};
use crate::id::{ActNo, DwellingNo, MatterNo, TransferNo, VoucherSeq};
use crate::money::Money;

/// What a column holds, and the words that select it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    Number(&'static str),
    /// A whole number, or none, which is read as 0.
    SomeNumber(&'static str),
    /// A day, read as the number `yyyymmdd`; 0 if it is none.
    Day(&'static str),
    Text(&'static str),
    Bytes(&'static str),
}

impl Column {
    const fn words(self) -> &'static str {
        match self {
            Column::Number(words)
            | Column::SomeNumber(words)
            | Column::Day(words)
            | Column::Text(words)
            | Column::Bytes(words) => words,
        }
    }
}

/// A table to read whole. Every one begins with `compound_id` and `book`.
#[derive(Debug)]
pub(super) struct Shape {
    table: &'static str,
    /// The columns after the first two; those of the key come first.
    columns: &'static [Column],
    /// How many of the columns belong to the key.
    key: usize,
    /// How many rows a page holds.
    most: i64,
}

/// Lines. 16,384 of them are a megabyte of text: enough to forget the round trip, little enough for the caches.
static LINES: Shape = Shape {
    table: "posting",
    columns: &[
        Column::Number("seq"),
        Column::Number("line"),
        Column::Number("account"),
        Column::Number("side"),
        Column::Number("dwelling_no"),
        Column::Number("matter_no"),
        Column::Day("effective_on"),
        Column::Number("amount_fen"),
    ],
    key: 2,
    most: 16_384,
};

/// Vouchers, with the instant of the act that each names. The act is looked up by its key, row by row, whatever the
/// planner thinks of a join.
static HEADS: Shape = Shape {
    table: "voucher",
    columns: &[
        Column::Number("seq"),
        Column::Number("year"),
        Column::Number("number"),
        Column::Number("period"),
        Column::Day("effective_on"),
        Column::Number("recorded_at"),
        Column::Number("act_no"),
        Column::SomeNumber(
            "(SELECT a.recorded_at FROM act a WHERE a.compound_id = t.compound_id AND a.act_no = t.act_no)",
        ),
        Column::Number("line_count"),
        Column::Number("is_red"),
        Column::SomeNumber("reverses_seq"),
        Column::SomeNumber("transfer_no"),
        Column::Text("kind"),
        Column::Text("memo"),
        Column::Text("source"),
        Column::Text("evidence"),
        Column::Bytes("prev_hash"),
        Column::Bytes("hash"),
    ],
    key: 1,
    most: 4_096,
};

/// Kept balances.
pub(super) static BALANCES: Shape = Shape {
    table: "balance",
    columns: &[
        Column::Number("dwelling_no"),
        Column::Number("account"),
        Column::Number("matter_no"),
        Column::Number("debit_fen"),
        Column::Number("credit_fen"),
    ],
    key: 3,
    most: 16_384,
};

/// Frozen balances.
pub(super) static FROZEN: Shape = Shape {
    table: "period_balance",
    columns: &[
        Column::Number("dwelling_no"),
        Column::Number("account"),
        Column::Number("matter_no"),
        Column::Number("period"),
        Column::Number("debit_fen"),
        Column::Number("credit_fen"),
    ],
    key: 4,
    most: 16_384,
};

/// A reading of a table, page after page.
#[derive(Debug)]
pub(super) struct Scan {
    shape: &'static Shape,
    sql: String,
    /// The last key read: compound, book, and the rest.
    after: Vec<i64>,
    through: (i32, i16),
    is_begun: bool,
    is_done: bool,
}

impl Scan {
    /// Every row of the compounds `first..=last`.
    pub(super) fn compounds(shape: &'static Shape, first: i32, last: i32) -> Scan {
        Scan::from(shape, (i64::from(first), i64::MIN), (last, i16::MAX))
    }

    /// Every row of one book.
    pub(super) fn book(shape: &'static Shape, compound: i32, book: Book) -> Scan {
        let first = (i64::from(compound), i64::from(book.number()));
        Scan::from(shape, first, (compound, book.number()))
    }

    fn from(shape: &'static Shape, first: (i64, i64), through: (i32, i16)) -> Scan {
        let mut after = vec![i64::MIN; shape.key + 2];
        (after[0], after[1]) = first;
        Scan { shape, sql: sql_of(shape), after, through, is_begun: false, is_done: false }
    }

    /// The place of the last row read.
    fn place(&self) -> Place {
        Place { compound: self.after[0], book: self.after[1], seq: self.after[2] }
    }

    /// The next page; `None` after the last.
    pub(super) async fn next(&mut self, view: &mut impl View) -> Result<Option<Page>> {
        if self.is_done {
            return Ok(None);
        }
        if !std::mem::replace(&mut self.is_begun, true) && view.backend() == DbBackend::Postgres {
            let sql = "SELECT set_config('enable_sort', 'off', true)";
            view.rows(Reads::SETTLED, sql, vec![]).await?;
        }
        let bounds = [Value::from(self.through.0), Value::from(self.through.1)];
        let values = self.after.iter().map(|n| Value::from(*n)).chain(bounds).collect();
        let found = view.rows(VOUCHERS, &self.sql, values).await?;
        let row = found.first().ok_or_else(|| unreadable("page", self.shape.table))?;
        let page = Page::of(self.shape, row)?;
        self.is_done = i64::try_from(page.len).is_ok_and(|len| len < self.shape.most);
        if page.len == 0 {
            return Ok(None);
        }
        for (i, last) in self.after.iter_mut().enumerate() {
            *last = page.numbers(i)[page.len - 1];
        }
        Ok(Some(page))
    }
}

/// A book's place among all books as one number, half as dear as two. A number of a book that no book has still differs
/// from every other.
const PLACE: &str = "CAST(compound_id AS BIGINT) * 65536 + book";

fn sql_of(shape: &Shape) -> String {
    use std::fmt::Write as _;
    let Shape { table, columns, key, most } = shape;
    let (mut inner, mut outer) = (String::new(), String::new());
    let mut names = vec!["compound_id", "book"];
    for (i, column) in columns.iter().enumerate() {
        let words = column.words();
        if i < *key {
            names.push(words);
        }
        // Writing to a String cannot fail.
        let _ = match column {
            Column::SomeNumber(_) => write!(inner, ", COALESCE({words}, 0) AS c{i}"),
            _ => write!(inner, ", {words} AS c{i}"),
        };
        let _ = match column {
            Column::Text(_) | Column::Bytes(_) => {
                let lengths = format!("string_agg(CAST(octet_length(c{i}) AS TEXT), ',')");
                write!(outer, ", {lengths}, string_agg(c{i}, '')")
            }
            _ => write!(outer, ", string_agg(CAST(c{i} AS TEXT), ',')"),
        };
    }
    let parameters: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
    let (key, after, n) = (names.join(", "), parameters.join(", "), names.len());
    format!(
        "SELECT count(*), string_agg(CAST(place AS TEXT), ','){outer}
         FROM (SELECT {PLACE} AS place{inner} FROM {table} t
               WHERE ({key}) > ({after}) AND compound_id <= ${} AND book <= ${}
               ORDER BY {key} LIMIT {most}) p",
        n + 1,
        n + 2
    )
}

/// A page of a table, column by column.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) len: usize,
    columns: Vec<Values>,
}

#[derive(Debug)]
enum Values {
    Numbers(Vec<i64>),
    /// Where each value ends, and all of them.
    Bytes(Vec<usize>, Vec<u8>),
}

impl Page {
    fn of(shape: &Shape, row: &sea_orm::QueryResult) -> Result<Page> {
        let len: i64 = row.try_get_by_index(0)?;
        let len = usize::try_from(len).unwrap_or(0);
        if len == 0 {
            return Ok(Page { len, columns: Vec::new() });
        }
        let mut at = 0;
        let mut next = || {
            at += 1;
            at
        };
        let list = |at| -> Result<String> { Ok(row.try_get_by_index(at)?) };
        let whole = |numbers: Vec<i64>| match numbers.len() == len {
            true => Ok(numbers),
            false => Err(unreadable("column", shape.table)),
        };
        let places = whole(numbers_in(&list(next())?, len))?;
        let mut columns = Vec::with_capacity(shape.columns.len() + 2);
        columns.push(Values::Numbers(places.iter().map(|place| place >> 16).collect()));
        columns.push(Values::Numbers(places.iter().map(|place| place & 0xFFFF).collect()));
        for column in shape.columns {
            columns.push(match column {
                Column::Number(_) | Column::SomeNumber(_) => {
                    Values::Numbers(whole(numbers_in(&list(next())?, len))?)
                }
                Column::Day(_) => Values::Numbers(whole(days_in(&list(next())?, len))?),
                Column::Text(_) | Column::Bytes(_) => {
                    let lengths = whole(numbers_in(&list(next())?, len))?;
                    let all = match column {
                        Column::Text(_) => list(next())?.into_bytes(),
                        _ => row.try_get_by_index(next())?,
                    };
                    let ends = ends_of(&lengths);
                    if ends.last() != Some(&all.len()) {
                        return Err(unreadable("text", shape.table));
                    }
                    Values::Bytes(ends, all)
                }
            });
        }
        Ok(Page { len, columns })
    }

    /// A column of numbers or days: 0 is the compound, 1 the book, then the columns of the shape.
    pub(super) fn numbers(&self, column: usize) -> &[i64] {
        match &self.columns[column] {
            Values::Numbers(numbers) => numbers,
            Values::Bytes(..) => &[],
        }
    }

    fn bytes(&self, column: usize, row: usize) -> &[u8] {
        match &self.columns[column] {
            Values::Bytes(ends, all) => {
                let start = if row == 0 { 0 } else { ends[row - 1] };
                &all[start..ends[row]]
            }
            Values::Numbers(_) => &[],
        }
    }

    fn text(&self, column: usize, row: usize) -> String {
        String::from_utf8_lossy(self.bytes(column, row)).into_owned()
    }
}

fn ends_of(lengths: &[i64]) -> Vec<usize> {
    let mut end = 0_usize;
    let next = |length: &i64| {
        end = end.saturating_add(usize::try_from(*length).unwrap_or(usize::MAX));
        end
    };
    lengths.iter().map(next).collect()
}

/// `17,-4,0` as numbers. A number that is none ends the list, so that its length tells.
fn numbers_in(list: &str, len: usize) -> Vec<i64> {
    let mut numbers = Vec::with_capacity(len);
    let (mut n, mut is_negative, mut digits) = (0_u64, false, 0);
    for byte in list.bytes().chain([b',']) {
        match byte {
            b'0'..=b'9' => {
                n = n.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                digits += 1;
            }
            b'-' if digits == 0 => is_negative = true,
            // Nineteen digits are all an i64 has; its own words from the database fit it.
            b',' if (1..=19).contains(&digits) => {
                let number = n.cast_signed();
                numbers.push(if is_negative { number.wrapping_neg() } else { number });
                (n, is_negative, digits) = (0, false, 0);
            }
            _ => break,
        }
    }
    numbers
}

/// `2026-01-05,…` as `yyyymmdd`; a day that is none as 0. Neighbours are mostly equal.
fn days_in(list: &str, len: usize) -> Vec<i64> {
    let mut days = Vec::with_capacity(len);
    let (mut known, mut number) = ("", 0);
    for text in list.split(',') {
        if text != known {
            known = text;
            number = match text.parse::<Day>() {
                Ok(day) if text.len() == 10 => day_number(day),
                _ => 0,
            };
        }
        days.push(number);
    }
    days
}

fn day_number(day: Day) -> i64 {
    let month = Month::of(day);
    i64::from(month.number()) * 100 + i64::from(chrono::Datelike::day(&day))
}

/// The day that is written `yyyymmdd`.
pub(super) fn day_of(number: i64) -> Option<Day> {
    let (year, rest) = (i32::try_from(number / 10_000).ok()?, u32::try_from(number % 10_000).ok()?);
    Day::from_ymd_opt(year, rest / 100, rest % 100)
}

fn unreadable(what: &str, table: &str) -> crate::error::Error {
    Storage::Bug(format!("a {what} of {table} cannot be read: it was not written by us")).into()
}

/// Where a voucher stands, or should.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) compound: i64,
    pub(super) book: i64,
    pub(super) seq: i64,
}

/// A voucher's own row, as it stands there.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) place: Place,
    pub(super) year: i64,
    pub(super) number: i64,
    pub(super) period: i64,
    /// `yyyymmdd`.
    pub(super) day: i64,
    pub(super) recorded_at: i64,
    pub(super) act: i64,
    /// When the act it names was recorded; 0 if there is no such act.
    pub(super) act_at: i64,
    pub(super) line_count: i64,
    pub(super) is_red: i64,
    pub(super) reverses: i64,
    pub(super) transfer: i64,
    pub(super) kind: String,
    pub(super) memo: String,
    pub(super) source: String,
    pub(super) evidence: String,
    pub(super) prev_hash: Option<[u8; 32]>,
    pub(super) hash: Option<[u8; 32]>,
}

impl Head {
    fn of(page: &Page, row: usize) -> Head {
        let n = |column: usize| page.numbers(column)[row];
        let place = Place { compound: n(0), book: n(1), seq: n(2) };
        Head {
            place,
            year: n(3),
            number: n(4),
            period: n(5),
            day: n(6),
            recorded_at: n(7),
            act: n(8),
            act_at: n(9),
            line_count: n(10),
            is_red: n(11),
            reverses: n(12),
            transfer: n(13),
            kind: page.text(14, row),
            memo: page.text(15, row),
            source: page.text(16, row),
            evidence: page.text(17, row),
            prev_hash: page.bytes(18, row).try_into().ok(),
            hash: page.bytes(19, row).try_into().ok(),
        }
    }

    /// The voucher with these lines, if what stands there can be one. Takes the texts with it.
    pub(super) fn voucher(&mut self, lines: Vec<Line>) -> Result<Voucher, &'static str> {
        let int = |n: i64| i32::try_from(n).map_err(|_| "编号超出范围");
        let some = |n: i64| int(n).map(|n| (n != 0).then_some(n));
        let book = i16::try_from(self.place.book).ok().and_then(Book::numbered);
        let period = Month::from_number(int(self.period)?);
        Ok(Voucher {
            posted: Posted {
                book: book.ok_or("账簿不存在")?,
                seq: VoucherSeq(int(self.place.seq)?),
                year: int(self.year)?,
                number: int(self.number)?,
            },
            period: period.ok_or("会计期间不存在")?,
            effective_on: day_of(self.day).ok_or("业务日期不存在")?,
            recorded_at: Instant::from_seconds(self.recorded_at),
            act: ActNo(int(self.act)?),
            kind: Kind::named(&self.kind).ok_or("凭证种类不存在")?,
            is_red: self.is_red != 0,
            reverses: some(self.reverses)?.map(VoucherSeq),
            transfer: some(self.transfer)?.map(TransferNo),
            memo: std::mem::take(&mut self.memo),
            source: std::mem::take(&mut self.source),
            evidence: std::mem::take(&mut self.evidence),
            lines,
            prev_hash: self.prev_hash.ok_or("前一张凭证的指纹不是 32 字节")?,
        })
    }
}

/// A line as it stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw {
    pub(super) line: i64,
    pub(super) account: i64,
    pub(super) side: i64,
    pub(super) dwelling: i64,
    pub(super) matter: i64,
    /// `yyyymmdd`.
    pub(super) day: i64,
    pub(super) fen: i64,
}

impl Raw {
    /// The line, if what stands there can be one.
    pub(super) fn line(&self) -> Option<Line> {
        let some = |n: i64| i32::try_from(n).ok().map(|n| (n != 0).then_some(n));
        let side = match self.side {
            1 => Side::Debit,
            -1 => Side::Credit,
            _ => return None,
        };
        Some(Line {
            account: i32::try_from(self.account).ok()?,
            side,
            amount: Money::fen(self.fen),
            dwelling: some(self.dwelling)?.map(DwellingNo),
            matter: some(self.matter)?.map(MatterNo),
        })
    }
}

/// A page of either kind, and whether it is the last of its kind.
#[derive(Debug)]
pub(super) enum Sheet {
    Heads(Option<Page>, bool),
    Lines(Option<Page>, bool),
}

/// The vouchers of compounds or of a book, and their lines, page by page.
#[derive(Debug)]
pub(super) struct Sheets {
    heads: Scan,
    lines: Scan,
}

impl Sheets {
    /// Those of the compounds `first..=last`.
    pub(super) fn compounds(first: i32, last: i32) -> Sheets {
        let scan = |shape| Scan::compounds(shape, first, last);
        Sheets { heads: scan(&HEADS), lines: scan(&LINES) }
    }

    /// Those of one book.
    pub(super) fn book(compound: i32, book: Book) -> Sheets {
        let scan = |shape| Scan::book(shape, compound, book);
        Sheets { heads: scan(&HEADS), lines: scan(&LINES) }
    }

    /// The next page: of vouchers while they are behind, so that a line always finds whether it has one.
    pub(super) async fn next(&mut self, view: &mut impl View) -> Result<Option<Sheet>> {
        let Sheets { heads, lines } = self;
        if lines.is_done && heads.is_done {
            return Ok(None);
        }
        let is_behind = lines.is_done || heads.place() <= lines.place();
        if is_behind && !heads.is_done {
            let page = heads.next(view).await?;
            Ok(Some(Sheet::Heads(page, heads.is_done)))
        } else {
            let page = lines.next(view).await?;
            Ok(Some(Sheet::Lines(page, lines.is_done)))
        }
    }
}

/// What stands at a place.
#[derive(Debug)]
pub(super) enum Found {
    /// A voucher with its lines, of which there may be none. The lines are the binder's.
    Voucher(Box<Head>),
    /// Lines without a voucher.
    Orphans(Place, u64),
    /// Nothing yet: the binder wants another page.
    Wants,
    /// Nothing any more.
    Nothing,
}

/// Brings vouchers and their lines together, as pages of either arrive.
#[derive(Debug, Default)]
pub(super) struct Binder {
    heads: VecDeque<Head>,
    has_all_heads: bool,
    page: Option<Page>,
    /// The first row of the page that is not taken yet.
    row: usize,
    has_all_lines: bool,
    /// The lines of the voucher that is being bound, or was found last.
    pub(super) lines: Vec<Raw>,
    is_given: bool,
}

impl Binder {
    /// Takes a page, once what could be bound is bound.
    pub(super) fn put(&mut self, sheet: Sheet) {
        match sheet {
            Sheet::Heads(page, is_last) => {
                let rows =
                    page.iter().flat_map(|page| (0..page.len).map(|row| Head::of(page, row)));
                self.heads.extend(rows);
                self.has_all_heads = is_last;
            }
            Sheet::Lines(page, is_last) => {
                (self.page, self.row, self.has_all_lines) = (page, 0, is_last);
            }
        }
    }

    fn line_place(&self) -> Option<Place> {
        let page = self.page.as_ref().filter(|page| self.row < page.len)?;
        let n = |column: usize| page.numbers(column)[self.row];
        Some(Place { compound: n(0), book: n(1), seq: n(2) })
    }

    /// What stands at the next place.
    pub(super) fn next(&mut self) -> Found {
        if std::mem::take(&mut self.is_given) {
            self.lines.clear();
        }
        loop {
            let line_at = self.line_place();
            if line_at.is_none() && !self.has_all_lines {
                return Found::Wants;
            }
            let Some(head) = self.heads.front() else {
                return match line_at {
                    _ if !self.has_all_heads => Found::Wants,
                    Some(place) => Found::Orphans(place, self.skip(place)),
                    None => Found::Nothing,
                };
            };
            match line_at {
                Some(place) if place == head.place => self.take(place),
                Some(place) if place < head.place => {
                    return Found::Orphans(place, self.skip(place));
                }
                _ => {
                    self.is_given = true;
                    return match self.heads.pop_front() {
                        Some(head) => Found::Voucher(Box::new(head)),
                        None => Found::Nothing,
                    };
                }
            }
        }
    }

    /// Where the rows of this place end in the page.
    fn end_of(&self, place: Place) -> usize {
        let Some(page) = &self.page else { return self.row };
        let (compounds, books, seqs) = (page.numbers(0), page.numbers(1), page.numbers(2));
        let is_other = |row: &usize| {
            seqs[*row] != place.seq
                || books[*row] != place.book
                || compounds[*row] != place.compound
        };
        (self.row..page.len).find(is_other).unwrap_or(page.len)
    }

    fn take(&mut self, place: Place) {
        let end = self.end_of(place);
        let Some(page) = &self.page else { return };
        let at = |column: usize| &page.numbers(column)[self.row..end];
        let (line, account, side) = (at(3), at(4), at(5));
        let (dwelling, matter, day, fen) = (at(6), at(7), at(8), at(9));
        self.lines.extend((0..line.len()).map(|i| Raw {
            line: line[i],
            account: account[i],
            side: side[i],
            dwelling: dwelling[i],
            matter: matter[i],
            day: day[i],
            fen: fen[i],
        }));
        self.row = end;
    }

    fn skip(&mut self, place: Place) -> u64 {
        let end = self.end_of(place);
        let skipped = end - self.row;
        self.row = end;
        u64::try_from(skipped).unwrap_or(u64::MAX)
    }
}
