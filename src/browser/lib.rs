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
//! let _sent = shopbell.flush();
//! ```
//!
//! Everybody else uses the JavaScript package, which is this crate built with the feature `module`.
//!
//! The crate has two halves. The JavaScript in `page/` gathers facts, a room for each secret: it listens to the page, reads
//! clocks and storage, and reports what happened. Rust decides what that means and acts on it. JavaScript is the smaller
//! language for the first, every byte of which is downloaded before the shop's own.
//!
//! ```text
//!   guard  json  layout  clock  storage  what the page may break; names of lines; time; the gate to what is kept
//!         order   facts                  what an order is worth; how things are reported, all of a task at once
//!   began  arrivals  device  rules       how a page began, where the visitor is, what the browser says, what the site chose
//!      early    send                     pages before they had a tracker; requests
//!             tabs                       which tab this is, which others live
//!            listen                      what the page is listened to for
//!             start                      a page's tracker begins
//! ```
//!
//! **Architecture Invariant:** nothing throws into the page. Storage, properties and the network may fail in any
//! way; the tracker counts it and goes on.
//!
//! **Architecture Invariant:** no effect calls back before the input that caused it is done. Requests and timers
//! answer in a turn of their own, so the tracker is never entered twice.

mod early;
#[cfg(all(feature = "module", target_family = "wasm"))]
mod heap;
mod host;
mod options;
mod page;
mod report;
mod session;
mod tracking;

use early::Call;
use gloo_timers::callback::Timeout;
use host::Host;
use js_sys::Promise;
pub use options::{Campaign, Consent, Gpc, Midnight, Options};
use serde::Serialize;
pub use session::{Session, Source, Totals};
use shopbell_core::layout::input;
use std::sync::Mutex;
use wasm_bindgen::prelude::*;

/// A flush settles by then, whatever the network does.
const FLUSH_MS: u32 = 10_000;

/// The page's tracker, which lives as long as the page. Whoever uses it holds the lock, so that it cannot be entered twice.
static HOST: Mutex<Option<&'static mut Host>> = Mutex::new(None);

/// Lends the page's tracker out; `None` before there is one.
fn with_host<T>(action: impl FnOnce(&mut Host) -> T) -> Option<T> {
    let mut host = HOST.try_lock().ok()?;
    Some(action(host.as_mut()?))
}

/// The tracker of this page. It lives as long as the page; copies are the same.
#[derive(Clone, Copy, Debug)]
pub struct Shopbell(());

impl Shopbell {
    /// Begins to track this page: recovers what earlier pages could not send, counts a page view (unless
    /// `autocapture` is off) and listens to the page. Call it once a page.
    ///
    /// It takes a few milliseconds to agree with the site's other tabs; what is called meanwhile is kept, with its own
    /// times, and so it is while consent is pending. A visitor who opted out is not tracked, and the tracker does nothing.
    pub fn init(options: &Options) -> Self {
        tracking::init(options);
        Self(())
    }

    /// Tracks an event with properties, which become a JSON object of at most 8 KiB. Properties that are none are
    /// counted as dropped.
    pub fn track<T: Serialize + ?Sized>(self, name: &str, props: &T) {
        let json = to_js(props).and_then(|props| page::to_json(&props).ok());
        tracking::call(json.map_or(Call::Invalid, |json| Call::Method("track", quoted(name), json)));
    }

    /// Counts a view of the current page, for sites that switched `autocapture` off.
    pub fn page(self) {
        tracking::call(Call::Method("page", JsValue::NULL, JsValue::UNDEFINED));
    }

    /// Keeps on the session what the site calls the visitor: hashed by the site, nothing that can be read. It changes no id.
    pub fn identify(self, user_id: &str) {
        tracking::call(Call::Method("identify", quoted(user_id), JsValue::UNDEFINED));
    }

    /// The session as it is now; `None` before any activity, and where nothing is tracked.
    pub fn session(self) -> Option<Session> {
        page::report(input::SNAPSHOT_REQUESTED as u32, "", &page::now());
        with_host(|host| host.session().map(Session::from)).flatten()
    }

    /// Ends the session and begins another, at most once a second.
    pub fn new_session(self) {
        tracking::call(Call::Method("newSession", JsValue::UNDEFINED, JsValue::UNDEFINED));
    }

    /// Holds the session open while the visitor pays at another site: until the purchase, at most
    /// [`CHECKOUT_MS_MAX`](shopbell_core::session::CHECKOUT_MS_MAX).
    pub fn checkout_pending(self) {
        tracking::call(Call::Method("checkoutPending", JsValue::UNDEFINED, JsValue::UNDEFINED));
    }

    /// Sends what waits, now. The promise settles when that is answered or has failed, and after ten seconds in any case;
    /// `wasm-bindgen-futures` makes a future of it.
    pub fn flush(self) -> Promise {
        if !tracking::has_begun() {
            return Promise::resolve(&JsValue::UNDEFINED);
        }
        Promise::new(&mut |settle, _| {
            let limit = settle.clone();
            Timeout::new(FLUSH_MS, move || drop(limit.call0(&JsValue::UNDEFINED))).forget();
            tracking::call(Call::Flush(settle));
        })
    }

    /// The visitor has answered, or is asked anew. A grant begins to track, and tells what was kept until then, with its own times. A
    /// refusal ends all tracking and leaves nothing of what was kept, in the site's other tabs neither; so does asking anew, which
    /// then begins to keep.
    pub fn consent(self, consent: Consent) {
        tracking::consent(consent);
    }

    /// Forgets the device, in the site's other tabs too: nothing is tracked on this page until a grant of consent.
    pub fn forget(self) {
        tracking::consent(Consent::Denied);
    }

    /// Whether the visitor opted out of this site, from here on if that is said. It is the one thing that is remembered of them then.
    pub fn opt_out(self, is_out: Option<bool>) -> bool {
        tracking::opt_out(is_out)
    }
}

/// The one way in: what one task of the page reports. The record as it is stored at that moment, the breaker, and then each
/// input, with a NUL between; an input is its [`moment`](shopbell_core::layout::moment) and what its kind has to say. Returns
/// the `seq` of the tab's next event.
///
/// It is one text, since wasm-bindgen's code for each further parameter is larger than what reads it here.
#[cfg_attr(feature = "module", wasm_bindgen)]
pub fn feed(reports: &str) -> f64 {
    HOST.try_lock().map_or(0, |mut host| host::feed(&mut host, reports)) as f64
}

/// A text as JSON.
fn quoted(text: &str) -> JsValue {
    js_sys::JSON::stringify(&text.into()).map_or(JsValue::UNDEFINED, JsValue::from)
}

/// A value as JavaScript would write it: structs and maps are objects, `None` is `null`.
fn to_js<T: Serialize + ?Sized>(value: &T) -> Option<JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).ok()
}
