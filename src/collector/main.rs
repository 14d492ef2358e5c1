//! `shopbell-collector --listen ADDR --store URL`

use anyhow::{Context, Result};
use clap::Parser;
use shopbell_collector::faults::{Faults, HELP};
use shopbell_collector::keeping::{Keep, erase_old};
use shopbell_collector::relay::{self, Relay};
use shopbell_collector::server;
use shopbell_collector::store::Store;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

/// Receives, checks, stores and reports what Shopbell sends.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1:8787")]
    listen: String,
    /// Where events are kept: sqlite:PATH.
    #[arg(long, default_value = "sqlite:shopbell.sqlite")]
    store: String,
    /// Folder with the shop, the report and the built tracker, to serve them too.
    #[arg(long)]
    www: Option<PathBuf>,
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

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let has_colors = std::env::var_os("NO_COLOR").is_none() && std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(has_colors).with_writer(std::io::stderr).init();
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let runtime = Runtime::new().context("no thread could be started")?;
    let writer = runtime.block_on(serve(arguments))?;
    // Whoever still waits is hung up on, and with them goes the last handle on the store: the writer commits what is
    // queued and ends.
    drop(runtime);
    writer.join().ok();
    tracing::info!("stopped");
    Ok(())
}

/// Serves until it is to stop; returns the thread that writes.
async fn serve(arguments: &Arguments) -> Result<JoinHandle<()>> {
    let listen = &arguments.listen;
    let mut listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let (store, writer) = Store::open(&arguments.store)?;
    if let Some(keep) = arguments.keep {
        tokio::spawn(erase_old(store.clone(), keep));
    }
    let relays = relay::start(arguments.relay.clone(), || store.connect())?;
    println!("listening on http://{address}");
    let router = server::router(store, arguments.www.as_deref(), arguments.faults.clone(), relays);
    let faults = arguments.faults.clone().unwrap_or_default();
    let mut stop = pin!(stopped());
    loop {
        let (ends, ended) = oneshot::channel();
        let serving = server::serve(listener, router.clone(), async { drop(ended.await) });
        let mut serving = pin!(serving);
        let outage = tokio::select! {
            result = &mut serving => return result.map(|()| writer),
            () = &mut stop => None,
            lasts = faults.outage() => Some(lasts),
        };
        let _ = ends.send(());
        serving.await?;
        let Some(lasts) = outage else { return Ok(writer) };
        tracing::info!(?lasts, "the port is closed on purpose");
        tokio::select! {
            () = tokio::time::sleep(lasts) => {}
            () = &mut stop => return Ok(writer),
        }
        listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address} again"))?;
    }
}

/// Waits for an interrupt, or on Unix for a request to terminate.
async fn stopped() {
    #[cfg(unix)]
    {
        let terminate = signal::unix::signal(signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = signal::ctrl_c().await;
}
