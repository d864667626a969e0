//! What an operator watches: `/metrics` in the text of OpenMetrics, which Prometheus reads.
//!
//! Owns: [`Metrics`], the names of the figures. Always: a label's values are bounded (a route as the table writes it, a
//! method, a status, a verb, a word of a list). Never: a compound, a person, an amount, an address.
//!
//! `/metrics` tells about the house, so it is not public: it is on a listener of its own (`metrics_listen`), or behind a
//! token (`metrics_token`), or nowhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use axum::response::IntoResponse;
use ledger::books::Books;
use ledger::hooks;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::door::{Answer, Door, bearer};
use crate::problem;

/// The upper bounds of the buckets of time, in seconds.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Taken {
    route: String,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Sent {
    outcome: &'static str,
}

/// The figures of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Answered, Counter>,
    seconds: Family<Taken, Histogram, fn() -> Histogram>,
    deliveries: Family<Sent, Counter>,
    backlog: Backlog,
}

/// What the database is asked for when somebody looks.
#[derive(Debug, Default)]
struct Backlog {
    database_up: Gauge,
    subscriptions: Gauge,
    behind_acts: Gauge,
    waiting: Gauge,
    dead: Gauge,
}

impl Metrics {
    /// Figures that begin at nothing.
    #[must_use]
    pub fn new(books: Books) -> Metrics {
        let mut registry = Registry::with_prefix("xiaoqu");
        let requests = Family::default();
        let buckets: fn() -> Histogram = || Histogram::new(SECONDS);
        let seconds = Family::new_with_constructor(buckets);
        let deliveries = Family::default();
        let backlog = Backlog::default();
        registry.register(
            "build",
            "Version of the program",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("requests", "Requests answered", requests.clone());
        registry.register_with_unit(
            "request",
            "How long requests took",
            Unit::Seconds,
            seconds.clone(),
        );
        registry.register("hook_deliveries", "Events sent, by outcome", deliveries.clone());
        for (name, told, gauge) in [
            ("database_up", "Whether the database answered this look", &backlog.database_up),
            ("hook_subscriptions", "Active subscriptions", &backlog.subscriptions),
            (
                "hook_behind_acts",
                "Acts that active subscriptions have not come to yet",
                &backlog.behind_acts,
            ),
            ("hook_waiting", "Events to be sent again", &backlog.waiting),
            ("hook_dead", "Dead letters of active subscriptions", &backlog.dead),
        ] {
            registry.register(name, told, gauge.clone());
        }
        registry.register_collector(Box::new(Acts(books)));
        Metrics { registry, requests, seconds, deliveries, backlog }
    }

    /// A request was answered. `route` is the table's, never the path that was asked for.
    pub fn answered(&self, route: Option<&str>, method: &Method, status: u16, took: Duration) {
        let route = route.unwrap_or("none").to_owned();
        let method = word(method);
        self.seconds
            .get_or_create(&Taken { route: route.clone(), method })
            .observe(took.as_secs_f64());
        self.requests.get_or_create(&Answered { route, method, status }).inc();
    }

    /// An event was sent, or was not.
    pub fn sent(&self, outcome: &'static str) {
        self.deliveries.get_or_create(&Sent { outcome }).inc();
    }

    /// Everything as text.
    pub async fn text(&self, books: &Books) -> String {
        let looked = async { hooks::backlog(&mut books.read().await?).await };
        // A scrape must end: a database that hangs is one that is not up.
        let backlog = match tokio::time::timeout(Duration::from_secs(3), looked).await {
            Ok(Ok(backlog)) => Some(backlog),
            _ => None,
        };
        self.backlog.database_up.set(i64::from(backlog.is_some()));
        if let Some(found) = backlog {
            self.backlog.subscriptions.set(found.active);
            self.backlog.behind_acts.set(found.behind_acts);
            self.backlog.waiting.set(found.waiting);
            self.backlog.dead.set(found.dead);
        }
        let mut text = String::new();
        // A String takes whatever is written to it.
        let _ = text::encode(&mut text, &self.registry);
        text
    }
}

/// A method of a bounded list: a client may invent others.
fn word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

/// The acts and what waits, asked of the books when somebody looks.
#[derive(Debug)]
struct Acts(Books);

impl Collector for Acts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let told = "Acts, by verb and how they ended";
        let mut acts = encoder.encode_descriptor("acts", told, None, MetricType::Counter)?;
        for (verb, ended, count) in self.0.tally().counts() {
            let labels = [("verb", verb), ("ended", ended.name())];
            ConstCounter::<u64>::new(count).encode(acts.encode_family(&labels)?)?;
        }
        let load = self.0.load();
        let gauge = |count: usize| ConstGauge::<i64>::new(i64::try_from(count).unwrap_or(i64::MAX));
        let told = "Acts that wait for a batch";
        let waiting = encoder.encode_descriptor("acts_waiting", told, None, MetricType::Gauge)?;
        gauge(load.waiting_acts).encode(waiting)?;
        let told = "Connections lent out";
        let mut pools =
            encoder.encode_descriptor("connections_in_use", told, None, MetricType::Gauge)?;
        for (pool, count) in [("acting", load.acting), ("reading", load.reading)] {
            gauge(count).encode(pools.encode_family(&[("pool", pool)])?)?;
        }
        Ok(())
    }
}

/// `GET /metrics` on the house's own listener: only with its token.
pub async fn guarded(State(door): State<Door>, headers: HeaderMap) -> Answer {
    let Some(token) = &door.config.metrics_token else {
        return Err(problem::NO_ROUTE.refuse("路径不存在").into());
    };
    if !token.is(bearer(&headers)?) {
        return Err(problem::UNKNOWN_CALLER.refuse("令牌不认识").into());
    }
    shown(&door).await
}

/// `GET /metrics` on a listener of its own: with the token if there is one.
pub async fn apart(State(door): State<Door>, headers: HeaderMap) -> Answer {
    match door.config.metrics_token {
        Some(_) => guarded(State(door), headers).await,
        None => shown(&door).await,
    }
}

async fn shown(door: &Door) -> Answer {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = door.metrics.text(&door.books).await;
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Shared by the doors and the courier.
pub type Shared = Arc<Metrics>;
