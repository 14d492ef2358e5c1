//! Pages that are left before they have a tracker, and what becomes of what they kept.

use super::World;
use crate::early::{At, Call, Kept, Replayed, chains, replay};
use crate::model::Known;
use crate::storage::NOBODY;
use shopbell_core::effect::Output;
use shopbell_core::record::RECORD_KEY;
use std::rc::Rc;

/// How long an early page lasts at most between its calls.
const CALL_MS: u64 = 400;

impl World<'_> {
    /// A page is loaded, called so often, and left before its tracker has come.
    pub(super) fn leave_early(
        &mut self,
        tab: usize,
        arrival: (usize, usize, bool),
        calls: usize,
    ) -> Result<(), String> {
        if self.parameters.is_storage_blocked {
            return Ok(());
        }
        let began = self.elapsed;
        let mut chance = self.step.chance;
        let first = At::now(&self.clock, self.parameters, began, began);
        let mut made = Vec::new();
        for _ in 0..calls {
            chance = chance.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
            let call = match chance >> 61 {
                0 => Call::NewSession,
                1 => Call::CheckoutPending,
                2 | 3 => Call::Purchase(chance),
                _ => Call::Track,
            };
            self.pass(chance % CALL_MS)?;
            made.push((call, At::now(&self.clock, self.parameters, self.elapsed, began)));
        }
        self.pages_so_far += 1;
        let kept = Kept {
            record: self.storage.record.read(tab, self.elapsed, self.step.stale_ms),
            chance: format!("early {}", self.pages_so_far),
            arrival,
            began: first,
            calls: made,
        };
        let mut pages = self.storage.early.clone();
        pages.push(kept);
        // What it comes to, if nobody else goes on with the record.
        let mut segments = Vec::new();
        let mut ids = Vec::new();
        for chain in chains(&pages) {
            let record = Rc::clone(&chain[0].record);
            let replayed = replay(chain, self.parameters, &self.known, &record, &mut self.history)?;
            segments.extend_from_slice(replayed.segments());
            ids = replayed.ids();
        }
        self.ledger.kept_early(&ids);
        if self.storage.is_full {
            // It can only be posted, and that may fail.
            self.ledger.lost_early(&ids);
        } else {
            self.storage.early = pages;
        }
        self.network.post(self.parameters, self.elapsed, &segments, chance);
        Ok(())
    }

    /// What early pages kept is gone.
    pub(super) fn lose_early(&mut self) {
        for chain in chains(&self.storage.early) {
            let record = Rc::clone(&chain[0].record);
            if let Ok(replayed) = replay(chain, self.parameters, &self.known, &record, &mut self.history) {
                self.ledger.lost_early(&replayed.ids());
            }
        }
    }

    /// A page that begins, or comes into view, replays what early pages have kept.
    pub(super) fn replay_early(&mut self, tab: usize) -> Result<(), String> {
        if self.tabs[tab].as_ref().is_none_or(|tab| !tab.page.is_stored) {
            return Ok(());
        }
        let pages = std::mem::take(&mut self.storage.early);
        for chain in chains(&pages) {
            let current = self.storage.record.read(tab, self.elapsed, self.step.stale_ms);
            let replayed = replay(chain, self.parameters, &self.known, &current, &mut self.history)?;
            self.figures.events += replayed.ids().len() as u64;
            self.history.replayed(replayed.segments());
            self.store_early(tab, &replayed);
        }
        if self.storage.is_full {
            // Not all could be stored: the next page replays it again.
            self.storage.early = pages;
        }
        Ok(())
    }

    fn store_early(&mut self, tab: usize, replayed: &Replayed) {
        for output in &replayed.outputs {
            let Output::Store(key, text) = output else { continue };
            if self.storage.is_full {
                continue;
            }
            if key == RECORD_KEY {
                let text: Rc<str> = text.as_str().into();
                if let Some(record) = &replayed.record {
                    self.history.written_early(&record.id);
                    self.known.insert(Rc::clone(&text), Known::Record(record.clone()));
                }
                self.storage.record.write(tab, self.elapsed, text);
            } else {
                self.storage.entries.insert(key.clone(), text.clone());
            }
        }
        debug_assert!(tab != NOBODY);
    }
}
