//! What a site wants of its visitors: an event, or a page.

use std::str::FromStr;

/// A goal, as `--goal` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// Of all sites, if none is named.
    site: Option<String>,
    pub(crate) name: String,
    pub(crate) target: Target,
}

/// What reaches a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Event(String),
    /// A path; a star at its end stands for anything.
    Page(String),
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no goal; accepted is its name and the event or the path that reaches it: Newsletter=sign_up, Contact=/contact*, or shop:Newsletter=sign_up for one site"
            )
        };
        let (name, target) = text.split_once('=').ok_or_else(wrong)?;
        let (site, name) = match name.split_once(':') {
            Some((site, name)) => (Some(site.trim().to_owned()), name.trim()),
            None => (None, name.trim()),
        };
        let target = target.trim();
        if name.is_empty() || target.is_empty() || site.as_ref().is_some_and(String::is_empty) {
            return Err(wrong());
        }
        let target =
            if target.starts_with('/') { Target::Page(target.to_owned()) } else { Target::Event(target.to_owned()) };
        Ok(Self { site, name: name.to_owned(), target })
    }
}

impl Goal {
    /// Whether it is one of this site's; of no site in particular, all are.
    pub(crate) fn is_of(&self, site: Option<&str>) -> bool {
        self.site.as_deref().is_none_or(|own| site.is_none_or(|site| site == own))
    }
}

impl Target {
    /// Whether a path or an event's name is it.
    pub(crate) fn is_reached_by(&self, name: &str) -> bool {
        match self {
            Self::Event(event) => event == name,
            Self::Page(path) => path.strip_suffix('*').map_or(path == name, |start| name.starts_with(start)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Goal;

    #[test]
    fn what_is_a_goal_and_what_reaches_it() {
        #[track_caller]
        fn check(text: &str, site: Option<&str>, reached_by: &str, expected: bool) {
            let goal: Goal = text.parse().expect("a goal");
            assert_eq!(goal.is_of(site) && goal.target.is_reached_by(reached_by), expected, "{text} {reached_by}");
        }
        check("Newsletter=sign_up", Some("shop"), "sign_up", true);
        check("Newsletter=sign_up", Some("shop"), "sign_up_again", false);
        check("Contact = /contact*", None, "/contact/us", true);
        check("Contact=/contact*", None, "/about", false);
        check("Contact=/contact", None, "/contact/us", false);
        check("shop:Contact=/contact", Some("shop"), "/contact", true);
        check("shop:Contact=/contact", Some("blog"), "/contact", false);
        check("A=b=c", None, "b=c", true);
        for text in ["", "Newsletter", "=sign_up", "Newsletter=", ":a=b", "shop:=b"] {
            assert!(text.parse::<Goal>().is_err_and(|sentence| sentence.contains("accepted is")), "{text}");
        }
    }
}
