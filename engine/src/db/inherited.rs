//! What a copy of a database needs so that the same keys open it: the data key and the key slots that wrap it.

use crate::crypto::{Dek, Keys};
use crate::format::key_slot::KeySlot;
use crate::format::superblock::Superblock;
use crate::limits::KEY_SLOTS_COUNT;
use crate::pager::slots::key_context;
use crate::types::KeySet;
use std::sync::Arc;

/// A data key, and key slots as they stand in a superblock.
#[derive(Clone)]
pub(crate) struct InheritedKeys {
    pub dek: Arc<Dek>,
    pub dek_generation: u32,
    /// What the key slots are bound to.
    pub key_set: KeySet,
    pub key_slots: [KeySlot; KEY_SLOTS_COUNT],
    pub key_slot_counter: u32,
}

impl InheritedKeys {
    /// Those of a superblock whose data key is known.
    pub fn new(superblock: &Superblock, dek: Arc<Dek>) -> InheritedKeys {
        InheritedKeys {
            dek,
            dek_generation: superblock.dek_generation,
            key_set: superblock.key_set,
            key_slots: superblock.key_slots.clone(),
            key_slot_counter: superblock.key_slot_counter,
        }
    }

    /// The subkeys of a file with this data key.
    pub fn subkeys(&self, superblock: &Superblock) -> Keys {
        Keys::derive(&self.dek, &key_context(superblock))
    }
}
