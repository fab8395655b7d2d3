//! The tamper lab: every kind of lie that can be told about the bytes of this very store, each told to a copy of it in memory,
//! and what came of it: what its owner is answered, what `verify` says, and what a fingerprint kept elsewhere adds.
//!
//! A lie is lines of the script language where it can be: what is chosen here runs in the lab as it would be typed. One that the
//! store has nothing for (no log, no older version of a page) is left out.

use std::ops::ControlFlow;
use std::sync::Arc;
use tosumu::attack::{Records, everything};
use tosumu::crypto::{Anchor, InsecureSeededEntropy};
use tosumu::format::page::{PageHeader, PageKind, SealedView};
use tosumu::inspect::AtRest;
use tosumu::script::{Runner, RunnerOptions};
use tosumu::trace::{Event, Fold};
use tosumu::verify::{Level, VerifyOptions, verify};
use tosumu::vfs::{CrashPlan, DiskImage, SimVfs};
use tosumu::{AutoCheckpoint, CheckpointOnClose, Code, Options, PageNo, Severity, Unlock};

/// Earlier states that an answer is compared with.
const EARLIER_MAX: usize = 64;

/// What the owner is answered afterwards.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answers {
    /// Opening the store, or reading it, is refused with this code.
    Refused(String),
    /// Every answer is right all the same.
    Right,
    /// What the store answered at an earlier commit.
    Older,
    /// What it never answered.
    Wrong,
}

/// What came of a lie.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// The engine refuses: nobody is served the lie.
    Refused,
    /// Nobody is harmed: every answer is right.
    Harmless,
    /// An old state is served; a fingerprint kept elsewhere tells.
    ToldByAnchor,
    /// Nobody notices.
    Open,
}

impl Verdict {
    /// All of them, as the answers to the question what will happen.
    pub const ALL: [Verdict; 4] = [Verdict::Refused, Verdict::Harmless, Verdict::ToldByAnchor, Verdict::Open];

    /// What it says.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Refused => "it is refused: opening or reading names it",
            Verdict::Harmless => "every answer stays right",
            Verdict::ToldByAnchor => "an old state is served; only a fingerprint kept elsewhere tells",
            Verdict::Open => "it is served, and nobody notices",
        }
    }

    /// The same in one word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Refused => "refused",
            Verdict::Harmless => "harmless",
            Verdict::ToldByAnchor => "OLD STATE",
            Verdict::Open => "OPEN",
        }
    }
}

/// A lie and what came of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lie {
    /// What is done, in some words.
    pub does: String,
    /// How it is typed; empty when the language has no words for it.
    pub lines: Vec<String>,
    /// What the owner is answered.
    pub answers: Answers,
    /// The code of the worst finding of `verify` at level deep; none when it finds nothing worse than info.
    pub verify: Option<String>,
    /// The same with the fingerprint of the store before the lie.
    pub anchored: Option<String>,
}

impl Lie {
    /// What came of it.
    pub fn verdict(&self) -> Verdict {
        match (&self.answers, &self.anchored) {
            (Answers::Refused(_), _) => Verdict::Refused,
            (Answers::Right, _) => Verdict::Harmless,
            (Answers::Older | Answers::Wrong, Some(_)) => Verdict::ToldByAnchor,
            (Answers::Older | Answers::Wrong, None) => Verdict::Open,
        }
    }
}

/// A store at an instant.
pub struct Instant<'a> {
    /// What has happened, of level `full`.
    pub events: &'a [Arc<Event>],
    /// How its engine was made.
    pub options: &'a RunnerOptions,
}

/// What is known of the store before it is lied about.
struct Truth<'a> {
    instant: &'a Instant<'a>,
    unlock: Unlock,
    records: Records,
    earlier: Vec<Records>,
    anchor: Option<Anchor>,
}

/// A lie that was not told yet.
struct Plan {
    does: String,
    lines: Vec<String>,
}

/// Tells one lie, in lines of the script language, to a copy of the store; an error says why it cannot be told.
pub fn told(instant: &Instant, lines: Vec<String>) -> Result<Lie, String> {
    instant.options.without.during(|| told_here(instant, lines))
}

/// What comes of the files as they are in `image`, to which `lines` led from the instant.
pub fn judged(instant: &Instant, lines: Vec<String>, image: &DiskImage) -> Result<Lie, String> {
    instant.options.without.during(|| {
        let (truth, _, _) = truth(instant)?;
        Ok(truth.tell(Plan { does: lines.join(", then "), lines }, image))
    })
}

fn told_here(instant: &Instant, lines: Vec<String>) -> Result<Lie, String> {
    let (truth, _, _) = truth(instant)?;
    let mut runner = runner_at(instant);
    for line in &lines {
        let outcome = runner.run_line(line);
        if outcome.failed {
            return Err(format!("`{line}`: {}", outcome.text));
        }
    }
    Ok(truth.tell(Plan { does: lines.join(", then "), lines }, &runner.disk().image()))
}

/// What is known of the store at `instant`, its files at rest, and its disk behind each earlier commit.
fn truth<'i>(instant: &'i Instant) -> Result<(Truth<'i>, AtRest, Vec<DiskImage>), String> {
    let word = instant.options.passphrase.as_deref();
    let unlock = word.map_or(Unlock::Keyless, |word| Unlock::Passphrase(word.into()));
    let disk = runner_at(instant).disk().clone();
    let file = AtRest::open(Arc::new(disk.clone()), &instant.options.file, Some(&unlock)).map_err(|e| e.to_string())?;
    let records = served(&disk.image(), instant, &unlock);
    let records = records.map_err(|code| format!("The store does not open as it stands: {code}"))?;
    let images = earlier_images(instant);
    let earlier = images.iter().filter_map(|image| served(image, instant, &unlock).ok());
    let earlier: Vec<Records> = earlier.filter(|earlier| *earlier != records).collect();
    let anchor = file.anchor();
    Ok((Truth { instant, unlock, records, earlier, anchor }, file, images))
}

/// Tells every lie; `told` hears of each that could be told and may end it. An error says why none can be.
pub fn compute(instant: &Instant, told: &mut dyn FnMut(&[Lie]) -> ControlFlow<()>) -> Result<Vec<Lie>, String> {
    instant.options.without.during(|| computed(instant, told))
}

fn computed(instant: &Instant, told: &mut dyn FnMut(&[Lie]) -> ControlFlow<()>) -> Result<Vec<Lie>, String> {
    let (truth, file, images) = truth(instant)?;
    let disk = runner_at(instant).disk().clone();
    let mut lies = Vec::new();
    for plan in plans(&file) {
        let mut runner = runner_at(instant);
        if plan.lines.iter().any(|line| runner.run_line(line).failed) {
            continue;
        }
        let image = runner.disk().image();
        if image.system_files() == disk.image().system_files() {
            continue;
        }
        lies.push(truth.tell(plan, &image));
        if told(&lies).is_break() {
            return Ok(lies);
        }
    }
    if let Some(image) = images.iter().rev().find(|image| truth.is_older(image)) {
        let does = "all files are put back as at an earlier commit".to_owned();
        lies.push(truth.tell(Plan { does, lines: Vec::new() }, image));
        let _ = told(&lies);
    }
    Ok(lies)
}

/// The disk as it stands, and nothing running.
fn runner_at(instant: &Instant) -> Runner {
    Runner::crashed_at(instant.events, CrashPlan::Kept, instant.options.clone())
}

/// The disk behind each of the newest commits but the last, oldest first.
fn earlier_images(instant: &Instant) -> Vec<DiskImage> {
    let mut fold = Fold::default();
    let mut images = Vec::new();
    for event in instant.events {
        fold.apply(event);
        if matches!(**event, Event::TransactionCommitted { .. }) {
            images.push(DiskImage::from_fold(&fold).after_crash(&CrashPlan::Kept).0);
        }
    }
    images.pop();
    images.drain(..images.len().saturating_sub(EARLIER_MAX));
    images
}

/// What can be tried on this store, likeliest first.
fn plans(file: &AtRest) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut plan = |does: &str, lines: &[String]| plans.push(Plan { does: does.to_owned(), lines: lines.to_vec() });
    let slot = file.chosen().map_or('A', |chosen| if chosen.slot == 0 { 'A' } else { 'B' });
    let pages: Vec<PageNo> = (1..=file.pages_in_file()).map(PageNo).collect();
    let leaf = |page: &&PageNo| header_of(file, **page).is_some_and(|header| header.kind == PageKind::Leaf);
    let leaves: Vec<PageNo> = pages.iter().filter(|page| !file.is_in_log(**page)).filter(leaf).copied().collect();
    if let Some(page) = leaves.first() {
        plan("a bit of a page is flipped", &[format!("tamper page {page} byte 100 xor 01")]);
        plan("a page becomes zeros", &[format!("tamper page {page} zero")]);
        plan(
            "a page of another database is put in its place",
            &["beside other new seed 9".to_owned(), format!("tamper page {page} from other page 1")],
        );
    }
    if let [first, second, ..] = leaves[..] {
        plan("two pages change places", &[format!("swap page {first} {second}")]);
    }
    let is_settled = |page: &&PageNo| !file.is_in_log(**page);
    let sealed = pages.iter().filter(is_settled).filter_map(|page| Some((*page, header_of(file, *page)?.commit.0)));
    let sealed: Vec<(PageNo, u64)> = sealed.filter(|(_, commit)| *commit > 1).collect();
    if let Some((page, commit)) = sealed.first() {
        plan("an older version of one page is put back", &[format!("put-back page {page} from commit {}", commit - 1)]);
    }
    if let Some(newest) = sealed.iter().map(|(_, commit)| *commit).max() {
        plan("older versions of all pages are put back", &[format!("put-back all from commit {}", newest - 1)]);
    }
    plan("a superblock field is changed", &[format!("tamper superblock {slot} field commit 1")]);
    plan("the same, and its checksum mended", &[format!("tamper superblock {slot} field commit 1 mended")]);
    plan("the format is set back to 1, checksum mended", &[format!("tamper superblock {slot} field format 1 mended")]);
    plan("the newest superblock becomes zeros", &[format!("tamper superblock {slot} zero")]);
    plan("a key slot is changed, checksums mended", &["tamper key-slot 0 byte 100 xor 01 mended".to_owned()]);
    let records = file.log().scan.as_ref().map_or(0, |scan| scan.records.len());
    if records > 0 {
        let middle = records / 2 + 1;
        plan("a byte of the log is flipped", &[format!("tamper record {middle} byte 90 xor 01")]);
        plan("the same, and its checksum mended", &[format!("tamper record {middle} byte 90 xor 01 mended")]);
        plan("a record is taken out of the log", &["tamper record 1 drop".to_owned()]);
        plan("a record stands in the log twice", &["tamper record 1 repeat".to_owned()]);
        plan("two records of the log change places", &["tamper record 1 swap 2".to_owned()]);
        plan("the log is cut at its last commit", &[format!("tamper record {} cut", cut_record(file))]);
        plan("the log is removed", &["tamper log remove".to_owned()]);
    }
    plan("the page file is cut short", &[format!("tamper pages truncate {}", file.length().saturating_sub(1))]);
    plan("bytes are appended to the page file", &["tamper pages extend 100".to_owned()]);
    plans
}

/// The number of the first record of the last commit.
fn cut_record(file: &AtRest) -> usize {
    let Some(scan) = &file.log().scan else { return 1 };
    let before = scan.commits.len().checked_sub(2).and_then(|at| scan.commits.get(at));
    before.map_or(1, |commit| usize::try_from(commit.sequence).unwrap_or(0) + 1)
}

/// What the header of a page in the page file says.
fn header_of(file: &AtRest, page: PageNo) -> Option<PageHeader> {
    let found = file.file_page(page).ok()?;
    SealedView::new(&found.bytes)?.header().ok()
}

impl Truth<'_> {
    fn tell(&self, plan: Plan, image: &DiskImage) -> Lie {
        let answers = match served(image, self.instant, &self.unlock) {
            Err(code) => Answers::Refused(code),
            Ok(records) if records == self.records => Answers::Right,
            Ok(records) if self.earlier.contains(&records) => Answers::Older,
            Ok(_) => Answers::Wrong,
        };
        let verify = self.verified(image, Level::Deep, None);
        let anchored = self.verified(image, Level::Anchored, self.anchor.clone());
        Lie { does: plan.does, lines: plan.lines, answers, verify, anchored }
    }

    fn is_older(&self, image: &DiskImage) -> bool {
        served(image, self.instant, &self.unlock).is_ok_and(|records| records != self.records)
    }

    /// The code of the first finding worse than info, or of the error. That the lab's own key slots are weak is no news.
    fn verified(&self, image: &DiskImage, level: Level, anchor: Option<Anchor>) -> Option<String> {
        let disk = SimVfs::from_image(image.clone(), 1);
        let options = VerifyOptions { level, anchor, ..VerifyOptions::default() };
        let file = AtRest::open(Arc::new(disk), &self.instant.options.file, Some(&self.unlock));
        match file.and_then(|file| verify(&file, &options)) {
            Err(error) => Some(error.code().to_owned()),
            Ok(report) => {
                let mut bad = report.findings.into_iter().filter(|finding| finding.severity > Severity::Info);
                bad.find(|finding| finding.code != Code::KdfWeak).map(|finding| finding.code.as_str().to_owned())
            }
        }
    }
}

/// All that the store answers on such a disk, or the code it refuses with.
fn served(image: &DiskImage, instant: &Instant, unlock: &Unlock) -> Result<Records, String> {
    let options = Options::new()
        .vfs(Arc::new(SimVfs::from_image(image.clone(), 1)))
        .entropy(Arc::new(InsecureSeededEntropy::new(1)))
        .unlock(unlock.clone())
        .checkpoints(AutoCheckpoint::Off)
        .checkpoint_on_close(CheckpointOnClose::No);
    let opened = options.open(&instant.options.file).and_then(|db| everything(&db));
    opened.map_err(|error| error.code().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorded;
    use tosumu::script::Script;

    fn lies(lines: &[&str]) -> Vec<Lie> {
        let runner = recorded::sample_store(lines);
        let events = runner.recorder().events_from(0);
        compute(&Instant { events: &events, options: runner.options() }, &mut |_| ControlFlow::Continue(())).unwrap()
    }

    fn of<'l>(lies: &'l [Lie], does: &str) -> &'l Lie {
        lies.iter().find(|lie| lie.does.contains(does)).unwrap_or_else(|| panic!("{does}: {lies:#?}"))
    }

    #[test]
    fn nobody_is_ever_served_what_was_never_committed() {
        for lines in [&["put m 13"][..], &["put m 13", "checkpoint"], &["put m 13", "del b", "checkpoint", "put x 1"]] {
            let lies = lies(lines);
            assert!(lies.len() > 10, "{lies:#?}");
            assert!(lies.iter().all(|lie| lie.answers != Answers::Wrong), "{lies:#?}");
        }
    }

    #[test]
    fn without_its_number_under_the_seal_a_page_in_another_s_place_is_taken_for_it() {
        let script = |head: &str| {
            let script = Script::parse(&format!("{head}fill 30 ascending\ncheckpoint\n")).unwrap();
            let mut runner = Runner::new(script.options(RunnerOptions::default()));
            script.lines.iter().for_each(|line| drop(runner.run(&line.op)));
            let events = runner.recorder().events_from(0);
            told(&Instant { events: &events, options: runner.options() }, vec!["swap page 1 2".to_owned()]).unwrap()
        };
        assert!(matches!(script("").answers, Answers::Refused(_)));
        let open =
            script("without page-number-in-associated-data\nwithout page-header-number\nwithout seal-in-pointer\n");
        assert_eq!(open.answers, Answers::Wrong, "{open:?}");
    }

    #[test]
    fn an_older_page_is_named_and_the_whole_file_put_back_is_told_by_the_fingerprint_alone() {
        let lies = lies(&["put m 13", "checkpoint"]);
        let page = of(&lies, "older version of one page");
        assert_eq!((page.verdict(), page.verify.as_deref()), (Verdict::Refused, Some("PAGE-STALE")));
        let all = of(&lies, "all files are put back");
        assert_eq!((all.verdict(), all.verify.as_deref()), (Verdict::ToldByAnchor, None));
        assert_eq!(all.anchored.as_deref(), Some("FRESH-ROLLBACK"));
    }

    #[test]
    fn a_log_without_its_last_commit_is_an_older_state_and_one_without_a_record_is_refused() {
        let lies = lies(&["put m 13"]);
        assert_eq!(of(&lies, "cut at its last commit").answers, Answers::Older);
        assert_eq!(of(&lies, "taken out of the log").verdict(), Verdict::Refused);
        assert_eq!(of(&lies, "the log is removed").answers, Answers::Refused("LOG-MISSING".to_owned()));
    }

    #[test]
    fn every_lie_that_has_lines_can_be_typed_into_the_lab() {
        for lie in lies(&["put m 13", "checkpoint"]) {
            let mut runner = recorded::sample_store(&["put m 13", "checkpoint"]);
            for line in &lie.lines {
                let outcome = runner.run_line(line);
                assert!(!outcome.failed, "{line}: {}", outcome.text);
            }
        }
    }
}
