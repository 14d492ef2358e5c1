//! How wrong a visitor's clock is, and when things happened by this collector's own.
//!
//! A batch says when it left on the visitor's clock, and it has just come: the difference is the clock's error and the
//! way here. Each event says when it happened on the same clock and, on the page's monotonic clock, how long after the
//! page began: so how long ago it was is known even where the clock was set back in between.

use std::time::{SystemTime, UNIX_EPOCH};

/// A request is on its way for up to half a minute, and that is no error of the clock.
const LATE_MS_MAX: i64 = 35_000;
/// Clocks that are kept in step by the network differ by less.
const EARLY_MS_MAX: i64 = 5_000;

/// What a page tells is at most this old: events wait for 30 days, and a session may have begun 30 days before.
const AGE_MS_MAX: i64 = 5_184_000_000;

/// This collector's clock, in Unix milliseconds.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// When a batch left, on the visitor's clock and on the page's, and when it came.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) at: u64,
    /// `None` where the events are of an earlier page.
    pub(crate) offset_ms: Option<u64>,
    pub(crate) received_at: u64,
    /// Whether it may be older than what a page tells: whoever told it has the token.
    pub(crate) is_history: bool,
}

impl Sent {
    /// By how much the clock was fast when it showed `time`, so many milliseconds after the page began; negative where it
    /// was slow, 0 where it was right as far as can be told.
    pub(crate) fn skew_ms(self, time: u64, offset_ms: Option<u64>) -> i64 {
        let by_wall = self.at.saturating_sub(time);
        let by_page = self.offset_ms.zip(offset_ms).map_or(0, |(sent, then)| sent.saturating_sub(then));
        // A monotonic clock may stand still while the device sleeps, and a wall clock may be set back: the longer age
        // is the true one.
        let age_ms =
            (by_wall.max(by_page) as i64).min(if self.is_history { self.received_at as i64 } else { AGE_MS_MAX });
        let happened = self.received_at as i64 - age_ms;
        let skew_ms = time as i64 - happened;
        if (-LATE_MS_MAX..=EARLY_MS_MAX).contains(&skew_ms) { 0 } else { skew_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::Sent;

    const NOW: u64 = 1_773_172_800_000;

    #[track_caller]
    fn check((sent_at, sent_offset): (u64, Option<u64>), (time, offset): (u64, u64), skew_ms: i64) {
        let sent = Sent { at: sent_at, offset_ms: sent_offset, received_at: NOW, is_history: false };
        assert_eq!(sent.skew_ms(time, Some(offset)), skew_ms);
    }

    #[test]
    fn what_a_clock_is_wrong_by() {
        // Right, with a way of a second, or of half a minute.
        check((NOW - 1_000, Some(9_000)), (NOW - 5_000, 5_000), 0);
        check((NOW - 30_000, Some(9_000)), (NOW - 34_000, 5_000), 0);
        // An hour fast, and a day slow.
        check((NOW + 3_600_000, Some(9_000)), (NOW + 3_596_000, 5_000), 3_600_000);
        check((NOW - 86_400_000, Some(9_000)), (NOW - 86_404_000, 5_000), -86_400_000);
        // Set back by an hour between the event and the batch: the event's time was right, or an hour fast.
        check((NOW - 3_600_000, Some(605_000)), (NOW - 600_000, 5_000), 0);
        check((NOW, Some(605_000)), (NOW + 3_000_000, 5_000), 3_600_000);
        // The device slept for an hour, and the page's clock with it.
        check((NOW, Some(9_000)), (NOW - 3_604_000, 5_000), 0);
        // Of an earlier page, three days ago.
        check((NOW, None), (NOW - 259_200_000, 5_000), 0);
        // Older than a page can tell, whichever clock says so; and with the token.
        let age_ms = super::AGE_MS_MAX as u64;
        check((NOW, None), (0, 0), age_ms as i64 - NOW as i64);
        check((NOW, Some(8_640_000_000_000_000)), (NOW, 0), age_ms as i64);
        let history = Sent { at: NOW, offset_ms: None, received_at: NOW, is_history: true };
        assert_eq!(history.skew_ms(NOW - 9 * age_ms, None), 0);
        // Times of a page that makes them up.
        check((0, None), (u64::MAX >> 1, 0), (u64::MAX >> 1) as i64 - NOW as i64);
    }
}
