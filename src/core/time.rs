//! Wall time, monotonic time and civil days, as types that cannot be mixed.

use crate::text;
use alloc::string::String;

/// A point in wall time: milliseconds since the Unix epoch, as the visitor's clock has it.
///
/// The clock may be wrong and may be set in either direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// Milliseconds from `earlier` to here; 0 where the clock was set back in between, never negative.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Appends it as RFC 3339 has it, in UTC: `2026-03-10T20:00:00.000Z`.
    pub(crate) fn write(self, out: &mut String) {
        let (mut days, mut year, mut month) = (self.0 / 86_400_000, 1970, 1);
        while days >= days_of_year(year) {
            days -= days_of_year(year);
            year += 1;
        }
        while days >= days_of_month(year, month) {
            days -= days_of_month(year, month);
            month += 1;
        }
        text::push_digits(out, year, 4);
        text::push_digits_behind(out, "-", month, 2);
        text::push_digits_behind(out, "-", days + 1, 2);
        text::push_digits_behind(out, "T", self.0 / 3_600_000 % 24, 2);
        text::push_digits_behind(out, ":", self.0 / 60_000 % 60, 2);
        text::push_digits_behind(out, ":", self.0 / 1_000 % 60, 2);
        text::push_digits_behind(out, ".", self.0 % 1_000, 3);
        out.push_str("Z");
    }
}

fn days_of_year(year: u64) -> u64 {
    337 + days_of_month(year, 2)
}

fn days_of_month(year: u64, month: u64) -> u64 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    if month == 2 { 28 + u64::from(is_leap) } else { 30 + (month + month / 8) % 2 }
}

/// A point in monotonic time: milliseconds since the document began to load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uptime(pub u64);

impl Uptime {
    /// The point `ms` milliseconds later.
    #[must_use]
    pub fn after_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// A day of the calendar in the zone that sessions are cut by: days since 1970-01-01.
///
/// The host works it out, since only it knows the zone's rules; a day of 23 or 25 hours is one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CivilDay(pub u32);
