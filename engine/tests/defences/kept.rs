//! Archives: what goes into one on a disk that changes a bit on the way, and what stands in one under a wrong name.

use crate::common::disk::{Below, Meddle, meddled};
use crate::{PATH, get, options, put};
use std::io;
use std::sync::Arc;
use tosumu::transfer::Restore;
use tosumu::vfs::{SimVfs, Vfs};
use tosumu::{CheckpointMode, CommitNo};

/// A disk that changes a bit of every write to a file of an archive.
#[derive(Clone)]
struct Flipping(SimVfs);

impl Meddle for Flipping {
    fn below(&self) -> &dyn Vfs {
        &self.0
    }
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        let mut data = data.to_vec();
        if let Some(last) = data.last_mut().filter(|_| file.name.ends_with(".log.tmp")) {
            *last ^= 1;
        }
        file.write_at(offset, &data)
    }
}

#[test]
pub(super) fn a_log_that_is_not_in_the_archive_as_it_was_is_not_called_spent() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).vfs(meddled(Flipping(disk.clone()))).create(true).archive(".").open(PATH).unwrap();
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
