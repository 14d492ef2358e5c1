//! The collector as its users meet it: the real binary, real HTTP, a real database file.

use crate::batches::{batch, event};
use crate::process::{Collector, command};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use tempfile::TempDir;

impl Collector {
    /// Posts what must be refused with this status and these words, and leaves nothing behind.
    #[track_caller]
    fn refuse(&self, body: &str, status: u16, words: &str) {
        let (was, answer) = self.post(body);
        assert_eq!(was, status, "{answer}");
        let error: Value = serde_json::from_str(&answer).expect("a refusal is JSON");
        let sentence = error["error"].as_str().expect("a refusal has a sentence");
        assert!(sentence.contains(words), "{sentence}");
        assert_eq!(self.get("events"), json!([]), "nothing is stored in part");
        assert_eq!(self.get("sessions"), json!([]));
    }
}

fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

fn visit() -> Vec<Value> {
    let order = json!({ "transaction_id": "A1", "value": 59.9, "currency": "EUR" });
    vec![
        event(0, "session_start", &json!({})),
        event(1, "page_view", &json!({})),
        event(2, "view_item", &json!({ "items": [] })),
        event(3, "page_view", &json!({})),
        event(4, "add_to_cart", &json!({})),
        event(5, "purchase", &order),
    ]
}

#[test]
fn a_batch_becomes_a_session_events_and_a_report() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&batch(&visit()));

    let sessions = collector.get("sessions?site=shop");
    let session = &sessions[0];
    for (field, expected) in [
        ("id", json!("session")),
        ("site", json!("shop")),
        ("number", json!(1)),
        ("reason", json!("first")),
        ("previous_id", json!(null)),
        ("started_at", json!(1_000)),
        ("last_event_at", json!(301_000)),
        ("duration_ms", json!(300_000)),
        ("page_views", json!(2)),
        ("events", json!(6)),
        ("transactions", json!(1)),
        ("revenue", json!(59.9)),
        ("currency", json!("EUR")),
        ("landing_page", json!("/p/lamp")),
        ("funnel_step", json!("purchase")),
        ("device_id", json!("device")),
    ] {
        assert_eq!(session[field], expected, "{field}");
    }
    assert_eq!(session["source"]["channel"], "paid_social");

    let events = collector.get("events?session_id=session&limit=2");
    assert_eq!(events.as_array().map(Vec::len), Some(2));
    assert_eq!(events[1]["name"], "page_view");
    assert_eq!(events[1]["session_id"], "session");
    assert!(events[1]["received_at"].as_u64() > Some(1_700_000_000_000));
    let behind = collector.get("events?after=event-3");
    assert_eq!(behind[0]["id"], "event-4");
    assert_eq!(behind[1]["props"]["transaction_id"], "A1");

    // The visitor's clock is decades slow; reports go by the collector's.
    let (from, to) = (now_ms() - 3_600_000, now_ms() + 60_000);
    let report = collector.get(&format!("report?site=shop&from={from}&to={to}"));
    for (field, expected) in [
        ("sessions", json!(1)),
        ("visitors", json!(1)),
        ("page_views", json!(2)),
        ("pages_per_session", json!(2.0)),
        ("mean_duration_ms", json!(300_000.0)),
        ("transactions", json!(1)),
        ("revenue", json!(59.9)),
        ("average_order_value", json!(59.9)),
        ("conversion_rate", json!(1.0)),
    ] {
        assert_eq!(report[field], expected, "{field}");
    }
    assert_eq!(report["channels"][0]["name"], "paid_social");
    assert_eq!(report["landing_pages"][0]["name"], "/p/lamp");
    assert_eq!(report["funnel"][3], json!({ "step": "purchase", "sessions": 1, "rate": 1.0 }));
    assert_eq!(collector.get("report?site=other")["sessions"], 0);
    assert_eq!(collector.get(&format!("report?from={to}"))["sessions"], 0);
}

#[test]
fn an_event_is_stored_once_by_its_id_and_an_order_by_its_own() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let visit = visit();
    collector.accept(&batch(&visit));
    collector.accept(&batch(&visit));
    let mut again = visit[5].clone();
    again["id"] = json!("event-6");
    collector.accept(&batch(&[again.clone(), again]));
    let session = &collector.get("sessions")[0];
    assert_eq!((&session["events"], &session["transactions"]), (&json!(7), &json!(1)));
    assert_eq!(session["revenue"], 59.9);
}

#[test]
fn an_order_that_claims_to_be_worth_anything_does_not_spoil_the_report() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let values = [json!(1e300), json!("inf"), json!("NaN"), json!(-5), json!(1e300), json!(59.9), json!(null)];
    for (seq, value) in values.into_iter().enumerate() {
        let props = json!({ "transaction_id": format!("A{seq}"), "value": value, "currency": "EUR" });
        collector.accept(&batch(&[event(seq as u64, "purchase", &props)]));
    }
    assert_eq!(collector.get("report")["transactions"], 7);
    assert_eq!(collector.get("report")["unreadable_orders"], 6);
    assert_eq!(collector.get("sessions")[0]["revenue"], 59.9);
}

#[test]
fn what_is_no_batch_is_refused_with_a_sentence_and_leaves_nothing() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let good = batch(&visit());
    let with = |pointer: &str, value: Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("there is such a member") = value;
        bad.to_string()
    };
    collector.refuse("", 400, "no native batch");
    collector.refuse("{", 400, "no native batch");
    collector.refuse("[]", 400, "no native batch");
    collector.refuse("\u{1F514}", 400, "no native batch");
    collector.refuse(&format!("{good} x"), 400, "follows the batch");
    collector.refuse(&with("/schema", json!("shopbell/2")), 400, "accepted is \"shopbell/1\"");
    collector.refuse(&with("/site", json!("")), 400, "site is empty");
    collector.refuse(&with("/site", json!(null)), 400, "site");
    collector.refuse(&with("/sent_at", json!("now")), 400, "sent_at");
    collector.refuse(&with("/sent_at", json!(-1)), 400, "sent_at");
    collector.refuse(&with("/sent_at", json!(9e15)), 400, "sent_at");
    collector.refuse(&with("/session/id", json!("")), 400, "session.id is empty");
    collector.refuse(&with("/session/number", json!("1")), 400, "session.number");
    collector.refuse(&with("/device", json!([])), 400, "device");
    collector.refuse(&with("/events", json!({})), 400, "events");
    collector.refuse(&with("/events", json!([])), 400, "events is empty");
    collector.refuse(&with("/events/3/time", json!("late")), 400, "events[3].time");
    collector.refuse(&with("/events/3/id", json!("")), 400, "events[3].id is empty");
    collector.refuse(&with("/events/3/name", json!("x".repeat(200))), 400, "events[3].name has 200 characters");
    collector.refuse(&with("/events/5/props", json!([1])), 400, "events[5].props is no object");
    collector.refuse(&with("/events", json!(vec![good["events"][0].clone(); 1_001])), 400, "at most 1000");
    collector.refuse(&" ".repeat(300_000), 413, "at most 262144 bytes");
    collector.accept(&good);
}

#[test]
fn properties_are_kept_as_they_came_even_with_lone_surrogates() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let body = batch(&[event(0, "e", &json!({ "a": "LONE" }))]).to_string().replace("LONE", "\\ud800");
    assert_eq!(collector.post(&body).0, 204);
    let url = format!("http://{}/api/events", collector.address);
    let events = ureq::get(&url).call().expect("an answer").body_mut().read_to_string().expect("a text");
    assert!(events.contains("\\ud800"), "{events}");
}

#[test]
fn other_origins_may_post_and_read_the_answer() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let url = format!("http://{}/collect", collector.address);
    let response = ureq::post(&url)
        .header("origin", "https://shop.example")
        .content_type("text/plain")
        .send(batch(&visit()).to_string())
        .expect("an answer");
    assert_eq!(response.headers()["access-control-allow-origin"], "*");
}

#[test]
fn what_was_acknowledged_survives_a_kill_between_batches() {
    let folder = TempDir::new().expect("a folder");
    for seq in 0..5 {
        let mut collector = Collector::start(folder.path());
        collector.accept(&batch(&[event(seq, "page_view", &json!({}))]));
        collector.process.kill().expect("it can be killed");
    }
    let collector = Collector::start(folder.path());
    assert_eq!(collector.get("sessions")[0]["page_views"], 5);
}

#[cfg(unix)]
#[test]
fn a_request_to_terminate_is_answered_when_all_is_stored() {
    let folder = TempDir::new().expect("a folder");
    let mut collector = Collector::start(folder.path());
    let body = batch(&visit()).to_string();
    // The request is under way when the signal comes, and its body still to be sent.
    let mut stream = TcpStream::connect(&collector.address).expect("a connection");
    let head =
        format!("POST /collect HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let (first, rest) = body.split_at(10);
    stream.write_all(head.as_bytes()).expect("sent");
    stream.write_all(first.as_bytes()).expect("sent");
    collector.get("sessions");
    let signal = Command::new("kill").arg(collector.process.id().to_string()).status().expect("a signal");
    assert!(signal.success());
    stream.write_all(rest.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(collector.process.wait().expect("it ends").success());
    assert_eq!(Collector::start(folder.path()).get("sessions")[0]["events"], 6);
}

/// Runs the binary with arguments that it cannot work with; returns what it says.
fn fail(arguments: &[&str]) -> String {
    let output = command(arguments).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).expect("a text")
}

#[test]
fn what_cannot_work_is_said_in_one_sentence() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let store = format!("sqlite:{}", folder.path().join("other.sqlite").display());
    let taken = fail(&["--listen", &collector.address, "--store", &store]);
    assert!(taken.starts_with(&format!("error: cannot listen on {}", collector.address)), "{taken}");
    assert_eq!(taken.lines().count(), 1);
    let unwritable = fail(&["--listen", "127.0.0.1:0", "--store", "sqlite:/proc/none/x.sqlite"]);
    assert!(unwritable.contains("/proc/none"), "{unwritable}");
    assert_eq!(unwritable.lines().count(), 1);
    let unknown = fail(&["--listen", "127.0.0.1:0", "--store", "postgres://x"]);
    assert!(unknown.contains("accepted is sqlite:PATH"), "{unknown}");
}

#[test]
fn a_session_has_the_sources_beside_its_own_and_the_totals_of_the_one_before() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let mut told = batch(&visit());
    told["session"]["first_touch"] = json!({ "source": "google", "medium": "cpc" });
    told["session"]["last_non_direct"] = json!({ "source": "facebook", "medium": "cpc", "campaign_id": "42" });
    told["session"]["previous"] = json!({ "page_views": 3, "last_activity_at": 900 });
    collector.accept(&told);
    told["session"]["previous"] = json!({ "page_views": 4 });
    collector.accept(&told);
    let session = collector.get("sessions?site=shop")[0].clone();
    let first = &session["first_touch"];
    assert_eq!([&first["source"], &first["channel"]], [&json!("google"), &json!("paid_search")]);
    assert_eq!(session["last_non_direct"]["campaign_id"], "42");
    assert_eq!(session["previous"]["page_views"], 3, "once");
}

#[test]
fn of_two_tellings_of_a_beginning_the_earlier_counts() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&batch(&[event(0, "session_start", &json!({}))]));
    for (started_at, page, expected) in [(999, "/early", "/early"), (1_001, "/late", "/early")] {
        let mut told = batch(&[event(started_at, "page_view", &json!({}))]);
        told["session"]["started_at"] = json!(started_at);
        told["session"]["landing_page"] = json!(page);
        collector.accept(&told);
        let session = collector.get("sessions?site=shop")[0].clone();
        assert_eq!((&session["landing_page"], &session["started_at"]), (&json!(expected), &json!(999)));
    }
}

/// Takes away what the first databases had not, and has two visits by one device.
const OF_OLD: &str = "
ALTER TABLE sessions DROP COLUMN campaign_id; ALTER TABLE sessions DROP COLUMN first_touch;
ALTER TABLE sessions DROP COLUMN last_non_direct; ALTER TABLE sessions DROP COLUMN previous;
ALTER TABLE events DROP COLUMN clock_skew_ms; DROP TABLE told_twice; DROP TABLE tabs;
INSERT INTO sessions (site, id, device_id, number, reason, started_at, last_event_at, landing_page, page_views, events)
VALUES ('shop', 'second', 'old', 2, 'inactivity', 90000000, 90060000, '/', 2, 2),
    ('shop', 'one', 'old', 1, 'first', 1000, 61000, '/p/lamp', 1, 1);
INSERT INTO events (site, id, session_id, name, time, offset_ms, tab_id, page_id, seq, url, title, sent_at, received_at)
VALUES ('shop', 'a', 'one', 'page_view', 1000, 1, 'tab', 'page', 0, '', '', 1000, 1000),
    ('shop', 'b', 'second', 'page_view', 90000000, 1, 'tab', 'page', 1, '', '', 90000000, 90000000),
    ('shop', 'c', 'second', 'page_view', 90060000, 1, 'tab', 'page', 3, '', '', 90060000, 90060000);";

#[test]
fn a_store_of_an_earlier_version_goes_on() {
    let folder = TempDir::new().expect("a folder");
    let store = rusqlite::Connection::open(folder.path().join("events.sqlite")).expect("a database");
    store
        .execute_batch(include_str!("../../src/collector/schema/1.sql"))
        .and_then(|()| store.execute_batch(OF_OLD))
        .expect("a database as it was");
    drop(store);
    let collector = Collector::start(folder.path());
    collector.accept(&batch(&visit()));
    let report = collector.get("report?site=shop&to=90000001");
    assert_eq!([&report["sessions"], &report["visitors"], &report["page_views"]], [&json!(2), &json!(1), &json!(3)]);
    assert_eq!((&report["mean_duration_ms"], &report["missing_events"]), (&json!(60_000.0), &json!(1)));
    let sessions = collector.get("sessions?site=shop");
    assert_eq!(sessions.as_array().map(Vec::len), Some(3));
    assert_eq!((&sessions[0]["id"], &sessions[0]["previous"]), (&json!("one"), &json!(null)));
}

#[test]
fn a_wrong_clock_is_corrected_and_it_is_said_by_how_much() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    for (seq, clock_ms, is_right) in [(0, 0, true), (1, 3_600_000, false), (2, -86_400_000, false)] {
        let shown = now_ms().saturating_add_signed(clock_ms);
        let mut told = batch(&[event(seq, "e", &json!({}))]);
        told["sent_at"] = json!(shown);
        told["events"][0]["time"] = json!(shown - 2_000);
        collector.accept(&told);
        let stored = collector.get("events")[seq as usize].clone();
        let skew_ms = stored["clock_skew_ms"].as_i64().expect("a number");
        assert_eq!(stored["time"], json!(shown - 2_000), "what was told is kept");
        assert!((skew_ms - clock_ms).abs() < 1_500 && (skew_ms == 0) == is_right, "{skew_ms} of {clock_ms}");
        let corrected = stored["corrected_time"].as_u64().expect("a time");
        assert!(corrected.abs_diff(now_ms() - 2_000) < 1_500, "{corrected}");
    }
}

#[test]
fn gaps_in_seq_are_reported_by_tab_and_what_two_tabs_told_is_none() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let of = |tab: &str, seq: u64, id: &str| {
        let mut event = event(seq, "e", &json!({}));
        event["tab_id"] = json!(tab);
        event["id"] = json!(id);
        event
    };
    let events = [
        of("whole", 0, "a"),
        of("whole", 1, "b"),
        of("holes", 0, "c"),
        of("holes", 3, "d"),
        of("holes", 5, "e"),
        // Two tabs began the session at once.
        of("twin", 0, "a"),
        of("twin", 1, "f"),
        of("late", 1, "g"),
    ];
    collector.accept(&batch(&events));
    let report = collector.get("report");
    let holes = json!({ "tab_id": "holes", "told": 6, "received": 3, "missing": 3 });
    let late = json!({ "tab_id": "late", "told": 2, "received": 1, "missing": 1 });
    assert_eq!((&report["gaps"], &report["missing_events"]), (&json!([holes, late]), &json!(4)));
    collector.accept(&batch(&[of("late", 0, "h")]));
    assert_eq!(collector.get("report")["missing_events"], 3);
    assert_eq!(collector.get("report?site=other")["gaps"], json!([]));
}

#[test]
fn a_batch_may_be_compressed_and_what_it_becomes_is_limited() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    // A stream says itself what it is; a header may say so too.
    let post = |text: &str, has_header: bool| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).expect("memory");
        let body = encoder.finish().expect("memory");
        let request = ureq::post(&format!("http://{}/collect", collector.address)).config().http_status_as_error(false);
        let mut request = request.build();
        if has_header {
            request = request.header("content-encoding", "gzip");
        }
        let response = request.send(&body[..]).expect("an answer");
        (response.status().as_u16(), response.headers().get("accept-encoding").cloned())
    };
    for has_header in [true, false] {
        let (status, accepts) = post(&batch(&visit()).to_string(), has_header);
        assert_eq!(status, 204);
        assert_eq!(accepts.expect("it says so"), "gzip");
        assert_eq!(post(&" ".repeat(50_000_000), has_header).0, 413);
    }
    let request = || ureq::post(&format!("http://{}/collect", collector.address)).config().http_status_as_error(false);
    let broken = request().build().header("content-encoding", "gzip").send("no gzip").expect("an answer");
    assert_eq!(broken.status().as_u16(), 400, "nothing is gained by sending it again");
    let broken = request().build().send(&[0x1f, 0x8b, 8, 0][..]).expect("an answer");
    assert_eq!(broken.status().as_u16(), 400, "nor a stream that is cut short");
    assert_eq!(collector.get("sessions")[0]["events"], 6);
}

#[test]
fn faults_come_in_their_order_and_end() {
    let folder = TempDir::new().expect("a folder");
    let spec = "2*503/7,429/date+60,html,redirect,over=10,duplicate,400,truncate,reset";
    let collector = Collector::start_with(folder.path(), &["--faults", spec]);
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let post = |seq: u64| {
        let body = batch(&[event(seq, "e", &json!({}))]).to_string();
        let response =
            agent.post(&format!("http://{}/collect", collector.address)).content_type("text/plain").send(&body);
        response.map(|mut response| {
            let header =
                |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
            let (after, kind) = (header("retry-after"), header("content-type"));
            (response.status().as_u16(), after, kind, response.body_mut().read_to_string().is_ok())
        })
    };
    for _ in 0..2 {
        assert_eq!(post(0).expect("an answer"), (503, Some("7".to_owned()), None, true));
    }
    let (status, date, _, _) = post(0).expect("an answer");
    let wait = httpdate::parse_http_date(&date.expect("a date")).expect("a date").elapsed().expect_err("it is to come");
    assert!(status == 429 && (59..=61).contains(&wait.duration().as_secs()), "{wait:?}");
    assert_eq!(post(0).expect("an answer").2.as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(post(0).expect("an answer").0, 302);
    assert_eq!(post(0).expect("an answer").0, 413);
    assert_eq!(collector.get("events"), json!([]), "nothing is stored so far");
    assert_eq!(post(0).expect("an answer").0, 204);
    assert_eq!(collector.get("events").as_array().map(Vec::len), Some(1), "twice, and stored once");
    assert_eq!(post(1).expect("an answer").0, 400);
    let (status, _, _, is_whole) = post(2).expect("an answer");
    assert_eq!((status, is_whole), (200, false), "stored, and the answer is cut");
    assert!(post(3).is_err(), "the connection is reset");
    assert_eq!(post(4).expect("an answer").0, 204, "and from here on all is well");
    assert_eq!(collector.get("events").as_array().map(Vec::len), Some(3));
}

#[test]
fn a_port_that_is_closed_comes_back_with_all_that_was_stored() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start_with(folder.path(), &["--faults", "ok,down=1"]);
    collector.accept(&batch(&visit()));
    let url = format!("http://{}/collect", collector.address);
    assert!(ureq::post(&url).send(batch(&visit()).to_string()).is_err());
    let began = std::time::Instant::now();
    for is_open in [false, true] {
        while TcpStream::connect(&collector.address).is_ok() != is_open {
            assert!(began.elapsed().as_secs() < 20, "open: {is_open} never comes");
            std::thread::yield_now();
        }
    }
    assert_eq!(collector.get("sessions")[0]["events"], 6);
}

#[cfg(unix)]
#[test]
fn a_client_that_is_never_answered_does_not_keep_the_collector_from_ending() {
    let folder = TempDir::new().expect("a folder");
    let mut collector = Collector::start_with(folder.path(), &["--faults", "silence"]);
    let body = batch(&visit()).to_string();
    let mut stream = TcpStream::connect(&collector.address).expect("a connection");
    let head = format!("POST /collect HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    stream.write_all(head.as_bytes()).expect("sent");
    while collector.get("sessions") == json!([]) {}
    let signal = Command::new("kill").arg(collector.process.id().to_string()).status().expect("a signal");
    assert!(signal.success());
    assert!(collector.process.wait().expect("it ends").success());
}

#[test]
fn an_unknown_fault_is_one_sentence() {
    let output = command(&["--faults", "ok,nonsense"]).output().expect("it runs");
    let said = String::from_utf8(output.stderr).expect("a text");
    assert!(!output.status.success() && said.contains("\"nonsense\" is not known; accepted are"), "{said}");
}
