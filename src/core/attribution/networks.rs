//! The networks that send visitors, by the name a campaign gives them and by host; and the channels that they and a
//! campaign's medium make, after GA4's default channel groups.
//!
//! Collectors ask for this, pages do not: a table of hosts is out of date before a shop renews its tracker, and would
//! be a sixth of what its visitors download.
//!
//! The tables are text, a row a line, plain to edit.

use super::{DIRECT, REFERRAL};
use crate::lines;
use crate::text::before;
use alloc::string::{String, ToString};

/// Every channel there is: GA4's default channel groups, and one for assistants.
pub const CHANNELS: [&str; 20] = [
    "direct",
    "cross_network",
    "paid_shopping",
    "paid_search",
    "paid_social",
    "paid_video",
    "display",
    "paid_other",
    "organic_shopping",
    "organic_social",
    "organic_video",
    "organic_search",
    "ai_assistants",
    "email",
    "affiliates",
    "audio",
    "sms",
    "mobile_push",
    "referral",
    "unassigned",
];

/// What kind of network sends a visitor.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Search,
    Social,
    Video,
    Shopping,
    Assistant,
    Mail,
    /// None that we know.
    Unknown,
}

impl Group {
    /// The medium of a visit that only a referrer explains.
    fn medium(self) -> &'static str {
        match self {
            Self::Search => "organic",
            Self::Social => "social",
            Self::Mail => "email",
            Self::Video | Self::Shopping | Self::Assistant | Self::Unknown => REFERRAL,
        }
    }

    /// The channel that paid visits make.
    fn paid(self) -> &'static str {
        match self {
            Self::Search => "paid_search",
            Self::Social => "paid_social",
            Self::Video => "paid_video",
            Self::Shopping => "paid_shopping",
            Self::Assistant | Self::Mail | Self::Unknown => "paid_other",
        }
    }
}

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
p
amazon. amazon
ebay. ebay
etsy.com etsy
walmart.com walmart
aliexpress.com aliexpress
shopping.google.com google-shopping
a
chatgpt.com chatgpt
perplexity.ai perplexity
gemini.google.com gemini
copilot.microsoft.com copilot
claude.ai claude
m
mail.google.com gmail
";

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
    pub fn find(source: &str, medium: &str, campaign: &str, referrer: &str) -> Self {
        let campaign = &campaign.to_lowercase();
        let from = host(referrer);
        let is_campaign = !is_referral(source, medium, from);
        let (name, group) = if is_campaign { (source, by_name(source)) } else { by_host(from) };
        let medium = if is_campaign { medium } else { group.medium() };
        Self {
            source: name.to_string(),
            medium: medium.to_string(),
            channel: if source == DIRECT { "direct" } else { channel(source, medium, campaign, group) },
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

/// The group of the network that a campaign calls `source`, by its name or by its host.
fn by_name(source: &str) -> Group {
    find(&mut |domain, name| name == source || is_in(source, domain)).1
}

/// Name and group of the network at `host` (in lower case); the host itself where it is none we know.
fn by_host(host: &str) -> (&str, Group) {
    let (name, group) = find(&mut |domain, _| is_in(host, domain));
    (if name.is_empty() { host } else { name }, group)
}

/// The last network that is as wanted: those below another's domain stand behind it.
fn find(is_wanted: &mut dyn FnMut(&'static str, &'static str) -> bool) -> (&'static str, Group) {
    let mut found = ("", Group::Unknown);
    let mut group = Group::Unknown;
    let mut rest = NETWORKS;
    while !rest.is_empty() {
        let row = lines::next(&mut rest);
        match (row, row.split_once(' ')) {
            (_, Some((domain, name))) if is_wanted(domain, name) => found = (name, group),
            ("s", None) => group = Group::Search,
            ("n", None) => group = Group::Social,
            ("v", None) => group = Group::Video,
            ("p", None) => group = Group::Shopping,
            ("a", None) => group = Group::Assistant,
            ("m", None) => group = Group::Mail,
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

/// The channel of a source that is not direct: the first of GA4's definitions that it meets, in their order.
fn channel(source: &str, medium: &str, campaign: &str, group: Group) -> &'static str {
    let is = |mediums: &[&str]| mediums.contains(&medium);
    let is_mail = EMAIL.contains(&medium) || EMAIL.contains(&source);
    let is_paid = medium.contains("cp") || medium.starts_with("paid") || is(&["ppc", "retargeting"]);
    let is_shopping = group == Group::Shopping || is_shop(campaign);
    let definitions = [
        (campaign.contains("cross-network"), "cross_network"),
        (is_paid && is_shopping, "paid_shopping"),
        (is_paid && group.paid() != "paid_other", group.paid()),
        (is(&["display", "banner", "expandable", "interstitial", "cpm"]), "display"),
        (is_paid, "paid_other"),
        (is_shopping, "organic_shopping"),
        (group == Group::Social || is(&SOCIAL_MEDIUMS), "organic_social"),
        (group == Group::Video || medium.contains("video"), "organic_video"),
        (group == Group::Search || medium == "organic", "organic_search"),
        (group == Group::Assistant, "ai_assistants"),
        (group == Group::Mail || is_mail || medium == "newsletter", "email"),
        (is(&["affiliate", "affiliates"]), "affiliates"),
        (medium == "audio", "audio"),
        (medium == "sms" || source == "sms", "sms"),
        (medium.ends_with("push") || source == "firebase", "mobile_push"),
        (medium.contains("mobile") || medium.contains("notification"), "mobile_push"),
        (is(&["referral", "link", "app"]), "referral"),
    ];
    definitions.into_iter().find(|(is_met, _)| *is_met).map_or("unassigned", |(_, channel)| channel)
}

const EMAIL: [&str; 4] = ["email", "e-mail", "e_mail", "e mail"];
const SOCIAL_MEDIUMS: [&str; 6] = ["social", "social-network", "social-media", "sm", "social network", "social media"];

/// Whether a campaign's name says that it is for a shop's products: the word "shopping", or "shop" at the beginning of a
/// word or behind an e.
fn is_shop(campaign: &str) -> bool {
    let before_shop = |(at, _): (usize, &str)| campaign.as_bytes().get(at.wrapping_sub(1)).copied();
    let begins = |before: Option<u8>| before.is_none_or(|byte| !byte.is_ascii_lowercase() || byte == b'e');
    campaign.contains("shopping") || campaign.match_indices("shop").map(before_shop).any(begins)
}
