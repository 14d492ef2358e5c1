//! Every wire format, byte for byte, of one visit that holds every kind of event; and what their targets' answers mean.
//!
//! The golden files have line breaks where they help to read, and nothing else that the bodies have not. `INSTA_UPDATE=always`
//! writes them anew.

use shopbell_core::attribution::Landing;
use shopbell_core::effect::Output;
use shopbell_core::event::{Money, Order};
use shopbell_core::formats::{self, Context, Format};
use shopbell_core::id::Entropy;
use shopbell_core::outbox::{Answer, BATCH_BYTES_MAX, Counters, Segment};
use shopbell_core::record::RECORD_KEY;
use shopbell_core::session::Rules;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};
use std::path::Path;

const EVENING: u64 = 1_773_172_800_000;
const LAMP: &str = r#"{"item_id":"lamp","item_name":"A \"lamp\" & more — 60 W","item_category":"Light","item_variant":"oak","price":59.9,"quantity":1}"#;

/// A page with its tracker, its storage and a collector that takes everything.
struct Page<'a> {
    format: &'a Format,
    tracker: Tracker,
    stored: String,
    uptime: u64,
    /// How many events each had.
    bodies: Vec<(usize, String)>,
}

impl<'a> Page<'a> {
    fn new(format: &'a Format) -> Self {
        let mut tracker = Tracker::new(Rules::default(), "3f9c1b2a", 17, "seed", Entropy::new("chance"));
        tracker.fit(format.room);
        Self { format, tracker, stored: String::new(), uptime: 1_234, bodies: Vec::new() }
    }

    fn tell(&mut self, input: Input<'_>) {
        let before = self.stored.clone();
        let (wall, uptime) = (Timestamp(EVENING + self.uptime), Uptime(self.uptime));
        let moment = Moment { wall, uptime, day: CivilDay(20_522), stored: &before, breaker: "" };
        self.tracker.handle(&moment, input);
        for output in self.tracker.poll(&moment) {
            match output {
                Output::Store(key, text) if key == RECORD_KEY => self.stored = text,
                Output::Store(..) => {}
                Output::Send(batch) => {
                    let segment = self.tracker.batch(batch).expect("a batch that is sent is there");
                    let context = Context {
                        site: "shop",
                        sent_at: Timestamp(EVENING + 20_000),
                        sent_uptime: Uptime(20_000),
                        device: r#""language":"en-GB","time_zone":"Europe/Paris","screen":[1440,900]"#,
                        storage: "local",
                        counters: &Counters::default(),
                    };
                    self.bodies.push((segment.batch_count(), (self.format.encode)(&context, segment)));
                    self.uptime += 10;
                    self.tell(Input::Answered(batch, Answer::Accepted));
                }
            }
        }
    }

    fn track(&mut self, name: &str, props: &str, order: &str) {
        self.uptime += 1_000;
        self.tell(Input::Tracked { name, props, order });
    }

    fn open(&mut self, url: &str, path: &str, title: &str, landing: &Landing<'_>) {
        let landing = landing.lines();
        let kind = NavigationKind::Load;
        let to = Navigation { kind, url, path, browser_closed: false, landing: &landing, title }.lines(0);
        self.uptime += 1_000;
        self.tell(Input::Navigated { to: &to, counts: true });
    }
}

/// An ad, a product, a purchase and a refund by somebody whom the site knows; another ad; and a page without consent.
fn visit(format: &Format) -> Vec<(usize, String)> {
    let mut page = Page::new(format);
    let facebook = Landing {
        utm: ["facebook", "cpc", "spring", "oak lamps", "video", ""],
        parameters: "utm_source utm_medium utm_campaign fbclid ",
        referrer: "https://l.facebook.com/",
        referrer_name: "l.facebook.com",
        ..Landing::default()
    };
    let url = "https://shop.example/p/lamp?utm_source=facebook&utm_medium=cpc&utm_campaign=spring";
    let item = format!(r#"{{"currency":"EUR","value":59.9,"items":[{LAMP}]}}"#);
    page.open(url, "/p/lamp", "A \"lamp\" – Shop", &facebook);
    page.track("view_item_list", &format!(r#"{{"item_list_name":"Lamps","items":[{LAMP}]}}"#), "");
    page.track("view_item", &item, "");
    page.track("add_to_cart", &item, "");
    page.track("remove_from_cart", &item, "");
    page.track("view_cart", &item, "");
    page.track("search", r#"{"search_term":"lämp","filters":{"price":[10,100.5],"sale":true,"brand":null}}"#, "");
    page.tell(Input::Standing { consent: "granted", user_id: "user-7" });
    page.track("begin_checkout", &item, "");
    page.track("add_shipping_info", r#"{"shipping_tier":"express","currency":"EUR","value":59.9}"#, "");
    page.track("add_payment_info", r#"{"payment_type":"card","currency":"EUR","value":59.9}"#, "");
    let bulb = r#"{"item_id":7,"item_name":"Bulb","price":"4.05","quantity":2}"#;
    let order = Order { id: "A-1", value: Money(680_000), currency: "EUR" };
    let props = format!(
        r#"{{"transaction_id":"A-1","value":68,"currency":"EUR","tax":10.86,"shipping":4.9,"payment_type":"card","coupon":"MAY","items":[{LAMP},{bulb}]}}"#
    );
    page.track("purchase", &props, &order.lines());
    page.track("refund", r#"{"transaction_id":"A-1","value":4.05,"currency":"EUR"}"#, "");
    page.track("newsletter", "", "");
    page.tell(Input::Flush);
    let google =
        Landing { utm: ["google", "cpc", "", "", "", ""], parameters: "utm_source gclid ", ..Landing::default() };
    page.open("https://shop.example/?utm_source=google&utm_medium=cpc", "/", "Shop", &google);
    page.tell(Input::Flush);
    page.tell(Input::Standing { consent: "denied", user_id: "" });
    page.track("scroll", r#"{"percent":90}"#, "");
    page.tell(Input::Flush);
    page.bodies
}

/// JSON with its members on lines of their own, as far as that helps.
fn to_read(body: &str) -> String {
    let (mut out, mut depth, mut is_text, mut is_escape) = (String::new(), 0_usize, false, false);
    for character in body.chars() {
        if !is_text && matches!(character, '}' | ']') {
            depth -= 1;
        }
        out.push(character);
        if is_escape || is_text && character == '\\' {
            is_escape = !is_escape;
            continue;
        }
        match character {
            '"' => is_text = !is_text,
            '{' | '[' if !is_text => depth += 1,
            // Queries.
            '&' if is_text && body.contains("idsite") => out.push_str("\n        "),
            ',' if !is_text && depth < 6 => {
                out.push('\n');
                out.push_str(&"  ".repeat(depth));
            }
            _ => {}
        }
    }
    out
}

#[test]
fn a_visit_is_these_bytes() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats/golden"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _bound = settings.bind_to_scope();
    for format in formats::ALL {
        let bodies = visit(format);
        let is_json = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        for (_, body) in &bodies {
            assert!(body.lines().all(is_json), "{} is no JSON: {body}", format.name);
        }
        let type_and_path = format!("POST …{} {}", format.path, format.content_type);
        let read: Vec<_> = bodies.iter().map(|(_, body)| format!("{type_and_path}\n\n{}", to_read(body))).collect();
        insta::assert_snapshot!(format.name, read.join("\n\n"));
    }
}

/// The largest that an event's texts become, in each format.
#[test]
fn no_request_of_many_events_is_over_its_limit() {
    for worst in ["\\\"", "é", "\u{1}", "&", "ab"] {
        let name = &worst.repeat(60)[..60];
        let url = format!("https://shop.example/{}", worst.repeat(500));
        let props = serde_json::json!({ "currency": "EUR", "value": 1, "items": vec![serde_json::json!({ "item_id": worst.repeat(40), "item_name": worst.repeat(40), "price": 1 }); 12] });
        for format in formats::ALL {
            let mut page = Page::new(format);
            page.open(&url, "/", &worst.repeat(100), &Landing { utm: [&worst.repeat(100); 6], ..Landing::default() });
            for name in [name, "view_cart", "purchase", "view_item", "add_to_cart", name, "purchase"] {
                page.track(name, &props.to_string(), "");
            }
            page.tell(Input::Flush);
            for (events, body) in &page.bodies {
                let is_bounded = body.len() <= BATCH_BYTES_MAX || *events == 1;
                assert!(is_bounded, "{}: {} bytes of {events} events, {worst:?}", format.name, body.len());
            }
        }
    }
}

#[test]
fn answers_mean_this() {
    let check = |format: &str, body, accepted, expected| {
        let rejected = formats::named(format).rejected.expect("a format that reads answers");
        assert_eq!(rejected(body, accepted), expected, "{format}, {body}");
    };
    check("matomo", r#"{"status":"success","tracked":3,"invalid":0}"#, 3, 0);
    check("matomo", r#"{"status":"success","tracked":1,"invalid":2,"invalid_indices":[0,2]}"#, 3, 2);
    check("matomo", r#"{"status":"success","tracked":0,"invalid":0}"#, 3, 3);
    check("matomo", r#"{"status":"error","tracked":1,"invalid":0}"#, 3, 2);
    check("matomo", "GIF89a", 1, 0);
    check("otlp", "{}", 3, 0);
    check("otlp", r#"{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}"#, 3, 2);
    check("otlp", r#"{"partialSuccess":{"rejectedLogRecords":2}}"#, 3, 2);
    check("posthog", r#"{"status":"Ok"}"#, 3, 0);
    check("posthog", r#"{"status":1,"quota_limited":["events"]}"#, 3, 3);
    check("posthog", r#"{"status":1,"quota_limited":["recordings","events"]}"#, 3, 3);
    check("posthog", r#"{"status":"Ok","quota_limited":["recordings"]}"#, 3, 0);
    check("umami", r#"{"cache":"x","sessionId":"y"}"#, 1, 0);
    check("umami", r#"{"beep":"boop"}"#, 1, 1);
    check("umami", "", 1, 0);
}

#[test]
fn a_refusal_of_some_events_is_no_refusal_of_all() {
    let check = |body, expected| {
        let is_for_some = formats::named("amplitude").is_for_some.expect("a format that reads refusals");
        assert_eq!(is_for_some(body), expected, "{body}");
    };
    check(r#"{"code":400,"events_with_invalid_fields":{"time":[0]}}"#, true);
    check(r#"{"code":400,"error":"x","silenced_events":[3]}"#, true);
    check(r#"{"code":400,"error":"Invalid API key"}"#, false);
    check("", false);
}

/// A page that is left sends all that waits, as far as a browser lets it.
#[test]
fn a_page_that_is_left_sends_all_that_fits() {
    for format in formats::ALL {
        let mut tracker = Tracker::new(Rules::default(), "3f9c1b2a", 0, "seed", Entropy::new("chance"));
        tracker.fit(format.room);
        let moment = Moment { wall: Timestamp(EVENING), day: CivilDay(20_522), ..Moment::default() };
        for _ in 0..20 {
            tracker.handle(&moment, Input::Tracked { name: "view_item", props: LAMP, order: "" });
        }
        let _first = tracker.poll(&moment);
        tracker.handle(&moment, Input::Hidden);
        let _last = tracker.poll(&moment);
        let is_sent = |segment: &&Segment| segment.is_in_flight();
        let sent: usize = tracker.segments().iter().filter(is_sent).map(Segment::batch_count).sum();
        assert_eq!(sent, 22, "{}", format.name);
    }
}
