//! A disk that is watched: its image before each call that changes something, and what was promised at that instant.

use crate::common::disk::{Below, Meddle, meddled};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use tosumu::vfs::{DiskImage, SimVfs, Vfs};

/// Every record; those of a named tree behind the tree's name, which is an entry itself.
pub type Model = BTreeMap<Vec<u8>, Vec<u8>>;

/// What may be served after a crash at an instant: the model after `acknowledged` commits, or one more while one is under way.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Promise {
    /// The model after each number of commits, as far as the workload came.
    pub models: Arc<Vec<Model>>,
    /// How many commits were acknowledged.
    pub acknowledged: usize,
    /// Whether another one had begun.
    pub under_way: bool,
    /// The keyfiles that open the file, each by its number: as they were, and while they are changed, as they will be.
    pub keys: Vec<Vec<u8>>,
    /// A copy that was made or is being made.
    pub copy: Option<CopyPromise>,
}

/// How a copy is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CopyKind {
    Backup,
    Compact,
    Rekey,
    /// Of the newest commit, from the closed database and its archive.
    Restore,
}

/// A copy of the database: none of its name, or a whole one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CopyPromise {
    pub kind: CopyKind,
    /// What it holds.
    pub model: Arc<Model>,
    pub is_acknowledged: bool,
}

impl Promise {
    /// The models that may be served.
    pub fn allowed(&self) -> &[Model] {
        let end = self.acknowledged + 1 + usize::from(self.under_way);
        &self.models[self.acknowledged..end]
    }
}

/// An instant: right before a call that changes something.
#[derive(Clone)]
pub struct Seen {
    pub promise: Promise,
    pub image: DiskImage,
    /// The step of the workload, counted from 0, and its call, counted from 1.
    pub step: usize,
    pub call: u64,
}

/// Whether instants are kept, or only promises followed.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Watching {
    #[default]
    Promises,
    Instants,
}

#[derive(Clone, Default)]
pub struct Watch {
    pub watching: Watching,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    promise: Promise,
    step: usize,
    calls: u64,
}

impl Watch {
    pub fn new(watching: Watching, promise: Promise) -> Watch {
        let state = State { promise, ..State::default() };
        Watch { watching, state: Arc::new(Mutex::new(state)) }
    }

    /// The disk as the database is to see it.
    pub fn disk(&self, sim: &SimVfs) -> Arc<dyn Vfs> {
        match self.watching {
            Watching::Promises => Arc::new(sim.clone()),
            Watching::Instants => meddled(Watched { sim: sim.clone(), watch: self.clone() }),
        }
    }

    /// Changes what is promised.
    pub fn promise(&self, change: impl FnOnce(&mut Promise)) {
        change(&mut self.lock().promise);
    }

    /// Runs a commit: under way while it runs, acknowledged when it returned.
    pub fn commit<T>(&self, run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
        self.promise(|promise| promise.under_way = true);
        let done = run()?;
        self.promise(|promise| {
            promise.acknowledged += 1;
            promise.under_way = false;
        });
        Ok(done)
    }

    /// The next step of the workload begins.
    pub fn begin_step(&self, step: usize) {
        let mut state = self.lock();
        (state.step, state.calls) = (step, 0);
    }

    /// What was seen so far does not count.
    pub fn forget(&self) {
        self.lock().seen.clear();
    }

    /// Keeps the image of a call that is about to be made.
    fn look_before_call(&self, sim: &SimVfs) {
        self.look(sim);
        self.lock().calls += 1;
    }

    /// Keeps the image as it is now, before the call that comes next.
    pub fn look(&self, sim: &SimVfs) {
        if self.watching == Watching::Promises {
            return;
        }
        let image = sim.image();
        let mut state = self.lock();
        let is_same = state.seen.last().is_some_and(|last| last.image == image && last.promise == state.promise);
        if !is_same {
            let now = Seen { promise: state.promise.clone(), image, step: state.step, call: state.calls + 1 };
            state.seen.push(now);
        }
    }

    /// Every instant, and the one at the end.
    pub fn take(&self, sim: &SimVfs) -> Vec<Seen> {
        self.look(sim);
        std::mem::take(&mut self.lock().seen)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while looking")
    }
}

/// Keeps the disk's image before each call that changes something. Making an empty file is no such call: the next one shows it.
#[derive(Clone)]
struct Watched {
    sim: SimVfs,
    watch: Watch,
}

impl Watched {
    fn look(&self) {
        self.watch.look_before_call(&self.sim);
    }
}

impl Meddle for Watched {
    fn below(&self) -> &dyn Vfs {
        &self.sim
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
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        self.look();
        file.write_at(offset, data)
    }
    fn set_len(&self, file: &Below, length: u64) -> io::Result<()> {
        self.look();
        file.set_len(length)
    }
    fn sync_data(&self, file: &Below) -> io::Result<()> {
        self.look();
        file.sync_data()
    }
}
