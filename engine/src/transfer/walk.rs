//! All that a snapshot holds, in the one order that every copy, export and digest of it uses: the main tree in key order,
//! then each named tree in name order. A long value is never in memory whole: who is shown it reads it in pieces.

use super::digest::{Digest, Digesting};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::txn::{EntryValue, Range, ReadTxn, ValueReader};
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes of a long value that are held at once: a multiple of three, so that pieces turned into base64 join without padding.
pub(super) const PIECE_BYTES: usize = 3 << 14;

/// What a walk shows, one after the other.
pub(crate) trait Visitor {
    /// The records of this named tree follow. The main tree comes first, without a name.
    fn tree(&mut self, name: &str) -> Result<()>;
    /// A record whose value stands in its leaf.
    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()>;
    /// A record whose value is long.
    fn long(&mut self, key: &[u8], value: &mut ValueReader<'_>) -> Result<()>;
}

/// Shows `visitor` all that `snapshot` holds. Memory: the names of the trees, and a page.
pub(crate) fn walk(snapshot: &ReadTxn, visitor: &mut impl Visitor) -> Result<()> {
    walk_tree(snapshot.range::<[u8]>(..), visitor)?;
    for info in snapshot.trees()? {
        let tree = snapshot.tree(&info.name)?.ok_or_else(|| nameless(&info.name))?;
        visitor.tree(&info.name)?;
        walk_tree(tree.range::<[u8]>(..), visitor)?;
    }
    Ok(())
}

fn walk_tree(records: Range<'_>, visitor: &mut impl Visitor) -> Result<()> {
    for entry in records.entries() {
        let entry = entry?;
        match entry.value() {
            EntryValue::Short(value) => visitor.record(entry.key(), value)?,
            EntryValue::Long(mut value) => visitor.long(entry.key(), &mut value)?,
        }
    }
    Ok(())
}

/// A name that is listed and not found is none: no writer of ours puts it.
fn nameless(name: &str) -> Error {
    let shown = crate::escape::escape(name.as_bytes());
    Finding::new(Code::TreeSlot, format!("The catalog has a name that is no text: `{shown}`."))
        .remedy_and("The other trees can be read one by one.")
        .into()
}

/// Gives `piece` the whole of a value, in pieces that are full but for the last.
pub(super) fn pieces(value: &mut ValueReader<'_>, mut piece: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    value.seek(SeekFrom::Start(0)).map_err(of_value)?;
    let mut buffer = vec![0; PIECE_BYTES];
    let mut left = value.len();
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(PIECE_BYTES).min(PIECE_BYTES);
        value.read_exact(&mut buffer[..count]).map_err(of_value)?;
        piece(&buffer[..count])?;
        left -= count as u64;
    }
    Ok(())
}

/// The engine's own error that an error of reading a value stands for.
pub(super) fn of_value(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(own) => own,
        Err(source) => Error::io("read", "value", source),
    }
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
    fn tree(&mut self, name: &str) -> Result<()> {
        Digesting::tree(self, name.as_bytes());
        Ok(())
    }

    fn record(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.whole(key, value);
        Ok(())
    }

    fn long(&mut self, key: &[u8], value: &mut ValueReader<'_>) -> Result<()> {
        Digesting::record(self, key, value_bytes(value));
        pieces(value, |piece| {
            self.piece(piece);
            Ok(())
        })
    }
}

fn value_bytes(value: &ValueReader<'_>) -> u32 {
    u32::try_from(value.len()).expect("invariant: a value is at most a gigabyte")
}
