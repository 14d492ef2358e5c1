//! A run of waiting events of one tab and one session: what becomes a batch.

use super::counters::FlushReason;
use super::limits::BATCH_AGE_MS_MAX;
use crate::effect::{BatchId, Output};
use crate::event;
use crate::layout;
use crate::lines::{self, SEPARATOR, kind};
use crate::text::{self, json_bytes, push_number};
use crate::time::Uptime;
use alloc::string::String;
use alloc::vec::Vec;

/// What a batch takes beside its events and what its session's facts are: the device, totals, names, punctuation.
const ENVELOPE_BYTES: usize = 1_800;
/// What an event takes beside its facts: its tab, and brackets.
const EVENT_BYTES: usize = 48;

/// A chunk that an earlier page left in storage.
#[derive(Clone, Copy, Debug)]
pub struct StoredChunk<'a> {
    /// The tab that wrote it.
    pub tab_id: &'a str,
    /// The segment, by the `seq` of its first event.
    pub first_seq: u64,
    /// The chunk's first event; `None` for the chunk that begins with the segment's head.
    pub seq: Option<u64>,
    /// What is stored.
    pub text: &'a str,
}

/// A waiting event.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its index among the tab's events.
    pub seq: u64,
    /// Its facts: lines of [`layout::event`](crate::layout::event), then the session's totals as they were; in the event
    /// that begins a session, then those of the session before.
    pub facts: String,
    /// The stored chunk that it is in, by the `seq` of that chunk's first event.
    pub(super) chunk: Option<u64>,
}

impl Entry {
    /// An event that is not stored yet.
    pub fn new(seq: u64, facts: String) -> Self {
        Self { seq, facts, chunk: None }
    }
}

/// Waiting events that leave together.
///
/// What one task of the page adds is stored together, as a chunk: facts with a [`SEPARATOR`] in front of each. In the first
/// chunk the head comes first.
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
            entries: Vec::new(),
            closed: None,
            attempts: 0,
            batch_events_max: usize::MAX,
            is_stored,
            has_revenue: false,
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
        self.has_revenue |= has_revenue(&entry.facts);
        self.entries.push(entry);
        self.bytes += bytes;
    }

    pub(super) fn is_old(&self, uptime: Uptime) -> bool {
        uptime >= self.opened.after_ms(BATCH_AGE_MS_MAX)
    }

    /// Whether it waits to be sent. A segment whose events were all too old has none left.
    pub(super) fn is_ready(&self) -> bool {
        self.closed.is_some() && self.in_flight.is_none() && !self.entries.is_empty()
    }

    /// Stores what is not stored yet, as one chunk.
    pub(super) fn store(&mut self, out: &mut Vec<Output>) {
        let is_new = |entry: &&mut Entry| entry.chunk.is_none();
        let mut added = self.entries.iter_mut().filter(is_new);
        let Some(first) = added.next().filter(|_| self.is_stored) else { return };
        let chunk = first.seq;
        first.chunk = Some(chunk);
        for entry in added {
            entry.chunk = Some(chunk);
        }
        self.write_chunk(chunk, out);
    }

    /// Adds an event of a stored chunk.
    pub(super) fn append(&mut self, seq: u64, facts: &str, chunk: u64) {
        let entry = Entry { seq, facts: text::owned(facts), chunk: Some(chunk) };
        self.push(entry, entry_bytes(facts));
    }

    /// Brings a chunk that was read to where this version keeps it. Version 3 had a segment's first event under a key of
    /// its own; and of a chunk whose events were all too old, nothing stays.
    pub(super) fn settle_chunk(&self, seq: Option<u64>, out: &mut Vec<Output>) {
        let chunk = seq.unwrap_or(self.first_seq);
        if seq == Some(self.first_seq) {
            self.write_chunk(chunk, out);
            out.push(Output::Store(key(&self.tab_id, self.first_seq, seq), String::new()));
        } else if seq.is_some() && !self.entries.iter().any(|entry| entry.chunk == seq) {
            self.write_chunk(chunk, out);
        }
    }

    /// Writes a chunk as it is now; one that has neither events nor the head of others is removed.
    fn write_chunk(&self, chunk: u64, out: &mut Vec<Output>) {
        let mut lines = String::new();
        let has_head = chunk == self.first_seq;
        if has_head && !self.entries.is_empty() {
            lines.push_str(&self.head);
        }
        for entry in &self.entries {
            if entry.chunk == Some(chunk) {
                if has_head || !lines.is_empty() {
                    lines.push_str(SEPARATOR_TEXT);
                }
                lines.push_str(&entry.facts);
            }
        }
        let text = if lines.is_empty() { lines } else { lines::seal(&lines) };
        out.push(Output::Store(key(&self.tab_id, self.first_seq, (!has_head).then_some(chunk)), text));
    }

    /// Removes its first so many events, and its head last if it has no more: a crash in between leaves no event without
    /// a head. Returns how many that were.
    pub(super) fn remove(&mut self, first: usize, out: &mut Vec<Output>) -> u64 {
        let mut removed = 0;
        let mut has_head_changed = false;
        while removed < first as u64 && !self.entries.is_empty() {
            let chunk = self.entries.remove(0).chunk;
            removed += 1;
            let is_last = removed == first as u64 || self.entries.first().is_none_or(|next| next.chunk != chunk);
            has_head_changed |= chunk == Some(self.first_seq);
            if let Some(chunk) = chunk.filter(|chunk| is_last && *chunk != self.first_seq) {
                self.write_chunk(chunk, out);
            }
        }
        if self.is_stored && (has_head_changed || self.entries.is_empty()) {
            self.write_chunk(self.first_seq, out);
        }
        removed
    }
}

const SEPARATOR_TEXT: &str = "\u{1e}";
const _: () = assert!(SEPARATOR_TEXT.as_bytes()[0] == SEPARATOR);

/// Takes the next part off a stored chunk: the head, where it has that, or the facts of an event.
pub fn next_part<'a>(rest: &mut &'a str) -> &'a str {
    text::take(rest, SEPARATOR)
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

/// At most how many bytes an entry takes in a batch of the native format.
pub(super) fn entry_bytes(facts: &str) -> usize {
    let mut bytes = EVENT_BYTES;
    let (mut fields, mut rest) = (layout::event::FIELDS, facts);
    while !fields.is_empty() {
        let (kind, name) = lines::next_field(&mut fields);
        let line = lines::next(&mut rest);
        // Quotes, colon and comma; a text's own quotes.
        bytes += name.len() + 6 + if kind == kind::TEXT { json_bytes(line) } else { line.len() };
    }
    bytes
}

/// Whether an event of these facts is a purchase or a refund.
pub(super) fn has_revenue(facts: &str) -> bool {
    let name = lines::at(facts, layout::event::NAME);
    *name == *event::PURCHASE || *name == *event::REFUND
}
