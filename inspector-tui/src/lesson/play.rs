//! Playing a lesson on the real engine. A person at the keyboard, the screen, a pipe and the tests all go through here.

use super::ask::{Asked, Scene, compute};
use super::format::{Check, Count, Predict, ScriptLine, Task};
use super::store::Store;
use crate::describe::plural;
use std::sync::Arc;
use tosumu::script::{Expect, Op, Outcome, Runner};
use tosumu::trace::{Event, Receipt};

/// A piece of a lesson that was played.
pub struct Played {
    /// The engine behind it.
    pub runner: Runner,
    /// Everything that happened to the store, from its creation.
    pub events: Vec<Arc<Event>>,
    /// How many of these happened before this piece.
    pub first: usize,
    /// What each operation printed.
    pub outcomes: Vec<Outcome>,
    /// The questions, each with its answer, in the order they are put.
    pub asked: Vec<Asked>,
}

/// Why a piece cannot be played: the line of the file, when it is one, and what is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlayError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: String,
}

/// Makes the store, does what was done `before`, runs the script and answers the questions about it.
pub fn play(
    store: &Store,
    before: &[String],
    script: &[ScriptLine],
    predicts: &[Predict],
) -> Result<Played, PlayError> {
    let mut runner = store.runner();
    before.iter().for_each(|line| drop(done(&mut runner, line)));
    let first = runner.recorder().count();
    let mut outcomes = Vec::new();
    for (at, line) in script.iter().enumerate() {
        let outcome = done(&mut runner, &line.text);
        if outcome.failed && !failure_is_expected(&script[at..]) {
            return Err(PlayError { line: line.number, why: format!("`{}`: {}", line.text.trim(), outcome.text) });
        }
        outcomes.push(outcome);
    }
    let events = runner.recorder().events_from(0);
    let mut played = Played { runner, events, first, outcomes, asked: Vec::new() };
    for predict in predicts {
        let scene = Scene { store, before, script, events: &played.events, first, runner: &mut played.runner };
        let asked = compute(predict, scene).map_err(|why| PlayError { line: predict.number, why })?;
        played.asked.push(asked);
    }
    played.asked.sort_by_key(|asked| asked.event);
    Ok(played)
}

/// Runs a line. What is expected proves the lesson and is not told to its reader, so it leaves no event.
fn done(runner: &mut Runner, line: &str) -> Outcome {
    match Op::parse(line) {
        Ok(Op::Expect(expect)) => match runner.holds(&expect) {
            Ok(()) => Outcome { text: String::new(), failed: false },
            Err(instead) => Outcome { text: format!("not as expected: {instead}"), failed: true },
        },
        _ => runner.run_line(line),
    }
}

/// A line that fails has to be followed by the line that says so, before the next operation.
fn failure_is_expected(lines: &[ScriptLine]) -> bool {
    let expected = lines[1..].iter().map(|line| Op::parse(&line.text));
    let mut expected = expected.take_while(|op| matches!(op, Ok(Op::Expect(_) | Op::Comment(_))));
    let is_expect = lines.first().is_some_and(|line| matches!(Op::parse(&line.text), Ok(Op::Expect(_))));
    !is_expect && expected.any(|op| matches!(op, Ok(Op::Expect(Expect::Fails { .. }))))
}

/// A task that was tried.
pub struct Attempt {
    /// The engine behind it.
    pub runner: Runner,
    /// For each check of the task what was found instead; none where it holds.
    pub missing: Vec<Option<String>>,
    /// What was used of what the task counts.
    pub used: u64,
    /// What it cost.
    pub receipt: Receipt,
    /// The first operation that failed, and how.
    pub failed: Option<String>,
}

impl Attempt {
    /// Whether every check holds.
    pub fn passes(&self) -> bool {
        self.missing.iter().all(Option::is_none)
    }

    /// The first check that does not hold.
    pub fn first_missing(&self, task: &Task) -> String {
        let missing =
            self.missing.iter().zip(&task.checks).find_map(|(missing, check)| Some((missing.as_ref()?, check)));
        missing.map_or_else(String::new, |(instead, check)| format!("{}: {instead}", check.words))
    }
}

/// Tries `lines` at a task.
pub fn attempt(task: &Task, lines: &[String]) -> Attempt {
    let mut runner = task.store.runner();
    let first = runner.recorder().count();
    let mut failed = None;
    for line in lines {
        let outcome =
            refusal(task, line).map_or_else(|| runner.run_line(line), |why| Outcome { text: why, failed: true });
        if outcome.failed && failed.is_none() {
            failed = Some(format!("`{line}`: {}", outcome.text));
        }
    }
    let missing = missing(task, &mut runner);
    let events = runner.recorder().events_from(first);
    Attempt { runner, missing, used: used(task, &events), receipt: receipt(&events), failed }
}

/// Why a line is not allowed in a task.
pub fn refusal(task: &Task, line: &str) -> Option<String> {
    let word = line.split_whitespace().next()?;
    let forbidden = task.forbid.iter().any(|forbidden| forbidden == word);
    forbidden.then(|| format!("`{word}` would do the task for you: it is not allowed here."))
}

/// For each check what is found instead; none where it holds.
pub fn missing(task: &Task, runner: &mut Runner) -> Vec<Option<String>> {
    let instead = |check: &Check| {
        let found = runner.holds(&check.expect).err()?;
        Some(match &check.expect {
            Expect::Event { .. } => "not in the last operation".to_owned(),
            Expect::NoKey { .. } => "it is there".to_owned(),
            Expect::OpenFails { .. } if found != "it opens" => format!("it is refused, but with {found}"),
            _ => found,
        })
    };
    task.checks.iter().map(instead).collect()
}

/// How much of what the task counts these events took.
pub fn used(task: &Task, events: &[Arc<Event>]) -> u64 {
    let receipt = receipt(events);
    let lines = |counts: &dyn Fn(&str) -> bool| {
        let asked = events.iter().filter_map(|event| match &**event {
            Event::OperationStarted { line } => Some(line.as_str()),
            _ => None,
        });
        asked.filter(|line| counts(line.split_whitespace().next().unwrap_or_default())).count() as u64
    };
    match &task.count {
        None => 0,
        Some(Count::Word(word)) => lines(&|first| first == word),
        Some(Count::Operations) => lines(&|first| !["get", "scan", "show", "verify"].contains(&first)),
        Some(Count::Syncs) => receipt.syncs.into(),
        Some(Count::Writes) => receipt.writes.into(),
        Some(Count::Bytes) => receipt.bytes_written,
    }
}

/// The bill of all operations among these events.
pub fn receipt(events: &[Arc<Event>]) -> Receipt {
    let mut total = Receipt::default();
    for event in events {
        if let Event::OperationEnded { receipt, .. } = &**event {
            total.syncs += receipt.syncs;
            total.writes += receipt.writes;
            total.bytes_written += receipt.bytes_written;
            total.pages_sealed += receipt.pages_sealed;
            total.pages_opened += receipt.pages_opened;
        }
    }
    total
}

/// The score of a task that was passed, in a sentence or two.
pub fn score_text(task: &Task, used: u64, receipt: &Receipt) -> String {
    let counted = match (&task.count, task.par) {
        (Some(count), Some(par)) if used < par => {
            format!("You used {}, fewer than any way that is known here: {par}. ", count.of(used))
        }
        (Some(count), Some(par)) if used == par => {
            format!("You used {}; that is as few as are known. ", count.of(used))
        }
        (Some(count), Some(par)) => format!("You used {}; {par} would do. ", count.of(used)),
        (Some(count), None) => format!("You used {}. ", count.of(used)),
        (None, _) => String::new(),
    };
    format!(
        "{counted}Receipt: {}, {}, {} written, {} sealed.",
        plural(receipt.syncs as usize, "sync"),
        plural(receipt.writes as usize, "write"),
        plural(receipt.bytes_written as usize, "byte"),
        plural(receipt.pages_sealed as usize, "page")
    )
}
