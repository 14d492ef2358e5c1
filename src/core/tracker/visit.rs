//! The session in hand: read from the shared record, gone on with or begun anew, written back.

use super::{Moment, Navigation, NavigationKind, Output};
use crate::attribution::{Arrival, DIRECT};
use crate::event::{FunnelStep, Order, PAGE_VIEW};
use crate::id::{self, Entropy};
use crate::record::{Record, read_record, write_record};
use crate::session::{Now, Rollover, Rules, Session, Totals, decide, next_id};
use crate::time::Timestamp;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};

/// Activity is written at most this often, since each write wakes every other tab of the site. A tab that reads
/// the record may so take the session for older by as much, which stays well below the shortest timeout.
pub(super) const ACTIVITY_WRITE_MS: u64 = 5_000;

#[derive(Debug)]
pub(super) struct Visit {
    pub(super) rules: Rules,
    record: Option<Record>,
    /// The record's text as last read or written.
    seen: Option<String>,
    /// The totals in that text.
    base: Totals,
    /// The last activity in that text.
    written: Timestamp,
    /// How the visitor arrived, until an activity has made use of it.
    arrival: Option<Arrival>,
    /// Whether that arrival was the page's first, of whatever kind.
    fresh: bool,
}

impl Visit {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            record: None,
            seen: None,
            base: Totals::default(),
            written: Timestamp(0),
            arrival: None,
            fresh: false,
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        self.record.as_ref().map(|record| &record.session)
    }

    /// Takes in what other tabs have written. A record that is missing or garbage is as if it had never been read:
    /// what this page knows stays, and is written again.
    pub(super) fn read(&mut self, moment: &Moment<'_>) {
        if moment.stored == self.seen.as_deref() {
            return;
        }
        self.seen = moment.stored.map(ToString::to_string);
        let Some(stored) = moment.stored.and_then(read_record) else {
            self.written = Timestamp(0);
            return;
        };
        let base = stored.session.totals.clone();
        self.written = stored.session.last_activity;
        let mine = self.record.replace(stored).map(|record| record.session);
        if let (Some(mine), Some(record)) = (mine, &mut self.record)
            && mine.id == record.session.id
        {
            let session = &mut record.session;
            session.totals = mine.totals.rebased(&self.base, base.clone());
            session.last_activity = session.last_activity.max(mine.last_activity);
        }
        self.base = base;
    }

    /// Remembers how the visitor arrived. `campaign_before` is what the URL of the page before named, where this
    /// document had one: a route change that drags the landing URL's parameters along is no arrival.
    pub(super) fn arrived(&mut self, to: &Navigation, campaign_before: Option<&str>) {
        let arrival = Arrival::read(&to.url, &to.referrer);
        match to.kind {
            NavigationKind::Load => {
                self.fresh = true;
                self.arrival = Some(arrival);
            }
            NavigationKind::Reload | NavigationKind::BackForward => {
                self.fresh = false;
                self.arrival = Some(arrival);
            }
            NavigationKind::Spa => {
                if arrival.is_campaign && campaign_before != Some(arrival.source.source.as_str()) {
                    self.fresh = true;
                    self.arrival = Some(arrival);
                }
            }
        }
    }

    /// The reason for which this activity begins a session, if it does.
    pub(super) fn judge(&self, moment: &Moment<'_>) -> Option<Rollover> {
        let Some(session) = self.session() else {
            return Some(Rollover::First);
        };
        let arrival = self.arrival.as_ref().filter(|arrival| self.fresh && arrival.is_campaign);
        let now = Now {
            time: moment.wall,
            day: moment.day,
            campaign: arrival.map(|arrival| arrival.source.source.as_str()),
        };
        decide(session, now, &self.rules)
    }

    /// The session goes on.
    pub(super) fn go_on(&mut self, moment: &Moment<'_>, out: &mut VecDeque<Output>) {
        self.arrival = None;
        if let Some(record) = &mut self.record {
            record.session.last_activity = moment.wall;
        }
        let is_due = moment.wall.since(self.written) >= ACTIVITY_WRITE_MS;
        if is_due || moment.wall < self.written {
            self.save(out);
        }
    }

    /// A new session begins, and is written at once.
    pub(super) fn begin(
        &mut self,
        moment: &Moment<'_>,
        reason: Rollover,
        landing_page: String,
        entropy: &mut Entropy,
        out: &mut VecDeque<Output>,
    ) {
        let before = self.record.take();
        let seed = before.as_ref().map_or_else(|| entropy.uuid().words(), |record| record.seed);
        let before = before.map(|record| record.session);
        // An old landing URL that is loaded again tells where the visitor came from only if nothing else does.
        let arrival = self.arrival.take().filter(|_| self.fresh || before.is_none());
        let campaign = arrival.as_ref().filter(|arrival| arrival.is_campaign);
        let id = next_id(
            seed,
            before.as_ref().map(|session| session.id),
            campaign.map(|arrival| arrival.source.source.as_str()),
        );
        let mut source = arrival.unwrap_or_default().source;
        let goes_on = matches!(reason, Rollover::Midnight | Rollover::MaxLength);
        if let Some(before) = before.as_ref().filter(|_| goes_on && source.source == DIRECT) {
            source.clone_from(&before.source);
        }
        self.base = Totals::default();
        self.record = Some(Record {
            seed,
            session: Session {
                id,
                device_id: id::derive(seed, &[1]),
                previous_id: before.as_ref().map(|session| session.id),
                number: before.map_or(1, |session| session.number + 1),
                reason,
                started: moment.wall,
                last_activity: moment.wall,
                day: moment.day,
                source,
                landing_page,
                totals: Totals::default(),
            },
        });
        self.save(out);
    }

    /// Counts an event into the session, which is returned.
    pub(super) fn count(&mut self, name: &str, order: Option<&Order>) -> Option<&Session> {
        let session = &mut self.record.as_mut()?.session;
        let totals = &mut session.totals;
        totals.events += 1;
        if name == PAGE_VIEW {
            totals.page_views += 1;
        }
        if let Some(order) = order {
            totals.add_order(order);
        }
        if let Some(step) = FunnelStep::from_name(name) {
            totals.funnel_step = totals.funnel_step.max(step);
        }
        Some(session)
    }

    /// Writes the record, unless storage has just that.
    pub(super) fn save(&mut self, out: &mut VecDeque<Output>) {
        let Some(record) = &self.record else { return };
        let text = write_record(record);
        if self.seen.as_ref() != Some(&text) {
            self.base.clone_from(&record.session.totals);
            self.written = record.session.last_activity;
            self.seen = Some(text.clone());
            out.push_back(Output::Save(text));
        }
    }
}
