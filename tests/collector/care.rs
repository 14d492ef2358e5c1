//! What an operator does to a collector, and what the machine does: nothing that was acknowledged is missing, and the process
//! answers or ends.

use crate::batches::{batch, event};
use crate::process::{Collector, command};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A batch of a session of its own.
fn visit(number: u64) -> Value {
    let order = json!({ "transaction_id": format!("A-{number}"), "value": 10, "currency": "EUR" });
    let events = ["page_view", "view_item", "purchase"].iter().zip(0..).map(|(name, seq)| {
        let mut event = event(seq, name, &order);
        event["id"] = json!(format!("{number} {seq}"));
        event["tab_id"] = json!(format!("tab {number}"));
        event
    });
    let mut visit = batch(&events.collect::<Vec<_>>());
    visit["session"]["id"] = json!(format!("session {number}"));
    visit["device"]["id"] = json!(format!("device {number}"));
    visit
}

fn store(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("events.sqlite").display())
}

/// Starts it within a limit of the system's, as a shell's `ulimit` names it.
#[cfg(target_os = "linux")]
fn start_within(limit: &str, folder: &Path) -> Collector {
    let binary = env!("CARGO_BIN_EXE_shopbell-collector");
    let words = format!("ulimit {limit}; exec {binary} --listen 127.0.0.1:0 --store {}", store(folder));
    Collector::of(Command::new("sh").args(["-c", &words]).env("RUST_LOG", "off"))
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_copy_is_made_while_it_runs_and_can_be_checked_and_used() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    (0..20).for_each(|number| collector.accept(&visit(number)));
    let copy = folder.path().join("copy/events.sqlite");
    fs::create_dir(folder.path().join("copy")).expect("a folder");
    let backup = || run(&["backup", copy.to_str().expect("a path"), "--store", &store(folder.path())]);
    assert!(backup().status.success());
    collector.accept(&visit(20));
    let again = backup();
    assert!(again.status.code() == Some(1) && said(&again).contains("is there already"), "{}", said(&again));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&copy).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let check = run(&["check", "--store", &store(copy.parent().expect("a folder"))]);
    assert_eq!((check.status.code(), said(&check)), (Some(0), String::new()));
    let copied = Collector::start(copy.parent().expect("a folder"));
    assert_eq!(copied.get("report")["sessions"], 20);
    assert_eq!(collector.get("report")["sessions"], 21);
}

#[test]
fn a_check_finds_figures_that_are_wrong_and_mends_them() {
    let folder = TempDir::new().expect("a folder");
    {
        let collector = Collector::start(folder.path());
        (0..5).for_each(|number| collector.accept(&visit(number)));
    }
    let path = store(folder.path());
    let check = |words: &[&str]| {
        let output = run(&[&["check", "--store", &*path], words].concat());
        (output.status.code(), said(&output))
    };
    assert_eq!(check(&[]), (Some(0), String::new()));
    let database = Connection::open(folder.path().join("events.sqlite")).expect("a database");
    let spoil = "UPDATE sessions SET page_views = 7, ended_at = 1, funnel_steps = 1 WHERE id = 'session 1';
        UPDATE sessions SET transactions = 2, revenue_ten_thousandths = 5 WHERE id = 'session 2';";
    database.execute_batch(spoil).expect("they are there");
    drop(database);
    let (code, findings) = check(&[]);
    assert_eq!(code, Some(1));
    assert!(findings.contains("what their events come to: session 1") && findings.contains("session 2"), "{findings}");
    assert_eq!(check(&["--rebuild"]).0, Some(1), "it says what it has mended");
    assert_eq!(check(&[]), (Some(0), String::new()));
    let collector = Collector::start(folder.path());
    let report = collector.get("report");
    let figures = ["page_views", "transactions", "revenue", "mean_duration_ms"].map(|field| report[field].clone());
    assert_eq!(json!(figures), json!([5, 5, 50.0, 120_000.0]));
}

#[test]
fn a_database_of_another_is_refused_as_it_is() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("events.sqlite");
    let check = |sql: &str, words: &str| {
        let _ = fs::remove_file(&path);
        Connection::open(&path).and_then(|database| database.execute_batch(sql)).expect("a database");
        let before = fs::read(&path).expect("a file");
        let refused = run(&["--listen", "127.0.0.1:0", "--store", &store(folder.path())]);
        assert_eq!(refused.status.code(), Some(1), "{sql}");
        let sentence = said(&refused);
        assert!(sentence.contains(words) && sentence.lines().count() == 1, "{sentence}");
        assert_eq!(fs::read(&path).expect("a file"), before, "{sql}");
    };
    check("CREATE TABLE notes (text TEXT)", "another program");
    check("PRAGMA application_id = 7", "another program");
    check("CREATE TABLE sessions (id TEXT); CREATE TABLE events (id TEXT)", "another program");
    check("PRAGMA application_id = 1396860268; PRAGMA user_version = 99", "of version 99");
    fs::write(&path, "no database at all, but some text that is long enough to be looked at").expect("a file");
    let refused = said(&run(&["--listen", "127.0.0.1:0", "--store", &store(folder.path())]));
    assert!(refused.contains("accepted is a SQLite database"), "{refused}");
    for url in ["sqlite::memory:", "sqlite:", "sqlite:file:x?mode=memory", "events.sqlite", "sqlite:/"] {
        assert_eq!(run(&["--listen", "127.0.0.1:0", "--store", url]).status.code(), Some(1), "{url}");
    }
}

#[test]
fn a_database_that_is_taken_away_takes_nothing_more() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    collector.accept(&visit(0));
    let (path, away) = (folder.path().join("events.sqlite"), folder.path().join("away.sqlite"));
    fs::rename(&path, &away).expect("it moves");
    assert_eq!(collector.post(&visit(1).to_string()).0, 503);
    fs::write(&path, "").expect("another file");
    assert_eq!(collector.post(&visit(1).to_string()).0, 503);
    fs::rename(&away, &path).expect("it moves back");
    collector.accept(&visit(1));
    assert_eq!(collector.get("report")["sessions"], 2);
    fs::remove_file(&path).expect("it is deleted");
    assert_eq!(collector.post(&visit(2).to_string()).0, 503);
}

#[test]
fn a_database_that_another_holds_is_waited_for_and_then_said_to_be_busy() {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    let mut database = Connection::open(folder.path().join("events.sqlite")).expect("a database");
    let held = database.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).expect("a transaction");
    let began = Instant::now();
    assert_eq!(collector.post(&visit(0).to_string()).0, 503);
    assert!(began.elapsed() < Duration::from_secs(20));
    drop(held);
    collector.accept(&visit(0));
    assert_eq!(collector.get("report")["sessions"], 1);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_log_costs_its_lines_alone() {
    let folder = TempDir::new().expect("a folder");
    let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has one");
    let mut words = command(&["--listen", "127.0.0.1:0", "--store", &store(folder.path())]);
    let collector = Collector::of(words.env("RUST_LOG", "trace").stderr(full));
    for number in 0..5 {
        assert_eq!(collector.post("no batch").0, 400);
        collector.accept(&visit(number));
    }
    assert_eq!(collector.get("report")["sessions"], 5);
}

/// The disk is full where the file may not grow: the system ends whoever tries.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_store_loses_nothing_that_was_acknowledged() {
    let folder = TempDir::new().expect("a folder");
    drop(Collector::start(folder.path()));
    let mut limited = start_within("-f 1024", folder.path());
    let url = format!("http://{}/collect", limited.address);
    let mut acknowledged = 0;
    for number in 0..20_000 {
        let request = ureq::post(&url).config().http_status_as_error(false).build();
        match request.send(visit(number).to_string()) {
            Ok(answer) if answer.status() == 204 => acknowledged += 1,
            _ => break,
        }
    }
    assert!((1..20_000).contains(&acknowledged), "{acknowledged}");
    let _ = limited.process.kill();
    limited.process.wait().expect("it ends");
    let collector = Collector::start(folder.path());
    assert!(collector.get("report")["sessions"].as_u64() >= Some(acknowledged), "{acknowledged}");
    assert_eq!(run(&["check", "--store", &store(folder.path())]).status.code(), Some(0));
}

#[cfg(unix)]
#[test]
fn it_ends_in_order_when_it_is_asked_to_and_when_its_terminal_goes() {
    for signal in ["TERM", "INT", "HUP"] {
        let folder = TempDir::new().expect("a folder");
        let mut collector = Collector::start(folder.path());
        collector.accept(&visit(0));
        let status = Command::new("kill").args(["-s", signal, &collector.process.id().to_string()]).status();
        assert!(status.expect("a signal").success());
        assert!(collector.process.wait().expect("it ends").success(), "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn clients_that_keep_it_waiting_stop_nobody() {
    let folder = TempDir::new().expect("a folder");
    // As few files as a shell allows, of which it may have more.
    let collector = start_within("-S -n 1024", folder.path());
    (0..200).for_each(|number| collector.accept(&visit(number)));
    let connect = || TcpStream::connect(&collector.address).expect("a connection");
    let mut waiting: Vec<TcpStream> = (0..1_100).map(|_| connect()).collect();
    for stream in waiting.iter_mut().take(300) {
        stream.write_all(b"POST /collect HTTP/1.1\r\nhost: x\r\n").expect("sent");
    }
    for stream in waiting.iter_mut().skip(300).take(300) {
        stream.write_all(b"GET /api/events HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("sent");
    }
    for number in 200..220 {
        collector.accept(&visit(number));
    }
    // What is never finished is over some time.
    let ends = |stream: &mut TcpStream| {
        stream.set_read_timeout(Some(Duration::from_mins(1))).expect("it can wait");
        std::io::copy(stream, &mut std::io::sink()).is_ok()
    };
    assert!(ends(&mut waiting[0]) && ends(&mut waiting[1_000]));
}
