//! A lesson as lines of text with questions on standard input: for a screen reader, a pipe, a terminal without a screen.
//! What is not answered is skipped.

use super::super::common::{Failure, Outcome, Output, Status};
use super::{failed, unreadable};
use crate::lesson::{
    self, Asked, Block, Fold, Given, Lesson, LessonError, Look, Played, Predict, Progress, Score, Script, Store, Task,
    Way,
};
use crate::look;
use crate::runtime::ProgressFile;
use std::io::{BufRead, IsTerminal, StdinLock};
use std::sync::Arc;
use tosumu::script::Runner;
use tosumu::trace::Event;

/// Columns of a line of text.
const COLUMNS: usize = 80;

/// What is remembered, and where.
pub struct Kept {
    /// What is remembered.
    pub progress: Progress,
    /// The file; none where the system has no place for it.
    pub file: Option<ProgressFile>,
}

impl Kept {
    fn write(&self) -> Result<(), Failure> {
        self.file.as_ref().map_or(Ok(()), |file| file.write(&self.progress)).map_err(unreadable)
    }
}

/// One lesson, played by whoever is at standard input.
pub struct Player<'a> {
    lesson: &'a Lesson,
    kept: &'a mut Kept,
    output: Output,
    input: StdinLock<'static>,
    right: u32,
    asked: u32,
}

impl<'a> Player<'a> {
    /// At the beginning.
    pub fn new(lesson: &'a Lesson, kept: &'a mut Kept) -> Player<'a> {
        Player { lesson, kept, output: Output::new(), input: std::io::stdin().lock(), right: 0, asked: 0 }
    }

    /// All of it.
    pub fn play(mut self) -> Outcome {
        let lesson = self.lesson;
        let mut store = Store::empty(lesson.page_size);
        let mut before: Vec<String> = Vec::new();
        let mut stage: (Runner, usize) = (store.runner(), 0);
        let mut pending: Vec<Predict> = Vec::new();
        let mut tasks = 0;
        for block in &lesson.blocks {
            if !pending.is_empty() && !matches!(block, Block::Script(_) | Block::Predict(_)) {
                let now = self.played(lesson::play(&store, &before, &[], &std::mem::take(&mut pending)))?;
                now.asked.iter().try_for_each(|asked| self.ask(asked))?;
            }
            match block {
                Block::Prose(prose) => self.prose(&prose.text)?,
                Block::Look(looks) => self.look(&stage.0, stage.1, looks)?,
                Block::Predict(predict) => pending.push(predict.clone()),
                Block::Script(script) => {
                    if let Some(begun) = &script.store {
                        (store, before) = (begun.clone(), Vec::new());
                    }
                    let now = lesson::play(&store, &before, &script.lines, &std::mem::take(&mut pending));
                    let now = self.played(now)?;
                    self.script(script, &now)?;
                    before.extend(script.lines.iter().map(|line| line.text.clone()));
                    stage = (now.runner, now.first);
                }
                Block::Task(task) => {
                    tasks += 1;
                    self.task(task, tasks)?;
                }
                Block::Fold(fold) => self.fold(fold)?,
            }
        }
        self.end()
    }

    /// The tasks alone.
    pub fn test(mut self) -> Outcome {
        let lesson = self.lesson;
        self.output.line(format!("Lesson {}: {}\n", lesson.number, lesson.title))?;
        let tasks = lesson.blocks.iter().filter_map(|block| match block {
            Block::Task(task) => Some(task),
            _ => None,
        });
        for (task, number) in tasks.zip(1..) {
            self.task(task, number)?;
        }
        self.output.finish()?;
        Ok(Status::Done)
    }

    fn played(&self, played: Result<Played, lesson::PlayError>) -> Result<Played, Failure> {
        let file = self.lesson.file.clone();
        played.map_err(|error| failed(LessonError { file, line: error.line, why: error.why }))
    }

    fn end(mut self) -> Outcome {
        if self.asked > 0 {
            self.output.line(format!("{} of {} predictions were right.", self.right, self.asked))?;
        }
        let mut kept = self.kept.progress.of(self.lesson);
        kept.at = self.lesson.blocks.len().saturating_sub(1);
        (kept.right, kept.asked) = (kept.right.max(self.right), kept.asked.max(self.asked));
        self.kept.progress.keep(self.lesson, kept);
        self.kept.write()?;
        self.output.finish()?;
        Ok(Status::Done)
    }

    fn prose(&mut self, markdown: &str) -> Result<(), Failure> {
        let heading = markdown.starts_with('#');
        for (at, line) in lesson::prose_lines(markdown, COLUMNS).iter().enumerate() {
            let text = if heading && at == 0 { format!("== {} ==", line.text()) } else { line.text() };
            self.output.line(text)?;
        }
        self.output.line("")
    }

    fn look(&mut self, runner: &Runner, first: usize, looks: &[Look]) -> Result<(), Failure> {
        for look in looks {
            let text = look::plain(runner, first, look).map_err(Failure::misuse)?;
            self.output.line(format!("LOOK  {}", look.view))?;
            self.output.line(text)?;
        }
        Ok(())
    }

    /// The questions are put before the lines are told to have run. They ran before, so that each answer is that of the real
    /// event.
    fn script(&mut self, script: &Script, played: &Played) -> Result<(), Failure> {
        if let Some(store) = &script.store {
            self.output.line(format!("  ({})", store.title()))?;
        }
        for (line, outcome) in script.lines.iter().zip(&played.outcomes).filter(|(line, _)| line.is_shown()) {
            self.output.line(format!("  > {}", line.text))?;
            if played.asked.is_empty() {
                outcome.text.lines().try_for_each(|text| self.output.line(format!("    {text}")))?;
            }
        }
        self.output.line("")?;
        for asked in &played.asked {
            self.ask(asked)?;
        }
        if !played.asked.is_empty() {
            self.narrate(&played.events[played.first..])?;
            self.output.line("")?;
        }
        Ok(())
    }

    fn narrate(&mut self, events: &[Arc<Event>]) -> Result<(), Failure> {
        let told =
            events.iter().filter(|event| !matches!(***event, Event::OperationEnded { .. } | Event::Expected { .. }));
        for (number, event) in (1..).zip(told) {
            self.output.line(format!("  {number:>3}. {}", event.sentence()))?;
        }
        Ok(())
    }

    fn ask(&mut self, asked: &Asked) -> Result<(), Failure> {
        self.output.line(format!("PREDICT  {}", asked.text))?;
        let prompt = match &asked.way {
            Way::Choose { choices, .. } => {
                for (letter, choice) in ('a'..).zip(choices) {
                    self.output.line(format!("  {letter}) {choice}"))?;
                }
                "your answer (its letter or number; Enter skips): ".to_owned()
            }
            Way::Type { form, cards, .. } => {
                for (number, card) in (1..).zip(cards) {
                    self.output.line(format!("  {number}) {card}"))?;
                }
                format!("your answer ({form}; Enter skips): ")
            }
            Way::Point { bytes, .. } => {
                hex_lines(bytes).iter().try_for_each(|line| self.output.line(line))?;
                "the number of the byte, or its hex digits behind 0x (Enter skips): ".to_owned()
            }
        };
        let given = loop {
            let answer = self.prompt(&prompt)?.unwrap_or_default();
            match given(&asked.way, answer.trim()) {
                None if !answer.trim().is_empty() => {
                    let words = format!("`{}` is none of the answers.", answer.trim());
                    self.output.line(words)?;
                }
                given => break given,
            }
        };
        self.asked += u32::from(given.is_some());
        self.right += u32::from(given.as_ref().is_some_and(|given| asked.is_right(given)));
        for line in lesson::prose_lines(&asked.reply(given.as_ref()), COLUMNS) {
            self.output.line(line.text())?;
        }
        self.output.line("")
    }

    fn fold(&mut self, fold: &Fold) -> Result<(), Failure> {
        self.output.line(format!("QUESTION  {}", fold.question))?;
        self.prompt("think, then press Enter for the answer: ")?;
        self.prose(&fold.answer)
    }

    fn task(&mut self, task: &Task, number: usize) -> Result<(), Failure> {
        self.begin(task)?;
        let (mut runner, mut first) = begun(task);
        let mut hints = task.hints.iter();
        let mut was_shown = false;
        while let Some(line) = self.prompt("task> ")? {
            match line.trim() {
                "" => {}
                "skip" => break,
                "reset" => {
                    (runner, first) = begun(task);
                    self.output.line("  The store is as it was at the beginning.")?;
                }
                "goal" => self.begin(task)?,
                "hint" => {
                    let hint =
                        hints.next().map_or("There are no more hints; `solution` shows one way.", String::as_str);
                    self.output.line(format!("  {hint}"))?;
                }
                "solution" => {
                    was_shown = true;
                    self.show_solution(task)?;
                }
                operation => {
                    let said = match lesson::refusal(task, operation) {
                        Some(why) => why,
                        None => runner.run_line(operation).text,
                    };
                    self.output.line(format!("  {said}"))?;
                    let missing = lesson::missing(task, &mut runner);
                    if missing.iter().all(Option::is_none) {
                        let events = runner.recorder().events_from(first);
                        return self.passed(task, number, &events, was_shown);
                    }
                    for (check, _) in task.checks.iter().zip(&missing).filter(|(_, missing)| missing.is_some()) {
                        self.output.line(format!("  still to do: {}", check.words))?;
                    }
                }
            }
        }
        self.output.line("\nThe task is left open.\n")
    }

    fn begin(&mut self, task: &Task) -> Result<(), Failure> {
        self.output.line(format!("TASK  {}", task.goal))?;
        for check in &task.checks {
            self.output.line(format!("      - {}", check.words))?;
        }
        self.output.line(format!("      The store: {}.", task.store.title()))?;
        for line in &task.store.lines {
            self.output.line(format!("        > {line}"))?;
        }
        if let (Some(count), Some(par)) = (&task.count, task.par) {
            self.output.line(format!("      It can be done with {}.", count.of(par)))?;
        }
        if !task.forbid.is_empty() {
            self.output.line(format!("      Not allowed: {}.", task.forbid.join(", ")))?;
        }
        self.output.line("      Type operations; `hint`, `goal`, `reset`, `solution` and `skip` help.")
    }

    fn passed(&mut self, task: &Task, number: usize, events: &[Arc<Event>], was_shown: bool) -> Result<(), Failure> {
        let receipt = lesson::receipt(events);
        let used = lesson::used(task, events);
        self.output.line(format!("  Done: {}", task.goal))?;
        self.output.line(format!("  {}", lesson::score_text(task, used, &receipt)))?;
        let score =
            Score { used, syncs: receipt.syncs, writes: receipt.writes, bytes: receipt.bytes_written, was_shown };
        self.kept.progress.passed(self.lesson, number, score);
        self.kept.write()?;
        self.show_solution(task)?;
        self.output.line("  The hints were:")?;
        task.hints.iter().try_for_each(|hint| self.output.line(format!("    {hint}")))?;
        self.output.line("")
    }

    fn show_solution(&mut self, task: &Task) -> Result<(), Failure> {
        self.output.line("  One way:")?;
        task.solution.iter().try_for_each(|line| self.output.line(format!("    {line}")))
    }

    /// A line from whoever is there; none at the end of the input.
    fn prompt(&mut self, prompt: &str) -> Result<Option<String>, Failure> {
        self.output.bytes(prompt.as_bytes())?;
        self.output.flush()?;
        let mut line = String::new();
        let read = self.input.read_line(&mut line).map_err(|source| Failure::io("standard input", source))?;
        if !std::io::stdin().is_terminal() {
            // What was typed is on the screen of a terminal already; in a pipe it is not.
            self.output.line(line.trim_end())?;
        }
        Ok((read > 0).then_some(line))
    }
}

fn begun(task: &Task) -> (Runner, usize) {
    let runner = task.store.runner();
    let first = runner.recorder().count();
    (runner, first)
}

/// What was typed, as an answer; none when nothing was, or nothing that could be one.
fn given(way: &Way, typed: &str) -> Option<Given> {
    match way {
        _ if typed.is_empty() => None,
        Way::Choose { choices, .. } => {
            let mut letters = typed.chars().map(|letter| letter.to_ascii_lowercase());
            let by_letter = match (letters.next(), letters.next()) {
                (Some(letter @ 'a'..='z'), None) => Some(usize::from(letter as u8 - b'a')),
                _ => None,
            };
            let by_number = typed.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            let by_words = choices.iter().position(|choice| choice == typed);
            by_words.or(by_letter).or(by_number).filter(|choice| *choice < choices.len()).map(Given::Choice)
        }
        Way::Type { .. } => Some(Given::Words(typed.to_owned())),
        Way::Point { .. } => {
            let byte = match typed.strip_prefix("0x") {
                Some(digits) => usize::from_str_radix(digits, 16).ok(),
                None => typed.parse().ok(),
            };
            byte.map(Given::Byte)
        }
    }
}

/// Bytes as lines of sixteen with what is readable of them; lines of zeros that repeat are counted.
fn hex_lines(bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut zeros = 0;
    for (row, chunk) in bytes.chunks(16).enumerate() {
        if chunk.iter().all(|byte| *byte == 0) {
            zeros += chunk.len();
            continue;
        }
        if zeros > 0 {
            lines.push(format!("        {zeros} zeros"));
            zeros = 0;
        }
        let digits: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let letter = |byte: &u8| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' };
        let text: String = chunk.iter().map(letter).collect();
        lines.push(format!("  {:5}  {:<47}  {text}", row * 16, digits.join(" ")));
    }
    if zeros > 0 {
        lines.push(format!("        {zeros} zeros"));
    }
    lines
}
