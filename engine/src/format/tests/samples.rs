//! One sound value of each structure.

use crate::format::catalog::TreeEntry;
use crate::format::free_list::FreeTrunk;
use crate::format::key_slot::{KeySlot, KeySlotKind, KeySlotParts};
use crate::format::log::{CommitBody, LogHeader, RecordFields, RecordKind, append_record};
use crate::format::node::Node;
use crate::format::overflow::encode_overflow;
use crate::format::page::{PageHeader, PageKind};
use crate::format::superblock::Superblock;
use crate::types::{CommitNo, FileId, KeySet, PageNo, PagePointer, PageSize, Seal};

pub fn pointer(page: u32) -> PagePointer {
    PagePointer { page: PageNo(page), commit: CommitNo(7), seal: Seal([page as u8; 16]) }
}

pub fn key_slot(kind: KeySlotKind) -> KeySlot {
    let kdf = if kind == KeySlotKind::Passphrase { (65536, 3, 1) } else { (0, 0, 0) };
    let stored_key = if kind == KeySlotKind::Keyless { [0x5a; 32] } else { [0; 32] };
    KeySlotParts {
        kind,
        dek_generation: 1,
        kdf_memory_kib: kdf.0,
        kdf_passes: kdf.1,
        kdf_lanes: kdf.2,
        salt: [1; 16],
        commitment: [2; 32],
        nonce: [3; 24],
        wrapped_dek: [4; 32],
        tag: [5; 16],
        stored_key,
    }
    .encode()
}

pub fn superblock() -> Superblock {
    let mut key_slots = [KeySlot::EMPTY; 8];
    key_slots[0] = key_slot(KeySlotKind::Keyless);
    key_slots[1] = key_slot(KeySlotKind::Passphrase);
    key_slots[7] = key_slot(KeySlotKind::Keyfile);
    Superblock {
        format: 2,
        min_reader: 2,
        features_compatible: 0,
        features_read_only: 0,
        features_incompatible: 0,
        cipher_suite: 1,
        dek_generation: 1,
        page_size: PageSize::TOY,
        file_id: FileId([9; 16]),
        slot_generation: 4,
        log_generation: 5,
        log_expected: true,
        insecure_nonces: true,
        page_count: 3,
        commit: CommitNo(7),
        root: pointer(3),
        free_list: PagePointer::NULL,
        free_count: 0,
        key_slot_counter: 2,
        record_count: 12,
        fingerprint: [6; 16],
        catalog: pointer(2),
        tree_count: 1,
        key_set: KeySet([11; 16]),
        key_slots,
    }
}

pub fn log_header() -> LogHeader {
    LogHeader {
        format: 2,
        page_size: PageSize::TOY,
        file_id: FileId([9; 16]),
        log_generation: 5,
        salt: [7; 16],
        seed: [8; 16],
    }
}

pub fn commit_body() -> CommitBody {
    CommitBody {
        page_count: 3,
        page_frames: 1,
        root: pointer(3),
        free_list: PagePointer::NULL,
        free_count: 0,
        seal_transaction: false,
        record_count: 12,
        catalog: pointer(2),
        tree_count: 1,
        random: [1; 16],
        fingerprint: [2; 16],
    }
}

pub fn fields(kind: RecordKind, sequence: u64) -> RecordFields {
    RecordFields {
        kind,
        generation: 5,
        sequence,
        commit: CommitNo(8),
        page: if kind == RecordKind::Page { PageNo(2) } else { PageNo::NONE },
        durable_sequence: 0,
        previous: [8; 16],
    }
}

pub fn sealed_page() -> Vec<u8> {
    let header = PageHeader { kind: PageKind::Leaf, page: PageNo(2), commit: CommitNo(8) };
    let mut bytes: Vec<u8> = (0..512).map(|at| at as u8).collect();
    bytes[24..40].copy_from_slice(&header.encode());
    bytes
}

/// Header, page frame, commit and its padding.
pub fn log_file() -> Vec<u8> {
    let mut log = log_header().encode().to_vec();
    append_record(&mut log, &fields(RecordKind::Page, 1), &sealed_page(), |_| [3; 16]);
    append_record(&mut log, &fields(RecordKind::Commit, 2), &commit_body().encode(), |_| [4; 16]);
    log.resize(crate::format::log::padded_end(log.len() as u64) as usize, 0);
    log
}

/// A leaf of 456 bytes with a hole: l, n and p were put, then m in place of a record that was removed.
pub fn leaf() -> Node {
    let mut leaf = Node::new(PageKind::Leaf, 0, PageSize::TOY.plain_bytes());
    leaf.insert_record(0, b"l", &[b'.'; 60]);
    leaf.insert_record(1, b"nn", &[b'.'; 20]);
    leaf.insert_record(2, b"ppppp", b"");
    leaf.remove(1);
    leaf.insert_record(1, b"m", b"13");
    leaf
}

pub fn branch() -> Node {
    let mut branch = Node::new(PageKind::Branch, 1, PageSize::TOY.plain_bytes());
    branch.insert_child(0, b"", &pointer(1));
    branch.insert_child(1, b"r", &pointer(4));
    branch.insert_child(1, b"longer", &pointer(2));
    branch.remove(2);
    branch
}

/// A leaf whose only record has a value in an overflow chain.
pub fn leaf_with_a_long_value() -> Node {
    let mut leaf = Node::new(PageKind::Leaf, 0, PageSize::TOY.plain_bytes());
    leaf.insert_overflow_record(0, b"k", 1000, &pointer(6));
    leaf
}

/// The last page of a chain.
pub fn overflow_page() -> Vec<u8> {
    encode_overflow(PageSize::TOY.plain_bytes(), b"end", 3, &PagePointer::NULL)
}

/// Two free pages and a trunk below.
pub fn free_trunk() -> FreeTrunk {
    let mut trunk = FreeTrunk::new(PageSize::TOY.plain_bytes(), &pointer(9));
    trunk.push(PageNo(8));
    trunk.push(PageNo(5));
    trunk
}

pub fn tree_entry() -> TreeEntry {
    TreeEntry { root: pointer(4), page_count: 3, record_count: 17 }
}

pub fn superblock_format_1() -> Superblock {
    let newer = superblock();
    let key_set = KeySet(newer.file_id.0);
    Superblock { format: 1, min_reader: 1, catalog: PagePointer::NULL, tree_count: 0, key_set, ..newer }
}

pub fn commit_body_format_1() -> Vec<u8> {
    let newer = commit_body().encode();
    [&newer[..80], &newer[112..]].concat()
}

/// As [`log_file`], in format 1.
pub fn log_file_format_1() -> Vec<u8> {
    let mut log = LogHeader { format: 1, ..log_header() }.encode().to_vec();
    append_record(&mut log, &fields(RecordKind::Page, 1), &sealed_page(), |_| [3; 16]);
    append_record(&mut log, &fields(RecordKind::Commit, 2), &commit_body_format_1(), |_| [4; 16]);
    log.resize(crate::format::log::padded_end(log.len() as u64) as usize, 0);
    log
}
