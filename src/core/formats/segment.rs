//! Segment's tracking API, as `/v1/batch`, which RudderStack and Jitsu take too. `collector` is the base URL, `site` the write key.
//!
//! Events of a shop have the names of Segment's e-commerce specification (v2), and their properties those names beside their own.

use super::json::Json;
use super::told::{Told, host_and_path};
use super::{Context, Format, props};
use crate::attribution::{DIRECT, REFERRAL};
use crate::event::{PAGE_VIEW, PURCHASE};
use crate::layout::{event, fields, kind, source, totals};
use crate::lines::{self, Fields};
use crate::outbox::{Room, Segment};
use crate::text::{self, json_bytes};
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format {
    name: "segment",
    path: "/v1/batch",
    is_basic: true,
    reset_header: "x-ratelimit-reset",
    room: Room { event_bytes, ..Room::BATCH },
    encode,
    ..Format::JSON
};

/// Names here and there; those of events about one product behind an [`OF_ONE_PRODUCT`].
const EVENTS: &str = "\
view_item_list Product List Viewed
select_item !Product Clicked
view_item !Product Viewed
add_to_cart !Product Added
remove_from_cart !Product Removed
view_cart Cart Viewed
begin_checkout Checkout Started
add_shipping_info Checkout Step Completed
add_payment_info Payment Info Entered
purchase Order Completed
refund Order Refunded
search Products Searched
";
const OF_ONE_PRODUCT: u8 = b'!';
const PROPERTIES: &str = "\
order_id transaction_id
shipping_method shipping_tier
payment_method payment_type
list_id item_list_id
query search_term
";
/// What an order has besides: of other events the value is nobody's revenue.
const ORDER: &str = "\
revenue value
total value
";
const PRODUCT: &str = "\
product_id item_id
sku item_id
name item_name
category item_category
brand item_brand
variant item_variant
position index
";
/// What an event about one product has of it, besides.
const ONE_PRODUCT: &str = "\
price price
quantity quantity
coupon coupon
";
const CAMPAIGN: &Fields = fields! {
    text "source", text "medium", text "name", text "term", text "content", text "id", unsent, unsent,
};

fn event_bytes(head: &str, facts: &str) -> usize {
    900 + 2 * json_bytes(head) + 3 * json_bytes(facts)
}

/// One object, with what each event says of page, campaign and session in its context.
fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    json.raw("{");
    json.text("writeKey", context.site);
    json.time("sentAt", context.sent_at.0);
    json.raw(",\"batch\":[");
    for told in Told::batch(batch) {
        json.separate();
        json.raw("{");
        json.text("messageId", told.event(event::ID));
        json.time("timestamp", text::number(told.event(event::TIME)));
        json.text("anonymousId", told.visitor());
        json.text("userId", told.event(event::USER_ID));
        let mut name = lines::row(EVENTS, told.name());
        text::take(&mut name, b' ');
        let is_of_one = text::first_byte(name) == OF_ONE_PRODUCT;
        if told.is(PAGE_VIEW) {
            json.text("type", "page");
        } else {
            name = text::behind(name, usize::from(is_of_one));
            json.text("type", "track");
            json.text("event", if name.is_empty() { told.name() } else { name });
        }
        json.raw(",\"properties\":{");
        if told.is(PAGE_VIEW) {
            page(&mut json, &told);
        }
        properties(&mut json, &told, is_of_one);
        json.raw("},\"context\":{\"library\":{\"name\":\"shopbell\",\"version\":\"");
        json.raw(env!("CARGO_PKG_VERSION"));
        json.raw("\"},\"page\":{");
        page(&mut json, &told);
        json.raw("}");
        json.object("campaign", CAMPAIGN, campaign(&told));
        json.value("locale", props::member(context.device, "language"));
        json.value("timezone", props::member(context.device, "time_zone"));
        json.raw(",\"session\":{");
        json.session(told.head(), told.totals(), lines::behind(told.totals(), totals::LINES));
        json.raw("}}}");
    }
    json.raw("]}");
    json.out
}

/// The session's source, where it is a campaign.
fn campaign<'a>(told: &Told<'a>) -> &'a str {
    let is_direct = *told.source(source::SOURCE) == *DIRECT;
    let is_referral = *told.source(source::MEDIUM) == *REFERRAL;
    if is_direct || is_referral { "" } else { told.sources(0) }
}

fn page(json: &mut Json, told: &Told<'_>) {
    let url = told.event(event::URL);
    json.text("url", url);
    json.text("path", host_and_path(url).1);
    json.text("title", told.event(event::TITLE));
    json.text("referrer", told.source(source::REFERRER));
}

fn properties(json: &mut Json, told: &Told<'_>, is_of_one: bool) {
    let properties = told.props();
    json.members_also(properties, PROPERTIES);
    if told.is(PURCHASE) {
        json.missing(properties, properties, ORDER);
    }
    let mut items = props::inside(props::member(properties, "items"));
    if items.is_empty() {
        return;
    }
    if is_of_one {
        let item = props::next_value(&mut { items });
        json.missing(properties, item, PRODUCT);
        json.missing(properties, item, ONE_PRODUCT);
    }
    if props::member(properties, "products").is_empty() {
        json.raw(",\"products\":[");
        while !items.is_empty() {
            json.separate();
            json.raw("{");
            json.members_also(props::next_value(&mut items), PRODUCT);
            json.raw("}");
        }
        json.raw("]");
    }
}
