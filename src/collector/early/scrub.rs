//! What names a person is taken out of what an early page told, as the page's tracker takes it out (`src/browser/page/scrub.js`):
//! `tests/formats/scrub.json` has the cases that both must pass.

use fancy_regex::{Captures, Regex};
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::sync::LazyLock;
use url::{Url, form_urlencoded};

/// As JavaScript reads it: letters and digits of ASCII alone are words and digits.
fn regex(pattern: &str) -> Regex {
    let ascii = [
        (r"[^\w.,/:-]", "[^A-Za-z0-9_.,/:-]"),
        (r"[\w:]", "[A-Za-z0-9_:]"),
        (r"[a-z\d]", "[a-z0-9]"),
        (r"\w", "[A-Za-z0-9_]"),
        (r"\W", "[^A-Za-z0-9_]"),
        (r"\d", "[0-9]"),
        (r"\D", "[^0-9]"),
    ];
    let pattern = ascii.iter().fold(pattern.to_owned(), |pattern, (class, ascii)| pattern.replace(class, ascii));
    #[expect(clippy::expect_used, reason = "the patterns are constants, and tested")]
    Regex::new(&pattern).expect("a pattern")
}

macro_rules! patterns {
    ($($name:ident $pattern:expr,)*) => {
        $(static $name: LazyLock<Regex> = LazyLock::new(|| regex($pattern));)*
    };
}

patterns! {
    QUERY r"(?i)^(utm_\w+|\w*clk?id|[gw]braid|li_fat_id|epik|ref|source|[qsk]|query|search\w*|keywords?|term)$",
    EMAIL r#"[^\s/?&=:;,"<>()@]{1,64}(@|%(25)*40)[^\s/?&=:;,"<>()@%]+\.[^\s/?&=:;,"<>()@.0-9]{2,}"#,
    CARD r"(^|\W)(\d{14,19}|\d{4}([ -])\d{4}\3\d{4}\3\d{4}|3\d{3}([ -])\d{6}\4\d{5})(?!\w)",
    ISSUER r"^(3[0-46-9]\d{12,13}|[2-6]\d{15}(\d{3})?)$",
    PHONE concat!(
        r"(^|[^\w.,/:-]|(?:^|\D)[.,/:-])((\+|00(?=\d+[ ()./-]))[1-9]([ ()./-]{0,3}\d){7,13}",
        r"|\(?0(?!\d[./-]\d\d[./-]\d{4})[1-9]([ ()./-]{0,3}\d){7,9}",
        r"|(1[ .-])?(\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4})(?![\w:]|[.,-]\d)",
    ),
    TOKEN r"(?i)(?=[a-z]*\d)[a-z\d]{32,}",
    URL r"^\w+://",
    ROUTE r"^[/!][^?]*",
    OF_SHOP r"(?i)(id|sku|code|order\w*|gtin|ean|isbn)$",
    JSON_TEXT r#""(?:[^"\\]|\\.)*"(\s*:)?"#,
}

fn is(pattern: &Regex, text: &str) -> bool {
    pattern.is_match(text).unwrap_or_default()
}

/// Replaces what is found, but for what takes too long to look for.
fn replace(pattern: &Regex, text: &str, with: impl Fn(&Captures<'_>) -> String) -> String {
    pattern.try_replacen(text, 0, with).map_or_else(|_| String::new(), Cow::into_owned)
}

/// Whether the last digit is the check digit that cards have (ISO/IEC 7812-1, Luhn).
fn is_card(text: &str) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let weighed = |(place, digit): (usize, u8)| {
        let digit = u32::from(digit - b'0');
        if place % 2 == 0 || digit == 9 { digit } else { digit * 2 % 9 }
    };
    is(&ISSUER, &digits) && digits.bytes().rev().enumerate().map(weighed).sum::<u32>() % 10 == 0
}

fn without_mail(text: &str) -> String {
    replace(&EMAIL, text, |_| "*email*".to_owned())
}

/// In paths, numbers are the shop's own unless they have a country's code.
fn masked(text: &str, is_path: bool) -> String {
    let part = |found: &Captures<'_>, index: usize| found.get(index).map_or("", |part| part.as_str()).to_owned();
    let text = replace(&CARD, &without_mail(text), |found| {
        if is_card(&part(found, 2)) { part(found, 1) + "*card*" } else { part(found, 0) }
    });
    replace(&PHONE, &text, |found| {
        let is_national = !part(found, 2).starts_with('+');
        if is_path && is_national { part(found, 0) } else { part(found, 1) + "*phone*" }
    })
}

/// A part of a URL. What nothing is taken out of stays as it is written.
fn masked_part(part: &str) -> String {
    let text = percent_decode_str(part).decode_utf8().unwrap_or(Cow::Borrowed(part));
    let clean = replace(&TOKEN, &masked(&text, true), |_| "*token*".to_owned());
    if clean == text { part.to_owned() } else { clean }
}

/// What a site chose of it.
pub(super) struct Scrubber {
    /// Names in a query that are kept beside the tracker's own.
    pub(super) allowed: Vec<String>,
    /// Whether it is switched off.
    pub(super) is_off: bool,
}

impl Scrubber {
    /// A text, or a URL, without what names a person. `is_of_shop` says that it is a name of the shop's own, such as
    /// an order's: it has no number of anybody.
    pub(super) fn scrub(&self, text: &str, is_of_shop: bool) -> String {
        if self.is_off {
            return text.to_owned();
        }
        let Some(mut url) = Some(text).filter(|text| is(&URL, text)).and_then(|text| Url::parse(text).ok()) else {
            return if is_of_shop { without_mail(text) } else { masked(text, false) };
        };
        let before = url.to_string();
        let is_kept = |name: &str| is(&QUERY, name) || self.allowed.iter().any(|allowed| allowed == name);
        let all: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let written =
            |pairs: &[(String, String)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let kept: Vec<(String, String)> = all
            .iter()
            .filter(|(name, _)| is_kept(name))
            .map(|(name, value)| (name.clone(), masked(value, false)))
            .collect();
        let query = written(&kept);
        // Some schemes have no user and no path to change.
        let _ = (url.set_username(""), url.set_password(None));
        url.set_path(&masked_part(url.path()));
        if query != written(&all) {
            url.set_query(Some(&*query).filter(|query| !query.is_empty()));
        }
        let route = url.fragment().and_then(|fragment| ROUTE.find(fragment).ok()?);
        let route = route.map(|route| masked_part(route.as_str()));
        url.set_fragment(route.as_deref());
        if url.as_str() == before { text.to_owned() } else { url.into() }
    }

    /// Properties, as JSON, with each text in them scrubbed. Under some names are the shop's own: an order's id is never changed.
    pub(super) fn props(&self, json: &str) -> String {
        if self.is_off {
            return json.to_owned();
        }
        let name = std::cell::RefCell::new(String::new());
        replace(&JSON_TEXT, json, |found| {
            let whole = found.get(0).map_or("", |whole| whole.as_str());
            if found.get(1).is_some() {
                whole.clone_into(&mut name.borrow_mut());
                return whole.to_owned();
            }
            let Ok(text) = serde_json::from_str::<String>(whole) else { return whole.to_owned() };
            let is_of_shop = is(&OF_SHOP, name.borrow().trim_end_matches([':', ' ', '"']));
            let clean = self.scrub(&text, is_of_shop);
            if clean == text { whole.to_owned() } else { serde_json::Value::from(clean).to_string() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Scrubber;
    use serde_json::Value;

    #[test]
    fn texts_and_urls_are_scrubbed_as_pages_scrub_them() {
        let table: Vec<Value> =
            serde_json::from_str(include_str!("../../../tests/formats/scrub.json")).expect("a table");
        for case in table.iter().flat_map(|group| group["cases"].as_array().expect("cases")) {
            let allowed = match &case["allowQuery"] {
                Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                names => names
                    .as_str()
                    .unwrap_or_default()
                    .split([',', ' '])
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect(),
            };
            let scrubber = Scrubber { allowed, is_off: case["scrub"] == false };
            let text = case["url"].as_str().or(case["text"].as_str()).expect("a text");
            let expected = case["expected"].as_str().unwrap_or(text);
            assert_eq!(scrubber.scrub(text, case["isOfShop"] == true), expected, "{text}");
        }
    }

    #[test]
    fn texts_in_properties_are_scrubbed() {
        let scrubber = Scrubber { allowed: Vec::new(), is_off: false };
        let json = r#"{"mail":"a \"b\" bob@example.com","item_id": "0306406152","n":0306406152,"deep":[{"tel":"0171 2345678"}]}"#;
        let expected =
            r#"{"mail":"a \"b\" *email*","item_id": "0306406152","n":0306406152,"deep":[{"tel":"*phone*"}]}"#;
        assert_eq!(scrubber.props(json), expected);
    }
}
