//! The rooms joined: a database as a program holds it.

mod checkpoint;
mod closing;
mod create;
mod follow;
mod inherited;
mod keys;
mod open;
mod options;
mod pin;
mod shortened;

pub use checkpoint::{CheckpointMode, CheckpointOutcome};
pub use follow::Pin;
pub(crate) use follow::{Stamp, Watched, pause};
pub(crate) use inherited::InheritedKeys;
pub use keys::KeySlotInfo;
pub(crate) use open::{check_kept, explain_missing, unlock_keys};
pub use options::{AutoCheckpoint, CheckpointOnClose, Options};
pub(crate) use pin::{Patience, take_pin};

use crate::crypto::Entropy;
use crate::defence::{Defence, is_off};
use crate::error::{Error, Result};
use crate::txn::{Busy, ReadTxn, Store, WriteTxn, WriterGuard, WriterSlot};
use crate::types::{CommitNo, FileId, KeySet, PageSize};
use crate::vfs::Vfs;
use std::path::Path;
use std::sync::Arc;

/// An open database. Clones share one handle; it is closed, and its lock given back, when the last is dropped. Closing does
/// not checkpoint: the log stays beside the file and is read through by whoever opens it next.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("notes.tsm");
/// let db = tosumu::Options::new().create(true).open(&path)?;
/// db.write(|tx| tx.put(b"greeting", b"hello"))?;
/// assert_eq!(&*db.read().get(b"greeting")?.unwrap(), b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Database {
    store: Arc<Store>,
    /// `None` in a handle that was opened read-only.
    writer: Option<Arc<WriterSlot>>,
    /// In a handle that was opened read-only: what keeps it up with the files.
    follower: Option<Arc<follow::Follower>>,
    identity: Identity,
    means: Means,
    busy: Busy,
    checkpoints: AutoCheckpoint,
    /// Held for its drop: it closes the handle when the last clone goes.
    _closing: Option<Arc<closing::Closing>>,
}

/// What the handle was opened with, for making another file of what it holds.
#[derive(Clone)]
pub(crate) struct Means {
    pub vfs: Arc<dyn Vfs>,
    pub entropy: Arc<dyn Entropy>,
    dek_generation: u32,
    key_set: KeySet,
}

#[derive(Clone, Copy)]
struct Identity {
    file_id: FileId,
    page_size: PageSize,
}

/// What a database is made of at the moment, and what its handle did since it was opened. Counts are of things, sizes in bytes.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// Page size in bytes.
    pub page_size: u32,
    /// The newest commit.
    pub commit: CommitNo,
    /// Pages of the file, free ones included; each has [`Stats::page_size`] bytes.
    pub page_count: u32,
    /// Records of the main tree; those of named trees are counted in [`TreeInfo`](crate::TreeInfo).
    pub record_count: u64,
    /// Free pages of the newest commit: trunks of the free list and the pages they list.
    pub free_pages: u32,
    /// Named trees of the newest commit.
    pub named_trees: u32,
    /// Levels of the main tree; 1 is a single leaf.
    pub tree_height: u32,
    /// Pages with a version in the log.
    pub log_pages: u64,
    /// Sealed page versions in the log: a page that was changed by several commits counts as often.
    pub log_frames: u64,
    /// The log's generation: it grows by one with each checkpoint.
    pub log_generation: u64,
    /// The commit that the last checkpoint left the page file at; 0 when there was none yet.
    pub checkpoint_commit: CommitNo,
    /// Bytes of the log that count; 0 in a read-only handle.
    pub log_bytes: u64,
    /// Bound of the cache, in bytes: [`Options::cache_bytes`], as far as that holds a few pages.
    pub cache_bytes_max: u64,
    /// Opened pages held in memory.
    pub cache_pages: u64,
    /// Pages asked for since opening that the cache had.
    pub cache_hits: u64,
    /// Pages asked for since opening that had to be read and opened.
    pub cache_misses: u64,
    /// Snapshots of this handle and its clones alive. A checkpoint that begins now folds nothing before all of them have ended,
    /// unless they are of a seal transaction that an earlier attempt left as the newest commit.
    pub snapshots: u64,
    /// The oldest commit a snapshot still sees, which is the one to look for when the log does not stop growing.
    pub oldest_snapshot: Option<CommitNo>,
    /// Whether the last checkpoint was put off because a reader in another process had pinned the log. Nobody can be asked
    /// how things stand now but by trying again; false in a read-only handle.
    pub is_pinned: bool,
    /// Commits appended to the log since opening, those of checkpoints among them.
    pub commits: u64,
    /// Syncs that made commits durable since opening: fewer than commits when several shared one.
    pub commit_syncs: u64,
    /// Bytes that transactions too large for memory wrote to their spill files since opening.
    pub spilled_bytes: u64,
}

/// A log of so many times its bound is folded before a transaction begins, when the background has not come to it.
const LOG_BOUND_FACTOR_MAX: u64 = 4;

impl Database {
    /// Opens an existing database for reading and writing, with a `keyless` slot. For anything else see [`Options`].
    pub fn open(path: impl AsRef<Path>) -> Result<Database> {
        Options::new().open(path)
    }

    /// Runs `work` in a write transaction: commits when it returns `Ok`, rolls back when it returns `Err`.
    pub fn write<T>(&self, work: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        let mut transaction = self.begin_write()?;
        let value = work(&mut transaction)?;
        transaction.commit()?;
        Ok(value)
    }

    /// Begins a write transaction. While another is open this waits, for as long as [`Options::busy`] says, and then fails with
    /// [`Error::Busy`]: at once when that says so, and in vain when the other one is this very thread's.
    pub fn begin_write(&self) -> Result<WriteTxn> {
        self.begin(self.writer()?.take(self.busy)?)
    }

    /// As [`Database::begin_write`], but fails at once with [`Error::Busy`] while another transaction is open.
    pub fn try_begin_write(&self) -> Result<WriteTxn> {
        self.begin(self.writer()?.take(Busy::Fail)?)
    }

    fn begin(&self, mut writer: WriterGuard) -> Result<WriteTxn> {
        self.store.commits.check_sound()?;
        let bound = writer.log_bytes_checkpoint;
        match self.checkpoints {
            AutoCheckpoint::Inline if writer.log_bytes() > bound => {
                // A snapshot in the way, or a disk too full for it, is no error here: the log is whole, grows on, and the next
                // transaction tries again. If there is no room for the commit either, that will say so.
                match checkpoint::checkpoint(&self.store, &mut writer, CheckpointMode::Passive) {
                    Err(Error::Io { .. }) if self.store.commits.check_sound().is_ok() => {}
                    outcome => drop(outcome?),
                }
            }
            AutoCheckpoint::Background if writer.log_bytes() > bound.saturating_mul(LOG_BOUND_FACTOR_MAX) => {
                checkpoint::checkpoint_of_a_long_log(&self.store, &mut writer)?;
            }
            _ => {}
        }
        WriteTxn::begin(self.store.clone(), writer)
    }

    /// A snapshot of the newest commit.
    ///
    /// A handle that was opened read-only looks at the files first, so it sees what another process has committed meanwhile. Its
    /// snapshot stays what it is too; but when that process folds the log into the page file, a page of it may be gone, and the
    /// read that needs it ends with [`Error::SnapshotOvertaken`]: begin a new snapshot, or keep it from happening with
    /// [`Options::pin`]. A file that cannot be looked at is an error of the first read of the snapshot.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("notes.tsm");
    /// # use tosumu::Options;
    /// let writer = Options::new().create(true).open(&path)?;
    /// // In the same process or, as a rule, in another:
    /// let reader = Options::new().read_only(true).open(&path)?;
    /// writer.write(|tx| tx.put(b"greeting", b"hello"))?;
    /// assert_eq!(&*reader.read().get(b"greeting")?.unwrap(), b"hello");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(&self) -> ReadTxn {
        match &self.follower {
            Some(follower) => follower.snapshot(&self.store),
            None => ReadTxn::begin(self.store.clone()),
        }
    }

    /// Makes every commit that has returned durable. In a handle of [`Durability::Full`](crate::Durability::Full) they are already;
    /// after commits of [`Durability::Relaxed`](crate::Durability::Relaxed) this is what a power cut can take no more. Waits for
    /// a write transaction to end.
    pub fn sync(&self) -> Result<()> {
        let mut writer = self.writer()?.take(self.busy)?;
        self.store.commits.check_sound()?;
        writer.settle(&self.store)
    }

    /// Folds the log into the page file; what stands in the way, and whether to wait for it, is the mode's to say. Waits for a
    /// write transaction to end.
    pub fn checkpoint(&self, mode: CheckpointMode) -> Result<CheckpointOutcome> {
        let mut writer = self.writer()?.take(self.busy)?;
        self.store.commits.check_sound()?;
        checkpoint::checkpoint(&self.store, &mut writer, mode)
    }

    /// The fingerprint of the newest durable commit, one line: `db ID commit N XXXX-XXXX-XXXX-XXXX`; once key slots were changed
    /// it goes on with ` keys C XXXX-XXXX`. It is keyed and tells nothing but these numbers, so it may be kept anywhere;
    /// `verify --anchor` compares a file with it later.
    pub fn fingerprint(&self) -> String {
        // A file that cannot be looked at just now: what was seen of it last.
        if let Some(follower) = &self.follower {
            let _ = follower.look(&self.store);
            return self.store.anchor(&self.store.published()).to_string();
        }
        let durable = self.store.durable().clone();
        self.store.anchor(&durable).to_string()
    }

    /// Why the newest line could not be written to the witness file; nothing while it is up to date, or there is none. The
    /// commits are durable all the same: the witness is behind, and less is noticed.
    pub fn witness_failure(&self) -> Option<String> {
        self.store.witness.as_ref()?.failure()
    }

    /// The page size.
    pub fn page_size(&self) -> PageSize {
        self.identity.page_size
    }

    /// The file id, shared by the page file and its log.
    pub fn file_id(&self) -> FileId {
        self.identity.file_id
    }

    /// Counts and sizes of the moment. Cheap: it reads the root page at most. Errors: those of reading it, `IO` or damage.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
    /// db.write(|tx| tx.put(b"k", b"v"))?;
    /// let snapshot = db.read();
    /// let stats = db.stats()?;
    /// assert_eq!((stats.record_count, stats.oldest_snapshot), (1, Some(snapshot.commit())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stats(&self) -> Result<Stats> {
        if let Some(follower) = &self.follower {
            follower.look(&self.store)?;
        }
        // Held over the read, as a snapshot is: a checkpoint between it and the state would re-seal the root.
        let held = (!is_off(Defence::StatsHoldSnapshots)).then(|| self.store.snapshots());
        let view = self.store.view();
        let state = &view.state;
        let root = self.store.read_page(&state.root, &view)?;
        let snapshots = held.unwrap_or_else(|| self.store.snapshots());
        let writer = self.writer.as_ref().map(|writer| writer.standing()).unwrap_or_default();
        let (cache_pages, cache_hits, cache_misses) = self.store.cache.counts();
        let log = view.log.index();
        let counts = self.store.commits.counts();
        Ok(Stats {
            page_size: self.identity.page_size.get(),
            commit: state.commit,
            page_count: state.page_count,
            record_count: state.record_count,
            free_pages: state.free_count,
            named_trees: state.tree_count,
            tree_height: u32::from(root.view().level()) + 1,
            log_pages: log.pages_count() as u64,
            log_frames: log.frames_count() as u64,
            log_generation: view.log.generation,
            checkpoint_commit: view.log.base,
            log_bytes: writer.log_bytes,
            cache_bytes_max: self.store.cache.bytes_max() as u64,
            cache_pages: cache_pages as u64,
            cache_hits,
            cache_misses,
            snapshots: snapshots.values().map(|&count| u64::from(count)).sum(),
            oldest_snapshot: snapshots.keys().next().copied(),
            is_pinned: writer.is_pinned,
            commits: counts.commits,
            commit_syncs: counts.syncs,
            spilled_bytes: counts.spilled_bytes,
        })
    }

    pub(crate) fn means(&self) -> &Means {
        &self.means
    }

    /// The data key and the key slots as they are durable, for a copy that the same keys open.
    pub(crate) fn inherited_keys(&self) -> InheritedKeys {
        let keyring = &self.store.keyring;
        let state = keyring.slots();
        InheritedKeys {
            dek: keyring.dek.clone(),
            dek_generation: self.means.dek_generation,
            key_set: self.means.key_set,
            key_slots: state.slots.clone(),
            key_slot_counter: state.counter,
        }
    }

    fn writer(&self) -> Result<&Arc<WriterSlot>> {
        let file = || self.store.page_file.name().to_owned();
        self.writer.as_ref().ok_or_else(|| Error::ReadOnly { file: file() })
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({}, commit {})", self.store.page_file.name(), self.store.published().commit)
    }
}
