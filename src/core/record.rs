//! What is stored under the one key that all tabs share.

use crate::id;
use crate::layout::{head, record, totals};
use crate::lines::{self, Lines};
use crate::session::Session;
use alloc::string::String;

/// The storage key of the record.
pub const RECORD_KEY: &str = "shopbell";

/// What a device remembers between pages, one for all tabs of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the device's ids are derived from. It never leaves the device.
    pub seed: String,
    /// The current session, which may have ended by now.
    pub session: Session,
}

/// What stands under [`RECORD_KEY`], as lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRecord<'a>(&'a str);

impl Record {
    /// The record as text.
    pub fn write(&self) -> String {
        let mut lines = Lines::default();
        lines.push(&self.seed);
        self.session.totals.write(&mut lines);
        lines.append(&self.session.head);
        lines::seal(lines.text())
    }
}

impl<'a> StoredRecord<'a> {
    /// Reads a record of this version or an older one; nothing where there is none, or garbage.
    pub fn read(text: &'a str) -> Option<Self> {
        let record = Self(lines::open(text)?);
        let is_whole = !record.seed().is_empty() && lines::at(record.head(), head::ID).len() == id::UUID_CHARS;
        Some(record).filter(|_| is_whole)
    }

    /// See [`Record::seed`].
    pub fn seed(self) -> &'a str {
        lines::at(self.0, record::SEED)
    }

    /// The lines of its session's totals, and behind them the head.
    pub fn totals(self) -> &'a str {
        lines::behind(self.0, record::LINES)
    }

    /// See [`Session::head`].
    pub fn head(self) -> &'a str {
        lines::behind(self.totals(), totals::LINES)
    }
}

/// The device's seed in the record of a later version of the tracker. Such a record is left alone, and no more is known of it.
pub fn newer_seed(text: &str) -> Option<&str> {
    Some(lines::at(lines::open_newer(text)?, record::SEED))
}
