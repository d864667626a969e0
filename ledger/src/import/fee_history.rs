//! 收费明细: what was charged and what was paid, as the company kept it. A row's payment settles the row's own bill; what it
//! paid beyond is prepaid. A period yet to come has no bill: its payment is prepaid.

use std::collections::{BTreeMap, HashMap};

use super::deposits::reverse_all;
use super::{DUE_DIFFERS, FUTURE, Figures, Judged, Kind, Meta, NO_DAY, ROOM_UNKNOWN, reject, rows};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Result, Rule};
use crate::fees::{self, Billing, Charge, Method, PREPAID, Payment, RECEIVABLE};
use crate::id::{CompoundId, DwellingNo, ImportNo, MatterNo};
use crate::intake::{FeeRow, Reading, Said};
use crate::journal::{self, Book, Entry, Line};
use crate::mask;
use crate::money::Money;
use crate::property;
use crate::seal::IN_TEXT;

/// A row to book.
#[derive(Clone)]
pub(super) struct Fee {
    row_key: String,
    source: String,
    dwelling: DwellingNo,
    room: String,
    item: String,
    from: Day,
    to: Day,
    due: Money,
    paid: Money,
    paid_on: Day,
    method: Method,
    reference: String,
}

type BillKey = (DwellingNo, String, Day, Day);

pub(super) async fn judge(
    view: &mut impl View,
    compound: CompoundId,
    reading: &Reading<FeeRow>,
    known: &rows::Known,
    today: Day,
) -> Result<Judged<Fee>> {
    let codes = property::codes(view, compound).await?;
    let meta = Meta::of(reading);
    let mut judged = Judged::new();
    let mut charged: HashMap<BillKey, Money> = HashMap::new();
    let mut due_in_all = Money::ZERO;
    let mut ahead = 0;
    for row in &reading.rows {
        if known.has(&row.row_key)? {
            judged.known += 1;
            judged.sum += row.paid;
            due_in_all += row.due - row.waived;
            continue;
        }
        let mut fault = |rule: &'static Rule, said: Said, value: String, why: &str| {
            judged.rejects.push(reject(&meta, &row.at, (said, value), rule, why));
        };
        let Some(dwelling) = codes.get(&row.room).copied() else {
            fault(&ROOM_UNKNOWN, Said::Room, row.room.to_string(), "");
            continue;
        };
        let paid_on = match row.paid_on {
            Some(day) if day > today => {
                fault(&FUTURE, Said::Day, day.to_string(), &format!("今天 {today}"));
                continue;
            }
            None if row.paid.is_positive() => {
                let why = format!("实缴 {} 元", row.paid.grouped());
                fault(&NO_DAY, Said::Day, String::new(), &why);
                continue;
            }
            day => day.unwrap_or(today),
        };
        let texts = [Some(&row.item), row.receipt_no.as_ref()];
        if let Some(text) = texts.into_iter().flatten().find(|text| mask::names_a_person(text)) {
            fault(&IN_TEXT, Said::Receipt, mask::text(text), "");
            continue;
        }
        let due = row.due - row.waived;
        let key = (dwelling, row.item.clone(), row.from, row.to);
        let first = *charged.entry(key).or_insert(due);
        if first != due {
            let why = format!("前一行为 {} 元", first.grouped());
            fault(&DUE_DIFFERS, Said::Due, due.to_string(), &why);
            continue;
        }
        ahead += usize::from(row.from > today);
        judged.sum += row.paid;
        due_in_all += due;
        judged.good.push(Fee {
            row_key: row.row_key.clone(),
            source: mask::text(&row.at.to_string()),
            dwelling,
            room: row.room.to_string(),
            item: row.item.clone(),
            from: row.from,
            to: row.to,
            due,
            paid: row.paid,
            paid_on,
            method: Method::read(&row.method),
            reference: row.receipt_no.clone().unwrap_or_default(),
        });
    }
    if ahead > 0 {
        judged.notes.push(format!("{ahead} 行的计费期间尚未开始，实缴金额记为预收"));
    }
    judged.good.sort_by(|a, b| (a.paid_on, &a.source).cmp(&(b.paid_on, &b.source)));
    judged.figures = Figures { due: Some(due_in_all), ..Figures::default() };
    Ok(judged)
}

pub(super) async fn write(tx: &mut Tx, no: ImportNo, good: Vec<Fee>) -> Result<()> {
    let bills = publish(tx, &good).await?;
    let mut open: HashMap<MatterNo, Money> = bills.values().map(|b| (b.0, b.1)).collect();
    for fee in good {
        let key = (fee.dwelling, fee.item.clone(), fee.from, fee.to);
        let bill = bills.get(&key).map(|(bill, _, voucher)| (*bill, *voucher));
        let mut subject = bill.map_or(0, |(_, voucher)| voucher);
        if fee.paid.is_positive() {
            subject = pay(tx, &fee, bill.map(|(bill, _)| bill), &mut open).await?;
        }
        rows::keep_row(tx, no, Kind::Fees, &fee.row_key, subject)?;
    }
    Ok(())
}

type Published = HashMap<BillKey, (MatterNo, Money, i32)>;

/// Publishes the bills the rows speak of that are not there yet: one voucher an item and period.
async fn publish(tx: &mut Tx, good: &[Fee]) -> Result<Published> {
    let today = tx.at().day();
    let mut wanted: BTreeMap<(Day, Day, String), BTreeMap<DwellingNo, Money>> = BTreeMap::new();
    for fee in good.iter().filter(|f| f.due.is_positive() && f.from <= today) {
        let period = (fee.from, fee.to, fee.item.clone());
        wanted.entry(period).or_default().insert(fee.dwelling, fee.due);
    }
    let mut published = Published::new();
    for ((from_on, to_on, item), charges) in wanted {
        let there = fees::open_bills_of(tx, &item, from_on, to_on).await?;
        for (dwelling, (bill, open, voucher)) in &there {
            let key = (*dwelling, item.clone(), from_on, to_on);
            published.insert(key, (*bill, *open, *voucher));
        }
        let bills: Vec<Charge> = charges
            .into_iter()
            .filter(|(dwelling, _)| !there.contains_key(dwelling))
            .map(|(dwelling_no, amount)| Charge { dwelling_no, amount })
            .collect();
        if bills.is_empty() {
            continue;
        }
        let billing = Billing { item: item.clone(), from_on, to_on, due_on: None, bills };
        let billed = fees::bill(tx, &billing).await?;
        for (charge, bill) in billing.bills.iter().zip(billed.bills) {
            let key = (charge.dwelling_no, item.clone(), from_on, to_on);
            published.insert(key, (bill, charge.amount, billed.voucher.seq.0));
        }
    }
    Ok(published)
}

/// Books a row's payment against its own bill; what is left over is prepaid.
async fn pay(
    tx: &mut Tx,
    fee: &Fee,
    bill: Option<MatterNo>,
    open: &mut HashMap<MatterNo, Money>,
) -> Result<i32> {
    let owed = bill.and_then(|bill| open.get(&bill).copied()).unwrap_or_default();
    let settled = owed.min(fee.paid);
    let mut lines = vec![Line::debit(fee.method.account(), fee.paid)];
    if let Some(bill) = bill.filter(|_| settled.is_positive()) {
        open.insert(bill, owed - settled);
        lines.push(Line::credit(RECEIVABLE, settled).of(fee.dwelling).about(bill));
    }
    if fee.paid > settled {
        lines.push(Line::credit(PREPAID, fee.paid - settled).of(fee.dwelling));
    }
    let entry = Entry {
        book: Book::Service,
        effective_on: fee.paid_on,
        kind: journal::Kind::Payment,
        memo: format!("{} 缴 {} {}~{}", fee.room, fee.item, fee.from, fee.to),
        source: fee.source.clone(),
        evidence: fee.reference.clone(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    let payment = Payment {
        dwelling_no: fee.dwelling,
        amount: fee.paid,
        method: fee.method,
        received_on: fee.paid_on,
        reference: fee.reference.clone(),
        payer: String::new(),
        line_no: None,
    };
    fees::keep_payment(tx, &payment, settled, voucher);
    Ok(voucher.seq.0)
}

/// Reverses the payments and the bills of an import in red, as of today.
pub(super) async fn undo(tx: &mut Tx, vouchers: &[i32]) -> Result<usize> {
    let bills = fees::bill_vouchers_of(tx, vouchers).await?;
    let all: Vec<i32> = vouchers.iter().copied().chain(bills).collect();
    reverse_all(tx, Book::Service, &all).await
}
