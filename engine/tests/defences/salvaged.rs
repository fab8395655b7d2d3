//! What salvage would say wrongly if a comparison of its own were out: damage, and lies of somebody with the key, each met by one
//! of them.

use crate::common::files::files_of;
use crate::{LOG, PATH, SLOT, get, options, put};
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::forge::{Files, Forger};
use tosumu::format::log::{LOG_HEADER_BYTES, LogHeader, RecordKind, padded_end};
use tosumu::format::node::{CellValue, Node, NodeView};
use tosumu::format::page::{PageKind, encode_pointer};
use tosumu::transfer::{Fate, Include, LossReport, Salvage, Status};
use tosumu::vfs::{DiskImage, SimVfs};
use tosumu::{CheckpointMode, Database, PageNo, Unlock};

const SAVED: &str = "saved.tsm";
const PAGES_START: usize = 2 * SLOT;
const PAGE: usize = 512;

fn key(number: u32) -> String {
    format!("{number:03}")
}

fn forger(files: Files) -> Forger {
    Forger::open(files, PATH, &Unlock::Keyless, Arc::new(InsecureSeededEntropy::new(5))).unwrap()
}

/// A database that `work` was done on, folded and without its log.
fn folded(work: impl FnOnce(&Database, &SimVfs)) -> Files {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    work(&db, &disk);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    let mut files = files_of(&disk);
    files.remove(LOG);
    files
}

/// Sixty records: a tree of two levels.
fn write_sixty(db: &Database) {
    db.write(|tx| (0..60).try_for_each(|number| tx.put(key(number).as_bytes(), &[7; 40]))).unwrap();
}

/// The report, every record found, and what was saved.
fn salvage(files: &Files) -> (LossReport, Vec<Fate>, Database) {
    let disk = SimVfs::from_image(DiskImage::of(files.clone()), 1);
    let salvage = Salvage::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(InsecureSeededEntropy::new(7)));
    let mut fates = Vec::new();
    let report = salvage.include(Include::Stale).run_telling(PATH, SAVED, &mut |fate| {
        fates.push(fate.clone());
        Ok(())
    });
    (report.unwrap(), fates, options(&disk, 8).open(SAVED).unwrap())
}

fn count(fates: &[Fate], status: Status) -> usize {
    fates.iter().filter(|fate| fate.status == status).count()
}

/// The page of the root of the main tree, and its plain form.
fn root_of(forger: &Forger) -> (PageNo, Vec<u8>) {
    let page = forger.newest_superblock().unwrap().1.root.page;
    (page, forger.plain_page(page).unwrap())
}

/// The pages below the root, in key order.
fn children_of(root: &[u8]) -> Vec<PageNo> {
    let view = NodeView::new(root).unwrap();
    (0..view.slot_count()).map(|slot| view.child(slot).page).collect()
}

fn damage(files: &mut Files, page: PageNo) {
    // More than one bit, for one is turned back.
    files.get_mut(PATH).unwrap()[PAGES_START + (page.0 as usize - 1) * PAGE + 100] ^= 3;
}

/// Two long values in one leaf, and a page for the leaf.
fn two_long_values() -> Forger {
    forger(folded(|db, _| {
        db.write(|tx| tx.put(b"a", &[1; 1000]).and_then(|_| tx.put(b"b", &[2; 1000]))).unwrap();
    }))
}

#[test]
pub(super) fn two_records_with_one_chain_give_the_value_to_the_first_alone() {
    let mut forger = two_long_values();
    let (page, mut plain) = root_of(&forger);
    let first = |plain: &[u8], slot| match NodeView::new(plain).unwrap().cell_value(slot) {
        CellValue::Overflow { first, .. } => encode_pointer(&first),
        CellValue::Inline(_) => panic!("a long value"),
    };
    let (a, b) = (first(&plain, 0), first(&plain, 1));
    let at = plain.windows(b.len()).position(|window| window == b).unwrap();
    plain[at..at + a.len()].copy_from_slice(&a);
    forger.reseal_through_parents(page, &plain).unwrap();
    let (report, _, saved) = salvage(forger.files());
    assert_eq!((report.totals.certain, report.totals.values_lost), (1, 1));
    assert_eq!(get(&saved, "b"), None);
}

#[test]
pub(super) fn a_chain_that_is_longer_than_its_value_is_no_value() {
    let mut forger = two_long_values();
    let (page, mut plain) = root_of(&forger);
    let stored = (1000 | 1_u32 << 31).to_le_bytes();
    let at = plain.windows(4).position(|window| window == stored).unwrap();
    plain[at..at + 4].copy_from_slice(&(999 | 1_u32 << 31).to_le_bytes());
    forger.reseal_through_parents(page, &plain).unwrap();
    assert_eq!(salvage(forger.files()).0.totals.values_lost, 1);
}

#[test]
pub(super) fn pages_that_do_not_stand_one_level_below_their_parent_are_lost() {
    let mut forger = forger(folded(|db, _| write_sixty(db)));
    let (page, plain) = root_of(&forger);
    let view = NodeView::new(&plain).unwrap();
    let mut higher = Node::new(PageKind::Branch, view.level() + 1, plain.len());
    (0..view.slot_count()).for_each(|slot| {
        higher.insert_child(slot, view.key(slot), &view.child(slot));
    });
    forger.reseal_through_parents(page, &higher.into_bytes()).unwrap();
    assert_eq!(salvage(forger.files()).0.totals.certain, 0);
}

#[test]
pub(super) fn records_outside_the_range_that_parents_give_are_not_certain() {
    let mut forger = forger(folded(|db, _| write_sixty(db)));
    let (page, plain) = root_of(&forger);
    let (a, b) = (NodeView::new(&plain).unwrap().child(0), NodeView::new(&plain).unwrap().child(1));
    let mut crossed = Node::from_plain(plain).unwrap();
    crossed.set_child(0, &b);
    crossed.set_child(1, &a);
    forger.reseal_through_parents(page, crossed.as_bytes()).unwrap();
    let (report, fates, _) = salvage(forger.files());
    assert_eq!(report.totals.lost_ranges, 2);
    assert!(fates.iter().all(|fate| fate.status != Status::Certain || fate.page != a.page && fate.page != b.page));
}

/// Three commits in a log; where the frame of the second begins, and that of the third.
fn three_commits() -> (Files, usize, usize) {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    for key in ["a", "b", "c"] {
        put(&db, key, "1").unwrap();
    }
    drop(db);
    let files = files_of(&disk);
    let shape = LogHeader::decode(&files[LOG][..LOG_HEADER_BYTES]).unwrap().shape();
    let record = shape.record_bytes(RecordKind::Page) + shape.record_bytes(RecordKind::Commit);
    let second = padded_end((LOG_HEADER_BYTES + record) as u64) as usize;
    (files, second, padded_end((second + record) as u64) as usize)
}

#[test]
pub(super) fn without_a_superblock_the_log_is_believed_as_far_as_it_is_one_chain() {
    let (mut files, second, _) = three_commits();
    // Behind the key slots: only the checksums are wrong then.
    [3000, SLOT + 3000].into_iter().for_each(|at| files.get_mut(PATH).unwrap()[at] ^= 1);
    assert_eq!(salvage(&files).0.state.unwrap().commit.0, 3);
    files.get_mut(LOG).unwrap()[second + 100] ^= 1;
    assert_eq!(salvage(&files).0.state.unwrap().commit.0, 1);
}

#[test]
pub(super) fn pages_of_a_commit_that_was_never_finished_are_not_saved() {
    let (mut files, second, third) = three_commits();
    files.get_mut(LOG).unwrap()[second + 100] ^= 1;
    let has = |files: &Files, key: &[u8]| salvage(files).1.iter().any(|fate| *fate.key == *key);
    assert!(has(&files, b"c"));
    files.get_mut(LOG).unwrap().truncate(third + 80 + PAGE);
    assert!(!has(&files, b"c"));
}

#[test]
pub(super) fn an_older_version_of_a_lost_page_is_stale() {
    let mut older = Files::new();
    let mut files = folded(|db, disk| {
        write_sixty(db);
        db.checkpoint(CheckpointMode::Passive).unwrap();
        older = files_of(disk);
        put(db, &key(0), "new").unwrap();
    });
    let leaf = children_of(&root_of(&forger(files.clone())).1)[0];
    let span = PAGES_START + (leaf.0 as usize - 1) * PAGE..PAGES_START + leaf.0 as usize * PAGE;
    files.get_mut(PATH).unwrap()[span.clone()].copy_from_slice(&older[PATH][span]);
    let (_, fates, _) = salvage(&files);
    assert!(count(&fates, Status::Stale) > 0 && count(&fates, Status::Unplaced) == 0);
}

/// The second half of the records was deleted: their leaves are free, and their bytes stand there still.
fn half_deleted() -> (Files, Vec<PageNo>) {
    let files = folded(|db, _| {
        write_sixty(db);
        db.checkpoint(CheckpointMode::Passive).unwrap();
        db.write(|tx| (30..60).try_for_each(|number| tx.delete(key(number).as_bytes()).map(drop))).unwrap();
    });
    let leaves = children_of(&root_of(&forger(files.clone())).1);
    (files, leaves)
}

#[test]
pub(super) fn what_a_free_page_holds_is_never_more_than_stale() {
    let (mut files, leaves) = half_deleted();
    damage(&mut files, *leaves.last().unwrap());
    let (_, fates, _) = salvage(&files);
    let dead = |status: Status| fates.iter().filter(|fate| fate.status == status && &*fate.key >= b"040").count();
    assert!(dead(Status::Stale) > 0 && dead(Status::Unplaced) == 0);
}

#[test]
pub(super) fn keys_that_cannot_be_missing_are_not_looked_for() {
    let (mut files, leaves) = half_deleted();
    damage(&mut files, leaves[0]);
    let (report, fates, _) = salvage(&files);
    assert_eq!(report.totals.lost_ranges, 1);
    let found = fates.iter().filter(|fate| matches!(fate.status, Status::Stale | Status::Unplaced));
    assert!(found.into_iter().all(|fate| report.lost_ranges[0].has(&fate.key)));
}
