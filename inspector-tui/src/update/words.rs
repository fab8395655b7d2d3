//! The words of the command line that are about time: steps, jumps, breakpoints, branches, undo, scripts.

use super::{branches, breaks, keep, marks, note, note_bad, script, time};
use crate::command::{Command, Overwrite};
use crate::keymap;
use crate::message::Message;
use crate::model::{Model, Screen};
use crate::travel::Direction;

/// Does what `words` say, the words of `text`; none when they are not about time, or there is none.
pub(super) fn about_time(model: &mut Model, text: &str, words: &[&str]) -> Option<Vec<Command>> {
    if model.screen != Screen::Lab {
        return None;
    }
    if let Some(message) = key_word(model, words) {
        return Some(super::happen(model, message));
    }
    let rest = text.trim_start().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
    match words {
        ["break", at @ ..] => breaks::set(model, at),
        ["breaks"] => breaks::list(model),
        ["unbreak", which] => breaks::remove(model, which),
        ["unbreak"] => note_bad(model, "Say which: unbreak N, or unbreak all; `breaks` lists them."),
        ["next", kind] => marks::to_kind(model, kind, Direction::On),
        ["prev" | "previous", kind] => marks::to_kind(model, kind, Direction::Back),
        ["seek" | "event", place] => seek(model, place),
        ["seek" | "event"] => note_bad(model, "Say an event's number: seek 12."),
        ["branch", ..] => branches::go_to(model, rest),
        ["name"] => note_bad(model, "Say what this branch is to be called: name before-the-crash."),
        ["name", ..] => branches::name(model, rest),
        ["compare"] => note_bad(model, "Say with which branch: compare NAME; `branches` lists them."),
        ["compare", ..] => return Some(branches::compare(model, rest)),
        ["predict", word @ ("on" | "off")] => {
            if model.predict.on != (*word == "on") {
                time::toggle_predict(model);
            }
        }
        ["save", ..] => return Some(script::save(model, rest, Overwrite::Refuse)),
        ["save!", ..] => return Some(script::save(model, rest, Overwrite::Allow)),
        ["run", ..] => return Some(script::read(model, rest)),
        _ => return None,
    }
    Some(Vec::new())
}

/// Words that do what a key does.
fn key_word(model: &Model, words: &[&str]) -> Option<Message> {
    match words {
        ["next"] if !keymap::can_forward(model) => Some(Message::Refused("This is the last event.")),
        ["back"] if !keymap::can_back(model) => Some(Message::Refused("This is the first event.")),
        ["next"] => Some(Message::StepForward),
        ["back"] => Some(Message::StepBack),
        ["first"] => Some(Message::First),
        ["last"] => Some(Message::Last),
        ["play"] => Some(Message::PlayPause),
        ["crash"] => Some(Message::CrashHere),
        ["predict"] => Some(Message::TogglePredict),
        ["branches"] => Some(Message::ListBranches),
        ["marks"] => Some(Message::ListMarks),
        ["branch"] => Some(Message::NextBranch),
        ["undo"] => Some(Message::Undo),
        ["redo"] => Some(Message::Redo),
        ["strip"] => Some(Message::WholeStrip),
        _ => None,
    }
}

/// `seek N`, `seek start`, `seek end`.
fn seek(model: &mut Model, place: &str) {
    match (place, place.parse::<usize>()) {
        ("start", _) => time::seek(model, 1),
        ("end", _) => time::seek(model, usize::MAX),
        (_, Ok(number)) => {
            time::seek(model, number.max(1));
            if model.at < number {
                let last = model.at;
                note(model, format!("There are {last} events on this branch: this is the last."));
            }
        }
        _ => match model.kept.notes.bookmark(place) {
            Some(place) => keep::go_to(model, place),
            None => note_bad(model, "Say an event's number: seek 12; or seek start, seek end, or a bookmark's name."),
        },
    }
}
