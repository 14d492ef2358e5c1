//! What the machine asks for. It knows nothing of the machine.

use alloc::string::String;

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
