//! Orders, and what they come to in each currency.

use super::names::Names;
use crate::amounts::money;
use rusqlite::Connection;
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

/// What went back of an order, in SQL. A refund without a value is of the whole order, and none is of more; nor is one of an order of another device, unless the shop's
/// server told it.
pub(crate) const REFUNDED: &str = "(
        SELECT min(total(coalesce(refunds.value_ten_thousandths, orders.value_ten_thousandths)), 9e18)
        FROM refunds WHERE refunds.site = orders.site AND refunds.order_id = orders.id AND (refunds.is_confirmed
            OR sessions.device = (SELECT device FROM sessions AS teller
                WHERE teller.id = refunds.session_id AND teller.site = refunds.site)))";

impl Order {
    /// The orders of the session at a place.
    pub(crate) fn read(connection: &Connection, place: i64, products: &mut Names) -> rusqlite::Result<Vec<Self>> {
        let mut statement = connection.prepare_cached(&format!(
            "SELECT orders.currency, value_ten_thousandths, {REFUNDED}, orders.id, orders.site
             FROM orders JOIN sessions ON sessions.site = orders.site AND sessions.id = session_id WHERE place = ?1"
        ))?;
        let mut items = connection.prepare_cached(
            "SELECT product_id, quantity, value_ten_thousandths FROM order_items WHERE order_id = ?1 AND site = ?2",
        )?;
        let mut orders = Vec::new();
        let mut rows = statement.query([place])?;
        while let Some(row) = rows.next()? {
            let value: Option<i64> = row.get(1)?;
            let refunded: f64 = row.get(2)?;
            let (id, site): (String, String) = (row.get(3)?, row.get(4)?);
            let ordered = items.query_map([id, site], |row| {
                Ok(Ordered {
                    product: products.number(row.get_ref(0)?.as_str()?),
                    quantity: row.get(1)?,
                    value_ten_thousandths: row.get::<_, Option<i64>>(2)?.unwrap_or(0),
                })
            })?;
            orders.push(Self {
                currency: row.get_ref(0)?.as_bytes_or_null()?.and_then(currency),
                value_ten_thousandths: value,
                refunded_ten_thousandths: (refunded as i64).min(value.unwrap_or(0)),
                items: ordered.collect::<rusqlite::Result<_>>()?,
            });
        }
        Ok(orders)
    }
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
