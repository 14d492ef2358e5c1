//! What a visit is: sessions, attribution and the outbox of one browser, as a state machine.
//!
//! This page is the architecture. The crate turns facts into effects: a host (a browser, a test, a
//! simulator) reports to a [`Tracker`](tracker::Tracker) what happened and what the world says at that
//! [`Moment`](tracker::Moment), then polls it for [`Output`](effect::Output)s and carries them out.
//!
//! ```text
//!   layout  time  id  text  lines  effect     names of lines, plain values, what is asked for
//!          attribution   event                where a visitor comes from, what happens
//!               session                       when it ends
//!          outbox      record                 what waits; what is stored
//!               tracker                       the machine that joins them
//!          early       formats                pages before they had a tracker; a batch as a collector wants it
//! ```
//!
//! A module knows the lines above it and nothing below.
//!
//! ```
//! use shopbell_core::effect::Output;
//! use shopbell_core::id::Entropy;
//! use shopbell_core::outbox::Answer;
//! use shopbell_core::session::Rules;
//! use shopbell_core::time::{CivilDay, Timestamp, Uptime};
//! use shopbell_core::tracker::{Input, Moment, Tracker};
//! use std::collections::{BTreeMap, VecDeque};
//!
//! let mut storage: BTreeMap<String, String> = BTreeMap::new();
//! let mut tracker = Tracker::new(Rules::default(), "tab", 0, "a seed", Entropy::new("chance"));
//! let track = Input::Tracked { name: "add_to_cart", props: r#"{"value":59.9}"#, order: "" };
//! // What one task of the page reports comes together. Answers come later, each in a task of its own.
//! let mut tasks = VecDeque::from([vec![track, track, Input::Flush]]);
//! let mut uptime = 0;
//! while let Some(task) = tasks.pop_front() {
//!     uptime += 100;
//!     let stored = storage.get("shopbell").cloned().unwrap_or_default();
//!     let moment = Moment {
//!         wall: Timestamp(1_773_172_800_000 + uptime),
//!         uptime: Uptime(uptime),
//!         day: CivilDay(20_522),
//!         stored: &stored,
//!         breaker: "",
//!     };
//!     for input in task {
//!         tracker.handle(&moment, input);
//!     }
//!     for output in tracker.poll(&moment) {
//!         match output {
//!             Output::Store(key, text) if text.is_empty() => drop(storage.remove(&key)),
//!             Output::Store(key, text) => drop(storage.insert(key, text)),
//!             Output::Send(batch) => {
//!                 let events = tracker.batch(batch).map_or(0, |segment| segment.batch_count());
//!                 assert_eq!(events, 4, "session_start and page_view come first");
//!                 tasks.push_back(vec![Input::Answered(batch, Answer::from_status(204, 0))]);
//!             }
//!         }
//!     }
//! }
//! assert_eq!(tracker.counters().sent, 4);
//! assert_eq!(storage.len(), 1, "the record alone is left");
//! ```
//!
//! **Architecture Invariant:** nothing here asks, waits or calls back, but for the site's own say in its events
//! ([`Review`](tracker::Review)), a function of their lines. There is no clock, no chance, no
//! storage and no network in this crate, and it has no dependencies, so it cannot name them. Chance enters
//! once, at the start of a page: as [`Entropy`](id::Entropy), and as the seed of a device that has no record.
//!
//! **Architecture Invariant:** inputs of one task, then poll, then act. [`Tracker::handle`](tracker::Tracker::handle)
//! takes one input; the host must carry out what [`Tracker::poll`](tracker::Tracker::poll) gives before anything else runs.
//!
//! **Architecture Invariant:** only [`session`] knows when a session ends: [`session::decide`] and [`session::expires`].
//!
//! **Architecture Invariant:** only [`layout`] knows where a line stands, only [`record`] and [`outbox`] what is stored, and
//! only [`formats`] what is on the wire. An event becomes [`lines`] of text once and is never taken apart again: stored,
//! waiting and rendered, it is the same text. Stored text is hostile: whatever it holds, opening it gives what was stored
//! or nothing. What an older version stored is read; what a later one stored is left alone.
//!
//! **Architecture Invariant:** wall time ([`Timestamp`](time::Timestamp)) and monotonic time
//! ([`Uptime`](time::Uptime)) are different types. Sessions are measured on the wall, for they outlive a page;
//! timers and ages on the monotonic clock, for the wall may be set.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod attribution;
pub mod early;
pub mod effect;
pub mod event;
pub mod formats;
pub mod id;
pub mod layout;
pub mod lines;
pub mod outbox;
pub mod record;
pub mod session;
pub mod text;
pub mod time;
pub mod tracker;
