//! Pages that were left before they had a tracker, replayed by the core as their next page's tracker replays them.
//!
//! The body is a JSON object a page, the oldest first (`tests/formats/early.schema.json`), one behind another and however
//! libraries of that page indent them. What comes of it are native batches: the same events under the same ids as the tracker will send, which deduplication makes one.

pub(crate) mod landing;
mod options;
mod scrub;

use crate::batch::Batch;
use landing::{clean, landing, lone_surrogates, path_of};
use options::Options;
use serde::Deserialize;
use serde_json::Value;
use shopbell_core::early;
use shopbell_core::event::{Order, PAGE_VIEW, PURCHASE, TITLE_UNITS_MAX, URL_UNITS_MAX};
use shopbell_core::formats::{Context, native};
use shopbell_core::id::Entropy;
use shopbell_core::outbox::{FlushReason, Segment};
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};
use std::borrow::Cow;
use std::str;
use url::Url;

/// How every body begins.
const BEGINNING: &[u8] = b"{\"schema\":\"shopbell/early/1\"";
/// Most pages in one body; the stub keeps as many as fit 60,000 characters.
const PAGES_MAX: usize = 200;
/// Longest name, as the tracker takes it.
const TEXT_UNITS_MAX: usize = 256;

/// Latest time taken: what JavaScript's `Date` can hold, in milliseconds.
const TIME_MS_MAX: f64 = 8.64e15;

/// Wall and monotonic clock, in milliseconds.
type Clocks = (f64, f64);
/// Method, clocks and two arguments, each as JSON, of a call.
type Call = (String, f64, f64, Option<String>, Option<String>);

/// A page, as it was kept.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    options: Options,
    url: String,
    #[serde(default)]
    referrer: String,
    #[serde(default)]
    title: String,
    /// How it was reached (Navigation Timing).
    #[serde(default, rename = "type")]
    kind: Option<String>,
    began: Clocks,
    left: Clocks,
    /// By how many minutes UTC was ahead of the visitor's clock.
    #[serde(default, rename = "offset", alias = "offset_minutes")]
    offset_minutes: i32,
    /// The stored record as it stood.
    #[serde(default)]
    record: String,
    chance: String,
    #[serde(default)]
    calls: Vec<Call>,
    /// How many more there were.
    #[serde(default)]
    dropped: u64,
}

/// Whether a body is of early pages.
pub fn is_early(body: &[u8]) -> bool {
    body.iter().filter(|byte| !byte.is_ascii_whitespace()).take(BEGINNING.len()).eq(BEGINNING)
}

/// Reads early pages, and gives the batches that their trackers would have sent. The error is one sentence.
pub fn read(body: &[u8]) -> Result<Vec<Batch>, String> {
    let text = str::from_utf8(body).map_err(|_| "the body is no UTF-8; accepted are objects of JSON".to_owned())?;
    let mut pages: Vec<Page> = Vec::new();
    for page in serde_json::Deserializer::from_str(&lone_surrogates(text)).into_iter() {
        if pages.len() == PAGES_MAX {
            return Err(format!("the body has more than {PAGES_MAX} objects; accepted is one for each early page"));
        }
        let number = pages.len() + 1;
        pages.push(page.map_err(|error| format!("object {number} is no early page: {error}"))?);
    }
    pages.retain(|page| !page.is_unwanted());
    // Pages that found the same record are one chain, as each goes on with what the one before has made of it.
    let chains = pages.chunk_by(|one, next| one.record == next.record);
    let bodies = chains.flat_map(replay);
    bodies.map(|body| Batch::read(body.as_bytes())).collect()
}

/// Replays a chain of pages; the bodies of its batches.
fn replay(pages: &[Page]) -> Vec<String> {
    let Some(first) = pages.first() else { return Vec::new() };
    let mut tracker = Tracker::new(first.options.rules(), "", 0, &first.chance, Entropy::new(""));
    let mut moment = Moment { stored: &first.record, ..Moment::default() };
    for page in pages {
        early::next_page(&mut tracker, &page.chance);
        moment = page.happens(&mut tracker, &first.record);
    }
    let _stored = early::end(&mut tracker, &moment);
    first.encode(&tracker, &moment)
}

impl Page {
    /// Whether its visitor said that they do not want it, or was still to be asked by a part of which the stub knows nothing.
    fn is_unwanted(&self) -> bool {
        if self.options.asks_for_consent() {
            return true;
        }
        let consent = self.calls.iter().rfind(|(method, ..)| method == "consent");
        consent.is_some_and(|(_, _, _, state, _)| state.as_deref() != Some("\"granted\""))
    }

    /// Tells the tracker what happened on the page, until it was left.
    fn happens<'a>(&self, tracker: &mut Tracker, stored: &'a str) -> Moment<'a> {
        let at = |(wall, uptime): Clocks| Moment {
            wall: Timestamp(wall.clamp(0.0, TIME_MS_MAX) as u64),
            uptime: Uptime(uptime.clamp(0.0, TIME_MS_MAX) as u64),
            day: CivilDay(self.options.day(wall, self.offset_minutes)),
            stored,
            breaker: "",
        };
        let scrubber = self.options.scrubber();
        let shown = scrubber.scrub(&self.url, false);
        let url = clean(&shown, URL_UNITS_MAX);
        let path = Url::parse(&shown).map(|url| clean(&path_of(&url), URL_UNITS_MAX)).unwrap_or_default();
        let (gateways, counts_internal) = (self.options.gateways(), self.options.counts_internal());
        let landing = landing(&self.url, &self.referrer, &gateways, counts_internal, &scrubber);
        let kind = match self.kind.as_deref() {
            Some("reload") => NavigationKind::Reload,
            Some("back_forward") => NavigationKind::BackForward,
            _ => NavigationKind::Load,
        };
        let title = clean(&scrubber.scrub(&self.title, false), TITLE_UNITS_MAX);
        let to = Navigation { kind, url: &url, path: &path, browser_closed: false, landing: &landing, title: &title };
        tracker.handle(&at(self.began), Input::Navigated { to: &to.lines(0), counts: self.options.autocapture() });
        let props = |json: &Option<String>| scrubber.props(json.as_deref().unwrap_or_default());
        let mut invalid = self.dropped;
        for (method, wall, uptime, first, second) in &self.calls {
            let moment = at((*wall, *uptime));
            let name = |json: &Option<String>| serde_json::from_str(&lone_surrogates(json.as_deref()?)).ok();
            match method.as_str() {
                "newSession" => tracker.handle(&moment, Input::NewSession),
                "checkoutPending" => tracker.handle(&moment, Input::CheckoutPending),
                "identify" => {
                    let given = serde_json::from_str(&lone_surrogates(first.as_deref().unwrap_or("null")));
                    let user_id = match given.unwrap_or_default() {
                        Value::String(text) => text,
                        Value::Null => String::new(),
                        other => other.to_string(),
                    };
                    let user_id = clean(&scrubber.scrub(&user_id, false), TEXT_UNITS_MAX);
                    tracker.handle(&moment, Input::Standing { consent: "granted", user_id: &user_id });
                }
                "page" => invalid += track(tracker, &moment, Some(PAGE_VIEW.to_owned()), &props(first)),
                "track" => invalid += track(tracker, &moment, name(first), &props(second)),
                _ => {}
            }
        }
        let moment = at(self.left);
        tracker.handle(&moment, Input::InvalidEvents(invalid));
        moment
    }

    fn encode(&self, tracker: &Tracker, moment: &Moment<'_>) -> Vec<String> {
        let site = self.options.site(&self.url);
        let context = Context {
            site: &site,
            sent_at: moment.wall,
            sent_uptime: moment.uptime,
            device: "\"bot\":null",
            storage: if self.options.keeps() { "local" } else { "memory" },
            counters: tracker.counters(),
        };
        let encode = |segment: &Segment| {
            // The clock of offsets is each page's own.
            let mut segment = segment.clone();
            (segment.closed, segment.attempts) = (Some(FlushReason::Recovered), 1);
            native::encode(&context, &segment)
        };
        tracker.segments().iter().map(encode).collect()
    }
}

/// Tracks an event; returns 1 if it cannot be.
fn track(tracker: &mut Tracker, moment: &Moment<'_>, name: Option<String>, props: &str) -> u64 {
    let json = if props == "null" { "" } else { props };
    let name = clean(&name.unwrap_or_default(), TEXT_UNITS_MAX);
    if name.is_empty() || !json.is_empty() && !json.starts_with('{') {
        return 1;
    }
    let (props, order) = if name == PURCHASE { purchase(json) } else { (json.into(), String::new()) };
    // A library of the page may have indented it: a line break would shift the lines behind it.
    let props = props.replace(|letter: char| letter < ' ', " ");
    tracker.handle(moment, Input::Tracked { name: &name, props: &props, order: &order });
    0
}

/// The properties of a purchase, not too large, and what its session's totals need of it.
fn purchase(json: &str) -> (Cow<'_, str>, String) {
    let read = crate::order::Order::read(json);
    let order = Order { id: &read.id, value: read.value.unwrap_or_default(), currency: &read.currency };
    (crate::order::fit(json), order.lines())
}

#[cfg(test)]
mod tests {
    use super::{is_early, read};
    use proptest::prelude::*;
    use shopbell_core::lines;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn early_pages_that_are_altered_anywhere_do_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut body = GOOD.as_bytes().to_vec();
            let at = at.index(body.len());
            body[at] = byte;
            if let Err(sentence) = read(&body) {
                prop_assert!(!sentence.is_empty());
            }
        }

        #[test]
        fn any_times_and_any_record_do_no_harm(
            (began, left) in any::<(f64, f64)>(),
            offset in any::<i32>(),
            inside in "(\\PC{0,30}\n){0,40}",
        ) {
            let page = GOOD.lines().next().expect("a page");
            let mut page: serde_json::Value = serde_json::from_str(page).expect("JSON");
            page["began"][0] = began.into();
            page["left"][0] = left.into();
            page["calls"][0] = serde_json::json!(["checkoutPending", left, began, null, null]);
            page["offset"] = offset.into();
            page["record"] = lines::seal(&inside).into();
            if let Err(sentence) = read(page.to_string().as_bytes()) {
                prop_assert!(!sentence.is_empty());
            }
        }
    }

    const GOOD: &str = include_str!("../../tests/formats/early.json");

    #[test]
    fn early_pages_are_the_batches_that_their_trackers_would_have_sent() {
        assert!(is_early(GOOD.as_bytes()));
        let batches = read(GOOD.as_bytes()).expect("early pages");
        let names: Vec<_> = batches.iter().flat_map(|batch| &batch.events).map(|event| &event.name).collect();
        assert_eq!(names, ["session_start", "page_view", "purchase", "page_view"]);
        assert_eq!(batches[0].session.id, batches[1].session.id, "the second page found what the first one made");
        assert_eq!(batches[0].session.source.source, "facebook");
    }

    #[test]
    fn early_pages_are_the_same_however_they_are_indented() {
        let indent = |json: &mut serde_json::Value| {
            let value = json.as_str().and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
            if let Some(value) = value {
                *json = format!("{value:#}").into();
            }
        };
        let mut indented = String::new();
        for page in GOOD.lines() {
            let mut page: serde_json::Value = serde_json::from_str(page).expect("JSON");
            for call in page["calls"].as_array_mut().into_iter().flatten() {
                call.as_array_mut().into_iter().flatten().skip(3).for_each(indent);
            }
            indented.push_str(&serde_json::to_string_pretty(&page).expect("JSON"));
            indented.push('\n');
        }
        assert!(indented.lines().count() > 20);
        let beginning = indented.replacen("{\n", "{\n  \"schema\": \"shopbell/early/1\",\n", 1);
        assert!(is_early(beginning.as_bytes()));
        let told = |body: &str| {
            let batches = read(body.as_bytes()).expect("early pages");
            let events = batches.into_iter().flat_map(|batch| batch.events);
            events.map(|event| (event.id, event.name, event.seq)).collect::<Vec<_>>()
        };
        assert_eq!(told(&indented), told(GOOD));
    }

    /// The batches of the first page, changed.
    fn changed(change: impl Fn(&mut serde_json::Value)) -> Vec<crate::batch::Batch> {
        let mut page: serde_json::Value = serde_json::from_str(GOOD.lines().next().expect("a page")).expect("JSON");
        change(&mut page);
        read(page.to_string().as_bytes()).expect("an early page")
    }

    #[test]
    fn what_its_visitor_does_not_want_is_no_batch() {
        #[track_caller]
        fn check(capture: &str, consent: &[&str], batches: usize) {
            let found = changed(|page| {
                page["options"]["capture"] = capture.into();
                let calls =
                    consent.iter().map(|state| serde_json::json!(["consent", 1, 1, format!("\"{state}\""), null]));
                page["calls"] = calls.collect();
            });
            assert_eq!(found.len(), batches, "{capture} {consent:?}");
        }
        check("", &[], 1);
        check("opt-out", &[], 1);
        check("opt-out tcf", &[], 0);
        check("google-consent", &[], 0);
        check("", &["granted"], 1);
        check("", &["denied"], 0);
        check("", &["pending"], 0);
        check("", &["denied", "granted"], 1);
    }

    #[test]
    fn what_names_a_person_is_not_stored() {
        let batches = changed(|page| {
            page["url"] =
                "https://shop.example/u/bob@example.com?token=x&utm_source=a&utm_term=bob%40example.com#y".into();
            page["title"] = "Orders of bob@example.com".into();
            page["referrer"] = "https://mail.example/bob@example.com".into();
            let props = r#"{"to":"bob@example.com"}"#;
            page["calls"] =
                serde_json::json!([["identify", 1, 1, "\"7a1c\"", null], ["track", 1, 1, "\"sent\"", props]]);
        });
        let [batch] = &batches[..] else { panic!("{} batches", batches.len()) };
        let event = batch.events.last().expect("an event");
        assert_eq!(event.url, "https://shop.example/u/*email*?utm_source=a&utm_term=*email*");
        assert_eq!(event.title, "Orders of *email*");
        assert_eq!(event.props.as_ref().map(|props| props.get()), Some(r#"{"to":"*email*"}"#));
        assert_eq!(batch.session.landing_page, "/u/*email*");
        assert_eq!(batch.session.source.term.as_deref(), Some("*email*"));
        assert_eq!(batch.session.source.referrer.as_deref(), Some("https://mail.example/*email*"));
        assert_eq!(batch.session.user_id.as_deref(), Some("7a1c"));
        let user = |given: &str| {
            let batches = changed(|page| {
                page["calls"] = serde_json::json!([["identify", 1, 1, given, null], ["track", 1, 1, "\"e\"", null]]);
            });
            batches.into_iter().next().and_then(|batch| batch.session.user_id)
        };
        assert_eq!(user("7").as_deref(), Some("7"));
        assert_eq!(user("\"bob@example.com\"").as_deref(), Some("*email*"));
        assert_eq!(user("null"), None);
    }

    #[test]
    fn what_is_no_early_page_is_one_sentence() {
        #[track_caller]
        fn check(body: &str, sentence: &str) {
            let found = read(body.as_bytes()).map(|batches| batches.len());
            assert_eq!(found, Err(sentence.to_owned()), "{body}");
        }
        check("{}", "object 1 is no early page: missing field `url` at line 1 column 2");
        let page = GOOD.lines().next().expect("a page");
        check(&format!("{page}\nx"), "object 2 is no early page: expected value at line 2 column 1");
        check(
            &page.replace("\"began\":[", "\"began\":[true,"),
            "object 1 is no early page: invalid type: boolean `true`, expected f64 at line 1 column 217",
        );
    }
}
