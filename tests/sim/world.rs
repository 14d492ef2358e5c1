//! The world: each tab's tracker beside its model, on shared storage and one clock.

mod consent;
mod deliver;
mod early;
mod tell;
mod visit;

use crate::clock::Clock;
use crate::history::History;
use crate::ledger::Ledger;
use crate::model::{Arrival, Deed, Known, Model};
use crate::network::Network;
use crate::plan::{Act, Gap, Parameters, Plan, Step};
use crate::storage::{NOBODY, Storage};
use shopbell_core::effect::BatchId;
use shopbell_core::event::{Money, Order};
use shopbell_core::outbox::Answer;
use shopbell_core::session;
use shopbell_core::tracker::{Input, NavigationKind, Tracker};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;

const DAY_MS: u64 = 86_400_000;
/// By then all that waits has arrived once nothing fails: the longest wait after a failure, a probe without an answer,
/// and what is left of a minute for the rest.
const DRAIN_MS: u64 = 300_000 + 30_000 + 60_000;
/// A page that never comes to rest within so many inputs is a storm.
const WAKES_MAX: usize = 400;

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
    /// Inputs that trackers were told, each with its effects and its judgement.
    pub inputs: u64,
    /// Sessions that began.
    pub sessions: u64,
    /// Events that were tracked.
    pub events: u64,
}

impl Figures {
    /// Adds those of another run.
    pub fn add(&mut self, other: Self) {
        self.tab_ms += other.tab_ms;
        self.inputs += other.inputs;
        self.sessions += other.sessions;
        self.events += other.events;
    }

    /// Hours that tabs were open.
    pub fn tab_hours(&self) -> f64 {
        self.tab_ms as f64 / 3_600_000.0
    }
}

/// A page in a tab.
struct Page {
    /// Its place among all pages.
    number: u64,
    tracker: Tracker,
    model: Model,
    /// The record's text as it last read or wrote it.
    text: Rc<str>,
    began: u64,
    /// What it would derive ids from, and when it agreed on that with others.
    seed: Rc<str>,
    agreed: u64,
    is_stored: bool,
    /// The breaker as it stored it last.
    breaker: Rc<str>,
    /// Events that came into its outbox.
    entered: u64,
    /// Tabs that live no more and whose events it sends.
    adopted: Vec<String>,
    /// Answers that came while it was frozen or kept.
    unheard: Vec<(BatchId, Answer)>,
}

struct Tab {
    name: String,
    page: Page,
    /// The page before, which the browser keeps.
    kept: Option<Page>,
    /// Since when it is frozen: its timers do not ring.
    frozen_since: Option<u64>,
}

struct World<'a> {
    parameters: &'a Parameters,
    clock: Clock,
    elapsed: u64,
    step: Step,
    storage: Storage,
    tabs: Vec<Option<Tab>>,
    /// What each text of the record says.
    known: HashMap<Rc<str>, Known>,
    history: History,
    network: Network,
    ledger: Ledger,
    figures: Figures,
    tabs_so_far: u64,
    pages_so_far: u64,
    requests: u64,
    /// Effects that the next input still has before its tab crashes.
    effects_left: Option<usize>,
    /// Whether the visitor agreed, and which tabs wait for that.
    is_granted: bool,
    is_waiting: Vec<bool>,
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
        requests: 0,
        network: Network::default(),
        ledger: Ledger::new(parameters),
        effects_left: None,
        is_granted: !parameters.asks_for_consent,
        is_waiting: vec![false; parameters.tabs],
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
        self.act(step)?;
        if self.is_granted { Ok(()) } else { self.keeps_nothing() }
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
        loop {
            let wake = self.next_wake().filter(|(at, _)| *at <= until);
            if let Some(at) = self.network.next().filter(|at| *at <= wake.map_or(until, |(at, _)| at)) {
                self.elapsed = self.elapsed.max(at);
                self.hear()?;
                continue;
            }
            let Some((at, tab)) = wake else { break };
            self.elapsed = self.elapsed.max(at);
            self.tell(tab, Input::TimerFired, &Deed::Save)?;
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
            let page = &tab.as_ref().filter(|tab| tab.frozen_since.is_none())?.page;
            let at = page.began + page.tracker.next_wake()?.0;
            Some((at, place))
        };
        self.tabs.iter().enumerate().filter_map(wake).min()
    }

    fn act(&mut self, step: &Step) -> Result<(), String> {
        let tab = step.tab;
        let is_open = self.tabs[tab].is_some();
        if !matches!(step.act, Act::Freeze) {
            self.thaw(tab, step.chance)?;
        }
        match step.act {
            Act::Consent(is_granted) => self.consent(is_granted),
            Act::Load { .. } if !self.is_granted => {
                self.waits(tab);
                Ok(())
            }
            // What would spoil storage finds none, and what is left early leaves nothing.
            Act::Early { .. } | Act::Spoil { .. } if !self.is_granted => Ok(()),
            Act::Load { campaign, referrer, is_return } => self.load(tab, campaign, referrer, is_return),
            Act::Fill(is_full) => {
                self.storage.is_full = is_full;
                Ok(())
            }
            Act::Wipe => {
                self.ledger.is_wiped_beside_others |= self.tabs.iter().flatten().count() > 1;
                for (key, text) in &self.storage.entries {
                    self.ledger.wiped(key, text);
                }
                self.lose_early();
                self.storage.wipe(self.elapsed);
                Ok(())
            }
            Act::Outage(is_down) => {
                self.network.is_down = is_down;
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
            Act::Early { campaign, referrer, is_return, calls } => {
                self.leave_early(tab, (campaign, referrer, is_return), calls)
            }
            _ if !is_open => Ok(()),
            Act::Reload => self.reload(tab),
            Act::Back => self.back(tab),
            Act::Route { campaign } => {
                let arrival = Arrival::new(campaign, 0, false);
                self.view(tab, NavigationKind::Spa, arrival, (campaign, 0, false), false, 0)
            }
            Act::Input => self.tell(tab, Input::Activity, &Deed::Input),
            Act::Track => self.track(tab),
            Act::Purchase => {
                let id = step.chance.to_string();
                let order = &Order { id: &id, value: Money(599_000), currency: "EUR" }.lines();
                let input = Input::Tracked { name: "purchase", props: "{}", order };
                self.tell(tab, input, &Deed::Track { is_purchase: true })
            }
            Act::NewSession => self.tell(tab, Input::NewSession, &Deed::NewSession),
            Act::CheckoutPending => self.tell(tab, Input::CheckoutPending, &Deed::CheckoutPending),
            Act::Hide => self.tell(tab, Input::Hidden, &Deed::Save),
            Act::Show => self.adopt(tab),
            Act::Flush => self.tell(tab, Input::Flush, &Deed::Nothing),
            Act::Burst { events } => (0..events).try_for_each(|_| self.track(tab)),
            Act::Loop { events } => self.track_all(tab, events),
            Act::Freeze => {
                let elapsed = self.elapsed;
                if let Some(tab) = &mut self.tabs[tab] {
                    tab.frozen_since.get_or_insert(elapsed);
                }
                Ok(())
            }
            Act::Look => self.tell(tab, Input::SnapshotRequested, &Deed::Nothing),
            Act::Close => self.close(tab),
            Act::Crash { effects } => {
                self.effects_left = Some(effects);
                let is_loading = step.chance.is_multiple_of(2);
                let result = if is_loading { self.load(tab, 1, 0, false) } else { self.track(tab) };
                self.effects_left = None;
                result?;
                self.ends(tab, true)
            }
        }
    }

    fn track(&mut self, tab: usize) -> Result<(), String> {
        let input = Input::Tracked { name: "track", props: "{}", order: "" };
        self.tell(tab, input, &Deed::Track { is_purchase: false })
    }

    /// Events in one task, with a purchase in the middle.
    fn track_all(&mut self, tab: usize, events: usize) -> Result<(), String> {
        let id = self.step.chance.to_string();
        let order = Order { id: &id, value: Money(599_000), currency: "EUR" }.lines();
        let one = |nth| {
            let is_purchase = nth == events / 2;
            let (name, order) = if is_purchase { ("purchase", &*order) } else { ("track", "") };
            (Input::Tracked { name, props: "{}", order }, Deed::Track { is_purchase })
        };
        let task: Vec<_> = (0..events).map(one).collect();
        self.tell_task(tab, &task)
    }

    fn spoil(&mut self, how: usize) {
        let now = self.storage.record.read(NOBODY, self.elapsed, 0);
        let spoiled: Rc<str> = match how {
            0 => "{}".into(),
            1 => now.get(..now.len() / 2).unwrap_or_default().into(),
            2 => now.replace('1', "7").into(),
            3 => "\0\n\n".into(),
            4 => now.replace("shopbell/5", "shopbell/4").into(),
            5 => now.replace("shopbell/5", "shopbell/6").into(),
            _ => self.storage.record.earlier(how).unwrap_or_default(),
        };
        // The version before had the same record; of a later version's, whatever it is, only the seed is known.
        let says = match self.known.get(&now) {
            _ if spoiled.starts_with("shopbell/6 ") => {
                Some(Known::Newer(spoiled.lines().nth(1).unwrap_or_default().into()))
            }
            Some(Known::Record(session)) if how == 4 => Some(Known::Older(session.clone())),
            _ => None,
        };
        if let Some(says) = says.filter(|_| spoiled != now) {
            self.known.insert(Rc::clone(&spoiled), says);
        }
        if how == 6 {
            self.storage.breaker.write(NOBODY, self.elapsed, Rc::clone(&spoiled));
        }
        self.storage.record.write(NOBODY, self.elapsed, spoiled);
    }

    /// A frozen tab wakes up. On some systems its monotonic clock stood still meanwhile.
    fn thaw(&mut self, place: usize, chance: u64) -> Result<(), String> {
        let Some(tab) = &mut self.tabs[place] else { return Ok(()) };
        let Some(since) = tab.frozen_since.take() else { return Ok(()) };
        if chance.is_multiple_of(2) {
            tab.page.began += self.elapsed - since;
        }
        self.hear_late(place)
    }

    /// All is well from here on: tabs that act come to one session, and what was tracked arrives.
    fn heal(&mut self) -> Result<(), String> {
        self.note("all is well from here on\n");
        self.network.is_healed = true;
        self.consent(true)?;
        self.storage.is_full = false;
        for place in 0..self.tabs.len() {
            self.thaw(place, 1)?;
        }
        self.step = Step { gap: Gap::Ms(0), tab: 0, act: Act::Look, stale_ms: 0, chance: 1 };
        self.pass(self.parameters.stale_ms_max + 1)?;
        if self.tabs.iter().flatten().count() == 0 {
            self.load(0, 0, 0, false)?;
        }
        for _ in 0..2 {
            for place in 0..self.tabs.len() {
                if self.tabs[place].as_ref().is_some_and(|tab| tab.page.is_stored) {
                    self.tell(place, Input::Activity, &Deed::Input)?;
                }
            }
        }
        let stored = self.tabs.iter().flatten().filter(|tab| tab.page.is_stored);
        let mut ids: Vec<&str> =
            stored.filter_map(|tab| tab.page.tracker.session()).map(session::Session::id).collect();
        ids.sort_unstable();
        ids.dedup();
        // Under a later version's record, each page is alone.
        let record = self.storage.record.read(NOBODY, self.elapsed, 0);
        let is_shared = !matches!(self.known.get(&record), Some(Known::Newer(_)));
        if is_shared && ids.len() > 1 {
            return Err(format!("tabs that act one after the other have {} sessions: {ids:?}", ids.len()));
        }
        self.settle()
    }

    /// Everything that still waits is sent, within a bound: the longest wait, and a probe that nobody heard of.
    fn settle(&mut self) -> Result<(), String> {
        // What left before all was well is over.
        self.pass(30_000)?;
        if !self.parameters.has_locks {
            // Nobody knows who lives, so what a tab has left is taken over after a day, by a clock that may be slow.
            self.pass(DAY_MS + DAY_MS / 500)?;
        }
        for place in 0..self.tabs.len() {
            if self.tabs[place].is_some() {
                // What an extension seemed to block waits for another session.
                self.pass(1_000)?;
                self.tell(place, Input::NewSession, &Deed::NewSession)?;
                self.adopt(place)?;
                self.tell(place, Input::Hidden, &Deed::Save)?;
            }
        }
        self.pass(DRAIN_MS)?;
        // Where the record becomes what it was, a session's id comes again, and with it what an extension did to it.
        let is_quiet = self.parameters.is_blocked && self.parameters.has_storage_faults;
        if is_quiet {
            return Ok(());
        }
        for (place, tab) in self.tabs.iter().enumerate() {
            let waiting = tab.as_ref().map_or(0, |tab| tab.page.tracker.waiting());
            if waiting > 0 {
                return Err(format!("tab {place} still has {waiting} events, {DRAIN_MS} ms after all is well"));
            }
        }
        // Without locks, a clock that was set back hides how old what a tab has left is.
        let can_tell = self.parameters.has_locks || !self.parameters.has_clock_faults;
        if let Some(key) = self.storage.entries.keys().find(|_| can_tell) {
            return Err(format!("{key} is left in storage"));
        }
        // What the browser keeps for going back is let go.
        for place in 0..self.tabs.len() {
            if let Some(kept) = self.tabs[place].as_mut().and_then(|tab| tab.kept.take()) {
                self.page_ends(&kept, false)?;
            }
        }
        // Pages whose storage takes nothing leave what early pages kept to the next.
        if self.tabs.iter().flatten().any(|tab| tab.page.is_stored) && !self.storage.early.is_empty() {
            return Err("what early pages kept is left in storage".to_owned());
        }
        self.lose_early();
        if can_tell {
            self.ledger.settles()?;
        }
        let record = self.storage.record.read(NOBODY, self.elapsed, 0);
        self.history.ends(match self.known.get(&record) {
            Some(Known::Record(session)) => Some(session),
            _ => None,
        })
    }
}
