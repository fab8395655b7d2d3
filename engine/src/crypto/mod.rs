//! Keys and seals: the only room that knows a cipher.
//!
//! From the outside in: an [`Unlock`] opens a key slot and gives the data key ([`Dek`]); the data key gives the subkeys
//! ([`Keys`]), one for each purpose; the subkeys turn plain pages into sealed ones and back and make every keyed hash
//! of the format. Randomness is handed in as an [`Entropy`].
//!
//! This room never touches a file, and no message, event or debug print of it holds a byte of a key.

mod aead;
mod anchor;
mod kdf;
mod key_slot;
mod nonce;
mod recovery;
mod secret;
#[cfg(test)]
mod wycheproof;

pub use aead::{KeyContext, Keys, PlainPage, SealedPage};
pub use anchor::{Anchor, KEY_SLOT_COUNTER_FIRST, KeysAnchor, parse_fingerprint};
pub(crate) use anchor::{Freshness, compare};
pub use kdf::KdfProfile;
pub use key_slot::{KEY_SLOT_BYTES, make_slot, open_slots};
pub(crate) use key_slot::{bombs_together, passphrase_work};
pub use nonce::{Entropy, InsecureSeededEntropy, OsEntropy, draw_nonces};
pub use recovery::{RECOVERY_KEY_GROUPS, check_recovery_key, generate_recovery_key};
pub use secret::{Dek, Secret, Unlock};
