//! A disk that lies: it acknowledges writes that never land, lands them elsewhere or twice, flips bits in what is read, and
//! reads from another place than it was asked. Each write of a workload, whole and unit by unit, and each of its reads is lied
//! about in each way.
//!
//! The law: every answer is right, or an error with a code; `verify deep` names what is wrong, at its place; and nobody is ever
//! served a mixture. Two things no file can tell by itself, and they are counted apart: the newest commit's write that never
//! landed reads as a torn tail, and a bit that flips once while that commit is scanned at opening drops it likewise. The
//! fingerprint that was kept elsewhere tells both.

mod common;

use common::disk::{Below, Meddle, meddled};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};
use tosumu::crypto::{InsecureSeededEntropy, SealedPage, parse_fingerprint};
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, Report, VerifyOptions, verify};
use tosumu::vfs::{OpenMode, SimVfs, Vfs, write_all_at};
use tosumu::{AutoCheckpoint, CheckpointMode, Database, Error, Finding, Options, PageSize, Result, Severity};

const PATH: &str = "lies.tsm";
const LOG: &str = "lies.tsm-wal";
const SLOT: u64 = 4096;
const PAGES_START: u64 = 2 * SLOT;
/// A page of the page file, and a sector of the log.
const UNIT: u64 = 512;

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Lie {
    /// The write is acknowledged and never lands.
    Lost,
    /// It lands so many units away, and not where it should.
    Misdirected(i64),
    /// It lands in the other file, at the same offset.
    Crossed,
    /// It lands where it should, and so many units away too.
    Duplicated(i64),
    /// One bit of what is read is another, this once.
    FlippedOnce,
    /// One bit of the file reads as another from now on.
    FlippedForGood,
    /// So many units away is read in place of what was asked for.
    ReadElsewhere(i64),
}

const WRITE_LIES: [Lie; 6] =
    [Lie::Lost, Lie::Misdirected(1), Lie::Misdirected(-1), Lie::Crossed, Lie::Duplicated(1), Lie::Duplicated(-1)];
const READ_LIES: [Lie; 4] = [Lie::FlippedOnce, Lie::FlippedForGood, Lie::ReadElsewhere(1), Lie::ReadElsewhere(-1)];

/// The parts of the files that answer to a lie in their own ways.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Region {
    Superblock,
    Page,
    Log,
    /// The spill file, which nothing is recovered from.
    Other,
}

fn region(name: &str, offset: u64) -> Region {
    match name {
        _ if name.contains("-wal") => Region::Log,
        _ if name.contains("-spill") => Region::Other,
        _ if offset < PAGES_START => Region::Superblock,
        _ => Region::Page,
    }
}

/// What a call touched: which of the calls of its sort it was, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Touched {
    call: usize,
    file: String,
    bytes: Range<u64>,
}

impl Touched {
    fn region(&self) -> Region {
        region(&self.file, self.bytes.start)
    }

    fn unit(&self) -> u64 {
        if self.region() == Region::Superblock { SLOT } else { UNIT }
    }

    /// The bytes that a lie of so many units leads to.
    fn shifted(&self, units: i64) -> Option<u64> {
        self.bytes.start.checked_add_signed(units * self.unit() as i64)
    }

    /// The call itself, and each unit of it when it has several.
    fn parts(&self) -> Vec<Touched> {
        let mut parts = vec![self.clone()];
        if self.bytes.end - self.bytes.start > self.unit() {
            let starts = self.bytes.clone().step_by(self.unit() as usize);
            parts.extend(
                starts.map(|start| Touched { bytes: start..self.bytes.end.min(start + self.unit()), ..self.clone() }),
            );
        }
        parts
    }
}

/// The calls of a disk, and the one it lies about.
#[derive(Default)]
struct Told {
    writes: Vec<Touched>,
    reads: Vec<Touched>,
    lie: Option<(Lie, Touched)>,
    /// The bit that reads as another: its file, byte and place in it.
    stuck: Option<(String, u64, u8)>,
}

#[derive(Clone)]
struct LyingDisk {
    inner: SimVfs,
    told: Arc<Mutex<Told>>,
}

impl LyingDisk {
    fn new(lie: Option<(Lie, Touched)>) -> LyingDisk {
        LyingDisk { inner: SimVfs::new(1), told: Arc::new(Mutex::new(Told { lie, ..Told::default() })) }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LyingDisk {
    /// Writes all of `data` but what the lie is about, and that as the lie has it.
    fn write_lying(&self, file: &Below, offset: u64, data: &[u8], lie: Lie, about: &Touched) -> io::Result<()> {
        let inside = (about.bytes.start - offset) as usize..(about.bytes.end - offset) as usize;
        write_all_at(&**file, offset, &data[..inside.start])?;
        if matches!(lie, Lie::Duplicated(_)) {
            write_all_at(&**file, about.bytes.start, &data[inside.clone()])?;
        }
        write_all_at(&**file, about.bytes.end, &data[inside.end..])?;
        match lie {
            Lie::Misdirected(units) | Lie::Duplicated(units) => {
                about.shifted(units).map_or(Ok(()), |at| write_all_at(&**file, at, &data[inside]))
            }
            Lie::Crossed => {
                let other = if about.region() == Region::Log { PATH } else { LOG };
                match self.inner.open(Path::new(other), OpenMode::Write) {
                    Ok(other) => write_all_at(&*other, about.bytes.start, &data[inside]),
                    Err(_) => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

fn touched(call: usize, file: &Below, offset: u64, length: usize) -> Touched {
    Touched { call, file: file.name.clone(), bytes: offset..offset + length as u64 }
}

impl Meddle for LyingDisk {
    fn below(&self) -> &dyn Vfs {
        &self.inner
    }

    fn read_at(&self, file: &Below, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut told = self.told();
        let call = told.reads.len();
        let due = told.lie.clone().filter(|(lie, about)| READ_LIES.contains(lie) && about.call == call);
        let at = match &due {
            Some((Lie::ReadElsewhere(units), about)) => about.shifted(*units).unwrap_or(offset),
            _ => offset,
        };
        let count = file.read_at(at, buffer)?;
        told.reads.push(touched(call, file, offset, count));
        if let Some((lie @ (Lie::FlippedOnce | Lie::FlippedForGood), about)) = due {
            let byte = about.bytes.start + about.call as u64 * 37 % (about.bytes.end - about.bytes.start);
            let bit = 1 << (about.call % 8);
            match lie {
                Lie::FlippedForGood => told.stuck = Some((file.name.clone(), byte, bit)),
                _ => buffer[..count].get_mut((byte - offset) as usize).into_iter().for_each(|byte| *byte ^= bit),
            }
        }
        if let Some((name, byte, bit)) = &told.stuck
            && *name == file.name
            && (at..at + count as u64).contains(byte)
        {
            buffer[(byte - at) as usize] ^= bit;
        }
        Ok(count)
    }

    fn write_at(&self, file: &Below, offset: u64, data: &[u8]) -> io::Result<usize> {
        let due = {
            let mut told = self.told();
            let touched = touched(told.writes.len(), file, offset, data.len());
            told.writes.push(touched.clone());
            told.lie.clone().filter(|(lie, about)| WRITE_LIES.contains(lie) && about.call == touched.call)
        };
        match due {
            Some((lie, about)) => self.write_lying(file, offset, data, lie, &about).map(|()| data.len()),
            None => file.write_at(offset, data),
        }
    }
}

fn options(vfs: Arc<dyn Vfs>, seed: u64) -> Options {
    Options::new()
        .vfs(vfs)
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
        .cache_bytes(0)
        .transaction_bytes(0)
}

fn dump(db: &Database) -> Result<Model> {
    let snapshot = db.read();
    let mut model = Model::new();
    for record in snapshot.range::<[u8]>(..) {
        let record = record?;
        model.insert(record.key().to_vec(), record.value().to_vec());
    }
    for info in snapshot.trees()? {
        for record in snapshot.tree(&info.name)?.expect("it is listed").range::<[u8]>(..) {
            let record = record?;
            model.insert([info.name.as_bytes(), record.key()].concat(), record.value().to_vec());
        }
    }
    Ok(model)
}

/// A run of the workload, as far as it came.
struct Run {
    /// What the database held after each commit that was acknowledged; at first, nothing.
    states: Vec<Model>,
    /// The fingerprint of the last of them.
    fingerprint: Option<String>,
    /// Why it ended before its time.
    noticed: Option<Error>,
    /// An opening served an older state, this many commits back.
    fell_back: usize,
}

impl Run {
    fn newest(&self) -> &Model {
        self.states.last().expect("the empty database is the first")
    }

    /// How many commits back the state is that was found.
    fn age(&self, found: &Model, context: &dyn fmt::Display) -> usize {
        self.states.iter().rev().position(|state| state == found).unwrap_or_else(|| {
            panic!("{context}: {} records were served that no commit ever left", found.len());
        })
    }

    fn write(
        &mut self,
        db: &Database,
        change: impl FnOnce(&mut tosumu::WriteTxn, &mut Model) -> Result<()>,
    ) -> Result<()> {
        let mut next = self.newest().clone();
        db.write(|tx| change(tx, &mut next))?;
        self.states.push(next);
        self.fingerprint = Some(db.fingerprint());
        Ok(())
    }

    fn put(&mut self, db: &Database, numbers: Range<u32>, text: &str) -> Result<()> {
        self.write(db, |tx, next| {
            numbers.into_iter().try_for_each(|number| {
                let (key, value) = (format!("k{number:03}").into_bytes(), format!("{text} {number:060}").into_bytes());
                tx.put(&key, &value)?;
                next.insert(key, value);
                Ok(())
            })
        })
    }

    fn put_long(&mut self, db: &Database, number: u8, bytes: usize) -> Result<()> {
        self.write(db, |tx, next| {
            let (key, value) = (format!("long {number}").into_bytes(), vec![number; bytes]);
            tx.put(&key, &value)?;
            tx.create_tree("tree/")?;
            tx.tree("tree/")?.expect("it was created").put(&key, &value[..bytes / 2])?;
            next.insert([b"tree/", &key[..]].concat(), value[..bytes / 2].to_vec());
            next.insert(key, value);
            Ok(())
        })
    }

    fn delete(&mut self, db: &Database, keys: &[&str]) -> Result<()> {
        self.write(db, |tx, next| {
            keys.iter().try_for_each(|key| {
                tx.delete(key.as_bytes())?;
                next.remove(key.as_bytes());
                Ok(())
            })
        })
    }

    fn look(&self, db: &Database, context: &dyn fmt::Display) -> Result<()> {
        assert!(dump(db)? == *self.newest(), "{context}: a live handle served what is not the newest commit");
        Ok(())
    }

    /// One life of the database: trees, chains, a named tree, free pages, logs that are folded and begun anew.
    fn live(&mut self, disk: &LyingDisk, life: u64, context: &dyn fmt::Display) -> Result<()> {
        let db = options(meddled(disk.clone()), life).create(life == 0).open(PATH)?;
        if life > 0 {
            self.fell_back = self.age(&dump(&db)?, context);
            if self.fell_back > 0 {
                return Ok(());
            }
        }
        match life {
            0 => {
                self.put(&db, 0..14, "first")?;
                self.put_long(&db, 1, 1500)?;
                self.look(&db, context)?;
                db.checkpoint(CheckpointMode::Passive)?;
                self.look(&db, context)?;
                self.put(&db, 4..8, "second")?;
                self.delete(&db, &["long 1", "k012"])?;
                self.look(&db, context)?;
                db.checkpoint(CheckpointMode::Passive)?;
                self.put(&db, 9..11, "third")?;
                self.put(&db, 3..4, "fourth")?;
                self.look(&db, context)
            }
            _ => {
                self.put_long(&db, 2, 900)?;
                self.look(&db, context)?;
                db.checkpoint(CheckpointMode::Passive)?;
                self.look(&db, context)?;
                self.put(&db, 0..2, "fifth")?;
                self.put(&db, 13..16, "last")
            }
        }
    }
}

fn run(disk: &LyingDisk, context: &dyn fmt::Display) -> Run {
    let mut run = Run { states: vec![Model::new()], fingerprint: None, noticed: None, fell_back: 0 };
    for life in 0..2 {
        let ended = run.live(disk, life, context);
        disk.inner.end_process();
        if let Err(error) = ended {
            assert!(
                matches!(error, Error::Damage(_) | Error::NotFound { .. }),
                "{context}: a lie was taken for something else: {error}"
            );
            run.noticed = Some(error);
        }
        if run.noticed.is_some() || run.fell_back > 0 {
            break;
        }
    }
    run
}

/// What somebody was told who opened the file and read everything.
#[derive(Debug)]
enum Answer {
    /// The state of so many commits before the newest that was acknowledged.
    State(usize),
    Error(Error),
}

fn answer(vfs: Arc<dyn Vfs>, read_only: bool, run: &Run, context: &dyn fmt::Display) -> Answer {
    match options(vfs, 77).read_only(read_only).open(PATH).and_then(|db| dump(&db)) {
        Ok(found) => Answer::State(run.age(&found, context)),
        Err(error) => Answer::Error(error),
    }
}

fn verified(vfs: Arc<dyn Vfs>, anchor: Option<&str>) -> Result<Report> {
    let file = AtRest::open(vfs, PATH, None)?;
    let anchor = anchor.map(|line| parse_fingerprint(line).expect("the engine wrote it"));
    let level = if anchor.is_some() { Level::Anchored } else { Level::Deep };
    verify(&file, &VerifyOptions { level, anchor, ..VerifyOptions::default() })
}

/// How a lie ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Outcome {
    /// Everything is right, and `verify` says so.
    Harmless,
    /// Everything reads right, and `verify` saw the lie all the same.
    SeenByVerify,
    /// An error said so, and `verify` names it.
    Refused,
    /// The newest commit reads as a torn tail; only a fingerprint kept elsewhere tells.
    TornTail,
    /// One write that was lost in the superblock, and so did not say that there is a log, destroyed that log's header. The same.
    TwoAtOnce,
}

/// Codes and outcomes, by sort of lie and region.
#[derive(Default)]
struct Tally(BTreeMap<(Region, Lie), Row>);

/// How often each outcome was met, and every code.
type Row = (BTreeMap<Outcome, usize>, BTreeSet<&'static str>);

impl Tally {
    fn add(&mut self, lie: Lie, about: &Touched, outcome: Outcome, codes: impl IntoIterator<Item = &'static str>) {
        let row = self.0.entry((about.region(), lie)).or_default();
        *row.0.entry(outcome).or_default() += 1;
        row.1.extend(codes);
    }

    fn print(&self) {
        for ((region, lie), (outcomes, codes)) in &self.0 {
            println!("{region:?} {lie:?}: {outcomes:?} {codes:?}");
        }
        let sum = |wanted: &[Outcome]| -> usize {
            self.0.values().flat_map(|(outcomes, _)| outcomes).filter(|(o, _)| wanted.contains(o)).map(|(_, n)| n).sum()
        };
        let (refused, by_verify) = (sum(&[Outcome::Refused]), sum(&[Outcome::SeenByVerify]));
        let (harmless, torn) = (sum(&[Outcome::Harmless]), sum(&[Outcome::TornTail]));
        let two = sum(&[Outcome::TwoAtOnce]);
        let lies = refused + by_verify + harmless + torn + two;
        println!(
            "{lies} lies: {refused} refused, {by_verify} seen by verify alone, {harmless} harmless, {torn} as a torn tail, 0 wrong"
        );
    }

    fn codes(&self, region: Region, lie: Lie) -> BTreeSet<&'static str> {
        self.0.get(&(region, lie)).map(|row| row.1.clone()).unwrap_or_default()
    }
}

fn damage(error: &Error) -> Option<&Finding> {
    match error {
        Error::Damage(finding) => Some(finding),
        _ => None,
    }
}

/// Looks at what a lie left on a disk that is honest again.
fn judge(disk: &LyingDisk, run: &Run, lie: Lie, about: &Touched, tally: &mut Tally, context: &dyn fmt::Display) {
    let left = || Arc::new(SimVfs::from_image(disk.inner.image(), 1));
    let answers = [true, false].map(|read_only| answer(left(), read_only, run, context));
    let report = match verified(left(), None) {
        Ok(report) => report,
        // There is not even a file: whoever created it was told so.
        Err(error) => {
            assert!(run.noticed.is_some() || run.states.len() == 1, "{context}: {error}");
            return tally.add(lie, about, Outcome::Refused, [error.code()]);
        }
    };
    let severe: Vec<&Finding> = report.findings.iter().filter(|f| f.severity >= Severity::Error).collect();
    let codes = severe.iter().map(|finding| finding.code.as_str());
    let oldest = answers.iter().filter_map(|a| if let Answer::State(age) = a { Some(*age) } else { None }).max();
    let age = oldest.unwrap_or(0).max(run.fell_back);
    if age > 0 {
        let outcome = match (lie, about.region()) {
            (Lie::Crossed, Region::Superblock) => Outcome::TwoAtOnce,
            (_, Region::Log) if age == 1 => Outcome::TornTail,
            _ => panic!("{context}: {age} commits back"),
        };
        let anchored = verified(left(), run.fingerprint.as_deref()).unwrap();
        assert!(
            anchored.findings.iter().any(|finding| finding.code.as_str() == "FRESH-ROLLBACK"),
            "{context}: the fingerprint of an acknowledged commit was not missed: {:#?}",
            anchored.findings
        );
        return tally.add(lie, about, outcome, []);
    }
    let told: Vec<&Error> =
        answers.iter().filter_map(|a| if let Answer::Error(error) = a { Some(error) } else { None }).collect();
    for error in &told {
        let finding = damage(error).unwrap_or_else(|| panic!("{context}: {error}"));
        assert!(severe.iter().any(|other| other.code == finding.code), "{context}: {error}, but verify: {severe:#?}");
        assert!(finding.file.is_some(), "{context}: no place: {finding:#?}");
    }
    if WRITE_LIES.contains(&lie) {
        severe.iter().for_each(|finding| check_place(disk, finding, lie, about, context));
    } else {
        assert!(severe.is_empty(), "{context}: what was misread was written back: {severe:#?}");
    }
    let outcome = match (told.is_empty(), severe.is_empty(), &run.noticed) {
        (false, _, _) => Outcome::Refused,
        (true, false, _) => Outcome::SeenByVerify,
        (true, true, Some(_)) => Outcome::Refused,
        (true, true, None) => Outcome::Harmless,
    };
    let while_alive = run.noticed.as_ref().map(Error::code);
    tally.add(lie, about, outcome, codes.chain(while_alive));
}

/// A finding stands where the lie was told, and of a page its code says what stands there now.
fn check_place(disk: &LyingDisk, finding: &Finding, lie: Lie, about: &Touched, context: &dyn fmt::Display) {
    let length = about.bytes.end - about.bytes.start;
    let elsewhere = match lie {
        Lie::Misdirected(units) | Lie::Duplicated(units) => about.shifted(units),
        Lie::Crossed => Some(about.bytes.start),
        _ => None,
    };
    let mut places = vec![about.bytes.clone()];
    places.extend(elsewhere.map(|start| start..start + length));
    let (Some(start), Some(end)) = (finding.byte_start, finding.byte_end) else {
        panic!("{context}: no bytes: {finding:#?}");
    };
    // A record that no longer holds may be told up to the byte where the lie begins: what vouches for it stands there.
    let is_at = |place: &Range<u64>| start < place.end && place.start <= end;
    if finding.code.as_str().starts_with("PAGE-") && finding.file.as_deref() == Some(PATH) {
        // A superblock that never landed makes whole what it vouched for look wrong.
        let is_told_elsewhere = about.region() == Region::Superblock;
        assert!(is_told_elsewhere || places.iter().any(is_at), "{context}: not at {places:?}: {finding:#?}");
        let page = finding.page.unwrap_or_else(|| panic!("{context}: no page: {finding:#?}"));
        assert_eq!(start, PAGES_START + (u64::from(page.0) - 1) * UNIT, "{context}: {finding:#?}");
        assert_eq!(finding.code.as_str(), code_of_page(disk, start, page.0), "{context}: {finding:#?}");
    }
    if finding.code.as_str() == "LOG-ROT" {
        assert!(places.iter().any(is_at), "{context}: not at {places:?}: {finding:#?}");
    }
}

/// What a page should be called by what stands in its place.
fn code_of_page(disk: &LyingDisk, start: u64, page: u32) -> &'static str {
    let image = disk.inner.image();
    let file = &image.file(PATH).expect("it was read").system;
    let Some(bytes) = file.get(start as usize..(start + UNIT) as usize) else { return "FILE-TRUNCATED" };
    let number = u32::from_le_bytes(bytes[28..32].try_into().expect("four bytes"));
    let at_rest = AtRest::open(Arc::new(disk.inner.clone()), PATH, None).unwrap();
    let keys = at_rest.keys().expect("a page was judged by them");
    match keys.open_page(&SealedPage::adopt(bytes.to_vec()).expect("it is as long as a page")) {
        _ if bytes.iter().all(|&byte| byte == 0) => "PAGE-ZERO",
        None => "PAGE-UNAUTHENTIC",
        Some(_) if number == page => "PAGE-STALE",
        Some(_) => "PAGE-MISPLACED",
    }
}

/// Lies about each of `places` in each of these ways.
fn lie_about(places: &[Touched], lies: &[Lie]) -> Tally {
    let mut tally = Tally::default();
    for about in places {
        for &lie in lies {
            let context = format!("{lie:?} at call {}, {} bytes {:?}", about.call, about.file, about.bytes);
            let disk = LyingDisk::new(Some((lie, about.clone())));
            let run = run(&disk, &context);
            if READ_LIES.contains(&lie) {
                // Who reads on while the disk still lies is told the truth too, or that something is wrong.
                let _ = answer(meddled(disk.clone()), true, &run, &context);
                let _ = verified(meddled(disk.clone()), None);
            }
            judge(&disk, &run, lie, about, &mut tally, &context);
        }
    }
    tally.print();
    tally
}

fn honest() -> LyingDisk {
    let disk = LyingDisk::new(None);
    let run = run(&disk, &"no lie");
    assert!(run.noticed.is_none(), "{:?}", run.noticed);
    assert_eq!((run.states.len(), run.fell_back), (10, 0));
    let report = verified(Arc::new(disk.inner.clone()), run.fingerprint.as_deref()).unwrap();
    assert_eq!(report.exit(), 0, "{:#?}", report.findings);
    disk
}

#[test]
fn a_write_that_is_lost_misdirected_or_made_twice_is_named_where_it_matters_and_never_served() {
    let writes = honest().told().writes.clone();
    let places: Vec<Touched> =
        writes.iter().filter(|write| write.region() != Region::Other).flat_map(Touched::parts).collect();
    let tally = lie_about(&places, &WRITE_LIES);
    let lost = tally.codes(Region::Page, Lie::Lost);
    assert!(lost.contains("PAGE-STALE") && lost.contains("FILE-TRUNCATED"), "{lost:?}");
    assert!(lost.iter().all(|code| ["PAGE-STALE", "PAGE-ZERO", "FILE-TRUNCATED"].contains(code)), "{lost:?}");
    for lie in [Lie::Misdirected(1), Lie::Misdirected(-1), Lie::Duplicated(1), Lie::Duplicated(-1)] {
        assert!(tally.codes(Region::Page, lie).contains("PAGE-MISPLACED"), "{lie:?}");
    }
    assert!(tally.codes(Region::Log, Lie::Lost).contains("LOG-ROT"));
}

#[test]
fn what_is_misread_once_or_for_good_is_never_served_and_never_written_back() {
    let reads = honest().told().reads.clone();
    let places: Vec<Touched> = reads
        .iter()
        .filter(|read| !read.bytes.is_empty() && read.region() != Region::Other)
        .flat_map(Touched::parts)
        .collect();
    lie_about(&places, &READ_LIES);
}
