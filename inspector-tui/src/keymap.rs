//! One table of keys. Dispatch, the hints under every screen and the list of all keys come from it, so that no hint can
//! say what the key does not do.
//!
//! A key may stand in several rows with conditions that exclude each other; a letter has one meaning in every view.

use crate::file_work::KeySort;
use crate::message::{Edit, LessonKey, Message, TwinAsk};
use crate::model::{Focus, Model, Screen, View};
use crate::timeline::Mark;
use crate::travel::{Direction, mark_target};

/// How many hints stand before the one for all keys.
const HINTS_BEFORE_HELP: usize = 4;

/// A key, whatever terminal it comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is named as the key is")]
pub enum Key {
    Char(char),
    Control(char),
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    PageUp,
    PageDown,
    Enter,
    Escape,
    Tab,
    BackTab,
    Backspace,
    Delete,
}

impl Key {
    /// How the key is called on the screen.
    pub fn name(self, ascii: bool) -> String {
        let name = match (self, ascii) {
            (Key::Char(' '), _) => "Space",
            (Key::Char(letter), _) => return letter.to_string(),
            (Key::Control(letter), _) => return format!("Ctrl-{}", letter.to_ascii_uppercase()),
            (Key::Left, false) => "←",
            (Key::Right, false) => "→",
            (Key::Up, false) => "↑",
            (Key::Down, false) => "↓",
            (Key::Left, true) => "Left",
            (Key::Right, true) => "Right",
            (Key::Up, true) => "Up",
            (Key::Down, true) => "Down",
            (Key::Home, _) => "Home",
            (Key::End, _) => "End",
            (Key::PageUp, _) => "PgUp",
            (Key::PageDown, _) => "PgDn",
            (Key::Enter, _) => "Enter",
            (Key::Escape, _) => "Esc",
            (Key::Tab, _) => "Tab",
            (Key::BackTab, _) => "Shift-Tab",
            (Key::Backspace, _) => "Backspace",
            (Key::Delete, _) => "Del",
        };
        name.to_owned()
    }

    /// The key that is called so where only ASCII is used: `x`, `Space`, `Ctrl-K`, `PgDn`.
    pub fn named(name: &str) -> Option<Key> {
        let named = [
            Key::Char(' '),
            Key::Left,
            Key::Right,
            Key::Up,
            Key::Down,
            Key::Home,
            Key::End,
            Key::PageUp,
            Key::PageDown,
            Key::Enter,
            Key::Escape,
            Key::Tab,
            Key::BackTab,
            Key::Backspace,
            Key::Delete,
        ];
        let only = |text: &str| Some(text.chars().next()?).filter(|letter| text.len() == letter.len_utf8());
        let control = || only(name.strip_prefix("Ctrl-")?).map(|letter| Key::Control(letter.to_ascii_lowercase()));
        let letter = || only(name).filter(|letter| !letter.is_control()).map(Key::Char);
        named.into_iter().find(|key| key.name(true) == name).or_else(control).or_else(letter)
    }
}

mod keys;
mod when;

pub use keys::{KeyClash, Keys, action_like, has_action};
pub use when::{can_back, can_forward, can_probe, has_key, is_about_log};

use when::*;

/// One row of the table.
pub struct Binding {
    /// The keys, where nobody chose others; the first is the one hints name.
    pub keys: &'static [Key],
    /// What they do.
    pub message: Message,
    /// What the hint says; `{operation}` stands for the present operation's first word. Empty: never hinted.
    pub hint: &'static str,
    /// What the list of all keys says.
    pub help: &'static str,
    /// The command that does the same; empty when there is none.
    pub command: &'static str,
    /// Whether it does something now.
    pub when: fn(&Model) -> bool,
    /// Why it does nothing, for when it does not; empty when another row says it.
    pub otherwise: &'static str,
}

/// A row of the list of all keys.
#[derive(Clone, Debug)]
pub struct HelpRow {
    /// The keys.
    pub keys: String,
    /// What they do.
    pub what: String,
    /// The command that does the same; empty when there is none.
    pub command: String,
    /// Whether it does something now.
    pub now: bool,
    /// What it does; none when it is done by its command alone.
    pub message: Option<Message>,
}

/// What `key` does now: the first row of the table that has the key and holds now; else, when a row has the key, the
/// reason why it does nothing; else, while a line is typed, the letter itself.
pub fn dispatch(model: &Model, key: Key) -> Option<Message> {
    let keys = &model.style.keys;
    let rows = || table().iter().enumerate().filter(|(at, _)| keys.of(*at).contains(&key)).map(|(_, binding)| binding);
    if let Some(binding) = rows().find(|binding| (binding.when)(model)) {
        return Some(binding.message.clone());
    }
    if unanswered(model) {
        return Some(Message::Refused("A question is open: Enter answers it, Esc goes on without, p asks no more."));
    }
    if model.is_typing() {
        return match key {
            Key::Char(letter) => Some(Message::Type(letter)),
            _ => None,
        };
    }
    let reason = rows().find(|binding| !binding.otherwise.is_empty()).map(|binding| binding.otherwise);
    let unknown = matches!(key, Key::Char(_)) && rows().next().is_none() && model.screen != Screen::Home;
    reason.or(unknown.then_some("This key has no meaning: ? lists those that have.")).map(Message::Refused)
}

/// The keys most likely wanted now: pairs of the key's name and what it does, `?` among the first five.
pub fn hints(model: &Model) -> Vec<(String, String)> {
    hint_keys(model).into_iter().map(|(key, words)| (key.name(model.style.ascii), words)).collect()
}

/// The same with the keys themselves.
pub fn hint_keys(model: &Model) -> Vec<(Key, String)> {
    let (mut help, mut hints) = (Vec::new(), Vec::new());
    for (binding, key) in hinted(model) {
        let hint = (key, worded(binding.hint, model));
        match binding.message {
            Message::Help => help.push(hint),
            _ => hints.push(hint),
        }
    }
    let at = hints.len().min(HINTS_BEFORE_HELP);
    hints.splice(at..at, help);
    hints
}

/// The rows to hint at, each with the first of its keys that no row above it takes now.
fn hinted(model: &Model) -> Vec<(&'static Binding, Key)> {
    let mut taken: Vec<Key> = Vec::new();
    let mut rows = Vec::new();
    for (at, binding) in table().iter().enumerate().filter(|(_, binding)| (binding.when)(model)) {
        let keys = model.style.keys.of(at);
        let free = keys.iter().find(|key| !taken.contains(key));
        if let Some(key) = free.filter(|_| !binding.hint.is_empty() && is_near(&binding.message, model)) {
            rows.push((binding, *key));
        }
        taken.extend(keys);
    }
    rows
}

/// Every key, what it does, and whether it does so now, those first, narrowed to the rows that contain `search`. While help
/// is open, now is the moment it was called.
pub fn help_rows(model: &Model, search: &str) -> Vec<HelpRow> {
    let search = search.to_lowercase();
    let mut rows: Vec<HelpRow> = Vec::new();
    let behind = |index: usize| model.help_now.get(index).copied();
    let is_now = |index: usize| behind(index).unwrap_or_else(|| (table()[index].when)(model));
    for (index, binding) in table().iter().enumerate().filter(|(_, binding)| !binding.help.is_empty()) {
        let row_keys = model.style.keys.of(index);
        // A row whose keys all mean something else now is not reached by them.
        let is_listed = |above: &usize| !table()[*above].help.is_empty();
        let above = || (0..index).filter(is_listed);
        let taken = |key: &Key| above().any(|above| model.style.keys.of(above).contains(key) && is_now(above));
        let now = is_now(index) && (row_keys.is_empty() || !row_keys.iter().all(taken));
        let names: Vec<String> = row_keys.iter().map(|key| key.name(model.style.ascii)).collect();
        let keys = names.join(" ");
        let row = HelpRow {
            keys,
            what: binding.help.to_owned(),
            command: binding.command.to_owned(),
            now,
            message: Some(binding.message.clone()).filter(|_| !row_keys.is_empty()),
        };
        let text = format!("{} {} {}", row.keys, row.what, row.command).to_lowercase();
        if text.contains(&search) {
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| !row.now);
    rows
}

/// For each row of the table whether it does something now: kept when help opens, for help to tell.
pub fn possible_now(model: &Model) -> Vec<bool> {
    table().iter().map(|binding| (binding.when)(model)).collect()
}

fn worded(hint: &str, model: &Model) -> String {
    let word = model.operation().and_then(|operation| operation.line.split_whitespace().next()).unwrap_or("operation");
    hint.replace("{operation}", word)
}

/// Whether a view can be brought to the front now.
pub fn shows(model: &Model, view: View) -> bool {
    let is_row = |binding: &&Binding| matches!(binding.message, Message::Show(shown) if shown == view);
    table().iter().find(is_row).is_some_and(|binding| (binding.when)(model))
}

/// All keys, likeliest first.
pub fn table() -> &'static [Binding] {
    TABLE
}

macro_rules! bind {
    ($keys:expr, $message:expr, $hint:expr, $help:expr, $command:expr, $when:expr, $otherwise:expr) => {
        Binding {
            keys: &$keys,
            message: $message,
            hint: $hint,
            help: $help,
            command: $command,
            when: $when,
            otherwise: $otherwise,
        }
    };
}

use Key::{
    BackTab, Backspace, Char, Control, Delete, Down, End, Enter, Escape, Home, Left, PageDown, PageUp, Right, Tab, Up,
};

#[rustfmt::skip]
static TABLE: &[Binding] = &[
    // An answer is typed in a lesson.
    bind!([Enter], Message::Lesson(LessonKey::Answer), "answer", "", "", typing_answer, ""),
    bind!([Escape], Message::Lesson(LessonKey::Skip), "skip", "", "", typing_answer, ""),
    bind!([Tab], Message::NextRegion, "to the views", "", "", typing_answer, ""),

    // While a line is typed.
    bind!([Enter], Message::Submit, "open the file with it", "", "", |m| m.file_work.secret.is_some(), ""),
    bind!([Escape], Message::Back, "leave it locked", "", "", |m| m.file_work.secret.is_some(), ""),
    bind!([Enter], Message::Submit, "run it", "run the line that is typed", "", typing, ""),
    bind!([Escape], Message::Back, "leave the line", "", "", typing, ""),
    bind!([Up], Message::Edit(Edit::Earlier), "the line before", "", "", typing_with_history, ""),
    bind!([Down], Message::Edit(Edit::Later), "", "", "", typing_with_history, ""),
    bind!([Control('r')], Message::Edit(Edit::Search), "search the history", "the last line that has what was typed in it; again for an older one", "", typing_with_history, ""),
    bind!([Backspace, Control('h')], Message::Edit(Edit::Backspace), "", "", "", typing, ""),
    bind!([Delete], Message::Edit(Edit::Delete), "", "", "", typing, ""),
    bind!([Left], Message::Edit(Edit::Left), "", "", "", typing, ""),
    bind!([Right], Message::Edit(Edit::Right), "", "", "", typing, ""),
    bind!([Home, Control('a')], Message::Edit(Edit::Home), "", "", "", typing, ""),
    bind!([End, Control('e')], Message::Edit(Edit::End), "", "", "", typing, ""),
    bind!([Tab], Message::Edit(Edit::Complete), "complete", "complete the word that is typed; again for the next that fits", "", typing_completed, ""),
    bind!([Control('u')], Message::Edit(Edit::Clear), "", "empty the line that is typed", "", typing, ""),

    // While a question is open.
    bind!([Enter], Message::Answer, "answer", "give the answer chosen; a page or a key that is asked for can be clicked", "", unanswered, ""),
    bind!([Down, Right], Message::ChooseDown, "next answer", "", "", unanswered, ""),
    bind!([Up, Left], Message::ChooseUp, "", "", "", unanswered, ""),
    bind!([Char('1')], Message::Choose(0), "", "", "", unanswered, ""),
    bind!([Char('2')], Message::Choose(1), "", "", "", unanswered, ""),
    bind!([Char('3')], Message::Choose(2), "", "", "", unanswered, ""),
    bind!([Char('4')], Message::Choose(3), "", "", "", unanswered, ""),
    bind!([Char('5')], Message::Choose(4), "", "", "", unanswered, ""),
    bind!([Char('6')], Message::Choose(5), "", "", "", unanswered, ""),
    bind!([Escape], Message::SkipQuestion, "skip", "go on without an answer", "", unanswered, ""),
    bind!([Char('p')], Message::TogglePredict, "", "", "", asking, ""),
    bind!([Right, Enter, Escape], Message::SkipQuestion, "go on", "", "", answered, ""),

    // In a lesson.
    bind!([Enter], Message::Lesson(LessonKey::Answer), "answer", "give the answer chosen or pointed at in a lesson", "", lesson_asks, ""),
    bind!([Down], Message::Lesson(LessonKey::Move(0, 1)), "down", "", "", lesson_asks, ""),
    bind!([Up], Message::Lesson(LessonKey::Move(0, -1)), "", "", "", lesson_asks, ""),
    bind!([Right], Message::Lesson(LessonKey::Move(1, 0)), "on", "", "", lesson_points, ""),
    bind!([Left], Message::Lesson(LessonKey::Move(-1, 0)), "", "", "", lesson_points, ""),
    bind!([PageDown], Message::Lesson(LessonKey::MovePages(1)), "", "", "", lesson_points, ""),
    bind!([PageUp], Message::Lesson(LessonKey::MovePages(-1)), "", "", "", lesson_points, ""),
    bind!([Home], Message::Lesson(LessonKey::Byte(0)), "", "", "", lesson_points, ""),
    bind!([End], Message::Lesson(LessonKey::Byte(usize::MAX)), "", "", "", lesson_points, ""),
    bind!([Char('0')], Message::Lesson(LessonKey::Digit(0)), "", "", "", lesson_points, ""),
    bind!([Char('1')], Message::Lesson(LessonKey::Digit(1)), "", "", "", lesson_points, ""),
    bind!([Char('2')], Message::Lesson(LessonKey::Digit(2)), "", "", "", lesson_points, ""),
    bind!([Char('3')], Message::Lesson(LessonKey::Digit(3)), "", "", "", lesson_points, ""),
    bind!([Char('4')], Message::Lesson(LessonKey::Digit(4)), "", "", "", lesson_points, ""),
    bind!([Char('5')], Message::Lesson(LessonKey::Digit(5)), "", "", "", lesson_points, ""),
    bind!([Char('6')], Message::Lesson(LessonKey::Digit(6)), "", "", "", lesson_points, ""),
    bind!([Char('7')], Message::Lesson(LessonKey::Digit(7)), "", "", "", lesson_points, ""),
    bind!([Char('8')], Message::Lesson(LessonKey::Digit(8)), "", "", "", lesson_points, ""),
    bind!([Char('9')], Message::Lesson(LessonKey::Digit(9)), "", "", "", lesson_points, ""),
    bind!([Char('1')], Message::Lesson(LessonKey::Choose(0)), "", "", "", lesson_offers, ""),
    bind!([Char('2')], Message::Lesson(LessonKey::Choose(1)), "", "", "", lesson_offers, ""),
    bind!([Char('3')], Message::Lesson(LessonKey::Choose(2)), "", "", "", lesson_offers, ""),
    bind!([Char('4')], Message::Lesson(LessonKey::Choose(3)), "", "", "", lesson_offers, ""),
    bind!([Char('5')], Message::Lesson(LessonKey::Choose(4)), "", "", "", lesson_offers, ""),
    bind!([Char('6')], Message::Lesson(LessonKey::Choose(5)), "", "", "", lesson_offers, ""),
    bind!([Escape], Message::Lesson(LessonKey::Skip), "skip", "", "", lesson_asks, ""),
    bind!([Char(':')], Message::OpenCommandLine, "type an operation", "", "", lesson_task, ""),
    bind!([Char('H')], Message::Lesson(LessonKey::Hint), "hint", "a hint for the task of a lesson", "hint", lesson_task, "Hints are for tasks of a lesson."),
    bind!([Escape], Message::Lesson(LessonKey::Text), "back to the lesson", "from the views back to the text of a lesson", "", lesson_views, ""),
    bind!([Enter], Message::Lesson(LessonKey::On), "go on", "on with the lesson", "", lesson_text, ""),
    bind!([Tab], Message::NextRegion, "to the views", "", "", lesson_text, ""),
    bind!([Backspace], Message::Lesson(LessonKey::BackUp), "back", "back to the piece of the lesson before", "", lesson_text, ""),
    bind!([Down], Message::Lesson(LessonKey::Scroll(1)), "", "the text of a lesson down", "", lesson_text, ""),
    bind!([Up], Message::Lesson(LessonKey::Scroll(-1)), "", "the text of a lesson up", "", lesson_text, ""),
    bind!([PageDown], Message::Lesson(LessonKey::Scroll(10)), "", "", "", lesson_text, ""),
    bind!([PageUp], Message::Lesson(LessonKey::Scroll(-10)), "", "", "", lesson_text, ""),
    bind!([Char('E')], Message::Lesson(LessonKey::Solution), "", "an example: the reference solution of a task", "solution", lesson_task, "Solutions are for tasks of a lesson."),
    bind!([Char('R')], Message::Lesson(LessonKey::Reset), "", "begin the task or the section of a lesson anew", "reset", lesson_free, "Nothing is begun anew outside a lesson."),
    bind!([Char('J')], Message::Lesson(LessonKey::Skip), "", "jump past a task or a piece of a lesson", "skip", lesson_free, "There is nothing to jump past outside a lesson."),

    // In help.
    bind!([Escape, Char('?'), Char('q')], Message::Back, "back", "", "", help, ""),
    bind!([Char('/')], Message::SearchHelp, "search", "search in this list", "", help, ""),
    bind!([Enter], Message::Activate, "do it", "", "", |m| help(m) && m.rows() > 0, ""),
    bind!([Down, Char('j')], Message::MoveRows(1), "down", "", "", help, ""),
    bind!([Up, Char('k')], Message::MoveRows(-1), "", "", "", help, ""),
    bind!([PageDown], Message::MovePages(1), "", "", "", help, ""),
    bind!([PageUp], Message::MovePages(-1), "", "", "", help, ""),

    // The home screen.
    bind!([Down, Char('j')], Message::HomeMove(1), "down", "", "", home, ""),
    bind!([Up, Char('k')], Message::HomeMove(-1), "up", "", "", home, ""),
    bind!([PageDown], Message::HomeMove(10), "", "ten files down", "", |m| home(m) && (m.home.gallery.is_some() || m.home.lessons.is_some()), ""),
    bind!([PageUp], Message::HomeMove(-10), "", "ten files up", "", |m| home(m) && (m.home.gallery.is_some() || m.home.lessons.is_some()), ""),
    bind!([Enter], Message::HomeChoose, "choose", "", "", home, ""),
    bind!([Char('?')], Message::Refused("Up and Down choose, Enter begins; in the lab and in a file ? lists every key and command."), "", "", "", home, ""),
    bind!([Escape], Message::Back, "back", "", "", |m| home(m) && (m.home.gallery.is_some() || m.home.lessons.is_some()), ""),

    // The tour.
    bind!([Right], Message::TourOn, "end of the tour", "", "", |m| lab(m) && m.tour.is_some_and(|step| step + 1 >= crate::guide::TOUR.len()) && m.busy.is_none() && !m.in_bytes(), ""),
    bind!([Right], Message::TourOn, "go on with the tour", "go on with the tour", "", |m| lab(m) && m.tour.is_some() && m.busy.is_none() && !m.in_bytes(), ""),

    // In the bytes of a page.
    bind!([Right], Message::MoveBytes(1), "next byte", "one byte on", "", byte_behind, "This is the last byte. Esc leads back to stepping."),
    bind!([Enter], Message::Activate, "follow the pointer", "go to the page that this pointer names", "", |m| bytes(m) && m.pointer_at_cursor().is_some(), ""),
    bind!([Enter], Message::Activate, "who wrote it", "go to the event that wrote this byte", "", |m| bytes(m) && m.screen == Screen::Lab && m.pointer_at_cursor().is_none(), ""),
    bind!([Enter], Message::Refused("A file at rest does not tell who wrote a byte; a trace does."), "", "", "", |m| bytes(m) && m.pointer_at_cursor().is_none(), ""),
    bind!([Escape], Message::Back, "leave the bytes", "", "", bytes, ""),
    bind!([Left], Message::MoveBytes(-1), "byte before", "one byte back", "", byte_before, "This is the first byte. Esc leads back to stepping."),
    bind!([Down], Message::MoveRows(1), "", "16 bytes on", "", bytes, ""),
    bind!([Up], Message::MoveRows(-1), "", "16 bytes back", "", bytes, ""),

    // A verification under way.
    bind!([Char('c')], Message::StopVerify, "stop verifying", "end the verification; what was found stays", "stop", |m| file_screen(m) && m.verifying.is_some(), ""),

    // What goes on round a file.
    bind!([Char('c')], Message::StopOrGoOn, "stop reading", "end the reading in the background; what was read stays", "cancel", |m| file_screen(m) && m.verifying.is_none() && m.file_work.is_reading(), ""),
    bind!([Char('c')], Message::StopOrGoOn, "go on reading", "go on reading in the background", "", |m| file_screen(m) && m.file_work.can_go_on(), "Nothing is read in the background now."),
    bind!([Char('P')], Message::AskKey(KeySort::Passphrase), "open with a passphrase", "type the passphrase of a locked file; `unlock file PATH` names a key file", "unlock, unlock recovery, unlock file PATH", is_locked, "This file is not locked."),
    bind!([Char('F')], Message::Follow, "", "follow the file: whenever another process has changed it, it is looked at again; or do not", "follow", file_screen, "Only a file is followed: open one."),
    bind!([Left, Char('h')], Message::StepBack, "the look before", "the look before, of a file that is followed", "", |m| can_look_back(m) && no_bytes(m) && !map_in_front(m), ""),
    bind!([Right, Char('l')], Message::StepForward, "the next look", "the next look, of a file that is followed", "", |m| can_look_on(m) && no_bytes(m) && !map_in_front(m), ""),
    bind!([Home], Message::First, "", "the first look, of a file that is followed", "", |m| can_look_back(m) && no_bytes(m), ""),
    bind!([End], Message::Last, "", "the newest look, of a file that is followed", "", |m| can_look_on(m) && no_bytes(m), ""),

    // The crash grid.
    bind!([Enter], Message::ChooseCell, "step this recovery", "cut the power as this cell of the grid says, and step its recovery", "", on_struck_cell, ""),
    bind!([Right], Message::MoveCell(1, 0), "next instant", "the next instant of the crash grid", "", on_grid, ""),
    bind!([Down], Message::MoveCell(0, 1), "next fault", "the next fault of the crash grid", "", on_grid, ""),
    bind!([Left], Message::MoveCell(-1, 0), "", "", "", on_grid, ""),
    bind!([Up], Message::MoveCell(0, -1), "", "", "", on_grid, ""),
    bind!([Enter], Message::Refused("Nothing is pending here that this fault could strike: there is no crash to step."), "", "", "", on_grid, ""),
    bind!([Escape, Char('X')], Message::Back, "leave the grid", "", "", on_grid, ""),
    bind!([Char('c')], Message::StopGrid, "stop", "compute no more of the crash grid", "", |m| lab(m) && m.labs.grid.as_ref().is_some_and(|grid| !grid.is_complete()) && m.busy.is_some(), ""),

    // The tamper lab.
    bind!([Char('1')], Message::Guess(0), "to 4: guess", "guess: the lie is refused", "", on_untold, ""),
    bind!([Char('2')], Message::Guess(1), "", "guess: every answer stays right", "", on_untold, ""),
    bind!([Char('3')], Message::Guess(2), "", "guess: only a fingerprint tells", "", on_untold, ""),
    bind!([Char('4')], Message::Guess(3), "", "guess: nobody notices", "", on_untold, ""),
    bind!([Enter], Message::TellLie, "show it", "show what came of this lie", "", on_untold, ""),
    bind!([Enter], Message::TellLie, "do it to the store", "tell this lie to the store itself, and verify", "", |m| on_lies(m) && !m.labs.tamper.lies.is_empty(), ""),
    bind!([Down, Char('j')], Message::MoveCell(0, 1), "next lie", "the next lie", "", on_lies, ""),
    bind!([Up, Char('k')], Message::MoveCell(0, -1), "", "", "", on_lies, ""),
    bind!([Tab], Message::TamperMatrix, "the matrix", "every attack against every defence: the matrix", "tamper matrix", on_lies, ""),
    bind!([Down, Char('j')], Message::MoveCell(0, 1), "next attack", "the next attack of the matrix", "", on_matrix, ""),
    bind!([Right, Char('l')], Message::MoveCell(1, 0), "next defence", "the next defence of the matrix", "", on_matrix, ""),
    bind!([Up, Char('k')], Message::MoveCell(0, -1), "", "", "", on_matrix, ""),
    bind!([Left, Char('h')], Message::MoveCell(-1, 0), "", "", "", on_matrix, ""),
    bind!([PageDown], Message::MoveCell(0, 10), "", "ten attacks on", "", on_matrix, ""),
    bind!([PageUp], Message::MoveCell(0, -10), "", "ten attacks back", "", on_matrix, ""),
    bind!([Tab, Escape], Message::TamperMatrix, "the lies", "", "", on_matrix, ""),
    bind!([Escape, Char('A')], Message::Back, "leave the lab", "", "", on_tamper, ""),
    bind!([Char('c')], Message::StopGrid, "stop", "tell no more lies", "", |m| on_tamper(m) && m.busy.is_some(), ""),

    // The twin run.
    bind!([Char('1')], Message::Twin(TwinAsk::Guess(0)), "to 3: guess", "guess: the left one has more", "", twin_asks, ""),
    bind!([Char('2')], Message::Twin(TwinAsk::Guess(1)), "", "guess: the right one has more", "", twin_asks, ""),
    bind!([Char('3')], Message::Twin(TwinAsk::Guess(2)), "", "guess: both have the same", "", twin_asks, ""),
    bind!([Enter], Message::Twin(TwinAsk::Enter), "look without a guess", "show the twins without a guess", "", twin_asks, ""),
    bind!([Enter], Message::Twin(TwinAsk::Enter), "run both", "run two engines with the difference under the cursor", "", |m| on_twin(m) && m.labs.twin.difference.is_none(), ""),
    bind!([Enter], Message::Twin(TwinAsk::Enter), "another difference", "choose another difference", "", |m| on_twin(m) && m.labs.twin.told().is_some(), ""),
    bind!([Down, Char('j')], Message::Twin(TwinAsk::Move(1)), "down", "", "", twin_moves, ""),
    bind!([Up, Char('k')], Message::Twin(TwinAsk::Move(-1)), "", "", "", twin_moves, ""),
    bind!([Escape, Char('W')], Message::Back, "leave the twins", "", "", on_twin, ""),
    bind!([Char('c')], Message::StopGrid, "stop", "end both engines", "", |m| on_twin(m) && m.busy.is_some(), ""),

    // Time stands still behind a lab: a step that nobody sees would only surprise later.
    bind!([Right, Left, Char('l'), Char('h'), Char(']'), Char('['), Char('}'), Char('{'), Char(')'), Char('('), Char(' '), Char('.'), Char(','), Home, End], Message::Refused("Time stands still while a lab is in front: Esc leads back to stepping."), "", "", "", on_lab, ""),

    // A finding in front.
    bind!([Char('Q')], Message::WhatHappened, "what happened here?", "say what happened to this file of the gallery, and be told", "what", |m| file_screen(m) && m.unnamed().is_some(), "That is asked of the files of the gallery, in `Look at damaged files`."),
    bind!([Enter], Message::Activate, "show these bytes", "show the bytes a finding is about", "", finding_with_page, ""),
    bind!([Enter], Message::Refused("No view shows these bytes; `tosumu inspect superblock FILE` does."), "", "", "", finding_in_front, ""),
    bind!([Char('e')], Message::Explain, "explain", "say what the finding means and what brings it about", "explain", can_explain, "There is no finding to explain."),
    bind!([Char('p')], Message::Probe, "", "say which lie a page is, and what speaks for it", "probe", can_probe, "There is no page here that was not probed yet."),
    bind!([Char('n')], Message::NextFinding, "next finding", "the next finding", "", several_findings, "There is no other finding."),
    bind!([Char('N')], Message::PreviousFinding, "", "the finding before", "", several_findings, "There is no other finding."),

    bind!([Escape], Message::Back, "back", "", "", |m| file_screen(m) && m.zoomed, ""),

    // The list of branches.
    bind!([Enter], Message::Activate, "go there", "to the branch under the cursor, where it was left", "", |m| branch_list(m) && m.selected_row != m.branch, ""),
    bind!([Escape], Message::Back, "back", "", "", branch_list, ""),
    bind!([Enter], Message::Back, "", "", "", branch_list, ""),

    // The list of marks.
    bind!([Enter], Message::Activate, "to the next of this kind", "to the next mark of the kind under the cursor; ( and ) then go on to these", "", mark_list, ""),
    bind!([Escape], Message::Back, "back", "", "", mark_list, ""),

    // A recording: nothing can be done to it.
    bind!([Char('x'), Char('r'), Char('v'), Char('u'), Char('U'), Char('X'), Char('A')], Message::Refused("This is a recording: it is stepped through, and nothing can be done to it."), "", "", "", |m| lab(m) && m.recording().is_some(), ""),

    // Time.
    bind!([Char(' ')], Message::PlayPause, "pause", "", "", |m| lab(m) && m.playing.is_some(), ""),
    bind!([Char('v')], Message::Verify, "verify the store", "", "", |m| sandbox(m) && m.view == View::Verify && m.world.facts.checked.is_empty() && m.world.facts.open && m.busy.is_none(), ""),
    bind!([Char('r')], Message::Reopen, "open the store again", "open the store again: recovery, step by step", "reopen", can_reopen, "The store is open, or is opened later on this branch: step on."),
    bind!([Right, Char('l')], Message::StepForward, "next", "the next event", "next", |m| can_forward(m) && no_bytes(m), "This is the last event. Type an operation: press : first."),
    bind!([Char('l')], Message::StepForward, "", "", "", can_forward, ""),
    bind!([Char(':'), Char('/')], Message::OpenCommandLine, "type an operation", "type an operation or a command", "", |m| sandbox(m) && !can_forward(m), ""),
    bind!([Left, Char('h')], Message::StepBack, "back", "the event before; nothing is run again", "back", |m| can_back(m) && no_bytes(m), "This is the first event."),
    bind!([Char('h')], Message::StepBack, "", "", "", can_back, ""),
    bind!([Char(']')], Message::OperationEnd, "to the end of the {operation}", "to the last event of this operation, then of the next", "", |m| can_forward(m) && !between_operations(m), ""),
    bind!([Char(']')], Message::OperationEnd, "next operation", "", "", |m| can_forward(m) && between_operations(m), "This is the last event."),
    bind!([Char('[')], Message::OperationStart, "", "to the first event of this operation, then of the one before", "", can_back, "This is the first event."),
    bind!([Char('x')], Message::Refused("Esc leads out of here; then x cuts the power at the instant in front."), "", "", "", on_lab, ""),
    bind!([Char('x')], Message::CrashHere, "crash here", "the power goes at this instant: a new branch of time begins", "crash", |m| sandbox(m) && m.world.facts.open && m.busy.is_none(), "The power is off already: press r to open the store again."),
    bind!([Char('X')], Message::CrashGrid, "", "cut the power behind every disk call of this operation: the crash grid", "grid", |m| sandbox(m) && m.operation().is_some(), "There is no operation here whose disk calls could be cut."),
    bind!([Char('A')], Message::TamperLab, "", "tell every kind of lie to a copy of this store: the tamper lab", "tamper", sandbox, "A recording is only looked at."),
    bind!([Char('W')], Message::Twin(TwinAsk::Open), "", "two engines, one script, one difference: the twin run", "twin order|commits|page-size", sandbox, "A recording has no engine that could run its script a second time."),
    bind!([Char('?')], Message::Help, "all keys", "every key and command, searchable", "help", inspecting, ""),
    bind!([Char('}')], Message::NextTransaction, "", "to the next transaction", "", can_forward, "This is the last event."),
    bind!([Char('{')], Message::PreviousTransaction, "", "to the transaction before", "", can_back, "This is the first event."),
    bind!([Char('c')], Message::NextMark(Mark::Commit), "", "to the next commit", "", |m| has_mark(m, Mark::Commit, true), "There is no later commit."),
    bind!([Char('C')], Message::PreviousMark(Mark::Commit), "", "to the commit before", "", |m| has_mark(m, Mark::Commit, false), "There is no earlier commit."),
    bind!([Char('s')], Message::NextMark(Mark::Split), "", "to the next split", "", |m| has_mark(m, Mark::Split, true), "There is no later split."),
    bind!([Char('S')], Message::PreviousMark(Mark::Split), "", "to the split before", "", |m| has_mark(m, Mark::Split, false), "There is no earlier split."),
    bind!([Char('m')], Message::NextMark(Mark::Merge), "", "to the next merge of two pages", "", |m| has_mark(m, Mark::Merge, true), "There is no later merge."),
    bind!([Char('M')], Message::PreviousMark(Mark::Merge), "", "to the merge before", "", |m| has_mark(m, Mark::Merge, false), "There is no earlier merge."),
    bind!([Char('o')], Message::NextMark(Mark::Chain), "", "to the next long value written, read or given up", "", |m| has_mark(m, Mark::Chain, true), "There is no later long value."),
    bind!([Char('O')], Message::PreviousMark(Mark::Chain), "", "to the long value before", "", |m| has_mark(m, Mark::Chain, false), "There is no earlier long value."),
    bind!([Char('g')], Message::NextMark(Mark::Free), "", "to the next page given back or taken again", "", |m| has_mark(m, Mark::Free, true), "No later event gives a page back or takes one again."),
    bind!([Char('G')], Message::PreviousMark(Mark::Free), "", "to the one before", "", |m| has_mark(m, Mark::Free, false), "No earlier event gives a page back or takes one again."),
    bind!([Char('J')], Message::ListMarks, "", "jump: the kinds of marks with their counts, to choose from", "marks", |m| lab(m) && m.at > 0, "Only what has a history has marks: the lab and a trace."),
    bind!([Char(')')], Message::NextChosenMark, "", "to the next mark of the kind chosen last (J), at first of any", "next KIND", |m| lab(m) && mark_target(m, m.travel.mark, Direction::On).is_some(), "There is no later mark of the kind that was chosen: J lists them all."),
    bind!([Char('(')], Message::PreviousChosenMark, "", "to the mark before of that kind", "prev KIND", |m| lab(m) && mark_target(m, m.travel.mark, Direction::Back).is_some(), "There is no earlier mark of the kind that was chosen: J lists them all."),
    bind!([Home], Message::First, "", "to the first event", "first", can_back, "This is the first event."),
    bind!([End], Message::Last, "", "to the last event", "last", can_forward, "This is the last event."),
    bind!([Char(' ')], Message::PlayPause, "play", "play, or stop playing", "play", |m| can_forward(m) && m.playing.is_none(), "This is the last event."),
    bind!([Char('+'), Char('=')], Message::Faster, "", "play faster", "", |m| lab(m) && m.playing.is_some(), "Nothing is playing: press Space first."),
    bind!([Char('-')], Message::Slower, "", "play slower", "", |m| lab(m) && m.playing.is_some(), "Nothing is playing: press Space first."),
    bind!([Char('b')], Message::NextBranch, "next branch", "the next branch of time", "branch", |m| lab(m) && m.branches.len() > 1, "There is one branch of time only: x or an operation in the past begins another."),
    bind!([Char('B')], Message::ListBranches, "", "the branches of time, to choose from", "branches", lab, ""),
    bind!([Char('p')], Message::TogglePredict, "", "ask me before every split, merge, commit, crash, recovery and verdict, or do not", "predict", lab, ""),
    bind!([Char('u')], Message::Undo, "", "take back what was done last: an operation, a crash, a tampering, a branch", "undo", |m| sandbox(m) && m.busy.is_none() && !m.travel.done.is_empty(), "Nothing was done here that could be taken back."),
    bind!([Char('U')], Message::Redo, "", "do again what was taken back last", "redo", |m| sandbox(m) && m.busy.is_none() && !m.travel.undone.is_empty(), "Nothing was taken back that could be done again."),
    bind!([Char('.')], Message::RunOn, "", "run on to the next breakpoint", "", |m| lab(m) && m.travel.breakpoints.hit_from(m.at).is_some(), "No later event meets a breakpoint: `:break split` sets one, and K one on events like this."),
    bind!([Char(',')], Message::RunBack, "", "back to the breakpoint before", "", |m| lab(m) && m.travel.breakpoints.hit_before(m.at.saturating_sub(1)).is_some(), "No earlier event meets a breakpoint: `:break split` sets one, and K one on events like this."),
    bind!([Char('K')], Message::BreakHere, "", "a breakpoint at events like this one, or none any more", "break KIND", |m| lab(m) && m.present().is_some(), ""),
    bind!([Char('|')], Message::WholeStrip, "", "the strip shows the whole timeline with its marks, or the operation again", "strip", |m| lab(m) && regions(m).len() < 3, "Both stand on this screen."),
    bind!([], Message::RunOn, "", "stop at a key, a page or a transaction; `breaks` lists, `unbreak N` takes away", "break key K|page N|tx N", lab, ""),
    bind!([], Message::RunOn, "", "kinds are commit sync split merge value free checkpoint crash finding, and mark for any", "next KIND, prev KIND", lab, ""),
    bind!([], Message::RunOn, "", "to event N; start and end are places too", "seek N", lab, ""),
    bind!([], Message::RunOn, "", "give this branch a name; go to one by its name or number; compare two ends", "name N, branch N, compare N", lab, ""),
    bind!([], Message::RunOn, "", "write this branch as a script; run the lines of one (a list can be pasted too)", "save FILE, run FILE", sandbox, ""),

    // Views and regions.
    bind!([Enter], Message::Activate, "show this page", "show the page under the cursor of the map", "", map_in_front, ""),
    bind!([Char('>')], Message::Nearer, "nearer", "", "", map_can_come_nearer, ""),
    bind!([Char('>')], Message::Nearer, "", "look at the tree or the map from nearer", "nearer", can_zoom, "Only the tree and the map can be looked at from nearer or farther."),
    bind!([Char('<')], Message::Farther, "", "look at the tree or the map from farther away", "farther", can_zoom, "Only the tree and the map can be looked at from nearer or farther."),
    bind!([Char('L')], Message::NextLayer, "next layer", "the map's next layer: kind, fill, age, check", "map LAYER", map_in_front, "Only the map (3) has layers."),
    bind!([Char('a')], Message::Fold, "", "fold what lies below a node of the tree away, or unfold it", "fold", tree_in_front, "Only a node of the tree (1) can be folded."),
    bind!([Down], Message::MoveRows(1), "", "one row of the map down", "", map_in_front, ""),
    bind!([Up], Message::MoveRows(-1), "", "one row of the map up", "", map_in_front, ""),
    bind!([Right, Char('l')], Message::NextPage, "", "the next page of the map", "", map_of_file, ""),
    bind!([Left, Char('h')], Message::PreviousPage, "", "the page before on the map", "", map_of_file, ""),
    bind!([Enter], Message::EnterBytes, "into the bytes", "into the bytes of the shown page", "", can_enter_bytes, ""),
    bind!([Enter], Message::Activate, "show it", "go to the event or page of this row", "", is_list_elsewhere, ""),
    bind!([Enter], Message::Refused("This is the present event."), "", "", "", is_list, "Nothing here leads anywhere."),
    bind!([Down, Char('j')], Message::MoveRows(1), "down", "one row down", "", row_below, ""),
    bind!([Up, Char('k')], Message::MoveRows(-1), "", "one row up", "", row_above, ""),
    bind!([Down, Char('j')], Message::NextPage, "", "select the next page", "", |m| shows_page(m) && no_bytes(m) && !is_list(m), ""),
    bind!([Up, Char('k')], Message::PreviousPage, "", "select the page before", "", |m| shows_page(m) && no_bytes(m) && !is_list(m), ""),
    bind!([PageDown], Message::MovePages(1), "", "one screen down", "", inspecting, ""),
    bind!([PageUp], Message::MovePages(-1), "", "one screen up", "", inspecting, ""),
    bind!([Char('1')], Message::Show(View::Tree), "", "the tree", "tree", inspecting, ""),
    bind!([Char('2')], Message::Show(View::Page), "", "the page, byte by byte", "page N", inspecting, ""),
    bind!([Char('3')], Message::Show(View::Map), "", "the whole file, a cell a page", "map", inspecting, ""),
    bind!([Char('4')], Message::Show(View::Log), "", "the log", "log", inspecting, ""),
    bind!([Char('5')], Message::Show(View::Disk), "", "what memory, system and disk hold", "disk", inspecting, ""),
    bind!([Char('7')], Message::Show(View::Snapshots), "", "who reads which commit, and what a checkpoint waits for", "snapshots", inspecting, ""),
    bind!([Char('6')], Message::Show(View::Seals), "", "the chain of trust, from a secret down to the page", "seals", inspecting, ""),
    bind!([Char('9')], Message::Show(View::Receipt), "", "what the operation was given and what it cost", "receipt N", inspecting, ""),
    bind!([Char('d')], Message::DiffOperation, "", "what the operation has changed so far; `diff A B` compares instants or files", "diff A B", inspecting, ""),
    bind!([Char('w')], Message::Show(View::Life), "", "the life of the page: every version of it", "life N", shows_page, "No page is shown."),
    bind!([Char('8')], Message::Show(View::Verify), "", "what was found", "findings", inspecting, ""),
    bind!([Char('0')], Message::Show(View::Events), "", "every event in a sentence", "events", inspecting, ""),
    bind!([Char('t')], Message::NextTree, "", "draw the next tree: the main one, then the named ones", "tree NAME", has_trees, "There are no named trees."),
    bind!([Char('f')], Message::ToggleSealed, "", "the page as it is sealed, or plain", "sealed", shows_page, "No page is shown."),
    bind!([Tab], Message::NextRegion, "", "the next region", "", inspecting, ""),
    bind!([BackTab], Message::PreviousRegion, "", "the region before", "", inspecting, ""),
    bind!([Char('z')], Message::Zoom, "", "give the region the whole screen, or take it back", "zoom", inspecting, ""),
    bind!([Escape], Message::Cancel, "", "", "", |m| file_screen(m) && !something_to_leave(m) && (m.file_work.is_reading() || m.verifying.is_some()), ""),
    bind!([Escape], Message::Back, "", "one step back: out of bytes, zoom, a selected page", "", something_to_leave, ""),
    bind!([Char('v')], Message::Verify, "verify again", "verify the file again", "verify", |m| file_screen(m) && m.busy.is_none(), ""),
    bind!([Char('v')], Message::Verify, "", "verify the store", "verify", |m| sandbox(m) && m.busy.is_none(), ""),
    bind!([Char('q')], Message::Quit, "quit", "back to the home screen, and from there out", "quit", |m| file_screen(m) || (home(m) && m.home.gallery.is_none() && m.home.lessons.is_none()), ""),
    bind!([Char('q')], Message::Quit, "", "", "", home, ""),
    bind!([Char('q')], Message::Quit, "", "", "", lab, ""),
    bind!([Char(':'), Char('/')], Message::OpenCommandLine, "type a command", "", "", file_screen, ""),
    bind!([Char(':'), Char('/')], Message::OpenCommandLine, "", "", "", inspecting, ""),
    bind!([Char('y')], Message::Export, "", "write the view in front to a picture", "export FILE", inspecting, ""),
    bind!([Char('i')], Message::NoteHere, "", "write a note on the byte, page or event looked at", "note TEXT", inspecting, ""),
    bind!([Char('\'')], Message::NextNote, "", "to the next note or bookmark; `mark WORD` names this place, `seek WORD` leads back", "mark WORD", inspecting, ""),
    bind!([Char('T')], Message::NextTheme, "", "the next theme", "theme NAME", |m| free(m), ""),
    bind!([], Message::ListNotes, "", "say all notes", "notes", inspecting, ""),
    bind!([], Message::Refused("Say session save, session load, or either with the name of a file."), "", "keep what was done in the lab, or bring it back", "session save|load", lab, ""),
    bind!([], Message::Refused("Say set theme NAME, or set ascii, colour, motion or mouse on or off."), "", "set theme, ascii, colour, motion or mouse until the program ends", "set KEY VALUE", inspecting, ""),
    bind!([], Message::Refused("Without a screen: tosumu lab --narrate, tosumu open FILE --narrate."), "", "how to do without a screen", "narrate", inspecting, ""),
    bind!([Control('c')], Message::QuitNow, "", "leave at once", "", |_| true, ""),
    bind!([Control('l')], Message::Redraw, "", "draw the screen anew", "", |_| true, ""),
];

/// The focus is named here so that views and keys speak of the same regions.
pub fn regions(model: &Model) -> &'static [Focus] {
    if model.lessons.player.is_some() && model.screen == Screen::Lab {
        return &[Focus::Text, Focus::Main, Focus::Card];
    }
    let wide = model.size.0 >= 110 && model.size.1 >= 30;
    if wide { &[Focus::Main, Focus::Card, Focus::Side] } else { &[Focus::Main, Focus::Card] }
}
