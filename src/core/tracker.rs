//! The machine: one input in, outputs out.

mod page;
mod visit;

use crate::event::{self, Event, Order};
use crate::id::{Entropy, Uuid};
use crate::outbox::{Answer, BatchId, Counters, FlushReason, Outbox, Segment};
use crate::session::{Rollover, Rules, Session};
use crate::text;
use crate::time::{CivilDay, Timestamp, Uptime};
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
pub use page::{Navigation, NavigationKind};
use page::Page;
use visit::Visit;

/// Everything the world says at the moment of an input.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock.
    pub uptime: Uptime,
    /// The day at `wall`, in the zone of the midnight rule.
    pub day: CivilDay,
    /// The stored record as it is now; `None` where it is missing or storage is blocked.
    pub stored: Option<&'a str>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// An earlier page left these keys and texts in the outbox's storage.
    Recovered(Vec<(String, String)>),
    /// Another page came into view. With `counts`, it is a page view; without, events on it will just know it.
    /// A route change that leads to the same page (see [`page_key`](crate::attribution::page_key)) is none.
    Navigated {
        /// The page and how it was reached.
        to: Navigation,
        /// Whether to make a page view of it.
        counts: bool,
    },
    /// The site says that the current page was viewed, with properties (a JSON object, or empty).
    Viewed {
        /// The properties.
        props: String,
    },
    /// The site tracks an event.
    Tracked {
        /// Its name.
        name: String,
        /// Its properties: a JSON object, or empty.
        props: String,
        /// The order, if the event is a purchase.
        order: Option<Order>,
    },
    /// The site tried to track what cannot be: its properties were no JSON.
    Untrackable,
    /// The visitor did something: a trusted pointer, key, touch or scroll event.
    Activity,
    /// The site wants a new session.
    NewSession,
    /// The page was hidden, or is being left.
    Hidden,
    /// The site wants everything sent.
    Flush,
    /// The time of [`Tracker::next_wake`] has come.
    Woke,
    /// Somebody will look at the session. Not activity.
    Looked,
    /// The collector answered, or did not.
    Answered(BatchId, Answer),
}

/// What the host is to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Store this text as the record.
    Save(String),
    /// Store a text under a key.
    Store(String, String),
    /// Remove a key.
    Remove(String),
    /// Encode [`Tracker::batch`] and send it; tell the answer.
    Send(BatchId),
}

/// What is fixed while a page lives.
#[derive(Clone, Debug)]
pub struct Config {
    /// When sessions end.
    pub rules: Rules,
    /// The tab: its name, and the `seq` of its next event.
    pub tab: Option<(String, u64)>,
}

/// A tracker of one page.
///
/// Feed it one [`Input`] with [`handle`](Self::handle), then take every [`Output`] from [`poll`](Self::poll)
/// **until it returns `None`**, carry them out, and see to it that [`Input::Woke`] comes at
/// [`next_wake`](Self::next_wake).
#[derive(Debug)]
pub struct Tracker {
    entropy: Entropy,
    tab_id: String,
    next_seq: u64,
    page: Option<Page>,
    visit: Visit,
    outbox: Outbox,
    outputs: VecDeque<Output>,
}

impl Tracker {
    /// A tracker for a page that has just begun.
    pub fn new(config: Config, mut entropy: Entropy) -> Self {
        let (tab_id, next_seq) = config.tab.unwrap_or_else(|| (entropy.short_name(), 0));
        Self {
            entropy,
            tab_id,
            next_seq,
            page: None,
            visit: Visit::new(config.rules),
            outbox: Outbox::default(),
            outputs: VecDeque::new(),
        }
    }

    /// Takes one input.
    pub fn handle(&mut self, moment: &Moment<'_>, input: Input) {
        self.visit.read(moment);
        let mut leaving = false;
        match input {
            Input::Recovered(entries) => self.outbox.recover(entries, &mut self.outputs),
            Input::Navigated { to, counts } => self.navigate(moment, &to, counts),
            Input::Viewed { props } => self.view(moment, props),
            Input::Tracked { name, props, order } => self.track(moment, &name, props, order.as_ref()),
            Input::Untrackable => self.outbox.count_invalid(),
            Input::Activity => self.act(moment, true),
            Input::NewSession => {
                self.begin(moment, Rollover::Manual);
                self.view_again(moment);
            }
            Input::Hidden => {
                self.visit.save(&mut self.outputs);
                self.outbox.close(FlushReason::Hidden);
                leaving = true;
            }
            Input::Flush => self.outbox.close(FlushReason::Manual),
            Input::Woke => self.visit.save(&mut self.outputs),
            Input::Looked => {}
            Input::Answered(batch, answer) => {
                let (uptime, entropy) = (moment.uptime, &mut self.entropy);
                self.outbox.answered(batch, answer, uptime, entropy, &mut self.outputs);
            }
        }
        self.outbox.pump(moment.uptime, leaving, &mut self.entropy, &mut self.outputs);
    }

    /// The next thing to do; `None` when all is done.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to tell [`Input::Woke`], if at all.
    pub fn next_wake(&self) -> Option<Uptime> {
        self.outbox.next_wake()
    }

    /// The batch that [`Output::Send`] named, while it is in flight.
    pub fn batch(&self, batch: BatchId) -> Option<&Segment> {
        self.outbox.batch(batch)
    }

    /// The session as of the latest input; `None` before there was any activity.
    pub fn session(&self) -> Option<&Session> {
        self.visit.session()
    }

    /// When the session ends if nothing more happens, by inactivity.
    pub fn expires(&self) -> Option<Timestamp> {
        let last_activity = self.session()?.last_activity;
        Some(Timestamp(last_activity.0 + self.visit.rules.timeout_ms))
    }

    /// What became of events on this page.
    pub fn counters(&self) -> &Counters {
        self.outbox.counters()
    }

    /// How many events wait.
    pub fn waiting(&self) -> usize {
        self.outbox.waiting()
    }

    /// Whether a request is in flight.
    pub fn is_sending(&self) -> bool {
        self.outbox.in_flight() > 0
    }

    /// The tab's name, and the `seq` of its next event: what the tab's next page is to be given.
    pub fn tab(&self) -> (&str, u64) {
        (&self.tab_id, self.next_seq)
    }

    fn navigate(&mut self, moment: &Moment<'_>, to: &Navigation, counts: bool) {
        let before = self.page.as_ref();
        if to.kind == NavigationKind::Spa && before.is_some_and(|page| page.is_same(&to.url)) {
            return;
        }
        let campaign_before = before.and_then(Page::campaign);
        self.visit.arrived(to, campaign_before.as_deref());
        self.page = Some(Page::new(to, self.entropy.short_name()));
        if counts {
            self.view(moment, String::new());
        }
    }

    fn view(&mut self, moment: &Moment<'_>, props: String) {
        self.act(moment, false);
        self.emit(moment, event::PAGE_VIEW, props, None);
    }

    fn track(&mut self, moment: &Moment<'_>, name: &str, props: String, order: Option<&Order>) {
        let name = text::clean(name, event::NAME_CHARS_MAX);
        if name.is_empty() || props.len() > event::PROPS_BYTES_MAX {
            self.outbox.count_invalid();
            return;
        }
        self.act(moment, true);
        self.emit(moment, &name, props, order);
    }

    /// Activity: the session goes on, or a new one begins. On an open page the new one begins with a view of that
    /// page, so that no session lacks a landing page; a page view that is to follow does that itself.
    fn act(&mut self, moment: &Moment<'_>, on_open_page: bool) {
        let Some(reason) = self.visit.judge(moment) else {
            self.visit.go_on(moment, &mut self.outputs);
            return;
        };
        self.begin(moment, reason);
        if on_open_page {
            self.view_again(moment);
        }
    }

    fn begin(&mut self, moment: &Moment<'_>, reason: Rollover) {
        let landing_page = self.page.as_ref().map(Page::path).unwrap_or_default();
        self.visit.begin(moment, reason, landing_page, &mut self.entropy, &mut self.outputs);
        self.emit(moment, event::SESSION_START, String::new(), None);
    }

    fn view_again(&mut self, moment: &Moment<'_>) {
        self.emit(moment, event::PAGE_VIEW, String::new(), None);
    }

    /// Stamps an event and puts it into the outbox.
    fn emit(&mut self, moment: &Moment<'_>, name: &str, props: String, order: Option<&Order>) {
        let id = match self.visit.session() {
            Some(session) if name == event::SESSION_START => start_event_id(session),
            _ => self.entropy.uuid(),
        };
        let Some(session) = self.visit.count(name, order) else {
            return;
        };
        let page = self.page.as_ref();
        let event = Event {
            id,
            name: name.to_string(),
            time: moment.wall,
            offset_ms: moment.uptime.0,
            page_id: page.map(|page| page.id.clone()).unwrap_or_default(),
            seq: self.next_seq,
            url: page.map(|page| page.url.clone()).unwrap_or_default(),
            title: page.map(|page| page.title.clone()).unwrap_or_default(),
            props,
        };
        self.next_seq += 1;
        self.outbox.push(&self.tab_id, session, event, moment.uptime, &mut self.outputs);
        if name == event::PAGE_VIEW || order.is_some() {
            self.visit.save(&mut self.outputs);
        }
    }
}

/// The id of a session's first event: tabs that begin the same session at once send the same event.
fn start_event_id(session: &Session) -> Uuid {
    crate::id::derive(session.id.words(), &[1])
}
