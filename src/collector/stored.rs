//! Events as they are stored, put together again as a tracker would send them whose clock is right.

use crate::batch::Source;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use shopbell_core::layout::{event, head, source, totals};
use shopbell_core::lines::Lines;
use shopbell_core::outbox::{BATCH_BYTES_MAX, Room, Segment};
use std::ops::Range;

/// Events of one session from one tab that came one behind the other.
pub(crate) struct Run {
    pub(crate) site: String,
    tab_id: String,
    head: String,
    /// What is known of the device's browser, as members of a JSON object.
    pub(crate) device: String,
    pub(crate) events: Vec<StoredEvent>,
}

/// An event of a run.
pub(crate) struct StoredEvent {
    /// Its place among all events.
    pub(crate) place: i64,
    /// Its facts.
    facts: String,
}

impl Run {
    /// Some of its events, as a batch.
    pub(crate) fn segment(&self, events: Range<usize>) -> Segment {
        let facts = self.events[events].iter().map(|event| &*event.facts);
        Segment::of(&self.tab_id, &self.head, facts)
    }
}

/// The events behind this place, as many as belong together and fit a request.
pub(crate) fn next_run(connection: &Connection, place: i64, room: Room) -> rusqlite::Result<Option<Run>> {
    let mut select = connection.prepare_cached(
        "SELECT events.place AS place, events.site AS site, tab_id, session_id, events.id, name,
            time - events.clock_skew_ms AS time, offset_ms, page_id, seq, url, title, props, consent,
            user_id, device_id, previous_id, number, reason, began_at AS started_at, landing_page, source, medium, campaign, term, content,
            campaign_id, click_id, referrer, first_touch, last_non_direct, page_views, sessions.events, transactions,
            revenue_ten_thousandths, funnel_step, ended_at AS last_event_at, currency, bot
         FROM events JOIN sessions ON sessions.site = events.site AND sessions.id = session_id
         WHERE events.place > ?1 ORDER BY events.place LIMIT ?2",
    )?;
    let mut rows = select.query((place, room.events_max as i64))?;
    let mut run: Option<Run> = None;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let (site, tab_id, head): (String, String, String) = (row.get("site")?, row.get("tab_id")?, head_of(row)?);
        let event = StoredEvent { place: row.get("place")?, facts: facts_of(row)? };
        bytes += (room.event_bytes)(&head, &event.facts);
        let bot: Option<String> = row.get("bot")?;
        let run = run.get_or_insert_with(|| Run {
            site: site.clone(),
            tab_id: tab_id.clone(),
            head: head.clone(),
            device: format!("\"bot\":{}", serde_json::Value::from(bot)),
            events: Vec::new(),
        });
        let is_another = run.site != site || run.tab_id != tab_id || run.head != head;
        if is_another || bytes > BATCH_BYTES_MAX && !run.events.is_empty() {
            break;
        }
        run.events.push(event);
    }
    Ok(run)
}

fn push(lines: &mut Lines, row: &Row<'_>, column: &str) -> rusqlite::Result<()> {
    match row.get_ref(column)? {
        ValueRef::Integer(number) => lines.push_number(number.max(0) as u64),
        ValueRef::Text(text) => {
            lines.push(&String::from_utf8_lossy(text).replace(['\n', '\u{1e}'], " "));
        }
        _ => lines.push(""),
    }
    Ok(())
}

/// Lines of [`event`], then those of [`totals`]: what the session has come to by now.
fn facts_of(row: &Row<'_>) -> rusqlite::Result<String> {
    let mut lines = Lines::default();
    let columns: [&str; event::LINES] =
        ["id", "name", "time", "offset_ms", "page_id", "seq", "url", "title", "props", "consent", "user_id"];
    for column in columns {
        if column == "props" {
            lines.push(&without_blanks(&row.get::<_, Option<String>>(column)?.unwrap_or_default()));
        } else {
            push(&mut lines, row, column)?;
        }
    }
    let columns: [&str; totals::LINES] = [
        "page_views",
        "events",
        "transactions",
        "revenue_ten_thousandths",
        "funnel_step",
        "last_event_at",
        "",
        "",
        "currency",
    ];
    for column in columns {
        if column.is_empty() { lines.push("0") } else { push(&mut lines, row, column)? }
    }
    Ok(lines.into_text())
}

/// JSON without the blanks between its tokens, as browsers write it.
fn without_blanks(json: &str) -> String {
    let (mut is_text, mut is_escaped) = (false, false);
    let is_kept = move |character: &char| {
        let is_blank = !is_text && matches!(character, ' ' | '\t' | '\r' | '\n');
        is_text ^= *character == '"' && !is_escaped;
        is_escaped = *character == '\\' && !is_escaped;
        !is_blank
    };
    json.chars().filter(is_kept).collect()
}

/// Lines of [`head`], and the three sources.
fn head_of(row: &Row<'_>) -> rusqlite::Result<String> {
    let mut lines = Lines::default();
    let columns: [&str; head::LINES] =
        ["session_id", "device_id", "previous_id", "number", "started_at", "reason", "", "landing_page"];
    for column in columns {
        if column.is_empty() { lines.push("") } else { push(&mut lines, row, column)? }
    }
    let columns: [&str; source::LINES] =
        ["source", "medium", "campaign", "term", "content", "campaign_id", "click_id", "referrer"];
    for column in columns {
        push(&mut lines, row, column)?;
    }
    for column in ["first_touch", "last_non_direct"] {
        let json: Option<String> = row.get(column)?;
        let told: Option<Source> = json.and_then(|json| serde_json::from_str(&json).ok());
        for value in told.as_ref().map(lines_of).unwrap_or_default() {
            lines.push(value);
        }
    }
    Ok(lines.into_text())
}

/// Lines of a [`source`].
fn lines_of(told: &Source) -> [&str; source::LINES] {
    let Source { source, medium, campaign, term, content, campaign_id, click_id, referrer, channel: _ } = told;
    let [campaign, term, content, campaign_id, click_id, referrer] =
        [campaign, term, content, campaign_id, click_id, referrer].map(|text| text.as_deref().unwrap_or_default());
    [source, medium, campaign, term, content, campaign_id, click_id, referrer]
}
