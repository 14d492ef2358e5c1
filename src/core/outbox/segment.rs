//! A run of waiting events of one tab and one session: what becomes a batch.

use super::{BATCH_AGE_MS_MAX, BatchId, FlushReason};
use crate::event;
use crate::lines::{self, kind};
use crate::text::{json_bytes, push_number};
use crate::time::Uptime;
use crate::tracker::Output;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a batch takes beside its events and what its session's facts are: the device, totals, names, punctuation.
const ENVELOPE_BYTES: usize = 1_800;
/// What an event takes beside its facts: its tab, and brackets.
const EVENT_BYTES: usize = 64;

/// A waiting event.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place among the tab's events.
    pub seq: u64,
    /// Its facts: lines of [`event::FIELDS`], then the session's totals as they were; in the event that begins a session,
    /// then those of the session before.
    pub facts: String,
}

/// Waiting events that leave together.
#[derive(Clone, Debug)]
pub struct Segment {
    /// The tab whose events they are.
    pub tab_id: String,
    /// The `seq` of its first event, which names it among the tab's segments.
    pub first_seq: u64,
    /// Their session's [`head`](crate::session::Session::head).
    pub head: String,
    /// The events, by `seq`.
    pub entries: Vec<Entry>,
    /// Why it was closed; `None` while it is open.
    pub closed: Option<FlushReason>,
    /// How often it was sent.
    pub attempts: u64,
    /// How many of its events make a batch: all, unless the collector found that too large; then twice as many after each
    /// that it took.
    pub(super) batch_events_max: usize,
    /// Whether it is in storage too.
    pub(super) is_stored: bool,
    /// Whether it has a purchase or a refund: then it is dropped last.
    pub(super) is_precious: bool,
    /// What it takes as one batch at most. It does not shrink where a part has left.
    pub(super) bytes: usize,
    pub(super) opened: Uptime,
    pub(super) in_flight: Option<BatchId>,
}

impl Segment {
    pub(super) fn new(tab_id: &str, first_seq: u64, head: &str, opened: Uptime, is_stored: bool) -> Self {
        Self {
            tab_id: tab_id.to_string(),
            first_seq,
            head: head.to_string(),
            entries: Vec::new(),
            closed: None,
            attempts: 0,
            batch_events_max: usize::MAX,
            is_stored,
            is_precious: false,
            bytes: ENVELOPE_BYTES + json_bytes(head),
            opened,
            in_flight: None,
        }
    }

    /// The events that leave together next.
    pub fn batch(&self) -> &[Entry] {
        self.entries.get(..self.batch_events_max).unwrap_or(&self.entries)
    }

    /// Adds an event of so many bytes.
    pub(super) fn push(&mut self, entry: Entry, bytes: usize) {
        self.is_precious |= is_precious(&entry.facts);
        self.entries.push(entry);
        self.bytes += bytes;
    }

    /// Adds an event that comes after those that are there; another is in hand already.
    pub(super) fn append(&mut self, seq: u64, facts: &str) {
        if self.entries.last().is_none_or(|last| last.seq < seq) {
            self.push(Entry { seq, facts: facts.to_string() }, entry_bytes(facts));
        }
    }

    pub(super) fn is_old(&self, uptime: Uptime) -> bool {
        uptime >= self.opened.after_ms(BATCH_AGE_MS_MAX)
    }

    /// Whether it waits to be sent. One without events is what is left of events that were too old.
    pub(super) fn is_ready(&self) -> bool {
        self.closed.is_some() && self.in_flight.is_none() && !self.entries.is_empty()
    }

    /// Stores lines as its head, or as its entry of this `seq`; no lines remove that. Nothing, if it is not to be stored.
    pub(super) fn store(&self, seq: Option<u64>, lines: &str, out: &mut Vec<Output>) {
        if self.is_stored {
            let text = if lines.is_empty() { String::new() } else { lines::seal(lines) };
            out.push(Output::Store(key(&self.tab_id, self.first_seq, seq), text));
        }
    }

    /// Removes its first so many events, and its head last if it has no more: a crash in between leaves no entry without
    /// a head. Returns how many that were.
    pub(super) fn remove(&mut self, first: usize, out: &mut Vec<Output>) -> u64 {
        let mut removed = 0;
        while removed < first as u64 && !self.entries.is_empty() {
            let entry = self.entries.remove(0);
            self.store(Some(entry.seq), "", out);
            removed += 1;
        }
        if self.entries.is_empty() {
            self.store(None, "", out);
        }
        removed
    }
}

/// The storage key of a segment's head, or of its entry.
pub fn key(tab_id: &str, first_seq: u64, seq: Option<u64>) -> String {
    let mut key = "shopbell.".to_string();
    key.push_str(tab_id);
    key.push_str(".");
    push_number(&mut key, first_seq);
    if let Some(seq) = seq {
        key.push_str(".");
        push_number(&mut key, seq);
    }
    key
}

/// At most how many bytes an entry takes in a batch of the native format.
pub(super) fn entry_bytes(facts: &str) -> usize {
    let mut bytes = EVENT_BYTES;
    let (mut fields, mut rest) = (event::FIELDS, facts);
    while !fields.is_empty() {
        let (kind, name) = lines::next_field(&mut fields);
        let line = lines::next(&mut rest);
        // Quotes, colon and comma; a text's own quotes.
        bytes += name.len() + 6 + if kind == kind::TEXT { json_bytes(line) } else { line.len() };
    }
    bytes
}

/// Whether an event of these facts is a purchase or a refund.
pub(super) fn is_precious(facts: &str) -> bool {
    let name = lines::at(facts, event::NAME_LINE);
    name == event::PURCHASE || name == event::REFUND
}
