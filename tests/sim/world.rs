//! The world: each tab's tracker beside its model, on shared storage and one clock.

use crate::clock::Clock;
use crate::history::History;
use crate::model::{Arrival, Deed, Model, Session, When};
use crate::plan::{Act, CAMPAIGNS, Gap, Parameters, Plan, REFERRERS, Step};
use crate::storage::{NOBODY, Storage};
use shopbell_core::attribution::Landing;
use shopbell_core::event::{Money, Order};
use shopbell_core::id::Entropy;
use shopbell_core::outbox::{Answer, BatchId, Leftover};
use shopbell_core::record::RECORD_KEY;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Output, Tracker};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;

/// Tabs that begin within this of each other agree on a seed.
const AGREE_MS: u64 = 10_000;
/// A page that never comes to rest within so many inputs is a storm.
const WAKES_MAX: usize = 400;
const PATHS: [&str; 3] = ["/", "/p/lamp", "/cart"];

/// What is wrong, and at which step.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The place of the step; past the last for what shows at the end.
    pub step: usize,
    /// What should be and is not.
    pub what: String,
}

/// What a run adds up to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Milliseconds that tabs were open, all together.
    pub tab_ms: u64,
    /// Sessions that began.
    pub sessions: u64,
    /// Events that were tracked.
    pub events: u64,
}

/// A page in a tab.
struct Page {
    tracker: Tracker,
    model: Model,
    /// The record's text as it last read or wrote it.
    text: Rc<str>,
    began: u64,
    is_stored: bool,
    in_flight: Vec<BatchId>,
}

struct Tab {
    name: String,
    seed: Rc<str>,
    opened: u64,
    page: Page,
    /// The page before, which the browser keeps.
    kept: Option<Page>,
}

/// What a tab is told, with what that means.
struct Told<'a> {
    input: Input<'a>,
    deed: Deed,
}

impl Figures {
    /// Adds those of another run.
    pub fn add(&mut self, other: Self) {
        self.tab_ms += other.tab_ms;
        self.sessions += other.sessions;
        self.events += other.events;
    }

    /// Hours that tabs were open.
    pub fn tab_hours(&self) -> f64 {
        self.tab_ms as f64 / 3_600_000.0
    }
}

impl Told<'_> {
    fn quiet(input: Input<'static>) -> Told<'static> {
        Told { input, deed: Deed::Nothing }
    }
}

struct World<'a> {
    parameters: &'a Parameters,
    clock: Clock,
    elapsed: u64,
    step: Step,
    storage: Storage,
    tabs: Vec<Option<Tab>>,
    /// What each text of the record says.
    known: HashMap<Rc<str>, Session>,
    history: History,
    figures: Figures,
    tabs_so_far: u64,
    pages_so_far: u64,
    answers: u64,
    /// Effects that the next input still has before its tab crashes.
    effects_left: Option<usize>,
    trace: Option<String>,
}

/// Runs a plan; with `trace`, what happened is written there.
pub fn run(plan: &Plan, trace: Option<&mut String>) -> Result<Figures, Violation> {
    let step = Step { gap: Gap::Ms(0), tab: 0, act: Act::Look, stale_ms: 0, chance: 0 };
    let parameters = &plan.parameters;
    let mut world = World {
        parameters,
        clock: Clock::new(parameters.drift_ppm, parameters.zone),
        elapsed: 0,
        step,
        storage: Storage::default(),
        tabs: (0..parameters.tabs).map(|_| None).collect(),
        known: HashMap::new(),
        history: History::new(parameters),
        figures: Figures::default(),
        tabs_so_far: 0,
        pages_so_far: 0,
        answers: 0,
        effects_left: None,
        trace: trace.as_ref().map(|_| String::new()),
    };
    let mut result = Ok(());
    for (place, step) in plan.steps.iter().enumerate() {
        world.step = *step;
        result = world.take(step).map_err(|what| Violation { step: place, what });
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() {
        result = world.heal().map_err(|what| Violation { step: plan.steps.len(), what });
    }
    if let (Some(trace), Some(written)) = (trace, world.trace) {
        *trace = written;
    }
    result.map(|()| world.figures)
}

impl World<'_> {
    fn wall(&self) -> u64 {
        self.clock.wall(self.parameters.began, self.elapsed)
    }

    fn take(&mut self, step: &Step) -> Result<(), String> {
        let gap_ms = self.gap_ms(step.gap);
        self.pass(gap_ms)?;
        if self.trace.is_some() {
            let (year, month, day) = self.clock.zone().date(self.wall());
            let time = self.clock.zone().local_ms(self.wall()) % 86_400_000;
            let (hours, minutes, seconds) = (time / 3_600_000, time / 60_000 % 60, time as f64 / 1_000.0 % 60.0);
            let line = format!(
                "{:>12} ms  {year}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:06.3}  tab {}  {:?}, reads {} ms late\n",
                self.elapsed, step.tab, step.act, step.stale_ms
            );
            self.note(&line);
        }
        self.act(step)
    }

    fn note(&mut self, line: &str) {
        if let Some(trace) = &mut self.trace {
            let _ = trace.write_str(line);
        }
    }

    fn gap_ms(&self, gap: Gap) -> u64 {
        match gap {
            Gap::Ms(ms) => ms,
            Gap::ToTimeout(more) => {
                let active = self.history.latest_activity_wall();
                let due = (active + self.parameters.rules.timeout_ms).saturating_add_signed(more);
                due.saturating_sub(self.wall()).min(2 * 86_400_000)
            }
            Gap::ToMidnight(more) => self.clock.zone().until_midnight(self.wall()).saturating_add_signed(more),
        }
    }

    /// Lets time pass, and timers ring meanwhile.
    fn pass(&mut self, ms: u64) -> Result<(), String> {
        let until = self.elapsed + ms;
        self.figures.tab_ms += ms * self.tabs.iter().flatten().count() as u64;
        let mut wakes = 0;
        while let Some((at, tab)) = self.next_wake().filter(|(at, _)| *at <= until) {
            self.elapsed = self.elapsed.max(at);
            self.tell(tab, Told { input: Input::Woke, deed: Deed::Save })?;
            wakes += 1;
            if wakes > WAKES_MAX + ms as usize / 200 {
                return Err(format!("tab {tab} rang {wakes} times in {ms} ms"));
            }
        }
        self.elapsed = until;
        Ok(())
    }

    fn next_wake(&self) -> Option<(u64, usize)> {
        let wake = |(place, tab): (usize, &Option<Tab>)| {
            let page = &tab.as_ref()?.page;
            let at = page.began + page.tracker.next_wake()?.0;
            Some((at, place))
        };
        self.tabs.iter().enumerate().filter_map(wake).min()
    }

    fn act(&mut self, step: &Step) -> Result<(), String> {
        let tab = step.tab;
        let is_open = self.tabs[tab].is_some();
        match step.act {
            Act::Load { campaign, referrer, is_return } => self.load(tab, campaign, referrer, is_return),
            Act::Fill(is_full) => {
                self.storage.is_full = is_full;
                Ok(())
            }
            Act::Wipe => {
                self.history.is_disturbed = true;
                self.storage.wipe(self.elapsed);
                Ok(())
            }
            Act::Spoil { how } => {
                self.spoil(how);
                Ok(())
            }
            Act::SetClock { by_ms } => {
                self.clock.set(by_ms);
                self.history.clock_was_set();
                Ok(())
            }
            Act::Travel { zone } => {
                self.clock.travel(zone);
                Ok(())
            }
            Act::Quit => {
                for place in 0..self.tabs.len() {
                    self.close(place)?;
                }
                Ok(())
            }
            _ if !is_open => Ok(()),
            Act::Reload => self.reload(tab),
            Act::Back => self.back(tab),
            Act::Route { campaign } => {
                let arrival = Arrival::new(campaign, 0, false);
                self.view(tab, NavigationKind::Spa, arrival, (campaign, 0, false), false, 0)
            }
            Act::Input => self.tell(tab, Told { input: Input::Activity, deed: Deed::Input }),
            Act::Track => self.track(tab),
            Act::Purchase => {
                let id = step.chance.to_string();
                let order = Some(Order { id: &id, value: Money(599_000), currency: "EUR" });
                let input = Input::Tracked { name: "purchase", props: "{}", order };
                self.tell(tab, Told { input, deed: Deed::Track { is_purchase: true } })
            }
            Act::NewSession => self.tell(tab, Told { input: Input::NewSession, deed: Deed::NewSession }),
            Act::CheckoutPending => {
                self.tell(tab, Told { input: Input::CheckoutPending, deed: Deed::CheckoutPending })
            }
            Act::Hide => self.tell(tab, Told { input: Input::Hidden, deed: Deed::Save }),
            Act::Look => self.tell(tab, Told::quiet(Input::Looked)),
            Act::Close => self.close(tab),
            Act::Crash { effects } => {
                self.effects_left = Some(effects);
                let result = self.track(tab);
                self.effects_left = None;
                self.tabs[tab] = None;
                result
            }
        }
    }

    fn track(&mut self, tab: usize) -> Result<(), String> {
        let input = Input::Tracked { name: "track", props: "{}", order: None };
        self.tell(tab, Told { input, deed: Deed::Track { is_purchase: false } })
    }

    fn spoil(&mut self, how: usize) {
        self.history.is_disturbed = true;
        let now = self.storage.record(NOBODY, self.elapsed, 0);
        let spoiled: Rc<str> = match how {
            0 => "{}".into(),
            1 => now.get(..now.len() / 2).unwrap_or_default().into(),
            2 => now.replace('1', "7").into(),
            3 => "\0\n\n".into(),
            4 => now.replace("shopbell/1", "shopbell/0").into(),
            _ => self.storage.earlier(how).unwrap_or_default(),
        };
        self.storage.write_record(NOBODY, self.elapsed, spoiled);
    }

    /// A page is loaded, in a new tab if there is none.
    fn load(&mut self, tab: usize, campaign: usize, referrer: usize, is_return: bool) -> Result<(), String> {
        let others_live = self.tabs.iter().flatten().count() > 0;
        let is_new = self.tabs[tab].is_none();
        if is_new {
            self.tabs_so_far += 1;
            let seed = self.agreed_seed();
            let name = format!("t{}", self.tabs_so_far);
            let page = self.page(&name, 0, &seed);
            self.tabs[tab] = Some(Tab { name, seed, opened: self.elapsed, page, kept: None });
        } else {
            self.leave(tab)?;
        }
        self.recover(tab)?;
        let arrival = Arrival::new(campaign, referrer, is_return);
        let browser_closed = self.parameters.ends_on_close && is_new && !others_live;
        self.view(tab, NavigationKind::Load, arrival, (campaign, referrer, is_return), browser_closed, 1)
    }

    fn reload(&mut self, tab: usize) -> Result<(), String> {
        self.leave(tab)?;
        self.recover(tab)?;
        // Under the URL of a landing page.
        let arrival = Arrival::new(1, 0, false);
        self.view(tab, NavigationKind::Reload, arrival, (1, 0, false), false, 2)
    }

    /// The page makes room for the next of its tab, and is kept.
    fn leave(&mut self, tab: usize) -> Result<(), String> {
        self.tell(tab, Told { input: Input::Hidden, deed: Deed::Save })?;
        let Some(Tab { name, seed, page, .. }) = &self.tabs[tab] else { return Ok(()) };
        let (name, next_seq, seed) = (name.clone(), page.tracker.next_seq(), Rc::clone(seed));
        let next = self.page(&name, next_seq, &seed);
        if let Some(tab) = &mut self.tabs[tab] {
            tab.kept = Some(std::mem::replace(&mut tab.page, next));
        }
        Ok(())
    }

    fn back(&mut self, tab: usize) -> Result<(), String> {
        if self.tabs[tab].as_ref().is_none_or(|tab| tab.kept.is_none()) {
            return Ok(());
        }
        self.tell(tab, Told { input: Input::Hidden, deed: Deed::Save })?;
        if let Some(Tab { page, kept: Some(kept), .. }) = &mut self.tabs[tab] {
            std::mem::swap(page, kept);
        }
        self.recover(tab)?;
        let arrival = Arrival::new(1, 0, false);
        self.view(tab, NavigationKind::BackForward, arrival, (1, 0, false), false, 0)
    }

    fn close(&mut self, tab: usize) -> Result<(), String> {
        if self.tabs[tab].is_some() {
            self.tell(tab, Told { input: Input::Hidden, deed: Deed::Save })?;
            self.tabs[tab] = None;
        }
        Ok(())
    }

    fn page(&mut self, name: &str, next_seq: u64, seed: &Rc<str>) -> Page {
        let rules = self.parameters.rules.clone();
        self.pages_so_far += 1;
        let entropy = Entropy::new(format!("page {}", self.pages_so_far));
        Page {
            tracker: Tracker::new(rules.clone(), name, next_seq, seed, entropy),
            model: Model::new(rules, Rc::clone(seed)),
            text: "".into(),
            began: self.elapsed,
            is_stored: true,
            in_flight: Vec::new(),
        }
    }

    /// The seed of a tab that is there and came just now, or a new one.
    fn agreed_seed(&self) -> Rc<str> {
        let is_recent = |tab: &&Tab| self.elapsed - tab.opened < AGREE_MS && self.parameters.has_locks;
        let recent = self.tabs.iter().flatten().find(is_recent);
        recent.map_or_else(|| format!("seed {}", self.tabs_so_far).into(), |tab| Rc::clone(&tab.seed))
    }

    /// Tells what this tab, and tabs that live no more, have left behind.
    fn recover(&mut self, tab: usize) -> Result<(), String> {
        let living: Vec<&str> = self.tabs.iter().flatten().map(|tab| tab.name.as_str()).collect();
        let own = self.tabs[tab].as_ref().map_or("", |tab| tab.name.as_str());
        let mut left: Vec<(String, u64, Option<u64>, String)> = Vec::new();
        for (key, text) in &self.storage.entries {
            let mut parts = key.split('.').skip(1);
            let name = parts.next().unwrap_or_default();
            if name == own || !living.contains(&name) {
                let mut number = || parts.next().and_then(|part| part.parse().ok());
                left.push((name.to_owned(), number().unwrap_or(0), number(), text.clone()));
            }
        }
        left.sort();
        for (tab_id, first_seq, seq, text) in &left {
            let leftover = Leftover { tab_id, first_seq: *first_seq, seq: *seq, text };
            self.tell(tab, Told { input: Input::Recovered(leftover), deed: Deed::Nothing })?;
        }
        Ok(())
    }

    fn view(
        &mut self,
        tab: usize,
        kind: NavigationKind,
        arrival: Arrival,
        (campaign, referrer, is_return): (usize, usize, bool),
        browser_closed: bool,
        path: usize,
    ) -> Result<(), String> {
        let [source, medium, name] = if is_return { [""; 3] } else { CAMPAIGNS[campaign] };
        let referrer = if is_return { "" } else { REFERRERS[referrer] };
        let referrer_url = if referrer.is_empty() { String::new() } else { format!("https://{referrer}/") };
        let landing = Landing {
            utm: [source, medium, name, "", "", ""],
            parameters: "",
            referrer: &referrer_url,
            referrer_name: referrer,
            is_return,
        };
        let path = PATHS[path];
        let next_seq = self.tabs[tab].as_ref().map_or(0, |tab| {
            let kept = tab.kept.as_ref().map_or(0, |kept| kept.tracker.next_seq());
            kept.max(tab.page.tracker.next_seq())
        });
        let to = Navigation { kind, url: path, path, browser_closed, landing, title: "" };
        let deed = Deed::View {
            arrival,
            is_load: kind == NavigationKind::Load,
            is_route: kind == NavigationKind::Spa,
            browser_closed,
            path,
        };
        self.tell(tab, Told { input: Input::Navigated { to, counts: true, next_seq }, deed })
    }

    /// One input, its effects, and the judgement of both.
    fn tell(&mut self, place: usize, told: Told<'_>) -> Result<(), String> {
        let (wall, zone) = (self.wall(), self.clock.zone());
        let Some(tab) = &mut self.tabs[place] else { return Ok(()) };
        let page = &mut tab.page;
        let stored =
            if page.is_stored { self.storage.record(place, self.elapsed, self.step.stale_ms) } else { "".into() };
        let uptime = self.elapsed - page.began;
        let moment = Moment {
            wall: Timestamp(wall),
            uptime: Uptime(uptime),
            day: CivilDay(zone.day(wall)),
            stored: &stored,
        };
        if page.text != stored {
            page.text = Rc::clone(&stored);
            page.model.read(self.known.get(&stored));
        }
        let before = page.model.session.as_ref().map(|session| Rc::clone(&session.id));
        let is_held = page.model.session.as_ref().is_some_and(|session| session.held_until > wall);
        let when = When { wall, date: zone.date(wall), uptime };
        let mut outcome = page.model.does(&told.deed, when);

        page.tracker.handle(&moment, told.input);
        let outputs = page.tracker.take_outputs();
        let is_activity = !matches!(told.deed, Deed::Save | Deed::Nothing);
        if let (Some(_), Some(session)) = (outcome.reason, page.tracker.session()) {
            let id: Rc<str> = session.id().into();
            page.model.is_called(&id);
            for write in &mut outcome.writes {
                write.id = Rc::clone(&id);
            }
        }
        self.history.same(page.model.session.as_ref(), page.tracker.session())?;
        if let Some(session) = page.model.session.as_ref().filter(|_| is_activity) {
            if outcome.reason.is_some() {
                self.history.begins(session, before.as_ref(), self.elapsed, &outcome)?;
                self.figures.sessions += 1;
            } else if !is_held && !matches!(told.deed, Deed::NewSession) {
                self.history.goes_on(session, self.elapsed)?;
            }
            let is_done = outcome.reason.is_some() || !matches!(told.deed, Deed::NewSession);
            if is_done {
                self.history.is_active(&session.id, self.elapsed, wall, self.effects_left.is_some());
            }
        }
        self.effects(place, outputs, &outcome)
    }

    /// Carries out what the tracker asks for, unless the tab crashes meanwhile.
    fn effects(
        &mut self,
        place: usize,
        outputs: Vec<Output>,
        outcome: &crate::model::Outcome,
    ) -> Result<(), String> {
        let Some(tab) = &mut self.tabs[place] else { return Ok(()) };
        let page = &mut tab.page;
        let mut writes = outcome.writes.iter();
        let mut names = outcome.events.iter();
        let mut sent = Vec::new();
        for output in outputs {
            let happens = self.effects_left.is_none_or(|left| left > 0);
            if let Some(left) = &mut self.effects_left {
                *left = left.saturating_sub(1);
            }
            match output {
                Output::Store(key, text) if key == RECORD_KEY => {
                    let Some(write) = writes.next() else {
                        return Err("the record was written, and nothing had to be".to_owned());
                    };
                    if *text == *page.text {
                        return Err("the record was written as it stood there already".to_owned());
                    }
                    let text: Rc<str> = text.into();
                    page.text = Rc::clone(&text);
                    self.known.insert(Rc::clone(&text), write.clone());
                    page.is_stored &= !self.storage.is_full;
                    if happens && page.is_stored {
                        self.storage.write_record(place, self.elapsed, text);
                    }
                }
                Output::Store(key, text) => {
                    let id = page.model.session.as_ref().map(|session| &session.id);
                    if let Some(name) = self.history.entry(&tab.name, id, &key, &text)? {
                        if names.next().copied() != Some(name.as_str()) {
                            return Err(format!("{name} was tracked, expected were {:?} in all", outcome.events));
                        }
                        self.figures.events += 1;
                    }
                    if happens && text.is_empty() {
                        self.storage.entries.remove(&key);
                    } else if happens && page.is_stored {
                        page.is_stored &= !self.storage.is_full;
                        if page.is_stored {
                            self.storage.entries.insert(key, text);
                        }
                    }
                }
                Output::Send(batch) if happens => sent.push(batch),
                Output::Send(_) => {}
            }
        }
        if writes.next().is_some() {
            return Err("the record had to be written, and was not".to_owned());
        }
        if names.next().is_some() {
            return Err(format!("fewer events were tracked than {:?}", outcome.events));
        }
        if self.effects_left.is_some() {
            return Ok(());
        }
        page.in_flight.extend(sent);
        self.answer(place)
    }

    /// Answers what is in flight.
    fn answer(&mut self, place: usize) -> Result<(), String> {
        while let Some(batch) = self.tabs[place].as_mut().and_then(|tab| tab.page.in_flight.pop()) {
            self.answers += 1;
            let chance = (self.step.chance ^ self.answers).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let fails = chance % 1_000 < self.parameters.failing_permille && !self.history.is_healed;
            let Some(tab) = &self.tabs[place] else { return Ok(()) };
            if let Some(segment) = tab.page.tracker.batch(batch) {
                // Half of what fails has arrived, and only its answer has not.
                if !fails || chance % 2 == 0 {
                    self.history.arrived(segment)?;
                }
            }
            let answer = if fails { Answer::Unavailable(0) } else { Answer::Accepted };
            self.tell(place, Told { input: Input::Answered(batch, answer), deed: Deed::Nothing })?;
        }
        Ok(())
    }

    /// All is well from here on: tabs that act come to one session, and what was tracked arrives.
    fn heal(&mut self) -> Result<(), String> {
        self.note("all is well from here on\n");
        self.history.is_healed = true;
        self.storage.is_full = false;
        self.step = Step { gap: Gap::Ms(0), tab: 0, act: Act::Look, stale_ms: 0, chance: 1 };
        self.pass(self.parameters.stale_ms_max + 1)?;
        if self.tabs.iter().flatten().count() == 0 {
            self.load(0, 0, 0, false)?;
        }
        for _ in 0..2 {
            for place in 0..self.tabs.len() {
                if self.tabs[place].as_ref().is_some_and(|tab| tab.page.is_stored) {
                    self.tell(place, Told { input: Input::Activity, deed: Deed::Input })?;
                }
            }
        }
        let stored = self.tabs.iter().flatten().filter(|tab| tab.page.is_stored);
        let mut ids: Vec<&str> = stored.filter_map(|tab| tab.page.tracker.session()).map(|one| one.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > 1 {
            return Err(format!("tabs that act one after the other have {} sessions: {ids:?}", ids.len()));
        }
        // A page that begins takes over what tabs have left that are gone.
        if let Some(place) = self.tabs.iter().position(Option::is_some) {
            self.reload(place)?;
        }
        self.settle()
    }

    /// Everything that still waits is sent.
    fn settle(&mut self) -> Result<(), String> {
        for place in 0..self.tabs.len() {
            if self.tabs[place].is_some() {
                self.tell(place, Told { input: Input::Hidden, deed: Deed::Save })?;
            }
        }
        self.pass(400_000)?;
        let record = self.storage.record(NOBODY, self.elapsed, 0);
        self.history.ends(self.known.get(&record))
    }
}
