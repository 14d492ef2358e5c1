//! Sums over sessions by a name that they have in common, or by what they did.

use super::Question;
use super::group::Group;
use crate::figures::acts::Act;
use crate::figures::money::{Currency, Sums};
use crate::figures::origins::{Attribution, Part as Origin};
use crate::figures::pass::{Pairs, Part};
use crate::figures::totals::Counted;
use crate::figures::{DEVICE_CLASSES, Figures, Session};
use crate::goals::{Goal, Target};
use crate::tally::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What sessions are told apart by.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    Channel,
    Source,
    Medium,
    Campaign,
    Term,
    Content,
    LandingPage,
    ExitPage,
    Device,
    Visitor,
    Reason,
    Site,
    /// What a session did, each of which it may have done several of.
    Page,
    Search,
    Event,
    Goal,
    /// All that an origin says: what channel, source and campaign are summed up from together.
    #[serde(skip)]
    Origin,
}

/// Goals, by the names of events and pages that reach them.
#[derive(Default)]
pub(crate) struct Reached {
    events: Vec<Vec<usize>>,
    pages: Vec<Vec<usize>>,
    goals: usize,
}

impl Reached {
    pub(crate) fn new(figures: &Figures, goals: &[Goal]) -> Self {
        let by_name = |kind: Kind| {
            let names = figures.acts.names(kind);
            let of_kind = |goal: &Goal| matches!(goal.target, Target::Page(_)) == (kind == Kind::Page);
            let reached = |name: &str| -> Vec<usize> {
                let goals =
                    goals.iter().enumerate().filter(|(_, goal)| of_kind(goal) && goal.target.is_reached_by(name));
                goals.map(|(number, _)| number).collect()
            };
            (0..names.count()).map(|number| reached(names.text(number))).collect()
        };
        if goals.is_empty() {
            return Self::default();
        }
        Self { events: by_name(Kind::Event), pages: by_name(Kind::Page), goals: goals.len() }
    }

    fn of(&self, act: Act) -> &[usize] {
        let by_name = match act.kind {
            Kind::Event => &self.events,
            Kind::Page => &self.pages,
            _ => return &[],
        };
        by_name.get(usize::from(act.name)).map_or(&[], Vec::as_slice)
    }
}

/// Sums over sessions by their names' numbers.
pub(crate) struct Named<'a> {
    by: By,
    attribution: Attribution,
    reached: &'a Reached,
    counted: Vec<Counted>,
    sums: BTreeMap<usize, Sums>,
    /// Where it is asked for.
    visitors: Option<Pairs>,
    counts: Vec<i64>,
}

impl<'a> Named<'a> {
    pub(crate) fn new(
        figures: &Figures,
        by: By,
        question: &Question,
        reached: &'a Reached,
        with_visitors: bool,
    ) -> Self {
        let names = match by {
            By::Channel => figures.origins.names(Origin::Channel),
            By::Source => figures.origins.names(Origin::Source),
            By::Medium => figures.origins.names(Origin::Medium),
            By::Campaign => figures.origins.names(Origin::Campaign),
            By::Term => figures.origins.names(Origin::Term),
            By::Content => figures.origins.names(Origin::Content),
            By::LandingPage | By::ExitPage => figures.pages.count(),
            By::Page => figures.acts.pages.count(),
            By::Device => DEVICE_CLASSES.len(),
            By::Visitor => 2,
            By::Reason => figures.reasons.count(),
            By::Site => figures.sites.count(),
            By::Search => figures.acts.searches.count(),
            By::Event => figures.acts.events.count(),
            By::Goal => reached.goals,
            By::Origin => figures.origins.count(),
        };
        let counts = vec![0; if by.is_of_acts() { names } else { 0 }];
        let (attribution, counted) = (question.query.attribution, vec![Counted::default(); names]);
        let visitors = with_visitors.then(Pairs::default);
        Self { by, attribution, reached, counted, sums: BTreeMap::new(), visitors, counts }
    }

    fn number(&self, figures: &Figures, session: &Session) -> usize {
        let origin = |part: Origin| figures.origins.part(session.origin(self.attribution), part);
        match self.by {
            By::Channel => origin(Origin::Channel),
            By::Source => origin(Origin::Source),
            By::Medium => origin(Origin::Medium),
            By::Campaign => origin(Origin::Campaign),
            By::Term => origin(Origin::Term),
            By::Content => origin(Origin::Content),
            By::LandingPage => session.landing_page.into(),
            By::ExitPage => session.exit_page.into(),
            By::Device => session.device_class.into(),
            By::Visitor => usize::from(!session.is_first),
            By::Reason => session.reason.into(),
            By::Origin => session.origin(self.attribution) as usize,
            By::Site | By::Page | By::Search | By::Event | By::Goal => session.site.into(),
        }
    }

    fn count(&mut self, figures: &Figures, index: usize, session: &Session, number: usize) {
        self.counted[number].count(session);
        if session.transactions > 0 {
            self.sums.entry(number).or_default().sell(figures.orders(index));
        }
        if let Some(visitors) = &mut self.visitors {
            visitors.add(number, session.device);
        }
    }

    /// Goals count once a session, however many of their pages it saw.
    fn count_goals(&mut self, figures: &Figures, index: usize, session: &Session) {
        let mut counts = vec![0_i64; self.reached.goals];
        for act in figures.acts.of(index) {
            for goal in self.reached.of(*act) {
                counts[*goal] += i64::from(act.count);
            }
        }
        for (goal, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            self.counts[goal] += count;
            self.count(figures, index, session, goal);
        }
    }

    fn name<'f>(&self, figures: &'f Figures, goals: &'f [Goal], number: usize) -> &'f str {
        match self.by {
            By::Channel => figures.origins.text(Origin::Channel, number),
            By::Source => figures.origins.text(Origin::Source, number),
            By::Medium => figures.origins.text(Origin::Medium, number),
            By::Campaign => figures.origins.text(Origin::Campaign, number),
            By::Term => figures.origins.text(Origin::Term, number),
            By::Content => figures.origins.text(Origin::Content, number),
            By::LandingPage | By::ExitPage => figures.pages.text(number),
            By::Page => figures.acts.pages.text(number),
            By::Device => DEVICE_CLASSES[number],
            By::Visitor => ["new", "returning"][number],
            By::Reason => figures.reasons.text(number),
            By::Site => figures.sites.text(number),
            By::Search => figures.acts.searches.text(number),
            By::Event => figures.acts.events.text(number),
            By::Goal => &goals[number].name,
            By::Origin => "",
        }
    }

    /// Of sums by origin, those by a part of it.
    pub(crate) fn by_part(&self, figures: &Figures, by: By, part: Origin) -> Self {
        let counted = vec![Counted::default(); figures.origins.names(part)];
        let mut of_part = Self { by, counted, sums: BTreeMap::new(), visitors: None, counts: Vec::new(), ..*self };
        for (origin, counted) in self.counted.iter().enumerate().filter(|(_, counted)| counted.sessions > 0) {
            let number = figures.origins.part(origin as u32, part);
            of_part.counted[number] += *counted;
            if let Some(sums) = self.sums.get(&origin) {
                of_part.sums.entry(number).or_default().join(sums.clone());
            }
        }
        of_part
    }

    /// The groups that have sessions; of goals, all.
    pub(crate) fn groups(&self, figures: &Figures, question: &Question, currency: Option<Currency>) -> Vec<Group> {
        let visitors = self.visitors.as_ref().map(|visitors| visitors.by_name(self.counted.len()));
        let known = self.counted.iter().enumerate().filter(|(_, counted)| counted.sessions > 0 || self.by == By::Goal);
        let group = |(number, counted): (usize, &Counted)| {
            let sums = self.sums.get(&number).cloned().unwrap_or_default();
            let name = self.name(figures, &question.goals, number);
            let mut group = Group::new(name, counted, &sums, currency);
            group.visitors = visitors.as_ref().map(|visitors| visitors[number]);
            group.count = self.counts.get(number).copied();
            group
        };
        known.map(group).collect()
    }
}

impl By {
    /// Whether a session may have several of it.
    pub(crate) fn is_of_acts(self) -> bool {
        matches!(self, Self::Page | Self::Search | Self::Event | Self::Goal)
    }
}

impl Part for Named<'_> {
    fn visit(&mut self, figures: &Figures, index: usize, _: i64, session: &Session) {
        let kind = match self.by {
            By::Goal if self.reached.goals == 0 => return,
            By::Goal => return self.count_goals(figures, index, session),
            By::Page => Kind::Page,
            By::Search => Kind::Search,
            By::Event => Kind::Event,
            _ => return self.count(figures, index, session, self.number(figures, session)),
        };
        for act in figures.acts.of(index).iter().filter(|act| act.kind == kind) {
            self.counts[usize::from(act.name)] += i64::from(act.count);
            self.count(figures, index, session, act.name.into());
        }
    }

    fn join(&mut self, other: Self) {
        self.counted.iter_mut().zip(other.counted).for_each(|(all, part)| *all += part);
        self.counts.iter_mut().zip(other.counts).for_each(|(all, part)| *all += part);
        for (number, sums) in other.sums {
            self.sums.entry(number).or_default().join(sums);
        }
        if let (Some(visitors), Some(others)) = (&mut self.visitors, other.visitors) {
            visitors.join(others);
        }
    }

    fn finish(&mut self) {
        if let Some(visitors) = &mut self.visitors {
            visitors.finish();
        }
    }
}
