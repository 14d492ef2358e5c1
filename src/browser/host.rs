//! Makes a [`Moment`] and an [`Input`] of what `page.js` tells, and carries out what the tracker asks for.

use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::{HOST, page};
use gloo_timers::callback::Timeout;
use shopbell_core::event::{Money, Order};
use shopbell_core::formats::{Context, native};
use shopbell_core::id::Entropy;
use shopbell_core::lines;
use shopbell_core::outbox::{Answer, BatchId};
use shopbell_core::session::Session;
use shopbell_core::text::{cut, read_number};
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Output, Tracker};
use web_sys::Storage;

pub(crate) struct Host {
    tracker: Tracker,
    collector: String,
    site: String,
    autocapture: bool,
    /// localStorage, until it is blocked or full: then what is in hand stays in memory.
    storage: Option<Storage>,
    timer: Option<(Uptime, Timeout)>,
}

impl Host {
    /// Makes the page's tracker. `tab` is the tab's name and the `seq` of its next event.
    pub(crate) fn install(options: &Options, tab: &str) {
        let (tab_id, next_seq) = cut(tab, b' ').unwrap_or_default();
        let next_seq = read_number(next_seq).unwrap_or_default();
        let host = Self {
            tracker: Tracker::new(options.rules(), tab_id, next_seq, Entropy::new(page::random())),
            collector: options.collector.clone(),
            site: options.site.clone(),
            autocapture: options.autocapture,
            storage: page::local(),
            timer: None,
        };
        HOST.with(|slot| {
            if let Ok(mut slot) = slot.try_borrow_mut() {
                *slot = Some(host);
            }
        });
    }

    /// One input into the tracker, then act, then set the timer.
    pub(crate) fn handle(
        &mut self,
        kind: u32,
        [wall, uptime]: [f64; 2],
        day: u32,
        number: f64,
        text: &str,
        stored: &str,
    ) {
        let moment = Moment { wall: Timestamp(wall as u64), uptime: Uptime(uptime as u64), day: CivilDay(day), stored };
        let mut rest = text;
        let input = match kind {
            page::ACTIVITY => Input::Activity,
            page::NAVIGATED => Input::Navigated {
                to: Navigation {
                    kind: match number as u32 {
                        0 => NavigationKind::Load,
                        1 => NavigationKind::Reload,
                        2 => NavigationKind::BackForward,
                        _ => NavigationKind::Spa,
                    },
                    url: lines::next(&mut rest),
                    referrer: lines::next(&mut rest),
                    title: rest,
                },
                counts: self.autocapture,
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
            page::HIDDEN => Input::Hidden,
            page::FLUSH => Input::Flush,
            page::WOKE => {
                self.timer = None;
                Input::Woke
            }
            page::ANSWERED => {
                let status = lines::next_number(&mut rest);
                Input::Answered(BatchId(number as u32), Answer::from_status(status, lines::next_number(&mut rest)))
            }
            page::RECOVERED => Input::Recovered { key: lines::next(&mut rest), text: rest },
            _ => Input::Looked,
        };
        self.tracker.handle(&moment, input);
        for output in self.tracker.take_outputs() {
            match output {
                Output::Store(key, text) => self.store(&key, &text),
                Output::Remove(key) => {
                    if let Some(storage) = &self.storage {
                        let _ = storage.remove_item(&key);
                    }
                }
                Output::Send(batch) => self.send(batch, moment.wall),
            }
        }
        if !self.tracker.is_sending() {
            page::settled();
        }
        self.set_timer(moment.uptime);
    }

    fn store(&mut self, key: &str, text: &str) {
        if let Some(storage) = &self.storage
            && storage.set_item(key, text).is_err()
        {
            self.storage = None;
        }
    }

    fn send(&self, batch: BatchId, sent_at: Timestamp) {
        if let Some(segment) = self.tracker.batch(batch) {
            let context = Context {
                site: &self.site,
                sent_at,
                device: &page::device(),
                storage: self.storage_name(),
                counters: self.tracker.counters(),
            };
            page::send(&self.collector, &native::encode(&context, segment), batch.0);
        }
    }

    fn set_timer(&mut self, uptime: Uptime) {
        let wake = self.tracker.next_wake();
        if self.timer.as_ref().map(|(at, _)| *at) != wake {
            // Dropping the old timer cancels it.
            self.timer = wake.map(|at| {
                let wait_ms = at.0.saturating_sub(uptime.0) as u32;
                (at, Timeout::new(wait_ms, || page::tell(page::WOKE)))
            });
        }
    }

    /// `local` while localStorage takes what it is given, else `memory`.
    fn storage_name(&self) -> &'static str {
        if self.storage.is_some() { "local" } else { "memory" }
    }

    pub(crate) fn next_seq(&self) -> f64 {
        self.tracker.next_seq() as f64
    }

    pub(crate) fn session(&self) -> Option<&Session> {
        self.tracker.session()
    }

    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        Snapshot::of(&self.tracker, self.storage_name())
    }
}
