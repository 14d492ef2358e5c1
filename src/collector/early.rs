//! Pages that were left before they had a tracker, replayed by the core as their next page's tracker replays them.
//!
//! The body is a JSON object a page, the oldest first (`tests/formats/early.schema.json`), one behind another and however
//! libraries of that page indent them. What comes of it are native batches: the same events under the same ids as the tracker will send, which deduplication makes one.

pub(crate) mod landing;
mod options;
mod page;
mod scrub;

use crate::batch::Batch;
use landing::lone_surrogates;
use page::Page;
use shopbell_core::early;
use shopbell_core::id::Entropy;
use shopbell_core::tracker::{Moment, Tracker};
use std::str;

/// How every body begins.
const BEGINNING: &[u8] = b"{\"schema\":\"shopbell/early/1\"";
/// Most pages in one body; the stub keeps as many as fit 60,000 characters.
const PAGES_MAX: usize = 200;
/// Whether a body is of early pages.
pub fn is_early(body: &[u8]) -> bool {
    body.iter().filter(|byte| !byte.is_ascii_whitespace()).take(BEGINNING.len()).eq(BEGINNING)
}

/// Reads early pages, and gives the batches that their trackers would have sent. The error is one sentence.
pub fn read(body: &[u8]) -> Result<Vec<Batch>, String> {
    let text = str::from_utf8(body).map_err(|_| "the body is no UTF-8; accepted are objects of JSON".to_owned())?;
    let mut pages: Vec<Page> = Vec::new();
    for page in serde_json::Deserializer::from_str(&lone_surrogates(text)).into_iter() {
        if pages.len() == PAGES_MAX {
            return Err(format!("the body has more than {PAGES_MAX} objects; accepted is one for each early page"));
        }
        let number = pages.len() + 1;
        pages.push(page.map_err(|error| format!("object {number} is no early page: {error}"))?);
    }
    pages.retain(|page| !page.is_unwanted());
    // Pages that found the same record are one chain, as each goes on with what the one before has made of it.
    let chains = pages.chunk_by(|one, next| one.record == next.record);
    let bodies = chains.flat_map(replay);
    bodies.map(|body| Batch::read(body.as_bytes())).collect()
}

/// Replays a chain of pages; the bodies of its batches.
fn replay(pages: &[Page]) -> Vec<String> {
    let Some(first) = pages.first() else { return Vec::new() };
    let mut tracker = Tracker::new(first.options.rules(), "", 0, &first.chance, Entropy::new(""));
    let mut moment = Moment { stored: &first.record, ..Moment::default() };
    for page in pages {
        early::next_page(&mut tracker, &page.chance);
        moment = page.happens(&mut tracker, &first.record);
    }
    let _stored = early::end(&mut tracker, &moment);
    first.encode(&tracker, &moment)
}

#[cfg(test)]
mod tests {
    use super::{is_early, read};
    use proptest::prelude::*;
    use shopbell_core::lines;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn early_pages_that_are_altered_anywhere_do_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut body = GOOD.as_bytes().to_vec();
            let at = at.index(body.len());
            body[at] = byte;
            if let Err(sentence) = read(&body) {
                prop_assert!(!sentence.is_empty());
            }
        }

        #[test]
        fn any_times_and_any_record_do_no_harm(
            (began, left) in any::<(f64, f64)>(),
            offset in any::<i32>(),
            inside in "(\\PC{0,30}\n){0,40}",
        ) {
            let page = GOOD.lines().next().expect("a page");
            let mut page: serde_json::Value = serde_json::from_str(page).expect("JSON");
            page["began"][0] = began.into();
            page["left"][0] = left.into();
            page["calls"][0] = serde_json::json!(["checkoutPending", left, began, null, null]);
            page["offset"] = offset.into();
            page["record"] = lines::seal(&inside).into();
            if let Err(sentence) = read(page.to_string().as_bytes()) {
                prop_assert!(!sentence.is_empty());
            }
        }
    }

    const GOOD: &str = include_str!("../../tests/formats/early.json");

    #[test]
    fn early_pages_are_the_batches_that_their_trackers_would_have_sent() {
        assert!(is_early(GOOD.as_bytes()));
        let batches = read(GOOD.as_bytes()).expect("early pages");
        let names: Vec<_> = batches.iter().flat_map(|batch| &batch.events).map(|event| &event.name).collect();
        assert_eq!(names, ["session_start", "page_view", "purchase", "page_view"]);
        assert_eq!(batches[0].session.id, batches[1].session.id, "the second page found what the first one made");
        assert_eq!(batches[0].session.source.source, "facebook");
    }

    #[test]
    fn early_pages_are_the_same_however_they_are_indented() {
        let indent = |json: &mut serde_json::Value| {
            let value = json.as_str().and_then(|json| serde_json::from_str::<serde_json::Value>(json).ok());
            if let Some(value) = value {
                *json = format!("{value:#}").into();
            }
        };
        let mut indented = String::new();
        for page in GOOD.lines() {
            let mut page: serde_json::Value = serde_json::from_str(page).expect("JSON");
            for call in page["calls"].as_array_mut().into_iter().flatten() {
                call.as_array_mut().into_iter().flatten().skip(3).for_each(indent);
            }
            indented.push_str(&serde_json::to_string_pretty(&page).expect("JSON"));
            indented.push('\n');
        }
        assert!(indented.lines().count() > 20);
        let beginning = indented.replacen("{\n", "{\n  \"schema\": \"shopbell/early/1\",\n", 1);
        assert!(is_early(beginning.as_bytes()));
        let told = |body: &str| {
            let batches = read(body.as_bytes()).expect("early pages");
            let events = batches.into_iter().flat_map(|batch| batch.events);
            events.map(|event| (event.id, event.name, event.seq)).collect::<Vec<_>>()
        };
        assert_eq!(told(&indented), told(GOOD));
    }

    /// The batches of the first page, changed.
    fn changed(change: impl Fn(&mut serde_json::Value)) -> Vec<crate::batch::Batch> {
        let mut page: serde_json::Value = serde_json::from_str(GOOD.lines().next().expect("a page")).expect("JSON");
        change(&mut page);
        read(page.to_string().as_bytes()).expect("an early page")
    }

    #[test]
    fn what_its_visitor_does_not_want_is_no_batch() {
        #[track_caller]
        fn check(capture: &str, consent: &[&str], batches: usize) {
            let found = changed(|page| {
                page["options"]["capture"] = capture.into();
                let calls =
                    consent.iter().map(|state| serde_json::json!(["consent", 1, 1, format!("\"{state}\""), null]));
                page["calls"] = calls.collect();
            });
            assert_eq!(found.len(), batches, "{capture} {consent:?}");
        }
        check("", &[], 1);
        check("opt-out", &[], 1);
        check("opt-out tcf", &[], 0);
        check("google-consent", &[], 0);
        check("", &["granted"], 1);
        check("", &["denied"], 0);
        check("", &["pending"], 0);
        check("", &["denied", "granted"], 1);
    }

    #[test]
    fn what_names_a_person_is_not_stored() {
        let batches = changed(|page| {
            page["url"] =
                "https://shop.example/u/bob@example.com?token=x&utm_source=a&utm_term=bob%40example.com#y".into();
            page["title"] = "Orders of bob@example.com".into();
            page["referrer"] = "https://mail.example/bob@example.com".into();
            let props = r#"{"to":"bob@example.com"}"#;
            page["calls"] =
                serde_json::json!([["identify", 1, 1, "\"7a1c\"", null], ["track", 1, 1, "\"sent\"", props]]);
        });
        let [batch] = &batches[..] else { panic!("{} batches", batches.len()) };
        let event = batch.events.last().expect("an event");
        assert_eq!(event.url, "https://shop.example/u/*email*?utm_source=a&utm_term=*email*");
        assert_eq!(event.title, "Orders of *email*");
        assert_eq!(event.props.as_ref().map(|props| props.get()), Some(r#"{"to":"*email*"}"#));
        assert_eq!(batch.session.landing_page, "/u/*email*");
        assert_eq!(batch.session.source.term.as_deref(), Some("*email*"));
        assert_eq!(batch.session.source.referrer.as_deref(), Some("https://mail.example/*email*"));
        assert_eq!(batch.session.user_id.as_deref(), Some("7a1c"));
        let user = |given: &str| {
            let batches = changed(|page| {
                page["calls"] = serde_json::json!([["identify", 1, 1, given, null], ["track", 1, 1, "\"e\"", null]]);
            });
            batches.into_iter().next().and_then(|batch| batch.session.user_id)
        };
        assert_eq!(user("7").as_deref(), Some("7"));
        assert_eq!(user("\"bob@example.com\"").as_deref(), Some("*email*"));
        assert_eq!(user("null"), None);
    }

    #[test]
    fn what_is_no_early_page_is_one_sentence() {
        #[track_caller]
        fn check(body: &str, sentence: &str) {
            let found = read(body.as_bytes()).map(|batches| batches.len());
            assert_eq!(found, Err(sentence.to_owned()), "{body}");
        }
        check("{}", "object 1 is no early page: missing field `url` at line 1 column 2");
        let page = GOOD.lines().next().expect("a page");
        check(&format!("{page}\nx"), "object 2 is no early page: expected value at line 2 column 1");
        check(
            &page.replace("\"began\":[", "\"began\":[true,"),
            "object 1 is no early page: invalid type: boolean `true`, expected f64 at line 1 column 217",
        );
    }
}
