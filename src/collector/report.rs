//! What is read back: events, sessions, and the totals of a site.

use crate::figures::{money, ratio};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shopbell_core::event::{FUNNEL, funnel_name};

/// Rows of a list at most, and if nothing is said.
const LIMIT_MAX: u32 = 10_000;
const LIMIT: u32 = 1_000;
/// Landing pages in a report at most.
const LANDING_PAGES: u32 = 20;

/// Tabs with gaps in a report at most.
const GAPS: usize = 100;

/// What of events or sessions is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    site: Option<String>,
    session_id: Option<String>,
    /// The id of an event; those stored behind it are wanted.
    after: Option<String>,
    limit: Option<u32>,
    /// Sessions that began at or after this time, in Unix milliseconds of the collector's clock.
    from: Option<i64>,
    /// Sessions that began before this time.
    to: Option<i64>,
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
    device_id: String,
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
        device_id: row.get("device_id")?,
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
         ORDER BY started_at DESC, number DESC LIMIT ?5",
    )?;
    let params = params![query.site, query.session_id, query.from, query.to, query.limit()];
    let mut sessions: Vec<Session> = statement.query_map(params, session)?.collect::<rusqlite::Result<_>>()?;
    sessions.reverse();
    Ok(sessions)
}

#[derive(Serialize)]
pub(crate) struct Report {
    sessions: i64,
    visitors: i64,
    page_views: i64,
    pages_per_session: f64,
    mean_duration_ms: f64,
    transactions: i64,
    /// In the currency that most orders have.
    revenue: f64,
    currency: Option<String>,
    /// Of the orders in that currency whose value is known.
    average_order_value: f64,
    /// Orders whose value could not be read, or was not told.
    unreadable_orders: i64,
    /// Sessions with an order, of all.
    conversion_rate: f64,
    revenues: Vec<Revenue>,
    channels: Vec<Group>,
    sources: Vec<Group>,
    funnel: Vec<Step>,
    landing_pages: Vec<Group>,
    /// Events that are missing, as far as `seq` proves it.
    missing_events: i64,
    /// Tabs with such events, the worst first.
    gaps: Vec<Gap>,
}

#[derive(Serialize)]
struct Gap {
    tab_id: String,
    /// Events up to the latest that has come.
    told: i64,
    received: i64,
    missing: i64,
}

#[derive(Serialize)]
struct Revenue {
    currency: Option<String>,
    transactions: i64,
    revenue: f64,
    #[serde(skip)]
    unreadable: i64,
}

#[derive(Serialize)]
struct Group {
    name: String,
    sessions: i64,
    transactions: i64,
}

#[derive(Serialize)]
struct Step {
    step: &'static str,
    /// Sessions that took it.
    sessions: i64,
    /// Of those that took the step before, how many took this one too.
    rate: f64,
}

/// The sessions that a report is about. Parameters 1 to 3: site, from, to.
const CHOSEN: &str = "FROM sessions
    WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR started_at - clock_skew_ms >= ?2)
        AND (?3 IS NULL OR started_at - clock_skew_ms < ?3)";

/// The totals of the sessions that began in a time.
pub(crate) fn report(connection: &Connection, query: &Query) -> rusqlite::Result<Report> {
    let chosen = params![query.site, query.from, query.to];
    let totals = format!(
        "SELECT count(*), count(DISTINCT device_id), coalesce(sum(page_views), 0),
            coalesce(avg(last_event_at - started_at), 0.0), coalesce(sum(transactions), 0), coalesce(sum(transactions > 0), 0)
         {CHOSEN}"
    );
    let (sessions, visitors, page_views, mean_duration_ms, transactions, converted): (i64, i64, i64, f64, i64, i64) =
        connection.query_row(&totals, chosen, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
    let revenues = revenues(connection, query)?;
    let most = revenues.first();
    let gaps = gaps(connection, query)?;
    Ok(Report {
        sessions,
        visitors,
        page_views,
        pages_per_session: ratio(page_views, sessions),
        mean_duration_ms,
        transactions,
        revenue: most.map_or(0.0, |most| most.revenue),
        currency: most.and_then(|most| most.currency.clone()),
        average_order_value: most
            .map_or(0.0, |most| most.revenue / (most.transactions - most.unreadable).max(1) as f64),
        unreadable_orders: revenues.iter().map(|one| one.unreadable).sum(),
        conversion_rate: ratio(converted, sessions),
        revenues,
        channels: groups(connection, query, "coalesce(channel, 'unassigned')")?,
        sources: groups(connection, query, "coalesce(source, '(direct)')")?,
        funnel: funnel(connection, query)?,
        landing_pages: groups(connection, query, "landing_page")?,
        missing_events: gaps.iter().map(|gap| gap.missing).sum(),
        gaps: gaps.into_iter().take(GAPS).collect(),
    })
}

fn revenues(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Revenue>> {
    let sql = format!(
        "SELECT currency, count(*), CAST(min(total(value_ten_thousandths), 9e18) AS INTEGER),
            count(*) - count(value_ten_thousandths)
         FROM orders WHERE (site, session_id) IN (SELECT site, id {CHOSEN} AND transactions > 0)
         GROUP BY currency ORDER BY 2 DESC, 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![query.site, query.from, query.to], |row| {
        let revenue = money(row.get(2)?);
        Ok(Revenue { currency: row.get(0)?, transactions: row.get(1)?, revenue, unreadable: row.get(3)? })
    })?;
    rows.collect()
}

fn groups(connection: &Connection, query: &Query, by: &str) -> rusqlite::Result<Vec<Group>> {
    let sql = format!(
        "SELECT {by}, count(*), sum(transactions) {CHOSEN} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LANDING_PAGES}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![query.site, query.from, query.to], |row| {
        Ok(Group { name: row.get(0)?, sessions: row.get(1)?, transactions: row.get(2)? })
    })?;
    rows.collect()
}

/// The steps that were taken: one that a site never tells is none of its funnel.
fn funnel(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Step>> {
    let sql = format!("SELECT count(*), coalesce(sum(funnel_steps & ?5 > 0), 0) {CHOSEN} AND funnel_steps & ?4 > 0");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut steps: Vec<Step> = Vec::new();
    let mut before = (1, 0);
    for (place, step) in FUNNEL.lines().enumerate() {
        let bit = 1_i64 << place;
        let chosen = params![query.site, query.from, query.to, bit, before.0];
        let (sessions, of_those_before): (i64, i64) =
            statement.query_row(chosen, |row| Ok((row.get(0)?, row.get(1)?)))?;
        if place > 0 && sessions == 0 {
            continue;
        }
        let rate = if place == 0 { 1.0 } else { ratio(of_those_before, before.1) };
        steps.push(Step { step, sessions, rate });
        before = (bit, sessions);
    }
    Ok(steps)
}

/// Tabs whose events are missing. A tab numbers its events from 0 without gaps, so the highest `seq` that has come says how
/// many there are at least: what is missing of them is on its way, or lost.
fn gaps(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Gap>> {
    let mut statement = connection.prepare_cached(
        "SELECT tab_id, told, received FROM tabs
         WHERE told > received AND (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR latest_at >= ?2)
            AND (?3 IS NULL OR first_at < ?3)
         ORDER BY told - received DESC, tab_id",
    )?;
    let rows = statement.query_map(params![query.site, query.from, query.to], |row| {
        let (told, received): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Gap { tab_id: row.get(0)?, told, received, missing: told - received })
    })?;
    rows.collect()
}
