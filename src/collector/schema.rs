//! The tables. A session's figures are kept as its events come in, in the transaction that stores them.

use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags, Transaction};
use rusqlite_migration::{HookResult, M, Migrations};
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The application that the file is of, in the file's header.
const APPLICATION_ID: i32 = 0x5342_656c;
/// How long a connection waits for another that writes.
const LOCK: Duration = Duration::from_secs(5);
/// The log of what is not yet in the database keeps no more than this once it is written back.
const LOG_BYTES_MAX: i64 = 67_108_864;

/// The migrations, the first of which knows databases that counted no versions.
fn migrations() -> Migrations<'static> {
    Migrations::new(vec![
        M::up_with_hook("", first),
        M::up(include_str!("schema/2.sql")),
        M::up_with_hook(include_str!("schema/3.sql"), third),
    ])
}

/// How many they are.
const VERSION: i64 = 3;

/// Columns that databases without a version may not have.
const NEWER: [(&str, &str, &str); 12] = [
    ("sessions", "user_id", "TEXT"),
    ("sessions", "campaign_id", "TEXT"),
    ("sessions", "first_touch", "TEXT"),
    ("sessions", "last_non_direct", "TEXT"),
    ("sessions", "previous", "TEXT"),
    ("sessions", "clock_skew_ms", "INTEGER NOT NULL DEFAULT 0"),
    ("events", "clock_skew_ms", "INTEGER NOT NULL DEFAULT 0"),
    ("sessions", "funnel_steps", "INTEGER NOT NULL DEFAULT 1"),
    ("orders", "session_id", "TEXT"),
    ("orders", "placed_at", "INTEGER"),
    ("orders", "value_ten_thousandths", "INTEGER"),
    ("orders", "currency", "TEXT"),
];

/// Indexes of columns that databases without a version may not have.
const INDEXES: &str = "CREATE INDEX IF NOT EXISTS orders_by_session ON orders (site, session_id);";

/// What tabs have told, out of a database that did not keep it.
const TABS_OF_OLD: &str = "
INSERT INTO tabs (site, device_id, tab_id, told, received, first_at, latest_at)
SELECT events.site, device_id, tab_id, max(seq) + 1, count(DISTINCT seq), min(received_at), max(received_at)
FROM events JOIN sessions ON sessions.site = events.site AND sessions.id = session_id
WHERE tab_id <> '' GROUP BY events.site, device_id, tab_id";

/// Opens the database for writing, makes it if it is not there, and brings it to this version. One of another program or of
/// a later version is refused as it is.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    create_private(path).with_context(|| format!("the store {} cannot be made", path.display()))?;
    refuse_foreign(path)?;
    let mut connection = connect(path)?;
    let unusable = || format!("the store {} cannot be used", path.display());
    // Readers do not wait for the writer.
    connection.pragma_update(None, "journal_mode", "WAL").with_context(unusable)?;
    migrations().to_latest(&mut connection).with_context(unusable)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID).with_context(unusable)?;
    Ok(connection)
}

/// A further connection to a database that was opened before.
pub(crate) fn connect(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let configured = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(LOCK)?;
        // FULL: a commit is on the disk before it is acknowledged.
        connection.pragma_update(None, "synchronous", "FULL")?;
        // What is erased is overwritten.
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES_MAX)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok::<_, rusqlite::Error>(connection)
    };
    configured().with_context(|| format!("the store {} cannot be opened", path.display()))
}

/// Makes the file if it is not there, readable for whoever runs the collector and nobody else: the files beside it get
/// the same rights.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Says no to a database that is not ours to write to.
fn refuse_foreign(path: &Path) -> Result<()> {
    let path_text = path.display();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let facts = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(LOCK)?;
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let tables = "SELECT count(*), coalesce(sum(name IN ('sessions', 'events', 'orders')), 0) FROM sqlite_schema
            WHERE type = 'table'";
        let (tables, ours) = connection.query_row(tables, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<(i64, i64, i64, i64), rusqlite::Error>((number("application_id")?, number("user_version")?, tables, ours))
    };
    let (application, version, tables, ours) =
        facts().with_context(|| format!("the store {path_text} cannot be read; accepted is a SQLite database"))?;
    if application == i64::from(APPLICATION_ID) && version > VERSION {
        bail!("the store {path_text} is of version {version}; this collector reads versions up to {VERSION}");
    }
    // The databases that counted no versions had no application's id either.
    let is_ours = application == i64::from(APPLICATION_ID)
        || application == 0 && version <= VERSION && (tables == 0 || ours == 3);
    if !is_ours {
        bail!(
            "the store {path_text} is the database of another program; accepted is one of this collector, or none yet"
        );
    }
    Ok(())
}

fn first(transaction: &Transaction<'_>) -> HookResult {
    transaction.execute_batch(include_str!("schema/1.sql"))?;
    for (table, column, kind) in NEWER {
        let known = "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2";
        if transaction.query_row(known, [table, column], |row| row.get::<_, i64>(0))? == 0 {
            transaction.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"))?;
        }
    }
    transaction.execute_batch(INDEXES)?;
    let knows_tabs = "SELECT EXISTS (SELECT 1 FROM tabs) OR NOT EXISTS (SELECT 1 FROM events)";
    if !transaction.query_row(knows_tabs, [], |row| row.get::<_, bool>(0))? {
        transaction.execute_batch(TABS_OF_OLD)?;
    }
    Ok(())
}

/// What sessions did is counted by reading their events, which takes some seconds a million.
fn third(transaction: &Transaction<'_>) -> HookResult {
    crate::tally::rebuild(transaction)?;
    crate::orders::rebuild_items(transaction)?;
    Ok(())
}
