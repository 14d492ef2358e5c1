//! The session in hand: read from the shared record, extended or begun anew, written back.

use super::Moment;
use crate::attribution::{Arrival, DIRECT};
use crate::effect::{self, Output};
use crate::id::{Seen, Uuid};
use crate::layout::{head, navigated, navigation, source, totals};
use crate::lines::{self, Lines};
use crate::record::{self, RECORD_KEY, Record, StoredRecord};
use crate::session::{CHECKOUT_MS_MAX, Now, Numbers, Rollover, Rules, Session, Totals, decide, next_id};
use crate::text;
use crate::time::{Timestamp, Uptime};
use alloc::string::String;
use alloc::vec::Vec;

/// Activity is written at most this often, since each write wakes every other tab of the site. A tab that reads
/// the record may so take the session for older by as much, which stays well below the shortest timeout.
pub const ACTIVITY_WRITE_MS: u64 = 5_000;
/// A page begins a session at the site's wish at most this often.
pub const MANUAL_MS_MIN: u64 = 1_000;

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Visit {
    pub(super) rules: Rules,
    /// Its session has no head before the device's first. Until a record says otherwise, its seed is this page's own.
    record: Record,
    /// The record's text as last read or written.
    seen: Seen,
    /// The numbers of the totals in that text.
    base: Numbers,
    /// How the visitor arrived, until an activity has made use of it.
    arrival: Arrival,
    /// The campaign source that the URL of the page in view names; empty for none.
    campaign_before: Seen,
    /// Whether that arrival may end a session: not if its URL was only loaded again.
    is_fresh: bool,
    /// Whether no tab of the origin was left when this one came.
    browser_closed: bool,
    /// From when on the site may have another session.
    next_manual: Uptime,
    /// Whether the record is to be written.
    is_due: bool,
    /// Whether the stored record is a later version's, and so not to be written over.
    is_newer: bool,
}

impl Visit {
    pub(super) fn new(rules: Rules, seed: String) -> Self {
        Self {
            rules,
            record: Record { seed, session: Session { head: String::new(), totals: Totals::default() } },
            seen: Seen::default(),
            base: Numbers::default(),
            arrival: Arrival::default(),
            campaign_before: Seen::default(),
            is_fresh: false,
            browser_closed: false,
            next_manual: Uptime(0),
            is_due: false,
            is_newer: false,
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        Some(&self.record.session).filter(|session| !session.head.is_empty())
    }

    /// Empty before there is one.
    pub(super) fn session_id(&self) -> &str {
        self.record.session.id()
    }

    pub(super) fn session_mut(&mut self) -> &mut Session {
        &mut self.record.session
    }

    /// Takes in what other tabs have written. A record that is missing or garbage is as if it had never been read:
    /// what this page knows stays, and is written again. Returns whether a record is gone that was there.
    pub(super) fn read(&mut self, moment: &Moment<'_>) -> bool {
        if !self.seen.is_new(moment.stored) {
            return false;
        }
        // Another tab may have written less activity than this one, or wiped the record: the next activity is written.
        self.base[totals::LAST_ACTIVITY_AT] = 0;
        let newer_seed = record::newer_seed(moment.stored);
        self.is_newer = newer_seed.is_some();
        if let Some(known) = newer_seed {
            if self.session().is_none() && !known.is_empty() {
                text::set(&mut self.record.seed, known);
            }
            return false;
        }
        let Some(stored) = StoredRecord::read(moment.stored) else {
            return true;
        };
        let (mine, head) = (&mut self.record, stored.head());
        if lines::number_at(head, head::NUMBER) < mine.session.number() && *stored.seed() == *mine.seed {
            // Whoever wrote this had not seen that the session before ended. What they do next, they do in this one.
            return false;
        }
        let is_other = *lines::at(head, head::ID) != *mine.session.id();
        if is_other {
            text::set(&mut mine.seed, stored.seed());
            mine.session.totals.clear();
            self.base = Numbers::default();
        }
        // Tabs that begin the same session at once each have their own beginning of it: the earliest counts.
        if is_other || *head < *mine.session.head {
            text::set(&mut mine.session.head, head);
        }
        mine.session.totals.rebase(&mut self.base, stored.totals());
        false
    }

    /// Remembers how the visitor arrived. A route change is an arrival only with a campaign that the URL before it
    /// did not have: routers drag the landing page's parameters along.
    pub(super) fn arrived(&mut self, to: &str) {
        let arrival = Arrival::read(lines::behind(to, navigated::LINES));
        let campaign = arrival.campaign(self.rules.campaign);
        let kind = lines::number_at(to, navigated::KIND) as usize;
        let is_spa = kind == navigation::SPA;
        let is_other = self.campaign_before.is_new(campaign);
        let is_arrival = !is_spa || is_other && !campaign.is_empty();
        if is_arrival {
            self.is_fresh = is_spa || kind == navigation::LOAD;
            if self.is_fresh && arrival.ends_checkout {
                self.record.session.totals[totals::HELD_UNTIL] = 0;
            }
            self.arrival = arrival;
        }
        self.browser_closed |= lines::number_at(to, navigated::BROWSER_CLOSED) > 0;
    }

    /// The reason for which this activity begins a session, if it does.
    pub(super) fn decide(&self, moment: &Moment<'_>) -> Option<Rollover> {
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
    pub(super) fn extend(&mut self, moment: &Moment<'_>) {
        self.is_fresh = false;
        self.browser_closed = false;
        self.record.session.totals[totals::LAST_ACTIVITY_AT] = moment.wall.0;
        let written = Timestamp(self.base[totals::LAST_ACTIVITY_AT]);
        self.is_due |= moment.wall.since(written) >= ACTIVITY_WRITE_MS || moment.wall < written;
    }

    /// A checkout is pending: the session is held open, and that is written at once.
    pub(super) fn hold(&mut self, moment: &Moment<'_>) {
        self.record.session.totals[totals::HELD_UNTIL] = moment.wall.0 + CHECKOUT_MS_MAX;
        self.save();
    }

    /// A new session begins. The page view that comes with it writes it at once.
    pub(super) fn begin(&mut self, moment: &Moment<'_>, reason: Rollover, landing_page: &str) {
        let session = &mut self.record.session;
        // An old landing URL that is loaded again tells where the visitor came from only if nothing else does.
        if !self.is_fresh && !session.head.is_empty() {
            self.arrival.forget();
        }
        let arrival = &self.arrival;
        let arrived = arrival.facts();
        let sources = session.sources();
        let history = lines::behind(sources, source::LINES);
        let goes_on = arrival.is_return || matches!(reason, Rollover::Midnight | Rollover::MaxLength);
        let source = if goes_on && *lines::at(arrived, source::SOURCE) == *DIRECT && !sources.is_empty() {
            lines::first(sources, source::LINES)
        } else {
            arrived
        };
        let first = if history.is_empty() { source } else { lines::first(history, source::LINES) };
        let last_non_direct =
            if *lines::at(source, source::SOURCE) == *DIRECT { lines::behind(history, source::LINES) } else { source };
        let seed = &self.record.seed;
        let previous_id = session.id();
        // In the order of `layout::head`.
        let mut head = Lines::default();
        head.push_uuid(next_id(seed, previous_id, arrival.campaign(self.rules.campaign)));
        head.push_uuid(Uuid::derive(&[seed]));
        head.push(previous_id);
        head.push_number(session.number() + 1);
        head.push_number(moment.wall.0);
        head.push(reason.name());
        head.push_number(u64::from(moment.day.0));
        head.push(landing_page);
        head.append(source);
        head.append(first);
        head.append(last_non_direct);
        session.head = head.into_text();
        session.totals.clear();
        session.totals[totals::LAST_ACTIVITY_AT] = moment.wall.0;
        self.arrival.forget();
        self.is_fresh = false;
        self.browser_closed = false;
        self.next_manual = moment.uptime.after_ms(MANUAL_MS_MIN);
        self.base = Numbers::default();
        // Tabs that begin the same session at once send the same first event: it is counted once.
        self.base[totals::EVENTS] = 1;
    }

    /// The record is to be written with the effects of this task.
    pub(super) fn save(&mut self) {
        self.is_due = true;
    }

    /// Writes the record if it is to be, unless storage has just that.
    pub(super) fn write(&mut self, out: &mut Vec<Output>) {
        let is_due = core::mem::take(&mut self.is_due);
        if !is_due || self.is_newer || self.session().is_none() {
            return;
        }
        let text = self.record.write();
        if self.seen.is_new(&text) {
            self.base = self.record.session.totals.numbers();
            effect::store(out, RECORD_KEY, &text);
        }
    }
}
