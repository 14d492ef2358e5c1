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
    /// A beacon that the browser did not take.
    pub const REFUSED: u64 = 1;
    /// A request that failed at once.
    pub const BLOCKED: u64 = 2;

    /// The meaning of an HTTP status (RFC 9110 section 15), of [`REFUSED`](Self::REFUSED) and
    /// [`BLOCKED`](Self::BLOCKED); 0 stands for a request that failed.
    pub fn from_status(status: u64, retry_after_ms: u64) -> Self {
        match status {
            200..300 => Self::Accepted,
            413 => Self::TooLarge,
            Self::REFUSED => Self::Refused,
            Self::BLOCKED => Self::Blocked,
            0 | 408 | 429 | 500.. => Self::Unavailable(retry_after_ms),
            _ => Self::Rejected,
        }
    }
}
