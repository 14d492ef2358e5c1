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
            out.push(char::from_digit(u32::from(char) & 15, 16).unwrap_or('0'));
        } else {
            out.push(char);
        }
    }
    out.push('"');
}

/// Appends `"name":"value",`, or nothing where the value is empty.
pub fn push_member(out: &mut String, name: &str, value: &str) {
    if !value.is_empty() {
        push_name(out, name);
        push_json(out, value);
        out.push(',');
    }
}

/// Appends `"name":number,`.
pub fn push_count(out: &mut String, name: &str, number: u64) {
    push_name(out, name);
    push_number(out, number);
    out.push(',');
}

/// Appends `"name":`; the name is ours and needs no escapes.
pub fn push_name(out: &mut String, name: &str) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":");
}

/// Ends a JSON object whose members were written with a comma behind each.
pub fn close(out: &mut String, bracket: char) {
    if out.ends_with(',') {
        out.pop();
    }
    out.push(bracket);
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
