//! The journal's tables, and what a batch keeps of them in memory.

use std::any::Any;
use std::collections::HashMap;

use sea_orm::QueryResult;

use super::chart::Book;
use super::text;
use super::voucher::{Draft, Kind, Line, Posted, Side, Voucher};
use crate::books::sheaf::{Kind as Column, Sheaves, Table};
use crate::books::{Keeps, Reads, Tx, View};
use crate::calendar::{Day, Instant, Month};
use crate::error::{Result, Storage};
use crate::id::{ActNo, CompoundId, DwellingNo, MatterNo, TransferNo, VoucherSeq};
use crate::money::Money;

pub(super) static BOOK: Table = Table {
    name: "book",
    rank: 2,
    columns: &[
        ("compound_id", Column::Int),
        ("book", Column::Small),
        ("chart", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static ACCOUNT: Table = Table {
    name: "account",
    rank: 3,
    columns: &[
        ("compound_id", Column::Int),
        ("book", Column::Small),
        ("account", Column::Int),
        ("name", Column::Text),
        ("element", Column::Text),
        ("normal_side", Column::Small),
        ("analysis", Column::Small),
        ("bearing", Column::Small),
        ("month_closes_to", Column::SomeInt),
        ("year_closes_to", Column::SomeInt),
    ],
    on_conflict: "",
};

pub(super) static MATTER: Table = Table {
    name: "matter",
    rank: 4,
    columns: &[
        ("compound_id", Column::Int),
        ("matter_no", Column::Int),
        ("kind", Column::Text),
        ("name", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

/// Lines before their voucher: on SQLite the voucher seals them.
pub(super) static POSTING: Table = Table {
    name: "posting",
    rank: 5,
    columns: &[
        ("compound_id", Column::Int),
        ("book", Column::Small),
        ("side", Column::Small),
        ("seq", Column::Int),
        ("line", Column::Int),
        ("account", Column::Int),
        ("dwelling_no", Column::Int),
        ("matter_no", Column::Int),
        ("effective_on", Column::Day),
        ("amount_fen", Column::Big),
    ],
    on_conflict: "",
};

pub(super) static VOUCHER: Table = Table {
    name: "voucher",
    rank: 6,
    columns: &[
        ("compound_id", Column::Int),
        ("book", Column::Small),
        ("seq", Column::Int),
        ("year", Column::Small),
        ("number", Column::Int),
        ("period", Column::Int),
        ("effective_on", Column::Day),
        ("recorded_at", Column::Big),
        ("act_no", Column::Int),
        ("line_count", Column::Int),
        ("is_red", Column::Small),
        ("reverses_seq", Column::SomeInt),
        ("transfer_no", Column::SomeInt),
        ("kind", Column::Text),
        ("memo", Column::Text),
        ("source", Column::Text),
        ("evidence", Column::Text),
        ("prev_hash", Column::Bytes),
        ("hash", Column::Bytes),
    ],
    on_conflict: "",
};

static BALANCE: Table = Table {
    name: "balance",
    rank: 7,
    columns: &[
        ("compound_id", Column::Int),
        ("book", Column::Small),
        ("account", Column::Int),
        ("dwelling_no", Column::Int),
        ("matter_no", Column::Int),
        ("debit_fen", Column::Big),
        ("credit_fen", Column::Big),
    ],
    on_conflict: "ON CONFLICT (compound_id, book, dwelling_no, account, matter_no) DO UPDATE
                  SET debit_fen = balance.debit_fen + excluded.debit_fen,
                      credit_fen = balance.credit_fen + excluded.credit_fen",
};

/// The tables a voucher touches.
pub(super) const VOUCHERS: Reads = Reads(&[&POSTING, &VOUCHER]);
const HEADS: Reads = Reads(&[&BOOK, &VOUCHER]);

/// What a balance is kept by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) book: Book,
    pub(super) account: i32,
    pub(super) dwelling: i32,
    pub(super) matter: i32,
}

impl Key {
    pub(super) fn of(book: Book, line: &Line) -> Key {
        Key {
            book,
            account: line.account,
            dwelling: line.dwelling.map_or(0, |d| d.0),
            matter: line.matter.map_or(0, |m| m.0),
        }
    }
}

/// Debit and credit totals, apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) debit: i64,
    pub(super) credit: i64,
}

impl Totals {
    pub(super) fn add(&mut self, side: Side, amount: Money) {
        let slot = match side {
            Side::Debit => &mut self.debit,
            Side::Credit => &mut self.credit,
        };
        *slot = slot.checked_add(amount.in_fen()).expect("totals of amounts within the limit fit");
    }

    fn add_all(&mut self, other: Totals) {
        self.debit += other.debit;
        self.credit += other.credit;
    }
}

/// The head of a book: its last voucher.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    seq: i32,
    hash: [u8; 32],
}

/// What a batch knows of a compound's books without asking again.
#[derive(Default)]
pub(super) struct Standing {
    compound: i32,
    heads: [Head; 4],
    settled_heads: [Head; 4],
    pub(super) closed_through: [Option<Month>; 4],
    settled_closed: [Option<Month>; 4],
    settled: HashMap<Key, Totals>,
    own: HashMap<Key, Totals>,
}

impl Standing {
    fn put(&mut self, own: bool, to: &mut Sheaves) {
        let totals = std::mem::take(if own { &mut self.own } else { &mut self.settled });
        // In the order of the key, so that two processes would lock in the same order.
        let mut totals: Vec<(Key, Totals)> = totals.into_iter().collect();
        totals.sort_unstable_by_key(|(key, _)| *key);
        for (key, totals) in totals {
            let row = [
                self.compound.into(),
                i32::from(key.book.number()).into(),
                key.account.into(),
                key.dwelling.into(),
                key.matter.into(),
                totals.debit.into(),
                totals.credit.into(),
            ];
            to.put(&BALANCE, &row);
        }
    }

    /// What the batch has posted to a key and not yet written.
    pub(super) fn waiting(&self, key: Key) -> Totals {
        let mut sum = self.settled.get(&key).copied().unwrap_or_default();
        sum.add_all(self.own.get(&key).copied().unwrap_or_default());
        sum
    }

    /// The keys of a dwelling in a book that the batch has posted to and not yet written.
    pub(super) fn waiting_of(&self, book: Book, dwelling: i32) -> Vec<(Key, Totals)> {
        let keys = self.settled.keys().chain(self.own.keys());
        let mut keys: Vec<Key> =
            keys.filter(|k| k.book == book && k.dwelling == dwelling).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        keys.into_iter().map(|key| (key, self.waiting(key))).collect()
    }

    /// A month was closed by the present act.
    pub(super) fn close_through(&mut self, book: Book, month: Month) {
        self.closed_through[book as usize - 1] = Some(month);
    }

    /// The last voucher's place and hash.
    pub(super) fn head(&self, book: Book) -> (VoucherSeq, [u8; 32]) {
        let head = self.heads[book as usize - 1];
        (VoucherSeq(head.seq), head.hash)
    }
}

impl Keeps for Standing {
    fn settle(&mut self) {
        self.settled_heads = self.heads;
        self.settled_closed = self.closed_through;
        for (key, totals) in self.own.drain() {
            self.settled.entry(key).or_default().add_all(totals);
        }
    }

    fn undo(&mut self) {
        self.heads = self.settled_heads;
        self.closed_through = self.settled_closed;
        self.own.clear();
    }

    fn write_settled(&mut self, to: &mut Sheaves) {
        self.put(false, to);
    }

    fn write_own(&mut self, to: &mut Sheaves) {
        self.put(true, to);
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// What the batch keeps of the compound's books. Loaded at first use, for every compound of the batch in one query.
pub(super) async fn standing(tx: &mut Tx) -> Result<&mut Standing> {
    if !tx.keeps::<Standing>() {
        let (list, value) = tx.list_of(&tx.batch(), 1);
        let sql = format!(
            "SELECT b.compound_id, b.book,
               (SELECT v.seq FROM voucher v WHERE v.compound_id = b.compound_id AND v.book = b.book
                ORDER BY v.seq DESC LIMIT 1) AS seq,
               (SELECT v.hash FROM voucher v WHERE v.compound_id = b.compound_id AND v.book = b.book
                ORDER BY v.seq DESC LIMIT 1) AS hash,
               (SELECT c.period FROM period_close c WHERE c.compound_id = b.compound_id AND c.book = b.book
                ORDER BY c.period DESC LIMIT 1) AS closed
             FROM book b
             WHERE b.compound_id {list}"
        );
        let mut loaded: HashMap<i32, Standing> = HashMap::new();
        for row in tx.rows(HEADS, &sql, vec![value]).await? {
            let compound: i32 = row.try_get("", "compound_id")?;
            let book = book_of(&row)?;
            let standing = loaded.entry(compound).or_default();
            if let Some(seq) = row.try_get::<Option<i32>>("", "seq")? {
                let hash: Vec<u8> = row.try_get("", "hash")?;
                standing.heads[book as usize - 1] = Head { seq, hash: bytes32(&hash)? };
            }
            let closed: Option<i32> = row.try_get("", "closed")?;
            standing.closed_through[book as usize - 1] = closed.and_then(Month::from_number);
        }
        for (compound, mut standing) in loaded {
            standing.compound = compound;
            standing.settled_heads = standing.heads;
            standing.settled_closed = standing.closed_through;
            tx.keep_for(CompoundId(compound), standing);
        }
    }
    Ok(tx.kept::<Standing>())
}

/// Seals a draft: gives it place, number and hash, and puts its rows. Cannot be refused any more.
pub(super) fn seal(tx: &mut Tx, draft: Draft) -> Voucher {
    let Draft { entry, period, is_red, reverses, transfer } = draft;
    let book = entry.book;
    let year = period.year();
    let number = tx.next_no(&format!("{book}/{year}"));
    let (at, act, compound) = (tx.at(), tx.act(), tx.compound().0);
    let standing = tx.kept::<Standing>();
    let (last, prev_hash) = standing.head(book);
    let posted = Posted { book, seq: VoucherSeq(last.0 + 1), year, number };
    let voucher = Voucher {
        posted,
        period,
        effective_on: entry.effective_on,
        recorded_at: at,
        act,
        kind: entry.kind,
        is_red,
        reverses,
        transfer,
        memo: entry.memo,
        source: entry.source,
        evidence: entry.evidence,
        lines: entry.lines,
        prev_hash,
    };
    let hash = text::hash(&text::print(&voucher));
    standing.heads[book as usize - 1] = Head { seq: posted.seq.0, hash };
    for line in &voucher.lines {
        standing.own.entry(Key::of(book, line)).or_default().add(line.side, line.amount);
    }

    let book_no = i32::from(book.number());
    let line_count = i32::try_from(voucher.lines.len()).expect("a draft's lines are counted");
    let row = [
        compound.into(),
        book_no.into(),
        posted.seq.0.into(),
        year.into(),
        number.into(),
        period.number().into(),
        voucher.effective_on.into(),
        at.seconds().into(),
        act.0.into(),
        line_count.into(),
        is_red.into(),
        reverses.map(|seq| seq.0).into(),
        transfer.map(|no| no.0).into(),
        voucher.kind.name().into(),
        (&voucher.memo).into(),
        (&voucher.source).into(),
        (&voucher.evidence).into(),
        (&voucher.prev_hash).into(),
        (&hash).into(),
    ];
    tx.put(&VOUCHER, &row);
    for (i, line) in (1..).zip(&voucher.lines) {
        let i: i32 = i;
        let row = [
            compound.into(),
            book_no.into(),
            i32::from(line.side.sign()).into(),
            posted.seq.0.into(),
            i.into(),
            line.account.into(),
            line.dwelling.map_or(0, |d| d.0).into(),
            line.matter.map_or(0, |m| m.0).into(),
            voucher.effective_on.into(),
            line.amount.in_fen().into(),
        ];
        tx.put(&POSTING, &row);
    }
    voucher
}

/// The vouchers of a book with places in `first..=last`, whole, in order.
pub(super) async fn vouchers(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    first: i32,
    last: i32,
) -> Result<Vec<Voucher>> {
    let key = || vec![compound.0.into(), book.number().into(), first.into(), last.into()];
    let sql = "SELECT seq, year, number, period, effective_on, recorded_at, act_no, is_red, reverses_seq,
                 transfer_no, kind, memo, source, evidence, prev_hash
               FROM voucher WHERE compound_id = $1 AND book = $2 AND seq BETWEEN $3 AND $4 ORDER BY seq";
    let heads = view.rows(VOUCHERS, sql, key()).await?;
    let sql = "SELECT seq, account, side, amount_fen, dwelling_no, matter_no FROM posting
               WHERE compound_id = $1 AND book = $2 AND seq BETWEEN $3 AND $4 ORDER BY seq, line";
    let lines = view.rows(VOUCHERS, sql, key()).await?;

    let mut lines = lines.into_iter().peekable();
    let mut vouchers = Vec::with_capacity(heads.len());
    for row in heads {
        let mut voucher = voucher_of(&row, book)?;
        while let Some(line) = lines.peek() {
            let seq: i32 = line.try_get("", "seq")?;
            if seq > voucher.posted.seq.0 {
                break;
            }
            if seq == voucher.posted.seq.0 {
                voucher.lines.push(line_of(line)?);
            }
            lines.next();
        }
        vouchers.push(voucher);
    }
    Ok(vouchers)
}

fn voucher_of(row: &QueryResult, book: Book) -> Result<Voucher> {
    let kind: String = row.try_get("", "kind")?;
    let prev_hash: Vec<u8> = row.try_get("", "prev_hash")?;
    let period: i32 = row.try_get("", "period")?;
    let is_red: i16 = row.try_get("", "is_red")?;
    let year: i16 = row.try_get("", "year")?;
    let number = row.try_get("", "number")?;
    let seq = VoucherSeq(row.try_get("", "seq")?);
    Ok(Voucher {
        posted: Posted { book, seq, year: i32::from(year), number },
        period: Month::from_number(period).ok_or_else(|| unreadable("period"))?,
        effective_on: row.try_get("", "effective_on")?,
        recorded_at: Instant::from_seconds(row.try_get("", "recorded_at")?),
        act: ActNo(row.try_get("", "act_no")?),
        kind: Kind::named(&kind).ok_or_else(|| unreadable("kind"))?,
        is_red: is_red != 0,
        reverses: row.try_get::<Option<i32>>("", "reverses_seq")?.map(VoucherSeq),
        transfer: row.try_get::<Option<i32>>("", "transfer_no")?.map(TransferNo),
        memo: row.try_get("", "memo")?,
        source: row.try_get("", "source")?,
        evidence: row.try_get("", "evidence")?,
        lines: Vec::new(),
        prev_hash: bytes32(&prev_hash)?,
    })
}

fn line_of(row: &QueryResult) -> Result<Line> {
    let some = |n: i32| (n != 0).then_some(n);
    Ok(Line {
        account: row.try_get("", "account")?,
        side: Side::of_sign(row.try_get("", "side")?),
        amount: Money::fen(row.try_get("", "amount_fen")?),
        dwelling: some(row.try_get("", "dwelling_no")?).map(DwellingNo),
        matter: some(row.try_get("", "matter_no")?).map(MatterNo),
    })
}

pub(super) fn book_of(row: &QueryResult) -> Result<Book> {
    let number: i16 = row.try_get("", "book")?;
    Book::numbered(number).ok_or_else(|| unreadable("book"))
}

pub(super) fn day_of(row: &QueryResult, column: &str) -> Result<Day> {
    Ok(row.try_get("", column)?)
}

fn bytes32(bytes: &[u8]) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| unreadable("hash"))
}

fn unreadable(what: &str) -> crate::error::Error {
    Storage::Bug(format!("a voucher's {what} cannot be read: the row was not written by us")).into()
}
