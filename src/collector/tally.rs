//! What a session did, by name: how often it viewed a page, looked at a product, searched for something.

use crate::early::landing::{clean, path_of};
use crate::items::{self, Item, NAME_UNITS_MAX};
use crate::order::{Order, member};
use rusqlite::{Connection, params};
use shopbell_core::event::{PAGE_VIEW, SESSION_START};
use url::Url;

/// Names of one session at most. Further ones are not counted: nobody looks at so many products, and a report reads them all.
const NAMES_MAX: i64 = 1_000;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// An event, by its name; views of pages and beginnings are counted elsewhere.
    Event,
    /// A view of a page, by its path.
    Page,
    /// A search, by its term in small letters.
    Search,
    /// A look at a product, by its id.
    Viewed,
    /// A product that was put into the cart, and one that was taken out.
    Carted,
    Removed,
    /// What the cart gained, by its currency, which may be none.
    Cart,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Event, Self::Page, Self::Search, Self::Viewed, Self::Carted, Self::Removed, Self::Cart];

    /// The kind that is stored under a number.
    pub(crate) fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i64 == number)
    }
}

/// How often a session did something.
#[derive(Debug, PartialEq)]
struct Tally {
    kind: Kind,
    name: String,
    count: i64,
    value_ten_thousandths: i64,
}

/// What some events of a session come to.
#[derive(Default)]
pub(crate) struct Tallies {
    counted: Vec<Tally>,
    /// Names that products were told by.
    products: Vec<Item>,
    /// The page that was viewed last, and when.
    last_page: Option<(String, i64)>,
}

impl Tallies {
    /// Counts an event of this name, on a page of this URL, with these properties.
    pub(crate) fn count(&mut self, name: &str, url: &str, props: &str, time: i64) {
        match name {
            PAGE_VIEW => self.count_page(url, time),
            SESSION_START => {}
            _ => self.add(Kind::Event, name, 1, 0),
        }
        match name {
            "search" | "view_search_results" => {
                self.add(Kind::Search, &member(props, "search_term").to_lowercase(), 1, 0);
            }
            "view_item" => self.count_items(Kind::Viewed, items::read(props)),
            "add_to_cart" => self.count_cart(Kind::Carted, props),
            "remove_from_cart" => self.count_cart(Kind::Removed, props),
            _ => {}
        }
    }

    fn count_page(&mut self, url: &str, time: i64) {
        let Ok(url) = Url::parse(url) else { return };
        let path = clean(&path_of(&url), NAME_UNITS_MAX);
        self.add(Kind::Page, &path, 1, 0);
        if self.last_page.as_ref().is_none_or(|(_, latest)| *latest <= time) {
            self.last_page = Some((path, time));
        }
    }

    fn count_items(&mut self, kind: Kind, items: Vec<Item>) {
        for item in items {
            let count = if kind == Kind::Viewed { 1 } else { item.quantity };
            self.add(kind, &item.id, count, 0);
            self.products.push(item);
        }
    }

    /// A change of the cart: what it says it is worth, or what its products cost.
    fn count_cart(&mut self, kind: Kind, props: &str) {
        let (order, items) = (Order::read(props), items::read(props));
        let value = order.value.map_or_else(|| items::value(&items).unwrap_or(0), |value| value.0 as i64);
        let gained = if kind == Kind::Removed { -value } else { value };
        self.count_items(kind, items);
        self.tally(Kind::Cart, order.currency, 1, gained);
    }

    fn add(&mut self, kind: Kind, name: &str, count: i64, value: i64) {
        let name = clean(name, NAME_UNITS_MAX);
        if !name.is_empty() {
            self.tally(kind, name, count, value);
        }
    }

    fn tally(&mut self, kind: Kind, name: String, count: i64, value_ten_thousandths: i64) {
        match self.counted.iter_mut().find(|known| known.kind == kind && known.name == name) {
            Some(known) => {
                known.count = known.count.saturating_add(count);
                known.value_ten_thousandths = known.value_ten_thousandths.saturating_add(value_ten_thousandths);
            }
            None => self.counted.push(Tally { kind, name, count, value_ten_thousandths }),
        }
    }

    /// Adds them to those of the session at a place.
    pub(crate) fn write(&self, transaction: &Connection, site: &str, place: i64) -> rusqlite::Result<()> {
        let mut add = transaction.prepare_cached(&format!(
            "INSERT INTO tallies (place, kind, name, count, value_ten_thousandths)
             SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM tallies WHERE place = ?1 AND kind = ?2 AND name = ?3)
                OR (SELECT count(*) FROM (SELECT 1 FROM tallies WHERE place = ?1 LIMIT {NAMES_MAX})) < {NAMES_MAX}
             ON CONFLICT DO UPDATE SET count = min(count + excluded.count, 1000000000),
                value_ten_thousandths = min(max(value_ten_thousandths + excluded.value_ten_thousandths, -1000000000000000), 1000000000000000)"
        ))?;
        for tally in &self.counted {
            add.execute(params![place, tally.kind as i64, tally.name, tally.count, tally.value_ten_thousandths])?;
        }
        if let Some((page, viewed_at)) = &self.last_page {
            transaction
                .prepare_cached(
                    "UPDATE sessions SET exit_page = ?2, exit_page_at = ?3 WHERE place = ?1 AND exit_page_at <= ?3",
                )?
                .execute(params![place, page, viewed_at])?;
        }
        items::name(transaction, site, &self.products)
    }
}

/// Counts all events anew.
pub(crate) fn rebuild(transaction: &Connection) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM tallies", [])?;
    let mut events = transaction.prepare(
        "SELECT sessions.place, sessions.site, name, url, coalesce(props, '{}'), time FROM events
         JOIN sessions ON sessions.id = session_id AND sessions.site = events.site ORDER BY events.place",
    )?;
    let mut rows = events.query([])?;
    while let Some(row) = rows.next()? {
        let (place, site): (i64, String) = (row.get(0)?, row.get(1)?);
        let mut tallies = Tallies::default();
        tallies.count(row.get_ref(2)?.as_str()?, row.get_ref(3)?.as_str()?, row.get_ref(4)?.as_str()?, row.get(5)?);
        tallies.write(transaction, &site, place)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Kind, Tallies};
    use Kind::{Cart, Carted, Event, Page, Removed, Search, Viewed};

    #[track_caller]
    fn check(name: &str, url: &str, props: &str, expected: &[(Kind, &str, i64, i64)]) {
        let mut tallies = Tallies::default();
        tallies.count(name, url, props, 1);
        let found = tallies.counted.iter().map(|one| (one.kind, &*one.name, one.count, one.value_ten_thousandths));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{name} {url} {props}");
    }

    #[test]
    fn what_an_event_counts_for() {
        check("page_view", "https://shop.example/p/lamp?utm_source=x#top", "{}", &[(Page, "/p/lamp", 1, 0)]);
        check("page_view", "https://shop.example/#/p/lamp?color=1", "{}", &[(Page, "/#/p/lamp", 1, 0)]);
        check("page_view", "not a URL", "{}", &[]);
        check("session_start", "https://shop.example/", "{}", &[]);
        check("sign_up", "", "{}", &[(Event, "sign_up", 1, 0)]);
        check("search", "", r#"{"search_term":" Oak  LAMP "}"#, &[(Event, "search", 1, 0), (Search, "oak lamp", 1, 0)]);
        check("search", "", r#"{"search_term":{"a":1}}"#, &[(Event, "search", 1, 0)]);
        check(
            "view_item",
            "",
            r#"{"items":[{"item_id":"lamp","quantity":3},{"item_name":"Paper lantern"}]}"#,
            &[(Event, "view_item", 1, 0), (Viewed, "lamp", 1, 0), (Viewed, "Paper lantern", 1, 0)],
        );
        check("view_item", "", r#"{"item_id":7}"#, &[(Event, "view_item", 1, 0), (Viewed, "7", 1, 0)]);
        check(
            "add_to_cart",
            "",
            r#"{"currency":"eur","value":"119,80 €","items":[{"item_id":"lamp","quantity":2}]}"#,
            &[(Event, "add_to_cart", 1, 0), (Carted, "lamp", 2, 0), (Cart, "EUR", 1, 1_198_000)],
        );
        check(
            "remove_from_cart",
            "",
            r#"{"items":[{"item_id":"lamp","quantity":2,"price":59.9}]}"#,
            &[(Event, "remove_from_cart", 1, 0), (Removed, "lamp", 2, 0), (Cart, "", 1, -1_198_000)],
        );
        check("add_to_cart", "", "{}", &[(Event, "add_to_cart", 1, 0), (Cart, "", 1, 0)]);
    }

    #[test]
    fn the_same_counts_together_and_the_latest_page_is_the_last() {
        let mut tallies = Tallies::default();
        for (path, time) in [("a", 3), ("b", 9), ("a", 5)] {
            tallies.count("page_view", &format!("https://shop.example/{path}"), "{}", time);
        }
        assert_eq!(tallies.counted.len(), 2);
        assert_eq!((tallies.counted[0].count, tallies.last_page), (2, Some(("/b".to_owned(), 9))));
    }
}
