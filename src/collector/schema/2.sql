-- Sessions have places: what is kept of them in memory, and the indexes, refer to them by a number.
CREATE TABLE placed (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL,
    id TEXT NOT NULL,
    -- Empty where nothing may tell one page of the device from another.
    device_id TEXT NOT NULL,
    -- The same for all sessions of a device, and for no other's: the place of its first.
    device INTEGER NOT NULL DEFAULT 0,
    -- What the site calls the visitor.
    user_id TEXT,
    number INTEGER NOT NULL,
    reason TEXT NOT NULL,
    previous_id TEXT,
    -- On the visitor's clock.
    started_at INTEGER NOT NULL,
    last_event_at INTEGER NOT NULL,
    -- By how much that was fast when the session began.
    clock_skew_ms INTEGER NOT NULL DEFAULT 0,
    -- On the collector's clock.
    began_at INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER NOT NULL DEFAULT 0,
    -- Its place in lists: by the visitor's clock, which tells a device's sessions apart, but not of the future.
    listed_at INTEGER NOT NULL DEFAULT 0,
    landing_page TEXT NOT NULL,
    source TEXT, medium TEXT, campaign TEXT, term TEXT, content TEXT, click_id TEXT, referrer TEXT, channel TEXT,
    campaign_id TEXT,
    -- JSON as the batches have it.
    first_touch TEXT, last_non_direct TEXT, previous TEXT,
    bot TEXT,
    page_views INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    transactions INTEGER NOT NULL DEFAULT 0,
    revenue_ten_thousandths INTEGER NOT NULL DEFAULT 0,
    currency TEXT,
    -- The furthest step of the funnel, and each that was taken, as a bit.
    funnel_step INTEGER NOT NULL DEFAULT 0,
    funnel_steps INTEGER NOT NULL DEFAULT 1
);
INSERT INTO placed (site, id, device_id, user_id, number, reason, previous_id, started_at, last_event_at, clock_skew_ms,
    began_at, ended_at, listed_at, landing_page, source, medium, campaign, term, content, click_id, referrer, channel, campaign_id,
    first_touch, last_non_direct, previous, bot, page_views, events, transactions, revenue_ten_thousandths, currency,
    funnel_step, funnel_steps)
SELECT site, id, device_id, user_id, number, reason, previous_id, started_at, last_event_at, clock_skew_ms,
    started_at - clock_skew_ms, max(last_event_at, started_at) - clock_skew_ms, started_at, landing_page, source, medium, campaign,
    term, content, click_id, referrer, channel, campaign_id, first_touch, last_non_direct, previous, bot, page_views,
    events, transactions, revenue_ten_thousandths, currency, funnel_step, funnel_steps
FROM sessions ORDER BY started_at - clock_skew_ms;
DROP TABLE sessions;
ALTER TABLE placed RENAME TO sessions;
CREATE UNIQUE INDEX sessions_once ON sessions (id, site);
CREATE INDEX sessions_by_device ON sessions (device_id);
UPDATE sessions SET device = iif(device_id = '', place,
    (SELECT min(place) FROM sessions AS same WHERE same.device_id = sessions.device_id));

-- A reader that goes on behind an event may not say of which site it is.
DROP INDEX events_once;
CREATE UNIQUE INDEX events_once ON events (id, site);
DROP INDEX events_by_session;
CREATE INDEX events_by_session ON events (session_id, site);

-- An order belongs to the event that told it first. What another device tells of it is kept apart, in conflicts. Keys begin with
-- what differs, not with the site, so that nothing is looked for among all of a site's.
CREATE TABLE told (
    id TEXT NOT NULL,
    site TEXT NOT NULL,
    session_id TEXT,
    event_id TEXT,
    placed_at INTEGER,
    -- NULL where nobody has told it so that it could be read.
    value_ten_thousandths INTEGER,
    currency TEXT,
    -- Whether the shop's own server told it, which is believed before any page.
    is_confirmed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (id, site)
) WITHOUT ROWID;
INSERT INTO told (id, site, session_id, placed_at, value_ten_thousandths, currency)
SELECT id, site, session_id, placed_at, value_ten_thousandths, currency FROM orders;
DROP TABLE orders;
ALTER TABLE told RENAME TO orders;
CREATE INDEX orders_by_session ON orders (session_id, site);
CREATE TABLE conflicts (
    order_id TEXT NOT NULL,
    site TEXT NOT NULL,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    PRIMARY KEY (order_id, site, event_id)
) WITHOUT ROWID;
CREATE INDEX conflicts_by_session ON conflicts (session_id, site);

-- Money that went back, each refund once by its event. One without a value is of the whole order.
CREATE TABLE refunds (
    order_id TEXT NOT NULL,
    site TEXT NOT NULL,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    refunded_at INTEGER NOT NULL,
    value_ten_thousandths INTEGER,
    -- Whether the shop's own server told it. A page's refund counts for orders of its own device alone.
    is_confirmed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (order_id, site, event_id)
) WITHOUT ROWID;
CREATE INDEX refunds_by_session ON refunds (session_id, site);

DROP INDEX tabs_with_gaps;
CREATE INDEX tabs_with_gaps ON tabs (site, tab_id, told, received, first_at, latest_at) WHERE told > received;
