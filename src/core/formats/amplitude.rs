//! Amplitude's HTTP API, version 2. `collector` is the base URL (`https://api2.amplitude.com`), `site` the API key.

use super::json::Json;
use super::told::Told;
use super::{Context, Format, props};
use crate::event::{PAGE_VIEW, PURCHASE, REFUND, SESSION_START};
use crate::layout::{fields, head, kind};
use crate::lines::{self, Fields};
use crate::outbox::{Room, Segment};
use crate::text::json_bytes;
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "amplitude",
    path: "/2/httpapi",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    is_for_some: Some(names_events),
    ..Format::JSON
};

const EVENT: &Fields = fields! {
    text "insert_id", unsent, number "time", unsent, unsent, number "event_id", unsent, unsent, unsent, unsent, text "user_id",
};
const PAGE: &Fields = fields! {
    unsent, unsent, unsent, unsent, unsent, unsent, text "[Amplitude] Page Location", text "[Amplitude] Page Title", unsent,
    text "consent", unsent,
};
const SESSION: &Fields = fields! {
    text "session_id", unsent, text "previous_session_id", number "session_number", unsent, text "session_reason", unsent,
    text "landing_page",
};
const SOURCE: &Fields = fields! {
    text "utm_source", text "utm_medium", text "utm_campaign", text "utm_term", text "utm_content", text "utm_id",
    text "click_id", text "referrer",
};
const FIRST_TOUCH: &Fields = fields! {
    text "initial_utm_source", text "initial_utm_medium", text "initial_utm_campaign", text "initial_utm_term",
    text "initial_utm_content", text "initial_utm_id", text "initial_click_id", text "initial_referrer",
};
/// Amplitude drops ids of fewer than five characters, unless it is told to take what a site calls its visitors.
const OPTIONS: &str = "],\"options\":{\"min_id_length\":1}}";
/// Members of an answer that name events of the batch.
const NAMING_EVENTS: &str = "\
events_with_invalid_fields
events_with_missing_fields
events_with_invalid_id_lengths
silenced_events
";

fn event_bytes(head: &str, facts: &str) -> usize {
    1_100 + 2 * json_bytes(head) + json_bytes(facts)
}

fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    json.raw("{");
    json.text("api_key", context.site);
    json.raw(",\"events\":[");
    for told in Told::batch(batch) {
        json.separate();
        json.raw("{\"platform\":\"Web\"");
        json.raw(concat!(",\"library\":\"shopbell/", env!("CARGO_PKG_VERSION"), "\""));
        json.text("event_type", if told.is(PAGE_VIEW) { "[Amplitude] Page Viewed" } else { told.name() });
        json.text("device_id", told.visitor());
        json.value("session_id", told.session(head::STARTED_AT));
        json.value("language", props::member(context.device, "language"));
        json.facts(EVENT, told.facts);
        revenue(&mut json, &told);
        if told.is(SESSION_START) {
            json.raw(",\"user_properties\":{");
            json.object("$set", SOURCE, told.sources(0));
            json.object("$setOnce", FIRST_TOUCH, told.sources(1));
            json.raw("}");
        }
        json.raw(",\"event_properties\":{");
        json.facts(PAGE, told.facts);
        json.facts(SESSION, told.head());
        json.facts(SOURCE, told.sources(0));
        json.members(told.props());
        json.raw("}}");
    }
    json.raw(OPTIONS);
    json.out
}

fn revenue(json: &mut Json, told: &Told<'_>) {
    let value = props::number(props::member(told.props(), "value"));
    let is_refund = told.is(REFUND);
    if value.is_empty() || !is_refund && !told.is(PURCHASE) {
        return;
    }
    json.name("revenue");
    json.raw(if is_refund { "-" } else { "" });
    json.raw(value);
    json.text("revenueType", told.name());
    json.value("currency", props::member(told.props(), "currency"));
}

/// A batch is taken whole or not at all: where some of its events are invalid, the others come with the next try.
fn names_events(body: &str) -> bool {
    let mut lists = NAMING_EVENTS;
    while !lists.is_empty() {
        if !props::member(body, lines::next(&mut lists)).is_empty() {
            return true;
        }
    }
    false
}
