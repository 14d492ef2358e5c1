//! Wall time, monotonic time and civil days, as types that cannot be mixed.

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
