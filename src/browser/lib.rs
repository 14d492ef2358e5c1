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
//! The crate has two halves. `page.js` gathers facts: it listens to the page, reads clocks and storage, and tells
//! what happened. Rust decides what that means and acts on it. JavaScript is the smaller language for the first,
//! every byte of which is downloaded before the shop's own.
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

use early::Call;
use gloo_timers::callback::Timeout;
use host::Host;
use js_sys::Promise;
pub use options::{Campaign, Midnight, Options};
use serde::Serialize;
use shopbell_core::lines;
#[cfg(feature = "module")]
use shopbell_core::session::Rules;
pub use shopbell_core::session::Session;
use std::cell::Cell;
use wasm_bindgen::prelude::*;

/// A flush settles by then, whatever the network does.
const FLUSH_MS: u32 = 10_000;

thread_local! {
    /// The page's tracker, which lives as long as the page. Whoever uses it takes it out and puts it back, so that it
    /// cannot be entered twice.
    static HOST: Cell<Option<&'static mut Host>> = const { Cell::new(None) };
}

/// Lends the page's tracker out; `None` before there is one.
fn with_host<T>(action: impl FnOnce(&mut Host) -> T) -> Option<T> {
    let host = HOST.take()?;
    let result = action(host);
    HOST.set(Some(host));
    Some(result)
}

/// The tracker of this page. It lives as long as the page; copies are the same.
#[derive(Clone, Copy, Debug)]
pub struct Shopbell(());

impl Shopbell {
    /// Begins to track this page: recovers what earlier pages could not send, counts a page view (unless
    /// `autocapture` is off) and listens to the page. Call it once a page.
    ///
    /// It takes a few milliseconds to agree with the site's other tabs; what is called meanwhile is kept, with its own
    /// times. A visitor who opted out is not tracked, and the tracker does nothing.
    pub fn init(options: &Options) -> Self {
        if options.respect_gpc && page::is_opted_out() {
            return Self(());
        }
        let options = options.checked();
        let (site, rules, autocapture) = (options.site.clone(), options.rules(), options.autocapture);
        let begin = Closure::once(move |facts: JsValue| {
            let facts = facts.as_string().unwrap_or_default();
            Host::install(rules, autocapture, &[&site, "\n", &facts].concat());
            let feed = Closure::<dyn FnMut(String) -> f64>::new(|told: String| feed(&told));
            page::listen(&feed.into_js_value());
            early::replay();
        });
        let give_up = Closure::once(|_: JsValue| early::give_up());
        early::keep();
        let _ = page::open(&to_js(&options.choices()).unwrap_or_default()).then2(&begin, &give_up);
        begin.forget();
        give_up.forget();
        Self(())
    }

    /// Tracks an event with properties, which become a JSON object of at most 8 KiB. Properties that are none are
    /// counted as dropped.
    pub fn track<T: Serialize + ?Sized>(self, name: &str, props: &T) {
        early::call(Call::Track(name.to_owned(), to_js(props).unwrap_or(JsValue::FALSE)));
    }

    /// Counts a view of the current page, for sites that switched `autocapture` off.
    pub fn page(self) {
        early::call(Call::Track("page_view".to_owned(), JsValue::UNDEFINED));
    }

    /// The session as it is now; `None` before any activity.
    pub fn session(self) -> Option<Session> {
        page::tell(page::LOOKED as f64);
        with_host(|host| host.session().cloned()).flatten()
    }

    /// Ends the session and begins another, at most once a second.
    pub fn new_session(self) {
        early::call(Call::Tell(page::NEW_SESSION));
    }

    /// Holds the session open while the visitor pays at another site: until the purchase, at most
    /// [`CHECKOUT_MS_MAX`](shopbell_core::session::CHECKOUT_MS_MAX).
    pub fn checkout_pending(self) {
        early::call(Call::Tell(page::CHECKOUT_PENDING));
    }

    /// Sends what waits, now. The promise settles when that is answered or has failed, and after ten seconds in any case;
    /// `wasm-bindgen-futures` makes a future of it.
    pub fn flush(self) -> Promise {
        if !early::is_kept() && with_host(|_| ()).is_none() {
            return Promise::resolve(&JsValue::UNDEFINED);
        }
        Promise::new(&mut |settle, _| {
            let limit = settle.clone();
            Timeout::new(FLUSH_MS, move || drop(limit.call0(&JsValue::UNDEFINED))).forget();
            early::call(Call::Flush(settle));
        })
    }
}

/// The one way in, a text: on a line each what kind of thing happened, the wall clock, the monotonic clock and the day;
/// the record as it is stored at that moment and a NUL, the breaker and a NUL; then, on a line, a number or nothing, and
/// whatever else there is to say. Returns the `seq` of the tab's next event, and a half more while a request is in flight.
///
/// It is one text, since wasm-bindgen's code for each further parameter is larger than what reads it here.
#[cfg_attr(feature = "module", wasm_bindgen)]
pub fn feed(told: &str) -> f64 {
    let mut rest = told;
    let kind = lines::next_number(&mut rest);
    #[cfg(feature = "module")]
    if kind == page::STARTED {
        start(rest);
    }
    with_host(|host| host.handle(kind, rest)).unwrap_or_default()
}

/// Begins, as [`Shopbell::init`] does, for the package: it has checked the options and listens by itself. They are a
/// line each: the timeout and the longest session in milliseconds, 0 for no bound; whether midnight ends a session, as
/// 0 or 1; how much of a campaign does; whether page views are counted, as 0 or 1. Then come the facts of the page.
#[cfg(feature = "module")]
fn start(told: &str) {
    let mut rest = told;
    let mut next = || lines::next_number(&mut rest);
    let rules = Rules {
        timeout_ms: next(),
        max_ms: Some(next()).filter(|max_ms| *max_ms > 0),
        midnight: next() > 0,
        campaign: next() as usize,
    };
    let autocapture = next() > 0;
    Host::install(rules, autocapture, rest);
}

/// A value as JavaScript would write it: structs and maps are objects, `None` is `null`.
fn to_js<T: Serialize + ?Sized>(value: &T) -> Option<JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).ok()
}
