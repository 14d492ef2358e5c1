//! Where a visitor comes from, one case a line: what a page tells, and the source, medium and channel in that.

use shopbell_core::attribution::{Arrival, CHANNELS, Landing, Origin};
use shopbell_core::lines;

/// `told` is what the page says: `source/medium/campaign` of its utm parameters, or names of parameters behind a `?`, or
/// the referrer's URL; several of them with a space between. `expected` is source, medium and channel.
#[track_caller]
fn check(told: &str, expected: [&str; 3]) {
    let (mut utm, mut parameters, mut referrer) = ([""; 6], String::new(), "");
    for word in told.split(' ').filter(|word| !word.is_empty()) {
        if word.contains("://") {
            referrer = word;
        } else if let Some(names) = word.strip_prefix('?') {
            parameters = names.split('&').flat_map(|name| [name, " "]).collect();
        } else {
            word.split('/').zip(&mut utm).for_each(|(value, place)| *place = value);
        }
    }
    let host = referrer.split('/').nth(2).unwrap_or_default();
    let referrer_name = host.trim_start_matches("www.");
    let landing =
        Landing { utm, parameters: &parameters, referrer, referrer_name, is_return: false, is_message: false };
    let arrival = Arrival::read(&landing.lines());
    let fact = |place| lines::at(arrival.facts(), place);
    let origin = Origin::find(fact(0), fact(1), fact(2), fact(7));
    assert_eq!([&origin.source, &origin.medium, origin.channel], expected, "{told}");
    assert!(CHANNELS.contains(&origin.channel));
    assert_eq!(arrival.facts().lines().count(), 8, "{:?}", arrival.facts());
}

const DIRECT: [&str; 3] = ["(direct)", "(none)", "direct"];

#[test]
fn campaigns_name_their_source_and_medium() {
    check("", DIRECT);
    check("facebook", ["facebook", "", "organic_social"]);
    check("facebook/cpc", ["facebook", "cpc", "paid_social"]);
    check("facebook/paid-social", ["facebook", "paid-social", "paid_social"]);
    check("facebook.com/cpc", ["facebook.com", "cpc", "paid_social"]);
    check("google/cpc", ["google", "cpc", "paid_search"]);
    check("google/cpm", ["google", "cpm", "paid_search"]);
    check("google/paidsearch", ["google", "paidsearch", "paid_search"]);
    check("google/organic", ["google", "organic", "organic_search"]);
    check("google", ["google", "", "organic_search"]);
    check("engine/organic", ["engine", "organic", "organic_search"]);
    check("youtube/cpv", ["youtube", "cpv", "paid_video"]);
    check("youtube/cpc", ["youtube", "cpc", "paid_video"]);
    check("vendor/video", ["vendor", "video", "organic_video"]);
    check("amazon/cpc", ["amazon", "cpc", "paid_shopping"]);
    check("amazon", ["amazon", "", "organic_shopping"]);
    check("google/cpc/shopping-autumn", ["google", "cpc", "paid_shopping"]);
    check("google/cpc/Shopping_DE", ["google", "cpc", "paid_shopping"]);
    check("google/cpc/eshop", ["google", "cpc", "paid_shopping"]);
    check("google/cpc/workshop", ["google", "cpc", "paid_search"]);
    check("google/cpc/cross-network", ["google", "cpc", "cross_network"]);
    check("google/cpc/Cross-network", ["google", "cpc", "cross_network"]);
    check("email", ["email", "", "email"]);
    check("sms/reminder", ["sms", "reminder", "sms"]);
    check("firebase", ["firebase", "", "mobile_push"]);
    check("net/banner", ["net", "banner", "display"]);
    check("net/display", ["net", "display", "display"]);
    check("net/cpm", ["net", "cpm", "display"]);
    check("net/cpc", ["net", "cpc", "paid_other"]);
    check("net/ppc", ["net", "ppc", "paid_other"]);
    check("net/paid", ["net", "paid", "paid_other"]);
    check("net/retargeting", ["net", "retargeting", "paid_other"]);
    check("news/email", ["news", "email", "email"]);
    check("news/newsletter", ["news", "newsletter", "email"]);
    check("blog/affiliate", ["blog", "affiliate", "affiliates"]);
    check("radio/audio", ["radio", "audio", "audio"]);
    check("text/sms", ["text", "sms", "sms"]);
    check("app/push", ["app", "push", "mobile_push"]);
    check("app/web-notification", ["app", "web-notification", "mobile_push"]);
    check("partner/referral", ["partner", "referral", "referral"]);
    check("forum/social", ["forum", "social", "organic_social"]);
    check("chatgpt", ["chatgpt", "", "ai_assistants"]);
    check("chatgpt.com", ["chatgpt.com", "", "ai_assistants"]);
    check("poster", ["poster", "", "unassigned"]);
    check("poster/wall", ["poster", "wall", "unassigned"]);
}

#[test]
fn a_medium_or_a_campaign_without_a_source_is_nobodys() {
    check("/cpc", DIRECT);
    check("/cpc/autumn", DIRECT);
    check("/cpc https://blog.example/", ["blog.example", "referral", "referral"]);
}

#[test]
fn click_ids_imply_their_network() {
    check("?gclid", ["google", "cpc", "paid_search"]);
    check("?gbraid", ["google", "cpc", "paid_search"]);
    check("?wbraid", ["google", "cpc", "paid_search"]);
    check("?dclid", ["google", "display", "display"]);
    check("?msclkid", ["bing", "cpc", "paid_search"]);
    check("?ttclid", ["tiktok", "cpc", "paid_social"]);
    check("?twclid", ["twitter", "cpc", "paid_social"]);
    check("?li_fat_id", ["linkedin", "cpc", "paid_social"]);
    check("?epik", ["pinterest", "cpc", "paid_social"]);
    // Facebook adds its own to unpaid links too.
    check("?fbclid", ["facebook", "social", "organic_social"]);
    check("?a&b&gclid", ["google", "cpc", "paid_search"]);
    check("?msclkid&gclid", ["bing", "cpc", "paid_search"]);
    check("?gcli", DIRECT);
    check("?gclidx&xgclid", DIRECT);
    check("?GCLID", DIRECT);
    // What the campaign says itself counts more.
    check("partner ?gclid", ["partner", "", "unassigned"]);
    check("/display ?gclid", ["google", "display", "display"]);
    check("?gclid https://blog.example/", ["google", "cpc", "paid_search"]);
}

#[test]
fn referrers_are_known_by_their_domain() {
    check("https://www.google.com/", ["google", "organic", "organic_search"]);
    check("https://www.google.de/", ["google", "organic", "organic_search"]);
    check("https://www.google.co.uk/search", ["google", "organic", "organic_search"]);
    check("https://www.google.com.br/", ["google", "organic", "organic_search"]);
    check("https://yandex.ru/", ["yandex", "organic", "organic_search"]);
    check("https://duckduckgo.com/", ["duckduckgo", "organic", "organic_search"]);
    check("https://search.yahoo.com/", ["yahoo", "organic", "organic_search"]);
    check("https://yahoo.com/", ["yahoo.com", "referral", "referral"]);
    check("https://l.facebook.com/", ["facebook", "social", "organic_social"]);
    check("https://t.co/abc", ["twitter", "social", "organic_social"]);
    check("https://www.youtube.com/watch", ["youtube", "referral", "organic_video"]);
    check("https://www.amazon.de/", ["amazon", "referral", "organic_shopping"]);
    check("https://shopping.google.com/", ["google-shopping", "referral", "organic_shopping"]);
    check("https://mail.google.com/mail/", ["gmail", "email", "email"]);
    check("https://gemini.google.com/app", ["gemini", "referral", "ai_assistants"]);
    check("https://chatgpt.com/", ["chatgpt", "referral", "ai_assistants"]);
    check("https://blog.example/", ["blog.example", "referral", "referral"]);
}

#[test]
fn never_by_a_part_of_it() {
    check("https://microsoft.com/", ["microsoft.com", "referral", "referral"]);
    check("https://evil.example/google.html", ["evil.example", "referral", "referral"]);
    check("https://google.evil.example/", ["google.evil.example", "referral", "referral"]);
    check("https://google.com.evil.example/", ["google.com.evil.example", "referral", "referral"]);
    check("https://google.evil/", ["google.evil", "referral", "referral"]);
    check("https://google.a.b/", ["google.a.b", "referral", "referral"]);
    check("https://notgoogle.com/", ["notgoogle.com", "referral", "referral"]);
    check("https://google/", ["google", "referral", "referral"]);
    check("https://notshop.com/", ["notshop.com", "referral", "referral"]);
    check("https://fakebook.com/", ["fakebook.com", "referral", "referral"]);
    check("https://x.company.example/", ["x.company.example", "referral", "referral"]);
    check("x https://www.google.com/", ["x", "", "unassigned"]);
}
