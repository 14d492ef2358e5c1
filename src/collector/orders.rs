//! Orders and refunds as they are stored: an order once, whoever tells it and however often.

use crate::batch::{Batch, Event, Teller};
use crate::figures::Changed;
use crate::items;
use crate::order::Order;
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::value::RawValue;
use shopbell_core::event::FUNNEL_STEPS;

/// The last step, as a bit.
const PURCHASE_STEP: i64 = 1 << (FUNNEL_STEPS - 1);

/// An order as it is known.
struct Known {
    session_id: Option<String>,
    is_confirmed: bool,
    /// Of the session that it is of.
    place: Option<i64>,
    device_id: Option<String>,
}

/// Notes an order, or the value of one that had none that could be read.
pub(crate) fn add_order(
    transaction: &Connection,
    batch: &Batch,
    event: &Event,
    place: i64,
    changed: &mut Changed,
) -> rusqlite::Result<()> {
    let order = Order::read(event.props.as_deref().map_or("{}", RawValue::get));
    let is_confirmed = batch.teller == Teller::Server;
    // An order without an id is its event.
    let id = if order.id.is_empty() { format!("event {}", event.id) } else { order.id };
    let currency = (!order.currency.is_empty()).then_some(order.currency);
    let value = order.value.map(|value| value.0 as i64);
    let known = transaction
        .prepare_cached(
            "SELECT session_id, is_confirmed, place, device_id FROM orders
             LEFT JOIN sessions ON sessions.site = orders.site AND sessions.id = session_id
             WHERE orders.site = ?1 AND orders.id = ?2",
        )?
        .query_row([&batch.site, &id], |row| {
            let (session_id, is_confirmed) = (row.get(0)?, row.get(1)?);
            Ok(Known { session_id, is_confirmed, place: row.get(2)?, device_id: row.get(3)? })
        })
        .optional()?;
    let is_of_this_session = known.as_ref().is_none_or(|known| known.session_id.as_ref() == Some(&batch.session.id));
    let takes = match &known {
        None => true,
        Some(known) => known.session_id.is_none() || is_confirmed && !known.is_confirmed,
    };
    let row = params![batch.site, id, batch.session.id, event.id, event.time as i64, value, currency, is_confirmed];
    let items = items::read(event.props.as_deref().map_or("{}", RawValue::get));
    let mut is_of_another = false;
    if takes {
        items::order(transaction, &batch.site, &id, &items)?;
        transaction
            .prepare_cached(
                "INSERT INTO orders (site, id, session_id, event_id, placed_at, value_ten_thousandths, currency, is_confirmed)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT DO UPDATE SET session_id = excluded.session_id, event_id = excluded.event_id,
                    placed_at = excluded.placed_at, is_confirmed = excluded.is_confirmed,
                    currency = iif(excluded.value_ten_thousandths IS NULL, currency, excluded.currency),
                    value_ten_thousandths = coalesce(excluded.value_ten_thousandths, value_ten_thousandths)",
            )?
            .execute(row)?;
    } else if is_of_this_session || known.as_ref().is_some_and(|known| is_same_device(batch, known)) {
        // A thank-you page that is loaded again may know what the order is worth.
        transaction
            .prepare_cached(
                "UPDATE orders SET value_ten_thousandths = ?3, currency = coalesce(?4, currency)
                 WHERE site = ?1 AND id = ?2 AND value_ten_thousandths IS NULL",
            )?
            .execute(params![batch.site, id, value, currency])?;
        if !items::are_known(transaction, &batch.site, &id)? {
            items::order(transaction, &batch.site, &id, &items)?;
        }
    } else {
        is_of_another = true;
        transaction
            .prepare_cached(
                "INSERT OR IGNORE INTO conflicts (site, order_id, event_id, session_id, placed_at) VALUES (?1, ?2, ?4, ?3, ?5)",
            )?
            .execute(&row[..5])?;
    }
    if batch.teller != Teller::Server && !is_of_another {
        transaction
            .prepare_cached(
                "UPDATE orders SET is_told_by_page = 1 WHERE site = ?1 AND id = ?2 AND NOT is_told_by_page",
            )?
            .execute([&batch.site, &id])?;
    }
    let owner = if takes { Some(place) } else { None };
    for place in [owner, known.and_then(|known| known.place)].into_iter().flatten() {
        sum_orders(transaction, place)?;
        changed.insert(place);
    }
    Ok(())
}

fn is_same_device(batch: &Batch, known: &Known) -> bool {
    let device_id = batch.device.stored_id();
    !device_id.is_empty() && known.device_id.as_deref() == Some(device_id)
}

/// Notes money that went back, in the session of its order.
pub(crate) fn add_refund(
    transaction: &Connection,
    batch: &Batch,
    event: &Event,
    changed: &mut Changed,
) -> rusqlite::Result<()> {
    let refund = Order::read(event.props.as_deref().map_or("{}", RawValue::get));
    let value = refund.value.map(|value| value.0 as i64);
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO refunds (site, order_id, event_id, session_id, refunded_at, value_ten_thousandths,
                is_confirmed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            batch.site,
            refund.id,
            event.id,
            batch.session.id,
            event.time as i64,
            value,
            batch.teller == Teller::Server
        ])?;
    let place: Option<i64> = transaction
        .prepare_cached(
            "SELECT place FROM orders JOIN sessions ON sessions.site = orders.site AND sessions.id = session_id
             WHERE orders.site = ?1 AND orders.id = ?2",
        )?
        .query_row([&batch.site, &refund.id], |row| row.get(0))
        .optional()?;
    changed.extend(place);
    Ok(())
}

/// Reads anew what orders are of, as far as their events are there.
pub(crate) fn rebuild_items(transaction: &Connection) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM order_items", [])?;
    let mut orders = transaction.prepare(
        "SELECT orders.site, orders.id, coalesce(props, '{}') FROM orders
         JOIN events ON events.id = event_id AND events.site = orders.site",
    )?;
    let mut rows = orders.query([])?;
    while let Some(row) = rows.next()? {
        let (site, id): (String, String) = (row.get(0)?, row.get(1)?);
        items::order(transaction, &site, &id, &items::read(row.get_ref(2)?.as_str()?))?;
    }
    Ok(())
}

/// Writes what a session's orders come to, and whether buying is a step that it took. In another currency than the first order's, an
/// order is not in its session's one sum: lists have each.
pub(crate) fn sum_orders(transaction: &Connection, place: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached(
            "UPDATE sessions SET (transactions, currency) = (
                SELECT count(*), (SELECT currency FROM orders
                    WHERE site = sessions.site AND session_id = sessions.id AND currency IS NOT NULL
                    ORDER BY placed_at, id LIMIT 1)
                FROM orders WHERE site = sessions.site AND session_id = sessions.id)
             WHERE place = ?1",
        )?
        .execute([place])?;
    transaction
        .prepare_cached(&format!(
            "UPDATE sessions SET revenue_ten_thousandths = (
                SELECT CAST(min(total(value_ten_thousandths), 9e18) AS INTEGER) FROM orders
                WHERE site = sessions.site AND session_id = sessions.id AND currency IS sessions.currency),
                funnel_steps = iif(transactions > 0, funnel_steps | {PURCHASE_STEP}, funnel_steps & ~{PURCHASE_STEP})
             WHERE place = ?1"
        ))?
        .execute([place])?;
    let furthest = furthest("funnel_steps");
    transaction
        .prepare_cached(&format!("UPDATE sessions SET funnel_step = {furthest} WHERE place = ?1"))?
        .execute([place])?;
    Ok(())
}

/// The furthest of steps, in SQL.
pub(crate) fn furthest(steps: &str) -> String {
    let cases = (1..FUNNEL_STEPS).rev().map(|step| format!("WHEN {steps} & {} THEN {step}", 1 << step));
    format!("CASE {} ELSE 0 END", cases.collect::<Vec<_>>().join(" "))
}
