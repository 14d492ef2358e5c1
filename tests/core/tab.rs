//! A tab with a page in it, told as moments and inputs, on storage that other tabs may share.

use serde_json::Value;
use shopbell_core::attribution::Landing;
use shopbell_core::effect::{BatchId, Output};
use shopbell_core::formats::{Context, native};
use shopbell_core::id::Entropy;
use shopbell_core::layout::source;
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, BATCH_BYTES_MAX, BREAKER_KEY, StoredChunk};
use shopbell_core::record::RECORD_KEY;
use shopbell_core::session::Rules;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub(crate) const MINUTE: u64 = 60_000;
pub(crate) const DAY_MS: u64 = 86_400_000;
/// 2026-03-10, 20:00 UTC.
pub(crate) const EVENING: u64 = 1_773_172_800_000;

pub(crate) type Storage = Rc<RefCell<BTreeMap<String, String>>>;

/// A tab with a page in it, and a clock.
pub(crate) struct Tab {
    pub(crate) tracker: Tracker,
    pub(crate) storage: Storage,
    pub(crate) wall: u64,
    began: u64,
    pub(crate) sent: Vec<(BatchId, Value)>,
    /// The keys of all that was written, in order.
    pub(crate) writes: Vec<String>,
}

impl Tab {
    /// A page that has just begun, on storage that other tabs may share.
    pub(crate) fn new(storage: &Storage, tab_id: &str, wall: u64) -> Self {
        Self {
            tracker: Tracker::new(
                Rules::default(),
                tab_id,
                0,
                "seed",
                Entropy::new(&format!("chance {tab_id} {wall}")),
            ),
            storage: Rc::clone(storage),
            wall,
            began: wall,
            sent: Vec::new(),
            writes: Vec::new(),
        }
    }

    pub(crate) fn open(storage: &Storage, wall: u64, url: &str) -> Self {
        let mut tab = Self::new(storage, "tab", wall);
        tab.load(NavigationKind::Load, url);
        tab
    }

    /// One input in a task of its own.
    pub(crate) fn tell(&mut self, input: Input<'_>) {
        self.tell_all(&[input]);
    }

    /// The inputs of one task.
    pub(crate) fn tell_all(&mut self, inputs: &[Input<'_>]) {
        let read = |key| self.storage.borrow().get(key).cloned().unwrap_or_default();
        let (stored, breaker) = (read(RECORD_KEY), read(BREAKER_KEY));
        let moment = Moment {
            wall: Timestamp(self.wall),
            uptime: Uptime(self.wall.saturating_sub(self.began)),
            day: CivilDay((self.wall / DAY_MS) as u32),
            stored: &stored,
            breaker: &breaker,
        };
        for input in inputs {
            self.tracker.handle(&moment, *input);
        }
        for output in self.tracker.poll(&moment) {
            match output {
                Output::Store(key, text) if text.is_empty() => drop(self.storage.borrow_mut().remove(&key)),
                Output::Store(key, text) => {
                    self.writes.push(key.clone());
                    self.storage.borrow_mut().insert(key, text);
                }
                Output::Send(batch) => {
                    let body = self.encode(batch);
                    assert!(body.len() <= BATCH_BYTES_MAX, "a batch of {} bytes", body.len());
                    self.sent.push((batch, serde_json::from_str(&body).expect("a batch is JSON")));
                }
            }
        }
    }

    pub(crate) fn encode(&self, batch: BatchId) -> String {
        let segment = self.tracker.batch(batch).expect("a batch that is to be sent is there");
        let context = Context {
            site: "shop",
            sent_at: Timestamp(self.wall),
            sent_uptime: Uptime(self.wall - self.began),
            device: "\"language\":\"en-GB\"",
            storage: "local",
            counters: self.tracker.counters(),
        };
        native::encode(&context, segment)
    }

    /// Loads a page; of its query, `utm_source` and a `gclid` are read.
    pub(crate) fn load(&mut self, kind: NavigationKind, url: &str) {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let source = query.strip_prefix("utm_source=").map_or("", |rest| rest.split('&').next().unwrap_or(rest));
        let parameters = if query.starts_with("gclid=") { "gclid " } else { "" };
        let landing = Landing { utm: [source, "", "", "", "", ""], parameters, ..Landing::default() };
        let url = format!("https://shop.example{url}");
        let to = Navigation { kind, url: &url, path, browser_closed: false, landing: &landing.lines(), title: "Shop" };
        self.tell(Input::Navigated { to: &to.lines(0), counts: true });
    }

    pub(crate) fn track(&mut self, name: &str) {
        self.tell(Input::Tracked { name, props: "{\"a\":1}", order: "" });
    }

    /// The collector answers the latest batch.
    pub(crate) fn answer(&mut self, status: u64) {
        self.hear(Answer::from_status(status, 0));
    }

    /// What became of the latest batch.
    pub(crate) fn hear(&mut self, answer: Answer) {
        let batch = self.sent.last().expect("something was sent").0;
        self.tell(Input::Answered(batch, answer));
    }

    /// Takes over what tabs of these names have stored, as a page that begins does.
    pub(crate) fn recover(&mut self, names: &[&str]) {
        let stored = self.storage.borrow().clone();
        // Keys are `shopbell.TAB.FIRST` and `shopbell.TAB.FIRST.SEQ`.
        let mut left: Vec<(&str, u64, Option<u64>, &str, &str)> = Vec::new();
        for (key, text) in &stored {
            let parts: Vec<&str> = key.split('.').collect();
            if let [_, tab_id, first, rest @ ..] = parts.as_slice()
                && names.contains(tab_id)
            {
                let number = |part: &str| part.parse::<u64>().ok();
                left.push((
                    tab_id,
                    number(first).expect("a number"),
                    rest.first().copied().and_then(number),
                    key,
                    text,
                ));
            }
        }
        left.sort_unstable();
        for (_, _, _, key, text) in left {
            self.tell(Input::Recovered(StoredChunk { key, text }));
        }
        self.tell(Input::TimerFired);
    }

    /// Lets time pass until the tracker's timer rings.
    pub(crate) fn wake(&mut self) {
        let at = self.tracker.next_wake().expect("the timer is set");
        self.wall = self.wall.max(self.began + at.0);
        self.tell(Input::TimerFired);
    }

    /// Number, reason and source of the session.
    pub(crate) fn session(&self) -> (u64, String, String) {
        let session = self.tracker.session().expect("a session");
        let source = lines::at(session.sources(), source::SOURCE).to_owned();
        (session.number(), session.reason().to_owned(), source)
    }

    #[track_caller]
    pub(crate) fn check(&self, number: u64, reason: &str, source: &str) {
        assert_eq!(self.session(), (number, reason.to_owned(), source.to_owned()));
    }

    /// Names of the events in the latest batch.
    pub(crate) fn names(&self) -> Vec<&str> {
        let (_, body) = self.sent.last().expect("something was sent");
        let events = body["events"].as_array().expect("events");
        events.iter().filter_map(|event| event["name"].as_str()).collect()
    }
}
