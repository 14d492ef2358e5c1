//! The session as a page sees it: the twin at the edge of the core's types, which are not serialisable by design.

use serde::Serialize;
use shopbell_core::event::Money;
use shopbell_core::tracker::Tracker;

/// The session as it is now. Times are Unix milliseconds; names are those of the native batch.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the native batch, documented in index.d.ts")]
pub struct Snapshot {
    pub id: String,
    pub device_id: String,
    pub previous_id: Option<String>,
    pub number: f64,
    pub reason: &'static str,
    pub started_at: f64,
    pub last_activity_at: f64,
    pub expires_at: f64,
    pub source: Source,
    pub landing_page: String,
    pub totals: Totals,
    pub storage: &'static str,
    pub tab_id: String,
    pub delivery: Delivery,
}

/// Where the session came from; a field that is unknown is empty.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the native batch, documented in index.d.ts")]
pub struct Source {
    pub source: String,
    pub medium: String,
    pub campaign: String,
    pub term: String,
    pub content: String,
    pub click_id: String,
    pub referrer: String,
    pub channel: &'static str,
}

/// What the session adds up to.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the native batch, documented in index.d.ts")]
pub struct Totals {
    pub page_views: f64,
    pub events: f64,
    pub transactions: f64,
    pub revenue: f64,
    pub currency: String,
    pub funnel_step: &'static str,
}

/// What became of events on this page.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the native batch, documented in index.d.ts")]
pub struct Delivery {
    pub waiting: f64,
    pub sent: f64,
    pub retried: f64,
    pub dropped: f64,
}

impl Snapshot {
    pub(crate) fn of(tracker: &Tracker, storage: &'static str) -> Option<Self> {
        let session = tracker.session()?;
        let source = &session.source;
        let totals = &session.totals;
        let counters = tracker.counters();
        Some(Self {
            id: session.id.to_text(),
            device_id: session.device_id.to_text(),
            previous_id: session.previous_id.map(|id| id.to_text()),
            number: session.number as f64,
            reason: session.reason.name(),
            started_at: session.started.0 as f64,
            last_activity_at: session.last_activity.0 as f64,
            expires_at: tracker.expires()?.0 as f64,
            source: Source {
                source: source.source.clone(),
                medium: source.medium.clone(),
                campaign: source.campaign.clone(),
                term: source.term.clone(),
                content: source.content.clone(),
                click_id: source.click_id.clone(),
                referrer: source.referrer.clone(),
                channel: source.channel.name(),
            },
            landing_page: session.landing_page.clone(),
            totals: Totals {
                page_views: totals.page_views as f64,
                events: totals.events as f64,
                transactions: totals.transactions as f64,
                revenue: totals.revenue.0 as f64 / Money::PER_UNIT as f64,
                currency: totals.currency.clone(),
                funnel_step: totals.funnel_step.name(),
            },
            storage,
            tab_id: tracker.tab().0.to_owned(),
            delivery: Delivery {
                waiting: tracker.waiting() as f64,
                sent: counters.sent as f64,
                retried: counters.retried as f64,
                dropped: (counters.rejected + counters.overflow + counters.invalid) as f64,
            },
        })
    }
}
