//! What reports are made of: of each session some 64 bytes in memory, and 8 for each thing that it did, as of the latest commit.
//!
//! Reports combine any filters over any time and count visitors once each, so sums by hour or by name would not do: a pass over
//! all sessions takes some milliseconds a million. The tables stay the truth. What is here is read from them at the start, and
//! for each session that a commit has changed; nothing else is kept.

pub(crate) mod acts;
pub(crate) mod filter;
pub(crate) mod kept;
pub(crate) mod money;
mod names;
pub(crate) mod origins;
pub(crate) mod pass;
pub(crate) mod recent;
pub(crate) mod totals;

use crate::clock::now_ms;
use acts::Acts;
use filter::Filter;
use money::Order;
use names::Names;
use origins::{Attribution, Origins, some_source};
use recent::Recent;
use rusqlite::{Connection, OptionalExtension, Row};
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::ops::Range;
use std::thread;

/// Longest session: 30 days are the most that a site may let one last.
const SESSION_MS_MAX: i64 = 2_592_000_000;

/// What screens say that devices are; nothing where they said nothing.
pub(crate) const DEVICE_CLASSES: [&str; 4] = ["", "phone", "tablet", "desktop"];

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
    /// Its origin, that of the device's first session, and the latest that was not direct.
    origins: [u32; 3],
    pub(crate) site: u16,
    pub(crate) landing_page: u16,
    pub(crate) exit_page: u16,
    pub(crate) reason: u16,
    /// By its place among [`DEVICE_CLASSES`].
    pub(crate) device_class: u8,
    /// Steps of the funnel that were taken, as bits. None where there is no session at this place.
    pub(crate) steps: u8,
    pub(crate) is_first: bool,
    pub(crate) is_bot: bool,
}

impl Session {
    pub(crate) fn origin(&self, attribution: Attribution) -> u32 {
        self.origins[attribution as usize]
    }

    /// Whether it saw one page, and went.
    pub(crate) fn is_bounce(&self) -> bool {
        self.page_views <= 1
    }
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
    pub(crate) recent: Recent,
    pub(crate) acts: Acts,
    pub(crate) origins: Origins,
    pub(crate) sites: Names,
    /// Where sessions began, and what they saw last.
    pub(crate) pages: Names,
    pub(crate) reasons: Names,
    /// Grows with every change.
    revision: u64,
}

/// In the order in which they are [read](Figures::read).
const COLUMNS: &str = "SELECT place, began_at, listed_at, started_at, last_event_at, iif(device_id = '', 0, device), page_views, transactions, site,
    coalesce(channel, ''), coalesce(source, ''), coalesce(medium, ''), coalesce(campaign, ''), coalesce(term, ''), coalesce(content, ''),
    first_touch, last_non_direct, landing_page, exit_page, reason, coalesce(device_class, ''), funnel_steps, number = 1, bot IS NOT NULL,
    ended_at FROM sessions";

impl Figures {
    /// Reads all of a store, what sessions did by a thread and a connection of its own.
    pub(crate) fn load(connection: &Connection, other: &mut Connection) -> rusqlite::Result<Self> {
        let first = "SELECT coalesce(min(place), 1), count(*) FROM sessions";
        let (first_place, count): (i64, i64) = connection.query_row(first, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut figures = Self { first_place, ..Self::default() };
        let (selling, acts) = thread::scope(|scope| {
            let acts = scope.spawn(move || Acts::load(other, first_place));
            let selling = figures.load_sessions(connection, count as usize);
            (selling, acts.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        });
        figures.acts = acts?;
        for place in selling? {
            figures.read_orders(connection, place)?;
        }
        Ok(figures)
    }

    /// Reads all sessions; returns the places of those that have orders.
    fn load_sessions(&mut self, connection: &Connection, count: usize) -> rusqlite::Result<Vec<i64>> {
        self.sessions.reserve_exact(count);
        self.began_at.reserve_exact(count);
        self.listed_at.reserve_exact(count);
        let mut statement = connection.prepare(&format!("{COLUMNS} ORDER BY place"))?;
        let mut rows = statement.query([])?;
        let mut selling = Vec::new();
        while let Some(row) = rows.next()? {
            let (place, times, session) = self.read(row)?;
            self.put(place, times, session);
            if session.transactions > 0 {
                selling.push(place);
            }
        }
        Ok(selling)
    }

    /// Reads sessions anew, those that are gone too.
    pub(crate) fn refresh(&mut self, connection: &Connection, changed: &Changed) -> rusqlite::Result<()> {
        self.revision += 1;
        let mut statement = connection.prepare_cached(&format!("{COLUMNS} WHERE place = ?1"))?;
        for place in changed {
            let read = statement.query_row([place], |row| self.read(row)).optional()?;
            let (_, times, session) = read.unwrap_or_default();
            if self.sessions.is_empty() && session.steps > 0 {
                self.first_place = *place;
                self.acts.begin_at(*place);
            }
            self.put(*place, times, session);
            self.acts.refresh(connection, *place)?;
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
        let mut session = Session {
            duration_ms: small(duration_ms),
            device: next()?.as_i64()? as u32,
            page_views: small(next()?.as_i64()?),
            transactions: small(next()?.as_i64()?),
            site: self.sites.number(next()?.as_str()?),
            ..Session::default()
        };
        let [channel, source, medium, campaign, term, content] = [next()?, next()?, next()?, next()?, next()?, next()?];
        let origin = self.origins.number([
            channel.as_str()?,
            some_source(source.as_str()?),
            medium.as_str()?,
            campaign.as_str()?,
            term.as_str()?,
            content.as_str()?,
        ]);
        let [first, last] = [next()?, next()?].map(|json| json.as_str_or_null().ok().flatten());
        session.origins =
            [origin, self.origins.number_of_json(first, origin), self.origins.number_of_json(last, origin)];
        session.landing_page = self.pages.number(next()?.as_str()?);
        session.exit_page = self.pages.number(next()?.as_str()?);
        session.reason = self.reasons.number(next()?.as_str()?);
        let class = next()?.as_str()?;
        session.device_class = DEVICE_CLASSES.iter().position(|known| *known == class).unwrap_or(0) as u8;
        session.steps = next()?.as_i64()? as u8 | 1;
        session.is_first = next()?.as_i64()? != 0;
        session.is_bot = next()?.as_i64()? != 0;
        self.recent.note(place, next()?.as_i64()?, now_ms() as i64);
        Ok((place, times, session))
    }

    fn put(&mut self, place: i64, [began_at, listed_at]: [i64; 2], session: Session) {
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
        let orders = Order::read(connection, place, &mut self.acts.products)?;
        self.orders.insert(place, orders);
        Ok(())
    }

    /// How many places there are, with those where no session is any more.
    pub(crate) fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Sessions at some of the indexes that a filter lets through: with their index, and when each began.
    pub(crate) fn chosen(
        &self,
        indexes: Range<usize>,
        filter: &Filter,
    ) -> impl Iterator<Item = (usize, i64, &Session)> {
        let known = indexes.clone().zip(&self.began_at[indexes.clone()]).zip(&self.sessions[indexes]);
        let known = known.filter(|((_, began_at), session)| filter.is_met(**began_at, session));
        known.map(|((index, began_at), session)| (index, *began_at, session))
    }

    /// When the first session of all and the last began.
    pub(crate) fn began(&self) -> Option<(i64, i64)> {
        let known = self.began_at.iter().zip(&self.sessions).filter(|(_, session)| session.steps > 0);
        known.fold(None, |found, (at, _)| {
            let (first, last) = found.unwrap_or((*at, *at));
            Some((first.min(*at), last.max(*at)))
        })
    }

    /// The places of so many of the latest sessions that a filter lets through, the latest first.
    pub(crate) fn latest(&self, filter: &Filter, count: usize) -> Vec<i64> {
        let mut latest = BinaryHeap::new();
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

    /// Where the session at an index stands in lists.
    pub(crate) fn listed_at(&self, index: usize) -> i64 {
        self.listed_at[index]
    }

    /// The place of the session at an index.
    pub(crate) fn place(&self, index: usize) -> i64 {
        self.first_place + index as i64
    }

    /// The session at a place, and when it began.
    pub(crate) fn session(&self, place: i64) -> Option<(i64, &Session)> {
        let index = usize::try_from(place - self.first_place).ok()?;
        let session = self.sessions.get(index).filter(|session| session.steps > 0)?;
        Some((self.began_at[index], session))
    }

    /// The orders of the session at an index.
    pub(crate) fn orders(&self, index: usize) -> &[Order] {
        self.orders.get(&self.place(index)).map_or(&[], Vec::as_slice)
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
