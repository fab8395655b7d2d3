//! Lines being typed: the command line with its history, the path on the home screen, the search in help.
//!
//! The command line takes the operations of the script language and, beside them, words about the screen.

use super::{file, home, keep, lesson, look, note, note_bad, script, views, words};
use crate::command::Command;
use crate::complete;
use crate::keep::Ask;
use crate::keymap;
use crate::labs::twin::Difference;
use crate::line_edit::LineEdit;
use crate::looking::{MapLayer, Which};
use crate::message::{Edit, LessonKey, Message, TwinAsk};
use crate::model::{Model, Screen, View};
use crate::timeline::Timeline;
use std::ops::Range;
use std::path::PathBuf;
use tosumu::escape::unescape;
use tosumu::script::{Left, Op, cut_by_hand};
use tosumu::trace::Event;
use tosumu::types::PageNo;

/// Lines that are remembered.
const HISTORY_MAX: usize = 500;

pub(super) fn active(model: &mut Model) -> Option<&mut LineEdit> {
    if model.screen == Screen::Home {
        return model.home.input.as_mut();
    }
    if model.view == View::Help && model.help_search.active {
        return Some(&mut model.help_search);
    }
    if model.is_typing_answer() {
        return model.lessons.player.as_mut()?.open.as_mut().map(|open| &mut open.typed);
    }
    Some(&mut model.command_line).filter(|line| line.active)
}

pub(super) fn type_letter(model: &mut Model, letter: char) {
    if let Some(secret) = &mut model.file_work.secret {
        return secret.push(letter);
    }
    if let Some(line) = active(model) {
        line.insert(letter);
    }
    if model.view == View::Help && model.help_search.active {
        (model.scroll, model.selected_row) = (0, 0);
    }
}

/// Text was pasted: several lines are a list of operations, one goes into the line being typed.
pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Command> {
    if model.file_work.secret.is_some() {
        text.lines().next().unwrap_or_default().chars().for_each(|letter| type_letter(model, letter));
        return Vec::new();
    }
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    let in_lab = model.screen == Screen::Lab && !model.help_search.active && model.predict.question.is_none();
    if in_lab && lines > 1 {
        model.command_line.active = false;
        return script::run_lines(model, &text);
    }
    if in_lab && lines == 1 && !model.is_typing() {
        model.command_line.active = true;
    }
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    first.chars().for_each(|letter| type_letter(model, letter));
    Vec::new()
}

pub(super) fn edit(model: &mut Model, edit: Edit) {
    if let Some(secret) = &mut model.file_work.secret {
        return match edit {
            Edit::Backspace => secret.backspace(),
            Edit::Clear => secret.clear(),
            _ => {}
        };
    }
    match edit {
        Edit::Earlier => return keep::recall(model, -1),
        Edit::Later => return keep::recall(model, 1),
        Edit::Search => return keep::search_history(model),
        _ => model.history_at = None,
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
        Edit::Earlier | Edit::Later | Edit::Complete | Edit::Search => {}
    }
}

pub(super) fn leave(model: &mut Model) {
    if model.screen == Screen::Home {
        model.home.input = None;
    } else if model.help_search.active {
        model.help_search.active = false;
    } else {
        // What is left half typed would stand before the next line.
        model.command_line.take();
        model.command_line.active = false;
        model.history_at = None;
    }
}

pub(super) fn submit(model: &mut Model) -> Vec<Command> {
    if model.file_work.secret.is_some() {
        return file::submit_key(model);
    }
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
    let mut commands = Vec::new();
    if model.history.last() != Some(&text) {
        model.history.push(text.clone());
        let surplus = model.history.len().saturating_sub(HISTORY_MAX);
        model.history.drain(..surplus);
        commands.push(Command::Keep(Ask::Remember(text.clone())));
    }
    // With an operation of one's own the tour is over: what it says next would be about another store.
    let asked = obey(model, &text);
    if !asked.is_empty() && model.busy.is_some() {
        model.tour = None;
    }
    commands.extend(asked);
    commands
}

/// Does what a line says: a word about the screen or about time, else an operation.
fn obey(model: &mut Model, text: &str) -> Vec<Command> {
    let words: Vec<&str> = text.split_whitespace().collect();
    if let Some(commands) = words::about_time(model, text, &words) {
        return commands;
    }
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
        ["mark", name] => keep::set_bookmark(model, name),
        ["unmark", name] => keep::remove_bookmark(model, name),
        ["mark" | "unmark", ..] => {
            note_bad(model, "Say one word: mark before-the-split; unmark takes it away, `notes` lists all.");
            Vec::new()
        }
        ["twin", what @ ..] if !what.is_empty() => twin(model, what),
        ["unlock", ..] => file::unlock(model, &text["unlock".len()..]),
        ["follow"] => file::follow(model),
        ["cancel"] => file::cancel(model),
        ["note", ..] => keep::take_note(model, &text["note".len()..]),
        ["export", name @ ..] if name.len() < 2 => keep::export(model, name.first().copied()),
        ["session", rest @ ..] => keep::session(model, rest),
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
        ["theme", name] => keep::set_theme(model, name),
        ["set", key, value] => keep::set(model, key, value),
        ["set", ..] => keep::set(model, "", ""),
        ["notes"] => keep::list_notes(model),
        ["narrate"] => {
            let words = "Without a screen, sentence by sentence: tosumu lab --narrate, tosumu open FILE --narrate.";
            note(model, words);
        }
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
        [word] if !["verify", "diff", "branches", "marks", "grid", "tamper", "twin"].contains(word) => {
            match View::named(word) {
                Some(view) => look::show(model, view),
                None => return false,
            }
        }
        _ => return false,
    }
    true
}

/// Words that do what a key does.
fn key_word(model: &Model, words: &[&str]) -> Option<Message> {
    match words {
        ["grid"] if model.screen == Screen::Lab => Some(Message::CrashGrid),
        ["tamper"] if model.screen == Screen::Lab => Some(Message::TamperLab),
        ["tamper", "matrix"] if model.screen == Screen::Lab => Some(Message::TamperMatrix),
        ["twin"] if model.screen == Screen::Lab => Some(Message::Twin(TwinAsk::Open)),
        ["explain"] => Some(Message::Explain),
        ["what"] if model.unnamed().is_some() => Some(Message::WhatHappened),
        ["hint"] if model.lessons.player.is_some() => Some(Message::Lesson(LessonKey::Hint)),
        ["reset"] if model.lessons.player.is_some() => Some(Message::Lesson(LessonKey::Reset)),
        ["solution"] if model.lessons.player.is_some() => Some(Message::Lesson(LessonKey::Solution)),
        ["skip"] if model.lessons.player.is_some() => Some(Message::Lesson(LessonKey::Skip)),
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
        ["diff", left] if model.screen == Screen::Lab => {
            Some(Message::Diff { left: views::which(model, left), right: Which::Present })
        }
        ["diff", other] => Some(Message::Diff { left: Which::Present, right: views::which(model, other) }),
        ["diff", left, right] => {
            Some(Message::Diff { left: views::which(model, left), right: views::which(model, right) })
        }
        ["probe"] if keymap::can_probe(model) => Some(Message::Probe),
        _ => None,
    }
}

/// `twin WHAT`: why it cannot be, or both are run.
fn twin(model: &mut Model, what: &[&str]) -> Vec<Command> {
    let refused = match model.screen {
        Screen::Lab if model.recording().is_none() => None,
        Screen::Lab => Some("A recording has no engine that could run its script a second time."),
        _ => Some("A file at rest tells no operations that two engines could run: open the lab for that."),
    };
    if let Some(why) = refused {
        note_bad(model, why);
        return Vec::new();
    }
    match Difference::parse(what) {
        Ok(difference) => super::twin::take(model, TwinAsk::Run(difference)),
        Err(why) => {
            note_bad(model, format!("Nothing was run: {why}."));
            Vec::new()
        }
    }
}

/// Which branch operations go onto.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum On {
    /// The one in front, at its end; at a past instant a new one.
    Branch,
    /// A new one always: what is run takes events back.
    NewBranch,
}

/// Has an operation run: at the end of this branch, or, at a past instant, on a branch of its own.
pub(super) fn run(model: &mut Model, text: &str) -> Vec<Command> {
    if let Some(why) = refusal(model, text) {
        let why = if model.busy.is_some() || model.lessons.player.is_some() { why } else { or_like(model, text, why) };
        note_bad(model, why);
        return Vec::new();
    }
    match Op::parse(text) {
        Ok(op) => {
            let on = if matches!(op, Op::Cut { .. }) { On::NewBranch } else { On::Branch };
            hand_over(model, op.to_string(), op.to_string(), on)
        }
        Err(why) => {
            let why = or_like(model, text, why);
            note_bad(model, why);
            Vec::new()
        }
    }
}

/// Hands operations to the worker; meanwhile the screen says that it is `busy`.
pub(super) fn hand_over(model: &mut Model, busy: String, text: String, on: On) -> Vec<Command> {
    if let Some(why) = refusal(model, &text) {
        note_bad(model, why);
        return Vec::new();
    }
    model.busy = Some(busy);
    vec![command_for(model, text, on)]
}

/// Why nothing can be run now.
fn refusal(model: &Model, text: &str) -> Option<String> {
    let word = text.split_whitespace().next().unwrap_or_default();
    if model.screen != Screen::Lab {
        return Some(format!("A file at rest is only looked at. `{word}` is no word about the screen: ? lists those."));
    }
    if model.recording().is_some() {
        return Some(format!("A recording is only looked at. `{word}` is no word about the screen: ? lists those."));
    }
    model.busy.as_ref().map(|busy| format!("Still {busy}.")).or_else(|| lesson::refusal(model, text))
}

/// The complaint, or the word that was meant: what is nearly right is worth more than the list of all.
fn or_like(model: &Model, text: &str, why: String) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let near = if complete::is_operation(word) { None } else { complete::nearest(model, word) };
    near.map_or(why, |word| format!("`{text}` cannot be done. Did you mean `{word}`?"))
}

fn command_for(model: &Model, line: String, on: On) -> Command {
    let branch = &model.branches[model.branch];
    let (timeline, operations) = (&branch.timeline, branch.timeline.operations());
    let done = operations.iter().filter(|operation| operation.first < model.at).count();
    let cut = branch.crashed_at.filter(|cut| *cut < model.at);
    let is_at_end = done == operations.len() && cut == branch.crashed_at;
    if is_at_end && on == On::Branch && branch.engine == timeline.len() {
        return Command::Run { branch: model.branch, line };
    }
    let behind_operation = done.checked_sub(1).map_or(0, |last| operations[last].last + 1);
    let shared = match (is_at_end, cut, branch.crashed_at) {
        (true, ..) => timeline.len(),
        (_, Some(cut), _) => behind_operation.max(cut + 1),
        (_, None, Some(later)) => behind_operation.min(later),
        (_, None, None) => behind_operation,
    };
    Command::Replay {
        branch: if is_at_end && on == On::Branch { model.branch } else { model.branches.len() },
        crashed: cut.map(|cut| {
            let left = cut_by_hand(timeline.events(), cut).unwrap_or(Left::Nothing);
            (timeline.events()[..cut].to_vec(), left)
        }),
        lines: lines_between(timeline, cut.unwrap_or(0)..behind_operation.max(shared)),
        shared,
        line,
    }
}

/// What was asked for in these events, in order.
fn lines_between(timeline: &Timeline, events: Range<usize>) -> Vec<String> {
    let asked = timeline.events()[events.start..events.end.min(timeline.len())].iter();
    let lines = asked.filter_map(|event| match &**event {
        Event::OperationStarted { line } | Event::Expected { line, .. } => Some(line.clone()),
        _ => None,
    });
    lines.collect()
}
