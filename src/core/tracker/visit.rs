//! The session in hand: read from the shared record, gone on with or begun anew, written back.

use super::{Moment, Navigation, NavigationKind, Output};
use crate::attribution::{Arrival, DIRECT};
use crate::id::{self, Entropy};
use crate::lines::Lines;
use crate::record::{RECORD_KEY, Record};
use crate::session::{Now, Rollover, Rules, Session, Totals, decide, next_id};
use crate::time::Timestamp;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Activity is written at most this often, since each write wakes every other tab of the site. A tab that reads
/// the record may so take the session for older by as much, which stays well below the shortest timeout.
pub const ACTIVITY_WRITE_MS: u64 = 5_000;

#[derive(Debug)]
pub(super) struct Visit {
    pub(super) rules: Rules,
    record: Option<Record>,
    /// The record's text as last read or written; empty for none.
    seen: String,
    /// The totals in that text.
    base: Totals,
    /// The last activity in that text.
    written: Timestamp,
    /// How the visitor arrived, until an activity has made use of it.
    arrival: Arrival,
    /// The campaign source that the URL of the page in view names; empty for none.
    campaign_before: String,
    /// Whether that arrival may end a session: not if its URL was only loaded again.
    is_fresh: bool,
}

impl Visit {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            record: None,
            seen: String::new(),
            base: Totals::default(),
            written: Timestamp(0),
            arrival: Arrival::direct(),
            campaign_before: String::new(),
            is_fresh: false,
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.record.as_ref().map(|record| &record.session)
    }

    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        self.record.as_mut().map(|record| &mut record.session)
    }

    /// Takes in what other tabs have written. A record that is missing or garbage is as if it had never been read:
    /// what this page knows stays, and is written again.
    pub(super) fn read(&mut self, moment: &Moment<'_>) {
        if moment.stored == self.seen {
            return;
        }
        self.seen = moment.stored.to_string();
        self.written = Timestamp(0);
        let Some(mut stored) = Record::read(moment.stored) else {
            return;
        };
        let totals = stored.session.totals.clone();
        self.written = stored.session.last_activity;
        if let Some(mine) = self.session_mut().filter(|mine| mine.head == stored.session.head) {
            let last_activity = mine.last_activity;
            core::mem::swap(&mut mine.totals, &mut stored.session.totals);
            stored.session.totals.rebase(&self.base, &totals);
            stored.session.last_activity = last_activity.max(self.written);
        }
        self.record = Some(stored);
        self.base = totals;
    }

    /// Remembers how the visitor arrived. A route change is an arrival only with a campaign that the URL before it
    /// did not have: routers drag the landing page's parameters along.
    pub(super) fn arrived(&mut self, to: &Navigation<'_>) {
        let arrival = Arrival::read(&to.landing);
        let campaign = arrival.campaign().to_string();
        let is_spa = to.kind == NavigationKind::Spa;
        if !is_spa || !campaign.is_empty() && campaign != self.campaign_before {
            self.is_fresh = is_spa || to.kind == NavigationKind::Load;
            self.arrival = arrival;
        }
        self.campaign_before = campaign;
    }

    /// The reason for which this activity begins a session, if it does.
    pub(super) fn judge(&self, moment: &Moment<'_>) -> Option<Rollover> {
        let Some(session) = self.session() else {
            return Some(Rollover::First);
        };
        let now = Now {
            time: moment.wall,
            day: moment.day,
            campaign: if self.is_fresh { self.arrival.campaign() } else { "" },
        };
        decide(session, now, &self.rules)
    }

    /// The session goes on.
    pub(super) fn go_on(&mut self, moment: &Moment<'_>, out: &mut Vec<Output>) {
        self.is_fresh = false;
        if let Some(session) = self.session_mut() {
            session.last_activity = moment.wall;
        }
        if moment.wall.since(self.written) >= ACTIVITY_WRITE_MS || moment.wall < self.written {
            self.save(out);
        }
    }

    /// A new session begins, and is written at once.
    pub(super) fn begin(
        &mut self,
        moment: &Moment<'_>,
        reason: Rollover,
        landing_page: &str,
        entropy: &mut Entropy,
        out: &mut Vec<Output>,
    ) {
        // An old landing URL that is loaded again tells where the visitor came from only if nothing else does.
        let is_fresh = core::mem::take(&mut self.is_fresh) || self.record.is_none();
        let arrival = core::mem::replace(&mut self.arrival, Arrival::direct());
        let mut arrival = if is_fresh { arrival } else { Arrival::direct() };
        let before = self.session();
        let goes_on = matches!(reason, Rollover::Midnight | Rollover::MaxLength);
        if let Some(before) = before.filter(|_| goes_on && arrival.source() == DIRECT) {
            arrival.facts = before.source().to_string();
        }
        let seed = self.record.as_ref().map_or_else(|| entropy.uuid(), |record| record.seed.clone());
        let previous_id = before.map_or("", Session::id);
        // In the order of `HEAD_FIELDS`.
        let mut head = Lines::default();
        head.push(&next_id(&seed, previous_id, arrival.campaign()));
        head.push(&id::derive(&[&seed]));
        head.push(previous_id);
        head.push_number(before.map_or(0, Session::number) + 1);
        head.push(reason.name());
        head.push_number(moment.wall.0);
        head.push_number(u64::from(moment.day.0));
        head.push(landing_page);
        head.append(&arrival.facts);
        let session = Session::read(head.into_text(), moment.wall, Totals::default());
        self.base = Totals::default();
        self.record = Some(Record { seed, session });
        self.save(out);
    }

    /// Writes the record, unless storage has just that.
    pub(super) fn save(&mut self, out: &mut Vec<Output>) {
        let Some(record) = &self.record else { return };
        let text = record.write();
        if self.seen != text {
            self.base.clone_from(&record.session.totals);
            self.written = record.session.last_activity;
            out.push(Output::Store(RECORD_KEY.to_string(), text.clone()));
            self.seen = text;
        }
    }
}
