//! A release: everything that must agree, packed. Dry unless it is told to publish.

use crate::shell::{cargo, root, run as run_command, say};
use crate::{package, size};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// The crates that are published, in the order of their dependencies.
const CRATES: [&str; 3] = ["shopbell-core", "shopbell", "shopbell-collector"];

/// Checks that the version is the workspace's and has its changelog, and packs npm package and crates.
pub(crate) fn run(version: &str, publish: bool) -> Result<()> {
    let known = env!("CARGO_PKG_VERSION");
    if version != known {
        bail!("the version in Cargo.toml is {known}; accepted is that one, so set it there first");
    }
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).context("there is no CHANGELOG.md")?;
    if !changelog.lines().any(|line| line.starts_with("## ") && line.contains(version)) {
        bail!("CHANGELOG.md has no heading for {version}");
    }
    package::all()?;
    size::check()?;
    say("packing the npm package");
    let dist = package::dist("tracker");
    let pack: &[&str] = if publish { &["publish"] } else { &["pack", "--dry-run"] };
    run_command(Command::new("npm").args(pack).current_dir(dist))?;
    for name in CRATES {
        say(&format!("packing the crate {name}"));
        let mut packing = cargo();
        if publish {
            packing.args(["publish", "--package", name]);
        } else {
            packing.args(["package", "--package", name, "--list", "--allow-dirty", "--quiet"]);
        }
        run_command(&mut packing)?;
    }
    if !publish {
        say("nothing was published: --publish does that");
    }
    Ok(())
}
