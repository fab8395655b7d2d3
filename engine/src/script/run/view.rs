//! One way to read, whoever reads: the open transaction, the newest commit, a named snapshot, a named tree.

use crate::btree::{PageRead, PageRef};
use crate::error::Result;
use crate::script::Scan;
use crate::trace::Tracer;
use crate::txn::{Range, ReadTxn, Tree, TreeInfo, TreeMut, Value, WriteTxn};
use crate::types::PagePointer;
use std::ops::Bound;

/// Records that a line can ask for: those of a snapshot, of a transaction, or of a named tree in either.
pub(in crate::script) trait Records {
    /// The value of `key`.
    fn value(&self, key: &[u8]) -> Result<Option<Value<'_>>>;
    /// The records of a scan, without its limit.
    fn records(&self, scan: &Scan) -> Range<'_>;
}

/// Each of these has both under other names.
macro_rules! records_of {
    ($($kind:ty),*) => {$(
        impl Records for $kind {
            fn value(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
                self.get(key)
            }

            fn records(&self, scan: &Scan) -> Range<'_> {
                self.range::<[u8]>(bounds(scan))
            }
        }
    )*};
}

records_of!(ReadTxn, WriteTxn, Tree<'_>, TreeMut<'_>);

impl Records for View<'_> {
    fn value(&self, key: &[u8]) -> Result<Option<Value<'_>>> {
        match self {
            View::Snapshot(snapshot) => snapshot.get(key),
            View::Open(transaction) => transaction.get(key),
        }
    }

    fn records(&self, scan: &Scan) -> Range<'_> {
        match self {
            View::Snapshot(snapshot) => snapshot.records(scan),
            View::Open(transaction) => transaction.records(scan),
        }
    }
}

fn bounds(scan: &Scan) -> (Bound<&[u8]>, Bound<&[u8]>) {
    let from = scan.from.as_deref().map_or(Bound::Unbounded, Bound::Included);
    (from, scan.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded))
}

pub(in crate::script) enum View<'a> {
    Snapshot(ReadTxn),
    Open(&'a WriteTxn),
}

impl View<'_> {
    pub fn root(&self) -> PagePointer {
        match self {
            View::Snapshot(snapshot) => snapshot.root(),
            View::Open(transaction) => transaction.root(),
        }
    }

    pub fn record_count(&self) -> u64 {
        match self {
            View::Snapshot(snapshot) => snapshot.record_count(),
            View::Open(transaction) => transaction.record_count(),
        }
    }

    pub fn page_count(&self) -> u32 {
        match self {
            View::Snapshot(snapshot) => snapshot.page_count(),
            View::Open(transaction) => transaction.page_count(),
        }
    }

    pub fn height(&self) -> Result<u64> {
        Ok(u64::from(self.read(&self.root())?.view().level()) + 1)
    }

    pub fn free_page_count(&self) -> u32 {
        match self {
            View::Snapshot(snapshot) => snapshot.free_page_count(),
            View::Open(transaction) => transaction.free_page_count(),
        }
    }

    pub fn trees(&self) -> Result<Vec<TreeInfo>> {
        match self {
            View::Snapshot(snapshot) => snapshot.trees(),
            View::Open(transaction) => transaction.trees(),
        }
    }
}

impl PageRead for View<'_> {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        match self {
            View::Snapshot(snapshot) => snapshot.read(pointer),
            View::Open(transaction) => transaction.read(pointer),
        }
    }

    fn tracer(&self) -> &Tracer {
        match self {
            View::Snapshot(snapshot) => snapshot.tracer(),
            View::Open(transaction) => transaction.tracer(),
        }
    }

    fn root_holder(&self) -> String {
        match self {
            View::Snapshot(snapshot) => snapshot.root_holder(),
            View::Open(transaction) => transaction.root_holder(),
        }
    }
}
