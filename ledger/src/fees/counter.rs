//! The counter (收银台): money for chosen bills, the oldest, or ahead of time; of one dwelling or of many; one voucher, one receipt.
//!
//! Always: what is paid is said: bills, how much of the oldest, how much ahead; nothing becomes prepaid by itself here. Change is
//! given only of cash. What is taken ahead stays within the policy pack's cap (`prepay-most`). One act, and as few questions
//! to the database as a payment of one bill.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::billing::own;
use super::payment::{OpenBill, Owed, Paid, Payment, Receiving, Settled, Spread, apply, pay};
use super::payment::{receive, standing_of};
use super::receipt::{self, Issue, ReceiptNo};
use super::rows::{BILLS, bill_stands};
use super::{AMOUNT, CHANGE, CHOICE, Method, NO_BILL, OVER_OWED, PREPAY_MOST, REFERENCE, till};
use crate::books::{Tx, View as _};
use crate::calendar::{Day, Month, iso_day};
use crate::error::{Refusal, Result};
use crate::id::{DwellingNo, MatterNo, PaymentNo};
use crate::journal::Posted;
use crate::money::Money;
use crate::people;
use crate::policy;
use crate::property::{self, RoomCode};
use crate::seal::may_stand_in_clear;
use crate::tariff::{self, Bearer, Known, Series};

/// How many dwellings one payer pays for at once.
const ROOMS_MOST: usize = 500;

/// A bill that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChosenBill", description = "所选的账单")]
pub struct Chosen {
    /// The bill.
    #[schemars(description = "账单编号", example = 1)]
    pub bill_no: MatterNo,
    /// How much of it; all if nobody says.
    #[serde(default)]
    #[schemars(
        description = "金额：分；不写则为全部",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 10_000
    )]
    pub amount_fen: Option<Money>,
}

/// What is paid for a dwelling.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CounterPart", description = "一户所缴")]
pub struct Part {
    /// The room.
    #[schemars(description = "房号", with = "String", example = &"1-1-101")]
    pub room: RoomCode,
    /// The bills that were chosen.
    #[serde(default)]
    #[schemars(description = "所选的账单", length(max = 1000))]
    pub bills: Vec<Chosen>,
    /// How much of the oldest bills besides.
    #[serde(default)]
    #[schemars(
        description = "按旧欠先清的金额：分",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 10_000
    )]
    pub oldest_fen: Option<Money>,
    /// How much ahead.
    #[serde(default)]
    #[schemars(
        description = "预存：分，不超过当地规定的预收期限",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 30_000
    )]
    pub prepay_fen: Option<Money>,
}

/// A payment at the counter.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CounterTaking", description = "要收的款")]
pub struct Taking {
    /// What for, a dwelling each.
    #[schemars(description = "各户所缴：每户一项", length(min = 1, max = 500))]
    pub parts: Vec<Part>,
    /// Whose bills are the oldest.
    #[serde(default = "owner")]
    #[schemars(description = "按旧欠先清的，清谁的账单；不写则为业主的")]
    pub bearer: Bearer,
    /// How it is paid.
    #[schemars(description = "缴费方式")]
    pub method: Method,
    /// The day it was received.
    #[serde(deserialize_with = "iso_day")]
    #[schemars(description = "收款日期")]
    pub received_on: Day,
    /// What was handed over, in cash.
    #[serde(default)]
    #[schemars(
        description = "实收：分；现金有找零时写",
        range(min = 1, max = 10_000_000_000_000_i64),
        example = 20_000
    )]
    pub given_fen: Option<Money>,
    /// A cheque's number, a slip's.
    #[serde(default)]
    #[schemars(description = "票号、交易单号：支票、刷卡必写", example = &"")]
    pub reference: String,
    /// Who paid.
    #[serde(default)]
    #[schemars(description = "缴款人：不是产权人时写", example = &"")]
    pub payer: String,
    /// The void receipt it stands in for.
    #[serde(default)]
    #[schemars(description = "换开：所代替的已作废收据号", example = &"2026-000001")]
    pub replaces: Option<ReceiptNo>,
}

const fn owner() -> Bearer {
    Bearer::Owner
}

/// What a dwelling's part did.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(rename = "CounterTold", description = "一户所结清")]
pub struct Told {
    /// The room.
    #[schemars(description = "房号", example = &"1-1-101")]
    pub room: String,
    /// The payment's number.
    #[schemars(description = "缴费编号", example = 1)]
    pub payment_no: PaymentNo,
    /// The bills.
    #[schemars(description = "结清的账单")]
    pub settled: Vec<Settled>,
    /// What is ahead.
    #[schemars(description = "预存：分", example = 0)]
    pub prepaid_fen: Money,
}

/// What was taken: what the receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// The receipt.
    pub receipt_no: ReceiptNo,
    /// The voucher.
    pub voucher: Posted,
    /// Dwelling by dwelling.
    pub parts: Vec<Told>,
    /// Σ.
    pub total_fen: Money,
    /// What was handed over.
    pub given_fen: Money,
    /// What went back.
    pub change_fen: Money,
}

/// Takes money at the counter.
///
/// # Errors
/// `seal.person-in-text`, `fees.choice`, `property.no-dwelling`, `fees.no-bill`, `fees.over-owed`, `fees.amount`,
/// `fees.reference`, `fees.change`, `fees.prepay-most`, `fees.no-receipt`, `fees.receipt-void`, those of
/// [`crate::journal::post`].
pub async fn take(tx: &mut Tx, taking: &Taking) -> Result<Taken> {
    may_stand_in_clear("缴款人", &taking.payer)?;
    may_be_chosen(taking)?;
    let rooms: Vec<RoomCode> = taking.parts.iter().map(|part| part.room.clone()).collect();
    let (dwellings, standing) = standing_of(tx, &rooms).await?;

    let mut spreads = Vec::with_capacity(dwellings.len());
    for (part, dwelling) in taking.parts.iter().zip(&dwellings) {
        spreads.push(spread(part, *dwelling, &standing.owed, taking.bearer)?);
    }
    let total: Money = spreads.iter().map(Spread::amount).sum();
    if !total.is_positive() || !total.is_within_limit() {
        return Err(AMOUNT.refuse(format!("{} 元", total.grouped())).into());
    }
    let given = may_be_given(taking.method, &taking.reference, taking.given_fen, total)?;
    for (part, spread) in taking.parts.iter().zip(&spreads) {
        if spread.prepaid.is_positive() {
            let has = standing.prepaid.get(&spread.dwelling).copied().unwrap_or_default();
            may_be_prepaid(tx, &part.room, spread, has).await?;
        }
    }
    if let Some(of) = taking.replaces {
        receipt::may_be_replaced(tx, of).await?;
    }

    let many = if rooms.len() > 1 { format!(" 等 {} 户", rooms.len()) } else { String::new() };
    let receiving = Receiving {
        method: taking.method,
        received_on: taking.received_on,
        reference: &taking.reference,
        payer: &taking.payer,
        line: None,
        memo: format!("{}{many} 缴费（{}）", rooms[0], taking.method.in_chinese()),
        spreads: &spreads,
    };
    let (voucher, numbers) = receive(tx, &receiving).await?;
    let issue = Issue {
        of: taking.replaces,
        voucher,
        amount: total,
        given,
        method: taking.method,
        reference: &taking.reference,
        payer: &taking.payer,
    };
    let receipt_no = receipt::issue(tx, &issue);
    till::pass(tx, taking.method.name(), total, voucher);
    let parts = rooms.iter().zip(spreads).zip(numbers).map(|((room, spread), payment_no)| Told {
        room: room.to_string(),
        payment_no,
        settled: spread.settled,
        prepaid_fen: spread.prepaid,
    });
    Ok(Taken {
        receipt_no,
        voucher,
        parts: parts.collect(),
        total_fen: total,
        given_fen: given,
        change_fen: given - total,
    })
}

/// Records a payment as [`pay`] does; one that no bank line shows was taken at the counter: it gets a receipt, and passes
/// through the hands of whoever acts.
///
/// # Errors
/// Those of [`pay`].
pub async fn pay_at_counter(tx: &mut Tx, payment: &Payment) -> Result<Paid> {
    let paid = pay(tx, payment).await?;
    if payment.line_no.is_some() {
        return Ok(paid);
    }
    let issue = Issue {
        of: None,
        voucher: paid.voucher,
        amount: payment.amount,
        given: payment.amount,
        method: payment.method,
        reference: &payment.reference,
        payer: &payment.payer,
    };
    let receipt = Some(receipt::issue(tx, &issue));
    till::pass(tx, payment.method.name(), payment.amount, paid.voucher);
    Ok(Paid { receipt, ..paid })
}

fn may_be_chosen(taking: &Taking) -> Result<(), Refusal> {
    if taking.parts.is_empty() || taking.parts.len() > ROOMS_MOST {
        return Err(CHOICE.refuse(format!("{} 户", taking.parts.len())));
    }
    let mut rooms: Vec<&RoomCode> = taking.parts.iter().map(|part| &part.room).collect();
    rooms.sort();
    if let Some(twice) = rooms.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(CHOICE.refuse(format!("{} 写了两次", twice[0])));
    }
    let is_empty = |part: &&Part| {
        part.bills.is_empty() && part.oldest_fen.is_none() && part.prepay_fen.is_none()
    };
    match taking.parts.iter().find(is_empty) {
        Some(part) => Err(CHOICE.refuse(format!("{} 没有写缴什么", part.room))),
        None => Ok(()),
    }
}

/// What was handed over: a cheque and a slip have numbers, and only cash has change.
pub(super) fn may_be_given(
    method: Method,
    reference: &str,
    given: Option<Money>,
    total: Money,
) -> Result<Money, Refusal> {
    if matches!(method, Method::Cheque | Method::Pos) && reference.trim().is_empty() {
        return Err(REFERENCE.refuse(format!("{}没有写票号", method.in_chinese())));
    }
    let given = given.unwrap_or(total);
    if given < total || !given.is_within_limit() || (method != Method::Cash && given != total) {
        let (word, given, total) = (method.in_chinese(), given.grouped(), total.grouped());
        return Err(CHANGE.refuse(format!("{word} 应缴 {total} 元，实收 {given} 元")));
    }
    Ok(given)
}

/// What a part does to its dwelling: the chosen bills first, then the oldest of what is left open.
fn spread(
    part: &Part,
    dwelling: DwellingNo,
    owed: &[Owed],
    bearer: Bearer,
) -> Result<Spread, Refusal> {
    let mut open: Vec<(Owed, Money)> =
        owed.iter().filter(|o| o.dwelling == dwelling).map(|o| (*o, o.open)).collect();
    let mut settled: Vec<Settled> = Vec::new();
    for chosen in &part.bills {
        let found = open.iter_mut().find(|(bill, _)| bill.no == chosen.bill_no);
        let missing = || NO_BILL.refuse(format!("{} 没有尚欠的账单 {}", part.room, chosen.bill_no));
        let (bill, left) = found.ok_or_else(missing)?;
        let amount = chosen.amount_fen.unwrap_or(*left);
        if !amount.is_positive() || amount > *left {
            let (asked, open) = (amount.grouped(), left.grouped());
            let evidence = format!("账单 {} 尚欠 {open} 元，本次 {asked} 元", bill.no);
            return Err(OVER_OWED.refuse(evidence).with("open_fen", left.in_fen()));
        }
        *left -= amount;
        settled.push(Settled { bill_no: bill.no, amount_fen: amount, left_fen: *left });
    }
    if let Some(amount) = part.oldest_fen {
        let left: Vec<OpenBill> = open
            .iter()
            .filter(|(bill, left)| bill.bearer == bearer && left.is_positive())
            .map(|(bill, left)| OpenBill { no: bill.no, open: *left })
            .collect();
        let (more, rest) = apply(&left, amount);
        if !amount.is_positive() || rest.is_positive() {
            let has: Money = left.iter().map(|bill| bill.open).sum();
            let (asked, has_told) = (amount.grouped(), has.grouped());
            let evidence = format!("{} 尚欠 {has_told} 元，本次 {asked} 元", part.room);
            return Err(OVER_OWED.refuse(evidence).with("open_fen", has.in_fen()));
        }
        for one in more {
            match settled.iter_mut().find(|s| s.bill_no == one.bill_no) {
                Some(same) => {
                    same.amount_fen += one.amount_fen;
                    same.left_fen = one.left_fen;
                }
                None => settled.push(one),
            }
        }
    }
    let prepaid = part.prepay_fen.unwrap_or_default();
    if prepaid.is_negative() {
        return Err(AMOUNT.refuse(format!("{} 元", prepaid.grouped())));
    }
    Ok(Spread { dwelling, settled, prepaid })
}

/// Whether so much may be taken ahead of a dwelling: what its place's law allows, of what it is charged in a month.
async fn may_be_prepaid(tx: &mut Tx, room: &RoomCode, spread: &Spread, has: Money) -> Result<()> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let jurisdiction = property::jurisdiction(tx, compound).await?;
    let pack = policy::at(tx, &jurisdiction, today).await?;
    let Some(most) = *pack.terms.prepay_most.value else { return Ok(()) };
    let contracts = people::contracts(tx).await?;
    let end = contracts
        .iter()
        .map(|(_, care)| care)
        .filter(|care| care.compound == compound && care.term.holds_on(today))
        .filter_map(|care| care.term.until_on)
        .max();
    let months = match end.filter(|_| most.within_contract) {
        Some(end) => i64::from(most.months).min(months_until(today, end)),
        None => i64::from(most.months),
    };
    let yearly = a_year_of(tx, room, spread.dwelling, today).await?;

    let cap = Money::fen(yearly.in_fen().saturating_mul(months) / 12);
    if has + spread.prepaid > cap {
        let (has, asked, told) = (has.grouped(), spread.prepaid.grouped(), cap.grouped());
        let known = if yearly.is_zero() {
            "；该户没有收费标准也没有账单，无从计算"
        } else {
            ""
        };
        let evidence = format!(
            "{room} 已预存 {has} 元，本次预存 {asked} 元，{months} 个月合 {told} 元{known}（{}）",
            pack.terms.prepay_most.article
        );
        return Err(PREPAY_MOST.refuse(evidence).with("cap_fen", cap.in_fen()).into());
    }
    Ok(())
}

/// How many whole months there are until a day, the day's own counted.
fn months_until(today: Day, end: Day) -> i64 {
    let (mut month, last) = (Month::of(today), Month::of(end));
    let mut months = 0;
    while month < last && months < 1200 {
        month = month.next();
        months += 1;
    }
    months
}

/// What a dwelling is charged in the twelve months ahead, by its prices; without any, by the last bill of each item.
async fn a_year_of(
    tx: &mut Tx,
    room: &RoomCode,
    dwelling: DwellingNo,
    today: Day,
) -> Result<Money> {
    let compound = tx.compound();
    let terms = tariff::terms(tx, compound).await?;
    let tariffs = tariff::tariffs(tx, compound).await?;
    let reliefs = tariff::reliefs(tx, compound).await?;
    let leases = tariff::leases(tx, compound).await?;
    let home = property::dwelling(tx, compound, room.as_str(), today).await?;
    let mut sum = Money::ZERO;
    let mut month = Month::of(today);
    for _ in 0..12 {
        month = month.next();
        let Some(terms) = tariff::terms_on(&terms, month.last_day()) else { continue };
        for series in &Series::of(&tariffs) {
            let known = Known {
                dwelling: &home,
                terms,
                reliefs: own(&reliefs, dwelling, |r| r.dwelling_no),
                leases: own(&leases, dwelling, |l| l.dwelling_no),
                // What is metered is not known ahead, and not taken ahead.
                readings: &[],
                charged: &[],
            };
            if let Ok(due) = tariff::reckon::reckon(series, month, &known) {
                sum += due.iter().filter(|d| d.bearer == Bearer::Owner).map(|d| d.amount).sum();
            }
        }
    }
    if sum.is_positive() {
        return Ok(sum);
    }
    let sql = format!(
        "SELECT b.item, b.from_on, b.to_on, b.amount_fen FROM bill b
         WHERE b.compound_id = $1 AND b.dwelling_no = $2 AND b.bearer = $3 AND {}
           AND NOT EXISTS (SELECT 1 FROM bill_penalty n WHERE n.compound_id = b.compound_id
                             AND n.dwelling_no = b.dwelling_no AND n.matter_no = b.matter_no)
         ORDER BY b.from_on, b.matter_no",
        bill_stands()
    );
    let values = vec![compound.0.into(), dwelling.0.into(), Bearer::Owner.name().into()];
    let mut last: BTreeMap<String, Money> = BTreeMap::new();
    for row in tx.rows(BILLS, &sql, values).await? {
        let (from, to): (Day, Day) = (row.try_get("", "from_on")?, row.try_get("", "to_on")?);
        let months = months_until(from, to) + 1;
        let fen: i64 = row.try_get("", "amount_fen")?;
        last.insert(row.try_get("", "item")?, Money::fen(fen.saturating_mul(12) / months));
    }
    Ok(last.into_values().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owed(no: i32, fen: i64, bearer: Bearer) -> Owed {
        Owed { dwelling: DwellingNo(1), no: MatterNo(no), open: Money::fen(fen), bearer }
    }

    fn part(bills: &[(i32, Option<i64>)], oldest: Option<i64>, prepay: Option<i64>) -> Part {
        let chosen = |(no, fen): &(i32, Option<i64>)| Chosen {
            bill_no: MatterNo(*no),
            amount_fen: fen.map(Money::fen),
        };
        Part {
            room: RoomCode::parse("1-1-101").unwrap(),
            bills: bills.iter().map(chosen).collect(),
            oldest_fen: oldest.map(Money::fen),
            prepay_fen: prepay.map(Money::fen),
        }
    }

    #[test]
    fn the_chosen_bills_are_paid_first_then_the_oldest() {
        let open = [
            owed(1, 300, Bearer::Owner),
            owed(2, 200, Bearer::Owner),
            owed(3, 500, Bearer::Developer),
        ];
        let told = |part: &Part| {
            let spread = spread(part, DwellingNo(1), &open, Bearer::Owner)?;
            let settled = spread.settled.iter();
            let settled =
                settled.map(|s| (s.bill_no.0, s.amount_fen.in_fen(), s.left_fen.in_fen()));
            Ok::<_, Refusal>((settled.collect::<Vec<_>>(), spread.prepaid.in_fen()))
        };
        assert_eq!(told(&part(&[(2, None)], None, None)).unwrap(), (vec![(2, 200, 0)], 0));
        let both = part(&[(2, Some(50))], Some(350), Some(7));
        assert_eq!(told(&both).unwrap(), (vec![(2, 100, 100), (1, 300, 0)], 7));
        assert_eq!(told(&part(&[(3, None)], None, None)).unwrap(), (vec![(3, 500, 0)], 0));
        let code = |part: Part| told(&part).unwrap_err().code();
        assert_eq!(code(part(&[(2, Some(201))], None, None)), "fees.over-owed");
        assert_eq!(code(part(&[(2, None), (2, None)], None, None)), "fees.over-owed");
        assert_eq!(code(part(&[], Some(501), None)), "fees.over-owed");
        assert_eq!(code(part(&[(9, None)], None, None)), "fees.no-bill");
    }

    #[test]
    fn only_cash_has_change() {
        let given = |method, reference: &str, given: Option<i64>| {
            may_be_given(method, reference, given.map(Money::fen), Money::fen(100))
        };
        assert_eq!(given(Method::Cash, "", Some(150)).unwrap().in_fen(), 150);
        assert_eq!(given(Method::Wechat, "", None).unwrap().in_fen(), 100);
        assert_eq!(given(Method::Cash, "", Some(99)).unwrap_err().code(), "fees.change");
        assert_eq!(given(Method::Transfer, "", Some(101)).unwrap_err().code(), "fees.change");
        assert_eq!(given(Method::Cheque, " ", None).unwrap_err().code(), "fees.reference");
        assert_eq!(given(Method::Pos, "S1", None).unwrap().in_fen(), 100);
    }
}
