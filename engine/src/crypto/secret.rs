//! What must not be seen: the data key, and what a person or a program gives to reach it. Every type here is wiped
//! when dropped and prints no byte of itself.

use super::nonce::Entropy;
use std::{fmt, io};
use zeroize::{Zeroize, Zeroizing};

/// The data key: 32 random bytes from which every key of a database is derived. Only key slots store it, wrapped.
pub struct Dek(Zeroizing<[u8; 32]>);

impl Dek {
    /// Draws a new data key.
    pub fn generate(entropy: &dyn Entropy) -> io::Result<Dek> {
        let mut bytes = Zeroizing::new([0; 32]);
        entropy.fill(&mut *bytes)?;
        Ok(Dek(bytes))
    }

    pub(super) fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Dek {
        Dek(bytes)
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Dek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dek(..)")
    }
}

/// A passphrase, the bytes of a keyfile or the text of a recovery key.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The bytes themselves, for the one who must show a new recovery key or write it to a file. Never print them
    /// elsewhere.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Secret {
    fn from(bytes: Vec<u8>) -> Self {
        Secret(Zeroizing::new(bytes))
    }
}

impl From<&[u8]> for Secret {
    fn from(bytes: &[u8]) -> Self {
        Secret::from(bytes.to_vec())
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Secret::from(text.into_bytes())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret::from(text.as_bytes())
    }
}

impl Zeroize for Secret {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// How a database is to be opened: the kind of key slot to try, and what opens it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Unlock {
    /// The key stands in the file: changes by others are found, but everybody can read.
    Keyless,
    /// A passphrase, UTF-8; how its letters are composed makes no difference.
    Passphrase(Secret),
    /// The content of a keyfile, at least [`KEYFILE_BYTES_MIN`](crate::limits::KEYFILE_BYTES_MIN) bytes.
    Keyfile(Secret),
    /// The text of a recovery key, as [`generate_recovery_key`](super::generate_recovery_key) made it.
    RecoveryKey(Secret),
}

impl Unlock {
    /// The kind of key slot that is meant, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Unlock::Keyless => "keyless",
            Unlock::Passphrase(_) => "passphrase",
            Unlock::Keyfile(_) => "keyfile",
            Unlock::RecoveryKey(_) => "recovery key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_debug_print_holds_a_byte_of_a_secret() {
        let secret = || Secret::from("hunter2");
        let prints = [
            format!("{:?}", Dek::from_bytes(Zeroizing::new([0xab; 32]))),
            format!("{:?}", secret()),
            format!("{:?}", Unlock::Passphrase(secret())),
            format!("{:?}", Unlock::Keyfile(secret())),
            format!("{:?}", Unlock::RecoveryKey(secret())),
        ];
        assert_eq!(
            prints,
            ["Dek(..)", "Secret(..)", "Passphrase(Secret(..))", "Keyfile(Secret(..))", "RecoveryKey(Secret(..))"]
        );
    }
}
