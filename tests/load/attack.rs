//! What strangers do to a collector, all at once and for a while, beside visitors who mean it: nothing of these is lost, and none
//! waits for long.

use crate::collector::{Client, Collector};
use crate::{latencies, ms, now_ms, visits};
use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Honest clients, and how often each tells something.
const HONEST: u64 = 4;
const PACE: Duration = Duration::from_millis(50);
/// How long an honest batch may take at 99 %, and what the collector may have in memory.
const HONEST_MS_MAX: f64 = 1_000.0;
const MEMORY_BYTES_MAX: u64 = 400 * 1_048_576;

pub(crate) fn run(collector: &Collector, lasts: Duration) -> Result<()> {
    let until = Instant::now() + lasts;
    let (attacks, told, again, is_over) =
        (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let mut all = latencies()?;
    std::thread::scope(|scope| -> Result<()> {
        for attack in
            [large_batches, unfinished_heads, wrong_texts, packed_texts, unread_answers, slow_bodies, invented_sessions]
        {
            let (attacks, is_over) = (&attacks, &is_over);
            scope.spawn(move || {
                let mut round = 0;
                while !is_over.load(Ordering::Relaxed) {
                    // Whatever becomes of it, the next one follows.
                    let _ = attack(collector, round, is_over);
                    attacks.fetch_add(1, Ordering::Relaxed);
                    round += 1;
                }
            });
        }
        let honest: Vec<_> = (0..HONEST)
            .map(|number| {
                let (client, told, again) = (collector.client(), &told, &again);
                scope.spawn(move || {
                    let mut latencies = latencies()?;
                    for device in (0..).map(|device| device * HONEST + number) {
                        for visit in visits::of_device(99, device, "honest", now_ms()) {
                            for (body, count) in visit.batches {
                                if Instant::now() > until {
                                    return Ok(latencies);
                                }
                                let began = Instant::now();
                                let mut status = client.post(body.as_bytes(), true)?;
                                latencies.record(began.elapsed().as_micros() as u64)?;
                                while status == 503 {
                                    again.fetch_add(1, Ordering::Relaxed);
                                    std::thread::sleep(PACE);
                                    status = client.post(body.as_bytes(), true)?;
                                }
                                if status != 204 {
                                    bail!("an honest batch is answered with {status}");
                                }
                                told.fetch_add(count, Ordering::Relaxed);
                                std::thread::sleep(PACE);
                            }
                        }
                    }
                    Ok(latencies)
                })
            })
            .collect();
        let mut failure = Ok(());
        for client in honest {
            match client.join() {
                Ok(Ok(latencies)) => all.add(latencies)?,
                Ok(Err(error)) => failure = Err(error),
                Err(_) => failure = Err(anyhow::anyhow!("an honest client panicked")),
            }
        }
        is_over.store(true, Ordering::Relaxed);
        failure
    })?;
    let memory = collector.peak_bytes().unwrap_or(0);
    println!(
        "{} attacks in {:.0} s; {} honest batches: {:.1} ms of half, {:.1} of 99 %, {:.1} at most; {} told to come again; {:.0} MiB of memory at most",
        attacks.into_inner(),
        lasts.as_secs_f64(),
        all.len(),
        ms(&all, 0.5),
        ms(&all, 0.99),
        ms(&all, 1.0),
        again.into_inner(),
        memory as f64 / 1_048_576.0
    );
    let stored = stored_events(&collector.client())?;
    if stored != told.into_inner() {
        bail!("of honest events not all are there, or more: {stored}");
    }
    if ms(&all, 0.99) > HONEST_MS_MAX || memory > MEMORY_BYTES_MAX {
        bail!("honest visitors wait too long, or the collector takes too much memory");
    }
    Ok(())
}

/// Events of the honest site.
fn stored_events(client: &Client) -> Result<u64> {
    let (mut count, mut after) = (0, String::new());
    loop {
        let events = client.get(&format!("events?site=honest&limit=10000{after}"), "")?.0.context("a list")?;
        let events = events.as_array().context("a list")?;
        let Some(last) = events.last() else { return Ok(count) };
        count += events.len() as u64;
        after = format!("&after={}", last["id"].as_str().unwrap_or_default());
    }
}

fn connect(collector: &Collector) -> Result<TcpStream> {
    let stream = TcpStream::connect(&collector.address)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    stream.set_write_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

fn head(length: usize) -> String {
    format!("POST /collect HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n")
}

fn batch(round: u64, events: u64, props: &str) -> String {
    let now = now_ms();
    let event = |seq: u64| json!({ "id": format!("{round} {seq} {now}"), "name": "e", "time": now, "seq": seq, "tab_id": format!("{round} {now}"), "props": { "a": props } });
    json!({ "schema": "shopbell/1", "site": "strangers", "sent_at": now, "device": { "id": format!("{round} {now}") },
        "session": { "id": format!("{round} {now}"), "number": 1, "reason": "first", "started_at": now },
        "events": (0..events).map(event).collect::<Vec<_>>() })
    .to_string()
}

/// Batches of a thousand events, forty at once.
fn large_batches(collector: &Collector, round: u64, _: &AtomicBool) -> Result<()> {
    let body = |number: u64| batch(round * 40 + number, 1_000, "");
    let mut streams = Vec::new();
    for number in 0..40 {
        let (mut stream, body) = (connect(collector)?, body(number));
        stream.write_all(head(body.len()).as_bytes())?;
        stream.write_all(body.as_bytes())?;
        streams.push(stream);
    }
    streams.iter_mut().try_for_each(|stream| stream.read_to_end(&mut Vec::new()).map(|_| ()))?;
    Ok(())
}

/// Eleven hundred connections that begin a head and do not end it.
fn unfinished_heads(collector: &Collector, _: u64, is_over: &AtomicBool) -> Result<()> {
    let mut streams = Vec::new();
    for _ in 0..1_100 {
        let mut stream = connect(collector)?;
        stream.write_all(b"POST /collect HTTP/1.1\r\nhost: x\r\nx-padding: ")?;
        stream.write_all(&[b'x'; 8_000])?;
        streams.push(stream);
    }
    wait(Duration::from_secs(5), is_over);
    Ok(())
}

/// Wrong texts of 260 KB in a packet.
fn wrong_texts(collector: &Collector, _: u64, is_over: &AtomicBool) -> Result<()> {
    let body = packed(format!("{{\"schema\":\"{}", "x".repeat(260_000)).as_bytes())?;
    collector.client().post(&body, false)?;
    wait(Duration::from_millis(5), is_over);
    Ok(())
}

/// Batches that are small on the way and large when they are here.
fn packed_texts(collector: &Collector, round: u64, is_over: &AtomicBool) -> Result<()> {
    let body = packed(batch(round, 15, &"x".repeat(16_000)).as_bytes())?;
    collector.client().post(&body, false)?;
    wait(Duration::from_millis(20), is_over);
    Ok(())
}

/// Lists that are asked for with the token and never read.
fn unread_answers(collector: &Collector, _: u64, is_over: &AtomicBool) -> Result<()> {
    let mut streams = Vec::new();
    for _ in 0..20 {
        let mut stream = connect(collector)?;
        let token = crate::collector::TOKEN;
        let question =
            format!("GET /api/events?limit=10000 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
        stream.write_all(question.as_bytes())?;
        streams.push(stream);
    }
    wait(Duration::from_secs(5), is_over);
    Ok(())
}

/// Bodies of which a byte comes now and then.
fn slow_bodies(collector: &Collector, _: u64, is_over: &AtomicBool) -> Result<()> {
    let mut streams = Vec::new();
    for _ in 0..200 {
        let mut stream = connect(collector)?;
        stream.write_all(head(200_000).as_bytes())?;
        streams.push(stream);
    }
    for _ in 0..10 {
        streams.retain_mut(|stream| stream.write_all(&[b' '; 1_000]).is_ok());
        wait(Duration::from_millis(500), is_over);
    }
    Ok(())
}

/// Sessions of devices that never were, each with names of its own.
fn invented_sessions(collector: &Collector, round: u64, is_over: &AtomicBool) -> Result<()> {
    let now = now_ms();
    let told = json!({ "schema": "shopbell/1", "site": format!("site {round}"), "sent_at": 0, "device": { "id": format!("invented {round} {now}") },
        "session": { "id": format!("invented {round} {now}"), "number": 1, "reason": "first", "started_at": 8_640_000_000_000_000_u64,
            "landing_page": format!("/{round}{}", "x".repeat(8_000)), "source": { "source": format!("{round} {}", "x".repeat(8_000)), "medium": "x" } },
        "events": [{ "id": format!("invented {round} {now}"), "name": "purchase", "time": 0, "seq": 999_999, "tab_id": "t",
            "props": { "value": 1e9, "currency": "EUR", "transaction_id": format!("A-{round}") } }] });
    collector.client().post(told.to_string().as_bytes(), false)?;
    wait(Duration::from_millis(5), is_over);
    Ok(())
}

fn packed(body: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

fn wait(time: Duration, is_over: &AtomicBool) {
    let until = Instant::now() + time;
    while Instant::now() < until && !is_over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20).min(time));
    }
}
