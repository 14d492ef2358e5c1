//! Sessions, one by one.

use super::{BYTES_MAX, Question, json};
use crate::amounts::money;
use crate::figures::filter::Filter;
use crate::figures::{Figures, duration_ms};
use rusqlite::{Connection, Row};
use serde::Serialize;
use serde_json::value::RawValue;
use shopbell_core::event::funnel_name;

#[derive(Serialize)]
pub(crate) struct Session {
    id: String,
    site: String,
    device_id: Option<String>,
    /// What the site calls the visitor.
    user_id: Option<String>,
    number: i64,
    reason: String,
    previous_id: Option<String>,
    started_at: i64,
    /// The same by the collector's clock.
    began_at: i64,
    clock_skew_ms: i64,
    last_event_at: i64,
    duration_ms: i64,
    page_views: i64,
    events: i64,
    transactions: i64,
    /// In the currency of its first order.
    revenue: f64,
    currency: Option<String>,
    /// By currency: how many orders, and what they come to.
    revenues: Option<Box<RawValue>>,
    /// Orders of it whose value could not be read, or was not told.
    unreadable_orders: i64,
    /// Of its orders, how many another device has told too.
    order_conflicts: i64,
    landing_page: String,
    /// The page that it saw last.
    exit_page: String,
    /// Class of the device, where its screen said it.
    device: Option<String>,
    source: Source,
    /// Where the device's first session came from.
    first_touch: Option<Box<RawValue>>,
    /// The latest source that was not direct.
    last_non_direct: Option<Box<RawValue>>,
    /// What the session before added up to.
    previous: Option<Box<RawValue>>,
    funnel_step: &'static str,
    bot: Option<String>,
}

#[derive(Serialize)]
struct Source {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
    campaign_id: Option<String>,
    click_id: Option<String>,
    referrer: Option<String>,
    channel: Option<String>,
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get("id")?,
        site: row.get("site")?,
        device_id: Some(row.get("device_id")?).filter(|id: &String| !id.is_empty()),
        user_id: row.get("user_id")?,
        number: row.get("number")?,
        reason: row.get("reason")?,
        previous_id: row.get("previous_id")?,
        started_at: row.get("started_at")?,
        began_at: row.get("began_at")?,
        clock_skew_ms: row.get("clock_skew_ms")?,
        last_event_at: row.get("last_event_at")?,
        duration_ms: duration_ms(row.get("started_at")?, row.get("last_event_at")?),
        page_views: row.get("page_views")?,
        events: row.get("events")?,
        transactions: row.get("transactions")?,
        revenue: money(row.get("revenue_ten_thousandths")?),
        currency: row.get("currency")?,
        revenues: json(row, "revenues")?,
        unreadable_orders: row.get("unreadable_orders")?,
        order_conflicts: row.get("order_conflicts")?,
        landing_page: row.get("landing_page")?,
        exit_page: row.get("exit_page")?,
        device: row.get("device_class")?,
        source: Source {
            source: row.get("source")?,
            medium: row.get("medium")?,
            campaign: row.get("campaign")?,
            term: row.get("term")?,
            content: row.get("content")?,
            campaign_id: row.get("campaign_id")?,
            click_id: row.get("click_id")?,
            referrer: row.get("referrer")?,
            channel: row.get("channel")?,
        },
        first_touch: json(row, "first_touch")?,
        last_non_direct: json(row, "last_non_direct")?,
        previous: json(row, "previous")?,
        funnel_step: funnel_name(row.get::<_, i64>("funnel_step")? as usize),
        bot: row.get("bot")?,
    })
}

/// Sessions by their places, the last of them first; fewer than asked for where they are large.
pub(crate) fn sessions(connection: &Connection, places: Vec<i64>) -> rusqlite::Result<Vec<Session>> {
    let mut statement = connection.prepare_cached(
        "SELECT *, (
                SELECT json_group_array(json_object('currency', currency, 'transactions', transactions, 'revenue', revenue))
                FROM (
                    SELECT currency, count(*) AS transactions, total(value_ten_thousandths) / 10000 AS revenue FROM orders
                    WHERE orders.site = sessions.site AND session_id = sessions.id GROUP BY currency
                )
            ) AS revenues, (
                SELECT count(*) FROM orders
                WHERE orders.site = sessions.site AND session_id = sessions.id AND value_ten_thousandths IS NULL
            ) AS unreadable_orders, (
                SELECT count(*) FROM orders JOIN conflicts ON conflicts.site = orders.site AND order_id = orders.id
                WHERE orders.site = sessions.site AND orders.session_id = sessions.id
            ) AS order_conflicts
         FROM sessions WHERE place = ?1",
    )?;
    let (mut sessions, mut bytes) = (Vec::new(), 0);
    for place in places {
        // One that was erased meanwhile is none.
        for session in statement.query_map([place], session)? {
            let session = session?;
            bytes += session.landing_page.len() + session.previous.as_ref().map_or(0, |previous| previous.get().len());
            sessions.push(session);
        }
        if bytes > BYTES_MAX {
            break;
        }
    }
    sessions.reverse();
    Ok(sessions)
}

/// The places of the sessions that are asked for, the latest first.
pub(crate) fn latest(connection: &Connection, figures: &Figures, question: &Question) -> rusqlite::Result<Vec<i64>> {
    let query = &question.query;
    let is_bot = if query.bots == Some(false) { Some(false) } else { None };
    let filter = Filter::new(figures, query.wanted(), question.period.all, is_bot);
    let named = match (&query.session_id, &query.device_id) {
        (Some(id), _) => Some(places(connection, "SELECT place FROM sessions WHERE id = ?1", id)?),
        (None, Some(id)) => Some(places(connection, "SELECT place FROM sessions WHERE device_id = ?1", id)?),
        (None, None) => None,
    };
    let offset = query.offset.unwrap_or(0) as usize;
    let count = query.limit().saturating_add(offset);
    let mut places = match named {
        Some(places) => figures.latest_of(&places, &filter, count),
        None => figures.latest(&filter, count),
    };
    places.drain(..offset.min(places.len()));
    Ok(places)
}

fn places(connection: &Connection, sql: &str, id: &str) -> rusqlite::Result<Vec<i64>> {
    connection.prepare_cached(sql)?.query_map([id], |row| row.get(0))?.collect()
}
