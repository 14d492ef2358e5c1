//! A page that was left before it had a tracker: what was kept of it, told to one.

use super::landing::{clean, landing, lone_surrogates, path_of};
use super::options::Options;
use serde::Deserialize;
use serde_json::Value;
use shopbell_core::event::{Order, PAGE_VIEW, PURCHASE, TITLE_UNITS_MAX, URL_UNITS_MAX};
use shopbell_core::formats::{Context, native};
use shopbell_core::outbox::{FlushReason, Segment};
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};
use std::borrow::Cow;
use url::Url;

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
pub(super) struct Page {
    #[serde(default)]
    pub(super) options: Options,
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
    pub(super) record: String,
    pub(super) chance: String,
    #[serde(default)]
    calls: Vec<Call>,
    /// How many more there were.
    #[serde(default)]
    dropped: u64,
}

impl Page {
    /// Whether its visitor said that they do not want it, or was still to be asked by a part of which the stub knows nothing.
    pub(super) fn is_unwanted(&self) -> bool {
        if self.options.asks_for_consent() {
            return true;
        }
        let consent = self.calls.iter().rfind(|(method, ..)| method == "consent");
        consent.is_some_and(|(_, _, _, state, _)| state.as_deref() != Some("\"granted\""))
    }

    /// Tells the tracker what happened on the page, until it was left.
    pub(super) fn happens<'a>(&self, tracker: &mut Tracker, stored: &'a str) -> Moment<'a> {
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

    pub(super) fn encode(&self, tracker: &Tracker, moment: &Moment<'_>) -> Vec<String> {
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
