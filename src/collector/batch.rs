//! What a batch must be: the native format as it is received.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shopbell_core::attribution::{DIRECT, Origin};

/// The schema that is taken.
pub const SCHEMA: &str = "shopbell/1";
/// Largest body taken; the tracker sends 32 KiB, and 64 KiB of early pages.
pub const BODY_BYTES_MAX: usize = 262_144;
/// Most events in one batch; the tracker sends at most 50.
pub const EVENTS_MAX: usize = 1_000;
/// Longest id, event name, site or other short text, in characters.
const SHORT_CHARS_MAX: usize = 128;
/// Longest URL or title, in characters.
const LONG_CHARS_MAX: usize = 8_192;
/// Latest time taken: what JavaScript's `Date` can hold, in milliseconds.
const TIME_MS_MAX: u64 = 8_640_000_000_000_000;

/// A native batch. What it says beside this is passed over.
#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of tests/formats/native.schema.json")]
pub struct Batch {
    pub schema: String,
    #[serde(default)]
    pub tracker: String,
    pub site: String,
    pub sent_at: u64,
    #[serde(default)]
    pub sent_offset_ms: Option<u64>,
    pub device: Device,
    pub session: Session,
    pub events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of tests/formats/native.schema.json")]
pub struct Device {
    /// Absent where the visitor wants nothing to tell one page of the device from another.
    pub id: Option<String>,
    #[serde(default)]
    pub language: Option<String>,
    #[serde(default)]
    pub time_zone: Option<String>,
    #[serde(default)]
    pub bot: Option<String>,
}

#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of tests/formats/native.schema.json")]
pub struct Session {
    pub id: String,
    pub number: u64,
    pub reason: String,
    #[serde(default)]
    pub previous_id: Option<String>,
    pub started_at: u64,
    #[serde(default)]
    pub landing_page: String,
    #[serde(default)]
    pub source: Source,
    #[serde(default)]
    pub first_touch: Option<Source>,
    #[serde(default)]
    pub last_non_direct: Option<Source>,
    #[serde(default)]
    pub user_id: Option<String>,
    /// Kept as text: what the session before added up to.
    #[serde(default)]
    pub previous: Option<Box<RawValue>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the fields are those of tests/formats/native.schema.json")]
pub struct Source {
    pub source: String,
    pub medium: String,
    pub campaign: Option<String>,
    pub term: Option<String>,
    pub content: Option<String>,
    pub campaign_id: Option<String>,
    pub click_id: Option<String>,
    pub referrer: Option<String>,
    /// Found here where the batch does not say it, as the tracker's do not.
    pub channel: Option<String>,
}

impl Default for Source {
    fn default() -> Self {
        Self {
            source: DIRECT.to_owned(),
            medium: String::new(),
            campaign: None,
            term: None,
            content: None,
            campaign_id: None,
            click_id: None,
            referrer: None,
            channel: None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[expect(missing_docs, reason = "the fields are those of tests/formats/native.schema.json")]
pub struct Event {
    pub id: String,
    pub name: String,
    pub time: u64,
    #[serde(default)]
    pub offset_ms: u64,
    #[serde(default)]
    pub tab_id: String,
    #[serde(default)]
    pub page_id: String,
    #[serde(default)]
    pub seq: u64,
    #[serde(default)]
    pub url: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub consent: Option<String>,
    /// Kept as text: what a shop says in its properties is the shop's.
    #[serde(default)]
    pub props: Option<Box<RawValue>>,
}

impl Source {
    fn check(&self) -> Result<(), String> {
        limited("source.source", &self.source, LONG_CHARS_MAX)?;
        limited("source.medium", &self.medium, LONG_CHARS_MAX)?;
        let others = [
            ("source.campaign", &self.campaign),
            ("source.term", &self.term),
            ("source.content", &self.content),
            ("source.campaign_id", &self.campaign_id),
            ("source.click_id", &self.click_id),
            ("source.referrer", &self.referrer),
            ("source.channel", &self.channel),
        ];
        for (name, text) in others {
            limited(name, text.as_deref().unwrap_or_default(), LONG_CHARS_MAX)?;
        }
        Ok(())
    }

    /// The same under the names that networks go by, with its channel.
    #[must_use]
    pub fn named(&self) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let origin = Origin::find(&self.source, &self.medium, &text(&self.campaign), &text(&self.referrer));
        Self {
            source: origin.source,
            medium: origin.medium,
            channel: self.channel.clone().or_else(|| Some(origin.channel.to_owned())),
            ..self.clone()
        }
    }
}

impl Device {
    /// Its id as it is stored: empty where there is none.
    pub(crate) fn stored_id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

impl Batch {
    /// Reads and checks a body. The error is one sentence that names what was wrong and what is accepted.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let batch: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            let error = error.into_inner();
            if error.is_data() && path != "." {
                format!("{path} is not what a native batch has there: {error}")
            } else {
                format!("the body is no native batch: {error}")
            }
        })?;
        json.end().map_err(|error| format!("something follows the batch: {error}"))?;
        batch.check()?;
        Ok(batch)
    }

    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!("schema is {:?}; accepted is {SCHEMA:?}", self.schema));
        }
        if self.events.is_empty() {
            return Err("events is empty; accepted are 1 to 1000 events".to_owned());
        }
        if self.events.len() > EVENTS_MAX {
            return Err(format!("events has {} entries; accepted are at most {EVENTS_MAX}", self.events.len()));
        }
        required("site", &self.site)?;
        time("sent_at", self.sent_at)?;
        time("sent_offset_ms", self.sent_offset_ms.unwrap_or_default())?;
        self.device.id.as_deref().map_or(Ok(()), |id| required("device.id", id))?;
        required("session.id", &self.session.id)?;
        required("session.reason", &self.session.reason)?;
        time("session.started_at", self.session.started_at)?;
        time("session.number", self.session.number)?;
        limited("session.user_id", self.session.user_id.as_deref().unwrap_or_default(), LONG_CHARS_MAX)?;
        limited("session.landing_page", &self.session.landing_page, LONG_CHARS_MAX)?;
        let session = &self.session;
        for source in [Some(&session.source), session.first_touch.as_ref(), session.last_non_direct.as_ref()] {
            source.map_or(Ok(()), Source::check).map_err(|error| format!("session.{error}"))?;
        }
        if let Some(previous) = session.previous.as_ref().map(|previous| previous.get())
            && (!previous.starts_with('{') || previous.len() > LONG_CHARS_MAX)
        {
            return Err(format!("session.previous is no object; accepted is one of at most {LONG_CHARS_MAX} bytes"));
        }
        for (place, event) in self.events.iter().enumerate() {
            event.check().map_err(|error| format!("events[{place}].{error}"))?;
        }
        Ok(())
    }
}

impl Event {
    fn check(&self) -> Result<(), String> {
        required("id", &self.id)?;
        required("name", &self.name)?;
        time("time", self.time)?;
        time("offset_ms", self.offset_ms)?;
        time("seq", self.seq)?;
        limited("tab_id", &self.tab_id, SHORT_CHARS_MAX)?;
        limited("page_id", &self.page_id, SHORT_CHARS_MAX)?;
        limited("url", &self.url, LONG_CHARS_MAX)?;
        limited("title", &self.title, LONG_CHARS_MAX)?;
        limited("consent", self.consent.as_deref().unwrap_or_default(), SHORT_CHARS_MAX)?;
        match &self.props {
            Some(props) if !props.get().starts_with('{') => {
                Err("props is no object; accepted is a JSON object, or nothing".to_owned())
            }
            _ => Ok(()),
        }
    }
}

fn required(name: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("{name} is empty; accepted is a text of 1 to {SHORT_CHARS_MAX} characters"));
    }
    limited(name, text, SHORT_CHARS_MAX)
}

fn limited(name: &str, text: &str, most: usize) -> Result<(), String> {
    match text.chars().count() {
        chars if chars > most => Err(format!("{name} has {chars} characters; accepted are at most {most}")),
        _ => Ok(()),
    }
}

fn time(name: &str, number: u64) -> Result<(), String> {
    if number > TIME_MS_MAX {
        return Err(format!("{name} is {number}; accepted are numbers up to {TIME_MS_MAX}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::Batch;
    use proptest::prelude::*;

    const GOOD: &str = include_str!("../../tests/formats/native.json");

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_are_a_batch_or_one_sentence(body in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Batch::read(&body).is_err_and(|sentence| !sentence.is_empty()));
        }

        #[test]
        fn a_batch_that_is_altered_anywhere_does_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut body = GOOD.trim_end().as_bytes().to_vec();
            let at = at.index(body.len());
            body[at] = byte;
            match Batch::read(&body) {
                Ok(batch) => prop_assert!(!batch.events.is_empty() && !batch.session.id.is_empty()),
                Err(sentence) => prop_assert!(!sentence.is_empty()),
            }
        }
    }

    #[test]
    fn what_the_tracker_sends_is_a_batch() {
        assert_eq!(Batch::read(GOOD.as_bytes()).map(|batch| batch.events.len()), Ok(3));
    }
}
