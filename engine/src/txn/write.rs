//! The one writer: changed pages in memory, then one append to the log.

use super::read::Value;
use super::slot::WriterGuard;
use super::store::{Published, RootHolder, Store};
use crate::btree::{self, PageRead, PageRef, PageWrite};
use crate::crypto::{Entropy, SealedPage, draw_nonces};
use crate::error::{Error, Result};
use crate::format::log::CommitBody;
use crate::format::node::Node;
use crate::format::page::{PageHeader, PageKind};
use crate::format::superblock::Superblock;
use crate::limits;
use crate::pager::OpenedPage;
use crate::trace::{Event, Tracer};
use crate::types::{CommitNo, PageNo, PagePointer, PageSize};
use crate::vfs::{OpenMode, Vfs, VfsFile};
use crate::wal::{AppendError, Appended, Commit, Log, log_path};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What only the writer touches: the log's end, the superblock as it is durable, and why it may no longer write.
pub(crate) struct Writer {
    pub vfs: Arc<dyn Vfs>,
    pub path: PathBuf,
    pub entropy: Arc<dyn Entropy>,
    /// The superblock that is durable, and the slot it stands in.
    pub superblock: Superblock,
    pub slot: u8,
    /// The log's file, once there is one.
    pub log_file: Option<Arc<dyn VfsFile>>,
    /// The log of the present generation, once its header is written.
    pub log: Option<Log>,
    pub poisoned: Option<String>,
    pub transactions: u64,
    /// Checkpoint before a transaction begins on a log of more than this many bytes.
    pub log_bytes_checkpoint: u64,
}

const SYNC_OF_FOLDER: &str = "sync of the folder of";

/// What a failure means when the commit stands in the log already.
fn indeterminate(error: Error) -> Error {
    match error {
        Error::Io { file, source, .. } => Error::CommitIndeterminate { file, source },
        other => other,
    }
}

impl Writer {
    /// Fails when an earlier error left the log or the page file in doubt.
    pub fn check_sound(&self) -> Result<()> {
        match &self.poisoned {
            Some(because) => Err(Error::Poisoned { because: because.clone() }),
            None => Ok(()),
        }
    }

    /// Bytes of the log that count.
    pub fn log_bytes(&self) -> u64 {
        self.log.as_ref().map_or(0, Log::bytes)
    }

    /// Marks the handle as unable to write, and hands the error on.
    pub fn poison(&mut self, error: Error, tracer: &Tracer) -> Error {
        let because = error.to_string();
        tracer.emit(|_| Event::Poisoned { because: because.clone() });
        self.poisoned.get_or_insert(because);
        error
    }

    /// Appends a commit to the log, beginning the generation when it is the first; durable and vouched for on `Ok`.
    pub fn append(
        &mut self,
        store: &Store,
        commit: CommitNo,
        pages: &[(PageNo, SealedPage)],
        body: CommitBody,
    ) -> Result<Appended> {
        let previous_fingerprint = store.published().fingerprint;
        if self.log.is_none() {
            self.begin_log(store).map_err(|error| match error {
                Error::Io { doing: "sync" | SYNC_OF_FOLDER, .. } => self.poison(error, &store.tracer),
                other => other,
            })?;
        }
        let log = self.log.as_mut().expect("invariant: the log was begun above");
        let appended = match log.append(Commit { commit, pages, body, previous_fingerprint }, &store.keys) {
            Ok(appended) => appended,
            Err(AppendError::Clean(error)) => return Err(error),
            Err(AppendError::Indeterminate(error)) => return Err(self.poison(error, &store.tracer)),
        };
        if !self.superblock.log_expected {
            let mut next = self.superblock.clone();
            next.log_expected = true;
            // The commit stands in the log, durable: after any failure here it may well be there when the file is opened again.
            self.write_superblock(store, next).map_err(|error| self.poison(indeterminate(error), &store.tracer))?;
        }
        Ok(appended)
    }

    /// Writes `superblock` with the next slot generation into the other slot and syncs it.
    pub fn write_superblock(&mut self, store: &Store, mut superblock: Superblock) -> Result<()> {
        superblock.slot_generation = self.superblock.slot_generation + 1;
        let slot = 1 - self.slot;
        let bytes = superblock.encode(|input| store.keys.superblock_mac(input));
        store.page_file.write_superblock(slot, &bytes)?;
        store.page_file.sync()?;
        self.superblock = superblock;
        self.slot = slot;
        Ok(())
    }

    /// First commit of a generation: the log's header is durable, and so is its name, before any commit relies on it.
    fn begin_log(&mut self, store: &Store) -> Result<()> {
        let path = log_path(&self.path);
        let name = store.log().name.clone();
        // A file opened here may bear a name that only the operating system knows of, be it from a commit that failed a
        // moment ago: its folder is synced whether or not this call created it.
        let (file, is_name_durable) = match &self.log_file {
            Some(file) => (file.clone(), true),
            None => {
                let exists = self.vfs.exists(&path).map_err(|source| Error::io("looking for", &name, source))?;
                let mode = if exists { OpenMode::Write } else { OpenMode::CreateNew };
                let file = self.vfs.open(&path, mode).map_err(|source| Error::io("open", &name, source))?;
                (file, false)
            }
        };
        let identity = (self.superblock.page_size, self.superblock.file_id, self.superblock.log_generation);
        let tree_mac = store.keys.tree_mac(&self.superblock.tree_mac_input());
        let log = Log::begin(file.clone(), name.clone(), identity, &tree_mac, &store.keys, &*self.entropy)?;
        if !is_name_durable {
            self.vfs.sync_dir(&path).map_err(|source| Error::io(SYNC_OF_FOLDER, &name, source))?;
        }
        store.log_mut().file = Some(file.clone());
        self.log_file = Some(file);
        self.log = Some(log);
        Ok(())
    }
}

/// Nonces for one commit, drawn from the operating system in bulk; what is left over is thrown away with it.
pub(crate) struct NonceDraw<'a> {
    entropy: &'a dyn Entropy,
    file: &'a str,
    left: Vec<[u8; 24]>,
}

impl<'a> NonceDraw<'a> {
    pub fn new(entropy: &'a dyn Entropy, file: &'a str, count: usize) -> Result<NonceDraw<'a>> {
        let left = draw_nonces(entropy, count).map_err(|source| Error::io("drawing randomness for", file, source))?;
        Ok(NonceDraw { entropy, file, left })
    }

    pub fn next(&mut self) -> Result<[u8; 24]> {
        if self.left.is_empty() {
            self.left = NonceDraw::new(self.entropy, self.file, 16)?.left;
        }
        Ok(self.left.pop().expect("invariant: nonces were drawn above"))
    }
}

/// A write transaction. Its changes are seen by nobody else until [`WriteTxn::commit`] returns; dropped without that, they
/// are rolled back. It borrows nothing: the database stays open, and its lock held, until the transaction ends.
pub struct WriteTxn {
    store: Arc<Store>,
    writer: WriterGuard,
    number: u64,
    base: Published,
    root: PagePointer,
    page_count: u32,
    record_count: u64,
    changed: BTreeMap<PageNo, Node>,
    /// A change stopped half way: the pages in memory may not fit together and must not be committed.
    broken: bool,
    ended: bool,
}

impl WriteTxn {
    pub(crate) fn begin(store: Arc<Store>, mut writer: WriterGuard) -> Result<WriteTxn> {
        writer.check_sound()?;
        writer.transactions += 1;
        let base = store.published();
        let number = writer.transactions;
        store.tracer.emit(|_| Event::TransactionStarted { transaction: number, base: base.commit });
        let (root, page_count, record_count) = (base.root, base.page_count, base.record_count);
        Ok(WriteTxn {
            store,
            writer,
            number,
            base,
            root,
            page_count,
            record_count,
            changed: BTreeMap::new(),
            broken: false,
            ended: false,
        })
    }

    /// The value of `key` as this transaction sees it: its own changes included.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        let found = btree::get(self, &self.root, key)?;
        Ok(found.map(|(page, slot)| Value { page, slot }))
    }

    /// Puts a record, replacing the value the key had. A key or value over its limit is refused and changes nothing.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        btree::check_record(key, value, self.page_size())?;
        let mut root = self.root;
        let replaced = btree::put(self, &mut root, key, value).inspect_err(|_| self.broken = true)?;
        self.root = root;
        self.record_count = self.record_count.saturating_add(replaced.is_none().into());
        Ok(())
    }

    /// Deletes a record; false when the key is not there.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool> {
        let root = self.root;
        let deleted = btree::delete(self, &root, key).inspect_err(|_| self.broken = true)?;
        self.record_count = self.record_count.saturating_sub(deleted.into());
        Ok(deleted)
    }

    /// How many records there are, as this transaction sees it.
    pub fn record_count(&self) -> u64 {
        self.record_count
    }

    /// How many pages the tree has, as this transaction sees it.
    pub fn page_count(&self) -> u32 {
        self.page_count
    }

    /// The root; its seal counts only while this transaction has not changed it.
    pub(crate) fn root(&self) -> PagePointer {
        self.root
    }

    /// Makes the changes durable and then visible: pages sealed, one write to the log, one sync. Returns the commit's number;
    /// a transaction without changes writes nothing and returns the commit it began on.
    ///
    /// On [`Error::CommitIndeterminate`] the commit may or may not have happened; on any other error it has not.
    pub fn commit(mut self) -> Result<CommitNo> {
        self.ended = true;
        let pages = self.changed.len() as u32;
        let commit = match pages {
            0 => self.base.commit,
            _ => self.commit_changes().inspect_err(|_| self.emit_rolled_back(pages))?,
        };
        let transaction = self.number;
        self.store.tracer.emit(|_| Event::TransactionCommitted { transaction, commit, pages });
        Ok(commit)
    }

    /// Gives the changes up.
    pub fn rollback(mut self) {
        self.ended = true;
        self.emit_rolled_back(self.changed.len() as u32);
    }

    fn emit_rolled_back(&self, pages: u32) {
        self.store.tracer.emit(|_| Event::TransactionRolledBack { transaction: self.number, pages });
    }

    fn page_size(&self) -> PageSize {
        self.store.page_file.page_size()
    }

    fn commit_changes(&mut self) -> Result<CommitNo> {
        self.writer.check_sound()?;
        if self.broken {
            return Err(Error::Misuse {
                why: "an earlier change of this transaction failed; it can only be rolled back".to_owned(),
            });
        }
        let commit = self.base.commit.next();
        let sealed = self.seal_changed(commit)?;
        let root = sealed.pointers.get(&self.root.page).copied().unwrap_or(self.root);
        let body = CommitBody {
            page_count: self.page_count,
            page_frames: 0,
            root,
            free_list: PagePointer::NULL,
            free_count: 0,
            seal_transaction: false,
            record_count: self.record_count,
            random: random_16(&*self.writer.entropy, self.store.page_file.name())?,
            fingerprint: [0; 16],
        };
        let appended = self.writer.append(&self.store, commit, &sealed.pages, body)?;
        self.store.log_mut().index.publish(&appended.frames);
        for (page, node) in std::mem::take(&mut self.changed) {
            let pointer = sealed.pointers[&page];
            let plain = node.into_bytes().into();
            self.store.cache.insert(Arc::new(OpenedPage { page, commit, seal: pointer.seal, plain }));
        }
        self.store.publish(Published {
            commit,
            root,
            root_holder: RootHolder::Commit(commit),
            page_count: self.page_count,
            record_count: self.record_count,
            fingerprint: appended.fingerprint,
        });
        Ok(commit)
    }

    /// Seals every changed page, leaves first, so that a changed parent names its changed children by their new seals.
    fn seal_changed(&mut self, commit: CommitNo) -> Result<SealedPages> {
        let mut order: Vec<(u8, PageNo)> =
            self.changed.iter().map(|(&page, node)| (node.view().level(), page)).collect();
        order.sort_unstable();
        let mut nonces = NonceDraw::new(&*self.writer.entropy, self.store.page_file.name(), order.len())?;
        let mut sealed = SealedPages::default();
        for (level, page) in order {
            let node = self.changed.get_mut(&page).expect("invariant: the order lists changed pages");
            if level > 0 {
                refresh_pointers(node, page, &sealed.pointers, &self.store.tracer);
            }
            let kind = node.view().kind();
            sealed.seal(&self.store, PageHeader { kind, page, commit }, level, node.as_bytes(), nonces.next()?);
        }
        Ok(sealed)
    }
}

/// Pages sealed for one commit, in the order they were sealed.
#[derive(Default)]
pub(crate) struct SealedPages {
    pub pages: Vec<(PageNo, SealedPage)>,
    pub pointers: BTreeMap<PageNo, PagePointer>,
}

impl SealedPages {
    /// Seals one page and remembers the pointer that names it.
    pub fn seal(&mut self, store: &Store, header: PageHeader, level: u8, plain: &[u8], nonce: [u8; 24]) -> PagePointer {
        let PageHeader { page, commit, .. } = header;
        let sealed = store.keys.seal_page(header.encode(), plain, nonce);
        let seal = sealed.seal();
        store.tracer.emit(|detail| Event::PageSealed {
            page,
            level,
            commit,
            seal,
            sealed: detail.data(sealed.bytes()),
        });
        let pointer = PagePointer { page, commit, seal };
        self.pages.push((page, sealed));
        self.pointers.insert(page, pointer);
        pointer
    }
}

/// Gives a branch's pointers the newest seals known in `newest`.
pub(crate) fn refresh_pointers(node: &mut Node, page: PageNo, newest: &BTreeMap<PageNo, PagePointer>, tracer: &Tracer) {
    let mut children = Vec::new();
    for slot in 0..node.view().slot_count() {
        let old = node.view().child(slot);
        match newest.get(&old.page) {
            Some(new) if *new != old => {
                node.set_child(slot, new);
                children.push(old.page);
            }
            _ => {}
        }
    }
    if !children.is_empty() {
        tracer.emit(|detail| Event::PointersRefreshed { page, children, after: detail.image(page, node.as_bytes()) });
    }
}

/// Sixteen random bytes: two commits of equal content never have equal MACs.
pub(crate) fn random_16(entropy: &dyn Entropy, file: &str) -> Result<[u8; 16]> {
    let mut random = [0; 16];
    entropy.fill(&mut random).map_err(|source| Error::io("drawing randomness for", file, source))?;
    Ok(random)
}

impl Drop for WriteTxn {
    fn drop(&mut self) {
        if !self.ended {
            self.emit_rolled_back(self.changed.len() as u32);
        }
    }
}

impl PageRead for WriteTxn {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        match self.changed.get(&pointer.page) {
            Some(node) => Ok(PageRef::Changed(node)),
            None => Ok(PageRef::Opened(self.store.read_page(pointer, self.base.commit)?)),
        }
    }

    fn tracer(&self) -> &Tracer {
        &self.store.tracer
    }

    fn root_holder(&self) -> String {
        self.base.root_holder.to_string()
    }
}

impl PageWrite for WriteTxn {
    fn edit(&mut self, pointer: &PagePointer) -> Result<&mut Node> {
        if !self.changed.contains_key(&pointer.page) {
            let page = self.store.read_page(pointer, self.base.commit)?;
            let node = Node::from_plain(page.plain.to_vec())
                .map_err(|error| Error::from(error.finding(self.store.page_file.name(), 0).page(pointer.page)))?;
            self.changed.insert(pointer.page, node);
        }
        Ok(self.changed.get_mut(&pointer.page).expect("invariant: inserted above"))
    }

    fn allocate(&mut self, kind: PageKind, level: u8) -> Result<PagePointer> {
        if self.page_count >= limits::PAGES_MAX {
            return Err(Error::LimitExceeded {
                what: "the number of pages",
                limit: limits::PAGES_MAX.into(),
                value: u64::from(self.page_count) + 1,
            });
        }
        self.page_count += 1;
        let page = PageNo(self.page_count);
        let node = Node::new(kind, level, self.page_size().plain_bytes());
        self.store.tracer.emit(|detail| Event::PageAllocated {
            page,
            level,
            after: detail.image(page, node.as_bytes()),
        });
        self.changed.insert(page, node);
        Ok(PagePointer { page, ..PagePointer::NULL })
    }
}
