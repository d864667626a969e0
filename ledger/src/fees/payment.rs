//! A payment of service fees: oldest bills first, what is left over prepaid.
//!
//! Always: a payment is one voucher, Dr money / Cr 1122 per bill / Cr 2203 for the rest. What the developer owes is not settled
//! by what an owner pays.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::receipt::ReceiptNo;
use super::rows::{OWED, PAYMENT};
use super::{AMOUNT, PREPAID, RECEIVABLE};
use crate::bank::{self, BankLine};
use crate::books::{Tx, View as _};
use crate::calendar::Day;
use crate::error::Result;
use crate::id::{DwellingNo, LineNo, MatterNo, PaymentNo};
use crate::journal::{self, Book, Entry, Kind, Line, Posted};
use crate::money::Money;
use crate::property::{self, RoomCode};
use crate::seal::may_stand_in_clear;
use crate::tariff::Bearer;

/// How a payment was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "缴费方式")]
pub enum Method {
    /// 现金.
    #[schemars(description = "现金")]
    Cash,
    /// 转账.
    #[schemars(description = "转账")]
    Transfer,
    /// 微信.
    #[schemars(description = "微信")]
    Wechat,
    /// 支付宝.
    #[schemars(description = "支付宝")]
    Alipay,
    /// POS 刷卡.
    #[schemars(description = "刷卡")]
    Pos,
    /// 支票.
    #[schemars(description = "支票")]
    Cheque,
    /// 其他.
    #[schemars(description = "其他")]
    Other,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 7] = [
        Method::Cash,
        Method::Transfer,
        Method::Wechat,
        Method::Alipay,
        Method::Pos,
        Method::Cheque,
        Method::Other,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Method::Cash => "cash",
            Method::Transfer => "transfer",
            Method::Wechat => "wechat",
            Method::Alipay => "alipay",
            Method::Pos => "pos",
            Method::Cheque => "cheque",
            Method::Other => "other",
        }
    }

    /// The method with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Method> {
        Method::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The word on a receipt.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Method::Cash => "现金",
            Method::Transfer => "转账",
            Method::Wechat => "微信",
            Method::Alipay => "支付宝",
            Method::Pos => "POS",
            Method::Cheque => "支票",
            Method::Other => "其他",
        }
    }

    /// The method a clerk's word means; [`Method::Other`] if none.
    #[must_use]
    pub fn read(word: &str) -> Method {
        let has = |words: &[&str]| words.iter().any(|w| word.to_lowercase().contains(w));
        match word {
            _ if has(&["现金"]) => Method::Cash,
            _ if has(&["微信", "wechat"]) => Method::Wechat,
            _ if has(&["支付宝", "alipay"]) => Method::Alipay,
            _ if has(&["pos", "刷卡"]) => Method::Pos,
            _ if has(&["支票"]) => Method::Cheque,
            _ if has(&["转账", "银行", "汇款", "托收"]) => Method::Transfer,
            _ => Method::Other,
        }
    }

    /// Where its money lies until it is banked.
    pub(crate) const fn account(self) -> i32 {
        match self {
            Method::Cash => 1001,
            Method::Wechat => 101_201,
            Method::Alipay => 101_202,
            Method::Pos => 101_203,
            Method::Transfer | Method::Cheque | Method::Other => 1002,
        }
    }
}

/// A payment to record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// The dwelling it is for.
    pub dwelling_no: DwellingNo,
    /// How much.
    #[serde(rename = "amount_fen")]
    pub amount: Money,
    /// How it was made.
    pub method: Method,
    /// The day it was received.
    pub received_on: Day,
    /// The transaction's number, a cheque's number; empty if none.
    #[serde(default)]
    pub reference: String,
    /// Who paid, if not an owner.
    #[serde(default)]
    pub payer: String,
    /// The bank line it was seen on. Then amount and day must be the line's.
    #[serde(default)]
    pub line_no: Option<LineNo>,
}

/// A bill's part of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "本次结清的账单")]
pub struct Settled {
    /// The bill.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// What was settled of it.
    #[schemars(description = "本次结清：分", example = 10000)]
    pub amount_fen: Money,
    /// What is still owed on it.
    #[schemars(description = "尚欠：分", example = 0)]
    pub left_fen: Money,
}

/// A recorded payment: what a receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// Its number; also the receipt's.
    pub payment_no: PaymentNo,
    /// Its voucher.
    pub voucher: Posted,
    /// The bills it settled, oldest first.
    pub settled: Vec<Settled>,
    /// What was left over.
    pub prepaid_fen: Money,
    /// The receipt, if it was taken at the counter.
    #[serde(default)]
    pub receipt: Option<ReceiptNo>,
}

/// A bill with something owed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenBill {
    /// The bill.
    pub no: MatterNo,
    /// What is owed on it.
    pub open: Money,
}

/// Records a payment: Dr money / Cr 1122 per bill, oldest first, remainder Cr 2203.
///
/// # Errors
/// `property.no-dwelling`, those of `bank::incoming`, `fees.amount`, those of [`journal::post`].
pub async fn pay(tx: &mut Tx, payment: &Payment) -> Result<Paid> {
    may_stand_in_clear("付款人", &payment.payer)?;
    let (code, _) = property::place(tx, payment.dwelling_no).await?;
    let line = match payment.line_no {
        Some(no) => Some(bank::incoming(tx, Book::Service, no).await?),
        None => None,
    };
    let open = open_bills(tx, payment.dwelling_no).await?;

    let is_of_line = line
        .as_ref()
        .is_none_or(|l| l.inflow == payment.amount && l.occurred_on == payment.received_on);
    if !payment.amount.is_positive() || !payment.amount.is_within_limit() || !is_of_line {
        let seen = line.map_or(String::new(), |l| {
            format!("；流水为 {} {} 元", l.occurred_on, l.inflow.grouped())
        });
        return Err(AMOUNT.refuse(format!("{} 元{seen}", payment.amount.grouped())).into());
    }
    let (settled, prepaid) = apply(&open, payment.amount);

    let spread = Spread { dwelling: payment.dwelling_no, settled, prepaid };
    let receiving = Receiving {
        method: payment.method,
        received_on: payment.received_on,
        reference: &payment.reference,
        payer: &payment.payer,
        line: line.as_ref(),
        memo: format!("{} 缴费（{}）", code, payment.method.in_chinese()),
        spreads: std::slice::from_ref(&spread),
    };
    let (voucher, numbers) = receive(tx, &receiving).await?;
    let bug = || crate::error::Storage::Bug("a payment was kept without a number".to_owned());
    let payment_no = *numbers.first().ok_or_else(bug)?;
    Ok(Paid { payment_no, voucher, settled: spread.settled, prepaid_fen: prepaid, receipt: None })
}

/// What a payment does to one dwelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spread {
    pub(super) dwelling: DwellingNo,
    pub(super) settled: Vec<Settled>,
    pub(super) prepaid: Money,
}

impl Spread {
    pub(super) fn amount(&self) -> Money {
        self.settled.iter().map(|s| s.amount_fen).sum::<Money>() + self.prepaid
    }
}

/// A payment that was judged, of one dwelling or of many; each stands in it once.
pub(super) struct Receiving<'a> {
    pub(super) method: Method,
    pub(super) received_on: Day,
    pub(super) reference: &'a str,
    pub(super) payer: &'a str,
    pub(super) line: Option<&'a BankLine>,
    pub(super) memo: String,
    pub(super) spreads: &'a [Spread],
}

/// Posts a judged payment as one voucher, and keeps a row of it for each dwelling.
pub(super) async fn receive(
    tx: &mut Tx,
    receiving: &Receiving<'_>,
) -> Result<(Posted, Vec<PaymentNo>)> {
    let total: Money = receiving.spreads.iter().map(Spread::amount).sum();
    let mut lines = vec![Line::debit(receiving.method.account(), total)];
    for spread in receiving.spreads {
        let receivable = |s: &Settled| {
            Line::credit(RECEIVABLE, s.amount_fen).of(spread.dwelling).about(s.bill_no)
        };
        lines.extend(spread.settled.iter().map(receivable));
        if spread.prepaid.is_positive() {
            lines.push(Line::credit(PREPAID, spread.prepaid).of(spread.dwelling));
        }
    }
    let source = receiving.line.map_or("柜台".to_owned(), |line| format!("银行流水 {}", line.no));
    let entry = Entry {
        book: Book::Service,
        effective_on: receiving.received_on,
        kind: Kind::Payment,
        memo: receiving.memo.clone(),
        source,
        evidence: receiving.reference.trim().to_owned(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    if let Some(line) = receiving.line {
        bank::claim(tx, line, voucher.seq);
    }
    let mut numbers = Vec::with_capacity(receiving.spreads.len());
    for spread in receiving.spreads {
        let payment = Payment {
            dwelling_no: spread.dwelling,
            amount: spread.amount(),
            method: receiving.method,
            received_on: receiving.received_on,
            reference: receiving.reference.to_owned(),
            payer: receiving.payer.to_owned(),
            line_no: receiving.line.map(|line| line.no),
        };
        numbers.push(keep_payment(tx, &payment, spread.amount() - spread.prepaid, voucher));
    }
    Ok((voucher, numbers))
}

/// Spreads an amount over open bills, oldest first; what is left over is prepaid.
#[must_use]
pub fn apply(open: &[OpenBill], amount: Money) -> (Vec<Settled>, Money) {
    let mut left = amount;
    let mut settled = Vec::new();
    for bill in open {
        let part = left.min(bill.open);
        if part.is_positive() {
            left -= part;
            settled.push(Settled {
                bill_no: bill.no,
                amount_fen: part,
                left_fen: bill.open - part,
            });
        }
    }
    (settled, left)
}

/// Keeps the row of a payment whose voucher is posted.
pub(crate) fn keep_payment(
    tx: &mut Tx,
    payment: &Payment,
    settled: Money,
    voucher: Posted,
) -> PaymentNo {
    let no = PaymentNo(tx.next_no("payment"));
    let row = [
        tx.compound().0.into(),
        no.0.into(),
        payment.dwelling_no.0.into(),
        payment.amount.in_fen().into(),
        settled.in_fen().into(),
        payment.method.name().into(),
        payment.received_on.into(),
        payment.reference.trim().into(),
        payment.payer.trim().into(),
        payment.line_no.map(|line| line.0).into(),
        voucher.seq.0.into(),
        tx.act().0.into(),
    ];
    tx.put(&PAYMENT, &row);
    no
}

/// A bill with something owed on it, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) dwelling: DwellingNo,
    pub(super) no: MatterNo,
    pub(super) open: Money,
    pub(super) bearer: Bearer,
}

/// The owner's bills of a dwelling with something owed, oldest first.
async fn open_bills(tx: &mut Tx, dwelling: DwellingNo) -> Result<Vec<OpenBill>> {
    let (list, value) = tx.list_of(&[dwelling.0], 3);
    let found = owed_by(tx, &list, value, &[dwelling]).await?;
    let owners = found.owed.into_iter().filter(|bill| bill.bearer == Bearer::Owner);
    Ok(owners.map(|bill| OpenBill { no: bill.no, open: bill.open }).collect())
}

/// What some dwellings owe, and what they have prepaid.
#[derive(Debug, Default)]
pub(super) struct Standing {
    /// Bills with something owed, oldest first.
    pub(super) owed: Vec<Owed>,
    /// What is prepaid, of dwellings that ever had a balance.
    pub(super) prepaid: BTreeMap<DwellingNo, Money>,
}

/// The dwellings of some rooms, in their order, and how they stand. A room that ever had a balance is asked for in one question.
///
/// # Errors
/// `property.no-dwelling`.
pub(super) async fn standing_of(
    tx: &mut Tx,
    rooms: &[RoomCode],
) -> Result<(Vec<DwellingNo>, Standing)> {
    if let [only] = rooms {
        let one =
            "= (SELECT d.dwelling_no FROM dwelling d WHERE d.compound_id = $1 AND d.code = $3)";
        let found = owed_by(tx, one, only.as_str().into(), &[]).await?;
        if let Some(dwelling) = found.prepaid.keys().next().copied() {
            return Ok((vec![dwelling], found));
        }
    }
    let dwellings = property::rooms(tx, rooms).await?;
    let numbers: Vec<i32> = dwellings.iter().map(|no| no.0).collect();
    let (list, value) = tx.list_of(&numbers, 3);
    let found = owed_by(tx, &list, value, &dwellings).await?;
    Ok((dwellings, found))
}

/// How the dwellings stand whose number is `which`; what the batch has not written yet of them, and of those `known`, is counted.
/// Both tables are bound by numbers and not by each other, so that a plan made while they were empty is a good one.
async fn owed_by(
    tx: &mut Tx,
    which: &str,
    value: sea_orm::Value,
    known: &[DwellingNo],
) -> Result<Standing> {
    let sql = format!(
        "SELECT l.dwelling_no, l.account, l.matter_no, l.debit_fen - l.credit_fen AS open_fen, b.bearer
         FROM balance l
         LEFT JOIN bill b ON b.compound_id = $1 AND b.dwelling_no {which} AND b.dwelling_no = l.dwelling_no
           AND b.matter_no = l.matter_no
         WHERE l.compound_id = $1 AND l.book = $2 AND l.dwelling_no {which} AND l.account IN ({RECEIVABLE}, {PREPAID})
         ORDER BY b.from_on, b.due_on, b.matter_no, l.dwelling_no"
    );
    let values = vec![tx.compound().0.into(), Book::Service.number().into(), value];
    let mut standing = Standing::default();
    for row in tx.rows(OWED, &sql, values).await? {
        let dwelling = DwellingNo(row.try_get_by_index(0)?);
        let prepaid = standing.prepaid.entry(dwelling).or_default();
        let account: i32 = row.try_get_by_index(1)?;
        let open = Money::fen(row.try_get_by_index(3)?);
        match row.try_get_by_index::<Option<String>>(4)? {
            Some(bearer) if account == RECEIVABLE => standing.owed.push(Owed {
                dwelling,
                no: MatterNo(row.try_get_by_index(2)?),
                open,
                bearer: Bearer::named(&bearer),
            }),
            _ if account == PREPAID => *prepaid -= open,
            _ => {}
        }
    }
    let dwellings: BTreeSet<DwellingNo> = standing.prepaid.keys().chain(known).copied().collect();
    let dwellings: Vec<DwellingNo> = dwellings.into_iter().collect();
    for (dwelling, waiting) in journal::waiting_of_all(tx, Book::Service, &dwellings).await? {
        let (more, is_of) = (waiting.debit_balance(), (waiting.account, waiting.matter));
        for bill in standing.owed.iter_mut().filter(|b| (RECEIVABLE, Some(b.no)) == is_of) {
            bill.open += more;
        }
        if waiting.account == PREPAID {
            *standing.prepaid.entry(dwelling).or_default() -= more;
        }
    }
    standing.owed.retain(|bill| bill.open.is_positive());
    Ok(standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `design.md` §1, the trade's rule: oldest first, remainder prepaid.
    #[test]
    fn a_payment_settles_the_oldest_bills_first() {
        let open = [(1, 300), (2, 200), (3, 500)]
            .map(|(no, fen)| OpenBill { no: MatterNo(no), open: Money::fen(fen) });
        let parts = |amount| {
            let (settled, prepaid) = apply(&open, Money::fen(amount));
            let told: Vec<(i32, i64, i64)> = settled
                .iter()
                .map(|s| (s.bill_no.0, s.amount_fen.in_fen(), s.left_fen.in_fen()))
                .collect();
            (told, prepaid.in_fen())
        };
        assert_eq!(parts(100), (vec![(1, 100, 200)], 0));
        assert_eq!(parts(400), (vec![(1, 300, 0), (2, 100, 100)], 0));
        assert_eq!(parts(1200), (vec![(1, 300, 0), (2, 200, 0), (3, 500, 0)], 200));
        assert_eq!(apply(&[], Money::fen(7)), (vec![], Money::fen(7)));
    }
}
