//! What a collector's answer means, and how long to leave it alone after a failure.

/// First bound of the wait after a failure.
pub const BACKOFF_MS_BASE: u64 = 1_000;
/// Last bound of it; also the most that a `Retry-After` is heeded.
pub const BACKOFF_MS_MAX: u64 = 300_000;

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is stored: 2xx.
    Accepted,
    /// It will never be stored: any other status.
    Rejected,
    /// It may be stored another time: 408, 429, 5xx, or no answer at all. The collector asked to be left alone for
    /// so many milliseconds, 0 for none.
    Unavailable(u64),
}

impl Answer {
    /// The meaning of an HTTP status (RFC 9110 section 15), 0 standing for a request that failed.
    pub fn from_status(status: u64, retry_after_ms: u64) -> Self {
        match status {
            200..300 => Self::Accepted,
            0 | 408 | 429 | 500.. => Self::Unavailable(retry_after_ms),
            _ => Self::Rejected,
        }
    }
}

/// How long to wait after this many failures before: exponential with full jitter (Brooker, "Exponential Backoff
/// And Jitter", 2015), at least what the collector asked for, at most [`BACKOFF_MS_MAX`].
pub fn backoff_ms(failures_before: u32, retry_after_ms: u64, chance: u64) -> u64 {
    let bound = (BACKOFF_MS_BASE << failures_before.min(16)).min(BACKOFF_MS_MAX);
    let jittered = 1 + chance % bound;
    jittered.max(retry_after_ms).min(BACKOFF_MS_MAX)
}
