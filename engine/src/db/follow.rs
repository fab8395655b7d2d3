//! Following a file that another process writes: read-only handles take no lock and see each commit as it comes.
//!
//! Nobody keeps the writer from moving on while we read. So every look at the files is framed by two *stamps*: both superblock
//! slots, the log's header and length, and the bytes at the end of the log as we know it. What was read between two stamps with
//! the same slots belongs together. And nothing is called damage until it was seen twice, each time between equal stamps; whatever
//! else looks wrong is looked at again. The log is opened by its name for each look, for it may have been replaced by a copy.
//!
//! What a look meets, and what comes of it:
//!
//! | the writer was just | a look sees | then |
//! |---|---|---|
//! | writing a superblock slot | a slot that does not read, or other slots in the second stamp | again |
//! | appending a commit | a log that ends in an unfinished commit | the commit before it |
//! | making the first commit of a log | header and records, and a slot that expects none yet | that commit |
//! | folding: pages in place | what the log's index has, as before | the newest commit |
//! | folding: slot written, log not yet cut | a log older than the slot | the slot's commit |
//! | beginning a log between our reads of slot and log | a log newer than the slot, or none | again: the slots differ |
//! | replacing the log at its recovery | the same records in another file | the newest commit |
//!
//! A snapshot stays what it was. It reads pages that the log or the page file holds, and a fold overwrites both: then the
//! page has another seal, the files say that they were folded since, and the read ends as *overtaken*, never as damage and never
//! with a page of another commit. A snapshot that is *pinned* is not overtaken: it holds a shared lock on the log, without which
//! nobody folds it.

use super::open::{OpenLog, Unlocked, check_witness, unlock};
use super::pin::{Patience, take_pin};
use super::{InheritedKeys, Options};
use crate::crypto::Keys;
use crate::defence::{Defence, holds, is_off};
use crate::error::{Error, ErrorKind, Result};
use crate::finding::Finding;
use crate::format::log::{LOG_HEADER_BYTES, LogHeader, RECORD_HEADER_BYTES, record_mac};
use crate::pager::slots::{ChosenSlot, authenticate, choose, key_context};
use crate::pager::{OpenedPage, read_head};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError, thread};
use crate::txn::{Following, Keyring, Published, ReadTxn, Store, View, Witness};
use crate::types::CommitNo;
use crate::vfs::{OpenMode, Vfs, VfsFile, file_name, read_up_to};
use crate::wal::{
    FramePlace, FrameRecord, LogGeneration, LogScan, LogStanding, ScanEnd, ScanPoint, judge, log_path, scan_on,
};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Most looks before a file that never keeps still is given up on, for the caller to try again.
const LOOKS_MAX: u32 = 400;
/// The pause before the second look, and before every later one.
const FIRST_PAUSE: Duration = Duration::from_micros(200);
const PAUSE: Duration = Duration::from_millis(2);

/// What is compared before and after a look.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    /// Both superblock slots.
    pub head: Vec<u8>,
    /// The log's header, and its length; none when there is no log.
    log_head: Vec<u8>,
    log_length: Option<u64>,
    /// The bytes where the next record would begin.
    log_tail: Vec<u8>,
}

/// The two files by their places: what a stamp is taken of.
#[derive(Clone)]
pub(crate) struct Watched {
    vfs: Arc<dyn Vfs>,
    file: Arc<dyn VfsFile>,
    name: String,
    log_path: PathBuf,
    log_name: String,
}

/// A stamp, and the log as it was opened for it.
pub(crate) struct Sight {
    pub stamp: Stamp,
    log: Option<Arc<dyn VfsFile>>,
}

impl Watched {
    pub fn new(vfs: Arc<dyn Vfs>, file: Arc<dyn VfsFile>, path: &Path) -> Watched {
        let log_path = log_path(path);
        Watched { vfs, file, name: file_name(path), log_name: file_name(&log_path), log_path }
    }

    pub fn vfs(&self) -> &Arc<dyn Vfs> {
        &self.vfs
    }

    pub fn file(&self) -> &Arc<dyn VfsFile> {
        &self.file
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn log_path(&self) -> &Path {
        &self.log_path
    }

    /// Takes a stamp; `log_end` is where the next record would begin.
    pub fn sight(&self, log_end: u64) -> Result<Sight> {
        let head = read_head(&*self.file, &self.name)?.bytes;
        let log = match self.vfs.open(&self.log_path, OpenMode::Read) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(Error::io("open", &self.log_name, source)),
        };
        let mut stamp = Stamp { head, ..Stamp::default() };
        if let Some(file) = &log {
            stamp.log_head = read(&**file, &self.log_name, 0, LOG_HEADER_BYTES)?;
            stamp.log_tail = read(&**file, &self.log_name, log_end, RECORD_HEADER_BYTES)?;
            let length = file.len().map_err(|source| Error::io("length", &self.log_name, source))?;
            stamp.log_length = Some(length);
        }
        Ok(Sight { stamp, log })
    }

    /// Makes `attempt` until it can be believed: it succeeded and the slots are the same before and after, or it met the
    /// same damage twice between equal stamps. `attempt` reads the slots from the sight it is given.
    pub fn settled<T>(&self, log_end: u64, mut attempt: impl FnMut(&Sight) -> Result<T>) -> Result<T> {
        let mut doubted: Option<(Stamp, Box<Finding>)> = None;
        for look in 0..LOOKS_MAX {
            let before = self.sight(log_end)?;
            let outcome = attempt(&before);
            let after = self.sight(log_end)?;
            match outcome {
                Ok(value) if holds(Defence::SameSlotsAroundALook, before.stamp.head == after.stamp.head) => {
                    return Ok(value);
                }
                Ok(_) => {}
                Err(Error::Damage(finding)) if is_doubtful(&finding) && !is_off(Defence::DamageSeenTwice) => {
                    let steady = before.stamp == after.stamp;
                    let seen = steady.then_some((after.stamp, finding));
                    match (seen, doubted) {
                        (Some((stamp, finding)), Some(earlier)) if earlier == (stamp.clone(), finding.clone()) => {
                            return Err(Error::Damage(finding));
                        }
                        (seen, _) => doubted = seen,
                    }
                }
                Err(error) => return Err(error),
            }
            pause(look);
        }
        Err(self.overtaken())
    }

    fn overtaken(&self) -> Error {
        Error::SnapshotOvertaken { file: self.name.clone() }
    }
}

/// Waits before the look after `look`: briefly at first, for most files keep still.
pub(crate) fn pause(look: u32) {
    thread::sleep(if look == 0 { FIRST_PAUSE } else { PAUSE });
}

fn read(file: &dyn VfsFile, name: &str, offset: u64, count: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; count];
    let read = read_up_to(file, offset, &mut bytes).map_err(|source| Error::io("read", name, source))?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Whether a second look may see something else: not when it is the key that does not fit.
fn is_doubtful(finding: &Finding) -> bool {
    Error::from(finding.clone()).kind() == ErrorKind::Damage
}

fn is_doubtful_error(error: &Error) -> bool {
    match error {
        Error::Damage(finding) => is_doubtful(finding),
        // A frame in a log that was cut.
        Error::Io { source, .. } => source.kind() == io::ErrorKind::UnexpectedEof,
        _ => false,
    }
}

/// Whether snapshots of a read-only handle keep the file from being folded while they live.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub enum Pin {
    /// No: a long read of a file that is being written may end as overtaken.
    #[default]
    None,
    /// Yes, wherever there is a log: a writer's checkpoints wait until the snapshot, or its process, is gone.
    Snapshots,
}

/// What a handle knows of the files, and how it learns more.
pub(super) struct Follower {
    watched: Watched,
    pin: Pin,
    seen: Mutex<Seen>,
}

/// The newest state that a look has found.
struct Seen {
    stamp: Stamp,
    chosen: ChosenSlot,
    view: View,
    log: SeenLog,
}

/// How far the log was read.
struct SeenLog {
    /// None while no log continues the page file.
    header: Option<LogHeader>,
    point: ScanPoint,
    /// The newest seal transaction: older snapshots cannot be sure of the page file any more.
    sealed: CommitNo,
    /// Where the record of the newest commit begins; nowhere before the first.
    last_record: Option<u64>,
    /// Nothing stands behind the end yet. A commit that was half there when it was looked at can be finished without a byte
    /// of the stamp changing: then the next look must not rely on the stamp.
    ends_clean: bool,
}

/// All that a read-only handle begins with.
pub(super) struct FirstLook {
    pub follower: Follower,
    pub keys: Keys,
    pub keyring: Keyring,
    pub chosen: ChosenSlot,
    pub view: View,
}

/// Reads the files for the first time.
pub(super) fn first_look(
    options: &Options,
    path: &Path,
    file: Arc<dyn VfsFile>,
    witness: &Option<Witness>,
    inherited: Option<&InheritedKeys>,
) -> Result<FirstLook> {
    let watched = Watched::new(options.vfs.clone(), file.clone(), path);
    // The key is looked for once: it may take a second and more, and a busy writer does not keep still for so long.
    let mut unlocked = None;
    watched.settled(0, |_| {
        if unlocked.is_none() {
            unlocked = Some(unlock(options, &*file, &watched.name, inherited)?);
        }
        Ok(())
    })?;
    let unlocked = unlocked.expect("invariant: settling without an error has unlocked");
    let Unlocked { chosen: first, keys, keyring, .. } = unlocked;
    let context = key_context(&first.superblock);
    let (chosen, log) = watched.settled(0, |sight| {
        let chosen = choose(&sight.stamp.head, &watched.name).map_err(Error::Damage)?;
        if key_context(&chosen.superblock) != context {
            return Err(watched.overtaken());
        }
        authenticate(&chosen, &keys, &sight.stamp.head, &watched.name).map_err(Error::Damage)?;
        let log = OpenLog::read(options, path, &chosen, &keys)?;
        Ok((chosen, log))
    })?;
    if let Some(witness) = witness {
        let state = log.published(&chosen.superblock, chosen.slot);
        check_witness(witness, &keyring, &keys, &chosen, &log, &state)?;
    }
    let (view, log) = begin(&chosen, log);
    // The stamp of the end that is known now is taken by the next look.
    let seen = Seen { stamp: Stamp::default(), chosen: chosen.clone(), view: view.clone(), log };
    let follower = Follower { watched, pin: options.pin, seen: Mutex::new(seen) };
    Ok(FirstLook { follower, keys, keyring, chosen, view })
}

/// The state and the place in the log that a log read as a whole leads to.
fn begin(chosen: &ChosenSlot, log: OpenLog) -> (View, SeenLog) {
    let superblock = &chosen.superblock;
    let state = log.published(superblock, chosen.slot);
    let generation = log.generation(superblock);
    let mut seen = SeenLog {
        header: None,
        point: ScanPoint::nowhere(superblock.commit, superblock.fingerprint),
        sealed: superblock.commit,
        last_record: None,
        ends_clean: true,
    };
    if let Some((header, scan)) = log.content {
        seen.point = ScanPoint::start(&header, superblock.commit, superblock.fingerprint);
        seen.header = Some(header);
        seen.take_in(&scan);
    }
    log.file.into_iter().for_each(|file| generation.set_file(file));
    (View { state, log: Arc::new(generation) }, seen)
}

impl SeenLog {
    /// Whether the log with this header is the one that was read, and goes on where that ended.
    fn goes_on_in(&self, header: &LogHeader, file: &Arc<dyn VfsFile>, name: &str) -> Result<bool> {
        Ok(self.header.as_ref() == Some(header) && self.last_stands(Some(file), name)?)
    }

    /// Whether the last commit that was read stands in the log still: an append that failed after it was seen is cut back, and
    /// another commit, as long as it, may take its place.
    fn last_stands(&self, file: Option<&Arc<dyn VfsFile>>, name: &str) -> Result<bool> {
        let (Some(offset), Some(file)) = (self.last_record, file) else { return Ok(true) };
        let head = read(&**file, name, offset, RECORD_HEADER_BYTES)?;
        let is_it = head.len() == RECORD_HEADER_BYTES && record_mac(&head) == self.point.mac;
        Ok(holds(Defence::LastCommitStands, is_it))
    }

    fn take_in(&mut self, scan: &LogScan) {
        self.ends_clean =
            scan.end == ScanEnd::Clean && scan.records.last().is_none_or(|last| last.end <= scan.kept_end);
        if let Some(last) = scan.commits.last() {
            let of_last = |record: &&crate::wal::RecordPlace| record.sequence == last.sequence;
            self.last_record = scan.records.iter().rfind(of_last).map(|record| record.offset);
            self.point = ScanPoint {
                end: scan.kept_end,
                sequence: last.sequence,
                mac: scan.last_mac,
                commit: last.commit,
                fingerprint: last.body.fingerprint,
            };
        }
        let seal = scan.commits.iter().rfind(|commit| commit.body.seal_transaction);
        self.sealed = seal.map_or(self.sealed, |commit| commit.commit);
    }
}

impl Follower {
    /// A snapshot of the newest commit; pinned when the handle was opened so and there is a log to pin. When the files cannot
    /// be looked at, every read of the snapshot says why.
    pub fn snapshot(&self, store: &Arc<Store>) -> ReadTxn {
        match self.newest(store) {
            Ok((view, pin)) => ReadTxn::of_view(store.clone(), view, pin),
            Err(error) => ReadTxn::refused(store.clone(), error),
        }
    }

    fn newest(&self, store: &Store) -> Result<(View, Option<Arc<dyn VfsFile>>)> {
        let mut pin = self.take_pin()?;
        self.look(store)?;
        if pin.is_none() && self.pin == Pin::Snapshots {
            // There was no log. If one came between the two, it is there to stay, and pinned now.
            pin = self.take_pin()?;
            self.look(store)?;
        }
        Ok((self.seen().view.clone(), pin))
    }

    fn take_pin(&self) -> Result<Option<Arc<dyn VfsFile>>> {
        match self.pin {
            Pin::None => Ok(None),
            Pin::Snapshots => take_pin(&*self.watched.vfs, &self.watched.log_path, Patience::LONG),
        }
    }

    /// Looks whether the files moved on, and publishes what it finds.
    pub fn look(&self, store: &Store) -> Result<()> {
        let mut seen = self.seen();
        let end = seen.log.point.end;
        let sight = self.watched.sight(end)?;
        if sight.stamp == seen.stamp && seen.log.last_stands(sight.log.as_ref(), &self.watched.log_name)? {
            return Ok(());
        }
        self.watched.settled(end, |sight| self.look_once(store, &mut seen, sight))?;
        store.publish(seen.view.clone());
        Ok(())
    }

    fn look_once(&self, store: &Store, seen: &mut Seen, sight: &Sight) -> Result<()> {
        let Watched { name, log_name, .. } = &self.watched;
        let end = seen.log.point.end;
        let head = &sight.stamp.head;
        let chosen = choose(head, name).map_err(Error::Damage)?;
        if key_context(&chosen.superblock) != key_context(&seen.chosen.superblock) {
            return Err(self.watched.overtaken());
        }
        authenticate(&chosen, &store.keys, head, name).map_err(Error::Damage)?;
        let log_head = &sight.stamp.log_head;
        let standing = judge(&chosen.superblock, &store.keys, log_head, log_name)
            .map_err(|finding| super::explain_missing(finding, &chosen))?;
        match (standing, &sight.log) {
            (LogStanding::Continues(header), Some(file)) if seen.log.goes_on_in(&header, file, log_name)? => {
                match self.scan_on(store, seen, &chosen, &header, file) {
                    // What was seen may have been cut back since, and the log gone on from there: only all of it tells.
                    Err(Error::Damage(_)) => {
                        self.read_anew(store, seen, &chosen, LogStanding::Continues(header), Some(file))?;
                    }
                    other => other?,
                }
            }
            (standing, file) => self.read_anew(store, seen, &chosen, standing, file.as_ref())?,
        }
        seen.chosen = chosen;
        // The stamp was taken before the log was read. After news it says nothing of the new end, and the next look reads on
        // from there.
        let is_settled = seen.log.point.end == end && seen.log.ends_clean;
        seen.stamp = if is_settled { sight.stamp.clone() } else { Stamp::default() };
        Ok(())
    }

    /// Reads the log from its beginning.
    fn read_anew(
        &self,
        store: &Store,
        seen: &mut Seen,
        chosen: &ChosenSlot,
        standing: LogStanding,
        file: Option<&Arc<dyn VfsFile>>,
    ) -> Result<()> {
        let name = &self.watched.log_name;
        let log = OpenLog::judged(&store.tracer, &store.keys, name, chosen, standing, file.cloned())?;
        (seen.view, seen.log) = begin(chosen, log);
        Ok(())
    }

    /// Reads the log from the end that is known.
    fn scan_on(
        &self,
        store: &Store,
        seen: &mut Seen,
        chosen: &ChosenSlot,
        header: &LogHeader,
        file: &Arc<dyn VfsFile>,
    ) -> Result<()> {
        let scan = scan_on(&**file, &self.watched.log_name, header, &store.keys, &seen.log.point)?;
        if seen.log.point.sequence == 0 || matches!(scan.end, ScanEnd::Damage(_)) {
            super::check_kept(&scan, &chosen.superblock, &self.watched.log_name)?;
        }
        let Some(last) = scan.commits.last() else {
            seen.log.take_in(&scan);
            return Ok(());
        };
        let frames = frames_of(&scan);
        let log = &seen.view.log;
        // A log that was replaced by a copy goes on in the copy: older snapshots keep the file they began on.
        let is_same = log.file().is_some_and(|old| old.identity().is_some() && old.identity() == file.identity());
        if !is_same {
            let copy = LogGeneration::new(log.generation, log.base, log.name.clone(), log.index().clone());
            copy.set_file(file.clone());
            seen.view.log = Arc::new(copy);
        }
        seen.view.log.add(&frames);
        seen.view.state = Published::of_commit(last.commit, &last.body);
        seen.log.take_in(&scan);
        Ok(())
    }

    /// Whether the files were folded, or are being folded, since `view`.
    fn has_overtaken(&self, view: &View) -> bool {
        let seen = self.seen();
        seen.view.log.generation != view.log.generation || seen.log.sealed > view.state.commit
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn frames_of(scan: &LogScan) -> Vec<(crate::types::PageNo, FramePlace)> {
    let kept = scan.records.iter().filter(|record| record.end <= scan.kept_end);
    kept.filter_map(|record| match record.record {
        FrameRecord::Page { page, seal } => {
            let offset = record.offset + RECORD_HEADER_BYTES as u64;
            Some((page, FramePlace { commit: record.commit, seal, offset }))
        }
        FrameRecord::Commit(_) => None,
    })
    .collect()
}

impl Following for Follower {
    fn judge(
        &self,
        store: &Store,
        view: &View,
        first: Error,
        again: &mut dyn FnMut() -> Result<OpenedPage>,
    ) -> Result<OpenedPage> {
        if !is_doubtful_error(&first) || is_off(Defence::ReadAgainBeforeDamage) {
            return Err(first);
        }
        let mut doubted: Option<Stamp> = None;
        for look in 0..LOOKS_MAX {
            self.look(store)?;
            if self.has_overtaken(view) {
                return Err(self.watched.overtaken());
            }
            let end = self.seen().log.point.end;
            let before = self.watched.sight(end)?.stamp;
            let failed = match again() {
                Err(error) if is_doubtful_error(&error) => error,
                outcome => return outcome,
            };
            let after = self.watched.sight(end)?.stamp;
            if before == after && doubted.as_ref() == Some(&after) {
                return Err(failed);
            }
            doubted = (before == after).then_some(after);
            pause(look);
        }
        Err(self.watched.overtaken())
    }
}
