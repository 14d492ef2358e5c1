//! Carries what the page reports into the tracker, and what the tracker asks for out.

use crate::report::{self, Start};
use crate::{HOST, page};
use shopbell_core::early;
use shopbell_core::effect::{BatchId, Output};
use shopbell_core::formats::{Context, native, snapshot};
use shopbell_core::id::Entropy;
use shopbell_core::layout::{device, early_page, input, start};
use shopbell_core::lines;
use shopbell_core::session::Session;
use shopbell_core::text::{owned, set, take};
use shopbell_core::time::Uptime;
use shopbell_core::tracker::{Moment, Tracker};

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Host {
    tracker: Tracker,
    site: String,
    device: String,
    autocapture: bool,
    /// Whether it replays an early page.
    is_early: bool,
    /// Whether localStorage took all it was given.
    is_stored: bool,
    /// Whether somebody wants the session as it is after this task.
    is_looked_at: bool,
}

/// What the page reports: texts that tabs share, and what one task has to say. Returns the `seq` of the tab's next event.
pub(crate) fn feed(reports: &str) -> u64 {
    let mut rest = reports;
    let (stored, breaker) = (take(&mut rest, 0), take(&mut rest, 0));
    let moment = Moment { stored, breaker, ..Moment::default() };
    let inputs = rest;
    let first = report::next(&mut rest);
    let is_early = first.kind == input::EARLY;
    if !is_early && first.kind != input::START {
        return crate::with_host(|host| host.take(moment, inputs)).unwrap_or_default();
    }
    // It lives as long as the page; an early page's is small.
    let host = Box::leak(Box::new(Host::new(Start::read(first.lines), is_early)));
    if is_early {
        return host.replay(moment, first.lines, rest);
    }
    HOST.with(|slot| slot.set(Some(host)));
    0
}

impl Host {
    fn new(start: Start<'_>, is_early: bool) -> Self {
        Self {
            tracker: Tracker::new(
                start.rules,
                start.tab_id,
                start.next_seq,
                start.seed,
                Entropy::new(owned(start.chance)),
            ),
            site: owned(start.site),
            device: owned(start.device),
            autocapture: start.autocapture,
            is_early,
            is_stored: true,
            is_looked_at: false,
        }
    }

    /// What an early page kept, and what comes of it.
    fn replay(&mut self, now: Moment<'_>, lines: &str, reports: &str) -> u64 {
        let stored = lines::behind(lines, start::LINES);
        let moment = Moment { stored: now.stored, ..self.handle(Moment { stored, ..now }, reports) };
        let outputs = early::end(&mut self.tracker, &moment);
        self.act(&outputs, &moment)
    }

    /// The inputs of one task into the tracker; returns the moment of the last.
    fn handle<'a>(&mut self, at: Moment<'a>, reports: &str) -> Moment<'a> {
        let (mut rest, mut moment) = (reports, at);
        while !rest.is_empty() {
            let report = report::next(&mut rest);
            (moment.wall, moment.uptime, moment.day) = (report.wall, report.uptime, report.day);
            match report.kind {
                input::EARLY_PAGE => early::next_page(&mut self.tracker, lines::at(report.lines, early_page::CHANCE)),
                input::DEVICE => set(&mut self.device, lines::at(report.lines, device::MEMBERS)),
                input::SNAPSHOT_REQUESTED => self.is_looked_at = true,
                _ => {}
            }
            self.tracker.handle(&moment, report.input(self.autocapture));
        }
        moment
    }

    /// The inputs of one task, then act, then set the timer.
    fn take(&mut self, at: Moment<'_>, reports: &str) -> u64 {
        let moment = self.handle(at, reports);
        let outputs = self.tracker.poll(&moment);
        let next_seq = self.act(&outputs, &moment);
        if core::mem::take(&mut self.is_looked_at) {
            page::show(&snapshot::encode(&self.tracker, moment.wall, self.storage_name()));
        }
        let wait_ms = |(at, _): (Uptime, _)| at.0.saturating_sub(moment.uptime.0) as i32;
        page::wake(self.tracker.next_wake().map_or(-1, wait_ms));
        next_seq
    }

    /// Carries out what the tracker asks for; returns the `seq` of the tab's next event.
    fn act(&mut self, outputs: &[Output], moment: &Moment<'_>) -> u64 {
        for output in outputs {
            match output {
                Output::Store(key, text) => self.is_stored = page::store(key, text),
                // What is due of an early page is sent by the tab that takes it over.
                Output::Send(_) if self.is_early => {}
                Output::Send(batch) => self.send(*batch, moment),
            }
        }
        self.tracker.next_seq()
    }

    fn send(&self, batch: BatchId, moment: &Moment<'_>) {
        if let Some(segment) = self.tracker.batch(batch) {
            let context = Context {
                site: &self.site,
                sent_at: moment.wall,
                sent_uptime: moment.uptime,
                device: &self.device,
                storage: self.storage_name(),
                counters: self.tracker.counters(),
            };
            page::send(&native::encode(&context, segment), batch.0, segment.attempts > 1);
        }
    }

    /// `local` while localStorage takes what it is given, else `memory`.
    fn storage_name(&self) -> &'static str {
        if self.is_stored { "local" } else { "memory" }
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.tracker.session()
    }
}
