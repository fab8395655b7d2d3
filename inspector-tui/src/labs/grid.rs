//! The crash grid: the power goes behind every disk call of one operation, in each of several ways, and the real engine
//! recovers from each disk that is left. Nothing of it is deduced: every cell was opened, read and verified.
//!
//! ```text
//!                         start  write  SYNC  end       a column: the instant behind a disk call
//!   unsynced writes lost    o      o      n    n        o  as before the operation
//!   last write torn         o      o      n    n        n  as after it
//! ```
//!
//! What must hold: a cell shows the state after some number of the operation's commits, at least those acknowledged by then,
//! at most one more. Anything else is [`Outcome::Wrong`], and a defect of the engine, or what a defence that was left out of it is for.

use crate::timeline::Operation;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tosumu::attack::{Records, everything};
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::limits::SECTOR_BYTES;
use tosumu::script::{Left, RunnerOptions};
use tosumu::trace::{Event, Fold};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{DiskImage, SimVfs};
use tosumu::{AutoCheckpoint, CheckpointOnClose, Code, Options, Severity, Unlock};

/// Most columns: of an operation with more disk calls the first are shown, and how many are left out is said.
pub const COLUMNS_MAX: usize = 400;

/// What becomes of the disk's pending writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fault {
    /// The program ends, the power stays: the system keeps what it holds.
    Killed,
    /// Everything unsynced is lost, names and lengths too.
    Lost,
    /// Of the last write the first sector is kept; the writes before it are kept whole.
    TornAfterFirst,
    /// The same, but half of its sectors are kept.
    TornInHalf,
    /// The same, but all of its sectors except the last are kept.
    TornBeforeLast,
    /// The newest write is kept and every earlier one is lost.
    NewestOnly,
    /// Each sector, length and name is kept or lost by chance.
    Shuffled,
}

impl Fault {
    /// All of them, in the order of the rows.
    pub const ALL: [Fault; 7] = [
        Fault::Killed,
        Fault::Lost,
        Fault::TornAfterFirst,
        Fault::TornInHalf,
        Fault::TornBeforeLast,
        Fault::NewestOnly,
        Fault::Shuffled,
    ];

    /// The heading of its row.
    pub fn heading(self) -> &'static str {
        match self {
            Fault::Killed => "program killed",
            Fault::Lost => "unsynced lost",
            Fault::TornAfterFirst => "torn, 1 sector kept",
            Fault::TornInHalf => "torn, half kept",
            Fault::TornBeforeLast => "torn, all but 1 kept",
            Fault::NewestOnly => "reordered: newest only",
            Fault::Shuffled => "reordered: by chance",
        }
    }

    /// One word for it, in lessons: `cell end lost`.
    pub fn word(self) -> &'static str {
        match self {
            Fault::Killed => "killed",
            Fault::Lost => "lost",
            Fault::TornAfterFirst => "torn-first",
            Fault::TornInHalf => "torn-half",
            Fault::TornBeforeLast => "torn-last",
            Fault::NewestOnly => "newest",
            Fault::Shuffled => "chance",
        }
    }

    /// What happens, as the first half of a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Fault::Killed => "The program is killed; the system keeps what it holds",
            Fault::Lost => "The power goes and everything that was not synced is lost",
            Fault::TornAfterFirst => "The power goes and only the first sector of the last write reached the disk",
            Fault::TornInHalf => "The power goes and half of the last write reached the disk",
            Fault::TornBeforeLast => "The power goes and all of the last write but its last sector reached the disk",
            Fault::NewestOnly => "The power goes and of what was not synced only the newest write reached the disk",
            Fault::Shuffled => "The power goes and each unsynced sector, length and name was kept or lost by chance",
        }
    }

    /// What this leaves of a disk's pending writes, as a script says it; none where nothing is pending that it could strike.
    pub fn left(self, disk: &DiskImage) -> Option<Left> {
        let pending = disk.pending();
        let last = pending.last().filter(|write| write.bytes > 0);
        let sectors = last.map_or(0, |write| {
            let sector = SECTOR_BYTES as u64;
            (write.offset + write.bytes).div_ceil(sector) - write.offset / sector
        });
        match self {
            Fault::Killed => Some(Left::Process),
            Fault::Lost => Some(Left::Nothing),
            Fault::TornAfterFirst => (sectors >= 2).then_some(Left::Torn(1)),
            Fault::TornInHalf => (sectors >= 4).then_some(Left::Torn(sectors / 2)),
            Fault::TornBeforeLast => (sectors >= 3).then(|| Left::Torn(sectors - 1)),
            Fault::NewestOnly => (pending.len() >= 2).then_some(Left::Newest),
            Fault::Shuffled => (disk.pending_sectors() >= 2).then_some(Left::Chance(disk.changes)),
        }
    }
}

/// An instant of the operation: the one behind a disk call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// So many events of the timeline have happened.
    pub events: usize,
    /// The disk call, in one word; `start` and `end` are the operation's own.
    pub word: String,
    /// The operation's commits that were acknowledged by then.
    pub acknowledged: usize,
    /// Writes, lengths and names that no sync has made safe.
    pub pending: usize,
}

/// What a recovery arrived at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The state behind so many commits of the operation; 0 is the one before it.
    State(usize),
    /// The engine refused to open it.
    Refused(String),
    /// Something acknowledged is gone, or the store holds what was never committed, or it is not sound.
    Wrong(String),
}

/// The grid of one operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    /// The operation's line.
    pub line: String,
    /// The branch of time it was computed on.
    pub branch: usize,
    /// How many commits the operation made.
    pub commits: usize,
    /// The instants.
    pub columns: Vec<Column>,
    /// Disk calls behind the last column that are not shown.
    pub left_out: usize,
    /// By column, then by fault in the order of [`Fault::ALL`]; a column is not there before it was computed, a cell none
    /// where the fault has nothing to strike.
    pub cells: Vec<Vec<Option<Outcome>>>,
    /// By column, then by fault: what each cell leaves of unsynced writes.
    pub lefts: Vec<Vec<Option<Left>>>,
}

impl Grid {
    /// The outcome at a column and a row; none where there is none, or not yet.
    pub fn outcome(&self, column: usize, row: usize) -> Option<&Outcome> {
        self.cells.get(column)?.get(row)?.as_ref()
    }

    /// What the cell at a column and a row leaves of unsynced writes; none where the fault has nothing to strike.
    pub fn left(&self, column: usize, row: usize) -> Option<&Left> {
        self.lefts.get(column)?.get(row)?.as_ref()
    }

    /// Whether every column was computed.
    pub fn is_complete(&self) -> bool {
        self.cells.len() == self.columns.len()
    }

    /// How many cells came out as `is` says.
    pub fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.cells.iter().flatten().flatten().filter(|outcome| is(outcome)).count()
    }
}

/// What is computed from: the events of a branch and one of its operations.
pub struct Subject<'a> {
    /// The branch's number.
    pub branch: usize,
    /// All events of the branch, of level `full`.
    pub events: &'a [Arc<Event>],
    /// The operation.
    pub operation: &'a Operation,
    /// How its engine was made.
    pub options: &'a RunnerOptions,
}

impl Subject<'_> {
    /// What opens the store.
    fn unlock(&self) -> Unlock {
        let word = self.options.passphrase.as_deref();
        word.map_or(Unlock::Keyless, |word| Unlock::Passphrase(word.into()))
    }
}

/// Computes the grid, column by column; `told` hears of each and may end it. An error says why there is no grid.
pub fn compute(subject: &Subject, told: &mut dyn FnMut(&Grid) -> ControlFlow<()>) -> Result<Grid, String> {
    subject.options.without.during(|| computed(subject, told))
}

fn computed(subject: &Subject, told: &mut dyn FnMut(&Grid) -> ControlFlow<()>) -> Result<Grid, String> {
    let operation = subject.operation;
    let mut fold = Fold::default();
    let mut applied = 0;
    let mut disk_at = |events: usize| {
        subject.events[applied..events].iter().for_each(|event| fold.apply(event));
        applied = events;
        DiskImage::from_fold(&fold)
    };
    let before = disk_at(operation.first);
    let mut states = vec![
        records(&before, subject)
            .map_err(|why| format!("The store does not open as it stood before `{}`: {why}", operation.line))?,
    ];
    let instants = instants(subject);
    let mut disks: BTreeMap<usize, DiskImage> = BTreeMap::new();
    for &instant in &instants.all {
        disks.insert(instant, disk_at(instant));
    }
    for committed in &instants.commits {
        states.push(records(&disks[committed], subject)?);
    }
    let columns = columns(subject, &instants, &disks);
    let left_out = instants.left_out;
    let lefts =
        columns.iter().map(|column| Fault::ALL.map(|fault| fault.left(&disks[&column.events])).to_vec()).collect();
    let mut grid = Grid {
        line: operation.line.clone(),
        branch: subject.branch,
        commits: instants.commits.len(),
        columns,
        left_out,
        cells: Vec::new(),
        lefts,
    };
    for at in 0..grid.columns.len() {
        let column = &grid.columns[at];
        let disk = &disks[&column.events];
        let cells = grid.lefts[at].iter().map(|left| {
            let survivors = survivors(disk, left.as_ref()?, subject.options.seed);
            Some(judge(&survivors, subject, &states, column.acknowledged))
        });
        let cells = cells.collect();
        grid.cells.push(cells);
        if told(&grid).is_break() {
            break;
        }
    }
    Ok(grid)
}

/// The instants of an operation, as numbers of events that have happened.
struct Instants {
    /// Start, each disk call shown, end, each commit; ascending.
    all: Vec<usize>,
    /// Behind the disk calls that are shown.
    calls: Vec<usize>,
    /// Behind each commit's acknowledgement.
    commits: Vec<usize>,
    left_out: usize,
}

fn instants(subject: &Subject) -> Instants {
    let range = subject.operation.first..=subject.operation.last;
    let behind = |is: fn(&Event) -> bool| -> Vec<usize> {
        range.clone().filter(|&at| is(&subject.events[at])).map(|at| at + 1).collect()
    };
    let mut calls = behind(Event::is_disk_call);
    let left_out = calls.len().saturating_sub(COLUMNS_MAX);
    calls.truncate(COLUMNS_MAX);
    let commits = behind(|event| matches!(event, Event::TransactionCommitted { .. }));
    let ends = [subject.operation.first, subject.operation.last + 1];
    let mut all: Vec<usize> = calls.iter().chain(&commits).chain(&ends).copied().collect();
    all.sort_unstable();
    all.dedup();
    Instants { all, calls, commits, left_out }
}

fn columns(subject: &Subject, instants: &Instants, disks: &BTreeMap<usize, DiskImage>) -> Vec<Column> {
    let column = |events: usize, word: &str| Column {
        events,
        word: word.to_owned(),
        acknowledged: instants.commits.iter().filter(|&&commit| commit <= events).count(),
        pending: disks[&events].pending().len() + disks[&events].pending_names.len(),
    };
    let calls = instants.calls.iter().map(|&events| column(events, subject.events[events - 1].word()));
    let start = column(subject.operation.first, "start");
    let end = column(subject.operation.last + 1, "end");
    std::iter::once(start).chain(calls).chain([end]).collect()
}

/// The disk behind the fault, just as a `cut` in the lab leaves it.
fn survivors(disk: &DiskImage, left: &Left, seed: u64) -> DiskImage {
    let sim = SimVfs::from_image(disk.clone(), seed);
    sim.crash(&left.plan(disk));
    sim.image()
}

/// Recovers, reads everything, verifies, and holds it against what was promised.
fn judge(disk: &DiskImage, subject: &Subject, states: &[Records], acknowledged: usize) -> Outcome {
    let sim = SimVfs::from_image(disk.clone(), 1);
    let recovered = catch_unwind(AssertUnwindSafe(|| served(&sim, subject)));
    let records = match recovered {
        Ok(Ok(records)) => records,
        Ok(Err(why)) => return Outcome::Refused(why),
        Err(_) => return Outcome::Wrong("the engine panicked".to_owned()),
    };
    let promised = acknowledged..(acknowledged + 2).min(states.len());
    let found = promised.clone().rev().find(|&state| states[state] == records);
    match found {
        Some(state) => match unsound(&sim, subject) {
            None => Outcome::State(state),
            Some(code) => Outcome::Wrong(format!("recovered, and `verify` says {code}")),
        },
        None if states[..promised.start].contains(&records) => {
            Outcome::Wrong("an acknowledged commit is gone".to_owned())
        }
        None if records.iter().all(|(key, value)| states[0].get(key) == Some(value)) => {
            Outcome::Wrong("what was acknowledged before the operation is gone".to_owned())
        }
        None => Outcome::Wrong("it holds what was never committed".to_owned()),
    }
}

/// All that the store holds on a disk as it stands.
fn records(disk: &DiskImage, subject: &Subject) -> Result<Records, String> {
    served(&SimVfs::from_image(disk.clone(), 1), subject)
}

fn served(sim: &SimVfs, subject: &Subject) -> Result<Records, String> {
    let options = Options::new()
        .vfs(Arc::new(sim.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(1)))
        .unlock(subject.unlock())
        .checkpoints(AutoCheckpoint::Off)
        .checkpoint_on_close(CheckpointOnClose::No);
    let opened = options.open(&subject.options.file).and_then(|db| everything(&db));
    opened.map_err(|error| error.code().to_owned())
}

/// The code of what `verify`, at level deep, finds worse than info. That the lab's own key slots are weak is no news.
fn unsound(sim: &SimVfs, subject: &Subject) -> Option<&'static str> {
    let file = AtRest::open(Arc::new(sim.clone()), &subject.options.file, Some(&subject.unlock()));
    let options = VerifyOptions { level: Level::Deep, ..VerifyOptions::default() };
    match file.and_then(|file| verify(&file, &options)) {
        Err(error) => Some(error.code()),
        Ok(report) => {
            let is_bad = |code: Code, severity: Severity| severity > Severity::Info && code != Code::KdfWeak;
            let bad = report.findings.iter().find(|finding| is_bad(finding.code, finding.severity));
            bad.map(|finding| finding.code.as_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;
    use tosumu::script::{Runner, Script};

    fn grid_of(lines: &[&str], line: &str) -> Grid {
        let runner = recorded::sample_store(lines);
        let timeline = recorded::timeline(&runner);
        let operation = timeline.operations().iter().rfind(|operation| operation.line == line).unwrap();
        let subject = Subject { branch: 0, events: timeline.events(), operation, options: runner.options() };
        compute(&subject, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    #[test]
    fn no_cell_of_a_put_is_wrong_and_the_sync_is_where_old_becomes_new() {
        let grid = grid_of(&["put m 13"], "put m 13");
        assert!(grid.is_complete() && grid.commits == 1 && grid.left_out == 0);
        assert_eq!(grid.count(|outcome| matches!(outcome, Outcome::Wrong(_) | Outcome::Refused(_))), 0);
        let words: Vec<&str> = grid.columns.iter().map(|column| column.word.as_str()).collect();
        let sync = words.iter().position(|word| *word == "SYNC").unwrap();
        assert_eq!((words[0], words[words.len() - 1]), ("start", "end"));
        let lost = Fault::ALL.iter().position(|fault| *fault == Fault::Lost).unwrap();
        assert_eq!(grid.outcome(sync - 1, lost), Some(&Outcome::State(0)));
        assert_eq!(grid.outcome(sync, lost), Some(&Outcome::State(1)));
        // Killed, the system keeps the write: the commit is there before its sync.
        assert_eq!(grid.outcome(sync - 1, 0), Some(&Outcome::State(1)));
        assert_eq!(grid.columns[sync].acknowledged, 0);
        assert_eq!(grid.columns.last().unwrap().acknowledged, 1);
    }

    #[test]
    fn a_torn_commit_is_never_taken_for_whole() {
        let grid = grid_of(&["put m 13"], "put m 13");
        let sync = grid.columns.iter().position(|column| column.word == "SYNC").unwrap();
        for row in 0..Fault::ALL.len() {
            if matches!(Fault::ALL[row], Fault::TornAfterFirst | Fault::TornInHalf | Fault::TornBeforeLast) {
                assert_eq!(grid.outcome(sync - 1, row), Some(&Outcome::State(0)), "{:?}", Fault::ALL[row]);
                assert_eq!(grid.outcome(sync, row), None, "nothing is pending behind a sync");
            }
        }
    }

    #[test]
    fn an_engine_that_does_not_sync_its_commits_loses_them_and_one_that_expects_no_log_does_not_even_notice() {
        let gone = |head: &str| {
            let script = Script::parse(&format!("{head}put a 1\ncheckpoint\nput b 2\n")).unwrap();
            let mut runner = Runner::new(script.options(RunnerOptions::default()));
            script.lines.iter().for_each(|line| drop(runner.run(&line.op)));
            let timeline = recorded::timeline(&runner);
            let operation = timeline.operations().last().unwrap();
            let subject = Subject { branch: 0, events: timeline.events(), operation, options: runner.options() };
            let grid = compute(&subject, &mut |_| ControlFlow::Continue(())).unwrap();
            let lost = Fault::ALL.iter().position(|fault| *fault == Fault::Lost).unwrap();
            let end = grid.columns.len() - 1;
            assert_eq!(grid.outcome(end, 0), Some(&Outcome::State(1)), "a program that is killed loses nothing");
            grid.outcome(end, lost).unwrap().clone()
        };
        assert_eq!(gone(""), Outcome::State(1));
        assert_eq!(gone("without sync-of-commit\n"), Outcome::Refused("LOG-ROT".to_owned()));
        let unnoticed = gone("without sync-of-commit\nwithout expected-commit\n");
        assert_eq!(unnoticed, Outcome::Wrong("an acknowledged commit is gone".to_owned()));
    }

    #[test]
    fn a_checkpoint_loses_nothing_wherever_it_is_cut() {
        let grid = grid_of(&["put m 13", "checkpoint"], "checkpoint");
        assert!(grid.columns.len() >= 8, "{:?}", grid.columns);
        assert_eq!(grid.count(|outcome| matches!(outcome, Outcome::Wrong(_) | Outcome::Refused(_))), 0);
    }

    #[test]
    fn what_is_told_in_between_is_the_beginning_of_the_whole() {
        let runner = recorded::sample_store(&["put m 13"]);
        let timeline = recorded::timeline(&runner);
        let operation = timeline.operations().last().unwrap();
        let subject = Subject { branch: 0, events: timeline.events(), operation, options: runner.options() };
        let mut seen = Vec::new();
        let stopped = compute(&subject, &mut |grid| {
            seen.push(grid.cells.len());
            if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, [1, 2]);
        assert!(!stopped.unwrap().is_complete());
    }
}
