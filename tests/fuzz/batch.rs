//! Whatever is posted, the collector's decoder gives a batch that keeps its limits, or one sentence.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shopbell_collector::batch::{Batch, EVENTS_MAX};
use shopbell_collector::early;

fuzz_target!(|body: &[u8]| {
    if let Err(sentence) = early::read(body) {
        assert!(!sentence.is_empty());
    }
    match Batch::read(body) {
        Ok(batch) => {
            assert!((1..=EVENTS_MAX).contains(&batch.events.len()));
            assert!(!batch.site.is_empty() && !batch.session.id.is_empty());
            assert!(batch.events.iter().all(|event| !event.id.is_empty() && !event.name.is_empty()));
        }
        Err(sentence) => assert!(!sentence.is_empty()),
    }
});
