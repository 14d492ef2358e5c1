//! The time zones that sites count their days in.

use jiff::tz::TimeZone;
use std::str::FromStr;

/// A time zone, as `--time-zone` names it.
#[derive(Clone, Debug)]
pub struct Zone {
    /// Of all sites that have none of their own, if none is named.
    site: Option<String>,
    zone: TimeZone,
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (site, name) = match text.rsplit_once('=') {
            Some((site, name)) => (Some(site.to_owned()), name),
            None => (None, text),
        };
        Ok(Self { site, zone: named(name)? })
    }
}

/// The time zone of a name.
pub(crate) fn named(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        let name = crate::batch::check::quoted(name);
        format!("{name:?} is no time zone; accepted is an IANA name such as Europe/Berlin, or UTC")
    })
}

/// The time zones of all sites.
#[derive(Clone, Debug, Default)]
pub struct Zones(Vec<Zone>);

impl Zones {
    /// These; of sites that are not named, this machine's.
    pub fn new(zones: Vec<Zone>) -> Self {
        Self(zones)
    }

    /// The time zone of a site, or of all sites together.
    pub fn of(&self, site: Option<&str>) -> TimeZone {
        let own = self.0.iter().find(|zone| zone.site.is_some() && zone.site.as_deref() == site);
        let of_all = || self.0.iter().find(|zone| zone.site.is_none());
        own.or_else(of_all).map_or_else(TimeZone::system, |zone| zone.zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{Zone, Zones};

    #[test]
    fn which_time_zone_a_site_has() {
        let zones = ["shop=Europe/Berlin", "America/New_York", "a=b=Asia/Tokyo"];
        let zones = Zones::new(zones.iter().map(|zone| zone.parse::<Zone>().expect("a zone")).collect());
        for (site, expected) in [
            (Some("shop"), "Europe/Berlin"),
            (Some("a=b"), "Asia/Tokyo"),
            (Some("blog"), "America/New_York"),
            (None, "America/New_York"),
        ] {
            assert_eq!(zones.of(site).iana_name(), Some(expected), "{site:?}");
        }
        for text in ["", "Berlin", "shop=", "shop=Europe/Nowhere"] {
            assert!(text.parse::<Zone>().is_err_and(|sentence| sentence.contains("accepted is")), "{text}");
        }
    }
}
