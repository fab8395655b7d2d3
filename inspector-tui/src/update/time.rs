//! Moving through time: steps, jumps, playing, and the questions on the way. Nothing here runs the engine.

use super::{ask, breaks, note, note_bad};
use crate::command::Command;
use crate::model::{Model, Motion, Point, Speed, View};
use crate::timeline::Mark;
use tosumu::script::Left;

/// `at` events have happened.
pub(super) fn seek(model: &mut Model, at: usize) {
    let Some(timeline) = model.branches.get(model.branch).map(|branch| &branch.timeline) else { return };
    let at = at.min(timeline.len());
    if at == model.at + 1 {
        model.world.apply(timeline.event(model.at));
    } else if at != model.at {
        model.world = timeline.world_at(at);
    }
    arrive(model, at);
}

fn arrive(model: &mut Model, at: usize) {
    model.at = at;
    model.predict.question = None;
    if !matches!(model.view, View::Branches | View::Marks) {
        model.selected_row = super::views::present_row(model);
    }
    if !model.in_bytes() && !super::views::keeps_page(model.view) {
        model.page = None;
    }
    super::look::keep_cursor_inside(model);
}

/// The state anew, after the timeline in front has changed.
pub(super) fn refresh(model: &mut Model, at: usize) {
    let Some(timeline) = model.branches.get(model.branch).map(|branch| &branch.timeline) else { return };
    let at = at.min(timeline.len());
    model.world = timeline.world_at(at);
    arrive(model, at);
}

/// One event on, unless a question comes first.
pub(super) fn step_forward(model: &mut Model) {
    if model.predict.on && model.predict.question.is_none() {
        model.predict.question = ask::coming(model);
        if model.predict.question.is_some() {
            model.playing = None;
            ask::show_chosen(model);
            return;
        }
    }
    seek(model, model.at + 1);
}

pub(super) fn operation_end(model: &mut Model) {
    let target = model.timeline().and_then(|timeline| {
        let operations = timeline.operations();
        operations.iter().map(|operation| operation.last + 1).find(|end| *end > model.at)
    });
    seek(model, target.unwrap_or(usize::MAX));
}

pub(super) fn operation_start(model: &mut Model) {
    let target = model.timeline().and_then(|timeline| {
        let operations = timeline.operations();
        operations.iter().rev().map(|operation| operation.first + 1).find(|start| *start < model.at)
    });
    seek(model, target.unwrap_or(1));
}

pub(super) fn next_transaction(model: &mut Model) {
    let target = model.timeline().and_then(|timeline| timeline.transactions().find(|first| *first >= model.at));
    seek(model, target.map_or(usize::MAX, |first| first + 1));
}

pub(super) fn previous_transaction(model: &mut Model) {
    let target = model.timeline().and_then(|timeline| timeline.transactions().rfind(|first| first + 1 < model.at));
    seek(model, target.map_or(1, |first| first + 1));
}

pub(super) fn next_mark(model: &mut Model, mark: Mark) {
    let index = model.present_index();
    let found = model.timeline().zip(index).and_then(|(timeline, index)| timeline.next(index, mark));
    if let Some(found) = found {
        seek(model, found + 1);
    }
}

pub(super) fn previous_mark(model: &mut Model, mark: Mark) {
    let index = model.present_index();
    let found = model.timeline().zip(index).and_then(|(timeline, index)| timeline.prev(index, mark));
    if let Some(found) = found {
        seek(model, found + 1);
    }
}

pub(super) fn play_or_pause(model: &mut Model) {
    let more = model.timeline().is_some_and(|timeline| model.at < timeline.len());
    if more && model.playing.is_none() && model.style.motion == Motion::None {
        // Nothing moves by itself: it goes where playing would end, unless a question comes first.
        step_forward(model);
        if model.predict.question.is_none() {
            seek(model, usize::MAX);
        }
        return;
    }
    model.playing = match model.playing {
        None if more => Some(Speed::NORMAL),
        _ => None,
    };
}

pub(super) fn tick(model: &mut Model) {
    if model.playing.is_some() {
        step_forward(model);
        if model.predict.question.is_none() && breaks::tell(model) {
            model.playing = None;
        }
        let end = model.timeline().map_or(0, |timeline| timeline.len());
        if model.at >= end {
            model.playing = None;
        }
    }
}

/// The power goes at the present instant and nothing unsynced is left.
pub(super) fn crash_here(model: &mut Model) -> Vec<Command> {
    if model.recording().is_none() && model.busy.is_none() && !model.world.facts.open {
        note_bad(model, "The power is off already: `reopen` opens the store again.");
        return Vec::new();
    }
    crash_leaving(model, Left::Nothing)
}

/// The power goes at the present instant: a branch begins, and the events until now are shared with this one.
pub(super) fn crash_leaving(model: &mut Model, left: Left) -> Vec<Command> {
    let refused = match (model.recording(), &model.busy) {
        (Some(_), _) => Some("A recording is only looked at: its power cannot go.".to_owned()),
        (_, Some(busy)) => Some(format!("Still {busy}.")),
        _ => None,
    };
    if let Some(why) = refused {
        note_bad(model, why);
        return Vec::new();
    }
    let Some(timeline) = model.timeline() else { return Vec::new() };
    let events = timeline.events()[..model.at].to_vec();
    model.busy = Some("cutting the power".to_owned());
    vec![Command::Crash { branch: model.branches.len(), events, left }]
}

pub(super) fn toggle_predict(model: &mut Model) {
    model.predict.on = !model.predict.on;
    skip_question(model);
    note(
        model,
        match model.predict.on {
            true => "Before every split, merge, commit, crash, recovery and verdict you are asked what will happen.",
            false => "No questions are asked.",
        },
    );
}

pub(super) fn choose(model: &mut Model, choice: usize) {
    let known = model.predict.question.as_ref().is_some_and(|question| choice < question.choices.len());
    if known {
        if let Some(question) = &mut model.predict.question {
            question.chosen = Some(choice);
        }
        answer(model);
    }
}

pub(super) fn choose_next(model: &mut Model, by: isize) {
    if let Some(question) = &mut model.predict.question {
        let count = question.choices.len().max(1) as isize;
        let chosen = question.chosen.unwrap_or(0) as isize;
        question.chosen = Some((chosen + by).rem_euclid(count) as usize);
        question.pointed.clear();
    }
    ask::show_chosen(model);
}

pub(super) fn answer(model: &mut Model) {
    if let Some(question) = model.predict.question.as_mut().filter(|question| !question.answered) {
        question.answered = true;
        model.predict.asked += 1;
        model.predict.right += u32::from(question.chosen == Some(question.answer));
        super::unnamed::answered(model);
    }
}

/// Goes on to the event the question was about.
pub(super) fn skip_question(model: &mut Model) {
    if let Some(question) = model.predict.question.take() {
        // The cursor went into the bytes only to show the answers.
        if question.points.iter().any(|point| matches!(point, Point::Key(..))) {
            model.byte = None;
        }
        seek(model, question.event + 1);
    }
}
