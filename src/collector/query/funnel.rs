//! How far sessions got, and where those left that got no further.

use super::Question;
use crate::amounts::{money, ratio};
use crate::figures::filter::{Filter, Wanted};
use crate::figures::money::Currency;
use crate::figures::pass::{self, Part};
use crate::figures::{Figures, Session};
use serde::Serialize;
use shopbell_core::event::{FUNNEL, FUNNEL_STEPS};
use std::collections::{BTreeMap, HashMap};

/// Pages that a step names at most.
const PAGES: usize = 10;

#[derive(Serialize)]
pub(crate) struct Step {
    pub(crate) step: &'static str,
    /// Sessions that took it.
    pub(crate) sessions: i64,
    /// Of those that took the step before, how many took this one too.
    pub(crate) rate: f64,
}

/// Sessions by the steps of the funnel that they took, as bits.
pub(crate) struct Steps(Vec<i64>);

impl Default for Steps {
    fn default() -> Self {
        Self(vec![0; 256])
    }
}

impl Part for Steps {
    fn visit(&mut self, _: &Figures, _: usize, _: i64, session: &Session) {
        self.0[usize::from(session.steps)] += 1;
    }

    fn join(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(all, part)| *all += part);
    }
}

impl Steps {
    fn with(&self, bits: usize) -> i64 {
        let those = self.0.iter().enumerate().filter(|(steps, _)| steps & bits == bits);
        those.map(|(_, sessions)| sessions).sum()
    }

    /// The steps that were taken: one that a site never tells is none of its funnel.
    pub(crate) fn funnel(&self) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        let mut before = (1, 0);
        for (place, step) in FUNNEL.lines().enumerate() {
            let bit = 1_usize << place;
            let sessions = self.with(bit);
            if place > 0 && sessions == 0 {
                continue;
            }
            let rate = if place == 0 { 1.0 } else { ratio(self.with(bit | before.0), before.1) };
            steps.push(Step { step, sessions, rate });
            before = (bit, sessions);
        }
        steps
    }
}

/// The funnel, where sessions left it, and what they left in their carts.
#[derive(Serialize)]
pub(crate) struct Funnel {
    pub(crate) steps: Vec<Left>,
    pub(crate) carts: Carts,
}

/// A step, and those who got no further.
#[derive(Serialize)]
pub(crate) struct Left {
    #[serde(flatten)]
    step: Step,
    /// Sessions of which it was the last step, and the pages that they saw last.
    left: i64,
    pages: Vec<Page>,
}

#[derive(Serialize)]
struct Page {
    name: String,
    sessions: i64,
}

/// Carts that something was put into.
#[derive(Serialize)]
pub(crate) struct Carts {
    sessions: i64,
    /// Those of sessions that are over and have no order, and what they are of all that are over.
    pub(crate) abandoned: i64,
    abandonment_rate: f64,
    /// Of these, those whose visitor has ordered since.
    recovered: i64,
    /// What was left in them.
    pub(crate) values: Vec<Value>,
}

#[derive(Serialize)]
pub(crate) struct Value {
    pub(crate) currency: Option<String>,
    pub(crate) sessions: i64,
    pub(crate) value: f64,
}

/// What a pass finds.
struct Found {
    now_ms: i64,
    /// By the page seen last, and the furthest step.
    left: Vec<[u32; FUNNEL_STEPS]>,
    carts: i64,
    open: i64,
    abandoned: Vec<(u32, i64)>,
    values: BTreeMap<Option<Currency>, (i64, i64)>,
}

impl Part for Found {
    fn visit(&mut self, figures: &Figures, index: usize, began_at: i64, session: &Session) {
        let furthest = usize::from(session.steps | 1).ilog2() as usize;
        self.left[usize::from(session.exit_page)][furthest.min(FUNNEL_STEPS - 1)] += 1;
        let Some(cart) = figures.acts.cart(figures.place(index)) else { return };
        self.carts += 1;
        if session.transactions > 0 {
            return;
        }
        if figures.recent.is_open(figures.place(index), self.now_ms) {
            self.open += 1;
            return;
        }
        self.abandoned.push((session.device, began_at));
        for (currency, gained) in cart {
            let value = self.values.entry(*currency).or_default();
            value.0 += 1;
            value.1 = value.1.saturating_add((*gained).max(0));
        }
    }

    fn join(&mut self, other: Self) {
        for (all, part) in self.left.iter_mut().zip(other.left) {
            all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
        }
        self.carts += other.carts;
        self.open += other.open;
        self.abandoned.extend(other.abandoned);
        for (currency, (sessions, value)) in other.values {
            let all = self.values.entry(currency).or_default();
            (all.0, all.1) = (all.0 + sessions, all.1.saturating_add(value));
        }
    }
}

/// The funnel of the sessions that a question is about.
pub(crate) fn funnel(figures: &Figures, question: &Question) -> Funnel {
    let filter = question.filter(figures, question.period.all);
    let empty = || {
        let found = Found {
            now_ms: question.now_ms,
            left: vec![[0; FUNNEL_STEPS]; figures.pages.count()],
            carts: 0,
            open: 0,
            abandoned: Vec::new(),
            values: BTreeMap::new(),
        };
        (Steps::default(), found)
    };
    let (steps, found) = pass::sum(figures, &filter, empty);
    let left = |step: Step| {
        let place = FUNNEL.lines().position(|name| name == step.step).unwrap_or(0);
        let mut pages: Vec<(u32, usize)> = found
            .left
            .iter()
            .enumerate()
            .map(|(page, left)| (left[place], page))
            .filter(|(left, _)| *left > 0)
            .collect();
        pages.sort_unstable_by(|one, other| other.cmp(one));
        let left = pages.iter().map(|(left, _)| i64::from(*left)).sum();
        let named = |(sessions, page): &(u32, usize)| Page {
            name: figures.pages.text(*page).to_owned(),
            sessions: i64::from(*sessions),
        };
        Left { step, left, pages: pages.iter().take(PAGES).map(named).collect() }
    };
    Funnel { steps: steps.funnel().into_iter().map(left).collect(), carts: carts(figures, question, &found) }
}

fn carts(figures: &Figures, question: &Question, found: &Found) -> Carts {
    let abandoned = found.abandoned.len() as i64;
    let value = |(currency, (sessions, value)): (&Option<Currency>, &(i64, i64))| Value {
        currency: currency.map(|code| String::from_utf8_lossy(&code).into_owned()),
        sessions: *sessions,
        value: money(*value),
    };
    let mut values: Vec<_> = found.values.iter().map(value).collect();
    values.sort_by_key(|value| -value.sessions);
    Carts {
        sessions: found.carts,
        abandoned,
        abandonment_rate: ratio(abandoned, found.carts - found.open),
        recovered: recovered(figures, question, &found.abandoned),
        values,
    }
}

/// How many of those who left a cart have ordered since, on whichever day.
fn recovered(figures: &Figures, question: &Question, abandoned: &[(u32, i64)]) -> i64 {
    let mut ordered: HashMap<u32, i64> =
        abandoned.iter().filter(|(device, _)| *device > 0).map(|(device, _)| (*device, i64::MIN)).collect();
    let of_site = Wanted { site: question.query.site.as_deref(), ..Wanted::default() };
    let filter = Filter::new(figures, of_site, (i64::MIN, i64::MAX), None);
    for (_, began_at, session) in figures.chosen(0..figures.count(), &filter) {
        if session.transactions > 0
            && let Some(latest) = ordered.get_mut(&session.device)
        {
            *latest = (*latest).max(began_at);
        }
    }
    let has_ordered = |(device, began_at): &&(u32, i64)| ordered.get(device).is_some_and(|latest| latest > began_at);
    abandoned.iter().filter(has_ordered).count() as i64
}

#[cfg(test)]
mod tests {
    use super::Steps;

    /// The step of those who only looked, as a bit.
    const VISIT: usize = 1;

    #[test]
    fn steps_that_nobody_took_are_none() {
        let mut steps = Steps::default();
        // Visit; visit and cart; visit, cart and purchase; a purchase that no cart was before.
        for (bits, sessions) in [(VISIT, 10), (VISIT | 4, 6), (VISIT | 4 | 64, 3), (VISIT | 64, 1)] {
            steps.0[bits] = sessions;
        }
        let found: Vec<_> = steps.funnel().iter().map(|step| (step.step, step.sessions, step.rate)).collect();
        assert_eq!(found, [("visit", 20, 1.0), ("add_to_cart", 9, 9.0 / 20.0), ("purchase", 4, 3.0 / 9.0)]);
    }
}
