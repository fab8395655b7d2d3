//! Everybody who reads a file, and a writer.

#![allow(clippy::disallowed_types, reason = "that nothing hangs is told by a clock; the engine itself reads none")]

use super::judge::PATIENCE;
use super::world::{Contents, PATH, contents, disk_of, options};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::forge::Files;
use tosumu::inspect::AtRest;
use tosumu::transfer::{Include, Salvage};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{SimVfs, Vfs};
use tosumu::{CheckpointMode, PageNo, Unlock};

/// What was served, nothing where that ended in an error: to a reader, and before and after a writer wrote `new` and deleted
/// `k001`. Everything else that reads was asked too. Panics when that takes too long.
pub fn use_everything(files: &Files, unlock: &Unlock) -> [Option<Contents>; 3] {
    let disk = disk_of(files);
    let shared: Arc<dyn Vfs> = Arc::new(disk.clone());
    let started = Instant::now();
    if let Ok(file) = AtRest::open(shared, PATH, Some(unlock)) {
        look_at_rest(&file);
    }
    salvage(&disk_of(files), unlock);
    let read = options(&disk, unlock).read_only(true).open(PATH).and_then(|db| contents(&db)).ok();
    let (mut before, mut after) = (None, None);
    if let Ok(db) = options(&disk, unlock).open(PATH) {
        before = contents(&db).ok();
        let written = db.write(|tx| tx.put(b"new", b"1").and_then(|()| tx.delete(b"k001")));
        let _ = (written, db.checkpoint(CheckpointMode::Passive), db.stats());
        after = contents(&db).ok();
    }
    assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
    [read, before, after]
}

/// What is saved opens, whatever it was saved from.
fn salvage(disk: &SimVfs, unlock: &Unlock) {
    let salvage = Salvage::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(InsecureSeededEntropy::new(1)));
    let saved = salvage.unlock(unlock.clone()).include(Include::Stale).run(PATH, "saved.tsm");
    if saved.is_ok() {
        let db = options(disk, unlock).read_only(true).open("saved.tsm").expect("what was saved opens");
        contents(&db).expect("what was saved reads");
    }
}

fn look_at_rest(file: &AtRest) {
    for level in Level::ALL.into_iter().filter(|&level| level < Level::Anchored) {
        let threads = Some(NonZeroUsize::MIN);
        let _ = verify(file, &VerifyOptions { level, threads, ..VerifyOptions::default() });
    }
    let _ = (file.tree().map(|tree| tree.height()), file.annotate_log(), file.fingerprint_line());
    let _ = (file.named_trees().map(|found| found.trees.len()), file.free_list().map(|list| list.count()));
    let _ = (file.roles().map(|roles| roles.len()), file.annotate_superblock(0), file.annotate_superblock(1));
    for page in [0, 1, 2, 3, u32::MAX - 1, u32::MAX] {
        let page = PageNo(page);
        let _ = (file.open_any(page), file.annotate_page_plain(page), file.annotate_page_sealed(page));
    }
}
