//! How long what is stored stays, and what is erased at a visitor's wish.

use crate::clock::now_ms;
use crate::figures::Changed;
use crate::store::Store;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use std::collections::HashSet;
use std::str::FromStr;
use std::time::Duration;

/// How often what is too old is looked for.
const EVERY: Duration = Duration::from_hours(1);
/// Events that are erased in one transaction: batches that come meanwhile wait some milliseconds.
const EVENTS_AT_ONCE: usize = 2_000;

/// How long what is stored is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    days: u32,
}

impl FromStr for Keep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let days = text.strip_suffix('d').and_then(|days| days.parse().ok()).filter(|days| *days > 0);
        match days {
            Some(days) => Ok(Self { days }),
            None => Err(format!("{text:?} is no time to keep; accepted is a number of days, such as 400d")),
        }
    }
}

/// Erases what is older than it is to be kept, now and every hour.
pub async fn erase_old(store: Store, keep: Keep) {
    let mut hours = tokio::time::interval(EVERY);
    loop {
        hours.tick().await;
        let before_ms = now_ms().saturating_sub(u64::from(keep.days) * 86_400_000);
        loop {
            match store.change(move |connection| expire(connection, before_ms)).await {
                Ok(EVENTS_AT_ONCE) => {}
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(?error, "what is too old was not erased");
                    break;
                }
            }
        }
    }
}

/// Erases the oldest events, those that were received before a time, with the sessions, orders and tabs of which none is left.
/// Returns how many, [`EVENTS_AT_ONCE`] at most.
fn expire(connection: &mut Connection, before_ms: u64) -> rusqlite::Result<(usize, Changed)> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before_ms = before_ms as i64;
    let mut sessions: HashSet<(String, String)> = HashSet::new();
    let (mut events, mut changed) = (0, Changed::new());
    {
        // Events stand in the order in which they were received.
        let mut erase = transaction.prepare_cached(
            "DELETE FROM events WHERE place IN (
                SELECT place FROM (SELECT place, received_at FROM events ORDER BY place LIMIT ?1) WHERE received_at < ?2
             ) RETURNING site, session_id",
        )?;
        let mut erased = erase.query(params![EVENTS_AT_ONCE as i64, before_ms])?;
        while let Some(row) = erased.next()? {
            events += 1;
            sessions.insert((row.get(0)?, row.get(1)?));
        }
    }
    for (site, id) in sessions {
        let place: Option<i64> = transaction
            .prepare_cached(
                "DELETE FROM sessions WHERE site = ?1 AND id = ?2
                    AND NOT EXISTS (SELECT 1 FROM events WHERE site = ?1 AND session_id = ?2) RETURNING place",
            )?
            .query_row([&site, &id], |row| row.get(0))
            .optional()?;
        if let Some(place) = place {
            changed.insert(place);
            transaction.prepare_cached("DELETE FROM tallies WHERE place = ?1")?.execute([place])?;
            transaction
                .prepare_cached(
                    "DELETE FROM order_items WHERE (order_id, site) IN
                        (SELECT id, site FROM orders WHERE site = ?1 AND session_id = ?2)",
                )?
                .execute([&site, &id])?;
            for table in ["orders", "refunds", "conflicts"] {
                transaction
                    .prepare_cached(&format!("DELETE FROM {table} WHERE site = ?1 AND session_id = ?2"))?
                    .execute([&site, &id])?;
            }
        }
    }
    if events < EVENTS_AT_ONCE {
        transaction.execute("DELETE FROM tabs WHERE latest_at < ?1", [before_ms])?;
        transaction.execute(
            "DELETE FROM told_twice
             WHERE (site, device_id, tab_id) NOT IN (SELECT site, device_id, tab_id FROM tabs)",
            [],
        )?;
    }
    transaction.commit()?;
    Ok((events, changed))
}

/// How much was erased.
#[derive(Debug, Serialize)]
pub(crate) struct Erased {
    events: usize,
    orders: usize,
    sessions: usize,
}

/// Erases all that is known of a device, on every site.
pub(crate) fn erase_device(connection: &mut Connection, device_id: &str) -> rusqlite::Result<(Erased, Changed)> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let places = "SELECT place FROM sessions WHERE device_id = ?1";
    let changed =
        transaction.prepare(places)?.query_map([device_id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let erase = |what: &str| transaction.execute(&format!("DELETE FROM {what}"), [device_id]);
    erase(&format!("order_items WHERE (order_id, site) IN ({ORDERS})"))?;
    erase(&format!("tallies WHERE place IN ({places})"))?;
    let erased = Erased {
        events: erase(&format!("events WHERE (site, session_id) IN ({SESSIONS})"))?,
        orders: erase(&format!("orders WHERE (site, session_id) IN ({SESSIONS})"))?,
        sessions: 0,
    };
    for table in ["refunds", "conflicts"] {
        erase(&format!("{table} WHERE (site, session_id) IN ({SESSIONS})"))?;
    }
    for table in ["tabs", "told_twice"] {
        erase(&format!(
            "{table} WHERE (site, device_id) IN (SELECT site, device_id FROM sessions WHERE device_id = ?1)"
        ))?;
    }
    let sessions = erase("sessions WHERE device_id = ?1")?;
    transaction.commit()?;
    Ok((Erased { sessions, ..erased }, changed))
}

/// The device's orders.
const ORDERS: &str = "SELECT orders.id, orders.site FROM sessions JOIN orders ON session_id = sessions.id AND orders.site = sessions.site
    WHERE device_id = ?1";

/// The device's sessions.
const SESSIONS: &str = "SELECT site, id FROM sessions WHERE device_id = ?1";

#[cfg(test)]
mod tests {
    use super::{Keep, ORDERS, SESSIONS};
    use crate::schema;
    use tempfile::TempDir;

    #[test]
    fn a_device_is_found_by_indexes() {
        let folder = TempDir::new().expect("a folder");
        let store = schema::open(&folder.path().join("events.sqlite")).expect("a store");
        for what in [
            &*format!("events WHERE (site, session_id) IN ({SESSIONS})"),
            &format!("orders WHERE (site, session_id) IN ({SESSIONS})"),
            &format!("order_items WHERE (order_id, site) IN ({ORDERS})"),
            "tallies WHERE place IN (SELECT place FROM sessions WHERE device_id = ?1)",
            &format!("refunds WHERE (site, session_id) IN ({SESSIONS})"),
            &format!("conflicts WHERE (site, session_id) IN ({SESSIONS})"),
            "tabs WHERE (site, device_id) IN (SELECT site, device_id FROM sessions WHERE device_id = ?1)",
            "sessions WHERE device_id = ?1",
        ] {
            let mut plan = store.prepare(&format!("EXPLAIN QUERY PLAN DELETE FROM {what}")).expect("a statement");
            let steps = plan.query_map(["one"], |row| row.get::<_, String>(3)).expect("a plan");
            for step in steps.flatten() {
                assert!(!step.starts_with("SCAN"), "{what}: {step}");
            }
        }
    }

    #[test]
    fn a_time_to_keep_is_a_number_of_days() {
        #[track_caller]
        fn check(text: &str, expected: Option<u32>) {
            assert_eq!(text.parse::<Keep>().ok().map(|keep| keep.days), expected, "{text}");
        }
        check("400d", Some(400));
        check("1d", Some(1));
        for text in ["0d", "400", "d", "-1d", "1.5d", "400 d", "1y", "", "99999999999d"] {
            check(text, None);
        }
    }
}
