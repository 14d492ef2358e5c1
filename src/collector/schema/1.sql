-- The tables of the first version, as far as a database has not got them.
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
