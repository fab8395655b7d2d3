//! Lies that only who holds the key can tell, and one that takes two true histories: each has one comparison that sees it, and
//! that names it by its code.

use crate::common::files::files_of;
use crate::{LOG, PATH, SLOT, bytes_of, edit_slot, get, options, put, with_a_log};
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::forge::{Files, Forger, LogRecord};
use tosumu::format::log::{LOG_HEADER_BYTES, LogHeader, RecordKind, RecordView, append_record, padded_end, seed_input};
use tosumu::format::node::{Node, NodeView};
use tosumu::format::page::{PAGE_HEADER_BYTES, PageHeader, PageKind};
use tosumu::format::superblock::Superblock;
use tosumu::types::PagePointer;
use tosumu::vfs::{DiskImage, SimVfs};
use tosumu::{CheckpointMode, CommitNo, Database, PageNo, Unlock};

/// A database of one leaf with three commits in its log.
fn three_commits() -> Files {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    for key in ["a", "b", "c"] {
        put(&db, key, "1").unwrap();
    }
    drop(db);
    files_of(&disk)
}

/// The same folded: no log vouches for anything.
fn folded() -> Files {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    disk.replace(LOG, None).unwrap();
    files_of(&disk)
}

fn forger(files: Files) -> Forger {
    Forger::open(files, PATH, &Unlock::Keyless, Arc::new(InsecureSeededEntropy::new(5))).unwrap()
}

fn open(files: &Files) -> Result<Database, tosumu::Error> {
    options(&SimVfs::from_image(DiskImage::of(files.clone()), 1), 2).open(PATH)
}

fn code(files: &Files) -> &'static str {
    open(files).map_or_else(|error| error.code(), |_| "opened")
}

/// What opening says of a log whose records were changed and chained again.
fn code_of_records(edit: impl FnOnce(&mut Vec<LogRecord>)) -> &'static str {
    let mut forger = forger(three_commits());
    forger.log_records(edit).unwrap();
    code(forger.files())
}

/// What opening says of a log with an empty commit behind the others.
fn code_of_another_commit(edit: impl FnOnce(&mut tosumu::format::log::CommitBody)) -> &'static str {
    let mut forger = forger(three_commits());
    forger.append_commit(&[], edit).unwrap();
    code(forger.files())
}

#[test]
pub(super) fn commits_that_do_not_follow_each_other_by_number_are_refused() {
    assert_eq!(code_of_another_commit(|_| {}), "opened");
    let mut forger = forger(three_commits());
    forger.append_commit(&[], |_| {}).unwrap();
    forger.log_records(|records| records.last_mut().unwrap().fields.commit = CommitNo(9)).unwrap();
    assert_eq!(code(forger.files()), "LOG-RECORD");
}

#[test]
pub(super) fn a_commit_that_counts_other_frames_than_it_has_is_refused() {
    assert_eq!(code_of_another_commit(|body| body.page_frames = 1), "LOG-RECORD");
}

#[test]
pub(super) fn a_record_that_repeats_a_number_is_refused() {
    assert_eq!(code_of_records(|_| {}), "opened");
    assert_eq!(code_of_records(|records| records.last_mut().unwrap().fields.sequence = 1), "LOG-CHAIN");
}

#[test]
pub(super) fn a_record_of_another_generation_ends_the_log_whatever_its_mac() {
    let mut forger = forger(three_commits());
    forger
        .log_records(|records| {
            let behind = records.len() - 2;
            records[behind..].iter_mut().for_each(|record| record.fields.generation -= 1);
        })
        .unwrap();
    let db = open(forger.files()).unwrap();
    assert_eq!((get(&db, "b").as_deref(), get(&db, "c")), (Some(&b"1"[..]), None));
}

/// A frame in the committed middle, whose record names page 1, holds page 9.
#[test]
pub(super) fn a_frame_with_another_page_than_its_record_names_is_rot() {
    let mut forger = forger(three_commits());
    let plain = forger.newest_plain_page(PageNo(1)).unwrap();
    let other = forger.seal(PageNo(9), CommitNo(1), &plain).unwrap();
    forger.log_records(|records| records[0].body = other.bytes().to_vec()).unwrap();
    assert_eq!(code(forger.files()), "LOG-ROT");
}

/// Changes the last record of the log, its MAC and checksum made right again.
fn edit_last_record(forger: &mut Forger, edit: impl FnOnce(&mut Vec<u8>)) {
    let header = forger.log_header().unwrap();
    let mut log = forger.files()[LOG].clone();
    let (mut at, mut last) = (LOG_HEADER_BYTES, LOG_HEADER_BYTES);
    while let Ok(record) = RecordView::decode(&log[at..], header.shape()) {
        last = at;
        at += record.len();
        at = if record.fields().kind == RecordKind::Commit { padded_end(at as u64) as usize } else { at };
    }
    let record = RecordView::decode(&log[last..], header.shape()).unwrap();
    let (fields, mut body) = (record.fields(), record.body().to_vec());
    edit(&mut body);
    let mut made = Vec::new();
    append_record(&mut made, &fields, &body, |parts| forger.keys().record_mac(&header.salt, parts));
    log[last..last + made.len()].copy_from_slice(&made);
    forger.files_mut().insert(LOG.to_owned(), log);
}

#[test]
pub(super) fn a_fingerprint_that_does_not_follow_is_refused() {
    let mut forger = forger(three_commits());
    edit_last_record(&mut forger, |_| {});
    assert_eq!(code(forger.files()), "opened");
    edit_last_record(&mut forger, |body| *body.last_mut().unwrap() ^= 1);
    assert_eq!(code(forger.files()), "LOG-RECORD");
}

/// Two true histories of one log: a commit was cut off by a crash and made again with other content. Every record of both is
/// authentic, at the same number of the same commit; the frame of the one before the commit record of the other is a lie that
/// nothing but the chain tells.
#[test]
pub(super) fn a_frame_of_an_abandoned_commit_among_the_records_of_the_one_made_after_it_is_refused() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    let before = disk.image();
    put(&db, "k", "abandoned").unwrap();
    let abandoned = bytes_of(&disk, LOG);
    drop(db);
    let disk = SimVfs::from_image(before, 1);
    disk.end_process();
    let db = options(&disk, 2).open(PATH).unwrap();
    put(&db, "k", "kept").unwrap();
    drop(db);
    let shape = LogHeader::decode(&abandoned[..LOG_HEADER_BYTES]).unwrap().shape();
    let frame = shape.record_bytes(RecordKind::Page);
    let start = padded_end((LOG_HEADER_BYTES + frame + shape.record_bytes(RecordKind::Commit)) as u64) as usize;
    assert_eq!(RecordView::decode(&abandoned[start..], shape).unwrap().fields().kind, RecordKind::Page);
    disk.tamper(LOG, start as u64, &abandoned[start..start + frame]).unwrap();
    assert_eq!(options(&disk, 3).open(PATH).err().map(|error| error.code()), Some("LOG-CHAIN"));
}

/// A log of nothing but its header, changed by whoever holds the key and bound to the page file again.
fn code_of_header(edit: impl FnOnce(&mut [u8])) -> &'static str {
    let mut forger = forger(three_commits());
    let mut head = forger.files()[LOG][..LOG_HEADER_BYTES].to_vec();
    edit(&mut head);
    let superblock = forger.newest_superblock().unwrap().1;
    let seed = forger.keys().log_seed(seed_input(&head), &forger.keys().tree_mac(&superblock.tree_mac_input()));
    head[56..72].copy_from_slice(&seed);
    let crc = crc32fast::hash(&head[..LOG_HEADER_BYTES - 4]);
    head[LOG_HEADER_BYTES - 4..].copy_from_slice(&crc.to_le_bytes());
    forger.files_mut().insert(LOG.to_owned(), head);
    code(forger.files())
}

#[test]
pub(super) fn a_log_of_another_page_size_is_none_of_this_file_also_when_it_is_bound_to_it() {
    assert_eq!(code_of_header(|_| {}), "LOG-ROT", "it is expected to hold a commit");
    assert_eq!(code_of_header(|head| head[12..16].copy_from_slice(&1024_u32.to_le_bytes())), "LOG-UNBOUND");
}

#[test]
pub(super) fn a_log_header_with_something_in_its_reserved_bytes_is_no_log_header() {
    assert_eq!(code_of_header(|head| head[200] = 1), "LOG-MISSING");
}

#[test]
pub(super) fn a_record_with_something_in_its_reserved_bytes_is_no_record() {
    let files = three_commits();
    let shape = LogHeader::decode(&files[LOG][..LOG_HEADER_BYTES]).unwrap().shape();
    let mut record = files[LOG][LOG_HEADER_BYTES..LOG_HEADER_BYTES + shape.record_bytes(RecordKind::Page)].to_vec();
    assert!(RecordView::decode(&record, shape).is_ok());
    record[6] = 1;
    let crc = crc32fast::hash(&[&record[..36], &record[40..]].concat());
    record[36..40].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(RecordView::decode(&record, shape).err().unwrap().code.as_str(), "LOG-RECORD");
}

/// Told without the key, before anything is derived from what stands in the slot.
#[test]
pub(super) fn a_key_slot_with_something_in_its_reserved_bytes_makes_a_superblock_unreadable() {
    let (disk, newest) = with_a_log();
    let bytes = bytes_of(&disk, PATH)[newest * SLOT..(newest + 1) * SLOT].to_vec();
    let start = 256;
    assert!(Superblock::decode(&bytes).is_ok() && bytes[start] != 0);
    edit_slot(&disk, newest, start + 200, &[1]);
    assert_eq!(options(&disk, 2).open(PATH).err().unwrap().code(), "HDR-FIELD");
}

/// What reading the one page says when it stands there under another header, its seal in the root's pointer.
fn code_of_page(edit: impl FnOnce(&mut [u8; PAGE_HEADER_BYTES])) -> &'static str {
    let mut forger = forger(folded());
    let pointer = forger.pointer(PageNo(1)).unwrap();
    let plain = forger.plain_page(PageNo(1)).unwrap();
    let mut header = PageHeader { kind: PageKind::Leaf, page: pointer.page, commit: pointer.commit }.encode();
    edit(&mut header);
    let sealed = forger.seal_as(header, &plain).unwrap();
    forger.put_sealed(PageNo(1), &sealed).unwrap();
    let slot = forger.newest_superblock().unwrap().0;
    forger.edit_fields(slot, |superblock| superblock.root = PagePointer { seal: sealed.seal(), ..pointer }).unwrap();
    let db = open(forger.files()).unwrap();
    db.read().get(b"a").map_or_else(|error| error.code(), |_| "read")
}

#[test]
pub(super) fn a_page_with_another_number_commit_or_reserved_byte_in_its_header_is_refused_also_when_its_seal_is_the_one_named()
 {
    assert_eq!(code_of_page(|_| {}), "read");
    assert_eq!(code_of_page(|header| header[4] = 9), "PAGE-MISPLACED");
    assert_eq!(code_of_page(|header| header[8] += 1), "PAGE-STALE");
    assert_eq!(code_of_page(|header| header[2] = 1), "PAGE-UNAUTHENTIC");
}

#[test]
pub(super) fn a_page_that_is_sealed_as_one_kind_and_written_as_another_is_refused() {
    assert_eq!(code_of_page(|header| header[0] = PageKind::Overflow as u8), "PAGE-KIND");
}

/// Two true histories of one page: a commit and its checkpoint were lost to a crash and made again with other content. Number and
/// commit of both pages are the same, and both are authentic; the seal tells them apart.
#[test]
pub(super) fn a_page_of_an_abandoned_commit_in_the_place_of_the_one_made_after_it_is_refused() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    put(&db, "a", "1").unwrap();
    let before = disk.image();
    let write = |db: Database, value: &str| {
        put(&db, "k", value).unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
    };
    write(db, "abandoned");
    let abandoned = files_of(&disk);
    let disk = SimVfs::from_image(before, 1);
    disk.end_process();
    write(options(&disk, 2).open(PATH).unwrap(), "kept");
    let pointers = [abandoned.clone(), files_of(&disk)].map(|files| forger(files).pointer(PageNo(1)).unwrap());
    assert!(pointers[0].commit == pointers[1].commit && pointers[0].seal != pointers[1].seal);
    disk.tamper(PATH, 2 * SLOT as u64, &abandoned[PATH][2 * SLOT..2 * SLOT + 512]).unwrap();
    let db = options(&disk, 3).open(PATH).unwrap();
    assert_eq!(db.read().get(b"k").err().map(|error| error.code()), Some("PAGE-STALE"));
}

/// A tree of two levels with pages on its free list, folded.
fn half_deleted() -> Forger {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    let key = |number: u32| format!("{number:03}").into_bytes();
    db.write(|tx| (0..60).try_for_each(|number| tx.put(&key(number), &[7; 40]))).unwrap();
    db.write(|tx| (30..60).try_for_each(|number| tx.delete(&key(number)).map(drop))).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    forger(files_of(&disk))
}

#[test]
pub(super) fn a_page_that_does_not_stand_one_level_below_its_parent_is_not_followed() {
    let mut forger = half_deleted();
    let root = forger.newest_superblock().unwrap().1.root.page;
    let plain = forger.plain_page(root).unwrap();
    let view = NodeView::new(&plain).unwrap();
    let mut higher = Node::new(PageKind::Branch, view.level() + 1, plain.len());
    (0..view.slot_count()).for_each(|slot| {
        higher.insert_child(slot, view.key(slot), &view.child(slot));
    });
    forger.reseal_through_parents(root, &higher.into_bytes()).unwrap();
    let db = open(forger.files()).unwrap();
    assert_eq!(db.read().get(b"000").err().map(|error| error.code()), Some("TREE-DEPTH"));
}

/// A free list that has a trunk, and a commit that says it has no pages.
#[test]
pub(super) fn a_free_list_with_more_trunks_than_free_pages_is_not_folded() {
    let mut forger = half_deleted();
    let trunk = forger.newest_superblock().unwrap().1.free_list.page;
    let plain = forger.plain_page(trunk).unwrap();
    forger.append_commit(&[(trunk, plain)], |body| body.free_count = 0).unwrap();
    let folded = open(forger.files()).unwrap().checkpoint(CheckpointMode::Passive);
    assert_eq!(folded.err().map(|error| error.code()), Some("FREE-CYCLE"));
}
