//! The demo: the collector, serving the shop, the report and the tracker.

use crate::package;
use crate::shell::{cargo, root, run, say};
use anyhow::{Context, Result};
use std::process::Command;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Port on the loopback interface; 0 for any that is free.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Where events are kept.
    #[arg(long, default_value = "sqlite:target/x/demo.sqlite")]
    store: String,
    /// Fills the store with so many visits of the month before today, to see a report and not an empty page.
    #[arg(long)]
    visits: Option<u64>,
    /// What these visits follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn serve(arguments: &Arguments) -> Result<()> {
    package::all()?;
    say("building the collector");
    build_collector()?;
    if let Some(visits) = arguments.visits {
        say(&format!("telling of {visits} visits"));
        fill(&arguments.store, visits, arguments.seed)?;
    }
    let mut collector = Command::new(root().join("target/debug/shopbell-collector"));
    collector
        .arg("--listen")
        .arg(format!("127.0.0.1:{}", arguments.port))
        .args(["--store", &arguments.store])
        .arg("--www")
        .arg(root().join("www"))
        .current_dir(root());
    replace(collector)
}

/// Builds the collector where `cargo x` finds it, and what tells it of visits.
pub(crate) fn build_collector() -> Result<()> {
    run(cargo().args(["build", "--quiet", "--package", "shopbell-collector", "--package", "shopbell-load"]))
}

/// Tells of a month of visits.
pub(crate) fn fill(store: &str, visits: u64, seed: u64) -> Result<()> {
    let mut load = Command::new(root().join("target/debug/shopbell-load"));
    load.arg("--collector").arg(root().join("target/debug/shopbell-collector")).args(["--store", store]);
    run(load.args(["--month", &visits.to_string(), "--seed", &seed.to_string()]))
}

/// Becomes the collector, so that a signal to us reaches it.
#[cfg(unix)]
fn replace(mut collector: Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    Err(collector.exec()).context("could not start the collector")
}

#[cfg(not(unix))]
fn replace(mut collector: Command) -> Result<()> {
    let status = collector.status().context("could not start the collector")?;
    std::process::exit(status.code().unwrap_or(1));
}
