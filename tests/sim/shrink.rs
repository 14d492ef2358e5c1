//! The shortest list of steps that still fails, by leaving out what need not be.

use crate::plan::{Gap, Plan};
use crate::search::judge;
use crate::world::Violation;

/// Runs that shrinking may take.
const RUNS_MAX: usize = 4_000;

/// A plan that fails as well and has fewer steps, and what is wrong in it.
pub fn shrink(plan: &Plan, violation: Violation) -> (Plan, Violation) {
    let mut best = (plan.clone(), violation);
    best.0.steps.truncate(best.1.step + 1);
    let mut runs = 0;
    let mut length = best.0.steps.len().div_ceil(2);
    while length > 0 && runs < RUNS_MAX {
        let mut from = 0;
        while from < best.0.steps.len() && runs < RUNS_MAX {
            let mut fewer = best.0.clone();
            fewer.steps.drain(from..(from + length).min(fewer.steps.len()));
            runs += 1;
            match judge(&fewer) {
                Err(violation) => best = (fewer, violation),
                Ok(_) => from += length,
            }
        }
        length = if length == 1 { 0 } else { length.div_ceil(2) };
    }
    simplify(&mut best);
    best
}

/// Makes steps plainer where it fails all the same: no waiting, no delay.
fn simplify(best: &mut (Plan, Violation)) {
    for place in 0..best.0.steps.len() {
        for plainer in [
            |plan: &mut Plan, at: usize| plan.steps[at].gap = Gap::Ms(0),
            |plan: &mut Plan, at: usize| {
                plan.steps[at].stale_ms = 0;
            },
        ] {
            let mut plain = best.0.clone();
            plainer(&mut plain, place);
            if let Err(violation) = judge(&plain) {
                *best = (plain, violation);
            }
        }
    }
}
