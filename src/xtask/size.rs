//! The byte table: every file of dist, raw and compressed, against the budgets.

use crate::package::{self, dist};
use anyhow::{Result, bail};
use std::fs;
use std::io::Write;

/// Brotli bytes that a set of files may take in all.
struct Budget {
    what: &'static str,
    files: &'static [&'static str],
    brotli_max: usize,
}

const SPLIT: &str = "split build";

const BUDGETS: [Budget; 3] = [
    // One TCP initial window: ten segments of 1,460 bytes.
    Budget { what: "self-contained script", files: &["shopbell.js"], brotli_max: 14_600 },
    Budget { what: SPLIT, files: &["shopbell.split.js", "shopbell.wasm"], brotli_max: 12_500 },
    Budget { what: "inline stub", files: &["stub.js"], brotli_max: 1_000 },
];

/// Prints the table; fails if anything is over its budget.
pub(crate) fn check() -> Result<()> {
    let over = measure()?;
    if !over.is_empty() {
        bail!("over budget: {}", over.join(", "));
    }
    Ok(())
}

/// Prints the table; fails if anything is over its budget that was within it before. The split build never was.
pub(crate) fn guard() -> Result<()> {
    let lost: Vec<_> = measure()?.into_iter().filter(|what| *what != SPLIT).collect();
    if !lost.is_empty() {
        bail!("over budget: {}", lost.join(", "));
    }
    Ok(())
}

fn measure() -> Result<Vec<&'static str>> {
    package::all()?;
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
    let mut over = Vec::new();
    for budget in BUDGETS {
        let mut used = 0;
        for file in budget.files {
            used += brotli(&fs::read(dist("tracker").join(file))?)?;
        }
        let verdict = if used <= budget.brotli_max { "within" } else { "OVER" };
        println!("{:<22} {used:>8} of {:>6} brotli: {verdict}", budget.what, budget.brotli_max);
        if used > budget.brotli_max {
            over.push(budget.what);
        }
    }
    Ok(over)
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

/// Quality 11, as a server compresses what it serves more than once.
pub(crate) fn brotli(bytes: &[u8]) -> Result<usize> {
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut compressed, &brotli::enc::BrotliEncoderParams::default())?;
    Ok(compressed.len())
}
