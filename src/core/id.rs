//! Ids: random where they must be unique, derived where two tabs must agree on them.

use alloc::string::String;

/// Number of characters of a [`Uuid`] as text.
pub const UUID_CHARS: usize = 36;

/// A UUID. Version 8 ("custom", RFC 9562 section 5.8): its bits come from [`derive`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid([u64; 2]);

impl Uuid {
    /// The two halves, for deriving further ids.
    pub fn words(self) -> [u64; 2] {
        self.0
    }

    /// Appends the canonical text, 36 characters in lower case.
    pub fn write(self, out: &mut String) {
        for (half, word) in self.0.into_iter().enumerate() {
            for nibble in 0..16_u32 {
                let dashed = matches!((half, nibble), (0, 8 | 12) | (1, 0 | 4));
                if dashed {
                    out.push('-');
                }
                out.push(hex_digit(word >> (60 - 4 * nibble)));
            }
        }
    }

    /// The canonical text.
    pub fn to_text(self) -> String {
        let mut out = String::with_capacity(UUID_CHARS);
        self.write(&mut out);
        out
    }

    /// Reads the canonical text, in either case; anything else is `None`.
    pub fn read(text: &str) -> Option<Self> {
        let mut words = [0_u64; 2];
        let mut digits = 0;
        for (at, byte) in text.bytes().enumerate() {
            if matches!(at, 8 | 13 | 18 | 23) {
                if byte != b'-' {
                    return None;
                }
                continue;
            }
            let digit = char::from(byte).to_digit(16)?;
            let word = words.get_mut(digits / 16)?;
            *word = *word << 4 | u64::from(digit);
            digits += 1;
        }
        (digits == 32 && text.len() == UUID_CHARS).then_some(Self(words))
    }
}

/// The lowest four bits of `word` as a hexadecimal digit.
fn hex_digit(word: u64) -> char {
    char::from(b"0123456789abcdef"[(word & 15) as usize])
}

/// Appends `word` as 16 hexadecimal digits.
pub fn write_hex(word: u64, out: &mut String) {
    for nibble in 0..16_u32 {
        out.push(hex_digit(word >> (60 - 4 * nibble)));
    }
}

/// Reads 1 to 16 hexadecimal digits.
pub fn read_hex(text: &str) -> Option<u64> {
    if text.len() > 16 {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

/// A UUID that is a pure function of `seed` and `parts`: tabs that read the same facts mint the same id.
///
/// The mixing is that of `SplitMix64` (Steele, Lea, Flood 2014) over two lanes. It scatters; it is not a secret
/// kept from somebody who knows the seed.
pub fn derive(seed: [u64; 2], parts: &[u64]) -> Uuid {
    let [mut a, mut b] = seed;
    for part in parts {
        a = mix(a ^ part);
        b = mix(b.wrapping_add(a)).wrapping_add(*part);
    }
    b = mix(b.wrapping_add(a));
    Uuid([
        mix(a ^ b) & !0xf000 | 0x8000,
        b & !(0b11 << 62) | 0b10 << 62,
    ])
}

fn mix(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// A 64-bit fingerprint of a text (FNV-1a).
pub fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Chance: 128 random bits that the host drew once for this page, and everything drawn from them since.
#[derive(Clone, Debug)]
pub struct Entropy {
    seed: [u64; 2],
    drawn: u64,
}

impl Entropy {
    /// Takes the host's random bits; two pages must never be given the same.
    pub fn new(seed: [u64; 2]) -> Self {
        Self { seed, drawn: 0 }
    }

    /// A fresh id.
    pub fn uuid(&mut self) -> Uuid {
        self.drawn += 1;
        derive(self.seed, &[self.drawn])
    }

    /// A fresh 64-bit word.
    pub fn word(&mut self) -> u64 {
        let [a, b] = self.uuid().words();
        mix(a ^ b.rotate_left(32))
    }

    /// A fresh short name of 8 hexadecimal digits, unique enough among the tabs and pages of one device.
    pub fn short_name(&mut self) -> String {
        let word = self.word();
        (0..8).map(|nibble| hex_digit(word >> (4 * nibble))).collect()
    }
}
