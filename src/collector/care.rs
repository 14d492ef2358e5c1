//! A copy of the store, and whether it is sound.

use crate::orders::{furthest, sum_orders};
use crate::schema;
use crate::store::path_of;
use crate::tally;
use anyhow::{Context, Result, bail};
use rusqlite::{Connection, TransactionBehavior};
use shopbell_core::event::{FUNNEL, PAGE_VIEW};
use std::path::Path;

/// Sessions that a finding names at most.
const NAMED_MAX: usize = 10;

/// Copies the store to a file, as it is at one moment, while a collector may go on writing to it.
pub fn backup(store: &str, file: &Path) -> Result<()> {
    let path = path_of(store)?;
    if !path.exists() {
        bail!("the store {} is not there", path.display());
    }
    if file.exists() {
        bail!("the file {} is there already; accepted is one that is not", file.display());
    }
    let connection = schema::open(&path)?;
    let target = file.to_str().context("the file's name is no UTF-8")?;
    connection.execute("VACUUM INTO ?1", [target]).with_context(|| format!("the copy {target} cannot be made"))?;
    #[cfg(unix)]
    std::fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}

/// A session's figures as its events have them, but for its orders. A step is a bit, and a purchase of another session's order none.
fn as_events_have_it() -> String {
    let step = |(bit, step): (usize, &str)| match step {
        "purchase" => format!("{} * (s.transactions > 0)", 1 << bit),
        _ => format!("{} * max(name = '{step}')", 1 << bit),
    };
    let steps = FUNNEL.lines().enumerate().skip(1).map(step).collect::<Vec<_>>().join(" + ");
    let steps = format!("(1 + {steps})");
    format!(
        "SELECT s.place AS place, s.id AS id, s.events <> count(events.id) OR s.page_views <> sum(name = '{PAGE_VIEW}')
                OR s.ended_at <> max(s.began_at, max(time - events.clock_skew_ms)) OR s.funnel_steps <> {steps} AS differs,
            count(events.id) AS events, sum(name = '{PAGE_VIEW}') AS page_views,
            max(s.began_at, max(time - events.clock_skew_ms)) AS ended_at, {steps} AS steps
         FROM sessions AS s JOIN events ON events.session_id = s.id AND events.site = s.site GROUP BY s.place"
    )
}

/// Whether a session's orders come to what it says.
const ORDERS_DIFFER: &str = "SELECT place, id FROM sessions AS s WHERE transactions <>
        (SELECT count(*) FROM orders WHERE orders.site = s.site AND session_id = s.id)
    OR revenue_ten_thousandths <> (SELECT CAST(min(total(value_ten_thousandths), 9e18) AS INTEGER) FROM orders
        WHERE orders.site = s.site AND session_id = s.id AND orders.currency IS s.currency)";

/// Sessions that did something else than was counted.
const TALLIES_DIFFER: &str = "SELECT DISTINCT told.place, id FROM (
        SELECT * FROM (SELECT * FROM tallies EXCEPT SELECT * FROM counted)
        UNION ALL SELECT * FROM (SELECT * FROM counted EXCEPT SELECT * FROM tallies)
    ) AS told JOIN sessions ON sessions.place = told.place";

/// What is wrong with a store, a sentence each; nothing where it is sound. With `rebuild`, sessions whose figures are not what their
/// events come to get them, and what is found is what was mended.
pub fn check(store: &str, rebuild: bool) -> Result<Vec<String>> {
    let path = path_of(store)?;
    if !path.exists() {
        bail!("the store {} is not there", path.display());
    }
    let mut connection = schema::open(&path)?;
    let mut findings = Vec::new();
    let sound: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        findings.push(format!("the file is damaged: {sound}"));
        return Ok(findings);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let as_events_have_it = as_events_have_it();
    let differing = named(&transaction, &format!("SELECT place, id FROM ({as_events_have_it}) WHERE differs"))?;
    let selling = named(&transaction, ORDERS_DIFFER)?;
    let without = "SELECT 0, session_id FROM events
        WHERE NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.id = session_id AND sessions.site = events.site) GROUP BY 2";
    let orphans = named(&transaction, without)?;
    transaction.execute_batch("CREATE TEMP TABLE counted AS SELECT * FROM tallies")?;
    tally::rebuild(&transaction)?;
    let tallied = named(&transaction, TALLIES_DIFFER)?;
    transaction.execute_batch("DROP TABLE counted")?;
    for (sessions, what) in [
        (&tallied, "sessions whose pages, products or searches are not what their events say"),
        (&differing, "sessions whose figures are not what their events come to"),
        (&selling, "sessions whose orders come to something else"),
        (&orphans, "sessions that have events and are not there"),
    ] {
        if !sessions.is_empty() {
            let names: Vec<&str> = sessions.iter().take(NAMED_MAX).map(|(_, id)| &**id).collect();
            findings.push(format!("{} {what}: {}", sessions.len(), names.join(", ")));
        }
    }
    if rebuild {
        transaction.execute_batch(&format!(
            "UPDATE sessions SET (events, page_views, ended_at, funnel_steps, funnel_step) = (
                SELECT events, page_views, ended_at, steps, {} FROM ({as_events_have_it}) AS told WHERE told.place = sessions.place)
             WHERE place IN (SELECT place FROM ({as_events_have_it}) WHERE differs)",
            furthest("steps")
        ))?;
        for (place, _) in &selling {
            sum_orders(&transaction, *place)?;
        }
        transaction.commit()?;
    }
    Ok(findings)
}

fn named(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<(i64, String)>> {
    connection.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}
