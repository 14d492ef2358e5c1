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
//! let shopbell = Shopbell::init(Options::new("/collect", "shop"));
//! shopbell.track("view_item", &Product { item_id: "lamp", price: 59.9 });
//! ```
//!
//! Everybody else uses the JavaScript package, which is this crate built with the feature `module`.
//!
//! **Architecture Invariant:** nothing throws into the page. Storage, properties and the network may fail in any
//! way; the tracker counts it and goes on.
//!
//! **Architecture Invariant:** no effect calls back before the input that caused it is done. Requests and timers
//! answer in a turn of their own, so the tracker is never entered twice.

#[cfg(all(feature = "module", target_family = "wasm"))]
mod heap;
mod host;
mod listeners;
#[cfg(feature = "module")]
mod module;
mod options;
mod snapshot;
mod storage;

use host::{Host, Reading};
pub use options::{Midnight, Options};
use serde::Serialize;
use shopbell_core::tracker::Input;
pub use snapshot::Snapshot;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;

/// The tracker of this page. Clones are the same tracker; it lives as long as the page.
#[derive(Clone)]
pub struct Shopbell {
    host: Rc<RefCell<Host>>,
}

impl Shopbell {
    /// Begins to track this page: recovers what earlier pages could not send, counts a page view (unless
    /// `autocapture` is off) and listens to the page. Call it once a page.
    pub fn init(options: Options) -> Self {
        Self::start(options, Reading::now())
    }

    fn start(options: Options, reading: Reading) -> Self {
        let shopbell = Self {
            host: Rc::new(RefCell::new(Host::new(options))),
        };
        shopbell.listen(reading);
        shopbell
    }

    /// Tracks an event with properties, which become a JSON object of at most 8 KiB. Properties that are none are
    /// counted as dropped.
    pub fn track<T: Serialize + ?Sized>(&self, name: &str, props: &T) {
        let props = serde_wasm_bindgen::to_value(props).unwrap_or(JsValue::NULL);
        self.track_value(name, &props, Reading::now());
    }

    /// Counts a view of the current page, for sites that switched `autocapture` off.
    pub fn page(&self) {
        self.feed(Reading::now(), Input::Viewed { props: String::new() });
    }

    /// The session as it is now; `None` before any activity.
    pub fn session(&self) -> Option<Snapshot> {
        self.feed(Reading::now(), Input::Looked);
        self.host.try_borrow().ok()?.snapshot()
    }

    /// Ends the session and begins another.
    pub fn new_session(&self) {
        self.feed(Reading::now(), Input::NewSession);
    }

    /// Sends what waits, now.
    pub fn flush(&self) {
        self.feed(Reading::now(), Input::Flush);
    }

    fn track_value(&self, name: &str, props: &JsValue, reading: Reading) {
        let input = match listeners::read_props(props) {
            Some(text) => Input::Tracked {
                name: name.to_owned(),
                props: text,
                order: listeners::read_order(name, props),
            },
            None => Input::Untrackable,
        };
        self.feed(reading, input);
    }

    /// The one way in. A route change that the page has just made goes first.
    fn feed(&self, reading: Reading, input: Input) {
        listeners::settle();
        self.feed_settled(reading, input);
    }

    fn feed_settled(&self, reading: Reading, input: Input) {
        if let Ok(mut host) = self.host.try_borrow_mut() {
            host.handle(reading, input, self);
        }
    }
}
