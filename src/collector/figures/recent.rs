//! Who is there now.

use std::collections::HashMap;

/// How long after its latest event a visitor is there still.
pub(crate) const NOW_MS: i64 = 300_000;
/// How long a session may go on: in that time its cart is not abandoned yet.
pub(crate) const OPEN_MS: i64 = 1_800_000;
/// What clocks that are right differ by.
const AHEAD_MS: i64 = 60_000;
/// Sessions that are kept in mind before those that are over are looked for.
const KEPT_MIN: usize = 1_024;

/// When sessions had their latest event, by the collector's clock; those that ended long ago are forgotten.
#[derive(Default)]
pub(crate) struct Recent {
    ended_at: HashMap<i64, i64>,
    next_look: usize,
}

impl Recent {
    /// Notes the latest event of the session at a place. What somebody with the token tells of the future is not now.
    pub(crate) fn note(&mut self, place: i64, ended_at: i64, now_ms: i64) {
        if !is_within(ended_at, OPEN_MS, now_ms) {
            self.ended_at.remove(&place);
            return;
        }
        self.ended_at.insert(place, ended_at);
        if self.ended_at.len() > self.next_look.max(KEPT_MIN) {
            self.ended_at.retain(|_, ended_at| is_within(*ended_at, OPEN_MS, now_ms));
            self.next_look = 2 * self.ended_at.len();
        }
    }

    /// Sessions that had an event in the time before now.
    pub(crate) fn since(&self, before_ms: i64, now_ms: i64) -> impl Iterator<Item = i64> {
        let recent = self.ended_at.iter().filter(move |(_, ended_at)| is_within(**ended_at, before_ms, now_ms));
        recent.map(|(place, _)| *place)
    }

    /// Whether the session at a place may go on.
    pub(crate) fn is_open(&self, place: i64, now_ms: i64) -> bool {
        self.ended_at.get(&place).is_some_and(|ended_at| is_within(*ended_at, OPEN_MS, now_ms))
    }
}

/// Whether a time lies in the time before now, or ahead by no more than clocks differ.
fn is_within(time: i64, before_ms: i64, now_ms: i64) -> bool {
    time > now_ms - before_ms && time <= now_ms + AHEAD_MS
}

#[cfg(test)]
mod tests {
    use super::{NOW_MS, OPEN_MS, Recent};

    #[test]
    fn who_is_there_now() {
        let mut recent = Recent::default();
        let now = 1_000_000 + NOW_MS;
        recent.note(1, 1_000_000, now);
        recent.note(2, now, now);
        recent.note(4, now + 31_536_000_000, now);
        assert_eq!(recent.since(NOW_MS, now).collect::<Vec<_>>(), [2]);
        assert!(recent.is_open(1, now) && !recent.is_open(1, 1_000_000 + OPEN_MS) && !recent.is_open(3, now));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut recent = Recent::default();
        for place in 0..100_000 {
            recent.note(place, place * 60_000, place * 60_000);
        }
        assert!(recent.ended_at.len() <= 2 * super::KEPT_MIN, "{}", recent.ended_at.len());
        assert_eq!(recent.since(NOW_MS, 99_999 * 60_000).count(), 5);
    }
}
