//! What salvage and a look at a file at rest do without: a page that can be had from elsewhere than its place, a superblock of
//! another database, a log that cannot be opened, a superblock that the disk does not give.

#[path = "common/mod.rs"]
mod common;

use common::disk::{Below, Meddle, meddled};
use common::files::{Files, disk_of, files_of};
use std::io;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::{AtRest, Beside, Verdict as Probed};
use tosumu::transfer::{LossReport, RecoveredBy, Salvage, Verdict};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{OpenMode, SimVfs, Vfs, VfsFile, file_name};
use tosumu::{AutoCheckpoint, CheckpointMode, Code, Database, Error, Options, PageNo, PageSize};

const PATH: &str = "r.tsm";
const LOG: &str = "r.tsm-wal";
const SAVED: &str = "saved.tsm";
const PAGE: usize = 512;
const SLOT: usize = 4096;
const RECORDS: u64 = 80;

fn open(disk: &SimVfs, seed: u64) -> Database {
    let options = Options::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(InsecureSeededEntropy::new(seed)));
    options.page_size(PageSize::TOY).checkpoints(AutoCheckpoint::Off).create(true).open(PATH).unwrap()
}

fn put(db: &Database, value: &str) {
    let key = |number: u64| format!("k{number:03}").into_bytes();
    db.write(|tx| (0..RECORDS).try_for_each(|number| tx.put(&key(number), value.as_bytes()))).unwrap();
}

/// A database whose log was folded, and is gone with all older versions of its pages.
fn sound(seed: u64) -> Files {
    let disk = SimVfs::new(1);
    let db = open(&disk, seed);
    put(&db, "the first value");
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    let mut files = files_of(&disk);
    files.remove(LOG);
    files
}

fn leaf_of(files: &Files) -> PageNo {
    let file = AtRest::open(Arc::new(disk_of(files)), PATH, None).unwrap();
    let tree = file.tree().unwrap();
    tree.nodes.iter().filter(|node| node.level == Some(0)).nth(2).unwrap().page
}

/// The bytes of a page in its file.
fn of_page(files: &mut Files, page: PageNo) -> &mut [u8] {
    let start = 2 * SLOT + (page.0 as usize - 1) * PAGE;
    &mut files.get_mut(PATH).unwrap()[start..start + PAGE]
}

fn salvage_on(vfs: Arc<dyn Vfs>, beside: Vec<Beside>) -> LossReport {
    let salvage = Salvage::new().vfs(vfs.clone()).entropy(Arc::new(InsecureSeededEntropy::new(77))).beside(beside);
    let report = salvage.run(PATH, SAVED).unwrap();
    let saved = Options::new().vfs(vfs).read_only(true).open(SAVED).unwrap();
    assert_eq!(saved.read().record_count(), report.totals.certain);
    report
}

fn salvage(files: &Files) -> LossReport {
    salvage_on(Arc::new(disk_of(files)), Vec::new())
}

#[test]
fn a_page_with_one_bit_turned_is_saved_wherever_the_bit_is_as_the_probe_proves() {
    let sound = sound(3);
    let leaf = leaf_of(&sound);
    for byte in [0, 23, 24, 30, 39, 40, 103, 300, PAGE - 17, PAGE - 16, PAGE - 1] {
        let mut files = sound.clone();
        of_page(&mut files, leaf)[byte] ^= 4;
        let report = salvage(&files);
        assert_eq!((report.verdict, report.totals.certain), (Verdict::RecordsWhole, RECORDS), "byte {byte}");
        let [found] = &report.recovered[..] else { panic!("byte {byte}: {:?}", report.recovered) };
        let is_between = (0..24).contains(&byte) || (40..PAGE - 16).contains(&byte);
        let how = RecoveredBy::Bit { byte: byte as u32, bit: 2 };
        assert_eq!((found.page, found.how), (leaf, if is_between { how } else { RecoveredBy::Header }));
        let probed = AtRest::open(Arc::new(disk_of(&files)), PATH, None).unwrap().probe(leaf, &[]).unwrap();
        assert_eq!(probed.verdict, Probed::Rot, "byte {byte}");
    }
}

#[test]
fn a_page_with_two_bits_turned_is_lost_and_nothing_else_is() {
    let mut files = sound(3);
    let leaf = leaf_of(&files);
    of_page(&mut files, leaf)[103] ^= 5;
    let report = salvage(&files);
    assert_eq!((report.verdict, report.totals.lost_ranges), (Verdict::Lost, 1));
    assert!(report.recovered.is_empty() && report.totals.certain < RECORDS);
}

#[test]
fn a_lost_page_is_taken_from_a_copy_that_is_named_and_only_the_version_that_is_asked_for() {
    let disk = SimVfs::new(1);
    let db = open(&disk, 3);
    put(&db, "the first value");
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let older = files_of(&disk)[PATH].clone();
    put(&db, "the other value");
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    let newer = files_of(&disk)[PATH].clone();
    let mut files = Files::from([(PATH.to_owned(), newer.clone())]);
    let leaf = leaf_of(&files);
    of_page(&mut files, leaf).fill(0);
    for (copy, certain, is_newer) in [(&newer, RECORDS, true), (&older, RECORDS, false)] {
        let mut with_copy = files.clone();
        with_copy.insert("copy.tsm".to_owned(), copy.clone());
        let disk: Arc<dyn Vfs> = Arc::new(disk_of(&with_copy));
        let beside = vec![Beside::open(disk.clone(), "copy.tsm", None).unwrap()];
        let report = salvage_on(disk, beside);
        assert_eq!(report.totals.certain == certain, is_newer);
        let found: Vec<_> = report.recovered.iter().map(|page| (page.page, page.how, page.file.as_str())).collect();
        assert_eq!(found, if is_newer { vec![(leaf, RecoveredBy::Beside, "copy.tsm")] } else { Vec::new() });
    }
}

#[test]
fn of_two_superblocks_of_two_databases_salvage_takes_the_one_whose_key_opens_pages() {
    let (sound, other) = (sound(3), sound(8));
    for slot in [0, SLOT] {
        let mut files = sound.clone();
        files.get_mut(PATH).unwrap()[slot..slot + SLOT].copy_from_slice(&other[PATH][slot..slot + SLOT]);
        let report = salvage(&files);
        // What stood in the place of the newest superblock is an older state, which held no record here.
        let is_newest_left = report.totals.certain + report.totals.unplaced > 0;
        let told = report.choices.iter().any(|choice| {
            matches!(choice.finding.code, Code::HdrSlotsDisagree | Code::HdrForged) && choice.may_lose.is_some()
        });
        assert!(told && is_newest_left, "slot at {slot}: {:?} {:?}", report.totals, report.choices);
    }
}

/// A disk on which a file of one name cannot be opened, or some bytes of the page file cannot be read.
#[derive(Clone)]
struct Bad {
    disk: SimVfs,
    unopened: Option<&'static str>,
    unread: std::ops::Range<u64>,
}

impl Meddle for Bad {
    fn below(&self) -> &dyn Vfs {
        &self.disk
    }

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        match self.unopened == Some(&*file_name(path)) {
            true => Err(io::Error::new(io::ErrorKind::PermissionDenied, "not allowed")),
            false => self.disk.open(path, mode),
        }
    }

    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let is_bad = offset < self.unread.end && self.unread.start < offset + buffer.len() as u64;
        match file.name == PATH && is_bad {
            true => Err(io::Error::other("a bad sector")),
            false => file.read_at(offset, buffer),
        }
    }
}

#[test]
fn a_log_that_cannot_be_opened_is_told_and_the_page_file_is_saved_without_it() {
    let mut files = sound(3);
    files.insert(LOG.to_owned(), vec![7; 100]);
    let disk = meddled(Bad { disk: disk_of(&files), unopened: Some(LOG), unread: 0..0 });
    let report = salvage_on(disk, Vec::new());
    assert_eq!((report.verdict, report.totals.certain), (Verdict::Lost, RECORDS));
    let [choice] = &report.choices[..] else { panic!("{:?}", report.choices) };
    assert_eq!((choice.finding.code, choice.finding.file.as_deref()), (Code::FileReadError, Some(LOG)));
    assert!(choice.finding.why.contains("not allowed") && choice.may_lose.is_some());
}

#[test]
fn a_superblock_that_the_disk_does_not_give_is_a_finding_and_the_other_is_used() {
    let files = sound(3);
    let newest = AtRest::open(Arc::new(disk_of(&files)), PATH, None).unwrap().chosen().unwrap().slot;
    for slot in [0, 1u8] {
        let start = u64::from(slot) * SLOT as u64;
        let bad = Bad { disk: disk_of(&files), unopened: None, unread: start + 512..start + 1024 };
        let disk = meddled(bad);
        let file = AtRest::open(disk.clone(), PATH, None).unwrap();
        let report = verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
        let told = report.findings.iter().find(|finding| finding.code == Code::FileReadError).unwrap();
        assert_eq!((told.byte_start, told.byte_end), (Some(start), Some(start + SLOT as u64)));
        if slot != newest {
            assert_eq!(report.pages_checked, report.pages_total, "all is checked but the slot");
            let db = Options::new().vfs(disk.clone()).read_only(true).open(PATH).unwrap();
            assert_eq!(db.read().record_count(), RECORDS);
            let saved = salvage_on(disk.clone(), Vec::new());
            assert_eq!((saved.verdict, saved.choices[0].finding.code), (Verdict::RecordsWhole, Code::FileReadError));
        }
        // A writer would write over what could not be read.
        let Err(Error::Damage(refused)) = Options::new().vfs(disk).open(PATH) else { panic!("it was opened to write") };
        assert_eq!(refused.code, Code::FileReadError);
    }
}
