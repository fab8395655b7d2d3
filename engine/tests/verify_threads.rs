//! Verification on one thread and on many gives one report and one row of events, to the byte; a bad page taints no other; and it
//! can be stopped.

mod common;

use common::disk::{Below, Meddle, meddled};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::AtRest;
use tosumu::trace::{Event, Level as Detail, Recorder, Sink, Tracer};
use tosumu::verify::{Level, Report, Stop, VerifyOptions, verify};
use tosumu::vfs::{DiskImage, SimVfs, Vfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Code, Options, PageNo, PageSize};

const PATH: &str = "t.tsm";
const PAGE_BYTES: usize = 512;

type Files = BTreeMap<String, Vec<u8>>;

/// A file with short and long values, named trees and free pages; checkpointed, and a commit in the log behind that.
fn store(records: usize, in_log: usize) -> Files {
    let disk = SimVfs::new(1);
    let options = Options::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(InsecureSeededEntropy::new(7)));
    let db = options.page_size(PageSize::TOY).checkpoints(AutoCheckpoint::Inline).create(true).open(PATH).unwrap();
    let key = |number: usize| format!("k{number:05}").into_bytes();
    db.write(|tx| {
        for number in 0..records {
            let value = vec![b'v'; if number % 25 == 3 { 900 + number } else { 20 + number % 40 }];
            tx.put(&key(number), &value)?;
        }
        for name in ["one", "two"] {
            tx.create_tree(name)?;
            let mut tree = tx.tree(name)?.expect("it was made");
            for number in 0..records / 5 {
                tree.put(&key(number), &[b'n'; 30])?;
            }
        }
        tx.create_tree("gone")?;
        tx.tree("gone")?.expect("it was made").put(b"k", &[1; 3000])
    })
    .unwrap();
    db.write(|tx| tx.drop_tree("gone").map(drop)).unwrap();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    if in_log > 0 {
        db.write(|tx| (0..in_log).try_for_each(|number| tx.put(&key(number * 7), b"newer"))).unwrap();
    }
    drop(db);
    disk.files().into_iter().map(|file| (file.file, file.bytes.to_vec())).collect()
}

fn at_rest(files: &Files) -> AtRest {
    AtRest::open(Arc::new(SimVfs::from_image(DiskImage::of(files.clone()), 1)), PATH, None).unwrap()
}

/// The report and the events, as text.
fn told(files: &Files, level: Level, threads: usize) -> (Report, String) {
    let recorder = Recorder::new();
    let tracer = Tracer::new(recorder.clone());
    let options = VerifyOptions { level, tracer, threads: NonZeroUsize::new(threads), ..VerifyOptions::default() };
    let report = verify(&at_rest(files), &options).unwrap();
    let events: Vec<String> =
        recorder.events_from(0).iter().map(|event| serde_json::to_string(&**event).unwrap()).collect();
    let text = format!("{}\n{}\n{}", serde_json::to_string(&report).unwrap(), report.summary(), events.join("\n"));
    (report, text)
}

fn damage(files: &Files, page: u32, byte: usize) -> Files {
    let mut files = files.clone();
    files.get_mut(PATH).unwrap()[8192 + (page as usize - 1) * PAGE_BYTES + byte] ^= 0x40;
    files
}

#[test]
fn one_thread_and_many_give_the_same_report_and_events_to_the_byte() {
    let sound = store(2500, 60);
    let pages = at_rest(&sound).page_count().unwrap();
    assert!(pages > 500, "{pages} pages");
    let mut variants = vec![sound.clone(), damage(&sound, 1, 100)];
    let mut many = sound.clone();
    for page in (2..=pages).step_by(9) {
        many = damage(&many, page, page as usize % PAGE_BYTES);
    }
    variants.push(many);
    let mut swapped = sound.clone();
    let bytes = swapped.get_mut(PATH).unwrap();
    for page in (10..pages as usize - 20).step_by(31) {
        let (one, other) = (8192 + page * PAGE_BYTES, 8192 + (page + 7) * PAGE_BYTES);
        let first = bytes[one..one + PAGE_BYTES].to_vec();
        bytes.copy_within(other..other + PAGE_BYTES, one);
        bytes[other..other + PAGE_BYTES].copy_from_slice(&first);
    }
    variants.push(swapped);
    let mut short = sound.clone();
    short.get_mut(PATH).unwrap().truncate(8192 + pages as usize / 2 * PAGE_BYTES + 77);
    variants.push(short);
    for (number, files) in variants.iter().enumerate() {
        for level in [Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let (report, one) = told(files, level, 1);
            assert_eq!(
                number > 0 && (number != 1 || report.exit() == 2),
                report.exit() == 2,
                "variant {number}, {level}"
            );
            for threads in [2, 3, 7] {
                let (_, many) = told(files, level, threads);
                assert!(one == many, "variant {number}, {level}: {threads} threads tell another story");
            }
        }
    }
}

/// For each page of the main tree and its chains, the pages that nobody comes to when it is bad.
fn hidden_by(files: &Files) -> BTreeMap<u32, BTreeSet<u32>> {
    let tree = at_rest(files).tree().unwrap();
    let mut hidden: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    let mut hide = |by: u32, page: u32| {
        hidden.entry(by).or_default().insert(page);
    };
    let above = |mut node: usize| {
        let mut pages = vec![tree.nodes[node].page.0];
        while let Some((parent, _)) = tree.nodes[node].parent {
            pages.push(tree.nodes[parent].page.0);
            node = parent;
        }
        pages
    };
    for (index, node) in tree.nodes.iter().enumerate() {
        above(index).into_iter().for_each(|by| hide(by, node.page.0));
    }
    for part in &tree.parts {
        above(part.leaf).into_iter().for_each(|by| hide(by, part.page.0));
        let before = tree.parts.iter().filter(|other| (other.leaf, other.slot) == (part.leaf, part.slot));
        before.filter(|other| other.position <= part.position).for_each(|by| hide(by.page.0, part.page.0));
    }
    hidden
}

#[test]
fn every_page_bad_alone_and_in_pairs_gives_exactly_the_findings_of_those_pages() {
    let sound = store(330, 0);
    let hidden = hidden_by(&sound);
    let pages: Vec<u32> = hidden.keys().copied().collect();
    assert!(pages.len() > 60, "{} pages", pages.len());
    let expected = |bad: &[u32]| -> BTreeSet<u32> {
        let is_hidden = |page: &u32| bad.iter().any(|by| by != page && hidden[by].contains(page));
        bad.iter().copied().filter(|page| !is_hidden(page)).collect()
    };
    let check = |bad: &[u32]| {
        let files =
            bad.iter().fold(sound.clone(), |files, &page| damage(&files, page, (page as usize * 37) % PAGE_BYTES));
        let options = VerifyOptions { level: Level::Deep, threads: NonZeroUsize::new(2), ..VerifyOptions::default() };
        let report = verify(&at_rest(&files), &options).unwrap();
        let found: Vec<_> = report.findings.iter().filter(|finding| finding.code != Code::FreshUnanchored).collect();
        assert!(found.iter().all(|finding| finding.code == Code::PageUnauthentic), "{bad:?}: {found:#?}");
        let named: BTreeSet<u32> = found.iter().filter_map(|finding| finding.page).map(|page| page.0).collect();
        assert_eq!((named.len(), named), (found.len(), expected(bad)), "{bad:?}");
    };
    for (at, &one) in pages.iter().enumerate() {
        check(&[one]);
        pages[at + 1..].iter().for_each(|&other| check(&[one, other]));
    }
}

/// Stops a verification behind so many pages.
struct StopsAfter {
    pages: std::sync::Mutex<u32>,
    stop: Stop,
}

impl Sink for StopsAfter {
    fn level(&self) -> Detail {
        Detail::Outline
    }

    fn take(&self, event: Event) {
        if let Event::PageVerified { .. } = event {
            let mut left = self.pages.lock().unwrap();
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.stop.stop();
            }
        }
    }
}

#[test]
fn a_verification_that_is_stopped_says_what_it_found_and_calls_nothing_checked_that_did_not_end() {
    let sound = store(2500, 0);
    let root = at_rest(&sound).root().unwrap().page.0;
    let first = at_rest(&sound).tree().unwrap().nodes.iter().find(|node| node.level == Some(0)).unwrap().page.0;
    for (files, exit) in [(sound.clone(), 3), (damage(&sound, first, 99), 2)] {
        for level in [Level::Scan, Level::Auth, Level::Seal, Level::Deep] {
            let stop = Stop::default();
            let sink = StopsAfter { pages: std::sync::Mutex::new(first.max(root).max(20)), stop: stop.clone() };
            let tracer = Tracer::new(Arc::new(sink));
            let options = VerifyOptions { level, tracer, stop, ..VerifyOptions::default() };
            let report = verify(&at_rest(&files), &options).unwrap();
            assert!(report.stopped);
            let exit = if level == Level::Scan { 3 } else { exit };
            assert_eq!(report.exit(), exit, "{level}: {:?}", report.findings);
            assert!(report.pages_checked < report.pages_total);
            assert!(
                report.findings.iter().all(|finding| finding.page == Some(PageNo(first)) || finding.page.is_none())
            );
            for check in &report.checks {
                let of_pages = check.name.contains("page") || check.name.contains("key order");
                assert!(!of_pages || !check.ran, "{level}: {check:?}");
            }
        }
    }
}

/// A disk that cannot read some bytes of the page file.
#[derive(Clone)]
struct FailingDisk(SimVfs, Vec<Range<u64>>);

impl Meddle for FailingDisk {
    fn below(&self) -> &dyn Vfs {
        &self.0
    }
    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let end = offset + buffer.len() as u64;
        match file.name == PATH && self.1.iter().any(|bad| offset < bad.end && bad.start < end) {
            true => Err(io::Error::other("the disk gives an error here")),
            false => file.read_at(offset, buffer),
        }
    }
}

#[test]
fn pages_that_the_disk_cannot_read_are_told_one_by_one_and_taint_no_other() {
    let sound = store(2500, 0);
    let nodes = at_rest(&sound).tree().unwrap().nodes;
    let bad: BTreeSet<u32> =
        nodes.iter().filter(|node| node.level == Some(0)).step_by(40).map(|node| node.page.0).collect();
    let place = |page: &u32| {
        let start = 8192 + u64::from(page - 1) * PAGE_BYTES as u64;
        start + 100..start + 101
    };
    let disk = FailingDisk(SimVfs::from_image(DiskImage::of(sound), 1), bad.iter().map(place).collect());
    let file = AtRest::open(meddled(disk), PATH, None).unwrap();
    for level in [Level::Auth, Level::Seal, Level::Deep] {
        let report = verify(&file, &VerifyOptions { level, ..VerifyOptions::default() }).unwrap();
        let found: Vec<_> = report.findings.iter().filter(|finding| finding.code == Code::FileReadError).collect();
        let named: BTreeSet<u32> = found.iter().filter_map(|finding| finding.page).map(|page| page.0).collect();
        assert_eq!((&named, found.len(), report.exit()), (&bad, bad.len(), 3), "{level}: {:?}", report.findings);
    }
}
