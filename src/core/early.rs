//! Pages that were left before they had a tracker: the facts that they kept, replayed as if a tracker had been there.
//!
//! The next page does this, and so does the collector, which is sent the same facts as a page is left. Ids are a pure function
//! of what the facts hold, so both come to the same events under the same ids, and deduplication does the rest.
//!
//! A tracker replays the pages that found the same record, one after another: [`next_page`], then
//! [`Tracker::handle`] for each fact of it, from its view until it was left; and in the end, [`end`].

use crate::effect::Output;
use crate::tracker::{Input, Moment, Tracker};
use alloc::vec::Vec;

/// Another page begins. `chance` is what no other page has drawn. It is a tab of its own, whose name follows from that:
/// pages of two tabs may be left at the same moment, each behind the same page before.
pub fn next_page(tracker: &mut Tracker, chance: &str) {
    tracker.renew(chance);
}

/// The pages are left: what is to be stored. `moment` is when, with the record as it stands now: other tabs may have gone on
/// with it since the pages were there. Then what they counted is added to it.
pub fn end(tracker: &mut Tracker, moment: &Moment<'_>) -> Vec<Output> {
    tracker.handle(moment, Input::Hidden);
    tracker.poll(moment)
}
