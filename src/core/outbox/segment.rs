//! A run of waiting events of one tab and one session: what becomes a batch.

use super::{ANSWER_MS_MAX, BATCH_AGE_MS_MAX, BatchId, FlushReason, Key};
use crate::event::Event;
use crate::record::{read_entry, read_head, write_entry, write_head};
use crate::session::Session;
use crate::text::json_bytes;
use crate::time::Uptime;
use crate::tracker::Output;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a batch takes without its events and its session's texts: names, ids, numbers, device.
const ENVELOPE_BYTES: usize = 1_536;
/// What an event takes without its texts: names, punctuation, two ids of 8 characters, a UUID, four numbers.
const EVENT_BYTES: usize = 224;

/// Waiting events that leave together.
#[derive(Debug)]
pub struct Segment {
    /// The tab whose events they are.
    pub tab_id: String,
    /// Its number among the tab's segments.
    pub number: u32,
    /// Their session, with its totals as of the last event.
    pub session: Session,
    /// The events, by `seq`.
    pub events: Vec<Event>,
    /// Why it was closed; `None` while it is open.
    pub closed: Option<FlushReason>,
    /// How often it was sent.
    pub attempts: u32,
    pub(super) bytes: usize,
    pub(super) opened: Uptime,
    pub(super) in_flight: Option<(BatchId, Uptime)>,
}

impl Segment {
    pub(super) fn new(tab_id: &str, number: u32, session: &Session, opened: Uptime) -> Self {
        Self {
            tab_id: tab_id.to_string(),
            number,
            session: session.clone(),
            events: Vec::new(),
            closed: None,
            attempts: 0,
            bytes: ENVELOPE_BYTES + session_bytes(session),
            opened,
            in_flight: None,
        }
    }

    /// A closed segment whose head is `text`, still without events.
    pub(super) fn recovered(tab_id: &str, number: u32, text: &str) -> Option<Self> {
        let mut segment = Self::new(tab_id, number, &read_head(text)?, Uptime(0));
        segment.close(FlushReason::Recovered);
        Some(segment)
    }

    /// Adds the event whose entry is `text`; `None` if it is none.
    pub(super) fn take(&mut self, text: &str) -> Option<()> {
        let (event, totals) = read_entry(text)?;
        let bytes = event_bytes(&self.tab_id, &event);
        self.session.totals = totals;
        self.add(event, bytes);
        Some(())
    }

    pub(super) fn add(&mut self, event: Event, bytes: usize) {
        self.bytes += bytes;
        self.events.push(event);
    }

    pub(super) fn close(&mut self, reason: FlushReason) {
        self.closed = Some(reason);
    }

    pub(super) fn is_old(&self, uptime: Uptime) -> bool {
        uptime >= self.opened.after_ms(BATCH_AGE_MS_MAX)
    }

    /// When its request counts as failed; `None` while it is not in flight.
    pub(super) fn deadline(&self) -> Option<Uptime> {
        let (_, since) = self.in_flight?;
        Some(since.after_ms(ANSWER_MS_MAX))
    }

    pub(super) fn key(&self) -> String {
        self.key_of(None)
    }

    pub(super) fn entry_key(&self, seq: u64) -> String {
        self.key_of(Some(seq))
    }

    fn key_of(&self, seq: Option<u64>) -> String {
        let key = Key {
            tab_id: &self.tab_id,
            segment: self.number,
            seq,
        };
        key.write()
    }

    /// Removes it from storage, the head last: a crash in between leaves no entry without a head.
    pub(super) fn forget(&self, out: &mut VecDeque<Output>) {
        for event in &self.events {
            out.push_back(Output::Remove(self.entry_key(event.seq)));
        }
        out.push_back(Output::Remove(self.key()));
    }

    /// Two closed segments, numbered from `number`, with its events; both are stored.
    pub(super) fn halves(&self, number: u32, out: &mut VecDeque<Output>) -> [Self; 2] {
        let middle = self.events.len() / 2;
        [(0, middle), (middle, usize::MAX)].map(|(skipped, end)| {
            let number = number + u32::from(skipped > 0);
            let mut half = Self::new(&self.tab_id, number, &self.session, self.opened);
            out.push_back(Output::Store(half.key(), write_head(&half.session)));
            for event in self.events.iter().take(end).skip(skipped) {
                let entry = write_entry(event, &self.session.totals);
                out.push_back(Output::Store(half.entry_key(event.seq), entry));
                half.add(event.clone(), event_bytes(&self.tab_id, event));
            }
            half.close(FlushReason::Halved);
            half
        })
    }
}

/// At most how many bytes `event` takes in a batch of the native format.
pub fn event_bytes(tab_id: &str, event: &Event) -> usize {
    EVENT_BYTES
        + tab_id.len()
        + event.page_id.len()
        + json_bytes(&event.name)
        + json_bytes(&event.url)
        + json_bytes(&event.title)
        + event.props.len()
}

fn session_bytes(session: &Session) -> usize {
    let source = &session.source;
    let texts = [
        &session.landing_page,
        &source.source,
        &source.medium,
        &source.campaign,
        &source.term,
        &source.content,
        &source.referrer,
    ];
    texts.into_iter().map(|text| json_bytes(text)).sum()
}
