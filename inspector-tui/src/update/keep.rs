//! What outlives the program, from the model's side: notes, sessions, exported views, lines that are completed and recalled.

use super::{line, look, note, note_bad, time};
use crate::command::Command;
use crate::complete::{self, Offer};
use crate::export::{self, Form};
use crate::keep::{About, Answer, Ask, LastSession, SessionAt};
use crate::line_edit::LineEdit;
use crate::model::{Model, Screen, View};
use crate::notes::NotePlace;
use crate::session::{self, Act, Restoring};
use crate::widget::Theme;
use std::path::PathBuf;

/// Names that are shown when a completion has several.
const NAMES_SHOWN: usize = 24;

/// A store was opened: its notes are wanted, and the last session when it is to be gone on with.
pub(super) fn opened(model: &mut Model) -> Vec<Command> {
    vec![Command::Keep(Ask::ReadNotes(about(model)))]
}

fn about(model: &Model) -> About {
    if model.screen == Screen::File { About::File } else { model.kept.store.clone() }
}

/// Leaving: the session stays.
pub(super) fn leaving(model: &Model) -> Vec<Command> {
    let text = if model.screen == Screen::Lab { session::to_text(model) } else { None };
    let at = SessionAt::Own(model.kept.store.clone());
    text.map(|text| Command::Keep(Ask::WriteSession(at, text))).into_iter().collect()
}

/// What came of something that was asked.
pub(super) fn answered(model: &mut Model, answer: Answer) -> Vec<Command> {
    match answer {
        Answer::Done => {}
        Answer::History(lines) => {
            let entered = std::mem::replace(&mut model.history, lines);
            model.history.extend(entered);
        }
        Answer::Paths { typed, found } => {
            let line = active_text(model);
            if line.ends_with(&typed) {
                take_offer(model, &line, found);
            }
        }
        Answer::RecentFiles(files) => super::home::recent_files(model, files),
        Answer::Notes(text) => {
            model.kept.notes = crate::notes::Notes::parse(&text);
            if std::mem::take(&mut model.kept.last_session) == LastSession::GoOn {
                return vec![Command::Keep(Ask::ReadSession(SessionAt::Own(about(model))))];
            }
        }
        Answer::Wrote(_) if std::mem::take(&mut model.kept.is_told) => {}
        Answer::Progress(Ok(progress)) if model.lessons.player.is_none() => model.lessons.progress = *progress,
        Answer::Progress(Ok(_)) => {}
        Answer::Progress(Err(why)) => model.lessons.broken = Some(why),
        Answer::Wrote(name) => note(model, format!("Written: {name}.")),
        Answer::Session(text) if text.is_empty() => {}
        Answer::Session(text) => return restore(model, &text),
        Answer::Failed(why) => note_bad(model, format!("That was not kept: {why}.")),
    }
    Vec::new()
}

fn active_text(model: &mut Model) -> String {
    line::active(model).map_or(String::new(), |line| line.text.clone())
}

/// Completes the word that is typed; pressed again, takes the next that fits.
pub(super) fn complete(model: &mut Model) -> Vec<Command> {
    let line = active_text(model);
    if let Some(offered) = model.kept.typing.offered.take().filter(|offered| offered.line == line) {
        if offered.words.len() > 1 {
            show_offer(model, offered.next());
        }
        return Vec::new();
    }
    match complete::offer(model, &line) {
        Offer::Words(words) => take_offer(model, &line, words),
        Offer::Paths(typed) => return vec![Command::Keep(Ask::Paths(typed))],
    }
    Vec::new()
}

fn take_offer(model: &mut Model, line: &str, words: Vec<String>) {
    // A path on the home screen may have blanks in it: the line as a whole is what is completed.
    let whole = model.screen == Screen::Home;
    let offered = if whole { complete::offered("", words) } else { complete::offered(line, words) };
    match offered {
        Some(mut offered) => {
            if whole {
                offered.line.truncate(offered.line.trim_end().len());
            }
            show_offer(model, offered);
        }
        None => note(model, "Nothing that could stand here begins so."),
    }
}

fn show_offer(model: &mut Model, offered: complete::Offered) {
    if let Some(line) = line::active(model) {
        line.set(&offered.line);
    }
    if offered.words.len() > 1 {
        let hidden = offered.words.len().saturating_sub(NAMES_SHOWN);
        let more = if hidden > 0 { format!("  +{hidden} more") } else { String::new() };
        let named = |(at, word): (usize, &String)| match offered.at {
            Some(here) if here == at => format!("[{word}]"),
            _ => word.clone(),
        };
        let first = offered.at.unwrap_or(0).saturating_sub(NAMES_SHOWN - 1);
        let names: Vec<String> = offered.words.iter().enumerate().skip(first).take(NAMES_SHOWN).map(named).collect();
        note(model, format!("{}{more}", names.join("  ")));
    }
    model.kept.typing.offered = Some(offered);
}

/// The line before or after in the history: of those that begin as the line did, when there are such.
pub(super) fn recall(model: &mut Model, by: isize) {
    if model.screen == Screen::Home {
        return super::home::recall_file(model, by);
    }
    let typed = active_text(model);
    if model.history_at.is_none() {
        model.kept.typing.sought = Some(typed);
    }
    let sought = model.kept.typing.sought.clone().unwrap_or_default();
    let begins = |line: &String| line.starts_with(&sought) && *line != sought;
    let any = model.history.iter().any(begins);
    let fits = |at: &usize| !any || begins(&model.history[*at]);
    let end = model.history.len();
    let here = model.history_at.unwrap_or(end).min(end);
    let found = if by < 0 { (0..here).rev().find(fits) } else { (here + 1..end).find(fits) };
    let (at, text) = match found {
        Some(at) => (Some(at), model.history[at].clone()),
        // Before the first line it stays there; behind the last one stands what was typed.
        None if by < 0 && here < end => (Some(here), model.history[here].clone()),
        None => (None, if any { sought } else { String::new() }),
    };
    if by < 0 && at.is_none() {
        return;
    }
    model.history_at = at;
    if let Some(line) = line::active(model) {
        line.set(&text);
    }
}

/// The newest line of the history, or the next older one when pressed again, that has what was typed in it.
pub(super) fn search_history(model: &mut Model) {
    let typed = active_text(model);
    let again = model.kept.typing.searched.take().filter(|(_, _, shown)| *shown == typed);
    let (sought, before) = again.map_or_else(|| (typed.clone(), model.history.len()), |(sought, at, _)| (sought, at));
    let found = model.history[..before.min(model.history.len())].iter().rposition(|line| line.contains(&sought));
    let Some(at) = found else {
        let older = if before < model.history.len() { "older" } else { "earlier" };
        return note(model, format!("No {older} line has `{sought}` in it."));
    };
    let line = model.history[at].clone();
    if let Some(active) = line::active(model) {
        active.set(&line);
    }
    let words = match sought.is_empty() {
        true => "The last line; type a part of a line first to search for it. Ctrl-R again: an older one.".to_owned(),
        false => format!("It has `{sought}` in it. Ctrl-R again: an older one; Enter runs it."),
    };
    note(model, words);
    model.kept.typing.searched = Some((sought, at, line));
}

/// What a note here would be about: the byte under the cursor, the page looked at, else the present event.
fn here(model: &Model) -> NotePlace {
    match (model.shown_page(), model.byte.filter(|_| model.in_bytes())) {
        (Some(page), Some(byte)) if model.shows_sealed() => NotePlace::SealedByte(page, byte),
        (Some(page), Some(byte)) => NotePlace::Byte(page, byte),
        (Some(page), None) if model.page.is_some() || model.view == View::Page => NotePlace::Page(page),
        _ if model.screen == Screen::Lab && model.at > 0 => NotePlace::Event(model.at),
        _ => NotePlace::File,
    }
}

/// Begins a note: the command line with the word for it.
pub(super) fn begin_note(model: &mut Model) {
    let old = model.kept.notes.at(here(model)).unwrap_or_default();
    model.command_line = LineEdit::typed(&format!("note {old}"));
    note(model, format!("A note on {}; Enter keeps it, an empty one takes it away.", here(model)));
}

/// Notes `text` here.
pub(super) fn take_note(model: &mut Model, text: &str) -> Vec<Command> {
    let place = here(model);
    model.kept.notes.set(place, text);
    let text = model.kept.notes.to_text();
    vec![Command::Keep(Ask::WriteNotes(about(model), text))]
}

/// `mark WORD`: this place is called so.
pub(super) fn set_bookmark(model: &mut Model, name: &str) -> Vec<Command> {
    let taken = name.parse::<usize>().is_ok() || matches!(name, "start" | "end" | "now");
    if taken {
        note_bad(model, format!("`{name}` names an instant already: choose another word."));
        return Vec::new();
    }
    let place = here(model);
    model.kept.notes.set_bookmark(name, Some(place));
    note(
        model,
        format!(
            "{} is called {name} now: `seek {name}` leads back to it, ' from mark to note.",
            crate::describe::tamper::capital(&place.to_string())
        ),
    );
    model.kept.is_told = true;
    vec![Command::Keep(Ask::WriteNotes(about(model), model.kept.notes.to_text()))]
}

/// `unmark WORD`.
pub(super) fn remove_bookmark(model: &mut Model, name: &str) -> Vec<Command> {
    if model.kept.notes.bookmark(name).is_none() {
        note_bad(model, format!("Nothing is called {name}: `notes` lists what is noted and marked."));
        return Vec::new();
    }
    model.kept.notes.set_bookmark(name, None);
    note(model, format!("Nothing is called {name} any more."));
    model.kept.is_told = true;
    vec![Command::Keep(Ask::WriteNotes(about(model), model.kept.notes.to_text()))]
}

/// To the next note or bookmark: its page, its byte or its event.
pub(super) fn next_note(model: &mut Model) {
    let Some(next) = model.kept.notes.next(Some(here(model))) else {
        return note(model, "There are no notes and no bookmarks yet: i writes a note, `mark WORD` names this place.");
    };
    go_to(model, next.place);
    note(model, next.to_string());
}

/// Shows the page, the byte or the event.
pub(super) fn go_to(model: &mut Model, place: NotePlace) {
    let exists = |page| model.world.page(page).is_some();
    match place {
        NotePlace::Event(at) if model.timeline().is_some() => {
            model.byte = None;
            time::seek(model, at);
        }
        NotePlace::Page(page) if exists(page) => {
            look::show(model, View::Page);
            look::select_page(model, page);
        }
        NotePlace::Byte(page, byte) | NotePlace::SealedByte(page, byte) if exists(page) => {
            look::show(model, View::Page);
            look::select_page(model, page);
            model.sealed_form = matches!(place, NotePlace::SealedByte(..));
            look::select_byte(model, byte);
        }
        _ => {}
    }
}

/// Says all notes and bookmarks.
pub(super) fn list_notes(model: &mut Model) {
    let notes: Vec<String> = model.kept.notes.visited().iter().map(|note| note.to_string()).collect();
    match notes.len() {
        0 => note(model, "There are no notes and no bookmarks yet: i writes a note, `mark WORD` names this place."),
        _ => note(model, notes.join(";  ")),
    }
}

/// Writes the view in front to a file; without a name as a picture with a name of its own.
pub(super) fn export(model: &mut Model, name: Option<&str>) -> Vec<Command> {
    let subject = export::subject_in_front(model);
    let Some(name) = name else {
        let bytes = export::render(model, subject, Form::Svg, model.size);
        return vec![Command::Keep(Ask::WriteNew(PathBuf::from(export::name_in_front(model)), bytes))];
    };
    let Some(form) = Form::of_name(name) else {
        note_bad(model, "A picture's name ends in .svg, .txt, .ansi or .json.");
        return Vec::new();
    };
    vec![Command::Keep(Ask::Write(PathBuf::from(name), export::render(model, subject, form, model.size)))]
}

/// Saves the session, or brings one back.
pub(super) fn session(model: &mut Model, words: &[&str]) -> Vec<Command> {
    match words {
        ["save", path @ ..] if path.len() < 2 => match session::to_text(model) {
            Some(text) => vec![Command::Keep(Ask::WriteSession(session_at(model, path), text))],
            None => {
                let why = match model.kept.store {
                    About::Nothing => {
                        "An empty store begun by hand has no session: `save FILE` writes what was done as a script."
                    }
                    _ => "There is nothing to save yet: a session is what was done here.",
                };
                note_bad(model, why);
                Vec::new()
            }
        },
        ["load", path @ ..] if path.len() < 2 && (!path.is_empty() || model.kept.store != About::Nothing) => {
            vec![Command::Keep(Ask::ReadSession(session_at(model, path)))]
        }
        ["load", ..] => {
            note_bad(model, "Nothing was kept of an empty store begun by hand. Say session load FILE.");
            Vec::new()
        }
        _ => {
            note_bad(model, "Say session save, session save FILE, session load or session load FILE.");
            Vec::new()
        }
    }
}

fn session_at(model: &Model, path: &[&str]) -> SessionAt {
    path.first().map_or_else(|| SessionAt::Own(model.kept.store.clone()), |path| SessionAt::File(PathBuf::from(path)))
}

/// Brings a session back: the store as it was made, and then everything that was done, again.
fn restore(model: &mut Model, text: &str) -> Vec<Command> {
    let session = match session::parse(text) {
        Ok(session) => session,
        Err(why) => {
            note_bad(model, format!("The session cannot be brought back: {why}."));
            return Vec::new();
        }
    };
    let Some((operations, events)) = model.kept.made_by else { return Vec::new() };
    let fresh = model.branches.len() == 1 && model.timeline().is_some_and(|line| line.operations().len() == operations);
    if session.made_by.is_some_and(|made_by| made_by != (operations, events)) {
        note(model, "The session kept here began with another store than this one: it was left alone.");
        return Vec::new();
    }
    if let Some(theme) = session.theme.as_deref().and_then(Theme::named) {
        model.style.theme = theme;
    }
    if !fresh {
        note_bad(model, "Something was done here already: quit, and open it again to go on with the last session.");
        return Vec::new();
    }
    session.breaks.into_iter().for_each(|at| drop(model.travel.breakpoints.add(at)));
    model.kept.restoring = Some(Restoring { acts: session.acts, view: session.view });
    go_on(model)
}

/// The next of the acts that are left, up to one that the worker has to do.
pub(super) fn go_on(model: &mut Model) -> Vec<Command> {
    if model.busy.is_some() {
        return Vec::new();
    }
    let Some(mut restoring) = model.kept.restoring.take() else { return Vec::new() };
    let mut went = false;
    while let Some(act) = restoring.acts.pop_front() {
        match act {
            Act::GoTo(branch, at) if branch < model.branches.len() => {
                model.branch = branch;
                time::refresh(model, at);
                went = true;
            }
            Act::Run(line) => {
                if !went {
                    time::refresh(model, usize::MAX);
                }
                model.kept.restoring = Some(restoring);
                return line::run(model, &line);
            }
            Act::PowerCut(left) => {
                model.kept.restoring = Some(restoring);
                return time::crash_leaving(model, left);
            }
            Act::Name(branch, name) => {
                if let Some(branch) = model.branches.get_mut(branch) {
                    branch.name = name;
                }
            }
            Act::Front(branch, at) if branch < model.branches.len() => {
                model.branch = branch;
                time::refresh(model, at);
            }
            Act::GoTo(..) | Act::Front(..) => break,
        }
    }
    if let Some(view) = restoring.view {
        look::show(model, view);
    }
    (model.command_line, model.welcome) = (LineEdit::default(), None);
    let words = match model.recording().is_some() {
        true => "This is where you left the trace. Home leads to its first event.",
        false => "This is where you left the lab. `--fresh` begins anew.",
    };
    note(model, words);
    Vec::new()
}

/// Sets one thing for as long as the program runs.
pub(super) fn set(model: &mut Model, key: &str, value: &str) {
    let on = match value {
        "on" | "true" => Some(true),
        "off" | "false" => Some(false),
        _ => None,
    };
    match (key, on) {
        ("theme", _) => set_theme(model, value),
        ("ascii", Some(on)) => model.style.ascii = on,
        ("colour", Some(on)) => model.style.colour = on,
        ("motion", Some(on)) => {
            model.style.motion = if on { crate::model::Motion::Full } else { crate::model::Motion::None };
        }
        ("mouse", Some(on)) => model.style.mouse = if on { crate::model::Mouse::On } else { crate::model::Mouse::Off },
        _ => note_bad(model, "Say set theme NAME, or set ascii, colour, motion or mouse on or off."),
    }
}

pub(super) fn set_theme(model: &mut Model, name: &str) {
    match Theme::named(name) {
        Some(theme) => model.style.theme = theme,
        None => note_bad(model, format!("Themes are {}.", Theme::NAMES.join(", "))),
    }
}

/// The theme behind the present one.
pub(super) fn next_theme(model: &mut Model) {
    let here = Theme::NAMES.iter().position(|name| *name == model.style.theme.name()).unwrap_or(0);
    let name = Theme::NAMES[(here + 1) % Theme::NAMES.len()];
    set_theme(model, name);
    note(model, format!("The theme is {name} now. `theme = \"{name}\"` in the configuration file keeps it."));
}
