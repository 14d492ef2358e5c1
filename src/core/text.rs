//! Text without formatting machinery: JSON and decimals written by hand.
//!
//! `core::fmt` would be a third of the module that pages download, so it is used nowhere on the way there; and text is
//! put together from slices, since putting it together from characters is larger. On that way texts are compared as
//! `*one == *other`: comparing references is a call that finds both texts in memory.

use alloc::string::String;

const DIGITS: &str = "0123456789abcdef";

/// Appends the hexadecimal digit of the lowest four bits of `word`, which may be a decimal one.
fn push_digit(out: &mut String, word: u64) {
    out.push_str(first(behind(DIGITS, (word & 15) as usize), 1));
}

/// Appends the lowest bits of `word` as so many hexadecimal digits.
pub(crate) fn push_hex(out: &mut String, word: u64, digits: u32) {
    for digit in (0..digits).rev() {
        push_digit(out, word >> (4 * digit));
    }
}

/// The first `at` bytes; none where there are fewer, or the last is inside a character.
pub(crate) fn first(text: &str, at: usize) -> &str {
    text.get(..at).unwrap_or_default()
}

/// As much of the beginning as `bytes` hold.
pub(crate) fn shortened(text: &str, bytes: usize) -> &str {
    let mut at = bytes.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    first(text, at)
}

/// What stands behind the first `at` bytes; nothing where there are fewer, or the last is inside a character.
pub(crate) fn behind(text: &str, at: usize) -> &str {
    text.get(at..).unwrap_or_default()
}

/// What stands before the last `behind` bytes; none where there are fewer.
pub(crate) fn without_last(text: &str, behind: usize) -> &str {
    first(text, text.len().wrapping_sub(behind))
}

/// The first byte; 0 where there is none.
pub(crate) fn first_byte(text: &str) -> u8 {
    text.as_bytes().first().copied().unwrap_or_default()
}

/// A string of this text. It grows as all strings do here: a second way of making one would be more code.
#[inline(never)]
pub fn owned(text: &str) -> String {
    let mut owned = String::new();
    owned.push_str(text);
    owned
}

/// Makes `out` this text, in the block that it has: less code than a new one at each call, and less work.
#[inline(never)]
pub fn set(out: &mut String, text: &str) {
    out.clear();
    out.push_str(text);
}

/// Appends `number` in decimal.
pub fn push_number(out: &mut String, number: u64) {
    if number >= 10 {
        push_number(out, number / 10);
    }
    push_digit(out, number % 10);
}

/// Appends the lowest digits of `number`, so many.
pub(crate) fn push_digits(out: &mut String, number: u64, digits: u32) {
    if digits > 0 {
        push_digits(out, number / 10, digits - 1);
        push_digit(out, number % 10);
    }
}

/// The same behind a mark.
#[inline(never)]
pub(crate) fn push_digits_behind(out: &mut String, mark: &str, number: u64, digits: u32) {
    out.push_str(mark);
    push_digits(out, number, digits);
}

/// Appends `text` as it stands in a URL's query (RFC 3986 section 2.1): all but letters, digits and `-._~` encoded.
pub(crate) fn push_encoded(out: &mut String, text: &str) {
    for (at, byte) in text.bytes().enumerate() {
        if is_unreserved(byte) {
            out.push_str(first(behind(text, at), 1));
        } else {
            out.push_str("%");
            push_hex(out, u64::from(byte), 2);
        }
    }
}

/// How many bytes `text` takes in a URL's query.
pub(crate) fn encoded_bytes(text: &str) -> usize {
    text.bytes().map(|byte| if is_unreserved(byte) { 1 } else { 3 }).sum()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Appends `text` as a JSON string (RFC 8259 section 7), quotes included.
pub fn push_json(out: &mut String, text: &str) {
    out.push_str("\"");
    push_escaped(out, text);
    out.push_str("\"");
}

/// Appends `text` as it stands in a JSON string.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    let (mut rest, mut at) = (text, 0);
    while let Some(byte) = rest.as_bytes().get(at).copied() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            at += 1;
            continue;
        }
        out.push_str(first(rest, at));
        out.push_str("\\");
        (rest, at) = (behind(rest, at), 1);
        if byte < b' ' {
            out.push_str("u");
            push_hex(out, u64::from(byte), 4);
            (rest, at) = (behind(rest, 1), 0);
        }
    }
    out.push_str(rest);
}

/// How many bytes `text` takes inside a JSON string.
pub fn json_bytes(text: &str) -> usize {
    let mut bytes = text.len();
    for byte in text.bytes() {
        bytes += match byte {
            b'"' | b'\\' => 1,
            0..b' ' => 5,
            _ => 0,
        };
    }
    bytes
}

/// Takes what stands before the first `byte` (an ASCII one) off `rest`, and that byte; all of it where there is none.
///
/// The pattern searchers of `str` are several kilobytes; this is all that the lines and tables here need.
pub fn take<'a>(rest: &mut &'a str, byte: u8) -> &'a str {
    let text = *rest;
    let mut at = 0;
    while text.as_bytes().get(at).is_some_and(|candidate| *candidate != byte) {
        at += 1;
    }
    *rest = behind(text, at + 1);
    first(text, at)
}

/// What stands before the first `byte`; all of `text` where it is not there.
pub fn before(text: &str, byte: u8) -> &str {
    take(&mut { text }, byte)
}

/// A decimal number of at most 16 digits: more than JavaScript counts exactly, and far from where sums overflow. Any other
/// text is 0.
pub fn number(text: &str) -> u64 {
    let mut number = 0;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() || text.len() > 16 {
            return 0;
        }
        number = number * 10 + u64::from(byte - b'0');
    }
    number
}
