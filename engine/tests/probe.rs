//! The probe: each lie told to a page, and the verdict with its evidence; and the good bytes, where they still stand.

mod common;

use common::files::{Files, disk_of, files_of};
use std::sync::Arc;
use tosumu::crypto::InsecureSeededEntropy;
use tosumu::inspect::{AtRest, Beside, Probe, Verdict};
use tosumu::types::PagePointer;
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::SimVfs;
use tosumu::{AutoCheckpoint, CheckpointMode, Code, Database, Options, PageNo, PageSize};

const PATH: &str = "p.tsm";
const LOG: &str = "p.tsm-wal";

fn open(disk: &SimVfs, page_size: PageSize, seed: u64) -> Database {
    let options = Options::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(InsecureSeededEntropy::new(seed)));
    options.page_size(page_size).checkpoints(AutoCheckpoint::Inline).create(true).open(PATH).unwrap()
}

fn put(db: &Database, count: usize, value: &str) {
    db.write(|tx| {
        for number in 0..count {
            tx.put(format!("k{number:05}").as_bytes(), format!("{value} {number:040}").as_bytes())?;
        }
        Ok(())
    })
    .unwrap();
}

/// A store at two times: `old` at its first checkpoint, `new` at its second, and the log that was folded between them.
struct Times {
    old: Files,
    new: Files,
    folded: Vec<u8>,
    page_size: PageSize,
}

fn times(page_size: PageSize, seed: u64) -> Times {
    let disk = SimVfs::new(1);
    let db = open(&disk, page_size, seed);
    put(&db, 600, "first");
    db.checkpoint(CheckpointMode::Passive).unwrap();
    let old = files_of(&disk);
    put(&db, 600, "second");
    let log = files_of(&disk)[LOG].clone();
    db.checkpoint(CheckpointMode::Passive).unwrap();
    drop(db);
    Times { old, new: files_of(&disk), folded: log, page_size }
}

impl Times {
    fn span(&self, page: u32) -> std::ops::Range<usize> {
        let start = 8192 + (page as usize - 1) * self.page_size.bytes();
        start..start + self.page_size.bytes()
    }

    fn leaf(&self, number: usize) -> PagePointer {
        let tree = at_rest(&self.new).tree().unwrap();
        tree.nodes.iter().filter(|node| node.level == Some(0)).nth(number).unwrap().pointer
    }

    /// `new` with the bytes of one page changed.
    fn with(&self, page: u32, change: impl FnOnce(&mut [u8])) -> Files {
        let mut files = self.new.clone();
        change(&mut files.get_mut(PATH).unwrap()[self.span(page)]);
        files
    }

    /// The same, beside the log that was folded.
    fn with_folded_log(&self, mut files: Files) -> Files {
        files.insert(LOG.to_owned(), self.folded.clone());
        files
    }

    fn old_page(&self, page: u32) -> &[u8] {
        &self.old[PATH][self.span(page)]
    }

    fn new_page(&self, page: u32) -> &[u8] {
        &self.new[PATH][self.span(page)]
    }
}

fn at_rest(files: &Files) -> AtRest {
    AtRest::open(Arc::new(disk_of(files)), PATH, None).unwrap()
}

fn beside(files: &Files) -> Beside {
    Beside::open(Arc::new(disk_of(files)), PATH, None).unwrap()
}

/// What the probe says, held against what `verify` says of the same page.
fn probed(files: &Files, page: u32, others: &[Beside]) -> Probe {
    let file = at_rest(files);
    let probe = file.probe(PageNo(page), others).unwrap();
    let options = VerifyOptions { level: Level::Seal, beside: others.to_vec(), ..VerifyOptions::default() };
    let report = verify(&file, &options).unwrap();
    let found: Vec<Code> = report
        .findings
        .iter()
        .filter(|finding| finding.page == Some(PageNo(page)))
        .map(|finding| finding.code)
        .collect();
    assert_eq!(found, probe.verdict.code().into_iter().collect::<Vec<_>>(), "{probe:#?}");
    probe
}

fn said(probe: &Probe) -> String {
    format!("{}\n{}\n{}", probe.summary, probe.evidence.join("\n"), probe.recovery.as_deref().unwrap_or("nowhere"))
}

#[test]
fn a_sound_page_and_one_of_zeros_are_what_they_are() {
    let times = times(PageSize::TOY, 7);
    let leaf = times.leaf(3);
    let probe = probed(&times.new, leaf.page.0, &[]);
    assert_eq!((probe.verdict, probe.expected), (Verdict::Sound, Some(leaf)));
    let probe = probed(&times.with(leaf.page.0, |bytes| bytes.fill(0)), leaf.page.0, &[]);
    assert_eq!((probe.verdict, probe.recovery.is_none()), (Verdict::Zero, true));
}

#[test]
fn swapped_pages_are_misplaced_and_each_is_found_in_the_place_of_the_other() {
    let times = times(PageSize::TOY, 7);
    let (one, other) = (times.leaf(3), times.leaf(9));
    let mut files = times.with(one.page.0, |bytes| bytes.copy_from_slice(times.new_page(other.page.0)));
    let span = times.span(other.page.0);
    files.get_mut(PATH).unwrap()[span].copy_from_slice(times.new_page(one.page.0));
    for (here, there) in [(one, other), (other, one)] {
        let probe = probed(&files, here.page.0, &[]);
        assert_eq!(probe.verdict, Verdict::Misplaced);
        assert!(said(&probe).contains("swapped"), "{probe:#?}");
        let recovered = at_rest(&files).recovered_page(&here, &[]).unwrap();
        assert_eq!(recovered.sealed.bytes(), times.new_page(here.page.0));
        assert!(recovered.origin.contains(&format!("page {}", there.page)), "{}", recovered.origin);
    }
}

#[test]
fn a_page_written_over_another_is_misplaced_also_with_its_number_written_over() {
    let times = times(PageSize::TOY, 7);
    let (here, other) = (times.leaf(3).page.0, times.leaf(9).page.0);
    let probe = probed(&times.with(here, |bytes| bytes.copy_from_slice(times.new_page(other))), here, &[]);
    assert_eq!(probe.verdict, Verdict::Misplaced);
    assert!(said(&probe).contains("a copy was written here"), "{probe:#?}");
    let disguised = times.with(here, |bytes| {
        bytes.copy_from_slice(times.new_page(other));
        bytes[28..32].copy_from_slice(&here.to_le_bytes());
    });
    let probe = probed(&disguised, here, &[]);
    assert_eq!(probe.verdict, Verdict::Misplaced);
    assert!(said(&probe).contains("written over"), "{probe:#?}");
    assert!(probe.recovery.is_none());
}

#[test]
fn an_old_version_is_stale_and_the_folded_log_still_has_the_one_asked_for() {
    let times = times(PageSize::TOY, 7);
    let leaf = times.leaf(3);
    let stale = times.with(leaf.page.0, |bytes| bytes.copy_from_slice(times.old_page(leaf.page.0)));
    let probe = probed(&stale, leaf.page.0, &[]);
    assert_eq!((probe.verdict, probe.recovery.is_none()), (Verdict::Stale, true));
    assert!(said(&probe).contains("older"), "{probe:#?}");
    let stale = times.with_folded_log(stale);
    let probe = probed(&stale, leaf.page.0, &[]);
    assert_eq!(probe.verdict, Verdict::Stale);
    assert!(said(&probe).contains("folded already"), "{probe:#?}");
    let recovered = at_rest(&stale).recovered_page(&leaf, &[]).unwrap();
    assert_eq!(recovered.sealed.bytes(), times.new_page(leaf.page.0));
    let report = verify(&at_rest(&stale), &VerifyOptions::default()).unwrap();
    let finding = report.findings.iter().find(|finding| finding.code == Code::PageStale).unwrap();
    assert!(finding.next.as_deref().unwrap().contains("folded already"), "{finding:#?}");
}

#[test]
fn a_torn_page_is_told_sector_by_sector() {
    let times = times(PageSize::DEFAULT, 7);
    let leaf = times.leaf(2);
    let page = leaf.page.0;
    let torn = times.with(page, |bytes| bytes[1536..].copy_from_slice(&times.old_page(page)[1536..]));
    // Both versions are at hand: the new one in the folded log, the old one in an older copy of the file.
    let probe = probed(&times.with_folded_log(torn.clone()), page, &[beside(&times.old)]);
    assert_eq!(probe.verdict, Verdict::Torn);
    let runs: Vec<(u32, u32)> = probe.sectors.iter().map(|run| (run.first, run.last)).collect();
    assert_eq!(runs, [(0, 2), (3, 7)]);
    assert!(probe.sectors[0].of.contains("folded") && probe.sectors[1].of.contains("copy"), "{probe:#?}");
    assert!(probe.recovery.is_some());
    // Only the new one is: the rest is of a version nobody has.
    let probe = probed(&times.with_folded_log(torn.clone()), page, &[]);
    assert_eq!(probe.verdict, Verdict::Torn);
    assert_eq!(probe.sectors[1].of, "no version at hand");
    // Neither is: then that its beginning and its end are of two is all there is, and no proof.
    let probe = probed(&torn, page, &[]);
    assert_eq!(probe.verdict, Verdict::Unauthentic);
    assert!(said(&probe).contains("a torn write looks so"), "{probe:#?}");
    // The old beginning with the new end proves it, for the end is the seal that is asked for.
    let torn = times.with(page, |bytes| bytes[..2048].copy_from_slice(&times.old_page(page)[..2048]));
    let probe = probed(&torn, page, &[]);
    assert_eq!(probe.verdict, Verdict::Torn);
    let finding = probe.finding().unwrap();
    assert_eq!(finding.found.unwrap(), "the beginning of one version and the end of another");
    assert!(finding.lost.unwrap().contains("k000"), "the keys of a leaf, which has no pages below it");
    let half_zero = times.with(page, |bytes| bytes[2048..].fill(0));
    let probe = probed(&half_zero, page, &[]);
    assert_eq!(probe.verdict, Verdict::Torn);
    let found = probe.finding().unwrap().found.unwrap();
    assert!(found.starts_with("sectors 0 to 3 are of") && found.contains("; sectors 4 to 7"), "{found}");
}

#[test]
fn rot_is_counted_and_placed_where_a_version_is_at_hand_and_found_bit_by_bit_where_none_is() {
    let times = times(PageSize::DEFAULT, 7);
    let leaf = times.leaf(2);
    let page = leaf.page.0;
    let rotten = times.with(page, |bytes| bytes[132] ^= 0x20);
    for (files, how) in
        [(times.with_folded_log(rotten.clone()), "in the log of generation"), (rotten.clone(), "turned back")]
    {
        let file = at_rest(&files);
        let probe = file.probe(PageNo(page), &[]).unwrap();
        assert_eq!(probe.verdict, Verdict::Rot, "{probe:#?}");
        let difference = probe.difference.as_ref().unwrap();
        assert_eq!((difference.bits, &difference.places[..]), (1, &[132][..]));
        assert!(said(&probe).contains(how), "{probe:#?}");
        assert!(probe.recovery.is_some());
        assert_eq!(probe.verdict.code(), Some(Code::PageUnauthentic));
    }
    let worse = times.with_folded_log(times.with(page, |bytes| bytes[600..640].iter_mut().for_each(|byte| *byte ^= 3)));
    let probe = probed(&worse, page, &[]);
    assert_eq!(probe.verdict, Verdict::Rot);
    assert_eq!(probe.difference.as_ref().unwrap().bits, 80);
    let recovered = at_rest(&worse).recovered_page(&leaf, &[]).unwrap();
    assert_eq!(recovered.sealed.bytes(), times.new_page(page));
}

#[test]
fn a_changed_header_is_put_right() {
    let times = times(PageSize::TOY, 7);
    let leaf = times.leaf(3);
    for byte in 24..40 {
        let files = times.with(leaf.page.0, |bytes| bytes[byte] ^= 0x81);
        let probe = probed(&files, leaf.page.0, &[]);
        assert_eq!((probe.verdict, probe.recovery.is_some()), (Verdict::Rot, true), "byte {byte}: {probe:#?}");
        assert_eq!(probe.difference.as_ref().unwrap().places, [byte as u32]);
        assert_eq!(at_rest(&files).recovered_page(&leaf, &[]).unwrap().sealed.bytes(), times.new_page(leaf.page.0));
    }
}

#[test]
fn a_page_of_another_file_is_foreign_when_that_file_is_named() {
    let (times, stranger) = (times(PageSize::TOY, 7), times(PageSize::TOY, 8));
    let page = times.leaf(3).page.0;
    let files = times.with(page, |bytes| bytes.copy_from_slice(stranger.new_page(page)));
    assert_eq!(probed(&files, page, &[]).verdict, Verdict::Unauthentic);
    let probe = probed(&files, page, &[beside(&stranger.new)]);
    assert_eq!(probe.verdict, Verdict::Foreign);
    assert!(said(&probe).contains("it authenticates as page"), "{probe:#?}");
    // A stranger whose log and pages went on: an old page of it still authenticates under its key.
    assert_eq!(probed(&files, page, &[beside(&stranger.old)]).verdict, Verdict::Foreign);
    // A stranger that is locked is known byte by byte.
    let mut locked = stranger.new.clone();
    locked.get_mut(PATH).unwrap()[..8192].iter_mut().for_each(|byte| *byte = 0);
    let probe = at_rest(&files).probe(PageNo(page), &[beside(&locked)]).unwrap();
    assert_eq!(probe.verdict, Verdict::Unauthentic, "of a file without a superblock nobody knows the page size");
}

#[test]
fn what_nothing_explains_is_said_to_be_unexplained_with_all_that_was_tried() {
    let times = times(PageSize::TOY, 7);
    let page = times.leaf(3).page.0;
    let files =
        times.with(page, |bytes| bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * 7) as u8 | 1));
    let probe = probed(&files, page, &[]);
    assert_eq!((probe.verdict, probe.recovery.is_none()), (Verdict::Unauthentic, true));
    let tried = probe.tried.join("\n");
    for word in ["its own header", "each kind", "page numbers", "version", "other file", "bits"] {
        assert!(tried.contains(word), "{word} in {tried}");
    }
}

#[test]
fn without_the_key_nothing_is_judged() {
    let disk = SimVfs::new(1);
    let options = Options::new().vfs(Arc::new(disk.clone())).create(true).kdf(tosumu::KdfProfile::TEST);
    drop(options.unlock(tosumu::Unlock::Passphrase("p".into())).open(PATH).unwrap());
    let file = AtRest::open(Arc::new(disk), PATH, None).unwrap();
    assert!(file.probe(PageNo(1), &[]).is_err());
}
