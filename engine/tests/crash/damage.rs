//! Two disks that are worse than they should be: one damages the sectors it was writing when the power went, one forgets what a
//! failed sync did not write.

use crate::explore::{explore_models, explore_thoroughly};
use crate::oracle::{check_sound, dump};
use crate::watch::Model;
use crate::workload::{PATH, PLAIN, Workload, key, watch_workload};
use std::sync::Arc;
use tosumu::limits::SECTOR_BYTES;
use tosumu::vfs::{CrashModel, CrashPlan, Fault, FaultKind, FaultSpan, PendingUnit, SimVfs};
use tosumu::{CheckpointMode, Database, Unlock};

const DAMAGING: &[CrashModel] = &[CrashModel::Process, CrashModel::Damaging];

/// Rules 13 and 18: commits are acknowledged one by one into one log, and into one that is used again.
#[test]
fn no_acknowledged_commit_stands_in_a_sector_that_is_written_again() {
    let appended = Workload::new().put(1, 1, 30).put(2, 1, 30).put(1, 3, 90);
    let again = Workload::new().put(1, 6, 90).checkpoint().put(3, 1, 30).put(4, 1, 30).reopen().put(5, 1, 30);
    explore_models(PLAIN, DAMAGING, "damaged sectors", &[appended, again]);
}

/// Rule 12: a log of which a crash left the old header alone does not pass for one that the other slot can recover with. The
/// power goes in the first commit after an opening, and again while the next opening makes the chosen slot durable.
#[test]
fn a_log_cut_down_to_its_old_header_is_not_relied_on_while_the_slot_is_written() {
    const MODELS: &[CrashModel] = &[CrashModel::Process, CrashModel::Posix, CrashModel::Damaging];
    let workload = Workload::new().put(1, 1, 30).checkpoint().reopen();
    explore_thoroughly(PLAIN, MODELS, "damaged slots", &[workload]);
}

/// Rule 13, as a fact about bytes: no write to the log touches a sector in which a record or the header stands durable.
#[test]
fn no_write_to_the_log_touches_a_sector_that_its_header_or_a_durable_commit_stands_in() {
    let workload = Workload::new().put(1, 1, 30).put(2, 1, 30).put(1, 3, 90).put(4, 1, 30);
    let seen = watch_workload(PLAIN, &workload.steps).expect("nothing fails");
    let log = format!("{PATH}-wal");
    let mut appends = 0;
    for now in &seen {
        let Some(file) = now.image.file(&log).filter(|file| !file.durable.is_empty()) else { continue };
        for unit in now.image.pending_units() {
            let PendingUnit::Sector { change, sector } = unit else { continue };
            if now.image.pending()[change as usize - 1].file != log {
                continue;
            }
            appends += 1;
            let begins = sector as usize * SECTOR_BYTES;
            assert!(begins >= file.durable.len(), "sector {sector} of {} durable bytes", file.durable.len());
        }
    }
    assert!(appends > 6, "{appends} sectors were appended");
}

/// What a sync forgot and a program took for written: the recovery of the next program must not build on it.
///
/// Rule 20. Every sync of a workload in turn fails, and what it was to write is shown by the operating system, never written and
/// gone at a power cut. A second program opens what the system shows, commits, and the power goes.
#[test]
fn what_a_failed_sync_forgot_is_written_anew_before_anything_relies_on_it() {
    let whole = SimVfs::new(1);
    live(&whole);
    let (calls, mut forgotten) = (whole.calls(), 0);
    for folds in [CheckpointsAfterwards::No, CheckpointsAfterwards::Yes] {
        for at_call in 1..=calls {
            let disk = SimVfs::new(1);
            disk.set_faults(vec![Fault { at_call, kind: FaultKind::Forgotten, span: FaultSpan::Once }]);
            let (acknowledged, doubt) = live(&disk);
            disk.set_faults(Vec::new());
            disk.end_process();
            if disk.image().files.values().all(|file| file.cached.is_none()) {
                continue;
            }
            let context = || format!("the sync at call {at_call} forgot, {folds:?}");
            let promised =
                go_on(&disk, &acknowledged, &doubt, folds).unwrap_or_else(|why| panic!("{}: {why}", context()));
            for plan in [CrashPlan::Kept, CrashPlan::Lost] {
                let left = SimVfs::from_image(disk.image().after_crash(&plan).0, 1);
                let served = open(&left, 9).and_then(|db| dump(&db));
                assert_eq!(served.as_ref(), Ok(&promised), "{}, {plan:?}", context());
                check_sound(&left, PATH, &Unlock::Keyless).unwrap_or_else(|why| panic!("{}: {why}", context()));
            }
            forgotten += 1;
        }
    }
    println!("{forgotten} syncs that forgot");
    assert!(forgotten > 20);
}

/// Whether the second program folds the log before the power goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum CheckpointsAfterwards {
    No,
    Yes,
}

fn open(disk: &SimVfs, seed: u64) -> Result<Database, String> {
    let opened = PLAIN.options(Arc::new(disk.clone()), seed).open(PATH);
    opened.map_err(|error| format!("{}: {error}", error.code()))
}

fn put(db: &Database, number: u32, value: &[u8]) -> tosumu::Result<()> {
    db.write(|tx| tx.put(&key(number), value))
}

/// Creates, commits, checkpoints, as far as it comes: the records acknowledged, and those of the commit that failed.
fn live(disk: &SimVfs) -> (Model, Option<Model>) {
    let (mut acknowledged, mut doubt) = (Model::new(), None);
    let Ok(mut db) = open(disk, 1) else { return (acknowledged, doubt) };
    for number in 1..=6 {
        let mut next = acknowledged.clone();
        next.insert(key(number), vec![b'v'; 60]);
        match put(&db, number, &[b'v'; 60]) {
            Ok(()) => acknowledged = next,
            Err(_) => doubt = doubt.or(Some(next)),
        }
        if number % 2 == 0 {
            let _ = db.checkpoint(CheckpointMode::Passive);
        }
        if number == 3 {
            drop(db);
            match open(disk, 2) {
                Ok(opened) => db = opened,
                Err(_) => return (acknowledged, doubt),
            }
            // What is served from here on is promised.
            let served = dump(&db).expect("every record reads");
            assert!(served == acknowledged || doubt.as_ref() == Some(&served));
            (acknowledged, doubt) = (served, None);
        }
    }
    (acknowledged, doubt)
}

/// The second program: what it serves, and a commit of its own, is promised from then on.
fn go_on(
    disk: &SimVfs,
    acknowledged: &Model,
    doubt: &Option<Model>,
    folds: CheckpointsAfterwards,
) -> Result<Model, String> {
    let db = open(disk, 5)?;
    let mut served = dump(&db)?;
    if served != *acknowledged && Some(&served) != doubt.as_ref() {
        return Err(format!("served {} records that were not promised", served.len()));
    }
    put(&db, 90, b"more").map_err(|error| error.to_string())?;
    served.insert(key(90), b"more".to_vec());
    if folds == CheckpointsAfterwards::Yes {
        db.checkpoint(CheckpointMode::Passive).map_err(|error| error.to_string())?;
        put(&db, 91, b"more").map_err(|error| error.to_string())?;
        served.insert(key(91), b"more".to_vec());
    }
    Ok(served)
}

/// What finds and shrinks failures must find one where there is one.
#[cfg(feature = "weaken")]
#[test]
fn a_failure_is_made_small_and_the_lab_shows_it_until_the_defence_is_back() {
    use crate::draw::drawn;
    use crate::explore::{Bounds, Explorer};
    use crate::shrink::{Case, play, script_of, shrink};
    use crate::workload::Step;
    use tosumu::defence::{Defence, without};

    for (defence, models) in [(Defence::SyncOfCommit, crate::explore::HONEST), (Defence::CommitPadding, DAMAGING)] {
        let script = without(defence, || {
            let failing = |seed| {
                let mut steps = drawn(seed).steps;
                steps.insert(0, Step::WatchFromHere);
                let seen = watch_workload(PLAIN, &steps).expect("nothing fails");
                let failure = Explorer::new(PLAIN, models, Bounds::quick()).explore(&seen, 0).err()?;
                Some(Case { setup: PLAIN, workload: Workload::of(steps), failure })
            };
            let smallest = shrink((1..20).find_map(failing).expect("one of these fails"));
            assert!(smallest.workload.steps.len() <= 8, "{defence}: {}", smallest.workload);
            let (script, said) = script_of(&smallest);
            assert!(said.is_some(), "{defence}: {script}");
            script
        });
        assert_eq!(play(&script), None, "{script}");
    }
}
