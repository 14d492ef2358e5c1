//! The steps that a time is shown in, by the calendar of its zone.

use super::period::{Stretch, start_of};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// Steps that a time is shown in.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Every {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Steps of one answer at most.
const STEPS_MAX: usize = 1_100;

impl Every {
    /// Steps that make a curve which can be read.
    pub(crate) fn fitting((from, to): Stretch) -> Self {
        match to.saturating_sub(from) / 86_400_000 {
            0..=2 => Self::Hour,
            3..=92 => Self::Day,
            93..=740 => Self::Week,
            741..=30_000 => Self::Month,
            _ => Self::Year,
        }
    }
}

/// When each step of a time begins; the first and the last may be parts of one.
pub(crate) fn steps(stretch: Stretch, zone: &TimeZone, every: Every) -> Result<Vec<i64>, String> {
    let (from, to) = stretch;
    let mut steps = vec![from];
    let mut next = next_step(from, zone, every);
    while let Some(start) = next.filter(|start| *start < to) {
        steps.push(start);
        if steps.len() > STEPS_MAX {
            return Err(format!(
                "every makes more than {STEPS_MAX} steps of this time; accepted are larger steps, or less time"
            ));
        }
        next = next_step(start, zone, every);
    }
    Ok(steps)
}

/// When the step behind a moment begins.
fn next_step(moment: i64, zone: &TimeZone, every: Every) -> Option<i64> {
    let at = Timestamp::from_millisecond(moment).ok()?.to_zoned(zone.clone());
    let date = at.date();
    let next = match every {
        Every::Hour => {
            // Hours of the zone's clock: some are off by a half or a quarter.
            let passed = i64::from(at.minute()) * 60_000 + i64::from(at.second()) * 1_000 + i64::from(at.millisecond());
            return at
                .timestamp()
                .checked_add(SignedDuration::from_millis(3_600_000 - passed))
                .ok()
                .map(Timestamp::as_millisecond);
        }
        Every::Day => date.tomorrow(),
        Every::Week => date.checked_add((7 - i32::from(date.weekday().to_monday_zero_offset())).days()),
        Every::Month => date.first_of_month().checked_add(1.month()),
        Every::Year => date.first_of_year().checked_add(1.year()),
    };
    next.ok().map(|next| start_of(next, zone))
}

#[cfg(test)]
mod tests {
    use super::{Every, steps};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn steps_are_the_calendars() {
        #[track_caller]
        fn check(from: &str, to: &str, every: Every, count: usize, second: &str) {
            let zone = TimeZone::get("Europe/Berlin").expect("a zone");
            let steps = steps((ms(from), ms(to)), &zone, every).expect("steps");
            assert_eq!((steps.len(), steps[1]), (count, ms(second)), "{from} {to} {every:?}");
        }
        check("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", Every::Hour, 23, "2026-03-29T00:00:00Z");
        check("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", Every::Hour, 25, "2026-10-24T23:00:00Z");
        check("2026-03-27T23:00:00Z", "2026-04-02T22:00:00Z", Every::Day, 6, "2026-03-28T23:00:00Z");
        check("2026-03-27T05:00:00Z", "2026-04-14T22:00:00Z", Every::Week, 4, "2026-03-29T22:00:00Z");
        check("2026-01-15T05:00:00Z", "2026-12-31T23:00:00Z", Every::Month, 12, "2026-01-31T23:00:00Z");
        check("2024-06-15T05:00:00Z", "2027-01-01T23:00:00Z", Every::Year, 4, "2024-12-31T23:00:00Z");
        let zone = TimeZone::UTC;
        assert!(steps((0, 1 << 42), &zone, Every::Hour).is_err());
        assert_eq!(steps((i64::MIN, i64::MAX), &zone, Every::Day), Ok(vec![i64::MIN]));
    }
}
