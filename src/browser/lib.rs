//! Shopbell in a browser: the only Rust here that knows one.
//!
//! A Rust front-end depends on this crate and calls [`Shopbell::init`] once:
//!
//! ```no_run
//! use serde::Serialize;
//! use shopbell::{Options, Shopbell};
//!
//! #[derive(Serialize)]
//! struct Product<'a> {
//!     item_id: &'a str,
//!     price: f64,
//! }
//!
//! let shopbell = Shopbell::init(&Options::new("/collect", "shop"));
//! shopbell.track("view_item", &Product { item_id: "lamp", price: 59.9 });
//! ```
//!
//! Everybody else uses the JavaScript package, which is this crate built with the feature `module`.
//!
//! The crate has two halves. `page.js` gathers facts: it listens to the page, reads clocks and storage, and tells
//! what happened. Rust decides what that means and acts on it. JavaScript is the smaller language for the first,
//! every byte of which is downloaded before the shop's own.
//!
//! **Architecture Invariant:** nothing throws into the page. Storage, properties and the network may fail in any
//! way; the tracker counts it and goes on.
//!
//! **Architecture Invariant:** no effect calls back before the input that caused it is done. Requests and timers
//! answer in a turn of their own, so the tracker is never entered twice.

#[cfg(all(feature = "module", target_family = "wasm"))]
mod heap;
mod host;
mod options;
mod page;
mod snapshot;

use host::Host;
pub use options::{Midnight, Options};
use serde::Serialize;
pub use shopbell_core::session::Session;
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// The tracker of this page. It lives as long as the page; copies are the same.
#[derive(Clone, Copy, Debug)]
pub struct Shopbell(());

impl Shopbell {
    /// Begins to track this page: recovers what earlier pages could not send, counts a page view (unless
    /// `autocapture` is off) and listens to the page. Call it once a page.
    pub fn init(options: &Options) -> Self {
        let zone = options.zone();
        let tab = page::open(zone, options.local_storage);
        Host::install(options, &tab);
        let feed = Closure::<dyn FnMut(u32, f64, f64, u32, f64, String, String)>::new(
            |kind, wall, uptime, day, number, text: String, stored: String| {
                feed(kind, wall, uptime, day, number, &text, &stored);
            },
        );
        page::listen(&feed.into_js_value());
        Self(())
    }

    /// Tracks an event with properties, which become a JSON object of at most 8 KiB. Properties that are none are
    /// counted as dropped.
    pub fn track<T: Serialize + ?Sized>(self, name: &str, props: &T) {
        page::track(name, &to_js(props).unwrap_or(JsValue::FALSE));
    }

    /// Counts a view of the current page, for sites that switched `autocapture` off.
    pub fn page(self) {
        page::track("page_view", &JsValue::UNDEFINED);
    }

    /// The session as it is now; `None` before any activity.
    pub fn session(self) -> Option<Session> {
        page::tell(page::LOOKED);
        HOST.with(|host| host.try_borrow().ok()?.as_ref()?.session().cloned())
    }

    /// Ends the session and begins another.
    pub fn new_session(self) {
        page::tell(page::NEW_SESSION);
    }

    /// Sends what waits, now.
    pub fn flush(self) {
        page::tell(page::FLUSH);
    }
}

/// The one way in: what happened, when, and the record as it is stored at that moment (empty for none).
#[cfg_attr(feature = "module", wasm_bindgen)]
pub fn feed(kind: u32, wall: f64, uptime: f64, day: u32, number: f64, text: &str, stored: &str) {
    HOST.with(|host| {
        if let Ok(mut host) = host.try_borrow_mut()
            && let Some(host) = host.as_mut()
        {
            host.handle(kind, [wall, uptime], day, number, text, stored);
        }
    });
}

/// Begins, as [`Shopbell::init`] does, for the package: it has checked the options and listens by itself.
#[cfg(feature = "module")]
#[wasm_bindgen]
pub fn start(
    tab: &str,
    collector: &str,
    site: &str,
    minutes: f64,
    midnight: bool,
    campaign: bool,
    max_hours: f64,
    auto: bool,
) {
    let options = Options {
        timeout_minutes: minutes,
        midnight: if midnight { Midnight::Local } else { Midnight::Off },
        campaign,
        max_hours: Some(max_hours).filter(|hours| *hours > 0.0),
        autocapture: auto,
        ..Options::new(collector, site)
    };
    Host::install(&options, tab);
}

/// The session as an object, or null.
#[cfg(feature = "module")]
#[wasm_bindgen]
pub fn session() -> JsValue {
    let snapshot = HOST.with(|host| to_js(&host.try_borrow().ok()?.as_ref()?.snapshot()?));
    snapshot.unwrap_or(JsValue::NULL)
}

/// The `seq` of the tab's next event.
#[cfg(feature = "module")]
#[wasm_bindgen]
pub fn next_seq() -> f64 {
    HOST.with(|host| host.try_borrow().ok()?.as_ref().map(Host::next_seq)).unwrap_or_default()
}

/// A value as JavaScript would write it: structs and maps are objects, `None` is `null`.
fn to_js<T: Serialize + ?Sized>(value: &T) -> Option<JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).ok()
}
