//! Who is knocking, and what every door does alike.
//!
//! Owns: [`Door`] (what the doors share), [`frame`] (number, time limit, problems, one log line), [`admit`] (token and
//! role), the extractors [`Caller`], [`Visit`], [`Told`], [`Asked`], the limit of a body ([`Most`]), and the strict words of
//! the wire ([`IsoDay`]).
//!
//! Always: the role set of a route is data (`routes`), checked before anything of the request is read; tokens are
//! compared in constant time; every failure leaves as a problem; a query or body with a field nobody reads is refused.
//! Never: an identity number, a telephone number, a token or a body in the log.

use std::ops::Deref;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{
    FromRequest, FromRequestParts, MatchedPath, Query, RawPathParams, Request, State,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ledger::books::{Actor, Books, Done, KEY_SHAPE, Role};
use ledger::calendar::{Day, Instant};
use ledger::error::{Refusal, Rule};
use ledger::intake::megabytes;
use ledger::journal::AsOf;
use ledger::property::{self, Compound};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::config::Config;
use crate::problem::{self, Problem};
use crate::shape;

/// What a door answers.
pub type Answer = Result<Response, Problem>;

/// What the doors share. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Door {
    /// The books.
    pub books: Books,
    /// The settings.
    pub config: Arc<Config>,
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

/// Around every request: its number, its time limit, its problem written out, one line in the log.
pub async fn frame(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let number = Number::new();
    let started = std::time::Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    request.extensions_mut().insert(number.clone());

    let has_nul = request.uri().to_string().contains("%00");
    let mut response = if has_nul {
        Problem::from(problem::SHAPE.refuse("地址中含有空字符")).into_response()
    } else {
        match tokio::time::timeout(door.config.timeout, next.run(request)).await {
            Ok(response) => response,
            Err(_) => {
                let limit = door.config.timeout.as_secs();
                Problem::from(problem::SLOW.refuse(format!("超过 {limit} 秒"))).into_response()
            }
        }
    };

    let problem = response.extensions_mut().remove::<Problem>().or_else(|| foreign(&response));
    let (status, code) = match &problem {
        Some(problem) => (problem.status(), problem.code()),
        None => (response.status(), ""),
    };
    let (id, route) = (&number.0, route.as_deref().unwrap_or("-"));
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match problem.as_ref().and_then(Problem::cause) {
        Some(cause) => {
            let chain = chain_of(cause);
            tracing::error!(id, %method, route, status = status.as_u16(), code, millis, chain, "failed");
        }
        None => {
            tracing::info!(id, %method, route, status = status.as_u16(), code, millis, "answered");
        }
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    if let Some(problem) = problem {
        response = problem.answer(&number.0);
    }
    let headers = response.headers_mut();
    if let Some(allow) = allow {
        headers.insert(header::ALLOW, allow);
    }
    if let Ok(value) = HeaderValue::from_str(&number.0) {
        headers.insert("x-request-id", value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
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

/// What an address answers to a method it does not have.
pub async fn no_method() -> Problem {
    problem::METHOD.refuse("该路径没有这个方法").into()
}

/// Lets in whoever shows a token of one of the roles, before anything else of the request is read.
///
/// # Errors
/// `door.unknown-caller`, `door.role`, `books.key-shape`.
pub async fn admit(
    State((door, roles)): State<(Door, &'static [Role])>,
    mut request: Request,
    next: Next,
) -> Answer {
    let actor = actor_of(&door.config, request.headers())?;
    if !roles.contains(&actor.role) {
        let role = actor.role;
        let refusal = problem::ROLE.refuse(format!("{} 不在此项的角色之内", role.in_chinese()));
        return Err(refusal.with("role", role.name()).into());
    }
    let key = match request.headers().get("idempotency-key").map(HeaderValue::to_str) {
        None => None,
        Some(Ok(key)) => Some(key.to_owned()),
        Some(Err(_)) => return Err(KEY_SHAPE.refuse("含有不可见字符").into()),
    };
    let caller = Caller { books: door.books.clone(), actor, key };
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

fn actor_of(config: &Config, headers: &HeaderMap) -> Result<Actor, Problem> {
    let stranger = |why: &str| Problem::from(problem::UNKNOWN_CALLER.refuse(why));
    let shown = headers.get(header::AUTHORIZATION).ok_or_else(|| stranger("没有出示令牌"))?;
    let shown = shown.to_str().map_err(|_| stranger("令牌含有不可见字符"))?;
    let (scheme, token) = shown.split_once(' ').unwrap_or((shown, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(stranger("令牌的写法不是 Bearer"));
    }
    // Every login is compared, so that the time taken does not say which one was near.
    let known = config.logins.iter().filter(|login| login.is(token.trim()));
    let actor = known.fold(None, |found, login| found.or(Some(login.actor.clone())));
    actor.ok_or_else(|| stranger("令牌不认识"))
}

/// Whoever was let in, the books, and the key under which the act happens once.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The books.
    pub books: Books,
    /// Who acts.
    pub actor: Actor,
    /// `Idempotency-Key`.
    pub key: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Problem> {
        let stranger = || problem::UNKNOWN_CALLER.refuse("此地址没有设门").into();
        parts.extensions.get::<Caller>().cloned().ok_or_else(stranger)
    }
}

/// A caller at a compound: `/compounds/{compound}/…`.
#[derive(Clone, Debug)]
pub struct Visit {
    caller: Caller,
    /// The compound.
    pub compound: Compound,
    places: Vec<(String, String)>,
}

impl Deref for Visit {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Visit {
    /// A part of the path by its name.
    #[must_use]
    pub fn place(&self, name: &str) -> &str {
        place_in(&self.places, name)
    }

    /// A part of the path that is a number or a word of a list.
    ///
    /// # Errors
    /// `door.no-route`: another word there is another address.
    pub fn place_as<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, Problem> {
        let word = self.place(name);
        let shown: String = word.chars().take(40).collect();
        let stranger = || problem::NO_ROUTE.refuse(format!("地址中的 {{{name}}} 不能是 {shown:?}"));
        read(word).ok_or_else(|| stranger().into())
    }
}

fn place_in<'a>(places: &'a [(String, String)], name: &str) -> &'a str {
    places.iter().find(|(known, _)| known == name).map_or("", |(_, word)| word)
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Visit, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let unread = |_| problem::SHAPE.refuse("地址不是 UTF-8 文字");
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(unread)?;
        let places: Vec<(String, String)> =
            params.iter().map(|(name, word)| (name.to_owned(), word.to_owned())).collect();
        let mut view = caller.books.glance();
        let compound = property::compound(&mut view, place_in(&places, "compound")).await?;
        Ok(Visit { caller, compound, places })
    }
}

/// A JSON body, read strictly.
#[derive(Clone, Debug)]
pub struct Told<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Told<T>, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = kind.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            let shown: String = essence.chars().take(60).collect();
            return Err(problem::CONTENT_TYPE.refuse(format!("收到 {shown:?}")).into());
        }
        let body = body(request, state).await?;
        // Neither database keeps the character of number zero in a text; one of them says so only when it is too late.
        if body.windows(6).any(|window| window == br"\u0000") {
            return Err(problem::SHAPE.refuse("文字中含有空字符 \\u0000").into());
        }
        Ok(Told(shape::json(&body)?))
    }
}

/// How many bytes a body may have at this route.
#[derive(Clone, Copy, Debug)]
pub struct Most(pub usize);

/// The refusal of a body that is larger than this route takes: how large it says it is, and the limit that holds here.
pub fn too_large(request: &Request) -> Refusal {
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
pub async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    let too_large = too_large(&request);
    let told = Bytes::from_request(request, state).await;
    told.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large.into(),
        _ => problem::SHAPE.refuse("请求体没有收全").into(),
    })
}

/// A query, read strictly.
#[derive(Clone, Debug)]
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        Ok(Asked(query.map_err(|e| shape::query(&e.body_text()))?.0))
    }
}

/// A business day as the wire writes it, `2026-01-05` and no other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct IsoDay(pub Day);

impl std::str::FromStr for IsoDay {
    type Err = String;

    fn from_str(text: &str) -> Result<IsoDay, String> {
        let is_shape = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let day = text.parse().ok().filter(|_| is_shape);
        day.map(IsoDay).ok_or_else(|| "日期须写作 2026-01-05，且确有其日".to_owned())
    }
}

impl<'de> Deserialize<'de> for IsoDay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<IsoDay, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// `as_of` and `known_at` of a query.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Business days up to and including this one.
    as_of: Option<IsoDay>,
    /// As recorded up to and including this instant.
    known_at: Option<Instant>,
}

impl When {
    /// The bounds.
    #[must_use]
    pub fn bounds(self) -> AsOf {
        as_of(self.as_of, self.known_at)
    }
}

/// The bounds of a reading.
#[must_use]
pub fn as_of(day: Option<IsoDay>, known_at: Option<Instant>) -> AsOf {
    AsOf { day: day.map(|day| day.0), known_at }
}

/// A page of a list, and where the next one begins.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The page.
    pub items: Vec<T>,
    /// What to send as `after` for the next page; none if this is the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// How many are on a page if nobody says.
    pub const USUAL: u16 = 100;
    /// How many at most.
    pub const MOST: u16 = 1000;

    /// How many to show.
    #[must_use]
    pub fn size(limit: Option<u16>) -> u16 {
        limit.unwrap_or(Self::USUAL).clamp(1, Self::MOST)
    }

    /// A page that is the last one if it is not full.
    pub fn new(items: Vec<T>, size: u16, cursor: impl Fn(&T) -> String) -> Page<T> {
        let is_full = items.len() >= usize::from(size);
        let next = items.last().filter(|_| is_full).map(cursor);
        Page { items, next }
    }
}

/// 200 with this.
pub fn shown(what: impl Serialize) -> Answer {
    Ok(Json(what).into_response())
}

/// What an act answers: its number, then its own figures.
#[derive(Debug, Serialize)]
struct Acted<T> {
    act_no: i32,
    #[serde(flatten)]
    answer: T,
}

/// 201 with what the act answered. The same key again gets the same body, and a header that says so.
pub fn acted<T: Clone, V: Serialize>(done: &Done<T>, view: impl Fn(T) -> V) -> Answer {
    let told = Acted { act_no: done.act.0, answer: view(done.answer.clone()) };
    let mut response = (StatusCode::CREATED, Json(told)).into_response();
    if done.is_repeated {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert("idempotent-replayed", yes);
    }
    Ok(response)
}

/// A file to keep.
pub fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Answer {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
