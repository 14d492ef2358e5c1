//! Events, the names that have a meaning, and money.

use crate::lines::{self, Lines};
use crate::text;
use alloc::string::String;

/// Longest event name, in bytes of UTF-8. Names of the field's standards have at most 40 (GA4).
pub const NAME_BYTES_MAX: usize = 64;
/// Longest URL and title that a page reports, in UTF-16 units: what browsers and servers agree on, and a long line.
pub const URL_UNITS_MAX: usize = 2_048;
/// See [`URL_UNITS_MAX`].
pub const TITLE_UNITS_MAX: usize = 256;
/// Largest properties of one event, in bytes of JSON, so that one event always fits a batch.
pub const PROPS_BYTES_MAX: usize = 8_192;

/// Lines of [`layout::standing`](crate::layout::standing) where a site asks for no consent, and does not say who the visitor is.
pub const GRANTED: &str = "granted\n\n";
/// The consent under which events tell of no device: each page is for itself.
pub const DENIED: &str = "denied";

/// The event that begins every session.
pub const SESSION_START: &str = "session_start";
/// The event of a page that came into view.
pub const PAGE_VIEW: &str = "page_view";
/// The event of a placed order.
pub const PURCHASE: &str = "purchase";
/// The event of money that goes back.
pub const REFUND: &str = "refund";

/// The funnel's steps, each with those before it; all but the first are the names of the events that reach them,
/// after GA4's commerce events.
pub const FUNNEL: &str = "\
visit
view_item
add_to_cart
begin_checkout
add_shipping_info
add_payment_info
purchase
";

/// How many steps that are.
pub const FUNNEL_STEPS: usize = lines::count(FUNNEL);

/// The step at an index in [`FUNNEL`]. An index past the last counts on from the first: what is stored may be any number.
pub fn funnel_name(step: usize) -> &'static str {
    lines::at(FUNNEL, step % FUNNEL_STEPS)
}

/// The index in [`FUNNEL`] of the step that an event of this name reaches; 0 for any other event.
pub fn funnel_step(name: &str) -> usize {
    let (mut rest, mut step) = (FUNNEL, 0);
    while !rest.is_empty() && *lines::next(&mut rest) != *name {
        step += 1;
    }
    if step < FUNNEL_STEPS { step } else { 0 }
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
        if fraction > 0 {
            out.push_str(".");
        }
        while fraction > 0 {
            fraction *= 10;
            text::push_number(out, fraction / Self::PER_UNIT);
            fraction %= Self::PER_UNIT;
        }
    }
}

/// What the session's totals need of a purchase. A host reports it as [`lines`](Self::lines).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order<'a> {
    /// The shop's order id (`transaction_id`); empty if it gave none.
    pub id: &'a str,
    /// The order's value.
    pub value: Money,
    /// ISO 4217 code; empty if the shop gave none.
    pub currency: &'a str,
}

impl Order<'_> {
    /// A line each, in the order of [`layout::order`](crate::layout::order).
    pub fn lines(&self) -> String {
        let mut out = Lines::default();
        out.push_number(self.value.0);
        out.push(self.currency);
        out.push(self.id);
        out.into_text()
    }
}
