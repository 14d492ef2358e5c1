//! Seeds that run with every test. `cargo x sim --seeds N` runs more.

use shopbell_sim::search::search;
use shopbell_sim::{Plan, run};

const SEEDS: u64 = 10_000;

#[test]
fn no_seed_is_violated() {
    let (figures, failed) = search(0..SEEDS, &|_, _| {});
    if let Some((plan, violation)) = failed {
        panic!("seed {}, step {}: {}; cargo x sim --seed {0} tells more", plan.seed, violation.step, violation.what);
    }
    assert!(figures.sessions > SEEDS, "{figures:?}: nothing happens");
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
