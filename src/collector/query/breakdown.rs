//! Sessions by what they have in common: a source, a landing page, a page that they saw.

use super::Question;
use super::group::Group;
use super::named::{By, Named, Reached};
use super::rows::{self, Rows};
use super::summary::{Totals, chosen_currency};
use crate::figures::{Figures, pass};
use crate::goals::Goal;

/// Sessions by what is asked for.
pub(crate) fn breakdown(figures: &Figures, question: &Question) -> Result<Rows<Group>, String> {
    let by = question.query.by.ok_or(
        "by is missing; accepted are channel, source, medium, campaign, term, content, landing_page, exit_page, device, visitor, reason, site, page, search, event, goal",
    )?;
    let goals: &[Goal] = if by == By::Goal { &question.goals } else { &[] };
    let reached = Reached::new(figures, goals);
    let filter = question.filter(figures, question.period.all);
    let empty = || (Totals::new(&[]), Named::new(figures, by, question, &reached, !by.is_of_acts()));
    let (totals, named) = pass::sum(figures, &filter, empty);
    let currency = chosen_currency(question, &totals.sums);
    rows::page(named.groups(figures, question, currency), question, currency)
}
