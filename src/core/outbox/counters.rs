//! Why batches leave and events are dropped, and how many were.

use crate::lines;
#[cfg(doc)]
use crate::outbox::{
    BATCH_AGE_MS_MAX, BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_AGE_MS_MAX, OUTBOX_BYTES_MAX, OUTBOX_EVENTS_MAX,
};

/// Why a segment was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlushReason {
    /// It had [`BATCH_EVENTS_MAX`] events.
    Count,
    /// One more event would have made it larger than [`BATCH_BYTES_MAX`].
    Bytes,
    /// Its first event was [`BATCH_AGE_MS_MAX`] old.
    Age,
    /// The page was hidden or left.
    Hidden,
    /// The session ended, or its record is gone from storage.
    Rollover,
    /// The site called `flush()`.
    Manual,
    /// An earlier page left it behind.
    Recovered,
}

impl FlushReason {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        lines::at("count\nbytes\nage\nhidden\nrollover\nmanual\nrecovered\n", self as usize)
    }
}

/// Why an event is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// The collector refused it.
    Rejected,
    /// The collector found it too large by itself.
    TooLarge,
    /// More than [`OUTBOX_BYTES_MAX`] waited.
    Bytes,
    /// More than [`OUTBOX_EVENTS_MAX`] waited.
    Count,
    /// It was older than [`EVENT_AGE_MS_MAX`].
    Age,
    /// It was not taken at all: no name, no JSON, properties over the limit, or more calls than are kept before there is a
    /// tracker.
    Invalid,
    /// It stood in storage and cannot be read, or its session cannot.
    Unreadable,
    /// The site's own `beforeSend` dropped it.
    BeforeSend,
}

impl DropReason {
    /// The reasons' names on the wire, a line each, in their order.
    pub const NAMES: &str = "rejected\ntoo_large\nbytes\ncount\nage\ninvalid\nunreadable\nbefore_send\n";
    const COUNT: usize = lines::count(Self::NAMES);
}

/// What became of events on this page so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Acknowledged by the collector.
    pub sent: u64,
    /// Batches that were tried again.
    pub retried: u64,
    /// Dropped, by the reasons of [`DropReason::NAMES`].
    pub dropped: [u64; DropReason::COUNT],
}

impl Counters {
    /// Counts events that were dropped.
    pub(crate) fn drop(&mut self, reason: DropReason, events: u64) {
        self.dropped[reason as usize] += events;
    }

    /// All that will never be delivered.
    pub fn all_dropped(&self) -> u64 {
        self.dropped.iter().sum()
    }
}
