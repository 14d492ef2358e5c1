//! The limits of the outbox, each with its reason; and how much of a wire format fits a request.

use crate::layout;
use crate::text::json_bytes;

/// A batch has at most this many events.
pub const BATCH_EVENTS_MAX: usize = 50;
/// A batch has at most this many bytes in its format, unless one event alone has more. Two of them may be in flight
/// as a page is left, see [`KEEPALIVE_BYTES_MAX`].
pub const BATCH_BYTES_MAX: usize = 32_768;
/// An event waits at most this long for company.
pub const BATCH_AGE_MS_MAX: u64 = 5_000;
/// Requests in flight when the page is left. Otherwise one at a time, so that events arrive in order.
pub const LEAVING_REQUESTS_MAX: usize = 3;
/// The same where a request has one event: as many as fit [`KEEPALIVE_BYTES_MAX`], most of the time.
pub const LEAVING_EVENTS_MAX: usize = 40;
/// Bytes in flight at most, unless one batch alone has more: what the Fetch Standard lets a page's keepalive requests
/// have in flight ("HTTP-network-or-cache fetch").
pub const KEEPALIVE_BYTES_MAX: usize = 65_536;
/// By then the host has reported an answer to every request, or that there was none.
pub const ANSWER_MS_MAX: u64 = 30_000;
/// Where a tab has as many bytes of waiting events as this, as a batch counts them, further ones wait in memory alone, so that
/// the site's other scripts keep their storage; a purchase and a refund are stored all the same.
pub const STORED_BYTES_MAX: usize = 524_288;
/// Bytes of waiting events at most, in memory and storage.
pub const OUTBOX_BYTES_MAX: usize = 16_777_216;
/// Waiting events at most.
pub const OUTBOX_EVENTS_MAX: usize = 20_000;
/// An event that is older than this is not taken over from an earlier page: 30 days.
pub const EVENT_AGE_MS_MAX: u64 = 2_592_000_000;

/// How much of a wire format fits a request.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Events in a request at most.
    pub events_max: usize,
    /// How many bytes an event takes at most, from its session's head and its own facts; what it adds to a batch, if that has the
    /// session once.
    pub event_bytes: fn(&str, &str) -> usize,
}

impl Room {
    /// One JSON object a batch, with its session once.
    pub const BATCH: Self = Self { events_max: BATCH_EVENTS_MAX, event_bytes: native_bytes };

    /// Requests in flight at most when the page is left: what has one event each is small.
    pub(super) fn leaving_requests_max(&self) -> usize {
        if self.events_max == 1 { LEAVING_EVENTS_MAX } else { LEAVING_REQUESTS_MAX }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self::BATCH
    }
}

/// Its tab, the names of its values and brackets; and its facts, of which a line break is counted as its escape, six bytes: as many
/// as the quotes, the colon and the comma of its value.
fn native_bytes(_: &str, facts: &str) -> usize {
    48 + layout::event::FIELDS.len() + json_bytes(facts)
}
