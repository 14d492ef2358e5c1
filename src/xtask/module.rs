//! The module of a wire format: Rust to wasm, wasm to glue, both as small as they get.

use crate::shell::{cargo, root, run, say};
use crate::{constants, optimise, streams, tools};
use anyhow::{Context, Result};
use base64::Engine;
use shopbell_core::formats::{Format, native};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};
use wasm_bindgen_cli_support::{Bindgen, EncodeInto};

/// A module, in a folder with its glue and the rooms that this imports.
pub(crate) struct Module {
    pub(crate) folder: PathBuf,
    pub(crate) wasm: Vec<u8>,
}

/// What stands for the module in the self-contained script until the script is bundled, and for its mask.
pub(crate) const PLACEHOLDER: &str = "SHOPBELL_MODULE";
/// See [`PLACEHOLDER`].
pub(crate) const MASK_PLACEHOLDER: &str = "987654321";

/// One compiles at a time: all formats' modules come out under the same name.
static COMPILER: Mutex<()> = Mutex::new(());

pub(crate) fn build(format: &Format) -> Result<Module> {
    let folder = root().join("target/x/module").join(format.name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let compiled = folder.join("compiled.wasm");
    {
        let _one = COMPILER.lock().unwrap_or_else(PoisonError::into_inner);
        fs::copy(compile(format)?, &compiled)?;
    }
    let mut output = Bindgen::new()
        .input_path(compiled)
        .bundler(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_producers_section(true)
        .encode_into(EncodeInto::Always)
        .out_name("shopbell")
        .generate_output()?;
    optimise::drop_described_closures(output.wasm_mut());
    optimise::drop_unused_exports(output.wasm_mut());
    output.emit(&folder)?;
    say(&format!("optimising the {} module with wasm-opt", format.name));
    let names = optimise::optimise(&folder.join("shopbell_bg.wasm"))?;
    optimise::rename(&folder, &names)?;
    let wasm = fs::read(folder.join("shopbell_bg.wasm"))?;
    fs::write(folder.join("encoded.js"), format!("export default '{}';\n", encoded(&wasm)?))?;
    let kinds =
        format!("kinds = '{}', memory = {}, asItStands = {}", streams::KINDS, streams::MEMORY, streams::AS_IT_STANDS);
    let (lengths, _) = streams::split(&wasm)?;
    let inside =
        format!("export const text = '{PLACEHOLDER}', mask = {MASK_PLACEHOLDER}, lengths = {lengths:?}, {kinds};\n");
    fs::write(folder.join("inside.js"), inside)?;
    let module = Module { folder, wasm };
    let rooms = module.rooms()?;
    for room in fs::read_dir(root().join("src/browser/page"))?.flatten() {
        fs::copy(room.path(), rooms.join(room.file_name()))?;
    }
    fs::write(rooms.join("format.js"), constants::of_format(format)?)?;
    Ok(module)
}

impl Module {
    /// The copies of `src/browser/page` that the glue imports; the scripts must have the same.
    pub(crate) fn rooms(&self) -> Result<PathBuf> {
        let snippets = fs::read_dir(self.folder.join("snippets"))?;
        Ok(snippets.flatten().next().context("wasm-bindgen wrote no snippets")?.path().join("page"))
    }

    pub(crate) fn is_native(&self) -> bool {
        self.folder.ends_with(native::FORMAT.name)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Compiles the module lean: the standard library with it, so that a panic is a bare trap and all that formats panic
/// messages goes; and for a target that differs from `wasm32-unknown-unknown` in its ABI alone, where functions return
/// two values as such and not through memory. That needs the library's source and unstable flags;
/// `SHOPBELL_STOCK=1` (or a toolchain that cannot fetch the source) builds without, a quarter larger and otherwise the
/// same.
fn compile(format: &Format) -> Result<PathBuf> {
    let is_stock = env::var_os("SHOPBELL_STOCK").is_some() || !tools::std_source()?;
    let mut build = cargo();
    build.args(["build", "--package", "shopbell", "--features", "module", "--profile", "size"]);
    build.env("SHOPBELL_FORMAT", format.name);
    if is_stock {
        say(&format!("compiling the browser crate in the size profile for {}", format.name));
        run(build.args(["--target", "wasm32-unknown-unknown"]))?;
        return Ok(root().join("target/wasm32-unknown-unknown/size/shopbell.wasm"));
    }
    say(&format!("compiling the browser crate in the size profile for {}, with its standard library", format.name));
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

/// Where a room's copy stands.
pub(crate) fn alias(name: &str, file: &Path) -> String {
    format!("--alias:shopbell-{name}={}", file.display())
}
