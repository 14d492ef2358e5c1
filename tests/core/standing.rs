//! How the visitor stands to the site: consent, what the site calls them, and the site's own say in their events.

use crate::tab::{EVENING, Storage, Tab};
use serde_json::Value;
use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::DropReason;
use shopbell_core::tracker::{Input, NavigationKind};

/// The only batch.
fn sent(tab: &mut Tab) -> Value {
    tab.tell(Input::Flush);
    assert_eq!(tab.sent.len(), 1);
    tab.sent[0].1.clone()
}

fn column<'a>(batch: &'a Value, name: &str) -> Vec<&'a str> {
    batch["events"].as_array().expect("events").iter().map(|event| event[name].as_str().unwrap_or_default()).collect()
}

#[test]
fn each_event_says_under_which_consent_it_was_made() {
    let mut tab = Tab::new(&Storage::default(), "tab", EVENING);
    tab.tell(Input::Standing { consent: "pending", user_id: "" });
    tab.load(NavigationKind::Load, "/");
    tab.tell(Input::Standing { consent: "granted", user_id: "7a1c" });
    tab.track("e");
    let batch = sent(&mut tab);
    assert_eq!(column(&batch, "consent"), ["pending", "pending", "granted"]);
    assert_eq!(batch["session"]["user_id"], "7a1c");
    assert_eq!(tab.tracker.user_id(), "7a1c");
}

#[test]
fn where_nobody_asks_it_is_granted() {
    let mut tab = Tab::open(&Storage::default(), EVENING, "/");
    let batch = sent(&mut tab);
    assert_eq!(column(&batch, "consent"), ["granted", "granted"]);
    assert_eq!(batch["session"].get("user_id"), None);
}

#[test]
fn without_consent_a_batch_tells_of_no_device() {
    let mut tab = Tab::new(&Storage::default(), "tab", EVENING);
    tab.tell(Input::Standing { consent: "denied", user_id: "" });
    tab.load(NavigationKind::Load, "/");
    let batch = sent(&mut tab);
    assert_eq!(batch["device"].get("id"), None);
    assert_eq!(batch["device"]["storage"], "none");
}

/// Drops what is called `dropped`, and gives everything else another title.
fn review(facts: &str) -> String {
    if lines::at(facts, event::NAME) == "dropped" {
        return String::new();
    }
    let mut reviewed = lines::first(facts, event::TITLE).to_owned();
    reviewed.push_str("changed\n");
    reviewed.push_str(lines::behind(facts, event::TITLE + 1));
    reviewed
}

#[test]
fn a_site_changes_events_and_drops_them_without_a_gap() {
    let mut tab = Tab::new(&Storage::default(), "tab", EVENING);
    tab.tracker.review_with(review);
    tab.load(NavigationKind::Load, "/");
    tab.track("dropped");
    tab.track("e");
    let batch = sent(&mut tab);
    assert_eq!(column(&batch, "name"), ["session_start", "page_view", "e"]);
    assert_eq!(column(&batch, "title"), ["changed"; 3]);
    let seqs: Vec<_> = batch["events"].as_array().expect("events").iter().map(|event| &event["seq"]).collect();
    assert_eq!(seqs, [0, 1, 2]);
    assert_eq!(tab.tracker.counters().dropped[DropReason::BeforeSend as usize], 1);
    assert_eq!(batch["session"]["totals"]["events"], 3);
}
