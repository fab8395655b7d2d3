//! `tosumu run`: a script on a simulated disk, its output, its events in sentences or as JSON, and its trace as a file.
//!
//! An operation that fails is part of what a script shows; only an `expect` that does not hold, or text under an operation that
//! is not what it prints, makes the verb end with 1. No database on the real disk is touched.

use super::common::{Failure, Outcome, Output, Status, note, shown_path};
use clap::Args;
use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tosumu::script::{Line, Op, Runner, RunnerOptions, Script};
use tosumu::trace::{Event, Level, write_trace};

/// Run a script on a simulated disk and print what each operation prints
///
/// The output is the script itself with `= ` before each printed line. Exit status 1 when an `expect` does not hold.
#[derive(Args)]
pub struct Run {
    /// The script
    script: PathBuf,
    /// Write every event to this file
    #[arg(long, value_name = "OUT")]
    trace: Option<PathBuf>,
    /// Print every event as a JSON object on a line instead
    #[arg(long)]
    json: bool,
    /// Print every event as a numbered sentence instead
    #[arg(long, conflicts_with = "json")]
    narrate: bool,
}

impl Run {
    /// Runs every line.
    pub fn run(self) -> Outcome {
        let script = read_script(&self.script)?;
        let mut runner = Runner::new(script.options(RunnerOptions::default()));
        let mut output = Output::new();
        let mut status = Status::Done;
        for line in &script.lines {
            let outcome = runner.run(&line.op);
            if !self.json && !self.narrate {
                print_line(&mut output, line, &outcome.text)?;
            }
            if let Some(why) = disappointment(line, &outcome.text, outcome.failed) {
                output.flush()?;
                note(format!("tosumu: EXPECT: {}: line {}: {why}", shown_path(&self.script), line.number));
                status = Status::Nothing;
            }
        }
        runner.finish();
        let events = runner.recorder().events_from(0);
        if self.narrate {
            print_sentences(&mut output, &events)?;
        }
        if self.json {
            print_json(&mut output, &events)?;
        }
        if let Some(path) = &self.trace {
            write_trace_file(path, &events).map_err(|source| Failure::io(&shown_path(path), source))?;
        }
        output.finish()?;
        Ok(status)
    }
}

fn read_script(path: &Path) -> Result<Script, Failure> {
    let bytes = fs::read(path).map_err(|source| Failure::io(&shown_path(path), source))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::misuse(format!("{}: the script is not UTF-8 text", shown_path(path))))?;
    Script::parse(&text).map_err(|error| Failure::misuse(format!("{}: {error}", shown_path(path))))
}

fn print_line(output: &mut Output, line: &Line, text: &str) -> Result<(), Failure> {
    output.line(&line.text)?;
    print_printed(output, text)
}

/// What an operation printed, as a script has it under the operation.
pub fn print_printed(output: &mut Output, text: &str) -> Result<(), Failure> {
    text.lines().try_for_each(|text| output.line(format!("= {text}").trim_end()))
}

/// Every event as a numbered sentence.
pub fn print_sentences(output: &mut Output, events: &[Arc<Event>]) -> Result<(), Failure> {
    (1..).zip(events).try_for_each(|(number, event)| output.line(format!("{number} {}", event.sentence())))
}

/// What was expected of a line and did not come true.
fn disappointment(line: &Line, text: &str, failed: bool) -> Option<String> {
    if failed && matches!(line.op, Op::Expect(_)) {
        return Some(format!("`{}`: {text}", line.text.trim()));
    }
    let expected = line.expected.as_ref()?;
    let same = text.lines().map(str::trim_end).eq(expected.iter().map(|line| line.trim_end()));
    (!same).then(|| format!("`{}` printed something else than the text under it", line.text.trim()))
}

/// The lines of a trace without its header.
pub fn print_json(output: &mut Output, events: &[Arc<Event>]) -> Result<(), Failure> {
    let mut bytes = Vec::new();
    write_trace(&mut bytes, Level::Full, events).map_err(Failure::output)?;
    let header = bytes.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    output.bytes(&bytes[header..])
}

fn write_trace_file(path: &Path, events: &[Arc<Event>]) -> std::io::Result<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    write_trace(&mut file, Level::Full, events)?;
    file.flush()
}
