//! When a session ends and where a visitor comes from: one rule a line.

use shopbell_core::attribution::{Arrival, Origin, page_key, path};
use shopbell_core::lines;
use shopbell_core::session::{Now, Rollover, Rules, Session, Totals, decide};
use shopbell_core::time::{CivilDay, Timestamp};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
/// 2026-03-10, 20:00 UTC.
const EVENING: u64 = 1_773_172_800_000;
const DAY: u32 = 20_522;

/// A session that began in the evening, from Facebook.
fn session() -> Session {
    let arrival = Arrival::read("https://shop.example/?utm_source=facebook", "");
    let head = ["id\ndevice\n\n1\nfirst\n1773172800000\n20522\n/\n", &arrival.facts].concat();
    Session::read(&head, Timestamp(EVENING), Totals::default())
}

#[track_caller]
fn check(after_ms: i64, day: u32, campaign: Option<&str>, rules: &Rules, expected: Option<Rollover>) {
    let now = Now { time: Timestamp(EVENING.saturating_add_signed(after_ms)), day: CivilDay(day), campaign };
    assert_eq!(decide(&session(), now, rules), expected);
}

#[test]
fn inactivity_ends_a_session_at_the_timeout_exactly() {
    let rules = Rules::default();
    let short = Rules { timeout_ms: MINUTE, ..Rules::default() };
    check(0, DAY, None, &rules, None);
    check(1, DAY, None, &rules, None);
    check(29 * 60_000, DAY, None, &rules, None);
    check(30 * 60_000 - 1, DAY, None, &rules, None);
    check(30 * 60_000, DAY, None, &rules, Some(Rollover::Inactivity));
    check(24 * 3_600_000, DAY + 1, None, &rules, Some(Rollover::Inactivity));
    check(60_000 - 1, DAY, None, &short, None);
    check(60_000, DAY, None, &short, Some(Rollover::Inactivity));
}

#[test]
fn a_clock_set_back_keeps_the_session() {
    let rules = Rules::default();
    check(-1, DAY, None, &rules, None);
    check(-31 * 60_000, DAY, None, &rules, None);
    check(-48 * 3_600_000, DAY - 2, None, &rules, None);
}

#[test]
fn a_later_day_ends_a_session_and_an_earlier_one_does_not() {
    let rules = Rules::default();
    let off = Rules { midnight: false, ..Rules::default() };
    check(1, DAY + 1, None, &rules, Some(Rollover::Midnight));
    check(1, DAY + 400, None, &rules, Some(Rollover::Midnight));
    check(1, DAY - 1, None, &rules, None);
    check(1, DAY + 1, None, &off, None);
    check(30 * 60_000, DAY + 1, None, &rules, Some(Rollover::Inactivity));
}

#[test]
fn a_new_campaign_source_ends_a_session_and_the_same_again_does_not() {
    let rules = Rules::default();
    let off = Rules { campaign: false, ..Rules::default() };
    check(1, DAY, Some("google"), &rules, Some(Rollover::Campaign));
    check(1, DAY, Some("facebook"), &rules, None);
    check(1, DAY, None, &rules, None);
    check(1, DAY, Some("google"), &off, None);
    check(30 * 60_000, DAY, Some("google"), &rules, Some(Rollover::Inactivity));
    check(1, DAY + 1, Some("google"), &rules, Some(Rollover::Midnight));
}

#[test]
fn a_bound_on_the_length_ends_a_session() {
    let bound = Rules { midnight: false, max_ms: Some(10 * MINUTE), ..Rules::default() };
    check(10 * 60_000 - 1, DAY, None, &bound, None);
    check(10 * 60_000, DAY, None, &bound, Some(Rollover::MaxLength));
    check(10 * 60_000, DAY, Some("google"), &bound, Some(Rollover::MaxLength));
    const { assert!(10 * MINUTE < HOUR) };
}

/// Source, medium and channel that a collector finds in what a page tells of an arrival.
#[track_caller]
fn arrive(page_url: &str, referrer: &str, expected: [&str; 3]) {
    let arrival = Arrival::read(page_url, referrer);
    let fact = |place| lines::at(&arrival.facts, place);
    let origin = Origin::find(fact(0), fact(1), fact(6));
    assert_eq!([&origin.source, &origin.medium, origin.channel], expected, "{page_url} from {referrer:?}");
    assert_eq!(arrival.facts.lines().count(), 7, "{:?}", arrival.facts);
}

#[test]
fn campaigns_name_their_source() {
    let direct = ["(direct)", "(none)", "direct"];
    arrive("https://shop.example/", "", direct);
    arrive("https://shop.example/?utm_source=facebook&utm_medium=cpc", "", ["facebook", "cpc", "paid_social"]);
    arrive("https://shop.example/?utm_source=Facebook&utm_medium=CPC", "", ["facebook", "cpc", "paid_social"]);
    arrive("https://shop.example/?utm_source=%20Face%62ook%20", "", ["facebook", "", "organic_social"]);
    arrive("https://shop.example/?utm_source=google&utm_medium=cpc", "", ["google", "cpc", "paid_search"]);
    arrive(
        "https://shop.example/?utm_source=google&utm_medium=paidsearch",
        "",
        ["google", "paidsearch", "paid_search"],
    );
    arrive("https://shop.example/?utm_source=youtube&utm_medium=cpv", "", ["youtube", "cpv", "video"]);
    arrive("https://shop.example/?utm_source=news&utm_medium=email", "", ["news", "email", "email"]);
    arrive("https://shop.example/?utm_source=blog&utm_medium=affiliate", "", ["blog", "affiliate", "affiliates"]);
    arrive("https://shop.example/?utm_source=net&utm_medium=banner", "", ["net", "banner", "display"]);
    arrive("https://shop.example/?utm_source=net&utm_medium=cpc", "", ["net", "cpc", "paid_other"]);
    arrive("https://shop.example/?utm_source=text&utm_medium=sms", "", ["text", "sms", "sms"]);
    arrive("https://shop.example/?utm_source=poster&utm_medium=wall", "", ["poster", "wall", "unassigned"]);
    arrive("https://shop.example/?utm_source=one&utm_source=two", "", ["one", "", "unassigned"]);
    arrive("https://shop.example/?utm_source=&utm_source=two", "", ["two", "", "unassigned"]);
    arrive("https://shop.example/?utm_source", "", direct);
    arrive("https://shop.example/?utm_source=", "", direct);
    arrive("https://shop.example/?utm_source=%20", "", direct);
    arrive("https://shop.example/?utm_source[]=x", "", direct);
    arrive("https://shop.example/?UTM_SOURCE=x", "", direct);
    arrive("https://shop.example/?utm_medium=cpc", "", direct);
    arrive("https://shop.example/#utm_source=x", "", direct);
    arrive("https://shop.example/?a=1&&&=&utm_source=x+y", "", ["x y", "", "unassigned"]);
    arrive("https://shop.example/?utm_source=100%", "", ["100%", "", "unassigned"]);
    arrive("https://shop.example/?utm_source=%5BFoo%5D", "", ["[foo]", "", "unassigned"]);
    arrive("https://shop.example/?utm_source=%ff", "", ["%ff", "", "unassigned"]);
    arrive("https://shop.example/?utm_source=a%0Ab", "", ["a b", "", "unassigned"]);
}

#[test]
fn click_ids_imply_their_network() {
    arrive("https://shop.example/?gclid=x", "", ["google", "cpc", "paid_search"]);
    arrive("https://shop.example/?wbraid=x", "", ["google", "cpc", "paid_search"]);
    arrive("https://shop.example/?msclkid=x", "", ["bing", "cpc", "paid_search"]);
    arrive("https://shop.example/?fbclid=x", "", ["facebook", "social", "organic_social"]);
    arrive("https://shop.example/?ttclid=x", "", ["tiktok", "cpc", "paid_social"]);
    arrive("https://shop.example/?gclid=", "", ["(direct)", "(none)", "direct"]);
    arrive("https://shop.example/?gclid=x&utm_source=partner", "", ["partner", "", "unassigned"]);
    arrive("https://shop.example/?gclid=x&utm_medium=display", "", ["google", "display", "display"]);
}

#[test]
fn referrers_are_known_by_their_domain() {
    let at = "https://shop.example/p/lamp";
    let direct = ["(direct)", "(none)", "direct"];
    arrive(at, "https://www.google.com/", ["google", "organic", "organic_search"]);
    arrive(at, "https://www.google.co.uk/search?q=lamp", ["google", "organic", "organic_search"]);
    arrive(at, "https://duckduckgo.com/", ["duckduckgo", "organic", "organic_search"]);
    arrive(at, "https://l.facebook.com/", ["facebook", "social", "organic_social"]);
    arrive(at, "https://t.co/abc", ["twitter", "social", "organic_social"]);
    arrive(at, "https://microsoft.com/", ["microsoft.com", "referral", "referral"]);
    arrive(at, "https://mail.google.com/mail/", ["gmail", "email", "email"]);
    arrive(at, "https://gemini.google.com/app", ["gemini", "referral", "ai_assistants"]);
    arrive(at, "https://chatgpt.com/", ["chatgpt", "referral", "ai_assistants"]);
    arrive(at, "https://www.youtube.com/watch?v=x", ["youtube", "referral", "video"]);
    arrive(at, "https://blog.example.org:8443/a?b#c", ["blog.example.org", "referral", "referral"]);
    arrive(at, "https://user:pass@blog.example.org/", ["blog.example.org", "referral", "referral"]);
    arrive(at, "https://evil.example/google.html", ["evil.example", "referral", "referral"]);
    arrive(at, "https://google.evil.example/", ["google.evil.example", "referral", "referral"]);
    arrive(at, "https://notgoogle.com/", ["notgoogle.com", "referral", "referral"]);
    arrive(at, "https://notshop.example/", ["notshop.example", "referral", "referral"]);
    arrive(at, "https://shop.example/", direct);
    arrive(at, "https://www.shop.example/", direct);
    arrive(at, "https://checkout.shop.example/", direct);
    arrive(at, "https://SHOP.example/", direct);
    arrive(at, "about:blank", direct);
    arrive(at, "data:text/html,x", direct);
    arrive(at, "nonsense", direct);
    arrive("file:///index.html", "", direct);
    arrive("javascript:void(0)", "", direct);
    arrive("https://shop.example/?utm_source=x", "https://www.google.com/", ["x", "", "unassigned"]);
}

#[test]
fn a_very_long_url_is_read_in_a_moment() {
    let url = ["https://shop.example/?", &"a=%&".repeat(25_000), "utm_source=x"].concat();
    arrive(&url, &url, ["x", "", "unassigned"]);
}

#[test]
fn paths_and_page_keys() {
    assert_eq!(path("https://shop.example"), "/");
    assert_eq!(path("https://shop.example/p/lamp?a=/b#/c"), "/p/lamp");
    assert_eq!(path("about:blank"), "/");
    assert_eq!(page_key("https://shop.example/a#reviews"), "https://shop.example/a");
    assert_eq!(page_key("https://shop.example/a#/b"), "https://shop.example/a#/b");
    assert_eq!(page_key("https://shop.example/a#!b"), "https://shop.example/a#!b");
}
