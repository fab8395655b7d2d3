//! The first 8192 bytes of a page file, read so that a bad sector in one superblock does not hide the other.

use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES};
use crate::pager::slots::slot_letter;
use crate::vfs::{VfsFile, read_up_to};

/// Both superblock slots.
pub struct Head {
    /// Their bytes, fewer when the file is shorter. A slot that the disk did not give is all zeros.
    pub bytes: Vec<u8>,
    /// Of slots A and B, what the disk said when it did not give them.
    pub unread: [Option<Box<Finding>>; 2],
}

impl Head {
    /// What stands in the slots, where one that could not be read says so.
    pub fn told<T>(&self, slots: [Result<T, Box<Finding>>; 2]) -> [Result<T, Box<Finding>>; 2] {
        let [a, b] = slots;
        let [unread_a, unread_b] = self.unread.clone();
        [unread_a.map_or(a, Err), unread_b.map_or(b, Err)]
    }
}

/// Reads both slots: together, and where that fails one by one. Fails when neither can be read.
pub fn read_head(file: &dyn VfsFile, name: &str) -> Result<Head> {
    let read = |offset: usize, count: usize| {
        let mut bytes = vec![0; count];
        let read = read_up_to(file, offset as u64, &mut bytes)?;
        bytes.truncate(read);
        Ok(bytes)
    };
    let first: std::io::Error = match read(0, PAGES_START_BYTES as usize) {
        Ok(bytes) => return Ok(Head { bytes, unread: [None, None] }),
        Err(error) => error,
    };
    let mut head = Head { bytes: Vec::new(), unread: [None, None] };
    for slot in [0u8, 1] {
        match read(usize::from(slot) * SUPERBLOCK_BYTES, SUPERBLOCK_BYTES) {
            Ok(bytes) => head.bytes.extend(bytes),
            Err(error) => {
                head.bytes.resize((usize::from(slot) + 1) * SUPERBLOCK_BYTES, 0);
                head.unread[usize::from(slot)] = Some(Box::new(unread(slot, name, &error)));
            }
        }
    }
    match head.unread.iter().all(Option::is_some) {
        true => Err(Error::io("read", name, first)),
        false => Ok(head),
    }
}

fn unread(slot: u8, name: &str, error: &std::io::Error) -> Finding {
    let start = u64::from(slot) * SUPERBLOCK_BYTES as u64;
    Finding::new(Code::FileReadError, format!("Superblock {} could not be read: {error}.", slot_letter(slot)))
        .at(name, start..start + SUPERBLOCK_BYTES as u64)
        .lost("No record, when the log goes on from the other superblock or none is needed: what is said of the log tells.")
        .next("Copy both files to another disk, as far as they can be read, and verify the copy.")
}
