//! Sessions that have a name in common, as a row.

use super::rows;
use crate::amounts::ratio;
use crate::figures::money::{Currency, Revenue, Sums};
use crate::figures::totals::Counted;
use serde::Serialize;

/// Sessions that have a name in common.
#[derive(Serialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) sessions: i64,
    /// Of what a session has one of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) visitors: Option<i64>,
    /// How often it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) count: Option<i64>,
    page_views: i64,
    pages_per_session: f64,
    mean_duration_ms: f64,
    bounce_rate: f64,
    pub(crate) transactions: i64,
    pub(crate) conversion_rate: f64,
    pub(crate) revenue: f64,
    net_revenue: f64,
    pub(crate) revenues: Vec<Revenue>,
}

impl Group {
    /// What sessions come to, with their orders and amounts in a currency.
    pub(crate) fn new(name: &str, counted: &Counted, sums: &Sums, currency: Option<Currency>) -> Self {
        let sold = sums.of(currency);
        Self {
            name: name.to_owned(),
            sessions: counted.sessions,
            visitors: None,
            count: None,
            page_views: counted.page_views,
            pages_per_session: ratio(counted.page_views, counted.sessions),
            mean_duration_ms: ratio(counted.duration_ms, counted.sessions),
            bounce_rate: ratio(counted.bounces, counted.sessions),
            transactions: counted.transactions,
            conversion_rate: ratio(counted.converted, counted.sessions),
            revenue: sold.revenue,
            net_revenue: sold.net_revenue,
            revenues: sums.revenues(),
        }
    }
}

impl rows::Row for Group {
    const COLUMNS: &'static [&'static str] = &[
        "sessions",
        "visitors",
        "count",
        "page_views",
        "pages_per_session",
        "mean_duration_ms",
        "bounce_rate",
        "transactions",
        "conversion_rate",
        "revenue",
        "net_revenue",
    ];

    fn name(&self) -> &str {
        &self.name
    }

    fn number(&self, column: &str) -> f64 {
        match column {
            "visitors" => self.visitors.unwrap_or(0) as f64,
            "count" => self.count.unwrap_or(0) as f64,
            "page_views" => self.page_views as f64,
            "pages_per_session" => self.pages_per_session,
            "mean_duration_ms" => self.mean_duration_ms,
            "bounce_rate" => self.bounce_rate,
            "transactions" => self.transactions as f64,
            "conversion_rate" => self.conversion_rate,
            "revenue" => self.revenue,
            "net_revenue" => self.net_revenue,
            _ => self.sessions as f64,
        }
    }
}
