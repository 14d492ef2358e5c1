//! The session as its page sees it: named as in the native batch.

use super::json::Json;
use crate::layout::head;
use crate::lines;
use crate::text;
use crate::time::Timestamp;
use crate::tracker::Tracker;
use alloc::string::String;

/// The session as a JSON object, with what became of events on this page; `null` before any activity.
///
/// A text that is unknown is absent. Times are Unix milliseconds; `expires_at` is when the session ends by inactivity if
/// nothing more happens. `storage` is where the tracker keeps its state.
pub fn encode(tracker: &Tracker, now: Timestamp, storage: &str) -> String {
    let mut json = Json::default();
    let Some(session) = tracker.session() else {
        return text::owned("null");
    };
    let counters = tracker.counters();
    let mut totals = lines::Lines::default();
    session.totals.write(&mut totals);
    json.raw("{");
    json.session(&session.head, totals.text(), "");
    json.text("device_id", lines::at(&session.head, head::DEVICE_ID));
    json.text("user_id", tracker.user_id());
    json.text("storage", storage);
    json.number("expires_at", tracker.expires(now).0);
    json.number("waiting", tracker.waiting());
    json.number("sent", counters.sent);
    json.number("retried", counters.retried);
    json.number("dropped", counters.all_dropped());
    json.raw("}");
    json.out
}
