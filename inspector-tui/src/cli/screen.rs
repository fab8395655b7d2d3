//! Shows a model: on a terminal as a program to be used, elsewhere as the text of its first screen.

use super::common::{Failure, LookOptions, Output, folders};
use crate::command::Command;
use crate::lesson::{Lesson, Progress};
use crate::message::Message;
use crate::model::{Model, StyleOptions};
use crate::picture;
use crate::runtime::{self, Keep, PROGRESS_FILE_NAME, ProgressFile, Worker};
use crate::update::{begin_lesson, update};
use crate::view;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// Columns and lines of a screen that is printed.
const PRINTED: (u16, u16) = (80, 24);

/// Whether a person sits at the other end, with a keyboard.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Shows `model` after `begin` was done.
pub fn show(model: Model, worker: Worker, begin: Option<Command>, look: &LookOptions) -> Result<(), Failure> {
    let style = look.style()?;
    let keep = Keep::at(state_folder().filter(|_| is_interactive()));
    let worker = worker.keeping(keep.with_progress(progress_file().filter(|_| is_interactive())));
    if look.narrates() {
        return super::narrate::run(Model { style, ..model }, worker, begin);
    }
    if is_interactive() {
        return runtime::run(model, style, worker, begin).map_err(|source| Failure::io("terminal", source));
    }
    let ascii = style.ascii;
    print(Model { style: StyleOptions { ascii, ..StyleOptions::default() }, ..model }, worker, begin)
}

/// Plays a lesson on the terminal; what is remembered goes to `file`.
pub fn teach(
    lesson: Lesson,
    progress: Progress,
    file: Option<ProgressFile>,
    look: &LookOptions,
) -> Result<(), Failure> {
    let keep = Keep::at(state_folder()).with_progress(file);
    let (model, begin) = taught(lesson, progress);
    let worker = Worker::new().keeping(keep);
    runtime::run(model, look.style()?, worker, begin).map_err(|source| Failure::io("terminal", source))
}

/// A model in which the lesson begins, and what is done first.
fn taught(lesson: Lesson, progress: Progress) -> (Model, Option<Command>) {
    let mut model = Model::nothing();
    model.lessons.progress = progress;
    let begin = begin_lesson(&mut model, &lesson);
    (model, begin)
}

/// The file that remembers lessons, where the system keeps such things.
pub fn progress_file() -> Option<ProgressFile> {
    folders().map(|folders| ProgressFile::at(folders.data_dir().join(PROGRESS_FILE_NAME)))
}

/// Where lines, notes on the lab and sessions are kept.
fn state_folder() -> Option<PathBuf> {
    let folders = folders()?;
    Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_owned())
}

/// Reads the pages that were looked at and are not at hand; whether there were any.
pub fn read_missed(model: &mut Model, worker: &Worker) -> bool {
    let missed = model.world.take_missed();
    if missed.is_empty() {
        return false;
    }
    let read = worker.files().read(&missed);
    update(model, Message::PagesRead(read));
    true
}

fn print(mut model: Model, mut worker: Worker, begin: Option<Command>) -> Result<(), Failure> {
    let mut waiting: Vec<Command> = begin.into_iter().collect();
    while let Some(command) = waiting.pop() {
        if !command.is_for_the_worker() {
            continue;
        }
        let message = worker.obey(command);
        waiting.extend(update(&mut model, message));
    }
    // Nobody is there to type a key.
    model.file_work.secret = None;
    let mut buffer = Buffer::empty(Rect::new(0, 0, PRINTED.0, PRINTED.1));
    model.size = PRINTED;
    view::draw(&model, &mut buffer);
    while read_missed(&mut model, &worker) {
        buffer.reset();
        view::draw(&model, &mut buffer);
    }
    let mut output = Output::new();
    output.bytes(picture::to_text(&buffer).as_bytes())?;
    output.finish()
}
