//! What is stored under the one key that all tabs share.

use crate::id;
use crate::layout;
use crate::lines::{self, Lines, Opened};
use crate::session::{Session, Totals};
use crate::text::owned;
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

/// What stands under [`RECORD_KEY`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored<'a> {
    /// A record, of this version or an older one.
    Record(Record),
    /// The record of a later version of the tracker. It is left alone; of it only the device's seed is known.
    Newer(&'a str),
    /// Nothing, or garbage.
    Nothing,
}

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

impl<'a> Stored<'a> {
    /// Reads what is stored.
    pub fn read(text: &'a str) -> Self {
        let mut rest = match lines::open(text) {
            Opened::Lines(lines) => lines,
            Opened::Newer(lines) => return Self::Newer(lines::at(lines, layout::record::SEED)),
            Opened::Garbage => return Self::Nothing,
        };
        let seed = owned(lines::next(&mut rest));
        let totals = Totals::read(&mut rest);
        let session = Session { head: owned(rest), totals };
        if seed.is_empty() || session.id().len() != id::UUID_CHARS {
            return Self::Nothing;
        }
        Self::Record(Record { seed, session })
    }
}
