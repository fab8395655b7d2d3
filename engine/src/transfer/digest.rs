//! One number for all that a snapshot holds, whatever file, page size or history it stands in.
//!
//! SHA-256 over `r | key length u32 | key | value length u32 | value` for each record of the main tree in key order, then for
//! each named tree in name order `t | name length u32 | name` and its records. It is no secret's MAC: whoever may know it can
//! tell whether a guess at the whole content is right.

use sha2::{Digest as _, Sha256};
use std::fmt;

/// What a snapshot holds, as one number. Equal for equal records in equal trees.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A digest that is being made.
#[derive(Clone)]
pub(crate) struct Digesting {
    hash: Sha256,
    /// Records taken in so far.
    pub records: u64,
    /// Named trees taken in so far.
    pub trees: u32,
}

impl Digesting {
    pub fn new() -> Digesting {
        Digesting { hash: Sha256::new(), records: 0, trees: 0 }
    }

    /// A named tree begins.
    pub fn tree(&mut self, name: &[u8]) {
        self.trees += 1;
        self.hash.update(b"t");
        self.sized(name);
    }

    /// A record begins; exactly `value_bytes` of [`Digesting::piece`] follow.
    pub fn record(&mut self, key: &[u8], value_bytes: u32) {
        self.records += 1;
        self.hash.update(b"r");
        self.sized(key);
        self.hash.update(value_bytes.to_le_bytes());
    }

    /// A record whose value is in memory.
    pub fn whole(&mut self, key: &[u8], value: &[u8]) {
        let length = u32::try_from(value.len()).expect("invariant: a value is at most a gigabyte");
        self.record(key, length);
        self.piece(value);
    }

    /// The next bytes of the value.
    pub fn piece(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    pub fn finish(self) -> Digest {
        Digest(self.hash.finalize().into())
    }

    fn sized(&mut self, bytes: &[u8]) {
        let length = u32::try_from(bytes.len()).expect("invariant: a key or a name is shorter than a page");
        self.hash.update(length.to_le_bytes());
        self.hash.update(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_as_another_implementation_gives_it() {
        let mut digesting = Digesting::new();
        digesting.record(b"key", 5);
        digesting.piece(b"val");
        digesting.piece(b"ue");
        digesting.tree(b"t1");
        digesting.record(b"", 0);
        let bytes = b"r\x03\0\0\0key\x05\0\0\0valuet\x02\0\0\0t1r\0\0\0\0\0\0\0\0";
        assert_eq!(digesting.finish().0, <[u8; 32]>::from(Sha256::digest(bytes)));
    }
}
