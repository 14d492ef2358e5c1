//! The totals of a site.

use super::Query;
use crate::amounts::ratio;
use crate::figures::Figures;
use crate::figures::filter::Filter;
use crate::figures::totals::{Counted, Revenue, Totals};
use rusqlite::{Connection, params};
use serde::Serialize;
use shopbell_core::attribution::CHANNELS;
use shopbell_core::event::FUNNEL;

/// Sources, campaigns and landing pages in a report at most.
const GROUPS: usize = 20;

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
    /// The same without what went back.
    net_revenue: f64,
    currency: Option<String>,
    /// Of the orders in that currency whose value is known.
    average_order_value: f64,
    /// Orders whose value could not be read, or was not told.
    unreadable_orders: i64,
    /// Orders that more than one device has told: the first that did, or the shop's server, has it.
    order_conflicts: i64,
    /// Sessions with an order, of all.
    conversion_rate: f64,
    revenues: Vec<Revenue>,
    channels: Vec<Group>,
    sources: Vec<Group>,
    campaigns: Vec<Group>,
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

/// The totals of the sessions that a question is about.
pub(crate) fn report(connection: &Connection, figures: &Figures, query: &Query) -> rusqlite::Result<Report> {
    let is_bot = if query.bots == Some(true) { None } else { Some(false) };
    let totals = Totals::of(figures, &Filter::new(figures, query, is_bot));
    let bots = figures.chosen(&Filter::new(figures, query, Some(true))).count() as i64;
    let revenues = totals.revenues();
    let most = revenues.first();
    let gaps = gaps(connection, query)?;
    Ok(Report {
        sessions: totals.sessions,
        bots,
        visitors: totals.visitors,
        page_views: totals.page_views,
        pages_per_session: ratio(totals.page_views, totals.sessions),
        mean_duration_ms: totals.duration_ms as f64 / totals.sessions.max(1) as f64,
        transactions: totals.transactions,
        revenue: most.map_or(0.0, |most| most.revenue),
        net_revenue: most.map_or(0.0, |most| most.net_revenue),
        currency: most.and_then(|most| most.currency.clone()),
        average_order_value: most
            .map_or(0.0, |most| most.revenue / (most.transactions - most.unreadable).max(1) as f64),
        unreadable_orders: revenues.iter().map(|one| one.unreadable).sum(),
        order_conflicts: conflicts(connection, query)?,
        conversion_rate: ratio(totals.converted, totals.sessions),
        revenues,
        channels: groups(&totals.channels, |channel| CHANNELS.get(channel).copied().unwrap_or_default()),
        sources: groups(&totals.sources, |number| figures.sources.text(number)),
        campaigns: groups(&totals.campaigns, |number| figures.campaigns.text(number)),
        landing_pages: groups(&totals.landing_pages, |number| figures.landing_pages.text(number)),
        funnel: funnel(&totals.by_steps),
        missing_events: gaps.iter().map(|gap| gap.missing).sum(),
        gaps: gaps.into_iter().take(GAPS).collect(),
    })
}

/// The largest groups, under their names. What has no name is no group.
fn groups<'a>(counted: &[Counted], name: impl Fn(usize) -> &'a str) -> Vec<Group> {
    let mut groups: Vec<_> = counted.iter().enumerate().filter(|(_, group)| group.sessions > 0).collect();
    groups.sort_by(|(one, a), (other, b)| b.sessions.cmp(&a.sessions).then_with(|| name(*one).cmp(name(*other))));
    let named = groups.into_iter().filter(|(number, _)| !name(*number).is_empty()).take(GROUPS);
    let group = |(number, counted): (usize, &Counted)| Group {
        name: name(number).to_owned(),
        sessions: counted.sessions,
        transactions: counted.transactions,
    };
    named.map(group).collect()
}

/// The steps that were taken: one that a site never tells is none of its funnel.
fn funnel(by_steps: &[i64]) -> Vec<Step> {
    let with = |bits: usize| -> i64 {
        let those = by_steps.iter().enumerate().filter(|(steps, _)| steps & bits == bits);
        those.map(|(_, sessions)| sessions).sum()
    };
    let mut steps: Vec<Step> = Vec::new();
    let mut before = (1, 0);
    for (place, step) in FUNNEL.lines().enumerate() {
        let bit = 1_usize << place;
        let sessions = with(bit);
        if place > 0 && sessions == 0 {
            continue;
        }
        let rate = if place == 0 { 1.0 } else { ratio(with(bit | before.0), before.1) };
        steps.push(Step { step, sessions, rate });
        before = (bit, sessions);
    }
    steps
}

/// Orders that more than one device has told.
fn conflicts(connection: &Connection, query: &Query) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT DISTINCT site, order_id FROM conflicts
         WHERE site = coalesce(?1, site) AND placed_at >= coalesce(?2, placed_at) AND placed_at < coalesce(?3, placed_at + 1)
         LIMIT 10000)",
    )?;
    statement.query_row(params![query.site, query.from, query.to], |row| row.get(0))
}

/// Tabs whose events are missing. A tab numbers its events from 0 without gaps, so the highest `seq` that has come says how
/// many there are at least: what is missing of them is on its way, or lost.
fn gaps(connection: &Connection, query: &Query) -> rusqlite::Result<Vec<Gap>> {
    let mut statement = connection.prepare_cached(
        "SELECT tab_id, told, received FROM tabs INDEXED BY tabs_with_gaps
         WHERE told > received AND site = coalesce(?1, site) AND latest_at >= coalesce(?2, latest_at)
            AND first_at < coalesce(?3, first_at + 1)
         LIMIT 10000",
    )?;
    let rows = statement.query_map(params![query.site, query.from, query.to], |row| {
        let (told, received): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Gap { tab_id: row.get(0)?, told, received, missing: told - received })
    })?;
    let mut gaps: Vec<Gap> = rows.collect::<rusqlite::Result<_>>()?;
    gaps.sort_by(|one, other| other.missing.cmp(&one.missing).then_with(|| one.tab_id.cmp(&other.tab_id)));
    Ok(gaps)
}

#[cfg(test)]
mod tests;
