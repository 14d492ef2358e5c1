//! Which sessions are wanted.

use super::{Figures, Session};
use crate::query::{Query, Visitor};
use shopbell_core::attribution::CHANNELS;

/// A question's filters, as numbers that sessions are compared with.
pub(crate) struct Filter {
    from: i64,
    to: i64,
    site: Option<u16>,
    channel: Option<u8>,
    source: Option<u16>,
    campaign: Option<u16>,
    landing_page: Option<u16>,
    reason: Option<u16>,
    is_first: Option<bool>,
    /// Whether those of bots alone, or none of them.
    is_bot: Option<bool>,
    /// A name that no session has.
    is_in_vain: bool,
}

impl Filter {
    /// The filters of a question that asks for sessions of bots too, for none but them, or for none of them.
    pub(crate) fn new(figures: &Figures, query: &Query, is_bot: Option<bool>) -> Self {
        let mut is_in_vain = false;
        let mut named = |name: &Option<String>, find: &dyn Fn(&str) -> Option<u16>| {
            let found = find(name.as_deref()?);
            is_in_vain |= found.is_none();
            found
        };
        let channel = |name: &str| CHANNELS.iter().position(|known| *known == name).map(|index| index as u16);
        Self {
            from: query.from.unwrap_or(i64::MIN),
            to: query.to.unwrap_or(i64::MAX),
            site: named(&query.site, &|name| figures.sites.find(name)),
            channel: named(&query.channel, &channel).map(|index| index as u8),
            source: named(&query.source, &|name| figures.sources.find(name)),
            campaign: named(&query.campaign, &|name| figures.campaigns.find(name)),
            landing_page: named(&query.landing_page, &|name| figures.landing_pages.find(name)),
            reason: named(&query.reason, &|name| figures.reasons.find(name)),
            is_first: query.visitor.map(Visitor::is_new),
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
            && is(self.channel, session.channel)
            && is(self.source, session.source)
            && is(self.campaign, session.campaign)
            && is(self.landing_page, session.landing_page)
            && is(self.reason, session.reason)
            && is(self.is_first, session.is_first)
            && is(self.is_bot, session.is_bot)
            && !self.is_in_vain
    }
}
