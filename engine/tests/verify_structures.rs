//! Wrong structures that somebody with the key made: `verify` names each by its code, at its page, with the way to it, and
//! finds nothing else. What they are made from is a file with everything in it, written here page by page; a changed page is
//! sealed again, and every pointer to it up to the superblock made new.

use std::collections::BTreeMap;
use std::sync::Arc;
use tosumu::crypto::{InsecureSeededEntropy, SealedPage};
use tosumu::format::catalog::TreeEntry;
use tosumu::format::free_list::{FreeTrunk, FreeTrunkView};
use tosumu::format::log::{
    CommitBody, LOG_HEADER_BYTES, LogHeader, RecordFields, RecordKind, append_record, fingerprint_input, seed_input,
};
use tosumu::format::node::Node;
use tosumu::format::overflow::{OverflowView, encode_overflow, overflow_data_bytes};
use tosumu::format::page::{PageHeader, PageKind, encode_pointer};
use tosumu::inspect::AtRest;
use tosumu::types::PagePointer;
use tosumu::verify::{Level, Report, VerifyOptions, verify};
use tosumu::vfs::{DiskImage, SimVfs};
use tosumu::{CheckpointMode, Code, CommitNo, Finding, Options, PageNo, PageSize, Severity};

const PATH: &str = "s.tsm";
const LOG: &str = "s.tsm-wal";
const PAGE: usize = 512;
const PLAIN: usize = PAGE - 56;
const SLOT: usize = 4096;

type Files = BTreeMap<String, Vec<u8>>;

/// A file to be made, or made wrong: the newest plain form of every page that was written, and what the superblock says.
struct Forge {
    files: Files,
    pages: u32,
}

fn page_start(page: u32) -> usize {
    2 * SLOT + (page as usize - 1) * PAGE
}

fn at_rest(files: &Files) -> AtRest {
    AtRest::open(Arc::new(SimVfs::from_image(DiskImage::of(files.clone()), 1)), PATH, None).unwrap()
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

impl Forge {
    /// An empty database, its log folded.
    fn new() -> Forge {
        let disk = SimVfs::new(1);
        let options = Options::new().vfs(Arc::new(disk.clone())).page_size(PageSize::TOY).create(true);
        let db = options.entropy(Arc::new(InsecureSeededEntropy::new(7))).open(PATH).unwrap();
        db.write(|tx| tx.put(b"k", b"v")).unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        drop(db);
        let mut files: Files = disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect();
        files.insert(LOG.to_owned(), Vec::new());
        Forge { files, pages: 1 }
    }

    fn seal(&self, page: u32, commit: u64, plain: &[u8]) -> SealedPage {
        let kind = PageKind::from_byte(plain[0]).unwrap();
        let header = PageHeader { kind, page: PageNo(page), commit: CommitNo(commit) };
        at_rest(&self.files).keys().unwrap().seal_page(header.encode(), plain, [page as u8; 24])
    }

    /// Writes a page; returns the pointer to it.
    fn write(&mut self, page: u32, plain: &[u8]) -> PagePointer {
        let sealed = self.seal(page, 1, plain);
        let bytes = self.files.get_mut(PATH).unwrap();
        let end = page_start(page + 1);
        bytes.resize(bytes.len().max(end), 0);
        bytes[page_start(page)..end].copy_from_slice(sealed.bytes());
        self.pages = self.pages.max(page);
        PagePointer { page: PageNo(page), commit: CommitNo(1), seal: sealed.seal() }
    }

    fn plain(&self, page: u32) -> Option<Vec<u8>> {
        at_rest(&self.files).open_any(PageNo(page)).ok().map(|plain| plain.to_vec())
    }

    fn pointer(&self, page: u32) -> PagePointer {
        let bytes = &self.files[PATH][page_start(page)..page_start(page + 1)];
        let sealed = SealedPage::adopt(bytes.to_vec()).unwrap();
        PagePointer { page: PageNo(page), commit: CommitNo(1), seal: sealed.seal() }
    }

    /// Changes the plain form of a page, seals it again, and mends every pointer to it.
    fn change(&mut self, page: u32, change: impl FnOnce(&mut Vec<u8>)) {
        let old = self.pointer(page);
        let mut plain = self.plain(page).unwrap();
        change(&mut plain);
        let new = self.write(page, &plain);
        self.mend(&old, &new);
    }

    fn mend(&mut self, old: &PagePointer, new: &PagePointer) {
        let (old, new) = (encode_pointer(old), encode_pointer(new));
        if old == new {
            return;
        }
        for page in 1..=self.pages {
            let Some(mut plain) = self.plain(page) else { continue };
            if replace(&mut plain, &old, &new) {
                self.change(page, |bytes| *bytes = plain);
            }
        }
        self.superblock(|bytes| {
            replace(bytes, &old, &new);
        });
    }

    /// Changes both superblock slots and makes their MACs and checksums right.
    fn superblock(&mut self, change: impl Fn(&mut [u8])) {
        let file = at_rest(&self.files);
        let bytes = self.files.get_mut(PATH).unwrap();
        for slot in [0, SLOT].map(|start| start..start + SLOT) {
            let slot = &mut bytes[slot];
            change(slot);
            let mac = file.keys().unwrap().superblock_mac(&slot[..4060]);
            slot[4060..4092].copy_from_slice(&mac);
            let crc = crc32(&slot[..4092]);
            slot[4092..].copy_from_slice(&crc.to_le_bytes());
        }
    }

    fn number(&mut self, at: usize, number: u32) {
        self.superblock(|bytes| bytes[at..at + 4].copy_from_slice(&number.to_le_bytes()));
    }

    /// Writes a log of one commit that holds these pages in these plain forms. Pointers to pages in a log need no new seal.
    fn log(&mut self, changes: &[(u32, Vec<u8>)]) {
        let file = at_rest(&self.files);
        let (keys, superblock) = (file.keys().unwrap(), file.chosen().unwrap().superblock.clone());
        let mut header = LogHeader {
            format: superblock.format,
            page_size: superblock.page_size,
            file_id: superblock.file_id,
            log_generation: superblock.log_generation,
            salt: [9; 16],
            seed: [0; 16],
        };
        header.seed = keys.log_seed(seed_input(&header.encode()), &keys.tree_mac(&superblock.tree_mac_input()));
        let mut log = header.encode().to_vec();
        let mut fields = RecordFields {
            kind: RecordKind::Page,
            generation: header.log_generation,
            sequence: 0,
            commit: superblock.commit.next(),
            page: PageNo::default(),
            durable_sequence: 0,
            previous: header.seed,
        };
        for (page, plain) in changes {
            let sealed = self.seal(*page, fields.commit.0, plain);
            (fields.sequence, fields.page) = (fields.sequence + 1, PageNo(*page));
            fields.previous =
                append_record(&mut log, &fields, sealed.bytes(), |parts| keys.record_mac(&header.salt, parts));
        }
        let mut body = CommitBody {
            page_count: superblock.page_count,
            page_frames: changes.len() as u32,
            root: superblock.root,
            free_list: superblock.free_list,
            free_count: superblock.free_count,
            seal_transaction: false,
            record_count: superblock.record_count,
            catalog: superblock.catalog,
            tree_count: superblock.tree_count,
            random: [3; 16],
            fingerprint: [0; 16],
        };
        // The pointers in the body are those of the newest forms.
        for (page, plain) in changes {
            let sealed = self.seal(*page, fields.commit.0, plain);
            let newest = PagePointer { page: PageNo(*page), commit: fields.commit, seal: sealed.seal() };
            for pointer in [&mut body.root, &mut body.free_list, &mut body.catalog] {
                if pointer.page == newest.page {
                    *pointer = newest;
                }
            }
        }
        let input = body.encode();
        body.fingerprint = keys.next_fingerprint(&superblock.fingerprint, fields.commit, fingerprint_input(&input));
        (fields.sequence, fields.page, fields.kind) = (fields.sequence + 1, PageNo::default(), RecordKind::Commit);
        append_record(&mut log, &fields, &body.encode(), |parts| keys.record_mac(&header.salt, parts));
        log.resize(log.len().next_multiple_of(512), 0);
        assert!(log.len() > LOG_HEADER_BYTES);
        self.files.insert(LOG.to_owned(), log);
    }

    fn report(&self, level: Level) -> Report {
        verify(&at_rest(&self.files), &VerifyOptions { level, ..VerifyOptions::default() }).unwrap()
    }

    /// What is wrong, at level `deep`; that an older copy cannot be told is not said of one file more than of another.
    fn wrong(&self) -> Vec<Finding> {
        let findings = self.report(Level::Deep).findings;
        findings.into_iter().filter(|finding| finding.code != Code::FreshUnanchored).collect()
    }

    /// The one thing that is wrong: code, page, and the way to it.
    fn one_wrong(&self, code: Code, page: u32, path: &str) -> Finding {
        let found = self.wrong();
        assert_eq!(found.len(), 1, "{found:#?}");
        let finding = found[0].clone();
        assert_eq!((finding.code, finding.page), (code, Some(PageNo(page))), "{finding:#?}");
        assert_eq!(finding.path.as_deref(), Some(path), "{finding:#?}");
        assert!(finding.file.is_some() && finding.byte_start.is_some(), "{finding:#?}");
        assert!(finding.lost.is_some() && finding.next.is_some(), "{finding:#?}");
        assert!(finding.expected.is_some() && finding.found.is_some(), "{finding:#?}");
        finding
    }
}

fn replace(bytes: &mut [u8], old: &[u8; 28], new: &[u8; 28]) -> bool {
    let places: Vec<usize> = (0..=bytes.len() - 28).filter(|&at| bytes[at..at + 28] == old[..]).collect();
    places.iter().for_each(|&at| bytes[at..at + 28].copy_from_slice(new));
    !places.is_empty()
}

fn leaf(records: &[(&str, Value)]) -> Vec<u8> {
    let mut node = Node::new(PageKind::Leaf, 0, PLAIN);
    for (slot, (key, value)) in records.iter().enumerate() {
        match value {
            Value::Inline(bytes) => drop(node.insert_record(slot, key.as_bytes(), bytes)),
            Value::Chain(length, first) => drop(node.insert_overflow_record(slot, key.as_bytes(), *length, first)),
        }
    }
    node.into_bytes()
}

#[derive(Clone)]
enum Value {
    Inline(Vec<u8>),
    Chain(u32, PagePointer),
}

fn text(value: &str) -> Value {
    Value::Inline(value.as_bytes().to_vec())
}

/// Writes a value into a chain of these pages, tail first.
fn chain(forge: &mut Forge, value: &[u8], pages: &[u32]) -> Value {
    let parts: Vec<&[u8]> = value.chunks(overflow_data_bytes(PageSize::TOY)).collect();
    assert_eq!(parts.len(), pages.len());
    let (mut next, mut remaining) = (PagePointer::NULL, 0);
    for (part, &page) in parts.iter().zip(pages).rev() {
        remaining += part.len() as u64;
        next = forge.write(page, &encode_overflow(PLAIN, part, remaining, &next));
    }
    Value::Chain(value.len() as u32, next)
}

fn trunk(pages: &[u32], next: &PagePointer) -> Vec<u8> {
    let mut trunk = FreeTrunk::new(PLAIN, next);
    pages.iter().for_each(|&page| trunk.push(PageNo(page)));
    trunk.into_bytes()
}

fn entry(root: PagePointer, page_count: u32, record_count: u64) -> Value {
    Value::Inline(TreeEntry { root, page_count, record_count }.encode().to_vec())
}

/// A file with everything in it.
///
/// | pages | what |
/// |---|---|
/// | 1, 2, 3 | root, left and right leaf of the main tree |
/// | 4, 5, 6 / 7 | the chains of `big` in page 2 and of `zz` in page 3 |
/// | 8 | the catalog |
/// | 9, 10, 11 | the tree `notes`, and the chain of its `n2` |
/// | 12 | the tree `todo` |
/// | 13, 14 | trunks: 15 and 16 are free, and 17 |
///
/// Pages 15 and 16 hold old bytes, page 17 was never written.
fn whole() -> Forge {
    let mut forge = Forge::new();
    let big = chain(&mut forge, &[b'b'; 1000], &[4, 5, 6]);
    let zz = chain(&mut forge, &[b'z'; 300], &[7]);
    let left = forge.write(2, &leaf(&[("a", text("1")), ("big", big)]));
    let right = forge.write(3, &leaf(&[("m", text("2")), ("zz", zz)]));
    let mut root = Node::new(PageKind::Branch, 1, PLAIN);
    root.insert_child(0, b"", &left);
    root.insert_child(1, b"m", &right);
    let root = forge.write(1, root.as_bytes());
    let n2 = chain(&mut forge, &[b'n'; 500], &[10, 11]);
    let notes = forge.write(9, &leaf(&[("n1", text("3")), ("n2", n2)]));
    let todo = forge.write(12, &leaf(&[("t", text("4"))]));
    let catalog = forge.write(8, &leaf(&[("notes", entry(notes, 3, 2)), ("todo", entry(todo, 1, 1))]));
    forge.write(15, &leaf(&[("old", text("5"))]));
    forge.write(16, &encode_overflow(PLAIN, b"old", 3, &PagePointer::NULL));
    let lower = forge.write(14, &trunk(&[17], &PagePointer::NULL));
    let head = forge.write(13, &trunk(&[15, 16], &lower));
    forge.superblock(|bytes| {
        bytes[76..80].copy_from_slice(&17u32.to_le_bytes());
        bytes[88..116].copy_from_slice(&encode_pointer(&root));
        bytes[116..144].copy_from_slice(&encode_pointer(&head));
        bytes[144..148].copy_from_slice(&5u32.to_le_bytes());
        bytes[152..160].copy_from_slice(&4u64.to_le_bytes());
        bytes[176..204].copy_from_slice(&encode_pointer(&catalog));
        bytes[204..208].copy_from_slice(&2u32.to_le_bytes());
    });
    forge
}

/// The holder of the state's pointers, as paths begin.
fn holder(forge: &Forge) -> String {
    at_rest(&forge.files).state().unwrap().root_holder.clone()
}

#[test]
fn a_file_with_everything_in_it_is_sound_at_every_level() {
    let forge = whole();
    for level in [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
        let report = forge.report(level);
        assert_eq!(report.exit(), 0, "{level}: {:#?}", report.findings);
        assert!(report.findings.iter().all(|finding| finding.severity == Severity::Info), "{:#?}", report.findings);
    }
    let report = forge.report(Level::Deep);
    assert_eq!((report.pages_checked, report.pages_total), (14, 17));
    let note = |name| report.check(name).unwrap().note.clone().unwrap();
    assert_eq!(note("key order and accounting"), "4 records; 2 named trees with 3 records; 5 free pages");
    assert!(note("pages (seals)").contains("14 of 17 pages"), "{}", note("pages (seals)"));
    assert!(note("pages (seals)").contains("3 free pages"), "{}", note("pages (seals)"));
}

#[test]
fn the_same_file_with_every_page_in_the_log_is_sound() {
    let mut forge = whole();
    let changes: Vec<(u32, Vec<u8>)> = (1..=14).map(|page| (page, forge.plain(page).unwrap())).collect();
    forge.log(&changes);
    let file = at_rest(&forge.files);
    assert_eq!((file.log_pages_count(), file.state().unwrap().root_holder.as_str()), (14, "commit 3"));
    for level in [Level::Auth, Level::Seal, Level::Deep] {
        let report = forge.report(level);
        assert_eq!(report.exit(), 0, "{level}: {:#?}", report.findings);
    }
}

#[test]
fn what_free_pages_hold_is_never_judged() {
    let mut forge = whole();
    forge.files.get_mut(PATH).unwrap()[page_start(15) + 100] ^= 1;
    assert_eq!(forge.wrong(), []);
    assert_eq!(forge.report(Level::Auth).exit(), 0);
    // Behind the last page that is in use, a file need not go on.
    forge.files.get_mut(PATH).unwrap().truncate(page_start(15));
    for level in [Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
        assert_eq!(forge.report(level).exit(), 0, "{level}: {:#?}", forge.report(level).findings);
    }
    forge.files.get_mut(PATH).unwrap().truncate(page_start(14));
    assert_eq!(forge.report(Level::Seal).exit(), 2);
}

#[test]
fn a_flip_of_any_byte_of_any_page_in_use_is_found_there_and_nowhere_else() {
    let forge = whole();
    let top = holder(&forge);
    let paths = [
        (4, format!("{top} > page 1, slot 0 > page 2, slot 1 > chain page 4")),
        (5, format!("{top} > page 1, slot 0 > page 2, slot 1 > chain page 4 > chain page 5")),
        (6, format!("{top} > page 1, slot 0 > page 2, slot 1 > chain page 4 > chain page 5 > chain page 6")),
        (7, format!("{top} > page 1, slot 1 (m) > page 3, slot 1 > chain page 7")),
        (8, format!("{top} > catalog > page 8")),
        (9, format!("{top} > catalog > tree notes > page 9")),
        (11, format!("{top} > catalog > tree notes > page 9, slot 1 > chain page 10 > chain page 11")),
        (12, format!("{top} > catalog > tree todo > page 12")),
        (13, format!("{top} > free list > trunk page 13")),
        (14, format!("{top} > free list > trunk page 13 > trunk page 14")),
    ];
    for (page, path) in paths {
        for byte in (0..PAGE).step_by(37) {
            let mut files = forge.files.clone();
            files.get_mut(PATH).unwrap()[page_start(page) + byte] ^= 4;
            let damaged = Forge { files, pages: forge.pages };
            let finding = damaged.one_wrong(Code::PageUnauthentic, page, &path);
            assert_eq!(finding.byte_start, Some(page_start(page) as u64));
        }
    }
}

#[test]
fn what_is_lost_is_said_of_the_record_or_the_tree() {
    let forge = whole();
    let lost = |page: u32| {
        let mut files = forge.files.clone();
        files.get_mut(PATH).unwrap()[page_start(page) + 99] ^= 4;
        let finding = Forge { files, pages: forge.pages }.wrong().remove(0);
        (finding.lost.unwrap(), finding.next.unwrap())
    };
    assert_eq!(lost(5).0, "The value of the record big, 1000 bytes.");
    assert_eq!(lost(10).0, "The value of the record n2 in the tree notes, 500 bytes.");
    assert_eq!(lost(9).0, "Every key of the tree notes.");
    assert_eq!(lost(8).0, "Every record of the named trees with names in this range: every key.");
    assert!(lost(13).0.starts_with("No record"));
    assert!(lost(13).1.contains("compact"));
}

#[test]
fn a_chain_that_ends_too_early_is_short() {
    let mut forge = whole();
    let top = holder(&forge);
    // The leaf asks for more than the chain holds.
    forge.change(2, |plain| replace_number(plain, 1000 | 1 << 31, 1001 | 1 << 31));
    let finding =
        forge.one_wrong(Code::OvfShort, 4, &format!("{top} > page 1, slot 0 > page 2, slot 1 > chain page 4"));
    assert!(finding.expected.unwrap().starts_with("1001 bytes"));
    // A page in the middle knows of less than is missing.
    let mut forge = whole();
    forge.change(5, |plain| *plain = encode_overflow(PLAIN, &[b'b'; 408], 408, &PagePointer::NULL));
    forge.one_wrong(
        Code::OvfShort,
        5,
        &format!("{top} > page 1, slot 0 > page 2, slot 1 > chain page 4 > chain page 5"),
    );
    // A page by itself says that there is more, and names nothing.
    let mut forge = whole();
    forge.change(6, |plain| plain[8..16].copy_from_slice(&200u64.to_le_bytes()));
    assert_eq!(forge.wrong()[0].code, Code::OvfShort);
}

fn replace_number(bytes: &mut [u8], old: u32, new: u32) {
    let at = (0..bytes.len() - 4).find(|&at| bytes[at..at + 4] == old.to_le_bytes()).unwrap();
    bytes[at..at + 4].copy_from_slice(&new.to_le_bytes());
}

#[test]
fn a_chain_that_goes_on_is_long() {
    let mut forge = whole();
    let top = holder(&forge);
    forge.change(2, |plain| replace_number(plain, 1000 | 1 << 31, 999 | 1 << 31));
    forge.one_wrong(Code::OvfLong, 4, &format!("{top} > page 1, slot 0 > page 2, slot 1 > chain page 4"));
    let mut forge = whole();
    let more = forge.pointer(7);
    forge.change(6, |plain| plain[16..44].copy_from_slice(&encode_pointer(&more)));
    let found = forge.wrong();
    assert_eq!((found.len(), found[0].code, found[0].page), (1, Code::OvfLong, Some(PageNo(6))), "{found:#?}");
}

#[test]
fn a_chain_that_returns_to_itself_is_a_cycle() {
    let mut forge = whole();
    let plain = encode_overflow(PLAIN, &[b'b'; 408], 592, &forge.pointer(4));
    let changes = [(4, forge.plain(4).unwrap()), (5, plain)];
    forge.log(&changes);
    forge.one_wrong(
        Code::OvfCycle,
        4,
        "commit 3 > page 1, slot 0 > page 2, slot 1 > chain page 4 > chain page 5 > chain page 4",
    );
}

#[test]
fn two_records_with_one_chain_are_told_at_the_second() {
    let mut forge = whole();
    let top = holder(&forge);
    let (zz, n2) = (Value::Chain(300, forge.pointer(7)), Value::Chain(500, forge.pointer(10)));
    forge.change(9, |plain| *plain = leaf(&[("n1", zz), ("n2", n2)]));
    forge.one_wrong(Code::TreeDoubleRef, 7, &format!("{top} > catalog > tree notes > page 9, slot 0 > chain page 7"));
}

#[test]
fn a_page_of_another_kind_is_told_wherever_it_stands() {
    let top = holder(&whole());
    // In a chain, a leaf.
    let mut forge = whole();
    let leaf_page = forge.pointer(12);
    forge.change(9, |plain| *plain = leaf(&[("n1", text("3")), ("n2", Value::Chain(500, leaf_page))]));
    let finding =
        forge.one_wrong(Code::PageKind, 12, &format!("{top} > catalog > tree notes > page 9, slot 1 > chain page 12"));
    assert_eq!(finding.expected.as_deref(), Some("an overflow page"));
    // In the free list, an overflow page.
    let mut forge = whole();
    let part = forge.pointer(7);
    forge.change(13, |plain| *plain = trunk(&[15, 16], &part));
    forge.one_wrong(Code::PageKind, 7, &format!("{top} > free list > trunk page 13 > trunk page 7"));
    // As a root, a trunk.
    let mut forge = whole();
    let (notes, trunk_page) = (forge.pointer(9), forge.pointer(14));
    forge.change(8, |plain| *plain = leaf(&[("notes", entry(notes, 3, 2)), ("todo", entry(trunk_page, 1, 1))]));
    forge.one_wrong(Code::PageKind, 14, &format!("{top} > catalog > tree todo > page 14"));
    // A list that goes wrong at its head says nothing against the pages in use.
    let mut forge = whole();
    let leaf_page = forge.pointer(2);
    forge.superblock(|bytes| bytes[116..144].copy_from_slice(&encode_pointer(&leaf_page)));
    forge.one_wrong(Code::PageKind, 2, &format!("{top} > free list > trunk page 2"));
}

#[test]
fn one_root_of_two_names_is_told() {
    let mut forge = whole();
    let top = holder(&forge);
    let notes = forge.pointer(9);
    forge.change(8, |plain| *plain = leaf(&[("notes", entry(notes, 3, 2)), ("todo", entry(notes, 1, 1))]));
    forge.one_wrong(Code::TreeDoubleRef, 9, &format!("{top} > catalog > tree todo > page 9"));
}

#[test]
fn a_free_list_that_returns_to_itself_is_a_cycle() {
    let mut forge = whole();
    let changes = [(13, forge.plain(13).unwrap()), (14, trunk(&[17], &forge.pointer(13)))];
    forge.log(&changes);
    forge.one_wrong(Code::FreeCycle, 13, "commit 3 > free list > trunk page 13 > trunk page 14 > trunk page 13");
}

#[test]
fn a_page_in_use_that_stands_in_the_free_list_is_told() {
    let top = holder(&whole());
    let lower = format!("{top} > free list > trunk page 13 > trunk page 14");
    // A leaf, a page of a chain, the catalog, a page of a named tree, the trunk above and the trunk itself.
    for page in [3, 5, 8, 12, 13, 14] {
        let mut forge = whole();
        forge.change(14, |plain| *plain = trunk(&[17, page], &PagePointer::NULL));
        forge.number(144, 6);
        let finding = forge.one_wrong(Code::FreeLive, page, &format!("{lower}, entry 1"));
        assert!(finding.next.unwrap().contains("Write nothing"));
    }
    // The trunk below.
    let mut forge = whole();
    let below = forge.pointer(14);
    forge.change(13, |plain| *plain = trunk(&[15, 16, 14], &below));
    forge.number(144, 6);
    forge.one_wrong(Code::FreeLive, 14, &lower);
}

#[test]
fn a_page_that_is_free_twice_is_told() {
    let mut forge = whole();
    let top = holder(&forge);
    forge.change(14, |plain| *plain = trunk(&[17, 16], &PagePointer::NULL));
    forge.number(144, 6);
    forge.one_wrong(Code::TreeDoubleRef, 16, &format!("{top} > free list > trunk page 13 > trunk page 14, entry 1"));
}

#[test]
fn a_free_page_behind_the_last_one_is_told() {
    let mut forge = whole();
    let top = holder(&forge);
    forge.change(14, |plain| *plain = trunk(&[17, 18], &PagePointer::NULL));
    forge.number(144, 6);
    let path = format!("{top} > free list > trunk page 13 > trunk page 14, entry 1");
    let finding = forge.one_wrong(Code::TreeSlot, 14, &path);
    assert_eq!(finding.found.as_deref(), Some("18"));
}

#[test]
fn counts_that_differ_are_told() {
    let wrong = |change: &dyn Fn(&mut Forge)| {
        let mut forge = whole();
        change(&mut forge);
        let found = forge.wrong();
        assert_eq!(found.len(), 1, "{found:#?}");
        (found[0].code, found[0].expected.clone().unwrap(), found[0].found.clone().unwrap(), found[0].path.clone())
    };
    let stored = |code, expected: &str, found: &str| (code, expected.to_owned(), found.to_owned(), None);
    assert_eq!(wrong(&|forge| forge.number(144, 6)), stored(Code::FreeCount, "6", "5"));
    assert_eq!(wrong(&|forge| forge.number(152, 5)), stored(Code::TreeCount, "5", "4"));
    assert_eq!(wrong(&|forge| forge.number(204, 3)), stored(Code::TreeCount, "3", "2"));
    let top = holder(&whole());
    let of_notes = |pages, records, expected: &str, found: &str| {
        let got = wrong(&|forge| {
            let (notes, todo) = (forge.pointer(9), forge.pointer(12));
            let entries = [("notes", entry(notes, pages, records)), ("todo", entry(todo, 1, 1))];
            forge.change(8, |plain| *plain = leaf(&entries));
        });
        let path = Some(format!("{top} > catalog > tree notes"));
        assert_eq!(got, (Code::TreeCount, expected.to_owned(), found.to_owned(), path));
    };
    of_notes(3, 9, "9 records", "2 records");
    of_notes(4, 2, "4 pages", "3 pages");
}

#[test]
fn more_entries_than_a_trunk_has_room_for_are_told() {
    let mut forge = whole();
    let top = holder(&forge);
    forge.change(14, |plain| plain[4..8].copy_from_slice(&200u32.to_le_bytes()));
    forge.one_wrong(Code::FreeCount, 14, &format!("{top} > free list > trunk page 13 > trunk page 14"));
}

#[test]
fn an_entry_of_the_catalog_that_cannot_be_is_told() {
    let top = holder(&whole());
    for (name, value) in [("notes", text("short")), ("notes", entry(PagePointer::NULL, 1, 1))] {
        let mut forge = whole();
        let todo = forge.pointer(12);
        forge.change(8, |plain| *plain = leaf(&[(name, value), ("todo", entry(todo, 1, 1))]));
        let finding = forge.one_wrong(Code::TreeSlot, 8, &format!("{top} > catalog > page 8, slot 0"));
        assert_eq!(finding.lost.as_deref(), Some("Every record of the named tree notes."));
    }
}

#[test]
fn a_page_that_nothing_accounts_for_is_lost() {
    // The free list forgets its second entry, and says so.
    let mut forge = whole();
    let below = forge.pointer(14);
    forge.change(13, |plain| *plain = trunk(&[15], &below));
    forge.number(144, 4);
    let found = forge.wrong();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!((found[0].code, found[0].page), (Code::TreeLostPage, Some(PageNo(16))));
    assert_eq!(forge.report(Level::Seal).exit(), 0, "level seal counts nothing");
    // A record forgets its chain.
    let mut forge = whole();
    forge.change(3, |plain| *plain = leaf(&[("m", text("2")), ("zz", text("gone"))]));
    let found = forge.wrong();
    assert_eq!((found.len(), found[0].code, found[0].page), (1, Code::TreeLostPage, Some(PageNo(7))), "{found:#?}");
}

#[test]
fn keys_out_of_range_are_told_in_every_tree() {
    let mut forge = whole();
    let top = holder(&forge);
    forge.change(3, |plain| *plain = leaf(&[("b", text("2")), ("zz", text("gone"))]));
    let found = forge.wrong();
    assert_eq!((found[0].code, found[0].page), (Code::TreeRange, Some(PageNo(3))), "{found:#?}");
    assert_eq!(found[0].path.as_deref(), Some(&*format!("{top} > page 1, slot 1 (m) > page 3")));
}

#[test]
fn a_page_whose_level_does_not_fit_its_place_is_told() {
    let mut forge = whole();
    let top = holder(&forge);
    let mut root = Node::new(PageKind::Branch, 2, PLAIN);
    root.insert_child(0, b"", &forge.pointer(2));
    root.insert_child(1, b"m", &forge.pointer(3));
    forge.change(1, |plain| *plain = root.into_bytes());
    let found = forge.wrong();
    let told: Vec<(Code, u32)> = found.iter().map(|finding| (finding.code, finding.page.unwrap().0)).collect();
    assert_eq!(told, [(Code::TreeDepth, 2), (Code::TreeDepth, 3)], "{found:#?}");
    assert_eq!(found[0].path.as_deref(), Some(&*format!("{top} > page 1, slot 0 > page 2")));
}

#[test]
fn a_pointer_behind_the_last_page_is_told() {
    let mut forge = whole();
    let gone = PagePointer { page: PageNo(18), ..forge.pointer(7) };
    forge.change(3, |plain| *plain = leaf(&[("m", text("2")), ("zz", Value::Chain(300, gone))]));
    let found = forge.wrong();
    assert_eq!((found[0].code, found[0].page), (Code::TreeSlot, Some(PageNo(18))), "{found:#?}");
}

#[test]
fn a_bad_page_says_nothing_against_the_rest() {
    // Everything in the left half of the main tree is gone, and a trunk; a wrong count elsewhere is still told.
    let mut forge = whole();
    let (notes, todo) = (forge.pointer(9), forge.pointer(12));
    forge.change(8, |plain| *plain = leaf(&[("notes", entry(notes, 3, 7)), ("todo", entry(todo, 1, 1))]));
    for page in [2, 14] {
        forge.files.get_mut(PATH).unwrap()[page_start(page) + 60] ^= 1;
    }
    let found = forge.wrong();
    let told: Vec<(Code, u32)> = found.iter().map(|finding| (finding.code, finding.page.unwrap().0)).collect();
    assert_eq!(told, [(Code::PageUnauthentic, 2), (Code::TreeCount, 8), (Code::PageUnauthentic, 14)], "{found:#?}");
}

#[test]
fn everything_can_be_listed() {
    let forge = whole();
    let file = at_rest(&forge.files);
    let named = file.named_trees().unwrap();
    let listed: Vec<(String, u32, u64)> = named
        .trees
        .iter()
        .map(|tree| (String::from_utf8(tree.name.to_vec()).unwrap(), tree.entry.page_count, tree.entry.record_count))
        .collect();
    assert_eq!(listed, [("notes".to_owned(), 3, 2), ("todo".to_owned(), 1, 1)]);
    assert!(named.findings.is_empty());
    let notes = file.named_tree(&named.trees[0]).unwrap();
    assert_eq!(notes.nodes.len(), 1);
    let parts: Vec<(u32, u64, usize, u64)> =
        notes.parts.iter().map(|part| (part.page.0, part.position, part.data_bytes, part.remaining_bytes)).collect();
    assert_eq!(parts, [(10, 0, 408, 500), (11, 1, 92, 92)]);
    assert_eq!(file.catalog_tree().unwrap().unwrap().nodes[0].page, PageNo(8));
    let free = file.free_list().unwrap();
    assert_eq!(free.count(), 5);
    assert_eq!(free.trunks[0].pages, [PageNo(15), PageNo(16)]);
    assert_eq!(free.trunks[1].path, format!("{} > free list > trunk page 13 > trunk page 14", holder(&forge)));
    // What each page is for.
    let role = |page: u32| {
        let found = file.role_of(PageNo(page)).unwrap().unwrap();
        (found.role.to_string(), found.path)
    };
    assert_eq!(role(3).0, "a page of the main tree");
    assert_eq!(role(8).0, "a page of the catalog of named trees");
    assert_eq!(role(11).0, "a part of a long value of the tree notes");
    let top = holder(&forge);
    assert_eq!(role(17), ("free: what it holds is dead".to_owned(), format!("{}, entry 0", free.trunks[1].path)));
    assert_eq!(role(5).1, format!("{top} > page 1, slot 0 > page 2, slot 1 > chain page 4 > chain page 5"));
    assert!(file.role_of(PageNo(18)).unwrap().is_none());
    let roles = file.roles().unwrap();
    assert_eq!(roles.len(), 17);
    assert!(roles.values().all(|(_, holds)| *holds));
    // What the pages hold reads back as it was written.
    let plain = forge.plain(10).unwrap();
    assert_eq!(OverflowView::new(&plain).unwrap().data(), [b'n'; 408]);
    assert_eq!(FreeTrunkView::new(&forge.plain(13).unwrap()).unwrap().count(), 2);
}
