//! CloudEvents 1.0, JSON batch mode (CNCF, "JSON Event Format", section 4; "HTTP Protocol Binding", section 3.3).
//!
//! `collector` is the whole URL.

use super::json::Json;
use super::told::Told;
use super::{Context, Format};
use crate::layout::{event, head, totals};
use crate::lines;
use crate::outbox::{Room, Segment};
use crate::text::{self, json_bytes};
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "cloudevents",
    content_type: "application/cloudevents-batch+json",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    ..Format::PLAIN
};

fn event_bytes(head: &str, facts: &str) -> usize {
    1_600 + json_bytes(head) + json_bytes(facts)
}

/// An event each; its data has the event, its session and the device as the native format names them.
fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    json.raw("[");
    for told in Told::batch(batch) {
        json.separate();
        json.raw("{\"specversion\":\"1.0\",\"datacontenttype\":\"application/json\"");
        json.text("id", told.event(event::ID));
        // A URI reference: of the site, by its name.
        json.name("source");
        json.raw("\"/");
        text::push_encoded(&mut json.out, context.site);
        json.raw("\"");
        json.name("type");
        json.raw("\"shopbell.");
        text::push_escaped(&mut json.out, told.name());
        json.raw("\"");
        json.time("time", text::number(told.event(event::TIME)));
        json.text("subject", told.session(head::ID));
        json.raw(",\"data\":{");
        json.number("sent_at", context.sent_at.0);
        json.text("tab_id", told.tab_id);
        json.facts(event::FIELDS, told.facts);
        json.raw(",\"device\":{");
        json.text("id", told.device_id());
        json.text("storage", if told.is_denied() { "none" } else { context.storage });
        json.members(context.device);
        json.raw("},\"session\":{");
        json.session(told.head(), told.totals(), lines::behind(told.totals(), totals::LINES));
        json.text("user_id", told.event(event::USER_ID));
        json.raw("}}}");
    }
    json.raw("]");
    json.out
}
