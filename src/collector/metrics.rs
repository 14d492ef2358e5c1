//! What the collector counts of itself, in Prometheus' text form.

use crate::queue::Job;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::time::Duration;

/// What became of a request to `/collect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// Committed.
    Stored,
    /// No batch, or one beyond the limits.
    Malformed,
    /// More bytes than are taken.
    TooLarge,
    /// A body that did not come whole in time.
    TooSlow,
    /// A site that is not taken, or not from there.
    Site,
    /// A session of another device, or what the database does not take.
    Contradiction,
    /// Its sender tells more than anybody may in that time.
    Rate,
    /// No token, or a wrong one, for what needs it.
    Token,
    /// Too much waits.
    Busy,
    /// The database said no.
    Failed,
}

impl Outcome {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::TooSlow => "too_slow",
            Self::Site => "site",
            Self::Contradiction => "contradiction",
            Self::Rate => "rate",
            Self::Token => "token",
            Self::Busy => "busy",
            Self::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct File {
    file: &'static str,
}

/// The counts.
#[derive(Clone)]
pub struct Metrics(Arc<Inside>);

struct Inside {
    registry: Registry,
    requests: Family<Labels, Counter>,
    request_seconds: Histogram,
    events: Counter,
    commits: Counter,
    failed_commits: Counter,
    commit_seconds: Histogram,
    waiting_events: Gauge,
    connections: Gauge,
    store_bytes: Family<File, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("shopbell");
        let seconds = || Histogram::new(exponential_buckets(0.001, 2.0, 15));
        let inside = Inside {
            requests: Family::default(),
            request_seconds: seconds(),
            events: Counter::default(),
            commits: Counter::default(),
            failed_commits: Counter::default(),
            commit_seconds: seconds(),
            waiting_events: Gauge::default(),
            connections: Gauge::default(),
            store_bytes: Family::default(),
            registry: Registry::default(),
        };
        registry.register("collect_requests", "Requests to /collect, by what became of them", inside.requests.clone());
        let unit = Unit::Seconds;
        let help = "From a request to /collect to its answer";
        registry.register_with_unit("collect", help, unit.clone(), inside.request_seconds.clone());
        registry.register(
            "events_told",
            "Events in batches that were committed, those that were there too",
            inside.events.clone(),
        );
        registry.register("commits", "Transactions that were committed", inside.commits.clone());
        registry.register("failed_commits", "Transactions that the database refused", inside.failed_commits.clone());
        registry.register_with_unit("commit", "How long a transaction took", unit, inside.commit_seconds.clone());
        registry.register("waiting_events", "Events that wait for the writer", inside.waiting_events.clone());
        registry.register("connections", "Open connections", inside.connections.clone());
        let help = "Size of the database, and of its log";
        registry.register_with_unit("store", help, Unit::Bytes, inside.store_bytes.clone());
        Self(Arc::new(Inside { registry, ..inside }))
    }
}

impl Metrics {
    pub(crate) fn answered(&self, outcome: Outcome, took: Duration) {
        self.0.requests.get_or_create(&Labels { outcome: outcome.name() }).inc();
        self.0.request_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn committed(&self, took: Duration, group: &[Job], is_done: bool) {
        if is_done {
            self.0.commits.inc();
            self.0.events.inc_by(group.iter().map(|job| job.batch.events.len() as u64).sum());
        } else {
            self.0.failed_commits.inc();
        }
        self.0.commit_seconds.observe(took.as_secs_f64());
    }

    pub(crate) fn connected(&self, open: usize) {
        self.0.connections.set(open as i64);
    }

    /// All of it, with what is asked for only now.
    pub(crate) fn text(&self, waiting_events: usize, (database, log): (u64, u64)) -> String {
        self.0.waiting_events.set(waiting_events as i64);
        for (file, bytes) in [("database", database), ("log", log)] {
            self.0.store_bytes.get_or_create(&File { file }).set(bytes as i64);
        }
        let mut text = String::new();
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }
}
