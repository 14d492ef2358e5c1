//! What is stored can be read again, and whatever else is in storage does no harm.

use proptest::prelude::*;
use shopbell_core::attribution::{Arrival, host, page_key, path};
use shopbell_core::event::Money;
use shopbell_core::id::Entropy;
use shopbell_core::lines;
use shopbell_core::record::{Key, Record};
use shopbell_core::session::{Beginning, Rollover, Rules, Session, Totals};
use shopbell_core::text::{clean, push_json, push_number, read_number};
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Tracker};

const TIME_MAX: u64 = 8_640_000_000_000_000;

fn records() -> impl Strategy<Value = Record> {
    let times = (0..TIME_MAX, 0..TIME_MAX, any::<u32>());
    let totals = (0..1_u64 << 40, 0..1_u64 << 40, 0..1_u64 << 40, 0..7_usize);
    (times, totals, "\\PC{0,40}", "\\PC{0,60}").prop_map(
        |((started, active, day), (a, b, c, step), currency, query)| {
            let arrival = Arrival::read(&["https://shop.example/?utm_source=", &query].concat(), &query);
            let mut session = Session::begin(&Beginning {
                id: "18c5a5cd-cbcb-8f2e-9a2b-6d5b4fd6c3f1",
                device_id: "2b3fb2a1-3b87-851d-b211-57e719adcdb0",
                previous: None,
                reason: Rollover::Campaign,
                time: Timestamp(started),
                day: CivilDay(day),
                landing_page: &clean(&query, 40),
                source: &arrival.facts,
            });
            session.last_activity = Timestamp(active);
            session.totals = Totals {
                page_views: a,
                events: b,
                transactions: c,
                revenue: Money(a),
                currency: clean(&currency, 3),
                funnel_step: step,
                last_order: b & 0xffff_ffff,
            };
            Record { seed: "seed".to_owned(), session }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_survives_storage(record in records()) {
        prop_assert_eq!(Record::read(&record.write()), Some(record));
    }

    #[test]
    fn a_record_cut_short_or_altered_is_none(record in records(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = record.write();
        let at = at.index(text.len());
        prop_assert_eq!(text.get(..at).and_then(Record::read), None);
        let mut altered = text.clone().into_bytes();
        altered[at] = byte;
        if let Ok(altered) = String::from_utf8(altered)
            && altered != text
        {
            prop_assert_eq!(Record::read(&altered), None);
        }
    }

    #[test]
    fn any_text_in_storage_leads_to_a_first_session(stored in ".{0,200}", key in ".{0,40}") {
        let mut tracker = Tracker::new(Rules::default(), "tab", 0, Entropy::new("chance".to_owned()));
        let moment = Moment { wall: Timestamp(1), uptime: Uptime(1), day: CivilDay(0), stored: &stored };
        tracker.handle(&moment, Input::Recovered { key: &key, text: &stored });
        tracker.handle(&moment, Input::Activity);
        let session = tracker.session().expect("activity begins a session");
        prop_assert_eq!(session.number(), 1);
        prop_assert!(!session.id().is_empty());
    }

    /// Lines that are sealed but not what they should be: still no panic, and still a session with an id.
    #[test]
    fn any_sealed_text_does_no_harm(inside in "(\\PC{0,30}\n){0,40}", seq in 0..50_u64) {
        let sealed = lines::seal(&inside);
        let mut tracker = Tracker::new(Rules::default(), "tab", 0, Entropy::new("chance".to_owned()));
        let moment = Moment { wall: Timestamp(1), uptime: Uptime(1), day: CivilDay(0), stored: &sealed };
        let head = Key { tab_id: "old", segment: 3, seq: None }.write();
        let entry = Key { tab_id: "old", segment: 3, seq: Some(seq) }.write();
        tracker.handle(&moment, Input::Recovered { key: &head, text: &sealed });
        tracker.handle(&moment, Input::Recovered { key: &entry, text: &sealed });
        for input in [Input::Woke, Input::Activity, Input::NewSession, Input::Hidden] {
            tracker.handle(&moment, input);
        }
        prop_assert!(!tracker.session().expect("a session").id().is_empty());
    }

    #[test]
    fn any_text_as_a_url_is_read(url in ".{0,200}", referrer in ".{0,200}") {
        let arrival = Arrival::read(&url, &referrer);
        prop_assert_eq!(arrival.facts.matches('\n').count(), 7);
        let _ = (host(&url), page_key(&url));
        prop_assert!(path(&url).starts_with('/'));
    }

    #[test]
    fn any_text_becomes_json(text in any::<String>()) {
        let mut json = String::new();
        push_json(&mut json, &text);
        prop_assert_eq!(serde_json::from_str::<String>(&json).ok(), Some(text));
    }

    #[test]
    fn numbers_survive(number in 0..TIME_MAX) {
        let mut text = String::new();
        push_number(&mut text, number);
        prop_assert_eq!(&text, &number.to_string());
        prop_assert_eq!(read_number(&text), Some(number));
    }

    #[test]
    fn money_is_written_as_a_json_number(amount in 0..1_u64 << 50) {
        let mut text = String::new();
        Money(amount).write(&mut text);
        let read: f64 = text.parse().expect("a number");
        prop_assert!((read * 10_000.0 - amount as f64).abs() < 1.0, "{}", text);
    }

    #[test]
    fn keys_survive(segment in 0..1_u64 << 40, seq in prop::option::of(0..1_u64 << 40)) {
        let key = Key { tab_id: "3f9c", segment, seq };
        let text = key.write();
        prop_assert_eq!(Key::read(&text), Some(key));
    }
}

#[test]
fn other_keys_are_not_the_outbox_s() {
    for key in
        ["", "shopbell", "shopbell.", "shopbell.a", "shopbell.a.b", "shopbell.a.1.b", "other.a.1", "shopbell.a.-1"]
    {
        assert_eq!(Key::read(key), None, "{key}");
    }
}

#[test]
fn a_sealed_record_without_an_id_is_none() {
    let lines = ["seed\n5\n", &"0\n".repeat(7), &"\n".repeat(15)].concat();
    assert_eq!(Record::read(&lines::seal(&lines)), None);
}

#[test]
fn the_latest_time_that_javascript_has_can_be_read() {
    assert_eq!(read_number("8640000000000000"), Some(TIME_MAX));
    for none in ["", "-1", "1.5", "1e3", " 1", "12345678901234567"] {
        assert_eq!(read_number(none), None, "{none}");
    }
}
