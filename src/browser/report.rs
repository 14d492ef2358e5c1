//! What the page reports, read: lines of `layout` into moments and inputs.

use shopbell_core::effect::BatchId;
use shopbell_core::layout::{answered, dropped, input, moment, outcome, recovered, start, tracked};
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, StoredChunk};
use shopbell_core::session::Rules;
use shopbell_core::text::take;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::Input;

/// One thing that the page reports.
#[derive(Clone, Copy)]
pub(crate) struct Report<'a> {
    pub(crate) kind: usize,
    pub(crate) wall: Timestamp,
    pub(crate) uptime: Uptime,
    pub(crate) day: CivilDay,
    /// What there is to say, by its kind.
    pub(crate) lines: &'a str,
}

/// Takes the next report off `rest`.
pub(crate) fn next<'a>(rest: &mut &'a str) -> Report<'a> {
    let lines = take(rest, 0);
    Report {
        kind: lines::number_at(lines, moment::KIND) as usize,
        wall: Timestamp(lines::number_at(lines, moment::WALL)),
        uptime: Uptime(lines::number_at(lines, moment::UPTIME)),
        day: CivilDay(lines::number_at(lines, moment::DAY) as u32),
        lines: lines::behind(lines, moment::LINES),
    }
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

impl<'a> Report<'a> {
    /// The input that it is; `counts` says whether page views are counted by themselves.
    pub(crate) fn input(&self, counts: bool) -> Input<'a> {
        let lines = self.lines;
        match self.kind {
            input::ACTIVITY => Input::Activity,
            input::NAVIGATED => Input::Navigated { to: lines, counts },
            input::TRACKED => Input::Tracked {
                name: lines::at(lines, tracked::NAME),
                props: lines::at(lines, tracked::PROPS),
                order: lines::behind(lines, tracked::LINES),
            },
            input::DROPPED => Input::InvalidEvents(lines::number_at(lines, dropped::CALLS)),
            input::NEW_SESSION => Input::NewSession,
            input::CHECKOUT_PENDING => Input::CheckoutPending,
            input::HIDDEN => Input::Hidden,
            input::FLUSH => Input::Flush,
            input::RETURNED => Input::Returned,
            input::TIMER_FIRED => Input::TimerFired,
            input::ANSWERED => Input::Answered(BatchId(lines::number_at(lines, answered::BATCH) as u32), self.answer()),
            input::RECOVERED => Input::Recovered(StoredChunk {
                key: lines::at(lines, recovered::KEY),
                text: lines::behind(lines, recovered::LINES),
            }),
            _ => Input::SnapshotRequested,
        }
    }

    fn answer(&self) -> Answer {
        let lines = self.lines;
        match lines::number_at(lines, answered::OUTCOME) as usize {
            outcome::ANSWERED => {
                let status = lines::number_at(lines, answered::STATUS);
                Answer::from_status(status, lines::number_at(lines, answered::RETRY_AFTER_MS))
            }
            outcome::BLOCKED => Answer::Blocked,
            outcome::REFUSED => Answer::Refused,
            _ => Answer::Unavailable(0),
        }
    }
}
