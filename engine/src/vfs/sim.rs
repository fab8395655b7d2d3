//! The simulated disk: it keeps apart what the operating system holds and what a power cut would leave, fails at chosen
//! calls and loses its power at a chosen instant. It never touches a real file.
//!
//! `image` is what a disk holds, `crash` what a power cut leaves of it, `model` which kinds of crashes there are, `fault` when
//! it fails; this file puts them behind the trait.

mod crash;
mod fault;
mod image;
mod model;
#[cfg(test)]
mod tests;

pub use crate::trace::{NameChange, PendingWrite};
pub use crash::{CrashPlan, Filling, PendingUnit, PosixPlan};
pub use fault::{Fault, FaultKind, FaultSpan, StopEvent, StopFile, StopPoint, StopRegion, StopWhen};
pub use image::{DiskImage, FileImage, NumberedWrite};
pub use model::{CrashModel, PlanBounds};

use super::{LockKind, OpenMode, Vfs, VfsFile, bytes, file_name, lock_table::LockTable};
use crate::trace::{CrashSummary, Event, FileBytes, Tracer};
use fault::CallSite;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A simulated disk with one folder: of a path only the last part counts. A clone shares the disk.
#[derive(Clone)]
pub struct SimVfs {
    state: Arc<Mutex<State>>,
}

struct State {
    disk: DiskImage,
    seed: u64,
    /// Grows when all handles die: at a power cut, or when the program ends.
    epoch: u64,
    opened: u64,
    /// By file number.
    locks: BTreeMap<u64, LockTable>,
    calls: u64,
    faults: Vec<Fault>,
    stop: Option<Armed>,
    power: Power,
    tracer: Tracer,
}

struct Armed {
    point: StopPoint,
    seen: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Power {
    On,
    Gone,
}

/// The error of every call from the instant the power went until [`SimVfs::crash`].
#[derive(Debug)]
struct PowerWent {
    /// Whether the call that met this instant took effect, though its caller does not learn of it.
    took_effect: bool,
}

impl std::fmt::Display for PowerWent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the power went")
    }
}

impl std::error::Error for PowerWent {}

impl SimVfs {
    /// An empty disk. The seed goes into every [`CrashPlan::Seeded`].
    pub fn new(seed: u64) -> SimVfs {
        SimVfs::from_image(DiskImage::default(), seed)
    }

    /// A disk that holds `image`.
    pub fn from_image(image: DiskImage, seed: u64) -> SimVfs {
        let state = State {
            disk: image,
            seed,
            epoch: 0,
            opened: 0,
            locks: BTreeMap::new(),
            calls: 0,
            faults: Vec::new(),
            stop: None,
            power: Power::On,
            tracer: Tracer::off(),
        };
        SimVfs { state: Arc::new(Mutex::new(state)) }
    }

    /// All that the disk holds.
    pub fn image(&self) -> DiskImage {
        self.lock().disk.clone()
    }

    /// Every file as the operating system shows it; after a crash, what survived.
    pub fn files(&self) -> Vec<FileBytes> {
        self.lock().disk.system_files()
    }

    /// The changes of files not yet synced, in order, numbered from 1.
    pub fn pending(&self) -> Vec<NumberedWrite> {
        self.lock().disk.pending()
    }

    /// How many sectors and names a [`CrashPlan::Sectors`] decides over.
    pub fn pending_sectors(&self) -> usize {
        self.lock().disk.pending_sectors()
    }

    /// The power goes and comes back: the disk holds what survived, locks are gone, files opened before fail every
    /// call. The stop point is disarmed; faults stay. After [`CrashPlan::Process`] the same, but nothing is lost.
    pub fn crash(&self, plan: &CrashPlan) -> CrashSummary {
        let mut state = self.lock();
        let plan = match plan {
            CrashPlan::Seeded(seed) => &CrashPlan::Seeded(state.seed.rotate_left(32) ^ seed),
            other => other,
        };
        let (disk, summary) = state.disk.after_crash(plan);
        state.disk = disk;
        state.power = Power::On;
        state.stop = None;
        state.end_handles();
        summary
    }

    /// The program ends but the power stays: files opened before fail every call, locks are gone, nothing is lost and
    /// what was pending is pending still.
    pub fn end_process(&self) {
        self.lock().end_handles();
    }

    /// Changes bytes of a file from outside, as somebody with access to the disk can: durable at once.
    pub fn tamper(&self, file: &str, offset: u64, data: &[u8]) -> io::Result<()> {
        self.lock().disk.tamper(file, offset, data)
    }

    /// Puts another file in the place of one, or removes it, from outside: durable at once, and nothing stays pending.
    pub fn replace(&self, file: &str, bytes: Option<Vec<u8>>) -> io::Result<()> {
        self.lock().disk.replace(file, bytes)
    }

    /// The calls that are made to fail; replaces those set before.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        self.lock().faults = faults;
    }

    /// How many calls that faults count were made.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    /// Arms the instant at which the power goes; replaces one set before.
    pub fn stop_at(&self, point: StopPoint) {
        self.lock().stop = Some(Armed { point, seen: 0 });
    }

    /// Disarms the stop point if it has not struck.
    pub fn disarm(&self) {
        self.lock().stop = None;
    }

    /// Whether the stop point struck and the power is gone.
    pub fn struck(&self) -> bool {
        self.lock().power == Power::Gone
    }

    /// Whether `error` is what calls end with while the power is gone.
    pub fn is_power_cut(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<PowerWent>())
    }

    /// Whether `error` is that of the one call that took effect right before the power went.
    pub fn took_effect(error: &io::Error) -> bool {
        error.get_ref().and_then(|inner| inner.downcast_ref::<PowerWent>()).is_some_and(|went| went.took_effect)
    }

    /// Tells `tracer` of every fault that strikes.
    pub fn set_tracer(&self, tracer: Tracer) {
        self.lock().tracer = tracer;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a counted call on names.
    fn name_call<T>(&self, site: CallSite, perform: impl FnOnce(&mut DiskImage) -> io::Result<T>) -> io::Result<T> {
        self.call(None, |_| site, |disk, _| perform(disk))
    }

    /// Makes a counted call: the power, then the fault that is due, then the call, then the stop point.
    fn call<T>(
        &self,
        handle: Option<&SimFile>,
        site: impl FnOnce(&DiskImage) -> CallSite,
        perform: impl FnOnce(&mut DiskImage, Amount) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut state = self.lock();
        state.check(handle)?;
        let site = site(&state.disk);
        let stop = state.count(&site);
        if stop == Some(StopWhen::Before) {
            return Err(state.cut(false));
        }
        let fault = state.fault(&site);
        if let (Some(FaultKind::Forgotten), Some(handle)) = (fault, handle) {
            state.disk.forget(handle.file)?;
        }
        let result = match fault.and_then(FaultKind::error) {
            Some(error) => Err(error),
            None if fault == Some(FaultKind::Short) => perform(&mut state.disk, Amount::Half),
            None => perform(&mut state.disk, Amount::All),
        };
        let result = if stop == Some(StopWhen::After) { Err(state.cut(result.is_ok())) } else { result };
        let (tracer, call) = (state.tracer.clone(), state.calls);
        drop(state);
        if let Some(kind) = fault {
            tracer.emit(|_| Event::FaultInjected { call, what: kind.words().to_owned() });
        }
        result
    }
}

/// How much of a read or write is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Amount {
    All,
    Half,
}

impl Amount {
    /// Of `count` bytes; half of any is at least one, since none would mean the end of the file.
    fn of(self, count: usize) -> usize {
        match self {
            Amount::All => count,
            Amount::Half => count.div_ceil(2),
        }
    }
}

impl State {
    fn check(&self, handle: Option<&SimFile>) -> io::Result<()> {
        if handle.is_some_and(|handle| handle.epoch != self.epoch) {
            return Err(io::Error::other("the file was opened before the crash"));
        }
        match self.power {
            Power::On => Ok(()),
            Power::Gone => Err(io::Error::other(PowerWent { took_effect: false })),
        }
    }

    /// Counts a call and says on which side of it the power goes, if it does.
    fn count(&mut self, site: &CallSite) -> Option<StopWhen> {
        self.calls += 1;
        let armed = self.stop.as_mut().filter(|armed| armed.point.fits(site))?;
        armed.seen += 1;
        (armed.seen == armed.point.count).then_some(armed.point.when)
    }

    fn fault(&self, site: &CallSite) -> Option<FaultKind> {
        self.faults.iter().find(|fault| fault.strikes(self.calls, site)).map(|fault| fault.kind)
    }

    fn cut(&mut self, took_effect: bool) -> io::Error {
        self.power = Power::Gone;
        io::Error::other(PowerWent { took_effect })
    }

    fn end_handles(&mut self) {
        self.epoch += 1;
        self.locks.clear();
    }
}

impl Vfs for SimVfs {
    /// There is one folder, whatever it is called.
    fn list(&self, _folder: &Path) -> io::Result<Vec<String>> {
        let state = self.lock();
        state.check(None)?;
        Ok(state.disk.names.keys().cloned().collect())
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let name = file_name(path);
        let mut state = self.lock();
        state.check(None)?;
        let file = match (mode, state.disk.number_of(&name)) {
            (OpenMode::CreateNew, Ok(_)) => return Err(ErrorKind::AlreadyExists.into()),
            (OpenMode::CreateNew, Err(_)) => state.disk.create(&name),
            (_, found) => found?,
        };
        state.opened += 1;
        let (epoch, id) = (state.epoch, state.opened);
        Ok(Arc::new(SimFile { disk: self.clone(), file, name, epoch, id, writable: mode != OpenMode::Read }))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let state = self.lock();
        state.check(None)?;
        Ok(state.disk.names.contains_key(&file_name(path)))
    }

    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.name_call(CallSite::Name, |disk| disk.link_new(&file_name(from), &file_name(to)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.name_call(CallSite::Name, |disk| disk.rename(&file_name(from), &file_name(to)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.name_call(CallSite::RemoveName, |disk| disk.remove(&file_name(path)))
    }

    fn sync_dir(&self, _path: &Path) -> io::Result<()> {
        self.name_call(CallSite::SyncNames, |disk| {
            disk.sync_names();
            Ok(())
        })
    }
}

struct SimFile {
    disk: SimVfs,
    file: u64,
    name: String,
    epoch: u64,
    id: u64,
    writable: bool,
}

impl SimFile {
    /// The file's name now: it may have been renamed since it was opened.
    fn name_in(&self, disk: &DiskImage) -> String {
        disk.name_of(self.file).unwrap_or(&self.name).to_owned()
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.writable { Ok(()) } else { Err(bytes::read_only()) }
    }
}

impl VfsFile for SimFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let read = |disk: &mut DiskImage, amount: Amount| {
            let count = amount.of(buffer.len());
            Ok(bytes::read(&disk.open_file(self.file)?.system, offset, &mut buffer[..count]))
        };
        self.disk.call(Some(self), |_| CallSite::Read, read)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        self.check_writable()?;
        let site = |disk: &DiskImage| CallSite::Write { file: self.name_in(disk), offset };
        self.disk.call(Some(self), site, |disk, amount| {
            let count = amount.of(data.len());
            disk.write(self.file, offset, &data[..count])?;
            Ok(count)
        })
    }

    fn len(&self) -> io::Result<u64> {
        let mut state = self.disk.lock();
        state.check(Some(self))?;
        Ok(state.disk.open_file(self.file)?.system.len() as u64)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.check_writable()?;
        self.disk.call(Some(self), |_| CallSite::Resize, |disk, _| disk.set_len(self.file, length))
    }

    fn sync_data(&self) -> io::Result<()> {
        let site = |disk: &DiskImage| {
            let pending = disk.files.get(&self.file).map_or(&[][..], |file| &file.pending);
            CallSite::Sync {
                file: self.name_in(disk),
                pending: pending.iter().map(|write| write.offset()).collect(),
                waiting: disk.pending().len(),
            }
        };
        self.disk.call(Some(self), site, |disk, _| disk.sync(self.file))
    }

    /// Asked of the disk's books and not of its sectors: it is no counted call, and no fault strikes it.
    fn next_data(&self, offset: u64) -> u64 {
        let mut state = self.disk.lock();
        let shown = state.check(Some(self)).and_then(|()| state.disk.open_file(self.file));
        shown.map_or(offset, |file| bytes::next_data(&file.system, offset))
    }

    fn identity(&self) -> Option<(u64, u64)> {
        Some((0, self.file))
    }

    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        let mut state = self.disk.lock();
        state.check(Some(self))?;
        Ok(state.locks.entry(self.file).or_default().try_lock(self.id, kind))
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let mut state = self.disk.lock();
        if let Some(locks) = state.locks.get_mut(&self.file) {
            locks.release(self.id);
        }
    }
}
