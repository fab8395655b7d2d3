//! Commits that wait together, and what they may count on: fewer syncs than commits, nothing acknowledged that a power cut takes,
//! nothing published that a failed sync put in doubt. And the weaker promise of relaxed durability.

mod common;

use common::disk::{Below, Meddle, meddled};
use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::trace::{Event, Recorder, Sink};
use tosumu::vfs::{CrashPlan, DiskImage, SimVfs, Vfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Database, Durability, Options, PageSize};

const PATH: &str = "group.tsm";
const THREADS: u64 = 8;

/// A disk whose syncs take their time, so that commits gather behind them; they are counted, and fail once told to.
#[derive(Clone)]
struct Slow {
    sim: SimVfs,
    syncs: Arc<AtomicU64>,
    is_failing: Arc<AtomicBool>,
    is_full: Arc<AtomicBool>,
    /// Nothing can be removed.
    is_stuck: Arc<AtomicBool>,
    /// Syncs under way, and the most that ever were at once.
    syncing: Arc<AtomicU64>,
    syncing_most: Arc<AtomicU64>,
    sync_milliseconds: u64,
}

impl Slow {
    fn new() -> Slow {
        Slow::of(3)
    }

    fn of(sync_milliseconds: u64) -> Slow {
        let (is_failing, is_full, is_stuck) = Default::default();
        let (syncs, syncing, syncing_most) = Default::default();
        Slow { sim: SimVfs::new(1), syncs, is_failing, is_full, is_stuck, syncing, syncing_most, sync_milliseconds }
    }

    fn options(&self) -> Options {
        Options::new()
            .vfs(meddled(self.clone()))
            .entropy(Arc::new(InsecureSeededEntropy::new(1)))
            .page_size(PageSize::TOY)
            .checkpoints(AutoCheckpoint::Inline)
            .create(true)
    }
}

impl Meddle for Slow {
    fn below(&self) -> &dyn Vfs {
        &self.sim
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        if self.is_stuck.load(Ordering::SeqCst) {
            return Err(io::Error::other("input/output error"));
        }
        self.sim.remove(path)
    }
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        match self.is_full.load(Ordering::SeqCst) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => file.write_at(offset, data),
        }
    }
    fn sync_data(&self, file: &Below) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        let syncing = self.syncing.fetch_add(1, Ordering::SeqCst) + 1;
        self.syncing_most.fetch_max(syncing, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(self.sync_milliseconds));
        self.syncing.fetch_sub(1, Ordering::SeqCst);
        match self.is_failing.load(Ordering::SeqCst) {
            true => Err(io::Error::other("input/output error")),
            false => file.sync_data(),
        }
    }
}

fn key(thread: u64, turn: u64) -> Vec<u8> {
    format!("thread {thread} turn {turn:04}").into_bytes()
}

fn keys(db: &Database) -> BTreeSet<Vec<u8>> {
    let snapshot = db.read();
    snapshot.range::<[u8]>(..).map(|record| record.unwrap().key().to_vec()).collect()
}

fn keys_on(disk: SimVfs) -> BTreeSet<Vec<u8>> {
    let options = Options::new().vfs(Arc::new(disk)).entropy(Arc::new(InsecureSeededEntropy::new(9)));
    keys(&options.page_size(PageSize::TOY).open(PATH).unwrap())
}

#[test]
fn commits_that_wait_together_share_a_sync_and_none_of_them_is_lost_at_the_instant_it_is_acknowledged() {
    const TURNS: u64 = 12;
    let (disk, recorder) = (Slow::new(), Recorder::new());
    let db = disk.options().sink(recorder.clone()).open(PATH).unwrap();
    db.write(|tx| tx.put(b"first", b"")).unwrap();
    let before = disk.syncs.load(Ordering::SeqCst);
    let seen: Mutex<Vec<(Vec<u8>, DiskImage)>> = Mutex::default();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (db, disk, seen) = (db.clone(), &disk, &seen);
            scope.spawn(move || {
                for turn in 0..TURNS {
                    let key = key(thread, turn);
                    db.write(|tx| tx.put(&key, b"x")).unwrap();
                    let image = disk.sim.image();
                    assert!(db.read().get(&key).unwrap().is_some(), "acknowledged and not published");
                    if turn % 4 == thread % 4 {
                        seen.lock().unwrap().push((key, image));
                    }
                }
            });
        }
    });
    let (commits, syncs) = (THREADS * TURNS, disk.syncs.load(Ordering::SeqCst) - before);
    println!("{commits} commits of {THREADS} threads, {syncs} syncs");
    assert!(syncs * 2 < commits, "{syncs} syncs for {commits} commits");
    let stats = db.stats().unwrap();
    assert_eq!((stats.commits, stats.commit_syncs), (commits + 1, syncs + 1));
    for (key, image) in seen.into_inner().unwrap() {
        let left = SimVfs::from_image(image.after_crash(&CrashPlan::Lost).0, 1);
        assert!(keys_on(left).contains(&key), "an acknowledged commit is gone");
    }
    let shared = recorder
        .events_from(0)
        .iter()
        .any(|event| matches!(**event, Event::CommitsSynced { first, last } if first < last));
    assert!(shared, "no event tells of a shared sync");
    assert_eq!(keys(&db).len() as u64, commits + 1);
}

#[test]
fn one_thread_alone_has_a_sync_for_each_commit() {
    let disk = Slow::new();
    let db = disk.options().open(PATH).unwrap();
    db.write(|tx| tx.put(b"first", b"")).unwrap();
    let before = disk.syncs.load(Ordering::SeqCst);
    for turn in 0..5 {
        db.write(|tx| tx.put(&key(0, turn), b"")).unwrap();
    }
    assert_eq!(disk.syncs.load(Ordering::SeqCst) - before, 5);
}

#[test]
fn a_sync_that_fails_puts_every_commit_that_waits_in_doubt_and_publishes_none() {
    let disk = Slow::new();
    let db = disk.options().open(PATH).unwrap();
    db.write(|tx| tx.put(b"first", b"")).unwrap();
    let published = db.read().commit();
    disk.is_failing.store(true, Ordering::SeqCst);
    let (start, told) = (Barrier::new(THREADS as usize), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (db, start, told) = (db.clone(), &start, &told);
            scope.spawn(move || {
                start.wait();
                let made = db.write(|tx| tx.put(&key(thread, 0), b"x"));
                told.lock().unwrap().push(made.unwrap_err().code());
            });
        }
    });
    let told = told.into_inner().unwrap();
    assert!(told.iter().all(|code| ["COMMIT-INDETERMINATE", "POISONED"].contains(code)), "{told:?}");
    assert!(told.contains(&"COMMIT-INDETERMINATE"));
    disk.is_failing.store(false, Ordering::SeqCst);
    assert_eq!(db.write(|tx| tx.put(b"later", b"")).unwrap_err().code(), "POISONED");
    assert_eq!(db.checkpoint(CheckpointMode::Passive).unwrap_err().code(), "POISONED");
    assert_eq!(db.read().commit(), published);
    drop(db);
    disk.sim.crash(&CrashPlan::Lost);
    assert_eq!(keys_on(disk.sim), BTreeSet::from([b"first".to_vec()]));
}

/// Does something with the database whenever it is told of an event.
struct Meddler {
    db: Mutex<Option<Database>>,
    work: fn(&Database, &Event),
}

impl Meddler {
    fn new(work: fn(&Database, &Event)) -> Arc<Meddler> {
        Arc::new(Meddler { db: Mutex::default(), work })
    }
}

impl Sink for Meddler {
    fn level(&self) -> tosumu::trace::Level {
        tosumu::trace::Level::Outline
    }
    fn take(&self, event: Event) {
        let db = self.db.lock().unwrap().clone();
        db.iter().for_each(|db| (self.work)(db, &event));
    }
}

/// A second sync would return as if nothing had been, and its commits be acknowledged on top of one that is lost.
#[test]
fn between_a_sync_that_failed_and_the_poison_nobody_commits() {
    let disk = Slow::new();
    let meddler = Meddler::new(|db, event| {
        if matches!(event, Event::Poisoned { .. }) {
            assert_eq!(db.write(|tx| tx.put(b"meanwhile", b"")).unwrap_err().code(), "POISONED");
        }
    });
    let db = disk.options().sink(meddler.clone()).open(PATH).unwrap();
    db.write(|tx| tx.put(b"first", b"")).unwrap();
    *meddler.db.lock().unwrap() = Some(db.clone());
    disk.is_failing.store(true, Ordering::SeqCst);
    assert_eq!(db.write(|tx| tx.put(b"lost", b"")).unwrap_err().code(), "COMMIT-INDETERMINATE");
    meddler.db.lock().unwrap().take();
}

#[test]
fn a_commit_that_another_s_sync_of_the_handle_made_durable_is_published_before_it_is_acknowledged() {
    let disk = Slow::of(1);
    let meddler = Meddler::new(|db, event| {
        if let Event::CommitsSynced { last, .. } = event {
            assert!(db.read().commit() >= *last, "durable, and not to be seen");
        }
    });
    let db = disk.options().sink(meddler.clone()).open(PATH).unwrap();
    db.write(|tx| tx.put(b"first", b"")).unwrap();
    *meddler.db.lock().unwrap() = Some(db.clone());
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                let db = db.clone();
                scope.spawn(move || {
                    for turn in 0..40 {
                        db.write(|tx| tx.put(&key(thread, turn), b"x")).unwrap();
                        assert!(
                            db.read().get(&key(thread, turn)).unwrap().is_some(),
                            "acknowledged, and not published"
                        );
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                db.sync().unwrap();
            }
        });
        let ended: Vec<_> = writers.into_iter().map(|writer| writer.join()).collect();
        is_done.store(true, Ordering::SeqCst);
        ended.into_iter().for_each(|writer| writer.unwrap());
    });
    meddler.db.lock().unwrap().take();
}

/// The operating system tells a failure once: of two syncs at once, one might hear of what the other did not write.
#[test]
fn a_failed_append_is_cut_off_again_when_nobody_else_syncs() {
    let disk = Slow::of(50);
    let db = disk.options().open(PATH).unwrap();
    db.write(|tx| tx.put(b"first", b"")).unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| db.write(|tx| tx.put(b"second", b"")));
        while disk.syncing.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        disk.is_full.store(true, Ordering::SeqCst);
        assert_eq!(db.write(|tx| tx.put(b"third", b"")).unwrap_err().code(), "IO");
        disk.is_full.store(false, Ordering::SeqCst);
        waiting.join().unwrap().unwrap();
    });
    db.write(|tx| tx.put(b"fourth", b"")).unwrap();
    assert_eq!(disk.syncing_most.load(Ordering::SeqCst), 1);
    drop(db);
    disk.sim.crash(&CrashPlan::Lost);
    assert_eq!(keys_on(disk.sim), [&b"first"[..], b"fourth", b"second"].map(<[u8]>::to_vec).into());
}

/// What is left after a power cut at any point of a relaxed life is the state after some commit, and never less than what was
/// synced last.
#[test]
fn relaxed_commits_are_lost_whole_and_from_the_end_on() {
    let (mut states, mut lost) = (0, 0);
    for synced_at in 0..12u64 {
        let sim = SimVfs::new(synced_at);
        let options = Options::new()
            .vfs(Arc::new(sim.clone()))
            .entropy(Arc::new(InsecureSeededEntropy::new(1)))
            .page_size(PageSize::TOY)
            .checkpoints(AutoCheckpoint::Inline)
            .durability(Durability::Relaxed)
            .create(true);
        let db = options.open(PATH).unwrap();
        let mut durable = 0;
        for turn in 0..12u64 {
            db.write(|tx| (0..=turn % 3).try_for_each(|part| tx.put(&key(part, turn), &[7; 60]))).unwrap();
            assert_eq!(
                db.read().commit(),
                db.begin_write().unwrap().commit().unwrap(),
                "a relaxed commit is published"
            );
            match turn {
                _ if turn == synced_at && turn % 2 == 0 => db.sync().unwrap(),
                _ if turn == synced_at => drop(db.checkpoint(CheckpointMode::Passive).unwrap()),
                _ => {}
            }
            durable = if turn == synced_at { turn + 1 } else { durable };
            for plan in (0..6).map(CrashPlan::Seeded).chain([CrashPlan::Lost, CrashPlan::Kept]) {
                let found = keys_on(SimVfs::from_image(sim.image().after_crash(&plan).0, 1));
                let kept = (0..12u64).take_while(|&turn| found.contains(&key(0, turn))).count() as u64;
                let expected: BTreeSet<_> =
                    (0..kept).flat_map(|turn| (0..=turn % 3).map(move |part| key(part, turn))).collect();
                assert_eq!(
                    found, expected,
                    "not the state after one commit: {plan:?} after {turn}, synced at {synced_at}"
                );
                assert!((durable..=turn + 1).contains(&kept), "{kept} commits left, {durable} were synced");
                states += 1;
                lost += turn + 1 - kept;
            }
        }
    }
    println!("{states} states, {lost} commits lost");
    assert!(lost > 0);
}

/// A sink that panics at one event, once.
struct Panicking {
    events: AtomicU64,
    at: u64,
}

impl Sink for Panicking {
    fn level(&self) -> tosumu::trace::Level {
        tosumu::trace::Level::Outline
    }

    fn take(&self, _event: Event) {
        assert_ne!(self.events.fetch_add(1, Ordering::SeqCst), self.at, "a sink with a defect");
    }
}

/// Makes `work` on a thread of its own, which may panic; whoever waits for ever is a failure.
fn ends<T: Send + 'static>(what: &str, work: impl FnOnce() -> T + Send + 'static) -> std::thread::Result<T> {
    let (done, ended) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        let outcome = catch_unwind(AssertUnwindSafe(work));
        let _ = done.send(());
        outcome
    });
    ended.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("{what} never ended"));
    worker.join().unwrap()
}

#[test]
fn wherever_a_sink_panics_nobody_waits_for_ever_and_nothing_acknowledged_is_lost() {
    let mut panics = 0;
    for at in 0.. {
        let sink = Arc::new(Panicking { events: AtomicU64::new(0), at });
        let disk = Slow::of(0);
        let options = disk.options().sink(sink.clone());
        let Ok(Ok(db)) = ends("opening", move || options.open(PATH)) else {
            panics += 1;
            continue;
        };
        let mut acknowledged = Vec::new();
        for turn in 0..4 {
            let (writer, reader) = (db.clone(), db.clone());
            let put = ends("a commit", move || writer.write(|tx| tx.put(&key(0, turn), b"x")));
            acknowledged.extend(matches!(put, Ok(Ok(()))).then(|| key(0, turn)));
            let folding = db.clone();
            let _ = (turn == 1).then(|| ends("a checkpoint", move || folding.checkpoint(CheckpointMode::Passive)));
            // A snapshot may tell events too; the next does not.
            let _ = ends("a snapshot", move || drop(reader.read()));
        }
        let closed = ends("closing", move || drop(db));
        let all = sink.events.load(Ordering::SeqCst) <= at;
        panics += u64::from(!all);
        let found = keys_on(disk.sim.clone());
        assert!(acknowledged.iter().all(|key| found.contains(key)), "event {at}: {acknowledged:?} of {found:?}");
        if all {
            assert!(closed.is_ok() && acknowledged.len() == 4);
            break;
        }
    }
    assert!(panics > 40, "{panics}");
}

#[test]
fn a_spill_file_that_could_not_be_removed_is_in_nobodys_way_once_it_can() {
    let disk = Slow::of(0);
    let db = disk.options().transaction_bytes(1).cache_bytes(0).open(PATH).unwrap();
    let write_much = || db.write(|tx| (0..400).try_for_each(|turn| tx.put(&key(0, turn), &[7; 100])));
    disk.is_stuck.store(true, Ordering::SeqCst);
    write_much().unwrap();
    assert!(disk.sim.exists(Path::new("group.tsm-spill")).unwrap(), "it is left behind");
    disk.is_stuck.store(false, Ordering::SeqCst);
    write_much().unwrap();
    assert!(!disk.sim.exists(Path::new("group.tsm-spill")).unwrap());
}
