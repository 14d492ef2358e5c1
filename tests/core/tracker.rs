//! A page's life, told as moments and inputs, and what comes out: what is stored, what is sent, when to wake.

mod outbox;
mod standing;
mod tab;

use shopbell_core::event::{Money, Order};
use shopbell_core::id::Entropy;
use shopbell_core::layout::{head, totals};
use shopbell_core::lines;
use shopbell_core::record::RECORD_KEY;
use shopbell_core::session::Rules;
use shopbell_core::tracker::{Input, Navigation, NavigationKind, Tracker};
use std::cell::RefCell;
use std::rc::Rc;
use tab::{DAY_MS, EVENING, MINUTE, Storage, Tab};

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
    tab.tell(Input::Tracked { name: "purchase", props: "", order: &order.lines() });
    tab.check(1, "first", "facebook");
    let first = tab.tracker.session().cloned().expect("a session");
    assert_eq!(first.totals[totals::PAGE_VIEWS], 4);
    assert_eq!((first.totals[totals::TRANSACTIONS], first.totals[totals::REVENUE]), (1, 599_000));
    tab.tell(Input::Hidden);

    let mut next = Tab::open(&storage, EVENING + DAY_MS, "/");
    next.wall += 8 * MINUTE;
    next.load(NavigationKind::Spa, "/p/lamp");
    next.check(2, "inactivity", "(direct)");
    let second = next.tracker.session().expect("a session");
    assert_eq!(lines::at(&second.head, head::PREVIOUS_ID), first.id());
    assert_eq!(lines::at(&second.head, head::DEVICE_ID), lines::at(&first.head, head::DEVICE_ID), "the same device");
    assert_eq!(second.totals[totals::PAGE_VIEWS], 2);
}

#[test]
fn an_order_counts_once_however_often_its_page_is_loaded() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/thanks");
    for _ in 0..3 {
        let order = Order { id: "A1", value: Money(10_000), currency: "EUR" };
        tab.tell(Input::Tracked { name: "purchase", props: "", order: &order.lines() });
    }
    let sums = &tab.tracker.session().expect("a session").totals;
    assert_eq!((sums[totals::TRANSACTIONS], sums[totals::REVENUE], sums[totals::EVENTS]), (1, 10_000, 5));
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
    one.tell(Input::SnapshotRequested);
    let sums = &one.tracker.session().expect("a session").totals;
    assert_eq!((sums[totals::PAGE_VIEWS], sums[totals::EVENTS]), (2, 12));
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
fn a_page_that_was_kept_counts_on_from_where_its_tab_is() {
    let storage = Storage::default();
    let mut kept = Tab::open(&storage, EVENING, "/a");
    let mut later = Tab::new(&storage, "tab", EVENING + 1);
    later.tracker = Tracker::new(Rules::default(), "tab", 2, "seed", Entropy::new("later"));
    later.load(NavigationKind::Load, "/b");
    let to = Navigation {
        kind: NavigationKind::BackForward,
        browser_closed: false,
        url: "https://shop.example/a",
        path: "/a",
        landing: "",
        title: "",
    };
    kept.tell(Input::Navigated { to: &to.lines(later.tracker.next_seq()), counts: true });
    assert_eq!(kept.tracker.next_seq(), 4);
}
