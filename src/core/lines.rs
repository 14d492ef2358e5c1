//! Values as lines of text: the one representation that storage keeps, batches wait in and formats render.
//!
//! What a page downloads is smallest, and what happens on each event is cheapest, when an event becomes text once
//! and is never taken apart into fields again. So a session's facts and an event's are lines, in the order of a
//! table of [`Fields`], and whoever renders them walks table and lines together.

use crate::text;
use alloc::string::{String, ToString};

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
    /// A step of the [`FUNNEL`](crate::event::FUNNEL), by its place; sent by its name.
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

/// Takes the first field off `rest`: its kind, 0 where there is none left, and its name.
pub fn next_field<'a>(rest: &mut &'a Fields) -> (u8, &'a str) {
    let field = next(rest);
    (field.as_bytes().first().copied().unwrap_or_default(), field.get(1..).unwrap_or_default())
}

/// Values being written, a line each.
#[derive(Clone, Debug, Default)]
pub struct Lines(String);

impl Lines {
    /// Adds a value. What stands behind a line break in it is left out, so that no value can pass for several.
    pub fn push(&mut self, value: &str) {
        self.0.push_str(text::before(value, b'\n'));
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

/// Takes the first line off `rest` as a number; 0 where it is none.
pub fn next_number(rest: &mut &str) -> u64 {
    text::read_number(next(rest)).unwrap_or_default()
}

/// The line at `place`, counted from 0; empty where there is none.
pub fn at(lines: &str, place: usize) -> &str {
    next(&mut behind(lines, place))
}

/// The line at `place` as a number; 0 where it is none.
pub fn number_at(lines: &str, place: usize) -> u64 {
    text::read_number(at(lines, place)).unwrap_or_default()
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
    let length = lines.len() - behind(lines, count).len();
    lines.split_at_checked(length).unwrap_or_default().0
}

const VERSION: &str = "shopbell/3 ";
/// Longest text that is opened at all, in bytes. The longest that is sealed, a record with three sources of the longest
/// campaigns, has two thirds of it.
pub const SEALED_BYTES_MAX: usize = 32_768;

/// What stands for the fingerprint in what the loader stores: it is not worth the bytes there.
const BY_LOADER: u64 = 0;

/// Lines for storage: under a first line with the version of the layout and a fingerprint of the rest.
pub fn seal(lines: &str) -> String {
    let mut sealed = VERSION.to_string();
    text::push_number(&mut sealed, fingerprint(lines));
    sealed.push_str("\n");
    sealed.push_str(lines);
    sealed
}

/// The lines that were sealed; `None` for text of another version, cut short or altered, unless it is under the loader's
/// seal, which says nothing.
///
/// Stored text is hostile: whatever it holds, opening it gives what was sealed or nothing. (Somebody who writes a
/// matching fingerprint on purpose could as well post to the collector.)
pub fn open(sealed: &str) -> Option<&str> {
    let mut lines = sealed.strip_prefix(VERSION)?;
    let known = text::read_number(next(&mut lines))?;
    let is_whole = known == fingerprint(lines) || known == BY_LOADER;
    (sealed.len() <= SEALED_BYTES_MAX && is_whole).then_some(lines)
}

fn fingerprint(text: &str) -> u64 {
    crate::id::fingerprint(text) & 0xffff_ffff
}
