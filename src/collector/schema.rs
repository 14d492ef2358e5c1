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

#[cfg(test)]
mod tests {
    use super::{connect, create_private, migrations, open};
    use tempfile::TempDir;

    #[test]
    fn what_was_stored_before_is_counted() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("events.sqlite");
        create_private(&path).expect("a file");
        let mut before = connect(&path).expect("a database");
        migrations().to_version(&mut before, 2).expect("the version before");
        before
            .execute_batch(
                "INSERT INTO sessions (site, id, device_id, number, reason, started_at, last_event_at, landing_page)
                    VALUES ('shop', 's', 'd', 1, 'first', 1, 9, '/');
                 INSERT INTO orders (id, site, session_id, event_id, placed_at) VALUES ('A-1', 'shop', 's', 'e3', 3);",
            )
            .expect("a session");
        for (place, name, url, props) in [
            (1, "page_view", "https://shop.example/p/lamp", "{}"),
            (2, "view_item", "https://shop.example/p/lamp", r#"{"items":[{"item_id":"lamp","item_name":"Lamp"}]}"#),
            (3, "purchase", "https://shop.example/thanks", r#"{"items":[{"item_id":"lamp","price":2,"quantity":3}]}"#),
            (4, "page_view", "https://shop.example/thanks", "{}"),
        ] {
            before
                .execute(
                    "INSERT INTO events (id, site, session_id, name, time, offset_ms, tab_id, page_id, seq, url, title, sent_at, received_at, props)
                     VALUES ('e' || ?1, 'shop', 's', ?2, ?1, 0, 't', 'p', ?1, ?3, '', 9, 9, ?4)",
                    (place, name, url, props),
                )
                .expect("an event");
        }
        drop(before);
        let store = open(&path).expect("this version");
        let one = |sql: &str| store.query_row(sql, [], |row| row.get::<_, String>(0)).expect("a row");
        let tallies = "SELECT group_concat(kind || ' ' || name || ' ' || count, ', ') FROM tallies";
        assert_eq!(one(tallies), "0 purchase 1, 0 view_item 1, 1 /p/lamp 1, 1 /thanks 1, 3 lamp 1");
        assert_eq!(one("SELECT exit_page FROM sessions"), "/thanks");
        assert_eq!(
            one("SELECT product_id || ' ' || quantity || ' ' || value_ten_thousandths FROM order_items"),
            "lamp 3 60000"
        );
        assert_eq!(one("SELECT name FROM products"), "Lamp");
        assert_eq!(one("SELECT CAST(is_told_by_page AS TEXT) FROM orders"), "1");
    }
}
