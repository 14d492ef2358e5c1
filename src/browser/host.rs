//! Carries what the page reports into the tracker, and what the tracker asks for out.

use crate::{page, report};
use shopbell_core::early;
use shopbell_core::effect::{BatchId, Output};
use shopbell_core::formats::{self, Context, Format, snapshot};
use shopbell_core::id::Entropy;
use shopbell_core::layout::{answered, device, early_page, input, moment, start};
use shopbell_core::lines;
use shopbell_core::outbox::Segment;
use shopbell_core::session::Session;
use shopbell_core::text::{owned, set, take};
use shopbell_core::time::Uptime;
use shopbell_core::tracker::{Moment, Tracker};

/// The wire format that this is built for.
const FORMAT: Format = formats::named(match option_env!("SHOPBELL_FORMAT") {
    Some(name) => name,
    None => "native",
});

/// Worked out as it is compiled, so that what a format has not leaves nothing behind.
const READS_ANSWERS: bool = FORMAT.reads_answers();
const REJECTED: Option<fn(&str, u64) -> u64> = FORMAT.rejected;
const IS_FOR_SOME: Option<fn(&str) -> bool> = FORMAT.is_for_some;
const ENCODE: fn(&Context<'_>, &Segment) -> String = FORMAT.encode;

pub(crate) struct Host {
    tracker: Tracker,
    /// What it began with: lines of [`start`], and behind them the record that an early page found.
    start: String,
    device: String,
    /// Whether it replays an early page.
    is_early: bool,
    /// Whether localStorage took all it was given.
    is_stored: bool,
}

/// What the page reports: texts that tabs share, and what one task has to say. Returns the `seq` of the tab's next event.
pub(crate) fn feed(page: &mut Option<&'static mut Host>, reports: &str) -> u64 {
    let mut rest = reports;
    let (stored, breaker) = (take(&mut rest, 0), take(&mut rest, 0));
    let moment = Moment { stored, breaker, ..Moment::default() };
    let kind = lines::number_at(rest, moment::KIND) as usize;
    let is_early = kind == input::EARLY;
    if is_early || kind == input::START {
        let start = lines::behind(take(&mut rest, 0), moment::LINES);
        // It lives as long as the page; an early page's is small.
        let host = Box::leak(Box::new(Host::new(start, is_early)));
        if is_early {
            return host.take(moment, rest);
        }
        *page = Some(host);
    } else if let Some(host) = page {
        return host.take(moment, rest);
    }
    0
}

impl Host {
    fn new(lines: &str, is_early: bool) -> Self {
        let (tab_id, seed) = (lines::at(lines, start::TAB_ID), lines::at(lines, start::SEED));
        let next_seq = lines::number_at(lines, start::NEXT_SEQ);
        let entropy = Entropy::new(lines::at(lines, start::CHANCE));
        let mut tracker = Tracker::new(report::rules(lines), tab_id, next_seq, seed, entropy);
        tracker.fit(FORMAT.room);
        if lines::number_at(lines, start::REVIEWS) > 0 {
            tracker.review_with(page::review);
        }
        Self { tracker, start: owned(lines), device: owned(lines::at(lines, start::DEVICE)), is_early, is_stored: true }
    }

    /// The inputs of one task, then act, then set the timer. What happened on an early page met the record as it stood then,
    /// until the page was left: other tabs may have gone on with it since.
    fn take(&mut self, at: Moment<'_>, reports: &str) -> u64 {
        let (mut rest, mut moment) = (reports, at);
        while !rest.is_empty() {
            let report = take(&mut rest, 0);
            let kind = lines::number_at(report, moment::KIND) as usize;
            let lines = lines::behind(report, moment::LINES);
            report::read_moment(report, &mut moment);
            let is_before = self.is_early && kind != input::HIDDEN;
            moment.stored = if is_before { lines::behind(&self.start, start::LINES) } else { at.stored };
            if kind == input::ANSWERED && READS_ANSWERS {
                answered(&mut self.tracker, &moment, lines);
            } else {
                self.tracker.report(&moment, kind, lines);
            }
            match kind {
                input::EARLY_PAGE => early::next_page(&mut self.tracker, lines::at(lines, early_page::CHANCE)),
                input::DEVICE => set(&mut self.device, lines::at(lines, device::MEMBERS)),
                input::SNAPSHOT_REQUESTED => {
                    page::show(&snapshot::encode(&self.tracker, moment.wall, self.storage_name()));
                }
                _ => {}
            }
        }
        for output in &self.tracker.poll(&moment) {
            match output {
                Output::Store(key, text) => self.is_stored = page::store(key, text),
                // What is due of an early page is sent by the tab that takes it over.
                Output::Send(_) if self.is_early => {}
                Output::Send(batch) => self.send(*batch, &moment),
            }
        }
        if !self.is_early {
            if lines::number_at(&self.start, start::FETCHES_LATER) > 0 {
                self.arm(&moment);
            }
            let wait_ms = |at: Uptime| at.0.saturating_sub(moment.uptime.0) as i32;
            page::wake(self.tracker.next_wake().map_or(-1, wait_ms));
        }
        self.tracker.next_seq()
    }

    fn send(&self, batch: BatchId, moment: &Moment<'_>) {
        if let Some(segment) = self.tracker.batch(batch) {
            page::send(&self.encode(segment, moment), batch.0, segment.attempts > 1);
        }
    }

    /// A page may end without a word: a renderer crashes, a phone runs out of memory. What waits leaves then all the same.
    fn arm(&self, moment: &Moment<'_>) {
        match self.tracker.unsent() {
            Some(segment) => page::arm(&self.encode(segment, moment)),
            None => page::arm(""),
        }
    }

    fn encode(&self, segment: &Segment, moment: &Moment<'_>) -> String {
        let context = Context {
            site: lines::at(&self.start, start::SITE),
            sent_at: moment.wall,
            sent_uptime: moment.uptime,
            device: &self.device,
            storage: self.storage_name(),
            counters: self.tracker.counters(),
        };
        ENCODE(&context, segment)
    }

    /// `local` while localStorage takes what it is given, else `memory`.
    fn storage_name(&self) -> &'static str {
        if self.is_stored { "local" } else { "memory" }
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.tracker.session()
    }
}

/// An answer of a target that says more than by its status: what, stands behind the lines of [`answered`].
fn answered(tracker: &mut Tracker, moment: &Moment<'_>, lines: &str) {
    let body = lines::at(lines, answered::LINES);
    let before = tracker.counters().sent;
    let is_refusal = lines::number_at(lines, answered::STATUS) == 400;
    if is_refusal && IS_FOR_SOME.is_some_and(|is_for_some| is_for_some(body)) {
        let mut halved = owned(lines::first(lines, answered::STATUS));
        halved.push_str("413\n");
        tracker.report(moment, input::ANSWERED, &halved);
    } else {
        tracker.report(moment, input::ANSWERED, lines);
    }
    if let Some(rejected) = REJECTED {
        let accepted = tracker.counters().sent - before;
        tracker.reject(rejected(body, accepted).min(accepted));
    }
}
