//! The constants that Rust and JavaScript share, written for JavaScript from the core's own.

use crate::shell::root;
use anyhow::{Context, Result, bail};
use shopbell_core::attribution::GATEWAYS;
use shopbell_core::event::{NAME_BYTES_MAX, PROPS_BYTES_MAX, TITLE_UNITS_MAX, URL_UNITS_MAX};
use shopbell_core::layout;
use shopbell_core::outbox::ANSWER_MS_MAX;
use std::fmt::Write as _;
use std::fs;

/// Where it is written: beside the rooms that import it, since a crate must have its JavaScript with it.
const PATH: &str = "src/browser/page/layout.js";

/// Lists of lines and of kinds that JavaScript needs, by their modules' names.
const LISTS: [(&str, &[&str]); 13] = [
    ("event", &layout::event::NAMES),
    ("input", &layout::input::NAMES),
    ("moment", &layout::moment::NAMES),
    ("start", &layout::start::NAMES),
    ("navigated", &layout::navigated::NAMES),
    ("navigation", &layout::navigation::NAMES),
    ("landing", &layout::landing::NAMES),
    ("tracked", &layout::tracked::NAMES),
    ("order", &layout::order::NAMES),
    ("dropped", &layout::dropped::NAMES),
    ("answered", &layout::answered::NAMES),
    ("outcome", &layout::outcome::NAMES),
    ("recovered", &layout::recovered::NAMES),
];

/// Writes the file, if it is not what it should be already.
pub(crate) fn write() -> Result<()> {
    let path = root().join(PATH);
    let text = text()?;
    if fs::read_to_string(&path).is_ok_and(|known| known == text) {
        return Ok(());
    }
    fs::write(&path, text).with_context(|| format!("could not write {PATH}"))
}

/// Fails if the file is not what it should be.
pub(crate) fn check() -> Result<()> {
    if fs::read_to_string(root().join(PATH))? != text()? {
        bail!("{PATH} is not what the core's layout.rs says: run cargo x build, and commit it");
    }
    Ok(())
}

fn text() -> Result<String> {
    let mut out = String::from("// Made by `cargo x build` of the core's layout.rs. Do not edit.\n\n");
    // Constants of their own, which the bundler writes as plain numbers wherever they are used.
    for (list, names) in LISTS {
        for (index, name) in names.iter().enumerate() {
            writeln!(out, "export const {}_{name} = {index};", list.to_uppercase())?;
        }
    }
    writeln!(out)?;
    writeln!(out, "export const ANSWER_MS_MAX = {ANSWER_MS_MAX};")?;
    writeln!(out, "export const NAME_BYTES_MAX = {NAME_BYTES_MAX};")?;
    writeln!(out, "export const PROPS_BYTES_MAX = {PROPS_BYTES_MAX};")?;
    writeln!(out, "export const TITLE_UNITS_MAX = {TITLE_UNITS_MAX};")?;
    writeln!(out, "export const URL_UNITS_MAX = {URL_UNITS_MAX};")?;
    writeln!(out, "export const GATEWAYS =\n  '{}';", GATEWAYS.join(" "))?;
    Ok(out)
}
