//! Who runs when, decided by the test: snapshots begun and ended against checkpoints and logs that are used again; commits that
//! share syncs, also ones that fail; the thread that folds the log against the handle that is closed.
//!
//! Each scenario runs under schedules drawn at random and under ones that change priorities at few points (PCT), both from a
//! seed. A schedule that fails is printed as a string, and `TOSUMU_REPLAY=string` with the test's name runs that one alone.
//!
//! ```text
//! cargo test -p tosumu --features shuttle --test shuttle
//! TOSUMU_SCHEDULES=100000 TOSUMU_SEED=2 cargo test --release -p tosumu --features shuttle --test shuttle -- --nocapture
//! ```

mod common;

use common::disk::{Below, Meddle, meddled};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, Runner, thread};
use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, SimVfs, Vfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Database, Error, Options, PageSize, ReadTxn, Severity};

const PATH: &str = "s.tsm";
/// Schedules of each kind for each scenario.
const SCHEDULES: usize = 60;
/// Points at which a schedule of the second kind changes who goes first.
const DEPTH: usize = 3;

fn number_of(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Runs `scenario` under many schedules, or under the one that is asked for.
fn explore(name: &str, scenario: fn()) {
    if let Ok(schedule) = std::env::var("TOSUMU_REPLAY") {
        return shuttle::replay(scenario, &schedule);
    }
    let (schedules, seed) = (number_of("TOSUMU_SCHEDULES", SCHEDULES), number_of("TOSUMU_SEED", 1) as u64);
    run(scenario, RandomScheduler::new_from_seed(seed, schedules));
    run(scenario, PctScheduler::new_from_seed(seed, DEPTH, schedules));
    println!("{name}: {schedules} schedules at random and {schedules} of depth {DEPTH}, seed {seed}");
}

fn run(scenario: fn(), scheduler: impl Scheduler + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    Runner::new(scheduler, config).run(scenario);
}

/// A disk beside which others run: before and after each call that waits for a disk.
#[derive(Clone)]
struct Slow {
    sim: SimVfs,
    syncs: Arc<AtomicUsize>,
    /// The sync of the log that fails, counted from 1; 0 for none.
    failing: usize,
}

impl Slow {
    fn new(failing: usize) -> Slow {
        Slow { sim: SimVfs::new(1), syncs: Arc::default(), failing }
    }

    fn options(&self) -> Options {
        Options::new()
            .vfs(meddled(self.clone()))
            .entropy(Arc::new(InsecureSeededEntropy::new(1)))
            .page_size(PageSize::TOY)
            .checkpoints(AutoCheckpoint::Off)
    }
}

impl Meddle for Slow {
    fn below(&self) -> &dyn Vfs {
        &self.sim
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        thread::yield_now();
        file.read_at(offset, buffer)
    }
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        thread::yield_now();
        file.write_at(offset, data)
    }
    fn set_len(&self, file: &Below, length: u64) -> io::Result<()> {
        thread::yield_now();
        file.set_len(length)
    }
    fn sync_data(&self, file: &Below) -> io::Result<()> {
        thread::yield_now();
        let is_log = file.name.contains("-wal");
        let number = if is_log { self.syncs.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        if number > 0 && number == self.failing {
            return Err(io::Error::other("input/output error"));
        }
        let synced = file.sync_data();
        thread::yield_now();
        synced
    }
}

const KEYS: u8 = 8;

/// Every key gets the same value, so that a mixture of two commits shows.
fn write_round(db: &Database, round: u8) {
    db.write(|tx| (0..KEYS).try_for_each(|key| tx.put(&[key], &[round; 90]))).unwrap();
}

/// The round that a snapshot shows, the same in all of its keys.
fn round_of(snapshot: &ReadTxn) -> u8 {
    let rounds: BTreeSet<u8> = snapshot.range::<[u8]>(..).map(|record| record.unwrap().value()[0]).collect();
    assert_eq!((rounds.len(), snapshot.record_count()), (1, u64::from(KEYS)), "a mixture of commits: {rounds:?}");
    rounds.into_iter().next().expect("it is one")
}

fn check_at_rest(sim: &SimVfs) {
    let file = AtRest::open(Arc::new(sim.clone()), PATH, None).unwrap();
    let threads = Some(NonZeroUsize::MIN);
    let report = verify(&file, &VerifyOptions { level: Level::Deep, threads, ..VerifyOptions::default() }).unwrap();
    let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn readers_beside_checkpoints() {
    let disk = Slow::new(0);
    let db = disk.options().cache_bytes(0).create(true).open(PATH).unwrap();
    write_round(&db, 1);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let db = db.clone();
            thread::spawn(move || {
                for _ in 0..2 {
                    let snapshot = db.read();
                    let round = round_of(&snapshot);
                    thread::yield_now();
                    assert_eq!(round_of(&snapshot), round, "a snapshot moved");
                }
            })
        })
        .collect();
    for round in 2..5 {
        write_round(&db, round);
        let mode = match round {
            3 => CheckpointMode::Full { wait: Duration::from_secs(1) },
            _ => CheckpointMode::Passive,
        };
        db.checkpoint(mode).unwrap();
    }
    readers.into_iter().for_each(|reader| reader.join().unwrap());
    assert_eq!(round_of(&db.read()), 4);
    drop(db);
    check_at_rest(&disk.sim);
}

#[test]
fn a_snapshot_is_one_commit_whole_however_checkpoints_and_logs_used_again_fall_beside_it() {
    explore("readers beside checkpoints", readers_beside_checkpoints);
}

/// Several threads commit; a sync may fail. What was acknowledged is there after a power cut, and nothing that was never tried.
fn group_commit(failing: usize) {
    let disk = Slow::new(failing);
    let db = disk.options().create(true).open(PATH).unwrap();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let writers: Vec<_> = (0..3u8)
        .map(|writer| {
            let (db, acknowledged) = (db.clone(), acknowledged.clone());
            thread::spawn(move || {
                for step in 0..2u8 {
                    match db.write(|tx| tx.put(&[writer, step], b"x")) {
                        Ok(()) => assert!(acknowledged.lock().unwrap().insert([writer, step])),
                        Err(Error::CommitIndeterminate { .. } | Error::Poisoned { .. } | Error::Io { .. }) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            })
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().unwrap());
    let acknowledged = acknowledged.lock().unwrap().clone();
    let served: BTreeSet<[u8; 2]> = keys(&db);
    assert_eq!(served, acknowledged, "a handle serves what was acknowledged, and no more");
    let syncs = disk.syncs.load(Ordering::SeqCst);
    if failing > 0 && syncs >= failing && is_poisoned(&db) {
        assert_eq!(syncs, failing, "a poisoned handle synced again");
    }
    drop(db);
    disk.sim.crash(&CrashPlan::Lost);
    let db = disk.options().open(PATH).unwrap();
    let found = keys(&db);
    assert!(found.is_superset(&acknowledged), "acknowledged {acknowledged:?}, found {found:?}");
    drop(db);
    check_at_rest(&disk.sim);
}

fn keys(db: &Database) -> BTreeSet<[u8; 2]> {
    db.read().range::<[u8]>(..).map(|record| record.unwrap().key().try_into().expect("two bytes")).collect()
}

/// Whether the handle refuses to write.
fn is_poisoned(db: &Database) -> bool {
    matches!(db.sync(), Err(Error::Poisoned { .. }))
}

#[test]
fn commits_that_share_syncs_are_durable_when_they_are_acknowledged() {
    explore("group commit", || group_commit(0));
}

#[test]
fn a_sync_that_fails_acknowledges_nobody_who_waited_for_it_and_is_never_tried_again() {
    explore("group commit, the header's sync fails", || group_commit(1));
    explore("group commit, the first commit's sync fails", || group_commit(2));
    explore("group commit, the third sync fails", || group_commit(3));
    explore("group commit, the fourth sync fails", || group_commit(4));
}

/// Commits ring for a checkpoint while the last handle goes.
fn background_checkpoint_against_close() {
    let disk = Slow::new(0);
    let background = disk.options().checkpoints(AutoCheckpoint::Background).log_bytes_checkpoint(1);
    let db = background.create(true).open(PATH).unwrap();
    let other = db.clone();
    let writing = thread::spawn(move || {
        write_round(&other, 1);
        write_round(&other, 2);
    });
    let other = db.clone();
    let reading = thread::spawn(move || {
        let snapshot = other.read();
        drop(other);
        let count = snapshot.record_count();
        assert!(count == 0 || round_of(&snapshot) <= 2);
    });
    drop(db);
    writing.join().unwrap();
    reading.join().unwrap();
    disk.sim.crash(&CrashPlan::Lost);
    let db = disk.options().open(PATH).unwrap();
    assert_eq!(round_of(&db.read()), 2);
    drop(db);
    check_at_rest(&disk.sim);
}

#[test]
fn a_handle_closes_however_its_own_checkpoints_fall_and_loses_nothing() {
    explore("background checkpoint against close", background_checkpoint_against_close);
}
