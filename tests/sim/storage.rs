//! localStorage as the tabs of an origin see it.
//!
//! Browsers keep a copy in each renderer process: a tab sees its own writes at once and those of others after a delay,
//! in the order in which the browser took them.

use crate::chunk;
use crate::early::Kept;
use crate::plan::TABS_MAX;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A write: when, by which tab, and what.
struct Write {
    at: u64,
    tab: usize,
    text: Rc<str>,
}

/// A text that all tabs share.
#[derive(Default)]
pub struct Shared {
    writes: Vec<Write>,
    /// How many writes each tab has seen: what was seen is not unseen.
    seen: [usize; TABS_MAX],
}

impl Shared {
    /// The text as a tab sees it at `now`, where writes of others take `delay_ms` to show.
    pub fn read(&mut self, tab: usize, now: u64, delay_ms: u64) -> Rc<str> {
        let shows = |write: &Write| write.tab == tab || write.tab == NOBODY || write.at + delay_ms <= now;
        let count = self.writes.iter().rposition(shows).map_or(0, |place| place + 1);
        let count = self.seen.get_mut(tab).map_or(count, |seen| {
            *seen = count.max(*seen);
            *seen
        });
        count.checked_sub(1).map_or_else(|| "".into(), |place| Rc::clone(&self.writes[place].text))
    }

    /// Writes it.
    pub fn write(&mut self, tab: usize, now: u64, text: Rc<str>) {
        self.writes.push(Write { at: now, tab, text });
    }

    /// What it was so many writes ago.
    pub fn earlier(&self, writes_ago: usize) -> Option<Rc<str>> {
        let place = self.writes.len().checked_sub(1 + writes_ago)?;
        Some(Rc::clone(&self.writes[place].text))
    }
}

/// The storage of the origin.
#[derive(Default)]
pub struct Storage {
    /// The record.
    pub record: Shared,
    /// How long the collector is left alone.
    pub breaker: Shared,
    /// The outbox. No two living tabs share a key here.
    pub entries: BTreeMap<String, String>,
    /// Pages that were left before they had a tracker.
    pub early: Vec<Kept>,
    /// Whether it takes nothing more.
    pub is_full: bool,
}

impl Storage {
    /// Whether an event stands in a chunk of this segment.
    pub fn has(&self, tab: &str, first_seq: u64, id: &str) -> bool {
        let is_its = |key: &str| chunk::parts(key).is_some_and(|(name, first, _)| name == tab && first == first_seq);
        let mut chunks = self.entries.iter().filter(|(key, _)| is_its(key));
        chunks.any(|(key, text)| chunk::ids(key, text).iter().any(|other| other == id))
    }
}

/// Who writes where nobody of the tabs does: the visitor, or chance.
pub const NOBODY: usize = usize::MAX;

impl Storage {
    /// Removes everything.
    pub fn wipe(&mut self, now: u64) {
        self.entries.clear();
        self.early.clear();
        self.record.write(NOBODY, now, Rc::from(""));
        self.breaker.write(NOBODY, now, Rc::from(""));
    }
}
