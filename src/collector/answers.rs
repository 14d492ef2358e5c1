//! What the owner asks: events, sessions, the report, and how the collector does.

use crate::keeping::erase_device;
use crate::query::Query;
use crate::query::{events, report, sessions};
use crate::relay;
use crate::state::{Collector, refuse};
use crate::store::{Store, StoreError};
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rusqlite::Connection;
use serde::Serialize;
use std::convert::Infallible;
use std::sync::LazyLock;
use tokio::sync::Semaphore;

/// An answer of more bytes waits for its turn: so many at once are on their way to clients that may read slowly.
const LARGE_BYTES: usize = 262_144;
static LARGE: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));
/// Bytes of a large answer that are handed on at once.
const CHUNK_BYTES: usize = 65_536;

type Asked = Result<axum::extract::Query<Query>, QueryRejection>;
/// An answer as JSON, or what is wrong with the question.
type Answer = Result<Vec<u8>, String>;

pub(crate) async fn events(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    answer(&collector, &headers, asked, |_, connection, query| {
        Ok(events::events(connection, query)?.map(|list| json(&list)))
    })
    .await
}

pub(crate) async fn sessions(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question = |store: &Store, connection: &Connection, query: &Query| {
        let places = sessions::latest(connection, &store.figures(), query)?;
        Ok(Ok(json(&sessions::sessions(connection, places)?)))
    };
    answer(&collector, &headers, asked, question).await
}

pub(crate) async fn report(State(collector): State<Collector>, headers: HeaderMap, asked: Asked) -> Response {
    let question = |store: &Store, connection: &Connection, query: &Query| {
        Ok(Ok(json(&report::report(connection, &store.figures(), query)?)))
    };
    answer(&collector, &headers, asked, question).await
}

fn json(answer: &impl Serialize) -> Vec<u8> {
    // Answers are texts, numbers and lists, none of which fails.
    serde_json::to_vec(answer).unwrap_or_default()
}

/// Answers a question, or says that its answer is what it was.
async fn answer(
    collector: &Collector,
    headers: &HeaderMap,
    asked: Asked,
    question: fn(&Store, &Connection, &Query) -> rusqlite::Result<Answer>,
) -> Response {
    let query = match asked {
        Ok(axum::extract::Query(query)) => query,
        Err(rejection) => {
            let sentence = crate::batch::check::shortened(&rejection.body_text()).into_owned();
            return refuse(StatusCode::BAD_REQUEST, sentence);
        }
    };
    let revision = match collector.store.revision().await {
        Ok(revision) => revision,
        Err(error) => return unread(error),
    };
    let tag = format!("\"{:x}-{revision:x}\"", collector.started_ms);
    let headers_of_answer = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, headers_of_answer).into_response();
    }
    match collector.store.read(move |store, connection| question(store, connection, &query)).await {
        Ok(Ok(body)) => {
            let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            match in_turn(body).await {
                Some(body) => (headers_of_answer, kind, body).into_response(),
                None => again("too many large answers are on their way; try again"),
            }
        }
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
