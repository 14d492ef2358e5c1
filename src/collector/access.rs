//! Who may ask: whoever has the token, or, where there is none, whoever asks on this machine.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, SocketAddr};

/// The cookie of whoever signed in.
pub(crate) const COOKIE: &str = "shopbell_owner";
/// Shortest token: one that nobody guesses.
const TOKEN_CHARS_MIN: usize = 16;

/// Why somebody may not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// Not under this name.
    Host,
    /// Not without the token.
    Token,
    /// Not from there.
    Elsewhere,
}

impl Denial {
    pub(crate) fn sentence(&self) -> &'static str {
        match self {
            Self::Host => "this host is not known here; accepted are those that the collector was given by --host",
            Self::Token => "this needs the token, as \"Authorization: Bearer …\" or by signing in",
            Self::Elsewhere => {
                "without a token this answers on this machine alone, by way of no proxy and under its loopback name; start the collector with --token-file to ask from elsewhere"
            }
        }
    }
}

/// What is asked of whoever wants to know.
#[derive(Clone, Default)]
pub struct Access {
    /// Its digest, so that comparing takes the same time however much of it is right.
    token: Option<[u8; 32]>,
    hosts: Vec<String>,
}

impl Access {
    /// With a token, and the names under which the collector answers; any, where none are given.
    pub fn new(token: Option<&str>, hosts: Vec<String>) -> Result<Self, String> {
        let token = match token.map(str::trim) {
            Some(token) if token.chars().count() < TOKEN_CHARS_MIN => {
                return Err(format!("the token is too short; accepted are at least {TOKEN_CHARS_MIN} characters"));
            }
            token => token.map(digest),
        };
        Ok(Self { token, hosts })
    }

    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Whether this is the token.
    pub(crate) fn is_token(&self, given: &str) -> bool {
        self.token.is_some_and(|token| token == digest(given))
    }

    /// Whether a request has the token as its bearer.
    pub(crate) fn has_bearer(&self, headers: &HeaderMap) -> bool {
        bearer(headers).is_some_and(|given| self.is_token(given))
    }

    /// The value of the cookie of whoever signed in: it says nothing of the token, and goes with it.
    pub(crate) fn cookie(&self) -> Option<String> {
        let token = self.token?;
        let mut hash = Sha256::new();
        hash.update(b"signed in with ");
        hash.update(token);
        Some(BASE64_URL_SAFE_NO_PAD.encode(hash.finalize()))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let Some(expected) = self.cookie() else { return false };
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = values.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
        cookies.any(|(name, value)| name == COOKIE && digest(value) == digest(&expected))
    }

    /// Whether a request may read what is stored.
    pub(crate) fn check(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), Denial> {
        let name = host_of(headers);
        let is_loopback = name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if !self.hosts.is_empty() && !is_loopback && !self.hosts.iter().any(|host| host.eq_ignore_ascii_case(&name)) {
            return Err(Denial::Host);
        }
        if self.has_token() {
            return if self.has_bearer(headers) || self.has_cookie(headers) { Ok(()) } else { Err(Denial::Token) };
        }
        // A proxy of this machine asks for others, and a page of another site asks under its own name (DNS rebinding).
        let is_forwarded =
            ["forwarded", "x-forwarded-for", "x-real-ip", "via"].iter().any(|name| headers.contains_key(*name));
        if is_loopback && peer.ip().to_canonical().is_loopback() && !is_forwarded {
            Ok(())
        } else {
            Err(Denial::Elsewhere)
        }
    }
}

/// The bearer that a request names (RFC 6750). What a browser or a proxy sends by another scheme is for others.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, given) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| given.trim())
}

/// The name that a request gives its host, without a port.
fn host_of(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let without_port = match host.rsplit_once(':') {
        // An address of IPv6 has colons inside its brackets.
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    without_port.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase()
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::{Access, Denial};
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    const TOKEN: &str = "sixteen characters";

    #[track_caller]
    fn check(access: &Access, peer: &str, headers: &[(&'static str, &str)], expected: Result<&(), &Denial>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        assert_eq!(access.check(peer.parse().expect("an address"), &map).as_ref(), expected, "{peer} {headers:?}");
    }

    #[test]
    fn without_a_token_this_machine_alone_may_ask() {
        let open = Access::default();
        for host in ["127.0.0.1:8787", "localhost", "LOCALHOST:80", "localhost.", "[::1]:8787", "127.1.2.3"] {
            check(&open, "127.0.0.1:9", &[("host", host)], Ok(&()));
        }
        for host in ["", "shop.example", "127.0.0.1.shop.example", "localhost.shop.example:8787", "0.0.0.0", "[::2]"] {
            check(&open, "127.0.0.1:9", &[("host", host)], Err(&Denial::Elsewhere));
        }
        check(&open, "[::ffff:127.0.0.1]:9", &[("host", "localhost")], Ok(&()));
        check(&open, "192.0.2.7:9", &[("host", "localhost")], Err(&Denial::Elsewhere));
        for name in ["forwarded", "x-forwarded-for", "x-real-ip", "via"] {
            check(&open, "127.0.0.1:9", &[("host", "localhost"), (name, "192.0.2.7")], Err(&Denial::Elsewhere));
        }
    }

    #[test]
    fn with_a_token_whoever_has_it_may_ask() {
        let hosts = vec!["Stats.example".to_owned()];
        let closed = Access::new(Some(TOKEN), hosts).expect("a token");
        let host = ("host", "stats.example");
        let cookie = format!("a=b; {}={}", super::COOKIE, closed.cookie().expect("a cookie"));
        check(&closed, "192.0.2.7:9", &[host, ("authorization", &format!("Bearer {TOKEN}"))], Ok(&()));
        check(&closed, "192.0.2.7:9", &[host, ("authorization", &format!("bearer  {TOKEN} "))], Ok(&()));
        check(&closed, "192.0.2.7:9", &[host, ("cookie", &cookie)], Ok(&()));
        check(&closed, "192.0.2.7:9", &[host, ("cookie", "x=y"), ("cookie", &cookie)], Ok(&()));
        for (name, value) in [
            ("authorization", format!("Bearer {TOKEN}!")),
            ("authorization", TOKEN.to_owned()),
            ("authorization", format!("Basic {TOKEN}")),
            ("authorization", "Bearer".to_owned()),
            ("authorization", "Bearé r".to_owned()),
            ("cookie", format!("{}={TOKEN}", super::COOKIE)),
            ("cookie", format!("{}=", super::COOKIE)),
        ] {
            check(&closed, "127.0.0.1:9", &[host, (name, &value)], Err(&Denial::Token));
        }
        check(&closed, "127.0.0.1:9", &[("host", "localhost")], Err(&Denial::Token));
        check(&closed, "127.0.0.1:9", &[("host", "evil.example"), ("cookie", &cookie)], Err(&Denial::Host));
        assert!(Access::new(Some("short"), Vec::new()).is_err());
    }
}
