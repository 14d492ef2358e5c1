//! Makes a [`Moment`] and an [`Input`] of what `page.js` tells, and carries out what the tracker asks for.

use crate::{HOST, page};
use shopbell_core::attribution::LANDING_LINES;
use shopbell_core::event::{Money, Order};
use shopbell_core::formats::{Context, native, snapshot};
use shopbell_core::id::Entropy;
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, BatchId, Leftover};
use shopbell_core::session::{Rules, Session};
use shopbell_core::text::take;
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
    pub(crate) fn handle(&mut self, kind: u32, wall: f64, uptime: f64, day: u32, number: f64, text: &str) -> f64 {
        let mut rest = text;
        let stored = take(&mut rest, 0);
        let moment = Moment { wall: Timestamp(wall as u64), uptime: Uptime(uptime as u64), day: CivilDay(day), stored };
        let input = match kind {
            page::ACTIVITY => Input::Activity,
            page::NAVIGATED => Input::Navigated {
                to: Navigation {
                    kind: match number as u32 & 3 {
                        0 => NavigationKind::Load,
                        1 => NavigationKind::Reload,
                        2 => NavigationKind::BackForward,
                        _ => NavigationKind::Spa,
                    },
                    url: lines::next(&mut rest),
                    path: lines::next(&mut rest),
                    browser_closed: number as u32 & 4 != 0,
                    landing: rest,
                    title: lines::behind(rest, LANDING_LINES),
                },
                counts: self.autocapture,
                next_seq: number as u64 >> 3,
            },
            page::TRACKED => Input::Tracked {
                name: lines::next(&mut rest),
                props: lines::next(&mut rest),
                // A negative value is no order.
                order: (number >= 0.0).then(|| Order {
                    value: Money((number * Money::PER_UNIT as f64 + 0.5) as u64),
                    currency: lines::next(&mut rest),
                    id: rest,
                }),
            },
            page::UNTRACKABLE => Input::Untrackable,
            page::NEW_SESSION => Input::NewSession,
            page::CHECKOUT_PENDING => Input::CheckoutPending,
            page::HIDDEN => Input::Hidden,
            page::FLUSH => Input::Flush,
            page::WOKE => {
                self.wake = None;
                Input::Woke
            }
            page::ANSWERED => {
                let status = lines::next_number(&mut rest);
                Input::Answered(BatchId(number as u32), Answer::from_status(status, lines::next_number(&mut rest)))
            }
            page::RECOVERED => Input::Recovered(Leftover {
                tab_id: lines::next(&mut rest),
                first_seq: lines::next_number(&mut rest),
                // A negative number is a head's.
                seq: (number >= 0.0).then_some(number as u64),
                text: rest,
            }),
            _ => Input::Looked,
        };
        self.tracker.handle(&moment, input);
        for output in self.tracker.take_outputs() {
            match output {
                Output::Store(key, text) => self.is_stored = page::store(&key, &text),
                Output::Send(batch) => self.send(batch, moment.wall),
            }
        }
        if kind == page::LOOKED {
            page::show(&snapshot::encode(&self.tracker, self.storage_name()));
        }
        self.set_timer(moment.uptime);
        self.tracker.next_seq() as f64 + if self.tracker.is_sending() { 0.5 } else { 0.0 }
    }

    fn send(&self, batch: BatchId, sent_at: Timestamp) {
        if let Some(segment) = self.tracker.batch(batch) {
            let context = Context {
                site: &self.site,
                sent_at,
                device: &self.device,
                storage: self.storage_name(),
                counters: self.tracker.counters(),
            };
            page::send(&native::encode(&context, segment), batch.0);
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
