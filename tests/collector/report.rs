//! Questions of the report over HTTP: what is answered, and the sentence for what is none.

use crate::batches::{batch, event};
use crate::process::{Collector, command};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_millis() as u64
}

/// A batch of a session that began a while ago.
fn visit(session: &str, site: &str, source: &str, events: &[Value]) -> Value {
    let began_at = now_ms() - 7_200_000;
    let events: Vec<Value> = events
        .iter()
        .enumerate()
        .map(|(seq, event)| {
            let mut event = event.clone();
            event["id"] = json!(format!("{session} {seq}"));
            event["time"] = json!(began_at + seq as u64 * 1_000);
            event["tab_id"] = json!(session);
            event
        })
        .collect();
    let mut told = batch(&events);
    (told["site"], told["sent_at"]) = (json!(site), json!(now_ms()));
    told["device"] = json!({ "id": format!("device of {session}"), "screen": [390, 844] });
    told["session"] = json!({ "id": session, "number": 1, "reason": "first", "started_at": began_at, "landing_page": "/p/lamp",
        "source": { "source": source, "medium": "cpc", "campaign": "spring" },
        "first_touch": { "source": "newsletter", "medium": "email" } });
    told
}

fn purchase(seq: u64, id: &str, value: f64, currency: &str) -> Value {
    let item = json!({ "item_id": "lamp", "item_name": "Lamp", "price": value / 2.0, "quantity": 2 });
    event(seq, "purchase", &json!({ "transaction_id": id, "value": value, "currency": currency, "items": [item] }))
}

impl Collector {
    /// The status, the kind and the text of an answer.
    fn download(&self, path: &str) -> (u16, String, String) {
        let url = format!("http://{}/api/{path}", self.address);
        let request = ureq::get(&url).config().http_status_as_error(false).build();
        let mut answer = request.call().expect("an answer");
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let kind = format!("{} {}", header("content-type"), header("content-disposition"));
        (answer.status().as_u16(), kind, answer.body_mut().read_to_string().expect("a text"))
    }
}

const QUESTIONS: [&str; 8] =
    ["report", "breakdown?by=source", "breakdown?by=goal", "products", "funnel", "orders", "now", "sites"];

#[test]
fn a_store_in_which_there_is_nothing_has_answers_too() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &["--goal", "Newsletter=sign_up"]);
    for question in QUESTIONS {
        for time in [
            "period=all",
            "period=today",
            "from=2026-01-01&to=2026-12-31",
            "from=9999-12-31&to=9999-12-31",
            "from=9&to=5",
        ] {
            let path = format!("{question}{}{time}", if question.contains('?') { "&" } else { "?" });
            let (status, _, answer) = collector.download(&path);
            assert_eq!(status, 200, "{path}: {answer}");
        }
    }
}

#[test]
fn what_is_no_question_is_answered_by_a_sentence() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    for (path, expected) in [
        ("breakdown", "by is missing; accepted are channel, source,"),
        ("breakdown?by=colour", "unknown variant `colour`"),
        ("breakdown?by=source&sort=colour", "sort is \\\"colour\\\"; accepted are name, sessions,"),
        ("products?sort=sesions", "accepted are name, views,"),
        ("report?period=soon", "unknown variant `soon`"),
        ("report?from=soon", "accepted is a day such as 2026-11-30, or Unix milliseconds"),
        ("report?from=2026-02-30", "accepted is a day"),
        ("report?period=today&from=5", "exclude each other"),
        ("report?zone=Mars", "\\\"Mars\\\" is no time zone; accepted is an IANA name"),
        ("report?every=hour&from=2020-01-01&to=2029-12-31", "every makes more than 1100 steps"),
        ("report?attribution=last", "unknown variant `last`"),
        ("report?visitor=old", "unknown variant `old`"),
        ("orders?limit=-1", "invalid digit"),
        ("orders?format=xml", "unknown variant `xml`"),
        ("report?colour=red", "unknown field `colour`"),
    ] {
        let (status, _, answer) = collector.download(path);
        assert_eq!(status, 400, "{path}: {answer}");
        assert!(answer.contains(expected) && answer.len() < 600, "{path}: {answer}");
    }
}

#[test]
fn amounts_are_of_one_currency() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let orders = [purchase(0, "A-1", 10.0, "EUR"), purchase(1, "A-2", 30.0, "EUR"), purchase(2, "A-3", 900.0, "USD")];
    collector.accept(&visit("one", "shop", "facebook", &orders));
    let report = collector.get("report");
    assert_eq!((&report["average_order_value"], &report["currency"]), (&json!(20.0), &json!("EUR")));
    let report = collector.get("report?currency=USD&period=30d");
    assert_eq!((&report["revenue"], &report["average_order_value"]), (&json!(900.0), &json!(900.0)));
    let steps = report["series"].as_array().expect("steps");
    let revenue: f64 = steps.iter().filter_map(|step| step["revenue"].as_f64()).sum();
    assert_eq!(json!(revenue), json!(900.0));
    let rows = |path: &str| collector.get(path)["rows"].clone();
    assert_eq!(rows("breakdown?by=source")[0]["revenue"], 40.0);
    assert_eq!(rows("breakdown?by=source&attribution=first_touch")[0]["name"], "newsletter");
    assert_eq!(rows("breakdown?by=source&attribution=first_touch&source=facebook"), json!([]));
    assert_eq!(rows("breakdown?by=campaign&source=facebook&device=phone")[0]["name"], "spring");
    let product = &rows("products")[0];
    assert_eq!(
        (&product["name"], &product["orders"], &product["quantity"], &product["revenue"]),
        (&json!("Lamp"), &json!(3), &json!(6), &json!(40.0))
    );
    assert_eq!(product["revenues"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_order_is_found_and_says_who_told_it() {
    let folder = TempDir::new().expect("a folder");
    let token = "the token of a shop";
    let collector = Collector::start_with(folder.path(), &["--token", token]);
    let post = |body: &Value| {
        let url = format!("http://{}/collect", collector.address);
        let request = ureq::post(&url).header("authorization", format!("Bearer {token}"));
        assert_eq!(request.send(body.to_string()).expect("an answer").status().as_u16(), 204);
    };
    let get = |path: &str| -> Value {
        let url = format!("http://{}/api/{path}", collector.address);
        let request = ureq::get(&url).header("authorization", format!("Bearer {token}"));
        request.call().expect("an answer").body_mut().read_json().expect("JSON")
    };
    post(&visit("one", "shop", "facebook", &[purchase(0, "A-1", 10.0, "EUR"), purchase(1, "A_2", 30.0, "EUR")]));
    post(&visit("two", "shop", "google", &[event(0, "page_view", &json!({}))]));
    for (session, id) in [("one", "A-1"), ("two", "A-10")] {
        post(
            &json!({ "schema": "shopbell/server/1", "site": "shop", "session_id": session, "device_id": format!("device of {session}"),
            "events": [{ "name": "purchase", "props": { "transaction_id": id, "value": 10, "currency": "EUR" } }] }),
        );
    }
    let find = |text: &str| -> Vec<(String, bool, bool, i64)> {
        let orders = get(&format!("orders?search={text}"));
        let rows = orders["rows"].as_array().expect("rows").iter();
        let is = |row: &Value, name: &str| row[name].as_bool().expect("a flag");
        rows.map(|row| {
            let id = row["id"].as_str().expect("an id").to_owned();
            (id, is(row, "is_confirmed"), is(row, "is_told_by_page"), row["items"].as_i64().expect("a count"))
        })
        .collect()
    };
    let (first, second, other) =
        (("A-1".to_owned(), true, true, 2), ("A-10".to_owned(), true, false, 0), ("A_2".to_owned(), false, true, 2));
    assert_eq!(find("A-1"), [first.clone(), second.clone()]);
    assert_eq!(find("A-10"), [second]);
    assert_eq!(find("A_"), [other]);
    assert_eq!(find("%25"), []);
    assert_eq!(find("%27"), []);
    let report = get("report");
    assert_eq!((&report["orders_without_page"], &report["transactions"]), (&json!(1), &json!(3)));
    let listed = get("orders?limit=2&source=facebook");
    assert_eq!((&listed["total"], listed["rows"].as_array().map(Vec::len)), (&json!(2), Some(2)));
    let page = get("orders?limit=1&offset=2");
    assert_eq!((&page["total"], page["rows"].as_array().map(Vec::len)), (&json!(3), Some(1)));
}

#[test]
fn rows_are_a_file_for_spreadsheets() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&visit("one", "shop", "=1+1", &[purchase(0, "A-1", 10.0, "EUR")]));
    let (status, kind, text) = collector.download("breakdown?by=source&format=csv");
    assert_eq!((status, &*kind), (200, "text/csv; charset=utf-8 attachment; filename=\"shopbell-breakdown.csv\""));
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert!(lines[0].starts_with("name,sessions,visitors,") && lines[0].ends_with(",revenues.EUR"), "{text}");
    assert!(lines[1].starts_with("'=1+1,1,1,"), "{text}");
    for question in ["report", "sessions", "events", "orders", "products", "funnel", "sites"] {
        let (status, kind, text) = collector.download(&format!("{question}?format=csv"));
        assert!(status == 200 && kind.starts_with("text/csv") && text.lines().count() > 1, "{question}: {text}");
    }
}

#[test]
fn who_is_there_now_and_on_which_sites() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&visit("before", "shop", "facebook", &[event(0, "page_view", &json!({}))]));
    assert_eq!(collector.get("now")["visitors"], 0);
    let mut now = visit("now", "blog", "facebook", &[event(0, "page_view", &json!({}))]);
    now["session"]["started_at"] = json!(now_ms());
    now["events"][0]["time"] = json!(now_ms());
    collector.accept(&now);
    let found = collector.get("now");
    assert_eq!((&found["visitors"], &found["pages"]), (&json!(1), &json!([{ "name": "/p/lamp", "sessions": 1 }])));
    assert_eq!(collector.get("now?site=shop")["visitors"], 0);
    assert_eq!(collector.get("sites"), json!([{ "name": "blog", "sessions": 1 }, { "name": "shop", "sessions": 1 }]));
}

#[test]
fn a_week_is_printed_to_be_mailed() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&visit("one", "shop", "<b>facebook</b>", &[purchase(0, "A-1", 1_234.5, "EUR")]));
    drop(collector);
    let store = format!("sqlite:{}", folder.path().join("events.sqlite").display());
    let print = |words: &[&str]| {
        let output = command(&["summary", "--store", &store]).args(words).output().expect("it runs");
        (
            output.status.code(),
            String::from_utf8(output.stdout).expect("a text"),
            String::from_utf8(output.stderr).expect("a text"),
        )
    };
    // The week that is going on is none that is over: it is named.
    let week = jiff::Zoned::now().date().iso_week_date();
    let week = format!("{:04}-W{:02}", week.year(), week.week());
    let (code, text, _) = print(&["--week", &week, "--site", "shop"]);
    let is_whole = text.contains("1,234.50 EUR") && text.contains("<b>facebook</b>  ") && text.contains("Lamp");
    assert!(code == Some(0) && is_whole, "{text}");
    let (_, page, _) = print(&["--week", &week, "--format", "html"]);
    assert!(
        page.contains("&lt;b&gt;facebook&lt;/b&gt;") && !page.contains("<script") && !page.contains("http"),
        "{page}"
    );
    let (code, _, error) = print(&["--week", "48"]);
    assert!(code == Some(2) && error.contains("2026-W48"), "{error}");
    let missing = command(&["summary", "--store", "sqlite:/nowhere/else.sqlite"]).output().expect("it runs");
    assert!(missing.status.code() == Some(1) && String::from_utf8_lossy(&missing.stderr).contains("is not there"));
}
