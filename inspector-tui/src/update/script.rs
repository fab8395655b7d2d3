//! Lists of operations: pasted or read from a file, run one after the other; and the branch in front written down as one.

use super::{line, note_bad};
use crate::command::{Command, Overwrite};
use crate::describe::plural;
use crate::model::Model;
use crate::timeline::Timeline;
use std::path::PathBuf;
use tosumu::script::{Op, Script, cut_by_hand};
use tosumu::trace::Event;

/// Runs several lines; an error says which line of them is wrong.
pub(super) fn run_lines(model: &mut Model, text: &str) -> Vec<Command> {
    let script = match Script::parse(text) {
        Ok(script) => script,
        Err(error) => {
            note_bad(model, format!("Nothing was run: {error}."));
            return Vec::new();
        }
    };
    let operations = script.lines.iter().filter(|line| !matches!(line.op, Op::Comment(_))).count();
    if operations == 0 {
        note_bad(model, "There is no operation in it.");
        return Vec::new();
    }
    let cuts = script.lines.iter().any(|line| matches!(line.op, Op::Cut { .. }));
    let on = if cuts { line::On::NewBranch } else { line::On::Branch };
    let commands = line::hand_over(model, format!("running {}", plural(operations, "operation")), text.to_owned(), on);
    model.travel.several_lines = !commands.is_empty();
    commands
}

/// `save FILE`: the branch in front as a script.
pub(super) fn save(model: &mut Model, file: &str, overwrite: Overwrite) -> Vec<Command> {
    if file.is_empty() {
        note_bad(model, "Say which file: save my.script.");
        return Vec::new();
    }
    let Some(branch) = model.branches.get(model.branch) else { return Vec::new() };
    let lines = lines_of(&branch.timeline);
    let name = branch.name.clone();
    model.busy = Some(format!("writing {file}"));
    vec![Command::SaveScript { path: PathBuf::from(file), name, lines, overwrite }]
}

/// `run FILE`.
pub(super) fn read(model: &mut Model, file: &str) -> Vec<Command> {
    if file.is_empty() {
        note_bad(model, "Say which file: run my.script.");
        return Vec::new();
    }
    model.busy = Some(format!("reading {file}"));
    vec![Command::ReadScript(PathBuf::from(file))]
}

/// The lines that bring a sandbox to the end of `timeline`. A power cut by hand, in the middle of an operation or behind it,
/// is a `cut`.
pub fn lines_of(timeline: &Timeline) -> Vec<String> {
    let mut lines = Vec::new();
    let mut above = 0;
    for (index, event) in timeline.events().iter().enumerate() {
        match &**event {
            Event::OperationStarted { line } => {
                lines.push(line.clone());
                above = index;
            }
            Event::Expected { line, .. } => lines.push(line.clone()),
            _ => {
                let cut = cut_by_hand(timeline.events(), index);
                lines.extend(cut.map(|left| Op::Cut { event: index - above, left }.to_string()));
            }
        }
    }
    lines
}
