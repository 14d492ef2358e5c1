//! JSON as formats write it, from tables of fields and lines of text.

use crate::event::{self, Money};
use crate::layout::{source, totals};
use crate::lines::{self, Fields, kind};
use crate::text::{self, push_json};
use alloc::string::String;

/// JSON being written, a comma before each value but the first of an object or list.
#[derive(Default)]
pub(super) struct Json {
    pub(super) out: String,
}

impl Json {
    pub(super) fn begin(&mut self, bracket: &str) {
        self.out.push_str(bracket);
    }

    pub(super) fn end(&mut self, bracket: &str) {
        self.out.push_str(bracket);
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

    pub(super) fn object(&mut self, name: &str) {
        self.name(name);
        self.begin("{");
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

    /// The sources of a session, each an object of its own: its own, the device's first, the latest that was not direct.
    pub(super) fn sources(&mut self, sources: &str) {
        let mut rest = sources;
        for name in &["source", "first_touch", "last_non_direct"] {
            if !rest.is_empty() {
                self.object(name);
                rest = self.facts(source::FIELDS, rest);
                self.end("}");
            }
        }
    }

    /// A session's totals as an object; none for no lines.
    pub(super) fn totals(&mut self, name: &str, totals: &str) {
        if !totals.is_empty() {
            self.object(name);
            self.facts(totals::FIELDS, totals);
            self.end("}");
        }
    }

    /// A member for each fact that has a value and is sent under its name; returns the lines that are left over.
    pub(super) fn facts<'a>(&mut self, fields: &Fields, facts: &'a str) -> &'a str {
        let (mut fields, mut rest) = (fields, facts);
        while !fields.is_empty() {
            let (kind, name) = lines::next_field(&mut fields);
            let line = lines::next(&mut rest);
            match kind {
                kind::TEXT => self.text(name, line),
                kind::STEP => self.text(name, event::funnel_name(number(line) as usize)),
                kind::UNSENT => {}
                _ if line.is_empty() => {}
                _ => {
                    self.name(name);
                    if kind == kind::MONEY {
                        Money(number(line)).write(&mut self.out);
                    } else {
                        self.out.push_str(line);
                    }
                }
            }
        }
        rest
    }
}

fn number(line: &str) -> u64 {
    text::read_number(line).unwrap_or_default()
}
