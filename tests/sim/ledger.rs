//! Where each event is. At any time an event that was tracked has reached the collector, or waits in a page's memory or
//! in storage, or was dropped and counted, or was lost with what could not be stored.
//!
//! It is judged where an event could get out of sight: when its entry is removed from storage, and when its page ends.
//! As no other thing takes an event from anywhere, that is as good as after each step.

use crate::chunk;
use crate::plan::Parameters;
use crate::storage::Storage;
use shopbell_core::effect::BatchId;
use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, Segment};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// A request in flight.
struct Flight {
    ids: Vec<Rc<str>>,
    bytes: usize,
}

/// What became of all events.
pub struct Ledger {
    world: Parameters,
    tracked: HashSet<Rc<str>>,
    arrived: HashSet<Rc<str>>,
    dropped: HashSet<Rc<str>>,
    lost: HashSet<Rc<str>>,
    /// Events of beacons, which are accepted before they arrive.
    accepted: HashSet<Rc<str>>,
    /// Events that may reach the collector again: a request with them failed, or nobody was there to hear its answer.
    may_repeat: HashSet<Rc<str>>,
    /// The requests in flight of pages that live, by page and batch.
    flying: HashMap<(u64, BatchId), Flight>,
    /// Whether a request has failed and none was answered since, and the page whose probe is in flight then.
    is_failing: bool,
    probing: Option<(u64, BatchId)>,
    /// In true time: until when the collector asked to be left alone.
    left_alone_until: u64,
    /// Whether storage was wiped while several tabs lived.
    pub is_wiped_beside_others: bool,
}

fn ids(batch: &Segment) -> Vec<Rc<str>> {
    batch.batch().map(|facts| lines::at(facts, event::ID).into()).collect()
}

/// Tabs that begin a session at once each track the event that begins it, under one id.
fn is_start(batch: &Segment, id: &str) -> bool {
    batch.batch().any(|facts| lines::at(facts, event::ID) == id && lines::at(facts, event::NAME) == "session_start")
}

impl Ledger {
    /// No events yet.
    pub fn new(world: &Parameters) -> Self {
        Self {
            world: world.clone(),
            tracked: HashSet::new(),
            arrived: HashSet::new(),
            dropped: HashSet::new(),
            lost: HashSet::new(),
            accepted: HashSet::new(),
            may_repeat: HashSet::new(),
            flying: HashMap::new(),
            is_failing: false,
            probing: None,
            left_alone_until: 0,
            is_wiped_beside_others: false,
        }
    }

    /// Whether tabs see what others store at once, and nobody spoils it, so that they share what they know of the
    /// collector.
    fn is_shared(&self) -> bool {
        let world = &self.world;
        let is_sound = !world.is_storage_blocked && !world.has_storage_faults && !world.has_clock_faults;
        is_sound && world.stale_ms_max == 0
    }

    /// An event was tracked: it is stored, or in memory for good.
    pub fn tracked(&mut self, id: &str) {
        self.tracked.insert(id.into());
    }

    /// So many events were dropped for their age, of a chunk with these, of which those are kept.
    pub fn aged(&mut self, stored: &[String], kept: &[String], count: u64) -> Result<(), String> {
        let gone: Vec<Rc<str>> = stored.iter().filter(|id| !kept.contains(id)).map(|id| id.as_str().into()).collect();
        if (gone.len() as u64) < count && !self.world.has_storage_faults {
            return Err(format!("{count} events are counted as too old, of {} that are removed", gone.len()));
        }
        self.dropped.extend(gone);
        Ok(())
    }

    /// Nobody knows whether the tab that left this lives, and so it may arrive from both.
    pub fn is_shared_by_two(&mut self, key: &str, text: &str) {
        self.may_repeat.extend(chunk::ids(key, text).into_iter().map(Rc::from));
    }

    /// Events were in storage alone, and that was wiped.
    pub fn wiped(&mut self, key: &str, text: &str) {
        self.lost.extend(chunk::ids(key, text).into_iter().map(Rc::from));
    }

    /// What was known of the collector is forgotten.
    pub fn knows_nothing(&mut self) {
        self.is_failing = false;
        self.probing = None;
        self.left_alone_until = 0;
    }

    /// Events were in the memory of a page whose visitor took consent back.
    pub fn forgotten(&mut self, segments: &[Segment]) {
        for facts in segments.iter().flat_map(Segment::events) {
            self.lost.insert(lines::at(facts, event::ID).into());
        }
    }

    /// Events that a page kept before it had a tracker: they may arrive from the page that is left, and again from the next.
    pub fn kept_early(&mut self, ids: &[String]) {
        for id in ids {
            self.tracked.insert(id.as_str().into());
            self.may_repeat.insert(id.as_str().into());
        }
    }

    /// Events that were kept are in storage no more.
    pub fn lost_early(&mut self, ids: &[String]) {
        self.lost.extend(ids.iter().map(|id| Rc::from(id.as_str())));
    }

    fn is_settled(&self, id: &str) -> bool {
        [&self.arrived, &self.dropped, &self.lost, &self.accepted].iter().any(|ids| ids.contains(id))
    }

    /// A chunk of storage is removed.
    pub fn removed(&mut self, key: &str, before: &str) -> Result<(), String> {
        for id in chunk::ids(key, before) {
            if self.is_settled(&id) {
                continue;
            }
            // Its head was wiped, and another tab wrote the record before this one could see that it was gone.
            if !self.is_wiped_beside_others {
                return Err(format!("event {id} is removed from storage, and has neither arrived nor been dropped"));
            }
            self.lost.insert(id.as_str().into());
        }
        Ok(())
    }

    /// A page sends a batch of so many bytes.
    pub fn sends(
        &mut self,
        page: u64,
        batch: BatchId,
        segment: &Segment,
        bytes: usize,
        now: u64,
    ) -> Result<(), String> {
        let ids = ids(segment);
        if ids.is_empty() {
            return Err("an empty batch is sent".to_owned());
        }
        if self.world.has_locks && !self.world.is_storage_blocked {
            let is_twice = |((other, _), flight): (&(u64, BatchId), &Flight)| {
                *other != page && flight.ids.iter().any(|id| ids.contains(id) && !is_start(segment, id))
            };
            if self.flying.iter().any(is_twice) {
                return Err(format!("two pages send {ids:?} at once"));
            }
        }
        if self.is_shared() && self.is_failing {
            if now < self.left_alone_until {
                return Err(format!("a page sends {} ms before it may", self.left_alone_until - now));
            }
            if let Some(other) = self.probing.filter(|other| self.flying.contains_key(other)) {
                return Err(format!("{other:?} has a probe in flight, and page {page} sends another"));
            }
            self.probing = Some((page, batch));
        }
        let mine = self.flying.iter().filter(|((other, _), _)| *other == page);
        let (count, in_flight) = mine.fold((0, 0), |(count, sum), (_, flight)| (count + 1, sum + flight.bytes));
        if count > 2 || count > 0 && in_flight + bytes > 65_536 {
            return Err(format!("{count} requests of {in_flight} bytes are in flight, and one of {bytes} follows"));
        }
        self.flying.insert((page, batch), Flight { ids, bytes });
        Ok(())
    }

    /// A request is over, whether its page hears of it or not.
    pub fn lands(&mut self, page: u64, batch: BatchId) {
        self.flying.remove(&(page, batch));
    }

    /// A page hears what became of a batch that it waited for.
    pub fn hears(&mut self, batch: &Segment, answer: Answer, now: u64) -> Result<(), String> {
        let ids = ids(batch);
        let is_one = ids.len() == 1;
        match answer {
            Answer::Accepted => {
                if self.world.has_beacons {
                    self.accepted.extend(ids);
                } else if let Some(id) = ids.iter().find(|id| !self.arrived.contains(*id)) {
                    return Err(format!("event {id} was acknowledged and had not arrived"));
                }
            }
            Answer::Rejected => self.dropped.extend(ids),
            Answer::TooLarge if is_one => self.dropped.extend(ids),
            // What is taken of it in parts stays in storage until all of it is.
            Answer::TooLarge | Answer::Refused | Answer::Blocked | Answer::Unavailable(_) => {
                self.may_repeat.extend(ids);
            }
        }
        match answer {
            Answer::TooLarge if is_one => self.is_failing = true,
            Answer::Accepted | Answer::Rejected | Answer::TooLarge => {
                self.is_failing = false;
                self.probing = None;
                self.left_alone_until = 0;
            }
            Answer::Refused if !is_one => {}
            Answer::Refused | Answer::Blocked => self.is_failing = true,
            Answer::Unavailable(asked_ms) => {
                self.is_failing = true;
                // A clock that runs fast waits less.
                let asked_ms = asked_ms.min(300_000);
                self.left_alone_until = self.left_alone_until.max(now + asked_ms - asked_ms / 500);
            }
        }
        Ok(())
    }

    /// A page has these in its memory, and other pages do not know what became of them: it is kept and its storage takes
    /// nothing more, or it ends and has not heard an answer.
    pub fn is_known_to_one(&mut self, segments: &[Segment]) {
        for facts in segments.iter().flat_map(Segment::events) {
            self.may_repeat.insert(lines::at(facts, event::ID).into());
        }
    }

    /// A batch reached the collector.
    pub fn arrived(&mut self, batch: &Segment, is_doubled: bool) -> Result<(), String> {
        for id in ids(batch) {
            let is_again = !self.arrived.insert(Rc::clone(&id));
            if is_again && !is_doubled && !self.may_repeat.contains(&id) && !is_start(batch, &id) {
                return Err(format!("event {id} arrived twice, and nothing had failed"));
            }
        }
        Ok(())
    }

    /// A page is over, or is kept: nobody hears its answers any more.
    pub fn is_unheard(&mut self, page: u64) {
        let mine: Vec<_> = self.flying.keys().filter(|(other, _)| *other == page).copied().collect();
        for key in mine {
            if let Some(flight) = self.flying.remove(&key) {
                self.may_repeat.extend(flight.ids);
            }
        }
    }

    /// A page is over: what waits in its memory must be in storage, unless that did not take it.
    pub fn ends(&mut self, segments: &[Segment], storage: &Storage, can_lose: bool) -> Result<(), String> {
        for segment in segments {
            for facts in segment.events() {
                let id = lines::at(facts, event::ID);
                if self.is_settled(id) || storage.has(&segment.tab_id, segment.first_seq, id) {
                    continue;
                }
                if !can_lose && self.tracked.contains(id) {
                    return Err(format!("event {id} is gone with its page"));
                }
                self.lost.insert(id.into());
            }
        }
        Ok(())
    }

    /// The run is over, and everything had time to arrive.
    pub fn settles(&self) -> Result<(), String> {
        if let Some(id) = self.tracked.iter().find(|id| !self.is_settled(id)) {
            return Err(format!("event {id} was tracked, and has neither arrived nor been dropped"));
        }
        if let Some(id) = self.accepted.iter().find(|id| !self.arrived.contains(*id)) {
            return Err(format!("event {id} was accepted, and has not arrived"));
        }
        match self.arrived.iter().find(|id| !self.tracked.contains(*id)) {
            Some(id) => Err(format!("event {id} has arrived and was not tracked")),
            None => Ok(()),
        }
    }
}
