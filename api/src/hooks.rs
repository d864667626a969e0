//! The door of the hooks room: subscriptions, what became of deliveries, and a way to try a receiver.
//!
//! An event is a POST of JSON with `Xiaoqu-Event-Id` and `Xiaoqu-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]`. A receiver
//! takes the raw body, computes HMAC-SHA256 of `<t>.<body>` under the secret, compares in constant time with each `v1`,
//! refuses a `t` more than five minutes from its own clock, and remembers the ids it has seen: an event may come twice.
//! ARCHITECTURE.md has the lines of code.

pub mod courier;
pub mod wire;

use axum::extract::State;
use ledger::books::{Actor, Books, Done, Request};
use ledger::calendar::Instant;
use ledger::error::Result;
use ledger::hooks::{
    self, Change, Changed, Delivery, EVENTS, Hook, NewHook, Outcome, Resend, Resent, Rotation,
    Scope, Secret, State as Standing, Switch,
};
use ledger::id::{ActNo, CompoundId, HookNo};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::door::{Caller, Door, Going, Nothing, Told};
use crate::list::{Listed, Sought};
use crate::problem::{self, Problem};
use crate::wire::{Acted, Shown};

/// A subscription's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtHook {
    /// Its number.
    #[schemars(description = "订阅编号", example = 1)]
    no: HookNo,
}

/// A delivery's place.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct AtDelivery {
    #[schemars(description = "订阅编号", example = 1)]
    no: HookNo,
    #[schemars(description = "小区代码：事件编号的前一半", example = &"wutongli")]
    code: String,
    #[schemars(description = "操作编号：事件编号的后一半", example = 17)]
    act: ActNo,
}

/// A subscription as it is asked for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "要登记的推送订阅：compounds 与 all 写一项")]
pub struct HookAsked {
    /// Who receives it.
    #[schemars(description = "名称：接收方，1 至 60 个字", example = &"区房管平台")]
    pub name: String,
    /// Where.
    #[schemars(description = "推送地址：https 网址", example = &"https://hooks.example.cn/xiaoqu")]
    pub url: String,
    /// What: verbs of `GET /webhook-events`.
    #[schemars(description = "事件：见 /webhook-events", example = ["fund.deposit", "fees.pay"])]
    pub verbs: Vec<String>,
    /// Of which compounds, by their codes.
    #[serde(default)]
    #[schemars(description = "小区代码：至多 1000 个", example = ["wutongli"])]
    pub compounds: Vec<String>,
    /// Of every compound, those to come included.
    #[serde(default)]
    #[schemars(description = "是否全部小区：包括以后建账的", example = false)]
    pub all: bool,
}

/// A change as it is asked for: what is not written stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    description = "要更改的内容：没有写的不变",
    example = ChangeAsked { name: Some("区房管平台".to_owned()), url: None, verbs: None }
)]
pub struct ChangeAsked {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "名称：1 至 60 个字", example = &"区房管平台")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "推送地址：https 网址", example = &"https://hooks.example.cn/xiaoqu")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(description = "事件：见 /webhook-events", example = ["fund.deposit"])]
    verbs: Option<Vec<String>>,
}

/// Why, in words.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "启用、停用的缘由")]
pub struct WhyAsked {
    #[schemars(description = "缘由：至多 120 个字", example = &"接收方维护")]
    why: String,
}

/// A subscription that was made or given another secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已登记的订阅及其密钥")]
pub struct MadeView {
    #[schemars(description = "订阅编号", example = 1)]
    hook_no: i32,
    /// Shown now and never again; not at all when the same key came again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(description = "密钥：只显示这一次；同一幂等键重发时不再显示", example = &"whsec_0123")]
    secret: Option<String>,
}

fn made(done: Done<Changed>, secret: &Secret) -> Acted<MadeView> {
    let secret = (!done.is_repeated).then(|| secret.shown().to_owned());
    Acted::new(done, |changed| MadeView { hook_no: changed.hook_no.0, secret })
}

/// A subscription that was changed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已更改的订阅")]
pub struct ChangedView {
    #[schemars(description = "订阅编号", example = 1)]
    hook_no: i32,
}

fn changed(done: Done<Changed>) -> Acted<ChangedView> {
    Acted::new(done, |changed| ChangedView { hook_no: changed.hook_no.0 })
}

/// An event others may be told of.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "可订阅的事件")]
pub struct EventView {
    #[schemars(description = "事件", example = &"fund.deposit")]
    verb: &'static str,
    #[schemars(description = "含义", example = &"维修资金交存已入账")]
    told: &'static str,
    #[schemars(description = "所含成员：在 answer 之内")]
    answer: Vec<&'static str>,
}

/// `GET /webhook-events`.
///
/// # Errors
/// Those of a list.
pub async fn events(_: Caller, list: Sought<Nothing>) -> Result<Listed<EventView>, Problem> {
    let view = |(n, event): (i32, &'static hooks::Event)| {
        let answer = event.members().to_vec();
        (n, EventView { verb: event.verb, told: event.told, answer })
    };
    list.answer_from((1..).zip(EVENTS).map(view).collect())
}

/// A subscription as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "推送订阅")]
pub struct HookView {
    #[schemars(description = "订阅编号", example = 1)]
    hook_no: i32,
    #[schemars(description = "名称", example = &"区房管平台")]
    name: String,
    #[schemars(description = "推送地址", example = &"https://hooks.example.cn/xiaoqu")]
    url: String,
    #[schemars(description = "事件")]
    verbs: Vec<String>,
    #[schemars(description = "小区代码：全部小区则空")]
    compounds: Option<Vec<String>>,
    #[schemars(description = "是否启用", example = true)]
    is_active: bool,
    #[schemars(description = "缘由：启用或停用的", example = &"新登记")]
    standing: String,
    #[schemars(description = "登记时刻")]
    made_at: Instant,
    #[schemars(description = "旧密钥有效至：没有旧密钥则空")]
    old_secret_until: Option<Instant>,
    #[schemars(description = "未读到的操作：所订与未订的都计", example = 0)]
    behind_acts: i64,
    #[schemars(description = "等待重试的事件", example = 0)]
    waiting: i64,
    #[schemars(description = "死信", example = 0)]
    dead: i64,
}

impl From<Hook> for HookView {
    fn from(hook: Hook) -> HookView {
        HookView {
            hook_no: hook.hook_no.0,
            name: hook.name,
            url: hook.url,
            verbs: hook.verbs,
            compounds: hook.compounds,
            is_active: hook.is_active,
            standing: hook.standing,
            made_at: hook.made_at,
            old_secret_until: hook.old_secret_until,
            behind_acts: hook.behind_acts,
            waiting: hook.waiting,
            dead: hook.dead,
        }
    }
}

/// `GET /webhooks`.
///
/// # Errors
/// Those of a list.
pub async fn list(caller: Caller, list: Sought<Nothing>) -> Result<Listed<HookView>, Problem> {
    let all = hooks::hooks(&mut caller.read().await?).await?;
    list.answer_from(all.into_iter().map(|hook| (hook.hook_no.0, hook.into())).collect())
}

/// `GET /webhooks/{no}`.
///
/// # Errors
/// `hooks.no-hook`.
pub async fn one(caller: Going<AtHook>) -> Result<Shown<HookView>, Problem> {
    Ok(Shown(hooks::hook(&mut caller.read().await?, caller.at.no).await?.into()))
}

/// `POST /webhooks`.
///
/// # Errors
/// Those of [`hooks::subscribe`].
pub async fn subscribe(
    caller: Caller,
    State(door): State<Door>,
    Told(asked): Told<HookAsked>,
) -> Result<Acted<MadeView>, Problem> {
    let secret = Secret::fresh()?;
    let HookAsked { name, url, verbs, compounds, all } = asked;
    let scope = match (all, compounds.is_empty()) {
        (true, true) => Scope::All,
        (true, false) => return Err(hooks::SCOPE.refuse("compounds 与 all 只写一项").into()),
        (false, _) => Scope::Compounds(compounds),
    };
    let allows = door.config.hooks.allows;
    let new = NewHook { name, url, verbs, scope, secret: secret.clone(), allows };
    let request = Request::new("hooks.subscribe", new).maybe_once(caller.key.clone());
    let done = caller.books.act(&caller.actor, CompoundId::OFFICE, request, |tx, new: &NewHook| {
        Box::pin(hooks::subscribe(tx, new))
    });
    Ok(made(done.await?, &secret))
}

/// `POST /webhooks/{no}/change`.
///
/// # Errors
/// Those of [`hooks::change`].
pub async fn change(
    caller: Going<AtHook>,
    State(door): State<Door>,
    Told(asked): Told<ChangeAsked>,
) -> Result<Acted<ChangedView>, Problem> {
    let ChangeAsked { name, url, verbs } = asked;
    let change =
        Change { hook_no: caller.at.no, name, url, verbs, allows: door.config.hooks.allows };
    let request = Request::new("hooks.change", change).maybe_once(caller.key.clone());
    let done =
        caller.books.act(&caller.actor, CompoundId::OFFICE, request, |tx, asked: &Change| {
            Box::pin(hooks::change(tx, asked))
        });
    Ok(changed(done.await?))
}

/// `POST /webhooks/{no}/rotate`.
///
/// # Errors
/// `hooks.no-hook`.
pub async fn rotate(caller: Going<AtHook>) -> Result<Acted<MadeView>, Problem> {
    let secret = Secret::fresh()?;
    let rotation = Rotation { hook_no: caller.at.no, secret: secret.clone() };
    let request = Request::new("hooks.rotate", rotation).maybe_once(caller.key.clone());
    let done =
        caller.books.act(&caller.actor, CompoundId::OFFICE, request, |tx, asked: &Rotation| {
            Box::pin(hooks::rotate(tx, asked))
        });
    Ok(made(done.await?, &secret))
}

/// `POST /webhooks/{no}/disable`.
///
/// # Errors
/// Those of [`hooks::switch`].
pub async fn disable(
    caller: Going<AtHook>,
    Told(WhyAsked { why }): Told<WhyAsked>,
) -> Result<Acted<ChangedView>, Problem> {
    switch(&caller, Switch { hook_no: caller.at.no, is_active: false, why }).await
}

/// `POST /webhooks/{no}/enable`.
///
/// # Errors
/// Those of [`hooks::switch`].
pub async fn enable(
    caller: Going<AtHook>,
    Told(WhyAsked { why }): Told<WhyAsked>,
) -> Result<Acted<ChangedView>, Problem> {
    switch(&caller, Switch { hook_no: caller.at.no, is_active: true, why }).await
}

async fn switch(caller: &Caller, asked: Switch) -> Result<Acted<ChangedView>, Problem> {
    let verb = if asked.is_active { "hooks.enable" } else { "hooks.disable" };
    let request = Request::new(verb, asked).maybe_once(caller.key.clone());
    let done =
        caller.books.act(&caller.actor, CompoundId::OFFICE, request, |tx, asked: &Switch| {
            Box::pin(hooks::switch(tx, asked))
        });
    Ok(changed(done.await?))
}

/// What a receiver did with a ping.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(description = "试投的结果")]
pub struct PingedView {
    #[schemars(description = "事件编号", example = &"ping/0123456789abcdef")]
    event_id: String,
    #[schemars(description = "接收方是否收下", example = true)]
    ok: bool,
    #[schemars(description = "接收方的应答：没有应答则空", example = 204)]
    status: Option<u16>,
    #[schemars(description = "不成的缘由：收下则空", example = &"")]
    fault: String,
    #[schemars(description = "用时：毫秒", example = 35)]
    millis: u64,
}

/// `POST /webhooks/{no}/ping`: sends a message that says nothing happened, now, then records what came of it.
///
/// # Errors
/// `hooks.no-hook`.
pub async fn ping(
    caller: Going<AtHook>,
    State(door): State<Door>,
) -> Result<Acted<PingedView>, Problem> {
    let (lot, parcel) = hooks::ping(&caller.books, caller.at.no).await?;
    let wire = wire::Wire::new(&door.config.hooks)?;
    let Outcome { status, fault, millis } =
        wire.send(&lot, &parcel, caller.books.clock().now()).await;
    let ok = status.is_some_and(|status| (200..300).contains(&status));
    let pinged = PingedView { event_id: parcel.id, ok, status, fault, millis };
    let asked = serde_json::json!({ "hook_no": caller.at.no });
    let request = Request::describing("hooks.ping", pinged, asked).maybe_once(caller.key.clone());
    let done =
        caller.books.act(&caller.actor, CompoundId::OFFICE, request, |_, pinged: &PingedView| {
            let pinged = pinged.clone();
            Box::pin(async move { Ok(pinged) })
        });
    Ok(Acted::new(done.await?, |pinged| pinged))
}

/// Which deliveries to list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliveryQuery {
    #[schemars(description = "状态：不写则全部")]
    state: Option<Standing>,
}

/// What became of an event as the wire shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一个事件的投递")]
pub struct DeliveryView {
    #[schemars(description = "事件编号：小区代码与操作编号", example = &"wutongli/17")]
    id: String,
    #[schemars(description = "事件", example = &"fund.deposit")]
    verb: String,
    #[schemars(description = "状态")]
    state: Standing,
    #[schemars(description = "已试次数", example = 1)]
    attempts: i32,
    #[schemars(description = "下次投递：不再投递则空")]
    next_at: Option<Instant>,
    #[schemars(description = "首次投递")]
    first_at: Instant,
    #[schemars(description = "最近投递")]
    last_at: Instant,
    #[schemars(description = "接收方的应答：没有应答则空", example = 204)]
    status: Option<i32>,
    #[schemars(description = "不成的缘由：收下则空", example = &"")]
    fault: String,
    #[schemars(description = "用时：毫秒", example = 35)]
    millis: i32,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> DeliveryView {
        DeliveryView {
            id: delivery.id,
            verb: delivery.verb,
            state: delivery.state,
            attempts: delivery.attempts,
            next_at: delivery.next_at,
            first_at: delivery.first_at,
            last_at: delivery.last_at,
            status: delivery.status,
            fault: delivery.fault,
            millis: delivery.millis,
        }
    }
}

/// `GET /webhooks/{no}/deliveries?state=dead`.
///
/// # Errors
/// `hooks.no-hook`; those of a list.
pub async fn deliveries(
    caller: Going<AtHook>,
    list: Sought<DeliveryQuery>,
) -> Result<Listed<DeliveryView>, Problem> {
    let (no, state) = (caller.at.no, list.query.state);
    let view = caller.read().await?;
    list.answer(view, move |view, after: Option<(String, i32)>, most| {
        Box::pin(async move {
            let after = after.as_ref().map(|(code, act)| (code.as_str(), ActNo(*act)));
            let found = hooks::deliveries(view, no, state, after, i32::from(most)).await?;
            let keyed = |delivery: Delivery| {
                let key = (delivery.compound.clone(), delivery.act.0);
                (key, DeliveryView::from(delivery))
            };
            Ok(found.into_iter().map(keyed).collect())
        })
    })
    .await
}

/// An event's name, `xiaohe/17`.
pub(crate) fn event(id: &str) -> Result<(String, ActNo), Problem> {
    let shown: String = id.chars().take(60).collect();
    let unread = || Problem::from(problem::SHAPE.refuse(format!("事件编号 {shown:?}")));
    let (code, act) = id.split_once('/').ok_or_else(unread)?;
    Ok((code.to_owned(), ActNo(act.parse().map_err(|_| unread())?)))
}

/// Events that are on their way again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已排队重发的事件")]
pub struct ResentView {
    #[schemars(description = "订阅编号", example = 1)]
    hook_no: i32,
    #[schemars(description = "事件个数", example = 1)]
    events: i64,
}

fn resent(done: Done<Resent>) -> Acted<ResentView> {
    Acted::new(done, |resent| ResentView { hook_no: resent.hook_no.0, events: resent.events })
}

/// `POST /webhooks/{no}/deliveries/{code}/{act}/resend`.
///
/// # Errors
/// Those of [`hooks::resend`].
pub async fn resend(caller: Going<AtDelivery>) -> Result<Acted<ResentView>, Problem> {
    let asked =
        Resend { hook_no: caller.at.no, event: Some((caller.at.code.clone(), caller.at.act)) };
    Ok(resent(send_again(&caller.books, &caller.actor, caller.key.clone(), asked).await?))
}

/// `POST /webhooks/{no}/resend-dead`: every dead letter.
///
/// # Errors
/// `hooks.no-hook`.
pub async fn resend_dead(caller: Going<AtHook>) -> Result<Acted<ResentView>, Problem> {
    let asked = Resend { hook_no: caller.at.no, event: None };
    Ok(resent(send_again(&caller.books, &caller.actor, caller.key.clone(), asked).await?))
}

/// Has an event, or every dead letter, sent again, for whoever asks.
///
/// # Errors
/// Those of [`hooks::resend`].
pub async fn send_again(
    books: &Books,
    actor: &Actor,
    key: Option<String>,
    asked: Resend,
) -> Result<Done<Resent>> {
    let request = Request::new("hooks.resend", asked).maybe_once(key);
    books
        .act(actor, CompoundId::OFFICE, request, |tx, asked: &Resend| {
            Box::pin(hooks::resend(tx, asked))
        })
        .await
}
