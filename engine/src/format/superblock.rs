//! The superblock: where everything starts. Two slots of it stand at the head of the page file.
//!
//! Decoding tells what the bytes say; whether somebody with the key wrote them is told by the MAC, which the caller
//! computes over [`mac_input`].

use super::error::DecodeError;
use super::field::{Family, Field, Form, check_zeros};
use super::key_slot::{KEY_SLOT_BYTES, KeySlot};
use super::looks_like::looks_like;
use super::page::{decode_pointer_or_null, decode_root, encode_pointer};
use crate::defence::{Defence, checked, holds, is_off};
use crate::finding::Code;
use crate::limits::{KEY_SLOTS_COUNT, NUMBER_MAX, PAGES_MAX, SUPERBLOCK_BYTES};
use crate::types::{CommitNo, FileId, KeySet, PagePointer, PageSize};

/// What a page file begins with. The line ending shows a transfer that changed line endings.
pub const MAGIC: &[u8; 8] = b"TOSUMU\r\n";
/// The format this program writes, and the newest it reads. It reads all older ones.
pub const FORMAT: u32 = 2;
/// XChaCha20-Poly1305, HKDF-SHA256, HMAC-SHA256.
pub const CIPHER_SUITE: u32 = 1;
const FLAG_INSECURE_NONCES: u8 = 1;

pub(crate) mod place {
    super::super::field::fields! { super::SUPERBLOCK_BYTES;
        MAGIC                    0    8 "magic" Text Identity "what a page file begins with";
        FORMAT                   8    4 "format" Number Identity "the format that wrote it";
        MIN_READER              12    4 "min_reader" Number Identity "oldest format number a reader must know";
        FEATURES_COMPATIBLE     16    4 "features_compatible" Number Identity "features a reader may ignore";
        FEATURES_READ_ONLY      20    4 "features_read_only" Number Identity "unknown bits: may be read, not written";
        FEATURES_INCOMPATIBLE   24    4 "features_incompatible" Number Identity "unknown bits: refused";
        CIPHER_SUITE            28    4 "cipher_suite" Number Crypto "1: XChaCha20-Poly1305, HKDF-SHA256, HMAC-SHA256";
        PAGE_SIZE               32    4 "page_size" Number Length "a power of two from 512 to 65536";
        DEK_GENERATION          36    4 "dek_generation" Number Crypto "which data key sealed the pages";
        FILE_ID                 40   16 "file_id" Hex Identity "random; shared with the log";
        SLOT_GENERATION         56    8 "slot_generation" Number Identity "generation n stands in slot n mod 2";
        LOG_GENERATION          64    8 "log_generation" Number Identity "the log that continues this slot";
        LOG_EXPECTED            72    1 "log_expected" Number Identity "1: the log must be there";
        FLAGS                   73    1 "flags" Number Identity "bit 0: nonces came from the insecure seeded source";
        ZERO_1                  74    2 "zero" Zero Free "reserved";
        PAGE_COUNT              76    4 "page_count" Number Length "pages the file holds";
        COMMIT                  80    8 "commit" Number Identity "the commit the page file is at";
        ROOT                    88   28 "root" Pointer Pointer "the root of the tree";
        FREE_LIST              116   28 "free_list" Pointer Pointer "the first trunk of the free list";
        FREE_COUNT             144    4 "free_count" Number Length "free pages: trunks and the pages they list";
        KEY_SLOT_COUNTER       148    4 "key_slot_counter" Number Identity "grows with every change of key slots";
        RECORD_COUNT           152    8 "record_count" Number Length "records in the main tree";
        FINGERPRINT            160   16 "fingerprint" Hex Crypto "of the commit and all before it";
        CATALOG                176   28 "catalog" Pointer Pointer "the root of the tree of named trees";
        TREE_COUNT             204    4 "tree_count" Number Length "named trees";
        KEY_SET                208   16 "key_set" Hex Identity "random, drawn with the data key: what key slots are bound to";
        ZERO_2                 224   32 "zero" Zero Free "reserved";
        KEY_SLOTS              256 2048 "key_slots" Nested Crypto "8 key slots of 256 bytes";
        ZERO_3                2304 1756 "zero" Zero Free "reserved";
        MAC                   4060   32 "mac" Hex Crypto "HMAC-SHA256(superblock key, bytes 0 to 4060)";
        CRC32                 4092    4 "crc32" Number Crypto "of bytes 0 to 4092";
    }
}

const _: () = assert!(place::KEY_SLOTS.size == KEY_SLOTS_COUNT * KEY_SLOT_BYTES);

/// What format 1 had where format 2 has catalog, tree_count, key_set and 32 zeros.
const FORMAT_1_ZERO: Field = Field {
    name: "zero",
    offset: place::CATALOG.offset,
    size: place::ZERO_2.end() - place::CATALOG.offset,
    form: Form::Zero,
    family: Family::Free,
    meaning: "reserved",
};

/// The byte table of a superblock of `format`.
pub(crate) fn fields(format: u32) -> Vec<Field> {
    let replaced = FORMAT_1_ZERO.span();
    let mut fields = place::FIELDS.to_vec();
    if format < 2 {
        fields.retain(|field| !replaced.contains(&field.offset));
        let at = fields.partition_point(|field| field.offset < replaced.start);
        fields.insert(at, FORMAT_1_ZERO);
    }
    fields
}

/// A superblock slot.
///
/// The table is that of format 2. In format 1 bytes 176 … 256 are zero: there was no catalog, and key slots were bound to
/// the file id, which therefore stands for `key_set` here.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 8 | magic | `TOSUMU\r\n` |
/// | 8 | 4 | format | 2 |
/// | 12 | 4 | min_reader | oldest format number a reader must know: 2 |
/// | 16 | 4 | features_compatible | 0 |
/// | 20 | 4 | features_read_only | 0; unknown bits: may be read, not written |
/// | 24 | 4 | features_incompatible | 0; unknown bits: refused (HDR-FEATURE) |
/// | 28 | 4 | cipher_suite | 1 = XChaCha20-Poly1305, HKDF-SHA256, HMAC-SHA256 |
/// | 32 | 4 | page_size | 512 … 65536, a power of two |
/// | 36 | 4 | dek_generation | 1 |
/// | 40 | 16 | file_id | random |
/// | 56 | 8 | slot_generation | generation n stands in slot n mod 2 |
/// | 64 | 8 | log_generation | the log that continues this slot |
/// | 72 | 1 | log_expected | 0 or 1 |
/// | 73 | 1 | flags | bit 0: nonces came from the insecure seeded source |
/// | 74 | 2 | zero | |
/// | 76 | 4 | page_count | pages the file holds |
/// | 80 | 8 | commit | the commit the page file is at |
/// | 88 | 28 | root | page pointer |
/// | 116 | 28 | free_list | pointer to the head trunk; null when no page is free |
/// | 144 | 4 | free_count | free pages: trunks and the pages they list |
/// | 148 | 4 | key_slot_counter | grows with every change of key slots |
/// | 152 | 8 | record_count | records in the main tree |
/// | 160 | 16 | fingerprint | of `commit` |
/// | 176 | 28 | catalog | pointer to the root of the tree of named trees; null when there is none |
/// | 204 | 4 | tree_count | named trees |
/// | 208 | 16 | key_set | random, drawn with the data key; what key slots are bound to |
/// | 224 | 32 | zero | |
/// | 256 | 2048 | key_slots | 8 × 256 |
/// | 2304 | 1756 | zero | |
/// | 4060 | 32 | mac | HMAC-SHA256(superblock key, bytes 0 … 4060) |
/// | 4092 | 4 | crc32 | of bytes 0 … 4092 |
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each field's meaning stands in the table above")]
pub struct Superblock {
    pub format: u32,
    pub min_reader: u32,
    pub features_compatible: u32,
    pub features_read_only: u32,
    pub features_incompatible: u32,
    pub cipher_suite: u32,
    pub dek_generation: u32,
    pub page_size: PageSize,
    pub file_id: FileId,
    pub slot_generation: u64,
    pub log_generation: u64,
    pub log_expected: bool,
    pub insecure_nonces: bool,
    pub page_count: u32,
    pub commit: CommitNo,
    pub root: PagePointer,
    pub free_list: PagePointer,
    pub free_count: u32,
    pub key_slot_counter: u32,
    pub record_count: u64,
    pub fingerprint: [u8; 16],
    pub catalog: PagePointer,
    pub tree_count: u32,
    pub key_set: KeySet,
    pub key_slots: [KeySlot; KEY_SLOTS_COUNT],
}

impl Superblock {
    /// The 4096 bytes; `mac` is given bytes 0 … 4060.
    pub fn encode(&self, mac: impl FnOnce(&[u8]) -> [u8; 32]) -> Vec<u8> {
        let mut bytes = vec![0; SUPERBLOCK_BYTES];
        self.put_identity(&mut bytes);
        self.put_state(&mut bytes);
        for (slot, place) in self.key_slots.iter().zip(place::KEY_SLOTS.span().step_by(KEY_SLOT_BYTES)) {
            bytes[place..place + KEY_SLOT_BYTES].copy_from_slice(&slot.bytes);
        }
        let mac = mac(mac_input(&bytes));
        place::MAC.put(&mut bytes, &mac);
        let crc = crc32fast::hash(checksum_input(&bytes));
        place::CRC32.put(&mut bytes, &crc.to_le_bytes());
        bytes
    }

    /// What is the same through the file's life.
    fn put_identity(&self, bytes: &mut [u8]) {
        place::MAGIC.put(bytes, MAGIC);
        place::FORMAT.put(bytes, &self.format.to_le_bytes());
        place::MIN_READER.put(bytes, &self.min_reader.to_le_bytes());
        place::FEATURES_COMPATIBLE.put(bytes, &self.features_compatible.to_le_bytes());
        place::FEATURES_READ_ONLY.put(bytes, &self.features_read_only.to_le_bytes());
        place::FEATURES_INCOMPATIBLE.put(bytes, &self.features_incompatible.to_le_bytes());
        place::CIPHER_SUITE.put(bytes, &self.cipher_suite.to_le_bytes());
        place::PAGE_SIZE.put(bytes, &self.page_size.get().to_le_bytes());
        place::DEK_GENERATION.put(bytes, &self.dek_generation.to_le_bytes());
        place::FILE_ID.put(bytes, &self.file_id.0);
        if self.format >= 2 {
            place::KEY_SET.put(bytes, &self.key_set.0);
        }
    }

    /// What changes from checkpoint to checkpoint.
    fn put_state(&self, bytes: &mut [u8]) {
        place::SLOT_GENERATION.put(bytes, &self.slot_generation.to_le_bytes());
        place::LOG_GENERATION.put(bytes, &self.log_generation.to_le_bytes());
        place::LOG_EXPECTED.put(bytes, &[u8::from(self.log_expected)]);
        place::FLAGS.put(bytes, &[if self.insecure_nonces { FLAG_INSECURE_NONCES } else { 0 }]);
        place::PAGE_COUNT.put(bytes, &self.page_count.to_le_bytes());
        place::COMMIT.put(bytes, &self.commit.0.to_le_bytes());
        place::ROOT.put(bytes, &encode_pointer(&self.root));
        place::FREE_LIST.put(bytes, &encode_pointer(&self.free_list));
        place::FREE_COUNT.put(bytes, &self.free_count.to_le_bytes());
        place::KEY_SLOT_COUNTER.put(bytes, &self.key_slot_counter.to_le_bytes());
        place::RECORD_COUNT.put(bytes, &self.record_count.to_le_bytes());
        place::FINGERPRINT.put(bytes, &self.fingerprint);
        if self.format >= 2 {
            place::CATALOG.put(bytes, &encode_pointer(&self.catalog));
            place::TREE_COUNT.put(bytes, &self.tree_count.to_le_bytes());
        }
    }

    /// Reads the 4096 bytes. The order of the checks is the order in which their answers mean something: is it ours,
    /// is it whole, may we read it, is it sound.
    pub fn decode(bytes: &[u8]) -> Result<Superblock, DecodeError> {
        check_length(bytes)?;
        check_magic(bytes)?;
        check_crc(bytes)?;
        check_version(bytes)?;
        check_features(bytes)?;
        let zeros = check_zeros(&fields(place::FORMAT.u32(bytes)), bytes, Code::HdrField);
        checked(Defence::SuperblockZeros, zeros)?;
        Superblock::read(bytes)
    }

    fn read(bytes: &[u8]) -> Result<Superblock, DecodeError> {
        let code = Code::HdrField;
        let format = place::FORMAT.u32(bytes);
        let file_id = FileId(*place::FILE_ID.array(bytes));
        Ok(Superblock {
            format,
            min_reader: place::MIN_READER.u32(bytes),
            features_compatible: place::FEATURES_COMPATIBLE.u32(bytes),
            features_read_only: place::FEATURES_READ_ONLY.u32(bytes),
            features_incompatible: place::FEATURES_INCOMPATIBLE.u32(bytes),
            cipher_suite: cipher_suite(bytes)?,
            dek_generation: place::DEK_GENERATION.u32(bytes),
            page_size: page_size(bytes)?,
            file_id,
            slot_generation: number(&place::SLOT_GENERATION, bytes)?,
            log_generation: number(&place::LOG_GENERATION, bytes)?,
            log_expected: one_bit(&place::LOG_EXPECTED, bytes)?,
            insecure_nonces: one_bit(&place::FLAGS, bytes)?,
            page_count: page_count(bytes)?,
            commit: CommitNo(number(&place::COMMIT, bytes)?),
            root: decode_root(&place::ROOT, bytes, code)?,
            free_list: decode_pointer_or_null(&place::FREE_LIST, bytes, code)?,
            free_count: place::FREE_COUNT.u32(bytes),
            key_slot_counter: place::KEY_SLOT_COUNTER.u32(bytes),
            record_count: number(&place::RECORD_COUNT, bytes)?,
            fingerprint: *place::FINGERPRINT.array(bytes),
            catalog: decode_pointer_or_null(&place::CATALOG, bytes, code)?,
            tree_count: place::TREE_COUNT.u32(bytes),
            key_set: if format < 2 { KeySet(file_id.0) } else { KeySet(*place::KEY_SET.array(bytes)) },
            key_slots: key_slots(bytes)?,
        })
    }

    /// What a slot that does not decode still says of itself and of its keys, for salvage: nothing else is read. Not a word of
    /// it is to be believed before a key made with it has opened a page. Key slots that cannot be are left empty. `None` when
    /// it does not even name a page size, a format and a cipher suite that this program knows.
    pub(crate) fn remains(bytes: &[u8]) -> Option<Superblock> {
        if bytes.len() < place::KEY_SLOTS.end() || place::CIPHER_SUITE.u32(bytes) != CIPHER_SUITE {
            return None;
        }
        let format = Some(place::FORMAT.u32(bytes)).filter(|format| (1..=FORMAT).contains(format))?;
        let file_id = FileId(*place::FILE_ID.array(bytes));
        let slot = |place: usize| {
            let mut slot = KeySlot::EMPTY;
            slot.bytes.copy_from_slice(&bytes[place..place + KEY_SLOT_BYTES]);
            slot.check().map_or(KeySlot::EMPTY, |()| slot)
        };
        Some(Superblock {
            format,
            min_reader: format,
            features_compatible: 0,
            features_read_only: 0,
            features_incompatible: 0,
            cipher_suite: CIPHER_SUITE,
            page_size: PageSize::new(place::PAGE_SIZE.u32(bytes))?,
            dek_generation: place::DEK_GENERATION.u32(bytes),
            file_id,
            slot_generation: 0,
            log_generation: 0,
            log_expected: false,
            insecure_nonces: false,
            page_count: 1,
            commit: CommitNo(0),
            root: PagePointer::NULL,
            free_list: PagePointer::NULL,
            free_count: 0,
            key_slot_counter: place::KEY_SLOT_COUNTER.u32(bytes),
            record_count: 0,
            fingerprint: [0; 16],
            catalog: PagePointer::NULL,
            tree_count: 0,
            key_set: if format < 2 { KeySet(file_id.0) } else { KeySet(*place::KEY_SET.array(bytes)) },
            key_slots: std::array::from_fn(|number| slot(place::KEY_SLOTS.offset + number * KEY_SLOT_BYTES)),
        })
    }

    /// What the tree MAC binds a log to: file_id | commit | root | page_count | free_list | free_count | record_count |
    /// fingerprint, and from format 2 on catalog | tree_count.
    pub fn tree_mac_input(&self) -> Vec<u8> {
        let mut input = Vec::new();
        input.extend_from_slice(&self.file_id.0);
        input.extend_from_slice(&self.commit.0.to_le_bytes());
        input.extend_from_slice(&encode_pointer(&self.root));
        input.extend_from_slice(&self.page_count.to_le_bytes());
        input.extend_from_slice(&encode_pointer(&self.free_list));
        input.extend_from_slice(&self.free_count.to_le_bytes());
        input.extend_from_slice(&self.record_count.to_le_bytes());
        input.extend_from_slice(&self.fingerprint);
        if self.format >= 2 {
            input.extend_from_slice(&encode_pointer(&self.catalog));
            input.extend_from_slice(&self.tree_count.to_le_bytes());
        }
        input
    }
}

/// What the MAC authenticates: bytes 0 … 4060 of the 4096. The caller has checked the length.
pub fn mac_input(bytes: &[u8]) -> &[u8] {
    &bytes[..place::MAC.offset]
}

/// The MAC that stands in the 4096 bytes. The caller has checked the length.
pub fn stored_mac(bytes: &[u8]) -> &[u8] {
    place::MAC.of(bytes)
}

/// What the checksum is of: all before it, the MAC too.
fn checksum_input(bytes: &[u8]) -> &[u8] {
    let end = if is_off(Defence::ChecksumCoversMac) { place::MAC.offset } else { place::CRC32.offset };
    &bytes[..end]
}

fn check_length(bytes: &[u8]) -> Result<(), DecodeError> {
    match bytes.len() == SUPERBLOCK_BYTES {
        true => Ok(()),
        // A short file that begins as another program's does is told as that, not as a short one of ours.
        false if !MAGIC.starts_with(&bytes[..bytes.len().min(MAGIC.len())]) => Err(foreign(bytes)),
        false => Err(DecodeError::length(Code::HdrMagic, "A superblock", SUPERBLOCK_BYTES, bytes.len())),
    }
}

fn check_magic(bytes: &[u8]) -> Result<(), DecodeError> {
    match place::MAGIC.of(bytes) == MAGIC {
        true => Ok(()),
        false => Err(foreign(bytes)),
    }
}

fn foreign(bytes: &[u8]) -> DecodeError {
    let span = 0..bytes.len().min(MAGIC.len());
    let why = format!("The bytes do not begin with tosumu's mark; they look like {}.", looks_like(bytes));
    DecodeError::new(Code::HdrMagic, span, "`TOSUMU\\x0d\\x0a`", looks_like(bytes), why)
}

fn check_crc(bytes: &[u8]) -> Result<(), DecodeError> {
    let stored = place::CRC32.u32(bytes);
    let computed = crc32fast::hash(checksum_input(bytes));
    if holds(Defence::SuperblockChecksum, stored == computed) {
        return Ok(());
    }
    let why = "The checksum of the slot's bytes is not the one stored in it.";
    Err(DecodeError::new(Code::HdrCrc, 0..bytes.len(), format!("{stored:08x}"), format!("{computed:08x}"), why))
}

fn check_version(bytes: &[u8]) -> Result<(), DecodeError> {
    let (format, min_reader) = (place::FORMAT.u32(bytes), place::MIN_READER.u32(bytes));
    if min_reader > FORMAT {
        return Err(place::MIN_READER.error(Code::HdrVersion, format!("at most {FORMAT}"), min_reader));
    }
    if min_reader == 0 || min_reader > format {
        let expected = format!("1 to the format, {format}");
        return Err(place::MIN_READER.error(Code::HdrField, expected, min_reader));
    }
    Ok(())
}

fn check_features(bytes: &[u8]) -> Result<(), DecodeError> {
    match place::FEATURES_INCOMPATIBLE.u32(bytes) {
        0 => Ok(()),
        bits => Err(place::FEATURES_INCOMPATIBLE.error(Code::HdrFeature, "no bits", format!("{bits:#x}"))),
    }
}

fn cipher_suite(bytes: &[u8]) -> Result<u32, DecodeError> {
    match place::CIPHER_SUITE.u32(bytes) {
        CIPHER_SUITE => Ok(CIPHER_SUITE),
        other => Err(place::CIPHER_SUITE.error(Code::HdrField, CIPHER_SUITE, other)),
    }
}

fn page_size(bytes: &[u8]) -> Result<PageSize, DecodeError> {
    let stored = place::PAGE_SIZE.u32(bytes);
    PageSize::new(stored)
        .ok_or_else(|| place::PAGE_SIZE.error(Code::HdrField, "a power of two from 512 to 65536", stored))
}

fn page_count(bytes: &[u8]) -> Result<u32, DecodeError> {
    match place::PAGE_COUNT.u32(bytes) {
        count if (1..=PAGES_MAX).contains(&count) => Ok(count),
        count => Err(place::PAGE_COUNT.error(Code::HdrField, format!("1 to {PAGES_MAX}"), count)),
    }
}

fn number(field: &super::Field, bytes: &[u8]) -> Result<u64, DecodeError> {
    match field.u64(bytes) {
        number if number <= NUMBER_MAX => Ok(number),
        number => Err(field.error(Code::HdrField, format!("at most {NUMBER_MAX}"), number)),
    }
}

fn one_bit(field: &super::Field, bytes: &[u8]) -> Result<bool, DecodeError> {
    match field.u8(bytes) {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(field.error(Code::HdrField, "0 or 1", other)),
    }
}

fn key_slots(bytes: &[u8]) -> Result<[KeySlot; KEY_SLOTS_COUNT], DecodeError> {
    let mut slots = [KeySlot::EMPTY; KEY_SLOTS_COUNT];
    for (slot, place) in slots.iter_mut().zip(place::KEY_SLOTS.span().step_by(KEY_SLOT_BYTES)) {
        slot.bytes.copy_from_slice(&bytes[place..place + KEY_SLOT_BYTES]);
        checked(Defence::KeySlotZeros, slot.check().map_err(|error| error.shifted(place)))?;
    }
    Ok(slots)
}
