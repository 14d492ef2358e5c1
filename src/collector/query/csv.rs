//! Rows as CSV (RFC 4180) that no spreadsheet takes for anything but texts and numbers.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

/// The rows as a table: members of members are columns of their own, and what is listed by currency has columns for each.
pub(crate) fn of(rows: &impl Serialize) -> Vec<u8> {
    let rows = serde_json::to_vec(rows).unwrap_or_default();
    let rows: Vec<IndexMap<String, Value>> = serde_json::from_slice(&rows).unwrap_or_default();
    let rows: Vec<Vec<(String, Value)>> = rows.into_iter().map(flat).collect();
    let mut columns: Vec<&str> = Vec::new();
    for (column, _) in rows.iter().flatten() {
        if !columns.contains(&column.as_str()) {
            columns.push(column);
        }
    }
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // To memory nothing fails.
    let _ = writer.write_record(&columns);
    for row in &rows {
        let cell =
            |column: &&str| row.iter().find(|(name, _)| name == column).map_or(String::new(), |(_, value)| cell(value));
        let _ = writer.write_record(columns.iter().map(cell));
    }
    writer.into_inner().unwrap_or_default()
}

fn flat(row: IndexMap<String, Value>) -> Vec<(String, Value)> {
    let mut cells = Vec::new();
    for (column, value) in row {
        flatten(column, value, &mut cells);
    }
    cells
}

fn flatten(column: String, value: Value, cells: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(format!("{column}.{name}"), value, cells);
            }
        }
        Value::Array(list) if list.iter().all(|one| one.get("currency").is_some()) => {
            for one in list {
                let currency = one["currency"].as_str().unwrap_or("none");
                if let Some(amount) = one.get("revenue").or_else(|| one.get("value")) {
                    cells.push((format!("{column}.{currency}"), amount.clone()));
                }
            }
        }
        value => cells.push((column, value)),
    }
}

/// A spreadsheet takes what begins with one of these for a formula (OWASP, CSV injection); with an apostrophe before it, for a text.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::of;
    use serde_json::json;

    #[test]
    fn rows_are_texts_and_numbers() {
        let rows = json!([
            { "name": "=1+1", "rate": -0.5, "revenues": [{ "currency": "EUR", "revenue": 1.5 }, { "currency": null, "revenue": 2 }], "sessions": 3 },
            { "name": "a \"quoted\", one\r\nof lines", "revenues": [], "sessions": null, "source": { "medium": "@me" } },
        ]);
        let expected = "name,rate,revenues.EUR,revenues.none,sessions,source.medium\r\n'=1+1,-0.5,1.5,2,3,\r\n\"a \"\"quoted\"\", one\r\nof lines\",,,,,'@me\r\n";
        assert_eq!(String::from_utf8(of(&rows)).as_deref(), Ok(expected));
        assert_eq!(of(&json!([])), b"\"\"\r\n");
        for text in ["+1", "-1", "@a", "\ta", "\ra", "＝1"] {
            let told = String::from_utf8(of(&json!([{ "name": text }]))).expect("a text");
            assert!(told.contains(&format!("'{text}")), "{told:?}");
        }
    }
}
