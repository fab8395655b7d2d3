//! Verification: is everything in this file what was written, and is all of it there?
//!
//! It looks at a file at rest ([`AtRest`]), changes nothing and goes on past whatever it finds: a bad page ends its own
//! subtree only. What was not checked is listed with the reason, and never called sound.
//!
//! | level | needs a key | reads | tells |
//! |---|---|---|---|
//! | identify | no | superblocks, log header | whether this is a database of ours, and whether its parts belong together |
//! | scan | no | every byte | that every page and record has the shape of one |
//! | auth | yes | every page | that each page was sealed with this key, for its place |
//! | seal | yes | every page reached: all trees, overflow chains, the free list's trunks | that each is the current one: the seal in the pointer to it is its own |
//! | deep | yes | as seal | also keys in order and in range, records and pages counted, every page in use or free, once |
//! | anchored | yes | as deep | also that the file is not older than a fingerprint kept elsewhere |
//!
//! The last level, `drill`, is [`transfer::drill`](crate::transfer::drill): also that all of it comes out and goes in again.

mod accounting;
mod ahead;
mod causes;
mod crew;
mod freshness;
mod parts;
mod shape;
mod tree;

pub use causes::RankedCause;
pub use freshness::check_anchor;

use crate::crypto::Anchor;
use crate::defence::any_is_off;
use crate::error::{Error, ErrorKind, Result};
use crate::finding::{Finding, Severity};
use crate::inspect::{AtRest, Beside, Effort};
use crate::trace::{Event, Tracer};
use crate::types::{PageNo, PagePointer};
use crew::Crew;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Most findings that are listed: a file of a million bad pages is told by its first ten thousand, and that there are more.
pub const FINDINGS_MAX: usize = 10_000;

/// How much is verified; each level does what the ones before it do, as far as that means anything there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
#[non_exhaustive]
pub enum Level {
    /// The superblocks and the log's header, without a key.
    Identify,
    /// The shape of every page and log record, without a key.
    Scan,
    /// Every page is authentic for its place.
    Auth,
    /// Every page reached from the root is the current one.
    #[default]
    Seal,
    /// Keys, counts and pages add up.
    Deep,
    /// The file is not older than a fingerprint.
    Anchored,
    /// As deep, or anchored with a fingerprint; and all of it is exported, imported and compared.
    Drill,
}

impl Level {
    /// Every level, the quickest first.
    pub const ALL: [Level; 7] =
        [Level::Identify, Level::Scan, Level::Auth, Level::Seal, Level::Deep, Level::Anchored, Level::Drill];

    /// The level's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Identify => "identify",
            Level::Scan => "scan",
            Level::Auth => "auth",
            Level::Seal => "seal",
            Level::Deep => "deep",
            Level::Anchored => "anchored",
            Level::Drill => "drill",
        }
    }

    /// The level of this name.
    pub fn parse(text: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.as_str() == text)
    }

    /// Whether the level needs a key.
    pub fn needs_key(self) -> bool {
        self >= Level::Auth
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to verify.
#[derive(Clone, Default)]
pub struct VerifyOptions {
    /// How much.
    pub level: Level,
    /// A fingerprint that was kept elsewhere, to compare the file with.
    pub anchor: Option<Anchor>,
    /// Where events go.
    pub tracer: Tracer,
    /// Other files that a bad page may come from.
    pub beside: Vec<Beside>,
    /// How many threads open pages; as many as there are processors when nothing is said. The report and the events are the
    /// same whatever stands here.
    pub threads: Option<NonZeroUsize>,
    /// Ends the verification early, from another thread.
    pub stop: Stop,
}

/// Ends a verification that runs on another thread: it comes back soon, with the findings it has, and says of each check that
/// it did not end.
#[derive(Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// Asks every verification that was given a clone of this to end.
    pub fn stop(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether [`Stop::stop`] was called.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

/// One of the things that can be checked, and whether it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// What: `superblocks`, `pages (seals)`, …
    pub name: &'static str,
    /// Whether it was checked. Findings say how that went.
    pub ran: bool,
    /// Why it was not.
    pub why_not: Option<String>,
    /// How far it went: `4 of 4 pages`; or that it could only be done in part.
    pub note: Option<String>,
}

impl Check {
    pub(crate) fn ran(name: &'static str) -> Check {
        Check { name, ran: true, why_not: None, note: None }
    }

    pub(crate) fn not_run(name: &'static str, why: impl Into<String>) -> Check {
        Check { name, ran: false, why_not: Some(why.into()), note: None }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Check {
        self.note = Some(note.into());
        self
    }
}

/// What verification found. Serialised it is one object: `level`, `checks`, `exit`, `findings`.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The level that was asked for.
    pub level: Level,
    /// What was checked and what was not.
    pub checks: Vec<Check>,
    /// What was found, in the order of the checks.
    pub findings: Vec<Finding>,
    /// Findings beyond [`FINDINGS_MAX`], which are not listed.
    pub findings_unlisted: u64,
    /// Pages of the newest vouched tree; 0 when nothing is vouched for.
    pub pages_total: u32,
    /// Pages that were looked at.
    pub pages_checked: u32,
    /// Whether [`Stop`] ended it before its end.
    pub stopped: bool,
}

impl Report {
    /// The exit status: 0 nothing or info, 1 warnings, 2 errors, 3 cannot judge: no or the wrong key, unreadable, or
    /// stopped before anything bad was found.
    pub fn exit(&self) -> u8 {
        let cannot = |finding: &Finding| Error::from(finding.clone()).kind() == ErrorKind::Cannot;
        let worst_damage =
            self.findings.iter().filter(|finding| !cannot(finding)).map(|finding| finding.severity).max();
        match worst_damage {
            Some(Severity::Error | Severity::Fatal) => 2,
            _ if self.stopped || self.findings.iter().any(cannot) => 3,
            Some(Severity::Warning) => 1,
            Some(Severity::Info) | None => 0,
        }
    }

    /// The check of this name.
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// One line: what was checked, and one for what was not.
    pub fn summary(&self) -> String {
        let ran: Vec<String> = self.checks.iter().filter(|check| check.ran).map(check_text).collect();
        let checked = if ran.is_empty() { "nothing".to_owned() } else { ran.join(", ") };
        let not_run: Vec<&Check> = self.checks.iter().filter(|check| !check.ran).collect();
        // Checks that were not run for one reason are told together.
        let reasons: Vec<String> = not_run
            .chunk_by(|a, b| a.why_not == b.why_not)
            .map(|group| {
                let names: Vec<&str> = group.iter().map(|check| check.name).collect();
                format!("{} ({})", names.join(", "), group[0].why_not.as_deref().unwrap_or_default())
            })
            .collect();
        match reasons.is_empty() {
            true => format!("Checked: {checked}."),
            false => format!("Checked: {checked}.\nNot checked: {}.", reasons.join("; ")),
        }
    }
}

fn check_text(check: &Check) -> String {
    match &check.note {
        Some(note) => format!("{} ({note})", check.name),
        None => check.name.to_owned(),
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Report", 4)?;
        object.serialize_field("level", self.level.as_str())?;
        object.serialize_field("checks", &self.checks)?;
        object.serialize_field("exit", &self.exit())?;
        object.serialize_field("findings", &self.findings)?;
        object.end()
    }
}

/// Verifies `file`. An error is wrong use, a level without what it needs; or [`Error::SnapshotOvertaken`], when something was
/// found and another process may have folded the log meanwhile: then nothing can be said before the file is looked at
/// [again](AtRest::look_again).
pub fn verify(file: &AtRest, options: &VerifyOptions) -> Result<Report> {
    check_use(options)?;
    options.tracer.emit(|_| Event::VerifyStarted { level: options.level.to_string(), pages: pages_to_do(file) });
    let report = Crew::with(threads_for(file, options), |crew| {
        let report = empty_report(file, options.level);
        let mut verifier = Verifier { file, options, crew, report, effort: Effort::of_a_verification() };
        verifier.run();
        verifier.report
    });
    if report.findings.iter().any(|finding| finding.severity > Severity::Info) && file.is_overtaken()? {
        return Err(Error::SnapshotOvertaken { file: file.name().to_owned() });
    }
    let worse_than_info = report.findings.iter().filter(|finding| finding.severity > Severity::Info).count();
    options.tracer.emit(|_| Event::VerifyEnded { pages: report.pages_checked, findings: worse_than_info as u32 });
    Ok(report)
}

/// As many threads as are asked for, or as there are processors; but a small file is done before a thread has begun.
fn threads_for(file: &AtRest, options: &VerifyOptions) -> NonZeroUsize {
    const PAGES_A_THREAD: u32 = 256;
    // What was taken out was taken out for this thread.
    if any_is_off() {
        return NonZeroUsize::MIN;
    }
    let wanted = options.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
    let pages = file.page_count().unwrap_or(0).min(file.pages_in_file().saturating_add(file.log_pages_count() as u32));
    let most = NonZeroUsize::new((pages / PAGES_A_THREAD) as usize).unwrap_or(NonZeroUsize::MIN);
    wanted.min(most)
}

/// About how many pages there are to look at; those that are free nobody judges.
fn pages_to_do(file: &AtRest) -> u32 {
    let free = file.state().map_or(0, |state| state.free_count);
    file.page_count().unwrap_or(0).saturating_sub(free)
}

fn check_use(options: &VerifyOptions) -> Result<()> {
    let refuse = |why: &str| Err(Error::Misuse { why: why.to_owned() });
    match (options.level, &options.anchor) {
        (Level::Drill, _) => refuse("the level `drill` is the work of `transfer::drill`"),
        (Level::Anchored, None) => {
            refuse("the level `anchored` needs a fingerprint that was kept elsewhere: --anchor TEXT, or --anchor FILE")
        }
        (level, Some(_)) if !level.needs_key() => {
            refuse("a fingerprint cannot be compared without the key: use the level `seal` or a later one")
        }
        _ => Ok(()),
    }
}

fn empty_report(file: &AtRest, level: Level) -> Report {
    let pages_total = file.state().map_or(0, |state| state.page_count);
    Report {
        level,
        checks: Vec::new(),
        findings: Vec::new(),
        findings_unlisted: 0,
        pages_total,
        pages_checked: 0,
        stopped: false,
    }
}

struct Verifier<'a, 'c> {
    file: &'a AtRest,
    options: &'c VerifyOptions,
    /// Who opens pages ahead.
    crew: &'c Crew<'a>,
    report: Report,
    /// What the probes of bad pages may still cost.
    effort: Effort,
}

impl Verifier<'_, '_> {
    fn run(&mut self) {
        let checks: [fn(&mut Self) -> Vec<Check>; 6] = [
            |v| vec![v.superblocks()],
            |v| vec![v.key_slots()],
            |v| vec![v.log()],
            |v| v.pages(),
            |v| vec![v.file_length()],
            |v| vec![v.freshness()],
        ];
        for check in checks {
            let outcome = check(self);
            self.report.checks.extend(outcome);
        }
    }

    /// Whether to look at no more pages. Once it is so it stays so.
    fn is_stopped(&mut self) -> bool {
        self.report.stopped |= self.options.stop.is_asked();
        self.report.stopped
    }

    /// A check of pages, as it is listed: what was stopped on the way was not checked.
    fn unless_stopped(&self, check: Check) -> Check {
        match self.report.stopped && check.ran {
            true => Check::not_run(
                check.name,
                format!("stopped after {} of {} pages", self.report.pages_checked, self.report.pages_total),
            ),
            false => check,
        }
    }

    fn level(&self) -> Level {
        self.options.level
    }

    fn report(&mut self, finding: Finding) {
        self.options.tracer.emit(|_| Event::FindingReported { finding: Box::new(finding.clone()) });
        match self.report.findings.len() < FINDINGS_MAX {
            true => self.report.findings.push(finding),
            false => self.report.findings_unlisted += 1,
        }
    }

    /// The finding of a page that does not hold, with what the probe says of it; `expected` is what vouches for the page.
    fn probed(&mut self, page: PageNo, expected: Option<PagePointer>, finding: Finding) -> Finding {
        self.file.refined(page, expected, finding, &self.options.beside, &mut self.effort)
    }

    /// Why the newest state cannot be looked at, in words for a check that was not run.
    fn no_state(&self) -> String {
        let why =
            if self.file.chosen().is_ok() && self.file.keys().is_err() { "the key is needed" } else { NO_SUPERBLOCK };
        match self.file.state() {
            Ok(_) => why.to_owned(),
            Err(finding) => format!("{why}: {}", finding.code),
        }
    }
}

/// Why a check was not run: there is no superblock, or its MAC is wrong.
const NO_SUPERBLOCK: &str = "no superblock can be believed";
