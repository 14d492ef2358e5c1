//! Rows of a table: searched, sorted, and a page of them.

use super::{Direction, Question};
use serde::Serialize;
use std::cmp::Ordering;

/// A page of rows.
#[derive(Serialize)]
pub(crate) struct Rows<T> {
    /// How many there are on all pages.
    total: usize,
    /// Of the amounts.
    currency: Option<String>,
    pub(crate) rows: Vec<T>,
}

/// A row that is known by a name, and has columns of numbers.
pub(crate) trait Row {
    /// Columns that rows are sorted by, the usual one first.
    const COLUMNS: &'static [&'static str];
    fn name(&self) -> &str;
    fn number(&self, column: &str) -> f64;
    /// Whether a text in small letters is in it.
    fn has(&self, text: &str) -> bool {
        self.name().to_lowercase().contains(text)
    }
}

/// The page of rows that a question asks for.
pub(crate) fn page<T: Row>(
    mut rows: Vec<T>,
    question: &Question,
    currency: Option<[u8; 3]>,
) -> Result<Rows<T>, String> {
    let query = &question.query;
    let column = query.sort.as_deref().unwrap_or(T::COLUMNS[0]);
    if column != "name" && !T::COLUMNS.contains(&column) {
        return Err(format!(
            "sort is {:?}; accepted are name, {}",
            crate::batch::check::quoted(column),
            T::COLUMNS.join(", ")
        ));
    }
    if let Some(text) = query.search.as_deref().filter(|text| !text.is_empty()) {
        let text = text.to_lowercase();
        rows.retain(|row| row.has(&text));
    }
    let is_ascending = query.order.map_or(column == "name", |order| order == Direction::Asc);
    let by_name = |one: &T, other: &T| one.name().cmp(other.name());
    rows.sort_by(|one, other| {
        let by_column = if column == "name" {
            by_name(one, other)
        } else {
            one.number(column).partial_cmp(&other.number(column)).unwrap_or(Ordering::Equal)
        };
        (if is_ascending { by_column } else { by_column.reverse() }).then_with(|| by_name(one, other))
    });
    let total = rows.len();
    let rows = rows.into_iter().skip(query.offset.unwrap_or(0) as usize).take(query.limit()).collect();
    let currency = currency.map(|code| String::from_utf8_lossy(&code).into_owned());
    Ok(Rows { total, currency, rows })
}
