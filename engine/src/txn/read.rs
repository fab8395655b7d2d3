//! Snapshots: the database as of one commit, for as long as the value lives.

use super::overflow::ValueReader;
use super::{Store, View};
use crate::btree::{self, Chain, ChainRead, PageRead, PageRef, RangeCursor};
use crate::defence::{Defence, holds};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::pager::OpenedPage;
use crate::trace::Tracer;
use crate::types::{CommitNo, PageNo, PagePointer};
use crate::vfs::VfsFile;
use std::fmt;
use std::ops::{Bound, Deref, RangeBounds};
use std::sync::Arc;

/// A snapshot. Many may live at once, on many threads, beside the writer; a checkpoint waits until they are gone.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
/// db.write(|tx| tx.put(b"k", b"old"))?;
/// let before = db.read();
/// db.write(|tx| tx.put(b"k", b"new"))?;
/// assert_eq!(&*before.get(b"k")?.unwrap(), b"old");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReadTxn {
    store: Arc<Store>,
    view: View,
    /// The lock that keeps a writer in another process from folding the log.
    _pin: Option<Arc<dyn VfsFile>>,
    /// Why nothing can be read: the file could not be looked at.
    refused: Option<Box<Error>>,
}

impl ReadTxn {
    pub(crate) fn begin(store: Arc<Store>) -> ReadTxn {
        let mut snapshots = store.snapshots();
        let view = store.view();
        *snapshots.entry(view.state.commit).or_default() += 1;
        drop(snapshots);
        ReadTxn { store, view, _pin: None, refused: None }
    }

    /// A snapshot of a state that was found in the files of another process.
    pub(crate) fn of_view(store: Arc<Store>, view: View, pin: Option<Arc<dyn VfsFile>>) -> ReadTxn {
        *store.snapshots().entry(view.state.commit).or_default() += 1;
        ReadTxn { store, view, _pin: pin, refused: None }
    }

    /// A snapshot of files that could not be looked at: every read says why.
    pub(crate) fn refused(store: Arc<Store>, error: Error) -> ReadTxn {
        let mut snapshot = ReadTxn::begin(store);
        snapshot.refused = Some(Box::new(error));
        snapshot
    }

    /// The commit this snapshot sees.
    pub fn commit(&self) -> CommitNo {
        self.view.state.commit
    }

    /// The line that `fingerprint` prints of this commit.
    pub(crate) fn fingerprint_line(&self) -> String {
        self.store.anchor(&self.view.state).to_string()
    }

    /// How many records there are.
    pub fn record_count(&self) -> u64 {
        self.view.state.record_count
    }

    /// How many pages the file has, free ones included.
    pub fn page_count(&self) -> u32 {
        self.view.state.page_count
    }

    /// How many of the pages are free.
    pub fn free_page_count(&self) -> u32 {
        self.view.state.free_count
    }

    /// The trunks of the free list, the head first, each with the pages it lists. A list that comes back to itself ends with
    /// an error, since its trunks are free pages too.
    pub(crate) fn free_trunks(&self) -> Result<Vec<(PageNo, Vec<PageNo>)>> {
        let mut trunks = Vec::new();
        let mut at = self.view.state.free_list;
        while !at.is_null() {
            let page = self.store.read_trunk(&at, &self.view)?;
            let trunk = page.trunk();
            trunks.push((at.page, trunk.pages().collect()));
            if !holds(Defence::FreeListBoundOfCopy, trunks.len() <= self.view.state.free_count as usize) {
                let why = "The free list has more trunks than there are free pages.";
                return Err(Finding::new(Code::FreeCycle, why).page(at.page).into());
            }
            at = trunk.next().unwrap_or(PagePointer::NULL);
        }
        Ok(trunks)
    }

    /// The root of the tree of named trees.
    pub(super) fn catalog(&self) -> PagePointer {
        self.view.state.catalog
    }

    /// The page file's name.
    pub(super) fn file(&self) -> &str {
        self.store.page_file.name()
    }

    /// The root page's pointer.
    pub fn root(&self) -> PagePointer {
        self.view.state.root
    }

    /// The value of `key`, without a copy when it stands in its leaf; `None` when there is none. Damage on the way is an error that names the page.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        value_of(self, &self.view.state.root, key)
    }

    /// Reads the value of `key` in pieces, however long it is; `None` when there is none.
    pub fn reader(&self, key: &[u8]) -> Result<Option<ValueReader<'_>>> {
        read_from(self, &self.view.state.root, key)
    }

    /// The records of a range of keys in key order, from either end.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
    /// db.write(|tx| { tx.put(b"a", b"1")?; tx.put(b"b", b"2")?; tx.put(b"c", b"3") })?;
    /// let snapshot = db.read();
    /// let keys: Result<Vec<_>, _> = snapshot.range(&b"b"[..]..).map(|record| record.map(|r| r.key().to_vec())).collect();
    /// assert_eq!(keys?, [b"b", b"c"]);
    /// assert_eq!(snapshot.range::<[u8]>(..).next_back().unwrap()?.value(), b"3");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn range<'k, K: ?Sized + AsRef<[u8]> + 'k>(&self, keys: impl RangeBounds<&'k K>) -> Range<'_> {
        Range::of(self, self.view.state.root, keys)
    }

    /// The records whose keys begin with `prefix`.
    pub fn prefix(&self, prefix: &[u8]) -> Range<'_> {
        Range::of_prefix(self, self.view.state.root, prefix)
    }
}

/// The lowest key behind every key that begins with `prefix`; none when it is all 0xff.
fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&byte| byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

impl Drop for ReadTxn {
    fn drop(&mut self) {
        let mut snapshots = self.store.snapshots();
        if let Some(count) = snapshots.get_mut(&self.view.state.commit) {
            *count -= 1;
            if *count == 0 {
                snapshots.remove(&self.view.state.commit);
                self.store.snapshot_ended.notify_all();
            }
        }
    }
}

impl PageRead for ReadTxn {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        if let Some(error) = &self.refused {
            return Err(error.again());
        }
        let page: Arc<OpenedPage> = self.store.read_page(pointer, &self.view)?;
        Ok(PageRef::Opened(page))
    }

    fn tracer(&self) -> &Tracer {
        &self.store.tracer
    }

    fn root_holder(&self) -> String {
        self.view.state.root_holder.to_string()
    }
}

impl ChainRead for ReadTxn {
    fn read_overflow(&self, pointer: &PagePointer) -> Result<Arc<OpenedPage>> {
        self.store.read_overflow(pointer, &self.view)
    }
}

/// The value of `key` in the tree below `root`.
pub(super) fn value_of<'a>(reader: &'a dyn ChainRead, root: &PagePointer, key: &[u8]) -> Result<Option<Value<'a>>> {
    let Some((page, slot)) = btree::get(reader, root, key)? else { return Ok(None) };
    let long = assemble(reader, &page, slot)?;
    Ok(Some(Value { page, slot, long }))
}

/// A reader of the value of `key` in the tree below `root`.
pub(super) fn read_from<'a>(
    reader: &'a dyn ChainRead,
    root: &PagePointer,
    key: &[u8],
) -> Result<Option<ValueReader<'a>>> {
    let Some((page, slot)) = btree::get(reader, root, key)? else { return Ok(None) };
    let chain = Chain::of(&page.view().cell_value(slot));
    Ok(Some(match chain {
        Some(chain) => ValueReader::chain(reader, chain),
        None => ValueReader::inline(Value { page, slot, long: None }),
    }))
}

/// The whole of a value that lies in a chain of pages; nothing when it stands in its leaf.
fn assemble(reader: &dyn ChainRead, page: &PageRef<'_>, slot: usize) -> Result<Option<Arc<Vec<u8>>>> {
    let chain = Chain::of(&page.view().cell_value(slot));
    chain.map(|chain| chain.assemble(reader).map(Arc::new)).transpose()
}

/// A value: dereferences to its bytes. One that stands in its leaf is not copied, and keeps the page in memory while it lives;
/// a longer one was put together in memory of its own.
#[derive(Clone)]
pub struct Value<'a> {
    page: PageRef<'a>,
    slot: usize,
    long: Option<Arc<Vec<u8>>>,
}

impl Deref for Value<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match &self.long {
            Some(value) => value,
            None => self.page.view().value(self.slot),
        }
    }
}

impl AsRef<[u8]> for Value<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.len())
    }
}

/// A record: its key and its value.
#[derive(Clone)]
pub struct Record<'a> {
    value: Value<'a>,
}

impl Record<'_> {
    /// Its key.
    pub fn key(&self) -> &[u8] {
        self.value.page.view().key(self.value.slot)
    }

    /// Its value.
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

/// The records of a range, walked from either end. An error ends it.
pub struct Range<'a> {
    reader: &'a dyn ChainRead,
    cursor: RangeCursor<'a>,
}

impl<'a> Range<'a> {
    pub(super) fn of<'k, K: ?Sized + AsRef<[u8]> + 'k>(
        reader: &'a dyn ChainRead,
        root: PagePointer,
        keys: impl RangeBounds<&'k K>,
    ) -> Range<'a> {
        let owned = |bound: Bound<&&'k K>| bound.map(|key| (*key).as_ref().to_vec());
        Range { reader, cursor: RangeCursor::new(reader, root, owned(keys.start_bound()), owned(keys.end_bound())) }
    }

    pub(super) fn of_prefix(reader: &'a dyn ChainRead, root: PagePointer, prefix: &[u8]) -> Range<'a> {
        let lower = Bound::Included(prefix.to_vec());
        let upper = end_of_prefix(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Range { reader, cursor: RangeCursor::new(reader, root, lower, upper) }
    }

    /// The keys alone: no long value is read.
    pub fn keys(self) -> Keys<'a> {
        Keys { cursor: self.cursor }
    }

    /// The records, each with its value or a reader of it.
    pub(crate) fn entries(self) -> Entries<'a> {
        Entries { reader: self.reader, cursor: self.cursor }
    }

    fn record(&self, found: Result<(PageRef<'a>, usize)>) -> Result<Record<'a>> {
        let (page, slot) = found?;
        let long = assemble(self.reader, &page, slot)?;
        Ok(Record { value: Value { page, slot, long } })
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = Result<Record<'a>>;
    fn next(&mut self) -> Option<Self::Item> {
        let found = self.cursor.next()?;
        Some(self.record(found).inspect_err(|_| self.cursor.end()))
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let found = self.cursor.next_back()?;
        Some(self.record(found).inspect_err(|_| self.cursor.end()))
    }
}

impl std::iter::FusedIterator for Range<'_> {}

/// The records of a range, no long value read.
pub(crate) struct Entries<'a> {
    reader: &'a dyn ChainRead,
    cursor: RangeCursor<'a>,
}

/// A record whose value, when it is long, is not in memory.
pub(crate) struct Entry<'a> {
    reader: &'a dyn ChainRead,
    page: PageRef<'a>,
    slot: usize,
}

/// The value of an [`Entry`].
pub(crate) enum EntryValue<'v, 'a> {
    /// It stands in the leaf.
    Short(&'v [u8]),
    /// It lies in a chain of pages, to be read in pieces.
    Long(ValueReader<'a>),
}

impl<'a> Entry<'a> {
    /// Its key.
    pub fn key(&self) -> &[u8] {
        self.page.view().key(self.slot)
    }

    /// Its value, or a reader of it.
    pub fn value(&self) -> EntryValue<'_, 'a> {
        match Chain::of(&self.page.view().cell_value(self.slot)) {
            Some(chain) => EntryValue::Long(ValueReader::chain(self.reader, chain)),
            None => EntryValue::Short(self.page.view().value(self.slot)),
        }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>>;
    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader;
        Some(self.cursor.next()?.map(|(page, slot)| Entry { reader, page, slot }))
    }
}

/// The keys of a range, walked from either end. An error ends it.
pub struct Keys<'a> {
    cursor: RangeCursor<'a>,
}

fn key_of(found: Result<(PageRef<'_>, usize)>) -> Result<Vec<u8>> {
    found.map(|(page, slot)| page.view().key(slot).to_vec())
}

impl Iterator for Keys<'_> {
    type Item = Result<Vec<u8>>;
    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.next().map(key_of)
    }
}

impl DoubleEndedIterator for Keys<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.cursor.next_back().map(key_of)
    }
}

impl std::iter::FusedIterator for Keys<'_> {}

#[cfg(test)]
mod tests {
    use crate::crypto::{InsecureSeededEntropy, Unlock};
    use crate::forge::Forger;
    use crate::vfs::{DiskImage, SimVfs};
    use crate::{CheckpointMode, Options, PageSize};
    use std::sync::Arc;

    /// A commit that says it has no free pages, with a trunk on its free list.
    #[test]
    fn a_free_list_with_more_trunks_than_free_pages_is_not_listed() {
        let options = |disk: &SimVfs| Options::new().vfs(Arc::new(disk.clone())).page_size(PageSize::TOY).create(true);
        let disk = SimVfs::new(1);
        let db = options(&disk).open("a.tsm").unwrap();
        db.write(|tx| (0..60).try_for_each(|number: u8| tx.put(&[number], &[7; 40]))).unwrap();
        db.write(|tx| (1..60).try_for_each(|number: u8| tx.delete(&[number]).map(drop))).unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        drop(db);
        let files = disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
        let entropy = Arc::new(InsecureSeededEntropy::new(5));
        let mut forger = Forger::open(files, "a.tsm", &Unlock::Keyless, entropy).unwrap();
        let trunk = forger.newest_superblock().unwrap().1.free_list.page;
        let plain = forger.plain_page(trunk).unwrap();
        forger.append_commit(&[(trunk, plain)], |body| body.free_count = 0).unwrap();
        let disk = SimVfs::from_image(DiskImage::of(forger.into_files()), 1);
        let listed = options(&disk).open("a.tsm").unwrap().read().free_trunks();
        assert_eq!(listed.err().map(|error| error.code()), Some("FREE-CYCLE"));
    }
}
