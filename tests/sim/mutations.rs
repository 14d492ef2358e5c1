//! The oracles bite: each of these deliberate mistakes in the core is found within [`SEEDS`] seeds.
//!
//! A mistake is a text of a file of `src/core` and what it becomes. Core and simulator are copied, spoiled, compiled and
//! run, two at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

/// Seeds within which a mistake must be found.
const SEEDS: u64 = 20_000;
/// Steps of the shortest story of a mistake at most; plans have 20 to 200.
const STEPS_MAX: u64 = 30;
const WORKERS: usize = 2;

/// A mistake: what is wrong, in which file, what stands there, and what it becomes.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const MISTAKES: &[Mistake] = &[
    ("the timeout is a millisecond late", "session.rs", "now.time >= expires(session, now.time, rules)", "now.time > expires(session, now.time, rules)"),
    ("the timeout is a millisecond early", "session.rs", "now.time >= expires(session, now.time, rules)", "now.time.0 + 1 >= expires(session, now.time, rules).0"),
    ("a clock set back makes time pass", "time.rs", "self.0.saturating_sub(earlier.0)", "self.0.abs_diff(earlier.0)"),
    ("a day that goes backwards ends a session", "session.rs", "now.day > session.day()", "now.day != session.day()"),
    ("every activity is past midnight", "session.rs", "now.day > session.day()", "now.day >= session.day()"),
    ("midnight cannot be switched off", "session.rs", "rules.midnight && now.day", "now.day"),
    ("the day is that of the clock, not of the zone", "tracker/visit.rs", "day: moment.day,", "day: crate::time::CivilDay((moment.wall.0 / 86_400_000) as u32),"),
    ("the maximum is measured from the latest activity", "session.rs", "now.time.since(session.started()) >=", "now.time.since(session.totals.last_activity()) >="),
    ("the same source again ends a session", "session.rs", "!now.campaign.is_empty() && *now.campaign != *campaign", "!now.campaign.is_empty()"),
    ("medium and campaign always count", "tracker/visit.rs", "let campaign = arrival.campaign(self.rules.campaign);", "self.rules.campaign = 3; let campaign = arrival.campaign(3);"),
    ("a reload of a landing page ends a session", "tracker/visit.rs", "self.is_fresh = is_spa || kind == navigation::LOAD;", "self.is_fresh = true;"),
    ("a route that drags a campaign along is an arrival", "tracker/visit.rs", "!is_spa || is_other && !campaign.is_empty();", "!is_spa || (is_other || true) && !campaign.is_empty();"),
    ("an arrival counts for good", "tracker/visit.rs", "    pub(super) fn extend(&mut self, moment: &Moment<'_>) {\n        self.is_fresh = false;", "    pub(super) fn extend(&mut self, moment: &Moment<'_>) {"),
    ("a closed browser ends sessions for good", "tracker/visit.rs", "        self.browser_closed = false;\n        self.record.session.totals[totals::LAST_ACTIVITY_AT]", "        self.record.session.totals[totals::LAST_ACTIVITY_AT]"),
    ("a tab does not read the record again", "tracker/visit.rs", "if !self.seen.is_new(moment.stored) {", "if !self.seen.is_new(moment.stored) || self.session().is_some() {"),
    ("a record that is gone is a session that is gone", "tracker/visit.rs", "            return true;\n        };", "            self.record.session.head.clear();\n            return true;\n        };"),
    ("a spoiled record is taken at its word", "lines.rs", "== fingerprint(lines);", "!= 1 || fingerprint(lines) == 1;"),
    ("a roll is not written at once", "tracker.rs", "if *name == *event::PAGE_VIEW || !order.is_empty() {", "if !order.is_empty() {"),
    ("activity is written each time", "tracker/visit.rs", ">= ACTIVITY_WRITE_MS", ">= 1"),
    ("activity is written once a minute", "tracker/visit.rs", "pub const ACTIVITY_WRITE_MS: u64 = 5_000;", "pub const ACTIVITY_WRITE_MS: u64 = 60_000;"),
    ("steady activity is never written", "tracker/visit.rs", "let written = Timestamp(self.base[totals::LAST_ACTIVITY_AT]);", "let written = self.session().map_or(Timestamp(0), |_| moment.wall);"),
    ("a clock set back stops writing", "tracker/visit.rs", " || moment.wall < written", ""),
    ("what stands there is written again", "tracker/visit.rs", "if self.seen.is_new(&text) {", "if self.seen.is_new(&text) || text.len() > 1 {"),
    ("another tab's word on activity counts more", "session.rs", "*mine = stored.max(*mine);", "*mine = stored;"),
    ("what was counted is counted again", "session.rs", "*mine = stored + mine.saturating_sub(base)", "*mine += stored + base - base"),
    ("tabs that begin a session at once each count its first event", "tracker/visit.rs", "        self.base[totals::EVENTS] = 1;\n", ""),
    ("the latest of two beginnings counts", "tracker/visit.rs", "*head < *mine.session.head", "*head > *mine.session.head"),
    ("ids forget the session before", "session.rs", "Uuid::derive(&[seed, previous_id, campaign])", "Uuid::derive(&[seed, campaign])"),
    ("ids forget the campaign", "session.rs", "Uuid::derive(&[seed, previous_id, campaign])", "Uuid::derive(&[seed, previous_id])"),
    ("tabs that roll at once mint two ids", "tracker/visit.rs", "let previous_id = session.id();", "let seed = &[seed, landing_page].concat(); let previous_id = session.id();"),
    ("each tab has a session_start of its own", "tracker.rs", "Uuid::derive(&[session.id(), name])", "Uuid::derive(&[session.id(), name, &self.tab_id])"),
    ("a device has an id for each session", "tracker/visit.rs", "head.push_uuid(Uuid::derive(&[seed]));", "head.push_uuid(Uuid::derive(&[seed, previous_id]));"),
    ("the totals of the session before are lost", "tracker.rs", "before.totals.write(&mut previous);", "let _ = before;"),
    ("an idle session hands its source on", "tracker/visit.rs", "matches!(reason, Rollover::Midnight | Rollover::MaxLength)", "matches!(reason, Rollover::Midnight | Rollover::MaxLength | Rollover::Inactivity)"),
    ("midnight makes a visitor direct", "tracker/visit.rs", "matches!(reason, Rollover::Midnight | Rollover::MaxLength)", "matches!(reason, Rollover::MaxLength)"),
    ("a return from a gateway makes a visitor direct", "tracker/visit.rs", "arrival.is_return || matches!", "matches!"),
    ("the first touch is the latest", "tracker/visit.rs", "if history.is_empty() { source }", "if true { source }"),
    ("a direct visit forgets the source before", "tracker/visit.rs", "if *lines::at(source, source::SOURCE) == *DIRECT {", "if false {"),
    ("a pending checkout holds nothing", "session.rs", "left_ms > 0 && left_ms <= CHECKOUT_MS_MAX", "left_ms > CHECKOUT_MS_MAX"),
    ("a pending checkout holds for good, where the clock is set", "session.rs", "left_ms > 0 && left_ms <= CHECKOUT_MS_MAX", "left_ms > 0"),
    ("a message ends no checkout", "tracker/visit.rs", "self.is_fresh && arrival.ends_checkout", "false"),
    ("a message that is loaded again ends a checkout", "tracker/visit.rs", "self.is_fresh && arrival.ends_checkout", "arrival.ends_checkout"),
    ("a purchase ends no checkout", "session.rs", "        self[totals::HELD_UNTIL] = 0;\n", ""),
    ("the site may have a session a millisecond", "tracker/visit.rs", "moment.uptime >= self.next_manual", "moment.uptime >= self.next_manual.min(moment.uptime)"),
    ("looking is activity", "tracker.rs", "            _ => {}\n        }\n    }\n\n    /// What there is to do", "            input::SNAPSHOT_REQUESTED => self.act(moment, true),\n            _ => {}\n        }\n    }\n\n    /// What there is to do"),
    ("a timer is activity", "tracker.rs", "input::TIMER_FIRED => {\n                self.visit.save();", "input::TIMER_FIRED => {\n                self.act(moment, true);"),
    ("a hidden tab is activity", "tracker.rs", "input::HIDDEN | input::LEFT => {", "input::HIDDEN | input::LEFT => {\n                self.act(moment, true);"),
    ("a session in an open page has no landing page", "tracker.rs", "if is_on_open_page {", "if is_on_open_page && reason == Rollover::Manual {"),
    ("a page that was kept counts from where it was", "tracker.rs", "self.next_seq = self.next_seq.max(lines::number_at(to, navigated::NEXT_SEQ));", ""),
    ("what was acknowledged stays in storage", "outbox/segment.rs", "        while !keys.is_empty() {\n            effect::remove(", "        while !keys.is_empty() && first == 0 {\n            effect::remove("),
    ("a failed batch is not tried again", "outbox.rs", "        segment.in_flight = None;\n        match answer {", "        if !matches!(answer, Answer::Unavailable(_)) { segment.in_flight = None; }\n        match answer {"),
    ("a failed batch is given up", "outbox.rs", "Answer::Unavailable(_) | Answer::Refused | Answer::Blocked => {", "Answer::Unavailable(_) if segment.attempts > 2 => return self.remove(index, events, out),\n            Answer::Unavailable(_) | Answer::Refused | Answer::Blocked => {"),
    ("a batch that is in flight is sent again", "outbox/segment.rs", "self.closed.is_some() && self.in_flight.is_none()", "self.closed.is_some()"),
    ("one event that is too large is halved", "outbox.rs", "let is_divisible = events > 1;", "let is_divisible = events > 0;"),
    ("a half that was acknowledged takes the rest along", "outbox.rs", "                self.remove(index, events, out);\n                self.counters.sent", "                let all = segment.count;\n                self.remove(index, all, out);\n                self.counters.sent"),
    ("what is refused for good is not counted", "outbox.rs", "self.counters.drop(DropReason::Rejected, events as u64);", ""),
    ("what is too old is not counted", "outbox.rs", "self.counters.drop(DropReason::Age, old);", "let _ = old;"),
    ("a beacon of one event that is refused is dropped", "outbox.rs", "            Answer::TooLarge => {", "            Answer::TooLarge | Answer::Refused => {"),
    ("tabs do not tell each other that the collector fails", "outbox/breaker.rs", "effect::store(out, BREAKER_KEY, lines.text());", "let _ = &out;"),
    ("a tab does not read that the collector fails", "outbox/breaker.rs", "if self.seen.is_new(stored) {\n            let mut rest", "if self.seen.is_new(stored) && self.failures == u64::MAX {\n            let mut rest"),
    ("Retry-After is not heeded", "outbox/breaker.rs", "jittered.max(retry_after_ms).min(BACKOFF_MS_MAX)", "jittered.min(BACKOFF_MS_MAX).max(retry_after_ms.min(1))"),
    ("every tab probes", "outbox/breaker.rs", "self.retry_at = Timestamp(wall.0 + ANSWER_MS_MAX);", "self.retry_at = wall;"),
    ("a probe that fails forgets what others were asked", "outbox/breaker.rs", "if left_ms > 0 && self.retry_at != self.probed_until {", "if left_ms > 0 && self.probed_until == Timestamp(0) {"),
    ("a page that is left ends the wait of others", "outbox/breaker.rs", "if self.left_ms(wall) > 0 && self.retry_at == self.probed_until {", "if self.left_ms(wall) > 0 {"),
    ("a wait lasts for ever where the clock is set", "outbox/breaker.rs", "filter(|left_ms| *left_ms <= BACKOFF_MS_MAX)", "filter(|left_ms| *left_ms > 0)"),
    ("what an extension blocks is left alone for good", "outbox/breaker.rs", "self.blocked == name(session_id)", "self.blocked > 0 && !session_id.is_empty()"),
    ("a page that is left sends all at once", "outbox/limits.rs", "pub const LEAVING_REQUESTS_MAX: usize = 3;", "pub const LEAVING_REQUESTS_MAX: usize = 30;"),
    ("a page that was kept sends what another has sent", "outbox.rs", "            self.segments.remove(index);\n        }\n    }\n\n    /// Takes in how long", "            let _ = index;\n            break;\n        }\n    }\n\n    /// Takes in how long"),
    ("an event after a wipe has no head", "tracker.rs", "if self.visit.read(moment) {", "if self.visit.read(moment) && self.next_seq == u64::MAX {"),
    ("what is taken over is forgotten", "outbox/segment.rs", "            } else {\n                let bytes =", "            } else if lines::number_at(facts, layout::event::SEQ) % 2 == 0 {\n                let bytes ="),
    ("what is taken over later than at the start is left", "tracker.rs", "            input::RECOVERED => {", "            input::RECOVERED if self.next_seq < 4 => {"),
    ("what was accepted is sent again", "outbox/answer.rs", "200..300 => Self::Accepted", "200..300 => Self::Unavailable(0)"),
    ("what is taken over is not sent by itself", "outbox.rs", "segment.closed = Some(FlushReason::Recovered);", "segment.closed = None;"),
    ("events of the next session are stored under the last one's head", "outbox.rs", "if open.head != head {", "if open.head.is_empty() {"),
    ("an event that waits alone waits for good", "outbox.rs", "self.segments.last().filter(|segment| segment.closed.is_none())", "self.segments.last().filter(|segment| segment.closed.is_none() && segment.count == 0)"),
    ("a task's events are not stored", "tracker.rs", "self.outbox.store(&mut self.outputs);", ""),
    ("of a task the first event is stored alone", "outbox/segment.rs", "        lines.push_str(text::without_last(added, 1));", "        lines.push_str(text::before(added, SEPARATOR));"),
    ("of a task the latest event is left out", "outbox/segment.rs", "        lines.push_str(text::without_last(added, 1));", "        let last = added.rfind(SEPARATOR_TEXT).and_then(|end| added.get(..end)?.rfind(SEPARATOR_TEXT));\n        lines.push_str(last.filter(|_| self.count % 7 == 3).map_or(text::without_last(added, 1), |end| &added[..end]));"),
    ("a segment's other chunks have its head again", "outbox/segment.rs", "        if seq.is_none() {\n            lines.push_str(&self.head);", "        if seq.is_none_or(|seq| seq <= self.first_seq + 60) {\n            lines.push_str(&self.head);"),
    ("what a collector takes in parts leaves storage with the first", "outbox/segment.rs", "if self.count > 0 || keys.is_empty() {", "if keys.is_empty() {"),
    ("what is taken over leaves before it is whole", "tracker.rs", "self.is_recovering = kind == input::RECOVERED;", "self.is_recovering = false;"),
    ("a record that follows the stored one is given up for it", "tracker/visit.rs", "&& *stored.seed() == *mine.seed", "&& *stored.seed() == *mine.seed && mine.seed.is_empty()"),
    ("a later version's record is written over", "tracker/visit.rs", "if !is_due || self.is_newer || self.session().is_none() {", "if !is_due || self.session().is_none() {"),
    ("under a later version's record the device is another", "tracker/visit.rs", "if self.session().is_none() && !known.is_empty() {", "if self.session().is_none() && known.is_empty() {"),
    ("the version before is not read", "lines.rs", "const VERSION_OLDEST: u64 = 3;", "const VERSION_OLDEST: u64 = 5;"),
    ("an early page does not end", "early.rs", "    tracker.handle(moment, Input::Hidden);\n", ""),
    ("early pages all have one tab", "tracker.rs", "text::push_hex(&mut self.tab_id, self.entropy.number(), 8);", "text::push_hex(&mut self.tab_id, self.entropy.number() * 0, 8);"),
    ("each replay of an early page draws anew", "tracker.rs", "self.entropy.renew(chance);", "self.entropy.renew(&{ static DRAWS: core::sync::atomic::AtomicU64 = core::sync::atomic::AtomicU64::new(0); let mut drawn = text::owned(chance); text::push_number(&mut drawn, DRAWS.fetch_add(1, core::sync::atomic::Ordering::Relaxed)); drawn });"),
];

#[test]
#[ignore = "it compiles the core once for each mistake; cargo x test runs a sample, cargo x mutations all"]
fn every_mistake_is_found() {
    // MISTAKE=checkout looks at those alone that have the word.
    let word = std::env::var("MISTAKE").unwrap_or_default();
    let mut mistakes: Vec<_> = MISTAKES.iter().filter(|mistake| mistake.0.contains(&word)).collect();
    // SAMPLE=16 looks at so many, drawn anew each time.
    if let Some(sample) = std::env::var("SAMPLE").ok().and_then(|sample| sample.parse().ok()) {
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_nanos();
        let mut dice = oorandom::Rand64::new(now);
        while mistakes.len() > sample {
            let place = dice.rand_range(0..mistakes.len() as u64) as usize;
            mistakes.swap_remove(place);
        }
    }
    let queue = Mutex::new(mistakes.into_iter());
    let found = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (queue, found) = (&queue, &found);
            scope.spawn(move || {
                let laboratory = Laboratory::new(worker);
                while let Some(mistake) = { queue.lock().expect("no panic").next() } {
                    let first = laboratory.first_seed(mistake);
                    found.lock().expect("no panic").push((mistake.0, first));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no panic");
    found.sort_by_key(|(_, found)| found.clone().unwrap_or((u64::MAX, 0)));
    for (what, found) in &found {
        let told = |(seed, steps): &(u64, u64)| format!("seed {seed}, shortest story {steps} steps");
        println!("{:<60} {}", what, found.as_ref().map_or_else(Clone::clone, told));
    }
    let is_told = |found: &Result<(u64, u64), String>| found.as_ref().is_ok_and(|(_, steps)| *steps <= STEPS_MAX);
    let missed: Vec<_> = found.iter().filter(|(_, found)| !is_told(found)).collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// A copy of the core and the simulator, to be spoiled.
struct Laboratory(PathBuf);

impl Laboratory {
    fn new(worker: usize) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let folder = root.join(format!("target/x/mutations/{worker}"));
        copy(&root.join("src/core"), &folder.join("core"));
        copy(&root.join("tests/sim"), &folder.join("sim"));
        let write = |path: &str, text: &str| fs::write(folder.join(path), text).expect("a file can be written");
        fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file can be copied");
        write(
            "Cargo.toml",
            "[workspace]\nmembers = [\"core\", \"sim\"]\nresolver = \"3\"\n[profile.dev]\nopt-level = 1\ndebug = 0\nincremental = false\n",
        );
        let package = |name: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[lib]\npath = \"lib.rs\"\n")
        };
        write("core/Cargo.toml", &package("shopbell-core"));
        let sim = "[[bin]]\nname = \"first\"\npath = \"first.rs\"\n[dependencies]\nshopbell-core = { path = \"../core\" }\noorandom = \"11\"\n";
        write("sim/Cargo.toml", &(package("shopbell-sim") + sim));
        write(
            "sim/first.rs",
            "fn main() {\n    std::panic::set_hook(Box::new(|_| {}));\n    let seeds: u64 = std::env::args().nth(1).unwrap().parse().unwrap();\n    let (_, failed) = shopbell_sim::search::search(0..seeds, &|_, _| {});\n    if let Some((plan, violation)) = failed {\n        let (short, _) = shopbell_sim::shrink::shrink(&plan, violation);\n        println!(\"{} {}\", plan.seed, short.steps.len());\n    }\n}\n",
        );
        Self(folder)
    }

    /// The first seed that finds a mistake, and how many steps its shortest story has; why there is none.
    fn first_seed(&self, (_, file, right, wrong): &Mistake) -> Result<(u64, u64), String> {
        let path = self.0.join("core").join(file);
        let whole = fs::read_to_string(&path).expect("a file of the core");
        if whole.matches(right).count() != 1 {
            return Err(format!("{file} has not just one {right:?}"));
        }
        fs::write(&path, whole.replace(right, wrong)).expect("a file can be written");
        let cargo = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO"));
            command.args(arguments).current_dir(&self.0).env("CARGO_TARGET_DIR", self.0.join("target"));
            command.env_remove("RUSTFLAGS").env("CARGO_TERM_COLOR", "never");
            command.output().expect("cargo starts")
        };
        let run = cargo(&["run", "--quiet", "--offline", "--bin", "first", &SEEDS.to_string()]);
        fs::write(&path, whole).expect("a file can be written");
        let said = String::from_utf8_lossy(&run.stdout);
        if !run.status.success() {
            let error = String::from_utf8_lossy(&run.stderr);
            let error = error.lines().find(|line| line.starts_with("error")).unwrap_or_default();
            return Err(format!("it does not compile: {error}"));
        }
        let numbers = said.trim().split_once(' ');
        let first = numbers.and_then(|(seed, steps)| Some((seed.parse().ok()?, steps.parse().ok()?)));
        first.ok_or_else(|| format!("not found in {SEEDS} seeds"))
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if fs::read(&path).ok() != fs::read(&target).ok() {
            fs::copy(&path, &target).expect("a file can be copied");
        }
    }
}
