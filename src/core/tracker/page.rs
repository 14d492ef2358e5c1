//! The page that is in view, and how it was reached.

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

/// A page that came into view.
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

/// The page in view.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) path: String,
    pub(super) title: String,
}

impl Page {
    /// Another page is in view.
    pub(super) fn set(&mut self, navigation: &Navigation<'_>, id: String) {
        self.id = id;
        text::set(&mut self.url, navigation.url);
        text::set(&mut self.path, navigation.path);
        text::set(&mut self.title, navigation.title);
    }
}
