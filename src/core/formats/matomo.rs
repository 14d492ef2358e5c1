//! Matomo's bulk tracking. `collector` is the base URL of the installation, `site` its site id.
//!
//! Page views are page views, an order and a cart are Matomo's own, and all else is a custom event.

use super::json::Json;
use super::told::Told;
use super::{Context, Format, props};
use crate::event::{PAGE_VIEW, PURCHASE, SESSION_START};
use crate::id;
use crate::layout::{event, fields, head, kind, source};
use crate::lines::{self, Fields};
use crate::outbox::{Room, Segment};
use crate::text::{self, encoded_bytes, json_bytes};
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "matomo",
    path: "/matomo.php",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    rejected: Some(rejected),
    ..Format::PLAIN
};

const EVENT: &Fields = fields! {
    unsent, unsent, unsent, unsent, unsent, unsent, text "url", text "action_name", unsent, unsent, text "uid",
};
/// Matomo takes older times from whom it knows by a token alone; the event is worth more than its time.
const TIME_MS_MAX: u64 = 86_400_000;

fn event_bytes(head: &str, facts: &str) -> usize {
    400 + json_bytes(head) + encoded_bytes(facts)
}

/// A query an event.
fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    json.raw("{\"requests\":[");
    for told in Told::batch(batch) {
        json.separate();
        json.raw("\"?rec=1&apiv=1");
        let out = &mut json.out;
        parameter(out, "idsite", context.site);
        parameter(out, "urlref", told.source(source::REFERRER));
        parameter(out, "pv_id", text::first(told.event(event::PAGE_ID), 6));
        parameter(out, "lang", text_of(context.device, "language"));
        // A visitor's id is 16 hexadecimal digits.
        out.push_str("&_id=");
        text::push_hex(out, id::fingerprint(told.visitor()), 16);
        let (mut fields, mut facts) = (EVENT, told.facts);
        while !fields.is_empty() {
            parameter(out, lines::field_name(lines::next(&mut fields)), lines::next(&mut facts));
        }
        let time = text::number(told.event(event::TIME));
        if context.sent_at.0.saturating_sub(time) < TIME_MS_MAX {
            out.push_str("&cdt=");
            text::push_number(out, time / 1_000);
        }
        happened(out, &told);
        json.raw("\"");
    }
    json.raw("]}");
    json.out
}

fn parameter(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() && !name.is_empty() {
        out.push_str("&");
        out.push_str(name);
        out.push_str("=");
        text::push_encoded(out, value);
    }
}

fn happened(out: &mut String, told: &Told<'_>) {
    let props = told.props();
    let value = text_of(props, "value");
    let is_purchase = told.is(PURCHASE);
    if told.is(PAGE_VIEW) {
        // Nothing else makes it one.
    } else if is_purchase || told.is("view_cart") {
        out.push_str("&idgoal=0");
        if is_purchase {
            // Without an id it would be a cart.
            let id = text_of(props, "transaction_id");
            parameter(out, "ec_id", if id.is_empty() { told.event(event::ID) } else { id });
        }
        parameter(out, "revenue", value);
        parameter(out, "ec_tx", text_of(props, "tax"));
        parameter(out, "ec_sh", text_of(props, "shipping"));
        parameter(out, "ec_items", &items(props::member(props, "items")));
    } else {
        let is_start = told.is(SESSION_START);
        // Matomo's visit ends with the session.
        out.push_str(if is_start { "&ca=1&new_visit=1&e_c=session" } else { "&ca=1&e_c=event" });
        parameter(out, "e_a", told.name());
        parameter(out, "e_n", if is_start { told.session(head::REASON) } else { item(props) });
        parameter(out, "e_v", if is_start { told.session(head::NUMBER) } else { value });
    }
}

/// What an event is about: its first product.
fn item(props: &str) -> &str {
    let mut items = props::inside(props::member(props, "items"));
    let item = props::next_value(&mut items);
    text_of(if item.is_empty() { props } else { item }, "item_id")
}

/// Each product as Matomo wants it: id, name, category, price, how many.
fn items(items: &str) -> String {
    let mut rest = props::inside(items);
    let mut json = Json::default();
    json.raw("[");
    while !rest.is_empty() {
        let item = props::next_value(&mut rest);
        let mut names = "item_id\nitem_name\nitem_category\nprice\nquantity\n";
        json.separate();
        json.raw("[");
        while !names.is_empty() {
            let value = text_of(item, lines::next(&mut names));
            let is_last = names.is_empty();
            json.separate();
            json.raw("\"");
            json.raw(if value.is_empty() && is_last { "1" } else { value });
            json.raw("\"");
        }
        json.raw("]");
    }
    json.raw("]");
    json.out
}

/// A property as a text: in a query all are texts, and Matomo reads numbers for itself.
fn text_of<'a>(object: &'a str, name: &str) -> &'a str {
    props::unquoted(props::member(object, name))
}

/// It answers 200 all the same where it has rejected requests, and where it stores nothing at all.
fn rejected(body: &str, events: u64) -> u64 {
    let tracked = props::member(body, "tracked");
    if tracked.is_empty() { 0 } else { events.saturating_sub(text::number(tracked)) }
}
