//! Which checks guard a field: the codes of the findings that a change of it brings about.

/// Fields of a superblock.
pub(super) fn superblock(name: &str) -> &'static str {
    match name {
        "magic" => "HDR-MAGIC",
        "min_reader" => "HDR-VERSION, HDR-CRC, HDR-FORGED",
        "features_incompatible" => "HDR-FEATURE, HDR-CRC, HDR-FORGED",
        "slot_generation" => "HDR-SLOT-LOST, HDR-SLOTS-DISAGREE, HDR-CRC, HDR-FORGED",
        "log_generation" => "LOG-STALE, LOG-UNBOUND, HDR-CRC, HDR-FORGED",
        "log_expected" => "LOG-MISSING, HDR-CRC, HDR-FORGED",
        "page_count" => "FILE-TRUNCATED, FILE-TAIL, HDR-CRC, HDR-FORGED",
        "root" | "free_list" | "catalog" => "PAGE-STALE, PAGE-UNAUTHENTIC, HDR-CRC, HDR-FORGED",
        "free_count" => "FREE-COUNT, HDR-CRC, HDR-FORGED",
        "key_set" => "KEY-SLOT-FOREIGN, KEY-WRONG, HDR-CRC, HDR-FORGED",
        "record_count" => "TREE-COUNT, HDR-CRC, HDR-FORGED",
        "fingerprint" => "FRESH-ROLLBACK, FRESH-FORK, HDR-CRC, HDR-FORGED",
        "mac" => "HDR-FORGED",
        "crc32" => "HDR-CRC",
        _ => "HDR-CRC, HDR-FORGED, HDR-FIELD",
    }
}

/// Fields of a key slot.
pub(super) fn key_slot(name: &str) -> &'static str {
    match name {
        "kdf_memory_kib" | "kdf_passes" | "kdf_lanes" => "KDF-WEAK, KDF-BOMB, KEY-SLOT-FORGED, HDR-CRC",
        "salt" | "commitment" => "KEY-WRONG, HDR-CRC, HDR-FORGED",
        "nonce" | "wrapped_dek" | "tag" => "KEY-SLOT-FORGED, KEY-SLOT-FOREIGN, HDR-CRC, HDR-FORGED",
        "zero" => "HDR-FIELD, HDR-CRC, HDR-FORGED",
        _ => "HDR-CRC, HDR-FORGED",
    }
}

/// Parts of a sealed page.
pub(super) fn page(name: &str) -> &'static str {
    match name {
        "kind" => "PAGE-KIND, PAGE-UNAUTHENTIC",
        "pgno" => "PAGE-MISPLACED, PAGE-UNAUTHENTIC",
        "commit" | "tag" => "PAGE-STALE, PAGE-UNAUTHENTIC",
        _ => "PAGE-UNAUTHENTIC",
    }
}

/// Fields of a node's header. What guards slots and cells is [`CELLS`].
pub(super) fn node(name: &str) -> &'static str {
    match name {
        "kind" => "PAGE-KIND, PAGE-UNAUTHENTIC",
        "level" => "PAGE-KIND, TREE-DEPTH, PAGE-UNAUTHENTIC",
        _ => "TREE-SLOT, PAGE-UNAUTHENTIC",
    }
}

/// Fields of an overflow page.
pub(super) fn overflow(name: &str) -> &'static str {
    match name {
        "kind" => "PAGE-KIND, PAGE-UNAUTHENTIC",
        "remaining_bytes" => "OVF-SHORT, OVF-LONG, PAGE-UNAUTHENTIC",
        "next" => CHAINS,
        _ => CELLS,
    }
}

/// Fields of a trunk of the free list.
pub(super) fn free_trunk(name: &str) -> &'static str {
    match name {
        "kind" => "PAGE-KIND, PAGE-UNAUTHENTIC",
        "count" => "FREE-COUNT, PAGE-UNAUTHENTIC",
        "next" => "PAGE-STALE, FREE-CYCLE, FREE-COUNT, PAGE-UNAUTHENTIC",
        _ => CELLS,
    }
}

/// Fields of an entry of the catalog.
pub(super) fn tree_entry(name: &str) -> &'static str {
    match name {
        "root" => CHILDREN,
        _ => "TREE-COUNT, PAGE-UNAUTHENTIC",
    }
}

/// Slots and the parts of cells that say where something is.
pub(super) const CELLS: &str = "TREE-SLOT, PAGE-UNAUTHENTIC";
/// Keys.
pub(super) const KEYS: &str = "TREE-ORDER, TREE-RANGE, PAGE-UNAUTHENTIC";
/// Pointers in a branch.
pub(super) const CHILDREN: &str = "PAGE-STALE, TREE-CYCLE, TREE-DOUBLE-REF, PAGE-UNAUTHENTIC";
/// Pointers along an overflow chain.
pub(super) const CHAINS: &str = "PAGE-STALE, OVF-SHORT, OVF-LONG, OVF-CYCLE, PAGE-UNAUTHENTIC";
/// Page numbers in the free list.
pub(super) const FREE: &str = "FREE-LIVE, FREE-CYCLE, PAGE-UNAUTHENTIC";
/// Values.
pub(super) const VALUES: &str = "PAGE-UNAUTHENTIC";

/// Fields of a log header.
pub(super) fn log_header(name: &str) -> &'static str {
    match name {
        "format" => "HDR-VERSION, LOG-ROT, LOG-UNBOUND",
        "file_id" => "LOG-FOREIGN, LOG-ROT, LOG-UNBOUND",
        "log_generation" => "LOG-STALE, LOG-ROT, LOG-UNBOUND",
        "zero" => "LOG-RECORD, LOG-ROT",
        "magic" | "crc32" => "LOG-ROT",
        _ => "LOG-ROT, LOG-UNBOUND",
    }
}

/// Fields of a log record's head.
pub(super) fn log_record(name: &str) -> &'static str {
    match name {
        "sequence" => "LOG-GAP, LOG-ROT",
        "previous" => "LOG-CHAIN, LOG-ROT",
        "zero" => "LOG-RECORD, LOG-ROT",
        _ => "LOG-ROT, or LOG-TORN-TAIL behind the last synced commit",
    }
}

/// Fields of a commit body.
pub(super) fn commit_body(name: &str) -> &'static str {
    match name {
        "root" | "free_list" | "catalog" => "PAGE-STALE, PAGE-UNAUTHENTIC, LOG-ROT",
        "free_count" => "FREE-COUNT, LOG-ROT",
        "record_count" => "TREE-COUNT, LOG-ROT",
        "flags" => "LOG-RECORD, LOG-ROT",
        "fingerprint" => "FRESH-ROLLBACK, FRESH-FORK, LOG-ROT",
        _ => "LOG-ROT",
    }
}

/// The zeros behind a commit record.
pub(super) const PADDING: &str = "LOG-RECORD";
/// Bytes that no check looks at, because they are part of nothing.
pub(super) const NOTHING: &str = "nothing";
