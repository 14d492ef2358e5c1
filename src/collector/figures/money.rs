//! Orders, and what they come to in each currency.

use crate::amounts::money;
use serde::Serialize;
use std::collections::BTreeMap;

/// An ISO 4217 code.
pub(crate) type Currency = [u8; 3];

/// A currency by its code; of what is no code, none.
pub(crate) fn currency(code: &[u8]) -> Option<Currency> {
    code.try_into().ok()
}

/// An order of a session.
pub(crate) struct Order {
    pub(crate) currency: Option<Currency>,
    /// Nothing where it could not be read.
    pub(crate) value_ten_thousandths: Option<i64>,
    /// Of that, what went back.
    pub(crate) refunded_ten_thousandths: i64,
    pub(crate) items: Box<[Ordered]>,
}

/// A product of an order.
pub(crate) struct Ordered {
    pub(crate) product: u16,
    pub(crate) quantity: i64,
    /// Of all of them together.
    pub(crate) value_ten_thousandths: i64,
}

/// What orders of one currency come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

#[derive(Clone, Default)]
struct Sum {
    transactions: i64,
    unreadable: i64,
    value_ten_thousandths: i64,
    refunded_ten_thousandths: i64,
}

/// What orders come to, by currency.
#[derive(Clone, Default)]
pub(crate) struct Sums(BTreeMap<Option<Currency>, Sum>);

impl Sums {
    pub(crate) fn sell(&mut self, orders: &[Order]) {
        for order in orders {
            let refunded = order.refunded_ten_thousandths;
            self.add(order.currency, order.value_ten_thousandths, refunded);
        }
    }

    /// Adds an order, or a part of one.
    pub(crate) fn add(&mut self, currency: Option<Currency>, value: Option<i64>, refunded: i64) {
        let sum = self.0.entry(currency).or_default();
        sum.transactions += 1;
        sum.unreadable += i64::from(value.is_none());
        sum.value_ten_thousandths = sum.value_ten_thousandths.saturating_add(value.unwrap_or(0));
        sum.refunded_ten_thousandths = sum.refunded_ten_thousandths.saturating_add(refunded);
    }

    pub(crate) fn join(&mut self, other: Self) {
        for (currency, part) in other.0 {
            let sum = self.0.entry(currency).or_default();
            sum.transactions += part.transactions;
            sum.unreadable += part.unreadable;
            sum.value_ten_thousandths = sum.value_ten_thousandths.saturating_add(part.value_ten_thousandths);
            sum.refunded_ten_thousandths = sum.refunded_ten_thousandths.saturating_add(part.refunded_ten_thousandths);
        }
    }

    /// What was sold in each currency, that with the most orders first.
    pub(crate) fn revenues(&self) -> Vec<Revenue> {
        let revenue = |(currency, sum): (&Option<Currency>, &Sum)| Revenue {
            currency: currency.map(|code| String::from_utf8_lossy(&code).into_owned()),
            transactions: sum.transactions,
            revenue: money(sum.value_ten_thousandths),
            refunds: money(sum.refunded_ten_thousandths),
            net_revenue: money(sum.value_ten_thousandths.saturating_sub(sum.refunded_ten_thousandths)),
            unreadable: sum.unreadable,
        };
        let mut revenues: Vec<_> = self.0.iter().map(revenue).collect();
        revenues.sort_by_key(|revenue| -revenue.transactions);
        revenues
    }

    /// What was sold in one currency.
    pub(crate) fn of(&self, currency: Option<Currency>) -> Revenue {
        let code = currency.map(|code| String::from_utf8_lossy(&code).into_owned());
        let none =
            Revenue { currency: None, transactions: 0, revenue: 0.0, refunds: 0.0, net_revenue: 0.0, unreadable: 0 };
        self.revenues().into_iter().find(|revenue| revenue.currency == code).unwrap_or(none)
    }

    /// The currency that most orders have.
    pub(crate) fn most(&self) -> Option<Currency> {
        self.0
            .iter()
            .max_by_key(|(currency, sum)| (sum.transactions, std::cmp::Reverse(**currency)))
            .and_then(|(code, _)| *code)
    }
}
