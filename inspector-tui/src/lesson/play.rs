//! Playing a lesson on the real engine: what a person at the keyboard and the tests do alike.

use super::parse::{Block, Lesson, LessonError, Predict, ScriptLine, Task};
use crate::model::Question;
use crate::predict::question;
use std::sync::Arc;
use tosumu::PageSize;
use tosumu::script::{Outcome, Runner, RunnerOptions};
use tosumu::trace::{Event, Receipt};

/// A store on a simulated disk that a lesson works on.
pub struct Stage {
    runner: Runner,
    /// Events the runner had told before the present script block.
    block_start: usize,
}

impl Stage {
    /// An empty store.
    pub fn new(page_size: PageSize) -> Stage {
        let runner = Runner::new(RunnerOptions { page_size, ..RunnerOptions::default() });
        let block_start = runner.recorder().count();
        Stage { runner, block_start }
    }

    /// The store and its recording.
    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    /// Runs one line. `page-size N` begins a new store.
    pub fn run(&mut self, line: &str) -> Outcome {
        match page_size_line(line) {
            Some(page_size) => {
                *self = Stage::new(page_size);
                Outcome { text: String::new(), failed: false }
            }
            None => self.runner.run_line(line),
        }
    }

    /// Runs a script block; returns its events, or the first line that failed and how.
    pub fn run_block(&mut self, lines: &[ScriptLine]) -> Result<Vec<Arc<Event>>, (usize, String)> {
        self.block_start = self.runner.recorder().count();
        for line in lines {
            let outcome = self.run(&line.text);
            if outcome.failed {
                return Err((line.number, format!("`{}`: {}", line.text, outcome.text)));
            }
        }
        Ok(self.runner.recorder().events_from(self.block_start))
    }

    /// Whether every check of a task holds now.
    pub fn passes(&mut self, task: &Task) -> bool {
        task.checks.iter().all(|check| !self.runner.run_line(check).failed)
    }
}

fn page_size_line(line: &str) -> Option<PageSize> {
    line.trim().strip_prefix("page-size ")?.trim().parse().ok().and_then(PageSize::new)
}

/// The question of a predict block about the events of the script behind it, and the event it is about.
pub fn asked(predict: &Predict, events: &[Arc<Event>]) -> Option<(Question, Arc<Event>)> {
    let index = events.iter().position(|event| event.name() == predict.before)?;
    Some((question(&predict.ask, &events[index], index)?, events[index].clone()))
}

/// How many operations a task's solution took, of those that are counted.
pub fn counted(task: &Task, lines: &[String]) -> u32 {
    let Some(word) = &task.count else { return 0 };
    lines.iter().filter(|line| line.split_whitespace().next() == Some(word)).count() as u32
}

/// The bill of everything done on a stage.
pub fn task_receipt(stage: &Stage) -> Receipt {
    let events = stage.runner.recorder().events_from(0);
    let mut total = Receipt::default();
    for event in &events {
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

/// What a headless play went through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Checked {
    /// Script blocks run.
    pub scripts: usize,
    /// Predictions whose answer was computed.
    pub predictions: usize,
    /// Tasks whose reference solution passed and whose wrong ones did not.
    pub tasks: usize,
}

/// Plays a lesson without anybody: every script must run, every question must have its event, every reference solution must
/// pass within its par, and every wrong one must not.
pub fn check(lesson: &Lesson) -> Result<Checked, LessonError> {
    let error = |line, why: String| LessonError { file: lesson.file.clone(), line, why };
    let mut stage = Stage::new(lesson.page_size);
    let mut pending: Option<&Predict> = None;
    let mut checked = Checked::default();
    for block in &lesson.blocks {
        match block {
            Block::Prose(_) => {}
            Block::Look(looks) => {
                for look in looks {
                    crate::look::text(stage.runner(), look).map_err(|why| error(0, why))?;
                }
            }
            Block::Predict(predict) => pending = Some(predict),
            Block::Script(lines) => {
                let events = stage.run_block(lines).map_err(|(line, why)| error(line, why))?;
                checked.scripts += 1;
                if let Some(predict) = pending.take() {
                    let why = || format!("no {} came that can be asked for its {}", predict.before, predict.ask);
                    asked(predict, &events).ok_or_else(|| error(predict.number, why()))?;
                    checked.predictions += 1;
                }
            }
            Block::Task(task) => {
                check_task(task).map_err(|why| error(task.number, why))?;
                checked.tasks += 1;
            }
        }
    }
    match pending {
        Some(predict) => {
            Err(error(predict.number, "a predict block stands before the script it asks about".to_owned()))
        }
        None => Ok(checked),
    }
}

fn check_task(task: &Task) -> Result<(), String> {
    if Stage::new(task.page_size).passes(task) {
        return Err("the task is done before anything was done".to_owned());
    }
    if !attempt(task, &task.solution)? {
        return Err("the reference solution does not pass".to_owned());
    }
    let used = counted(task, &task.solution);
    if task.par.is_some_and(|par| used > par) {
        return Err(format!("the reference solution takes {used}, over its own par"));
    }
    for (index, wrong) in task.wrong.iter().enumerate() {
        if attempt(task, wrong)? {
            return Err(format!("wrong solution {} passes", index + 1));
        }
    }
    Ok(())
}

fn attempt(task: &Task, lines: &[String]) -> Result<bool, String> {
    let mut stage = Stage::new(task.page_size);
    for line in lines {
        let outcome = stage.run(line);
        if outcome.failed {
            return Err(format!("`{line}`: {}", outcome.text));
        }
    }
    Ok(stage.passes(task))
}
