//! An event with its session, as formats tell it.

use crate::event::DENIED;
use crate::layout::{event, head, source};
use crate::lines;
use crate::outbox::Segment;
use crate::text;

/// An event of a batch. What has no value is empty.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) tab_id: &'a str,
    head: &'a str,
    /// Lines of [`layout::event`](event), then totals.
    pub(super) facts: &'a str,
}

impl<'a> Told<'a> {
    /// The events of a batch.
    pub(super) fn batch(batch: &'a Segment) -> impl Iterator<Item = Self> {
        batch.batch().map(move |facts| Self { tab_id: &batch.tab_id, head: &batch.head, facts })
    }

    /// A line of [`layout::event`](event).
    pub(super) fn event(&self, line: usize) -> &'a str {
        lines::at(self.facts, line)
    }

    pub(super) fn name(&self) -> &'a str {
        self.event(event::NAME)
    }

    pub(super) fn is(&self, name: &str) -> bool {
        *self.name() == *name
    }

    pub(super) fn props(&self) -> &'a str {
        self.event(event::PROPS)
    }

    /// A line of [`layout::head`](head).
    pub(super) fn session(&self, line: usize) -> &'a str {
        lines::at(self.head, line)
    }

    /// Lines of [`layout::head`](head); sources follow.
    pub(super) fn head(&self) -> &'a str {
        self.head
    }

    /// A line of [`layout::source`](source), of the session's own.
    pub(super) fn source(&self, line: usize) -> &'a str {
        lines::at(self.head, head::LINES + line)
    }

    /// Lines of [`layout::source`](source): of the session's own, the device's first, or the latest that was not direct.
    pub(super) fn sources(&self, nth: usize) -> &'a str {
        lines::behind(self.head, head::LINES + nth * source::LINES)
    }

    /// Lines of [`layout::totals`](crate::layout::totals).
    pub(super) fn totals(&self) -> &'a str {
        lines::behind(self.facts, event::LINES)
    }

    /// Empty where that is [denied](Self::is_denied).
    pub(super) fn device_id(&self) -> &'a str {
        if self.is_denied() { "" } else { self.session(head::DEVICE_ID) }
    }

    /// Whether nothing may tell one page of the device from another.
    pub(super) fn is_denied(&self) -> bool {
        *self.event(event::CONSENT) == *DENIED
    }

    /// Who it is to targets that must know: the device, or without one the session.
    pub(super) fn visitor(&self) -> &'a str {
        let device_id = self.device_id();
        if device_id.is_empty() { self.session(head::ID) } else { device_id }
    }
}

/// Host and path of a URL; empty where it has none.
pub(super) fn host_and_path(url: &str) -> (&str, &str) {
    let mut rest = url;
    text::take(&mut rest, b'/');
    text::take(&mut rest, b'/');
    let host = text::before(rest, b'/');
    let path = text::before(text::before(text::behind(rest, host.len()), b'?'), b'#');
    (host, path)
}
