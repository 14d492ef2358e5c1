//! Time zones, each with what is hard about it; as the transitions around 2026 that the IANA database has, or had.

/// Milliseconds of a day without a transition.
pub const DAY_MS: u64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// A zone: its name, and from when on (Unix seconds) which offset from UTC holds, in minutes.
pub struct Zone {
    /// The zone's name and what it is there for.
    pub name: &'static str,
    offsets: &'static [(i64, i64)],
}

/// All zones.
pub const ZONES: [Zone; 8] = [
    Zone { name: "UTC", offsets: &[(i64::MIN, 0)] },
    // Days of 23 and 25 hours.
    Zone {
        name: "Europe/Paris",
        offsets: &[(i64::MIN, 60), (1_774_746_000, 120), (1_792_890_000, 60), (1_806_195_600, 120)],
    },
    Zone { name: "America/New_York", offsets: &[(i64::MIN, -300), (1_772_953_200, -240), (1_793_512_800, -300)] },
    Zone { name: "Asia/Kathmandu, 45 minutes", offsets: &[(i64::MIN, 345)] },
    // Half an hour of daylight saving: days of 23.5 and 24.5 hours.
    Zone { name: "Australia/Lord_Howe", offsets: &[(i64::MIN, 660), (1_775_314_800, 630), (1_791_041_400, 660)] },
    // At 00:00 it becomes 01:00: that day has no midnight.
    Zone { name: "Africa/Cairo, a day without midnight", offsets: &[(i64::MIN, 120), (1_776_981_600, 180)] },
    Zone { name: "Pacific/Kiritimati", offsets: &[(i64::MIN, 840)] },
    Zone { name: "Pacific/Pago_Pago", offsets: &[(i64::MIN, -660)] },
];

impl Zone {
    /// When its clocks change, in Unix milliseconds.
    pub fn transitions_ms(&self) -> Vec<u64> {
        self.offsets.iter().skip(1).map(|(from, _)| *from as u64 * 1_000).collect()
    }

    /// The clock on the wall there, as milliseconds of a calendar without zones.
    pub fn local_ms(&self, wall: u64) -> u64 {
        let wall = wall as i64;
        let since = |from: i64| from == i64::MIN || wall >= from * 1_000;
        let offset = self.offsets.iter().rev().find(|(from, _)| since(*from)).map_or(0, |(_, offset)| *offset);
        (wall + offset * MINUTE_MS) as u64
    }

    /// Days since 1970-01-01 there, as hosts count them.
    pub fn day(&self, wall: u64) -> u32 {
        (self.local_ms(wall) / DAY_MS) as u32
    }

    /// The date there as year, month and day, found by walking the calendar.
    pub fn date(&self, wall: u64) -> (u32, u32, u32) {
        let mut days = (self.local_ms(wall) / DAY_MS) as u32;
        let mut year = 1970;
        let is_leap = |year: u32| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        while days >= 365 + u32::from(is_leap(year)) {
            days -= 365 + u32::from(is_leap(year));
            year += 1;
        }
        let lengths = [31, 28 + u32::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while days >= lengths[month] {
            days -= lengths[month];
            month += 1;
        }
        (year, month as u32 + 1, days + 1)
    }

    /// How long until the next midnight there, by trial: the first minute of another date, then its first millisecond.
    pub fn until_midnight(&self, wall: u64) -> u64 {
        let today = self.day(wall);
        let step = MINUTE_MS as u64;
        let mut next = wall - wall % step + step;
        while self.day(next) == today {
            next += 15 * step;
        }
        while self.day(next - step) != today && next - step > wall {
            next -= step;
        }
        next - wall
    }
}
