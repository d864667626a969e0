//! A channel's payout: one bank line, split into the orders it paid for and what the channel kept of them.
//!
//! Owns: `channel_payout`, `channel_payout_order`.
//!
//! Always: Dr 1002 what the bank has + Dr 6603 the charges / Cr 1012 the orders, tied to every order it pays for; an order is
//! paid out once; a difference to the line is shown, said in words by whoever settles, and left standing on the channel's
//! account. Equal lines of one day are two payouts. Never: a payout of orders nobody has named.
//! Rounding: charges carry five decimals, their sum is rounded to the fen once, half up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BANK, CHARGES, Channel, ORDERS, Order, OrderKind, State, Which, account_of, orders};
use crate::bank::{self, BankLine};
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Refusal, Result, Rule, Storage};
use crate::id::{CompoundId, LineNo, OrderNo, PayoutNo, VoucherSeq};
use crate::journal::{self, Book, Entry, Line, Posted};
use crate::money::Money;
use crate::seal::may_stand_in_clear;

/// The days run backwards.
pub static PERIOD: Rule = Rule {
    code: "channel.payout-period",
    kind: Answer::Shape,
    rule: "核销的止日不得早于起日，不得晚于到账日",
    remedy: "核对起止日期",
};

/// Nothing to pay out.
pub static NOTHING: Rule = Rule {
    code: "channel.payout-nothing",
    kind: Answer::Refused,
    rule: "到账须对应尚未核销的渠道订单",
    remedy: "核对渠道与日期；先导入该期间的渠道账单",
};

/// An order of it is still open.
pub static OPEN: Rule = Rule {
    code: "channel.payout-open-orders",
    kind: Answer::Refused,
    rule: "核销到账前，所含收款须已入账或暂存",
    remedy: "先认定待定的订单；查不明的先暂存",
};

/// The line is not what the orders come to.
pub static DIFFERS: Rule = Rule {
    code: "channel.payout-differs",
    kind: Answer::Refused,
    rule: "到账金额须等于收款减退款减手续费；不等的，须写明差额与原因",
    remedy: "核对日期范围与手续费；确有差额的，写明 difference_fen 与 reason，差额留在渠道科目上",
};

pub(super) static PAYOUT: Table = Table {
    name: "channel_payout",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("payout_no", Column::Int),
        ("channel", Column::Text),
        ("line_no", Column::Int),
        ("from_on", Column::Day),
        ("to_on", Column::Day),
        ("order_count", Column::Int),
        ("paid_fen", Column::Big),
        ("returned_fen", Column::Big),
        ("fee_fen", Column::Big),
        ("net_fen", Column::Big),
        ("difference_fen", Column::Big),
        ("reason", Column::Text),
        ("voucher_seq", Column::Int),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

pub(super) static PART: Table = Table {
    name: "channel_payout_order",
    rank: 9,
    columns: &[("compound_id", Column::Int), ("payout_no", Column::Int), ("order_no", Column::Int)],
    on_conflict: "",
};

/// A payout to settle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settle {
    /// Whose.
    pub channel: Channel,
    /// The bank line.
    pub line_no: LineNo,
    /// The first day of its orders.
    pub from_on: Day,
    /// The last day of its orders.
    pub to_on: Day,
    /// The line less the orders, where they are not the same.
    pub difference: Option<Money>,
    /// Why they are not.
    pub reason: String,
}

/// What the orders of some days come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "渠道订单合计")]
pub struct Sums {
    /// How many.
    #[schemars(description = "笔数", example = 110)]
    pub order_count: i32,
    /// Σ paid.
    #[schemars(description = "收款：分", example = 1_172_202)]
    pub paid_fen: Money,
    /// Σ returned.
    #[schemars(description = "退款：分", example = 0)]
    pub returned_fen: Money,
    /// Σ charged, rounded once.
    #[schemars(description = "手续费：分", example = 7_028)]
    pub fee_fen: Money,
}

impl Sums {
    /// What a bank should have of them.
    #[must_use]
    pub fn net(&self) -> Money {
        self.paid_fen - self.returned_fen - self.fee_fen
    }
}

/// Adds orders up. A charge of its own and a charge beside an order are never of the same order.
#[must_use]
pub fn sums<'o>(orders: impl Iterator<Item = &'o Order>) -> Sums {
    let mut sums = Sums::default();
    let mut fee_e5 = 0_i64;
    for order in orders {
        sums.order_count += 1;
        fee_e5 += order.fee_e5;
        match order.kind {
            OrderKind::Pay => sums.paid_fen += order.amount,
            OrderKind::Refund => sums.returned_fen -= order.amount,
            OrderKind::Fee => fee_e5 -= order.amount.in_fen() * 1_000,
            OrderKind::Withdrawal | OrderKind::Other => {}
        }
    }
    sums.fee_fen = Money::fen((fee_e5 + 500).div_euclid(1_000));
    sums
}

/// A settled payout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Its number.
    pub payout_no: PayoutNo,
    /// Its voucher.
    pub voucher: Posted,
    /// What its orders come to.
    pub sums: Sums,
    /// What the bank has.
    pub net_fen: Money,
    /// The line less the orders.
    pub difference_fen: Money,
}

/// Whether an order is paid out at all.
fn is_paid_out(order: &Order) -> bool {
    matches!(order.kind, OrderKind::Pay | OrderKind::Refund | OrderKind::Fee)
}

/// Splits a bank line into the orders it paid for.
///
/// # Errors
/// `channel.payout-period`, those of `bank::incoming`, `channel.payout-nothing`, `channel.payout-open-orders`,
/// `channel.payout-differs`, those of [`journal::post`].
pub async fn settle(tx: &mut Tx, asked: &Settle) -> Result<Settled> {
    let compound = tx.compound();
    let line = bank::incoming(tx, Book::Service, asked.line_no).await?;
    let which = Which {
        channel: Some(asked.channel),
        from_on: Some(asked.from_on),
        to_on: Some(asked.to_on),
        is_unpaid_out: true,
        ..Which::default()
    };
    let mut parts = orders(tx, compound, which, OrderNo(0), i32::MAX).await?;
    parts.retain(is_paid_out);

    let (sums, difference) = judge(asked, &line, &parts)?;
    let channel = asked.channel.in_chinese();
    let credit = line.inflow + sums.fee_fen;
    let mut lines = vec![Line::debit(BANK, line.inflow)];
    if sums.fee_fen.is_positive() {
        lines.push(Line::debit(CHARGES, sums.fee_fen));
    } else if sums.fee_fen.is_negative() {
        lines.push(Line::credit(CHARGES, -sums.fee_fen));
    }
    lines.push(Line::credit(account_of(asked.channel), credit));
    let entry = Entry {
        book: Book::Service,
        effective_on: line.occurred_on,
        kind: journal::Kind::Other,
        memo: format!("{channel}到账 {}~{} {} 笔", asked.from_on, asked.to_on, sums.order_count),
        source: format!("银行流水 {}", line.no),
        evidence: line.serial.clone(),
        lines,
    };
    let voucher = journal::post(tx, entry).await?;
    bank::claim(tx, &line, voucher.seq);
    let no = PayoutNo(tx.next_no("channel-payout"));
    let act = tx.act().0;
    let row = [
        compound.0.into(),
        no.0.into(),
        asked.channel.name().into(),
        line.no.0.into(),
        asked.from_on.into(),
        asked.to_on.into(),
        sums.order_count.into(),
        sums.paid_fen.in_fen().into(),
        sums.returned_fen.in_fen().into(),
        sums.fee_fen.in_fen().into(),
        line.inflow.in_fen().into(),
        difference.in_fen().into(),
        asked.reason.trim().into(),
        voucher.seq.0.into(),
        act.into(),
    ];
    tx.put(&PAYOUT, &row);
    for order in &parts {
        tx.put(&PART, &[compound.0.into(), no.0.into(), order.no.0.into()]);
        tx.put_is_due().await?;
    }
    let (net_fen, difference_fen) = (line.inflow, difference);
    Ok(Settled { payout_no: no, voucher, sums, net_fen, difference_fen })
}

fn judge(asked: &Settle, line: &BankLine, parts: &[Order]) -> Result<(Sums, Money), Refusal> {
    if asked.to_on < asked.from_on || asked.to_on > line.occurred_on {
        let evidence = format!("{} 至 {}，到账 {}", asked.from_on, asked.to_on, line.occurred_on);
        return Err(PERIOD.refuse(evidence));
    }
    let sums = sums(parts.iter());
    if sums.order_count == 0 {
        let evidence = format!(
            "{} {} 至 {} 没有未核销的订单",
            asked.channel.in_chinese(),
            asked.from_on,
            asked.to_on
        );
        return Err(NOTHING.refuse(evidence));
    }
    let is_open = |order: &&Order| order.kind == OrderKind::Pay && order.state == State::Open;
    let open: Vec<&Order> = parts.iter().filter(is_open).collect();
    if let Some(first) = open.first() {
        let evidence = format!("待定 {} 笔，第一笔为订单 {}", open.len(), first.no);
        return Err(OPEN.refuse(evidence).with("open", open.len()));
    }
    may_stand_in_clear("原因", &asked.reason)?;
    let difference = line.inflow - sums.net();
    let is_said = !asked.reason.trim().is_empty() && asked.difference == Some(difference);
    if !difference.is_zero() && !is_said {
        let evidence = format!(
            "到账 {} 元；订单 {} 笔收款 {} 元、退款 {} 元、手续费 {} 元，应到 {} 元，差 {} 元",
            line.inflow.grouped(),
            sums.order_count,
            sums.paid_fen.grouped(),
            sums.returned_fen.grouped(),
            sums.fee_fen.grouped(),
            sums.net().grouped(),
            difference.grouped()
        );
        return Err(DIFFERS.refuse(evidence).with("difference_fen", difference.in_fen()));
    }
    Ok((sums, difference))
}

/// A payout in a list.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "渠道到账的核销")]
pub struct Payout {
    /// Its number.
    #[schemars(description = "核销编号", example = 1)]
    pub payout_no: PayoutNo,
    /// Whose.
    #[schemars(description = "支付渠道")]
    pub channel: Channel,
    /// The bank line.
    #[schemars(description = "银行流水编号", example = 1)]
    pub line_no: LineNo,
    /// The first day of its orders.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day of its orders.
    #[schemars(description = "止日")]
    pub to_on: Day,
    /// What its orders come to.
    #[serde(flatten)]
    pub sums: Sums,
    /// What the bank has.
    #[schemars(description = "到账：分", example = 1_165_174)]
    pub net_fen: Money,
    /// The line less the orders.
    #[schemars(description = "差额：分", example = 0)]
    pub difference_fen: Money,
    /// Why.
    #[schemars(description = "差额原因", example = &"")]
    pub reason: String,
    /// Its voucher.
    #[schemars(description = "凭证序号", example = 1)]
    pub voucher_seq: VoucherSeq,
    /// Whether its voucher was reversed.
    #[schemars(description = "是否已冲销", example = false)]
    pub is_reversed: bool,
}

/// The payouts of a compound, the latest first.
///
/// # Errors
/// Storage.
pub async fn payouts(view: &mut impl View, compound: CompoundId) -> Result<Vec<Payout>> {
    let sql = "SELECT p.payout_no, p.channel, p.line_no, p.from_on, p.to_on, p.order_count, p.paid_fen, p.returned_fen,
                 p.fee_fen, p.net_fen, p.difference_fen, p.reason, p.voucher_seq,
                 (SELECT v.seq FROM voucher v WHERE v.compound_id = p.compound_id AND v.book = $2
                    AND v.reverses_seq = p.voucher_seq) AS reversed
               FROM channel_payout p WHERE p.compound_id = $1 ORDER BY p.payout_no DESC";
    let values = vec![compound.0.into(), Book::Service.number().into()];
    let mut payouts = Vec::new();
    for row in view.rows(ORDERS, sql, values).await? {
        let name: String = row.try_get_by_index(1)?;
        payouts.push(Payout {
            payout_no: PayoutNo(row.try_get_by_index(0)?),
            channel: super::stored(&name)?,
            line_no: LineNo(row.try_get_by_index(2)?),
            from_on: row.try_get_by_index(3)?,
            to_on: row.try_get_by_index(4)?,
            sums: Sums {
                order_count: row.try_get_by_index(5)?,
                paid_fen: Money::fen(row.try_get_by_index(6)?),
                returned_fen: Money::fen(row.try_get_by_index(7)?),
                fee_fen: Money::fen(row.try_get_by_index(8)?),
            },
            net_fen: Money::fen(row.try_get_by_index(9)?),
            difference_fen: Money::fen(row.try_get_by_index(10)?),
            reason: row.try_get_by_index(11)?,
            voucher_seq: VoucherSeq(row.try_get_by_index(12)?),
            is_reversed: row.try_get_by_index::<Option<i32>>(13)?.is_some(),
        });
    }
    Ok(payouts)
}

/// What a bank line may have paid for.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "到账核销的建议")]
pub struct PayoutProposal {
    /// The bank line.
    #[schemars(description = "银行流水编号", example = 1)]
    pub line_no: LineNo,
    /// Its day.
    #[schemars(description = "到账日")]
    pub occurred_on: Day,
    /// What came.
    #[schemars(description = "到账：分", example = 1_165_174)]
    pub net_fen: Money,
    /// Whose it says it is.
    #[schemars(description = "支付渠道")]
    pub channel: Channel,
    /// The first day of the orders.
    #[schemars(description = "起日：没有未核销的订单则空")]
    pub from_on: Option<Day>,
    /// The last day of the orders.
    #[schemars(description = "止日")]
    pub to_on: Option<Day>,
    /// What they come to.
    #[serde(flatten)]
    pub sums: Sums,
    /// The line less the orders.
    #[schemars(description = "差额：分；为 0 则相符", example = 0)]
    pub difference_fen: Money,
    /// Why these.
    #[schemars(description = "理由", example = &"起止日的订单合计与到账相符")]
    pub why: String,
}

/// What a bank calls a channel's payout.
const SAID_WECHAT: [&str; 4] = ["财付通", "微信", "收付直通车", "TENPAY"];
const SAID_ALIPAY: [&str; 2] = ["支付宝", "ALIPAY"];

fn channel_of(line: &BankLine) -> Option<Channel> {
    let text = format!("{} {}", line.counterparty, line.wording).to_uppercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match () {
        () if says(&SAID_ALIPAY) => Some(Channel::Alipay),
        () if says(&SAID_WECHAT) => Some(Channel::Wechat),
        () => None,
    }
}

/// What each unclaimed line of the service account that names a channel may have paid for: the oldest orders not yet paid
/// out, to the day on which they come to the line; else all before its day, with the difference.
///
/// # Errors
/// Storage.
pub async fn proposals(view: &mut impl View, compound: CompoundId) -> Result<Vec<PayoutProposal>> {
    let mut lines = Vec::new();
    let mut after = LineNo(0);
    loop {
        let which = bank::Which::Unclaimed;
        let page = bank::lines(view, compound, Book::Service, which, after, 1_000).await?;
        let Some(last) = page.last() else { break };
        after = last.no;
        let named = page.into_iter().filter(|line| line.inflow.is_positive());
        lines.extend(named.filter_map(|line| Some((channel_of(&line)?, line))));
    }
    let mut found = Vec::new();
    for channel in Channel::ALL {
        let of: Vec<&BankLine> =
            lines.iter().filter(|(named, _)| *named == channel).map(|(_, line)| line).collect();
        if of.is_empty() {
            continue;
        }
        let which = Which { channel: Some(channel), is_unpaid_out: true, ..Which::default() };
        let mut open = orders(view, compound, which, OrderNo(0), i32::MAX).await?;
        open.retain(is_paid_out);
        open.sort_by_key(|order| (order.occurred_on, order.no));
        found.extend(propose(channel, &of, &open));
    }
    found.sort_by_key(|proposal| proposal.line_no);
    Ok(found)
}

/// Which orders each line paid for. `open` stands by day; what one line takes the next no longer has.
#[must_use]
pub fn propose(channel: Channel, lines: &[&BankLine], open: &[Order]) -> Vec<PayoutProposal> {
    let mut rest = open;
    let mut found = Vec::new();
    for line in lines {
        let before = rest.partition_point(|order| order.occurred_on <= line.occurred_on);
        let (reach, _) = rest.split_at(before);
        let ends = (1..=reach.len()).filter(|end| {
            let day = |at: usize| reach.get(at).map(|order| order.occurred_on);
            day(*end) != day(end - 1)
        });
        let ends: Vec<usize> = ends.collect();
        let of = |end: usize| sums(reach.iter().take(end));
        let exact = ends.iter().copied().find(|end| of(*end).net() == line.inflow);
        // A payout is of days that are over.
        let is_over = |end: &&usize| {
            reach.get(**end - 1).is_some_and(|order| order.occurred_on < line.occurred_on)
        };
        let end = exact.or_else(|| ends.iter().rev().find(is_over).copied()).unwrap_or(0);
        let sums = of(end);
        let difference_fen = line.inflow - sums.net();
        let why = match (exact, end) {
            (Some(_), _) => "起止日的订单合计与到账相符".to_owned(),
            (None, 0) => "到账日之前没有未核销的订单：先导入渠道账单".to_owned(),
            (None, _) => {
                format!("到账日之前未核销的订单合计与到账差 {} 元", difference_fen.grouped())
            }
        };
        let day = |at: Option<usize>| {
            at.and_then(|at| reach.get(at)).filter(|_| end > 0).map(|order| order.occurred_on)
        };
        found.push(PayoutProposal {
            line_no: line.no,
            occurred_on: line.occurred_on,
            net_fen: line.inflow,
            channel,
            from_on: day(Some(0)),
            to_on: day(end.checked_sub(1)),
            sums,
            difference_fen,
            why,
        });
        if exact.is_some() {
            rest = rest.split_at(end).1;
        }
    }
    found
}

/// The vouchers of a channel's payouts that stand, and their reversals: a day's orders are compared without them.
pub(super) async fn vouchers(
    view: &mut impl View,
    compound: CompoundId,
) -> Result<std::collections::HashSet<i32>> {
    let sql = "SELECT p.voucher_seq FROM channel_payout p WHERE p.compound_id = $1
               UNION SELECT v.seq FROM voucher v
               JOIN channel_payout p ON p.compound_id = v.compound_id AND p.voucher_seq = v.reverses_seq
               WHERE v.compound_id = $1 AND v.book = $2";
    let values = vec![compound.0.into(), Book::Service.number().into()];
    let mut vouchers = std::collections::HashSet::new();
    for row in view.rows(ORDERS, sql, values).await? {
        let seq: Option<i32> = row.try_get_by_index(0)?;
        let bug = || Storage::Bug("a payout without a voucher".to_owned());
        vouchers.insert(seq.ok_or_else(bug)?);
    }
    Ok(vouchers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::StatementNo;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn order(no: i32, on: &str, fen: i64, fee_e5: i64) -> Order {
        Order {
            no: OrderNo(no),
            statement_no: StatementNo(1),
            channel: Channel::Wechat,
            kind: if fen < 0 { OrderKind::Refund } else { OrderKind::Pay },
            number: no.to_string(),
            merchant_number: String::new(),
            of_number: String::new(),
            occurred_on: day(on),
            occurred_time: String::new(),
            amount: Money::fen(fen),
            fee_e5,
            payer: String::new(),
            payer_blind: Vec::new(),
            wording: String::new(),
            is_ours: true,
            state: State::Applied,
            dwelling: None,
            payment: None,
            held: Money::ZERO,
            payout: None,
        }
    }

    fn line(no: i32, on: &str, fen: i64) -> BankLine {
        BankLine {
            no: LineNo(no),
            book: Book::Service,
            account_no: String::new(),
            occurred_on: day(on),
            occurred_time: String::new(),
            inflow: Money::fen(fen),
            outflow: Money::ZERO,
            balance: None,
            counterparty: "财付通支付科技有限公司".to_owned(),
            wording: "收付直通车支付结算".to_owned(),
            serial: String::new(),
            voucher_seq: None,
        }
    }

    #[test]
    fn charges_are_rounded_once_half_up() {
        let orders = [order(1, "2026-01-01", 10_000, 59_950), order(2, "2026-01-01", -100, -550)];
        let sums = sums(orders.iter());
        assert_eq!((sums.paid_fen.in_fen(), sums.returned_fen.in_fen()), (10_000, 100));
        assert_eq!(sums.fee_fen.in_fen(), 59);
        assert_eq!(sums.net().in_fen(), 9_841);
        let half = [order(1, "2026-01-01", 10_000, 500)];
        assert_eq!(super::sums(half.iter()).fee_fen.in_fen(), 1);
    }

    #[test]
    fn a_line_takes_the_oldest_days_that_come_to_it_and_equal_lines_stay_apart() {
        let open = [
            order(1, "2026-01-01", 600, 0),
            order(2, "2026-01-01", 400, 0),
            order(3, "2026-01-02", 1_000, 0),
            order(4, "2026-01-03", 70, 0),
        ];
        let lines =
            [line(1, "2026-01-03", 1_000), line(2, "2026-01-03", 1_000), line(3, "2026-01-04", 99)];
        let told: Vec<_> = propose(Channel::Wechat, &lines.each_ref(), &open)
            .iter()
            .map(|p| (p.line_no.0, p.to_on.map(|d| d.to_string()), p.difference_fen.in_fen()))
            .collect();
        assert_eq!(
            told,
            [
                (1, Some("2026-01-01".to_owned()), 0),
                (2, Some("2026-01-02".to_owned()), 0),
                (3, Some("2026-01-03".to_owned()), 29),
            ]
        );
        let none = propose(Channel::Wechat, &[&line(1, "2025-12-31", 1)], &open);
        assert_eq!((none[0].from_on, none[0].difference_fen.in_fen()), (None, 1));
    }
}
