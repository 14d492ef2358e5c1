//! Values as lines of text: the one representation that storage keeps, batches wait in and formats render.
//!
//! What a page downloads is smallest, and what happens on each event is cheapest, when an event becomes text once
//! and is never taken apart into fields again. So a session's facts and an event's are lines, in the order of a
//! table of [`Fields`], and whoever renders them walks table and lines together.

use crate::id::{self, Uuid};
use crate::text;
use alloc::string::String;

/// What a line holds, as the first character of its field.
pub mod kind {
    /// A text; an empty one is a value that is not there.
    pub const TEXT: u8 = b'"';
    /// A count or a time, in decimal.
    pub const NUMBER: u8 = b'#';
    /// An amount of [`Money`](crate::event::Money), in decimal.
    pub const MONEY: u8 = b'$';
    /// A JSON value as it stands; an empty line is a value that is not there.
    pub const JSON: u8 = b'{';
    /// A step of the [`FUNNEL`](crate::event::FUNNEL), by its index; sent by its name.
    pub const STEP: u8 = b'^';
    /// A value that is stored but not sent under this name.
    pub const UNSENT: u8 = b'-';
}

/// A table of fields, itself lines: each begins with its [`kind`] and goes on with its name on the wire. As text it takes
/// a third of what a table of structs does.
pub type Fields = str;

/// How many lines there are.
pub const fn count(lines: &str) -> usize {
    let (bytes, mut at, mut count) = (lines.as_bytes(), 0, 0);
    while at < bytes.len() {
        count += (bytes[at] == b'\n') as usize;
        at += 1;
    }
    count
}

/// The [`kind`] of a field; 0 where there is none.
pub fn field_kind(field: &str) -> u8 {
    text::first_byte(field)
}

/// The name of a field on the wire.
pub fn field_name(field: &str) -> &str {
    text::behind(field, 1)
}

/// Values being written, a line each.
#[derive(Clone, Debug, Default)]
pub struct Lines(String);

impl Lines {
    /// Lines that somebody else has written.
    pub fn of(text: String) -> Self {
        Self(text)
    }

    /// Adds a value. What stands behind a line break or a [`SEPARATOR`] in it is left out, so that no value can pass for
    /// several.
    pub fn push(&mut self, value: &str) {
        self.0.push_str(text::before(text::before(value, b'\n'), SEPARATOR));
        self.0.push_str("\n");
    }

    /// Adds an id.
    pub fn push_uuid(&mut self, id: Uuid) {
        id.write(&mut self.0);
        self.0.push_str("\n");
    }

    /// Adds a 32-bit number as a short name of 8 hexadecimal digits.
    pub fn push_name(&mut self, number: u64) {
        text::push_hex(&mut self.0, number, 8);
        self.0.push_str("\n");
    }

    /// Adds lines.
    pub fn append(&mut self, lines: &str) {
        self.0.push_str(lines);
    }

    /// Adds a number.
    pub fn push_number(&mut self, number: u64) {
        text::push_number(&mut self.0, number);
        self.0.push_str("\n");
    }

    /// The lines.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The lines, to keep.
    pub fn into_text(self) -> String {
        self.0
    }
}

/// Takes the first line off `rest`; empty where there is none left.
pub fn next<'a>(rest: &mut &'a str) -> &'a str {
    text::take(rest, b'\n')
}

/// Takes the first line off `rest` as a number; 0 where it is not one.
pub fn next_number(rest: &mut &str) -> u64 {
    text::number(next(rest))
}

/// The line at `index`; empty where there is none.
pub fn at(lines: &str, index: usize) -> &str {
    next(&mut behind(lines, index))
}

/// The line at `index` as a number; 0 where it is not one.
pub fn number_at(lines: &str, index: usize) -> u64 {
    text::number(at(lines, index))
}

/// The row of a table that begins with `key` and a space; empty where none does.
pub(crate) fn row(table: &'static str, key: &str) -> &'static str {
    let mut rest = table;
    while !rest.is_empty() {
        let row = next(&mut rest);
        if *text::before(row, b' ') == *key {
            return row;
        }
    }
    ""
}

/// What stands behind the first `count` lines.
pub fn behind(lines: &str, count: usize) -> &str {
    let mut rest = lines;
    for _ in 0..count {
        next(&mut rest);
    }
    rest
}

/// The first `count` lines.
pub fn first(lines: &str, count: usize) -> &str {
    text::without_last(lines, behind(lines, count).len())
}

/// Stands between the parts of a stored chunk (ASCII "record separator"). No value has one in it.
pub const SEPARATOR: u8 = 0x1e;

const NAME: &str = "shopbell";
/// The version of what is stored. In version 4 an event had no lines of [`layout::standing`](crate::layout::standing); version 3
/// had each event under a key of its own, which is a chunk of one here. The record is the same in all.
const VERSION: u64 = 5;
const VERSION_OLDEST: u64 = 3;
/// Longest text that is opened at all, in bytes: a chunk of one batch. The longest record, with three sources of the longest
/// campaigns, has a quarter of it.
pub const SEALED_BYTES_MAX: usize = 81_920;

/// Lines for storage: under a first line with the version of the layout and a fingerprint of the rest.
pub fn seal(lines: &str) -> String {
    let mut sealed = text::owned(NAME);
    sealed.push_str("/");
    text::push_number(&mut sealed, VERSION);
    sealed.push_str(" ");
    text::push_number(&mut sealed, fingerprint(lines));
    sealed.push_str("\n");
    sealed.push_str(lines);
    sealed
}

/// The lines that were sealed, by this version or one that is migrated; nothing where there are none: missing, cut short,
/// altered, or of another version.
///
/// Stored text is hostile: whatever it holds, opening it gives what was sealed or nothing. (Somebody who writes a
/// matching fingerprint on purpose could as well post to the collector.)
pub fn open(sealed: &str) -> Option<&str> {
    let mut lines = sealed;
    let version = take_version(&mut lines);
    let is_whole = next_number(&mut lines) == fingerprint(lines);
    (is_whole && (VERSION_OLDEST..=VERSION).contains(&version)).then_some(lines)
}

/// The lines of a later version of the tracker, which is to find them as it left them. Only what [`layout`](crate::layout)
/// promises of every version is known of them.
pub fn open_newer(sealed: &str) -> Option<&str> {
    let mut lines = sealed;
    let version = take_version(&mut lines);
    (version > VERSION).then(|| behind(lines, 1))
}

/// Takes name and version off a sealed text; 0 where it is none, or longer than any.
fn take_version(rest: &mut &str) -> u64 {
    let is_bounded = rest.len() <= SEALED_BYTES_MAX;
    let is_ours = *text::take(rest, b'/') == *NAME;
    let version = text::number(text::take(rest, b' '));
    if is_bounded && is_ours { version } else { 0 }
}

fn fingerprint(text: &str) -> u64 {
    id::fingerprint(text) & 0xffff_ffff
}
