//! Texts that many sessions share, as small numbers.

use std::collections::HashMap;

/// Longest name, in characters: what is longer differs in its beginning, or counts as one.
const CHARS_MAX: usize = 256;
/// What stands for all names that come when there are too many.
pub(crate) const OTHER: &str = "(other)";

/// Up to 65,535 names, by the numbers that sessions know them by.
pub(crate) struct Names {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u16>,
}

impl Default for Names {
    fn default() -> Self {
        Self { texts: vec![OTHER.into()], numbers: HashMap::from([(OTHER.into(), 0)]) }
    }
}

impl Names {
    /// The number of a name, which it has from now on.
    pub(crate) fn number(&mut self, name: &str) -> u16 {
        let name = cut(name);
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let Ok(number) = u16::try_from(self.texts.len()) else { return 0 };
        self.texts.push(name.into());
        self.numbers.insert(name.into(), number);
        number
    }

    /// The number of a name, if it has one.
    pub(crate) fn find(&self, name: &str) -> Option<u16> {
        self.numbers.get(cut(name)).copied()
    }

    pub(crate) fn text(&self, number: usize) -> &str {
        self.texts.get(number).map_or(OTHER, |text| text)
    }

    pub(crate) fn count(&self) -> usize {
        self.texts.len()
    }
}

fn cut(name: &str) -> &str {
    name.char_indices().nth(CHARS_MAX).map_or(name, |(end, _)| &name[..end])
}

#[cfg(test)]
mod tests {
    use super::{CHARS_MAX, Names, OTHER};

    #[test]
    fn names_have_numbers_until_there_are_too_many() {
        let mut names = Names::default();
        assert_eq!((names.number("a"), names.number("b"), names.number("a")), (1, 2, 1));
        assert_eq!((names.find("b"), names.find("c"), names.text(2)), (Some(2), None, "b"));
        let long = "é".repeat(CHARS_MAX);
        assert_eq!(names.number(&long), names.number(&format!("{long} and more")));
        for number in 0..70_000 {
            names.number(&number.to_string());
        }
        assert_eq!((names.number("one more"), names.text(0), names.count()), (0, OTHER, 65_536));
    }
}
