//! What anyone may post: after all of it, an honest visit is reported exactly, and every list can be read.

use crate::batches::{batch, event};
use crate::process::Collector;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use tempfile::TempDir;

const TOKEN: &str = "the token of these tests";
const YEAR_275760: u64 = 8_640_000_000_000_000;

fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

/// A batch of the other site, as of now, changed at places.
fn told(changes: &[(&str, Value)]) -> Value {
    let mut told =
        batch(&[event(0, "page_view", &json!({})), event(1, "purchase", &json!({ "value": 5, "currency": "EUR" }))]);
    let now = now_ms();
    for (pointer, value) in [
        ("/site", json!("other")),
        ("/sent_at", json!(now)),
        ("/session/started_at", json!(now - 2_000)),
        ("/events/0/time", json!(now - 2_000)),
        ("/events/1/time", json!(now - 1_000)),
    ] {
        *told.pointer_mut(pointer).expect("a place in a batch") = value;
    }
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = told.pointer_mut(parent).expect("a place in a batch");
        match parent {
            Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value.clone(),
            parent => parent[name] = value.clone(),
        }
    }
    told
}

fn long(characters: usize) -> Value {
    json!("x".repeat(characters))
}

/// What it is, its body, and what it is answered with.
type Row = (&'static str, String, u16);

fn row(what: &'static str, changes: &[(&str, Value)], status: u16) -> Row {
    (what, told(changes).to_string(), status)
}

fn raw(what: &'static str, body: &str, status: u16) -> Row {
    (what, body.to_owned(), status)
}

/// No batch at all.
fn no_batches() -> Vec<Row> {
    let with = |from: &str, to: &str| told(&[]).to_string().replacen(from, to, 1);
    vec![
        raw("nothing", "", 400),
        raw("not JSON", "GET / HTTP/1.1", 400),
        raw("half a batch", &told(&[]).to_string()[..200], 400),
        raw("null", "null", 400),
        raw("a list", "[]", 400),
        raw("a text", "\"shopbell/1\"", 400),
        raw("two batches", &format!("{0}{0}", told(&[])), 400),
        raw("brackets", &"[".repeat(200_000), 400),
        raw("braces inside", &with("\"props\":{", &format!("\"props\":{}", "{\"a\":".repeat(50_000))), 400),
        raw("a byte order mark", &format!("\u{feff}{}", told(&[])), 400),
        raw("a number without end", &with("\"offset_ms\":0", &format!("\"offset_ms\":{}", "9".repeat(100_000))), 400),
        raw("a number beyond all", &with("\"offset_ms\":0", "\"offset_ms\":1e999"), 400),
        raw("a fraction", &with("\"offset_ms\":0", "\"offset_ms\":0.5"), 400),
        raw("a negative number", &with("\"offset_ms\":0", "\"offset_ms\":-1"), 400),
        raw("a field twice", &with("\"site\":\"other\"", "\"site\":\"other\",\"site\":\"shop\""), 400),
        raw("a body that is too large", &" ".repeat(262_145), 413),
    ]
}

/// Texts without a limit.
fn long_texts() -> Vec<Row> {
    vec![
        row("a wrong text of 250 KB", &[("/sent_at", long(250_000))], 400),
        row("a site of 250 KB", &[("/site", long(250_000))], 400),
        row("a schema of 250 KB", &[("/schema", long(250_000))], 400),
        row("a bot of 250 KB", &[("/device/bot", long(250_000))], 400),
        row("a device of 250 KB", &[("/device/id", long(250_000))], 400),
        row("a session before of 250 KB", &[("/session/previous_id", long(250_000))], 400),
        row("a reason of 250 KB", &[("/session/reason", long(250_000))], 400),
        row("a user of 250 KB", &[("/session/user_id", long(250_000))], 400),
        row("a source of 250 KB", &[("/session/source/source", long(250_000))], 400),
        row("a campaign of 250 KB", &[("/session/source/campaign", long(250_000))], 400),
        row("a first touch of 250 KB", &[("/session/first_touch", json!({ "source": "x".repeat(250_000) }))], 400),
        row("totals before of 250 KB", &[("/session/previous", json!({ "a": "x".repeat(250_000) }))], 400),
        row("a landing page of 250 KB", &[("/session/landing_page", long(250_000))], 400),
        row("an event of 250 KB", &[("/events/0/id", long(250_000))], 400),
        row("a name of 250 KB", &[("/events/0/name", long(250_000))], 400),
        row("a consent of 250 KB", &[("/events/0/consent", long(250_000))], 400),
        row("a tab of 250 KB", &[("/events/0/tab_id", long(250_000))], 400),
        row("a page of 250 KB", &[("/events/0/page_id", long(250_000))], 400),
        row("a URL of 250 KB", &[("/events/0/url", long(250_000))], 400),
        row("a title of 250 KB", &[("/events/0/title", long(250_000))], 400),
        row("properties of 250 KB", &[("/events/0/props", json!({ "a": "x".repeat(250_000) }))], 400),
        row("an order of 200 KB", &[("/events/1/props/transaction_id", long(200_000))], 204),
        row("a currency of 200 KB", &[("/events/1/props/currency", long(200_000))], 204),
        row("items of 200 KB", &[("/events/1/props/items", json!(vec!["x".repeat(100); 2_000]))], 204),
    ]
}

/// Words that are none, and numbers that nobody has.
fn wrong_values() -> Vec<Row> {
    vec![
        row("a consent that is none", &[("/events/0/consent", json!("maybe"))], 400),
        row("a reason that is none", &[("/session/reason", json!("because"))], 400),
        row("a channel that is none", &[("/session/source/channel", json!("my channel"))], 204),
        row("properties that are a text", &[("/events/0/props", json!("{}"))], 400),
        row("a site that is not taken", &[("/site", json!("made up"))], 403),
        row("an empty site", &[("/site", json!(""))], 400),
        row("an empty device", &[("/device/id", json!(""))], 400),
        row("an empty session", &[("/session/id", json!(""))], 400),
        row("no events", &[("/events", json!([]))], 400),
        row("an event that is none", &[("/events/0", json!(null))], 400),
        row("a place beyond all", &[("/events/0/seq", json!(YEAR_275760))], 400),
        row("a place of a million", &[("/events/0/seq", json!(1_000_000))], 204),
        row("a session's number beyond all", &[("/session/number", json!(u64::MAX))], 400),
        row("a time beyond all", &[("/events/0/time", json!(u64::MAX))], 400),
        row("an event of the year 275760", &[("/events/0/time", json!(YEAR_275760))], 204),
        row("a session of the year 275760", &[("/session/started_at", json!(YEAR_275760))], 204),
        row(
            "all of the year 275760",
            &[
                ("/sent_at", json!(YEAR_275760)),
                ("/session/started_at", json!(YEAR_275760)),
                ("/events/0/time", json!(YEAR_275760)),
                ("/events/1/time", json!(YEAR_275760)),
            ],
            204,
        ),
        row("a session of 1970", &[("/session/started_at", json!(0))], 204),
        row("an event of 1970", &[("/events/0/time", json!(0))], 204),
        row("sent in 1970", &[("/sent_at", json!(0))], 204),
        row("a page that is open for ages", &[("/sent_offset_ms", json!(YEAR_275760))], 204),
        row("an offset beyond all", &[("/events/0/offset_ms", json!(YEAR_275760)), ("/sent_offset_ms", json!(0))], 204),
    ]
}

/// What is another's to tell, and pages as they were left early.
fn other_peoples() -> Vec<Row> {
    vec![
        row(
            "another's session",
            &[("/site", json!("shop")), ("/session/id", json!("honest")), ("/device/id", json!("mine"))],
            400,
        ),
        row(
            "another's session without a device",
            &[("/site", json!("shop")), ("/session/id", json!("honest")), ("/device", json!({}))],
            400,
        ),
        row(
            "another's session that began before",
            &[
                ("/site", json!("shop")),
                ("/session/id", json!("honest")),
                ("/device/id", json!("mine")),
                ("/session/started_at", json!(1)),
            ],
            400,
        ),
        row("another's order", &[("/events/1/props/transaction_id", json!("HONEST-1"))], 204),
        raw("an early page without an end", "{\"schema\":\"shopbell/early/1\"", 400),
        raw("an early page of texts", &format!("{{\"schema\":\"shopbell/early/1\",\"url\":{}}}", long(200_000)), 400),
        raw(
            "a server's order without the token",
            r#"{"schema":"shopbell/server/1","site":"shop","session_id":"honest","device_id":"honest device","events":[{"name":"purchase","props":{"transaction_id":"HONEST-1","value":1}}]}"#,
            401,
        ),
    ]
}

/// Each of a device and a session of its own, where it is not about another's.
fn hostile() -> Vec<Row> {
    let mut rows = [no_batches(), long_texts(), wrong_values(), other_peoples()].concat();
    // Sums that pass 2⁶³.
    for order in 0..30 {
        let props = json!({ "transaction_id": format!("huge {order}"), "value": 1e9, "currency": "EUR" });
        let changes = [("/events/1/id", json!(format!("huge {order}"))), ("/events/1/props", props)];
        rows.push(row("an order of a billion", &changes, 204));
    }
    for (number, (_, body, _)) in rows.iter_mut().enumerate() {
        for (name, own) in [("device\"", "device"), ("session\"", "session")] {
            *body = body.replace(&format!("\"id\":\"{name}"), &format!("\"id\":\"{own} {number}\""));
        }
        *body = body.replace("\"id\":\"event-", &format!("\"id\":\"event {number}-"));
    }
    rows
}

/// The visit that must be reported as it was.
fn honest(collector: &Collector) {
    let order = json!({ "transaction_id": "HONEST-1", "value": 59.9, "currency": "EUR" });
    let names = ["page_view", "view_item", "add_to_cart", "purchase"];
    let now = now_ms();
    let events: Vec<Value> = names
        .iter()
        .enumerate()
        .map(|(seq, name)| {
            let mut event = event(seq as u64, name, if *name == "purchase" { &order } else { &Value::Null });
            event["id"] = json!(format!("honest {seq}"));
            event["time"] = json!(now - 10_000 + seq as u64 * 1_000);
            event["tab_id"] = json!("honest tab");
            if *name != "purchase" {
                event.as_object_mut().expect("an event").remove("props");
            }
            event
        })
        .collect();
    let mut told = batch(&events);
    told["device"]["id"] = json!("honest device");
    told["session"]["id"] = json!("honest");
    told["session"]["started_at"] = json!(now - 10_000);
    told["sent_at"] = json!(now - 5_000);
    collector.accept(&told);
}

#[test]
fn after_whatever_anyone_posts_an_honest_visit_is_reported_exactly() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &["--site", "shop", "--site", "other"]);
    honest(&collector);
    let rows = hostile();
    assert!(rows.len() >= 60);
    for (what, body, expected) in &rows {
        let (status, answer) = collector.post(body);
        assert_eq!(status, *expected, "{what}: {answer}");
        assert!(answer.len() < 600, "{what} is answered with {} bytes", answer.len());
        let is_one_sentence = answer.starts_with("{\"error\":\"") && answer.lines().count() == 1;
        assert!(status == 204 || is_one_sentence, "{what}: {answer}");
    }
    honest(&collector);
    let report = collector.get("report?site=shop");
    for (field, expected) in [
        ("sessions", json!(1)),
        ("visitors", json!(1)),
        ("page_views", json!(1)),
        ("mean_duration_ms", json!(3_000.0)),
        ("transactions", json!(1)),
        ("revenue", json!(59.9)),
        ("net_revenue", json!(59.9)),
        ("currency", json!("EUR")),
        ("conversion_rate", json!(1.0)),
        ("missing_events", json!(0)),
        ("order_conflicts", json!(0)),
    ] {
        assert_eq!(report[field], expected, "{field}");
    }
    assert_eq!(groups(&report["channels"]), [("paid_social".to_owned(), 1, 1)]);
    assert_eq!(groups(&report["landing_pages"]), [("/p/lamp".to_owned(), 1, 1)]);
    let sessions = collector.get("sessions?site=shop");
    assert_eq!(sessions.as_array().map(Vec::len), Some(1));
    assert_eq!((&sessions[0]["duration_ms"], &sessions[0]["revenue"]), (&json!(3_000), &json!(59.9)));
    // What was stored of the rest is within what can be.
    let sessions = collector.get("sessions?site=other&limit=10000");
    let day_ms = 86_400_000;
    for session in sessions.as_array().expect("a list") {
        let (began, duration) =
            (session["began_at"].as_u64().expect("a time"), session["duration_ms"].as_u64().expect("a time"));
        assert!(began <= now_ms() + 5_000 && began > now_ms() - 61 * day_ms, "{session}");
        assert!(duration <= 61 * day_ms, "{session}");
        assert_eq!(session["source"]["channel"], "paid_social");
    }
    let report = collector.get("report?site=other");
    assert!(report["revenue"].as_f64().is_some_and(|revenue| (3e10..4e10).contains(&revenue)), "{}", report["revenue"]);
    assert_eq!(collector.get("events?limit=10000").as_array().map(Vec::is_empty), Some(false));
}

#[test]
fn an_order_is_of_whoever_told_it_first_and_of_the_shops_server_before_all() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &["--token", TOKEN]);
    let order = |device: &str, event: &str, value: f64| {
        let props = json!({ "transaction_id": "A-1", "value": value, "currency": "EUR" });
        told(&[
            ("/site", json!("shop")),
            ("/device/id", json!(device)),
            ("/session/id", json!(format!("session of {device}"))),
            ("/events/0/id", json!(format!("{event} before"))),
            ("/events/1/id", json!(event)),
            ("/events/1/props", props),
        ])
    };
    collector.accept(&order("thief", "stolen", 1.0));
    collector.accept(&order("buyer", "bought", 59.9));
    collector.accept(&order("buyer", "loaded again", 59.9));
    let figures = |collector: &Collector| {
        let report = collector.owned("report?site=shop");
        ["transactions", "revenue", "net_revenue", "order_conflicts"].map(|field| report[field].clone())
    };
    assert_eq!(json!(figures(&collector)), json!([1, 1.0, 1.0, 1]), "it counts once, and that it is disputed shows");
    let server = |events: Value| json!({ "schema": "shopbell/server/1", "site": "shop", "session_id": "session of buyer", "device_id": "buyer", "events": events });
    let purchase =
        json!({ "name": "purchase", "props": { "transaction_id": "A-1", "value": 59.9, "currency": "EUR" } });
    for _ in 0..2 {
        assert_eq!(collector.tell(&server(json!([purchase])).to_string(), &[]), 204);
    }
    assert_eq!(json!(figures(&collector)), json!([1, 59.9, 59.9, 1]));
    let sessions = collector.owned("sessions?site=shop");
    let of = |id: &str| {
        sessions.as_array().into_iter().flatten().find(|session| session["id"] == id).expect("a session").clone()
    };
    assert_eq!(
        (&of("session of buyer")["transactions"], &of("session of buyer")["funnel_step"]),
        (&json!(1), &json!("purchase"))
    );
    assert_eq!(
        (&of("session of thief")["transactions"], &of("session of thief")["funnel_step"]),
        (&json!(0), &json!("visit"))
    );
    // Nobody else's page gives money back: not the thief's, and not one without a device.
    for (device, id) in [(json!("thief"), "t1"), (json!("stranger"), "t2"), (Value::Null, "t3")] {
        let mut stolen = order("thief", id, 1.0);
        stolen["device"] = json!({ "id": device });
        stolen["session"]["id"] = json!(format!("refunds by {id}"));
        stolen["events"] =
            json!([{ "id": id, "name": "refund", "time": now_ms(), "props": { "transaction_id": "A-1" } }]);
        collector.accept(&stolen);
        assert_eq!(json!(figures(&collector)), json!([1, 59.9, 59.9, 1]), "{id}");
    }
    // Money goes back: a part, the rest, and no more than there was.
    let refund = |id: &str, value: Value| json!([{ "id": id, "name": "refund", "props": { "transaction_id": "A-1", "value": value } }]);
    for (id, value, left) in [
        ("r1", json!(9.9), 50.0),
        ("r1", json!(9.9), 50.0),
        ("r2", json!("20,00 €"), 30.0),
        ("r3", json!(null), 0.0),
        ("r4", json!(500), 0.0),
    ] {
        assert_eq!(collector.tell(&server(refund(id, value)).to_string(), &[]), 204);
        assert_eq!(json!(figures(&collector)), json!([1, 59.9, left, 1]), "{id}");
    }
}

#[test]
fn a_server_tells_of_sessions_that_the_page_tells_of_later() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &["--token", TOKEN]);
    let mut server = json!({ "schema": "shopbell/server/1", "site": "other", "session_id": "session",
        "events": [{ "name": "purchase", "props": { "transaction_id": "A-1", "value": 7, "currency": "EUR" } }] });
    assert_eq!(collector.tell(&server.to_string(), &[]), 204);
    let session = || collector.owned("sessions?site=other&session_id=session")[0].clone();
    assert_eq!((&session()["revenue"], &session()["device_id"]), (&json!(7.0), &json!(null)));
    collector.accept(&told(&[("/events/1/props/transaction_id", json!("A-1"))]));
    let known = session();
    assert_eq!(
        [&known["revenue"], &known["transactions"], &known["device_id"], &known["landing_page"], &known["reason"]],
        [&json!(7.0), &json!(1), &json!("device"), &json!("/p/lamp"), &json!("first")]
    );
    // With its facts, where no page ever tells of it.
    server["session_id"] = json!("by telephone");
    server["session"] = json!({ "reason": "first", "number": 1, "started_at": now_ms() - 60_000, "source": { "source": "telephone", "medium": "call" } });
    server["events"][0]["props"]["transaction_id"] = json!("A-2");
    assert_eq!(collector.tell(&server.to_string(), &[]), 204);
    assert_eq!(collector.owned("sessions?session_id=by%20telephone")[0]["source"]["source"], "telephone");
    for (pointer, value, words) in [
        ("/events/0", json!({ "name": "note" }), "neither id nor transaction_id"),
        ("/events", json!([]), "events is empty"),
        ("/session/reason", json!("because"), "session.reason"),
        ("/site", json!(""), "site is empty"),
    ] {
        let mut wrong = server.clone();
        *wrong.pointer_mut(pointer).expect("a place") = value;
        let (status, answer) =
            collector.ask("POST", "/collect", &[("authorization", &format!("Bearer {TOKEN}"))], &wrong.to_string());
        assert!(status == 400 && answer.contains(words), "{pointer}: {answer}");
    }
    server["device_id"] = json!("another");
    server["session_id"] = json!("session");
    assert_eq!(collector.tell(&server.to_string(), &[]), 400, "a session is of its device");
}

#[test]
fn a_site_is_told_of_from_its_origins_alone() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(
        folder.path(),
        &["--site", "shop=https://shop.example", "--site", "other", "--token", TOKEN],
    );
    let shop = told(&[("/site", json!("shop"))]).to_string();
    let post = |headers: &[(&str, &str)]| collector.ask("POST", "/collect", headers, &shop).0;
    assert_eq!(post(&[("origin", "https://shop.example")]), 204);
    assert_eq!(post(&[("origin", "https://evil.example")]), 403);
    assert_eq!(post(&[]), 403);
    assert_eq!(post(&[("authorization", &format!("Bearer {TOKEN}"))]), 204);
    assert_eq!(post(&[("authorization", "Bearer of bad news"), ("origin", "https://shop.example")]), 401);
    // A beacon of a site behind a password has that.
    assert_eq!(post(&[("authorization", "Basic c2hvcDpzaG9w"), ("origin", "https://shop.example")]), 204);
    assert_eq!(collector.post(&told(&[]).to_string()).0, 204);
}

#[test]
fn only_owners_read() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(
        folder.path(),
        &["--token", TOKEN, "--www", concat!(env!("CARGO_MANIFEST_DIR"), "/../../www"), "--host", "stats.example"],
    );
    collector.accept(&told(&[]));
    let bearer = format!("Bearer {TOKEN}");
    for path in ["/api/events", "/api/sessions", "/api/report", "/api/health", "/metrics", "/report/"] {
        assert_eq!(collector.ask("GET", path, &[], "").0, 401, "{path}");
        assert_eq!(collector.ask("GET", path, &[("authorization", "Bearer wrong wrong wrong")], "").0, 401, "{path}");
        assert_eq!(collector.ask("GET", path, &[("authorization", &bearer)], "").0, 200, "{path}");
        let elsewhere = [("authorization", &*bearer), ("host", "evil.example")];
        assert_eq!(collector.ask("GET", path, &elsewhere, "").0, 421, "{path}");
        let (status, head) = collector.ask("GET", path, &[("accept", "text/html,*/*")], "");
        assert!(status == 303, "{path}: {head}");
    }
    assert_eq!(collector.ask("DELETE", "/api/devices/device", &[], "").0, 401);
    assert_eq!(collector.ask("GET", "/healthz", &[], "").0, 200);
    assert_eq!(
        collector.ask("POST", "/sign-in", &[("content-type", "application/x-www-form-urlencoded")], "token=wrong").0,
        403
    );
    let form = format!("token={}", TOKEN.replace(' ', "+"));
    let head = collector.head("POST", "/sign-in", &[("content-type", "application/x-www-form-urlencoded")], &form);
    assert!(head.starts_with("HTTP/1.1 303") && head.contains("location: report/"), "{head}");
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains(TOKEN), "{cookie}");
    let cookie = cookie.split(';').next().expect("a name and a value");
    assert_eq!(collector.ask("GET", "/api/sessions", &[("cookie", cookie)], "").0, 200);
    let head = collector.head("GET", "/report/", &[("cookie", cookie)], "");
    for policy in [
        "content-security-policy: default-src 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: same-origin",
    ] {
        assert!(head.contains(policy), "{head}");
    }
    assert_eq!(collector.ask("DELETE", "/api/devices/device", &[("cookie", cookie)], "").0, 200);
    assert_eq!(collector.owned("sessions"), json!([]));
}

#[test]
fn without_a_token_no_other_site_reads_by_a_name_of_its_own() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    for host in ["evil.example", "127.0.0.1.evil.example", ""] {
        for path in ["/api/events", "/api/sessions", "/api/report", "/metrics"] {
            assert_eq!(collector.ask("GET", path, &[("host", host)], "").0, 403, "{host} {path}");
        }
    }
    assert_eq!(collector.ask("GET", "/api/report", &[("host", "localhost:1")], "").0, 200);
}

#[test]
fn who_tells_too_much_waits_and_others_do_not() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &["--rate", "10", "--client-header", "x-forwarded-for"]);
    let many: Vec<Value> = (0..90).map(|seq| event(seq, "e", &json!({}))).collect();
    let many = batch(&many).to_string();
    let post = |client: &str| collector.ask("POST", "/collect", &[("x-forwarded-for", client)], &many).0;
    assert_eq!([post("192.0.2.1"), post("192.0.2.1"), post("192.0.2.1, 192.0.2.2")], [204, 429, 204]);
    let head = collector.head("POST", "/collect", &[("x-forwarded-for", "192.0.2.1")], &many);
    assert!(head.contains("retry-after: "), "{head}");
}

#[test]
fn a_list_goes_on_behind_an_event_of_its_site() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&told(&[("/site", json!("one"))]));
    collector.accept(&told(&[("/site", json!("two")), ("/events/1/id", json!("event-2"))]));
    let ids = |path: &str| {
        let (status, answer) = collector.ask("GET", &format!("/api/events{path}"), &[], "");
        let events: Value = serde_json::from_str(&answer).expect("JSON");
        let ids = events.as_array().into_iter().flatten().filter_map(|event| event["id"].as_str().map(str::to_owned));
        (status, ids.collect::<Vec<_>>().join(" "))
    };
    let check =
        |path: &str, status: u16, expected: &str| assert_eq!(ids(path), (status, expected.to_owned()), "{path}");
    check("", 200, "event-0 event-1 event-0 event-2");
    check("?site=one&after=event-0", 200, "event-1");
    check("?site=two&after=event-0", 200, "event-2");
    check("?after=event-1", 200, "event-0 event-2");
    check("?after=event-0", 400, "");
    check("?after=unknown", 400, "");
    check("?site=one&after=event-2", 400, "");
    check("?limit=1", 200, "event-0");
    check("?limit=0", 200, "");
    check("?limit=-1", 400, "");
    check("?nonsense=1", 400, "");
    check("?session_id=session&site=two", 200, "event-0 event-2");
}

#[test]
fn an_open_page_costs_nothing_while_nothing_changed() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&told(&[]));
    for path in ["/api/report?site=other", "/api/sessions", "/api/events"] {
        let tag = |head: &str| head.lines().find_map(|line| line.strip_prefix("etag: ")).expect("a tag").to_owned();
        let known = tag(&collector.head("GET", path, &[], ""));
        assert_eq!(collector.ask("GET", path, &[("if-none-match", &known)], ""), (304, String::new()), "{path}");
        collector.accept(&told(&[("/events/0/id", json!(path))]));
        assert_eq!(collector.ask("GET", path, &[("if-none-match", &known)], "").0, 200, "{path}");
    }
}

#[test]
fn a_list_of_large_events_comes_in_parts() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    for round in 0..30 {
        let large = |seq: u64| {
            let mut event = event(round * 15 + seq, "e", &json!({ "a": "x".repeat(16_000) }));
            event["time"] = json!(now_ms());
            event
        };
        collector.accept(&told(&[("/events", json!((0..15).map(large).collect::<Vec<_>>()))]));
    }
    let (mut count, mut parts, mut after) = (0, 0, String::new());
    loop {
        let answer = collector.ask("GET", &format!("/api/events?limit=10000{after}"), &[], "").1;
        assert!(answer.len() < 6_000_000, "{} bytes", answer.len());
        // A large one comes in chunks, whose lengths stand between.
        let events = collector.get(&format!("events?limit=10000{after}"));
        let Some(last) = events.as_array().and_then(|events| events.last()) else { break };
        after = format!("&after={}", last["id"].as_str().expect("an id"));
        (count, parts) = (count + events.as_array().map_or(0, Vec::len), parts + 1);
    }
    assert!(count == 450 && parts > 1, "{count} in {parts} parts");
}

#[test]
fn a_report_is_of_one_moment_while_more_comes() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..300 {
                let order = json!({ "transaction_id": format!("A-{number}"), "value": 1, "currency": "EUR" });
                collector.accept(&told(&[
                    ("/session/id", json!(format!("session {number}"))),
                    ("/device/id", json!(format!("device {number}"))),
                    ("/events/0/id", json!(format!("{number} a"))),
                    ("/events/1/id", json!(format!("{number} b"))),
                    ("/events/1/props", order),
                ]));
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
            let report = collector.get("report");
            let number = |value: &Value| value.as_u64().expect("a number");
            let sum = |list: &Value, field: &str| {
                list.as_array().into_iter().flatten().map(|one| number(&one[field])).sum::<u64>()
            };
            let sessions = number(&report["sessions"]);
            assert_eq!(
                [number(&report["visitors"]), number(&report["page_views"]), number(&report["transactions"])],
                [sessions; 3]
            );
            assert_eq!([sum(&report["channels"], "sessions"), sum(&report["revenues"], "transactions")], [sessions; 2]);
        }
    });
    assert_eq!(collector.get("report")["sessions"], 300);
}

/// A clock that stands still, leaps and is set tells of its sessions in their order all the same.
#[test]
fn sessions_of_a_device_are_listed_in_their_order_and_those_of_the_future_are_not_the_latest() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let now = now_ms();
    let tell = |device: &str, number: u64, started_at: u64, sent_at: u64| {
        let mut told = told(&[
            ("/device/id", json!(device)),
            ("/session/id", json!(format!("{device} {number}"))),
            ("/session/number", json!(number)),
            ("/session/started_at", json!(started_at)),
            ("/sent_at", json!(sent_at)),
        ]);
        for place in 0..2 {
            told["events"][place]["id"] = json!(format!("{device} {number} {place}"));
            told["events"][place]["time"] = json!(started_at + 480_000 * place as u64);
        }
        collector.accept(&told);
    };
    let (minute, day) = (60_000, 86_400_000);
    tell("liar", 1, YEAR_275760 - day, YEAR_275760 - day);
    // Each tells its second visit of the next day, eight minutes long, at its end, moments after it told the first.
    for (device, began) in [("past", now - 300 * day), ("today", now), ("future", now + 300 * day)] {
        tell(device, 1, began, began);
        tell(device, 2, began + day, began + day + 8 * minute);
    }
    tell("right", 1, now_ms(), now_ms());
    let sessions = collector.get("sessions");
    let listed: Vec<_> =
        sessions.as_array().into_iter().flatten().filter_map(|session| session["id"].as_str()).collect();
    let place = |id: &str| listed.iter().position(|listed| *listed == id).expect("it is listed");
    for device in ["past", "today", "future"] {
        assert!(place(&format!("{device} 1")) < place(&format!("{device} 2")), "{listed:?}");
    }
    assert_eq!(listed.last(), Some(&"right 1"));
    assert!(sessions.as_array().into_iter().flatten().all(|session| session["duration_ms"] == 480_000), "{sessions}");
}

#[test]
fn what_became_of_requests_is_counted() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &["--site", "other"]);
    collector.accept(&told(&[]));
    for body in ["no batch", "", "{}", &told(&[("/site", json!("made up"))]).to_string(), &" ".repeat(300_000)] {
        assert_ne!(collector.post(body).0, 204);
    }
    let counts = collector.ask("GET", "/metrics", &[], "").1;
    for line in [
        "shopbell_collect_requests_total{outcome=\"stored\"} 1",
        "shopbell_collect_requests_total{outcome=\"malformed\"} 3",
        "shopbell_collect_requests_total{outcome=\"site\"} 1",
        "shopbell_collect_requests_total{outcome=\"too_large\"} 1",
        "shopbell_collect_seconds_count 6",
        "shopbell_events_told_total 2",
        "shopbell_commits_total 1",
        "shopbell_waiting_events 0",
    ] {
        assert!(counts.lines().any(|one| one == line), "{line}: {counts}");
    }
}

#[test]
fn the_filters_of_a_report_combine() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    for (number, (source, campaign, page, first)) in [
        ("facebook", "spring", "/a", 1),
        ("facebook", "spring", "/b", 2),
        ("google", "spring", "/a", 1),
        ("facebook", "", "/a", 2),
    ]
    .into_iter()
    .enumerate()
    {
        let mut told = told(&[
            ("/session/id", json!(format!("session {number}"))),
            ("/device/id", json!(format!("device {number}"))),
            ("/session/number", json!(first)),
            ("/session/reason", json!(if first == 1 { "first" } else { "inactivity" })),
            ("/session/landing_page", json!(page)),
            ("/session/source", json!({ "source": source, "medium": "cpc", "campaign": campaign })),
            ("/events/0/id", json!(format!("{number} a"))),
            ("/events/1/id", json!(format!("{number} b"))),
        ]);
        if campaign.is_empty() {
            told["session"]["source"]["campaign"] = json!(null);
        }
        collector.accept(&told);
    }
    let check = |filters: &str, sessions: u64| {
        let count = |path: &str| collector.get(&format!("{path}?{filters}"));
        assert_eq!(count("report")["sessions"], json!(sessions), "{filters}");
        assert_eq!(count("sessions").as_array().map(|list| list.len() as u64), Some(sessions), "{filters}");
    };
    check("", 4);
    check("source=facebook", 3);
    check("source=facebook&campaign=spring", 2);
    check("source=facebook&campaign=spring&landing_page=/a", 1);
    check("campaign=spring&landing_page=/a", 2);
    check("visitor=new", 2);
    check("visitor=returning&landing_page=/a", 1);
    check("reason=inactivity", 2);
    check("channel=paid_social", 3);
    check("channel=paid_search&visitor=new", 1);
    check("channel=made_up", 0);
    check("source=nobody", 0);
    check("site=other", 4);
    check("site=nowhere", 0);
    check(&format!("from={}", now_ms() + 60_000), 0);
    let report = collector.get("report?source=facebook");
    assert_eq!(groups(&report["campaigns"]), [("spring".to_owned(), 2, 2)]);
}

/// Names, sessions and orders of a report's groups.
fn groups(groups: &Value) -> Vec<(String, u64, u64)> {
    let count = |group: &Value, field: &str| group[field].as_u64().expect("a count");
    let groups = groups.as_array().expect("a list").iter();
    let name = |group: &Value| group["name"].as_str().expect("a name").to_owned();
    groups.map(|group| (name(group), count(group, "sessions"), count(group, "transactions"))).collect()
}

impl Collector {
    /// Asks as HTTP is written; returns the whole answer.
    fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        let has_host = headers.iter().any(|(name, _)| *name == "host");
        let host = if has_host { String::new() } else { format!("host: {}\r\n", self.address) };
        let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let headers = headers.concat();
        let head = format!(
            "{method} {path} HTTP/1.1\r\n{host}{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn head(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
        let answer = self.raw(method, path, headers, body);
        answer.split_once("\r\n\r\n").expect("a head").0.to_owned()
    }

    /// Status and body.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let answer = self.raw(method, path, headers, body);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head[9..12].parse().expect("a status"), body.to_owned())
    }

    /// Posts with the token.
    fn tell(&self, body: &str, headers: &[(&str, &str)]) -> u16 {
        let bearer = format!("Bearer {TOKEN}");
        self.ask("POST", "/collect", &[&[("authorization", &*bearer)], headers].concat(), body).0
    }

    /// Asks the API with the token.
    fn owned(&self, path: &str) -> Value {
        let (status, body) =
            self.ask("GET", &format!("/api/{path}"), &[("authorization", &format!("Bearer {TOKEN}"))], "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }
}
