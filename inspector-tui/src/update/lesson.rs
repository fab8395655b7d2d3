//! In a lesson: going on, going back, answering, and what the engine played. The engine runs elsewhere; a question's event is
//! kept back until it is answered, so that pressing on tells nothing.

use super::{labs, note, note_bad, time};
use crate::command::{Command, Piece};
use crate::keep::Ask;
use crate::lesson::{
    self, Asked, Block, Entry, Given, Lesson, Look, Open, Player, Predict, Score, Script, Standing, Tried, Waiting, Way,
};
use crate::look;
use crate::looking::TreeZoom;
use crate::message::{LessonKey, Staged};
use crate::model::{Focus, Model, Screen, View};
use crate::timeline::Timeline;
use crate::view;
use std::sync::Arc;
use tosumu::trace::Event;

/// Begins a lesson, where it was left when it was.
pub(super) fn open(model: &mut Model, lesson: &Lesson) -> Vec<Command> {
    let kept = model.lessons.progress.of(lesson);
    let player = Player::new(lesson.clone());
    let at = if kept.done || !player.is_stop(kept.at) { 0 } else { kept.at };
    model.lessons.player = Some(Box::new(player));
    // A lesson puts its own questions.
    model.predict.on = false;
    stand(model, at)
}

/// What a key means in a lesson.
pub(super) fn key(model: &mut Model, key: LessonKey) -> Vec<Command> {
    match key {
        _ if model.lessons.player.is_none() => {}
        LessonKey::On => return go_on(model),
        LessonKey::BackUp => return back_up(model),
        LessonKey::Choose(choice) => return choose(model, choice),
        LessonKey::Move(columns, rows) => move_cursor(model, columns, rows),
        LessonKey::MovePages(screens) => {
            let rows = view::lesson::byte_rows(model).max(1) as i32;
            move_cursor(model, 0, screens * rows);
        }
        LessonKey::Byte(byte) => point_at(model, byte),
        LessonKey::Digit(digit) => type_byte(model, digit),
        LessonKey::Text => model.focus = Focus::Text,
        LessonKey::Answer => return answer(model),
        LessonKey::Skip => return skip(model),
        LessonKey::Scroll(lines) => scroll(model, lines),
        LessonKey::Hint => hint(model),
        LessonKey::Reset => return reset(model),
        LessonKey::Solution => solution(model),
    }
    Vec::new()
}

fn player(model: &mut Model) -> Option<&mut Player> {
    model.lessons.player.as_deref_mut()
}

/// Says that the engine is at something, when it is.
fn is_busy(model: &mut Model) -> bool {
    let busy = model.busy.as_ref().map(|busy| format!("Still {busy}."));
    let is_busy = busy.is_some();
    if let Some(words) = busy {
        note(model, words);
    }
    is_busy
}

/// Further down the text; at its end the next piece.
fn go_on(model: &mut Model) -> Vec<Command> {
    if is_busy(model) {
        return Vec::new();
    }
    if view::lesson::lines_below(model) > 0 {
        let height = view::lesson::height(model).saturating_sub(1).max(1);
        scroll(model, height as i32);
        return Vec::new();
    }
    let Some(player) = player(model) else { return Vec::new() };
    let at = player.at;
    if let Some(next) = lesson::next(&player.lesson).filter(|_| player.ended) {
        return open(model, next);
    }
    match player.block() {
        Some(Block::Fold(_)) if !player.unfolded.contains(&at) => {
            player.unfolded.insert(at);
            player.scroll = None;
            Vec::new()
        }
        Some(Block::Task(_)) if !player.may_pass_task() => {
            note(
                model,
                "The task is open: type operations after :, H gives a hint, E shows a solution, J goes past it.",
            );
            Vec::new()
        }
        Some(_) if !player.is_stop(at) && !player.questions.is_empty() => {
            put_next(model);
            Vec::new()
        }
        _ => {
            release(model, usize::MAX);
            go_to(model, usize::MAX);
            walk(model, at + 1)
        }
    }
}

/// On through the pieces that need nobody, to the next that does.
fn walk(model: &mut Model, from: usize) -> Vec<Command> {
    let mut predicts: Vec<Predict> = Vec::new();
    let mut commands = Vec::new();
    let mut at = from;
    loop {
        let Some(player) = player(model) else { return commands };
        (player.pointed, player.scroll) = (None, None);
        let Some(block) = player.lesson.blocks.get(at).cloned() else {
            commands.extend(end(model));
            return commands;
        };
        player.at = at;
        let asks_on = matches!(player.lesson.blocks.get(at + 1), Some(Block::Script(_) | Block::Predict(_)));
        match block {
            Block::Look(looks) => commands.extend(show_looks(model, &looks)),
            Block::Predict(predict) => {
                predicts.push(predict);
                if !asks_on {
                    commands.extend(play(model, None, predicts));
                    return commands;
                }
            }
            Block::Script(script) => {
                commands.extend(play(model, Some(script), predicts));
                return commands;
            }
            Block::Task(_) => {
                commands.extend(stand(model, at));
                commands.extend(remember(model));
                return commands;
            }
            Block::Prose(prose) if prose.is_heading_alone() => {}
            Block::Prose(_) | Block::Fold(_) => {
                commands.extend(remember(model));
                return commands;
            }
        }
        at += 1;
    }
}

/// Has the engine play a script, or answer questions about the store as it stands.
fn play(model: &mut Model, script: Option<Script>, predicts: Vec<Predict>) -> Option<Command> {
    let player = player(model)?;
    player.waiting = Waiting::Script;
    let mut standing = player.standing(player.at);
    let mut lines = Vec::new();
    if let Some(script) = script {
        if let Some(store) = script.store {
            standing = Standing { store, before: Vec::new() };
        }
        lines = script.lines;
    }
    model.busy = Some("running the script".to_owned());
    Some(Command::PlayPiece(Box::new(Piece { standing, lines, predicts })))
}

/// Brings a piece to the front, with the store as it finds it.
fn stand(model: &mut Model, at: usize) -> Vec<Command> {
    let Some(player) = player(model) else { return Vec::new() };
    player.at = at;
    (player.open, player.tried, player.scroll, player.ended) = (None, None, None, false);
    player.pointed = None;
    player.questions.clear();
    player.held.clear();
    let mut standing = player.standing(at);
    player.waiting = Waiting::Store;
    if let Some(task) = player.task() {
        standing = Standing { store: task.store.clone(), before: Vec::new() };
        player.waiting = Waiting::Task;
    }
    model.busy = Some("making the store".to_owned());
    vec![Command::PlayPiece(Box::new(Piece { standing, lines: Vec::new(), predicts: Vec::new() }))]
}

/// The engine played a piece.
pub(super) fn played(model: &mut Model, staged: &Staged) -> Vec<Command> {
    model.busy = None;
    let Some(player) = player(model) else { return Vec::new() };
    let (waiting, at) = (std::mem::take(&mut player.waiting), player.at);
    let shown = staged.asked.first().map_or(staged.events.len(), |asked| asked.event).min(staged.events.len());
    player.first = staged.first;
    player.questions = staged.asked.iter().cloned().collect();
    player.held = staged.events[shown..].to_vec();
    player.tried = (waiting == Waiting::Task).then(|| Tried { first: staged.events.len(), ..Tried::default() });
    let looks = match waiting {
        Waiting::Task => player.looks_of_task().to_vec(),
        _ => player.looks_before(at).to_vec(),
    };
    show_store(model, staged, shown);
    match waiting {
        Waiting::Script if staged.asked.is_empty() => walk(model, at + 1),
        Waiting::Script => {
            put_next(model);
            Vec::new()
        }
        Waiting::Task => {
            model.view = View::Tree;
            let mut commands = show_looks(model, &looks);
            commands.extend(check(model));
            commands
        }
        Waiting::Store | Waiting::Nothing => show_looks(model, &looks),
    }
}

/// The store of a piece takes the place of the one in front; so many of its events are shown.
fn show_store(model: &mut Model, staged: &Staged, shown: usize) {
    let mut timeline = Timeline::new(&staged.file, staged.page_size);
    timeline.extend(staged.events[..shown].to_vec());
    let from_home = model.came_from_home || !model.home.items.is_empty();
    let mut new = Model::lab(timeline, &staged.title);
    new.take_over(model);
    (new.view, new.predict.on, new.came_from_home) = (model.view, model.predict.on, from_home);
    new.looking.tree_zoom = model.looking.tree_zoom;
    new.focus = Focus::Text;
    if matches!(new.view, View::Help | View::Branches) {
        new.view = View::Tree;
    }
    new.selected_row = super::views::present_row(&new);
    *model = new;
}

fn show_looks(model: &mut Model, looks: &[Look]) -> Vec<Command> {
    let first = player(model).map_or(0, |player| player.first);
    if !looks.is_empty() {
        model.looking.tree_zoom = TreeZoom::default();
    }
    for look in looks {
        if let Err(why) = look::apply(model, first, look) {
            note_bad(model, why);
        }
    }
    let commands = match model.view {
        View::Grid if !looks.is_empty() => labs::crash_grid(model),
        View::Tamper if !looks.is_empty() => labs::tamper_lab(model),
        _ => Vec::new(),
    };
    model.focus = Focus::Text;
    commands
}

/// Shows the events that were kept back, up to so many in all.
fn release(model: &mut Model, to: usize) {
    let Some(player) = model.lessons.player.as_deref_mut() else { return };
    let Some(branch) = model.branches.get_mut(model.branch) else { return };
    let count = to.saturating_sub(branch.timeline.len()).min(player.held.len());
    let events: Vec<Arc<Event>> = player.held.drain(..count).collect();
    if !events.is_empty() {
        branch.timeline.extend(events);
        branch.engine = branch.timeline.len();
    }
}

/// To an instant. Where it is the present one, what is looked at stays as it is.
fn go_to(model: &mut Model, at: usize) {
    let end = model.timeline().map_or(0, Timeline::len);
    if at.min(end) != model.at {
        time::seek(model, at);
    }
}

/// Puts the next question.
fn put_next(model: &mut Model) {
    let Some(asked) = player(model).and_then(|player| player.questions.pop_front()) else { return };
    release(model, asked.event);
    go_to(model, asked.event);
    if let Some(player) = player(model) {
        player.open = Some(Open::of(asked));
        (player.pointed, player.scroll) = (None, None);
    }
    model.focus = Focus::Text;
}

fn choose(model: &mut Model, choice: usize) -> Vec<Command> {
    let Some(open) = player(model).and_then(|player| player.open.as_mut()) else { return Vec::new() };
    match &open.asked.way {
        // Twice the same is an answer, as a click on what is chosen is.
        Way::Choose { choices, .. } if choice < choices.len() => match open.chosen.replace(choice) {
            Some(before) if before == choice => answer(model),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn move_cursor(model: &mut Model, columns: i32, rows: i32) {
    let width = view::lesson::bytes_in_row(model) as i64;
    let Some(open) = player(model).and_then(|player| player.open.as_mut()) else { return };
    match &open.asked.way {
        Way::Choose { choices, .. } => {
            let from = open.chosen.map_or(if rows > 0 { -1 } else { 0 }, |chosen| chosen as i64);
            let to = from + i64::from(rows);
            open.chosen = Some(to.rem_euclid(choices.len().max(1) as i64) as usize);
        }
        Way::Point { bytes, .. } => {
            let to = open.byte as i64 + i64::from(columns) + i64::from(rows) * width;
            open.byte = to.clamp(0, bytes.len() as i64 - 1) as usize;
            (open.moved, open.number) = (true, None);
        }
        Way::Type { .. } => {}
    }
}

fn point_at(model: &mut Model, byte: usize) {
    let Some(open) = player(model).and_then(|player| player.open.as_mut()) else { return };
    if let Way::Point { bytes, .. } = &open.asked.way {
        open.byte = byte.min(bytes.len().saturating_sub(1));
        (open.moved, open.number) = (true, None);
    }
}

/// One more digit of a byte's number: the cursor goes to the byte with the number typed so far; one behind the last byte
/// begins another number.
fn type_byte(model: &mut Model, digit: usize) {
    let Some(open) = player(model).and_then(|player| player.open.as_mut()) else { return };
    if let Way::Point { bytes, .. } = &open.asked.way {
        let longer = open.number.map(|number| number * 10 + digit).filter(|number| *number < bytes.len());
        let number = longer.unwrap_or(digit);
        open.byte = number.min(bytes.len().saturating_sub(1));
        (open.moved, open.number) = (true, Some(number));
    }
}

/// The answer is given.
fn answer(model: &mut Model) -> Vec<Command> {
    let Some(open) = player(model).and_then(|player| player.open.clone()) else { return Vec::new() };
    let given = match &open.asked.way {
        Way::Choose { .. } => match open.chosen {
            Some(chosen) => Given::Choice(chosen),
            None => {
                note(model, "Choose an answer first, by its number or with the arrows; Esc goes on without one.");
                return Vec::new();
            }
        },
        Way::Point { .. } if !open.moved => {
            note(model, "Move the cursor first (Home leads to byte 0); Esc goes on without an answer.");
            return Vec::new();
        }
        Way::Point { .. } => Given::Byte(open.byte),
        Way::Type { form, .. } if !open.typed.text.contains(|letter: char| letter.is_ascii_digit()) => {
            let words = format!("Type {form} and press Enter; Esc goes on without an answer.");
            note(model, words);
            return Vec::new();
        }
        Way::Type { .. } => Given::Words(open.typed.text.trim().to_owned()),
    };
    let shown = matches!(open.asked.way, Way::Point { .. }).then(|| Box::new(open.clone()));
    let commands = close(model, open.asked, Some(given));
    if let Some(player) = player(model) {
        player.pointed = shown;
    }
    commands
}

/// A question is over: what it was about is shown.
fn close(model: &mut Model, asked: Asked, given: Option<Given>) -> Vec<Command> {
    let event = asked.event;
    let Some(player) = player(model) else { return Vec::new() };
    (player.open, player.scroll) = (None, None);
    player.put.insert(asked.line, Entry { asked, given });
    let next = player.questions.front().map_or(usize::MAX, |next| next.event);
    release(model, next.max(event));
    go_to(model, event + 1);
    remember(model)
}

/// Past a question without an answer; past a task; past anything else to the next stop.
fn skip(model: &mut Model) -> Vec<Command> {
    if is_busy(model) {
        return Vec::new();
    }
    let Some(player) = player(model) else { return Vec::new() };
    if let Some(open) = player.open.take() {
        return close(model, open.asked, None);
    }
    let at = player.at;
    match (at + 1..player.lesson.blocks.len()).find(|at| player.is_stop(*at)) {
        Some(next) => {
            let mut commands = stand(model, next);
            commands.extend(remember(model));
            commands
        }
        None => end(model),
    }
}

/// To the stop before.
fn back_up(model: &mut Model) -> Vec<Command> {
    if is_busy(model) {
        return Vec::new();
    }
    match player(model).and_then(|player| player.stop_before()) {
        Some(before) => stand(model, before),
        None => {
            note(model, "This is the beginning of the lesson.");
            Vec::new()
        }
    }
}

fn scroll(model: &mut Model, lines: i32) {
    let (first, last) = view::lesson::scrolled(model);
    if let Some(player) = player(model) {
        let to = (first as i64 + i64::from(lines)).clamp(0, last as i64);
        player.scroll = Some(to as usize);
    }
}

/// One hint more.
fn hint(model: &mut Model) {
    let Some(player) = player(model) else { return };
    let all = player.task().map_or(0, |task| task.hints.len());
    match &mut player.tried {
        None => note(model, "Hints are for tasks; none is in front."),
        Some(tried) if tried.hints >= all || tried.passed.is_some() => {
            note(model, "There are no more hints; E shows a solution.");
        }
        Some(tried) => {
            tried.hints += 1;
            player.scroll = Some(usize::MAX);
        }
    }
}

/// Shows the reference solution; that it was shown is remembered with the score.
fn solution(model: &mut Model) {
    let Some(player) = player(model) else { return };
    match &mut player.tried {
        None => note(model, "Solutions are for tasks; none is in front."),
        Some(tried) => {
            tried.solution_shown = true;
            player.scroll = Some(usize::MAX);
        }
    }
}

/// Begins the task, or the section, anew.
fn reset(model: &mut Model) -> Vec<Command> {
    if is_busy(model) {
        return Vec::new();
    }
    let Some(player) = player(model) else { return Vec::new() };
    let at = if player.task().is_some() { player.at } else { player.section() };
    stand(model, at)
}

/// The end of the lesson. One without a task is done by reaching it.
fn end(model: &mut Model) -> Vec<Command> {
    let Some(player) = player(model) else { return Vec::new() };
    player.at = player.lesson.blocks.len().saturating_sub(1);
    player.ended = true;
    let lesson = player.lesson.clone();
    if !lesson.blocks.iter().any(|block| matches!(block, Block::Task(_))) {
        let kept = model.lessons.progress.of(&lesson);
        model.lessons.progress.keep(&lesson, lesson::Kept { done: true, ..kept });
    }
    remember(model)
}

/// Keeps where the reader stands.
fn remember(model: &mut Model) -> Vec<Command> {
    let Some(player) = model.lessons.player.as_deref() else { return Vec::new() };
    let mut kept = model.lessons.progress.of(&player.lesson);
    kept.at = player.at;
    let answered = player.put.values().filter(|entry| entry.given.is_some());
    let right = answered.clone().filter(|entry| entry.given.as_ref().is_some_and(|given| entry.asked.is_right(given)));
    (kept.right, kept.asked) = (kept.right.max(right.count() as u32), kept.asked.max(answered.count() as u32));
    let lesson = player.lesson.clone();
    model.lessons.progress.keep(&lesson, kept);
    write(model)
}

fn write(model: &Model) -> Vec<Command> {
    match model.lessons.broken {
        Some(_) => Vec::new(),
        None => vec![Command::Keep(Ask::WriteProgress(Box::new(model.lessons.progress.clone())))],
    }
}

/// Something was run: the task in front is looked at again.
pub(super) fn check(model: &Model) -> Vec<Command> {
    let Some(player) = model.lessons.player.as_deref().filter(|_| model.screen == Screen::Lab) else {
        return Vec::new();
    };
    match (player.task(), &player.tried) {
        (Some(task), Some(tried)) if tried.passed.is_none() => {
            vec![Command::CheckTask { branch: model.branch, task: Box::new(task.clone()) }]
        }
        _ => Vec::new(),
    }
}

/// The checks were tried.
pub(super) fn checked(model: &mut Model, branch: usize, missing: Vec<Option<String>>) -> Vec<Command> {
    let Some(player) = model.lessons.player.as_deref_mut() else { return Vec::new() };
    let (Some(task), number) = (player.task().cloned(), player.task_number()) else { return Vec::new() };
    let Some(tried) = player.tried.as_mut().filter(|_| branch == model.branch) else { return Vec::new() };
    let passes = missing.iter().all(Option::is_none);
    tried.missing = missing;
    if !passes || tried.passed.is_some() {
        return Vec::new();
    }
    let events = model.branches.get(branch).map_or(&[][..], |branch| branch.timeline.events());
    let events = &events[tried.first.min(events.len())..];
    let (used, receipt) = (lesson::used(&task, events), lesson::receipt(events));
    let score = Score {
        used,
        syncs: receipt.syncs,
        writes: receipt.writes,
        bytes: receipt.bytes_written,
        was_shown: tried.solution_shown,
    };
    tried.score = lesson::score_text(&task, used, &receipt);
    tried.passed = Some(score);
    player.scroll = None;
    let lesson = player.lesson.clone();
    model.lessons.progress.passed(&lesson, number, score);
    model.focus = Focus::Text;
    note(model, "Done. The score, the hints and a solution stand with the task; Enter goes on.");
    write(model)
}

/// Why nothing may be run now.
pub(super) fn refusal(model: &Model, line: &str) -> Option<String> {
    let player = model.lessons.player.as_deref()?;
    if player.open.is_some() || !player.questions.is_empty() {
        return Some("A question is open: answer it first, or go on without with Esc.".to_owned());
    }
    lesson::refusal(player.task()?, line)
}
