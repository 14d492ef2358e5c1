//! What a session is, one rule a line: a story, and the session that its last act belongs to.
//!
//! A story is acts with commas between. A visitor does: `load URL`, `load URL from HOST`, `return` (from a payment
//! gateway), `reload`, `back`, `route URL`, `click`, `hide`, `close` (the last tab of the browser), `fly HOURS` (to another
//! zone), `tab NAME` (goes on in that tab). The site does: `track`, `buy`, `look`, `flush`, `blunder` (tracks what
//! is no JSON), `new session`, `pay` (a pending checkout). The world does: `timer`, `set HOURS` (the clock), `wipe` and `spoil` (the storage), and time passes as
//! `30m` or `29:59.999`. URLs name their campaign as `/path?source`, `?source/medium` or `?source/medium/campaign`.
//!
//! Stories begin at 20:00 in a zone an hour east of UTC.

use shopbell_core::attribution::Landing;
use shopbell_core::effect::Output;
use shopbell_core::event::{Money, Order, funnel_name};
use shopbell_core::id::Entropy;
use shopbell_core::layout::{event, source, totals};
use shopbell_core::lines;
use shopbell_core::outbox::next_part;
use shopbell_core::record::RECORD_KEY;
use shopbell_core::session::{CHECKOUT_MS_MAX, INACTIVITY_MS_MAX, INACTIVITY_MS_MIN, Rules};
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{ACTIVITY_WRITE_MS, Input, Moment, Navigation, NavigationKind, Tracker};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// 2026-03-10, 20:00 an hour east of UTC.
const EVENING: u64 = 1_773_169_200_000;

/// A browser whose tabs share a record.
struct Browser {
    rules: Rules,
    wall: u64,
    elapsed: u64,
    hours_east: i64,
    record: String,
    tabs: BTreeMap<String, Tracker>,
    tab: String,
    was_closed: bool,
    /// Names of the events so far, by session id.
    events: BTreeMap<String, Vec<String>>,
    writes: usize,
}

impl Browser {
    fn new(rules: &Rules) -> Self {
        Self {
            rules: rules.clone(),
            wall: EVENING,
            elapsed: 0,
            hours_east: 1,
            record: String::new(),
            tabs: BTreeMap::new(),
            tab: "one".to_owned(),
            was_closed: false,
            events: BTreeMap::new(),
            writes: 0,
        }
    }

    fn tell(&mut self, input: Input<'_>) {
        let rules = self.rules.clone();
        let chance = Entropy::new(&format!("{} {}", self.tab, self.elapsed));
        let tab = self.tab.clone();
        let tracker = self.tabs.entry(tab.clone()).or_insert_with(|| Tracker::new(rules, &tab, 0, "seed", chance));
        let record = self.record.clone();
        let moment = Moment {
            wall: Timestamp(self.wall),
            uptime: Uptime(self.elapsed),
            day: CivilDay((self.wall.saturating_add_signed(self.hours_east * HOUR as i64) / DAY) as u32),
            stored: &record,
            breaker: "",
        };
        tracker.handle(&moment, input);
        let outputs = tracker.poll(&moment);
        let id = tracker.session().map_or("", |session| session.id()).to_owned();
        for output in outputs {
            match output {
                Output::Store(key, text) if key == RECORD_KEY => {
                    self.record = text;
                    self.writes += 1;
                }
                Output::Store(key, text) => {
                    let mut rest = lines::open(&text).unwrap_or_default();
                    if key.split('.').count() == 3 {
                        next_part(&mut rest);
                    }
                    while !rest.is_empty() {
                        let name = lines::at(next_part(&mut rest), event::NAME).to_owned();
                        self.events.entry(id.clone()).or_default().push(name);
                    }
                }
                Output::Send(_) => {}
            }
        }
    }

    fn navigate(&mut self, kind: NavigationKind, target: &str) {
        let (url, host) = target.split_once(" from ").unwrap_or((target, ""));
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (query, parameters) = query.split_once('?').unwrap_or((query, ""));
        let mut utm = [""; 6];
        query.split('/').zip(&mut utm).for_each(|(value, place)| *place = value);
        let landing = Landing {
            utm,
            parameters,
            referrer_name: host,
            is_return: target == "return",
            is_message: ["email", "sms"].contains(&utm[1]),
            ..Landing::default()
        };
        let path = if landing.is_return { "/thanks" } else { path };
        let browser_closed = std::mem::take(&mut self.was_closed);
        let landing = landing.lines();
        let to = Navigation { kind, url, path, browser_closed, landing: &landing, title: "" };
        if kind != NavigationKind::Spa {
            self.tabs.remove(&self.tab);
        }
        self.tell(Input::Navigated { to: &to.lines(0), counts: true });
    }

    fn act(&mut self, act: &str) {
        let (verb, object) = act.split_once(' ').unwrap_or((act, ""));
        match verb {
            "load" => self.navigate(NavigationKind::Load, object),
            "return" => self.navigate(NavigationKind::Load, "return"),
            "reload" => self.navigate(NavigationKind::Reload, object),
            "back" => self.navigate(NavigationKind::BackForward, object),
            "route" => self.navigate(NavigationKind::Spa, object),
            "click" => self.tell(Input::Activity),
            "track" => self.tell(track("track", "")),
            "buy" => {
                let order = Order { id: object, value: Money(10 * Money::PER_UNIT), currency: "EUR" };
                self.tell(track("purchase", &order.lines()));
            }
            "look" => self.tell(Input::SnapshotRequested),
            "hide" => self.tell(Input::Hidden),
            "timer" => self.tell(Input::TimerFired),
            "flush" => self.tell(Input::Flush),
            "blunder" => self.tell(Input::InvalidEvents(1)),
            "pay" => self.tell(Input::CheckoutPending),
            "new" => self.tell(Input::NewSession),
            "tab" => object.clone_into(&mut self.tab),
            "close" => {
                self.tabs.clear();
                self.was_closed = true;
            }
            "wipe" => self.record.clear(),
            "spoil" => self.record = self.record.replace('1', "2"),
            "fly" => self.hours_east += object.parse::<i64>().expect("hours"),
            "set" => self.wall = self.wall.saturating_add_signed(object.parse::<i64>().expect("hours") * HOUR as i64),
            _ => {
                let ms = duration(act);
                self.wall += ms;
                self.elapsed += ms;
            }
        }
    }
}

/// `90s`, `30m`, `2h`, `1d`, or minutes, seconds and milliseconds as `29:59.999`.
fn duration(text: &str) -> u64 {
    let unit = [("s", SECOND), ("m", MINUTE), ("h", HOUR), ("d", DAY)];
    let with_unit = unit.iter().find_map(|(name, ms)| Some(text.strip_suffix(name)?.parse::<u64>().ok()? * ms));
    with_unit.unwrap_or_else(|| {
        let (minutes, seconds) = text.split_once(':').unwrap_or_else(|| panic!("{text:?} is no act"));
        let seconds: f64 = seconds.parse().expect("seconds");
        minutes.parse::<u64>().expect("minutes") * MINUTE + (seconds * 1_000.0).round() as u64
    })
}

#[track_caller]
fn play(rules: &Rules, story: &str) -> Browser {
    let mut browser = Browser::new(rules);
    story.split(", ").for_each(|act| browser.act(act));
    browser
}

/// The number, reason and source of the session at the end of a story.
#[track_caller]
fn check_with(rules: &Rules, story: &str, expected: &str) {
    let browser = play(rules, story);
    let session = browser.tabs[&browser.tab].session().expect("a session");
    let found = [&session.number().to_string(), session.reason(), lines::at(session.sources(), source::SOURCE)];
    assert_eq!(found.join(" "), expected, "{story}");
}

#[track_caller]
fn check(story: &str, expected: &str) {
    check_with(&Rules::default(), story, expected);
}

#[test]
fn the_first_activity_begins_the_first_session() {
    check("load /", "1 first (direct)");
    check("load /?facebook", "1 first facebook");
    check("load / from blog.example", "1 first blog.example");
    check("load /?facebook from blog.example", "1 first facebook");
    check("reload /?facebook", "1 first facebook");
    check("return", "1 first (direct)");
    check("click", "1 first (direct)");
    check("new session", "1 manual (direct)");
}

#[test]
fn inactivity_ends_a_session_at_the_millisecond() {
    check("load /, 29:59.999, click", "1 first (direct)");
    check("load /, 30m, click", "2 inactivity (direct)");
    check("load /, 30m, track", "2 inactivity (direct)");
    check("load /, 30m, load /p", "2 inactivity (direct)");
    check("load /, 30m, route /p", "2 inactivity (direct)");
    check("load /, 30m, reload /", "2 inactivity (direct)");
    check("load /, 30m, back /", "2 inactivity (direct)");
    check("load /, 20m, click, 20m, click", "1 first (direct)");
    check("load /, 29:59.999, click, 29:59.999, click", "1 first (direct)");
    check("load /, 30m, click, 30m, click", "3 inactivity (direct)");
    check("load /, 3d, click", "2 inactivity (direct)");
}

#[test]
fn the_timeout_is_the_sites_choice() {
    let minute = Rules { timeout_ms: MINUTE, ..Rules::default() };
    let day = Rules { timeout_ms: DAY, midnight: false, ..Rules::default() };
    check_with(&minute, "load /, 0:59.999, click", "1 first (direct)");
    check_with(&minute, "load /, 1m, click", "2 inactivity (direct)");
    check_with(&day, "load /, 23h, click", "1 first (direct)");
    check_with(&day, "load /, 1d, click", "2 inactivity (direct)");
}

#[test]
fn only_activity_extends_or_renews() {
    check("load /, 29m, look, 29m, click", "2 inactivity (direct)");
    check("load /, 29m, timer, 29m, click", "2 inactivity (direct)");
    check("load /, 29m, hide, 29m, click", "2 inactivity (direct)");
    check("load /, 29m, flush, 29m, click", "2 inactivity (direct)");
    check("load /, 29m, blunder, 29m, click", "2 inactivity (direct)");
    check("load /, 31m, look", "1 first (direct)");
    check("load /, 31m, flush", "1 first (direct)");
    check("load /, 31m, blunder", "1 first (direct)");
    check("load /, 31m, timer", "1 first (direct)");
    check("load /, 31m, hide", "1 first (direct)");
    check("load /, 1d, timer, look, hide", "1 first (direct)");
}

#[test]
fn midnight_ends_a_session_in_its_zone() {
    // Activity in between, so that nothing but the day's end ends it.
    check("load /, 225m, click, 14:59.999, click", "2 inactivity (direct)");
    let long = Rules { timeout_ms: 6 * HOUR, ..Rules::default() };
    check_with(&long, "load /, 239:59.999, click", "1 first (direct)");
    check_with(&long, "load /, 240m, click", "2 midnight (direct)");
    check_with(&long, "load /, 240m, click, 5h, click, 5h, click", "2 midnight (direct)");
    check_with(&long, "load /, 240m, look", "1 first (direct)");
    let off = Rules { timeout_ms: 6 * HOUR, midnight: false, ..Rules::default() };
    check_with(&off, "load /, 240m, click", "1 first (direct)");
}

#[test]
fn travel_and_the_day() {
    let long = Rules { timeout_ms: 12 * HOUR, ..Rules::default() };
    // Eastward over midnight, westward to the day before, and there to the day of the session.
    check_with(&long, "load /, fly 5, click", "2 midnight (direct)");
    check_with(&long, "load /, fly -20, click", "1 first (direct)");
    check_with(&long, "load /, 4h, fly -9, click", "1 first (direct)");
    check_with(&long, "load /, fly -9, 4h, click", "1 first (direct)");
    check_with(&long, "load /, fly 5, click, fly -5, click", "2 midnight (direct)");
}

#[test]
fn a_new_campaign_source_ends_a_session() {
    check("load /?facebook, load /?google", "2 campaign google");
    check("load /?facebook, load /?facebook", "1 first facebook");
    check("load /?facebook, load /", "1 first facebook");
    check("load /, load /?facebook", "2 campaign facebook");
    check("load /?facebook, load /?google, load /?facebook", "3 campaign facebook");
    check("load /?facebook/cpc, load /?facebook/email", "1 first facebook");
    check("load /?facebook/cpc/a, load /?facebook/cpc/b", "1 first facebook");
    check("load /?facebook, load / from blog.example", "1 first facebook");
    check("load /?facebook, load /?/cpc", "1 first facebook");
}

#[test]
fn how_new_a_campaign_must_be_is_the_sites_choice() {
    let off = Rules { campaign: 0, ..Rules::default() };
    let medium = Rules { campaign: 2, ..Rules::default() };
    let campaign = Rules { campaign: 3, ..Rules::default() };
    check_with(&off, "load /?facebook, load /?google", "1 first facebook");
    check_with(&off, "load /?facebook, 30m, load /?google", "2 inactivity google");
    check_with(&medium, "load /?facebook/cpc, load /?facebook/email", "2 campaign facebook");
    check_with(&medium, "load /?facebook/cpc/a, load /?facebook/cpc/b", "1 first facebook");
    check_with(&campaign, "load /?facebook/cpc/a, load /?facebook/cpc/b", "2 campaign facebook");
    check_with(&campaign, "load /?facebook/cpc/a, load /?facebook/cpc/a", "1 first facebook");
}

#[test]
fn reloads_returns_and_routes_are_no_new_arrivals() {
    check("load /?facebook, load /?google, reload /?facebook", "2 campaign google");
    check("load /?facebook, load /?google, back /?facebook", "2 campaign google");
    check("load /?facebook, route /p?facebook", "1 first facebook");
    check("load /?facebook, load /?google, route /p?google", "2 campaign google");
    check("load /, route /p?facebook", "2 campaign facebook");
    check("load /?facebook, route /p, route /p?google", "2 campaign google");
    check("load /?facebook, tab two, load /?google, tab one, route /p?facebook", "2 campaign google");
    check("load /?facebook, return", "1 first facebook");
    check("load /?facebook, 10m, return, buy 1", "1 first facebook");
}

#[test]
fn a_session_on_an_open_page_has_the_source_that_its_reason_says() {
    let long = Rules { timeout_ms: 6 * HOUR, ..Rules::default() };
    check("load /?facebook, 30m, click", "2 inactivity (direct)");
    check("load /?facebook, 30m, route /p?facebook", "2 inactivity (direct)");
    check("load /?facebook, 30m, reload /?facebook", "2 inactivity (direct)");
    check("load /?facebook, 30m, back /?facebook", "2 inactivity (direct)");
    check("load /?facebook, 30m, load /?facebook", "2 inactivity facebook");
    check("load / from blog.example, 30m, click", "2 inactivity (direct)");
    check("load /?facebook, 30m, return", "2 inactivity facebook");
    check_with(&long, "load /?facebook, 4h, click", "2 midnight facebook");
    check_with(&long, "load /?facebook, 4h, load /", "2 midnight facebook");
    check_with(&long, "load /?facebook, 4h, load /?google", "2 midnight google");
    check("load /?facebook, 2s, new session", "2 manual (direct)");
}

#[test]
fn the_maximum_length_ends_a_session() {
    let hour = Rules { max_ms: Some(HOUR), ..Rules::default() };
    check_with(&hour, "load /, 20m, click, 20m, click, 19:59.999, click", "1 first (direct)");
    check_with(&hour, "load /, 20m, click, 20m, click, 20m, click", "2 max_length (direct)");
    check_with(&hour, "load /?facebook, 20m, click, 20m, click, 20m, click", "2 max_length facebook");
    check_with(&hour, "load /?facebook, 20m, click, 20m, click, 20m, load /?google", "2 max_length google");
}

#[test]
fn a_closed_browser_ends_a_session_where_the_site_wants_that() {
    check("load /?facebook, close, load /", "2 browser_close (direct)");
    check("load /?facebook, close, load /?facebook", "2 browser_close facebook");
    check("load /?facebook, close, load /, click, load /p", "2 browser_close (direct)");
    check("load /, close, 30m, load /", "2 inactivity (direct)");
    check("close, load /", "1 first (direct)");
    check("load /?facebook, close, return", "1 first facebook");
}

#[test]
fn the_site_may_have_a_new_session_once_a_second() {
    check("load /, 1s, new session", "2 manual (direct)");
    check("load /, 0:00.999, new session", "1 first (direct)");
    check("load /, 1s, new session, new session, new session", "2 manual (direct)");
    check("load /, 1s, new session, 1s, new session", "3 manual (direct)");
}

#[test]
fn a_pending_checkout_holds_a_session_open() {
    let midnight = "load /?facebook, 3h, click, 50m, pay";
    check("load /?facebook, pay, 59:59.999, return", "1 first facebook");
    check("load /?facebook, pay, 45m, return, buy 1", "1 first facebook");
    check("load /?facebook, pay, 60m, return", "2 inactivity facebook");
    check("load /?facebook, pay, 45m, load /?google", "1 first facebook");
    check("load /?facebook, pay, 45m, load /?bank/redirect", "1 first facebook");
    check("load /?facebook, pay, 5m, load /?shop/email", "2 campaign shop");
    check("load /?facebook, pay, 45m, load /?shop/email", "2 inactivity shop");
    check("load /?facebook, pay, 45m, load /?facebook/sms", "2 inactivity facebook");
    check("load /?facebook, pay, 5m, load /?facebook/sms, 31m, click", "2 inactivity (direct)");
    check("load /?facebook, pay, 5m, load /??gclid, click", "2 campaign google");
    check("load /?facebook/email, pay, 45m, reload /?facebook/email", "1 first facebook");
    check("load /?facebook, pay, 45m, route /?shop/email", "2 inactivity shop");
    check("load /?facebook, pay, 45m, return, buy 1, load /?google", "2 campaign google");
    check("load /?facebook, pay, 45m, buy 1, 30m, click", "2 inactivity (direct)");
    check("load /?facebook, pay, 45m, close, load /", "1 first facebook");
    check("load /?facebook, pay, 2s, new session", "2 manual (direct)");
    check("load /?facebook, pay, set -5, click, 31m, click", "2 inactivity (direct)");
    let long = Rules { timeout_ms: 6 * HOUR, ..Rules::default() };
    check_with(&long, &format!("{midnight}, 20m, return"), "1 first facebook");
    check_with(&long, &format!("{midnight}, 20m, return, buy 1"), "1 first facebook");
    check_with(&long, &format!("{midnight}, 20m, return, buy 1, click"), "2 midnight facebook");
}

#[test]
fn the_first_of_several_reasons_counts() {
    let all = Rules { timeout_ms: HOUR, max_ms: Some(HOUR), ..Rules::default() };
    check_with(&all, "load /, 50m, click, 50m, close, load /?google", "2 max_length google");
    check_with(&all, "load /, 50m, close, load /?google", "2 browser_close google");
    check_with(&all, "load /, 4h, close, load /?google", "2 inactivity google");
    check_with(&Rules { timeout_ms: DAY, ..all }, "load /, 4h, close, load /?google", "2 midnight google");
}

#[test]
fn clocks_that_are_set_end_nothing_by_going_back() {
    check("load /, set -1, click", "1 first (direct)");
    check("load /, set -48, click", "1 first (direct)");
    check("load /, set -48, click, 29:59.999, click", "1 first (direct)");
    // No expiry in the future: activity after the clock was set back counts from there.
    check("load /, set -48, click, 30m, click", "2 inactivity (direct)");
    check("load /, set 1, click", "2 inactivity (direct)");
}

#[test]
fn what_others_do_to_storage_ends_nothing() {
    check("load /?facebook, wipe, click", "1 first facebook");
    check("load /?facebook, wipe, click, wipe, click, wipe, click", "1 first facebook");
    check("load /?facebook, spoil, click", "1 first facebook");
    check("load /?facebook, wipe, click, load /p", "1 first facebook");
    check("load /?facebook, wipe, load /p", "1 first (direct)");
    check("load /?facebook, spoil, load /p", "1 first (direct)");
}

#[test]
fn tabs_have_one_session() {
    check("load /?facebook, tab two, load /", "1 first facebook");
    check("load /?facebook, tab two, load /?google, tab one, click", "2 campaign google");
    check("load /, tab two, load /, 2s, new session, tab one, click", "2 manual (direct)");
    check("load /, tab two, load /, 29m, click, tab one, 29m, click", "1 first (direct)");
    check("load /, tab two, load /, 31m, click, tab one, click", "2 inactivity (direct)");
    // An idle tab ends nothing that is alive in another, and a tab asleep for a day comes to what is there.
    check("load /, tab two, load /, 20m, click, 20m, click, tab one, look, timer, click", "1 first (direct)");
    check("load /, tab two, 1d, load /, tab one, click", "2 inactivity (direct)");
}

/// The names of the latest session's events.
#[track_caller]
fn tells(story: &str, expected: &str) {
    let browser = play(&Rules::default(), story);
    let session = browser.tabs[&browser.tab].session().expect("a session");
    assert_eq!(browser.events[session.id()].join(" "), expected, "{story}");
}

#[test]
fn a_session_begins_with_its_start_and_a_page() {
    tells("load /", "session_start page_view");
    tells("load /, 30m, click", "session_start page_view");
    tells("load /, 30m, track", "session_start page_view track");
    tells("load /, 30m, load /p", "session_start page_view");
    tells("load /, 30m, route /p", "session_start page_view");
    tells("load /, 30m, pay", "session_start page_view");
    tells("load /, 1s, new session", "session_start page_view");
    tells("load /, 31m, look, timer, hide", "session_start page_view");
}

/// Orders and the furthest funnel step of the latest session.
#[track_caller]
fn counts(story: &str, expected: (u64, &str)) {
    let browser = play(&Rules::default(), story);
    let totals = &browser.tabs[&browser.tab].session().expect("a session").totals;
    let step = funnel_name(totals[totals::FUNNEL_STEP] as usize);
    assert_eq!((totals[totals::TRANSACTIONS], step), expected, "{story}");
}

#[test]
fn an_order_counts_once_however_often_its_page_is_opened() {
    counts("load /, buy 1", (1, "purchase"));
    counts("load /, buy 1, buy 1", (1, "purchase"));
    counts("load /, buy 1, buy 2", (2, "purchase"));
    counts("load /, buy , buy ", (2, "purchase"));
    counts("load /, buy 1, reload /, buy 1", (1, "purchase"));
    counts("load /, buy 1, 31m, reload /, buy 1", (0, "visit"));
    counts("load /, buy 1, 1d, load /thanks, buy 1", (0, "visit"));
    counts("load /, buy 1, 31m, load /, 31m, load /, buy 1", (0, "visit"));
    counts("load /, buy 1, 31m, load /, buy 2, buy 1", (2, "purchase"));
    counts("load /, buy 1, 31m, tab two, load /, buy 1, tab one, click", (0, "visit"));
}

/// The sources of the latest session: its own, the device's first, the latest that was not direct.
#[track_caller]
fn comes(story: &str, expected: [&str; 3]) {
    let browser = play(&Rules::default(), story);
    let sources = browser.tabs[&browser.tab].session().expect("a session").sources();
    assert_eq!([0, 1, 2].map(|nth| lines::at(sources, nth * source::LINES + source::SOURCE)), expected, "{story}");
}

#[test]
fn the_first_touch_and_the_latest_source_stand_beside_the_sessions_own() {
    comes("load /", ["(direct)", "(direct)", ""]);
    comes("load /?facebook", ["facebook", "facebook", "facebook"]);
    comes("load /?facebook, 30m, click", ["(direct)", "facebook", "facebook"]);
    comes("load /?facebook, load /?google", ["google", "facebook", "google"]);
    comes("load /?facebook, load /?google, 1h, click, 1h, click", ["(direct)", "facebook", "google"]);
    comes("load /, 1h, load / from blog.example", ["blog.example", "(direct)", "blog.example"]);
    comes("load /, 1h, load /?google, 1h, load /", ["(direct)", "(direct)", "google"]);
}

/// How often the record is written in a story.
#[track_caller]
fn writes(story: &str, expected: usize) {
    assert_eq!(play(&Rules::default(), story).writes, expected, "{story}");
}

#[test]
fn storage_is_written_no_more_often_than_it_must_be() {
    // A roll at once, and the page view that follows it.
    writes("load /", 1);
    writes("load /, click, click, click", 1);
    writes("load /, 0:04.999, click", 1);
    writes("load /, 5s, click", 2);
    writes("load /, 5s, click, click, 0:04.999, click", 2);
    // Measured from what is written, so steady activity does not put the writing off.
    writes("load /, 2s, click, 2s, click, 2s, click", 2);
    writes("load /, 2s, click, 2s, click, 2s, click, 2s, click, 2s, click, 2s, click", 3);
    writes("load /, hide, hide, timer, look", 1);
    writes("load /, 1s, click, hide, hide", 2);
    writes("load /, track, buy 1", 2);
    writes("load /, wipe, click", 2);
}

#[test]
fn what_a_tab_may_not_know_is_far_below_the_shortest_timeout() {
    const { assert!(ACTIVITY_WRITE_MS * 10 <= INACTIVITY_MS_MIN) };
    const { assert!(CHECKOUT_MS_MAX == HOUR && INACTIVITY_MS_MIN == MINUTE && INACTIVITY_MS_MAX == DAY) };
    // The tolerance: what another tab did less than five seconds after a write is not known.
    check("load /, tab two, load /, 0:04.999, click, 29:55.001, tab one, click", "2 inactivity (direct)");
    check("load /, tab two, load /, 5s, click, 29:55, tab one, click", "1 first (direct)");
    check("load /, tab two, load /, 0:04.999, click, hide, 29:55.001, tab one, click", "1 first (direct)");
}

fn track<'a>(name: &'a str, order: &'a str) -> Input<'a> {
    Input::Tracked { name, props: "{}", order }
}
