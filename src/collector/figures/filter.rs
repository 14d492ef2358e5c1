//! Which sessions are wanted.

use super::origins::{Attribution, Part};
use super::{DEVICE_CLASSES, Figures, Session};

/// Which sessions are wanted, by names; all, where nothing is said.
#[derive(Clone, Copy, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) site: Option<&'a str>,
    /// Channel, source, medium, campaign, term and content, in the order of [`Part::ALL`].
    pub(crate) parts: [Option<&'a str>; 6],
    /// Of which visit those are.
    pub(crate) attribution: Attribution,
    pub(crate) landing_page: Option<&'a str>,
    pub(crate) exit_page: Option<&'a str>,
    pub(crate) device: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
    /// Whether a device's first sessions are wanted, or its later ones.
    pub(crate) is_first: Option<bool>,
}

/// A question's filters, as numbers that sessions are compared with.
pub(crate) struct Filter {
    from: i64,
    to: i64,
    site: Option<u16>,
    attribution: Attribution,
    /// Of each origin, whether it is wanted; all of them are where nothing is said.
    origins: Option<Vec<bool>>,
    landing_page: Option<u16>,
    exit_page: Option<u16>,
    reason: Option<u16>,
    device_class: Option<u8>,
    is_first: Option<bool>,
    /// Whether those of bots alone, or none of them.
    is_bot: Option<bool>,
    /// A name that no session has.
    is_in_vain: bool,
}

impl Filter {
    /// Those that are wanted and began in this time: of bots too, of none but them, or of none of them.
    pub(crate) fn new(figures: &Figures, wanted: Wanted<'_>, (from, to): (i64, i64), is_bot: Option<bool>) -> Self {
        let mut is_in_vain = false;
        let mut named = |name: Option<&str>, find: &dyn Fn(&str) -> Option<u16>| {
            let found = find(name?);
            is_in_vain |= found.is_none();
            found
        };
        let parts: Vec<_> = Part::ALL
            .into_iter()
            .zip(wanted.parts)
            .filter_map(|(part, name)| Some((part, named(name, &|name| figures.origins.find(part, name))?)))
            .collect();
        let class = |name: &str| DEVICE_CLASSES.iter().position(|known| *known == name).map(|index| index as u16);
        Self {
            from,
            to,
            site: named(wanted.site, &|name| figures.sites.find(name)),
            attribution: wanted.attribution,
            origins: (!parts.is_empty()).then(|| figures.origins.matching(&parts)),
            landing_page: named(wanted.landing_page, &|name| figures.pages.find(name)),
            exit_page: named(wanted.exit_page, &|name| figures.pages.find(name)),
            reason: named(wanted.reason, &|name| figures.reasons.find(name)),
            device_class: named(wanted.device, &class).map(|index| index as u8),
            is_first: wanted.is_first,
            is_bot,
            is_in_vain,
        }
    }

    pub(crate) fn is_met(&self, began_at: i64, session: &Session) -> bool {
        fn is<T: PartialEq + Copy>(wanted: Option<T>, found: T) -> bool {
            wanted.is_none_or(|wanted| wanted == found)
        }
        (self.from..self.to).contains(&began_at)
            && session.steps != 0
            && is(self.site, session.site)
            && is(self.landing_page, session.landing_page)
            && is(self.exit_page, session.exit_page)
            && is(self.reason, session.reason)
            && is(self.device_class, session.device_class)
            && is(self.is_first, session.is_first)
            && is(self.is_bot, session.is_bot)
            && self.origins.as_ref().is_none_or(|wanted| wanted[session.origin(self.attribution) as usize])
            && !self.is_in_vain
    }
}
