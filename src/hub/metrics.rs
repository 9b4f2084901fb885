//! What the hub counts, for Prometheus. Numbers only: no office, no terminal, no parcel is ever named here.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::api::healthz;
use super::state::Hub;
use super::stores::Store;

/// A request that was answered. The route is the resource's path as the table writes it, never what was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: Arc<str>,
    method: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: Arc<str>,
    method: Arc<str>,
}

/// See the module.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answered: Family<Answered, Counter>,
    seconds: Family<Asked, Histogram, fn() -> Histogram>,
    pub parcels: Counter,
    pub parcel_bytes: Counter,
    pub fetched_bytes: Counter,
    pub receipts: Counter,
    pub polls: Gauge,
    pub connections: Gauge,
    pub turned_away: Counter,
    pub throttled: Counter,
    pub logins_failed: Counter,
    pub removed: Counter,
    pub overdue: Counter,
    list_age: Gauge,
    authority_left: Gauge,
    server_left: Gauge,
}

fn latencies() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 17))
}

impl Metrics {
    pub fn new(store: &Store) -> Self {
        let mut registry = Registry::with_prefix("tayori");
        let answered = Family::default();
        let seconds = Family::new_with_constructor(latencies as fn() -> Histogram);
        registry.register("requests", "Requests answered", answered.clone());
        registry.register(
            "request_seconds",
            "Time from a request's head to its answer's; a long poll's waiting counts",
            seconds.clone(),
        );
        let meters = store.meters();
        registry.register("store_group_size", "Writes that shared one commit", meters.groups.clone());
        registry.register("store_queue", "Writes that wait for the writer", meters.waiting.clone());
        registry.register("store_commit_seconds", "Time of one commit, with its writes", meters.seconds.clone());
        let mut counter = |name, help| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let parcels = counter("parcels", "Parcels accepted");
        let parcel_bytes = counter("parcel_bytes", "Sealed bytes accepted");
        let fetched_bytes = counter("fetched_bytes", "Sealed bytes handed out");
        let receipts = counter("receipts", "Receipts noted");
        let turned_away = counter("connections_turned_away", "Connections refused: too many, or no good handshake");
        let throttled = counter("requests_throttled", "Requests answered with 429");
        let logins_failed = counter("logins_failed", "Logins that failed");
        let removed = counter("parcels_removed", "Parcels whose time was over");
        let overdue = counter("parcels_overdue", "Parcels whose sender was told that nobody fetched them");
        let mut gauge = |name, help| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let polls = gauge("polls_waiting", "Long polls that wait");
        let connections = gauge("connections", "Connections open");
        let list_age = gauge("crl_age_seconds", "Age of the revocation list in force");
        let authority_left = gauge("authority_seconds_left", "Until the authority's certificate ends");
        let server_left = gauge("server_seconds_left", "Until the hub's own certificate ends; a restart renews it");
        Self {
            answered,
            seconds,
            parcels,
            parcel_bytes,
            fetched_bytes,
            receipts,
            polls,
            connections,
            turned_away,
            throttled,
            logins_failed,
            removed,
            overdue,
            list_age,
            authority_left,
            server_left,
            registry,
        }
    }

    /// What counts the requests to one resource of the table.
    pub fn of(&self, route: &str, method: &str) -> Meter {
        let asked = Asked { route: route.into(), method: method.into() };
        Meter { answered: self.answered.clone(), seconds: self.seconds.get_or_create(&asked).clone(), asked }
    }

    /// The text that Prometheus reads.
    pub fn text(&self, hub: &Hub, now: Timestamp) -> String {
        let seconds = |until: Option<Timestamp>| until.map_or(0, |until| until.duration_since(now).as_secs());
        self.list_age.set(now.duration_since(hub.list_made_at()).as_secs());
        self.authority_left.set(seconds(hub.authority().valid_until().ok()));
        self.server_left.set(seconds(hub.server_until().get().copied()));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Counts one more as long as it is kept.
#[derive(Debug)]
pub struct Counted(Gauge);

impl Counted {
    pub fn in_(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Counts the requests to one resource.
#[derive(Clone, Debug)]
pub struct Meter {
    asked: Asked,
    answered: Family<Answered, Counter>,
    seconds: Histogram,
}

pub(super) async fn count(State(meter): State<Meter>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let response = next.run(request).await;
    let Asked { route, method } = meter.asked;
    meter.answered.get_or_create(&Answered { route, method, status: response.status().as_u16() }).inc();
    meter.seconds.observe(began.elapsed().as_secs_f64());
    response
}

/// What listens on the operator's own address.
pub(super) fn routes(hub: Arc<Hub>) -> Router {
    Router::new().route("/metrics", get(metrics)).route("/healthz", get(healthz)).with_state(hub)
}

async fn metrics(State(hub): State<Arc<Hub>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], hub.metrics().text(&hub, Timestamp::now())).into_response()
}

#[cfg(test)]
mod tests;
