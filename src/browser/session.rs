//! The session as a front-end in Rust reads it: by name.

use shopbell_core::event::{Money, funnel_name};
use shopbell_core::layout::{head, source, totals};
use shopbell_core::lines;
use shopbell_core::session;

/// A session. Times are Unix milliseconds on the visitor's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its id.
    pub id: String,
    /// The device it is on.
    pub device_id: String,
    /// The device's session before this one.
    pub previous_id: Option<String>,
    /// 1 for the device's first session.
    pub number: u64,
    /// Why it began: `first`, `inactivity`, `midnight`, `campaign`, `max_length`, `browser_close` or `manual`.
    pub reason: String,
    /// When it began.
    pub started_at_ms: u64,
    /// Path of its first page.
    pub landing_page: String,
    /// Where the visitor came from.
    pub source: Source,
    /// Where the device's first session came from.
    pub first_touch: Source,
    /// The latest source that was not direct, this session's own included.
    pub last_non_direct: Option<Source>,
    /// What it adds up to so far.
    pub totals: Totals,
}

/// Where a session came from. What is unknown is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of layout::source")]
pub struct Source {
    pub source: String,
    pub medium: String,
    pub campaign: String,
    pub term: String,
    pub content: String,
    pub campaign_id: String,
    pub click_id: String,
    pub referrer: String,
}

/// What a session adds up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Totals {
    /// Page views.
    pub page_views: u64,
    /// All events, `session_start` and page views included.
    pub events: u64,
    /// Orders.
    pub transactions: u64,
    /// Value of the orders in `currency`.
    pub revenue: f64,
    /// Currency of the first order; empty before it.
    pub currency: String,
    /// How far along the way to an order it came, such as `add_to_cart`.
    pub funnel_step: String,
    /// The latest activity.
    pub last_activity_at_ms: u64,
}

impl From<&session::Session> for Session {
    fn from(session: &session::Session) -> Self {
        let line = |index| lines::at(&session.head, index).to_owned();
        let previous_id = line(head::PREVIOUS_ID);
        let first_touch = lines::behind(session.sources(), source::LINES);
        let last_non_direct = lines::behind(first_touch, source::LINES);
        let sums = &session.totals;
        Self {
            id: line(head::ID),
            device_id: line(head::DEVICE_ID),
            previous_id: (!previous_id.is_empty()).then_some(previous_id),
            number: session.number(),
            reason: line(head::REASON),
            started_at_ms: session.started().0,
            landing_page: line(head::LANDING_PAGE),
            source: Source::read(session.sources()),
            first_touch: Source::read(first_touch),
            last_non_direct: (!last_non_direct.is_empty()).then(|| Source::read(last_non_direct)),
            totals: Totals {
                page_views: sums[totals::PAGE_VIEWS],
                events: sums[totals::EVENTS],
                transactions: sums[totals::TRANSACTIONS],
                revenue: sums[totals::REVENUE] as f64 / Money::PER_UNIT as f64,
                currency: sums.currency.clone(),
                funnel_step: funnel_name(sums[totals::FUNNEL_STEP] as usize).to_owned(),
                last_activity_at_ms: sums[totals::LAST_ACTIVITY_AT],
            },
        }
    }
}

impl Source {
    fn read(facts: &str) -> Self {
        let line = |index| lines::at(facts, index).to_owned();
        Self {
            source: line(source::SOURCE),
            medium: line(source::MEDIUM),
            campaign: line(source::CAMPAIGN),
            term: line(source::TERM),
            content: line(source::CONTENT),
            campaign_id: line(source::CAMPAIGN_ID),
            click_id: line(source::CLICK_ID),
            referrer: line(source::REFERRER),
        }
    }
}
