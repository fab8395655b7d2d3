//! Where random bytes come from, and the nonces drawn from them. Nothing drawn is kept here for later use.

use sha2::{Digest, Sha256};
use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
};

/// The length of an XChaCha20-Poly1305 nonce, in bytes: long enough that random ones do not meet.
pub(crate) const NONCE_BYTES: usize = 24;

/// A source of random bytes. It is handed in, so that a simulation can be repeated to the byte.
pub trait Entropy: Send + Sync {
    /// Fills all of `buffer`.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;

    /// True when somebody who knows the source's seed can foretell its bytes; the superblock says so in a flag.
    fn is_insecure(&self) -> bool {
        false
    }
}

/// The operating system's random source.
#[derive(Clone, Copy, Default, Debug)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        #[expect(clippy::disallowed_methods, reason = "this is where the operating system's randomness comes in")]
        getrandom::fill(buffer).map_err(io::Error::from)
    }
}

/// The same bytes for the same seed, for simulations alone: block n is SHA-256(label | seed | n).
///
/// Every call begins a new block, so the bytes depend on the seed and on the calls before, and on nothing else.
pub struct InsecureSeededEntropy {
    seed: u64,
    next_block: AtomicU64,
}

impl InsecureSeededEntropy {
    /// A source that starts at the beginning of what `seed` gives.
    pub fn new(seed: u64) -> InsecureSeededEntropy {
        InsecureSeededEntropy { seed, next_block: AtomicU64::new(0) }
    }

    fn block(&self, number: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(b"tosumu insecure entropy 1");
        hash.update(self.seed.to_le_bytes());
        hash.update(number.to_le_bytes());
        hash.finalize().into()
    }
}

impl Entropy for InsecureSeededEntropy {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        let blocks = buffer.len().div_ceil(32) as u64;
        let first = self.next_block.fetch_add(blocks, Ordering::Relaxed);
        for (chunk, number) in buffer.chunks_mut(32).zip(first..) {
            chunk.copy_from_slice(&self.block(number)[..chunk.len()]);
        }
        Ok(())
    }

    fn is_insecure(&self) -> bool {
        true
    }
}

/// Draws the nonces of one commit in a single draw, which costs a tenth of drawing them one by one.
///
/// None may be kept for the next commit: a supply drawn ahead repeats after a fork or a resumed machine snapshot.
pub fn draw_nonces(entropy: &dyn Entropy, count: usize) -> io::Result<Vec<[u8; NONCE_BYTES]>> {
    let mut nonces = vec![[0; NONCE_BYTES]; count];
    entropy.fill(nonces.as_flattened_mut())?;
    Ok(nonces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ten_thousand_nonces_are_distinct_within_a_draw_and_across_draws() {
        let seeded = InsecureSeededEntropy::new(1);
        for entropy in [&OsEntropy as &dyn Entropy, &seeded] {
            let mut seen = BTreeSet::new();
            seen.extend(draw_nonces(entropy, 5_000).unwrap());
            for _ in 0..5_000 {
                seen.extend(draw_nonces(entropy, 1).unwrap());
            }
            assert_eq!(seen.len(), 10_000);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_gives_others() {
        let draw = |seed| {
            let entropy = InsecureSeededEntropy::new(seed);
            (draw_nonces(&entropy, 3).unwrap(), draw_nonces(&entropy, 3).unwrap())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert_ne!(draw(7).0, draw(7).1);
    }

    #[test]
    fn only_the_seeded_source_calls_itself_insecure() {
        assert!(!OsEntropy.is_insecure());
        assert!(InsecureSeededEntropy::new(0).is_insecure());
    }

    #[test]
    fn the_seeded_source_keeps_to_its_definition() {
        let mut bytes = [0; 40];
        InsecureSeededEntropy::new(42).fill(&mut bytes).unwrap();
        assert_eq!(
            hex::encode(bytes),
            "5b10686dfa1f9a00121e2cfbb28e2dac4ed04b213b6f89ce29a63b58af48829bfd26d2b194cc47a5"
        );
    }
}
