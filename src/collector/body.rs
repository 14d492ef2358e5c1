//! Bodies of requests, read within limits of bytes and time, of one and of all.

use crate::batch::BODY_BYTES_MAX;
use axum::body::{Body, Bytes};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

/// How long a body may pause before its request is given up, and how long it may take in all.
const PAUSE: Duration = Duration::from_secs(10);
const TIME: Duration = Duration::from_secs(30);
/// Bytes of all bodies that are in memory at once, until their requests are answered.
const ALL_BYTES_MAX: usize = 67_108_864;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    TooLarge,
    TooSlow,
    Malformed(&'static str),
    /// Others take all the memory that there is for bodies.
    Busy,
}

/// What bodies may take of the memory.
#[derive(Clone)]
pub(crate) struct Bodies(Arc<Semaphore>);

impl Default for Bodies {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL_BYTES_MAX)))
    }
}

/// A body, and the room that it takes.
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    /// Reads a body whole. One that begins as gzip streams do (RFC 1952 section 2.3.1) is unpacked: a header that says so would
    /// need a preflight, and proxies look at it.
    pub(crate) async fn read(&self, body: Body, says_gzip: bool) -> Result<Whole, BodyError> {
        let until = Instant::now() + TIME;
        let (mut bytes, mut room) = (Vec::new(), None);
        let mut chunks = body.into_data_stream();
        loop {
            let next = timeout_at(until, timeout(PAUSE, chunks.next())).await;
            let Ok(Ok(chunk)) = next else { return Err(BodyError::TooSlow) };
            let Some(chunk) = chunk else { break };
            let chunk = chunk.map_err(|_| BodyError::Malformed("the body did not arrive whole"))?;
            if bytes.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(BodyError::TooLarge);
            }
            self.take(&mut room, chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        if bytes.starts_with(&[0x1f, 0x8b]) {
            bytes = unpacked(&bytes)?;
            self.take(&mut room, bytes.len())?;
        } else if says_gzip {
            return Err(BodyError::Malformed("the body is said to be gzip, and does not begin as that does"));
        }
        Ok(Whole { bytes: bytes.into(), _room: room })
    }

    fn take(&self, room: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), BodyError> {
        let more = self.0.clone().try_acquire_many_owned(bytes as u32).map_err(|_| BodyError::Busy)?;
        match room {
            Some(room) => room.merge(more),
            None => *room = Some(more),
        }
        Ok(())
    }
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, BodyError> {
    let mut plain = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut plain);
    if plain.len() > BODY_BYTES_MAX {
        return Err(BodyError::TooLarge);
    }
    read.map_err(|_| BodyError::Malformed("the body begins as gzip does, and is none"))?;
    Ok(plain)
}
