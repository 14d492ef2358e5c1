//! The constants that Rust and JavaScript share, written for JavaScript from the core's own: where lines stand, and what the page
//! knows of a wire format.

use crate::shell::root;
use anyhow::{Context, Result, bail};
use shopbell_core::attribution::GATEWAYS;
use shopbell_core::event::{NAME_BYTES_MAX, PROPS_BYTES_MAX, TITLE_UNITS_MAX, URL_UNITS_MAX};
use shopbell_core::formats::{ANSWER_CHARS_MAX, Format, native};
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

/// The same of the wire format; what stands there is the default one's.
const FORMAT_PATH: &str = "src/browser/page/format.js";

/// Writes the files, if they are not what they should be already.
pub(crate) fn write() -> Result<()> {
    for (path, text) in files()? {
        if !fs::read_to_string(root().join(path)).is_ok_and(|known| known == text) {
            fs::write(root().join(path), text).with_context(|| format!("could not write {path}"))?;
        }
    }
    Ok(())
}

/// Fails if a file is not what it should be.
pub(crate) fn check() -> Result<()> {
    for (path, text) in files()? {
        if fs::read_to_string(root().join(path))? != text {
            bail!("{path} is not what the core says: run cargo x build, and commit it");
        }
    }
    Ok(())
}

fn files() -> Result<[(&'static str, String); 2]> {
    Ok([(PATH, text()?), (FORMAT_PATH, of_format(&native::FORMAT)?)])
}

/// What the page knows of a format, which it knows no name of.
pub(crate) fn of_format(format: &Format) -> Result<String> {
    let is_native = format.name == native::FORMAT.name;
    let media_type = if format.content_type == native::FORMAT.content_type { "" } else { format.content_type };
    let mut out = String::from("// Made by `cargo x build` of the core's formats. Do not edit.\n");
    for (doc, name, value) in [
        ("What stands behind the collector's URL.", "PATH", format.path),
        ("The body's media type, where it is not plain text.", "MEDIA_TYPE", media_type),
        ("Another header than Retry-After that says the same.", "RESET_HEADER", format.reset_header),
    ] {
        write!(out, "\n/** {doc} @type {{string}} */\nexport const {name} = '{value}';\n")?;
    }
    for (doc, name, is_so) in [
        ("Whether the site is the user of basic authentication.", "IS_BASIC", format.is_basic),
        ("Whether answers mean more than their status.", "READS_ANSWERS", format.reads_answers()),
        ("Whether a collector may say that it takes gzip.", "TAKES_GZIP", is_native),
    ] {
        write!(out, "\n/** {doc} @type {{boolean}} */\nexport const {name} = {is_so};\n")?;
    }
    Ok(out)
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
    writeln!(out, "export const ANSWERED_LINES = {};", layout::answered::LINES)?;
    writeln!(out, "export const ANSWER_CHARS_MAX = {ANSWER_CHARS_MAX};")?;
    writeln!(out, "export const ANSWER_MS_MAX = {ANSWER_MS_MAX};")?;
    writeln!(out, "export const NAME_BYTES_MAX = {NAME_BYTES_MAX};")?;
    writeln!(out, "export const PROPS_BYTES_MAX = {PROPS_BYTES_MAX};")?;
    writeln!(out, "export const TITLE_UNITS_MAX = {TITLE_UNITS_MAX};")?;
    writeln!(out, "export const URL_UNITS_MAX = {URL_UNITS_MAX};")?;
    writeln!(out, "export const GATEWAYS =\n  '{}';", GATEWAYS.join(" "))?;
    Ok(out)
}
