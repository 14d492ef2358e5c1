//! What a Rust front-end calls before the page has agreed with the site's other tabs. The package keeps such calls itself.

use crate::page;
use js_sys::Function;
use std::cell::RefCell;
use wasm_bindgen::JsValue;

/// Calls kept at most; the rest are dropped and counted.
const CALLS_MAX: usize = 1_000;

/// A call on the tracker.
pub(crate) enum Call {
    /// Calls a method of the package's handle, with its arguments as JSON.
    Method(&'static str, JsValue, JsValue),
    /// An event whose properties are no JSON.
    Invalid,
    /// Sends what waits, and calls this when that is answered.
    Flush(Function),
}

/// Calls with the readings of both clocks, and how many more there were.
type Calls = (Vec<(Call, JsValue)>, u32);

thread_local! {
    /// The calls; `None` where they are not kept.
    static EARLY: RefCell<Option<Calls>> = const { RefCell::new(None) };
}

/// Begins to keep calls, if they are not kept already.
pub(crate) fn keep() {
    if !is_kept() {
        EARLY.set(Some(Calls::default()));
    }
}

fn is_kept() -> bool {
    EARLY.with_borrow(Option::is_some)
}

/// Makes a call, now or later.
pub(crate) fn call(call: Call) {
    let at = page::now();
    let made = EARLY.with_borrow_mut(|early| match early {
        Some((calls, _)) if calls.len() < CALLS_MAX => {
            calls.push((call, at));
            None
        }
        Some((_, more)) => {
            *more += 1;
            None
        }
        None => Some((call, at)),
    });
    if let Some((call, at)) = made {
        make(call, &at);
    }
}

/// Makes the calls that were kept, and keeps no more.
pub(crate) fn replay() {
    let (calls, more) = EARLY.take().unwrap_or_default();
    for (call, at) in calls {
        make(call, &at);
    }
    if more > 0 {
        page::count_dropped(more);
    }
}

/// There will be no tracker: keeps no more calls, and lets nobody wait.
pub(crate) fn give_up() {
    let (calls, _) = EARLY.take().unwrap_or_default();
    for (call, _) in calls {
        if let Call::Flush(settle) = call {
            let _ = settle.call0(&JsValue::UNDEFINED);
        }
    }
}

fn make(call: Call, at: &JsValue) {
    match call {
        Call::Method(method, first, second) => page::call(method, &first, &second, at),
        Call::Invalid => page::count_dropped(1),
        Call::Flush(settle) => page::flush(&settle, at),
    }
}
