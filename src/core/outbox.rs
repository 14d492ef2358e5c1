//! What is waiting to be delivered: what is due, in which batch, what an answer means, and when to try again.
//!
//! Waiting events stand in *segments*. A segment has one session and becomes one batch. It is open while events
//! are added, closed when it is full, old or asked for, and leaves when it is acknowledged. In storage a segment
//! is a head (`shopbell.TAB.FIRST`, by the `seq` of its first event) and an entry for each event
//! (`shopbell.TAB.FIRST.SEQ`), so that adding an event costs the same however many wait. The head is written first: an
//! entry without one is never seen.

mod answer;
mod segment;

use crate::id::Entropy;
use crate::lines;
use crate::time::Uptime;
use crate::tracker::Output;
use alloc::string::String;
use alloc::vec::Vec;
pub use answer::{Answer, BACKOFF_MS_BASE, BACKOFF_MS_MAX, backoff_ms};
pub use segment::{Entry, Segment};

/// A batch has at most this many events.
pub const BATCH_EVENTS_MAX: usize = 50;
/// A batch has at most this many bytes in the native format, unless one event alone has more: four fit the 64 KiB
/// that the Fetch Standard lets the keepalive requests of a page have in flight.
pub const BATCH_BYTES_MAX: usize = 16_384;
/// An event waits at most this long for company.
pub const BATCH_AGE_MS_MAX: u64 = 5_000;
/// Requests in flight when the page is left. Otherwise one at a time, so that events arrive in order.
pub const LEAVING_REQUESTS_MAX: usize = 3;
/// A request without an answer for this long has failed.
pub const ANSWER_MS_MAX: u64 = 30_000;
/// Events kept at most, in bytes of a batch, so that the site's other scripts keep their storage.
pub const OUTBOX_BYTES_MAX: usize = 524_288;

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
    /// The session ended.
    Rollover,
    /// The site called `flush()`.
    Manual,
    /// An earlier page left it behind.
    Recovered,
}

impl FlushReason {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::Age => "age",
            Self::Hidden => "hidden",
            Self::Rollover => "rollover",
            Self::Manual => "manual",
            Self::Recovered => "recovered",
        }
    }
}

/// What became of events on this page so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Acknowledged by the collector.
    pub sent: u64,
    /// Batches that were tried again.
    pub retried: u64,
    /// Dropped because the collector refused them.
    pub rejected: u64,
    /// Dropped because more than [`OUTBOX_BYTES_MAX`] waited.
    pub overflow: u64,
    /// Not taken at all: no name, no JSON, or properties over the limit.
    pub invalid: u64,
}

impl Counters {
    /// All that will never be delivered.
    pub fn dropped(&self) -> u64 {
        self.rejected + self.overflow + self.invalid
    }
}

/// Names a batch among those of this page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchId(pub u32);

/// A head or an entry that an earlier page left in storage.
#[derive(Clone, Copy, Debug)]
pub struct Leftover<'a> {
    /// The tab that wrote it.
    pub tab_id: &'a str,
    /// The segment, by the `seq` of its first event.
    pub first_seq: u64,
    /// The event's place among the tab's; `None` for a head.
    pub seq: Option<u64>,
    /// What is stored.
    pub text: &'a str,
}

/// What waits.
#[derive(Debug, Default)]
pub struct Outbox {
    /// What became of events so far.
    pub counters: Counters,
    segments: Vec<Segment>,
    next_batch: u32,
    failures: u32,
    retry_at: Uptime,
}

impl Outbox {
    /// Adds an event of the session with this head, from the tab called `tab_id`.
    pub fn push(&mut self, tab_id: &str, head: &str, entry: Entry, uptime: Uptime, out: &mut Vec<Output>) {
        let bytes = segment::entry_bytes(&entry.facts);
        if let Some(open) = self.open() {
            if open.head != head {
                open.closed = Some(FlushReason::Rollover);
            } else if open.bytes + bytes > BATCH_BYTES_MAX {
                open.closed = Some(FlushReason::Bytes);
            }
        }
        if self.open().is_none() {
            let segment = Segment::new(tab_id, entry.seq, head, uptime);
            segment.store(out);
            self.segments.push(segment);
        }
        if let Some(open) = self.open() {
            open.store_entry(&entry, out);
            open.entries.push(entry);
            open.bytes += bytes;
            if open.entries.len() >= BATCH_EVENTS_MAX {
                open.closed = Some(FlushReason::Count);
            }
        }
        self.enforce_limit(out);
    }

    /// The segment that takes events now; only the last can be one.
    fn open(&mut self) -> Option<&mut Segment> {
        self.segments.last_mut().filter(|segment| segment.closed.is_none())
    }

    /// Takes over what an earlier page left: a head, or an entry whose head came before. What is neither is removed.
    pub fn recover(&mut self, left: &Leftover<'_>, out: &mut Vec<Output>) {
        if self.take(left).is_none() {
            out.push(Output::Store(segment::key(left.tab_id, left.first_seq, left.seq), String::new()));
        }
    }

    fn take(&mut self, left: &Leftover<'_>) -> Option<()> {
        let facts = lines::open(left.text)?;
        let is_its = |segment: &&mut Segment| segment.first_seq == left.first_seq && segment.tab_id == left.tab_id;
        match (self.segments.iter_mut().find(is_its), left.seq) {
            (Some(segment), Some(seq)) => segment.append(seq, facts),
            // This page has it in hand.
            (Some(_), None) => {}
            (None, Some(_)) => return None,
            (None, None) => {
                let mut segment = Segment::new(left.tab_id, left.first_seq, facts, Uptime(0));
                segment.closed = Some(FlushReason::Recovered);
                let is_open = self.open().is_some();
                self.segments.push(segment);
                // The open one stays the last.
                if let (true, [.., open, recovered]) = (is_open, self.segments.as_mut_slice()) {
                    core::mem::swap(open, recovered);
                }
            }
        }
        Some(())
    }

    /// Closes the open segment, so that it is due.
    pub fn close(&mut self, reason: FlushReason) {
        if let Some(open) = self.open() {
            open.closed = Some(reason);
        }
    }

    /// Lets what is due go: one batch at a time, up to [`LEAVING_REQUESTS_MAX`] while the page is being left.
    pub fn pump(&mut self, uptime: Uptime, is_leaving: bool, entropy: &mut Entropy, out: &mut Vec<Output>) {
        if self.open().is_some_and(|open| open.is_old(uptime)) {
            self.close(FlushReason::Age);
        }
        let is_overdue = |segment: &Segment| segment.deadline().is_some_and(|deadline| uptime >= deadline);
        if let Some(index) = self.segments.iter().position(is_overdue) {
            self.fail(index, uptime, 0, entropy);
        }
        if uptime < self.retry_at {
            return;
        }
        let most = if is_leaving && self.failures == 0 { LEAVING_REQUESTS_MAX } else { 1 };
        let mut room = most.saturating_sub(self.in_flight());
        for segment in &mut self.segments {
            if room > 0 && segment.is_ready() {
                room -= 1;
                let batch = BatchId(self.next_batch);
                self.next_batch += 1;
                segment.in_flight = Some((batch, uptime));
                self.counters.retried += u64::from(segment.attempts > 0);
                segment.attempts += 1;
                out.push(Output::Send(batch));
            }
        }
    }

    /// Takes the collector's answer to a batch. An answer to a batch that is no longer in flight says nothing.
    pub fn answered(
        &mut self,
        batch: BatchId,
        answer: Answer,
        uptime: Uptime,
        entropy: &mut Entropy,
        out: &mut Vec<Output>,
    ) {
        let Some(index) = self.place(batch) else { return };
        if let Answer::Unavailable(retry_after_ms) = answer {
            return self.fail(index, uptime, retry_after_ms, entropy);
        }
        self.failures = 0;
        self.retry_at = Uptime(0);
        let left = self.leave(index, out);
        if answer == Answer::Accepted {
            self.counters.sent += left;
        } else {
            self.counters.rejected += left;
        }
    }

    fn fail(&mut self, index: usize, uptime: Uptime, retry_after_ms: u64, entropy: &mut Entropy) {
        if let Some(segment) = self.segments.get_mut(index) {
            segment.in_flight = None;
        }
        self.retry_at = uptime.after_ms(backoff_ms(self.failures, retry_after_ms, entropy.number()));
        self.failures = self.failures.saturating_add(1);
    }

    /// Removes a segment from memory and storage; returns how many events it had.
    fn leave(&mut self, index: usize, out: &mut Vec<Output>) -> u64 {
        let segment = self.segments.remove(index);
        segment.forget(out);
        segment.entries.len() as u64
    }

    /// Drops the oldest segments that are over the limit, but none that is open or in flight.
    fn enforce_limit(&mut self, out: &mut Vec<Output>) {
        while self.segments.iter().map(|segment| segment.bytes).sum::<usize>() > OUTBOX_BYTES_MAX {
            let Some(index) = self.segments.iter().position(Segment::is_ready) else { return };
            self.counters.overflow += self.leave(index, out);
        }
    }

    fn place(&self, batch: BatchId) -> Option<usize> {
        let is_it = |segment: &Segment| segment.in_flight.is_some_and(|(id, _)| id == batch);
        self.segments.iter().position(is_it)
    }

    /// The segment that is in flight as `batch`.
    pub fn batch(&self, batch: BatchId) -> Option<&Segment> {
        self.segments.get(self.place(batch)?)
    }

    /// How many events wait, those in flight included.
    pub fn waiting(&self) -> u64 {
        self.segments.iter().map(|segment| segment.entries.len() as u64).sum()
    }

    /// How many batches are in flight.
    pub fn in_flight(&self) -> usize {
        self.segments.iter().filter(|segment| segment.in_flight.is_some()).count()
    }

    /// When [`pump`](Self::pump) next has something to do by itself.
    pub fn next_wake(&self) -> Option<Uptime> {
        let is_sending = self.in_flight() > 0;
        let mut wake: Option<Uptime> = None;
        for segment in &self.segments {
            let at = match segment.deadline() {
                Some(deadline) => deadline,
                None if segment.closed.is_none() => segment.opened.after_ms(BATCH_AGE_MS_MAX),
                None if is_sending => continue,
                None => self.retry_at,
            };
            wake = Some(wake.map_or(at, |earlier| earlier.min(at)));
        }
        wake
    }
}
