//! Every test, in the order in which they fail fastest.

use crate::shell::{cargo, root, run, say};
use crate::{constants, demo, module, package, size, tools};
use anyhow::{Result, anyhow, bail};
use std::fs;
use std::process::Command;
use std::thread;

/// How many mistakes a run makes, of those that there are.
const MISTAKES: usize = 8;
const ALL_BUT_US: [&str; 3] = ["--workspace", "--exclude", "xtask"];
/// Tests in Rust that run at once: most of them wait.
const TESTS_AT_ONCE: &str = "6";

pub(crate) fn all() -> Result<()> {
    // What only the network makes wait, beside what only the processor does.
    let fetching = thread::spawn(fetch_for_browsers);
    say("checking format, lints and docs");
    // What takes seconds comes first.
    javascript()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    tools::wasm_target()?;
    run(cargo().args([
        "clippy",
        "--quiet",
        "--package",
        "shopbell",
        "--features",
        "module",
        "--target",
        "wasm32-unknown-unknown",
        "--",
        "-D",
        "warnings",
    ]))?;
    let mut doc = cargo();
    doc.args(["doc", "--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
    run(&mut doc)?;
    say("building the tests of the core, the collector and the simulator");
    // With the programs, which would be built anew by themselves: tests ask more of some libraries.
    run(cargo().args(["build", "--quiet", "--bins", "--tests"]).args(ALL_BUT_US))?;
    // The collector's tests wait for clocks and networks most of the time.
    let working = thread::spawn(scripts_and_mutations);
    say("testing the core, the collector and the simulator");
    run(cargo().args(["test", "--quiet"]).args(ALL_BUT_US).env("RUST_TEST_THREADS", TESTS_AT_ONCE))?;
    working.join().map_err(|_| anyhow!("building the scripts panicked"))??;
    fetching.join().map_err(|_| anyhow!("fetching browsers panicked"))??;
    suites(None)
}

/// What keeps the processor busy: the scripts of all formats, their sizes, and the simulator's search for mistakes.
fn scripts_and_mutations() -> Result<()> {
    size::guard()?;
    module::front_end()?;
    mutations(Some(MISTAKES))
}

/// What the browsers' tests need and builds do not.
fn fetch_for_browsers() -> Result<()> {
    tools::browsers()?;
    tools::npm_packages("tests/browsers")
}

/// Makes mistakes in the core, so many or all, each of which the simulator must find.
pub(crate) fn mutations(sample: Option<usize>) -> Result<()> {
    say("making mistakes in the core, each of which the simulator must find");
    let mut test = cargo();
    test.args(["test", "--package", "shopbell-sim", "--test", "mutations", "--", "--ignored", "--nocapture"]);
    if let Some(sample) = sample {
        test.env("SAMPLE", sample.to_string());
    }
    run(&mut test)
}

/// Format, lints and types of the JavaScript, and its copy of the core's constants.
fn javascript() -> Result<()> {
    constants::check()?;
    tools::npm_packages("www")?;
    let modules = root().join("www/node_modules");
    let mut biome = Command::new("node");
    biome.arg(modules.join("@biomejs/biome/bin/biome")).args(["check", "--error-on-warnings", "--config-path=."]);
    biome.args(["tracker", "../src/browser/page", "shop", "report", "../tests/browsers", "../tests/peers"]);
    run(biome.current_dir(root().join("www")))?;
    let mut tsc = Command::new("node");
    tsc.arg(modules.join("typescript/bin/tsc")).args(["--project", "tracker/tsconfig.json"]);
    run(tsc.current_dir(root().join("www")))
}

/// Feeds the decoders. It needs a nightly compiler and cargo-fuzz, which it fetches.
pub(crate) fn fuzz(seconds: u64) -> Result<()> {
    tools::cargo_fuzz()?;
    for target in ["batch", "record"] {
        say(&format!("feeding {target} for {seconds} s"));
        let folder = root().join("tests/fuzz/corpus").join(target);
        fs::create_dir_all(&folder)?;
        if target == "batch" {
            fs::copy(root().join("tests/formats/native.json"), folder.join("native.json"))?;
        }
        let mut fuzz = Command::new("cargo");
        fuzz.args(["+nightly", "fuzz", "run", "--fuzz-dir", "tests/fuzz", target, "--"]);
        fuzz.arg(format!("-max_total_time={seconds}")).args(["-max_len=16384", "-print_final_stats=1"]);
        run(fuzz.current_dir(root()))?;
    }
    Ok(())
}

/// Runs the suite that is named, whole.
pub(crate) fn browsers(only: &str) -> Result<()> {
    if only == "formats" {
        package::formats()?;
    } else {
        package::all()?;
    }
    tools::npm_packages("tests/browsers")?;
    demo::build_collector()?;
    module::front_end()?;
    suites(Some(only))
}

/// Runs all suites, the long ones in part; or the one that is named.
fn suites(only: Option<&str>) -> Result<()> {
    let browsers = tools::browsers()?;
    say("testing the package and the shop in browsers");
    let mut suites = Vec::new();
    for entry in fs::read_dir(root().join("tests/browsers"))? {
        let path = entry?.path();
        let Some(suite) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".test.js")) else { continue };
        if only.is_none_or(|only| only == suite) {
            suites.push(path);
        }
    }
    if suites.is_empty() {
        bail!("there is no suite {:?} in tests/browsers; accepted are names such as faults", only.unwrap_or_default());
    }
    suites.sort();
    let table = root().join("target/engines.md");
    let mut node = Command::new("node");
    // Two at a time: many of their tests wait.
    node.args(["--test", "--test-concurrency=2", "--test-reporter=spec", "--test-reporter-destination=stdout"]);
    node.arg(format!("--test-reporter={}", root().join("tests/browsers/engines/table.js").display()));
    node.arg(format!("--test-reporter-destination={}", table.display())).args(suites).envs(browsers);
    if only.is_none() {
        node.env("SAMPLE", "1");
    }
    run(&mut node)?;
    if only.is_none() { note_engines(&fs::read_to_string(table)?) } else { Ok(()) }
}

/// Writes the README's table of engines as the tests have just found it.
fn note_engines(rows: &str) -> Result<()> {
    const HEAD: &str = "| engine | version | tests run | passed |\n| --- | --- | ---: | ---: |\n";
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path)?;
    let Some((before, table)) = readme.split_once(HEAD) else { bail!("README.md has no table of engines") };
    let after = table.split_inclusive('\n').skip_while(|line| line.starts_with('|'));
    Ok(fs::write(path, format!("{before}{HEAD}{rows}{}", after.collect::<String>()))?)
}
