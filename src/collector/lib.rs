//! The collector: receives batches, checks them, stores each event once, and reports.
//!
//! ```text
//!   batch        what a batch must be, and the sentence for one that is not
//!   early        pages that were left before they had a tracker, replayed
//!   server_side  what a shop's own server tells
//!   clock        how wrong a visitor's clock is
//!
//!   schema       the tables, and their migrations
//!   queue        what waits for the writer, bounded
//!   store        one writer that commits batches in groups; a few readers beside it
//!   writing      what a batch changes in the tables; orders, what a purchase does; tally and items, what a session did by name
//!   figures      what reports are made of, in memory
//!   keeping      how long it stays, and what is erased at a visitor's wish
//!   care         a copy of the store, and whether it is sound
//!   weekly       a week in a page, to be mailed
//!   stored       events as a tracker would send them
//!   relay        forwards what is stored to other targets, in any wire format
//!   query        questions, and their answers, one file each; zones and goals are what sites say of themselves
//!
//!   connections  how many, and how long each may keep us waiting
//!   server       HTTP: the routes; state, what they are answered with
//!   ingest       what is posted: body, peers, sites, refusals are its limits
//!   answers      what the owner asks; access and guard say who that is
//!   pages        the report, signing in, the shop; scripts, the tracker
//!   metrics      what the collector counts of itself
//!   faults       what goes wrong on purpose
//! ```
//!
//! **Architecture Invariant:** an answer of 204 comes after the commit. What was acknowledged is in the database.
//!
//! **Architecture Invariant:** a batch is stored whole or not at all.

pub mod access;
mod amounts;
mod answers;
pub mod batch;
mod body;
pub mod care;
mod clock;
pub mod connections;
pub mod early;
pub mod faults;
mod figures;
pub mod goals;
mod guard;
mod ingest;
mod items;
pub mod keeping;
pub mod metrics;
mod order;
mod orders;
mod pages;
pub mod peers;
mod query;
mod queue;
mod refusals;
pub mod relay;
mod schema;
mod scripts;
pub mod server;
mod server_side;
pub mod sites;
mod state;
pub mod store;
mod stored;
mod tally;
pub mod weekly;
mod writing;
pub mod zones;
