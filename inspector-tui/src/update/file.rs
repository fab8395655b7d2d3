//! What goes on round the file in front: it is read in the background, followed, and unlocked.

use super::{keep, note, note_bad, time};
use crate::command::{Command, Following, ReadFrom};
use crate::file_work::{self, FileNews, Key, KeySort, LOOKS_MAX, Look, PagesRead, Progress, SecretLine, Seen};
use crate::model::{Model, Report, Screen};
use crate::timeline::{FileWorld, World};
use std::path::PathBuf;

/// A file was read as far as it is shown at once: what follows from that.
pub(super) fn begun(model: &mut Model) -> Vec<Command> {
    let mut commands = keep::opened(model);
    let Some(file) = model.world.file() else { return commands };
    let is_locked = file.locked.is_some();
    if !file.is_whole() && file.pages > 0 {
        let total = file.pages;
        model.file_work.progress = Some(Progress { total, ..Progress::default() });
        commands.push(Command::ReadOn(ReadFrom::Beginning));
    }
    // A file of the gallery is shown as its story tells it; P asks there too.
    if is_locked && model.home.gallery.is_none() && wants(model, "passphrase") {
        ask_key(model, KeySort::Passphrase);
    }
    if std::mem::take(&mut model.file_work.follow_at_once) {
        commands.extend(follow(model));
    }
    commands
}

/// Whether a key slot of the file is for this sort of key.
fn wants(model: &Model, sort: &str) -> bool {
    let Some(newest) = crate::describe::log::newest_superblock(&model.world) else { return false };
    newest.key_slots.iter().any(|slot| slot.kind().is_ok_and(|kind| kind.to_string().contains(sort)))
}

/// Pages that somebody looked at are there.
pub(super) fn pages_read(model: &mut Model, read: PagesRead) {
    if let Some(file) = model.world.file_mut() {
        read.pages.into_iter().for_each(|(page, read)| file.take_in(page, read));
    }
    if read.overtaken && !model.file_work.follow.on && !std::mem::replace(&mut model.file_work.overtaken, true) {
        note_bad(model, "Another process has changed this file since it was opened: F follows it, v verifies it anew.");
    }
    super::look::keep_cursor_inside(model);
}

/// So much more was found in the background.
pub(super) fn file_news(model: &mut Model, news: FileNews) {
    if let Some(file) = model.world.file_mut() {
        news.parts.into_iter().for_each(|part| file.take_in_part(part));
    }
    let was_reading = model.file_work.is_reading();
    model.file_work.progress = Some(news.progress);
    if was_reading && news.progress.stopped {
        note(model, "Reading was stopped: what was read stays, and a page is read when it is looked at. c goes on.");
    }
}

/// Ends the reading in the background, or lets it go on.
pub(super) fn stop_or_go_on(model: &mut Model) -> Vec<Command> {
    if model.file_work.is_reading() {
        return vec![Command::StopReading];
    }
    let Some(progress) = model.file_work.progress.as_mut().filter(|progress| progress.stopped) else {
        return Vec::new();
    };
    progress.stopped = false;
    vec![Command::ReadOn(ReadFrom::WhereItWasLeft)]
}

/// Ends everything that goes on in the background.
pub(super) fn cancel(model: &mut Model) -> Vec<Command> {
    let mut commands = Vec::new();
    if model.file_work.is_reading() {
        commands.push(Command::StopReading);
    }
    if model.verifying.is_some() || model.busy.as_deref().is_some_and(|busy| busy.starts_with("verifying")) {
        model.busy = Some("stopping the verification".to_owned());
        commands.push(Command::StopVerify);
    }
    if commands.is_empty() {
        note(model, "Nothing goes on in the background.");
    }
    commands
}

/// A verification of a file that is not read whole has ended: what it said of its pages is known already.
pub(super) fn judged(model: &mut Model, report: Report) {
    if model.screen != Screen::File {
        return;
    }
    if let Some(file) = model.world.file_mut() {
        let bad: Vec<_> = report.findings.iter().filter_map(|finding| finding.page).map(|page| (page, false)).collect();
        file.judge(&bad);
        file.facts.findings = report.findings.clone();
        file.facts.checked = report.checked.clone();
        let facts = file.facts.clone();
        model.world.facts = facts;
    }
    super::news::reported(model, report);
}

/// Follows the file, or looks at it no more.
pub(super) fn follow(model: &mut Model) -> Vec<Command> {
    if model.screen != Screen::File {
        note(model, "Only a file is followed: open one.");
        return Vec::new();
    }
    if std::mem::replace(&mut model.file_work.follow.on, false) {
        note(model, "The file is not followed any more; the looks so far stay.");
        return vec![Command::Follow(Following::Off)];
    }
    model.file_work.follow.on = true;
    if model.file_work.follow.looks.is_empty() {
        let sentence = format!("Following began at commit {}.", model.world.facts.commit);
        let (world, report) = (model.world.clone(), model.report.clone());
        model.file_work.follow.looks.push(Seen { world, sentence, report });
    }
    note(model, "The file is followed: whenever another process has changed it, it is looked at again.");
    vec![Command::Follow(Following::On)]
}

/// The file changed: the look becomes an instant, and is shown when the newest one was.
pub(super) fn looked(model: &mut Model, mut look: Look) -> Vec<Command> {
    let newest = model.file_work.follow.looks.len().saturating_sub(1);
    let at_newest = model.file_work.follow.at >= newest;
    if at_newest {
        keep_what_is_known(model);
    }
    let Some(before) = model.file_work.follow.looks.last().and_then(|seen| seen.world.file()) else {
        return Vec::new();
    };
    let changed = file_work::changed_pages(before, &look);
    let sentence = file_work::sentence(before.facts.commit, &look, &changed);
    if !look.world.is_whole() {
        let list: Vec<_> = changed.iter().copied().collect();
        look.world.inherit(before, &list);
        if let Some((root, levels)) = look.levels.take() {
            look.world.take_in_levels(root, levels);
        }
    }
    look.world.facts.changed_since = changed;
    let (is_whole, folded) = (look.world.is_whole(), look.folded);
    let follow = &mut model.file_work.follow;
    follow.looks.push(Seen { world: World::at_rest(*look.world), sentence: sentence.clone(), report: None });
    if follow.looks.len() > LOOKS_MAX {
        follow.looks.remove(0);
        follow.forgotten += 1;
        follow.at = follow.at.saturating_sub(1);
    }
    if at_newest {
        show(model, model.file_work.follow.looks.len() - 1);
        note(model, sentence);
    }
    if is_whole {
        return Vec::new();
    }
    model.file_work.progress = Some(Progress { total: model.world.page_total(), ..Progress::default() });
    vec![Command::ReadOn(if folded { ReadFrom::Beginning } else { ReadFrom::WhereItWasLeft })]
}

/// The shown look keeps what was read of it meanwhile, and what was said of it.
fn keep_what_is_known(model: &mut Model) {
    let at = model.file_work.follow.at;
    let (world, report) = (model.world.clone(), model.report.clone());
    if let Some(seen) = model.file_work.follow.looks.get_mut(at) {
        (seen.world, seen.report) = (world, report);
    }
}

fn show(model: &mut Model, at: usize) {
    let Some(seen) = model.file_work.follow.looks.get(at) else { return };
    (model.world, model.report) = (seen.world.clone(), seen.report.clone());
    model.file_work.follow.at = at;
    model.finding = 0;
    super::look::keep_cursor_inside(model);
}

/// To the look before or after.
pub(super) fn step(model: &mut Model, by: isize) {
    let at = model.file_work.follow.at;
    let last = model.file_work.follow.looks.len().saturating_sub(1);
    seek(model, at.saturating_add_signed(by).min(last));
}

/// To look `at`, from 0.
pub(super) fn seek(model: &mut Model, at: usize) {
    let last = model.file_work.follow.looks.len().saturating_sub(1);
    let at = at.min(last);
    if at != model.file_work.follow.at {
        keep_what_is_known(model);
        show(model, at);
    }
    if let Some(sentence) = model.file_work.follow.looks.get(at).map(|seen| seen.sentence.clone()) {
        note(model, sentence);
    }
}

/// Steps through the looks of a file, through the events of a lab.
pub(super) fn step_or(model: &mut Model, by: isize) {
    match (model.screen, by) {
        (Screen::File, _) => step(model, by),
        (_, 1..) => time::step_forward(model),
        _ => time::seek(model, model.at.saturating_sub(1).max(1)),
    }
}

/// A file that could not be looked at.
pub(super) fn look_failed(model: &mut Model, why: String) {
    note_bad(model, format!("The file could not be looked at: {why} It is tried again."));
}

/// Asks for the key.
pub(super) fn ask_key(model: &mut Model, sort: KeySort) {
    model.file_work.secret = Some(SecretLine::new(sort));
}

/// The words of `:unlock`: nothing asks for a passphrase, `recovery` for a recovery key, `file PATH` names a key file.
pub(super) fn unlock(model: &mut Model, rest: &str) -> Vec<Command> {
    if model.screen != Screen::File {
        note_bad(model, "There is no locked file here.");
        return Vec::new();
    }
    match rest.trim().split_once(' ') {
        Some(("file", path)) if !path.trim().is_empty() => {
            model.busy = Some("opening with the key file".to_owned());
            return vec![Command::Unlock(Key::InFile(PathBuf::from(path.trim())))];
        }
        None if rest.trim().is_empty() => ask_key(model, KeySort::Passphrase),
        None if rest.trim() == "recovery" => ask_key(model, KeySort::RecoveryKey),
        _ => note_bad(
            model,
            "Say unlock, unlock recovery or unlock file PATH; a key itself is never typed on this line.",
        ),
    }
    Vec::new()
}

/// The key is typed.
pub(super) fn submit_key(model: &mut Model) -> Vec<Command> {
    let Some(line) = model.file_work.secret.take() else { return Vec::new() };
    if line.letters() == 0 {
        note(model, "No key was typed: the file stays locked. P asks again.");
        return Vec::new();
    }
    model.busy = Some("opening with the key".to_owned());
    vec![Command::Unlock(line.take())]
}

/// Nothing is typed any more.
pub(super) fn leave_key(model: &mut Model) {
    if model.file_work.secret.take().is_some() {
        note(model, "The file stays locked: P asks for its key again.");
    }
}

/// The key did not fit: the file stays open, locked.
pub(super) fn still_locked(model: &mut Model, why: String) {
    model.busy = None;
    note_bad(model, format!("{why} P asks again."));
}

/// The file in place of the one that was locked: what it looked like stays.
pub(super) fn was_locked(model: &Model, file: &FileWorld) -> bool {
    let before = model.world.file().filter(|_| model.screen == Screen::File);
    before.is_some_and(|before| before.locked.is_some() && before.facts.file == file.facts.file)
}
