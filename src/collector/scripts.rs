//! The tracker's scripts: read once, compressed once, and asked for again by their tag.

use crate::state::Collector;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use shopbell_core::formats;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// How long a browser may go on with a script without asking: one whose name says the version, and one whose name does not.
const VERSIONED: &str = "public, max-age=31536000, immutable";
const UNVERSIONED: &str = "public, max-age=300";

struct Script {
    kind: &'static str,
    tag: String,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

/// Routes of all scripts that a build has made, under their names and under `/v0.1.0/` before them.
pub(crate) fn scripts(www: &Path) -> Router<Collector> {
    let names =
        ["shopbell.js", "shopbell.core.js", "shopbell.split.js", "shopbell.wasm", "index.js"].map(str::to_owned);
    let of_formats = formats::ALL.iter().map(|format| format!("shopbell.{}.js", format.name));
    let mut router = Router::new();
    for name in names.into_iter().chain(of_formats) {
        let Ok(plain) = std::fs::read(www.join("tracker/dist").join(&name)) else { continue };
        let script = Arc::new(Script::new(&name, plain));
        for (path, life) in
            [(format!("/{name}"), UNVERSIONED), (format!("/v{}/{name}", env!("CARGO_PKG_VERSION")), VERSIONED)]
        {
            let script = script.clone();
            router = router.route(
                &path,
                get(move |_: State<Collector>, headers: HeaderMap| async move { script.answer(&headers, life) }),
            );
        }
    }
    router
}

impl Script {
    fn new(name: &str, plain: Vec<u8>) -> Self {
        let tag = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(&plain)[..12]);
        let kind = if Path::new(name).extension().is_some_and(|kind| kind == "wasm") {
            "application/wasm"
        } else {
            "text/javascript; charset=utf-8"
        };
        Self { kind, tag, plain: plain.into(), gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    fn answer(self: Arc<Self>, headers: &HeaderMap, life: &'static str) -> Response {
        let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let accepted: Vec<&str> = accepted.flat_map(|value| value.split(',')).map(str::trim).collect();
        // A browser that wants one less than another still takes it.
        let takes =
            |coding: &str| accepted.iter().any(|one| one.split(';').next() == Some(coding) && !one.ends_with("q=0"));
        let coding = ["br", "gzip"].into_iter().find(|coding| takes(coding)).unwrap_or_default();
        let body = match coding {
            "br" => self.brotli.get(),
            "gzip" => Some(self.gzip.get_or_init(|| gzip(&self.plain))),
            _ => Some(&self.plain),
        };
        let (coding, body) = if let Some(body) = body {
            (coding, body.clone())
        } else {
            // The smallest takes a moment, which whoever asks first is not to wait.
            let script = self.clone();
            tokio::task::spawn_blocking(move || script.brotli.get_or_init(|| brotli(&script.plain)).len());
            ("gzip", self.gzip.get_or_init(|| gzip(&self.plain)).clone())
        };
        let tag = format!("\"{}{coding}\"", self.tag);
        let mut response = if headers.get(header::IF_NONE_MATCH).is_some_and(|known| is_among(known, &tag)) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            ([(header::CONTENT_TYPE, self.kind)], body).into_response()
        };
        let head = response.headers_mut();
        if !coding.is_empty() && !head.is_empty() {
            head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(if coding == "br" { "br" } else { "gzip" }));
        }
        head.insert(header::CACHE_CONTROL, HeaderValue::from_static(life));
        head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        head.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // Any page may load it, those that let in only what says so too.
        head.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
        head.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            head.insert(header::ETAG, tag);
        }
        response
    }
}

/// Whether a list of tags has one; a proxy may have made it a weak one.
fn is_among(known: &HeaderValue, tag: &str) -> bool {
    let known = known.to_str().unwrap_or_default();
    known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    // Neither fails in memory.
    let _ = encoder.write_all(plain);
    encoder.finish().unwrap_or_default().into()
}

fn brotli(plain: &[u8]) -> Bytes {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, size_hint: plain.len(), ..Default::default() };
    let _ = brotli::BrotliCompress(&mut &*plain, &mut packed, &params);
    packed.into()
}
