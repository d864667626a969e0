//! 银行流水: the lines of a statement, kept as they came. Nothing is posted: a clerk, or a later match, says what each was.

use super::{FUTURE, Figures, IN_USE, Judged, Kind, Meta, reject, rows};
use crate::bank::{self, NewLine};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{CompoundId, ImportNo, LineNo};
use crate::intake::{BankReading, BankRow, Order, Said};
use crate::journal::Book;
use crate::money::Money;
use crate::property::{self, RoomCode};

/// A line to keep.
#[derive(Clone)]
pub(super) struct Arrival {
    row_key: String,
    line: NewLine,
}

pub(super) async fn judge(
    view: &mut impl View,
    compound: CompoundId,
    reading: &BankReading,
    book: Book,
    known: &rows::Known,
    today: Day,
) -> Result<Judged<Arrival>> {
    let codes = property::codes(view, compound).await?;
    let meta = Meta::of(&reading.reading);
    let mut judged = Judged::new();
    let (mut matchable, mut unidentified) = (0, 0);
    let account = reading.account_no.clone().unwrap_or_default();
    for row in &reading.reading.rows {
        let wording = wording(row);
        if row.inflow.is_positive() {
            let rooms = RoomCode::find_in_text(&wording);
            let rooms: Vec<&RoomCode> = rooms.iter().filter(|r| codes.contains_key(*r)).collect();
            let is_interest = ["结息", "利息", "付息"].iter().any(|word| wording.contains(word));
            matchable += usize::from(rooms.len() == 1);
            unidentified += usize::from(rooms.is_empty() && !is_interest);
        }
        if known.has(&row.row_key)? {
            judged.known += 1;
        } else if row.occurred_on > today {
            let why = format!("今天 {today}");
            let day = (Said::Day, row.occurred_on.to_string());
            judged.rejects.push(reject(&meta, &row.at, day, &FUTURE, &why));
            continue;
        } else {
            judged.good.push(arrival(row, book, &account, wording));
        }
        judged.sum += row.inflow - row.outflow;
    }
    // Kept in the order in which they happened, however the bank sorted its file.
    if reading.order == Order::Descending {
        judged.good.reverse();
    }
    judged.figures = Figures {
        inflow: Some(reading.inflow),
        outflow: Some(reading.outflow),
        closing: reading.closing,
        matchable: Some(matchable),
        unidentified: Some(unidentified),
        ..Figures::default()
    };
    Ok(judged)
}

fn arrival(row: &BankRow, book: Book, account: &str, wording: String) -> Arrival {
    let own = if row.account_no.is_empty() { account } else { &row.account_no };
    Arrival {
        row_key: row.row_key.clone(),
        line: NewLine {
            book,
            account_no: own.to_owned(),
            occurred_on: row.occurred_on,
            occurred_time: row.occurred_time.clone().unwrap_or_default(),
            inflow: row.inflow.max(Money::ZERO),
            outflow: row.outflow.max(Money::ZERO),
            balance: row.balance,
            counterparty: row.counterparty_name.clone(),
            counterparty_account: row.counterparty_account.clone(),
            wording,
            serial: row.serial.clone(),
        },
    }
}

fn wording(row: &BankRow) -> String {
    let parts = [&row.purpose, &row.summary, &row.remark];
    let parts: Vec<&str> = parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).collect();
    parts.join(" ")
}

pub(super) async fn write(tx: &mut Tx, no: ImportNo, good: Vec<Arrival>) -> Result<()> {
    let lines: Vec<NewLine> = good.iter().map(|a| a.line.clone()).collect();
    let numbers = bank::keep(tx, &lines).await?;
    for (arrival, line) in good.iter().zip(numbers) {
        rows::keep_row(tx, no, Kind::Bank, &arrival.row_key, line.0)?;
    }
    Ok(())
}

/// Takes the lines away again, if none is claimed.
pub(super) async fn undo(tx: &mut Tx, lines: &[i32]) -> Result<usize> {
    let lines: Vec<LineNo> = lines.iter().copied().map(LineNo).collect();
    if let Some(claimed) = bank::first_claimed(tx, &lines).await? {
        return Err(IN_USE.refuse(format!("流水 {claimed} 已认领")).into());
    }
    bank::drop_lines(tx, &lines).await?;
    Ok(0)
}
