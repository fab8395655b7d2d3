//! What only the one writer touches, and the end of every commit: appended to the log, durable, then published.
//!
//! The first commit of a log does it all while it holds the writer: header, sync; records, sync; the superblock slot that expects
//! a log from now on, sync; published. Every later one gives the writer back as soon as it is appended and waits for a sync
//! that it may share (`durable.rs`).

use super::durable::{Mark, Publish};
use super::seal::random_16;
use super::slot::WriterGuard;
use super::store::{Durability, Published, RootHolder, Store, View};
use crate::crypto::Entropy;
use crate::defence::{Defence, durable, is_off};
use crate::error::{Error, Result};
use crate::format::log::CommitBody;
use crate::format::superblock::Superblock;
use crate::pager::OpenedPage;
use crate::types::{CommitNo, PageNo, PagePointer, Seal};
use crate::vfs::{OpenMode, Vfs, VfsFile};
use crate::wal::{
    AppendError, Appended, Archive, Commit, Frames, Log, LogGeneration, LogIndex, LogSpace, log_path,
    temporary_log_path,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What only the writer touches: the log's end, the superblock as it is durable, and why it may no longer write.
pub(crate) struct Writer {
    pub vfs: Arc<dyn Vfs>,
    pub path: PathBuf,
    pub entropy: Arc<dyn Entropy>,
    /// The superblock that is durable, and the slot it stands in.
    pub superblock: Superblock,
    pub slot: u8,
    /// The newest appended state, which the next transaction begins on.
    pub head: View,
    /// Whether `head` is a seal transaction, so that the pages of the log may go to their places as they are.
    pub is_sealed: bool,
    /// The folded log, whose file the next generation overwrites unless a snapshot still reads in it.
    pub spent: Option<Arc<LogGeneration>>,
    /// The snapshot that stood in the way of the last checkpoint.
    pub blocked_by: Option<CommitNo>,
    /// Whether a reader in another process kept the last checkpoint from folding the log.
    pub is_pinned: bool,
    /// The log's file, once there is one.
    pub log_file: Option<Arc<dyn VfsFile>>,
    /// The file that the log stood in before its recovery, while a reader may still hold a pin there.
    pub replaced_log: Option<Arc<dyn VfsFile>>,
    /// The log of the present generation, once its header is written.
    pub log: Option<Log>,
    pub transactions: u64,
    /// How much memory a transaction's changed pages may take, in bytes.
    pub transaction_bytes: usize,
    /// A log of more than this many bytes is due to be folded.
    pub log_bytes_checkpoint: u64,
    /// Where finished logs are kept.
    pub archive: Option<Archive>,
}

/// A pointer as a commit record would carry it that named its root by number alone.
fn without_its_seal(root: PagePointer) -> PagePointer {
    PagePointer { seal: Seal([0; 16]), ..root }
}

const SYNC_OF_FOLDER: &str = "sync of the folder of";

/// What a failure means when the commit stands in the log already.
fn indeterminate(error: Error) -> Error {
    match error {
        Error::Io { file, source, .. } => Error::CommitIndeterminate { file, source },
        other => other,
    }
}

/// Changes that are sealed and ready to be logged.
pub(crate) struct Prepared<'a> {
    /// The state to publish; its fingerprint is filled in by the append.
    pub next: Published,
    pub kind: CommitKind,
    /// Sealed pages in the order they go into the log, taken one by one while they are written.
    pub frames: Frames<'a>,
    /// Those of the pages that are at hand opened, for the cache.
    pub opened: Vec<Arc<OpenedPage>>,
}

/// What a commit is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommitKind {
    /// A transaction: it is acknowledged.
    Transaction,
    /// The seal transaction of a checkpoint.
    Seal,
}

/// Makes a transaction's changes durable, then visible; the writer is put back as early as may be.
pub(crate) fn commit_prepared(mut writer: WriterGuard, store: &Store, prepared: Prepared<'_>) -> Result<Published> {
    let state = writer.append_prepared(store, prepared)?;
    if writer.log_bytes() > writer.log_bytes_checkpoint {
        store.bell.ring();
    }
    match store.durability {
        Durability::Relaxed => store.publish(writer.head.clone()),
        Durability::Full if writer.superblock.log_expected => {
            drop(writer);
            store.commits.make_durable(store, state.commit, Publish::Leader, Defence::SyncOfCommit)?;
        }
        Durability::Full => writer.settle(store)?,
    }
    Ok(state)
}

impl Writer {
    /// Appends sealed changes to the log: the next transaction may begin on them, no reader sees them yet.
    pub fn append_prepared(&mut self, store: &Store, prepared: Prepared<'_>) -> Result<Published> {
        store.commits.or_in_doubt(|| self.append_changes(store, prepared))
    }

    fn append_changes(&mut self, store: &Store, prepared: Prepared<'_>) -> Result<Published> {
        let Prepared { mut next, kind, frames, opened } = prepared;
        let body = CommitBody {
            page_count: next.page_count,
            page_frames: 0,
            root: if is_off(Defence::WholePointers) { without_its_seal(next.root) } else { next.root },
            free_list: next.free_list,
            free_count: next.free_count,
            seal_transaction: kind == CommitKind::Seal,
            record_count: next.record_count,
            catalog: next.catalog,
            tree_count: next.tree_count,
            random: random_16(&*self.entropy, store.page_file.name())?,
            fingerprint: [0; 16],
        };
        let appended = self.append(store, next.commit, frames, body)?;
        next.fingerprint = appended.fingerprint;
        self.head.state = next.clone();
        self.is_sealed = kind == CommitKind::Seal || self.is_sealed && is_off(Defence::SealTransactionIsLast);
        self.head.log.add(&appended.frames);
        for page in opened {
            store.cache.insert(page);
        }
        store.commits.appended(Mark { view: self.head.clone(), sequence: appended.sequence });
        Ok(next)
    }

    /// Makes all that is appended durable, has the superblock vouch for the log, and publishes it.
    pub fn settle(&mut self, store: &Store) -> Result<()> {
        // Commits that gave the writer back may wait for this very sync: they are published before they are acknowledged. Only of
        // a log that the superblock does not vouch for yet, nobody waits.
        let publish = if self.superblock.log_expected { Publish::Leader } else { Publish::Caller };
        let sync = if self.is_sealed { Defence::SyncOfSealTransaction } else { Defence::SyncOfCommit };
        store.commits.make_durable(store, self.head.state.commit, publish, sync)?;
        let has_commits = self.log.as_ref().is_some_and(|log| log.sequence() > 0);
        if has_commits && !self.superblock.log_expected && !is_off(Defence::LogExpectedIsWritten) {
            let mut next = self.superblock.clone();
            next.log_expected = true;
            // The commit stands in the log, durable: after any failure here it may well be there when the file is opened again.
            let commits = &store.commits;
            commits
                .or_in_doubt(|| self.write_superblock(store, next, Defence::SyncOfLogExpected))
                .map_err(|error| store.poison(indeterminate(error)))?;
        }
        store.set_durable(&self.head.state);
        store.publish(self.head.clone());
        store.note_durable();
        Ok(())
    }

    /// Bytes of the log that count.
    pub fn log_bytes(&self) -> u64 {
        self.log.as_ref().map_or(0, Log::bytes)
    }

    /// Appends a commit to the log, beginning the generation when it is the first.
    fn append(&mut self, store: &Store, commit: CommitNo, frames: Frames<'_>, body: CommitBody) -> Result<Appended> {
        store.commits.check_sound()?;
        if self.log.is_none() {
            self.begin_log(store).map_err(|error| match error {
                Error::Io { doing: "sync" | SYNC_OF_FOLDER, .. } => store.poison(error),
                other => other,
            })?;
        }
        let log = self.log.as_mut().expect("invariant: the log was begun above");
        let previous_fingerprint = self.head.state.fingerprint;
        let durable_sequence = store.commits.durable_sequence();
        let commit = Commit { commit, frames, body, previous_fingerprint, durable_sequence };
        log.append(commit, &store.keys).map_err(|error| match error {
            AppendError::Clean(error) => error,
            AppendError::Begun(failed) => {
                store.commits.cut_back(|| log.cut_back(failed)).unwrap_or_else(|error| store.poison(error))
            }
        })
    }

    /// Keeps the log in the archive, if there is one, before a checkpoint lets go of it.
    pub fn archive_log(&self) -> Result<()> {
        match (&self.archive, &self.log_file) {
            (Some(archive), Some(log)) => archive.keep_log(self.superblock.log_generation, &**log, self.log_bytes()),
            _ => Ok(()),
        }
    }

    /// Keeps the page file in the archive when nothing there leads to it. To be called while the log holds nothing.
    pub fn archive_base(&self, store: &Store) -> Result<()> {
        let Some(archive) = &self.archive else { return Ok(()) };
        let generation = self.superblock.log_generation;
        if !archive.needs_base(generation)? {
            return Ok(());
        }
        let bytes = store.page_file.page_size().offset_of(PageNo(self.superblock.page_count + 1));
        archive.keep_base(generation, store.page_file.raw(), bytes)
    }

    /// Writes `superblock` with the next slot generation into the other slot and syncs it, which is the defence `sync`.
    pub fn write_superblock(&mut self, store: &Store, mut superblock: Superblock, sync: Defence) -> Result<()> {
        superblock.slot_generation = self.superblock.slot_generation + 1;
        let slot = 1 - self.slot;
        let bytes = superblock.encode(|input| store.keys.superblock_mac(input));
        store.page_file.write_superblock(slot, &bytes)?;
        durable(sync, || store.page_file.sync())?;
        self.superblock = superblock;
        self.slot = slot;
        Ok(())
    }

    /// The log is folded: its generation is over, and the next one goes on from the superblock's new state.
    pub fn end_log(&mut self, store: &Store) {
        let sealed = &self.head.state;
        let state = Published { root_holder: RootHolder::Superblock(self.slot), ..sealed.clone() };
        let (base, name) = (sealed.commit, self.head.log.name.clone());
        let log = Arc::new(LogGeneration::new(self.superblock.log_generation, base, name, LogIndex::default()));
        let spent = std::mem::replace(&mut self.head, View { state, log }).log;
        self.log = None;
        self.log_file = None;
        self.spent = Some(spent);
        store.commits.log_ended();
        store.publish(self.head.clone());
    }

    /// Gives the room of a folded log back, when nobody reads in it any more. Should the cut be lost, or fail, its generation says
    /// that it is spent.
    pub fn cut_spent_log(&mut self) {
        let spent = self.spent.take().and_then(|spent| Arc::try_unwrap(spent).ok());
        if let Some(file) = spent.as_ref().and_then(LogGeneration::file) {
            let _ = file.set_len(0);
        }
    }

    /// First commit of a generation: the log's header is durable, and so is its name, before any commit relies on it.
    fn begin_log(&mut self, store: &Store) -> Result<()> {
        let path = log_path(&self.path);
        let name = self.head.log.name.clone();
        let (file, log) = match self.spent.take().map(Arc::try_unwrap) {
            // Somebody reads in the old file still: it keeps its bytes and loses its name.
            Some(Err(still_read)) if is_off(Defence::OldViewsKeepTheirLog) => {
                let file = still_read.file().expect("invariant: what is read in is a file").clone();
                (
                    file.clone(),
                    self.begin_in(store, LogSpace::Spent { file, longest: self.log_bytes_checkpoint }, &name)?,
                )
            }
            Some(Err(still_read)) => {
                self.spent = Some(still_read);
                self.begin_in_a_new_file(store, &path, &name)?
            }
            Some(Ok(spent)) if spent.file().is_some() => {
                let file = spent.file().expect("invariant: asked one line above").clone();
                self.log_file = Some(file.clone());
                let longest = self.log_bytes_checkpoint;
                (file.clone(), self.begin_in(store, LogSpace::Spent { file, longest }, &name)?)
            }
            Some(Ok(_)) | None => self.begin_in_the_file_found(store, &path, &name)?,
        };
        self.spent = None;
        self.head.log.set_file(file.clone());
        self.log_file = Some(file);
        self.log = Some(log);
        Ok(())
    }

    fn begin_in(&self, store: &Store, space: LogSpace, name: &str) -> Result<Log> {
        let identity = (self.superblock.page_size, self.superblock.file_id, self.superblock.log_generation);
        let tree_mac = store.keys.tree_mac(&self.superblock.tree_mac_input());
        Log::begin(space, name.to_owned(), identity, &tree_mac, &store.keys, &*self.entropy)
    }

    /// What was found when the database was opened, or what an attempt a moment ago left, is emptied.
    fn begin_in_the_file_found(&mut self, store: &Store, path: &Path, name: &str) -> Result<(Arc<dyn VfsFile>, Log)> {
        // A file opened here may bear a name that only the operating system knows of, be it from a commit that failed a
        // moment ago: its folder is synced whether or not this call created it.
        let (file, is_name_durable) = match &self.log_file {
            Some(file) => (file.clone(), true),
            None => {
                let exists = self.vfs.exists(path).map_err(|source| Error::io("looking for", name, source))?;
                let mode = if exists { OpenMode::Write } else { OpenMode::CreateNew };
                let file = self.vfs.open(path, mode).map_err(|source| Error::io("open", name, source))?;
                (file, false)
            }
        };
        let log = self.begin_in(store, LogSpace::Unknown { file: file.clone() }, name)?;
        if !is_name_durable {
            durable(Defence::DirectorySyncOfLog, || self.vfs.sync_dir(path))
                .map_err(|source| Error::io(SYNC_OF_FOLDER, name, source))?;
        }
        Ok((file, log))
    }

    /// The new log is whole before it takes the name from the old one, which is spent.
    fn begin_in_a_new_file(&mut self, store: &Store, path: &Path, name: &str) -> Result<(Arc<dyn VfsFile>, Log)> {
        let failed = |doing: &'static str| move |source| Error::io(doing, name, source);
        let temporary = temporary_log_path(path);
        if self.vfs.exists(&temporary).map_err(failed("looking for"))? {
            self.vfs.remove(&temporary).map_err(failed("removing a leftover of"))?;
        }
        let file = self.vfs.open(&temporary, OpenMode::CreateNew).map_err(failed("create"))?;
        let log = self.begin_in(store, LogSpace::Unknown { file: file.clone() }, name)?;
        self.vfs.rename(&temporary, path).map_err(failed("rename"))?;
        // Readers of other processes may have pinned the log under the file that has lost its name.
        self.replaced_log = self.spent.as_ref().and_then(|spent| spent.file().cloned());
        durable(Defence::DirectorySyncOfNewLog, || self.vfs.sync_dir(path)).map_err(failed(SYNC_OF_FOLDER))?;
        Ok((file, log))
    }
}
