//! Who is there now.

use super::Question;
use crate::figures::Figures;
use crate::figures::pass::Pairs;
use crate::figures::recent::NOW_MS;
use serde::Serialize;
use std::collections::BTreeMap;

/// Pages at most.
const PAGES: usize = 10;

/// Visitors of the last five minutes, bots left out.
#[derive(Serialize)]
pub(crate) struct Now {
    visitors: i64,
    sessions: i64,
    /// Where they are.
    pages: Vec<Page>,
}

#[derive(Serialize)]
struct Page {
    name: String,
    sessions: i64,
}

/// Those who are there now, of all times and by the other filters.
pub(crate) fn now(figures: &Figures, question: &Question) -> Now {
    let filter = question.filter(figures, (i64::MIN, i64::MAX));
    let (mut visitors, mut unknown, mut sessions) = (Pairs::default(), 0, 0);
    let mut pages: BTreeMap<u16, i64> = BTreeMap::new();
    for place in figures.recent.since(NOW_MS, question.now_ms) {
        let Some((_, session)) = figures.session(place).filter(|(at, session)| filter.is_met(*at, session)) else {
            continue;
        };
        sessions += 1;
        unknown += i64::from(session.device == 0);
        visitors.add(0, session.device);
        *pages.entry(session.exit_page).or_default() += 1;
    }
    visitors.finish();
    let page = |(page, sessions): (u16, i64)| Page { name: figures.pages.text(page.into()).to_owned(), sessions };
    let mut pages: Vec<Page> = pages.into_iter().map(page).collect();
    pages.sort_by(|one, other| other.sessions.cmp(&one.sessions).then_with(|| one.name.cmp(&other.name)));
    pages.truncate(PAGES);
    // Of whom nothing is known, each session is somebody.
    Now { visitors: visitors.devices() + unknown, sessions, pages }
}
