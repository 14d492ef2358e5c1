//! What is waiting to be delivered: what is due, in which batch, what an answer means, and when to try again.
//!
//! Waiting events stand in *segments*. A segment has one session and becomes one batch. It is open while events
//! are added, closed when it is full, old or asked for, and leaves when it is acknowledged. In storage a segment
//! is a head (`shopbell.TAB.FIRST`, by the `seq` of its first event) and an entry for each event
//! (`shopbell.TAB.FIRST.SEQ`), so that adding an event costs the same however many wait. The head is written first: an
//! entry without one is never seen.

mod answer;
mod breaker;
mod counters;
mod segment;

use crate::event;
use crate::id::Entropy;
use crate::lines;
use crate::time::{Timestamp, Uptime};
use crate::tracker::{Moment, Output};
use alloc::string::String;
use alloc::vec::Vec;
pub use answer::Answer;
use breaker::Breaker;
pub use breaker::{BACKOFF_MS_BASE, BACKOFF_MS_MAX, BLOCKED_FAILURES, BREAKER_KEY, backoff_ms};
pub use counters::{Counters, DropReason, FlushReason};
pub use segment::{Entry, Segment, key};

/// A batch has at most this many events.
pub const BATCH_EVENTS_MAX: usize = 50;
/// A batch has at most this many bytes in the native format, unless one event alone has more.
pub const BATCH_BYTES_MAX: usize = 16_384;
/// An event waits at most this long for company.
pub const BATCH_AGE_MS_MAX: u64 = 5_000;
/// Requests in flight when the page is left. Otherwise one at a time, so that events arrive in order.
pub const LEAVING_REQUESTS_MAX: usize = 3;
/// Bytes in flight at most, unless one batch alone has more: what the Fetch Standard lets a page's keepalive requests
/// have in flight ("HTTP-network-or-cache fetch").
pub const KEEPALIVE_BYTES_MAX: usize = 65_536;
/// By then the host has told an answer to every request, or that there was none.
pub const ANSWER_MS_MAX: u64 = 30_000;
/// Bytes of storage that a tab's waiting events take at most, as a batch counts them, so that the site's other scripts keep
/// theirs. What is more waits in memory; a purchase and a refund are stored all the same.
pub const STORED_BYTES_MAX: usize = 524_288;
/// Bytes of waiting events at most, in memory and storage.
pub const OUTBOX_BYTES_MAX: usize = 16_777_216;
/// Waiting events at most.
pub const OUTBOX_EVENTS_MAX: usize = 20_000;
/// An event that is older than this is not taken over from an earlier page: 30 days.
pub const EVENT_AGE_MS_MAX: u64 = 2_592_000_000;

/// Names a batch among those of this page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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

/// What waits, added up.
#[derive(Default)]
struct Sums {
    events: usize,
    bytes: usize,
    stored_bytes: usize,
    requests: usize,
    request_bytes: usize,
}

/// What waits.
#[derive(Debug, Default)]
pub struct Outbox {
    /// What became of events so far.
    pub counters: Counters,
    segments: Vec<Segment>,
    next_batch: u32,
    breaker: Breaker,
    /// When the collector may be asked again; `None` for as long as the session lasts.
    resume: Option<Uptime>,
}

impl Outbox {
    /// Adds an event of the session with this head, from the tab called `tab_id`.
    pub fn push(&mut self, tab_id: &str, head: &str, entry: Entry, uptime: Uptime, out: &mut Vec<Output>) {
        let bytes = segment::entry_bytes(&entry.facts);
        let is_stored = segment::is_precious(&entry.facts) || self.sums().stored_bytes < STORED_BYTES_MAX;
        if let Some(open) = self.open() {
            if open.head != head {
                open.closed = Some(FlushReason::Rollover);
            } else if open.bytes + bytes > BATCH_BYTES_MAX || open.is_stored != is_stored {
                open.closed = Some(FlushReason::Bytes);
            }
        }
        if self.open().is_none() {
            let segment = Segment::new(tab_id, entry.seq, head, uptime, is_stored);
            segment.store(None, head, out);
            self.segments.push(segment);
        }
        if let Some(open) = self.open() {
            open.store(Some(entry.seq), &entry.facts, out);
            open.push(entry, bytes);
            if open.entries.len() >= BATCH_EVENTS_MAX {
                open.closed = Some(FlushReason::Count);
            }
        }
        self.enforce_limits(out);
    }

    /// The segment that takes events now; only the last can be one.
    fn open(&mut self) -> Option<&mut Segment> {
        self.segments.last_mut().filter(|segment| segment.closed.is_none())
    }

    /// Takes over what an earlier page left: a head, or an entry whose head came before. What is neither is removed, and
    /// so is what is too old.
    pub fn recover(&mut self, left: &Leftover<'_>, wall: Timestamp, out: &mut Vec<Output>) {
        if self.take(left, wall).is_none() {
            out.push(Output::Store(segment::key(left.tab_id, left.first_seq, left.seq), String::new()));
        }
    }

    fn take(&mut self, left: &Leftover<'_>, wall: Timestamp) -> Option<()> {
        let facts = lines::open(left.text)?;
        let is_its = |segment: &&mut Segment| segment.first_seq == left.first_seq && segment.tab_id == left.tab_id;
        match (self.segments.iter_mut().find(is_its), left.seq) {
            (Some(segment), Some(seq)) => {
                if wall.since(Timestamp(lines::number_at(facts, event::TIME_LINE))) > EVENT_AGE_MS_MAX {
                    self.counters.drop(DropReason::Age, 1);
                    return None;
                }
                segment.append(seq, facts);
            }
            // This page has it in hand.
            (Some(_), None) => {}
            (None, Some(_)) => return None,
            (None, None) => {
                let mut segment = Segment::new(left.tab_id, left.first_seq, facts, Uptime(0), true);
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

    /// Forgets what is stored: the page was kept for back and forward, and another of its tab may have sent that
    /// meanwhile. What is still there is to be recovered.
    pub fn forget_stored(&mut self) {
        self.segments.retain(|segment| !segment.is_stored);
    }

    /// Takes in how long the collector is to be left alone, as it is stored.
    pub fn read(&mut self, breaker: &str) {
        self.breaker.read(breaker);
    }

    /// Closes the open segment, so that it is due.
    pub fn close(&mut self, reason: FlushReason) {
        if let Some(open) = self.open() {
            open.closed = Some(reason);
        }
    }

    /// Lets what is due go: one batch at a time, up to [`LEAVING_REQUESTS_MAX`] while the page is being left.
    pub fn pump(&mut self, moment: &Moment<'_>, is_leaving: bool, session_id: &str, out: &mut Vec<Output>) {
        let (wall, uptime) = (moment.wall, moment.uptime);
        if self.open().is_some_and(|open| open.is_old(uptime)) {
            self.close(FlushReason::Age);
        }
        let wait_ms = self.breaker.wait_ms(wall, session_id);
        self.resume = wait_ms.map(|wait_ms| uptime.after_ms(wait_ms));
        if wait_ms != Some(0) {
            return;
        }
        let most = if is_leaving && self.breaker.is_closed() { LEAVING_REQUESTS_MAX } else { 1 };
        let sums = self.sums();
        let mut room = most.saturating_sub(sums.requests);
        let mut bytes = sums.request_bytes;
        for segment in &mut self.segments {
            if room == 0 || !segment.is_ready() {
                continue;
            }
            if bytes > 0 && bytes + segment.bytes > KEEPALIVE_BYTES_MAX {
                break;
            }
            room -= 1;
            bytes += segment.bytes;
            let batch = BatchId(self.next_batch);
            self.next_batch += 1;
            segment.in_flight = Some(batch);
            self.counters.retried += u64::from(segment.attempts > 0);
            segment.attempts += 1;
            self.breaker.send(wall, out);
            out.push(Output::Send(batch));
        }
    }

    /// Takes the collector's answer to a batch. An answer to a batch that is no longer in flight says nothing.
    pub fn answered(
        &mut self,
        batch: BatchId,
        answer: Answer,
        wall: Timestamp,
        session_id: &str,
        entropy: &mut Entropy,
        out: &mut Vec<Output>,
    ) {
        let Some(index) = self.place(batch) else { return };
        let Some(segment) = self.segments.get_mut(index) else { return };
        let events = segment.batch().len();
        let is_divisible = events > 1;
        segment.in_flight = None;
        match answer {
            Answer::TooLarge | Answer::Refused if is_divisible => segment.batch_events_max = events / 2,
            Answer::Unavailable(_) | Answer::Refused | Answer::Blocked => {
                return self.breaker.fail(wall, answer, session_id, entropy.number(), out);
            }
            _ => {
                if answer == Answer::Accepted {
                    segment.batch_events_max = segment.batch_events_max.saturating_mul(2);
                }
                let left = self.remove(index, events, out);
                match answer {
                    Answer::Accepted => self.counters.sent += left,
                    Answer::TooLarge => {
                        self.counters.drop(DropReason::TooLarge, left);
                        // A collector that finds everything too large is one that fails.
                        return self.breaker.fail(wall, answer, session_id, entropy.number(), out);
                    }
                    _ => self.counters.drop(DropReason::Rejected, left),
                }
            }
        }
        if answer != Answer::Refused {
            self.breaker.close(out);
        }
    }

    /// Removes the first so many events of a segment from memory and storage, and the segment if it has no more; returns
    /// how many that were.
    fn remove(&mut self, index: usize, first: usize, out: &mut Vec<Output>) -> u64 {
        let Some(segment) = self.segments.get_mut(index) else { return 0 };
        let removed = segment.remove(first, out);
        if segment.entries.is_empty() {
            self.segments.remove(index);
        }
        removed
    }

    /// Drops the oldest segments that are over the limits, those with a purchase or a refund last, but none that is open
    /// or in flight.
    fn enforce_limits(&mut self, out: &mut Vec<Output>) {
        loop {
            let sums = self.sums();
            let reason = if sums.bytes > OUTBOX_BYTES_MAX {
                DropReason::Bytes
            } else if sums.events > OUTBOX_EVENTS_MAX {
                DropReason::Count
            } else {
                return;
            };
            let oldest = |is_precious| {
                self.segments.iter().position(|segment| segment.is_ready() && segment.is_precious == is_precious)
            };
            let Some(index) = oldest(false).or_else(|| oldest(true)) else { return };
            let dropped = self.remove(index, usize::MAX, out);
            self.counters.drop(reason, dropped);
        }
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for segment in &self.segments {
            sums.events += segment.entries.len();
            sums.bytes += segment.bytes;
            if segment.is_stored {
                sums.stored_bytes += segment.bytes;
            }
            if segment.in_flight.is_some() {
                sums.requests += 1;
                sums.request_bytes += segment.bytes;
            }
        }
        sums
    }

    fn place(&self, batch: BatchId) -> Option<usize> {
        let is_it = |segment: &Segment| segment.in_flight == Some(batch);
        self.segments.iter().position(is_it)
    }

    /// The segment whose first events are in flight as `batch`.
    pub fn batch(&self, batch: BatchId) -> Option<&Segment> {
        self.segments.get(self.place(batch)?)
    }

    /// What waits, the oldest first, but for what was taken over later.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// How many events wait, those in flight included.
    pub fn waiting(&self) -> u64 {
        self.sums().events as u64
    }

    /// How many batches are in flight.
    pub fn in_flight(&self) -> usize {
        self.sums().requests
    }

    /// When [`pump`](Self::pump) next has something to do by itself.
    pub fn next_wake(&self) -> Option<Uptime> {
        let is_sending = self.in_flight() > 0;
        let at = |segment: &Segment| match segment.closed {
            None => Some(segment.opened.after_ms(BATCH_AGE_MS_MAX)),
            Some(_) if !is_sending && segment.is_ready() => self.resume,
            Some(_) => None,
        };
        self.segments.iter().filter_map(at).min()
    }
}
