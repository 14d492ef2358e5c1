//! What a tracker is told.

use crate::effect::BatchId;
#[cfg(doc)]
use crate::event::Order;
use crate::layout::input;
use crate::lines::Lines;
use crate::outbox::{Answer, StoredChunk};
#[cfg(doc)]
use crate::tracker::{Navigation, Tracker};
use alloc::string::String;

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Another page came into view. With `counts`, it is a page view; without, events on it will just know it.
    Navigated {
        /// The page and how it was reached, as [`Navigation::lines`].
        to: &'a str,
        /// Whether to make a page view of it.
        counts: bool,
    },
    /// The site tracks an event; a view of the current page is one too.
    Tracked {
        /// Its name.
        name: &'a str,
        /// Its properties: a JSON object, or empty.
        props: &'a str,
        /// The order, as [`Order::lines`], if the event is a purchase; else empty.
        order: &'a str,
    },
    /// The site called for so many events that cannot be, or for which there was no room before there was a tracker.
    InvalidEvents(u64),
    /// The visitor did something: a trusted pointer, key, touch or wheel event, or a scroll soon after one.
    Activity,
    /// The site wants a new session. It has one a second at most.
    NewSession,
    /// The visitor is about to pay at another site: the session is held open.
    CheckoutPending,
    /// The page was hidden.
    Hidden,
    /// The page is being left: it hears no more answers, unless it is kept for back and forward.
    Left,
    /// The site wants everything sent.
    Flush,
    /// The time of [`Tracker::next_wake`] has come.
    TimerFired,
    /// Somebody will look at the session. Not activity.
    SnapshotRequested,
    /// The collector answered, or did not.
    Answered(BatchId, Answer),
    /// An earlier page left this in storage. Chunks with heads come before the others of their segment, these by `seq`, and
    /// [`Input::TimerFired`] when all have come.
    Recovered(StoredChunk<'a>),
    /// The page was kept for back and forward, and is in view again: what it has stored may have been sent meanwhile.
    /// Reported where storage takes what it is given; what is still there comes as [`Input::Recovered`] then.
    Returned,
    /// The visitor's consent, or who they are to the site, has changed: see [`layout::standing`](crate::layout::standing).
    Standing {
        /// `pending`, `granted` or `denied`.
        consent: &'a str,
        /// What the site calls the visitor; empty for nothing.
        user_id: &'a str,
    },
}

impl Input<'_> {
    /// The input as pages report it: its kind of [`layout::input`](input), and the lines of that.
    pub fn lines(self) -> (usize, String) {
        let mut out = Lines::default();
        let kind = match self {
            Self::Navigated { to, counts } => {
                out.append(to);
                if counts { input::NAVIGATED } else { input::SHOWN }
            }
            Self::Tracked { name, props, order } => {
                out.push(name);
                out.push(props);
                out.append(order);
                input::TRACKED
            }
            Self::InvalidEvents(calls) => {
                out.push_number(calls);
                input::DROPPED
            }
            Self::Activity => input::ACTIVITY,
            Self::NewSession => input::NEW_SESSION,
            Self::CheckoutPending => input::CHECKOUT_PENDING,
            Self::Hidden => input::HIDDEN,
            Self::Left => input::LEFT,
            Self::Flush => input::FLUSH,
            Self::TimerFired => input::TIMER_FIRED,
            Self::SnapshotRequested => input::SNAPSHOT_REQUESTED,
            Self::Answered(batch, answer) => {
                out.push_number(u64::from(batch.0));
                answer.write(&mut out);
                input::ANSWERED
            }
            Self::Recovered(StoredChunk { key, text }) => {
                out.push(key);
                out.append(text);
                input::RECOVERED
            }
            Self::Returned => input::RETURNED,
            Self::Standing { consent, user_id } => {
                out.push(consent);
                out.push(user_id);
                input::STANDING
            }
        };
        (kind, out.into_text())
    }
}
