//! What became of every bill, day by day: billed, received, reduced. Everything this room tells is reckoned from it.
//!
//! Always: what is open is billed less received less reduced, and that is the receivable's balance. Received is what
//! vouchers of receipt and refund settled, prepaid money taken included; whatever else credits a receivable (a waiver, a
//! write-off, an entry by hand) reduces it and is no receipt. So a new kind of voucher is never counted as cash.

use std::collections::BTreeMap;

use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::fees::{self, PREPAID, RECEIVABLE};
use crate::id::{CompoundId, DwellingNo, MatterNo};
use crate::journal::{self, Book, Kind, MatterTurnover, Side};
use crate::money::Money;
use crate::tariff::Bearer;

/// What a movement of a receivable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Billed,
    Received,
    Reduced,
}

/// A movement; its amount adds to what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) on: Day,
    pub(super) what: What,
    pub(super) amount: Money,
}

/// A bill and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) bill_no: MatterNo,
    pub(super) dwelling_no: DwellingNo,
    pub(super) item: String,
    pub(super) from_on: Day,
    pub(super) to_on: Day,
    pub(super) due_on: Day,
    pub(super) bearer: Bearer,
    pub(super) worked: String,
    pub(super) moves: Vec<Move>,
}

impl Held {
    fn sum(&self, what: What, is_meant: impl Fn(Day) -> bool) -> Money {
        let meant = self.moves.iter().filter(|m| m.what == what && is_meant(m.on));
        meant.map(|m| m.amount).sum()
    }

    /// Up to a day.
    pub(super) fn until(&self, what: What, day: Day) -> Money {
        self.sum(what, |on| on <= day)
    }

    /// From one day to another.
    pub(super) fn within(&self, what: What, from: Day, to: Day) -> Money {
        self.sum(what, |on| from <= on && on <= to)
    }

    /// What is owed on it at the end of a day.
    pub(super) fn open(&self, day: Day) -> Money {
        self.until(What::Billed, day)
            - self.until(What::Received, day)
            - self.until(What::Reduced, day)
    }

    /// The last day on which something was received for it, up to a day.
    pub(super) fn last_received(&self, day: Day) -> Option<Day> {
        let received =
            self.moves.iter().filter(|m| m.what == What::Received && m.amount.is_positive());
        received.map(|m| m.on).filter(|on| *on <= day).max()
    }

    /// Whether a day is past its due day and the owner owes something on it.
    pub(super) fn is_overdue(&self, day: Day) -> bool {
        self.bearer == Bearer::Owner && self.due_on < day && self.open(day).is_positive()
    }
}

/// What moved on the dwellings that is about no bill: prepaid money, and receivables of no bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) dwelling_no: DwellingNo,
    pub(super) on: Day,
    /// Whether a receipt or a refund moved it.
    pub(super) is_cash: bool,
    /// What the dwelling's prepaid money grew by.
    pub(super) prepaid: Money,
    /// What receivables of no bill grew by.
    pub(super) receivable: Money,
}

/// Every bill of a compound, or of a dwelling, with what became of it up to a day.
#[derive(Debug)]
pub(super) struct Position {
    pub(super) bills: Vec<Held>,
    pub(super) beside: Vec<Beside>,
}

pub(super) async fn position(
    view: &mut impl View,
    compound: CompoundId,
    until: Day,
    only: Option<DwellingNo>,
) -> Result<Position> {
    let made = fees::bills_made(view, compound, only).await?;
    let accounts = [RECEIVABLE, PREPAID];
    let moved =
        journal::matter_turnover(view, compound, Book::Service, accounts, until, only).await?;
    Ok(sort(made, moved))
}

/// What a movement of a receivable is: a receipt or its refund, what was billed, or what lessened it otherwise.
fn told(kind: Kind, side: Side) -> What {
    match (kind, side) {
        (Kind::Payment | Kind::Refund, _) => What::Received,
        (_, Side::Debit) => What::Billed,
        (_, Side::Credit) => What::Reduced,
    }
}

fn sort(made: Vec<fees::MadeBill>, moved: Vec<MatterTurnover>) -> Position {
    let held = |b: fees::MadeBill| Held {
        bill_no: b.bill_no,
        dwelling_no: b.dwelling_no,
        item: b.item,
        from_on: b.from_on,
        to_on: b.to_on,
        due_on: b.due_on,
        bearer: b.bearer,
        worked: b.worked,
        moves: Vec::new(),
    };
    let mut bills: Vec<Held> = made.into_iter().map(held).collect();
    let places: BTreeMap<(DwellingNo, MatterNo), usize> =
        bills.iter().enumerate().map(|(i, b)| ((b.dwelling_no, b.bill_no), i)).collect();
    let mut beside = Vec::new();
    for m in moved {
        let what = told(m.kind, m.side);
        let place = m.matter.and_then(|matter| places.get(&(m.dwelling, matter)));
        match place.filter(|_| m.account == RECEIVABLE) {
            Some(i) => {
                let amount = if what == What::Billed { m.debit } else { -m.debit };
                bills[*i].moves.push(Move { on: m.on, what, amount });
            }
            None => {
                let is_prepaid = m.account == PREPAID;
                beside.push(Beside {
                    dwelling_no: m.dwelling,
                    on: m.on,
                    is_cash: what == What::Received,
                    prepaid: if is_prepaid { -m.debit } else { Money::ZERO },
                    receivable: if is_prepaid { Money::ZERO } else { m.debit },
                });
            }
        }
    }
    Position { bills, beside }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::arrears) fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    /// A bill of a month, due on a day, with movements (day, what, fen).
    pub(in crate::arrears) fn held(
        no: i32,
        dwelling: i32,
        from: &str,
        due: &str,
        moves: &[(&str, What, i64)],
    ) -> Held {
        let from_on = day(from);
        Held {
            bill_no: MatterNo(no),
            dwelling_no: DwellingNo(dwelling),
            item: "物业费".into(),
            from_on,
            to_on: crate::calendar::Month::of(from_on).last_day(),
            due_on: day(due),
            bearer: Bearer::Owner,
            worked: String::new(),
            moves: moves
                .iter()
                .map(|(on, what, fen)| Move { on: day(on), what: *what, amount: Money::fen(*fen) })
                .collect(),
        }
    }

    #[test]
    fn only_receipts_and_refunds_are_cash() {
        assert_eq!(told(Kind::Payment, Side::Credit), What::Received);
        assert_eq!(told(Kind::Refund, Side::Debit), What::Received);
        assert_eq!(told(Kind::Bill, Side::Debit), What::Billed);
        assert_eq!(told(Kind::Other, Side::Credit), What::Reduced);
        assert_eq!(told(Kind::Opening, Side::Debit), What::Billed);
    }

    #[test]
    fn open_is_billed_less_received_less_reduced() {
        let bill = held(
            1,
            1,
            "2026-01-01",
            "2026-01-31",
            &[
                ("2026-01-01", What::Billed, 10_000),
                ("2026-01-10", What::Received, 3_000),
                ("2026-02-10", What::Reduced, 1_000),
                ("2026-02-11", What::Received, -500),
            ],
        );
        assert_eq!(bill.open(day("2025-12-31")), Money::ZERO);
        assert_eq!(bill.open(day("2026-01-31")), Money::fen(7_000));
        assert_eq!(bill.open(day("2026-03-01")), Money::fen(6_500));
        assert_eq!(bill.last_received(day("2026-03-01")), Some(day("2026-01-10")));
        assert!(!bill.is_overdue(day("2026-01-31")) && bill.is_overdue(day("2026-02-01")));
    }
}
