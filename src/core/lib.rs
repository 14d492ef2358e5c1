//! What a visit is: sessions, attribution and the outbox of one browser, as a state machine.
//!
//! This page is the architecture. The crate turns facts into effects: a host (a browser, a test, a
//! simulator) tells a [`Tracker`](tracker::Tracker) what happened and what the world says at that
//! [`Moment`](tracker::Moment), then drains the [`Output`](tracker::Output)s and carries them out.
//!
//! ```text
//!   time  text  id  lines  attribution  event    plain values
//!        session  record  outbox                 rules over them; what is stored
//!             tracker                            the machine that joins them
//!             formats                            a batch as a collector wants it
//! ```
//!
//! A module knows the lines above it and nothing below.
//!
//! **Architecture Invariant:** nothing here asks, waits or calls back. There is no clock, no chance, no
//! storage and no network in this crate, and it has no dependencies, so it cannot name them. Chance enters
//! once, at the start of a page: as [`Entropy`](id::Entropy), and as the seed of a device that has no record.
//!
//! **Architecture Invariant:** one input, then drain, then act. [`Tracker::handle`](tracker::Tracker::handle)
//! takes one input; the host must then carry out what [`Tracker::take_outputs`](tracker::Tracker::take_outputs)
//! gives, and only then may anything else run.
//!
//! **Architecture Invariant:** only [`session::decide`] knows when a session ends.
//!
//! **Architecture Invariant:** only [`record`] knows what is stored, and only [`formats`] what is on the wire. An
//! event becomes [`lines`] of text once and is never taken apart again: stored, waiting and rendered, it is the same
//! text. Stored text is hostile: whatever it holds, opening it gives what was stored or nothing.
//!
//! **Architecture Invariant:** wall time ([`Timestamp`](time::Timestamp)) and monotonic time
//! ([`Uptime`](time::Uptime)) are different types. Sessions are measured on the wall, for they outlive a page;
//! timers and ages on the monotonic clock, for the wall may be set.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod attribution;
pub mod event;
pub mod formats;
pub mod id;
pub mod lines;
pub mod outbox;
pub mod record;
pub mod session;
pub mod text;
pub mod time;
pub mod tracker;
