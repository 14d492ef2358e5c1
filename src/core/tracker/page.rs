//! The page that is in view, and how it was reached.

use crate::attribution::{self, Arrival};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Navigation {
    /// How.
    pub kind: NavigationKind,
    /// Its URL.
    pub url: String,
    /// `document.referrer`; empty where there is none, and for [`NavigationKind::Spa`].
    pub referrer: String,
    /// `document.title`.
    pub title: String,
}

/// The page in view.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) title: String,
}

impl Page {
    pub(super) fn new(navigation: &Navigation, id: String) -> Self {
        Self {
            id,
            url: text::clean(&navigation.url, URL_CHARS_MAX),
            title: text::clean(&navigation.title, TITLE_CHARS_MAX),
        }
    }

    /// Whether `url` leads to this page.
    pub(super) fn is_same(&self, url: &str) -> bool {
        let url = text::clean(url, URL_CHARS_MAX);
        attribution::page_key(&self.url) == attribution::page_key(&url)
    }

    pub(super) fn path(&self) -> String {
        attribution::path(&self.url)
    }

    /// The campaign source that its URL names.
    pub(super) fn campaign(&self) -> Option<String> {
        let arrival = Arrival::read(&self.url, "");
        arrival.is_campaign.then_some(arrival.source.source)
    }
}
