//! Every instant at which the power can go, and what the disk can hold afterwards.
//!
//! A workload runs on a watched disk that keeps its image before each call that changes something. From each image every
//! subset of the unsynced sectors and names is taken to survive (where they are many: a sample), the engine recovers, and what
//! it serves must be the model after m commits, acknowledged <= m <= acknowledged + 1; then it must take a further commit. At
//! depth 2 that recovery and that further commit are themselves watched and crashed.
//!
//! `TOSUMU_CRASH_STATES=1000` sets the samples an instant (64 otherwise) and crashes every recovery at every subset.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::vfs::{CrashPlan, DiskImage, LockKind, OpenMode, SimVfs, Vfs, VfsFile};
use tosumu::{AutoCheckpoint, CheckpointMode, Database, Options, PageSize};

const PATH: &str = "crash.tsm";
/// Up to so many undecided sectors and names every subset is tried.
const EXHAUSTIVE_MAX: usize = 8;
/// The same inside a recovery, unless the environment asks for more.
const EXHAUSTIVE_MAX_DEEP: usize = 3;
/// Workloads that are drawn by chance.
const DRAWN: u64 = 16;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// One step of a workload.
#[derive(Clone, Copy)]
enum Step {
    /// A commit that puts records `first … first + count`, each with a value of so many bytes.
    Put {
        first: u32,
        count: u32,
        value_bytes: usize,
    },
    /// A commit that deletes records `first … first + count`.
    Delete {
        first: u32,
        count: u32,
    },
    Checkpoint,
    Reopen,
}

/// What may be served after a crash at an instant: the model after `acknowledged` commits, or one more while one is under way.
#[derive(Clone, PartialEq, Eq, Default)]
struct Promise {
    /// The model after each number of commits, as far as the workload came.
    models: Arc<Vec<Model>>,
    acknowledged: usize,
    under_way: bool,
}

impl Promise {
    fn allowed(&self) -> &[Model] {
        let end = self.acknowledged + 1 + usize::from(self.under_way);
        &self.models[self.acknowledged..end]
    }
}

#[derive(Clone, Default)]
struct Watch {
    seen: Arc<Mutex<Vec<(Promise, DiskImage)>>>,
    promise: Arc<Mutex<Promise>>,
}

/// Keeps the disk's image before each call that changes something.
struct Watched {
    sim: SimVfs,
    watch: Watch,
}

impl Watched {
    fn look(&self) {
        self.watch.look(&self.sim);
    }
}

impl Watch {
    /// Runs a commit: under way while it runs, acknowledged when it returned.
    fn commit(&self, run: impl FnOnce(usize)) {
        let number = {
            let mut promise = self.promise.lock().unwrap();
            promise.under_way = true;
            promise.acknowledged + 1
        };
        run(number);
        let mut promise = self.promise.lock().unwrap();
        (promise.acknowledged, promise.under_way) = (number, false);
    }

    fn look(&self, sim: &SimVfs) {
        let promise = self.promise.lock().unwrap().clone();
        let mut seen = self.seen.lock().unwrap();
        let image = sim.image();
        let now = (promise, image);
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
}

impl Vfs for Watched {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        self.look();
        let file = self.sim.open(path, mode)?;
        Ok(Arc::new(WatchedFile { file, sim: self.sim.clone(), watch: self.watch.clone() }))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.sim.exists(path)
    }
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look();
        self.sim.link_new(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.look();
        self.sim.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.look();
        self.sim.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.look();
        self.sim.sync_dir(path)
    }
}

struct WatchedFile {
    file: Arc<dyn VfsFile>,
    sim: SimVfs,
    watch: Watch,
}

impl VfsFile for WatchedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        self.watch.look(&self.sim);
        self.file.write_at(offset, data)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.watch.look(&self.sim);
        self.file.set_len(length)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.watch.look(&self.sim);
        self.file.sync_data()
    }
    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        self.file.try_lock(kind)
    }
}

fn options(vfs: Arc<dyn Vfs>, seed: u64) -> Options {
    Options::new()
        .vfs(vfs)
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .create(true)
        .checkpoints(AutoCheckpoint::Inline)
}

fn dump(db: &Database) -> Model {
    let read = db.read();
    let model: Model = read
        .range::<[u8]>(..)
        .map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec())).unwrap())
        .collect();
    assert_eq!(read.record_count(), model.len() as u64);
    model
}

fn key(number: u32) -> Vec<u8> {
    format!("k{number:03}").into_bytes()
}

/// What a commit makes of the model.
fn changed(model: &Model, step: &Step, commit: usize) -> Model {
    let mut model = model.clone();
    match *step {
        Step::Put { first, count, value_bytes } => {
            model.extend((first..first + count).map(|number| (key(number), value(commit, value_bytes))));
        }
        Step::Delete { first, count } => {
            (first..first + count).for_each(|number| drop(model.remove(&key(number))));
        }
        Step::Checkpoint | Step::Reopen => {}
    }
    model
}

fn value(commit: usize, bytes: usize) -> Vec<u8> {
    vec![b'a' + (commit % 26) as u8; bytes]
}

fn is_commit(step: &Step) -> bool {
    matches!(step, Step::Put { .. } | Step::Delete { .. })
}

fn models_of(steps: &[Step]) -> Vec<Model> {
    let mut models = vec![Model::new()];
    for step in steps.iter().filter(|step| is_commit(step)) {
        let next = changed(&models[models.len() - 1], step, models.len());
        models.push(next);
    }
    models
}

/// Runs the workload on a watched disk and returns every image.
fn watch_workload(steps: &[Step]) -> Vec<(Promise, DiskImage)> {
    let (sim, watch) = (SimVfs::new(1), Watch::default());
    watch.promise.lock().unwrap().models = Arc::new(models_of(steps));
    let open = |seed: u64| {
        let watched = Watched { sim: sim.clone(), watch: watch.clone() };
        options(Arc::new(watched), seed).open(PATH).unwrap()
    };
    let mut db = Some(open(1));
    for (seed, step) in (2..).zip(steps) {
        match step {
            Step::Checkpoint => drop(db.as_ref().unwrap().checkpoint(CheckpointMode::Passive).unwrap()),
            Step::Reopen => {
                drop(db.take());
                db = Some(open(seed));
            }
            Step::Put { .. } | Step::Delete { .. } => watch.commit(|commit| make(db.as_ref().unwrap(), step, commit)),
        }
    }
    watch.look(&sim);
    drop(db);
    watch.seen.lock().unwrap().clone()
}

fn make(db: &Database, step: &Step, commit: usize) {
    let made = db.write(|tx| match *step {
        Step::Put { first, count, value_bytes } => {
            (first..first + count).try_for_each(|number| tx.put(&key(number), &value(commit, value_bytes)))
        }
        Step::Delete { first, count } => {
            (first..first + count).try_for_each(|number| tx.delete(&key(number)).map(drop))
        }
        Step::Checkpoint | Step::Reopen => Ok(()),
    });
    made.unwrap();
}

struct Bounds {
    samples: u64,
    exhaustive_deep: usize,
}

impl Bounds {
    fn read() -> Bounds {
        match std::env::var("TOSUMU_CRASH_STATES").ok().and_then(|text| text.parse().ok()) {
            Some(samples) => Bounds { samples, exhaustive_deep: EXHAUSTIVE_MAX },
            None => Bounds { samples: 64, exhaustive_deep: EXHAUSTIVE_MAX_DEEP },
        }
    }

    /// Every subset while they are few; else nothing, all, each one alone lost, each one alone kept, and a sample.
    fn plans(&self, undecided: usize) -> Vec<CrashPlan> {
        if undecided <= EXHAUSTIVE_MAX {
            return every_subset(undecided);
        }
        let one =
            |odd: usize, rest: bool| CrashPlan::Sectors((0..undecided).map(|unit| (unit == odd) ^ rest).collect());
        let mut plans = vec![CrashPlan::Lost, CrashPlan::Kept];
        plans.extend((0..undecided).flat_map(|odd| [one(odd, true), one(odd, false)]));
        plans.extend((0..self.samples).map(CrashPlan::Seeded));
        plans
    }

    /// The plans for a crash inside a recovery.
    fn plans_deep(&self, undecided: usize) -> Vec<CrashPlan> {
        if undecided <= self.exhaustive_deep {
            return every_subset(undecided);
        }
        vec![CrashPlan::Lost, CrashPlan::Kept, CrashPlan::Seeded(1), CrashPlan::Seeded(2), CrashPlan::Seeded(3)]
    }
}

fn every_subset(undecided: usize) -> Vec<CrashPlan> {
    let subset = |mask: u32| (0..undecided).map(|unit| mask >> unit & 1 == 1).collect();
    (0..1 << undecided).map(|mask| CrashPlan::Sectors(subset(mask))).collect()
}

struct Explorer {
    bounds: Bounds,
    met: BTreeSet<u64>,
}

impl Explorer {
    fn explore(&mut self, seen: &[(Promise, DiskImage)]) {
        for (instant, (promise, image)) in seen.iter().enumerate() {
            for plan in self.bounds.plans(image.pending_sectors()) {
                let survivors = image.after_crash(&plan).0;
                if self.is_new(promise, &survivors) {
                    let context = || format!("instant {instant}, {plan:?}, pending {:?}", image.pending());
                    let recovery = recover(promise, &survivors, &context);
                    self.crash_the_recovery(&recovery, &context);
                }
            }
        }
    }

    fn crash_the_recovery(&mut self, recovery: &[(Promise, DiskImage)], context: &dyn Fn() -> String) {
        for (call, (promise, image)) in recovery.iter().enumerate() {
            for plan in self.bounds.plans_deep(image.pending_sectors()) {
                let survivors = image.after_crash(&plan).0;
                if self.is_new(promise, &survivors) {
                    let deeper = || format!("{}; then call {call} of the recovery, {plan:?}", context());
                    recover(promise, &survivors, &deeper);
                }
            }
        }
    }

    fn is_new(&mut self, promise: &Promise, survivors: &DiskImage) -> bool {
        let mut hasher = DefaultHasher::new();
        promise.allowed().hash(&mut hasher);
        for file in survivors.system_files() {
            file.file.hash(&mut hasher);
            file.bytes[..].hash(&mut hasher);
        }
        self.met.insert(hasher.finish())
    }
}

/// Opens what survived, compares what is served with what was promised, and makes a further commit. Returns the images of all
/// that; from the moment the database serves, just what it served is promised.
fn recover(promise: &Promise, survivors: &DiskImage, context: &dyn Fn() -> String) -> Vec<(Promise, DiskImage)> {
    let (sim, watch) = (SimVfs::from_image(survivors.clone(), 1), Watch::default());
    watch.promise.lock().unwrap().clone_from(promise);
    let watched = Watched { sim: sim.clone(), watch: watch.clone() };
    let db = match options(Arc::new(watched), 1000).open(PATH) {
        Ok(db) => db,
        Err(error) => panic!("{}: recovery failed: {error}", context()),
    };
    let served = dump(&db);
    let promised = promise.allowed().contains(&served);
    assert!(promised, "{}: served {} records that were never promised", context(), served.len());
    let mut afterwards = served.clone();
    afterwards.insert(b"afterwards".to_vec(), b"x".to_vec());
    let models = Arc::new(vec![served, afterwards.clone()]);
    *watch.promise.lock().unwrap() = Promise { models, acknowledged: 0, under_way: false };
    watch.look(&sim);
    watch.commit(|_| {
        let made = db.write(|tx| tx.put(b"afterwards", b"x"));
        assert!(made.is_ok(), "{}: no commit after recovery: {made:?}", context());
    });
    drop(db);
    sim.crash(&CrashPlan::Lost);
    let db = match options(Arc::new(sim), 2000).open(PATH) {
        Ok(db) => db,
        Err(error) => panic!("{}: not opened after a further commit: {error}", context()),
    };
    assert!(dump(&db) == afterwards, "{}: the further commit is not there", context());
    std::mem::take(&mut *watch.seen.lock().unwrap())
}

fn explore(name: &str, workloads: &[Vec<Step>]) {
    let (mut instants, mut states) = (0, 0);
    for steps in workloads {
        let seen = watch_workload(steps);
        let mut explorer = Explorer { bounds: Bounds::read(), met: BTreeSet::new() };
        explorer.explore(&seen);
        instants += seen.len();
        states += explorer.met.len();
    }
    println!("{name}: {instants} instants, crash states explored: {states}");
    assert!(states > instants);
}

fn put(first: u32, count: u32) -> Step {
    Step::Put { first, count, value_bytes: 30 }
}

#[test]
fn a_database_is_created_and_takes_its_first_commits() {
    explore("create and commit", &[vec![put(1, 1), put(2, 2), put(1, 3)]]);
}

#[test]
fn a_checkpoint_and_the_first_commit_of_the_next_generation() {
    explore("checkpoint", &[vec![put(1, 2), Step::Checkpoint, put(3, 1), Step::Checkpoint, put(4, 1)]]);
}

#[test]
fn splits_are_folded_page_by_page() {
    let big = Step::Put { first: 1, count: 12, value_bytes: 90 };
    explore("splits", &[vec![big, put(20, 2), Step::Checkpoint, Step::Delete { first: 3, count: 2 }]]);
}

#[test]
fn the_program_ends_and_begins_again() {
    explore(
        "reopen",
        &[vec![put(1, 2), Step::Reopen, put(2, 2), Step::Checkpoint, Step::Reopen, put(5, 1), Step::Reopen]],
    );
}

#[test]
fn a_tree_of_three_levels_changes_in_many_places() {
    let big = Step::Put { first: 1, count: 40, value_bytes: 150 };
    let scattered = Step::Put { first: 7, count: 9, value_bytes: 10 };
    explore("three levels", &[vec![big, Step::Checkpoint, scattered, Step::Delete { first: 1, count: 5 }]]);
}

/// Up to four commits with checkpoints and reopenings between them.
fn drawn(seed: u64) -> Vec<Step> {
    let entropy = InsecureSeededEntropy::new(seed);
    let draw = |bound: u8| {
        let mut byte = [0];
        tosumu::crypto::Entropy::fill(&entropy, &mut byte).unwrap();
        byte[0] % bound
    };
    let mut steps = Vec::new();
    for _ in 0..=draw(4) {
        let (first, count) = (1 + u32::from(draw(12)), 1 + u32::from(draw(6)));
        steps.push(match draw(4) {
            0 => Step::Delete { first, count },
            _ => Step::Put { first, count, value_bytes: 10 * usize::from(draw(16)) },
        });
        match draw(4) {
            0 => steps.push(Step::Checkpoint),
            1 => steps.push(Step::Reopen),
            _ => {}
        }
    }
    steps
}

#[test]
fn workloads_drawn_by_chance_come_out_of_every_crash() {
    explore("drawn", &(0..DRAWN).map(drawn).collect::<Vec<_>>());
}
