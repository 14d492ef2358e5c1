//! A visitor of the month's shop: when they come, from where, and what is told of it.

use crate::story::{
    HOURS, MINUTE_MS, ORIGINS, PRODUCTS, SCREENS, STEPS, Story, TERMS, amount, chance, source, uuid, weighted,
};
use oorandom::Rand64;
use serde_json::{Value, json};

const DAY_MS: u64 = 86_400_000;
const DAYS: u64 = 30;
const SITE: &str = "shop";

/// One person, with one device.
pub(crate) struct Visitor {
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
    pub(crate) fn new(seed: u64, number: u64) -> Self {
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
    pub(crate) fn begins(&mut self, now: u64) -> Vec<u64> {
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
    pub(crate) fn visit(&mut self, began_at: u64, now: u64) -> Vec<Value> {
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
