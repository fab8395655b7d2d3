//! Hostile bytes: files changed at random, without the key and with it (a keyless file tells its own), given to everything
//! that reads. Nothing panics and nothing hangs; and whoever does not have the key never makes anybody read a wrong value: an
//! answer is right, or that of a whole earlier commit, or an error.
//!
//! `TOSUMU_MUTANTS=200000` sets how many are made.

#![allow(clippy::disallowed_types, reason = "that nothing hangs is told by a clock; the engine itself reads none")]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tosumu::crypto::{Entropy, InsecureSeededEntropy};
use tosumu::forge::{Files, Forger, LogRecord, Mend, mend_checksums};
use tosumu::format::catalog::TreeEntry;
use tosumu::format::free_list::{FreeTrunk, FreeTrunkView};
use tosumu::format::log::RecordKind;
use tosumu::format::node::{CellValue, Node, NodeView};
use tosumu::format::overflow::{OverflowView, encode_overflow};
use tosumu::format::page::PageKind;
use tosumu::inspect::AtRest;
use tosumu::limits::VALUE_BYTES_MAX;
use tosumu::types::{PagePointer, Seal};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{DiskImage, LockKind, OpenMode, SimVfs, Vfs, VfsFile};
use tosumu::{AutoCheckpoint, CheckpointMode, CommitNo, Database, Error, Options, PageNo, PageSize, Unlock};

const PATH: &str = "h.tsm";
const LOG: &str = "h.tsm-wal";
const PAGE: usize = 512;
const SLOT: usize = 4096;
const MUTANTS: u64 = 20_000;
/// No answer takes longer; a sound one takes less than a millisecond.
const PATIENCE: Duration = Duration::from_secs(5);

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn disk_of(files: &Files) -> SimVfs {
    SimVfs::from_image(DiskImage::of(files.clone()), 1)
}

fn files_of(disk: &SimVfs) -> Files {
    disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect()
}

fn options(disk: &SimVfs) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(5)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
}

/// A small store in the states it passes through, each with what it holds then; and every state it was ever in.
fn history() -> (Vec<Files>, Vec<Model>) {
    let disk = SimVfs::new(1);
    let db = options(&disk).create(true).open(PATH).unwrap();
    let (mut kept, mut models) = (Vec::new(), vec![Model::new()]);
    for round in 0..6u32 {
        let mut model = models[models.len() - 1].clone();
        db.write(|tx| {
            for number in (0..14).map(|step| (step * (round + 1)) % 40) {
                let (key, value) = (format!("k{number:03}").into_bytes(), format!("{round} {number:040}").into_bytes());
                tx.put(&key, &value)?;
                model.insert(key, value);
            }
            Ok(())
        })
        .unwrap();
        models.push(model);
        if round == 1 || round == 3 {
            kept.push(files_of(&disk));
            db.checkpoint(CheckpointMode::Passive).unwrap();
        }
        kept.push(files_of(&disk));
    }
    (kept, models)
}

/// Numbers drawn from a seed.
struct Draw(InsecureSeededEntropy);

impl Draw {
    fn word(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).unwrap();
        u64::from_le_bytes(bytes)
    }

    fn below(&self, bound: usize) -> usize {
        (self.word() % bound.max(1) as u64) as usize
    }

    fn one<'a, T>(&self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// A number that programs stumble over.
    fn odd(&self) -> u64 {
        let near = *self.one(&[0, 1, 7, 56, 192, 512, 592, 4096, 1 << 16, 1 << 31, 1 << 32, 1 << 63, u64::MAX]);
        near.wrapping_add(self.word() % 3).wrapping_sub(1)
    }
}

/// Changes one thing in a file as somebody without the key can.
fn change(files: &mut Files, old: &Files, draw: &Draw) {
    let name = *draw.one(&[PATH, PATH, LOG]);
    let Some(mut bytes) = files.remove(name) else { return };
    let length = bytes.len();
    let unit = *draw.one(&[1, 8, 80, PAGE, SLOT]);
    let place = |draw: &Draw| draw.below(length / unit.max(1) + 1) * unit;
    match draw.below(10) {
        0 | 1 if length > 0 => bytes[draw.below(length)] ^= 1 << draw.below(8),
        2 => {
            overwrite(&mut bytes, draw.below(length + 1) / 4 * 4, &draw.odd().to_le_bytes()[..*draw.one(&[1, 2, 4, 8])])
        }
        3 => bytes.truncate(place(draw)),
        4 => bytes.resize(length + draw.below(3000), draw.word() as u8),
        5 => {
            let start = place(draw).min(length);
            let end = (start + unit).min(length);
            bytes[start..end].fill(*draw.one(&[0, 0, 0xff, draw.word() as u8]));
        }
        6 => {
            let (from, to) = (place(draw).min(length), place(draw));
            let piece = bytes[from..(from + unit).min(length)].to_vec();
            overwrite(&mut bytes, to, &piece);
        }
        7 | 8 => {
            let other = old.get(name).map_or(&[][..], Vec::as_slice);
            let at = place(draw);
            let piece = other.get(at..(at + unit).min(other.len())).unwrap_or(&[]).to_vec();
            overwrite(&mut bytes, at, &piece);
        }
        _ if draw.below(3) == 0 => return,
        _ => match old.get(name) {
            Some(other) => bytes.clone_from(other),
            None => return,
        },
    }
    files.insert(name.to_owned(), bytes);
    // Half the time the checksums are made right again: what has no key hides no more than that.
    if draw.below(2) == 0 {
        mend_checksums(files, name);
    }
}

fn overwrite(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    if bytes.len() < at + piece.len() {
        bytes.resize(at + piece.len(), 0);
    }
    bytes[at..at + piece.len()].copy_from_slice(piece);
}

/// What a reader was given.
#[derive(PartialEq, Eq, Debug)]
enum Answer {
    Everything(Model),
    Error,
}

fn read_all(db: &Database) -> Answer {
    let snapshot = db.read();
    let records = snapshot.range::<[u8]>(..).map(|record| record.map(|r| (r.key().to_vec(), r.value().to_vec())));
    records.collect::<Result<Model, Error>>().map_or(Answer::Error, Answer::Everything)
}

/// Everything that reads, and a writer: returns what was served, by the reader and before and after the writer wrote.
fn use_everything(files: &Files) -> [Answer; 3] {
    let disk = disk_of(files);
    let shared: Arc<dyn Vfs> = Arc::new(disk.clone());
    let started = Instant::now();
    if let Ok(file) = AtRest::open(shared, PATH, None) {
        for level in Level::ALL.into_iter().filter(|&level| level != Level::Anchored) {
            let _ = verify(&file, &VerifyOptions { level, ..VerifyOptions::default() });
        }
        let _ = (file.tree().map(|tree| tree.height()), file.annotate_log(), file.fingerprint_line());
        for page in [0, 1, 2, u32::MAX - 1, u32::MAX] {
            let _ = (file.open_any(PageNo(page)), file.annotate_page_plain(PageNo(page)));
        }
    }
    let read = options(&disk).read_only(true).open(PATH).map_or(Answer::Error, |db| read_all(&db));
    let (mut before, mut after) = (Answer::Error, Answer::Error);
    if let Ok(db) = options(&disk).open(PATH) {
        before = read_all(&db);
        let written = db.write(|tx| tx.put(b"new", b"1").and_then(|()| tx.delete(b"k001")));
        let _ = (written, db.checkpoint(CheckpointMode::Passive), db.stats());
        after = read_all(&db);
    }
    assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
    [read, before, after]
}

fn mutants() -> u64 {
    std::env::var("TOSUMU_MUTANTS").ok().and_then(|text| text.parse().ok()).unwrap_or(MUTANTS)
}

#[test]
fn whoever_has_no_key_makes_nobody_read_a_wrong_value() {
    let (kept, models) = history();
    let (mut served, mut refused) = (0, 0);
    let with_new: Vec<Model> = models.iter().map(written).collect();
    for number in 0..mutants() {
        let draw = Draw(InsecureSeededEntropy::new(number));
        let (mut files, old) = (draw.one(&kept).clone(), draw.one(&kept));
        (0..1 + draw.below(3)).for_each(|_| change(&mut files, old, &draw));
        let [read, before, after] = use_everything(&files);
        for answer in [&read, &before] {
            match answer {
                Answer::Everything(found) => {
                    served += 1;
                    assert!(
                        models.contains(found),
                        "mutant {number} was served {} records never committed",
                        found.len()
                    );
                }
                Answer::Error => refused += 1,
            }
        }
        if let Answer::Everything(found) = &after {
            assert!(models.contains(found) || with_new.contains(found), "mutant {number}: a write went astray");
        }
    }
    println!("{} mutants: {served} answers right or of an earlier commit, {refused} errors, none wrong", mutants());
    assert!(served > 0 && refused > 0);
}

fn written(model: &Model) -> Model {
    let mut model = model.clone();
    model.insert(b"new".to_vec(), b"1".to_vec());
    model.remove(&b"k001"[..]);
    model
}

/// Changes fields and makes every MAC and tag right again, as whoever holds the key can. What cannot be forged stays.
fn forge(forger: &mut Forger, draw: &Draw) {
    let _ = match draw.below(3) {
        0 => forge_superblocks(forger, draw),
        1 => forge_page(forger, draw),
        _ => forger.log_records(|records| records.iter_mut().for_each(|record| forge_record(record, draw))),
    };
}

/// Places in a superblock whose numbers steer the reader: generations, counts, commit, root.
const STEERING: [(usize, usize); 12] =
    [(56, 8), (64, 8), (72, 1), (76, 4), (80, 8), (88, 4), (92, 8), (116, 4), (144, 4), (148, 4), (152, 8), (160, 8)];

fn forge_superblocks(forger: &mut Forger, draw: &Draw) -> tosumu::Result<()> {
    let (at, size) = *draw.one(&STEERING);
    let number = draw.odd().to_le_bytes();
    for slot in 0..1 + draw.below(2) as u8 {
        // Neighbours in their right places, however high.
        let generation = ((draw.odd() & !1) + u64::from(slot)).to_le_bytes();
        let field = if at == 56 { &generation[..] } else { &number[..size] };
        forger.edit_superblock(slot, Mend::Everything, |bytes| bytes[at..at + size].copy_from_slice(field))?;
    }
    if draw.below(2) == 0 { forger.bind_log() } else { Ok(()) }
}

/// The root, so that what is forged is sure to be read.
fn forge_page(forger: &mut Forger, draw: &Draw) -> tosumu::Result<()> {
    let root = forger.newest_superblock()?.1.root.page;
    let mut plain = other_kind_of_page(forger.plain_page(root)?, draw);
    for _ in 0..1 + draw.below(3) {
        let at = if draw.below(2) == 0 { draw.below(40) } else { draw.below(plain.len() - 8) };
        let size = *draw.one(&[1, 2, 4, 8]);
        plain[at..at + size].copy_from_slice(&draw.odd().to_le_bytes()[..size]);
    }
    match draw.below(4) {
        // The newest form, in the log.
        0 => forger.append_commit(&[(root, plain)], |_| {}).map(drop),
        _ => forger.reseal_through_parents(root, &plain).map(drop),
    }
}

/// Now and then a sound page that is no node, or a leaf with a value that lies elsewhere, in place of `plain`.
fn other_kind_of_page(plain: Vec<u8>, draw: &Draw) -> Vec<u8> {
    let elsewhere = PagePointer { page: PageNo(draw.odd() as u32), commit: CommitNo(1), seal: Seal([7; 16]) };
    match draw.below(8) {
        0 => encode_overflow(plain.len(), b"end", 3, &PagePointer::NULL),
        1 => {
            let mut trunk = FreeTrunk::new(plain.len(), &elsewhere);
            (1..=3).for_each(|page| trunk.push(PageNo(page)));
            trunk.into_bytes()
        }
        2 => {
            let mut leaf = Node::new(PageKind::Leaf, 0, plain.len());
            leaf.insert_overflow_record(0, b"k", (draw.odd() as u32) % (VALUE_BYTES_MAX + 1), &elsewhere);
            leaf.into_bytes()
        }
        _ => plain,
    }
}

/// Changes a field in some records.
fn forge_record(record: &mut LogRecord, draw: &Draw) {
    if draw.below(4) != 0 {
        return;
    }
    let (odd, fields) = (draw.odd(), &mut record.fields);
    match draw.below(5) {
        0 => fields.sequence = odd.max(1),
        1 => fields.commit = CommitNo(odd),
        2 => fields.durable_sequence = odd,
        3 if fields.kind == RecordKind::Page => fields.page = PageNo((odd as u32).max(1)),
        _ => {
            let place = *draw.one(&[0, 4, 8, 12, 36, 64, 68, 72, 80, 84, 108]);
            record.body[place..place + 4].copy_from_slice(&(odd as u32).to_le_bytes());
        }
    }
}

#[test]
fn whoever_holds_the_key_can_lie_but_makes_no_reader_panic_or_hang() {
    let (kept, _) = history();
    let mut served = 0;
    for number in 0..mutants() / 4 {
        let draw = Draw(InsecureSeededEntropy::new(1 << 40 | number));
        let entropy = Arc::new(InsecureSeededEntropy::new(draw.word()));
        let mut forger = Forger::open(draw.one(&kept).clone(), PATH, &Unlock::Keyless, entropy).unwrap();
        (0..1 + draw.below(2)).for_each(|_| forge(&mut forger, &draw));
        let answers = use_everything(forger.files());
        served += answers.iter().filter(|answer| **answer != Answer::Error).count();
    }
    println!("{} forgeries, {served} answers served", mutants() / 4);
    assert!(served > 0);
}

#[test]
fn a_count_of_four_thousand_million_pages_is_verified_in_a_moment() {
    let (kept, _) = history();
    let entropy = || Arc::new(InsecureSeededEntropy::new(1));
    let open = || Forger::open(kept[kept.len() - 1].clone(), PATH, &Unlock::Keyless, entropy()).unwrap();
    let most = tosumu::limits::PAGES_MAX;
    let (mut by_commit, mut by_superblock, mut without_key) = (open(), open(), open());
    by_commit
        .append_commit(&[], |body| {
            (body.page_count, body.free_count) = (most, most);
            body.free_list = PagePointer { page: PageNo(most), commit: CommitNo(1), seal: Seal([7; 16]) };
        })
        .unwrap();
    let (slot, _) = by_superblock.newest_superblock().unwrap();
    by_superblock.edit_fields(slot, |fields| fields.page_count = most).unwrap();
    by_superblock.bind_log().unwrap();
    let count =
        |bytes: &mut [u8]| [76, 144].iter().for_each(|&at| bytes[at..at + 4].copy_from_slice(&most.to_le_bytes()));
    without_key.edit_superblocks(Mend::Checksum, count).unwrap();
    for forger in [by_commit, by_superblock, without_key] {
        use_everything(forger.files());
    }
}

/// Reads a plain form as everything it could be, and all that the views then give.
fn read_as_every_kind(plain: &[u8]) {
    let next = OverflowView::new(plain).ok().and_then(|page| {
        assert!(page.data().len() as u64 <= page.remaining());
        page.next()
    });
    assert!(next.is_none_or(|next| !next.is_null()));
    if let Ok(trunk) = FreeTrunkView::new(plain) {
        assert!(trunk.pages().all(|page| !page.is_none()));
        assert_eq!(trunk.pages().len(), FreeTrunk::from_plain(plain.to_vec()).unwrap().view().count());
    }
    if let Ok(node) = NodeView::new(plain).map_err(drop).and_then(|node| match node.kind() {
        PageKind::Leaf => Ok(node),
        _ => Err(()),
    }) {
        for slot in 0..node.slot_count() {
            match node.cell_value(slot) {
                CellValue::Inline(value) => assert!(value.len() <= plain.len()),
                CellValue::Overflow { length, first } => {
                    assert!(length <= VALUE_BYTES_MAX && !first.is_null());
                }
            }
        }
    }
    let _ = plain.get(..40).map(TreeEntry::decode);
}

#[test]
fn random_bytes_read_as_any_page_make_no_view_panic() {
    for number in 0..mutants() {
        let draw = Draw(InsecureSeededEntropy::new(1 << 41 | number));
        let mut plain: Vec<u8> = match draw.below(4) {
            0 => (0..draw.below(PAGE)).map(|_| draw.word() as u8).collect(),
            1 => (0..PAGE - 56).map(|at| if at == 0 { draw.below(5) as u8 } else { draw.odd() as u8 }).collect(),
            _ => other_kind_of_page(vec![0; PAGE - 56], &draw),
        };
        for _ in 0..draw.below(4) {
            let at = draw.below(plain.len().max(9) - 8);
            let size = *draw.one(&[1, 2, 4, 8]);
            if let Some(place) = plain.get_mut(at..at + size) {
                place.copy_from_slice(&draw.odd().to_le_bytes()[..size]);
            }
        }
        read_as_every_kind(&plain);
    }
}

/// A disk whose log is as long as is asked for: zeros behind what stands there, as in a file with a hole.
struct Stretched {
    sim: SimVfs,
    length: u64,
}

struct StretchedFile {
    file: Arc<dyn VfsFile>,
    length: Option<u64>,
}

impl Vfs for Stretched {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn VfsFile>> {
        let length = path.ends_with(LOG).then_some(self.length);
        Ok(Arc::new(StretchedFile { file: self.sim.open(path, mode)?, length }))
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.sim.exists(path)
    }
    fn link_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.sim.link_new(from, to)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.sim.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.sim.remove(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.sim.sync_dir(path)
    }
}

impl VfsFile for StretchedFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(length) = self.length.filter(|_| offset >= self.file.len().unwrap_or(0)) else {
            return self.file.read_at(offset, buffer);
        };
        let count = buffer.len().min(length.saturating_sub(offset) as usize);
        buffer[..count].fill(0);
        Ok(count)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<usize> {
        self.file.write_at(offset, data)
    }
    fn len(&self) -> io::Result<u64> {
        self.length.map_or_else(|| self.file.len(), Ok)
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
    fn try_lock(&self, kind: LockKind) -> io::Result<bool> {
        self.file.try_lock(kind)
    }
}

#[test]
fn a_log_with_a_hole_of_half_a_gigabyte_is_read_through_in_a_moment() {
    let (kept, models) = history();
    let vfs: Arc<dyn Vfs> = Arc::new(Stretched { sim: disk_of(&kept[kept.len() - 1]), length: 512 << 20 });
    let started = Instant::now();
    let db = Options::new().vfs(vfs.clone()).read_only(true).open(PATH).unwrap();
    assert_eq!(read_all(&db), Answer::Everything(models[models.len() - 1].clone()));
    let opened = started.elapsed();
    drop(db);
    let file = AtRest::open(vfs, PATH, None).unwrap();
    for level in [Level::Scan, Level::Deep] {
        verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap();
    }
    println!("opened in {opened:?}, verified in {:?}", started.elapsed() - opened);
    assert!(started.elapsed() < 4 * PATIENCE, "took {:?}", started.elapsed());
}
