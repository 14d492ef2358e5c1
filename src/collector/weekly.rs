//! A week in a page: what an owner reads on Monday, as HTML or text that a cron job can mail.

use crate::clock::now_ms;
use crate::figures::Figures;
use crate::goals::Goal;
use crate::query::funnel::funnel;
use crate::query::group::Group;
use crate::query::period::{Period, When};
use crate::query::products::products;
use crate::query::report::{Report, report};
use crate::query::rows::Row;
use crate::query::summary::Summary;
use crate::query::{Query, Question};
use crate::schema;
use crate::store::path_of;
use anyhow::{Context, Error, Result, bail};
use clap::ValueEnum;
use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rusqlite::Connection;
use std::fmt::Write;
use std::str::FromStr;

/// Rows of a table.
const ROWS: usize = 7;
/// Longest name, in characters: a mail is narrow.
const NAME_CHARS_MAX: usize = 48;

/// A week of a year, as ISO 8601 writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week(ISOWeekDate);

impl FromStr for Week {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no week; accepted is one such as 2026-W48");
        let (year, week) = text.split_once("-W").ok_or_else(wrong)?;
        let (year, week) = (year.parse().map_err(|_| wrong())?, week.parse().map_err(|_| wrong())?);
        ISOWeekDate::new(year, week, Weekday::Monday).map(Self).map_err(|_| wrong())
    }
}

/// How a summary is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Lines of plain text.
    Text,
    /// A page of its own, without anything that is loaded.
    Html,
}

/// Which week of which site is asked for.
pub struct Asked {
    /// One site, in the place of all.
    pub site: Option<String>,
    /// The last that is over, if none is named.
    pub week: Option<Week>,
    /// The time zone that days are of.
    pub zone: TimeZone,
    /// What sites want of their visitors.
    pub goals: Vec<Goal>,
}

/// A part of a summary.
struct Table {
    title: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// What a week of a site came to, beside the week before.
pub fn weekly(store: &str, asked: Asked, form: Form) -> Result<String> {
    let path = path_of(store)?;
    if !path.exists() {
        bail!("the store {} is not there", path.display());
    }
    let connection = schema::open(&path)?;
    let mut other = schema::connect(&path)?;
    let figures = Figures::load(&connection, &mut other).context("the store cannot be read")?;
    let Asked { site, week, zone, goals } = asked;
    let now_ms = now_ms() as i64;
    let monday = week.map_or_else(|| last_monday(now_ms, &zone), |week| week.0.date());
    let sunday = monday.checked_add(6.days())?;
    let days = (Some(When::Day(monday)), Some(When::Day(sunday)));
    let period = Period::new(None, days, zone, now_ms).map_err(Error::msg)?;
    let goals = goals.into_iter().filter(|goal| goal.is_of(site.as_deref())).collect();
    let title = format!("{}, {monday} to {sunday}", site.as_deref().unwrap_or("All sites"));
    let query = Query { site, compare: true, sort: Some("revenue".to_owned()), ..Query::default() };
    let tables = tables(&connection, &figures, &Question { query, period, now_ms, goals })?;
    Ok(match form {
        Form::Text => text(&title, &tables),
        Form::Html => html(&title, &tables),
    })
}

/// The Monday of the last week that is over.
fn last_monday(now_ms: i64, zone: &TimeZone) -> Date {
    let today = Timestamp::from_millisecond(now_ms).unwrap_or_default().to_zoned(zone.clone()).date();
    let back = i32::from(today.weekday().to_monday_zero_offset()) + 7;
    today.checked_sub(back.days()).unwrap_or(today)
}

fn tables(connection: &Connection, figures: &Figures, question: &Question) -> Result<Vec<Table>> {
    let report = report(connection, figures, question)?.map_err(Error::msg)?;
    let code = report.summary.currency.clone();
    let currency = code.as_deref();
    let products = products(connection, figures, question)?.map_err(Error::msg)?;
    let product = |product: &crate::query::products::Product| {
        vec![short(product.name()), product.orders.to_string(), money(product.revenue, currency)]
    };
    let sold = products.rows.iter().filter(|product| product.orders > 0).take(ROWS).map(product).collect();
    let carts = funnel(figures, question).carts;
    let left = carts
        .values
        .iter()
        .take(ROWS)
        .map(|left| vec![left.sessions.to_string(), money(left.value, left.currency.as_deref())]);
    let goal = |goal: &Group| vec![short(&goal.name), goal.sessions.to_string()];
    let missing = vec![
        vec!["Events that are missing".to_owned(), report.missing_events.to_string()],
        vec!["Orders that the server alone told".to_owned(), report.orders_without_page.to_string()],
    ];
    let groups = |title, groups: &[Group]| Table {
        title,
        head: vec!["Name", "Sessions", "Orders", "Revenue"],
        rows: groups
            .iter()
            .take(ROWS)
            .map(|group| {
                let counts = [group.sessions, group.transactions].map(|count| count.to_string());
                vec![short(&group.name), counts[0].clone(), counts[1].clone(), money(group.revenue, currency)]
            })
            .collect(),
    };
    let tables = vec![
        Table {
            title: "The week",
            head: vec!["", "This week", "The week before", "Change"],
            rows: figures_of(&report),
        },
        groups("Sources", &report.sources),
        groups("Campaigns", &report.campaigns),
        groups("Landing pages", &report.landing_pages),
        Table { title: "Products", head: vec!["Product", "Orders", "Revenue"], rows: sold },
        Table { title: "Abandoned carts", head: vec!["Carts", "Value"], rows: left.collect() },
        Table { title: "Goals", head: vec!["Goal", "Sessions"], rows: report.goals.iter().map(goal).collect() },
        Table { title: "What is missing", head: vec!["", "Number"], rows: missing },
    ];
    Ok(tables.into_iter().filter(|table| !table.rows.is_empty()).collect())
}

/// Figures beside those of the week before.
fn figures_of(report: &Report) -> Vec<Vec<String>> {
    let (now, before) = (&report.summary, report.previous.as_ref());
    let row = |name: &str, of: &dyn Fn(&Summary) -> (f64, String)| {
        let ((value, shown), earlier) = (of(now), before.map(of));
        let change = match &earlier {
            Some((earlier, _)) if *earlier > 0.0 => format!("{:+.0} %", (value / earlier - 1.0) * 100.0),
            _ => String::new(),
        };
        vec![name.to_owned(), shown, earlier.map(|(_, shown)| shown).unwrap_or_default(), change]
    };
    let count = |count: i64| (count as f64, count.to_string());
    let mut rows = vec![
        row("Sessions", &|week| count(week.sessions)),
        row("Visitors", &|week| count(week.visitors)),
        row("Orders", &|week| count(week.transactions)),
        row("Conversion", &|week| (week.conversion_rate, format!("{:.1} %", week.conversion_rate * 100.0))),
        row("Average order", &|week| {
            (week.average_order_value, money(week.average_order_value, week.currency.as_deref()))
        }),
    ];
    for sold in now.revenues.iter().take(ROWS) {
        let code = sold.currency.as_deref();
        let of = |week: &Summary, net: bool| {
            let found = week.revenues.iter().find(|one| one.currency == sold.currency);
            let value = found.map_or(0.0, |one| if net { one.net_revenue } else { one.revenue });
            (value, money(value, code))
        };
        rows.push(row("Revenue", &|week| of(week, false)));
        if sold.refunds > 0.0 {
            rows.push(row("Net revenue", &|week| of(week, true)));
        }
    }
    rows
}

/// An amount with its currency behind it, thousands apart.
fn money(value: f64, currency: Option<&str>) -> String {
    let text = format!("{value:.2}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 && digit.is_ascii_digit() && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{fraction} {}", currency.unwrap_or_default()).trim_end().to_owned()
}

/// A name in one line, without its middle where it is long.
fn short(name: &str) -> String {
    let name: String = name.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let count = name.chars().count();
    match count {
        0 => "(none)".to_owned(),
        _ if count <= NAME_CHARS_MAX => name,
        _ => {
            let half = NAME_CHARS_MAX / 2;
            let begin: String = name.chars().take(half).collect();
            let end: String = name.chars().skip(count - half + 1).collect();
            format!("{begin}…{end}")
        }
    }
}

fn text(title: &str, tables: &[Table]) -> String {
    let mut out = format!("{}\n{}\n", short(title), "=".repeat(short(title).chars().count()));
    for table in tables {
        let _ = write!(out, "\n{}\n", table.title);
        let head: Vec<String> = table.head.iter().map(|&cell| cell.to_owned()).collect();
        let lines: Vec<&Vec<String>> = [&head].into_iter().chain(&table.rows).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..table.head.len()).map(width).collect();
        for line in lines {
            let cell = |(column, (cell, width)): (usize, (&String, &usize))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            };
            let cells: Vec<String> = line.iter().zip(&widths).enumerate().map(cell).collect();
            let _ = writeln!(out, "  {}", cells.join("  ").trim_end());
        }
    }
    out
}

fn html(title: &str, tables: &[Table]) -> String {
    let title = escaped(&short(title));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <body style=\"font:15px/1.5 sans-serif;max-width:40em;margin:1em auto;padding:0 1em\">\n<h1 style=\"font-size:1.3em\">{title}</h1>\n"
    );
    for table in tables {
        let _ = writeln!(
            out,
            "<h2 style=\"font-size:1.05em\">{}</h2>\n<table style=\"width:100%;border-collapse:collapse\">",
            table.title
        );
        let head: Vec<String> = table.head.iter().map(|&cell| cell.to_owned()).collect();
        row(&mut out, "th", &head);
        table.rows.iter().for_each(|cells| row(&mut out, "td", cells));
        out.push_str("</table>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn row(out: &mut String, tag: &str, cells: &[String]) {
    out.push_str("<tr>");
    for (column, cell) in cells.iter().enumerate() {
        let side = if column == 0 { "left" } else { "right" };
        let _ = write!(
            out,
            "<{tag} style=\"text-align:{side};padding:.2em .4em;border-bottom:1px solid #ddd;font-weight:400\">{}</{tag}>",
            escaped(cell)
        );
    }
    out.push_str("</tr>\n");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Week, html, last_monday, money, short, text};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    #[test]
    fn weeks_begin_on_mondays() {
        let monday = |now: &str| {
            let now = now.parse::<Timestamp>().expect("a time").as_millisecond();
            last_monday(now, &TimeZone::get("Europe/Berlin").expect("a zone")).to_string()
        };
        assert_eq!(monday("2026-11-30T05:00:00Z"), "2026-11-23");
        assert_eq!(monday("2026-11-29T22:30:00Z"), "2026-11-16");
        assert_eq!(monday("2026-11-29T23:30:00Z"), "2026-11-23");
        assert_eq!("2026-W48".parse::<Week>().map(|week| week.0.date().to_string()).as_deref(), Ok("2026-11-23"));
        for text in ["", "2026", "2026-W54", "2026-48", "W48"] {
            assert!(text.parse::<Week>().is_err_and(|sentence| sentence.contains("accepted is")), "{text}");
        }
    }

    #[test]
    fn amounts_and_names_are_readable() {
        assert_eq!(money(1_234_567.891, Some("EUR")), "1,234,567.89 EUR");
        assert_eq!((money(0.0, None), money(-1_234.5, Some("USD"))), ("0.00".to_owned(), "-1,234.50 USD".to_owned()));
        assert_eq!(money(-123.0, None), "-123.00");
        assert_eq!((short("a\nb"), short("")), ("a b".to_owned(), "(none)".to_owned()));
        assert_eq!(short(&"x".repeat(8_000)).chars().count(), 48);
    }

    #[test]
    fn names_are_no_markup() {
        let table =
            super::Table { title: "T", head: vec!["A", "B"], rows: vec![vec!["<b>\"&".to_owned(), "1".to_owned()]] };
        let page = html("<script>", std::slice::from_ref(&table));
        assert!(page.contains("&lt;b&gt;&quot;&amp;") && page.contains("<title>&lt;script&gt;</title>"), "{page}");
        assert_eq!(text("T", &[table]), "T\n=\n\nT\n  A      B\n  <b>\"&  1\n");
    }
}
