//! Four eyes (复核): what somebody asks for and a second person must sign before it happens.
//!
//! Owns: `countersign`, one row for each request that waits or waited. Knows no verb of another room: a request is kept as it
//! came over the wire (address, query, type, bytes), and executed from those bytes alone.
//!
//! Always: whoever asks does nothing by it; whoever signs is another person than whoever asked, in a role that could have
//! asked, and names the SHA-256 of what they saw; a request is decided once. [`confirm`] is the first half of the act that
//! does what was asked ([`crate::books::Books::led_by`]): signature and deed are one transaction and one record, so there is
//! no moment at which one stands without the other, and a deed that a rule refuses leaves the request waiting as it was.
//! The database refuses a change of what was asked, a second decision, and a signature under one's own request (L13).
//! Never: a body in clear in the database. It is sealed, because a request may hold a person's numbers.
//! Limits: a request lapses after [`KEPT_DAYS`] days; nothing runs to say so, a lapsed one is told by its day. Accounts are
//! told apart, not human beings: two accounts of one person are the administrator's fault to see.
//! Which deeds need it is the policy pack's word ([`crate::policy::Pack::needs_second_person`]). Start at [`ask`].

mod rows;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::books::{Role, Tx, View};
use crate::calendar::{Day, Instant};
use crate::error::{Kind, Refusal, Result, Rule};
use crate::id::{ActNo, CompoundId, CountersignNo, PersonNo};
use crate::policy::terms::Deed;
use crate::seal::{Sealed, may_stand_in_clear};

/// How many days a request may wait, its own day not counted.
pub const KEPT_DAYS: u64 = 14;

/// How long a reason may be.
const REASON_MOST: usize = 200;

/// The columns of this room that hold sealed values.
pub static SEALED: &[&Sealed] = &[&rows::BODY];

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $rule:literal, $remedy:literal;)*) => {
        $($(#[$doc])* pub static $name: Rule =
            Rule { code: $code, kind: Kind::$kind, rule: $rule, remedy: $remedy };)*
        /// The rules of this room, in the order they are checked.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

rules! {
    /// The same waits already.
    SAME_WAITING = Conflict, "countersign.same-waiting",
        "内容相同的申请，同时只能有一件在等待复核", "请第二人复核已有的那一件；不再需要的，由申请人撤回";
    /// There is no such request.
    NONE = Missing, "countersign.none",
        "复核申请须存在", "检查申请编号；待复核的申请见清单";
    /// It was decided before.
    DECIDED = Conflict, "countersign.decided",
        "每件申请只能裁定一次：复核、退回或撤回", "查看该申请的结果；确需再办的，请重新申请";
    /// It waited too long.
    LAPSED = Conflict, "countersign.lapsed",
        "申请须在 14 日之内复核，逾期失效", "请申请人核对情况后重新申请";
    /// Nobody signs under their own request.
    SAME_PERSON = Forbidden, "countersign.same-person",
        "复核人须是申请人以外的另一人，任何人不得复核、退回自己的申请", "请另一名有权办理此项的人登录后复核；本人不再申请的，可以撤回";
    /// Only whoever asked takes it back.
    NOT_YOURS = Forbidden, "countersign.not-yours",
        "申请只能由申请人本人撤回", "不同意的，请写明原因退回";
    /// What is signed is not what was asked.
    CHANGED = Refused, "countersign.changed",
        "复核的内容须与所申请的逐字节一致，以 SHA-256 为准", "重新查看申请，核对内容后以其中的 sha256 复核";
    /// Whoever asked has no right to it any more.
    ASKER_GONE = Refused, "countersign.asker-gone",
        "办理之时，申请人的授权须仍在期", "请有权的人员重新申请";
    /// A reason is missing, or too long.
    REASON = Shape, "countersign.reason",
        "退回、撤回须写明原因：2 至 200 个字", "写明原因，例如：凭证号有误";
}

/// Somebody who asks or signs: an account, in a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hand {
    /// The name they act under.
    pub name: String,
    /// Which user they are, if they are one; a login of the machine's configuration is none.
    pub person: Option<PersonNo>,
    /// In which role.
    pub role: Role,
}

impl Hand {
    /// Whether both are one person: the same user, whatever they showed and in whatever role; or the same name, because a
    /// login of the configuration that bears a user's name is presumed to be theirs.
    #[must_use]
    pub fn is_same_person(&self, other: &Hand) -> bool {
        let is_same_user = self.person.is_some() && self.person == other.person;
        is_same_user || self.name == other.name
    }
}

/// A request to keep. Its body may hold a person's numbers: describe it, do not record it.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What it would do.
    pub deed: Deed,
    /// The address's name in the table of routes.
    pub route: String,
    /// The path, as it was asked.
    pub path: String,
    /// The query, as it was asked; empty if there was none.
    pub query: String,
    /// The content type, as it was sent; empty if there was none.
    pub content_type: String,
    /// The bytes.
    pub body: Vec<u8>,
    /// The SHA-256 of [`canonical`].
    pub sha256: [u8; 32],
    /// The provenance of the pack that wants a second person.
    pub pack: String,
    /// Who asks.
    pub asker: Hand,
}

/// What is signed: everything that decides what will be executed, in one text of which the hash is taken.
///
/// Four lines (route, path, query, content type), then the bytes. No value of the four holds a line feed: they came through
/// an address or a header.
#[must_use]
pub fn canonical(route: &str, path: &str, query: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let mut text = format!("{route}\n{path}\n{query}\n{content_type}\n").into_bytes();
    text.extend_from_slice(body);
    text
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "申请的状态")]
pub enum State {
    /// Nobody has decided.
    #[schemars(description = "待复核")]
    Waiting,
    /// A second person signed, and it was done.
    #[schemars(description = "已复核并办成")]
    Confirmed,
    /// A second person said no.
    #[schemars(description = "已退回")]
    Refused,
    /// Whoever asked took it back.
    #[schemars(description = "已撤回")]
    Withdrawn,
    /// Nobody decided in time.
    #[schemars(description = "已失效")]
    Lapsed,
}

impl State {
    /// The name people use.
    #[must_use]
    pub const fn in_chinese(self) -> &'static str {
        match self {
            State::Waiting => "待复核",
            State::Confirmed => "已复核",
            State::Refused => "已退回",
            State::Withdrawn => "已撤回",
            State::Lapsed => "已失效",
        }
    }
}

/// Who decided on a request, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who.
    pub by: Hand,
    /// When.
    pub at: Instant,
    /// Why; empty where it was signed.
    pub reason: String,
    /// The act: of a signed request the one that did what was asked.
    pub act: ActNo,
}

/// A request as it is kept, without its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its number in the compound.
    pub no: CountersignNo,
    /// What it would do.
    pub deed: Deed,
    /// The address's name in the table of routes.
    pub route: String,
    /// The path.
    pub path: String,
    /// The query.
    pub query: String,
    /// The content type.
    pub content_type: String,
    /// The SHA-256 of [`canonical`].
    pub sha256: [u8; 32],
    /// The provenance of the pack that wanted a second person.
    pub pack: String,
    /// Who asked.
    pub asker: Hand,
    /// When.
    pub asked_at: Instant,
    /// The last day on which it may be signed.
    pub lapses_on: Day,
    /// What became of it, but for its lapsing: see [`Asked::state_on`].
    pub(crate) state: State,
    /// Who decided, if anybody has.
    pub decision: Option<Decision>,
}

impl Asked {
    /// What has become of it on a day.
    #[must_use]
    pub fn state_on(&self, day: Day) -> State {
        match self.state {
            State::Waiting if day > self.lapses_on => State::Lapsed,
            state => state,
        }
    }

    fn may_be_decided_on(&self, day: Day) -> Result<(), Refusal> {
        match (self.state_on(day), &self.decision) {
            (State::Waiting, _) => Ok(()),
            (State::Lapsed, _) => {
                Err(LAPSED.refuse(format!("申请 {} 至 {} 止", self.no, self.lapses_on)))
            }
            (state, decision) => {
                let refusal = |by: &str| {
                    let told = state.in_chinese();
                    DECIDED
                        .refuse(format!("申请 {} {told}{by}", self.no))
                        .with("state", word(state))
                };
                Err(match decision {
                    Some(decision) => refusal(&format!("（{}）", decision.by.name))
                        .with("decided_by", decision.by.name.as_str())
                        .with("act_no", decision.act.0),
                    None => refusal(""),
                })
            }
        }
    }

    /// Whether somebody may sign it, or say no to it. Their role is the caller's to judge, who knows the table of routes.
    ///
    /// # Errors
    /// `countersign.decided`, `countersign.lapsed`, `countersign.same-person`.
    pub fn may_be_judged(&self, by: &Hand, day: Day) -> Result<(), Refusal> {
        self.may_be_decided_on(day)?;
        match by.is_same_person(&self.asker) {
            true => {
                Err(SAME_PERSON.refuse(format!("申请 {} 由 {} 提出", self.no, self.asker.name)))
            }
            false => Ok(()),
        }
    }

    /// Whether somebody may take it back.
    ///
    /// # Errors
    /// `countersign.decided`, `countersign.lapsed`, `countersign.not-yours`.
    fn may_be_withdrawn(&self, by: &Hand, day: Day) -> Result<(), Refusal> {
        self.may_be_decided_on(day)?;
        match by.is_same_person(&self.asker) {
            true => Ok(()),
            false => Err(NOT_YOURS.refuse(format!("申请 {} 由 {} 提出", self.no, self.asker.name))),
        }
    }
}

fn word(state: State) -> serde_json::Value {
    serde_json::to_value(state).unwrap_or_default()
}

/// Whether a request may wait, before it is tried: the same does not wait already.
///
/// # Errors
/// `countersign.same-waiting`.
pub async fn may_wait(
    view: &mut impl View,
    compound: CompoundId,
    sha256: &[u8; 32],
    today: Day,
) -> Result<()> {
    match rows::waiting_with(view, compound, sha256, today).await? {
        None => Ok(()),
        Some(no) => {
            let refusal = SAME_WAITING.refuse(format!("申请 {no} 正在等待复核"));
            Err(refusal.with("countersign_no", no.0).into())
        }
    }
}

/// Keeps a request for a second person, and answers its number.
///
/// # Errors
/// `seal.person-in-text` (an address is kept in clear), `countersign.same-waiting`, `seal.key-missing`, `seal.key-differs`.
pub async fn ask(tx: &mut Tx, new: &NewRequest) -> Result<CountersignNo> {
    let today = tx.at().day();
    let compound = tx.compound();
    let wait = may_wait(tx, compound, &new.sha256, today).await;

    for (what, words) in
        [("地址", &new.path), ("查询参数", &new.query), ("请求体的类型", &new.content_type)]
    {
        may_stand_in_clear(what, words)?;
    }
    wait?;

    let no = CountersignNo(tx.next_no("countersign"));
    let lapses_on = today.checked_add_days(chrono::Days::new(KEPT_DAYS)).unwrap_or(Day::MAX);
    rows::put(tx, no, new, lapses_on).await?;
    Ok(no)
}

/// A signature under a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Under which request.
    pub no: CountersignNo,
    /// Whose.
    pub by: Hand,
    /// The SHA-256 of what they saw.
    pub sha256: [u8; 32],
}

/// Signs a request: the first half of the act that does what was asked, refused with it and done with it.
///
/// # Errors
/// `countersign.none`, `countersign.decided`, `countersign.lapsed`, `countersign.same-person`, `countersign.changed`.
pub async fn confirm(tx: &mut Tx, signature: &Signature) -> Result<()> {
    let compound = tx.compound();
    let asked = asked(tx, compound, signature.no).await?;

    asked.may_be_judged(&signature.by, tx.at().day())?;
    may_be_signed(&asked, &signature.sha256)?;

    rows::decide(tx, signature.no, State::Confirmed, &signature.by, "").await
}

/// Whether what somebody saw is what was asked.
///
/// # Errors
/// `countersign.changed`.
pub fn may_be_signed(asked: &Asked, sha256: &[u8; 32]) -> Result<(), Refusal> {
    match asked.sha256 == *sha256 {
        true => Ok(()),
        false => Err(CHANGED.refuse(format!("申请 {} 的内容与所签的不同", asked.no))),
    }
}

/// A request is turned down, or taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// Which request.
    pub no: CountersignNo,
    /// By whom.
    pub by: Hand,
    /// Why.
    pub reason: String,
}

impl Ruling {
    fn may_stand(&self) -> Result<(), Refusal> {
        let length = self.reason.trim().chars().count();
        if !(2..=REASON_MOST).contains(&length) || self.reason.chars().any(char::is_control) {
            return Err(REASON.refuse(format!("原因 {length} 个字")));
        }
        may_stand_in_clear("原因", &self.reason)
    }
}

/// Turns a request down: another person than whoever asked.
///
/// # Errors
/// `countersign.reason`, `seal.person-in-text`, `countersign.none`, `countersign.decided`, `countersign.lapsed`,
/// `countersign.same-person`.
pub async fn refuse(tx: &mut Tx, ruling: &Ruling) -> Result<()> {
    let compound = tx.compound();
    let asked = asked(tx, compound, ruling.no).await?;

    ruling.may_stand()?;
    asked.may_be_judged(&ruling.by, tx.at().day())?;

    rows::decide(tx, ruling.no, State::Refused, &ruling.by, ruling.reason.trim()).await
}

/// Takes a request back: whoever asked.
///
/// # Errors
/// `countersign.reason`, `seal.person-in-text`, `countersign.none`, `countersign.decided`, `countersign.lapsed`,
/// `countersign.not-yours`.
pub async fn withdraw(tx: &mut Tx, ruling: &Ruling) -> Result<()> {
    let compound = tx.compound();
    let asked = asked(tx, compound, ruling.no).await?;

    ruling.may_stand()?;
    asked.may_be_withdrawn(&ruling.by, tx.at().day())?;

    rows::decide(tx, ruling.no, State::Withdrawn, &ruling.by, ruling.reason.trim()).await
}

/// A request of a compound.
///
/// # Errors
/// `countersign.none`.
pub async fn asked(view: &mut impl View, compound: CompoundId, no: CountersignNo) -> Result<Asked> {
    let found = rows::asked(view, compound, no).await?;
    Ok(found.ok_or_else(|| NONE.refuse(format!("申请 {no}")))?)
}

/// The bytes of a request's body, which may hold a person's numbers: whoever shows them records an act first
/// (`audit::record_reading`) if they do.
///
/// # Errors
/// `countersign.none`, `seal.key-missing`, `seal.key-differs`, `seal.broken`; `countersign.changed` if the row does not hold
/// together any more.
pub async fn body(view: &mut impl View, compound: CompoundId, asked: &Asked) -> Result<Vec<u8>> {
    use sha2::Digest as _;
    let body = rows::body(view, compound, asked.no).await?;
    let body = body.ok_or_else(|| NONE.refuse(format!("申请 {}", asked.no)))?;
    let Asked { route, path, query, content_type, .. } = asked;
    let written = canonical(route, path, query, content_type, &body);
    may_be_signed(asked, &sha2::Sha256::digest(written).into())?;
    Ok(body)
}

/// Which requests to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[schemars(description = "范围：waiting 待复核的，all 全部")]
pub enum Which {
    /// Those that wait and have not lapsed.
    #[default]
    #[schemars(description = "待复核")]
    Waiting,
    /// Every one.
    #[schemars(description = "全部")]
    All,
}

/// The requests of a compound after a number, oldest first.
///
/// # Errors
/// Storage.
pub async fn requests(
    view: &mut impl View,
    compound: CompoundId,
    which: Which,
    today: Day,
    after: CountersignNo,
    most: i32,
) -> Result<Vec<Asked>> {
    rows::requests(view, compound, which, today, after, most).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand(name: &str, person: Option<i32>) -> Hand {
        Hand { name: name.to_owned(), person: person.map(PersonNo), role: Role::PropertyCompany }
    }

    fn request(state: State, decision: Option<Decision>) -> Asked {
        Asked {
            no: CountersignNo(7),
            deed: Deed::Reversal,
            route: "journal::reverse".to_owned(),
            path: "/api/v1/compounds/xiaohe/reversals".to_owned(),
            query: String::new(),
            content_type: "application/json".to_owned(),
            sha256: [7; 32],
            pack: "100000@2021-01".to_owned(),
            asker: hand("wang", Some(1)),
            asked_at: Instant::from_seconds(0),
            lapses_on: "2026-01-19".parse().unwrap(),
            state,
            decision,
        }
    }

    #[test]
    fn one_person_is_one_person_whatever_they_show() {
        for (one, other, wanted) in [
            (hand("wang", Some(1)), hand("wang", Some(1)), true),
            (hand("wang", Some(1)), hand("li", Some(1)), true),
            (hand("wang", Some(1)), hand("wang", None), true),
            (hand("wang", None), hand("wang", None), true),
            (hand("wang", Some(1)), hand("li", Some(2)), false),
            (hand("wang", Some(1)), hand("li", None), false),
            (hand("wang", None), hand("li", None), false),
        ] {
            assert_eq!(one.is_same_person(&other), wanted, "{one:?} {other:?}");
            assert_eq!(other.is_same_person(&one), wanted);
        }
    }

    #[test]
    fn a_request_is_decided_once_in_time_and_by_the_right_one() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        let decided = || {
            Some(Decision {
                by: hand("li", Some(2)),
                at: Instant::from_seconds(1),
                reason: String::new(),
                act: ActNo(42),
            })
        };
        let (wang, li) = (hand("wang", Some(1)), hand("li", Some(2)));
        let waiting = || request(State::Waiting, None);
        let code = |result: Result<(), Refusal>| result.map_err(|refusal| refusal.code());
        for (asked, by, on, judged, withdrawn) in [
            (waiting(), &li, "2026-01-19", Ok(()), Err("countersign.not-yours")),
            (waiting(), &wang, "2026-01-19", Err("countersign.same-person"), Ok(())),
            (waiting(), &li, "2026-01-20", Err("countersign.lapsed"), Err("countersign.lapsed")),
            (
                request(State::Confirmed, decided()),
                &li,
                "2026-01-20",
                Err("countersign.decided"),
                Err("countersign.decided"),
            ),
            (
                request(State::Withdrawn, decided()),
                &wang,
                "2026-01-10",
                Err("countersign.decided"),
                Err("countersign.decided"),
            ),
        ] {
            assert_eq!(code(asked.may_be_judged(by, day(on))), judged, "{by:?} on {on}");
            assert_eq!(code(asked.may_be_withdrawn(by, day(on))), withdrawn, "{by:?} on {on}");
        }
        let refusal = request(State::Confirmed, decided()).may_be_judged(&li, day("2026-01-10"));
        let facts = refusal.unwrap_err().facts;
        assert_eq!((&facts["state"], &facts["act_no"]), (&"confirmed".into(), &42.into()));
    }

    #[test]
    fn the_rule_says_how_many_days() {
        assert!(LAPSED.rule.contains(&format!(" {KEPT_DAYS} 日")), "{}", LAPSED.rule);
    }

    #[test]
    fn what_is_signed_is_every_part_of_it() {
        let text = |route, path, query, kind, body: &str| {
            canonical(route, path, query, kind, body.as_bytes())
        };
        let one = text("a", "b", "c", "d", "e");
        assert_eq!(one, b"a\nb\nc\nd\ne");
        for other in [
            text("x", "b", "c", "d", "e"),
            text("a", "x", "c", "d", "e"),
            text("a", "b", "x", "d", "e"),
            text("a", "b", "c", "x", "e"),
            text("a", "b", "c", "d", "x"),
        ] {
            assert_ne!(one, other);
        }
        assert!(may_be_signed(&request(State::Waiting, None), &[7; 32]).is_ok());
        assert!(may_be_signed(&request(State::Waiting, None), &[8; 32]).is_err());
    }
}
