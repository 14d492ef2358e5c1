//! The simulator: a seeded world of one to eight tabs on bent clocks, faulty storage and a faulty network, in which the
//! core runs as it does in a browser, and oracles that judge every step.
//!
//! ```text
//!   zone  clock  plan     what is drawn from a seed: parameters, and a list of steps
//!         chunk           what stands under a key of the outbox
//!        storage          localStorage as tabs see it: late, full, blocked, wiped, spoiled
//!        network          the way to the collector and back: lost, late, doubled, refused, silent
//!         model           the rules of a session, restated in the slow and obvious way
//!         early           pages that were left before they had a tracker
//!         world           runs the steps: each tab's tracker beside its model
//!        history          what must hold over the whole run, and of what reached the collector
//!         ledger           where each event is, and who may send when
//!         shrink          the shortest list of steps that still fails
//! ```
//!
//! **Invariant:** a run is a pure function of its parameters and steps. Nothing is drawn while it runs, so a seed
//! replays bit for bit, and so does every shorter list of steps that the shrinker tries.
//!
//! **Invariant:** no oracle asks the core what should happen. [`model`] has the rules in its own words; it knows the
//! text of a record only as something that a tab wrote when it was in a state that the model knows.

#![forbid(unsafe_code)]

pub mod chunk;
pub mod clock;
pub mod early;
pub mod history;
pub mod ledger;
pub mod model;
pub mod network;
pub mod plan;
pub mod search;
pub mod shrink;
pub mod storage;
pub mod world;
pub mod zone;

pub use plan::Plan;
pub use world::{Figures, Violation, run};
