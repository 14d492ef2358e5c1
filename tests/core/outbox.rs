//! What waits and what leaves: batches, answers, waits, limits, and what other tabs have to do with it.

use crate::tab::{DAY_MS, EVENING, MINUTE, Storage, Tab};
use shopbell_core::event::{Money, Order};
use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::{
    ANSWER_MS_MAX, Answer, BACKOFF_MS_BASE, BACKOFF_MS_MAX, BATCH_AGE_MS_MAX, BATCH_EVENTS_MAX, BLOCKED_FAILURES,
    BREAKER_KEY, DropReason, EVENT_AGE_MS_MAX, KEEPALIVE_BYTES_MAX, OUTBOX_EVENTS_MAX, STORED_BYTES_MAX, StoredChunk,
    backoff_ms, next_part,
};
use shopbell_core::time::Uptime;
use shopbell_core::tracker::{Input, NavigationKind};
use std::collections::BTreeMap;

/// A page with so many events waiting, and the collector down.
fn full(storage: &Storage, events: usize) -> Tab {
    let mut tab = Tab::open(storage, EVENING, "/");
    tab.tell(Input::Flush);
    tab.answer(503);
    for _ in 2..events {
        tab.track("e");
    }
    tab
}

fn purchase(tab: &mut Tab) {
    let order = Order { id: "A1", value: Money(599_000), currency: "EUR" };
    tab.tell(Input::Tracked { name: "purchase", props: "{}", order: &order.lines() });
}

fn dropped(tab: &Tab, reason: DropReason) -> u64 {
    tab.tracker.counters().dropped[reason as usize]
}

/// Answers until nothing is in flight; how many requests that took.
fn drain(tab: &mut Tab) -> usize {
    let before = tab.sent.len();
    let mut nth = 0;
    while tab.tracker.is_sending() {
        // An answer to a batch that was answered before changes nothing.
        tab.tell(Input::Answered(tab.sent[nth].0, Answer::Accepted));
        nth += 1;
    }
    tab.sent.len() - before
}

#[test]
fn events_leave_by_count_bytes_or_age() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    for _ in 2..BATCH_EVENTS_MAX {
        tab.track("e");
    }
    assert_eq!(tab.sent[0].1["delivery"]["flush"], "count");
    tab.answer(204);
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(7_000));
    for _ in 0..5 {
        tab.tell(Input::Tracked { name: "e", props: &large, order: "" });
    }
    assert_eq!(tab.sent[1].1["delivery"]["flush"], "bytes");
    tab.answer(204);
    let wake = tab.tracker.next_wake().expect("an event waits");
    assert_eq!(wake, Uptime(BATCH_AGE_MS_MAX));
    tab.wall += BATCH_AGE_MS_MAX - 1;
    tab.tell(Input::TimerFired);
    assert_eq!(tab.sent.len(), 2);
    tab.wall += 1;
    tab.tell(Input::TimerFired);
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
fn what_a_page_has_in_hand_is_not_taken_over_from_itself() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    tab.track("e");
    let stored = storage.borrow().clone();
    for key in ["shopbell.tab.0", "shopbell.tab.0.2"] {
        tab.tell(Input::Recovered(StoredChunk { key, text: &stored[key] }));
    }
    assert_eq!(tab.tracker.waiting(), 3);
}

#[test]
fn what_each_answer_does() {
    #[track_caller]
    fn check(status: u64, expected: (u64, u64, u64, bool)) {
        hear(Answer::from_status(status, 0), expected);
    }
    #[track_caller]
    fn hear(answer: Answer, (waiting, sent, lost, is_left_alone): (u64, u64, u64, bool)) {
        let storage = Storage::default();
        let mut tab = Tab::open(&storage, EVENING, "/");
        tab.tell(Input::Flush);
        tab.hear(answer);
        let counters = tab.tracker.counters();
        let found =
            (tab.tracker.waiting(), counters.sent, counters.all_dropped(), storage.borrow().contains_key(BREAKER_KEY));
        assert_eq!(found, (waiting, sent, lost, is_left_alone), "{answer:?}");
    }
    for accepted in [200, 202, 204, 299] {
        check(accepted, (0, 2, 0, false));
    }
    for rejected in [400, 401, 403, 404, 405, 410, 415, 422, 301, 304, 100] {
        check(rejected, (0, 0, 2, false));
    }
    for unavailable in [408, 429, 500, 502, 503, 504, 511, 599] {
        check(unavailable, (2, 0, 0, true));
    }
    for failed in [Answer::Unavailable(0), Answer::Blocked] {
        hear(failed, (2, 0, 0, true));
    }
    // Halved, and sent again at once.
    check(413, (2, 0, 0, false));
    hear(Answer::Refused, (2, 0, 0, false));
}

#[test]
fn a_failure_is_waited_out_and_tried_again_with_the_same_ids() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    tab.tell(Input::Flush);
    for status in [500, 503, 429, 408, 504] {
        tab.answer(status);
        let before = tab.sent.len();
        tab.tell(Input::Flush);
        tab.tell(Input::Hidden);
        assert_eq!(tab.sent.len(), before, "nothing leaves before the wait is over");
        tab.wake();
        assert_eq!(tab.sent.len(), before + 1);
    }
    assert_eq!(tab.sent[0].1["events"], tab.sent[5].1["events"]);
    assert_eq!(tab.sent[5].1["delivery"]["attempt"], 6);
    tab.answer(204);
    assert_eq!(tab.tracker.waiting(), 0);
}

#[test]
fn waits_double_at_random_up_to_their_limit_and_heed_the_collector() {
    #[track_caller]
    fn check(failures_before: u64, retry_after_ms: u64, chance: u64, wait_ms: u64) {
        assert_eq!(backoff_ms(failures_before, retry_after_ms, chance), wait_ms);
    }
    check(0, 0, 0, 1);
    check(0, 0, BACKOFF_MS_BASE - 1, BACKOFF_MS_BASE);
    check(0, 0, BACKOFF_MS_BASE, 1);
    check(3, 0, 7_999, 8_000);
    check(3, 0, 8_000, 1);
    check(8, 0, 255_999, 256_000);
    check(9, 0, BACKOFF_MS_MAX - 1, BACKOFF_MS_MAX);
    check(u64::MAX, 0, BACKOFF_MS_MAX - 1, BACKOFF_MS_MAX);
    check(0, 3_000, 0, 3_000);
    check(5, 3_000, 20_000, 20_001);
    check(0, u64::MAX, 0, BACKOFF_MS_MAX);
}

#[test]
fn a_batch_that_is_too_large_is_halved_until_it_is_one_event() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    for _ in 0..6 {
        tab.track("e");
    }
    tab.tell(Input::Flush);
    let mut sizes = Vec::new();
    // The third event is too large by itself, and so is every batch with it.
    while tab.tracker.waiting() > 0 {
        if !tab.tracker.is_sending() {
            tab.wake();
        }
        let events = tab.sent.last().expect("a batch").1["events"].as_array().expect("events").clone();
        sizes.push(events.len());
        tab.answer(if events.iter().any(|event| event["seq"] == 2) { 413 } else { 204 });
    }
    assert_eq!(sizes, [8, 4, 2, 4, 2, 1, 1, 2, 2]);
    assert_eq!((tab.tracker.counters().sent, dropped(&tab, DropReason::TooLarge), tab.tracker.waiting()), (7, 1, 0));
    assert_eq!(storage.borrow().len(), 1, "only the record is left");
}

#[test]
fn a_collector_that_finds_everything_too_large_is_asked_less_and_less() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    for _ in 0..38 {
        tab.track("e");
    }
    tab.tell(Input::Flush);
    while tab.wall < EVENING + 60 * MINUTE && tab.tracker.waiting() > 0 {
        if !tab.tracker.is_sending() {
            tab.wake();
        }
        tab.answer(413);
    }
    // Five to halve forty, and then one after waits of up to five minutes.
    assert!(tab.sent.len() < 45, "{} requests", tab.sent.len());
    assert!(tab.wall > EVENING + 5 * MINUTE, "{} ms", tab.wall - EVENING);
}

#[test]
fn what_is_taken_in_parts_stays_in_storage_until_all_of_it_is() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    tab.tell_all(&[Input::Tracked { name: "e", props: "{}", order: "" }; 2]);
    tab.tell(Input::Flush);
    tab.answer(413);
    tab.answer(204);
    let mut next = Tab::new(&storage, "next", EVENING + MINUTE);
    next.recover(&["tab"]);
    let seqs: Vec<_> = next.sent[0].1["events"].as_array().expect("events").iter().map(|event| &event["seq"]).collect();
    assert_eq!(seqs, [0, 1, 2, 3]);
    tab.answer(204);
    assert_eq!(storage.borrow().len(), 1, "only the record is left");
}

#[test]
fn a_beacon_that_is_refused_is_halved_and_one_event_waits() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    tab.track("e");
    tab.tell(Input::Hidden);
    let mut sizes = Vec::new();
    while tab.tracker.is_sending() {
        sizes.push(tab.sent.last().expect("a batch").1["events"].as_array().map_or(0, Vec::len));
        tab.hear(Answer::Refused);
    }
    assert_eq!(sizes, [3, 1]);
    assert_eq!((tab.tracker.waiting(), tab.tracker.counters().all_dropped()), (3, 0));
}

#[test]
fn tabs_and_reloads_share_one_wait_and_one_probe() {
    let storage = Storage::default();
    let mut one = Tab::open(&storage, EVENING, "/");
    let mut two = Tab::new(&storage, "two", EVENING);
    two.load(NavigationKind::Load, "/");
    one.tell(Input::Flush);
    one.tell(Input::Answered(one.sent[0].0, Answer::Unavailable(60_000)));
    let sends = |tab: &mut Tab, wall: u64| {
        let before = tab.sent.len();
        tab.wall = wall;
        tab.tell(Input::Flush);
        tab.tell(Input::Hidden);
        tab.sent.len() - before
    };
    assert_eq!(sends(&mut two, EVENING + 59_999), 0, "another tab leaves it alone too");
    let mut reloaded = Tab::new(&storage, "three", EVENING + 59_999);
    reloaded.load(NavigationKind::Load, "/");
    assert_eq!(sends(&mut reloaded, EVENING + 59_999), 0, "and so does a page that begins");
    assert_eq!(sends(&mut two, EVENING + 60_000), 1, "one probes");
    assert_eq!(sends(&mut one, EVENING + 60_001), 0, "and the others do not");
    two.answer(204);
    assert_eq!(sends(&mut one, EVENING + 60_002), 1, "once it is there, all send");
    assert!(!storage.borrow().contains_key(BREAKER_KEY));
}

#[test]
fn a_tab_that_dies_with_the_probe_holds_the_others_up_until_it_had_to_be_answered() {
    let storage = Storage::default();
    let mut one = full(&storage, 2);
    one.wake();
    assert_eq!(one.sent.len(), 2);
    let mut two = Tab::new(&storage, "two", one.wall);
    two.load(NavigationKind::Load, "/");
    two.tell(Input::Flush);
    assert_eq!(two.sent.len(), 0);
    assert_eq!(two.tracker.next_wake(), Some(Uptime(ANSWER_MS_MAX)));
    two.wake();
    assert_eq!(two.sent.len(), 1);
}

#[test]
fn a_page_that_is_left_with_the_probe_gives_the_next_one_its_turn() {
    let storage = Storage::default();
    let mut one = full(&storage, 2);
    one.wake();
    let left_ms = |wall: u64| storage.borrow()[BREAKER_KEY].lines().nth(1).map(|at| at.parse::<u64>().unwrap() - wall);
    assert_eq!((one.sent.len(), left_ms(one.wall)), (2, Some(ANSWER_MS_MAX)));
    one.tell(Input::Hidden);
    assert_eq!(left_ms(one.wall), Some(ANSWER_MS_MAX), "a page that is hidden still hears the answer");
    one.tell(Input::Left);
    assert!(left_ms(one.wall) <= Some(2 * BACKOFF_MS_BASE), "as after a second failure");
    let mut two = Tab::new(&storage, "two", one.wall);
    two.load(NavigationKind::Load, "/");
    two.tell(Input::Flush);
    two.wake();
    assert_eq!(two.sent.len(), 1);
    let until = storage.borrow()[BREAKER_KEY].clone();
    one.tell(Input::Left);
    assert_eq!(storage.borrow()[BREAKER_KEY], until, "the probe of another page is not its to give back");
    two.answer(204);
    assert!(!storage.borrow().contains_key(BREAKER_KEY));
}

#[test]
fn failures_of_requests_that_left_together_are_one() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    for input in [Input::Flush, Input::Hidden] {
        tab.track("e");
        tab.tell(input);
    }
    tab.track("e");
    tab.tell(Input::Hidden);
    assert_eq!(tab.sent.len(), 3);
    for batch in tab.sent.iter().map(|(batch, _)| *batch).collect::<Vec<_>>() {
        tab.tell(Input::Answered(batch, Answer::Unavailable(0)));
    }
    assert_eq!(storage.borrow()[BREAKER_KEY].lines().next(), Some("1"));
}

#[test]
fn a_wait_in_the_far_future_is_a_clock_that_was_set_and_no_wait() {
    let storage = Storage::default();
    let far = (EVENING + BACKOFF_MS_MAX + 1).to_string();
    for (breaker, sends) in [
        (format!("3\n{far}\n0\n"), 1),
        (format!("3\n{}\n0\n", EVENING + BACKOFF_MS_MAX), 0),
        ("{}".to_owned(), 1),
        ("9999999999999999\n1\n".to_owned(), 1),
        (String::new(), 1),
    ] {
        storage.borrow_mut().insert(BREAKER_KEY.to_owned(), breaker.clone());
        let mut tab = Tab::open(&storage, EVENING, "/");
        tab.tell(Input::Flush);
        assert_eq!(tab.sent.len(), sends, "{breaker:?}");
    }
}

#[test]
fn what_looks_like_an_extension_is_left_alone_for_the_session() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    tab.tell(Input::Flush);
    for _ in 1..BLOCKED_FAILURES {
        tab.hear(Answer::Blocked);
        tab.wake();
    }
    tab.hear(Answer::Blocked);
    let before = tab.sent.len();
    tab.wall += 20 * MINUTE;
    tab.track("e");
    tab.tell(Input::Hidden);
    assert_eq!((tab.sent.len(), tab.tracker.next_wake()), (before, None));
    tab.wall += 31 * MINUTE;
    tab.track("e");
    tab.tell(Input::Flush);
    assert_eq!(tab.sent.len(), before + 1, "the next session asks once more");
    tab.hear(Answer::Blocked);
    assert_eq!(tab.tracker.next_wake(), None);
}

#[test]
fn one_failure_of_another_kind_and_it_is_no_extension() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    tab.tell(Input::Flush);
    for nth in 0..2 * BLOCKED_FAILURES {
        tab.hear(if nth == 1 { Answer::Unavailable(0) } else { Answer::Blocked });
        tab.wake();
    }
}

#[test]
fn what_is_in_flight_fits_the_quota_of_the_page() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    tab.tell(Input::Flush);
    tab.answer(204);
    let large = format!("{{\"a\":\"{}\"}}", "\u{e9}".repeat(4_000));
    for _ in 0..9 {
        tab.tell(Input::Tracked { name: "e", props: &large, order: "" });
        tab.answer(503);
    }
    let before = tab.sent.len();
    tab.wall += BACKOFF_MS_MAX;
    tab.tell(Input::Flush);
    tab.answer(204);
    tab.tell(Input::Hidden);
    let bytes: usize = tab.sent[before + 1..].iter().map(|(_, body)| body.to_string().len()).sum();
    assert!(tab.tracker.is_sending() && bytes <= KEEPALIVE_BYTES_MAX, "{bytes} bytes");
}

#[test]
fn hiding_sends_what_is_due_once_and_arms_again() {
    #[track_caller]
    fn check(inputs: &[Input<'_>], batches: usize) {
        let mut tab = Tab::open(&Storage::default(), EVENING, "/");
        for input in inputs {
            tab.tell(*input);
        }
        assert_eq!(tab.sent.len(), batches, "{inputs:?}");
        drain(&mut tab);
        tab.track("more");
        tab.tell(Input::Hidden);
        assert_eq!(tab.sent.last().expect("a batch").1["delivery"]["flush"], "hidden");
        drain(&mut tab);
        assert_eq!(tab.tracker.waiting(), 0);
    }
    let track = Input::Tracked { name: "e", props: "", order: "" };
    check(&[Input::Hidden], 1);
    check(&[Input::Hidden, Input::Hidden], 1);
    check(&[Input::Flush, Input::Hidden], 1);
    check(&[Input::Flush, track, Input::Hidden], 2);
    check(&[Input::Hidden, Input::SnapshotRequested, track, Input::Hidden], 2);
    check(&[Input::Hidden, track, track, Input::Hidden, Input::Hidden], 2);
}

#[test]
fn more_than_storage_may_take_waits_in_memory_and_a_purchase_is_stored_all_the_same() {
    let storage = Storage::default();
    let mut tab = full(&storage, 10_000);
    purchase(&mut tab);
    tab.track("e");
    let bytes: usize = storage.borrow().iter().map(|(key, text)| key.len() + text.len()).sum();
    assert!(bytes < STORED_BYTES_MAX + 20_000, "{bytes} bytes stored");
    assert_eq!((tab.tracker.waiting(), tab.tracker.counters().all_dropped()), (10_002, 0));
    assert_eq!(storage.borrow().values().filter(|text| text.contains("\npurchase\n")).count(), 1);
    tab.wall += BACKOFF_MS_MAX;
    tab.tell(Input::Flush);
    let requests = drain(&mut tab);
    assert_eq!((tab.tracker.waiting(), tab.tracker.counters().sent), (0, 10_002));
    assert!(requests <= 205, "{requests} requests");
}

#[test]
fn over_the_limit_the_oldest_go_first_and_purchases_last_and_the_next_batch_says_so() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    tab.tell(Input::Flush);
    tab.answer(503);
    purchase(&mut tab);
    for _ in 0..OUTBOX_EVENTS_MAX + 100 {
        tab.track("e");
    }
    let lost = dropped(&tab, DropReason::Count);
    assert_eq!(tab.tracker.waiting() + lost, OUTBOX_EVENTS_MAX as u64 + 103);
    assert!(tab.tracker.waiting() <= OUTBOX_EVENTS_MAX as u64);
    tab.wall += BACKOFF_MS_MAX;
    tab.tell(Input::Flush);
    assert_eq!(tab.sent.last().expect("a batch").1["delivery"]["dropped"]["count"], lost);
    drain(&mut tab);
    let events = tab.sent.iter().skip(1).flat_map(|(_, body)| body["events"].as_array().cloned().unwrap_or_default());
    let seqs: Vec<u64> = events.filter_map(|event| event["seq"].as_u64()).collect();
    assert!(seqs.contains(&2), "the purchase, which is the third event, is there");
    assert!(!seqs.contains(&150), "older ones are not");
}

#[test]
fn a_wish_of_ten_thousand_events_that_are_purchases_drops_purchases() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    for _ in 0..OUTBOX_EVENTS_MAX + 100 {
        purchase(&mut tab);
    }
    assert_eq!(tab.tracker.waiting() + dropped(&tab, DropReason::Count), OUTBOX_EVENTS_MAX as u64 + 102);
}

#[test]
fn an_event_that_is_too_old_is_not_taken_over() {
    #[track_caller]
    fn check(age_ms: u64, (waiting, lost): (u64, u64)) {
        let storage = Storage::default();
        Tab::open(&storage, EVENING, "/").track("e");
        let mut next = Tab::new(&storage, "next", EVENING + age_ms);
        next.recover(&["tab"]);
        assert_eq!((next.tracker.waiting(), dropped(&next, DropReason::Age)), (waiting, lost));
    }
    check(7 * DAY_MS, (3, 0));
    check(EVENT_AGE_MS_MAX, (3, 0));
    check(EVENT_AGE_MS_MAX + 1, (0, 3));
}

#[test]
fn a_page_that_was_kept_does_not_send_what_another_of_its_tab_has_sent() {
    let storage = Storage::default();
    let mut kept = Tab::open(&storage, EVENING, "/a");
    kept.tell(Input::Flush);
    kept.answer(503);
    kept.track("e");
    kept.tell(Input::Hidden);
    let mut later = Tab::new(&storage, "tab", EVENING + BACKOFF_MS_MAX);
    later.recover(&["tab"]);
    drain(&mut later);
    assert_eq!(later.tracker.counters().sent, 3);
    kept.wall = later.wall + MINUTE;
    kept.tell(Input::Returned);
    kept.recover(&["tab"]);
    assert_eq!((kept.tracker.waiting(), kept.sent.len()), (0, 1));
}

#[test]
fn a_page_that_was_kept_takes_up_again_what_nobody_has_sent() {
    let storage = Storage::default();
    let mut kept = full(&storage, 5);
    kept.tell(Input::Hidden);
    kept.tell(Input::Returned);
    kept.recover(&["tab"]);
    assert_eq!(kept.tracker.waiting(), 5);
    kept.wake();
    drain(&mut kept);
    assert_eq!((kept.tracker.counters().sent, storage.borrow().len()), (5, 1));
}

#[test]
fn what_a_page_leaves_behind_another_sends_under_the_same_ids() {
    let storage = Storage::default();
    let mut tab = full(&storage, 60);
    tab.tell(Input::Hidden);
    let mut next = Tab::new(&storage, "next", EVENING + BACKOFF_MS_MAX);
    next.recover(&["tab"]);
    drain(&mut next);
    let ids = |tab: &Tab| tab.sent[0].1["events"].clone();
    assert_eq!(next.tracker.counters().sent, 60);
    assert_eq!(ids(&next), ids(&tab));
    assert_eq!(next.sent[0].1["delivery"]["flush"], "recovered");
    assert_eq!(storage.borrow().len(), 1);
}

#[test]
fn properties_over_the_limit_are_counted_and_not_taken() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(9_000));
    tab.tell(Input::Tracked { name: "e", props: &large, order: "" });
    tab.tell(Input::Tracked { name: "", props: "", order: "" });
    tab.tell(Input::Tracked { name: "session_start", props: "", order: "" });
    tab.tell(Input::InvalidEvents(1));
    assert_eq!((tab.tracker.waiting(), dropped(&tab, DropReason::Invalid)), (2, 4));
}

#[test]
fn what_is_tracked_after_storage_was_wiped_is_stored_whole() {
    let storage = Storage::default();
    let mut tab = Tab::open(&storage, EVENING, "/");
    storage.borrow_mut().clear();
    tab.track("e");
    let mut next = Tab::new(&storage, "next", EVENING + MINUTE);
    next.recover(&["tab"]);
    assert_eq!(next.tracker.waiting(), 1);
}

#[test]
fn what_one_task_tracks_is_stored_in_one_write() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    let track = Input::Tracked { name: "e", props: "{}", order: "" };
    tab.writes.clear();
    tab.tell_all(&[track; 40]);
    assert_eq!(tab.writes, ["shopbell.tab.0.2"]);
    tab.tell_all(&[track]);
    assert_eq!(tab.writes, ["shopbell.tab.0.2", "shopbell.tab.0.42"]);
    tab.writes.clear();
    // A batch is a write: what was acknowledged of a task is then one removal.
    tab.tell_all(&vec![track; 1_000]);
    assert_eq!(tab.writes.len(), 21);
}

#[test]
fn what_cannot_be_read_is_removed_and_counted_and_what_is_newer_stays() {
    #[track_caller]
    fn check(key: &str, text: &str, (left, lost): (bool, u64)) {
        let storage = Storage::default();
        storage.borrow_mut().insert(key.to_owned(), text.to_owned());
        let mut tab = Tab::new(&storage, "next", EVENING);
        tab.recover(&["old"]);
        let found = (storage.borrow().contains_key(key), dropped(&tab, DropReason::Unreadable));
        assert_eq!(found, (left, lost), "{key}: {text:?}");
        assert_eq!(tab.tracker.waiting(), 0);
    }
    check("shopbell.old.0", "", (false, 1));
    check("shopbell.old.0", "{}", (false, 1));
    check("shopbell.old.0", "shopbell/1 5\nx", (false, 1));
    check("shopbell.old.0", "shopbell/5 5\nx", (false, 1));
    check("shopbell.old.0.7", &lines::seal("an event without its head\n"), (false, 1));
    check("shopbell.old.0", "shopbell/6 5\nx", (true, 0));
    check("shopbell.old.0.7", "shopbell/12 what will be\n", (true, 0));
    // A head that was left alone has no event.
    check("shopbell.old.0", &lines::seal("head\n"), (false, 0));
}

#[test]
fn an_outbox_of_a_version_before_is_sent_whole() {
    // Before version 5 events had neither consent nor user.
    let of_old = |facts: &str| {
        let without = lines::first(facts, event::CONSENT).to_owned();
        without + lines::behind(facts, event::LINES)
    };
    for version in ["shopbell/3", "shopbell/4"] {
        let storage = Storage::default();
        let mut tab = Tab::open(&storage, EVENING, "/");
        tab.track("e");
        let seal = |lines: &str| lines::seal(lines).replacen("shopbell/5", version, 1);
        let mut old = storage.borrow().clone();
        for (key, first) in [("shopbell.tab.0", true), ("shopbell.tab.0.2", false)] {
            let text = old.remove(key).expect("a chunk");
            let mut rest = lines::open(&text).expect("lines");
            let head = if first { next_part(&mut rest).to_owned() } else { String::new() };
            let mut events = Vec::new();
            while !rest.is_empty() {
                events.push(next_part(&mut rest));
            }
            if version == "shopbell/4" {
                let parts = first.then(|| head.clone()).into_iter().chain(events.iter().map(|facts| of_old(facts)));
                old.insert(key.to_owned(), seal(&parts.collect::<Vec<_>>().join("\u{1e}")));
                continue;
            }
            // Version 3 had the head alone under the first key, and a key for each event.
            if first {
                old.insert(key.to_owned(), seal(&head));
            }
            for facts in events {
                old.insert(format!("shopbell.tab.0.{}", lines::at(facts, event::SEQ)), seal(&of_old(facts)));
            }
        }
        check_recovered(old, version);
    }
}

#[track_caller]
fn check_recovered(mut old: BTreeMap<String, String>, version: &str) {
    let record = old["shopbell"].replacen("shopbell/5", version, 1);
    old.insert("shopbell".to_owned(), record);
    let storage = Storage::new(old.into());
    let mut next = Tab::new(&storage, "next", EVENING + MINUTE);
    next.recover(&["tab"]);
    next.load(NavigationKind::Load, "/p/lamp");
    next.check(1, "first", "(direct)");
    next.tell(Input::Hidden);
    drain(&mut next);
    let names = next.sent.iter().flat_map(|(_, body)| body["events"].as_array().expect("events").clone());
    let names: Vec<_> = names.map(|event| format!("{} {}", event["name"], event["consent"]).replace('"', "")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    assert_eq!(names, ["session_start granted", "page_view granted", "e granted", "page_view granted"], "{version}");
    assert_eq!(next.tracker.counters().all_dropped(), 0);
    assert_eq!(storage.borrow().len(), 1, "only the record is left");
}
