//! The door of the service fees: bills, payments, what a dwelling owes.

use std::collections::HashMap;

use ledger::books::{Actor, Books, Done, Request};
use ledger::calendar::Instant;
use ledger::error::Result;
use ledger::fees::{self, Billed, Billing, Charge, Method, Paid, Payment, Settled};
use ledger::id::{DwellingNo, LineNo, PaymentNo};
use ledger::money::Money;
use ledger::property::{self, Compound, RoomCode};
use serde::{Deserialize, Serialize};

use crate::door::{Answer, Asked, IsoDay, Page, Told, Visit, acted, as_of, shown};

/// A payment as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentAsked {
    /// The dwelling, however its code is written.
    pub room: String,
    /// How much.
    pub amount_fen: Money,
    /// How it was made.
    pub method: Method,
    /// The day it was received.
    pub received_on: IsoDay,
    /// The transaction's number.
    #[serde(default)]
    pub reference: String,
    /// Who paid, if not an owner.
    #[serde(default)]
    pub payer: String,
    /// The bank line it was seen on.
    #[serde(default)]
    pub line_no: Option<LineNo>,
}

/// Records a payment for whoever asks, at the counter or over the wire.
///
/// # Errors
/// Those of [`property::dwelling`] and [`fees::pay`].
pub async fn take(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: PaymentAsked,
) -> Result<Done<Paid>> {
    let request = Request::new("fees.pay", asked).maybe_once(key);
    books
        .act(actor, compound.id, request, |tx, asked: &PaymentAsked| {
            Box::pin(async move {
                let (compound, today) = (tx.compound(), tx.at().day());
                let dwelling = property::dwelling(tx, compound, &asked.room, today).await?;
                let payment = Payment {
                    dwelling_no: dwelling.no,
                    amount: asked.amount_fen,
                    method: asked.method,
                    received_on: asked.received_on.0,
                    reference: asked.reference.clone(),
                    payer: asked.payer.clone(),
                    line_no: asked.line_no,
                };
                fees::pay(tx, &payment).await
            })
        })
        .await
}

/// A recorded payment as the wire shows it.
#[derive(Debug, Serialize)]
struct PaidView {
    payment_no: i32,
    voucher: String,
    settled: Vec<Settled>,
    prepaid_fen: i64,
}

/// `POST /compounds/{compound}/payments`.
pub async fn pay(visit: Visit, Told(asked): Told<PaymentAsked>) -> Answer {
    let key = visit.key.clone();
    let done = take(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    acted(&done, |paid| PaidView {
        payment_no: paid.payment_no.0,
        voucher: paid.voucher.to_string(),
        settled: paid.settled,
        prepaid_fen: paid.prepaid_fen.in_fen(),
    })
}

/// Bills as they are asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillingAsked {
    /// What is charged.
    pub item: String,
    /// The first day charged for.
    pub from_on: IsoDay,
    /// The last day charged for.
    pub to_on: IsoDay,
    /// The day by which it is to be paid.
    #[serde(default)]
    pub due_on: Option<IsoDay>,
    /// Who is charged how much.
    pub bills: Vec<ChargeAsked>,
}

/// What a room is charged.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeAsked {
    /// The dwelling, however its code is written.
    pub room: String,
    /// How much.
    pub amount_fen: Money,
}

/// Publishes bills for whoever asks.
///
/// # Errors
/// `property.room-code`, `property.no-dwelling`, those of [`fees::bill`].
pub async fn publish(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: BillingAsked,
) -> Result<Done<Billed>> {
    let request = Request::new("fees.bill", asked).maybe_once(key).alone();
    books
        .act(actor, compound.id, request, |tx, asked: &BillingAsked| {
            Box::pin(async move {
                let compound = tx.compound();
                let codes = property::codes(tx, compound).await?;
                fees::bill(tx, &asked.billing(&codes)?).await
            })
        })
        .await
}

impl BillingAsked {
    fn billing(&self, codes: &HashMap<RoomCode, DwellingNo>) -> Result<Billing> {
        let mut bills = Vec::with_capacity(self.bills.len());
        for ChargeAsked { room, amount_fen } in &self.bills {
            let shown: String = room.chars().take(60).collect();
            let unread = |why| property::ROOM.refuse(format!("{shown:?}：{why}"));
            let code = RoomCode::parse(room).map_err(unread)?;
            let missing = || property::NO_DWELLING.refuse(format!("房号 {code}"));
            let dwelling_no = *codes.get(&code).ok_or_else(missing)?;
            bills.push(Charge { dwelling_no, amount: *amount_fen });
        }
        let (from_on, to_on) = (self.from_on.0, self.to_on.0);
        let due_on = self.due_on.map(|day| day.0);
        Ok(Billing { item: self.item.clone(), from_on, to_on, due_on, bills })
    }
}

/// Published bills as the wire shows them.
#[derive(Debug, Serialize)]
struct BilledView {
    voucher: String,
    prepaid_voucher: Option<String>,
    bills: Vec<i32>,
    total_fen: i64,
    prepaid_fen: i64,
}

/// `POST /compounds/{compound}/bills`.
pub async fn bill(visit: Visit, Told(asked): Told<BillingAsked>) -> Answer {
    let key = visit.key.clone();
    let done = publish(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    acted(&done, |billed| BilledView {
        voucher: billed.voucher.to_string(),
        prepaid_voucher: billed.prepaid_voucher.map(|posted| posted.to_string()),
        bills: billed.bills.iter().map(|no| no.0).collect(),
        total_fen: billed.total_fen.in_fen(),
        prepaid_fen: billed.prepaid_fen.in_fen(),
    })
}

/// As of when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    as_of: Option<IsoDay>,
    known_at: Option<Instant>,
}

/// `GET /compounds/{compound}/dwellings/{room}/fees?as_of=&known_at=`.
pub async fn account(visit: Visit, Asked(query): Asked<AccountQuery>) -> Answer {
    let today = visit.books.clock().now().day();
    let (compound, room) = (visit.compound.id, visit.place("room"));
    let mut view = visit.books.read().await?;
    let dwelling = property::dwelling(&mut view, compound, room, today).await?;
    let bounds = as_of(query.as_of, query.known_at);
    shown(fees::account(&mut view, compound, dwelling.no, bounds).await?)
}

/// Which payments to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    room: Option<String>,
    after: Option<i32>,
    limit: Option<u16>,
}

/// `GET /compounds/{compound}/payments?room=&after=&limit=`.
pub async fn receipts(visit: Visit, Asked(query): Asked<ReceiptQuery>) -> Answer {
    let size = Page::<fees::Receipt>::size(query.limit);
    let today = visit.books.clock().now().day();
    let compound = visit.compound.id;
    let mut view = visit.books.read().await?;
    let dwelling = match &query.room {
        Some(room) => Some(property::dwelling(&mut view, compound, room, today).await?.no),
        None => None,
    };
    let (after, most) = (PaymentNo(query.after.unwrap_or(0)), i32::from(size));
    let items = fees::receipts(&mut view, compound, dwelling, after, most).await?;
    shown(Page::new(items, size, |receipt: &fees::Receipt| receipt.payment_no.to_string()))
}
