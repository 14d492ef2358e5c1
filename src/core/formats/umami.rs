//! Umami's `/api/send`, an event a request. `collector` is the base URL, `site` the website's id.

use super::json::Json;
use super::told::{Told, host_and_path};
use super::{Context, Format, props};
use crate::event::{PAGE_VIEW, PURCHASE, SESSION_START};
use crate::layout::{event, fields, kind, source};
use crate::lines::Fields;
use crate::outbox::{Room, Segment};
use crate::text;
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "umami",
    path: "/api/send",
    room: Room { events_max: 1, ..Room::BATCH },
    encode,
    rejected: Some(rejected),
    ..Format::JSON
};

/// A longer name of an event is refused (by its UTF-16 units, of which it has no more).
const NAME_BYTES_MAX: usize = 50;
const SESSION: &Fields = fields! {
    text "session_id", unsent, text "previous_session_id", number "session_number", number "session_started_at",
    text "session_reason", unsent, text "landing_page",
};
const FIRST_TOUCH: &Fields = fields! {
    text "first_source", text "first_medium", text "first_campaign", text "first_term", text "first_content",
    text "first_campaign_id", text "first_click_id", text "first_referrer",
};

fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    for told in Told::batch(batch) {
        let url = told.event(event::URL);
        json.raw("{\"type\":\"event\",\"payload\":{");
        json.text("website", context.site);
        json.text("hostname", host_and_path(url).0);
        json.text("url", url);
        json.text("title", told.event(event::TITLE));
        json.text("referrer", told.source(source::REFERRER));
        json.value("language", props::member(context.device, "language"));
        let mut screen = props::inside(props::member(context.device, "screen"));
        if !screen.is_empty() {
            json.name("screen");
            json.raw("\"");
            json.raw(props::next_value(&mut screen));
            json.raw("x");
            json.raw(screen);
            json.raw("\"");
        }
        json.text("id", told.visitor());
        json.number("timestamp", text::number(told.event(event::TIME)) / 1_000);
        if !told.is(PAGE_VIEW) {
            json.text("name", text::shortened(told.name(), NAME_BYTES_MAX));
        }
        json.raw(",\"data\":{");
        json.text("user_id", told.event(event::USER_ID));
        if told.is(SESSION_START) {
            json.facts(SESSION, told.head());
            json.facts(FIRST_TOUCH, told.sources(1));
        }
        json.members_also(told.props(), if told.is(PURCHASE) { "revenue value\n" } else { "" });
        json.raw("}}}");
    }
    json.out
}

/// Whom it takes for a bot it answers 200, and keeps nothing.
fn rejected(body: &str, events: u64) -> u64 {
    if props::member(body, "beep").is_empty() { 0 } else { events }
}
