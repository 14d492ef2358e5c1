//! A month of a home-goods shop, from a seed: what its report shows is believable, and a newcomer sees no empty page.

use crate::collector::Client;
use anyhow::{Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use oorandom::Rand64;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 86_400_000;
const DAYS: u64 = 30;
const SITE: &str = "shop";
/// Clients that tell at once.
const CLIENTS: usize = 16;

/// What the shop sells: id, name, department, price in cents, and how many of a hundred looks it has.
const PRODUCTS: [(&str, &str, &str, u64, u64); 9] = [
    ("lamp", "Arc table lamp", "lighting", 5_990, 24),
    ("rug", "Flatwoven rug", "textiles", 14_900, 18),
    ("mugs", "Everyday mugs, four", "kitchen", 3_800, 14),
    ("throw", "Herringbone throw", "textiles", 8_900, 12),
    ("teapot", "Stoneware teapot", "kitchen", 4_600, 10),
    ("lantern", "Paper lantern", "lighting", 2_450, 8),
    ("cushion", "Corduroy cushion", "textiles", 3_400, 6),
    ("candle", "Beeswax candles, six", "lighting", 1_800, 5),
    ("board", "Walnut board", "kitchen", 5_200, 3),
];
/// Where visitors come from: source, medium, campaign, referrer, how many of a thousand, and how many of a thousand looks at a product
/// put it into the cart.
const ORIGINS: [(&str, &str, &str, &str, u64, u64); 11] = [
    ("(direct)", "(none)", "", "", 240, 150),
    ("google", "organic", "", "https://www.google.com/", 230, 120),
    ("google", "cpc", "brand", "https://www.google.com/", 90, 190),
    ("facebook", "cpc", "spring", "https://l.facebook.com/", 120, 60),
    ("instagram", "social", "", "https://l.instagram.com/", 80, 55),
    ("newsletter", "email", "weekly", "", 90, 260),
    ("bing", "organic", "", "https://www.bing.com/", 30, 110),
    ("pinterest", "social", "", "https://www.pinterest.com/", 45, 70),
    ("homesandgardens.example", "referral", "", "https://homesandgardens.example/lamps", 40, 130),
    ("chatgpt.com", "referral", "", "https://chatgpt.com/", 20, 160),
    ("google", "cpc", "rugs", "https://www.google.com/", 15, 90),
];
/// How busy each hour of a day is.
const HOURS: [u64; 24] = [2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 11, 13, 12, 10, 10, 11, 13, 15, 18, 21, 20, 13, 6];
/// Of those who have something in the cart, how many of a thousand take each further step.
const STEPS: [(&str, u64); 4] =
    [("begin_checkout", 560), ("add_shipping_info", 830), ("add_payment_info", 860), ("purchase", 900)];
const TERMS: [&str; 8] = ["lamp", "wool rug", "Lamp", "candle holder", "teapot", "curtains", "mug", "gift card"];
const SCREENS: [([u32; 2], u64); 3] = [([390, 844], 600), ([1_440, 900], 330), ([820, 1_180], 70)];

/// Tells a collector of so many visits that began in the month before now.
pub(crate) fn fill(client: &Client, visits: u64, seed: u64, now: u64) -> Result<()> {
    let bar = ProgressBar::new(visits);
    bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} visits, {eta} left")?);
    // Of each visitor, what is told of each visit.
    let mut visitors: Vec<Vec<Vec<Value>>> = Vec::new();
    let mut left = visits as usize;
    for number in 0.. {
        if left == 0 {
            break;
        }
        let mut visitor = Visitor::new(seed, number);
        let begins = visitor.begins(now);
        visitors.push(begins.into_iter().take(left).map(|began_at| visitor.visit(began_at, now)).collect());
        left -= visitors.last().map_or(0, Vec::len);
    }
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let tell = || -> Result<()> {
            while let Some(visits) = visitors.get(next.fetch_add(1, Ordering::Relaxed)) {
                for visit in visits {
                    visit.iter().try_for_each(|body| post(client, body))?;
                    bar.inc(1);
                }
            }
            Ok(())
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(tell)).collect();
        clients.into_iter().try_for_each(|client| client.join().map_err(|_| anyhow!("a client panicked"))?)
    })?;
    bar.finish();
    Ok(())
}

fn post(client: &Client, body: &Value) -> Result<()> {
    let body = body.to_string();
    loop {
        match client.post(body.as_bytes(), true)? {
            204 => return Ok(()),
            503 => thread::sleep(Duration::from_millis(100)),
            status => bail!("a batch of the month is answered with {status}"),
        }
    }
}

/// One person, with one device.
struct Visitor {
    number: u64,
    dice: Rand64,
    is_bot: bool,
    currency: &'static str,
    screen: [u32; 2],
    visits: u64,
    seq: u64,
    first: usize,
    /// The latest origin that was not direct, and the session before.
    last: usize,
    previous_id: Option<String>,
    /// An order that may come back.
    order: Option<(String, u64)>,
    items: Vec<Value>,
}

impl Visitor {
    fn new(seed: u64, number: u64) -> Self {
        let mut dice = Rand64::new(u128::from(seed) << 64 | u128::from(number));
        let is_bot = chance(&mut dice, 25);
        let currency = ["EUR", "GBP", "CHF"][weighted(&mut dice, &[880, 80, 40])];
        let screen = SCREENS[weighted(&mut dice, &SCREENS.map(|(_, weight)| weight))].0;
        let (visits, first, last) = (0, 0, 0);
        Self {
            number,
            dice,
            is_bot,
            currency,
            screen,
            visits,
            seq: 0,
            first,
            last,
            previous_id: None,
            order: None,
            items: Vec::new(),
        }
    }

    /// When their visits begin: in the evening more than at night, on Sundays more than on Fridays, more as the month goes on.
    fn begins(&mut self, now: u64) -> Vec<u64> {
        let mut begins = Vec::new();
        let first_day = now / DAY_MS - (DAYS - 1);
        let moment_of = |dice: &mut Rand64, day: u64| {
            let hour = weighted(dice, &HOURS) as u64;
            let began = (first_day + day) * DAY_MS + hour * 3_600_000 + dice.rand_range(0..3_600_000);
            // None is going on, or yet to come.
            (began + 70 * MINUTE_MS < now).then_some(began)
        };
        let (mut day, began) = loop {
            let day = self.dice.rand_range(0..DAYS);
            // 1970 began on a Thursday.
            let busy = [80, 78, 80, 84, 70, 88, 100][((first_day + day + 3) % 7) as usize] * (70 + day) / 100;
            if let Some(began) = moment_of(&mut self.dice, day).filter(|_| chance(&mut self.dice, busy * 10)) {
                break (day, began);
            }
        };
        begins.push(began);
        loop {
            day += 1 + self.dice.rand_range(0..9);
            if day >= DAYS || !chance(&mut self.dice, 330) {
                return begins;
            }
            begins.extend(moment_of(&mut self.dice, day));
        }
    }

    /// What a tracker tells of a visit, and the shop's server.
    fn visit(&mut self, began_at: u64, now: u64) -> Vec<Value> {
        self.visits += 1;
        let origin = if self.visits > 1 && chance(&mut self.dice, 550) {
            0
        } else {
            weighted(&mut self.dice, &ORIGINS.map(|(.., weight, _)| weight))
        };
        if self.visits == 1 {
            (self.first, self.last) = (origin, origin);
        }
        if origin > 0 {
            self.last = origin;
        }
        let mut story = Story { at: began_at, began_at, events: Vec::new() };
        let is_bought = self.act(&mut story, origin);
        let id = uuid(self.number, self.visits, 0);
        let reason = match self.visits {
            1 => "first",
            _ if origin > 0 && chance(&mut self.dice, 600) => "campaign",
            _ if chance(&mut self.dice, 700) => "midnight",
            _ => "inactivity",
        };
        let device = json!({ "id": uuid(self.number, 0, 1), "storage": "local", "language": "en-GB", "time_zone": "Europe/Berlin",
            "screen": self.screen, "bot": self.is_bot.then_some("webdriver") });
        let mut session = json!({ "id": id, "number": self.visits, "reason": reason, "previous_id": self.previous_id,
            "started_at": began_at, "landing_page": story.events[0].1, "source": source(origin), "first_touch": source(self.first) });
        if self.last > 0 {
            session["last_non_direct"] = source(self.last);
        }
        self.previous_id = Some(id.clone());
        let mut events: Vec<Value> = story
            .events
            .iter()
            .map(|(name, page, time, props)| self.event(name, page, *time, began_at, props))
            .collect();
        // Some orders no page tells of, and some other events are lost.
        let is_blocked = is_bought && chance(&mut self.dice, 40);
        let lost = chance(&mut self.dice, 10).then(|| self.dice.rand_range(0..events.len() as u64) as usize);
        let mut place = 0;
        let mut purchase = Value::Null;
        events.retain(|event| {
            place += 1;
            if event["name"] == "purchase" {
                purchase = event["props"].clone();
                return !is_blocked;
            }
            lost != Some(place) || place == 1
        });
        let batch = json!({ "schema": "shopbell/1", "tracker": env!("CARGO_PKG_VERSION"), "site": SITE, "sent_at": now, "device": device,
            "session": session, "events": events });
        let mut batches = vec![batch];
        if is_bought && (is_blocked || chance(&mut self.dice, 500)) {
            batches.push(json!({ "schema": "shopbell/server/1", "site": SITE, "session_id": id, "device_id": uuid(self.number, 0, 1),
                "events": [{ "name": "purchase", "time": story.at, "props": purchase }] }));
        }
        batches
    }

    fn event(&mut self, name: &str, page: &str, time: u64, began_at: u64, props: &Value) -> Value {
        let mut event = json!({ "id": uuid(self.number, self.visits, self.seq + 2), "name": name, "time": time, "offset_ms": time - began_at,
            "tab_id": format!("{:08x}", self.number), "page_id": "page", "seq": self.seq, "consent": "granted", "title": "Hearth & Loom",
            "url": format!("https://hearth-and-loom.example{page}") });
        if !props.is_null() {
            event["props"] = props.clone();
        }
        self.seq += 1;
        event
    }

    /// What they do in the shop; whether they buy.
    fn act(&mut self, story: &mut Story, origin: usize) -> bool {
        let landing = match self.dice.rand_range(0..10) {
            0..4 => "/".to_owned(),
            4..6 => format!("/c/{}", PRODUCTS[self.product()].2),
            _ => format!("/p/{}", PRODUCTS[self.product()].0),
        };
        story.tell("session_start", &landing, Value::Null);
        story.look(&mut self.dice, &landing, self.currency);
        if let Some((order, cents)) = self.order.take().filter(|_| chance(&mut self.dice, 150)) {
            // Half of what comes back is a part of the order.
            let cents = if chance(&mut self.dice, 500) { cents } else { cents / 2 };
            story.tell(
                "refund",
                "/account",
                json!({ "transaction_id": order, "currency": self.currency, "value": amount(cents) }),
            );
        }
        if chance(&mut self.dice, 330) {
            return false;
        }
        if chance(&mut self.dice, 110) {
            let term = TERMS[self.dice.rand_range(0..TERMS.len() as u64) as usize];
            let page = format!("/search?q={}", term.replace(' ', "+"));
            story.wait(&mut self.dice);
            story.tell("page_view", &page, Value::Null);
            story.tell("search", &page, json!({ "search_term": term }));
        }
        let likes = ORIGINS[origin].5;
        let mut cart: Vec<usize> = Vec::new();
        for _ in 0..=self.dice.rand_range(0..5) {
            let product = self.product();
            let page = format!("/p/{}", PRODUCTS[product].0);
            story.wait(&mut self.dice);
            story.look(&mut self.dice, &page, self.currency);
            // Rugs are looked at and left.
            let likes = if PRODUCTS[product].0 == "rug" { likes / 4 } else { likes };
            if chance(&mut self.dice, likes) {
                story.wait(&mut self.dice);
                story.tell("add_to_cart", &page, self.props(&[product]));
                cart.push(product);
            }
        }
        if cart.len() > 1 && chance(&mut self.dice, 200) {
            let product = cart.remove(0);
            story.tell("remove_from_cart", "/cart", self.props(&[product]));
        }
        if chance(&mut self.dice, 40) {
            story.tell("sign_up", "/newsletter", json!({ "method": "footer" }));
        }
        !cart.is_empty() && self.check_out(story, &cart)
    }

    fn check_out(&mut self, story: &mut Story, cart: &[usize]) -> bool {
        story.wait(&mut self.dice);
        story.tell("page_view", "/cart", Value::Null);
        story.tell("view_cart", "/cart", self.props(cart));
        for (step, of_thousand) in STEPS {
            if !chance(&mut self.dice, of_thousand) {
                return false;
            }
            story.wait(&mut self.dice);
            let page = if step == "purchase" { "/thanks" } else { "/checkout" };
            if matches!(step, "begin_checkout" | "purchase") {
                story.tell("page_view", page, Value::Null);
            }
            let mut props = self.props(cart);
            if step == "purchase" {
                let order = format!("H{}-{}", 10_000 + self.number, self.visits);
                props["transaction_id"] = json!(order);
                let cents = cart.iter().map(|product| PRODUCTS[*product].3).sum();
                self.order = Some((order, cents));
            }
            story.tell(step, page, props);
        }
        true
    }

    fn product(&mut self) -> usize {
        weighted(&mut self.dice, &PRODUCTS.map(|(.., looks)| looks))
    }

    fn props(&mut self, products: &[usize]) -> Value {
        self.items = products
            .iter()
            .map(|product| {
                let (id, name, department, cents, _) = PRODUCTS[*product];
                json!({ "item_id": id, "item_name": name, "item_category": department, "price": amount(cents), "quantity": 1 })
            })
            .collect();
        let cents = products.iter().map(|product| PRODUCTS[*product].3).sum();
        json!({ "currency": self.currency, "value": amount(cents), "items": self.items })
    }
}

/// What happens in a visit.
struct Story {
    at: u64,
    began_at: u64,
    events: Vec<(String, String, u64, Value)>,
}

impl Story {
    fn tell(&mut self, name: &str, page: &str, props: Value) {
        self.events.push((name.to_owned(), page.to_owned(), self.at, props));
    }

    /// Views a page, and a product if it is one's.
    fn look(&mut self, dice: &mut Rand64, page: &str, currency: &str) {
        self.tell("page_view", page, Value::Null);
        if let Some((id, name, department, cents, _)) =
            PRODUCTS.iter().find(|product| page == format!("/p/{}", product.0))
        {
            self.at += 200 + dice.rand_range(0..400);
            let item = json!({ "item_id": id, "item_name": name, "item_category": department, "price": amount(*cents), "quantity": 1 });
            self.tell("view_item", page, json!({ "currency": currency, "value": amount(*cents), "items": [item] }));
        }
    }

    /// Time passes, now and then a while, and never so much that another session would begin.
    fn wait(&mut self, dice: &mut Rand64) {
        let ms = if chance(dice, 60) {
            5 * MINUTE_MS + dice.rand_range(0..6 * MINUTE_MS)
        } else {
            6_000 + dice.rand_range(0..80_000)
        };
        if self.at + ms < self.began_at + 60 * MINUTE_MS {
            self.at += ms;
        }
    }
}

fn source(origin: usize) -> Value {
    let (source, medium, campaign, referrer, ..) = ORIGINS[origin];
    let mut told = json!({ "source": source, "medium": medium });
    for (name, text) in [("campaign", campaign), ("referrer", referrer)] {
        if !text.is_empty() {
            told[name] = json!(text);
        }
    }
    told
}

fn amount(cents: u64) -> f64 {
    cents as f64 / 100.0
}

fn chance(dice: &mut Rand64, of_thousand: u64) -> bool {
    dice.rand_range(0..1_000) < of_thousand
}

/// The place of one of some weights, by their weight.
fn weighted(dice: &mut Rand64, weights: &[u64]) -> usize {
    let mut at = dice.rand_range(0..weights.iter().sum());
    weights
        .iter()
        .position(|weight| {
            let is_it = at < *weight;
            at = at.saturating_sub(*weight);
            is_it
        })
        .unwrap_or(0)
}

fn uuid(visitor: u64, visit: u64, number: u64) -> String {
    format!("{visit:08x}-{number:04x}-8000-8000-{visitor:012x}")
}
