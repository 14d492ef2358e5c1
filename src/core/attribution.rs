//! Where a visitor comes from: campaign parameters, click ids and the referrer; and what they mean.
//!
//! A page reports the facts ([`Arrival`]); a collector finds the network and the channel in them ([`Origin`]).

mod gateways;
mod networks;

use crate::layout::landing;
#[cfg(doc)]
use crate::layout::source;
use crate::lines::{self, Lines};
use crate::text;
use alloc::string::String;
pub use gateways::GATEWAYS;
pub use networks::{CHANNELS, Origin};

/// The source of a visitor who came from nowhere that shows; GA's spelling, which no host can have.
pub const DIRECT: &str = "(direct)";
/// The medium of such a visitor.
const NO_MEDIUM: &str = "(none)";
/// The medium of a visitor who followed a link that says no more.
pub const REFERRAL: &str = "referral";

/// Parameter, network and implied medium of the click ids of the large networks. Facebook adds its own to unpaid
/// links too, so it implies no payment.
const CLICK_IDS: &str = "\
gclid google cpc
gbraid google cpc
wbraid google cpc
dclid google display
fbclid facebook social
msclkid bing cpc
ttclid tiktok cpc
twclid twitter cpc
li_fat_id linkedin cpc
epik pinterest cpc
";

/// The facts of a visitor who came from nowhere that shows.
const NOWHERE: &str = "(direct)\n(none)\n\n\n\n\n\n\n";

/// What a page's URL and referrer say of how its visitor came. The host reads them, since browsers are best at URLs, and
/// reports them as [`lines`](Self::lines) of [`layout::landing`](landing), where the fields are explained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Landing<'a> {
    /// Source, medium, campaign, term, content and id.
    pub utm: [&'a str; landing::PARAMETERS],
    /// Names of the parameters that have a value, with a space behind each.
    pub parameters: &'a str,
    /// Origin and path of the page that linked here, if it was another site's.
    pub referrer: &'a str,
    /// Who that is.
    pub referrer_name: &'a str,
    /// Whether the visitor came back from a payment gateway or a login page.
    pub is_return: bool,
    /// Whether the campaign is one of messages: by mail, SMS or push.
    pub is_message: bool,
}

impl Landing<'_> {
    /// A line each, in the order of the fields; those of the last two are empty for no.
    pub fn lines(&self) -> String {
        let mut out = Lines::default();
        for line in self.utm.iter().chain(&[self.parameters, self.referrer, self.referrer_name]) {
            out.push(line);
        }
        for is_so in [self.is_return, self.is_message] {
            out.push(if is_so { "true" } else { "" });
        }
        out.into_text()
    }
}

/// How a visitor arrived at a page; by default, from nowhere that shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    facts: String,
    /// Whether the URL named the source (utm parameters or a click id), so that it can end a session.
    pub is_campaign: bool,
    /// Whether the visitor comes back from a payment gateway or a login page, and from nowhere new.
    pub is_return: bool,
    /// Whether a pending checkout is over by it: by a message or an ad, which no bank sends its customers back with.
    pub ends_checkout: bool,
}

impl Arrival {
    /// Finds out where a visitor came from, from the [`lines`](Landing::lines) of a landing.
    pub fn read(lines: &str) -> Self {
        let mut utm = lines;
        let mut rest = lines::behind(lines, landing::PARAMETERS);
        let mut implied = find_click(lines::next(&mut rest));
        let click_id = text::take(&mut implied, b' ');
        let (referrer, name) = (lines::next(&mut rest), lines::next(&mut rest));
        let has_source = !text::before(utm, b'\n').is_empty();
        let is_campaign = has_source || !click_id.is_empty();
        // For source and medium, where the parameters have none.
        let (mut fallback, mut next_fallback) = if has_source {
            ("", "")
        } else if is_campaign {
            (text::take(&mut implied, b' '), implied)
        } else if name.is_empty() {
            (DIRECT, NO_MEDIUM)
        } else {
            (name, REFERRAL)
        };
        if !is_campaign {
            // A medium or a campaign without a source is nobody's.
            utm = "";
        }
        let mut facts = Lines::default();
        for _ in 0..landing::PARAMETERS {
            let value = lines::next(&mut utm);
            facts.push(if value.is_empty() { fallback } else { value });
            (fallback, next_fallback) = (next_fallback, "");
        }
        facts.push(click_id);
        facts.push(referrer);
        let is_return = !lines::next(&mut rest).is_empty();
        let ends_checkout = !click_id.is_empty() || !lines::next(&mut rest).is_empty();
        Self { facts: facts.into_text(), is_campaign, is_return, ends_checkout }
    }

    /// From here on it is from nowhere that shows.
    pub(crate) fn forget(&mut self) {
        self.facts.clear();
        self.is_campaign = false;
        self.is_return = false;
    }

    /// The facts of its source: lines of [`layout::source`](source).
    pub fn facts(&self) -> &str {
        if self.facts.is_empty() { NOWHERE } else { &self.facts }
    }

    /// What of the campaign can end a session, as its first `lines` lines (source, medium, campaign); empty if there is
    /// none.
    pub fn campaign(&self, lines: usize) -> &str {
        if self.is_campaign { lines::first(&self.facts, lines) } else { "" }
    }
}

/// The row of the first click id among the parameters; empty where there is none.
fn find_click(parameters: &str) -> &'static str {
    let mut rest = parameters;
    while !rest.is_empty() {
        let click = lines::row(CLICK_IDS, text::take(&mut rest, b' '));
        if !click.is_empty() {
            return click;
        }
    }
    ""
}
