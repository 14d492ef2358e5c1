//! localStorage and sessionStorage, either of which may be blocked, full, or gone in the middle of a page's life.

use shopbell_core::outbox::Key;
use shopbell_core::record::{ENTRY_PREFIX, RECORD_KEY};
use web_sys::Storage;

/// Where a tab keeps its name between its pages.
const TAB_KEY: &str = "shopbell.tab";

pub(crate) struct Stores {
    local: Option<Storage>,
    tab: Option<Storage>,
}

impl Stores {
    pub(crate) fn open(local_storage: bool) -> Self {
        let window = web_sys::window().filter(|_| local_storage);
        let usable = |storage: Option<Option<Storage>>| {
            let storage = storage.flatten()?;
            storage.length().ok().map(|_| storage)
        };
        Self {
            local: usable(window.as_ref().and_then(|window| window.local_storage().ok())),
            tab: usable(window.as_ref().and_then(|window| window.session_storage().ok())),
        }
    }

    /// `local` while localStorage takes what it is given, else `memory`.
    pub(crate) fn name(&self) -> &'static str {
        if self.local.is_some() { "local" } else { "memory" }
    }

    pub(crate) fn record(&self) -> Option<String> {
        self.local.as_ref()?.get_item(RECORD_KEY).ok()?
    }

    pub(crate) fn save(&mut self, text: &str) {
        self.store(RECORD_KEY, text);
    }

    /// Stores a text. Storage that is full or blocked is left alone from then on: what is in hand stays in memory.
    pub(crate) fn store(&mut self, key: &str, text: &str) {
        if let Some(local) = &self.local
            && local.set_item(key, text).is_err()
        {
            self.local = None;
        }
    }

    pub(crate) fn remove(&self, key: &str) {
        if let Some(local) = &self.local {
            let _ = local.remove_item(key);
        }
    }

    /// The outbox entries of the tabs that `wanted` names.
    pub(crate) fn entries(&self, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut entries = Vec::new();
        let Some(local) = &self.local else {
            return entries;
        };
        for index in 0..local.length().unwrap_or(0) {
            let Ok(Some(key)) = local.key(index) else {
                continue;
            };
            let is_wanted = Key::read(&key).is_some_and(|key| wanted(key.tab_id));
            if is_wanted && let Ok(Some(text)) = local.get_item(&key) {
                entries.push((key, text));
            }
        }
        entries
    }

    /// Takes the tab's name and next `seq` out, so that a duplicate of this tab finds none.
    pub(crate) fn take_tab(&self) -> Option<(String, u64)> {
        let tab = self.tab.as_ref()?;
        let text = tab.get_item(TAB_KEY).ok()??;
        let _ = tab.remove_item(TAB_KEY);
        let (tab_id, next_seq) = text.split_once(' ')?;
        let is_name = Key::read(&[ENTRY_PREFIX, tab_id, ".0"].concat()).is_some();
        Some((tab_id.to_owned(), next_seq.parse().ok()?)).filter(|_| is_name)
    }

    /// Leaves the tab's name for its next page.
    pub(crate) fn leave_tab(&self, (tab_id, next_seq): (&str, u64)) {
        if let Some(tab) = &self.tab {
            let mut text = tab_id.to_owned();
            text.push(' ');
            shopbell_core::text::push_number(&mut text, next_seq);
            let _ = tab.set_item(TAB_KEY, &text);
        }
    }
}
