//! Syncs and steps of the protocol, each at the one moment where it counts: the power goes there, and of everything that was
//! not synced each part may be kept or lost by itself.

use crate::{LOG, PATH, after_a_power_cut, get, options, put};
use std::time::Duration;
use tosumu::vfs::{CrashModel, CrashPlan, PlanBounds, SimVfs};
use tosumu::vfs::{StopEvent, StopFile, StopPoint, StopRegion, StopWhen};
use tosumu::{CheckpointMode, CheckpointOutcome, Database, KdfProfile, Unlock};

const PASSIVE: CheckpointMode = CheckpointMode::Passive;

/// What a power cut may leave of the disk: every subset of what is pending where that is little, else a sample.
fn after_every_power_cut(disk: &SimVfs) -> Vec<(CrashPlan, SimVfs)> {
    let image = disk.image();
    let bounds = PlanBounds { exhaustive_units: 10, samples: 200, seed: 1 };
    let plans = CrashModel::Posix.plans(&image, &bounds);
    plans.into_iter().map(|plan| (plan.clone(), SimVfs::from_image(image.after_crash(&plan).0, 1))).collect()
}

fn stop(event: StopEvent, file: StopFile, region: StopRegion, when: StopWhen, count: u64) -> StopPoint {
    StopPoint { event, file, region, when, count }
}

fn key(number: u32) -> String {
    format!("{number:03}")
}

/// Sixty records, which is a tree of two levels, folded into the page file; then the first of them changed in the log.
fn with_a_changed_leaf(disk: &SimVfs) -> Database {
    let db = options(disk, 1).create(true).open(PATH).unwrap();
    db.write(|tx| (0..60).try_for_each(|number| tx.put(key(number).as_bytes(), &[7; 40]))).unwrap();
    db.checkpoint(PASSIVE).unwrap();
    put(&db, &key(0), "new").unwrap();
    db
}

/// Opens the disk anew, so that nothing is in a cache, and reads every record.
fn assert_whole(disk: &SimVfs, at: &str) {
    let db = options(disk, 9).open(PATH).unwrap_or_else(|error| panic!("{at}: {error}"));
    let snapshot = db.read();
    let records: Vec<_> =
        snapshot.range::<[u8]>(..).collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(records.len(), 60, "{at}");
    assert_eq!(snapshot.get(key(0).as_bytes()).unwrap().as_deref(), Some(&b"new"[..]), "{at}");
}

#[test]
pub(super) fn a_page_of_the_log_is_read_from_the_log_before_and_from_the_page_file_after_it_was_folded() {
    let disk = SimVfs::new(1);
    let db = with_a_changed_leaf(&disk);
    assert_whole(&SimVfs::from_image(disk.image().after_crash(&CrashPlan::Lost).0, 1), "in the log");
    db.checkpoint(PASSIVE).unwrap();
    drop(db);
    assert_whole(&disk, "in the page file");
}

#[test]
pub(super) fn of_a_log_with_one_page_that_page_is_folded() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    db.checkpoint(PASSIVE).unwrap();
    drop(db);
    assert_eq!(get(&options(&disk, 2).open(PATH).unwrap(), "a").unwrap(), b"1");
}

#[test]
pub(super) fn a_commit_behind_a_seal_transaction_is_folded_under_a_new_one() {
    let disk = SimVfs::new(1);
    let db = with_a_changed_leaf(&disk);
    let snapshot = db.read();
    let deferred = db.checkpoint(CheckpointMode::Full { wait: Duration::ZERO }).unwrap();
    assert_eq!(deferred, CheckpointOutcome::Deferred { snapshots: 1 });
    put(&db, &key(59), "last").unwrap();
    drop(snapshot);
    assert!(matches!(db.checkpoint(PASSIVE).unwrap(), CheckpointOutcome::Folded { .. }));
    drop(db);
    assert_whole(&disk, "after the second seal transaction");
}

#[test]
pub(super) fn a_full_checkpoint_gives_up_when_an_older_snapshot_does_not_end_and_the_snapshot_reads_on() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).cache_bytes(0).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    let snapshot = db.read();
    put(&db, "a", "2").unwrap();
    let outcome = db.checkpoint(CheckpointMode::Full { wait: Duration::ZERO }).unwrap();
    assert_eq!(outcome, CheckpointOutcome::Deferred { snapshots: 1 });
    assert_eq!(snapshot.get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
}

/// The seal transaction renews the pointers of parents that the log does not have: were it lost while a child is already in its
/// place, the old parent would name an older one.
#[test]
pub(super) fn the_power_may_go_while_pages_go_to_their_places() {
    let disk = SimVfs::new(1);
    let db = with_a_changed_leaf(&disk);
    disk.stop_at(stop(StopEvent::Sync, StopFile::Pages, StopRegion::Pages, StopWhen::Before, 1));
    db.checkpoint(PASSIVE).unwrap_err();
    drop(db);
    for (plan, left) in after_every_power_cut(&disk) {
        assert_whole(&left, &format!("{plan:?}"));
    }
}

#[test]
pub(super) fn a_first_commit_that_was_acknowledged_is_missed_when_the_power_goes_and_the_log_is_lost() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    let left = after_a_power_cut(&disk);
    left.replace(LOG, None).unwrap();
    assert_eq!(options(&left, 2).open(PATH).err().unwrap().code(), "LOG-MISSING");
}

/// Were both superblocks pending at once, both could be torn.
#[test]
pub(super) fn the_power_may_go_while_the_second_superblock_with_new_keys_is_written() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    disk.stop_at(stop(StopEvent::Write, StopFile::Pages, StopRegion::Superblock, StopWhen::After, 2));
    db.add_key(Unlock::Keyfile(vec![7; 40].into()), KdfProfile::TEST).unwrap_err();
    drop(db);
    for (plan, left) in after_every_power_cut(&disk) {
        let db = options(&left, 2).open(PATH).unwrap_or_else(|error| panic!("{plan:?}: {error}"));
        assert_eq!(get(&db, "a").unwrap(), b"1");
    }
}

/// A process is killed between the two superblocks of a change of keys; the next one writes the second, and the power goes.
#[test]
pub(super) fn the_power_may_go_while_a_change_of_keys_that_a_kill_cut_short_is_brought_to_its_end() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    disk.stop_at(stop(StopEvent::Write, StopFile::Pages, StopRegion::Superblock, StopWhen::After, 1));
    db.add_key(Unlock::Keyfile(vec![7; 40].into()), KdfProfile::TEST).unwrap_err();
    drop(db);
    disk.crash(&CrashPlan::Process);
    disk.stop_at(stop(StopEvent::Write, StopFile::Pages, StopRegion::Superblock, StopWhen::After, 1));
    options(&disk, 2).open(PATH).unwrap_err();
    for (plan, left) in after_every_power_cut(&disk) {
        let db = options(&left, 3).open(PATH).unwrap_or_else(|error| panic!("{plan:?}: {error}"));
        assert_eq!(get(&db, "a").unwrap(), b"1");
    }
}
