//! A page that was left before it had a tracker: the facts that it kept, replayed as if the tracker had been there.
//!
//! The page's next one does this, and so does the collector, which is sent the same facts as the page is left. Ids are a pure
//! function of what the facts hold, so both come to the same events under the same ids, and deduplication does the rest.
//!
//! [`begin`], then [`Tracker::handle`] for each fact from the first view until the page was left, then [`end`].

use crate::effect::Output;
use crate::id::Entropy;
use crate::session::Rules;
use crate::tracker::{Input, Moment, Tracker};
use alloc::string::ToString;
use alloc::vec::Vec;

/// A page's tracker. An early page is a tab of its own: where the tab's name is empty, it has one that follows from `chance`. `chance` is what the
/// page drew, of 128 bits at least: it is the `seed` of an early page on a device without a record, too.
pub fn begin(rules: Rules, tab_id: &str, next_seq: u64, seed: &str, chance: &str) -> Tracker {
    let mut entropy = Entropy::new(chance.to_string());
    let name = entropy.short_name();
    Tracker::new(rules, if tab_id.is_empty() { &name } else { tab_id }, next_seq, seed, entropy)
}

/// The page is left: what is to be stored. `moment` is when, with the record as it stands now: other tabs may have gone on with
/// it since the page was there. Then what the page counted is added to it.
pub fn end(tracker: &mut Tracker, moment: &Moment<'_>) -> Vec<Output> {
    tracker.handle(moment, Input::Hidden);
    tracker.poll(moment)
}
