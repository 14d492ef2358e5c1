//! HTTP: `POST /collect`, the API, and the pages.

use crate::batch::{BODY_BYTES_MAX, Batch};
use crate::clock::now_ms;
use crate::early;
use crate::faults::{Faults, misbehave};
use crate::keeping::erase_device;
use crate::lists::{self, Query};
use crate::relay::{self, Relays};
use crate::report;
use crate::store::{Store, StoreError};
use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use flate2::read::MultiGzDecoder;
use serde::Serialize;
use shopbell_core::formats;
use std::error::Error;
use std::future::{Future, IntoFuture};
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tower_http::cors::{Any, CorsLayer};
use tower_http::decompression::RequestDecompressionLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutError, TimeoutLayer};
use tower_http::trace::TraceLayer;

/// How long a body may pause before its request is given up.
const BODY_PAUSE: Duration = Duration::from_secs(10);
/// How long a request may take in all.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How long a browser may remember that batches may be compressed.
const PREFLIGHT: Duration = Duration::from_hours(24);
/// How long requests under way have to end once the server is to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long a client that found the store busy is to wait.
const BUSY_SECONDS: u64 = 2;

/// Routes of the shop that its one page shows.
const SHOP_ROUTES: [&str; 6] = ["/", "/c/{category}", "/p/{product}", "/cart", "/checkout", "/thanks"];

/// The collector as a service. With `www`, it serves the shop, the report and the tracker from that folder; with `faults`
/// it misbehaves.
pub fn router(store: Store, www: Option<&path::Path>, faults: Option<Faults>, relays: Relays) -> Router {
    let mut collect = Router::new()
        .route("/collect", post(collect))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        // Its own limit counts what comes out.
        .layer(RequestDecompressionLayer::new().no_br().no_deflate().no_zstd())
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIME))
        // What says to a tracker that batches may be compressed (RFC 7694).
        .layer(SetResponseHeaderLayer::overriding(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")))
        .layer(SetResponseHeaderLayer::overriding(
            header::SERVER,
            HeaderValue::from_static(concat!("shopbell-collector/", env!("CARGO_PKG_VERSION"))),
        ));
    if let Some(faults) = faults {
        collect = collect.layer(from_fn_with_state(faults, misbehave));
    }
    let api = Router::new()
        .route("/api/events", get(events))
        .route("/api/sessions", get(sessions))
        .route("/api/report", get(report))
        .route("/api/devices/{id}", delete(erase))
        .route("/api/health", get(move |State(store): State<Store>| health(store, relays)))
        .layer(SetResponseHeaderLayer::overriding(header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    // Trackers on other origins send without credentials. Only this site's own pages read.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(Any)
        .expose_headers([header::RETRY_AFTER, header::ACCEPT_ENCODING, header::SERVER])
        .max_age(PREFLIGHT);
    let mut router = collect.layer(cors).merge(api).with_state(store);
    if let Some(www) = www {
        router = router.merge(pages(www));
    }
    router.layer(TraceLayer::new_for_http())
}

fn pages(www: &path::Path) -> Router {
    let mut router = Router::new();
    for route in SHOP_ROUTES {
        router = router.route_service(route, ServeFile::new(www.join("shop/index.html")));
    }
    let scripts =
        ["shopbell.js", "shopbell.core.js", "shopbell.split.js", "shopbell.wasm", "index.js"].map(str::to_owned);
    let of_formats = formats::ALL.iter().map(|format| format!("shopbell.{}.js", format.name));
    for file in scripts.into_iter().chain(of_formats) {
        router = router.route_service(&format!("/{file}"), ServeFile::new(www.join("tracker/dist").join(file)));
    }
    router
        .nest_service("/report", ServeDir::new(www.join("report")))
        .fallback_service(ServeDir::new(www.join("shop")))
        // A page under development is never an old one.
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")))
}

/// Serves until `stop` is done, and then until the requests under way are answered, or ten seconds are over.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async {
        stop.await;
        let _ = stopping.send(());
    });
    let grace = async {
        let _ = stopped.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = server.into_future() => result.context("the server failed"),
        () = grace => Ok(()),
    }
}

async fn collect(State(store): State<Store>, body: Result<Bytes, BytesRejection>) -> Response {
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return rejected(&rejection),
    };
    let body = match unpacked(body) {
        Ok(body) => body,
        Err((status, sentence)) => return refuse(status, sentence),
    };
    let read = if early::is_early(&body) { early::read(&body) } else { Batch::read(&body).map(|batch| vec![batch]) };
    let batches = match read {
        Ok(batches) => batches,
        Err(sentence) => {
            tracing::info!(%sentence, bytes = body.len(), "batch refused");
            return refuse(StatusCode::BAD_REQUEST, sentence);
        }
    };
    for batch in batches {
        let events = batch.events.len();
        let session = batch.session.id.clone();
        match store.add(batch, now_ms()).await {
            Ok(()) => tracing::debug!(events, session, "batch stored"),
            Err(StoreError::Busy) => return again("too many batches wait; try again"),
            Err(StoreError::Failed(_)) => return again("the batch could not be stored; try again"),
        }
    }
    StatusCode::NO_CONTENT.into_response()
}

/// A body that begins as gzip streams do (RFC 1952 section 2.3.1), unpacked: a header that says so would need a preflight, and
/// proxies look at it. Any other body as it is.
fn unpacked(body: Bytes) -> Result<Bytes, (StatusCode, String)> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(body);
    }
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(&*body).take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut plain);
    if plain.len() > BODY_BYTES_MAX {
        return Err(too_large());
    }
    match read {
        Ok(_) => Ok(plain.into()),
        Err(_) => Err((StatusCode::BAD_REQUEST, "the body begins as gzip does, and is none".to_owned())),
    }
}

fn too_large() -> (StatusCode, String) {
    (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is too large; accepted are at most {BODY_BYTES_MAX} bytes"))
}

fn rejected(rejection: &BytesRejection) -> Response {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let (status, sentence) = too_large();
        return refuse(status, sentence);
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(rejection);
    while let Some(error) = cause.filter(|error| !error.is::<TimeoutError>()) {
        cause = error.source();
    }
    if cause.is_some() {
        return refuse(StatusCode::REQUEST_TIMEOUT, "the body did not arrive whole".to_owned());
    }
    refuse(StatusCode::BAD_REQUEST, "the body cannot be read; accepted is plain text, or gzip that says so".to_owned())
}

fn again(sentence: &str) -> Response {
    let wait = [(header::RETRY_AFTER, BUSY_SECONDS.to_string())];
    (wait, refuse(StatusCode::SERVICE_UNAVAILABLE, sentence.to_owned())).into_response()
}

#[derive(Serialize)]
struct Refusal {
    error: String,
}

fn refuse(status: StatusCode, error: String) -> Response {
    (status, Json(Refusal { error })).into_response()
}

type Asked = Result<axum::extract::Query<Query>, QueryRejection>;

async fn events(State(store): State<Store>, asked: Asked) -> Response {
    answer(store, asked, lists::events).await
}

async fn sessions(State(store): State<Store>, asked: Asked) -> Response {
    answer(store, asked, lists::sessions).await
}

async fn report(State(store): State<Store>, asked: Asked) -> Response {
    answer(store, asked, report::report).await
}

async fn answer<T: Serialize + Send + 'static>(
    store: Store,
    asked: Asked,
    read: fn(&rusqlite::Connection, &Query) -> rusqlite::Result<T>,
) -> Response {
    let query = match asked {
        Ok(axum::extract::Query(query)) => query,
        Err(rejection) => return refuse(StatusCode::BAD_REQUEST, rejection.body_text()),
    };
    match store.read(move |connection| read(connection, &query)).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => {
            tracing::error!(%error, "not read");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "the store could not be read".to_owned())
        }
    }
}

#[derive(Serialize)]
struct Health {
    relays: Vec<relay::Health>,
}

/// How the collector does: 200 while its store can be read.
async fn health(store: Store, relays: Relays) -> Response {
    match store.read(move |connection| relays.health(connection)).await {
        Ok(relays) => Json(Health { relays }).into_response(),
        Err(error) => {
            tracing::error!(%error, "not read");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, "the store could not be read".to_owned())
        }
    }
}

/// Erases all that is known of a device.
async fn erase(
    State(store): State<Store>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Path(device_id): Path<String>,
) -> Response {
    if !is_from_here(peer, &headers) {
        let sentence = "devices are erased from this machine alone, by way of no proxy and under its loopback name";
        return refuse(StatusCode::FORBIDDEN, sentence.to_owned());
    }
    match store.change(move |connection| erase_device(connection, &device_id)).await {
        Ok(erased) => Json(erased).into_response(),
        Err(error) => {
            tracing::error!(%error, "not erased");
            again("the device could not be erased; try again")
        }
    }
}

/// Whether somebody on this machine asks: no proxy of it, and no page whose name was bound to it (DNS rebinding).
fn is_from_here(peer: SocketAddr, headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let is_loopback = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    let is_forwarded =
        ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name));
    peer.ip().to_canonical().is_loopback() && is_loopback && !is_forwarded
}
