//! `shopbell-collector --listen ADDR --store URL`

use anyhow::{Context, Error, Result, bail};
use axum::http::HeaderName;
use clap::{Args, Parser, Subcommand};
use shopbell_collector::access::Access;
use shopbell_collector::faults::{Faults, HELP};
use shopbell_collector::goals::Goal;
use shopbell_collector::keeping::{Keep, erase_old};
use shopbell_collector::metrics::Metrics;
use shopbell_collector::peers::Peers;
use shopbell_collector::relay::{self, Relay};
use shopbell_collector::server::{self, Settings};
use shopbell_collector::sites::{Site, Sites};
use shopbell_collector::store::Store;
use shopbell_collector::weekly::{self, Asked, Form, Week};
use shopbell_collector::zones::{Zone, Zones};
use shopbell_collector::{care, connections};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

/// Receives, checks, stores and reports what Shopbell sends.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serving: Serving,
}

#[derive(Subcommand)]
enum Command {
    /// Copies the store to a file, while a collector may go on writing to it.
    Backup {
        /// The copy: a file that is not there yet.
        file: PathBuf,
        /// What is copied.
        #[arg(long, default_value = "sqlite:shopbell.sqlite")]
        store: String,
    },
    /// Looks whether the store is sound and its sessions are what their events come to; exits with 1 where they are not.
    Check {
        /// Writes the sessions' figures anew.
        #[arg(long)]
        rebuild: bool,
        /// What is looked at.
        #[arg(long, default_value = "sqlite:shopbell.sqlite")]
        store: String,
    },
    /// Prints what a week came to beside the week before, to be mailed.
    Summary(Weekly),
}

#[derive(Args)]
struct Weekly {
    /// What is summed up.
    #[arg(long, default_value = "sqlite:shopbell.sqlite")]
    store: String,
    /// One site, in the place of all.
    #[arg(long)]
    site: Option<String>,
    /// The week, such as 2026-W48; the last that is over, if none is named.
    #[arg(long)]
    week: Option<Week>,
    /// Lines of text, or a page.
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// The time zone that days are of, as the collector is told it.
    #[arg(long, value_name = "[SITE=]ZONE")]
    time_zone: Vec<Zone>,
    /// What the site wants of its visitors, as the collector is told it.
    #[arg(long, value_name = "[SITE:]NAME=EVENT|PATH")]
    goal: Vec<Goal>,
}

#[derive(Args)]
struct Serving {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: String,
    /// Where events are kept: sqlite:PATH.
    #[arg(long, default_value = "sqlite:shopbell.sqlite")]
    store: String,
    /// Folder with the shop, the report and the built tracker, to serve them too.
    #[arg(long)]
    www: Option<PathBuf>,
    /// Path that all URLs begin with, where a proxy does not take it away: /stats, say.
    #[arg(long, value_name = "PATH", default_value = "", value_parser = prefix)]
    prefix: String,
    /// A site that is taken, with the origins that may tell of it if not all may: shop=https://shop.example,https://www.shop.example.
    /// May be repeated; without it, any site is.
    #[arg(long, value_name = "NAME[=ORIGIN,…]")]
    site: Vec<Site>,
    /// The time zone that days of the report are of, for all sites or one: Europe/Berlin, or shop=Europe/Berlin. May be repeated;
    /// without it, this machine's.
    #[arg(long, value_name = "[SITE=]ZONE")]
    time_zone: Vec<Zone>,
    /// What a site wants of its visitors, an event or a page: `Newsletter=sign_up`, `Contact=/contact*`, or `shop:Contact=/contact` for one
    /// site. May be repeated.
    #[arg(long, value_name = "[SITE:]NAME=EVENT|PATH")]
    goal: Vec<Goal>,
    /// What whoever reads must know, of 16 characters at least. Without it, only this machine reads. The variable `SHOPBELL_TOKEN` says it too.
    #[arg(long, env = "SHOPBELL_TOKEN", hide_env_values = true, conflicts_with = "token_file")]
    token: Option<String>,
    /// File with the token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Name under which the owner asks, beside loopback's; may be repeated. Without it, any name will do with the token.
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Events a second that one client may tell, ten seconds' worth at once; 0 for any number. Clients on this machine may tell
    /// any number, unless a header says who they are.
    #[arg(long, value_name = "EVENTS", default_value_t = 1_000)]
    rate: u32,
    /// Header in which the proxy in front says who its client is, such as X-Forwarded-For. Without a proxy that sets it, anybody could.
    #[arg(long, value_name = "NAME")]
    client_header: Option<HeaderName>,
    /// How long to keep what was received, such as 400d; for good if it is not said.
    #[arg(long, value_name = "DAYS")]
    keep: Option<Keep>,
    /// Forwards what is stored to a target in a wire format, such as snowplow=https://collector.example; may be repeated. A user in
    /// the URL is what the target calls the site: its key, say.
    #[arg(long, value_name = "FORMAT=URL")]
    relay: Vec<Relay>,
    #[arg(long, value_name = "SPEC", help = HELP)]
    faults: Option<Faults>,
}

fn prefix(text: &str) -> Result<String, String> {
    let path = text.trim_end_matches('/');
    let is_plain = path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/-_.~".contains(letter));
    if path.is_empty() || path.starts_with('/') && is_plain && !path.contains("//") {
        return Ok(path.to_owned());
    }
    Err("accepted is a path such as /stats".to_owned())
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let has_colors = std::env::var_os("NO_COLOR").is_none() && std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(has_colors)
        .with_writer(std::io::stderr)
        // A full disk or a closed pipe under the log costs its lines and nothing else.
        .log_internal_errors(false)
        .init();
    let arguments = Arguments::parse();
    let done = match &arguments.command {
        None => run(&arguments.serving),
        Some(Command::Backup { file, store }) => care::backup(store, file).map(|()| ExitCode::SUCCESS),
        Some(Command::Check { rebuild, store }) => care::check(store, *rebuild).map(|findings| {
            for finding in &findings {
                let _ = writeln!(std::io::stdout(), "{finding}");
            }
            if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }),
        Some(Command::Summary(weekly)) => summary(weekly),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn summary(weekly: &Weekly) -> Result<ExitCode> {
    let zone = Zones::new(weekly.time_zone.clone()).of(weekly.site.as_deref());
    let asked = Asked { site: weekly.site.clone(), week: weekly.week, zone, goals: weekly.goal.clone() };
    let text = weekly::weekly(&weekly.store, asked, weekly.format)?;
    std::io::stdout().write_all(text.as_bytes()).context("the summary cannot be written")?;
    Ok(ExitCode::SUCCESS)
}

fn run(serving: &Serving) -> Result<ExitCode> {
    let runtime = Runtime::new().context("no thread could be started")?;
    let (writer, is_dead) = runtime.block_on(serve(serving))?;
    // Whoever still waits is hung up on, and with them goes the last handle on the store: the writer commits what is
    // queued and ends.
    runtime.shutdown_timeout(Duration::from_secs(2));
    let has_panicked = writer.join().is_err();
    tracing::info!("stopped");
    if is_dead || has_panicked {
        bail!("the thread that writes ended by itself");
    }
    Ok(ExitCode::SUCCESS)
}

fn access(serving: &Serving) -> Result<Access> {
    let token = match &serving.token_file {
        None => serving.token.clone(),
        Some(file) => {
            let text = std::fs::read_to_string(file);
            Some(text.with_context(|| format!("the token's file {} cannot be read", file.display()))?)
        }
    };
    Access::new(token.as_deref(), serving.host.clone()).map_err(Error::msg)
}

/// Serves until it is to stop, or until the thread that writes has ended; returns that, and whether it has.
async fn serve(serving: &Serving) -> Result<(JoinHandle<()>, bool)> {
    let listen = &serving.listen;
    let access = access(serving)?;
    let mut listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let (most, metrics) = (connections::allowed(), Metrics::default());
    let (store, writer) = Store::open(&serving.store, metrics.clone())?;
    if let Some(keep) = serving.keep {
        tokio::spawn(erase_old(store.clone(), keep));
    }
    let relays = relay::start(serving.relay.clone(), || store.connect())?;
    // Whoever started it may have gone.
    let _ = writeln!(std::io::stdout(), "listening on http://{address}{}", serving.prefix);
    let ended = store.writer_ended();
    let settings = Settings {
        www: serving.www.clone(),
        prefix: serving.prefix.clone(),
        access,
        sites: Sites::new(serving.site.clone()),
        zones: Zones::new(serving.time_zone.clone()),
        goals: serving.goal.clone(),
        peers: Some(Peers::new(serving.client_header.clone(), serving.rate)),
        faults: serving.faults.clone(),
        relays,
    };
    let router = server::router(store, settings);
    let faults = serving.faults.clone().unwrap_or_default();
    let (mut stop, mut ended) = (pin!(stopped()), pin!(ended));
    loop {
        let (ends, end) = oneshot::channel();
        let mut accepting =
            pin!(connections::serve(listener, router.clone(), most, metrics.clone(), async { drop(end.await) }));
        let outage = tokio::select! {
            result = &mut accepting => return result.map(|()| (writer, false)),
            () = &mut ended => return Ok((writer, true)),
            () = &mut stop => None,
            lasts = faults.outage() => Some(lasts),
        };
        let _ = ends.send(());
        accepting.await?;
        let Some(lasts) = outage else { return Ok((writer, false)) };
        tracing::info!(?lasts, "the port is closed on purpose");
        tokio::select! {
            () = tokio::time::sleep(lasts) => {}
            () = &mut stop => return Ok((writer, false)),
        }
        listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} again"))?;
    }
}

/// Waits for an interrupt, or on Unix for a request to terminate or the end of its terminal.
async fn stopped() {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut hangup)) = (signal(SignalKind::terminate()), signal(SignalKind::hangup())) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            return;
        }
    }
    let _ = signal::ctrl_c().await;
}
