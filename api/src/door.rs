//! Who is knocking, and what every door does alike.
//!
//! Owns: [`Door`] (what the doors share), [`frame`] (number, room for one more, time limit, problems, one log line),
//! [`admit`] (who, pace, in which role, at which place, entity tag), the extractors [`Caller`], [`Visit`], [`Going`],
//! [`Stranger`], [`Told`], [`Asked`], [`Upload`].
//!
//! Always: the roles and the scope of a route are data (`routes`), held against the caller's mandates before a byte of the
//! body is read; at a compound where a caller has nothing the answer is that of one that does not exist; every failure
//! leaves as a problem; a query or body with a field nobody reads is refused.
//! An entity tag (RFC 9110 §8.8.3, strong) names the last acts of the compound and of the head office, the caller, the
//! day and the question: nothing an answer is made of can change without it, so an answer that is still true is not
//! computed again. What few requests come to is boxed: a future is moved as large as its rarest turn. Never: an identity number, a telephone number, a token or a body in the log.

mod body;

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, MatchedPath, Path, Query, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ledger::audit;
use ledger::books::{self, Actor, Books, KEY_SHAPE, LastActs, Origin, Role, Snapshot};
use ledger::error::{Error, Refusal, Result as Read, Rule};
use ledger::id::CompoundId;
use ledger::journal::text::hex;
use ledger::people::{self, Access, Entrance, Place};
use ledger::property::{self, Compound};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

pub(crate) use self::body::too_large;
pub use self::body::{Most, Told, Upload};
use crate::config::Config;
use crate::countersign::{self, Asking};
use crate::metrics::{self, Metrics};
use crate::pace::Pace;
use crate::place::{Knock, Places as Room, Seat};
use crate::portal::Portals;
use crate::problem::{self, Problem};
use crate::routes::{self, Route, Scope, Time};
use crate::shape;
use crate::whence::{self, Whence};
use crate::wire::{Described, Sketch};

/// What a door answers.
pub type Answer = Result<Response, Problem>;

/// What the doors share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Door(Arc<Doorway>);

/// What is behind it, one for all requests.
#[derive(Debug)]
pub struct Doorway {
    /// The books.
    pub books: Books,
    /// Who is let in.
    pub entrance: Entrance,
    /// The settings.
    pub config: Config,
    /// Compounds by their codes.
    pub compounds: property::Directory,
    /// What an operator watches.
    pub metrics: metrics::Shared,
    /// By which portals one may come in.
    pub portals: Portals,
    room: Arc<Room>,
    persons: Pace<String>,
    callers: Pace<String>,
    addresses: Pace<IpAddr>,
}

impl Door {
    /// The door of these books under these settings.
    #[must_use]
    pub fn new(books: Books, config: Config) -> Door {
        Door(Arc::new(Doorway {
            entrance: Entrance::new(books.clone()),
            compounds: property::Directory::default(),
            metrics: Arc::new(Metrics::new(books.clone())),
            books,
            portals: Portals::of(&config),
            room: Arc::new(Room::new(&config)),
            persons: Pace::new("caller", "每人", config.person_per_minute),
            callers: Pace::new("caller", "每个令牌", config.caller_per_minute),
            addresses: Pace::new("address", "每个来源地址", config.address_per_minute),
            config,
        }))
    }
}

impl Deref for Door {
    type Target = Doorway;
    fn deref(&self) -> &Doorway {
        &self.0
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
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let matched = matched.as_ref().map(MatchedPath::as_str);
    let row = matched.and_then(|path| routes::row(&method, path));
    let theirs = request.headers().get(REQUEST_ID).map(sane).unwrap_or_default();
    let from =
        whence::whence(request.extensions(), request.headers(), &door.config.trusted_proxies);
    request.extensions_mut().insert(number.clone());
    request.extensions_mut().insert(from);

    let is_open = row.is_some_and(|row| row.scope == Scope::Open);
    let mut response = match let_in(&door, &request, from.0, matched, is_open) {
        Err(problem) => problem.into_response(),
        Ok((seat, _knock)) => {
            if let Some(seat) = seat {
                request.extensions_mut().insert(seat);
            }
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
    door.metrics.answered(matched, &method, status.as_u16(), started.elapsed());
    let (id, route) = (&number.0, matched.unwrap_or("-"));
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
    is_open: bool,
) -> Result<(Option<Seat>, Option<Knock>), Problem> {
    if matches!(matched, Some("/healthz" | "/readyz" | "/metrics")) {
        return Ok((None, None));
    }
    let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
    if path.contains("%00") || query.contains("%00") {
        return Err(problem::SHAPE.refuse("地址中含有空字符").into());
    }
    if let Some(address) = address {
        door.addresses.pass(address).allowed()?;
    }
    let knock = address.filter(|_| is_open).map(|address| door.room.knock(address)).transpose()?;
    Ok((Some(door.room.seat()?), knock))
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

/// A row of the table at its door.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The door.
    pub door: Door,
    /// The row.
    pub route: &'static Route,
    /// Whether its answer says itself which acts it is true of.
    pub is_dated: bool,
}

/// Lets in whoever may, where they may, before the body of the request is read; and answers 304 to whoever has the answer
/// already.
///
/// # Errors
/// `door.unknown-caller`, `door.cross-site`, `door.too-fast`, `people.term-over`, `door.role`, `door.dwelling`,
/// `books.key-shape`, `property.no-compound`, `people.second-factor`.
pub async fn admit(State(entry): State<Entry>, request: Request, next: Next) -> Response {
    let came_at = std::time::Instant::now();
    let Entry { door, route, .. } = &entry;
    if route.scope == Scope::Open {
        return next.run(request).await;
    }
    let origin = origin(request.extensions());
    let who = match who(door, route, request.headers(), &origin).await {
        Ok(who) => who,
        Err(problem) => {
            // Who tries tokens is no person's data the house keeps, and what a wall against it needs to know.
            let from = request.extensions().get::<Whence>().and_then(|from| from.0);
            tracing::warn!(from = from.map(tracing::field::display), "a stranger was turned away");
            return problem.into_response();
        }
    };
    let pass = match (who.shown(), who.person()) {
        (people::Shown::Session(_), Some(person)) => door.persons.pass(format!("person/{person}")),
        (_, Some(person)) => door.callers.pass(format!("person/{person}")),
        (_, None) => door.callers.pass(format!("login/{}", who.name())),
    };
    let route: &'static Route = route;
    let tried = attempt(route, &request)
        .zip(shown_role(&who, route))
        .map(|(code, role)| (door.books.clone(), who.actor(role).from(origin.clone()), code));
    let mut response = match pass.allowed() {
        Ok(()) => {
            attend(entry, who, origin, request, next).await.unwrap_or_else(Problem::into_response)
        }
        Err(problem) => problem.into_response(),
    };
    if let Some((books, actor, code)) = tried
        && let Some(problem) = response.extensions().get::<Problem>()
        && (problem.is_refused_by_rule() || problem.code() == property::NO_COMPOUND.code)
    {
        Box::pin(note(&books, &actor, &code, route, problem.code())).await;
    }
    let code = response.extensions().get::<Problem>().map(Problem::code);
    if code == Some(property::NO_COMPOUND.code) {
        till_the_step(came_at).await;
    }
    pass.tell(response.headers_mut());
    response
}

async fn attend(
    entry: Entry,
    who: people::Caller,
    origin: Origin,
    request: Request,
    next: Next,
) -> Answer {
    let Entry { door, route, is_dated } = entry;
    let somewhere = role_of(&who, route)?;
    let key = match request.headers().get("idempotency-key").map(HeaderValue::to_str) {
        None => None,
        // Judged here for every address: some acts cannot happen twice anyway and never look at it.
        Some(Ok(key)) => {
            books::may_be_key(key)?;
            Some(key.to_owned())
        }
        Some(Err(_)) => return Err(KEY_SHAPE.refuse("含有不可见字符").into()),
    };
    let (mut parts, body) = request.into_parts();
    let code = match route.is_at_compound() {
        true => Some(place_in(&mut parts, "compound").await?),
        false => None,
    };
    let is_tagged = route.is_tagged() && !is_paper(&parts.uri);
    let asks_again = parts.headers.contains_key(header::IF_NONE_MATCH);
    let has_any = parts.headers.get_all(header::IF_NONE_MATCH).iter().any(|seen| *seen == "*");
    let known = match &code {
        // What is asked again is judged by the acts of now, and an answer that does not say its acts needs them first.
        Some(code) if !is_tagged || (is_dated && !asks_again) => door.compounds.recall(code),
        _ => None,
    };
    let room = match route.scope {
        Scope::Dwelling => Some(place_in(&mut parts, "room").await?),
        _ => None,
    };
    let judged = async |compound: Option<&Compound>| match (route.scope, compound) {
        (Scope::Open | Scope::Own, _) => Ok(Access::Allowed(somewhere)),
        (Scope::House, None) if code.is_some() => Ok(Access::Unseen),
        (Scope::House, _) => Ok(who.role_in_house(route.roles)),
        (_, None) => Ok(Access::Unseen),
        (_, Some(compound)) => {
            Box::pin(at(&door, &who, compound, room.as_deref(), route.roles)).await
        }
    };
    let remembered = match known {
        Some(compound) => Some((judged(Some(&compound)).await?, Some(compound), None)),
        None => None,
    };
    // Nobody is turned away by what is remembered: a right may be new, and an answer from memory comes sooner than one
    // for a compound that is not there.
    let (access, compound, acts) = match remembered {
        Some(found @ (Access::Allowed(_), ..)) => found,
        _ => {
            let (compound, acts) = Box::pin(look(&door, code.as_deref())).await?;
            (judged(compound.as_ref()).await?, compound, acts)
        }
    };
    let actor = match access {
        Access::Allowed(role) => who.actor(role).from(origin),
        Access::Forbidden if room.is_some() && somewhere == Role::Owner => {
            // Word for word the same, whether there is such a dwelling or not.
            let evidence = format!("{} 没有与这一户绑定", who.name());
            return Err(problem::NOT_BOUND.refuse(evidence).into());
        }
        Access::Forbidden if route.scope == Scope::House && route.roles.contains(&somewhere) => {
            let evidence = format!("{}（{}）的授权不及于全册", who.name(), somewhere.in_chinese());
            return Err(problem::ROLE.refuse(evidence).with("role", somewhere.name()).into());
        }
        Access::Forbidden => return Err(not_in(&who, somewhere)),
        Access::Unseen => return Err(property::no_compound(&code.unwrap_or_default()).into()),
    };
    if route.method != "GET" && route.scope != Scope::Own {
        must_be_strong(&door, &who, actor.role)?;
    }
    let seal = is_tagged.then(|| TagOf::new(&who, &actor, compound.as_ref(), &parts));
    let tag = match (&seal, acts) {
        (Some(seal), Some(acts)) => Some(seal.at(acts)?),
        _ => None,
    };
    if let Some(tag) = &tag
        && parts.headers.get_all(header::IF_NONE_MATCH).iter().any(|seen| names(seen, tag))
    {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag.clone())]).into_response());
    }
    if let Some(deed) = route.deed {
        let asking = Asking { door, route, deed, who, actor, compound, key };
        let request = Request::from_parts(parts, body);
        return Box::pin(countersign::attend(asking, request, next)).await;
    }
    let (books, entrance) = (door.books.clone(), door.entrance.clone());
    parts.extensions.insert(Caller { books, entrance, who, actor, key });
    if let Some(compound) = compound {
        parts.extensions.insert(compound);
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let (Scope::House, Some(code)) = (route.scope, &code) {
        // What the head office does at a compound may be to move it.
        door.compounds.forget(code);
    }
    let tag = match (tag, &seal, response.extensions().get::<LastActs>()) {
        (None, Some(seal), Some(acts)) => Some(seal.at(*acts)?),
        (tag, ..) => tag,
    };
    if let Some(tag) = tag.filter(|_| response.status() == StatusCode::OK) {
        if has_any {
            // That there is any answer is known only now.
            return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
        }
        response.headers_mut().insert(header::ETAG, tag);
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("authorization, cookie, accept"));
    }
    Ok(response)
}

/// A refusal that must not say whether a compound exists leaves at a step of time: to find one that the caller may not
/// see takes a little longer than to find none, and who asks a thousand times would know.
async fn till_the_step(came_at: std::time::Instant) {
    const STEP_MICROS: u64 = 25_000;
    let took = u64::try_from(came_at.elapsed().as_micros()).unwrap_or_default();
    tokio::time::sleep(Duration::from_micros(STEP_MICROS - took % STEP_MICROS)).await;
}

/// The compound in the path, if there is one, and the acts of now.
async fn look(
    door: &Door,
    code: Option<&str>,
) -> Result<(Option<Compound>, Option<LastActs>), Problem> {
    let mut glance = door.books.glance();
    let Some(code) = code else { return Ok((None, Some(books::last_acts(&mut glance).await?))) };
    let asked_at = std::time::Instant::now();
    let found = property::compound_and_acts(&mut glance, code).await?;
    if let Some((compound, _)) = &found {
        door.compounds.remember(asked_at, compound);
    }
    Ok(found.unzip())
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
fn origin(extensions: &Extensions) -> Origin {
    let address = extensions.get::<Whence>().and_then(|from| from.0);
    let number = extensions.get::<Number>();
    Origin {
        came_from: address.map_or_else(|| "未知".to_owned(), |address| address.to_string()),
        request_id: number.map_or_else(String::new, |number| number.0.clone()),
    }
}

/// The compound whose money an attempt is at, whose refusal is then recorded.
fn attempt(route: &Route, request: &Request) -> Option<String> {
    let path = request.uri().path().strip_prefix("/api/v1/compounds/")?;
    route.is_money.then(|| path.split('/').next().unwrap_or_default().to_owned())
}

/// Records a refused attempt: in the compound; where the caller was told that there is none, in the head office, whether
/// there is one or not. The refusal stands whether or not that succeeds.
async fn note(books: &Books, actor: &Actor, code: &str, route: &Route, rule: &'static str) {
    let what = route.path.rsplit_once("{compound}/").map_or(route.path, |(_, what)| what);
    let noted = async {
        let is_seen = rule != property::NO_COMPOUND.code;
        let compound = property::compound_by_code(&mut books.glance(), code).await?;
        let compound = compound.filter(|_| is_seen).map(|compound| compound.id);
        let what = match compound {
            Some(_) => what.to_owned(),
            None => format!("{what} @ {}", code.chars().take(40).collect::<String>()),
        };
        let compound = compound.unwrap_or(CompoundId::OFFICE);
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
    query.split('&').any(|pair| pair.starts_with("format=") && pair != "format=json")
}

/// The tag of an answer: everything it is made of but the acts it is true of. Those are read before the answer is, or
/// with it: should an act come in between, the answer is newer than its tag, which costs its holder one more answer and
/// never leaves them with an old one.
struct TagOf(Sha256);

impl TagOf {
    fn new(
        who: &people::Caller,
        actor: &Actor,
        compound: Option<&Compound>,
        parts: &Parts,
    ) -> TagOf {
        let at = compound.map_or(CompoundId::OFFICE, |compound| compound.id);
        let accepted =
            parts.headers.get(header::ACCEPT).map(HeaderValue::as_bytes).unwrap_or_default();
        // Two tokens of one user may carry different mandates.
        let (role, today, shown) = (actor.role.name(), who.today(), who.shown());
        let (version, name, uri) = (env!("CARGO_PKG_VERSION"), &actor.name, &parts.uri);
        let mut digest = Sha256::new();
        digest.update(format!("{version}\n{at}\n{today}\n{role}\n{name}\n{shown:?}\n{uri}\n"));
        digest.update(accepted);
        TagOf(digest)
    }

    fn at(&self, acts: LastActs) -> Read<HeaderValue> {
        let mut digest = self.0.clone();
        digest.update(format!("\n{}\n{}", acts.office, acts.compound));
        let tag = HeaderValue::from_str(&format!("\"{}\"", hex(&digest.finalize()[..16])));
        tag.map_err(|e| ledger::error::Storage::Bug(e.to_string()).into())
    }
}

/// Whether `If-None-Match` names the tag. Who holds it was answered this very question; `*` names no tag.
fn names(seen: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(seen), Ok(tag)) = (seen.to_str(), tag.to_str()) else { return false };
    seen.split(',').map(str::trim).any(|one| one.trim_start_matches("W/") == tag)
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

async fn who(
    door: &Door,
    route: &Route,
    headers: &HeaderMap,
    from: &Origin,
) -> Result<people::Caller, Problem> {
    let stranger = |why: &str| Problem::from(problem::UNKNOWN_CALLER.refuse(why));
    let token = match headers.get(header::AUTHORIZATION) {
        Some(_) => bearer(headers)?,
        None => {
            let token = cookie(headers, COOKIE).ok_or_else(|| stranger("没有出示令牌"))?;
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
    let known = Box::pin(door.entrance.admit(token, from)).await?;
    known.ok_or_else(|| stranger("令牌不认识，或已失效"))
}

fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, token)| token)
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

/// Whoever comes to a door that is open to anybody, and the places of the path.
#[derive(Clone, Debug)]
pub struct Stranger<P = ()> {
    /// Where they come from.
    pub origin: Origin,
    headers: HeaderMap,
    /// The places.
    pub at: P,
}

impl<P> Stranger<P> {
    /// A cookie they carry.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        cookie(&self.headers, name)
    }

    /// Whether it is a browser that wants a page.
    #[must_use]
    pub fn is_page(&self) -> bool {
        let accepted = self.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        accepted.is_some_and(|accepted| accepted.contains("text/html"))
    }
}

impl<S: Send + Sync, P: Places> FromRequestParts<S> for Stranger<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Stranger<P>, Problem> {
        let (origin, headers) = (origin(&parts.extensions), parts.headers.clone());
        Ok(Stranger { origin, headers, at: P::read(parts).await? })
    }
}

impl<P: Places> Described for Stranger<P> {
    fn draw(on: &mut Sketch<'_>) {
        P::draw(on);
    }
}

impl Described for State<Door> {
    fn draw(_: &mut Sketch<'_>) {}
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
