//! The sign-off of a day: what the bank or the channel says came and went, against what the ledger says.
//!
//! Owns: `signed_day`.
//!
//! Always: every difference is an item of its own, a line or an order without a voucher, or a voucher without a line; a day is
//! signed once, when it is over, with a reason beside every item; what was signed is never changed.
//! Limits: a book has one bank account in the ledger; the lines of all its statements are signed together. A channel's payouts,
//! withdrawals and charges are left out on both sides: they are split where they reach the bank.

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Channel, ORDERS, OrderKind, State, Which, account_of, orders, payout};
use crate::bank;
use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Result, Rule, Storage};
use crate::id::{ActNo, CompoundId, OrderNo, SignedNo};
use crate::journal::Book;
use crate::money::Money;
use crate::seal::may_stand_in_clear;

/// The day is not over.
pub static NOT_OVER: Rule = Rule {
    code: "channel.day-not-over",
    kind: Answer::Refused,
    rule: "只能签认已经过去的日子",
    remedy: "次日再签认",
};

/// No statement tells of the day.
pub static NO_STATEMENT: Rule = Rule {
    code: "channel.day-without-statement",
    kind: Answer::Refused,
    rule: "签认须有涵盖该日的账单或流水",
    remedy: "先导入该日的银行流水或渠道账单",
};

/// It was signed.
pub static SIGNED: Rule = Rule {
    code: "channel.day-signed",
    kind: Answer::Conflict,
    rule: "一个账户的一日只签认一次",
    remedy: "查看已有的签认；其后的更正在以后的日子里处理",
};

/// A difference without a reason.
pub static UNEXPLAINED: Rule = Rule {
    code: "channel.day-unexplained",
    kind: Answer::Refused,
    rule: "账单与账面的每一处差异都须写明原因，才能签认",
    remedy: "先认领或入账；确有在途等原因的，逐项写明",
};

static DAY: Table = Table {
    name: "signed_day",
    rank: 8,
    columns: &[
        ("compound_id", Column::Int),
        ("signed_no", Column::Int),
        ("account", Column::Text),
        ("signed_on", Column::Day),
        ("line_count", Column::Int),
        ("statement_fen", Column::Big),
        ("ledger_fen", Column::Big),
        ("difference_fen", Column::Big),
        ("explained", Column::Text),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

const DAYS: Reads = Reads(&[&DAY]);

/// An account whose days are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    description = "账户：fund-bank 维修资金专户，service-bank 物业费银行账户，wechat 微信支付，alipay 支付宝"
)]
pub enum DayAccount {
    /// 维修资金专户.
    #[schemars(description = "维修资金专户")]
    FundBank,
    /// 物业费银行账户.
    #[schemars(description = "物业费银行账户")]
    ServiceBank,
    /// 微信支付.
    #[schemars(description = "微信支付")]
    Wechat,
    /// 支付宝.
    #[schemars(description = "支付宝")]
    Alipay,
}

impl DayAccount {
    /// Every account.
    pub const ALL: [DayAccount; 4] =
        [DayAccount::FundBank, DayAccount::ServiceBank, DayAccount::Wechat, DayAccount::Alipay];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DayAccount::FundBank => "fund-bank",
            DayAccount::ServiceBank => "service-bank",
            DayAccount::Wechat => "wechat",
            DayAccount::Alipay => "alipay",
        }
    }

    /// The account with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<DayAccount> {
        DayAccount::ALL.into_iter().find(|account| account.name() == name)
    }

    const fn book(self) -> Book {
        match self {
            DayAccount::FundBank => Book::Fund,
            _ => Book::Service,
        }
    }

    const fn channel(self) -> Option<Channel> {
        match self {
            DayAccount::Wechat => Some(Channel::Wechat),
            DayAccount::Alipay => Some(Channel::Alipay),
            DayAccount::FundBank | DayAccount::ServiceBank => None,
        }
    }

    const fn code(self) -> i32 {
        match self {
            DayAccount::FundBank => 1001,
            DayAccount::ServiceBank => super::BANK,
            DayAccount::Wechat => account_of(Channel::Wechat),
            DayAccount::Alipay => account_of(Channel::Alipay),
        }
    }
}

/// A difference of a day: on one side only.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "一处差异：只在一边")]
pub struct Item {
    /// Which: `line:5`, `order:12`, `voucher:3`.
    #[schemars(description = "差异项：line 银行流水，order 渠道订单，voucher 凭证序号", example = &"order:12")]
    pub item: String,
    /// What the statement has more than the ledger.
    #[schemars(description = "账单比账面多：分；账面多则为负", example = 10_000)]
    pub amount_fen: Money,
    /// What it is, in Chinese.
    #[schemars(description = "说明", example = &"订单待定，账面未记")]
    pub what: String,
    /// Why it is so, as it was signed.
    #[serde(default)]
    #[schemars(description = "原因：签认时写明", example = &"")]
    pub reason: String,
}

/// A day of an account.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "一个账户的一日：账单、账面与差异")]
pub struct DayTie {
    /// The account.
    #[schemars(description = "账户")]
    pub account: DayAccount,
    /// The day.
    #[schemars(description = "日期")]
    pub on: Day,
    /// How many lines or orders.
    #[schemars(description = "账单笔数", example = 4)]
    pub line_count: i32,
    /// What the statement says, in less out.
    #[schemars(description = "账单净额：分", example = 53_200)]
    pub statement_fen: Money,
    /// What the ledger says.
    #[schemars(description = "账面净额：分", example = 53_200)]
    pub ledger_fen: Money,
    /// The one less the other.
    #[schemars(description = "差额：分", example = 0)]
    pub difference_fen: Money,
    /// What it is made of.
    #[schemars(description = "差异：逐项")]
    pub items: Vec<Item>,
}

/// Ties a day of an account: the statement, the ledger, and every difference.
///
/// # Errors
/// Storage.
pub async fn tie(
    view: &mut impl View,
    compound: CompoundId,
    account: DayAccount,
    on: Day,
) -> Result<DayTie> {
    // What each statement line is worth, and the vouchers it stands for.
    let mut lines: Vec<(Item, Option<i32>)> = Vec::new();
    let mut passed_over = HashSet::new();
    match account.channel() {
        Some(channel) => {
            let which = Which {
                channel: Some(channel),
                from_on: Some(on),
                to_on: Some(on),
                ..Which::default()
            };
            let claimed = claimed(view, compound, channel, on).await?;
            for order in orders(view, compound, which, OrderNo(0), i32::MAX).await? {
                if matches!(order.kind, OrderKind::Fee | OrderKind::Withdrawal) {
                    continue;
                }
                let what = match order.state {
                    State::Open => "订单待定，账面未记".to_owned(),
                    _ => "订单已认定，凭证不在当日".to_owned(),
                };
                let item = Item {
                    item: format!("order:{}", order.no),
                    amount_fen: order.amount,
                    what,
                    reason: String::new(),
                };
                let voucher =
                    claimed.get(&order.no).copied().filter(|_| order.state != State::Open);
                lines.push((item, voucher));
            }
            passed_over = payout::vouchers(view, compound).await?;
            passed_over.extend(moved_inside(view, compound, channel, on).await?);
        }
        None => {
            for line in bank::lines_until(view, compound, account.book(), on).await? {
                if line.occurred_on != on {
                    continue;
                }
                let item = Item {
                    item: format!("line:{}", line.no),
                    amount_fen: line.inflow - line.outflow,
                    what: match line.voucher_seq {
                        None => "流水未认领，账面未记".to_owned(),
                        Some(_) => "流水已认领，凭证不在当日".to_owned(),
                    },
                    reason: String::new(),
                };
                lines.push((item, line.voucher_seq.map(|seq| seq.0)));
            }
        }
    }
    let postings = postings(view, compound, account, on, &passed_over).await?;
    Ok(compare(account, on, lines, postings))
}

/// Sets lines against vouchers. A voucher may stand for several lines; what is left of it is an item.
fn compare(
    account: DayAccount,
    on: Day,
    lines: Vec<(Item, Option<i32>)>,
    mut postings: BTreeMap<i32, Money>,
) -> DayTie {
    let line_count = i32::try_from(lines.len()).unwrap_or(i32::MAX);
    let statement_fen: Money = lines.iter().map(|(item, _)| item.amount_fen).sum();
    let ledger_fen: Money = postings.values().copied().sum();
    let mut items = Vec::new();
    for (item, voucher) in lines {
        match voucher.and_then(|seq| postings.get_mut(&seq)) {
            Some(left) => *left -= item.amount_fen,
            None => items.push(item),
        }
    }
    for (seq, left) in postings {
        if !left.is_zero() {
            items.push(Item {
                item: format!("voucher:{seq}"),
                amount_fen: -left,
                what: "账面已记，账单当日未见".to_owned(),
                reason: String::new(),
            });
        }
    }
    let difference_fen = statement_fen - ledger_fen;
    DayTie { account, on, line_count, statement_fen, ledger_fen, difference_fen, items }
}

/// The voucher by which each order of a day was booked: the one that took its money in.
async fn claimed(
    view: &mut impl View,
    compound: CompoundId,
    channel: Channel,
    on: Day,
) -> Result<BTreeMap<OrderNo, i32>> {
    let sql = "SELECT c.order_no, c.kind, c.voucher_seq FROM channel_claim c
               JOIN channel_order o ON o.compound_id = c.compound_id AND o.order_no = c.order_no
               WHERE c.compound_id = $1 AND o.channel = $2 AND o.occurred_on = $3
                 AND NOT (c.kind = 'returned' AND c.order_no = c.held_order_no)
                 AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = c.compound_id AND v.book = $4
                                   AND v.reverses_seq = c.voucher_seq)
               ORDER BY c.claim_no";
    let book = Book::Service.number();
    let values = vec![compound.0.into(), channel.name().into(), on.into(), book.into()];
    let mut claimed = BTreeMap::new();
    for row in view.rows(ORDERS, sql, values).await? {
        let (no, kind): (i32, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let seq: i32 = row.try_get_by_index(2)?;
        // Held first and released, then paid: the payment is what stands.
        if kind != "released" {
            claimed.insert(OrderNo(no), seq);
        }
    }
    Ok(claimed)
}

/// The vouchers of a day that only moved held money: what was held and was released is as if it had not been.
async fn moved_inside(
    view: &mut impl View,
    compound: CompoundId,
    channel: Channel,
    on: Day,
) -> Result<Vec<i32>> {
    let sql = "SELECT c.voucher_seq FROM channel_claim c
               JOIN channel_order o ON o.compound_id = c.compound_id AND o.order_no = c.order_no
               WHERE c.compound_id = $1 AND o.channel = $2 AND o.occurred_on = $3 AND c.kind IN ('held', 'released')
                 AND EXISTS (SELECT 1 FROM channel_claim r WHERE r.compound_id = c.compound_id
                   AND r.held_order_no = c.held_order_no AND r.kind = 'released'
                   AND NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = r.compound_id AND v.book = $4
                                     AND v.reverses_seq = r.voucher_seq))";
    let book = Book::Service.number();
    let values = vec![compound.0.into(), channel.name().into(), on.into(), book.into()];
    let mut moved = Vec::new();
    for row in view.rows(ORDERS, sql, values).await? {
        moved.push(row.try_get_by_index(0)?);
    }
    Ok(moved)
}

/// What each voucher of a day moved on an account. A voucher and its reversal of the same day are nothing.
async fn postings(
    view: &mut impl View,
    compound: CompoundId,
    account: DayAccount,
    on: Day,
    passed_over: &HashSet<i32>,
) -> Result<BTreeMap<i32, Money>> {
    let sql = "SELECT p.seq, CAST(sum(p.side * p.amount_fen) AS BIGINT), max(v.reverses_seq)
               FROM posting p JOIN voucher v ON v.compound_id = p.compound_id AND v.book = p.book AND v.seq = p.seq
               WHERE p.compound_id = $1 AND p.book = $2 AND p.account = $3 AND p.effective_on = $4
               GROUP BY p.seq ORDER BY p.seq";
    let book = account.book().number();
    let values = vec![compound.0.into(), book.into(), account.code().into(), on.into()];
    let mut moved: BTreeMap<i32, Money> = BTreeMap::new();
    let mut reversals = Vec::new();
    for row in view.rows(Reads::SETTLED, sql, values).await? {
        let seq: i32 = row.try_get_by_index(0)?;
        if passed_over.contains(&seq) {
            continue;
        }
        moved.insert(seq, Money::fen(row.try_get_by_index(1)?));
        if let Some(reversed) = row.try_get_by_index::<Option<i32>>(2)? {
            reversals.push((seq, reversed));
        }
    }
    for (seq, reversed) in reversals {
        if moved.contains_key(&reversed) {
            moved.remove(&seq);
            moved.remove(&reversed);
        }
    }
    Ok(moved)
}

/// A day to sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The account.
    pub account: DayAccount,
    /// The day.
    pub on: Day,
    /// Why each difference is there, by its item.
    pub explained: BTreeMap<String, String>,
}

/// A signed day.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[schemars(description = "已签认的一日")]
pub struct SignedDay {
    /// Its number.
    #[schemars(description = "签认编号", example = 1)]
    pub signed_no: SignedNo,
    /// What was signed.
    #[serde(flatten)]
    pub tie: DayTie,
    /// The act that signed it.
    #[schemars(description = "签认的操作编号", example = 42)]
    pub signed_by_act: ActNo,
}

/// Signs a day.
///
/// # Errors
/// `channel.day-not-over`, `channel.day-signed`, `channel.day-without-statement`, `channel.day-unexplained`.
pub async fn sign(tx: &mut Tx, asked: &Sign) -> Result<SignedDay> {
    let (compound, today) = (tx.compound(), tx.at().day());
    let Sign { account, on, explained } = asked;
    if *on >= today {
        return Err(NOT_OVER.refuse(format!("{on}，今天 {today}")).into());
    }
    let before = signed(tx, compound).await?;
    if let Some(signed) = before.iter().find(|day| day.tie.account == *account && day.tie.on == *on)
    {
        let evidence = format!("{} {on} 已由签认 {} 签认", account.name(), signed.signed_no);
        return Err(SIGNED.refuse(evidence).into());
    }
    if !is_told(tx, compound, *account, *on).await? {
        return Err(NO_STATEMENT.refuse(format!("{} {on}", account.name())).into());
    }
    tx.flush().await?;
    let mut tie = tie(tx, compound, *account, *on).await?;
    for item in &mut tie.items {
        let reason = explained.get(&item.item).map(|reason| reason.trim()).unwrap_or_default();
        may_stand_in_clear("原因", reason)?;
        item.reason = reason.to_owned();
    }
    let bare: Vec<&Item> = tie.items.iter().filter(|item| item.reason.is_empty()).collect();
    if let Some(first) = bare.first() {
        let evidence = format!(
            "{} 处差异未写原因，第一处 {}：{} 元，{}",
            bare.len(),
            first.item,
            first.amount_fen.grouped(),
            first.what
        );
        let listed: Vec<&str> = bare.iter().map(|item| item.item.as_str()).collect();
        return Err(UNEXPLAINED.refuse(evidence).with("items", listed).into());
    }
    let bug = |e: serde_json::Error| Storage::Bug(format!("a day is not JSON: {e}"));
    let explained = serde_json::to_string(&tie.items).map_err(bug)?;
    let no = SignedNo(tx.next_no("signed-day"));
    let row = [
        compound.0.into(),
        no.0.into(),
        account.name().into(),
        (*on).into(),
        tie.line_count.into(),
        tie.statement_fen.in_fen().into(),
        tie.ledger_fen.in_fen().into(),
        tie.difference_fen.in_fen().into(),
        (&explained).into(),
        tx.act().0.into(),
    ];
    tx.put(&DAY, &row);
    Ok(SignedDay { signed_no: no, tie, signed_by_act: tx.act() })
}

/// Whether a statement tells of the day: a bill that covers it, or lines of a bank on it or after it.
async fn is_told(
    view: &mut impl View,
    compound: CompoundId,
    account: DayAccount,
    on: Day,
) -> Result<bool> {
    let found = match account.channel() {
        Some(channel) => {
            let sql = "SELECT 1 FROM channel_statement WHERE compound_id = $1 AND channel = $2
                         AND from_on <= $3 AND to_on >= $3 AND undone_by_act IS NULL LIMIT 1";
            let values = vec![compound.0.into(), channel.name().into(), on.into()];
            view.rows(ORDERS, sql, values).await?.len()
        }
        None => {
            let last = bank::last_day(view, compound, account.book()).await?;
            usize::from(last.is_some_and(|last| last >= on))
        }
    };
    Ok(found > 0)
}

/// The signed days of a compound, in the order they were signed.
///
/// # Errors
/// Storage.
pub async fn signed(view: &mut impl View, compound: CompoundId) -> Result<Vec<SignedDay>> {
    let sql = "SELECT signed_no, account, signed_on, line_count, statement_fen, ledger_fen, difference_fen, explained,
                 act_no FROM signed_day WHERE compound_id = $1 ORDER BY signed_no";
    let bug = |what: String| Storage::Bug(what);
    let mut days = Vec::new();
    for row in view.rows(DAYS, sql, vec![compound.0.into()]).await? {
        let name: String = row.try_get_by_index(1)?;
        let account = DayAccount::named(&name).ok_or_else(|| bug(format!("the account {name}")))?;
        let explained: String = row.try_get_by_index(7)?;
        let items =
            serde_json::from_str(&explained).map_err(|e| bug(format!("a signed day: {e}")))?;
        days.push(SignedDay {
            signed_no: SignedNo(row.try_get_by_index(0)?),
            tie: DayTie {
                account,
                on: row.try_get_by_index(2)?,
                line_count: row.try_get_by_index(3)?,
                statement_fen: Money::fen(row.try_get_by_index(4)?),
                ledger_fen: Money::fen(row.try_get_by_index(5)?),
                difference_fen: Money::fen(row.try_get_by_index(6)?),
                items,
            },
            signed_by_act: ActNo(row.try_get_by_index(8)?),
        });
    }
    Ok(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_difference_is_an_item_and_they_come_to_the_difference() {
        let item = |name: &str, fen: i64| Item {
            item: name.to_owned(),
            amount_fen: Money::fen(fen),
            what: String::new(),
            reason: String::new(),
        };
        // Two lines of one voucher, a line of none, a line whose voucher is of another day, a voucher of none.
        let lines = vec![
            (item("line:1", 600), Some(1)),
            (item("line:2", 400), Some(1)),
            (item("line:3", 50), None),
            (item("line:4", 7), Some(9)),
        ];
        let postings = BTreeMap::from([(1, Money::fen(1_000)), (2, Money::fen(30))]);
        let on = "2026-01-05".parse().unwrap();
        let tie = compare(DayAccount::ServiceBank, on, lines, postings);
        assert_eq!((tie.statement_fen.in_fen(), tie.ledger_fen.in_fen()), (1_057, 1_030));
        let told: Vec<_> =
            tie.items.iter().map(|i| (i.item.as_str(), i.amount_fen.in_fen())).collect();
        assert_eq!(told, [("line:3", 50), ("line:4", 7), ("voucher:2", -30)]);
        let sum: Money = tie.items.iter().map(|i| i.amount_fen).sum();
        assert_eq!(sum, tie.difference_fen);
    }
}
