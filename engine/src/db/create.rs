//! Creating a database: never in place.
//!
//! 1. Write both superblock slots and an empty root leaf to `NAME.tmp`; sync it.
//! 2. Give it its name by a hard link, which refuses to replace a file; remove the temporary name.
//! 3. Sync the folder. Only then does the database exist.

use super::{InheritedKeys, Options};
use crate::crypto::{Dek, KEY_SLOT_COUNTER_FIRST, make_slot};
use crate::defence::{Defence, durable};
use crate::error::{Error, Result};
use crate::format::key_slot::KeySlot;
use crate::format::node::Node;
use crate::format::page::{PageHeader, PageKind};
use crate::format::superblock::{FORMAT, Superblock};
use crate::limits::{KEY_SLOTS_COUNT, PAGES_START_BYTES};
use crate::trace::Event;
use crate::txn::NonceDraw;
use crate::types::{CommitNo, FileId, KeySet, PageNo, PagePointer};
use crate::vfs::{LockKind, OpenMode, VfsFile, file_name, write_all_at};
use crate::wal::log_path;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) fn exists(options: &Options, path: &Path) -> Result<bool> {
    options.vfs.exists(path).map_err(|source| Error::io("looking for", &file_name(path), source))
}

/// Where the keys of a database that is created come from.
pub(crate) enum Birth<'a> {
    /// A new data key, wrapped in one key slot of the kind that the options name.
    Fresh,
    /// The data key and the key slots of another file, byte for byte: what opens that one opens this one.
    Inherited(&'a InheritedKeys),
}

pub(super) fn create(options: &Options, path: &Path, birth: &Birth<'_>) -> Result<()> {
    let name = file_name(path);
    let log = log_path(path);
    for taken in [path, &log] {
        if exists(options, taken)? {
            return Err(Error::AlreadyExists { file: file_name(taken) });
        }
    }
    let bytes = first_bytes(options, &name, birth)?;
    let temporary = temporary_path(path);
    let failed = |doing: &'static str| {
        let name = name.clone();
        move |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => Error::AlreadyExists { file: name },
            _ => Error::io(doing, &name, source),
        }
    };
    // The lock tells a leftover of a crash from the work of another process that is creating this very database.
    let lock_it = |file: &dyn VfsFile| match file.try_lock(LockKind::Exclusive).map_err(failed("locking"))? {
        true => Ok(()),
        false => Err(Error::InUse { file: name.clone(), holder: file.lock_holder() }),
    };
    if exists(options, &temporary)? {
        let leftover = options.vfs.open(&temporary, OpenMode::Write).map_err(failed("open a leftover of"))?;
        lock_it(&*leftover)?;
        options.vfs.remove(&temporary).map_err(failed("removing a leftover of"))?;
    }
    let file = options.vfs.open(&temporary, OpenMode::CreateNew).map_err(failed("create"))?;
    lock_it(&*file)?;
    write_all_at(&*file, 0, &bytes).map_err(failed("write"))?;
    durable(Defence::SyncOfCreate, || file.sync_data()).map_err(failed("sync"))?;
    let named = options.vfs.link_new(&temporary, path).map_err(failed("naming"));
    if named.is_err() {
        // Ours alone while the lock is held; a leftover is no harm, so the first error is the one to tell.
        let _ = options.vfs.remove(&temporary);
    }
    named?;
    options.vfs.remove(&temporary).map_err(failed("removing the temporary name of"))?;
    durable(Defence::DirectorySyncOfCreate, || options.vfs.sync_dir(path)).map_err(failed("sync of the folder of"))?;
    options.tracer.emit(|_| Event::DatabaseCreated { file: name.clone(), page_size: options.page_size.get() });
    Ok(())
}

fn temporary_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    name.into()
}

/// Both superblocks and page 1, an empty leaf.
fn first_bytes(options: &Options, name: &str, birth: &Birth<'_>) -> Result<Vec<u8>> {
    let mut file_id = FileId::default();
    options.entropy.fill(&mut file_id.0).map_err(|source| random_failed(name, source))?;
    let inherited = match birth {
        Birth::Fresh => first_keys(options, name)?,
        Birth::Inherited(keys) => (*keys).clone(),
    };
    let mut superblock = first_superblock(options, file_id, inherited.key_set);
    superblock.dek_generation = inherited.dek_generation;
    superblock.key_slot_counter = inherited.key_slot_counter;
    superblock.key_slots = inherited.key_slots.clone();
    let keys = inherited.subkeys(&superblock);

    let root = Node::new(PageKind::Leaf, 0, options.page_size.plain_bytes());
    let header = PageHeader { kind: PageKind::Leaf, page: PageNo(1), commit: CommitNo(0) };
    let nonce = NonceDraw::new(options.entropy.clone(), name, 1)?.next()?;
    let sealed = keys.seal_page(header.encode(), root.as_bytes(), nonce);
    superblock.root = PagePointer { page: PageNo(1), commit: CommitNo(0), seal: sealed.seal() };
    superblock.fingerprint = keys.first_fingerprint();

    let mut bytes = Vec::with_capacity(PAGES_START_BYTES as usize + sealed.bytes().len());
    for slot_generation in [0, 1] {
        superblock.slot_generation = slot_generation;
        bytes.extend_from_slice(&superblock.encode(|input| keys.superblock_mac(input)));
    }
    bytes.extend_from_slice(sealed.bytes());
    Ok(bytes)
}

/// A new data key in one key slot.
fn first_keys(options: &Options, name: &str) -> Result<InheritedKeys> {
    let dek = Dek::generate(&*options.entropy).map_err(|source| random_failed(name, source))?;
    let mut key_set = KeySet::default();
    options.entropy.fill(&mut key_set.0).map_err(|source| random_failed(name, source))?;
    let slot = make_slot(&options.unlock, options.kdf, &dek, key_set, 0, 1, &*options.entropy)?;
    let mut key_slots = std::array::from_fn::<_, KEY_SLOTS_COUNT, _>(|_| KeySlot::EMPTY);
    key_slots[0] = KeySlot { bytes: slot };
    Ok(InheritedKeys {
        dek: Arc::new(dek),
        dek_generation: 1,
        key_set,
        key_slots,
        key_slot_counter: KEY_SLOT_COUNTER_FIRST,
    })
}

fn random_failed(name: &str, source: io::Error) -> Error {
    Error::io("drawing randomness for", name, source)
}

fn first_superblock(options: &Options, file_id: FileId, key_set: KeySet) -> Superblock {
    Superblock {
        format: FORMAT,
        min_reader: FORMAT,
        features_compatible: 0,
        features_read_only: 0,
        features_incompatible: 0,
        cipher_suite: 1,
        page_size: options.page_size,
        dek_generation: 1,
        file_id,
        slot_generation: 0,
        log_generation: 1,
        log_expected: false,
        insecure_nonces: options.entropy.is_insecure(),
        page_count: 1,
        commit: CommitNo(0),
        root: PagePointer::NULL,
        free_list: PagePointer::NULL,
        free_count: 0,
        key_slot_counter: KEY_SLOT_COUNTER_FIRST,
        record_count: 0,
        fingerprint: [0; 16],
        catalog: PagePointer::NULL,
        tree_count: 0,
        key_set,
        key_slots: std::array::from_fn::<_, KEY_SLOTS_COUNT, _>(|_| KeySlot::EMPTY),
    }
}
