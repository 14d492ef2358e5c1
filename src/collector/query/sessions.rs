//! Events and sessions, read back one by one.

use crate::figures::money;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shopbell_core::event::funnel_name;

/// Rows of a list at most, and if nothing is said.
const LIMIT_MAX: u32 = 10_000;
const LIMIT: u32 = 1_000;

/// What of events or sessions is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    pub(crate) site: Option<String>,
    session_id: Option<String>,
    /// The id of an event; those stored behind it are wanted.
    after: Option<String>,
    limit: Option<u32>,
    /// Sessions that began at or after this time, in Unix milliseconds of the collector's clock.
    pub(crate) from: Option<i64>,
    /// Sessions that began before this time.
    pub(crate) to: Option<i64>,
    /// Whether sessions of bots are wanted; if nothing is said, lists have them, and a report has not.
    pub(crate) bots: Option<bool>,
}

impl Query {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(LIMIT).min(LIMIT_MAX)
    }
}

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

/// Stored events, in the order in which they were stored.
pub(crate) fn events(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Event>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, time, offset_ms, tab_id, page_id, seq, url, title, consent, props, site, session_id, sent_at,
            received_at, clock_skew_ms, time - clock_skew_ms
         FROM events
         WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR session_id = ?2)
            AND (?3 IS NULL OR place > (SELECT max(place) FROM events WHERE id = ?3 AND (?1 IS NULL OR site = ?1)))
         ORDER BY place LIMIT ?4",
    )?;
    let rows = statement.query_map(params![query.site, query.session_id, query.after, query.limit()], |row| {
        Ok(Event {
            id: row.get(0)?,
            name: row.get(1)?,
            time: row.get(2)?,
            offset_ms: row.get(3)?,
            tab_id: row.get(4)?,
            page_id: row.get(5)?,
            seq: row.get(6)?,
            url: row.get(7)?,
            title: row.get(8)?,
            consent: row.get(9)?,
            props: json(row, "props")?,
            site: row.get(11)?,
            session_id: row.get(12)?,
            sent_at: row.get(13)?,
            received_at: row.get(14)?,
            clock_skew_ms: row.get(15)?,
            corrected_time: row.get(16)?,
        })
    })?;
    rows.collect()
}

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
    landing_page: String,
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
    let started_at = row.get("started_at")?;
    let last_event_at: i64 = row.get("last_event_at")?;
    Ok(Session {
        id: row.get("id")?,
        site: row.get("site")?,
        device_id: Some(row.get("device_id")?).filter(|id: &String| !id.is_empty()),
        user_id: row.get("user_id")?,
        number: row.get("number")?,
        reason: row.get("reason")?,
        previous_id: row.get("previous_id")?,
        started_at,
        clock_skew_ms: row.get("clock_skew_ms")?,
        last_event_at,
        duration_ms: last_event_at - started_at,
        page_views: row.get("page_views")?,
        events: row.get("events")?,
        transactions: row.get("transactions")?,
        revenue: money(row.get("revenue_ten_thousandths")?),
        currency: row.get("currency")?,
        revenues: json(row, "revenues")?,
        unreadable_orders: row.get("unreadable_orders")?,
        landing_page: row.get("landing_page")?,
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

fn json(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Box<RawValue>>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| RawValue::from_string(text).ok()))
}

/// The latest sessions, the oldest of them first.
pub(crate) fn sessions(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Session>> {
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
            ) AS unreadable_orders
         FROM sessions
         WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR id = ?2)
            AND (?3 IS NULL OR started_at - clock_skew_ms >= ?3) AND (?4 IS NULL OR started_at - clock_skew_ms < ?4)
            AND (?6 IS NOT FALSE OR bot IS NULL)
         ORDER BY started_at DESC, number DESC LIMIT ?5",
    )?;
    let params = params![query.site, query.session_id, query.from, query.to, query.limit(), query.bots];
    let mut sessions: Vec<Session> = statement.query_map(params, session)?.collect::<rusqlite::Result<_>>()?;
    sessions.reverse();
    Ok(sessions)
}
