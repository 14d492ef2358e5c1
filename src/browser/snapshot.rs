//! The session as a page sees it: the twin at the edge of the core's types, which are not serialisable by design.

use serde::ser::{Serialize, Serializer};
use shopbell_core::attribution;
use shopbell_core::event::Money;
use shopbell_core::lines::{self, Field, Kind, Lines};
use shopbell_core::session::{DEVICE_LINE, HEAD_FIELDS, Session, TOTALS_FIELDS};
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

/// The session's facts, named as on the wire; times are Unix milliseconds.
///
/// It serialises as a list of names, each with its value behind it; a name with no value is that of an object which
/// has the facts that follow. The package makes objects of it, which JavaScript does in fewer bytes.
pub(crate) struct Snapshot<'a> {
    tracker: &'a Tracker,
    session: &'a Session,
    storage: &'a str,
}

impl<'a> Snapshot<'a> {
    pub(crate) fn of(tracker: &'a Tracker, storage: &'a str) -> Option<Self> {
        Some(Self { tracker, session: tracker.session()?, storage })
    }

    fn state(&self) -> Lines {
        let counters = self.tracker.counters();
        let mut state = Lines::default();
        state.push(lines::at(&self.session.head, DEVICE_LINE));
        state.push_number(self.session.last_activity.0);
        state.push_number(self.tracker.expires().0);
        state.push(self.storage);
        state.push_number(self.tracker.waiting());
        state.push_number(counters.sent);
        state.push_number(counters.retried);
        state.push_number(counters.dropped());
        state
    }
}

impl Serialize for Snapshot<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut totals = Lines::default();
        self.session.totals.write(&mut totals);
        let state = self.state();
        let mut list = Vec::new();
        let source = push_facts(&mut list, &HEAD_FIELDS, &self.session.head);
        push_facts(&mut list, &STATE_FIELDS, state.text());
        for (name, fields, facts) in
            [("source", &attribution::FIELDS, source), ("totals", &TOTALS_FIELDS, totals.text())]
        {
            list.push(Value::Text(name));
            list.push(Value::None);
            push_facts(&mut list, fields, facts);
        }
        serializer.collect_seq(list)
    }
}

/// Adds a name and a value for each fact; returns the lines that are left over.
fn push_facts<'a>(list: &mut Vec<Value<'a>>, fields: &[Field], facts: &'a str) -> &'a str {
    let mut rest = facts;
    for (name, kind) in fields {
        let line = lines::next(&mut rest);
        let number = read_number(line).unwrap_or_default() as f64;
        let value = match kind {
            Kind::Unsent => continue,
            Kind::Text | Kind::Json => Value::Text(line),
            Kind::Number => Value::Number(number),
            Kind::Money => Value::Number(number / Money::PER_UNIT as f64),
        };
        list.push(Value::Text(name));
        list.push(value);
    }
    rest
}

enum Value<'a> {
    Text(&'a str),
    Number(f64),
    None,
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::None => serializer.serialize_unit(),
        }
    }
}
