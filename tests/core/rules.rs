//! When a session ends and where a visitor comes from: one rule a line.

use shopbell_core::attribution::{Arrival, Landing, Origin};
use shopbell_core::lines;
use shopbell_core::session::{Now, Rollover, Rules, Session, Totals, decide};
use shopbell_core::time::{CivilDay, Timestamp};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
/// 2026-03-10, 20:00 UTC.
const EVENING: u64 = 1_773_172_800_000;
const DAY: u32 = 20_522;

/// A session that began in the evening, from Facebook.
fn session() -> Session {
    let arrival = Arrival::read(&Landing { utm: ["facebook", "", "", "", "", ""], ..Landing::default() });
    let head = ["id\ndevice\n\n1\nfirst\n1773172800000\n20522\n/\n", arrival.facts()].concat();
    Session { head, totals: Totals { last_activity: Timestamp(EVENING), ..Totals::default() } }
}

#[track_caller]
fn check(after_ms: i64, day: u32, campaign: &str, rules: &Rules, expected: Option<Rollover>) {
    let campaign = if campaign.is_empty() { String::new() } else { format!("{campaign}\n") };
    let campaign = if rules.campaign == 0 { "" } else { &campaign };
    let now = Now {
        time: Timestamp(EVENING.saturating_add_signed(after_ms)),
        day: CivilDay(day),
        campaign,
        browser_closed: false,
    };
    assert_eq!(decide(&session(), now, rules), expected);
}

#[test]
fn inactivity_ends_a_session_at_the_timeout_exactly() {
    let rules = Rules::default();
    let short = Rules { timeout_ms: MINUTE, ..Rules::default() };
    check(0, DAY, "", &rules, None);
    check(1, DAY, "", &rules, None);
    check(29 * 60_000, DAY, "", &rules, None);
    check(30 * 60_000 - 1, DAY, "", &rules, None);
    check(30 * 60_000, DAY, "", &rules, Some(Rollover::Inactivity));
    check(24 * 3_600_000, DAY + 1, "", &rules, Some(Rollover::Inactivity));
    check(60_000 - 1, DAY, "", &short, None);
    check(60_000, DAY, "", &short, Some(Rollover::Inactivity));
}

#[test]
fn a_clock_set_back_keeps_the_session() {
    let rules = Rules::default();
    check(-1, DAY, "", &rules, None);
    check(-31 * 60_000, DAY, "", &rules, None);
    check(-48 * 3_600_000, DAY - 2, "", &rules, None);
}

#[test]
fn a_later_day_ends_a_session_and_an_earlier_one_does_not() {
    let rules = Rules::default();
    let off = Rules { midnight: false, ..Rules::default() };
    check(1, DAY + 1, "", &rules, Some(Rollover::Midnight));
    check(1, DAY + 400, "", &rules, Some(Rollover::Midnight));
    check(1, DAY - 1, "", &rules, None);
    check(1, DAY + 1, "", &off, None);
    check(30 * 60_000, DAY + 1, "", &rules, Some(Rollover::Inactivity));
}

#[test]
fn a_new_campaign_source_ends_a_session_and_the_same_again_does_not() {
    let rules = Rules::default();
    let off = Rules { campaign: 0, ..Rules::default() };
    check(1, DAY, "google", &rules, Some(Rollover::Campaign));
    check(1, DAY, "facebook", &rules, None);
    check(1, DAY, "", &rules, None);
    check(1, DAY, "google", &off, None);
    check(30 * 60_000, DAY, "google", &rules, Some(Rollover::Inactivity));
    check(1, DAY + 1, "google", &rules, Some(Rollover::Midnight));
}

#[test]
fn a_bound_on_the_length_ends_a_session() {
    let bound = Rules { midnight: false, max_ms: Some(10 * MINUTE), ..Rules::default() };
    check(10 * 60_000 - 1, DAY, "", &bound, None);
    check(10 * 60_000, DAY, "", &bound, Some(Rollover::MaxLength));
    check(10 * 60_000, DAY, "google", &bound, Some(Rollover::MaxLength));
}

/// What a collector finds (source, medium, channel) in what a page tells: utm source and medium, names of
/// parameters, and the referrer.
#[track_caller]
fn arrive(source: &str, medium: &str, parameters: &str, referrer: &str, expected: [&str; 3]) {
    let host = referrer.split('/').nth(2).unwrap_or_default();
    let utm = [source, medium, "autumn", "", "", ""];
    let arrival = Arrival::read(&Landing {
        utm,
        parameters,
        referrer,
        referrer_name: host.trim_start_matches("www."),
        is_return: false,
    });
    let fact = |place| lines::at(arrival.facts(), place);
    let origin = Origin::find(fact(0), fact(1), fact(7));
    assert_eq!([&origin.source, &origin.medium, origin.channel], expected);
    assert_eq!(arrival.is_campaign, fact(2) == "autumn", "a campaign without a source is nobody's");
    assert_eq!(arrival.facts().lines().count(), 8, "{:?}", arrival.facts());
}

const DIRECT: [&str; 3] = ["(direct)", "(none)", "direct"];

#[test]
fn campaigns_name_their_source() {
    arrive("", "", "", "", DIRECT);
    arrive("facebook", "cpc", "", "", ["facebook", "cpc", "paid_social"]);
    arrive("facebook", "", "", "", ["facebook", "", "organic_social"]);
    arrive("google", "cpc", "", "", ["google", "cpc", "paid_search"]);
    arrive("google", "paidsearch", "", "", ["google", "paidsearch", "paid_search"]);
    arrive("google", "organic", "", "", ["google", "organic", "organic_search"]);
    arrive("youtube", "cpv", "", "", ["youtube", "cpv", "video"]);
    arrive("news", "email", "", "", ["news", "email", "email"]);
    arrive("blog", "affiliate", "", "", ["blog", "affiliate", "affiliates"]);
    arrive("net", "banner", "", "", ["net", "banner", "display"]);
    arrive("net", "cpc", "", "", ["net", "cpc", "paid_other"]);
    arrive("text", "sms", "", "", ["text", "sms", "sms"]);
    arrive("chatgpt", "", "", "", ["chatgpt", "", "ai_assistants"]);
    arrive("poster", "wall", "", "", ["poster", "wall", "unassigned"]);
    arrive("poster", "", "", "", ["poster", "", "unassigned"]);
    arrive("", "cpc", "", "", DIRECT);
    arrive("x", "", "", "https://www.google.com/", ["x", "", "unassigned"]);
}

#[test]
fn click_ids_imply_their_network() {
    arrive("", "", "gclid ", "", ["google", "cpc", "paid_search"]);
    arrive("", "", "a b wbraid ", "", ["google", "cpc", "paid_search"]);
    arrive("", "", "msclkid gclid ", "", ["bing", "cpc", "paid_search"]);
    arrive("", "", "fbclid ", "", ["facebook", "social", "organic_social"]);
    arrive("", "", "ttclid ", "", ["tiktok", "cpc", "paid_social"]);
    arrive("", "", "gclid", "", ["google", "cpc", "paid_search"]);
    arrive("", "", "gcli ", "", DIRECT);
    arrive("", "", "gclidx xgclid ", "", DIRECT);
    arrive("partner", "", "gclid ", "", ["partner", "", "unassigned"]);
    arrive("", "display", "gclid ", "", ["google", "display", "display"]);
    arrive("", "", "gclid ", "https://blog.example/", ["google", "cpc", "paid_search"]);
}

#[test]
fn referrers_are_known_by_their_domain() {
    arrive("", "", "", "https://www.google.com/", ["google", "organic", "organic_search"]);
    arrive("", "", "", "https://www.google.co.uk/search", ["google", "organic", "organic_search"]);
    arrive("", "", "", "https://duckduckgo.com/", ["duckduckgo", "organic", "organic_search"]);
    arrive("", "", "", "https://l.facebook.com/", ["facebook", "social", "organic_social"]);
    arrive("", "", "", "https://t.co/abc", ["twitter", "social", "organic_social"]);
    arrive("", "", "", "https://microsoft.com/", ["microsoft.com", "referral", "referral"]);
    arrive("", "", "", "https://mail.google.com/mail/", ["gmail", "email", "email"]);
    arrive("", "", "", "https://gemini.google.com/app", ["gemini", "referral", "ai_assistants"]);
    arrive("", "", "", "https://chatgpt.com/", ["chatgpt", "referral", "ai_assistants"]);
    arrive("", "", "", "https://www.youtube.com/watch", ["youtube", "referral", "video"]);
    arrive("", "", "", "https://evil.example/google.html", ["evil.example", "referral", "referral"]);
    arrive("", "", "", "https://google.evil.example/", ["google.evil.example", "referral", "referral"]);
    arrive("", "", "", "https://notgoogle.com/", ["notgoogle.com", "referral", "referral"]);
    arrive("", "", "", "https://google.com.evil.example/", ["google.com.evil.example", "referral", "referral"]);
}
