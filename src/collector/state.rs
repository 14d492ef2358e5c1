//! What every request is answered with.

use crate::access::Access;
use crate::body::Bodies;
use crate::goals::Goal;
use crate::peers::Peers;
use crate::refusals::Refusals;
use crate::relay::Relays;
use crate::sites::Sites;
use crate::store::Store;
use crate::zones::Zones;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;

/// The collector, as requests see it.
#[derive(Clone)]
pub(crate) struct Collector {
    pub(crate) store: Store,
    pub(crate) access: Access,
    pub(crate) sites: Sites,
    pub(crate) zones: Zones,
    pub(crate) goals: Arc<[Goal]>,
    pub(crate) peers: Peers,
    pub(crate) relays: Relays,
    pub(crate) bodies: Bodies,
    pub(crate) refusals: Arc<Refusals>,
    /// Tells the answers of this process from those of another.
    pub(crate) started_ms: u64,
}

#[derive(Serialize)]
struct Refusal {
    error: String,
}

/// A sentence, as JSON.
pub(crate) fn refuse(status: StatusCode, error: impl Into<String>) -> Response {
    (status, Json(Refusal { error: error.into() })).into_response()
}
