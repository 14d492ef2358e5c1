//! What reports are made of: of each session 48 bytes in memory, as of the latest commit.
//!
//! Reports combine any filters over any time and count visitors once each, so sums by hour or by name would not do: a pass over
//! all sessions takes some milliseconds a million. The tables stay the truth. What is here is read from them at the start, and
//! for each session that a commit has changed; nothing else is kept.

pub(crate) mod filter;
pub(crate) mod kept;
mod names;
pub(crate) mod totals;

use filter::Filter;
use names::Names;
use rusqlite::{Connection, OptionalExtension, Row};
use shopbell_core::attribution::CHANNELS;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

/// Longest session: 30 days are the most that a site may let one last.
const SESSION_MS_MAX: i64 = 2_592_000_000;

/// Places of sessions that a transaction changed.
pub(crate) type Changed = BTreeSet<i64>;

/// A session, as far as reports count it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Session {
    pub(crate) duration_ms: u32,
    /// The same for all of a device's sessions; 0 where nothing may tell that.
    pub(crate) device: u32,
    pub(crate) page_views: u32,
    pub(crate) transactions: u32,
    pub(crate) site: u16,
    pub(crate) source: u16,
    pub(crate) campaign: u16,
    pub(crate) landing_page: u16,
    pub(crate) reason: u16,
    pub(crate) channel: u8,
    /// Steps of the funnel that were taken, as bits. None where there is no session at this place.
    pub(crate) steps: u8,
    pub(crate) is_first: bool,
    pub(crate) is_bot: bool,
}

/// An order of a session.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub(crate) currency: Option<[u8; 3]>,
    /// Nothing where it could not be read.
    pub(crate) value_ten_thousandths: Option<i64>,
    /// Of that, what went back.
    pub(crate) refunded_ten_thousandths: i64,
}

/// All sessions of a store, by their places.
#[derive(Default)]
pub(crate) struct Figures {
    sessions: Vec<Session>,
    /// When each began, and where it stands in lists, by themselves: what asks for a time looks at little else.
    began_at: Vec<i64>,
    listed_at: Vec<i64>,
    /// The place of the first.
    first_place: i64,
    orders: HashMap<i64, Vec<Order>>,
    pub(crate) sites: Names,
    pub(crate) sources: Names,
    pub(crate) campaigns: Names,
    pub(crate) landing_pages: Names,
    pub(crate) reasons: Names,
    /// Grows with every change.
    revision: u64,
}

/// In the order in which they are [read](Figures::read).
const COLUMNS: &str = "SELECT place, began_at, listed_at, started_at, last_event_at, iif(device_id = '', 0, device), page_views, transactions, site,
    coalesce(source, '(direct)'), coalesce(campaign, ''), landing_page, reason, coalesce(channel, ''), funnel_steps, number = 1,
    bot IS NOT NULL FROM sessions";

/// A refund without a value is of the whole order, and none is of more; nor is one of an order of another device, unless the shop's
/// server told it.
const ORDERS: &str = "SELECT orders.currency, value_ten_thousandths, (
        SELECT min(total(coalesce(refunds.value_ten_thousandths, orders.value_ten_thousandths)), 9e18)
        FROM refunds WHERE refunds.site = orders.site AND refunds.order_id = orders.id AND (refunds.is_confirmed
            OR sessions.device = (SELECT device FROM sessions AS teller
                WHERE teller.id = refunds.session_id AND teller.site = refunds.site))
    ) FROM orders JOIN sessions ON sessions.site = orders.site AND sessions.id = session_id WHERE place = ?1";

impl Figures {
    /// Reads all of a store.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let first = "SELECT coalesce(min(place), 1), count(*) FROM sessions";
        let (first_place, count): (i64, i64) = connection.query_row(first, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut figures = Self { first_place, ..Self::default() };
        figures.sessions.reserve_exact(count as usize);
        figures.began_at.reserve_exact(count as usize);
        figures.listed_at.reserve_exact(count as usize);
        let mut statement = connection.prepare(&format!("{COLUMNS} ORDER BY place"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (place, times, session) = figures.read(row)?;
            figures.put(place, times, session);
            if session.transactions > 0 {
                figures.read_orders(connection, place)?;
            }
        }
        Ok(figures)
    }

    /// Reads sessions anew, those that are gone too.
    pub(crate) fn refresh(&mut self, connection: &Connection, changed: &Changed) -> rusqlite::Result<()> {
        self.revision += 1;
        let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE place = ?1"))?;
        for place in changed {
            let read = statement.query_row([place], |row| self.read(row)).optional()?;
            let (_, times, session) = read.unwrap_or_default();
            self.put(*place, times, session);
            if session.transactions > 0 {
                self.read_orders(connection, *place)?;
            } else {
                self.orders.remove(place);
            }
        }
        Ok(())
    }

    /// Place, when it began and is listed, and the rest. By number: to look a million times for each column's name takes longer than all else.
    fn read(&mut self, row: &Row<'_>) -> rusqlite::Result<(i64, [i64; 2], Session)> {
        let mut column = 0..;
        let mut next = || row.get_ref(column.next().unwrap_or_default());
        let place = next()?.as_i64()?;
        let times = [next()?.as_i64()?, next()?.as_i64()?];
        let duration_ms = duration_ms(next()?.as_i64()?, next()?.as_i64()?);
        let small = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
        let session = Session {
            duration_ms: small(duration_ms),
            device: next()?.as_i64()? as u32,
            page_views: small(next()?.as_i64()?),
            transactions: small(next()?.as_i64()?),
            site: self.sites.number(next()?.as_str()?),
            source: self.sources.number(next()?.as_str()?),
            campaign: self.campaigns.number(next()?.as_str()?),
            landing_page: self.landing_pages.number(next()?.as_str()?),
            reason: self.reasons.number(next()?.as_str()?),
            channel: channel(next()?.as_str()?),
            steps: next()?.as_i64()? as u8 | 1,
            is_first: next()?.as_i64()? != 0,
            is_bot: next()?.as_i64()? != 0,
        };
        Ok((place, times, session))
    }

    fn put(&mut self, place: i64, [began_at, listed_at]: [i64; 2], session: Session) {
        if self.sessions.is_empty() {
            self.first_place = place;
        }
        let Ok(index) = usize::try_from(place - self.first_place) else { return };
        if index >= self.sessions.len() {
            if session.steps == 0 {
                return;
            }
            let missing = index + 1 - self.sessions.len();
            if self.sessions.capacity() - self.sessions.len() < missing {
                // An eighth more, not twice as much: this may be most of the memory.
                self.sessions.reserve_exact(missing + self.sessions.len() / 8);
                self.began_at.reserve_exact(missing + self.began_at.len() / 8);
                self.listed_at.reserve_exact(missing + self.listed_at.len() / 8);
            }
            self.sessions.resize(index + 1, Session::default());
            self.began_at.resize(index + 1, 0);
            self.listed_at.resize(index + 1, 0);
        }
        (self.sessions[index], self.began_at[index], self.listed_at[index]) = (session, began_at, listed_at);
    }

    fn read_orders(&mut self, connection: &Connection, place: i64) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(ORDERS)?;
        let orders = statement.query_map([place], |row| {
            let currency = row.get_ref(0)?.as_bytes_or_null()?.and_then(|code| code.try_into().ok());
            let value: Option<i64> = row.get(1)?;
            let refunded: f64 = row.get(2)?;
            let refunded_ten_thousandths = (refunded as i64).min(value.unwrap_or(0));
            Ok(Order { currency, value_ten_thousandths: value, refunded_ten_thousandths })
        })?;
        self.orders.insert(place, orders.collect::<rusqlite::Result<_>>()?);
        Ok(())
    }

    /// Sessions that a filter lets through, with their places.
    pub(crate) fn chosen(&self, filter: &Filter) -> impl Iterator<Item = (i64, &Session)> {
        let known = self.began_at.iter().zip(&self.sessions).enumerate();
        let chosen = known.filter(|(_, (began_at, session))| filter.is_met(**began_at, session));
        chosen.map(|(index, (_, session))| (self.first_place + index as i64, session))
    }

    /// The places of so many of the latest sessions that a filter lets through, the latest first.
    pub(crate) fn latest(&self, filter: &Filter, count: usize) -> Vec<i64> {
        let mut latest = BinaryHeap::with_capacity(count + 1);
        for (index, listed_at) in self.listed_at.iter().enumerate() {
            let is_early = latest.len() == count && latest.peek().is_none_or(|Reverse((first, _))| listed_at < first);
            if is_early || !filter.is_met(self.began_at[index], &self.sessions[index]) {
                continue;
            }
            latest.push(Reverse((*listed_at, self.first_place + index as i64)));
            if latest.len() > count {
                latest.pop();
            }
        }
        latest.into_sorted_vec().into_iter().map(|Reverse((_, place))| place).collect()
    }

    /// The same of sessions that are known by their places.
    pub(crate) fn latest_of(&self, places: &[i64], filter: &Filter, count: usize) -> Vec<i64> {
        let known = places.iter().filter_map(|place| {
            let index = usize::try_from(place - self.first_place).ok()?;
            let session = self.sessions.get(index)?;
            filter.is_met(self.began_at[index], session).then_some((self.listed_at[index], *place))
        });
        let mut known: Vec<_> = known.collect();
        known.sort_unstable_by(|one, other| other.cmp(one));
        known.into_iter().take(count).map(|(_, place)| place).collect()
    }

    /// The orders of the session at a place.
    pub(crate) fn orders(&self, place: i64) -> &[Order] {
        self.orders.get(&place).map_or(&[], Vec::as_slice)
    }

    /// One more than the largest number of a device.
    pub(crate) fn devices(&self) -> usize {
        (self.first_place.max(0) as usize).saturating_add(self.sessions.len())
    }

    /// What changes whenever something else does.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }
}

/// How long a session lasted, by the visitor's clock; nothing where that is no time that a session can last.
pub(crate) fn duration_ms(started_at: i64, last_event_at: i64) -> i64 {
    Some(last_event_at - started_at).filter(|duration_ms| (0..=SESSION_MS_MAX).contains(duration_ms)).unwrap_or(0)
}

fn channel(name: &str) -> u8 {
    CHANNELS.iter().position(|known| *known == name).unwrap_or(CHANNELS.len() - 1) as u8
}
