//! `tosumu learn`: the lessons. Listed, searched, checked, printed, begun anew, played on the screen or as text.

mod new;
mod plain;

use super::common::{Failure, LookOptions, Outcome, Output, Status, shown_path};
use super::screen;
use crate::lesson::{self, Lesson, LessonError, Progress};
use crate::runtime::ProgressFile;
use clap::Args;
use std::path::{Path, PathBuf};

/// The lessons: list them, play one, check them, write your own
#[derive(Args)]
pub struct Learn {
    /// A lesson's number, its name, or a file; `new NAME` writes the skeleton of one, `reset [LESSON]` forgets progress; with
    /// --check any number of lessons and files
    #[arg(value_name = "LESSON")]
    words: Vec<String>,
    /// Play without anybody: every answer computed, every reference solution tried, every wrong one too
    #[arg(long, conflicts_with_all = ["plain", "search", "print", "test"])]
    check: bool,
    /// Lines of text and questions on standard input, for a screen reader or a pipe
    #[arg(long)]
    plain: bool,
    /// List the lessons in which a word occurs
    #[arg(long, value_name = "WORD", conflicts_with_all = ["plain", "print", "test"])]
    search: Option<String>,
    /// Write the lesson as one page of HTML for class, pictures and answers with it
    #[arg(long, conflicts_with_all = ["plain", "test"])]
    print: bool,
    /// Write that page to this file
    #[arg(short = 'o', value_name = "FILE", requires = "print")]
    out: Option<PathBuf>,
    /// Fast track: the tasks alone, of a lesson or of a chapter; who passes them has done the lessons
    #[arg(long)]
    test: bool,
    /// Keep progress in this file instead of the usual one
    #[arg(long, value_name = "FILE")]
    progress: Option<PathBuf>,
    #[command(flatten)]
    look: LookOptions,
}

impl Learn {
    /// Lists, plays, checks or prints.
    pub fn run(self) -> Outcome {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words[..] {
            _ if self.check => check(&words),
            [] if self.search.is_some() || !(self.print || self.test || self.plain) => self.list(),
            ["new", name] => new::write(name),
            ["new", ..] => Err(Failure::misuse("say what it is called: `tosumu learn new 16-my-lesson`")),
            ["reset", ref which @ ..] if which.len() < 2 => self.reset(which.first().copied()),
            [name] if self.print => self.print(name),
            [name] if self.test => self.test(name),
            [name] => self.play(name),
            [] => Err(Failure::misuse("say which lesson: a number, a name, or a file")),
            [_, ..] => Err(Failure::misuse("one lesson at a time; `--check` takes several")),
        }
    }

    fn progress_file(&self) -> Option<ProgressFile> {
        self.progress.clone().map(ProgressFile::at).or_else(screen::progress_file)
    }

    fn progress(&self) -> Result<Progress, Failure> {
        self.progress_file().map_or(Ok(Progress::default()), |file| file.read()).map_err(unreadable)
    }

    fn list(&self) -> Outcome {
        let progress = self.progress()?;
        let shown: Vec<&Lesson> = match &self.search {
            Some(word) => lesson::search(word),
            None => lesson::all().iter().collect(),
        };
        let mut output = Output::new();
        let mut chapter = "";
        for lesson in &shown {
            if lesson.chapter != chapter {
                chapter = &lesson.chapter;
                output.line(chapter)?;
            }
            let (number, title, mark) = (&lesson.number, &lesson.title, progress.mark(lesson));
            let line = format!("  {mark:>5}  {number:>3}  {title:<32} {:>3} minutes  {}", lesson.minutes, lesson.slug);
            output.line(line)?;
        }
        if shown.is_empty() {
            output.line("No lesson has that word in it.")?;
            output.finish()?;
            return Ok(Status::Nothing);
        }
        output.line("")?;
        output.line("Play one with `tosumu learn 4`, or read it in tutorials/.")?;
        output.finish()?;
        Ok(Status::Done)
    }

    fn reset(&self, which: Option<&str>) -> Outcome {
        let file = self
            .progress_file()
            .ok_or_else(|| Failure::misuse("this system has no folder for it: name a file with --progress"))?;
        let mut progress = self.progress()?;
        let said = match which {
            None => {
                progress = Progress::default();
                "All lessons are as if never begun.".to_owned()
            }
            Some(name) => {
                let lesson = find(name)?;
                progress.lessons.remove(&lesson.slug);
                format!("Lesson {} is as if never begun.", lesson.number)
            }
        };
        file.write(&progress).map_err(unreadable)?;
        let mut output = Output::new();
        output.line(said)?;
        output.finish()?;
        Ok(Status::Done)
    }

    fn print(&self, name: &str) -> Outcome {
        let page = lesson::to_html(&find(name)?).map_err(failed)?;
        match &self.out {
            Some(path) => std::fs::write(path, page).map_err(|source| Failure::io(&shown_path(path), source))?,
            None => {
                let mut output = Output::new();
                output.bytes(page.as_bytes())?;
                output.finish()?;
            }
        }
        Ok(Status::Done)
    }

    fn test(&self, name: &str) -> Outcome {
        let of_chapter = |lesson: &&Lesson| lesson.chapter.eq_ignore_ascii_case(name);
        let mut lessons: Vec<Lesson> = lesson::all().iter().filter(of_chapter).cloned().collect();
        if lessons.is_empty() {
            lessons.push(find(name)?);
        }
        let mut kept = plain::Kept { progress: self.progress()?, file: self.progress_file() };
        for lesson in &lessons {
            plain::Player::new(lesson, &mut kept).test()?;
        }
        Ok(Status::Done)
    }

    fn play(&self, name: &str) -> Outcome {
        let lesson = find(name)?;
        let mut kept = plain::Kept { progress: self.progress()?, file: self.progress_file() };
        if self.plain || self.look.narrates() || !screen::is_interactive() {
            return plain::Player::new(&lesson, &mut kept).play();
        }
        screen::teach(lesson, kept.progress, kept.file, &self.look)?;
        Ok(Status::Done)
    }
}

fn unreadable(why: String) -> Failure {
    Failure::new(Status::Cannot, "PROGRESS", why)
}

fn failed(error: LessonError) -> Failure {
    Failure::new(Status::Nothing, "LESSON", error.to_string())
}

fn find(name: &str) -> Result<Lesson, Failure> {
    if let Some(lesson) = lesson::named(name) {
        return Ok(lesson.clone());
    }
    let path = Path::new(name);
    if !path.is_file() {
        let known: Vec<_> = lesson::all().iter().map(|lesson| format!("{} {}", lesson.number, lesson.slug)).collect();
        let shown = shown_path(path);
        let message = format!("there is no lesson and no file `{shown}`; there is: {}", known.join(", "));
        return Err(Failure::new(Status::Cannot, "NOT-FOUND", message));
    }
    read(path)
}

fn read(path: &Path) -> Result<Lesson, Failure> {
    let text = super::common::read_bounded(path, lesson::LESSON_BYTES_MAX);
    let text = text.map_err(|source| Failure::io(&shown_path(path), source))?;
    let file = path.file_name().map_or_else(|| shown_path(path), |file| shown_path(Path::new(file)));
    Lesson::parse(&file, &text).map_err(failed)
}

/// Checks the lessons named, or all of them; those of the project also against each other.
fn check(names: &[&str]) -> Outcome {
    let mut output = Output::new();
    let mut status = Status::Done;
    if names.is_empty() {
        for (file, text) in lesson::FILES {
            match Lesson::parse(file, text) {
                Ok(lesson) => check_one(&mut output, &lesson, &mut status)?,
                Err(error) => tell(&mut output, &error, &mut status)?,
            }
        }
        let all: Vec<&Lesson> = lesson::all().iter().collect();
        lesson::check_set(&all).iter().try_for_each(|error| tell(&mut output, error, &mut status))?;
    }
    for name in names {
        match find(name) {
            Ok(lesson) => check_one(&mut output, &lesson, &mut status)?,
            Err(Failure::Told { code: "LESSON", message, .. }) => {
                status = Status::Nothing;
                output.line(format!("FAILED  {message}"))?;
            }
            Err(other) => return Err(other),
        }
    }
    output.finish()?;
    Ok(status)
}

fn tell(output: &mut Output, failed: &LessonError, status: &mut Status) -> Result<(), Failure> {
    *status = Status::Nothing;
    output.line(format!("FAILED  {failed}"))
}

fn check_one(output: &mut Output, lesson: &Lesson, status: &mut Status) -> Result<(), Failure> {
    match lesson::check(lesson) {
        Ok(checked) => output.line(format!(
            "ok      {}: {} scripts, {} predictions, {} looks, {} tasks, {} questions",
            lesson.file, checked.scripts, checked.predictions, checked.looks, checked.tasks, checked.folds
        ))?,
        Err(error) => tell(output, &error, status)?,
    }
    lesson::advice(lesson).iter().try_for_each(|advice| output.line(format!("advice  {advice}")))
}
