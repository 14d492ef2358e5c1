//! `POST /collect`: reads what came, asks whether it may, stores it, and answers.

use crate::access::bearer;
use crate::batch::{BODY_BYTES_MAX, Batch, Teller};
use crate::body::{BodyError, Whole};
use crate::clock::now_ms;
use crate::early;
use crate::metrics::Outcome;
use crate::server_side;
use crate::state::{Collector, refuse};
use crate::store::StoreError;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::time::Instant;

/// How long a client that found the store busy, or told too much, is to wait.
const BUSY_SECONDS: u64 = 2;

/// Why a request was not stored, and the sentence that says so.
struct Refusal(Outcome, String);

impl Refusal {
    fn status(&self) -> StatusCode {
        match self.0 {
            Outcome::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Outcome::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Outcome::Rate => StatusCode::TOO_MANY_REQUESTS,
            Outcome::Token => StatusCode::UNAUTHORIZED,
            Outcome::Busy | Outcome::Failed => StatusCode::SERVICE_UNAVAILABLE,
            Outcome::Site => StatusCode::FORBIDDEN,
            Outcome::Stored | Outcome::Malformed | Outcome::Contradiction => StatusCode::BAD_REQUEST,
        }
    }
}

pub(crate) async fn collect(
    State(collector): State<Collector>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let began = Instant::now();
    let result = take(&collector, peer, &headers, body).await;
    let outcome = result.as_ref().map_or_else(|refusal| refusal.0, |()| Outcome::Stored);
    collector.store.metrics().answered(outcome, began.elapsed());
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => {
            collector.refusals.note(refusal.0);
            let mut response = refuse(refusal.status(), refusal.1.clone());
            if matches!(refusal.0, Outcome::Busy | Outcome::Failed | Outcome::Rate) {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(BUSY_SECONDS));
            }
            if refusal.0 == Outcome::TooSlow {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        }
    }
}

async fn take(collector: &Collector, peer: SocketAddr, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
    let may_tell = |events| {
        let sentence = "this client tells more than it may in a time; try again";
        let may = collector.peers.may_tell(peer, headers, events);
        if may { Ok(()) } else { Err(Refusal(Outcome::Rate, sentence.to_owned())) }
    };
    let has_token = collector.access.has_bearer(headers);
    if bearer(headers).is_some() && !has_token {
        let sentence = "the token is not that of this collector; accepted is \"Authorization: Bearer …\" with it";
        return Err(Refusal(Outcome::Token, sentence.to_owned()));
    }
    if !has_token {
        may_tell(1)?;
    }
    let says_gzip = headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip");
    let body = collector.bodies.read(body, says_gzip).await.map_err(unread)?;
    let batches = read(&body, has_token)?;
    let events = batches.iter().map(|batch| batch.events.len()).sum::<usize>();
    if !has_token {
        may_tell(events)?;
    }
    for batch in &batches {
        let is_taken = collector.sites.check(&batch.site, headers, has_token);
        is_taken.map_err(|sentence| Refusal(Outcome::Site, sentence))?;
    }
    let bytes = body.bytes.len();
    for batch in batches {
        let events = batch.events.len();
        collector.store.add(batch, bytes, now_ms()).await.map_err(unstored)?;
        tracing::debug!(events, "batch stored");
    }
    Ok(())
}

fn read(body: &Whole, has_token: bool) -> Result<Vec<Batch>, Refusal> {
    let bytes = &*body.bytes;
    if server_side::is_told_by_a_server(bytes) && !has_token {
        let sentence = "what a server tells needs the token, as \"Authorization: Bearer …\"";
        return Err(Refusal(Outcome::Token, sentence.to_owned()));
    }
    let read = if early::is_early(bytes) {
        early::read(bytes)
    } else if server_side::is_told_by_a_server(bytes) {
        server_side::read(bytes, now_ms()).map(|batch| vec![batch])
    } else {
        let teller = if has_token { Teller::Importer } else { Teller::Anyone };
        Batch::read(bytes).map(|batch| vec![Batch { teller, ..batch }])
    };
    read.map_err(|sentence| Refusal(Outcome::Malformed, sentence))
}

fn unread(error: BodyError) -> Refusal {
    match error {
        BodyError::TooLarge => {
            Refusal(Outcome::TooLarge, format!("the body is too large; accepted are at most {BODY_BYTES_MAX} bytes"))
        }
        BodyError::TooSlow => Refusal(Outcome::TooSlow, "the body did not arrive whole".to_owned()),
        BodyError::Malformed(sentence) => {
            Refusal(Outcome::Malformed, format!("{sentence}; accepted is plain text, or a stream of gzip"))
        }
        BodyError::Busy => Refusal(Outcome::Busy, "too many batches come; try again".to_owned()),
    }
}

fn unstored(error: StoreError) -> Refusal {
    match error {
        StoreError::Busy => Refusal(Outcome::Busy, "too many batches wait; try again".to_owned()),
        StoreError::Late | StoreError::Failed(_) => {
            Refusal(Outcome::Failed, "the batch could not be stored; try again".to_owned())
        }
        StoreError::Refused(sentence) => Refusal(Outcome::Contradiction, sentence),
    }
}
