//! One pass over the sessions that a filter lets through.

use super::filter::Filter;
use super::{Figures, Names, Session};
use crate::amounts::money;
use serde::Serialize;
use shopbell_core::attribution::CHANNELS;
use std::collections::BTreeMap;

/// Sessions of a name, and their orders.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counted {
    pub(crate) sessions: i64,
    pub(crate) transactions: i64,
}

/// What orders of one currency come to.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Revenue {
    pub(crate) currency: Option<String>,
    pub(crate) transactions: i64,
    pub(crate) revenue: f64,
    /// What of that went back.
    pub(crate) refunds: f64,
    pub(crate) net_revenue: f64,
    #[serde(skip)]
    pub(crate) unreadable: i64,
}

#[derive(Default)]
struct Sum {
    transactions: i64,
    unreadable: i64,
    value_ten_thousandths: i64,
    refunded_ten_thousandths: i64,
}

/// What sessions add up to.
#[derive(Default)]
pub(crate) struct Totals {
    pub(crate) sessions: i64,
    pub(crate) visitors: i64,
    pub(crate) page_views: i64,
    pub(crate) duration_ms: i64,
    pub(crate) transactions: i64,
    /// Sessions with an order.
    pub(crate) converted: i64,
    pub(crate) channels: Vec<Counted>,
    pub(crate) sources: Vec<Counted>,
    pub(crate) campaigns: Vec<Counted>,
    pub(crate) landing_pages: Vec<Counted>,
    /// Sessions by the steps of the funnel that they took, as bits.
    pub(crate) by_steps: Vec<i64>,
    sums: BTreeMap<Option<[u8; 3]>, Sum>,
}

impl Totals {
    pub(crate) fn of(figures: &Figures, filter: &Filter) -> Self {
        let counted = |names: &Names| vec![Counted::default(); names.count()];
        let mut totals = Self {
            channels: vec![Counted::default(); CHANNELS.len()],
            sources: counted(&figures.sources),
            campaigns: counted(&figures.campaigns),
            landing_pages: counted(&figures.landing_pages),
            by_steps: vec![0; 256],
            ..Self::default()
        };
        let mut visitors = Visitors::new(figures.devices());
        for (place, session) in figures.chosen(filter) {
            totals.count(session);
            totals.visitors += i64::from(visitors.is_new(session.device));
            if session.transactions > 0 {
                totals.sell(figures, place);
            }
        }
        totals
    }

    fn count(&mut self, session: &Session) {
        let transactions = i64::from(session.transactions);
        self.sessions += 1;
        self.page_views += i64::from(session.page_views);
        self.duration_ms += i64::from(session.duration_ms);
        self.transactions += transactions;
        self.converted += i64::from(session.transactions > 0);
        self.by_steps[usize::from(session.steps)] += 1;
        for (counted, number) in [
            (&mut self.channels, usize::from(session.channel)),
            (&mut self.sources, usize::from(session.source)),
            (&mut self.campaigns, usize::from(session.campaign)),
            (&mut self.landing_pages, usize::from(session.landing_page)),
        ] {
            counted[number].sessions += 1;
            counted[number].transactions += transactions;
        }
    }

    fn sell(&mut self, figures: &Figures, place: i64) {
        for order in figures.orders(place) {
            let sum = self.sums.entry(order.currency).or_default();
            sum.transactions += 1;
            sum.unreadable += i64::from(order.value_ten_thousandths.is_none());
            let value = order.value_ten_thousandths.unwrap_or(0);
            sum.value_ten_thousandths = sum.value_ten_thousandths.saturating_add(value);
            sum.refunded_ten_thousandths = sum.refunded_ten_thousandths.saturating_add(order.refunded_ten_thousandths);
        }
    }

    /// What was sold in each currency, that with the most orders first.
    pub(crate) fn revenues(&self) -> Vec<Revenue> {
        let revenue = |(currency, sum): (&Option<[u8; 3]>, &Sum)| Revenue {
            currency: currency.map(|code| String::from_utf8_lossy(&code).into_owned()),
            transactions: sum.transactions,
            revenue: money(sum.value_ten_thousandths),
            refunds: money(sum.refunded_ten_thousandths),
            net_revenue: money(sum.value_ten_thousandths - sum.refunded_ten_thousandths),
            unreadable: sum.unreadable,
        };
        let mut revenues: Vec<_> = self.sums.iter().map(revenue).collect();
        revenues.sort_by_key(|revenue| -revenue.transactions);
        revenues
    }
}

/// Devices that were seen, as bits.
struct Visitors(Vec<u64>);

impl Visitors {
    fn new(devices: usize) -> Self {
        Self(vec![0; devices / 64 + 1])
    }

    fn is_new(&mut self, device: u32) -> bool {
        let (word, bit) = (device as usize / 64, 1 << (device % 64));
        // A device whose first sessions are no more has a number of old.
        let Some(word) = self.0.get_mut(word).filter(|_| device > 0) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}
