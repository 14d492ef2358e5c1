//! `shopbell-sim`: runs seeds, and tells the first that fails with the shortest story that fails as well.

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use shopbell_sim::search::{judge, search};
use shopbell_sim::shrink::shrink;
use shopbell_sim::{Figures, Plan, Violation, run};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Simulates tabs, clocks and storage, and judges every step by the rules of a session.
#[derive(Parser)]
#[command(name = "cargo x sim", bin_name = "cargo x sim")]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The one seed to run, with its parameters and all that happens.
    #[arg(long)]
    seed: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(seed),
        None => run_all(arguments.from, arguments.seeds),
    }
}

fn replay(seed: u64) -> ExitCode {
    let plan = Plan::draw(seed);
    println!("seed {seed}\n{}", plan.parameters);
    let mut trace = String::new();
    let result = run(&plan, Some(&mut trace));
    print!("{trace}");
    match result {
        Ok(figures) => {
            println!("no violation; {} sessions, {} events", figures.sessions, figures.events);
            ExitCode::SUCCESS
        }
        Err(violation) => fail(&plan, violation),
    }
}

fn run_all(from: u64, seeds: u64) -> ExitCode {
    let style = "{bar:30} {pos}/{len} seeds, {per_sec}, {eta} left, {msg}";
    let bar = ProgressBar::new(seeds);
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    let began = Instant::now();
    let rate = |figures: Figures| (figures.tab_hours() / began.elapsed().as_secs_f64()) as u64;
    let (figures, failed) = search(from..from + seeds, &|done, figures| {
        bar.inc(done);
        bar.set_message(format!("{} tab-hours a second", rate(figures)));
    });
    bar.finish_and_clear();
    if let Some((plan, violation)) = failed {
        return fail(&plan, violation);
    }
    println!(
        "{seeds} seeds, no violation: {:.0} tab-hours with {} inputs, {} sessions and {} events in {:.1} s, {} tab-hours a second",
        figures.tab_hours(),
        figures.inputs,
        figures.sessions,
        figures.events,
        began.elapsed().as_secs_f64(),
        rate(figures)
    );
    ExitCode::SUCCESS
}

/// Tells a violation, and its shortest story.
fn fail(plan: &Plan, violation: Violation) -> ExitCode {
    eprintln!("seed {} is violated\n{}\n", plan.seed, plan.parameters);
    eprintln!("at step {} of {}: {}\n", violation.step + 1, plan.steps.len(), violation.what);
    let (short, violation) = shrink(plan, violation);
    let mut trace = String::new();
    if judge(&short).is_err_and(|violation| !violation.what.starts_with("a panic")) {
        let _ = run(&short, Some(&mut trace));
    }
    eprintln!("the shortest story that fails, {} steps:\n{trace}\n{}", short.steps.len(), violation.what);
    eprintln!("\nto see all of it: cargo x sim --seed {}", plan.seed);
    ExitCode::FAILURE
}
