//! Text without formatting machinery: JSON and decimals written by hand.
//!
//! `core::fmt` would be a third of the module that pages download, so it is used nowhere on the way there; and text is
//! put together from slices, since putting it together from characters is larger.

use alloc::string::String;

/// Appends the hexadecimal digit of the lowest four bits of `word`, which may be a decimal one.
pub(crate) fn push_digit(out: &mut String, word: u64) {
    let digit = (word & 15) as usize;
    out.push_str("0123456789abcdef".get(digit..=digit).unwrap_or_default());
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

/// Appends `text` as a JSON string (RFC 8259 section 7), quotes included.
pub fn push_json(out: &mut String, text: &str) {
    out.push_str("\"");
    let mut done = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(done..at).unwrap_or_default());
        out.push_str("\\");
        done = at;
        if byte < b' ' {
            out.push_str("u00");
            push_digit(out, u64::from(byte) >> 4);
            push_digit(out, u64::from(byte));
            done = at + 1;
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out.push_str("\"");
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
    let (taken, behind) = text.split_at_checked(at).unwrap_or_default();
    *rest = behind.get(1..).unwrap_or_default();
    taken
}

/// What stands before the first `byte`; all of `text` where it is not there.
pub fn before(text: &str, byte: u8) -> &str {
    take(&mut { text }, byte)
}

/// Reads a decimal number of 1 to 16 digits: more than JavaScript counts exactly, and far from where sums overflow.
pub fn read_number(text: &str) -> Option<u64> {
    let mut number = 0;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() || text.len() > 16 {
            return None;
        }
        number = number * 10 + u64::from(byte - b'0');
    }
    (!text.is_empty()).then_some(number)
}
