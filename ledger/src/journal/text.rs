//! The voucher in plain text: one function prints it, one parses it, and they are inverse.
//!
//! The text is what is hashed into the book's chain, what golden tests show and what `export` writes. hledger reads it,
//! so an owner can have the books checked by a program that is none of ours:
//!
//! ```text
//! 2025-03-02 * (fund/2025-0007) 首期交存 1-1-101
//!     ; seq:7, period:2025-03, recorded:2025-03-02T01:00:00Z, act:12, kind:deposit
//!     ; source:交存明细!A2
//!     ; evidence:WX0000007
//!     ; prev:f0c3…
//!     fund:1001  1353.50 CNY  ; Dr
//!     fund:400101:17  -1353.50 CNY  ; Cr
//! ```
//!
//! An account is `book:code`, then the dwelling's number, then the matter's (`service:1122:17:204`, `fund:500101:0:3`):
//! the keys of the balances, so hledger's balances are ours. Debits print positive and credits negative; a red-letter
//! line prints the other sign, and `Dr` or `Cr` says its side. Texts print `%`, `;`, `|` and control characters as
//! `%XX`, so a memo cannot look like structure.
//!
//! Never: a name in the text. Names change, and the hash of an old voucher must not.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, Timelike};
use sha2::{Digest, Sha256};

use super::chart::Book;
use super::voucher::{Kind, Line, Posted, Side, Voucher};
use crate::calendar::{Day, Instant, Month};
use crate::id::{ActNo, DwellingNo, MatterNo, TransferNo, VoucherSeq};
use crate::money::Money;

/// The canonical text of a voucher, ending in a line feed.
#[must_use]
pub fn print(voucher: &Voucher) -> String {
    let mut text = String::with_capacity(256 + voucher.lines.len() * 48);
    print_into(&mut text, voucher);
    text
}

pub(super) fn print_into(out: &mut String, v: &Voucher) {
    day_into(out, v.effective_on);
    // Writing to a String cannot fail.
    let _ = write!(out, " * ({}) ", v.posted);
    escape(out, &v.memo);
    let _ = write!(out, "\n    ; seq:{}, period:{}, recorded:", v.posted.seq, v.period);
    instant_into(out, v.recorded_at);
    let _ = write!(out, ", act:{}, kind:{}", v.act, v.kind.name());
    if let Some(seq) = v.reverses {
        let _ = write!(out, ", {}:{seq}", if v.is_red { "red" } else { "reverses" });
    }
    if let Some(transfer) = v.transfer {
        let _ = write!(out, ", transfer:{transfer}");
    }
    for (tag, value) in [("source", &v.source), ("evidence", &v.evidence)] {
        if !value.is_empty() {
            let _ = write!(out, "\n    ; {tag}:");
            escape(out, value);
        }
    }
    out.push_str("\n    ; prev:");
    hex_into(out, &v.prev_hash);
    out.push('\n');
    for line in &v.lines {
        print_line(out, v.posted.book, line);
    }
}

fn print_line(out: &mut String, book: Book, line: &Line) {
    out.push_str("    ");
    account_into(out, book, line.account, line.dwelling, line.matter);
    out.push_str("  ");
    // The hot path of verify: a million lines a second, so no formatting machinery here.
    let fen = line.signed().in_fen();
    if fen < 0 {
        out.push('-');
    }
    let fen = fen.unsigned_abs();
    digits_into(out, fen / 100);
    out.push('.');
    out.push(char::from(b'0' + (fen / 10 % 10) as u8));
    out.push(char::from(b'0' + (fen % 10) as u8));
    out.push_str(match line.side {
        Side::Debit => " CNY  ; Dr\n",
        Side::Credit => " CNY  ; Cr\n",
    });
}

/// What `Display` prints, without its machinery: vouchers of two lines are mostly head.
fn day_into(out: &mut String, day: Day) {
    match u64::try_from(day.year()) {
        Ok(year @ 1000..=9999) => digits_into(out, year),
        _ => {
            let _ = write!(out, "{day}");
            return;
        }
    }
    for part in [day.month(), day.day()] {
        out.push('-');
        two_digits_into(out, part);
    }
}

/// As [`day_into`], in UTC.
fn instant_into(out: &mut String, at: Instant) {
    let utc = DateTime::from_timestamp(at.seconds(), 0).map(|at| at.naive_utc());
    let Some(utc) = utc.filter(|utc| (1000..=9999).contains(&utc.year())) else {
        let _ = write!(out, "{at}");
        return;
    };
    day_into(out, utc.date());
    for (mark, part) in [('T', utc.hour()), (':', utc.minute()), (':', utc.second())] {
        out.push(mark);
        two_digits_into(out, part);
    }
    out.push('Z');
}

fn two_digits_into(out: &mut String, n: u32) {
    if n < 10 {
        out.push('0');
    }
    digits_into(out, u64::from(n));
}

/// The name of a balance's key in the text: `fund:400101:17`.
#[must_use]
pub fn account_name(
    book: Book,
    account: i32,
    dwelling: Option<DwellingNo>,
    matter: Option<MatterNo>,
) -> String {
    let mut name = String::with_capacity(24);
    account_into(&mut name, book, account, dwelling, matter);
    name
}

fn account_into(
    out: &mut String,
    book: Book,
    account: i32,
    dwelling: Option<DwellingNo>,
    matter: Option<MatterNo>,
) {
    out.push_str(book.name());
    out.push(':');
    digits_into(out, u64::from(account.unsigned_abs()));
    if dwelling.is_some() || matter.is_some() {
        out.push(':');
        digits_into(out, u64::from(dwelling.map_or(0, |d| d.0.unsigned_abs())));
    }
    if let Some(matter) = matter {
        out.push(':');
        digits_into(out, u64::from(matter.0.unsigned_abs()));
    }
}

fn digits_into(out: &mut String, mut n: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            break;
        }
    }
    digits[at..].iter().for_each(|d| out.push(char::from(*d)));
}

/// The link of the chain: SHA-256 of the canonical text.
#[must_use]
pub fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    hex_into(&mut out, bytes);
    out
}

fn hex_into(out: &mut String, bytes: &[u8]) {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        if c.is_control() || matches!(c, '%' | ';' | '|') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let two = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&two).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Why a text is not a canonical voucher: the line, counted from 1, and what was wanted there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: wanted {wanted}")]
pub struct NotAVoucher {
    /// The line, from 1.
    pub line: usize,
    /// What was wanted.
    pub wanted: &'static str,
}

/// Parses exactly what [`print()`] prints, and nothing else.
///
/// # Errors
/// [`NotAVoucher`].
pub fn parse(text: &str) -> Result<Voucher, NotAVoucher> {
    let mut lines = text.lines().enumerate();
    let mut next = |wanted| {
        let found = lines.next().map(|(i, line)| (i + 1, line));
        found.ok_or(NotAVoucher { line: 0, wanted })
    };
    let (at, head) = next("date * (book/year-number) memo")?;
    let wanted = NotAVoucher { line: at, wanted: "date * (book/year-number) memo" };
    let (effective_on, posted, memo) = parse_head(head).ok_or(wanted)?;

    let (at, tags) = next("; seq:…")?;
    let wanted = NotAVoucher { line: at, wanted: "; seq:, period:, recorded:, act:, kind:" };
    let mut voucher = parse_tags(tags).ok_or(wanted)?;
    voucher.posted = Posted { seq: voucher.posted.seq, ..posted };
    (voucher.effective_on, voucher.memo) = (effective_on, memo);

    loop {
        let (at, tag) = next("; prev:…")?;
        let wanted = NotAVoucher { line: at, wanted: "; source: or evidence: or prev:" };
        let (name, value) = tag
            .strip_prefix("    ; ")
            .and_then(|t| t.split_once(':'))
            .ok_or_else(|| wanted.clone())?;
        match name {
            "source" => voucher.source = unescape(value).ok_or(wanted)?,
            "evidence" => voucher.evidence = unescape(value).ok_or(wanted)?,
            "prev" => {
                voucher.prev_hash = parse_hex(value).ok_or(wanted)?;
                break;
            }
            _ => return Err(wanted),
        }
    }
    while let Ok((at, line)) = next("a line") {
        let wanted = NotAVoucher { line: at, wanted: "book:account  amount CNY  ; Dr or Cr" };
        voucher.lines.push(parse_line(line, posted.book).ok_or(wanted)?);
    }
    // What is not byte for byte what we print is not canonical, however well it parsed.
    if print(&voucher) != text {
        return Err(NotAVoucher { line: 0, wanted: "the canonical spelling" });
    }
    Ok(voucher)
}

fn parse_head(head: &str) -> Option<(Day, Posted, String)> {
    let (day, rest) = head.split_once(" * (")?;
    let (name, memo) = rest.split_once(") ")?;
    let (book, rest) = name.split_once('/')?;
    let (year, number) = rest.split_once('-')?;
    let posted = Posted {
        book: Book::named(book)?,
        seq: VoucherSeq(0),
        year: year.parse().ok()?,
        number: number.parse().ok()?,
    };
    Some((day.parse().ok()?, posted, unescape(memo)?))
}

fn parse_tags(tags: &str) -> Option<Voucher> {
    let mut fields = tags.strip_prefix("    ; ")?.split(", ");
    let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix(':');
    let posted = Posted {
        book: Book::Fund,
        seq: VoucherSeq(field("seq")?.parse().ok()?),
        year: 0,
        number: 0,
    };
    let mut voucher = Voucher {
        posted,
        period: Month::parse(field("period")?)?,
        effective_on: Day::default(),
        recorded_at: Instant::parse(field("recorded")?)?,
        act: ActNo(field("act")?.parse().ok()?),
        kind: Kind::named(field("kind")?)?,
        is_red: false,
        reverses: None,
        transfer: None,
        memo: String::new(),
        source: String::new(),
        evidence: String::new(),
        lines: Vec::new(),
        prev_hash: [0; 32],
    };
    for extra in fields {
        let (name, value) = extra.split_once(':')?;
        let number = value.parse().ok()?;
        match name {
            "red" | "reverses" => {
                voucher.reverses = Some(VoucherSeq(number));
                voucher.is_red = name == "red";
            }
            "transfer" => voucher.transfer = Some(TransferNo(number)),
            _ => return None,
        }
    }
    Some(voucher)
}

fn parse_line(line: &str, book: Book) -> Option<Line> {
    let mut parts = line.strip_prefix("    ")?.split("  ");
    let (name, amount, side) = (parts.next()?, parts.next()?, parts.next()?);
    let mut codes = name.strip_prefix(book.name())?.strip_prefix(':')?.split(':');
    let account = codes.next()?.parse().ok()?;
    let mut number = || codes.next().map(str::parse::<i32>).transpose();
    let some = |n: Option<i32>| n.filter(|n| *n != 0);
    let dwelling = some(number().ok()?).map(DwellingNo);
    let matter = some(number().ok()?).map(MatterNo);
    let signed = Money::parse(amount.strip_suffix(" CNY")?).ok()?;
    let (side, amount) = match side {
        "; Dr" => (Side::Debit, signed),
        "; Cr" => (Side::Credit, -signed),
        _ => return None,
    };
    Some(Line { account, side, amount, dwelling, matter })
}

fn parse_hex(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[i * 2..i * 2 + 2], 16).ok()?;
    }
    Some(out)
}
