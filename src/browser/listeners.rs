//! What the page does, as inputs; and the few things that its small JavaScript half does better.

use crate::Shopbell;
use crate::host::Reading;
use shopbell_core::event::{Money, Order, PURCHASE};
use shopbell_core::formats::Device;
use shopbell_core::outbox::{Answer, BatchId};
use shopbell_core::text::clean;
use shopbell_core::tracker::{Input, Navigation, NavigationKind};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/page.js")]
extern "C" {
    fn listen(signal: &JsValue);
    fn claim(tab_id: &str);
    fn kind() -> u32;
    fn random() -> f64;
    fn time_zone() -> String;
    fn is_automated() -> bool;
    fn order(props: &JsValue) -> Option<CommerceProps>;
    pub(crate) fn settle();
    pub(crate) fn day(zone: &str, wall: f64) -> i32;
    pub(crate) fn send(url: &str, body: &str, batch: u32);

    type CommerceProps;
    #[wasm_bindgen(method, getter, structural)]
    fn id(this: &CommerceProps) -> String;
    #[wasm_bindgen(method, getter, structural)]
    fn value(this: &CommerceProps) -> f64;
    #[wasm_bindgen(method, getter, structural)]
    fn currency(this: &CommerceProps) -> String;
}

/// The kinds of signals, as `page.js` numbers them.
mod signal {
    pub(super) const ACTIVITY: u32 = 0;
    pub(super) const NAVIGATED: u32 = 1;
    pub(super) const HIDDEN: u32 = 2;
    pub(super) const LEFT: u32 = 3;
    pub(super) const RETURNED: u32 = 4;
    pub(super) const ANSWERED: u32 = 5;
    pub(super) const TABS: u32 = 6;
}

impl Shopbell {
    /// Recovers this tab's outbox, looks at the page, and listens to it from here on.
    pub(crate) fn listen(&self, reading: Reading) {
        self.recover(reading, |tab_id, own| tab_id == own);
        self.navigated(reading, kind());
        let me = self.clone();
        let signal = Closure::<dyn Fn(u32, f64, f64, f64, f64, JsValue)>::new(
            move |kind, wall, uptime, a, b, detail: JsValue| {
                me.signalled(kind, Reading { wall, uptime }, a, b, &detail);
            },
        );
        listen(&signal.into_js_value());
        self.claim_tab();
    }

    fn signalled(&self, kind: u32, reading: Reading, a: f64, b: f64, detail: &JsValue) {
        match kind {
            signal::ACTIVITY => self.feed(reading, Input::Activity),
            signal::NAVIGATED => self.navigated(reading, a as u32),
            signal::HIDDEN => self.feed(reading, Input::Hidden),
            signal::LEFT => {
                self.feed(reading, Input::Hidden);
                if let Ok(host) = self.host.try_borrow() {
                    host.leave_tab();
                }
            }
            signal::RETURNED => {
                if let Ok(host) = self.host.try_borrow() {
                    host.take_tab();
                }
                self.claim_tab();
                self.navigated(reading, NavigationKind::BackForward as u32);
            }
            signal::ANSWERED => {
                let retry_after_ms = detail.as_f64().map(|ms| ms as u64);
                let answer = Answer::from_status(b as u16, retry_after_ms);
                self.feed_settled(reading, Input::Answered(BatchId(a as u32), answer));
            }
            signal::TABS => {
                let living = detail.as_string().unwrap_or_default();
                let is_living = |tab_id: &str| living.split(' ').any(|name| name == tab_id);
                self.recover(reading, |tab_id, own| tab_id != own && !is_living(tab_id));
            }
            _ => {}
        }
    }

    fn navigated(&self, reading: Reading, kind: u32) {
        let Some(document) = web_sys::window().and_then(|window| window.document()) else {
            return;
        };
        let kind = match kind {
            0 => NavigationKind::Load,
            1 => NavigationKind::Reload,
            2 => NavigationKind::BackForward,
            _ => NavigationKind::Spa,
        };
        let is_load = kind != NavigationKind::Spa;
        let to = Navigation {
            kind,
            url: document.url().unwrap_or_default(),
            referrer: if is_load { document.referrer() } else { String::new() },
            title: document.title(),
        };
        let counts = self.host.try_borrow().is_ok_and(|host| host.autocapture());
        self.feed_settled(reading, Input::Navigated { to, counts });
    }

    fn recover(&self, reading: Reading, wanted: impl Fn(&str, &str) -> bool) {
        let entries = match self.host.try_borrow() {
            Ok(host) => host.entries(|tab_id| wanted(tab_id, host.tab_id())),
            Err(_) => return,
        };
        if !entries.is_empty() {
            self.feed_settled(reading, Input::Recovered(entries));
        }
    }

    fn claim_tab(&self) {
        if let Ok(host) = self.host.try_borrow() {
            claim(host.tab_id());
        }
    }
}

/// Properties as JSON text: empty for none, `None` for what is no object or cannot be written (cycles, `BigInt`,
/// getters that throw).
pub(crate) fn read_props(props: &JsValue) -> Option<String> {
    if props.is_undefined() || props.is_null() {
        return Some(String::new());
    }
    let text = js_sys::JSON::stringify(props).ok()?.as_string()?;
    text.starts_with('{').then_some(text)
}

/// The order in the properties of a purchase.
pub(crate) fn read_order(name: &str, props: &JsValue) -> Option<Order> {
    if name != PURCHASE {
        return None;
    }
    let Some(props) = order(props) else {
        return Some(Order::default());
    };
    Some(Order {
        id: props.id(),
        value: Money((props.value() * Money::PER_UNIT as f64 + 0.5) as u64),
        currency: clean(&props.currency(), 3),
    })
}

pub(crate) fn draw_entropy() -> [u64; 2] {
    let word = || (random() as u64) << 32 | random() as u64;
    [word(), word()]
}

pub(crate) fn read_device() -> Device {
    let Some(window) = web_sys::window() else {
        return Device::default();
    };
    let navigator = window.navigator();
    let screen = window.screen().ok();
    let pixels = |size: Option<i32>| size.unwrap_or(0).max(0).cast_unsigned();
    Device {
        language: clean(&navigator.language().unwrap_or_default(), 35),
        time_zone: clean(&time_zone(), 64),
        screen: (
            pixels(screen.as_ref().and_then(|screen| screen.width().ok())),
            pixels(screen.as_ref().and_then(|screen| screen.height().ok())),
        ),
        bot: if is_automated() { "webdriver" } else { "" },
    }
}
