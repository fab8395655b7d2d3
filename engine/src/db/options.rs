//! How a database is opened or created, as a value.

use super::create::Birth;
use super::{Database, InheritedKeys, Pin, create, open};
use crate::crypto::{Entropy, KdfProfile, OsEntropy, Unlock};
use crate::error::Result;
use crate::limits;
use crate::trace::{Sink, Tracer};
use crate::txn::{Busy, Durability};
use crate::types::PageSize;
use crate::vfs::{OsVfs, TracedVfs, Vfs};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// When a log that has grown past its bound is folded into the page file.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum AutoCheckpoint {
    /// Before the next transaction begins, by its own thread, unless a snapshot lives. The same calls in the same order do
    /// the same, which tests and scripts need.
    Inline,
    /// By a thread of the handle's own, beside readers and between transactions, soon after the commit that passed the bound.
    /// A log of four times the bound is folded before the next transaction begins, as far as readers let it.
    #[default]
    Background,
    /// Only when [`Database::checkpoint`] is called; the log grows without bound.
    Off,
}

/// Whether closing a handle folds the log.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum CheckpointOnClose {
    /// The last clone to be dropped folds the log first, unless a snapshot or a transaction lives on. It cannot tell of a
    /// failure; the log is whole then and is read through by whoever opens the file next.
    Yes,
    /// The log stays beside the file, to be read through by whoever opens it next.
    #[default]
    No,
}

/// How a database is opened or created.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("diary.tsm");
/// use tosumu::{Options, PageSize, Unlock};
/// let db = Options::new()
///     .create(true)
///     .page_size(PageSize::TOY)
///     .unlock(Unlock::Passphrase("correct horse battery staple".into()))
/// #   .kdf(tosumu::KdfProfile::TEST)
///     .open(&path)?;
/// drop(db);
/// assert_eq!(Options::new().open(&path).unwrap_err().code(), "KEY-NO-SLOT");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Options {
    pub(super) create: bool,
    pub(super) read_only: bool,
    pub(super) pin: Pin,
    pub(super) page_size: PageSize,
    pub(super) unlock: Unlock,
    pub(super) kdf: KdfProfile,
    pub(super) cache_bytes: usize,
    pub(super) transaction_bytes: usize,
    pub(super) log_bytes_checkpoint: u64,
    pub(super) durability: Durability,
    pub(super) archive: Option<PathBuf>,
    pub(super) busy: Busy,
    pub(super) checkpoints: AutoCheckpoint,
    pub(super) checkpoint_on_close: CheckpointOnClose,
    pub(super) vfs: Arc<dyn Vfs>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) tracer: Tracer,
    pub(super) witness: Option<PathBuf>,
    /// The disk as it was handed in: of the witness file only its own events are told.
    pub(super) untraced: Option<Arc<dyn Vfs>>,
}

/// Longer than any transaction or checkpoint that is not stuck, and short enough to be told of one that is.
const BUSY_WAIT: Duration = Duration::from_secs(5);

impl Default for Options {
    fn default() -> Self {
        Options {
            create: false,
            read_only: false,
            pin: Pin::None,
            page_size: PageSize::DEFAULT,
            unlock: Unlock::Keyless,
            kdf: KdfProfile::INTERACTIVE,
            cache_bytes: limits::CACHE_BYTES_DEFAULT,
            transaction_bytes: limits::TRANSACTION_BYTES_DEFAULT,
            log_bytes_checkpoint: limits::LOG_BYTES_CHECKPOINT,
            durability: Durability::Full,
            archive: None,
            busy: Busy::Wait(BUSY_WAIT),
            checkpoints: AutoCheckpoint::Background,
            checkpoint_on_close: CheckpointOnClose::No,
            vfs: Arc::new(OsVfs),
            entropy: Arc::new(OsEntropy),
            tracer: Tracer::off(),
            witness: None,
            untraced: None,
        }
    }
}

impl Options {
    /// Open an existing file, for reading and writing, by a `keyless` slot, with a cache of 64 MiB.
    pub fn new() -> Options {
        Options::default()
    }

    /// Whether to create the database when there is none.
    pub fn create(mut self, create: bool) -> Options {
        self.create = create;
        self
    }

    /// Whether to open for reading only: no byte of either file is changed, no lock is taken, a log left by a crash is read
    /// through, and each snapshot begins on what another process has committed by then, before its sync or after
    /// ([`Database::read`]).
    pub fn read_only(mut self, read_only: bool) -> Options {
        self.read_only = read_only;
        self
    }

    /// Whether the snapshots of a read-only handle keep a writer in another process from folding the log while they live. For
    /// long reads: its log grows meanwhile.
    pub fn pin(mut self, pin: Pin) -> Options {
        self.pin = pin;
        self
    }

    /// The page size of a database that is created.
    pub fn page_size(mut self, page_size: PageSize) -> Options {
        self.page_size = page_size;
        self
    }

    /// The key: for a database that is created, the kind of its first key slot.
    pub fn unlock(mut self, unlock: Unlock) -> Options {
        self.unlock = unlock;
        self
    }

    /// How much work a passphrase slot that is created asks for.
    pub fn kdf(mut self, kdf: KdfProfile) -> Options {
        self.kdf = kdf;
        self
    }

    /// The bound of the cache of opened pages, in bytes.
    pub fn cache_bytes(mut self, bytes: usize) -> Options {
        self.cache_bytes = bytes;
        self
    }

    /// How much memory the changed pages of a write transaction may take, in bytes, besides up to three times as much that they
    /// borrow from the cache, of which they leave a quarter. What is over that is sealed and waits for the commit in a file
    /// beside the database, which is removed when the transaction ends.
    pub fn transaction_bytes(mut self, bytes: usize) -> Options {
        self.transaction_bytes = bytes;
        self
    }

    /// A log of more than this many bytes is due to be folded into the page file: when, is [`Options::checkpoints`] to say.
    pub fn log_bytes_checkpoint(mut self, bytes: u64) -> Options {
        self.log_bytes_checkpoint = bytes;
        self
    }

    /// When a commit is acknowledged, and so what a power cut may take.
    pub fn durability(mut self, durability: Durability) -> Options {
        self.durability = durability;
        self
    }

    /// A folder, which must be there, in which every finished log is kept before a checkpoint lets go of it, and a copy of the
    /// page file that the first of them goes on from: with them any commit can be brought back
    /// ([`transfer::Restore`](crate::transfer::Restore)). A checkpoint that cannot keep the log there fails, and loses nothing.
    pub fn archive(mut self, folder: impl Into<PathBuf>) -> Options {
        self.archive = Some(folder.into());
        self
    }

    /// What is done when another thread has a transaction open, or another process the file: wait for five seconds unless
    /// said otherwise. It holds for opening, [`Database::begin_write`], [`Database::write`], [`Database::sync`] and
    /// [`Database::checkpoint`]. A thread that waits for its own transaction waits in vain and is told so.
    pub fn busy(mut self, busy: Busy) -> Options {
        self.busy = busy;
        self
    }

    /// When a log that has grown past its bound is folded.
    pub fn checkpoints(mut self, checkpoints: AutoCheckpoint) -> Options {
        self.checkpoints = checkpoints;
        self
    }

    /// Whether closing folds the log.
    pub fn checkpoint_on_close(mut self, checkpoint_on_close: CheckpointOnClose) -> Options {
        self.checkpoint_on_close = checkpoint_on_close;
        self
    }

    /// The disk.
    pub fn vfs(mut self, vfs: Arc<dyn Vfs>) -> Options {
        self.vfs = vfs;
        self
    }

    /// The source of randomness. Files made with an insecure one are marked so.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Options {
        self.entropy = entropy;
        self
    }

    /// Where events go.
    pub fn sink(mut self, sink: Arc<dyn Sink>) -> Options {
        self.tracer = Tracer::new(sink);
        self
    }

    /// A witness file, on another disk or in a repository: a line of its own for every durable commit and change of keys, as
    /// [`Database::fingerprint`] gives them. At opening its last line is compared: `FRESH-ROLLBACK` when the database is
    /// older, `FRESH-FORK` when it has another history or is another database, and nothing is opened.
    ///
    /// A handle that writes begins the file when there is none, and says so in an event. A read-only handle only compares, and
    /// fails with `IO` when there is nothing to compare with. Should a line fail to be written later, the commit
    /// stands all the same, and [`Database::witness_failure`] says why.
    pub fn witness(mut self, path: impl AsRef<Path>) -> Options {
        self.witness = Some(path.as_ref().to_owned());
        self
    }

    /// Opens the database at `path`, or creates it when [`Options::create`] says so.
    pub fn open(self, path: impl AsRef<Path>) -> Result<Database> {
        let options = self.traced();
        let path = &options.vfs.resolve(path.as_ref());
        if options.create && !create::exists(&options, path)? {
            create::create(&options, path, &Birth::Fresh)?;
        }
        open::open(options, path, None)
    }

    /// Creates the database at `path` and opens it; fails with [`Error::AlreadyExists`](crate::Error::AlreadyExists) when a
    /// file of that name, or a log of it, is there.
    pub fn create_new(self, path: impl AsRef<Path>) -> Result<Database> {
        let options = self.traced();
        let path = &options.vfs.resolve(path.as_ref());
        create::create(&options, path, &Birth::Fresh)?;
        open::open(options, path, None)
    }

    /// As [`Options::create_new`], with the keys of another file.
    pub(crate) fn create_inherited(self, path: impl AsRef<Path>, keys: &InheritedKeys) -> Result<Database> {
        let options = self.traced();
        let path = &options.vfs.resolve(path.as_ref());
        create::create(&options, path, &Birth::Inherited(keys))?;
        open::open(options, path, Some(keys))
    }

    /// Opens a database whose data key is known.
    pub(crate) fn open_inherited(self, path: impl AsRef<Path>, keys: &InheritedKeys) -> Result<Database> {
        let options = self.traced();
        let path = &options.vfs.resolve(path.as_ref());
        open::open(options, path, Some(keys))
    }

    fn traced(mut self) -> Options {
        self.untraced = Some(self.vfs.clone());
        if self.tracer.is_on() {
            self.vfs = Arc::new(TracedVfs::new(self.vfs, self.tracer.clone()));
        }
        self
    }
}
