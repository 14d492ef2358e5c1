//! What visitors do with tabs: open, load, reload, go back, close.

use super::{Page, Tab, World};
use crate::model::{Arrival, Deed, Model};
use crate::plan::{CAMPAIGNS, MESSAGES, REFERRERS};
use shopbell_core::attribution::Landing;
use shopbell_core::id::Entropy;
use shopbell_core::tracker::{Input, Navigation, NavigationKind, Tracker};
use std::rc::Rc;

/// Tabs that begin within this of each other agree on a seed.
const AGREE_MS: u64 = 10_000;
const PATHS: [&str; 3] = ["/", "/p/lamp", "/cart"];

impl World<'_> {
    /// A page is loaded, in a new tab if there is none.
    pub(super) fn load(&mut self, tab: usize, campaign: usize, referrer: usize, is_return: bool) -> Result<(), String> {
        let others_live = self.tabs.iter().flatten().count() > 0;
        let is_new = self.tabs[tab].is_none();
        if is_new {
            self.tabs_so_far += 1;
            let name = format!("t{}", self.tabs_so_far);
            let page = self.page(&name, 0);
            self.tabs[tab] = Some(Tab { name, page, kept: None, frozen_since: None });
        } else {
            self.leave(tab)?;
        }
        self.replay_early(tab)?;
        self.recover_own(tab)?;
        let arrival = Arrival::new(campaign, referrer, is_return);
        let browser_closed = self.parameters.ends_on_close && is_new && !others_live;
        self.view(tab, NavigationKind::Load, arrival, (campaign, referrer, is_return), browser_closed, 1)?;
        self.adopt(tab)
    }

    pub(super) fn reload(&mut self, tab: usize) -> Result<(), String> {
        self.leave(tab)?;
        self.recover_own(tab)?;
        // Under the URL of a landing page: an ad's, or a newsletter's.
        let campaign = if self.pages_so_far.is_multiple_of(2) { 1 } else { 5 };
        let arrival = Arrival::new(campaign, 0, false);
        self.view(tab, NavigationKind::Reload, arrival, (campaign, 0, false), false, 2)?;
        self.adopt(tab)
    }

    /// The page makes room for the next of its tab, and is kept.
    pub(super) fn leave(&mut self, tab: usize) -> Result<(), String> {
        self.tell(tab, Input::Left, &Deed::Save)?;
        let Some(Tab { name, page, .. }) = &self.tabs[tab] else { return Ok(()) };
        let (name, next_seq) = (name.clone(), page.tracker.next_seq());
        let next = self.page(&name, next_seq);
        let Some(tab) = &mut self.tabs[tab] else { return Ok(()) };
        let mut left = std::mem::replace(&mut tab.page, next);
        left.adopted.clear();
        self.ledger.is_unheard(left.number);
        if !left.is_stored {
            self.ledger.is_known_to_one(left.tracker.segments());
        }
        let before = tab.kept.replace(left);
        before.map_or(Ok(()), |before| self.page_ends(&before, false))
    }

    fn recover_own(&mut self, tab: usize) -> Result<(), String> {
        let name = self.tabs[tab].as_ref().map(|tab| tab.name.clone());
        self.recover(tab, name.as_slice())
    }

    pub(super) fn back(&mut self, tab: usize) -> Result<(), String> {
        if self.tabs[tab].as_ref().is_none_or(|tab| tab.kept.is_none()) {
            return Ok(());
        }
        self.tell(tab, Input::Left, &Deed::Save)?;
        let mut can_return = false;
        if let Some(Tab { page, kept: Some(kept), .. }) = &mut self.tabs[tab] {
            std::mem::swap(page, kept);
            kept.adopted.clear();
            self.ledger.is_unheard(kept.number);
            if !kept.is_stored {
                self.ledger.is_known_to_one(kept.tracker.segments());
            }
            can_return = page.is_stored;
        }
        if can_return {
            self.tell(tab, Input::Returned, &Deed::Nothing)?;
        }
        self.hear_late(tab)?;
        self.recover_own(tab)?;
        let arrival = Arrival::new(1, 0, false);
        self.view(tab, NavigationKind::BackForward, arrival, (1, 0, false), false, 0)?;
        self.adopt(tab)
    }

    pub(super) fn close(&mut self, tab: usize) -> Result<(), String> {
        if self.tabs[tab].is_some() {
            self.tell(tab, Input::Left, &Deed::Save)?;
        }
        self.ends(tab, false)
    }

    fn page(&mut self, name: &str, next_seq: u64) -> Page {
        let rules = self.parameters.rules.clone();
        self.pages_so_far += 1;
        let entropy = Entropy::new(&format!("page {}", self.pages_so_far));
        let seed = self.agreed_seed();
        Page {
            tracker: Tracker::new(rules.clone(), name, next_seq, &seed, entropy),
            model: Model::new(rules, Rc::clone(&seed)),
            text: "".into(),
            began: self.elapsed,
            seed,
            agreed: self.elapsed,
            is_stored: !self.parameters.is_storage_blocked,
            number: self.pages_so_far,
            breaker: "".into(),
            entered: 0,
            adopted: Vec::new(),
            unheard: Vec::new(),
        }
    }

    /// The seed of a page that is there and came just now, or a new one.
    fn agreed_seed(&self) -> Rc<str> {
        let can_agree = self.parameters.has_locks && !self.parameters.is_storage_blocked;
        let is_recent = |page: &&Page| can_agree && self.elapsed - page.agreed < AGREE_MS;
        let recent = self.tabs.iter().flatten().map(|tab| &tab.page).find(is_recent);
        recent.map_or_else(|| format!("seed {}", self.pages_so_far).into(), |page| Rc::clone(&page.seed))
    }

    pub(super) fn view(
        &mut self,
        tab: usize,
        kind: NavigationKind,
        arrival: Arrival,
        (campaign, referrer, is_return): (usize, usize, bool),
        browser_closed: bool,
        path: usize,
    ) -> Result<(), String> {
        let [source, medium, name] = if is_return { [""; 3] } else { CAMPAIGNS[campaign] };
        let referrer = if is_return { "" } else { REFERRERS[referrer] };
        let referrer_url = if referrer.is_empty() { String::new() } else { format!("https://{referrer}/") };
        let landing = Landing {
            utm: [source, medium, name, "", "", ""],
            parameters: "",
            referrer: &referrer_url,
            referrer_name: referrer,
            is_return,
            is_message: medium == MESSAGES,
        };
        let path = PATHS[path];
        let next_seq = self.tabs[tab].as_ref().map_or(0, |tab| {
            let kept = tab.kept.as_ref().map_or(0, |kept| kept.tracker.next_seq());
            kept.max(tab.page.tracker.next_seq())
        });
        let landing = landing.lines();
        let to = Navigation { kind, url: path, path, browser_closed, landing: &landing, title: "" };
        let deed = Deed::View {
            arrival,
            is_load: kind == NavigationKind::Load,
            is_route: kind == NavigationKind::Spa,
            browser_closed,
            path,
        };
        self.tell(tab, Input::Navigated { to: &to.lines(next_seq), counts: true }, &deed)
    }
}
