//! The byte table: every file of dist, raw and compressed, against the budgets.

use crate::compress::{brotli, gzip};
use crate::package::{self, dist};
use anyhow::{Result, bail};
use shopbell_core::formats::{self, native};
use std::fs;

/// Brotli bytes that a set of files may take in all.
struct Budget {
    what: &'static str,
    files: &'static [&'static str],
    brotli_max: usize,
    /// Whether it is kept today: `cargo x test` sees to it that these stay so.
    is_kept: bool,
}

/// What the split build may take beyond the self-contained script.
const SPLIT_MORE: usize = 300;

const BUDGETS: [Budget; 3] = [
    Budget { what: "self-contained script", files: &["shopbell.js"], brotli_max: 18_500, is_kept: true },
    Budget { what: "script without parts", files: &["shopbell.core.js"], brotli_max: 15_600, is_kept: false },
    Budget { what: "inline stub", files: &["stub.js"], brotli_max: 700, is_kept: true },
];

/// What the script of another format may take beyond the native one.
const FORMAT_MORE: usize = 700;
/// Formats that take more today.
const LARGE_FORMATS: [&str; 2] = ["segment", "snowplow"];

/// Prints the table; fails if anything is over its budget.
pub(crate) fn check() -> Result<()> {
    fail(&measure()?)
}

/// The same, but for budgets that are known to be over.
pub(crate) fn guard() -> Result<()> {
    let mut over = measure()?;
    let is_known = |what: &str| BUDGETS.iter().any(|budget| !budget.is_kept && budget.what == what);
    over.retain(|what| !is_known(what) && !LARGE_FORMATS.contains(what));
    fail(&over)
}

fn fail(over: &[&str]) -> Result<()> {
    if !over.is_empty() {
        bail!("over budget: {}", over.join(", "));
    }
    Ok(())
}

fn measure() -> Result<Vec<&'static str>> {
    package::formats()?;
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(dist("tracker"))? {
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    println!("{:<22} {:>8} {:>8} {:>8}", "www/tracker/dist", "raw", "gzip", "brotli");
    for name in &names {
        let bytes = fs::read(dist("tracker").join(name))?;
        println!("{name:<22} {:>8} {:>8} {:>8}", bytes.len(), gzip(&bytes)?, brotli(&bytes)?);
    }
    println!();
    let weight =
        |files: &[&str]| files.iter().map(|file| brotli(&fs::read(dist("tracker").join(file))?)).sum::<Result<usize>>();
    let mut measured = Vec::new();
    for Budget { what, files, brotli_max, .. } in BUDGETS {
        measured.push((what, weight(files)?, brotli_max));
    }
    let split = weight(&["shopbell.split.js", "shopbell.wasm"])?;
    measured.push(("split build", split, weight(&["shopbell.js"])? + SPLIT_MORE));
    let most = weight(&["shopbell.js"])? + FORMAT_MORE;
    for format in formats::ALL.iter().filter(|format| format.name != native::FORMAT.name) {
        measured.push((format.name, weight(&[&format!("shopbell.{}.js", format.name)])?, most));
    }
    let mut over = Vec::new();
    for (what, used, most) in measured {
        let verdict = if used <= most { "within" } else { "OVER" };
        println!("{what:<22} {used:>8} of {most:>6} brotli: {verdict}");
        if used > most {
            over.push(what);
        }
    }
    Ok(over)
}
