//! What readers and the writer share: the page file, the log index, the cache, and which commit is the newest.

use crate::crypto::Keys;
use crate::error::{Error, Result};
use crate::pager::check::{Place, open_expected};
use crate::pager::slots::slot_letter;
use crate::pager::{Cache, OpenedPage, PageFile};
use crate::trace::{Event, PageSource, Tracer};
use crate::types::{CommitNo, PagePointer};
use crate::vfs::VfsFile;
use crate::wal::{FramePlace, LogIndex, read_frame};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The newest state that readers may see.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub commit: CommitNo,
    pub root: PagePointer,
    pub root_holder: RootHolder,
    pub page_count: u32,
    pub record_count: u64,
    pub fingerprint: [u8; 16],
}

/// What vouches for the root's pointer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RootHolder {
    Superblock(u8),
    Commit(CommitNo),
}

impl std::fmt::Display for RootHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RootHolder::Superblock(slot) => write!(f, "superblock {}", slot_letter(*slot)),
            RootHolder::Commit(commit) => write!(f, "commit {commit}"),
        }
    }
}

/// The log as readers need it.
pub(crate) struct LogView {
    pub file: Option<Arc<dyn VfsFile>>,
    pub name: String,
    pub index: LogIndex,
}

pub(crate) struct Store {
    pub page_file: PageFile,
    pub keys: Keys,
    pub tracer: Tracer,
    pub cache: Cache,
    pub log: RwLock<LogView>,
    pub published: RwLock<Published>,
    /// Snapshots alive: how many of each commit. Held through a checkpoint, so that none begins in the middle of one.
    pub snapshots: Mutex<BTreeMap<CommitNo, u32>>,
}

impl Store {
    pub fn published(&self) -> Published {
        read_lock(&self.published).clone()
    }

    pub fn log(&self) -> RwLockReadGuard<'_, LogView> {
        read_lock(&self.log)
    }

    pub fn log_mut(&self) -> RwLockWriteGuard<'_, LogView> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn snapshots(&self) -> MutexGuard<'_, BTreeMap<CommitNo, u32>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn publish(&self, state: Published) {
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// The page that `pointer` names, as a snapshot of `commit` sees it.
    ///
    /// The read rule: the log index first, and what it names must have the seal it remembers; else the page file, and what
    /// stands there must have the seal of the pointer.
    pub fn read_page(&self, pointer: &PagePointer, commit: CommitNo) -> Result<Arc<OpenedPage>> {
        let frame = self.log().index.lookup(pointer.page, commit);
        let expected = frame.map_or(*pointer, |frame| frame.pointer(pointer.page));
        if let Some(page) = self.cache.get(expected.page, expected.seal) {
            return Ok(page);
        }
        let page = Arc::new(match frame {
            Some(frame) => self.open_from_log(&expected, frame)?,
            None => self.open_from_file(&expected)?,
        });
        self.cache.insert(page.clone());
        Ok(page)
    }

    fn open_from_log(&self, expected: &PagePointer, frame: FramePlace) -> Result<OpenedPage> {
        let (file, name) = {
            let log = self.log();
            let file = log.file.clone().expect("invariant: a log with frames in its index has a file");
            (file, log.name.clone())
        };
        let bytes = read_frame(&*file, &name, frame, self.page_file.page_size())?;
        self.open(&bytes, expected, Place { file: &name, offset: frame.offset }, PageSource::Log)
    }

    fn open_from_file(&self, expected: &PagePointer) -> Result<OpenedPage> {
        let bytes = self.page_file.read(expected.page)?;
        let place = Place { file: self.page_file.name(), offset: self.page_file.page_size().offset_of(expected.page) };
        self.open(&bytes, expected, place, PageSource::File)
    }

    fn open(&self, bytes: &[u8], expected: &PagePointer, place: Place<'_>, source: PageSource) -> Result<OpenedPage> {
        let plain = open_expected(&self.keys, bytes, expected, place).map_err(Error::Damage)?;
        self.tracer.emit(|detail| Event::PageOpened {
            page: expected.page,
            commit: expected.commit,
            seal: expected.seal,
            source,
            offset: place.offset,
            after: detail.image(expected.page, &plain),
        });
        Ok(OpenedPage { page: expected.page, commit: expected.commit, seal: expected.seal, plain })
    }

    /// The newest pointer to `page` that a snapshot of `commit` may use instead of `pointer`, without reading anything.
    pub fn newest_pointer(&self, pointer: &PagePointer, commit: CommitNo) -> PagePointer {
        self.log().index.lookup(pointer.page, commit).map_or(*pointer, |frame| frame.pointer(pointer.page))
    }
}

fn read_lock<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
