//! What is waiting to be delivered: what is due, in which batch, what an answer means, and when to try again.
//!
//! Waiting events stand in *segments*. A segment has one session and becomes one batch. It is open while events
//! are added, closed when it is full, old or asked for, and leaves when it is acknowledged. What one task of the page adds to
//! it is stored as one *chunk*: the first, with the session's head, under `shopbell.TAB.FIRST` (by the `seq` of its first
//! event), each other under `shopbell.TAB.FIRST.SEQ`. So a task is one write, and costs the same however many events wait.

mod answer;
mod breaker;
mod counters;
mod limits;
mod segment;

use crate::effect::{self, BatchId, Output};
use crate::id::Entropy;
use crate::layout;
use crate::lines;
use crate::text;
use crate::time::{Timestamp, Uptime};
use alloc::vec::Vec;
pub use answer::Answer;
use breaker::Breaker;
pub use breaker::{BACKOFF_MS_BASE, BACKOFF_MS_MAX, BLOCKED_FAILURES, BREAKER_KEY, backoff_ms};
pub use counters::{Counters, DropReason, FlushReason};
pub use limits::{
    ANSWER_MS_MAX, BATCH_AGE_MS_MAX, BATCH_BYTES_MAX, BATCH_EVENTS_MAX, EVENT_AGE_MS_MAX, KEEPALIVE_BYTES_MAX,
    LEAVING_EVENTS_MAX, LEAVING_REQUESTS_MAX, OUTBOX_BYTES_MAX, OUTBOX_EVENTS_MAX, Room, STORED_BYTES_MAX,
};
pub use segment::{Events, Segment, StoredChunk, key, next_part};

/// What waits, added up.
#[derive(Default)]
struct Sums {
    events: usize,
    bytes: usize,
    requests: usize,
    request_bytes: usize,
}

/// What waits.
#[derive(Debug, Default)]
pub struct Outbox {
    /// What became of events so far.
    pub counters: Counters,
    pub(crate) room: Room,
    segments: Vec<Segment>,
    next_batch: u32,
    breaker: Breaker,
    /// When the collector may be asked again: not before the end of time for as long as the session lasts.
    resume: Uptime,
}

impl Outbox {
    /// Adds an event of these facts and of the session with this head, from the tab called `tab_id`. It is stored with
    /// [`store`](Self::store).
    pub fn push(&mut self, tab_id: &str, head: &str, facts: &str, uptime: Uptime, out: &mut Vec<Output>) {
        let bytes = (self.room.event_bytes)(head, facts);
        let is_stored = segment::has_revenue(facts) || self.sums().bytes < STORED_BYTES_MAX;
        if let Some(open) = self.open() {
            if open.head != head {
                open.closed = Some(FlushReason::Rollover);
            } else if open.bytes + bytes > BATCH_BYTES_MAX || open.is_stored != is_stored {
                open.closed = Some(FlushReason::Bytes);
            }
        }
        if self.open().is_none() {
            let seq = lines::number_at(facts, layout::event::SEQ);
            self.begin(Segment::new(tab_id, seq, head, uptime, is_stored));
        }
        let events_max = self.room.events_max;
        if let Some(open) = self.open() {
            open.push(facts, bytes);
            if open.count >= events_max {
                open.closed = Some(FlushReason::Count);
            }
        }
        self.enforce_limits(out);
    }

    /// Stores what was added since, a chunk a segment.
    pub fn store(&mut self, out: &mut Vec<Output>) {
        for segment in &mut self.segments {
            segment.store(out);
        }
    }

    /// The segment that takes events now; only the last can be one.
    fn open(&mut self) -> Option<&mut Segment> {
        self.segments.last_mut().filter(|segment| segment.closed.is_none())
    }

    /// Begins a segment behind the others, but in front of the open one.
    #[inline(never)]
    fn begin(&mut self, mut segment: Segment) -> Option<&mut Segment> {
        segment.batch_events_max = self.room.events_max;
        let index = self.segments.len() - usize::from(self.open().is_some());
        self.segments.insert(index, segment);
        self.segments.get_mut(index)
    }

    /// Takes over a chunk that an earlier page left; the one with the head must come first. What cannot be read, or is too
    /// old, is removed and counted; what a later version has written stays where it is.
    pub fn recover(&mut self, key: &str, text: &str, wall: Timestamp, out: &mut Vec<Output>) {
        let opened = lines::open(text);
        let room = self.room;
        let segment = opened.and_then(|mut events| Some((self.segment_of(key, &mut events)?, events)));
        if let Some((segment, events)) = segment {
            let old = segment.recover(&room, key, events, wall, out);
            self.counters.drop(DropReason::Age, old);
        } else if lines::open_newer(text).is_none() {
            self.counters.drop(DropReason::Unreadable, 1);
            effect::remove(out, key);
        }
    }

    /// The segment that a chunk belongs to. The chunk with the head begins it, if it is not in hand; takes the head off `rest`.
    fn segment_of(&mut self, key: &str, rest: &mut &str) -> Option<&mut Segment> {
        let (mut seq, dot) = (key, b'.');
        let _shopbell = text::take(&mut seq, dot);
        let tab_id = text::take(&mut seq, dot);
        let first_seq = text::number(text::take(&mut seq, dot));
        let head = if seq.is_empty() { segment::next_part(rest) } else { "" };
        let is_its = |segment: &Segment| segment.first_seq == first_seq && *segment.tab_id == *tab_id;
        let found = self.segments.iter().position(is_its);
        if found.is_none() && seq.is_empty() {
            let mut segment = Segment::new(tab_id, first_seq, head, Uptime(0), true);
            segment.closed = Some(FlushReason::Recovered);
            return self.begin(segment);
        }
        self.segments.get_mut(found?)
    }

    /// Removes segments of which nothing is left but their heads: all has come that earlier pages left.
    pub fn remove_empty(&mut self, out: &mut Vec<Output>) {
        while let Some(index) = self.segments.iter().position(|segment| segment.count == 0) {
            self.remove(index, 0, out);
        }
    }

    /// Forgets what is stored: the page was kept for back and forward, and another of its tab may have sent that
    /// meanwhile. What is still there is to be recovered.
    pub fn forget_stored(&mut self) {
        while let Some(index) = self.segments.iter().position(|segment| segment.is_stored) {
            self.segments.remove(index);
        }
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

    /// Lets what is due go: one batch at a time, more while the page is being left.
    pub fn send_due(
        &mut self,
        (wall, uptime): (Timestamp, Uptime),
        is_leaving: bool,
        session_id: &str,
        out: &mut Vec<Output>,
    ) {
        if self.open().is_some_and(|open| open.is_old(uptime)) {
            self.close(FlushReason::Age);
        }
        let wait_ms = self.breaker.wait_ms(wall, session_id);
        self.resume = uptime.after_ms(wait_ms);
        if wait_ms > 0 {
            return;
        }
        let most = if is_leaving && self.breaker.is_closed() { self.room.leaving_requests_max() } else { 1 };
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

    /// The page is left: it hears no more answers.
    pub fn leave(&mut self, wall: Timestamp, entropy: &mut Entropy, out: &mut Vec<Output>) {
        self.breaker.leave(wall, entropy.number(), out);
    }

    /// Takes the collector's answer to a batch, as lines of [`layout::answered`]. An answer to a batch that is no longer in
    /// flight says nothing.
    pub fn answered(
        &mut self,
        lines: &str,
        wall: Timestamp,
        session_id: &str,
        entropy: &mut Entropy,
        out: &mut Vec<Output>,
    ) {
        let batch = BatchId(lines::number_at(lines, layout::answered::BATCH) as u32);
        let answer = Answer::read(lines);
        let is_it = |segment: &Segment| segment.in_flight == Some(batch);
        let Some(index) = self.segments.iter().position(is_it) else { return };
        let Some(segment) = self.segments.get_mut(index) else { return };
        let events = segment.batch_count();
        let is_divisible = events > 1;
        segment.in_flight = None;
        match answer {
            Answer::TooLarge | Answer::Refused if is_divisible => segment.batch_events_max = events / 2,
            Answer::Accepted => {
                segment.batch_events_max = (segment.batch_events_max * 2).min(self.room.events_max);
                self.remove(index, events, out);
                self.counters.sent += events as u64;
            }
            Answer::Rejected => {
                self.remove(index, events, out);
                self.counters.drop(DropReason::Rejected, events as u64);
            }
            Answer::TooLarge => {
                self.remove(index, events, out);
                self.counters.drop(DropReason::TooLarge, events as u64);
                // A collector that finds everything too large is one that fails.
                return self.breaker.fail(wall, answer, session_id, entropy.number(), out);
            }
            Answer::Unavailable(_) | Answer::Refused | Answer::Blocked => {
                return self.breaker.fail(wall, answer, session_id, entropy.number(), out);
            }
        }
        if answer != Answer::Refused {
            self.breaker.close(out);
        }
    }

    /// Removes the first so many events of a segment, and the segment if it has no more.
    fn remove(&mut self, index: usize, first: usize, out: &mut Vec<Output>) {
        let Some(segment) = self.segments.get_mut(index) else { return };
        segment.remove(first, out);
        if segment.count == 0 {
            self.segments.remove(index);
        }
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
            let Some(index) = self.oldest(false).or_else(|| self.oldest(true)) else { return };
            let events = self.segments[index].count;
            self.remove(index, events, out);
            self.counters.drop(reason, events as u64);
        }
    }

    /// The oldest segment that waits to be sent and has a purchase or a refund, or has none.
    fn oldest(&self, has_revenue: bool) -> Option<usize> {
        self.segments.iter().position(|segment| segment.is_ready() && segment.has_revenue == has_revenue)
    }

    fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for segment in &self.segments {
            sums.events += segment.count;
            sums.bytes += segment.bytes;
            if segment.in_flight.is_some() {
                sums.requests += 1;
                sums.request_bytes += segment.bytes;
            }
        }
        sums
    }

    /// The segment whose first events are in flight as `batch`.
    pub fn batch(&self, batch: BatchId) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.in_flight == Some(batch))
    }

    /// What was added last and is not in flight.
    pub fn unsent(&self) -> Option<&Segment> {
        self.segments.iter().rfind(|segment| segment.in_flight.is_none())
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

    /// When [`send_due`](Self::send_due) next has something to do by itself: the open segment is old by then, or the wait after
    /// a failure over.
    pub fn wake_at(&self) -> Option<Uptime> {
        let mut wake = Uptime(u64::MAX);
        if let Some(open) = self.segments.last().filter(|segment| segment.closed.is_none()) {
            wake = open.opened.after_ms(BATCH_AGE_MS_MAX);
        }
        if self.in_flight() == 0 && self.segments.iter().any(Segment::is_ready) {
            wake = wake.min(self.resume);
        }
        Some(wake).filter(|wake| *wake < Uptime(u64::MAX))
    }
}
