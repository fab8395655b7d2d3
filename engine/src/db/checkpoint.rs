//! Checkpoint: the page file vouches for itself again, and the log is spent.
//!
//! 1. Seal transaction: every branch above a page in the log gets the newest seals of its children, up to the root. These
//!    pages are a commit of their own, the last of this log; sync.
//!    With an archive: the log, which is finished now, is kept there, or the checkpoint ends here.
//! 2. Each page goes to its place in the page file in exactly the version the log index gives, sorted, neighbours joined, as
//!    sealed bytes that nobody opens; each frame's checksum and seal are checked on the way; sync.
//! 3. The other superblock slot: next generation, next log generation, the new root, no log expected; sync.
//! 4. The log is cut to nothing. (Should that be lost, its generation says that it is spent.)
//!
//! It may be interrupted anywhere: until step 3 is durable the old slot and the whole log say the same as before.
//! No snapshot lives meanwhile: one from before the seal transaction would find re-sealed parents in the page file.

use crate::crypto::SealedPage;
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::log::{LogShape, RECORD_HEADER_BYTES, RecordKind, RecordView};
use crate::format::node::Node;
use crate::format::page::{PageHeader, SealedView};
use crate::pager::OpenedPage;
use crate::trace::Event;
use crate::txn::{CommitKind, NonceDraw, Prepared, Published, RootHolder, SealedPages, Store, View, Witness, Writer};
use crate::types::{CommitNo, PageNo, PagePointer};
use crate::vfs::{VfsFile, read_exact_at};
use crate::wal::{FramePlace, LogGeneration, LogIndex};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// What a checkpoint does about snapshots that stand in its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckpointMode {
    /// Gives up at once, before anything is written.
    Passive,
    /// Waits for them to end; new ones do not stand in the way.
    Full {
        /// The longest it waits; then it gives up.
        wait: Duration,
    },
}

/// What a checkpoint did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckpointOutcome {
    /// The log is folded into the page file.
    Folded {
        /// Pages written in place.
        pages: u32,
        /// The commit the page file is at.
        commit: CommitNo,
    },
    /// There was nothing in the log.
    NothingToFold,
    /// Snapshots stand in the way; nothing was done.
    Deferred {
        /// How many.
        snapshots: u32,
    },
}

/// Most pages joined into one write: 256 KiB at 4 KiB a page.
const RUN_PAGES_MAX: usize = 64;

pub(super) fn checkpoint(store: &Store, writer: &mut Writer, mode: CheckpointMode) -> Result<CheckpointOutcome> {
    // Held to the end: a snapshot that wants to begin waits.
    let mut snapshots = store.snapshots();
    if let CheckpointMode::Full { wait } = mode {
        let waited = store.snapshot_ended.wait_timeout_while(snapshots, wait, |snapshots| !snapshots.is_empty());
        snapshots = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    let alive: u32 = snapshots.values().sum();
    if alive > 0 {
        return Ok(CheckpointOutcome::Deferred { snapshots: alive });
    }
    writer.settle(store)?;
    let base = writer.head.clone();
    let pages = base.log.index().pages_count();
    if pages == 0 {
        writer.archive_base(store)?;
        return Ok(CheckpointOutcome::NothingToFold);
    }
    store.tracer.emit(|_| Event::CheckpointStarted { commit: base.state.commit, pages: pages as u32 });
    let sealed = seal_transaction(store, writer, &base)?;
    writer.archive_log()?;
    let pages = copy_in_place(store, writer)?;
    publish_slot(store, writer, &sealed)?;
    let generation = writer.superblock.log_generation;
    spend_log(store, writer, &sealed);
    store.witness.iter().for_each(Witness::sync);
    store.tracer.emit(|_| Event::CheckpointEnded { commit: sealed.commit, pages, log_generation: generation });
    writer.archive_base(store)?;
    Ok(CheckpointOutcome::Folded { pages, commit: sealed.commit })
}

/// Step 1.
fn seal_transaction(store: &Store, writer: &mut Writer, base: &View) -> Result<Published> {
    let commit = base.state.commit.next();
    let name = store.page_file.name();
    let nonces = NonceDraw::new(writer.entropy.clone(), name, 16)?;
    let mut resealing = Resealing { store, base, commit, nonces, sealed: SealedPages::default(), plain: Vec::new() };
    let root = resealing.newest(&base.state.root)?;
    let Resealing { sealed, plain, .. } = resealing;
    let pages = sealed.pages.len() as u32;
    let opened = plain
        .into_iter()
        .map(|(page, node)| {
            let seal = sealed.pointers[&page].seal;
            Arc::new(OpenedPage { page, commit, seal, plain: node.into_bytes().into() })
        })
        .collect();
    let next = Published { commit, root, root_holder: RootHolder::Commit(commit), ..base.state.clone() };
    let frames = Box::new(sealed.pages.into_iter().map(Ok));
    let state = writer.append_prepared(store, Prepared { next, kind: CommitKind::Seal, frames, opened })?;
    writer.settle(store)?;
    store.tracer.emit(|_| Event::SealTransactionCommitted { commit, pages, root });
    Ok(state)
}

/// Seals branches again, children first, wherever a pointer is older than what it points to.
struct Resealing<'a> {
    store: &'a Store,
    base: &'a View,
    commit: CommitNo,
    nonces: NonceDraw<'a>,
    sealed: SealedPages,
    plain: Vec<(PageNo, Node)>,
}

impl Resealing<'_> {
    /// The newest pointer to the page that `pointer` names, its own pointers made new first. Leaves are not read unless the
    /// root is one. Recursion is bounded: a child stands one level below its parent, as every read checks.
    fn newest(&mut self, pointer: &PagePointer) -> Result<PagePointer> {
        let page = self.store.read_page(pointer, self.base)?;
        let current = PagePointer { page: page.page, commit: page.commit, seal: page.seal };
        let level = page.view().level();
        let mut renewed = Vec::new();
        for slot in 0..if level == 0 { 0 } else { page.view().slot_count() } {
            let child = page.view().child(slot);
            let newest = match level {
                1 => self.store.newest_pointer(&child, self.base),
                _ => self.newest(&child)?,
            };
            if newest != child {
                renewed.push((slot, newest));
            }
        }
        if renewed.is_empty() {
            return Ok(current);
        }
        let mut node = Node::from_plain(page.plain.to_vec())
            .map_err(|error| Error::from(error.finding(self.store.page_file.name(), 0).page(page.page)))?;
        for (slot, newest) in &renewed {
            node.set_child(*slot, newest);
        }
        self.store.tracer.emit(|detail| Event::PointersRefreshed {
            page: page.page,
            children: renewed.iter().map(|(_, child)| child.page).collect(),
            after: detail.image(page.page, node.as_bytes()),
        });
        let header = PageHeader { kind: node.view().kind(), page: page.page, commit: self.commit };
        let nonce = self.nonces.next()?;
        let pointer = self.sealed.seal(self.store, header, level, node.as_bytes(), nonce);
        self.plain.push((page.page, node));
        Ok(pointer)
    }
}

/// Step 2.
fn copy_in_place(store: &Store, writer: &Writer) -> Result<u32> {
    let log = &writer.head.log;
    let frames: Vec<(PageNo, FramePlace)> = log.index().newest().collect();
    let file = log.file().expect("invariant: a log with frames has a file");
    let mut start = 0;
    while start < frames.len() {
        let end = run_end(&frames, start);
        let pages = frames[start..end]
            .iter()
            .map(|(page, frame)| read_checked(store, &**file, &log.name, *page, frame))
            .collect::<Result<Vec<SealedPage>>>()?;
        store.page_file.write_run(frames[start].0, &pages)?;
        start = end;
    }
    store.page_file.sync().map_err(|error| store.poison(error))?;
    Ok(frames.len() as u32)
}

/// The end of the run of neighbouring pages that begins at `start`.
fn run_end(frames: &[(PageNo, FramePlace)], start: usize) -> usize {
    let neighbours = |index: usize| frames[index].0.0 == frames[index - 1].0.0 + 1;
    (start + 1..frames.len())
        .take(RUN_PAGES_MAX - 1)
        .find(|&index| !neighbours(index))
        .unwrap_or(frames.len().min(start + RUN_PAGES_MAX))
}

/// The next generation overwrites the good evidence, so a frame is copied only when it still is what was logged.
fn read_checked(store: &Store, log: &dyn VfsFile, name: &str, page: PageNo, frame: &FramePlace) -> Result<SealedPage> {
    let page_size = store.page_file.page_size();
    let offset = frame.offset - RECORD_HEADER_BYTES as u64;
    let shape = LogShape::newest(page_size);
    let mut bytes = vec![0; shape.record_bytes(RecordKind::Page)];
    read_exact_at(log, offset, &mut bytes).map_err(|source| Error::io("read", name, source))?;
    let sealed = RecordView::decode(&bytes, shape).ok().and_then(|record| {
        let view = SealedView::new(record.body())?;
        (view.seal() == frame.seal).then(|| SealedPage::adopt(record.body().to_vec())).flatten()
    });
    sealed.ok_or_else(|| {
        Finding::new(
            Code::LogRot,
            format!("The log's frame of page {page} changed since it was written; the log was kept."),
        )
        .at(name, offset..offset + bytes.len() as u64)
        .page(page)
        .expected(format!("seal {}", frame.seal.short()), "other bytes")
        .next("Keep a copy of both files. Restore a backup.")
        .into()
    })
}

/// Step 3.
fn publish_slot(store: &Store, writer: &mut Writer, sealed: &Published) -> Result<()> {
    let mut next = writer.superblock.clone();
    next.log_generation += 1;
    next.log_expected = false;
    next.commit = sealed.commit;
    next.root = sealed.root;
    next.page_count = sealed.page_count;
    next.record_count = sealed.record_count;
    next.free_list = sealed.free_list;
    next.free_count = sealed.free_count;
    next.catalog = sealed.catalog;
    next.tree_count = sealed.tree_count;
    next.fingerprint = sealed.fingerprint;
    writer.write_superblock(store, next).map_err(|error| store.poison(error))
}

/// Step 4. A log that could not be cut is spent all the same: its generation is older than the superblock's.
fn spend_log(store: &Store, writer: &mut Writer, sealed: &Published) {
    let state = Published { root_holder: RootHolder::Superblock(writer.slot), ..sealed.clone() };
    let name = writer.head.log.name.clone();
    let log = Arc::new(LogGeneration::new(writer.superblock.log_generation, name, LogIndex::default()));
    writer.head = View { state, log };
    store.publish(writer.head.clone());
    writer.log = None;
    if let Some(file) = &writer.log_file {
        let _ = file.set_len(0);
    }
}
