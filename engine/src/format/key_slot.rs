//! A key slot: the data key, wrapped so that one secret opens it. Nothing here wraps or unwraps.

use super::error::DecodeError;
use super::field::{check_zeros, nonzero};
use super::is_zero;
use crate::finding::Code;
use std::fmt;

/// Size of a key slot, in bytes.
pub const KEY_SLOT_BYTES: usize = 256;

pub(crate) mod place {
    super::super::field::fields! { super::KEY_SLOT_BYTES;
        KIND             0  1 "kind" Number Identity "0 empty, 1 keyless, 2 passphrase, 3 recovery key, 4 keyfile";
        ZERO_1           1  3 "zero" Zero Free "reserved";
        DEK_GENERATION   4  4 "dek_generation" Number Identity "which data key is wrapped";
        KDF_MEMORY_KIB   8  4 "kdf_memory_kib" Number Length "Argon2id memory in KiB; 0 for other kinds";
        KDF_PASSES      12  4 "kdf_passes" Number Length "Argon2id passes; 0 for other kinds";
        KDF_LANES       16  4 "kdf_lanes" Number Length "Argon2id lanes; 0 for other kinds";
        ZERO_2          20  4 "zero" Zero Free "reserved";
        SALT            24 16 "salt" Hex Crypto "random; of every derivation for this slot";
        COMMITMENT      40 32 "commitment" Hex Crypto "compared first: tells a wrong secret from a damaged slot";
        NONCE           72 24 "nonce" Hex Crypto "of the wrap";
        WRAPPED_DEK     96 32 "wrapped_dek" Hex Crypto "the data key, enciphered with XChaCha20-Poly1305";
        TAG            128 16 "tag" Hex Crypto "of the wrap";
        STORED_KEY     144 32 "stored_key" Secret Crypto "kind keyless: the key itself, in the clear; else zero";
        ZERO_3         176 80 "zero" Zero Free "reserved";
    }
}

/// Whose secret opens a slot.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum KeySlotKind {
    /// Nobody's: not in use.
    Empty = 0,
    /// Anybody's: the key stands beside it.
    Keyless = 1,
    /// A passphrase.
    Passphrase = 2,
    /// A recovery key, printed once.
    RecoveryKey = 3,
    /// A keyfile.
    Keyfile = 4,
}

impl KeySlotKind {
    /// The kind stored as `byte`.
    pub fn from_byte(byte: u8) -> Option<KeySlotKind> {
        match byte {
            0 => Some(KeySlotKind::Empty),
            1 => Some(KeySlotKind::Keyless),
            2 => Some(KeySlotKind::Passphrase),
            3 => Some(KeySlotKind::RecoveryKey),
            4 => Some(KeySlotKind::Keyfile),
            _ => None,
        }
    }
}

impl fmt::Display for KeySlotKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KeySlotKind::Empty => "empty",
            KeySlotKind::Keyless => "keyless",
            KeySlotKind::Passphrase => "passphrase",
            KeySlotKind::RecoveryKey => "recovery key",
            KeySlotKind::Keyfile => "keyfile",
        })
    }
}

/// A key slot, as its bytes.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 1 | kind | 0 empty (then all 256 bytes are zero), 1 keyless, 2 passphrase, 3 recovery key, 4 keyfile |
/// | 1 | 3 | zero | |
/// | 4 | 4 | dek_generation | |
/// | 8 | 4 | kdf_memory_kib | Argon2id; 0 for other kinds |
/// | 12 | 4 | kdf_passes | |
/// | 16 | 4 | kdf_lanes | |
/// | 20 | 4 | zero | |
/// | 24 | 16 | salt | random |
/// | 40 | 32 | commitment | compared first |
/// | 72 | 24 | nonce | of the wrap |
/// | 96 | 32 | wrapped_dek | XChaCha20-Poly1305 |
/// | 128 | 16 | tag | of the wrap |
/// | 144 | 32 | stored_key | kind keyless: the key itself, in the clear; else zero |
/// | 176 | 80 | zero | |
#[derive(Clone, PartialEq, Eq)]
pub struct KeySlot {
    /// All of it.
    pub bytes: [u8; KEY_SLOT_BYTES],
}

impl KeySlot {
    /// A slot not in use.
    pub const EMPTY: KeySlot = KeySlot { bytes: [0; KEY_SLOT_BYTES] };

    /// Whose secret opens the slot.
    pub fn kind(&self) -> Result<KeySlotKind, DecodeError> {
        let byte = place::KIND.u8(&self.bytes);
        KeySlotKind::from_byte(byte).ok_or_else(|| place::KIND.error(Code::HdrField, "0 to 4", byte))
    }

    /// Checks the kind and every byte that the kind asks to be zero.
    pub fn check(&self) -> Result<(), DecodeError> {
        let code = Code::HdrField;
        let kind = self.kind()?;
        if kind == KeySlotKind::Empty && !is_zero(&self.bytes) {
            return Err(nonzero(&self.bytes, 0..KEY_SLOT_BYTES, code, "An empty key slot is all zero."));
        }
        check_zeros(place::FIELDS, &self.bytes, code)?;
        let kdf = place::KDF_MEMORY_KIB.offset..place::KDF_LANES.end();
        if kind != KeySlotKind::Passphrase && !is_zero(&self.bytes[kdf.clone()]) {
            return Err(nonzero(&self.bytes, kdf, code, "Only a passphrase slot has Argon2id parameters."));
        }
        if kind != KeySlotKind::Keyless && !is_zero(self.stored_key()) {
            // The byte is not named: it may be part of a key.
            return Err(place::STORED_KEY.error(code, "32 zeros in a slot of this kind", "other bytes"));
        }
        Ok(())
    }

    /// Which data key is wrapped.
    pub fn dek_generation(&self) -> u32 {
        place::DEK_GENERATION.u32(&self.bytes)
    }

    /// Argon2id memory, in KiB. Not yet bounded: a hostile file names its own.
    pub fn kdf_memory_kib(&self) -> u32 {
        place::KDF_MEMORY_KIB.u32(&self.bytes)
    }

    /// Argon2id passes. Not yet bounded.
    pub fn kdf_passes(&self) -> u32 {
        place::KDF_PASSES.u32(&self.bytes)
    }

    /// Argon2id lanes. Not yet bounded.
    pub fn kdf_lanes(&self) -> u32 {
        place::KDF_LANES.u32(&self.bytes)
    }

    /// The salt of every derivation for this slot.
    pub fn salt(&self) -> &[u8; 16] {
        place::SALT.array(&self.bytes)
    }

    /// What the right secret derives; compared before anything is unwrapped.
    pub fn commitment(&self) -> &[u8; 32] {
        place::COMMITMENT.array(&self.bytes)
    }

    /// The nonce of the wrap.
    pub fn nonce(&self) -> &[u8; 24] {
        place::NONCE.array(&self.bytes)
    }

    /// The data key, enciphered.
    pub fn wrapped_dek(&self) -> &[u8; 32] {
        place::WRAPPED_DEK.array(&self.bytes)
    }

    /// The tag of the wrap.
    pub fn tag(&self) -> &[u8; 16] {
        place::TAG.array(&self.bytes)
    }

    /// The key itself in a keyless slot; zero in others.
    pub fn stored_key(&self) -> &[u8; 32] {
        place::STORED_KEY.array(&self.bytes)
    }

    /// The bytes that the wrap authenticates: everything before its nonce.
    pub fn aad_prefix(&self) -> &[u8] {
        &self.bytes[..place::COMMITMENT.end()]
    }
}

impl fmt::Debug for KeySlot {
    /// Names the kind only: a slot can hold a key in the clear.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Ok(kind) => write!(f, "KeySlot({kind})"),
            Err(_) => f.write_str("KeySlot(of no known kind)"),
        }
    }
}

/// What a key slot is made of.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field's meaning stands in the table of `KeySlot`")]
pub struct KeySlotParts {
    pub kind: KeySlotKind,
    pub dek_generation: u32,
    pub kdf_memory_kib: u32,
    pub kdf_passes: u32,
    pub kdf_lanes: u32,
    pub salt: [u8; 16],
    pub commitment: [u8; 32],
    pub nonce: [u8; 24],
    pub wrapped_dek: [u8; 32],
    pub tag: [u8; 16],
    pub stored_key: [u8; 32],
}

impl KeySlotParts {
    /// The slot. The parts must fit the kind, as [`KeySlot::check`] says.
    pub fn encode(&self) -> KeySlot {
        let mut slot = KeySlot::EMPTY;
        let bytes = &mut slot.bytes;
        place::KIND.put(bytes, &[self.kind as u8]);
        place::DEK_GENERATION.put(bytes, &self.dek_generation.to_le_bytes());
        place::KDF_MEMORY_KIB.put(bytes, &self.kdf_memory_kib.to_le_bytes());
        place::KDF_PASSES.put(bytes, &self.kdf_passes.to_le_bytes());
        place::KDF_LANES.put(bytes, &self.kdf_lanes.to_le_bytes());
        place::SALT.put(bytes, &self.salt);
        place::COMMITMENT.put(bytes, &self.commitment);
        place::NONCE.put(bytes, &self.nonce);
        place::WRAPPED_DEK.put(bytes, &self.wrapped_dek);
        place::TAG.put(bytes, &self.tag);
        place::STORED_KEY.put(bytes, &self.stored_key);
        assert!(slot.check().is_ok(), "the parts fit the kind");
        slot
    }
}
