//! Connections: how many, and how long each may keep us waiting.

use crate::metrics::Metrics;
use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

/// Connections at most, where the system allows as many files.
const CONNECTIONS_MAX: usize = 16_384;
/// Files that are not connections.
const FILES: u64 = 256;
/// How long a request's head may take, and how long a connection may wait for the next; when most connections are taken, the
/// second.
const HEAD: Duration = Duration::from_secs(15);
const HEAD_WHEN_FULL: Duration = Duration::from_secs(2);
/// How long nothing may come while something is to, and how long a client may take nothing of its answer. Longer than a request.
const READ: Duration = Duration::from_secs(40);
const WRITE: Duration = Duration::from_secs(10);
/// Largest head of a request.
const HEAD_BYTES_MAX: usize = 16_384;
/// How long requests under way have to end once the server is to stop.
const GRACE: Duration = Duration::from_secs(10);
/// How long to wait when the system has no file for another connection.
const NO_FILE: Duration = Duration::from_millis(50);

/// Raises what the system allows this process to as much as it may, and says how many connections that makes.
pub fn allowed() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1_024);
    CONNECTIONS_MAX.min(files.saturating_sub(FILES).max(64) as usize)
}

/// Serves until `stop` is done, and then until the requests under way are answered, or ten seconds are over.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    most: usize,
    metrics: Metrics,
    stop: impl Future<Output = ()> + Send,
) -> Result<()> {
    let (all, open) = (GracefulShutdown::new(), Arc::new(Semaphore::new(most)));
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "no connection");
                tokio::time::sleep(NO_FILE).await;
                continue;
            }
        };
        let Ok(place) = open.clone().try_acquire_owned() else { continue };
        let free = open.available_permits();
        metrics.connected(most - free);
        let head = if free < most / 2 { HEAD_WHEN_FULL } else { HEAD };
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(Box::pin(limited(stream))), service);
        let connection = all.watch(connection);
        let (open, metrics) = (open.clone(), metrics.clone());
        tokio::spawn(async move {
            // Whatever a client does wrong with its connection, it is over then.
            let _ = connection.await;
            drop(place);
            metrics.connected(most - open.available_permits());
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, all.shutdown()).await;
    Ok(())
}

fn limited(stream: TcpStream) -> TimeoutStream<TcpStream> {
    // An answer is one small packet, and waits for none.
    let _ = stream.set_nodelay(true);
    let mut stream = TimeoutStream::new(stream);
    stream.set_read_timeout(Some(READ));
    stream.set_write_timeout(Some(WRITE));
    stream
}
