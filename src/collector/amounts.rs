//! Figures as they are shown.

use shopbell_core::event::Money;

/// A part of a whole; 0 of nothing.
pub(crate) fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// An amount in units of its currency.
pub(crate) fn money(ten_thousandths: i64) -> f64 {
    ten_thousandths as f64 / Money::PER_UNIT as f64
}
