//! A stored chunk of the outbox, taken apart: its head, and the facts of its events.

use shopbell_core::layout::event;
use shopbell_core::lines;
use shopbell_core::outbox::next_part;

/// Tab, first seq of the segment, and first seq of the chunk if it is not the segment's first; of a storage key.
pub fn parts(key: &str) -> Option<(&str, u64, Option<u64>)> {
    let mut parts = key.split('.').skip(1);
    let (tab, first) = (parts.next()?, parts.next()?.parse().ok()?);
    Some((tab, first, parts.next().and_then(|part| part.parse().ok())))
}

/// The head, empty where the chunk is not a segment's first, and the facts of each event.
pub fn open<'a>(key: &str, text: &'a str) -> (&'a str, Vec<&'a str>) {
    let mut rest = lines::open(text).unwrap_or_default();
    let has_head = parts(key).is_some_and(|(_, _, chunk)| chunk.is_none());
    let head = if has_head { next_part(&mut rest) } else { "" };
    let mut events = Vec::new();
    while !rest.is_empty() {
        events.push(next_part(&mut rest));
    }
    (head, events)
}

/// The ids of the events in a chunk.
pub fn ids(key: &str, text: &str) -> Vec<String> {
    if parts(key).is_none() {
        return Vec::new();
    }
    open(key, text).1.into_iter().map(|facts| lines::at(facts, event::ID).to_owned()).collect()
}
