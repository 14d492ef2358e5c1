//! What `page.js` offers, and the kinds of facts that it tells.

use wasm_bindgen::prelude::*;

pub(crate) const ACTIVITY: u64 = 0;
pub(crate) const NAVIGATED: u64 = 1;
pub(crate) const TRACKED: u64 = 2;
pub(crate) const UNTRACKABLE: u64 = 3;
pub(crate) const NEW_SESSION: u64 = 4;
pub(crate) const HIDDEN: u64 = 5;
pub(crate) const FLUSH: u64 = 6;
pub(crate) const WOKE: u64 = 7;
pub(crate) const LOOKED: u64 = 8;
pub(crate) const ANSWERED: u64 = 9;
pub(crate) const RECOVERED: u64 = 10;
pub(crate) const CHECKOUT_PENDING: u64 = 11;
pub(crate) const RETURNED: u64 = 12;
#[cfg(feature = "module")]
pub(crate) const STARTED: u64 = 13;

#[wasm_bindgen(module = "/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = openSeen)]
    pub(crate) fn open(choices: &JsValue) -> js_sys::Promise;
    pub(crate) fn listen(feed: &JsValue);
    #[wasm_bindgen(js_name = isOptedOut)]
    pub(crate) fn is_opted_out() -> bool;
    pub(crate) fn tell(kind: f64);
    #[wasm_bindgen(js_name = whenSettled)]
    pub(crate) fn when_settled(done: &js_sys::Function);
    pub(crate) fn now() -> JsValue;
    #[wasm_bindgen(js_name = tell)]
    pub(crate) fn tell_at(kind: f64, number: &str, text: &str, at: &JsValue);
    pub(crate) fn track(name: &str, props: &JsValue, at: &JsValue);
    #[wasm_bindgen(js_name = calendar)]
    fn calendar(zone: &str) -> JsValue;
    pub(crate) fn store(key: &str, text: &str) -> bool;
    pub(crate) fn wake(wait_ms: i32);
    pub(crate) fn show(session: &str);
    pub(crate) fn send(body: &str, batch: u32, is_retry: bool);
}

/// Whether the browser knows a zone.
pub(crate) fn is_zone(name: &str) -> bool {
    !calendar(name).is_undefined()
}
