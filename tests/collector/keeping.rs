//! What the collector keeps, how long, and who may read it.

use crate::batches::{batch, event};
use crate::process::Collector;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const DAY_MS: i64 = 86_400_000;

/// A session of a device, with an order.
fn visit(device: &str, session: &str, seq: u64) -> Value {
    let order = json!({ "transaction_id": format!("order of {session}"), "value": 10, "currency": "EUR" });
    let mut visit = batch(&[event(seq, "page_view", &json!({})), event(seq + 1, "purchase", &order)]);
    visit["device"]["id"] = json!(device);
    visit["session"]["id"] = json!(session);
    visit
}

impl Collector {
    /// Asks to erase a device, with more headers; returns status and answer.
    fn erase(&self, device: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let url = format!("http://{}/api/devices/{device}", self.address);
        let mut request = ureq::delete(&url).config().http_status_as_error(false).build();
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.call().expect("an answer");
        (response.status().as_u16(), response.body_mut().read_json().expect("JSON"))
    }

    fn sessions(&self) -> Vec<String> {
        let sessions = self.get("sessions");
        sessions
            .as_array()
            .into_iter()
            .flatten()
            .map(|session| session["id"].as_str().unwrap_or_default().into())
            .collect()
    }
}

/// Rows of each table that are about a device or its sessions.
fn left_of(folder: &Path, device: &str) -> i64 {
    let store = Connection::open(folder.join("events.sqlite")).expect("the store");
    let count = |table: &str, column: &str, value: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} LIKE ?1");
        store.query_row(&sql, [value], |row| row.get(0)).expect("a count")
    };
    let ofs = format!("{device}-%");
    [("sessions", "device_id", device), ("tabs", "device_id", device), ("told_twice", "device_id", device)]
        .into_iter()
        .chain([("events", "session_id", &*ofs), ("orders", "session_id", &ofs)])
        .map(|(table, column, value)| count(table, column, value))
        .sum()
}

#[test]
fn a_device_is_erased_with_all_that_is_known_of_it() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&visit("one", "one-a", 0));
    collector.accept(&visit("one", "one-b", 2));
    collector.accept(&visit("two", "two-a", 4));
    let mut elsewhere = visit("one", "one-c", 6);
    elsewhere["site"] = json!("other");
    collector.accept(&elsewhere);
    assert_eq!(collector.erase("one", &[]), (200, json!({ "sessions": 3, "events": 6, "orders": 3 })));
    assert_eq!(collector.sessions(), ["two-a"]);
    assert_eq!(collector.get("report")["revenue"], 10.0);
    assert_eq!(collector.erase("one", &[]), (200, json!({ "sessions": 0, "events": 0, "orders": 0 })));
    assert_eq!((left_of(folder.path(), "one"), left_of(folder.path(), "two")), (0, 5));
    // What comes later of it is another visit.
    collector.accept(&visit("one", "one-a", 0));
    assert_eq!(collector.sessions(), ["two-a", "one-a"]);
}

#[test]
fn devices_are_erased_from_this_machine_alone() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&visit("one", "one-a", 0));
    for header in [
        ("host", "shop.example"),
        ("host", "shop.example:8787"),
        ("host", "127.0.0.1.evil.example"),
        ("x-forwarded-for", "203.0.113.7"),
        ("forwarded", "for=203.0.113.7"),
        ("x-real-ip", "203.0.113.7"),
        ("via", "1.1 caddy"),
    ] {
        let (status, answer) = collector.erase("one", &[header]);
        assert_eq!(status, 403, "{header:?}");
        let sentence = answer["error"].as_str().unwrap_or_default();
        assert!(sentence.contains("on this machine alone"), "{sentence}");
    }
    assert_eq!(collector.sessions(), ["one-a"]);
    for header in [("host", "localhost"), ("host", "localhost:8787"), ("host", "[::1]:8787"), ("host", "127.0.0.1")] {
        assert_eq!(collector.erase("one", &[header]).0, 200, "{header:?}");
    }
}

#[test]
fn what_is_older_than_it_is_kept_is_erased() {
    let folder = TempDir::new().expect("a folder");
    {
        let collector = Collector::start(folder.path());
        collector.accept(&visit("old", "old-a", 0));
        collector.accept(&visit("both", "both-a", 2));
        collector.accept(&visit("new", "new-a", 4));
        assert_eq!(collector.sessions().len(), 3);
    }
    {
        let store = Connection::open(folder.path().join("events.sqlite")).expect("the store");
        let age = "UPDATE events SET received_at = received_at - ?1 WHERE session_id = 'old-a' OR id = 'event-2'";
        store.execute(age, [31 * DAY_MS]).expect("older");
        store
            .execute("UPDATE tabs SET latest_at = latest_at - ?1 WHERE device_id = 'old'", [31 * DAY_MS])
            .expect("older");
    }
    let collector = Collector::start_with(folder.path(), &["--keep", "30d"]);
    let began = Instant::now();
    while collector.sessions().len() != 2 {
        assert!(began.elapsed() < Duration::from_secs(20), "nothing is erased");
    }
    assert_eq!((left_of(folder.path(), "old"), left_of(folder.path(), "new")), (0, 5));
    let events = collector.get("events?session_id=both-a");
    assert_eq!(events.as_array().map(Vec::len), Some(1), "of a session that is not over the old part goes");
}

#[test]
fn nobody_else_on_the_machine_reads_the_store() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let folder = TempDir::new().expect("a folder");
        let collector = Collector::start(folder.path());
        collector.accept(&visit("one", "one-a", 0));
        let mut files = 0;
        for file in fs::read_dir(folder.path()).expect("a folder").flatten() {
            files += 1;
            let rights = file.metadata().expect("a file").permissions().mode() & 0o777;
            assert_eq!(rights, 0o600, "{:?}", file.file_name());
        }
        assert_eq!(files, 3, "the database, its log and the log's index");
    }
}

#[test]
fn no_address_and_no_user_agent_is_kept() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let url = format!("http://{}/collect", collector.address);
    ureq::post(&url)
        .header("user-agent", "Mozilla/5.0 (a browser of one visitor)")
        .header("x-forwarded-for", "203.0.113.7")
        .header("forwarded", "for=203.0.113.8")
        .header("cookie", "visitor=of-the-site")
        .header("referer", "https://shop.example/account/of-the-visitor")
        .send(visit("one", "one-a", 0).to_string())
        .expect("an answer");
    assert_eq!(collector.sessions(), ["one-a"]);
    for file in fs::read_dir(folder.path()).expect("a folder").flatten() {
        let bytes = fs::read(file.path()).expect("a file");
        for told in ["of one visitor", "Mozilla", "203.0.113", "127.0.0.1", "of-the-site", "of-the-visitor"] {
            let is_there = bytes.windows(told.len()).any(|window| window == told.as_bytes());
            assert!(!is_there, "{told:?} is in {:?}", file.file_name());
        }
    }
}

#[test]
fn sessions_of_bots_are_counted_apart() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&visit("one", "one-a", 0));
    let mut bot = visit("bot", "bot-a", 2);
    bot["device"]["bot"] = json!("webdriver");
    collector.accept(&bot);
    let figures = |path: &str| {
        let report = collector.get(path);
        ["sessions", "bots", "visitors", "transactions", "revenue"].map(|name| report[name].clone())
    };
    assert_eq!(json!(figures("report")), json!([1, 1, 1, 1, 10.0]));
    assert_eq!(json!(figures("report?bots=true")), json!([2, 1, 2, 2, 20.0]));
    for list in ["channels", "funnel", "landing_pages", "sources"] {
        assert_eq!(collector.get("report")[list][0]["sessions"], 1, "{list}");
        assert_eq!(collector.get("report?bots=true")[list][0]["sessions"], 2, "{list}");
    }
    assert_eq!(collector.sessions().len(), 2, "lists have all, each with its label");
    assert_eq!(collector.get("sessions?bots=false")[0]["id"], "one-a");
    assert_eq!(collector.get("sessions?bots=false").as_array().map(Vec::len), Some(1));
    assert_eq!(collector.get("sessions")[1]["bot"], "webdriver");
}
