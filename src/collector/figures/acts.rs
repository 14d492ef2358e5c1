//! What sessions did, by name: all acts one behind the other, and of each session where its own stand.

use super::names::Names;
use crate::tally::Kind;

/// Acts that nobody refers to, from which on the others are put together anew.
const DEAD_MIN: usize = 1 << 16;

/// How often a session did something.
#[derive(Clone, Copy)]
pub(crate) struct Act {
    pub(crate) count: u32,
    pub(crate) name: u16,
    pub(crate) kind: Kind,
}

/// The acts of all sessions, by the sessions' indexes.
#[derive(Default)]
pub(crate) struct Acts {
    all: Vec<Act>,
    /// Where those of each session begin, and how many they are.
    spans: Vec<(u32, u32)>,
    dead: usize,
    pub(crate) pages: Names,
    pub(crate) events: Names,
    pub(crate) searches: Names,
    pub(crate) products: Names,
}

impl Acts {
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
    pub(crate) fn act(&mut self, kind: Kind, name: &str, count: i64) -> Act {
        let names = match kind {
            Kind::Page => &mut self.pages,
            Kind::Search => &mut self.searches,
            Kind::Viewed | Kind::Carted | Kind::Removed => &mut self.products,
            Kind::Event | Kind::Cart => &mut self.events,
        };
        Act { kind, name: names.number(name), count: u32::try_from(count).unwrap_or(u32::MAX) }
    }

    /// Puts the acts of a session in the place of what was known of it.
    pub(crate) fn put(&mut self, index: usize, acts: &[Act]) {
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
            acts.put(round as usize % 7, &of(round % 9));
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
