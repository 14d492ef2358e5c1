//! Wire formats: a batch in, a request's body out. One file a format.

pub mod native;

use crate::outbox::Counters;
use crate::time::Timestamp;
use alloc::string::String;

/// What the browser says of itself. Nothing here singles a visitor out.
#[derive(Clone, Debug, Default)]
pub struct Device {
    /// BCP 47 tag of the preferred language.
    pub language: String,
    /// IANA name of the time zone.
    pub time_zone: String,
    /// Width and height of the screen in CSS pixels.
    pub screen: (u32, u32),
    /// Why the visitor is taken for a machine (`webdriver`); empty for none.
    pub bot: &'static str,
}

/// What a batch is sent with, besides its session and its events.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The site's name.
    pub site: &'a str,
    /// When it leaves, on the visitor's clock.
    pub sent_at: Timestamp,
    /// The device.
    pub device: &'a Device,
    /// Where the tracker keeps its state: `local` (localStorage) or `memory`.
    pub storage: &'a str,
    /// What became of events so far.
    pub counters: &'a Counters,
}
