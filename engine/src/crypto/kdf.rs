//! From secrets to keys: HKDF-SHA256 for keys that are strong already, Argon2id for passphrases.

use crate::{
    error::{Error, Result},
    limits,
};
use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sha2::Sha256;
use std::io;
use zeroize::Zeroizing;

/// A key of 32 bytes, wiped when dropped.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// How much work Argon2id is to do for a passphrase.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KdfProfile {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over that memory.
    pub passes: u32,
    /// Lanes that may be filled side by side.
    pub lanes: u32,
}

impl KdfProfile {
    /// 64 MiB, 3 passes, 4 lanes: a fraction of a second for the owner, costly for one who guesses (RFC 9106).
    pub const INTERACTIVE: KdfProfile = KdfProfile { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// 256 KiB, 1 pass, 1 lane: quick and weak, for tests; `verify` reports it as `KDF-WEAK`.
    pub const TEST: KdfProfile = KdfProfile { memory_kib: 256, passes: 1, lanes: 1 };

    /// How much memory is filled, counting each pass anew, in KiB: what the time goes by.
    pub fn work_kib(&self) -> u64 {
        u64::from(self.memory_kib) * u64::from(self.passes)
    }

    /// The first of these numbers that is over its ceiling: its name, the ceiling, the number.
    pub(crate) fn over_ceiling(&self) -> Option<(&'static str, u64, u64)> {
        [
            ("Argon2id memory in KiB", limits::KDF_MEMORY_KIB_MAX.into(), self.memory_kib.into()),
            ("Argon2id passes", limits::KDF_PASSES_MAX.into(), self.passes.into()),
            ("Argon2id lanes", limits::KDF_LANES_MAX.into(), self.lanes.into()),
            ("Argon2id work in KiB times passes", limits::KDF_WORK_KIB_MAX, self.work_kib()),
        ]
        .into_iter()
        .find(|(_, ceiling, value)| value > ceiling)
    }

    /// The parameters as Argon2id takes them; nothing where it knows no such ones.
    pub(super) fn parameters(&self) -> Option<Params> {
        Params::new(self.memory_kib, self.passes, self.lanes, Some(32)).ok()
    }
}

impl Default for KdfProfile {
    fn default() -> Self {
        KdfProfile::INTERACTIVE
    }
}

/// Argon2id, version 1.3. The caller has held the parameters against the ceilings.
pub(super) fn stretch_passphrase(passphrase: &[u8], salt: &[u8; 16], parameters: Params) -> Result<Key> {
    let mut key = Key::default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase, salt, &mut *key)
        .map_err(|why| Error::io("Argon2id", "passphrase", io::Error::other(why.to_string())))?;
    Ok(key)
}

/// HKDF-SHA256: extract from `material` under `salt`, then expand to the 32 bytes that `info` names.
pub(super) fn derive_key(salt: Option<&[u8]>, material: &[u8], info: &[&[u8]]) -> Key {
    let mut key = Key::default();
    Hkdf::<Sha256>::new(salt, material)
        .expand_multi_info(info, &mut *key)
        .expect("invariant: HKDF-SHA256 gives up to 8160 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use argon2::{AssociatedData, ParamsBuilder};

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    #[test]
    fn hkdf_gives_the_first_32_bytes_of_rfc_5869_case_1() {
        let key = derive_key(
            Some(&bytes("000102030405060708090a0b0c")),
            &[0x0b; 22],
            &[&bytes("f0f1f2f3f4"), &bytes("f5f6f7f8f9")],
        );
        assert_eq!(hex::encode(*key), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
    }

    #[test]
    fn hkdf_gives_the_first_32_bytes_of_rfc_5869_case_3() {
        let key = derive_key(None, &[0x0b; 22], &[]);
        assert_eq!(hex::encode(*key), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    }

    #[test]
    fn argon2id_gives_the_tag_of_rfc_9106() {
        let parameters = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let mut tag = [0; 32];
        Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, parameters)
            .unwrap()
            .hash_password_into(&[1; 32], &[2; 16], &mut tag)
            .unwrap();
        assert_eq!(hex::encode(tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
    }

    #[test]
    fn a_passphrase_is_stretched_as_another_implementation_does() {
        let key = stretch_passphrase(b"correct horse", &[7; 16], KdfProfile::TEST.parameters().unwrap()).unwrap();
        assert_eq!(hex::encode(*key), "c0718f1c7f2fb26c1df6b717159b3fe5526c5ff64b6bc56c1a8e845fe30bd358");
    }

    #[test]
    fn eight_passphrases_of_the_interactive_profile_are_within_the_ceiling_of_all_together() {
        assert_eq!(8 * KdfProfile::INTERACTIVE.work_kib(), limits::KDF_WORK_KIB_MAX);
    }

    #[test]
    fn each_ceiling_is_named_when_it_is_exceeded() {
        let profile = KdfProfile::INTERACTIVE;
        assert_eq!(profile.over_ceiling(), None);
        let over = |profile: KdfProfile| profile.over_ceiling().unwrap().0;
        assert_eq!(over(KdfProfile { memory_kib: u32::MAX, ..profile }), "Argon2id memory in KiB");
        assert_eq!(over(KdfProfile { passes: 17, ..profile }), "Argon2id passes");
        assert_eq!(over(KdfProfile { lanes: 17, ..profile }), "Argon2id lanes");
        let most = KdfProfile { memory_kib: 3 << 18, passes: 2, lanes: 16 };
        assert_eq!(most.over_ceiling(), None);
        assert_eq!(over(KdfProfile { passes: 3, ..most }), "Argon2id work in KiB times passes");
    }

    #[test]
    fn parameters_that_argon2id_does_not_have_are_refused() {
        for (memory_kib, passes, lanes) in [(0, 0, 0), (256, 0, 1), (256, 1, 0), (8, 1, 2)] {
            assert!(KdfProfile { memory_kib, passes, lanes }.parameters().is_none());
        }
    }
}
