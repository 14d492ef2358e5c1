//! The session as a page sees it: the twin at the edge of the core's types, which are not serialisable by design.

use serde::ser::{Serialize, SerializeSeq, Serializer};
use shopbell_core::attribution;
use shopbell_core::event::Money;
use shopbell_core::lines::{self, Field, Kind, Lines};
use shopbell_core::session::{DEVICE_LINE, HEAD_FIELDS, TOTALS_FIELDS};
use shopbell_core::text::read_number;
use shopbell_core::tracker::Tracker;

/// What a snapshot has beside the facts that native batches have: when the session was last active and ends if
/// nothing more happens, where its state is kept, and what became of events on this page.
static STATE_FIELDS: [Field; 8] = [
    ("device_id", Kind::Text),
    ("last_activity_at", Kind::Number),
    ("expires_at", Kind::Number),
    ("storage", Kind::Text),
    ("waiting", Kind::Number),
    ("sent", Kind::Number),
    ("retried", Kind::Number),
    ("dropped", Kind::Number),
];

/// The session's facts as lines, named as on the wire; times are Unix milliseconds.
///
/// It serialises as a list of names, each with its value behind it. A name with no value is that of an object which
/// has the facts that follow, the empty name that of the session itself. The package makes objects of it, which
/// JavaScript does in fewer bytes.
pub(crate) struct Snapshot(String);

impl Snapshot {
    pub(crate) fn of(tracker: &Tracker, storage: &str) -> Option<Self> {
        let session = tracker.session()?;
        let counters = tracker.counters();
        let mut facts = Lines::default();
        facts.append(&session.head);
        session.totals.write(&mut facts);
        facts.push(lines::at(&session.head, DEVICE_LINE));
        facts.push_number(session.last_activity.0);
        facts.push_number(tracker.expires().0);
        facts.push(storage);
        facts.push_number(tracker.waiting());
        facts.push_number(counters.sent);
        facts.push_number(counters.retried);
        facts.push_number(counters.dropped());
        Some(Self(facts.into_text()))
    }
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let groups: [(&str, &[Field]); 4] =
            [("", &HEAD_FIELDS), ("source", &attribution::FIELDS), ("totals", &TOTALS_FIELDS), ("", &STATE_FIELDS)];
        let mut list = serializer.serialize_seq(None)?;
        let mut rest = self.0.as_str();
        for (object, fields) in groups {
            list.serialize_element(object)?;
            list.serialize_element(&())?;
            for (name, kind) in fields {
                let line = lines::next(&mut rest);
                if *kind == Kind::Unsent {
                    continue;
                }
                list.serialize_element(name)?;
                if *kind == Kind::Text {
                    list.serialize_element(line)?;
                    continue;
                }
                let number = read_number(line).unwrap_or_default() as f64;
                let unit = if *kind == Kind::Money { Money::PER_UNIT as f64 } else { 1.0 };
                list.serialize_element(&(number / unit))?;
            }
        }
        list.end()
    }
}
