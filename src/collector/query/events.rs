//! Stored events, one by one.

use super::{BYTES_MAX, Query, json};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
pub(crate) struct Event {
    id: String,
    name: String,
    time: i64,
    offset_ms: i64,
    tab_id: String,
    page_id: String,
    seq: i64,
    url: String,
    title: String,
    consent: Option<String>,
    props: Option<Box<RawValue>>,
    site: String,
    session_id: String,
    sent_at: i64,
    received_at: i64,
    /// By how much the visitor's clock was fast.
    clock_skew_ms: i64,
    /// When, by the collector's clock.
    corrected_time: i64,
}

/// What was wrong with a question, in a sentence.
type Refusal = String;

/// Stored events, in the order in which they were stored; fewer than asked for where they are large.
pub(crate) fn events(connection: &Connection, query: &Query) -> rusqlite::Result<Result<Vec<Event>, Refusal>> {
    const COLUMNS: &str =
        "SELECT id, name, time, offset_ms, tab_id, page_id, seq, url, title, consent, props, site, session_id, sent_at,
            received_at, clock_skew_ms, time - clock_skew_ms AS corrected_time FROM events";
    let behind = match place_of(connection, query)? {
        Ok(place) => place,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (mut conditions, mut parameters): (Vec<&str>, Vec<&dyn ToSql>) = (Vec::new(), Vec::new());
    if let Some(session_id) = &query.session_id {
        conditions.push("session_id = ?");
        parameters.push(session_id);
    }
    if let Some(site) = &query.site {
        conditions.push("site = ?");
        parameters.push(site);
    }
    if let Some(behind) = &behind {
        conditions.push("place > ?");
        parameters.push(behind);
    }
    let filter = if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
    let sql = format!("{COLUMNS} {filter} ORDER BY place LIMIT {}", query.limit());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(&*parameters)?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let event = event(row)?;
        bytes += event.url.len() + event.title.len() + event.props.as_ref().map_or(0, |props| props.get().len());
        events.push(event);
        if bytes > BYTES_MAX {
            break;
        }
    }
    Ok(Ok(events))
}

/// The place of the event that is named, if one is.
fn place_of(connection: &Connection, query: &Query) -> rusqlite::Result<Result<Option<i64>, Refusal>> {
    let Some(after) = &query.after else { return Ok(Ok(None)) };
    let mut statement = connection
        .prepare_cached("SELECT max(place), count(*) FROM events WHERE id = ?1 AND site = coalesce(?2, site)")?;
    let found: Option<(Option<i64>, i64)> =
        statement.query_row((after, &query.site), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(match found {
        Some((Some(place), 1)) => Ok(Some(place)),
        Some((Some(_), _)) => {
            Err("after is the id of events on several sites; accepted is one with its site".to_owned())
        }
        _ => {
            Err("after is no event that is stored; accepted is the id of one, with its site if one is given".to_owned())
        }
    })
}

fn event(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        id: row.get("id")?,
        name: row.get("name")?,
        time: row.get("time")?,
        offset_ms: row.get("offset_ms")?,
        tab_id: row.get("tab_id")?,
        page_id: row.get("page_id")?,
        seq: row.get("seq")?,
        url: row.get("url")?,
        title: row.get("title")?,
        consent: row.get("consent")?,
        props: json(row, "props")?,
        site: row.get("site")?,
        session_id: row.get("session_id")?,
        sent_at: row.get("sent_at")?,
        received_at: row.get("received_at")?,
        clock_skew_ms: row.get("clock_skew_ms")?,
        corrected_time: row.get("corrected_time")?,
    })
}
