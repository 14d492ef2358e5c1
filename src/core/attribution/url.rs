//! Just enough of URLs, read as text: a URL may be anything a page or a sender wrote, and none may make us fail.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The URL up to its fragment.
pub(super) fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or(url)
}

/// The URL up to its query.
pub(super) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or(url)
}

/// What stands behind `scheme://`.
fn hierarchy(url: &str) -> Option<&str> {
    Some(without_query(url).split_once("://")?.1)
}

/// The host of a URL, without user and port; `None` for one that has none (`data:`, `about:blank`, nonsense).
pub fn host(url: &str) -> Option<&str> {
    let authority = hierarchy(url)?.split('/').next()?;
    let host_port = authority.rsplit('@').next()?;
    let host = host_port.split(':').next()?;
    (!host.is_empty()).then_some(host)
}

/// The path of a URL, without query and fragment; `/` where it has none.
pub fn path(url: &str) -> String {
    let path = hierarchy(url).and_then(|rest| rest.split_once('/'));
    let mut out = String::from("/");
    if let Some((_, rest)) = path {
        out.push_str(rest);
    }
    out
}

/// The part of a URL whose change makes another page view: all but a fragment, unless the fragment is a path
/// (`#/…` or `#!…`), as routers without History make them.
pub fn page_key(url: &str) -> &str {
    match url.split_once('#') {
        Some((page, fragment)) if !fragment.starts_with(['/', '!']) => page,
        _ => url,
    }
}

/// Whether two hosts are one site: the same, or one a subdomain of the other, `www.` apart.
pub(super) fn same_site(one: &str, other: Option<&str>) -> bool {
    let Some(other) = other else { return false };
    let one = one.to_ascii_lowercase();
    let other = other.to_ascii_lowercase();
    let one = one.strip_prefix("www.").unwrap_or(&one);
    let other = other.strip_prefix("www.").unwrap_or(&other);
    one == other || is_below(one, other) || is_below(other, one)
}

/// Whether `host` is a subdomain of `domain`, at a dot and not just by its ending.
pub(super) fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// Decodes a query value: `+` is a space and `%` begins an escape. An escape that is none stands as it is, and
/// so does the whole value if what comes out is not UTF-8.
pub(super) fn decode(value: &str) -> Cow<'_, str> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut ahead = rest.clone();
                match (hex(ahead.next()), hex(ahead.next())) {
                    (Some(high), Some(low)) => {
                        rest = ahead;
                        high << 4 | low
                    }
                    _ => byte,
                }
            }
            _ => byte,
        });
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(value), Cow::Owned)
}

fn hex(byte: Option<u8>) -> Option<u8> {
    char::from(byte?).to_digit(16).map(|digit| digit as u8)
}
