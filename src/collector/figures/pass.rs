//! A pass over all sessions, by several threads.

use super::filter::Filter;
use super::{Figures, Session};
use std::ops::Range;
use std::thread;

/// Sessions of a thread at least: for fewer, none is started.
const SESSIONS_MIN: usize = 50_000;
/// Threads at most.
const THREADS_MAX: usize = 4;

/// Sums that a pass fills.
pub(crate) trait Part: Send {
    /// Adds the session at an index.
    fn visit(&mut self, figures: &Figures, index: usize, began_at: i64, session: &Session);
    /// Adds what another thread found.
    fn join(&mut self, other: Self);
    /// What is left to do on its own thread.
    fn finish(&mut self) {}
}

/// Sums over the sessions that a filter lets through.
pub(crate) fn sum<T: Part>(figures: &Figures, filter: &Filter, empty: impl Fn() -> T + Sync) -> T {
    let work = |indexes: Range<usize>| {
        let mut part = empty();
        for (index, began_at, session) in figures.chosen(indexes, filter) {
            part.visit(figures, index, began_at, session);
        }
        part.finish();
        part
    };
    let count = figures.count();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = (count / SESSIONS_MIN).clamp(1, cores.min(THREADS_MAX));
    let each = count.div_ceil(threads);
    let ranges = (1..threads).map(|number| number * each..((number + 1) * each).min(count));
    thread::scope(|scope| {
        let others: Vec<_> = ranges.map(|range| scope.spawn(|| work(range))).collect();
        let mut all = work(0..each.min(count));
        for other in others {
            match other.join() {
                Ok(part) => all.join(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

impl<A: Part, B: Part> Part for (A, B) {
    fn visit(&mut self, figures: &Figures, index: usize, began_at: i64, session: &Session) {
        self.0.visit(figures, index, began_at, session);
        self.1.visit(figures, index, began_at, session);
    }

    fn join(&mut self, other: Self) {
        self.0.join(other.0);
        self.1.join(other.1);
    }

    fn finish(&mut self) {
        self.0.finish();
        self.1.finish();
    }
}

/// How many sessions there are.
#[derive(Default)]
pub(crate) struct Count(pub(crate) i64);

impl Part for Count {
    fn visit(&mut self, _: &Figures, _: usize, _: i64, _: &Session) {
        self.0 += 1;
    }

    fn join(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// Pairs of a device and a name, of which each counts once.
#[derive(Default)]
pub(crate) struct Pairs(Vec<u64>);

impl Pairs {
    /// Notes a device under a name; one that nothing may tell from others is none.
    pub(crate) fn add(&mut self, name: usize, device: u32) {
        if device > 0 {
            self.0.push(u64::from(device) << 32 | name as u64);
        }
    }

    pub(crate) fn finish(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
        #[expect(clippy::stable_sort_primitive, reason = "of two sorted runs, which it merges")]
        self.0.sort();
        self.0.dedup();
    }

    /// How many devices there are under each name.
    pub(crate) fn by_name(&self, names: usize) -> Vec<i64> {
        let mut counts = vec![0; names];
        for pair in &self.0 {
            counts[*pair as u32 as usize] += 1;
        }
        counts
    }

    /// How many devices there are, under whatever names.
    pub(crate) fn devices(&self) -> i64 {
        let devices = self.0.chunk_by(|one, other| one >> 32 == other >> 32);
        devices.count() as i64
    }
}
