//! A write transaction: changed pages in memory, until its commit hands them, sealed, to the one writer.

use super::overflow::{Source, ValueReader, check_value_bytes, source_failed};
use super::pages::{Opened, Pages};
use super::read::{Range, Value, read_from, value_of};
use super::seal::{NonceDraw, refresh_pointers};
use super::slot::WriterGuard;
use super::spill::Waiting;
use super::store::{Published, RootHolder, Store, View};
use super::trees::Named;
use super::writer::{CommitKind, Prepared, Writer, commit_prepared};
use crate::btree::{self, Chain, ChainRead, PageRead, PageRef, PageWrite};
use crate::crypto::SealedPage;
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::free_list::FreeTrunk;
use crate::format::node::{CellValue, Node, value_is_inline};
use crate::format::page::PageKind;
use crate::pager::OpenedPage;
use crate::pager::check::PageUse;
use crate::trace::{Event, Tracer};
use crate::types::{CommitNo, PageNo, PagePointer, PageSize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read, Seek};
use std::ops::RangeBounds;
use std::sync::Arc;

/// A write transaction. Its changes are seen by nobody else until [`WriteTxn::commit`] returns; dropped without that, they
/// are rolled back. It borrows nothing: the database stays open, and its lock held, until the transaction ends.
pub struct WriteTxn {
    pub(super) store: Arc<Store>,
    /// Taken by the commit.
    writer: Option<WriterGuard>,
    pub(super) number: u64,
    /// The newest appended state: also of commits whose sync is under way.
    pub(super) base: View,
    pub(super) state: State,
    pub(super) pages: Pages<State>,
    pub(super) savepoints_set: u32,
    /// How much memory its changed pages may take, in bytes.
    pub(super) memory_bytes: usize,
    /// How much of the cache's memory it holds beyond that, in bytes.
    pub(super) lent_bytes: usize,
    ended: bool,
}

/// What a transaction is besides its pages: what a savepoint brings back.
#[derive(Clone)]
pub(super) struct State {
    pub root: PagePointer,
    pub page_count: u32,
    pub record_count: u64,
    pub free_list: PagePointer,
    pub free_count: u32,
    pub catalog: PagePointer,
    pub tree_count: u32,
    /// The named trees the transaction has to do with.
    pub trees: BTreeMap<String, Named>,
    /// A change stopped half way: the pages in memory may not fit together and must not be committed.
    pub broken: bool,
}

impl State {
    fn of(base: &Published) -> State {
        State {
            root: base.root,
            page_count: base.page_count,
            record_count: base.record_count,
            free_list: base.free_list,
            free_count: base.free_count,
            catalog: base.catalog,
            tree_count: base.tree_count,
            trees: BTreeMap::new(),
            broken: false,
        }
    }
}

/// What became of a [`WriteTxn::compare_and_swap`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Swap {
    /// The key had what was expected and has the new value now.
    Swapped,
    /// The key has another value, or none, and nothing was changed.
    Differs(Option<Vec<u8>>),
}

const OPEN: &str = "invariant: a transaction has the writer until it commits";

impl WriteTxn {
    pub(crate) fn begin(store: Arc<Store>, mut writer: WriterGuard) -> Result<WriteTxn> {
        store.commits.check_sound()?;
        writer.transactions += 1;
        let base = writer.head.clone();
        let number = writer.transactions;
        store.tracer.emit(|_| Event::TransactionStarted { transaction: number, base: base.state.commit });
        let memory_bytes = writer.transaction_bytes;
        let page_size = store.page_file.page_size();
        let waiting = Waiting::new(writer.vfs.clone(), &writer.path, page_size, WriteTxn::waiting_bytes(memory_bytes));
        Ok(WriteTxn {
            store,
            writer: Some(writer),
            number,
            state: State::of(&base.state),
            base,
            pages: Pages::new(waiting),
            savepoints_set: 0,
            memory_bytes,
            lent_bytes: 0,
            ended: false,
        })
    }

    /// The value of `key` as this transaction sees it: its own changes included.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        value_of(self, &self.state.root, key)
    }

    /// Reads the value of `key`, as this transaction sees it, in pieces; `None` when there is none.
    pub fn reader(&self, key: &[u8]) -> Result<Option<ValueReader<'_>>> {
        read_from(self, &self.state.root, key)
    }

    /// The records of a range of keys in key order, from either end, as this transaction sees them.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
    /// let mut tx = db.begin_write()?;
    /// tx.put(b"a", b"1")?;
    /// tx.put(b"b", b"2")?;
    /// let last = tx.range::<[u8]>(..).next_back().unwrap()?;
    /// assert_eq!((last.key(), last.value()), (&b"b"[..], &b"2"[..]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn range<'k, K: ?Sized + AsRef<[u8]> + 'k>(&self, keys: impl RangeBounds<&'k K>) -> Range<'_> {
        Range::of(self, self.state.root, keys)
    }

    /// The records whose keys begin with `prefix`, as this transaction sees them.
    pub fn prefix(&self, prefix: &[u8]) -> Range<'_> {
        Range::of_prefix(self, self.state.root, prefix)
    }

    /// Puts a record, replacing the value the key had. A key or value over its limit is refused and changes nothing.
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.put_into(None, key, value)
    }

    /// Puts a record whose value is the next `length` bytes of `source`, read in pieces: from its end to its beginning, so
    /// that no more than a piece of it is in memory. A `source` that fails, or ends before, changes nothing.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
    /// let mut picture = std::io::Cursor::new(vec![7; 300_000]);
    /// db.write(|tx| tx.put_from(b"picture", 300_000, &mut picture))?;
    /// assert_eq!(db.read().get(b"picture")?.unwrap().len(), 300_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn put_from(&mut self, key: &[u8], length: u64, source: &mut (impl Read + Seek)) -> Result<()> {
        let source: &mut dyn Source = source;
        self.put_into_from(None, key, length, source)
    }

    /// Deletes a record; false when the key is not there.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool> {
        self.delete_from(None, key)
    }

    /// Gives `key` the value `new` if it has the value `expected`; `None` stands for "no record", on either side.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
    /// use tosumu::Swap;
    /// let mut tx = db.begin_write()?;
    /// assert_eq!(tx.compare_and_swap(b"owner", None, Some(b"ann"))?, Swap::Swapped);
    /// assert_eq!(tx.compare_and_swap(b"owner", None, Some(b"bob"))?, Swap::Differs(Some(b"ann".to_vec())));
    /// assert_eq!(tx.compare_and_swap(b"owner", Some(b"ann"), None)?, Swap::Swapped);
    /// assert!(tx.get(b"owner")?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compare_and_swap(&mut self, key: &[u8], expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<Swap> {
        self.swap_in(None, key, expected, new)
    }

    /// How many records there are, as this transaction sees it.
    pub fn record_count(&self) -> u64 {
        self.state.record_count
    }

    /// How many pages the file has, free ones included, as this transaction sees it.
    pub fn page_count(&self) -> u32 {
        self.state.page_count
    }

    /// How many of the pages are free, as this transaction sees it.
    pub fn free_page_count(&self) -> u32 {
        self.state.free_count
    }

    /// The root; its seal counts only while this transaction has not changed it.
    pub(crate) fn root(&self) -> PagePointer {
        self.state.root
    }

    /// Makes the changes durable and then visible: pages sealed, one write to the log, one sync. Returns the commit's number;
    /// a transaction without changes writes nothing and returns the commit it began on.
    ///
    /// On [`Error::CommitIndeterminate`] the commit may or may not have happened; on any other error it has not.
    pub fn commit(mut self) -> Result<CommitNo> {
        self.ended = true;
        let pages = self.pages.len() as u32;
        let commit = match pages {
            0 => self.base.state.commit,
            _ => self.commit_changes().inspect_err(|_| self.emit_rolled_back(pages))?,
        };
        let transaction = self.number;
        self.store.tracer.emit(|_| Event::TransactionCommitted { transaction, commit, pages });
        Ok(commit)
    }

    /// Gives the changes up.
    pub fn rollback(mut self) {
        self.ended = true;
        self.emit_rolled_back(self.pages.len() as u32);
    }

    fn emit_rolled_back(&self, pages: u32) {
        self.store.tracer.emit(|_| Event::TransactionRolledBack { transaction: self.number, pages });
    }

    pub(super) fn writer(&self) -> &Writer {
        self.writer.as_ref().expect(OPEN)
    }

    pub(super) fn page_size(&self) -> PageSize {
        self.store.page_file.page_size()
    }

    /// Puts a record into a tree; `None` is the main tree.
    pub(super) fn put_into(&mut self, tree: Option<&str>, key: &[u8], value: &[u8]) -> Result<()> {
        btree::check_key(key, self.page_size())?;
        let length = check_value_bytes(value.len() as u64)?;
        let is_inline = value_is_inline(self.page_size(), key.len(), value.len());
        self.change(tree, |tx, root| {
            if is_inline {
                return tx.put_cell(root, key, CellValue::Inline(value));
            }
            let Chain { length, first } = tx.write_chain(length, &mut Cursor::new(value), 0)?;
            tx.put_cell(root, key, CellValue::Overflow { length, first })
        })
        .map(drop)
    }

    pub(super) fn put_into_from(
        &mut self,
        tree: Option<&str>,
        key: &[u8],
        length: u64,
        source: &mut dyn Source,
    ) -> Result<()> {
        btree::check_key(key, self.page_size())?;
        let length = check_value_bytes(length)?;
        if value_is_inline(self.page_size(), key.len(), length as usize) {
            let mut value = vec![0; length as usize];
            source.read_exact(&mut value).map_err(source_failed)?;
            return self.put_into(tree, key, &value);
        }
        let start = source.stream_position().map_err(source_failed)?;
        let before = self.savepoint();
        let done = self.change(tree, |tx, root| {
            let Chain { length, first } = tx.write_chain(length, source, start)?;
            tx.put_cell(root, key, CellValue::Overflow { length, first })
        });
        if done.is_err() {
            self.rollback_to(&before)?;
        }
        drop(before);
        self.pages.drop_forgotten();
        done.map(drop)
    }

    pub(super) fn delete_from(&mut self, tree: Option<&str>, key: &[u8]) -> Result<bool> {
        let more = self.change(tree, |tx, root| {
            let old = btree::delete(tx, root, key)?;
            if let Some(chain) = old.and_then(|old| old.chain) {
                tx.free_chain(chain)?;
            }
            Ok(-i64::from(old.is_some()))
        })?;
        Ok(more < 0)
    }

    pub(super) fn swap_in(
        &mut self,
        tree: Option<&str>,
        key: &[u8],
        expected: Option<&[u8]>,
        new: Option<&[u8]>,
    ) -> Result<Swap> {
        let found = value_of(self, &self.root_of(tree), key)?;
        if found.as_deref() != expected {
            return Ok(Swap::Differs(found.map(|value| value.to_vec())));
        }
        drop(found);
        match new {
            Some(value) => self.put_into(tree, key, value)?,
            None => drop(self.delete_from(tree, key)?),
        }
        Ok(Swap::Swapped)
    }

    /// Writes a cell and gives back the pages of the value it replaces; returns by how much there are more records.
    fn put_cell(&mut self, root: &mut PagePointer, key: &[u8], value: CellValue<'_>) -> Result<i64> {
        let old = btree::put(self, root, key, value)?;
        if let Some(chain) = old.and_then(|old| old.chain) {
            self.free_chain(chain)?;
        }
        Ok(old.is_none().into())
    }

    /// Changes a tree: `work` gets its root and says by how much there are more records, which is returned.
    fn change(
        &mut self,
        tree: Option<&str>,
        work: impl FnOnce(&mut WriteTxn, &mut PagePointer) -> Result<i64>,
    ) -> Result<i64> {
        self.or_broken(|tx| {
            let (mut root, used) = (tx.root_of(tree), i64::from(tx.used_pages()));
            let records = work(tx, &mut root)?;
            let pages = i64::from(tx.used_pages()) - used;
            tx.count_change(tree, root, records, pages);
            tx.make_room()?;
            Ok(records)
        })
    }

    /// Does something that leaves pages behind that do not fit together when it fails.
    pub(super) fn or_broken<T>(&mut self, work: impl FnOnce(&mut WriteTxn) -> Result<T>) -> Result<T> {
        let done = work(self);
        if done.is_err() {
            self.state.broken = true;
        }
        done
    }

    fn commit_changes(&mut self) -> Result<CommitNo> {
        self.store.commits.check_sound()?;
        if self.state.broken {
            return Err(Error::Misuse {
                why: "an earlier change of this transaction failed; it can only be rolled back".to_owned(),
            });
        }
        self.write_catalog()?;
        self.write_unused()?;
        self.give_room_back()?;
        let commit = self.commit_number();
        let sealed = self.seal_opened()?;
        let newest = |pointer: PagePointer| self.newest_of(&sealed, pointer);
        let next = Published {
            commit,
            root: newest(self.state.root),
            root_holder: RootHolder::Commit(commit),
            page_count: self.state.page_count,
            record_count: self.state.record_count,
            free_list: newest(self.state.free_list),
            free_count: self.state.free_count,
            catalog: newest(self.state.catalog),
            tree_count: self.state.tree_count,
            fingerprint: self.base.state.fingerprint,
        };
        let writer = self.writer.take().expect(OPEN);
        let (opened, waiting) = self.pages.take();
        let SealedNow { pages, pointers } = sealed;
        let opened = opened
            .into_iter()
            .map(|(page, opened)| {
                let plain = opened.into_bytes().into();
                Arc::new(OpenedPage { page, commit, seal: pointers[&page].seal, plain })
            })
            .collect();
        let this = &*self;
        let waiting = waiting.into_iter().map(|(page, sealed)| Ok((page, this.waiting_page(page, sealed)?)));
        let frames = Box::new(waiting.chain(pages.into_iter().map(Ok)));
        commit_prepared(writer, &this.store, Prepared { next, kind: CommitKind::Transaction, frames, opened })?;
        Ok(commit)
    }

    /// The newest pointer to the page that `pointer` names: `sealed` has those sealed at the commit.
    fn newest_of(&self, sealed: &SealedNow, pointer: PagePointer) -> PagePointer {
        sealed.pointers.get(&pointer.page).copied().unwrap_or_else(|| match self.pages.sealed(pointer.page) {
            Some(sealed) => self.pointer_to(pointer.page, sealed),
            None => pointer,
        })
    }

    /// Seals every opened page: trunks from the tail, nodes from the leaves, so that what is named is sealed before what names
    /// it. Beside pages that were set aside this is not always so: the log vouches for those.
    fn seal_opened(&mut self) -> Result<SealedNow> {
        let store = self.store.clone();
        let order = self.sealing_order();
        let mut nonces = NonceDraw::new(self.writer().entropy.clone(), store.page_file.name(), order.len())?;
        let mut done = SealedNow::default();
        for page in order {
            let mut opened = self.pages.take_for_commit(page).expect("invariant: the order lists opened pages");
            let newest = |page: PageNo| {
                let waiting = || self.pages.sealed(page).map(|sealed| self.pointer_to(page, sealed));
                done.pointers.get(&page).copied().or_else(waiting)
            };
            match &mut opened {
                Opened::Node(node) if node.view().level() > 0 => refresh_pointers(node, page, newest, &store.tracer),
                Opened::Trunk(trunk) => {
                    if let Some(next) = trunk.next().and_then(|next| newest(next.page)) {
                        trunk.set_next(&next);
                    }
                }
                Opened::Node(_) => {}
            }
            let sealed = self.seal(opened.kind(), page, opened.level(), opened.as_bytes(), nonces.next()?);
            self.pages.put_back_for_commit(page, opened);
            let pointer = PagePointer { page, commit: self.commit_number(), seal: sealed.seal() };
            done.pointers.insert(page, pointer);
            done.pages.push((page, sealed));
        }
        Ok(done)
    }

    /// Trunks from the tail of the free list, then nodes by level and number.
    fn sealing_order(&mut self) -> Vec<PageNo> {
        let mut order = Vec::new();
        let mut at = self.state.free_list.page;
        while let Some(Opened::Trunk(trunk)) = self.pages.opened(at) {
            order.push(at);
            at = trunk.next().map_or(PageNo::NONE, |next| next.page);
        }
        order.reverse();
        let is_listed: BTreeSet<PageNo> = order.iter().copied().collect();
        let rest = self.pages.opened_for_commit().filter(|(page, _)| !is_listed.contains(page));
        let mut rest: Vec<(u8, PageNo)> = rest.map(|(page, opened)| (opened.level(), page)).collect();
        rest.sort_unstable();
        order.extend(rest.into_iter().map(|(_, page)| page));
        order
    }

    /// Writes an empty page in the place of each one that this transaction took behind the end of the file and gave back
    /// unused: whoever looks at the file without its key shall find a sealed page in every place.
    fn write_unused(&mut self) -> Result<()> {
        let new = self.base.state.page_count + 1..=self.state.page_count;
        let is_held = |page: &PageNo| self.pages.opened(*page).is_some() || self.pages.sealed(*page).is_some();
        let unused: Vec<PageNo> = new.map(PageNo).filter(|page| !is_held(page)).collect();
        let store = self.store.clone();
        let mut nonces = NonceDraw::new(self.writer().entropy.clone(), store.page_file.name(), unused.len())?;
        let empty = FreeTrunk::new(self.page_size().plain_bytes(), &PagePointer::NULL);
        for page in unused {
            let sealed = self.seal(PageKind::FreeList, page, 0, empty.as_bytes(), nonces.next()?);
            let sealed = self.pages.waiting.add(sealed)?;
            self.pages.insert_sealed(page, sealed);
        }
        Ok(())
    }
}

/// Pages sealed at the commit, in the order they were.
#[derive(Default)]
struct SealedNow {
    pages: Vec<(PageNo, SealedPage)>,
    pointers: BTreeMap<PageNo, PagePointer>,
}

impl Drop for WriteTxn {
    fn drop(&mut self) {
        self.return_lent();
        if !self.ended {
            self.emit_rolled_back(self.pages.len() as u32);
        }
    }
}

impl PageRead for WriteTxn {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        match self.pages.opened(pointer.page) {
            Some(Opened::Node(node)) => return Ok(PageRef::Changed(node)),
            Some(Opened::Trunk(_)) => return Err(freed_page(pointer.page)),
            None => {}
        }
        let opened = match self.pages.sealed(pointer.page) {
            Some(sealed) => self.open_sealed(PageUse::Node, pointer.page, sealed)?,
            None => self.store.read_page(pointer, &self.base)?,
        };
        Ok(PageRef::Opened(opened))
    }

    fn tracer(&self) -> &Tracer {
        &self.store.tracer
    }

    fn root_holder(&self) -> String {
        self.base.state.root_holder.to_string()
    }
}

impl ChainRead for WriteTxn {
    fn read_overflow(&self, pointer: &PagePointer) -> Result<Arc<OpenedPage>> {
        match self.pages.sealed(pointer.page) {
            Some(sealed) => self.open_sealed(PageUse::Overflow, pointer.page, sealed),
            None => self.store.read_overflow(pointer, &self.base),
        }
    }
}

impl PageWrite for WriteTxn {
    fn edit(&mut self, pointer: &PagePointer) -> Result<&mut Node> {
        if self.pages.opened(pointer.page).is_none() {
            let opened = match self.pages.sealed(pointer.page) {
                Some(sealed) => self.open_sealed(PageUse::Node, pointer.page, sealed)?,
                None => self.store.read_page(pointer, &self.base)?,
            };
            let node = Node::from_plain(opened.plain.to_vec())
                .map_err(|error| Error::from(error.finding(self.store.page_file.name(), 0).page(pointer.page)))?;
            self.pages.insert(pointer.page, Opened::Node(node));
        }
        match self.pages.edit(pointer.page) {
            Some(Opened::Node(node)) => Ok(node),
            _ => Err(freed_page(pointer.page)),
        }
    }

    fn allocate(&mut self, kind: PageKind, level: u8) -> Result<PagePointer> {
        self.allocate_node(kind, level)
    }

    fn free(&mut self, pointer: &PagePointer) -> Result<()> {
        self.give_back(pointer.page)
    }
}

/// A tree leads to a page that this transaction took for a free one: two pointers name it.
fn freed_page(page: PageNo) -> Error {
    Finding::new(Code::FreeLive, format!("Page {page} is in a tree and in the free list."))
        .page(page)
        .lost("The records of this page.")
        .next("Keep a copy of this file; this is a defect of the writer.")
        .into()
}
