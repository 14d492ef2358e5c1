//! Questions about what is stored, and their answers, one file each.

pub(crate) mod breakdown;
pub(crate) mod csv;
pub(crate) mod events;
pub(crate) mod funnel;
pub(crate) mod group;
pub(crate) mod named;
pub(crate) mod now;
pub(crate) mod orders;
pub(crate) mod period;
pub(crate) mod products;
pub(crate) mod report;
pub(crate) mod rows;
pub(crate) mod sessions;
pub(crate) mod sites;
pub(crate) mod steps;
pub(crate) mod summary;

use crate::figures::Figures;
use crate::figures::filter::{Filter, Wanted};
use crate::figures::origins::Attribution;
use crate::goals::Goal;
use named::By;
use period::{Name, Period, Stretch, When};
use serde::Deserialize;
use steps::Every;

/// Rows of a list at most, and if nothing is said.
const LIMIT_MAX: u32 = 10_000;
const LIMIT: u32 = 1_000;
/// Bytes of texts in a list, from which on it ends.
const BYTES_MAX: usize = 4_194_304;

/// What is asked for, as the URL says it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    pub(crate) site: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) device_id: Option<String>,
    /// The id of an event; those stored behind it are wanted.
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<u32>,
    /// Rows that are passed over before the first.
    pub(crate) offset: Option<u32>,
    /// Sessions that began at or after this time: a day, or Unix milliseconds of the collector's clock.
    pub(crate) from: Option<When>,
    /// Sessions that began before this time; of a day, before its end.
    pub(crate) to: Option<When>,
    /// The same by a name.
    pub(crate) period: Option<Name>,
    /// The time zone that days are of: an IANA name, in the place of the site's own.
    pub(crate) zone: Option<String>,
    /// Whether the time before is wanted too.
    pub(crate) compare: bool,
    pub(crate) every: Option<Every>,
    /// Whether sessions of bots are wanted; if nothing is said, lists have them, and a report has not.
    pub(crate) bots: Option<bool>,
    pub(crate) channel: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) medium: Option<String>,
    pub(crate) campaign: Option<String>,
    pub(crate) term: Option<String>,
    pub(crate) content: Option<String>,
    pub(crate) landing_page: Option<String>,
    pub(crate) exit_page: Option<String>,
    /// Class of the device: phone, tablet, desktop; empty for those that are not known.
    pub(crate) device: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) visitor: Option<Visitor>,
    /// Of which visit channel, source, medium, campaign, term and content are.
    pub(crate) attribution: Attribution,
    pub(crate) by: Option<By>,
    /// The column that rows are sorted by, and whether the smallest comes first.
    pub(crate) sort: Option<String>,
    pub(crate) order: Option<Direction>,
    /// A part of the names that are wanted, or an order's id.
    pub(crate) search: Option<String>,
    /// The currency that amounts are of; the one that most orders have, if none is named.
    pub(crate) currency: Option<String>,
    pub(crate) format: Format,
}

/// Whether a device's first sessions are wanted, or its later ones.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Visitor {
    New,
    Returning,
}

impl Visitor {
    pub(crate) fn is_new(self) -> bool {
        matches!(self, Self::New)
    }
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Asc,
    Desc,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    #[default]
    Json,
    Csv,
}

impl Query {
    /// The sessions that are asked for.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        let parts = [&self.channel, &self.source, &self.medium, &self.campaign, &self.term, &self.content];
        Wanted {
            site: self.site.as_deref(),
            parts: parts.map(Option::as_deref),
            attribution: self.attribution,
            landing_page: self.landing_page.as_deref(),
            exit_page: self.exit_page.as_deref(),
            device: self.device.as_deref(),
            reason: self.reason.as_deref(),
            is_first: self.visitor.map(Visitor::is_new),
        }
    }

    fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT).min(LIMIT_MAX) as usize
    }
}

/// A question with all that its answer depends on beside the store.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) query: Query,
    pub(crate) period: Period,
    pub(crate) now_ms: i64,
    /// Those of its site.
    pub(crate) goals: Vec<Goal>,
}

impl Question {
    /// The sessions that reports are about.
    fn filter(&self, figures: &Figures, stretch: Stretch) -> Filter {
        let is_bot = if self.query.bots == Some(true) { None } else { Some(false) };
        Filter::new(figures, self.query.wanted(), stretch, is_bot)
    }
}

/// The JSON that a column holds, if it holds any.
fn json(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<Box<serde_json::value::RawValue>>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::value::RawValue::from_string(text).ok()))
}
