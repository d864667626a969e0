//! Refunds of service fees (退费): of a payment, of parts of bills, of what is prepaid; in full or in part.
//!
//! Owns: `fee_refund`.
//!
//! Always: never more than is paid on the bill, than is prepaid, than is left of the payment that is named. What was refunded of a
//! bill is open on it again; the bill may be taken back in the same act, and then its days can be billed again. After
//! a close the voucher stands in the open period with its true day (迟到). A refund of a payment that has a receipt gives a
//! receipt in red that names it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::counter::Chosen;
use super::owed::{State, States, states};
use super::receipt::{self, Issue, ReceiptNo};
use super::remission::{RemissionKind, Remitted, Remitting, remit};
use super::rows::{REFUND, REFUNDS, stands};
use super::{Method, NO_PAYMENT, OVER_PAID, PREPAID, RECEIVABLE, SPENT, may_be_reason, till};
use crate::books::{Tx, View as _};
use crate::calendar::{Day, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{DwellingNo, FeeRefundNo, MatterNo, PaymentNo, VoucherSeq};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property::{self, RoomCode};

/// A refund, as the rooms and channels say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The dwelling.
    pub dwelling_no: DwellingNo,
    /// The payment it is of. Without bills and without prepaid: all that is left of it.
    pub payment_no: Option<PaymentNo>,
    /// How much of it, where no parts are said: what it put ahead first, then its latest bills. None is all that is left.
    pub of_payment: Option<Money>,
    /// Of which bills how much; all that is paid (or left of the payment) if none is said.
    pub bills: Vec<Chosen>,
    /// Of what is prepaid.
    pub prepaid: Money,
    /// Whether the bills that are then paid no more are taken back.
    pub withdraws: bool,
    /// How the money goes back.
    pub method: Method,
    /// The day it goes.
    pub refunded_on: Day,
    /// The transaction's number.
    pub reference: String,
    /// Why.
    pub reason: String,
}

/// A recorded refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refunded {
    /// Its number.
    pub refund_no: FeeRefundNo,
    /// Its voucher.
    pub voucher: Posted,
    /// How much.
    pub amount_fen: Money,
    /// What of it was prepaid.
    pub prepaid_fen: Money,
    /// The receipt in red, if the payment had a receipt.
    pub receipt: Option<ReceiptNo>,
    /// The bills that were taken back.
    pub withdrawn: Vec<MatterNo>,
}

/// What is left of a payment.
#[derive(Clone, Debug, Default)]
struct Left {
    bills: BTreeMap<MatterNo, Money>,
    prepaid: Money,
    receipt: Option<(ReceiptNo, String)>,
}

/// What goes back.
struct Parts {
    bills: Vec<(MatterNo, Money)>,
    prepaid: Money,
}

/// Gives money back: Dr 1122 per bill, Dr 2203 / Cr money.
///
/// # Errors
/// `fees.reason`, `seal.person-in-text`, `fees.no-payment`, `fees.no-bill`, `fees.over-paid`, those of [`journal::post`].
pub async fn refund(tx: &mut Tx, refund: &Refund) -> Result<Refunded> {
    may_be_reason(&refund.reason)?;
    let (compound, dwelling) = (tx.compound(), refund.dwelling_no);
    let states = states(tx, &[dwelling]).await?;
    let left = match refund.payment_no {
        Some(no) => Some(left_of(tx, dwelling, no).await?),
        None => None,
    };

    let parts = decide(refund, &states, left.as_ref())?;

    let of_bills: Money = parts.bills.iter().map(|(_, fen)| *fen).sum();
    let total = of_bills + parts.prepaid;
    let mut lines: Vec<Line> = parts
        .bills
        .iter()
        .map(|(bill, fen)| Line::debit(RECEIVABLE, *fen).of(dwelling).about(*bill))
        .collect();
    if parts.prepaid.is_positive() {
        lines.push(Line::debit(PREPAID, parts.prepaid).of(dwelling));
    }
    lines.push(Line::credit(refund.method.account(), total));
    let (code, _) = property::place(tx, dwelling).await?;
    let entry = Entry {
        book: Book::Service,
        effective_on: refund.refunded_on,
        kind: Kind::Refund,
        memo: format!("{code} 退费（{}）：{}", refund.method.in_chinese(), refund.reason.trim()),
        source: refund.payment_no.map_or("柜台".to_owned(), |no| format!("缴费 {no}")),
        evidence: refund.reference.trim().to_owned(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    let refund_no = FeeRefundNo(tx.next_no("fee-refund"));
    let row = [
        compound.0.into(),
        refund_no.0.into(),
        dwelling.0.into(),
        refund.payment_no.map(|no| no.0).into(),
        total.in_fen().into(),
        of_bills.in_fen().into(),
        refund.method.name().into(),
        refund.refunded_on.into(),
        refund.reference.trim().into(),
        refund.reason.trim().into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&REFUND, &row);
    let of = left.and_then(|left| left.receipt);
    let receipt = of.map(|(of, payer)| {
        let red = Issue {
            of: Some(of),
            voucher,
            amount: -total,
            given: Money::ZERO,
            method: refund.method,
            reference: &refund.reference,
            payer: &payer,
        };
        receipt::issue(tx, &red)
    });
    let withdrawn = if refund.withdraws {
        let unpaid = parts.bills.iter().filter(|(bill, fen)| {
            states.bill(dwelling, *bill).is_some_and(|state| state.open + *fen == state.amount)
        });
        let unpaid: Vec<MatterNo> = unpaid.map(|(bill, _)| *bill).collect();
        withdraw_all(tx, refund, &code, &unpaid).await?;
        unpaid
    } else {
        Vec::new()
    };
    Ok(Refunded {
        refund_no,
        voucher,
        amount_fen: total,
        prepaid_fen: parts.prepaid,
        receipt,
        withdrawn,
    })
}

async fn withdraw_all(
    tx: &mut Tx,
    refund: &Refund,
    code: &str,
    bills: &[MatterNo],
) -> Result<Vec<Remitted>> {
    let unread = |_| crate::error::Storage::Bug(format!("the stored code {code:?} cannot be read"));
    let room = RoomCode::parse(code).map_err(unread)?;
    let mut done = Vec::with_capacity(bills.len());
    for bill in bills {
        let asked = Remitting {
            room: room.clone(),
            bill_no: *bill,
            amount_fen: None,
            on: refund.refunded_on,
            reason: refund.reason.clone(),
        };
        done.push(remit(tx, RemissionKind::Withdrawal, refund.dwelling_no, &asked).await?);
    }
    Ok(done)
}

fn decide(refund: &Refund, states: &States, left: Option<&Left>) -> Result<Parts> {
    let dwelling = refund.dwelling_no;
    let is_whole = refund.bills.is_empty() && refund.prepaid.is_zero();
    let mut parts = Parts { bills: Vec::new(), prepaid: refund.prepaid };
    match left {
        Some(left) if is_whole => {
            let whole = left.bills.values().copied().sum::<Money>() + left.prepaid;
            let mut rest = refund.of_payment.unwrap_or(whole);
            if rest > whole {
                let (asked, had) = (rest.grouped(), whole.grouped());
                let evidence = format!("该笔缴费可退 {had} 元，要退 {asked} 元");
                let refusal = OVER_PAID.refuse(evidence);
                return Err(refusal.with("available_fen", whole.in_fen()).into());
            }
            parts.prepaid = left.prepaid.min(rest);
            rest -= parts.prepaid;
            for (bill, fen) in left.bills.iter().rev() {
                let fen = (*fen).min(rest);
                if fen.is_positive() {
                    parts.bills.push((*bill, fen));
                    rest -= fen;
                }
            }
        }
        _ => {
            for chosen in &refund.bills {
                let of_payment = left.map(|left| left.of(chosen.bill_no));
                let paid = || states.standing(dwelling, chosen.bill_no).map(State::paid);
                let fen = match (chosen.amount_fen, of_payment) {
                    (Some(fen), _) => fen,
                    (None, Some(fen)) => fen,
                    (None, None) => paid()?,
                };
                parts.bills.push((chosen.bill_no, fen));
            }
        }
    }
    may_go_back(&parts, dwelling, states, left)?;
    Ok(parts)
}

impl Left {
    fn of(&self, bill: MatterNo) -> Money {
        self.bills.get(&bill).copied().unwrap_or_default()
    }
}

fn may_go_back(
    parts: &Parts,
    dwelling: DwellingNo,
    states: &States,
    left: Option<&Left>,
) -> Result<()> {
    let over = |what: String, asked: Money, has: Money| -> Refusal {
        let (asked, had) = (asked.grouped(), has.grouped());
        let evidence = format!("{what}可退 {had} 元，要退 {asked} 元");
        OVER_PAID.refuse(evidence).with("available_fen", has.in_fen())
    };
    let mut seen = Vec::new();
    for (bill, fen) in &parts.bills {
        let paid = states.standing(dwelling, *bill)?.paid();
        let has = left.map_or(paid, |left| paid.min(left.of(*bill)));
        if !fen.is_positive() || *fen > has || seen.contains(bill) {
            return Err(over(format!("账单 {bill} "), *fen, has).into());
        }
        seen.push(*bill);
    }
    let prepaid = states.prepaid(dwelling);
    let has = left.map_or(prepaid, |left| prepaid.min(left.prepaid));
    if parts.prepaid.is_negative() || parts.prepaid > has {
        return Err(over("预存".to_owned(), parts.prepaid, has).into());
    }
    if parts.bills.is_empty() && !parts.prepaid.is_positive() {
        return Err(over("本次".to_owned(), Money::ZERO, Money::ZERO).into());
    }
    Ok(())
}

/// What a payment put on the bills of its dwelling and into prepaid, less what was refunded of it.
async fn left_of(tx: &mut Tx, dwelling: DwellingNo, no: PaymentNo) -> Result<Left> {
    let compound = tx.compound();
    let sql = format!(
        "SELECT p.voucher_seq, CASE WHEN {} THEN 1 ELSE 0 END AS is_standing FROM payment p
         WHERE p.compound_id = $1 AND p.payment_no = $2 AND p.dwelling_no = $3",
        stands("p")
    );
    let values = vec![compound.0.into(), no.0.into(), dwelling.0.into()];
    let found = tx.rows(REFUNDS, &sql, values).await?;
    let missing = || NO_PAYMENT.refuse(format!("该户没有缴费 {no}"));
    let row = found.first().ok_or_else(missing)?;
    if row.try_get::<i32>("", "is_standing")? == 0 {
        return Err(NO_PAYMENT.refuse(format!("缴费 {no} 已冲销")).into());
    }
    let own = VoucherSeq(row.try_get("", "voucher_seq")?);
    let sql = format!(
        "SELECT f.voucher_seq FROM fee_refund f
         WHERE f.compound_id = $1 AND f.payment_no = $2 AND {} ORDER BY f.refund_no",
        stands("f")
    );
    let mut vouchers = vec![own];
    for row in tx.rows(REFUNDS, &sql, vec![compound.0.into(), no.0.into()]).await? {
        vouchers.push(VoucherSeq(row.try_get("", "voucher_seq")?));
    }
    let mut left = Left::default();
    for seq in vouchers {
        let voucher = journal::whole(tx, compound, Book::Service, seq).await?;
        for line in voucher.lines.iter().filter(|line| line.dwelling == Some(dwelling)) {
            match (line.account, line.matter) {
                (RECEIVABLE, Some(bill)) => *left.bills.entry(bill).or_default() -= line.signed(),
                (PREPAID, _) => left.prepaid -= line.signed(),
                _ => {}
            }
        }
    }
    let receipt = receipt::of_voucher(tx, compound, own).await?;
    left.receipt = receipt.map(|receipt| (receipt.receipt_no, receipt.payer));
    Ok(left)
}

/// Whether a payment's voucher may be reversed: nothing of it was refunded, or the refund was undone first.
pub(super) async fn may_be_undone(tx: &mut Tx, voucher: VoucherSeq) -> Result<()> {
    let sql = format!(
        "SELECT f.refund_no FROM fee_refund f JOIN payment p
           ON p.compound_id = f.compound_id AND p.payment_no = f.payment_no
         WHERE p.compound_id = $1 AND p.voucher_seq = $2 AND {} ORDER BY f.refund_no",
        stands("f")
    );
    let found = tx.rows(REFUNDS, &sql, vec![tx.compound().0.into(), voucher.0.into()]).await?;
    match found.first() {
        Some(row) => {
            let no: i32 = row.try_get_by_index(0)?;
            Err(SPENT.refuse(format!("所收的款已由退费 {no} 退回")).into())
        }
        None => Ok(()),
    }
}

/// A refund at the counter.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "FeeRefunding", description = "要办理的退费")]
pub struct Refunding {
    /// The room.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The payment it is of.
    #[serde(default)]
    #[schemars(description = "缴费编号：退某一笔缴费时写；账单、预存都不写则退其全部余额")]
    pub payment_no: Option<PaymentNo>,
    /// Of which bills.
    #[serde(default)]
    #[schemars(description = "退哪些账单：金额不写则退该账单已缴的全部", length(max = 200))]
    pub bills: Vec<Chosen>,
    /// Of what is prepaid.
    #[serde(default)]
    #[schemars(
        description = "退预存：分",
        range(min = 0, max = 10_000_000_000_000_i64),
        example = 0
    )]
    pub prepaid_fen: Money,
    /// Whether the bills are taken back.
    #[serde(default)]
    #[schemars(description = "是否一并撤销已无缴款的账单：撤销后可重新出账", example = false)]
    pub withdraw_bills: bool,
    /// How the money goes back.
    #[schemars(description = "退款方式")]
    pub method: Method,
    /// The day.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "退款日期")]
    pub on: Day,
    /// The transaction's number.
    #[serde(default)]
    #[schemars(description = "交易单号、支票号", example = &"")]
    pub reference: String,
    /// Why.
    #[schemars(description = "原因：2 至 200 个字", example = &"房屋已售，退还预存")]
    pub reason: String,
}

/// Gives money back at the counter: it passes through the hands of whoever acts.
///
/// # Errors
/// `property.no-dwelling`, those of [`refund`].
pub async fn refund_at_counter(tx: &mut Tx, asked: &Refunding) -> Result<Refunded> {
    let dwelling_no = property::rooms(tx, std::slice::from_ref(&asked.room)).await?[0];
    let given = Refund {
        dwelling_no,
        payment_no: asked.payment_no,
        of_payment: None,
        bills: asked.bills.clone(),
        prepaid: asked.prepaid_fen,
        withdraws: asked.withdraw_bills,
        method: asked.method,
        refunded_on: asked.on,
        reference: asked.reference.clone(),
        reason: asked.reason.clone(),
    };
    let refunded = refund(tx, &given).await?;
    till::pass(tx, asked.method.name(), -refunded.amount_fen, refunded.voucher);
    Ok(refunded)
}
