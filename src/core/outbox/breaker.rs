//! How long every tab leaves a collector alone that fails: one text in storage that all tabs share and reloads keep.
//!
//! After a failure nobody sends until its wait is over. Then one tab does, the *probe*, having taken the time until it
//! must be answered for itself; its failure begins a longer wait, any other answer ends it all. A page that is left with the probe
//! gives that time back.

use super::answer::Answer;
use super::limits::ANSWER_MS_MAX;
use crate::effect::{self, Output};
use crate::id::{self, Seen};
use crate::lines::{self, Lines};
use crate::time::Timestamp;
use alloc::vec::Vec;

/// The storage key of the breaker.
pub const BREAKER_KEY: &str = "shopbell.breaker";
/// First bound of the wait after a failure.
pub const BACKOFF_MS_BASE: u64 = 1_000;
/// Last bound of it; also the most that a `Retry-After` is heeded.
pub const BACKOFF_MS_MAX: u64 = 300_000;
/// After so many failures in a row that look like an extension's, nothing is sent for the rest of the session: the waits before
/// the last add up to a minute on average, so that a collector that is started anew is not taken for one.
pub const BLOCKED_FAILURES: u64 = 8;

/// What is known of the collector's failures.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: u64,
    retry_at: Timestamp,
    /// A fingerprint of the session of the latest failure, if all so far look like an extension's, or else 0.
    blocked: u64,
    /// The text as last read or written.
    seen: Seen,
    /// What this page set `retry_at` to for its latest probe.
    probed_until: Timestamp,
}

impl Breaker {
    /// Takes in what is stored. Any other text says that nothing has failed.
    pub(super) fn read(&mut self, stored: &str) {
        if self.seen.is_new(stored) {
            let mut rest = stored;
            self.failures = lines::next_number(&mut rest);
            self.retry_at = Timestamp(lines::next_number(&mut rest));
            self.blocked = lines::next_number(&mut rest);
        }
    }

    fn write(&mut self, out: &mut Vec<Output>) {
        let mut lines = Lines::default();
        if self.failures > 0 {
            lines.push_number(self.failures);
            lines.push_number(self.retry_at.0);
            lines.push_number(self.blocked);
        }
        if self.seen.is_new(lines.text()) {
            effect::store(out, BREAKER_KEY, lines.text());
        }
    }

    /// Whether nothing has failed since the latest success.
    pub(super) fn is_closed(&self) -> bool {
        self.failures == 0
    }

    /// How long to wait yet; without end for as long as the session lasts. A wait that is longer than any there is counts for
    /// nothing: the clock was set since.
    pub(super) fn wait_ms(&self, wall: Timestamp, session_id: &str) -> u64 {
        let is_quiet = self.failures >= BLOCKED_FAILURES && self.blocked == name(session_id);
        if is_quiet { u64::MAX } else { self.left_ms(wall) }
    }

    fn left_ms(&self, wall: Timestamp) -> u64 {
        Some(self.retry_at.since(wall)).filter(|left_ms| *left_ms <= BACKOFF_MS_MAX).unwrap_or_default()
    }

    /// A request leaves. After a failure it is a probe, and nobody else sends until it must be answered.
    pub(super) fn send(&mut self, wall: Timestamp, out: &mut Vec<Output>) {
        if !self.is_closed() {
            self.retry_at = Timestamp(wall.0 + ANSWER_MS_MAX);
            self.probed_until = self.retry_at;
            self.write(out);
        }
    }

    /// A request failed. Of those that were in flight together the first counts, or the probe if one of them is; the others
    /// may only ask for more time.
    pub(super) fn fail(
        &mut self,
        wall: Timestamp,
        answer: Answer,
        session_id: &str,
        chance: u64,
        out: &mut Vec<Output>,
    ) {
        let asked_ms = if let Answer::Unavailable(retry_after_ms) = answer { retry_after_ms } else { 0 };
        let left_ms = self.left_ms(wall);
        let wait_ms = if left_ms > 0 && self.retry_at != self.probed_until {
            // A millisecond more tells the page whose probe is in flight that the time is no longer its own.
            (left_ms.max(asked_ms) + asked_ms.min(1)).min(BACKOFF_MS_MAX)
        } else {
            let is_blocked = answer == Answer::Blocked && (self.is_closed() || self.blocked > 0);
            self.blocked = if is_blocked { name(session_id) } else { 0 };
            self.failures += 1;
            backoff_ms(self.failures - 1, asked_ms, chance)
        };
        self.retry_at = Timestamp(wall.0 + wait_ms);
        self.write(out);
    }

    /// The page is left. Nobody hears what becomes of its probe, so the others wait as if that had failed, and not until it must
    /// be answered.
    pub(super) fn leave(&mut self, wall: Timestamp, chance: u64, out: &mut Vec<Output>) {
        if self.left_ms(wall) > 0 && self.retry_at == self.probed_until {
            let wait_ms = backoff_ms(self.failures, 0, chance).min(self.left_ms(wall));
            self.retry_at = Timestamp(wall.0 + wait_ms);
            self.probed_until = self.retry_at;
            self.write(out);
        }
    }

    /// The collector answered: it is there.
    pub(super) fn close(&mut self, out: &mut Vec<Output>) {
        self.failures = 0;
        self.retry_at = Timestamp(0);
        self.write(out);
    }
}

/// A short name of a session, never 0.
fn name(session_id: &str) -> u64 {
    id::fingerprint(session_id) >> 32 | 1
}

/// How long to wait after this many failures before: exponential with full jitter (Brooker, "Exponential Backoff
/// And Jitter", 2015), at least what the collector asked for, at most [`BACKOFF_MS_MAX`].
pub fn backoff_ms(failures_before: u64, retry_after_ms: u64, chance: u64) -> u64 {
    let bound = (BACKOFF_MS_BASE << failures_before.min(16)).min(BACKOFF_MS_MAX);
    let jittered = 1 + chance % bound;
    jittered.max(retry_after_ms).min(BACKOFF_MS_MAX)
}
