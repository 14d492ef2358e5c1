//! The store: one thread that writes, in groups of whatever batches have come meanwhile, and readers beside it.

use crate::batch::{Batch, Event, Source};
use crate::clock::Sent;
use crate::order::Order;
use crate::schema;
use anyhow::{Context, Result, bail};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde_json::value::RawValue;
use shopbell_core::event::{PAGE_VIEW, PURCHASE, funnel_step};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// Batches that wait for the writer at most; more are told to come again.
const QUEUE_MAX: usize = 1_024;
/// Batches in one commit at most.
const GROUP_MAX: usize = 256;

/// A batch on its way into the database, and whom to tell.
struct Job {
    batch: Batch,
    received_at: u64,
    done: oneshot::Sender<Result<(), String>>,
}

/// Why a batch was not stored.
#[derive(Debug)]
pub enum StoreError {
    /// Too many batches wait.
    Busy,
    /// The database said no.
    Failed(String),
}

/// A handle on the database.
#[derive(Clone)]
pub struct Store {
    path: PathBuf,
    jobs: SyncSender<Job>,
    connections: Arc<Mutex<Vec<Connection>>>,
}

impl Store {
    /// Opens the database that a URL such as `sqlite:events.sqlite` names. The thread ends when the last handle is
    /// gone and all that was queued is committed.
    pub fn open(url: &str) -> Result<(Self, JoinHandle<()>)> {
        let Some(path) = url.strip_prefix("sqlite:").filter(|path| !path.is_empty()) else {
            bail!("the store {url:?} is not known; accepted is sqlite:PATH");
        };
        let path = Path::new(path).to_owned();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("the folder of the store {} cannot be made", path.display()))?;
        }
        let connection = schema::open(&path)?;
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let writer = thread::Builder::new().name("store".to_owned()).spawn(move || write(connection, &queue))?;
        Ok((Self { path, jobs, connections: Arc::default() }, writer))
    }

    /// Stores a batch, each event once by its id; returns after the commit.
    pub async fn add(&self, batch: Batch, received_at: u64) -> Result<(), StoreError> {
        let (done, stored) = oneshot::channel();
        let job = Job { batch, received_at, done };
        self.jobs.try_send(job).map_err(|_| StoreError::Busy)?;
        match stored.await {
            Ok(result) => result.map_err(StoreError::Failed),
            Err(_) => Err(StoreError::Failed("the writer is gone".to_owned())),
        }
    }

    /// A connection of its own, for a thread that has one for good.
    pub fn connect(&self) -> Result<Connection> {
        schema::open(&self.path)
    }

    /// Reads, beside the writer, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.change(|connection| query(connection)).await
    }

    /// Changes what is stored, taking turns with the writer, on a thread that may block.
    pub async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || {
            let pooled = store.connections.lock().ok().and_then(|mut connections| connections.pop());
            let mut connection = pooled.map_or_else(|| schema::open(&store.path), Ok)?;
            let answer = change(&mut connection)?;
            if let Ok(mut connections) = store.connections.lock() {
                connections.push(connection);
            }
            Ok(answer)
        })
        .await?
    }
}

fn write(mut connection: Connection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(job) = queue.try_recv()
        {
            group.push(job);
        }
        let result = commit(&mut connection, &group).map_err(|error| error.to_string());
        if let Err(error) = &result {
            tracing::error!(%error, batches = group.len(), "not stored");
        }
        for job in group {
            // Whoever has hung up will send it again.
            let _ = job.done.send(result.clone());
        }
    }
}

fn commit(connection: &mut Connection, group: &[Job]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in group {
        add(&transaction, &job.batch, job.received_at)?;
    }
    transaction.commit()
}

fn add(transaction: &Transaction<'_>, batch: &Batch, received_at: u64) -> rusqlite::Result<()> {
    let sent = Sent { at: batch.sent_at, offset_ms: batch.sent_offset_ms, received_at };
    add_session(transaction, batch, sent.skew_ms(batch.session.started_at, None))?;
    for event in &batch.events {
        let is_new = add_event(transaction, batch, event, sent)?;
        if is_new {
            count(transaction, batch, event)?;
        }
        if is_new || is_told_by_another(transaction, batch, event)? {
            has_told(transaction, batch, event, received_at)?;
        }
    }
    Ok(())
}

/// Every batch can create its session. Where tabs began it at once, each in its way, the earliest beginning counts.
fn add_session(transaction: &Transaction<'_>, batch: &Batch, clock_skew_ms: i64) -> rusqlite::Result<()> {
    let session = &batch.session;
    let source = session.source.named();
    let text = |source: &Option<Source>| source.as_ref().and_then(|source| serde_json::to_string(&source.named()).ok());
    transaction
        .prepare_cached(
            "INSERT INTO sessions (site, id, device_id, number, reason, previous_id, started_at, last_event_at,
                landing_page, source, medium, campaign, term, content, campaign_id, click_id, referrer, channel,
                first_touch, last_non_direct, bot, clock_skew_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
                ?21)
             ON CONFLICT DO UPDATE SET previous_id = coalesce(excluded.previous_id, sessions.previous_id),
                bot = coalesce(excluded.bot, sessions.bot), reason = excluded.reason, started_at = excluded.started_at,
                landing_page = excluded.landing_page, source = excluded.source, medium = excluded.medium,
                campaign = excluded.campaign, term = excluded.term, content = excluded.content,
                campaign_id = excluded.campaign_id, click_id = excluded.click_id, referrer = excluded.referrer,
                channel = excluded.channel, first_touch = excluded.first_touch,
                last_non_direct = excluded.last_non_direct, clock_skew_ms = excluded.clock_skew_ms
             WHERE excluded.started_at < sessions.started_at",
        )?
        .execute(params![
            batch.site,
            session.id,
            batch.device.stored_id(),
            session.number as i64,
            session.reason,
            session.previous_id,
            session.started_at as i64,
            session.landing_page,
            source.source,
            source.medium,
            source.campaign,
            source.term,
            source.content,
            source.campaign_id,
            source.click_id,
            source.referrer,
            source.channel,
            text(&session.first_touch),
            text(&session.last_non_direct),
            batch.device.bot,
            clock_skew_ms,
        ])?;
    if let Some(user_id) = &session.user_id {
        transaction
            .prepare_cached("UPDATE sessions SET user_id = ?3 WHERE site = ?1 AND id = ?2")?
            .execute(params![batch.site, session.id, user_id])?;
    }
    if let Some(previous) = &session.previous {
        transaction
            .prepare_cached("UPDATE sessions SET previous = coalesce(previous, ?3) WHERE site = ?1 AND id = ?2")?
            .execute(params![batch.site, session.id, previous.get()])?;
    }
    Ok(())
}

/// Whether the event was new.
fn add_event(transaction: &Transaction<'_>, batch: &Batch, event: &Event, sent: Sent) -> rusqlite::Result<bool> {
    let inserted = transaction
        .prepare_cached(
            "INSERT INTO events (site, id, session_id, name, time, offset_ms, tab_id, page_id, seq, url, title, consent,
                props, sent_at, received_at, clock_skew_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
             ON CONFLICT (site, id) DO NOTHING",
        )?
        .execute(params![
            batch.site,
            event.id,
            batch.session.id,
            event.name,
            event.time as i64,
            event.offset_ms as i64,
            event.tab_id,
            event.page_id,
            event.seq as i64,
            event.url,
            event.title,
            event.consent,
            event.props.as_ref().map(|props| props.get()),
            batch.sent_at as i64,
            sent.received_at as i64,
            sent.skew_ms(event.time, Some(event.offset_ms)),
        ])?;
    Ok(inserted == 1)
}

/// Whether an event that is there already was told by another tab, and this one's place among its own tab's events for
/// the first time.
fn is_told_by_another(transaction: &Transaction<'_>, batch: &Batch, event: &Event) -> rusqlite::Result<bool> {
    let inserted = transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO told_twice (site, device_id, tab_id, seq)
             SELECT ?1, ?5, ?3, ?4 FROM events WHERE site = ?1 AND id = ?2 AND (tab_id <> ?3 OR seq <> ?4)",
        )?
        .execute(params![batch.site, event.id, event.tab_id, event.seq as i64, batch.device.stored_id()])?;
    Ok(inserted == 1)
}

/// Counts an event among what its tab has told.
fn has_told(transaction: &Transaction<'_>, batch: &Batch, event: &Event, received_at: u64) -> rusqlite::Result<()> {
    if !event.tab_id.is_empty() {
        transaction
            .prepare_cached(
                "INSERT INTO tabs (site, device_id, tab_id, told, received, first_at, latest_at)
                 VALUES (?1, ?5, ?2, ?3, 1, ?4, ?4)
                 ON CONFLICT DO UPDATE SET told = max(told, excluded.told), received = received + 1,
                    latest_at = excluded.latest_at",
            )?
            .execute(params![
                batch.site,
                event.tab_id,
                event.seq as i64 + 1,
                received_at as i64,
                batch.device.stored_id()
            ])?;
    }
    Ok(())
}

/// Adds a new event to its session's figures.
fn count(transaction: &Transaction<'_>, batch: &Batch, event: &Event) -> rusqlite::Result<()> {
    // An order that another session told first is no step of this one.
    let is_step = event.name != PURCHASE || add_order(transaction, batch, event)?;
    let step = if is_step { funnel_step(&event.name) } else { 0 };
    transaction
        .prepare_cached(
            "UPDATE sessions SET events = events + 1, page_views = page_views + ?3,
                last_event_at = max(last_event_at, ?4), funnel_step = max(funnel_step, ?5),
                funnel_steps = funnel_steps | (1 << ?5)
             WHERE site = ?1 AND id = ?2",
        )?
        .execute(params![batch.site, batch.session.id, event.name == PAGE_VIEW, event.time as i64, step as i64,])?;
    Ok(())
}

/// Notes an order, or the value of one that had none that could be read. Returns whether it is of this session.
fn add_order(transaction: &Transaction<'_>, batch: &Batch, event: &Event) -> rusqlite::Result<bool> {
    let order = Order::read(event.props.as_deref().map_or("{}", RawValue::get));
    // An order without an id is its event.
    let id = if order.id.is_empty() { format!("event {}", event.id) } else { order.id };
    let currency = (!order.currency.is_empty()).then_some(order.currency);
    let session_id: String = transaction
        .prepare_cached(
            "INSERT INTO orders (site, id, session_id, placed_at, value_ten_thousandths, currency)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE SET session_id = coalesce(session_id, excluded.session_id),
                placed_at = coalesce(placed_at, excluded.placed_at),
                currency = iif(value_ten_thousandths IS NULL, coalesce(excluded.currency, currency), currency),
                value_ten_thousandths = coalesce(value_ten_thousandths, excluded.value_ten_thousandths)
             RETURNING session_id",
        )?
        .query_row(
            params![
                batch.site,
                id,
                batch.session.id,
                event.time as i64,
                order.value.map(|value| value.0 as i64),
                currency,
            ],
            |row| row.get(0),
        )?;
    // In another currency than the first order's, an order is not in its session's one sum: lists have each.
    transaction
        .prepare_cached(
            "UPDATE sessions SET (transactions, currency) = (
                SELECT count(*), (SELECT currency FROM orders WHERE site = ?1 AND session_id = ?2 AND currency IS NOT NULL
                    ORDER BY placed_at, id LIMIT 1)
                FROM orders WHERE site = ?1 AND session_id = ?2)
             WHERE site = ?1 AND id = ?2",
        )?
        .execute(params![batch.site, session_id])?;
    transaction
        .prepare_cached(
            "UPDATE sessions SET revenue_ten_thousandths = (
                SELECT CAST(min(total(value_ten_thousandths), 9e18) AS INTEGER) FROM orders
                WHERE site = ?1 AND session_id = ?2 AND currency IS sessions.currency)
             WHERE site = ?1 AND id = ?2",
        )?
        .execute(params![batch.site, session_id])?;
    Ok(session_id == batch.session.id)
}
