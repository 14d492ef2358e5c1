//! One input into a tab: its effects, and the judgement of both.

use super::World;
use crate::model::{Deed, Outcome, When};
use shopbell_core::outbox::{BREAKER_KEY, DropReason};
use shopbell_core::record::RECORD_KEY;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Output};
use std::rc::Rc;

impl World<'_> {
    /// One input, its effects, and the judgement of both.
    pub(super) fn tell(&mut self, place: usize, input: Input<'_>, deed: &Deed) -> Result<(), String> {
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
        let before = page.model.session.as_ref().map(|session| Rc::clone(&session.id));
        let is_held = page.model.session.as_ref().is_some_and(|session| session.held_until > wall);
        let when = When { wall, date: zone.date(wall), uptime };
        let mut outcome = page.model.does(deed, when);

        self.figures.inputs += 1;
        let (waited, aged) = (page.tracker.waiting(), page.tracker.counters().dropped[DropReason::Age as usize]);
        let batch = match input {
            Input::Answered(batch, answer) => page.tracker.batch(batch).cloned().map(|segment| (segment, answer)),
            _ => None,
        };
        page.tracker.handle(&moment, input);
        let outputs = page.tracker.take_outputs();
        if let Some((segment, answer)) = batch {
            self.ledger.hears(&segment, answer, self.elapsed)?;
        }
        let (waiting, counters) = (page.tracker.waiting(), page.tracker.counters());
        let aged = counters.dropped[DropReason::Age as usize] - aged;
        if aged > 0 {
            let is_removed = |output: &Output| matches!(output, Output::Store(_, text) if text.is_empty());
            let keys = outputs.iter().filter(|output| is_removed(output)).filter_map(|output| match output {
                Output::Store(key, _) => self.storage.entries.get_key_value(key),
                Output::Send(_) => None,
            });
            self.ledger.aged(keys, aged)?;
        }
        match input {
            Input::Recovered(_) => page.entered += waiting - waited + aged,
            Input::Returned => page.entered -= waited - waiting,
            _ => page.entered += outcome.events.len() as u64,
        }
        // An event waits for company for a while, and not for good.
        if page.tracker.segments().iter().any(|segment| segment.closed.is_none()) && page.tracker.next_wake().is_none()
        {
            return Err("an event waits, and no timer is set".to_owned());
        }
        let gone = counters.sent + counters.all_dropped();
        if page.entered != gone + waiting {
            let entered = page.entered;
            return Err(format!("{entered} events came in, {gone} were sent or dropped, and {waiting} wait"));
        }
        let is_activity = !matches!(deed, Deed::Save | Deed::Nothing);
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
            } else if !is_held && !matches!(deed, Deed::NewSession) {
                self.history.goes_on(session, self.elapsed)?;
            }
            let is_done = outcome.reason.is_some() || !matches!(deed, Deed::NewSession);
            if is_done {
                self.history.is_active(&session.id, self.elapsed, wall, self.effects_left.is_some());
            }
        }
        self.effects(place, outputs, &outcome)
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
                    self.known.insert(Rc::clone(&text), write.clone());
                    page.is_stored &= !self.storage.is_full;
                    if happens && page.is_stored {
                        self.storage.record.write(place, self.elapsed, text);
                    }
                }
                Output::Store(key, text) => {
                    let id = page.model.session.as_ref().map(|session| &session.id);
                    if let Some((event, name)) = self.history.entry(&tab.name, id, &key, &text)? {
                        if names.next().copied() != Some(name.as_str()) {
                            return Err(format!("{name} was tracked, expected were {:?} in all", outcome.events));
                        }
                        self.figures.events += 1;
                        if happens {
                            self.ledger.tracked(&event);
                        }
                    }
                    if happens && text.is_empty() {
                        if let Some(removed) = self.storage.entries.remove(&key) {
                            self.ledger.removed(&key, &removed)?;
                        }
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
