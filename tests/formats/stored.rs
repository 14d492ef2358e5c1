//! What is stored, line by line, with the name of each line beside it. A change here is a new version of what is stored,
//! and the version before must still be read.

use shopbell_core::attribution::Landing;
use shopbell_core::effect::Output;
use shopbell_core::event::{Money, Order};
use shopbell_core::id::Entropy;
use shopbell_core::layout::{event, head, record, source, totals};
use shopbell_core::lines;
use shopbell_core::outbox::next_part;
use shopbell_core::session::Rules;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};
use std::fmt::Write as _;

/// What a first page view by a campaign and a purchase store, in the order of writing.
fn stored() -> Vec<(String, String)> {
    let mut tracker = Tracker::new(Rules::default(), "3f9c1b2a", 17, "seed", Entropy::new("chance"));
    let landing = Landing {
        utm: ["facebook", "cpc", "autumn", "", "", ""],
        parameters: "utm_source utm_medium utm_campaign ",
        referrer: "https://l.facebook.com/",
        referrer_name: "l.facebook.com",
        is_return: false,
        is_message: false,
    };
    let (landing, url) = (landing.lines(), "https://shop.example/p/lamp?utm_source=facebook");
    let to = Navigation {
        kind: NavigationKind::Load,
        url,
        path: "/p/lamp",
        browser_closed: false,
        landing: &landing,
        title: "A lamp",
    };
    let order = Order { id: "A1", value: Money(599_000), currency: "EUR" };
    let moment = Moment {
        wall: Timestamp(1_773_172_800_000),
        uptime: Uptime(1_234),
        day: CivilDay(20_522),
        ..Moment::default()
    };
    tracker.handle(&moment, Input::Navigated { to: &to.lines(0), counts: true });
    tracker.handle(&moment, Input::Tracked { name: "purchase", props: "{\"value\":59.9}", order: &order.lines() });
    let mut stored = Vec::new();
    for output in tracker.poll(&moment) {
        if let Output::Store(key, text) = output {
            stored.push((key, text));
        }
    }
    stored
}

/// Lines with the names of their table beside them; returns what follows.
fn name<'a>(out: &mut String, table: &str, names: &[&str], lines: &'a str) -> &'a str {
    let mut rest = lines;
    for name in names {
        let _ = writeln!(out, "{:<24} {}", format!("{table}.{}", name.to_lowercase()), lines::next(&mut rest));
    }
    rest
}

fn name_head<'a>(out: &mut String, lines: &'a str) -> &'a str {
    let mut rest = name(out, "head", &head::NAMES, lines);
    for table in ["source", "first_touch", "last_non_direct"] {
        rest = name(out, table, &source::NAMES, rest);
    }
    rest
}

#[test]
fn what_is_stored_is_these_lines() {
    let mut named = String::new();
    for (key, text) in stored() {
        let (seal, _) = text.split_once('\n').expect("a seal");
        let _ = writeln!(named, "== {key}\n{:<24} {seal}", "seal");
        let lines = lines::open(&text).expect("what was sealed can be opened");
        if key == "shopbell" {
            let rest = name(&mut named, "record", &record::NAMES, lines);
            let rest = name(&mut named, "totals", &totals::NAMES, rest);
            assert_eq!(name_head(&mut named, rest), "");
            continue;
        }
        let mut parts = lines;
        assert_eq!(name_head(&mut named, next_part(&mut parts)), "");
        while !parts.is_empty() {
            named.push_str("-- separator\n");
            let rest = name(&mut named, "event", &event::NAMES, next_part(&mut parts));
            assert_eq!(name(&mut named, "totals", &totals::NAMES, rest), "");
        }
    }
    let named: Vec<_> = named.lines().map(str::trim_end).collect();
    assert_eq!(named.join("\n"), include_str!("stored.txt").trim_end(), "if the change is meant, it is a new version");
}
