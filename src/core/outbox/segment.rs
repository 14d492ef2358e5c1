//! A run of waiting events of one tab and one session: what becomes a batch.

use super::counters::FlushReason;
use super::limits::{BATCH_AGE_MS_MAX, EVENT_AGE_MS_MAX, Room};
use crate::effect::{self, BatchId, Output};
use crate::event::{self, GRANTED};
use crate::layout;
use crate::lines::{self, Lines, SEPARATOR};
use crate::text::{self, json_bytes, push_number};
use crate::time::{Timestamp, Uptime};
use alloc::string::String;
use alloc::vec::Vec;

/// What a batch takes beside its events and what its session's facts are: the device, totals, names, punctuation.
const ENVELOPE_BYTES: usize = 1_800;

/// A chunk that an earlier page left in storage.
#[derive(Clone, Copy, Debug)]
pub struct StoredChunk<'a> {
    /// Its [`key`].
    pub key: &'a str,
    /// What is stored.
    pub text: &'a str,
}

/// Events, each as its facts: lines of [`layout::event`](crate::layout::event), then the session's totals as they were; in
/// the event that begins a session, then those of the session before.
#[derive(Clone, Debug)]
pub struct Events<'a> {
    rest: &'a str,
    most: usize,
}

impl<'a> Iterator for Events<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.most == 0 || self.rest.is_empty() {
            return None;
        }
        self.most -= 1;
        Some(next_part(&mut self.rest))
    }
}

/// Waiting events that leave together.
///
/// What one task of the page adds is stored together, as a chunk: facts with a [`SEPARATOR`] between them, in the first chunk
/// behind the head.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The tab whose events they are.
    pub tab_id: String,
    /// The `seq` of its first event, which names it among the tab's segments.
    pub first_seq: u64,
    /// Their session's [`head`](crate::session::Session::head).
    pub head: String,
    /// The facts of its events, by their `seq`, with a [`SEPARATOR`] behind each.
    facts: String,
    /// How many events that are.
    pub count: usize,
    /// Why it was closed; `None` while it is open.
    pub closed: Option<FlushReason>,
    /// How often it was sent.
    pub attempts: u64,
    /// How many of its events make a batch: as many as the format takes, unless the collector found that too large; then twice
    /// as many after each that it took.
    pub(super) batch_events_max: usize,
    /// Whether it is to be in storage too.
    pub(super) is_stored: bool,
    /// How many bytes of the facts were stored.
    stored: usize,
    /// The storage keys of its chunks, a line each, that of the head first. They stay until all of its events have left.
    keys: Lines,
    /// Whether it has a purchase or a refund: then it is dropped last.
    pub(super) has_revenue: bool,
    /// What it takes as one batch at most. It does not shrink where a part has left.
    pub(super) bytes: usize,
    pub(super) opened: Uptime,
    pub(super) in_flight: Option<BatchId>,
}

impl Segment {
    pub(super) fn new(tab_id: &str, first_seq: u64, head: &str, opened: Uptime, is_stored: bool) -> Self {
        Self {
            tab_id: text::owned(tab_id),
            first_seq,
            head: text::owned(head),
            facts: String::new(),
            count: 0,
            closed: None,
            attempts: 0,
            batch_events_max: 0,
            is_stored,
            stored: 0,
            keys: Lines::default(),
            has_revenue: false,
            bytes: ENVELOPE_BYTES + json_bytes(head),
            opened,
            in_flight: None,
        }
    }

    /// Events that were kept elsewhere, of one tab and one session, as one batch.
    pub fn of<'a>(tab_id: &str, head: &str, events: impl Iterator<Item = &'a str>) -> Self {
        let mut segment = Self::new(tab_id, 0, head, Uptime(0), false);
        segment.batch_events_max = usize::MAX;
        segment.closed = Some(FlushReason::Recovered);
        for facts in events {
            segment.push(facts, 0);
        }
        segment
    }

    /// All its events.
    pub fn events(&self) -> Events<'_> {
        Events { rest: &self.facts, most: usize::MAX }
    }

    /// The events that leave together next.
    pub fn batch(&self) -> Events<'_> {
        Events { rest: &self.facts, most: self.batch_events_max }
    }

    /// How many those are.
    pub fn batch_count(&self) -> usize {
        self.count.min(self.batch_events_max)
    }

    /// Whether a batch of it is on its way.
    pub fn is_in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Adds an event of so many bytes.
    pub(super) fn push(&mut self, facts: &str, bytes: usize) {
        self.has_revenue |= has_revenue(facts);
        self.bytes += bytes;
        self.facts.push_str(facts);
        self.facts.push_str(SEPARATOR_TEXT);
        self.count += 1;
    }

    pub(super) fn is_old(&self, uptime: Uptime) -> bool {
        uptime >= self.opened.after_ms(BATCH_AGE_MS_MAX)
    }

    /// Whether it waits to be sent. A segment whose events were all too old has none left.
    pub(super) fn is_ready(&self) -> bool {
        self.closed.is_some() && self.in_flight.is_none() && self.count > 0
    }

    /// Stores what is not stored yet, as one chunk.
    pub(super) fn store(&mut self, out: &mut Vec<Output>) {
        let added = text::behind(&self.facts, self.stored);
        if added.is_empty() || !self.is_stored {
            return;
        }
        let seq = (self.stored > 0).then(|| lines::number_at(added, layout::event::SEQ));
        let mut lines = String::new();
        if seq.is_none() {
            lines.push_str(&self.head);
            lines.push_str(SEPARATOR_TEXT);
        }
        lines.push_str(text::without_last(added, 1));
        let key = key(&self.tab_id, self.first_seq, seq);
        self.keys.push(&key);
        effect::store(out, &key, &lines::seal(&lines));
        self.stored = self.facts.len();
    }

    /// Takes over the events of a chunk that is stored under this key, unless they are in hand. Returns how many of them are
    /// too old and left out; where none is left, the chunk goes from storage, but for the head, which others need.
    pub(super) fn recover(
        &mut self,
        room: &Room,
        key: &str,
        events: &str,
        wall: Timestamp,
        out: &mut Vec<Output>,
    ) -> u64 {
        if self.has(key) {
            return 0;
        }
        let (mut rest, mut old, before) = (events, 0, self.count);
        while !rest.is_empty() {
            let facts = &migrated(next_part(&mut rest));
            if wall.since(Timestamp(lines::number_at(facts, layout::event::TIME))) > EVENT_AGE_MS_MAX {
                old += 1;
            } else {
                let bytes = (room.event_bytes)(&self.head, facts);
                self.push(facts, bytes);
            }
        }
        self.stored = self.facts.len();
        if self.count == before && !self.keys.text().is_empty() {
            effect::remove(out, key);
        } else {
            self.keys.push(key);
        }
        old
    }

    /// Removes its first so many events, and when none is left, what is stored of it: the head last, so that a crash in
    /// between leaves no event without one. Until then storage has it whole: a page that takes it over after this one sends
    /// again what a collector has taken in parts.
    pub(super) fn remove(&mut self, first: usize, out: &mut Vec<Output>) {
        let mut rest = &*self.facts;
        for _ in 0..first {
            next_part(&mut rest);
        }
        self.facts = text::owned(rest);
        self.stored = self.facts.len();
        self.count -= first;
        let mut keys = self.keys.text();
        if self.count > 0 || keys.is_empty() {
            return;
        }
        let head = lines::next(&mut keys);
        while !keys.is_empty() {
            effect::remove(out, lines::next(&mut keys));
        }
        effect::remove(out, head);
    }

    /// Whether a chunk of it is stored under this key.
    fn has(&self, key: &str) -> bool {
        let mut keys = self.keys.text();
        while !keys.is_empty() {
            if *lines::next(&mut keys) == *key {
                return true;
            }
        }
        false
    }
}

const SEPARATOR_TEXT: &str = "\u{1e}";
const _: () = assert!(SEPARATOR_TEXT.as_bytes()[0] == SEPARATOR);

/// Takes the next part off a stored chunk: the head, where it has that, or the facts of an event.
pub fn next_part<'a>(rest: &mut &'a str) -> &'a str {
    text::take(rest, SEPARATOR)
}

/// An event's facts as they are stored today: before version 5 the totals, which begin with a number, stood where the standing is.
fn migrated(facts: &str) -> String {
    let behind = lines::behind(facts, layout::event::CONSENT);
    let mut migrated = text::owned(facts);
    if text::first_byte(behind) <= b'9' {
        migrated.truncate(facts.len() - behind.len());
        migrated.push_str(GRANTED);
        migrated.push_str(behind);
    }
    migrated
}

/// The storage key of a segment's first chunk, or of another by the `seq` of its first event.
pub fn key(tab_id: &str, first_seq: u64, chunk: Option<u64>) -> String {
    let mut key = text::owned("shopbell.");
    key.push_str(tab_id);
    key.push_str(".");
    push_number(&mut key, first_seq);
    if let Some(chunk) = chunk {
        key.push_str(".");
        push_number(&mut key, chunk);
    }
    key
}

/// Whether an event of these facts is a purchase or a refund.
pub(super) fn has_revenue(facts: &str) -> bool {
    let name = lines::at(facts, layout::event::NAME);
    *name == *event::PURCHASE || *name == *event::REFUND
}
