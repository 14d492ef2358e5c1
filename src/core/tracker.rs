//! The machine: one input in, outputs out.

mod inputs;
mod page;
mod visit;

use crate::effect::{BatchId, Output};
use crate::event;
use crate::id::{Entropy, Uuid};
use crate::layout::{self, dropped, input, navigated, recovered, standing, tracked};
use crate::lines::{self, Lines};
use crate::outbox::{Counters, DropReason, FlushReason, Outbox, Room, Segment};
use crate::session::{self, Rollover, Rules, Session};
use crate::text;
use crate::time::{CivilDay, Timestamp, Uptime};
use alloc::string::String;
use alloc::vec::Vec;
pub use inputs::Input;
use page::Page;
pub use page::{Navigation, NavigationKind};
use visit::Visit;
pub use visit::{ACTIVITY_WRITE_MS, MANUAL_MS_MIN};

/// Everything the world says at the moment of an input.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment<'a> {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock.
    pub uptime: Uptime,
    /// The day at `wall`, in the zone of the midnight rule.
    pub day: CivilDay,
    /// The stored record as it is now, empty where it is missing; where storage takes nothing, what this page would have
    /// stored there last.
    pub stored: &'a str,
    /// What is stored under [`BREAKER_KEY`](crate::outbox::BREAKER_KEY), likewise.
    pub breaker: &'a str,
}

/// A site's say in each event before it is kept: from lines of [`layout::event`] to those that are to be kept, none for an event
/// that is to be dropped.
pub type Review = fn(&str) -> String;

/// A tracker of one page.
///
/// Feed it the [`Input`]s of one task of the page with [`handle`](Self::handle), then [`poll`](Self::poll) it and **carry
/// out what that gives before anything else**, and see to it that [`Input::TimerFired`] comes at
/// [`next_wake`](Self::next_wake).
#[derive(Debug)]
pub struct Tracker {
    entropy: Entropy,
    tab_id: String,
    next_seq: u64,
    page: Page,
    visit: Visit,
    outbox: Outbox,
    outputs: Vec<Output>,
    /// Lines of [`layout::standing`].
    standing: String,
    review: Option<Review>,
    /// Whether the page was hidden or left since the latest [`poll`](Self::poll).
    is_leaving: bool,
    /// Whether it was left since then.
    is_left: bool,
    /// Whether more is to come of what earlier pages left: a segment is not sent before it is whole.
    is_recovering: bool,
}

impl Tracker {
    /// A tracker for a page that has just begun, in the tab of that name whose next event has this `seq`. The seed is
    /// what a device without a record derives its ids from: tabs that begin at once must be given the same.
    pub fn new(rules: Rules, tab_id: &str, next_seq: u64, seed: &str, entropy: Entropy) -> Self {
        Self {
            entropy,
            tab_id: text::owned(tab_id),
            next_seq,
            page: Page::default(),
            visit: Visit::new(rules, text::owned(seed)),
            outbox: Outbox::default(),
            outputs: Vec::new(),
            standing: text::owned(event::GRANTED),
            review: None,
            is_leaving: false,
            is_left: false,
            is_recovering: false,
        }
    }

    /// From here on the site has its say in each event.
    pub fn review_with(&mut self, review: Review) {
        self.review = Some(review);
    }

    /// Its requests are of a format with so much room; to be said before any input.
    pub fn fit(&mut self, room: Room) {
        self.outbox.room = room;
    }

    /// Of the events that the collector has just accepted so many are not stored, as it says itself.
    pub fn reject(&mut self, events: u64) {
        self.outbox.counters.sent -= events;
        self.outbox.counters.drop(DropReason::Rejected, events);
    }

    /// From here on it is of another tab, whose next event has the `seq` 0 and whose name follows from its chance.
    pub(crate) fn renew(&mut self, chance: &str) {
        self.outbox.close(FlushReason::Hidden);
        self.next_seq = 0;
        self.entropy.renew(chance);
        self.tab_id.clear();
        text::push_hex(&mut self.tab_id, self.entropy.number(), 8);
    }

    /// Takes one input. What comes of it is for [`poll`](Self::poll) to say.
    pub fn handle(&mut self, moment: &Moment<'_>, input: Input<'_>) {
        let (kind, lines) = input.lines();
        self.report(moment, kind, &lines);
    }

    /// Takes one input as pages report it: by its kind of [`layout::input`], and with its lines.
    pub fn report(&mut self, moment: &Moment<'_>, kind: usize, lines: &str) {
        if self.visit.read(moment) {
            // The open segment's head may be gone with the record. Another segment stores it again: without it, what
            // follows could not be recovered.
            self.outbox.close(FlushReason::Rollover);
        }
        self.outbox.read(moment.breaker);
        self.is_recovering = kind == input::RECOVERED;
        match kind {
            input::NAVIGATED | input::SHOWN => self.navigate(moment, lines, kind == input::NAVIGATED),
            input::TRACKED => {
                let (name, props) = (lines::at(lines, tracked::NAME), lines::at(lines, tracked::PROPS));
                self.track(moment, name, props, lines::behind(lines, tracked::LINES));
            }
            input::DROPPED => {
                self.outbox.counters.drop(DropReason::Invalid, lines::number_at(lines, dropped::CALLS));
            }
            input::ACTIVITY => self.act(moment, true),
            input::NEW_SESSION if self.visit.allows_manual(moment) => self.begin(moment, Rollover::Manual, true),
            input::CHECKOUT_PENDING => {
                self.act(moment, true);
                self.visit.hold(moment);
            }
            input::HIDDEN | input::LEFT => {
                self.is_leaving = true;
                self.is_left = kind == input::LEFT;
                self.visit.save();
                self.outbox.close(FlushReason::Hidden);
            }
            input::FLUSH => self.outbox.close(FlushReason::Manual),
            input::TIMER_FIRED => {
                self.visit.save();
                self.outbox.remove_empty(&mut self.outputs);
            }
            input::ANSWERED => {
                let session_id = self.visit.session_id();
                self.outbox.answered(lines, moment.wall, session_id, &mut self.entropy, &mut self.outputs);
            }
            input::RECOVERED => {
                let (key, text) = (lines::at(lines, recovered::KEY), lines::behind(lines, recovered::LINES));
                self.outbox.recover(key, text, moment.wall, &mut self.outputs);
            }
            input::RETURNED => self.outbox.forget_stored(),
            input::STANDING => text::set(&mut self.standing, lines),
            // Looking changes nothing, and neither does what is for the host alone.
            _ => {}
        }
    }

    /// What there is to do for the inputs since the last time, in order: the record, then what was tracked, a chunk for all
    /// of a task, then what is due to be sent.
    #[must_use = "what is not carried out is lost"]
    pub fn poll(&mut self, moment: &Moment<'_>) -> Vec<Output> {
        self.visit.write(&mut self.outputs);
        self.outbox.store(&mut self.outputs);
        let is_leaving = core::mem::take(&mut self.is_leaving);
        if !self.is_recovering {
            let session_id = self.visit.session_id();
            self.outbox.send_due((moment.wall, moment.uptime), is_leaving, session_id, &mut self.outputs);
        }
        if core::mem::take(&mut self.is_left) {
            self.outbox.leave(moment.wall, &mut self.entropy, &mut self.outputs);
        }
        core::mem::take(&mut self.outputs)
    }

    /// When to report [`Input::TimerFired`], if at all.
    pub fn next_wake(&self) -> Option<Uptime> {
        self.outbox.wake_at()
    }

    /// The batch that [`Output::Send`] named, while it is in flight.
    pub fn batch(&self, batch: BatchId) -> Option<&Segment> {
        self.outbox.batch(batch)
    }

    /// What would be lost, until the next visit, if the page ended now without a word.
    pub fn unsent(&self) -> Option<&Segment> {
        self.outbox.unsent()
    }

    /// The session as of the latest input; `None` before there was any activity.
    pub fn session(&self) -> Option<&Session> {
        self.visit.session()
    }

    /// When the session ends if nothing more happens, see [`session::expires`].
    pub fn expires(&self, now: Timestamp) -> Timestamp {
        self.session().map_or(now, |session| session::expires(session, now, &self.visit.rules))
    }

    /// What the site calls the visitor; empty for nothing.
    pub fn user_id(&self) -> &str {
        lines::at(&self.standing, standing::USER_ID)
    }

    /// What became of events on this page.
    pub fn counters(&self) -> &Counters {
        &self.outbox.counters
    }

    /// What waits, and what is in flight of it.
    pub fn segments(&self) -> &[Segment] {
        self.outbox.segments()
    }

    /// How many events wait.
    pub fn waiting(&self) -> u64 {
        self.outbox.waiting()
    }

    /// Whether a request is in flight.
    pub fn is_sending(&self) -> bool {
        self.outbox.in_flight() > 0
    }

    /// The `seq` of the tab's next event, which the tab's next page is to be given.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    fn navigate(&mut self, moment: &Moment<'_>, to: &str, counts: bool) {
        self.next_seq = self.next_seq.max(lines::number_at(to, navigated::NEXT_SEQ));
        self.visit.arrived(to);
        self.page.set(to, self.entropy.number());
        if counts {
            self.track(moment, event::PAGE_VIEW, "", "");
        }
    }

    fn track(&mut self, moment: &Moment<'_>, name: &str, props: &str, order: &str) {
        // A second session_start would have the id of the first, and be taken for it.
        let is_reserved = *name == *event::SESSION_START;
        let is_too_large = name.len() > event::NAME_BYTES_MAX || props.len() > event::PROPS_BYTES_MAX;
        if name.is_empty() || is_reserved || is_too_large {
            self.outbox.counters.drop(DropReason::Invalid, 1);
            return;
        }
        self.act(moment, *name != *event::PAGE_VIEW);
        self.emit(moment, name, props, order, "");
    }

    /// Activity: the session goes on, or a new one begins.
    fn act(&mut self, moment: &Moment<'_>, is_on_open_page: bool) {
        match self.visit.decide(moment) {
            Some(reason) => self.begin(moment, reason, is_on_open_page),
            None => self.visit.extend(moment),
        }
    }

    /// A new session begins. On an open page it begins with a view of that page, so that no session lacks a landing
    /// page; where a page view began it, that is to follow anyway.
    fn begin(&mut self, moment: &Moment<'_>, reason: Rollover, is_on_open_page: bool) {
        let mut previous = Lines::default();
        if let Some(before) = self.visit.session() {
            before.totals.write(&mut previous);
        }
        self.visit.begin(moment, reason, self.page.line(navigated::PATH));
        self.emit(moment, event::SESSION_START, "", "", previous.text());
        if is_on_open_page {
            self.emit(moment, event::PAGE_VIEW, "", "", "");
        }
    }

    /// Stamps an event and puts it into the outbox, unless the site drops it; with the event that begins a session go the totals
    /// of the one before.
    fn emit(&mut self, moment: &Moment<'_>, name: &str, props: &str, order: &str, previous: &str) {
        if *name == *event::PAGE_VIEW || !order.is_empty() {
            self.visit.save();
        }
        let session = self.visit.session_mut();
        let mut lines = Lines::default();
        lines.push_uuid(if *name == *event::SESSION_START {
            // Tabs that begin the same session at once send the same event.
            Uuid::derive(&[session.id(), name])
        } else {
            self.entropy.uuid()
        });
        lines.push(name);
        lines.push_number(moment.wall.0);
        lines.push_number(moment.uptime.0);
        lines.push_name(self.page.id);
        lines.push_number(self.next_seq);
        lines.push(self.page.line(navigated::URL));
        lines.push(self.page.line(navigated::TITLE));
        lines.push(props);
        lines.append(&self.standing);
        if let Some(review) = self.review {
            lines = Lines::of(review(lines.text()));
        }
        if lines.text().is_empty() {
            self.outbox.counters.drop(DropReason::BeforeSend, 1);
            return;
        }
        session.totals.count(lines::at(lines.text(), layout::event::NAME), order);
        session.totals.write(&mut lines);
        lines.append(previous);
        self.next_seq += 1;
        self.outbox.push(&self.tab_id, &session.head, lines.text(), moment.uptime, &mut self.outputs);
    }
}
