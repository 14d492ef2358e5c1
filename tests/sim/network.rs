//! The way to the collector and back: what is lost, late, doubled, refused or not answered.

use crate::plan::Parameters;
use shopbell_core::effect::BatchId;
use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, Segment};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A page gives a request up after this long.
const REQUEST_MS: u64 = 29_000;
/// How many events apart those are that are too large by themselves, where some are.
const POISON_EVERY: u64 = 29;

/// What happens on the network.
#[derive(Debug)]
pub enum Event {
    /// A batch reaches the collector, which stores it.
    Arrived {
        /// The batch.
        segment: Rc<Segment>,
        /// Whether it is the network that sent it twice.
        is_doubled: bool,
    },
    /// A page hears what became of a batch.
    Answered {
        /// The page, by its number.
        page: u64,
        /// The batch.
        batch: BatchId,
        /// What it hears.
        answer: Answer,
    },
}

/// The network of the device.
#[derive(Default)]
pub struct Network {
    /// What is to happen, by when and in the order of sending.
    to_come: BTreeMap<(u64, u64), Event>,
    so_far: u64,
    /// Whether the collector is down.
    pub is_down: bool,
    /// Whether nothing fails any more.
    pub is_healed: bool,
}

/// What becomes of a request.
enum Fate {
    /// It arrives and is answered so.
    Answered(Answer),
    /// It does not arrive, or is not stored, and the page hears this.
    Unstored(Answer),
    /// It arrives, and the page hears that it failed.
    Unheard,
    /// It is not answered in time; half of these arrive, sooner or later.
    Silent,
}

impl Network {
    /// When the next thing happens.
    pub fn next(&self) -> Option<u64> {
        self.to_come.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next thing that happens.
    pub fn take(&mut self) -> Option<Event> {
        self.to_come.pop_first().map(|(_, event)| event)
    }

    fn plan(&mut self, at: u64, event: Event) {
        self.so_far += 1;
        self.to_come.insert((at, self.so_far), event);
    }

    /// A page is left before it had a tracker: what it kept goes to the collector, which finds these batches in it. Nobody
    /// hears the answer.
    pub fn post(&mut self, world: &Parameters, now: u64, segments: &[Segment], chance: u64) {
        let mut dice = oorandom::Rand64::new(u128::from(chance));
        let mut below = |bound: u64| dice.rand_range(0..bound);
        let is_lost =
            self.is_down || world.is_blocked || below(1_000) < world.failing_permille + world.rejecting_permille;
        if is_lost && !self.is_healed {
            return;
        }
        let there_ms = below(world.delay_ms_max + 1);
        for segment in segments {
            let event = Event::Arrived { segment: Rc::new(segment.clone()), is_doubled: false };
            self.plan(now + there_ms, event);
        }
    }

    /// A page sends a batch.
    pub fn send(&mut self, world: &Parameters, now: u64, page: u64, batch: BatchId, segment: &Segment, chance: u64) {
        let mut dice = oorandom::Rand64::new(u128::from(chance));
        let mut below = |bound: u64| dice.rand_range(0..bound);
        let most = if self.is_healed { 50 } else { world.delay_ms_max };
        // What a proxy refuses goes once more.
        let trips = if world.has_proxy && !self.is_healed && below(2) == 0 { 2 } else { 1 };
        let (there_ms, back_ms) = (trips * below(most + 1), below(most + 1));
        let is_beacon = world.has_beacons && !self.is_down && !world.is_blocked && below(3) == 0;
        let is_doubled = !self.is_healed && world.has_duplicates && below(4) == 0;
        let (late_ms, is_late) = (below(3 * REQUEST_MS), below(2) == 0);
        let fate = self.fate(world, segment, &mut below);
        let segment = Rc::new(segment.clone());
        let (arrives_ms, mut heard_ms, mut answer) = match fate {
            // The browser has it, and nobody hears more.
            _ if is_beacon => (Some(there_ms), 0, Answer::Accepted),
            Fate::Answered(answer) => (Some(there_ms), there_ms + back_ms, answer),
            Fate::Unstored(answer) => (None, there_ms + back_ms, answer),
            Fate::Unheard => (Some(there_ms), there_ms + back_ms, Answer::Unavailable(0)),
            Fate::Silent => (is_late.then_some(late_ms), REQUEST_MS, Answer::Unavailable(0)),
        };
        if heard_ms > REQUEST_MS {
            (heard_ms, answer) = (REQUEST_MS, Answer::Unavailable(0));
        }
        if let Some(arrives_ms) = arrives_ms {
            self.plan(now + arrives_ms, Event::Arrived { segment: Rc::clone(&segment), is_doubled: false });
            if is_doubled {
                self.plan(now + arrives_ms + late_ms, Event::Arrived { segment, is_doubled: true });
            }
        }
        self.plan(now + heard_ms, Event::Answered { page, batch, answer });
    }

    fn fate(&self, world: &Parameters, segment: &Segment, below: &mut impl FnMut(u64) -> u64) -> Fate {
        let retry_after_ms = if below(2) == 0 { 0 } else { below(400_000) };
        let (failure, luck) = (below(7), below(1_000));
        if self.is_healed {
            return Fate::Answered(Answer::Accepted);
        }
        if world.is_blocked {
            return Fate::Unstored(Answer::Blocked);
        }
        if self.is_down {
            return Fate::Unstored(Answer::Unavailable(if failure < 4 { 0 } else { retry_after_ms }));
        }
        if luck < world.failing_permille {
            return match failure {
                0 => Fate::Unstored(Answer::Unavailable(0)),
                1 => Fate::Unstored(Answer::Blocked),
                2 => Fate::Unheard,
                3 | 4 => Fate::Unstored(Answer::Unavailable(retry_after_ms)),
                5 => Fate::Unstored(Answer::Refused),
                _ => Fate::Silent,
            };
        }
        if luck < world.failing_permille + world.rejecting_permille {
            return Fate::Unstored(Answer::Rejected);
        }
        let is_poisoned = |seq: u64| seq % POISON_EVERY == 7;
        let is_any_poisoned = || segment.batch().any(|facts| is_poisoned(lines::number_at(facts, event::SEQ)));
        if world.batch_events_max.is_some_and(|most| segment.batch_count() > most || is_any_poisoned()) {
            return Fate::Unstored(Answer::TooLarge);
        }
        Fate::Answered(Answer::Accepted)
    }
}
