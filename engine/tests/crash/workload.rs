//! Workloads: lines of the script language, and what it has no words for; what they make of the records; and running them on
//! a watched disk.

use crate::watch::{CopyKind, CopyPromise, Model, Promise, Seen, Watch, Watching};
use std::fmt::{self, Display};
use std::sync::Arc;
use std::time::Duration;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::script::{CheckpointKind, Op, SessionStep, TreeStep};
use tosumu::transfer::Restore;
use tosumu::vfs::{SimVfs, Vfs};
use tosumu::{
    AutoCheckpoint, CheckpointMode, Database, KdfProfile, Options, PageSize, ReadTxn, Savepoint, Unlock, WriteTxn,
};

pub const PATH: &str = "crash.tsm";
pub const COPY: &str = "copy.tsm";
const ARCHIVE: &str = "archive";
const WITNESS: &str = "witness";

/// How a database is opened, before a crash and after it.
#[derive(Clone, Copy)]
pub struct Setup {
    pub page_size: PageSize,
    pub transaction_bytes: usize,
    pub has_witness: bool,
    pub has_archive: bool,
    /// How long a value the commit after a recovery puts.
    pub afterwards_bytes: usize,
}

pub const PLAIN: Setup = Setup {
    page_size: PageSize::TOY,
    transaction_bytes: 16 << 20,
    has_witness: false,
    has_archive: false,
    afterwards_bytes: 1,
};

impl Setup {
    pub fn options(&self, vfs: Arc<dyn Vfs>, seed: u64) -> Options {
        let options = Options::new().transaction_bytes(self.transaction_bytes).kdf(KdfProfile::TEST);
        let options = if self.has_witness { options.witness(WITNESS) } else { options };
        let options = if self.has_archive { options.archive(ARCHIVE) } else { options };
        options
            .vfs(vfs)
            .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
            .page_size(self.page_size)
            .create(true)
            .checkpoints(AutoCheckpoint::Inline)
    }
}

/// One step of a workload.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// A line of a script.
    Op(Op),
    /// A keyfile more opens the file.
    AddKey,
    /// The keyfile added last opens it no more.
    RemoveKey,
    Copy(CopyKind),
    /// What was done so far is not watched.
    WatchFromHere,
}

/// Steps, put together by the methods.
#[derive(Clone, Default)]
pub struct Workload {
    pub steps: Vec<Step>,
    transactions: u8,
}

impl Workload {
    pub fn new() -> Workload {
        Workload::default()
    }

    /// These steps.
    pub fn of(steps: Vec<Step>) -> Workload {
        Workload { steps, transactions: 0 }
    }

    /// Lines of a script.
    pub fn lines(mut self, text: &str) -> Workload {
        self.steps.extend(text.lines().map(|line| Step::Op(Op::parse(line).expect(line))));
        self
    }

    /// A transaction that puts records `first … first + count`, each with a value of so many bytes.
    pub fn put(self, first: u32, count: u32, value_bytes: usize) -> Workload {
        self.transaction(|value| {
            (first..first + count).map(|number| Op::Put { key: key(number), value: value(value_bytes) }).collect()
        })
    }

    /// A transaction that deletes records `first … first + count`.
    pub fn delete(self, first: u32, count: u32) -> Workload {
        self.transaction(|_| (first..first + count).map(|number| Op::Delete { key: key(number) }).collect())
    }

    /// A transaction that makes a named tree when it is not there, and puts records into it.
    pub fn put_in_tree(self, tree: &str, count: u32, value_bytes: usize) -> Workload {
        self.transaction(|value| {
            let create = Op::Tree { name: tree.to_owned(), step: TreeStep::Create };
            let put = |number| TreeStep::Put { key: key(number), value: value(value_bytes) };
            let puts = (0..count).map(|number| Op::Tree { name: tree.to_owned(), step: put(number) });
            std::iter::once(create).chain(puts).collect()
        })
    }

    pub fn drop_tree(self, tree: &str) -> Workload {
        self.lines(&format!("tree {tree} drop"))
    }

    /// A transaction that puts record 1, tries out much behind a savepoint, goes back to it, and puts record 2.
    pub fn try_out(self, value_bytes: usize) -> Workload {
        self.transaction(|value| {
            let put = |number, value| Op::Put { key: key(number), value };
            let before = || "before".to_owned();
            let tried = Op::Tree { name: "tried".to_owned(), step: TreeStep::Create };
            let mut ops = vec![put(1, value(value_bytes)), Op::Savepoint { name: before() }, tried];
            ops.extend((0..20).map(|number| Op::Delete { key: key(number) }));
            ops.extend((30..50).map(|number| put(number, vec![b't'; 70])));
            ops.push(put(50, vec![b't'; 2000]));
            ops.extend([Op::RollbackTo { name: before() }, put(2, value(value_bytes))]);
            ops
        })
    }

    pub fn checkpoint(self) -> Workload {
        self.lines("checkpoint")
    }

    /// A checkpoint while a snapshot of the newest state lives, and lives on until the program ends. (The one that is given up
    /// leaves its seal transaction, and a snapshot of that is in nobody's way.)
    pub fn checkpoint_beside(self) -> Workload {
        self.lines("older: begin-read\ncheckpoint full\nolder: end\nnewest: begin-read\ncheckpoint")
    }

    pub fn reopen(self) -> Workload {
        self.lines("reopen")
    }

    pub fn step(mut self, step: Step) -> Workload {
        self.steps.push(step);
        self
    }

    fn transaction(mut self, ops: impl FnOnce(&dyn Fn(usize) -> Vec<u8>) -> Vec<Op>) -> Workload {
        self.transactions += 1;
        let letter = b'a' + self.transactions % 26;
        let ops = ops(&|bytes| vec![letter; bytes]);
        self.steps.extend([Op::Begin].into_iter().chain(ops).chain([Op::Commit]).map(Step::Op));
        self
    }
}

pub fn key(number: u32) -> Vec<u8> {
    format!("k{number:03}").into_bytes()
}

pub fn in_tree(tree: &str, key: &[u8]) -> Vec<u8> {
    [tree.as_bytes(), b"/", key].concat()
}

/// The records as a workload changes them.
#[derive(Clone, Default)]
pub struct Shadow {
    pub committed: Model,
    open: Option<Model>,
    savepoints: Vec<(String, Model)>,
}

impl Shadow {
    /// Takes in an operation, and says whether it is a commit.
    pub fn take(&mut self, op: &Op) -> bool {
        match op {
            Op::Begin => self.open = Some(self.committed.clone()),
            Op::Commit => {
                self.committed = self.open.take().expect("a transaction is open");
                self.savepoints.clear();
                return true;
            }
            Op::Rollback => {
                self.open = None;
                self.savepoints.clear();
            }
            Op::Savepoint { name } => {
                let now = self.open.clone().expect("a transaction is open");
                self.savepoints.retain(|(earlier, _)| earlier != name);
                self.savepoints.push((name.clone(), now));
            }
            Op::RollbackTo { name } => {
                let place = self.savepoints.iter().position(|(set, _)| set == name).expect("it was set");
                self.open = Some(self.savepoints[place].1.clone());
                self.savepoints.truncate(place + 1);
            }
            Op::Reopen => {
                self.open = None;
                self.savepoints.clear();
            }
            _ if is_change(op) => {
                change(self.open.as_mut().unwrap_or(&mut self.committed), op);
                return self.open.is_none();
            }
            _ => {}
        }
        false
    }

    /// As the open transaction has the records, or the newest commit.
    pub fn now(&self) -> &Model {
        self.open.as_ref().unwrap_or(&self.committed)
    }

    /// Whether a savepoint of this name can be gone back to.
    pub fn has_savepoint(&self, name: &str) -> bool {
        self.savepoints.iter().any(|(set, _)| set == name)
    }
}

fn is_change(op: &Op) -> bool {
    matches!(op, Op::Put { .. } | Op::Delete { .. } | Op::Tree { .. })
}

fn change(model: &mut Model, op: &Op) {
    match op {
        Op::Put { key, value } => drop(model.insert(key.clone(), value.clone())),
        Op::Delete { key } => drop(model.remove(key)),
        Op::Tree { name, step } => match step {
            TreeStep::Create => drop(model.insert(in_tree(name, b""), Vec::new())),
            TreeStep::Drop => model.retain(|key, _| !key.starts_with(&in_tree(name, b""))),
            TreeStep::Put { key, value } => drop(model.insert(in_tree(name, key), value.clone())),
            TreeStep::Delete { key } => drop(model.remove(&in_tree(name, key))),
            other => unreachable!("no workload has `{other}`"),
        },
        other => unreachable!("`{other}` changes no record"),
    }
}

/// The model after each number of commits.
pub fn models_of(steps: &[Step]) -> Vec<Model> {
    let mut shadow = Shadow::default();
    let mut models = vec![Model::new()];
    for step in steps {
        if matches!(step, Step::Op(op) if shadow.take(op)) {
            models.push(shadow.committed.clone());
        }
    }
    models
}

/// Runs a workload on a watched disk and returns every instant. Nothing in it may fail.
pub fn watch_workload(setup: Setup, steps: &[Step]) -> Result<Vec<Seen>, String> {
    let promise = Promise { models: Arc::new(models_of(steps)), keys: vec![Vec::new()], ..Promise::default() };
    let (sim, watch) = (SimVfs::new(1), Watch::new(Watching::Instants, promise));
    let mut program = Program::begin(setup, sim.clone(), watch.clone())?;
    for (number, step) in steps.iter().enumerate() {
        watch.begin_step(number);
        program.take(step).map_err(|error| format!("step {number}, {step:?}: {error}"))?;
    }
    watch.begin_step(steps.len());
    let seen = watch.take(&sim);
    drop(program);
    Ok(seen)
}

/// A program that does what a workload says.
struct Program {
    setup: Setup,
    sim: SimVfs,
    watch: Watch,
    opened: u64,
    keyfiles: Vec<(u8, u8)>,
    /// Dropped in this order: what reads and writes before the handle.
    savepoints: Vec<(String, Savepoint)>,
    transaction: Option<WriteTxn>,
    sessions: Vec<(String, ReadTxn)>,
    db: Option<Database>,
}

pub fn told<T, E: Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

impl Program {
    fn begin(setup: Setup, sim: SimVfs, watch: Watch) -> Result<Program, String> {
        let mut program = Program {
            setup,
            sim,
            watch,
            opened: 0,
            keyfiles: Vec::new(),
            savepoints: Vec::new(),
            transaction: None,
            sessions: Vec::new(),
            db: None,
        };
        program.open()?;
        Ok(program)
    }

    fn open(&mut self) -> Result<(), String> {
        self.opened += 1;
        self.db = Some(told(self.setup.options(self.watch.disk(&self.sim), self.opened).open(PATH))?);
        Ok(())
    }

    fn close(&mut self) {
        self.savepoints.clear();
        self.transaction = None;
        self.sessions.clear();
        self.db = None;
    }

    fn db(&self) -> &Database {
        self.db.as_ref().expect("the database is open between two steps")
    }

    fn take(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Op(op) => self.operate(op),
            Step::AddKey => self.add_key(),
            Step::RemoveKey => self.remove_key(),
            Step::Copy(kind) => self.copy(*kind),
            Step::WatchFromHere => {
                self.watch.forget();
                Ok(())
            }
        }
    }

    fn operate(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Begin => self.transaction = Some(told(self.db().try_begin_write())?),
            Op::Commit => {
                self.savepoints.clear();
                let transaction = self.transaction.take().ok_or("no transaction is open")?;
                self.watch.clone().commit(|| told(transaction.commit()))?;
            }
            Op::Rollback => {
                self.savepoints.clear();
                self.transaction.take().ok_or("no transaction is open")?.rollback();
            }
            Op::Savepoint { name } => {
                let savepoint = self.transaction.as_mut().ok_or("no transaction is open")?.savepoint();
                self.savepoints.retain(|(earlier, _)| earlier != name);
                self.savepoints.push((name.clone(), savepoint));
            }
            Op::RollbackTo { name } => {
                let place = self.savepoints.iter().position(|(set, _)| set == name).ok_or("it was not set")?;
                let transaction = self.transaction.as_mut().ok_or("no transaction is open")?;
                told(transaction.rollback_to(&self.savepoints[place].1))?;
                self.savepoints.truncate(place + 1);
            }
            Op::Session { name, step: SessionStep::Begin } => self.sessions.push((name.clone(), self.db().read())),
            Op::Session { name, step: SessionStep::End } => self.sessions.retain(|(other, _)| other != name),
            Op::Checkpoint(kind) => {
                let mode = match kind {
                    CheckpointKind::Passive => CheckpointMode::Passive,
                    CheckpointKind::Full => CheckpointMode::Full { wait: Duration::ZERO },
                };
                told(self.db().checkpoint(mode))?;
            }
            Op::Reopen => {
                self.close();
                self.open()?;
            }
            Op::Comment(_) => {}
            _ if is_change(op) => match &mut self.transaction {
                Some(transaction) => told(make(transaction, op))?,
                None => {
                    let db = self.db().clone();
                    self.watch.clone().commit(|| told(db.write(|tx| make(tx, op))))?;
                }
            },
            other => return Err(format!("no workload has `{other}`")),
        }
        Ok(())
    }

    fn add_key(&mut self) -> Result<(), String> {
        let number = self.opened as u8 * 16 + self.keyfiles.len() as u8 + 1;
        let with_it = self.keyfiles.iter().map(|&(known, _)| known).chain([number]).collect();
        self.change_keys(with_it, |program| {
            let slot = told(program.db().add_key(keyfile(number), KdfProfile::TEST))?;
            program.keyfiles.push((number, slot));
            Ok(())
        })
    }

    fn remove_key(&mut self) -> Result<(), String> {
        let (_, slot) = self.keyfiles.pop().ok_or("no keyfile was added")?;
        let without_it = self.keyfiles.iter().map(|&(known, _)| known).collect();
        self.change_keys(without_it, |program| told(program.db().remove_key(slot)))
    }

    fn change_keys(
        &mut self,
        after: Vec<u8>,
        run: impl FnOnce(&mut Program) -> Result<(), String>,
    ) -> Result<(), String> {
        self.watch.promise(|promise| promise.keys.push(after));
        run(self)?;
        self.watch.promise(|promise| drop(promise.keys.remove(0)));
        Ok(())
    }

    /// A copy reads its source and changes no byte of it.
    fn copy(&mut self, kind: CopyKind) -> Result<(), String> {
        if kind == CopyKind::Restore {
            self.close();
        }
        let source =
            |sim: &SimVfs| sim.files().into_iter().filter(|file| file.file.starts_with(PATH)).collect::<Vec<_>>();
        let before = source(&self.sim);
        self.watch.promise(|promise| {
            let model = Arc::new(promise.models[promise.acknowledged].clone());
            promise.copy = Some(CopyPromise { kind, model, is_acknowledged: false });
        });
        make_copy(self.setup, kind, self.db.as_ref(), self.watch.disk(&self.sim))?;
        self.watch.promise(|promise| {
            promise.copy.as_mut().expect("it was promised above").is_acknowledged = true;
        });
        if source(&self.sim) != before {
            return Err("the copy changed its source".to_owned());
        }
        if kind == CopyKind::Restore { self.open() } else { Ok(()) }
    }
}

/// The secret that a re-keyed copy is opened with.
pub fn copy_key(kind: CopyKind) -> Unlock {
    if kind == CopyKind::Rekey { keyfile(255) } else { Unlock::Keyless }
}

pub fn keyfile(number: u8) -> Unlock {
    Unlock::Keyfile(vec![number; 40].into())
}

/// Makes the copy; `db` is there unless it is a restored one.
pub fn make_copy(setup: Setup, kind: CopyKind, db: Option<&Database>, vfs: Arc<dyn Vfs>) -> Result<(), String> {
    let open = || db.ok_or("the database is closed");
    match kind {
        CopyKind::Backup => told(open()?.backup(COPY)).map(drop),
        CopyKind::Compact => told(open()?.compact_to(COPY)).map(drop),
        CopyKind::Rekey => told(open()?.rekey_to(COPY, copy_key(kind), KdfProfile::TEST)).map(drop),
        CopyKind::Restore => {
            let restore = Restore::new().vfs(vfs).entropy(Arc::new(InsecureSeededEntropy::new(77)));
            let restore = if setup.has_archive { restore.archive(ARCHIVE) } else { restore };
            told(restore.run(PATH, COPY)).map(drop)
        }
    }
}

fn make(tx: &mut WriteTxn, op: &Op) -> tosumu::Result<()> {
    match op {
        Op::Put { key, value } => tx.put(key, value),
        Op::Delete { key } => tx.delete(key).map(drop),
        Op::Tree { name, step: TreeStep::Create } => tx.create_tree(name).map(drop),
        Op::Tree { name, step: TreeStep::Drop } => tx.drop_tree(name).map(drop),
        Op::Tree { name, step } => {
            let mut tree = tx.tree(name)?.expect("it was created before");
            match step {
                TreeStep::Put { key, value } => tree.put(key, value),
                TreeStep::Delete { key } => tree.delete(key).map(drop),
                other => unreachable!("no workload has `{other}`"),
            }
        }
        other => unreachable!("`{other}` changes no record"),
    }
}

/// As a script, with what that has no words for behind `#`.
impl Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Op(op) => writeln!(f, "{op}"),
            other => writeln!(f, "# {other:?}"),
        })
    }
}
