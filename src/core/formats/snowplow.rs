//! Snowplow's tracker protocol, by POST (`tp2`). `collector` is the collector's base URL, `site` the app id.
//!
//! Page views are `pv`; what Snowplow's e-commerce schemas have is self-describing, with their entities; all else is a structured
//! event, the one kind that needs no schema. Each has the entities `client_session` and `web_page`.

use super::json::Json;
use super::told::Told;
use super::{Context, Format, props};
use crate::event::{PAGE_VIEW, PURCHASE, REFUND, SESSION_START};
use crate::id::Uuid;
use crate::layout::{event, fields, head, kind, source, totals};
use crate::lines::{self, Fields};
use crate::outbox::{Room, Segment};
use crate::text::{self, json_bytes};
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "snowplow",
    path: "/com.snowplowanalytics.snowplow/tp2",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    ..Format::JSON
};

/// All values are texts.
const EVENT: &Fields = fields! {
    text "eid", unsent, text "dtm", unsent, unsent, unsent, text "url", text "page", unsent, unsent, text "uid",
};

/// Event, and its action in `snowplow_ecommerce_action`.
const ACTIONS: &str = "\
view_item product_view
view_item_list list_view
select_item list_click
add_to_cart add_to_cart
remove_from_cart remove_from_cart
begin_checkout checkout_step
add_shipping_info checkout_step
add_payment_info checkout_step
purchase transaction
refund refund
";
/// What becomes of a property, as the first character of its row; then its name there, and here.
mod kind_of {
    /// A text, whatever it was; none where there is none.
    pub(super) const TEXT: u8 = b'"';
    /// The same; empty where there is none.
    pub(super) const TEXT_ALWAYS: u8 = b'!';
    /// A number, or the one that is in a text; none where there is none. Rows with another kind have 0 then.
    pub(super) const NUMBER: u8 = b'#';
}

/// What the schemas demand is there in any case: an event that they refuse is lost.
const PRODUCT: &str = "\
!id item_id
!category item_category
0price price
#quantity quantity
#position index
\"name item_name
\"variant item_variant
\"brand item_brand
";
const TRANSACTION: &str = "\
!transaction_id transaction_id
!currency currency
0revenue value
!payment_method payment_type
#tax tax
#shipping shipping
\"discount_code coupon
";
const REFUNDED: &str = "\
!transaction_id transaction_id
!currency currency
0refund_amount value
";
/// Event, and the number of its step in `checkout_step`.
const STEPS: &str = "\
begin_checkout 1
add_shipping_info 2
add_payment_info 3
";
const STEP: &str = "\
\"delivery_method shipping_tier
\"payment_method payment_type
\"coupon_code coupon
";
/// The id of a user of Snowplow's own anonymous tracking.
const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// Each product is an entity that says its schema.
fn event_bytes(head: &str, facts: &str) -> usize {
    1_100 + json_bytes(head) + json_bytes(facts) + 240 * objects(facts)
}

fn objects(facts: &str) -> usize {
    facts.bytes().filter(|byte| *byte == b'{').count()
}

fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    schema(&mut json, "/payload_data/jsonschema/1-0-4");
    json.raw("[");
    for told in Told::batch(batch) {
        json.separate();
        json.raw("{\"p\":\"web\",\"tna\":\"shopbell\"");
        json.raw(concat!(",\"tv\":\"rs-", env!("CARGO_PKG_VERSION"), "\""));
        json.text("aid", context.site);
        json.name("stm");
        json.raw("\"");
        text::push_number(&mut json.out, context.sent_at.0);
        json.raw("\"");
        json.text("sid", told.session(head::ID));
        json.text("duid", told.device_id());
        json.text("vid", told.session(head::NUMBER));
        json.text("refr", told.source(source::REFERRER));
        json.value("lang", props::member(context.device, "language"));
        json.value("tz", props::member(context.device, "time_zone"));
        resolution(&mut json, props::member(context.device, "screen"));
        json.facts(EVENT, told.facts);
        happened(&mut json, &told);
        let mut entities = Json::default();
        schema(&mut entities, "/contexts/jsonschema/1-0-0");
        entities.raw("[");
        session(&mut entities, &told);
        page(&mut entities, &told);
        shop(&mut entities, &told);
        entities.raw("]}");
        json.text("co", &entities.out);
        json.raw("}");
    }
    json.raw("]}");
    json.out
}

/// The beginning of a value that says its own schema.
fn schema(json: &mut Json, path: &str) {
    json.raw("{\"schema\":\"iglu:com.snowplowanalytics.snowplow");
    json.raw(path);
    json.raw("\",\"data\":");
}

fn resolution(json: &mut Json, screen: &str) {
    let mut rest = props::inside(screen);
    if !rest.is_empty() {
        json.name("res");
        json.raw("\"");
        json.raw(props::next_value(&mut rest));
        json.raw("x");
        json.raw(rest);
        json.raw("\"");
    }
}

/// The action of an event in Snowplow's e-commerce schemas; empty where it has none.
fn action(name: &str) -> &'static str {
    let mut row = lines::row(ACTIONS, name);
    text::take(&mut row, b' ');
    row
}

/// What kind of event it is, and what only that kind has.
fn happened(json: &mut Json, told: &Told<'_>) {
    let action = action(told.name());
    if told.is(PAGE_VIEW) {
        json.text("e", "pv");
    } else if action.is_empty() {
        let is_start = told.is(SESSION_START);
        json.text("e", "se");
        json.text("se_ca", if is_start { "session" } else { "event" });
        json.text("se_ac", told.name());
        json.text("se_la", if is_start { told.session(head::REASON) } else { "" });
        json.text("se_pr", told.props());
    } else {
        let mut described = Json::default();
        schema(&mut described, "/unstruct_event/jsonschema/1-0-0");
        schema(&mut described, ".ecommerce/snowplow_ecommerce_action/jsonschema/1-0-2");
        described.raw("{");
        described.text("type", action);
        described.value("name", props::member(told.props(), "item_list_name"));
        described.raw("}}}");
        json.text("e", "ue");
        json.text("ue_pr", &described.out);
    }
}

fn session(json: &mut Json, told: &Told<'_>) {
    let id = told.session(head::ID);
    let device_id = told.device_id();
    schema(json, "/client_session/jsonschema/1-0-2");
    json.raw("{\"storageMechanism\":\"LOCAL_STORAGE\"");
    json.text("userId", if device_id.is_empty() { NOBODY } else { device_id });
    json.text("sessionId", id);
    json.value("sessionIndex", told.session(head::NUMBER));
    json.value("eventIndex", lines::at(told.totals(), totals::EVENTS));
    json.text("previousSessionId", told.session(head::PREVIOUS_ID));
    json.uuid("firstEventId", Uuid::derive(&[id, SESSION_START]));
    json.raw("}}");
}

fn page(json: &mut Json, told: &Told<'_>) {
    json.separate();
    schema(json, "/web_page/jsonschema/1-0-0");
    json.raw("{");
    json.uuid("id", Uuid::derive(&[told.tab_id, told.event(event::PAGE_ID)]));
    json.raw("}}");
}

/// The entities of a shop: its products, and what the action is about.
fn shop(json: &mut Json, told: &Told<'_>) {
    if action(told.name()).is_empty() {
        return;
    }
    let props = told.props();
    let (mut items, mut quantity) = (props::inside(props::member(props, "items")), 0);
    while !items.is_empty() {
        let item = props::next_value(&mut items);
        let pieces = props::number(props::member(item, "quantity"));
        quantity += if pieces.is_empty() { 1 } else { text::number(pieces) };
        let has_own = !props::member(item, "currency").is_empty();
        entity(json, "product/jsonschema/1-0-0");
        mapped(json, item, PRODUCT);
        mapped(json, if has_own { item } else { props }, "!currency currency\n");
        json.raw("}}");
    }
    let mut step = lines::row(STEPS, told.name());
    text::take(&mut step, b' ');
    if told.is(PURCHASE) {
        entity(json, "transaction/jsonschema/1-0-0");
        mapped(json, props, TRANSACTION);
        json.number("total_quantity", quantity);
    } else if told.is(REFUND) {
        entity(json, "refund/jsonschema/1-0-0");
        mapped(json, props, REFUNDED);
    } else if !step.is_empty() {
        entity(json, "checkout_step/jsonschema/1-0-0");
        json.value("step", step);
        mapped(json, props, STEP);
    } else {
        return;
    }
    json.raw("}}");
}

/// The beginning of an entity of the e-commerce schemas.
fn entity(json: &mut Json, path: &str) {
    json.separate();
    json.raw("{\"schema\":\"iglu:com.snowplowanalytics.snowplow.ecommerce/");
    json.raw(path);
    json.raw("\",\"data\":{");
}

/// Properties as members of an entity.
fn mapped(json: &mut Json, object: &str, table: &str) {
    let mut table = table;
    while !table.is_empty() {
        let mut row = lines::next(&mut table);
        let kind = text::first_byte(row);
        let name = text::behind(text::take(&mut row, b' '), 1);
        let value = props::member(object, row);
        if matches!(kind, kind_of::TEXT | kind_of::TEXT_ALWAYS) {
            if kind == kind_of::TEXT_ALWAYS || !value.is_empty() {
                json.name(name);
                json.raw("\"");
                json.raw(props::unquoted(value));
                json.raw("\"");
            }
        } else {
            let number = props::number(value);
            let is_left_out = number.is_empty() && kind == kind_of::NUMBER;
            json.value(name, if number.is_empty() && !is_left_out { "0" } else { number });
        }
    }
}
