//! The page that is in view, and how it was reached.

use crate::attribution;
use crate::event::{TITLE_CHARS_MAX, URL_CHARS_MAX};
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
    /// Its URL.
    pub url: &'a str,
    /// `document.referrer`; empty where there is none.
    pub referrer: &'a str,
    /// `document.title`.
    pub title: &'a str,
}

/// The page in view.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) title: String,
}

impl Page {
    pub(super) fn new(navigation: &Navigation<'_>, id: String) -> Self {
        Self {
            id,
            url: text::clean(navigation.url, URL_CHARS_MAX),
            title: text::clean(navigation.title, TITLE_CHARS_MAX),
        }
    }

    /// Whether `url` leads to this page.
    pub(super) fn is_at(&self, url: &str) -> bool {
        let url = text::clean(url, URL_CHARS_MAX);
        attribution::page_key(&self.url) == attribution::page_key(&url)
    }

    pub(super) fn path(&self) -> String {
        attribution::path(&self.url)
    }
}
