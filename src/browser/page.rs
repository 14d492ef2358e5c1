//! What `page.js` offers, and the kinds of facts that it tells.

use wasm_bindgen::prelude::*;

pub(crate) const ACTIVITY: u32 = 0;
pub(crate) const NAVIGATED: u32 = 1;
pub(crate) const TRACKED: u32 = 2;
pub(crate) const UNTRACKABLE: u32 = 3;
pub(crate) const NEW_SESSION: u32 = 4;
pub(crate) const HIDDEN: u32 = 5;
pub(crate) const FLUSH: u32 = 6;
pub(crate) const WOKE: u32 = 7;
pub(crate) const LOOKED: u32 = 8;
pub(crate) const ANSWERED: u32 = 9;
pub(crate) const RECOVERED: u32 = 10;
pub(crate) const CHECKOUT_PENDING: u32 = 11;

#[wasm_bindgen(module = "/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = openSeen)]
    pub(crate) fn open(choices: &JsValue) -> js_sys::Promise;
    pub(crate) fn listen(feed: &JsValue);
    #[wasm_bindgen(js_name = isOptedOut)]
    pub(crate) fn is_opted_out() -> bool;
    pub(crate) fn tell(kind: u32);
    #[wasm_bindgen(js_name = whenSettled)]
    pub(crate) fn when_settled(done: &js_sys::Function);
    pub(crate) fn now() -> JsValue;
    #[wasm_bindgen(js_name = tell)]
    pub(crate) fn tell_at(kind: u32, number: f64, text: &str, at: &JsValue);
    pub(crate) fn track(name: &str, props: &JsValue, at: &JsValue);
    pub(crate) fn store(key: &str, text: &str) -> bool;
    pub(crate) fn wake(wait_ms: i32);
    pub(crate) fn show(session: &str);
    pub(crate) fn send(body: &str, batch: u32);
}
