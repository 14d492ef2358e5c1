//! The native format: one JSON object a batch, schema `shopbell/1`.

use super::json::Json;
use super::{Context, Format};
use crate::event::DENIED;
use crate::layout::{event, head, totals};
use crate::lines;
use crate::outbox::{DropReason, FlushReason, Segment};
use alloc::string::String;

/// This format.
pub const FORMAT: Format = Format { name: "native", ..Format::PLAIN };

/// The body of a batch. It is sent as `text/plain`, so that another origin's collector needs no preflight (Fetch
/// Standard, "CORS-safelisted request-header").
pub fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json::default();
    let (mut last, mut totals, mut previous) = ("", "", "");
    for facts in batch.batch() {
        last = facts;
        if totals.is_empty() {
            previous = lines::behind(facts, event::LINES + totals::LINES);
        }
        totals = lines::behind(facts, event::LINES);
    }
    // Without consent nothing tells one page of the device from another.
    let is_denied = *lines::at(last, event::CONSENT) == *DENIED;
    json.raw(concat!("{\"schema\":\"shopbell/1\",\"tracker\":\"", env!("CARGO_PKG_VERSION"), "\""));
    json.text("site", context.site);
    json.number("sent_at", context.sent_at.0);
    // The monotonic clock of an earlier page is another.
    if batch.closed != Some(FlushReason::Recovered) {
        json.number("sent_offset_ms", context.sent_uptime.0);
    }
    json.raw(",\"device\":{");
    json.text("id", if is_denied { "" } else { lines::at(&batch.head, head::DEVICE_ID) });
    json.text("storage", if is_denied { "none" } else { context.storage });
    json.separate();
    json.raw(context.device);
    json.raw("},\"session\":{");
    json.session(&batch.head, totals, previous);
    json.text("user_id", lines::at(last, event::USER_ID));
    json.raw("},\"events\":[");
    for facts in batch.batch() {
        json.separate();
        json.raw("{");
        json.text("tab_id", &batch.tab_id);
        json.facts(event::FIELDS, facts);
        json.raw("}");
    }
    json.raw("],\"delivery\":{");
    json.number("attempt", batch.attempts);
    json.text("flush", batch.closed.map_or("deferred", |reason| reason.name()));
    json.number("sent", context.counters.sent);
    json.number("retried", context.counters.retried);
    json.raw(",\"dropped\":{");
    let mut reasons = DropReason::NAMES;
    for events in &context.counters.dropped {
        json.number(lines::next(&mut reasons), *events);
    }
    json.raw("}}}");
    json.out
}
