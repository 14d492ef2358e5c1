//! What building and testing need beside cargo: fetched where that can be done, named in one sentence where not.

use crate::shell::{root, run, say};
use crate::stale;
use anyhow::{Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const WASM: &str = "wasm32-unknown-unknown";
/// The first with ECMAScript modules told by their syntax, in its long-term line.
const NODE_MIN: (u32, u32) = (20, 19);

/// The wasm target of the toolchain in use.
pub(crate) fn wasm_target() -> Result<()> {
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    if Path::new(sysroot.trim()).join("lib/rustlib").join(WASM).exists() {
        return Ok(());
    }
    say("fetching the wasm32 target through rustup");
    if run(Command::new("rustup").args(["target", "add", WASM])).is_err() {
        bail!("the Rust target {WASM} is missing and rustup could not fetch it: install it for this toolchain");
    }
    Ok(())
}

/// The source of the standard library; `false` where there is none and none can be fetched.
pub(crate) fn std_source() -> Result<bool> {
    let sysroot = output("rustc", &["--print", "sysroot"])?;
    if Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library").exists() {
        return Ok(true);
    }
    say("fetching the standard library's source through rustup");
    Ok(run(Command::new("rustup").args(["component", "add", "rust-src"])).is_ok())
}

/// A nightly compiler and cargo-fuzz.
pub(crate) fn cargo_fuzz() -> Result<()> {
    if !output("rustup", &["toolchain", "list"])?.contains("nightly") {
        say("fetching a nightly compiler through rustup");
        run(Command::new("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]))?;
    }
    if output("cargo", &["fuzz", "--version"])?.is_empty() {
        say("installing cargo-fuzz");
        run(Command::new("cargo").args(["+stable", "install", "cargo-fuzz", "--locked"]))?;
    }
    Ok(())
}

/// Node, and the npm packages of `folder` as its lock file pins them.
pub(crate) fn npm_packages(folder: &str) -> Result<()> {
    let version = output("node", &["--version"]).unwrap_or_default();
    let mut numbers = version.trim_start_matches('v').split('.').map_while(|number| number.parse().ok());
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) < NODE_MIN {
        bail!("Node.js {}.{} or newer is needed and was not found: install it with its npm", NODE_MIN.0, NODE_MIN.1);
    }
    let lock = format!("{folder}/package-lock.json");
    let installed = root().join(folder).join("node_modules");
    let name = folder.replace('/', "-");
    stale::unless_fresh(&name, &[&lock], &installed, || {
        say(&format!("installing the npm packages of {folder}"));
        let npm = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
        run(Command::new("npm").args(npm).current_dir(root().join(folder)))
    })?;
    Ok(())
}

/// The browsers of the tests, a database that takes events from them, and servers in front of a collector: where each is named, what it is called, and
/// Debian's packages that have it.
const BROWSERS: [(&str, &[&str], &[&str]); 6] = [
    (
        "CHROMIUM",
        &["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"],
        &["chromium", "fonts-liberation"],
    ),
    ("FIREFOX", &["firefox-esr", "firefox"], &["firefox-esr"]),
    ("WEBKIT_DRIVER", &["WebKitWebDriver"], &["webkit2gtk-driver", "xvfb"]),
    ("CLICKHOUSE", &["clickhouse-server"], &["clickhouse-server"]),
    ("NGINX", &["nginx"], &["nginx-light"]),
    ("CADDY", &["caddy"], &["caddy"]),
];

/// Where each browser is, by the name of the variable that may say so: one on the path, or Debian's package where we may
/// install it. Only Chromium must be there.
pub(crate) fn browsers() -> Result<Vec<(&'static str, PathBuf)>> {
    let missing: Vec<_> = BROWSERS.iter().filter(|(variable, names, _)| browser(variable, names).is_none()).collect();
    if !missing.is_empty() && Path::new("/usr/bin/apt-get").exists() && output("id", &["-u"])?.trim() == "0" {
        say("installing browsers, ClickHouse, nginx and Caddy from Debian's packages");
        let mut apt = Command::new("apt-get");
        run(apt.args(["update", "-qq"]).stdout(Stdio::null()))?;
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        apt.args(["install", "-y", "-qq", "--no-install-recommends"]);
        run(apt.args(missing.iter().flat_map(|(_, _, packages)| *packages)))?;
    }
    let mut found = Vec::new();
    for (variable, names, _) in BROWSERS {
        match browser(variable, names) {
            Some(path) => found.push((variable, path)),
            None if variable == "CHROMIUM" => {
                bail!("no Chromium was found for the browser tests: install one, or name it in CHROMIUM")
            }
            None => say(&format!("no {} was found: its tests are left out; {variable} may name one", names[0])),
        }
    }
    Ok(found)
}

fn browser(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(path) = env::var_os(variable) {
        return Some(path.into());
    }
    let path = env::var_os("PATH")?;
    // Debian's servers stand where only root looks.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let candidates = folders.flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

fn output(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).stderr(Stdio::null()).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
