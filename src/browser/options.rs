//! What a site may choose.

use crate::page;
use serde::Serialize;
use shopbell_core::session::{INACTIVITY_MS, INACTIVITY_MS_MAX, INACTIVITY_MS_MIN};
use std::fmt::Display;

/// Whose midnight ends a session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Midnight {
    /// The visitor's, in the zone of the device.
    #[default]
    Local,
    /// That of an IANA zone, `UTC` among them. A zone that the browser does not know counts as `Local`.
    Zone(String),
    /// Nobody's: days do not end sessions.
    Off,
}

/// How new a campaign must be to end a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Campaign {
    /// No campaign ends a session.
    Off,
    /// A new source does.
    #[default]
    Source,
    /// A new source or medium does.
    Medium,
    /// A new source, medium or campaign does.
    Campaign,
}

/// What becomes of visitors who ask every site not to track (Global Privacy Control, Do Not Track).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gpc {
    /// They are left alone.
    #[default]
    Respect,
    /// They have a session in this page's memory, without a device id.
    Cookieless,
    /// They are tracked like anybody.
    Ignore,
}

/// What a visitor has answered, or is still to answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// They agreed, or nobody asks.
    #[default]
    Granted,
    /// They are asked: what happens is kept in this page's memory, and nothing is stored or sent.
    Pending,
    /// They refused: nothing is tracked.
    Denied,
}

impl Consent {
    /// The name in the package and on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Pending => "pending",
            Self::Denied => "denied",
        }
    }
}

/// Options under their names in the package.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
struct Choices<'a> {
    collector: &'a str,
    site: &'a str,
    timeout_minutes: f64,
    midnight: Choice<'a>,
    campaign: Choice<'a>,
    internal_campaigns: bool,
    max_hours: Option<f64>,
    end_on_browser_close: bool,
    gateways: &'a [String],
    autocapture: bool,
    storage: &'a str,
    consent: &'a str,
    allow_query: String,
    scrub: bool,
}

/// A choice that is a name, or switched on or off.
#[derive(Serialize)]
#[serde(untagged)]
enum Choice<'a> {
    Is(bool),
    Named(&'a str),
}

/// Options of [`Shopbell::init`](crate::Shopbell::init).
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct Options {
    /// URL that batches are posted to.
    pub collector: String,
    /// The site's name in every batch.
    pub site: String,
    /// Minutes of inactivity that end a session, 1 to 1440; 30 by default.
    pub timeout_minutes: f64,
    /// Whose midnight ends a session; the visitor's by default.
    pub midnight: Midnight,
    /// How new a campaign must be to end a session; by default its source.
    pub campaign: Campaign,
    /// Whether utm parameters on links within the site count; on by default.
    pub internal_campaigns: bool,
    /// Longest session in hours; by default 24 where `midnight` is off, and no bound where it is on.
    pub max_hours: Option<f64>,
    /// Whether a session ends when the last tab of the origin is gone; off by default. It needs Web Locks.
    pub end_on_browser_close: bool,
    /// Hosts, and domains above them, that visitors pay or sign in at and come back from, beside those that the tracker
    /// knows; with a hyphen in front, one that it is to forget.
    pub gateways: Vec<String>,
    /// Whether page views are counted by themselves; on by default.
    pub autocapture: bool,
    /// What becomes of visitors who ask every site not to track; by default they are left alone.
    pub gpc: Gpc,
    /// What the visitor has answered as the page begins; by default nobody asks.
    pub consent: Consent,
    /// Parameters of queries that are kept, beside those that say where a visitor came from and what they look for.
    pub allow_query: Vec<String>,
    /// Whether what names a person is taken out of URLs and texts; on by default.
    pub scrub: bool,
    /// Whether state may be kept in localStorage; on by default. Without, a session lives as long as the page.
    pub local_storage: bool,
}

impl Options {
    /// The defaults, for a collector and a site.
    pub fn new(collector: impl Into<String>, site: impl Into<String>) -> Self {
        Self {
            collector: collector.into(),
            site: site.into(),
            timeout_minutes: (INACTIVITY_MS / 60_000) as f64,
            midnight: Midnight::Local,
            campaign: Campaign::Source,
            internal_campaigns: true,
            max_hours: None,
            end_on_browser_close: false,
            gateways: Vec::new(),
            autocapture: true,
            gpc: Gpc::Respect,
            consent: Consent::Granted,
            allow_query: Vec::new(),
            scrub: true,
            local_storage: true,
        }
    }

    /// These options with a default for each that is not accepted, of which a sentence is said to the console.
    pub(crate) fn checked(&self) -> Self {
        let mut checked = self.clone();
        let minutes = (INACTIVITY_MS_MIN / 60_000) as f64..=(INACTIVITY_MS_MAX / 60_000) as f64;
        if !minutes.contains(&self.timeout_minutes) {
            let (least, most) = (minutes.start(), minutes.end());
            checked.timeout_minutes = (INACTIVITY_MS / 60_000) as f64;
            warn("timeout_minutes", self.timeout_minutes, &format!("a number from {least} to {most}"));
        }
        if let Some(hours) = self.max_hours.filter(|hours| !(1.0..=720.0).contains(hours)) {
            checked.max_hours = None;
            warn("max_hours", hours, "a number from 1 to 720");
        }
        if let Midnight::Zone(zone) = &self.midnight
            && !page::is_zone(zone)
        {
            checked.midnight = Midnight::Local;
            warn("midnight", zone, "an IANA zone");
        }
        checked
    }

    /// The options as the JavaScript half takes them, and how the visitor stands as the page begins: denied is cookieless here.
    pub(crate) fn choices(&self, consent: Consent) -> impl Serialize + '_ {
        Choices {
            collector: &self.collector,
            site: &self.site,
            timeout_minutes: self.timeout_minutes,
            midnight: match &self.midnight {
                Midnight::Local => Choice::Named("local"),
                Midnight::Zone(zone) => Choice::Named(zone),
                Midnight::Off => Choice::Is(false),
            },
            campaign: match self.campaign {
                Campaign::Off => Choice::Is(false),
                Campaign::Source => Choice::Is(true),
                Campaign::Medium => Choice::Named("medium"),
                Campaign::Campaign => Choice::Named("campaign"),
            },
            internal_campaigns: self.internal_campaigns,
            max_hours: self.max_hours,
            end_on_browser_close: self.end_on_browser_close,
            gateways: &self.gateways,
            autocapture: self.autocapture,
            storage: if self.local_storage && consent != Consent::Denied { "local" } else { "memory" },
            consent: consent.name(),
            allow_query: self.allow_query.join(" "),
            scrub: self.scrub,
        }
    }
}

fn warn(option: &str, value: impl Display, accepted: &str) {
    let sentence =
        format!("shopbell: option \"{option}\" is {value}; accepted is {accepted}, and the default is used.");
    web_sys::console::warn_1(&sentence.into());
}
