//! OpenTelemetry logs, as JSON (OTLP 1.5, "OTLP/HTTP"; `opentelemetry-proto`, `logs.proto`): an event is a log record with an
//! `eventName`, and its properties are the body; how its session began stands in the scope, which a batch has one of.
//!
//! `collector` is the base URL of an OTLP receiver.

use super::json::Json;
use super::told::Told;
use super::{Context, Format, props};
use crate::layout::{event, fields, head, kind};
use crate::lines::{self, Fields, kind};
use crate::outbox::{Room, Segment};
use crate::text::{self, json_bytes};
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "otlp",
    path: "/v1/logs",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    rejected: Some(rejected),
    ..Format::JSON
};

/// Names are those of the semantic conventions, where there are any.
const EVENT: &Fields = fields! {
    text "log.record.uid", unsent, unsent, number "page.offset_ms", text "page.id", number "tab.seq", text "url.full",
    text "page.title", unsent, text "event.consent", text "user.id",
};

/// How the session began, and its sources.
const SESSION: &Fields = fields! {
    text "session.id", unsent, text "session.previous_id", number "session.number", number "session.started_at",
    text "session.reason", unsent, text "session.landing_page",
    text "session.source", text "session.medium", text "session.campaign", text "session.term", text "session.content",
    text "session.campaign_id", text "session.click_id", text "session.referrer",
    text "first_touch.source", text "first_touch.medium", text "first_touch.campaign", text "first_touch.term",
    text "first_touch.content", text "first_touch.campaign_id", text "first_touch.click_id", text "first_touch.referrer",
};

/// Each value of a property says what it is.
fn event_bytes(_: &str, facts: &str) -> usize {
    1_700 + json_bytes(facts) + 48 * values(facts)
}

fn values(facts: &str) -> usize {
    facts.bytes().filter(|byte| matches!(byte, b'{' | b'[' | b',')).count()
}

/// One resource, the site as its browser; a record an event.
fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    json.raw("{\"resourceLogs\":[{\"resource\":{\"attributes\":[");
    attribute(&mut json, kind::TEXT, "service.name", context.site);
    members(&mut json, "browser.", context.device);
    json.raw(concat!(
        "]},\"scopeLogs\":[{\"scope\":{\"name\":\"shopbell\",\"version\":\"",
        env!("CARGO_PKG_VERSION"),
        "\",\"attributes\":["
    ));
    attributes(&mut json, SESSION, &batch.head);
    json.raw("]},\"logRecords\":[");
    for told in Told::batch(batch) {
        json.separate();
        json.raw("{\"timeUnixNano\":\"");
        json.raw(told.event(event::TIME));
        json.raw("000000\"");
        json.text("eventName", told.name());
        json.name("body");
        any_value(&mut json, told.props());
        json.raw(",\"attributes\":[");
        attribute(&mut json, kind::TEXT, "tab.id", told.tab_id);
        attribute(&mut json, kind::TEXT, "device.id", told.device_id());
        attributes(&mut json, EVENT, told.facts);
        attribute(&mut json, kind::TEXT, "session.id", told.session(head::ID));
        json.raw("]}");
    }
    json.raw("]}]}]}");
    json.out
}

/// An attribute for each fact that has a value.
fn attributes(json: &mut Json, fields: &Fields, facts: &str) {
    let (mut fields, mut facts) = (fields, facts);
    while !fields.is_empty() {
        let field = lines::next(&mut fields);
        attribute(json, lines::field_kind(field), lines::field_name(field), lines::next(&mut facts));
    }
}

fn attribute(json: &mut Json, kind: u8, name: &str, line: &str) {
    if line.is_empty() || kind == kind::UNSENT {
        return;
    }
    key(json, "", name);
    // 64-bit integers are texts too (ProtoJSON).
    json.raw("{");
    json.text(if kind == kind::NUMBER { "intValue" } else { "stringValue" }, line);
    json.raw("}}");
}

/// The beginning of a member of a list of keys and values. The name is one that needs no escapes.
fn key(json: &mut Json, prefix: &str, name: &str) {
    json.separate();
    json.raw("{\"key\":\"");
    json.raw(prefix);
    json.raw(name);
    json.raw("\",\"value\":");
}

/// The members of a JSON object, as keys and values.
fn members(json: &mut Json, prefix: &str, object: &str) {
    let mut rest = object;
    while !rest.is_empty() {
        let (name, value) = props::next_member(&mut rest);
        key(json, prefix, name);
        any_value(json, value);
        json.raw("}");
    }
}

/// A JSON value as an `AnyValue`.
fn any_value(json: &mut Json, value: &str) {
    let first = text::first_byte(value);
    let mut rest = props::inside(value);
    json.raw("{");
    match first {
        b'[' | b'{' => {
            json.name(if first == b'[' { "arrayValue" } else { "kvlistValue" });
            json.raw("{\"values\":[");
            if first == b'{' {
                members(json, "", rest);
            } else {
                while !rest.is_empty() {
                    let item = props::next_value(&mut rest);
                    json.separate();
                    any_value(json, item);
                }
            }
            json.raw("]}");
        }
        b'"' => json.value("stringValue", value),
        b't' | b'f' => json.value("boolValue", value),
        // No value at all, as where there is none.
        b'n' => {}
        _ => json.value("doubleValue", value),
    }
    json.raw("}");
}

/// What a receiver took in part is not sent again; it says how many records it rejected (`ExportLogsPartialSuccess`).
fn rejected(body: &str, _: u64) -> u64 {
    text::number(props::unquoted(props::member(props::member(body, "partialSuccess"), "rejectedLogRecords")))
}
