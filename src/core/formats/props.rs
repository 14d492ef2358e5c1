//! Properties, read as far as formats need it. They stay the JSON text that the browser made (`JSON.stringify`: no blanks
//! between its tokens); values are handed on as they stand there.

use crate::text;

/// The value of a member of an object, as it stands; empty where there is none, or `null`. The members may stand without their brackets.
pub(super) fn member<'a>(object: &'a str, name: &str) -> &'a str {
    let mut rest = inside(object);
    while !rest.is_empty() {
        let (found, value) = next_member(&mut rest);
        if *found == *name && *value != *"null" {
            return value;
        }
    }
    ""
}

/// What stands between the brackets of an object or a list.
pub(super) fn inside(value: &str) -> &str {
    if matches!(text::first_byte(value), b'{' | b'[') { cut(value) } else { value }
}

/// What stands between the quotes of a text, escapes and all; any other value as it is.
pub(super) fn unquoted(value: &str) -> &str {
    if text::first_byte(value) == b'"' { cut(value) } else { value }
}

fn cut(value: &str) -> &str {
    text::without_last(text::behind(value, 1), 1)
}

/// Takes the first member, as its name and its value, off the inside of an object.
pub(super) fn next_member<'a>(rest: &mut &'a str) -> (&'a str, &'a str) {
    (cut(take(rest, b':')), next_value(rest))
}

/// Takes the first value off the inside of a list.
pub(super) fn next_value<'a>(rest: &mut &'a str) -> &'a str {
    take(rest, b',')
}

/// A number, or the plain one that is in a text, as JSON has it; empty for anything else.
pub(super) fn number(value: &str) -> &str {
    let number = unquoted(value);
    if number.len() == value.len() {
        return if matches!(text::first_byte(value), b'0'..=b'9' | b'-') { value } else { "" };
    }
    let (mut has_point, mut last) = (false, b'.');
    for byte in number.bytes() {
        match byte {
            b'0'..=b'9' => {}
            b'.' if last != b'.' && !has_point => has_point = true,
            _ => return "",
        }
        last = byte;
    }
    let is_octal = text::first_byte(number) == b'0' && text::first_byte(text::behind(number, 1)).is_ascii_digit();
    if last == b'.' || is_octal { "" } else { number }
}

/// Takes what stands before the first such byte that is in no text and in no brackets, and that byte.
fn take<'a>(rest: &mut &'a str, byte: u8) -> &'a str {
    let (mut depth, mut at, mut is_in_text) = (0, 0, false);
    while let Some(next) = rest.as_bytes().get(at).copied() {
        match next {
            b'\\' => at += 1,
            b'"' => is_in_text = !is_in_text,
            _ if is_in_text => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ if next == byte && depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    let taken = text::first(rest, at);
    *rest = text::behind(rest, at + 1);
    taken
}

#[cfg(test)]
mod tests {
    use super::{inside, member, next_member, next_value, number, unquoted};

    #[test]
    fn members_are_found() {
        let object = r#"{"a":1,"b":{"a":2,"c":"}"},"d":["x,y",{"e":"\\"}],"f":null,"g":"h\\\\","i":""}"#;
        for (name, expected) in [
            ("a", "1"),
            ("b", r#"{"a":2,"c":"}"}"#),
            ("c", ""),
            ("d", r#"["x,y",{"e":"\\"}]"#),
            ("f", ""),
            ("g", r#""h\\\\""#),
            ("i", "\"\""),
            ("j", ""),
        ] {
            assert_eq!(member(object, name), expected, "{name}");
            assert_eq!(member(inside(object), name), expected, "{name} without brackets");
        }
    }

    #[test]
    fn what_is_no_json_ends() {
        for text in ["", "{", "{\"", "{\"a\"", "{\"a\":", "]]]", "\\", "{\"a\\", "é", "{\"é\":\"é"] {
            assert_eq!(member(text, "b"), "", "{text}");
            let mut rest = inside(text);
            while !rest.is_empty() {
                next_member(&mut rest);
            }
            let mut rest = inside(text);
            while !rest.is_empty() {
                next_value(&mut rest);
            }
        }
    }

    #[test]
    fn numbers_are_numbers_of_json() {
        for (value, expected) in [
            ("1", "1"),
            ("-1.5e3", "-1.5e3"),
            ("\"59.90\"", "59.90"),
            ("\"0\"", "0"),
            ("\"0.5\"", "0.5"),
            ("\"007\"", ""),
            ("\"1.\"", ""),
            ("\".5\"", ""),
            ("\"1.2.3\"", ""),
            ("\"1,5\"", ""),
            ("\"€5\"", ""),
            ("\"\"", ""),
            ("", ""),
            ("true", ""),
            ("[1]", ""),
        ] {
            assert_eq!(number(value), expected, "{value}");
        }
        assert_eq!(unquoted(r#""a\"b""#), r#"a\"b"#);
    }
}
