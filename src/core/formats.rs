//! Wire formats: a batch in, a request out. One file a format. And the session as its page sees it.
//!
//! The default is [`native`]:
#![doc = include_str!("formats/wire.md")]

mod json;
mod props;
pub mod snapshot;
mod told;

use crate::outbox::{Counters, Room, Segment};
use crate::time::{Timestamp, Uptime};
use alloc::string::String;

/// What a batch is sent with, besides its session and its events.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The site's name; what the target calls a site id, app id, write key or API key.
    pub site: &'a str,
    /// When it leaves, on the visitor's clock.
    pub sent_at: Timestamp,
    /// The same on the page's monotonic clock.
    pub sent_uptime: Uptime,
    /// What the browser says of itself, as members of a JSON object: nothing that singles a visitor out.
    pub device: &'a str,
    /// Where the tracker keeps its state: `local` (localStorage) or `memory`.
    pub storage: &'a str,
    /// What became of events so far.
    pub counters: &'a Counters,
}

/// A wire format: all that the outbox, the page and the relay know of one.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name: that of its script.
    pub name: &'static str,
    /// What stands behind the URL that the site gives as its collector.
    pub path: &'static str,
    /// The media type of the body. All but `text/plain` ask for a preflight (Fetch Standard, "CORS-safelisted request-header"), so
    /// that is what a target gets which takes it.
    pub content_type: &'static str,
    /// Whether the site's name is the user of HTTP's basic authentication too, without a password.
    pub is_basic: bool,
    /// Another header than `Retry-After` that says for how many seconds the target is to be left alone; empty for none.
    pub reset_header: &'static str,
    /// How much of it fits a request.
    pub room: Room,
    /// The body for a batch.
    pub encode: fn(&Context<'_>, &Segment) -> String,
    /// How many of so many accepted events are not stored all the same, by the body of the answer.
    pub rejected: Option<fn(&str, u64) -> u64>,
    /// Whether a refusal (400) is for some of the events alone, by its body: then the batch comes again in halves.
    pub is_for_some: Option<fn(&str) -> bool>,
}

impl Format {
    /// What most have.
    const PLAIN: Self = Self {
        name: "",
        path: "",
        content_type: "text/plain;charset=UTF-8",
        is_basic: false,
        reset_header: "",
        room: Room::BATCH,
        encode: native::encode,
        rejected: None,
        is_for_some: None,
    };
    /// The same, of a target that wants JSON said to be JSON.
    const JSON: Self = Self { content_type: "application/json", ..Self::PLAIN };

    /// Whether a target's answers say more than their status.
    pub const fn reads_answers(&self) -> bool {
        self.rejected.is_some() || self.is_for_some.is_some()
    }
}

/// Characters of an answer that are read; what targets say of a batch is shorter.
pub const ANSWER_CHARS_MAX: usize = 4_096;

/// Declares the formats: a module each, and the list of them.
macro_rules! formats {
    ($($(#[$doc:meta])* $format:ident,)*) => {
        $($(#[$doc])* pub mod $format;)*

        /// All formats.
        pub const ALL: &[Format] = &[$($format::FORMAT),*];
    };
}

formats! {
    amplitude,
    cloudevents,
    matomo,
    native,
    ndjson,
    otlp,
    plausible,
    posthog,
    segment,
    snowplow,
    umami,
}

/// The format of this name.
///
/// # Panics
///
/// Where there is none: a script is built for one.
pub const fn named(name: &str) -> Format {
    let mut at = 0;
    while at < ALL.len() {
        if is_same(ALL[at].name, name) {
            return ALL[at];
        }
        at += 1;
    }
    panic!("there is no format of this name")
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other, mut at) = (one.as_bytes(), other.as_bytes(), 0);
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}
