//! What an order is worth: the members of a purchase that matter, each read by itself, so that nothing else in the properties
//! can lose an order. The page's JavaScript reads them the same way (`src/browser/page/order.js`):
//! `tests/formats/orders.json` has the cases that both must pass.

use crate::amounts::money;
use crate::early::landing::{clean, lone_surrogates};
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use shopbell_core::event::{Money, PROPS_BYTES_MAX};
use std::borrow::Cow;
use std::fmt;

/// Longest order id, in UTF-16 units.
const ID_UNITS_MAX: usize = 256;
/// No order is worth more, in units of its currency: what claims to be must not spoil a sum.
const VALUE_MAX: f64 = 1e9;

/// An order as a purchase tells it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Order {
    /// Empty where the shop gave none that is a text or a number.
    pub(crate) id: String,
    /// `None` where the value cannot be read, or there is none.
    pub(crate) value: Option<Money>,
    /// ISO 4217 code; empty where there is none.
    pub(crate) currency: String,
}

impl Order {
    /// Reads the properties of a purchase; what they lack or hide is missing from the order.
    pub(crate) fn read(props: &str) -> Self {
        let props = lone_surrogates(props);
        let mut json = serde_json::Deserializer::from_str(&props);
        json.deserialize_map(Members).unwrap_or_default()
    }
}

/// Properties of a purchase that are not too large: items are cut from the end, and where that is not enough, all that is not
/// the order. What was cut is marked `is_cut`.
pub(crate) fn fit(json: &str) -> Cow<'_, str> {
    let mut fitting = Cow::Borrowed(json);
    let props: Map<String, Value> = serde_json::from_str(&lone_surrogates(json)).unwrap_or_default();
    let mut items = props.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    while fitting.len() > PROPS_BYTES_MAX {
        items.truncate(items.len() / 2);
        let mut left = props.clone();
        if items.is_empty() {
            let order = Order::read(json);
            left = Map::new();
            left.insert("transaction_id".to_owned(), order.id.into());
            left.insert("currency".to_owned(), order.currency.into());
            left.extend(order.value.map(|value| ("value".to_owned(), money(value.0 as i64).into())));
        } else {
            left.insert("items".to_owned(), items.clone().into());
        }
        left.insert("is_cut".to_owned(), true.into());
        fitting = Value::Object(left).to_string().into();
    }
    fitting
}

/// Reads members one by one: of one that is there twice the last, as `JSON.parse` does.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Order;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the properties of a purchase")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Order, A::Error> {
        let mut order = Order::default();
        while let Some(name) = members.next_key::<String>()? {
            let value = text(members.next_value::<&RawValue>().map_err(A::Error::custom)?.get());
            match name.as_str() {
                "transaction_id" => order.id = clean(&value, ID_UNITS_MAX),
                "value" => order.value = amount(&value),
                "currency" => order.currency = currency(&value),
                _ => {}
            }
        }
        Ok(order)
    }
}

/// A member of an object as text; empty where it is neither text nor number, or not there.
pub(crate) fn member(json: &str, name: &str) -> String {
    let json = lone_surrogates(json);
    let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(&json).unwrap_or_default();
    members.get(name).map(|value| text(value.get())).unwrap_or_default()
}

/// A text or a number as text; anything else is none.
pub(crate) fn text(json: &str) -> String {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).unwrap_or_default(),
        Some(b'-' | b'0'..=b'9') => json.to_owned(),
        _ => String::new(),
    }
}

/// An ISO 4217 code: three letters, however they are written.
fn currency(text: &str) -> String {
    let code = text.trim().to_uppercase();
    if code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase()) { code } else { String::new() }
}

/// An amount as programs or shops write it: with a sign or a code of its currency, with separators of thousands, with a point
/// or a comma before the fraction.
pub(crate) fn amount(text: &str) -> Option<Money> {
    let text = text.trim();
    let value: f64 = number(text).or_else(|| number(&plain(text)))?;
    let is_sane = (0.0..=VALUE_MAX).contains(&value);
    is_sane.then(|| Money((value * Money::PER_UNIT as f64).round() as u64))
}

/// A decimal number in JavaScript's grammar that can be an amount: Rust's has words, such as `inf`, beside it.
fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)))
}

/// What a shop wrote, as a number: only digits, a sign before them, and one point.
fn plain(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_digit = |index: usize| letters.get(index).is_some_and(char::is_ascii_digit);
    let is_separator = |letter: &char| matches!(letter, '.' | ',');
    let last_kept = letters.iter().rposition(|letter| !is_separator(letter)).map_or(0, |last| last + 1);
    let kept = letters[..last_kept].iter().enumerate().filter(|(index, letter)| {
        letter.is_ascii_digit() || is_separator(letter) || **letter == '-' && is_digit(index + 1)
    });
    let kept: Vec<char> = kept.map(|(_, letter)| *letter).collect();
    // A separator is of thousands where another follows, or where the text ends with the three digits behind it.
    let is_of_thousands = |index: usize| {
        let behind = &kept[index + 1..];
        behind.iter().any(is_separator) || behind.len() == 3 && behind.iter().all(char::is_ascii_digit)
    };
    let digits = kept.iter().enumerate().filter(|(index, letter)| !is_separator(letter) || !is_of_thousands(*index));
    digits.map(|(_, letter)| if *letter == ',' { '.' } else { *letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::Order;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::value::RawValue;
    use shopbell_core::event::Money;

    #[derive(Deserialize)]
    struct Group {
        what: String,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        props: Box<RawValue>,
        id: Option<String>,
        value: Option<f64>,
        currency: Option<String>,
    }

    #[test]
    fn orders_are_read_as_pages_read_them() {
        let groups: Vec<Group> =
            serde_json::from_str(include_str!("../../tests/formats/orders.json")).expect("a table");
        for group in &groups {
            for case in &group.cases {
                let money = |value: f64| Money((value * Money::PER_UNIT as f64).round() as u64);
                let expected = Order {
                    id: case.id.clone().unwrap_or_default(),
                    value: case.value.map(money),
                    currency: case.currency.clone().unwrap_or_default(),
                };
                assert_eq!(Order::read(case.props.get()), expected, "{}: {}", group.what, case.props);
            }
        }
    }

    #[test]
    fn nesting_loses_no_order() {
        let deep = format!(r#"{{"deep":{}{},"value":59.9}}"#, "[".repeat(5_000), "]".repeat(5_000));
        assert_eq!(Order::read(&deep).value, Some(Money(599_000)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_an_amount_or_none(text in any::<String>()) {
            let props = serde_json::json!({ "value": text, "currency": text, "transaction_id": text });
            let order = Order::read(&props.to_string());
            prop_assert!(order.value.is_none_or(|value| value.0 <= 10_000_000_000_000));
            prop_assert!(order.currency.is_empty() || order.currency.len() == 3);
        }
    }
}
