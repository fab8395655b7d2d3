//! Checkpoint: the page file vouches for itself again, and the log is spent.
//!
//! 1. Seal transaction: every branch above a page in the log gets the newest seals of its children, up to the root. These
//!    pages are a commit of their own, the last of this log; sync.
//!    With an archive: the log, which is finished now, is kept there, or the checkpoint ends here.
//! 2. Each page goes to its place in the page file in exactly the version the log index gives, sorted, neighbours joined, as
//!    sealed bytes that nobody opens; each frame's checksum and seal are checked on the way; sync.
//! 3. The other superblock slot: next generation, next log generation, the new root, no log expected; sync.
//! 4. The generation is over. The next one overwrites its file, or begins in a new one while somebody still reads in it.
//!
//! It may be interrupted anywhere: until step 3 is durable the old slot and the whole log say the same as before.
//!
//! Who reads meanwhile. A snapshot is a commit and the generation of the log it began on, and reads by that log's index first and
//! the page file else. Step 2 changes pages of the page file, so it waits until every snapshot is at the seal transaction or
//! newer; since the writer is held, newer there is none. For a snapshot at the seal transaction each page that step 2 writes
//! is in its index, so it never reads one that is being written; and afterwards it goes on in the old index and the old file,
//! which nobody overwrites while it lives. It stands in the way of the next checkpoint's step 2, being older than its seal
//! transaction. So while step 2 and 3 of a generation run, every snapshot is at its seal transaction and in its log.
//!
//! A reader of another process that holds a shared lock of the log has pinned what it reads: the log is locked from before step 1
//! to the end, and nothing is done when that cannot be. A pin is not waited for.

use crate::btree::level_fits;
use crate::crypto::SealedPage;
use crate::defence::{Defence, durable, holds, is_off};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::catalog::TreeEntry;
use crate::format::free_list::FreeTrunk;
use crate::format::log::{LogShape, RECORD_HEADER_BYTES, RecordKind, RecordView};
use crate::format::node::Node;
use crate::format::page::{PageHeader, SealedView};
use crate::pager::OpenedPage;
use crate::sync::{Arc, PoisonError};
use crate::trace::Event;
use crate::txn::{CommitKind, NonceDraw, Prepared, Published, RootHolder, SealedPages, Store, View, Witness, Writer};
use crate::types::{CommitNo, PageNo, PagePointer};
use crate::vfs::{LockKind, OpenMode, VfsFile, file_name, read_up_to};
use crate::wal::{FramePlace, log_path};
use std::collections::BTreeMap;

use std::time::Duration;

/// What a checkpoint does about snapshots that stand in its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CheckpointMode {
    /// Gives up at once, before anything is written, while any snapshot lives.
    Passive,
    /// Waits for those that live to end; new ones begin and read meanwhile and do not stand in the way. Transactions wait.
    Full {
        /// The longest it waits; then it gives up.
        wait: Duration,
    },
}

/// What a checkpoint did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
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
    /// Snapshots stand in the way. The page file was not touched; what was waited for in vain has left its seal transaction at
    /// the end of the log, which the next attempt takes up unless commits came in between.
    Deferred {
        /// How many.
        snapshots: u32,
    },
    /// A reader in another process has pinned the log; nothing was done.
    Pinned,
}

/// Most pages joined into one write: 256 KiB at 4 KiB a page.
const RUN_PAGES_MAX: usize = 64;

/// How long a checkpoint that nobody asked for waits for snapshots.
const WAIT_OF_ITS_OWN: Duration = Duration::from_millis(100);

pub(super) fn checkpoint(store: &Store, writer: &mut Writer, mode: CheckpointMode) -> Result<CheckpointOutcome> {
    // Also where nothing is to be folded: an archive would take a page file that is in doubt for its base.
    store.commits.check_sound()?;
    // Left between the superblock and the end of the log, the next commit would go into a log that the disk says is over.
    store.commits.or_in_doubt(|| fold(store, writer, mode))
}

fn fold(store: &Store, writer: &mut Writer, mode: CheckpointMode) -> Result<CheckpointOutcome> {
    let newest = writer.head.state.commit;
    if mode == CheckpointMode::Passive {
        // A seal transaction that an earlier attempt left is used again, and a snapshot of it is not in the way.
        let end = if writer.is_sealed { newest } else { newest.next() };
        if let Some((snapshots, oldest)) = Store::older_than(&store.snapshots(), end) {
            writer.blocked_by = Some(oldest);
            return Ok(CheckpointOutcome::Deferred { snapshots });
        }
    }
    writer.settle(store)?;
    let base = writer.head.clone();
    let pages = base.log.index().pages_count();
    if pages == 0 {
        writer.archive_base(store)?;
        return Ok(CheckpointOutcome::NothingToFold);
    }
    // Held to the end: a reader of another process that wants to pin the log waits.
    let unpinned = lock_log(writer)?;
    writer.is_pinned = unpinned.is_none();
    let Some(_unpinned) = unpinned else { return Ok(CheckpointOutcome::Pinned) };
    store.tracer.emit(|_| Event::CheckpointStarted { commit: newest, pages: pages as u32 });
    if !writer.is_sealed {
        seal_transaction(store, writer, &base)?;
    }
    let sealed = writer.head.state.clone();
    if let Some((snapshots, oldest)) = wait_for_older(store, sealed.commit, mode) {
        writer.blocked_by = Some(oldest);
        store.tracer.emit(|_| Event::CheckpointDeferred { commit: sealed.commit, snapshots, oldest });
        return Ok(CheckpointOutcome::Deferred { snapshots });
    }
    writer.blocked_by = None;
    writer.archive_log()?;
    let pages = copy_in_place(store, writer)?;
    publish_slot(store, writer, &sealed)?;
    writer.end_log(store);
    let log_generation = writer.superblock.log_generation;
    store.witness.iter().for_each(Witness::sync);
    store.tracer.emit(|_| Event::CheckpointEnded { commit: sealed.commit, pages, log_generation });
    writer.archive_base(store)?;
    Ok(CheckpointOutcome::Folded { pages, commit: sealed.commit })
}

/// A checkpoint that nobody asked for. A snapshot that stood in the way the last time and stands there still is not waited for
/// again: it may be a backup of an hour, and every transaction would wait for it.
pub(super) fn checkpoint_of_a_long_log(store: &Store, writer: &mut Writer) -> Result<()> {
    let oldest = store.snapshots().keys().next().copied();
    if writer.blocked_by.is_some() && writer.blocked_by == oldest {
        return Ok(());
    }
    match checkpoint(store, writer, CheckpointMode::Full { wait: WAIT_OF_ITS_OWN }) {
        Ok(_) => Ok(()),
        // A disk too full for it is no error here: the log is whole, grows on, and the next one tries again. If there is no room
        // for a commit either, that will say so.
        Err(Error::Io { .. }) if store.commits.check_sound().is_ok() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The snapshots that are older than `commit`, when they have not ended in time.
fn wait_for_older(store: &Store, commit: CommitNo, mode: CheckpointMode) -> Option<(u32, CommitNo)> {
    let mut snapshots = store.snapshots();
    if is_off(Defence::WaitForSnapshots) {
        return None;
    }
    if let CheckpointMode::Full { wait } = mode {
        let is_read = |snapshots: &mut BTreeMap<CommitNo, u32>| Store::older_than(snapshots, commit).is_some();
        let waited = store.snapshot_ended.wait_timeout_while(snapshots, wait, is_read);
        snapshots = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    Store::older_than(&snapshots, commit)
}

/// The log's exclusive lock, which no reader's pin stands against; none when one does. It belongs to an open file of its own,
/// and is given back with it.
fn lock_log(writer: &mut Writer) -> Result<Option<Arc<dyn VfsFile>>> {
    let path = log_path(&writer.path);
    let name = file_name(&path);
    let failed = |source| Error::io("locking", &name, source);
    if let Some(replaced) = &writer.replaced_log {
        if !replaced.try_lock(LockKind::Exclusive).map_err(failed)? {
            return Ok(None);
        }
        writer.replaced_log = None;
    }
    let file = writer.vfs.open(&path, OpenMode::Write).map_err(|source| Error::io("open", &name, source))?;
    Ok(file.try_lock(LockKind::Exclusive).map_err(failed)?.then_some(file))
}

/// Step 1.
fn seal_transaction(store: &Store, writer: &mut Writer, base: &View) -> Result<()> {
    let commit = base.state.commit.next();
    let name = store.page_file.name();
    let nonces = NonceDraw::new(writer.entropy.clone(), name, 16)?;
    let mut resealing = Resealing { store, base, commit, nonces, sealed: SealedPages::default(), plain: Vec::new() };
    let root = resealing.newest(&base.state.root, None)?;
    let catalog = resealing.newest_catalog(&base.state.catalog, None)?;
    let free_list = resealing.newest_free_list(&base.state.free_list)?;
    let Resealing { sealed, plain, .. } = resealing;
    let pages = sealed.pages.len() as u32;
    let opened = plain
        .into_iter()
        .map(|(page, plain)| {
            let seal = sealed.pointers[&page].seal;
            Arc::new(OpenedPage { page, commit, seal, plain: plain.into() })
        })
        .collect();
    let root_holder = RootHolder::Commit(commit);
    let next = Published { commit, root, root_holder, catalog, free_list, ..base.state.clone() };
    let frames = Box::new(sealed.pages.into_iter().map(Ok));
    writer.append_prepared(store, Prepared { next, kind: CommitKind::Seal, frames, opened })?;
    writer.settle(store)?;
    store.tracer.emit(|_| Event::SealTransactionCommitted { commit, pages, root });
    Ok(())
}

/// Seals branches again, children first, wherever a pointer is older than what it points to.
struct Resealing<'a> {
    store: &'a Store,
    base: &'a View,
    commit: CommitNo,
    nonces: NonceDraw<'a>,
    sealed: SealedPages,
    plain: Vec<(PageNo, Vec<u8>)>,
}

impl Resealing<'_> {
    /// The newest pointer to the page that `pointer` names below a parent of that level, its own pointers made new first; without
    /// a parent it is a root. Leaves are not read unless the root is one. The levels bound the recursion.
    fn newest(&mut self, pointer: &PagePointer, parent: Option<u8>) -> Result<PagePointer> {
        let page = self.store.read_page(pointer, self.base)?;
        let current = PagePointer { page: page.page, commit: page.commit, seal: page.seal };
        let level = page.view().level();
        level_fits(level, pointer, parent)?;
        let mut renewed = Vec::new();
        for slot in 0..if level == 0 { 0 } else { page.view().slot_count() } {
            let child = page.view().child(slot);
            let newest = match level {
                1 => self.store.newest_pointer(&child, self.base),
                _ => self.newest(&child, Some(level))?,
            };
            if newest != child && !is_off(Defence::RenewedPointers) {
                renewed.push((slot, newest));
            }
        }
        if renewed.is_empty() {
            return Ok(current);
        }
        let mut node = self.opened_node(&page)?;
        for (slot, newest) in &renewed {
            node.set_child(*slot, newest);
        }
        let children = renewed.iter().map(|(_, child)| child.page).collect();
        self.seal_again(&page, level, node.into_bytes(), children)
    }

    /// The same for the catalog, whose leaves name the roots of the named trees.
    fn newest_catalog(&mut self, pointer: &PagePointer, parent: Option<u8>) -> Result<PagePointer> {
        if pointer.is_null() {
            return Ok(*pointer);
        }
        let page = self.store.read_page(pointer, self.base)?;
        let level = page.view().level();
        level_fits(level, pointer, parent)?;
        let mut node = self.opened_node(&page)?;
        let mut children = Vec::new();
        for slot in 0..page.view().slot_count() {
            let renewed = match level {
                0 => self.renew_entry(&mut node, slot)?,
                _ => {
                    let child = page.view().child(slot);
                    let newest = self.newest_catalog(&child, Some(level))?;
                    node.set_child(slot, &newest);
                    (newest != child).then_some(child.page)
                }
            };
            children.extend(renewed);
        }
        if children.is_empty() {
            return Ok(PagePointer { page: page.page, commit: page.commit, seal: page.seal });
        }
        self.seal_again(&page, level, node.into_bytes(), children)
    }

    /// Gives an entry of the catalog the newest pointer to its tree's root; the root, when that is another now.
    fn renew_entry(&mut self, node: &mut Node, slot: usize) -> Result<Option<PageNo>> {
        let name = self.store.page_file.name();
        let mut entry =
            TreeEntry::decode(node.view().value(slot)).map_err(|error| Error::from(error.finding(name, 0)))?;
        let newest = self.newest(&entry.root, None)?;
        if newest == entry.root {
            return Ok(None);
        }
        entry.root = newest;
        node.set_value(slot, &entry.encode());
        Ok(Some(newest.page))
    }

    /// The same for the free list. A trunk changes only while it is the head, so below one that the log does not have, none
    /// is newer than the pointer to it.
    fn newest_free_list(&mut self, pointer: &PagePointer) -> Result<PagePointer> {
        let mut trunks = Vec::new();
        let mut at = *pointer;
        while !at.is_null() && self.base.log.index().lookup(at.page, self.base.state.commit).is_some() {
            let page = self.store.read_trunk(&at, self.base)?;
            at = page.trunk().next().unwrap_or(PagePointer::NULL);
            trunks.push(page);
            if !holds(Defence::FreeListBound, trunks.len() <= self.base.state.free_count as usize) {
                let why = "The free list has more trunks than there are free pages.";
                return Err(Finding::new(Code::FreeCycle, why).page(at.page).into());
            }
        }
        let mut newest = at;
        for page in trunks.into_iter().rev() {
            let name = self.store.page_file.name();
            let mut trunk = FreeTrunk::from_plain(page.plain.to_vec())
                .map_err(|error| Error::from(error.finding(name, 0).page(page.page)))?;
            let current = PagePointer { page: page.page, commit: page.commit, seal: page.seal };
            newest = match trunk.next() {
                Some(next) if next != newest => {
                    trunk.set_next(&newest);
                    self.seal_again(&page, 0, trunk.into_bytes(), vec![next.page])?
                }
                _ => current,
            };
        }
        Ok(newest)
    }

    fn opened_node(&self, page: &OpenedPage) -> Result<Node> {
        Node::from_plain(page.plain.to_vec())
            .map_err(|error| Error::from(error.finding(self.store.page_file.name(), 0).page(page.page)))
    }

    /// Seals a page again that carries newer pointers now.
    fn seal_again(
        &mut self,
        page: &OpenedPage,
        level: u8,
        plain: Vec<u8>,
        children: Vec<PageNo>,
    ) -> Result<PagePointer> {
        let (kind, page, commit) = (page.kind(), page.page, self.commit);
        self.store.tracer.emit(|detail| Event::PointersRefreshed { page, children, after: detail.image(page, &plain) });
        let nonce = self.nonces.next()?;
        let pointer = self.sealed.seal(self.store, PageHeader { kind, page, commit }, level, &plain, nonce);
        self.plain.push((page, plain));
        Ok(pointer)
    }
}

/// Step 2.
fn copy_in_place(store: &Store, writer: &Writer) -> Result<u32> {
    let log = &writer.head.log;
    let frames: Vec<(PageNo, FramePlace)> = log.index().newest().collect();
    let file = log.file().expect("invariant: a log with frames has a file");
    let mut start = 0;
    let left_out = usize::from(is_off(Defence::EveryPageFolded));
    while start + left_out < frames.len() {
        let end = run_end(&frames, start);
        let pages = frames[start..end]
            .iter()
            .map(|(page, frame)| read_checked(store, &**file, &log.name, *page, frame))
            .collect::<Result<Vec<SealedPage>>>()?;
        store.page_file.write_run(frames[start].0, &pages)?;
        start = end;
    }
    durable(Defence::SyncOfPageFile, || store.page_file.sync()).map_err(|error| store.poison(error))?;
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
    let read = read_up_to(log, offset, &mut bytes).map_err(|source| Error::io("read", name, source))?;
    // A log that ends before the frame does is no failure of the disk's: the record is not there any more.
    bytes.truncate(read);
    let is_whole = holds(Defence::FrameChecksumWhileFolding, RecordView::decode(&bytes, shape).is_ok());
    let body = bytes.get(RECORD_HEADER_BYTES..).unwrap_or_default();
    let is_it = SealedView::new(body).is_some_and(|view| view.seal() == frame.seal);
    let stands = is_whole && holds(Defence::FrameSealWhileFolding, is_it);
    let sealed = stands.then(|| SealedPage::adopt(body.to_vec())).flatten();
    sealed.ok_or_else(|| {
        Finding::new(
            Code::LogRot,
            format!("The log's frame of page {page} changed since it was written; the log was kept."),
        )
        .at(name, offset..offset + shape.record_bytes(RecordKind::Page) as u64)
        .page(page)
        .expected(format!("seal {}", frame.seal.short()), "other bytes")
        .remedy()
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
    writer.write_superblock(store, next, Defence::SyncOfCheckpointSlot).map_err(|error| store.poison(error))
}
