//! JSON as formats write it, from tables of fields and lines of text.

use super::props;
use crate::event::{self, Money};
use crate::id::Uuid;
use crate::layout::{head, source, totals};
use crate::lines::{self, Fields, kind};
use crate::text::{self, push_json};
use crate::time::Timestamp;
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

    /// A member of this JSON value; none for an empty one.
    pub(super) fn value(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.name(name);
            self.raw(value);
        }
    }

    /// A member with an id.
    pub(super) fn uuid(&mut self, name: &str, id: Uuid) {
        self.name(name);
        self.raw("\"");
        id.write(&mut self.out);
        self.raw("\"");
    }

    /// Members, of an object that stands with its brackets or without.
    pub(super) fn members(&mut self, object: &str) {
        let members = props::inside(object);
        if !members.is_empty() {
            self.separate();
            self.raw(members);
        }
    }

    /// A member with a time.
    pub(super) fn time(&mut self, name: &str, ms: u64) {
        self.name(name);
        self.raw("\"");
        Timestamp(ms).write(&mut self.out);
        self.raw("\"");
    }

    /// Values of an object under other names: in each line the new name and the one that it has.
    pub(super) fn renamed(&mut self, object: &str, table: &str) {
        let mut table = table;
        while !table.is_empty() {
            let mut row = lines::next(&mut table);
            let name = text::take(&mut row, b' ');
            self.value(name, props::member(object, row));
        }
    }

    /// The members of an object, and those of them again that a target knows under other names.
    pub(super) fn members_also(&mut self, object: &str, table: &str) {
        self.members(object);
        self.missing(object, object, table);
    }

    /// Values of `other` under other names, unless the object that is being written has these already.
    pub(super) fn missing(&mut self, object: &str, other: &str, table: &str) {
        let mut table = table;
        while !table.is_empty() {
            let row = lines::next(&mut table);
            if props::member(object, text::before(row, b' ')).is_empty() {
                self.renamed(other, row);
            }
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
    pub(super) fn object<'a>(&mut self, name: &str, fields: &Fields, facts: &'a str) -> &'a str {
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
