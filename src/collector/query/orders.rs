//! Orders, one by one.

use super::{Query, Question};
use crate::amounts::money;
use crate::figures::Figures;
use crate::figures::money::REFUNDED;
use rusqlite::{Connection, Row, params};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Orders {
    /// How many there are on all pages; of a search, how many were found.
    total: usize,
    pub(crate) rows: Vec<Order>,
}

#[derive(Serialize)]
pub(crate) struct Order {
    id: String,
    site: String,
    session_id: Option<String>,
    /// On the clock of whoever told it.
    placed_at: Option<i64>,
    /// Nothing where it could not be read, or was not told.
    value: Option<f64>,
    currency: Option<String>,
    refunded: f64,
    net: Option<f64>,
    items: i64,
    /// Whether the shop's server has told it, and whether a page has.
    is_confirmed: bool,
    is_told_by_page: bool,
    /// Whether another device has told it too.
    is_disputed: bool,
    source: Option<String>,
    campaign: Option<String>,
    landing_page: Option<String>,
    device_id: Option<String>,
}

fn columns() -> String {
    format!(
        "SELECT orders.id, orders.site, orders.session_id, placed_at, value_ten_thousandths, orders.currency, {REFUNDED} AS refunded,
            (SELECT total(quantity) FROM order_items
             WHERE order_items.order_id = orders.id AND order_items.site = orders.site) AS items,
            is_confirmed, is_told_by_page,
            EXISTS (SELECT 1 FROM conflicts WHERE conflicts.order_id = orders.id AND conflicts.site = orders.site) AS is_disputed,
            source, campaign, landing_page, device_id
         FROM orders JOIN sessions ON sessions.id = orders.session_id AND sessions.site = orders.site"
    )
}

fn order(row: &Row<'_>) -> rusqlite::Result<Order> {
    let value: Option<i64> = row.get("value_ten_thousandths")?;
    let refunded = (row.get::<_, f64>("refunded")? as i64).min(value.unwrap_or(0));
    Ok(Order {
        id: row.get("id")?,
        site: row.get("site")?,
        session_id: row.get("session_id")?,
        placed_at: row.get("placed_at")?,
        value: value.map(money),
        currency: row.get("currency")?,
        refunded: money(refunded),
        net: value.map(|value| money(value - refunded)),
        items: row.get::<_, f64>("items")? as i64,
        is_confirmed: row.get("is_confirmed")?,
        is_told_by_page: row.get("is_told_by_page")?,
        is_disputed: row.get("is_disputed")?,
        source: row.get("source")?,
        campaign: row.get("campaign")?,
        landing_page: row.get("landing_page")?,
        device_id: Some(row.get("device_id")?).filter(|id: &String| !id.is_empty()),
    })
}

/// Orders of the sessions that a question is about, those of the latest sessions first. With a search, those whose id begins with it,
/// whichever session they are of.
pub(crate) fn orders(connection: &Connection, figures: &Figures, question: &Question) -> rusqlite::Result<Orders> {
    let query = &question.query;
    match query.search.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => found(connection, query, text),
        None => listed(connection, figures, question),
    }
}

fn found(connection: &Connection, query: &Query, text: &str) -> rusqlite::Result<Orders> {
    // The index answers what begins with a text; the largest character ends it.
    let mut statement = connection.prepare_cached(&format!(
        "{} WHERE orders.id >= ?1 AND orders.id < ?1 || char(1114111) AND orders.site = coalesce(?2, orders.site)
         ORDER BY orders.id LIMIT ?3",
        columns()
    ))?;
    let rows = statement.query_map(params![text, query.site, query.limit() as i64], order)?;
    let rows: Vec<Order> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(Orders { total: rows.len(), rows })
}

fn listed(connection: &Connection, figures: &Figures, question: &Question) -> rusqlite::Result<Orders> {
    let query = &question.query;
    let filter = question.filter(figures, question.period.all);
    let mut selling = Vec::new();
    let mut total = 0;
    for (index, _, session) in figures.chosen(0..figures.count(), &filter) {
        if session.transactions > 0 {
            total += figures.orders(index).len();
            selling.push((figures.listed_at(index), index));
        }
    }
    selling.sort_unstable_by(|one, other| other.cmp(one));
    let mut statement =
        connection.prepare_cached(&format!("{} WHERE place = ?1 ORDER BY placed_at DESC, orders.id", columns()))?;
    let (mut rows, mut before) = (Vec::new(), query.offset.unwrap_or(0) as usize);
    for (_, index) in selling {
        if rows.len() >= query.limit() {
            break;
        }
        let count = figures.orders(index).len();
        if count <= before {
            before -= count;
            continue;
        }
        for one in statement.query_map([figures.place(index)], order)?.skip(before) {
            rows.push(one?);
        }
        before = 0;
    }
    rows.truncate(query.limit());
    Ok(Orders { total, rows })
}
