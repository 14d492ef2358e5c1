//! What a session is and, in [`decide`], when it ends.
//!
#![doc = include_str!("sessions.md")]

#[cfg(doc)]
use crate::event::FUNNEL;
use crate::event::{PAGE_VIEW, funnel_step};
use crate::id::{self, Uuid};
use crate::layout::{head, order, totals};
use crate::lines::{self, Lines};
use crate::text;
use crate::time::{CivilDay, Timestamp};
use alloc::string::String;
use core::ops::{Index, IndexMut};

/// A session ends after this long without activity, unless the site says otherwise. The field's convention.
pub const INACTIVITY_MS: u64 = 30 * 60_000;
/// Shortest timeout a site may set.
pub const INACTIVITY_MS_MIN: u64 = 60_000;
/// Longest timeout a site may set.
pub const INACTIVITY_MS_MAX: u64 = 24 * 3_600_000;
/// A pending checkout holds its session open for this long: more than any gateway keeps a payment page open.
pub const CHECKOUT_MS_MAX: u64 = 60 * 60_000;

/// Why a session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollover {
    /// This device has no earlier session.
    First,
    /// The one before ended by inactivity.
    Inactivity,
    /// The one before ended because the day did, and by nothing else.
    Midnight,
    /// The visitor came from another campaign source.
    Campaign,
    /// The one before had lasted as long as a session may.
    MaxLength,
    /// The last tab of the origin was gone.
    BrowserClose,
    /// The site asked for it.
    Manual,
}

impl Rollover {
    /// The name in storage and on the wire.
    pub fn name(self) -> &'static str {
        lines::at("first\ninactivity\nmidnight\ncampaign\nmax_length\nbrowser_close\nmanual\n", self as usize)
    }
}

/// Which rules are on, and their bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Inactivity that ends a session, from [`INACTIVITY_MS_MIN`] to [`INACTIVITY_MS_MAX`].
    pub timeout_ms: u64,
    /// Whether a new day ends a session. Whose midnight it is lies in how the host counts days.
    pub midnight: bool,
    /// How much of a campaign ends a session where it is new: 0 for nothing, 1 for its source, 2 for source or medium,
    /// 3 for source, medium or campaign.
    pub campaign: usize,
    /// The longest a session may last, if there is a bound.
    pub max_ms: Option<u64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { timeout_ms: INACTIVITY_MS, midnight: true, campaign: 1, max_ms: None }
    }
}

/// How many of the totals are numbers: all but the currency, which is the last.
const NUMBERS: usize = totals::CURRENCY;

/// Totals without the currency, indexed like [`Totals`].
pub(crate) type Numbers = [u64; NUMBERS];

/// What a session adds up to so far: numbers, indexed by the lines of [`layout::totals`](crate::layout::totals), and a
/// currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    numbers: Numbers,
    /// The currency of the first order; empty before it.
    pub currency: String,
}

impl Index<usize> for Totals {
    type Output = u64;

    fn index(&self, line: usize) -> &u64 {
        &self.numbers[line]
    }
}

impl IndexMut<usize> for Totals {
    fn index_mut(&mut self, line: usize) -> &mut u64 {
        &mut self.numbers[line]
    }
}

impl Totals {
    /// Counts from the beginning; the latest order stays known, as its page may be opened again in the next session.
    pub(crate) fn clear(&mut self) {
        let last_order = self[totals::LAST_ORDER];
        self.numbers = Numbers::default();
        self[totals::LAST_ORDER] = last_order;
        self.currency.clear();
    }

    /// The latest activity.
    pub fn last_activity(&self) -> Timestamp {
        Timestamp(self[totals::LAST_ACTIVITY_AT])
    }

    /// All but the currency.
    pub(crate) fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// Counts an event of this name, and the order if it is a purchase.
    pub fn count(&mut self, name: &str, order: &str) {
        self[totals::EVENTS] += 1;
        self[totals::PAGE_VIEWS] += u64::from(*name == *PAGE_VIEW);
        if order.is_empty() || self.add_order(order) {
            self[totals::FUNNEL_STEP] = self[totals::FUNNEL_STEP].max(funnel_step(name) as u64);
        }
    }

    /// Adds an order, unless it is the latest again; returns whether it is another.
    fn add_order(&mut self, lines: &str) -> bool {
        let (id, currency) = (lines::at(lines, order::ID), lines::at(lines, order::CURRENCY));
        self[totals::HELD_UNTIL] = 0;
        let fingerprint = id::fingerprint(id) & 0xffff_ffff;
        if !id.is_empty() && fingerprint == self[totals::LAST_ORDER] {
            return false;
        }
        self[totals::LAST_ORDER] = fingerprint;
        self[totals::TRANSACTIONS] += 1;
        if self.currency.is_empty() {
            self.currency.push_str(currency);
        }
        if *self.currency == *currency {
            self[totals::REVENUE] = self[totals::REVENUE].saturating_add(lines::number_at(lines, order::VALUE));
        }
        true
    }

    /// Adds what this tab counted since `base` to the totals that another tab has stored since, which are the base from here
    /// on. They are the first lines of `stored`.
    pub(crate) fn rebase(&mut self, base: &mut Numbers, stored: &str) {
        let is_same_order = self[totals::TRANSACTIONS] == base[totals::TRANSACTIONS];
        let mut rest = stored;
        for line in 0..NUMBERS {
            let stored = lines::next_number(&mut rest);
            let base = core::mem::replace(&mut base[line], stored);
            let mine = &mut self.numbers[line];
            if line <= totals::REVENUE {
                *mine = stored + mine.saturating_sub(base);
            } else if line <= totals::LAST_ACTIVITY_AT {
                *mine = stored.max(*mine);
            } else if *mine == base || line == totals::LAST_ORDER && is_same_order {
                *mine = stored;
            }
        }
        let currency = lines::next(&mut rest);
        if !currency.is_empty() {
            text::set(&mut self.currency, currency);
        }
    }

    /// Appends the totals' lines.
    pub fn write(&self, out: &mut Lines) {
        for number in &self.numbers {
            out.push_number(*number);
        }
        out.push(&self.currency);
    }
}

/// A run of one visitor's activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What was settled when it began and never changes: the lines of [`layout::head`](head) and then, up to three times, of
    /// [`layout::source`](crate::layout::source): its own source, the source of the device's first session, and the latest
    /// that was not direct, where there was one.
    pub head: String,
    /// What it adds up to so far.
    pub totals: Totals,
}

impl Session {
    /// Its id.
    pub fn id(&self) -> &str {
        lines::at(&self.head, head::ID)
    }

    /// The id of the device's session before this one; empty if there was none.
    pub fn previous_id(&self) -> &str {
        lines::at(&self.head, head::PREVIOUS_ID)
    }

    /// 1 for the device's first session, then 2, and so on.
    pub fn number(&self) -> u64 {
        lines::number_at(&self.head, head::NUMBER)
    }

    /// When it began.
    pub fn started(&self) -> Timestamp {
        Timestamp(lines::number_at(&self.head, head::STARTED_AT))
    }

    /// The day it began on.
    pub fn day(&self) -> CivilDay {
        CivilDay(lines::number_at(&self.head, head::DAY) as u32)
    }

    /// The path of its first page.
    pub fn landing_page(&self) -> &str {
        lines::at(&self.head, head::LANDING_PAGE)
    }

    /// The name of the [`Rollover`] that it began by.
    pub fn reason(&self) -> &str {
        lines::at(&self.head, head::REASON)
    }

    /// Where the visitor came from: lines of [`layout::source`](crate::layout::source), and behind them those of the
    /// device's first and latest sources.
    pub fn sources(&self) -> &str {
        lines::behind(&self.head, head::LINES)
    }

    /// Whether a pending checkout holds it open. A hold that would last longer than [`CHECKOUT_MS_MAX`] counts for nothing:
    /// the clock was set back since.
    pub fn is_held(&self, now: Timestamp) -> bool {
        let left_ms = Timestamp(self.totals[totals::HELD_UNTIL]).since(now);
        left_ms > 0 && left_ms <= CHECKOUT_MS_MAX
    }
}

/// The moment that [`decide`] is asked about, and who has come.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The wall clock.
    pub time: Timestamp,
    /// The day there, in the zone of the midnight rule.
    pub day: CivilDay,
    /// What of a fresh arrival's campaign can end a session, as so many lines as [`Rules::campaign`] says; empty for
    /// activity on an open page, for a reload, for back and forward, and for an arrival without a campaign.
    pub campaign: &'a str,
    /// Whether no tab of the origin was left when this one came, and the site ends sessions then.
    pub browser_closed: bool,
}

/// When `session` ends if nothing more happens: by inactivity, and not before a pending checkout does.
pub fn expires(session: &Session, now: Timestamp, rules: &Rules) -> Timestamp {
    let held_until = if session.is_held(now) { session.totals[totals::HELD_UNTIL] } else { 0 };
    Timestamp((session.totals[totals::LAST_ACTIVITY_AT] + rules.timeout_ms).max(held_until))
}

/// Whether `session` goes on, or the reason for which activity now begins a new one.
///
/// ```text
///                        activity, no rule ends it
///                               ┌──────┐
///   (none) ──first──▶ ┌─────────┴──┐   │      checkoutPending()      ┌────────────┐
///                     │    live    │◀──┘ ──────────────────────────▶ │    held    │
///   ┌───────────────▶ └─────┬──────┘ ◀────────────────────────────── └─────┬──────┘
///   │                       │          purchase, or an hour over           │
///   │   the time passes     │                                              │
///   │   expires()           ▼                                              │
///   │                 ┌────────────┐          newSession()                 │
///   │                 │    over    │◀──────────────────────────────────────┘
///   │                 └─────┬──────┘
///   └── next activity: a new session, with the reason ──┘
/// ```
///
/// | state | is | activity now | time, sending, hiding, looking |
/// | --- | --- | --- | --- |
/// | live | before [`expires`], on its day, within its length | extends it | nothing |
/// | held | a checkout is pending | extends it, whatever the rules say | nothing |
/// | over | any rule below holds | begins a new session | nothing: it stays over |
///
/// Where several rules end it at once, the first of this order is the reason: inactivity, midnight, maximum
/// length, browser close, campaign. So `midnight` names the sessions that nothing but the day's end cut short.
///
/// - A pending checkout holds it: as long as it does, none of the rules ends it. An arrival by a message or an ad ends the wait
///   before this is asked.
/// - Inactivity: at `timeout_ms` exactly it has ended; a millisecond before it has not. A clock set back makes
///   no time pass.
/// - Midnight: a *later* day ends it. An earlier one (travel westward, a clock set back) does not.
/// - Campaign: one that differs from the session's own, by its source or as far as the rules compare. The same again,
///   or none, never ends it.
pub fn decide(session: &Session, now: Now<'_>, rules: &Rules) -> Option<Rollover> {
    let campaign = lines::first(session.sources(), rules.campaign);
    if session.is_held(now.time) {
        None
    } else if now.time >= expires(session, now.time, rules) {
        Some(Rollover::Inactivity)
    } else if rules.midnight && now.day > session.day() {
        Some(Rollover::Midnight)
    } else if rules.max_ms.is_some_and(|max_ms| now.time.since(session.started()) >= max_ms) {
        Some(Rollover::MaxLength)
    } else if now.browser_closed {
        Some(Rollover::BrowserClose)
    } else if !now.campaign.is_empty() && *now.campaign != *campaign {
        Some(Rollover::Campaign)
    } else {
        None
    }
}

/// The id of the session that follows `previous_id` (empty for a device's first) when a visitor comes by `campaign`
/// (empty for none).
///
/// It depends on nothing but what all tabs read, so tabs that roll at once from the same record agree on it.
pub fn next_id(seed: &str, previous_id: &str, campaign: &str) -> Uuid {
    Uuid::derive(&[seed, previous_id, campaign])
}
