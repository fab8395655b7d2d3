//! Runs operations on a simulated disk and records every event.
//!
//! A runner is a whole small world: disk, randomness, database, open transaction, named snapshots. The same options and
//! operations give the same trace to the byte. It never touches a real file. Start reading at [`Runner::run`].

mod beside;
mod checks;
mod expect;
mod forge;
mod found;
mod log_edit;
mod outside;
mod tamper;
mod trees;
mod view;

pub use found::Found;
pub(super) use trees::no_tree;
pub(super) use view::{Records, View};

use super::crash::place_of_cut;
use super::spell::{Chance, DrawnRecord};
use super::{CheckpointKind, CompareAndSwap, Crash, Fill, Left, Op, Read, Scan, SessionStep};
use crate::crypto::{InsecureSeededEntropy, KdfProfile, Unlock};
use crate::defence::LeftOut;
use crate::error::Error;
use crate::escape::{escape, escape_word};
use crate::trace::{Event, Level, Receipt, Recorder, Sink, Tracer};
use crate::txn::{ReadTxn, Savepoint, Swap, WriteTxn};
use crate::types::{CommitNo, PageSize};
use crate::verify;
use crate::vfs::{CrashPlan, DiskImage, SimVfs};
use crate::{AutoCheckpoint, Busy, CheckpointMode, CheckpointOutcome, Database, Options};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Records that a scan prints when the line sets no limit.
const SCAN_LIMIT: usize = 1000;
/// Length of the longest value that is printed whole, in bytes.
const VALUE_SHOWN_MAX: usize = 200;
/// How much is printed of a longer one, in bytes.
const VALUE_SHOWN: usize = 24;

/// What a runner starts with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunnerOptions {
    /// The page size of the database it creates.
    pub page_size: PageSize,
    /// The seed of everything random.
    pub seed: u64,
    /// The database's file name.
    pub file: String,
    /// What opens it; none: its key stands in the clear. Slots are made with the test profile of Argon2id, quick and weak.
    pub passphrase: Option<String>,
    /// Defences that its engine does not have.
    pub without: LeftOut,
    /// Files that were found, with which it begins; none: it creates a database.
    pub found: Option<Arc<Found>>,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        RunnerOptions {
            page_size: PageSize::TOY,
            seed: 1,
            file: "lab.tsm".to_owned(),
            passphrase: None,
            without: LeftOut::NONE,
            found: None,
        }
    }
}

impl RunnerOptions {
    /// What is particular of it, in words: `512-byte pages, without sync-of-commit`.
    pub fn words(&self) -> String {
        let mut words = format!("{}-byte pages", self.page_size.get());
        self.without.iter().for_each(|defence| words.push_str(&format!(", without {defence}")));
        words
    }
}

/// How an operation ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What it prints; several lines of a scan or a `show`.
    pub text: String,
    /// Whether it did not do what its line asks for. A power cut that was asked for is no failure.
    pub failed: bool,
}

impl Outcome {
    fn done(text: impl Into<String>) -> Outcome {
        Outcome { text: text.into(), failed: false }
    }

    fn failed(text: impl Into<String>) -> Outcome {
        Outcome { text: text.into(), failed: true }
    }
}

/// Why an operation could not be done.
pub(super) enum Failure {
    Engine(Error),
    /// The runner's own refusal.
    Refused(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Engine(error)
    }
}

impl Failure {
    fn refused<T>(why: impl Into<String>) -> Result<T, Failure> {
        Err(Failure::Refused(why.into()))
    }

    fn code(&self) -> &str {
        match self {
            Failure::Engine(error) => error.code(),
            Failure::Refused(_) => "MISUSE",
        }
    }

    /// A finding's text begins with its code already.
    fn text(&self) -> String {
        match self {
            Failure::Engine(error @ Error::Damage(_)) => error.to_string(),
            Failure::Engine(error) => format!("{}: {error}", error.code()),
            Failure::Refused(why) => why.clone(),
        }
    }
}

type Done = Result<String, Failure>;

/// Runs the operations of a script, one after the other.
pub struct Runner {
    options: RunnerOptions,
    disk: SimVfs,
    recorder: Arc<Recorder>,
    gate: Arc<Gate>,
    entropy: Arc<InsecureSeededEntropy>,
    chance: Chance,
    database: Option<Database>,
    transaction: Option<WriteTxn>,
    /// Of the open transaction, in the order they were set.
    savepoints: Vec<(String, Savepoint)>,
    sessions: BTreeMap<String, ReadTxn>,
    armed: Option<Crash>,
    /// Other databases, by name.
    beside: BTreeMap<String, Runner>,
    /// The events of the operation before, and the code it failed with.
    last: Range<usize>,
    last_failure: Option<String>,
    /// Dropped last of all: what the database tells while it closes is still told.
    _tie: Tie,
}

impl Runner {
    /// An empty disk, and on it a database that is created and opened; or files that were found, and nothing open.
    pub fn new(options: RunnerOptions) -> Runner {
        if let Some(found) = options.found.clone() {
            return Runner::of_found(&found, options);
        }
        let disk = SimVfs::new(options.seed);
        let mut runner = Runner::closed(options, disk, Recorder::new(), 0);
        let opened = runner.options.without.during(|| runner.open(true));
        debug_assert!(opened.is_ok(), "creating a database on an empty disk");
        runner.last = 0..runner.recorder.count();
        runner
    }

    /// Runs every line from the start; what a line that cannot be would have done is left out.
    pub fn replayed(lines: &[String], options: RunnerOptions) -> Runner {
        let mut runner = Runner::new(options);
        for line in lines {
            runner.run_line(line);
        }
        runner
    }

    /// The world in which the power goes behind the last of `events`, which are the beginning of a trace of level `full`: the
    /// disk of that instant, less what is not `left`. The trace goes on with that crash, and `reopen` runs recovery. It is what
    /// `cut behind event N` does.
    pub fn cut_behind(events: &[Arc<Event>], left: &Left, options: RunnerOptions) -> Runner {
        Runner::struck_behind(events, left, options).0
    }

    /// The same, with what is to be said of it.
    fn struck_behind(events: &[Arc<Event>], left: &Left, options: RunnerOptions) -> (Runner, String) {
        let plan = left.plan(&image_of(events));
        Runner::struck_as_planned(events, &plan, place_of_cut(events.len(), left), options)
    }

    /// The same for a plan of one's own, which the trace does not tell.
    pub fn crashed_at(events: &[Arc<Event>], plan: CrashPlan, options: RunnerOptions) -> Runner {
        Runner::struck_as_planned(events, &plan, place_of_cut(events.len(), &Left::Nothing), options).0
    }

    fn struck_as_planned(
        events: &[Arc<Event>],
        plan: &CrashPlan,
        place: String,
        options: RunnerOptions,
    ) -> (Runner, String) {
        let disk = SimVfs::from_image(image_of(events), options.seed);
        let recorder = Recorder::continuing(events.to_vec());
        let mut runner = Runner::closed(options, disk, recorder, events.len() as u64);
        let text = runner.lose_power(place, plan);
        if let Some(line) = interrupted(events) {
            runner.end_operation(line, 0, &Outcome::failed(text.clone()));
        }
        (runner, text)
    }

    /// `branch` keeps the randomness of a branched timeline apart from what the trace drew already.
    fn closed(options: RunnerOptions, disk: SimVfs, recorder: Arc<Recorder>, branch: u64) -> Runner {
        let gate = Arc::new(Gate { recorder: recorder.clone(), disk: disk.clone(), muted: AtomicBool::new(false) });
        disk.set_tracer(Tracer::new(gate.clone()));
        let tie = Tie(disk.clone());
        Runner {
            entropy: Arc::new(InsecureSeededEntropy::new(options.seed ^ branch.rotate_left(32))),
            chance: Chance::of(options.seed),
            last: recorder.count()..recorder.count(),
            options,
            disk,
            recorder,
            gate,
            database: None,
            transaction: None,
            savepoints: Vec::new(),
            sessions: BTreeMap::new(),
            armed: None,
            beside: BTreeMap::new(),
            last_failure: None,
            _tie: tie,
        }
    }

    /// Runs one line of text. A line that cannot be changes nothing and emits no event.
    pub fn run_line(&mut self, line: &str) -> Outcome {
        match Op::parse(line) {
            Ok(op) => self.run(&op),
            Err(why) => Outcome::failed(why),
        }
    }

    /// Runs one operation: its events stand between `OperationStarted` and `OperationEnded`. An `expect` leaves one event of
    /// its own, a comment none. A `cut` leaves none either: it takes events of the operation above back.
    pub fn run(&mut self, op: &Op) -> Outcome {
        self.options.without.during(|| self.run_here(op))
    }

    fn run_here(&mut self, op: &Op) -> Outcome {
        match op {
            Op::Comment(_) => Outcome::done(""),
            Op::PageSize(bytes) if *bytes == self.options.page_size.get() => Outcome::done(""),
            Op::Seed(seed) if *seed == self.options.seed => Outcome::done(""),
            Op::Passphrase(word) if Some(word) == self.options.passphrase.as_ref() => Outcome::done(""),
            Op::Without(defence) if self.options.without.has(*defence) => Outcome::done(""),
            Op::PageSize(_) | Op::Seed(_) | Op::Passphrase(_) | Op::Without(_) => {
                Outcome::failed("the store is there already; this belongs at a script's head")
            }
            Op::Expect(expect) => self.expect(expect),
            Op::Cut { event, left } => self.cut(*event, left),
            _ => self.operate(op),
        }
    }

    /// Ends the program: what is open is rolled back and the database is closed. Nothing is folded.
    pub fn finish(&mut self) {
        if self.database.is_some() {
            self.options.without.during(|| self.end_program());
        }
    }

    /// Every event so far.
    pub fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// The disk.
    pub fn disk(&self) -> &SimVfs {
        &self.disk
    }

    /// The database, unless the power went and it was not reopened.
    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    /// What it was started with.
    pub fn options(&self) -> &RunnerOptions {
        &self.options
    }

    fn operate(&mut self, op: &Op) -> Outcome {
        let line = op.to_string();
        let first = self.recorder.count();
        self.recorder.take(Event::OperationStarted { line: line.clone() });
        let armed = if matches!(op, Op::Crash(_)) { None } else { self.armed.take() };
        if let Some(crash) = &armed {
            self.disk.stop_at(outside::stop_point(crash.instant));
        }
        let done = self.perform(op, &line);
        self.last_failure = done.as_ref().err().map(|failure| failure.code().to_owned());
        let outcome = match armed {
            Some(crash) => self.struck(&crash, done),
            None => done.map_or_else(|failure| Outcome::failed(failure.text()), Outcome::done),
        };
        self.end_operation(line, first, &outcome);
        self.last = first..self.recorder.count();
        outcome
    }

    fn end_operation(&mut self, line: String, first: usize, outcome: &Outcome) {
        let receipt = receipt(&self.recorder.events_from(first));
        let (outcome, succeeded) = (outcome.text.clone(), !outcome.failed);
        self.recorder.take(Event::OperationEnded { line, outcome, succeeded, receipt });
    }

    fn perform(&mut self, op: &Op, line: &str) -> Done {
        match op {
            Op::Put { key, value } => self.change(|tx| Ok(tx.put(key, value).map(|()| String::new())?)),
            Op::Delete { key } => self.change(|tx| Ok(deleted_text(tx.delete(key)?))),
            Op::Fill(fill) => {
                let records = self.drawn_records(fill)?;
                self.change(|tx| {
                    records.iter().try_for_each(|(key, value)| tx.put(key, value))?;
                    Ok(String::new())
                })
            }
            Op::Blob(blob) => {
                let value = self.chance.text(blob.value_bytes);
                self.change(|tx| Ok(tx.put(&blob.key, &value).map(|()| String::new())?))
            }
            Op::CompareAndSwap(swap) => self.change(|tx| {
                let CompareAndSwap { key, expected, new } = swap;
                Ok(swap_text(tx.compare_and_swap(key, expected.as_deref(), new.as_deref())?))
            }),
            Op::Tree { name, step } => self.tree(name, step),
            Op::Begin => self.begin(),
            Op::Commit => Ok(commit_text(self.open_transaction()?.commit()?)),
            Op::Rollback => {
                self.open_transaction()?.rollback();
                Ok("rolled back".to_owned())
            }
            Op::Savepoint { name } => self.set_savepoint(name),
            Op::RollbackTo { name } => self.roll_back_to(name),
            Op::Read(read) => answer(&self.view()?, read),
            Op::Session { name, step } => self.session(name, step),
            Op::Checkpoint(kind) => self.checkpoint(*kind),
            Op::Crash(crash) => {
                self.armed = Some(crash.clone());
                Ok("armed for the next operation".to_owned())
            }
            Op::Reopen => self.reopen(),
            Op::Key(step) => self.change_keys(step),
            Op::Tamper(tamper) => self.tamper(tamper, line),
            Op::Forge(forge) => self.forge(forge, line),
            Op::Beside { name, step } => self.run_beside(name, step),
            Op::Swap(first, second) => self.swap(*first, *second, line),
            Op::PutBack { pages, commit } => self.put_back(pages, *commit, line),
            Op::Salvage => self.salvage(line),
            Op::Verify => self.verify(verify::Level::Deep),
            Op::VerifyAnchored => self.verify(verify::Level::Anchored),
            Op::KeepFingerprint => Ok(self.store()?.fingerprint()),
            Op::Show(show) => self.show(show),
            Op::Comment(_) | Op::Expect(_) | Op::Cut { .. } => Ok(String::new()),
            Op::PageSize(_) | Op::Seed(_) | Op::Passphrase(_) | Op::Without(_) => Ok(String::new()),
        }
    }

    fn open(&mut self, create: bool) -> Result<(), Error> {
        let options = Options::new()
            .vfs(Arc::new(self.disk.clone()))
            .entropy(self.entropy.clone())
            .page_size(self.options.page_size)
            .checkpoints(AutoCheckpoint::Inline)
            .busy(Busy::Fail)
            .kdf(KdfProfile::TEST)
            .sink(self.gate.clone());
        let options = match self.unlock() {
            Some(unlock) => options.unlock(unlock),
            None => options,
        };
        let opened = if create { options.create_new(&self.options.file) } else { options.open(&self.options.file) };
        self.database = Some(opened?);
        Ok(())
    }

    /// What opens the database; none means that its key stands in the clear.
    pub(super) fn unlock(&self) -> Option<Unlock> {
        self.options.passphrase.as_deref().map(|word| Unlock::Passphrase(word.into()))
    }

    pub(super) fn store(&self) -> Result<&Database, Failure> {
        match &self.database {
            Some(database) => Ok(database),
            None => Failure::refused("the store is closed; `reopen` opens it"),
        }
    }

    /// The open transaction.
    pub(super) fn open_writer(&mut self) -> Option<&mut WriteTxn> {
        self.transaction.as_mut()
    }

    pub(super) fn is_writing(&self) -> bool {
        self.transaction.is_some()
    }

    pub(super) fn sessions(&self) -> &BTreeMap<String, ReadTxn> {
        &self.sessions
    }

    pub(super) fn view(&self) -> Result<View<'_>, Failure> {
        match &self.transaction {
            Some(transaction) => Ok(View::Open(transaction)),
            None => Ok(View::Snapshot(self.store()?.read())),
        }
    }

    fn begin(&mut self) -> Done {
        let transaction = self.store()?.try_begin_write()?;
        let base = self.store()?.read().commit();
        self.transaction = Some(transaction);
        Ok(format!("on top of commit {base}"))
    }

    /// Takes the open transaction, to end it.
    fn open_transaction(&mut self) -> Result<WriteTxn, Failure> {
        self.store()?;
        self.savepoints.clear();
        self.transaction.take().map_or_else(|| Failure::refused("no transaction is open; `begin` opens one"), Ok)
    }

    fn set_savepoint(&mut self, name: &str) -> Done {
        let Some(transaction) = &mut self.transaction else {
            return Failure::refused("no transaction is open; a savepoint is a place inside one");
        };
        self.savepoints.retain(|(earlier, _)| earlier != name);
        self.savepoints.push((name.to_owned(), transaction.savepoint()));
        Ok(format!("`rollback-to {name}` comes back to here"))
    }

    fn roll_back_to(&mut self, name: &str) -> Done {
        let place = self.savepoints.iter().position(|(set, _)| set == name);
        let (Some(transaction), Some(place)) = (&mut self.transaction, place) else {
            return Failure::refused(format!("no savepoint {name} is set; `savepoint {name}` sets one"));
        };
        transaction.rollback_to(&self.savepoints[place].1)?;
        self.savepoints.truncate(place + 1);
        Ok(format!("as it was at savepoint {name}"))
    }

    /// A change inside the open transaction, or as a commit of its own.
    fn change(&mut self, change: impl FnOnce(&mut WriteTxn) -> Done) -> Done {
        if let Some(transaction) = &mut self.transaction {
            let said = change(transaction)?;
            return Ok(if said.is_empty() { "in memory, not committed yet".to_owned() } else { said });
        }
        let mut transaction = self.store()?.try_begin_write()?;
        let said = change(&mut transaction)?;
        let commit = transaction.commit()?;
        Ok(if said.is_empty() { commit_text(commit) } else { said })
    }

    fn drawn_records(&mut self, fill: &Fill) -> Result<Vec<DrawnRecord>, Failure> {
        self.store()?;
        Ok(self.chance.records(fill))
    }

    fn session(&mut self, name: &str, step: &SessionStep) -> Done {
        self.store()?;
        match step {
            SessionStep::Begin if self.sessions.contains_key(name) => {
                Failure::refused(format!("{name} has a snapshot; `{name}: end` gives it up"))
            }
            SessionStep::Begin => {
                let snapshot = self.store()?.read();
                let commit = snapshot.commit();
                let text = format!("{name} sees commit {commit}");
                self.recorder.take(Event::SnapshotTaken { name: name.to_owned(), commit });
                self.sessions.insert(name.to_owned(), snapshot);
                Ok(text)
            }
            SessionStep::Read(read) => match self.sessions.get(name) {
                Some(snapshot) => answer(snapshot, read),
                None => no_session(name),
            },
            SessionStep::Tree { name: tree, read } => match self.sessions.get(name) {
                Some(snapshot) => trees::answer_in(snapshot.tree(tree)?, tree, read),
                None => no_session(name),
            },
            SessionStep::End => match self.sessions.remove(name) {
                Some(_) => {
                    self.recorder.take(Event::SnapshotEnded { name: name.to_owned() });
                    Ok(format!("{name} gave up its snapshot"))
                }
                None => no_session(name),
            },
        }
    }

    fn checkpoint(&mut self, kind: CheckpointKind) -> Done {
        if self.transaction.is_some() {
            return Failure::refused("a transaction is open; `commit` or `rollback` ends it");
        }
        let mode = match kind {
            CheckpointKind::Passive => CheckpointMode::Passive,
            CheckpointKind::Full => CheckpointMode::Full { wait: Duration::ZERO },
        };
        Ok(match self.store()?.checkpoint(mode)? {
            CheckpointOutcome::Folded { pages, commit } => {
                format!("{} folded into the page file, commit {commit}", counted(pages.into(), "page"))
            }
            CheckpointOutcome::NothingToFold => "nothing stands in the log".to_owned(),
            CheckpointOutcome::Deferred { snapshots } => {
                format!("put off: {} alive", counted(snapshots.into(), "snapshot"))
            }
            CheckpointOutcome::Pinned => "put off: a reader outside has pinned the log".to_owned(),
        })
    }

    fn reopen(&mut self) -> Done {
        if self.database.is_some() {
            self.end_program();
        }
        self.open(false)?;
        Ok(format!("open at commit {}", self.store()?.read().commit()))
    }

    fn end_program(&mut self) {
        self.forget();
        self.disk.end_process();
        self.recorder.take(Event::HandleDropped);
    }

    fn forget(&mut self) {
        self.savepoints.clear();
        self.transaction = None;
        self.sessions.clear();
        self.database = None;
    }
}

fn no_session(name: &str) -> Done {
    Failure::refused(format!("{name} has no snapshot; `{name}: begin-read` takes one"))
}

fn commit_text(commit: CommitNo) -> String {
    format!("commit {commit}")
}

/// `1 page`, `2 pages`.
pub(super) fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn deleted_text(deleted: bool) -> String {
    if deleted { String::new() } else { "there was no such key".to_owned() }
}

fn swap_text(swap: Swap) -> String {
    match swap {
        Swap::Swapped => "swapped".to_owned(),
        Swap::Differs(None) => "not swapped: there is no such key".to_owned(),
        Swap::Differs(Some(value)) => format!("not swapped: the value is {}", value_text(&value)),
    }
}

/// A value as it is printed: a long one by its length and its first bytes.
fn value_text(value: &[u8]) -> String {
    match value.len() {
        0..=VALUE_SHOWN_MAX => escape(value),
        bytes => format!("{bytes} bytes: {}…", escape(&value[..VALUE_SHOWN])),
    }
}

fn answer(records: &dyn Records, read: &Read) -> Done {
    match read {
        Read::Get { key } => Ok(records.value(key)?.map_or("no such key".to_owned(), |value| value_text(&value))),
        Read::Scan(scan) => answer_scan(records, scan),
    }
}

fn answer_scan(records: &dyn Records, scan: &Scan) -> Done {
    let limit = scan.limit.unwrap_or(SCAN_LIMIT);
    let mut records = records.records(scan);
    let mut lines = Vec::new();
    for record in records.by_ref().take(limit) {
        let record = record?;
        lines.push(format!("{} {}", escape_word(record.key()), value_text(record.value())));
    }
    if scan.limit.is_none() && records.next().is_some() {
        lines.push(format!("… only the first {SCAN_LIMIT} are printed; `limit N` sets another bound"));
    }
    Ok(if lines.is_empty() { "no records".to_owned() } else { lines.join("\n") })
}

/// The disk as it stands behind the last of `events`.
fn image_of(events: &[Arc<Event>]) -> DiskImage {
    let mut fold = crate::trace::Fold::default();
    events.iter().for_each(|event| fold.apply(event));
    DiskImage::from_fold(&fold)
}

/// The operation that the last of `events` stands in the middle of.
fn interrupted(events: &[Arc<Event>]) -> Option<String> {
    events.iter().rev().find_map(|event| match &**event {
        Event::OperationStarted { line } => Some(Some(line.clone())),
        Event::OperationEnded { .. } => Some(None),
        _ => None,
    })?
}

fn receipt(events: &[Arc<Event>]) -> Receipt {
    let mut receipt = Receipt::default();
    for event in events {
        match &**event {
            Event::FileSynced { .. } => receipt.syncs += 1,
            Event::FileWritten { bytes, .. } => {
                receipt.writes += 1;
                receipt.bytes_written += bytes;
            }
            Event::PageSealed { .. } => receipt.pages_sealed += 1,
            Event::PageOpened { .. } => receipt.pages_opened += 1,
            _ => {}
        }
    }
    receipt
}

/// Between the engine and the recorder. Once the power is gone only what the disk still did is told: the rest of the program
/// runs on for a moment in a world that no longer exists. Muted, it tells nothing: while an `expect` looks around.
struct Gate {
    recorder: Arc<Recorder>,
    disk: SimVfs,
    muted: AtomicBool,
}

impl Sink for Gate {
    fn level(&self) -> Level {
        Level::Full
    }

    fn take(&self, event: Event) {
        let of_disk = matches!(event, Event::FileWritten { .. } | Event::FileSynced { .. });
        if !self.muted.load(Ordering::Relaxed) && (of_disk || !self.disk.struck()) {
            self.recorder.take(event);
        }
    }
}

/// The disk tells the gate, and the gate asks the disk: when the runner ends, one of them lets go, or neither ever would.
struct Tie(SimVfs);

impl Drop for Tie {
    fn drop(&mut self) {
        self.0.set_tracer(Tracer::off());
    }
}

#[cfg(test)]
mod tests;
