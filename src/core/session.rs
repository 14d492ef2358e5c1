//! What a session is and, in [`decide`], when it ends.

use crate::event::{FUNNEL, Money, Order, PAGE_VIEW, funnel_step};
use crate::id;
use crate::lines::{self, Field, Kind, Lines};
use crate::time::{CivilDay, Timestamp};
use alloc::string::{String, ToString};

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
        match self {
            Self::First => "first",
            Self::Inactivity => "inactivity",
            Self::Midnight => "midnight",
            Self::Campaign => "campaign",
            Self::MaxLength => "max_length",
            Self::BrowserClose => "browser_close",
            Self::Manual => "manual",
        }
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

/// What a session adds up to so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Page views.
    pub page_views: u64,
    /// All events, `session_start` and page views included.
    pub events: u64,
    /// Orders; the same order id again, with none between, is no other.
    pub transactions: u64,
    /// The value of those orders that are in `currency`.
    pub revenue: Money,
    /// The currency of the first order; empty before it.
    pub currency: String,
    /// The place of the furthest step in [`FUNNEL`].
    pub funnel_step: usize,
    /// Its latest activity.
    pub last_activity: Timestamp,
    /// Part of the fingerprint of the latest order's id, so that a reloaded thank-you page counts once.
    pub last_order: u64,
    /// Until when a pending checkout holds it open; 0 where none is.
    pub held_until: Timestamp,
}

/// The totals, in the order of their lines.
pub static TOTALS_FIELDS: [Field; 9] = [
    ("page_views", Kind::Number),
    ("events", Kind::Number),
    ("transactions", Kind::Number),
    ("revenue", Kind::Money),
    ("currency", Kind::Text),
    ("funnel_step", Kind::Text),
    ("last_activity_at", Kind::Number),
    ("last_order", Kind::Unsent),
    ("held_until", Kind::Unsent),
];

impl Totals {
    /// Counts an event of this name, and the order if it is a purchase.
    pub fn count(&mut self, name: &str, order: Option<Order<'_>>) {
        self.events += 1;
        self.page_views += u64::from(name == PAGE_VIEW);
        self.funnel_step = self.funnel_step.max(funnel_step(name));
        if let Some(order) = order {
            self.add_order(order);
        }
    }

    fn add_order(&mut self, order: Order<'_>) {
        self.held_until = Timestamp(0);
        let fingerprint = id::fingerprint(order.id) & 0xffff_ffff;
        if !order.id.is_empty() && fingerprint == self.last_order {
            return;
        }
        self.last_order = fingerprint;
        self.transactions += 1;
        if self.currency.is_empty() {
            self.currency.push_str(order.currency);
        }
        if self.currency == order.currency {
            self.revenue.0 = self.revenue.0.saturating_add(order.value.0);
        }
    }

    /// Adds to the totals that a sibling tab has stored what this tab counted since `base`.
    pub fn rebase(&mut self, base: &Self, stored: &Self) {
        let grow = |mine: &mut u64, base: u64, stored: u64| *mine = stored + mine.saturating_sub(base);
        if self.transactions == base.transactions {
            self.last_order = stored.last_order;
        }
        if self.held_until == base.held_until {
            self.held_until = stored.held_until;
        }
        self.last_activity = self.last_activity.max(stored.last_activity);
        grow(&mut self.page_views, base.page_views, stored.page_views);
        grow(&mut self.events, base.events, stored.events);
        grow(&mut self.transactions, base.transactions, stored.transactions);
        grow(&mut self.revenue.0, base.revenue.0, stored.revenue.0);
        if !stored.currency.is_empty() {
            self.currency.clone_from(&stored.currency);
        }
        self.funnel_step = self.funnel_step.max(stored.funnel_step);
    }

    /// Appends the totals' lines.
    pub fn write(&self, out: &mut Lines) {
        out.push_number(self.page_views);
        out.push_number(self.events);
        out.push_number(self.transactions);
        out.push_number(self.revenue.0);
        out.push(&self.currency);
        out.push(FUNNEL.get(self.funnel_step).unwrap_or(&FUNNEL[0]));
        out.push_number(self.last_activity.0);
        out.push_number(self.last_order);
        out.push_number(self.held_until.0);
    }

    /// Takes the totals' lines off `rest`.
    pub fn read(rest: &mut &str) -> Self {
        Self {
            page_views: lines::next_number(rest),
            events: lines::next_number(rest),
            transactions: lines::next_number(rest),
            revenue: Money(lines::next_number(rest)),
            currency: lines::next(rest).to_string(),
            funnel_step: funnel_step(lines::next(rest)),
            last_activity: Timestamp(lines::next_number(rest)),
            last_order: lines::next_number(rest),
            held_until: Timestamp(lines::next_number(rest)),
        }
    }
}

/// A run of one visitor's activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What was settled when it began and never changes, as lines of [`HEAD_FIELDS`] and then, up to three times, of
    /// [`attribution::FIELDS`](crate::attribution::FIELDS): its own source, the source of the device's first session,
    /// and the latest that was not direct, where there was one.
    pub head: String,
    /// What it adds up to so far.
    pub totals: Totals,
}

/// The facts of a session's beginning, in the order of their lines.
///
/// - `id`: there is no null and no empty one. `device_id`: the device it is on.
/// - `previous_id`: the session before it on this device. `number`: 1 for the device's first session, then 2.
/// - `reason`: the [`Rollover`]'s name. `started_at`: Unix milliseconds on the visitor's clock.
/// - `landing_page`: the path of its first page.
pub static HEAD_FIELDS: [Field; 8] = [
    ("id", Kind::Text),
    ("device_id", Kind::Unsent),
    ("previous_id", Kind::Text),
    ("number", Kind::Number),
    ("started_at", Kind::Number),
    ("reason", Kind::Text),
    ("day", Kind::Unsent),
    ("landing_page", Kind::Text),
];

/// Where the device's id stands in [`HEAD_FIELDS`]; native batches say it of the device, not of the session.
pub const DEVICE_LINE: usize = 1;

impl Session {
    /// Its id.
    pub fn id(&self) -> &str {
        lines::at(&self.head, 0)
    }

    /// 1 for the device's first session, then 2, and so on.
    pub fn number(&self) -> u64 {
        lines::number_at(&self.head, 3)
    }

    /// When it began.
    pub fn started(&self) -> Timestamp {
        Timestamp(lines::number_at(&self.head, 4))
    }

    /// The day it began on.
    pub fn day(&self) -> CivilDay {
        CivilDay(lines::number_at(&self.head, 6) as u32)
    }

    /// Where the visitor came from: lines of [`attribution::FIELDS`](crate::attribution::FIELDS), and behind them those
    /// of the device's first and latest sources.
    pub fn sources(&self) -> &str {
        lines::behind(&self.head, HEAD_FIELDS.len())
    }

    /// Whether a pending checkout holds it open. What says that it does for longer than it may, by a clock that was
    /// set, does not.
    pub fn is_held(&self, now: Timestamp) -> bool {
        let left_ms = self.totals.held_until.since(now);
        left_ms > 0 && left_ms <= CHECKOUT_MS_MAX
    }
}

/// When to judge a session, and who has come.
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

/// Whether `session` goes on, or the reason for which activity now begins a new one.
///
/// Where several rules end it at once, the first of this order is the reason: inactivity, midnight, maximum
/// length, browser close, campaign. So `midnight` names the sessions that nothing but the day's end cut short.
///
/// - A pending checkout holds it: as long as it does, none of the rules ends it.
/// - Inactivity: at `timeout_ms` exactly it has ended; a millisecond before it has not. A clock set back makes
///   no time pass.
/// - Midnight: a *later* day ends it. An earlier one (travel westward, a clock set back) does not.
/// - Campaign: one that differs from the session's own, by its source or as far as the rules compare. The same again,
///   or none, never ends it.
pub fn decide(session: &Session, now: Now<'_>, rules: &Rules) -> Option<Rollover> {
    let campaign = lines::first(session.sources(), rules.campaign);
    if session.is_held(now.time) {
        None
    } else if now.time.since(session.totals.last_activity) >= rules.timeout_ms {
        Some(Rollover::Inactivity)
    } else if rules.midnight && now.day > session.day() {
        Some(Rollover::Midnight)
    } else if rules.max_ms.is_some_and(|max_ms| now.time.since(session.started()) >= max_ms) {
        Some(Rollover::MaxLength)
    } else if now.browser_closed {
        Some(Rollover::BrowserClose)
    } else if !now.campaign.is_empty() && now.campaign != campaign {
        Some(Rollover::Campaign)
    } else {
        None
    }
}

/// The id of the session that follows `previous_id` (empty for a device's first) when a visitor comes by `campaign`
/// (empty for none).
///
/// It depends on nothing but what all tabs read, so tabs that roll at once from the same record agree on it.
pub fn next_id(seed: &str, previous_id: &str, campaign: &str) -> String {
    id::derive(&[seed, previous_id, campaign])
}
