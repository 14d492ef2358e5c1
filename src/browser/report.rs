//! What the page reports, read: lines of `layout` into moments and rules.

use shopbell_core::layout::{moment, start};
use shopbell_core::lines;
use shopbell_core::session::Rules;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::Moment;

/// Reads when something that is reported happened.
pub(crate) fn read_moment(lines: &str, moment: &mut Moment<'_>) {
    moment.wall = Timestamp(lines::number_at(lines, moment::WALL));
    moment.uptime = Uptime(lines::number_at(lines, moment::UPTIME));
    moment.day = CivilDay(lines::number_at(lines, moment::DAY) as u32);
}

/// The rules of what a tracker begins with.
pub(crate) fn rules(lines: &str) -> Rules {
    Rules {
        timeout_ms: lines::number_at(lines, start::TIMEOUT_MS),
        max_ms: Some(lines::number_at(lines, start::MAX_MS)).filter(|max_ms| *max_ms > 0),
        midnight: lines::number_at(lines, start::MIDNIGHT) > 0,
        campaign: lines::number_at(lines, start::CAMPAIGN) as usize,
    }
}
