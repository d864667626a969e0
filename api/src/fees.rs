//! The door of the service fees: bills, payments, what a dwelling owes.

use std::collections::{BTreeMap, HashMap};

use ledger::books::{Actor, Books, Done, Request, Snapshot};
use ledger::error::Result;
use ledger::fees::{self, Billed, Billing, Charge, FeeAccount, Method, Paid, Payment, Settled};
use ledger::id::{DwellingNo, LineNo, PaymentNo};
use ledger::money::Money;
use ledger::property::{self, Compound, RoomCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::property::AtRoom;
use crate::wire::{Acted, IsoDay, Shown, When};

/// A payment as it is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的缴费")]
pub struct PaymentAsked {
    /// The dwelling, however its code is written.
    #[schemars(description = "房号：1-1-101 或 1栋1单元101", example = &"1-1-101")]
    pub room: String,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 15_000
    )]
    pub amount_fen: Money,
    /// How it was made.
    #[schemars(description = "缴费方式")]
    pub method: Method,
    /// The day it was received.
    #[schemars(description = "收款日期：不得晚于今天")]
    pub received_on: IsoDay,
    /// The transaction's number.
    #[serde(default)]
    #[schemars(description = "交易单号、支票号", example = &"4200001")]
    pub reference: String,
    /// Who paid, if not an owner.
    #[serde(default)]
    #[schemars(description = "付款人：不是产权人时写", example = &"")]
    pub payer: String,
    /// The bank line it was seen on.
    #[serde(default)]
    #[schemars(description = "流水编号：认领银行流水时写，金额、日期须与流水一致")]
    pub line_no: Option<LineNo>,
}

/// Records a payment for whoever asks, at the counter or over the wire.
///
/// # Errors
/// Those of [`property::dwelling`] and [`fees::pay_at_counter`].
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
                fees::pay_at_counter(tx, &payment).await
            })
        })
        .await
}

/// A recorded payment as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的缴费：收据上的内容")]
pub struct PaidView {
    #[schemars(description = "收据编号", example = 1)]
    payment_no: i32,
    #[schemars(description = "凭证号", example = &"service/2026-0001")]
    voucher: String,
    #[schemars(description = "结清的账单：旧的在前")]
    settled: Vec<Settled>,
    #[schemars(description = "余额转预存：分", example = 0)]
    prepaid_fen: i64,
    #[schemars(description = "收据号：柜台收的才有，认领银行流水的没有", example = &"2026-000001")]
    receipt_no: Option<String>,
}

/// `POST /compounds/{compound}/payments`.
///
/// # Errors
/// Those of [`take`].
pub async fn pay(
    visit: Visit,
    Told(asked): Told<PaymentAsked>,
) -> Result<Acted<PaidView>, Problem> {
    let key = visit.key.clone();
    let done = take(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |paid| PaidView {
        payment_no: paid.payment_no.0,
        voucher: paid.voucher.to_string(),
        settled: paid.settled,
        prepaid_fen: paid.prepaid_fen.in_fen(),
        receipt_no: paid.receipt.map(|no| no.to_string()),
    }))
}

/// Bills as they are asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要出的一批账单")]
pub struct BillingAsked {
    /// What is charged.
    #[schemars(description = "收费项目：1 至 40 个字", example = &"物业费")]
    pub item: String,
    /// The first day charged for.
    #[schemars(description = "计费起日")]
    pub from_on: IsoDay,
    /// The last day charged for.
    #[schemars(description = "计费止日")]
    pub to_on: IsoDay,
    /// The day by which it is to be paid.
    #[serde(default)]
    #[schemars(description = "缴费期限：不写则为计费止日")]
    pub due_on: Option<IsoDay>,
    /// Who is charged how much.
    #[schemars(description = "账单明细：1 至 20000 户", length(min = 1, max = 20_000))]
    pub bills: Vec<ChargeAsked>,
}

/// What a room is charged.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一户的应缴")]
pub struct ChargeAsked {
    /// The dwelling, however its code is written.
    #[schemars(description = "房号：1-1-101 或 1栋1单元101", example = &"1-1-101")]
    pub room: String,
    /// How much.
    #[schemars(
        description = "金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 10_000
    )]
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
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已出的一批账单")]
pub struct BilledView {
    #[schemars(description = "凭证号", example = &"service/2026-0001")]
    voucher: String,
    #[schemars(description = "预存抵扣凭证号：有抵扣才有")]
    prepaid_voucher: Option<String>,
    #[schemars(description = "账单编号：与明细同序", example = [1])]
    bills: Vec<i32>,
    #[schemars(description = "应收合计：分", example = 10_000)]
    total_fen: i64,
    #[schemars(description = "预存抵扣：分", example = 0)]
    prepaid_fen: i64,
}

/// `POST /compounds/{compound}/bills`.
///
/// # Errors
/// Those of [`publish`].
pub async fn bill(
    visit: Visit,
    Told(asked): Told<BillingAsked>,
) -> Result<Acted<BilledView>, Problem> {
    let key = visit.key.clone();
    let done = publish(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |billed| BilledView {
        voucher: billed.voucher.to_string(),
        prepaid_voucher: billed.prepaid_voucher.map(|posted| posted.to_string()),
        bills: billed.bills.iter().map(|no| no.0).collect(),
        total_fen: billed.total_fen.in_fen(),
        prepaid_fen: billed.prepaid_fen.in_fen(),
    }))
}

/// `GET /compounds/{compound}/dwellings/{room}/fees`.
///
/// # Errors
/// Those of [`property::dwelling`].
pub async fn account(
    visit: Visit<AtRoom>,
    Asked(when): Asked<When>,
) -> Result<Shown<FeeAccount>, Problem> {
    let today = visit.books.clock().now().day();
    let (compound, room) = (visit.compound.id, &visit.at.room);
    let mut view = visit.read().await?;
    let dwelling = property::dwelling(&mut view, compound, room, today).await?;
    Ok(Shown(fees::account(&mut view, compound, dwelling.no, when.bounds()).await?))
}

/// What a dwelling owes and has prepaid.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一户的欠费与预存")]
pub struct StandingView {
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[schemars(description = "尚欠：分", example = 10_000)]
    arrears_fen: Money,
    #[schemars(description = "预存：分", example = 0)]
    prepaid_fen: Money,
}

/// `GET /compounds/{compound}/fee-standings`.
///
/// # Errors
/// Those of a list.
pub async fn standings(visit: Visit, list: Sought<When>) -> Result<Listed<StandingView>, Problem> {
    let (compound, bounds) = (visit.compound.id, list.query.bounds());
    let mut view = visit.read().await?;
    let rooms = property::numbers(&mut view, compound).await?;
    let standings = fees::standings(&mut view, compound, bounds).await?;
    let rows = standings.into_iter().map(|(no, (arrears_fen, prepaid_fen))| {
        let room = rooms.get(&no).cloned().unwrap_or_default();
        (no, StandingView { room, arrears_fen, prepaid_fen })
    });
    list.answer_from(rows.collect())
}

/// A payment in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一张收据")]
pub struct ReceiptView {
    #[schemars(description = "收据编号", example = 1)]
    payment_no: PaymentNo,
    #[schemars(description = "房号", example = &"1-1-101")]
    room: String,
    #[schemars(description = "金额：分", example = 15_000)]
    amount_fen: Money,
    #[schemars(description = "结清账单：分", example = 15_000)]
    settled_fen: Money,
    #[schemars(description = "缴费方式：cash 现金，transfer 转账，wechat 微信，alipay 支付宝，pos 刷卡，cheque 支票，other 其他", example = &"wechat")]
    method: String,
    #[schemars(description = "收款日期")]
    received_on: IsoDay,
    #[schemars(description = "交易单号", example = &"4200001")]
    reference: String,
}

impl ReceiptView {
    fn new(receipt: fees::Receipt, rooms: &BTreeMap<DwellingNo, String>) -> ReceiptView {
        ReceiptView {
            payment_no: receipt.payment_no,
            room: rooms.get(&receipt.dwelling_no).cloned().unwrap_or_default(),
            amount_fen: receipt.amount_fen,
            settled_fen: receipt.settled_fen,
            method: receipt.method,
            received_on: IsoDay(receipt.received_on),
            reference: receipt.reference,
        }
    }
}

/// Which payments to list.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    #[schemars(description = "房号：只看一户", example = &"1-1-101")]
    room: Option<String>,
}

/// `GET /compounds/{compound}/payments`.
///
/// # Errors
/// Those of a list and of [`property::dwelling`].
pub async fn receipts(
    visit: Visit,
    list: Sought<ReceiptQuery>,
) -> Result<Listed<ReceiptView>, Problem> {
    let today = visit.books.clock().now().day();
    let compound = visit.compound.id;
    let mut view = visit.read().await?;
    let dwelling = match &list.query.room {
        Some(room) => Some(property::dwelling(&mut view, compound, room, today).await?.no),
        None => None,
    };
    let rooms = std::sync::Arc::new(property::numbers(&mut view, compound).await?);
    list.answer(view, move |view: &mut Snapshot, after: Option<PaymentNo>, most: u16| {
        let rooms = std::sync::Arc::clone(&rooms);
        Box::pin(async move {
            let after = after.unwrap_or(PaymentNo(0));
            let found = fees::receipts(view, compound, dwelling, after, i32::from(most)).await?;
            let row = |r: fees::Receipt| (r.payment_no, ReceiptView::new(r, &rooms));
            Ok(found.into_iter().map(row).collect())
        })
    })
    .await
}
