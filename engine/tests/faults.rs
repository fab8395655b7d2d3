//! Every disk call of a workload made to fail, in every way, once and for good: nothing panics, nothing acknowledged is lost,
//! an operation that says it succeeded did, and a handle that can no longer vouch for its files writes nothing more and never
//! syncs again.
//!
//! The calls are all that the trait of a disk has: open, create, exists, list, length, lock, read, write, set_len, sync, sync of a
//! folder, rename, link, remove. `TOSUMU_FAULTS=all` looks at every end of every run; else each run has one of three.

mod common;

use common::disk::{Below, Meddle, meddled};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::transfer::Restore;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, Fault, FaultKind, FaultSpan, LockKind, OpenMode, SimVfs, Vfs, VfsFile, file_name};
use tosumu::{
    AutoCheckpoint, CheckpointMode, CheckpointOutcome, Code, Database, Error, KdfProfile, Options, PageSize, Range,
    Result, Severity, Unlock,
};

const PATH: &str = "faults.tsm";
const WITNESS: &str = "witness";
const ARCHIVE: &str = "archive";
const COPIES: [&str; 2] = ["backup.tsm", "compact.tsm"];

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// The calls of a disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Call {
    Open,
    Create,
    Exists,
    List,
    Length,
    Lock,
    Read,
    Write,
    SetLength,
    Sync,
    SyncFolder,
    Rename,
    Link,
    Remove,
}

/// How a call is made to fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Io,
    NoSpace,
    /// Half of it is done.
    Short,
    /// Interrupted, and to be made again; never twice in a row, or callers would try for ever.
    Interrupted,
}

impl Way {
    const ALL: [Way; 4] = [Way::Io, Way::NoSpace, Way::Short, Way::Interrupted];

    fn strikes(self, call: Call) -> bool {
        match self {
            Way::Io | Way::Interrupted => true,
            Way::NoSpace => {
                matches!(call, Call::Create | Call::Write | Call::SetLength | Call::Rename | Call::Link | Call::Sync)
            }
            Way::Short => matches!(call, Call::Read | Call::Write),
        }
    }

    fn error(self) -> Option<io::Error> {
        match self {
            Way::Io => Some(io::Error::other("input/output error")),
            Way::NoSpace => Some(io::Error::new(io::ErrorKind::StorageFull, "no space is left on the device")),
            Way::Interrupted => Some(io::ErrorKind::Interrupted.into()),
            Way::Short => None,
        }
    }
}

/// For how long it fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Span {
    Once,
    /// That call and every later one.
    Sticky,
    /// That call and every later one of its sort: a disk that still reads, one that no longer syncs.
    StickyOfItsSort,
}

const SPANS: [Span; 3] = [Span::Once, Span::Sticky, Span::StickyOfItsSort];

/// How much of each read and write is done at all, from the first to the last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Appetite {
    All,
    Half,
    OneByte,
}

struct Told {
    /// Every call that was made, and of which file.
    calls: Vec<(Call, String)>,
    fault: Option<(usize, Way, Span)>,
    appetite: Appetite,
    /// Every other call is interrupted.
    is_stormy: bool,
}

/// A disk whose calls fail as it is told.
#[derive(Clone)]
struct FaultyDisk {
    inner: SimVfs,
    told: Arc<Mutex<Told>>,
}

impl FaultyDisk {
    fn new(fault: Option<(usize, Way, Span)>) -> FaultyDisk {
        let told = Told { calls: Vec::new(), fault, appetite: Appetite::All, is_stormy: false };
        FaultyDisk { inner: SimVfs::new(1), told: Arc::new(Mutex::new(told)) }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call; says how much of it is to be done, or how it fails.
    fn call(&self, call: Call, file: &str) -> io::Result<Appetite> {
        let mut told = self.told();
        let number = told.calls.len();
        told.calls.push((call, file.to_owned()));
        if told.is_stormy && number.is_multiple_of(2) && matches!(call, Call::Read | Call::Write) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let Some((at, way, span)) = told.fault else { return Ok(told.appetite) };
        let is_due = match span {
            _ if number < at => false,
            Span::Once => number == at,
            // Interrupted calls are made again, so that every other of them is let through.
            Span::Sticky => way != Way::Interrupted || (number - at).is_multiple_of(2),
            Span::StickyOfItsSort => {
                told.calls[at].0 == call && (way != Way::Interrupted || (number - at).is_multiple_of(2))
            }
        };
        if !is_due || !way.strikes(call) {
            return Ok(told.appetite);
        }
        way.error().map_or(Ok(Appetite::Half), Err)
    }

    /// Syncs and writes of the database's own files so far.
    fn changes(&self) -> usize {
        let is_change = |call: Call| matches!(call, Call::Write | Call::SetLength | Call::Sync);
        self.told().calls.iter().filter(|(call, file)| is_change(*call) && file.starts_with(PATH)).count()
    }
}

impl Meddle for FaultyDisk {
    fn below(&self) -> &dyn Vfs {
        &self.inner
    }
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let name = file_name(path);
        self.call(if mode == OpenMode::CreateNew { Call::Create } else { Call::Open }, &name)?;
        self.inner.open(path, mode)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.call(Call::Exists, &file_name(path))?;
        self.inner.exists(path)
    }
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Link, &file_name(to))?;
        self.inner.link_new(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Rename, &file_name(to))?;
        self.inner.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Remove, &file_name(path))?;
        self.inner.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.call(Call::SyncFolder, "")?;
        self.inner.sync_dir(path)
    }
    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.call(Call::List, "")?;
        self.inner.list(folder)
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let count = bite(self.call(Call::Read, &file.name)?, buffer.len());
        file.read_at(offset, &mut buffer[..count])
    }
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        let count = bite(self.call(Call::Write, &file.name)?, data.len());
        file.write_at(offset, &data[..count])
    }
    fn len(&self, file: &Below) -> io::Result<u64> {
        self.call(Call::Length, &file.name)?;
        file.len()
    }
    fn set_len(&self, file: &Below, length: u64) -> io::Result<()> {
        self.call(Call::SetLength, &file.name)?;
        file.set_len(length)
    }
    fn sync_data(&self, file: &Below) -> io::Result<()> {
        self.call(Call::Sync, &file.name)?;
        file.sync_data()
    }
    fn try_lock(&self, file: &Below, kind: LockKind) -> io::Result<bool> {
        self.call(Call::Lock, &file.name)?;
        file.try_lock(kind)
    }
}

fn bite(appetite: Appetite, length: usize) -> usize {
    match appetite {
        Appetite::All => length,
        Appetite::Half => length.div_ceil(2),
        Appetite::OneByte => length.min(1),
    }
}

/// A workload, on a database that is opened in its own way.
#[derive(Clone, Copy)]
struct Workload {
    transaction_bytes: usize,
    /// With a witness file and an archive.
    is_watched: bool,
    /// What one life of the database does.
    live: fn(&mut Lived, &Database, &FaultyDisk),
}

const SHORT_VALUES: Workload = Workload { transaction_bytes: 16 << 20, is_watched: false, live: live_on_short_values };
/// Everything that does not fit in memory at once goes through the spill file.
const LONG_VALUES: Workload = Workload { transaction_bytes: 0, is_watched: false, live: live_on_long_values };
/// Keys are changed, copies are made, a witness and an archive are kept.
const BESIDE: Workload = Workload { transaction_bytes: 16 << 20, is_watched: true, live: live_with_files_beside };

impl Workload {
    fn options(self, vfs: Arc<dyn Vfs>, seed: u64) -> Options {
        let options = plain_options(vfs, seed).transaction_bytes(self.transaction_bytes);
        if self.is_watched { options.witness(WITNESS).archive(ARCHIVE) } else { options }
    }
}

fn plain_options(vfs: Arc<dyn Vfs>, seed: u64) -> Options {
    Options::new()
        .vfs(vfs)
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
        .cache_bytes(0)
        .create(true)
}

fn options(disk: &SimVfs, seed: u64) -> Options {
    plain_options(Arc::new(disk.clone()), seed)
}

fn keyfile(number: u8) -> Unlock {
    Unlock::Keyfile(vec![number; 40].into())
}

fn dump(db: &Database) -> Result<Model> {
    let snapshot = db.read();
    let records = |range: Range<'_>, name: &str| -> Result<Model> {
        let named = |key: &[u8]| [name.as_bytes(), key].concat();
        range.map(|record| record.map(|record| (named(record.key()), record.value().to_vec()))).collect()
    };
    let mut model = records(snapshot.range::<[u8]>(..), "")?;
    for info in snapshot.trees()? {
        let tree = snapshot.tree(&info.name)?.expect("it is listed");
        model.extend(records(tree.range::<[u8]>(..), &info.name)?);
    }
    Ok(model)
}

/// What the workload was told, and so what may be found afterwards.
#[derive(Default)]
struct Lived {
    /// After the last commit that was acknowledged.
    acknowledged: Model,
    /// After a commit that was said to be in doubt.
    in_doubt: Option<Model>,
    errors: usize,
    poisoned: bool,
    /// Syncs and writes when the handle was found to be poisoned.
    changes_when_poisoned: usize,
    /// Copies that were reported, and what they hold.
    copies: BTreeMap<&'static str, Model>,
    /// Keyfiles that open the database, or do not; those that are not in here are in doubt.
    keyfiles: BTreeMap<u8, bool>,
    /// A log was folded, and so is in the archive.
    folded: bool,
}

impl Lived {
    fn put(&mut self, db: &Database, disk: &FaultyDisk, numbers: std::ops::Range<u32>, text: &str) {
        let mut next = self.acknowledged.clone();
        let made = db.write(|tx| {
            numbers.clone().try_for_each(|number| {
                let (key, value) = (format!("k{number:03}").into_bytes(), format!("{text} {number:050}").into_bytes());
                tx.put(&key, &value)?;
                next.insert(key, value);
                Ok(())
            })
        });
        self.wrote(made, next, disk);
    }

    fn wrote(&mut self, made: Result<()>, next: Model, disk: &FaultyDisk) {
        match made {
            Ok(()) => {
                assert!(!self.poisoned, "a poisoned handle took a commit");
                self.acknowledged = next;
            }
            Err(error) => self.note(error, Some(next), disk),
        }
    }

    /// Puts long values into the main tree and a named one, and deletes another; the tree's records are told by its name.
    fn put_long(&mut self, db: &Database, disk: &FaultyDisk, number: u32, bytes: usize) {
        let mut next = self.acknowledged.clone();
        let key = |number: u32| format!("long {number}").into_bytes();
        let value = vec![number as u8; bytes];
        let made = db.write(|tx| {
            tx.put(&key(number), &value)?;
            next.insert(key(number), value.clone());
            let before = tx.savepoint();
            tx.put(b"tried", &value)?;
            tx.rollback_to(&before)?;
            tx.create_tree("tree/")?;
            tx.tree("tree/")?.expect("it was created").put(&key(number), &value)?;
            next.insert([b"tree/", &key(number)[..]].concat(), value.clone());
            let gone = number.wrapping_sub(1);
            tx.delete(&key(gone))?;
            next.remove(&key(gone));
            Ok(())
        });
        self.wrote(made, next, disk);
    }

    fn checkpoint(&mut self, db: &Database, disk: &FaultyDisk) {
        match db.checkpoint(CheckpointMode::Passive) {
            Ok(outcome) => {
                assert!(!self.poisoned, "a poisoned handle made a checkpoint");
                self.folded |= matches!(outcome, CheckpointOutcome::Folded { .. });
            }
            Err(error) => self.note(error, None, disk),
        }
    }

    /// A change after which these keyfiles open the database, or do not.
    fn change_keys(&mut self, disk: &FaultyDisk, then: &[(u8, bool)], change: impl FnOnce() -> Result<()>) {
        match change() {
            Ok(()) => {
                assert!(!self.poisoned, "a poisoned handle changed keys");
                self.keyfiles.extend(then.iter().copied());
            }
            Err(error) => {
                if matches!(error, Error::KeysIndeterminate { .. }) {
                    self.keyfiles.retain(|number, _| then.iter().all(|(other, _)| other != number));
                }
                self.note(error, None, disk);
            }
        }
    }

    /// A copy that was reported holds everything; one that was not is not there, or whole.
    fn copied(&mut self, name: &'static str, made: Result<tosumu::transfer::CopyReport>, disk: &FaultyDisk) {
        match made {
            Ok(_) => drop(self.copies.insert(name, self.acknowledged.clone())),
            Err(error) => self.note(error, None, disk),
        }
    }

    fn note(&mut self, error: Error, next: Option<Model>, disk: &FaultyDisk) {
        self.errors += 1;
        let was_poisoned = self.poisoned;
        match error {
            Error::CommitIndeterminate { .. } => {
                assert!(!self.poisoned, "a poisoned handle tried to commit");
                // Of a checkpoint it is the seal transaction that is in doubt, and that changes no record.
                self.in_doubt = next;
                self.poisoned = true;
            }
            Error::KeysIndeterminate { .. } => {
                assert!(!self.poisoned, "a poisoned handle tried to change keys");
                self.poisoned = true;
            }
            Error::Poisoned { .. } => self.poisoned = true,
            Error::Io { .. } => {}
            // What a copy tells of the file that it could not read back.
            Error::Damage(finding) if finding.code == Code::FileReadError => {}
            // A copy whose report failed after it had its name.
            Error::AlreadyExists { file } if COPIES.contains(&file.as_str()) => {}
            other => panic!("a disk that fails was taken for something else: {other:?}"),
        }
        if self.poisoned && !was_poisoned {
            self.changes_when_poisoned = disk.changes();
        }
    }

    /// A handle that is poisoned has not touched its files since.
    fn end_of_life(&self, disk: &FaultyDisk) {
        if self.poisoned {
            assert_eq!(disk.changes(), self.changes_when_poisoned, "a poisoned handle wrote or synced");
        }
    }

    fn look(&mut self, db: &Database, disk: &FaultyDisk) {
        match dump(db) {
            Ok(served) => assert_eq!(served, self.acknowledged, "a live handle served what was not acknowledged"),
            Err(error) => self.note(error, None, disk),
        }
    }

    fn allows(&self, found: &Model) -> bool {
        *found == self.acknowledged || self.in_doubt.as_ref() == Some(found)
    }
}

fn live_on_short_values(lived: &mut Lived, db: &Database, disk: &FaultyDisk) {
    lived.put(db, disk, 0..12, "first");
    lived.put(db, disk, 5..9, "second");
    lived.look(db, disk);
    lived.checkpoint(db, disk);
    lived.put(db, disk, 12..14, "third");
    lived.checkpoint(db, disk);
    lived.look(db, disk);
    lived.put(db, disk, 2..4, "last");
    lived.put(db, disk, 20..21, "very last");
}

fn live_on_long_values(lived: &mut Lived, db: &Database, disk: &FaultyDisk) {
    lived.put_long(db, disk, 1, 1_700);
    lived.put_long(db, disk, 2, 1_000);
    lived.checkpoint(db, disk);
    lived.put_long(db, disk, 2, 500);
    lived.look(db, disk);
}

fn live_with_files_beside(lived: &mut Lived, db: &Database, disk: &FaultyDisk) {
    lived.put(db, disk, 0..3, "first");
    lived.change_keys(disk, &[(1, true)], || db.add_key(keyfile(1), KdfProfile::TEST).map(drop));
    if let Some(slot) = db.key_slots().iter().map(|slot| slot.slot).find(|&slot| slot > 0) {
        lived.change_keys(disk, &[(1, false), (2, true)], || db.rewrap_key(slot, keyfile(2), KdfProfile::TEST));
    }
    lived.change_keys(disk, &[(3, true)], || db.add_key(keyfile(3), KdfProfile::TEST).map(drop));
    if let [_, first, _] = &db.key_slots()[..] {
        lived.change_keys(disk, &[(1, false), (2, false)], || db.remove_key(first.slot));
    }
    lived.checkpoint(db, disk);
    lived.put(db, disk, 3..4, "second");
    lived.copied(COPIES[0], db.backup(COPIES[0]), disk);
    lived.checkpoint(db, disk);
    lived.copied(COPIES[1], db.compact_to(COPIES[1]), disk);
    lived.put(db, disk, 4..5, "third");
}

/// Two lives of a database; one that keeps files beside it has only one.
fn workload(run: Workload, disk: &FaultyDisk) -> Lived {
    let mut lived = Lived::default();
    for life in 0..if run.is_watched { 1 } else { 2 } {
        let db = match run.options(meddled(disk.clone()), life).open(PATH) {
            Ok(db) => db,
            Err(error) => {
                lived.note(error, None, disk);
                continue;
            }
        };
        let in_doubt = lived.in_doubt.take();
        lived.poisoned = false;
        if let Ok(found) = dump(&db) {
            let is_right = found == lived.acknowledged || in_doubt.as_ref() == Some(&found);
            assert!(is_right, "opening served something else");
            lived.acknowledged = found;
        } else {
            // The reads failed: what was in doubt is in doubt still, and writing on would make the comparison vague.
            lived.errors += 1;
            lived.in_doubt = in_doubt;
            continue;
        }
        (run.live)(&mut lived, &db, disk);
        drop(db);
        lived.end_of_life(disk);
    }
    lived
}

/// Opens what is left on a disk that works again, compares, and goes on writing.
fn check(run: Workload, disk: &SimVfs, lived: &Lived, context: &str) {
    let reopened = |seed| run.options(Arc::new(disk.clone()), seed);
    let db = reopened(90).open(PATH).unwrap_or_else(|error| panic!("{context}: not opened: {error}"));
    let found = dump(&db).unwrap_or_else(|error| panic!("{context}: not read: {error}"));
    assert!(!disk.exists(Path::new("faults.tsm-spill")).unwrap(), "{context}: a spill file outlived the next opening");
    assert!(lived.allows(&found), "{context}: {} records that were never promised", found.len());
    let after = db.write(|tx| tx.put(b"afterwards", b"x")).and_then(|()| db.checkpoint(CheckpointMode::Passive));
    assert!(after.is_ok(), "{context}: no commit afterwards: {after:?}");
    drop(db);
    check_beside(disk, lived, context);
    disk.crash(&CrashPlan::Lost);
    let mut expected = found;
    expected.insert(b"afterwards".to_vec(), b"x".to_vec());
    let db = reopened(91).open(PATH).unwrap_or_else(|error| panic!("{context}: not opened again: {error}"));
    assert!(dump(&db).unwrap() == expected, "{context}: lost what was written afterwards");
    drop(db);
    if run.is_watched {
        check_archive(disk, &expected, context);
    }
    let file = AtRest::open(Arc::new(disk.clone()), PATH, None).unwrap();
    let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
    let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert!(wrong.is_empty(), "{context}: {wrong:#?}");
}

/// Copies are whole or not there, keys open or do not, as was said.
fn check_beside(disk: &SimVfs, lived: &Lived, context: &str) {
    for name in COPIES {
        let is_there = disk.exists(Path::new(name)).unwrap();
        let promised = lived.copies.get(name);
        assert!(is_there || promised.is_none(), "{context}: {name} was reported and is not there");
        if is_there {
            let copy = plain_options(Arc::new(disk.clone()), 92).create(false).read_only(true).open(name);
            let found = copy.and_then(|copy| dump(&copy)).unwrap_or_else(|error| panic!("{context}: {name}: {error}"));
            assert!(promised.is_none_or(|promised| *promised == found), "{context}: {name} holds something else");
        }
    }
    for (&number, &opens) in &lived.keyfiles {
        let options = plain_options(Arc::new(disk.clone()), 93).create(false).read_only(true);
        match options.unlock(keyfile(number)).open(PATH) {
            Ok(_) => assert!(opens, "{context}: keyfile {number} was taken out and opens"),
            Err(error) => {
                assert!(!opens && error.code().starts_with("KEY-"), "{context}: keyfile {number}: {error}");
            }
        }
    }
}

/// The archive, with the file's own log, leads to the newest commit.
fn check_archive(disk: &SimVfs, expected: &Model, context: &str) {
    let restore = Restore::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(InsecureSeededEntropy::new(94)));
    let report = restore.archive(ARCHIVE).run(PATH, "restored.tsm").unwrap_or_else(|e| panic!("{context}: {e}"));
    assert!(report.passed_over.is_empty(), "{context}: {:?}", report.passed_over);
    let db = plain_options(Arc::new(disk.clone()), 95).create(false).read_only(true).open("restored.tsm").unwrap();
    assert!(dump(&db).unwrap() == *expected, "{context}: the archive leads elsewhere");
}

/// Fails every call of a workload in each of these ways, and looks at what is left.
fn fail_every_call(run: Workload, ways: &[Way]) {
    let disk = FaultyDisk::new(None);
    let lived = workload(run, &disk);
    assert_eq!(lived.errors, 0);
    assert!(!run.is_watched || (lived.folded && lived.copies.len() == 2 && lived.keyfiles[&3] && !lived.keyfiles[&2]));
    let calls = disk.told().calls.clone();
    let sorts: BTreeMap<Call, usize> = calls.iter().fold(BTreeMap::new(), |mut sorts, (call, _)| {
        *sorts.entry(*call).or_default() += 1;
        sorts
    });
    let looks_at_all = std::env::var_os("TOSUMU_FAULTS").is_some_and(|which| which == "all");
    let (mut points, mut surfaced, mut in_doubt) = (0, 0, 0);
    for &way in ways {
        let spans = if way == Way::Short { &SPANS[..1] } else { &SPANS[..] };
        for &span in spans {
            for (at, (call, file)) in calls.iter().enumerate().filter(|(_, (call, _))| way.strikes(*call)) {
                let disk = FaultyDisk::new(Some((at, way, span)));
                let lived = workload(run, &disk);
                points += 1;
                surfaced += usize::from(lived.errors > 0);
                in_doubt += usize::from(lived.in_doubt.is_some());
                let plans = [None, Some(CrashPlan::Lost), Some(CrashPlan::Seeded(at as u64))];
                for (end, plan) in plans.iter().enumerate().filter(|(end, _)| looks_at_all || at % 3 == *end) {
                    let left = SimVfs::from_image(disk.inner.image(), 1);
                    if let Some(plan) = plan {
                        left.crash(plan);
                    }
                    let context = format!("{way:?} {span:?} at call {at}, {call:?} of `{file}`, end {end}");
                    check(run, &left, &lived, &context);
                }
            }
        }
    }
    println!("{} calls {sorts:?}", calls.len());
    println!("{points} fault points, {surfaced} surfaced an error, {in_doubt} left a commit in doubt");
    assert!(surfaced > points / 4 && in_doubt > 0);
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost_and_no_success_is_a_lie() {
    fail_every_call(SHORT_VALUES, &Way::ALL);
}

#[test]
fn whichever_call_fails_while_long_values_spill_nothing_acknowledged_is_lost() {
    fail_every_call(LONG_VALUES, &[Way::Io, Way::NoSpace]);
}

#[test]
fn whichever_call_fails_while_keys_copies_witness_and_archive_are_made_all_of_them_are_as_was_said() {
    fail_every_call(BESIDE, &[Way::Io, Way::NoSpace]);
}

#[test]
fn a_disk_that_takes_and_gives_half_or_a_byte_at_a_time_or_is_interrupted_at_every_other_call_changes_no_answer() {
    for run in [SHORT_VALUES, LONG_VALUES, BESIDE] {
        let honest = FaultyDisk::new(None);
        workload(run, &honest);
        for (appetite, is_stormy) in [(Appetite::Half, false), (Appetite::OneByte, false), (Appetite::All, true)] {
            let disk = FaultyDisk::new(None);
            {
                let mut told = disk.told();
                (told.appetite, told.is_stormy) = (appetite, is_stormy);
            }
            let lived = workload(run, &disk);
            assert_eq!(lived.errors, 0, "{appetite:?}, stormy: {is_stormy}");
            assert!(disk.inner.files() == honest.inner.files(), "{appetite:?}, stormy: {is_stormy}: other bytes");
        }
    }
}

/// The calls between two instants of a run without faults.
fn calls_of(run: impl Fn(&SimVfs, &dyn Fn())) -> std::ops::RangeInclusive<u64> {
    let disk = SimVfs::new(1);
    let start = std::cell::Cell::new(0);
    run(&disk, &|| start.set(disk.calls()));
    start.get() + 1..=disk.calls()
}

#[test]
fn a_first_commit_that_failed_leaves_no_later_one_behind_a_name_that_a_power_cut_takes() {
    let first = |disk: &SimVfs, mark: &dyn Fn()| {
        let db = options(disk, 1).open(PATH).unwrap();
        mark();
        let _ = db.write(|tx| tx.put(b"a", b"1"));
        if db.write(|tx| tx.put(b"b", b"2")).is_ok() {
            drop(db);
            disk.set_faults(Vec::new());
            disk.crash(&CrashPlan::Lost);
            let db = options(disk, 2).open(PATH).unwrap();
            assert_eq!(db.read().get(b"b").unwrap().as_deref(), Some(&b"2"[..]));
        }
    };
    for at_call in calls_of(first) {
        for kind in [FaultKind::Io, FaultKind::NoSpace] {
            let disk = SimVfs::new(1);
            disk.set_faults(vec![Fault { at_call, kind, span: FaultSpan::Once }]);
            first(&disk, &|| {});
        }
    }
}

#[test]
fn a_commit_that_stands_in_the_log_when_its_slot_cannot_be_written_is_in_doubt_and_not_denied() {
    let commit = |disk: &SimVfs, mark: &dyn Fn()| {
        let db = options(disk, 1).open(PATH).unwrap();
        mark();
        let made = db.write(|tx| tx.put(b"a", b"1"));
        drop(db);
        disk.set_faults(Vec::new());
        disk.end_process();
        let db = options(disk, 2).open(PATH).unwrap();
        let is_there = db.read().get(b"a").unwrap().is_some();
        match made {
            Ok(()) => assert!(is_there),
            Err(Error::CommitIndeterminate { .. }) => {}
            Err(error) => assert!(!is_there, "{error}, but the commit is there"),
        }
    };
    for at_call in calls_of(commit) {
        let disk = SimVfs::new(1);
        disk.set_faults(vec![Fault { at_call, kind: FaultKind::Io, span: FaultSpan::Sticky }]);
        commit(&disk, &|| {});
    }
}

#[test]
fn a_disk_too_full_to_fold_the_log_still_takes_commits() {
    let mut taken_unfolded = 0;
    for call in 1..40 {
        let disk = SimVfs::new(1);
        let db = options(&disk, 1).log_bytes_checkpoint(1).open(PATH).unwrap();
        let put = |key: &[u8]| db.write(|tx| tx.put(key, &[b'v'; 100]));
        (0..20u8).for_each(|key| put(&[key]).unwrap());
        db.write(|tx| (0..60u8).try_for_each(|key| tx.put(&[key, 1], &[b'v'; 100]))).unwrap();
        let logged = db.stats().unwrap().log_frames;
        disk.set_faults(vec![Fault { at_call: disk.calls() + call, kind: FaultKind::NoSpace, span: FaultSpan::Once }]);
        if put(b"last").is_ok() && db.stats().unwrap().log_frames > logged {
            taken_unfolded += 1;
            assert_eq!(dump(&db).unwrap().len(), 81);
            disk.set_faults(Vec::new());
            db.checkpoint(CheckpointMode::Passive).unwrap();
            assert_eq!(dump(&db).unwrap().len(), 81);
        }
    }
    assert!(taken_unfolded > 0, "no full disk was met while folding");
}
