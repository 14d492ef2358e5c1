//! The rules of a session in the slow and obvious way, and what one tab knows.

use crate::plan::{CAMPAIGNS, MESSAGES, REFERRERS};
use shopbell_core::session::Rules;
use std::rc::Rc;

/// A tab writes activity at most this often.
pub const WRITE_MS: u64 = 5_000;
/// A page has a session at the site's wish at most this often.
pub const MANUAL_MS: u64 = 1_000;
/// A pending checkout holds a session for at most this long.
pub const CHECKOUT_MS: u64 = 3_600_000;

/// Source, medium, campaign and referrer.
pub type Source = [&'static str; 4];
const DIRECT: Source = ["(direct)", "(none)", "", ""];
/// A year, a month and a day.
pub type Date = (u32, u32, u32);

/// What a session is, as far as the rules go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What the device's ids come from.
    pub seed: Rc<str>,
    /// The id that the tracker gave it.
    pub id: Rc<str>,
    /// The id of the one before; empty for the first.
    pub previous_id: Rc<str>,
    /// 1 for the first.
    pub number: u64,
    /// How it began. Where tabs begin the same session at once, the beginning that sorts first counts.
    pub beginning: Beginning,
    /// Latest activity.
    pub active: u64,
    /// Until when a checkout holds it, or 0.
    pub held_until: u64,
    /// Events, page views and orders.
    pub counts: [u64; 3],
    /// Whether it came as far as an order. What another tab has not seen of counts is lost when it writes at the same
    /// moment; the furthest step is not.
    pub has_order: bool,
}

/// How a session began.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Beginning {
    /// When.
    pub started: u64,
    /// Why.
    pub reason: &'static str,
    /// On which date.
    pub date: Date,
    /// The path of its first page.
    pub landing_page: &'static str,
    /// Its source.
    pub source: Source,
    /// The source of the device's first session.
    pub first_touch: Source,
    /// The latest source that was not direct.
    pub last_non_direct: Option<Source>,
}

/// When something happens, by the device.
#[derive(Clone, Copy, Debug)]
pub struct When {
    /// The wall clock.
    pub wall: u64,
    /// The date on the calendar beside it.
    pub date: Date,
    /// Milliseconds since the page began.
    pub uptime: u64,
}

/// How a page was reached.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    source: Source,
    is_campaign: bool,
    is_return: bool,
}

impl Arrival {
    /// By a campaign, a referrer, back from a gateway, or from nowhere.
    pub fn new(campaign: usize, referrer: usize, is_return: bool) -> Self {
        let [source, medium, name] = CAMPAIGNS[campaign];
        let from = ["", "https://blog.example/", "https://duckduckgo.com/"][referrer];
        let source = match (campaign, referrer) {
            _ if is_return => DIRECT,
            (0, 0) => DIRECT,
            (0, _) => [REFERRERS[referrer], "referral", "", from],
            (_, _) => [source, medium, name, from],
        };
        Self { source, is_campaign: campaign != 0 && !is_return, is_return }
    }

    /// What of it can end a session.
    fn campaign(&self, rules: &Rules) -> &[&'static str] {
        if self.is_campaign { &self.source[..rules.campaign] } else { &[] }
    }
}

/// What a tab does that matters to sessions.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// Shows a page.
    View {
        /// How it was reached.
        arrival: Arrival,
        /// By a link or an address.
        is_load: bool,
        /// By its router.
        is_route: bool,
        /// With no other tab there, where that ends sessions.
        browser_closed: bool,
        /// Its path.
        path: &'static str,
    },
    /// Trusted input.
    Input,
    /// The site tracks, a purchase perhaps.
    Track {
        /// Whether it is one.
        is_purchase: bool,
    },
    /// The site wants a new session.
    NewSession,
    /// The visitor leaves to pay.
    CheckoutPending,
    /// The page is hidden, or its timer rings.
    Save,
    /// Anything else.
    Nothing,
}

/// What must come of the deeds of a task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Why the latest session began, if one did.
    pub reason: Option<&'static str>,
    /// The campaign that the session which begins is named after.
    pub campaign: Vec<&'static str>,
    /// Names of the events, in order.
    pub events: Vec<&'static str>,
    /// What the record says when it is written.
    pub writes: Vec<Session>,
}

/// What a tab knows.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Model {
    rules: Rules,
    seed: Rc<str>,
    /// The session in hand.
    pub session: Option<Session>,
    /// What storage has, as far as the tab knows.
    pub stored: Option<Session>,
    /// Counted, and not yet written.
    unwritten: [u64; 3],
    /// Until when a checkout held the session when the tab last read or wrote that.
    held_before: u64,
    arrival: Option<Arrival>,
    is_fresh: bool,
    browser_closed: bool,
    campaign_before: Vec<&'static str>,
    path: &'static str,
    manual_from: u64,
    /// Whether the record is to be written at the end of the task.
    is_due: bool,
    /// Whether the record that stands in storage is a later version's.
    is_newer: bool,
    /// Whether it is the version before's.
    is_older: bool,
}

/// What a text of the record says.
#[derive(Clone, Debug)]
pub enum Known {
    /// A record.
    Record(Session),
    /// A record of the version before, which is written anew when something is.
    Older(Session),
    /// A later version's record, of a device whose ids come from this.
    Newer(Rc<str>),
}

impl Model {
    /// A page that has just begun.
    pub fn new(rules: Rules, seed: Rc<str>) -> Self {
        Self {
            rules,
            seed,
            session: None,
            stored: None,
            unwritten: [0; 3],
            held_before: 0,
            arrival: None,
            is_fresh: false,
            browser_closed: false,
            campaign_before: Vec::new(),
            path: "",
            manual_from: 0,
            is_due: false,
            is_newer: false,
            is_older: false,
        }
    }

    /// The tab reads another text than the last that it read or wrote: a record, or nothing that is one.
    pub fn read(&mut self, known: Option<&Known>) {
        self.stored = None;
        self.is_newer = matches!(known, Some(Known::Newer(_)));
        self.is_older = matches!(known, Some(Known::Older(_)));
        let mut record = match known {
            None => return,
            Some(Known::Newer(seed)) => {
                if self.session.is_none() && !seed.is_empty() {
                    self.seed = Rc::clone(seed);
                }
                return;
            }
            // Whoever wrote this had not seen that the session before ended.
            Some(Known::Record(record) | Known::Older(record))
                if self
                    .session
                    .as_ref()
                    .is_some_and(|mine| mine.seed == record.seed && mine.number > record.number) =>
            {
                return;
            }
            Some(Known::Record(record) | Known::Older(record)) => record.clone(),
        };
        self.stored = Some(record.clone());
        let held_stored = record.held_until;
        if let Some(mine) = self.session.as_ref().filter(|mine| mine.id == record.id) {
            record.active = record.active.max(mine.active);
            record.has_order |= mine.has_order;
            if mine.held_until != self.held_before {
                record.held_until = mine.held_until;
            }
            for (count, more) in record.counts.iter_mut().zip(self.unwritten) {
                *count += more;
            }
            if mine.beginning < record.beginning {
                record.beginning = mine.beginning.clone();
            }
        } else {
            self.unwritten = [0; 3];
        }
        self.held_before = held_stored;
        self.session = Some(record);
    }

    /// What a task changes is written once, when it is over.
    pub fn writes(&mut self, outcome: &mut Outcome) {
        if std::mem::take(&mut self.is_due) && !self.is_newer && (self.session != self.stored || self.is_older) {
            self.is_older = false;
            outcome.writes.extend(self.session.clone());
            self.stored.clone_from(&self.session);
            self.unwritten = [0; 3];
            self.held_before = self.session.as_ref().map_or(0, |session| session.held_until);
        }
    }

    /// The tab does something; what must come of it is added. The id of a session that begins is still to be told.
    pub fn does(&mut self, deed: &Deed, when: When, outcome: &mut Outcome) {
        match *deed {
            Deed::View { arrival, is_load, is_route, browser_closed, path } => {
                let campaign = arrival.campaign(&self.rules).to_vec();
                if !is_route || !campaign.is_empty() && campaign != self.campaign_before {
                    self.arrival = Some(arrival);
                    self.is_fresh = is_route || is_load;
                    // Nobody comes back from paying by a message.
                    let is_message = arrival.is_campaign && arrival.source[1] == MESSAGES;
                    if let Some(session) = self.session.as_mut().filter(|_| self.is_fresh && is_message) {
                        session.held_until = 0;
                    }
                }
                self.campaign_before = campaign;
                self.browser_closed |= browser_closed;
                self.path = path;
                self.acts(when, false, outcome);
                self.emits("page_view", outcome);
                self.is_due = true;
            }
            Deed::Input => self.acts(when, true, outcome),
            Deed::Track { is_purchase } => {
                self.acts(when, true, outcome);
                self.emits(if is_purchase { "purchase" } else { "track" }, outcome);
                if is_purchase {
                    if let Some(session) = &mut self.session {
                        session.held_until = 0;
                        session.has_order = true;
                    }
                    self.is_due = true;
                }
            }
            Deed::NewSession if when.uptime >= self.manual_from => self.begins("manual", when, true, outcome),
            Deed::CheckoutPending => {
                self.acts(when, true, outcome);
                if let Some(session) = &mut self.session {
                    session.held_until = when.wall + CHECKOUT_MS;
                }
                self.is_due = true;
            }
            Deed::Save => self.is_due = true,
            Deed::NewSession | Deed::Nothing => {}
        }
    }

    /// The reason for which the session is over, by every row of the rules in their order.
    fn verdict(&self, when: When) -> Option<&'static str> {
        let Some(session) = &self.session else { return Some("first") };
        let elapsed = |from: u64| when.wall.saturating_sub(from);
        let is_held = session.held_until > when.wall && session.held_until - when.wall <= CHECKOUT_MS;
        let arriving: &[&str] = match &self.arrival {
            Some(arrival) if self.is_fresh => arrival.campaign(&self.rules),
            _ => &[],
        };
        let is_over = [
            ("inactivity", elapsed(session.active) >= self.rules.timeout_ms),
            ("midnight", self.rules.midnight && when.date > session.beginning.date),
            ("max_length", self.rules.max_ms.is_some_and(|max| elapsed(session.beginning.started) >= max)),
            ("browser_close", self.browser_closed && !self.arrival.is_some_and(|arrival| arrival.is_return)),
            ("campaign", !arriving.is_empty() && arriving != &session.beginning.source[..self.rules.campaign]),
        ];
        is_over.into_iter().find(|(_, holds)| *holds && !is_held).map(|(reason, _)| reason)
    }

    fn acts(&mut self, when: When, is_on_open_page: bool, outcome: &mut Outcome) {
        if let Some(reason) = self.verdict(when) {
            return self.begins(reason, when, is_on_open_page, outcome);
        }
        self.is_fresh = false;
        self.browser_closed = false;
        let written = self.stored.as_ref().map_or(0, |stored| stored.active);
        if let Some(session) = &mut self.session {
            session.active = when.wall;
        }
        self.is_due |= when.wall < written || when.wall - written >= WRITE_MS;
    }

    fn begins(&mut self, reason: &'static str, when: When, is_on_open_page: bool, outcome: &mut Outcome) {
        let before = self.session.take();
        let arrival = self.arrival.take().filter(|_| self.is_fresh || before.is_none());
        outcome.campaign = arrival.map_or_else(Vec::new, |arrival| arrival.campaign(&self.rules).to_vec());
        let arrived = arrival.map_or(DIRECT, |arrival| arrival.source);
        let is_return = arrival.is_some_and(|arrival| arrival.is_return);
        let source = match &before {
            Some(before) if arrived == DIRECT && (is_return || matches!(reason, "midnight" | "max_length")) => {
                before.beginning.source
            }
            _ => arrived,
        };
        let first_touch = before.as_ref().map_or(source, |before| before.beginning.first_touch);
        let earlier = before.as_ref().and_then(|before| before.beginning.last_non_direct);
        let last_non_direct = if source[0] == "(direct)" { earlier } else { Some(source) };
        self.session = Some(Session {
            seed: before.as_ref().map_or_else(|| Rc::clone(&self.seed), |before| Rc::clone(&before.seed)),
            id: "".into(),
            previous_id: before.as_ref().map_or_else(|| "".into(), |before| Rc::clone(&before.id)),
            number: before.as_ref().map_or(1, |before| before.number + 1),
            beginning: Beginning {
                reason,
                started: when.wall,
                date: when.date,
                landing_page: self.path,
                source,
                first_touch,
                last_non_direct,
            },
            active: when.wall,
            held_until: 0,
            counts: [0; 3],
            has_order: false,
        });
        self.unwritten = [0; 3];
        outcome.reason = Some(reason);
        self.stored = None;
        self.held_before = 0;
        self.is_due = true;
        self.emits("session_start", outcome);
        if is_on_open_page {
            self.emits("page_view", outcome);
        }
        self.is_fresh = false;
        self.browser_closed = false;
        self.manual_from = when.uptime + MANUAL_MS;
    }

    /// The session that has just begun has this id.
    pub fn is_called(&mut self, id: &Rc<str>) {
        for session in self.session.iter_mut().chain(&mut self.stored) {
            if session.id.is_empty() {
                session.id = Rc::clone(id);
            }
        }
    }

    fn emits(&mut self, name: &'static str, outcome: &mut Outcome) {
        outcome.events.push(name);
        let more = [1, u64::from(name == "page_view"), u64::from(name == "purchase")];
        let Some(session) = &mut self.session else { return };
        for (place, more) in more.into_iter().enumerate() {
            session.counts[place] += more;
            // Whoever begins the same session sends the same first event.
            self.unwritten[place] += if name == "session_start" { 0 } else { more };
        }
    }
}
