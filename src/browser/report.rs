//! What the page reports, read: lines of `layout` into moments and inputs.

use shopbell_core::effect::BatchId;
use shopbell_core::event::{Money, Order};
use shopbell_core::layout::{
    answered, dropped, input, moment, outcome, recovered, start, tracked,
};
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, StoredChunk};
use shopbell_core::session::Rules;
use shopbell_core::text::{read_number, take};
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
    let number = |index| lines::number_at(lines, index);
    Report {
        kind: number(moment::KIND) as usize,
        wall: Timestamp(number(moment::WALL)),
        uptime: Uptime(number(moment::UPTIME)),
        day: CivilDay(number(moment::DAY) as u32),
        lines: lines::behind(lines, moment::LINES),
    }
}

/// What a tracker begins with.
pub(crate) struct Start<'a> {
    pub(crate) rules: Rules,
    pub(crate) autocapture: bool,
    pub(crate) site: &'a str,
    pub(crate) tab_id: &'a str,
    pub(crate) next_seq: u64,
    pub(crate) chance: &'a str,
    pub(crate) seed: &'a str,
    pub(crate) device: &'a str,
}

impl<'a> Start<'a> {
    pub(crate) fn read(lines: &'a str) -> Self {
        let line = |index| lines::at(lines, index);
        let number = |index| lines::number_at(lines, index);
        Self {
            rules: Rules {
                timeout_ms: number(start::TIMEOUT_MS),
                max_ms: Some(number(start::MAX_MS)).filter(|max_ms| *max_ms > 0),
                midnight: number(start::MIDNIGHT) > 0,
                campaign: number(start::CAMPAIGN) as usize,
            },
            autocapture: number(start::AUTOCAPTURE) > 0,
            site: line(start::SITE),
            tab_id: line(start::TAB_ID),
            next_seq: number(start::NEXT_SEQ),
            chance: line(start::CHANCE),
            seed: line(start::SEED),
            device: line(start::DEVICE),
        }
    }
}

impl<'a> Report<'a> {
    /// The input that it is; `counts` says whether page views are counted by themselves.
    pub(crate) fn input(&self, counts: bool) -> Input<'a> {
        let lines = self.lines;
        let line = |index| lines::at(lines, index);
        let number = |index| lines::number_at(lines, index);
        match self.kind {
            input::ACTIVITY => Input::Activity,
            input::NAVIGATED => Input::Navigated { to: lines, counts },
            input::TRACKED => Input::Tracked {
                name: line(tracked::NAME),
                props: line(tracked::PROPS),
                order: read_number(line(tracked::VALUE)).map(|value| Order {
                    value: Money(value),
                    currency: line(tracked::CURRENCY),
                    id: line(tracked::ORDER_ID),
                }),
            },
            input::DROPPED => Input::InvalidEvents(number(dropped::CALLS)),
            input::NEW_SESSION => Input::NewSession,
            input::CHECKOUT_PENDING => Input::CheckoutPending,
            input::HIDDEN => Input::Hidden,
            input::FLUSH => Input::Flush,
            input::RETURNED => Input::Returned,
            input::TIMER_FIRED => Input::TimerFired,
            input::ANSWERED => Input::Answered(BatchId(number(answered::BATCH) as u32), self.answer()),
            input::RECOVERED => Input::Recovered(StoredChunk {
                tab_id: line(recovered::TAB_ID),
                first_seq: number(recovered::FIRST_SEQ),
                seq: read_number(line(recovered::SEQ)),
                text: lines::behind(lines, recovered::LINES),
            }),
            _ => Input::SnapshotRequested,
        }
    }

    fn answer(&self) -> Answer {
        let number = |index| lines::number_at(self.lines, index);
        match number(answered::OUTCOME) as usize {
            outcome::ANSWERED => Answer::from_status(number(answered::STATUS), number(answered::RETRY_AFTER_MS)),
            outcome::BLOCKED => Answer::Blocked,
            outcome::REFUSED => Answer::Refused,
            _ => Answer::Unavailable(0),
        }
    }
}
