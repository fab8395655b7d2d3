//! Changes that the operating system has taken and the disk may still lose: of bytes and of names.

use crate::limits::SECTOR_BYTES;
use crate::types::Bytes;
use std::{collections::BTreeMap, ops::Range};

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

    /// Puts `new` over its own bytes where it has any at that place: the file was changed from outside.
    pub fn overlay(&mut self, offset: u64, new: &[u8]) {
        let PendingWrite::Data { offset: start, data, .. } = self else { return };
        let mut changed = data.to_vec();
        for (byte, place) in new.iter().zip(offset..) {
            let index = place.checked_sub(*start).and_then(|index| usize::try_from(index).ok());
            if let Some(old) = index.and_then(|index| changed.get_mut(index)) {
                *old = *byte;
            }
        }
        *data = changed.into();
    }
}

/// A change of a name that no sync of the folder has made durable yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NameChange {
    /// The file got this name: it was created or linked.
    Added {
        /// The name.
        name: String,
        /// The file's number.
        file: u64,
    },
    /// The file got another name, in one piece.
    Renamed {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
        /// The file's number.
        file: u64,
    },
    /// The name was removed.
    Removed {
        /// The name.
        name: String,
    },
}

impl NameChange {
    /// Whether the change gives or takes this name.
    pub fn is_about(&self, wanted: &str) -> bool {
        match self {
            NameChange::Added { name, .. } | NameChange::Removed { name } => name == wanted,
            NameChange::Renamed { from, to, .. } => from == wanted || to == wanted,
        }
    }

    /// Makes the change in a list of names.
    pub fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            NameChange::Added { name, file } => {
                names.insert(name.clone(), *file);
            }
            NameChange::Renamed { from, to, file } => {
                if names.get(from) == Some(file) {
                    names.remove(from);
                }
                names.insert(to.clone(), *file);
            }
            NameChange::Removed { name } => {
                names.remove(name);
            }
        }
    }
}
