//! Who holds which lock of a file that exists in memory only.

use super::LockKind;
use std::collections::BTreeSet;

/// The locks of one file, by the number of the open file that holds them.
#[derive(Default, Debug)]
pub(super) struct LockTable {
    exclusive: Option<u64>,
    shared: BTreeSet<u64>,
}

impl LockTable {
    /// Takes a lock for `holder`; false when another holder's stands against it.
    pub fn try_lock(&mut self, holder: u64, kind: LockKind) -> bool {
        let free_of_writers = self.exclusive.is_none_or(|other| other == holder);
        let free_of_readers = self.shared.iter().all(|&other| other == holder);
        match kind {
            LockKind::Shared if free_of_writers => {
                self.shared.insert(holder);
                true
            }
            LockKind::Exclusive if free_of_writers && free_of_readers => {
                self.exclusive = Some(holder);
                true
            }
            _ => false,
        }
    }

    /// Gives up whatever `holder` has.
    pub fn release(&mut self, holder: u64) {
        self.shared.remove(&holder);
        if self.exclusive == Some(holder) {
            self.exclusive = None;
        }
    }
}
