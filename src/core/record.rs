//! The stored text: the record that all tabs share, and the outbox's entries. Both ways.
//!
//! One value a line. Values hold no control characters (see [`text::clean`](crate::text::clean)), so nothing is
//! escaped. The first line names the version and has a fingerprint of the rest; text of another version, cut
//! short, altered, or with a value out of its range is no record at all.

use crate::attribution::{Channel, Source};
use crate::event::{Event, FunnelStep, Money};
use crate::id::{self, Uuid};
use crate::session::{Rollover, Session, Totals};
use crate::text;
use crate::time::{CivilDay, Timestamp};
use alloc::string::{String, ToString};
use core::str::Split;

/// The storage key of the record.
pub const RECORD_KEY: &str = "shopbell";
/// What the key of every outbox entry begins with.
pub const ENTRY_PREFIX: &str = "shopbell.";

/// Longest text that is read at all, in bytes; the longest that is written has about half of it.
pub const TEXT_BYTES_MAX: usize = 32_768;

const VERSION: &str = "shopbell/1 ";
/// Largest number read: what JavaScript counts exactly, and far from where sums overflow.
const NUMBER_MAX: u64 = 1 << 53;

/// What a device remembers between pages, one for all tabs of an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What the device's ids are derived from. It never leaves the device.
    pub seed: [u64; 2],
    /// The current session, which may have ended by now.
    pub session: Session,
}

/// The record as text.
pub fn write_record(record: &Record) -> String {
    let mut lines = Lines::new();
    for word in record.seed {
        lines.hex(word);
    }
    lines.session(&record.session);
    lines.sealed()
}

/// The record in `text`, if that is one.
pub fn read_record(text: &str) -> Option<Record> {
    let mut fields = Fields::new(text)?;
    let record = Record {
        seed: [fields.hex()?, fields.hex()?],
        session: fields.session()?,
    };
    fields.end(record)
}

/// The head of an outbox segment as text: the session that its events belong to.
pub fn write_head(session: &Session) -> String {
    let mut lines = Lines::new();
    lines.session(session);
    lines.sealed()
}

/// The session in the head of a segment, if `text` is one.
pub fn read_head(text: &str) -> Option<Session> {
    let mut fields = Fields::new(text)?;
    let session = fields.session()?;
    fields.end(session)
}

/// A waiting event as text, with the session's totals as they were when it happened.
pub fn write_entry(event: &Event, totals: &Totals) -> String {
    let mut lines = Lines::new();
    lines.id(Some(event.id));
    lines.text(&event.name);
    lines.number(event.time.0);
    lines.number(event.offset_ms);
    lines.text(&event.page_id);
    lines.number(event.seq);
    lines.text(&event.url);
    lines.text(&event.title);
    lines.text(&event.props);
    lines.totals(totals);
    lines.sealed()
}

/// The waiting event in `text`, if that is one.
pub fn read_entry(text: &str) -> Option<(Event, Totals)> {
    let mut fields = Fields::new(text)?;
    let event = Event {
        id: fields.id()??,
        name: fields.text()?,
        time: Timestamp(fields.number()?),
        offset_ms: fields.number()?,
        page_id: fields.text()?,
        seq: fields.number()?,
        url: fields.text()?,
        title: fields.text()?,
        props: fields.text()?,
    };
    let totals = fields.totals()?;
    fields.end((event, totals))
}

struct Lines {
    out: String,
}

impl Lines {
    fn new() -> Self {
        Self { out: String::new() }
    }

    fn sealed(self) -> String {
        let mut sealed = String::with_capacity(self.out.len() + 32);
        sealed.push_str(VERSION);
        id::write_hex(id::fingerprint(&self.out), &mut sealed);
        sealed.push_str(&self.out);
        sealed
    }

    fn text(&mut self, value: &str) {
        self.out.push('\n');
        self.out.push_str(value);
    }

    fn number(&mut self, value: u64) {
        self.out.push('\n');
        text::push_number(&mut self.out, value);
    }

    fn hex(&mut self, value: u64) {
        self.out.push('\n');
        id::write_hex(value, &mut self.out);
    }

    fn id(&mut self, value: Option<Uuid>) {
        self.out.push('\n');
        if let Some(id) = value {
            id.write(&mut self.out);
        }
    }

    fn session(&mut self, session: &Session) {
        self.id(Some(session.id));
        self.id(Some(session.device_id));
        self.id(session.previous_id);
        self.number(session.number);
        self.text(session.reason.name());
        self.number(session.started.0);
        self.number(session.last_activity.0);
        self.number(u64::from(session.day.0.cast_unsigned()));
        self.text(&session.landing_page);
        let source = &session.source;
        for field in [
            &source.source,
            &source.medium,
            &source.campaign,
            &source.term,
            &source.content,
            &source.click_id,
            &source.referrer,
        ] {
            self.text(field);
        }
        self.text(source.channel.name());
        self.totals(&session.totals);
    }

    fn totals(&mut self, totals: &Totals) {
        self.number(totals.page_views);
        self.number(totals.events);
        self.number(totals.transactions);
        self.number(totals.revenue.0);
        self.text(&totals.currency);
        self.text(totals.funnel_step.name());
        self.hex(totals.last_order);
    }
}

struct Fields<'a> {
    lines: Split<'a, char>,
}

impl<'a> Fields<'a> {
    fn new(text: &'a str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (seal, rest) = text.strip_prefix(VERSION)?.split_at_checked(16)?;
        let intact = id::read_hex(seal)? == id::fingerprint(rest);
        intact.then(|| Self {
            lines: rest.strip_prefix('\n').unwrap_or(rest).split('\n'),
        })
    }

    fn end<T>(mut self, value: T) -> Option<T> {
        self.lines.next().is_none().then_some(value)
    }

    fn text(&mut self) -> Option<String> {
        self.lines.next().map(ToString::to_string)
    }

    fn number(&mut self) -> Option<u64> {
        let number = self.lines.next()?.parse().ok()?;
        (number <= NUMBER_MAX).then_some(number)
    }

    fn hex(&mut self) -> Option<u64> {
        id::read_hex(self.lines.next()?)
    }

    /// The outer `None` is a bad line, the inner one an empty line.
    #[expect(clippy::option_option, reason = "two different absences")]
    fn id(&mut self) -> Option<Option<Uuid>> {
        match self.lines.next()? {
            "" => Some(None),
            text => Uuid::read(text).map(Some),
        }
    }

    fn session(&mut self) -> Option<Session> {
        Some(Session {
            id: self.id()??,
            device_id: self.id()??,
            previous_id: self.id()?,
            number: self.number()?,
            reason: Rollover::from_name(self.lines.next()?)?,
            started: Timestamp(self.number()?),
            last_activity: Timestamp(self.number()?),
            day: CivilDay(u32::try_from(self.number()?).ok()?.cast_signed()),
            landing_page: self.text()?,
            source: Source {
                source: self.text()?,
                medium: self.text()?,
                campaign: self.text()?,
                term: self.text()?,
                content: self.text()?,
                click_id: self.text()?,
                referrer: self.text()?,
                channel: Channel::from_name(self.lines.next()?)?,
            },
            totals: self.totals()?,
        })
    }

    fn totals(&mut self) -> Option<Totals> {
        Some(Totals {
            page_views: self.number()?,
            events: self.number()?,
            transactions: self.number()?,
            revenue: Money(self.number()?),
            currency: self.text()?,
            funnel_step: FunnelStep::from_name(self.lines.next()?)?,
            last_order: self.hex()?,
        })
    }
}
