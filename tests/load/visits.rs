//! Visits of a home-goods shop, from a seed: who comes when and from where, how far they get, and what a tracker tells of it.

use oorandom::Rand64;
use serde_json::{Value, json};

const DAY_MS: u64 = 86_400_000;
/// How long ago the first visit was.
const DAYS: u64 = 365;
/// Sources, with how many of a thousand visits come from each.
const SOURCES: [(&str, &str, &str, u64); 10] = [
    ("(direct)", "", "", 260),
    ("google", "organic", "", 240),
    ("google", "cpc", "brand", 120),
    ("google", "cpc", "spring", 60),
    ("facebook", "cpc", "spring", 130),
    ("facebook", "cpc", "retargeting", 50),
    ("instagram", "social", "", 40),
    ("newsletter", "email", "weekly", 60),
    ("bing", "organic", "", 25),
    ("partner.example", "referral", "", 15),
];
/// Of visits that came so far, how many of a thousand take the next step, and what its event is called.
const STEPS: [(&str, u64); 5] =
    [("view_item", 620), ("add_to_cart", 260), ("begin_checkout", 520), ("add_payment_info", 720), ("purchase", 800)];

/// A visit as it will be told.
pub(crate) struct Visit {
    pub(crate) device: u64,
    /// On a clock that is right.
    pub(crate) began_at: u64,
    pub(crate) duration_ms: u64,
    /// Among the device's, from 1.
    pub(crate) number: u64,
    pub(crate) source: usize,
    pub(crate) landing_page: String,
    pub(crate) is_bot: bool,
    pub(crate) page_views: u64,
    pub(crate) events: u64,
    /// In cents.
    pub(crate) order_cents: Option<u64>,
    /// Batches, each with its events.
    pub(crate) batches: Vec<(String, u64)>,
}

impl Visit {
    pub(crate) fn source(&self) -> &'static str {
        SOURCES[self.source].0
    }
}

/// What a device is, in all of its visits.
struct Device {
    number: u64,
    /// By how much its clock is fast.
    clock_ms: i64,
    is_bot: bool,
    dice: Rand64,
    seq: [u64; 2],
    site: String,
}

/// All visits of a device; their batches leave now.
pub(crate) fn of_device(seed: u64, number: u64, site: &str, now: u64) -> Vec<Visit> {
    let mut dice = Rand64::new(u128::from(seed) << 64 | u128::from(number));
    let is_bot = chance(&mut dice, 30);
    let clock_ms = if chance(&mut dice, 60) { dice.rand_range(0..7_200_000) as i64 - 3_600_000 } else { 0 };
    // Clocks that are wrong by seconds are taken for right.
    let clock_ms = if clock_ms.abs() < 60_000 { 0 } else { clock_ms };
    let mut device = Device { number, clock_ms, is_bot, dice, seq: [0, 0], site: site.to_owned() };
    let mut began_at = now - 600_000 - device.dice.rand_range(0..DAYS * DAY_MS);
    let mut visits = Vec::new();
    loop {
        // More in the evening, and none while the day ends, which a late batch might put into the next.
        let hour = [9, 11, 13, 16, 18, 19, 20, 20, 21, 21, 22, 7][device.dice.rand_range(0..12) as usize];
        began_at = began_at / DAY_MS * DAY_MS + hour * 3_600_000 + device.dice.rand_range(0..3_000_000);
        if began_at + 3_600_000 > now {
            break;
        }
        visits.push(device.visit(began_at, visits.len() as u64 + 1, now));
        if !chance(&mut device.dice, 380) {
            break;
        }
        began_at += DAY_MS + device.dice.rand_range(0..20 * DAY_MS);
    }
    visits
}

fn chance(dice: &mut Rand64, of_thousand: u64) -> bool {
    dice.rand_range(0..1_000) < of_thousand
}

impl Device {
    fn visit(&mut self, began_at: u64, number: u64, now: u64) -> Visit {
        let mut at = self.dice.rand_range(0..1_000);
        let source = SOURCES.iter().position(|(.., weight)| {
            let is_it = at < *weight;
            at = at.saturating_sub(*weight);
            is_it
        });
        let product = |dice: &mut Rand64| {
            // Some are looked at much more than others.
            let one = dice.rand_float() * dice.rand_float() * 200.0;
            format!("/p/product-{}", one as u64)
        };
        let landing_page = match self.dice.rand_range(0..10) {
            0..4 => "/".to_owned(),
            4..6 => format!("/c/{}", ["light", "bath", "kitchen", "textiles"][self.dice.rand_range(0..4) as usize]),
            _ => product(&mut self.dice),
        };
        let mut told = vec![
            ("session_start", landing_page.clone(), Value::Null),
            ("page_view", landing_page.clone(), Value::Null),
        ];
        // Some leave at once; the others look at a few pages.
        let pages = if chance(&mut self.dice, 420) { 0 } else { 1 + self.dice.rand_range(0..11) };
        for _ in 0..pages {
            told.push(("page_view", product(&mut self.dice), Value::Null));
        }
        let mut order_cents = None;
        for (name, of_thousand) in STEPS {
            if pages == 0 && name != "view_item" || !chance(&mut self.dice, of_thousand) {
                break;
            }
            let cents = 500 + self.dice.rand_range(0..12_000);
            let mut props = json!({ "currency": "EUR", "value": cents as f64 / 100.0,
                "items": [{ "item_id": "lamp", "item_name": "A lamp of oak", "price": cents as f64 / 100.0, "quantity": 1 }] });
            if name == "purchase" {
                props["transaction_id"] = json!(format!("order {} {number}", self.number));
                order_cents = Some(cents);
            }
            let page = told.last().map_or("/", |(_, page, _)| page).to_owned();
            told.push((name, page, props));
        }
        let page_views = told.iter().filter(|(name, ..)| *name == "page_view").count() as u64;
        let mut visit = Visit {
            device: self.number,
            began_at,
            duration_ms: 0,
            number,
            source: source.unwrap_or(0),
            landing_page,
            is_bot: self.is_bot,
            page_views,
            events: told.len() as u64,
            order_cents,
            batches: Vec::new(),
        };
        self.tell(&mut visit, &told, now);
        visit
    }

    /// Puts events into batches: of each tab its own.
    fn tell(&mut self, visit: &mut Visit, told: &[(&str, String, Value)], now: u64) {
        let tabs = if chance(&mut self.dice, 120) { 2 } else { 1 };
        let shown = |time: u64| time.saturating_add_signed(self.clock_ms);
        let (source, medium, campaign, _) = SOURCES[visit.source];
        let mut events: [Vec<Value>; 2] = [Vec::new(), Vec::new()];
        let mut time = visit.began_at;
        let id = format!("{:08x}-0000-8000-8000-{:012x}", visit.number, self.number);
        for (place, (name, page, props)) in told.iter().enumerate() {
            if place > 1 {
                time += 1_000 + self.dice.rand_range(0..90_000);
            }
            let tab = if place > 1 { self.dice.rand_range(0..tabs) as usize } else { 0 };
            let mut event = json!({ "id": format!("{:08x}-{place:04x}-8000-8000-{:012x}", visit.number, self.number), "name": name,
                "time": shown(time), "offset_ms": time - visit.began_at, "tab_id": format!("{} {tab}", self.number), "page_id": page,
                "seq": self.seq[tab], "url": format!("https://shop.example{page}"), "title": "Hearth & Loom", "consent": "granted" });
            if !props.is_null() {
                event["props"] = props.clone();
            }
            self.seq[tab] += 1;
            events[tab].push(event);
        }
        visit.duration_ms = time - visit.began_at;
        for events in events.into_iter().filter(|events| !events.is_empty()) {
            let count = events.len() as u64;
            let device = json!({ "id": format!("{:08x}-0000-8000-9000-{:012x}", 1, self.number), "storage": "local", "language": "en-GB",
                "time_zone": "Europe/Paris", "screen": [1440, 900], "bot": if self.is_bot { json!("webdriver") } else { Value::Null } });
            let mut origin = json!({ "source": source, "medium": medium });
            if !campaign.is_empty() {
                origin["campaign"] = json!(campaign);
            }
            let reason = if visit.number == 1 { "first" } else { "inactivity" };
            let batch = json!({ "schema": "shopbell/1", "tracker": "0.1.0", "site": self.site, "sent_at": shown(now), "device": device,
                "session": { "id": id, "number": visit.number, "reason": reason, "started_at": shown(visit.began_at),
                    "landing_page": visit.landing_page, "source": origin, "first_touch": origin },
                "events": events });
            visit.batches.push((batch.to_string(), count));
        }
    }
}
