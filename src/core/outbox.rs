//! What is waiting to be delivered: what is due, in which batch, what an answer means, and when to try again.
//!
//! Waiting events stand in *segments*. A segment has one session and becomes one batch. It is open while events
//! are added, closed when it is full, old or asked for, and leaves when it is acknowledged. In storage a segment
//! is a head (`shopbell.TAB.SEGMENT`) and an entry for each event (`shopbell.TAB.SEGMENT.SEQ`), so that adding an
//! event costs the same however many wait. The head is written first: an entry without one is never seen.

mod answer;
mod segment;

use crate::event::{Event, PURCHASE};
use crate::id::Entropy;
use crate::record::{ENTRY_PREFIX, write_entry, write_head};
use crate::session::Session;
use crate::text;
use crate::time::Uptime;
use crate::tracker::Output;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
pub use answer::{Answer, BACKOFF_MS_BASE, BACKOFF_MS_MAX, backoff_ms};
pub use segment::{Segment, event_bytes};

/// A batch has at most this many events.
pub const BATCH_EVENTS_MAX: usize = 50;
/// A batch has at most this many bytes in the native format: four fit the 64 KiB that the Fetch Standard lets
/// the keepalive requests of a page have in flight.
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
    /// The collector found it too large, so it was halved.
    Halved,
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
            Self::Halved => "halved",
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
    /// Not taken at all: properties over the limit, or no JSON.
    pub invalid: u64,
}

/// Names a batch among those of this page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchId(pub u32);

/// What waits.
#[derive(Debug, Default)]
pub struct Outbox {
    segments: VecDeque<Segment>,
    next_segment: u32,
    next_batch: u32,
    failures: u32,
    retry_at: Uptime,
    counters: Counters,
}

impl Outbox {
    /// Adds an event of `session` from the tab called `tab_id`.
    pub fn push(&mut self, tab_id: &str, session: &Session, event: Event, uptime: Uptime, out: &mut VecDeque<Output>) {
        let bytes = event_bytes(tab_id, &event);
        let entry = write_entry(&event, &session.totals);
        if let Some(open) = self.open() {
            if open.session.id != session.id {
                open.close(FlushReason::Rollover);
            } else if open.bytes + bytes > BATCH_BYTES_MAX {
                open.close(FlushReason::Bytes);
            }
        }
        if self.open().is_none() {
            let number = self.next_segment;
            self.next_segment += 1;
            let segment = Segment::new(tab_id, number, session, uptime);
            out.push_back(Output::Store(segment.key(), write_head(session)));
            self.segments.push_back(segment);
        }
        let Some(open) = self.open() else { return };
        out.push_back(Output::Store(open.entry_key(event.seq), entry));
        open.add(event, bytes);
        open.session.totals.clone_from(&session.totals);
        if open.events.len() >= BATCH_EVENTS_MAX {
            open.close(FlushReason::Count);
        }
        self.enforce_limit(out);
    }

    /// The segment that takes events now; only the last can be one.
    fn open(&mut self) -> Option<&mut Segment> {
        self.segments
            .back_mut()
            .filter(|segment| segment.closed.is_none())
    }

    /// Takes over what an earlier page left in storage: keys and texts in any order. What is no segment of ours is
    /// removed.
    pub fn recover(&mut self, mut stored: Vec<(String, String)>, out: &mut VecDeque<Output>) {
        stored.sort_unstable_by(|(one, _), (other, _)| one.len().cmp(&other.len()).then(one.cmp(other)));
        let mut recovered: Vec<Segment> = Vec::new();
        for (key, text) in stored {
            let taken = match Key::read(&key) {
                Some(Key { tab_id, segment, seq: None }) => {
                    Segment::recovered(tab_id, segment, &text).map(|segment| recovered.push(segment))
                }
                Some(Key { tab_id, segment, seq: Some(_) }) => recovered
                    .iter_mut()
                    .find(|head| head.number == segment && head.tab_id == tab_id)
                    .and_then(|head| head.take(&text)),
                None => None,
            };
            if taken.is_none() {
                out.push_back(Output::Remove(key));
            }
        }
        for segment in recovered.into_iter().rev() {
            self.next_segment = self.next_segment.max(segment.number.saturating_add(1));
            if segment.events.is_empty() {
                out.push_back(Output::Remove(segment.key()));
            } else {
                self.segments.push_front(segment);
            }
        }
        self.enforce_limit(out);
    }

    /// Closes the open segment, so that it is due.
    pub fn close(&mut self, reason: FlushReason) {
        if let Some(open) = self.open() {
            open.close(reason);
        }
    }

    /// Lets what is due go: one batch at a time, up to [`LEAVING_REQUESTS_MAX`] while the page is being left.
    pub fn pump(&mut self, uptime: Uptime, leaving: bool, entropy: &mut Entropy, out: &mut VecDeque<Output>) {
        if self.open().is_some_and(|open| open.is_old(uptime)) {
            self.close(FlushReason::Age);
        }
        let overdue = |segment: &Segment| segment.deadline().is_some_and(|deadline| uptime >= deadline);
        if let Some(index) = self.segments.iter().position(overdue) {
            self.fail(index, uptime, None, entropy);
        }
        if uptime < self.retry_at {
            return;
        }
        let most = if leaving && self.failures == 0 { LEAVING_REQUESTS_MAX } else { 1 };
        let mut in_flight = self.in_flight();
        for segment in &mut self.segments {
            if in_flight >= most {
                break;
            }
            if segment.closed.is_some() && segment.in_flight.is_none() {
                let batch = BatchId(self.next_batch);
                self.next_batch += 1;
                segment.in_flight = Some((batch, uptime));
                segment.attempts += 1;
                in_flight += 1;
                if segment.attempts > 1 {
                    self.counters.retried += 1;
                }
                out.push_back(Output::Send(batch));
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
        out: &mut VecDeque<Output>,
    ) {
        let is_it = |segment: &Segment| segment.in_flight.is_some_and(|(id, _)| id == batch);
        let Some(index) = self.segments.iter().position(is_it) else {
            return;
        };
        match answer {
            Answer::Unavailable { retry_after_ms } => {
                self.fail(index, uptime, retry_after_ms, entropy);
                return;
            }
            Answer::Accepted => self.counters.sent += self.leave(index, out),
            Answer::TooLarge if self.segments.get(index).is_some_and(|segment| segment.events.len() > 1) => {
                self.halve(index, out);
            }
            Answer::TooLarge | Answer::Rejected => self.counters.rejected += self.leave(index, out),
        }
        self.failures = 0;
        self.retry_at = Uptime(0);
    }

    fn fail(&mut self, index: usize, uptime: Uptime, retry_after_ms: Option<u64>, entropy: &mut Entropy) {
        if let Some(segment) = self.segments.get_mut(index) {
            segment.in_flight = None;
        }
        let wait_ms = backoff_ms(self.failures, retry_after_ms, entropy.word());
        self.retry_at = uptime.after_ms(wait_ms);
        self.failures = self.failures.saturating_add(1);
    }

    /// Removes a segment from memory and storage; returns how many events it had.
    fn leave(&mut self, index: usize, out: &mut VecDeque<Output>) -> u64 {
        let Some(segment) = self.segments.remove(index) else {
            return 0;
        };
        segment.forget(out);
        segment.events.len() as u64
    }

    /// Makes two segments of one, each stored again before the whole is forgotten.
    fn halve(&mut self, index: usize, out: &mut VecDeque<Output>) {
        let Some(whole) = self.segments.remove(index) else {
            return;
        };
        let number = self.next_segment;
        self.next_segment += 2;
        for half in whole.halves(number, out).into_iter().rev() {
            self.segments.insert(index, half);
        }
        whole.forget(out);
    }

    /// Drops the oldest segments that are over the limit; those with a purchase last, those in flight not at all.
    fn enforce_limit(&mut self, out: &mut VecDeque<Output>) {
        while self.segments.iter().map(|segment| segment.bytes).sum::<usize>() > OUTBOX_BYTES_MAX {
            let droppable = |segment: &Segment| segment.in_flight.is_none() && segment.closed.is_some();
            let has_purchase = |segment: &Segment| segment.events.iter().any(|event| event.name == PURCHASE);
            let plain = |segment: &Segment| droppable(segment) && !has_purchase(segment);
            let oldest = self.segments.iter().position(plain);
            let Some(index) = oldest.or_else(|| self.segments.iter().position(droppable)) else {
                return;
            };
            self.counters.overflow += self.leave(index, out);
        }
    }

    /// Counts an event that was not taken.
    pub fn count_invalid(&mut self) {
        self.counters.invalid += 1;
    }

    /// The segment that is in flight as `batch`.
    pub fn batch(&self, batch: BatchId) -> Option<&Segment> {
        self.segments
            .iter()
            .find(|segment| segment.in_flight.is_some_and(|(id, _)| id == batch))
    }

    /// What became of events so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// How many events wait, those in flight included.
    pub fn waiting(&self) -> usize {
        self.segments.iter().map(|segment| segment.events.len()).sum()
    }

    /// How many batches are in flight.
    pub fn in_flight(&self) -> usize {
        self.segments
            .iter()
            .filter(|segment| segment.in_flight.is_some())
            .count()
    }

    /// When [`pump`](Self::pump) next has something to do by itself.
    pub fn next_wake(&self) -> Option<Uptime> {
        let mut wake: Option<Uptime> = None;
        let in_flight = self.in_flight() > 0;
        for segment in &self.segments {
            let at = match (segment.deadline(), segment.closed) {
                (Some(deadline), _) => deadline,
                (None, None) => segment.opened.after_ms(BATCH_AGE_MS_MAX),
                (None, Some(_)) if in_flight => continue,
                (None, Some(_)) => self.retry_at,
            };
            wake = Some(wake.map_or(at, |earlier| earlier.min(at)));
        }
        wake
    }
}

/// The key of a head or of an entry, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The tab that wrote it.
    pub tab_id: &'a str,
    /// The segment's number in that tab.
    pub segment: u32,
    /// The event's place in the tab; `None` for a head.
    pub seq: Option<u64>,
}

impl<'a> Key<'a> {
    /// Takes a storage key apart; `None` for a key that is none of the outbox's.
    pub fn read(key: &'a str) -> Option<Self> {
        let mut parts = key.strip_prefix(ENTRY_PREFIX)?.split('.');
        let tab_id = parts.next().filter(|tab_id| !tab_id.is_empty())?;
        let segment = parts.next()?.parse().ok()?;
        let seq = match parts.next() {
            Some(seq) => Some(seq.parse().ok()?),
            None => None,
        };
        let key = Self {
            tab_id,
            segment,
            seq,
        };
        parts.next().is_none().then_some(key)
    }

    /// The storage key.
    pub fn write(self) -> String {
        let mut key = String::from(ENTRY_PREFIX);
        key.push_str(self.tab_id);
        key.push('.');
        text::push_number(&mut key, u64::from(self.segment));
        if let Some(seq) = self.seq {
            key.push('.');
            text::push_number(&mut key, seq);
        }
        key
    }
}
