//! Moving data: from one file into a new one, back to an earlier commit, out as text and in again.
//!
//! | what | function |
//! |---|---|
//! | a compact copy of a snapshot, while writes go on | [`Database::backup`], [`Database::compact_to`] |
//! | a database as it was at any commit | [`Restore`] |
//! | all of it as text, for any other program, and back | [`export`], [`Import`] |
//! | what can be saved of a damaged database | [`Salvage`] |
//! | whether it comes out and goes in again, without a new file | [`drill`] |
//!
//! Everything here reads its source through snapshots and writes new files alone: it never changes what it reads from, and a
//! new file gets its name when it is whole, verified and durable, or not at all. One function, `copy`, is below all of them.

mod chain;
mod copy;
mod digest;
mod drill;
mod export;
mod import;
mod lines;
mod restore;
mod salvage;
mod walk;

pub use copy::CopyReport;
pub use digest::Digest;
pub use drill::drill;
pub use export::{ExportReport, export};
pub use import::{Existing, Import, ImportFailure, ImportReport};
pub use restore::{ArchivedDatabase, Restore, RestoreReport, archived_databases};
pub use salvage::{
    Choice, Fate, Include, LISTED_MAX, LossReport, LostRange, RecoveredBy, RecoveredPage, Salvage, SalvagedFile,
    SalvagedState, Status, Totals, TreeCount, TreeOf, Verdict,
};

use crate::crypto::{KdfProfile, Unlock};
use crate::db::{Database, Options};
use crate::error::Result;
use copy::{Source, Target, TargetKeys, copy};
use std::path::Path;

impl Database {
    /// Writes what the newest commit holds into a new file at `path`, without gaps and without history, opened by the same
    /// keys; other threads may write meanwhile. It is read back and verified before it gets its name.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let db = tosumu::Options::new().create(true).open(folder.path().join("a.tsm"))?;
    /// db.write(|tx| tx.put(b"k", b"v"))?;
    /// let report = db.backup(folder.path().join("copy.tsm"))?;
    /// assert_eq!(report.records, 1);
    /// let copy = tosumu::Database::open(folder.path().join("copy.tsm"))?;
    /// assert_eq!(&*copy.read().get(b"k")?.unwrap(), b"v");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn backup(&self, path: impl AsRef<Path>) -> Result<CopyReport> {
        self.copy_to(path.as_ref(), TargetKeys::Inherited(&self.inherited_keys()))
    }

    /// As [`Database::backup`]: a file that takes no more room than its records need. The present one is not changed; to go on
    /// with the compact one, close this handle and open that.
    pub fn compact_to(&self, path: impl AsRef<Path>) -> Result<CopyReport> {
        self.backup(path)
    }

    /// As [`Database::backup`], with a new data key, wrapped in one key slot as `options` name it.
    pub fn copy_with_new_key(&self, path: impl AsRef<Path>, options: Options) -> Result<CopyReport> {
        self.copy_to(path.as_ref(), TargetKeys::Fresh(options))
    }

    /// As [`Database::backup`], with a new data key in one key slot that `unlock` opens; `profile` counts for a passphrase. No
    /// other key slot comes along, for its secret is not at hand: [`Database::add_key`] on the new file adds them.
    ///
    /// This is what revokes a key. Whoever had one, or an old copy of the file, or its data key, reads nothing of the new file;
    /// the old file stays as it is, and is the caller's to destroy.
    pub fn rekey_to(&self, path: impl AsRef<Path>, unlock: Unlock, profile: KdfProfile) -> Result<CopyReport> {
        self.copy_with_new_key(path, Options::new().unlock(unlock).kdf(profile))
    }

    fn copy_to(&self, path: &Path, keys: TargetKeys<'_>) -> Result<CopyReport> {
        let snapshot = self.read();
        let source = Source { snapshot: &snapshot, page_size: self.page_size() };
        let means = self.means();
        copy(&source, Target { vfs: means.vfs.clone(), entropy: means.entropy.clone(), path, keys })
    }
}
