//! The README's pictures of the report, of a month that follows from a seed.

use crate::shell::{root, run, say};
use crate::{demo, package, tools};
use anyhow::{Context, Result};
use std::process::Command;

const VISITS: u64 = 5_000;
const SEED: u64 = 1;

pub(crate) fn take() -> Result<()> {
    package::all()?;
    tools::npm_packages("tests/browsers")?;
    let browsers = tools::browsers()?;
    demo::build_collector()?;
    let folder = root().join("target/x/screenshots");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).context("the month of the last pictures cannot be removed")?;
    }
    std::fs::create_dir_all(&folder)?;
    let store = format!("sqlite:{}", folder.join("month.sqlite").display());
    demo::fill(&store, VISITS, SEED)?;
    say("taking pictures of the report");
    let mut node = Command::new("node");
    node.arg(root().join("tests/browsers/screenshots.js")).arg(store).envs(browsers);
    run(&mut node)
}
