//! `tosumu learn`: the lessons as text, with questions on standard input; `--check` plays them without anybody.

use super::common::{Failure, Outcome, Output, Status};
use crate::lesson::{self, Block, Lesson, Predict, Stage, Task};
use clap::Args;
use std::io::{BufRead, IsTerminal, StdinLock};
use std::path::Path;
use std::sync::Arc;
use tosumu::trace::Event;

/// List the lessons, play one, or check them all
#[derive(Args)]
pub struct Learn {
    /// A lesson's number, its name, or a file
    lesson: Option<String>,
    /// Play without anybody: every answer computed, every reference solution tried, every wrong one too
    #[arg(long)]
    check: bool,
    /// Plain text, one line after the other (what is shown now in any case)
    #[arg(long)]
    plain: bool,
}

impl Learn {
    /// Lists, plays or checks.
    pub fn run(self) -> Outcome {
        let _ = self.plain;
        let lessons = match &self.lesson {
            Some(name) => vec![find(name)?],
            None => read_all()?,
        };
        match (self.check, self.lesson.is_some()) {
            (true, _) => check(&lessons),
            (false, false) => list(&lessons),
            (false, true) => Player::new(&lessons[0]).play(),
        }
    }
}

fn read_all() -> Result<Vec<Lesson>, Failure> {
    let parsed = lesson::FILES.iter().map(|(name, text)| Lesson::parse(name, text));
    parsed.collect::<Result<_, _>>().map_err(failed)
}

fn failed(error: lesson::LessonError) -> Failure {
    Failure::new(Status::Nothing, "LESSON", error.to_string())
}

fn find(name: &str) -> Result<Lesson, Failure> {
    if let Some(lesson) = lesson::named(name) {
        return Ok(lesson);
    }
    let path = Path::new(name);
    if !path.is_file() {
        let known: Vec<_> = lesson::all().iter().map(|lesson| format!("{} {}", lesson.number, lesson.slug)).collect();
        return Err(Failure::new(
            Status::Cannot,
            "NOT-FOUND",
            format!("there is no lesson and no file `{name}`; there is: {}", known.join(", ")),
        ));
    }
    let text = std::fs::read_to_string(path).map_err(|source| Failure::io(name, source))?;
    let file = path.file_name().map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned());
    Lesson::parse(&file, &text).map_err(failed)
}

fn list(lessons: &[Lesson]) -> Outcome {
    let mut output = Output::new();
    for lesson in lessons {
        output.line(format!("{:>3}  {:<24} {:>3} minutes", lesson.number, lesson.title, lesson.minutes))?;
    }
    output.line("")?;
    output.line("Play one with `tosumu learn 4`, or read it in tutorials/.")?;
    output.finish()?;
    Ok(Status::Done)
}

fn check(lessons: &[Lesson]) -> Outcome {
    let mut output = Output::new();
    let mut status = Status::Done;
    for lesson in lessons {
        match lesson::check(lesson) {
            Ok(checked) => output.line(format!(
                "ok      {}: {} scripts, {} predictions, {} tasks",
                lesson.file, checked.scripts, checked.predictions, checked.tasks
            ))?,
            Err(error) => {
                status = Status::Nothing;
                output.line(format!("FAILED  {error}"))?;
            }
        }
    }
    output.finish()?;
    Ok(status)
}

/// One lesson, played by whoever is at standard input; what is not answered is skipped.
struct Player<'a> {
    lesson: &'a Lesson,
    output: Output,
    input: StdinLock<'static>,
    right: u32,
    asked: u32,
}

impl<'a> Player<'a> {
    fn new(lesson: &'a Lesson) -> Player<'a> {
        Player { lesson, output: Output::new(), input: std::io::stdin().lock(), right: 0, asked: 0 }
    }

    fn play(mut self) -> Outcome {
        let mut stage = Stage::new(self.lesson.page_size);
        let mut predict = None;
        for block in &self.lesson.blocks {
            match block {
                Block::Prose(text) => self.output.line(format!("{text}\n"))?,
                Block::Look(looks) => self.look(&stage, looks)?,
                Block::Predict(question) => predict = Some(question),
                Block::Script(lines) => self.script(&mut stage, lines, predict.take())?,
                Block::Task(task) => self.task(task)?,
            }
        }
        if self.asked > 0 {
            self.output.line(format!("{} of {} predictions were right.", self.right, self.asked))?;
        }
        self.output.finish()?;
        Ok(Status::Done)
    }

    fn look(&mut self, stage: &Stage, looks: &[lesson::Look]) -> Result<(), Failure> {
        for look in looks {
            let text = crate::look::text(stage.runner(), look).map_err(Failure::misuse)?;
            self.output.line(format!("{text}\n"))?;
        }
        Ok(())
    }

    /// The question is put before the lines are shown to run. They run first, so that the answer is that of the real event.
    fn script(
        &mut self,
        stage: &mut Stage,
        lines: &[lesson::ScriptLine],
        predict: Option<&Predict>,
    ) -> Result<(), Failure> {
        let events = stage
            .run_block(lines)
            .map_err(|(line, why)| failed(lesson::LessonError { file: self.lesson.file.clone(), line, why }))?;
        let asked = predict.and_then(|predict| lesson::asked(predict, &events));
        if let Some((question, _)) = &asked {
            self.ask(question)?;
        }
        for line in lines {
            self.output.line(format!("  > {}", line.text))?;
        }
        if asked.is_some() {
            self.narrate(&events)?;
        }
        self.output.line("")?;
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

    fn ask(&mut self, question: &crate::model::Question) -> Result<(), Failure> {
        self.output.line(format!("PREDICT  {}", question.text))?;
        for (letter, choice) in ('a'..).zip(&question.choices) {
            self.output.line(format!("  {letter}) {choice}"))?;
        }
        let answer = self.prompt("your answer (a letter; Enter skips): ")?.unwrap_or_default();
        let right = &question.choices[question.answer];
        let given = answer
            .trim()
            .chars()
            .next()
            .map(|letter| (letter.to_ascii_lowercase() as usize).wrapping_sub('a' as usize));
        let verdict = match given {
            None => format!("Skipped. It is {right}."),
            Some(given) if given == question.answer => {
                self.right += 1;
                format!("Right: {right}.")
            }
            Some(_) => format!("Not so: it is {right}. Read below why."),
        };
        self.asked += u32::from(given.is_some());
        self.output.line(format!("{verdict}\n"))
    }

    fn task(&mut self, task: &Task) -> Result<(), Failure> {
        self.output.line(format!("TASK  {}", task.goal))?;
        if let Some(par) = task.par {
            self.output.line(format!("      It can be done with {par}."))?;
        }
        self.output.line("      Type operations; `hint`, `reset`, `solution` and `skip` help.")?;
        let mut stage = Stage::new(task.page_size);
        let mut done = Vec::new();
        let mut hints = task.hints.iter();
        while let Some(line) = self.prompt("task> ")? {
            match line.trim() {
                "" => {}
                "skip" => break,
                "reset" => {
                    stage = Stage::new(task.page_size);
                    done.clear();
                }
                "hint" => {
                    let hint =
                        hints.next().map_or("There are no more hints; `solution` shows one way.", String::as_str);
                    self.output.line(format!("  {hint}"))?;
                }
                "solution" => self.show_solution(task)?,
                operation => {
                    let outcome = stage.run(operation);
                    self.output.line(format!("  {}", outcome.text))?;
                    if !outcome.failed {
                        done.push(operation.to_owned());
                    }
                    if stage.passes(task) {
                        return self.passed(task, &stage, &done);
                    }
                }
            }
        }
        self.output.line("\nThe task is left open.\n")
    }

    fn passed(&mut self, task: &Task, stage: &Stage, done: &[String]) -> Result<(), Failure> {
        let receipt = lesson::task_receipt(stage);
        self.output.line(format!("  Done: {}", task.goal))?;
        if let (Some(word), Some(par)) = (&task.count, task.par) {
            self.output.line(format!("  You used {} `{word}`; {par} are enough.", lesson::counted(task, done)))?;
        }
        self.output.line(format!(
            "  Receipt: {} syncs, {} writes, {} bytes written, {} pages sealed.",
            receipt.syncs, receipt.writes, receipt.bytes_written, receipt.pages_sealed
        ))?;
        self.show_solution(task)?;
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
