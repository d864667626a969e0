//! The door of payment channels: bills and orders, what each may be and was found to be, payouts, signed days, 托收 files and
//! the register of invoices.
//!
//! Payers are shown by the first character of their names; a long number in a channel's words was masked when it was kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::audit::{self, Reading};
use ledger::books::{Actor, Books, Done, Request, Snapshot};
use ledger::channel::claim::{self, Accept, Accepted, Applied, Apply, Hold, Kept, Return};
use ledger::channel::day::{self, DayAccount, DayTie, Sign, SignedDay};
use ledger::channel::invoice::{self, Invoice, Link, TieInvoice};
use ledger::channel::matching::{self, Class, Proposal};
use ledger::channel::payout::{self, Payout, PayoutProposal, Settle, Settled, Sums};
use ledger::channel::{self, Channel, Order, OrderKind, State, Statement, Which, collection};
use ledger::error::Result;
use ledger::id::{CompoundId, DwellingNo, InvoiceNo, LineNo, OrderNo, PaymentNo};
use ledger::money::Money;
use ledger::property::{self, Compound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Asked, Nothing, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::Problem;
use crate::wire::{Acted, IsoDay, Shown};

/// How the dwellings are called.
type Rooms = Arc<BTreeMap<DwellingNo, String>>;

/// `GET /compounds/{compound}/channel-statements`.
///
/// # Errors
/// Those of a list.
pub async fn statements(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Statement>, Problem> {
    let statements = channel::statements(&mut visit.read().await?, visit.compound.id).await?;
    let keyed = statements.into_iter().map(|s| (std::cmp::Reverse(s.statement_no.0), s));
    list.answer_from(keyed.collect())
}

/// Which orders to list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderQuery {
    #[schemars(description = "支付渠道：不写则全部")]
    channel: Option<Channel>,
    #[schemars(description = "状态：不写则全部")]
    state: Option<State>,
}

/// An order as it is shown.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "渠道订单的一笔；付款人只显示姓，长号码只留末四位")]
pub struct OrderView {
    #[schemars(description = "订单编号：小区内连续", example = 1)]
    pub(crate) order_no: i32,
    #[schemars(description = "账单编号", example = 1)]
    statement_no: i32,
    #[schemars(description = "支付渠道")]
    pub(crate) channel: Channel,
    #[schemars(description = "种类")]
    kind: OrderKind,
    #[schemars(description = "渠道单号", example = &"4200001120260100000000000000")]
    pub(crate) number: String,
    #[schemars(description = "商户单号", example = &"WY202601521601000")]
    merchant_number: String,
    #[schemars(description = "原单号：退款、手续费所属的订单", example = &"")]
    of_number: String,
    #[schemars(description = "日期")]
    pub(crate) occurred_on: IsoDay,
    #[schemars(description = "时间：可能为空", example = &"13:49:58")]
    occurred_time: String,
    #[schemars(description = "金额：分；支出为负", example = 13_277)]
    pub(crate) amount_fen: Money,
    #[schemars(description = "手续费：十万分之一元", example = 80_000)]
    fee_e5: i64,
    #[schemars(description = "付款人：只显示姓", example = &"王*")]
    payer: String,
    #[schemars(description = "商品与附言", example = &"梧桐里小区 5-2-1601 物业费2026年1月")]
    pub(crate) wording: String,
    #[schemars(description = "状态")]
    pub(crate) state: State,
    #[schemars(description = "房号：已入账的", example = &"5-2-1601")]
    room: Option<String>,
    #[schemars(description = "收据编号：已入账的")]
    payment_no: Option<PaymentNo>,
    #[schemars(description = "暂存：分", example = 0)]
    pub(crate) held_fen: Money,
    #[schemars(description = "至今天数：待定或暂存的账龄", example = 3)]
    pub(crate) age_days: i64,
    #[schemars(description = "核销编号：已到账的")]
    payout_no: Option<i32>,
}

impl OrderView {
    fn new(order: Order, rooms: &Rooms, today: ledger::calendar::Day) -> OrderView {
        let waits = matches!(order.state, State::Open | State::Held);
        OrderView {
            order_no: order.no.0,
            statement_no: order.statement_no.0,
            channel: order.channel,
            kind: order.kind,
            number: order.number,
            merchant_number: order.merchant_number,
            of_number: order.of_number,
            occurred_on: IsoDay(order.occurred_on),
            occurred_time: order.occurred_time,
            amount_fen: order.amount,
            fee_e5: order.fee_e5,
            payer: order.payer,
            wording: order.wording,
            state: order.state,
            room: order.dwelling.and_then(|no| rooms.get(&no).cloned()),
            payment_no: order.payment,
            held_fen: order.held,
            age_days: if waits { (today - order.occurred_on).num_days() } else { 0 },
            payout_no: order.payout,
        }
    }
}

/// `GET /compounds/{compound}/channel-orders`.
///
/// # Errors
/// Those of a list.
pub async fn orders(visit: Visit, list: Sought<OrderQuery>) -> Result<Listed<OrderView>, Problem> {
    let (compound, today) = (visit.compound.id, visit.books.clock().now().day());
    let OrderQuery { channel, state } = list.query;
    let mut view = visit.read().await?;
    let rooms = Arc::new(property::numbers(&mut view, compound).await?);
    list.answer(view, move |view: &mut Snapshot, after: Option<OrderNo>, most: u16| {
        let rooms = Arc::clone(&rooms);
        Box::pin(async move {
            let which = Which { channel, state, ..Which::default() };
            let after = after.unwrap_or(OrderNo(0));
            let found = channel::orders(view, compound, which, after, i32::from(most)).await?;
            let row = |order: Order| (order.no, OrderView::new(order, &rooms, today));
            Ok(found.into_iter().map(row).collect())
        })
    })
    .await
}

/// Of which channel.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelQuery {
    #[serde(default = "wechat")]
    #[schemars(description = "支付渠道：不写则为 wechat")]
    channel: Channel,
}

fn wechat() -> Channel {
    Channel::Wechat
}

/// What an open order may be.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "待定订单的认定建议")]
pub struct ProposalView {
    #[schemars(description = "订单")]
    pub(crate) order: OrderView,
    #[schemars(description = "把握")]
    pub(crate) class: Class,
    #[schemars(description = "候选房号：确定与很可能的只有一个", example = ["5-2-1601"])]
    pub(crate) rooms: Vec<String>,
    #[schemars(description = "收据编号：可能已登记的")]
    pub(crate) payment_no: Option<PaymentNo>,
    #[schemars(description = "所退的订单编号：退款才有")]
    pub(crate) returns: Option<OrderNo>,
    #[schemars(description = "理由", example = &"商户订单写明房号 5-2-1601")]
    pub(crate) why: String,
}

impl ProposalView {
    fn new(
        (order, proposal): (Order, Proposal),
        rooms: &Rooms,
        today: ledger::calendar::Day,
    ) -> ProposalView {
        let named = proposal.candidates.iter().filter_map(|no| rooms.get(no).cloned());
        ProposalView {
            class: proposal.class,
            rooms: named.collect(),
            payment_no: proposal.payment,
            returns: proposal.returns,
            why: proposal.why,
            order: OrderView::new(order, rooms, today),
        }
    }
}

/// A page of proposals, for whoever asks.
pub(crate) async fn proposed(
    view: &mut Snapshot,
    compound: CompoundId,
    channel: Channel,
    today: ledger::calendar::Day,
    (after, most): (OrderNo, i32),
) -> Result<Vec<(OrderNo, ProposalView)>> {
    let rooms = Arc::new(property::numbers(view, compound).await?);
    let found = matching::proposals(view, compound, channel, after, most).await?;
    let row = |pair: (Order, Proposal)| (pair.0.no, ProposalView::new(pair, &rooms, today));
    Ok(found.into_iter().map(row).collect())
}

/// `GET /compounds/{compound}/channel-proposals`.
///
/// # Errors
/// Those of a list.
pub async fn proposals(
    visit: Visit,
    list: Sought<ChannelQuery>,
) -> Result<Listed<ProposalView>, Problem> {
    let (compound, today) = (visit.compound.id, visit.books.clock().now().day());
    let channel = list.query.channel;
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<OrderNo>, most: u16| {
        Box::pin(async move {
            let page = (after.unwrap_or(OrderNo(0)), i32::from(most));
            proposed(view, compound, channel, today, page).await
        })
    })
    .await
}

/// Which exact orders to apply.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "自动入账：只办确定的")]
pub struct ApplyAsked {
    /// Of which channel.
    #[schemars(description = "支付渠道")]
    pub channel: Channel,
    /// After which order.
    #[serde(default = "from_the_first")]
    #[schemars(description = "从此订单编号之后；不写则从头", example = 0)]
    pub after: i32,
    /// How many open orders to look at.
    #[serde(default = "a_page")]
    #[schemars(
        description = "看多少笔待定的订单：至多 5000",
        range(min = 1, max = 5000),
        example = 1000
    )]
    pub most: i32,
}

fn from_the_first() -> i32 {
    0
}

fn a_page() -> i32 {
    1_000
}

/// Applies a page of exact orders for whoever asks.
pub(crate) async fn apply_page(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: ApplyAsked,
) -> Result<Done<Applied>> {
    let ApplyAsked { channel, after, most } = asked;
    let given = Apply { channel, after: OrderNo(after), most };
    let request = Request::new("channel.apply", given).maybe_once(key).alone();
    books.act(actor, compound.id, request, |tx, given| Box::pin(claim::apply(tx, given))).await
}

/// `POST /compounds/{compound}/channel-matches`.
///
/// # Errors
/// Those of [`claim::apply`].
pub async fn apply(visit: Visit, Told(asked): Told<ApplyAsked>) -> Result<Acted<Applied>, Problem> {
    let key = visit.key.clone();
    let done = apply_page(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |applied| applied))
}

/// An order's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtOrder {
    #[schemars(description = "订单编号", example = 1)]
    no: OrderNo,
}

/// Whose an order is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "认定订单：房号、已有的收据都不写则按建议")]
pub struct AcceptAsked {
    /// The dwelling; empty for the proposal's, or the payment's.
    #[schemars(description = "房号：空则按建议，或按所写的收据", example = &"1-1-101")]
    pub room: String,
    /// The payment it already is.
    #[serde(default)]
    #[schemars(description = "收据编号：此款已登记时写")]
    pub payment_no: Option<PaymentNo>,
}

/// Books an order for whoever asks.
pub(crate) async fn accept_one(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    (no, asked): (OrderNo, AcceptAsked),
) -> Result<Done<Accepted>> {
    let request = Request::new("channel.accept", (no, asked)).maybe_once(key);
    books
        .act(actor, compound.id, request, |tx, (no, asked): &(OrderNo, AcceptAsked)| {
            Box::pin(async move {
                let compound = tx.compound();
                let dwelling_no = match asked.room.trim() {
                    "" => None,
                    room => Some(claim::dwelling_named(tx, compound, *no, room).await?),
                };
                let given = Accept { order_no: *no, dwelling_no, payment_no: asked.payment_no };
                claim::accept(tx, &given).await
            })
        })
        .await
}

/// A booked order.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已入账的订单")]
pub struct AcceptedView {
    #[schemars(description = "订单编号", example = 1)]
    order_no: OrderNo,
    #[schemars(description = "房屋编号", example = 1)]
    dwelling_no: DwellingNo,
    #[schemars(description = "收据编号", example = 1)]
    payment_no: PaymentNo,
    #[schemars(description = "金额：分", example = 13_277)]
    amount_fen: Money,
    #[schemars(description = "凭证序号", example = 1)]
    voucher_seq: i32,
    #[schemars(description = "是否对应已有的收据", example = false)]
    is_tied: bool,
    #[schemars(description = "结清的账单：旧的在前")]
    settled: Vec<ledger::fees::Settled>,
    #[schemars(description = "余额转预存：分", example = 0)]
    prepaid_fen: Money,
}

/// `POST /compounds/{compound}/channel-orders/{no}/accept`.
///
/// # Errors
/// Those of [`claim::accept`].
pub async fn accept(
    visit: Visit<AtOrder>,
    Told(asked): Told<AcceptAsked>,
) -> Result<Acted<AcceptedView>, Problem> {
    let (key, no) = (visit.key.clone(), visit.at.no);
    let done = accept_one(&visit.books, &visit.actor, &visit.compound, key, (no, asked)).await?;
    Ok(Acted::new(done, |accepted| AcceptedView {
        order_no: accepted.order_no,
        dwelling_no: accepted.dwelling_no,
        payment_no: accepted.payment_no,
        amount_fen: accepted.amount_fen,
        voucher_seq: accepted.voucher.0,
        is_tied: accepted.is_tied,
        settled: accepted.settled,
        prepaid_fen: accepted.prepaid_fen,
    }))
}

/// Why an order is held.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "暂存订单")]
pub struct HoldAsked {
    /// Why.
    #[schemars(description = "事由：2 至 200 个字", example = &"付款人未写房号", length(min = 2, max = 200))]
    pub reason: String,
}

/// Held money, or what went back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "暂存款的变动")]
pub struct KeptView {
    #[schemars(description = "订单编号", example = 1)]
    order_no: OrderNo,
    #[schemars(description = "金额：分", example = 10_000)]
    amount_fen: Money,
    #[schemars(description = "凭证号", example = &"service/2026-0001")]
    voucher: String,
}

impl From<Kept> for KeptView {
    fn from(kept: Kept) -> KeptView {
        let Kept { order_no, amount_fen, voucher } = kept;
        KeptView { order_no, amount_fen, voucher: voucher.to_string() }
    }
}

/// Holds an order for whoever asks.
pub(crate) async fn hold_one(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    given: Hold,
) -> Result<Done<Kept>> {
    let request = Request::new("channel.hold", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, given| Box::pin(claim::hold(tx, given))).await
}

/// `POST /compounds/{compound}/channel-orders/{no}/hold`.
///
/// # Errors
/// Those of [`claim::hold`].
pub async fn hold(
    visit: Visit<AtOrder>,
    Told(asked): Told<HoldAsked>,
) -> Result<Acted<KeptView>, Problem> {
    let key = visit.key.clone();
    let given = Hold { order_no: visit.at.no, reason: asked.reason };
    let done = hold_one(&visit.books, &visit.actor, &visit.compound, key, given).await?;
    Ok(Acted::new(done, KeptView::from))
}

/// How held money goes back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "退回渠道收款：写渠道的退款订单；暂存款经银行退回的，写银行流水与日期")]
pub struct ReturnAsked {
    /// The channel's refund.
    #[serde(default)]
    #[schemars(description = "退款订单编号")]
    pub refund_no: Option<OrderNo>,
    /// The bank's line.
    #[serde(default)]
    #[schemars(description = "银行流水编号")]
    pub line_no: Option<LineNo>,
    /// Its day.
    #[serde(default)]
    #[schemars(description = "银行流水的日期")]
    pub on: Option<IsoDay>,
    /// Why.
    #[schemars(description = "事由：2 至 200 个字", example = &"付款人付错小区", length(min = 2, max = 200))]
    pub reason: String,
}

/// Gives held money back for whoever asks.
pub(crate) async fn return_one(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    (order_no, asked): (OrderNo, ReturnAsked),
) -> Result<Done<Kept>> {
    let given = Return {
        order_no,
        refund_no: asked.refund_no,
        line_no: asked.line_no,
        on: asked.on.map(|day| day.0),
        reason: asked.reason,
    };
    let request = Request::new("channel.return", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, given| Box::pin(claim::give_back(tx, given))).await
}

/// `POST /compounds/{compound}/channel-orders/{no}/return`.
///
/// # Errors
/// Those of [`claim::give_back`].
pub async fn give_back(
    visit: Visit<AtOrder>,
    Told(asked): Told<ReturnAsked>,
) -> Result<Acted<KeptView>, Problem> {
    let (key, no) = (visit.key.clone(), visit.at.no);
    let done = return_one(&visit.books, &visit.actor, &visit.compound, key, (no, asked)).await?;
    Ok(Acted::new(done, KeptView::from))
}

// ---- payouts -------------------------------------------------------------------------------------------------------

/// `GET /compounds/{compound}/channel-payouts`.
///
/// # Errors
/// Those of a list.
pub async fn payouts(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Payout>, Problem> {
    let payouts = payout::payouts(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(payouts.into_iter().map(|p| (std::cmp::Reverse(p.payout_no.0), p)).collect())
}

/// `GET /compounds/{compound}/payout-proposals`.
///
/// # Errors
/// Those of a list.
pub async fn payout_proposals(
    visit: Visit,
    list: Sought<Nothing>,
) -> Result<Listed<PayoutProposal>, Problem> {
    let found = payout::proposals(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(found.into_iter().map(|p| (p.line_no.0, p)).collect())
}

/// A payout to settle.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "核销渠道到账：一笔银行流水对应的订单")]
pub struct SettleAsked {
    /// Whose.
    #[schemars(description = "支付渠道")]
    pub channel: Channel,
    /// The bank line.
    #[schemars(description = "银行流水编号", example = 1)]
    pub line_no: LineNo,
    /// The first day of its orders.
    #[schemars(description = "起日")]
    pub from_on: IsoDay,
    /// The last day of its orders.
    #[schemars(description = "止日")]
    pub to_on: IsoDay,
    /// The line less the orders.
    #[serde(default)]
    #[schemars(description = "差额：分；到账与订单不等时写")]
    pub difference_fen: Option<Money>,
    /// Why.
    #[serde(default)]
    #[schemars(description = "差额原因", example = &"")]
    pub reason: String,
}

/// Settles a payout for whoever asks.
pub(crate) async fn settle_one(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: SettleAsked,
) -> Result<Done<Settled>> {
    let given = Settle {
        channel: asked.channel,
        line_no: asked.line_no,
        from_on: asked.from_on.0,
        to_on: asked.to_on.0,
        difference: asked.difference_fen,
        reason: asked.reason,
    };
    let request = Request::new("channel.settle", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, given| Box::pin(payout::settle(tx, given))).await
}

/// A settled payout.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已核销的到账")]
pub struct SettledPayout {
    #[schemars(description = "核销编号", example = 1)]
    payout_no: i32,
    #[schemars(description = "凭证号", example = &"service/2026-0001")]
    voucher: String,
    #[serde(flatten)]
    sums: Sums,
    #[schemars(description = "到账：分", example = 1_165_174)]
    net_fen: Money,
    #[schemars(description = "差额：分", example = 0)]
    difference_fen: Money,
}

/// `POST /compounds/{compound}/channel-payouts`.
///
/// # Errors
/// Those of [`payout::settle`].
pub async fn settle(
    visit: Visit,
    Told(asked): Told<SettleAsked>,
) -> Result<Acted<SettledPayout>, Problem> {
    let key = visit.key.clone();
    let done = settle_one(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |settled| SettledPayout {
        payout_no: settled.payout_no.0,
        voucher: settled.voucher.to_string(),
        sums: settled.sums,
        net_fen: settled.net_fen,
        difference_fen: settled.difference_fen,
    }))
}

// ---- signed days ---------------------------------------------------------------------------------------------------

/// Which day.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayQuery {
    #[schemars(description = "账户")]
    account: DayAccount,
    #[schemars(description = "日期")]
    on: IsoDay,
}

/// `GET /compounds/{compound}/account-days`.
///
/// # Errors
/// Storage.
pub async fn account_day(
    visit: Visit,
    Asked(query): Asked<DayQuery>,
) -> Result<Shown<DayTie>, Problem> {
    let mut view = visit.read().await?;
    Ok(Shown(day::tie(&mut view, visit.compound.id, query.account, query.on.0).await?))
}

/// `GET /compounds/{compound}/signed-days`.
///
/// # Errors
/// Those of a list.
pub async fn signed_days(
    visit: Visit,
    list: Sought<Nothing>,
) -> Result<Listed<SignedDay>, Problem> {
    let days = day::signed(&mut visit.read().await?, visit.compound.id).await?;
    list.answer_from(days.into_iter().map(|day| (day.signed_no.0, day)).collect())
}

/// Why a difference is there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "一处差异的原因")]
pub struct ExplainedAsked {
    /// Which.
    #[schemars(description = "差异项：取自当日的差异", example = &"order:12")]
    pub item: String,
    /// Why.
    #[schemars(description = "原因", example = &"在途，次日到账")]
    pub reason: String,
}

/// A day to sign.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "签认一个账户的一日")]
pub struct SignAsked {
    /// The account.
    #[schemars(description = "账户")]
    pub account: DayAccount,
    /// The day.
    #[schemars(description = "日期：须已过去")]
    pub on: IsoDay,
    /// Why each difference is there.
    #[serde(default)]
    #[schemars(description = "各处差异的原因：没有差异则不写")]
    pub explained: Vec<ExplainedAsked>,
}

/// Signs a day for whoever asks.
pub(crate) async fn sign_one(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    asked: SignAsked,
) -> Result<Done<SignedDay>> {
    let explained = asked.explained.into_iter().map(|told| (told.item, told.reason)).collect();
    let given = Sign { account: asked.account, on: asked.on.0, explained };
    let request = Request::new("channel.sign-day", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, given| Box::pin(day::sign(tx, given))).await
}

/// `POST /compounds/{compound}/signed-days`.
///
/// # Errors
/// Those of [`day::sign`].
pub async fn sign_day(
    visit: Visit,
    Told(asked): Told<SignAsked>,
) -> Result<Acted<SignedDay>, Problem> {
    let key = visit.key.clone();
    let done = sign_one(&visit.books, &visit.actor, &visit.compound, key, asked).await?;
    Ok(Acted::new(done, |signed| signed))
}

// ---- 托收 ----------------------------------------------------------------------------------------------------------

/// A 托收 file to write.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CollectionAsked {
    /// Which template.
    #[serde(default = "by_dwelling")]
    #[schemars(description = "模板：dwelling 按户，bill 按账单，fen 按户以分计；不写则按户", example = &"dwelling")]
    pub template: String,
    /// Whether names are whole.
    #[serde(default)]
    #[schemars(description = "是否写全名：写全名的，先记入操作记录", example = false)]
    pub with_names: bool,
}

fn by_dwelling() -> String {
    "dwelling".to_owned()
}

/// A 托收 file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(description = "已写好的托收文件")]
pub struct CollectionView {
    #[schemars(description = "行数", example = 12)]
    pub(crate) rows: usize,
    #[schemars(description = "合计：分", example = 100_000)]
    pub(crate) total_fen: Money,
    #[schemars(description = "文件内容：CSV", example = &"序号,户号\r\n")]
    pub(crate) csv: String,
}

/// Writes a 托收 file for whoever asks; whole names are recorded before they are shown.
pub(crate) async fn collect_for(
    books: &Books,
    actor: &Actor,
    compound: CompoundId,
    asked: &CollectionAsked,
) -> Result<CollectionView> {
    let mut view = books.read().await?;
    let today = books.clock().now().day();
    let (template, with_names) = (&asked.template, asked.with_names);
    let written = collection::collect(&mut view, compound, template, today, with_names).await?;
    drop(view);
    if with_names {
        let reading = Reading {
            reason: "托收文件".to_owned(),
            what: format!("collection file by {template}"),
            count: written.owners.len() as u64,
            whose: written.owners,
        };
        audit::record_reading(books, actor, compound, "read.collection", reading).await?;
    }
    Ok(CollectionView {
        rows: written.rows,
        total_fen: written.total,
        csv: String::from_utf8_lossy(&written.csv).into_owned(),
    })
}

/// `GET /compounds/{compound}/collection-file`.
///
/// # Errors
/// Those of [`collection::collect`].
pub async fn collect(
    visit: Visit,
    Asked(asked): Asked<CollectionAsked>,
) -> Result<Shown<CollectionView>, Problem> {
    Ok(Shown(collect_for(&visit.books, &visit.actor, visit.compound.id, &asked).await?))
}

// ---- invoices ------------------------------------------------------------------------------------------------------

/// `GET /compounds/{compound}/invoices`.
///
/// # Errors
/// Those of a list.
pub async fn invoices(visit: Visit, list: Sought<Nothing>) -> Result<Listed<Invoice>, Problem> {
    let compound = visit.compound.id;
    let view = visit.read().await?;
    list.answer(view, move |view: &mut Snapshot, after: Option<InvoiceNo>, most: u16| {
        Box::pin(async move {
            let after = after.unwrap_or(InvoiceNo(0));
            let found = invoice::invoices(view, compound, after, i32::from(most)).await?;
            Ok(found.into_iter().map(|invoice| (invoice.invoice_no, invoice)).collect())
        })
    })
    .await
}

/// An invoice's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtInvoice {
    #[schemars(description = "发票编号", example = 1)]
    no: InvoiceNo,
}

/// Whose payment an invoice is for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "发票对应的收据")]
pub struct TieAsked {
    #[schemars(description = "收据编号", example = 1)]
    payment_no: PaymentNo,
}

/// Which blue invoice a red one takes back.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "红字发票所红冲的蓝字发票")]
pub struct LinkAsked {
    #[schemars(description = "蓝字发票编号", example = 1)]
    blue_no: InvoiceNo,
}

/// An invoice's tie.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(description = "发票的对应关系")]
pub struct TiedView {
    #[schemars(description = "发票编号", example = 1)]
    invoice_no: InvoiceNo,
    #[schemars(description = "收据编号：蓝字发票")]
    payment_no: Option<PaymentNo>,
    #[schemars(description = "蓝字发票编号：红字发票")]
    blue_no: Option<InvoiceNo>,
}

/// Ties an invoice for whoever asks.
pub(crate) async fn tie_one(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    given: TieInvoice,
) -> Result<Done<TieInvoice>> {
    let request = Request::new("channel.tie-invoice", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, given| Box::pin(invoice::tie(tx, given))).await
}

/// `POST /compounds/{compound}/invoices/{no}/tie`.
///
/// # Errors
/// Those of [`invoice::tie`].
pub async fn tie_invoice(
    visit: Visit<AtInvoice>,
    Told(asked): Told<TieAsked>,
) -> Result<Acted<TiedView>, Problem> {
    let key = visit.key.clone();
    let given = TieInvoice { invoice_no: visit.at.no, payment_no: asked.payment_no };
    let done = tie_one(&visit.books, &visit.actor, &visit.compound, key, given).await?;
    Ok(Acted::new(done, |tied| TiedView {
        invoice_no: tied.invoice_no,
        payment_no: Some(tied.payment_no),
        blue_no: None,
    }))
}

/// Links a red invoice for whoever asks.
pub(crate) async fn link_one(
    books: &Books,
    actor: &Actor,
    compound: &Compound,
    key: Option<String>,
    given: Link,
) -> Result<Done<Link>> {
    let request = Request::new("channel.link-invoice", given).maybe_once(key);
    books.act(actor, compound.id, request, |tx, given| Box::pin(invoice::link(tx, given))).await
}

/// `POST /compounds/{compound}/invoices/{no}/red-of`.
///
/// # Errors
/// Those of [`invoice::link`].
pub async fn link_invoice(
    visit: Visit<AtInvoice>,
    Told(asked): Told<LinkAsked>,
) -> Result<Acted<TiedView>, Problem> {
    let key = visit.key.clone();
    let given = Link { red_no: visit.at.no, blue_no: asked.blue_no };
    let done = link_one(&visit.books, &visit.actor, &visit.compound, key, given).await?;
    Ok(Acted::new(done, |linked| TiedView {
        invoice_no: linked.red_no,
        payment_no: None,
        blue_no: Some(linked.blue_no),
    }))
}
