//! HTTP: the routes.

use crate::access::Access;
use crate::answers;
use crate::body::Bodies;
use crate::faults::{Faults, misbehave};
use crate::goals::Goal;
use crate::guard::{only_owners, with_policy};
use crate::ingest::collect;
use crate::pages;
use crate::peers::Peers;
use crate::relay::Relays;
use crate::scripts;
use crate::sites::Sites;
use crate::state::Collector;
use crate::store::Store;
use crate::zones::Zones;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tower_http::cors::{Any, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;

/// How long a browser may remember that batches may be compressed.
const PREFLIGHT: Duration = Duration::from_hours(24);

/// What a collector is told to do.
#[derive(Default)]
pub struct Settings {
    /// Folder with the shop, the report and the tracker, to serve them too.
    pub www: Option<PathBuf>,
    /// Path that all URLs begin with, such as `/stats`; empty for none.
    pub prefix: String,
    /// Who may read.
    pub access: Access,
    /// The sites that are taken.
    pub sites: Sites,
    /// The time zones that they count their days in.
    pub zones: Zones,
    /// What they want of their visitors.
    pub goals: Vec<Goal>,
    /// How much a client may tell; without it, anything.
    pub peers: Option<Peers>,
    /// What goes wrong on purpose.
    pub faults: Option<Faults>,
    /// Where what is stored is forwarded.
    pub relays: Relays,
}

/// The collector as a service.
pub fn router(store: Store, settings: Settings) -> Router {
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let collector = Collector {
        store,
        access: settings.access,
        sites: settings.sites,
        zones: settings.zones,
        goals: settings.goals.into(),
        peers: settings.peers.unwrap_or_else(|| Peers::new(None, 0)),
        relays: settings.relays,
        bodies: Bodies::default(),
        refusals: Arc::default(),
        started_ms: started.as_millis() as u64,
    };
    let api = Router::new()
        .route("/api/events", get(answers::events))
        .route("/api/sessions", get(answers::sessions))
        .route("/api/report", get(answers::report))
        .route("/api/breakdown", get(answers::breakdown))
        .route("/api/products", get(answers::products))
        .route("/api/funnel", get(answers::funnel))
        .route("/api/orders", get(answers::orders))
        .route("/api/now", get(answers::now))
        .route("/api/sites", get(answers::sites))
        .route("/api/devices/{id}", delete(answers::erase))
        .route("/api/health", get(answers::health))
        .route("/metrics", get(answers::metrics))
        .layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-store")));
    let mut owners = api;
    if let Some(www) = &settings.www {
        owners = owners.merge(pages::report(www));
    }
    let mut router = owners
        .layer(from_fn_with_state(collector.clone(), only_owners))
        .merge(pages::sign_in())
        .layer(from_fn(with_policy))
        .merge(told(settings.faults))
        .route("/healthz", get(answers::is_well));
    if let Some(www) = &settings.www {
        router = router.merge(scripts::scripts(www)).merge(pages::shop(www));
    }
    let router = router.with_state(collector);
    if settings.prefix.is_empty() { router } else { Router::new().nest(&settings.prefix, router) }
}

/// What trackers post to.
fn told(faults: Option<Faults>) -> Router<Collector> {
    let mut router = Router::new()
        .route("/collect", post(collect))
        // What says to a tracker that batches may be compressed (RFC 7694).
        .layer(SetResponseHeaderLayer::overriding(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip")))
        .layer(SetResponseHeaderLayer::overriding(
            header::SERVER,
            HeaderValue::from_static(concat!("shopbell-collector/", env!("CARGO_PKG_VERSION"))),
        ));
    if let Some(faults) = faults {
        router = router.layer(from_fn_with_state(faults, misbehave));
    }
    // Trackers on other origins send without credentials. Only this site's own pages read.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(Any)
        .expose_headers([header::RETRY_AFTER, header::ACCEPT_ENCODING, header::SERVER])
        .max_age(PREFLIGHT);
    router.layer(cors)
}
