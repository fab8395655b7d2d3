//! What readers and the writer share: the page file, the cache, and the view that a new snapshot begins on.
//!
//! A view is a state and the generation of the log that it stands in. It never changes: a commit or a checkpoint publishes a new
//! one, and whoever holds an older one reads on by it.

use super::bell::Bell;
use super::durable::Commits;
use super::{Keyring, Witness};
use crate::crypto::{Anchor, Keys};
use crate::defence::{Defence, holds, is_off};
use crate::error::{Error, Result};
use crate::format::log::CommitBody;
use crate::format::page::{PageKind, SealedView};
use crate::format::superblock::Superblock;
use crate::pager::check::{PageUse, Place, open_expected};
use crate::pager::slots::slot_letter;
use crate::pager::{Cache, OpenedPage, PageFile};
use crate::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use crate::trace::{Event, PageSource, Tracer};
use crate::types::{CommitNo, PagePointer};
use crate::wal::{FramePlace, LogGeneration, read_frame};
use std::collections::BTreeMap;

/// The newest state that readers may see.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub commit: CommitNo,
    pub root: PagePointer,
    pub root_holder: RootHolder,
    pub page_count: u32,
    pub record_count: u64,
    pub fingerprint: [u8; 16],
    /// The head trunk of the free list; null when no page is free.
    pub free_list: PagePointer,
    /// Free pages: trunks and the pages they list.
    pub free_count: u32,
    /// The root of the tree of named trees; null when there is none.
    pub catalog: PagePointer,
    pub tree_count: u32,
}

impl Published {
    /// The state as a commit record of the log has it.
    pub fn of_commit(commit: CommitNo, body: &CommitBody) -> Published {
        Published {
            commit,
            root: body.root,
            root_holder: RootHolder::Commit(commit),
            page_count: body.page_count,
            record_count: body.record_count,
            fingerprint: body.fingerprint,
            free_list: body.free_list,
            free_count: body.free_count,
            catalog: body.catalog,
            tree_count: body.tree_count,
        }
    }

    /// The state as a superblock has it.
    pub fn of_superblock(superblock: &Superblock, slot: u8) -> Published {
        Published {
            commit: superblock.commit,
            root: superblock.root,
            root_holder: RootHolder::Superblock(slot),
            page_count: superblock.page_count,
            record_count: superblock.record_count,
            fingerprint: superblock.fingerprint,
            free_list: superblock.free_list,
            free_count: superblock.free_count,
            catalog: superblock.catalog,
            tree_count: superblock.tree_count,
        }
    }
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

/// When a commit is acknowledged, and so what a power cut may take.
///
/// A power cut is meant wherever it says so, and with it every crash of the operating system; a program that is killed loses
/// no commit that returned, in either mode, because what it wrote is the operating system's to write.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Durability {
    /// When its sync has returned: a power cut takes no commit that was acknowledged, and of one that was under way all or
    /// nothing.
    #[default]
    Full,
    /// When it stands in the log, before any sync: a power cut may take the newest commits, each whole and from the end on,
    /// back to the last [`Database::sync`](crate::Database::sync), checkpoint or other sync that returned. What is left is
    /// always the state after some commit, never a mixture of several.
    Relaxed,
}

/// A state and the generation of the log that it stands in: all that a snapshot needs besides the store.
#[derive(Clone)]
pub(crate) struct View {
    pub state: Published,
    pub log: Arc<LogGeneration>,
}

pub(crate) struct Store {
    pub page_file: PageFile,
    pub keys: Keys,
    pub keyring: Keyring,
    /// Where durable commits are noted, when the options name a file.
    pub witness: Option<Witness>,
    /// The newest durable state.
    pub durable: Mutex<Published>,
    pub tracer: Tracer,
    pub cache: Cache,
    /// What a new snapshot begins on.
    pub view: RwLock<View>,
    /// How far commits are durable, and whether the handle may write at all.
    pub commits: Commits,
    pub durability: Durability,
    /// Rung by a commit that finds the log past its bound.
    pub bell: Bell,
    /// Snapshots alive: how many of each commit. A snapshot begins under this lock, so whoever has seen here that none is older
    /// than what is published knows that none ever will be.
    pub snapshots: Mutex<BTreeMap<CommitNo, u32>>,
    /// A snapshot ended.
    pub snapshot_ended: Condvar,
    /// In a read-only handle: what can tell damage from a file that moved on.
    pub following: Option<Arc<dyn Following>>,
}

/// What knows whether the files moved on under a snapshot, because another process writes them.
pub(crate) trait Following: Send + Sync {
    /// A page could not be read for the reason `first`: reads it `again` as often as it takes to tell, and gives the page, or
    /// the damage that it really is, or [`Error::SnapshotOvertaken`].
    fn judge(
        &self,
        store: &Store,
        view: &View,
        first: Error,
        again: &mut dyn FnMut() -> Result<OpenedPage>,
    ) -> Result<OpenedPage>;
}

/// A pointer that whatever version stands there satisfies.
fn as_it_stands(expected: &PagePointer, bytes: &[u8]) -> PagePointer {
    let found = SealedView::new(bytes).and_then(|view| Some((view.header().ok()?.commit, view.seal())));
    found.map_or(*expected, |(commit, seal)| PagePointer { page: expected.page, commit, seal })
}

impl Store {
    /// What a new snapshot begins on.
    pub fn view(&self) -> View {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The newest state that readers may see.
    pub fn published(&self) -> Published {
        self.view().state
    }

    /// How many snapshots are older than `commit`, and the oldest of them; none when nobody reads what came before it.
    pub fn older_than(snapshots: &BTreeMap<CommitNo, u32>, commit: CommitNo) -> Option<(u32, CommitNo)> {
        let mut older = snapshots.range(..commit);
        let (&oldest, &count) = older.next()?;
        Some((older.fold(count, |sum, (_, count)| sum.saturating_add(*count)), oldest))
    }

    pub fn snapshots(&self) -> MutexGuard<'_, BTreeMap<CommitNo, u32>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn publish(&self, view: View) {
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// Marks the handle as unable to write, and hands the error on.
    pub fn poison(&self, error: Error) -> Error {
        let because = error.to_string();
        self.commits.poison(because.clone());
        self.tracer.emit(|_| Event::Poisoned { because: because.clone() });
        error
    }

    /// A durable state as a line that is kept elsewhere has it.
    pub fn anchor(&self, durable: &Published) -> Anchor {
        self.keyring.anchor(&self.keys, durable.commit, &durable.fingerprint)
    }

    /// The newest state that would survive the power going now. A relaxed commit is published before it is durable.
    pub fn durable(&self) -> MutexGuard<'_, Published> {
        self.durable.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that a state is durable.
    pub fn set_durable(&self, state: &Published) {
        let mut durable = self.durable();
        if durable.commit < state.commit {
            *durable = state.clone();
        }
    }

    /// Notes the newest durable state in the witness file.
    pub fn note_durable(&self) {
        if let Some(witness) = &self.witness {
            let durable = self.durable().clone();
            witness.note(self.anchor(&durable));
        }
    }

    /// The branch or leaf that `pointer` names, as a snapshot of `view` sees it; `PAGE-KIND` when it is no such page.
    pub fn read_page(&self, pointer: &PagePointer, view: &View) -> Result<Arc<OpenedPage>> {
        self.read_as(PageUse::Node, pointer, view)
    }

    /// The overflow page that `pointer` names, likewise.
    #[allow(dead_code, reason = "for the chains of long values")]
    pub fn read_overflow(&self, pointer: &PagePointer, view: &View) -> Result<Arc<OpenedPage>> {
        self.read_as(PageUse::Overflow, pointer, view)
    }

    /// The trunk of the free list that `pointer` names, likewise.
    #[allow(dead_code, reason = "for the free list")]
    pub fn read_trunk(&self, pointer: &PagePointer, view: &View) -> Result<Arc<OpenedPage>> {
        self.read_as(PageUse::FreeList, pointer, view)
    }

    /// The page that `pointer` names, as a snapshot of `view` sees it and as its place asks for it.
    ///
    /// The read rule: the log index first, and what it names must have the seal it remembers; else the page file, and what
    /// stands there must have the seal of the pointer.
    fn read_as(&self, asked: PageUse, pointer: &PagePointer, view: &View) -> Result<Arc<OpenedPage>> {
        let frame = view.log.index().lookup(pointer.page, view.state.commit);
        let frame = frame.filter(|_| !is_off(Defence::LogBeforePageFile));
        let expected = frame.map_or(*pointer, |frame| frame.pointer(pointer.page));
        let page = match self.cache.get(expected.page, expected.seal) {
            Some(page) => page,
            None => {
                let mut load = || match frame {
                    Some(frame) => self.open_from_log(&expected, frame, &view.log),
                    None => self.open_from_file(&expected),
                };
                let page = Arc::new(match (load(), &self.following) {
                    (Err(error), Some(following)) => following.judge(self, view, error, &mut load)?,
                    (loaded, _) => loaded?,
                });
                self.cache.insert(page.clone());
                page
            }
        };
        match page.kind() {
            kind if holds(Defence::AskedKind, asked.is(kind)) => Ok(page),
            kind => Err(self.other_kind(asked, kind, &expected, frame, &view.log)),
        }
    }

    fn other_kind(
        &self,
        asked: PageUse,
        kind: PageKind,
        expected: &PagePointer,
        frame: Option<FramePlace>,
        log: &LogGeneration,
    ) -> Error {
        let page_size = self.page_file.page_size();
        let place = match frame {
            Some(frame) => Place { file: &log.name, offset: frame.offset },
            None => Place { file: self.page_file.name(), offset: page_size.offset_of(expected.page) },
        };
        Error::Damage(Box::new(asked.refuse(kind, expected.page, place, page_size.bytes())))
    }

    fn open_from_log(&self, expected: &PagePointer, frame: FramePlace, log: &LogGeneration) -> Result<OpenedPage> {
        let file = log.file().expect("invariant: a log with frames in its index has a file");
        let bytes = read_frame(&**file, &log.name, frame, self.page_file.page_size())?;
        let expected = &if is_off(Defence::LogIndexSeal) { as_it_stands(expected, &bytes) } else { *expected };
        self.open(&bytes, expected, Place { file: &log.name, offset: frame.offset }, PageSource::Log)
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

    /// The newest pointer to `page` that a snapshot of `view` may use instead of `pointer`, without reading anything.
    pub fn newest_pointer(&self, pointer: &PagePointer, view: &View) -> PagePointer {
        let frame = view.log.index().lookup(pointer.page, view.state.commit);
        frame.map_or(*pointer, |frame| frame.pointer(pointer.page))
    }
}
