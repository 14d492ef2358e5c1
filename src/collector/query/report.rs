//! The totals of a site.

use super::Question;
use super::funnel::{Step, Steps};
use super::group::Group;
use super::named::{By, Named, Reached};
use super::rows::Row;
use super::summary::{Summary, Totals, chosen_currency, starts};
use crate::figures::Figures;
use crate::figures::filter::Filter;
use crate::figures::money::Currency;
use crate::figures::origins::Part;
use crate::figures::pass;
use rusqlite::{Connection, params};
use serde::Serialize;

/// Sources, campaigns and landing pages in a report at most.
const GROUPS: usize = 20;

/// Tabs with gaps in a report at most.
const GAPS: usize = 100;

#[derive(Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) summary: Summary,
    /// The same of the time before, where it is asked for and there is one.
    pub(crate) previous: Option<Summary>,
    /// The time zone that days are of.
    zone: String,
    /// Sessions that said of themselves that they are a machine's. They are left out, unless `bots=true` asks for them.
    bots: i64,
    /// Orders that more than one device has told: the first that did, or the shop's server, has it.
    order_conflicts: i64,
    /// Orders that the shop's server told and no page did.
    pub(crate) orders_without_page: i64,
    pub(crate) channels: Vec<Group>,
    pub(crate) sources: Vec<Group>,
    pub(crate) campaigns: Vec<Group>,
    pub(crate) landing_pages: Vec<Group>,
    devices: Vec<Group>,
    pub(crate) goals: Vec<Group>,
    pub(crate) funnel: Vec<Step>,
    /// Events that are missing, as far as `seq` proves it.
    pub(crate) missing_events: i64,
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

/// The totals of the sessions that a question is about.
pub(crate) fn report(
    connection: &Connection,
    figures: &Figures,
    question: &Question,
) -> rusqlite::Result<Result<Report, String>> {
    let period = &question.period;
    let reached = Reached::new(figures, &question.goals);
    let (every, begin) = match starts(figures, question, period.all) {
        Ok(starts) => starts,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let named = |by: By| Named::new(figures, by, question, &reached, false);
    let empty = || {
        let groups = (named(By::Origin), (named(By::LandingPage), (named(By::Device), named(By::Goal))));
        (Totals::new(&begin), (groups, Steps::default()))
    };
    let filter = question.filter(figures, period.all);
    let (totals, ((origins, (landing_pages, (devices, goals))), steps)) = pass::sum(figures, &filter, empty);
    let previous = match period.before.filter(|_| question.query.compare) {
        Some(before) => match starts(figures, question, before) {
            Ok((every, begin)) => {
                let totals = pass::sum(figures, &question.filter(figures, before), || Totals::new(&begin));
                Some(Summary::new(question, before, every, &totals))
            }
            Err(refusal) => return Ok(Err(refusal)),
        },
        None => None,
    };
    let currency = chosen_currency(question, &totals.sums);
    let groups = |named: &Named<'_>| largest(figures, question, named, currency);
    let gaps = gaps(connection, question)?;
    let bots = Filter::new(figures, question.query.wanted(), period.all, Some(true));
    Ok(Ok(Report {
        summary: Summary::new(question, period.all, every, &totals),
        previous,
        zone: period.zone.iana_name().unwrap_or("UTC").to_owned(),
        bots: pass::sum(figures, &bots, pass::Count::default).0,
        order_conflicts: conflicts(connection, question)?,
        orders_without_page: orders_without_page(connection, question)?,
        channels: groups(&origins.by_part(figures, By::Channel, Part::Channel)),
        sources: groups(&origins.by_part(figures, By::Source, Part::Source)),
        campaigns: groups(&origins.by_part(figures, By::Campaign, Part::Campaign)),
        landing_pages: groups(&landing_pages),
        devices: groups(&devices),
        goals: goals.groups(figures, question, currency),
        funnel: steps.funnel(),
        missing_events: gaps.iter().map(|gap| gap.missing).sum(),
        gaps: gaps.into_iter().take(GAPS).collect(),
    }))
}

/// The largest groups, under their names. What has no name is no group.
fn largest(figures: &Figures, question: &Question, named: &Named<'_>, currency: Option<Currency>) -> Vec<Group> {
    let mut groups = named.groups(figures, question, currency);
    groups.retain(|group| !group.name.is_empty());
    groups.sort_by(|one, other| other.sessions.cmp(&one.sessions).then_with(|| one.name().cmp(other.name())));
    groups.truncate(GROUPS);
    groups
}

/// Orders that more than one device has told.
fn conflicts(connection: &Connection, question: &Question) -> rusqlite::Result<i64> {
    let (from, to) = question.period.all;
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT DISTINCT site, order_id FROM conflicts
         WHERE site = coalesce(?1, site) AND placed_at >= ?2 AND placed_at < ?3 LIMIT 10000)",
    )?;
    statement.query_row(params![question.query.site, from, to], |row| row.get(0))
}

/// Orders that the shop's server alone has told.
fn orders_without_page(connection: &Connection, question: &Question) -> rusqlite::Result<i64> {
    let (from, to) = question.period.all;
    let mut statement = connection.prepare_cached(
        "SELECT count(*) FROM orders WHERE is_confirmed AND NOT is_told_by_page AND site = coalesce(?1, site)
            AND placed_at >= ?2 AND placed_at < ?3",
    )?;
    statement.query_row(params![question.query.site, from, to], |row| row.get(0))
}

/// Tabs whose events are missing. A tab numbers its events from 0 without gaps, so the highest `seq` that has come says how
/// many there are at least: what is missing of them is on its way, or lost.
fn gaps(connection: &Connection, question: &Question) -> rusqlite::Result<Vec<Gap>> {
    let (from, to) = question.period.all;
    let mut statement = connection.prepare_cached(
        "SELECT tab_id, told, received FROM tabs INDEXED BY tabs_with_gaps
         WHERE told > received AND site = coalesce(?1, site) AND latest_at >= ?2 AND first_at < ?3 LIMIT 10000",
    )?;
    let rows = statement.query_map(params![question.query.site, from, to], |row| {
        let (told, received): (i64, i64) = (row.get(1)?, row.get(2)?);
        Ok(Gap { tab_id: row.get(0)?, told, received, missing: told - received })
    })?;
    let mut gaps: Vec<Gap> = rows.collect::<rusqlite::Result<_>>()?;
    gaps.sort_by(|one, other| other.missing.cmp(&one.missing).then_with(|| one.tab_id.cmp(&other.tab_id)));
    Ok(gaps)
}

#[cfg(test)]
mod tests;
