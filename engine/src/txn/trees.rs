//! Named trees: as many more trees of records as one likes, in the same file and the same commits.
//!
//! The catalog, a tree itself, holds for each name the root, the pages and the records. A transaction reads an entry when the
//! tree is first asked for and writes it back at its commit, when it became another. The main tree knows nothing of it.

use super::overflow::{Source, ValueReader};
use super::read::{Range, ReadTxn, Value, read_from, value_of};
use super::write::{Swap, WriteTxn};
use crate::btree::{self, Chain, ChainRead, PageRead, PageRef, RangeCursor};
use crate::error::{Error, Result};
use crate::format::catalog::TreeEntry;
use crate::format::node::{CellValue, key_bytes_max};
use crate::format::page::PageKind;
use crate::pager::OpenedPage;
use crate::trace::{Event, Tracer};
use crate::types::{PagePointer, PageSize};
use std::io::{Read, Seek};
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// What is known of a named tree.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct TreeInfo {
    /// Its name.
    pub name: String,
    /// How many records it has.
    pub record_count: u64,
    /// How many pages it has, those of long values included.
    pub page_count: u32,
}

impl TreeInfo {
    fn of(name: &str, entry: &TreeEntry) -> TreeInfo {
        TreeInfo { name: name.to_owned(), record_count: entry.record_count, page_count: entry.page_count }
    }
}

/// A named tree that a transaction has to do with.
#[derive(Clone)]
pub(super) struct Named {
    pub entry: TreeEntry,
    /// As the catalog has it.
    stored: TreeEntry,
}

fn check_name(name: &str, page_size: PageSize) -> Result<()> {
    let limit = key_bytes_max(page_size);
    match name.len() {
        0 => Err(Error::Misuse { why: "a tree's name has at least one letter".to_owned() }),
        bytes if bytes > limit => Err(Error::LimitExceeded {
            what: "the length of a tree's name in bytes",
            limit: limit as u64,
            value: bytes as u64,
        }),
        _ => Ok(()),
    }
}

/// Looks a tree up in the catalog.
fn find(reader: &dyn PageRead, catalog: &PagePointer, name: &str, file: &str) -> Result<Option<TreeEntry>> {
    if catalog.is_null() || name.is_empty() {
        return Ok(None);
    }
    let found = btree::get(reader, catalog, name.as_bytes())?;
    found.map(|(page, slot)| entry_in(&page, slot, file)).transpose()
}

/// Every tree in the catalog, in the order of their names.
fn list(reader: &dyn PageRead, catalog: &PagePointer, file: &str) -> Result<Vec<(String, TreeEntry)>> {
    let mut trees = Vec::new();
    if catalog.is_null() {
        return Ok(trees);
    }
    let mut cursor = RangeCursor::new(reader, *catalog, Bound::Unbounded, Bound::Unbounded);
    while let Some(found) = cursor.next() {
        let (page, slot) = found?;
        let name = String::from_utf8_lossy(page.view().key(slot)).into_owned();
        trees.push((name, entry_in(&page, slot, file)?));
    }
    Ok(trees)
}

fn entry_in(page: &PageRef<'_>, slot: usize, file: &str) -> Result<TreeEntry> {
    TreeEntry::decode(page.view().value(slot)).map_err(|error| error.finding(file, 0).into())
}

/// A named tree in a snapshot.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
/// db.write(|tx| {
///     tx.create_tree("people")?;
///     tx.tree("people")?.unwrap().put(b"ann", b"1970")
/// })?;
/// let snapshot = db.read();
/// let people = snapshot.tree("people")?.unwrap();
/// assert_eq!(people.get(b"ann")?.as_deref(), Some(&b"1970"[..]));
/// assert_eq!((people.info().record_count, snapshot.record_count()), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Tree<'a> {
    snapshot: &'a ReadTxn,
    name: String,
    entry: TreeEntry,
}

impl Tree<'_> {
    /// The root page's pointer.
    pub(crate) fn root(&self) -> PagePointer {
        self.entry.root
    }

    /// The value of `key`, without a copy when it stands in its leaf; `None` when there is none.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        value_of(self, &self.entry.root, key)
    }

    /// Reads the value of `key` in pieces; `None` when there is none.
    pub fn reader(&self, key: &[u8]) -> Result<Option<ValueReader<'_>>> {
        read_from(self, &self.entry.root, key)
    }

    /// The records of a range of keys in key order, from either end.
    pub fn range<'k, K: ?Sized + AsRef<[u8]> + 'k>(&self, keys: impl RangeBounds<&'k K>) -> Range<'_> {
        Range::of(self, self.entry.root, keys)
    }

    /// The records whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: &[u8]) -> Range<'_> {
        Range::of_prefix(self, self.entry.root, prefix)
    }

    /// Its name and what is counted of it.
    pub fn info(&self) -> TreeInfo {
        TreeInfo::of(&self.name, &self.entry)
    }
}

impl PageRead for Tree<'_> {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        self.snapshot.read(pointer)
    }

    fn tracer(&self) -> &Tracer {
        self.snapshot.tracer()
    }

    fn root_holder(&self) -> String {
        format!("{} > tree `{}`", self.snapshot.root_holder(), crate::escape::escape(self.name.as_bytes()))
    }
}

impl ChainRead for Tree<'_> {
    fn read_overflow(&self, pointer: &PagePointer) -> Result<Arc<OpenedPage>> {
        self.snapshot.read_overflow(pointer)
    }
}

impl ReadTxn {
    /// The tree called `name`; `None` when there is none.
    pub fn tree(&self, name: &str) -> Result<Option<Tree<'_>>> {
        let entry = find(self, &self.catalog(), name, self.file())?;
        Ok(entry.map(|entry| Tree { snapshot: self, name: name.to_owned(), entry }))
    }

    /// Every named tree, in the order of their names.
    pub fn trees(&self) -> Result<Vec<TreeInfo>> {
        let trees = list(self, &self.catalog(), self.file())?;
        Ok(trees.iter().map(|(name, entry)| TreeInfo::of(name, entry)).collect())
    }
}

/// A named tree in a write transaction.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
/// let mut tx = db.begin_write()?;
/// tx.create_tree("index")?;
/// let mut index = tx.tree("index")?.unwrap();
/// index.put(b"b", b"2")?;
/// index.put(b"a", b"1")?;
/// let keys: Result<Vec<_>, _> = index.range::<[u8]>(..).keys().collect();
/// assert_eq!(keys?, [b"a", b"b"]);
/// assert!(tx.get(b"a")?.is_none());
/// tx.commit()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TreeMut<'t> {
    transaction: &'t mut WriteTxn,
    name: String,
}

impl TreeMut<'_> {
    /// The root; its seal counts only while this transaction has not changed it.
    pub(crate) fn root(&self) -> PagePointer {
        self.transaction.root_of(Some(&self.name))
    }

    /// The value of `key` as this transaction sees it.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        value_of(self, &self.root(), key)
    }

    /// Reads the value of `key` in pieces; `None` when there is none.
    pub fn reader(&self, key: &[u8]) -> Result<Option<ValueReader<'_>>> {
        read_from(self, &self.root(), key)
    }

    /// The records of a range of keys in key order, from either end, as this transaction sees them.
    pub fn range<'k, K: ?Sized + AsRef<[u8]> + 'k>(&self, keys: impl RangeBounds<&'k K>) -> Range<'_> {
        Range::of(self, self.root(), keys)
    }

    /// The records whose keys begin with `prefix`, as this transaction sees them.
    pub fn prefix(&self, prefix: &[u8]) -> Range<'_> {
        Range::of_prefix(self, self.root(), prefix)
    }

    /// As [`WriteTxn::put`].
    pub fn put(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.transaction.put_into(Some(&self.name), key, value)
    }

    /// As [`WriteTxn::put_from`].
    pub fn put_from(&mut self, key: &[u8], length: u64, source: &mut (impl Read + Seek)) -> Result<()> {
        let source: &mut dyn Source = source;
        self.transaction.put_into_from(Some(&self.name), key, length, source)
    }

    /// As [`WriteTxn::delete`].
    pub fn delete(&mut self, key: &[u8]) -> Result<bool> {
        self.transaction.delete_from(Some(&self.name), key)
    }

    /// As [`WriteTxn::compare_and_swap`].
    pub fn compare_and_swap(&mut self, key: &[u8], expected: Option<&[u8]>, new: Option<&[u8]>) -> Result<Swap> {
        self.transaction.swap_in(Some(&self.name), key, expected, new)
    }

    /// Its name and what is counted of it, as this transaction sees it.
    pub fn info(&self) -> TreeInfo {
        TreeInfo::of(&self.name, &self.transaction.named(&self.name).entry)
    }
}

impl PageRead for TreeMut<'_> {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        self.transaction.read(pointer)
    }

    fn tracer(&self) -> &Tracer {
        self.transaction.tracer()
    }

    fn root_holder(&self) -> String {
        format!("{} > tree `{}`", self.transaction.root_holder(), crate::escape::escape(self.name.as_bytes()))
    }
}

impl ChainRead for TreeMut<'_> {
    fn read_overflow(&self, pointer: &PagePointer) -> Result<Arc<OpenedPage>> {
        self.transaction.read_overflow(pointer)
    }
}

const ASKED_FOR: &str = "invariant: a tree that is at hand was read from the catalog";

impl WriteTxn {
    /// The tree called `name`, to be read and changed; `None` when there is none.
    pub fn tree(&mut self, name: &str) -> Result<Option<TreeMut<'_>>> {
        if !self.fetch_tree(name)? {
            return Ok(None);
        }
        Ok(Some(TreeMut { transaction: self, name: name.to_owned() }))
    }

    /// Creates an empty tree; false when there is one of this name already. A name over its limit is refused and changes
    /// nothing.
    pub fn create_tree(&mut self, name: &str) -> Result<bool> {
        check_name(name, self.page_size())?;
        if self.fetch_tree(name)? {
            return Ok(false);
        }
        self.or_broken(|tx| {
            if tx.state.catalog.is_null() {
                tx.state.catalog = tx.allocate_node(PageKind::Leaf, 0)?;
            }
            let root = tx.allocate_node(PageKind::Leaf, 0)?;
            let entry = TreeEntry { root, page_count: 1, record_count: 0 };
            tx.write_entry(name, &entry)?;
            tx.state.tree_count += 1;
            tx.state.trees.insert(name.to_owned(), Named { entry, stored: entry });
            tx.store.tracer.emit(|_| Event::TreeCreated { name: name.to_owned(), root: root.page });
            tx.make_room()
        })?;
        Ok(true)
    }

    /// Removes a tree with all its records and gives its pages back; false when there is none of this name.
    pub fn drop_tree(&mut self, name: &str) -> Result<bool> {
        if !self.fetch_tree(name)? {
            return Ok(false);
        }
        self.or_broken(|tx| {
            let used = tx.used_pages();
            let root = tx.named(name).entry.root;
            tx.free_tree(&root)?;
            let pages = used.saturating_sub(tx.used_pages());
            let mut catalog = tx.state.catalog;
            btree::delete(tx, &mut catalog, name.as_bytes())?;
            tx.state.catalog = catalog;
            tx.state.tree_count = tx.state.tree_count.saturating_sub(1);
            tx.state.trees.remove(name);
            if tx.state.tree_count == 0 {
                tx.free_tree(&catalog)?;
                tx.state.catalog = PagePointer::NULL;
            }
            tx.store.tracer.emit(|_| Event::TreeDropped { name: name.to_owned(), pages });
            tx.make_room()
        })?;
        Ok(true)
    }

    /// Every named tree, in the order of their names, as this transaction sees them.
    pub fn trees(&self) -> Result<Vec<TreeInfo>> {
        let trees = list(self, &self.state.catalog, self.store.page_file.name())?;
        let newest = |name: &str, stored| self.state.trees.get(name).map_or(stored, |named| named.entry);
        Ok(trees.iter().map(|(name, stored)| TreeInfo::of(name, &newest(name, *stored))).collect())
    }

    /// The root of a tree; `None` is the main tree.
    pub(super) fn root_of(&self, tree: Option<&str>) -> PagePointer {
        tree.map_or(self.state.root, |name| self.named(name).entry.root)
    }

    /// What a change made of a tree: its root, its records, and its pages.
    pub(super) fn count_change(&mut self, tree: Option<&str>, root: PagePointer, records: i64, pages: i64) {
        let Some(name) = tree else {
            self.state.root = root;
            self.state.record_count = self.state.record_count.saturating_add_signed(records);
            return;
        };
        let entry = &mut self.state.trees.get_mut(name).expect(ASKED_FOR).entry;
        entry.root = root;
        entry.record_count = entry.record_count.saturating_add_signed(records);
        entry.page_count = u32::try_from(i64::from(entry.page_count) + pages).unwrap_or(0);
    }

    /// Writes what became of the named trees into the catalog.
    pub(super) fn write_catalog(&mut self) -> Result<()> {
        let changed: Vec<(String, TreeEntry)> = self
            .state
            .trees
            .iter()
            .filter(|(_, named)| named.entry != named.stored)
            .map(|(name, named)| (name.clone(), named.entry))
            .collect();
        for (name, entry) in changed {
            self.write_entry(&name, &entry)?;
            self.state.trees.get_mut(&name).expect(ASKED_FOR).stored = entry;
        }
        Ok(())
    }

    fn write_entry(&mut self, name: &str, entry: &TreeEntry) -> Result<()> {
        let mut catalog = self.state.catalog;
        btree::put(self, &mut catalog, name.as_bytes(), CellValue::Inline(&entry.encode()))?;
        self.state.catalog = catalog;
        Ok(())
    }

    fn named(&self, name: &str) -> &Named {
        self.state.trees.get(name).expect(ASKED_FOR)
    }

    /// Makes a tree known to the transaction; false when there is none.
    fn fetch_tree(&mut self, name: &str) -> Result<bool> {
        if self.state.trees.contains_key(name) {
            return Ok(true);
        }
        let Some(entry) = find(self, &self.state.catalog, name, self.store.page_file.name())? else { return Ok(false) };
        self.state.trees.insert(name.to_owned(), Named { entry, stored: entry });
        Ok(true)
    }

    /// Gives back every page of a tree: what hangs below a page before the page itself. Bounded: a child stands one level
    /// below its parent.
    fn free_tree(&mut self, root: &PagePointer) -> Result<()> {
        let level = self.read(root)?.view().level();
        self.free_below(root, level)
    }

    fn free_below(&mut self, pointer: &PagePointer, level: u8) -> Result<()> {
        let (mut children, mut chains) = (Vec::new(), Vec::new());
        {
            let page = btree::read_at_level(self, pointer, level)?;
            let node = page.view();
            match node.kind() {
                PageKind::Branch => children.extend((0..node.slot_count()).map(|slot| node.child(slot))),
                _ => chains.extend((0..node.slot_count()).filter_map(|slot| Chain::of(&node.cell_value(slot)))),
            }
        }
        for chain in chains {
            self.free_chain(chain)?;
        }
        for child in &children {
            self.free_below(child, level.saturating_sub(1))?;
        }
        self.give_back(pointer.page)?;
        self.make_room()
    }
}
