//! A page's life, told as moments and inputs, and what comes out: what is stored, what is sent, when to wake.

use serde_json::Value;
use shopbell_core::attribution::Landing;
use shopbell_core::event::{Money, Order};
use shopbell_core::formats::{Context, native};
use shopbell_core::id::Entropy;
use shopbell_core::outbox::{Answer, BACKOFF_MS_MAX, BATCH_AGE_MS_MAX, BATCH_BYTES_MAX, BatchId, Leftover};
use shopbell_core::record::RECORD_KEY;
use shopbell_core::session::Rules;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Output, Tracker};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

const MINUTE: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;
/// 2026-03-10, 20:00 UTC.
const EVENING: u64 = 1_773_172_800_000;

type Storage = Rc<RefCell<BTreeMap<String, String>>>;

/// A tab with a page in it, and a clock.
struct Tab {
    tracker: Tracker,
    storage: Storage,
    wall: u64,
    began: u64,
    sent: Vec<(BatchId, Value)>,
}

impl Tab {
    /// A page that has just begun, on storage that other tabs may share.
    fn new(storage: &Storage, tab_id: &str, wall: u64) -> Self {
        Self {
            tracker: Tracker::new(Rules::default(), tab_id, 0, "seed", Entropy::new(format!("chance {tab_id} {wall}"))),
            storage: Rc::clone(storage),
            wall,
            began: wall,
            sent: Vec::new(),
        }
    }

    fn open(storage: &Storage, wall: u64, url: &str) -> Self {
        let mut tab = Self::new(storage, "tab", wall);
        tab.load(NavigationKind::Load, url);
        tab
    }

    fn tell(&mut self, input: Input<'_>) {
        let stored = self.storage.borrow().get(RECORD_KEY).cloned().unwrap_or_default();
        let moment = Moment {
            wall: Timestamp(self.wall),
            uptime: Uptime(self.wall.saturating_sub(self.began)),
            day: CivilDay((self.wall / DAY_MS) as u32),
            stored: &stored,
        };
        self.tracker.handle(&moment, input);
        for output in self.tracker.take_outputs() {
            match output {
                Output::Store(key, text) if text.is_empty() => drop(self.storage.borrow_mut().remove(&key)),
                Output::Store(key, text) => drop(self.storage.borrow_mut().insert(key, text)),
                Output::Send(batch) => {
                    let body = self.encode(batch);
                    assert!(body.len() <= BATCH_BYTES_MAX, "a batch of {} bytes", body.len());
                    self.sent.push((batch, serde_json::from_str(&body).expect("a batch is JSON")));
                }
            }
        }
    }

    fn encode(&self, batch: BatchId) -> String {
        let segment = self.tracker.batch(batch).expect("a batch that is to be sent is there");
        let context = Context {
            site: "shop",
            sent_at: Timestamp(self.wall),
            device: "\"language\":\"en-GB\"",
            storage: "local",
            counters: self.tracker.counters(),
        };
        native::encode(&context, segment)
    }

    /// Loads a page; of its query, `utm_source` and a `gclid` are read.
    fn load(&mut self, kind: NavigationKind, url: &str) {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let source = query.strip_prefix("utm_source=").map_or("", |rest| rest.split('&').next().unwrap_or(rest));
        let parameters = if query.starts_with("gclid=") { "gclid " } else { "" };
        let landing = Landing { utm: [source, "", "", "", "", ""], parameters, ..Landing::default() };
        let url = format!("https://shop.example{url}");
        let to = Navigation { kind, url: &url, path, browser_closed: false, landing: &landing.lines(), title: "Shop" };
        self.tell(Input::Navigated { to, counts: true, next_seq: 0 });
    }

    fn track(&mut self, name: &str) {
        self.tell(Input::Tracked { name, props: "{\"a\":1}", order: None });
    }

    fn answer(&mut self, status: u64) {
        let (batch, _) = *self.sent.last().map(|(batch, body)| (batch, body)).as_ref().expect("something was sent");
        let batch = *batch;
        self.tell(Input::Answered(batch, Answer::from_status(status, 0)));
    }

    /// Number, reason and source of the session.
    fn session(&self) -> (u64, String, String) {
        let session = self.tracker.session().expect("a session");
        let line = |lines: &str, place| lines.lines().nth(place).unwrap_or_default().to_owned();
        (session.number(), line(&session.head, 5), line(session.sources(), 0))
    }

    #[track_caller]
    fn check(&self, number: u64, reason: &str, source: &str) {
        assert_eq!(self.session(), (number, reason.to_owned(), source.to_owned()));
    }

    /// Names of the events in the latest batch.
    fn names(&self) -> Vec<&str> {
        let (_, body) = self.sent.last().expect("something was sent");
        let events = body["events"].as_array().expect("events");
        events.iter().filter_map(|event| event["name"].as_str()).collect()
    }
}

#[test]
fn the_example_of_a_visitor_who_comes_back_the_next_evening() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/p/lamp?utm_source=facebook&utm_medium=cpc");
    for product in ["/p/throw", "/p/rug", "/p/mugs"] {
        tab.wall += 4 * MINUTE;
        tab.load(NavigationKind::Spa, product);
        tab.track("view_item");
    }
    tab.track("add_to_cart");
    let order = Order { id: "A1", value: Money(599_000), currency: "EUR" };
    tab.tell(Input::Tracked { name: "purchase", props: "", order: Some(order) });
    tab.check(1, "first", "facebook");
    let first = tab.tracker.session().cloned().expect("a session");
    assert_eq!(first.totals.page_views, 4);
    assert_eq!((first.totals.transactions, first.totals.revenue), (1, Money(599_000)));
    tab.tell(Input::Hidden);

    let mut next = Tab::open(&storage, EVENING + DAY_MS, "/");
    next.wall += 8 * MINUTE;
    next.load(NavigationKind::Spa, "/p/lamp");
    next.check(2, "inactivity", "(direct)");
    let second = next.tracker.session().expect("a session");
    assert_eq!(second.head.lines().nth(2), Some(first.id()));
    assert_eq!(second.head.lines().nth(1), first.head.lines().nth(1), "the same device");
    assert_eq!(second.totals.page_views, 2);
}

#[test]
fn an_order_counts_once_however_often_its_page_is_loaded() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/thanks");
    for _ in 0..3 {
        let order = Order { id: "A1", value: Money(10_000), currency: "EUR" };
        tab.tell(Input::Tracked { name: "purchase", props: "", order: Some(order) });
    }
    let totals = &tab.tracker.session().expect("a session").totals;
    assert_eq!((totals.transactions, totals.revenue, totals.events), (1, Money(10_000), 5));
}

#[test]
fn a_session_that_rolls_on_an_open_page_begins_with_a_view_of_that_page() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/p/lamp?utm_source=facebook");
    tab.wall += 31 * MINUTE;
    tab.track("add_to_cart");
    tab.check(2, "inactivity", "(direct)");
    tab.tell(Input::Flush);
    tab.answer(204);
    assert_eq!(tab.names(), ["session_start", "page_view", "add_to_cart"]);
    let (_, body) = tab.sent.last().expect("a batch");
    assert_eq!(body["session"]["landing_page"], "/p/lamp");
    assert_eq!(body["session"]["previous_id"], tab.sent[0].1["session"]["id"]);
}

#[test]
fn a_record_that_is_gone_or_garbage_is_written_again_from_memory() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    let id = tab.tracker.session().expect("a session").id().to_owned();
    for garbage in [None, Some("{}"), Some("shopbell/1 5\nx"), Some("")] {
        match garbage {
            Some(text) => storage.borrow_mut().insert(RECORD_KEY.to_owned(), text.to_owned()),
            None => storage.borrow_mut().remove(RECORD_KEY),
        };
        tab.wall += 1_000;
        tab.tell(Input::Activity);
        assert_eq!(tab.tracker.session().expect("a session").id(), id);
        assert!(storage.borrow()[RECORD_KEY].contains(&id), "after {garbage:?}");
    }
}

#[test]
fn tabs_share_one_session_and_add_up_its_totals() {
    let storage = Storage::default();
    let mut one = Tab::open(&storage, EVENING, "/a");
    let mut two = Tab::new(&storage, "two", EVENING + 10);
    two.load(NavigationKind::Load, "/b");
    for _ in 0..3 {
        one.track("one");
        two.track("two");
        two.track("two");
    }
    one.tell(Input::Hidden);
    two.tell(Input::Hidden);
    one.tell(Input::Looked);
    let totals = &one.tracker.session().expect("a session").totals;
    assert_eq!((totals.page_views, totals.events), (2, 12));
    assert_eq!(one.tracker.session().map(|s| s.id().to_owned()), two.tracker.session().map(|s| s.id().to_owned()));
}

#[test]
fn tabs_that_roll_from_the_same_record_agree_on_the_next_session() {
    let storage = Storage::default();
    Tab::open(&storage, EVENING, "/").tell(Input::Hidden);
    let copies: Vec<Storage> = (0..2).map(|_| Rc::new(RefCell::new(storage.borrow().clone()))).collect();
    let mut ids = Vec::new();
    for (copy, name) in copies.iter().zip(["one", "two"]) {
        let mut tab = Tab::new(copy, name, EVENING + 60 * MINUTE);
        tab.load(NavigationKind::Load, "/");
        tab.tell(Input::Flush);
        let body = &tab.sent[0].1;
        ids.push((body["session"]["id"].clone(), body["events"][0]["id"].clone(), body["events"][1]["id"].clone()));
    }
    assert_eq!(ids[0].0, ids[1].0, "session");
    assert_eq!(ids[0].1, ids[1].1, "session_start");
    assert_ne!(ids[0].2, ids[1].2, "their page views are two");
}

#[test]
fn events_leave_by_count_bytes_or_age() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    for _ in 0..48 {
        tab.track("e");
    }
    assert_eq!(tab.sent[0].1["delivery"]["flush"], "count");
    tab.answer(204);
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(5_000));
    for _ in 0..3 {
        tab.tell(Input::Tracked { name: "e", props: &large, order: None });
    }
    assert_eq!(tab.sent[1].1["delivery"]["flush"], "bytes");
    tab.answer(204);
    let wake = tab.tracker.next_wake().expect("an event waits");
    assert_eq!(wake, Uptime(BATCH_AGE_MS_MAX));
    tab.wall += BATCH_AGE_MS_MAX - 1;
    tab.tell(Input::Woke);
    assert_eq!(tab.sent.len(), 2);
    tab.wall += 1;
    tab.tell(Input::Woke);
    assert_eq!(tab.sent[2].1["delivery"]["flush"], "age");
}

#[test]
fn a_thousand_events_leave_one_batch_after_another_in_order() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    for _ in 0..998 {
        tab.track("e");
    }
    tab.tell(Input::Flush);
    while tab.tracker.is_sending() {
        tab.answer(204);
    }
    let all = tab.sent.iter().flat_map(|(_, body)| body["events"].as_array().expect("events").clone());
    let seqs: Vec<u64> = all.filter_map(|event| event["seq"].as_u64()).collect();
    assert_eq!(seqs, (0..1_000).collect::<Vec<_>>());
    assert_eq!(storage.borrow().len(), 1, "only the record is left");
    assert_eq!(tab.tracker.counters().sent, 1_000);
    assert_eq!(tab.tracker.next_wake(), None);
}

#[test]
fn a_failure_is_waited_out_and_tried_again_with_the_same_ids() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    tab.tell(Input::Flush);
    for status in [0, 500, 503, 429, 408] {
        tab.answer(status);
        let before = tab.sent.len();
        tab.tell(Input::Flush);
        tab.tell(Input::Hidden);
        assert_eq!(tab.sent.len(), before, "nothing leaves before the wait is over");
        let wake = tab.tracker.next_wake().expect("a retry is due");
        assert!(wake.0 <= tab.wall - EVENING + BACKOFF_MS_MAX);
        tab.wall = EVENING + wake.0;
        tab.tell(Input::Woke);
        assert_eq!(tab.sent.len(), before + 1);
    }
    assert_eq!(tab.sent[0].1["events"], tab.sent[5].1["events"]);
    assert_eq!(tab.sent[5].1["delivery"]["attempt"], 6);
    tab.answer(204);
    assert_eq!(tab.tracker.waiting(), 0);
}

#[test]
fn a_refusal_drops_and_counts() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    tab.tell(Input::Flush);
    tab.answer(400);
    assert_eq!((tab.tracker.waiting(), tab.tracker.counters().rejected), (0, 2));
}

#[test]
fn what_a_page_leaves_behind_another_sends() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    for _ in 0..60 {
        tab.track("e");
    }
    let left: Vec<_> = storage.borrow().clone().into_iter().filter(|(key, _)| key != RECORD_KEY).collect();
    let expected = tab.tracker.waiting();

    let mut next = Tab::new(&storage, "next", EVENING + MINUTE);
    // Keys are `shopbell.TAB.FIRST` and `shopbell.TAB.FIRST.SEQ`.
    let mut leftovers: Vec<(Vec<&str>, &str)> =
        left.iter().map(|(key, text)| (key.split('.').collect(), text.as_str())).collect();
    leftovers.sort_by_key(|(parts, _)| (parts.len(), parts.last().and_then(|seq| seq.parse::<u64>().ok())));
    for (parts, text) in leftovers {
        let number = |place: usize| parts.get(place).and_then(|part| part.parse().ok());
        let first_seq = number(2).expect("each key has it");
        next.tell(Input::Recovered(Leftover { tab_id: parts[1], first_seq, seq: number(3), text }));
    }
    next.tell(Input::Woke);
    while next.tracker.is_sending() {
        next.answer(204);
    }
    let sent: usize = next.sent.iter().map(|(_, body)| body["events"].as_array().map_or(0, Vec::len)).sum();
    assert_eq!(sent as u64, expected);
    let ids = |tab: &Tab| tab.sent[0].1["events"].clone();
    assert_eq!(ids(&next), ids(&tab), "the same events under the same ids");
    assert_eq!(storage.borrow().len(), 1);
}

#[test]
fn a_page_that_was_kept_counts_on_from_where_its_tab_is() {
    let storage = Storage::default();
    let mut kept = Tab::open(&storage, EVENING, "/a");
    let mut later = Tab::new(&storage, "tab", EVENING + 1);
    later.tracker = Tracker::new(Rules::default(), "tab", 2, "seed", Entropy::new("later".to_owned()));
    later.load(NavigationKind::Load, "/b");
    let to = Navigation {
        kind: NavigationKind::BackForward,
        browser_closed: false,
        url: "https://shop.example/a",
        path: "/a",
        landing: "",
        title: "",
    };
    kept.tell(Input::Navigated { to, counts: true, next_seq: later.tracker.next_seq() });
    assert_eq!(kept.tracker.next_seq(), 4);
}

#[test]
fn what_a_page_has_in_hand_is_not_taken_over_from_itself() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    tab.track("e");
    let stored = storage.borrow().clone();
    for (seq, key) in [(None, "shopbell.tab.0"), (Some(0), "shopbell.tab.0.0"), (Some(2), "shopbell.tab.0.2")] {
        tab.tell(Input::Recovered(Leftover { tab_id: "tab", first_seq: 0, seq, text: &stored[key] }));
    }
    assert_eq!(tab.tracker.waiting(), 3);
}

#[test]
fn a_dead_collector_fills_the_outbox_to_its_limit_and_no_further() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    tab.tell(Input::Flush);
    tab.answer(0);
    for _ in 0..5_000 {
        tab.track("e");
    }
    let bytes: usize = storage.borrow().values().map(String::len).sum();
    assert!(bytes < 600_000, "{bytes} bytes stored");
    let counters = *tab.tracker.counters();
    assert_eq!(tab.tracker.waiting() + counters.overflow, 5_002);
}

#[test]
fn properties_over_the_limit_are_counted_and_not_taken() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(9_000));
    tab.tell(Input::Tracked { name: "e", props: &large, order: None });
    tab.tell(Input::Tracked { name: "", props: "", order: None });
    tab.tell(Input::Tracked { name: "session_start", props: "", order: None });
    tab.tell(Input::Untrackable);
    assert_eq!((tab.tracker.waiting(), tab.tracker.counters().invalid), (2, 4));
}
