//! The session as a page sees it: the twin at the edge of the core's types, which are not serialisable by design.

use serde::ser::{Serialize, SerializeMap, Serializer};
use shopbell_core::attribution;
use shopbell_core::event::Money;
use shopbell_core::lines::{self, Field, Kind, Lines};
use shopbell_core::session::{DEVICE_LINE, HEAD_FIELDS, TOTALS_FIELDS};
use shopbell_core::text::read_number;
use shopbell_core::tracker::Tracker;

/// What a snapshot has beside the facts that native batches have: when the session was last active and ends if
/// nothing more happens, where its state is kept, and what became of events on this page.
const STATE_FIELDS: [Field; 8] = [
    ("device_id", Kind::Text),
    ("last_activity_at", Kind::Number),
    ("expires_at", Kind::Number),
    ("storage", Kind::Text),
    ("waiting", Kind::Number),
    ("sent", Kind::Number),
    ("retried", Kind::Number),
    ("dropped", Kind::Number),
];

/// An object of facts, named as on the wire; times are Unix milliseconds.
pub(crate) struct Snapshot {
    facts: Vec<(&'static [Field], String)>,
    objects: Vec<(&'static str, Snapshot)>,
}

impl Snapshot {
    pub(crate) fn of(tracker: &Tracker, storage: &str) -> Option<Self> {
        let session = tracker.session()?;
        let counters = tracker.counters();
        let mut state = Lines::default();
        state.push(lines::at(&session.head, DEVICE_LINE));
        state.push_number(session.last_activity.0);
        state.push_number(tracker.expires().0);
        state.push(storage);
        state.push_number(tracker.waiting());
        state.push_number(counters.sent);
        state.push_number(counters.retried);
        state.push_number(counters.dropped());
        let mut totals = Lines::default();
        session.totals.write(&mut totals);
        Some(Self {
            facts: vec![(&HEAD_FIELDS, session.head.clone()), (&STATE_FIELDS, state.into_text())],
            objects: vec![
                ("source", Self::plain(&attribution::FIELDS, session.source().to_owned())),
                ("totals", Self::plain(&TOTALS_FIELDS, totals.into_text())),
            ],
        })
    }

    fn plain(fields: &'static [Field], facts: String) -> Self {
        Self { facts: vec![(fields, facts)], objects: Vec::new() }
    }
}

impl Serialize for Snapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut result = Ok(());
        for (fields, facts) in &self.facts {
            lines::each(fields, facts, &mut |name, kind, line| {
                let number = read_number(line).unwrap_or_default() as f64;
                let written = match kind {
                    Kind::Unsent => Ok(()),
                    Kind::Text | Kind::Json => map.serialize_entry(name, line),
                    Kind::Number => map.serialize_entry(name, &number),
                    Kind::Money => map.serialize_entry(name, &(number / Money::PER_UNIT as f64)),
                };
                if written.is_err() {
                    result = written;
                }
            });
        }
        result?;
        for (name, object) in &self.objects {
            map.serialize_entry(name, object)?;
        }
        map.end()
    }
}
