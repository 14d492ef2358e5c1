//! Ids: random where they must be unique, derived where two tabs must agree on them.

use crate::text;
use alloc::string::String;

/// Characters of a UUID as text.
pub const UUID_CHARS: usize = 36;

/// The fingerprint of the empty text: FNV-1a's offset basis.
const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// A 64-bit fingerprint of a text (FNV-1a).
pub fn fingerprint(text: &str) -> u64 {
    hash(EMPTY, text)
}

/// A text that was seen, by how its fingerprint differs from that of the empty text, which is the first.
#[derive(Debug, Default)]
pub(crate) struct Seen(u64);

impl Seen {
    /// Takes a text for seen; returns whether it is another than before.
    pub(crate) fn is_new(&mut self, text: &str) -> bool {
        let before = core::mem::replace(&mut self.0, fingerprint(text) ^ EMPTY);
        self.0 != before
    }
}

fn hash(start: u64, text: &str) -> u64 {
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The finaliser of `SplitMix64` (Steele, Lea, Flood 2014): every bit of the input reaches every bit of the output.
fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A UUID: version 8 ("custom", RFC 9562 section 5.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uuid([u64; 2]);

impl Uuid {
    /// A pure function of the parts: tabs that read the same facts mint the same id.
    ///
    /// It scatters its parts; it hides one of them, such as a device's seed, only as far as 122 bits of it cannot be
    /// guessed.
    pub fn derive(parts: &[&str]) -> Self {
        let (mut a, mut b) = (1, 2);
        for part in parts {
            a = mix(hash(a, part));
            b = mix(hash(b, part) ^ a);
        }
        Self([a, b])
    }

    /// Appends its 36 characters, in lower case.
    pub fn write(self, out: &mut String) {
        let Self([a, b]) = self;
        text::push_hex(out, a >> 32, 8);
        out.push_str("-");
        text::push_hex(out, a >> 16, 4);
        out.push_str("-8");
        text::push_hex(out, a, 3);
        out.push_str("-");
        text::push_hex(out, b >> 48 & 0x3fff | 0x8000, 4);
        out.push_str("-");
        text::push_hex(out, b, 12);
    }
}

/// Chance: a random text that the host drew once for this page, and everything drawn from it since.
#[derive(Clone, Debug)]
pub struct Entropy {
    drawn: String,
    draws: u64,
}

impl Entropy {
    /// Takes the host's random text, of 128 bits at least; two pages must never be given the same.
    pub fn new(drawn: &str) -> Self {
        Self { drawn: text::owned(drawn), draws: 0 }
    }

    /// Takes another text for the same.
    pub(crate) fn renew(&mut self, drawn: &str) {
        text::set(&mut self.drawn, drawn);
        self.draws = 0;
    }

    /// A fresh id.
    pub fn uuid(&mut self) -> Uuid {
        self.draws += 1;
        let mut count = String::new();
        text::push_number(&mut count, self.draws);
        Uuid::derive(&[&self.drawn, &count])
    }

    /// A fresh 32-bit number: unique enough among the tabs and pages of one device.
    pub fn number(&mut self) -> u64 {
        self.uuid().0[0] >> 32
    }
}
