//! Input made to hurt: what asks for too much memory, time or depth, and what is no database at all. Everything that reads ends
//! in a moment with a code, and what it hashes is bounded by a number.
//!
//! What somebody with the key can make is made by `forge`; random changes are the work of `hostile`, verbs of the command line
//! that of the program's own `hostile_input`.

#![allow(clippy::disallowed_types, reason = "that nothing hangs is told by a clock; the engine itself reads none")]

mod common;

use common::disk::{Below, Meddle, meddled};
use common::files::{disk_of, files_of};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tosumu::crypto::{InsecureSeededEntropy, KEY_SLOT_BYTES};
use tosumu::forge::{Files, Forger, Mend};
use tosumu::format::catalog::TreeEntry;
use tosumu::format::free_list::FreeTrunk;
use tosumu::format::log::{LOG_HEADER_BYTES, LogShape, RecordFields, RecordKind, append_record};
use tosumu::format::node::Node;
use tosumu::format::overflow::{OVERFLOW_HEADER_BYTES, encode_overflow};
use tosumu::format::page::PageKind;
use tosumu::inspect::AtRest;
use tosumu::limits::{
    KDF_LANES_MAX, KDF_MEMORY_KIB_MAX, KDF_PASSES_MAX, KDF_WORK_KIB_MAX, KEY_SLOTS_COUNT, LOG_FALSE_HEADS_MAX,
    TREE_DEPTH_MAX,
};
use tosumu::transfer::Salvage;
use tosumu::types::{PagePointer, Seal};
use tosumu::verify::{Level, Report, VerifyOptions, verify};
use tosumu::vfs::{OpenMode, OsVfs, SimVfs, Vfs, VfsFile};
use tosumu::{
    AutoCheckpoint, CheckpointMode, Code, CommitNo, Database, Error, ErrorKind, KdfProfile, Options, PageNo, PageSize,
    Result, Unlock,
};

const PATH: &str = "h.tsm";
const LOG: &str = "h.tsm-wal";
/// Far more than a sound answer takes, also on a busy machine that builds something beside.
const MOMENT: Duration = Duration::from_secs(10);

/// Does something that must not take long.
fn soon<T>(what: &str, action: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = action();
    assert!(started.elapsed() < MOMENT, "{what} took {:?}", started.elapsed());
    done
}

fn options(disk: &SimVfs) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(5)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
}

/// A database with two levels of pages, a named tree, a long value and free pages, all of it folded, and a commit behind that.
fn made(unlock: Unlock) -> Files {
    let disk = SimVfs::new(1);
    let db = options(&disk).create(true).unlock(unlock).kdf(KdfProfile::TEST).open(PATH).unwrap();
    let put = |numbers: std::ops::Range<u32>| {
        db.write(|tx| {
            tx.create_tree("tree")?;
            for number in numbers {
                tx.put(format!("k{number:03}").as_bytes(), &[b'v'; 40])?;
                tx.tree("tree")?.expect("it was created").put(&number.to_le_bytes(), b"v")?;
            }
            tx.put(b"long", &[7; 1500])
        })
    };
    put(0..20).unwrap();
    db.write(|tx| tx.put(b"long", &[8; 600])).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    put(30..31).unwrap();
    drop(db);
    files_of(&disk)
}

fn forger(files: &Files, unlock: &Unlock) -> Forger {
    Forger::open(files.clone(), PATH, unlock, Arc::new(InsecureSeededEntropy::new(9))).unwrap()
}

fn read_all(db: &Database) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let snapshot = db.read();
    for info in snapshot.trees()? {
        for record in snapshot.tree(&info.name)?.expect("it is listed").range::<[u8]>(..) {
            record?;
        }
    }
    let records = snapshot.range::<[u8]>(..);
    records.map(|record| record.map(|record| (record.key().to_vec(), record.value().to_vec()))).collect()
}

/// Opens the files and reads everything in them.
fn open(files: &Files, unlock: Unlock) -> Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    soon("opening", || options(&disk_of(files)).unlock(unlock).read_only(true).open(PATH).and_then(|db| read_all(&db)))
}

/// Opens the files for writing, reads everything, writes and makes a checkpoint.
fn write(files: &Files) -> Result<()> {
    soon("writing", || {
        let db = options(&disk_of(files)).open(PATH)?;
        read_all(&db)?;
        db.write(|tx| (0..40u8).try_for_each(|number| tx.put(&[number], &[number; 60])))?;
        db.checkpoint(CheckpointMode::Passive).map(drop)
    })
}

fn verified(files: &Files, level: Level) -> Report {
    soon("verifying", || {
        let file = AtRest::open(Arc::new(disk_of(files)), PATH, None).unwrap();
        verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap()
    })
}

fn code<T>(answer: Result<T>) -> &'static str {
    answer.err().map_or("OK", |error| error.code())
}

#[test]
fn a_passphrase_slot_at_its_ceilings_is_within_them_and_one_over_any_of_them_is_a_bomb_that_costs_nothing() {
    let secret = || Unlock::Passphrase("correct horse".into());
    let files = made(secret());
    let bomb = |profiles: &[(u32, u32, u32)], mend: Mend| {
        let mut forger = forger(&files, &secret());
        for (number, (memory, passes, lanes)) in (0..).zip(profiles) {
            let first = forger.newest_superblock().unwrap().1.key_slots[0].bytes;
            let edit = |slot: &mut [u8]| {
                slot.copy_from_slice(&first);
                slot[8..12].copy_from_slice(&memory.to_le_bytes());
                slot[12..16].copy_from_slice(&passes.to_le_bytes());
                slot[16..20].copy_from_slice(&lanes.to_le_bytes());
            };
            forger.edit_key_slot(number, mend, edit).unwrap();
        }
        forger.into_files()
    };
    let (memory, passes, lanes) = (KDF_MEMORY_KIB_MAX, KDF_PASSES_MAX, KDF_LANES_MAX);
    let most = u32::MAX;
    let work_of_two = u32::try_from(KDF_WORK_KIB_MAX / 2).unwrap();
    let overs = [
        (memory + 1, 1, 1),
        (256, passes + 1, 1),
        (256, 1, lanes + 1),
        (most, most, most),
        (most, 0, 0),
        (memory, passes, lanes),
        (work_of_two + 1, 2, 1),
    ];
    for over in overs {
        for mend in [Mend::Checksum, Mend::Everything] {
            let files = bomb(&[over], mend);
            assert_eq!(code(open(&files, secret())), "KDF-BOMB", "{over:?}");
            let report = verified(&files, Level::Deep);
            assert_eq!(report.exit(), 2, "{over:?}: {:#?}", report.findings);
        }
    }
    // Each of eight is within its ceilings; whoever has a wrong passphrase would pay for all of them.
    let crowd = bomb(&[(memory / 2, 1, lanes); KEY_SLOTS_COUNT], Mend::Checksum);
    let pair = bomb(&[(work_of_two, 2, 1), (8, 1, 1)], Mend::Checksum);
    for files in [crowd, pair] {
        assert_eq!(code(open(&files, secret())), "KDF-BOMB");
        for level in [Level::Identify, Level::Deep] {
            let report = verified(&files, level);
            let bombs = report.findings.iter().filter(|finding| finding.code.as_str() == "KDF-BOMB").count();
            assert_eq!((bombs, report.exit()), (1, 2), "{:#?}", report.findings);
        }
    }
}

#[test]
fn no_writer_makes_slots_that_are_too_much_together() {
    let disk = SimVfs::new(1);
    let db = options(&disk).create(true).open(PATH).unwrap();
    let many_passes = KdfProfile { memory_kib: 8, passes: 2, lanes: 1 };
    db.add_key(Unlock::Passphrase("a".into()), many_passes).unwrap();
    drop(db);
    let mut forger = forger(&files_of(&disk), &Unlock::Keyless);
    let memory = u32::try_from(KDF_WORK_KIB_MAX / 2).unwrap().to_le_bytes();
    forger.edit_key_slot(1, Mend::Everything, |slot| slot[8..12].copy_from_slice(&memory)).unwrap();
    let disk = disk_of(forger.files());
    let db = options(&disk).open(PATH).unwrap();
    let refused = db.add_key(Unlock::Passphrase("b".into()), KdfProfile::TEST);
    assert_eq!(code(refused), "LIMIT");
    assert_eq!(db.key_slots().len(), 2);
    assert!(db.remove_key(1).and_then(|()| db.add_key(Unlock::Passphrase("b".into()), KdfProfile::TEST)).is_ok());
}

#[test]
fn numbers_of_a_superblock_that_cannot_be_ask_for_no_memory_and_no_time() {
    let files = made(Unlock::Keyless);
    type Edit = fn(&mut tosumu::format::superblock::Superblock);
    let edits: [(&str, Edit); 6] = [
        ("pages", |slot| slot.page_count = u32::MAX - 1),
        ("records", |slot| slot.record_count = u64::MAX / 2),
        ("free pages", |slot| slot.free_count = u32::MAX - 2),
        ("named trees", |slot| slot.tree_count = u32::MAX),
        ("a root far away", |slot| slot.root.page = PageNo(u32::MAX - 1)),
        ("a free list far away", |slot| slot.free_list.page = PageNo(u32::MAX - 1)),
    ];
    for (what, edit) in edits {
        let mut forger = forger(&files, &Unlock::Keyless);
        forger.files_mut().remove(LOG);
        (0..2).for_each(|slot| {
            forger
                .edit_fields(slot, |fields| {
                    fields.log_expected = false;
                    edit(fields);
                })
                .unwrap()
        });
        let _ = (open(forger.files(), Unlock::Keyless), write(forger.files()));
        for level in [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let report = verified(forger.files(), level);
            assert!(level < Level::Deep || report.exit() == 2, "{what}: {:#?}", report.findings);
        }
    }
}

fn pointer(page: u32) -> PagePointer {
    PagePointer { page: PageNo(page), commit: CommitNo(1), seal: Seal([7; 16]) }
}

/// A branch of `level` over these pages; in a log their seals are not looked at.
fn branch(level: u8, plain_bytes: usize, children: &[u32]) -> Vec<u8> {
    let mut node = Node::new(PageKind::Branch, level, plain_bytes);
    for (slot, &child) in children.iter().enumerate() {
        let key = if slot == 0 { Vec::new() } else { vec![slot as u8] };
        node.insert_child(slot, &key, &pointer(child));
    }
    node.into_bytes()
}

#[test]
fn a_circle_in_any_chain_ends_with_a_code_for_reader_writer_and_verify() {
    let files = made(Unlock::Keyless);
    let bytes = PageSize::TOY.bytes() - 56;
    let first = forger(&files, &Unlock::Keyless).newest_superblock().unwrap().1.page_count + 10;
    let chain = |page, next| {
        (PageNo(page), encode_overflow(bytes, &vec![1; bytes - OVERFLOW_HEADER_BYTES], 4000, &pointer(next)))
    };
    let value_at = |page| {
        let mut leaf = Node::new(PageKind::Leaf, 0, bytes);
        leaf.insert_overflow_record(0, b"k", 4000, &pointer(page));
        leaf.into_bytes()
    };
    let trunk = |next| {
        let mut trunk = FreeTrunk::new(bytes, &pointer(next));
        trunk.push(PageNo(3));
        trunk.into_bytes()
    };
    let entry = |root| {
        let mut leaf = Node::new(PageKind::Leaf, 0, bytes);
        let entry = TreeEntry { root: pointer(root), page_count: 1, record_count: 1 };
        leaf.insert_record(0, b"tree", &entry.encode());
        leaf.into_bytes()
    };
    let root = |page: u32, body: &mut tosumu::format::log::CommitBody| {
        body.root = PagePointer { page: PageNo(page), ..body.root };
    };
    type Lie = (&'static str, Vec<(PageNo, Vec<u8>)>, Which);
    #[derive(Clone, Copy)]
    enum Which {
        Root,
        Catalog,
        FreeList,
    }
    let lies: Vec<Lie> = vec![
        ("a branch over itself", vec![(PageNo(first), branch(1, bytes, &[first, first]))], Which::Root),
        (
            "two branches over each other",
            vec![(PageNo(first), branch(2, bytes, &[first + 1])), (PageNo(first + 1), branch(1, bytes, &[first]))],
            Which::Root,
        ),
        (
            "a value whose page goes on in itself",
            vec![(PageNo(first), value_at(first + 1)), chain(first + 1, first + 1)],
            Which::Root,
        ),
        (
            "a value that goes round two pages",
            vec![(PageNo(first), value_at(first + 1)), chain(first + 1, first + 2), chain(first + 2, first + 1)],
            Which::Root,
        ),
        ("a free list that goes on in itself", vec![(PageNo(first), trunk(first))], Which::FreeList),
        (
            "a free list that goes round",
            vec![(PageNo(first), trunk(first + 1)), (PageNo(first + 1), trunk(first))],
            Which::FreeList,
        ),
        ("a catalog over itself", vec![(PageNo(first), branch(1, bytes, &[first]))], Which::Catalog),
        ("a named tree whose root is the catalog", vec![(PageNo(first), entry(first))], Which::Catalog),
        (
            "a tree deeper than any",
            (0..=TREE_DEPTH_MAX as u32 + 2)
                .map(|depth| (PageNo(first + depth), branch(200 - depth as u8, bytes, &[first + depth + 1])))
                .collect(),
            Which::Root,
        ),
    ];
    for (what, pages, which) in lies {
        let mut forger = forger(&files, &Unlock::Keyless);
        let pages_count = first + 40;
        let newest = PagePointer { page: PageNo(first), commit: CommitNo(1), seal: Seal([7; 16]) };
        forger
            .append_commit(&pages, |body| {
                body.page_count = pages_count;
                match which {
                    Which::Root => root(first, body),
                    Which::Catalog => (body.catalog, body.tree_count) = (newest, 1),
                    Which::FreeList => (body.free_list, body.free_count) = (newest, 5),
                }
            })
            .unwrap();
        let report = verified(forger.files(), Level::Deep);
        let codes: Vec<&str> = report.findings.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(report.exit(), 2, "{what}: {codes:?}");
        let _ = (open(forger.files(), Unlock::Keyless), write(forger.files()));
        if matches!(which, Which::Root) {
            assert_ne!(code(open(forger.files(), Unlock::Keyless)), "OK", "{what}");
        }
        println!("{what}: {codes:?}");
    }
}

/// A log that goes on, behind what stands in it, with heads of records at every sixteen bytes.
fn with_false_heads(files: &Files, count: usize) -> Files {
    let forger = forger(files, &Unlock::Keyless);
    let (header, records) = (forger.log_header().unwrap(), forger.records().unwrap());
    let mut files = forger.into_files();
    let log = files.get_mut(LOG).unwrap();
    let start = (header.shape().record_bytes(RecordKind::Page) as u64) | 1 << 32;
    // At every second word the one that a record begins with; between them the generation, which is also what each says to
    // be durable. A generation of one would be durable before anything: the numbers stand further on.
    let durable = records.len() as u64 + 5;
    for _ in 0..count {
        let mut head = [0; 48];
        head[..8].copy_from_slice(&start.to_le_bytes());
        head[8..16].copy_from_slice(&header.log_generation.to_le_bytes());
        head[16..24].copy_from_slice(&(durable + 1).to_le_bytes());
        head[40..48].copy_from_slice(&durable.to_le_bytes());
        log.extend_from_slice(&head);
    }
    files
}

/// An authentic record of the log, which says that records behind its last one had been synced.
fn later_record(files: &Files) -> Vec<u8> {
    let forger = forger(files, &Unlock::Keyless);
    let (header, records) = (forger.log_header().unwrap(), forger.records().unwrap());
    let last = records.last().unwrap();
    let fields = RecordFields {
        sequence: last.fields.sequence + 9,
        durable_sequence: last.fields.sequence + 2,
        previous: [1; 16],
        ..last.fields.clone()
    };
    let mut record = Vec::new();
    append_record(&mut record, &fields, &last.body, |parts| forger.keys().record_mac(&header.salt, parts));
    record
}

#[test]
fn a_log_full_of_false_heads_is_called_damaged_after_a_number_of_them_and_a_few_hide_nothing() {
    let files = made(Unlock::Keyless);
    let few = with_false_heads(&files, LOG_FALSE_HEADS_MAX as usize);
    assert_eq!(open(&few, Unlock::Keyless).unwrap().len(), 22, "a tail is a tail");
    let many = with_false_heads(&files, 40_000);
    let opened = open(&many, Unlock::Keyless);
    let finding = match &opened {
        Err(Error::Damage(finding)) => finding,
        other => panic!("{other:?}"),
    };
    assert_eq!(finding.code.as_str(), "LOG-ROT");
    // What was hashed ends with the place: of each head before it at most one record.
    let (start, end) = (finding.byte_start.unwrap(), finding.byte_end.unwrap());
    let before = files[LOG].len() as u64;
    assert!(start <= before && end <= before + 48 * (u64::from(LOG_FALSE_HEADS_MAX) + 1), "{finding:#?}");
    for level in [Level::Scan, Level::Deep] {
        assert_eq!(verified(&many, level).exit(), 2);
    }
    // Behind a few of them a witness is found all the same.
    let mut hidden = with_false_heads(&files, 100);
    hidden.get_mut(LOG).unwrap().extend(later_record(&files));
    assert_eq!(code(open(&hidden, Unlock::Keyless)), "LOG-ROT");
    assert_eq!(LogShape::newest(PageSize::new(65536).unwrap()).record_bytes(RecordKind::Page), 65536 + 80);
    assert!(u64::from(LOG_FALSE_HEADS_MAX) * (65536 + 80) < 65 << 20, "what a search may hash, in bytes");
}

/// Real files in a folder of their own.
fn opened_from(path: &Path) -> (&'static str, &'static str) {
    let read = soon("opening to read", || Options::new().read_only(true).open(path));
    let written = soon("opening to write", || Options::new().open(path));
    (code(read), code(written))
}

#[test]
fn a_file_of_four_gigabytes_with_a_hole_is_read_through_without_memory_and_told_by_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(PATH);
    let db = Options::new().create(true).open(&path).unwrap();
    db.write(|tx| tx.put(b"a", b"1")).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    File::options().write(true).open(&path).unwrap().set_len(4 << 30).unwrap();
    let db = soon("opening", || Options::new().open(&path)).unwrap();
    assert_eq!(db.read().get(b"a").unwrap().as_deref(), Some(&b"1"[..]));
    drop(db);
    let salvaged_with_a_bad_page = || {
        let disk = Counted::default();
        let changed = folder.path().join("changed.tsm");
        fs::rename(&path, &changed).unwrap();
        let file = OsVfs.open(&changed, OpenMode::Write).unwrap();
        let (mut byte, hole) = ([0; 1], file.next_data(1 << 20) > 1 << 20);
        let mut turn = || {
            file.read_at(8192 + 100, &mut byte).unwrap();
            file.write_at(8192 + 100, &[!byte[0]]).unwrap();
        };
        turn();
        let salvage = Salvage::new().vfs(meddled(disk.clone()));
        let report = soon("salvaging", || salvage.run(&changed, folder.path().join("s.tsm"))).unwrap();
        assert!(!report.lost_ranges.is_empty());
        assert!(!hole || disk.0.load(Ordering::Relaxed) < 64 << 20);
        turn();
        fs::rename(&changed, &path).unwrap();
    };
    salvaged_with_a_bad_page();
    for level in [Level::Scan, Level::Deep] {
        let file = AtRest::open(Arc::new(OsVfs), &path, None).unwrap();
        let report = soon("verifying", || verify(&file, &VerifyOptions { level, ..VerifyOptions::default() })).unwrap();
        assert!(report.findings.iter().any(|finding| finding.code.as_str() == "FILE-TAIL"), "{:#?}", report.findings);
    }
}

/// Calls that read bytes, and how many of them, of all files of a disk.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicU64>);

impl Meddle for Counted {
    fn below(&self) -> &dyn Vfs {
        &OsVfs
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let read = file.read_at(offset, buffer)?;
        self.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
    fn next_data(&self, file: &Below, offset: u64) -> u64 {
        file.next_data(offset)
    }
}

#[test]
fn a_hole_of_four_gigabytes_in_a_log_costs_no_reading_and_hides_no_record_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, log) = (folder.path().join(PATH), folder.path().join(LOG));
    let files = made(Unlock::Keyless);
    for (name, bytes) in &files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let hole = || {
        let file = OsVfs.open(&log, OpenMode::Write).unwrap();
        file.set_len(4 << 30).unwrap();
        file
    };
    let knows_holes = hole().next_data(1 << 20) > 1 << 20;
    let disk = Counted::default();
    let at_rest = || AtRest::open(meddled(disk.clone()), &path, None).unwrap();
    let db = || Options::new().vfs(meddled(disk.clone())).read_only(true).open(&path);
    assert_eq!(soon("opening", || db().and_then(|db| read_all(&db))).unwrap().len(), 22);
    for level in [Level::Identify, Level::Scan, Level::Deep] {
        let options = VerifyOptions { level, ..VerifyOptions::default() };
        let report = soon("verifying", || verify(&at_rest(), &options)).unwrap();
        assert_eq!(report.exit(), 0, "{level}: {:#?}", report.findings);
    }
    soon("salvaging", || Salvage::new().vfs(meddled(disk.clone())).run(&path, folder.path().join("s.tsm"))).unwrap();
    let read = disk.0.load(Ordering::Relaxed);
    assert!(!knows_holes || read < 64 << 20, "{read} bytes were read");
    // What stands behind the hole is found all the same.
    hole().write_at((4 << 30) - 512, &later_record(&files)).unwrap();
    assert_eq!(code(soon("opening", db)), "LOG-ROT");
    for level in [Level::Scan, Level::Deep] {
        let options = VerifyOptions { level, ..VerifyOptions::default() };
        assert_eq!(soon("verifying", || verify(&at_rest(), &options)).unwrap().exit(), 2, "{level}");
    }
}

#[test]
fn an_empty_file_of_four_gigabytes_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(PATH);
    File::create(&path).unwrap().set_len(4 << 30).unwrap();
    assert_eq!(opened_from(&path), ("HDR-MAGIC", "HDR-MAGIC"));
}

#[test]
fn what_is_no_database_is_told_by_a_code_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = [b"SQLite format 3\0".as_slice(), &[0; 8176]].concat();
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[1; 300]].concat();
    let files: [(&str, &[u8]); 5] =
        [("sqlite", &sqlite), ("png", &png), ("empty", b""), ("text", b"a text\n"), ("short", b"TOSUMU\r\n")];
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let (read, written) = opened_from(&path);
        assert!(read.starts_with("HDR-") && read == written, "{name}: {read}, {written}");
        let file = AtRest::open(Arc::new(OsVfs), &path, None).unwrap();
        assert_eq!(verify(&file, &VerifyOptions::default()).unwrap().exit(), 2, "{name}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{name}");
    }
    assert_eq!(opened_from(folder.path()), ("IO", "IO"), "a folder");
    assert_eq!(opened_from(Path::new("/dev/null")), ("IO", "IO"), "a device");
    assert_eq!(opened_from(&folder.path().join("none")), ("NOT-FOUND", "NOT-FOUND"));
    #[cfg(unix)]
    {
        let circle = folder.path().join("circle");
        std::os::unix::fs::symlink("circle", &circle).unwrap();
        assert_eq!(opened_from(&circle), ("IO", "IO"), "a link that leads to itself");
    }
}

/// Files that can be read and nothing else, as on a disc that was pressed or a file system mounted so.
#[derive(Clone)]
struct ReadOnlyMedium(SimVfs);

impl Meddle for ReadOnlyMedium {
    fn below(&self) -> &dyn Vfs {
        &self.0
    }
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        if mode == OpenMode::Read { self.0.open(path, mode) } else { Err(io::ErrorKind::ReadOnlyFilesystem.into()) }
    }
    fn link_new(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
    fn remove(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

#[test]
fn a_medium_that_is_read_only_is_read_with_its_log_and_refuses_a_writer_in_plain_words() {
    let disk = disk_of(&made(Unlock::Keyless));
    let medium = || Options::new().vfs(meddled(ReadOnlyMedium(disk.clone())));
    let db = medium().read_only(true).open(PATH).unwrap();
    assert_eq!(read_all(&db).unwrap().len(), 22);
    let file = AtRest::open(meddled(ReadOnlyMedium(disk.clone())), PATH, None).unwrap();
    assert_eq!(verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap().exit(), 0);
    let error = medium().open(PATH).unwrap_err();
    assert!(error.code() == "IO" && error.to_string().contains("read-only"), "{error}");
    assert_eq!(code(medium().create(true).open("new.tsm")), "IO");
}

/// Some files of a disk may not be read.
#[derive(Clone)]
struct Forbidden {
    disk: SimVfs,
    file: &'static str,
}

impl Meddle for Forbidden {
    fn below(&self) -> &dyn Vfs {
        &self.disk
    }
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        match path.ends_with(self.file) {
            true => Err(io::ErrorKind::PermissionDenied.into()),
            false => self.disk.open(path, mode),
        }
    }
}

#[test]
fn a_file_that_may_not_be_read_is_named_with_a_code_and_nothing_is_changed() {
    let files = made(Unlock::Keyless);
    for file in [PATH, LOG, "witness"] {
        let disk = disk_of(&files);
        let forbidden = || meddled(Forbidden { disk: disk.clone(), file });
        let refused = |what: &str, error: Error| {
            let said = error.to_string();
            assert!(error.code() == "IO" && error.kind() == ErrorKind::Cannot, "{file}, {what}: {error:?}");
            assert!(said.contains(file) && said.contains("permission denied"), "{file}, {what}: {said}");
        };
        for read_only in [true, false] {
            let options = Options::new().vfs(forbidden()).read_only(read_only);
            let options = if file == "witness" { options.witness(file) } else { options };
            refused("open", soon("opening", || options.open(PATH)).err().unwrap());
        }
        if file != "witness" {
            refused("verify and inspect", AtRest::open(forbidden(), PATH, None).err().unwrap());
        }
        if file == PATH {
            refused("salvage", Salvage::new().vfs(forbidden()).run(PATH, "new.tsm").err().unwrap());
        }
        assert_eq!(files_of(&disk), files, "{file}");
        if file == LOG {
            let report = Salvage::new().vfs(forbidden()).run(PATH, "new.tsm").unwrap();
            assert_eq!(report.choices[0].finding.code, Code::FileReadError, "salvage goes on without the log");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_socket_in_the_place_of_the_file_its_log_or_its_witness_is_refused_without_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = |name: &str| {
        let path = folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.is_ok_and(|status| status.success()));
        path
    };
    assert_eq!(opened_from(&pipe("pipe")), ("IO", "IO"));
    let socket = folder.path().join("socket");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    assert_eq!(opened_from(&socket), ("IO", "IO"));
    let path = folder.path().join(PATH);
    Options::new().create(true).open(&path).unwrap().write(|tx| tx.put(b"a", b"1")).unwrap();
    let with_witness = soon("opening", || Options::new().witness(pipe("witness")).open(&path));
    assert_eq!(code(with_witness), "IO");
    fs::remove_file(folder.path().join(LOG)).unwrap();
    pipe(LOG);
    assert_eq!(opened_from(&path), ("IO", "IO"));
}

const _: () = assert!(LOG_HEADER_BYTES == 512 && KEY_SLOT_BYTES == 256);

#[test]
fn a_checkpoint_of_a_branch_that_is_its_own_child_ends_with_a_finding() {
    let mut runner = tosumu::script::Runner::new(tosumu::script::RunnerOptions::default());
    let filled = runner.run_line("fill 200 ascending value 60");
    assert!(!filled.failed, "{}", filled.text);
    let file = tosumu::inspect::AtRest::open(Arc::new(runner.disk().clone()), "lab.tsm", None).unwrap();
    let root = file.root().unwrap().page;
    assert_eq!(file.tree().unwrap().height(), 3, "a branch below a branch");
    drop(file);
    let forged = runner.run_line(&format!("forge page {root} slot 1 page {root}"));
    assert!(!forged.failed, "{}", forged.text);
    assert!(!runner.run_line("reopen").failed);
    let folded = runner.run_line("checkpoint");
    assert!(folded.failed && folded.text.contains("TREE-DEPTH"), "{}", folded.text);
}
