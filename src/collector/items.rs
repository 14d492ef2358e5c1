//! Products as commerce events tell them: the members of GA4's items that matter, each read by itself, so that nothing else in the
//! properties can lose them.

use crate::early::landing::{clean, lone_surrogates};
use crate::order::{amount, text};
use rusqlite::{Connection, params};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Longest name, in UTF-16 units: what is longer differs in its beginning, or counts as one.
pub(crate) const NAME_UNITS_MAX: usize = 256;
/// Products of one event at most: GA4's own limit.
const ITEMS_MAX: usize = 200;
/// Nobody buys more of one.
const QUANTITY_MAX: f64 = 1e6;

/// A product, and how many.
#[derive(Debug, PartialEq)]
pub(crate) struct Item {
    /// Its name where it has no id.
    pub(crate) id: String,
    /// Empty where it was not told.
    pub(crate) name: String,
    pub(crate) quantity: i64,
    /// Of one of them.
    pub(crate) price_ten_thousandths: Option<i64>,
}

/// As it was told: any JSON may stand anywhere.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Told<'a> {
    #[serde(borrow)]
    item_id: Option<&'a RawValue>,
    #[serde(borrow)]
    item_name: Option<&'a RawValue>,
    #[serde(borrow)]
    quantity: Option<&'a RawValue>,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Props<'a> {
    #[serde(borrow)]
    items: Option<&'a RawValue>,
}

/// The products that an event's properties tell of: its `items`, or what it says of one itself.
pub(crate) fn read(props: &str) -> Vec<Item> {
    let props = lone_surrogates(props);
    let told: Props<'_> = serde_json::from_str(&props).unwrap_or_default();
    let listed: Option<Vec<&RawValue>> = told.items.and_then(|items| serde_json::from_str(items.get()).ok());
    match listed {
        Some(listed) => listed.into_iter().take(ITEMS_MAX).filter_map(|item| read_one(item.get())).collect(),
        None => read_one(&props).into_iter().collect(),
    }
}

fn read_one(json: &str) -> Option<Item> {
    let told: Told<'_> = serde_json::from_str(json).ok()?;
    let of = |member: Option<&RawValue>| member.map(|member| text(member.get())).unwrap_or_default();
    let [id, name] = [told.item_id, told.item_name].map(|member| clean(&of(member), NAME_UNITS_MAX));
    let quantity = of(told.quantity).trim().parse().ok().filter(|quantity| (0.0..=QUANTITY_MAX).contains(quantity));
    let item = Item {
        id: if id.is_empty() { name.clone() } else { id },
        name,
        quantity: quantity.map_or(1, |quantity: f64| quantity.ceil() as i64),
        price_ten_thousandths: amount(&of(told.price)).map(|price| price.0 as i64),
    };
    (!item.id.is_empty()).then_some(item)
}

impl Item {
    /// What all of them cost.
    pub(crate) fn value(&self) -> Option<i64> {
        Some(self.price_ten_thousandths?.saturating_mul(self.quantity))
    }
}

/// What products cost together; nothing where no price was told.
pub(crate) fn value(items: &[Item]) -> Option<i64> {
    items.iter().filter_map(Item::value).reduce(i64::saturating_add)
}

/// Notes what products are called.
pub(crate) fn name(transaction: &Connection, site: &str, items: &[Item]) -> rusqlite::Result<()> {
    let mut name = transaction.prepare_cached(
        "INSERT INTO products (id, site, name) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET name = excluded.name WHERE name <> excluded.name",
    )?;
    for item in items.iter().filter(|item| !item.name.is_empty()) {
        name.execute(params![item.id, site, item.name])?;
    }
    Ok(())
}

/// Whether it is known what an order is of.
pub(crate) fn are_known(transaction: &Connection, site: &str, order_id: &str) -> rusqlite::Result<bool> {
    transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM order_items WHERE order_id = ?1 AND site = ?2)")?
        .query_row([order_id, site], |row| row.get(0))
}

/// Notes what an order is of, instead of what was known.
pub(crate) fn order(transaction: &Connection, site: &str, order_id: &str, items: &[Item]) -> rusqlite::Result<()> {
    if items.is_empty() {
        return Ok(());
    }
    transaction
        .prepare_cached("DELETE FROM order_items WHERE order_id = ?1 AND site = ?2")?
        .execute([order_id, site])?;
    let mut add = transaction.prepare_cached(
        "INSERT INTO order_items (order_id, site, product_id, quantity, value_ten_thousandths) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity,
            value_ten_thousandths = coalesce(value_ten_thousandths + excluded.value_ten_thousandths, value_ten_thousandths, excluded.value_ten_thousandths)",
    )?;
    for item in items {
        add.execute(params![order_id, site, item.id, item.quantity, item.value()])?;
    }
    name(transaction, site, items)
}

#[cfg(test)]
mod tests {
    use super::{Item, read};

    #[track_caller]
    fn check(props: &str, expected: &[(&str, &str, i64, Option<i64>)]) {
        let item = |(id, name, quantity, price_ten_thousandths): &(&str, &str, i64, Option<i64>)| Item {
            id: (*id).to_owned(),
            name: (*name).to_owned(),
            quantity: *quantity,
            price_ten_thousandths: *price_ten_thousandths,
        };
        assert_eq!(read(props), expected.iter().map(item).collect::<Vec<_>>(), "{props}");
    }

    #[test]
    fn what_products_are_told() {
        check(
            r#"{"items":[{"item_id":"a","item_name":"A","price":1.5,"quantity":2}]}"#,
            &[("a", "A", 2, Some(15_000))],
        );
        check(r#"{"items":[{"item_id":7},{"item_name":"B"},{},3,null]}"#, &[("7", "", 1, None), ("B", "B", 1, None)]);
        check(r#"{"item_id":"a","price":"1.250,00 €","quantity":"3"}"#, &[("a", "", 3, Some(12_500_000))]);
        check(r#"{"items":[{"item_id":"a","quantity":-1}]}"#, &[("a", "", 1, None)]);
        check(r#"{"items":[{"item_id":"a","quantity":1e99,"price":{}}]}"#, &[("a", "", 1, None)]);
        check(r#"{"items":"a lamp"}"#, &[]);
        check(r#"{"items":{"item_id":"a"}}"#, &[]);
        check("{}", &[]);
        check("not JSON", &[]);
        let many = format!(r#"{{"items":[{}]}}"#, vec![r#"{"item_id":"a"}"#; 500].join(","));
        assert_eq!(read(&many).len(), 200);
        let deep = format!(r#"{{"items":[{{"item_id":"a","more":{}{}}}]}}"#, "[".repeat(5_000), "]".repeat(5_000));
        check(&deep, &[("a", "", 1, None)]);
    }
}
