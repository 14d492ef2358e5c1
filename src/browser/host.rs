//! Makes a [`Moment`] and an [`Input`] of what `page.js` tells, and carries out what the tracker asks for.

use crate::{HOST, page};
use shopbell_core::attribution::LANDING_LINES;
use shopbell_core::event::{Money, Order};
use shopbell_core::formats::{Context, native, snapshot};
use shopbell_core::id::Entropy;
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, BatchId, Leftover};
use shopbell_core::session::{Rules, Session};
use shopbell_core::text::{read_number, take};
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Output, Tracker};

pub(crate) struct Host {
    tracker: Tracker,
    site: String,
    device: String,
    autocapture: bool,
    /// Whether localStorage took all it was given.
    is_stored: bool,
    /// When the timer rings.
    wake: Option<Uptime>,
}

impl Host {
    /// Makes the page's tracker, once a page. The facts are lines: the site, the tab's name, the `seq` of its next
    /// event, chance, the seed, and what the browser says of itself.
    pub(crate) fn install(rules: Rules, autocapture: bool, facts: &str) {
        let mut rest = facts;
        let site = lines::next(&mut rest).to_owned();
        let tab_id = lines::next(&mut rest);
        let next_seq = lines::next_number(&mut rest);
        let entropy = Entropy::new(lines::next(&mut rest).to_owned());
        let seed = lines::next(&mut rest);
        let host = Self {
            tracker: Tracker::new(rules, tab_id, next_seq, seed, entropy),
            site,
            device: rest.to_owned(),
            autocapture,
            is_stored: true,
            wake: None,
        };
        HOST.set(Some(Box::leak(Box::new(host))));
    }

    /// One input into the tracker, then act, then set the timer.
    pub(crate) fn handle(&mut self, kind: u64, told: &str) -> f64 {
        let mut rest = told;
        let moment = Moment {
            wall: Timestamp(lines::next_number(&mut rest)),
            uptime: Uptime(lines::next_number(&mut rest)),
            day: CivilDay(lines::next_number(&mut rest) as u32),
            stored: take(&mut rest, 0),
            breaker: take(&mut rest, 0),
        };
        // What is no number is none.
        let number = read_number(lines::next(&mut rest));
        let count = number.unwrap_or_default();
        let input = match kind {
            page::ACTIVITY => Input::Activity,
            page::NAVIGATED => Input::Navigated {
                to: Navigation {
                    kind: match count & 3 {
                        0 => NavigationKind::Load,
                        1 => NavigationKind::Reload,
                        2 => NavigationKind::BackForward,
                        _ => NavigationKind::Spa,
                    },
                    url: lines::next(&mut rest),
                    path: lines::next(&mut rest),
                    browser_closed: count & 4 != 0,
                    landing: rest,
                    title: lines::behind(rest, LANDING_LINES),
                },
                counts: self.autocapture,
                next_seq: count >> 3,
            },
            page::TRACKED => Input::Tracked {
                name: lines::next(&mut rest),
                props: lines::next(&mut rest),
                order: number.map(|value| Order { value: Money(value), currency: lines::next(&mut rest), id: rest }),
            },
            page::UNTRACKABLE => Input::Untrackable,
            page::NEW_SESSION => Input::NewSession,
            page::CHECKOUT_PENDING => Input::CheckoutPending,
            page::HIDDEN => Input::Hidden,
            page::FLUSH => Input::Flush,
            page::RETURNED => Input::Returned,
            page::WOKE => {
                self.wake = None;
                Input::Woke
            }
            page::ANSWERED => {
                let status = lines::next_number(&mut rest);
                Input::Answered(BatchId(count as u32), Answer::from_status(status, lines::next_number(&mut rest)))
            }
            page::RECOVERED => Input::Recovered(Leftover {
                tab_id: lines::next(&mut rest),
                first_seq: lines::next_number(&mut rest),
                seq: number,
                text: rest,
            }),
            _ => Input::Looked,
        };
        self.tracker.handle(&moment, input);
        for output in self.tracker.take_outputs() {
            match output {
                Output::Store(key, text) => self.is_stored = page::store(&key, &text),
                Output::Send(batch) => self.send(batch, &moment),
            }
        }
        if kind == page::LOOKED {
            page::show(&snapshot::encode(&self.tracker, self.storage_name()));
        }
        self.set_timer(moment.uptime);
        self.tracker.next_seq() as f64 + if self.tracker.is_sending() { 0.5 } else { 0.0 }
    }

    fn send(&self, batch: BatchId, moment: &Moment<'_>) {
        if let Some(segment) = self.tracker.batch(batch) {
            let context = Context {
                site: &self.site,
                sent_at: moment.wall,
                sent_uptime: moment.uptime,
                device: &self.device,
                storage: self.storage_name(),
                counters: self.tracker.counters(),
            };
            page::send(&native::encode(&context, segment), batch.0, segment.attempts > 1);
        }
    }

    fn set_timer(&mut self, uptime: Uptime) {
        let wake = self.tracker.next_wake();
        if self.wake != wake {
            self.wake = wake;
            page::wake(wake.map_or(-1, |at| at.0.saturating_sub(uptime.0) as i32));
        }
    }

    /// `local` while localStorage takes what it is given, else `memory`.
    fn storage_name(&self) -> &'static str {
        if self.is_stored { "local" } else { "memory" }
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.tracker.session()
    }
}
