//! The catalog's values: what is known of a named tree. The catalog itself is an ordinary tree whose keys are the names.

use super::error::DecodeError;
use super::page::{decode_root, encode_pointer};
use crate::finding::Code;
use crate::limits::{NUMBER_MAX, PAGES_MAX};
use crate::types::PagePointer;

/// Size of an entry, in bytes. It always stands inline.
pub const TREE_ENTRY_BYTES: usize = 40;

pub(crate) mod place {
    super::super::field::fields! { super::TREE_ENTRY_BYTES;
        ROOT          0 28 "root" Pointer Pointer "the root of the tree";
        PAGE_COUNT   28  4 "page_count" Number Length "pages of the tree: nodes and overflow";
        RECORD_COUNT 32  8 "record_count" Number Length "records in the tree";
    }
}

/// What the catalog says of one named tree.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 28 | root | page pointer; its seal may be old while the root stands in the log, as any parent's |
/// | 28 | 4 | page_count | pages of the tree: nodes and overflow |
/// | 32 | 8 | record_count | records in the tree |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each field's meaning stands in the table above")]
pub struct TreeEntry {
    pub root: PagePointer,
    pub page_count: u32,
    pub record_count: u64,
}

impl TreeEntry {
    /// The 40 bytes.
    pub fn encode(&self) -> [u8; TREE_ENTRY_BYTES] {
        let mut bytes = [0; TREE_ENTRY_BYTES];
        place::ROOT.put(&mut bytes, &encode_pointer(&self.root));
        place::PAGE_COUNT.put(&mut bytes, &self.page_count.to_le_bytes());
        place::RECORD_COUNT.put(&mut bytes, &self.record_count.to_le_bytes());
        bytes
    }

    /// Reads the 40 bytes: a wrong length or a root that is no page is `TREE-SLOT`, a count that cannot be `TREE-COUNT`.
    pub fn decode(bytes: &[u8]) -> Result<TreeEntry, DecodeError> {
        if bytes.len() != TREE_ENTRY_BYTES {
            return Err(DecodeError::length(Code::TreeSlot, "An entry of the catalog", TREE_ENTRY_BYTES, bytes.len()));
        }
        let (page_count, record_count) = (place::PAGE_COUNT.u32(bytes), place::RECORD_COUNT.u64(bytes));
        if !(1..=PAGES_MAX).contains(&page_count) {
            return Err(place::PAGE_COUNT.error(Code::TreeCount, format!("1 to {PAGES_MAX}"), page_count));
        }
        if record_count > NUMBER_MAX {
            return Err(place::RECORD_COUNT.error(Code::TreeCount, format!("at most {NUMBER_MAX}"), record_count));
        }
        Ok(TreeEntry { root: decode_root(&place::ROOT, bytes, Code::TreeSlot)?, page_count, record_count })
    }
}
