//! A book as it is read: what must follow, what was summed, what the next close must have frozen.
//!
//! Always: the sums of a month that will be closed are kept apart until the close that froze them is passed, then added to
//! what is frozen; so a book's memory is its keys, not its history. What a close froze is not kept row by row but as a sum
//! of keyed hashes, which the rows of `period_balance` must add up to in whatever order they come; the keys are drawn
//! anew in every run, so nobody can prepare rows that add up to the same.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};
use std::sync::Arc;

use super::super::stream::{Head, Raw};
use super::super::text;
use super::super::voucher::{LINES_MOST, Line};
use super::kept::{Account, Close, Small};
use super::{ACCOUNTS, ACTS, CHAIN, DWELLINGS, Laws, NUMBERS, Names, PERIODS, VOUCHER_BALANCES};
use crate::money::Money;

/// What a balance is kept by: account, dwelling, matter, 0 for none.
pub(super) type Key = [i32; 3];

/// A key, of columns that may hold what no key can.
pub(super) fn key(account: i64, dwelling: i64, matter: i64) -> Key {
    [account, dwelling, matter].map(|n| i32::try_from(n).unwrap_or(i32::MIN))
}

/// Sums by key.
pub(super) type Sums = HashMap<Key, Totals, BuildHasherDefault<KeyHasher>>;

/// Debits and credits, apart. They wrap: an amount beyond the limit is told by itself, and it takes a million lines at the
/// limit to come around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) debit: i64,
    pub(super) credit: i64,
    /// Whether a row of the balances was found for it.
    pub(super) is_kept: bool,
}

impl Totals {
    fn add(&mut self, other: Totals) {
        self.debit = self.debit.wrapping_add(other.debit);
        self.credit = self.credit.wrapping_add(other.credit);
    }
}

/// Keys are the compound's own small numbers: they need spreading, not keeping secret.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_i32(i32::from(*byte)));
    }

    fn write_usize(&mut self, _length_of_an_array: usize) {}

    fn write_i32(&mut self, n: i32) {
        let n = u64::from(n.cast_unsigned());
        self.0 = (self.0.rotate_left(26) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// A sum of hashes of rows, in no order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) rows: u64,
    sums: [u64; 2],
}

/// The keys of a run's hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Hashes([RandomState; 2]);

impl Hashes {
    pub(super) fn add(&self, to: &mut Digest, row: (i64, Key, i64, i64)) {
        to.rows += 1;
        for (sum, keyed) in to.sums.iter_mut().zip(&self.0) {
            *sum = sum.wrapping_add(keyed.hash_one(row));
        }
    }
}

/// What is told along the way, and the scratch it is written on.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) laws: Laws,
    pub(super) names: Arc<Names>,
    pub(super) hashes: Hashes,
    /// The books that were read to their end, for what must agree with them.
    pub(super) books: BTreeMap<(i64, i64), Folio>,
    /// Transfers: which books, and in which act.
    pub(super) transfers: BTreeMap<(i64, i64), Vec<(i64, i64)>>,
    text: String,
    lines: Vec<Line>,
}

impl Told {
    pub(super) fn new(names: Arc<Names>) -> Told {
        Told {
            laws: Laws::named(super::LAWS),
            names,
            hashes: Hashes::default(),
            books: BTreeMap::new(),
            transfers: BTreeMap::new(),
            text: String::new(),
            lines: Vec::new(),
        }
    }

    fn broken(&mut self, law: &'static str, head: &Head, what: impl FnOnce() -> String) {
        let names = &self.names;
        self.laws.broken(law, || {
            let book = names.book(head.place.compound, head.place.book);
            format!(
                "{book}/{}-{:04}（第 {} 张）：{}",
                head.year,
                head.number,
                head.place.seq,
                what()
            )
        });
    }
}

/// A book as it has been read so far.
#[derive(Debug)]
pub(super) struct Folio {
    compound: i64,
    book: i64,
    small: Arc<Small>,
    /// How many of the book's closes lie before the present voucher.
    closes_passed: usize,
    /// What moved, by the close that will freeze it; the last is never closed.
    moved: Vec<Sums>,
    /// What the closes passed have frozen; in the end, every balance.
    pub(super) sums: Sums,
    /// What each close must have frozen.
    pub(super) frozen: Vec<(i64, Digest)>,
    last_seq: i64,
    last_hash: Option<[u8; 32]>,
    last_at: i64,
    /// The last number of each year.
    pub(super) numbers: BTreeMap<i64, i64>,
    vouchers: u64,
    lines: u64,
    bare_lines: u64,
}

impl Folio {
    pub(super) fn new(compound: i64, book: i64, small: Arc<Small>) -> Folio {
        let closes = small.closes(compound, book).len();
        Folio {
            compound,
            book,
            small,
            closes_passed: 0,
            moved: vec![Sums::default(); closes + 1],
            sums: Sums::default(),
            frozen: Vec::with_capacity(closes),
            last_seq: 0,
            last_hash: Some([0; 32]),
            last_at: i64::MIN,
            numbers: BTreeMap::new(),
            vouchers: 0,
            lines: 0,
            bare_lines: 0,
        }
    }

    pub(super) fn place(&self) -> (i64, i64) {
        (self.compound, self.book)
    }

    /// Reads the next voucher of the book.
    pub(super) fn voucher(&mut self, head: Head, raw: &[Raw], told: &mut Told) {
        self.vouchers += 1;
        // Closes are passed before the voucher that comes after them is looked at.
        let slot = self.enter(&head, told);
        self.follow(&head, told);
        self.sum(&head, raw, slot, told);
        self.act(&head, told);
        if head.transfer != 0 {
            let number = (self.compound, head.transfer);
            told.transfers.entry(number).or_default().push((self.book, head.act));
        }
        self.link(head, raw, told);
    }

    /// Its place and its number follow those before it.
    fn follow(&mut self, head: &Head, told: &mut Told) {
        let seq = head.place.seq;
        let last = self.numbers.insert(head.year, head.number).unwrap_or(0);
        if seq != self.last_seq + 1 {
            let before = self.last_seq;
            told.broken(NUMBERS, head, || {
                format!("第 {before} 张之后应为第 {} 张", before.wrapping_add(1))
            });
        } else if head.number != last + 1 {
            told.broken(NUMBERS, head, || {
                format!("{} 年 {last} 号之后应为 {} 号", head.year, last.wrapping_add(1))
            });
        }
        self.last_seq = seq;
    }

    /// Its month is open when it comes. Answers which close will freeze it.
    fn enter(&mut self, head: &Head, told: &mut Told) -> usize {
        let small = self.small.clone();
        let closes = small.closes(self.compound, self.book);
        while let Some(close) = closes.get(self.closes_passed)
            && close.head_seq < head.place.seq
        {
            self.close(close, told);
        }
        let closed = closes.get(self.closes_passed.wrapping_sub(1)).map_or(0, |close| close.period);
        let open = if closed == 0 { 0 } else { month_after(closed) };
        let wanted = open.max(head.day / 100);
        if head.period / 100 != head.year {
            told.broken(PERIODS, head, || format!("会计期间 {} 不属于凭证年份", head.period));
        } else if head.period != wanted {
            told.broken(PERIODS, head, || match head.period <= closed {
                true => format!("已结账至 {closed} 之后记入 {} 期间", head.period),
                false => {
                    format!("业务日期 {} 应记入 {wanted} 期间，却记入 {}", head.day, head.period)
                }
            });
        }
        let later = closes.iter().skip(self.closes_passed);
        let slot = later.take_while(|close| close.period < head.period).count();
        self.closes_passed + slot
    }

    /// Passes a close: what moved until then is frozen, and the book's head is the one it sealed.
    fn close(&mut self, close: &Close, told: &mut Told) {
        let moved = std::mem::take(&mut self.moved[self.closes_passed]);
        let mut digest = Digest::default();
        for (key, totals) in moved {
            let sum = self.sums.entry(key).or_default();
            sum.add(totals);
            told.hashes.add(&mut digest, (close.period, key, sum.debit, sum.credit));
        }
        self.frozen.push((close.period, digest));
        self.closes_passed += 1;
        if self.last_seq != close.head_seq || self.last_hash != close.head_hash {
            let (book, last) =
                (told.names.book(self.compound, self.book), self.last_hash.unwrap_or_default());
            told.laws.broken(PERIODS, || {
                let sealed = close.head_hash.unwrap_or_default();
                let (sealed, last) = (text::hex(&sealed), text::hex(&last));
                format!(
                    "{book} {} 结账封存的是第 {} 张、指纹 {sealed:.16}…，账上该处是第 {} 张、指纹 {last:.16}…",
                    close.period, close.head_seq, self.last_seq
                )
            });
        }
    }

    /// Its lines are whole and balance, their accounts are known; they are added to the sums.
    fn sum(&mut self, head: &Head, raw: &[Raw], slot: usize, told: &mut Told) {
        let (mut debit, mut credit) = (0_i128, 0_i128);
        let (mut wrong, mut unknown, mut bare) = (None, None, None);
        let accounts = self.small.accounts(self.compound, self.book);
        let moved = &mut self.moved[slot];
        if moved.is_empty() {
            moved.reserve(raw.len());
        }
        let limit = Money::LIMIT.in_fen();
        for (line, at) in raw.iter().zip(1_i64..) {
            let is_sound = line.line == at
                && line.day == head.day
                && (line.fen > 0 || (line.fen < 0 && head.is_red == 1))
                && line.fen.unsigned_abs() <= limit.unsigned_abs()
                && (line.side == 1 || line.side == -1);
            if !is_sound && wrong.is_none() {
                wrong = Some(*line);
            }
            let amount = i128::from(line.fen);
            let key = key(line.account, line.dwelling, line.matter);
            let totals = moved.entry(key).or_default();
            if line.side > 0 {
                debit += amount;
                totals.debit = totals.debit.wrapping_add(line.fen);
            } else {
                credit += amount;
                totals.credit = totals.credit.wrapping_add(line.fen);
            }
            let is_bare = line.dwelling == 0 && line.matter == 0;
            match accounts.and_then(|accounts| accounts.get(&line.account)) {
                None => unknown = unknown.or(Some(*line)),
                Some(Account { analysis: true, .. }) if is_bare => {
                    self.bare_lines += 1;
                    if head.kind != "closing" {
                        bare = bare.or(Some(*line));
                    }
                }
                Some(_) => {}
            }
        }
        self.lines += u64::try_from(raw.len()).unwrap_or(0);

        let count = i64::try_from(raw.len()).unwrap_or(i64::MAX);
        let most = i64::try_from(LINES_MOST).unwrap_or(i64::MAX);
        if let Some(line) = wrong {
            told.broken(VOUCHER_BALANCES, head, || unsound(head, &line));
        } else if debit != credit {
            told.broken(VOUCHER_BALANCES, head, || {
                format!("借方合计 {} 元，贷方合计 {} 元", yuan(debit), yuan(credit))
            });
        } else if count != head.line_count || !(2..=most).contains(&count) {
            told.broken(VOUCHER_BALANCES, head, || {
                format!("应有 {} 条分录，实有 {count} 条", head.line_count)
            });
        }
        if let Some(line) = unknown {
            told.broken(ACCOUNTS, head, || {
                format!("第 {} 条分录的科目 {} 不在科目表内", line.line, line.account)
            });
        }
        if let Some(line) = bare {
            told.broken(DWELLINGS, head, || {
                format!(
                    "第 {} 条分录的科目 {} 按户核算，却未指明房屋或项目",
                    line.line, line.account
                )
            });
        }
    }

    /// Its act was recorded, when it says, and not before the one before it.
    fn act(&mut self, head: &Head, told: &mut Told) {
        let before = std::mem::replace(&mut self.last_at, head.recorded_at);
        if head.act_at == 0 {
            told.broken(ACTS, head, || format!("操作 {} 没有记录", head.act));
        } else if head.act_at != head.recorded_at {
            told.broken(ACTS, head, || {
                format!("记账时刻 {} 与操作 {} 的 {} 不同", head.recorded_at, head.act, head.act_at)
            });
        } else if head.recorded_at < before {
            told.broken(ACTS, head, || {
                format!("记账时刻 {} 早于前一张的 {before}", head.recorded_at)
            });
        }
    }

    /// Its text has the hash it was given, and names the one before it.
    fn link(&mut self, mut head: Head, raw: &[Raw], told: &mut Told) {
        let stored = head.hash;
        let before = std::mem::replace(&mut self.last_hash, stored);
        if head.prev_hash != before {
            told.broken(CHAIN, &head, || {
                let names = text::hex(&head.prev_hash.unwrap_or_default());
                let is = text::hex(&before.unwrap_or_default());
                format!("所记前一张的指纹 {names:.16}… 不是 {is:.16}…")
            });
            return;
        }
        let mut lines = std::mem::take(&mut told.lines);
        lines.clear();
        lines.extend(raw.iter().map_while(Raw::line));
        let wrong = (lines.len() < raw.len()).then_some("分录无法读出");
        let voucher = match (wrong, head.voucher(lines)) {
            (None, Ok(voucher)) => voucher,
            (wrong, read) => {
                let why = wrong.or(read.err()).unwrap_or_default();
                told.broken(CHAIN, &head, || why.to_owned());
                return;
            }
        };
        told.text.clear();
        text::print_into(&mut told.text, &voucher);
        let is = text::hash(&told.text);
        if Some(is) != stored {
            told.broken(CHAIN, &head, || {
                let was = text::hex(&stored.unwrap_or_default());
                format!("内容的指纹 {:.16}… 不是所记的 {was:.16}…", text::hex(&is))
            });
        }
        told.lines = voucher.lines;
    }

    /// The book is read to its end.
    pub(super) fn end(&mut self, told: &mut Told) {
        let small = self.small.clone();
        for close in small.closes(self.compound, self.book).iter().skip(self.closes_passed) {
            self.close(close, told);
        }
        let mut moved = std::mem::take(&mut self.moved);
        // Most books have never been closed, or have moved little since: the larger map takes in the others.
        if self.sums.is_empty() {
            self.sums = moved.pop().unwrap_or_default();
        }
        for (key, totals) in moved.into_iter().flatten() {
            self.sums.entry(key).or_default().add(totals);
        }
        told.laws.checked(VOUCHER_BALANCES, self.vouchers);
        told.laws.checked(CHAIN, self.vouchers);
        told.laws.checked(NUMBERS, self.vouchers);
        told.laws.checked(ACTS, self.vouchers);
        told.laws.checked(PERIODS, self.vouchers);
        told.laws.checked(ACCOUNTS, self.lines);
        self.control(told);
    }

    /// What dwellings and projects have of the bearing accounts is all there is in them.
    fn control(&self, told: &mut Told) {
        let Some(accounts) = self.small.accounts(self.compound, self.book) else { return };
        let (mut of_dwellings, mut of_all, mut keys) = (0_i128, 0_i128, 0);
        for ([account, dwelling, matter], totals) in &self.sums {
            if !accounts.get(&i64::from(*account)).is_some_and(|account| account.is_bearing) {
                continue;
            }
            let net = i128::from(totals.credit) - i128::from(totals.debit);
            of_all += net;
            if (*dwelling, *matter) != (0, 0) {
                of_dwellings += net;
                keys += 1;
            }
        }
        told.laws.checked(DWELLINGS, keys + self.bare_lines);
        if of_dwellings != of_all {
            let book = told.names.book(self.compound, self.book);
            told.laws.broken(DWELLINGS, || {
                let (sum, all) = (yuan(of_dwellings), yuan(of_all));
                format!("{book}：各户与项目合计 {sum} 元，控制科目合计 {all} 元")
            });
        }
    }
}

/// The month after `yyyymm`.
pub(super) fn month_after(period: i64) -> i64 {
    if period % 100 == 12 { period + 89 } else { period + 1 }
}

/// What is wrong with a line by itself.
fn unsound(head: &Head, line: &Raw) -> String {
    let Raw { line: number, side, day, fen, .. } = line;
    if *day != head.day {
        format!("第 {number} 条分录的日期 {day} 不是凭证的 {}", head.day)
    } else if *side != 1 && *side != -1 {
        format!("第 {number} 条分录的方向 {side} 既非借也非贷")
    } else if *fen < 0 && head.is_red == 0 {
        format!("第 {number} 条分录金额 {} 元为负，而凭证不是红字冲销", yuan(i128::from(*fen)))
    } else if *fen == 0 || fen.unsigned_abs() > Money::LIMIT.in_fen().unsigned_abs() {
        format!("第 {number} 条分录金额 {} 元不在允许范围内", yuan(i128::from(*fen)))
    } else {
        format!("分录行号不连续，见到第 {number} 行")
    }
}

/// Yuan with two decimals, for an amount of any size.
pub(super) fn yuan(fen: i128) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}", fen / 100, fen % 100)
}
