//! What makes the module smaller after it is compiled.

use crate::shell::root;
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;
use walrus::{ElementItems, Module};

/// Drops the closure shims that wasm-bindgen leaves behind.
///
/// To describe an import that takes a closure, wasm-bindgen compiles a function that calls it, and finds it by its
/// place in the function table. js-sys has some fifty such imports. The descriptions are gone once the glue is made,
/// and so are the imports that nobody uses, but the table still holds the functions, and with them their code.
/// Nothing calls them by their place: JavaScript calls closures through exports. What they would say is in the data.
pub(crate) fn drop_described_closures(module: &mut Module) {
    let is_shim = |name: &str| {
        // The tasks of `js_sys::futures` are there the same way, and no future is spawned here.
        name.contains("convert::closures") && name.contains("invoke") || name.contains("futures::jspi")
    };
    let shims: HashSet<_> = module
        .funcs
        .iter()
        .filter(|function| function.name.as_deref().is_some_and(is_shim))
        .map(walrus::Function::id)
        .collect();
    for element in module.elements.iter_mut() {
        let ElementItems::Functions(functions) = &mut element.items else {
            continue;
        };
        // Places must stay what they are, so another function takes a shim's.
        if let Some(other) = functions.iter().copied().find(|function| !shims.contains(function)) {
            for function in functions.iter_mut().filter(|function| shims.contains(function)) {
                *function = other;
            }
        }
    }
    let said: Vec<_> =
        module.data.iter().filter_map(|data| Some((data.id(), place_of(SAID_BY_SHIMS, &data.value)?))).collect();
    for (data, place) in said {
        module.data.get_mut(data).value.splice(place..place + SAID_BY_SHIMS.len(), SAID_BY_SHIMS.iter().map(|_| 0));
    }
}

fn place_of(text: &[u8], data: &[u8]) -> Option<usize> {
    data.windows(text.len()).position(|window| window == text)
}

const SAID_BY_SHIMS: &[u8] = b"closure invoked recursively or after being dropped";

/// Drops the exports that JavaScript never asks for: those of the linker, those that only lend texts out or let them grow,
/// and the table of JavaScript values, which wasm-bindgen makes for every module: this one is told numbers and texts alone.
/// Whether a value is ever put into the table shows in the export that does so.
pub(crate) fn drop_unused_exports(module: &mut Module) {
    let mut unused =
        vec!["__data_end", "__heap_base", "__wbindgen_free", "__abort_handler", "__instance_terminated", REALLOC];
    if module.exports.iter().all(|export| export.name != "__externref_table_alloc") {
        unused.extend(["__wbindgen_start", "__wbindgen_externrefs"]);
    }
    for name in unused {
        let found = module.exports.iter().find(|export| export.name == name).map(walrus::Export::id);
        if let Some(id) = found {
            module.exports.delete(id);
        }
    }
}

/// Lets a text grow where it stands. The glue hands it on to code that it is better without.
const REALLOC: &str = "__wbindgen_realloc";

/// The short names that wasm-opt gave to what the module imports and exports.
#[derive(Deserialize)]
pub(crate) struct Names {
    /// Module, name there, short name.
    imports: Vec<[String; 3]>,
    /// Name, short name.
    exports: Vec<[String; 2]>,
}

/// Runs Binaryen's optimiser with what current browsers have: Chrome 96, Firefox 79, Safari 15.
pub(crate) fn optimise(wasm: &Path) -> Result<Names> {
    let features = [
        "--enable-bulk-memory",
        "--enable-mutable-globals",
        "--enable-nontrapping-float-to-int",
        "--enable-sign-ext",
        "--enable-reference-types",
        "--enable-multivalue",
    ];
    // Speed first, then flat and put together anew, then size: a twenty-fifth smaller than size alone.
    let passes = [
        "--always-inline-max-function-size=5",
        "--one-caller-inline-max-function-size=1000",
        "--traps-never-happen",
        "--low-memory-unused",
        "-O3",
        "--flatten",
        "--rereloop",
        "-Oz",
        "--converge",
        "--gufa-optimizing",
        "-Oz",
        "--converge",
        "--tuple-optimization",
        "-Oz",
        "--coalesce-locals-learning",
        "--reorder-locals",
        "--strip-debug",
        "--strip-producers",
        "--strip-target-features",
        "--minify-imports-and-exports-and-modules",
    ];
    let mut wasm_opt = Command::new("node");
    wasm_opt.arg(root().join("www/node_modules/binaryen/bin/wasm-opt"));
    wasm_opt.args(features).args(passes).arg(wasm).arg("-o").arg(wasm);
    let output = wasm_opt.output().context("could not start wasm-opt")?;
    if !output.status.success() {
        bail!("wasm-opt failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let mut said = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let names = said.next().context("wasm-opt said no short names")?;
    names.context("wasm-opt said the short names in a way that is not known")
}

/// Writes `imports.js`, the object that the module is instantiated with, and gives the glue the short names of what it
/// calls.
pub(crate) fn rename(folder: &Path, names: &Names) -> Result<()> {
    let mut imports = String::new();
    let mut members = String::new();
    for [module, name, short] in &names.imports {
        let from = match module.rsplit_once("/page/") {
            Some((_, room)) => format!("shopbell-page/{room}"),
            None => "shopbell-glue".to_owned(),
        };
        writeln!(imports, "import {{ {name} as import_{short} }} from '{from}';")?;
        write!(members, "{short}: import_{short}, ")?;
    }
    writeln!(imports, "export const imports = {{ a: {{ {members}}} }};")?;
    if names.exports.iter().any(|[name, _]| name == "__wbindgen_start") {
        bail!("the module has JavaScript values in it: {} must call what begins it", folder.display());
    }
    fs::write(folder.join("imports.js"), imports)?;
    let path = folder.join("shopbell_bg.js");
    let mut glue = fs::read_to_string(&path)?;
    // Longer names first: some begin with others.
    let mut exports: Vec<_> = names.exports.iter().collect();
    exports.sort_by_key(|[name, _]| std::cmp::Reverse(name.len()));
    for [name, short] in exports {
        glue = glue.replace(&format!("wasm.{name}"), &format!("wasm.{short} "));
    }
    fs::write(path, without_fallbacks(&glue)?)?;
    Ok(())
}

/// The glue without what it is better without: a faster way of writing long texts into the module, beside the plain
/// one that it has for modules which cannot grow a block; making a new decoder for Safari after 2 GiB of texts, and
/// trying the first one out; byte order marks, which no text of the module begins with; keeping a view of the memory, which
/// is quickly made. That is 1.2 % of the script. Another version of wasm-bindgen may write it otherwise: then this fails.
fn without_fallbacks(glue: &str) -> Result<String> {
    let mut lean = glue.to_owned();
    let realloc = format!(", wasm.{REALLOC}");
    for (what, instead) in [
        (&*realloc, ""),
        ("if (realloc === undefined) {", "{"),
        ("cachedTextDecoder.decode();\nconst", "const"),
        ("'utf-8', { ignoreBOM: true }", ""),
        (" >>> 0", ""),
        ("cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0", "true"),
    ] {
        if !lean.contains(what) {
            bail!("the glue has no {what:?} any more: see what wasm-bindgen writes now");
        }
        lean = lean.replace(what, instead);
    }
    for (begin, end, closing) in [
        ("    let len = arg.length;", "    return ptr;\n}", "}"),
        ("    numBytesDecoded += bytes.length;", "\n    }\n", ""),
        ("    if (cachedDataViewMemory0 === null", ") {\n", "    {\n"),
    ] {
        let cut = lean.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
        let (before, behind) = cut.with_context(|| format!("the glue has no {begin:?} any more"))?;
        lean = format!("{before}{closing}{behind}");
    }
    Ok(lean)
}
