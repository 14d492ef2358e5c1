//! A month of a home-goods shop, from a seed: what its report shows is believable, and a newcomer sees no empty page.

use crate::collector::Client;
use crate::visitor::Visitor;
use anyhow::{Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Clients that tell at once.
const CLIENTS: usize = 16;

/// Tells a collector of so many visits that began in the month before now.
pub(crate) fn fill(client: &Client, visits: u64, seed: u64, now: u64) -> Result<()> {
    let bar = ProgressBar::new(visits);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} visits, {eta} left")?);
    // Of each visitor, what is told of each visit.
    let mut visitors: Vec<Vec<Vec<Value>>> = Vec::new();
    let mut left = visits as usize;
    for number in 0.. {
        if left == 0 {
            break;
        }
        let mut visitor = Visitor::new(seed, number);
        let begins = visitor.begins(now);
        visitors.push(begins.into_iter().take(left).map(|began_at| visitor.visit(began_at, now)).collect());
        left -= visitors.last().map_or(0, Vec::len);
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let tell = || -> Result<()> {
            while let Some(visits) = visitors.get(next.fetch_add(1, Ordering::Relaxed)) {
                for visit in visits {
                    visit.iter().try_for_each(|body| post(client, body))?;
                    bar.inc(1);
                }
            }
            Ok(())
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(tell)).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
    })?;
    bar.finish();
    Ok(())
}

fn post(client: &Client, body: &Value) -> Result<()> {
    let body = body.to_string();
    loop {
        match client.post(body.as_bytes(), true)? {
            204 => return Ok(()),
            503 => thread::sleep(Duration::from_millis(100)),
            status => bail!("a batch of the month is answered with {status}"),
        }
    }
}
