//! JSON as formats write it, from tables of fields and lines of text.

use crate::event::{self, Money};
use crate::layout::{head, source, totals};
use crate::lines::{self, Fields, kind};
use crate::text::{self, push_json};
use alloc::string::String;

/// JSON being written, a comma before each value but the first of an object or list.
#[derive(Default)]
pub(super) struct Json {
    pub(super) out: String,
}

impl Json {
    /// JSON as it stands: brackets, and what else is the same in each text.
    pub(super) fn raw(&mut self, json: &str) {
        self.out.push_str(json);
    }

    pub(super) fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), None | Some(b'{' | b'[')) {
            self.out.push_str(",");
        }
    }

    /// The name is ours and needs no escapes.
    pub(super) fn name(&mut self, name: &str) {
        self.separate();
        self.out.push_str("\"");
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    /// A member; none for an empty text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.name(name);
            push_json(&mut self.out, text);
        }
    }

    pub(super) fn number(&mut self, name: &str, number: u64) {
        self.name(name);
        text::push_number(&mut self.out, number);
    }

    /// What is said of a session: the facts of its head; its own source, the device's first, and the latest that was not
    /// direct; its totals, and those of the session before.
    pub(super) fn session(&mut self, head: &str, totals: &str, previous: &str) {
        let mut rest = self.facts(head::FIELDS, head);
        for name in &["source", "first_touch", "last_non_direct"] {
            rest = self.object(name, source::FIELDS, rest);
        }
        self.object("totals", totals::FIELDS, totals);
        self.object("previous", totals::FIELDS, previous);
    }

    /// A member that is an object; none for no lines. Returns the lines that are left over.
    fn object<'a>(&mut self, name: &str, fields: &Fields, facts: &'a str) -> &'a str {
        if facts.is_empty() {
            return facts;
        }
        self.name(name);
        self.raw("{");
        let rest = self.facts(fields, facts);
        self.raw("}");
        rest
    }

    /// A member for each fact that has a value and is sent under its name; returns the lines that are left over.
    pub(super) fn facts<'a>(&mut self, fields: &Fields, facts: &'a str) -> &'a str {
        let (mut fields, mut rest) = (fields, facts);
        while !fields.is_empty() {
            let field = lines::next(&mut fields);
            let (name, line) = (lines::field_name(field), lines::next(&mut rest));
            let kind = lines::field_kind(field);
            match kind {
                kind::TEXT => self.text(name, line),
                kind::STEP => self.text(name, event::funnel_name(text::number(line) as usize)),
                kind::UNSENT => {}
                _ if line.is_empty() => {}
                _ => {
                    self.name(name);
                    if kind == kind::MONEY {
                        Money(text::number(line)).write(&mut self.out);
                    } else {
                        self.out.push_str(line);
                    }
                }
            }
        }
        rest
    }
}
