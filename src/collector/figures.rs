//! What reports are made of: of each session 40 bytes in memory, as of the latest commit.
//!
//! Reports combine any filters over any time and count visitors once each, so sums by hour or by name would not do: a pass over
//! all sessions takes some milliseconds a million. The tables stay the truth. What is here is read from them at the start, and
//! for each session that a commit has changed; nothing else is kept.

pub(crate) mod filter;
mod names;
pub(crate) mod totals;

use crate::writing::Changed;
use filter::Filter;
use names::Names;
use rusqlite::{Connection, OptionalExtension, Row};
use shopbell_core::attribution::CHANNELS;
use std::collections::HashMap;

/// A session, as far as reports count it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Session {
    pub(crate) began_at: i64,
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

const COLUMNS: &str = "SELECT place, site, began_at, ended_at, device, device_id = '' AS is_nameless, page_views, transactions,
    coalesce(source, '(direct)') AS source, coalesce(campaign, '') AS campaign, landing_page, coalesce(channel, '') AS channel,
    funnel_steps, reason, number = 1 AS is_first, bot IS NOT NULL AS is_bot FROM sessions";

/// A refund without a value is of the whole order, and none is of more.
const ORDERS: &str = "SELECT orders.currency, value_ten_thousandths, (
        SELECT min(total(coalesce(refunds.value_ten_thousandths, orders.value_ten_thousandths)), 9e18)
        FROM refunds WHERE refunds.site = orders.site AND refunds.order_id = orders.id
    ) FROM orders JOIN sessions ON sessions.site = orders.site AND sessions.id = session_id WHERE place = ?1";

impl Figures {
    /// Reads all of a store.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let first = "SELECT coalesce(min(place), 1), count(*) FROM sessions";
        let (first_place, count): (i64, i64) = connection.query_row(first, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut figures = Self { first_place, ..Self::default() };
        figures.sessions.reserve_exact(count as usize);
        let mut statement = connection.prepare(&format!("{COLUMNS} ORDER BY place"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (place, session) = figures.read(row)?;
            figures.put(place, session);
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
            let session = read.map_or(Session::default(), |(_, session)| session);
            self.put(*place, session);
            if session.transactions > 0 {
                self.read_orders(connection, *place)?;
            } else {
                self.orders.remove(place);
            }
        }
        Ok(())
    }

    fn read(&mut self, row: &Row<'_>) -> rusqlite::Result<(i64, Session)> {
        let number = |column: &str| row.get::<_, i64>(column);
        let text = |column: &str| row.get_ref(column)?.as_str().map_err(rusqlite::Error::from);
        let channel = text("channel")?;
        let session = Session {
            began_at: number("began_at")?,
            duration_ms: u32::try_from((number("ended_at")? - number("began_at")?).max(0)).unwrap_or(u32::MAX),
            device: if row.get("is_nameless")? { 0 } else { number("device")? as u32 },
            page_views: u32::try_from(number("page_views")?).unwrap_or(u32::MAX),
            transactions: u32::try_from(number("transactions")?).unwrap_or(u32::MAX),
            site: self.sites.number(text("site")?),
            source: self.sources.number(text("source")?),
            campaign: self.campaigns.number(text("campaign")?),
            landing_page: self.landing_pages.number(text("landing_page")?),
            reason: self.reasons.number(text("reason")?),
            channel: CHANNELS.iter().position(|known| *known == channel).unwrap_or(CHANNELS.len() - 1) as u8,
            steps: number("funnel_steps")? as u8 | 1,
            is_first: row.get("is_first")?,
            is_bot: row.get("is_bot")?,
        };
        Ok((number("place")?, session))
    }

    fn put(&mut self, place: i64, session: Session) {
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
            }
            self.sessions.resize(index + 1, Session::default());
        }
        self.sessions[index] = session;
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
        let first_place = self.first_place;
        let chosen = self.sessions.iter().enumerate().filter(move |(_, session)| filter.is_met(session));
        chosen.map(move |(index, session)| (first_place + index as i64, session))
    }

    /// The session at a place.
    pub(crate) fn at(&self, place: i64) -> Option<&Session> {
        self.sessions.get(usize::try_from(place - self.first_place).ok()?)
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
