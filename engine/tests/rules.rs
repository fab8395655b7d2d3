//! The rules of the protocol that no other test holds: each fails when its rule is taken out of the engine. DESIGN.md lists
//! all of them with the code that keeps each.

mod common;

use common::disk::{Below, Meddle, meddled};
use common::files::{disk_of, files_of};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::format::superblock::Superblock;
use tosumu::inspect::AtRest;
use tosumu::vfs::{CrashModel, CrashPlan, PlanBounds};
use tosumu::vfs::{Fault, FaultKind, FaultSpan, LockKind, OpenMode, SimVfs, Vfs};
use tosumu::vfs::{StopEvent, StopFile, StopPoint, StopRegion, StopWhen};
use tosumu::{AutoCheckpoint, CheckpointMode, CheckpointOutcome, Database, Error, Options, PageSize};

const PATH: &str = "r.tsm";
const LOG: &str = "r.tsm-wal";
const SLOT: usize = 4096;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn options(disk: &SimVfs, seed: u64) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
}

fn create(disk: &SimVfs) -> Database {
    options(disk, 1).create(true).open(PATH).unwrap()
}

fn put(db: &Database, key: &str, value: &str) -> Result<(), Error> {
    db.write(|tx| tx.put(key.as_bytes(), value.as_bytes()))
}

fn dump(db: &Database) -> Model {
    let snapshot = db.read();
    snapshot.range::<[u8]>(..).map(|record| record.map(|r| (r.key().to_vec(), r.value().to_vec())).unwrap()).collect()
}

fn at_rest(disk: &SimVfs) -> AtRest {
    AtRest::open(Arc::new(disk.clone()), PATH, None).unwrap()
}

fn code_of(result: Result<Database, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "opened")
}

/// Rules 6 and 7.
#[test]
fn a_checkpoint_waits_for_every_snapshot_and_for_one_of_the_newest_commit_too() {
    let db = create(&SimVfs::new(1));
    put(&db, "a", "1").unwrap();
    let snapshot = db.read();
    assert_eq!(db.checkpoint(CheckpointMode::Passive).unwrap(), CheckpointOutcome::Deferred { snapshots: 1 });
    drop(snapshot);
    assert!(matches!(db.checkpoint(CheckpointMode::Passive).unwrap(), CheckpointOutcome::Folded { .. }));
}

/// Rule 9.
#[test]
fn a_frame_that_rots_before_it_is_folded_stops_the_checkpoint_and_the_log_stays() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    put(&db, "a", "1").unwrap();
    let logged = files_of(&disk)[LOG].clone();
    // The frame stands behind the header: 80 bytes of record and a page, whose last 16 bytes are its seal.
    let (frame, seal_end) = (512, 512 + 80 + 512);
    let mut with_mended_checksum = logged[frame..seal_end].to_vec();
    with_mended_checksum[80 + 511] ^= 1;
    let covered = [&with_mended_checksum[..36], &with_mended_checksum[40..]].concat();
    with_mended_checksum[36..40].copy_from_slice(&crc32(&covered).to_le_bytes());
    for (at, rot) in [(700, &[logged[700] ^ 1][..]), (frame, &with_mended_checksum)] {
        disk.tamper(LOG, at as u64, rot).unwrap();
        assert_eq!(db.checkpoint(CheckpointMode::Passive).unwrap_err().code(), "LOG-ROT");
        disk.tamper(LOG, frame as u64, &logged[frame..seal_end]).unwrap();
    }
    drop(db);
    let db = options(&disk, 2).open(PATH).unwrap();
    assert_eq!(db.read().get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// Rule 11.
#[test]
fn a_slot_that_stands_in_the_place_of_the_other_is_a_stop() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    put(&db, "a", "1").unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    let files = files_of(&disk);
    for (from, to) in [(0, SLOT), (SLOT, 0)] {
        let disk = disk_of(&files);
        disk.tamper(PATH, to as u64, &files[PATH][from..from + SLOT]).unwrap();
        assert_eq!(code_of(options(&disk, 2).open(PATH)), "HDR-SLOTS-DISAGREE");
    }
}

/// Rules 12 and 20: the process is killed at any call, another recovers on what the operating system holds, and then the power
/// goes at any write or sync of that recovery and of the commit and checkpoint after it.
#[test]
fn a_kill_and_then_a_power_cut_take_nothing_that_was_acknowledged() {
    let life = |disk: &SimVfs| {
        let mut acknowledged = Model::new();
        let mut doubt = None;
        let Ok(db) = options(disk, 1).create(true).open(PATH) else { return (acknowledged, doubt) };
        for (number, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
            let mut next = acknowledged.clone();
            next.insert(key.into(), b"1".to_vec());
            match put(&db, key, "1") {
                Ok(()) => acknowledged = next,
                Err(_) => doubt = doubt.or(Some(next)),
            }
            if number > 0 {
                let _ = db.checkpoint(CheckpointMode::Passive);
            }
        }
        (acknowledged, doubt)
    };
    let whole = SimVfs::new(1);
    life(&whole);
    let mut states = 0;
    for at_call in 1..=whole.calls() {
        let killed = SimVfs::new(1);
        killed.set_faults(vec![Fault { at_call, kind: FaultKind::Io, span: FaultSpan::Sticky }]);
        let (acknowledged, doubt) = life(&killed);
        killed.set_faults(Vec::new());
        killed.end_process();
        for (event, when) in [(StopEvent::Write, StopWhen::After), (StopEvent::Sync, StopWhen::Before)] {
            for count in 1.. {
                let before = SimVfs::from_image(killed.image(), 1);
                let stop = StopPoint { event, file: StopFile::Any, region: StopRegion::Any, when, count };
                before.stop_at(stop);
                let (served, more) = recover_and_go_on(&before);
                if !before.struck() {
                    break;
                }
                for plan in [CrashPlan::Lost, CrashPlan::Kept, CrashPlan::Seeded(1), CrashPlan::Seeded(2)] {
                    let disk = SimVfs::from_image(before.image(), count);
                    disk.crash(&plan);
                    let context = || format!("killed at call {at_call}, power cut at {event:?} {count}, {plan:?}");
                    let db = match options(&disk, 9).create(true).open(PATH) {
                        Ok(db) => db,
                        Err(error) => panic!("{}: {error}", context()),
                    };
                    let mut found = dump(&db);
                    let is_more_there = found.remove(&b"more"[..]).is_some();
                    let promised = served.as_ref().unwrap_or(&acknowledged);
                    let fits = found == *promised || served.is_none() && Some(&found) == doubt.as_ref();
                    assert!(fits, "{}: {:?}", context(), found.keys().collect::<Vec<_>>());
                    assert!(is_more_there || !more, "{}: the commit after the recovery is lost", context());
                    states += 1;
                }
            }
        }
    }
    println!("{} kills, {states} states", whole.calls());
    assert!(states > 1000);
}

/// What an opening served, if it came so far, and whether a commit after it was acknowledged.
fn recover_and_go_on(disk: &SimVfs) -> (Option<Model>, bool) {
    let Ok(db) = options(disk, 5).create(true).open(PATH) else { return (None, false) };
    let served = dump(&db);
    let more = put(&db, "more", "1").is_ok();
    let _ = db.checkpoint(CheckpointMode::Passive);
    (Some(served), more)
}

/// Rewrites one superblock slot as whoever holds the key can.
fn rewrite_slot(disk: &SimVfs, slot: usize, change: impl FnOnce(&mut Superblock)) {
    let file = at_rest(disk);
    let mut superblock = Superblock::decode(file.slot_bytes(slot as u8)).unwrap();
    change(&mut superblock);
    let bytes = superblock.encode(|input| file.keys().unwrap().superblock_mac(input));
    disk.tamper(PATH, (slot * SLOT) as u64, &bytes).unwrap();
}

fn slots(disk: &SimVfs) -> [Superblock; 2] {
    let file = at_rest(disk);
    [0, 1].map(|slot| Superblock::decode(file.slot_bytes(slot)).unwrap())
}

/// Rule 15.
#[test]
fn a_key_slot_that_only_the_older_superblock_holds_is_gone_after_the_next_opening_for_writing() {
    let disk = SimVfs::new(1);
    drop(create(&disk));
    let revoked = slots(&disk)[0].key_slots[0].clone();
    rewrite_slot(&disk, 0, |older| older.key_slots[3] = revoked);
    drop(options(&disk, 2).open(PATH).unwrap());
    let [a, b] = slots(&disk);
    assert!(a.key_slots == b.key_slots && a.key_slots[3].bytes.iter().all(|&byte| byte == 0));
}

/// Rule 17.
#[test]
fn a_newer_log_is_a_stop_also_beside_a_bad_slot() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    put(&db, "a", "1").unwrap();
    let old = files_of(&disk)[PATH].clone();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    put(&db, "b", "2").unwrap();
    drop(db);
    let mut files = files_of(&disk);
    files.insert(PATH.to_owned(), old);
    for bad in [None, Some(0), Some(SLOT)] {
        let disk = disk_of(&files);
        if let Some(bad) = bad {
            disk.tamper(PATH, bad as u64 + 90, b"bad").unwrap();
        }
        assert_eq!(code_of(options(&disk, 2).open(PATH)), "FRESH-MAIN-OLDER");
    }
}

/// Rule 19.
#[test]
fn a_log_that_a_crash_left_unexpected_is_expected_from_the_next_commit_on() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    disk.stop_at(StopPoint {
        event: StopEvent::Write,
        file: StopFile::Pages,
        region: StopRegion::Superblock,
        when: StopWhen::Before,
        count: 1,
    });
    assert_eq!(put(&db, "a", "1").unwrap_err().code(), "COMMIT-INDETERMINATE");
    drop(db);
    disk.crash(&CrashPlan::Lost);
    let db = options(&disk, 2).open(PATH).unwrap();
    put(&db, "b", "2").unwrap();
    drop(db);
    let mut files = files_of(&disk);
    files.remove(LOG);
    assert_eq!(code_of(options(&disk_of(&files), 3).open(PATH)), "LOG-MISSING");
}

/// Rule 25.
#[test]
fn no_two_commit_records_are_equal_even_when_their_content_is() {
    let bodies = |seed| {
        let disk = SimVfs::new(1);
        drop(create(&disk));
        let db = options(&disk, seed).open(PATH).unwrap();
        put(&db, "a", "1").unwrap();
        put(&db, "a", "1").unwrap();
        drop(db);
        let scan = at_rest(&disk).log().scan.clone().unwrap();
        scan.commits.iter().map(|commit| commit.body.random).collect::<Vec<_>>()
    };
    let mut drawn = [bodies(2), bodies(3)].concat();
    assert_eq!(drawn.len(), 4);
    drawn.sort_unstable();
    drawn.dedup();
    assert_eq!(drawn.len(), 4);
}

/// Rules 24 and 26: what an unfinished commit left behind, of whatever length, is never taken for part of a later log.
#[test]
fn commits_go_on_behind_the_last_one_kept_and_never_behind_an_unfinished_one() {
    for keep in 0..8 {
        let disk = SimVfs::new(1);
        let db = create(&disk);
        put(&db, "a", "1").unwrap();
        disk.stop_at(StopPoint {
            event: StopEvent::Sync,
            file: StopFile::Log,
            region: StopRegion::Records,
            when: StopWhen::Before,
            count: 1,
        });
        let torn = db.write(|tx| (0..20u8).try_for_each(|number| tx.put(&[b'x', number], &[number; 90])));
        assert!(torn.is_err());
        drop(db);
        let pending = disk.pending_sectors();
        disk.crash(&CrashPlan::Sectors((0..pending).map(|sector| sector % 8 != keep).collect()));
        let db = options(&disk, 2).open(PATH).unwrap();
        put(&db, "b", "2").unwrap();
        drop(db);
        disk.crash(&CrashPlan::Lost);
        let db = options(&disk, 3).open(PATH).unwrap();
        assert_eq!(dump(&db).into_keys().collect::<Vec<_>>(), [b"a".to_vec(), b"b".to_vec()], "sector {keep} lost");
    }
}

/// A disk that, once told to, takes all of a write to a log but the last byte, and then fails.
#[derive(Clone)]
struct Stingy {
    sim: SimVfs,
    is_armed: Arc<AtomicBool>,
}

impl Meddle for Stingy {
    fn below(&self) -> &dyn Vfs {
        &self.sim
    }
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        match (self.is_armed.load(Ordering::Relaxed), data) {
            (false, _) => file.write_at(offset, data),
            (true, [_]) => Err(io::Error::other("input/output error")),
            (true, _) => file.write_at(offset, &data[..data.len() - 1]),
        }
    }
}

/// Rule 21.
#[test]
fn a_commit_that_was_said_to_have_failed_does_not_come_back() {
    let (sim, is_armed) = (SimVfs::new(1), Arc::new(AtomicBool::new(false)));
    let stingy = Stingy { sim: sim.clone(), is_armed: is_armed.clone() };
    let db = options(&sim, 1).vfs(meddled(stingy)).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    is_armed.store(true, Ordering::Relaxed);
    assert_eq!(put(&db, "b", "2").unwrap_err().code(), "IO");
    drop(db);
    let bounds = PlanBounds { exhaustive_units: 12, samples: 100, seed: 1 };
    for plan in CrashModel::Posix.plans(&sim.image(), &bounds) {
        let disk = SimVfs::from_image(sim.image(), 1);
        disk.crash(&plan);
        let db = options(&disk, 2).open(PATH).unwrap();
        assert_eq!(dump(&db).into_keys().collect::<Vec<_>>(), [b"a".to_vec()]);
    }
}

#[test]
fn a_leftover_of_creating_is_cleared_away_but_not_the_work_of_another_process() {
    let disk = SimVfs::new(1);
    let temporary = Path::new("r.tsm.tmp");
    let other = disk.open(temporary, OpenMode::CreateNew).unwrap();
    assert!(other.try_lock(LockKind::Exclusive).unwrap());
    let refused = options(&disk, 1).create(true).open(PATH).unwrap_err();
    assert_eq!(refused.code(), "IN-USE");
    drop(other);
    create(&disk);
    assert!(!disk.exists(temporary).unwrap());
}
