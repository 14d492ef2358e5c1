//! Makes a [`Moment`] of what the browser says, and carries out what the tracker asks for.

use crate::listeners;
use crate::options::Options;
use crate::snapshot::Snapshot;
use crate::storage::Stores;
use crate::Shopbell;
use gloo_timers::callback::Timeout;
use js_sys::Function;
use shopbell_core::formats::{Context, Device, native};
use shopbell_core::id::Entropy;
use shopbell_core::outbox::BatchId;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Config, Input, Moment, Output, Tracker};
use wasm_bindgen::JsValue;

/// What both clocks read when something happened.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) wall: f64,
    pub(crate) uptime: f64,
}

impl Reading {
    pub(crate) fn now() -> Self {
        let performance = web_sys::window().and_then(|window| window.performance());
        Self {
            wall: js_sys::Date::now(),
            uptime: performance.map_or(0.0, |performance| performance.now()),
        }
    }
}

pub(crate) struct Host {
    options: Options,
    stores: Stores,
    device: Device,
    tracker: Tracker,
    timer: Option<(Uptime, Timeout)>,
    flushed: Vec<Function>,
}

impl Host {
    pub(crate) fn new(options: Options) -> Self {
        let stores = Stores::open(options.local_storage);
        let config = Config {
            rules: options.rules(),
            tab: stores.take_tab(),
        };
        Self {
            tracker: Tracker::new(config, Entropy::new(listeners::draw_entropy())),
            device: listeners::read_device(),
            options,
            stores,
            timer: None,
            flushed: Vec::new(),
        }
    }

    pub(crate) fn autocapture(&self) -> bool {
        self.options.autocapture
    }

    /// The one way into the tracker: one input, then drain, then act, then set the timer.
    pub(crate) fn handle(&mut self, reading: Reading, input: Input, me: &Shopbell) {
        if matches!(input, Input::Woke) {
            self.timer = None;
        }
        let stored = self.stores.record();
        let uptime = Uptime(reading.uptime as u64);
        let moment = Moment {
            wall: Timestamp(reading.wall as u64),
            uptime,
            day: CivilDay(listeners::day(self.options.zone(), reading.wall)),
            stored: stored.as_deref(),
        };
        self.tracker.handle(&moment, input);
        while let Some(output) = self.tracker.poll() {
            match output {
                Output::Save(text) => self.stores.save(&text),
                Output::Store(key, text) => self.stores.store(&key, &text),
                Output::Remove(key) => self.stores.remove(&key),
                Output::Send(batch) => self.send(batch, moment.wall),
            }
        }
        if !self.tracker.is_sending() {
            for done in self.flushed.drain(..) {
                let _ = done.call0(&JsValue::NULL);
            }
        }
        self.set_timer(uptime, me);
    }

    fn send(&self, batch: BatchId, sent_at: Timestamp) {
        let Some(segment) = self.tracker.batch(batch) else {
            return;
        };
        let context = Context {
            site: &self.options.site,
            sent_at,
            device: &self.device,
            storage: self.stores.name(),
            counters: self.tracker.counters(),
        };
        let body = native::encode(&context, segment);
        listeners::send(&self.options.collector, &body, batch.0);
    }

    fn set_timer(&mut self, uptime: Uptime, me: &Shopbell) {
        let wake = self.tracker.next_wake();
        if self.timer.as_ref().map(|(at, _)| *at) == wake {
            return;
        }
        // Dropping the old timer cancels it.
        self.timer = wake.map(|at| {
            let me = me.clone();
            let wait_ms = at.0.saturating_sub(uptime.0) as u32;
            let ring = move || me.feed_settled(Reading::now(), Input::Woke);
            (at, Timeout::new(wait_ms, ring))
        });
    }

    /// Calls `done` once nothing is in flight any more.
    pub(crate) fn when_flushed(&mut self, done: Function) {
        self.flushed.push(done);
    }

    /// Takes over what tabs left in the outbox; `wanted` says which.
    pub(crate) fn entries(&self, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        self.stores.entries(wanted)
    }

    pub(crate) fn tab_id(&self) -> &str {
        self.tracker.tab().0
    }

    pub(crate) fn leave_tab(&self) {
        self.stores.leave_tab(self.tracker.tab());
    }

    pub(crate) fn take_tab(&self) {
        let _ = self.stores.take_tab();
    }

    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        Snapshot::of(&self.tracker, self.stores.name())
    }
}
