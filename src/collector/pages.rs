//! The pages: the report, the one to sign in on, and the demo's shop.

use crate::state::{Collector, refuse};
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

/// Routes of the shop that its one page shows.
const SHOP_ROUTES: [&str; 6] = ["/", "/c/{category}", "/p/{product}", "/cart", "/checkout", "/thanks"];
/// How long a wrong token keeps its sender waiting.
const WRONG: Duration = Duration::from_secs(1);

/// The report.
pub(crate) fn report(www: &Path) -> Router<Collector> {
    Router::new()
        // Relative, so that a proxy's prefix stays.
        .route("/report", get(|| async { (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, "report/")]) }))
        .nest_service("/report/", ServeDir::new(www.join("report")))
        // The charts are a third of a megabyte.
        .layer(CompressionLayer::new())
        .layer(revalidated())
}

/// The demo's shop, and what else is in its folder.
pub(crate) fn shop(www: &Path) -> Router<Collector> {
    let mut router = Router::new();
    for route in SHOP_ROUTES {
        router = router.route_service(route, ServeFile::new(www.join("shop/index.html")));
    }
    router.fallback_service(ServeDir::new(www.join("shop"))).layer(revalidated())
}

/// A page that was changed is never an old one.
fn revalidated() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))
}

/// The page to sign in on, where there is a token.
pub(crate) fn sign_in() -> Router<Collector> {
    Router::new().route("/sign-in", get(form).post(check)).route("/sign-in.css", get(looks))
}

#[derive(Deserialize)]
struct Given {
    token: String,
}

async fn form(State(collector): State<Collector>) -> Response {
    if collector.access.has_token() { page(StatusCode::OK, "") } else { Redirect::to("report/").into_response() }
}

async fn looks() -> Response {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("pages/sign-in.css")).into_response()
}

async fn check(
    State(collector): State<Collector>,
    given: Result<Form<Given>, axum::extract::rejection::FormRejection>,
) -> Response {
    let Ok(Form(Given { token })) = given else {
        return refuse(StatusCode::BAD_REQUEST, "the form cannot be read; accepted is a token");
    };
    let cookie = collector.access.cookie().filter(|_| collector.access.is_token(token.trim()));
    let Some(cookie) = cookie else {
        tokio::time::sleep(WRONG).await;
        return page(StatusCode::FORBIDDEN, "<p role=\"alert\">That is not the token of this collector.</p>");
    };
    // Without a path it is for the folder of this page, whatever a proxy calls that.
    let cookie = format!("{}={cookie}; HttpOnly; SameSite=Strict; Max-Age=31536000", crate::access::COOKIE);
    (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, "report/".to_owned())]).into_response()
}

fn page(status: StatusCode, alert: &str) -> Response {
    let html = include_str!("pages/sign-in.html").replace("<!-- alert -->", alert);
    (status, [(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}
