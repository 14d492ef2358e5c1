//! The exported handle: what the JavaScript package calls. Each call brings what the clocks read when the page made
//! it, which for calls made before the module was ready is earlier than now.

use crate::host::Reading;
use crate::options::{Midnight, Options};
use crate::{Shopbell, listeners};
use js_sys::Function;
use shopbell_core::tracker::Input;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Options as the package has checked them, every one present.
    pub type PackageOptions;
    #[wasm_bindgen(method, getter, structural)]
    fn collector(this: &PackageOptions) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn site(this: &PackageOptions) -> String;
    #[wasm_bindgen(method, getter, structural, js_name = timeoutMinutes)]
    fn timeout_minutes(this: &PackageOptions) -> f64;
    /// `local`, a zone, or nothing for off.
    #[wasm_bindgen(method, getter, structural)]
    fn midnight(this: &PackageOptions) -> Option<String>;
    #[wasm_bindgen(method, getter, structural)]
    fn campaign(this: &PackageOptions) -> bool;
    #[wasm_bindgen(method, getter, structural, js_name = maxHours)]
    fn max_hours(this: &PackageOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter, structural)]
    fn autocapture(this: &PackageOptions) -> bool;
    #[wasm_bindgen(method, getter, structural)]
    fn storage(this: &PackageOptions) -> String;
}

impl From<&PackageOptions> for Options {
    fn from(options: &PackageOptions) -> Self {
        Self {
            timeout_minutes: options.timeout_minutes(),
            midnight: match options.midnight() {
                None => Midnight::Off,
                Some(zone) if zone == "local" => Midnight::Local,
                Some(zone) => Midnight::Zone(zone),
            },
            campaign: options.campaign(),
            max_hours: options.max_hours(),
            autocapture: options.autocapture(),
            local_storage: options.storage() == "local",
            ..Self::new(options.collector(), options.site())
        }
    }
}

/// The tracker of this page.
#[wasm_bindgen(js_name = Shopbell)]
pub struct Module(Shopbell);

#[wasm_bindgen(js_class = Shopbell)]
impl Module {
    /// Begins to track, as of the given readings of both clocks.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &PackageOptions, wall: f64, uptime: f64) -> Self {
        Self(Shopbell::start(options.into(), Reading { wall, uptime }))
    }

    /// Tracks an event.
    pub fn track(&self, wall: f64, uptime: f64, name: &str, props: &JsValue) {
        self.0.track_value(name, props, Reading { wall, uptime });
    }

    /// Counts a view of the current page.
    pub fn page(&self, wall: f64, uptime: f64, props: &JsValue) {
        let input = match listeners::read_props(props) {
            Some(props) => Input::Viewed { props },
            None => Input::Untrackable,
        };
        self.0.feed(Reading { wall, uptime }, input);
    }

    /// Ends the session and begins another.
    #[wasm_bindgen(js_name = newSession)]
    pub fn new_session(&self, wall: f64, uptime: f64) {
        self.0.feed(Reading { wall, uptime }, Input::NewSession);
    }

    /// Sends what waits and calls `done` when that has been answered, or has failed.
    pub fn flush(&self, wall: f64, uptime: f64, done: Function) {
        if let Ok(mut host) = self.0.host.try_borrow_mut() {
            host.when_flushed(done);
        }
        self.0.feed(Reading { wall, uptime }, Input::Flush);
    }

    /// The session as it is now, or null.
    pub fn session(&self) -> JsValue {
        serde_wasm_bindgen::to_value(&self.0.session()).unwrap_or(JsValue::NULL)
    }
}
