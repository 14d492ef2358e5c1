//! The tracker's package: modules to scripts. And the report page's script.

use crate::module::{self, MASK_PLACEHOLDER, Module, alias};
use crate::shell::{root, run, say};
use crate::{compress, constants, stale, streams, tools};
use anyhow::{Context, Result, anyhow, bail};
use shopbell_core::formats::{self, Format, native};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

/// What the tracker is built of.
const TRACKER: [&str; 8] = [
    "Cargo.toml",
    "Cargo.lock",
    "rust-toolchain.toml",
    "src/core",
    "src/browser",
    "src/xtask",
    "www/package-lock.json",
    "www/tracker",
];

/// Everything that a page loads.
pub(crate) fn all() -> Result<()> {
    tools::wasm_target()?;
    tools::npm_packages("www")?;
    constants::write()?;
    let tracker = stale::unless_fresh("tracker", &TRACKER, &dist("tracker"), tracker)?;
    for text in ["LICENSE-MIT", "LICENSE-APACHE", "README.md"] {
        fs::copy(root().join(text), dist("tracker").join(text)).with_context(|| format!("could not copy {text}"))?;
    }
    let inputs = ["src/xtask", "www/package-lock.json", "www/report"];
    let report = stale::unless_fresh("report", &inputs, &dist("report"), report)?;
    if !tracker && !report {
        say("www/tracker/dist and www/report/dist are up to date");
    }
    Ok(())
}

/// The folder that a part of `www` is built into.
pub(crate) fn dist(part: &str) -> PathBuf {
    root().join("www").join(part).join("dist")
}

fn tracker() -> Result<()> {
    let module = module::build(&native::FORMAT)?;
    say("bundling www/tracker/dist with esbuild");
    let dist = dist("tracker");
    let _ = fs::remove_dir_all(&dist);
    fs::create_dir_all(&dist)?;
    for (entry, name) in [("script.js", "shopbell.js"), ("script.core.js", "shopbell.core.js")] {
        bundle(&module, entry, Style::Script, &dist.join(name))?;
        put_inside(&dist.join(name), &module.wasm)?;
    }
    let split = dist.join("shopbell.split.js");
    bundle(&module, "script.split.js", Style::Script, &split)?;
    fs::write(&split, format!("{COMPILE_HINT}{}", fs::read_to_string(&split)?))?;
    bundle(&module, "index.js", Style::Module, &dist.join("index.js"))?;
    bundle(&module, "all-parts.js", Style::Module, &dist.join("parts.js"))?;
    bundle(&module, "stub.js", Style::Inline, &dist.join("stub.js"))?;
    place_stub(&fs::read_to_string(dist.join("stub.js"))?)?;
    fs::write(dist.join("shopbell.wasm"), &module.wasm)?;
    for types in ["index.d.ts", "parts.d.ts"] {
        fs::copy(root().join("www/tracker/src").join(types), dist.join(types))?;
    }
    let manifest = fs::read_to_string(root().join("www/tracker/src/package.json"))?;
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(dist.join("package.json"), manifest.replace("\"version\": \"0.0.0\"", &version))?;
    Ok(())
}

/// Scripts and modules of all other formats, two at a time: most of the work is one thread's.
pub(crate) fn formats() -> Result<()> {
    all()?;
    let last = dist("tracker").join("stub.formats.js");
    stale::unless_fresh("formats", &TRACKER, &last, || {
        let others = formats::ALL.iter().filter(|format| format.name != native::FORMAT.name);
        let waiting = Mutex::new(others);
        let work = || {
            loop {
                let next = waiting.lock().map_err(|_| anyhow!("the other half failed"))?.next();
                let Some(format) = next else { return Ok(()) };
                of_format(format)?;
            }
        };
        thread::scope(|scope| {
            let other = scope.spawn(work);
            let own: Result<()> = work();
            own.and(other.join().map_err(|_| anyhow!("a build panicked"))?)
        })?;
        list_formats()
    })?;
    Ok(())
}

fn of_format(format: &Format) -> Result<()> {
    let module = module::build(format)?;
    let script = dist("tracker").join(format!("shopbell.{}.js", format.name));
    bundle(&module, "script.js", Style::Script, &script)?;
    put_inside(&script, &module.wasm)?;
    bundle(&module, "index.js", Style::Module, &dist("tracker").join(format!("{}.js", format.name)))?;
    // The same for all of them.
    if format.name == formats::ALL[0].name {
        bundle(&module, "stub.js", Style::Inline, &dist("tracker").join("stub.formats.js"))?;
    }
    Ok(())
}

/// Names the formats' modules in the package's manifest.
fn list_formats() -> Result<()> {
    let path = dist("tracker").join("package.json");
    let of_format = |Format { name, .. }: &Format| {
        format!(
            "    \"./{name}\": {{ \"types\": \"./index.d.ts\", \"default\": \"./{name}.js\" }},\n    \"./shopbell.{name}.js\": \"./shopbell.{name}.js\",\n"
        )
    };
    let mut exports: String =
        formats::ALL.iter().filter(|format| format.name != native::FORMAT.name).map(of_format).collect();
    exports += "    \"./stub.formats.js\": \"./stub.formats.js\",\n";
    let (before, after) = ("    \"./stub.js\"", fs::read_to_string(&path)?);
    Ok(fs::write(path, after.replace(before, &format!("{exports}{before}")))?)
}

/// How the bundler quotes what stands for the module.
const QUOTED: &str = "\"SHOPBELL_MODULE\"";
/// The bytes of the module are masked (xor) with one of these, so that few bytes need an escape or two bytes of UTF-8:
/// which of them compresses best differs from one module to the next.
const MASKS: [u8; 16] = [32, 33, 40, 42, 43, 45, 58, 60, 61, 63, 75, 77, 105, 109, 113, 118];

/// Nearly every function is called as the script starts: Chromium compiles them all at once, beside the main thread, which
/// takes a fifth from what the start costs it (<https://v8.dev/blog/explicit-compile-hints>).
const COMPILE_HINT: &str = "//# allFunctionsCalledOnLoad\n";

/// Puts the module into the self-contained script: a character for each byte, so that the wire's brotli sees the
/// module itself. That costs 1 % over a module of its own, base64 of its deflate stream 8 %. A byte order mark says
/// that the script is UTF-8, whatever the page and the server say (HTML Standard, "fetch a classic script": it comes
/// first).
fn put_inside(script: &Path, wasm: &[u8]) -> Result<()> {
    let bundled = fs::read_to_string(script)?;
    if !bundled.contains(QUOTED) || !bundled.contains(MASK_PLACEHOLDER) {
        bail!("esbuild left no place for the module in {}", script.display());
    }
    let (_, streams) = streams::split(wasm)?;
    let mut sized = Vec::new();
    for mask in MASKS {
        let filled = bundled.replace(MASK_PLACEHOLDER, &mask.to_string()).replace(QUOTED, &masked(&streams, mask));
        let filled = format!("\u{feff}{COMPILE_HINT}{filled}");
        sized.push((compress::brotli(filled.as_bytes())?, filled));
    }
    let (_, smallest) = sized.into_iter().min().context("there is no mask")?;
    fs::write(script, smallest)?;
    Ok(())
}

/// The module as a template literal, in which fewer characters need an escape than in a string.
fn masked(bytes: &[u8], mask: u8) -> String {
    let mut text = "`".to_owned();
    for byte in bytes {
        match byte ^ mask {
            // A digit behind it would be read as a part of it, and a brace behind a dollar begins an expression.
            0 => text.push_str("\\0"),
            digit @ b'0'..=b'9' if text.ends_with("\\0") => text.extend(['\\', 'x', '3', char::from(digit)]),
            b'{' if text.ends_with('$') => text.push_str("\\{"),
            b'\r' => text.push_str("\\r"),
            quoted @ (b'`' | b'\\') => text.extend(['\\', char::from(quoted)]),
            plain => text.push(char::from(plain)),
        }
    }
    text.push('`');
    text
}

/// What esbuild and terser may do to a script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// A classic script.
    Script,
    /// A module.
    Module,
    /// A script that stands in other people's pages, which may be XHTML: without ampersands and "less than".
    Inline,
}

fn bundle(module: &Module, entry: &str, style: Style, output: &Path) -> Result<()> {
    let format = if style == Style::Module { "esm" } else { "iife" };
    let mut options = vec![
        format!("--format={format}"),
        "--target=es2022".to_owned(),
        alias("glue", &module.file("shopbell_bg.js")),
        alias("page", &module.rooms()?),
        alias("imports", &module.file("imports.js")),
        alias("encoded", &module.file("encoded.js")),
        alias("inside", &module.file("inside.js")),
    ];
    if !module.is_native() {
        options.push("--drop-labels=NATIVE".to_owned());
    }
    // Shorter syntax is written with `&&`.
    options.push(if style == Style::Inline { "--minify-identifiers" } else { "--minify" }.to_owned());
    esbuild(&root().join("www/tracker/src").join(entry), output, &options)?;
    // What esbuild leaves, terser makes a sixteenth smaller.
    let mut terser = Command::new("node");
    terser.arg(root().join("www/node_modules/terser/bin/terser")).arg(output).arg("--output").arg(output);
    let plain = if style == Style::Inline { ",conditionals=false,if_return=false,comparisons=false" } else { "" };
    let compress = format!("passes=3,pure_getters,toplevel,unsafe_arrows,inline=1{plain}");
    terser.args(["--ecma", "2022", "--compress", &compress, "--mangle", "toplevel"]);
    run(if style == Style::Module { terser.arg("--module") } else { &mut terser })?;
    let bundled = fs::read_to_string(output)?;
    if let Some(found) = bundled.find(['&', '<']).filter(|_| style == Style::Inline) {
        let around: String = bundled.chars().skip(found.saturating_sub(30)).take(60).collect();
        bail!("{} cannot stand in XHTML: …{around}…", output.display());
    }
    Ok(())
}

/// Puts the inline stub where people copy it from, and into the shop: a line of its own.
fn place_stub(stub: &str) -> Result<()> {
    for file in ["README.md", "www/shop/index.html"] {
        let path = root().join(file);
        let text = fs::read_to_string(&path)?;
        let is_stub = |line: &&str| line.starts_with("<script>(") && line.contains("shopbell");
        let before = text.lines().find(is_stub).with_context(|| format!("{file} has no line with the inline stub"))?;
        let placed = text.replace(before, &format!("<script>{}</script>", stub.trim()));
        if placed != text {
            fs::write(path, placed)?;
        }
    }
    Ok(())
}

fn report() -> Result<()> {
    say("bundling www/report/dist with esbuild");
    let options = [
        "--format=esm".to_owned(),
        "--target=es2022".to_owned(),
        "--minify".to_owned(),
        "--jsx=automatic".to_owned(),
        "--jsx-import-source=preact".to_owned(),
    ];
    esbuild(&root().join("www/report/report.jsx"), &dist("report").join("report.js"), &options)
}

fn esbuild(entry: &Path, output: &Path, options: &[String]) -> Result<()> {
    let mut esbuild = Command::new("node");
    esbuild.arg(root().join("www/node_modules/esbuild/bin/esbuild")).arg(entry);
    esbuild.args(["--bundle", "--charset=utf8", "--legal-comments=none", "--log-level=warning"]);
    run(esbuild.args(options).arg(format!("--outfile={}", output.display())))
}
