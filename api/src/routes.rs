//! Every address of the house, as data: method, path, who may, where, how long, what it does, what it may refuse.
//!
//! Owns: [`Route`], the router. The rows stand in `table`. Router, limits, OpenAPI document and human page (`openapi`) are made
//! from [`ROUTES`]; the tests knock on every line of it in every role. A function can be reached only through its row, and what
//! it takes and answers is not said here: its arguments and its answer say it themselves ([`crate::wire::Endpoint`]).

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get};
use axum::{Extension, Router};
use ledger::books::Role::{self, Owner};
use ledger::error::Rule;
use ledger::people as people_rules;
use ledger::policy::terms::Deed;
use ledger::property as property_rules;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::door::{self, Door};
use crate::wire::{Schemas, Sketch};
use crate::{countersign, front, metrics, openapi, problem};

mod table;

pub(crate) use table::COUNTERS;
pub use table::{OVERSEERS, READERS, ROUTES};

/// Where a caller's role is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nowhere: it is open to whoever has shown nothing.
    Open,
    /// Anywhere: it shows and does only what is the caller's own.
    Own,
    /// In the whole house.
    House,
    /// At the compound in the path.
    Compound,
    /// At the compound in the path, or at the dwelling in it.
    Dwelling,
}

/// How long an answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Half a minute.
    Quick,
    /// As long as the settings say: files, whole months, whole books.
    Long,
    /// As long; and looked up anew each time, because it asks the rows themselves and not what acts left, or says when it was
    /// printed.
    Live,
}

/// An address.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The path, with its `{places}`.
    pub path: &'static str,
    /// Who may.
    pub roles: &'static [Role],
    /// Where they must have the role.
    pub scope: Scope,
    /// What it does with money, where a policy pack may want a second person or a second factor for it. Such a function is one
    /// act of its compound: the signature is part of that act.
    pub deed: Option<Deed>,
    /// How long it may take.
    pub time: Time,
    /// Whether it moves money of the compound: a refused attempt is recorded.
    pub is_money: bool,
    /// The function's name, unique: the operation's id.
    pub id: &'static str,
    /// What it does, in a few words of Chinese.
    pub summary: &'static str,
    /// What one should know of it.
    pub about: &'static str,
    /// The rules of its verb that it may refuse by, besides those of every door.
    pub rules: &'static [&'static [&'static Rule]],
    make: fn() -> MethodRouter<Door>,
    draw: for<'a> fn(&'a mut Schemas) -> Sketch<'a>,
}

/// The row of a path and a method; `HEAD` is asked of a `GET`.
#[must_use]
pub fn row(method: &Method, path: &str) -> Option<&'static Route> {
    static ROWS: LazyLock<HashMap<(&str, &str), &Route>> =
        LazyLock::new(|| ROUTES.iter().map(|route| ((route.method, route.path), route)).collect());
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    ROWS.get(&(method.as_str(), path)).copied()
}

/// A body that is not a file.
pub const JSON_MOST: usize = 1 << 20;
/// What a form adds to the file in it.
const FORM_MOST: usize = 1 << 16;

impl Route {
    /// What it takes and answers.
    pub fn sketch<'a>(&self, schemas: &'a mut Schemas) -> Sketch<'a> {
        let mut sketch = (self.draw)(schemas);
        if self.deed.is_some() {
            countersign::draw(&mut sketch);
        }
        sketch
    }

    /// The address by itself, without the wall around it: for whoever was let in already.
    pub(crate) fn alone(&self, door: Door) -> Router {
        Router::new().route(self.path, (self.make)()).with_state(door)
    }

    /// Whether it is at a compound, whose existence is then looked up first.
    #[must_use]
    pub fn is_at_compound(&self) -> bool {
        self.path.contains("{compound}")
    }

    /// Whether its answers carry an entity tag.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.method == "GET" && self.time != Time::Live && self.scope != Scope::Open
    }

    /// Every rule it may refuse by: its own, and those of every door that is made as it is.
    #[must_use]
    pub fn refusals(&self, sketch: &Sketch<'_>) -> Vec<&'static Rule> {
        let mut rules: Vec<&'static Rule> = vec![
            &problem::SHAPE,
            &problem::TOO_FAST,
            &problem::BUSY,
            &problem::SLOW,
            &problem::BUG,
            &problem::UNREACHABLE,
            &problem::FULL,
            &problem::GUARD,
            &problem::FILE,
            &ledger::books::KEY_SHAPE,
        ];
        if self.scope != Scope::Open {
            rules.extend([&problem::UNKNOWN_CALLER, &problem::ROLE, &people_rules::TERM_OVER]);
            if self.method != "GET" {
                rules.push(&problem::CROSS_SITE);
            }
            if self.method != "GET" && self.scope != Scope::Own {
                rules.push(&people_rules::SECOND_FACTOR);
            }
        }
        if self.scope == Scope::Dwelling && self.roles.contains(&Owner) {
            rules.push(&problem::NOT_BOUND);
        }
        if sketch.is_at_compound {
            rules.push(&property_rules::NO_COMPOUND);
        }
        if !sketch.places.is_empty() {
            rules.push(&problem::NO_ROUTE);
        }
        rules.extend(&sketch.rules);
        if sketch.is_list {
            rules.extend([&problem::CURSOR, &problem::TOO_LONG]);
        }
        if sketch.is_at_compound && !sketch.body.is_empty() {
            // A dwelling is named in the body.
            rules.push(&property_rules::ROOM);
        }
        if !sketch.body.is_empty() {
            rules.extend([&problem::TOO_LARGE, &problem::SLOW_BODY]);
        }
        if !sketch.body.is_empty() && !sketch.is_upload {
            rules.push(&problem::CONTENT_TYPE);
        }
        if self.method != "GET" {
            use ledger::books::{KEY_DIFFERS, NO_COMPOUND, OVERLOADED};
            rules.extend([&problem::UNKNOWN_OUTCOME, &OVERLOADED, &NO_COMPOUND, &KEY_DIFFERS]);
        }
        rules.extend(self.rules.iter().copied().flatten());
        if self.deed.is_some() {
            rules.extend(countersign::ASKING.iter().copied().flatten());
        }
        if countersign::CONFIRM.contains(&self.id) {
            // What was asked is done there, and refused there.
            let is_of_house = self.scope == Scope::House;
            let deeds = ROUTES.iter().filter(|route| route.deed.is_some());
            let deeds = deeds.filter(|route| (route.scope == Scope::House) == is_of_house);
            rules.extend(deeds.flat_map(|route| route.rules.iter().copied().flatten()));
            rules.extend(countersign::SIGNING.iter().copied().flatten());
        }
        let mut seen = std::collections::HashSet::new();
        rules.retain(|rule| seen.insert(rule.code));
        rules
    }

    /// How many bytes its body may have.
    #[must_use]
    pub fn body_most(&self, sketch: &Sketch<'_>, upload_bytes: usize) -> usize {
        if sketch.is_upload { upload_bytes } else { JSON_MOST }
    }
}

/// The router of all of it.
pub fn router(door: Door) -> Router {
    let mut router = Router::new()
        .route("/", get(front::page))
        .route("/healthz", get(front::healthz))
        .route("/readyz", get(front::readyz))
        .route("/metrics", get(metrics::guarded))
        .route("/api/openapi.json", get(openapi::json))
        .route("/api/docs", get(openapi::page))
        .route("/problems", get(openapi::rules))
        .route("/problems/{code}", get(openapi::rule));
    let mut schemas = Schemas::default();
    for route in ROUTES {
        let sketch = route.sketch(&mut schemas);
        let most = route.body_most(&sketch, door.config.upload_bytes);
        let beside = if sketch.is_upload { FORM_MOST } else { 0 };
        let entry = door::Entry { door: door.clone(), route, is_dated: sketch.is_dated };
        let guard = from_fn_with_state(entry, door::admit);
        let made = (route.make)()
            .route_layer(DefaultBodyLimit::max(most + beside))
            .route_layer(Extension(door::Most(most)))
            .route_layer(guard);
        router = router.route(route.path, made);
    }
    let cors = cors(&door);
    let router = router
        .fallback(door::no_route)
        .method_not_allowed_fallback(door::no_method)
        .layer(CatchPanicLayer::custom(door::panicked))
        .layer(from_fn_with_state(door.clone(), door::frame))
        .with_state(door);
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Which pages of other origins may call from a browser: none, unless the settings name them. No cookies in any case.
fn cors(door: &Door) -> Option<CorsLayer> {
    let origins = &door.config.origins;
    let named = |name| HeaderName::from_static(name);
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods([Method::GET, Method::POST, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                header::IF_NONE_MATCH,
                named("idempotency-key"),
            ])
            .expose_headers([
                header::ETAG,
                header::RETRY_AFTER,
                named("x-request-id"),
                named("idempotent-replayed"),
                named("ratelimit"),
                named("ratelimit-policy"),
            ])
            .max_age(std::time::Duration::from_secs(600))
    })
}
