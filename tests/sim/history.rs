//! What must hold over the whole run, whatever a single tab knew: of ids, of true time, and of what arrived.

use crate::chunk;
use crate::model::{Outcome, Session, WRITE_MS};
use crate::plan::Parameters;
use shopbell_core::event::FUNNEL_STEPS;
use shopbell_core::layout::{event, head, source, totals};
use shopbell_core::lines;
use shopbell_core::outbox::Segment;
use shopbell_core::session;
use std::collections::{HashMap, HashSet};
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
    /// Ids of the events that were counted.
    counted: HashSet<String>,
    /// Sessions whose latest activity a replay may have written over, as it did not see yet what another tab had written.
    unsure: HashSet<Rc<str>>,
    /// Seeds of devices that were forgotten.
    forgotten: HashSet<Rc<str>>,
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
            counted: HashSet::new(),
            unsure: HashSet::new(),
            forgotten: HashSet::new(),
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

    /// No session that begins from here on is of a device that is known.
    pub fn is_forgotten(&mut self) {
        self.forgotten.extend(self.devices.keys().cloned());
    }

    /// A session was active, in a tab that may have crashed at that.
    pub fn is_active(&mut self, id: &Rc<str>, elapsed: u64, wall: u64, has_crashed: bool) {
        self.active.entry(Rc::clone(id)).or_default().push((elapsed, has_crashed));
        self.latest_activity_wall = wall;
    }

    /// A session was active on a page without a tracker, which other tabs do not know before it is replayed.
    pub fn was_active(&mut self, id: &Rc<str>, elapsed: u64) {
        self.active.entry(Rc::clone(id)).or_default().push((elapsed, true));
    }

    /// How long a session was idle in truth, and what a clock that drifts may show more or less; of its activity, what
    /// `counts` says.
    fn idle_ms(&self, id: &str, elapsed: u64, counts: impl Fn(&(u64, bool)) -> bool) -> Option<(u64, u64)> {
        let counted = self.active.get(id)?.iter().filter(|activity| counts(activity));
        let idle = elapsed.saturating_sub(counted.map(|(at, _)| *at).max()?);
        (!self.clock_was_set).then_some((idle, idle / 1_000 + 1))
    }

    /// A session that begins has the id that follows from where it comes from, and no other has.
    pub fn is_named(&mut self, session: &Session, outcome: &Outcome) -> Result<(), String> {
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
        Ok(())
    }

    /// A session begins, as `outcome` says, behind `before`.
    pub fn begins(
        &mut self,
        session: &Session,
        before: Option<&Rc<str>>,
        elapsed: u64,
        outcome: &Outcome,
    ) -> Result<(), String> {
        self.is_named(session, outcome)?;
        // A storage that goes wrong may become what it was.
        if self.forgotten.contains(&session.seed) && !self.parameters.has_storage_faults {
            return Err(format!("{} is of a device that was forgotten", session.id));
        }
        // What another tab did last may not be to be seen yet, and what it did just before that may not be written.
        let is_seen = |(at, has_crashed): &(u64, bool)| at + self.parameters.stale_ms_max <= elapsed && !has_crashed;
        if let (Some("inactivity"), Some(before)) = (outcome.reason, before)
            && !self.parameters.has_storage_faults
            && !self.parameters.is_storage_blocked
            && !self.unsure.contains(before)
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
        let line = |index| lines::at(&found.head, index);
        let device_id = line(head::DEVICE_ID);
        let sums = &found.totals;
        let known = self.devices.entry(Rc::clone(&expected.seed)).or_insert_with(|| device_id.to_owned());
        if known != device_id {
            return Err(format!("a device is called {known} and {device_id}"));
        }
        let is_same = *expected.id == *found.id()
            && *expected.previous_id == *found.previous_id()
            && found.number() == expected.number
            && beginning.reason == found.reason()
            && found.started().0 == beginning.started
            && beginning.landing_page == found.landing_page()
            && expected.active == sums[totals::LAST_ACTIVITY_AT]
            && expected.held_until == sums[totals::HELD_UNTIL]
            && expected.has_order == (sums[totals::FUNNEL_STEP] as usize == FUNNEL_STEPS - 1)
            && expected.counts == [sums[totals::EVENTS], sums[totals::PAGE_VIEWS], sums[totals::TRANSACTIONS]];
        let sources = [Some(beginning.source), Some(beginning.first_touch), beginning.last_non_direct];
        let mut rest = found.sources();
        let mut are_same = true;
        for [source, medium, campaign, referrer] in sources.into_iter().flatten() {
            let line = |index| lines::at(rest, index);
            let found = [source::SOURCE, source::MEDIUM, source::CAMPAIGN, source::REFERRER].map(line);
            are_same &= found == [source, medium, campaign, referrer];
            rest = lines::behind(rest, source::LINES);
        }
        if is_same && are_same && rest.is_empty() {
            return Ok(());
        }
        Err(format!("expected {expected:?}, found {found:?}"))
    }

    /// A chunk of the outbox is stored; the ids and the names of the events in it that are new.
    pub fn stored(&mut self, tab: &str, key: &str, text: &str) -> Result<Vec<(String, String)>, String> {
        let Some((name, _, seq)) = chunk::parts(key) else { return Err(format!("tab {tab} writes {key}")) };
        let (head, events) = chunk::open(key, text);
        // What a tab has taken over is written again where a part of it has left.
        if events.is_empty() || name != tab {
            return Ok(Vec::new());
        }
        let (session, next_seq) = self.segments.entry(tab.to_owned()).or_insert_with(|| ("".into(), 0));
        let first = lines::number_at(events[0], event::SEQ);
        if first < *next_seq {
            return Ok(Vec::new());
        }
        if seq.is_none() {
            *session = lines::at(head, head::ID).into();
        }
        let mut stored = Vec::new();
        for facts in events {
            if lines::number_at(facts, event::SEQ) != *next_seq {
                return Err(format!("{key} comes where {next_seq} was next"));
            }
            *next_seq += 1;
            let (id, name) = (lines::at(facts, event::ID), lines::at(facts, event::NAME));
            stored.push((id.to_owned(), name.to_owned()));
        }
        let session = Rc::clone(session);
        for (id, name) in &stored {
            self.count(&session, id, name);
        }
        Ok(stored)
    }

    /// An event counts once, however often it is replayed, and however many tabs begin its session at once.
    fn count(&mut self, session: &Rc<str>, id: &str, name: &str) {
        if self.counted.insert(id.to_owned()) {
            let counts = self.tracked.entry(Rc::clone(session)).or_default();
            counts[0] += 1;
            counts[1] += u64::from(name == "page_view");
            counts[2] += u64::from(name == "purchase");
        }
    }

    /// A replay wrote this session.
    pub fn written_early(&mut self, id: &Rc<str>) {
        if self.parameters.stale_ms_max > 0 {
            self.unsure.insert(Rc::clone(id));
        }
    }

    /// A page that was left before it had a tracker was replayed.
    pub fn replayed(&mut self, segments: &[Segment]) {
        for segment in segments {
            let session: Rc<str> = lines::at(&segment.head, head::ID).into();
            for facts in segment.events() {
                self.count(&session, lines::at(facts, event::ID), lines::at(facts, event::NAME));
            }
        }
    }

    /// A batch reached the collector.
    pub fn arrived(&mut self, batch: &Segment) -> Result<(), String> {
        let session = lines::at(&batch.head, head::ID);
        for facts in batch.batch() {
            let line = |index| lines::at(facts, index);
            let (id, name) = (line(event::ID), line(event::NAME));
            let fact = (session.to_owned(), batch.tab_id.clone(), lines::number_at(facts, event::SEQ));
            let known = self.arrived.entry(id.to_owned()).or_insert_with(|| fact.clone());
            let is_start = name == "session_start";
            if *known != fact && !(is_start && known.0 == fact.0) {
                return Err(format!("event {id} arrived as {known:?} and as {fact:?}"));
            }
            if is_start && *self.starts.entry(session.to_owned()).or_insert_with(|| id.to_owned()) != id {
                return Err(format!("{session} begins twice"));
            }
            let previous = lines::behind(facts, event::LINES + totals::LINES);
            if previous.is_empty() == (is_start && lines::at(&batch.head, head::NUMBER) != "1") {
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
