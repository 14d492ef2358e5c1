//! The totals of a site.

use crate::figures::{money, ratio};
use crate::lists::Query;
use rusqlite::{Connection, params};
use serde::Serialize;
use shopbell_core::event::FUNNEL;

/// Landing pages in a report at most.
const LANDING_PAGES: u32 = 20;

/// Tabs with gaps in a report at most.
const GAPS: usize = 100;

#[derive(Serialize)]
pub(crate) struct Report {
    sessions: i64,
    /// Sessions that said of themselves that they are a machine's. They are left out, unless `bots=true` asks for them.
    bots: i64,
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

/// The sessions of a site and a time. Parameters 1 to 3: site, from, to.
const SESSIONS: &str = "FROM sessions
    WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR started_at - clock_skew_ms >= ?2)
        AND (?3 IS NULL OR started_at - clock_skew_ms < ?3)";

/// Those that a report is about.
fn chosen(query: &Query) -> String {
    format!("{SESSIONS}{}", if query.bots == Some(true) { "" } else { " AND bot IS NULL" })
}

/// The totals of the sessions that began in a time.
pub(crate) fn report(connection: &Connection, query: &Query) -> rusqlite::Result<Report> {
    let parameters = params![query.site, query.from, query.to];
    let bots = format!("SELECT count(*) {SESSIONS} AND bot IS NOT NULL");
    let bots = connection.query_row(&bots, parameters, |row| row.get(0))?;
    let chosen = chosen(query);
    let totals = format!(
        "SELECT count(*), count(DISTINCT nullif(device_id, '')), coalesce(sum(page_views), 0),
            coalesce(avg(last_event_at - started_at), 0.0), coalesce(sum(transactions), 0), coalesce(sum(transactions > 0), 0)
         {chosen}"
    );
    let (sessions, visitors, page_views, mean_duration_ms, transactions, converted): (i64, i64, i64, f64, i64, i64) =
        connection.query_row(&totals, parameters, |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })?;
    let revenues = revenues(connection, query)?;
    let most = revenues.first();
    let gaps = gaps(connection, query)?;
    Ok(Report {
        sessions,
        bots,
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
         FROM orders WHERE (site, session_id) IN (SELECT site, id {} AND transactions > 0)
         GROUP BY currency ORDER BY 2 DESC, 1",
        chosen(query)
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
        "SELECT {by}, count(*), sum(transactions) {} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {LANDING_PAGES}",
        chosen(query)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![query.site, query.from, query.to], |row| {
        Ok(Group { name: row.get(0)?, sessions: row.get(1)?, transactions: row.get(2)? })
    })?;
    rows.collect()
}

/// The steps that were taken: one that a site never tells is none of its funnel.
fn funnel(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Step>> {
    let steps = "SELECT count(*), coalesce(sum(funnel_steps & ?5 > 0), 0)";
    let sql = format!("{steps} {} AND funnel_steps & ?4 > 0", chosen(query));
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
