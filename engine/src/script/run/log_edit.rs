//! A log taken apart into its records and laid out again: dropped, swapped, repeated, cut records. No key is needed, and none
//! of the records is made to follow the one before it.

use super::Failure;
use crate::format::log::{LOG_HEADER_BYTES, LogHeader, LogShape, RecordKind, padded_end, record_place};
use crate::script::Change;
use std::ops::Range;

/// A log by its records.
pub(super) struct LogEdit {
    header: Vec<u8>,
    records: Vec<Vec<u8>>,
}

impl LogEdit {
    /// Takes `bytes` apart. What is no record ends it, and is not kept; nor is what an older log left behind the last record
    /// of this one.
    pub fn read(bytes: Vec<u8>) -> Result<LogEdit, Failure> {
        let Some((header, mut rest)) = bytes.split_at_checked(LOG_HEADER_BYTES) else {
            return Failure::refused("the log is shorter than its header");
        };
        let Ok(known) = LogHeader::decode(header) else {
            return Failure::refused("the log does not begin with a header of a log");
        };
        let (mut records, mut own): (Vec<Vec<u8>>, usize) = (Vec::new(), 0);
        let mut at = LOG_HEADER_BYTES;
        while let Some(length) = record_bytes(rest, known.shape()) {
            let record = &rest[..length];
            records.push(record.to_vec());
            if record_place::GENERATION.u64(record) == known.log_generation {
                own = records.len();
            }
            at = behind(at, record);
            rest = bytes.get(at..).unwrap_or_default();
        }
        records.truncate(own);
        Ok(LogEdit { header: header.to_vec(), records })
    }

    /// Where a record stands, counted from 1.
    pub fn span(&self, record: u32) -> Result<Range<usize>, Failure> {
        let index = self.index(record)?;
        let start = self.records[..index].iter().fold(LOG_HEADER_BYTES, |at, record| behind(at, record));
        Ok(start..start + self.records[index].len())
    }

    /// Puts other bytes in a record's place.
    pub fn put(&mut self, record: u32, bytes: Vec<u8>) -> Result<(), Failure> {
        let index = self.index(record)?;
        self.records[index] = bytes;
        Ok(())
    }

    /// Drops, repeats, swaps or cuts.
    pub fn rearrange(&mut self, record: u32, change: &Change) -> Result<(), Failure> {
        let index = self.index(record)?;
        match change {
            Change::Drop => drop(self.records.remove(index)),
            Change::Repeat => self.records.insert(index, self.records[index].clone()),
            Change::Swap(other) => {
                let other = self.index(*other)?;
                self.records.swap(index, other);
            }
            Change::Cut => self.records.truncate(index),
            _ => return Failure::refused("records are dropped, repeated, swapped or cut"),
        }
        Ok(())
    }

    /// The log again: behind each commit zeros up to the next sector, as the engine writes it.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = self.header;
        for record in self.records {
            let end = behind(bytes.len(), &record);
            bytes.extend_from_slice(&record);
            bytes.resize(end, 0);
        }
        bytes
    }

    fn index(&self, record: u32) -> Result<usize, Failure> {
        let count = self.records.len();
        match (record as usize).checked_sub(1).filter(|&index| index < count) {
            Some(index) => Ok(index),
            None => {
                Failure::refused(format!("the log has {count} records, counted from 1; there is no record {record}"))
            }
        }
    }
}

/// How long the record at the beginning of `bytes` is; none where no record begins.
fn record_bytes(bytes: &[u8], shape: LogShape) -> Option<usize> {
    let kind = RecordKind::from_byte(*bytes.get(record_place::KIND.offset)?)?;
    let length = shape.record_bytes(kind);
    (length <= bytes.len() && record_place::LENGTH.u32(bytes) as usize == length).then_some(length)
}

fn is_commit(record: &[u8]) -> bool {
    record.get(record_place::KIND.offset) == Some(&(RecordKind::Commit as u8))
}

/// Where the next record begins behind one that begins at `start`.
fn behind(start: usize, record: &[u8]) -> usize {
    let end = start + record.len();
    if is_commit(record) { padded_end(end as u64) as usize } else { end }
}
