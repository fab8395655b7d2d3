//! What outlives the program, from the model's side: notes, sessions, exported views, lines that are completed and recalled.

use super::{line, look, note, note_bad, time};
use crate::command::Command;
use crate::complete::{self, Offer};
use crate::export::{self, Form};
use crate::keep::{About, Answer, Ask, LastSession};
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
    let mut commands = vec![Command::Keep(Ask::ReadNotes(about(model)))];
    if std::mem::take(&mut model.kept.last_session) == LastSession::GoOn {
        commands.push(Command::Keep(Ask::ReadSession(None)));
    }
    commands
}

fn about(model: &Model) -> About {
    if model.screen == Screen::File { About::File } else { About::Lab }
}

/// Leaving: the session stays.
pub(super) fn leaving(model: &Model) -> Vec<Command> {
    let text = if model.screen == Screen::Lab { session::to_text(model) } else { None };
    text.map(|text| Command::Keep(Ask::WriteSession(None, text))).into_iter().collect()
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
        Answer::Notes(text) => model.kept.notes = crate::notes::Notes::parse(&text),
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

/// To the next note: its page, its byte or its event.
pub(super) fn next_note(model: &mut Model) {
    let Some(next) = model.kept.notes.next(Some(here(model))).cloned() else {
        return note(model, "There are no notes yet: i writes one.");
    };
    let exists = |page| model.world.page(page).is_some();
    match next.place {
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
            model.sealed_form = matches!(next.place, NotePlace::SealedByte(..));
            look::select_byte(model, byte);
        }
        _ => {}
    }
    note(model, next.to_string());
}

/// Says all notes.
pub(super) fn list_notes(model: &mut Model) {
    let notes: Vec<String> = model.kept.notes.sorted().iter().map(|note| note.to_string()).collect();
    match notes.len() {
        0 => note(model, "There are no notes yet: i writes one."),
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
            Some(text) => vec![Command::Keep(Ask::WriteSession(path.first().map(PathBuf::from), text))],
            None => {
                note_bad(
                    model,
                    "There is nothing to save: sessions are of the lab's sample store, once something was done.",
                );
                Vec::new()
            }
        },
        ["load", path @ ..] if path.len() < 2 && model.kept.sample_operations.is_some() => {
            vec![Command::Keep(Ask::ReadSession(path.first().map(PathBuf::from)))]
        }
        ["load", ..] => {
            note_bad(model, "A session is brought back in the lab's sample store: `tosumu lab`.");
            Vec::new()
        }
        _ => {
            note_bad(model, "Say session save, session save FILE, session load or session load FILE.");
            Vec::new()
        }
    }
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
    let Some(made_by) = model.kept.sample_operations else { return Vec::new() };
    let fresh = model.branches.len() == 1 && model.timeline().is_some_and(|line| line.operations().len() == made_by);
    if let Some(theme) = session.theme.as_deref().and_then(Theme::named) {
        model.style.theme = theme;
    }
    if !fresh {
        note_bad(model, "Something was done here already: quit, and `tosumu lab` begins with the last session.");
        return Vec::new();
    }
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
            Act::PowerCut => {
                model.kept.restoring = Some(restoring);
                return time::crash_here(model);
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
    note(model, "This is where you left the lab. `tosumu lab --fresh` begins anew.");
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
