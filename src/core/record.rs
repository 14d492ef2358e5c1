//! What is stored under the one key that all tabs share.

use crate::id;
use crate::lines::{self, Lines};
use crate::session::{Session, Totals};
use alloc::string::{String, ToString};

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

impl Record {
    /// The record as text.
    pub fn write(&self) -> String {
        let mut lines = Lines::default();
        lines.push(&self.seed);
        self.session.totals.write(&mut lines);
        lines.append(&self.session.head);
        lines::seal(lines.text())
    }

    /// The record in `text`, if that is one.
    pub fn read(text: &str) -> Option<Self> {
        let mut rest = lines::open(text)?;
        let seed = lines::next(&mut rest).to_string();
        let totals = Totals::read(&mut rest);
        let session = Session { head: rest.to_string(), totals };
        let is_whole = !seed.is_empty() && session.id().len() == id::UUID_CHARS;
        is_whole.then_some(Self { seed, session })
    }
}
