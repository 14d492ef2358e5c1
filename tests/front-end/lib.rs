//! A front-end in Rust: it calls the tracker at once, with typed properties, and waits for a flush.

use js_sys::Promise;
use serde::Serialize;
use shopbell::{Options, Shopbell};
use wasm_bindgen::prelude::*;

#[derive(Serialize)]
struct Product<'a> {
    item_id: &'a str,
    price: f64,
}

/// Tracks, before the tracker can have begun, and settles when all of it is delivered.
#[wasm_bindgen]
pub fn visit() -> Promise {
    let shopbell = Shopbell::init(&Options::new("/collect", "front-end"));
    shopbell.track("view_item", &Product { item_id: "lamp", price: 59.9 });
    shopbell.track("none", "a text is no object");
    shopbell.flush()
}
