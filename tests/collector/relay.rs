//! What a relay's target gets, whatever the target and the collector do.

use crate::process::{Collector, command};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BATCHES: u64 = 200;
const EVENTS: u64 = 50;

/// A target: what it got, and the status that it answers with after so many milliseconds.
#[derive(Clone, Default)]
struct Target {
    bodies: Arc<Mutex<Vec<(String, String)>>>,
    status: Arc<AtomicU64>,
    delay_ms: Arc<AtomicU64>,
}

impl Target {
    fn listen(&self, port: u16) {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let target = self.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let target = target.clone();
                thread::spawn(move || target.serve(&stream));
            }
        });
    }

    fn serve(&self, mut stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut head, mut line) = (String::new(), String::new());
            while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 2) {
                head.push_str(&line.to_lowercase());
                line.clear();
            }
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
            let Some(length) = length else { return };
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(self.delay_ms.load(Ordering::Relaxed)));
            let status = self.status.load(Ordering::Relaxed);
            if status == 200 {
                self.bodies.lock().expect("no panic").push((head, String::from_utf8_lossy(&body).into_owned()));
            }
            if write!(stream, "HTTP/1.1 {status} Said\r\ncontent-length: 2\r\n\r\n{{}}").is_err() {
                return;
            }
        }
    }

    /// The ids of all rows, in the order in which they came.
    fn ids(&self) -> Vec<String> {
        let bodies = self.bodies.lock().expect("no panic");
        let rows = bodies.iter().flat_map(|(_, body)| body.lines());
        rows.map(|row| serde_json::from_str::<Value>(row).expect("JSON")["id"].as_str().expect("an id").to_owned())
            .collect()
    }

    fn says(&self, status: u64, delay_ms: u64) {
        self.status.store(status, Ordering::Relaxed);
        self.delay_ms.store(delay_ms, Ordering::Relaxed);
    }
}

fn batch(place: u64) -> String {
    let event = |seq: u64| {
        json!({ "id": format!("event {seq}"), "name": "view_item", "time": 1_000 + seq, "offset_ms": seq, "tab_id": "tab",
            "page_id": "page", "seq": seq, "url": "https://shop.example/p/lamp", "title": "Lamp\n2", "consent": "granted",
            "props": { "currency": "EUR", "value": 59.9, "items": [{ "item_id": "lamp" }] } })
    };
    let events: Vec<Value> = (place * EVENTS..(place + 1) * EVENTS).map(event).collect();
    json!({ "schema": "shopbell/1", "tracker": "0.1.0", "site": "shop", "sent_at": 2_000, "device": { "id": "device" },
        "session": { "id": format!("session {}", place / 10), "number": 1, "reason": "first", "started_at": 1_000,
            "landing_page": "/p/lamp", "source": { "source": "facebook", "medium": "cpc" },
            "first_touch": { "source": "google", "medium": "organic" },
            "last_non_direct": { "source": "facebook", "medium": "cpc" } },
        "events": events })
    .to_string()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "never came true: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn all_that_is_stored_comes_to_the_target_whatever_happens() {
    let (folder, port, target) = (TempDir::new().expect("a folder"), free_port(), Target::default());
    let relay = format!("ndjson=http://key@127.0.0.1:{port}/in?table=events");
    let arguments = ["--relay", &relay];
    let mut collector = Collector::start_with(folder.path(), &arguments);
    for place in 0..BATCHES {
        let url = format!("http://{}/collect", collector.address);
        ureq::post(&url).content_type("text/plain").send(batch(place)).expect("a target that is down slows nobody");
    }
    let health = &collector.get("health")["relays"][0];
    assert_eq!(health["relay"], format!("ndjson=http://127.0.0.1:{port}/in?table=events"), "without the key");
    assert_eq!(health["waiting"], BATCHES * EVENTS);
    until("the failure shows", || collector.get("health")["relays"][0]["failure"].is_string());
    assert!(collector.get("health")["relays"][0]["lag_ms"].as_u64() > Some(0));
    // It refuses, then it is slow; and the collector is killed.
    target.says(503, 0);
    target.listen(port);
    until("it is said that it refuses", || {
        collector.get("health")["relays"][0]["failure"].as_str().is_some_and(|failure| failure.contains("503"))
    });
    target.says(200, 5);
    until("some have come", || target.ids().len() > 1_000);
    drop(collector);
    collector = Collector::start_with(folder.path(), &arguments);
    until("more have come", || target.ids().len() > 3_000);
    target.says(429, 0);
    thread::sleep(Duration::from_millis(300));
    target.says(200, 0);
    until("all is there", || collector.get("health")["relays"][0]["waiting"] == 0);
    let ids = target.ids();
    let mut seen = HashSet::new();
    let first: Vec<_> = ids.iter().filter(|id| seen.insert((*id).clone())).collect();
    let expected: Vec<_> = (0..BATCHES * EVENTS).map(|seq| format!("event {seq}")).collect();
    assert_eq!(first, expected.iter().collect::<Vec<_>>(), "each, in order");
    println!("{} events, {} more under an id that was there", seen.len(), ids.len() - seen.len());
    assert!(ids.len() - seen.len() <= EVENTS as usize, "what was under way as the collector was killed");
    let health = &collector.get("health")["relays"][0];
    assert_eq!((&health["lag_ms"], &health["rejected"]), (&json!(0), &json!(0)));
    let row: Value = serde_json::from_str(target.bodies.lock().expect("no panic")[0].1.lines().next().expect("a row"))
        .expect("JSON");
    for (column, value) in [
        ("site", json!("key")),
        ("session_id", json!("session 0")),
        ("source", json!("facebook")),
        ("first_source", json!("google")),
        ("device_id", json!("device")),
        ("title", json!("Lamp 2")),
        ("props", json!(r#"{"currency":"EUR","items":[{"item_id":"lamp"}],"value":59.9}"#)),
    ] {
        assert_eq!(row[column], value, "{column}");
    }
}

#[test]
fn what_a_target_refuses_for_good_is_counted_and_does_not_stop_it() {
    let (folder, port, target) = (TempDir::new().expect("a folder"), free_port(), Target::default());
    target.says(400, 0);
    target.listen(port);
    let relay = format!("segment=http://key@127.0.0.1:{port}");
    let collector = Collector::start_with(folder.path(), &["--relay", &relay]);
    let url = format!("http://{}/collect", collector.address);
    ureq::post(&url).content_type("text/plain").send(batch(0)).expect("stored");
    until("it is counted", || collector.get("health")["relays"][0]["rejected"] == EVENTS);
    target.says(200, 0);
    ureq::post(&url).content_type("text/plain").send(batch(1)).expect("stored");
    until("the others are there", || collector.get("health")["relays"][0]["sent"] == EVENTS);
    let (head, body) = target.bodies.lock().expect("no panic")[0].clone();
    assert!(head.starts_with("post /v1/batch ") && head.contains("authorization: basic a2v5og=="), "{head}");
    assert!(body.contains("\"writeKey\":\"key\""), "{body}");
}

#[test]
fn a_collector_relays_to_another_as_if_the_tracker_had_told_it() {
    let (folder, other_folder) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let other = Collector::start_with(other_folder.path(), &[]);
    let relay = format!("native=http://{}/collect", other.address);
    let collector = Collector::start_with(folder.path(), &["--relay", &relay]);
    for place in [0, 1, 10] {
        let url = format!("http://{}/collect", collector.address);
        ureq::post(&url).content_type("text/plain").send(batch(place)).expect("stored");
    }
    until("all is there", || collector.get("health")["relays"][0]["waiting"] == 0);
    let told = |collector: &Collector, path: &str| {
        let mut list = collector.get(path);
        for entry in list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            // When it left and came; and the visitor's clock, which was wrong and has been corrected, by each batch anew.
            let told =
                ["sent_at", "received_at", "clock_skew_ms", "time", "started_at", "last_event_at", "duration_ms"];
            entry.retain(|name, _| !told.contains(&&**name));
        }
        list
    };
    for path in ["sessions?site=shop", "events?site=shop&limit=1000"] {
        // A line break in a text is a blank on the way: an event is lines.
        let here = told(&collector, path).to_string().replace("\\n", " ");
        let (here, there): (Value, Value) = (serde_json::from_str(&here).expect("JSON"), told(&other, path));
        for (one, other) in here.as_array().into_iter().flatten().zip(there.as_array().into_iter().flatten()) {
            assert_eq!(other, one, "{path}");
        }
        assert_eq!(there.as_array().map(Vec::len), here.as_array().map(Vec::len), "{path}");
    }
    assert_eq!(collector.get("health")["relays"][0]["rejected"], 0);
}

#[test]
fn a_target_that_wants_another_key_loses_nothing() {
    let (folder, port, target) = (TempDir::new().expect("a folder"), free_port(), Target::default());
    target.says(401, 0);
    target.listen(port);
    let relay = format!("segment=http://a%20key:secret@127.0.0.1:{port}");
    let collector = Collector::start_with(folder.path(), &["--relay", &relay]);
    let url = format!("http://{}/collect", collector.address);
    ureq::post(&url).content_type("text/plain").send(batch(0)).expect("stored");
    let health = || collector.get("health")["relays"][0].clone();
    until("it shows", || health()["failure"] == "answered with 401");
    assert_eq!((&health()["waiting"], &health()["rejected"]), (&json!(EVENTS), &json!(0)));
    assert!(!health().to_string().contains("secret"), "{}", health());
    target.says(200, 0);
    until("it is there", || health()["sent"] == EVENTS);
    let (_, body) = target.bodies.lock().expect("no panic")[0].clone();
    assert!(body.contains("\"writeKey\":\"a key\""), "{body}");
}

#[test]
fn a_relay_that_is_none_is_one_sentence() {
    for relay in ["snowplow", "carrier-pigeon=http://127.0.0.1", "snowplow=collector", "snowplow=ftp://127.0.0.1"] {
        let output = command(&["--relay", relay]).output().expect("it ends");
        let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && sentence.contains("accepted is FORMAT=URL"), "{relay}: {sentence}");
    }
}
