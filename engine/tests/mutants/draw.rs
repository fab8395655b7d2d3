//! Numbers to draw from: out of a seed, or out of a fuzzer's bytes.

use tosumu::crypto::{Entropy, InsecureSeededEntropy};

/// Where numbers come from.
pub enum Draw {
    /// A seed: as many numbers as are wanted.
    Seeded(InsecureSeededEntropy),
    /// Bytes, and where the next one is; zeros when they are used up.
    Bytes(Vec<u8>, usize),
}

impl Draw {
    /// Numbers drawn from a seed.
    pub fn seeded(seed: u64) -> Draw {
        Draw::Seeded(InsecureSeededEntropy::new(seed))
    }

    /// Numbers read from bytes: a small change of the bytes changes few of the numbers.
    pub fn from_bytes(bytes: &[u8]) -> Draw {
        Draw::Bytes(bytes.to_vec(), 0)
    }

    /// Whether all bytes are used up.
    pub fn is_empty(&self) -> bool {
        matches!(self, Draw::Bytes(bytes, at) if *at >= bytes.len())
    }

    fn number(&mut self, size: usize) -> u64 {
        let mut number = [0; 8];
        match self {
            Draw::Seeded(entropy) => entropy.fill(&mut number).expect("a seed never runs dry"),
            Draw::Bytes(bytes, at) => {
                let rest = bytes.get(*at..).unwrap_or_default();
                let size = size.min(rest.len());
                number[..size].copy_from_slice(&rest[..size]);
                *at += size.max(1);
            }
        }
        u64::from_le_bytes(number)
    }

    /// Any number.
    pub fn word(&mut self) -> u64 {
        self.number(8)
    }

    /// A number below `bound`; 0 when that is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let size = match bound {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        (self.number(size) % bound.max(1) as u64) as usize
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A number that programs stumble over.
    pub fn odd(&mut self) -> u64 {
        let near = *self.one(&[0, 1, 7, 56, 192, 512, 592, 4096, 1 << 16, 1 << 31, 1 << 32, 1 << 63, u64::MAX]);
        near.wrapping_add(self.below(3) as u64).wrapping_sub(1)
    }
}
