//! Refusals in the log: a line every ten seconds for each kind at most, without anything that a client sent.

use crate::metrics::Outcome;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(10);

/// What was refused since the latest line of its kind, and when that was.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<Outcome, (Option<Instant>, u64)>>);

impl Refusals {
    pub(crate) fn note(&self, outcome: Outcome) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (latest, count) = kinds.entry(outcome).or_default();
        *count += 1;
        if latest.is_none_or(|latest| latest.elapsed() >= EVERY) {
            tracing::info!(kind = outcome.name(), requests = *count, "refused");
            (*latest, *count) = (Some(Instant::now()), 0);
        }
    }
}
