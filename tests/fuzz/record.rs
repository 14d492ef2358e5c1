//! Whatever stands in storage, a tracker goes on: it has a session, what it stores can be read again, and what it sends
//! is a batch that the collector takes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use shopbell_collector::batch::Batch;
use shopbell_core::attribution::Landing;
use shopbell_core::effect::Output;
use shopbell_core::formats::{Context, native};
use shopbell_core::id::Entropy;
use shopbell_core::lines;
use shopbell_core::outbox::{BREAKER_KEY, StoredChunk};
use shopbell_core::record::{RECORD_KEY, StoredRecord};
use shopbell_core::session::Rules;
use shopbell_core::time::{CivilDay, Timestamp, Uptime};
use shopbell_core::tracker::{Input, Moment, Navigation, NavigationKind, Tracker};

/// Parts of the input, each as it is and sealed, so that what is behind the seal is reached too.
fuzz_target!(|stored: (bool, &str, &str, &str, &str)| {
    let (is_sealed, record, breaker, head, entry) = stored;
    let seal = |text: &str| if is_sealed { lines::seal(text) } else { text.to_owned() };
    let (mut record, mut breaker) = (seal(record), breaker.to_owned());
    if let Some(read) = StoredRecord::read(&record) {
        assert!(!read.seed().is_empty() && !read.head().is_empty(), "a record is whole");
    }
    let mut tracker = Tracker::new(Rules::default(), "tab", 0, "seed", Entropy::new("chance"));
    let (head, entry) = (seal(head), seal(entry));
    let landing = Landing::default().lines();
    let url = "https://shop.example/p/lamp";
    let to = Navigation { kind: NavigationKind::Load, url, path: "/p/lamp", browser_closed: false, landing: &landing, title: "" };
    let left = |key, text| Input::Recovered(StoredChunk { key, text });
    let inputs = [
        left("shopbell.left.7", &head),
        left("shopbell.left.7.7", &entry),
        left("shopbell.left.7.8", &head),
        Input::TimerFired,
        Input::Navigated { to: &to.lines(0), counts: true },
        Input::Tracked { name: "e", props: "{}", order: "" },
        Input::Hidden,
    ];
    for input in inputs {
        let wall = Timestamp(1_773_172_800_000);
        let (stored, failing) = (record.clone(), breaker.clone());
        let moment = Moment { wall, uptime: Uptime(9), day: CivilDay(20_522), stored: &stored, breaker: &failing };
        tracker.handle(&moment, input);
        for output in tracker.poll(&moment) {
            match output {
                Output::Store(key, text) if key == RECORD_KEY => {
                    assert!(StoredRecord::read(&text).is_some(), "what is stored can be read");
                    record = text;
                }
                Output::Store(key, text) if key == BREAKER_KEY => breaker = text,
                Output::Store(..) => {}
                Output::Send(batch) => {
                    let segment = tracker.batch(batch).expect("what is to be sent is there");
                    let context = Context {
                        site: "shop",
                        sent_at: wall,
                        sent_uptime: Uptime(9),
                        device: "\"language\":\"en\"",
                        storage: "local",
                        counters: tracker.counters(),
                    };
                    let body = native::encode(&context, segment);
                    let told = Batch::read(body.as_bytes());
                    // What was sealed by somebody else may hold anything; what this tracker makes is a batch.
                    assert!(told.is_ok() || is_sealed, "{told:?}: {body}");
                }
            }
        }
    }
    assert!(tracker.session().is_some());
});
