//! The store: one thread that writes, in groups of whatever batches have come meanwhile, and a few readers beside it.

use crate::batch::Batch;
use crate::figures::Changed;
use crate::figures::kept::{Kept, Look};
use crate::metrics::Metrics;
use crate::queue::{Job, Queue};
use crate::schema;
use crate::writing::{Outcome, add};
use anyhow::{Context, Result, anyhow, bail};
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, oneshot, watch};

/// Questions that are answered at once.
const READERS: usize = 4;
/// How long a question waits for its turn, and how long its answer may take.
const TURN: Duration = Duration::from_secs(2);
const READ: Duration = Duration::from_secs(5);
/// How long a question waits while the figures are read, as the collector starts.
const LOAD: Duration = Duration::from_secs(30);
/// Steps of the database's machine between two looks at the clock.
const STEPS: i32 = 10_000;

/// Why a batch was not stored, or a question not answered.
#[derive(Debug)]
pub enum StoreError {
    /// Too much waits.
    Busy,
    /// The answer takes too long.
    Late,
    /// The database said no.
    Failed(String),
    /// It is wrong by itself.
    Refused(String),
}

/// A handle on the database.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    queue: Arc<Queue>,
    figures: Arc<Kept>,
    connections: Mutex<Vec<Connection>>,
    turns: Semaphore,
    metrics: Metrics,
    /// Closed once the writer has ended.
    ended: watch::Receiver<()>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Store {
    /// Opens the database that a URL such as `sqlite:events.sqlite` names. The thread ends when the last
    /// handle is gone and all that was queued is committed.
    pub fn open(url: &str, metrics: Metrics) -> Result<(Self, JoinHandle<()>)> {
        let path = path_of(url)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("the folder of the store {} cannot be made", path.display()))?;
        }
        let connection = schema::open(&path)?;
        let (figures, queue) = (Arc::new(Kept::default()), Arc::new(Queue::default()));
        read_figures(schema::connect(&path)?, schema::connect(&path)?, figures.clone(), queue.clone())?;
        let writer = Writer {
            connection,
            file: file_of(&path)?,
            path: path.clone(),
            figures: figures.clone(),
            queue: queue.clone(),
            metrics: metrics.clone(),
        };
        let (alive, ended) = watch::channel(());
        let work = move || {
            let _alive = alive;
            writer.run();
        };
        let thread = thread::Builder::new().name("store".to_owned()).spawn(work)?;
        let (connections, turns) = (Mutex::default(), Semaphore::new(READERS));
        let shared = Shared { path, queue, figures, connections, turns, metrics, ended };
        Ok((Self { shared: Arc::new(shared) }, thread))
    }

    /// Stores a batch that came in a body of so many bytes, each event once by its id; returns after the commit.
    pub async fn add(&self, batch: Batch, bytes: usize, received_at: u64) -> Result<(), StoreError> {
        let (done, stored) = oneshot::channel();
        if !self.shared.queue.push(Job { batch, bytes, received_at, since: Instant::now(), done }) {
            return Err(StoreError::Busy);
        }
        match stored.await {
            Ok(Ok(outcome)) => outcome.map_err(StoreError::Refused),
            Ok(Err(failure)) => Err(StoreError::Failed(failure)),
            Err(_) => Err(StoreError::Failed("the writer is gone".to_owned())),
        }
    }

    /// A connection of its own, for a thread that has one for good.
    pub fn connect(&self) -> Result<Connection> {
        schema::connect(&self.shared.path)
    }

    /// Waits until the thread that writes has ended, which it does by itself only where something is wrong.
    pub fn writer_ended(&self) -> impl Future<Output = ()> + use<> {
        let mut ended = self.shared.ended.clone();
        async move { while ended.changed().await.is_ok() {} }
    }

    /// What reports are made of, as of the latest commit.
    pub(crate) fn figures(&self) -> Look<'_> {
        self.shared.figures.look()
    }

    /// What changes whenever an answer may; once the figures have been read.
    pub(crate) async fn revision(&self) -> Result<u64, StoreError> {
        let are_read = tokio::time::timeout(LOAD, self.shared.figures.are_read()).await;
        are_read.map_err(|_| StoreError::Busy)?;
        Ok(self.figures().revision())
    }

    /// Events that wait for the writer.
    pub(crate) fn waiting_events(&self) -> usize {
        self.shared.queue.waiting_events()
    }

    /// Bytes of the database, and of its log.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let of = |suffix: &str| {
            let mut path = self.shared.path.clone().into_os_string();
            path.push(suffix);
            fs::metadata(path).map_or(0, |file| file.len())
        };
        (of(""), of("-wal"))
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Reads, beside the writer, on a thread that may block: all in one transaction, and for a few seconds at most.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Self, &Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let turn = tokio::time::timeout(TURN, self.shared.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else { return Err(StoreError::Busy) };
        self.on_a_thread(move |store, connection| {
            let until = Instant::now() + READ;
            connection.progress_handler(STEPS, Some(move || Instant::now() > until))?;
            let transaction = connection.transaction()?;
            let answer = query(store, &transaction);
            drop(transaction);
            connection.progress_handler(0, None::<fn() -> bool>)?;
            answer
        })
        .await
    }

    /// Changes what is stored, taking turns with the writer, on a thread that may block. What is changed with it are sessions
    /// whose figures are read anew.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Connection) -> rusqlite::Result<(T, Changed)> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.on_a_thread(move |store, connection| {
            let (answer, changed) = change(connection)?;
            store.shared.figures.refresh(connection, &changed)?;
            Ok(answer)
        })
        .await
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let pooled = store.shared.connections.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = pooled.map_or_else(|| store.connect(), Ok)?;
            let answer = work(&store, &mut connection)?;
            store.shared.connections.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(answer)
        });
        done.await.unwrap_or_else(|panic| Err(anyhow!("{panic}"))).map_err(|error: anyhow::Error| {
            match error.downcast_ref::<rusqlite::Error>().and_then(rusqlite::Error::sqlite_error_code) {
                Some(ErrorCode::OperationInterrupted) => StoreError::Late,
                _ => StoreError::Failed(error.to_string()),
            }
        })
    }
}

/// The file that a store's URL names.
pub fn path_of(url: &str) -> Result<PathBuf> {
    let is_file = |path: &&str| !path.is_empty() && !path.starts_with([':', '?']) && !path.starts_with("file:");
    let Some(path) = url.strip_prefix("sqlite:").filter(is_file) else {
        bail!("the store {url:?} is not known; accepted is sqlite:PATH");
    };
    Ok(Path::new(path).to_owned())
}

/// Reads the figures on a thread of its own: of a million sessions that takes seconds, in which batches are taken.
fn read_figures(connection: Connection, mut other: Connection, figures: Arc<Kept>, queue: Arc<Queue>) -> Result<()> {
    let read = move || {
        if let Err(error) = figures.load(&connection, &mut other) {
            tracing::error!(%error, "the figures cannot be read");
            // With the writer the process ends.
            queue.close();
        }
    };
    thread::Builder::new().name("figures".to_owned()).spawn(read)?;
    Ok(())
}

/// What tells a file from another under the same name.
#[cfg(unix)]
fn file_of(path: &Path) -> Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let file = fs::metadata(path).with_context(|| format!("the store {} is gone", path.display()))?;
    Ok((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn file_of(path: &Path) -> Result<(u64, u64)> {
    fs::metadata(path).with_context(|| format!("the store {} is gone", path.display())).map(|_| (0, 0))
}

struct Writer {
    connection: Connection,
    path: PathBuf,
    /// The file that was opened.
    file: (u64, u64),
    figures: Arc<Kept>,
    queue: Arc<Queue>,
    metrics: Metrics,
}

impl Writer {
    fn run(mut self) {
        while let Some(group) = self.queue.next_group() {
            let began = Instant::now();
            let result = self.commit(&group).map_err(|error| format!("{error:#}"));
            if let Err(error) = &result {
                tracing::error!(%error, batches = group.len(), "not stored");
            }
            self.metrics.committed(began.elapsed(), &group, result.is_ok());
            let outcomes = match result {
                Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
                Err(error) => vec![Err(error); group.len()],
            };
            for (job, outcome) in group.into_iter().zip(outcomes) {
                // Whoever has hung up will send it again.
                let _ = job.done.send(outcome);
            }
        }
    }

    fn commit(&mut self, group: &[Job]) -> Result<Vec<Outcome>> {
        let mut changed = Changed::new();
        let mut transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut outcomes = Vec::with_capacity(group.len());
        for job in group {
            let mut alone = transaction.savepoint()?;
            match add(&alone, &job.batch, job.received_at, &mut changed) {
                Ok(outcome) => {
                    alone.commit()?;
                    outcomes.push(outcome);
                }
                Err(error) if is_of_the_batch(&error) => {
                    tracing::warn!(%error, "a batch was refused by the database");
                    alone.rollback()?;
                    outcomes.push(Err(
                        "the batch contradicts what is stored; accepted are values within the limits".to_owned()
                    ));
                }
                Err(error) => return Err(error.into()),
            }
        }
        // What is written to a file that was moved or deleted is lost with it.
        if file_of(&self.path)? != self.file {
            bail!("the store {} is another file than the one that was opened", self.path.display());
        }
        transaction.commit()?;
        self.figures.refresh(&self.connection, &changed)?;
        Ok(outcomes)
    }
}

/// Whether the database takes others when it does not take this.
fn is_of_the_batch(error: &rusqlite::Error) -> bool {
    let codes = [ErrorCode::ConstraintViolation, ErrorCode::TypeMismatch, ErrorCode::TooBig];
    error.sqlite_error_code().is_none_or(|code| codes.contains(&code))
}
