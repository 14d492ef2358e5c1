//! The networks that send visitors, by the name a campaign gives them, by host and by click id.

use super::url::is_below;

/// What kind of site sends a visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A search engine.
    Search,
    /// A social network.
    Social,
    /// A video site.
    Video,
    /// An AI assistant.
    Assistant,
    /// A mail program on the web.
    Mail,
    /// Any other.
    Other,
}

impl Kind {
    /// The medium of a visit that only a referrer explains.
    pub(super) fn medium(self) -> &'static str {
        match self {
            Self::Search => "organic",
            Self::Social => "social",
            Self::Mail => "email",
            Self::Video | Self::Assistant | Self::Other => "referral",
        }
    }
}

/// A click id: its parameter, the network it belongs to, the medium it implies.
pub(super) type ClickId = (&'static str, &'static str, &'static str);

/// The click ids of the large networks. Facebook adds its own to unpaid links too, so it implies no payment.
const CLICK_IDS: [ClickId; 10] = [
    ("gclid", "google", "cpc"),
    ("gbraid", "google", "cpc"),
    ("wbraid", "google", "cpc"),
    ("dclid", "google", "display"),
    ("fbclid", "facebook", "social"),
    ("msclkid", "bing", "cpc"),
    ("ttclid", "tiktok", "cpc"),
    ("twclid", "twitter", "cpc"),
    ("li_fat_id", "linkedin", "cpc"),
    ("epik", "pinterest", "cpc"),
];

/// The click id that this query parameter is, if it is one.
pub(super) fn click_id(parameter: &str) -> Option<ClickId> {
    CLICK_IDS.into_iter().find(|(name, ..)| *name == parameter)
}

/// Name and domain of each network. A domain that ends in a dot stands for all its country domains.
const NETWORKS: [(&str, &str, Kind); 36] = [
    ("google", "google.", Kind::Search),
    ("bing", "bing.com", Kind::Search),
    ("duckduckgo", "duckduckgo.com", Kind::Search),
    ("yahoo", "search.yahoo.com", Kind::Search),
    ("ecosia", "ecosia.org", Kind::Search),
    ("qwant", "qwant.com", Kind::Search),
    ("brave", "search.brave.com", Kind::Search),
    ("startpage", "startpage.com", Kind::Search),
    ("baidu", "baidu.com", Kind::Search),
    ("yandex", "yandex.", Kind::Search),
    ("naver", "search.naver.com", Kind::Search),
    ("seznam", "search.seznam.cz", Kind::Search),
    ("facebook", "facebook.com", Kind::Social),
    ("facebook", "fb.com", Kind::Social),
    ("fb", "fb.me", Kind::Social),
    ("instagram", "instagram.com", Kind::Social),
    ("ig", "threads.net", Kind::Social),
    ("tiktok", "tiktok.com", Kind::Social),
    ("pinterest", "pinterest.", Kind::Social),
    ("pinterest", "pin.it", Kind::Social),
    ("linkedin", "linkedin.com", Kind::Social),
    ("linkedin", "lnkd.in", Kind::Social),
    ("reddit", "reddit.com", Kind::Social),
    ("twitter", "twitter.com", Kind::Social),
    ("twitter", "t.co", Kind::Social),
    ("twitter", "x.com", Kind::Social),
    ("snapchat", "snapchat.com", Kind::Social),
    ("vk", "vk.com", Kind::Social),
    ("youtube", "youtube.com", Kind::Video),
    ("vimeo", "vimeo.com", Kind::Video),
    ("chatgpt", "chatgpt.com", Kind::Assistant),
    ("perplexity", "perplexity.ai", Kind::Assistant),
    ("gemini", "gemini.google.com", Kind::Assistant),
    ("copilot", "copilot.microsoft.com", Kind::Assistant),
    ("claude", "claude.ai", Kind::Assistant),
    ("gmail", "mail.google.com", Kind::Mail),
];

/// The kind of the network that a campaign calls `name`.
pub(super) fn by_name(name: &str) -> Kind {
    let network = NETWORKS.iter().find(|(known, ..)| *known == name);
    network.map_or(Kind::Other, |(.., kind)| *kind)
}

/// Name and kind of the network at `host` (in lower case); the host itself where it is none we know.
///
/// Of two domains that fit, the longer one counts: `mail.google.com` is mail.
pub(super) fn by_host(host: &str) -> (&str, Kind) {
    let network = NETWORKS
        .iter()
        .filter(|(_, domain, _)| is_at(host, domain))
        .max_by_key(|(_, domain, _)| domain.len());
    let host = host.strip_prefix("www.").unwrap_or(host);
    network.map_or((host, Kind::Other), |(name, _, kind)| (*name, *kind))
}

/// Whether `host` is `domain` or below it.
fn is_at(host: &str, domain: &str) -> bool {
    if !domain.ends_with('.') {
        return host == domain || is_below(host, domain);
    }
    let mut labels = host;
    loop {
        if labels.strip_prefix(domain).is_some_and(is_country) {
            return true;
        }
        let Some((_, rest)) = labels.split_once('.') else {
            return false;
        };
        labels = rest;
    }
}

/// Whether `suffix` is one that search engines put their country sites under: `de`, `com`, `co.uk`, `com.br`.
fn is_country(suffix: &str) -> bool {
    let last = match suffix.split_once('.') {
        Some(("co" | "com", last)) => last,
        _ => suffix,
    };
    matches!(last.len(), 2 | 3) && !last.contains('.')
}
