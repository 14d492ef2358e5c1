//! Every line that is stored, reported or sent, by name.
//!
//! Values travel as lines of text (see [`lines`](crate::lines)). Where a line stands is said here and nowhere else: one
//! list of names makes the table that formats walk, the constant of each line and the check of their count. `cargo x build`
//! writes the same constants for JavaScript (`src/browser/page/layout.js`), so that nothing is numbered twice.

/// The character that a field's kind begins its row with; see [`lines::kind`](crate::lines::kind).
macro_rules! kind {
    (text) => {
        "\""
    };
    (number) => {
        "#"
    };
    (money) => {
        "$"
    };
    (json) => {
        "{"
    };
    (step) => {
        "^"
    };
    (unsent) => {
        "-"
    };
}

/// Tables of fields: a module each, with the table, the index of each line and how many there are.
macro_rules! tables {
    ($($(#[$table_doc:meta])* $table:ident { $($(#[$line_doc:meta])* $kind:ident $index:ident $name:literal,)* })*) => {$(
        $(#[$table_doc])*
        pub mod $table {
            use crate::lines::{self, Fields};

            /// Kind and name on the wire of each line, in their order.
            pub const FIELDS: &Fields = concat!($(kind!($kind), $name, "\n"),*);
            indices! { $($(#[$line_doc])* $index,)* }
            const _: () = assert!(lines::count(FIELDS) == LINES, "a name on the wire has a line break in it");
        }
    )*};
}

/// A table of fields for the lines of one of the tables above, under names of another format's.
macro_rules! fields {
    ($($kind:ident $($name:literal)?,)*) => {
        concat!($(kind!($kind), $($name,)? "\n"),*)
    };
}

/// Numbers names from 0.
macro_rules! indices {
    ($($(#[$doc:meta])* $index:ident,)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "the variants are the names of constants")]
        enum Index { $($index,)* END_OF_LIST }
        $($(#[$doc])* pub const $index: usize = Index::$index as usize;)*
        /// How many there are.
        pub const LINES: usize = Index::END_OF_LIST as usize;
        /// The names, in their order.
        pub const NAMES: [&str; LINES] = [$(stringify!($index)),*];
    };
}

pub(crate) use {fields, kind};

// Behind the macros, which it uses.
mod reported;
pub use reported::*;

tables! {
    /// An event. What begins a session is followed by the totals of the session before it.
    event {
        /// Unique: a collector that has it already drops the event.
        text ID "id",
        /// What happened.
        text NAME "name",
        /// When, on the visitor's clock, in Unix milliseconds.
        number TIME "time",
        /// When, in milliseconds since the document began to load (monotonic).
        number OFFSET_MS "offset_ms",
        /// The page view it belongs to.
        text PAGE_ID "page_id",
        /// Its index among the tab's events, from 0, without gaps.
        number SEQ "seq",
        /// The page's URL.
        text URL "url",
        /// The page's title.
        text TITLE "title",
        /// Its properties: a JSON object, or empty.
        json PROPS "props",
        /// The visitor's consent when it happened, as [`standing`](super::standing) says.
        text CONSENT "consent",
        /// See [`standing`](super::standing). Native batches say it of the session.
        unsent USER_ID "user_id",
    }

    /// What a session adds up to.
    totals {
        /// Page views.
        number PAGE_VIEWS "page_views",
        /// All events, `session_start` and page views included.
        number EVENTS "events",
        /// Orders; the same order id again, with none between, is no other.
        number TRANSACTIONS "transactions",
        /// The value of the orders in the totals' currency, in ten-thousandths of its unit.
        money REVENUE "revenue",
        /// The index of the furthest step in [`FUNNEL`](crate::event::FUNNEL).
        step FUNNEL_STEP "funnel_step",
        /// The latest activity, in Unix milliseconds.
        number LAST_ACTIVITY_AT "last_activity_at",
        /// Part of the fingerprint of the latest order's id, so that a reloaded thank-you page counts once.
        unsent LAST_ORDER "last_order",
        /// Until when a pending checkout holds the session open, in Unix milliseconds; 0 where none is.
        unsent HELD_UNTIL "held_until",
        /// The currency of the first order; empty before it.
        text CURRENCY "currency",
    }

    /// How a session began; its sources follow.
    head {
        /// There is no null and no empty one.
        text ID "id",
        /// The device it is on. Native batches say it of the device, not of the session.
        unsent DEVICE_ID "device_id",
        /// The session before it on this device.
        text PREVIOUS_ID "previous_id",
        /// 1 for the device's first session, then 2.
        number NUMBER "number",
        /// In Unix milliseconds on the visitor's clock.
        number STARTED_AT "started_at",
        /// The name of the [`Rollover`](crate::session::Rollover).
        text REASON "reason",
        /// The day it began on, in the zone of the midnight rule.
        unsent DAY "day",
        /// The path of its first page.
        text LANDING_PAGE "landing_page",
    }

    /// Where a visitor came from. What is unknown is empty.
    source {
        /// `utm_source`, else the network of a click id, else the parameter `ref` or `source`, else the referrer's host
        /// without `www.`, else [`DIRECT`](crate::attribution::DIRECT).
        text SOURCE "source",
        /// `utm_medium`, else what the click id implies, else [`REFERRAL`](crate::attribution::REFERRAL) or `(none)`.
        text MEDIUM "medium",
        /// `utm_campaign`.
        text CAMPAIGN "campaign",
        /// `utm_term`.
        text TERM "term",
        /// `utm_content`.
        text CONTENT "content",
        /// `utm_id`.
        text CAMPAIGN_ID "campaign_id",
        /// The name of the click id that was there, such as `gclid`; never its value, which names a person's click.
        text CLICK_ID "click_id",
        /// Origin and path of the page that linked here, if it was another site's.
        text REFERRER "referrer",
    }
}
