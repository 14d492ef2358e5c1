//! The tracker's package: Rust to wasm, wasm to glue, both to scripts. And the report page's script.

use crate::shell::{cargo, root, run, say};
use crate::{compress, constants, optimise, stale, tools};
use anyhow::{Context, Result, bail};
use base64::Engine;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use wasm_bindgen_cli_support::{Bindgen, EncodeInto};

/// Everything that a page loads.
pub(crate) fn all() -> Result<()> {
    tools::wasm_target()?;
    tools::npm_packages("www")?;
    constants::write()?;
    let inputs = [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "src/core",
        "src/browser",
        "src/xtask",
        "www/package-lock.json",
        "www/tracker",
    ];
    let tracker = stale::unless_fresh("tracker", &inputs, &dist("tracker"), tracker)?;
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

/// Where the steps hand each other their files.
fn module_folder() -> PathBuf {
    root().join("target/x/module")
}

fn tracker() -> Result<()> {
    let compiled = compile()?;
    let module = module_folder();
    let _ = fs::remove_dir_all(&module);
    fs::create_dir_all(&module)?;
    say("generating the glue with wasm-bindgen");
    let mut output = Bindgen::new()
        .input_path(compiled)
        .bundler(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_producers_section(true)
        .encode_into(EncodeInto::Always)
        .generate_output()?;
    optimise::drop_described_closures(output.wasm_mut());
    optimise::drop_unused_exports(output.wasm_mut());
    output.emit(&module)?;
    say("optimising the module with wasm-opt");
    let names = optimise::optimise(&module.join("shopbell_bg.wasm"))?;
    optimise::rename(&module, &names)?;
    say("bundling www/tracker/dist with esbuild");
    let wasm = fs::read(module.join("shopbell_bg.wasm"))?;
    fs::write(module.join("encoded.js"), format!("export default '{}';\n", encoded(&wasm)?))?;
    let inside = format!("export const text = '{PLACEHOLDER}', mask = {MASK_PLACEHOLDER};\n");
    fs::write(module.join("inside.js"), inside)?;
    let dist = dist("tracker");
    let _ = fs::remove_dir_all(&dist);
    fs::create_dir_all(&dist)?;
    for (entry, name) in [("script.js", "shopbell.js"), ("script.core.js", "shopbell.core.js")] {
        bundle(entry, Style::Script, &dist.join(name))?;
        put_inside(&dist.join(name), &wasm)?;
    }
    let split = dist.join("shopbell.split.js");
    bundle("script.split.js", Style::Script, &split)?;
    fs::write(&split, format!("{COMPILE_HINT}{}", fs::read_to_string(&split)?))?;
    bundle("index.js", Style::Module, &dist.join("index.js"))?;
    bundle("all-parts.js", Style::Module, &dist.join("parts.js"))?;
    bundle("stub.js", Style::Inline, &dist.join("stub.js"))?;
    place_stub(&fs::read_to_string(dist.join("stub.js"))?)?;
    fs::write(dist.join("shopbell.wasm"), wasm)?;
    for types in ["index.d.ts", "parts.d.ts"] {
        fs::copy(root().join("www/tracker/src").join(types), dist.join(types))?;
    }
    let manifest = fs::read_to_string(root().join("www/tracker/src/package.json"))?;
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    fs::write(dist.join("package.json"), manifest.replace("\"version\": \"0.0.0\"", &version))?;
    Ok(())
}

/// Compiles the module lean: the standard library with it, so that a panic is a bare trap and all that formats panic
/// messages goes; and for a target that differs from `wasm32-unknown-unknown` in its ABI alone, where functions return
/// two values as such and not through memory. That needs the library's source and unstable flags;
/// `SHOPBELL_STOCK=1` (or a toolchain that cannot fetch the source) builds without, a quarter larger and otherwise the
/// same.
fn compile() -> Result<PathBuf> {
    let is_stock = env::var_os("SHOPBELL_STOCK").is_some() || !tools::std_source()?;
    let mut build = cargo();
    build.args(["build", "--package", "shopbell", "--features", "module", "--profile", "size"]);
    if is_stock {
        say("compiling the browser crate in the size profile");
        run(build.args(["--target", "wasm32-unknown-unknown"]))?;
        return Ok(root().join("target/wasm32-unknown-unknown/size/shopbell.wasm"));
    }
    say("compiling the browser crate in the size profile, with its standard library");
    build.arg("--target").arg(root().join("src/xtask/wasm32-lean.json"));
    build.args(["--target-dir", "target/x/lean", "-Zjson-target-spec", "-Zbuild-std=std,panic_abort"]);
    build.env("RUSTC_BOOTSTRAP", "1");
    build.env("RUSTFLAGS", "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none");
    run(&mut build)?;
    Ok(root().join("target/x/lean/wasm32-lean/size/shopbell.wasm"))
}

/// The module as text that any tool takes: base64 of its deflate stream.
fn encoded(wasm: &[u8]) -> Result<String> {
    let mut deflated = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Deflate, wasm, &mut deflated)?;
    Ok(base64::engine::general_purpose::STANDARD.encode(deflated))
}

/// What stands for the module in the self-contained script until the script is bundled, and how the bundler quotes it.
const PLACEHOLDER: &str = "SHOPBELL_MODULE";
const QUOTED: &str = "\"SHOPBELL_MODULE\"";
/// What stands for the mask until then.
const MASK_PLACEHOLDER: &str = "987654321";
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
    let mut sized = Vec::new();
    for mask in MASKS {
        let filled = bundled.replace(MASK_PLACEHOLDER, &mask.to_string()).replace(QUOTED, &masked(wasm, mask));
        let filled = format!("\u{feff}{COMPILE_HINT}{filled}");
        sized.push((compress::brotli(filled.as_bytes())?, filled));
    }
    let (_, smallest) = sized.into_iter().min().context("there is no mask")?;
    fs::write(script, smallest)?;
    Ok(())
}

/// The module as a template literal, in which fewer characters need an escape than in a string.
fn masked(wasm: &[u8], mask: u8) -> String {
    let mut text = "`".to_owned();
    for byte in wasm {
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

fn bundle(entry: &str, style: Style, output: &Path) -> Result<()> {
    let module = module_folder();
    let alias = |name: &str, file: &Path| format!("--alias:shopbell-{name}={}", file.display());
    let format = if style == Style::Module { "esm" } else { "iife" };
    let mut options = vec![
        format!("--format={format}"),
        "--target=es2022".to_owned(),
        alias("glue", &module.join("shopbell_bg.js")),
        alias("page", &rooms()?),
        alias("imports", &module.join("imports.js")),
        alias("encoded", &module.join("encoded.js")),
        alias("inside", &module.join("inside.js")),
    ];
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

/// A front-end in Rust, as modules for a browser.
pub(crate) fn front_end() -> Result<()> {
    say("building the front-end in Rust");
    let wasm32 = ["build", "--quiet", "--package", "shopbell-front-end", "--target", "wasm32-unknown-unknown"];
    run(cargo().args(wasm32))?;
    let compiled = root().join("target/wasm32-unknown-unknown/debug/shopbell_front_end.wasm");
    Bindgen::new()
        .input_path(compiled)
        .web(true)?
        .omit_default_module_path(false)
        .generate(root().join("target/x/front-end"))
}

/// The copies of `src/browser/page` that the glue imports; the scripts must have the same.
fn rooms() -> Result<PathBuf> {
    let snippets = fs::read_dir(module_folder().join("snippets"))?;
    let folder = snippets.flatten().next().context("wasm-bindgen wrote no snippets")?.path().join("page");
    for room in fs::read_dir(root().join("src/browser/page"))?.flatten() {
        fs::copy(room.path(), folder.join(room.file_name()))?;
    }
    Ok(folder)
}

fn report() -> Result<()> {
    say("bundling www/report/dist with esbuild");
    let options = ["--format=esm".to_owned(), "--target=es2022".to_owned(), "--minify".to_owned()];
    esbuild(&root().join("www/report/report.js"), &dist("report").join("report.js"), &options)
}

fn esbuild(entry: &Path, output: &Path, options: &[String]) -> Result<()> {
    let mut esbuild = Command::new("node");
    esbuild.arg(root().join("www/node_modules/esbuild/bin/esbuild")).arg(entry);
    esbuild.args(["--bundle", "--charset=utf8", "--legal-comments=none", "--log-level=warning"]);
    run(esbuild.args(options).arg(format!("--outfile={}", output.display())))
}
