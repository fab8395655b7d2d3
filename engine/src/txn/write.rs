//! A write transaction: changed pages in memory, until its commit hands them, sealed, to the one writer.

use super::pages::Pages;
use super::read::{Range, Value};
use super::seal::{NonceDraw, SealedPages, refresh_pointers};
use super::slot::WriterGuard;
use super::store::{Published, RootHolder, Store, View};
use super::writer::{CommitKind, Prepared, Writer, commit_prepared};
use crate::btree::{self, PageRead, PageRef, PageWrite};
use crate::error::{Error, Result};
use crate::format::node::Node;
use crate::format::page::{PageHeader, PageKind};
use crate::limits;
use crate::pager::OpenedPage;
use crate::trace::{Event, Tracer};
use crate::types::{CommitNo, PageNo, PagePointer, PageSize};
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
    base: View,
    pub(super) state: State,
    pub(super) pages: Pages<State>,
    pub(super) savepoints_set: u32,
    ended: bool,
}

/// What a transaction is besides its pages: what a savepoint brings back.
#[derive(Clone)]
pub(super) struct State {
    pub root: PagePointer,
    page_count: u32,
    record_count: u64,
    /// A change stopped half way: the pages in memory may not fit together and must not be committed.
    broken: bool,
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
        let Published { root, page_count, record_count, .. } = base.state;
        let state = State { root, page_count, record_count, broken: false };
        Ok(WriteTxn {
            store,
            writer: Some(writer),
            number,
            base,
            state,
            pages: Pages::default(),
            savepoints_set: 0,
            ended: false,
        })
    }

    /// The value of `key` as this transaction sees it: its own changes included.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        let found = btree::get(self, &self.state.root, key)?;
        Ok(found.map(|(page, slot)| Value { page, slot }))
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
        btree::check_record(key, value, self.page_size())?;
        let mut root = self.state.root;
        let replaced = btree::put(self, &mut root, key, value).inspect_err(|_| self.state.broken = true)?;
        self.state.root = root;
        self.state.record_count = self.state.record_count.saturating_add(replaced.is_none().into());
        Ok(())
    }

    /// Deletes a record; false when the key is not there.
    pub fn delete(&mut self, key: &[u8]) -> Result<bool> {
        let mut root = self.state.root;
        let deleted = btree::delete(self, &mut root, key).inspect_err(|_| self.state.broken = true)?;
        self.state.root = root;
        self.state.record_count = self.state.record_count.saturating_sub(deleted.into());
        Ok(deleted)
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
        let found = self.get(key)?;
        if found.as_deref() != expected {
            return Ok(Swap::Differs(found.map(|value| value.to_vec())));
        }
        drop(found);
        match new {
            Some(value) => self.put(key, value)?,
            None => drop(self.delete(key)?),
        }
        Ok(Swap::Swapped)
    }

    /// How many records there are, as this transaction sees it.
    pub fn record_count(&self) -> u64 {
        self.state.record_count
    }

    /// How many pages the tree has, as this transaction sees it.
    pub fn page_count(&self) -> u32 {
        self.state.page_count
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

    fn writer(&self) -> &Writer {
        self.writer.as_ref().expect(OPEN)
    }

    fn page_size(&self) -> PageSize {
        self.store.page_file.page_size()
    }

    fn commit_changes(&mut self) -> Result<CommitNo> {
        self.store.commits.check_sound()?;
        if self.state.broken {
            return Err(Error::Misuse {
                why: "an earlier change of this transaction failed; it can only be rolled back".to_owned(),
            });
        }
        let commit = self.base.state.commit.next();
        let sealed = self.seal_changed(commit)?;
        let root = sealed.pointers.get(&self.state.root.page).copied().unwrap_or(self.state.root);
        let next = Published {
            commit,
            root,
            root_holder: RootHolder::Commit(commit),
            page_count: self.state.page_count,
            record_count: self.state.record_count,
            ..self.base.state.clone()
        };
        let opened = self
            .pages
            .take()
            .into_iter()
            .map(|(page, node)| {
                let plain = node.into_bytes().into();
                Arc::new(OpenedPage { page, commit, seal: sealed.pointers[&page].seal, plain })
            })
            .collect();
        let writer = self.writer.take().expect(OPEN);
        commit_prepared(
            writer,
            &self.store,
            Prepared {
                next,
                kind: CommitKind::Transaction,
                frames: Box::new(sealed.pages.into_iter().map(Ok)),
                opened,
            },
        )?;
        Ok(commit)
    }

    /// Seals every changed page, leaves first, so that a changed parent names its changed children by their new seals.
    fn seal_changed(&mut self, commit: CommitNo) -> Result<SealedPages> {
        let mut order: Vec<(u8, PageNo)> =
            self.pages.changed().iter().map(|(&page, node)| (node.view().level(), page)).collect();
        order.sort_unstable();
        let mut nonces = NonceDraw::new(self.writer().entropy.clone(), self.store.page_file.name(), order.len())?;
        let mut sealed = SealedPages::default();
        for (level, page) in order {
            let node = self.pages.changed().get_mut(&page).expect("invariant: the order lists changed pages");
            if level > 0 {
                refresh_pointers(node, page, &sealed.pointers, &self.store.tracer);
            }
            let kind = node.view().kind();
            sealed.seal(&self.store, PageHeader { kind, page, commit }, level, node.as_bytes(), nonces.next()?);
        }
        Ok(sealed)
    }
}

impl Drop for WriteTxn {
    fn drop(&mut self) {
        if !self.ended {
            self.emit_rolled_back(self.pages.len() as u32);
        }
    }
}

impl PageRead for WriteTxn {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        match self.pages.get(pointer.page) {
            Some(node) => Ok(PageRef::Changed(node)),
            None => Ok(PageRef::Opened(self.store.read_page(pointer, &self.base)?)),
        }
    }

    fn tracer(&self) -> &Tracer {
        &self.store.tracer
    }

    fn root_holder(&self) -> String {
        self.base.state.root_holder.to_string()
    }
}

impl PageWrite for WriteTxn {
    fn edit(&mut self, pointer: &PagePointer) -> Result<&mut Node> {
        if self.pages.get(pointer.page).is_none() {
            let page = self.store.read_page(pointer, &self.base)?;
            let node = Node::from_plain(page.plain.to_vec())
                .map_err(|error| Error::from(error.finding(self.store.page_file.name(), 0).page(pointer.page)))?;
            self.pages.insert(pointer.page, node);
        }
        Ok(self.pages.edit(pointer.page).expect("invariant: inserted above"))
    }

    fn allocate(&mut self, kind: PageKind, level: u8) -> Result<PagePointer> {
        if self.state.page_count >= limits::PAGES_MAX {
            return Err(Error::LimitExceeded {
                what: "the number of pages",
                limit: limits::PAGES_MAX.into(),
                value: u64::from(self.state.page_count) + 1,
            });
        }
        self.state.page_count += 1;
        let page = PageNo(self.state.page_count);
        let node = Node::new(kind, level, self.page_size().plain_bytes());
        self.store.tracer.emit(|detail| Event::PageAllocated {
            page,
            level,
            after: detail.image(page, node.as_bytes()),
        });
        self.pages.insert(page, node);
        Ok(PagePointer { page, ..PagePointer::NULL })
    }

    fn free(&mut self, pointer: &PagePointer) -> Result<()> {
        self.pages.remove(pointer.page);
        self.store.tracer.emit(|_| Event::PageFreed { page: pointer.page });
        Ok(())
    }
}
