//! Whose money an order is: by number, by the room its words name, by amount and payer. A proposal, with its reasons.
//!
//! Owns: [`decide`], [`Proposal`], [`Class`], [`Ground`].
//!
//! Always: a proposal says why, and how sure it is; only [`Class::Exact`] is applied without a person, and nothing is exact that
//! could be two things: two rooms, a room that is not in the register, a payment that a clerk may have taken already.
//! Limits: a company with one account for several compounds imports it into each; words that name a room of both are both's.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Channel, ORDERS, Order, OrderKind, State, Which, method_of, orders};
use crate::books::View;
use crate::calendar::Day;
use crate::error::Result;
use crate::fees::{self, Settled, Standing};
use crate::id::{CompoundId, DwellingNo, MatterNo, OrderNo, PaymentNo};
use crate::money::Money;
use crate::property::{self, RoomCode};

/// What our own number begins with when it names a bill: `ZD123` or `ZD123-2` is for the bill 123.
pub const BILL_MARK: &str = "ZD";

/// How sure a proposal is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    description = "把握：exact 确定，likely 很可能，ambiguous 有歧义，unknown 无从认定；只有确定的可自动入账"
)]
pub enum Class {
    /// It can be nothing else.
    #[schemars(description = "确定")]
    Exact,
    /// One candidate, on weaker grounds.
    #[schemars(description = "很可能")]
    Likely,
    /// Several, or one that something speaks against.
    #[schemars(description = "有歧义")]
    Ambiguous,
    /// None.
    #[schemars(description = "无从认定")]
    Unknown,
}

impl Class {
    /// The word people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            Class::Exact => "确定",
            Class::Likely => "很可能",
            Class::Ambiguous => "有歧义",
            Class::Unknown => "无从认定",
        }
    }
}

/// What an order may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The order.
    pub order_no: OrderNo,
    /// How sure.
    pub class: Class,
    /// The dwellings it may be of; exactly one if exact or likely.
    pub candidates: Vec<DwellingNo>,
    /// The payment it may already be.
    pub payment: Option<PaymentNo>,
    /// Of a refund, the order it returns.
    pub returns: Option<OrderNo>,
    /// Why, in Chinese.
    pub why: String,
}

impl Proposal {
    /// The one dwelling that is proposed.
    #[must_use]
    pub fn dwelling(&self) -> Option<DwellingNo> {
        match (self.class, self.candidates.as_slice()) {
            (Class::Exact | Class::Likely, [one]) => Some(*one),
            _ => None,
        }
    }
}

/// What is known of a compound when its orders are looked at.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// The rooms of the register.
    pub rooms: HashMap<RoomCode, DwellingNo>,
    /// How each dwelling is called.
    pub names: HashMap<DwellingNo, String>,
    /// The open bills by dwelling, the oldest first.
    pub open: HashMap<DwellingNo, Vec<(MatterNo, Money)>>,
    /// Whose each open bill is.
    pub bills: HashMap<MatterNo, DwellingNo>,
    /// Payments of the channel by what they refer to.
    pub by_reference: HashMap<String, Vec<Standing>>,
    /// Payments of the channel without a reference, by dwelling, day and amount.
    pub by_day: HashMap<(DwellingNo, Day, Money), Vec<PaymentNo>>,
    /// Whom a payer has paid for before.
    pub payers: HashMap<Vec<u8>, BTreeSet<DwellingNo>>,
    /// Dwellings by an amount that is open there: a bill, or all of them.
    pub amounts: HashMap<Money, BTreeSet<DwellingNo>>,
    /// Orders by the channel's number, for refunds.
    pub numbers: HashMap<String, (OrderNo, State, Option<PaymentNo>)>,
}

impl Ground {
    fn owes_exactly(&self, dwelling: DwellingNo, amount: Money) -> bool {
        self.amounts.get(&amount).is_some_and(|dwellings| dwellings.contains(&dwelling))
    }

    fn name(&self, dwelling: DwellingNo) -> &str {
        self.names.get(&dwelling).map_or("", String::as_str)
    }

    fn listed(&self, dwellings: &[DwellingNo]) -> String {
        let names: Vec<&str> = dwellings.iter().take(5).map(|no| self.name(*no)).collect();
        let more = if dwellings.len() > 5 { " 等" } else { "" };
        format!("{}{more}", names.join("、"))
    }

    /// Notes what a payment settled, so that the next order meets what is left.
    pub fn settle(&mut self, dwelling: DwellingNo, settled: &[Settled]) {
        let Some(open) = self.open.get_mut(&dwelling) else { return };
        let before = sums(open);
        for part in settled {
            for (bill, left) in open.iter_mut().filter(|(bill, _)| *bill == part.bill_no) {
                *left = part.left_fen;
                if left.is_zero() {
                    self.bills.remove(bill);
                }
            }
        }
        open.retain(|(_, left)| left.is_positive());
        let after = sums(open);
        for amount in before.difference(&after) {
            if let Some(dwellings) = self.amounts.get_mut(amount) {
                dwellings.remove(&dwelling);
            }
        }
        for amount in after {
            self.amounts.entry(amount).or_default().insert(dwelling);
        }
    }
}

/// The amounts that would settle something whole: each bill, and the oldest so many together.
fn sums(open: &[(MatterNo, Money)]) -> HashSet<Money> {
    let mut running = Money::ZERO;
    let mut found: HashSet<Money> = open.iter().map(|(_, left)| *left).collect();
    for (_, left) in open {
        running += *left;
        found.insert(running);
    }
    found
}

/// Whose an order is.
#[must_use]
pub fn decide(order: &Order, ground: &Ground) -> Proposal {
    let proposal = |class, candidates: Vec<DwellingNo>, why: String| Proposal {
        order_no: order.no,
        class,
        candidates,
        payment: None,
        returns: None,
        why,
    };
    if order.kind == OrderKind::Refund {
        return refund(order, ground);
    }
    if order.amount.is_negative() {
        return proposal(Class::Unknown, vec![], "支出，不是缴费".to_owned());
    }
    by_number(order, ground)
        .or_else(|| by_bill(order, ground))
        .or_else(|| by_room(order, ground))
        .or_else(|| by_payer(order, ground))
        .unwrap_or_else(|| {
            let why = "单号、房号、金额与付款人都无从认定".to_owned();
            proposal(Class::Unknown, vec![], why)
        })
}

fn made(order: &Order, class: Class, candidates: Vec<DwellingNo>, why: String) -> Proposal {
    Proposal { order_no: order.no, class, candidates, payment: None, returns: None, why }
}

/// A payment that names this order has been taken already.
fn by_number(order: &Order, ground: &Ground) -> Option<Proposal> {
    let numbers = [&order.number, &order.merchant_number];
    let named: Vec<&Standing> = numbers
        .into_iter()
        .filter(|number| !number.is_empty())
        .filter_map(|number| ground.by_reference.get(number))
        .flatten()
        .collect();
    let (first, others) = named.split_first()?;
    let candidates = vec![first.dwelling_no];
    let same = others.iter().all(|other| other.payment_no == first.payment_no);
    let name = ground.name(first.dwelling_no);
    if !same {
        let why = format!("单号见于 {} 张收据", named.len());
        return Some(made(order, Class::Ambiguous, candidates, why));
    }
    let (class, why) = if first.amount == order.amount {
        (Class::Exact, format!("收据 {} 已登记此单号（{name}），金额相符", first.payment_no))
    } else {
        let amount = first.amount.grouped();
        let why = format!("收据 {} 登记了此单号（{name}），但金额为 {amount} 元", first.payment_no);
        (Class::Ambiguous, why)
    };
    let payment = (class == Class::Exact).then_some(first.payment_no);
    Some(Proposal { payment, ..made(order, class, candidates, why) })
}

/// Our own number names a bill.
fn by_bill(order: &Order, ground: &Ground) -> Option<Proposal> {
    let digits = order.merchant_number.strip_prefix(BILL_MARK)?;
    let digits = digits.split('-').next().unwrap_or_default();
    let bill = MatterNo(digits.parse().ok()?);
    let dwelling = *ground.bills.get(&bill)?;
    let why = format!("商户单号指明账单 {bill}（{}）", ground.name(dwelling));
    Some(guarded(order, ground, Class::Exact, dwelling, why))
}

/// The words name rooms.
fn by_room(order: &Order, ground: &Ground) -> Option<Proposal> {
    let named = RoomCode::find_in_text(&order.wording);
    let mut known: Vec<DwellingNo> =
        named.iter().filter_map(|code| ground.rooms.get(code).copied()).collect();
    known.dedup();
    match known.as_slice() {
        [] => {
            let first = named.first()?;
            let why = format!("写的房号 {first} 不在房产清册");
            Some(made(order, Class::Ambiguous, vec![], why))
        }
        [one] if named.len() == 1 => {
            let owes = ground.owes_exactly(*one, order.amount);
            let code = ground.name(*one);
            let (class, why) = match (order.is_ours, owes) {
                (_, true) => (Class::Exact, format!("写明房号 {code}，金额与欠费相符")),
                (true, false) => (Class::Exact, format!("商户订单写明房号 {code}")),
                (false, false) => (Class::Likely, format!("付款人写了房号 {code}，金额与欠费不符")),
            };
            Some(guarded(order, ground, class, *one, why))
        }
        several => {
            let owing: Vec<DwellingNo> = several
                .iter()
                .copied()
                .filter(|dwelling| ground.owes_exactly(*dwelling, order.amount))
                .collect();
            let rooms: Vec<String> = named.iter().map(ToString::to_string).collect();
            if let [one] = owing.as_slice() {
                let why = format!(
                    "写了 {}，其中 {} 的欠费与金额相符",
                    rooms.join("、"),
                    ground.name(*one)
                );
                return Some(made(order, Class::Likely, owing, why));
            }
            let why = format!("写了不止一个房号：{}", rooms.join("、"));
            Some(made(order, Class::Ambiguous, several.to_vec(), why))
        }
    }
}

/// A clerk may have taken the same money at the counter.
fn guarded(
    order: &Order,
    ground: &Ground,
    class: Class,
    dwelling: DwellingNo,
    why: String,
) -> Proposal {
    let key = (dwelling, order.occurred_on, order.amount);
    match ground.by_day.get(&key).map(Vec::as_slice) {
        Some([first, ..]) => {
            let why = format!("{why}；但收据 {first} 当日已登记同额缴费，可能是同一笔");
            made(order, Class::Ambiguous, vec![dwelling], why)
        }
        _ => made(order, class, vec![dwelling], why),
    }
}

/// The amount is open somewhere, and the payer is known.
fn by_payer(order: &Order, ground: &Ground) -> Option<Proposal> {
    let owing: Vec<DwellingNo> =
        ground.amounts.get(&order.amount).into_iter().flatten().copied().collect();
    let paid_for: Vec<DwellingNo> = match order.payer_blind.is_empty() {
        true => Vec::new(),
        false => ground.payers.get(&order.payer_blind).into_iter().flatten().copied().collect(),
    };
    let both: Vec<DwellingNo> = owing.iter().copied().filter(|no| paid_for.contains(no)).collect();
    let amount = order.amount.grouped();
    if let [one] = both.as_slice() {
        let why = format!("此付款人曾为 {} 缴费，金额 {amount} 元与其欠费相符", ground.name(*one));
        return Some(guarded(order, ground, Class::Likely, *one, why));
    }
    if !paid_for.is_empty() {
        let why =
            format!("此付款人曾为 {} 缴费，但欠费与金额不能唯一对上", ground.listed(&paid_for));
        return Some(made(order, Class::Ambiguous, paid_for, why));
    }
    if owing.is_empty() {
        return None;
    }
    let why = format!("只有金额相符：{} 欠费 {amount} 元", ground.listed(&owing));
    Some(made(order, Class::Ambiguous, owing, why))
}

/// Which order a refund returns.
fn refund(order: &Order, ground: &Ground) -> Proposal {
    let found = ground.numbers.get(&order.of_number).filter(|_| !order.of_number.is_empty());
    let Some((of, state, payment)) = found else {
        let why = "找不到所退的订单：核对原单号，或先导入原单所在的账单".to_owned();
        return made(order, Class::Unknown, vec![], why);
    };
    let (class, why) = match (state, payment) {
        (State::Held, _) => (Class::Likely, format!("退回订单 {of} 的暂存款")),
        (State::Applied, Some(payment)) => {
            (Class::Ambiguous, format!("退回订单 {of}，已入账为收据 {payment}：请先办理退费"))
        }
        _ => (Class::Ambiguous, format!("退回订单 {of}，该订单尚未认定")),
    };
    Proposal { returns: Some(*of), ..made(order, class, vec![], why) }
}

/// Learns what is known of a compound. An act flushes before it asks.
///
/// # Errors
/// Storage.
pub async fn ground(
    view: &mut impl View,
    compound: CompoundId,
    channel: Channel,
) -> Result<Ground> {
    let mut ground = Ground {
        rooms: property::codes(view, compound).await?,
        names: property::numbers(view, compound).await?.into_iter().collect(),
        ..Ground::default()
    };
    for item in fees::open_items(view, compound).await? {
        ground.open.entry(item.dwelling_no).or_default().push((item.bill_no, item.open));
        ground.bills.insert(item.bill_no, item.dwelling_no);
    }
    for (dwelling, open) in &ground.open {
        for amount in sums(open) {
            ground.amounts.entry(amount).or_default().insert(*dwelling);
        }
    }
    let taken = claimed_payments(view, compound).await?;
    let method = Some(method_of(channel));
    for payment in fees::standing_payments(view, compound, method, None).await? {
        if taken.contains(&payment.payment_no) {
            continue;
        }
        if payment.reference.is_empty() {
            let key = (payment.dwelling_no, payment.received_on, payment.amount);
            ground.by_day.entry(key).or_default().push(payment.payment_no);
        } else {
            ground.by_reference.entry(payment.reference.clone()).or_default().push(payment);
        }
    }
    let sql = "SELECT DISTINCT o.payer_blind, c.dwelling_no FROM channel_claim c
               JOIN channel_order o ON o.compound_id = c.compound_id AND o.order_no = c.order_no
               WHERE c.compound_id = $1 AND o.channel = $2 AND c.kind IN ('paid', 'tied')
                 AND length(o.payer_blind) > 0 AND NOT EXISTS (
                   SELECT 1 FROM voucher v WHERE v.compound_id = c.compound_id AND v.book = 3
                     AND v.reverses_seq = c.voucher_seq)";
    for row in view.rows(ORDERS, sql, vec![compound.0.into(), channel.name().into()]).await? {
        let payer: Vec<u8> = row.try_get_by_index(0)?;
        let dwelling = DwellingNo(row.try_get_by_index(1)?);
        ground.payers.entry(payer).or_default().insert(dwelling);
    }
    let which = Which { channel: Some(channel), is_returned: true, ..Which::default() };
    for order in orders(view, compound, which, OrderNo(0), i32::MAX).await? {
        ground.numbers.insert(order.number, (order.no, order.state, order.payment));
    }
    Ok(ground)
}

/// The payments that are some order's already.
async fn claimed_payments(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<HashSet<PaymentNo>> {
    let sql = "SELECT DISTINCT payment_no FROM channel_claim
               WHERE compound_id = $1 AND payment_no IS NOT NULL";
    let mut taken = HashSet::new();
    for row in view.rows(ORDERS, sql, vec![compound.0.into()]).await? {
        taken.insert(PaymentNo(row.try_get_by_index(0)?));
    }
    Ok(taken)
}

/// The open orders of a channel with what each may be, after a number.
///
/// # Errors
/// Storage.
pub async fn proposals(
    view: &mut impl View,
    compound: CompoundId,
    channel: Channel,
    after: OrderNo,
    most: i32,
) -> Result<Vec<(Order, Proposal)>> {
    let which = Which { channel: Some(channel), state: Some(State::Open), ..Which::default() };
    let open = orders(view, compound, which, after, most).await?;
    if open.is_empty() {
        return Ok(Vec::new());
    }
    let ground = ground(view, compound, channel).await?;
    let pair = |order: Order| {
        let proposal = decide(&order, &ground);
        (order, proposal)
    };
    Ok(open.into_iter().map(pair).collect())
}

/// How many orders are looked at together.
const PAGE: i32 = 5_000;

/// How many open orders of a channel there are of each class, and what they come to: every order is looked at, a page of them
/// in memory.
///
/// # Errors
/// Storage.
pub async fn tally(
    view: &mut impl View,
    compound: CompoundId,
    channel: Channel,
) -> Result<BTreeMap<Class, (u32, Money)>> {
    let which = Which { channel: Some(channel), state: Some(State::Open), ..Which::default() };
    let ground = ground(view, compound, channel).await?;
    let mut tally: BTreeMap<Class, (u32, Money)> = BTreeMap::new();
    let mut after = OrderNo(0);
    loop {
        let page = orders(view, compound, which, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(tally) };
        after = last.no;
        for order in &page {
            let (count, sum) = tally.entry(decide(order, &ground).class).or_default();
            *count += 1;
            *sum += order.amount;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{StatementNo, VoucherSeq};

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn order(wording: &str, fen: i64, is_ours: bool) -> Order {
        Order {
            no: OrderNo(7),
            statement_no: StatementNo(1),
            channel: Channel::Wechat,
            kind: OrderKind::Pay,
            number: "4200".to_owned(),
            merchant_number: "WY1".to_owned(),
            of_number: String::new(),
            occurred_on: day("2026-01-05"),
            occurred_time: String::new(),
            amount: Money::fen(fen),
            fee_e5: 0,
            payer: String::new(),
            payer_blind: vec![1],
            wording: wording.to_owned(),
            is_ours,
            state: State::Open,
            dwelling: None,
            payment: None,
            held: Money::ZERO,
            payout: None,
        }
    }

    /// 1-1-101 owes 100 and 50, 1-1-102 owes 100, 1-1-103 nothing.
    fn ground() -> Ground {
        let mut ground = Ground::default();
        for (no, code) in [(1, "1-1-101"), (2, "1-1-102"), (3, "1-1-103")] {
            ground.rooms.insert(RoomCode::parse(code).unwrap(), DwellingNo(no));
            ground.names.insert(DwellingNo(no), code.to_owned());
        }
        for (dwelling, bill, fen) in [(1, 11, 10_000), (1, 12, 5_000), (2, 21, 10_000)] {
            let open = ground.open.entry(DwellingNo(dwelling)).or_default();
            open.push((MatterNo(bill), Money::fen(fen)));
            ground.bills.insert(MatterNo(bill), DwellingNo(dwelling));
        }
        for (dwelling, open) in &ground.open {
            for amount in sums(open) {
                ground.amounts.entry(amount).or_default().insert(*dwelling);
            }
        }
        ground
    }

    fn told(order: &Order, ground: &Ground) -> (Class, Vec<i32>) {
        let proposal = decide(order, ground);
        assert!(!proposal.why.is_empty());
        (proposal.class, proposal.candidates.iter().map(|no| no.0).collect())
    }

    #[test]
    fn a_room_in_the_words_is_exact_only_if_nothing_speaks_against_it() {
        let ground = ground();
        for (wording, fen, is_ours, class, rooms) in [
            ("小河里 1-1-101 物业费", 15_000, true, Class::Exact, vec![1]),
            ("1栋1单元103室", 777, true, Class::Exact, vec![3]),
            ("1-1-103", 777, false, Class::Likely, vec![3]),
            ("1-1-101", 10_000, false, Class::Exact, vec![1]),
            ("1-1-101 和 1-1-103", 15_000, true, Class::Likely, vec![1]),
            ("1-1-101 和 1-1-102", 10_000, true, Class::Ambiguous, vec![1, 2]),
            ("1-1-101 和 1-1-909", 10_000, true, Class::Likely, vec![1]),
            ("9-9-909 物业费", 10_000, true, Class::Ambiguous, vec![]),
            ("物业费", 12_345, true, Class::Unknown, vec![]),
            ("物业费", 10_000, true, Class::Ambiguous, vec![1, 2]),
        ] {
            assert_eq!(
                told(&order(wording, fen, is_ours), &ground),
                (class, rooms),
                "{wording} {fen}"
            );
        }
    }

    #[test]
    fn a_number_goes_before_a_room_and_a_known_payer_before_a_bare_amount() {
        let mut ground = ground();
        let mut named = order("1-1-102", 10_000, true);
        named.merchant_number = "ZD12-3".to_owned();
        assert_eq!(told(&named, &ground), (Class::Exact, vec![1]));
        ground.payers.insert(vec![1], BTreeSet::from([DwellingNo(2)]));
        assert_eq!(told(&order("物业费", 10_000, false), &ground), (Class::Likely, vec![2]));
        assert_eq!(told(&order("物业费", 1, false), &ground), (Class::Ambiguous, vec![2]));
        let standing = Standing {
            payment_no: PaymentNo(5),
            dwelling_no: DwellingNo(3),
            amount: Money::fen(10_000),
            method: "wechat".to_owned(),
            received_on: day("2026-01-05"),
            reference: "4200".to_owned(),
            voucher_seq: VoucherSeq(1),
        };
        ground.by_reference.insert("4200".to_owned(), vec![standing]);
        let taken = decide(&named, &ground);
        assert_eq!((taken.class, taken.payment), (Class::Exact, Some(PaymentNo(5))));
        assert_eq!(told(&order("1-1-101", 9_999, true), &ground), (Class::Ambiguous, vec![3]));
    }

    #[test]
    fn money_a_clerk_may_have_taken_is_not_taken_again() {
        let mut ground = ground();
        let key = (DwellingNo(1), day("2026-01-05"), Money::fen(10_000));
        ground.by_day.insert(key, vec![PaymentNo(9)]);
        let proposal = decide(&order("1-1-101", 10_000, true), &ground);
        assert_eq!(proposal.class, Class::Ambiguous);
        assert!(proposal.why.contains("收据 9"), "{}", proposal.why);
    }

    #[test]
    fn what_was_settled_is_no_longer_open() {
        let mut ground = ground();
        let settled = [Settled {
            bill_no: MatterNo(11),
            amount_fen: Money::fen(10_000),
            left_fen: Money::ZERO,
        }];
        ground.settle(DwellingNo(1), &settled);
        assert_eq!(told(&order("物业费", 10_000, true), &ground), (Class::Ambiguous, vec![2]));
        assert_eq!(told(&order("1-1-101", 5_000, false), &ground), (Class::Exact, vec![1]));
    }
}
