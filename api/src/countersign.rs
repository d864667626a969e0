//! The door of the countersign room: what happens to a request that takes two, and how the second person signs it.
//!
//! Owns: `attend` (the wall in front of every route with a deed), the routes under `/compounds/{compound}/countersigns`.
//!
//! Always: the law of the compound and the day says whether a deed takes two (`policy`), and what it said goes into the act's
//! record. Where it takes two, the request is rehearsed first (run, judged and taken back: `Books::rehearsing`), so that
//! whoever asks is told at once what would be refused anyway; then its bytes are kept and nothing else happens. Whoever signs
//! is shown those bytes and names their hash; the bytes are executed in the name and under the mandate of whoever asked,
//! which must still be in force, by the very function they were sent to (`Route::alone`), and the signature is part of that
//! act (`Books::led_by`). A function whose second act would follow is refused it: a deed is one act.
//! Where the law wants a second factor, it is wanted of whoever makes the deed happen: of the one who signs, or of the one
//! who asks where one is enough. Asking moves nothing.
//! Never: a rule of its own.

mod says;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;
use ledger::audit::{self, Reading};
use ledger::books::{self, Actor, Books, Request as Act, Role, Snapshot};
use ledger::calendar::{Day, Instant};
use ledger::countersign::{
    self, ASKER_GONE, Asked, CHANGED, Hand, NewRequest, Ruling, Signature, State as Standing, Which,
};
use ledger::error::{Error, Refusal, Result as Done, Rule, Storage};
use ledger::id::{CompoundId, CountersignNo};
use ledger::journal::text::hex;
use ledger::mask;
use ledger::people::{self, Access, Entrance, PROVE_AGAIN, Place};
use ledger::policy::terms::Deed;
use ledger::policy::{self, Jurisdiction, Pack};
use ledger::property::{self, Compound};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tower::ServiceExt;

pub use self::says::Said;
use crate::config::Config;
use crate::door::{self, Answer, Caller, Door, Going, Most, Told, Visit};
use crate::list::{Listed, Sought};
use crate::problem::{self, Problem};
use crate::routes::{JSON_MOST, ROUTES, Route};
use crate::wire::{Acted, Described, IsoDay, Shown, Sketch};

/// The routes that sign: at a compound, and in the house.
pub(crate) const CONFIRM: [&str; 2] = ["countersign::confirm", "countersign::confirm_in_house"];

/// The law is asked.
static LAW: &[&Rule] =
    &[&policy::NOT_IN_FORCE, &policy::NO_PARENT, &policy::INCOMPLETE, &PROVE_AGAIN];

/// What any route with a deed may refuse by besides its own rules.
pub(crate) static ASKING: &[&[&Rule]] = &[
    LAW,
    &[&countersign::SAME_WAITING, &problem::TOO_LARGE, &ledger::seal::IN_TEXT],
    &[&ledger::seal::KEY_MISSING, &ledger::seal::KEY_DIFFERS],
];

/// What signing may refuse by besides its own rules and those of what is signed.
pub(crate) static SIGNING: &[&[&Rule]] = &[LAW, &[&people::SECOND_FACTOR]];

/// Draws the answer to a request that is kept.
pub(crate) fn draw(on: &mut Sketch<'_>) {
    on.tells::<KeptView>(StatusCode::ACCEPTED, "已收下，待第二人复核；尚未办理");
}

/// The law of a compound today; of the head office, which lies in no city, the nation's.
///
/// # Errors
/// `policy.not-in-force`, `policy.no-parent`, `policy.incomplete`.
pub(crate) async fn law(books: &Books, compound: CompoundId) -> Done<Pack> {
    let mut view = books.read().await?;
    let jurisdiction = match compound {
        CompoundId::OFFICE => Jurisdiction::nation(),
        compound => property::jurisdiction(&mut view, compound).await?,
    };
    policy::at(&mut view, &jurisdiction, books.clock().now().day()).await
}

/// Somebody who asks for a deed at a compound.
pub(crate) struct Asking {
    pub(crate) door: Door,
    pub(crate) route: &'static Route,
    pub(crate) deed: Deed,
    pub(crate) who: people::Caller,
    pub(crate) actor: Actor,
    /// None for a deed of the house.
    pub(crate) compound: Option<Compound>,
    pub(crate) key: Option<String>,
}

/// Lets a deed happen, or keeps it for a second person.
///
/// # Errors
/// Those of [`ASKING`]; whatever the deed itself is refused by.
pub(crate) async fn attend(asking: Asking, request: Request, next: Next) -> Answer {
    let Asking { door, route, deed, who, actor, compound, key } = asking;
    let office = compound.as_ref().map_or(CompoundId::OFFICE, |compound| compound.id);
    let pack = law(&door.books, office).await?;
    let actor = actor.under(&pack.provenance);
    let (books, entrance) = (door.books.clone(), door.entrance.clone());
    if !pack.needs_second_person(deed) {
        must_have_proved(&door.config, &pack, deed, &who, books.clock().now())?;
        let caller = Caller { books, entrance, who, actor, key };
        return Ok(next.run(within(request, caller, compound)).await);
    }

    let (asked, body) = whole(request).await?;
    let Posted { path, query, content_type } = &asked;
    let signed = countersign::canonical(route.id, path, query, content_type, &body);
    let sha256: [u8; 32] = Sha256::digest(signed).into();
    let known = match &key {
        Some(key) => books::is_key_used(&mut books.glance(), office, key).await?,
        None => false,
    };
    // What was kept under a key is answered again as it was, whatever would become of it now.
    if !known {
        // To try an act costs what the act costs.
        countersign::may_wait(&mut books.glance(), office, &sha256, who.today()).await?;
        let tried = rehearsing(&books, &who, &actor);
        let request = rebuilt(&asked, body.clone())?;
        let response = by_itself(&door, route, within(request, tried, compound.clone())).await;
        let told = response.extensions().get::<Problem>().map(Problem::code);
        if told != Some(books::REHEARSED.code) {
            // Refused as it would be; or it does nothing (a preview), and then nobody need sign it.
            return Ok(response);
        }
    }

    let Posted { path, query, content_type } = asked;
    let new = NewRequest {
        deed,
        route: route.id.to_owned(),
        path,
        query,
        content_type,
        body,
        sha256,
        pack: pack.provenance.to_string(),
        asker: hand(&who, actor.role),
    };
    let told = json!({ "deed": deed.name(), "path": new.path, "query": new.query, "sha256": hex(&new.sha256) });
    let sha256 = hex(&new.sha256);
    let act = Act::describing("countersign.ask", new, told).maybe_once(key);
    let done =
        books.act(&actor, office, act, |tx, new| Box::pin(countersign::ask(tx, new))).await?;
    let kept = countersign::asked(&mut books.glance(), office, done.answer).await?;
    let view = KeptView {
        act_no: done.act.0,
        countersign_no: done.answer.0,
        deed: deed.name(),
        sha256,
        lapses_on: IsoDay(kept.lapses_on),
    };
    let mut response = (StatusCode::ACCEPTED, axum::Json(view)).into_response();
    let home = compound.map_or(String::new(), |compound| format!("/compounds/{}", compound.code));
    let place = format!("/api/v1{home}/countersigns/{}", done.answer);
    if let Ok(place) = HeaderValue::from_str(&place) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    if done.is_repeated {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Whether a second factor was shown recently enough, where the law wants it.
fn must_have_proved(
    config: &Config,
    pack: &Pack,
    deed: Deed,
    who: &people::Caller,
    now: Instant,
) -> Result<(), Refusal> {
    let seconds = i64::try_from(config.proof.as_secs()).unwrap_or(i64::MAX);
    let since = Instant::from_seconds(now.seconds().saturating_sub(seconds));
    if !pack.needs_second_factor(deed) || who.has_proved_since(since) {
        return Ok(());
    }
    let minutes = config.proof.as_secs() / 60;
    let how = match who.shown() {
        people::Shown::Token(_) => "本次是凭令牌来的",
        _ => "本会话没有验证过",
    };
    let evidence = format!("{}：近 {minutes} 分钟内{how}", deed.in_chinese());
    Err(PROVE_AGAIN.refuse(evidence).with("minutes", minutes))
}

fn hand(who: &people::Caller, role: Role) -> Hand {
    Hand { name: who.name().to_owned(), person: who.person(), role }
}

/// A caller whose acts are tried and taken back, whichever way they are taken.
fn rehearsing(books: &Books, who: &people::Caller, actor: &Actor) -> Caller {
    let books = books.rehearsing();
    let entrance = Entrance::new(books.clone());
    // What asks for a signature by itself is tried as if it had one: nothing of it is written.
    let actor = actor.clone().seconded_by("待复核");
    Caller { books, entrance, who: who.clone(), actor, key: None }
}

fn within(mut request: Request, caller: Caller, compound: Option<Compound>) -> Request {
    request.extensions_mut().insert(caller);
    if let Some(compound) = compound {
        request.extensions_mut().insert(compound);
    }
    request
}

/// What the route's own function answers.
async fn by_itself(door: &Door, route: &Route, request: Request) -> Response {
    // A router never fails by itself.
    match route.alone(door.clone()).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Where and how something was sent.
struct Posted {
    path: String,
    query: String,
    content_type: String,
}

/// The whole of a request that is to be kept.
async fn whole(mut request: Request) -> Result<(Posted, Vec<u8>), Problem> {
    request.extensions_mut().insert(Most(JSON_MOST));
    let too_large = door::too_large(&request);
    let (parts, body) = request.into_parts();
    let unread = || Problem::from(problem::SHAPE.refuse("请求体没有收全"));
    let kind = match parts.headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str) {
        None => String::new(),
        Some(Ok(kind)) => kind.to_owned(),
        Some(Err(_)) => return Err(problem::CONTENT_TYPE.refuse("含有不可见字符").into()),
    };
    let body = to_bytes(body, JSON_MOST).await.map_err(|error| {
        let is_long = std::error::Error::source(&error)
            .is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if is_long { too_large.into() } else { unread() }
    })?;
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    Ok((Posted { path, query, content_type: kind }, body.to_vec()))
}

/// A request from what was kept of it, and from nothing else.
fn rebuilt(posted: &Posted, body: Vec<u8>) -> Result<Request, Problem> {
    let Posted { path, query, content_type } = posted;
    let mark = if query.is_empty() { "" } else { "?" };
    let mut request = Request::post(format!("{path}{mark}{query}"));
    if !content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, content_type);
    }
    let bug = |e: axum::http::Error| Error::Storage(Storage::Bug(e.to_string()));
    Ok(request.extension(Most(JSON_MOST)).body(Body::from(body)).map_err(bug)?)
}

/// A request that was kept.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已收下、待复核的申请：尚未办理")]
pub struct KeptView {
    #[schemars(description = "操作编号：收下申请的", example = 42)]
    act_no: i32,
    #[schemars(description = "申请编号：小区内连续", example = 7)]
    countersign_no: i32,
    #[schemars(description = "事项", example = &"reversal")]
    deed: &'static str,
    #[schemars(description = "所申请内容的 SHA-256：复核时写明", example = &"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    #[schemars(description = "失效日：至当日止可以复核")]
    lapses_on: IsoDay,
}

/// A request as it is listed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一件复核申请")]
pub struct AskedView {
    #[schemars(description = "申请编号：小区内连续", example = 7)]
    countersign_no: i32,
    #[schemars(description = "状态")]
    state: Standing,
    #[schemars(description = "事项", example = &"reversal")]
    deed: &'static str,
    #[schemars(description = "所申请的", example = &"冲销凭证")]
    summary: &'static str,
    #[schemars(description = "地址", example = &"/api/v1/compounds/wutongli/reversals")]
    path: String,
    #[schemars(description = "查询参数：没有的为空", example = &"")]
    query: String,
    #[schemars(description = "申请人", example = &"wang")]
    asked_by: String,
    #[schemars(description = "申请人的角色")]
    asked_role: Role,
    #[schemars(description = "申请时刻")]
    asked_at: Instant,
    #[schemars(description = "失效日：至当日止可以复核")]
    lapses_on: IsoDay,
    #[schemars(description = "规则包：要求复核的", example = &"100000@2021-01 sha256:…")]
    pack: String,
    #[schemars(description = "所申请内容的 SHA-256", example = &"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
    #[schemars(description = "裁定人：未裁定的没有")]
    decided_by: Option<String>,
    #[schemars(description = "裁定人的角色：未裁定的没有")]
    decided_role: Option<Role>,
    #[schemars(description = "裁定时刻：未裁定的没有")]
    decided_at: Option<Instant>,
    #[schemars(description = "原因：退回、撤回的")]
    reason: Option<String>,
    #[schemars(description = "操作编号：裁定的；已复核的，即办成所申请之事的操作")]
    decided_by_act: Option<i32>,
}

impl AskedView {
    /// In one line, as the command line tells it.
    pub(crate) fn line(&self) -> String {
        let (no, state, what) = (self.countersign_no, self.state.in_chinese(), self.summary);
        let (who, role) = (&self.asked_by, self.asked_role.in_chinese());
        format!("{no}  {state}  {what}  {who}（{role}）{} 提出", self.asked_at.for_people())
    }

    pub(crate) fn of(asked: Asked, today: Day) -> AskedView {
        let state = asked.state_on(today);
        let Asked { no, deed, route, path, query, sha256, pack, asker, .. } = asked;
        let row = ROUTES.iter().find(|row| row.id == route);
        let (mut decided_by, mut decided_role, mut decided_at) = (None, None, None);
        let (mut reason, mut decided_by_act) = (None, None);
        if let Some(decision) = asked.decision {
            decided_by = Some(decision.by.name);
            decided_role = Some(decision.by.role);
            decided_at = Some(decision.at);
            reason = Some(decision.reason).filter(|reason| !reason.is_empty());
            decided_by_act = Some(decision.act.0);
        }
        AskedView {
            countersign_no: no.0,
            state,
            deed: deed.name(),
            summary: row.map_or("", |row| row.summary),
            path,
            query,
            asked_by: asker.name,
            asked_role: asker.role,
            asked_at: asked.asked_at,
            lapses_on: IsoDay(asked.lapses_on),
            pack,
            sha256: hex(&sha256),
            decided_by,
            decided_role,
            decided_at,
            reason,
            decided_by_act,
        }
    }
}

/// A request with everything that is signed.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "一件复核申请的全部内容")]
pub struct WholeAsked {
    #[serde(flatten)]
    asked: AskedView,
    #[schemars(description = "请求体的类型", example = &"application/json")]
    content_type: String,
    #[schemars(description = "所申请之事：一句话", example = &"冲销凭证。凭证号 fund/2026-0007；原因 重复记账")]
    says: String,
    #[schemars(description = "所申请之事：逐项，连同账册中的现状")]
    fields: Vec<Said>,
    #[schemars(description = "请求体：原文", example = &"{\"voucher\":\"fund/2026-0007\"}")]
    body: String,
}

impl WholeAsked {
    /// In lines, as the command line tells it.
    pub(crate) fn in_lines(&self) -> String {
        let mut text = self.asked.line();
        for Said { label, value } in &self.fields {
            text += &format!("\n  {label}：{value}");
        }
        text + &format!(
            "\n  至 {} 止；所签内容的 SHA-256 {}",
            self.asked.lapses_on.0, self.asked.sha256
        )
    }
}

/// Which requests to list.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichQuery {
    #[serde(default)]
    #[schemars(description = "范围：waiting 待复核的，all 全部；不写则待复核的")]
    which: Which,
}

/// Where requests are looked at and decided on: at a compound, or in the house.
struct Bench<'a> {
    caller: &'a Caller,
    compound: Option<&'a Compound>,
}

impl<'a> Bench<'a> {
    fn at<P>(visit: &'a Visit<P>) -> Bench<'a> {
        Bench { caller: visit, compound: Some(&visit.compound) }
    }

    fn in_house(caller: &'a Caller) -> Bench<'a> {
        Bench { caller, compound: None }
    }

    /// Where the requests are kept.
    fn office(&self) -> CompoundId {
        self.compound.map_or(CompoundId::OFFICE, |compound| compound.id)
    }

    /// What somebody may here.
    fn role(&self, who: &people::Caller, roles: &[Role]) -> Access {
        let Some(compound) = self.compound else { return who.role_in_house(roles) };
        let place = Place { compound: compound.id, areas: &compound.areas, dwelling: None };
        who.role_at(&place, roles)
    }

    async fn list(self, list: Sought<WhichQuery>) -> Result<Listed<AskedView>, Problem> {
        let (office, which, today) = (self.office(), list.query.which, self.caller.who.today());
        let view = self.caller.read().await?;
        list.answer(view, move |view: &mut Snapshot, after: Option<i32>, most: u16| {
            Box::pin(async move {
                let (after, most) = (CountersignNo(after.unwrap_or(0)), i32::from(most));
                let found = countersign::requests(view, office, which, today, after, most).await?;
                let row = |asked: Asked| (asked.no.0, AskedView::of(asked, today));
                Ok(found.into_iter().map(row).collect())
            })
        })
        .await
    }

    async fn one(&self, no: CountersignNo) -> Done<WholeAsked> {
        looked_at(&self.caller.books, &self.caller.actor, self.office(), no).await
    }
}

/// `GET /compounds/{compound}/countersigns`.
///
/// # Errors
/// Those of a list.
pub async fn list(visit: Visit, list: Sought<WhichQuery>) -> Result<Listed<AskedView>, Problem> {
    Bench::at(&visit).list(list).await
}

/// `GET /countersigns`: the house's own.
///
/// # Errors
/// Those of a list.
pub async fn list_of_house(
    caller: Caller,
    list: Sought<WhichQuery>,
) -> Result<Listed<AskedView>, Problem> {
    Bench::in_house(&caller).list(list).await
}

/// A request's place.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub struct AtCountersign {
    #[schemars(description = "申请编号", example = 1)]
    no: CountersignNo,
}

/// `GET /compounds/{compound}/countersigns/{no}`: all that is signed. If it names a person, the look is an act.
///
/// # Errors
/// `countersign.none`, `countersign.changed`; `seal.…` without the key.
pub async fn one(visit: Visit<AtCountersign>) -> Result<Shown<WholeAsked>, Problem> {
    Ok(Shown(Bench::at(&visit).one(visit.at.no).await?))
}

/// `GET /countersigns/{no}`.
///
/// # Errors
/// As [`one`].
pub async fn one_of_house(going: Going<AtCountersign>) -> Result<Shown<WholeAsked>, Problem> {
    Ok(Shown(Bench::in_house(&going).one(going.at.no).await?))
}

/// A request with all that is signed, for whoever looks at it.
///
/// # Errors
/// As [`one`].
pub(crate) async fn looked_at(
    books: &Books,
    actor: &Actor,
    compound: CompoundId,
    no: CountersignNo,
) -> Done<WholeAsked> {
    let today = books.clock().now().day();
    let mut view = books.read().await?;
    let asked = countersign::asked(&mut view, compound, no).await?;
    let body = countersign::body(&mut view, compound, &asked).await?;
    let route = ROUTES.iter().find(|route| route.id == asked.route);
    let (says, fields) = match route {
        Some(route) => {
            let fields = says::said(&mut view, compound, route, &asked.path, &body).await?;
            (says::sentence(route.summary, &fields), fields)
        }
        None => (String::new(), Vec::new()),
    };
    drop(view);
    let body = String::from_utf8_lossy(&body).into_owned();
    // A digit may be written as `\u0031`.
    let read =
        serde_json::from_str::<Value>(&body).map_or_else(|_| String::new(), |v| v.to_string());
    if mask::names_a_person(&body) || mask::names_a_person(&read) {
        let what = format!("countersign {no}");
        let reading = Reading { reason: String::new(), what, whose: Vec::new(), count: 1 };
        let verb = "read.countersign";
        audit::record_reading(books, actor, compound, verb, reading).await?;
    }
    let content_type = asked.content_type.clone();
    Ok(WholeAsked { asked: AskedView::of(asked, today), content_type, says, fields, body })
}

/// A signature.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "复核")]
pub struct ConfirmAsked {
    #[schemars(description = "所见内容的 SHA-256：取自查看申请的答复", regex(pattern = "^[0-9a-f]{64}$"),
        example = &"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
}

/// What was signed and done.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已复核并办成的申请")]
pub struct ConfirmedView {
    #[schemars(description = "申请编号", example = 7)]
    countersign_no: i32,
    #[schemars(description = "办成的答复：与无须复核时申请人所得的相同", example = json!({ "act_no": 43, "vouchers": ["fund/2026-0002"] }))]
    answer: Value,
}

/// 201 with what was done; the same key again gets the same, and a header that says so.
#[derive(Debug)]
pub struct Confirmed {
    view: ConfirmedView,
    is_repeated: bool,
}

impl Described for Confirmed {
    fn draw(on: &mut Sketch<'_>) {
        on.is_act = true;
        on.tells::<ConfirmedView>(StatusCode::CREATED, "办成了；同一幂等键重发，答复相同");
    }
}

impl IntoResponse for Confirmed {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, axum::Json(self.view)).into_response();
        if self.is_repeated {
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}

/// `POST /compounds/{compound}/countersigns/{no}/confirm`: the second person signs, and it is done. A refused attempt is
/// recorded.
///
/// # Errors
/// Those of [`countersign::confirm`]; `door.role`, `people.second-factor`, `people.prove-again`; whatever the deed itself is
/// refused by.
pub async fn confirm(
    State(door): State<Door>,
    visit: Visit<AtCountersign>,
    Told(asked): Told<ConfirmAsked>,
) -> Result<Confirmed, Problem> {
    Bench::at(&visit).confirm(&door, visit.at.no, &asked.sha256).await
}

/// `POST /countersigns/{no}/confirm`.
///
/// # Errors
/// As [`confirm`].
pub async fn confirm_in_house(
    State(door): State<Door>,
    going: Going<AtCountersign>,
    Told(asked): Told<ConfirmAsked>,
) -> Result<Confirmed, Problem> {
    Bench::in_house(&going).confirm(&door, going.at.no, &asked.sha256).await
}

impl Bench<'_> {
    async fn confirm(
        &self,
        door: &Door,
        no: CountersignNo,
        sha256: &str,
    ) -> Result<Confirmed, Problem> {
        let signed = self.sign(door, no, sha256).await;
        if let Err(problem) = &signed
            && problem.is_refused_by_rule()
        {
            let (caller, code) = (self.caller, problem.code());
            let (books, what) = (&caller.books, format!("countersigns/{no}/confirm"));
            let noted = audit::record_refusal(books, &caller.actor, self.office(), what, code);
            // The refusal stands whether or not that succeeds.
            if let Err(error) = noted.await {
                tracing::error!(?error, code, "a refused signature was not recorded");
            }
        }
        signed
    }

    async fn sign(
        &self,
        door: &Door,
        no: CountersignNo,
        sha256: &str,
    ) -> Result<Confirmed, Problem> {
        let (office, caller) = (self.office(), self.caller);
        let mut view = caller.read().await?;
        let asked = countersign::asked(&mut view, office, no).await?;
        let (route, signer) = self.signer(&asked)?;
        door::must_be_strong(door, &caller.who, signer.role)?;
        let repeats = match &caller.key {
            Some(key) => books::is_key_used(&mut view, office, key).await?,
            None => false,
        };
        let today = caller.who.today();
        if !repeats {
            asked.may_be_judged(&signer, today)?;
        }
        let sha256 = digest(sha256).ok_or_else(|| CHANGED.refuse("sha256 不是 64 位十六进制"))?;
        countersign::may_be_signed(&asked, &sha256)?;
        let body = countersign::body(&mut view, office, &asked).await?;
        drop(view);
        let pack = law(&caller.books, office).await?;
        let now = caller.books.clock().now();
        must_have_proved(&door.config, &pack, asked.deed, &caller.who, now)?;
        let asker = self.asker(door, &asked, today).await?;

        // From here on what was asked happens, in the name of whoever asked, as one act with the signature.
        let actor = asker.actor(asked.asker.role).from(caller.actor.origin.clone());
        let actor = actor.under(&pack.provenance).seconded_by(signer.name.as_str());
        let signature = Arc::new(Signature { no, by: signer, sha256 });
        let books = caller.books.led_by(move |tx| -> BoxFuture<'_, Done<()>> {
            let signature = Arc::clone(&signature);
            Box::pin(async move { countersign::confirm(tx, &signature).await })
        });
        let entrance = Entrance::new(books.clone());
        let caller = Caller { books, entrance, who: asker, actor, key: caller.key.clone() };
        let Asked { path, query, content_type, .. } = asked;
        let request = rebuilt(&Posted { path, query, content_type }, body)?;
        let request = within(request, caller, self.compound.cloned());
        let mut response = by_itself(door, route, request).await;
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            return Err(problem);
        }
        let is_repeated = response.headers().contains_key("idempotent-replayed");
        let bug = |why: String| Problem::from(Error::Storage(Storage::Bug(why)));
        let told =
            to_bytes(response.into_body(), usize::MAX).await.map_err(|e| bug(e.to_string()))?;
        let answer = serde_json::from_slice(&told).map_err(|e| bug(e.to_string()))?;
        Ok(Confirmed { view: ConfirmedView { countersign_no: no.0, answer }, is_repeated })
    }

    /// The route that is asked for, and the caller in a role that could have asked there.
    fn signer(&self, asked: &Asked) -> Result<(&'static Route, Hand), Problem> {
        let route = ROUTES.iter().find(|route| route.id == asked.route);
        let gone = || problem::NO_ROUTE.refuse(format!("{} 已不再提供", asked.path));
        let route = route.ok_or_else(gone)?;
        let caller = self.caller;
        match self.role(&caller.who, route.roles) {
            Access::Allowed(role) => Ok((route, hand(&caller.who, role))),
            Access::Forbidden | Access::Unseen => Err(door::not_in(&caller.who, caller.actor.role)),
        }
    }

    /// Whoever asked, with what they may today.
    async fn asker(
        &self,
        door: &Door,
        asked: &Asked,
        today: Day,
    ) -> Result<people::Caller, Problem> {
        let Hand { name, person, role } = &asked.asker;
        let caller = match person {
            Some(person) => door.entrance.known(*person).await?,
            None => {
                let logins = door.config.logins.iter();
                let mut theirs = logins.filter(|login| login.known.name == *name);
                let theirs = theirs.find(|login| login.actor.role == *role);
                theirs.map(|login| people::Caller::new(login.known.clone(), today))
            }
        };
        let may = |caller: &people::Caller| self.role(caller, &[*role]) == Access::Allowed(*role);
        let gone =
            || ASKER_GONE.refuse(format!("{name}（{}）在 {today} 没有授权", role.in_chinese()));
        Ok(caller.filter(may).ok_or_else(gone)?)
    }
}

/// Sixty-four hexadecimal digits in lower case.
fn digest(text: &str) -> Option<[u8; 32]> {
    let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 64 || !text.bytes().all(is_digit) {
        return None;
    }
    let mut bytes = [0_u8; 32];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// Why a request is turned down or taken back.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(description = "退回或撤回")]
pub struct RulingAsked {
    #[schemars(description = "原因：2 至 200 个字", example = &"凭证号有误", length(min = 2, max = 200))]
    reason: String,
}

/// A request that was decided without being done.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(description = "已退回或撤回的申请")]
pub struct RuledView {
    #[schemars(description = "申请编号", example = 7)]
    countersign_no: i32,
    #[schemars(description = "状态")]
    state: Standing,
}

/// `POST /compounds/{compound}/countersigns/{no}/refuse`.
///
/// # Errors
/// Those of [`countersign::refuse`]; `door.role`.
pub async fn refuse(
    visit: Visit<AtCountersign>,
    Told(asked): Told<RulingAsked>,
) -> Result<Acted<RuledView>, Problem> {
    Bench::at(&visit).refuse(visit.at.no, asked.reason).await
}

/// `POST /countersigns/{no}/refuse`.
///
/// # Errors
/// As [`refuse`].
pub async fn refuse_in_house(
    going: Going<AtCountersign>,
    Told(asked): Told<RulingAsked>,
) -> Result<Acted<RuledView>, Problem> {
    Bench::in_house(&going).refuse(going.at.no, asked.reason).await
}

/// `POST /compounds/{compound}/countersigns/{no}/withdraw`.
///
/// # Errors
/// Those of [`countersign::withdraw`].
pub async fn withdraw(
    visit: Visit<AtCountersign>,
    Told(asked): Told<RulingAsked>,
) -> Result<Acted<RuledView>, Problem> {
    Bench::at(&visit).withdraw(visit.at.no, asked.reason).await
}

/// `POST /countersigns/{no}/withdraw`.
///
/// # Errors
/// As [`withdraw`].
pub async fn withdraw_in_house(
    going: Going<AtCountersign>,
    Told(asked): Told<RulingAsked>,
) -> Result<Acted<RuledView>, Problem> {
    Bench::in_house(&going).withdraw(going.at.no, asked.reason).await
}

impl Bench<'_> {
    async fn refuse(&self, no: CountersignNo, reason: String) -> Result<Acted<RuledView>, Problem> {
        let mut view = self.caller.books.glance();
        let found = countersign::asked(&mut view, self.office(), no).await?;
        let (_, by) = self.signer(&found)?;
        self.rule(Ruling { no, by, reason }, Standing::Refused).await
    }

    async fn withdraw(
        &self,
        no: CountersignNo,
        reason: String,
    ) -> Result<Acted<RuledView>, Problem> {
        let by = hand(&self.caller.who, self.caller.actor.role);
        self.rule(Ruling { no, by, reason }, Standing::Withdrawn).await
    }

    async fn rule(&self, ruling: Ruling, to: Standing) -> Result<Acted<RuledView>, Problem> {
        let (no, caller) = (ruling.no, self.caller);
        let is_refusal = to == Standing::Refused;
        let verb = if is_refusal { "countersign.refuse" } else { "countersign.withdraw" };
        let actor = caller.who.actor(ruling.by.role).from(caller.actor.origin.clone());
        let act = Act::new(verb, ruling).maybe_once(caller.key.clone());
        let done = caller.books.act(&actor, self.office(), act, move |tx, ruling: &Ruling| {
            Box::pin(async move {
                match is_refusal {
                    true => countersign::refuse(tx, ruling).await,
                    false => countersign::withdraw(tx, ruling).await,
                }
            })
        });
        Ok(Acted::new(done.await?, |()| RuledView { countersign_no: no.0, state: to }))
    }
}
