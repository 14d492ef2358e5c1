//! The native batch, byte for byte.

use shopbell_core::attribution::Landing;
use shopbell_core::effect::Output;
use shopbell_core::formats::{Context, native};
use shopbell_core::id::Entropy;
use shopbell_core::outbox::{BATCH_BYTES_MAX, Counters};
use shopbell_core::record::RECORD_KEY;
use shopbell_core::session::Rules;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};

/// The body of the first batch after these inputs.
fn encode(inputs: &[Input<'_>]) -> String {
    let mut tracker = Tracker::new(Rules::default(), "3f9c1b2a", 17, "seed", Entropy::new("chance"));
    let mut stored = String::new();
    let mut outputs = Vec::new();
    for input in inputs.iter().chain([&Input::Flush]) {
        let (wall, uptime, day) = (Timestamp(1_773_172_800_000), Uptime(1_234), CivilDay(20_522));
        let before = stored.clone();
        let moment = Moment { wall, uptime, day, stored: &before, breaker: "" };
        tracker.handle(&moment, *input);
        for output in tracker.poll(&moment) {
            match output {
                Output::Store(key, text) if key == RECORD_KEY => stored = text,
                output => outputs.push(output),
            }
        }
    }
    let sent = outputs.iter().find_map(|output| match output {
        Output::Send(batch) => tracker.batch(*batch),
        Output::Store(..) => None,
    });
    let context = Context {
        site: "shop",
        sent_at: Timestamp(1_773_172_801_000),
        sent_uptime: Uptime(2_234),
        device: "\"language\":\"en-GB\",\"screen\":[1440,900]",
        storage: "local",
        counters: &Counters::default(),
    };
    native::encode(&context, sent.expect("a batch"))
}

fn landing() -> String {
    let landing = Landing {
        utm: ["facebook", "cpc", "", "", "", ""],
        parameters: "utm_source utm_medium ",
        referrer: "https://l.facebook.com/",
        referrer_name: "l.facebook.com",
        is_return: false,
        is_message: false,
    };
    landing.lines()
}

fn navigation(url: &str, title: &str, landing: &str) -> String {
    let to = Navigation { kind: NavigationKind::Load, url, path: "/p/lamp", browser_closed: false, landing, title };
    to.lines(0)
}

#[test]
fn a_batch_is_these_bytes() {
    let props = "{\"item_id\":\"lamp\"}";
    let track = Input::Tracked { name: "view_item", props, order: "" };
    let url = "https://shop.example/p/lamp?utm_source=facebook&utm_medium=cpc";
    let to = navigation(url, "A \"lamp\"", &landing());
    let body = encode(&[Input::Navigated { to: &to, counts: true }, track]);
    let expected = include_str!("native.json").trim_end();
    assert_eq!(body, expected, "if the change is meant, it is a new version of the schema");
}

#[test]
fn no_batch_of_many_events_is_over_its_limit() {
    let worst = "\\\"".repeat(128);
    let url = format!("https://shop.example/{}", "x".repeat(2_000));
    let name = &worst[..64];
    let props = format!("{{\"a\":\"{}\"}}", "x".repeat(3_000));
    let track = Input::Tracked { name, props: &props, order: "" };
    let to = navigation(&url, &worst, &landing());
    let body = encode(&[Input::Navigated { to: &to, counts: true }, track, track, track, track]);
    assert!(body.len() <= BATCH_BYTES_MAX, "{} bytes", body.len());
    assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok());
}
