//! What the visitor wants: while there is no consent, no page has a tracker, nothing is stored and nothing leaves.

use super::World;
use crate::storage::NOBODY;

impl World<'_> {
    /// The visitor agrees, or takes that back.
    pub(super) fn consent(&mut self, is_granted: bool) -> Result<(), String> {
        if is_granted == self.is_granted {
            return Ok(());
        }
        self.is_granted = is_granted;
        if !is_granted {
            self.forget();
            return Ok(());
        }
        // Each page that is open begins there, and in a tab of a new name.
        for tab in 0..self.tabs.len() {
            if std::mem::take(&mut self.is_waiting[tab]) {
                self.load(tab, 0, 0, false)?;
            }
        }
        Ok(())
    }

    /// A page is opened that has to wait for consent.
    pub(super) fn waits(&mut self, tab: usize) {
        self.is_waiting[tab] = true;
    }

    /// Every page ends its tracker, with what waits in it, and erases what is stored; what is in flight may arrive, and nobody hears
    /// of it.
    fn forget(&mut self) {
        for place in 0..self.tabs.len() {
            let Some(tab) = self.tabs[place].take() else { continue };
            self.is_waiting[place] = true;
            for page in std::iter::once(tab.page).chain(tab.kept) {
                self.ledger.is_unheard(page.number);
                self.ledger.forgotten(page.tracker.segments());
            }
        }
        for (key, text) in &self.storage.entries {
            self.ledger.wiped(key, text);
        }
        self.ledger.knows_nothing();
        self.lose_early();
        self.storage.wipe(self.elapsed);
        self.history.is_forgotten();
    }

    /// Without consent nothing is stored, whatever happens.
    pub(super) fn keeps_nothing(&mut self) -> Result<(), String> {
        let shared = [&mut self.storage.record, &mut self.storage.breaker];
        let is_empty = shared.into_iter().all(|text| text.read(NOBODY, self.elapsed, 0).is_empty());
        if is_empty && self.storage.entries.is_empty() && self.storage.early.is_empty() {
            return Ok(());
        }
        Err("something is stored without consent".to_owned())
    }
}
