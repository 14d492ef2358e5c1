//! The sites that are taken, and from which origins.

use axum::http::{HeaderMap, header};
use std::str::FromStr;
use url::Url;

/// A site, as `--site` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    name: String,
    /// Any, if none are given.
    origins: Vec<String>,
}

impl FromStr for Site {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, origins) = text.split_once('=').unwrap_or((text, ""));
        let origin = |text: &str| {
            let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            url.map(|url| url.origin().ascii_serialization())
        };
        let origins: Option<_> = origins.split(',').filter(|origin| !origin.is_empty()).map(origin).collect();
        match origins {
            Some(origins) if !name.is_empty() => Ok(Self { name: name.to_owned(), origins }),
            _ => Err(format!(
                "{text:?} is no site; accepted is its name, with the origins that may tell of it if not all may: shop=https://shop.example,https://www.shop.example"
            )),
        }
    }
}

/// The sites of a collector; any, if none are named.
#[derive(Clone, Debug, Default)]
pub struct Sites(Vec<Site>);

impl Sites {
    /// These, or any if there are none.
    pub fn new(sites: Vec<Site>) -> Self {
        Self(sites)
    }

    /// Whether a batch of this site is taken. With the token it is from anywhere.
    pub(crate) fn check(&self, site: &str, headers: &HeaderMap, has_token: bool) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        let Some(site) = self.0.iter().find(|known| known.name == site) else {
            return Err(
                "site is none that is taken here; accepted are those that the collector was given by --site".to_owned()
            );
        };
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let is_one =
            site.origins.is_empty() || origin.is_some_and(|origin| site.origins.iter().any(|one| one == origin));
        if is_one || has_token {
            return Ok(());
        }
        Err("this origin does not tell of that site; accepted are those that the collector was given by --site"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{Site, Sites};
    use axum::http::{HeaderMap, HeaderValue, header};

    #[test]
    fn which_sites_are_taken_from_where() {
        let sites = ["shop=https://shop.example,https://WWW.shop.example:443/", "blog"];
        let sites = Sites::new(sites.iter().map(|site| site.parse::<Site>().expect("a site")).collect());
        let check = |site: &str, origin: &str, has_token: bool, expected: bool| {
            let mut headers = HeaderMap::new();
            if !origin.is_empty() {
                headers.insert(header::ORIGIN, HeaderValue::from_str(origin).expect("a value"));
            }
            assert_eq!(sites.check(site, &headers, has_token).is_ok(), expected, "{site} {origin} {has_token}");
        };
        check("shop", "https://shop.example", false, true);
        check("shop", "https://www.shop.example", false, true);
        for origin in
            ["", "null", "http://shop.example", "https://shop.example.evil.example", "https://shop.example:8443"]
        {
            check("shop", origin, false, false);
            check("shop", origin, true, true);
            check("blog", origin, false, true);
        }
        check("Shop", "https://shop.example", false, false);
        check("other", "https://shop.example", true, false);
        assert!(Sites::default().check("anything", &HeaderMap::new(), false).is_ok());
        for text in ["", "=https://shop.example", "shop=shop.example", "shop=ftp://shop.example"] {
            assert!(text.parse::<Site>().is_err_and(|sentence| sentence.contains("accepted is")), "{text}");
        }
    }
}
