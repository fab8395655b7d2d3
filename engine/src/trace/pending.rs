//! A change of a file that the operating system has taken and the disk may still lose.

use crate::limits::SECTOR_BYTES;
use crate::types::Bytes;
use std::ops::Range;

/// A change that no sync of its file has made durable yet. `order` counts such changes over all files of a disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PendingWrite {
    /// Bytes were written.
    Data {
        /// Its place among all changes.
        order: u64,
        /// Where, in bytes.
        offset: u64,
        /// The bytes; never none.
        data: Bytes,
    },
    /// The length was set.
    Length {
        /// Its place among all changes.
        order: u64,
        /// The length in bytes.
        length: u64,
    },
}

impl PendingWrite {
    /// Its place among all changes of the disk.
    pub fn order(&self) -> u64 {
        match self {
            PendingWrite::Data { order, .. } | PendingWrite::Length { order, .. } => *order,
        }
    }

    /// Where it starts in the file, in bytes; for a length, the length.
    pub fn offset(&self) -> u64 {
        match self {
            PendingWrite::Data { offset, .. } => *offset,
            PendingWrite::Length { length, .. } => *length,
        }
    }

    /// How many bytes it holds; for a length, none.
    pub fn bytes(&self) -> u64 {
        match self {
            PendingWrite::Data { data, .. } => data.len() as u64,
            PendingWrite::Length { .. } => 0,
        }
    }

    /// The numbers of the sectors it touches, counted from the start of the file; a length counts as one sector.
    pub fn sectors(&self) -> Range<u64> {
        let first = self.offset() / SECTOR_BYTES as u64;
        let end = self.offset().saturating_add(self.bytes()).div_ceil(SECTOR_BYTES as u64);
        first..end.max(first + 1)
    }
}
