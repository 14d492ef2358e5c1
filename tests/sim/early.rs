//! Pages that were left before they had a tracker: the facts that they kept, and what they come to.

use crate::clock::Clock;
use crate::history::History;
use crate::model::{Arrival, Deed, Known, Model, Outcome, Session, When};
use crate::plan::{CAMPAIGNS, MESSAGES, Parameters, REFERRERS};
use shopbell_core::attribution::Landing;
use shopbell_core::early;
use shopbell_core::effect::Output;
use shopbell_core::event::{Money, Order};
use shopbell_core::id::Entropy;
use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::Segment;
use shopbell_core::record::RECORD_KEY;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};
use std::collections::HashMap;
use std::rc::Rc;

/// When something happened, in true time and by the device.
#[derive(Clone, Copy, Debug)]
pub struct At {
    /// True time.
    pub elapsed: u64,
    /// By the device.
    pub when: When,
    /// The day, as the core counts it.
    pub day: u32,
}

impl At {
    /// Now, on a page that began at a true time.
    pub fn now(clock: &Clock, world: &Parameters, elapsed: u64, began: u64) -> Self {
        let wall = clock.wall(world.began, elapsed);
        let when = When { wall, date: clock.zone().date(wall), uptime: elapsed - began };
        Self { elapsed, when, day: clock.zone().day(wall) }
    }
}

/// A call on an early page.
#[derive(Clone, Copy, Debug)]
pub enum Call {
    /// The site tracks.
    Track,
    /// The site tracks a purchase, of this order.
    Purchase(u64),
    /// The site wants a new session.
    NewSession,
    /// The visitor leaves to pay.
    CheckoutPending,
}

/// A page that was left before it had a tracker.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The record as it stood when it was left.
    pub record: Rc<str>,
    /// What it drew.
    pub chance: String,
    /// Campaign, referrer, and whether the visitor came back from a gateway.
    pub arrival: (usize, usize, bool),
    /// When it began.
    pub began: At,
    /// What was called, and when.
    pub calls: Vec<(Call, At)>,
}

/// What a chain of pages comes to.
pub struct Replayed {
    /// Their tracker.
    pub tracker: Tracker,
    /// What it asks to be stored.
    pub outputs: Vec<Output>,
    /// What the record must say, if it is written.
    pub record: Option<Session>,
}

impl Replayed {
    /// The ids of the events.
    pub fn ids(&self) -> Vec<String> {
        let events = self.tracker.segments().iter().flat_map(Segment::events);
        events.map(|facts| lines::at(facts, event::ID).to_owned()).collect()
    }

    /// The batches that its tracker would send.
    pub fn segments(&self) -> &[Segment] {
        self.tracker.segments()
    }
}

/// The chains among pages: those that found the same record.
pub fn chains(pages: &[Kept]) -> impl Iterator<Item = &[Kept]> {
    pages.chunk_by(|one, next| one.record == next.record)
}

#[expect(clippy::implicit_hasher, reason = "the world has one such map")]
/// Replays a chain of pages beside the model of them; `current` is the record as it stands now.
pub fn replay(
    pages: &[Kept],
    world: &Parameters,
    known: &HashMap<Rc<str>, Known>,
    current: &Rc<str>,
    history: &mut History,
) -> Result<Replayed, String> {
    let first = &pages[0];
    let mut run = Run {
        tracker: Tracker::new(world.rules.clone(), "", 0, &first.chance, Entropy::new("")),
        model: Model::new(world.rules.clone(), first.chance.as_str().into()),
        all: Outcome::default(),
        record: &first.record,
        history,
    };
    if !first.record.is_empty() {
        run.model.read(known.get(&first.record));
    }
    for page in pages {
        early::next_page(&mut run.tracker, &page.chance);
        run.view(page)?;
        for (call, at) in &page.calls {
            run.call(*call, *at)?;
        }
    }
    let Run { mut tracker, mut model, mut all, .. } = run;
    let left = pages.last().map_or(first.began, |page| page.calls.last().map_or(page.began, |(_, at)| *at));
    if *current != first.record {
        model.read(known.get(current));
    }
    model.does(&Deed::Save, left.when, &mut all);
    model.writes(&mut all);
    let outputs = early::end(&mut tracker, &moment(left, current));
    let is_written = outputs.iter().any(|output| matches!(output, Output::Store(key, _) if key == RECORD_KEY));
    let record = all.writes.pop();
    if is_written != record.is_some() {
        return Err(format!("an early page has to write {record:?}, and writes: {is_written}"));
    }
    let events = tracker.segments().iter().flat_map(Segment::events);
    let names: Vec<_> = events.map(|facts| lines::at(facts, event::NAME)).collect();
    if names != all.events {
        return Err(format!("an early page told {names:?}, expected were {:?}", all.events));
    }
    Ok(Replayed { tracker, outputs, record })
}

fn moment(at: At, stored: &str) -> Moment<'_> {
    Moment { wall: Timestamp(at.when.wall), uptime: Uptime(at.when.uptime), day: CivilDay(at.day), stored, breaker: "" }
}

struct Run<'a> {
    tracker: Tracker,
    model: Model,
    all: Outcome,
    record: &'a str,
    history: &'a mut History,
}

impl Run<'_> {
    fn view(&mut self, page: &Kept) -> Result<(), String> {
        let (campaign, referrer, is_return) = page.arrival;
        let [source, medium, name] = if is_return { [""; 3] } else { CAMPAIGNS[campaign] };
        let referrer_name = if is_return { "" } else { REFERRERS[referrer] };
        let from = if referrer_name.is_empty() { String::new() } else { format!("https://{referrer_name}/") };
        let utm = [source, medium, name, "", "", ""];
        let landing =
            Landing { utm, parameters: "", referrer: &from, referrer_name, is_return, is_message: medium == MESSAGES }
                .lines();
        let path = "/early";
        let kind = NavigationKind::Load;
        let to = Navigation { kind, url: path, path, browser_closed: false, landing: &landing, title: "" };
        let arrival = Arrival::new(campaign, referrer, is_return);
        let deed = Deed::View { arrival, is_load: true, is_route: false, browser_closed: false, path };
        self.take(Input::Navigated { to: &to.lines(0), counts: true }, &deed, page.began)
    }

    fn call(&mut self, call: Call, at: At) -> Result<(), String> {
        let id = if let Call::Purchase(order) = call { order.to_string() } else { String::new() };
        let order = Order { id: &id, value: Money(599_000), currency: "EUR" }.lines();
        match call {
            Call::Track => self.take(track("track", ""), &Deed::Track { is_purchase: false }, at),
            Call::Purchase(_) => self.take(track("purchase", &order), &Deed::Track { is_purchase: true }, at),
            Call::NewSession => self.take(Input::NewSession, &Deed::NewSession, at),
            Call::CheckoutPending => self.take(Input::CheckoutPending, &Deed::CheckoutPending, at),
        }
    }

    fn take(&mut self, input: Input<'_>, deed: &Deed, at: At) -> Result<(), String> {
        let mut outcome = Outcome::default();
        self.model.does(deed, at.when, &mut outcome);
        self.tracker.handle(&moment(at, self.record), input);
        if let (Some(_), Some(session)) = (outcome.reason, self.tracker.session()) {
            self.model.is_called(&session.id().into());
        }
        self.history.same(self.model.session.as_ref(), self.tracker.session())?;
        if let Some(session) = &self.model.session {
            if outcome.reason.is_some() {
                self.history.is_named(session, &outcome)?;
            }
            self.history.was_active(&session.id, at.elapsed);
        }
        self.all.events.extend(outcome.events);
        Ok(())
    }
}

fn track<'a>(name: &'a str, order: &'a str) -> Input<'a> {
    Input::Tracked { name, props: "{}", order }
}
