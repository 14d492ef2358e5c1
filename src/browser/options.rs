//! What a site may choose.

use shopbell_core::session::{INACTIVITY_MS, INACTIVITY_MS_MAX, INACTIVITY_MS_MIN, Rules};

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
    /// Whether a new campaign source ends a session; on by default.
    pub campaign: bool,
    /// Longest session in hours; by default 24 where `midnight` is off, and no bound where it is on.
    pub max_hours: Option<f64>,
    /// Whether page views are counted by themselves; on by default.
    pub autocapture: bool,
    /// Whether visitors who send Global Privacy Control or Do Not Track are left alone; on by default.
    pub respect_gpc: bool,
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
            campaign: true,
            max_hours: None,
            autocapture: true,
            respect_gpc: true,
            local_storage: true,
        }
    }

    pub(crate) fn rules(&self) -> Rules {
        let midnight = self.midnight != Midnight::Off;
        let max_hours = self.max_hours.or((!midnight).then_some(24.0));
        Rules {
            timeout_ms: ((self.timeout_minutes * 60_000.0) as u64).clamp(INACTIVITY_MS_MIN, INACTIVITY_MS_MAX),
            midnight,
            campaign: self.campaign,
            max_ms: max_hours.map(|hours| (hours * 3_600_000.0) as u64),
        }
    }

    /// The zone that days are counted in: empty for the device's.
    pub(crate) fn zone(&self) -> &str {
        match &self.midnight {
            Midnight::Zone(zone) => zone,
            Midnight::Local | Midnight::Off => "",
        }
    }
}
