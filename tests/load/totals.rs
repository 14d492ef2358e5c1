//! What visits add up to, by the generator's own count, and whether a report says the same.

use crate::visits::Visit;
use anyhow::{Result, bail};
use serde_json::Value;
use std::collections::HashSet;

/// A question to the report, and which visits it is about.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) query: String,
    is_met: Box<dyn Fn(&Visit) -> bool + Send + Sync>,
}

/// Totals of the visits that a question is about.
#[derive(Default)]
pub(crate) struct Totals {
    sessions: u64,
    visitors: HashSet<u64>,
    page_views: u64,
    duration_ms: u64,
    orders: u64,
    cents: u64,
}

/// The questions: all, a month, a day, and three filters at once.
pub(crate) fn questions(site: &str, now: u64) -> Vec<Question> {
    const DAY_MS: u64 = 86_400_000;
    let today = now / DAY_MS * DAY_MS;
    let since = |days: u64| today - days * DAY_MS;
    let question = |name, query: String, is_met: Box<dyn Fn(&Visit) -> bool + Send + Sync>| Question {
        name,
        query: format!("site={site}{query}"),
        is_met,
    };
    let (month, yesterday) = (since(30), since(1));
    vec![
        question("all", String::new(), Box::new(|_| true)),
        question("30 days", format!("&from={month}"), Box::new(move |visit| visit.began_at >= month)),
        question(
            "one day",
            format!("&from={yesterday}&to={today}"),
            Box::new(move |visit| (yesterday..today).contains(&visit.began_at)),
        ),
        question(
            "three filters",
            "&source=facebook&landing_page=/&visitor=new".to_owned(),
            Box::new(|visit| visit.source() == "facebook" && visit.landing_page == "/" && visit.number == 1),
        ),
    ]
}

impl Question {
    pub(crate) fn count(&self, totals: &mut Totals, visit: &Visit) {
        if visit.is_bot || !(self.is_met)(visit) {
            return;
        }
        totals.sessions += 1;
        totals.visitors.insert(visit.device);
        totals.page_views += visit.page_views;
        totals.duration_ms += visit.duration_ms;
        totals.orders += u64::from(visit.order_cents.is_some());
        totals.cents += visit.order_cents.unwrap_or(0);
    }

    /// Fails where a report says something else.
    pub(crate) fn check(&self, totals: &Totals, report: &Value) -> Result<()> {
        let number = |field: &str| report[field].as_f64().unwrap_or(f64::NAN);
        // Of clocks that are wrong each request says anew by how much, some milliseconds apart.
        let mean_duration_ms = totals.duration_ms as f64 / totals.sessions.max(1) as f64;
        if (number("mean_duration_ms") - mean_duration_ms).abs() > 1.0 {
            bail!(
                "{}: the mean duration is {}, and {mean_duration_ms} was told",
                self.name,
                number("mean_duration_ms")
            );
        }
        for (field, expected) in [
            ("sessions", totals.sessions as f64),
            ("visitors", totals.visitors.len() as f64),
            ("page_views", totals.page_views as f64),
            ("transactions", totals.orders as f64),
            ("revenue", totals.cents as f64 / 100.0),
            ("missing_events", 0.0),
        ] {
            if (number(field) - expected).abs() > expected.abs() * 1e-9 {
                bail!("{}: {field} is {}, and {expected} was told", self.name, number(field));
            }
        }
        Ok(())
    }
}

impl Totals {
    pub(crate) fn sessions(&self) -> u64 {
        self.sessions
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.visitors.extend(other.visitors);
        self.page_views += other.page_views;
        self.duration_ms += other.duration_ms;
        self.orders += other.orders;
        self.cents += other.cents;
    }
}
