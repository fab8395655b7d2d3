//! Defences that no other test misses when they are taken out: what a name, a sync or a check is for, each in the one moment
//! where it counts. `examples/sabotage.txt` says which test catches which, and `list` holds it to that.

mod beside;
#[path = "../common/mod.rs"]
mod common;
mod crashes;
mod forged;
mod kept;
mod list;
mod salvaged;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use tosumu::crypto::{Entropy, InsecureSeededEntropy};
use tosumu::format::log::{LOG_HEADER_BYTES, LogHeader, RecordKind, RecordView, padded_end};
use tosumu::transfer::Restore;
use tosumu::vfs::{CrashPlan, DiskImage, SimVfs};
use tosumu::{
    AutoCheckpoint, CheckpointMode, CheckpointOnClose, CheckpointOutcome, Database, Error, Options, PageSize,
    read_witness,
};

const PATH: &str = "d.tsm";
const LOG: &str = "d.tsm-wal";
const PAGE: usize = 512;
const SLOT: usize = 4096;

fn options(disk: &SimVfs, seed: u64) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Off)
        .checkpoint_on_close(CheckpointOnClose::No)
}

fn put(db: &Database, key: &str, value: &str) -> Result<(), Error> {
    db.write(|tx| tx.put(key.as_bytes(), value.as_bytes()))
}

fn get(db: &Database, key: &str) -> Option<Vec<u8>> {
    db.read().get(key.as_bytes()).unwrap().map(|value| value.to_vec())
}

/// The disk after the power went now, and everything that was not synced with it.
fn after_a_power_cut(disk: &SimVfs) -> SimVfs {
    SimVfs::from_image(disk.image().after_crash(&CrashPlan::Lost).0, 1)
}

fn bytes_of(disk: &SimVfs, name: &str) -> Vec<u8> {
    disk.files().into_iter().find(|file| file.file == name).unwrap().bytes.to_vec()
}

#[test]
fn a_database_that_was_said_to_be_created_is_there_after_a_power_cut() {
    let disk = SimVfs::new(1);
    let _db = options(&disk, 1).create(true).open(PATH).unwrap();
    let db = options(&after_a_power_cut(&disk), 2).open(PATH).unwrap();
    assert_eq!(get(&db, "a"), None);
}

#[test]
fn a_backup_that_was_reported_is_there_after_a_power_cut() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    db.backup("b.tsm").unwrap();
    let copy = options(&after_a_power_cut(&disk), 2).open("b.tsm").unwrap();
    assert_eq!(get(&copy, "a").unwrap(), b"1");
}

#[test]
fn what_an_archive_was_given_is_there_after_a_power_cut() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).archive(".").open(PATH).unwrap();
    for key in ["a", "b", "c"] {
        put(&db, key, "1").unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        let disk = after_a_power_cut(&disk);
        let restore = Restore::new().vfs(Arc::new(disk.clone())).archive(".");
        let commit = db.read().commit();
        restore.run(PATH, "restored.tsm").unwrap_or_else(|error| panic!("at {commit}: {error}"));
        assert_eq!(get(&options(&disk, 2).open("restored.tsm").unwrap(), key).unwrap(), b"1");
    }
}

#[test]
fn an_archived_log_is_whole_before_its_superblock_is_published() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).archive(".").open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    let log = bytes_of(&disk, LOG);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let kept = after_a_power_cut(&disk).files().into_iter().find(|file| file.file.ends_with("-1.log")).unwrap();
    assert!(kept.bytes.starts_with(&log[..LOG_HEADER_BYTES]) && kept.bytes.len() >= log.len());
}

#[test]
fn a_witness_that_was_begun_outlives_a_power_cut_and_has_every_line_after_a_close() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).witness("w.txt").open(PATH).unwrap();
    let newest = |disk: &SimVfs| Some(read_witness(disk, "w.txt".as_ref()).ok()??.commit.0);
    assert_eq!(newest(&after_a_power_cut(&disk)), Some(0));
    put(&db, "a", "1").unwrap();
    drop(db);
    assert_eq!(newest(&after_a_power_cut(&disk)), Some(1));
}

#[test]
fn a_log_that_took_the_name_of_one_that_is_still_read_keeps_it_through_a_power_cut() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    let at_once = CheckpointMode::Full { wait: std::time::Duration::ZERO };
    put(&db, "a", "1").unwrap();
    let older = db.read();
    assert_eq!(db.checkpoint(at_once).unwrap(), CheckpointOutcome::Deferred { snapshots: 1 });
    // A snapshot of the seal transaction stands in nobody's way and keeps the log that it began on: the next one, in a new
    // file, takes its name.
    let snapshot = db.read();
    drop(older);
    assert!(matches!(db.checkpoint(at_once).unwrap(), CheckpointOutcome::Folded { .. }));
    for key in ["b", "c"] {
        put(&db, key, "1").unwrap();
    }
    put(&db, "d", "1").unwrap();
    drop(snapshot);
    let again = options(&after_a_power_cut(&disk), 2).open(PATH).unwrap();
    for key in ["a", "b", "c", "d"] {
        assert_eq!(get(&again, key).unwrap(), b"1");
    }
}

/// A database with a commit in its log, closed; both superblocks read.
fn with_a_log() -> (SimVfs, usize) {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    drop(db);
    let bytes = bytes_of(&disk, PATH);
    let generation = |slot: usize| u64::from_le_bytes(bytes[slot * SLOT + 56..slot * SLOT + 64].try_into().unwrap());
    (disk.clone(), usize::from(generation(1) > generation(0)))
}

/// Edits a superblock and mends its checksum, which needs no key.
fn edit_slot(disk: &SimVfs, slot: usize, at: usize, new: &[u8]) {
    let mut bytes = bytes_of(disk, PATH)[slot * SLOT..(slot + 1) * SLOT].to_vec();
    bytes[at..at + new.len()].copy_from_slice(new);
    let crc = crc32fast::hash(&bytes[..SLOT - 4]);
    bytes[SLOT - 4..].copy_from_slice(&crc.to_le_bytes());
    disk.tamper(PATH, (slot * SLOT) as u64, &bytes).unwrap();
}

#[test]
fn a_superblock_that_was_edited_is_a_stop_also_when_it_is_the_one_that_does_not_count() {
    let (disk, newest) = with_a_log();
    edit_slot(&disk, 1 - newest, 152, &[9]);
    assert_eq!(options(&disk, 2).open(PATH).err().unwrap().code(), "HDR-FORGED");
}

#[test]
fn a_whole_superblock_of_a_newer_program_is_a_stop_and_no_reason_to_use_the_other() {
    let (disk, newest) = with_a_log();
    edit_slot(&disk, newest, 8, &[99, 0, 0, 0, 99]);
    assert_eq!(options(&disk, 2).open(PATH).err().unwrap().code(), "HDR-VERSION");
}

#[test]
fn no_two_pages_that_were_ever_written_have_one_nonce() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    for round in 0..20 {
        db.write(|tx| (0..12).try_for_each(|key| tx.put(format!("{key:03}").as_bytes(), &[round; 40]))).unwrap();
    }
    let (log, mut at) = (bytes_of(&disk, LOG), LOG_HEADER_BYTES);
    let shape = LogHeader::decode(&log[..LOG_HEADER_BYTES]).unwrap().shape();
    let (mut nonces, mut pages) = (BTreeSet::new(), 0);
    while let Ok(record) = RecordView::decode(&log[at..], shape) {
        let is_page = record.fields().kind == RecordKind::Page;
        if is_page {
            nonces.insert(record.body()[..24].to_vec());
            pages += 1;
        }
        at += record.len();
        at = if is_page { at } else { padded_end(at as u64) as usize };
    }
    assert!(pages > 40);
    assert_eq!(nonces.len(), pages);
}

#[test]
fn a_root_that_gave_way_to_a_page_of_the_page_file_is_read_after_the_database_is_opened_again() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    let key = |number: u32| format!("{number:05}").into_bytes();
    db.write(|tx| (0..60).try_for_each(|number| tx.put(&key(number), &[7; 60]))).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    // From the end on, so that the first leaf stays as the checkpoint left it until it is the root.
    for number in (0..60).rev() {
        db.write(|tx| tx.delete(&key(number)).map(drop)).unwrap();
        let disk = SimVfs::from_image(DiskImage::of(disk.files().into_iter().map(|f| (f.file, f.bytes.to_vec()))), 1);
        let again = options(&disk, 2).open(PATH).unwrap();
        let records = again.read().range::<[u8]>(..).collect::<Result<Vec<_>, _>>().unwrap().len();
        assert_eq!(records, number as usize);
    }
    assert_eq!(bytes_of(&disk, PATH).len() % PAGE, 0);
}

/// Randomness that says when it was drawn: every byte is the number of its epoch, but for a counter behind.
#[derive(Default)]
struct Epochs {
    epoch: AtomicU8,
    drawn: AtomicU64,
}

impl Entropy for Epochs {
    fn fill(&self, buffer: &mut [u8]) -> std::io::Result<()> {
        for piece in buffer.chunks_mut(8) {
            let number =
                self.drawn.fetch_add(1, Ordering::Relaxed) << 8 | u64::from(self.epoch.load(Ordering::Relaxed));
            piece.copy_from_slice(&number.to_le_bytes()[..piece.len()]);
        }
        Ok(())
    }

    fn is_insecure(&self) -> bool {
        true
    }
}

#[test]
fn every_nonce_of_a_commit_was_drawn_since_the_commit_before() {
    let (disk, epochs) = (SimVfs::new(1), Arc::new(Epochs::default()));
    let db = options(&disk, 1).entropy(epochs.clone()).create(true).open(PATH).unwrap();
    for epoch in 1..6 {
        epochs.epoch.store(epoch, Ordering::Relaxed);
        let behind = disk.files().into_iter().find(|file| file.file == LOG).map_or(LOG_HEADER_BYTES, |f| f.bytes.len());
        db.write(|tx| (0..12).try_for_each(|key| tx.put(format!("{key:03}").as_bytes(), &[epoch; 40]))).unwrap();
        let log = bytes_of(&disk, LOG);
        let shape = LogHeader::decode(&log[..LOG_HEADER_BYTES]).unwrap().shape();
        let record = RecordView::decode(&log[behind..], shape).unwrap();
        assert_eq!(record.fields().kind, RecordKind::Page);
        // A nonce is three pieces of eight bytes, each with its epoch first.
        assert!(record.body()[..24].iter().step_by(8).all(|&drawn| drawn == epoch));
    }
}

#[test]
fn two_superblocks_in_each_other_s_place_are_a_stop() {
    let (disk, _) = with_a_log();
    let bytes = bytes_of(&disk, PATH);
    disk.tamper(PATH, 0, &[&bytes[SLOT..2 * SLOT], &bytes[..SLOT]].concat()).unwrap();
    assert_eq!(options(&disk, 2).open(PATH).err().unwrap().code(), "HDR-SLOTS-DISAGREE");
}
