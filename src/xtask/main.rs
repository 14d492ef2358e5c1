//! `cargo x …`: everything a developer runs, with nothing to install by hand.

mod bench;
mod compress;
mod constants;
mod demo;
mod module;
mod optimise;
mod package;
mod release;
mod screenshots;
mod shell;
mod size;
mod stale;
mod streams;
mod test;
mod tools;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Build, measure, show and test Shopbell.
#[derive(Parser)]
#[command(name = "cargo x", bin_name = "cargo x")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds www/tracker/dist, a folder that `npm pack` takes, and the report page.
    Build {
        /// With the scripts of all wire formats.
        #[arg(long)]
        formats: bool,
    },
    /// Builds what is stale, then serves the shop, the report and the collector until stopped.
    Demo(demo::Arguments),
    /// Prints the bytes of every file of dist against the budgets; fails over budget.
    Size,
    /// Runs the simulator: --seeds N for many, --seed S to see one.
    #[command(disable_help_flag = true)]
    Sim {
        /// What the simulator is told; --help lists it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Tells the collector of visits by the million, and says how long that takes: --sessions N, --events M, --attack SECONDS.
    #[command(disable_help_flag = true)]
    Load {
        /// What the load is told; --help lists it.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<String>,
    },
    /// Runs every test: formatting, lints, docs, the core, the collector, the package, the browsers. With the name of a
    /// suite in tests/browsers, such as life, that alone and whole.
    Test {
        /// The suite.
        suite: Option<String>,
    },
    /// Makes every mistake of tests/sim/mutations.rs in the core, each of which the simulator must find. `test` makes some.
    Mutations,
    /// Compares with other trackers, side by side in one run: `start`, what a page's start costs, or `burst`, what a thousand
    /// calls in a loop do. Fails over budget.
    Bench {
        /// Which; all of them by default.
        name: Option<String>,
    },
    /// Takes the README's pictures of the report anew.
    Screenshots,
    /// Checks and packs a release: version, changelog, npm package, crates. It publishes nothing without --publish.
    Release {
        /// The version, as Cargo.toml has it.
        version: String,
        /// Publishes to npm and crates.io.
        #[arg(long)]
        publish: bool,
    },
    /// Feeds random input to the decoders of batches and of what is stored, for so many seconds each.
    Fuzz {
        /// How long.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<()> {
    match command {
        Command::Build { formats: true } => package::formats(),
        Command::Build { formats: false } => package::all(),
        Command::Demo(arguments) => demo::serve(arguments),
        Command::Size => size::check(),
        Command::Screenshots => screenshots::take(),
        Command::Bench { name } => bench::run(name.as_deref()),
        Command::Release { version, publish } => release::run(version, *publish),
        Command::Sim { words } => {
            let sim = ["run", "--quiet", "--release", "--package", "shopbell-sim", "--"];
            shell::run(shell::cargo().args(sim).args(words))
        }
        Command::Load { words } => {
            let release = ["build", "--quiet", "--release", "--package"];
            shell::run(shell::cargo().args(release).arg("shopbell-collector"))?;
            let load = ["run", "--quiet", "--release", "--package", "shopbell-load", "--", "--collector"];
            shell::run(
                shell::cargo().args(load).arg(shell::root().join("target/release/shopbell-collector")).args(words),
            )
        }
        Command::Test { suite: None } => test::all(),
        Command::Test { suite: Some(suite) } => test::browsers(suite),
        Command::Mutations => test::mutations(None),
        Command::Fuzz { seconds } => test::fuzz(*seconds),
    }
}
