//! Where a book stands, for the foot of a sheet that rests on it.
//!
//! Owns: [`seal`], [`open()`]. Always: the same book at the same instant has the same seal, however much was recorded since.

use ledger::books::View;
use ledger::calendar::{Day, Instant, Month};
use ledger::error::Result;
use ledger::id::{CompoundId, VoucherSeq};
use ledger::journal::{self, Book, text};

use crate::sheet::{Seal, Warning};

/// The book's head at an instant, and its place. Places are given in the order of recording, so it is found by halving;
/// the hash of a voucher stands in the one after it.
///
/// # Errors
/// Storage.
pub async fn seal(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    known_at: Option<Instant>,
) -> Result<Seal> {
    let (last, hash) = journal::latest(view, compound, book).await?;
    let (mut known, mut unknown, mut head) = (0, last.0.saturating_add(1), hash);
    while let Some(at) = known_at.filter(|_| unknown - known > 1) {
        let middle = known + (unknown - known) / 2;
        let found = journal::vouchers(view, compound, book, VoucherSeq(middle - 1), 1).await?;
        match found.first() {
            Some(row) if row.voucher.recorded_at <= at => known = middle,
            Some(row) => (unknown, head) = (middle, row.voucher.prev_hash),
            None => break,
        }
    }
    let vouchers = unknown - 1;
    Ok(Seal { head: text::hex(&head), vouchers: u64::from(vouchers.unsigned_abs()) })
}

/// What a paper says across its head of figures up to a day whose month was not closed yet when it was printed.
///
/// # Errors
/// Storage.
pub async fn open(
    view: &mut impl View,
    compound: CompoundId,
    book: Book,
    on: Day,
    printed_at: Instant,
) -> Result<Option<Warning>> {
    let closed = journal::closed_through(view, compound, book, Some(printed_at)).await?;
    let is_open = closed.is_none_or(|closed| closed < Month::of(on));
    Ok(is_open.then(|| {
        let month = Month::of(on);
        Warning::new("未结账", format!("{month} 的账簿尚未结账，以下数字仍可能变动。"))
    }))
}
