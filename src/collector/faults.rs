//! A collector that misbehaves on purpose, for tests and for sites that want to see what their pages do then.
//!
//! A specification is a list with commas. Each request to `/collect` meets the next of it; `3*` in front says for how
//! many requests, `*` for all that follow. When the list is over, nothing is wrong any more.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::Next;
use futures_util::{StreamExt, stream};
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;

/// What is accepted, for whoever asks.
pub const HELP: &str = "\
Misbehaves towards /collect, a request after another: a list with commas, each with N* in front for N requests, or * for
all that follow. ok | STATUS, such as 503 | STATUS/SECONDS or STATUS/date+SECONDS with a Retry-After | delay=MS |
over=BYTES: 413 for larger bodies | html: a portal's page with 200 | redirect | reset: cut while the body comes |
truncate: stored, and the answer is cut | silence: stored, and never answered | lost: neither | duplicate: the batch
comes twice | down=SECONDS: the port is closed for so long. Example: 3*503,429/3,*over=4096";

/// By then the first half of an answer is on its way.
const FLUSHED: Duration = Duration::from_millis(50);

/// What goes wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Status(StatusCode, Option<RetryAfter>),
    Delay(Duration),
    Over(usize),
    Html,
    Redirect,
    Reset,
    Truncate,
    Silence,
    Lost,
    Duplicate,
    Down(Duration),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RetryAfter {
    Seconds(u64),
    DateIn(u64),
}

/// What goes wrong with the next so many requests; with all, where that is not said.
type Rule = (Option<u64>, Fault);

/// The rules that are still to come.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    rules: Arc<Mutex<VecDeque<Rule>>>,
    outage: Arc<Outage>,
}

/// Tells the server to close its port.
#[derive(Debug, Default)]
struct Outage {
    begins: Notify,
    lasts: Mutex<Duration>,
}

impl FromStr for Faults {
    type Err = String;

    fn from_str(spec: &str) -> Result<Self, String> {
        let rules = spec.split(',').map(|rule| read(rule.trim())).collect::<Result<_, _>>()?;
        Ok(Self { rules: Arc::new(Mutex::new(rules)), outage: Arc::default() })
    }
}

fn read(rule: &str) -> Result<Rule, String> {
    let (count, fault) = match rule.split_once('*') {
        None => (Some(1), rule),
        Some(("", fault)) => (None, fault),
        Some((count, fault)) => (Some(number(count, rule)?), fault),
    };
    let (name, value) = fault.split_once('=').unwrap_or((fault, ""));
    let fault = match (name, value) {
        ("ok", "") => Fault::None,
        ("html", "") => Fault::Html,
        ("redirect", "") => Fault::Redirect,
        ("reset", "") => Fault::Reset,
        ("truncate", "") => Fault::Truncate,
        ("silence", "") => Fault::Silence,
        ("lost", "") => Fault::Lost,
        ("duplicate", "") => Fault::Duplicate,
        ("delay", ms) => Fault::Delay(Duration::from_millis(number(ms, rule)?)),
        ("over", bytes) => Fault::Over(number(bytes, rule)? as usize),
        ("down", seconds) => Fault::Down(Duration::from_secs(number(seconds, rule)?)),
        (status, "") => {
            let (status, wait) = status.split_once('/').unwrap_or((status, ""));
            let code = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
            let code = code.ok_or_else(|| unknown(rule))?;
            let wait = match (wait, wait.strip_prefix("date+")) {
                ("", _) => None,
                (_, Some(seconds)) => Some(RetryAfter::DateIn(number(seconds, rule)?)),
                (seconds, None) => Some(RetryAfter::Seconds(number(seconds, rule)?)),
            };
            Fault::Status(code, wait)
        }
        _ => return Err(unknown(rule)),
    };
    Ok((count, fault))
}

fn number(text: &str, rule: &str) -> Result<u64, String> {
    text.parse().map_err(|_| unknown(rule))
}

fn unknown(rule: &str) -> String {
    format!(
        "the fault {rule:?} is not known; accepted are ok, 503, 429/3, 429/date+3, delay=200, over=4096, html, redirect, reset, truncate, silence, lost, duplicate and down=5, each with 3* or * in front"
    )
}

impl Faults {
    fn next(&self) -> Fault {
        let Ok(mut rules) = self.rules.lock() else { return Fault::None };
        let Some((count, fault)) = rules.front_mut() else { return Fault::None };
        let fault = *fault;
        if let Some(count) = count {
            *count = count.saturating_sub(1);
            if *count == 0 {
                rules.pop_front();
            }
        }
        fault
    }

    /// Waits until the port is to be closed, and returns for how long.
    pub async fn outage(&self) -> Duration {
        self.outage.begins.notified().await;
        self.outage.lasts.lock().map_or(Duration::ZERO, |lasts| *lasts)
    }
}

/// Gives each request what is next.
pub(crate) async fn misbehave(State(faults): State<Faults>, request: Request, next: Next) -> Response<Body> {
    let fault = faults.next();
    if fault != Fault::None {
        tracing::info!(?fault, "misbehaving");
    }
    match fault {
        Fault::None => next.run(request).await,
        Fault::Status(status, wait) => refuse(request, status, wait).await,
        Fault::Delay(delay) => {
            tokio::time::sleep(delay).await;
            next.run(request).await
        }
        Fault::Over(bytes) => {
            let (parts, body) = request.into_parts();
            let body = whole(body).await;
            if body.len() > bytes {
                return plain(StatusCode::PAYLOAD_TOO_LARGE, "too large");
            }
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Fault::Html => {
            whole(request.into_body()).await;
            let mut page = plain(StatusCode::OK, "<!doctype html><title>Sign in to the network</title>");
            page.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            page
        }
        Fault::Redirect => {
            whole(request.into_body()).await;
            let mut answer = plain(StatusCode::FOUND, "");
            answer.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/"));
            answer
        }
        Fault::Reset => {
            // The connection is dropped with the first of the body read and the rest not.
            let _ = request.into_body().into_data_stream().next().await;
            hang_up()
        }
        Fault::Truncate => {
            let answer = next.run(request).await;
            cut(answer.status())
        }
        Fault::Silence => {
            next.run(request).await;
            std::future::pending().await
        }
        Fault::Lost => {
            whole(request.into_body()).await;
            std::future::pending().await
        }
        Fault::Duplicate => {
            let (parts, body) = request.into_parts();
            let body = whole(body).await;
            next.clone().run(Request::from_parts(parts.clone(), Body::from(body.clone()))).await;
            next.run(Request::from_parts(parts, Body::from(body))).await
        }
        Fault::Down(lasts) => {
            if let Ok(mut outage) = faults.outage.lasts.lock() {
                *outage = lasts;
            }
            faults.outage.begins.notify_one();
            hang_up()
        }
    }
}

async fn refuse(request: Request, status: StatusCode, wait: Option<RetryAfter>) -> Response<Body> {
    whole(request.into_body()).await;
    let mut answer = plain(status, "");
    let wait = match wait {
        None => return answer,
        Some(RetryAfter::Seconds(seconds)) => seconds.to_string(),
        // A date has no fraction: the next whole second after that time.
        Some(RetryAfter::DateIn(seconds)) => {
            httpdate::fmt_http_date(SystemTime::now() + Duration::from_millis(seconds * 1_000 + 999))
        }
    };
    if let Ok(wait) = HeaderValue::from_str(&wait) {
        answer.headers_mut().insert(header::RETRY_AFTER, wait);
    }
    answer
}

/// Ends the connection without an answer: hyper drops it with the task that serves it.
fn hang_up() -> ! {
    resume_unwind(Box::new("a connection is dropped on purpose"))
}

async fn whole(body: Body) -> Bytes {
    axum::body::to_bytes(body, crate::batch::BODY_BYTES_MAX).await.unwrap_or_default()
}

fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = status;
    answer
}

/// An answer that says that it has more than comes.
fn cut(status: StatusCode) -> Response<Body> {
    let status = if status == StatusCode::NO_CONTENT { StatusCode::OK } else { status };
    let first = stream::iter([Ok(Bytes::from_static(b"{\"ok\""))]);
    // What was written is to leave before the connection is dropped.
    let end = stream::once(async {
        tokio::time::sleep(FLUSHED).await;
        Err(std::io::Error::other("cut on purpose"))
    });
    let mut answer = Response::new(Body::from_stream(first.chain(end)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("1000"));
    answer
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, RetryAfter, read};
    use axum::http::StatusCode;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_faults_or_one_sentence(spec in ".{0,40}") {
            if let Err(sentence) = spec.parse::<Faults>() {
                prop_assert!(sentence.contains("accepted are"));
            }
        }
    }

    #[test]
    fn what_a_rule_says() {
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        for (rule, expected) in [
            ("ok", (Some(1), Fault::None)),
            ("503", (Some(1), Fault::Status(busy, None))),
            ("3*503", (Some(3), Fault::Status(busy, None))),
            ("*503/7", (None, Fault::Status(busy, Some(RetryAfter::Seconds(7))))),
            ("503/date+7", (Some(1), Fault::Status(busy, Some(RetryAfter::DateIn(7))))),
            ("*over=4096", (None, Fault::Over(4_096))),
            ("delay=200", (Some(1), Fault::Delay(Duration::from_millis(200)))),
            ("down=5", (Some(1), Fault::Down(Duration::from_secs(5)))),
        ] {
            assert_eq!(read(rule), Ok(expected), "{rule}");
        }
        for rule in ["", "x", "99", "x*503", "over=", "over=x", "503/x", "html=1", "delay"] {
            assert!(read(rule).is_err_and(|sentence| sentence.contains("accepted are")), "{rule}");
        }
    }
}
