//! What the owner asks: events, sessions, the report, and how the collector does.

use crate::clock::now_ms;
use crate::keeping::erase_device;
use crate::query::period::{Name, Period};
use crate::query::{Format, Query, Question};
use crate::query::{breakdown, csv, events, funnel, now, orders, products, report, sessions, sites};
use crate::relay;
use crate::state::{Collector, refuse};
use crate::store::{Store, StoreError};
use crate::zones;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use rusqlite::Connection;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// An answer of more bytes waits for its turn: so many at once are on their way to clients that may read slowly.
const LARGE_BYTES: usize = 262_144;
static LARGE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));
const MINUTE_MS: i64 = 60_000;
/// Bytes of a large answer that are handed on at once.
const CHUNK_BYTES: usize = 65_536;

type Asked = Result<axum::extract::Query<Query>, QueryRejection>;
/// An answer, or what is wrong with the question.
type Answer = Result<Vec<u8>, String>;
/// How a question is answered, and what a file of its answer is called.
type Asks = fn(&Store, &Connection, &Question) -> rusqlite::Result<Answer>;

pub(crate) async fn events(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks =
        |_, connection, question| Ok(events::events(connection, &question.query)?.map(|list| list_of(question, &list)));
    answer(&collector, &headers, asked, "events", question).await
}

pub(crate) async fn sessions(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks = |store, connection, question| {
        let places = sessions::latest(connection, &store.figures(), question)?;
        Ok(Ok(list_of(question, &sessions::sessions(connection, places)?)))
    };
    answer(&collector, &headers, asked, "sessions", question).await
}

pub(crate) async fn report(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks = |store, connection, question| {
        let report = report::report(connection, &store.figures(), question)?;
        Ok(report.map(|report| rendered(question, &report, report.summary.series())))
    };
    answer(&collector, &headers, asked, "report", question).await
}

pub(crate) async fn breakdown(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks = |store, _, question| {
        let rows = breakdown::breakdown(&store.figures(), question);
        Ok(rows.map(|rows| rendered(question, &rows, &rows.rows)))
    };
    answer(&collector, &headers, asked, "breakdown", question).await
}

pub(crate) async fn products(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks = |store, connection, question| {
        let rows = products::products(connection, &store.figures(), question)?;
        Ok(rows.map(|rows| rendered(question, &rows, &rows.rows)))
    };
    answer(&collector, &headers, asked, "products", question).await
}

pub(crate) async fn funnel(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks = |store, _, question| {
        let funnel = funnel::funnel(&store.figures(), question);
        Ok(Ok(rendered(question, &funnel, &funnel.steps)))
    };
    answer(&collector, &headers, asked, "funnel", question).await
}

pub(crate) async fn orders(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks = |store, connection, question| {
        let orders = orders::orders(connection, &store.figures(), question)?;
        Ok(Ok(rendered(question, &orders, &orders.rows)))
    };
    answer(&collector, &headers, asked, "orders", question).await
}

pub(crate) async fn now(State(collector): State<Collector>, headers: HeaderMap, mut asked: Asked) -> Response {
    if let Ok(asked) = &mut asked {
        // Now is now, whichever time is looked at beside it.
        (asked.period, asked.from, asked.to) = (Some(Name::Today), None, None);
    }
    let question: Asks = |store, _, question| Ok(Ok(json(&now::now(&store.figures(), question))));
    answer(&collector, &headers, asked, "now", question).await
}

pub(crate) async fn sites(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question: Asks = |store, _, question| Ok(Ok(list_of(question, &sites::sites(&store.figures(), question))));
    answer(&collector, &headers, asked, "sites", question).await
}

fn json(answer: &impl Serialize) -> Vec<u8> {
    // Answers are texts, numbers and lists, none of which fails.
    serde_json::to_vec(answer).unwrap_or_default()
}

fn list_of(question: &Question, list: &impl Serialize) -> Vec<u8> {
    rendered(question, list, list)
}

/// An answer as JSON, or its rows as CSV.
fn rendered(question: &Question, answer: &impl Serialize, rows: &impl Serialize) -> Vec<u8> {
    match question.query.format {
        Format::Json => json(answer),
        Format::Csv => csv::of(rows),
    }
}

/// A question as it is asked now, or what is wrong with it.
fn question(collector: &Collector, asked: Asked) -> Result<Question, String> {
    let asked = asked.map_err(|rejection| crate::batch::check::shortened(&rejection.body_text()).into_owned())?;
    let query = asked.0;
    let site = query.site.as_deref();
    let zone = query.zone.as_deref().map_or_else(|| Ok(collector.zones.of(site)), zones::named)?;
    let now_ms = now_ms() as i64;
    let goals = collector.goals.iter().filter(|goal| goal.is_of(site)).cloned().collect();
    Ok(Question { period: Period::new(query.period, (query.from, query.to), zone, now_ms)?, query, now_ms, goals })
}

/// Answers a question, or says that its answer is what it was.
async fn answer(collector: &Collector, headers: &HeaderMap, asked: Asked, name: &str, asks: Asks) -> Response {
    let question = match question(collector, asked) {
        Ok(question) => question,
        Err(sentence) => return refuse(StatusCode::BAD_REQUEST, sentence),
    };
    let revision = match collector.store.revision().await {
        Ok(revision) => revision,
        Err(error) => return unread(error),
    };
    // What depends on the time is another answer after a minute.
    let minute = if question.period.is_relative { question.now_ms / MINUTE_MS } else { 0 };
    let tag = format!("\"{:x}-{revision:x}-{minute:x}\"", collector.started_ms);
    let headers_of_answer = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers_of_answer).into_response();
    }
    let kind = match question.query.format {
        Format::Json => vec![(header::CONTENT_TYPE, "application/json".to_owned())],
        Format::Csv => vec![
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"shopbell-{name}.csv\"")),
        ],
    };
    match collector.store.read(move |store, connection| asks(store, connection, &question)).await {
        Ok(Ok(body)) => match in_turn(body).await {
            Some(body) => (headers_of_answer, AppendHeaders(kind), body).into_response(),
            None => again("too many large answers are on their way; try again"),
        },
        Ok(Err(sentence)) => refuse(StatusCode::BAD_REQUEST, sentence),
        Err(error) => unread(error),
    }
}

/// A body; a large one has a turn until it has left, which it may not get.
async fn in_turn(body: Vec<u8>) -> Option<Body> {
    if body.len() < LARGE_BYTES {
        return Some(Body::from(body));
    }
    let turn = tokio::time::timeout(std::time::Duration::from_secs(2), LARGE.acquire()).await.ok()?.ok()?;
    let chunks = futures_util::stream::unfold((Bytes::from(body), turn), |(mut rest, turn)| async {
        let chunk = rest.split_to(rest.len().min(CHUNK_BYTES));
        (!chunk.is_empty()).then_some((Ok::<_, Infallible>(chunk), (rest, turn)))
    });
    Some(Body::from_stream(chunks))
}

fn again(sentence: &str) -> Response {
    ([(header::RETRY_AFTER, "2")], refuse(StatusCode::SERVICE_UNAVAILABLE, sentence)).into_response()
}

fn unread(error: StoreError) -> Response {
    match error {
        StoreError::Busy => again("too many questions wait; try again"),
        StoreError::Refused(sentence) => refuse(StatusCode::BAD_REQUEST, sentence),
        StoreError::Late => again("the answer takes too long; ask for less, or try again"),
        StoreError::Failed(error) => {
            tracing::error!(%error, "not read");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "the store could not be read")
        }
    }
}

#[derive(Serialize)]
struct Health {
    relays: Vec<relay::Health>,
}

/// How the collector does: 200 while its store can be read.
pub(crate) async fn health(State(collector): State<Collector>) -> Response {
    let relays = collector.relays.clone();
    match collector.store.read(move |_, connection| relays.health(connection)).await {
        Ok(relays) => Json(Health { relays }).into_response(),
        Err(error) => unread(error),
    }
}

/// For whoever restarts it: 200 while its store can be read, for anybody.
pub(crate) async fn is_well(State(collector): State<Collector>) -> Response {
    let alive = collector.store.read(|_, connection| connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0)));
    match alive.await {
        Ok(_) => "ok\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response(),
    }
}

pub(crate) async fn metrics(State(collector): State<Collector>) -> Response {
    let text = collector.store.metrics().text(collector.store.waiting_events(), collector.store.bytes());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Erases all that is known of a device.
pub(crate) async fn erase(State(collector): State<Collector>, Path(device_id): Path<String>) -> Response {
    match collector.store.change(move |connection| erase_device(connection, &device_id)).await {
        Ok(erased) => Json(erased).into_response(),
        Err(error) => {
            tracing::error!(?error, "not erased");
            again("the device could not be erased; try again")
        }
    }
}
