//! Whether a front-end in Rust is tracked, by what its visitor wants. The package's handle knows that by itself.

use crate::early::{self, Call};
use crate::options::{Consent, Gpc, Options};
use crate::{HOST, feed, page, quoted, to_js};
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;

thread_local! {
    /// The site's options, checked, with the visitor's latest answer; `None` before there are any.
    static OPTIONS: RefCell<Option<Options>> = const { RefCell::new(None) };
    /// What is done today.
    static STATE: Cell<State> = const { Cell::new(State::Off) };
    /// How often something began or ended here.
    static RUNS: Cell<u32> = const { Cell::new(0) };
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing.
    Off,
    /// What happens is kept in memory.
    Pending,
    /// There is a tracker, or will be in a moment.
    Begun,
}

/// Goes as far as the visitor wants, by these options.
pub(crate) fn init(options: &Options) {
    if OPTIONS.replace(Some(options.checked())).is_none() {
        page::on_wiped(&Closure::<dyn FnMut()>::new(wiped).into_js_value());
    }
    enter();
}

/// The visitor has answered.
pub(crate) fn consent(consent: Consent) {
    note(consent);
    if consent == Consent::Pending && has_begun() {
        end(true);
    }
    enter();
}

fn note(consent: Consent) {
    OPTIONS.with_borrow_mut(|options| options.iter_mut().for_each(|options| options.consent = consent));
}

/// Another tab has forgotten the device.
fn wiped() {
    if STATE.get() != State::Off {
        note(Consent::Denied);
        end(false);
    }
}

/// Whether the visitor opted out of this site, from here on if that is said.
pub(crate) fn opt_out(is_out: Option<bool>) -> bool {
    let was_out = page::opt_out(None);
    if is_out.is_none_or(|is_out| is_out == was_out) {
        return was_out;
    }
    page::opt_out(is_out);
    end(true);
    enter();
    page::opt_out(None)
}

/// Whether there is a tracker to wait for.
pub(crate) fn has_begun() -> bool {
    STATE.get() == State::Begun
}

/// Makes a call, now or later; not at all where nothing is tracked.
pub(crate) fn call(call: Call) {
    if STATE.get() != State::Off {
        early::call(call);
    }
}

fn enter() {
    let Some(options) = OPTIONS.with_borrow(Clone::clone) else { return };
    let is_opted_out = page::is_opted_out();
    let is_out = page::opt_out(None) || options.gpc == Gpc::Respect && is_opted_out;
    let is_cookieless = options.gpc == Gpc::Cookieless && is_opted_out;
    let standing = |consent| if is_cookieless { Consent::Denied } else { consent };
    let was_asked = STATE.get() == State::Pending || options.consent == Consent::Pending;
    let begins = standing(if was_asked { Consent::Pending } else { Consent::Granted });
    let choices = to_js(&options.choices(begins)).unwrap_or_default();
    match (options.consent, STATE.get()) {
        (Consent::Denied, _) => end(true),
        _ if is_out => end(true),
        (Consent::Granted, State::Off) => begin(&choices),
        (Consent::Granted, State::Pending) => {
            let granted = standing(Consent::Granted).name();
            early::call(Call::Method("consent", quoted(granted), JsValue::UNDEFINED));
            begin(&choices);
        }
        (Consent::Pending, State::Off) => {
            early::keep();
            STATE.set(State::Pending);
            let _ = page::keep(&choices);
        }
        (Consent::Granted, State::Begun) | (Consent::Pending, _) => {}
    }
}

fn begin(choices: &JsValue) {
    let run = next_run();
    let feed = Closure::<dyn FnMut(String) -> f64>::new(|reports: String| feed(&reports));
    let replay = Closure::once(|_: JsValue| early::replay());
    let give_up = Closure::once(move |_: JsValue| {
        if run == RUNS.get() {
            STATE.set(State::Off);
            early::give_up();
        }
    });
    early::keep();
    STATE.set(State::Begun);
    let _ = page::start(&feed.into_js_value(), choices).then2(&replay, &give_up);
    replay.forget();
    give_up.forget();
}

/// Nothing is tracked from here on, and nothing is left of what was, in other tabs neither if they are to be told.
fn end(tells_others: bool) {
    next_run();
    STATE.set(State::Off);
    page::stop(tells_others);
    early::give_up();
    if let Ok(mut host) = HOST.try_lock() {
        *host = None;
    }
}

fn next_run() -> u32 {
    RUNS.set(RUNS.get() + 1);
    RUNS.get()
}
