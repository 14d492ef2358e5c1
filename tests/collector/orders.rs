//! Orders as the collector counts them: once, in the session that told them first, each in its currency.

use crate::batches::{batch, event};
use crate::process::Collector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What a collector says that was told these events: each a session, a name and properties.
struct Told {
    sessions: Value,
    report: Value,
}

fn told(events: &[(&str, &str, Value)]) -> Told {
    let folder = TempDir::new().expect("a folder");
    let collector = Collector::start(folder.path());
    for (seq, (session, name, props)) in events.iter().enumerate() {
        let mut batch = batch(&[event(seq as u64, name, props)]);
        batch["session"]["id"] = json!(session);
        batch["session"]["started_at"] = json!(1_000 + session.len());
        collector.accept(&batch);
    }
    Told { sessions: collector.get("sessions"), report: collector.get("report") }
}

#[expect(clippy::needless_pass_by_value, reason = "a table of values reads better")]
fn order(id: &str, value: Value, currency: &str) -> Value {
    json!({ "transaction_id": id, "value": value, "currency": currency })
}

impl Told {
    /// Transactions, revenue, currency and what could not be read of a session.
    #[track_caller]
    fn check_session(&self, index: usize, expected: &Value) {
        let session = &self.sessions[index];
        let found = ["transactions", "revenue", "currency", "unreadable_orders"].map(|name| session[name].clone());
        assert_eq!(json!(found), *expected);
    }

    #[track_caller]
    fn check_report(&self, expected: &Value) {
        let names = ["transactions", "revenue", "currency", "average_order_value", "unreadable_orders"];
        assert_eq!(json!(names.map(|name| self.report[name].clone())), *expected);
    }
}

#[test]
fn nothing_beside_the_members_that_matter_loses_an_order() {
    for beside in
        [r#""items":[{"item_name":"half of \ud83d"}]"#, r#""weight":1e400"#, r#""$serde_json::private::RawValue":"x""#]
    {
        let folder = TempDir::new().expect("a folder");
        let collector = Collector::start(folder.path());
        let body = batch(&[event(0, "purchase", &json!({ "BESIDE": 0 }))]).to_string();
        let members = format!(r#"{beside},"transaction_id":"A1","value":59.9,"currency":"EUR""#);
        assert_eq!(collector.post(&body.replace(r#""BESIDE":0"#, &members)).0, 204);
        assert_eq!(collector.get("sessions")[0]["revenue"], 59.9, "{beside}");
    }
}

#[test]
fn amounts_are_read_as_shops_write_them_or_counted() {
    let told = told(&[
        ("s", "purchase", order("A1", json!("1.250,00 \u{20ac}"), " eur ")),
        ("s", "purchase", order("A2", json!(10), "EUR")),
        ("s", "purchase", order("A3", json!("free"), "EUR")),
        ("s", "purchase", json!({ "transaction_id": "A4" })),
    ]);
    told.check_session(0, &json!([4, 1260.0, "EUR", 2]));
    told.check_report(&json!([4, 1260.0, "EUR", 630.0, 2]));
}

#[test]
fn currencies_are_told_apart() {
    let told = told(&[
        ("s", "purchase", order("A1", json!(10), "EUR")),
        ("s", "purchase", order("A2", json!(1000), "USD")),
        ("other", "purchase", order("A3", json!(30), "EUR")),
    ]);
    let dollars = json!({ "currency": "USD", "transactions": 1, "revenue": 1000.0 });
    told.check_session(0, &json!([2, 10.0, "EUR", 0]));
    let euros = json!({ "currency": "EUR", "transactions": 1, "revenue": 10.0 });
    assert_eq!(told.sessions[0]["revenues"], json!([euros, dollars]));
    told.check_report(&json!([3, 40.0, "EUR", 20.0, 0]));
    let euros = json!({ "currency": "EUR", "transactions": 2, "revenue": 40.0, "refunds": 0.0, "net_revenue": 40.0 });
    let dollars =
        json!({ "currency": "USD", "transactions": 1, "revenue": 1000.0, "refunds": 0.0, "net_revenue": 1000.0 });
    assert_eq!(told.report["revenues"], json!([euros, dollars]));
}

#[test]
fn a_value_that_comes_later_is_taken_once() {
    let told = told(&[
        ("s", "purchase", json!({ "transaction_id": "A1" })),
        ("other", "purchase", order("A1", json!(59.9), "EUR")),
        ("s", "purchase", order("A1", json!(70), "USD")),
    ]);
    told.check_session(0, &json!([1, 59.9, "EUR", 0]));
    told.check_session(1, &json!([0, 0.0, null, 0]));
    told.check_report(&json!([1, 59.9, "EUR", 59.9, 0]));
}

#[test]
fn a_thank_you_page_that_is_opened_in_a_later_session_is_no_step_of_it() {
    let told = told(&[
        ("s", "purchase", order("A1", json!(59.9), "EUR")),
        ("later", "page_view", json!({})),
        ("later", "purchase", order("A1", json!(59.9), "EUR")),
    ]);
    assert_eq!(told.sessions[0]["funnel_step"], "purchase");
    assert_eq!((&told.sessions[1]["funnel_step"], &told.sessions[1]["transactions"]), (&json!("visit"), &json!(0)));
}

#[test]
fn an_order_without_an_id_is_its_event() {
    let worth = json!({ "value": 10, "currency": "EUR" });
    let told = told(&[
        ("s", "purchase", worth.clone()),
        ("s", "purchase", worth),
        ("s", "purchase", json!({ "value": 5, "transaction_id": {} })),
    ]);
    told.check_session(0, &json!([3, 20.0, "EUR", 0]));
}

#[test]
fn the_funnel_has_the_steps_that_were_taken() {
    let told = told(&[
        ("one", "purchase", order("A1", json!(10), "EUR")),
        ("other", "view_item", json!({})),
        ("another", "view_item", json!({})),
        ("another", "purchase", order("A2", json!(10), "EUR")),
    ]);
    let step = |step: &str, sessions: u64, rate: f64| json!({ "step": step, "sessions": sessions, "rate": rate });
    let expected = json!([step("visit", 3, 1.0), step("view_item", 2, 2.0 / 3.0), step("purchase", 2, 0.5)]);
    assert_eq!(told.report["funnel"], expected);
}
