//! How the wire is described by what reads and writes it.
//!
//! Owns: [`Described`] (a type says what part of a request or an answer it is), [`Endpoint`] (a function is described by
//! its arguments and its answer), [`Sketch`] (the description of one function), the plain answers [`Shown`], [`Dated`],
//! [`Acted`], [`Paper`], and the words [`IsoDay`] and [`When`].
//!
//! Always: a function is registered as an [`Endpoint`], so its query, its body and its answer are described by the very
//! types that read and write them (serde and schemars see the same attributes): no description can lie, and none can be
//! left out. Descriptions are Chinese; what stands before the first `：` of a field's is also its column's head.

use axum::body::Body;
use axum::handler::Handler;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use axum::{Extension, Json};
use ledger::books::{Done, LastActs};
use ledger::calendar::{Day, Instant};
use ledger::error::Rule;
use ledger::journal::AsOf;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use crate::door::Door;
use crate::problem::Problem;

/// The schemas of everything that is read, and of everything that is told.
#[derive(Debug)]
pub struct Schemas {
    /// Of requests.
    pub asks: SchemaGenerator,
    /// Of answers.
    pub tells: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Schemas {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Schemas {
            asks: settings().for_deserialize().with_transform(asked).into_generator(),
            tells: settings().for_serialize().into_generator(),
        }
    }
}

/// Says of what is read what its reader holds to by itself: the bounds of a whole number, and that no text has the
/// character of number zero in it.
fn asked(schema: &mut Schema) {
    schemars::transform::transform_subschemas(&mut asked, schema);
    let Some(told) = schema.as_object_mut() else { return };
    let bounds = match told.get("format").and_then(Value::as_str) {
        Some("int32") => Some((i64::from(i32::MIN), i64::from(i32::MAX))),
        Some("int64") => Some((i64::MIN, i64::MAX)),
        Some("uint32") => Some((0, i64::from(u32::MAX))),
        _ => None,
    };
    if let Some((least, most)) = bounds {
        told.entry("minimum").or_insert(least.into());
        told.entry("maximum").or_insert(most.into());
    }
    let is_text = match told.get("type") {
        Some(Value::String(kind)) => kind == "string",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    };
    let is_bound =
        ["pattern", "format", "enum", "const"].iter().any(|name| told.contains_key(*name));
    if is_text && !is_bound {
        told.insert("pattern".to_owned(), r"^[^\u0000]*$".into());
    }
}

impl Schemas {
    /// Every named schema. One name is one schema, read or told.
    #[must_use]
    pub fn named(mut self) -> Map<String, Value> {
        let mut all = self.asks.take_definitions(true);
        for (name, schema) in self.tells.take_definitions(true) {
            let known = all.entry(name.clone()).or_insert_with(|| schema.clone());
            debug_assert_eq!(*known, schema, "{name} is read in one shape and told in another");
        }
        all
    }
}

/// What one function takes and answers.
#[derive(Debug)]
pub struct Sketch<'a> {
    /// Where named schemas go.
    pub schemas: &'a mut Schemas,
    /// The parts of the path that the function reads, without the compound.
    pub places: Vec<Param>,
    /// Its query.
    pub query: Vec<Param>,
    /// Its body: the content types, and the schema of each.
    pub body: Vec<(&'static str, Value)>,
    /// Whether its body is a file.
    pub is_upload: bool,
    /// Whether it is at a compound.
    pub is_at_compound: bool,
    /// Whether it answers pages of a list.
    pub is_list: bool,
    /// Whether its answer says itself which acts it is true of.
    pub is_dated: bool,
    /// Whether it acts, and so may be given an `Idempotency-Key`.
    pub is_act: bool,
    /// Whether it takes or shows a secret, which is kept nowhere: no key brings the answer back.
    pub is_secret: bool,
    /// By which rules its answer may be refused, whatever the door.
    pub rules: Vec<&'static Rule>,
    /// Its good answers.
    pub answers: Vec<Answered>,
}

/// A good answer: its status, what it says, its content types with their schemas.
pub type Answered = (StatusCode, &'static str, Vec<(&'static str, Value)>);

/// A parameter by name.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// Whether it may be left out.
    pub is_required: bool,
    /// Its schema, with its description.
    pub schema: Value,
}

impl<'a> Sketch<'a> {
    /// Nothing yet.
    pub fn new(schemas: &'a mut Schemas) -> Sketch<'a> {
        Sketch {
            schemas,
            places: Vec::new(),
            query: Vec::new(),
            body: Vec::new(),
            is_upload: false,
            is_at_compound: false,
            is_list: false,
            is_dated: false,
            is_act: false,
            is_secret: false,
            rules: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// The fields of a type as parameters.
    pub fn params<T: JsonSchema>(&mut self) -> Vec<Param> {
        let mut schema = T::json_schema(&mut self.schemas.asks);
        asked(&mut schema);
        let schema = schema.to_value();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let Some(fields) = schema["properties"].as_object() else { return Vec::new() };
        let param = |(name, schema): (&String, &Value)| Param {
            name: name.clone(),
            is_required: required.contains(&name.as_str()),
            schema: without_null(schema.clone()),
        };
        fields.iter().map(param).collect()
    }

    /// An answer in JSON.
    pub fn tells<T: JsonSchema>(&mut self, status: StatusCode, what: &'static str) {
        let schema = self.schemas.tells.subschema_for::<T>().to_value();
        self.answers.push((status, what, vec![("application/json", schema)]));
    }
}

/// What is left out of a query is left out; nobody writes `null` there.
fn without_null(mut schema: Value) -> Value {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
    let choices = schema.get_mut("anyOf").and_then(Value::as_array_mut);
    let Some(choices) = choices else { return schema };
    choices.retain(|choice| choice["type"] != "null");
    if let [only] = choices.as_slice() {
        let mut only = only.clone();
        if let (Some(only), Some(outer)) = (only.as_object_mut(), schema.as_object()) {
            for (name, value) in outer.iter().filter(|(name, _)| *name != "anyOf") {
                only.insert(name.clone(), value.clone());
            }
        }
        return only;
    }
    schema
}

/// A type that is part of a request or of an answer, and says which.
pub trait Described {
    /// Draws itself.
    fn draw(on: &mut Sketch<'_>);
}

/// A function that can be registered: an axum handler every argument and answer of which is [`Described`].
pub trait Endpoint<T>: Clone + Send + Sync + 'static {
    /// Draws what it takes and answers.
    fn draw(&self, on: &mut Sketch<'_>);
    /// Puts it behind a method.
    fn behind(self, method: MethodFilter) -> MethodRouter<Door>;
}

macro_rules! endpoints {
    ($(($($argument:ident),*))*) => {$(
        impl<F, Fut, M, Told, $($argument),*> Endpoint<(M, $($argument,)*)> for F
        where
            F: Handler<(M, $($argument,)*), Door> + Fn($($argument),*) -> Fut + Sync,
            Fut: Future<Output = Result<Told, Problem>>,
            M: 'static,
            Told: Described,
            $($argument: Described + 'static),*
        {
            fn draw(&self, on: &mut Sketch<'_>) {
                $($argument::draw(on);)*
                Told::draw(on);
            }

            fn behind(self, method: MethodFilter) -> MethodRouter<Door> {
                on(method, self)
            }
        }
    )*};
}

endpoints! { (A) (A, B) (A, B, C) (A, B, C, D) }

/// 200 with this.
#[derive(Clone, Debug)]
pub struct Shown<T>(pub T);

impl<T: JsonSchema> Described for Shown<T> {
    fn draw(on: &mut Sketch<'_>) {
        on.tells::<T>(StatusCode::OK, "查到了");
    }
}

impl<T: Serialize> IntoResponse for Shown<T> {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

/// 200 with this, and the acts it is true of, read with it: its door makes the entity tag of them and need not ask first.
#[derive(Clone, Debug)]
pub struct Dated<T>(pub T, pub LastActs);

impl<T: JsonSchema> Described for Dated<T> {
    fn draw(on: &mut Sketch<'_>) {
        on.is_dated = true;
        on.tells::<T>(StatusCode::OK, "查到了");
    }
}

impl<T: Serialize> IntoResponse for Dated<T> {
    fn into_response(self) -> Response {
        (Extension(self.1), Json(self.0)).into_response()
    }
}

/// 201 with what an act answered: its number, then its own figures. The same key again gets the same body, and a header
/// that says so.
#[derive(Clone, Debug)]
pub struct Acted<T> {
    told: Numbered<T>,
    is_repeated: bool,
}

/// An act's number beside its answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Acted{T}", description = "办成的操作")]
struct Numbered<T> {
    #[schemars(description = "操作编号：小区内连续", example = 42)]
    act_no: i32,
    #[serde(flatten)]
    answer: T,
}

impl<T> Acted<T> {
    /// What was done, as the wire shows it.
    pub fn new<D>(done: Done<D>, view: impl FnOnce(D) -> T) -> Acted<T> {
        let told = Numbered { act_no: done.act.0, answer: view(done.answer) };
        Acted { told, is_repeated: done.is_repeated }
    }
}

impl<T: JsonSchema> Described for Acted<T> {
    fn draw(on: &mut Sketch<'_>) {
        on.is_act = true;
        on.tells::<Numbered<T>>(StatusCode::CREATED, "办成了；同一幂等键重发，答复相同");
    }
}

impl<T: Serialize> IntoResponse for Acted<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.told)).into_response();
        if self.is_repeated {
            let yes = HeaderValue::from_static("true");
            response.headers_mut().insert("idempotent-replayed", yes);
        }
        response
    }
}

/// 201 with a secret that is shown once, or 204 for one that was taken; and the cookie that a browser keeps of it.
#[derive(Clone, Debug)]
pub struct Once<T> {
    told: Option<T>,
    cookie: Option<String>,
}

impl<T> Once<T> {
    /// What is shown once.
    pub fn new(told: T) -> Once<T> {
        Once { told: Some(told), cookie: None }
    }

    /// With a cookie.
    #[must_use]
    pub fn with_cookie(mut self, cookie: String) -> Once<T> {
        self.cookie = Some(cookie);
        self
    }
}

/// No secret: one was taken, and nothing is told.
#[derive(Clone, Debug)]
pub enum Taken {}

impl Once<Taken> {
    /// Done.
    #[must_use]
    pub fn taken() -> Once<Taken> {
        Once { told: None, cookie: None }
    }
}

impl Serialize for Taken {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}

/// What of a secret is told, if anything is.
pub trait Secret: Serialize {
    /// Draws the answer.
    fn draw(on: &mut Sketch<'_>);
}

impl<T: Serialize + JsonSchema> Secret for T {
    fn draw(on: &mut Sketch<'_>) {
        on.tells::<T>(StatusCode::CREATED, "办成了；只显示这一次");
    }
}

impl Secret for Taken {
    fn draw(on: &mut Sketch<'_>) {
        on.answers.push((StatusCode::NO_CONTENT, "办成了", Vec::new()));
    }
}

impl<T: Secret> Described for Once<T> {
    fn draw(on: &mut Sketch<'_>) {
        on.is_secret = true;
        T::draw(on);
    }
}

impl<T: Serialize> IntoResponse for Once<T> {
    fn into_response(self) -> Response {
        let mut response = match self.told {
            Some(told) => (StatusCode::CREATED, Json(told)).into_response(),
            None => StatusCode::NO_CONTENT.into_response(),
        };
        if let Some(cookie) = self.cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// 204: it is gone, and nothing is told.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

impl Described for Gone {
    fn draw(on: &mut Sketch<'_>) {
        on.answers.push((StatusCode::NO_CONTENT, "办成了", Vec::new()));
    }
}

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

/// 200 with this, or with a file instead if one was asked for. `FILES` says of what kinds.
#[derive(Debug)]
pub enum Paper<T, F> {
    /// The wire's form.
    Shown(T),
    /// A file to keep: its content type, its name, its bytes, at hand or on their way.
    File(&'static str, String, Body, std::marker::PhantomData<F>),
}

/// The content types of a [`Paper`]'s files.
pub trait Files {
    /// Each of them.
    const KINDS: &'static [&'static str];
    /// By which rules none of them may be made.
    const RULES: &'static [&'static Rule] = &[];
}

impl<T, F: Files> Paper<T, F> {
    /// A file of one of the kinds.
    pub fn file(kind: &'static str, name: String, bytes: impl Into<Body>) -> Paper<T, F> {
        debug_assert!(F::KINDS.contains(&kind), "{kind} is not among the kinds");
        Paper::File(kind, name, bytes.into(), std::marker::PhantomData)
    }
}

impl<T: JsonSchema, F: Files> Described for Paper<T, F> {
    fn draw(on: &mut Sketch<'_>) {
        on.tells::<T>(StatusCode::OK, "查到了");
        let Some((.., contents)) = on.answers.last_mut() else { return };
        contents.extend(F::KINDS.iter().map(|kind| (essence(kind), file_schema(kind))));
        on.rules.extend(F::RULES);
    }
}

impl<T: Serialize, F> IntoResponse for Paper<T, F> {
    fn into_response(self) -> Response {
        match self {
            Paper::Shown(told) => Json(told).into_response(),
            Paper::File(kind, name, bytes, _) => kept(kind, &name, bytes),
        }
    }
}

/// A content type without its parameters.
#[must_use]
pub fn essence(kind: &str) -> &str {
    kind.split(';').next().unwrap_or(kind).trim()
}

/// A file's schema: OpenAPI 3.1 says nothing of bytes, and `string` of text.
#[must_use]
pub fn file_schema(kind: &str) -> Value {
    if kind.starts_with("text/") { json!({ "type": "string" }) } else { json!({}) }
}

/// A file to keep.
pub fn kept(kind: &'static str, name: &str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(value) = HeaderValue::from_str(&format!("inline; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
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

impl JsonSchema for IsoDay {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "IsoDay".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date", "examples": ["2026-01-05"] })
    }
}

/// `as_of` and `known_at` of a query.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// Business days up to and including this one.
    #[schemars(description = "截至业务日：含当日；不写则不限")]
    pub as_of: Option<IsoDay>,
    /// As recorded up to and including this instant.
    #[schemars(description = "截至记账时刻：那时账册所知；不写则不限")]
    pub known_at: Option<Instant>,
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
