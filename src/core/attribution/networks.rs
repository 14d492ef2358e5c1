//! The networks that send visitors, by the name a campaign gives them and by host; and the channels that they and a
//! campaign's medium make, after GA4's default channel groups.
//!
//! Collectors ask for this, pages do not: a table of hosts is out of date before a shop renews its tracker, and would
//! be a sixth of what its visitors download.
//!
//! The tables are text, a row a line, plain to edit.

use super::{DIRECT, REFERRAL, row};
use crate::lines;
use crate::text::{before, take};
use alloc::string::{String, ToString};

/// Every channel there is.
pub const CHANNELS: [&str; 14] = [
    "direct",
    "organic_search",
    "paid_search",
    "organic_social",
    "paid_social",
    "paid_other",
    "video",
    "display",
    "email",
    "affiliates",
    "sms",
    "ai_assistants",
    "referral",
    "unassigned",
];

/// What a group of networks makes of a visit.
#[derive(Clone, Copy)]
struct Group {
    /// The medium of a visit that only a referrer explains.
    medium: &'static str,
    organic: &'static str,
    paid: &'static str,
}

const SEARCH: Group = Group { medium: "organic", organic: "organic_search", paid: "paid_search" };
const SOCIAL: Group = Group { medium: "social", organic: "organic_social", paid: "paid_social" };
const VIDEO: Group = Group { medium: "referral", organic: "video", paid: "video" };
const ASSISTANT: Group = Group { medium: "referral", organic: "ai_assistants", paid: "paid_other" };
const MAIL: Group = Group { medium: "email", organic: "email", paid: "paid_other" };
/// The group of a source that is no network we know.
const UNKNOWN: Group = Group { medium: "referral", organic: "referral", paid: "paid_other" };

/// Domain and name of each network, under the initial of its group. A domain that ends in a dot stands for all its
/// country domains.
const NETWORKS: &str = "\
s
google. google
bing.com bing
duckduckgo.com duckduckgo
search.yahoo.com yahoo
ecosia.org ecosia
qwant.com qwant
search.brave.com brave
startpage.com startpage
baidu.com baidu
yandex. yandex
search.naver.com naver
seznam.cz seznam
n
facebook.com facebook
fb.com facebook
fb.me fb
instagram.com instagram
ig.me ig
threads.net threads
tiktok.com tiktok
pinterest. pinterest
linkedin.com linkedin
lnkd.in linkedin
reddit.com reddit
twitter.com twitter
t.co twitter
x.com twitter
snapchat.com snapchat
vk.com vk
v
youtube.com youtube
vimeo.com vimeo
a
chatgpt.com chatgpt
perplexity.ai perplexity
gemini.google.com gemini
copilot.microsoft.com copilot
claude.ai claude
m
mail.google.com gmail
";

/// Medium and the channel it makes, whatever the network; `paid` for the network's paid channel.
const MEDIUMS: &str = "\
cpc paid
ppc paid
cpv paid
retargeting paid
display display
banner display
expandable display
interstitial display
cpm display
email email
e-mail email
e_mail email
newsletter email
affiliate affiliates
affiliates affiliates
sms sms
video video
social organic_social
social-network organic_social
social-media organic_social
sm organic_social
organic organic_search
referral referral
link referral
app referral
";

/// What stands behind `key` and a space at the beginning of a row; empty where no row begins so.
fn look_up(table: &'static str, key: &str) -> &'static str {
    let mut row = row(table, key);
    take(&mut row, b' ');
    row
}

/// Where a session came from, as its source, medium and referrer tell: the names that its site goes by, and the
/// channel they make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The source; where only a referrer explains the visit, the network that the referrer's host belongs to.
    pub source: String,
    /// The medium; where only a referrer explains the visit, what that network sends: `organic`, `social`, …
    pub medium: String,
    /// One of [`CHANNELS`].
    pub channel: &'static str,
}

impl Origin {
    /// Finds the origin of a session.
    pub fn find(source: &str, medium: &str, referrer: &str) -> Self {
        let from = host(referrer);
        let is_campaign = !is_referral(source, medium, from);
        let (name, group) = if is_campaign { (source, by_name(source)) } else { by_host(from) };
        let medium = if is_campaign { medium } else { group.medium };
        Self {
            source: name.to_string(),
            medium: medium.to_string(),
            channel: if source == DIRECT { "direct" } else { channel(medium, group, is_campaign) },
        }
    }
}

/// The host of a referrer as trackers tell it, origin and path, without `www.`; empty for what is none.
fn host(referrer: &str) -> &str {
    let hierarchy = referrer.split_once("://").map_or("", |(_, rest)| rest);
    let host_port = before(hierarchy, b'/');
    let host = before(host_port, b':');
    host.strip_prefix("www.").unwrap_or(host)
}

/// Whether `host` is `domain` or a subdomain of it, at a dot and not just by its ending.
fn is_at(host: &str, domain: &str) -> bool {
    let above = host.strip_suffix(domain);
    above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

/// Whether nothing but its referrer explains a visit.
fn is_referral(source: &str, medium: &str, from: &str) -> bool {
    !from.is_empty() && source == from && medium == REFERRAL
}

/// The group of the network that a campaign calls `source`.
fn by_name(source: &str) -> Group {
    find(&mut |_, name| name == source).1
}

/// Name and group of the network at `host` (in lower case); the host itself where it is none we know.
fn by_host(host: &str) -> (&str, Group) {
    let (name, group) = find(&mut |domain, _| is_in(host, domain));
    (if name.is_empty() { host } else { name }, group)
}

/// The last network that is as wanted: those below another's domain stand behind it.
fn find(is_wanted: &mut dyn FnMut(&'static str, &'static str) -> bool) -> (&'static str, Group) {
    let mut found = ("", UNKNOWN);
    let mut group = UNKNOWN;
    let mut rest = NETWORKS;
    while !rest.is_empty() {
        let row = lines::next(&mut rest);
        match (row, row.split_once(' ')) {
            (_, Some((domain, name))) if is_wanted(domain, name) => found = (name, group),
            ("s", None) => group = SEARCH,
            ("n", None) => group = SOCIAL,
            ("v", None) => group = VIDEO,
            ("a", None) => group = ASSISTANT,
            ("m", None) => group = MAIL,
            _ => {}
        }
    }
    found
}

/// Whether `host` is at `domain`, or at one of its countries' domains.
fn is_in(host: &str, domain: &str) -> bool {
    if domain.as_bytes().last() != Some(&b'.') {
        return is_at(host, domain);
    }
    let mut labels = host;
    loop {
        if labels.strip_prefix(domain).is_some_and(is_country) {
            return true;
        }
        let Some((_, behind)) = labels.split_once('.') else {
            return false;
        };
        labels = behind;
    }
}

/// Whether `suffix` is one that search engines put their country sites under: `de`, `com`, `co.uk`, `com.br`.
fn is_country(suffix: &str) -> bool {
    let last = match suffix.split_once('.') {
        Some(("co" | "com", last)) => last,
        _ => suffix,
    };
    matches!(last.len(), 2 | 3) && before(last, b'.') == last
}

/// The channel of a source that is not direct: the medium's word counts before the network's.
fn channel(medium: &str, group: Group, is_campaign: bool) -> &'static str {
    let is_paid = medium.as_bytes().starts_with(b"paid");
    match look_up(MEDIUMS, medium) {
        "paid" => group.paid,
        _ if is_paid => group.paid,
        // A site that is no network says nothing of a campaign whose medium says nothing.
        "" if is_campaign && group.organic == UNKNOWN.organic => "unassigned",
        "" | "referral" => group.organic,
        channel => channel,
    }
}

#[cfg(test)]
pub(super) fn channels_in_use() -> impl Iterator<Item = &'static str> {
    let groups = [SEARCH, SOCIAL, VIDEO, ASSISTANT, MAIL, UNKNOWN];
    let of_mediums = MEDIUMS.lines().map(|row| look_up(MEDIUMS, before(row, b' ')));
    let of_groups = groups.into_iter().flat_map(|group| [group.organic, group.paid]);
    of_mediums.filter(|channel| *channel != "paid").chain(of_groups).chain(["unassigned"])
}
