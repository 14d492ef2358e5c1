//! What a session is and, in [`decide`], when it ends.

use crate::attribution::Source;
use crate::event::{FunnelStep, Money, Order};
use crate::id::{self, Uuid};
use crate::time::{CivilDay, Timestamp};
use alloc::string::String;

/// A session ends after this long without activity, unless the site says otherwise. The field's convention.
pub const INACTIVITY_MS: u64 = 30 * 60_000;
/// Shortest timeout a site may set.
pub const INACTIVITY_MS_MIN: u64 = 60_000;
/// Longest timeout a site may set.
pub const INACTIVITY_MS_MAX: u64 = 24 * 3_600_000;

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
    /// The site asked for it.
    Manual,
}

impl Rollover {
    const ALL: [Self; 6] = [
        Self::First,
        Self::Inactivity,
        Self::Midnight,
        Self::Campaign,
        Self::MaxLength,
        Self::Manual,
    ];

    /// The name in storage and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Inactivity => "inactivity",
            Self::Midnight => "midnight",
            Self::Campaign => "campaign",
            Self::MaxLength => "max_length",
            Self::Manual => "manual",
        }
    }

    /// The reason of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// Which rules are on, and their bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Inactivity that ends a session, from [`INACTIVITY_MS_MIN`] to [`INACTIVITY_MS_MAX`].
    pub timeout_ms: u64,
    /// Whether a new day ends a session. Whose midnight it is lies in how the host counts days.
    pub midnight: bool,
    /// Whether a new campaign source ends a session.
    pub campaign: bool,
    /// The longest a session may last, if there is a bound.
    pub max_ms: Option<u64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            timeout_ms: INACTIVITY_MS,
            midnight: true,
            campaign: true,
            max_ms: None,
        }
    }
}

/// What a session adds up to so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Page views.
    pub page_views: u64,
    /// All events, `session_start` and page views included.
    pub events: u64,
    /// Orders, each order id counted once in a row.
    pub transactions: u64,
    /// The value of those orders that are in `currency`.
    pub revenue: Money,
    /// The currency of the first order; empty before it.
    pub currency: String,
    /// The furthest step of the funnel.
    pub funnel_step: FunnelStep,
    /// [`fingerprint`](id::fingerprint) of the latest order's id, so that a reloaded thank-you page counts once.
    pub last_order: u64,
}

impl Totals {
    /// Counts an order, unless it has the id of the order before.
    pub fn add_order(&mut self, order: &Order) {
        let order_id = id::fingerprint(&order.id);
        if !order.id.is_empty() && order_id == self.last_order {
            return;
        }
        self.last_order = order_id;
        self.transactions += 1;
        if self.currency.is_empty() {
            self.currency.clone_from(&order.currency);
        }
        if self.currency == order.currency {
            self.revenue = Money(self.revenue.0.saturating_add(order.value.0));
        }
    }

    /// Adds to the totals that a sibling tab has stored what this tab counted since `base`.
    #[must_use]
    pub fn rebased(&self, base: &Self, stored: Self) -> Self {
        let grown = |stored: u64, mine: u64, base: u64| stored + mine.saturating_sub(base);
        let ordered = self.transactions > base.transactions;
        Self {
            page_views: grown(stored.page_views, self.page_views, base.page_views),
            events: grown(stored.events, self.events, base.events),
            transactions: grown(stored.transactions, self.transactions, base.transactions),
            revenue: Money(grown(stored.revenue.0, self.revenue.0, base.revenue.0)),
            currency: if stored.currency.is_empty() { self.currency.clone() } else { stored.currency },
            funnel_step: self.funnel_step.max(stored.funnel_step),
            last_order: if ordered { self.last_order } else { stored.last_order },
        }
    }
}

/// A run of one visitor's activity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id. There is no null and no empty id.
    pub id: Uuid,
    /// The device it is on.
    pub device_id: Uuid,
    /// The session before it on this device.
    pub previous_id: Option<Uuid>,
    /// 1 for the device's first session, then 2, and so on.
    pub number: u64,
    /// Why it began.
    pub reason: Rollover,
    /// When it began.
    pub started: Timestamp,
    /// The latest activity in it.
    pub last_activity: Timestamp,
    /// The day it began on.
    pub day: CivilDay,
    /// Where the visitor came from.
    pub source: Source,
    /// The path of its first page.
    pub landing_page: String,
    /// What it adds up to so far.
    pub totals: Totals,
}

/// When to judge a session, and who has come.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// The wall clock.
    pub time: Timestamp,
    /// The day there, in the zone of the midnight rule.
    pub day: CivilDay,
    /// The campaign source of a fresh arrival; `None` for activity on an open page, for a reload, for back and
    /// forward, and for an arrival without a campaign.
    pub campaign: Option<&'a str>,
}

/// Whether `session` goes on, or the reason for which activity now begins a new one.
///
/// Where several rules end it at once, the first of this order is the reason: inactivity, midnight, maximum
/// length, campaign. So `midnight` names the sessions that nothing but the day's end cut short.
///
/// - Inactivity: at `timeout_ms` exactly it has ended; a millisecond before it has not. A clock set back makes
///   no time pass.
/// - Midnight: a *later* day ends it. An earlier one (travel westward, a clock set back) does not.
/// - Campaign: a source that differs from the session's own. The same again, or none, never ends it.
pub fn decide(session: &Session, now: Now<'_>, rules: &Rules) -> Option<Rollover> {
    let too_long = |max_ms| now.time.since(session.started) >= max_ms;
    if now.time.since(session.last_activity) >= rules.timeout_ms {
        Some(Rollover::Inactivity)
    } else if rules.midnight && now.day > session.day {
        Some(Rollover::Midnight)
    } else if rules.max_ms.is_some_and(too_long) {
        Some(Rollover::MaxLength)
    } else if rules.campaign && now.campaign.is_some_and(|source| source != session.source.source) {
        Some(Rollover::Campaign)
    } else {
        None
    }
}

/// The id of the session that follows `previous` on a device, the first one where that is `None`.
///
/// It depends on nothing but what all tabs read, so tabs that roll at once from the same record agree on it.
pub fn next_id(seed: [u64; 2], previous: Option<Uuid>, campaign: Option<&str>) -> Uuid {
    let [high, low] = previous.map_or([0, 0], Uuid::words);
    id::derive(seed, &[high, low, campaign.map_or(0, id::fingerprint)])
}
