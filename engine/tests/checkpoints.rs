//! Checkpoints beside readers: who waits for whom, which file a generation stands in, what a log leaves behind in a file that is
//! used again, and that a thread of its own keeps the log short.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, Fault, FaultKind, FaultSpan, MemoryVfs, SimVfs, Vfs};
use tosumu::wal::ScanEnd;
use tosumu::{AutoCheckpoint, Busy, CheckpointMode, CheckpointOnClose, CheckpointOutcome, Database, Options, PageSize};

const PATH: &str = "c.tsm";
const LOG: &str = "c.tsm-wal";
const PASSIVE: CheckpointMode = CheckpointMode::Passive;

fn options(vfs: Arc<dyn Vfs>) -> Options {
    Options::new()
        .vfs(vfs)
        .entropy(Arc::new(InsecureSeededEntropy::new(1)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
        .create(true)
}

fn on(disk: &SimVfs) -> Database {
    options(Arc::new(disk.clone())).open(PATH).unwrap()
}

fn put(db: &Database, turn: u32) {
    let value = vec![turn as u8; 40 + (turn % 50) as usize];
    db.write(|tx| {
        (0..1 + turn % 4).try_for_each(|part| tx.put(format!("key {part} {:02}", turn % 23).as_bytes(), &value))
    })
    .unwrap();
}

fn dump(snapshot: &tosumu::ReadTxn) -> BTreeMap<Vec<u8>, Vec<u8>> {
    snapshot.range::<[u8]>(..).map(|record| record.map(|r| (r.key().to_vec(), r.value().to_vec())).unwrap()).collect()
}

fn is_folded(outcome: CheckpointOutcome) -> bool {
    matches!(outcome, CheckpointOutcome::Folded { .. })
}

fn full(milliseconds: u64) -> CheckpointMode {
    CheckpointMode::Full { wait: Duration::from_millis(milliseconds) }
}

fn log_length(disk: &SimVfs) -> usize {
    disk.files().iter().find(|file| file.file == LOG).map_or(0, |file| file.bytes.len())
}

#[test]
fn a_reader_of_the_seal_transaction_lives_on_through_the_next_generation_and_stands_in_the_way_of_the_next_fold() {
    let disk = SimVfs::new(1);
    let db = options(Arc::new(disk.clone())).cache_bytes(0).open(PATH).unwrap();
    (0..30).for_each(|turn| put(&db, turn));
    let oldest = db.read();
    assert_eq!(db.checkpoint(full(1)).unwrap(), CheckpointOutcome::Deferred { snapshots: 1 });
    // The attempt left its seal transaction, which changes no record.
    let sealed = db.read();
    assert_eq!((sealed.commit(), dump(&sealed)), (oldest.commit().next(), dump(&oldest)));
    let before = dump(&sealed);
    drop(oldest);
    let log_records = db.stats().unwrap().log_frames;
    assert!(is_folded(db.checkpoint(PASSIVE).unwrap()), "a reader of the seal transaction is not in the way");
    assert!(db.stats().unwrap().log_frames == 0 && log_records > 0);
    (30..60).for_each(|turn| put(&db, turn));
    assert_eq!(dump(&sealed), before, "its log was overwritten");
    assert_eq!(db.checkpoint(PASSIVE).unwrap(), CheckpointOutcome::Deferred { snapshots: 1 });
    assert_eq!(db.stats().unwrap().oldest_snapshot, Some(sealed.commit()));
    assert_eq!(dump(&sealed), before);
    drop(sealed);
    assert!(is_folded(db.checkpoint(PASSIVE).unwrap()));
    let now = dump(&db.read());
    drop(db);
    disk.crash(&CrashPlan::Lost);
    assert_eq!(dump(&on(&disk).read()), now);
}

#[test]
fn a_full_checkpoint_waits_for_a_reader_to_end_and_new_readers_go_on_meanwhile() {
    let db = options(Arc::new(MemoryVfs::new())).open(PATH).unwrap();
    put(&db, 1);
    let old = db.read();
    std::thread::scope(|scope| {
        let folding = scope.spawn(|| db.checkpoint(full(5000)).unwrap());
        while db.read().commit() == old.commit() {
            std::thread::yield_now();
        }
        assert_eq!(dump(&db.read()), dump(&old));
        drop(old);
        assert!(is_folded(folding.join().unwrap()));
    });
}

#[test]
fn a_passive_checkpoint_that_gives_up_has_written_nothing() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    put(&db, 1);
    let snapshot = db.read();
    let calls = disk.calls();
    assert_eq!(db.checkpoint(PASSIVE).unwrap(), CheckpointOutcome::Deferred { snapshots: 1 });
    assert_eq!(disk.calls(), calls);
    drop(snapshot);
}

#[test]
fn a_seal_transaction_left_by_an_earlier_attempt_is_used_again_also_after_a_crash() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    (0..9).for_each(|turn| put(&db, turn));
    let snapshot = db.read();
    assert!(!is_folded(db.checkpoint(full(1)).unwrap()));
    drop(snapshot);
    let (sealed, commits) = (db.read().commit(), db.stats().unwrap().commits);
    let left = SimVfs::from_image(disk.image(), 1);
    assert!(matches!(db.checkpoint(PASSIVE).unwrap(), CheckpointOutcome::Folded { commit, .. } if commit == sealed));
    assert_eq!(db.stats().unwrap().commits, commits);
    left.crash(&CrashPlan::Lost);
    let db = on(&left);
    assert!(matches!(db.checkpoint(PASSIVE).unwrap(), CheckpointOutcome::Folded { commit, .. } if commit == sealed));
}

#[test]
fn the_next_generation_overwrites_the_file_of_the_last_and_closing_gives_its_room_back() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    (0..20).for_each(|turn| put(&db, turn));
    let length = log_length(&disk);
    db.checkpoint(PASSIVE).unwrap();
    let folded = log_length(&disk);
    assert!(folded >= length, "the seal transaction stands in it too");
    put(&db, 1);
    assert_eq!(log_length(&disk), folded);
    db.checkpoint(PASSIVE).unwrap();
    drop(db);
    assert_eq!(log_length(&disk), 0);
}

#[test]
fn a_file_that_grew_past_the_bound_is_cut_to_it() {
    let disk = SimVfs::new(1);
    let db = options(Arc::new(disk.clone())).log_bytes_checkpoint(4096).open(PATH).unwrap();
    db.write(|tx| (0..200u8).try_for_each(|number| tx.put(&[number], &[number; 60]))).unwrap();
    assert!(log_length(&disk) > 8192);
    put(&db, 1);
    assert_eq!(log_length(&disk), 4096);
}

/// What stands behind the last commit in a file that is used again: at every length of the new log.
#[test]
fn remains_of_an_older_generation_are_the_plain_end_of_a_log() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    (0..40).for_each(|turn| put(&db, turn));
    db.checkpoint(PASSIVE).unwrap();
    for turn in 0..30 {
        put(&db, turn);
        let file = AtRest::open(Arc::new(SimVfs::from_image(disk.image(), 1)), PATH, None).unwrap();
        let scan = file.log().scan.clone().unwrap();
        assert_eq!(scan.end, ScanEnd::Clean, "after {turn}");
        assert_eq!(scan.commits.len() as u32, turn + 1);
        let report = verify(&file, &VerifyOptions { level: Level::Seal, ..VerifyOptions::default() }).unwrap();
        let told: Vec<_> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert!(told.iter().all(|code| *code == "FRESH-UNANCHORED"), "after {turn}: {told:?}");
    }
}

#[test]
fn a_torn_commit_over_remains_is_told_and_not_kept() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    (0..40).for_each(|turn| put(&db, turn));
    db.checkpoint(PASSIVE).unwrap();
    (0..3).for_each(|turn| put(&db, turn));
    let kept = dump(&db.read());
    let durable = disk.image();
    let end = db.stats().unwrap().log_bytes as usize;
    put(&db, 3);
    let whole = disk.files().iter().find(|file| file.file == LOG).unwrap().bytes.to_vec();
    let written = db.stats().unwrap().log_bytes as usize;
    for cut in (end + 512..written).step_by(512) {
        let torn = SimVfs::from_image(durable.clone(), 1);
        torn.tamper(LOG, end as u64, &whole[end..cut]).unwrap();
        let file = AtRest::open(Arc::new(torn.clone()), PATH, None).unwrap();
        assert!(matches!(file.log().scan.clone().unwrap().end, ScanEnd::TornTail { .. }), "cut at {cut}");
        assert_eq!(dump(&on(&torn).read()), kept);
    }
}

/// A commit in the middle was acknowledged, and its write was lost: over a file used again the old bytes show.
#[test]
fn a_lost_write_shows_as_rot_when_a_later_commit_says_that_it_was_synced() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    (0..40).for_each(|turn| put(&db, turn));
    db.checkpoint(PASSIVE).unwrap();
    put(&db, 0);
    let (start, old) = (db.stats().unwrap().log_bytes as usize, disk.image());
    put(&db, 1);
    let end = db.stats().unwrap().log_bytes as usize;
    (2..5).for_each(|turn| put(&db, turn));
    let old_bytes = old.file(LOG).unwrap().durable[start..end].to_vec();
    for lost in [old_bytes, vec![0; end - start]] {
        let left = SimVfs::from_image(disk.image(), 1);
        left.end_process();
        left.tamper(LOG, start as u64, &lost).unwrap();
        let error = options(Arc::new(left)).open(PATH).unwrap_err();
        assert_eq!(error.code(), "LOG-ROT");
    }
}

#[test]
fn a_thread_of_its_own_keeps_the_log_short_beside_readers_and_ends_with_the_handle() {
    const BOUND: u64 = 30_000;
    let vfs = MemoryVfs::new();
    let open = || options(Arc::new(vfs.clone())).checkpoints(AutoCheckpoint::Background).log_bytes_checkpoint(BOUND);
    let (db, done) = (open().open(PATH).unwrap(), AtomicBool::new(false));
    let mut longest = 0;
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert!(dump(&db.read()).len() < 200);
                }
            });
        }
        for turn in 0..1500 {
            put(&db, turn);
            longest = longest.max(db.stats().unwrap().log_bytes);
        }
        done.store(true, Ordering::Relaxed);
    });
    let generations = db.stats().unwrap().log_generation;
    println!("{generations} generations, the longest log had {longest} bytes");
    assert!(generations > 5);
    // While it lasted, a reader that got no processor may have stood in the way for long; now none does.
    put(&db, 1);
    let left = db.stats().unwrap().log_bytes;
    assert!(left < BOUND * 5, "{left}");
    let before = dump(&db.read());
    drop(db);
    // The lock was given back, so no thread holds the file.
    let db = open().busy(Busy::Fail).open(PATH).unwrap();
    assert_eq!(dump(&db.read()), before);
}

#[test]
fn a_reader_that_never_ends_holds_no_transaction_up_more_than_once() {
    let db = options(Arc::new(MemoryVfs::new())).checkpoints(AutoCheckpoint::Background).log_bytes_checkpoint(4096);
    let db = db.open(PATH).unwrap();
    put(&db, 0);
    let forever = db.read();
    (0..300).for_each(|turn| put(&db, turn));
    assert_eq!(db.stats().unwrap().log_generation, 1);
    assert_eq!(forever.record_count(), 1);
    drop(forever);
    (0..3).for_each(|turn| put(&db, turn));
    for _ in 0..500 {
        if db.stats().unwrap().log_generation > 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(db.stats().unwrap().log_generation > 1);
}

#[test]
fn a_handle_closes_while_its_transaction_or_snapshot_lives_on() {
    let disk = SimVfs::new(1);
    let db = options(Arc::new(disk.clone())).checkpoints(AutoCheckpoint::Background).open(PATH).unwrap();
    put(&db, 1);
    let (mut open, snapshot) = (db.begin_write().unwrap(), db.read());
    drop(db);
    open.put(b"late", b"1").unwrap();
    open.commit().unwrap();
    assert!(snapshot.get(b"late").unwrap().is_none());
    drop(snapshot);
    assert!(on(&disk).read().get(b"late").unwrap().is_some());
}

#[test]
fn closing_folds_the_log_when_that_is_asked_for() {
    let disk = SimVfs::new(1);
    let db = options(Arc::new(disk.clone())).checkpoint_on_close(CheckpointOnClose::Yes).open(PATH).unwrap();
    put(&db, 1);
    let last = db.read().commit();
    drop(db);
    assert_eq!(log_length(&disk), 0);
    let stats = on(&disk).stats().unwrap();
    assert_eq!((stats.checkpoint_commit, stats.log_frames), (last.next(), 0));
}

/// A log that is cut and still bears the number of the fold before would be taken for the whole one, should the newest superblock
/// be lost: the other one goes on from it.
#[test]
fn a_long_log_is_cut_only_when_its_new_header_is_durable() {
    let mut is_cut = false;
    for at_call in 1..40 {
        let disk = SimVfs::new(1);
        let options = options(Arc::new(disk.clone())).checkpoints(AutoCheckpoint::Off).log_bytes_checkpoint(2000);
        let db = options.open(PATH).unwrap();
        (0..30).for_each(|turn| put(&db, turn));
        assert!(is_folded(db.checkpoint(PASSIVE).unwrap()));
        let (whole, header) = (log_length(&disk), log_header(&disk));
        disk.set_faults(vec![Fault { at_call: disk.calls() + at_call, kind: FaultKind::Io, span: FaultSpan::Sticky }]);
        let made = db.write(|tx| tx.put(b"next", b""));
        disk.set_faults(Vec::new());
        drop(db);
        for plan in [CrashPlan::Lost, CrashPlan::Kept].into_iter().chain((0..8).map(CrashPlan::Seeded)) {
            let left = SimVfs::from_image(disk.image().after_crash(&plan).0, 1);
            let is_old = log_header(&left) == header;
            assert!(!is_old || log_length(&left) == whole, "cut, with the old header, at call {at_call}, {plan:?}");
            is_cut |= log_length(&left) < whole;
        }
        if made.is_ok() {
            break;
        }
    }
    assert!(is_cut);
}

fn bytes_of(disk: &SimVfs, name: &str) -> Vec<u8> {
    disk.files().into_iter().find(|file| file.file == name).map_or(Vec::new(), |file| file.bytes.to_vec())
}

#[test]
fn a_page_file_that_was_cut_is_read_and_not_written_and_keeps_every_byte() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    (0..30).for_each(|turn| put(&db, turn));
    db.checkpoint(PASSIVE).unwrap();
    drop(db);
    let whole = bytes_of(&disk, PATH);
    for cut in [1, 512, 700, whole.len() - 8192 - 512] {
        disk.replace(PATH, Some(whole[..whole.len() - cut].to_vec())).unwrap();
        let error = options(Arc::new(disk.clone())).open(PATH).err().unwrap();
        assert_eq!(error.code(), "FILE-TRUNCATED", "{cut} bytes cut: {error}");
        assert_eq!(bytes_of(&disk, PATH), whole[..whole.len() - cut]);
        options(Arc::new(disk.clone())).create(false).read_only(true).open(PATH).unwrap();
    }
    disk.replace(PATH, Some(whole)).unwrap();
    put(&on(&disk), 31);
}

#[test]
fn a_page_file_without_the_pages_that_the_log_holds_or_that_are_free_is_opened_for_writing() {
    let disk = SimVfs::new(1);
    let db = on(&disk);
    (0..30).for_each(|turn| put(&db, turn));
    let wide = |turn: u32| (0..200u32).map(move |key| (format!("wide {turn} {key:04}"), [turn as u8; 60]));
    // Many pages of the log alone, and most of them given back before anybody folded them.
    let mut tx = db.begin_write().unwrap();
    wide(1).for_each(|(key, value)| tx.put(key.as_bytes(), &value).unwrap());
    wide(1).for_each(|(key, _)| assert!(tx.delete(key.as_bytes()).unwrap()));
    tx.commit().unwrap();
    let (pages, free) = (db.read().page_count(), db.read().free_page_count());
    assert!(free > 10, "{free} of {pages}");
    let (file, log) = (bytes_of(&disk, PATH), bytes_of(&disk, LOG));
    db.checkpoint(PASSIVE).unwrap();
    drop(db);
    let after = |disk: &SimVfs| dump(&on(disk).read());
    let folded = after(&disk);
    let unfolded = SimVfs::new(1);
    unfolded.replace(PATH, Some(file)).unwrap();
    unfolded.replace(LOG, Some(log)).unwrap();
    assert_eq!(after(&unfolded), folded);
}

fn log_header(disk: &SimVfs) -> Vec<u8> {
    let files = disk.files();
    let log = files.iter().find(|file| file.file == LOG);
    log.map_or(Vec::new(), |file| file.bytes.iter().take(512).copied().collect())
}
