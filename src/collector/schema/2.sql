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
    began_at, ended_at, landing_page, source, medium, campaign, term, content, click_id, referrer, channel, campaign_id,
    first_touch, last_non_direct, previous, bot, page_views, events, transactions, revenue_ten_thousandths, currency,
    funnel_step, funnel_steps)
SELECT site, id, device_id, user_id, number, reason, previous_id, started_at, last_event_at, clock_skew_ms,
    started_at - clock_skew_ms, max(last_event_at, started_at) - clock_skew_ms, landing_page, source, medium, campaign,
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

-- An order belongs to the event that told it first. What another device tells of it is kept apart, in conflicts.
ALTER TABLE orders ADD COLUMN event_id TEXT;
-- Whether the shop's own server told it, which is believed before any page.
ALTER TABLE orders ADD COLUMN is_confirmed INTEGER NOT NULL DEFAULT 0;
CREATE TABLE conflicts (
    site TEXT NOT NULL,
    order_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    placed_at INTEGER NOT NULL,
    PRIMARY KEY (site, order_id, event_id)
) WITHOUT ROWID;
CREATE INDEX conflicts_by_session ON conflicts (site, session_id);

-- Money that went back, each refund once by its event. One without a value is of the whole order.
CREATE TABLE refunds (
    site TEXT NOT NULL,
    order_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    refunded_at INTEGER NOT NULL,
    value_ten_thousandths INTEGER,
    PRIMARY KEY (site, order_id, event_id)
) WITHOUT ROWID;
CREATE INDEX refunds_by_session ON refunds (site, session_id);

DROP INDEX tabs_with_gaps;
CREATE INDEX tabs_with_gaps ON tabs (site, tab_id, told, received, first_at, latest_at) WHERE told > received;
