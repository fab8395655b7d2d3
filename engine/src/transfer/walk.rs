//! All that a snapshot holds, in the one order that every copy, export and digest of it uses: the main tree in key order,
//! then each named tree in name order.

use super::digest::{Digest, Digesting};
use crate::error::Result;
use crate::txn::ReadTxn;

/// What a walk shows, one after the other.
pub(crate) trait Visitor {
    #[allow(dead_code, reason = "snapshots have a main tree alone as yet")]
    /// The records of this named tree follow. The main tree comes first, without a name.
    fn tree(&mut self, name: &[u8]) -> Result<()>;
    /// A record.
    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()>;
}

/// Shows `visitor` all that `snapshot` holds.
pub(crate) fn walk(snapshot: &ReadTxn, visitor: &mut impl Visitor) -> Result<()> {
    for record in snapshot.range::<[u8]>(..) {
        let record = record?;
        visitor.record(record.key(), record.value())?;
    }
    Ok(())
}

/// The digest of a snapshot, and how many records and named trees went into it.
pub(crate) struct Content {
    pub digest: Digest,
    pub records: u64,
    pub trees: u32,
}

/// Reads all of a snapshot.
pub(crate) fn content(snapshot: &ReadTxn) -> Result<Content> {
    let mut digesting = Digesting::new();
    walk(snapshot, &mut digesting)?;
    let (records, trees) = (digesting.records, digesting.trees);
    Ok(Content { digest: digesting.finish(), records, trees })
}

impl Visitor for Digesting {
    fn tree(&mut self, name: &[u8]) -> Result<()> {
        Digesting::tree(self, name);
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.whole(key, value);
        Ok(())
    }
}
