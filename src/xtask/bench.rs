//! Side by side with other trackers, in one run.

use crate::shell::{root, run as run_command, say};
use crate::{package, tools};
use anyhow::{Result, bail};
use std::process::Command;

const ALL: [&str; 2] = ["start", "burst"];

/// Runs a comparison, or all.
pub(crate) fn run(name: Option<&str>) -> Result<()> {
    if let Some(unknown) = name.filter(|name| !ALL.contains(name)) {
        bail!("there is no comparison {unknown:?}; accepted are {}", ALL.join(" and "));
    }
    package::all()?;
    tools::npm_packages("tests/peers")?;
    let browsers = tools::browsers()?;
    for one in ALL.into_iter().filter(|one| name.is_none_or(|name| name == *one)) {
        say(&format!("comparing: {one}"));
        let mut node = Command::new("node");
        node.arg(root().join("tests/peers").join(one).with_extension("js")).envs(browsers.clone());
        run_command(&mut node)?;
    }
    Ok(())
}
