//! Looks for a seed that fails.

use crate::plan::Plan;
use crate::world::{Figures, Violation, run};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Seeds that a thread takes at a time.
const SHARE: u64 = 64;

/// Runs a plan; a panic of the core is a violation too.
pub fn judge(plan: &Plan) -> Result<Figures, Violation> {
    catch_unwind(AssertUnwindSafe(|| run(plan, None))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let what = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
        Err(Violation { step: plan.steps.len(), what: format!("a panic: {}", what.unwrap_or_default()) })
    })
}

/// Runs seeds on all processors until one fails; the figures of those that did not, and the lowest that did.
///
/// `progress` is told how many seeds are done, and the figures so far.
pub fn search(seeds: Range<u64>, progress: &(dyn Fn(u64, Figures) + Sync)) -> (Figures, Option<(Plan, Violation)>) {
    let next = AtomicU64::new(seeds.start);
    let found = Mutex::new((Figures::default(), None::<(Plan, Violation)>));
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        loop {
            let from = next.fetch_add(SHARE, Ordering::Relaxed);
            if from >= seeds.end {
                return;
            }
            let mut share = Figures::default();
            let mut failed = None;
            for seed in from..(from + SHARE).min(seeds.end) {
                let plan = Plan::draw(seed);
                match judge(&plan) {
                    Ok(figures) => share.add(figures),
                    Err(violation) => {
                        failed = Some((plan, violation));
                        next.store(seeds.end, Ordering::Relaxed);
                        break;
                    }
                }
            }
            let Ok(mut found) = found.lock() else { return };
            found.0.add(share);
            progress((from + SHARE).min(seeds.end) - from, found.0);
            if let Some(failed) = failed
                && found.1.as_ref().is_none_or(|(plan, _)| failed.0.seed < plan.seed)
            {
                found.1 = Some(failed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    found.into_inner().unwrap_or_default()
}
