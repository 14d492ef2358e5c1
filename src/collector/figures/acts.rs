//! What sessions did, by name: all acts one behind the other, and of each session where its own stand.

use super::money::{Currency, currency};
use super::names::Names;
use crate::tally::Kind;
use rusqlite::{Connection, Row};
use std::collections::HashMap;

/// Acts that nobody refers to, from which on the others are put together anew.
const DEAD_MIN: usize = 1 << 16;

/// How often a session did something.
#[derive(Clone, Copy)]
pub(crate) struct Act {
    pub(crate) count: u32,
    pub(crate) name: u16,
    pub(crate) kind: Kind,
}

/// How often sessions did what.
const DONE: &str = "SELECT place, kind, name, count, value_ten_thousandths FROM tallies";

/// What a cart gained, by currency.
pub(crate) type Cart = Vec<(Option<Currency>, i64)>;

/// The acts of all sessions, by the sessions' indexes.
#[derive(Default)]
pub(crate) struct Acts {
    all: Vec<Act>,
    /// Where those of each session begin, and how many they are.
    spans: Vec<(u32, u32)>,
    dead: usize,
    /// The place of the first session.
    first_place: i64,
    /// What carts gained, by the sessions' places.
    carts: HashMap<i64, Cart>,
    pub(crate) pages: Names,
    pub(crate) events: Names,
    pub(crate) searches: Names,
    pub(crate) products: Names,
}

impl Acts {
    /// Reads what all sessions of a store did, the first of which has this place.
    pub(crate) fn load(connection: &Connection, first_place: i64) -> rusqlite::Result<Self> {
        let mut acts = Self { first_place, ..Self::default() };
        let mut statement = connection.prepare(&format!("{DONE} ORDER BY place"))?;
        let mut rows = statement.query([])?;
        let (mut done, mut cart, mut of) = (Vec::new(), Cart::new(), first_place);
        while let Some(row) = rows.next()? {
            let place = row.get_ref(0)?.as_i64()?;
            if place != of {
                acts.put(of, &done, &mut cart);
                done.clear();
                of = place;
            }
            acts.read(row, &mut done, &mut cart)?;
        }
        acts.put(of, &done, &mut cart);
        Ok(acts)
    }

    /// Reads anew what the session at a place did.
    pub(crate) fn refresh(&mut self, connection: &Connection, place: i64) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(&format!("{DONE} WHERE place = ?1"))?;
        let mut rows = statement.query([place])?;
        let (mut done, mut cart) = (Vec::new(), Cart::new());
        while let Some(row) = rows.next()? {
            self.read(row, &mut done, &mut cart)?;
        }
        self.put(place, &done, &mut cart);
        Ok(())
    }

    /// Says which place the first session has, while there is none yet.
    pub(crate) fn begin_at(&mut self, first_place: i64) {
        self.first_place = first_place;
    }

    fn read(&mut self, row: &Row<'_>, done: &mut Vec<Act>, cart: &mut Cart) -> rusqlite::Result<()> {
        let Some(kind) = Kind::of(row.get_ref(1)?.as_i64()?) else { return Ok(()) };
        let name = row.get_ref(2)?.as_str()?;
        match kind {
            Kind::Cart => cart.push((currency(name.as_bytes()), row.get_ref(4)?.as_i64()?)),
            kind => done.push(self.act(kind, name, row.get_ref(3)?.as_i64()?)),
        }
        Ok(())
    }

    /// Puts what a session did in the place of what was known of it, and takes its cart.
    fn put(&mut self, place: i64, done: &[Act], cart: &mut Cart) {
        let Ok(index) = usize::try_from(place - self.first_place) else { return };
        self.put_acts(index, done);
        if cart.is_empty() {
            self.carts.remove(&place);
        } else {
            self.carts.insert(place, std::mem::take(cart));
        }
    }

    /// What the cart of the session at a place gained; nothing where nothing was put into it.
    pub(crate) fn cart(&self, place: i64) -> Option<&Cart> {
        self.carts.get(&place)
    }

    /// The names of a kind.
    pub(crate) fn names(&self, kind: Kind) -> &Names {
        match kind {
            Kind::Page => &self.pages,
            Kind::Search => &self.searches,
            Kind::Viewed | Kind::Carted | Kind::Removed => &self.products,
            Kind::Event | Kind::Cart => &self.events,
        }
    }

    /// An act under a name, which has a number from now on.
    fn act(&mut self, kind: Kind, name: &str, count: i64) -> Act {
        let names = match kind {
            Kind::Page => &mut self.pages,
            Kind::Search => &mut self.searches,
            Kind::Viewed | Kind::Carted | Kind::Removed => &mut self.products,
            Kind::Event | Kind::Cart => &mut self.events,
        };
        Act { kind, name: names.number(name), count: u32::try_from(count).unwrap_or(u32::MAX) }
    }

    fn put_acts(&mut self, index: usize, acts: &[Act]) {
        if index >= self.spans.len() {
            if acts.is_empty() {
                return;
            }
            self.spans.resize(index + 1, (0, 0));
        }
        let (start, count) = self.spans[index];
        let known = &mut self.all[start as usize..][..count as usize];
        if acts.len() <= known.len() {
            known[..acts.len()].copy_from_slice(acts);
            self.dead += known.len() - acts.len();
            self.spans[index].1 = acts.len() as u32;
        } else {
            self.dead += known.len();
            self.spans[index] = (self.all.len() as u32, acts.len() as u32);
            self.all.extend_from_slice(acts);
        }
        if self.dead > DEAD_MIN && self.dead > self.all.len() / 2 {
            self.compact();
        }
    }

    fn compact(&mut self) {
        let mut all = Vec::with_capacity(self.all.len() - self.dead);
        for span in &mut self.spans {
            let start = all.len() as u32;
            all.extend_from_slice(&self.all[span.0 as usize..][..span.1 as usize]);
            span.0 = start;
        }
        (self.all, self.dead) = (all, 0);
    }

    /// What a session did.
    pub(crate) fn of(&self, index: usize) -> &[Act] {
        self.spans.get(index).map_or(&[], |(start, count)| &self.all[*start as usize..][..*count as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Acts};
    use crate::tally::Kind;

    #[test]
    fn acts_are_replaced_and_their_room_is_used_again() {
        let mut acts = Acts::default();
        let one = acts.act(Kind::Page, "/", 1);
        let of = |count: u32| vec![Act { count, ..one }; count as usize];
        for round in 0..200_000_u32 {
            acts.put_acts(round as usize % 7, &of(round % 9));
        }
        assert!(acts.all.len() < 3 * super::DEAD_MIN, "{}", acts.all.len());
        for index in 0..7 {
            let last = (0..200_000_u32).rev().find(|round| *round as usize % 7 == index).unwrap_or(0) % 9;
            let found = acts.of(index);
            assert!(found.len() == last as usize && found.iter().all(|act| act.count == last), "{index}");
        }
        assert!(acts.of(99).is_empty());
        assert_eq!(acts.pages.text(usize::from(one.name)), "/");
    }
}
