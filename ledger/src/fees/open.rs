//! What a whole compound owes and has paid, bill by bill and payment by payment: for whoever matches money with it.
//!
//! Owns: nothing. Always: what is open is the receivable's balance, and a payment whose voucher was reversed is none.

use super::rows::{BILLS, PAYMENTS};
use super::{Method, RECEIVABLE};
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{CompoundId, DwellingNo, MatterNo, PaymentNo, VoucherSeq};
use crate::journal::Book;
use crate::money::Money;

/// A bill with something owed on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// The bill.
    pub bill_no: MatterNo,
    /// What was charged.
    pub item: String,
    /// The first day charged for.
    pub from_on: Day,
    /// The last day charged for.
    pub to_on: Day,
    /// The day by which it is to be paid.
    pub due_on: Day,
    /// What is still owed.
    pub open: Money,
}

/// Every open bill of a compound, by dwelling, the oldest first. An act flushes before it asks.
///
/// # Errors
/// Storage.
pub async fn open_items(view: &mut impl View, compound: CompoundId) -> Result<Vec<OpenItem>> {
    let sql = "SELECT b.dwelling_no, b.matter_no, b.item, b.from_on, b.to_on, b.due_on,
                 l.debit_fen - l.credit_fen AS open_fen
               FROM bill b JOIN balance l ON l.compound_id = b.compound_id AND l.book = $2
                 AND l.dwelling_no = b.dwelling_no AND l.account = $3 AND l.matter_no = b.matter_no
               WHERE b.compound_id = $1 AND l.debit_fen > l.credit_fen
               ORDER BY b.dwelling_no, b.from_on, b.due_on, b.matter_no";
    let values = vec![compound.0.into(), Book::Service.number().into(), RECEIVABLE.into()];
    let mut items = Vec::new();
    for row in view.rows(BILLS, sql, values).await? {
        items.push(OpenItem {
            dwelling_no: DwellingNo(row.try_get_by_index(0)?),
            bill_no: MatterNo(row.try_get_by_index(1)?),
            item: row.try_get_by_index(2)?,
            from_on: row.try_get_by_index(3)?,
            to_on: row.try_get_by_index(4)?,
            due_on: row.try_get_by_index(5)?,
            open: Money::fen(row.try_get_by_index(6)?),
        });
    }
    Ok(items)
}

/// A payment whose voucher stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The payment; also its receipt's number.
    pub payment_no: PaymentNo,
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// How much.
    pub amount: Money,
    /// How it was made.
    pub method: String,
    /// The day it was received.
    pub received_on: Day,
    /// The transaction's number.
    pub reference: String,
    /// Its voucher.
    pub voucher_seq: VoucherSeq,
}

/// The payments of a compound that stand: by one method, or one payment by its number, or all.
///
/// # Errors
/// Storage.
pub async fn standing_payments(
    view: &mut impl View,
    compound: CompoundId,
    method: Option<Method>,
    only: Option<PaymentNo>,
) -> Result<Vec<Standing>> {
    let mut values = vec![compound.0.into(), Book::Service.number().into()];
    let mut condition = String::new();
    if let Some(method) = method {
        values.push(method.name().into());
        condition += &format!(" AND p.method = ${}", values.len());
    }
    if let Some(no) = only {
        values.push(no.0.into());
        condition += &format!(" AND p.payment_no = ${}", values.len());
    }
    let sql = format!(
        "SELECT p.payment_no, p.dwelling_no, p.amount_fen, p.method, p.received_on, p.reference, p.voucher_seq
         FROM payment p WHERE p.compound_id = $1 {condition}
           AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = p.compound_id AND v.book = $2
                             AND v.reverses_seq = p.voucher_seq)
         ORDER BY p.payment_no"
    );
    let mut standing = Vec::new();
    for row in view.rows(PAYMENTS, &sql, values).await? {
        standing.push(Standing {
            payment_no: PaymentNo(row.try_get_by_index(0)?),
            dwelling_no: DwellingNo(row.try_get_by_index(1)?),
            amount: Money::fen(row.try_get_by_index(2)?),
            method: row.try_get_by_index(3)?,
            received_on: row.try_get_by_index(4)?,
            reference: row.try_get_by_index(5)?,
            voucher_seq: VoucherSeq(row.try_get_by_index(6)?),
        });
    }
    Ok(standing)
}
