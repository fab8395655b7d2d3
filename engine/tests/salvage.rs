//! Salvage against a model: files damaged at every page and in every structure, and what is saved of them.
//!
//! Whatever was damaged: a record that is said to be certain has the value it had in the commit that is named; one without a
//! place, or of an old version, has a value that it once had; every record of that commit that is not saved lies in a range
//! that is reported lost, or is reported as a value that is lost; the counts agree; the source keeps every byte; and nothing
//! that somebody without the key made up is ever saved.
//!
//! `TOSUMU_SALVAGE_CASES=20000` sets how many random cases are made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;
use tosumu::crypto::{Entropy, InsecureSeededEntropy, KdfProfile, Unlock};
use tosumu::transfer::{Fate, Include, LossReport, Salvage, Status, TreeOf, Verdict};
use tosumu::vfs::{DiskImage, Fault, FaultKind, FaultSpan, SimVfs};
use tosumu::{AutoCheckpoint, CheckpointMode, Code, CommitNo, Database, Error, Options, PageSize};

const PATH: &str = "s.tsm";
const LOG: &str = "s.tsm-wal";
const SAVED: &str = "saved.tsm";
const PAGE: usize = 512;
const SLOT: usize = 4096;
const CASES: u64 = 600;

type Files = BTreeMap<String, Vec<u8>>;
/// Records by tree (the main one has no name) and key.
type Model = BTreeMap<(String, Vec<u8>), Vec<u8>>;

fn disk_of(files: &Files) -> SimVfs {
    SimVfs::from_image(DiskImage::of(files.clone()), 1)
}

fn files_of(disk: &SimVfs) -> Files {
    disk.files()
        .into_iter()
        .map(|file| (file.file, file.bytes.to_vec()))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect()
}

fn options(disk: &SimVfs, seed: u64) -> Options {
    Options::new()
        .vfs(Arc::new(disk.clone()))
        .entropy(Arc::new(InsecureSeededEntropy::new(seed)))
        .page_size(PageSize::TOY)
        .checkpoints(AutoCheckpoint::Inline)
}

/// What a database went through: what it held at each commit, and its files at some moments.
struct History {
    models: BTreeMap<CommitNo, Model>,
    moments: Vec<Files>,
}

impl History {
    fn at(&self, commit: CommitNo) -> &Model {
        self.models.range(..=commit).next_back().expect("the empty database is commit 0").1
    }

    fn newest(&self) -> CommitNo {
        *self.models.keys().next_back().unwrap()
    }

    /// Whether the record ever had this value; in any tree where nothing tells which.
    fn once_had(&self, tree: Option<&str>, key: &[u8], value: &[u8]) -> bool {
        self.models.values().any(|model| {
            let mut records = model.iter();
            records.any(|((of, other), had)| other == key && had == value && tree.is_none_or(|tree| tree == of))
        })
    }
}

/// Runs a workload of rounds over three trees, with long values, deletions and checkpoints.
fn history(seed: u64, checkpoint_last: bool) -> History {
    let disk = SimVfs::new(1);
    let db = options(&disk, seed).create(true).open(PATH).unwrap();
    let mut model = Model::new();
    let mut history = History { models: BTreeMap::from([(CommitNo(0), model.clone())]), moments: Vec::new() };
    for round in 0..7u32 {
        write_round(&db, round, &mut model);
        history.models.insert(db.read().commit(), model.clone());
        history.moments.push(files_of(&disk));
        if round == 2 || round == 4 || (round == 6 && checkpoint_last) {
            db.checkpoint(CheckpointMode::Passive).unwrap();
            history.moments.push(files_of(&disk));
        }
    }
    history
}

fn write_round(db: &Database, round: u32, model: &mut Model) {
    let trees = ["", "birds", "notes"];
    db.write(|tx| {
        for tree in &trees[1..] {
            tx.create_tree(tree)?;
        }
        for number in (0..18u32).map(|step| (step * 3 + round * 7) % 60) {
            let tree = trees[(number % 5).min(2) as usize];
            let key = format!("k{number:03}").into_bytes();
            let length = if number % 13 == 4 { 900 } else { 30 };
            let value =
                format!("{round} {tree} {number} ").into_bytes().into_iter().cycle().take(length).collect::<Vec<u8>>();
            let is_gone = (number + round) % 6 == 5;
            match (tree, is_gone) {
                ("", true) => drop(tx.delete(&key)?),
                ("", false) => tx.put(&key, &value)?,
                (name, true) => drop(tx.tree(name)?.unwrap().delete(&key)?),
                (name, false) => tx.tree(name)?.unwrap().put(&key, &value)?,
            }
            match is_gone {
                true => drop(model.remove(&(tree.to_owned(), key))),
                false => drop(model.insert((tree.to_owned(), key), value)),
            }
        }
        Ok(())
    })
    .unwrap();
}

/// What came of one salvage.
struct Outcome {
    report: LossReport,
    fates: Vec<Fate>,
    saved: Model,
}

fn salvage(files: &Files, include: Include) -> Result<Outcome, Error> {
    let disk = disk_of(files);
    let salvage =
        Salvage::new().vfs(Arc::new(disk.clone())).entropy(Arc::new(InsecureSeededEntropy::new(77))).include(include);
    let mut fates = Vec::new();
    let report = salvage.run_telling(PATH, SAVED, &mut |fate| {
        fates.push(fate.clone());
        Ok(())
    });
    let after = files_of(&disk);
    for (name, bytes) in files.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        assert_eq!(after.get(name), Some(bytes), "the source keeps every byte");
    }
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            assert!(!after.contains_key(SAVED), "nothing is left of a salvage that failed");
            return Err(error);
        }
    };
    let db = Options::new().vfs(Arc::new(disk.clone())).read_only(true).open(SAVED).unwrap();
    Ok(Outcome { report, fates, saved: content(&db) })
}

fn content(db: &Database) -> Model {
    let snapshot = db.read();
    let mut model = Model::new();
    for record in snapshot.range::<[u8]>(..) {
        let record = record.unwrap();
        let mut value = Vec::new();
        snapshot.reader(record.key()).unwrap().unwrap().read_to_end(&mut value).unwrap();
        model.insert((String::new(), record.key().to_vec()), value);
    }
    for info in snapshot.trees().unwrap() {
        let tree = snapshot.tree(&info.name).unwrap().unwrap();
        for record in tree.range::<[u8]>(..) {
            let record = record.unwrap();
            let mut value = Vec::new();
            tree.reader(record.key()).unwrap().unwrap().read_to_end(&mut value).unwrap();
            model.insert((info.name.clone(), record.key().to_vec()), value);
        }
    }
    model
}

fn tree_name(tree: &TreeOf) -> Option<String> {
    match tree {
        TreeOf::Main => Some(String::new()),
        TreeOf::Named(name) => Some(String::from_utf8(name.to_vec()).unwrap()),
        _ => None,
    }
}

/// Every law of salvage. `why` says what was done to the files.
fn check(history: &History, outcome: &Outcome, why: &str) {
    let Outcome { report, fates, saved } = outcome;
    let empty = Model::new();
    let model = report.state.as_ref().map_or(&empty, |state| history.at(state.commit));
    let certain: Model = saved
        .iter()
        .filter(|((tree, _), _)| !tree.starts_with("salvage/"))
        .map(|(at, value)| (at.clone(), value.clone()))
        .collect();
    for (at, value) in &certain {
        assert_eq!(model.get(at), Some(value), "{why}: {at:?} is said to be certain");
    }
    assert_eq!(certain.len() as u64, report.totals.certain, "{why}");
    check_strays(history, outcome, why);
    let lost_values: BTreeSet<(String, Vec<u8>)> = fates
        .iter()
        .filter(|fate| fate.status == Status::ValueLost)
        .map(|fate| (tree_name(&fate.tree).unwrap(), fate.key.to_vec()))
        .collect();
    for (tree, key) in model.keys().filter(|at| !certain.contains_key(*at)) {
        let in_range = report.lost_ranges.iter().any(|range| match &range.tree {
            TreeOf::Catalog => !tree.is_empty() && range.has(tree.as_bytes()),
            of => tree_name(of).as_ref() == Some(tree) && range.has(key),
        });
        assert!(
            in_range || lost_values.contains(&(tree.clone(), key.clone())),
            "{why}: {tree:?} {key:?} is lost untold"
        );
    }
    for count in &report.trees {
        assert!(count.fits, "{why}: {count:?}");
        let name = tree_name(&count.tree).unwrap();
        let stored = model.keys().filter(|(tree, _)| *tree == name).count() as u64;
        assert_eq!(
            (count.stored, count.certain + count.values_lost + count.lost),
            (stored, stored),
            "{why}: {count:?}"
        );
    }
    let is_lossy = report.totals.lost_ranges > 0 || report.totals.values_lost > 0;
    assert!(!is_lossy || report.verdict == Verdict::Lost, "{why}");
    if report.verdict != Verdict::Lost {
        assert_eq!(&certain, model, "{why}");
    }
}

fn check_strays(history: &History, outcome: &Outcome, why: &str) {
    let Outcome { report, fates, saved } = outcome;
    let of = |status: Status| fates.iter().filter(move |fate| fate.status == status);
    assert_eq!(of(Status::Unplaced).count() as u64, report.totals.unplaced, "{why}");
    assert_eq!(of(Status::Stale).count() as u64, report.totals.stale, "{why}");
    for fate in of(Status::Unplaced).chain(of(Status::Stale)) {
        let Some(put_into) = &fate.put_into else { continue };
        let value = &saved[&(put_into.clone(), fate.key.to_vec())];
        assert!(history.once_had(tree_name(&fate.tree).as_deref(), &fate.key, value), "{why}: {fate:?} was never true");
    }
}

/// Salvages with everything included, holds it to the laws, and gives the report.
fn held(history: &History, files: &Files, why: &str) -> Option<Outcome> {
    let outcome = match salvage(files, Include::Stale) {
        Ok(outcome) => outcome,
        Err(Error::Damage(_)) => return None,
        Err(other) => panic!("{why}: {other}"),
    };
    check(history, &outcome, why);
    Some(outcome)
}

fn flip(bytes: &mut [u8], at: usize) {
    // More than one bit, for one is turned back.
    bytes[at] ^= 0x5a;
}

fn pages_of(files: &Files) -> usize {
    (files[PATH].len() - 2 * SLOT) / PAGE
}

fn page_start(page: usize) -> usize {
    2 * SLOT + (page - 1) * PAGE
}

/// The newest files, with an empty log where it was folded last.
fn newest(history: &History) -> Files {
    history.moments.last().unwrap().clone()
}

#[test]
fn of_a_sound_file_everything_is_saved_and_said_to_be() {
    for checkpoint_last in [false, true] {
        let history = history(3, checkpoint_last);
        for (number, files) in history.moments.iter().enumerate() {
            let outcome = held(&history, files, &format!("moment {number}")).unwrap();
            assert_eq!(outcome.report.verdict, Verdict::Whole, "{:?}", outcome.report.choices);
            assert!(outcome.report.state.as_ref().unwrap().is_newest);
        }
        let outcome = held(&history, &newest(&history), "the newest").unwrap();
        assert_eq!(&outcome.saved, history.at(history.newest()));
    }
}

#[test]
fn every_page_damaged_in_every_way_costs_what_is_reported_and_nothing_else() {
    let history = history(3, true);
    let sound = newest(&history);
    let older = &history.moments[3];
    let (mut lost, mut unplaced, mut recovered) = (0, 0, 0);
    for page in 1..=pages_of(&sound) {
        let start = page_start(page);
        for way in ["flip", "zero", "older", "other", "cut"] {
            let mut files = sound.clone();
            let bytes = files.get_mut(PATH).unwrap();
            match way {
                "flip" => flip(bytes, start + 100),
                "zero" => bytes[start..start + PAGE].fill(0),
                "older" if older[PATH].len() >= start + PAGE => {
                    bytes[start..start + PAGE].copy_from_slice(&older[PATH][start..start + PAGE])
                }
                "other" => bytes.copy_within(
                    page_start(page % pages_of(&sound) + 1)..page_start(page % pages_of(&sound) + 1) + PAGE,
                    start,
                ),
                "cut" => bytes.truncate(start + 7),
                _ => continue,
            }
            // The spent log still has good versions of most pages: without it there is less to find.
            for with_log in [true, false] {
                if !with_log {
                    files.remove(LOG);
                }
                let outcome = held(&history, &files, &format!("page {page}, {way}, log {with_log}")).unwrap();
                let totals = outcome.report.totals;
                lost += totals.lost_ranges + totals.values_lost;
                unplaced += totals.unplaced;
                recovered += totals.recovered_pages;
            }
        }
    }
    assert!(lost > 100 && unplaced > 100 && recovered > 100, "{lost} lost, {unplaced} unplaced, {recovered} recovered");
}

#[test]
fn two_pages_swapped_cost_nothing_for_each_is_found_where_it_stands() {
    let history = history(3, true);
    let mut files = newest(&history);
    files.remove(LOG);
    let pages = pages_of(&files);
    for first in 1..pages {
        let mut swapped = files.clone();
        let bytes = swapped.get_mut(PATH).unwrap();
        let second = first % (pages - 1) + 2;
        let (one, other) = (bytes[page_start(first)..][..PAGE].to_vec(), bytes[page_start(second)..][..PAGE].to_vec());
        bytes[page_start(first)..][..PAGE].copy_from_slice(&other);
        bytes[page_start(second)..][..PAGE].copy_from_slice(&one);
        let outcome = held(&history, &swapped, &format!("pages {first} and {second} swapped")).unwrap();
        assert_ne!(outcome.report.verdict, Verdict::Lost);
        assert_eq!(&outcome.saved, history.at(history.newest()));
    }
}

#[test]
fn a_page_whose_header_was_changed_is_read_under_the_one_it_must_have() {
    let history = history(3, true);
    let mut files = newest(&history);
    files.remove(LOG);
    for page in 1..=pages_of(&files) {
        let mut changed = files.clone();
        changed.get_mut(PATH).unwrap()[page_start(page) + 24..][..16].fill(0xee);
        let outcome = held(&history, &changed, &format!("the header of page {page}")).unwrap();
        assert_eq!(outcome.report.totals.lost_ranges + outcome.report.totals.values_lost, 0, "page {page}");
        assert_eq!(&outcome.saved, history.at(history.newest()));
    }
}

#[test]
fn whichever_call_to_the_disk_fails_it_is_told_and_no_half_of_a_file_is_left() {
    let history = history(5, false);
    let mut files = newest(&history);
    flip(files.get_mut(PATH).unwrap(), page_start(2) + 100);
    flip(files.get_mut(LOG).unwrap(), 5000);
    let calls = {
        let disk = disk_of(&files);
        Salvage::new().vfs(Arc::new(disk.clone())).include(Include::Stale).run(PATH, SAVED).unwrap();
        disk.calls()
    };
    for span in [FaultSpan::Once, FaultSpan::Sticky] {
        for at_call in (1..=calls).step_by(if span == FaultSpan::Once { 1 } else { 7 }) {
            let disk = disk_of(&files);
            disk.set_faults(vec![Fault { at_call, kind: FaultKind::Io, span }]);
            let saved = Salvage::new().vfs(Arc::new(disk.clone())).include(Include::Stale).run(PATH, SAVED);
            disk.set_faults(Vec::new());
            if let Ok(saved) = saved {
                let db = Options::new().vfs(Arc::new(disk.clone())).read_only(true).open(SAVED).unwrap();
                assert_eq!(content(&db).len() as u64, saved.result.records, "call {at_call}");
            } else if files_of(&disk).contains_key(SAVED) {
                // Only the folder's sync, or the removal of the other name, failed then: the file is whole.
                Options::new().vfs(Arc::new(disk.clone())).read_only(true).open(SAVED).unwrap();
            }
            for (name, bytes) in &files {
                assert_eq!(files_of(&disk).get(name), Some(bytes), "call {at_call}");
            }
        }
    }
}

#[test]
fn a_superblock_that_is_torn_is_done_without_and_two_with_their_key_slots_left_are_too() {
    for checkpoint_last in [false, true] {
        let history = history(5, checkpoint_last);
        for slot in [0, SLOT] {
            let mut files = newest(&history);
            // Behind the key slots: only the checksum is wrong then.
            flip(files.get_mut(PATH).unwrap(), slot + 3000);
            held(&history, &files, &format!("slot at {slot}")).unwrap();
        }
        let mut files = newest(&history);
        flip(files.get_mut(PATH).unwrap(), 3000);
        flip(files.get_mut(PATH).unwrap(), SLOT + 3000);
        let outcome = held(&history, &files, "both slots").unwrap();
        let state = outcome.report.state.clone().expect("the log tells the state");
        assert_eq!(history.at(state.commit), history.at(history.newest()));
        assert_eq!(&outcome.saved, history.at(history.newest()), "nothing is lost but the word of a superblock");

        files.remove(LOG);
        let outcome = held(&history, &files, "both slots and no log").unwrap();
        assert!(outcome.report.state.is_none() && outcome.report.totals.unplaced > 20);
        assert_eq!(outcome.report.verdict, Verdict::Lost);
    }
}

#[test]
fn without_any_key_slot_it_says_that_the_key_is_what_is_missing() {
    let history = history(5, true);
    let mut files = newest(&history);
    for slot in [0, SLOT] {
        files.get_mut(PATH).unwrap()[slot + 20..slot + 2400].fill(0xee);
    }
    let Err(Error::Damage(finding)) = salvage(&files, Include::Stale) else { panic!("there is no key") };
    assert_eq!(finding.code, Code::HdrCrc);
    assert!(finding.why.contains("key slot") && finding.lost.unwrap().contains("data key"), "{}", finding.why);

    // The names of one slot and the key slots of the other are enough.
    let mut files = newest(&history);
    flip(files.get_mut(PATH).unwrap(), 20);
    files.get_mut(PATH).unwrap()[16..200].fill(0xee);
    files.get_mut(PATH).unwrap()[SLOT + 256..SLOT + 2400].fill(0xee);
    assert!(held(&history, &files, "halves of two slots").is_none() || pages_of(&files) > 0);
}

#[test]
fn a_log_that_is_refused_is_used_up_to_where_it_holds_and_what_stands_behind_is_told() {
    let history = history(5, false);
    let sound = newest(&history);
    let length = sound[LOG].len();
    let mut later = 0;
    for at in (600..length).step_by(97) {
        let mut files = sound.clone();
        flip(files.get_mut(LOG).unwrap(), at);
        let outcome = held(&history, &files, &format!("log byte {at}")).unwrap();
        let state = outcome.report.state.as_ref().unwrap();
        // The last commit of a log has none behind it that says it was synced.
        assert!(!state.is_newest || state.commit.next() >= history.newest(), "log byte {at}: {state:?}");
        later += outcome.report.totals.unplaced;
    }
    assert!(later > 100, "commits behind the rot give records without a place: {later}");
    let mut missing = sound.clone();
    missing.remove(LOG);
    let outcome = held(&history, &missing, "no log").unwrap();
    assert_eq!(outcome.report.choices[0].finding.code, Code::LogMissing);
    assert_eq!(outcome.report.verdict, Verdict::Lost);
    let mut foreign = sound.clone();
    foreign.insert(LOG.to_owned(), newest(&self::history(9, false))[LOG].clone());
    let outcome = held(&history, &foreign, "a foreign log").unwrap();
    assert_eq!(outcome.report.choices[0].finding.code, Code::LogForeign);
}

#[test]
fn pages_and_superblocks_of_somebody_elses_file_are_never_saved() {
    let history = history(3, true);
    let evil = {
        let disk = SimVfs::new(1);
        let db = options(&disk, 66).create(true).open(PATH).unwrap();
        db.write(|tx| (0..60).try_for_each(|number| tx.put(format!("k{number:03}").as_bytes(), b"evil"))).unwrap();
        db.checkpoint(CheckpointMode::Passive).unwrap();
        files_of(&disk)
    };
    let sound = newest(&history);
    for page in 1..=pages_of(&evil).min(pages_of(&sound)) {
        let mut files = sound.clone();
        let place = page_start(page)..page_start(page) + PAGE;
        files.get_mut(PATH).unwrap()[place.clone()].copy_from_slice(&evil[PATH][place]);
        held(&history, &files, &format!("page {page} of another file")).unwrap();
    }
    for slot in [0, SLOT] {
        let mut files = sound.clone();
        files.get_mut(PATH).unwrap()[slot..slot + SLOT].copy_from_slice(&evil[PATH][slot..slot + SLOT]);
        if let Some(outcome) = held(&history, &files, "a superblock of another file") {
            assert!(outcome.saved.values().all(|value| value != b"evil"));
        }
    }
}

#[test]
fn what_is_saved_is_the_same_to_the_byte_and_includes_what_was_asked_for() {
    let history = history(3, true);
    let sound = newest(&history);
    let damaged = (1..=pages_of(&sound)).map(|page| {
        let mut files = sound.clone();
        files.remove(LOG);
        flip(files.get_mut(PATH).unwrap(), page_start(page) + 100);
        files
    });
    let has_strays = |files: &Files| salvage(files, Include::Certain).unwrap().report.totals.unplaced > 0;
    let files = damaged.into_iter().find(has_strays).expect("there is a branch over leaves");
    let saved = |include| {
        let disk = disk_of(&files);
        let entropy = Arc::new(InsecureSeededEntropy::new(5));
        let report =
            Salvage::new().vfs(Arc::new(disk.clone())).entropy(entropy).include(include).run(PATH, SAVED).unwrap();
        (report, files_of(&disk)[SAVED].clone())
    };
    assert_eq!(saved(Include::Stale), saved(Include::Stale));
    let certain = saved(Include::Certain).0;
    assert!(certain.certain.iter().all(|fate| fate.put_into.is_some()));
    assert!(!certain.others.is_empty() && certain.others.iter().all(|fate| fate.put_into.is_none()));
    assert_eq!(certain.result.records, certain.totals.certain);
    let all = saved(Include::Stale).0;
    assert_eq!(all.result.records, all.totals.certain + all.totals.unplaced + all.totals.stale);
    assert_eq!(all.totals, certain.totals);
}

#[test]
fn a_passphrase_opens_what_is_saved_as_it_opens_the_source() {
    let disk = SimVfs::new(1);
    let unlock = Unlock::Passphrase(b"secret".to_vec().into());
    let db = options(&disk, 1).unlock(unlock.clone()).kdf(KdfProfile::TEST).create(true).open(PATH).unwrap();
    db.write(|tx| tx.put(b"k", b"v")).unwrap();
    drop(db);
    let salvage = Salvage::new().vfs(Arc::new(disk.clone()));
    let refused = salvage.run(PATH, SAVED).unwrap_err();
    assert_eq!(refused.code(), "KEY-NO-SLOT");
    let wrong = salvage.clone().unlock(Unlock::Passphrase(b"guess".to_vec().into())).run(PATH, SAVED).unwrap_err();
    assert_eq!(wrong.code(), "KEY-WRONG");
    assert_eq!(salvage.clone().unlock(unlock.clone()).run(PATH, SAVED).unwrap().totals.certain, 1);
    let saved = Options::new().vfs(Arc::new(disk.clone())).unlock(unlock).open(SAVED).unwrap();
    assert_eq!(&*saved.read().get(b"k").unwrap().unwrap(), b"v");
    assert_eq!(salvage.run(PATH, SAVED).unwrap_err().code(), "EXISTS");
    assert_eq!(salvage.run("absent.tsm", "new.tsm").unwrap_err().code(), "NOT-FOUND");
}

#[test]
fn a_file_that_is_being_written_is_left_alone() {
    let disk = SimVfs::new(1);
    let db = options(&disk, 1).create(true).open(PATH).unwrap();
    let error = Salvage::new().vfs(Arc::new(disk.clone())).run(PATH, SAVED).unwrap_err();
    assert_eq!(error.code(), "IN-USE");
    drop(db);
}

/// Numbers drawn from a seed.
struct Draw(InsecureSeededEntropy);

impl Draw {
    fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).unwrap();
        (u64::from_le_bytes(bytes) % bound.max(1) as u64) as usize
    }
}

/// Damages one thing, as rot, a bad disk or somebody without the key would.
fn damage(files: &mut Files, history: &History, foreign: &Files, draw: &Draw) -> String {
    let moment = &history.moments[draw.below(history.moments.len())];
    let name = if draw.below(3) == 0 && files.contains_key(LOG) { LOG } else { PATH };
    let bytes = files.get_mut(name).unwrap();
    let length = bytes.len();
    let unit = if name == PATH { PAGE } else { 8 };
    let first = if name == PATH { 2 * SLOT } else { PAGE };
    let place = first + draw.below((length.saturating_sub(first)) / unit + 1) * unit;
    let end = (place + PAGE).min(length);
    let way = draw.below(11);
    match way {
        0..=3 if place < length => flip(bytes, place + draw.below(end - place)),
        4 if place < length => bytes[place..end].fill(0),
        5 => bytes.truncate(place),
        6 if moment.get(name).is_some_and(|old| old.len() >= end) && place < end => {
            bytes[place..end].copy_from_slice(&moment[name][place..end]);
        }
        7 if foreign.get(name).is_some_and(|other| other.len() >= end) && place < end => {
            bytes[place..end].copy_from_slice(&foreign[name][place..end]);
        }
        8 if place + 2 * PAGE <= length => {
            let (one, other) = (bytes[place..place + PAGE].to_vec(), bytes[length - PAGE..].to_vec());
            bytes[place..place + PAGE].copy_from_slice(&other);
            bytes[length - PAGE..].copy_from_slice(&one);
        }
        9 if name == PATH => flip(bytes, draw.below(2 * SLOT)),
        10 if name == LOG => drop(files.remove(LOG)),
        _ => {}
    }
    format!("{name} way {way} at {place}")
}

#[test]
fn many_damages_at_once_are_held_to_the_same_laws() {
    let cases = std::env::var("TOSUMU_SALVAGE_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    let histories = [history(3, true), history(5, false), history(8, false)];
    let foreign = newest(&history(99, false));
    let (mut saved, mut refused, mut records) = (0, 0, 0);
    for case in 0..cases {
        let draw = Draw(InsecureSeededEntropy::new(case + 1000));
        let history = &histories[draw.below(histories.len())];
        let mut files = newest(history);
        let done: Vec<String> = (0..=draw.below(5)).map(|_| damage(&mut files, history, &foreign, &draw)).collect();
        match held(history, &files, &format!("case {case}: {done:?}")) {
            Some(outcome) => (saved, records) = (saved + 1, records + outcome.report.totals.certain),
            None => refused += 1,
        }
    }
    println!("salvage: {cases} cases, {saved} saved with {records} certain records, {refused} refused, none wrong");
    assert!(saved > refused * 5, "{saved} saved, {refused} refused");
}
