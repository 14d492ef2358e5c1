//! Forwards what is stored to a target in a wire format of the tracker's: at least once, in the order in which it came.
//!
//! How far it is stands in the store. It is noted after the target has answered, so that a crash in between sends the same events
//! again, under the same ids. A target that fails is asked again after a wait, and nobody waits for it.

use crate::clock::now_ms;
use crate::stored::{self, Run};
use anyhow::{Context, Result};
use base64::Engine;
use percent_encoding::percent_decode_str;
use rusqlite::{Connection, OptionalExtension};
use serde::Serialize;
use shopbell_core::formats::{self, Format};
use shopbell_core::outbox::{Answer, Counters, backoff_ms};
use shopbell_core::time::{Timestamp, Uptime};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use ureq::http::Response;
use ureq::{Agent, Body};
use url::Url;

/// How long a target may take to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// How often a relay that has sent everything looks for more.
const IDLE: Duration = Duration::from_millis(500);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 65_536;

/// What to relay, and where.
#[derive(Clone, Debug)]
pub struct Relay {
    format: Format,
    url: Url,
    /// What the target calls the site, where that is not its name here: the user in the URL.
    site: String,
}

impl FromStr for Relay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names: Vec<_> = formats::ALL.iter().map(|format| format.name).collect();
        let refusal = || format!("{text:?} is no relay; accepted is FORMAT=URL, with a format of {}", names.join(", "));
        let (name, url) = text.split_once('=').ok_or_else(refusal)?;
        let format = *formats::ALL.iter().find(|format| format.name == name).ok_or_else(refusal)?;
        let mut url =
            Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https")).ok_or_else(refusal)?;
        let site = percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
        // Neither fails where there is a host, as there is in these schemes.
        let (_, _) = (url.set_username(""), url.set_password(None));
        if !format.path.is_empty() {
            let path = url.path().trim_end_matches('/').to_owned() + format.path;
            url.set_path(&path);
        }
        Ok(Self { format, url, site })
    }
}

/// Without what the target knows the site by, which may be a key.
impl fmt::Display for Relay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.format.name, self.url)
    }
}

/// How a relay does.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Health {
    /// Format and URL.
    pub relay: String,
    /// Events that are stored and not at the target.
    pub waiting: u64,
    /// For how long the oldest of them has been stored.
    pub lag_ms: u64,
    /// Events that the target took since the collector started.
    pub sent: u64,
    /// Events that it will never take, since then.
    pub rejected: u64,
    /// Why the latest request failed; nothing where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    #[serde(skip)]
    failures: u64,
}

/// The relays of a collector, as its API shows them.
#[derive(Clone, Default)]
pub struct Relays(Arc<Mutex<Vec<Health>>>);

impl Relays {
    /// How each does, with what waits by the store.
    pub(crate) fn health(&self, connection: &Connection) -> rusqlite::Result<Vec<Health>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for health in &mut all {
            let place = cursor(connection, &health.relay)?;
            let behind = "SELECT count(*), min(received_at) FROM events WHERE place > ?1";
            let (waiting, since): (i64, Option<i64>) =
                connection.query_row(behind, [place], |row| Ok((row.get(0)?, row.get(1)?)))?;
            health.waiting = waiting as u64;
            health.lag_ms = since.map_or(0, |since| now_ms().saturating_sub(since as u64));
        }
        Ok(all)
    }

    fn change(&self, index: usize, change: impl FnOnce(&mut Health)) {
        if let Some(health) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(index) {
            change(health);
        }
    }
}

/// Begins to relay, each on a thread of its own, which ends with the process: wherever it is then, it goes on from there.
pub fn start(relays: Vec<Relay>, open: impl Fn() -> Result<Connection>) -> Result<Relays> {
    let all = Relays::default();
    for (index, relay) in relays.into_iter().enumerate() {
        let health = Health { relay: relay.to_string(), ..Health::default() };
        all.0.lock().unwrap_or_else(PoisonError::into_inner).push(health);
        let worker = Worker { relay, index, all: all.clone(), connection: open()?, agent: agent() };
        thread::Builder::new().name("relay".to_owned()).spawn(move || worker.run())?;
    }
    Ok(all)
}

fn agent() -> Agent {
    Agent::config_builder()
        .timeout_global(Some(ANSWER))
        .http_status_as_error(false)
        .max_redirects(0)
        // What a target takes for a program's name it may take for a bot.
        .user_agent(concat!("Mozilla/5.0 shopbell-collector/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

struct Worker {
    relay: Relay,
    index: usize,
    all: Relays,
    connection: Connection,
    agent: Agent,
}

impl Worker {
    fn run(mut self) -> ! {
        loop {
            match self.forward() {
                Ok(true) => {}
                Ok(false) => thread::sleep(IDLE),
                Err(error) => {
                    tracing::error!(relay = %self.relay, error = %format!("{error:#}"), "the store could not be read");
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }

    /// Sends what comes next; whether there was anything.
    fn forward(&mut self) -> Result<bool> {
        let name = self.relay.to_string();
        let place = cursor(&self.connection, &name)?;
        let Some(run) = stored::next_run(&self.connection, place, self.relay.format.room)? else { return Ok(false) };
        let mut sent = 0;
        // How many go at once: fewer where the target finds them too large.
        let mut most = run.events.len();
        while sent < run.events.len() {
            let events = sent..run.events.len().min(sent + most);
            let count = events.len() as u64;
            match self.send(&run, events.clone()) {
                (Answer::Accepted, rejected) => {
                    let rejected = rejected.min(count);
                    self.note(&name, run.events[events.end - 1].place, count - rejected, rejected)?;
                    sent = events.end;
                }
                (Answer::TooLarge, _) if count > 1 => most = events.len() / 2,
                (Answer::Unavailable(asked_ms), _) => self.wait(asked_ms),
                _ => {
                    tracing::warn!(relay = %self.relay, events = count, "the target refuses events for good");
                    self.note(&name, run.events[events.end - 1].place, 0, count)?;
                    sent = events.end;
                }
            }
        }
        Ok(true)
    }

    /// Posts these events; what that means, and how many of them are not stored all the same.
    fn send(&self, run: &Run, events: std::ops::Range<usize>) -> (Answer, u64) {
        let format = &self.relay.format;
        let counters = Counters::default();
        let site = if self.relay.site.is_empty() { &run.site } else { &self.relay.site };
        let context = formats::Context {
            site,
            sent_at: Timestamp(now_ms()),
            sent_uptime: Uptime(0),
            device: &run.device,
            storage: "local",
            counters: &counters,
        };
        let count = events.len() as u64;
        let body = (format.encode)(&context, &run.segment(events));
        let mut request = self.agent.post(self.relay.url.as_str()).header("content-type", format.content_type);
        if format.is_basic {
            request = request.header("authorization", basic(site));
        }
        let answer = request.send(body).map(|answer| read(answer, format.reset_header));
        match answer {
            Ok((status, wait_ms, text)) => {
                let is_for_some = format.is_for_some.is_some_and(|is_for_some| is_for_some(&text));
                let answer = meaning(status, wait_ms, is_for_some);
                if answer != Answer::Accepted {
                    self.all.change(self.index, |health| health.failure = Some(format!("answered with {status}")));
                }
                (answer, format.rejected.map_or(0, |rejected| rejected(&text, count)))
            }
            Err(error) => {
                self.all.change(self.index, |health| health.failure = Some(error.to_string()));
                (Answer::Unavailable(0), 0)
            }
        }
    }

    /// Notes how far the relay is.
    fn note(&mut self, name: &str, place: i64, sent: u64, rejected: u64) -> Result<()> {
        let note = "INSERT INTO relays (name, place) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET place = excluded.place";
        self.connection.execute(note, (name, place)).context("how far the relay is was not noted")?;
        self.all.change(self.index, |health| {
            health.sent += sent;
            health.rejected += rejected;
            health.failures = 0;
            if sent > 0 {
                health.failure = None;
            }
        });
        Ok(())
    }

    fn wait(&self, asked_ms: u64) {
        let mut wait_ms = 0;
        self.all.change(self.index, |health| {
            wait_ms = backoff_ms(health.failures, asked_ms, now_ms() ^ u64::from(std::process::id()) << 32);
            health.failures += 1;
        });
        thread::sleep(Duration::from_millis(wait_ms));
    }
}

/// What a status means to a relay: a target that wants another key or stands elsewhere now has not refused the events for good, and
/// whoever runs the collector sees in its health what it answers.
fn meaning(status: u64, wait_ms: u64, is_for_some: bool) -> Answer {
    match Answer::from_status(status, wait_ms) {
        Answer::Rejected if status == 400 && is_for_some => Answer::TooLarge,
        Answer::Rejected if !matches!(status, 400 | 422) => Answer::Unavailable(0),
        answer => answer,
    }
}

/// The value of a header of HTTP's basic authentication (RFC 7617) for a user without a password.
fn basic(user: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:")))
}

/// Status, how long the target asks to be left alone, and the beginning of its text.
fn read(mut answer: Response<Body>, reset_header: &str) -> (u64, u64, String) {
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let reset = || Some(reset_header).filter(|name| !name.is_empty()).and_then(header);
    let asked = header("retry-after").or_else(reset).unwrap_or_default();
    let seconds = asked.parse().ok();
    let until = || httpdate::parse_http_date(asked).ok()?.duration_since(std::time::SystemTime::now()).ok();
    let wait_ms = seconds.map_or_else(
        || until().map_or(0, |wait| wait.as_millis() as u64),
        |seconds: u64| seconds.saturating_mul(1_000),
    );
    let status = u64::from(answer.status().as_u16());
    let text = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).lossy_utf8(true).read_to_string();
    (status, wait_ms, text.unwrap_or_default())
}

/// The place of the last event that a relay has sent.
fn cursor(connection: &Connection, relay: &str) -> rusqlite::Result<i64> {
    let place =
        connection.query_row("SELECT place FROM relays WHERE name = ?1", [relay], |row| row.get(0)).optional()?;
    Ok(place.unwrap_or(0))
}
