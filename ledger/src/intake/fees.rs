//! Fees (收费明细): what was due for which period, and what was paid.
//!
//! Owns: [`fees`], [`FeeRow`].
//!
//! Always: a period has two days, from two columns, from one, or from the item's title; refunds are not
//! imported as negative payments.

use serde::Serialize;

use super::layout::{self, Column};
use super::room;
use super::sheet::Cell;
use super::table::{self, Keys, Line};
use super::value::{self, Span};
use super::{Address, File, MONEY_NEGATIVE, PERIOD_REVERSED, PERIOD_SHAPE, Reading};
use crate::calendar::Day;
use crate::error::Refusal;
use crate::money::Money;
use crate::property::room_code::RoomCode;

/// One charge and its payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FeeRow {
    /// Where the row stands.
    pub at: Address,
    /// Stable over files: room, item, period, amounts, day of payment, receipt and occurrence.
    pub row_key: String,
    /// The room.
    pub room: RoomCode,
    /// What is charged (收费项目).
    pub item: String,
    /// The first day of the period.
    pub from: Day,
    /// The last day of the period.
    pub to: Day,
    /// What was due.
    pub due: Money,
    /// What was waived.
    pub waived: Money,
    /// What was paid.
    pub paid: Money,
    /// The day it was paid.
    pub paid_on: Option<Day>,
    /// Who took it.
    pub cashier: String,
    /// How it was paid.
    pub method: String,
    /// The receipt's number; the payment's number if there is no receipt.
    pub receipt_no: Option<String>,
    /// The remark.
    pub remark: String,
    /// Among rows that say the same, which this is, from 1.
    pub occurrence: u32,
}

/// Reads fees.
///
/// # Errors
/// Any refusal of a file; see [`super::RULES`].
pub fn fees(file: File<'_>) -> Result<Reading<FeeRow>, Refusal> {
    let mut keys = Keys::default();
    let table = table::read(file, layout::fees(), &mut |line| read_row(line, &mut keys))?;
    Ok(table.reading)
}

fn read_row(line: &mut Line<'_>, keys: &mut Keys) -> Option<FeeRow> {
    let room = room::read(line);
    let item = line.text(Column::Item);
    line.needed(Column::Item, (!item.is_empty()).then_some(()));
    let span = span(line, &item);
    let due = line.money(Column::Due);
    let due = line.needed(Column::Due, due);
    let waived = line.money(Column::Waived);
    let paid = line.money(Column::Paid);
    for (column, figure) in [(Column::Due, due), (Column::Waived, waived), (Column::Paid, paid)] {
        if figure.is_some_and(Money::is_negative) {
            line.fault(column, &MONEY_NEGATIVE, "");
        }
    }
    let paid_on = line.day(Column::Day);
    let (cashier, method) = (line.text(Column::Cashier), line.text(Column::Method));
    let receipt_no = line.identifier(Column::Receipt);
    let receipt_no = receipt_no.or_else(|| line.identifier(Column::Serial));
    let remark = line.text(Column::Remark);

    let (from, to) = span?;
    let mut row = FeeRow {
        at: line.at(),
        row_key: String::new(),
        room: room?.code,
        item,
        from,
        to,
        due: due?,
        waived: waived.unwrap_or(Money::ZERO),
        paid: paid.unwrap_or(Money::ZERO),
        paid_on,
        cashier,
        method,
        receipt_no,
        remark,
        occurrence: 1,
    };
    if !line.is_faulty() {
        (row.row_key, row.occurrence) = key(&row, keys);
    }
    Some(row)
}

/// The period, from two columns, else from one, else from the title: `2026年1月物业费`.
fn span(line: &mut Line<'_>, item: &str) -> Option<Span> {
    let (from, to) = (line.day(Column::From), line.day(Column::To));
    let found = match (from, to) {
        (Some(from), Some(to)) => Some((from, to)),
        _ if line.is_faulty() => return None,
        _ => line.period(Column::Period).or_else(|| in_title(item)),
    };
    let column = [Column::From, Column::Period, Column::Item];
    let column = column.into_iter().find(|column| line.has(*column)).unwrap_or(Column::Item);
    match found {
        None => {
            if !line.is_faulty() {
                line.fault(column, &PERIOD_SHAPE, "");
            }
            None
        }
        Some((from, to)) if to < from => {
            line.fault(column, &PERIOD_REVERSED, format!("{from} 至 {to}"));
            None
        }
        found => found,
    }
}

/// A period that a title begins with.
fn in_title(item: &str) -> Option<Span> {
    let ends: Vec<usize> = item.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let read = |end: &usize| value::period(&Cell::Text(item.get(..*end)?.into())).ok()?;
    // The longest beginning that is a period; a year alone is too little to go by.
    let is_year = |end: &usize| item.get(..*end).is_some_and(|text| text.chars().count() < 6);
    ends.iter().rev().filter(|end| !is_year(end)).find_map(read)
}

fn key(row: &FeeRow, keys: &mut Keys) -> (String, u32) {
    keys.key(
        "fee",
        &[
            row.room.as_str(),
            &row.item,
            &row.from.to_string(),
            &row.to.to_string(),
            &row.due.to_string(),
            &row.waived.to_string(),
            &row.paid.to_string(),
            &row.paid_on.map(|day| day.to_string()).unwrap_or_default(),
            row.receipt_no.as_deref().unwrap_or_default(),
        ],
    )
}
