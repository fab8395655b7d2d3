//! Every instant at which the power can go, and what the disk can hold afterwards.
//!
//! A workload runs on a watched disk that keeps its image before each call that changes something. From each image every
//! subset of the unsynced sectors and names is taken to survive (where they are many: a sample), the engine recovers, and what
//! it serves must be the model after m commits, acknowledged <= m <= acknowledged + 1, and the file sound to its last page; then it
//! must take a further commit. At depth 2 that recovery and that further commit are themselves watched and crashed.
//!
//! `TOSUMU_CRASH_STATES=1000` sets the samples an instant (64 otherwise) and crashes every recovery at every subset.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, DiskImage, LockKind, OpenMode, SimVfs, Vfs, VfsFile};
use tosumu::{
    AutoCheckpoint, CheckpointMode, CheckpointOutcome, Database, KdfProfile, Options, PageSize, Range, ReadTxn,
    Severity, Unlock, WriteTxn,
};

const PATH: &str = "crash.tsm";
/// Up to so many undecided sectors and names every subset is tried.
const EXHAUSTIVE_MAX: usize = 8;
/// The same inside a recovery, unless the environment asks for more.
const EXHAUSTIVE_MAX_DEEP: usize = 3;
/// Workloads that are drawn by chance.
const DRAWN: u64 = 16;

/// Every record; those of a named tree behind the tree's name, which is an entry itself.
type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// How a database is opened, before a crash and after it.
#[derive(Clone, Copy)]
struct Setup {
    transaction_bytes: usize,
    has_witness: bool,
    /// How long a value the commit after a recovery puts.
    afterwards_bytes: usize,
}

const PLAIN: Setup = Setup { transaction_bytes: 16 << 20, has_witness: false, afterwards_bytes: 1 };
/// The commit after a recovery writes a chain, and so takes free pages.
const CHAINS: Setup = Setup { afterwards_bytes: 600, ..PLAIN };

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
    /// A commit that makes a named tree when it is not there, and puts records into it.
    PutInTree {
        tree: &'static str,
        count: u32,
        value_bytes: usize,
    },
    /// A commit that drops a named tree.
    DropTree {
        tree: &'static str,
    },
    /// A commit that puts record 1, puts and deletes others behind a savepoint, goes back to it, and puts record 2.
    TryOut {
        value_bytes: usize,
    },
    Checkpoint,
    /// A checkpoint while a snapshot of the newest state lives, and lives on until the program ends.
    CheckpointBeside,
    AddKey,
    RemoveKey,
    Reopen,
    /// What was done so far is not watched.
    WatchFromHere,
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

fn options(setup: Setup, vfs: Arc<dyn Vfs>, seed: u64) -> Options {
    let options = Options::new().transaction_bytes(setup.transaction_bytes).kdf(KdfProfile::TEST);
    let options = if setup.has_witness { options.witness("witness") } else { options };
    options
        .vfs(vfs)
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .create(true)
        .checkpoints(AutoCheckpoint::Inline)
}

fn dump(db: &Database) -> Model {
    let read = db.read();
    let mut model = Model::new();
    let mut take = |name: &str, range: Range<'_>| {
        let records =
            range.map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec())).unwrap());
        let before = model.len();
        model.extend(records.map(|(key, value)| ([name.as_bytes(), &key].concat(), value)));
        (model.len() - before) as u64
    };
    assert_eq!(take("", read.range::<[u8]>(..)), read.record_count());
    for info in read.trees().unwrap() {
        let tree = read.tree(&info.name).unwrap().unwrap();
        assert_eq!(take(&format!("{}/", info.name), tree.range::<[u8]>(..)), info.record_count);
    }
    model.extend(read.trees().unwrap().into_iter().map(|info| (format!("{}/", info.name).into_bytes(), Vec::new())));
    model
}

/// The file is sound to its last page, and nothing of an unfinished transaction lies beside it.
fn check_sound(sim: &SimVfs, context: &dyn Fn() -> String) {
    let file = AtRest::open(Arc::new(sim.clone()), PATH, None).unwrap();
    let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
    let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert!(wrong.is_empty(), "{}: {wrong:#?}", context());
    assert!(!sim.exists(Path::new("crash.tsm-spill")).unwrap(), "{}: a spill file was left", context());
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
        Step::PutInTree { tree, count, value_bytes } => {
            model.insert(in_tree(tree, b""), Vec::new());
            model.extend((0..count).map(|number| (in_tree(tree, &key(number)), value(commit, value_bytes))));
        }
        Step::DropTree { tree } => model.retain(|key, _| !key.starts_with(&in_tree(tree, b""))),
        Step::TryOut { value_bytes } => {
            model.extend([1, 2].map(|number| (key(number), value(commit, value_bytes))));
        }
        _ => {}
    }
    model
}

fn in_tree(tree: &str, key: &[u8]) -> Vec<u8> {
    [tree.as_bytes(), b"/", key].concat()
}

fn value(commit: usize, bytes: usize) -> Vec<u8> {
    vec![b'a' + (commit % 26) as u8; bytes]
}

fn is_commit(step: &Step) -> bool {
    use Step::{Delete, DropTree, Put, PutInTree, TryOut};
    matches!(step, Put { .. } | Delete { .. } | PutInTree { .. } | DropTree { .. } | TryOut { .. })
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
fn watch_workload(setup: Setup, steps: &[Step]) -> Vec<(Promise, DiskImage)> {
    let (sim, watch) = (SimVfs::new(1), Watch::default());
    watch.promise.lock().unwrap().models = Arc::new(models_of(steps));
    let open = |seed: u64| {
        let watched = Watched { sim: sim.clone(), watch: watch.clone() };
        options(setup, Arc::new(watched), seed).open(PATH).unwrap()
    };
    let mut db = open(1);
    let mut snapshots = Vec::new();
    for (seed, step) in (2..).zip(steps) {
        match step {
            Step::Checkpoint => drop(db.checkpoint(CheckpointMode::Passive).unwrap()),
            Step::CheckpointBeside => snapshots.push(checkpoint_beside(&db)),
            Step::AddKey => drop(db.add_key(Unlock::Keyfile(vec![seed as u8; 40].into()), KdfProfile::TEST).unwrap()),
            Step::RemoveKey => db.remove_key(db.key_slots().last().unwrap().slot).unwrap(),
            Step::Reopen => {
                drop((db, std::mem::take(&mut snapshots)));
                db = open(seed);
            }
            Step::WatchFromHere => watch.seen.lock().unwrap().clear(),
            _ => watch.commit(|commit| make(&db, step, commit)),
        }
    }
    watch.look(&sim);
    drop((db, snapshots));
    watch.seen.lock().unwrap().clone()
}

/// A checkpoint that is given up leaves its seal transaction, and a snapshot of that is in nobody's way.
fn checkpoint_beside(db: &Database) -> ReadTxn {
    let older = db.read();
    let deferred = db.checkpoint(CheckpointMode::Full { wait: Duration::ZERO }).unwrap();
    assert!(matches!(deferred, CheckpointOutcome::Deferred { .. }));
    drop(older);
    let snapshot = db.read();
    let folded = db.checkpoint(CheckpointMode::Passive).unwrap();
    assert!(matches!(folded, CheckpointOutcome::Folded { .. }));
    snapshot
}

fn make(db: &Database, step: &Step, commit: usize) {
    let made = db.write(|tx| match *step {
        Step::Put { first, count, value_bytes } => {
            (first..first + count).try_for_each(|number| tx.put(&key(number), &value(commit, value_bytes)))
        }
        Step::Delete { first, count } => {
            (first..first + count).try_for_each(|number| tx.delete(&key(number)).map(drop))
        }
        Step::PutInTree { tree, count, value_bytes } => {
            tx.create_tree(tree)?;
            let mut tree = tx.tree(tree)?.unwrap();
            (0..count).try_for_each(|number| tree.put(&key(number), &value(commit, value_bytes)))
        }
        Step::DropTree { tree } => tx.drop_tree(tree).map(drop),
        Step::TryOut { value_bytes } => try_out(tx, &value(commit, value_bytes)),
        _ => Ok(()),
    });
    made.unwrap();
}

fn try_out(tx: &mut WriteTxn, value: &[u8]) -> tosumu::Result<()> {
    tx.put(&key(1), value)?;
    let before = tx.savepoint();
    tx.create_tree("tried")?;
    tx.tree("tried")?.unwrap().put(b"big", &[b't'; 2000])?;
    (0..20).try_for_each(|number| tx.delete(&key(number)).map(drop))?;
    (30..50).try_for_each(|number| tx.put(&key(number), &[b't'; 70]))?;
    tx.rollback_to(&before)?;
    tx.put(&key(2), value)
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
    setup: Setup,
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
                    let recovery = recover(self.setup, promise, &survivors, &context);
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
                    recover(self.setup, promise, &survivors, &deeper);
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
fn recover(
    setup: Setup,
    promise: &Promise,
    survivors: &DiskImage,
    context: &dyn Fn() -> String,
) -> Vec<(Promise, DiskImage)> {
    let (sim, watch) = (SimVfs::from_image(survivors.clone(), 1), Watch::default());
    watch.promise.lock().unwrap().clone_from(promise);
    let watched = Watched { sim: sim.clone(), watch: watch.clone() };
    let db = match options(setup, Arc::new(watched), 1000).open(PATH) {
        Ok(db) => db,
        Err(error) => panic!("{}: recovery failed: {error}", context()),
    };
    let served = dump(&db);
    let promised = promise.allowed().contains(&served);
    assert!(promised, "{}: served {} records that were never promised", context(), served.len());
    check_sound(&sim, context);
    let mut afterwards = served.clone();
    afterwards.insert(b"afterwards".to_vec(), vec![b'x'; setup.afterwards_bytes]);
    let models = Arc::new(vec![served, afterwards.clone()]);
    *watch.promise.lock().unwrap() = Promise { models, acknowledged: 0, under_way: false };
    watch.look(&sim);
    watch.commit(|_| {
        let made = db.write(|tx| tx.put(b"afterwards", &vec![b'x'; setup.afterwards_bytes]));
        assert!(made.is_ok(), "{}: no commit after recovery: {made:?}", context());
    });
    drop(db);
    sim.crash(&CrashPlan::Lost);
    let db = match options(setup, Arc::new(sim.clone()), 2000).open(PATH) {
        Ok(db) => db,
        Err(error) => panic!("{}: not opened after a further commit: {error}", context()),
    };
    assert!(dump(&db) == afterwards, "{}: the further commit is not there", context());
    check_sound(&sim, context);
    std::mem::take(&mut *watch.seen.lock().unwrap())
}

fn explore(name: &str, workloads: &[Vec<Step>]) {
    explore_in(PLAIN, name, workloads);
}

fn explore_in(setup: Setup, name: &str, workloads: &[Vec<Step>]) {
    let (mut instants, mut states) = (0, 0);
    for steps in workloads {
        let seen = watch_workload(setup, steps);
        let mut explorer = Explorer { setup, bounds: Bounds::read(), met: BTreeSet::new() };
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

fn big(number: u32, value_bytes: usize) -> Step {
    Step::Put { first: number, count: 1, value_bytes }
}

#[test]
fn a_long_value_is_written_replaced_and_deleted() {
    let delete = Step::Delete { first: 1, count: 1 };
    explore_in(CHAINS, "long values", &[vec![big(1, 1500), big(1, 900), Step::Checkpoint, big(1, 600), delete]]);
}

/// A trunk of 512 bytes lists 102 pages; the value takes 123.
#[test]
fn the_free_list_grows_over_a_trunk_and_shrinks_below_it() {
    let (delete, take) = (Step::Delete { first: 1, count: 1 }, big(3, 9_000));
    let steps = vec![put(2, 1), big(1, 50_000), Step::Checkpoint, Step::WatchFromHere, delete, Step::Checkpoint, take];
    explore_in(CHAINS, "free list", &[steps]);
}

#[test]
fn named_trees_come_and_go() {
    let (put_in, drop_tree) =
        (|tree, count, value_bytes| Step::PutInTree { tree, count, value_bytes }, |tree| Step::DropTree { tree });
    let steps = vec![
        put_in("a", 2, 10),
        put_in("b", 5, 110),
        Step::Checkpoint,
        put_in("a", 1, 700),
        drop_tree("b"),
        Step::Checkpoint,
        drop_tree("a"),
    ];
    explore_in(CHAINS, "named trees", &[steps]);
}

#[test]
fn what_was_undone_by_a_savepoint_is_nowhere() {
    let try_out = Step::TryOut { value_bytes: 150 };
    explore_in(CHAINS, "savepoints", &[vec![put(1, 8), try_out, Step::Checkpoint, try_out, put(3, 1)]]);
}

#[test]
fn a_transaction_that_spills_is_there_whole_or_not_at_all() {
    let setup = Setup { transaction_bytes: 0, ..CHAINS };
    let steps = vec![put(1, 2), big(1, 2_500), Step::TryOut { value_bytes: 800 }, Step::Checkpoint, put(2, 1)];
    explore_in(setup, "spill", &[steps]);
}

#[test]
fn a_log_is_used_again_over_what_an_older_one_left() {
    let wide = Step::Put { first: 1, count: 8, value_bytes: 90 };
    let steps =
        vec![wide, put(1, 2), Step::Checkpoint, put(3, 1), put(4, 1), Step::Checkpoint, put(5, 1), Step::Reopen];
    explore_in(CHAINS, "recycled log", &[steps]);
}

#[test]
fn a_log_begins_in_a_new_file_beside_a_reader_of_the_old_one() {
    let beside = Step::CheckpointBeside;
    explore_in(CHAINS, "beside a reader", &[vec![put(1, 2), beside, put(2, 1), put(3, 1), Step::Reopen, put(4, 1)]]);
}

#[test]
fn keys_change_between_commits() {
    let steps = vec![put(1, 1), Step::AddKey, put(2, 1), Step::RemoveKey, Step::Checkpoint, Step::AddKey, put(3, 1)];
    explore("keys", &[steps]);
}

#[test]
fn a_witness_never_stands_in_the_way_of_an_honest_recovery() {
    let setup = Setup { has_witness: true, ..PLAIN };
    let steps = vec![put(1, 1), put(2, 1), Step::Checkpoint, put(3, 1), Step::AddKey, Step::Reopen, put(4, 1)];
    explore_in(setup, "witness", &[steps]);
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
