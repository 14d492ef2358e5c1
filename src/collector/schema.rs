//! The tables. A session's figures are kept as its events come in, so that a report reads sessions, not events.

use anyhow::{Context, Result};
use rusqlite::Connection;
use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::time::Duration;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS sessions (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    -- Empty where nothing may tell one page of the device from another.
    device_id TEXT NOT NULL,
    -- What the site calls the visitor.
    user_id TEXT,
    number INTEGER NOT NULL,
    reason TEXT NOT NULL,
    previous_id TEXT,
    started_at INTEGER NOT NULL,
    last_event_at INTEGER NOT NULL,
    landing_page TEXT NOT NULL,
    source TEXT, medium TEXT, campaign TEXT, term TEXT, content TEXT, click_id TEXT, referrer TEXT, channel TEXT,
    campaign_id TEXT,
    -- JSON as the batches have it.
    first_touch TEXT, last_non_direct TEXT, previous TEXT,
    bot TEXT,
    -- By how much the visitor's clock was fast when it began.
    clock_skew_ms INTEGER NOT NULL DEFAULT 0,
    page_views INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    transactions INTEGER NOT NULL DEFAULT 0,
    revenue_ten_thousandths INTEGER NOT NULL DEFAULT 0,
    currency TEXT,
    -- The furthest step of the funnel, and each that was taken, as a bit.
    funnel_step INTEGER NOT NULL DEFAULT 0,
    funnel_steps INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (site, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_by_start ON sessions (site, started_at);
CREATE INDEX IF NOT EXISTS sessions_by_device ON sessions (device_id);

CREATE TABLE IF NOT EXISTS events (
    place INTEGER PRIMARY KEY,
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    name TEXT NOT NULL,
    time INTEGER NOT NULL,
    offset_ms INTEGER NOT NULL,
    tab_id TEXT NOT NULL,
    page_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    consent TEXT,
    props TEXT,
    sent_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    -- By how much the visitor's clock was fast.
    clock_skew_ms INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS events_once ON events (site, id);
CREATE INDEX IF NOT EXISTS events_by_session ON events (site, session_id);

-- What each tab has told so far, by the places of its events, and how many of these have come.
CREATE TABLE IF NOT EXISTS tabs (
    site TEXT NOT NULL,
    -- A tab's name is one among those of its device.
    device_id TEXT NOT NULL,
    tab_id TEXT NOT NULL,
    told INTEGER NOT NULL,
    received INTEGER NOT NULL,
    -- By this collector's clock.
    first_at INTEGER NOT NULL,
    latest_at INTEGER NOT NULL,
    PRIMARY KEY (site, device_id, tab_id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tabs_with_gaps ON tabs (site) WHERE told > received;
-- Places among a tab's events whose event another tab has told too, under the same id: nothing is missing there.
CREATE TABLE IF NOT EXISTS told_twice (
    site TEXT NOT NULL,
    device_id TEXT NOT NULL,
    tab_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (site, device_id, tab_id, seq)
) WITHOUT ROWID;

-- How far each relay is.
CREATE TABLE IF NOT EXISTS relays (
    name TEXT PRIMARY KEY,
    -- Of the last event that its target has answered for.
    place INTEGER NOT NULL
) WITHOUT ROWID;

-- An order counts once, in the session that told it first, however often its thank-you page is loaded.
CREATE TABLE IF NOT EXISTS orders (
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    session_id TEXT,
    placed_at INTEGER,
    -- NULL where nobody has told it so that it could be read.
    value_ten_thousandths INTEGER,
    currency TEXT,
    PRIMARY KEY (site, id)
) WITHOUT ROWID;
";

/// Columns that databases of earlier versions have not.
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

/// Indexes of columns that databases of earlier versions have not.
const INDEXES: &str = "CREATE INDEX IF NOT EXISTS orders_by_session ON orders (site, session_id);";

/// What tabs have told, out of a database that did not keep it.
const TABS_OF_OLD: &str = "
INSERT INTO tabs (site, device_id, tab_id, told, received, first_at, latest_at)
SELECT events.site, device_id, tab_id, max(seq) + 1, count(DISTINCT seq), min(received_at), max(received_at)
FROM events JOIN sessions ON sessions.site = events.site AND sessions.id = session_id
WHERE tab_id <> '' GROUP BY events.site, device_id, tab_id";

/// Opens the database, and creates what is missing.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    create_private(path).with_context(|| format!("the store {} cannot be made", path.display()))?;
    let connection =
        Connection::open(path).with_context(|| format!("the store {} cannot be opened", path.display()))?;
    prepare(&connection).with_context(|| format!("the store {} cannot be used", path.display()))?;
    Ok(connection)
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

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    // Readers do not wait for the writer. FULL: a commit is on the disk before it is acknowledged.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is erased is overwritten.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.execute_batch(TABLES)?;
    for (table, column, kind) in NEWER {
        let known = "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2";
        if connection.query_row(known, [table, column], |row| row.get::<_, i64>(0))? == 0 {
            connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"))?;
        }
    }
    connection.execute_batch(INDEXES)?;
    let knows_tabs: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM tabs) OR NOT EXISTS (SELECT 1 FROM events)", [], |row| {
            row.get(0)
        })?;
    if !knows_tabs {
        connection.execute_batch(TABS_OF_OLD)?;
    }
    Ok(())
}
