//! The home screen.

use super::{lesson, note, note_bad};
use crate::command::Command;
use crate::gallery::Group;
use crate::keep::Ask;
use crate::line_edit::LineEdit;
use crate::message::Sample;
use crate::model::{Home, HomeItem, Model};
use std::path::PathBuf;

pub(super) fn move_cursor(model: &mut Model, rows: i32) {
    let count = match (model.home.gallery, model.home.lessons) {
        (Some(_), _) => model.gallery().len(),
        (_, Some(_)) => crate::lesson::all().len(),
        (None, None) => model.home.items.len(),
    };
    // One step goes round; several stop at the ends.
    let last = count.max(1) as i64 - 1;
    let moved = |at: usize| match (at as i64 + i64::from(rows), rows) {
        (to, -1 | 1) => to.rem_euclid(last + 1) as usize,
        (to, _) => to.clamp(0, last) as usize,
    };
    let home = &mut model.home;
    match home.gallery.as_mut().or(home.lessons.as_mut()) {
        Some(at) => *at = moved(*at),
        None => home.selected = moved(home.selected),
    }
}

/// Puts the cursor on an item.
pub(super) fn select(model: &mut Model, item: usize) {
    let home = &mut model.home;
    match home.gallery.as_mut().or(home.lessons.as_mut()) {
        Some(at) => *at = item,
        None => home.selected = item,
    }
}

pub(super) fn choose(model: &mut Model) -> Vec<Command> {
    if let Some(fixture) = model.home.gallery {
        model.busy = Some("reading the file".to_owned());
        return vec![Command::LoadUnnamed(fixture)];
    }
    if let Some(chosen) = model.home.lessons.and_then(|at| crate::lesson::all().get(at)) {
        return lesson::open(model, chosen);
    }
    match model.home.items.get(model.home.selected) {
        Some(HomeItem::Tour) => make_lab(model, Sample::Tour),
        Some(HomeItem::Lab) => make_lab(model, Sample::Sample),
        Some(HomeItem::Lessons) => {
            let done = |lesson: &crate::lesson::Lesson| model.lessons.progress.of(lesson).done;
            model.home.lessons = Some(crate::lesson::all().iter().position(|lesson| !done(lesson)).unwrap_or(0));
            if let Some(why) = model.lessons.broken.clone() {
                note_bad(model, why);
            }
            Vec::new()
        }
        Some(HomeItem::Gallery) => {
            // The first that is damaged: sound ones to compare with stand above it.
            let first = model.gallery().iter().position(|fixture| fixture.group == Group::Rot);
            model.home.gallery = Some(first.unwrap_or(0));
            Vec::new()
        }
        Some(HomeItem::OpenFile) => {
            model.home.input = Some(LineEdit::typed(""));
            model.history_at = None;
            note(model, "Type the path of a file and press Enter; Tab completes it.");
            vec![Command::Keep(Ask::RecentFiles)]
        }
        Some(HomeItem::Quit) => vec![Command::Quit],
        None => Vec::new(),
    }
}

fn make_lab(model: &mut Model, sample: Sample) -> Vec<Command> {
    model.busy = Some("making the sample store".to_owned());
    vec![Command::MakeLab(sample)]
}

/// The files that were opened before are known.
pub(super) fn recent_files(model: &mut Model, files: Vec<String>) {
    if let (Some(last), true) = (files.first(), model.home.input.is_some()) {
        note(model, format!("Type the path of a file and press Enter; Tab completes it, Up brings back {last}."));
    }
    model.home.recent = files;
}

/// The file opened before the one on the line, or after it.
pub(super) fn recall_file(model: &mut Model, by: isize) {
    let last = model.home.recent.len().checked_sub(1);
    let at = match (model.history_at, by < 0) {
        (None, true) => last.map(|_| 0),
        (None, false) | (Some(0), false) => None,
        (Some(at), true) => last.map(|last| (at + 1).min(last)),
        (Some(at), false) => Some(at - 1),
    };
    model.history_at = at;
    let text = at.and_then(|at| model.home.recent.get(at)).cloned().unwrap_or_default();
    if let Some(input) = &mut model.home.input {
        input.set(&text);
    }
}

/// The path asked for is complete.
pub(super) fn submit_path(model: &mut Model) -> Vec<Command> {
    let path = model.home.input.take().map(|mut input| input.take()).unwrap_or_default();
    if path.trim().is_empty() {
        note_bad(model, "No path was typed.");
        return Vec::new();
    }
    model.busy = Some(format!("reading {}", path.trim()));
    vec![Command::LoadFile(PathBuf::from(path.trim()))]
}

/// Leaves lab or file for the home screen.
pub(super) fn return_home(model: &mut Model) {
    let (selected, gallery, lessons) = (model.home.selected, model.home.gallery, model.home.lessons);
    let told = std::mem::take(&mut model.home.told);
    let recent = std::mem::take(&mut model.home.recent);
    let mut home = Model::home();
    let items = std::mem::take(&mut home.home.items);
    home.take_over(model);
    home.home = Home { items, selected, gallery, told, lessons, input: None, recent };
    home.lessons.player = None;
    *model = home;
}
