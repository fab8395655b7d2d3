//! Every disk call of a workload made to fail, in every way, once and for good: nothing panics, nothing acknowledged is lost,
//! an operation that says it succeeded did, and a handle that can no longer vouch for its files writes nothing more.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, Fault, FaultKind, FaultSpan, SimVfs, Vfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Database, Error, Options, PageSize, Range, Result, Severity};

const PATH: &str = "faults.tsm";
const KINDS: [FaultKind; 4] = [FaultKind::Io, FaultKind::NoSpace, FaultKind::Short, FaultKind::Interrupted];

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// A workload, on a database that is opened in its own way.
#[derive(Clone, Copy)]
struct Workload {
    transaction_bytes: usize,
    /// What one life of the database does.
    live: fn(&mut Told, &Database),
}

const SHORT_VALUES: Workload = Workload { transaction_bytes: 16 << 20, live: live_on_short_values };
/// Everything that does not fit in memory at once goes through the spill file.
const LONG_VALUES: Workload = Workload { transaction_bytes: 0, live: live_on_long_values };

fn options(disk: &SimVfs, seed: u64) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
        .cache_bytes(0)
        .create(true)
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
struct Told {
    /// After the last commit that was acknowledged.
    acknowledged: Model,
    /// After a commit that was said to be in doubt.
    in_doubt: Option<Model>,
    errors: usize,
    poisoned: bool,
}

impl Told {
    fn put(&mut self, db: &Database, numbers: std::ops::Range<u32>, text: &str) {
        let mut next = self.acknowledged.clone();
        let made = db.write(|tx| {
            numbers.clone().try_for_each(|number| {
                let (key, value) = (format!("k{number:03}").into_bytes(), format!("{text} {number:050}").into_bytes());
                tx.put(&key, &value)?;
                next.insert(key, value);
                Ok(())
            })
        });
        match made {
            Ok(()) => {
                assert!(!self.poisoned, "a poisoned handle took a commit");
                self.acknowledged = next;
            }
            Err(error) => self.note(error, Some(next)),
        }
    }

    /// Puts long values into the main tree and a named one, and deletes another; the tree's records are told by its name.
    fn put_long(&mut self, db: &Database, number: u32, bytes: usize) {
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
        match made {
            Ok(()) => {
                assert!(!self.poisoned, "a poisoned handle took a commit");
                self.acknowledged = next;
            }
            Err(error) => self.note(error, Some(next)),
        }
    }

    fn checkpoint(&mut self, db: &Database) {
        match db.checkpoint(CheckpointMode::Passive) {
            Ok(_) => assert!(!self.poisoned, "a poisoned handle made a checkpoint"),
            Err(error) => self.note(error, None),
        }
    }

    fn note(&mut self, error: Error, next: Option<Model>) {
        self.errors += 1;
        match error {
            Error::CommitIndeterminate { .. } => {
                assert!(!self.poisoned, "a poisoned handle tried to commit");
                // Of a checkpoint it is the seal transaction that is in doubt, and that changes no record.
                self.in_doubt = next;
                self.poisoned = true;
            }
            Error::Poisoned { .. } => self.poisoned = true,
            Error::Io { .. } => {}
            other => panic!("a disk that fails was taken for damage: {other}"),
        }
    }

    fn look(&mut self, db: &Database) {
        match dump(db) {
            Ok(served) => assert_eq!(served, self.acknowledged, "a live handle served what was not acknowledged"),
            Err(error) => self.note(error, None),
        }
    }

    fn allows(&self, found: &Model) -> bool {
        *found == self.acknowledged || self.in_doubt.as_ref() == Some(found)
    }
}

fn live_on_short_values(told: &mut Told, db: &Database) {
    told.put(db, 0..12, "first");
    told.put(db, 5..9, "second");
    told.look(db);
    told.checkpoint(db);
    told.put(db, 12..14, "third");
    told.checkpoint(db);
    told.look(db);
    told.put(db, 2..4, "last");
    told.put(db, 20..21, "very last");
}

fn live_on_long_values(told: &mut Told, db: &Database) {
    told.put_long(db, 1, 1_700);
    told.put_long(db, 2, 1_000);
    told.checkpoint(db);
    told.put_long(db, 2, 500);
    told.look(db);
}

/// Two lives of a database.
fn workload(run: Workload, disk: &SimVfs) -> Told {
    let mut told = Told::default();
    for life in 0..2 {
        let db = match options(disk, life).transaction_bytes(run.transaction_bytes).open(PATH) {
            Ok(db) => db,
            Err(error) => {
                told.note(error, None);
                continue;
            }
        };
        let in_doubt = told.in_doubt.take();
        told.poisoned = false;
        if let Ok(found) = dump(&db) {
            assert!(found == told.acknowledged || in_doubt.as_ref() == Some(&found), "opening served something else");
            told.acknowledged = found;
        } else {
            // The reads failed: what was in doubt is in doubt still, and writing on would make the comparison vague.
            told.errors += 1;
            told.in_doubt = in_doubt;
            continue;
        }
        (run.live)(&mut told, &db);
    }
    told
}

/// Opens what is left on a disk that works again, compares, and goes on writing.
fn check(disk: &SimVfs, told: &Told, context: &str) {
    let db = options(disk, 90).open(PATH).unwrap_or_else(|error| panic!("{context}: not opened: {error}"));
    let found = dump(&db).unwrap_or_else(|error| panic!("{context}: not read: {error}"));
    assert!(!disk.exists(Path::new("faults.tsm-spill")).unwrap(), "{context}: a spill file outlived the next opening");
    assert!(told.allows(&found), "{context}: {} records that were never promised", found.len());
    let after = db.write(|tx| tx.put(b"afterwards", b"x")).and_then(|()| db.checkpoint(CheckpointMode::Passive));
    assert!(after.is_ok(), "{context}: no commit afterwards: {after:?}");
    drop(db);
    disk.crash(&CrashPlan::Lost);
    let mut expected = found;
    expected.insert(b"afterwards".to_vec(), b"x".to_vec());
    let db = options(disk, 91).open(PATH).unwrap_or_else(|error| panic!("{context}: not opened again: {error}"));
    assert!(dump(&db).unwrap() == expected, "{context}: lost what was written afterwards");
    drop(db);
    let file = AtRest::open(Arc::new(disk.clone()), PATH, None).unwrap();
    let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
    let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Info).collect();
    assert!(wrong.is_empty(), "{context}: {wrong:#?}");
}

/// Fails every call of a workload in each of these ways, and looks at what is left.
fn fail_every_call(run: Workload, kinds: &[FaultKind]) {
    let disk = SimVfs::new(1);
    assert_eq!(workload(run, &disk).errors, 0);
    let calls = disk.calls();
    let (mut points, mut surfaced, mut in_doubt) = (0, 0, 0);
    for &kind in kinds {
        for span in [FaultSpan::Once, FaultSpan::Sticky] {
            for at_call in 1..=calls {
                let disk = SimVfs::new(1);
                disk.set_faults(vec![Fault { at_call, kind, span }]);
                let told = workload(run, &disk);
                disk.set_faults(Vec::new());
                points += 1;
                surfaced += usize::from(told.errors > 0);
                in_doubt += usize::from(told.in_doubt.is_some());
                for (end, plan) in [None, Some(CrashPlan::Lost), Some(CrashPlan::Seeded(at_call))].iter().enumerate() {
                    let left = SimVfs::from_image(disk.image(), 1);
                    if let Some(plan) = plan {
                        left.crash(plan);
                    }
                    check(&left, &told, &format!("{kind:?} {span:?} at call {at_call}, end {end}"));
                }
            }
        }
    }
    println!("{calls} calls, {points} fault points, {surfaced} surfaced an error, {in_doubt} left a commit in doubt");
    assert!(surfaced > points / 4 && in_doubt > 0);
}

#[test]
fn whichever_call_fails_nothing_acknowledged_is_lost_and_no_success_is_a_lie() {
    fail_every_call(SHORT_VALUES, &KINDS);
}

#[test]
fn whichever_call_fails_while_long_values_spill_nothing_acknowledged_is_lost() {
    fail_every_call(LONG_VALUES, &[FaultKind::Io, FaultKind::NoSpace]);
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
