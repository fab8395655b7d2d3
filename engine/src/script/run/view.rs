//! One way to read, whoever reads: the open transaction, a named snapshot or the newest commit.

use crate::btree::{PageRead, PageRef};
use crate::error::Result;
use crate::script::Scan;
use crate::trace::Tracer;
use crate::txn::{ReadTxn, WriteTxn};
use crate::types::PagePointer;
use std::ops::Bound;

pub(in crate::script) enum View<'a> {
    Snapshot(ReadTxn),
    Named(&'a ReadTxn),
    Open(&'a WriteTxn),
}

impl View<'_> {
    pub fn root(&self) -> PagePointer {
        match self {
            View::Snapshot(snapshot) => snapshot.root(),
            View::Named(snapshot) => snapshot.root(),
            View::Open(transaction) => transaction.root(),
        }
    }

    pub fn record_count(&self) -> u64 {
        match self {
            View::Snapshot(snapshot) => snapshot.record_count(),
            View::Named(snapshot) => snapshot.record_count(),
            View::Open(transaction) => transaction.record_count(),
        }
    }

    pub fn page_count(&self) -> u32 {
        match self {
            View::Snapshot(snapshot) => snapshot.page_count(),
            View::Named(snapshot) => snapshot.page_count(),
            View::Open(transaction) => transaction.page_count(),
        }
    }

    pub fn height(&self) -> Result<u64> {
        Ok(u64::from(self.read(&self.root())?.view().level()) + 1)
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let value = match self {
            View::Snapshot(snapshot) => snapshot.get(key)?,
            View::Named(snapshot) => snapshot.get(key)?,
            View::Open(transaction) => transaction.get(key)?,
        };
        Ok(value.map(|value| value.to_vec()))
    }

    /// The records of a scan, without its limit.
    pub fn records(&self, scan: &Scan) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>)>> {
        let from = scan.from.as_deref().map_or(Bound::Unbounded, Bound::Included);
        let to = scan.to.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let range = match self {
            View::Snapshot(snapshot) => snapshot.range::<[u8]>((from, to)),
            View::Named(snapshot) => snapshot.range::<[u8]>((from, to)),
            View::Open(transaction) => transaction.range::<[u8]>((from, to)),
        };
        range.map(|found| found.map(|record| (record.key().to_vec(), record.value().to_vec())))
    }
}

impl PageRead for View<'_> {
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>> {
        match self {
            View::Snapshot(snapshot) => snapshot.read(pointer),
            View::Named(snapshot) => snapshot.read(pointer),
            View::Open(transaction) => transaction.read(pointer),
        }
    }

    fn tracer(&self) -> &Tracer {
        match self {
            View::Snapshot(snapshot) => snapshot.tracer(),
            View::Named(snapshot) => snapshot.tracer(),
            View::Open(transaction) => transaction.tracer(),
        }
    }

    fn root_holder(&self) -> String {
        match self {
            View::Snapshot(snapshot) => snapshot.root_holder(),
            View::Named(snapshot) => snapshot.root_holder(),
            View::Open(transaction) => transaction.root_holder(),
        }
    }
}
