//! Lines being typed: the command line with its history, the path on the home screen, the search in help.
//!
//! The command line takes the operations of the script language and, beside them, words about the screen.

use super::{home, look, note_bad, time, views};
use crate::command::Command;
use crate::keymap;
use crate::line_edit::LineEdit;
use crate::looking::{MapLayer, Which};
use crate::message::{Edit, Message};
use crate::model::{Model, Screen, View};
use crate::widget::Theme;
use std::path::PathBuf;
use tosumu::escape::unescape;
use tosumu::script::Op;
use tosumu::types::PageNo;

/// Lines that are remembered.
const HISTORY_MAX: usize = 500;

fn active(model: &mut Model) -> Option<&mut LineEdit> {
    if model.screen == Screen::Home {
        return model.home.input.as_mut();
    }
    if model.view == View::Help && model.help_search.active {
        return Some(&mut model.help_search);
    }
    Some(&mut model.command_line).filter(|line| line.active)
}

pub(super) fn type_letter(model: &mut Model, letter: char) {
    if let Some(line) = active(model) {
        line.insert(letter);
    }
    model.scroll = if model.view == View::Help { 0 } else { model.scroll };
}

pub(super) fn edit(model: &mut Model, edit: Edit) {
    match edit {
        Edit::Earlier => return recall(model, -1),
        Edit::Later => return recall(model, 1),
        _ => {}
    }
    let Some(line) = active(model) else { return };
    match edit {
        Edit::Backspace => line.backspace(),
        Edit::Delete => line.delete(),
        Edit::Left => line.left(),
        Edit::Right => line.right(),
        Edit::Home => line.home(),
        Edit::End => line.end(),
        Edit::Clear => drop(line.take()),
        Edit::Earlier | Edit::Later => {}
    }
}

fn recall(model: &mut Model, by: isize) {
    let end = model.history.len();
    let at = model.history_at.unwrap_or(end).saturating_add_signed(by).min(end);
    model.history_at = Some(at).filter(|at| *at < end);
    let text = model.history.get(at).cloned().unwrap_or_default();
    if let Some(line) = active(model) {
        line.set(&text);
    }
}

pub(super) fn leave(model: &mut Model) {
    if model.screen == Screen::Home {
        model.home.input = None;
    } else if model.help_search.active {
        model.help_search.active = false;
    } else {
        model.command_line.active = false;
    }
}

pub(super) fn submit(model: &mut Model) -> Vec<Command> {
    if model.screen == Screen::Home {
        return home::submit_path(model);
    }
    if model.view == View::Help && model.help_search.active {
        model.help_search.active = false;
        return Vec::new();
    }
    let text = model.command_line.take().trim().to_owned();
    model.command_line.active = false;
    model.history_at = None;
    if text.is_empty() {
        return Vec::new();
    }
    if model.history.last() != Some(&text) {
        model.history.push(text.clone());
        let surplus = model.history.len().saturating_sub(HISTORY_MAX);
        model.history.drain(..surplus);
    }
    obey(model, &text)
}

/// Does what a line says: a word about the screen, else an operation.
fn obey(model: &mut Model, text: &str) -> Vec<Command> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match &words[..] {
        ["quit" | "exit" | "q"] => super::quit(model),
        ["open", ..] => {
            let path = text["open".len()..].trim();
            if path.is_empty() {
                note_bad(model, "Say which file: open FILE.");
                return Vec::new();
            }
            model.busy = Some(format!("reading {path}"));
            vec![Command::LoadFile(PathBuf::from(path))]
        }
        ["show", rest @ ..] | rest if screen_word(model, rest) => Vec::new(),
        _ => match key_word(model, &words) {
            Some(message) => super::happen(model, message),
            None => run(model, text),
        },
    }
}

/// Views, pages, events, branches, themes: true when `words` were about them.
fn screen_word(model: &mut Model, words: &[&str]) -> bool {
    match words {
        ["page", number] => match number.parse() {
            Ok(number) => {
                look::show(model, View::Page);
                look::select_page(model, PageNo(number));
            }
            Err(_) => note_bad(model, "Say a page's number: page 2."),
        },
        ["event", number] => match number.parse::<usize>() {
            Ok(number) if model.screen == Screen::Lab => time::seek(model, number.max(1)),
            _ => note_bad(model, "Say an event's number: event 12."),
        },
        ["branch", number] => match number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)) {
            Some(branch) if branch < model.branches.len() => time::show_branch(model, branch),
            _ => note_bad(model, "There is no such branch; `branches` lists them."),
        },
        ["predict", word @ ("on" | "off")] => {
            if model.predict.on != (*word == "on") {
                time::toggle_predict(model);
            }
        }
        ["theme", name] => match Theme::named(name) {
            Some(theme) => model.style.theme = theme,
            None => note_bad(model, "Themes are dark, light, colour-blind and plain."),
        },
        ["tree"] => look::show_tree(model, None),
        ["tree", name] => match unescape(name).ok().and_then(|name| String::from_utf8(name).ok()) {
            Some(name) => look::show_tree(model, Some(&name)),
            None => note_bad(model, "A tree's name is text."),
        },
        ["life", number] => match number.parse() {
            Ok(number) => {
                look::select_page(model, PageNo(number));
                look::show(model, View::Life);
            }
            Err(_) => note_bad(model, "Say a page's number: life 2."),
        },
        ["finding" | "findings"] => look::show(model, View::Verify),
        ["help" | "?"] => look::show(model, View::Help),
        [word] if !matches!(*word, "verify" | "diff") => match View::named(word) {
            Some(view) => look::show(model, view),
            None => return false,
        },
        _ => return false,
    }
    true
}

/// Words that do what a key does.
fn key_word(model: &Model, words: &[&str]) -> Option<Message> {
    let lab = model.screen == Screen::Lab;
    match words {
        ["next"] if lab => Some(Message::StepForward),
        ["back"] if lab => Some(Message::StepBack),
        ["first"] if lab => Some(Message::First),
        ["last"] if lab => Some(Message::Last),
        ["play"] if lab => Some(Message::PlayPause),
        ["crash"] if lab => Some(Message::CrashHere),
        ["predict"] if lab => Some(Message::TogglePredict),
        ["branches"] if lab => Some(Message::ListBranches),
        ["branch"] if lab => Some(Message::NextBranch),
        ["explain"] => Some(Message::Explain),
        ["sealed"] => Some(Message::ToggleSealed),
        ["zoom"] => Some(Message::Zoom),
        ["verify"] => Some(Message::Verify),
        ["stop"] if model.verifying.is_some() => Some(Message::StopVerify),
        ["nearer"] => Some(Message::Nearer),
        ["farther"] => Some(Message::Farther),
        ["fold"] => Some(Message::Fold),
        ["map", layer] => MapLayer::named(layer).map(Message::ShowLayer),
        ["receipt", number] => number.parse().ok().map(Message::ReceiptAgainst),
        ["diff"] => Some(Message::DiffOperation),
        ["diff", left] if lab => Some(Message::Diff { left: views::which(model, left), right: Which::Present }),
        ["diff", other] => Some(Message::Diff { left: Which::Present, right: views::which(model, other) }),
        ["diff", left, right] => {
            Some(Message::Diff { left: views::which(model, left), right: views::which(model, right) })
        }
        ["probe"] if keymap::can_probe(model) => Some(Message::Probe),
        _ => None,
    }
}

/// Has an operation run: at the end of this branch, or, at a past instant, on a branch of its own.
pub(super) fn run(model: &mut Model, text: &str) -> Vec<Command> {
    if model.screen != Screen::Lab {
        note_bad(
            model,
            format!("A file at rest is only looked at. `{text}` is no word about the screen: ? lists those."),
        );
        return Vec::new();
    }
    if let Some(busy) = &model.busy {
        let busy = busy.clone();
        note_bad(model, format!("Still {busy}."));
        return Vec::new();
    }
    let line = match Op::parse(text) {
        Ok(op) => op.to_string(),
        Err(why) => {
            note_bad(model, why);
            return Vec::new();
        }
    };
    model.busy = Some(line.clone());
    vec![command_for(model, line)]
}

fn command_for(model: &Model, line: String) -> Command {
    let branch = &model.branches[model.branch];
    let operations = branch.timeline.operations();
    let done = operations.iter().filter(|operation| operation.first < model.at).count();
    if done == operations.len() {
        return Command::Run { branch: model.branch, line };
    }
    let shared = done.checked_sub(1).map_or(0, |last| operations[last].last + 1);
    let cut = branch.crashed_at.filter(|cut| *cut < shared);
    let again = operations[..done].iter().filter(|operation| operation.first >= cut.unwrap_or(0));
    Command::Replay {
        branch: model.branches.len(),
        crashed: cut.map(|cut| branch.timeline.events()[..cut].to_vec()),
        lines: again.map(|operation| operation.line.clone()).collect(),
        shared,
        line,
    }
}
