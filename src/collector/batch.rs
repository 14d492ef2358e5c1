//! What a batch must be: the native format as it is received.

pub(crate) mod check;

use check::{known, quoted, shortened};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shopbell_core::attribution::{CHANNELS, DIRECT, Origin};

/// The schema that is taken.
pub const SCHEMA: &str = "shopbell/1";
/// Largest body taken; the tracker sends 32 KiB, and 64 KiB of early pages.
pub const BODY_BYTES_MAX: usize = 262_144;
/// Most events in one batch; the tracker sends at most 50.
pub const EVENTS_MAX: usize = 1_000;
/// Shortest short side of a screen that is no phone's, in CSS pixels.
const SHORT_SIDE_OF_TABLETS: f64 = 600.0;

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
    #[serde(skip)]
    pub teller: Teller,
}

/// Who tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Teller {
    /// A page, or whoever says what pages say.
    #[default]
    Anyone,
    /// Somebody with the token who says what pages say, of any time.
    Importer,
    /// The shop's own server: it knows its orders better than any page.
    Server,
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
    /// Kept as text: one that is not as it should be costs the class of the device alone.
    #[serde(default)]
    pub screen: Option<Box<RawValue>>,
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
    /// The same under the names that networks go by, with its channel.
    #[must_use]
    pub fn named(&self) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let told = |channel: &String| CHANNELS.contains(&channel.as_str());
        let origin = Origin::find(&self.source, &self.medium, &text(&self.campaign), &text(&self.referrer));
        Self {
            source: origin.source,
            medium: origin.medium,
            channel: Some(self.channel.clone().filter(told).unwrap_or_else(|| origin.channel.to_owned())),
            ..self.clone()
        }
    }
}

impl Session {
    /// One of which nothing is known but that there was something of it at a time: it has no reason yet.
    pub(crate) fn unknown(id: String, started_at: u64) -> Self {
        Self {
            id,
            number: 1,
            reason: String::new(),
            previous_id: None,
            started_at,
            landing_page: String::new(),
            source: Source::default(),
            first_touch: None,
            last_non_direct: None,
            user_id: None,
            previous: None,
        }
    }
}

impl Device {
    /// Its id as it is stored: empty where there is none.
    pub(crate) fn stored_id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// What its screen says that it is. Phones are less than 600 CSS pixels wide on their short side, as Android tells them apart;
    /// tablets give their screens upright (those of iPadOS always), computers do not.
    pub(crate) fn class(&self) -> Option<&'static str> {
        let [width, height]: [f64; 2] = serde_json::from_str(self.screen.as_ref()?.get()).ok()?;
        let short = width.min(height);
        Some(match () {
            () if short < 1.0 => return None,
            () if short < SHORT_SIDE_OF_TABLETS => "phone",
            () if width < height => "tablet",
            () => "desktop",
        })
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
                format!("{} is not what a native batch has there: {}", shortened(&path), shortened(&error.to_string()))
            } else {
                format!("the body is no native batch: {}", shortened(&error.to_string()))
            }
        })?;
        json.end().map_err(|error| format!("something follows the batch: {}", shortened(&error.to_string())))?;
        if batch.schema != SCHEMA {
            return Err(format!("schema is {:?}; accepted is {SCHEMA:?}", quoted(&batch.schema)));
        }
        known("session.reason", &batch.session.reason, &check::REASONS)?;
        batch.check()?;
        Ok(batch)
    }
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
    fn a_screen_says_what_the_device_is() {
        #[track_caller]
        fn check(screen: &str, expected: Option<&str>) {
            let body = GOOD.replace("[1440,900]", screen);
            let batch = Batch::read(body.as_bytes()).expect("a batch");
            assert_eq!(batch.device.class(), expected, "{screen}");
        }
        check("[1440,900]", Some("desktop"));
        check("[1280,600]", Some("desktop"));
        check("[390,844]", Some("phone"));
        check("[844,390]", Some("phone"));
        check("[768,1024]", Some("tablet"));
        check("[599.5,1024]", Some("phone"));
        for screen in ["[0,0]", "[-1,5]", "null", "[]", "[1,2,3]", "\"wide\"", "{}", "[null,900]"] {
            check(screen, None);
        }
    }

    #[test]
    fn what_the_tracker_sends_is_a_batch() {
        assert_eq!(Batch::read(GOOD.as_bytes()).map(|batch| batch.events.len()), Ok(3));
    }
}
