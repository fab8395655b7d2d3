//! Read-only handles beside a writer, without a lock: at any moment of its work they see a state that was committed, or are told
//! that their snapshot was overtaken; never damage, never a mixture.

mod common;

use common::disk::{Below, Meddle, meddled};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{MemoryVfs, OpenMode, Vfs, VfsFile, read_up_to, write_all_at};
use tosumu::{CheckpointMode, CheckpointOutcome, Database, Options, PageSize, Pin, ReadTxn, Result, Severity};

const PATH: &str = "followed.tsm";
/// Enough for more pages than the smallest cache holds.
const KEYS: u64 = 200;

fn options(vfs: Arc<dyn Vfs>) -> Options {
    Options::new().vfs(vfs).page_size(PageSize::TOY).cache_bytes(0)
}

fn write_to(vfs: Arc<dyn Vfs>) -> Database {
    options(vfs).create(true).log_bytes_checkpoint(u64::MAX).open(PATH).unwrap()
}

fn follow(vfs: Arc<dyn Vfs>) -> Result<Database> {
    options(vfs).read_only(true).open(PATH)
}

/// Every key gets the number: a snapshot with two numbers in it is a mixture. Values grow and shrink, so that pages split.
fn commit(db: &Database, number: u64) {
    db.write(|tx| (0..KEYS).try_for_each(|key| tx.put(format!("key {key:03}").as_bytes(), &value(number)))).unwrap();
}

fn value(number: u64) -> Vec<u8> {
    let mut value = number.to_le_bytes().to_vec();
    value.resize(8 + (number % 5) as usize * 9, number as u8);
    value
}

/// The number in every key of the snapshot; 0 when there are no keys yet.
fn number_in(snapshot: &ReadTxn) -> Result<u64> {
    let mut numbers = Vec::new();
    for record in snapshot.range::<[u8]>(..) {
        numbers.push(u64::from_le_bytes(*record?.value().first_chunk().unwrap()));
    }
    if numbers.is_empty() {
        return Ok(0);
    }
    assert_eq!(numbers.len() as u64, KEYS);
    assert!(numbers.iter().all(|number| *number == numbers[0]), "a mixture: {numbers:?}");
    Ok(numbers[0])
}

/// The number, or none when the snapshot was overtaken; anything else is a failure.
fn number_or_overtaken(snapshot: &ReadTxn) -> Option<u64> {
    match number_in(snapshot) {
        Ok(number) => Some(number),
        Err(error) => {
            assert_eq!(error.code(), "OVERTAKEN", "{error}");
            None
        }
    }
}

fn fold(db: &Database) -> CheckpointOutcome {
    db.checkpoint(CheckpointMode::Passive).unwrap()
}

/// A disk that calls somebody before each call of a kind.
#[derive(Clone)]
struct Meddled {
    disk: MemoryVfs,
    before: Arc<dyn Fn(Call) + Send + Sync>,
    /// The number of the read that comes out wrong, once.
    torn_read: Arc<AtomicU64>,
    /// Most bytes that one call writes: the rest comes with the next.
    write_bytes_max: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    Change,
}

impl Meddled {
    fn new(disk: &MemoryVfs, before: impl Fn(Call) + Send + Sync + 'static) -> Meddled {
        Meddled {
            disk: disk.clone(),
            before: Arc::new(before),
            torn_read: Arc::new(AtomicU64::new(0)),
            write_bytes_max: usize::MAX,
        }
    }
}

impl Meddle for Meddled {
    fn below(&self) -> &dyn Vfs {
        &self.disk
    }
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        (self.before)(if mode == OpenMode::CreateNew { Call::Change } else { Call::Read });
        self.disk.open(path, mode)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        (self.before)(Call::Change);
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        (self.before)(Call::Change);
        self.disk.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        (self.before)(Call::Change);
        self.disk.sync_dir(path)
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (self.before)(Call::Read);
        let read = file.read_at(offset, buffer)?;
        if self.torn_read.load(Ordering::Relaxed) > 0 && self.torn_read.fetch_sub(1, Ordering::Relaxed) == 1 {
            buffer[read / 2..read].fill(0xA5);
        }
        Ok(read)
    }
    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        (self.before)(Call::Change);
        file.write_at(offset, &data[..data.len().min(self.write_bytes_max)])
    }
    fn set_len(&self, file: &Below, length: u64) -> io::Result<()> {
        (self.before)(Call::Change);
        file.set_len(length)
    }
    fn sync_data(&self, file: &Below) -> io::Result<()> {
        (self.before)(Call::Change);
        file.sync_data()
    }
}

#[test]
fn a_snapshot_begins_on_the_newest_commit_and_stays_what_it_was() {
    let disk: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
    let writer = write_to(disk.clone());
    let reader = follow(disk.clone()).unwrap();
    assert_eq!(number_in(&reader.read()).unwrap(), 0);
    commit(&writer, 1);
    let first = reader.read();
    commit(&writer, 2);
    assert_eq!(number_in(&reader.read()).unwrap(), 2);
    assert_eq!(number_in(&first).unwrap(), 1);
    fold(&writer);
    assert_eq!(number_in(&reader.read()).unwrap(), 2);
    // The next log is written over the one that the first snapshot reads in.
    commit(&writer, 3);
    assert_eq!(number_in(&first).unwrap_err().code(), "OVERTAKEN");
    drop(writer);
    // The log goes on in a copy of itself.
    let writer = write_to(disk.clone());
    let third = reader.read();
    commit(&writer, 4);
    assert_eq!((number_in(&third).unwrap(), number_in(&reader.read()).unwrap()), (3, 4));
    assert_eq!(reader.stats().unwrap().commit, writer.stats().unwrap().commit);
    assert_eq!(reader.fingerprint(), writer.fingerprint());
    assert_eq!(reader.write(|tx| tx.put(b"a", b"b")).unwrap_err().code(), "READ-ONLY");
}

/// What looks at the files before each change the writer makes.
struct Onlooker {
    disk: Arc<dyn Vfs>,
    follower: Database,
    held: Vec<(ReadTxn, u64)>,
    last: u64,
    overtaken: u64,
    looks: u64,
}

impl Onlooker {
    fn look(&mut self, acknowledged: u64) {
        self.looks += 1;
        let may_be = |number: u64| assert!([acknowledged, acknowledged + 1].contains(&number), "{number}");
        may_be(number_or_overtaken(&follow(self.disk.clone()).unwrap().read()).expect("nothing moves meanwhile"));
        let snapshot = self.follower.read();
        let number = number_or_overtaken(&snapshot).expect("nothing moves meanwhile");
        may_be(number);
        assert!(number >= self.last, "commit {} was seen, and now {number}", self.last);
        self.last = number;
        let before = self.held.len();
        self.held.retain(|(snapshot, number)| {
            number_or_overtaken(snapshot).is_some_and(|seen| {
                assert_eq!(seen, *number);
                true
            })
        });
        self.overtaken += (before - self.held.len()) as u64;
        let is_new = self.held.iter().all(|(_, held)| *held != number);
        if self.held.len() < 4 && is_new && self.looks.is_multiple_of(3) {
            self.held.push((snapshot, number));
        }
    }
}

#[test]
fn before_every_change_of_the_writer_a_reader_sees_the_state_before_the_commit_or_after_it() {
    look_before_every_change(usize::MAX);
}

#[test]
fn while_a_write_is_half_done_a_reader_sees_the_state_before_the_commit_and_then_the_one_after_it() {
    // A sector, which is never seen half written.
    look_before_every_change(512);
}

fn look_before_every_change(write_bytes_max: usize) {
    let disk = MemoryVfs::new();
    drop(write_to(Arc::new(disk.clone())));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let plain: Arc<dyn Vfs> = Arc::new(disk.clone());
    let follower = follow(plain.clone()).unwrap();
    let onlooker = Onlooker { disk: plain, follower, held: Vec::new(), last: 0, overtaken: 0, looks: 0 };
    let onlooker = Arc::new(Mutex::new(onlooker));
    let mut before = {
        let (onlooker, acknowledged) = (onlooker.clone(), acknowledged.clone());
        Meddled::new(&disk, move |call| {
            if call == Call::Change {
                onlooker.lock().unwrap().look(acknowledged.load(Ordering::Relaxed));
            }
        })
    };
    before.write_bytes_max = write_bytes_max;
    let mut writer = write_to(meddled(before.clone()));
    for number in 1..=24 {
        commit(&writer, number);
        acknowledged.store(number, Ordering::Relaxed);
        if number % 4 == 0 {
            assert!(matches!(fold(&writer), CheckpointOutcome::Folded { .. }));
        }
        if number % 7 == 0 {
            drop(writer);
            writer = write_to(meddled(before.clone()));
        }
    }
    let onlooker = onlooker.lock().unwrap();
    assert!(onlooker.looks > 120 && onlooker.overtaken > 4, "{} looks, {}", onlooker.looks, onlooker.overtaken);
}

/// What a writer does between two reads of a reader.
type Deed = fn(&MemoryVfs, &mut Option<Database>, u64);

const DEEDS: [Deed; 5] = [
    |_, writer, number| commit(writer.as_ref().unwrap(), number),
    |_, writer, _| assert!(matches!(fold(writer.as_ref().unwrap()), CheckpointOutcome::Folded { .. })),
    |_, writer, number| {
        fold(writer.as_ref().unwrap());
        commit(writer.as_ref().unwrap(), number);
    },
    |_, writer, number| {
        commit(writer.as_ref().unwrap(), number);
        fold(writer.as_ref().unwrap());
        commit(writer.as_ref().unwrap(), number + 1);
        fold(writer.as_ref().unwrap());
    },
    |disk, writer, number| {
        *writer = None;
        *writer = Some(write_to(Arc::new(disk.clone())));
        commit(writer.as_ref().unwrap(), number);
    },
];

/// Opens and reads while the writer does a deed before the reader's call of this number; whether there was such a call.
fn read_while(deed: Deed, at: u64) -> bool {
    let disk = MemoryVfs::new();
    let writer = write_to(Arc::new(disk.clone()));
    commit(&writer, 1);
    fold(&writer);
    commit(&writer, 2);
    commit(&writer, 3);
    let (writer, calls, done) = (Mutex::new(Some(writer)), AtomicU64::new(0), Arc::new(AtomicBool::new(false)));
    let done_too = done.clone();
    let inner = disk.clone();
    let before = Meddled::new(&disk, move |_| {
        if calls.fetch_add(1, Ordering::Relaxed) == at {
            deed(&inner, &mut writer.lock().unwrap(), 4);
            done_too.store(true, Ordering::Relaxed);
        }
    });
    let reader = follow(meddled(before)).unwrap();
    let first = reader.read();
    let second = reader.read();
    for snapshot in [&first, &second] {
        let number = number_or_overtaken(snapshot);
        assert!(number.is_none_or(|number| (3..=5).contains(&number)), "{number:?} at call {at}");
    }
    let is_done = done.load(Ordering::Relaxed);
    if is_done {
        assert!((3..=5).contains(&number_in(&reader.read()).unwrap()), "nothing moves any more");
    }
    is_done
}

#[test]
fn between_any_two_reads_of_a_reader_the_writer_may_do_anything() {
    for deed in DEEDS {
        let calls = (0..).take_while(|&at| read_while(deed, at)).count();
        assert!(calls > 60, "only {calls} calls");
    }
}

/// A log that is folded and cut while it is read in pieces ends early, behind a whole commit: that the superblocks are others
/// afterwards is all that tells.
#[test]
fn a_log_that_is_cut_while_it_is_looked_through_is_looked_through_again() {
    const COMMITS: u64 = 4;
    let look_while_it_is_cut = |at: u64| {
        let disk = MemoryVfs::new();
        let writer = write_to(Arc::new(disk.clone()));
        let (calls, may_cut) = (AtomicU64::new(0), Arc::new(Mutex::new(None)));
        let may_cut_too: Arc<Mutex<Option<Database>>> = may_cut.clone();
        let before = Meddled::new(&disk, move |_| {
            let mut writer = may_cut_too.lock().unwrap();
            if writer.is_some() && calls.fetch_add(1, Ordering::Relaxed) == at {
                let writer = writer.take().unwrap();
                assert!(matches!(fold(&writer), CheckpointOutcome::Folded { .. }));
            }
        });
        let reader = follow(meddled(before)).unwrap();
        // Of more than half of what is read at a time: a whole commit stands in the first piece, and the last in another.
        (1..=COMMITS).for_each(|number| writer.write(|tx| tx.put(b"k", &[number as u8; 500_000])).unwrap());
        *may_cut.lock().unwrap() = Some(writer);
        assert!(reader.read().commit().0 >= COMMITS, "cut before call {at}");
        may_cut.lock().unwrap().is_none()
    };
    let calls = (0..).take_while(|&at| look_while_it_is_cut(at)).count();
    assert!(calls > 5, "only {calls} calls");
}

#[test]
fn a_read_that_came_out_half_old_and_half_new_once_is_not_called_damage() {
    let disk = MemoryVfs::new();
    let writer = write_to(Arc::new(disk.clone()));
    commit(&writer, 1);
    fold(&writer);
    commit(&writer, 2);
    for number in 1..120 {
        let before = Meddled::new(&disk, |_| {});
        before.torn_read.store(number, Ordering::Relaxed);
        let reader = follow(meddled(before)).unwrap();
        assert_eq!(number_in(&reader.read()).unwrap(), 2, "read {number}");
    }
}

#[test]
fn a_read_that_came_out_wrong_once_makes_no_finding_of_a_file_at_rest() {
    let disk = MemoryVfs::new();
    let writer = write_to(Arc::new(disk.clone()));
    commit(&writer, 1);
    fold(&writer);
    commit(&writer, 2);
    for number in 1..20 {
        let before = Meddled::new(&disk, |_| {});
        before.torn_read.store(number, Ordering::Relaxed);
        let file = AtRest::open(meddled(before), PATH, None).unwrap();
        let at_newest = file.state().is_ok_and(|state| state.commit.0 == writer.stats().unwrap().commit.0);
        assert!(at_newest && file.log().damage.is_none() && file.mac_findings().is_empty(), "read {number}");
    }
}

#[test]
fn damage_is_told_as_damage_by_a_handle_that_follows() {
    let disk = MemoryVfs::new();
    let writer = write_to(Arc::new(disk.clone()));
    commit(&writer, 1);
    fold(&writer);
    let reader = follow(Arc::new(disk.clone())).unwrap();
    disk.open(Path::new(PATH), OpenMode::Write).unwrap().write_at(8192 + 512 * 2 + 100, &[0xEE; 9]).unwrap();
    assert_eq!(number_in(&reader.read()).unwrap_err().code(), "PAGE-UNAUTHENTIC");
    let log = disk.open(Path::new("followed.tsm-wal"), OpenMode::Write).unwrap();
    commit(&writer, 2);
    let end = log.len().unwrap();
    commit(&writer, 3);
    commit(&writer, 4);
    log.write_at(end + 700, &[0xEE; 9]).unwrap();
    assert_eq!(number_in(&reader.read()).unwrap_err().code(), "LOG-ROT");
    assert_eq!(follow(Arc::new(disk)).unwrap_err().code(), "LOG-ROT");
}

/// All of a file's bytes in the place of another's.
fn put_in_place(from: &MemoryVfs, to: &MemoryVfs, name: &str) {
    let from = from.open(Path::new(name), OpenMode::Read).unwrap();
    let mut bytes = vec![0; from.len().unwrap() as usize];
    read_up_to(&*from, 0, &mut bytes).unwrap();
    let mode = if to.exists(Path::new(name)).unwrap() { OpenMode::Write } else { OpenMode::CreateNew };
    let to = to.open(Path::new(name), mode).unwrap();
    to.set_len(0).unwrap();
    write_all_at(&*to, 0, &bytes).unwrap();
}

#[test]
fn a_commit_that_was_seen_and_then_cut_back_is_no_damage_to_who_saw_it() {
    const LOG: &str = "followed.tsm-wal";
    for later in 1..5 {
        let disk = MemoryVfs::new();
        let writer = write_to(Arc::new(disk.clone()));
        commit(&writer, 1);
        let other = MemoryVfs::new();
        [PATH, LOG].into_iter().for_each(|name| put_in_place(&disk, &other, name));
        commit(&writer, 2);
        drop(writer);
        let reader = follow(Arc::new(disk.clone())).unwrap();
        assert_eq!(number_in(&reader.read()).unwrap(), 2);
        // What the log would be had the append of that commit failed after the reader saw it.
        let writer = write_to(Arc::new(other.clone()));
        (0..later).for_each(|number| commit(&writer, 7 + number));
        [PATH, LOG].into_iter().for_each(|name| put_in_place(&other, &disk, name));
        assert_eq!(number_in(&reader.read()).unwrap(), 6 + later, "{later} commits in its place");
    }
}

#[test]
fn a_pinned_snapshot_keeps_the_log_from_being_folded_as_long_as_it_lives() {
    let disk: Arc<dyn Vfs> = Arc::new(MemoryVfs::new());
    let writer = write_to(disk.clone());
    commit(&writer, 1);
    let reader = options(disk.clone()).read_only(true).pin(Pin::Snapshots).open(PATH).unwrap();
    let pinned = reader.read();
    commit(&writer, 2);
    assert_eq!(fold(&writer), CheckpointOutcome::Pinned);
    drop(writer);
    // The recovery of the next writer puts the log into another file; the pin stands all the same.
    let writer = write_to(disk.clone());
    commit(&writer, 3);
    assert_eq!(fold(&writer), CheckpointOutcome::Pinned);
    assert_eq!(number_in(&pinned).unwrap(), 1);
    drop(pinned);
    assert!(matches!(fold(&writer), CheckpointOutcome::Folded { .. }));
    assert_eq!(number_in(&reader.read()).unwrap(), 3);
}

#[test]
fn verify_finds_nothing_wrong_between_any_two_changes_of_a_writer() {
    let disk = MemoryVfs::new();
    drop(write_to(Arc::new(disk.clone())));
    let plain: Arc<dyn Vfs> = Arc::new(disk.clone());
    let changes = AtomicU64::new(0);
    let before = Meddled::new(&disk, move |call| {
        // While a log is being folded a look waits for it a moment, in vain here: not at each change, then.
        if call == Call::Change && changes.fetch_add(1, Ordering::Relaxed).is_multiple_of(5) {
            let file = AtRest::open(plain.clone(), PATH, None).unwrap();
            let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
            let worse = report.findings.iter().find(|finding| finding.severity > Severity::Warning);
            assert_eq!(worse, None);
        }
    });
    let writer = write_to(meddled(before));
    for number in 1..=12 {
        commit(&writer, number);
        if number % 4 == 0 {
            fold(&writer);
        }
    }
}
