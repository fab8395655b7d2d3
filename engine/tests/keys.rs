//! Who can open a database, and whether it is the newest: changes of keys and witness files, on a disk that crashes and fails
//! at every point of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::{InsecureSeededEntropy, generate_recovery_key, parse_fingerprint};
use tosumu::format::superblock::Superblock;
use tosumu::inspect::AtRest;
use tosumu::trace::{Event, Recorder};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, Fault, FaultKind, FaultSpan, OpenMode, SimVfs, StopPoint, Vfs, write_all_at};
use tosumu::vfs::{StopEvent, StopFile, StopRegion, StopWhen};
use tosumu::{CheckpointMode, Database, Durability, Error, KdfProfile, KeySlotKind, Options, PageSize, Unlock};

const PATH: &str = "keys.tsm";
const WITNESS: &str = "witness";
const SLOT: usize = 4096;

fn options(disk: &SimVfs, seed: u64) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .kdf(KdfProfile::TEST)
}

fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(text.into())
}

fn keyfile() -> Unlock {
    Unlock::Keyfile(vec![7; 40].into())
}

/// A database with the passphrase `old` in slot 0 and a record in its log.
fn create(disk: &SimVfs) -> Database {
    let db = options(disk, 1).create(true).unlock(passphrase("old")).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    db
}

fn open(disk: &SimVfs, unlock: Unlock) -> Result<Database, Error> {
    options(disk, 2).unlock(unlock).open(PATH)
}

fn put(db: &Database, key: &str, value: &str) -> Result<(), Error> {
    db.write(|tx| tx.put(key.as_bytes(), value.as_bytes()))
}

fn get(db: &Database, key: &str) -> Option<Vec<u8>> {
    db.read().get(key.as_bytes()).unwrap().map(|value| value.to_vec())
}

fn code(result: Result<Database, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "opened")
}

fn bytes_of(disk: &SimVfs, name: &str) -> Vec<u8> {
    disk.files().into_iter().find(|file| file.file == name).map(|file| file.bytes.to_vec()).unwrap_or_default()
}

fn superblocks(disk: &SimVfs) -> [Superblock; 2] {
    let bytes = bytes_of(disk, PATH);
    [0, SLOT].map(|start| Superblock::decode(&bytes[start..start + SLOT]).unwrap())
}

#[test]
fn keys_are_added_listed_removed_and_rewrapped() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    let recovery = generate_recovery_key(&InsecureSeededEntropy::new(9)).unwrap();
    assert_eq!(db.add_key(keyfile(), KdfProfile::TEST).unwrap(), 1);
    assert_eq!(db.add_key(Unlock::RecoveryKey(recovery.clone()), KdfProfile::TEST).unwrap(), 2);
    assert_eq!(db.add_key(Unlock::Keyless, KdfProfile::TEST).unwrap(), 3);
    let kinds: Vec<_> = db.key_slots().iter().map(|slot| (slot.slot, slot.kind, slot.is_opened)).collect();
    assert_eq!(
        kinds,
        [
            (0, KeySlotKind::Passphrase, true),
            (1, KeySlotKind::Keyfile, false),
            (2, KeySlotKind::RecoveryKey, false),
            (3, KeySlotKind::Keyless, false)
        ]
    );
    assert_eq!(db.key_slots()[0].kdf, Some(KdfProfile::TEST));
    assert_eq!(db.key_slots()[1].kdf, None);
    db.remove_key(3).unwrap();
    db.remove_key(0).unwrap();
    put(&db, "b", "2").unwrap();
    db.rewrap_key(1, passphrase("new"), KdfProfile { passes: 2, ..KdfProfile::TEST }).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    assert_eq!(code(open(&disk, passphrase("old"))), "KEY-WRONG");
    assert_eq!(code(open(&disk, keyfile())), "KEY-NO-SLOT");
    assert_eq!(code(open(&disk, Unlock::Keyless)), "KEY-NO-SLOT");
    for unlock in [passphrase("new"), Unlock::RecoveryKey(recovery)] {
        let db = open(&disk, unlock).unwrap();
        assert_eq!((get(&db, "a"), get(&db, "b")), (Some(b"1".to_vec()), Some(b"2".to_vec())));
    }
    assert_eq!(superblocks(&disk).map(|slot| slot.key_slot_counter), [7, 7]);
}

#[test]
fn a_change_of_keys_is_two_synced_superblocks_and_leaves_commit_log_and_fingerprint_as_they_are() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    let before = superblocks(&disk);
    let chosen = if before[0].slot_generation > before[1].slot_generation { 0 } else { 1 };
    let log = bytes_of(&disk, "keys.tsm-wal");
    let line = db.fingerprint();
    db.add_key(keyfile(), KdfProfile::TEST).unwrap();
    let after = superblocks(&disk);
    assert_eq!(after[chosen].slot_generation, before[chosen].slot_generation + 2);
    assert_eq!(after[chosen].key_slots, after[1 - chosen].key_slots);
    assert_eq!(disk.pending_sectors(), 0);
    assert_eq!(bytes_of(&disk, "keys.tsm-wal"), log);
    let superblock = &after[chosen];
    assert!(superblock.log_expected && superblock.commit == before[chosen].commit);
    assert_eq!(superblock.fingerprint, before[chosen].fingerprint);
    let with_keys = db.fingerprint();
    assert!(with_keys.starts_with(&line) && with_keys[line.len()..].starts_with(" keys 2 "), "{with_keys}");
    put(&db, "b", "2").unwrap();
    drop(db);
    assert_eq!(get(&open(&disk, keyfile()).unwrap(), "b"), Some(b"2".to_vec()));
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_written() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    let before = bytes_of(&disk, PATH);
    let last = db.remove_key(0).unwrap_err();
    assert_eq!(last.code(), "MISUSE");
    assert!(last.to_string().contains("add another key first"), "{last}");
    assert_eq!(db.remove_key(1).unwrap_err().code(), "MISUSE");
    assert_eq!(db.remove_key(8).unwrap_err().code(), "MISUSE");
    assert_eq!(db.rewrap_key(5, keyfile(), KdfProfile::TEST).unwrap_err().code(), "MISUSE");
    assert_eq!(db.add_key(passphrase(""), KdfProfile::TEST).unwrap_err().code(), "MISUSE");
    assert_eq!(db.add_key(Unlock::RecoveryKey("7777".into()), KdfProfile::TEST).unwrap_err().code(), "KEY-WRONG");
    let bomb = KdfProfile { passes: 1000, ..KdfProfile::TEST };
    assert_eq!(db.add_key(passphrase("new"), bomb).unwrap_err().code(), "LIMIT");
    assert_eq!(bytes_of(&disk, PATH), before);
    for slot in 1..8 {
        assert_eq!(db.add_key(Unlock::Keyless, KdfProfile::TEST).unwrap(), slot);
    }
    assert_eq!(db.add_key(keyfile(), KdfProfile::TEST).unwrap_err().code(), "LIMIT");
    drop(db);
    let reader = options(&disk, 2).read_only(true).unlock(passphrase("old")).open(PATH).unwrap();
    assert_eq!(reader.key_slots().len(), 8);
    assert_eq!(reader.remove_key(0).unwrap_err().code(), "READ-ONLY");
}

#[test]
fn a_new_data_key_in_a_new_file_is_opened_by_the_one_key_named_and_by_no_key_slot_of_before() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    db.add_key(keyfile(), KdfProfile::TEST).unwrap();
    let report = db.rekey_to("new.tsm", passphrase("new"), KdfProfile::TEST).unwrap();
    assert_eq!(report.records, 1);
    drop(db);
    let open = |unlock| options(&disk, 5).unlock(unlock).open("new.tsm");
    assert_eq!((code(open(passphrase("old"))), code(open(keyfile()))), ("KEY-WRONG", "KEY-NO-SLOT"));
    let db = open(passphrase("new")).unwrap();
    assert_eq!((db.key_slots().len(), get(&db, "a")), (1, Some(b"1".to_vec())));
    drop(db);
    // A key slot of before, put into the new file with its checksum mended, does not open it: the superblock is under a MAC.
    let (old, mut new) = (bytes_of(&disk, PATH), bytes_of(&disk, "new.tsm"));
    for start in [0, SLOT] {
        new[start + 512..start + 768].copy_from_slice(&old[512..768]);
        let crc = crc32(&new[start..start + 4092]);
        new[start + 4092..start + 4096].copy_from_slice(&crc.to_le_bytes());
    }
    write_file(&disk, "new.tsm", &new);
    assert_ne!(code(open(keyfile())), "opened");
    assert_eq!(code(open(passphrase("new"))), "HDR-FORGED");
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// The workload of a change: what the keys are before and after.
type Work = fn(&Database) -> Result<(), Error>;

const CHANGES: [Work; 3] = [
    |db| db.add_key(passphrase("new"), KdfProfile::TEST).map(drop),
    |db| db.rewrap_key(0, passphrase("new"), KdfProfile::TEST),
    |db| {
        db.add_key(passphrase("new"), KdfProfile::TEST)?;
        db.remove_key(0)
    },
];

/// The file opens with the old key or the new one and holds what it held; no key is ever told for damage.
fn assert_someone_opens(disk: &SimVfs, at: &str) {
    let mut opened = 0;
    for text in ["old", "new"] {
        let disk = SimVfs::from_image(disk.image(), 1);
        match open(&disk, passphrase(text)) {
            Ok(db) => {
                opened += 1;
                assert_eq!(get(&db, "a"), Some(b"1".to_vec()), "{at}");
                // Opening for writing has mended a change that stopped between its two writes.
                let [a, b] = superblocks(&disk);
                assert_eq!((&a.key_slots, a.key_slot_counter), (&b.key_slots, b.key_slot_counter), "{at}");
                put(&db, "c", "3").unwrap();
            }
            Err(error) => assert_eq!(error.code(), "KEY-WRONG", "{at}"),
        }
        let found = AtRest::open(Arc::new(disk.clone()), PATH, Some(&passphrase(text))).unwrap();
        if found.keys().is_ok() {
            let report = verify(&found, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap();
            assert!(report.exit() <= 1, "{at}: {:?}", report.findings);
        }
    }
    assert!(opened > 0, "{at}: no key opens it");
}

#[test]
fn a_crash_anywhere_in_a_change_of_keys_leaves_the_old_keys_or_the_new_ones() {
    let mut states = 0;
    for (number, change) in CHANGES.into_iter().enumerate() {
        for event in [StopEvent::Write, StopEvent::Sync] {
            for when in [StopWhen::Before, StopWhen::After] {
                for nth in 1..20 {
                    let disk = SimVfs::new(nth);
                    let db = create(&disk);
                    disk.stop_at(StopPoint { event, file: StopFile::Any, region: StopRegion::Any, count: nth, when });
                    let done = change(&db);
                    drop(db);
                    if done.is_ok() {
                        break;
                    }
                    let image = disk.image();
                    for plan in plans(&disk) {
                        let disk = SimVfs::from_image(image.clone(), 1);
                        disk.crash(&plan);
                        assert_someone_opens(&disk, &format!("change {number}, {event:?} {nth} {when:?}, {plan:?}"));
                        states += 1;
                    }
                }
            }
        }
    }
    assert!(states > 50, "{states}");
}

/// Everything lost, everything kept, and some of each.
fn plans(disk: &SimVfs) -> Vec<CrashPlan> {
    let sectors = disk.pending_sectors();
    let mut plans = vec![CrashPlan::Lost, CrashPlan::Kept];
    if sectors > 0 {
        plans.extend((1..8).map(CrashPlan::Seeded));
    }
    plans
}

#[test]
fn whichever_disk_call_of_a_change_fails_the_old_keys_or_the_new_ones_open_the_file() {
    let mut faults = 0;
    for (number, change) in CHANGES.into_iter().enumerate() {
        for kind in [FaultKind::Io, FaultKind::NoSpace, FaultKind::Short, FaultKind::Interrupted] {
            for span in [FaultSpan::Once, FaultSpan::Sticky] {
                for nth in 1.. {
                    let disk = SimVfs::new(nth);
                    let db = create(&disk);
                    let first = disk.calls();
                    disk.set_faults(vec![Fault { at_call: first + nth, kind, span }]);
                    let done = change(&db);
                    if disk.calls() < first + nth {
                        break;
                    }
                    if let Err(error) = &done {
                        assert_eq!(error.code(), "KEYS-INDETERMINATE", "{error}");
                        assert_eq!(db.add_key(keyfile(), KdfProfile::TEST).unwrap_err().code(), "POISONED");
                        assert_eq!(put(&db, "x", "y").unwrap_err().code(), "POISONED");
                    }
                    assert_eq!(get(&db, "a"), Some(b"1".to_vec()));
                    drop(db);
                    disk.set_faults(Vec::new());
                    let at = format!("change {number}, call {nth} {kind:?} {span:?}");
                    assert_someone_opens(&disk, &at);
                    disk.crash(&CrashPlan::Lost);
                    assert_someone_opens(&disk, &at);
                    faults += 1;
                }
            }
        }
    }
    assert!(faults > 50, "{faults}");
}

#[test]
fn a_mistyped_recovery_key_is_told_before_any_slot_is_tried() {
    let disk = SimVfs::new(1);
    let db = create(&disk);
    let key = generate_recovery_key(&InsecureSeededEntropy::new(9)).unwrap();
    db.add_key(Unlock::RecoveryKey(key.clone()), KdfProfile::TEST).unwrap();
    drop(db);
    let mut typed = key.expose().to_vec();
    typed[6] = if typed[6] == b'7' { b'8' } else { b'7' };
    let error = open(&disk, Unlock::RecoveryKey(typed.into())).unwrap_err();
    assert_eq!(error.code(), "KEY-WRONG");
    assert!(error.to_string().contains("group 2 looks mistyped"), "{error}");
    let other = generate_recovery_key(&InsecureSeededEntropy::new(10)).unwrap();
    let error = open(&disk, Unlock::RecoveryKey(other)).unwrap_err();
    assert!(error.to_string().contains("does not open the one key slot"), "{error}");
    open(&disk, Unlock::RecoveryKey(key)).unwrap();
}

// Witness files.

fn witnessed(disk: &SimVfs) -> Options {
    options(disk, 3).witness(WITNESS)
}

fn create_witnessed(disk: &SimVfs) -> Database {
    witnessed(disk).create(true).open(PATH).unwrap()
}

fn lines(disk: &SimVfs) -> Vec<String> {
    String::from_utf8(bytes_of(disk, WITNESS)).unwrap().lines().map(str::to_owned).collect()
}

fn write_file(disk: &SimVfs, name: &str, content: &[u8]) {
    let _ = disk.remove(Path::new(name));
    let file = disk.open(Path::new(name), OpenMode::CreateNew).unwrap();
    write_all_at(&*file, 0, content).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(Path::new(name)).unwrap();
}

#[test]
fn a_witness_file_has_a_line_of_every_durable_commit_and_of_every_change_of_keys() {
    let disk = SimVfs::new(1);
    let recorder = Recorder::new();
    let db = witnessed(&disk).create(true).sink(recorder.clone()).open(PATH).unwrap();
    let mut expected = vec![db.fingerprint()];
    for number in 0..3 {
        put(&db, "a", &number.to_string()).unwrap();
        expected.push(db.fingerprint());
    }
    db.add_key(passphrase("new"), KdfProfile::TEST).unwrap();
    expected.push(db.fingerprint());
    db.checkpoint(CheckpointMode::Passive).unwrap();
    expected.push(db.fingerprint());
    assert_eq!(lines(&disk), expected);
    drop(db);
    let db = witnessed(&disk).sink(recorder.clone()).open(PATH).unwrap();
    assert_eq!(lines(&disk), expected, "opening added a line that was there");
    drop(db);
    let events = recorder.events_from(0);
    let named = |name: &str| events.iter().filter(|event| event.name() == name).count();
    assert_eq!((named("witness-created"), named("witness-compared"), named("witness-appended")), (1, 1, 6));
    let of_witness = |event: &&Arc<Event>| matches!(&***event, Event::FileWritten { file, .. } if file == WITNESS);
    assert_eq!(events.iter().filter(of_witness).count(), 0, "a trace tells of the database's own files");
    assert!(witnessed(&disk).read_only(true).open(PATH).is_ok());
}

#[test]
fn of_relaxed_commits_only_those_that_were_synced_are_printed_and_noted() {
    let disk = SimVfs::new(1);
    let db = witnessed(&disk).create(true).durability(Durability::Relaxed).open(PATH).unwrap();
    let first = db.fingerprint();
    put(&db, "a", "1").unwrap();
    assert_eq!((db.fingerprint(), lines(&disk)), (first.clone(), vec![first]));
    db.sync().unwrap();
    let synced = db.fingerprint();
    assert!(synced.contains(" commit 1 "), "{synced}");
    put(&db, "a", "2").unwrap();
    assert_eq!((db.fingerprint(), lines(&disk).last()), (synced.clone(), Some(&synced)));
    db.add_key(keyfile(), KdfProfile::TEST).unwrap();
    assert!(db.fingerprint().contains(" commit 2 ") && lines(&disk).last() == Some(&db.fingerprint()));
    put(&db, "a", "3").unwrap();
    drop(db);
    disk.crash(&CrashPlan::Lost);
    witnessed(&disk).open(PATH).unwrap();
}

#[test]
fn a_reader_compares_and_writes_no_witness_and_nothing_to_compare_with_is_an_error() {
    let disk = SimVfs::new(1);
    drop(options(&disk, 1).create(true).open(PATH).unwrap());
    let error = witnessed(&disk).read_only(true).open(PATH).unwrap_err();
    assert_eq!(error.code(), "IO");
    assert!(error.to_string().contains("no witness file"), "{error}");
    assert!(!disk.exists(Path::new(WITNESS)).unwrap());
    write_file(&disk, WITNESS, b"my diary\n");
    for read_only in [false, true] {
        let error = witnessed(&disk).read_only(read_only).open(PATH).unwrap_err();
        assert!(error.code() == "FRESH-UNANCHORED" && error.to_string().contains("no witness file"), "{error}");
    }
    assert_eq!(bytes_of(&disk, WITNESS), b"my diary\n");
}

#[test]
fn a_witness_that_its_disk_has_damaged_is_named_with_what_to_do_and_that_helps() {
    let disk = SimVfs::new(1);
    let db = create_witnessed(&disk);
    put(&db, "a", "1").unwrap();
    drop(db);
    let before = disk.files();
    let length = bytes_of(&disk, WITNESS).len();
    // Its only sector was being written when the power went, and holds junk.
    disk.tamper(WITNESS, 0, &vec![0xa5; length]).unwrap();
    for read_only in [true, false] {
        let error = witnessed(&disk).read_only(read_only).open(PATH).unwrap_err();
        let Error::Damage(finding) = &error else { panic!("{error:?}") };
        assert_eq!((error.code(), finding.file.as_deref()), ("FRESH-UNANCHORED", Some(WITNESS)));
        assert!(finding.next.as_ref().is_some_and(|next| next.contains("take it away")), "{finding:?}");
        assert_eq!(tosumu::read_witness(&disk, Path::new(WITNESS)).unwrap_err().code(), "FRESH-UNANCHORED");
    }
    let of = |name: &str| before.iter().find(|file| file.file == name).unwrap().bytes.to_vec();
    assert_eq!(bytes_of(&disk, PATH), of(PATH), "the database was not touched");
    // Or it does not read at all: it is the first file that is read.
    disk.set_faults(vec![Fault { at_call: disk.calls() + 1, kind: FaultKind::Io, span: FaultSpan::Once }]);
    let error = witnessed(&disk).open(PATH).unwrap_err();
    assert!(error.code() == "FILE-READ-ERROR" && error.to_string().contains("begins a new one"), "{error}");
    disk.set_faults(Vec::new());
    // What it says to do is what helps.
    disk.remove(Path::new(WITNESS)).unwrap();
    let db = witnessed(&disk).open(PATH).unwrap();
    assert_eq!(lines(&disk), [db.fingerprint()]);
}

/// A history with a state of every sort; what was put back of it, and what the witness says of that.
#[test]
fn whatever_older_part_of_a_database_is_put_back_its_witness_tells() {
    let disk = SimVfs::new(1);
    let keep = |disk: &SimVfs| (bytes_of(disk, PATH), bytes_of(disk, "keys.tsm-wal"));
    let db = create_witnessed(&disk);
    put(&db, "a", "1").unwrap();
    let first = keep(&disk);
    put(&db, "a", "2").unwrap();
    let second = keep(&disk);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let folded = keep(&disk);
    put(&db, "a", "3").unwrap();
    let before_keys = keep(&disk);
    db.add_key(passphrase("new"), KdfProfile::TEST).unwrap();
    let with_keys = keep(&disk);
    put(&db, "a", "4").unwrap();
    let newest = keep(&disk);
    drop(db);
    let cut = (newest.0.clone(), with_keys.1.clone());
    let none: Vec<u8> = Vec::new();
    let table: [(&str, &Vec<u8>, &Vec<u8>, &str); 11] = [
        ("nothing", &newest.0, &newest.1, "opened"),
        ("the whole set of the first commit", &first.0, &first.1, "FRESH-ROLLBACK"),
        ("the whole set of the second commit", &second.0, &second.1, "FRESH-ROLLBACK"),
        ("the whole set of the checkpoint", &folded.0, &none, "FRESH-ROLLBACK"),
        ("the whole set before the change of keys", &before_keys.0, &before_keys.1, "FRESH-ROLLBACK"),
        ("the log cut at the commit before", &cut.0, &cut.1, "FRESH-ROLLBACK"),
        ("the page file copied without its log", &newest.0, &none, "LOG-MISSING"),
        ("the log of before the checkpoint", &newest.0, &second.1, "LOG-MISSING"),
        ("the page file of before the checkpoint", &second.0, &newest.1, "FRESH-MAIN-OLDER"),
        ("the page file of the first commit without its log", &first.0, &none, "LOG-MISSING"),
        ("the key slots of before, under the newest log", &before_keys.0, &newest.1, "FRESH-ROLLBACK"),
    ];
    for (what, pages, log, expected) in table {
        for read_only in [true, false] {
            let disk = SimVfs::from_image(disk.image(), 1);
            write_file(&disk, PATH, pages);
            write_file(&disk, "keys.tsm-wal", log);
            let before = (keep(&disk), lines(&disk));
            let opened = witnessed(&disk).read_only(read_only).open(PATH);
            assert_eq!(code(opened), expected, "{what} was put back");
            if expected != "opened" {
                assert_eq!((keep(&disk), lines(&disk)), before, "{what}: a stop changed a file");
            }
        }
    }
    let error = {
        write_file(&disk, PATH, &before_keys.0);
        witnessed(&disk).open(PATH).unwrap_err().to_string()
    };
    assert!(error.contains("The key slots were put back"), "{error}");
}

#[test]
fn two_copies_that_were_written_to_and_another_database_are_told() {
    let disk = SimVfs::new(1);
    let db = create_witnessed(&disk);
    put(&db, "a", "1").unwrap();
    drop(db);
    let copy = SimVfs::from_image(disk.image(), 1);
    let db = witnessed(&disk).open(PATH).unwrap();
    put(&db, "a", "2").unwrap();
    drop(db);
    let db = options(&copy, 8).open(PATH).unwrap();
    put(&db, "a", "other").unwrap();
    drop(db);
    write_file(&copy, WITNESS, &bytes_of(&disk, WITNESS));
    assert_eq!(code(witnessed(&copy).open(PATH)), "FRESH-FORK");
    let keyed = SimVfs::from_image(disk.image(), 1);
    for (disk, key) in [(&disk, "one"), (&keyed, "two")] {
        let seed = u64::from(key == "two") + 20;
        let db = options(disk, seed).open(PATH).unwrap();
        db.add_key(passphrase(key), KdfProfile::TEST).unwrap();
    }
    drop(witnessed(&disk).open(PATH).unwrap());
    write_file(&keyed, WITNESS, &bytes_of(&disk, WITNESS));
    let error = witnessed(&keyed).open(PATH).unwrap_err();
    assert!(error.code() == "FRESH-FORK" && error.to_string().contains("key slots are not those"), "{error}");
    let other = SimVfs::new(2);
    drop(options(&other, 99).create(true).open(PATH).unwrap());
    write_file(&other, WITNESS, &bytes_of(&disk, WITNESS));
    let error = witnessed(&other).open(PATH).unwrap_err();
    assert!(error.code() == "FRESH-FORK" && error.to_string().contains("another database"), "{error}");
}

#[test]
fn a_torn_line_is_passed_over_and_mended_and_a_long_file_is_cut_to_its_newest_lines() {
    let disk = SimVfs::new(1);
    let db = create_witnessed(&disk);
    put(&db, "a", "1").unwrap();
    drop(db);
    let whole = bytes_of(&disk, WITNESS);
    for torn in [&b"db 7f3k commit 99"[..], b"\0\0\0\0", b"db zz\n", &[0xff; 600]] {
        write_file(&disk, WITNESS, &[&whole[..], torn].concat());
        assert!(witnessed(&disk).read_only(true).open(PATH).is_ok());
        let db = witnessed(&disk).open(PATH).unwrap();
        put(&db, "a", "2").unwrap();
        let found = lines(&disk);
        assert!(found.iter().all(|line| parse_fingerprint(line).is_some()), "{found:?}");
        assert_eq!(found.last(), Some(&db.fingerprint()));
    }
    let line = lines(&disk)[0].clone();
    let count = (1 << 20) / (line.len() + 1);
    let newest = lines(&disk).last().unwrap().clone();
    write_file(&disk, WITNESS, format!("{}{newest}\n", format!("{line}\n").repeat(count + 1)).as_bytes());
    let db = witnessed(&disk).open(PATH).unwrap();
    put(&db, "a", "3").unwrap();
    let length = bytes_of(&disk, WITNESS).len();
    assert!(length <= 1 << 19 | 100, "{length}");
    assert_eq!(lines(&disk).last(), Some(&db.fingerprint()));
    assert!(lines(&disk).contains(&newest));
}

/// Commits, changes of keys and a checkpoint in two lives, each noted.
fn witnessed_life(disk: &SimVfs, durability: Durability) -> Result<(), Error> {
    for life in 0..2u64 {
        let entropy = Arc::new(InsecureSeededEntropy::new(40 + life));
        let db = witnessed(disk).entropy(entropy).durability(durability).create(true).open(PATH)?;
        put(&db, "a", "1")?;
        db.add_key(keyfile(), KdfProfile::TEST)?;
        put(&db, "b", "2")?;
        db.checkpoint(CheckpointMode::Passive)?;
        put(&db, "c", "3")?;
    }
    Ok(())
}

#[test]
fn no_crash_anywhere_makes_a_witness_raise_a_false_alarm() {
    let mut states = 0;
    let full_or_relaxed = [Durability::Full, Durability::Relaxed];
    for (durability, event) in full_or_relaxed.into_iter().flat_map(|d| [(d, StopEvent::Write), (d, StopEvent::Sync)]) {
        for when in [StopWhen::Before, StopWhen::After] {
            for nth in 1.. {
                let disk = SimVfs::new(nth);
                disk.stop_at(StopPoint { event, file: StopFile::Any, region: StopRegion::Any, count: nth, when });
                if witnessed_life(&disk, durability).is_ok() {
                    break;
                }
                let image = disk.image();
                for plan in plans(&disk) {
                    let disk = SimVfs::from_image(image.clone(), 1);
                    disk.crash(&plan);
                    let at = format!("{durability:?}, {event:?} {nth} {when:?}, {plan:?}");
                    if !disk.exists(Path::new(PATH)).unwrap() {
                        continue;
                    }
                    for read_only in [true, false] {
                        if read_only && bytes_of(&disk, WITNESS).is_empty() {
                            continue;
                        }
                        if let Err(error) = witnessed(&disk).read_only(read_only).open(PATH) {
                            panic!("{at}: {error}");
                        }
                    }
                    witnessed_life(&disk, durability).unwrap();
                    states += 1;
                }
            }
        }
    }
    assert!(states > 200, "{states}");
}

#[test]
fn whichever_call_on_the_witness_fails_no_commit_does_and_no_false_alarm_follows() {
    let mut told = BTreeMap::new();
    for kind in [FaultKind::Io, FaultKind::NoSpace, FaultKind::Short] {
        for nth in 1.. {
            let disk = SimVfs::new(nth);
            let db = create_witnessed(&disk);
            put(&db, "a", "1").unwrap();
            let first = disk.calls();
            disk.set_faults(vec![Fault { at_call: first + nth, kind, span: FaultSpan::Once }]);
            let made = put(&db, "a", "2");
            if disk.calls() < first + nth {
                break;
            }
            // Other calls than the witness's may fail the commit.
            if made.is_ok() && db.witness_failure().is_some() {
                *told.entry(format!("{kind:?}")).or_insert(0) += 1;
                put(&db, "a", "3").unwrap();
                assert_eq!(db.witness_failure(), None);
                assert_eq!(lines(&disk).last(), Some(&db.fingerprint()));
            }
            drop(db);
            disk.set_faults(Vec::new());
            for disk in [SimVfs::from_image(disk.image(), 1), {
                disk.crash(&CrashPlan::Lost);
                disk
            }] {
                if let Err(error) = witnessed(&disk).open(PATH) {
                    panic!("{kind:?} {nth}: {error}");
                }
            }
        }
    }
    assert!(told.len() >= 2, "{told:?}");
}

#[test]
fn a_change_of_keys_after_relaxed_commits_leaves_a_superblock_that_expects_their_log() {
    let disk = SimVfs::new(1);
    let relaxed = options(&disk, 1).durability(Durability::Relaxed).create(true).unlock(passphrase("old"));
    let db = relaxed.open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    db.add_key(keyfile(), KdfProfile::TEST).unwrap();
    drop(db);
    assert!(
        superblocks(&disk).iter().all(|slot| slot.log_expected),
        "a durable commit stands in a log that may go missing"
    );
    disk.remove(Path::new(&format!("{PATH}-wal"))).unwrap();
    assert_eq!(code(open(&disk, keyfile())), "LOG-MISSING");
}
