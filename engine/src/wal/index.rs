//! The log index: for each page, where its sealed versions stand in the log, oldest first; and one generation of the log as
//! readers hold it.

use crate::defence::{Defence, holds};
use crate::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use crate::types::{CommitNo, PageNo, Seal};
use crate::vfs::VfsFile;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::OnceLock;

/// One generation of the log: its file and its index. A snapshot holds the one it began on for as long as it lives; when the
/// log is folded and a new generation begins, that is another value and the old one stays as it was.
///
/// A frame is in the index from its append on, before its commit is durable: a snapshot finds in it only what is not newer than
/// itself, and no snapshot begins on a commit before that is published.
pub(crate) struct LogGeneration {
    /// Its number.
    pub generation: u64,
    /// The commit of the page file that it goes on from.
    pub base: CommitNo,
    /// The log's file name.
    pub name: String,
    /// Unset until the generation's first commit.
    file: OnceLock<Arc<dyn VfsFile>>,
    index: RwLock<LogIndex>,
}

impl LogGeneration {
    /// A generation whose file is not begun; `index` says what stands in it already when it is read from a disk.
    pub fn new(generation: u64, base: CommitNo, name: String, index: LogIndex) -> LogGeneration {
        LogGeneration { generation, base, name, file: OnceLock::new(), index: RwLock::new(index) }
    }

    /// The file, once there is one.
    pub fn file(&self) -> Option<&Arc<dyn VfsFile>> {
        self.file.get()
    }

    /// Says which file this generation stands in; the first to say so counts.
    pub fn set_file(&self, file: Arc<dyn VfsFile>) {
        let _ = self.file.set(file);
    }

    pub fn index(&self) -> RwLockReadGuard<'_, LogIndex> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in the frames of a commit that was appended.
    pub fn add(&self, frames: &[(PageNo, FramePlace)]) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        frames.iter().for_each(|&(page, frame)| index.insert(page, frame));
    }
}

/// One sealed version of a page in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FramePlace {
    pub commit: CommitNo,
    pub seal: Seal,
    /// Where the sealed page starts in the log, in bytes.
    pub offset: u64,
}

#[derive(Clone, Default)]
pub(crate) struct LogIndex {
    versions: BTreeMap<PageNo, Versions>,
}

/// The versions of one page. Most pages of a large commit have one, which takes no memory of its own.
#[derive(Clone)]
struct Versions {
    newest: FramePlace,
    /// The oldest first.
    older: Vec<FramePlace>,
}

impl LogIndex {
    pub fn insert(&mut self, page: PageNo, frame: FramePlace) {
        match self.versions.entry(page) {
            Entry::Vacant(entry) => drop(entry.insert(Versions { newest: frame, older: Vec::new() })),
            Entry::Occupied(mut entry) => {
                let versions = entry.get_mut();
                versions.older.push(versions.newest);
                versions.newest = frame;
            }
        }
    }

    /// The version of `page` that a snapshot of `commit` sees, if the log has one.
    pub fn lookup(&self, page: PageNo, commit: CommitNo) -> Option<FramePlace> {
        let Versions { newest, older } = self.versions.get(&page)?;
        if holds(Defence::SnapshotSeesItsCommit, newest.commit <= commit) {
            return Some(*newest);
        }
        older.iter().rev().find(|frame| frame.commit <= commit).copied()
    }

    /// The newest version of each page, in page order.
    pub fn newest(&self) -> impl Iterator<Item = (PageNo, FramePlace)> + '_ {
        self.versions.iter().map(|(&page, versions)| (page, versions.newest))
    }

    pub fn pages_count(&self) -> usize {
        self.versions.len()
    }

    pub fn frames_count(&self) -> usize {
        self.versions.values().map(|versions| 1 + versions.older.len()).sum()
    }
}
