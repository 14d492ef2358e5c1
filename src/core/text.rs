//! Text without formatting machinery: JSON written by hand, decimals, and cleaning what pages hand in.
//!
//! `core::fmt` would be a third of the module that pages download, so it is used nowhere on the way there.

use alloc::string::String;

/// Appends `number` in decimal.
pub fn push_number(out: &mut String, number: u64) {
    let mut digits = [0_u8; 20];
    let mut rest = number;
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    for digit in digits.iter().skip(20 - used) {
        out.push(char::from(*digit));
    }
}

/// Appends `text` as a JSON string (RFC 8259 section 7), quotes included.
pub fn push_json(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        if matches!(char, '"' | '\\') {
            out.push('\\');
        }
        if char < ' ' {
            out.push_str("\\u00");
            out.push(if char < '\u{10}' { '0' } else { '1' });
            out.push(crate::id::hex_digit(u64::from(char)));
        } else {
            out.push(char);
        }
    }
    out.push('"');
}

/// The first `max_chars` characters of `text` with control characters made spaces and the ends trimmed.
///
/// What is clean can stand in a line of the stored record without escapes.
pub fn clean(text: &str, max_chars: usize) -> String {
    let mut out = String::new();
    for char in text.trim_ascii().chars().take(max_chars) {
        out.push(if char < ' ' { ' ' } else { char });
    }
    out
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

/// What stands before and after the first `byte` (an ASCII one) in `text`; `None` where it is not there.
///
/// The pattern searchers of `str` are several kilobytes; this is all that the formats and URLs here need.
pub fn cut(text: &str, byte: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|candidate| candidate == byte)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// What stands before the first `byte`; all of `text` where it is not there.
pub fn before(text: &str, byte: u8) -> &str {
    cut(text, byte).map_or(text, |(before, _)| before)
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
