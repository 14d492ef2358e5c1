//! One input into a tab: its effects, and the judgement of both.

use super::World;
use crate::model::{Deed, Outcome, When};
use shopbell_core::outbox::Answer;
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
        let stored =
            if page.is_stored { self.storage.record(place, self.elapsed, self.step.stale_ms) } else { "".into() };
        let uptime = self.elapsed - page.began;
        let moment =
            Moment { wall: Timestamp(wall), uptime: Uptime(uptime), day: CivilDay(zone.day(wall)), stored: &stored, breaker: "" };
        if page.text != stored {
            page.text = Rc::clone(&stored);
            page.model.read(self.known.get(&stored));
        }
        let before = page.model.session.as_ref().map(|session| Rc::clone(&session.id));
        let is_held = page.model.session.as_ref().is_some_and(|session| session.held_until > wall);
        let when = When { wall, date: zone.date(wall), uptime };
        let mut outcome = page.model.does(deed, when);

        self.figures.inputs += 1;
        page.tracker.handle(&moment, input);
        let outputs = page.tracker.take_outputs();
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
    pub(super) fn answer(&mut self, place: usize) -> Result<(), String> {
        while let Some(batch) = self.tabs[place].as_mut().and_then(|tab| tab.page.in_flight.pop()) {
            self.answers += 1;
            let chance = (self.step.chance ^ self.answers).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            let fails = chance % 1_000 < self.parameters.failing_permille && !self.history.is_healed;
            let Some(tab) = &self.tabs[place] else { return Ok(()) };
            if let Some(segment) = tab.page.tracker.batch(batch) {
                // Half of what fails has arrived, and only its answer has not.
                if !fails || chance.is_multiple_of(2) {
                    self.history.arrived(segment)?;
                }
            }
            let answer = if fails { Answer::Unavailable(0) } else { Answer::Accepted };
            self.tell(place, Input::Answered(batch, answer), &Deed::Nothing)?;
        }
        Ok(())
    }
}
