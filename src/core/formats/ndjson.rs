//! Lines of JSON, a flat one an event: what ClickHouse (`JSONEachRow`), Tinybird, Vector and Logstash take.
//!
//! `collector` is the whole URL, with the query that names a table. Values are texts and numbers, so that each fits a column (`screen` is
//! an array of two): `props` is a text with the JSON in it.

use super::json::Json;
use super::told::Told;
use super::{Context, Format};
use crate::layout::{fields, kind};
use crate::lines::Fields;
use crate::outbox::{Room, Segment};
use crate::text::json_bytes;
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "ndjson",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    ..Format::PLAIN
};

/// The event, and what the session has come to with it.
const EVENT: &Fields = fields! {
    text "id", text "name", number "time", number "offset_ms", text "page_id", number "seq", text "url", text "title", text "props",
    text "consent", text "user_id",
    number "session_page_views", number "session_events", number "session_transactions", money "session_revenue",
    step "session_funnel_step", unsent, unsent, unsent, text "session_currency",
};

/// How the session began, and its sources.
const SESSION: &Fields = fields! {
    text "session_id", unsent, text "previous_session_id", number "session_number", number "session_started_at",
    text "session_reason", unsent, text "landing_page",
    text "source", text "medium", text "campaign", text "term", text "content", text "campaign_id", text "click_id",
    text "referrer",
    text "first_source", text "first_medium", text "first_campaign", text "first_term", text "first_content",
    text "first_campaign_id", text "first_click_id", text "first_referrer",
    text "last_source", text "last_medium", text "last_campaign", text "last_term", text "last_content",
    text "last_campaign_id", text "last_click_id", text "last_referrer",
};

fn event_bytes(head: &str, facts: &str) -> usize {
    1_300 + json_bytes(head) + json_bytes(facts)
}

/// A line an event.
fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    for told in Told::batch(batch) {
        json.raw("{");
        json.text("site", context.site);
        json.number("sent_at", context.sent_at.0);
        json.text("tab_id", told.tab_id);
        json.text("device_id", told.device_id());
        json.facts(EVENT, told.facts);
        json.facts(SESSION, told.head());
        json.members(context.device);
        json.raw("}\n");
    }
    json.out
}
