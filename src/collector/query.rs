//! Questions about what is stored, and their answers, one file each.

pub(crate) mod events;
pub(crate) mod report;
pub(crate) mod sessions;

use serde::Deserialize;

/// Rows of a list at most, and if nothing is said.
const LIMIT_MAX: u32 = 10_000;
const LIMIT: u32 = 1_000;
/// Bytes of texts in a list, from which on it ends.
const BYTES_MAX: usize = 4_194_304;

/// What of events or sessions is asked for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Query {
    pub(crate) site: Option<String>,
    pub(crate) session_id: Option<String>,
    pub(crate) device_id: Option<String>,
    /// The id of an event; those stored behind it are wanted.
    after: Option<String>,
    limit: Option<u32>,
    /// Sessions that began at or after this time, in Unix milliseconds of the collector's clock.
    pub(crate) from: Option<i64>,
    /// Sessions that began before this time.
    pub(crate) to: Option<i64>,
    /// Whether sessions of bots are wanted; if nothing is said, lists have them, and a report has not.
    pub(crate) bots: Option<bool>,
    pub(crate) channel: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) campaign: Option<String>,
    pub(crate) landing_page: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) visitor: Option<Visitor>,
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

impl Query {
    fn limit(&self) -> usize {
        self.limit.unwrap_or(LIMIT).min(LIMIT_MAX) as usize
    }
}

/// The JSON that a column holds, if it holds any.
fn json(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<Box<serde_json::value::RawValue>>> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::value::RawValue::from_string(text).ok()))
}
