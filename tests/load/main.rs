//! `cargo x load`: visits by the million over HTTP, how fast and how much memory that takes, and whether the report is right.

mod attack;
mod collector;
mod month;
mod story;
mod totals;
mod visitor;
mod visits;

use anyhow::{Context, Result, bail};
use clap::Parser;
use collector::{Client, Collector};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use totals::{Question, Totals};

/// How often an open report asks.
const REFRESH: Duration = Duration::from_secs(2);
/// How long a client that is told to come again waits.
const AGAIN: Duration = Duration::from_millis(200);
/// How often each question is asked to know how long it takes.
const ASKED: u32 = 5;

/// Visits of a shop, by the million.
#[derive(Parser)]
struct Arguments {
    /// The collector's binary.
    #[arg(long)]
    collector: PathBuf,
    /// Sessions.
    #[arg(long, default_value_t = 100_000)]
    sessions: u64,
    /// Events; what comes first, they or the sessions, is the end.
    #[arg(long)]
    events: Option<u64>,
    /// Clients that post at once.
    #[arg(long, default_value_t = 8)]
    clients: u64,
    /// Pages that have the report open during the second half.
    #[arg(long, default_value_t = 4)]
    pages: u64,
    /// What the visits follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Seconds of attacks afterwards, beside honest visits.
    #[arg(long, default_value_t = 0)]
    attack: u64,
    /// In the place of all this, a believable month of so many visits, in the store that is named.
    #[arg(long, requires = "store")]
    month: Option<u64>,
    /// Where the month is told: sqlite:PATH.
    #[arg(long)]
    store: Option<String>,
    /// Folder for the database; one that is deleted afterwards, if none is named.
    #[arg(long)]
    folder: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let (Some(visits), Some(store)) = (arguments.month, &arguments.store) {
        let collector = Collector::start(&arguments.collector, store)?;
        month::fill(&collector.client(), visits, arguments.seed, now_ms())?;
        return collector.stop();
    }
    let temporary = TempDir::new()?;
    let folder = arguments.folder.as_deref().unwrap_or(temporary.path());
    std::fs::create_dir_all(folder)?;
    let store = format!("sqlite:{}", folder.join("load.sqlite").display());
    let collector = Collector::start(&arguments.collector, &store)?;
    let run = Run::of(&arguments, &collector)?;
    run.print(&collector);
    ask(&collector, &run)?;
    if arguments.attack > 0 {
        attack::run(&collector, Duration::from_secs(arguments.attack))?;
    }
    let began = Instant::now();
    collector.stop()?;
    println!("stopped in {:.1} s", began.elapsed().as_secs_f64());
    if arguments.sessions > 0 {
        let began = Instant::now();
        let collector = Collector::start(&arguments.collector, &store)?;
        println!("started again in {:.1} s", began.elapsed().as_secs_f64());
        ask(&collector, &run)?;
    }
    Ok(())
}

pub(crate) fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// Milliseconds of requests, without and beside open reports.
pub(crate) type Latencies = Histogram<u64>;

pub(crate) fn latencies() -> Result<Latencies> {
    Ok(Histogram::new_with_bounds(1, 120_000_000, 3)?)
}

pub(crate) fn ms(latencies: &Latencies, quantile: f64) -> f64 {
    latencies.value_at_quantile(quantile) as f64 / 1_000.0
}

/// What was told, and how that went.
struct Run {
    questions: Vec<Question>,
    totals: Vec<Totals>,
    sessions: u64,
    events: u64,
    seconds: f64,
    alone: Latencies,
    beside: Latencies,
    again: u64,
}

/// What clients share.
struct Shared<'a> {
    arguments: &'a Arguments,
    questions: &'a [Question],
    next_device: AtomicU64,
    sessions: AtomicU64,
    events: AtomicU64,
    again: AtomicU64,
    are_pages_open: AtomicBool,
    is_over: AtomicBool,
    bar: ProgressBar,
}

/// What a client found.
struct Part {
    totals: Vec<Totals>,
    alone: Latencies,
    beside: Latencies,
}

impl Run {
    fn of(arguments: &Arguments, collector: &Collector) -> Result<Self> {
        let questions = totals::questions("shop", now_ms());
        let bar = ProgressBar::new(arguments.sessions);
        bar.set_style(ProgressStyle::with_template("{bar:40} {pos} of {len} sessions, {per_sec}, {eta} left {msg}")?);
        let shared = Shared {
            arguments,
            questions: &questions,
            next_device: AtomicU64::new(0),
            sessions: AtomicU64::new(0),
            events: AtomicU64::new(0),
            again: AtomicU64::new(0),
            are_pages_open: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            bar,
        };
        let began = Instant::now();
        let (mut all, mut alone, mut beside) = (Vec::new(), latencies()?, latencies()?);
        all.resize_with(questions.len(), Totals::default);
        std::thread::scope(|scope| -> Result<()> {
            let clients: Vec<_> =
                (0..arguments.clients).map(|_| scope.spawn(|| shared.tell(&collector.client()))).collect();
            let pages: Vec<_> =
                (0..arguments.pages).map(|_| scope.spawn(|| shared.watch(&collector.client()))).collect();
            for client in clients {
                let part = client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
                all.iter_mut().zip(part.totals).for_each(|(all, part)| all.add(part));
                alone.add(part.alone)?;
                beside.add(part.beside)?;
            }
            shared.is_over.store(true, Ordering::Relaxed);
            pages.into_iter().try_for_each(|page| page.join().map_err(|_| anyhow::anyhow!("a page panicked"))?)
        })?;
        shared.bar.finish();
        let (sessions, events, again) =
            (shared.sessions.into_inner(), shared.events.into_inner(), shared.again.into_inner());
        Ok(Self {
            totals: all,
            sessions,
            events,
            seconds: began.elapsed().as_secs_f64(),
            alone,
            beside,
            again,
            questions,
        })
    }

    fn print(&self, collector: &Collector) {
        println!(
            "{} sessions and {} events in {:.0} s: {:.0} events a second",
            self.sessions,
            self.events,
            self.seconds,
            self.events as f64 / self.seconds
        );
        for (name, latencies) in [("/collect", &self.alone), ("/collect beside open reports", &self.beside)] {
            println!(
                "{name}: {:.1} ms of half, {:.1} of 99 %, {:.1} of 99.9 %, {:.1} at most",
                ms(latencies, 0.5),
                ms(latencies, 0.99),
                ms(latencies, 0.999),
                ms(latencies, 1.0)
            );
        }
        println!(
            "{} requests were told to come again; {:.0} MiB of memory at most",
            self.again,
            collector.peak_bytes().unwrap_or(0) as f64 / 1_048_576.0
        );
    }
}

impl Shared<'_> {
    /// Tells of devices until there are enough sessions.
    fn tell(&self, client: &Client) -> Result<Part> {
        let mut part = Part { totals: Vec::new(), alone: latencies()?, beside: latencies()? };
        part.totals.resize_with(self.questions.len(), Totals::default);
        let most = self.arguments.events.unwrap_or(u64::MAX);
        while self.sessions.load(Ordering::Relaxed) < self.arguments.sessions
            && self.events.load(Ordering::Relaxed) < most
        {
            let device = self.next_device.fetch_add(1, Ordering::Relaxed);
            for visit in visits::of_device(self.arguments.seed, device, "shop", now_ms()) {
                for (place, (body, _)) in visit.batches.iter().enumerate() {
                    self.post(client, body, &mut part)?;
                    // An answer that was lost on its way: the same comes again.
                    if device % 50 == 7 && place == 0 {
                        self.post(client, body, &mut part)?;
                    }
                }
                self.questions
                    .iter()
                    .zip(&mut part.totals)
                    .for_each(|(question, totals)| question.count(totals, &visit));
                self.events.fetch_add(visit.events, Ordering::Relaxed);
                let sessions = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
                self.bar.inc(1);
                if sessions * 2 > self.arguments.sessions {
                    self.are_pages_open.store(true, Ordering::Relaxed);
                }
            }
        }
        Ok(part)
    }

    fn post(&self, client: &Client, body: &str, part: &mut Part) -> Result<()> {
        loop {
            let began = Instant::now();
            let status = client.post(body.as_bytes(), true).context("a batch was not answered")?;
            let took = began.elapsed().as_micros() as u64;
            let latencies =
                if self.are_pages_open.load(Ordering::Relaxed) { &mut part.beside } else { &mut part.alone };
            latencies.record(took)?;
            match status {
                204 => return Ok(()),
                429 | 503 => {
                    self.again.fetch_add(1, Ordering::Relaxed);
                    std::thread::sleep(AGAIN);
                }
                status => bail!("an honest batch is answered with {status}"),
            }
        }
    }

    /// Asks as an open report does.
    fn watch(&self, client: &Client) -> Result<()> {
        let mut known = String::new();
        while !self.is_over.load(Ordering::Relaxed) {
            if self.are_pages_open.load(Ordering::Relaxed) {
                known = client.get("report?site=shop", &known)?.1;
                client.get("sessions?site=shop&limit=50", &known)?;
            }
            std::thread::sleep(REFRESH);
        }
        Ok(())
    }
}

/// Asks the collector, says how long that takes, and fails where an answer is wrong.
fn ask(collector: &Collector, run: &Run) -> Result<()> {
    let client = collector.client();
    let timed = |name: &str, path: &str| -> Result<serde_json::Value> {
        let (mut worst, mut sum, mut answer) = (0.0_f64, 0.0, serde_json::Value::Null);
        for _ in 0..ASKED {
            let began = Instant::now();
            answer = client.get(path, "")?.0.context("an answer")?;
            let took = began.elapsed().as_secs_f64() * 1_000.0;
            (worst, sum) = (worst.max(took), sum + took);
        }
        println!("{name}: {:.1} ms, {worst:.1} at most", sum / f64::from(ASKED));
        Ok(answer)
    };
    for (question, totals) in run.questions.iter().zip(&run.totals) {
        let report = timed(
            &format!("report of {}, {} sessions", question.name, totals.sessions()),
            &format!("report?{}", question.query),
        )?;
        question.check(totals, &report)?;
    }
    for path in [
        "report?site=shop&period=30d&compare=true",
        "report?site=shop&period=365d&compare=true",
        "breakdown?site=shop&by=source",
        "breakdown?site=shop&by=page",
        "products?site=shop",
        "funnel?site=shop",
        "orders?site=shop&limit=50",
        "now?site=shop",
    ] {
        timed(path, path)?;
    }
    let sessions = timed("the latest 50 sessions", "sessions?site=shop&limit=50")?;
    timed(
        "the latest 50 sessions of three filters",
        "sessions?site=shop&limit=50&source=facebook&landing_page=/&visitor=new",
    )?;
    if let Some(id) = sessions[0]["id"].as_str() {
        timed("a session", &format!("sessions?session_id={id}"))?;
        let events = timed("a session's events", &format!("events?session_id={id}&limit=500"))?;
        let last = events.as_array().and_then(|events| events.last()).context("a session has events")?;
        timed(
            "100 events behind one",
            &format!("events?site=shop&after={}&limit=100", last["id"].as_str().unwrap_or_default()),
        )?;
    }
    Ok(())
}
