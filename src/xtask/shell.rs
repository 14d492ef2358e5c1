//! Running other programs, and saying so.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest).to_owned()
}

/// Says what is about to be done.
pub(crate) fn say(sentence: &str) {
    eprintln!("\x1b[1;32m{:>12}\x1b[0m {sentence}", "shopbell");
}

/// Runs a command in the workspace's folder; an exit code other than 0 is an error that names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .current_dir(command.get_current_dir().map_or_else(root, Path::to_owned))
        .status()
        .with_context(|| format!("could not start {}", named(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", named(command));
    }
    Ok(())
}

fn named(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The cargo that runs this.
pub(crate) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
