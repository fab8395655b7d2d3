//! Damage of every kind, done to sound files from outside: `verify` names it, and nobody is ever given a wrong value.

mod common;

use common::files::{Files, disk_of, files_of};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tosumu::crypto::{InsecureSeededEntropy, parse_fingerprint};
use tosumu::inspect::AtRest;
use tosumu::trace::{Event, Recorder, Tracer};
use tosumu::types::PagePointer;
use tosumu::verify::{Level, Report, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, SimVfs, StopEvent, StopFile, StopPoint, StopRegion, StopWhen};
use tosumu::{
    AutoCheckpoint, CheckpointMode, Code, Database, Error, KdfProfile, Options, PageNo, PageSize, Severity, Unlock,
};

const PATH: &str = "v.tsm";
const LOG: &str = "v.tsm-wal";
const PAGES_START: usize = 8192;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn options(disk: &SimVfs, page_size: PageSize) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(7)))
        .page_size(page_size)
        .checkpoints(AutoCheckpoint::Inline)
        .create(true)
}

fn record(number: usize) -> (Vec<u8>, Vec<u8>) {
    (format!("k{number:05}").into_bytes(), format!("value {number:034}").into_bytes())
}

fn put(db: &Database, model: &mut Model, numbers: std::ops::Range<usize>) {
    db.write(|tx| {
        for (key, value) in numbers.map(record) {
            tx.put(&key, &value)?;
            model.insert(key, value);
        }
        Ok(())
    })
    .unwrap();
}

/// A checkpointed file of about 200 pages of 512 bytes.
fn checkpointed(page_size: PageSize, records: usize) -> (Files, Model) {
    let disk = SimVfs::new(1);
    let mut model = Model::new();
    let db = options(&disk, page_size).open(PATH).unwrap();
    put(&db, &mut model, 0..records);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    (files_of(&disk), model)
}

fn small() -> (Files, Model) {
    checkpointed(PageSize::TOY, 1150)
}

/// Three commits in the log, none checkpointed.
fn logged() -> (Files, Model) {
    let disk = SimVfs::new(1);
    let mut model = Model::new();
    let db = options(&disk, PageSize::TOY).open(PATH).unwrap();
    for start in [0, 30, 60] {
        put(&db, &mut model, start..start + 30);
    }
    drop(db);
    (files_of(&disk), model)
}

fn at_rest(files: &Files) -> AtRest {
    AtRest::open(Arc::new(disk_of(files)), PATH, None).unwrap()
}

fn verified(files: &Files, level: Level) -> Report {
    verify(&at_rest(files), &VerifyOptions { level, ..VerifyOptions::default() }).unwrap()
}

fn seal(files: &Files) -> Report {
    verified(files, Level::Seal)
}

fn codes(report: &Report) -> Vec<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

fn pages_named(report: &Report) -> Vec<u32> {
    report.findings.iter().filter_map(|finding| finding.page).map(|page| page.0).collect()
}

fn page_span(page: u32, page_size: PageSize) -> std::ops::Range<usize> {
    let start = PAGES_START + (page as usize - 1) * page_size.bytes();
    start..start + page_size.bytes()
}

fn flip(files: &Files, file: &str, offset: usize) -> Files {
    let mut files = files.clone();
    files.get_mut(file).unwrap()[offset] ^= 0x10;
    files
}

/// Opens read-only and reads every key by get and by scan: each answer is right or an error. Returns how many were right.
fn right_or_error(files: &Files, model: &Model) -> Option<usize> {
    let db = match options(&disk_of(files), PageSize::TOY).create(false).read_only(true).open(PATH) {
        Ok(db) => db,
        Err(_) => return None,
    };
    let snapshot = db.read();
    let mut right = 0;
    for (key, value) in model {
        match snapshot.get(key) {
            Ok(found) => {
                assert_eq!(found.as_deref(), Some(&value[..]), "get gave a wrong answer");
                right += 1;
            }
            Err(error) => assert!(matches!(error, Error::Damage(_)), "{error}"),
        }
    }
    let mut expected = model.iter();
    for found in snapshot.range::<[u8]>(..) {
        let Ok(found) = found else { return Some(right) };
        let (key, value) = expected.next().expect("scan gave more than there is");
        assert_eq!((found.key(), found.value()), (&key[..], &value[..]), "scan gave a wrong record");
    }
    assert!(expected.next().is_none(), "scan ended early without an error");
    Some(right)
}

#[test]
fn a_sound_file_is_sound_at_every_level() {
    for (files, model) in [small(), logged(), checkpointed(PageSize::DEFAULT, 300)] {
        for level in [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let report = verified(&files, level);
            assert_eq!(report.exit(), 0, "{level}: {:?}", report.findings);
            assert!(report.findings.iter().all(|finding| finding.severity == Severity::Info), "{level}");
        }
        assert!(seal(&files).findings.is_empty());
        let deep = verified(&files, Level::Deep);
        assert_eq!(deep.pages_checked, deep.pages_total);
        assert_eq!(codes(&deep), [Code::FreshUnanchored]);
        assert_eq!(right_or_error(&files, &model), Some(model.len()));
    }
}

#[test]
fn what_was_not_checked_is_never_listed_as_checked() {
    let (files, _) = small();
    for level in [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
        let report = verified(&files, level);
        for (name, first) in [
            ("pages (seals)", Level::Seal),
            ("page authenticity", Level::Auth),
            ("key order and accounting", Level::Deep),
            ("freshness", Level::Anchored),
        ] {
            let check = report.check(name).unwrap();
            assert_eq!(check.ran, level >= first, "{name} at {level}");
            assert_eq!(check.why_not.is_some(), !check.ran);
        }
        for name in ["superblocks", "key slots", "log", "file length"] {
            assert!(report.check(name).unwrap().ran);
        }
    }
}

#[test]
fn a_flip_of_any_byte_of_any_leaf_is_found_there_and_nowhere_else() {
    let (files, model) = small();
    let tree = at_rest(&files).tree().unwrap();
    assert!(tree.nodes.len() > 180, "{} pages", tree.nodes.len());
    let leaves: Vec<u32> = tree.nodes.iter().filter(|node| node.level == Some(0)).map(|node| node.page.0).collect();
    for (byte, first) in (0..512).flat_map(|byte| [(byte, 0), (byte, 1)]) {
        // Every second leaf at once: a bad page must not taint its neighbours.
        let mut damaged = files.clone();
        let hit: Vec<u32> = leaves.iter().copied().skip(first).step_by(2).collect();
        for &page in &hit {
            damaged.get_mut(PATH).unwrap()[page_span(page, PageSize::TOY).start + byte] ^= 1 << (byte % 8);
        }
        let report = seal(&damaged);
        assert_eq!(report.exit(), 2);
        assert_eq!(pages_named(&report), hit, "byte {byte}");
        assert!(codes(&report).iter().all(|&code| code == Code::PageUnauthentic), "byte {byte}: {:?}", codes(&report));
        if byte % 16 < 2 {
            let right = right_or_error(&damaged, &model).unwrap();
            assert!(right > 0 && right < model.len());
        }
    }
}

#[test]
fn a_flip_of_any_byte_of_any_page_is_named_with_its_place() {
    let (files, model) = small();
    let tree = at_rest(&files).tree().unwrap();
    for (index, node) in tree.nodes.iter().enumerate() {
        let span = page_span(node.page.0, PageSize::TOY);
        let is_leaf = node.level == Some(0);
        // Leaves byte by byte are the test above; here each branch byte by byte, each leaf in a few places.
        for byte in (0..512).step_by(if is_leaf { 171 } else { 1 }) {
            let damaged = flip(&files, PATH, span.start + byte);
            let report = seal(&damaged);
            assert_eq!(report.exit(), 2, "page {} byte {byte}", node.page);
            assert_eq!(pages_named(&report), [node.page.0], "byte {byte}");
            let finding = &report.findings[0];
            assert_eq!(finding.byte_start, Some(span.start as u64));
            assert_eq!(finding.byte_end, Some(span.end as u64));
            assert_eq!(finding.file.as_deref(), Some(PATH));
            assert_eq!(finding.path.as_deref(), Some(&*tree.path(index)));
            assert!(finding.expected.is_some() && finding.found.is_some());
            assert!(finding.lost.is_some() && finding.next.is_some());
        }
        right_or_error(&flip(&files, PATH, span.start + 200), &model);
    }
}

#[test]
fn a_flip_in_a_page_of_4096_bytes_is_named() {
    let (files, model) = checkpointed(PageSize::DEFAULT, 300);
    let pages = at_rest(&files).page_count().unwrap();
    assert!((3..12).contains(&pages));
    for page in 1..=pages {
        for byte in (0..4096).step_by(61) {
            let damaged = flip(&files, PATH, page_span(page, PageSize::DEFAULT).start + byte);
            let report = seal(&damaged);
            assert_eq!((report.exit(), pages_named(&report)), (2, vec![page]));
            if byte % 7 == 0 {
                right_or_error(&damaged, &model);
            }
        }
    }
}

#[test]
fn two_pages_swapped_are_both_misplaced() {
    let (mut files, model) = small();
    let leaves: Vec<u32> = leaves_of(&files);
    let (one, other) = (leaves[3], leaves[9]);
    let bytes = files.get_mut(PATH).unwrap();
    let (a, b) = (page_span(one, PageSize::TOY), page_span(other, PageSize::TOY));
    let (first, second) = (bytes[a.clone()].to_vec(), bytes[b.clone()].to_vec());
    bytes[a].copy_from_slice(&second);
    bytes[b].copy_from_slice(&first);
    let report = seal(&files);
    assert_eq!(codes(&report), [Code::PageMisplaced; 2]);
    assert_eq!(pages_named(&report), [one, other]);
    assert_eq!(verified(&files, Level::Auth).exit(), 2);
    assert_eq!(verified(&files, Level::Scan).exit(), 2);
    right_or_error(&files, &model).unwrap();
}

fn leaves_of(files: &Files) -> Vec<u32> {
    let tree = at_rest(files).tree().unwrap();
    tree.nodes.iter().filter(|node| node.level == Some(0)).map(|node| node.page.0).collect()
}

/// The same store at two checkpoints; every second record has another value in the second.
fn two_times() -> (Files, Files, Model) {
    let disk = SimVfs::new(1);
    let mut model = Model::new();
    let db = options(&disk, PageSize::TOY).open(PATH).unwrap();
    put(&db, &mut model, 0..600);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let old = files_of(&disk);
    db.write(|tx| {
        for (key, value) in model.iter_mut().step_by(2) {
            value[0] = b'V';
            tx.put(key, value)?;
        }
        Ok(())
    })
    .unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    (old, files_of(&disk), model)
}

fn put_back(files: &mut Files, old: &Files, page: u32) {
    let span = page_span(page, PageSize::TOY);
    files.get_mut(PATH).unwrap()[span.clone()].copy_from_slice(&old[PATH][span]);
}

#[test]
fn one_page_rolled_back_is_stale_and_the_finding_says_which_keys() {
    let (old, new, model) = two_times();
    let page = leaves_of(&new)[5];
    let mut files = new.clone();
    put_back(&mut files, &old, page);
    let report = seal(&files);
    assert_eq!((codes(&report), pages_named(&report)), (vec![Code::PageStale], vec![page]));
    let finding = &report.findings[0];
    let tree = at_rest(&new).tree().unwrap();
    let node = tree.nodes.iter().find(|node| node.page.0 == page).unwrap();
    let (lower, upper) = (node.lower.clone().unwrap(), node.upper.clone().unwrap());
    let lost = finding.lost.as_deref().unwrap();
    assert!(lost.contains(&format!("keys {lower} up to (not including) {upper} after commit 1")), "{lost}");
    let next = finding.next.as_deref().unwrap();
    assert!(next.contains(&format!("`tosumu scan v.tsm --to {lower}`")), "{next}");
    assert!(next.contains(&format!("`tosumu scan v.tsm --from {upper}`")), "{next}");
    // An old page is authentic: only the seal in its parent tells.
    assert_eq!(verified(&files, Level::Auth).exit(), 0);
    let lost_here = model.len() - right_or_error(&files, &model).unwrap();
    assert!(lost_here > 0 && lost_here < 10);
}

#[test]
fn a_leaf_rolled_back_with_its_parents_up_to_the_root_is_found_by_verify_and_by_the_first_get() {
    let (old, new, model) = two_times();
    let tree = at_rest(&new).tree().unwrap();
    let mut index = tree.nodes.iter().position(|node| node.level == Some(0)).unwrap();
    let mut files = new.clone();
    let mut pages = vec![];
    loop {
        put_back(&mut files, &old, tree.nodes[index].page.0);
        pages.push(tree.nodes[index].page.0);
        match tree.nodes[index].parent {
            Some((above, _)) => index = above,
            None => break,
        }
    }
    assert!(pages.len() >= 3);
    let report = seal(&files);
    assert_eq!((report.exit(), codes(&report)), (2, vec![Code::PageStale]));
    assert_eq!(pages_named(&report), [tree.nodes[0].page.0]);
    let db = options(&disk_of(&files), PageSize::TOY).create(false).open(PATH).unwrap();
    let error = db.read().get(model.keys().next().unwrap()).unwrap_err();
    assert_eq!(error.code(), "PAGE-STALE");
}

#[test]
fn a_page_of_zeros_is_told() {
    let (mut files, _) = small();
    let page = leaves_of(&files)[2];
    files.get_mut(PATH).unwrap()[page_span(page, PageSize::TOY)].fill(0);
    for level in [Level::Scan, Level::Auth, Level::Seal] {
        let report = verified(&files, level);
        assert_eq!((codes(&report), pages_named(&report)), (vec![Code::PageZero], vec![page]), "{level}");
    }
}

#[test]
fn a_flip_of_any_byte_of_either_superblock_is_never_missed_and_never_believed() {
    for (files, model) in [checkpointed(PageSize::TOY, 40), logged()] {
        let newest = usize::from(at_rest(&files).chosen().unwrap().slot);
        for offset in 0..PAGES_START {
            let damaged = flip(&files, PATH, offset);
            let report = seal(&damaged);
            assert_ne!(report.exit(), 0, "byte {offset}: {:?}", report.findings);
            if offset / 4096 != newest {
                assert_eq!(report.exit(), 1, "byte {offset} of the spare: {:?}", report.findings);
                assert_eq!(codes(&report), [Code::HdrCrc]);
            }
            if offset % 16 == 3 {
                match right_or_error(&damaged, &model) {
                    Some(right) => assert_eq!(right, model.len(), "byte {offset}"),
                    None => assert_ne!(report.exit(), 1, "byte {offset}: refused to open, verified with warnings"),
                }
            }
        }
    }
}

#[test]
fn a_superblock_with_its_checksum_mended_is_forged() {
    let (files, model) = small();
    for slot in 0..2 {
        let mut damaged = files.clone();
        let bytes = &mut damaged.get_mut(PATH).unwrap()[slot * 4096..(slot + 1) * 4096];
        bytes[152] ^= 1;
        let crc = crc32(&bytes[..4092]);
        bytes[4092..].copy_from_slice(&crc.to_le_bytes());
        let report = seal(&damaged);
        assert_eq!((report.exit(), codes(&report)), (2, vec![Code::HdrForged]), "slot {slot}");
        assert_eq!(right_or_error(&damaged, &model), None);
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

#[test]
fn a_torn_tail_is_info() {
    let (files, _) = logged();
    let scan_end = at_rest(&files).log().scan.as_ref().unwrap().commits[1].end as usize;
    let mut torn = 0;
    for length in (scan_end..files[LOG].len()).step_by(97) {
        let mut damaged = files.clone();
        damaged.get_mut(LOG).unwrap().truncate(length);
        let report = seal(&damaged);
        assert_eq!(report.exit(), 0, "{:?}", report.findings);
        assert!(report.findings.iter().all(|finding| finding.code == Code::LogTornTail));
        torn += report.findings.len();
    }
    assert!(torn > 10);
}

#[test]
fn no_flip_anywhere_in_the_log_goes_without_a_finding() {
    let (files, _) = logged();
    assert!(codes(&seal(&files)).is_empty());
    for offset in 0..files[LOG].len() {
        let found = codes(&seal(&flip(&files, LOG, offset)));
        assert!(!found.is_empty(), "the flip of byte {offset} was not noticed");
    }
}

#[test]
fn a_flip_in_the_committed_middle_of_the_log_is_rot() {
    let (files, model) = logged();
    let middle = at_rest(&files).log().scan.as_ref().unwrap().commits[1].end as usize;
    let mut rot = 0;
    for offset in (512..middle).step_by(13) {
        let damaged = flip(&files, LOG, offset);
        let report = seal(&damaged);
        assert_eq!(report.exit(), 2, "byte {offset}: {:?}", report.findings);
        assert!(
            matches!(report.findings[0].code, Code::LogRot | Code::LogRecord),
            "byte {offset}: {:?}",
            codes(&report)
        );
        rot += usize::from(report.findings[0].code == Code::LogRot);
        assert_eq!(right_or_error(&damaged, &model), None, "byte {offset}");
        assert_eq!(verified(&damaged, Level::Scan).exit() == 2, report.findings[0].code == Code::LogRot);
    }
    assert!(rot > 100);
}

#[test]
fn any_flip_in_the_log_gives_right_values_or_an_error() {
    let (files, model) = logged();
    let last = at_rest(&files).log().scan.as_ref().unwrap().commits[1].end as usize;
    for offset in (0..files[LOG].len()).step_by(29) {
        let damaged = flip(&files, LOG, offset);
        let report = seal(&damaged);
        if offset < last {
            assert_eq!(report.exit(), 2, "byte {offset}: {:?}", report.findings);
        }
        // A commit whose record nothing behind it vouches for reads as one that was never finished: a prefix is left.
        if let Ok(db) = options(&disk_of(&damaged), PageSize::TOY).create(false).read_only(true).open(PATH) {
            for record in db.read().range::<[u8]>(..) {
                let record = record.unwrap();
                assert_eq!(model.get(record.key()).map(|value| &value[..]), Some(record.value()));
            }
        }
    }
}

#[test]
fn a_log_that_is_missing_foreign_or_of_another_time_is_told_apart() {
    let (files, _) = logged();
    let mut missing = files.clone();
    missing.remove(LOG);
    assert_eq!((seal(&missing).exit(), codes(&seal(&missing))), (2, vec![Code::LogMissing]));

    let other = SimVfs::new(2);
    let db = options(&other, PageSize::TOY).entropy(Arc::new(InsecureSeededEntropy::new(99))).open(PATH).unwrap();
    put(&db, &mut Model::new(), 0..5);
    drop(db);
    let mut foreign = files.clone();
    foreign.insert(LOG.to_owned(), files_of(&other)[LOG].clone());
    for level in [Level::Identify, Level::Seal] {
        let report = verified(&foreign, level);
        assert_eq!((report.exit(), codes(&report)), (2, vec![Code::LogForeign]));
    }

    let (old, new, _) = two_times();
    let disk = disk_of(&new);
    let db = options(&disk, PageSize::TOY).open(PATH).unwrap();
    put(&db, &mut Model::new(), 700..705);
    drop(db);
    let mut main_older = old.clone();
    main_older.insert(LOG.to_owned(), files_of(&disk)[LOG].clone());
    let report = seal(&main_older);
    assert_eq!((report.exit(), codes(&report)), (2, vec![Code::FreshMainOlder]));
    assert_eq!(codes(&verified(&main_older, Level::Identify)), [Code::FreshMainOlder]);
}

#[test]
fn a_log_folded_already_is_info() {
    let (logged_files, model) = logged();
    let disk = disk_of(&logged_files);
    let db = options(&disk, PageSize::TOY).open(PATH).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    let mut files = files_of(&disk);
    files.insert(LOG.to_owned(), logged_files[LOG].clone());
    let report = seal(&files);
    assert_eq!((report.exit(), codes(&report)), (0, vec![Code::LogStale]));
    assert_eq!(right_or_error(&files, &model), Some(model.len()));
}

#[test]
fn a_page_damaged_in_the_page_file_is_no_error_while_the_log_vouches_for_it() {
    let (files, model) = logged();
    for offset in PAGES_START..files[PATH].len() {
        let damaged = flip(&files, PATH, offset);
        assert_eq!(seal(&damaged).exit(), 0);
    }
    let damaged = flip(&files, PATH, PAGES_START + 100);
    assert_eq!(right_or_error(&damaged, &model), Some(model.len()));
}

#[test]
fn a_page_file_cut_short_anywhere_is_found() {
    let (files, model) = small();
    let length = files[PATH].len();
    for cut in (0..length).step_by(997).chain([4096, 8192, 8193, length - 512, length - 1]) {
        let mut damaged = files.clone();
        damaged.get_mut(PATH).unwrap().truncate(cut);
        for level in [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let report = verified(&damaged, level);
            assert_eq!(report.exit(), 2, "cut at {cut}, {level}: {:?}", report.findings);
        }
        if cut >= 8192 {
            let report = seal(&damaged);
            assert!(codes(&report).iter().all(|&code| code == Code::FileTruncated), "{:?}", codes(&report));
        }
        right_or_error(&damaged, &model);
    }
}

#[test]
fn bytes_behind_the_last_page_are_told() {
    let (files, _) = small();
    for (more, code, exit) in [(512, Code::FileTail, 0), (100, Code::FileNotMultiple, 1)] {
        let mut longer = files.clone();
        longer.get_mut(PATH).unwrap().extend(vec![7; more]);
        let report = seal(&longer);
        assert_eq!((codes(&report), report.exit()), (vec![code], exit));
    }
}

#[test]
fn the_wrong_key_is_no_verdict() {
    let disk = SimVfs::new(1);
    let passphrase = |text: &str| Unlock::Passphrase(text.into());
    let db = options(&disk, PageSize::TOY).unlock(passphrase("right")).kdf(KdfProfile::TEST).open(PATH).unwrap();
    put(&db, &mut Model::new(), 0..100);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    let report = |unlock: Option<&Unlock>, level| {
        let file = AtRest::open(Arc::new(disk.clone()), PATH, unlock).unwrap();
        verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap()
    };
    let right = report(Some(&passphrase("right")), Level::Seal);
    assert_eq!((right.exit(), codes(&right)), (0, vec![Code::KdfWeak]), "the test profile is told, and was asked for");
    let wrong = report(Some(&passphrase("wrong")), Level::Seal);
    assert_eq!((wrong.exit(), codes(&wrong)), (3, vec![Code::KeyWrong, Code::KdfWeak]));
    let none = report(None, Level::Seal);
    assert_eq!((none.exit(), codes(&none)), (3, vec![Code::KeyNoSlot, Code::KdfWeak]));
    for report in [&wrong, &none] {
        for name in ["log", "pages (seals)", "page authenticity", "file length"] {
            assert!(!report.check(name).unwrap().ran, "{name}");
        }
    }
    // What needs no key is judged without one.
    assert_eq!(report(None, Level::Scan).exit(), 0);
}

#[test]
fn a_file_that_is_not_ours_opens_and_is_refused() {
    for bytes in [b"".to_vec(), b"SQLite format 3\0".to_vec(), vec![0; 20_000], vec![0xff; 9000]] {
        let files = Files::from([(PATH.to_owned(), bytes.clone())]);
        let file = at_rest(&files);
        assert_eq!(file.file_bytes(0, 4).unwrap(), &bytes[..bytes.len().min(4)]);
        assert!(file.tree().is_err() && file.page_count().is_none() && file.sealed_page(PageNo(1)).is_err());
        for level in [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let report = verified(&files, level);
            assert_eq!((report.exit(), codes(&report)), (2, vec![Code::HdrMagic]));
            assert!(!report.check("pages (seals)").unwrap().ran);
        }
    }
    let missing = AtRest::open(Arc::new(SimVfs::new(1)), PATH, None);
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

#[test]
fn an_anchor_tells_an_older_file_and_another_history() {
    let disk = SimVfs::new(1);
    let mut model = Model::new();
    let db = options(&disk, PageSize::TOY).open(PATH).unwrap();
    put(&db, &mut model, 0..10);
    let old = files_of(&disk);
    let old_line = db.fingerprint();
    put(&db, &mut model, 10..20);
    let new_line = db.fingerprint();
    drop(db);
    let new = files_of(&disk);
    let anchored = |files: &Files, line: &str| {
        let options = VerifyOptions {
            level: Level::Anchored,
            anchor: Some(parse_fingerprint(line).unwrap()),
            ..VerifyOptions::default()
        };
        verify(&at_rest(files), &options).unwrap()
    };
    assert!(anchored(&new, &new_line).findings.is_empty());
    assert!(anchored(&new, &old_line).findings.is_empty());
    let rolled_back = anchored(&old, &new_line);
    assert_eq!((rolled_back.exit(), codes(&rolled_back)), (2, vec![Code::FreshRollback]));

    let fork_disk = disk_of(&old);
    let fork = options(&fork_disk, PageSize::TOY).entropy(Arc::new(InsecureSeededEntropy::new(5))).open(PATH).unwrap();
    put(&fork, &mut model, 10..20);
    drop(fork);
    let forked = anchored(&files_of(&fork_disk), &new_line);
    assert_eq!((forked.exit(), codes(&forked)), (2, vec![Code::FreshFork]));

    let db = options(&disk_of(&new), PageSize::TOY).open(PATH).unwrap();
    drop(db);
    let folded = disk_of(&new);
    let db = options(&folded, PageSize::TOY).open(PATH).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    put(&db, &mut model, 20..30);
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    let newer = anchored(&files_of(&folded), &old_line);
    assert_eq!((newer.exit(), codes(&newer)), (0, vec![Code::FreshUnanchored]));
}

#[test]
fn a_level_without_what_it_needs_is_wrong_use() {
    let (files, _) = logged();
    for (level, anchor) in [
        (Level::Drill, None),
        (Level::Anchored, None),
        (Level::Scan, parse_fingerprint("db 7f3k commit 1 9QWD-AB2C-4XTP-60RM")),
    ] {
        let options = VerifyOptions { level, anchor, ..VerifyOptions::default() };
        assert!(matches!(verify(&at_rest(&files), &options), Err(Error::Misuse { .. })), "{level}");
    }
}

#[test]
fn the_report_is_one_object_of_four_fields_and_its_findings_have_twelve() {
    let (files, _) = small();
    let report = seal(&flip(&files, PATH, PAGES_START + 600));
    let json = serde_json::to_value(&report).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&json), ["checks", "exit", "findings", "level"]);
    assert_eq!(json["exit"], 2);
    assert_eq!(json["level"], "seal");
    let mut fields = keys(&json["findings"][0]);
    fields.sort();
    let mut expected =
        "code severity file page byte_start byte_end path expected found why lost next".split(' ').collect::<Vec<_>>();
    expected.sort_unstable();
    assert_eq!(fields, expected);
}

#[test]
fn events_tell_every_page_and_finding() {
    let (files, _) = small();
    let page = leaves_of(&files)[1];
    let damaged = flip(&files, PATH, page_span(page, PageSize::TOY).start + 77);
    let recorder = Recorder::new();
    let options = VerifyOptions { tracer: Tracer::new(recorder.clone()), ..VerifyOptions::default() };
    let report = verify(&at_rest(&damaged), &options).unwrap();
    let events = recorder.events_from(0);
    assert!(matches!(&*events[0], Event::VerifyStarted { level, .. } if level == "seal"));
    let last = events.last().unwrap();
    assert!(matches!(&**last, Event::VerifyEnded { pages, findings: 1 } if *pages == report.pages_checked));
    let unsound: Vec<_> = events
        .iter()
        .filter_map(|event| match &**event {
            Event::PageVerified { page, sound: false } => Some(page.0),
            _ => None,
        })
        .collect();
    assert_eq!(unsound, [page]);
    assert!(events.iter().any(|event| matches!(&**event, Event::FindingReported { .. })));
}

#[test]
fn a_page_can_be_looked_at_whatever_the_pointers_say() {
    let (old, new, _) = two_times();
    let page = leaves_of(&new)[4];
    let mut files = new.clone();
    put_back(&mut files, &old, page);
    let file = at_rest(&files);
    let tree = file.tree().unwrap();
    let index = tree.nodes.iter().position(|node| node.page.0 == page).unwrap();
    assert_eq!(tree.nodes[index].status.as_ref().unwrap_err().code, Code::PageStale);
    assert!(tree.keys(&file, index).is_err());
    assert!(file.open_page(&tree.nodes[index].pointer).is_err());
    assert!(file.open_any(PageNo(page)).is_ok());
    assert!(file.open_page(&PagePointer::NULL).is_err());
    assert!(!file.annotate_page_plain(PageNo(page)).unwrap().is_empty());
    assert!(file.open_any(PageNo(100_000)).is_err());
    let sound = (0..tree.nodes.len()).find(|&index| tree.nodes[index].status.is_ok()).unwrap();
    assert_eq!(tree.keys(&file, sound).unwrap().len(), tree.nodes[sound].slot_count);
    assert!(Path::new(file.name()).is_relative());
}

#[test]
fn what_a_crash_leaves_is_info_at_every_level() {
    let mut codes_met = std::collections::BTreeSet::new();
    for seed in 0..400u64 {
        let disk = SimVfs::new(seed);
        let mut model = Model::new();
        let db = options(&disk, PageSize::TOY).log_bytes_checkpoint(40_000).open(PATH).unwrap();
        put(&db, &mut model, 0..40);
        // The power goes at some write or sync of what follows, in a commit as well as in a checkpoint.
        let event = if seed % 2 == 0 { StopEvent::Write } else { StopEvent::Sync };
        let when = if seed % 4 < 2 { StopWhen::Before } else { StopWhen::After };
        let (file, region) = (StopFile::Any, StopRegion::Any);
        disk.stop_at(StopPoint { event, file, region, when, count: 1 + seed / 4 % 50 });
        for start in (40..400).step_by(20) {
            let worked =
                db.write(|tx| (start..start + 20).map(record).try_for_each(|(key, value)| tx.put(&key, &value)));
            if worked.is_err() || (start % 60 == 0 && db.checkpoint(CheckpointMode::Passive).is_err()) {
                break;
            }
        }
        drop(db);
        disk.crash(&CrashPlan::Seeded(seed));
        for level in [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let file = AtRest::open(Arc::new(disk.clone()), PATH, None).unwrap();
            let report = verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap();
            codes_met.extend(codes(&report));
            let only_a_spare_torn = codes(&report).iter().all(|code| {
                matches!(
                    code,
                    Code::LogTornTail | Code::LogStale | Code::FileTail | Code::FreshUnanchored | Code::HdrCrc
                )
            });
            assert!(report.exit() <= 1 && only_a_spare_torn, "seed {seed}, {level}: {:?}", report.findings);
        }
    }
    assert!(codes_met.contains(&Code::LogTornTail), "{codes_met:?}");
}
