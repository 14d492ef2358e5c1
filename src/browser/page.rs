//! What the JavaScript half offers, a room at a time.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/page/start.js")]
extern "C" {
    /// Begins to track once the page is shown, with the way into the tracker and the site's choices.
    #[wasm_bindgen(js_name = startShown)]
    pub(crate) fn start(feed: &JsValue, options: &JsValue) -> Promise;
    /// Keeps what happens on the page in memory, with the site's choices, for a tracker that may never begin.
    #[wasm_bindgen(js_name = keepShown)]
    pub(crate) fn keep(options: &JsValue) -> Promise;
    /// Nothing is tracked from here on, and nothing is left of what was: in other tabs neither, if they are to be told.
    #[wasm_bindgen(js_name = stopShown)]
    pub(crate) fn stop(tells_others: bool);
}

#[wasm_bindgen(module = "/page/storage.js")]
extern "C" {
    /// Whether the visitor asks every site not to track (Global Privacy Control, Do Not Track).
    #[wasm_bindgen(js_name = isOptedOut)]
    pub(crate) fn is_opted_out() -> bool;
    /// Whether the visitor opted out of this site, from here on if that is said.
    #[wasm_bindgen(js_name = optOut)]
    pub(crate) fn opt_out(is_out: Option<bool>) -> bool;
    /// Calls an action when another tab has removed all.
    #[wasm_bindgen(js_name = onWiped)]
    pub(crate) fn on_wiped(action: &JsValue);
    /// Stores a text, or removes the key of an empty one; returns whether storage takes what it is given.
    pub(crate) fn store(key: &str, text: &str) -> bool;
}

#[wasm_bindgen(module = "/page/listen.js")]
extern "C" {
    /// The timer is to fire in so many milliseconds; not at all if they are negative.
    pub(crate) fn wake(wait_ms: i32);
}

#[wasm_bindgen(module = "/page/send.js")]
extern "C" {
    /// Posts a batch.
    pub(crate) fn send(body: &str, batch: u32, is_retry: bool);
    /// Lets the browser send a batch if the page ends without a word; takes the one before back.
    pub(crate) fn arm(body: &str);
    pub(crate) fn flush(done: &Function, at: &JsValue);
}

#[wasm_bindgen(module = "/page/facts.js")]
extern "C" {
    /// Keeps the session for whoever asked for it.
    pub(crate) fn show(session: &str);
    #[wasm_bindgen(js_name = report)]
    pub(crate) fn report(kind: u32, lines: &str, at: &JsValue);
    /// A method of the package's handle, with its arguments as JSON.
    pub(crate) fn call(method: &str, first: &JsValue, second: &JsValue, at: &JsValue);
    /// Counts calls that were no events, or for which there was no room.
    #[wasm_bindgen(js_name = countDropped)]
    pub(crate) fn count_dropped(calls: u32);
}

#[wasm_bindgen(module = "/page/review.js")]
extern "C" {
    /// The site's say in an event, from its lines to those that are to be kept.
    pub(crate) fn review(lines: &str) -> String;
}

#[wasm_bindgen(module = "/page/json.js")]
extern "C" {
    #[wasm_bindgen(catch, js_name = toJson)]
    pub(crate) fn to_json(props: &JsValue) -> Result<JsValue, JsValue>;
}

#[wasm_bindgen(module = "/page/clock.js")]
extern "C" {
    pub(crate) fn now() -> JsValue;
    fn calendar(zone: &str) -> JsValue;
}

/// Rooms that only other rooms import: wasm-bindgen copies the files that are named here, and no more.
macro_rules! rooms {
    ($($path:literal $any:ident,)*) => {$(
        #[wasm_bindgen(module = $path)]
        extern "C" {
            #[allow(dead_code, reason = "naming it is what copies the file")]
            fn $any();
        }
    )*};
}

rooms! {
    "/page/arrivals.js" arrive,
    "/page/began.js" pageNow,
    "/page/device.js" device,
    "/page/early.js" replayEarly,
    "/page/format.js" PATH,
    "/page/guard.js" attempt,
    "/page/layout.js" GATEWAYS,
    "/page/order.js" readPurchase,
    "/page/rules.js" useRules,
    "/page/scrub.js" scrubText,
    "/page/tabs.js" claim,
}

/// Whether the browser knows a zone.
pub(crate) fn is_zone(name: &str) -> bool {
    !calendar(name).is_undefined()
}
