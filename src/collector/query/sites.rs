//! The sites that have told something.

use super::Question;
use crate::figures::Figures;
use crate::figures::filter::{Filter, Wanted};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Site {
    name: String,
    /// Of all time, with those of bots.
    sessions: i64,
}

/// Sites, the largest first.
pub(crate) fn sites(figures: &Figures, question: &Question) -> Vec<Site> {
    let filter = Filter::new(figures, Wanted::default(), (i64::MIN, i64::MAX), None);
    let mut counts = vec![0_i64; figures.sites.count()];
    for (_, _, session) in figures.chosen(0..figures.count(), &filter) {
        counts[usize::from(session.site)] += 1;
    }
    let known = counts.into_iter().enumerate().filter(|(_, sessions)| *sessions > 0);
    let mut sites: Vec<_> =
        known.map(|(number, sessions)| Site { name: figures.sites.text(number).to_owned(), sessions }).collect();
    sites.sort_by(|one, other| other.sessions.cmp(&one.sessions).then_with(|| one.name.cmp(&other.name)));
    sites.truncate(question.query.limit());
    sites
}
