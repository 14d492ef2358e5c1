//! Batches that wait for the writer, bounded by events, bytes and time. What trackers send goes before what is much larger, so
//! that nobody waits behind somebody's import.

use crate::batch::Batch;
use crate::writing::Outcome;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Events of a batch that a tracker may have sent: its own have at most 50.
const SMALL_EVENTS: usize = 100;
/// Events and bytes that wait at most, of small batches and of large ones each.
const WAITING_EVENTS_MAX: usize = 20_000;
const WAITING_BYTES_MAX: usize = 16_777_216;
/// Nothing more is taken while something has waited for so long.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// Events and bytes in one commit, beside the batch that reaches them: a commit of so many takes tenths of a second.
const GROUP_EVENTS_MAX: usize = 2_000;
const GROUP_BYTES_MAX: usize = 4_194_304;

/// A batch on its way into the database, and whom to tell.
pub(crate) struct Job {
    pub(crate) batch: Batch,
    /// Of the body that it came in.
    pub(crate) bytes: usize,
    pub(crate) received_at: u64,
    pub(crate) since: Instant,
    /// A refusal is a sentence for whoever sent it; a failure is the database's.
    pub(crate) done: oneshot::Sender<Result<Outcome, String>>,
}

#[derive(Default)]
struct Lane {
    jobs: VecDeque<Job>,
    events: usize,
    bytes: usize,
}

impl Lane {
    fn takes(&self, job: &Job) -> bool {
        let is_late = self.jobs.front().is_some_and(|first| first.since.elapsed() > WAIT_MAX);
        let has_room =
            self.events + job.batch.events.len() <= WAITING_EVENTS_MAX && self.bytes + job.bytes <= WAITING_BYTES_MAX;
        !is_late && (has_room || self.jobs.is_empty())
    }

    fn push(&mut self, job: Job) {
        self.events += job.batch.events.len();
        self.bytes += job.bytes;
        self.jobs.push_back(job);
    }

    fn pop(&mut self) -> Option<Job> {
        let job = self.jobs.pop_front()?;
        self.events -= job.batch.events.len();
        self.bytes -= job.bytes;
        Some(job)
    }
}

#[derive(Default)]
struct Lanes {
    small: Lane,
    large: Lane,
    is_closed: bool,
}

/// The queue.
#[derive(Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
    has_come: Condvar,
}

impl Queue {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the job waits now; it is not taken where too much does.
    pub(crate) fn push(&self, job: Job) -> bool {
        let mut lanes = self.lanes();
        let is_small = job.batch.events.len() <= SMALL_EVENTS;
        let lane = if is_small { &mut lanes.small } else { &mut lanes.large };
        let is_taken = lane.takes(&job);
        if is_taken {
            lane.push(job);
            self.has_come.notify_one();
        }
        is_taken
    }

    /// Waits for what comes next, and takes as much as one commit holds: of large batches one at most. Nothing once the queue is
    /// closed and empty.
    pub(crate) fn next_group(&self) -> Option<Vec<Job>> {
        let mut lanes = self.lanes();
        while lanes.small.jobs.is_empty() && lanes.large.jobs.is_empty() {
            if lanes.is_closed {
                return None;
            }
            lanes = self.has_come.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
        let (mut group, mut events, mut bytes) = (Vec::new(), 0, 0);
        while events < GROUP_EVENTS_MAX
            && bytes < GROUP_BYTES_MAX
            && let Some(job) = lanes.small.pop()
        {
            (events, bytes) = (events + job.batch.events.len(), bytes + job.bytes);
            group.push(job);
        }
        group.extend(lanes.large.pop());
        Some(group)
    }

    /// Says that nothing more comes.
    pub(crate) fn close(&self) {
        self.lanes().is_closed = true;
        self.has_come.notify_one();
    }

    /// Events that wait.
    pub(crate) fn waiting_events(&self) -> usize {
        let lanes = self.lanes();
        lanes.small.events + lanes.large.events
    }
}

#[cfg(test)]
mod tests {
    use super::{Job, Queue, WAIT_MAX, WAITING_BYTES_MAX};
    use crate::batch::Batch;
    use serde_json::json;
    use std::time::{Duration, Instant};
    use tokio::sync::oneshot;

    /// A batch of so many events in so many bytes, that came a while ago.
    fn job(events: u64, bytes: usize, ago: Duration) -> Job {
        let events: Vec<_> = (0..events).map(|seq| json!({ "id": seq.to_string(), "name": "e", "time": 0 })).collect();
        let told = json!({ "schema": "shopbell/1", "site": "shop", "sent_at": 0, "device": {}, "events": events,
            "session": { "id": "session", "number": 1, "reason": "first", "started_at": 0 } });
        let batch = Batch::read(told.to_string().as_bytes()).expect("a batch");
        let since = Instant::now().checked_sub(ago).expect("a machine that has run for a while");
        Job { batch, bytes, received_at: 0, since, done: oneshot::channel().0 }
    }

    fn sizes(queue: &Queue) -> Vec<usize> {
        queue.next_group().into_iter().flatten().map(|job| job.batch.events.len()).collect()
    }

    #[test]
    fn what_waits_is_bounded_by_events_bytes_and_time() {
        let queue = Queue::default();
        let push = |events, bytes, ago| queue.push(job(events, bytes, ago));
        for _ in 0..20 {
            assert!(push(1_000, 1, Duration::ZERO));
        }
        assert!(!push(1_000, 1, Duration::ZERO), "20,000 events wait");
        assert!(push(50, WAITING_BYTES_MAX, Duration::ZERO), "what trackers send has room of its own");
        assert!(!push(50, 1, Duration::ZERO), "16 MiB wait");
        assert_eq!(queue.waiting_events(), 20_050);
        assert_eq!(sizes(&queue), [50, 1_000], "the small one first, and a large one");
        assert!(push(50, 1, 2 * WAIT_MAX));
        assert!(!push(50, 1, Duration::ZERO), "something waits for too long");
        assert_eq!(sizes(&queue), [50, 1_000]);
        assert!(push(50, 1, Duration::ZERO));
    }

    #[test]
    fn a_commit_has_so_much_and_the_queue_ends_when_it_is_empty() {
        let queue = Queue::default();
        for _ in 0..60 {
            assert!(queue.push(job(50, 1, Duration::ZERO)));
        }
        assert_eq!((sizes(&queue).len(), sizes(&queue).len()), (40, 20));
        for _ in 0..3 {
            assert!(queue.push(job(1, 3_000_000, Duration::ZERO)));
        }
        queue.close();
        assert_eq!((sizes(&queue).len(), sizes(&queue).len()), (2, 1), "4 MiB");
        assert!(queue.next_group().is_none());
    }
}
