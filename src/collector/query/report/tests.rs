//! A report is what slow queries over the tables say, whatever was told, changed and erased.

use super::report;
use crate::batch::Batch;
use crate::figures::Changed;
use crate::figures::Figures;
use crate::keeping::erase_device;
use crate::query::breakdown::breakdown;
use crate::query::funnel::funnel;
use crate::query::named::By;
use crate::query::period::{Period, When};
use crate::query::products::products;
use crate::query::{Query, Question, Visitor};
use crate::schema;
use crate::writing::add;
use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

const NOW: u64 = 1_773_172_800_000;
const SOURCES: [&str; 3] = ["facebook", "google", "newsletter"];
const PAGES: [&str; 3] = ["/", "/p/lamp", "/c/light"];

/// Something that happens to a store.
#[derive(Clone, Debug)]
enum Act {
    Tell {
        session: u64,
        device: u64,
        source: usize,
        page: usize,
        began_ms: u64,
        is_bot: bool,
        order: Option<(u64, u64)>,
    },
    Erase {
        device: u64,
    },
}

fn act() -> impl Strategy<Value = Act> {
    let told = (
        0..12_u64,
        0..4_u64,
        0..3_usize,
        0..3_usize,
        0..100_000_u64,
        prop::bool::weighted(0.1),
        prop::option::of((0..6_u64, 0..9_u64)),
    );
    let tell = told.prop_map(|(session, device, source, page, began_ms, is_bot, order)| Act::Tell {
        // A session is of one device.
        session: session * 4 + device,
        device,
        source,
        page,
        began_ms,
        is_bot,
        order,
    });
    prop_oneof![20 => tell, 1 => (0..4_u64).prop_map(|device| Act::Erase { device })]
}

/// A batch of a page view and, if there is one, an order.
fn batch(act: &Act, number: usize) -> Option<Batch> {
    let Act::Tell { session, device, source, page, began_ms, is_bot, order } = act else { return None };
    let item = json!({ "item_id": format!("item {}", number % 3), "price": 2, "quantity": 1 + number % 2 });
    let url = format!("https://shop.example{}", PAGES[number % 3]);
    let event = |what: &str, name: &str, at: u64, props: Value| {
        json!({ "id": format!("{number} {what}"), "name": name, "url": url,
        "time": NOW + began_ms + at, "props": props })
    };
    let mut events = vec![event("view", "page_view", 500, json!({}))];
    match number % 4 {
        0 => events.push(event("look", "view_item", 600, json!({ "items": [item, item] }))),
        1 => events.push(event(
            "put",
            "add_to_cart",
            700,
            json!({ "currency": "EUR", "value": number, "items": [item] }),
        )),
        2 => events.push(event("seek", "search", 800, json!({ "search_term": SOURCES[number % 3] }))),
        _ => {}
    }
    if let Some((id, value)) = order {
        let props = json!({ "transaction_id": format!("order {id}"), "value": value, "items": [item],
            "currency": if id % 2 == 0 { "EUR" } else { "USD" } });
        events.push(
            json!({ "id": format!("{number} sold"), "name": "purchase", "time": NOW + began_ms + 900, "props": props }),
        );
        if *value == 3 {
            let refund = json!({ "transaction_id": format!("order {id}"), "value": 1 });
            events.push(json!({ "id": format!("{number} back"), "name": "refund", "time": NOW + began_ms + 950, "props": refund }));
        }
    }
    let device_id = if *device == 0 { Value::Null } else { json!(format!("device {device}")) };
    let told = json!({ "schema": "shopbell/1", "site": if session % 5 == 0 { "blog" } else { "shop" }, "sent_at": NOW + 200_000,
        "device": { "id": device_id, "bot": is_bot.then_some("webdriver") },
        "session": { "id": format!("session {session}"), "number": session % 3 + 1, "reason": "first", "started_at": NOW + began_ms,
            "landing_page": PAGES[*page], "source": { "source": SOURCES[*source], "medium": "cpc" } },
        "events": events });
    Some(Batch::read(told.to_string().as_bytes()).expect("a batch"))
}

/// The sessions that a query is about, as SQL.
fn chosen(query: &Query) -> String {
    let mut conditions = vec!["bot IS NULL".to_owned()];
    let mut is = |column: &str, value: &Option<String>| {
        conditions.extend(value.as_ref().map(|value| format!("{column} = '{value}'")));
    };
    is("site", &query.site);
    is("source", &query.source);
    is("landing_page", &query.landing_page);
    let moment = |when: Option<When>| when.map(|when| if let When::Moment(moment) = when { moment } else { 0 });
    conditions.extend(moment(query.from).map(|from| format!("began_at >= {from}")));
    conditions.extend(moment(query.to).map(|to| format!("began_at < {to}")));
    conditions.extend(query.visitor.map(|visitor| format!("(number = 1) = {}", visitor.is_new())));
    format!("FROM sessions WHERE {}", conditions.join(" AND "))
}

/// What the tables say, by the filters that are given.
fn slowly(connection: &Connection, query: &Query) -> Value {
    let chosen = chosen(query);
    let one = |sql: String| connection.query_row(&sql, [], |row| row.get::<_, f64>(0)).expect("a number");
    let orders =
        format!("orders JOIN (SELECT site AS of_site, id AS of_id {chosen}) ON site = of_site AND session_id = of_id");
    json!([
        one(format!("SELECT CAST(count(*) AS REAL) {chosen}")),
        one(format!("SELECT CAST(count(DISTINCT nullif(device_id, '')) AS REAL) {chosen}")),
        one(format!("SELECT total(page_views) {chosen}")),
        one(format!("SELECT CAST(count(*) AS REAL) FROM {orders}")),
        one(format!("SELECT total(value_ten_thousandths) / 10000 FROM {orders}")),
        one(format!("SELECT coalesce(avg(last_event_at - started_at), 0.0) {chosen}")),
    ])
}

/// The sessions that a query is about, by what they did, out of their events: sessions and counts of pages and searches, of
/// products how often they were looked at and how many sessions put them into the cart, and the carts that were left.
fn told(connection: &Connection, query: &Query) -> Value {
    let chosen = chosen(query);
    let mut statement = connection
        .prepare(&format!(
            "SELECT session_id, site, name, url, props, EXISTS (SELECT 1 FROM orders WHERE orders.session_id = events.session_id
                AND orders.site = events.site)
             FROM events WHERE (site, session_id) IN (SELECT site, id {chosen})"
        ))
        .expect("a query");
    let mut rows = statement.query([]).expect("events");
    let mut pages: BTreeMap<String, (BTreeSet<String>, u64)> = BTreeMap::new();
    let mut searches = pages.clone();
    let (mut viewed, mut carted) = (pages.clone(), pages.clone());
    let mut left: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(row) = rows.next().expect("an event") {
        let text = |index: usize| row.get::<_, String>(index).expect("a text");
        let session = format!("{} {}", text(1), text(0));
        let props: Value = serde_json::from_str(&text(4)).expect("props");
        let add = |names: &mut BTreeMap<String, (BTreeSet<String>, u64)>, name: &str| {
            let (sessions, count) = names.entry(name.to_owned()).or_default();
            sessions.insert(session.clone());
            *count += 1;
        };
        let items = || props["items"].as_array().expect("items").iter().filter_map(|item| item["item_id"].as_str());
        match &*text(2) {
            "page_view" => add(&mut pages, text(3).strip_prefix("https://shop.example").expect("a URL")),
            "search" => add(&mut searches, props["search_term"].as_str().expect("a term")),
            "view_item" => items().for_each(|id| add(&mut viewed, id)),
            "add_to_cart" => {
                items().for_each(|id| add(&mut carted, id));
                if !row.get::<_, bool>(5).expect("a flag") {
                    *left.entry(session.clone()).or_default() += props["value"].as_u64().expect("a value");
                }
            }
            _ => {}
        }
    }
    let counts = |names: BTreeMap<String, (BTreeSet<String>, u64)>| -> Vec<(String, usize, u64)> {
        names.into_iter().map(|(name, (sessions, count))| (name, sessions.len(), count)).collect()
    };
    let views: Vec<_> = counts(viewed).into_iter().map(|(id, _, count)| (id, count)).collect();
    let carts: Vec<_> = counts(carted).into_iter().map(|(id, sessions, _)| (id, sessions)).collect();
    json!([counts(pages), counts(searches), views, carts, left.len(), left.values().sum::<u64>() as f64])
}

/// The same as questions answer it.
fn answered(connection: &Connection, figures: &Figures, query: &Query) -> Value {
    let by = |by: By| {
        let query = Query { by: Some(by), sort: Some("name".to_owned()), ..query.clone() };
        let rows = breakdown(figures, &asked(&query)).expect("an answer").rows;
        let rows = serde_json::to_value(rows).expect("JSON");
        let row = |row: &Value| json!([row["name"], row["sessions"], row["count"]]);
        rows.as_array().expect("rows").iter().map(row).collect::<Vec<_>>()
    };
    let query = Query { sort: Some("name".to_owned()), ..query.clone() };
    let products = products(connection, figures, &asked(&query)).expect("products").expect("an answer").rows;
    let products = serde_json::to_value(products).expect("JSON");
    let of = |column: &str| -> Vec<Value> {
        let has = products.as_array().expect("rows").iter().filter(|product| product[column] != 0);
        has.map(|product| json!([product["id"], product[column]])).collect()
    };
    let carts = serde_json::to_value(funnel(figures, &asked(&query)).carts).expect("JSON");
    let value: f64 = carts["values"].as_array().expect("values").iter().filter_map(|one| one["value"].as_f64()).sum();
    json!([by(By::Page), by(By::Search), of("views"), of("carts"), carts["abandoned"], value])
}

fn quickly(connection: &Connection, figures: &Figures, query: &Query) -> Value {
    let report = report(connection, figures, &asked(query)).expect("a report").expect("an answer");
    let report = serde_json::to_value(report).expect("JSON");
    let number = |field: &str| report[field].as_f64().expect("a number");
    let revenue: f64 =
        report["revenues"].as_array().into_iter().flatten().filter_map(|one| one["revenue"].as_f64()).sum();
    json!([
        number("sessions"),
        number("visitors"),
        number("page_views"),
        number("transactions"),
        revenue,
        number("mean_duration_ms")
    ])
}

fn asked(query: &Query) -> Question {
    let period = Period::new(None, (query.from, query.to), jiff::tz::TimeZone::UTC, NOW as i64).expect("a time");
    Question { query: query.clone(), period, now_ms: 2 * NOW as i64, goals: Vec::new() }
}

fn load(connection: &Connection) -> rusqlite::Result<Figures> {
    let path = connection.path().expect("a file");
    Figures::load(connection, &mut Connection::open(path)?)
}

fn questions(from: i64) -> Vec<Query> {
    let text = |text: &str| Some(text.to_owned());
    vec![
        Query::default(),
        Query { site: text("shop"), ..Query::default() },
        Query { source: text("google"), visitor: Some(Visitor::New), ..Query::default() },
        Query {
            site: text("blog"),
            landing_page: text("/p/lamp"),
            visitor: Some(Visitor::Returning),
            ..Query::default()
        },
        Query { from: Some(When::Moment(from)), ..Query::default() },
        Query {
            from: Some(When::Moment(from)),
            to: Some(When::Moment(from + 30_000)),
            source: text("facebook"),
            ..Query::default()
        },
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_report_is_what_the_tables_say(acts in prop::collection::vec(act(), 1..60), from_ms in 0..100_000_i64) {
        let folder = TempDir::new().expect("a folder");
        let mut connection = schema::open(&folder.path().join("events.sqlite")).expect("a store");
        let mut figures = load(&connection).expect("figures");
        for (number, act) in acts.iter().enumerate() {
            let mut changed = Changed::new();
            if let Some(batch) = batch(act, number) {
                let transaction = connection.transaction().expect("a transaction");
                prop_assert_eq!(add(&transaction, &batch, NOW + 200_000, &mut changed).expect("stored"), Ok(()));
                transaction.commit().expect("stored");
            }
            if let Act::Erase { device } = act {
                changed = erase_device(&mut connection, &format!("device {device}")).expect("erased").1;
            }
            figures.refresh(&connection, &changed).expect("figures");
        }
        let anew = load(&connection).expect("figures");
        for query in questions(NOW as i64 + from_ms) {
            let expected = slowly(&connection, &query);
            prop_assert_eq!(&quickly(&connection, &figures, &query), &expected, "{:?}", query);
            prop_assert_eq!(&quickly(&connection, &anew, &query), &expected, "read anew: {:?}", query);
            let expected = told(&connection, &query);
            prop_assert_eq!(&answered(&connection, &figures, &query), &expected, "{:?}", query);
            prop_assert_eq!(&answered(&connection, &anew, &query), &expected, "read anew: {:?}", query);
        }
    }
}

/// The collector's own clock is set back by a year, and forward by two: what came is there, once, and at no impossible time.
#[test]
fn a_clock_that_is_set_loses_nothing() {
    const YEAR_MS: u64 = 31_536_000_000;
    let folder = TempDir::new().expect("a folder");
    let mut connection = schema::open(&folder.path().join("events.sqlite")).expect("a store");
    let mut figures = load(&connection).expect("figures");
    for (number, received_at) in [NOW, NOW - YEAR_MS, NOW + YEAR_MS, NOW].into_iter().enumerate() {
        let session = number as u64 % 3;
        let act = Act::Tell { session, device: 1, source: 0, page: 0, began_ms: 0, is_bot: false, order: None };
        for _ in 0..2 {
            let mut changed = Changed::new();
            let transaction = connection.transaction().expect("a transaction");
            let told = batch(&act, number).expect("a batch");
            assert_eq!(add(&transaction, &told, received_at, &mut changed).expect("stored"), Ok(()));
            transaction.commit().expect("stored");
            figures.refresh(&connection, &changed).expect("figures");
        }
        let began: i64 = connection
            .query_row("SELECT began_at FROM sessions WHERE id = ?1", [format!("session {session}")], |row| row.get(0))
            .expect("a session");
        let first_received_at = if number == 3 { NOW } else { received_at };
        assert!((0..=200_000).contains(&(first_received_at as i64 - began)), "{number}: {began}");
    }
    let events: i64 = connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).expect("a count");
    let query = Query::default();
    assert_eq!((events, &quickly(&connection, &figures, &query)), (7, &slowly(&connection, &query)));
}
