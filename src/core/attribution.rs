//! Where a visitor comes from: campaign parameters, click ids, the referrer, and the channel they make.

mod networks;
mod url;

use crate::lines::{self, Field, Kind, Lines};
use crate::text;
use alloc::string::String;
pub use networks::CHANNELS;
pub use url::{host, page_key, path};

/// Longest campaign field kept, in characters.
pub const FIELD_CHARS_MAX: usize = 256;
/// The source of a visitor who came from nowhere that shows; GA's spelling, which no host can have.
pub const DIRECT: &str = "(direct)";
/// The medium of such a visitor.
const NO_MEDIUM: &str = "(none)";

/// The facts of a source, in the order of its lines. What is unknown is empty.
///
/// - `source`: `utm_source`, else the network that a click id belongs to, else the known name or the host of the
///   referrer, else [`DIRECT`]. ASCII letters are in lower case, as in `medium`.
/// - `medium`: `utm_medium`, else what the click id or the referrer implies.
/// - `campaign`, `term`, `content`: the utm parameters of these names.
/// - `click_id`: the name of the click id that was there, such as `gclid`; never its value, which names a
///   person's click.
/// - `referrer`: origin and path of the page that linked here, if it was another site's.
/// - `channel`: one of [`CHANNELS`].
pub const FIELDS: [Field; 8] = [
    ("source", Kind::Text),
    ("medium", Kind::Text),
    ("campaign", Kind::Text),
    ("term", Kind::Text),
    ("content", Kind::Text),
    ("click_id", Kind::Text),
    ("referrer", Kind::Text),
    ("channel", Kind::Text),
];

/// How a visitor arrived at a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The facts of its source, as lines.
    pub facts: String,
    /// Whether the URL named the source (utm parameters or a click id), so that it can end a session.
    pub is_campaign: bool,
}

impl Arrival {
    /// Reads an arrival out of the page's URL and `document.referrer` (empty where there is none).
    ///
    /// Any text will do: what cannot be understood is as if it were not there.
    pub fn read(page_url: &str, referrer: &str) -> Self {
        let (values, click) = read_query(page_url);
        let [source, medium, ..] = &values;
        let from = url::host(referrer);
        let is_external = !from.is_empty() && !url::is_same_site(&from, &url::host(page_url));
        let is_campaign = !source.is_empty() || !click.is_empty();
        let mut implied = (DIRECT, NO_MEDIUM);
        let mut group = networks::UNKNOWN;
        if is_campaign {
            implied = networks::implied_by(click);
            group = networks::by_name(if source.is_empty() { implied.0 } else { source });
        } else if is_external {
            let network = networks::by_host(&from);
            implied = (network.0, network.1.medium);
            group = network.1;
        }
        let given = |text: &str| is_campaign && !text.is_empty();
        let medium = if given(medium) {
            medium.as_str()
        } else if given(source) {
            ""
        } else {
            implied.1
        };
        let source = if given(source) { source.as_str() } else { implied.0 };
        let mut facts = Lines::default();
        facts.push(source);
        facts.push(medium);
        for value in values.iter().skip(2) {
            facts.push(value);
        }
        facts.push(text::before(click, b' '));
        facts.push(&text::clean(if is_external { url::without_query(referrer) } else { "" }, FIELD_CHARS_MAX));
        facts.push(if source == DIRECT { "direct" } else { networks::channel(medium, group, is_campaign) });
        Self { facts: facts.into_text(), is_campaign }
    }

    /// A visitor who came from nowhere that shows.
    pub fn direct() -> Self {
        Self::read("", "")
    }

    /// The source's name.
    pub fn source(&self) -> &str {
        lines::at(&self.facts, 0)
    }
}

/// The parameters that say where a visitor comes from, in the order of [`FIELDS`].
const PARAMETERS: [&str; 5] = ["utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"];

/// Their values in a URL, and the row of the first click id there. The first occurrence of each counts, and an
/// empty one is absent.
fn read_query(page_url: &str) -> ([String; 5], &'static str) {
    let mut values = [const { String::new() }; 5];
    let mut click = "";
    let query = text::cut(text::before(page_url, b'#'), b'?');
    let mut rest = query.map(|(_, query)| query);
    while let Some(pairs) = rest {
        let pair = text::before(pairs, b'&');
        rest = text::cut(pairs, b'&').map(|(_, behind)| behind);
        let (name, value) = text::cut(pair, b'=').unwrap_or_default();
        let place = PARAMETERS.iter().position(|known| *known == name);
        if let Some(field) = place.and_then(|place| values.get_mut(place)) {
            if field.is_empty() {
                *field = text::clean(&url::decode(value), FIELD_CHARS_MAX);
                if place < Some(2) {
                    field.make_ascii_lowercase();
                }
            }
        } else if click.is_empty() && !value.is_empty() {
            click = networks::click_id(name);
        }
    }
    (values, click)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_of_the_tables_is_listed() {
        for channel in networks::channels_in_use() {
            assert!(CHANNELS.contains(&channel), "{channel}");
        }
    }
}
