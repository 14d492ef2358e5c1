//! The collector as its users meet it: the real binary, real HTTP, a real database file. One program for all of it, as linking each
//! takes longer than running it.

mod batches;
mod care;
mod keeping;
mod orders;
mod process;
mod relay;
mod report;
mod trust;
mod visits;
