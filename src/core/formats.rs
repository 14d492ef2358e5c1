//! Wire formats: a batch in, a request's body out. One file a format. And the session as its page sees it.
//!
#![doc = include_str!("formats/wire.md")]

mod json;
pub mod native;
pub mod snapshot;

use crate::outbox::Counters;
use crate::time::{Timestamp, Uptime};

/// What a batch is sent with, besides its session and its events.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The site's name.
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
