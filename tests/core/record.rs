//! What is stored can be read again, and whatever else is in storage does no harm.

use proptest::prelude::*;
use shopbell_core::attribution::{Arrival, Landing, Origin};
use shopbell_core::event::{Money, funnel_name};
use shopbell_core::id::Entropy;
use shopbell_core::layout::{head, totals};
use shopbell_core::lines::{self, Lines};
use shopbell_core::outbox::{StoredChunk, key};
use shopbell_core::record::{Record, StoredRecord};
use shopbell_core::session::{Rules, Session, Totals};
use shopbell_core::text::{self, push_json, push_number};
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Tracker};

const TIME_MAX: u64 = 8_640_000_000_000_000;
const ID: &str = "18c5a5cd-cbcb-8f2e-9a2b-6d5b4fd6c3f1";

fn records() -> impl Strategy<Value = Record> {
    let times = (0..TIME_MAX, 0..TIME_MAX, any::<u32>());
    let totals = (0..1_u64 << 40, 0..1_u64 << 40, 0..1_u64 << 40, 0..7_u64);
    (times, totals, "\\PC{0,3}", "\\PC{0,60}").prop_map(|((started, active, day), (a, b, c, step), currency, text)| {
        let arrival = Arrival::read(&Landing { utm: [&text; 6], ..Landing::default() }.lines());
        let mut head = Lines::default();
        for line in [ID, ID, "", "1"] {
            head.push(line);
        }
        head.push_number(started);
        head.push("campaign");
        head.push_number(u64::from(day));
        head.push(&text);
        head.append(arrival.facts());
        let mut sums = Totals::default();
        sums.currency = currency;
        for (total, number) in [
            (totals::PAGE_VIEWS, a),
            (totals::EVENTS, b),
            (totals::TRANSACTIONS, c),
            (totals::REVENUE, a),
            (totals::FUNNEL_STEP, step),
            (totals::LAST_ACTIVITY_AT, active),
            (totals::LAST_ORDER, b & 0xffff_ffff),
            (totals::HELD_UNTIL, started),
        ] {
            sums[total] = number;
        }
        let session = Session { head: head.into_text(), totals: sums };
        assert_eq!((session.started(), session.day(), session.number()), (Timestamp(started), CivilDay(day), 1));
        Record { seed: "seed".to_owned(), session }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_survives_storage(record in records()) {
        let text = record.write();
        let mut totals = Lines::default();
        record.session.totals.write(&mut totals);
        totals.append(&record.session.head);
        let read = StoredRecord::read(&text).expect("it was written");
        prop_assert_eq!((read.seed(), read.totals(), read.head()), (&*record.seed, totals.text(), &*record.session.head));
    }

    #[test]
    fn a_record_cut_short_or_altered_is_none(record in records(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = record.write();
        let at = at.index(text.len());
        prop_assert_eq!(text.get(..at).and_then(StoredRecord::read), None);
        let mut altered = text.clone().into_bytes();
        altered[at] = byte;
        if let Ok(altered) = String::from_utf8(altered)
            && altered != text
        {
            // A byte of the version may make it a later one.
            prop_assert_eq!(StoredRecord::read(&altered), None);
        }
    }

    #[test]
    fn any_text_in_storage_leads_to_a_first_session(stored in ".{0,200}", breaker in "(\\PC{0,20}\n){0,4}", tab_id in ".{0,20}", seq in prop::option::of(0..9_u64)) {
        let mut tracker = Tracker::new(Rules::default(), "tab", 0, "seed", Entropy::new("chance"));
        let moment = Moment { wall: Timestamp(1), uptime: Uptime(1), day: CivilDay(0), stored: &stored, breaker: &breaker };
        tracker.handle(&moment, Input::Recovered(StoredChunk { key: &key(&tab_id, 0, seq), text: &stored }));
        tracker.handle(&moment, Input::Activity);
        let session = tracker.session().expect("activity begins a session");
        prop_assert_eq!(session.number(), 1);
        prop_assert!(!session.id().is_empty());
    }

    /// Lines that are sealed but not what they should be: still no panic, and still a session with an id.
    #[test]
    fn any_sealed_text_does_no_harm(inside in "(\\PC{0,30}\n){0,40}", seq in 0..50_u64) {
        let sealed = lines::seal(&inside);
        let mut tracker = Tracker::new(Rules::default(), "tab", 0, "seed", Entropy::new("chance"));
        let moment = Moment { wall: Timestamp(1), uptime: Uptime(1), day: CivilDay(0), stored: &sealed, breaker: "" };
        for seq in [None, Some(seq)] {
            tracker.handle(&moment, Input::Recovered(StoredChunk { key: &key("old", 3, seq), text: &sealed }));
        }
        for input in [Input::TimerFired, Input::Activity, Input::NewSession, Input::Hidden] {
            tracker.handle(&moment, input);
        }
        prop_assert!(!tracker.session().expect("a session").id().is_empty());
    }

    #[test]
    fn any_texts_make_an_arrival_of_eight_lines(source in any::<String>(), parameters in any::<String>(), referrer in any::<String>()) {
        let landing = Landing {
            utm: [&source, &parameters, &referrer, "", "", ""],
            parameters: &parameters,
            referrer: &referrer,
            referrer_name: &source,
            is_return: false,
        is_message: false,
        };
        let arrival = Arrival::read(&landing.lines());
        prop_assert_eq!(arrival.facts().matches('\n').count(), 8);
        let _ = Origin::find(&source, &parameters, &source, &referrer);
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
        prop_assert_eq!(text::number(&text), number);
    }

    #[test]
    fn money_is_written_as_a_json_number(amount in 0..1_u64 << 50) {
        let mut text = String::new();
        Money(amount).write(&mut text);
        let read: f64 = text.parse().expect("a number");
        prop_assert!((read * 10_000.0 - amount as f64).abs() < 1.0, "{}", text);
    }
}

#[test]
fn a_sealed_record_without_an_id_is_none() {
    let lines = ["seed\n", &"0\n".repeat(9), &"\n".repeat(head::LINES + 8)].concat();
    assert_eq!(StoredRecord::read(&lines::seal(&lines)), None);
}

#[test]
fn a_step_far_past_the_funnel_is_one_of_it_at_once() {
    assert_eq!(funnel_name(9_999_999_999_999_999), "begin_checkout");
    assert_eq!((funnel_name(0), funnel_name(6), funnel_name(7)), ("visit", "purchase", "visit"));
}

#[test]
fn the_latest_time_that_javascript_has_can_be_read() {
    assert_eq!(text::number("8640000000000000"), TIME_MAX);
    for none in ["", "-1", "1.5", "1e3", " 1", "12345678901234567"] {
        assert_eq!(text::number(none), 0, "{none}");
    }
}
