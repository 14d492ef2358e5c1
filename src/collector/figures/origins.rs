//! Where sessions came from, as small numbers: few origins are shared by many sessions.

use super::names::Names;
use crate::batch::Source;
use serde::Deserialize;
use shopbell_core::attribution::DIRECT;
use std::collections::HashMap;

/// What an origin says.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Channel,
    Source,
    Medium,
    Campaign,
    Term,
    Content,
}

impl Part {
    pub(crate) const ALL: [Self; 6] =
        [Self::Channel, Self::Source, Self::Medium, Self::Campaign, Self::Term, Self::Content];
}

/// Of which visit the origin counts.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Attribution {
    #[default]
    Session,
    FirstTouch,
    LastNonDirect,
}

/// The numbers of an origin's names.
type Origin = [u16; 6];

/// All origins of a store.
#[derive(Default)]
pub(crate) struct Origins {
    known: Vec<Origin>,
    numbers: HashMap<Origin, u32>,
    names: [Names; 6],
}

impl Origins {
    /// The number of an origin by its parts, which it has from now on.
    pub(crate) fn number(&mut self, parts: [&str; 6]) -> u32 {
        let mut origin = Origin::default();
        for ((number, names), part) in origin.iter_mut().zip(&mut self.names).zip(parts) {
            *number = names.number(part);
        }
        let next = self.known.len() as u32;
        let number = *self.numbers.entry(origin).or_insert(next);
        if number == next {
            self.known.push(origin);
        }
        number
    }

    /// The number of an origin that is stored as JSON; of what is none, the one that stands in for it.
    pub(crate) fn number_of_json(&mut self, json: Option<&str>, instead: u32) -> u32 {
        let source: Option<Source> = json.and_then(|json| serde_json::from_str(json).ok());
        source.map_or(instead, |source| {
            let text = |value: &Option<String>| value.clone().unwrap_or_default();
            let [channel, campaign, term, content] =
                [&source.channel, &source.campaign, &source.term, &source.content].map(text);
            self.number([&channel, some_source(&source.source), &source.medium, &campaign, &term, &content])
        })
    }

    /// The number of a part's name, if it has one.
    pub(crate) fn find(&self, part: Part, name: &str) -> Option<u16> {
        self.names[part as usize].find(name)
    }

    /// What a part's number is called.
    pub(crate) fn text(&self, part: Part, number: usize) -> &str {
        self.names[part as usize].text(number)
    }

    pub(crate) fn count(&self) -> usize {
        self.known.len()
    }

    pub(crate) fn names(&self, part: Part) -> usize {
        self.names[part as usize].count()
    }

    /// The number of an origin's part.
    pub(crate) fn part(&self, origin: u32, part: Part) -> usize {
        self.known.get(origin as usize).map_or(0, |origin| usize::from(origin[part as usize]))
    }

    /// Of each origin, whether its parts are those that are wanted.
    pub(crate) fn matching(&self, wanted: &[(Part, u16)]) -> Vec<bool> {
        let is_it = |origin: &Origin| wanted.iter().all(|(part, number)| origin[*part as usize] == *number);
        self.known.iter().map(is_it).collect()
    }
}

/// The name of a source; of none, the one that a visitor has who came from nowhere that shows.
pub(crate) fn some_source(name: &str) -> &str {
    if name.is_empty() { DIRECT } else { name }
}
