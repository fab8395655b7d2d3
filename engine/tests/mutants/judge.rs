//! What readers say of a mutant: `verify`, and a dump of everything.

#![allow(clippy::disallowed_types, reason = "that nothing hangs is told by a clock; the engine itself reads none")]

use super::world::{PATH, State, World, contents, disk_of, options};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tosumu::crypto::parse_fingerprint;
use tosumu::forge::Files;
use tosumu::inspect::AtRest;
use tosumu::verify::{Level, Report, VerifyOptions, verify};
use tosumu::vfs::SimVfs;
use tosumu::{Code, Error, Severity};

/// No answer takes longer; a sound one takes about a millisecond.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What came of a mutant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// `verify` found something worse than info.
    Detected,
    /// `verify` found nothing worse than info, and the dump ended in an error.
    DetectedByDump,
    /// The dump is what was committed last; `verify` mentioned what was changed, as info.
    HarmlessMentioned,
    /// The dump is what was committed last, and nothing was said.
    Harmless,
    /// The dump is what an earlier commit left, and the log ends in what reads as a crash; the anchor tells.
    CutTail,
    /// A whole authentic older state, by its records or by its key slots; the anchor tells.
    OldState,
    /// As [`Verdict::CutTail`] or [`Verdict::OldState`], and the anchor was silent.
    AnchorSilent,
    /// The dump is something that was never committed, and nobody said a word.
    Silent,
    /// Something panicked.
    Panic,
    /// It took longer than [`PATIENCE`].
    Hang,
}

impl Verdict {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Verdict; 10] = [
        Verdict::Detected,
        Verdict::DetectedByDump,
        Verdict::HarmlessMentioned,
        Verdict::Harmless,
        Verdict::CutTail,
        Verdict::OldState,
        Verdict::AnchorSilent,
        Verdict::Silent,
        Verdict::Panic,
        Verdict::Hang,
    ];

    /// The column's heading.
    pub fn heading(self) -> &'static str {
        match self {
            Verdict::Detected => "detected",
            Verdict::DetectedByDump => "by dump alone",
            Verdict::HarmlessMentioned => "harmless, told",
            Verdict::Harmless => "harmless",
            Verdict::CutTail => "cut tail",
            Verdict::OldState => "old state",
            Verdict::AnchorSilent => "anchor silent",
            Verdict::Silent => "SILENT",
            Verdict::Panic => "PANIC",
            Verdict::Hang => "HANG",
        }
    }

    /// Whether it must never be.
    pub fn is_failure(self) -> bool {
        matches!(self, Verdict::AnchorSilent | Verdict::Silent | Verdict::Panic | Verdict::Hang)
    }
}

/// Lets everybody look.
pub fn judge(files: &Files, world: &World, state: &State) -> Verdict {
    let started = Instant::now();
    let verdict = catch_unwind(AssertUnwindSafe(|| look(files, world, state))).unwrap_or(Verdict::Panic);
    if started.elapsed() > PATIENCE { Verdict::Hang } else { verdict }
}

fn look(files: &Files, world: &World, state: &State) -> Verdict {
    let disk = disk_of(files);
    let reports = [Level::Seal, Level::Deep].map(|level| report(&disk, world, level, None));
    if reports.iter().any(|report| report.as_ref().is_err() || report.as_ref().is_ok_and(is_damage)) {
        return Verdict::Detected;
    }
    let found = options(&disk, &world.unlock).read_only(true).open(PATH).and_then(|db| contents(&db));
    let Ok(found) = found else { return Verdict::DetectedByDump };
    let told = |code: Option<Code>| {
        let findings = reports.iter().flatten().flat_map(|report| &report.findings);
        let mut told = findings.filter(|found| !state.usual.contains(&found.code));
        told.any(|found| code.is_none_or(|code| found.code == code))
    };
    let is_newest = found == world.models[state.model];
    let is_older = world.models[..state.model].contains(&found);
    let anchored = || report(&disk, world, Level::Anchored, Some(&state.fingerprint));
    let anchor_tells = anchored().map_or(true, |report| is_damage(&report));
    match (is_newest, is_older) {
        (true, _) if told(None) => Verdict::HarmlessMentioned,
        (true, _) if !anchor_tells => Verdict::Harmless,
        // The same records behind older key slots.
        (true, _) => Verdict::OldState,
        (_, true) if !anchor_tells => Verdict::AnchorSilent,
        (_, true) if told(Some(Code::LogTornTail)) => Verdict::CutTail,
        (_, true) => Verdict::OldState,
        _ => Verdict::Silent,
    }
}

fn report(disk: &SimVfs, world: &World, level: Level, line: Option<&str>) -> Result<Report, Error> {
    let file = AtRest::open(Arc::new(disk.clone()), PATH, Some(&world.unlock))?;
    let anchor = line.map(|line| parse_fingerprint(line).expect("a line that was printed"));
    // One thread: a file of thirty pages is not worth starting another.
    let threads = Some(NonZeroUsize::MIN);
    verify(&file, &VerifyOptions { level, anchor, threads, ..VerifyOptions::default() })
}

fn is_damage(report: &Report) -> bool {
    // A file that cannot be judged is no file that was passed.
    report.exit() != 0 && report.findings.iter().any(|finding| is_worse_than_usual(finding.code, finding.severity))
}

/// Passphrase worlds have slots of the test profile: that they are weak is true of the file before the change.
fn is_worse_than_usual(code: Code, severity: Severity) -> bool {
    severity > Severity::Info && code != Code::KdfWeak
}
