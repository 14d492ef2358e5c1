//! What goes to the collector and comes back, and what tabs do with what others have left.

use super::{DAY_MS, Page, World};
use crate::chunk;
use crate::model::Deed;
use crate::network::Event;
use shopbell_core::effect::BatchId;
use shopbell_core::formats::{Context, native};
use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::StoredChunk;
use shopbell_core::time::{Timestamp, Uptime};
use shopbell_core::tracker::Input;

impl World<'_> {
    /// The next thing on the network happens.
    pub(super) fn hear(&mut self) -> Result<(), String> {
        match self.network.take() {
            Some(Event::Arrived { segment, is_doubled }) => {
                self.history.arrived(&segment)?;
                self.ledger.arrived(&segment, is_doubled)
            }
            Some(Event::Answered { page: number, batch, answer }) => {
                self.note(&format!("{:>12} ms  page {number} hears of batch {}: {answer:?}\n", self.elapsed, batch.0));
                self.ledger.lands(number, batch);
                for place in 0..self.tabs.len() {
                    let Some(tab) = &mut self.tabs[place] else { continue };
                    if tab.page.number == number && tab.frozen_since.is_none() {
                        return self.tell(place, Input::Answered(batch, answer), &Deed::Nothing);
                    }
                    let is_it = |page: &&mut Page| page.number == number;
                    if let Some(page) = [Some(&mut tab.page), tab.kept.as_mut()].into_iter().flatten().find(is_it) {
                        page.unheard.push((batch, answer));
                    }
                }
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A page that was frozen or kept hears what came meanwhile.
    pub(super) fn hear_late(&mut self, place: usize) -> Result<(), String> {
        let Some(tab) = &mut self.tabs[place] else { return Ok(()) };
        for (batch, answer) in std::mem::take(&mut tab.page.unheard) {
            self.tell(place, Input::Answered(batch, answer), &Deed::Nothing)?;
        }
        Ok(())
    }

    /// A page sends a batch.
    pub(super) fn send(&mut self, place: usize, batch: BatchId) -> Result<(), String> {
        if !self.is_granted {
            return Err("a batch is sent without consent".to_owned());
        }
        self.requests += 1;
        let chance = (self.step.chance ^ self.requests).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let wall = self.wall();
        let Some(page) = self.tabs[place].as_ref().map(|tab| &tab.page) else { return Ok(()) };
        let Some(segment) = page.tracker.batch(batch) else {
            return Err(format!("{batch:?} is to be sent, and is not there"));
        };
        let context = Context {
            site: "shop",
            sent_at: Timestamp(wall),
            sent_uptime: Uptime(self.elapsed - page.began),
            device: "\"language\":\"en-GB\"",
            storage: "local",
            counters: page.tracker.counters(),
        };
        // Bytes matter where several requests are in flight.
        let bytes = if page.tracker.is_sending() { native::encode(&context, segment).len() } else { 0 };
        let line = format!("{:>12} ms  page {} sends batch {}\n", self.elapsed, page.number, batch.0);
        self.ledger.sends(page.number, batch, segment, bytes, self.elapsed)?;
        self.network.send(self.parameters, self.elapsed, page.number, batch, segment, chance);
        self.note(&line);
        Ok(())
    }

    /// Names of tabs that have something in storage, in order.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.storage.entries.keys().filter_map(|key| key.split('.').nth(1)).map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Takes over what tabs have left that live no more, where that can be known, and else what is a day old.
    pub(super) fn adopt(&mut self, place: usize) -> Result<(), String> {
        self.replay_early(place)?;
        let wall = self.wall();
        let Some(tab) = &self.tabs[place] else { return Ok(()) };
        let own = tab.name.clone();
        let is_orphan = |name: &String| {
            if *name == own {
                return false;
            }
            if self.parameters.has_locks {
                let is_its = |page: &Page| page.adopted.contains(name);
                return !self.tabs.iter().flatten().any(|tab| tab.name == *name || is_its(&tab.page));
            }
            let is_its = |key: &str| chunk::parts(key).is_some_and(|(tab, _, _)| tab == name);
            let chunks = self.storage.entries.iter().filter(|(key, _)| is_its(key));
            let latest = |(key, text): (&String, &String)| {
                chunk::open(key, text).1.last().map(|facts| lines::number_at(facts, event::TIME))
            };
            chunks.filter_map(latest).all(|time| time.saturating_add(DAY_MS) <= wall)
        };
        let orphans: Vec<String> = self.names().into_iter().filter(is_orphan).collect();
        if let Some(tab) = &mut self.tabs[place] {
            tab.page.adopted.extend(orphans.iter().cloned());
        }
        if !self.parameters.has_locks {
            let is_orphans = |(key, _): &(&String, &String)| {
                key.split('.').nth(1).is_some_and(|name| orphans.iter().any(|orphan| orphan == name))
            };
            for (key, text) in self.storage.entries.iter().filter(is_orphans) {
                self.ledger.is_shared_by_two(key, text);
            }
        }
        self.recover(place, &orphans)
    }

    /// Tells what tabs have left behind.
    pub(super) fn recover(&mut self, place: usize, names: &[String]) -> Result<(), String> {
        let mut left: Vec<(String, u64, Option<u64>, String, String)> = Vec::new();
        for (key, text) in &self.storage.entries {
            let mut parts = key.split('.').skip(1);
            let name = parts.next().unwrap_or_default();
            if names.iter().any(|wanted| wanted == name) {
                let mut number = || parts.next().and_then(|part| part.parse().ok());
                left.push((name.to_owned(), number().unwrap_or(0), number(), key.clone(), text.clone()));
            }
        }
        left.sort();
        for (_, _, _, key, text) in &left {
            self.tell(place, Input::Recovered(StoredChunk { key, text }), &Deed::Nothing)?;
        }
        if left.is_empty() { Ok(()) } else { self.tell(place, Input::TimerFired, &Deed::Save) }
    }

    /// A tab ends, with the page that it kept.
    pub(super) fn ends(&mut self, place: usize, has_crashed: bool) -> Result<(), String> {
        let Some(tab) = self.tabs[place].take() else { return Ok(()) };
        self.page_ends(&tab.page, has_crashed)?;
        tab.kept.map_or(Ok(()), |kept| self.page_ends(&kept, has_crashed))?;
        let follower = self.tabs.iter().position(|tab| tab.as_ref().is_some_and(|tab| tab.frozen_since.is_none()));
        match follower.filter(|_| self.parameters.has_locks && self.parameters.follows_locks) {
            Some(follower) => self.adopt(follower),
            None => Ok(()),
        }
    }

    /// A page ends.
    pub(super) fn page_ends(&mut self, page: &Page, has_crashed: bool) -> Result<(), String> {
        self.ledger.is_unheard(page.number);
        for (batch, _) in &page.unheard {
            self.ledger.is_known_to_one(page.tracker.batch(*batch).map_or(&[], std::slice::from_ref));
        }
        let can_lose = !page.is_stored || self.parameters.has_storage_faults || has_crashed;
        self.ledger.ends(page.tracker.segments(), &self.storage, can_lose)
    }
}
