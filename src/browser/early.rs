//! What a Rust front-end calls before the page has agreed with the site's other tabs. The package keeps such calls itself.

use crate::page;
use js_sys::Function;
use std::cell::RefCell;
use wasm_bindgen::JsValue;

/// Calls kept at most; the rest are lost.
const CALLS_MAX: usize = 1_000;

/// A call on the tracker.
pub(crate) enum Call {
    /// Tracks an event of this name with these properties.
    Track(String, JsValue),
    /// Tells a fact of this kind.
    Tell(u64),
    /// Sends what waits, and calls this when that is answered.
    Flush(Function),
}

thread_local! {
    /// The calls, each with the readings of both clocks; `None` where they are not kept.
    static EARLY: RefCell<Option<Vec<(Call, JsValue)>>> = const { RefCell::new(None) };
}

/// Begins to keep calls.
pub(crate) fn keep() {
    EARLY.set(Some(Vec::new()));
}

/// Whether calls are kept.
pub(crate) fn is_kept() -> bool {
    EARLY.with_borrow(Option::is_some)
}

/// Makes a call, now or later.
pub(crate) fn call(call: Call) {
    let at = page::now();
    let kept = EARLY.with_borrow_mut(|early| match early {
        Some(calls) if calls.len() < CALLS_MAX => {
            calls.push((call, at));
            None
        }
        Some(_) => None,
        None => Some((call, at)),
    });
    if let Some((call, at)) = kept {
        make(call, &at);
    }
}

/// Makes the calls that were kept, and keeps no more.
pub(crate) fn replay() {
    for (call, at) in EARLY.take().unwrap_or_default() {
        make(call, &at);
    }
}

/// There will be no tracker: keeps no more calls, and lets nobody wait.
pub(crate) fn give_up() {
    for (call, _) in EARLY.take().unwrap_or_default() {
        if let Call::Flush(settle) = call {
            let _ = settle.call0(&JsValue::UNDEFINED);
        }
    }
}

fn make(call: Call, at: &JsValue) {
    match call {
        Call::Track(name, props) => page::track(&name, &props, at),
        Call::Tell(kind) => page::tell_at(kind as f64, "", "", at),
        Call::Flush(settle) => {
            page::when_settled(&settle);
            page::tell_at(page::FLUSH as f64, "", "", at);
        }
    }
}
