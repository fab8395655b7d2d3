//! What a handle knows of the keys of its file: the data key, and the key slots as they are durable.

use crate::crypto::{Anchor, Dek, KEY_SLOT_BYTES, Keys};
use crate::format::key_slot::KeySlot;
use crate::format::superblock::Superblock;
use crate::limits::KEY_SLOTS_COUNT;
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};
use crate::types::{CommitNo, FileId};

/// The data key, wiped when the handle is dropped, and the key slots.
pub(crate) struct Keyring {
    pub dek: Arc<Dek>,
    file_id: FileId,
    slots: Mutex<KeySlots>,
}

/// The key slots as they are durable.
pub(crate) struct KeySlots {
    pub slots: [KeySlot; KEY_SLOTS_COUNT],
    pub counter: u32,
    /// The slot that the handle was opened by; nothing once it was removed or rewrapped.
    pub opened_by: Option<u8>,
}

impl Keyring {
    pub fn new(dek: Arc<Dek>, superblock: &Superblock, opened_by: Option<u8>) -> Keyring {
        let (slots, counter) = (superblock.key_slots.clone(), superblock.key_slot_counter);
        let slots = Mutex::new(KeySlots { slots, counter, opened_by });
        Keyring { dek, file_id: superblock.file_id, slots }
    }

    pub fn slots(&self) -> MutexGuard<'_, KeySlots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A commit and the present key slots as a line that is kept elsewhere has them.
    pub fn anchor(&self, keys: &Keys, commit: CommitNo, fingerprint: &[u8; 16]) -> Anchor {
        let (counter, slots): (u32, [[u8; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT]) = {
            let state = self.slots();
            (state.counter, state.slots.clone().map(|slot| slot.bytes))
        };
        Anchor::new(self.file_id, commit, fingerprint).with_keys(keys, counter, &slots)
    }
}
