//! The limits of what a batch says, and the sentence for what is beyond them.

use super::{Batch, EVENTS_MAX, Event, Source};
use serde_json::value::RawValue;
use shopbell_core::event;
use std::borrow::Cow;

/// Longest id, event name, site or other short text, in characters.
const SHORT_CHARS_MAX: usize = 128;
/// Longest URL or title, in characters.
const LONG_CHARS_MAX: usize = 8_192;
/// Latest time taken: what JavaScript's `Date` can hold, in milliseconds.
const TIME_MS_MAX: u64 = 8_640_000_000_000_000;
/// Highest place among a tab's events, and number of a device's session: nobody comes near them.
const PLACE_MAX: u64 = 1_000_000;
/// Largest properties in bytes, twice what the tracker sends. Of a purchase that has more, the order is kept.
const PROPS_BYTES_MAX: usize = 2 * event::PROPS_BYTES_MAX;
/// Longest part of a body that a refusal quotes, in characters.
const QUOTED_CHARS_MAX: usize = 100;
/// Why sessions begin, as the tracker says it.
pub(crate) const REASONS: [&str; 7] =
    ["first", "inactivity", "midnight", "campaign", "max_length", "browser_close", "manual"];
const CONSENTS: [&str; 3] = ["pending", "granted", "denied"];

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
}

impl Batch {
    pub(crate) fn check(&self) -> Result<(), String> {
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
        limited("device.bot", self.device.bot.as_deref().unwrap_or_default(), SHORT_CHARS_MAX)?;
        limited("session.previous_id", self.session.previous_id.as_deref().unwrap_or_default(), SHORT_CHARS_MAX)?;
        time("session.started_at", self.session.started_at)?;
        place("session.number", self.session.number)?;
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
        for (index, event) in self.events.iter().enumerate() {
            event.check().map_err(|error| format!("events[{index}].{error}"))?;
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
        place("seq", self.seq)?;
        limited("tab_id", &self.tab_id, SHORT_CHARS_MAX)?;
        limited("page_id", &self.page_id, SHORT_CHARS_MAX)?;
        limited("url", &self.url, LONG_CHARS_MAX)?;
        limited("title", &self.title, LONG_CHARS_MAX)?;
        self.consent.as_deref().map_or(Ok(()), |consent| known("consent", consent, &CONSENTS))?;
        let props = self.props.as_deref().map_or("{}", RawValue::get);
        if !props.starts_with('{') {
            return Err("props is no object; accepted is a JSON object, or nothing".to_owned());
        }
        if props.len() > PROPS_BYTES_MAX && self.name != event::PURCHASE {
            return Err(format!("props has {} bytes; accepted are at most {PROPS_BYTES_MAX}", props.len()));
        }
        Ok(())
    }
}

pub(crate) fn required(name: &str, text: &str) -> Result<(), String> {
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

pub(crate) fn known(name: &str, text: &str, accepted: &[&str]) -> Result<(), String> {
    if accepted.contains(&text) {
        return Ok(());
    }
    Err(format!("{name} is {:?}; accepted are {}", quoted(text), accepted.join(", ")))
}

/// A text that a client sent, as long as a sentence may quote it.
pub(crate) fn quoted(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn place(name: &str, number: u64) -> Result<(), String> {
    if number > PLACE_MAX {
        return Err(format!("{name} is {number}; accepted are numbers up to {PLACE_MAX}"));
    }
    Ok(())
}

fn time(name: &str, number: u64) -> Result<(), String> {
    if number > TIME_MS_MAX {
        return Err(format!("{name} is {number}; accepted are numbers up to {TIME_MS_MAX}"));
    }
    Ok(())
}

/// A sentence about a text that a client sent, without its middle where it is long.
pub(crate) fn shortened(sentence: &str) -> Cow<'_, str> {
    let chars = sentence.chars().count();
    if chars <= 2 * QUOTED_CHARS_MAX {
        return Cow::Borrowed(sentence);
    }
    let end: String = sentence.chars().skip(chars - QUOTED_CHARS_MAX / 2).collect();
    Cow::Owned(format!("{}{end}", quoted(sentence)))
}
