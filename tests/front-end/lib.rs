//! A front-end in Rust: it calls the tracker at once, with typed properties, and waits for a flush.

use js_sys::Promise;
use serde::Serialize;
use shopbell::{Consent, Options, Shopbell};
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

/// The same page of a visitor who is asked: tracks, and gives what the page calls to answer for them.
#[wasm_bindgen]
pub struct Asked(Shopbell);

#[wasm_bindgen]
impl Asked {
    /// Begins to keep what happens.
    pub fn begin() -> Self {
        let options = Options {
            consent: Consent::Pending,
            allow_query: vec!["size".into()],
            ..Options::new("/collect", "asked")
        };
        Self(Shopbell::init(&options))
    }

    /// Tracks an event without properties.
    pub fn track(&self, name: &str) {
        self.0.track(name, &());
    }

    /// Says who the visitor is.
    pub fn identify(&self, user_id: &str) {
        self.0.identify(user_id);
    }

    /// The visitor agrees, or refuses.
    pub fn answer(&self, agrees: bool) {
        self.0.consent(if agrees { Consent::Granted } else { Consent::Denied });
    }

    /// The visitor opts out of the site, or back in.
    #[wasm_bindgen(js_name = optOut)]
    pub fn opt_out(&self, is_out: bool) -> bool {
        self.0.opt_out(Some(is_out))
    }

    /// The session's id.
    pub fn session(&self) -> Option<String> {
        self.0.session().map(|session| session.id)
    }

    /// Settles when all is delivered.
    pub fn flush(&self) -> Promise {
        self.0.flush()
    }
}
