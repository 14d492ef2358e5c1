//! What a collector's answer means.

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is stored: 2xx.
    Accepted,
    /// It will never be stored: any other status.
    Rejected,
    /// It may be stored in parts: 413.
    TooLarge,
    /// The browser did not take it, and may take less: a beacon over the page's quota. The collector has not seen it.
    Refused,
    /// It may be stored another time: 408, 429, 5xx, or no answer at all. The collector asked to be left alone for
    /// so many milliseconds, 0 for none.
    Unavailable(u64),
    /// It failed at once, with the device online: what a browser extension that blocks the request looks like.
    Blocked,
}

impl Answer {
    /// The meaning of an HTTP status (RFC 9110 section 15).
    pub fn from_status(status: u64, retry_after_ms: u64) -> Self {
        match status {
            200..300 => Self::Accepted,
            413 => Self::TooLarge,
            408 | 429 | 500.. => Self::Unavailable(retry_after_ms),
            _ => Self::Rejected,
        }
    }
}
