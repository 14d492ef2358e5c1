//! Products: looked at, put into carts, ordered.

use super::Question;
use super::rows::{self, Rows};
use super::summary::chosen_currency;
use crate::amounts::ratio;
use crate::figures::money::{Revenue, Sums};
use crate::figures::pass::{self, Part};
use crate::figures::{Figures, Session};
use crate::tally::Kind;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
pub(crate) struct Product {
    id: String,
    /// As it was told last; empty where it never was.
    name: String,
    /// How often it was looked at, and in how many sessions.
    views: i64,
    sessions: i64,
    /// Sessions that put it into the cart, and those of them without an order of anything.
    carts: i64,
    abandoned: i64,
    /// Orders that it is in, and how many of it.
    pub(crate) orders: i64,
    quantity: i64,
    /// Orders, of the sessions that looked at it.
    order_rate: f64,
    pub(crate) revenue: f64,
    revenues: Vec<Revenue>,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    views: i64,
    sessions: i64,
    carts: i64,
    abandoned: i64,
    orders: i64,
    quantity: i64,
}

struct Found {
    counts: Vec<Counts>,
    sums: BTreeMap<usize, Sums>,
    /// Of whole orders.
    all: Sums,
}

impl Part for Found {
    fn visit(&mut self, figures: &Figures, index: usize, _: i64, session: &Session) {
        for act in figures.acts.of(index) {
            match act.kind {
                Kind::Viewed => {
                    let counts = &mut self.counts[usize::from(act.name)];
                    counts.views += i64::from(act.count);
                    counts.sessions += 1;
                }
                Kind::Carted => {
                    let counts = &mut self.counts[usize::from(act.name)];
                    counts.carts += 1;
                    counts.abandoned += i64::from(session.transactions == 0);
                }
                _ => {}
            }
        }
        if session.transactions > 0 {
            self.sell(figures, index);
        }
    }

    fn join(&mut self, other: Self) {
        for (all, part) in self.counts.iter_mut().zip(other.counts) {
            all.views += part.views;
            all.sessions += part.sessions;
            all.carts += part.carts;
            all.abandoned += part.abandoned;
            all.orders += part.orders;
            all.quantity += part.quantity;
        }
        for (product, sums) in other.sums {
            self.sums.entry(product).or_default().join(sums);
        }
        self.all.join(other.all);
    }
}

impl Found {
    fn sell(&mut self, figures: &Figures, index: usize) {
        let orders = figures.orders(index);
        self.all.sell(orders);
        for order in orders {
            for item in &order.items {
                let product = usize::from(item.product);
                let counts = &mut self.counts[product];
                counts.orders += 1;
                counts.quantity = counts.quantity.saturating_add(item.quantity);
                self.sums.entry(product).or_default().add(order.currency, Some(item.value_ten_thousandths), 0);
            }
        }
    }
}

impl rows::Row for Product {
    const COLUMNS: &'static [&'static str] =
        &["views", "sessions", "carts", "abandoned", "orders", "quantity", "order_rate", "revenue"];

    fn name(&self) -> &str {
        if self.name.is_empty() { &self.id } else { &self.name }
    }

    fn number(&self, column: &str) -> f64 {
        let count = match column {
            "sessions" => self.sessions,
            "carts" => self.carts,
            "abandoned" => self.abandoned,
            "orders" => self.orders,
            "quantity" => self.quantity,
            "order_rate" => return self.order_rate,
            "revenue" => return self.revenue,
            _ => self.views,
        };
        count as f64
    }

    fn has(&self, text: &str) -> bool {
        self.name.to_lowercase().contains(text) || self.id.to_lowercase().contains(text)
    }
}

/// The products that the sessions of a question had to do with.
pub(crate) fn products(
    connection: &Connection,
    figures: &Figures,
    question: &Question,
) -> rusqlite::Result<Result<Rows<Product>, String>> {
    let empty = || Found {
        counts: vec![Counts::default(); figures.acts.products.count()],
        sums: BTreeMap::new(),
        all: Sums::default(),
    };
    let found = pass::sum(figures, &question.filter(figures, question.period.all), empty);
    let currency = chosen_currency(question, &found.all);
    let mut called =
        connection.prepare_cached("SELECT name FROM products WHERE id = ?1 AND site = coalesce(?2, site) LIMIT 1")?;
    let mut products = Vec::new();
    for (number, counts) in found.counts.iter().enumerate() {
        if counts.views + counts.carts + counts.orders == 0 {
            continue;
        }
        let id = figures.acts.products.text(number);
        let name: Option<String> = called.query_row((id, &question.query.site), |row| row.get(0)).optional()?;
        let sums = found.sums.get(&number).cloned().unwrap_or_default();
        products.push(Product {
            id: id.to_owned(),
            name: name.unwrap_or_default(),
            views: counts.views,
            sessions: counts.sessions,
            carts: counts.carts,
            abandoned: counts.abandoned,
            orders: counts.orders,
            quantity: counts.quantity,
            order_rate: ratio(counts.orders, counts.sessions),
            revenue: sums.of(currency).revenue,
            revenues: sums.revenues(),
        });
    }
    Ok(rows::page(products, question, currency))
}
