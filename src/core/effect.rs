//! What the machine asks for. It knows nothing of the machine.

use crate::text::owned;
use alloc::string::String;
use alloc::vec::Vec;

/// Names a batch among those of this page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BatchId(pub u32);

/// What the host is to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Store a text under a key; remove the key if the text is empty.
    Store(String, String),
    /// Encode [`Tracker::batch`](crate::tracker::Tracker::batch) and send it; report the answer, or that there was none
    /// within [`ANSWER_MS_MAX`](crate::outbox::ANSWER_MS_MAX).
    Send(BatchId),
}

/// Asks for a text to be stored.
#[inline(never)]
pub(crate) fn store(out: &mut Vec<Output>, key: &str, text: &str) {
    out.push(Output::Store(owned(key), owned(text)));
}

/// Asks for a key to be removed.
pub(crate) fn remove(out: &mut Vec<Output>, key: &str) {
    store(out, key, "");
}
