//! `tosumu replay`: a trace that a process left, stepped through like the lab, or printed. Nothing can be done to it.

use super::common::{Failure, LookOptions, Outcome, Output, Status, note, shown_path};
use super::{run, screen};
use crate::command::Command;
use crate::keep::{About, Ask, LastSession};
use crate::recording::{self, Recorded};
use crate::runtime::Worker;
use clap::Args;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use tosumu::trace::Event;

/// Step through a trace that `run --trace` or a process of your own has written
///
/// A trace that was cut off or is damaged is shown up to the first bad line; the reason is told and the exit status is 2.
#[derive(Args, Debug)]
pub struct Replay {
    /// The trace
    trace: PathBuf,
    /// Print what each operation printed instead, as `run` does
    #[arg(long, conflicts_with = "narrate")]
    plain: bool,
    /// Print every event as a JSON object on a line instead
    #[arg(long, conflicts_with_all = ["plain", "narrate"])]
    json: bool,
    #[command(flatten)]
    look: LookOptions,
}

impl Replay {
    /// Shows the trace; off a terminal its first screen as text.
    pub fn run(self) -> Outcome {
        let recorded = read(&self.trace)?;
        let broken = recorded.broken.clone();
        if self.plain || self.json || self.look.narrates() {
            self.print(&recorded)?;
        } else {
            let mut model = recording::model(&name_of(&self.trace), recorded);
            model.kept.store = About::Trace(self.trace.clone());
            if screen::is_interactive() {
                model.kept.last_session = LastSession::GoOn;
            }
            let begin = Command::Keep(Ask::ReadNotes(model.kept.store.clone()));
            screen::show(model, Worker::new(), Some(begin), &self.look)?;
        }
        match broken {
            None => Ok(Status::Done),
            Some(why) => {
                note(format!("tosumu: TRACE: {}: {why}; what stands before it was shown", shown_path(&self.trace)));
                Ok(Status::Damage)
            }
        }
    }

    fn print(&self, recorded: &Recorded) -> Result<(), Failure> {
        let mut output = Output::new();
        if self.json {
            run::print_json(&mut output, &recorded.events)?;
        } else if self.look.narrates() {
            run::print_sentences(&mut output, &recorded.events)?;
        } else {
            recorded.events.iter().try_for_each(|event| print_operation(&mut output, event))?;
        }
        output.finish()
    }
}

/// What the file's name is on the screen.
pub fn name_of(path: &Path) -> String {
    path.file_name().map(|name| shown_path(name.as_ref())).unwrap_or_default()
}

/// Reads a trace as far as it is right.
pub fn read(path: &Path) -> Result<Recorded, Failure> {
    let failed = |source| Failure::io(&shown_path(path), source);
    let file = File::open(path).map_err(failed)?;
    recording::read(&mut BufReader::new(file)).map_err(|source| match source.kind() {
        ErrorKind::InvalidData => Failure::new(Status::Damage, "TRACE", format!("{}: {source}", shown_path(path))),
        _ => failed(source),
    })
}

fn print_operation(output: &mut Output, event: &Event) -> Result<(), Failure> {
    match event {
        Event::OperationStarted { line } | Event::Expected { line, instead: None } => output.line(line),
        Event::OperationEnded { outcome, .. } => run::print_printed(output, outcome),
        Event::Expected { line, instead: Some(instead) } => {
            output.line(line)?;
            run::print_printed(output, &format!("not as expected: {instead}"))
        }
        _ => Ok(()),
    }
}
