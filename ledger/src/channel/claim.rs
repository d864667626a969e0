//! What an order was found to be: a dwelling's payment, a payment that stands already, money held, money that went back,
//! the refund of a payment.
//!
//! Owns: `channel_claim`.
//!
//! Always: a claim names the voucher that says it; an order is one thing at a time; what is held is exactly what stands on
//! 224101. Assigning held money takes it out of 暂存款 and pays with it, both on the day it came.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::matching::{self, Class, Ground, Proposal};
use super::{Channel, HELD, Order, OrderKind, State, Which, account_of, method_of, order, orders};
use crate::bank;
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Result, Rule};
use crate::fees::{self, Payment, Settled};
use crate::id::{DwellingNo, LineNo, OrderNo, PaymentNo, VoucherSeq};
use crate::journal::{self, Book, Entry, Line, Posted};
use crate::mask;
use crate::money::Money;
use crate::property;
use crate::seal::may_stand_in_clear;

/// The order is something already.
pub static DECIDED: Rule = Rule {
    code: "channel.decided",
    kind: Answer::Conflict,
    rule: "一笔渠道订单只能认定一次",
    remedy: "查看已有的收据或暂存；认错了请先冲销其凭证",
};

/// The order is not money that came in.
pub static NOT_MONEY_IN: Rule = Rule {
    code: "channel.not-money-in",
    kind: Answer::Refused,
    rule: "只有收款的订单才能入账或暂存",
    remedy: "退款请按退回办理；手续费、提现随到账核销",
};

/// Nothing says whose it is.
pub static NO_CANDIDATE: Rule = Rule {
    code: "channel.no-candidate",
    kind: Answer::Refused,
    rule: "没有唯一的房屋可以入账",
    remedy: "写明房号，或先暂存",
};

/// The payment is another.
pub static NOT_THIS_PAYMENT: Rule = Rule {
    code: "channel.not-this-payment",
    kind: Answer::Refused,
    rule: "认定为已有收据的，渠道、金额须相符，且一张收据只对一笔订单",
    remedy: "核对收据编号与金额",
};

/// Nothing of it is held, or less.
pub static NOT_HELD: Rule = Rule {
    code: "channel.not-held",
    kind: Answer::Refused,
    rule: "退回的须是暂存款，且不得多于暂存的金额",
    remedy: "已入账为缴费的，请按退费办理；未认定的先暂存",
};

/// The refund is of something else.
pub static NOT_THIS_REFUND: Rule = Rule {
    code: "channel.not-this-refund",
    kind: Answer::Refused,
    rule: "退款订单须与所退的订单同渠道、原单号相符，且尚未认定",
    remedy: "核对退款订单编号；经银行退回的，写明银行流水编号与日期",
};

/// No reason was given.
pub static REASON: Rule = Rule {
    code: "channel.reason",
    kind: Answer::Shape,
    rule: "暂存、退回须写明事由（2 至 200 个字）",
    remedy: "写明事由，例如 付款人未写房号",
};

pub(super) static CLAIM: Table = Table {
    name: "channel_claim",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("claim_no", Column::Int),
        ("order_no", Column::Int),
        ("held_order_no", Column::Int),
        ("kind", Column::Text),
        ("amount_fen", Column::Big),
        ("dwelling_no", Column::SomeInt),
        ("payment_no", Column::SomeInt),
        ("voucher_seq", Column::Int),
        ("reason", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

/// A claim to keep.
struct NewClaim<'a> {
    order: OrderNo,
    held_order: OrderNo,
    kind: &'static str,
    amount: Money,
    whose: Option<(DwellingNo, PaymentNo)>,
    voucher: VoucherSeq,
    reason: &'a str,
}

fn keep(tx: &mut Tx, new: &NewClaim<'_>) {
    let no = tx.next_no("channel-claim");
    let row = [
        tx.compound().0.into(),
        no.into(),
        new.order.0.into(),
        new.held_order.0.into(),
        new.kind.into(),
        new.amount.in_fen().into(),
        new.whose.map(|(dwelling, _)| dwelling.0).into(),
        new.whose.map(|(_, payment)| payment.0).into(),
        new.voucher.0.into(),
        new.reason.into(),
        tx.act().0.into(),
    ];
    tx.put(&CLAIM, &row);
}

/// What an order is said to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// The order.
    pub order_no: OrderNo,
    /// Whose it is; the proposal's one dwelling if none is said.
    pub dwelling_no: Option<DwellingNo>,
    /// The payment it already is.
    pub payment_no: Option<PaymentNo>,
}

/// What became of an accepted order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The order.
    pub order_no: OrderNo,
    /// Whose it is.
    pub dwelling_no: DwellingNo,
    /// Its receipt.
    pub payment_no: PaymentNo,
    /// How much.
    pub amount_fen: Money,
    /// The payment's voucher.
    pub voucher: VoucherSeq,
    /// Whether the payment stood already.
    pub is_tied: bool,
    /// The bills it settled.
    pub settled: Vec<Settled>,
    /// What was left over.
    pub prepaid_fen: Money,
}

/// Books an order as a dwelling's payment, or as a payment that stands already.
///
/// # Errors
/// `channel.no-order`, `channel.not-money-in`, `channel.decided`, `channel.no-candidate`, `channel.not-this-payment`, those of
/// [`fees::pay`].
pub async fn accept(tx: &mut Tx, asked: &Accept) -> Result<Accepted> {
    let compound = tx.compound();
    let order = order(tx, compound, asked.order_no).await?;
    may_be_decided(&order)?;
    tx.flush().await?;
    if let Some(payment) = asked.payment_no {
        return tie(tx, &order, payment, asked.dwelling_no).await;
    }
    let dwelling = match asked.dwelling_no {
        Some(dwelling) => dwelling,
        None => {
            let ground = matching::ground(tx, compound, order.channel).await?;
            let proposal = matching::decide(&order, &ground);
            if let Some(payment) = proposal.payment {
                return tie(tx, &order, payment, None).await;
            }
            let missing = || NO_CANDIDATE.refuse(format!("订单 {}：{}", order.no, proposal.why));
            proposal.dwelling().ok_or_else(missing)?
        }
    };
    release(tx, &order).await?;
    pay(tx, &order, dwelling).await
}

/// Whether somebody may still say what an order is.
fn may_be_decided(order: &Order) -> Result<()> {
    let is_in = matches!(order.kind, OrderKind::Pay | OrderKind::Other);
    if !is_in || !order.amount.is_positive() {
        let evidence =
            format!("订单 {} 为 {} {} 元", order.no, order.kind.name(), order.amount.grouped());
        return Err(NOT_MONEY_IN.refuse(evidence).into());
    }
    let evidence = match (order.state, order.payment) {
        (State::Open | State::Held, _) => return Ok(()),
        (_, Some(payment)) => format!("订单 {} 已入账为收据 {payment}", order.no),
        _ => format!("订单 {} 已退回", order.no),
    };
    Err(DECIDED.refuse(evidence).into())
}

/// Pays with an order.
async fn pay(tx: &mut Tx, order: &Order, dwelling: DwellingNo) -> Result<Accepted> {
    let payment = Payment {
        dwelling_no: dwelling,
        amount: order.amount,
        method: method_of(order.channel),
        received_on: order.occurred_on,
        reference: reference(order),
        payer: String::new(),
        line_no: None,
    };
    let paid = fees::pay(tx, &payment).await?;
    keep(
        tx,
        &NewClaim {
            order: order.no,
            held_order: order.no,
            kind: "paid",
            amount: order.amount,
            whose: Some((dwelling, paid.payment_no)),
            voucher: paid.voucher.seq,
            reason: "",
        },
    );
    Ok(Accepted {
        order_no: order.no,
        dwelling_no: dwelling,
        payment_no: paid.payment_no,
        amount_fen: order.amount,
        voucher: paid.voucher.seq,
        is_tied: false,
        settled: paid.settled,
        prepaid_fen: paid.prepaid_fen,
    })
}

/// What a receipt names an order by. A number that looks like a person's stays masked.
fn reference(order: &Order) -> String {
    let number = if order.number.is_empty() { &order.merchant_number } else { &order.number };
    mask::text_of_persons(number)
}

/// Says that an order is a payment that stands.
async fn tie(
    tx: &mut Tx,
    order: &Order,
    payment: PaymentNo,
    dwelling: Option<DwellingNo>,
) -> Result<Accepted> {
    let compound = tx.compound();
    let found = fees::standing_payments(tx, compound, None, Some(payment)).await?.pop();
    let wrong = |evidence: String| NOT_THIS_PAYMENT.refuse(evidence);
    let standing = found.ok_or_else(|| wrong(format!("收据 {payment} 不存在或已冲销")))?;
    let is_same = standing.method == method_of(order.channel).name()
        && standing.amount == order.amount
        && dwelling.is_none_or(|no| no == standing.dwelling_no);
    if !is_same {
        let evidence = format!(
            "收据 {payment} 为 {} {} 元，订单 {} 为 {} {} 元",
            standing.method,
            standing.amount.grouped(),
            order.no,
            order.channel.name(),
            order.amount.grouped()
        );
        return Err(wrong(evidence).into());
    }
    let sql = "SELECT order_no FROM channel_claim WHERE compound_id = $1 AND payment_no = $2";
    let values = vec![compound.0.into(), payment.0.into()];
    if let Some(row) = tx.rows(super::ORDERS, sql, values).await?.first() {
        let other: i32 = row.try_get_by_index(0)?;
        return Err(wrong(format!("收据 {payment} 已对应订单 {other}")).into());
    }
    release(tx, order).await?;
    keep(
        tx,
        &NewClaim {
            order: order.no,
            held_order: order.no,
            kind: "tied",
            amount: order.amount,
            whose: Some((standing.dwelling_no, payment)),
            voucher: standing.voucher_seq,
            reason: "",
        },
    );
    Ok(Accepted {
        order_no: order.no,
        dwelling_no: standing.dwelling_no,
        payment_no: payment,
        amount_fen: order.amount,
        voucher: standing.voucher_seq,
        is_tied: true,
        settled: Vec::new(),
        prepaid_fen: Money::ZERO,
    })
}

fn entry(order: &Order, on: Day, memo: String, lines: Vec<Line>) -> Entry {
    Entry {
        book: Book::Service,
        effective_on: on,
        kind: journal::Kind::Other,
        memo,
        source: format!("渠道订单 {}", order.no),
        evidence: reference(order),
        lines,
    }
}

/// Takes what is held of an order out of 暂存款, on the day it came.
async fn release(tx: &mut Tx, order: &Order) -> Result<()> {
    if !order.held.is_positive() {
        return Ok(());
    }
    if order.held != order.amount {
        let evidence = format!("订单 {} 已部分退回，暂存 {} 元", order.no, order.held.grouped());
        return Err(DECIDED.refuse(evidence).into());
    }
    let lines =
        vec![Line::debit(HELD, order.held), Line::credit(account_of(order.channel), order.held)];
    let memo = format!("{}暂存款转出", order.channel.in_chinese());
    let voucher = journal::post(tx, entry(order, order.occurred_on, memo, lines)).await?;
    keep(tx, &of_held(order, "released", order.held, voucher, ""));
    Ok(())
}

fn of_held<'a>(
    order: &Order,
    kind: &'static str,
    amount: Money,
    voucher: Posted,
    reason: &'a str,
) -> NewClaim<'a> {
    NewClaim {
        order: order.no,
        held_order: order.no,
        kind,
        amount,
        whose: None,
        voucher: voucher.seq,
        reason,
    }
}

/// An order to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The order.
    pub order_no: OrderNo,
    /// Why it cannot be booked yet.
    pub reason: String,
}

/// What was held, or went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The order.
    pub order_no: OrderNo,
    /// How much.
    pub amount_fen: Money,
    /// The voucher.
    pub voucher: Posted,
}

fn reasoned(reason: &str) -> Result<&str> {
    let reason = reason.trim();
    if !(2..=200).contains(&reason.chars().count()) {
        return Err(REASON.refuse(format!("{} 个字", reason.chars().count())).into());
    }
    may_stand_in_clear("事由", reason)?;
    Ok(reason)
}

/// Holds money nobody can name yet: Dr 1012 / Cr 224101, on the day it came.
///
/// # Errors
/// `channel.reason`, `channel.no-order`, `channel.not-money-in`, `channel.decided`, those of [`journal::post`].
pub async fn hold(tx: &mut Tx, asked: &Hold) -> Result<Kept> {
    let reason = reasoned(&asked.reason)?;
    let order = order(tx, tx.compound(), asked.order_no).await?;
    may_be_decided(&order)?;
    if order.state == State::Held {
        return Err(DECIDED.refuse(format!("订单 {} 已暂存", order.no)).into());
    }
    let lines = vec![
        Line::debit(account_of(order.channel), order.amount),
        Line::credit(HELD, order.amount),
    ];
    let memo = format!("{}待查款项", order.channel.in_chinese());
    let voucher = journal::post(tx, entry(&order, order.occurred_on, memo, lines)).await?;
    keep(tx, &of_held(&order, "held", order.amount, voucher, reason));
    Ok(Kept { order_no: order.no, amount_fen: order.amount, voucher })
}

/// Held money to give back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The order that is held.
    pub order_no: OrderNo,
    /// The refund by which the channel gave it back.
    pub refund_no: Option<OrderNo>,
    /// The bank line by which it was given back.
    pub line_no: Option<LineNo>,
    /// The day of that line.
    pub on: Option<Day>,
    /// Why.
    pub reason: String,
}

/// Gives held money back: Dr 224101 / Cr 1012 by a refund of the channel, or Cr 1002 by a bank line. What was booked as a
/// dwelling's payment goes back as a refund of that payment, and its bills are open again.
///
/// # Errors
/// `channel.reason`, `channel.no-order`, `channel.not-held`, `channel.not-this-refund`, those of `bank::moving`, of
/// [`fees::refund`] and of [`journal::post`].
pub async fn give_back(tx: &mut Tx, asked: &Return) -> Result<Kept> {
    let reason = reasoned(&asked.reason)?.to_owned();
    let compound = tx.compound();
    let order_held = order(tx, compound, asked.order_no).await?;
    let held = order_held.held;
    let (by, amount, on, account, line) = match (asked.refund_no, asked.line_no, asked.on) {
        (Some(refund), None, _) => {
            let refund = order(tx, compound, refund).await?;
            let is_its = refund.kind == OrderKind::Refund
                && refund.state == State::Open
                && refund.channel == order_held.channel
                && (refund.of_number.is_empty() || refund.of_number == order_held.number);
            if !is_its {
                let evidence = format!("订单 {} 与退款 {}", order_held.no, refund.no);
                return Err(NOT_THIS_REFUND.refuse(evidence).into());
            }
            if let (State::Applied, Some(dwelling), Some(payment)) =
                (order_held.state, order_held.dwelling, order_held.payment)
            {
                return refunded(tx, &refund, (dwelling, payment), reason).await;
            }
            let (amount, on) = (refund.amount.abs(), refund.occurred_on);
            (refund, amount, on, account_of(order_held.channel), None)
        }
        (None, Some(line), Some(on)) => {
            let line = bank::moving(tx, Book::Service, line, -held, on).await?;
            (order_held.clone(), held, on, super::BANK, Some(line))
        }
        _ => {
            let evidence = "须写退款订单编号，或银行流水编号与日期".to_owned();
            return Err(NOT_THIS_REFUND.refuse(evidence).into());
        }
    };
    if !held.is_positive() || amount > held {
        let evidence = format!(
            "订单 {} 暂存 {} 元，退回 {} 元",
            order_held.no,
            held.grouped(),
            amount.grouped()
        );
        return Err(NOT_HELD.refuse(evidence).into());
    }
    let lines = vec![Line::debit(HELD, amount), Line::credit(account, amount)];
    let memo = format!("退回{}待查款项：{reason}", order_held.channel.in_chinese());
    let voucher = journal::post(tx, entry(&order_held, on, memo, lines)).await?;
    if let Some(line) = &line {
        bank::claim(tx, line, voucher.seq);
    }
    let claim = of_held(&order_held, "returned", amount, voucher, &reason);
    keep(tx, &NewClaim { order: by.no, ..claim });
    Ok(Kept { order_no: order_held.no, amount_fen: amount, voucher })
}

/// Books the channel's refund of an order that is a dwelling's payment.
async fn refunded(
    tx: &mut Tx,
    refund: &Order,
    (dwelling, payment): (DwellingNo, PaymentNo),
    reason: String,
) -> Result<Kept> {
    let amount = refund.amount.abs();
    let asked = fees::Refund {
        dwelling_no: dwelling,
        payment_no: Some(payment),
        of_payment: Some(amount),
        bills: Vec::new(),
        prepaid: Money::ZERO,
        withdraws: false,
        method: method_of(refund.channel),
        refunded_on: refund.occurred_on,
        reference: reference(refund),
        reason: reason.clone(),
    };
    let done = fees::refund(tx, &asked).await?;
    keep(
        tx,
        &NewClaim {
            order: refund.no,
            held_order: refund.no,
            kind: "refunded",
            amount,
            whose: Some((dwelling, payment)),
            voucher: done.voucher.seq,
            reason: &reason,
        },
    );
    Ok(Kept { order_no: refund.no, amount_fen: amount, voucher: done.voucher })
}

/// How many open orders one act looks at.
pub const APPLY_MOST: i32 = 5_000;

/// Which exact orders to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Apply {
    /// Of which channel.
    pub channel: Channel,
    /// From after this order on.
    pub after: OrderNo,
    /// How many open orders to look at, at most [`APPLY_MOST`].
    pub most: i32,
}

/// What was applied.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "自动入账的结果")]
pub struct Applied {
    /// How many orders were booked.
    #[schemars(description = "入账笔数", example = 110)]
    pub applied: u32,
    /// How many of them stood as payments already.
    #[schemars(description = "其中：已有收据，只作对应", example = 0)]
    pub tied: u32,
    /// Σ booked.
    #[schemars(description = "入账合计：分", example = 1_172_202)]
    pub amount_fen: Money,
    /// How many of those looked at wait for a person.
    #[schemars(description = "待人工认定的笔数", example = 0)]
    pub waiting: u32,
    /// The last order looked at, if there are more after it.
    #[schemars(description = "未看完时：从此订单编号之后接着办")]
    pub next: Option<OrderNo>,
}

/// Books the orders of a channel that can be nothing else, in the order they came, a page of them.
///
/// # Errors
/// Storage, those of [`fees::pay`].
pub async fn apply(tx: &mut Tx, asked: &Apply) -> Result<Applied> {
    let compound = tx.compound();
    tx.flush().await?;
    let channel = asked.channel;
    let which = Which { channel: Some(channel), state: Some(State::Open), ..Which::default() };
    let most = asked.most.clamp(1, APPLY_MOST);
    let open = orders(tx, compound, which, asked.after, most).await?;
    let next = open.last().map(|order| order.no);
    let is_full = i32::try_from(open.len()).is_ok_and(|count| count == most);
    let mut ground = matching::ground(tx, compound, channel).await?;
    let next = next.filter(|_| is_full);
    let mut done = Applied { applied: 0, tied: 0, amount_fen: Money::ZERO, waiting: 0, next };
    for order in &open {
        let proposal = matching::decide(order, &ground);
        let Some(dwelling) = exact(&proposal) else {
            done.waiting += 1;
            continue;
        };
        let accepted = match proposal.payment {
            Some(payment) => tie(tx, order, payment, None).await?,
            None => pay(tx, order, dwelling).await?,
        };
        note(&mut ground, order, &accepted);
        done.applied += 1;
        done.tied += u32::from(accepted.is_tied);
        done.amount_fen += accepted.amount_fen;
        tx.put_is_due().await?;
    }
    Ok(done)
}

fn exact(proposal: &Proposal) -> Option<DwellingNo> {
    (proposal.class == Class::Exact).then(|| proposal.dwelling()).flatten()
}

/// What the next order must know of the last.
fn note(ground: &mut Ground, order: &Order, accepted: &Accepted) {
    if accepted.is_tied {
        for number in [&order.number, &order.merchant_number] {
            ground.by_reference.remove(number);
        }
        return;
    }
    ground.settle(accepted.dwelling_no, &accepted.settled);
}

/// The dwelling a clerk named, by its code, on the day of the order.
///
/// # Errors
/// `channel.no-order`, `property.room`, `property.no-dwelling`.
pub async fn dwelling_named(
    view: &mut impl View,
    compound: crate::id::CompoundId,
    no: OrderNo,
    room: &str,
) -> Result<DwellingNo> {
    let order = order(view, compound, no).await?;
    Ok(property::dwelling(view, compound, room, order.occurred_on).await?.no)
}
