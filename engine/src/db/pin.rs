//! Pins: a shared lock on the log, by which a reader in another process keeps it from being folded.
//!
//! The lock belongs to an open file of the reader's own and goes with it, also when its process dies. A writer takes the log's
//! exclusive lock for as long as it folds, and defers that when it cannot have it. The log may be replaced by a copy between
//! a reader's opening and locking it, so its name is looked up again once the lock is held.

use crate::error::{Error, Result};
use crate::sync::thread;
use crate::vfs::{LockKind, OpenMode, Vfs, VfsFile, file_name};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// For how many pauses a fold that is under way is waited for.
#[derive(Clone, Copy)]
pub(crate) struct Patience(u32);

impl Patience {
    /// Half a minute.
    pub const LONG: Patience = Patience(6000);
    /// A quarter of a second: for those who can do without.
    pub const SHORT: Patience = Patience(50);
}

const PAUSE: Duration = Duration::from_millis(5);

/// Pins the log at `log_path`, waiting for a fold that is under way; nothing when there is no log to pin, or when its disk
/// knows no locks. [`Error::SnapshotOvertaken`] when patience ends.
pub(crate) fn take_pin(vfs: &dyn Vfs, log_path: &Path, patience: Patience) -> Result<Option<Arc<dyn VfsFile>>> {
    for _ in 0..patience.0 {
        let Some(file) = open(vfs, log_path)? else { return Ok(None) };
        match file.try_lock(LockKind::Shared) {
            Ok(true) => match open(vfs, log_path)? {
                Some(named) if named.identity() == file.identity() => return Ok(Some(file)),
                _ => continue,
            },
            Ok(false) => thread::sleep(PAUSE),
            Err(_) => return Ok(None),
        }
    }
    Err(Error::SnapshotOvertaken { file: file_name(log_path) })
}

fn open(vfs: &dyn Vfs, log_path: &Path) -> Result<Option<Arc<dyn VfsFile>>> {
    match vfs.open(log_path, OpenMode::Read) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::io("open", &file_name(log_path), source)),
    }
}
