//! Who a request is from, and how much that one may tell in a time.

use axum::http::{HeaderMap, HeaderName};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a client may tell at once, in seconds of its rate.
const BURST_SECONDS: u32 = 10;
/// Questions between two looks for clients that have been quiet.
const SWEEP: u64 = 10_000;

/// How much a client may tell.
#[derive(Clone)]
pub struct Peers(Arc<Inside>);

struct Inside {
    header: Option<HeaderName>,
    limiter: Option<DefaultKeyedRateLimiter<IpAddr>>,
    asked: AtomicU64,
}

impl Peers {
    /// With the header in which a proxy names its client, and so many events a second of each; 0 for any number.
    pub fn new(header: Option<HeaderName>, events_per_second: u32) -> Self {
        let quota = |rate: NonZeroU32| {
            Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1)))
        };
        let limiter = NonZeroU32::new(events_per_second).map(|rate| RateLimiter::keyed(quota(rate)));
        Self(Arc::new(Inside { header, limiter, asked: AtomicU64::new(0) }))
    }

    /// Whether a client may tell so many events now. What comes from this machine without a header is from a proxy of whose
    /// clients nothing is known, or from a program of its owner's: it may.
    pub(crate) fn may_tell(&self, peer: SocketAddr, headers: &HeaderMap, events: usize) -> bool {
        let Some(limiter) = &self.0.limiter else { return true };
        let Some(client) = self.client(peer, headers) else { return true };
        if self.0.asked.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
            limiter.retain_recent();
        }
        let events = NonZeroU32::new(events as u32).unwrap_or(NonZeroU32::MIN);
        limiter.check_key_n(&client, events).is_ok_and(|is_allowed| is_allowed.is_ok())
    }

    /// The client's address, of IPv6 the network's: whoever has one address there has all.
    fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> Option<IpAddr> {
        // A proxy appends; what stands before its own word was told by the client.
        let named = self.0.header.as_ref().and_then(|name| headers.get_all(name).iter().next_back()?.to_str().ok());
        let named = named.and_then(|value| value.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
        let address = named.or_else(|| Some(peer.ip()).filter(|ip| !ip.to_canonical().is_loopback()))?;
        Some(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !0 << 64)),
            address @ IpAddr::V4(_) => address,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Peers;
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    const HEADER: HeaderName = HeaderName::from_static("x-forwarded-for");

    #[track_caller]
    fn check(header: Option<HeaderName>, peer: &str, value: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(value).expect("a value"));
        let client = Peers::new(header, 1).client(peer.parse().expect("an address"), &headers);
        assert_eq!(client.map(|client| client.to_string()).as_deref(), expected, "{peer} {value}");
    }

    #[test]
    fn who_a_request_is_from() {
        check(None, "192.0.2.7:9", "198.51.100.1", Some("192.0.2.7"));
        check(None, "127.0.0.1:9", "198.51.100.1", None);
        check(Some(HEADER), "127.0.0.1:9", "198.51.100.1", Some("198.51.100.1"));
        check(Some(HEADER), "127.0.0.1:9", "10.0.0.1, 198.51.100.1", Some("198.51.100.1"));
        check(Some(HEADER), "127.0.0.1:9", "unknown", None);
        check(Some(HEADER), "127.0.0.1:9", "2001:db8:1:2:3:4:5:6", Some("2001:db8:1:2::"));
        check(None, "[::ffff:192.0.2.7]:9", "", Some("192.0.2.7"));
    }

    #[test]
    fn a_client_tells_ten_seconds_of_its_rate_at_once_and_others_are_not_held_up() {
        let peers = Peers::new(None, 100);
        let tells = |peer: &str, events| peers.may_tell(peer.parse().expect("an address"), &HeaderMap::new(), events);
        assert!(tells("192.0.2.7:9", 900) && !tells("192.0.2.7:9", 200));
        assert!(tells("192.0.2.8:9", 200) && tells("127.0.0.1:9", 100_000));
        assert!(!tells("192.0.2.9:9", 1_001), "more than fits ever");
    }
}
