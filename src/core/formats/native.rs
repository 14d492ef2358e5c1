//! The native format: one JSON object a batch, schema `shopbell/1`.

use super::Context;
use crate::event::{self, Money};
use crate::lines::{self, Field, Kind};
use crate::outbox::Segment;
use crate::session::{HEAD_FIELDS, TOTALS_FIELDS};
use crate::text::{self, push_json};
use crate::{attribution, session};
use alloc::string::String;

/// The body of a batch. It is sent as `text/plain`, so that another origin's collector needs no preflight (Fetch
/// Standard, "CORS-safelisted request-header").
pub fn encode(context: &Context<'_>, batch: &Segment) -> String {
    let mut json = Json { out: String::new() };
    let totals = batch.entries.last().map_or("", |entry| lines::behind(&entry.facts, event::FIELDS.len()));
    json.begin("{");
    json.text("schema", "shopbell/1");
    json.text("tracker", env!("CARGO_PKG_VERSION"));
    json.text("site", context.site);
    json.number("sent_at", context.sent_at.0);
    json.object("device");
    json.text("id", lines::at(&batch.head, session::DEVICE_LINE));
    json.text("storage", context.storage);
    json.separate();
    json.out.push_str(context.device);
    json.end("}");
    json.object("session");
    let source = json.facts(&HEAD_FIELDS, &batch.head);
    json.object("source");
    json.facts(&attribution::FIELDS, source);
    json.end("}");
    json.object("totals");
    json.facts(&TOTALS_FIELDS, totals);
    json.end("}");
    json.end("}");
    json.name("events");
    json.begin("[");
    for entry in &batch.entries {
        json.separate();
        json.begin("{");
        json.text("tab_id", &batch.tab_id);
        json.facts(&event::FIELDS, &entry.facts);
        json.end("}");
    }
    json.end("]");
    json.object("delivery");
    json.number("attempt", batch.attempts);
    json.text("flush", batch.closed.map_or("", |reason| reason.name()));
    json.number("sent", context.counters.sent);
    json.number("retried", context.counters.retried);
    json.object("dropped");
    json.number("rejected", context.counters.rejected);
    json.number("bytes", context.counters.overflow);
    json.number("invalid", context.counters.invalid);
    json.end("}");
    json.end("}");
    json.end("}");
    json.out
}

/// JSON being written, a comma before each value but the first of an object or list.
struct Json {
    out: String,
}

impl Json {
    fn begin(&mut self, bracket: &str) {
        self.out.push_str(bracket);
    }

    fn end(&mut self, bracket: &str) {
        self.out.push_str(bracket);
    }

    fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[')) {
            self.out.push_str(",");
        }
    }

    /// The name is ours and needs no escapes.
    fn name(&mut self, name: &str) {
        self.separate();
        self.out.push_str("\"");
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    fn object(&mut self, name: &str) {
        self.name(name);
        self.begin("{");
    }

    /// A member; none for an empty text.
    fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.name(name);
            push_json(&mut self.out, text);
        }
    }

    fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        text::push_number(&mut self.out, number);
    }

    /// A member for each fact that has a value and is sent under its name; returns the lines that are left over.
    fn facts<'a>(&mut self, fields: &[Field], facts: &'a str) -> &'a str {
        let mut rest = facts;
        for (name, kind) in fields {
            let line = lines::next(&mut rest);
            match kind {
                Kind::Text => self.text(name, line),
                Kind::Unsent => {}
                _ if line.is_empty() => {}
                Kind::Number | Kind::Money | Kind::Json => {
                    self.name(name);
                    if *kind == Kind::Money {
                        Money(text::read_number(line).unwrap_or_default()).write(&mut self.out);
                    } else {
                        self.out.push_str(line);
                    }
                }
            }
        }
        rest
    }
}
