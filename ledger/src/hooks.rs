//! Who is told of acts, and that nobody misses one.
//!
//! Owns: `hook`, `hook_cursor`, `hook_delivery`, `hook_lease`. Reads `act` and `counter`, which are the outbox: an act is
//! written in the transaction of the change it records, and a compound's acts have no gaps.
//!
//! Always: a subscription has a place in each compound it covers, and the place moves on only when the act there was
//! delivered, was given up (a dead letter, kept), or is none of its business; so no event is skipped, and those of one
//! compound arrive in the order of their numbers. An event keeps its name ([`event_id`]) however often it is sent: delivery
//! is at least once. Subscriptions change by acts of the head office; what became of a delivery is noted outside the
//! books, by whoever holds the subscription's lease. Never: a person's data, a secret after it was made, a way into our
//! own network ([`may_connect`]).
//!
//! Limits: [`HOOKS_MOST`] subscriptions; [`RETRIES`]; delivered rows are kept [`KEPT_DAYS`] days, dead letters for ever.

mod address;
mod event;
mod post;
mod secret;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::address::{Openness, may_connect};
pub use self::event::{EVENTS, Event, event_id, event_of};
pub use self::post::{
    After, KEPT_DAYS, LEASE_SECONDS, Lot, Outcome, Parcel, RETRIES, ping, ready, release, settle,
    sweep, take,
};
use self::secret::{OLD_SECRET, SECRET};
pub use self::secret::{Secret, signature};
use crate::books::{Reads, Tx, View};
use crate::calendar::Instant;
use crate::error::{Kind as Answer, Result, Rule, Storage};
use crate::id::{ActNo, CompoundId, HookNo};
use crate::property;
use crate::seal::{Ring, Sealed};

/// How many subscriptions a house has at most.
pub const HOOKS_MOST: i64 = 200;
/// How long the secret before the last is still used beside it.
pub const OVERLAP_SECONDS: i64 = 24 * 3600;

/// There is no such subscription.
pub static NO_HOOK: Rule = Rule {
    code: "hooks.no-hook",
    kind: Answer::Missing,
    rule: "推送订阅须已登记",
    remedy: "检查订阅编号；GET /api/v1/webhooks 列出全部订阅",
};

/// A name of nothing or too long.
pub static NAME: Rule = Rule {
    code: "hooks.name",
    kind: Answer::Shape,
    rule: "订阅的名称为 1 至 60 个字，写明接收方",
    remedy: "例如：区房管平台",
};

/// An address that is no `https` address.
pub static URL: Rule = Rule {
    code: "hooks.url",
    kind: Answer::Shape,
    rule: "推送地址须为不含用户名密码的 https 网址，至多 500 个字节",
    remedy: "改用 https；确在内网的接收方，由管理员在配置中打开 hooks_allow_http",
};

/// An address inside.
pub static PRIVATE: Rule = Rule {
    code: "hooks.private",
    kind: Answer::Refused,
    rule: "不得推送到内网、本机及其他特殊用途的地址（RFC 6890；OWASP API7:2023）",
    remedy: "改用公网地址；确在内网的接收方，由管理员在配置中打开 hooks_allow_private",
};

/// Events nobody sends.
pub static VERBS: Rule = Rule {
    code: "hooks.verbs",
    kind: Answer::Shape,
    rule: "订阅的事件须在事件清单之内，至少一种，不重复",
    remedy: "GET /api/v1/webhook-events 列出全部事件",
};

/// A scope of nothing.
pub static SCOPE: Rule = Rule {
    code: "hooks.scope",
    kind: Answer::Shape,
    rule: "订阅须写明小区（1 至 1000 个，不重复），或写明全部小区",
    remedy: "写 compounds 列出小区代码；全部小区写 \"all\": true",
};

/// Too many.
pub static TOO_MANY: Rule = Rule {
    code: "hooks.too-many",
    kind: Answer::Refused,
    rule: "订阅不超过 200 个",
    remedy: "改用已有的订阅，或由一个接收方转发",
};

/// A reason of nothing or too long.
pub static WHY: Rule = Rule {
    code: "hooks.why",
    kind: Answer::Shape,
    rule: "启用、停用订阅须写缘由，1 至 120 个字",
    remedy: "例如：接收方维护",
};

/// It stands so already.
pub static STANDING: Rule = Rule {
    code: "hooks.standing",
    kind: Answer::Conflict,
    rule: "只有启用的订阅可以停用，只有停用的订阅可以启用",
    remedy: "查看订阅的现状",
};

/// Nothing was ever sent under this name.
pub static NO_DELIVERY: Rule = Rule {
    code: "hooks.no-delivery",
    kind: Answer::Missing,
    rule: "只能重发有投递记录的事件；投递成功的记录保留 30 天",
    remedy: "GET /api/v1/webhooks/{no}/deliveries 列出投递记录",
};

/// The rules of this room, in the order they are checked.
pub static RULES: &[&Rule] =
    &[&NAME, &URL, &PRIVATE, &VERBS, &SCOPE, &TOO_MANY, &NO_HOOK, &WHY, &STANDING, &NO_DELIVERY];

/// The columns of this room that are sealed.
pub static SEALED: &[&Sealed] = &[&SECRET, &OLD_SECRET];

const HOOKS: Reads = Reads::SETTLED;

/// Which compounds a subscription covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// These, by their codes.
    Compounds(Vec<String>),
    /// Every one, those to come included.
    All,
}

/// A subscription to make.
#[derive(Clone, Debug, Serialize)]
pub struct NewHook {
    /// Who receives it.
    pub name: String,
    /// Where.
    pub url: String,
    /// What.
    pub verbs: Vec<String>,
    /// Of which compounds.
    pub scope: Scope,
    /// What signs it. Not recorded.
    #[serde(skip)]
    pub secret: Secret,
    /// What the configuration allows. Not recorded.
    #[serde(skip)]
    pub allows: Openness,
}

/// A subscription as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// Its number.
    pub hook_no: HookNo,
    /// Who receives it.
    pub name: String,
    /// Where.
    pub url: String,
    /// What.
    pub verbs: Vec<String>,
    /// The compounds' codes; none if it covers all.
    pub compounds: Option<Vec<String>>,
    /// Whether it is sent to.
    pub is_active: bool,
    /// Why it stands so.
    pub standing: String,
    /// Since when.
    pub made_at: Instant,
    /// Until when the secret before the last is used too.
    pub old_secret_until: Option<Instant>,
    /// Acts it has not come to yet, of its verbs or not.
    pub behind_acts: i64,
    /// Events that were tried and are to be tried again.
    pub waiting: i64,
    /// Dead letters.
    pub dead: i64,
}

/// What an act about a subscription answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The subscription.
    pub hook_no: HookNo,
}

/// Subscribes: from now on, in each compound covered.
///
/// # Errors
/// `hooks.name`, `hooks.url`, `hooks.private`, `hooks.verbs`, `hooks.scope`, `property.no-compound`, `hooks.too-many`.
pub async fn subscribe(tx: &mut Tx, new: &NewHook) -> Result<Changed> {
    let name = name_of(&new.name)?;
    let url = address::parsed(&new.url, new.allows)?;
    let verbs = verbs_of(&new.verbs)?;
    let covered = covered(tx, &new.scope).await?;
    let count = tx.rows(HOOKS, "SELECT CAST(count(*) AS BIGINT) FROM hook", vec![]).await?;
    let count: i64 = count.first().map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if count >= HOOKS_MOST {
        return Err(TOO_MANY.refuse(format!("已有 {count} 个")).into());
    }

    let no = HookNo(tx.next_no("hook"));
    let covers_all = i16::from(new.scope == Scope::All);
    let values = vec![
        no.0.into(),
        name.into(),
        url.as_str().into(),
        verbs.join(" ").into(),
        covers_all.into(),
        new.secret.sealed(tx.ring(), &SECRET, no)?.into(),
        Vec::<u8>::new().into(),
        "新登记".into(),
        tx.at().seconds().into(),
        tx.act().0.into(),
    ];
    let sql = "INSERT INTO hook (hook_no, name, url, verbs, covers_all, secret_sealed, old_secret_sealed, is_active, standing,
                 made_at, act_no)
               VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10)";
    tx.exec(sql, values).await?;
    for compound in covered {
        // The compound's last act that is committed: whatever comes after it is told.
        let sql = "INSERT INTO hook_cursor (hook_no, compound_id, last_act_no)
                   SELECT $1, c.compound_id, COALESCE(n.last_no, 0)
                   FROM compound c LEFT JOIN counter n ON n.compound_id = c.compound_id AND n.name = 'act'
                   WHERE c.compound_id = $2";
        tx.exec(sql, vec![no.0.into(), compound.0.into()]).await?;
    }
    Ok(Changed { hook_no: no })
}

fn name_of(name: &str) -> Result<String> {
    let name = name.trim();
    let length = name.chars().count();
    if !(1..=60).contains(&length) || name.chars().any(char::is_control) {
        return Err(NAME.refuse(format!("{length} 个字")).into());
    }
    Ok(name.to_owned())
}

fn verbs_of(asked: &[String]) -> Result<Vec<&'static str>> {
    let mut verbs: Vec<&'static str> = Vec::with_capacity(asked.len().min(EVENTS.len()));
    for verb in asked {
        let shown: String = verb.chars().take(40).collect();
        let event = event_of(verb).ok_or_else(|| VERBS.refuse(format!("没有事件 {shown:?}")))?;
        if verbs.contains(&event.verb) {
            return Err(VERBS.refuse(format!("{} 重复", event.verb)).into());
        }
        verbs.push(event.verb);
    }
    if verbs.is_empty() {
        return Err(VERBS.refuse("没有写事件").into());
    }
    Ok(verbs)
}

async fn covered(tx: &mut Tx, scope: &Scope) -> Result<Vec<CompoundId>> {
    let codes = match scope {
        Scope::All => {
            return Ok(property::compounds(tx).await?.iter().map(|c| c.id).collect());
        }
        Scope::Compounds(codes) => codes,
    };
    let mut covered = Vec::with_capacity(codes.len().min(1000));
    if codes.is_empty() || codes.len() > 1000 {
        return Err(SCOPE.refuse(format!("写了 {} 个小区", codes.len())).into());
    }
    for code in codes {
        let compound = property::compound(tx, code).await?;
        if covered.contains(&compound.id) {
            return Err(SCOPE.refuse(format!("{code} 重复")).into());
        }
        covered.push(compound.id);
    }
    Ok(covered)
}

/// What of a subscription is to be other than it is.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// Its number.
    pub hook_no: HookNo,
    /// Another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Other events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbs: Option<Vec<String>>,
    /// What the configuration allows. Not recorded.
    #[serde(skip)]
    pub allows: Openness,
}

/// Changes name, address or events. What was not yet sent goes to the new address.
///
/// # Errors
/// `hooks.no-hook`, `hooks.name`, `hooks.url`, `hooks.private`, `hooks.verbs`.
pub async fn change(tx: &mut Tx, asked: &Change) -> Result<Changed> {
    let now = row_of(tx, asked.hook_no).await?;
    let name = asked.name.as_deref().map_or(Ok(now.name), name_of)?;
    let url = match &asked.url {
        Some(url) => String::from(address::parsed(url, asked.allows)?),
        None => now.url,
    };
    let verbs = match &asked.verbs {
        Some(verbs) => verbs_of(verbs)?.join(" "),
        None => now.verbs,
    };
    let sql = "UPDATE hook SET name = $2, url = $3, verbs = $4 WHERE hook_no = $1";
    tx.exec(sql, vec![asked.hook_no.0.into(), name.into(), url.into(), verbs.into()]).await?;
    Ok(Changed { hook_no: asked.hook_no })
}

/// Another secret; the one before stays valid beside it for [`OVERLAP_SECONDS`].
#[derive(Clone, Debug, Serialize)]
pub struct Rotation {
    /// The subscription.
    pub hook_no: HookNo,
    /// The new secret. Not recorded.
    #[serde(skip)]
    pub secret: Secret,
}

/// Gives a subscription another secret. Until the overlap ends, what is sent carries a signature of each.
///
/// # Errors
/// `hooks.no-hook`.
pub async fn rotate(tx: &mut Tx, asked: &Rotation) -> Result<Changed> {
    let now = row_of(tx, asked.hook_no).await?;
    let until = tx.at().seconds() + OVERLAP_SECONDS;
    // The old one is opened and sealed anew, not copied: what lies in a column opens nowhere else.
    let sql = "UPDATE hook SET secret_sealed = $2, old_secret_sealed = $3, old_until_at = $4 WHERE hook_no = $1";
    let (ring, no) = (tx.ring().clone(), asked.hook_no);
    let old = Secret::opened(&ring, &SECRET, no, &now.secret)?.sealed(&ring, &OLD_SECRET, no)?;
    let new = asked.secret.sealed(&ring, &SECRET, no)?;
    let values = vec![asked.hook_no.0.into(), new.into(), old.into(), until.into()];
    tx.exec(sql, values).await?;
    Ok(Changed { hook_no: asked.hook_no })
}

/// Whether a subscription is to be sent to, and why.
#[derive(Clone, Debug, Serialize)]
pub struct Switch {
    /// The subscription.
    pub hook_no: HookNo,
    /// Whether it is to be active.
    pub is_active: bool,
    /// Why.
    pub why: String,
}

/// Stops or resumes sending. Nothing is lost in between: it goes on where it stopped.
///
/// # Errors
/// `hooks.no-hook`, `hooks.why`, `hooks.standing`.
pub async fn switch(tx: &mut Tx, asked: &Switch) -> Result<Changed> {
    let now = row_of(tx, asked.hook_no).await?;
    let why = asked.why.trim();
    let length = why.chars().count();
    if !(1..=120).contains(&length) || why.chars().any(char::is_control) {
        return Err(WHY.refuse(format!("{length} 个字")).into());
    }
    if now.is_active == asked.is_active {
        let word = if now.is_active { "已启用" } else { "已停用" };
        return Err(STANDING.refuse(format!("订阅 {} {word}", asked.hook_no)).into());
    }
    let sql = "UPDATE hook SET is_active = $2, standing = $3 WHERE hook_no = $1";
    let values = vec![asked.hook_no.0.into(), i16::from(asked.is_active).into(), why.into()];
    tx.exec(sql, values).await?;
    Ok(Changed { hook_no: asked.hook_no })
}

/// What is to be sent again.
#[derive(Clone, Debug, Serialize)]
pub struct Resend {
    /// The subscription.
    pub hook_no: HookNo,
    /// The event's compound and act; none for every dead letter.
    pub event: Option<(String, ActNo)>,
}

/// What is on its way again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
    /// The subscription.
    pub hook_no: HookNo,
    /// How many events.
    pub events: i64,
}

/// Sends an event again, or every dead letter: at once, with a full count of attempts, under the name it had. It holds up
/// nobody behind it.
///
/// # Errors
/// `hooks.no-hook`, `property.no-compound`, `hooks.no-delivery`.
pub async fn resend(tx: &mut Tx, asked: &Resend) -> Result<Resent> {
    row_of(tx, asked.hook_no).await?;
    let again = "UPDATE hook_delivery SET state = 1, attempts = 0, next_at = $2 WHERE hook_no = $1";
    let mut values = vec![asked.hook_no.0.into(), tx.at().seconds().into()];
    let touched = match &asked.event {
        None => tx.exec(&format!("{again} AND state = 3"), values).await?,
        Some((code, act)) => {
            let compound = property::compound(tx, code).await?;
            values.extend([compound.id.0.into(), act.0.into()]);
            let one = format!("{again} AND compound_id = $3 AND act_no = $4");
            let touched = tx.exec(&one, values).await?;
            if touched == 0 {
                let evidence = format!("订阅 {} 没有 {}", asked.hook_no, event_id(code, *act));
                return Err(NO_DELIVERY.refuse(evidence).into());
            }
            touched
        }
    };
    let events = i64::try_from(touched).unwrap_or(i64::MAX);
    Ok(Resent { hook_no: asked.hook_no, events })
}

/// A subscription's own row.
struct Row {
    name: String,
    url: String,
    verbs: String,
    covers_all: bool,
    is_active: bool,
    /// As they are sealed.
    secret: Vec<u8>,
    old: Vec<u8>,
    old_until: Option<i64>,
}

impl Row {
    /// The secrets that are valid now, the newest first.
    fn secrets(&self, ring: &Ring, no: HookNo, now: Instant) -> Result<Vec<Secret>> {
        let mut secrets = vec![Secret::opened(ring, &SECRET, no, &self.secret)?];
        if self.old_until.is_some_and(|until| until > now.seconds()) {
            secrets.push(Secret::opened(ring, &OLD_SECRET, no, &self.old)?);
        }
        Ok(secrets)
    }
}

async fn row_of(view: &mut impl View, no: HookNo) -> Result<Row> {
    let sql = "SELECT name, url, verbs, covers_all, is_active, secret_sealed, old_secret_sealed, old_until_at
               FROM hook WHERE hook_no = $1";
    let found = view.rows(HOOKS, sql, vec![no.0.into()]).await?;
    let row = found.first().ok_or_else(|| NO_HOOK.refuse(format!("订阅编号 {no}")))?;
    Ok(Row {
        name: row.try_get("", "name")?,
        url: row.try_get("", "url")?,
        verbs: row.try_get("", "verbs")?,
        covers_all: row.try_get::<i16>("", "covers_all")? == 1,
        is_active: row.try_get::<i16>("", "is_active")? == 1,
        secret: row.try_get("", "secret_sealed")?,
        old: row.try_get("", "old_secret_sealed")?,
        old_until: row.try_get("", "old_until_at")?,
    })
}

/// Every subscription, with how far it is.
///
/// # Errors
/// Storage.
pub async fn hooks(view: &mut impl View) -> Result<Vec<Hook>> {
    hooks_where(view, "", vec![]).await
}

/// One subscription.
///
/// # Errors
/// `hooks.no-hook`.
pub async fn hook(view: &mut impl View, no: HookNo) -> Result<Hook> {
    let found = hooks_where(view, "WHERE h.hook_no = $1", vec![no.0.into()]).await?.pop();
    Ok(found.ok_or_else(|| NO_HOOK.refuse(format!("订阅编号 {no}")))?)
}

async fn hooks_where(
    view: &mut impl View,
    condition: &str,
    values: Vec<sea_orm::Value>,
) -> Result<Vec<Hook>> {
    let sql = format!(
        "SELECT h.hook_no, h.name, h.url, h.verbs, h.covers_all, h.is_active, h.standing, h.made_at, h.old_until_at,
           (SELECT CAST(COALESCE(sum(n.last_no - c.last_act_no), 0) AS BIGINT) FROM hook_cursor c
              JOIN counter n ON n.compound_id = c.compound_id AND n.name = 'act' WHERE c.hook_no = h.hook_no) AS behind,
           (SELECT CAST(count(*) AS BIGINT) FROM hook_delivery d WHERE d.hook_no = h.hook_no AND d.state = 1) AS waiting,
           (SELECT CAST(count(*) AS BIGINT) FROM hook_delivery d WHERE d.hook_no = h.hook_no AND d.state = 3) AS dead
         FROM hook h {condition} ORDER BY h.hook_no"
    );
    let mut hooks = Vec::new();
    for row in view.rows(HOOKS, &sql, values).await? {
        let verbs: String = row.try_get("", "verbs")?;
        let until: Option<i64> = row.try_get("", "old_until_at")?;
        let covers_all = row.try_get::<i16>("", "covers_all")? == 1;
        hooks.push(Hook {
            hook_no: HookNo(row.try_get("", "hook_no")?),
            name: row.try_get("", "name")?,
            url: row.try_get("", "url")?,
            verbs: verbs.split(' ').map(str::to_owned).collect(),
            compounds: (!covers_all).then(Vec::new),
            is_active: row.try_get::<i16>("", "is_active")? == 1,
            standing: row.try_get("", "standing")?,
            made_at: Instant::from_seconds(row.try_get("", "made_at")?),
            old_secret_until: until.map(Instant::from_seconds),
            behind_acts: row.try_get("", "behind")?,
            waiting: row.try_get("", "waiting")?,
            dead: row.try_get("", "dead")?,
        });
    }
    let sql = "SELECT c.hook_no, p.code FROM hook_cursor c JOIN compound p ON p.compound_id = c.compound_id
               ORDER BY c.hook_no, p.code";
    for row in view.rows(HOOKS, sql, vec![]).await? {
        let no = HookNo(row.try_get_by_index(0)?);
        let hook = hooks.iter_mut().find(|hook| hook.hook_no == no);
        if let Some(codes) = hook.and_then(|hook| hook.compounds.as_mut()) {
            codes.push(row.try_get_by_index(1)?);
        }
    }
    Ok(hooks)
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(
    rename = "DeliveryState",
    description = "状态：waiting 等待重试，delivered 已收下，dead 死信"
)]
pub enum State {
    /// It is to be tried again.
    #[schemars(description = "等待重试")]
    Waiting = 1,
    /// The receiver took it.
    #[schemars(description = "已收下")]
    Delivered = 2,
    /// Given up; kept until it is sent again.
    #[schemars(description = "死信")]
    Dead = 3,
}

impl State {
    fn numbered(number: i16) -> Result<State> {
        let states = [State::Waiting, State::Delivered, State::Dead];
        let known = states.into_iter().find(|state| *state as i16 == number);
        Ok(known.ok_or_else(|| Storage::Bug(format!("a delivery's state is {number}")))?)
    }
}

/// What became of an event at a receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The event's name.
    pub id: String,
    /// The compound's code.
    #[serde(skip)]
    pub compound: String,
    /// The act.
    #[serde(skip)]
    pub act: ActNo,
    /// What happened.
    pub verb: String,
    /// How it stands.
    pub state: State,
    /// How often it was tried, since it was last sent anew.
    pub attempts: i32,
    /// When it is tried again.
    pub next_at: Option<Instant>,
    /// When it was first tried.
    pub first_at: Instant,
    /// When it was last tried.
    pub last_at: Instant,
    /// What the receiver answered last, if it did.
    pub status: Option<i32>,
    /// Why there was no answer, or none that counts; empty if it was taken.
    pub fault: String,
    /// How long the last try took.
    pub millis: i32,
}

/// A page of a subscription's deliveries, those of a compound together and the newest act first, after an event.
///
/// # Errors
/// `hooks.no-hook`, `property.no-compound`.
pub async fn deliveries(
    view: &mut impl View,
    no: HookNo,
    state: Option<State>,
    after: Option<(&str, ActNo)>,
    most: i32,
) -> Result<Vec<Delivery>> {
    row_of(view, no).await?;
    let (compound, act) = match after {
        Some((code, act)) => (property::compound(view, code).await?.id.0, act.0),
        None => (i32::MAX, i32::MAX),
    };
    let state = state.map_or(0, |state| state as i16);
    let sql = "SELECT p.code, d.act_no, a.verb, d.state, d.attempts, d.next_at, d.first_at, d.last_at, d.status, d.fault,
                 d.millis
               FROM hook_delivery d
               JOIN compound p ON p.compound_id = d.compound_id
               JOIN act a ON a.compound_id = d.compound_id AND a.act_no = d.act_no
               WHERE d.hook_no = $1 AND (d.compound_id, d.act_no) < ($2, $3) AND (d.state = $4 OR $4 = 0)
               ORDER BY d.compound_id DESC, d.act_no DESC LIMIT $5";
    let values =
        vec![no.0.into(), compound.into(), act.into(), state.into(), most.clamp(1, 1000).into()];
    let mut deliveries = Vec::new();
    for row in view.rows(HOOKS, sql, values).await? {
        let code: String = row.try_get("", "code")?;
        let next_at: Option<i64> = row.try_get("", "next_at")?;
        let act = ActNo(row.try_get("", "act_no")?);
        deliveries.push(Delivery {
            id: event_id(&code, act),
            compound: code,
            act,
            verb: row.try_get("", "verb")?,
            state: State::numbered(row.try_get("", "state")?)?,
            attempts: row.try_get("", "attempts")?,
            next_at: next_at.map(Instant::from_seconds),
            first_at: Instant::from_seconds(row.try_get("", "first_at")?),
            last_at: Instant::from_seconds(row.try_get("", "last_at")?),
            status: row.try_get("", "status")?,
            fault: row.try_get("", "fault")?,
            millis: row.try_get("", "millis")?,
        });
    }
    Ok(deliveries)
}

/// What is still to be told, over all active subscriptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Acts they have not come to yet, of their verbs or not.
    pub behind_acts: i64,
    /// Events that were tried and are to be tried again.
    pub waiting: i64,
    /// Dead letters.
    pub dead: i64,
    /// Subscriptions that are sent to.
    pub active: i64,
}

/// What is still to be told.
///
/// # Errors
/// Storage.
pub async fn backlog(view: &mut impl View) -> Result<Backlog> {
    let all = hooks(view).await?;
    let sum = |figure: fn(&Hook) -> i64| -> i64 {
        all.iter().filter(|hook| hook.is_active).map(figure).sum()
    };
    Ok(Backlog {
        behind_acts: sum(|hook| hook.behind_acts),
        waiting: sum(|hook| hook.waiting),
        dead: sum(|hook| hook.dead),
        active: sum(|_| 1),
    })
}
