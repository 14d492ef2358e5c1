//! The session in hand: read from the shared record, gone on with or begun anew, written back.

use super::{Moment, Navigation, NavigationKind, Output};
use crate::attribution::{self, Arrival, DIRECT};
use crate::id;
use crate::lines::{self, Lines};
use crate::record::{RECORD_KEY, Record};
use crate::session::{CHECKOUT_MS_MAX, Now, Rollover, Rules, Session, Total, Totals, decide, next_id};
use crate::text;
use crate::time::Uptime;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Activity is written at most this often, since each write wakes every other tab of the site. A tab that reads
/// the record may so take the session for older by as much, which stays well below the shortest timeout.
pub const ACTIVITY_WRITE_MS: u64 = 5_000;
/// A page begins a session at the site's wish at most this often.
pub const MANUAL_MS_MIN: u64 = 1_000;

#[derive(Debug)]
pub(super) struct Visit {
    pub(super) rules: Rules,
    /// What the device's ids are derived from, where no record says it.
    seed: String,
    record: Option<Record>,
    /// A fingerprint of the record's text as last read or written.
    seen: u64,
    /// The totals in that text.
    base: Totals,
    /// How the visitor arrived, until an activity has made use of it.
    arrival: Arrival,
    /// The campaign source that the URL of the page in view names; empty for none.
    campaign_before: String,
    /// Whether that arrival may end a session: not if its URL was only loaded again.
    is_fresh: bool,
    /// Whether no tab of the origin was left when this one came.
    browser_closed: bool,
    /// From when on the site may have another session.
    next_manual: Uptime,
}

impl Visit {
    pub(super) fn new(rules: Rules, seed: String) -> Self {
        Self {
            rules,
            seed,
            record: None,
            seen: id::fingerprint(""),
            base: Totals::default(),
            arrival: Arrival::default(),
            campaign_before: String::new(),
            is_fresh: false,
            browser_closed: false,
            next_manual: Uptime(0),
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.record.as_ref().map(|record| &record.session)
    }

    /// Empty before there is one.
    pub(super) fn session_id(&self) -> &str {
        self.session().map_or("", Session::id)
    }

    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        self.record.as_mut().map(|record| &mut record.session)
    }

    /// Takes in what other tabs have written. A record that is missing or garbage is as if it had never been read:
    /// what this page knows stays, and is written again.
    pub(super) fn read(&mut self, moment: &Moment<'_>) {
        let seen = id::fingerprint(moment.stored);
        if self.seen == seen {
            return;
        }
        self.seen = seen;
        // Storage has no activity that was written.
        self.base[Total::LastActivity] = 0;
        let Some(mut stored) = Record::read(moment.stored) else {
            return;
        };
        let base = core::mem::replace(&mut self.base, stored.session.totals.clone());
        if let Some(mine) = self.session_mut().filter(|mine| mine.id() == stored.session.id()) {
            mine.totals.rebase(&base, &stored.session.totals);
            stored.session.totals.clone_from(&mine.totals);
            // Tabs that begin the same session at once tell its beginning each in its way: the earliest counts.
            if mine.head < stored.session.head {
                stored.session.head.clone_from(&mine.head);
            }
        }
        self.record = Some(stored);
    }

    /// Whether a record was there that is gone now.
    pub(super) fn is_wiped(&self, moment: &Moment<'_>) -> bool {
        moment.stored.is_empty() && self.seen != id::fingerprint("")
    }

    /// Remembers how the visitor arrived. A route change is an arrival only with a campaign that the URL before it
    /// did not have: routers drag the landing page's parameters along.
    pub(super) fn arrived(&mut self, to: &Navigation<'_>) {
        let arrival = Arrival::read(to.landing);
        let campaign = arrival.campaign(self.rules.campaign);
        let is_spa = to.kind == NavigationKind::Spa;
        let is_arrival = !is_spa || !campaign.is_empty() && campaign != self.campaign_before;
        text::set(&mut self.campaign_before, campaign);
        if is_arrival {
            self.is_fresh = is_spa || to.kind == NavigationKind::Load;
            self.arrival = arrival;
        }
        self.browser_closed |= to.browser_closed;
    }

    /// The reason for which this activity begins a session, if it does.
    pub(super) fn judge(&self, moment: &Moment<'_>) -> Option<Rollover> {
        let Some(session) = self.session() else {
            return Some(Rollover::First);
        };
        let now = Now {
            time: moment.wall,
            day: moment.day,
            campaign: if self.is_fresh { self.arrival.campaign(self.rules.campaign) } else { "" },
            browser_closed: self.browser_closed && !self.arrival.is_return,
        };
        decide(session, now, &self.rules)
    }

    /// Whether the site may have another session now.
    pub(super) fn allows_manual(&self, moment: &Moment<'_>) -> bool {
        moment.uptime >= self.next_manual
    }

    /// The session goes on.
    pub(super) fn go_on(&mut self, moment: &Moment<'_>, out: &mut Vec<Output>) {
        self.is_fresh = false;
        self.browser_closed = false;
        if let Some(session) = self.session_mut() {
            session.totals[Total::LastActivity] = moment.wall.0;
        }
        let written = self.base.last_activity();
        if moment.wall.since(written) >= ACTIVITY_WRITE_MS || moment.wall < written {
            self.save(out);
        }
    }

    /// A checkout is pending: the session is held open, and that is written at once.
    pub(super) fn hold(&mut self, moment: &Moment<'_>, out: &mut Vec<Output>) {
        if let Some(session) = self.session_mut() {
            session.totals[Total::HeldUntil] = moment.wall.0 + CHECKOUT_MS_MAX;
        }
        self.save(out);
    }

    /// A new session begins, and is written at once.
    pub(super) fn begin(&mut self, moment: &Moment<'_>, reason: Rollover, landing_page: &str, out: &mut Vec<Output>) {
        let mut arrival = core::mem::take(&mut self.arrival);
        let before = self.session();
        // An old landing URL that is loaded again tells where the visitor came from only if nothing else does.
        if !self.is_fresh && before.is_some() {
            arrival = Arrival::default();
        }
        let sources = before.map_or("", Session::sources);
        let history = lines::behind(sources, attribution::LINES);
        let goes_on = arrival.is_return || matches!(reason, Rollover::Midnight | Rollover::MaxLength);
        let source = if goes_on && arrival.source() == DIRECT && !sources.is_empty() {
            lines::first(sources, attribution::LINES)
        } else {
            arrival.facts()
        };
        let first = if history.is_empty() { source } else { lines::first(history, attribution::LINES) };
        let last_non_direct =
            if lines::at(source, 0) == DIRECT { lines::behind(history, attribution::LINES) } else { source };
        let seed = self.record.as_ref().map_or(&self.seed, |record| &record.seed);
        let previous_id = self.session_id();
        // In the order of `HEAD_FIELDS`.
        let mut head = Lines::default();
        head.push(&next_id(seed, previous_id, arrival.campaign(self.rules.campaign)));
        head.push(&id::derive(&[seed]));
        head.push(previous_id);
        head.push_number(before.map_or(0, Session::number) + 1);
        head.push_number(moment.wall.0);
        head.push(reason.name());
        head.push_number(u64::from(moment.day.0));
        head.push(landing_page);
        head.append(source);
        head.append(first);
        head.append(last_non_direct);
        let mut totals = Totals::default();
        totals[Total::LastActivity] = moment.wall.0;
        let session = Session { head: head.into_text(), totals };
        self.record = Some(Record { seed: seed.clone(), session });
        self.is_fresh = false;
        self.browser_closed = false;
        self.next_manual = moment.uptime.after_ms(MANUAL_MS_MIN);
        self.base = Totals::default();
        self.save(out);
    }

    /// Writes the record, unless storage has just that.
    pub(super) fn save(&mut self, out: &mut Vec<Output>) {
        let Some(record) = &self.record else { return };
        let text = record.write();
        let seen = id::fingerprint(&text);
        if self.seen != seen {
            self.seen = seen;
            self.base.clone_from(&record.session.totals);
            out.push(Output::Store(RECORD_KEY.to_string(), text));
        }
    }
}
