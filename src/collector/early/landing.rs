//! What a page's URL and referrer say of how its visitor came, as the page's own JavaScript reads it
//! (`src/browser/page/arrivals.js`): `tests/formats/landing.json` has the cases that both must pass.

use super::scrub::Scrubber;
use shopbell_core::attribution::{GATEWAYS, Landing};
use std::borrow::Cow;
use url::{Url, form_urlencoded};

/// Longest value of a parameter, in UTF-16 units.
const VALUE_UNITS_MAX: usize = 256;
const UTM: [&str; 6] = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "utm_id"];

/// A text in one line of bounded length, without control characters.
pub(crate) fn clean(text: &str, most: usize) -> String {
    let is_blank = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '\u{feff}';
    let words: Vec<&str> = text.split(is_blank).filter(|word| !word.is_empty()).collect();
    let mut left = most;
    let mut cut = String::new();
    for letter in words.join(" ").chars() {
        if left < letter.len_utf16() {
            // JavaScript cuts a character in two here.
            cut.extend((left > 0).then_some(char::REPLACEMENT_CHARACTER));
            break;
        }
        left -= letter.len_utf16();
        cut.push(letter);
    }
    cut
}

/// JSON in which each half of a character, as `JSON.stringify` writes it, has become U+FFFD.
pub(crate) fn lone_surrogates(json: &str) -> Cow<'_, str> {
    let unit = |at: usize| -> Option<u32> {
        let escape = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(escape, 16).ok().filter(|unit| (0xd800..0xe000).contains(unit))
    };
    let mut mended = String::new();
    let (mut done, mut at) = (0, 0);
    while let Some(found) = json.get(at..).and_then(|rest| rest.find('\\')) {
        at += found;
        match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => at += 12,
            (Some(_), _) => {
                mended.push_str(&json[done..at]);
                mended.push_str("\\ufffd");
                at += 6;
                done = at;
            }
            (None, _) => at += 2,
        }
    }
    if done == 0 {
        return Cow::Borrowed(json);
    }
    mended.push_str(&json[done..]);
    Cow::Owned(mended)
}

fn bare(url: Option<&Url>) -> &str {
    let host = url.and_then(Url::host_str).unwrap_or_default();
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether a host is at a domain: the same, or below it.
fn is_at(host: &str, domain: &str) -> bool {
    format!(".{host}").ends_with(&format!(".{domain}"))
}

/// The lines of a [`Landing`].
pub(super) fn landing(url: &str, referrer: &str, gateways: &str, counts_internal: bool, scrubber: &Scrubber) -> String {
    let (own, from) = (Url::parse(url).ok(), Url::parse(referrer).ok());
    let (host, referring) = (bare(own.as_ref()), bare(from.as_ref()));
    let listed = gateways.to_lowercase().replace("www.", "");
    let is_between = |letter: char| letter.is_whitespace() || letter == ',' || letter == '/';
    let hosts: Vec<&str> =
        GATEWAYS.into_iter().chain(listed.split(is_between)).filter(|host| !host.is_empty()).collect();
    let is_struck = |host: &str| hosts.iter().any(|other| other.strip_prefix('-') == Some(host));
    let is_return =
        !referring.is_empty() && hosts.iter().any(|gateway| is_at(referring, gateway) && !is_struck(gateway));
    // A frame without an address of its own is its parent's.
    let is_own = host.is_empty() || is_at(host, referring) || is_at(referring, host);
    let is_foreign = !referring.is_empty() && !is_own && !is_return;
    let counts = !is_return && (!is_own || counts_internal);
    let found = if counts { own.as_ref().map(|url| parameters(url, scrubber)).unwrap_or_default() } else { Vec::new() };
    let first_of = |names: &[&str]| {
        found.iter().find(|(name, _)| names.contains(&name.as_str())).map_or("", |(_, value)| value.as_str())
    };
    let [source, medium, rest @ ..] = UTM.map(|name| first_of(&[name]));
    let (source, medium) = (source.to_lowercase(), medium.to_lowercase());
    let mut utm = [source.as_str(), &medium, "", "", "", ""];
    utm[2..].copy_from_slice(&rest);
    let is_word =
        |name: &&str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let names = found.iter().map(|(name, _)| name.as_str()).filter(is_word);
    let referrer_name = if is_own { String::new() } else { first_of(&["ref", "source"]).to_lowercase() };
    let landing = Landing {
        utm,
        parameters: &names.fold(String::new(), |names, name| names + name + " "),
        referrer: &from.as_ref().filter(|_| is_foreign).map(|url| origin_and_path(url, scrubber)).unwrap_or_default(),
        referrer_name: if referrer_name.is_empty() && is_foreign { referring } else { &referrer_name },
        is_return,
        is_message: ["mail", "newsl", "sms", "push"].iter().any(|word| source.contains(word) || medium.contains(word)),
    };
    landing.lines()
}

/// The path of a page; a router may have put it into the fragment.
pub(crate) fn path_of(url: &Url) -> String {
    let route = url.fragment().filter(|route| route.starts_with(['/', '!']));
    let route = route.map(|route| format!("#{}", route.split('?').next().unwrap_or_default()));
    url.path().to_owned() + &route.unwrap_or_default()
}

/// The parameters that have a value: those of the query, then those of the fragment.
fn parameters(url: &Url, scrubber: &Scrubber) -> Vec<(String, String)> {
    let fragment = url.fragment().unwrap_or_default();
    // A route in the fragment may have a query of its own.
    let behind = fragment.split_once('?').map_or(fragment, |(_, behind)| behind);
    let all = format!("{}&{behind}", url.query().unwrap_or_default());
    let pairs = form_urlencoded::parse(all.as_bytes());
    let cleaned = pairs
        .map(|(name, value)| (unescaped(&name).to_owned(), clean(&scrubber.scrub(&value, false), VALUE_UNITS_MAX)));
    cleaned.filter(|(_, value)| !value.is_empty()).collect()
}

/// A name without what is left of an ampersand that a mailer or a shop system escaped once too often.
fn unescaped(name: &str) -> &str {
    let mut rest = name;
    loop {
        let number = rest.strip_prefix('#').unwrap_or(rest).trim_start_matches('0');
        let Some(behind) = rest.strip_prefix("amp;").or_else(|| number.strip_prefix("38;")) else { return rest };
        rest = behind;
    }
}

fn origin_and_path(url: &Url, scrubber: &Scrubber) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let text = format!("{}://{}{port}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path());
    clean(&scrubber.scrub(&text, false), VALUE_UNITS_MAX)
}

#[cfg(test)]
mod tests {
    use super::super::scrub::Scrubber;
    use super::{clean, landing, lone_surrogates};
    use proptest::prelude::*;
    use serde_json::Value;
    use shopbell_core::layout;
    use shopbell_core::lines;

    #[test]
    fn urls_are_read_as_pages_read_them() {
        let table = lone_surrogates(include_str!("../../../tests/formats/landing.json")).into_owned();
        let groups: Vec<Value> = serde_json::from_str(&table).expect("a table");
        let mut count = 0;
        for case in groups.iter().flat_map(|group| group["cases"].as_array().expect("cases")) {
            let text = |name: &str| case[name].as_str().unwrap_or_default();
            let gateways = match &case["gateways"] {
                Value::Array(hosts) => hosts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
                hosts => hosts.as_str().unwrap_or_default().to_owned(),
            };
            let counts_internal = case["internalCampaigns"].as_bool().unwrap_or(true);
            let scrubber = Scrubber { allowed: Vec::new(), is_off: false };
            let found = landing(text("url"), text("referrer"), &gateways, counts_internal, &scrubber);
            for (index, name) in layout::landing::NAMES.iter().enumerate() {
                let expected = case["expected"][name.to_lowercase()].as_str().unwrap_or_default();
                assert_eq!(lines::at(&found, index), expected, "{name} of {case}");
            }
            count += 1;
        }
        assert!(count > 100, "{count} cases");
    }

    #[test]
    fn halves_of_characters_become_replacements() {
        #[track_caller]
        fn check(json: &str, expected: &str) {
            assert_eq!(lone_surrogates(json), expected);
        }
        check(r#""plain""#, r#""plain""#);
        check(r#""\ud83d\ude00""#, r#""\ud83d\ude00""#);
        check(r#""\ud83d""#, r#""\ufffd""#);
        check(r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#);
        check(r#""\\ud83d""#, r#""\\ud83d""#);
        check(r#""\ud83dx\n\"\ud83d\ude00""#, r#""\ufffdx\n\"\ud83d\ude00""#);
        check(r#""\u00e9\ud8""#, r#""\u00e9\ud8""#);
    }

    #[test]
    fn texts_are_one_line_of_bounded_length() {
        assert_eq!(clean("  a\n\tb\u{0}c\u{a0}\u{feff} ", 256), "a b c");
        assert_eq!(clean("abc", 2), "ab");
        assert_eq!(clean("a\u{1f600}", 2), "a\u{fffd}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_texts_are_ten_lines(url in any::<String>(), referrer in any::<String>(), gateways in any::<String>()) {
            let scrubber = Scrubber { allowed: Vec::new(), is_off: false };
            let found = landing(&url, &referrer, &gateways, true, &scrubber);
            prop_assert_eq!(found.matches('\n').count(), layout::landing::LINES);
        }

        #[test]
        fn any_json_stays_json(text in any::<String>()) {
            let json = serde_json::to_string(&text).expect("JSON");
            prop_assert_eq!(lone_surrogates(&json), json.as_str());
        }
    }
}
