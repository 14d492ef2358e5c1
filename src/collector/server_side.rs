//! What a shop's own server tells of a session that the page knows: an order, a refund, anything.
//!
//! ```json
//! { "schema": "shopbell/server/1", "site": "shop", "session_id": "…", "device_id": "…",
//!   "events": [{ "name": "purchase", "props": { "transaction_id": "A-1", "value": 59.9, "currency": "EUR" } }] }
//! ```
//!
//! `session_id` and `device_id` are the `id` and `device_id` of the page's `session()`, carried with the cart; a session without a
//! device has none. An event may have an `id` and a `time`; without them it is of now, and what it is about makes its id, so that
//! the same order told twice is one event. A `session` with `reason`, `number`, `started_at`, `landing_page` and `source` may say how it
//! began, where no page will. It comes with the token.

use crate::batch::check::{REASONS, known, quoted, shortened};
use crate::batch::{Batch, Device, Event, Session, Source, Teller};
use crate::order::Order;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The schema of what servers tell.
const SCHEMA: &str = "shopbell/server/1";

#[derive(Deserialize)]
struct Told {
    schema: String,
    site: String,
    session_id: String,
    #[serde(default)]
    device_id: Option<String>,
    #[serde(default)]
    session: Option<Facts>,
    events: Vec<ServerEvent>,
}

/// How the session began.
#[derive(Deserialize)]
struct Facts {
    reason: String,
    number: u64,
    started_at: u64,
    #[serde(default)]
    landing_page: String,
    #[serde(default)]
    source: Source,
}

#[derive(Deserialize)]
struct ServerEvent {
    #[serde(default)]
    id: Option<String>,
    name: String,
    #[serde(default)]
    time: Option<u64>,
    #[serde(default)]
    props: Option<Box<RawValue>>,
}

/// Whether a body says that it is such a batch, anywhere in it: what is none is refused as that.
pub(crate) fn is_told_by_a_server(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Schema {
        schema: String,
    }
    let is_named = body.windows(SCHEMA.len()).any(|part| part == SCHEMA.as_bytes());
    is_named && serde_json::from_slice::<Schema>(body).is_ok_and(|told| told.schema == SCHEMA)
}

/// Reads and checks a body. The error is one sentence.
pub(crate) fn read(body: &[u8], now_ms: u64) -> Result<Batch, String> {
    let told: Told = serde_json::from_slice(body)
        .map_err(|error| format!("the body is no batch of a server's: {}", shortened(&error.to_string())))?;
    told.session.as_ref().map_or(Ok(()), |facts| known("session.reason", &facts.reason, &REASONS))?;
    let events: Vec<Event> = told.events.into_iter().map(|event| named(event, now_ms)).collect::<Result<_, _>>()?;
    let began = events.iter().map(|event| event.time).min().unwrap_or(now_ms);
    let session = match told.session {
        Some(facts) => Session {
            number: facts.number,
            reason: facts.reason,
            landing_page: facts.landing_page,
            source: facts.source,
            ..Session::unknown(told.session_id, facts.started_at)
        },
        None => Session::unknown(told.session_id, began),
    };
    let device = Device {
        id: told.device_id.filter(|id| !id.is_empty()),
        language: None,
        time_zone: None,
        bot: None,
        screen: None,
    };
    let batch = Batch {
        schema: told.schema,
        tracker: String::new(),
        site: told.site,
        sent_at: now_ms,
        sent_offset_ms: None,
        device,
        session,
        events,
        teller: Teller::Server,
    };
    batch.check()?;
    Ok(batch)
}

/// An event with an id: its own, or that of what it is about.
fn named(event: ServerEvent, now_ms: u64) -> Result<Event, String> {
    let order = || Order::read(event.props.as_deref().map_or("{}", RawValue::get)).id;
    let id = event
        .id
        .clone()
        .or_else(|| Some(order()).filter(|id| !id.is_empty()).map(|id| format!("server {} {id}", event.name)));
    let Some(id) = id else {
        let name = quoted(&event.name);
        return Err(format!("{name:?} has neither id nor transaction_id; accepted is an event with one of them"));
    };
    Ok(Event {
        id: id.chars().take(128).collect(),
        name: event.name,
        time: event.time.unwrap_or(now_ms),
        offset_ms: 0,
        tab_id: String::new(),
        page_id: String::new(),
        seq: 0,
        url: String::new(),
        title: String::new(),
        consent: None,
        props: event.props,
    })
}
