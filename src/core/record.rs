//! What is stored, and under which keys: the record that all tabs share, and the outbox's entries.

use crate::id;
use crate::lines::{self, Lines};
use crate::session::{Session, Totals};
use crate::text;
use crate::time::Timestamp;
use alloc::string::{String, ToString};

/// The storage key of the record.
pub const RECORD_KEY: &str = "shopbell";
/// What the key of every outbox entry begins with.
const ENTRY_PREFIX: &str = "shopbell.";

/// What a device remembers between pages, one for all tabs of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the device's ids are derived from. It never leaves the device.
    pub seed: String,
    /// The current session, which may have ended by now.
    pub session: Session,
}

impl Record {
    /// The record as text.
    pub fn write(&self) -> String {
        let mut lines = Lines::default();
        lines.push(&self.seed);
        lines.push_number(self.session.last_activity.0);
        self.session.totals.write(&mut lines);
        let mut text = lines.into_text();
        text.push_str(&self.session.head);
        lines::seal(&text)
    }

    /// The record in `text`, if that is one.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = lines::open(text)?;
        let seed = lines::next(&mut rest);
        let last_activity = Timestamp(lines::next_number(&mut rest));
        let totals = Totals::read(&mut rest);
        let session = Session::read(rest, last_activity, totals);
        let is_whole = !seed.is_empty() && session.id().len() == id::UUID_CHARS;
        is_whole.then(|| Self { seed: seed.to_string(), session })
    }
}

/// The key of an outbox segment's head or of one of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// The tab that wrote it.
    pub tab_id: &'a str,
    /// The segment's number in that tab.
    pub segment: u64,
    /// The event's place in the tab; `None` for a head.
    pub seq: Option<u64>,
}

impl<'a> Key<'a> {
    /// Takes a storage key apart; `None` for a key that is none of the outbox's.
    pub fn read(key: &'a str) -> Option<Self> {
        let (tab_id, rest) = text::cut(key.strip_prefix(ENTRY_PREFIX)?, b'.')?;
        let segment = text::before(rest, b'.');
        let seq = match text::cut(rest, b'.') {
            Some((_, seq)) => Some(text::read_number(seq)?),
            None => None,
        };
        Some(Self { tab_id, segment: text::read_number(segment)?, seq })
    }

    /// The storage key.
    pub fn write(self) -> String {
        let mut key = ENTRY_PREFIX.to_string();
        key.push_str(self.tab_id);
        key.push_str(".");
        text::push_number(&mut key, self.segment);
        if let Some(seq) = self.seq {
            key.push_str(".");
            text::push_number(&mut key, seq);
        }
        key
    }
}
