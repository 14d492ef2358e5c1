//! Which time a question is about: in the calendar of the site's time zone, with the time before that it is compared with.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Deserializer};

/// A moment in Unix milliseconds, or a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum When {
    Moment(i64),
    Day(Date),
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let moment = text.parse().map(Self::Moment).ok();
        let wrong = || serde::de::Error::custom("accepted is a day such as 2026-11-30, or Unix milliseconds");
        moment.or_else(|| text.parse().map(Self::Day).ok()).ok_or_else(wrong)
    }
}

/// A time that is named by how it lies to now.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum Name {
    #[serde(rename = "today")]
    Today,
    #[serde(rename = "yesterday")]
    Yesterday,
    /// So many days, today among them.
    #[serde(rename = "7d")]
    Days7,
    #[serde(rename = "30d")]
    Days30,
    #[serde(rename = "90d")]
    Days90,
    #[serde(rename = "365d")]
    Days365,
    /// Weeks begin on Mondays (ISO 8601).
    #[serde(rename = "this_week")]
    ThisWeek,
    #[serde(rename = "last_week")]
    LastWeek,
    #[serde(rename = "this_month")]
    ThisMonth,
    #[serde(rename = "last_month")]
    LastMonth,
    #[serde(rename = "this_year")]
    ThisYear,
    #[serde(rename = "last_year")]
    LastYear,
    #[serde(rename = "all")]
    All,
}

/// A stretch of time, from a moment on to before another.
pub(crate) type Stretch = (i64, i64);

/// The time of a question.
#[derive(Clone, Debug)]
pub(crate) struct Period {
    pub(crate) zone: TimeZone,
    pub(crate) all: Stretch,
    /// The time before that is as long: as much of it as has passed of this one. None where this one has no beginning or no end.
    pub(crate) before: Option<Stretch>,
    /// Whether what it is depends on when it is asked.
    pub(crate) is_relative: bool,
}

/// What one time is longer than another by.
#[derive(Clone, Copy)]
enum Length {
    Days(i32),
    Months(i16),
}

impl Length {
    fn before(self, date: Date) -> Option<Date> {
        match self {
            Self::Days(days) => date.checked_sub(days.days()).ok(),
            Self::Months(months) => date.checked_sub(months.months()).ok(),
        }
    }

    fn before_now(self, now: &Zoned) -> Option<i64> {
        let then = match self {
            Self::Days(days) => now.checked_sub(days.days()),
            Self::Months(months) => now.checked_sub(months.months()),
        };
        then.ok().map(|then| then.timestamp().as_millisecond())
    }
}

impl Period {
    /// The time that a name, or a beginning and an end, say.
    pub(crate) fn new(
        name: Option<Name>,
        (from, to): (Option<When>, Option<When>),
        zone: TimeZone,
        now_ms: i64,
    ) -> Result<Self, String> {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or_default().to_zoned(zone.clone());
        match (name, from, to) {
            (None | Some(Name::All), None, None) => {
                Ok(Self { zone, all: (i64::MIN, i64::MAX), before: None, is_relative: false })
            }
            (Some(name), None, None) => {
                let (first, last, length) = days(name, now.date());
                Ok(Self { is_relative: true, ..Self::of_days((first, last), length, &now) })
            }
            (None, Some(When::Day(first)), Some(When::Day(last))) => {
                let days = first.until(last).map_or(0, |span| span.get_days()).saturating_add(1);
                let last = last.tomorrow().unwrap_or(last);
                Ok(Self::of_days((first, last), Length::Days(days), &now))
            }
            (None, from, to) => {
                let start = |when: When| match when {
                    When::Moment(moment) => moment,
                    When::Day(day) => start_of(day, &zone),
                };
                let end = |when: When| match when {
                    When::Moment(moment) => moment,
                    When::Day(day) => day.tomorrow().map_or(i64::MAX, |day| start_of(day, &zone)),
                };
                let all = (from.map_or(i64::MIN, start), to.map_or(i64::MAX, end));
                let length_ms = all.1.saturating_sub(all.0);
                let is_limited = from.is_some() && to.is_some() && length_ms > 0;
                let before = is_limited.then(|| (all.0.saturating_sub(length_ms), all.0));
                Ok(Self { before, all, is_relative: false, zone })
            }
            (Some(_), ..) => Err("period and from or to exclude each other; accepted is one of them".to_owned()),
        }
    }

    fn of_days((first, last): (Date, Date), length: Length, now: &Zoned) -> Self {
        let zone = now.time_zone();
        let all = (start_of(first, zone), start_of(last, zone));
        let now_ms = now.timestamp().as_millisecond();
        let is_going_on = (all.0..all.1).contains(&now_ms);
        let before = length.before(first).map(|first| {
            let end = if is_going_on { length.before_now(now) } else { None };
            (start_of(first, zone), end.unwrap_or(all.0).min(all.0))
        });
        Self { zone: zone.clone(), all, before, is_relative: is_going_on }
    }
}

/// The first day of a named time, the one after its last, and how far the time before lies back.
fn days(name: Name, today: Date) -> (Date, Date, Length) {
    let back = |days: i32| today.checked_sub(days.days()).unwrap_or(Date::MIN);
    let tomorrow = today.tomorrow().unwrap_or(Date::MAX);
    let last_days = |days: i32| (back(days - 1), tomorrow, Length::Days(days));
    let months = |first: Date, months: i16| {
        (first, first.checked_add(months.months()).unwrap_or(Date::MAX), Length::Months(months))
    };
    let monday = back(i32::from(today.weekday().to_monday_zero_offset()));
    let week = |first: Date| (first, first.checked_add(7.days()).unwrap_or(Date::MAX), Length::Days(7));
    let earlier = |date: Date, months: i16| date.checked_sub(months.months()).unwrap_or(Date::MIN);
    match name {
        Name::Today => last_days(1),
        Name::Yesterday => (back(1), today, Length::Days(1)),
        Name::Days7 => last_days(7),
        Name::Days30 => last_days(30),
        Name::Days90 => last_days(90),
        Name::Days365 => last_days(365),
        Name::ThisWeek => week(monday),
        Name::LastWeek => week(monday.checked_sub(7.days()).unwrap_or(Date::MIN)),
        Name::ThisMonth => months(today.first_of_month(), 1),
        Name::LastMonth => months(earlier(today.first_of_month(), 1), 1),
        Name::ThisYear => months(today.first_of_year(), 12),
        Name::LastYear => months(earlier(today.first_of_year(), 12), 12),
        Name::All => (Date::MIN, Date::MAX, Length::Days(1)),
    }
}

/// When a day begins: not always at midnight.
pub(super) fn start_of(day: Date, zone: &TimeZone) -> i64 {
    let start = day.to_zoned(zone.clone()).and_then(|zoned| zoned.start_of_day());
    start.map_or(i64::MAX, |start| start.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::{Name, Period, When};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    fn shown(moment: i64) -> String {
        Timestamp::from_millisecond(moment).map_or_else(|_| "never".to_owned(), |moment| moment.to_string())
    }

    #[track_caller]
    fn check(name: Name, now: &str, all: (&str, &str), before: (&str, &str)) {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let period = Period::new(Some(name), (None, None), zone, ms(now)).expect("a time");
        let found = [period.all, period.before.expect("a time before")];
        let found = found.map(|(from, to)| (shown(from), shown(to)));
        let expected = [all, before].map(|(from, to)| (from.to_owned(), to.to_owned()));
        assert_eq!(found, expected, "{name:?} at {now}");
    }

    #[test]
    fn times_lie_to_now_by_the_calendar() {
        // The clocks went forward on March 29th: a day of 23 hours.
        check(
            Name::Today,
            "2026-03-29T10:00:00Z",
            ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("2026-03-27T23:00:00Z", "2026-03-28T11:00:00Z"),
        );
        check(
            Name::Yesterday,
            "2026-03-30T10:00:00Z",
            ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z"),
        );
        check(
            Name::Days7,
            "2026-03-30T10:00:00Z",
            ("2026-03-23T23:00:00Z", "2026-03-30T22:00:00Z"),
            ("2026-03-16T23:00:00Z", "2026-03-23T11:00:00Z"),
        );
        check(
            Name::LastWeek,
            "2026-04-01T10:00:00Z",
            ("2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"),
            ("2026-03-15T23:00:00Z", "2026-03-22T23:00:00Z"),
        );
        check(
            Name::ThisWeek,
            "2026-11-30T00:30:00Z",
            ("2026-11-29T23:00:00Z", "2026-12-06T23:00:00Z"),
            ("2026-11-22T23:00:00Z", "2026-11-23T00:30:00Z"),
        );
        check(
            Name::ThisMonth,
            "2026-03-31T10:00:00Z",
            ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"),
            ("2026-01-31T23:00:00Z", "2026-02-28T11:00:00Z"),
        );
        check(
            Name::LastMonth,
            "2026-03-31T10:00:00Z",
            ("2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z"),
            ("2025-12-31T23:00:00Z", "2026-01-31T23:00:00Z"),
        );
        check(
            Name::LastYear,
            "2026-03-31T10:00:00Z",
            ("2024-12-31T23:00:00Z", "2025-12-31T23:00:00Z"),
            ("2023-12-31T23:00:00Z", "2024-12-31T23:00:00Z"),
        );
    }

    #[test]
    fn days_and_moments() {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        let now = ms("2026-03-31T10:00:00Z");
        let day = |text: &str| Some(When::Day(text.parse().expect("a day")));
        let of = |from, to| Period::new(None, (from, to), zone.clone(), now).expect("a time");
        let one = of(day("2026-10-25"), day("2026-10-25"));
        assert_eq!(one.all.1 - one.all.0, 25 * 3_600_000, "the clocks go back");
        assert_eq!(one.before.map(|(from, to)| to - from), Some(24 * 3_600_000));
        assert!(!one.is_relative && of(day("2026-03-31"), day("2026-03-31")).is_relative);
        assert_eq!(of(Some(When::Moment(5)), Some(When::Moment(9))).before, Some((1, 5)));
        assert_eq!(of(Some(When::Moment(9)), Some(When::Moment(5))).before, None);
        assert_eq!(of(Some(When::Moment(5)), None).all, (5, i64::MAX));
        assert_eq!(of(day("9999-12-31"), day("9999-12-31")).all.1, of(day("9999-12-31"), None).all.1);
        assert!(Period::new(Some(Name::Today), (day("2026-01-01"), None), zone.clone(), now).is_err());
        assert_eq!(of(None, None).before, None);
    }
}
