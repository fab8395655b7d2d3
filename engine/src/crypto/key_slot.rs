//! Key slots: eight places in the superblock that each hold the data key, wrapped for one way to open the database.
//!
//! A slot is opened in the order: kind, reserved bytes, ceilings, key, commitment, wrap. The commitment comes first
//! because the cipher does not commit to its key. A caller who names a passphrase is never served by another kind.

use super::{
    aead::{TAG_BYTES, open_unless_off, seal},
    kdf::{KdfProfile, Key, derive_key, stretch_passphrase},
    nonce::{Entropy, NONCE_BYTES},
    recovery,
    secret::{Dek, Secret, Unlock},
};
use crate::{
    defence::{Defence, holds, is_off},
    error::{Error, Result},
    finding::{Code, Finding},
    limits::{KDF_WORK_KIB_MAX, KEY_SLOTS_COUNT, KEYFILE_BYTES_MIN, SECRET_BYTES_MAX},
    types::KeySet,
};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use sha2::{Digest, Sha256};
use std::{fmt, ops::Range};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// One key slot, in bytes.
pub const KEY_SLOT_BYTES: usize = 256;

const KIND: usize = 0;
const DEK_GENERATION: Range<usize> = 4..8;
const KDF_MEMORY_KIB: Range<usize> = 8..12;
const KDF_PASSES: Range<usize> = 12..16;
const KDF_LANES: Range<usize> = 16..20;
const SALT: Range<usize> = 24..40;
const COMMITMENT: Range<usize> = 40..72;
/// What the wrap's associated data covers: everything before the wrap itself.
const COVERED: Range<usize> = 0..72;
const NONCE: Range<usize> = 72..96;
const WRAPPED_DEK: Range<usize> = 96..128;
const TAG: Range<usize> = 128..144;
const STORED_KEY: Range<usize> = 144..176;
/// Bytes that are zero in every slot.
const RESERVED: [Range<usize>; 3] = [1..4, 20..24, 176..256];

type Slot = [u8; KEY_SLOT_BYTES];

/// The kinds of key slot; the numbers stand in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Keyless = 1,
    Passphrase = 2,
    RecoveryKey = 3,
    Keyfile = 4,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Keyless, Kind::Passphrase, Kind::RecoveryKey, Kind::Keyfile];

    fn of_unlock(unlock: &Unlock) -> Kind {
        match unlock {
            Unlock::Keyless => Kind::Keyless,
            Unlock::Passphrase(_) => Kind::Passphrase,
            Unlock::Keyfile(_) => Kind::Keyfile,
            Unlock::RecoveryKey(_) => Kind::RecoveryKey,
        }
    }

    fn of_slot(slot: &Slot) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == slot[KIND])
    }

    /// How the command line is told to use a slot of this kind.
    fn option(self) -> &'static str {
        match self {
            Kind::Keyless => "no key option",
            Kind::Passphrase => "--passphrase-file or --passphrase-stdin",
            Kind::RecoveryKey => "--recovery-key-file",
            Kind::Keyfile => "--keyfile",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Keyless => "keyless",
            Kind::Passphrase => "passphrase",
            Kind::RecoveryKey => "recovery key",
            Kind::Keyfile => "keyfile",
        })
    }
}

/// Makes the slot that lets `unlock` open the database: number `slot_number` of the key set `key_set`. `profile` counts
/// for a passphrase alone.
pub fn make_slot(
    unlock: &Unlock,
    profile: KdfProfile,
    dek: &Dek,
    key_set: KeySet,
    slot_number: u8,
    dek_generation: u32,
    entropy: &dyn Entropy,
) -> Result<[u8; KEY_SLOT_BYTES]> {
    let kind = Kind::of_unlock(unlock);
    let mut slot = [0; KEY_SLOT_BYTES];
    slot[KIND] = kind as u8;
    slot[DEK_GENERATION].copy_from_slice(&dek_generation.to_le_bytes());
    fill_random(entropy, &mut slot[SALT])?;
    fill_random(entropy, &mut slot[NONCE])?;
    match kind {
        Kind::Keyless => fill_random(entropy, &mut slot[STORED_KEY])?,
        Kind::Passphrase => store_profile(&mut slot, profile)?,
        Kind::RecoveryKey | Kind::Keyfile => {}
    }
    let material = Credential::read(unlock)?.material(&slot)?;
    let (wrap_key, commitment) = slot_keys(&slot, &material, key_set);
    slot[COMMITMENT].copy_from_slice(&*commitment);
    wrap(&mut slot, &wrap_key, dek, key_set, slot_number);
    Ok(slot)
}

/// Opens the slots of the kind that `unlock` names, and no others; gives the slot's number and the data key.
///
/// `KEY-NO-SLOT`: none is of that kind. `KEY-WRONG`: none opens. `KDF-BOMB`: one asks for more work than is allowed,
/// and none was done. `KEY-SLOT-FORGED`: the key fits a slot whose other bytes do not. `KEY-SLOT-FOREIGN`: the key that
/// a keyless slot holds is not of this database.
pub fn open_slots(
    slots: &[[u8; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT],
    key_set: KeySet,
    unlock: &Unlock,
) -> Result<(u8, Dek)> {
    let is_served = is_off(Defence::NamedKindOfKey) && !matches!(unlock, Unlock::Keyless);
    if let Some(opened) = is_served.then(|| open_slots(slots, key_set, &Unlock::Keyless)).and_then(Result::ok) {
        return Ok(opened);
    }
    let kind = Kind::of_unlock(unlock);
    let candidates = || (0u8..).zip(slots).filter(|(_, slot)| Kind::of_slot(slot) == Some(kind));
    if candidates().next().is_none() {
        return Err(no_slot(slots, kind).into());
    }
    if kind == Kind::Passphrase {
        candidates().try_for_each(|(number, slot)| refuse_bomb(slot, number))?;
        refuse_bombs(slots)?;
    }
    let credential = Credential::read(unlock)?;
    let mut defect = None;
    for (number, slot) in candidates() {
        match open_slot(slot, number, key_set, &credential)? {
            Opened::Dek(dek) => return Ok((number, dek)),
            Opened::OtherKey => {}
            Opened::Defect(finding) => defect = defect.or(Some(finding)),
        }
    }
    Err(defect.unwrap_or_else(|| wrong_key(kind, candidates().count())).into())
}

/// What came of trying one slot.
enum Opened {
    Dek(Dek),
    OtherKey,
    Defect(Finding),
}

fn open_slot(slot: &Slot, number: u8, key_set: KeySet, credential: &Credential) -> Result<Opened> {
    if let Some(why) = malformed(slot, number) {
        return Ok(Opened::Defect(Finding::new(Code::KeySlotForged, why)));
    }
    let material = credential.material(slot)?;
    let (wrap_key, commitment) = slot_keys(slot, &material, key_set);
    if !holds(Defence::KeySlotCommitment, commitment.as_slice().ct_eq(&slot[COMMITMENT]).into()) {
        return Ok(match credential {
            Credential::Keyless => Opened::Defect(foreign_slot(number)),
            _ => Opened::OtherKey,
        });
    }
    Ok(match unwrap(slot, &wrap_key, key_set, number) {
        Some(dek) => Opened::Dek(dek),
        None => Opened::Defect(forged_slot(number)),
    })
}

/// What opens a slot, read and checked once, before any slot is tried.
enum Credential {
    /// Each slot holds its own key.
    Keyless,
    /// In Unicode's composed form: the same letters typed on two systems are the same bytes.
    Passphrase(Zeroizing<String>),
    /// A keyfile's hash, or a recovery key.
    Strong(Key),
}

impl Credential {
    fn read(unlock: &Unlock) -> Result<Credential> {
        Ok(match unlock {
            Unlock::Keyless => Credential::Keyless,
            Unlock::Passphrase(secret) => Credential::Passphrase(composed(secret)?),
            Unlock::Keyfile(secret) => Credential::Strong(hashed_keyfile(secret)?),
            Unlock::RecoveryKey(secret) => Credential::Strong(read_recovery_key(secret)?),
        })
    }

    /// The 32 bytes that the slot's wrap key and commitment are derived from.
    fn material(&self, slot: &Slot) -> Result<Key> {
        Ok(match self {
            Credential::Keyless => Zeroizing::new(array(slot, STORED_KEY)),
            Credential::Passphrase(passphrase) => {
                let parameters = stored_profile(slot).parameters().expect("invariant: malformed slots are not tried");
                stretch_passphrase(passphrase.as_bytes(), &array(slot, SALT), parameters)?
            }
            Credential::Strong(key) => key.clone(),
        })
    }
}

fn composed(passphrase: &Secret) -> Result<Zeroizing<String>> {
    let bytes = within_limit("passphrase", passphrase)?;
    let text =
        std::str::from_utf8(bytes).map_err(|_| misuse("the passphrase is not UTF-8; use a keyfile for raw bytes"))?;
    if text.is_empty() {
        return Err(misuse("the passphrase is empty"));
    }
    // Composing at most triples the bytes (Unicode's NFC bound); a string that grew would leave copies behind.
    let mut composed = Zeroizing::new(String::with_capacity(text.len() * 3));
    composed.extend(text.nfc());
    Ok(composed)
}

fn hashed_keyfile(keyfile: &Secret) -> Result<Key> {
    let bytes = within_limit("keyfile", keyfile)?;
    if bytes.len() < KEYFILE_BYTES_MIN {
        let length = bytes.len();
        return Err(misuse(format!("the keyfile has {length} bytes; it must have at least {KEYFILE_BYTES_MIN}")));
    }
    Ok(Zeroizing::new(Sha256::digest(bytes).into()))
}

fn read_recovery_key(text: &Secret) -> Result<Key> {
    within_limit("recovery key", text)?;
    recovery::text_to_key(text.expose()).ok_or_else(|| {
        let wrong = recovery::check_recovery_key(text).err().unwrap_or_default();
        let why = format!("The recovery key was mistyped: {wrong}. No key slot was tried.");
        let finding = Finding::new(Code::KeyWrong, why).lost("Nothing.");
        finding.next("Compare it with the paper, group by group.").into()
    })
}

fn within_limit<'a>(what: &'static str, secret: &'a Secret) -> Result<&'a [u8]> {
    let bytes = secret.expose();
    match bytes.len() <= SECRET_BYTES_MAX {
        true => Ok(bytes),
        false => Err(Error::LimitExceeded { what, limit: SECRET_BYTES_MAX as u64, value: bytes.len() as u64 }),
    }
}

/// The wrap key and the commitment. They are derived side by side, so that showing one gives nothing of the other.
fn slot_keys(slot: &Slot, material: &Key, key_set: KeySet) -> (Key, Key) {
    let derive = |label: &[u8]| {
        let info: [&[u8]; 3] = [label, &key_set.0, &[slot[KIND]]];
        derive_key(Some(&slot[SALT]), material.as_slice(), &info)
    };
    (derive(b"tosumu slot wrap 1"), derive(b"tosumu slot commitment 1"))
}

fn wrap(slot: &mut Slot, wrap_key: &Key, dek: &Dek, key_set: KeySet, slot_number: u8) {
    let mut wrapped = Zeroizing::new(*dek.expose());
    let (nonce, label) = (array::<NONCE_BYTES>(slot, NONCE), wrap_label(slot, key_set, slot_number));
    let tag = seal(&XChaCha20Poly1305::new((&**wrap_key).into()), &nonce, &label, wrapped.as_mut_slice());
    slot[WRAPPED_DEK].copy_from_slice(&*wrapped);
    slot[TAG].copy_from_slice(&tag);
}

fn unwrap(slot: &Slot, wrap_key: &Key, key_set: KeySet, slot_number: u8) -> Option<Dek> {
    let mut dek = Zeroizing::new(array::<32>(slot, WRAPPED_DEK));
    let (nonce, tag) = (array::<NONCE_BYTES>(slot, NONCE), array::<TAG_BYTES>(slot, TAG));
    let cipher = XChaCha20Poly1305::new((&**wrap_key).into());
    let label = wrap_label(slot, key_set, slot_number);
    let is_authentic = open_unless_off(Defence::KeySlotWrap, &cipher, &nonce, &label, dek.as_mut_slice(), &tag);
    is_authentic.then(|| Dek::from_bytes(dek))
}

/// The associated data of the wrap: a slot moved to another place or file, or edited, does not open.
fn wrap_label(slot: &Slot, key_set: KeySet, slot_number: u8) -> Vec<u8> {
    let covered = [b"tosumu slot 1".as_slice(), &key_set.0, &[slot_number], &slot[COVERED]].concat();
    if is_off(Defence::KeySlotPlace) { Vec::new() } else { covered }
}

fn store_profile(slot: &mut Slot, profile: KdfProfile) -> Result<()> {
    if let Some((what, limit, value)) = profile.over_ceiling() {
        return Err(Error::LimitExceeded { what, limit, value });
    }
    if profile.parameters().is_none() {
        return Err(misuse("Argon2id needs at least one pass, one lane and 8 KiB for each lane"));
    }
    slot[KDF_MEMORY_KIB].copy_from_slice(&profile.memory_kib.to_le_bytes());
    slot[KDF_PASSES].copy_from_slice(&profile.passes.to_le_bytes());
    slot[KDF_LANES].copy_from_slice(&profile.lanes.to_le_bytes());
    Ok(())
}

fn stored_profile(slot: &Slot) -> KdfProfile {
    let number = |place| u32::from_le_bytes(array(slot, place));
    KdfProfile { memory_kib: number(KDF_MEMORY_KIB), passes: number(KDF_PASSES), lanes: number(KDF_LANES) }
}

fn refuse_bomb(slot: &Slot, number: u8) -> Result<()> {
    let over = stored_profile(slot).over_ceiling().filter(|_| !is_off(Defence::KdfCeiling));
    let Some((what, ceiling, value)) = over else { return Ok(()) };
    let why = format!("Key slot {number} asks for {what} of {value}; the ceiling is {ceiling}. Nothing was computed.");
    let finding = Finding::new(Code::KdfBomb, why)
        .expected(format!("{what}: at most {ceiling}"), value.to_string())
        .next("Do not trust this file: no honest writer makes such a slot.");
    Err(finding.into())
}

/// What all passphrase slots ask for together, in KiB times passes: whoever has a wrong passphrase pays for each.
pub(crate) fn passphrase_work(slots: &[[u8; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT]) -> u64 {
    let profiles = slots.iter().filter(|slot| Kind::of_slot(slot) == Some(Kind::Passphrase)).map(stored_profile);
    profiles.map(|profile| profile.work_kib()).fold(0, u64::saturating_add)
}

/// Each slot may ask for little enough and all together for too much.
fn refuse_bombs(slots: &[[u8; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT]) -> Result<()> {
    bombs_together(slots).filter(|_| !is_off(Defence::KdfCeiling)).map_or(Ok(()), |finding| Err(finding.into()))
}

/// What is wrong when the passphrase slots of a file ask for too much together, whatever each of them does.
pub(crate) fn bombs_together(slots: &[[u8; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT]) -> Option<Finding> {
    let work = passphrase_work(slots);
    let why = "The passphrase slots ask for more work together than all of a file may. Nothing was computed.";
    (work > KDF_WORK_KIB_MAX).then(|| {
        Finding::new(Code::KdfBomb, why)
            .expected(format!("at most {KDF_WORK_KIB_MAX} KiB times passes"), work.to_string())
            .next("Do not trust this file: no honest writer makes such slots.")
    })
}

/// Why no writer can have made this slot, as far as that shows without a key.
fn malformed(slot: &Slot, number: u8) -> Option<String> {
    let kind = Kind::of_slot(slot)?;
    let is_zero = |place: Range<usize>| slot[place].iter().all(|byte| *byte == 0);
    if !holds(Defence::KeySlotReserved, RESERVED.into_iter().all(is_zero)) {
        return Some(format!("Key slot {number} has reserved bytes that are not zero."));
    }
    if kind != Kind::Keyless && !is_zero(STORED_KEY) {
        return Some(format!("Key slot {number} is of the kind {kind}, yet a key is stored in it."));
    }
    if kind != Kind::Passphrase && !is_zero(KDF_MEMORY_KIB.start..KDF_LANES.end) {
        return Some(format!("Key slot {number} is of the kind {kind}, yet it has parameters of Argon2id."));
    }
    if kind == Kind::Passphrase && stored_profile(slot).parameters().is_none() {
        return Some(format!("Key slot {number} has parameters that Argon2id does not take."));
    }
    None
}

fn no_slot(slots: &[Slot; KEY_SLOTS_COUNT], wanted: Kind) -> Finding {
    let there: Vec<Kind> =
        Kind::ALL.into_iter().filter(|kind| slots.iter().any(|slot| Kind::of_slot(slot) == Some(*kind))).collect();
    if there.is_empty() {
        return Finding::new(Code::KeyNoSlot, "No key slot is in use.").lost("Everything: no key opens this file.");
    }
    let kinds: Vec<String> = there.iter().map(Kind::to_string).collect();
    let options: Vec<&str> = there.iter().map(|kind| kind.option()).collect();
    let why = format!("No key slot is of the kind {wanted}; there are: {}.", kinds.join(", "));
    Finding::new(Code::KeyNoSlot, why)
        .expected(wanted.to_string(), kinds.join(", "))
        .lost("Nothing: no key of that kind was ever made, or its slot was removed.")
        .next(format!("Open it with {}.", options.join(", or ")))
}

fn wrong_key(kind: Kind, tried: usize) -> Finding {
    let slots = if tried == 1 { "the one key slot".to_owned() } else { format!("any of the {tried} key slots") };
    Finding::new(Code::KeyWrong, format!("The {kind} given does not open {slots} of its kind."))
        .lost("Nothing. Without a key that fits, though, nothing can be read.")
        .next("Nothing was changed; try again with the right one.")
}

fn foreign_slot(number: u8) -> Finding {
    let why = format!(
        "The key stored in key slot {number} is not one of this database: the slot was copied here, or edited."
    );
    Finding::new(Code::KeySlotForeign, why).next(OTHER_KEY)
}

fn forged_slot(number: u8) -> Finding {
    let why = format!("The key fits key slot {number}, but the data key wrapped in it is not authentic in this place.");
    Finding::new(Code::KeySlotForged, why).next(OTHER_KEY)
}

/// What to do about a key slot that was changed.
const OTHER_KEY: &str = "Open it with another key, if it has one. Else restore a backup: only the key slots of an older copy of this file help.";

fn misuse(why: impl Into<String>) -> Error {
    Error::Misuse { why: why.into() }
}

fn fill_random(entropy: &dyn Entropy, buffer: &mut [u8]) -> Result<()> {
    entropy.fill(buffer).map_err(|source| Error::io("drawing random bytes", "operating system", source))
}

/// The bytes of a field. Its range and its type agree, which a slot of fixed size lets every test see.
fn array<const N: usize>(slot: &Slot, place: Range<usize>) -> [u8; N] {
    slot[place].try_into().expect("invariant: the field has this size")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{InsecureSeededEntropy, generate_recovery_key};

    const EMPTY: Slot = [0; KEY_SLOT_BYTES];
    const FILE: KeySet = KeySet([0xa5; 16]);
    const OTHER_FILE: KeySet = KeySet([0xa6; 16]);

    fn dek() -> Dek {
        Dek::from_bytes(Zeroizing::new(std::array::from_fn(|index| index as u8)))
    }

    fn passphrase(text: &str) -> Unlock {
        Unlock::Passphrase(text.into())
    }

    fn keyfile(byte: u8) -> Unlock {
        Unlock::Keyfile(vec![byte; 32].into())
    }

    fn recovery_key(seed: u64) -> Unlock {
        Unlock::RecoveryKey(generate_recovery_key(&InsecureSeededEntropy::new(seed)).unwrap())
    }

    fn try_slot(unlock: &Unlock, number: u8, profile: KdfProfile) -> Result<Slot> {
        make_slot(unlock, profile, &dek(), FILE, number, 1, &InsecureSeededEntropy::new(42))
    }

    fn slot(unlock: &Unlock, number: u8) -> Slot {
        try_slot(unlock, number, KdfProfile::TEST).unwrap()
    }

    fn only(number: usize, slot: Slot) -> [Slot; 8] {
        let mut slots = [EMPTY; 8];
        slots[number] = slot;
        slots
    }

    fn code(slots: &[Slot; 8], key_set: KeySet, unlock: &Unlock) -> &'static str {
        open_slots(slots, key_set, unlock).unwrap_err().code()
    }

    fn every_kind() -> [Unlock; 4] {
        [Unlock::Keyless, passphrase("correct horse"), recovery_key(9), keyfile(3)]
    }

    #[test]
    fn slots_are_made_as_another_implementation_makes_them() {
        let recovery =
            Unlock::RecoveryKey("RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1W-7GY3-RF1G-ZRJA".into());
        let cases = [
            (
                Unlock::Keyless,
                "0100000001000000000000000000000000000000000000005b10686dfa1f9a00121e2cfbb28e2dac58fe6b071916531b\
                b4ae8dda10d2a45c5ca67545c2e3faad9f65ec91ac5af874fd26d2b194cc47a59c23e1cfe38eb6c8835c97764c9ab66c\
                b2682c242d732e710f5f234fae51f9e5c3bf48b62cd5555fda0eb6f532f0a58329ff759745e0128ba2f289ca2bf1d76a\
                a37ac6142c9c74249660335cfd3be80345923550d46434dabe34eac844c2b9e6",
            ),
            (
                passphrase("correct horse"),
                "0200000001000000000100000100000001000000000000005b10686dfa1f9a00121e2cfbb28e2dacde7040a8e191da6b\
                222b639d093c7118412021d1bd816cebe1fe10c81edf1d02fd26d2b194cc47a59c23e1cfe38eb6c8835c97764c9ab66c\
                db44131f8edc24c736b119b0aabc8d0d28a828c9b7e52e204133eb5ea78deebf9e906f74620ad21a412b27a5724a8914\
                0000000000000000000000000000000000000000000000000000000000000000",
            ),
            (
                recovery,
                "0300000001000000000000000000000000000000000000005b10686dfa1f9a00121e2cfbb28e2dac3004f4d726d8905c\
                cad40714d45973281cfa145f4dcdc4332ecec8bc6d951d1dfd26d2b194cc47a59c23e1cfe38eb6c8835c97764c9ab66c\
                f1ce6e88a22e9d6a508b3d1ce0c4fe44b9fdf2929f914c469272dc3633cc66c6c7804e8e7381b635dcee6bed843a9c58\
                0000000000000000000000000000000000000000000000000000000000000000",
            ),
            (
                keyfile(3),
                "0400000001000000000000000000000000000000000000005b10686dfa1f9a00121e2cfbb28e2dac1ae4939f761c05bd\
                0e6dc4c2b3eb1ab436741d12bf77c724e7a16e63ce9b75cefd26d2b194cc47a59c23e1cfe38eb6c8835c97764c9ab66c\
                4291004e0d22115561b50da84168c249b2800b45984ba9ed173ec9d9a03d0bbd083f970509ea7b19ce518b952a1d8773\
                0000000000000000000000000000000000000000000000000000000000000000",
            ),
        ];
        for (unlock, expected) in cases {
            assert_eq!(hex::encode(&slot(&unlock, 2)[..176]), expected, "{unlock:?}");
            assert_eq!(slot(&unlock, 2)[176..], [0; 80]);
        }
    }

    #[test]
    fn a_slot_of_every_kind_opens_to_the_data_key() {
        for unlock in every_kind() {
            let (number, opened) = open_slots(&only(5, slot(&unlock, 5)), FILE, &unlock).unwrap();
            assert_eq!((number, opened.expose()), (5, dek().expose()), "{unlock:?}");
        }
    }

    #[test]
    fn every_slot_of_the_kind_is_tried() {
        let mut slots = [EMPTY; 8];
        slots[1] = slot(&passphrase("one"), 1);
        slots[4] = slot(&passphrase("four"), 4);
        slots[7] = slot(&Unlock::Keyless, 7);
        assert_eq!(open_slots(&slots, FILE, &passphrase("four")).unwrap().0, 4);
        assert_eq!(open_slots(&slots, FILE, &Unlock::Keyless).unwrap().0, 7);
        assert_eq!(code(&slots, FILE, &passphrase("seven")), "KEY-WRONG");
    }

    #[test]
    fn a_damaged_slot_does_not_keep_another_from_opening() {
        let mut slots = [EMPTY; 8];
        slots[1] = slot(&passphrase("same"), 2);
        slots[4] = slot(&passphrase("same"), 4);
        assert_eq!(open_slots(&slots, FILE, &passphrase("same")).unwrap().0, 4);
    }

    #[test]
    fn the_wrong_key_of_the_right_kind_is_told() {
        let pairs =
            [(passphrase("right"), passphrase("wrong")), (keyfile(1), keyfile(2)), (recovery_key(1), recovery_key(2))];
        for (right, wrong) in pairs {
            assert_eq!(code(&only(0, slot(&right, 0)), FILE, &wrong), "KEY-WRONG", "{right:?}");
        }
    }

    #[test]
    fn a_named_key_is_never_served_by_another_kind_of_slot() {
        for (made, unlock) in every_kind().iter().flat_map(|made| every_kind().map(|unlock| (made.clone(), unlock))) {
            let slots = only(0, slot(&made, 0));
            match Kind::of_unlock(&made) == Kind::of_unlock(&unlock) {
                true => assert!(open_slots(&slots, FILE, &unlock).is_ok()),
                false => assert_eq!(code(&slots, FILE, &unlock), "KEY-NO-SLOT"),
            }
        }
    }

    #[test]
    fn the_message_names_the_kinds_there_are_and_the_options_for_them() {
        let mut slots = only(0, slot(&keyfile(1), 0));
        slots[3] = slot(&passphrase("one"), 3);
        let message = open_slots(&slots, FILE, &Unlock::Keyless).unwrap_err().to_string();
        assert!(message.contains("of the kind keyless; there are: passphrase, keyfile."), "{message}");
        assert!(message.contains("--passphrase-file or --passphrase-stdin, or --keyfile"), "{message}");
        assert_eq!(code(&[EMPTY; 8], FILE, &Unlock::Keyless), "KEY-NO-SLOT");
    }

    #[test]
    fn a_slot_of_another_file_does_not_open() {
        let code_of = |unlock: &Unlock| code(&only(0, slot(unlock, 0)), OTHER_FILE, unlock);
        assert_eq!(
            every_kind().map(|unlock| code_of(&unlock)),
            ["KEY-SLOT-FOREIGN", "KEY-WRONG", "KEY-WRONG", "KEY-WRONG"]
        );
    }

    #[test]
    fn a_slot_moved_to_another_number_is_forged() {
        for unlock in every_kind() {
            assert_eq!(code(&only(1, slot(&unlock, 0)), FILE, &unlock), "KEY-SLOT-FORGED", "{unlock:?}");
        }
    }

    #[test]
    fn every_edited_byte_of_a_slot_keeps_it_from_opening() {
        for unlock in [Unlock::Keyless, keyfile(3)] {
            let keyless = Kind::of_unlock(&unlock) == Kind::Keyless;
            for place in 1..KEY_SLOT_BYTES {
                let mut edited = slot(&unlock, 0);
                edited[place] ^= 0x01;
                let expected = match place {
                    24..72 if keyless => "KEY-SLOT-FOREIGN",
                    24..72 => "KEY-WRONG",
                    144..176 if keyless => "KEY-SLOT-FOREIGN",
                    _ => "KEY-SLOT-FORGED",
                };
                assert_eq!(code(&only(0, edited), FILE, &unlock), expected, "byte {place}");
            }
        }
    }

    #[test]
    fn edited_parameters_of_a_passphrase_slot_give_another_key_or_none() {
        let unlock = passphrase("one");
        let edit = |place: usize, value: u8| {
            let mut edited = slot(&unlock, 0);
            edited[place] = value;
            code(&only(0, edited), FILE, &unlock)
        };
        assert_eq!(edit(KDF_PASSES.start, 2), "KEY-WRONG");
        assert_eq!(edit(KDF_PASSES.start, 0), "KEY-SLOT-FORGED");
        assert_eq!(edit(KDF_LANES.start, 0), "KEY-SLOT-FORGED");
        assert_eq!(edit(KDF_PASSES.start, 17), "KDF-BOMB");
        assert_eq!(edit(KDF_LANES.start + 1, 1), "KDF-BOMB");
        assert_eq!(edit(KDF_MEMORY_KIB.start + 3, 0xff), "KDF-BOMB");
        assert_eq!(edit(NONCE.start, 0), "KEY-SLOT-FORGED");
        assert_eq!(edit(DEK_GENERATION.start, 2), "KEY-SLOT-FORGED");
    }

    #[test]
    fn a_bomb_in_a_later_slot_is_refused_before_any_work() {
        let mut slots = only(0, slot(&passphrase("one"), 0));
        slots[6] = slot(&passphrase("one"), 6);
        slots[6][KDF_MEMORY_KIB].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(code(&slots, FILE, &passphrase("one")), "KDF-BOMB");
    }

    #[test]
    fn however_its_letters_are_composed_a_passphrase_opens_its_slot() {
        let slots = only(0, slot(&passphrase("caf\u{e9}"), 0));
        assert!(open_slots(&slots, FILE, &passphrase("cafe\u{301}")).is_ok());
        assert_eq!(code(&slots, FILE, &passphrase("cafe")), "KEY-WRONG");
    }

    #[test]
    fn secrets_that_cannot_serve_are_refused_with_the_reason() {
        let code_of = |unlock: Unlock| try_slot(&unlock, 0, KdfProfile::TEST).unwrap_err().code();
        assert_eq!(code_of(passphrase("")), "MISUSE");
        assert_eq!(code_of(Unlock::Passphrase(vec![0xff].into())), "MISUSE");
        assert_eq!(code_of(Unlock::Keyfile(vec![1; 31].into())), "MISUSE");
        assert_eq!(code_of(Unlock::Keyfile(vec![1; SECRET_BYTES_MAX + 1].into())), "LIMIT");
        assert_eq!(code_of(Unlock::RecoveryKey("7777-7777".into())), "KEY-WRONG");
    }

    #[test]
    fn a_profile_over_the_ceilings_or_below_what_argon2id_takes_makes_no_slot() {
        let code_of = |profile| try_slot(&passphrase("one"), 0, profile).unwrap_err().code();
        assert_eq!(code_of(KdfProfile { memory_kib: 2 << 20, ..KdfProfile::TEST }), "LIMIT");
        assert_eq!(code_of(KdfProfile { passes: 0, ..KdfProfile::TEST }), "MISUSE");
    }

    #[test]
    fn no_message_of_a_wrong_key_holds_the_key() {
        let slots = only(0, slot(&passphrase("right"), 0));
        let error = open_slots(&slots, FILE, &passphrase("hunter2")).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
