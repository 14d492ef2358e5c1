//! What a collector's answer means.

use crate::layout::{answered, outcome};
use crate::lines::{self, Lines};

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
    /// The answer that a page reports with lines of [`layout::answered`](answered).
    pub(super) fn read(lines: &str) -> Self {
        match lines::number_at(lines, answered::OUTCOME) as usize {
            outcome::ANSWERED => {
                let status = lines::number_at(lines, answered::STATUS);
                Self::from_status(status, lines::number_at(lines, answered::RETRY_AFTER_MS))
            }
            outcome::BLOCKED => Self::Blocked,
            outcome::REFUSED => Self::Refused,
            _ => Self::Unavailable(0),
        }
    }

    /// Adds the lines of it that stand behind the batch in [`layout::answered`](answered).
    pub(crate) fn write(self, out: &mut Lines) {
        let (outcome, status, retry_after_ms) = match self {
            Self::Accepted => (outcome::ANSWERED, 200, 0),
            Self::Rejected => (outcome::ANSWERED, 400, 0),
            Self::TooLarge => (outcome::ANSWERED, 413, 0),
            Self::Unavailable(retry_after_ms) => (outcome::ANSWERED, 503, retry_after_ms),
            Self::Refused => (outcome::REFUSED, 0, 0),
            Self::Blocked => (outcome::BLOCKED, 0, 0),
        };
        for number in [outcome as u64, status, retry_after_ms] {
            out.push_number(number);
        }
    }

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
