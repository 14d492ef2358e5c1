//! The page that is in view, and how it was reached.

use crate::layout::navigation;
use crate::lines::{self, Lines};
use crate::text;
use alloc::string::String;

/// How a page was reached (Navigation Timing Level 2, `PerformanceNavigationTiming.type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NavigationKind {
    /// A document loaded for a link, a form or an address.
    Load,
    /// The same document loaded again.
    Reload,
    /// Back or forward, from the cache or not.
    BackForward,
    /// Another URL in the same document, by the History API or a fragment.
    Spa,
}

// The host reports it by its place in this list.
const _: () = assert!(NavigationKind::Spa as usize == navigation::SPA && navigation::LINES == 4);

/// A page that came into view. A host reports it as [`lines`](Self::lines) of
/// [`layout::navigated`](crate::layout::navigated), where the fields are explained, and behind them those of its
/// [`Landing`](crate::attribution::Landing).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Navigation<'a> {
    /// How.
    pub kind: NavigationKind,
    /// Its URL, at most [`URL_UNITS_MAX`](crate::event::URL_UNITS_MAX) long.
    pub url: &'a str,
    /// The path in that.
    pub path: &'a str,
    /// Whether no tab of the origin was left when this one came, and the site ends sessions then.
    pub browser_closed: bool,
    /// What URL and referrer say of where the visitor came from: lines of [`layout::landing`](crate::layout::landing).
    pub landing: &'a str,
    /// `document.title`, at most [`TITLE_UNITS_MAX`](crate::event::TITLE_UNITS_MAX) long.
    pub title: &'a str,
}

impl Navigation<'_> {
    /// A line each, in the order of [`layout::navigated`](crate::layout::navigated). `next_seq` is the `seq` that the
    /// tab's next event has at least: where the page was kept for back and forward, another of the tab's pages has gone
    /// on counting.
    pub fn lines(&self, next_seq: u64) -> String {
        let mut out = Lines::default();
        out.push_number(self.kind as u64);
        out.push_number(u64::from(self.browser_closed));
        out.push_number(next_seq);
        out.push(self.url);
        out.push(self.path);
        out.push(self.title);
        out.append(self.landing);
        out.into_text()
    }
}

/// The page in view.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// See [`Lines::push_name`].
    pub(super) id: u64,
    /// Lines of [`Navigation`]; none before the first.
    navigation: String,
}

impl Page {
    /// Another page is in view.
    pub(super) fn set(&mut self, navigation: &str, id: u64) {
        self.id = id;
        text::set(&mut self.navigation, navigation);
    }

    /// Its URL, path or title, by its line of [`layout::navigated`](crate::layout::navigated).
    pub(super) fn line(&self, index: usize) -> &str {
        lines::at(&self.navigation, index)
    }
}
