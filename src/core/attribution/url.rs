//! Just enough of URLs, read as text: a URL may be anything a page or a sender wrote, and none may make us fail.

use crate::id::read_hex_digit;
use crate::text::{before, cut};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The URL up to its query.
pub(super) fn without_query(url: &str) -> &str {
    before(before(url, b'#'), b'?')
}

/// What stands behind `scheme://`, up to the query: host and path.
fn hierarchy(url: &str) -> Option<&str> {
    cut(without_query(url), b':')?.1.strip_prefix("//")
}

/// The host of a URL in lower case, without user and port; empty for one that has none (`data:`, `about:blank`,
/// nonsense).
pub fn host(url: &str) -> String {
    let authority = before(hierarchy(url).unwrap_or_default(), b'/');
    let mut host_port = authority;
    while let Some((_, behind)) = cut(host_port, b'@') {
        host_port = behind;
    }
    before(host_port, b':').to_ascii_lowercase()
}

/// The path of a URL, without query and fragment; `/` where it has none.
pub fn path(url: &str) -> String {
    let mut path = "/".to_string();
    if let Some((_, behind)) = hierarchy(url).and_then(|rest| cut(rest, b'/')) {
        path.push_str(behind);
    }
    path
}

/// The part of a URL whose change makes another page view: all but a fragment, unless the fragment is a path
/// (`#/…` or `#!…`), as routers without History make them.
pub fn page_key(url: &str) -> &str {
    match cut(url, b'#') {
        Some((page, fragment)) if !matches!(fragment.as_bytes().first(), Some(b'/' | b'!')) => page,
        _ => url,
    }
}

/// A host without the `www.` that names no other site.
pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether two hosts are one site: the same, or one a subdomain of the other, `www.` apart.
pub(super) fn is_same_site(one: &str, other: &str) -> bool {
    let (one, other) = (bare(one), bare(other));
    is_at(one, other) || is_at(other, one)
}

/// Whether `host` is `domain` or a subdomain of it, at a dot and not just by its ending.
pub(super) fn is_at(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|above| above.is_empty() || above.as_bytes().last() == Some(&b'.'))
}

/// Decodes a query value: `+` is a space and `%` begins an escape. An escape that is none stands as it is, and
/// so does the whole value if what comes out is not UTF-8.
pub(super) fn decode(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let mut digit = || read_hex_digit(ahead.next()?);
        let escaped = match byte {
            b'%' => digit().and_then(|high| Some(high << 4 | digit()?)),
            b'+' => {
                bytes.push(b' ');
                continue;
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(byte));
        if escaped.is_some() {
            rest = ahead;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_string())
}
