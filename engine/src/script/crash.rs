//! Power cuts in a script: when the power goes, and what is left of the writes that no sync has made safe.

use super::parse::{Parsed, Words, shown, unexpected};
use crate::trace::Event;
use crate::vfs::{CrashPlan, DiskImage, Filling, PosixPlan};
use std::fmt;
use std::sync::Arc;

const CRASHES: &str = "`crash before|after STEP`, `crash at write N`, `crash at call N`, each with `torn K`, `losing 2,5`, \
                       `newest`, `chance SEED`, `keeping all`, `process`, `ordered N` or `posix …` behind it if you like, or \
                       `crash losing 2,5`";
const STEPS: &str = "wal-write wal-sync page-write page-sync superblock-write superblock-sync";

/// A power cut that is to strike the next operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Crash {
    /// When.
    pub instant: Instant,
    /// What is left of the writes not yet synced.
    pub left: Left,
}

/// When the power goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Instant {
    /// `before STEP`: the step does not happen.
    Before(Step),
    /// `after STEP`: it happened, and nobody heard of it.
    After(Step),
    /// `at write N`: right after the operation's N-th write, counted from 1.
    AtWrite(u64),
    /// `at call N`: right before the operation's N-th call that changes something on the disk, counted from 1: a write, a sync,
    /// a length, a name.
    AtCall(u64),
    /// `losing …` alone: right before the first sync at which so many writes wait.
    AtSyncWaiting(u32),
}

/// A step of the protocol at which the power can go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is the word in the script")]
pub enum Step {
    WalWrite,
    WalSync,
    PageWrite,
    PageSync,
    SuperblockWrite,
    SuperblockSync,
}

impl Step {
    /// Every step, in the order of the protocol.
    pub const ALL: [Step; 6] =
        [Step::WalWrite, Step::WalSync, Step::PageWrite, Step::PageSync, Step::SuperblockWrite, Step::SuperblockSync];

    /// The word in the script.
    pub fn word(self) -> &'static str {
        match self {
            Step::WalWrite => "wal-write",
            Step::WalSync => "wal-sync",
            Step::PageWrite => "page-write",
            Step::PageSync => "page-sync",
            Step::SuperblockWrite => "superblock-write",
            Step::SuperblockSync => "superblock-sync",
        }
    }
}

/// What a power cut leaves of the writes not yet synced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Left {
    /// Nothing, and of names neither: unless said otherwise.
    Nothing,
    /// `keeping all`
    All,
    /// `torn K`: of the last write its first sectors, of the others everything.
    Torn(u64),
    /// `losing 2,5`: all but the writes with these numbers.
    AllBut(Vec<u32>),
    /// `newest`: of the pending writes the last one alone, and names.
    Newest,
    /// `chance SEED`: each pending sector, length and name is kept or lost by chance, told by this seed.
    Chance(u64),
    /// `process`: everything, and it is pending still: the program was killed and the power stayed.
    Process,
    /// `ordered N`: the first so many units of what is pending, in the order they were made, each a sector or a name.
    Ordered(u32),
    /// `posix [keeping 1-3,5] [damaging 4] [junk SEED]`: of those units the ones kept; the ones damaged hold junk, and so do
    /// holes in files if a seed is named.
    Posix(PosixPlan),
}

impl Left {
    /// Reads what `Display` writes. The error says what would be right.
    pub fn parse(text: &str) -> Result<Left, String> {
        let mut words = Words::new(text);
        let left = parse_left(&mut words)?.unwrap_or(Left::Nothing);
        words.end()?;
        Ok(left)
    }

    /// What this leaves of `disk`.
    pub fn plan(&self, disk: &DiskImage) -> CrashPlan {
        match self {
            Left::Nothing => CrashPlan::Lost,
            Left::All => CrashPlan::Kept,
            Left::Torn(sectors) => CrashPlan::Torn { sectors: *sectors },
            Left::AllBut(numbers) => CrashPlan::Losing(numbers.clone()),
            Left::Newest => {
                let pending = disk.pending();
                let earlier = &pending[..pending.len().saturating_sub(1)];
                CrashPlan::Losing(earlier.iter().map(|write| write.number).collect())
            }
            Left::Chance(seed) => CrashPlan::Seeded(*seed),
            Left::Process => CrashPlan::Process,
            Left::Ordered(units) => CrashPlan::Ordered { units: *units },
            Left::Posix(plan) => CrashPlan::Posix(plan.clone()),
        }
    }
}

/// Where a power cut by hand stands, as its event says it: `behind event 72 torn 1`.
pub(super) fn place_of_cut(events: usize, left: &Left) -> String {
    format!("behind event {events}{left}")
}

/// What was left of unsynced writes by the power cut that event `at` is, when it is one by hand: no line of a script asked for
/// it, and `cut behind event N` is how it is written down. A program that was killed leaves no `Crashed`: there the end of the
/// operation tells, or that none is under way.
pub fn cut_by_hand(events: &[Arc<Event>], at: usize) -> Option<Left> {
    match &**events.get(at)? {
        Event::Crashed { place, .. } => {
            let left = place.strip_prefix(&format!("behind event {at}"))?;
            Left::parse(left).ok().filter(|known| place_of_cut(at, known) == *place)
        }
        Event::HandleDropped => {
            let killed = format!("the program was killed {}:", place_of_cut(at, &Left::Process));
            let is_told = matches!(
                events.get(at + 1).map(|event| &**event),
                Some(Event::OperationEnded { outcome, .. }) if outcome.starts_with(&killed)
            );
            (is_told || !is_under_way(&events[..at])).then_some(Left::Process)
        }
        _ => None,
    }
}

/// Whether the last of `events` stands in the middle of an operation.
fn is_under_way(events: &[Arc<Event>]) -> bool {
    let edge = |event: &&Arc<Event>| matches!(***event, Event::OperationStarted { .. } | Event::OperationEnded { .. });
    events.iter().rev().find(edge).is_some_and(|event| matches!(**event, Event::OperationStarted { .. }))
}

impl Crash {
    /// The instant in words: `after wal-sync`.
    pub fn place(&self) -> String {
        match self.instant {
            Instant::Before(step) => format!("before {}", step.word()),
            Instant::After(step) => format!("after {}", step.word()),
            Instant::AtWrite(number) => format!("at write {number}"),
            Instant::AtCall(number) => format!("at call {number}"),
            Instant::AtSyncWaiting(_) => "before a sync".to_owned(),
        }
    }
}

fn write_posix(f: &mut fmt::Formatter<'_>, plan: &PosixPlan) -> fmt::Result {
    f.write_str(" posix")?;
    for (word, numbers) in [("keeping", &plan.kept), ("damaging", &plan.damaged)] {
        if !numbers.is_empty() {
            write!(f, " {word} {}", ranges(numbers))?;
        }
    }
    match plan.filling {
        Filling::Zeros => Ok(()),
        Filling::Junk(seed) => write!(f, " junk {seed}"),
    }
}

/// Ascending numbers as `1-3,5`.
fn ranges(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(number) => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let text = |(first, last): &(u32, u32)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    runs.iter().map(text).collect::<Vec<_>>().join(",")
}

impl fmt::Display for Left {
    /// With a blank before it, for it stands behind an instant.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Left::Nothing => Ok(()),
            Left::All => f.write_str(" keeping all"),
            Left::Torn(sectors) => write!(f, " torn {sectors}"),
            Left::AllBut(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
                write!(f, " losing {}", numbers.join(","))
            }
            Left::Newest => f.write_str(" newest"),
            Left::Chance(seed) => write!(f, " chance {seed}"),
            Left::Process => f.write_str(" process"),
            Left::Ordered(units) => write!(f, " ordered {units}"),
            Left::Posix(plan) => write_posix(f, plan),
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crash")?;
        if !matches!(self.instant, Instant::AtSyncWaiting(_)) {
            write!(f, " {}", self.place())?;
        }
        self.left.fmt(f)
    }
}

/// Highest number of a unit that a line may name: more than a simulated disk has pending.
const UNITS_MAX: u32 = 1 << 20;

pub(super) fn parse_crash(words: &mut Words<'_>) -> Parsed<Crash> {
    let form = || format!("`crash` needs its instant: {CRASHES}");
    let instant = match words.peek() {
        Some(when @ ("before" | "after")) => {
            words.next();
            let step = parse_step(words.next())?;
            Some(if when == "before" { Instant::Before(step) } else { Instant::After(step) })
        }
        Some("at") => {
            words.next();
            Some(match words.next() {
                Some("call") => Instant::AtCall(words.positive("crash at call N")?),
                Some("write") => Instant::AtWrite(words.positive("crash at write N")?),
                Some(other) => return Err(unexpected(other, CRASHES)),
                None => return Err(form()),
            })
        }
        _ => None,
    };
    let left = parse_left(words)?;
    match (instant, left) {
        (Some(instant), left) => Ok(Crash { instant, left: left.unwrap_or(Left::Nothing) }),
        (None, Some(Left::AllBut(numbers))) => {
            let waiting = numbers.iter().copied().max().unwrap_or(1);
            Ok(Crash { instant: Instant::AtSyncWaiting(waiting), left: Left::AllBut(numbers) })
        }
        (None, _) => Err(form()),
    }
}

fn parse_step(word: Option<&str>) -> Parsed<Step> {
    let found = Step::ALL.into_iter().find(|step| Some(step.word()) == word);
    found.ok_or_else(|| format!("`{}` is no step; there are {STEPS}", shown(word.unwrap_or_default())))
}

pub(super) fn parse_left(words: &mut Words<'_>) -> Parsed<Option<Left>> {
    Ok(Some(match words.next() {
        None => return Ok(None),
        Some("torn") => Left::Torn(words.number("torn K")?),
        Some("keeping") => {
            words.word("all", "keeping all")?;
            Left::All
        }
        Some("losing") => Left::AllBut(parse_numbers(words.next())?),
        Some("newest") => Left::Newest,
        Some("chance") => Left::Chance(words.number("chance SEED")?),
        Some("process") => Left::Process,
        Some("ordered") => Left::Ordered(words.number("ordered N")?),
        Some("posix") => Left::Posix(parse_posix(words)?),
        Some(other) => return Err(unexpected(other, CRASHES)),
    }))
}

fn parse_posix(words: &mut Words<'_>) -> Parsed<PosixPlan> {
    let mut plan = PosixPlan::default();
    if words.peek() == Some("keeping") {
        words.next();
        plan.kept = parse_ranges(words.next())?;
    }
    if words.peek() == Some("damaging") {
        words.next();
        plan.damaged = parse_ranges(words.next())?;
    }
    if words.peek() == Some("junk") {
        words.next();
        plan.filling = Filling::Junk(words.number("junk SEED")?);
    }
    Ok(plan)
}

/// `1-3,5`: ascending numbers, counted from 1.
fn parse_ranges(word: Option<&str>) -> Parsed<Vec<u32>> {
    let wrong = || "units are numbers counted from 1 and ascending: `1-3,5`".to_owned();
    let mut numbers: Vec<u32> = Vec::new();
    for run in word.ok_or_else(wrong)?.split(',') {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let parse = |text: &str| text.parse::<u32>().ok().filter(|&number| (1..=UNITS_MAX).contains(&number));
        let (first, last) = parse(first).zip(parse(last)).ok_or_else(wrong)?;
        if first > last || numbers.last().is_some_and(|&before| before >= first) {
            return Err(wrong());
        }
        numbers.extend(first..=last);
    }
    Ok(numbers)
}

/// `2,5`: numbers of writes, counted from 1.
fn parse_numbers(word: Option<&str>) -> Parsed<Vec<u32>> {
    let list = word.unwrap_or_default();
    let numbers: Option<Vec<u32>> =
        list.split(',').map(|number| number.parse().ok().filter(|&number| number > 0)).collect();
    numbers.ok_or_else(|| format!("`losing {}`: numbers of writes are counted from 1, as in `losing 2,5`", shown(list)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::{Runner, RunnerOptions};

    #[test]
    fn a_cut_by_hand_is_known_by_its_event_whatever_it_left() {
        let mut runner = Runner::new(RunnerOptions::default());
        ["put a 1", "put b 2"].iter().for_each(|line| assert!(!runner.run_line(line).failed));
        let events = runner.recorder().events_from(0);
        for at in events.len() - 8..=events.len() {
            for left in ["", "torn 1", "newest", "chance 5", "process", "keeping all", "losing 1,2"] {
                let left = Left::parse(left).unwrap();
                let mut cut = Runner::cut_behind(&events[..at], &left, RunnerOptions::default());
                assert!(!cut.run_line("reopen").failed, "{at}{left}");
                let events = cut.recorder().events_from(0);
                assert_eq!(cut_by_hand(&events, at), Some(left), "{at}");
                assert!((0..events.len()).all(|other| other == at || cut_by_hand(&events, other).is_none()));
            }
        }
    }

    #[test]
    fn a_cut_in_a_script_leaves_the_trace_of_one_by_hand() {
        for left in ["torn 1", "newest", "chance 5", "process", "keeping all"] {
            let mut by_script = Runner::new(RunnerOptions::default());
            by_script.run_line("put a 1");
            let events = by_script.recorder().events_from(0);
            let first = events.iter().position(|event| matches!(**event, Event::OperationStarted { .. })).unwrap();
            let known = Left::parse(left).unwrap();
            let mut by_hand = Runner::cut_behind(&events[..first + 9], &known, RunnerOptions::default());
            assert!(!by_script.run_line(&format!("cut behind event 9 {left}")).failed);
            for runner in [&mut by_script, &mut by_hand] {
                runner.run_line("reopen");
            }
            assert_eq!(by_script.recorder().events_from(0), by_hand.recorder().events_from(0), "{left}");
        }
    }
}
