//! What the sessions of a time come to, all together and step by step.

use super::Question;
use super::period::Stretch;
use super::steps::{Every, steps};
use crate::amounts::ratio;
use crate::figures::money::{Revenue, Sums, currency};
use crate::figures::pass::{Pairs, Part};
use crate::figures::totals::Counted;
use crate::figures::{Figures, Session};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Summary {
    /// Nothing where the time has no beginning, or no end.
    from: Option<i64>,
    to: Option<i64>,
    pub(crate) sessions: i64,
    pub(crate) visitors: i64,
    page_views: i64,
    pages_per_session: f64,
    mean_duration_ms: f64,
    /// Sessions that saw one page, of all.
    bounce_rate: f64,
    pub(crate) transactions: i64,
    /// In one currency: the one that is asked for, or that most orders have.
    pub(crate) revenue: f64,
    /// What of that went back, and what is left.
    refunds: f64,
    pub(crate) net_revenue: f64,
    pub(crate) currency: Option<String>,
    /// Of the orders in that currency whose value is known.
    pub(crate) average_order_value: f64,
    /// Orders whose value could not be read, or was not told.
    unreadable_orders: i64,
    /// Sessions with an order, and what they are of all.
    converted_sessions: i64,
    pub(crate) conversion_rate: f64,
    pub(crate) revenues: Vec<Revenue>,
    every: Every,
    series: Vec<Step>,
}

/// A step of a curve.
#[derive(Serialize)]
struct Step {
    from: i64,
    sessions: i64,
    visitors: i64,
    page_views: i64,
    transactions: i64,
    conversion_rate: f64,
    revenue: f64,
    net_revenue: f64,
}

/// Sums over the sessions of a time.
pub(crate) struct Totals<'a> {
    starts: &'a [i64],
    pub(crate) all: Counted,
    pub(crate) sums: Sums,
    visitors: Pairs,
    by_step: Vec<(Counted, Sums)>,
}

impl<'a> Totals<'a> {
    /// Nothing yet, with steps that begin at these times.
    pub(crate) fn new(starts: &'a [i64]) -> Self {
        let by_step = vec![Default::default(); starts.len().max(1)];
        Self { starts, all: Counted::default(), sums: Sums::default(), visitors: Pairs::default(), by_step }
    }
}

impl Part for Totals<'_> {
    fn visit(&mut self, figures: &Figures, index: usize, began_at: i64, session: &Session) {
        let step = self.starts.partition_point(|start| *start <= began_at).saturating_sub(1);
        self.visitors.add(step, session.device);
        let (counted, sums) = &mut self.by_step[step];
        counted.count(session);
        if session.transactions > 0 {
            sums.sell(figures.orders(index));
        }
    }

    fn join(&mut self, other: Self) {
        for ((counted, sums), (others, other_sums)) in self.by_step.iter_mut().zip(other.by_step) {
            *counted += others;
            sums.join(other_sums);
        }
        self.all += other.all;
        self.sums.join(other.sums);
        self.visitors.join(other.visitors);
    }

    fn finish(&mut self) {
        self.visitors.finish();
        for (counted, sums) in &self.by_step {
            self.all += *counted;
            self.sums.join(sums.clone());
        }
    }
}

/// The steps of a question's time: of one without limits, from the first session to the last.
pub(crate) fn starts(figures: &Figures, question: &Question, stretch: Stretch) -> Result<(Every, Vec<i64>), String> {
    let (mut from, mut to) = stretch;
    if from == i64::MIN || to == i64::MAX {
        let (first, last) = figures.began().unwrap_or((question.now_ms, question.now_ms));
        from = from.max(first);
        to = to.min(last.saturating_add(1).max(from));
    }
    let every = question.query.every.unwrap_or_else(|| Every::fitting((from, to)));
    Ok((every, steps((from, to), &question.period.zone, every)?))
}

impl Summary {
    pub(crate) fn new(question: &Question, stretch: Stretch, every: Every, totals: &Totals<'_>) -> Self {
        let chosen = chosen_currency(question, &totals.sums);
        let most = totals.sums.of(chosen);
        let visitors = totals.visitors.by_name(totals.by_step.len());
        let step = |(index, (counted, sums)): (usize, &(Counted, Sums))| {
            let sold = sums.of(chosen);
            Step {
                from: totals.starts.get(index).copied().unwrap_or(stretch.0),
                sessions: counted.sessions,
                visitors: visitors[index],
                page_views: counted.page_views,
                transactions: counted.transactions,
                conversion_rate: ratio(counted.converted, counted.sessions),
                revenue: sold.revenue,
                net_revenue: sold.net_revenue,
            }
        };
        let revenues = totals.sums.revenues();
        let all = totals.all;
        Self {
            from: Some(stretch.0).filter(|from| *from != i64::MIN),
            to: Some(stretch.1).filter(|to| *to != i64::MAX),
            sessions: all.sessions,
            visitors: totals.visitors.devices(),
            page_views: all.page_views,
            pages_per_session: ratio(all.page_views, all.sessions),
            mean_duration_ms: ratio(all.duration_ms, all.sessions),
            bounce_rate: ratio(all.bounces, all.sessions),
            transactions: all.transactions,
            revenue: most.revenue,
            refunds: most.refunds,
            net_revenue: most.net_revenue,
            average_order_value: most.revenue / (most.transactions - most.unreadable).max(1) as f64,
            currency: most.currency,
            unreadable_orders: revenues.iter().map(|one| one.unreadable).sum(),
            converted_sessions: all.converted,
            conversion_rate: ratio(all.converted, all.sessions),
            revenues,
            every,
            series: totals.by_step.iter().enumerate().map(step).collect(),
        }
    }

    pub(crate) fn series(&self) -> &impl Serialize {
        &self.series
    }
}

/// The currency that a question's amounts are of.
pub(crate) fn chosen_currency(question: &Question, sums: &Sums) -> Option<[u8; 3]> {
    match &question.query.currency {
        Some(code) => currency(code.as_bytes()),
        None => sums.most(),
    }
}
