//! Where a visitor comes from: campaign parameters, click ids, the referrer, and the channel they make.

mod networks;
mod url;

use crate::text;
use alloc::string::{String, ToString};
pub use networks::Kind;
pub use url::{host, page_key, path};

/// Longest campaign field kept, in characters.
pub const FIELD_CHARS_MAX: usize = 256;
/// The source of a visitor who came from nowhere that shows; GA's spelling, which no host can have.
pub const DIRECT: &str = "(direct)";

/// The group of sources a session belongs to, after GA4's default channel groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// Typed, bookmarked, or from an app that hides itself.
    #[default]
    Direct,
    /// An unpaid result of a search engine.
    OrganicSearch,
    /// A paid result of a search engine.
    PaidSearch,
    /// An unpaid post in a social network.
    OrganicSocial,
    /// A paid post in a social network.
    PaidSocial,
    /// Paid, elsewhere.
    PaidOther,
    /// A video site, or the medium `video`.
    Video,
    /// A banner.
    Display,
    /// A mail.
    Email,
    /// An affiliate.
    Affiliates,
    /// A text message.
    Sms,
    /// An AI assistant.
    AiAssistants,
    /// A link on another site.
    Referral,
    /// A campaign whose medium says none of these.
    Unassigned,
}

impl Channel {
    const ALL: [Self; 14] = [
        Self::Direct,
        Self::OrganicSearch,
        Self::PaidSearch,
        Self::OrganicSocial,
        Self::PaidSocial,
        Self::PaidOther,
        Self::Video,
        Self::Display,
        Self::Email,
        Self::Affiliates,
        Self::Sms,
        Self::AiAssistants,
        Self::Referral,
        Self::Unassigned,
    ];

    /// The name in storage and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::OrganicSearch => "organic_search",
            Self::PaidSearch => "paid_search",
            Self::OrganicSocial => "organic_social",
            Self::PaidSocial => "paid_social",
            Self::PaidOther => "paid_other",
            Self::Video => "video",
            Self::Display => "display",
            Self::Email => "email",
            Self::Affiliates => "affiliates",
            Self::Sms => "sms",
            Self::AiAssistants => "ai_assistants",
            Self::Referral => "referral",
            Self::Unassigned => "unassigned",
        }
    }

    /// The channel of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.name() == name)
    }
}

/// Where a session came from. A field that is unknown is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// `utm_source`, else the network that a click id belongs to, else the known name or the host of the
    /// referrer, else [`DIRECT`]. ASCII letters are in lower case.
    pub source: String,
    /// `utm_medium`, else what the click id or the referrer implies.
    pub medium: String,
    /// `utm_campaign`.
    pub campaign: String,
    /// `utm_term`.
    pub term: String,
    /// `utm_content`.
    pub content: String,
    /// The name of the click id that was there, such as `gclid`; never its value, which names a person's click.
    pub click_id: String,
    /// Origin and path of the page that linked here, if it was another site's.
    pub referrer: String,
    /// The group it belongs to.
    pub channel: Channel,
}

impl Default for Source {
    /// Direct.
    fn default() -> Self {
        Self {
            source: DIRECT.to_string(),
            medium: "(none)".to_string(),
            campaign: String::new(),
            term: String::new(),
            content: String::new(),
            click_id: String::new(),
            referrer: String::new(),
            channel: Channel::Direct,
        }
    }
}

/// How a visitor arrived at a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrival {
    /// Where from.
    pub source: Source,
    /// Whether the URL named the source (utm parameters or a click id), so that it can end a session.
    pub is_campaign: bool,
}

impl Arrival {
    /// Reads an arrival out of the page's URL and `document.referrer` (empty where there is none).
    ///
    /// Any text will do: what cannot be understood is as if it were not there.
    pub fn read(page_url: &str, referrer: &str) -> Self {
        let query = Query::read(page_url);
        let mut source = Source {
            campaign: query.campaign,
            term: query.term,
            content: query.content,
            ..Source::default()
        };
        let from = url::host(referrer);
        if from.is_some_and(|from| !url::same_site(from, url::host(page_url))) {
            source.referrer = text::clean(url::without_query(referrer), FIELD_CHARS_MAX);
        }
        let is_campaign = !query.source.is_empty() || query.click.is_some();
        if let Some((click_id, network, medium)) = query.click {
            source.click_id = click_id.to_string();
            source.source = network.to_string();
            source.medium = medium.to_string();
        }
        if !query.source.is_empty() {
            source.source = query.source;
            source.medium = query.medium;
        } else if !query.medium.is_empty() && is_campaign {
            source.medium = query.medium;
        }
        let mut kind = networks::by_name(&source.source);
        if !is_campaign && !source.referrer.is_empty() {
            let from = from.unwrap_or_default().to_ascii_lowercase();
            let (name, of_host) = networks::by_host(&from);
            source.source = name.to_string();
            source.medium = of_host.medium().to_string();
            kind = of_host;
        }
        source.channel = channel(&source, kind);
        Self {
            source,
            is_campaign,
        }
    }
}

/// The parameters that say where a visitor comes from; the first occurrence of each counts, and an empty one is
/// absent.
#[derive(Default)]
struct Query {
    source: String,
    medium: String,
    campaign: String,
    term: String,
    content: String,
    click: Option<networks::ClickId>,
}

impl Query {
    fn read(page_url: &str) -> Self {
        let mut query = Self::default();
        let Some((_, pairs)) = url::without_fragment(page_url).split_once('?') else {
            return query;
        };
        for pair in pairs.split('&') {
            let Some((name, value)) = pair.split_once('=') else {
                continue;
            };
            let field = match name {
                "utm_source" => &mut query.source,
                "utm_medium" => &mut query.medium,
                "utm_campaign" => &mut query.campaign,
                "utm_term" => &mut query.term,
                "utm_content" => &mut query.content,
                _ => {
                    if query.click.is_none() && !value.is_empty() {
                        query.click = networks::click_id(name);
                    }
                    continue;
                }
            };
            if field.is_empty() {
                *field = text::clean(&url::decode(value), FIELD_CHARS_MAX);
                if matches!(name, "utm_source" | "utm_medium") {
                    field.make_ascii_lowercase();
                }
            }
        }
        query
    }
}

/// The channel of a source. The order is GA4's: paid before organic, the medium's word before the site's kind.
fn channel(source: &Source, kind: Kind) -> Channel {
    let medium = source.medium.as_str();
    if source.source == DIRECT {
        return Channel::Direct;
    }
    match (medium, kind) {
        ("display" | "banner" | "expandable" | "interstitial" | "cpm", _) => Channel::Display,
        ("cpc" | "ppc" | "cpv" | "retargeting", _) => paid(kind),
        _ if medium.starts_with("paid") => paid(kind),
        ("email" | "e-mail" | "e_mail" | "newsletter", _) => Channel::Email,
        ("affiliate" | "affiliates", _) => Channel::Affiliates,
        ("sms", _) => Channel::Sms,
        ("video", _) | (_, Kind::Video) => Channel::Video,
        ("social" | "social-network" | "social-media" | "sm", _) | (_, Kind::Social) => {
            Channel::OrganicSocial
        }
        ("organic", _) | (_, Kind::Search) => Channel::OrganicSearch,
        (_, Kind::Assistant) => Channel::AiAssistants,
        (_, Kind::Mail) => Channel::Email,
        ("referral" | "link" | "app", _) => Channel::Referral,
        _ => Channel::Unassigned,
    }
}

fn paid(kind: Kind) -> Channel {
    match kind {
        Kind::Search => Channel::PaidSearch,
        Kind::Social => Channel::PaidSocial,
        Kind::Video => Channel::Video,
        _ => Channel::PaidOther,
    }
}
