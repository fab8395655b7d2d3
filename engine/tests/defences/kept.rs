//! Archives: what goes into one on a disk that changes a bit on the way, and what stands in one under a wrong name.

use crate::{PATH, get, options, put};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tosumu::transfer::Restore;
use tosumu::vfs::{LockKind, OpenMode, SimVfs, Vfs, VfsFile};
use tosumu::{CheckpointMode, CommitNo};

/// A disk that changes a bit of every write to a file of an archive.
struct Flipping(SimVfs);

struct FlippingFile {
    file: Arc<dyn VfsFile>,
    is_changed: bool,
}

impl Vfs for Flipping {
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.0.list(folder)
    }
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let is_changed = path.to_string_lossy().ends_with(".log.tmp");
        Ok(Arc::new(FlippingFile { file: self.0.open(path, mode)?, is_changed }))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.link_new(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.0.sync_dir(path)
    }
}

impl VfsFile for FlippingFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        let mut data = data.to_vec();
        if let Some(last) = data.last_mut().filter(|_| self.is_changed) {
            *last ^= 1;
        }
        self.file.write_at(offset, &data)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        self.file.try_lock(kind)
    }
}

#[test]
pub(super) fn a_log_that_is_not_in_the_archive_as_it_was_is_not_called_spent() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).vfs(Arc::new(Flipping(disk.clone()))).create(true).archive(".").open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap_err();
    assert!(!disk.files().iter().any(|file| file.file.ends_with("-1.log")));
}

#[test]
pub(super) fn a_base_under_another_ones_name_is_passed_over() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).archive(".").open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let bases: Vec<_> =
        disk.files().into_iter().filter(|file| file.file.contains("-") && file.file.ends_with(".tsm")).collect();
    let misnamed = format!("{}-9.tsm", db.file_id());
    disk.replace(&misnamed, Some(bases[0].bytes.to_vec())).unwrap();
    drop(db);
    let restore = Restore::new().vfs(Arc::new(disk.clone())).archive(".").to_commit(CommitNo(1));
    let report = restore.run(PATH, "restored.tsm").unwrap();
    assert_eq!(report.passed_over.len(), 1);
    assert_eq!(get(&options(&disk, 2).open("restored.tsm").unwrap(), "a").unwrap(), b"1");
}
