//! The log: a header, then records. Nothing here decides which records count; that is recovery's work.
//!
//! ```text
//! | header 512 | page frame | page frame | commit | zeros | page frame | commit | zeros |
//!              ^ chained to the header's seed    ^ to the next multiple of 512
//! ```

use super::error::DecodeError;
use super::field::{Field, check_zeros, nonzero};
use super::is_zero;
use super::page::{TAG_BYTES, decode_pointer_or_null, decode_root, encode_pointer};
use super::superblock::FORMAT;
use crate::defence::{Defence, checked, is_off};
use crate::finding::Code;
use crate::limits::{PAGES_MAX, SECTOR_BYTES};
use crate::types::{CommitNo, FileId, PageNo, PagePointer, PageSize};
use std::fmt;

/// Size of the log header, in bytes: a sector of its own, so that no record shares its fate.
pub const LOG_HEADER_BYTES: usize = 512;
/// Size of a record without its body, in bytes.
pub const RECORD_HEADER_BYTES: usize = 80;
/// Size of a commit record's body, in bytes.
pub const COMMIT_BODY_BYTES: usize = 144;
/// Size of a commit record's body in format 1, in bytes.
pub const COMMIT_BODY_BYTES_FORMAT_1: usize = 112;
/// Size of a commit's fingerprint, in bytes: the end of every commit body.
const FINGERPRINT_BYTES: usize = 16;
/// What a log begins with.
pub const LOG_MAGIC: &[u8; 8] = b"TOSULOG\n";
const FLAG_SEAL_TRANSACTION: u32 = 1;

pub(crate) mod header_place {
    super::super::field::fields! { super::LOG_HEADER_BYTES;
        MAGIC            0   8 "magic" Text Identity "what a log begins with";
        FORMAT           8   4 "format" Number Identity "of the page file; how long commit bodies are follows from it";
        PAGE_SIZE       12   4 "page_size" Number Length "of the page file";
        FILE_ID         16  16 "file_id" Hex Identity "of the page file";
        LOG_GENERATION  32   8 "log_generation" Number Identity "which log this is; the superblock names one";
        SALT            40  16 "salt" Hex Crypto "random; part of every record's MAC";
        SEED            56  16 "seed" Hex Crypto "binds the log to the superblock's tree";
        ZERO            72 436 "zero" Zero Free "reserved";
        CRC32          508   4 "crc32" Number Crypto "of bytes 0 to 508";
    }
}

pub(crate) mod record_place {
    super::super::field::fields! { super::RECORD_HEADER_BYTES;
        LENGTH            0  4 "length" Number Length "of the whole record; follows from the kind";
        KIND              4  1 "kind" Number Identity "1 page frame, 2 commit";
        ZERO              5  3 "zero" Zero Free "reserved";
        GENERATION        8  8 "generation" Number Identity "the log's";
        SEQUENCE         16  8 "sequence" Number Identity "from 1 in each log";
        COMMIT           24  8 "commit" Number Identity "the commit it is part of";
        PAGE             32  4 "pgno" Number Pointer "the page in the body; 0 in a commit record";
        CRC32            36  4 "crc32" Number Crypto "of the record but these four bytes";
        DURABLE_SEQUENCE 40  8 "durable_sequence" Number Pointer "last commit record known synced by then; 0 none";
        PREVIOUS         48 16 "previous" Hex Crypto "mac of the record before; the header's seed for the first";
        MAC              64 16 "mac" Hex Crypto "of salt, bytes 0 to 36, 40 to 64, page tag or commit body";
    }
}

pub(crate) mod body_place {
    super::super::field::fields! { super::COMMIT_BODY_BYTES;
        PAGE_COUNT    0  4 "page_count" Number Length "pages of the file after the commit";
        PAGE_FRAMES   4  4 "page_frames" Number Length "page frames of the transaction";
        ROOT          8 28 "root" Pointer Pointer "the root of the tree after the commit";
        FREE_LIST    36 28 "free_list" Pointer Pointer "the first trunk of the free list";
        FREE_COUNT   64  4 "free_count" Number Length "free pages: trunks and the pages they list";
        FLAGS        68  4 "flags" Number Identity "bit 0: a seal transaction, which changes no record";
        RECORD_COUNT 72  8 "record_count" Number Length "records in the main tree after the commit";
        CATALOG      80 28 "catalog" Pointer Pointer "the root of the tree of named trees";
        TREE_COUNT  108  4 "tree_count" Number Length "named trees";
        RANDOM      112 16 "random" Hex Crypto "makes two histories of the same commits differ";
        FINGERPRINT 128 16 "fingerprint" Hex Crypto "of the commit and all before it";
    }
}

/// The commit body of format 1: as it is now up to its bytes 80.
pub(crate) mod body_1_place {
    super::super::field::fields! { super::COMMIT_BODY_BYTES_FORMAT_1;
        PAGE_COUNT    0  4 "page_count" Number Length "pages of the file after the commit";
        PAGE_FRAMES   4  4 "page_frames" Number Length "page frames of the transaction";
        ROOT          8 28 "root" Pointer Pointer "the root of the tree after the commit";
        FREE_LIST    36 28 "free_list" Pointer Pointer "null: format 1 frees nothing";
        FREE_COUNT   64  4 "free_count" Number Length "pages in the free list";
        FLAGS        68  4 "flags" Number Identity "bit 0: a seal transaction, which changes no record";
        RECORD_COUNT 72  8 "record_count" Number Length "records in the tree after the commit";
        RANDOM       80 16 "random" Hex Crypto "makes two histories of the same commits differ";
        FINGERPRINT  96 16 "fingerprint" Hex Crypto "of the commit and all before it";
    }
}

/// The byte table of a commit body that is `bytes` long.
pub(crate) fn body_fields(bytes: usize) -> &'static [Field] {
    if bytes == COMMIT_BODY_BYTES_FORMAT_1 { body_1_place::FIELDS } else { body_place::FIELDS }
}

/// What the records of a log look like: their lengths follow from it, as it follows from the log's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogShape {
    /// The log's format.
    pub format: u32,
    /// The page size.
    pub page_size: PageSize,
}

impl LogShape {
    /// The shape of the logs that this program writes.
    pub fn newest(page_size: PageSize) -> LogShape {
        LogShape { format: FORMAT, page_size }
    }

    /// How long a record of `kind` is, in bytes.
    pub fn record_bytes(&self, kind: RecordKind) -> usize {
        let body = match kind {
            RecordKind::Page => self.page_size.bytes(),
            RecordKind::Commit if self.format < 2 => COMMIT_BODY_BYTES_FORMAT_1,
            RecordKind::Commit => COMMIT_BODY_BYTES,
        };
        RECORD_HEADER_BYTES + body
    }

    /// How long the longest record is, in bytes.
    pub fn record_bytes_max(&self) -> usize {
        self.record_bytes(RecordKind::Page).max(self.record_bytes(RecordKind::Commit))
    }
}

/// The log's first 512 bytes.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 8 | magic | `TOSULOG\n` |
/// | 8 | 4 | format | of the page file: 2, or 1 with shorter commit bodies |
/// | 12 | 4 | page_size | of the page file |
/// | 16 | 16 | file_id | of the page file |
/// | 32 | 8 | log_generation | |
/// | 40 | 16 | salt | random |
/// | 56 | 16 | seed | HMAC(log seed key, bytes 0 … 56, tree_mac)\[..16\] |
/// | 72 | 436 | zero | |
/// | 508 | 4 | crc32 | of bytes 0 … 508 |
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each field's meaning stands in the table above")]
pub struct LogHeader {
    pub format: u32,
    pub page_size: PageSize,
    pub file_id: FileId,
    pub log_generation: u64,
    pub salt: [u8; 16],
    pub seed: [u8; 16],
}

impl LogHeader {
    /// The 512 bytes.
    pub fn encode(&self) -> [u8; LOG_HEADER_BYTES] {
        use header_place as place;
        let mut bytes = [0; LOG_HEADER_BYTES];
        place::MAGIC.put(&mut bytes, LOG_MAGIC);
        place::FORMAT.put(&mut bytes, &self.format.to_le_bytes());
        place::PAGE_SIZE.put(&mut bytes, &self.page_size.get().to_le_bytes());
        place::FILE_ID.put(&mut bytes, &self.file_id.0);
        place::LOG_GENERATION.put(&mut bytes, &self.log_generation.to_le_bytes());
        place::SALT.put(&mut bytes, &self.salt);
        place::SEED.put(&mut bytes, &self.seed);
        let crc = crc32fast::hash(&bytes[..place::CRC32.offset]);
        place::CRC32.put(&mut bytes, &crc.to_le_bytes());
        bytes
    }

    /// Reads the 512 bytes: length, magic and checksum (`LOG-ROT`), format (`HDR-VERSION`), then the fields
    /// (`LOG-RECORD`).
    pub fn decode(bytes: &[u8]) -> Result<LogHeader, DecodeError> {
        use header_place as place;
        if bytes.len() != LOG_HEADER_BYTES {
            return Err(DecodeError::length(Code::LogRot, "A log header", LOG_HEADER_BYTES, bytes.len()));
        }
        place::MAGIC.check(bytes, LOG_MAGIC, Code::LogRot)?;
        let crc = check_crc(place::CRC32.u32(bytes), crc32fast::hash(&bytes[..place::CRC32.offset]), bytes.len());
        checked(Defence::LogHeaderChecksum, crc)?;
        let format = place::FORMAT.u32(bytes);
        if !(1..=FORMAT).contains(&format) {
            return Err(place::FORMAT.error(Code::HdrVersion, format!("1 to {FORMAT}"), format));
        }
        checked(Defence::LogHeaderZeros, check_zeros(place::FIELDS, bytes, Code::LogRecord))?;
        let page_size = PageSize::new(place::PAGE_SIZE.u32(bytes)).ok_or_else(|| {
            let expected = "a power of two from 512 to 65536";
            place::PAGE_SIZE.error(Code::LogRecord, expected, place::PAGE_SIZE.u32(bytes))
        })?;
        Ok(LogHeader {
            format,
            page_size,
            file_id: FileId(*place::FILE_ID.array(bytes)),
            log_generation: place::LOG_GENERATION.u64(bytes),
            salt: *place::SALT.array(bytes),
            seed: *place::SEED.array(bytes),
        })
    }

    /// What the log's records look like.
    pub fn shape(&self) -> LogShape {
        LogShape { format: self.format, page_size: self.page_size }
    }
}

/// What the seed authenticates besides the tree MAC: bytes 0 … 56 of the header. The caller has checked the length.
pub fn seed_input(bytes: &[u8]) -> &[u8] {
    &bytes[..header_place::SEED.offset]
}

/// The MAC that the head of a record carries. The caller has checked the length.
pub(crate) fn record_mac(head: &[u8]) -> [u8; 16] {
    *record_place::MAC.array(head)
}

/// Whether what stands behind the last record of a log of generation `generation` was left by an older one, whose file it
/// overwrites: bytes that do not begin as one of its own records do, whole or torn. They may be any part of an old record.
pub fn is_left_of_an_older_log(bytes: &[u8], generation: u64) -> bool {
    if generation <= 1 || bytes.len() < RECORD_HEADER_BYTES {
        return false;
    }
    let is_own = RecordKind::from_byte(bytes[record_place::KIND.offset]).is_some()
        && record_place::GENERATION.u64(bytes) == generation;
    !is_own && bytes.iter().any(|&byte| byte != 0)
}

/// What a log record is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum RecordKind {
    /// A page frame: a sealed page exactly as it will stand in the page file.
    Page = 1,
    /// The end of a transaction.
    Commit = 2,
}

impl RecordKind {
    /// The kind stored as `byte`.
    pub fn from_byte(byte: u8) -> Option<RecordKind> {
        match byte {
            1 => Some(RecordKind::Page),
            2 => Some(RecordKind::Commit),
            _ => None,
        }
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecordKind::Page => "page frame",
            RecordKind::Commit => "commit",
        })
    }
}

/// The head of a log record without what is computed: length, crc32 and mac.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 4 | length | of the whole record: 80 + page size, or 224 (format 1: 192); follows from the kind |
/// | 4 | 1 | kind | 1 page frame, 2 commit |
/// | 5 | 3 | zero | |
/// | 8 | 8 | generation | the log's |
/// | 16 | 8 | sequence | from 1 in each log |
/// | 24 | 8 | commit | |
/// | 32 | 4 | pgno | 0 in a commit record |
/// | 36 | 4 | crc32 | of the record but these four bytes |
/// | 40 | 8 | durable_sequence | sequence of the last commit record known synced when this was written; 0 none |
/// | 48 | 16 | previous | mac of the record before; the header's seed for the first |
/// | 64 | 16 | mac | HMAC(log record key, salt, bytes 0 … 36, bytes 40 … 64, page's tag or commit body)\[..16\] |
/// | 80 | | body | sealed page exactly as it will stand in the page file; or the commit body |
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each field's meaning stands in the table above")]
pub struct RecordFields {
    pub kind: RecordKind,
    pub generation: u64,
    pub sequence: u64,
    pub commit: CommitNo,
    pub page: PageNo,
    pub durable_sequence: u64,
    pub previous: [u8; 16],
}

impl RecordFields {
    fn put(&self, bytes: &mut [u8]) {
        use record_place as place;
        place::KIND.put(bytes, &[self.kind as u8]);
        place::GENERATION.put(bytes, &self.generation.to_le_bytes());
        place::SEQUENCE.put(bytes, &self.sequence.to_le_bytes());
        place::COMMIT.put(bytes, &self.commit.0.to_le_bytes());
        place::PAGE.put(bytes, &self.page.0.to_le_bytes());
        place::DURABLE_SEQUENCE.put(bytes, &self.durable_sequence.to_le_bytes());
        place::PREVIOUS.put(bytes, &self.previous);
    }
}

/// Appends a record to `out`. `mac` is given the three parts it authenticates, in order; the salt before them is the
/// caller's. Returns the MAC, which the next record names as its previous one.
pub fn append_record(
    out: &mut Vec<u8>,
    fields: &RecordFields,
    body: &[u8],
    mac: impl FnOnce(&[&[u8]]) -> [u8; 16],
) -> [u8; 16] {
    use record_place as place;
    assert!(body_fits(fields.kind, body), "the body is a sealed page or a commit body, as the kind says");
    assert_eq!(fields.page.is_none(), fields.kind == RecordKind::Commit, "a page frame names its page");
    let start = out.len();
    out.resize(start + RECORD_HEADER_BYTES, 0);
    out.extend_from_slice(body);
    let record = &mut out[start..];
    let length = u32::try_from(record.len()).expect("invariant: a body is at most 65536 bytes");
    place::LENGTH.put(record, &length.to_le_bytes());
    fields.put(record);
    let mac = mac(&mac_parts(fields.kind, record));
    place::MAC.put(record, &mac);
    let crc = record_crc(record);
    place::CRC32.put(record, &crc.to_le_bytes());
    mac
}

fn body_fits(kind: RecordKind, body: &[u8]) -> bool {
    match kind {
        RecordKind::Page => u32::try_from(body.len()).ok().and_then(PageSize::new).is_some(),
        RecordKind::Commit => [COMMIT_BODY_BYTES, COMMIT_BODY_BYTES_FORMAT_1].contains(&body.len()),
    }
}

/// The parts of a whole record that its MAC authenticates. A page is vouched for by its tag, and need not be hashed
/// again.
fn mac_parts(kind: RecordKind, record: &[u8]) -> [&[u8]; 3] {
    use record_place as place;
    let body = match kind {
        RecordKind::Page => &record[record.len() - TAG_BYTES..],
        RecordKind::Commit => &record[RECORD_HEADER_BYTES..],
    };
    [&record[..place::CRC32.offset], &record[place::CRC32.end()..place::MAC.offset], body]
}

pub(crate) fn record_crc(record: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&record[..record_place::CRC32.offset]);
    crc.update(&record[record_place::CRC32.end()..]);
    crc.finalize()
}

fn check_crc(stored: u32, computed: u32, length: usize) -> Result<(), DecodeError> {
    if stored == computed {
        return Ok(());
    }
    let why = "The checksum of these bytes is not the one stored in them.";
    Err(DecodeError::new(Code::LogRot, 0..length, format!("{stored:08x}"), format!("{computed:08x}"), why))
}

/// A record in the log, by parts. Its checksum is right; whether its MAC is, the caller tells.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    kind: RecordKind,
    bytes: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// Reads the record at the beginning of `bytes`, which may go on behind it. Bytes that end inside the record are
    /// `LOG-TORN-TAIL`, a length, kind or checksum that cannot be is `LOG-ROT`, a sound record that cannot be is
    /// `LOG-RECORD`.
    pub fn decode(bytes: &'a [u8], shape: LogShape) -> Result<RecordView<'a>, DecodeError> {
        use record_place as place;
        check_record_length(bytes, RECORD_HEADER_BYTES)?;
        let kind = RecordKind::from_byte(place::KIND.u8(bytes))
            .ok_or_else(|| place::KIND.error(Code::LogRot, "1 or 2", place::KIND.u8(bytes)))?;
        let length = shape.record_bytes(kind);
        if place::LENGTH.u32(bytes) as usize != length {
            return Err(place::LENGTH.error(Code::LogRot, length, place::LENGTH.u32(bytes)));
        }
        check_record_length(bytes, length)?;
        let record = RecordView { kind, bytes: &bytes[..length] };
        checked(Defence::RecordChecksum, check_crc(place::CRC32.u32(bytes), record_crc(record.bytes), length))?;
        record.check_fields()?;
        Ok(record)
    }

    fn check_fields(&self) -> Result<(), DecodeError> {
        use record_place as place;
        let code = Code::LogRecord;
        checked(Defence::RecordZeros, check_zeros(place::FIELDS, self.bytes, code))?;
        let fields = self.fields();
        match fields.kind {
            RecordKind::Page if fields.page.is_none() => {
                Err(place::PAGE.error(code, "a page number in a page frame", 0))
            }
            RecordKind::Commit if !fields.page.is_none() => {
                Err(place::PAGE.error(code, "0 in a commit record", fields.page))
            }
            _ if fields.sequence == 0 => Err(place::SEQUENCE.error(code, "a number from 1", 0)),
            _ => Ok(()),
        }
    }

    /// The head.
    pub fn fields(&self) -> RecordFields {
        use record_place as place;
        RecordFields {
            kind: self.kind,
            generation: place::GENERATION.u64(self.bytes),
            sequence: place::SEQUENCE.u64(self.bytes),
            commit: CommitNo(place::COMMIT.u64(self.bytes)),
            page: PageNo(place::PAGE.u32(self.bytes)),
            durable_sequence: place::DURABLE_SEQUENCE.u64(self.bytes),
            previous: *place::PREVIOUS.array(self.bytes),
        }
    }

    /// The MAC that stands in the record.
    pub fn mac(&self) -> &'a [u8; 16] {
        record_place::MAC.array(self.bytes)
    }

    /// The sealed page or the commit body.
    pub fn body(&self) -> &'a [u8] {
        &self.bytes[RECORD_HEADER_BYTES..]
    }

    /// What the MAC authenticates after the salt, in order.
    pub fn mac_parts(&self) -> [&'a [u8]; 3] {
        mac_parts(self.kind, self.bytes)
    }

    /// How long the record is, in bytes.
    #[allow(clippy::len_without_is_empty, reason = "a record is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The whole record.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

fn check_record_length(bytes: &[u8], length: usize) -> Result<(), DecodeError> {
    match bytes.len() >= length {
        true => Ok(()),
        false => Err(DecodeError::length(Code::LogTornTail, "The log record", length, bytes.len())),
    }
}

/// The body of a commit record.
///
/// The table is that of format 2. In format 1 there is no catalog and no tree_count: random stands at 80, the fingerprint
/// at 96, and the body has 112 bytes.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 4 | page_count | pages of the file after the commit |
/// | 4 | 4 | page_frames | page frames of the transaction |
/// | 8 | 28 | root | page pointer |
/// | 36 | 28 | free_list | pointer to the head trunk; null when no page is free |
/// | 64 | 4 | free_count | free pages: trunks and the pages they list |
/// | 68 | 4 | flags | bit 0: seal transaction |
/// | 72 | 8 | record_count | records in the main tree after the commit |
/// | 80 | 28 | catalog | pointer to the root of the tree of named trees; null when there is none |
/// | 108 | 4 | tree_count | named trees |
/// | 112 | 16 | random | |
/// | 128 | 16 | fingerprint | HMAC(fingerprint key, the one before, commit, bytes 0 … 128)\[..16\] |
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each field's meaning stands in the table above")]
pub struct CommitBody {
    pub page_count: u32,
    pub page_frames: u32,
    pub root: PagePointer,
    pub free_list: PagePointer,
    pub free_count: u32,
    pub seal_transaction: bool,
    pub record_count: u64,
    pub catalog: PagePointer,
    pub tree_count: u32,
    pub random: [u8; 16],
    pub fingerprint: [u8; 16],
}

impl CommitBody {
    /// The 144 bytes.
    pub fn encode(&self) -> [u8; COMMIT_BODY_BYTES] {
        use body_place as place;
        let mut bytes = [0; COMMIT_BODY_BYTES];
        let flags = if self.seal_transaction { FLAG_SEAL_TRANSACTION } else { 0 };
        place::PAGE_COUNT.put(&mut bytes, &self.page_count.to_le_bytes());
        place::PAGE_FRAMES.put(&mut bytes, &self.page_frames.to_le_bytes());
        place::ROOT.put(&mut bytes, &encode_pointer(&self.root));
        place::FREE_LIST.put(&mut bytes, &encode_pointer(&self.free_list));
        place::FREE_COUNT.put(&mut bytes, &self.free_count.to_le_bytes());
        place::FLAGS.put(&mut bytes, &flags.to_le_bytes());
        place::RECORD_COUNT.put(&mut bytes, &self.record_count.to_le_bytes());
        place::CATALOG.put(&mut bytes, &encode_pointer(&self.catalog));
        place::TREE_COUNT.put(&mut bytes, &self.tree_count.to_le_bytes());
        place::RANDOM.put(&mut bytes, &self.random);
        place::FINGERPRINT.put(&mut bytes, &self.fingerprint);
        bytes
    }

    /// Reads the 144 bytes, or the 112 of format 1; what cannot be is `LOG-RECORD`.
    pub fn decode(bytes: &[u8]) -> Result<CommitBody, DecodeError> {
        use body_place as place;
        let code = Code::LogRecord;
        if bytes.len() == COMMIT_BODY_BYTES_FORMAT_1 {
            return CommitBody::decode(&as_format_2(bytes));
        }
        if bytes.len() != COMMIT_BODY_BYTES {
            return Err(DecodeError::length(code, "A commit body", COMMIT_BODY_BYTES, bytes.len()));
        }
        let flags = place::FLAGS.u32(bytes);
        if flags & !FLAG_SEAL_TRANSACTION != 0 {
            return Err(place::FLAGS.error(code, "0 or 1", flags));
        }
        let page_count = place::PAGE_COUNT.u32(bytes);
        if !(1..=PAGES_MAX).contains(&page_count) {
            return Err(place::PAGE_COUNT.error(code, format!("1 to {PAGES_MAX}"), page_count));
        }
        Ok(CommitBody {
            page_count,
            page_frames: place::PAGE_FRAMES.u32(bytes),
            root: decode_root(&place::ROOT, bytes, code)?,
            free_list: decode_pointer_or_null(&place::FREE_LIST, bytes, code)?,
            free_count: place::FREE_COUNT.u32(bytes),
            seal_transaction: flags == FLAG_SEAL_TRANSACTION,
            record_count: place::RECORD_COUNT.u64(bytes),
            catalog: decode_pointer_or_null(&place::CATALOG, bytes, code)?,
            tree_count: place::TREE_COUNT.u32(bytes),
            random: *place::RANDOM.array(bytes),
            fingerprint: *place::FINGERPRINT.array(bytes),
        })
    }
}

/// A commit body of format 1 as format 2 would say the same: no catalog, no named trees. All that is checked stands before
/// them, so an error names the same bytes.
fn as_format_2(bytes: &[u8]) -> [u8; COMMIT_BODY_BYTES] {
    let mut newer = [0; COMMIT_BODY_BYTES];
    newer[..body_1_place::RANDOM.offset].copy_from_slice(&bytes[..body_1_place::RANDOM.offset]);
    newer[body_place::RANDOM.offset..].copy_from_slice(&bytes[body_1_place::RANDOM.offset..]);
    newer
}

/// What the fingerprint authenticates of a commit body: all before the fingerprint itself, which ends it. The caller has
/// checked the length.
pub fn fingerprint_input(body: &[u8]) -> &[u8] {
    &body[..body.len() - FINGERPRINT_BYTES]
}

const _: () = assert!(body_place::FINGERPRINT.size == FINGERPRINT_BYTES);
const _: () = assert!(body_1_place::FINGERPRINT.size == FINGERPRINT_BYTES);

/// Where the next record starts in the log when a commit record ends at `end`: the next multiple of 512, or `end`
/// itself.
pub fn padded_end(end: u64) -> u64 {
    end.next_multiple_of(if is_off(Defence::CommitPadding) { 8 } else { SECTOR_BYTES as u64 })
}

/// Checks the zeros behind a commit record.
pub fn check_padding(padding: &[u8]) -> Result<(), DecodeError> {
    match is_zero(padding) {
        true => Ok(()),
        false => Err(nonzero(padding, 0..padding.len(), Code::LogRecord, "Padding behind a commit record is zero.")),
    }
}
