//! The native format: one JSON object a batch, schema `shopbell/1`.

use super::Context;
use crate::attribution::Source;
use crate::event::Event;
use crate::id::Uuid;
use crate::outbox::Segment;
use crate::session::{Session, Totals};
use crate::text::{close, push_count, push_json, push_member, push_name};
use alloc::string::String;

/// The body of a batch. It is sent as `text/plain`, so that another origin's collector needs no preflight (Fetch
/// Standard, "CORS-safelisted request-header").
pub fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut out = String::with_capacity(16_384);
    out.push('{');
    push_member(&mut out, "schema", "shopbell/1");
    push_member(&mut out, "tracker", env!("CARGO_PKG_VERSION"));
    push_member(&mut out, "site", context.site);
    push_count(&mut out, "sent_at", context.sent_at.0);
    device(&mut out, context, batch.session.device_id);
    session(&mut out, &batch.session);
    push_name(&mut out, "events");
    out.push('[');
    for event in &batch.events {
        event_object(&mut out, &batch.tab_id, event);
    }
    close(&mut out, ']');
    out.push(',');
    delivery(&mut out, context, batch);
    close(&mut out, '}');
    out
}

fn id(out: &mut String, name: &str, id: Uuid) {
    push_name(out, name);
    out.push('"');
    id.write(out);
    out.push_str("\",");
}

fn device(out: &mut String, context: &Context<'_>, device_id: Uuid) {
    let device = context.device;
    push_name(out, "device");
    out.push('{');
    id(out, "id", device_id);
    push_member(out, "language", &device.language);
    push_member(out, "time_zone", &device.time_zone);
    push_name(out, "screen");
    let (width, height) = device.screen;
    out.push('[');
    crate::text::push_number(out, u64::from(width));
    out.push(',');
    crate::text::push_number(out, u64::from(height));
    out.push_str("],");
    push_member(out, "bot", device.bot);
    push_member(out, "storage", context.storage);
    close(out, '}');
    out.push(',');
}

fn session(out: &mut String, session: &Session) {
    push_name(out, "session");
    out.push('{');
    id(out, "id", session.id);
    push_count(out, "number", session.number);
    push_member(out, "reason", session.reason.name());
    if let Some(previous_id) = session.previous_id {
        id(out, "previous_id", previous_id);
    }
    push_count(out, "started_at", session.started.0);
    source(out, &session.source);
    push_member(out, "landing_page", &session.landing_page);
    totals(out, &session.totals);
    close(out, '}');
    out.push(',');
}

fn source(out: &mut String, source: &Source) {
    push_name(out, "source");
    out.push('{');
    push_member(out, "source", &source.source);
    push_member(out, "medium", &source.medium);
    push_member(out, "campaign", &source.campaign);
    push_member(out, "term", &source.term);
    push_member(out, "content", &source.content);
    push_member(out, "click_id", &source.click_id);
    push_member(out, "referrer", &source.referrer);
    push_member(out, "channel", source.channel.name());
    close(out, '}');
    out.push(',');
}

fn totals(out: &mut String, totals: &Totals) {
    push_name(out, "totals");
    out.push('{');
    push_count(out, "page_views", totals.page_views);
    push_count(out, "events", totals.events);
    push_count(out, "transactions", totals.transactions);
    push_name(out, "revenue");
    totals.revenue.write(out);
    out.push(',');
    push_member(out, "currency", &totals.currency);
    push_member(out, "funnel_step", totals.funnel_step.name());
    close(out, '}');
    out.push(',');
}

fn event_object(out: &mut String, tab_id: &str, event: &Event) {
    out.push('{');
    id(out, "id", event.id);
    push_name(out, "name");
    push_json(out, &event.name);
    out.push(',');
    push_count(out, "time", event.time.0);
    push_count(out, "offset_ms", event.offset_ms);
    push_member(out, "tab_id", tab_id);
    push_member(out, "page_id", &event.page_id);
    push_count(out, "seq", event.seq);
    push_member(out, "url", &event.url);
    push_member(out, "title", &event.title);
    if !event.props.is_empty() {
        push_name(out, "props");
        out.push_str(&event.props);
    }
    close(out, '}');
    out.push(',');
}

fn delivery(out: &mut String, context: &Context<'_>, batch: &Segment) {
    let counters = context.counters;
    push_name(out, "delivery");
    out.push('{');
    push_count(out, "attempt", u64::from(batch.attempts));
    if let Some(reason) = batch.closed {
        push_member(out, "flush", reason.name());
    }
    push_count(out, "sent", counters.sent);
    push_count(out, "retried", counters.retried);
    push_name(out, "dropped");
    out.push('{');
    push_count(out, "rejected", counters.rejected);
    push_count(out, "bytes", counters.overflow);
    push_count(out, "invalid", counters.invalid);
    close(out, '}');
    close(out, '}');
}
