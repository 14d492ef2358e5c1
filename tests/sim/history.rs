//! What must hold over the whole run, whatever a single tab knew: of ids, of true time, and of what arrived.

use crate::model::{Outcome, Session, WRITE_MS};
use crate::plan::Parameters;
use shopbell_core::attribution::LINES as SOURCE_LINES;
use shopbell_core::event::{FUNNEL_STEPS, LINES as EVENT_LINES};
use shopbell_core::lines;
use shopbell_core::outbox::Segment;
use shopbell_core::session::{self, HEAD_LINES, TOTALS_LINES, Total};
use std::collections::HashMap;
use std::rc::Rc;

/// What the id of a session depends on: the seed, the session before, the campaign.
type Origin = (Rc<str>, Rc<str>, Vec<&'static str>);

/// All that happened.
pub struct History {
    parameters: Parameters,
    /// When, in true time, each session was active, and whether the tab crashed at that.
    active: HashMap<Rc<str>, Vec<(u64, bool)>>,
    latest_activity_wall: u64,
    ids: HashMap<Origin, Rc<str>>,
    origins: HashMap<Rc<str>, Origin>,
    /// The session of each tab's open segment, and the tab's next seq.
    segments: HashMap<String, (Rc<str>, u64)>,
    /// The id of each device, by its seed.
    devices: HashMap<Rc<str>, String>,
    /// Events, page views and orders that were tracked, by session.
    tracked: HashMap<Rc<str>, [u64; 3]>,
    /// The event that begins each session, which is one, whoever tells it.
    starts: HashMap<String, String>,
    /// What arrived, by event id: its session, tab and seq.
    arrived: HashMap<String, (String, String, u64)>,
    clock_was_set: bool,
}

impl History {
    /// Nothing has happened yet.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            parameters: parameters.clone(),
            active: HashMap::new(),
            latest_activity_wall: parameters.began,
            ids: HashMap::new(),
            origins: HashMap::new(),
            segments: HashMap::new(),
            devices: HashMap::new(),
            tracked: HashMap::new(),
            starts: HashMap::new(),
            arrived: HashMap::new(),
            clock_was_set: false,
        }
    }

    /// What the wall clock showed at the latest activity.
    pub fn latest_activity_wall(&self) -> u64 {
        self.latest_activity_wall
    }

    /// From here on, wall time says nothing of true time.
    pub fn clock_was_set(&mut self) {
        self.clock_was_set = true;
    }

    /// A session was active, in a tab that may have crashed at that.
    pub fn is_active(&mut self, id: &Rc<str>, elapsed: u64, wall: u64, has_crashed: bool) {
        self.active.entry(Rc::clone(id)).or_default().push((elapsed, has_crashed));
        self.latest_activity_wall = wall;
    }

    /// How long a session was idle in truth, and what a clock that drifts may show more or less; of its activity, what
    /// `counts` says.
    fn idle_ms(&self, id: &str, elapsed: u64, counts: impl Fn(&(u64, bool)) -> bool) -> Option<(u64, u64)> {
        let (latest, _) = self.active.get(id)?.iter().rfind(|activity| counts(activity))?;
        let idle = elapsed - latest;
        (!self.clock_was_set).then_some((idle, idle / 1_000 + 1))
    }

    /// A session begins, as `outcome` says, behind `before`.
    pub fn begins(
        &mut self,
        session: &Session,
        before: Option<&Rc<str>>,
        elapsed: u64,
        outcome: &Outcome,
    ) -> Result<(), String> {
        let id = &session.id;
        let origin = (Rc::clone(&session.seed), Rc::clone(&session.previous_id), outcome.campaign.clone());
        let known = self.ids.entry(origin.clone()).or_insert_with(|| Rc::clone(id));
        if known != id {
            return Err(format!("{origin:?} gave two ids: {known} and {id}"));
        }
        let known = self.origins.entry(Rc::clone(id)).or_insert_with(|| origin.clone());
        if *known != origin {
            return Err(format!("{id} comes of two things: {known:?} and {origin:?}"));
        }
        // What another tab did last may not be to be seen yet, and what it did just before that may not be written.
        let is_seen = |(at, has_crashed): &(u64, bool)| at + self.parameters.stale_ms_max <= elapsed && !has_crashed;
        if let (Some("inactivity"), Some(before)) = (outcome.reason, before)
            && !self.parameters.has_storage_faults
            && !self.parameters.is_storage_blocked
            && let Some((idle, drift)) = self.idle_ms(before, elapsed, is_seen)
            && idle + drift + WRITE_MS < self.parameters.rules.timeout_ms
        {
            return Err(format!("{before} ended by inactivity, and was idle for {idle} ms"));
        }
        Ok(())
    }

    /// A session goes on.
    pub fn goes_on(&self, session: &Session, elapsed: u64) -> Result<(), String> {
        match self.idle_ms(&session.id, elapsed, |_| true) {
            Some((idle, drift)) if idle >= self.parameters.rules.timeout_ms + drift => {
                Err(format!("{} went on, and was idle for {idle} ms", session.id))
            }
            _ => Ok(()),
        }
    }

    /// The tracker's session must be what the rules make it.
    pub fn same(&mut self, expected: Option<&Session>, found: Option<&session::Session>) -> Result<(), String> {
        let (Some(expected), Some(found)) = (expected, found) else {
            return if expected.is_none() && found.is_none() {
                Ok(())
            } else {
                Err(format!("expected {expected:?}, found {found:?}"))
            };
        };
        let beginning = &expected.beginning;
        let mut rest = found.head.as_str();
        let mut next = || lines::next(&mut rest);
        let (id, device_id, previous_id, number) = (next(), next(), next(), next());
        let (started, reason, _day, landing_page) = (next(), next(), next(), next());
        let totals = &found.totals;
        let known = self.devices.entry(Rc::clone(&expected.seed)).or_insert_with(|| device_id.to_owned());
        if known != device_id {
            return Err(format!("a device is called {known} and {device_id}"));
        }
        let is_same = *expected.id == *id
            && *expected.previous_id == *previous_id
            && number.parse() == Ok(expected.number)
            && beginning.reason == reason
            && started.parse() == Ok(beginning.started)
            && beginning.landing_page == landing_page
            && expected.active == totals[totals::LAST_ACTIVITY_AT]
            && expected.held_until == totals[totals::HELD_UNTIL]
            && expected.has_order == (totals[totals::FUNNEL_STEP] as usize == FUNNEL_STEPS - 1)
            && expected.counts == [totals[totals::EVENTS], totals[totals::PAGE_VIEWS], totals[totals::TRANSACTIONS]];
        let sources = [Some(beginning.source), Some(beginning.first_touch), beginning.last_non_direct];
        let mut rest = lines::behind(&found.head, HEAD_LINES);
        let mut are_same = true;
        for [source, medium, campaign, referrer] in sources.into_iter().flatten() {
            let line = |place| lines::at(rest, place);
            are_same &= [line(0), line(1), line(2), line(7)] == [source, medium, campaign, referrer];
            rest = lines::behind(rest, SOURCE_LINES);
        }
        if is_same && are_same && rest.is_empty() {
            return Ok(());
        }
        Err(format!("expected {expected:?}, found {found:?}"))
    }

    /// A head or an entry of the outbox is stored; the id and the name of the event whose entry it is.
    pub fn entry(
        &mut self,
        tab: &str,
        id: Option<&Rc<str>>,
        key: &str,
        text: &str,
    ) -> Result<Option<(String, String)>, String> {
        let mut parts = key.split('.').skip(1);
        let (name, first, seq) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let Some(facts) = lines::open(text) else { return Ok(None) };
        if name != tab || first.is_none() {
            return Err(format!("tab {tab} writes {key}"));
        }
        let Some(seq) = seq.and_then(|seq| seq.parse::<u64>().ok()) else {
            let next_seq = self.segments.get(tab).map_or(0, |(_, next_seq)| *next_seq);
            self.segments.insert(tab.to_owned(), (lines::at(facts, 0).into(), next_seq));
            return Ok(None);
        };
        let Some((session, next_seq)) = self.segments.get_mut(tab) else {
            return Err(format!("{key} has no head"));
        };
        if seq != *next_seq {
            return Err(format!("{key} comes where {next_seq} was next"));
        }
        *next_seq += 1;
        if Some(&*session) != id {
            return Err(format!("{key} is of {session}, the session is {id:?}"));
        }
        let name = lines::at(facts, 1);
        let counts = self.tracked.entry(Rc::clone(session)).or_default();
        counts[0] += 1;
        counts[1] += u64::from(name == "page_view");
        counts[2] += u64::from(name == "purchase");
        Ok(Some((lines::at(facts, 0).to_owned(), name.to_owned())))
    }

    /// A batch reached the collector.
    pub fn arrived(&mut self, batch: &Segment) -> Result<(), String> {
        let session = lines::at(&batch.head, 0);
        for entry in batch.batch() {
            let line = |place| lines::at(&entry.facts, place);
            let (id, name) = (line(0), line(1));
            let fact = (session.to_owned(), batch.tab_id.clone(), entry.seq);
            let known = self.arrived.entry(id.to_owned()).or_insert_with(|| fact.clone());
            let is_start = name == "session_start";
            if *known != fact && !(is_start && known.0 == fact.0) {
                return Err(format!("event {id} arrived as {known:?} and as {fact:?}"));
            }
            if is_start && *self.starts.entry(session.to_owned()).or_insert_with(|| id.to_owned()) != id {
                return Err(format!("{session} begins twice"));
            }
            let previous = lines::behind(&entry.facts, EVENT_LINES + TOTALS_LINES);
            if previous.is_empty() == (is_start && lines::at(&batch.head, 3) != "1") {
                return Err(format!("{name} of {session} has the totals of the session before, or has them not"));
            }
        }
        Ok(())
    }

    /// The run is over, and this is the session that storage has.
    pub fn ends(&self, record: Option<&Session>) -> Result<(), String> {
        let world = &self.parameters;
        if world.has_crashes || world.has_storage_faults || world.is_storage_blocked {
            return Ok(());
        }
        // Tabs that write without having seen each other's writes may lose counts, but no events.
        if let Some(record) = record.filter(|_| world.stale_ms_max == 0) {
            let tracked = self.tracked.get(&record.id).copied().unwrap_or_default();
            if record.counts != tracked {
                return Err(format!("{} counts {:?}, tracked were {tracked:?}", record.id, record.counts));
            }
        }
        Ok(())
    }
}
