//! Seeds that run with every test. `cargo x sim --seeds N` runs more.

use shopbell_sim::search::search;
use shopbell_sim::{Plan, run};
use std::ops::Range;
use std::time::UNIX_EPOCH;

/// Seeds that run each time.
const SEEDS: u64 = 2_000;
/// And of all others so many, drawn anew each time.
const DRAWN: u64 = 1_000;

#[track_caller]
fn check(seeds: Range<u64>) {
    let count = seeds.end - seeds.start;
    let (figures, failed) = search(seeds, &|_, _| {});
    if let Some((plan, violation)) = failed {
        panic!("seed {}, step {}: {}; cargo x sim --seed {0} tells more", plan.seed, violation.step, violation.what);
    }
    assert!(figures.sessions > count, "{figures:?}: nothing happens");
}

#[test]
fn no_seed_is_violated() {
    check(0..SEEDS);
    let drawn = UNIX_EPOCH.elapsed().expect("after 1970").as_millis() as u64;
    check(drawn..drawn + DRAWN);
}

#[test]
fn a_seed_replays_bit_for_bit() {
    for seed in 0..200 {
        let mut traces = [String::new(), String::new()];
        for trace in &mut traces {
            assert!(run(&Plan::draw(seed), Some(trace)).is_ok(), "seed {seed}");
        }
        assert_eq!(traces[0], traces[1]);
        assert!(traces[0].lines().count() > 20, "a trace tells every step");
    }
}
