//! The device's clock: never right, sometimes set, and in a zone that its owner may leave.

use crate::zone::{ZONES, Zone};

/// Where the wall clock is at a true time.
#[derive(Clone, Debug)]
pub struct Clock {
    /// How much it runs fast, in parts per million.
    drift_ppm: i64,
    /// How far it was set off, in milliseconds.
    set_ms: i64,
    zone: usize,
}

impl Clock {
    /// A clock that is right now.
    pub fn new(drift_ppm: i64, zone: usize) -> Self {
        Self { drift_ppm, set_ms: 0, zone }
    }

    /// What it shows, so many milliseconds after the run began.
    pub fn wall(&self, began: u64, elapsed_ms: u64) -> u64 {
        let drifted = elapsed_ms as i64 * self.drift_ppm / 1_000_000;
        (began + elapsed_ms).saturating_add_signed(drifted + self.set_ms)
    }

    /// Sets it off.
    pub fn set(&mut self, by_ms: i64) {
        self.set_ms += by_ms;
    }

    /// Travels.
    pub fn travel(&mut self, zone: usize) {
        self.zone = zone % ZONES.len();
    }

    /// The zone it is in.
    pub fn zone(&self) -> &'static Zone {
        &ZONES[self.zone]
    }
}
