//! The collector under load, under siege and under the axe. `--nocapture` shows what it does in a second.

mod process;

use process::Collector;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const EVENTS: u64 = 50;
const CLIENTS: u64 = 4;

impl Collector {
    /// Bytes that it has in memory, where the system tells.
    fn memory_bytes(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
    }
}

/// The batch of a client's place, as the tracker sends it.
fn batch(client: u64, place: u64) -> String {
    let event = |seq: u64| {
        json!({ "id": format!("{client}-{seq}"), "name": "view_item", "time": 1_000, "offset_ms": seq,
            "tab_id": format!("tab {client}"), "page_id": "page", "seq": seq, "url": "https://shop.example/p/lamp",
            "title": "Lamp", "props": { "currency": "EUR", "value": 59.9, "items": [{ "item_id": "lamp" }] } })
    };
    let events: Vec<Value> = (place * EVENTS..(place + 1) * EVENTS).map(event).collect();
    json!({ "schema": "shopbell/1", "tracker": "0.1.0", "site": "shop", "sent_at": 2_000, "device": { "id": "device" },
        "session": { "id": format!("session {client}"), "number": 1, "reason": "first", "started_at": 1_000,
            "landing_page": "/p/lamp", "source": { "source": "facebook", "medium": "cpc" } },
        "events": events })
    .to_string()
}

#[test]
fn nothing_that_was_acknowledged_is_missing_after_a_kill_under_load() {
    let folder = TempDir::new().expect("a folder");
    let mut collector = Collector::start_with(folder.path(), &[]);
    let url = format!("http://{}/collect", collector.address);
    let acknowledged = Mutex::new(Vec::new());
    let is_over = AtomicBool::new(false);
    let began = Instant::now();
    let (count, memory) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (url, acknowledged, is_over, count) = (&url, &acknowledged, &is_over, &count);
            scope.spawn(move || {
                for place in 0.. {
                    let answer = ureq::post(url).content_type("text/plain").send(batch(client, place));
                    if is_over.load(Ordering::Relaxed) || answer.is_err() {
                        return;
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                    acknowledged.lock().expect("no panic").push((client, place));
                }
            });
        }
        while count.load(Ordering::Relaxed) < 100 {
            assert!(began.elapsed() < Duration::from_mins(1), "it takes batches");
            std::thread::yield_now();
        }
        memory.store(collector.memory_bytes().unwrap_or(0), Ordering::Relaxed);
        // SIGKILL, with requests under way.
        collector.process.kill().expect("it can be killed");
        is_over.store(true, Ordering::Relaxed);
    });
    let seconds = began.elapsed().as_secs_f64();
    let acknowledged = acknowledged.into_inner().expect("no panic");
    let events = acknowledged.len() as u64 * EVENTS;
    println!(
        "{:.0} events a second from {CLIENTS} clients, each batch on the disk before its answer; {:.1} MiB",
        events as f64 / seconds,
        memory.load(Ordering::Relaxed) as f64 / 1_048_576.0
    );
    let collector = Collector::start_with(folder.path(), &[]);
    let mut stored = std::collections::HashSet::new();
    let mut after = String::new();
    loop {
        let page = collector.get(&format!("events?limit=10000{after}"));
        let page = page.as_array().expect("a list");
        let Some(last) = page.last() else { break };
        after = format!("&after={}", last["id"].as_str().expect("an id"));
        stored.extend(page.iter().map(|event| event["id"].as_str().expect("an id").to_owned()));
    }
    for (client, place) in acknowledged {
        for seq in place * EVENTS..(place + 1) * EVENTS {
            assert!(
                stored.contains(&format!("{client}-{seq}")),
                "event {client}-{seq} was acknowledged and is missing"
            );
        }
    }
    // A batch is stored whole or not at all.
    assert_eq!(stored.len() as u64 % EVENTS, 0);
}

#[test]
fn slow_bodies_and_thousands_of_idle_connections_stop_nobody() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &[]);
    let before = collector.memory_bytes();
    let wanted: usize = std::env::var("IDLE").ok().and_then(|idle| idle.parse().ok()).unwrap_or(10_000);
    let mut idle: Vec<TcpStream> = Vec::new();
    for _ in 0..wanted {
        // Where the system allows fewer, as many as it does.
        let Ok(stream) = TcpStream::connect(&collector.address) else { break };
        idle.push(stream);
    }
    let mut slow: Vec<TcpStream> = Vec::new();
    for _ in 0..200 {
        let Ok(mut stream) = TcpStream::connect(&collector.address) else { break };
        let head = "POST /collect HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 100000\r\n\r\n{";
        if stream.write_all(head.as_bytes()).is_ok() {
            slow.push(stream);
        }
    }
    // Room for the client that comes.
    idle.truncate(idle.len().saturating_sub(8));
    assert!(idle.len() + slow.len() >= 800, "{} connections", idle.len());
    let url = format!("http://{}/collect", collector.address);
    let began = Instant::now();
    for place in 0..20 {
        let answer = ureq::post(&url).content_type("text/plain").send(batch(0, place)).expect("an answer");
        assert_eq!(answer.status().as_u16(), 204);
    }
    let kilobytes =
        collector.memory_bytes().zip(before).map_or(0, |(after, before)| after.saturating_sub(before)) / 1_024;
    println!(
        "beside {} idle connections and {} slow bodies: 20 batches in {:.0} ms, {kilobytes} KiB more memory",
        idle.len(),
        slow.len(),
        began.elapsed().as_secs_f64() * 1_000.0
    );
    // A body that does not go on is given up, with a sentence.
    let mut answer = String::new();
    let stream = slow.first_mut().expect("a slow one");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("it can wait");
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}
