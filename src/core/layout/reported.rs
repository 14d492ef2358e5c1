//! What a page reports, and what is stored beside the tables: names alone, numbered from 0.

/// Lists of names alone: a module each, with the number of each and how many there are.
macro_rules! lists {
    ($($(#[$list_doc:meta])* $list:ident { $($(#[$line_doc:meta])* $index:ident,)* })*) => {$(
        $(#[$list_doc])*
        pub mod $list {
            indices! { $($(#[$line_doc])* $index,)* }
        }
    )*};
}

lists! {
    /// What a page's URL and referrer say of how its visitor came.
    landing {
        /// Values of the campaign parameters, decoded: of each the first that is not empty. Source and medium are in lower
        /// case.
        UTM_SOURCE,
        /// See [`UTM_SOURCE`].
        UTM_MEDIUM,
        /// See [`UTM_SOURCE`].
        UTM_CAMPAIGN,
        /// See [`UTM_SOURCE`].
        UTM_TERM,
        /// See [`UTM_SOURCE`].
        UTM_CONTENT,
        /// See [`UTM_SOURCE`].
        UTM_ID,
        /// Names of the parameters that have a value, with a space behind each.
        PARAMETERS,
        /// Origin and path of the page that linked here; empty if there was none, or it was of the same site.
        REFERRER,
        /// The parameter `ref` or `source`, else the referrer's host without `www.`, in lower case.
        REFERRER_NAME,
        /// Not empty if the visitor came back from a payment gateway or a login page. Nothing else is said then.
        IS_RETURN,
        /// Not empty if the campaign is one of messages: by mail, SMS or push.
        IS_MESSAGE,
    }

    /// The stored record, in front of the session's totals, head and sources.
    record {
        /// What the device's ids are derived from. It stands here in this version and in every later one, so that an older
        /// tracker knows the device by a newer record.
        SEED,
    }

    /// The stored state of the circuit breaker; nothing is stored while the collector answers.
    breaker {
        /// Failures in a row.
        FAILURES,
        /// When the collector may be asked again, in Unix milliseconds.
        RETRY_AT,
        /// A short name of the session of the latest failure, if all so far look like an extension's, or else 0.
        BLOCKED,
    }

    /// The kinds of inputs that a page reports.
    input {
        /// The page's tracker begins; [`start`](super::start) follows. It is no input of the tracker's.
        START,
        /// Earlier pages were left before they had a tracker; [`start`](super::start) follows, and the record as it stood. Then come their
        /// inputs.
        EARLY,
        /// An early page begins; [`early_page`](super::early_page) follows.
        EARLY_PAGE,
        /// What the browser says of itself has changed; [`device`](super::device) follows.
        DEVICE,
        /// Another page came into view; [`navigated`](super::navigated) and [`landing`](super::landing) follow.
        NAVIGATED,
        /// The same, but that is no page view: events on it will just know it.
        SHOWN,
        /// The site tracks an event; [`tracked`](super::tracked) follows.
        TRACKED,
        /// The site called for events that cannot be tracked; [`dropped`](super::dropped) follows.
        DROPPED,
        /// The visitor did something.
        ACTIVITY,
        /// The site wants a new session.
        NEW_SESSION,
        /// The visitor is about to pay at another site.
        CHECKOUT_PENDING,
        /// The page was hidden.
        HIDDEN,
        /// The page is being left: it hears no more answers.
        LEFT,
        /// The site wants everything sent.
        FLUSH,
        /// The timer fired.
        TIMER_FIRED,
        /// Somebody will look at the session.
        SNAPSHOT_REQUESTED,
        /// A request was answered or failed; [`answered`](super::answered) follows.
        ANSWERED,
        /// An earlier page left this in storage; [`recovered`](super::recovered) follows.
        RECOVERED,
        /// The page was kept for back and forward, and is in view again.
        RETURNED,
        /// The visitor's consent, or who they are to the site, has changed; [`standing`](super::standing) follows.
        STANDING,
    }

    /// In front of each input. The texts that all tabs share stand before the first, see
    /// [`Moment`](crate::tracker::Moment).
    moment {
        /// One of [`input`](super::input).
        KIND,
        /// The wall clock, in Unix milliseconds.
        WALL,
        /// The monotonic clock, in milliseconds since the document began to load.
        UPTIME,
        /// Days since 1970-01-01 in the zone of the midnight rule.
        DAY,
    }

    /// What a tracker begins with.
    start {
        /// Inactivity that ends a session.
        TIMEOUT_MS,
        /// The longest session; 0 for no bound.
        MAX_MS,
        /// Whether midnight ends a session, as 0 or 1.
        MIDNIGHT,
        /// How much of a campaign ends a session; see [`Rules::campaign`](crate::session::Rules::campaign).
        CAMPAIGN,
        /// The site's name.
        SITE,
        /// The tab's name; empty for early pages, which have names of their own.
        TAB_ID,
        /// The `seq` of the tab's next event.
        NEXT_SEQ,
        /// Chance, of 128 bits at least.
        CHANCE,
        /// What a device without a record derives its ids from.
        SEED,
        /// What the browser says of itself, as members of a JSON object.
        DEVICE,
        /// Whether the site has its say in each event (`beforeSend`), as 0 or 1.
        REVIEWS,
        /// Whether the browser keeps a batch to send it when the page is gone (`fetchLater`), as 0 or 1.
        FETCHES_LATER,
    }

    /// A page that was left before it had a tracker.
    early_page {
        /// Chance, of 128 bits at least.
        CHANCE,
    }

    /// What the browser says of itself.
    device {
        /// Members of a JSON object.
        MEMBERS,
    }

    /// A page that came into view; `landing` follows.
    navigated {
        /// One of [`navigation`](super::navigation).
        KIND,
        /// Whether no tab of the origin was left when this one came, and the site ends sessions then, as 0 or 1.
        BROWSER_CLOSED,
        /// The `seq` that the tab's next event has at least.
        NEXT_SEQ,
        /// Its URL.
        URL,
        /// The path in that.
        PATH,
        /// Its title.
        TITLE,
    }

    /// How a page was reached, see [`NavigationKind`](crate::tracker::NavigationKind).
    navigation {
        /// A link, a form or an address.
        LOAD,
        /// The same document again.
        RELOAD,
        /// Back or forward.
        BACK_FORWARD,
        /// Another URL in the same document.
        SPA,
    }

    /// An event that the site tracks; [`order`](super::order) follows if it is a purchase.
    tracked {
        /// Its name.
        NAME,
        /// Its properties: a JSON object, or empty.
        PROPS,
    }

    /// What the session's totals need of a purchase.
    order {
        /// Its value in ten-thousandths of the currency's unit.
        VALUE,
        /// ISO 4217 code; empty if the shop gave none.
        CURRENCY,
        /// The shop's order id (`transaction_id`); empty if it gave none.
        ID,
    }

    /// Calls that are no events, or for which there was no room before there was a tracker.
    dropped {
        /// How many.
        CALLS,
    }

    /// What became of a request.
    answered {
        /// The [`BatchId`](crate::effect::BatchId).
        BATCH,
        /// One of [`outcome`](super::outcome).
        OUTCOME,
        /// The HTTP status, if there was an answer.
        STATUS,
        /// For how long the collector asked to be left alone; 0 for not at all.
        RETRY_AFTER_MS,
    }

    /// How a request ended.
    outcome {
        /// The collector answered.
        ANSWERED,
        /// There was no answer.
        FAILED,
        /// It failed at once, with the device online.
        BLOCKED,
        /// The browser did not take the beacon.
        REFUSED,
    }

    /// How the visitor stands to the site. It is the last lines of an event, in this order.
    standing {
        /// `pending` before the visitor has answered, `granted` where they agreed or nobody asks, `denied` for events that tell
        /// of no device.
        CONSENT,
        /// What the site calls the visitor; empty for nothing.
        USER_ID,
    }

    /// What an earlier page left in storage; the stored text follows.
    recovered {
        /// The key that it is stored under.
        KEY,
    }
}
