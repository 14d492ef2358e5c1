-- What the screen of a session's device says it is: phone, tablet or desktop.
ALTER TABLE sessions ADD COLUMN device_class TEXT;
-- The page that was viewed last, and when.
ALTER TABLE sessions ADD COLUMN exit_page TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN exit_page_at INTEGER NOT NULL DEFAULT 0;

-- What a session did, by name: how often it viewed a page, looked at a product, searched for something. A value is money in a cart.
CREATE TABLE tallies (
    -- Of the session.
    place INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL,
    value_ten_thousandths INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (place, kind, name)
) WITHOUT ROWID;

-- What products are called, as it was told last.
CREATE TABLE products (
    id TEXT NOT NULL,
    site TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (id, site)
) WITHOUT ROWID;

-- What was ordered.
CREATE TABLE order_items (
    order_id TEXT NOT NULL,
    site TEXT NOT NULL,
    product_id TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    -- Of all of them together; NULL where no price was told.
    value_ten_thousandths INTEGER,
    PRIMARY KEY (order_id, site, product_id)
) WITHOUT ROWID;

-- Whether a page has told the order, be it beside the shop's server.
ALTER TABLE orders ADD COLUMN is_told_by_page INTEGER NOT NULL DEFAULT 0;
UPDATE orders SET is_told_by_page = NOT is_confirmed;
