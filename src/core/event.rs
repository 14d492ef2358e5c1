//! Events, the names that have a meaning, and money.

use crate::id::Uuid;
use crate::text;
use crate::time::Timestamp;
use alloc::string::String;

/// Longest event name, in characters. Names of the field's standards have at most 40 (GA4).
pub const NAME_CHARS_MAX: usize = 64;
/// Longest URL kept, in characters; browsers and servers agree on about this much.
pub const URL_CHARS_MAX: usize = 2_048;
/// Longest page title kept, in characters.
pub const TITLE_CHARS_MAX: usize = 256;
/// Largest properties of one event, in bytes of JSON, so that one event always fits a batch.
pub const PROPS_BYTES_MAX: usize = 8_192;

/// The event that begins every session.
pub const SESSION_START: &str = "session_start";
/// The event of a page that came into view.
pub const PAGE_VIEW: &str = "page_view";
/// The event of a placed order.
pub const PURCHASE: &str = "purchase";

/// Something that happened on a page, stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique; a collector that has it already drops the event.
    pub id: Uuid,
    /// What happened, at most [`NAME_CHARS_MAX`] characters.
    pub name: String,
    /// When, on the visitor's clock.
    pub time: Timestamp,
    /// When, in milliseconds since the document began to load (monotonic).
    pub offset_ms: u64,
    /// The page view it belongs to.
    pub page_id: String,
    /// Its place among the tab's events, from 0, without gaps.
    pub seq: u64,
    /// The page's URL, at most [`URL_CHARS_MAX`] characters.
    pub url: String,
    /// The page's title, at most [`TITLE_CHARS_MAX`] characters; may be empty.
    pub title: String,
    /// A JSON object as text, at most [`PROPS_BYTES_MAX`] bytes; empty for none.
    pub props: String,
}

/// How far along the way to an order a session came; each step includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunnelStep {
    /// Nothing but visited.
    #[default]
    Visit,
    /// Looked at a product.
    ViewItem,
    /// Put one into the cart.
    AddToCart,
    /// Began to check out.
    BeginCheckout,
    /// Said where to deliver to.
    AddShippingInfo,
    /// Said how to pay.
    AddPaymentInfo,
    /// Ordered.
    Purchase,
}

impl FunnelStep {
    /// All steps, in order.
    pub const ALL: [Self; 7] = [
        Self::Visit,
        Self::ViewItem,
        Self::AddToCart,
        Self::BeginCheckout,
        Self::AddShippingInfo,
        Self::AddPaymentInfo,
        Self::Purchase,
    ];

    /// The name of the event that reaches this step, after GA4's commerce events; `visit` for the first.
    pub fn name(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::ViewItem => "view_item",
            Self::AddToCart => "add_to_cart",
            Self::BeginCheckout => "begin_checkout",
            Self::AddShippingInfo => "add_shipping_info",
            Self::AddPaymentInfo => "add_payment_info",
            Self::Purchase => PURCHASE,
        }
    }

    /// The step that the event called `name` reaches, if it is one of the funnel's.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// An amount of money in ten-thousandths of the currency's unit, enough for every currency of ISO 4217.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub u64);

impl Money {
    /// How many of these make one unit.
    pub const PER_UNIT: u64 = 10_000;

    /// Appends the amount as a JSON number, without trailing zeros.
    pub fn write(self, out: &mut String) {
        text::push_number(out, self.0 / Self::PER_UNIT);
        let mut fraction = self.0 % Self::PER_UNIT;
        if fraction == 0 {
            return;
        }
        out.push('.');
        let mut place = Self::PER_UNIT / 10;
        while fraction > 0 {
            text::push_number(out, fraction / place);
            fraction %= place;
            place /= 10;
        }
    }
}

/// What of a purchase the session's totals need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// The shop's order id (`transaction_id`); empty if it gave none.
    pub id: String,
    /// The order's value.
    pub value: Money,
    /// ISO 4217 code; empty if the shop gave none.
    pub currency: String,
}
