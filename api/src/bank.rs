//! The door of the bank room: the lines of statements, and the rooms their words name.
//!
//! Payers are shown by the first character of their names, and a long number in the bank's words by its last four.

use ledger::bank::{self, BankLine, Which};
use ledger::id::LineNo;
use ledger::journal::Book;
use ledger::money::Money;
use reports::household::masked;
use serde::{Deserialize, Serialize};

use crate::door::{Answer, Asked, IsoDay, Page, Visit, shown};

/// Which lines to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineQuery {
    #[serde(default = "fund")]
    book: Book,
    #[serde(default)]
    which: Which,
    after: Option<i32>,
    limit: Option<u16>,
}

fn fund() -> Book {
    Book::Fund
}

/// A line as it is shown, over the wire and at the counter.
#[derive(Debug, Serialize)]
pub(crate) struct LineView {
    pub(crate) line_no: i32,
    book: Book,
    pub(crate) occurred_on: IsoDay,
    occurred_time: String,
    pub(crate) in_fen: Money,
    pub(crate) out_fen: Money,
    pub(crate) counterparty: String,
    pub(crate) wording: String,
    serial: String,
    pub(crate) voucher_seq: Option<i32>,
    /// The rooms its words name: proposals for a person.
    pub(crate) proposed_rooms: Vec<String>,
    is_interest: bool,
}

impl From<BankLine> for LineView {
    fn from(line: BankLine) -> LineView {
        LineView {
            line_no: line.no.0,
            book: line.book,
            occurred_on: IsoDay(line.occurred_on),
            proposed_rooms: line.rooms().iter().map(ToString::to_string).collect(),
            is_interest: line.is_interest(),
            in_fen: line.inflow,
            out_fen: line.outflow,
            counterparty: masked(&line.counterparty),
            wording: without_long_numbers(&line.wording),
            occurred_time: line.occurred_time,
            serial: line.serial,
            voucher_seq: line.voucher_seq.map(|seq| seq.0),
        }
    }
}

/// `GET /compounds/{compound}/bank-lines?book=&which=unclaimed&after=&limit=`.
pub async fn lines(visit: Visit, Asked(query): Asked<LineQuery>) -> Answer {
    let size = Page::<LineView>::size(query.limit);
    let after = LineNo(query.after.unwrap_or(0));
    let mut view = visit.books.read().await?;
    let (compound, most) = (visit.compound.id, i32::from(size));
    let lines = bank::lines(&mut view, compound, query.book, query.which, after, most).await?;
    let items = lines.into_iter().map(LineView::from).collect();
    shown(Page::new(items, size, |line: &LineView| line.line_no.to_string()))
}

/// Words in which a telephone, an account's or an identity number is not to be read.
pub(crate) fn without_long_numbers(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut run = String::new();
    for c in words.chars().chain(['\n']) {
        if c.is_ascii_digit() || (c == 'X' && run.len() == 17) {
            run.push(c);
            continue;
        }
        if run.len() >= 11 {
            out.push_str("****");
            out.push_str(&run[run.len() - 4..]);
        } else {
            out.push_str(&run);
        }
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

#[cfg(test)]
mod tests {
    use super::without_long_numbers;

    #[test]
    fn a_long_number_keeps_its_last_four() {
        assert_eq!(without_long_numbers("维修资金 2-3-401"), "维修资金 2-3-401");
        assert_eq!(without_long_numbers("电话19900003050交"), "电话****3050交");
        assert_eq!(without_long_numbers("99999919700101001X"), "****001X");
        assert_eq!(without_long_numbers(""), "");
    }
}
