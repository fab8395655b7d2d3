//! What the fuzzer runs: each target takes any bytes, reads them as one thing, and panics where a promise is broken.
//!
//! The crate in `fuzz/` gives each to libFuzzer; `tests/fuzz_corpus.rs` runs them over the stored corpora, without it. The
//! work of one input is bounded here, so that a slow one is a finding.

#![allow(dead_code, reason = "each of those who share this uses a part of it")]

pub mod seeds;

use crate::mutants::draw::Draw;
use crate::mutants::edit::bound_work;
use crate::mutants::forgery::forge;
use crate::mutants::judge::judge;
use crate::mutants::readers::use_everything;
use crate::mutants::world::{LOG, PATH, World, contents, disk_of, options, worlds};
use crate::mutants::{Mutant, edit::Edit};
use std::sync::{Arc, OnceLock};
use tosumu::crypto::{InsecureSeededEntropy, Secret, check_recovery_key, open_slots, parse_fingerprint};
use tosumu::escape::{escape, escape_word, unescape_bytes};
use tosumu::forge::{Files, Forger, mend_checksums};
use tosumu::format::catalog::TreeEntry;
use tosumu::format::free_list::{FreeTrunk, FreeTrunkView};
use tosumu::format::key_slot::{KEY_SLOT_BYTES, KeySlot, KeySlotKind};
use tosumu::format::log::{CommitBody, LogHeader, LogShape, RecordView};
use tosumu::format::node::{CellValue, NodeView, Room, record_cell_bytes};
use tosumu::format::overflow::OverflowView;
use tosumu::format::page::{PageKind, SealedView};
use tosumu::format::superblock::{Superblock, stored_mac};
use tosumu::format::{annotate, looks_like};
use tosumu::inspect::AtRest;
use tosumu::limits::{KEY_SLOTS_COUNT, SUPERBLOCK_BYTES, VALUE_BYTES_MAX};
use tosumu::pager::slots::choose;
use tosumu::script::{Op, Runner, RunnerOptions, Script};
use tosumu::trace::{Fold, read_trace, write_trace};
use tosumu::transfer::{Existing, Import, export};
use tosumu::types::KeySet;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::SimVfs;
use tosumu::{AutoCheckpoint, Options, PageSize, Unlock};

/// A target: its name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const ALL: [Target; 9] = [
    ("superblock", superblock),
    ("key_slots", key_slots),
    ("page", page),
    ("log_scan", log_scan),
    ("import", import),
    ("script", script),
    ("trace_file", trace_file),
    ("text", text),
    ("whole_file", whole_file),
];

/// The databases that are changed, made once.
fn shared_worlds() -> &'static [World] {
    static WORLDS: OnceLock<Vec<World>> = OnceLock::new();
    WORLDS.get_or_init(worlds)
}

/// One superblock slot, and two of them: what decodes encodes to the same bytes.
pub fn superblock(data: &[u8]) {
    let _ = (Superblock::decode(data), annotate::superblock(data), choose(data, "f"));
    let mut bytes = data.to_vec();
    bytes.resize(SUPERBLOCK_BYTES, 0);
    let mut files = Files::from([(PATH.to_owned(), bytes)]);
    mend_checksums(&mut files, PATH);
    let bytes = &files[PATH];
    annotate::superblock(bytes);
    if let Ok(superblock) = Superblock::decode(bytes) {
        let mac = stored_mac(bytes).try_into().expect("32 bytes");
        assert!(
            superblock.format < 2 || superblock.encode(|_| mac) == *bytes,
            "another encoding of the same superblock"
        );
        superblock.tree_mac_input();
    }
    let _ = choose(&[bytes.as_slice(), bytes].concat(), "f");
}

/// Eight key slots, tried with a key of every kind that costs little.
pub fn key_slots(data: &[u8]) {
    let mut bytes = data.to_vec();
    bytes.resize(KEY_SLOTS_COUNT * KEY_SLOT_BYTES, 0);
    let mut slots = [[0; KEY_SLOT_BYTES]; KEY_SLOTS_COUNT];
    for (slot, bytes) in slots.iter_mut().zip(bytes.chunks_exact(KEY_SLOT_BYTES)) {
        slot.copy_from_slice(bytes);
        let read = KeySlot { bytes: *slot };
        let _ = (read.check(), read.kind(), format!("{read:?}"), annotate::key_slot(slot));
    }
    let key_set = KeySet([3; 16]);
    let recovery_key = Unlock::RecoveryKey("7777-7777".into());
    for unlock in [Unlock::Keyless, Unlock::Keyfile(vec![7; 64].into()), recovery_key] {
        let _ = open_slots(&slots, key_set, &unlock);
    }
    let works_long = |slot: &[u8; KEY_SLOT_BYTES]| {
        let slot = KeySlot { bytes: *slot };
        let asks = slot.kdf_memory_kib() > 512 || slot.kdf_passes() > 1 || slot.kdf_lanes() > 4;
        slot.kind() == Ok(KeySlotKind::Passphrase) && asks
    };
    // More than the ceiling costs nothing, for it is refused; what lies between is not for a fuzzer.
    let over = slots.iter().any(|slot| KeySlot { bytes: *slot }.kdf_passes() > tosumu::limits::KDF_PASSES_MAX);
    if over || !slots.iter().any(works_long) {
        let _ = open_slots(&slots, key_set, &Unlock::Passphrase("open sesame".into()));
    }
}

/// A sealed page by its header, and the same bytes as a plain form of every kind that it could be.
pub fn page(data: &[u8]) {
    annotate::sealed_page(data);
    annotate::plain_page(data);
    if let Some(view) = SealedView::new(data) {
        let _ = view.header();
    }
    overflow(data);
    trunk(data);
    node(data);
    let _ = data.get(..40).map(TreeEntry::decode);
}

fn overflow(plain: &[u8]) {
    let next = OverflowView::new(plain).ok().and_then(|page| {
        assert!(page.data().len() as u64 <= page.remaining());
        page.next()
    });
    assert!(next.is_none_or(|next| !next.is_null()));
}

fn trunk(plain: &[u8]) {
    if let Ok(view) = FreeTrunkView::new(plain) {
        assert!(view.pages().all(|page| !page.is_none()));
        let mut trunk = FreeTrunk::from_plain(plain.to_vec()).expect("read above");
        assert_eq!(view.pages().len(), trunk.view().count());
        while let Some(page) = trunk.pop() {
            assert!(!page.is_none() && FreeTrunkView::new(trunk.as_bytes()).is_ok());
        }
    }
}

/// A node that reads is one that can be changed: after each change it reads again.
fn node(plain: &[u8]) {
    let Ok(view) = NodeView::new(plain) else { return };
    for slot in 0..view.slot_count() {
        assert_eq!(view.search(view.key(slot)), Ok(slot));
        match view.kind() {
            PageKind::Leaf => match view.cell_value(slot) {
                CellValue::Inline(value) => assert!(value.len() <= plain.len()),
                CellValue::Overflow { length, first } => assert!(length <= VALUE_BYTES_MAX && !first.is_null()),
            },
            _ => assert!(!view.child(slot).is_null()),
        }
    }
    if view.kind() != PageKind::Leaf {
        return;
    }
    let mut node = view.to_node();
    node.compact();
    assert!(NodeView::new(node.as_bytes()).is_ok());
    while node.view().slot_count() > 0 {
        node.remove(node.view().slot_count() / 2);
        assert!(NodeView::new(node.as_bytes()).is_ok());
        if let (Err(at), Room::Gap) = (node.view().search(b"k"), node.fits(record_cell_bytes(1, 3) + 8)) {
            node.insert_record(at, b"k", b"new");
            assert!(NodeView::new(node.as_bytes()).is_ok());
            node.remove(at);
        }
    }
}

/// A log beside a sound page file: as it is, with its checksums mended, or with every MAC made right.
pub fn log_scan(data: &[u8]) {
    let Some((mode, log)) = data.split_first() else { return };
    if let Ok(header) = LogHeader::decode(&log[..log.len().min(512)]) {
        let _ = RecordView::decode(&log[512..], header.shape()).map(|record| CommitBody::decode(record.body()));
    }
    let _ = RecordView::decode(log, LogShape::newest(PageSize::TOY));
    let world = &shared_worlds()[0];
    let mut files = world.states[usize::from(mode / 3) % world.states.len()].files.clone();
    files.insert(LOG.to_owned(), log.to_vec());
    if mode % 3 > 0 {
        mend_checksums(&mut files, LOG);
    }
    if mode % 3 == 2 {
        let mut forger = open_forger(files, world, 1);
        let _ = forger.bind_log();
        files = forger.into_files();
    }
    let length = files[LOG].len() as u64;
    let file = AtRest::open(Arc::new(disk_of(&files)), PATH, None).expect("a page file that is there");
    if let Some(scan) = &file.log().scan {
        assert!(scan.kept_end <= length.next_multiple_of(512));
        assert!(scan.commits.windows(2).all(|pair| pair[1].commit == pair[0].commit.next()));
        assert!(scan.records.windows(2).all(|pair| pair[0].end <= pair[1].offset));
    }
    let _ = (file.annotate_log(), verify(&file, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }));
    let found = options(&disk_of(&files), &world.unlock).read_only(true).open(PATH).and_then(|db| contents(&db));
    if let (Ok(found), true) = (found, mode % 3 < 2) {
        assert!(world.models.contains(&found), "records that were never committed");
    }
}

fn open_forger(files: Files, world: &World, seed: u64) -> Forger {
    let entropy = Arc::new(InsecureSeededEntropy::new(seed));
    Forger::open(files, PATH, &world.unlock, entropy).expect("a sound superblock")
}

/// An export, read into a new database. What came in whole goes out and in again.
pub fn import(data: &[u8]) {
    let Some(text) = imported(data) else { return };
    let again = imported(&text).expect("an export of what was imported");
    assert!(text == again, "an export that differs from the export of its import");
}

/// The export of what was imported; nothing when it could not be.
fn imported(data: &[u8]) -> Option<Vec<u8>> {
    let import = Import::begin(data).ok()?;
    let options = Options::new().vfs(Arc::new(SimVfs::new(1))).entropy(Arc::new(InsecureSeededEntropy::new(1)));
    let options = options.page_size(import.page_size()).checkpoints(AutoCheckpoint::Off).cache_bytes(1 << 20);
    let db = options.create_new("i.tsm").expect("a new database");
    import.run(&db, Existing::MustAgree).ok()?;
    let mut text = Vec::new();
    export(&db.read(), db.page_size(), &mut text).expect("an export into memory");
    Some(text)
}

/// Most lines of a script that are run.
const LINES_MAX: usize = 40;

/// Lines of a script: what an operation prints of itself reads as itself; and then they are run.
pub fn script(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = Script::parse(&text);
    let mut runner = Runner::new(RunnerOptions::default());
    for line in text.lines().take(LINES_MAX).filter(|line| line.len() < 400) {
        let Ok(op) = Op::parse(line) else { continue };
        assert_eq!(Op::parse(&op.to_string()), Ok(op.clone()), "{op}");
        if !asks_for_much(line) {
            runner.run(&op);
        }
    }
    runner.finish();
    for event in runner.recorder().events_from(0) {
        let _ = (event.sentence(), event.short());
    }
}

/// Whether a line has a number of more than three digits: a thousand records to fill in are allowed, and take long.
fn asks_for_much(line: &str) -> bool {
    line.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits.len() > 3)
}

/// A trace: what reads is written as the same, and its events can be told and folded.
pub fn trace_file(data: &[u8]) {
    let mut input = data;
    let Ok(trace) = read_trace(&mut input) else { return };
    let mut text = Vec::new();
    write_trace(&mut text, trace.level, &trace.events).expect("a trace into memory");
    let again = read_trace(&mut &text[..]).expect("a trace that was written");
    assert!(trace == again, "a trace that differs from what was written of it");
    let mut fold = Fold::default();
    for event in &trace.events {
        let _ = (event.sentence(), event.short(), event.name(), event.page());
        fold.apply(event);
    }
}

/// What people type or paste: fingerprints, recovery keys, keys and values as text.
pub fn text(data: &[u8]) {
    looks_like(data);
    assert_eq!(unescape_bytes(escape(data).as_bytes()).as_deref(), Ok(data));
    assert_eq!(unescape_bytes(escape_word(data).as_bytes()).as_deref(), Ok(data));
    let _ = check_recovery_key(&Secret::from(data));
    let text = String::from_utf8_lossy(data);
    if let Some(anchor) = parse_fingerprint(&text) {
        assert_eq!(parse_fingerprint(&anchor.to_string()), Some(anchor));
    }
    let _ = (Level::parse(&text), unescape_bytes(data));
}

/// A whole database in one of its states, changed without the key, and then with it: the input says how.
pub fn whole_file(data: &[u8]) {
    let worlds = shared_worlds();
    let mut draw = Draw::from_bytes(data);
    let world = draw.below(worlds.len());
    let state = draw.below(worlds[world].states.len());
    let (edits, forgeries) = (draw.below(4), draw.below(4));
    let edits = (0..edits).map(|_| Edit::draw(&worlds[world], state, &mut draw)).collect();
    let mutant = Mutant { world, state, edits };
    let (mut files, world) = (mutant.files(worlds), &worlds[world]);
    if forgeries == 0 {
        let verdict = judge(&files, world, &world.states[state]);
        assert!(!verdict.is_failure(), "{verdict:?}: {:?}", mutant.edits);
    }
    let entropy = Arc::new(InsecureSeededEntropy::new(draw.word()));
    let opened = (forgeries > 0).then(|| Forger::open(files.clone(), PATH, &world.unlock, entropy).ok());
    if let Some(mut forger) = opened.flatten() {
        (0..forgeries).for_each(|_| forge(&mut forger, &mut draw));
        files = forger.into_files();
        bound_work(&mut files);
    }
    use_everything(&files, &world.unlock);
}
