//! PostHog's capture API, as `/batch/`. `collector` is the base URL (`https://eu.i.posthog.com`), `site` the project's API key.

use super::json::Json;
use super::told::{Told, host_and_path};
use super::{Context, Format, props};
use crate::event::PAGE_VIEW;
use crate::layout::{event, fields, head, kind};
use crate::lines::Fields;
use crate::outbox::{Room, Segment};
use crate::text::{self, json_bytes};
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "posthog",
    path: "/batch/",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    rejected: Some(rejected),
    ..Format::PLAIN
};

/// How the session began, and its sources.
const SESSION: &Fields = fields! {
    text "session_id", unsent, text "previous_session_id", number "session_number", number "session_started_at",
    text "session_reason", unsent, text "landing_page",
    text "utm_source", text "utm_medium", text "utm_campaign", text "utm_term", text "utm_content", text "utm_id",
    text "click_id", text "$referrer",
    text "initial_utm_source", text "initial_utm_medium", text "initial_utm_campaign", text "initial_utm_term",
    text "initial_utm_content", text "initial_utm_id", text "initial_click_id", text "initial_referrer",
};

fn event_bytes(head: &str, facts: &str) -> usize {
    1_100 + json_bytes(head) + 2 * json_bytes(facts)
}

fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    json.raw("{");
    json.text("api_key", context.site);
    json.raw(",\"batch\":[");
    for told in Told::batch(batch) {
        let (url, user_id) = (told.event(event::URL), told.event(event::USER_ID));
        let (host, path) = host_and_path(url);
        json.separate();
        json.raw("{");
        json.text("event", if told.is(PAGE_VIEW) { "$pageview" } else { told.name() });
        json.text("uuid", told.event(event::ID));
        // How long ago it happened: the visitor's clock may be wrong.
        json.number("offset", context.sent_at.0.saturating_sub(text::number(told.event(event::TIME))));
        json.text("distinct_id", if user_id.is_empty() { told.visitor() } else { user_id });
        json.raw(",\"properties\":{\"$lib\":\"shopbell\"");
        json.text("$lib_version", env!("CARGO_PKG_VERSION"));
        // Nobody becomes a person who is none to the site.
        json.value("$process_person_profile", if user_id.is_empty() { "false" } else { "true" });
        json.text("$device_id", told.device_id());
        json.text("$window_id", told.tab_id);
        json.name("$session_id");
        json.raw("\"");
        session_id(&mut json, &told);
        json.raw("\"");
        json.text("$current_url", url);
        json.text("$host", host);
        json.text("$pathname", path);
        json.text("title", told.event(event::TITLE));
        json.value("$browser_language", props::member(context.device, "language"));
        json.value("$timezone", props::member(context.device, "time_zone"));
        let mut screen = props::inside(props::member(context.device, "screen"));
        json.value("$screen_width", props::next_value(&mut screen));
        json.value("$screen_height", screen);
        json.facts(SESSION, told.head());
        json.text("consent", told.event(event::CONSENT));
        json.members(told.props());
        json.raw("}}");
    }
    json.raw("]}");
    json.out
}

/// The session's id as PostHog takes one, a UUID of version 7 (RFC 9562 section 5.7): when the session began, and the rest of
/// its own.
fn session_id(json: &mut Json, told: &Told<'_>) {
    let started_at = text::number(told.session(head::STARTED_AT));
    text::push_hex(&mut json.out, started_at >> 16, 8);
    json.raw("-");
    text::push_hex(&mut json.out, started_at, 4);
    json.raw("-7");
    json.raw(text::behind(told.session(head::ID), "xxxxxxxx-xxxx-x".len()));
}

/// Over its quota it accepts everything, and keeps nothing.
fn rejected(body: &str, events: u64) -> u64 {
    let mut limited = props::inside(props::member(body, "quota_limited"));
    let mut rejected = 0;
    while !limited.is_empty() {
        if *props::next_value(&mut limited) == *"\"events\"" {
            rejected = events;
        }
    }
    rejected
}
