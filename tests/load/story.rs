//! What happens in the month's shop, and how likely each is.

use oorandom::Rand64;
use serde_json::{Value, json};

pub(crate) const MINUTE_MS: u64 = 60_000;

/// What the shop sells: id, name, department, price in cents, and how many of a hundred looks it has.
pub(crate) const PRODUCTS: [(&str, &str, &str, u64, u64); 9] = [
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
pub(crate) const ORIGINS: [(&str, &str, &str, &str, u64, u64); 11] = [
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
pub(crate) const HOURS: [u64; 24] =
    [2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 11, 13, 12, 10, 10, 11, 13, 15, 18, 21, 20, 13, 6];
/// Of those who have something in the cart, how many of a thousand take each further step.
pub(crate) const STEPS: [(&str, u64); 4] =
    [("begin_checkout", 560), ("add_shipping_info", 830), ("add_payment_info", 860), ("purchase", 900)];
pub(crate) const TERMS: [&str; 8] =
    ["lamp", "wool rug", "Lamp", "candle holder", "teapot", "curtains", "mug", "gift card"];
pub(crate) const SCREENS: [([u32; 2], u64); 3] = [([390, 844], 600), ([1_440, 900], 330), ([820, 1_180], 70)];

/// What happens in a visit.
pub(crate) struct Story {
    pub(crate) at: u64,
    pub(crate) began_at: u64,
    pub(crate) events: Vec<(String, String, u64, Value)>,
}

impl Story {
    pub(crate) fn tell(&mut self, name: &str, page: &str, props: Value) {
        self.events.push((name.to_owned(), page.to_owned(), self.at, props));
    }

    /// Views a page, and a product if it is one's.
    pub(crate) fn look(&mut self, dice: &mut Rand64, page: &str, currency: &str) {
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
    pub(crate) fn wait(&mut self, dice: &mut Rand64) {
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

pub(crate) fn source(origin: usize) -> Value {
    let (source, medium, campaign, referrer, ..) = ORIGINS[origin];
    let mut told = json!({ "source": source, "medium": medium });
    for (name, text) in [("campaign", campaign), ("referrer", referrer)] {
        if !text.is_empty() {
            told[name] = json!(text);
        }
    }
    told
}

pub(crate) fn amount(cents: u64) -> f64 {
    cents as f64 / 100.0
}

pub(crate) fn chance(dice: &mut Rand64, of_thousand: u64) -> bool {
    dice.rand_range(0..1_000) < of_thousand
}

/// The place of one of some weights, by their weight.
pub(crate) fn weighted(dice: &mut Rand64, weights: &[u64]) -> usize {
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

pub(crate) fn uuid(visitor: u64, visit: u64, number: u64) -> String {
    format!("{visit:08x}-{number:04x}-8000-8000-{visitor:012x}")
}
