//! The collector: receives batches, checks them, stores each event once, and reports.
//!
//! ```text
//!   batch     what a batch must be, and the sentence for one that is not
//!   early     pages that were left before they had a tracker, replayed
//!   clock     how wrong a visitor's clock is
//!   schema    the tables
//!   store     one writer that commits batches in groups; readers beside it
//!   keeping   how long it stays, and what is erased at a visitor's wish
//!   stored    events as a tracker would send them
//!   relay     forwards what is stored to other targets, in any wire format
//!   report    totals out of the tables
//!   figures   amounts and ratios, as they are shown
//!   server    HTTP: the routes, the limits, the pages
//!   faults    what goes wrong on purpose
//! ```
//!
//! **Architecture Invariant:** an answer of 204 comes after the commit. What was acknowledged is in the database.
//!
//! **Architecture Invariant:** a batch is stored whole or not at all.

pub mod batch;
mod clock;
pub mod early;
pub mod faults;
mod figures;
pub mod keeping;
mod lists;
mod order;
pub mod relay;
mod report;
mod schema;
pub mod server;
pub mod store;
mod stored;
