//! What a seed stands for: a world's parameters and what happens in it.

use crate::zone::ZONES;
use oorandom::Rand64;
use shopbell_core::session::Rules;
use std::fmt;

/// Most tabs of a world.
pub const TABS_MAX: usize = 8;
/// 2026-01-01 and a year in milliseconds.
const YEAR: (u64, u64) = (1_767_225_600_000, 31_536_000_000);
/// Campaigns, as source, medium and name. The first is none; two share a source, three a medium.
pub const CAMPAIGNS: [[&str; 3]; 6] = [
    ["", "", ""],
    ["facebook", "cpc", "autumn"],
    ["facebook", "social", "autumn"],
    ["google", "cpc", "brand"],
    ["google", "cpc", "autumn"],
    ["newsletter", "email", ""],
];
/// The medium of the campaigns that come as messages.
pub const MESSAGES: &str = "email";
/// Who may refer a visitor without a campaign.
pub const REFERRERS: [&str; 3] = ["", "blog.example", "duckduckgo.com"];

/// What kind of world it is.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Parameters {
    /// Tabs at most.
    pub tabs: usize,
    /// The site's choices.
    pub rules: Rules,
    /// Whether the site ends sessions with the browser.
    pub ends_on_close: bool,
    /// When it begins, by the device's clock.
    pub began: u64,
    /// Index into [`ZONES`].
    pub zone: usize,
    /// How much the device's clock runs fast.
    pub drift_ppm: i64,
    /// How late a tab may see what another has stored, at most.
    pub stale_ms_max: u64,
    /// Whether tabs agree on a seed by locks.
    pub has_locks: bool,
    /// Whether there is no storage at all, so that each page is alone.
    pub is_storage_blocked: bool,
    /// Whether tabs crash.
    pub has_crashes: bool,
    /// Whether storage is filled, wiped and spoiled.
    pub has_storage_faults: bool,
    /// Whether the clock is set.
    pub has_clock_faults: bool,
    /// Of a thousand requests, how many fail.
    pub failing_permille: u64,
    /// Of a thousand requests, how many the collector refuses for good.
    pub rejecting_permille: u64,
    /// How many events the collector takes at once, if there is a limit; some are too large by themselves then.
    pub batch_events_max: Option<usize>,
    /// How long a request takes at most, each way.
    pub delay_ms_max: u64,
    /// Whether the network doubles requests.
    pub has_duplicates: bool,
    /// Whether an extension blocks the tracker.
    pub is_blocked: bool,
    /// Whether pages send beacons: what the browser accepts counts as sent, before it has arrived.
    pub has_beacons: bool,
    /// Whether a proxy refuses compressed batches, which go once more as they are.
    pub has_proxy: bool,
    /// Whether nobody has agreed to be tracked as it begins.
    pub asks_for_consent: bool,
    /// Whether a tab that lives takes over what another has left as soon as that one's lock comes free.
    pub follows_locks: bool,
}

/// How long nothing happens before a step.
#[derive(Clone, Copy, Debug)]
pub enum Gap {
    /// So many milliseconds.
    Ms(u64),
    /// Until the session's timeout, and this much more or less.
    ToTimeout(i64),
    /// Until midnight, and this much more or less.
    ToMidnight(i64),
}

/// What a tab, its visitor or the world does.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Act {
    /// A page is loaded, in a new tab if the tab is not open: a campaign, a referrer, and whether the visitor comes back
    /// from a payment gateway.
    Load { campaign: usize, referrer: usize, is_return: bool },
    /// The page is loaded again.
    Reload,
    /// Back to the page before, which the browser has kept.
    Back,
    /// The page routes.
    Route { campaign: usize },
    /// The visitor touches, types or scrolls.
    Input,
    /// The site tracks an event.
    Track,
    /// The site tracks a purchase.
    Purchase,
    /// The site wants a new session.
    NewSession,
    /// The visitor leaves to pay.
    CheckoutPending,
    /// The tab is hidden.
    Hide,
    /// The tab comes into view, and looks for what others have left.
    Show,
    /// The site wants everything sent.
    Flush,
    /// The site tracks so many events in a row, each in a task of its own.
    Burst { events: usize },
    /// The site tracks so many events in one task, and a purchase in the middle.
    Loop { events: usize },
    /// A page is loaded, so many calls are made, and it is left before its tracker has come.
    Early { campaign: usize, referrer: usize, is_return: bool, calls: usize },
    /// The collector goes down, or comes back.
    Outage(bool),
    /// The browser freezes the tab until its next act.
    Freeze,
    /// Somebody looks at the session: the inspector, a heartbeat.
    Look,
    /// The visitor agrees to be tracked, or takes that back.
    Consent(bool),
    /// The tab is closed.
    Close,
    /// The tab crashes, after so many effects of an event that it tracks or of a page that it loads.
    Crash { effects: usize },
    /// All tabs are closed.
    Quit,
    /// Storage takes nothing more, or does again.
    Fill(bool),
    /// Storage is wiped.
    Wipe,
    /// The record becomes something else: garbage, cut short, altered, or what it was so many writes ago.
    Spoil { how: usize },
    /// The clock is set.
    SetClock { by_ms: i64 },
    /// The device travels.
    Travel { zone: usize },
}

/// A thing that happens.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// When, after the step before.
    pub gap: Gap,
    /// In which tab.
    pub tab: usize,
    /// What.
    pub act: Act,
    /// How late the tab sees what others have stored.
    pub stale_ms: u64,
    /// Chance for what the step leads to.
    pub chance: u64,
}

/// A world and its history to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it was drawn from.
    pub seed: u64,
    /// The world.
    pub parameters: Parameters,
    /// What happens.
    pub steps: Vec<Step>,
}

/// Draws.
struct Dice(Rand64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0.rand_range(0..bound)
    }

    fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.index(all.len())]
    }

    /// Up to `most`, with many that are small.
    fn skewed(&mut self, most: u64) -> u64 {
        let bound = 1 + self.below(most + 1);
        self.below(bound)
    }
}

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64) -> Self {
        let mut dice = Dice(Rand64::new(u128::from(seed)));
        let parameters = parameters(&mut dice);
        let count = 20 + dice.skewed(180);
        let steps = (0..count).map(|_| step(&mut dice, &parameters)).collect();
        Self { seed, parameters, steps }
    }
}

fn parameters(dice: &mut Dice) -> Parameters {
    let zone = dice.index(ZONES.len());
    let midnight = dice.chance(75);
    let minutes = dice.pick(&[1, 5, 30, 30, 30, 120, 1_440]);
    let rules = Rules {
        timeout_ms: minutes * 60_000,
        midnight,
        campaign: dice.pick(&[0, 1, 1, 1, 2, 3]),
        max_ms: if midnight && dice.chance(80) { None } else { Some(dice.pick(&[1, 4, 24]) * 3_600_000) },
    };
    let offset = dice.below(36 * 3_600_000);
    let began = match ZONES[zone].transitions_ms() {
        // Within a day and a half before the clocks change.
        transitions if !transitions.is_empty() && dice.chance(70) => dice.pick(&transitions) - offset,
        _ => YEAR.0 + dice.below(YEAR.1),
    };
    Parameters {
        tabs: 1 + dice.skewed(TABS_MAX as u64 - 1) as usize,
        rules,
        ends_on_close: dice.chance(25),
        began,
        zone,
        drift_ppm: if dice.chance(30) { dice.below(2_000) as i64 - 1_000 } else { 0 },
        stale_ms_max: if dice.chance(40) { dice.pick(&[5, 50, 500, 2_000]) } else { 0 },
        has_locks: dice.chance(85),
        is_storage_blocked: dice.chance(4),
        has_crashes: dice.chance(30),
        has_storage_faults: dice.chance(30),
        has_clock_faults: dice.chance(30),
        failing_permille: dice.pick(&[0, 0, 50, 500]),
        rejecting_permille: if dice.chance(15) { 200 } else { 0 },
        batch_events_max: if dice.chance(15) { Some(dice.pick(&[1, 2, 5, 20])) } else { None },
        delay_ms_max: dice.pick(&[0, 0, 50, 2_000, 20_000, 40_000]),
        has_duplicates: dice.chance(20),
        is_blocked: dice.chance(3),
        has_beacons: dice.chance(15),
        has_proxy: dice.chance(10),
        follows_locks: dice.chance(50),
        asks_for_consent: dice.chance(15),
    }
}

fn step(dice: &mut Dice, world: &Parameters) -> Step {
    let act = act(dice, world);
    Step {
        gap: gap(dice),
        tab: dice.index(world.tabs),
        act,
        stale_ms: if world.stale_ms_max == 0 { 0 } else { dice.below(world.stale_ms_max + 1) },
        chance: dice.0.rand_u64(),
    }
}

fn gap(dice: &mut Dice) -> Gap {
    match dice.below(100) {
        0..12 => Gap::Ms(0),
        12..40 => Gap::Ms(dice.below(3_000)),
        40..46 => Gap::Ms(4_990 + dice.below(20)),
        46..74 => Gap::Ms(dice.skewed(15 * 60_000)),
        74..84 => Gap::ToTimeout(dice.pick(&[-5_001, -2, -1, 0, 1, 10, 1_000])),
        84..92 => Gap::ToMidnight(dice.pick(&[-1_000, -1, 0, 1, 1_000])),
        92..98 => Gap::Ms(dice.skewed(20 * 3_600_000)),
        _ => Gap::Ms(dice.skewed(9 * 86_400_000)),
    }
}

fn act(dice: &mut Dice, world: &Parameters) -> Act {
    let campaign = if dice.chance(30) { dice.index(CAMPAIGNS.len()) } else { 0 };
    match dice.below(100) {
        0..20 => {
            let referrer = if dice.chance(30) { dice.index(REFERRERS.len()) } else { 0 };
            let is_return = dice.chance(5);
            Act::Load { campaign: if is_return { 0 } else { campaign }, referrer, is_return }
        }
        20..24 => Act::Reload,
        24..28 => Act::Back,
        28..36 => Act::Route { campaign },
        36..38 => Act::Show,
        38..40 => Act::Flush,
        40..42 => Act::Outage(dice.chance(50)),
        42..43 => Act::Burst { events: 1 + dice.skewed(160) as usize },
        43..45 => Act::Loop { events: 1 + dice.skewed(160) as usize },
        45..49 => {
            let referrer = if dice.chance(30) { dice.index(REFERRERS.len()) } else { 0 };
            let is_return = dice.chance(10);
            let calls = dice.index(4);
            Act::Early { campaign: if is_return { 0 } else { campaign }, referrer, is_return, calls }
        }
        49..52 => Act::Consent(dice.chance(65)),
        54..70 => Act::Track,
        70..74 => Act::Purchase,
        74..77 => Act::NewSession,
        77..79 => Act::CheckoutPending,
        79..84 => Act::Hide,
        84..87 => Act::Look,
        87..88 => Act::Freeze,
        88..91 => Act::Close,
        91..92 => Act::Quit,
        92..93 => Act::Travel { zone: dice.index(ZONES.len()) },
        93..95 if world.has_crashes => Act::Crash { effects: dice.index(12) },
        95..97 if world.has_clock_faults => {
            let size = dice.pick(&[1, 1_000, 60_000, 3_600_000, 86_400_000, 40 * 86_400_000]);
            Act::SetClock { by_ms: if dice.chance(50) { size } else { -size } }
        }
        97..98 if world.has_storage_faults => Act::Wipe,
        98..99 if world.has_storage_faults => Act::Fill(dice.chance(60)),
        99 if world.has_storage_faults => Act::Spoil { how: dice.index(8) },
        _ => Act::Input,
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rules { timeout_ms, midnight, campaign, max_ms } = self.rules;
        writeln!(out, "  tabs {}, zone {}, began {}", self.tabs, ZONES[self.zone].name, self.began)?;
        writeln!(
            out,
            "  timeout {} min, midnight {midnight}, campaign {campaign}, max {max_ms:?} ms, ends on close {}",
            timeout_ms / 60_000,
            self.ends_on_close
        )?;
        writeln!(
            out,
            "  drift {} ppm, stale up to {} ms, locks {}",
            self.drift_ppm, self.stale_ms_max, self.has_locks
        )?;
        write!(
            out,
            "  storage blocked {}, crashes {}, storage faults {}, clock faults {}, failing {} of 1000\n  \
             refusing {} of 1000, at most {:?} events, delays up to {} ms, doubled {}, blocked by an extension {}\n  \
             beacons {}, a proxy that refuses what is compressed {}, locks followed {}\n  consent asked for {}",
            self.is_storage_blocked,
            self.has_crashes,
            self.has_storage_faults,
            self.has_clock_faults,
            self.failing_permille,
            self.rejecting_permille,
            self.batch_events_max,
            self.delay_ms_max,
            self.has_duplicates,
            self.is_blocked,
            self.has_beacons,
            self.has_proxy,
            self.follows_locks,
            self.asks_for_consent
        )
    }
}
