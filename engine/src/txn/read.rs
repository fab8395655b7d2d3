//! Snapshots: the database as of one commit, for as long as the value lives.

use super::{Store, View};
use crate::btree::{self, PageRead, PageRef, RangeCursor};
use crate::error::Result;
use crate::pager::OpenedPage;
use crate::trace::Tracer;
use crate::types::{CommitNo, PagePointer};
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
}

impl ReadTxn {
    pub(crate) fn begin(store: Arc<Store>) -> ReadTxn {
        let mut snapshots = store.snapshots();
        let view = store.view();
        *snapshots.entry(view.state.commit).or_default() += 1;
        drop(snapshots);
        ReadTxn { store, view }
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

    /// How many pages the tree has.
    pub fn page_count(&self) -> u32 {
        self.view.state.page_count
    }

    /// The root page's pointer.
    pub fn root(&self) -> PagePointer {
        self.view.state.root
    }

    /// The value of `key`, without a copy; `None` when there is none. Damage on the way is an error that names the page.
    pub fn get(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        let found = btree::get(self, &self.view.state.root, key)?;
        Ok(found.map(|(page, slot)| Value { page, slot }))
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

/// A value in its page: dereferences to its bytes, and keeps the page in memory while it lives.
#[derive(Clone)]
pub struct Value<'a> {
    pub(super) page: PageRef<'a>,
    pub(super) slot: usize,
}

impl Deref for Value<'_> {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.page.view().value(self.slot)
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

/// A record in its page.
#[derive(Clone)]
pub struct Record<'a> {
    page: PageRef<'a>,
    slot: usize,
}

impl Record<'_> {
    /// Its key.
    pub fn key(&self) -> &[u8] {
        self.page.view().key(self.slot)
    }

    /// Its value.
    pub fn value(&self) -> &[u8] {
        self.page.view().value(self.slot)
    }
}

/// The records of a range, walked from either end. An error ends it.
pub struct Range<'a> {
    cursor: RangeCursor<'a>,
}

impl<'a> Range<'a> {
    pub(super) fn of<'k, K: ?Sized + AsRef<[u8]> + 'k>(
        reader: &'a dyn PageRead,
        root: PagePointer,
        keys: impl RangeBounds<&'k K>,
    ) -> Range<'a> {
        let owned = |bound: Bound<&&'k K>| bound.map(|key| (*key).as_ref().to_vec());
        Range { cursor: RangeCursor::new(reader, root, owned(keys.start_bound()), owned(keys.end_bound())) }
    }

    pub(super) fn of_prefix(reader: &'a dyn PageRead, root: PagePointer, prefix: &[u8]) -> Range<'a> {
        let lower = Bound::Included(prefix.to_vec());
        let upper = end_of_prefix(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Range { cursor: RangeCursor::new(reader, root, lower, upper) }
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = Result<Record<'a>>;
    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.next().map(|found| found.map(|(page, slot)| Record { page, slot }))
    }
}

impl DoubleEndedIterator for Range<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.cursor.next_back().map(|found| found.map(|(page, slot)| Record { page, slot }))
    }
}

impl std::iter::FusedIterator for Range<'_> {}
