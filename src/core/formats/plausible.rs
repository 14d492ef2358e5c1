//! Plausible's events API, an event a request. `collector` is the base URL, `site` the domain as it is known there.

use super::json::Json;
use super::told::Told;
use super::{Context, Format, props};
use crate::event::{PAGE_VIEW, PURCHASE, REFUND, SESSION_START};
use crate::layout::{event, head, source};
use crate::outbox::{Room, Segment};
use crate::text;
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "plausible",
    path: "/api/event",
    room: Room { events_max: 1, ..Room::BATCH },
    encode,
    ..Format::PLAIN
};

/// Bytes of a URL and of a property at most: an event with a longer one is refused.
const BYTES_MAX: usize = 2_000;

fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    for told in Told::batch(batch) {
        let url = told.event(event::URL);
        let is_start = told.is(SESSION_START);
        json.raw("{");
        json.text("n", if told.is(PAGE_VIEW) { "pageview" } else { told.name() });
        json.text("d", context.site);
        json.text("u", if url.len() > BYTES_MAX { text::before(url, b'?') } else { url });
        json.text("r", told.source(source::REFERRER));
        if is_start {
            // It is no act of the visitor's: a visit with nothing else in it stays a bounce.
            json.raw(",\"i\":false,\"interactive\":false");
        }
        json.raw(",\"p\":{");
        if is_start {
            json.text("session_reason", told.session(head::REASON));
            json.text("session_number", told.session(head::NUMBER));
        }
        properties(&mut json, told.props());
        json.raw("}");
        let value = props::number(props::member(told.props(), "value"));
        if !value.is_empty() && (told.is(PURCHASE) || told.is(REFUND)) {
            json.raw(",\"$\":{");
            json.value("amount", value);
            json.value("currency", props::member(told.props(), "currency"));
            json.raw("}");
        }
        json.raw("}");
    }
    json.out
}

/// What it takes of properties: texts and numbers that are not too long.
fn properties(json: &mut Json, properties: &str) {
    let mut rest = props::inside(properties);
    while !rest.is_empty() {
        let (name, value) = props::next_member(&mut rest);
        if !matches!(text::first_byte(value), b'{' | b'[') && value.len() <= BYTES_MAX {
            json.value(name, value);
        }
    }
}
