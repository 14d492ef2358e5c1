//! Inputs into a tab: their effects, and the judgement of both.

use super::World;
use crate::chunk;
use crate::model::{Deed, Known, Outcome, When};
use shopbell_core::effect::Output;
use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::{BREAKER_KEY, DropReason, Segment};
use shopbell_core::record::RECORD_KEY;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment};
use std::rc::Rc;

impl World<'_> {
    /// One input in a task of its own.
    pub(super) fn tell(&mut self, place: usize, input: Input<'_>, deed: &Deed) -> Result<(), String> {
        self.tell_task(place, &[(input, *deed)])
    }

    /// The inputs of one task, their effects, and the judgement of both.
    pub(super) fn tell_task(&mut self, place: usize, task: &[(Input<'_>, Deed)]) -> Result<(), String> {
        let (wall, zone) = (self.wall(), self.clock.zone());
        let Some(tab) = &mut self.tabs[place] else { return Ok(()) };
        let page = &mut tab.page;
        let stored = if page.is_stored {
            self.storage.record.read(place, self.elapsed, self.step.stale_ms)
        } else {
            Rc::clone(&page.text)
        };
        let breaker = if page.is_stored {
            self.storage.breaker.read(place, self.elapsed, self.step.stale_ms)
        } else {
            Rc::clone(&page.breaker)
        };
        let uptime = self.elapsed - page.began;
        let moment = Moment {
            wall: Timestamp(wall),
            uptime: Uptime(uptime),
            day: CivilDay(zone.day(wall)),
            stored: &stored,
            breaker: &breaker,
        };
        if page.text != stored {
            page.text = Rc::clone(&stored);
            page.model.read(self.known.get(&stored));
        }
        let when = When { wall, date: zone.date(wall), uptime };
        let mut all = Outcome::default();
        let waited = page.tracker.waiting();
        let dropped = |page: &super::Page| page.tracker.counters().dropped[DropReason::Age as usize];
        let aged = dropped(page);
        let mut answered = None;
        for (input, deed) in task {
            let before = page.model.session.as_ref().map(|session| Rc::clone(&session.id));
            let is_held = page.model.session.as_ref().is_some_and(|session| session.held_until > wall);
            let mut outcome = Outcome::default();
            page.model.does(deed, when, &mut outcome);
            self.figures.inputs += 1;
            if let Input::Answered(batch, answer) = *input {
                answered = page.tracker.batch(batch).cloned().map(|segment| (segment, answer));
            }
            page.tracker.handle(&moment, *input);
            if let (Some(_), Some(session)) = (outcome.reason, page.tracker.session()) {
                page.model.is_called(&session.id().into());
            }
            self.history.same(page.model.session.as_ref(), page.tracker.session())?;
            let is_activity = !matches!(deed, Deed::Save | Deed::Nothing);
            if let Some(session) = page.model.session.as_ref().filter(|_| is_activity) {
                if outcome.reason.is_some() {
                    self.history.begins(session, before.as_ref(), self.elapsed, &outcome)?;
                    self.figures.sessions += 1;
                } else if !is_held && !matches!(deed, Deed::NewSession) {
                    self.history.goes_on(session, self.elapsed)?;
                }
                let is_done = outcome.reason.is_some() || !matches!(deed, Deed::NewSession);
                if is_done {
                    self.history.is_active(&session.id, self.elapsed, wall, self.effects_left.is_some());
                }
            }
            all.events.extend(outcome.events);
        }
        page.model.writes(&mut all);
        let outputs = page.tracker.poll(&moment);
        if let Some((segment, answer)) = answered {
            self.ledger.hears(&segment, answer, self.elapsed)?;
        }
        let (waiting, aged) = (page.tracker.waiting(), dropped(page) - aged);
        if let ([(Input::Recovered(stored), _)], true) = (task, aged > 0) {
            // The event that begins a session has one id, whoever tells it: another of the same may be kept.
            let mut segments = page.tracker.segments().iter();
            let is_its = |one: &&Segment| {
                chunk::parts(stored.key).is_some_and(|(tab, first, _)| one.tab_id == tab && one.first_seq == first)
            };
            let events = segments.find(is_its).into_iter().flat_map(Segment::events);
            let kept: Vec<_> = events.map(|facts| lines::at(facts, event::ID).to_owned()).collect();
            self.ledger.aged(&chunk::ids(stored.key, stored.text), &kept, aged)?;
        }
        match task {
            [(Input::Recovered(_), _)] => page.entered += waiting - waited + aged,
            [(Input::Returned, _)] => page.entered -= waited - waiting,
            _ => page.entered += all.events.len() as u64,
        }
        // An event waits for company for a while, and not for good.
        if page.tracker.segments().iter().any(|segment| segment.closed.is_none()) && page.tracker.next_wake().is_none()
        {
            return Err("an event waits, and no timer is set".to_owned());
        }
        let counters = page.tracker.counters();
        // What cannot be read was never an event of this page.
        let unreadable = counters.dropped[DropReason::Unreadable as usize];
        let gone = counters.sent + counters.all_dropped() - unreadable;
        if page.entered != gone + waiting {
            let entered = page.entered;
            return Err(format!("{entered} events came in, {gone} were sent or dropped, and {waiting} wait"));
        }
        self.effects(place, outputs, &all)
    }

    /// Carries out what the tracker asks for, unless the tab crashes meanwhile.
    pub(super) fn effects(&mut self, place: usize, outputs: Vec<Output>, outcome: &Outcome) -> Result<(), String> {
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
                Output::Store(key, text) if key == BREAKER_KEY => {
                    let text: Rc<str> = text.into();
                    page.breaker = Rc::clone(&text);
                    page.is_stored &= !self.storage.is_full || text.is_empty();
                    if happens && (page.is_stored || text.is_empty()) {
                        self.storage.breaker.write(place, self.elapsed, text);
                    }
                }
                Output::Store(key, text) if key == RECORD_KEY => {
                    let Some(write) = writes.next() else {
                        return Err("the record was written, and nothing had to be".to_owned());
                    };
                    if *text == *page.text {
                        return Err("the record was written as it stood there already".to_owned());
                    }
                    let text: Rc<str> = text.into();
                    page.text = Rc::clone(&text);
                    self.known.insert(Rc::clone(&text), Known::Record(write.clone()));
                    page.is_stored &= !self.storage.is_full;
                    if happens && page.is_stored {
                        self.storage.record.write(place, self.elapsed, text);
                    }
                }
                Output::Store(key, text) => {
                    for (event, name) in self.history.stored(&tab.name, &key, &text)? {
                        if names.next().copied() != Some(name.as_str()) {
                            return Err(format!("{name} was tracked, expected were {:?} in all", outcome.events));
                        }
                        self.figures.events += 1;
                        if happens {
                            self.ledger.tracked(&event);
                        }
                    }
                    if happens && text.is_empty() {
                        let before = self.storage.entries.remove(&key).unwrap_or_default();
                        self.ledger.removed(&key, &before)?;
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
        for batch in sent {
            self.send(place, batch)?;
        }
        Ok(())
    }
}
