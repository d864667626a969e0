//! Payment channels: the bills of WeChat Pay and Alipay, order by order, until the last fen of them is in the bank.
//!
//! Owns: `channel_statement`, `channel_order`, `channel_claim`, `channel_payout`, `channel_payout_order`, `signed_day`,
//! `invoice`, `invoice_use`, `invoice_red`.
//!
//! Always: an order is kept as it came, once, however many files name it, and never changed; its names and words stand with
//! every long number masked, and what the channel wrote lies sealed beside them. What an order was found to be is a claim that
//! names its voucher; a claim whose voucher was reversed is none, and the order is open again. Money nobody can name is held
//! (224101 暂存款), with its age, until it is a dwelling's or goes back. A channel's payout is split into its orders and
//! charges. A day is signed once, with every difference named.
//! Never: a payment of its own (that is `fees::pay`), a guess that acts: only what is exact is applied without a person.
//!
//! Start at [`orders`]; the walk is [`matching`] (what is it) ▸ [`claim`] (say so) ▸ [`payout`] (the bank has it) ▸ [`day`]
//! (sign it). Beside it stand [`collection`] (托收 files) and [`invoice`].

pub mod claim;
pub mod collection;
pub mod day;
pub mod invoice;
pub mod matching;
pub mod payout;

use std::collections::{BTreeMap, HashSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::sheaf::{Kind as Column, Table};
use crate::books::{Reads, Tx, View};
use crate::calendar::Day;
use crate::error::{Kind as Answer, Result, Rule, Storage};
use crate::fees::Method;
use crate::id::{CompoundId, DwellingNo, OrderNo, PaymentNo, StatementNo};
pub use crate::intake::{Channel, Form, OrderKind, OrderRow};
use crate::journal::Book;
use crate::mask;
use crate::money::Money;
use crate::seal::{Ring, Sealed};

/// There is no such order.
pub static NO_ORDER: Rule = Rule {
    code: "channel.no-order",
    kind: Answer::Missing,
    rule: "渠道订单须已导入",
    remedy: "先导入渠道账单，或检查订单编号",
};

/// The rules of this room.
pub static RULES: &[&Rule] = &[
    &NO_ORDER,
    &claim::DECIDED,
    &claim::NOT_MONEY_IN,
    &claim::NO_CANDIDATE,
    &claim::NOT_THIS_PAYMENT,
    &claim::NOT_HELD,
    &claim::NOT_THIS_REFUND,
    &claim::REASON,
    &payout::NOTHING,
    &payout::OPEN,
    &payout::DIFFERS,
    &payout::PERIOD,
    &day::NOT_OVER,
    &day::NO_STATEMENT,
    &day::SIGNED,
    &day::UNEXPLAINED,
    &collection::NO_TEMPLATE,
    &invoice::REGISTERED,
    &invoice::NO_INVOICE,
    &invoice::NO_PAYMENT,
    &invoice::USED,
    &invoice::IS_RED,
    &invoice::TAKEN_BACK,
    &invoice::BEYOND,
    &invoice::NOT_RED,
    &invoice::LINKED,
    &invoice::NOT_ISSUED,
];

/// 224101 其他应付款-暂存款.
const HELD: i32 = 224_101;
/// 1002 银行存款.
const BANK: i32 = 1002;
/// 6603 财务费用.
const CHARGES: i32 = 6603;

static STATEMENT: Table = Table {
    name: "channel_statement",
    rank: 2,
    columns: &[
        ("compound_id", Column::Int),
        ("statement_no", Column::Int),
        ("channel", Column::Text),
        ("form", Column::Text),
        ("account", Column::Text),
        ("from_on", Column::Day),
        ("to_on", Column::Day),
        ("file_hash", Column::Text),
        ("order_count", Column::Int),
        ("in_fen", Column::Big),
        ("out_fen", Column::Big),
        ("fee_e5", Column::Big),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static ORDER: Table = Table {
    name: "channel_order",
    rank: 3,
    columns: &[
        ("compound_id", Column::Int),
        ("order_no", Column::Int),
        ("statement_no", Column::Int),
        ("channel", Column::Text),
        ("kind", Column::Text),
        ("number", Column::Text),
        ("merchant_number", Column::Text),
        ("of_number", Column::Text),
        ("occurred_on", Column::Day),
        ("occurred_time", Column::Text),
        ("amount_fen", Column::Big),
        ("fee_e5", Column::Big),
        ("payer", Column::Text),
        ("payer_blind", Column::Bytes),
        ("wording", Column::Text),
        ("is_ours", Column::Small),
        ("as_written_sealed", Column::Bytes),
        ("act_no", Column::Int),
    ],
    on_conflict: "",
};

static AS_WRITTEN: Sealed = Sealed {
    table: "channel_order",
    column: "as_written_sealed",
    row: "order_no",
    compound: "compound_id",
};

/// The columns of this room that hold sealed values.
pub static SEALED: &[&Sealed] = &[&AS_WRITTEN];

const ORDERS: Reads = Reads(&[&STATEMENT, &ORDER, &claim::CLAIM, &payout::PAYOUT, &payout::PART]);

/// Where a channel's money lies until it is banked.
const fn account_of(channel: Channel) -> i32 {
    method_of(channel).account()
}

/// How a payment through a channel is made.
const fn method_of(channel: Channel) -> Method {
    match channel {
        Channel::Wechat => Method::Wechat,
        Channel::Alipay => Method::Alipay,
    }
}

/// A bill to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStatement {
    /// Whose bill.
    pub channel: Channel,
    /// Which bill.
    pub form: Form,
    /// Our account with the channel.
    pub account: String,
    /// The first day it covers.
    pub from_on: Day,
    /// The last day it covers.
    pub to_on: Day,
    /// The file's SHA-256.
    pub file_hash: String,
}

/// What of an order is not shown: who paid, and words where a long number was masked in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsWritten {
    /// The payer's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payer: String,
    /// The channel's mark of the payer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub payer_id: String,
    /// The words, if they differ from what is shown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wording: String,
}

/// Keeps a bill and its orders, in the order given; answers the orders' numbers.
///
/// # Errors
/// `seal.key-missing`, `seal.key-differs`.
pub(crate) async fn keep(
    tx: &mut Tx,
    new: &NewStatement,
    orders: &[&OrderRow],
) -> Result<Vec<OrderNo>> {
    let (compound, act) = (tx.compound(), tx.act().0);
    let ring = tx.ring().clone();
    let statement = StatementNo(tx.next_no("channel-statement"));
    let sum = |is_in: bool| -> Money {
        let of = orders.iter().map(|order| order.amount);
        of.filter(|amount| amount.is_positive() == is_in).map(Money::abs).sum()
    };
    let row = [
        compound.0.into(),
        statement.0.into(),
        new.channel.name().into(),
        new.form.name().into(),
        (&new.account).into(),
        new.from_on.into(),
        new.to_on.into(),
        (&new.file_hash).into(),
        i32::try_from(orders.len()).unwrap_or(i32::MAX).into(),
        sum(true).in_fen().into(),
        sum(false).in_fen().into(),
        orders.iter().map(|order| order.fee_e5).sum::<i64>().into(),
        act.into(),
    ];
    tx.put(&STATEMENT, &row);
    let mut numbers = Vec::with_capacity(orders.len());
    for order in orders {
        let no = OrderNo(tx.next_no("channel-order"));
        let (payer, wording) = (mask::name(&order.payer), mask::text(&order.wording));
        let payer = if payer.is_empty() { mask::account(&order.payer_id) } else { payer };
        let hidden = AsWritten {
            payer: order.payer.clone(),
            payer_id: order.payer_id.clone(),
            wording: if wording == order.wording { String::new() } else { order.wording.clone() },
        };
        let bug = |e: serde_json::Error| Storage::Bug(format!("an order is not JSON: {e}"));
        let hidden = serde_json::to_string(&hidden).map_err(bug)?;
        let sealed = ring.seal(&AS_WRITTEN.at(compound, no.0), hidden.as_bytes())?;
        let blind = payer_blind(&ring, compound, new.channel, order)?;
        let row = [
            compound.0.into(),
            no.0.into(),
            statement.0.into(),
            new.channel.name().into(),
            order.kind.name().into(),
            (&order.number).into(),
            (&order.merchant_number).into(),
            (&order.of_number).into(),
            order.occurred_on.into(),
            order.occurred_time.as_deref().unwrap_or_default().into(),
            order.amount.in_fen().into(),
            order.fee_e5.into(),
            (&payer).into(),
            blind.as_slice().into(),
            (&wording).into(),
            order.is_ours.into(),
            sealed.as_slice().into(),
            act.into(),
        ];
        tx.put(&ORDER, &row);
        numbers.push(no);
        tx.put_is_due().await?;
    }
    Ok(numbers)
}

/// What is not shown of an order. Who shows it records an act first (`audit::record_reading`).
///
/// # Errors
/// `channel.no-order`, `seal.key-missing`, `seal.key-differs`, `seal.broken`.
pub async fn hidden(view: &mut impl View, compound: CompoundId, no: OrderNo) -> Result<AsWritten> {
    let sql =
        "SELECT as_written_sealed FROM channel_order WHERE compound_id = $1 AND order_no = $2";
    let found = view.rows(ORDERS, sql, vec![compound.0.into(), no.0.into()]).await?;
    let row = found.first().ok_or_else(|| NO_ORDER.refuse(format!("订单编号 {no}")))?;
    let sealed: Vec<u8> = row.try_get_by_index(0)?;
    let opened = view.ring().open_text(&AS_WRITTEN.at(compound, no.0), &sealed)?;
    let bug = |e: serde_json::Error| Storage::Bug(format!("a sealed order is not JSON: {e}"));
    Ok(serde_json::from_str(&opened).map_err(bug)?)
}

/// By what a payer is known again: the channel's mark of them, else the name. A mark the channel itself has masked is many
/// people's, and no mark.
fn payer_blind(
    ring: &Ring,
    compound: CompoundId,
    channel: Channel,
    order: &OrderRow,
) -> Result<Vec<u8>> {
    let is_masked = |text: &str| text.contains("**") || text.contains("xxxx");
    let known = [&order.payer_id, &order.payer];
    let known = known.into_iter().find(|text| !text.is_empty() && !is_masked(text));
    let Some(known) = known else { return Ok(Vec::new()) };
    let value = format!("{}/{known}", channel.name());
    Ok(ring.blind(&AS_WRITTEN, compound, &value)?.to_vec())
}

/// The channel's own numbers of the paid orders whose bill told their charge: the same charge as a line of its own is known.
pub(crate) async fn charged_numbers(
    view: &mut impl View,
    compound: CompoundId,
    channel: Channel,
) -> Result<HashSet<String>> {
    let sql = "SELECT number FROM channel_order
               WHERE compound_id = $1 AND channel = $2 AND kind = 'pay' AND fee_e5 <> 0 AND number <> ''";
    let mut numbers = HashSet::new();
    for row in view.rows(ORDERS, sql, vec![compound.0.into(), channel.name().into()]).await? {
        numbers.insert(row.try_get_by_index(0)?);
    }
    Ok(numbers)
}

/// The first of some orders on which something stands or stood.
pub(crate) async fn first_in_use(tx: &mut Tx, orders: &[OrderNo]) -> Result<Option<OrderNo>> {
    let numbers: Vec<i32> = orders.iter().map(|order| order.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    let sql = format!(
        "SELECT min(order_no) FROM (
           SELECT order_no FROM channel_claim WHERE compound_id = $1
           UNION SELECT held_order_no FROM channel_claim WHERE compound_id = $1
           UNION SELECT order_no FROM channel_payout_order WHERE compound_id = $1) u
         WHERE order_no {list}"
    );
    let found = tx.rows(ORDERS, &sql, vec![tx.compound().0.into(), value]).await?;
    let first = found.first().map(|row| row.try_get_by_index::<Option<i32>>(0)).transpose()?;
    Ok(first.flatten().map(OrderNo))
}

/// Takes orders away that an import kept by mistake. The caller has made sure that nothing stands on them.
pub(crate) async fn drop_orders(tx: &mut Tx, orders: &[OrderNo]) -> Result<()> {
    let (compound, act) = (tx.compound().0, tx.act().0);
    let numbers: Vec<i32> = orders.iter().map(|order| order.0).collect();
    let (list, value) = tx.list_of(&numbers, 2);
    let sql = format!(
        "UPDATE channel_statement SET undone_by_act = $3 WHERE compound_id = $1 AND statement_no IN
           (SELECT statement_no FROM channel_order WHERE compound_id = $1 AND order_no {list})"
    );
    tx.exec(&sql, vec![compound.into(), value.clone(), act.into()]).await?;
    let sql = format!("DELETE FROM channel_order WHERE compound_id = $1 AND order_no {list}");
    tx.exec(&sql, vec![compound.into(), value]).await?;
    Ok(())
}

/// A bill that was taken in.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(description = "已导入的渠道账单")]
pub struct Statement {
    /// Its number.
    #[schemars(description = "账单编号", example = 1)]
    pub statement_no: StatementNo,
    /// Whose.
    #[schemars(description = "支付渠道")]
    pub channel: Channel,
    /// Which.
    #[schemars(description = "账单种类：orders 商户订单，funds 商户资金，personal 个人或经营账单", example = &"orders")]
    pub form: String,
    /// Our account with the channel.
    #[schemars(description = "商户号", example = &"1600000000")]
    pub account: String,
    /// The first day it covers.
    #[schemars(description = "起日")]
    pub from_on: Day,
    /// The last day it covers.
    #[schemars(description = "止日")]
    pub to_on: Day,
    /// The file's SHA-256.
    #[schemars(description = "文件的 SHA-256", example = &"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    pub file_hash: String,
    /// How many orders were new.
    #[schemars(description = "新收入的订单笔数", example = 110)]
    pub order_count: i32,
    /// Σ in.
    #[schemars(description = "收入合计：分", example = 1_172_202)]
    pub in_fen: Money,
    /// Σ out.
    #[schemars(description = "支出合计：分", example = 0)]
    pub out_fen: Money,
    /// Σ charged, in hundred-thousandths of a yuan.
    #[schemars(description = "手续费合计：十万分之一元", example = 7_028_000)]
    pub fee_e5: i64,
    /// Whether its import was undone.
    #[schemars(description = "是否已撤销", example = false)]
    pub is_undone: bool,
}

/// The bills of a compound, the latest first.
///
/// # Errors
/// Storage.
pub async fn statements(view: &mut impl View, compound: CompoundId) -> Result<Vec<Statement>> {
    let sql = "SELECT statement_no, channel, form, account, from_on, to_on, file_hash, order_count, in_fen,
                 out_fen, fee_e5, undone_by_act
               FROM channel_statement WHERE compound_id = $1 ORDER BY statement_no DESC";
    let mut statements = Vec::new();
    for row in view.rows(ORDERS, sql, vec![compound.0.into()]).await? {
        let name: String = row.try_get_by_index(1)?;
        statements.push(Statement {
            statement_no: StatementNo(row.try_get_by_index(0)?),
            channel: stored(&name)?,
            form: row.try_get_by_index(2)?,
            account: row.try_get_by_index(3)?,
            from_on: row.try_get_by_index(4)?,
            to_on: row.try_get_by_index(5)?,
            file_hash: row.try_get_by_index(6)?,
            order_count: row.try_get_by_index(7)?,
            in_fen: Money::fen(row.try_get_by_index(8)?),
            out_fen: Money::fen(row.try_get_by_index(9)?),
            fee_e5: row.try_get_by_index(10)?,
            is_undone: row.try_get_by_index::<Option<i32>>(11)?.is_some(),
        });
    }
    Ok(statements)
}

/// A channel as it is kept.
fn stored(name: &str) -> Result<Channel> {
    let bug = || Storage::Bug(format!("the unknown channel {name:?}"));
    Ok(Channel::named(name).ok_or_else(bug)?)
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    rename = "OrderState",
    description = "状态：open 待定，applied 已入账，held 暂存，returned 已退回，noted 无须认定（手续费、提现）"
)]
pub enum State {
    /// Nobody has said what it is.
    #[schemars(description = "待定")]
    Open,
    /// It is a payment, or the return of held money.
    #[schemars(description = "已入账")]
    Applied,
    /// It is held.
    #[schemars(description = "暂存")]
    Held,
    /// It was held and went back.
    #[schemars(description = "已退回")]
    Returned,
    /// It needs no word: a charge, a withdrawal.
    #[schemars(description = "无须认定")]
    Noted,
}

/// An order and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number in the compound.
    pub no: OrderNo,
    /// The bill it came with.
    pub statement_no: StatementNo,
    /// Whose.
    pub channel: Channel,
    /// What it is.
    pub kind: OrderKind,
    /// The channel's number.
    pub number: String,
    /// Our own number.
    pub merchant_number: String,
    /// The order it belongs to.
    pub of_number: String,
    /// The day.
    pub occurred_on: Day,
    /// The time, `HH:MM:SS` or empty.
    pub occurred_time: String,
    /// In; negative if out.
    pub amount: Money,
    /// The charge, in hundred-thousandths of a yuan.
    pub fee_e5: i64,
    /// Who paid, masked.
    pub payer: String,
    /// By what the payer is known again; empty if by nothing.
    pub payer_blind: Vec<u8>,
    /// The words, masked.
    pub wording: String,
    /// Whether our own program wrote the words.
    pub is_ours: bool,
    /// What became of it.
    pub state: State,
    /// Whose it is.
    pub dwelling: Option<DwellingNo>,
    /// Its receipt.
    pub payment: Option<PaymentNo>,
    /// What of it is held.
    pub held: Money,
    /// The payout it was part of.
    pub payout: Option<i32>,
}

/// Which orders to look for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Which {
    /// Of one channel.
    pub channel: Option<Channel>,
    /// In one state.
    pub state: Option<State>,
    /// One order.
    pub only: Option<OrderNo>,
    /// From this day on.
    pub from_on: Option<Day>,
    /// To this day.
    pub to_on: Option<Day>,
    /// Only those in no payout.
    pub is_unpaid_out: bool,
    /// Only payments that a refund names.
    pub is_returned: bool,
}

/// The orders of a compound after a number, in order.
///
/// # Errors
/// Storage.
pub async fn orders(
    view: &mut impl View,
    compound: CompoundId,
    which: Which,
    after: OrderNo,
    most: i32,
) -> Result<Vec<Order>> {
    let book = Book::Service.number();
    let mut values = vec![compound.0.into(), book.into(), after.0.into()];
    let mut condition = String::new();
    let mut put = |text: &str, value: sea_orm::Value| {
        values.push(value);
        condition += &text.replace('?', &format!("${}", values.len()));
    };
    if let Some(channel) = which.channel {
        put(" AND o.channel = ?", channel.name().into());
    }
    if let Some(no) = which.only {
        put(" AND o.order_no = ?", no.0.into());
    }
    if let Some(day) = which.from_on {
        put(" AND o.occurred_on >= ?", day.into());
    }
    if let Some(day) = which.to_on {
        put(" AND o.occurred_on <= ?", day.into());
    }
    if which.is_returned {
        condition += " AND o.kind = 'pay' AND o.number <> '' AND EXISTS (
           SELECT 1 FROM channel_order r WHERE r.compound_id = o.compound_id AND r.of_number = o.number
             AND r.of_number <> '' AND r.kind = 'refund')";
    }
    let state = match which.state {
        None => "",
        Some(State::Open) => {
            " AND o.applied IS NULL AND o.ever_fen IS NULL AND o.kind IN ('pay', 'refund', 'other')"
        }
        Some(State::Applied) => " AND o.applied IS NOT NULL",
        Some(State::Held) => " AND o.held_fen > 0",
        Some(State::Returned) => " AND o.ever_fen > 0 AND o.held_fen = 0 AND o.applied IS NULL",
        Some(State::Noted) => " AND o.kind IN ('fee', 'withdrawal')",
    };
    let payout = if which.is_unpaid_out { " AND o.payout_no IS NULL" } else { "" };
    values.push(most.max(1).into());
    let limit = values.len();
    // What became of an order is looked up order by order, by key: a page of an open channel costs what its own orders cost,
    // however many were booked before.
    let stands = |row: &str| {
        format!(
            "NOT EXISTS (SELECT 1 FROM voucher v WHERE v.compound_id = {row}.compound_id AND v.book = $2
                           AND v.reverses_seq = {row}.voucher_seq)"
        )
    };
    let (of_claim, of_payout) = (stands("c"), stands("q"));
    let held = |signs: &str| {
        format!(
            "SELECT CAST(sum(CASE c.kind WHEN 'held' THEN c.amount_fen {signs} END) AS BIGINT) FROM channel_claim c
             WHERE c.compound_id = o.compound_id AND c.held_order_no = o.order_no
               AND c.kind IN ('held', 'released', 'returned') AND {of_claim}"
        )
    };
    let (ever, now) =
        (held(""), held("WHEN 'released' THEN -c.amount_fen WHEN 'returned' THEN -c.amount_fen"));
    let sql = format!(
        "SELECT o.order_no, o.statement_no, o.channel, o.kind, o.number, o.merchant_number, o.of_number,
           o.occurred_on, o.occurred_time, o.amount_fen, o.fee_e5, o.payer, o.payer_blind, o.wording, o.is_ours,
           o.applied, a.dwelling_no, a.payment_no, COALESCE(o.ever_fen, 0) AS ever_fen,
           COALESCE(o.held_fen, 0) AS held_fen, o.payout_no
         FROM (
           SELECT o.*,
             (SELECT max(c.claim_no) FROM channel_claim c
              WHERE c.compound_id = o.compound_id AND c.order_no = o.order_no AND {of_claim}
                AND (c.kind IN ('paid', 'tied', 'refunded')
                     OR (c.kind = 'returned' AND c.order_no <> c.held_order_no))) AS applied,
             ({ever}) AS ever_fen,
             ({now}) AS held_fen,
             (SELECT max(p.payout_no) FROM channel_payout_order p JOIN channel_payout q
                ON q.compound_id = p.compound_id AND q.payout_no = p.payout_no
              WHERE p.compound_id = o.compound_id AND p.order_no = o.order_no AND {of_payout}) AS payout_no
           FROM channel_order o WHERE o.compound_id = $1 AND o.order_no > $3 {condition}) o
         LEFT JOIN channel_claim a ON a.compound_id = o.compound_id AND a.claim_no = o.applied
         WHERE TRUE {state} {payout} ORDER BY o.order_no LIMIT ${limit}"
    );
    let mut orders = Vec::new();
    for row in view.rows(ORDERS, &sql, values).await? {
        let bug = || Storage::Bug("an order of an unknown kind".to_owned());
        let channel: String = row.try_get("", "channel")?;
        let kind: String = row.try_get("", "kind")?;
        let channel = stored(&channel)?;
        let kind = OrderKind::named(&kind).ok_or_else(bug)?;
        let is_applied = row.try_get::<Option<i32>>("", "applied")?.is_some();
        let held = Money::fen(row.try_get("", "held_fen")?);
        let was_held = row.try_get::<i64>("", "ever_fen")? > 0;
        let state = match kind {
            OrderKind::Fee | OrderKind::Withdrawal => State::Noted,
            _ if is_applied => State::Applied,
            _ if held.is_positive() => State::Held,
            _ if was_held => State::Returned,
            _ => State::Open,
        };
        orders.push(Order {
            no: OrderNo(row.try_get("", "order_no")?),
            statement_no: StatementNo(row.try_get("", "statement_no")?),
            channel,
            kind,
            number: row.try_get("", "number")?,
            merchant_number: row.try_get("", "merchant_number")?,
            of_number: row.try_get("", "of_number")?,
            occurred_on: row.try_get("", "occurred_on")?,
            occurred_time: row.try_get("", "occurred_time")?,
            amount: Money::fen(row.try_get("", "amount_fen")?),
            fee_e5: row.try_get("", "fee_e5")?,
            payer: row.try_get("", "payer")?,
            payer_blind: row.try_get("", "payer_blind")?,
            wording: row.try_get("", "wording")?,
            is_ours: row.try_get::<i16>("", "is_ours")? != 0,
            state,
            dwelling: row.try_get::<Option<i32>>("", "dwelling_no")?.map(DwellingNo),
            payment: row.try_get::<Option<i32>>("", "payment_no")?.map(PaymentNo),
            held,
            payout: row.try_get("", "payout_no")?,
        });
    }
    Ok(orders)
}

/// One order.
///
/// # Errors
/// `channel.no-order`.
pub async fn order(view: &mut impl View, compound: CompoundId, no: OrderNo) -> Result<Order> {
    let which = Which { only: Some(no), ..Which::default() };
    let found = orders(view, compound, which, OrderNo(0), 1).await?.pop();
    Ok(found.ok_or_else(|| NO_ORDER.refuse(format!("订单编号 {no}")))?)
}

/// The held money of a compound: each order with what of it is held, the oldest first.
///
/// # Errors
/// Storage.
pub async fn held(view: &mut impl View, compound: CompoundId) -> Result<BTreeMap<OrderNo, Order>> {
    let which = Which { state: Some(State::Held), ..Which::default() };
    let found = orders(view, compound, which, OrderNo(0), i32::MAX).await?;
    Ok(found.into_iter().map(|order| (order.no, order)).collect())
}
