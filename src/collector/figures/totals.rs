//! What sessions add up to.

use super::Session;
use std::ops::AddAssign;

/// Sums over sessions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) sessions: i64,
    pub(crate) page_views: i64,
    pub(crate) duration_ms: i64,
    /// Sessions that saw one page.
    pub(crate) bounces: i64,
    pub(crate) transactions: i64,
    /// Sessions with an order.
    pub(crate) converted: i64,
}

impl Counted {
    pub(crate) fn count(&mut self, session: &Session) {
        self.sessions += 1;
        self.page_views += i64::from(session.page_views);
        self.duration_ms += i64::from(session.duration_ms);
        self.bounces += i64::from(session.is_bounce());
        self.transactions += i64::from(session.transactions);
        self.converted += i64::from(session.transactions > 0);
    }
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.sessions += other.sessions;
        self.page_views += other.page_views;
        self.duration_ms += other.duration_ms;
        self.bounces += other.bounces;
        self.transactions += other.transactions;
        self.converted += other.converted;
    }
}
