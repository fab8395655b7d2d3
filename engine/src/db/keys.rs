//! Changing who can open a database: key slots listed, added, removed and rewrapped.
//!
//! A change of keys is no commit. The key slots stand in the superblock alone, so it is two superblock writes, each synced:
//! first the other slot with the next generation and the new key slots, then the one that counted until then. After the
//! first the change holds; the second takes the old key slots off the disk. A crash between the two is mended by the next
//! open for writing, which finds slots with different keys and rewrites the older. Commit, log and fingerprint stay as they
//! are, so a log with commits goes on.
//!
//! A new slot wraps the data key, which the handle therefore keeps in memory, wiped when it is dropped: unlocking again
//! would ask for the secret once more, and who holds the handle can read everything anyway.
//!
//! It never changes the data key: whoever has an old copy of the file and its key reads on, there and in nothing newer
//! unless they kept the data key. Only a new data key, `rekey`, revokes.

use super::Database;
use crate::crypto::{KdfProfile, Unlock, make_slot, passphrase_work};
use crate::defence::Defence;
use crate::error::{Error, Result};
use crate::format::key_slot::{KeySlot, KeySlotKind};
use crate::format::superblock::Superblock;
use crate::limits::{KDF_WORK_KIB_MAX, KEY_SLOTS_COUNT};
use crate::trace::Event;
use crate::txn::WriterGuard;

/// One of the eight key slots, as [`Database::key_slots`] lists it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct KeySlotInfo {
    /// Its number, from 0.
    pub slot: u8,
    /// Whose secret opens it.
    pub kind: KeySlotKind,
    /// The work a passphrase asks for; nothing for other kinds.
    pub kdf: Option<KdfProfile>,
    /// Whether this is the slot that the handle was opened by.
    pub is_opened: bool,
}

/// A change of one slot.
struct Change {
    slot: u8,
    content: KeySlot,
    event: fn(u8, String, u32) -> Event,
    /// What the event names: the kind that is there now, or was there.
    kind: KeySlotKind,
}

impl Database {
    /// The key slots in use, by number.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("notes.tsm");
    /// use tosumu::{KdfProfile, Options, Unlock};
    /// let db = Options::new().create(true).open(&path)?;
    /// let slot = db.add_key(Unlock::Passphrase("a new one".into()), KdfProfile::TEST)?;
    /// db.remove_key(0)?;
    /// drop(db);
    /// let db = Options::new().unlock(Unlock::Passphrase("a new one".into())).open(&path)?;
    /// assert_eq!(db.key_slots()[0].slot, slot);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn key_slots(&self) -> Vec<KeySlotInfo> {
        let state = self.store.keyring.slots();
        (0u8..).zip(&state.slots).filter_map(|(number, slot)| info(number, slot, state.opened_by)).collect()
    }

    /// Fills the first free key slot, so that `unlock` opens the database too, and returns its number. `profile` counts for a
    /// passphrase alone. Durable when it returns.
    ///
    /// Waits for a write transaction to end, as all three changes do. Errors: `READ-ONLY`; `LIMIT` when all eight slots are in
    /// use; `MISUSE` or `LIMIT` for a secret or profile that cannot serve, `KEY-WRONG` for a recovery key whose check does
    /// not fit: then nothing was written. `KEYS-INDETERMINATE` when the disk failed half way: the old keys or the new ones
    /// open it, and the handle writes no more.
    pub fn add_key(&self, unlock: Unlock, profile: KdfProfile) -> Result<u8> {
        let writer = self.writer_for_keys()?;
        let free = (0u8..).zip(&writer.superblock.key_slots).find(|(_, slot)| !is_used(slot)).map(|(number, _)| number);
        let slot = free.ok_or(Error::LimitExceeded {
            what: "the count of key slots",
            limit: KEY_SLOTS_COUNT as u64,
            value: KEY_SLOTS_COUNT as u64 + 1,
        })?;
        let event = |slot, kind, counter| Event::KeySlotAdded { slot, kind, counter };
        self.fill(writer, slot, &unlock, profile, event)?;
        Ok(slot)
    }

    /// Empties a key slot in both superblocks. The slot that this handle was opened by may be removed as any other: the handle
    /// goes on, and whoever opens the file next needs another key. The last slot is refused (`MISUSE`): nothing would open
    /// the file any more.
    ///
    /// Old copies of the file still open with the removed key, and show what they held then; and whoever could open the file
    /// may have kept its data key. Only `rekey` revokes. Errors beside these as for [`Database::add_key`].
    pub fn remove_key(&self, slot: u8) -> Result<()> {
        let writer = self.writer_for_keys()?;
        let kind = used_kind(&writer.superblock, slot)?;
        if writer.superblock.key_slots.iter().filter(|slot| is_used(slot)).count() == 1 {
            let why = format!(
                "key slot {slot} is the last one: without it nothing opens the database any more; add another key first, \
                 then remove this one"
            );
            return Err(Error::Misuse { why });
        }
        let event = |slot, kind, counter| Event::KeySlotRemoved { slot, kind, counter };
        self.change_keys(writer, Change { slot, content: KeySlot::EMPTY, event, kind })
    }

    /// Fills a key slot in use anew, so that `unlock` opens it in place of the key of before: another passphrase, or the same
    /// under another profile. What holds of a removed key holds of the old one. Errors as for [`Database::add_key`], and
    /// `MISUSE` for a slot that is empty.
    pub fn rewrap_key(&self, slot: u8, unlock: Unlock, profile: KdfProfile) -> Result<()> {
        let writer = self.writer_for_keys()?;
        used_kind(&writer.superblock, slot)?;
        let event = |slot, kind, counter| Event::KeySlotRewrapped { slot, kind, counter };
        self.fill(writer, slot, &unlock, profile, event)
    }

    fn writer_for_keys(&self) -> Result<WriterGuard> {
        let writer = self.writer()?.take(self.busy)?;
        self.store.commits.check_sound()?;
        Ok(writer)
    }

    fn fill(
        &self,
        writer: WriterGuard,
        slot: u8,
        unlock: &Unlock,
        profile: KdfProfile,
        event: fn(u8, String, u32) -> Event,
    ) -> Result<()> {
        let superblock = &writer.superblock;
        let bytes = make_slot(
            unlock,
            profile,
            &self.store.keyring.dek,
            superblock.key_set,
            slot,
            superblock.dek_generation,
            &*writer.entropy,
        )?;
        let content = KeySlot { bytes };
        let kind = content.kind().unwrap_or(KeySlotKind::Empty);
        self.change_keys(writer, Change { slot, content, event, kind })
    }

    /// Both superblocks, one after the other, each synced. Whatever fails here, the handle can no longer tell what the disk
    /// holds: one of the slots may be torn, or newer than it knows.
    fn change_keys(&self, mut writer: WriterGuard, change: Change) -> Result<()> {
        self.store.commits.or_in_doubt(|| self.write_keys(&mut writer, change))
    }

    fn write_keys(&self, writer: &mut WriterGuard, change: Change) -> Result<()> {
        // A line of the witness names a commit and the key slots; only a durable commit may stand in it. And settling may write a
        // superblock of its own, which says that a log is expected: what is written here goes on from that one.
        writer.settle(&self.store)?;
        let mut next = writer.superblock.clone();
        next.key_slot_counter = next.key_slot_counter.checked_add(1).ok_or(Error::LimitExceeded {
            what: "the count of changes of keys",
            limit: u32::MAX.into(),
            value: u64::from(u32::MAX) + 1,
        })?;
        let Change { slot, content, event, kind } = change;
        next.key_slots[usize::from(slot)] = content;
        check_work(&next)?;
        for sync in [Defence::SyncOfFirstKeySlotWrite, Defence::SyncOfSecondKeySlotWrite] {
            writer
                .write_superblock(&self.store, next.clone(), sync)
                .map_err(|error| self.store.poison(indeterminate(error)))?;
        }
        let counter = next.key_slot_counter;
        let mut state = self.store.keyring.slots();
        state.opened_by = state.opened_by.filter(|opened_by| *opened_by != slot);
        (state.slots, state.counter) = (next.key_slots, counter);
        drop(state);
        self.store.tracer.emit(|_| event(slot, kind.to_string(), counter));
        self.store.note_durable();
        Ok(())
    }
}

fn indeterminate(error: Error) -> Error {
    match error {
        Error::Io { file, source, .. } => Error::KeysIndeterminate { file, source },
        other => other,
    }
}

/// Slots that are too much together would be refused at the next opening.
fn check_work(superblock: &Superblock) -> Result<()> {
    let value = passphrase_work(&superblock.key_slots.clone().map(|slot| slot.bytes));
    let what = "the work of all passphrase slots together, in KiB times passes";
    if value > KDF_WORK_KIB_MAX { Err(Error::LimitExceeded { what, limit: KDF_WORK_KIB_MAX, value }) } else { Ok(()) }
}

fn is_used(slot: &KeySlot) -> bool {
    slot.kind().is_ok_and(|kind| kind != KeySlotKind::Empty)
}

fn used_kind(superblock: &Superblock, slot: u8) -> Result<KeySlotKind> {
    let Some(content) = superblock.key_slots.get(usize::from(slot)) else {
        return Err(Error::Misuse {
            why: format!("there is no key slot {slot}: they are 0 to {}", KEY_SLOTS_COUNT - 1),
        });
    };
    match content.kind() {
        Ok(kind) if kind != KeySlotKind::Empty => Ok(kind),
        _ => {
            Err(Error::Misuse { why: format!("key slot {slot} is empty; list the key slots to see which are in use") })
        }
    }
}

fn info(number: u8, slot: &KeySlot, opened_by: Option<u8>) -> Option<KeySlotInfo> {
    let kind = slot.kind().ok().filter(|kind| *kind != KeySlotKind::Empty)?;
    let kdf = (kind == KeySlotKind::Passphrase).then(|| {
        let (memory_kib, passes, lanes) = (slot.kdf_memory_kib(), slot.kdf_passes(), slot.kdf_lanes());
        KdfProfile { memory_kib, passes, lanes }
    });
    Some(KeySlotInfo { slot: number, kind, kdf, is_opened: opened_by == Some(number) })
}
