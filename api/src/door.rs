//! Who is knocking, and what every door does alike.
//!
//! Owns: [`Door`] (what the doors share), [`frame`] (number, room for one more, time limit, problems, one log line),
//! [`admit`] (who, pace, in which role, at which place, entity tag), the extractors [`Caller`], [`Visit`], [`Going`],
//! [`Told`], [`Asked`], [`Upload`].
//!
//! Always: the roles and the scope of a route are data (`routes`), held against the caller's mandates before a byte of the
//! body is read; at a compound where a caller has nothing the answer is that of one that does not exist; every failure
//! leaves as a problem; a query or body with a field nobody reads is refused.
//! An entity tag (RFC 9110 §8.8.3, strong) names the last acts of the compound and of the head office, the caller, the
//! day and the question: nothing an answer is made of can change without it, so an answer that is still true is not
//! computed again. Never: an identity number, a telephone number, a token or a body in the log.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{
    FromRequest, FromRequestParts, MatchedPath, Multipart, Path, Query, RawPathParams, Request,
    State,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ledger::audit;
use ledger::books::{self, Actor, Books, KEY_SHAPE, LastActs, Origin, Role, Snapshot};
use ledger::error::{Error, Refusal, Result as Read, Rule};
use ledger::id::CompoundId;
use ledger::intake::megabytes;
use ledger::journal::text::hex;
use ledger::people::{self, Access, Entrance, Place};
use ledger::property::{self, Compound};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::config::Config;
use crate::countersign::{self, Asking};
use crate::metrics::{self, Metrics};
use crate::pace::Pace;
use crate::problem::{self, Problem};
use crate::routes::{self, Route, Scope, Time};
use crate::shape;
use crate::whence::{self, Whence};
use crate::wire::{Described, Sketch};

/// What a door answers.
pub type Answer = Result<Response, Problem>;

/// What the doors share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Door {
    /// The books.
    pub books: Books,
    /// Who is let in.
    pub entrance: Entrance,
    /// The settings.
    pub config: Arc<Config>,
    /// What an operator watches.
    pub metrics: metrics::Shared,
    room: Arc<Semaphore>,
    callers: Arc<Pace<String>>,
    addresses: Arc<Pace<IpAddr>>,
}

impl Door {
    /// The door of these books under these settings.
    #[must_use]
    pub fn new(books: Books, config: Config) -> Door {
        Door {
            entrance: Entrance::new(books.clone()),
            metrics: Arc::new(Metrics::new(books.clone())),
            books,
            room: Arc::new(Semaphore::new(config.at_once)),
            callers: Arc::new(Pace::new("caller", config.caller_per_minute)),
            addresses: Arc::new(Pace::new("address", config.address_per_minute)),
            config: Arc::new(config),
        }
    }
}

/// The number of a request, in hexadecimal.
#[derive(Clone, Debug)]
pub struct Number(String);

impl Number {
    fn new() -> Number {
        let mut bytes = [0_u8; 8];
        // Without randomness a request has the number 0 and is served all the same.
        let _ = getrandom::fill(&mut bytes);
        Number(format!("{:016x}", u64::from_be_bytes(bytes)))
    }
}

/// How long a quick answer may take.
const QUICK: Duration = Duration::from_secs(30);

/// Around every request: its number, room for it, its time limit, its problem written out, one line in the log.
pub async fn frame(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let number = Number::new();
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let row = matched.as_deref().and_then(|path| routes::row(&method, path));
    let theirs = request.headers().get(REQUEST_ID).map(sane).unwrap_or_default();
    let from =
        whence::whence(request.extensions(), request.headers(), &door.config.trusted_proxies);
    request.extensions_mut().insert(number.clone());
    request.extensions_mut().insert(from);

    let mut response = match let_in(&door, &request, from.0, matched.as_deref()) {
        Err(problem) => problem.into_response(),
        Ok(_permit) => {
            let limit = row.map_or(QUICK, |row| match row.time {
                Time::Quick => QUICK,
                Time::Long | Time::Live => door.config.timeout,
            });
            let limit = limit.min(door.config.timeout);
            match tokio::time::timeout(limit, next.run(request)).await {
                Ok(response) => response,
                Err(_) => {
                    let limit = limit.as_secs();
                    Problem::from(problem::SLOW.refuse(format!("超过 {limit} 秒"))).into_response()
                }
            }
        }
    };

    let problem = response.extensions_mut().remove::<Problem>().or_else(|| foreign(&response));
    let (status, code) = match &problem {
        Some(problem) => (problem.status(), problem.code()),
        None => (response.status(), ""),
    };
    door.metrics.answered(matched.as_deref(), &method, status.as_u16(), started.elapsed());
    let (id, route) = (&number.0, matched.as_deref().unwrap_or("-"));
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match problem.as_ref().and_then(Problem::cause) {
        Some(cause) => {
            let chain = chain_of(cause);
            tracing::error!(id, theirs, %method, route, status = status.as_u16(), code, millis, chain, "failed");
        }
        None => {
            tracing::info!(id, theirs, %method, route, status = status.as_u16(), code, millis, "answered");
        }
    }
    if let Some(problem) = problem {
        let mut told = problem.answer(&number.0);
        for (name, value) in response.headers() {
            let is_kept = name == header::ALLOW || name.as_str().starts_with("ratelimit");
            if is_kept {
                told.headers_mut().insert(name, value.clone());
            }
        }
        response = told;
    }
    seal(&door, &number.0, response.headers_mut());
    response
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A number somebody else gave the request, as far as it may stand in our log.
fn sane(value: &HeaderValue) -> String {
    let fits = |text: &&str| text.len() <= 64 && text.bytes().all(|b| b.is_ascii_graphic());
    value.to_str().ok().filter(fits).unwrap_or_default().to_owned()
}

/// Whether there is room for one more, and whether its address asks at a bearable pace. The lamps are always let in: who
/// looks at them wants to know how it goes.
fn let_in(
    door: &Door,
    request: &Request,
    address: Option<IpAddr>,
    matched: Option<&str>,
) -> Result<Option<tokio::sync::OwnedSemaphorePermit>, Problem> {
    if matches!(matched, Some("/healthz" | "/readyz" | "/metrics")) {
        return Ok(None);
    }
    if request.uri().to_string().contains("%00") {
        return Err(problem::SHAPE.refuse("地址中含有空字符").into());
    }
    if let Some(address) = address {
        door.addresses.pass(address).allowed()?;
    }
    let full = |_| problem::BUSY.refuse(format!("同时在办 {} 件", door.config.at_once)).into();
    Arc::clone(&door.room).try_acquire_owned().map(Some).map_err(full)
}

/// What every answer carries: its number, and what a browser must not do with it (OWASP, HTTP security headers).
fn seal(door: &Door, number: &str, headers: &mut HeaderMap) {
    if let Ok(value) = HeaderValue::from_str(number) {
        headers.insert(REQUEST_ID, value);
    }
    let keeps = if headers.contains_key(header::ETAG) { "private, no-cache" } else { "no-store" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keeps));
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if door.config.behind_tls {
        let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
}

/// A failure that is not ours: the framework's own refusals become problems too.
fn foreign(response: &Response) -> Option<Problem> {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return None;
    }
    let rule: &'static Rule = match status {
        StatusCode::NOT_FOUND => &problem::NO_ROUTE,
        StatusCode::METHOD_NOT_ALLOWED => &problem::METHOD,
        StatusCode::PAYLOAD_TOO_LARGE => &problem::TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &problem::CONTENT_TYPE,
        _ if status.is_client_error() => &problem::SHAPE,
        _ => &problem::BUG,
    };
    Some(rule.refuse(format!("HTTP {}", status.as_u16())).into())
}

fn chain_of(error: &dyn std::error::Error) -> String {
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        chain = format!("{chain}: {error}");
        source = error.source();
    }
    chain
}

/// What becomes of a panic.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::from(problem::BUG.refuse("处理请求的程序中止了")).into_response()
}

/// What a stranger's address answers.
pub async fn no_route() -> Problem {
    problem::NO_ROUTE.refuse("路径不存在").into()
}

/// What an address answers to a method it does not have; `OPTIONS` is told which it has.
pub async fn no_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    Problem::from(problem::METHOD.refuse("该路径没有这个方法")).into_response()
}

/// Lets in whoever may, where they may, before the body of the request is read; and answers 304 to whoever has the answer
/// already.
///
/// # Errors
/// `door.unknown-caller`, `door.cross-site`, `door.too-fast`, `people.term-over`, `door.role`, `books.key-shape`,
/// `property.no-compound`, `people.second-factor`.
pub async fn admit(
    State((door, route)): State<(Door, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    if route.scope == Scope::Open {
        return next.run(request).await;
    }
    let who = match who(&door, route, request.headers()).await {
        Ok(who) => who,
        Err(problem) => {
            // Who tries tokens is no person's data the house keeps, and what a wall against it needs to know.
            let from = request.extensions().get::<Whence>().and_then(|from| from.0);
            tracing::warn!(from = from.map(tracing::field::display), "a stranger was turned away");
            return problem.into_response();
        }
    };
    let pass = door.callers.pass(match who.person() {
        Some(person) => format!("person/{person}"),
        None => format!("login/{}", who.name()),
    });
    let (origin, attempt) = (origin(&request), attempt(&request));
    let tried = attempt.zip(shown_role(&who, route)).map(|((code, what), role)| {
        (door.books.clone(), who.actor(role).from(origin.clone()), code, what)
    });
    let mut response = match pass.allowed() {
        Ok(()) => attend(door, route, who, origin, request, next)
            .await
            .unwrap_or_else(Problem::into_response),
        Err(problem) => problem.into_response(),
    };
    if let Some((books, actor, code, what)) = tried
        && let Some(problem) = response.extensions().get::<Problem>()
        && problem.is_refused_by_rule()
    {
        note(&books, &actor, &code, what, problem.code()).await;
    }
    pass.tell(response.headers_mut());
    response
}

async fn attend(
    door: Door,
    route: &'static Route,
    who: people::Caller,
    origin: Origin,
    request: Request,
    next: Next,
) -> Answer {
    let somewhere = role_of(&who, route)?;
    let key = match request.headers().get("idempotency-key").map(HeaderValue::to_str) {
        None => None,
        Some(Ok(key)) => Some(key.to_owned()),
        Some(Err(_)) => return Err(KEY_SHAPE.refuse("含有不可见字符").into()),
    };
    let (mut parts, body) = request.into_parts();
    let code = match route.is_at_compound() {
        true => Some(place_in(&mut parts, "compound").await?),
        false => None,
    };
    let mut glance = door.books.glance();
    let (compound, acts) = match &code {
        Some(code) => match property::compound_and_acts(&mut glance, code).await? {
            Some((compound, acts)) => (Some(compound), Some(acts)),
            None => (None, None),
        },
        None => (None, Some(books::last_acts(&mut glance).await?)),
    };
    let access = match (route.scope, &compound) {
        (Scope::Open | Scope::Own, _) => Access::Allowed(somewhere),
        (Scope::House, None) if code.is_some() => Access::Unseen,
        (Scope::House, _) => who.role_in_house(route.roles),
        (_, None) => Access::Unseen,
        (Scope::Compound, Some(compound)) => at(&door, &who, compound, None, route.roles).await?,
        (Scope::Dwelling, Some(compound)) => {
            let room = place_in(&mut parts, "room").await?;
            at(&door, &who, compound, Some(&room), route.roles).await?
        }
    };
    let actor = match access {
        Access::Allowed(role) => who.actor(role).from(origin),
        Access::Forbidden => return Err(not_in(&who, somewhere)),
        Access::Unseen => return Err(property::no_compound(&code.unwrap_or_default()).into()),
    };
    if route.method != "GET" && route.scope != Scope::Own {
        must_be_strong(&door, &who, actor.role)?;
    }
    let is_tagged = route.is_tagged() && !is_paper(&parts.uri);
    let tag = match acts.filter(|_| is_tagged) {
        Some(acts) => Some(tag_of(&who, &actor, compound.as_ref(), acts, &parts)?),
        None => None,
    };
    if let Some(tag) = &tag
        && parts.headers.get_all(header::IF_NONE_MATCH).iter().any(|seen| names(seen, tag))
    {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag.clone())]).into_response());
    }
    if let Some((deed, compound)) = route.deed.zip(compound.clone()) {
        let asking = Asking { door, route, deed, who, actor, compound, key };
        return countersign::attend(asking, Request::from_parts(parts, body), next).await;
    }
    let Door { books, entrance, .. } = door;
    parts.extensions.insert(Caller { books, entrance, who, actor, key });
    if let Some(compound) = compound {
        parts.extensions.insert(compound);
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(tag) = tag.filter(|_| response.status() == StatusCode::OK) {
        response.headers_mut().insert(header::ETAG, tag);
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("authorization, cookie, accept"));
    }
    Ok(response)
}

/// Whether what somebody showed is enough to write in a role.
pub(crate) fn must_be_strong(door: &Door, who: &people::Caller, role: Role) -> Result<(), Refusal> {
    if !door.config.second_factor.contains(&role) || who.is_strong() {
        return Ok(());
    }
    let evidence = format!("{} 的本次登录没有经过二次验证", role.in_chinese());
    Err(people::SECOND_FACTOR.refuse(evidence))
}

/// The role of the route's that somebody plays anywhere at all.
fn role_of(who: &people::Caller, route: &Route) -> Result<Role, Problem> {
    let Some(first) = who.in_force().next() else {
        let evidence = format!("{} 在 {} 没有在期的授权", who.name(), who.today());
        return Err(people::TERM_OVER.refuse(evidence).into());
    };
    match who.role_of(route.roles) {
        Access::Allowed(role) => Ok(role),
        _ => Err(not_in(who, first.role)),
    }
}

/// The role in which somebody tries: one of the route's if they have it, else the first they have.
fn shown_role(who: &people::Caller, route: &Route) -> Option<Role> {
    match who.role_of(route.roles) {
        Access::Allowed(role) => Some(role),
        _ => who.in_force().next().map(|mandate| mandate.role),
    }
}

pub(crate) fn not_in(who: &people::Caller, role: Role) -> Problem {
    let evidence = format!("{}（{}）不在此项的角色之内", who.name(), role.in_chinese());
    problem::ROLE.refuse(evidence).with("role", role.name()).into()
}

/// What somebody may at a compound, or at a dwelling in it. The dwelling is looked up only for who is bound to one, and a
/// dwelling that is not there is as one that is not theirs.
async fn at(
    door: &Door,
    who: &people::Caller,
    compound: &Compound,
    room: Option<&str>,
    roles: &[Role],
) -> Result<Access, Problem> {
    let mut place = Place { compound: compound.id, areas: &compound.areas, dwelling: None };
    let access = who.role_at(&place, roles);
    let (Some(room), Access::Forbidden) = (room, access) else { return Ok(access) };
    let mut view = door.books.glance();
    let found = property::dwelling(&mut view, compound.id, room, who.today()).await;
    place.dwelling = match found {
        Ok(dwelling) => Some(dwelling.no),
        Err(Error::Refused(_)) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(who.role_at(&place, roles))
}

/// Where a request came from, and its number.
fn origin(request: &Request) -> Origin {
    let address = request.extensions().get::<Whence>().and_then(|from| from.0);
    let number = request.extensions().get::<Number>();
    Origin {
        came_from: address.map_or_else(|| "未知".to_owned(), |address| address.to_string()),
        request_id: number.map_or_else(String::new, |number| number.0.clone()),
    }
}

/// An attempt at money, whose refusal is recorded: the compound's code, and what was tried.
fn attempt(request: &Request) -> Option<(String, String)> {
    const MONEY: [&str; 5] = ["deposits", "payments", "bills", "reversals", "closes"];
    let mut words = request.uri().path().strip_prefix("/api/v1/compounds/")?.split('/');
    let (code, what) = (words.next()?, words.next()?);
    let is_money = request.method() == Method::POST && MONEY.contains(&what);
    (is_money && words.next().is_none()).then(|| (code.to_owned(), what.to_owned()))
}

/// Records a refused attempt. The refusal stands whether or not that succeeds.
async fn note(books: &Books, actor: &Actor, code: &str, what: String, rule: &'static str) {
    let noted = async {
        let compound = property::compound_by_code(&mut books.glance(), code).await?;
        let compound = compound.map_or(CompoundId::OFFICE, |compound| compound.id);
        audit::record_refusal(books, actor, compound, what, rule).await
    };
    if let Err(error) = noted.await {
        tracing::error!(?error, rule, "a refused attempt was not recorded");
    }
}

async fn place_in(parts: &mut Parts, place: &str) -> Result<String, Problem> {
    let unread = |_| problem::SHAPE.refuse("地址不是 UTF-8 文字");
    let params = RawPathParams::from_request_parts(parts, &()).await.map_err(unread)?;
    let found = params.iter().find(|(name, _)| *name == place);
    Ok(found.map_or_else(String::new, |(_, code)| code.to_owned()))
}

/// Paper says when it was printed, and so is never the same twice.
fn is_paper(uri: &Uri) -> bool {
    let query = uri.query().unwrap_or_default();
    query.split('&').any(|pair| matches!(pair, "format=pdf" | "format=text"))
}

/// The tag of an answer: everything it is made of. It is read before the answer is: should an act come in between, the
/// answer is newer than its tag, which costs its holder one more answer and never leaves them with an old one.
fn tag_of(
    who: &people::Caller,
    actor: &Actor,
    compound: Option<&Compound>,
    acts: LastActs,
    parts: &Parts,
) -> Read<HeaderValue> {
    let at = compound.map_or(CompoundId::OFFICE, |compound| compound.id);
    let (office, last) = (acts.office, acts.compound);
    let accepted = parts.headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
    // Two tokens of one user may carry different mandates.
    let (role, today, shown) = (actor.role.name(), who.today(), who.shown());
    let made_of = format!(
        "{}\n{}\n{office}\n{last}\n{today}\n{role}\n{}\n{shown:?}\n{}\n",
        env!("CARGO_PKG_VERSION"),
        at,
        actor.name,
        parts.uri,
    );
    let mut digest = Sha256::new();
    digest.update(made_of);
    digest.update(accepted);
    let tag = HeaderValue::from_str(&format!("\"{}\"", hex(&digest.finalize()[..16])));
    tag.map_err(|e| ledger::error::Storage::Bug(e.to_string()).into())
}

/// Whether `If-None-Match` names the tag.
fn names(seen: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(seen), Ok(tag)) = (seen.to_str(), tag.to_str()) else { return false };
    seen.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// The token a request shows.
///
/// # Errors
/// `door.unknown-caller`.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let stranger = |why: &str| Problem::from(problem::UNKNOWN_CALLER.refuse(why));
    let shown = headers.get(header::AUTHORIZATION).ok_or_else(|| stranger("没有出示令牌"))?;
    let shown = shown.to_str().map_err(|_| stranger("令牌含有不可见字符"))?;
    let (scheme, token) = shown.split_once(' ').unwrap_or((shown, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(stranger("令牌的写法不是 Bearer"));
    }
    Ok(token.trim())
}

/// The name of the cookie that carries a session to a page of ours.
pub const COOKIE: &str = "xiaoqu_session";

async fn who(door: &Door, route: &Route, headers: &HeaderMap) -> Result<people::Caller, Problem> {
    let stranger = |why: &str| Problem::from(problem::UNKNOWN_CALLER.refuse(why));
    let token = match headers.get(header::AUTHORIZATION) {
        Some(_) => bearer(headers)?,
        None => {
            let token = cookie(headers).ok_or_else(|| stranger("没有出示令牌"))?;
            may_ride(route, headers)?;
            token
        }
    };
    // Every login is compared, so that the time taken does not say which one was near.
    let machines = door.config.logins.iter().filter(|login| login.is(token));
    let machine = machines.fold(None, |found, login| found.or(Some(login.known.clone())));
    if let Some(known) = machine {
        return Ok(people::Caller::new(known, door.books.clock().now().day()));
    }
    door.entrance.admit(token).await?.ok_or_else(|| stranger("令牌不认识，或已失效"))
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, token)| token)
}

/// Whether a browser may act by its cookie: not for a page of somebody else's. `SameSite=Lax` says the same to browsers
/// that know it; the header (Fetch Metadata) is sent by those that do.
fn may_ride(route: &Route, headers: &HeaderMap) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let is_ours = site.is_none_or(|site| site == "same-origin" || site == "none");
    if route.method != "GET" && !is_ours {
        let shown: String = site.unwrap_or_default().chars().take(20).collect();
        return Err(problem::CROSS_SITE.refuse(format!("Sec-Fetch-Site: {shown}")).into());
    }
    Ok(())
}

/// Whoever was let in, the books, and the key under which the act happens once.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The books.
    pub books: Books,
    /// The entrance, for acts on people.
    pub entrance: Entrance,
    /// Who they are, with every mandate in force today.
    pub who: people::Caller,
    /// Who acts: them, in the role that this address lets in.
    pub actor: Actor,
    /// `Idempotency-Key`.
    pub key: Option<String>,
}

impl Caller {
    /// A picture of the books that does not change while it is looked at.
    ///
    /// # Errors
    /// Storage.
    pub async fn read(&self) -> Read<Snapshot> {
        self.books.read().await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let stranger = || problem::UNKNOWN_CALLER.refuse("此地址没有设门").into();
        parts.extensions.get::<Caller>().cloned().ok_or_else(stranger)
    }
}

impl Described for Caller {
    fn draw(_: &mut Sketch<'_>) {}
}

/// A caller at a compound, `/compounds/{compound}/…`, and the other places of the path.
#[derive(Clone, Debug)]
pub struct Visit<P = ()> {
    caller: Caller,
    /// The compound.
    pub compound: Compound,
    /// The places.
    pub at: P,
}

impl<P> Deref for Visit<P> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// The places of a path: a type with a field for each, or `()` if the compound is all there is.
pub trait Places: Sized + Send {
    /// Reads them.
    fn read(parts: &mut Parts) -> impl Future<Output = Result<Self, Problem>> + Send;
    /// Draws them.
    fn draw(on: &mut Sketch<'_>);
}

impl<P: DeserializeOwned + JsonSchema + Send> Places for P {
    async fn read(parts: &mut Parts) -> Result<P, Problem> {
        let strange = |name: &str, word: &str| {
            let shown: String = word.chars().take(40).collect();
            Problem::from(problem::NO_ROUTE.refuse(format!("地址中的 {{{name}}} 不能是 {shown:?}")))
        };
        let unread = |_| problem::SHAPE.refuse("地址不是 UTF-8 文字");
        let params = RawPathParams::from_request_parts(parts, &()).await.map_err(unread)?;
        // A number is written in digits: `+1` names nothing, though a reader of numbers takes it.
        let signed = |word: &str| {
            word.strip_prefix(['+', '-']).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
        };
        if let Some((name, word)) = params.iter().find(|(_, word)| signed(word)) {
            return Err(strange(name, word));
        }
        let found = Path::<P>::from_request_parts(parts, &()).await;
        found.map(|Path(at)| at).map_err(|rejection| {
            let PathRejection::FailedToDeserializePathParams(failed) = &rejection else {
                return strange("", "");
            };
            match failed.kind() {
                ErrorKind::ParseErrorAtKey { key, value, .. } => strange(key, value),
                ErrorKind::DeserializeError { key, value, .. } => strange(key, value),
                // A word of a list: the reader names the word and not its place.
                kind => {
                    let told = shape::misfit("", &kind.to_string());
                    problem::NO_ROUTE.refuse(format!("地址：{told}")).into()
                }
            }
        })
    }

    fn draw(on: &mut Sketch<'_>) {
        on.places = on.params::<P>();
    }
}

impl<S: Send + Sync, P: Places> FromRequestParts<S> for Visit<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Visit<P>, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let nowhere = || problem::NO_ROUTE.refuse("此地址不在小区之内");
        let compound = parts.extensions.get::<Compound>().cloned().ok_or_else(nowhere)?;
        Ok(Visit { caller, compound, at: P::read(parts).await? })
    }
}

impl<P: Places> Described for Visit<P> {
    fn draw(on: &mut Sketch<'_>) {
        on.is_at_compound = true;
        P::draw(on);
    }
}

/// A caller at a path that is at no compound, and the places of it.
#[derive(Clone, Debug)]
pub struct Going<P> {
    caller: Caller,
    /// The places.
    pub at: P,
}

impl<P> Deref for Going<P> {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl<S: Send + Sync, P: Places> FromRequestParts<S> for Going<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Going<P>, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Going { caller, at: P::read(parts).await? })
    }
}

impl<P: Places> Described for Going<P> {
    fn draw(on: &mut Sketch<'_>) {
        P::draw(on);
    }
}

impl Described for State<Door> {
    fn draw(_: &mut Sketch<'_>) {}
}

/// A JSON body, read strictly.
#[derive(Clone, Debug)]
pub struct Told<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + JsonSchema> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Told<T>, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = crate::wire::essence(kind);
        if !essence.eq_ignore_ascii_case("application/json") {
            let shown: String = essence.chars().take(60).collect();
            return Err(problem::CONTENT_TYPE.refuse(format!("收到 {shown:?}")).into());
        }
        let body = body(request, state).await?;
        // Neither database keeps the character of number zero in a text; one of them says so only when it is too late.
        if body.windows(6).any(|window| window == br"\u0000") {
            return Err(problem::SHAPE.refuse("文字中含有空字符 \\u0000").into());
        }
        if body.contains(&b'[') {
            shape::objects::<T>(&body)?;
        }
        Ok(Told(shape::json(&body)?))
    }
}

impl<T: JsonSchema> Described for Told<T> {
    fn draw(on: &mut Sketch<'_>) {
        let schema = on.schemas.asks.subschema_for::<T>().to_value();
        on.body.push(("application/json", schema));
    }
}

/// How many bytes a body may have at this route.
#[derive(Clone, Copy, Debug)]
pub struct Most(pub usize);

/// The refusal of a body that is larger than this route takes: how large it says it is, and the limit that holds here.
pub(crate) fn too_large(request: &Request) -> Refusal {
    let most = request.extensions().get::<Most>().map_or(0, |most| most.0 as u64);
    let length = request.headers().get(header::CONTENT_LENGTH);
    let said = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let limit = megabytes(most);
    let refusal = problem::TOO_LARGE.refuse(match said {
        Some(bytes) => format!("请求体 {}，此处上限 {limit}", megabytes(bytes)),
        None => format!("请求体超过此处的上限 {limit}"),
    });
    refusal.with("limit_bytes", most)
}

/// The whole body, within the route's limit.
///
/// # Errors
/// `door.too-large`, `door.shape`.
async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let too_large = too_large(&request);
    let told = Bytes::from_request(request, state).await;
    told.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large.into(),
        _ => problem::SHAPE.refuse("请求体没有收全").into(),
    })
}

/// A file: the body itself, or the one file of a form.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Its name, if a form says it.
    pub name: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Upload, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let bytes = body(request, state).await?.to_vec();
            return Ok(Upload { name: None, bytes });
        }
        let too_large = too_large(&request);
        let torn = |status: StatusCode| match status {
            StatusCode::PAYLOAD_TOO_LARGE => too_large.clone(),
            _ => problem::SHAPE.refuse("表单没有收全，或格式不对"),
        };
        let form = Multipart::from_request(request, &()).await;
        let mut form = form.map_err(|e| torn(e.into_response().status()))?;
        let part = form.next_field().await.map_err(|e| torn(e.status()))?;
        let part = part.filter(|part| part.file_name().is_some());
        let part = part.ok_or_else(|| problem::SHAPE.refuse("表单的第一项须为文件"))?;
        let name = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|e| torn(e.status()))?.to_vec();
        if form.next_field().await.map_err(|e| torn(e.status()))?.is_some() {
            return Err(problem::SHAPE.refuse("表单只能有一个文件").into());
        }
        Ok(Upload { name, bytes })
    }
}

impl Described for Upload {
    fn draw(on: &mut Sketch<'_>) {
        on.is_upload = true;
        let form = json!({
            "type": "object",
            "properties": { "file": { "type": "string", "contentMediaType": "application/octet-stream",
                "description": "文件：表单里唯一的一项" } },
            "required": ["file"],
            "additionalProperties": false,
        });
        on.body.push(("application/octet-stream", json!({})));
        on.body.push(("multipart/form-data", form));
    }
}

/// A query, read strictly.
#[derive(Clone, Debug)]
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Asked<T>, Problem> {
        read_query(&parts.uri).map(Asked)
    }
}

impl<T: JsonSchema> Described for Asked<T> {
    fn draw(on: &mut Sketch<'_>) {
        on.query = on.params::<T>();
    }
}

/// The query of an address.
///
/// # Errors
/// `door.shape`.
pub fn read_query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Problem> {
    let query = Query::<T>::try_from_uri(uri);
    Ok(query.map_err(|e| shape::query(&e.body_text()))?.0)
}

/// A query of nothing.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}
