//! What stands in front of everything that is the owner's alone.

use crate::access::Denial;
use crate::state::{Collector, refuse};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;

/// A page of ours runs its own scripts, has its own styles, asks its own host, and is in no frame.
const POLICY: [(HeaderName, &str); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Lets through whoever may read; shows the sign-in page to a browser that may not yet.
pub(crate) async fn only_owners(
    State(collector): State<Collector>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let Err(denial) = collector.access.check(peer, request.headers()) else { return next.run(request).await };
    let path = request.uri().path();
    if denial == Denial::Token && wants_page(request.headers()) {
        // As seen from here, so that whatever a proxy puts in front stays there.
        let up = "../".repeat(path.trim_start_matches('/').matches('/').count());
        return (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{up}sign-in"))]).into_response();
    }
    let status = match denial {
        Denial::Host => StatusCode::MISDIRECTED_REQUEST,
        Denial::Token => StatusCode::UNAUTHORIZED,
        Denial::Elsewhere => StatusCode::FORBIDDEN,
    };
    let mut response = refuse(status, denial.sentence());
    if denial == Denial::Token {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}

/// Adds what keeps browsers from doing more with an answer than is meant.
pub(crate) async fn with_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in POLICY {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
