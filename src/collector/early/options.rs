//! A page's options, as it gave them: text of its tag, or values of a front-end. What is not accepted is its default, as in
//! the tracker.

use super::scrub::Scrubber;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use shopbell_core::session::{INACTIVITY_MS, Rules};
use std::collections::BTreeMap;
use url::Url;

const MINUTE_MS: f64 = 60_000.0;
const HOUR_MS: f64 = 3_600_000.0;
const DAY_MS: i64 = 86_400_000;
/// Longest name of a site, in characters.
const SITE_CHARS_MAX: usize = 128;

/// Options by their names, in camel case or in kebab case.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(super) struct Options(BTreeMap<String, Value>);

impl Options {
    fn get(&self, name: &str) -> Option<&Value> {
        let kebab = |letter: char| {
            if letter.is_ascii_uppercase() { format!("-{}", letter.to_ascii_lowercase()) } else { letter.into() }
        };
        self.0.get(name).or_else(|| self.0.get(&name.chars().map(kebab).collect::<String>()))
    }

    /// A text, a number or a switch as text.
    fn text(&self, name: &str) -> Option<String> {
        match self.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        }
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.text(name).is_some_and(|text| text == value)
    }

    fn number(&self, name: &str, least: f64, most: f64) -> Option<f64> {
        self.text(name)?.trim().parse().ok().filter(|number| (least..=most).contains(number))
    }

    pub(super) fn rules(&self) -> Rules {
        let midnight = !self.is("midnight", "false");
        let timeout_ms = self.number("timeoutMinutes", 1.0, 1_440.0).map(|minutes| (minutes * MINUTE_MS) as u64);
        let hours = self.number("maxHours", 1.0, 720.0).or((!midnight).then_some(24.0));
        let campaign = match self.text("campaign").as_deref() {
            Some("false") => 0,
            Some("medium") => 2,
            Some("campaign") => 3,
            _ => 1,
        };
        Rules {
            timeout_ms: timeout_ms.unwrap_or(INACTIVITY_MS),
            midnight,
            campaign,
            max_ms: hours.map(|hours| (hours * HOUR_MS) as u64),
        }
    }

    /// The day at a time, in the zone of the midnight rule; where that is the visitor's, by the offset of their clock.
    pub(super) fn day(&self, wall: f64, offset_minutes: i32) -> u32 {
        let wall_ms = wall as i64;
        let zone = self.text("midnight").filter(|zone| zone != "local" && zone != "false");
        let named = zone.and_then(|zone| {
            let zone = TimeZone::get(&zone).ok()?;
            let offset = zone.to_offset(Timestamp::from_millisecond(wall_ms).ok()?);
            Some(i64::from(offset.seconds()) * 1_000)
        });
        let ahead_ms = named.unwrap_or(-i64::from(offset_minutes) * 60_000);
        wall_ms.saturating_add(ahead_ms).div_euclid(DAY_MS).try_into().unwrap_or_default()
    }

    pub(super) fn site(&self, url: &str) -> String {
        let named = self.text("site").filter(|site| !site.is_empty() && site.chars().count() <= SITE_CHARS_MAX);
        let host = || Url::parse(url).ok()?.host_str().map(ToOwned::to_owned);
        named.or_else(host).unwrap_or_else(|| "site".to_owned())
    }

    /// The gateways that the site names, as text with commas.
    pub(super) fn gateways(&self) -> String {
        match self.get("gateways") {
            Some(Value::Array(hosts)) => hosts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Some(Value::String(hosts)) => hosts.clone(),
            _ => String::new(),
        }
    }

    pub(super) fn counts_internal(&self) -> bool {
        !self.is("internalCampaigns", "false")
    }

    pub(super) fn autocapture(&self) -> bool {
        !self.is("autocapture", "false")
    }

    /// What is to be taken out of URLs and texts.
    pub(super) fn scrubber(&self) -> Scrubber {
        let allowed = match self.get("allowQuery") {
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(names)) => {
                names.split([',', ' ', '\n', '\t']).filter(|name| !name.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        Scrubber { allowed, is_off: self.is("scrub", "false") }
    }

    /// Whether a part of the tracker asks a platform for consent.
    pub(super) fn asks_for_consent(&self) -> bool {
        let parts = self.text("capture").unwrap_or_default();
        parts.split([' ', ',', '\n', '\t']).any(|part| matches!(part, "tcf" | "google-consent"))
    }

    pub(super) fn keeps(&self) -> bool {
        !self.is("storage", "memory")
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use serde_json::json;

    fn options(value: serde_json::Value) -> Options {
        serde_json::from_value(value).expect("options")
    }

    #[test]
    fn options_are_read_as_text_of_a_tag_and_as_values() {
        #[track_caller]
        fn check(given: &serde_json::Value, (timeout_ms, midnight, campaign, max_ms): (u64, bool, usize, Option<u64>)) {
            let rules = options(given.clone()).rules();
            let found = (rules.timeout_ms, rules.midnight, rules.campaign, rules.max_ms);
            assert_eq!(found, (timeout_ms, midnight, campaign, max_ms), "{given}");
        }
        let half_hour = 1_800_000;
        check(&json!({}), (half_hour, true, 1, None));
        check(&json!({"timeoutMinutes": "20"}), (1_200_000, true, 1, None));
        check(&json!({"timeout-minutes": "20"}), (1_200_000, true, 1, None));
        check(&json!({"timeoutMinutes": 1.5, "maxHours": 2}), (90_000, true, 1, Some(7_200_000)));
        check(&json!({"timeoutMinutes": 0}), (half_hour, true, 1, None));
        check(&json!({"timeoutMinutes": "soon"}), (half_hour, true, 1, None));
        check(&json!({"midnight": false}), (half_hour, false, 1, Some(86_400_000)));
        check(&json!({"midnight": "false", "maxHours": "1"}), (half_hour, false, 1, Some(3_600_000)));
        check(&json!({"campaign": "false"}), (half_hour, true, 0, None));
        check(&json!({"campaign": "medium"}), (half_hour, true, 2, None));
        check(&json!({"campaign": "maybe"}), (half_hour, true, 1, None));
    }

    #[test]
    fn days_are_those_of_the_zone() {
        #[track_caller]
        fn check(midnight: &str, offset_minutes: i32, time: &str, expected: &str) {
            let time: jiff::Timestamp = time.parse().expect("a time");
            let wall = time.as_millisecond() as f64;
            let day = options(json!({ "midnight": midnight })).day(wall, offset_minutes);
            let expected: jiff::Timestamp = format!("{expected}T00:00:00Z").parse().expect("a day");
            assert_eq!(i64::from(day), expected.as_second() / 86_400, "{time} in {midnight}");
        }
        check("UTC", 0, "2026-03-10T23:59:59.999Z", "2026-03-10");
        check("UTC", -60, "2026-03-11T00:00:00.000Z", "2026-03-11");
        check("local", -60, "2026-03-10T22:59:59.999Z", "2026-03-10");
        check("local", -60, "2026-03-10T23:00:00.000Z", "2026-03-11");
        check("local", 240, "2026-03-11T03:59:59.999Z", "2026-03-10");
        check("Europe/Paris", 0, "2026-03-10T23:00:00.000Z", "2026-03-11");
        check("Europe/Paris", 0, "2026-03-29T21:59:59.999Z", "2026-03-29");
        check("Europe/Paris", 0, "2026-03-29T22:00:00.000Z", "2026-03-30");
        check("Australia/Lord_Howe", 0, "2026-10-04T12:59:59.999Z", "2026-10-04");
        check("Australia/Lord_Howe", 0, "2026-10-04T13:00:00.000Z", "2026-10-05");
        check("Pacific/Apia", 0, "2011-12-30T09:59:59.999Z", "2011-12-29");
        check("Pacific/Apia", 0, "2011-12-30T10:00:00.000Z", "2011-12-31");
        // A zone that is not known is the visitor's own.
        check("Mars/Olympus", -60, "2026-03-10T23:00:00.000Z", "2026-03-11");
    }
}
