//! Opening a database, and recovery.
//!
//! 1. Open the page file and take the lock. (A read-only handle takes none; how it reads a file that is being written, and what
//!    it does after step 3, stands in `follow.rs`.)
//! 2. Read both superblock slots; choose; unlock the data key; check the MACs.
//! 3. Read the log: the table of cases, then record by record.
//! 4. For writing: refuse a page file that was cut (`shortened.rs`); make the names durable, then the chosen slot, before the log or the other slot is touched.
//! 5. For writing: copy the kept part of the log to a new file, sync, rename, sync the folder. A sync of the old one would
//!    not write what an earlier failed sync left behind.
//! 6. Serve.

use super::closing::Closing;
use super::follow::{FirstLook, first_look};
use super::shortened::refuse_shortened;
use super::{Database, Identity, InheritedKeys, Means, Options};
use crate::crypto::{Dek, Keys, Unlock, open_slots};
use crate::defence::{Defence, durable, holds, is_off};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::log::{LOG_HEADER_BYTES, LogHeader};
use crate::format::superblock::{FORMAT, Superblock};
use crate::pager::slots::{ChosenSlot, as_slot_lost, authenticate, choose, key_context, slot_bytes};
use crate::pager::{Cache, PageFile, read_head};
use crate::sync::{Arc, Condvar, Mutex, RwLock, thread};
use crate::trace::{Event, LogVerdict, RecordKind, Tracer};
use crate::txn::{
    Bell, Busy, Commits, Keyring, Published, Store, View, Witness, Writer, WriterSlot, remove_spill_leftover,
};
use crate::types::{CommitNo, PageNo};
use crate::vfs::{LockKind, OpenMode, Vfs, VfsFile, file_name, read_up_to, write_all_at};
use crate::wal::{Archive, FramePlace, FrameRecord, Log, LogGeneration, LogIndex, LogScan, LogStanding};
use crate::wal::{ScanEnd, judge, log_path, scan, temporary_log_path};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Opens the database, by the key that the options name or with a data key that is known already.
pub(super) fn open(options: Options, path: &Path, inherited: Option<&InheritedKeys>) -> Result<Database> {
    let name = file_name(path);
    let tracer = options.tracer.clone();
    tracer.emit(|_| Event::OpenStarted { file: name.clone() });
    let db = match options.read_only {
        true => open_to_read(&options, path, name, inherited)?,
        false => open_to_write(options, path, name, inherited)?,
    };
    let state = db.store.published();
    tracer.emit(|_| Event::Opened { commit: state.commit, pages: state.page_count, root: state.root.page });
    Ok(db)
}

fn open_to_read(options: &Options, path: &Path, name: String, inherited: Option<&InheritedKeys>) -> Result<Database> {
    let file = open_file(options, path, &name, OpenMode::Read)?;
    // Before the database: a reader beside a writer must not find lines of commits it does not see yet.
    let witness = witness_of(options)?;
    let FirstLook { follower, keys, keyring, chosen, view } =
        first_look(options, path, file.clone(), &witness, inherited)?;
    let (follower, superblock) = (Arc::new(follower), &chosen.superblock);
    let page_file = PageFile::new(file, name, superblock.page_size);
    let store = store(options, page_file, (keys, keyring), witness, view, 0);
    let store = Arc::new(Store { following: Some(follower.clone()), ..store });
    let (identity, means) = (identity(superblock), means(options, superblock));
    let (busy, checkpoints) = (options.busy, options.checkpoints);
    let follower = Some(follower);
    Ok(Database { store, writer: None, follower, identity, means, busy, checkpoints, _closing: None })
}

fn open_to_write(options: Options, path: &Path, name: String, inherited: Option<&InheritedKeys>) -> Result<Database> {
    let file = open_locked(&options, path, &name)?;
    let witness = witness_of(&options)?;
    let Unlocked { chosen, keys, keyring, head } = unlock(&options, &*file, &name, inherited)?;
    check_writable(&chosen.superblock, &name)?;
    let log = OpenLog::read(&options, path, &chosen, &keys)?;
    let superblock = &chosen.superblock;
    let state = log.published(superblock, chosen.slot);
    if let Some(witness) = &witness {
        check_witness(witness, &keyring, &keys, &chosen, &log, &state)?;
    }
    let view = View { state, log: Arc::new(log.generation(superblock)) };
    let page_file = PageFile::new(file, name, superblock.page_size);
    let store = Arc::new(store(&options, page_file, (keys, keyring), witness, view, log.last_sequence()));
    let (busy, checkpoints, on_close) = (options.busy, options.checkpoints, options.checkpoint_on_close);
    let (identity, means) = (identity(superblock), means(&options, superblock));
    refuse_shortened(&store, || log.view(superblock, chosen.slot))?;
    let writer = WriterSlot::new(writer(options, path, &store, chosen, &head, log)?);
    if let Some(witness) = &store.witness {
        witness.begin(store.anchor(&store.published()))?;
    }
    let closing = Some(Arc::new(Closing::new(store.clone(), writer.clone(), checkpoints, on_close)?));
    Ok(Database { store, writer: Some(writer), follower: None, identity, means, busy, checkpoints, _closing: closing })
}

fn identity(superblock: &Superblock) -> Identity {
    Identity { file_id: superblock.file_id, page_size: superblock.page_size }
}

fn means(options: &Options, superblock: &Superblock) -> Means {
    Means {
        vfs: options.untraced.clone().unwrap_or_else(|| options.vfs.clone()),
        entropy: options.entropy.clone(),
        dek_generation: superblock.dek_generation,
        key_set: superblock.key_set,
    }
}

fn store(
    options: &Options,
    page_file: PageFile,
    (keys, keyring): (Keys, Keyring),
    witness: Option<Witness>,
    view: View,
    last_sequence: u64,
) -> Store {
    Store {
        cache: Cache::new(options.cache_bytes, page_file.page_size().plain_bytes()),
        page_file,
        keys,
        keyring,
        witness,
        durable: Mutex::new(view.state.clone()),
        tracer: options.tracer.clone(),
        commits: Commits::new(view.state.commit, last_sequence),
        view: RwLock::new(view),
        durability: options.durability,
        bell: Bell::default(),
        snapshots: Mutex::default(),
        snapshot_ended: Condvar::new(),
        following: None,
    }
}

fn open_file(options: &Options, path: &Path, name: &str, mode: OpenMode) -> Result<Arc<dyn VfsFile>> {
    options.vfs.open(path, mode).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::NotFound { file: name.to_owned() },
        _ => Error::io("open", name, source),
    })
}

const NO_WITNESS: &str =
    "there is no witness file to compare with; whoever opens the database for writing with this name begins it";

fn witness_of(options: &Options) -> Result<Option<Witness>> {
    let Some(path) = &options.witness else { return Ok(None) };
    let vfs = options.untraced.clone().unwrap_or_else(|| options.vfs.clone());
    let witness = Witness::read(vfs, path, options.tracer.clone())?;
    match options.read_only && witness.is_new() {
        // Comparing with nothing would be a false comfort, and a reader writes nothing.
        true => Err(Error::io("open", witness.name(), io::Error::new(io::ErrorKind::NotFound, NO_WITNESS))),
        false => Ok(Some(witness)),
    }
}

pub(super) fn check_witness(
    witness: &Witness,
    keyring: &Keyring,
    keys: &Keys,
    chosen: &ChosenSlot,
    log: &OpenLog,
    published: &Published,
) -> Result<()> {
    let counter = chosen.superblock.key_slot_counter;
    let ours = keyring.anchor(keys, published.commit, &published.fingerprint);
    witness.check(&ours, counter, |commit| {
        let in_log = log.content.iter().flat_map(|(_, scan)| &scan.commits).find(|place| place.commit == commit);
        let in_slots = || {
            let slots = [Some(&chosen.superblock), chosen.other.as_ref().ok()];
            slots.into_iter().flatten().find(|slot| slot.commit == commit).map(|slot| slot.fingerprint)
        };
        let fingerprint = in_log.map(|place| place.body.fingerprint).or_else(in_slots)?;
        Some(keyring.anchor(keys, commit, &fingerprint))
    })
}

/// An older format is read and never written, a newer one that lets itself be read likewise; nothing was touched so far.
fn check_writable(superblock: &Superblock, name: &str) -> Result<()> {
    let (file, format) = (name.to_owned(), superblock.format);
    match format {
        _ if format < FORMAT => Err(Error::OldFormat { file, format }),
        _ if format > FORMAT || superblock.features_read_only != 0 => Err(Error::ReadOnly { file }),
        _ => Ok(()),
    }
}

/// A lock cannot be waited for with an end to it: it is tried again after so long.
const LOCK_STEP: Duration = Duration::from_millis(10);

fn open_locked(options: &Options, path: &Path, name: &str) -> Result<Arc<dyn VfsFile>> {
    let file = open_file(options, path, name, OpenMode::Write)?;
    let mut waits = match options.busy {
        Busy::Fail => 0,
        Busy::Wait(longest) => longest.as_nanos().div_ceil(LOCK_STEP.as_nanos()),
    };
    loop {
        match file.try_lock(LockKind::Exclusive) {
            Ok(true) => return Ok(file),
            Ok(false) if waits == 0 => {
                return Err(Error::InUse { file: name.to_owned(), holder: file.lock_holder() });
            }
            Ok(false) => thread::sleep(LOCK_STEP),
            Err(source) => return Err(Error::io("locking", name, source)),
        }
        waits -= 1;
    }
}

/// A page file whose superblock was chosen and is authentic.
pub(super) struct Unlocked {
    pub chosen: ChosenSlot,
    pub keys: Keys,
    pub keyring: Keyring,
    /// The first 8192 bytes: both slots as they stand.
    pub head: Vec<u8>,
}

pub(super) fn unlock(
    options: &Options,
    file: &dyn VfsFile,
    name: &str,
    inherited: Option<&InheritedKeys>,
) -> Result<Unlocked> {
    let head = read_head(file, name)?;
    // A writer writes over the other slot: it must not go back to an older one because a newer one could not be read.
    if let (false, Some(finding)) = (options.read_only, head.unread.iter().flatten().next()) {
        return Err(Error::Damage(finding.clone()));
    }
    let head = head.bytes;
    let chosen = choose(&head, name).map_err(Error::Damage)?;
    options.tracer.emit(|_| Event::SuperblockChosen {
        slot: chosen.slot,
        generation: chosen.superblock.slot_generation,
        commit: chosen.superblock.commit,
        other_generation: chosen.other.as_ref().ok().map(|other| other.slot_generation),
    });
    let (keys, dek, key_slot) = match inherited {
        Some(inherited) => (inherited.subkeys(&chosen.superblock), inherited.dek.clone(), None),
        None => {
            let (keys, dek, key_slot) = unlock_keys(&chosen.superblock, &options.unlock, name)?;
            (keys, Arc::new(dek), Some(key_slot))
        }
    };
    authenticate(&chosen, &keys, &head, name).map_err(Error::Damage)?;
    if let Some(slot) = key_slot {
        options.tracer.emit(|_| Event::KeySlotOpened { slot, kind: options.unlock.kind().to_owned() });
    }
    let keyring = Keyring::new(dek, &chosen.superblock, key_slot);
    Ok(Unlocked { chosen, keys, keyring, head })
}

/// The subkeys of a database and its data key, by one of its key slots. The finding of a failure names the file and its key slots.
pub(crate) fn unlock_keys(superblock: &Superblock, unlock: &Unlock, name: &str) -> Result<(Keys, Dek, u8)> {
    let slots = superblock.key_slots.clone().map(|slot| slot.bytes);
    let (key_slot, dek) = open_slots(&slots, superblock.key_set, unlock).map_err(|error| match error {
        Error::Damage(mut finding) => {
            finding.file = Some(name.to_owned());
            Error::Damage(finding)
        }
        other => other,
    })?;
    Ok((Keys::derive(&dek, &key_context(superblock)), dek, key_slot))
}

/// A log that was read to its end, if there is one that counts.
pub(super) struct OpenLog {
    pub name: String,
    pub file: Option<Arc<dyn VfsFile>>,
    pub content: Option<(LogHeader, LogScan)>,
    /// The generation of a log that was folded before and whose bytes still stand there.
    stale: Option<u64>,
}

impl OpenLog {
    pub fn read(options: &Options, path: &Path, chosen: &ChosenSlot, keys: &Keys) -> Result<OpenLog> {
        let path = log_path(path);
        let name = file_name(&path);
        let mode = if options.read_only { OpenMode::Read } else { OpenMode::Write };
        let file = match options.vfs.open(&path, mode) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(Error::io("open", &name, source)),
        };
        let mut head = vec![0; LOG_HEADER_BYTES];
        let read = match &file {
            Some(file) => read_up_to(&**file, 0, &mut head).map_err(|source| Error::io("read", &name, source))?,
            None => 0,
        };
        head.truncate(read);
        let standing =
            judge(&chosen.superblock, keys, &head, &name).map_err(|finding| explain_missing(finding, chosen))?;
        OpenLog::judged(&options.tracer, keys, &name, chosen, standing, file)
    }

    /// Reads the records of a log whose standing is known, if they count.
    pub fn judged(
        tracer: &Tracer,
        keys: &Keys,
        name: &str,
        chosen: &ChosenSlot,
        standing: LogStanding,
        file: Option<Arc<dyn VfsFile>>,
    ) -> Result<OpenLog> {
        let (superblock, name) = (&chosen.superblock, name.to_owned());
        let (verdict, generation) = match &standing {
            LogStanding::Absent { .. } => (LogVerdict::Absent, None),
            LogStanding::Stale { generation } => (LogVerdict::Stale, Some(*generation)),
            LogStanding::Continues(header) => (LogVerdict::Continues, Some(header.log_generation)),
        };
        tracer.emit(|_| Event::LogExamined { verdict, generation });
        let stale = if verdict == LogVerdict::Stale { generation } else { None };
        let (Some(log_file), LogStanding::Continues(header)) = (&file, standing) else {
            return Ok(OpenLog { name, file, content: None, stale });
        };
        let scan = scan(&**log_file, &name, &header, keys, superblock.commit, superblock.fingerprint)?;
        emit_scan(tracer, &scan, superblock.commit);
        check_kept(&scan, superblock, &name)?;
        Ok(OpenLog { name, file, content: Some((header, scan)), stale })
    }

    /// The generation of a folded log, if its records may still stand there. One that a crash left with its old header and no
    /// more, when the next generation was about to begin in it, is of no use to the slot that it continued.
    fn stale_with_records(&self) -> io::Result<Option<u64>> {
        let bytes = self.file.as_ref().map_or(Ok(0), |file| file.len())?;
        Ok(self.stale.filter(|_| bytes > LOG_HEADER_BYTES as u64))
    }

    fn commits(&self) -> bool {
        self.content.as_ref().is_some_and(|(_, scan)| !scan.commits.is_empty())
    }

    pub fn published(&self, superblock: &Superblock, slot: u8) -> Published {
        match self.content.as_ref().and_then(|(_, scan)| scan.commits.last()) {
            Some(last) => Published::of_commit(last.commit, &last.body),
            None => Published::of_superblock(superblock, slot),
        }
    }

    /// The sequence number of the last commit record; 0 when there is none.
    fn last_sequence(&self) -> u64 {
        let scan = self.content.as_ref().map(|(_, scan)| scan);
        scan.and_then(|scan| scan.commits.last()).map_or(0, |commit| commit.sequence)
    }

    /// Whether the last commit is a seal transaction.
    fn is_sealed(&self) -> bool {
        let scan = self.content.as_ref().map(|(_, scan)| scan);
        scan.and_then(|scan| scan.commits.last()).is_some_and(|commit| commit.body.seal_transaction)
    }

    /// What a reader sees that reads this very log.
    fn view(&self, superblock: &Superblock, slot: u8) -> View {
        let log = self.generation(superblock);
        self.file.iter().for_each(|file| log.set_file(file.clone()));
        View { state: self.published(superblock, slot), log: Arc::new(log) }
    }

    /// What readers see of the log, but for its file: a writer copies what is kept to a new one first.
    pub fn generation(&self, superblock: &Superblock) -> LogGeneration {
        let mut index = LogIndex::default();
        if let Some((_, scan)) = &self.content {
            for record in scan.records.iter().filter(|record| record.end <= scan.kept_end) {
                if let FrameRecord::Page { page, seal } = record.record {
                    let offset = record.offset + crate::format::log::RECORD_HEADER_BYTES as u64;
                    index.insert(page, FramePlace { commit: record.commit, seal, offset });
                }
            }
        }
        LogGeneration::new(superblock.log_generation, superblock.commit, self.name.clone(), index)
    }
}

/// A scan that must not be used is an error; so is a log without the commit that `log_expected` vouches for.
pub(crate) fn check_kept(scan: &LogScan, superblock: &Superblock, name: &str) -> Result<()> {
    if let ScanEnd::Damage(finding) = &scan.end {
        return Err(Error::Damage(finding.clone()));
    }
    if !holds(Defence::ExpectedCommit, !superblock.log_expected || !scan.commits.is_empty()) {
        let finding = Finding::new(
            Code::LogRot,
            "The superblock says that the log holds an acknowledged commit, and it holds none.",
        )
        .at(name, LOG_HEADER_BYTES as u64..LOG_HEADER_BYTES as u64)
        .expected(format!("commit {}", superblock.commit.next()), "no finished commit")
        .lost("Every commit since the last checkpoint.")
        .remedy();
        return Err(finding.into());
    }
    Ok(())
}

/// The error of a finding of the log; see [`as_slot_lost`].
pub(crate) fn explain_missing(finding: Box<Finding>, chosen: &ChosenSlot) -> Error {
    Error::Damage(as_slot_lost(finding, chosen))
}

fn emit_scan(tracer: &Tracer, scan: &LogScan, base: CommitNo) {
    for record in &scan.records {
        tracer.emit(|_| {
            let (kind, page) = match record.record {
                FrameRecord::Page { page, .. } => (RecordKind::Page, page),
                FrameRecord::Commit(_) => (RecordKind::Commit, PageNo::NONE),
            };
            Event::LogRecordAccepted {
                offset: record.offset,
                sequence: record.sequence,
                kind,
                commit: record.commit,
                page,
            }
        });
    }
    let torn_bytes = match scan.end {
        ScanEnd::TornTail { bytes } => bytes,
        ScanEnd::Clean | ScanEnd::Damage(_) => 0,
    };
    tracer.emit(|_| Event::LogReplayed {
        commits: scan.commits.len() as u32,
        commit: scan.commits.last().map_or(base, |commit| commit.commit),
        kept_bytes: scan.kept_end,
        torn_bytes,
    });
}

fn writer(
    options: Options,
    path: &Path,
    store: &Store,
    chosen: ChosenSlot,
    head: &[u8],
    log: OpenLog,
) -> Result<Writer> {
    let mut writer = Writer {
        vfs: options.vfs,
        path: path.to_owned(),
        entropy: options.entropy,
        superblock: chosen.superblock.clone(),
        slot: chosen.slot,
        head: store.view(),
        is_sealed: log.is_sealed(),
        spent: None,
        blocked_by: None,
        is_pinned: false,
        log_file: log.file.clone(),
        replaced_log: None,
        log: None,
        transactions: 0,
        transaction_bytes: options.transaction_bytes,
        log_bytes_checkpoint: options.log_bytes_checkpoint,
        archive: None,
    };
    if let Some(folder) = &options.archive {
        writer.archive = Some(Archive::new(writer.vfs.clone(), folder, writer.superblock.file_id)?);
    }
    remove_spill_leftover(&*writer.vfs, path)?;
    // A process killed between naming a file and syncing the folder leaves a name that a power cut could still take.
    durable(Defence::DirectorySyncAtOpening, || writer.vfs.sync_dir(path))
        .map_err(|source| Error::io("sync of the folder of", store.page_file.name(), source))?;
    let stale_log = log.stale_with_records().map_err(|source| Error::io("length", &log.name, source))?;
    durable(Defence::ChosenSlotMadeDurable, || make_slot_durable(&mut writer, store, &chosen, head, stale_log))?;
    if !log.commits() {
        writer.archive_base(store)?;
        return Ok(writer);
    }
    writer.superblock.log_expected |= is_off(Defence::LogExpectedFromSlot);
    let sequence = log.last_sequence();
    let (header, scan) = log.content.expect("invariant: a log with commits has content");
    let file = log.file.expect("invariant: a log with content has a file");
    let kept_end = match is_off(Defence::BehindTheLastCommit) {
        false => scan.kept_end,
        true => scan.records.last().map_or(scan.kept_end, |record| record.end.max(scan.kept_end)),
    };
    let mine = &chosen.superblock;
    let intact = |copy: &dyn VfsFile| check_copy(copy, &log.name, (&header, &scan), mine, &store.keys);
    let fresh = match is_off(Defence::KeptLogIsCopied) {
        false => copy_kept(&*writer.vfs, path, &*file, &log.name, kept_end, intact)?,
        true => file.clone(),
    };
    // Readers may have pinned the log under its old file, which has no name any more.
    writer.replaced_log = Some(file).filter(|_| !is_off(Defence::KeptLogIsCopied));
    writer.head.log.set_file(fresh.clone());
    writer.log_file = Some(fresh.clone());
    writer.log = Some(Log::continuing(fresh, log.name, header, kept_end, sequence, scan.last_mac));
    Ok(writer)
}

/// After a kill or a failed sync the chosen slot may exist in the operating system's cache alone; going on would overwrite
/// the log that the other slot needs. So: rewrite it in place when the other slot could recover by itself; else sync it and
/// publish the next generation in the other place.
fn make_slot_durable(
    writer: &mut Writer,
    store: &Store,
    chosen: &ChosenSlot,
    head: &[u8],
    stale_log: Option<u64>,
) -> Result<()> {
    let mine = &chosen.superblock;
    let other_recovers = chosen.other.as_ref().is_ok_and(|other| {
        let same_keys = other.key_slots == mine.key_slots && other.key_slot_counter == mine.key_slot_counter;
        let same_keys = holds(Defence::DifferingKeySlots, same_keys);
        let same_log = other.log_generation == mine.log_generation;
        same_keys && (same_log || stale_log == Some(other.log_generation))
    });
    if other_recovers {
        store.page_file.write_superblock(chosen.slot, slot_bytes(head, chosen.slot))?;
        return durable(Defence::SyncOfChosenSlot, || store.page_file.sync());
    }
    durable(Defence::SyncOfPageFileAtOpening, || store.page_file.sync())?;
    writer.write_superblock(store, mine.clone(), Defence::SyncOfNextSlotAtOpening)
}

/// The copy takes the place of good evidence, so it is read again and must hold what was judged: a bit that the disk flipped on
/// its way here would otherwise cost commits that were acknowledged.
fn check_copy(
    copy: &dyn VfsFile,
    name: &str,
    (header, judged): (&LogHeader, &LogScan),
    superblock: &Superblock,
    keys: &Keys,
) -> Result<()> {
    let found = scan(copy, name, header, keys, superblock.commit, superblock.fingerprint)?;
    let is_same = (found.kept_end, found.last_mac) == (judged.kept_end, judged.last_mac);
    if holds(Defence::KeptLogIsRead, is_same) {
        return Ok(());
    }
    let why = "What was copied of the log to recover it is not what was read a moment before; nothing was changed.";
    let finding = Finding::new(Code::LogRot, why)
        .at(name, found.kept_end..judged.kept_end)
        .expected(format!("commits up to byte {}", judged.kept_end), format!("commits up to byte {}", found.kept_end))
        .lost("Nothing: the log is as it was.")
        .next("Open it again. If this comes again, the disk is failing: keep a copy of both files.");
    Err(finding.into())
}

/// Copies the part of the log that is kept to a new file, which takes the log's name when it is `intact`.
fn copy_kept(
    vfs: &dyn Vfs,
    path: &Path,
    old: &dyn VfsFile,
    name: &str,
    kept: u64,
    intact: impl FnOnce(&dyn VfsFile) -> Result<()>,
) -> Result<Arc<dyn VfsFile>> {
    let log = log_path(path);
    let temporary = temporary_log_path(&log);
    let failed = |doing: &'static str| move |source: io::Error| Error::io(doing, name, source);
    if vfs.exists(&temporary).map_err(failed("looking for"))? {
        vfs.remove(&temporary).map_err(failed("removing a leftover of"))?;
    }
    let fresh = vfs.open(&temporary, OpenMode::CreateNew).map_err(failed("create"))?;
    let mut buffer = vec![0; 1 << 20];
    let mut offset = 0;
    while offset < kept {
        let wanted = ((kept - offset) as usize).min(buffer.len());
        let read = read_up_to(old, offset, &mut buffer[..wanted]).map_err(failed("read"))?;
        if read == 0 {
            // The padding of the last commit may be cut off: zeros stand for it.
            fresh.set_len(kept).map_err(failed("write"))?;
            break;
        }
        write_all_at(&*fresh, offset, &buffer[..read]).map_err(failed("write"))?;
        offset += read as u64;
    }
    durable(Defence::SyncOfKeptLog, || fresh.sync_data()).map_err(failed("sync"))?;
    intact(&*fresh)?;
    vfs.rename(&temporary, &log).map_err(failed("rename"))?;
    durable(Defence::DirectorySyncOfKeptLog, || vfs.sync_dir(&log)).map_err(failed("sync of the folder of"))?;
    Ok(fresh)
}
