//! What need not be built again: a step whose inputs have the fingerprint that they had when it last succeeded.

use crate::shell::root;
use anyhow::{Context, Result};
use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Runs `step` unless it succeeded before on the same `inputs` (files and folders in the workspace) and `output` is
/// still there. Returns whether it ran.
pub(crate) fn unless_fresh(
    name: &str,
    inputs: &[&str],
    output: &Path,
    step: impl FnOnce() -> Result<()>,
) -> Result<bool> {
    let mark = root().join("target/x").join(name).with_extension("fingerprint");
    let fingerprint = fingerprint(inputs)?;
    if output.exists() && fs::read_to_string(&mark).is_ok_and(|known| known == fingerprint) {
        return Ok(false);
    }
    // A step that fails may leave half an output.
    let _ = fs::remove_file(&mark);
    step()?;
    fs::create_dir_all(root().join("target/x"))?;
    fs::write(&mark, fingerprint).with_context(|| format!("could not write {}", mark.display()))?;
    Ok(true)
}

fn fingerprint(inputs: &[&str]) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for input in inputs {
        for file in files(&root().join(input))? {
            hasher.write(file.as_os_str().as_encoded_bytes());
            hasher.write(&fs::read(&file).with_context(|| format!("could not read {}", file.display()))?);
        }
    }
    // It changes what is built; see `package`.
    hasher.write(env::var_os("SHOPBELL_STOCK").unwrap_or_default().as_encoded_bytes());
    Ok(format!("{:016x}", hasher.finish()))
}

/// The files at or below `path`, in order, without what is built or installed there.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let entries = fs::read_dir(path).with_context(|| format!("could not list {}", path.display()))?;
    for entry in entries {
        let entry = entry?;
        if !matches!(entry.file_name().to_str(), Some("dist" | "node_modules")) {
            found.extend(files(&entry.path())?);
        }
    }
    found.sort();
    Ok(found)
}
