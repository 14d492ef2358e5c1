//! The native format: one JSON object a batch, schema `shopbell/1`.

use super::Context;
use super::json::Json;
use crate::layout::{event, head, totals};
use crate::lines;
use crate::outbox::{DropReason, Entry, FlushReason, Segment};
use alloc::string::String;

/// The body of a batch. It is sent as `text/plain`, so that another origin's collector needs no preflight (Fetch
/// Standard, "CORS-safelisted request-header").
pub fn encode<'a>(context: &Context<'_>, batch: &'a Segment) -> String {
    let mut json = Json::default();
    let events = batch.batch();
    let totals = |entry: Option<&'a Entry>| entry.map_or("", |entry| lines::behind(&entry.facts, event::LINES));
    let previous = lines::behind(totals(events.first()), totals::LINES);
    let totals = totals(events.last());
    json.begin("{");
    json.text("schema", "shopbell/1");
    json.text("tracker", env!("CARGO_PKG_VERSION"));
    json.text("site", context.site);
    json.number("sent_at", context.sent_at.0);
    // The monotonic clock of an earlier page is another.
    if batch.closed != Some(FlushReason::Recovered) {
        json.number("sent_offset_ms", context.sent_uptime.0);
    }
    json.object("device");
    json.text("id", lines::at(&batch.head, head::DEVICE_ID));
    json.text("storage", context.storage);
    json.separate();
    json.out.push_str(context.device);
    json.end("}");
    json.object("session");
    let sources = json.facts(head::FIELDS, &batch.head);
    json.sources(sources);
    json.totals("totals", totals);
    json.totals("previous", previous);
    json.end("}");
    json.name("events");
    json.begin("[");
    for entry in events {
        json.separate();
        json.begin("{");
        json.text("tab_id", &batch.tab_id);
        json.facts(event::FIELDS, &entry.facts);
        json.end("}");
    }
    json.end("]");
    json.object("delivery");
    json.number("attempt", batch.attempts);
    json.text("flush", batch.closed.map_or("", |reason| reason.name()));
    json.number("sent", context.counters.sent);
    json.number("retried", context.counters.retried);
    json.object("dropped");
    let mut reasons = DropReason::NAMES;
    for events in &context.counters.dropped {
        json.number(lines::next(&mut reasons), *events);
    }
    json.end("}");
    json.end("}");
    json.end("}");
    json.out
}
