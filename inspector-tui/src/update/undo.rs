//! Taking back what was done in the lab, and doing it again. The engine is not run: events are put aside and put back, and
//! it is the next operation that finds its engine ahead and has one brought to the instant.

use super::{note, note_bad, time};
use crate::describe::plural;
use crate::model::Model;
use crate::travel::{Act, Change};

/// Takes back what was done last.
pub(super) fn undo(model: &mut Model) {
    if let Some(busy) = model.busy.clone() {
        return note_bad(model, format!("Still {busy}."));
    }
    let Some(mut act) = model.travel.done.pop() else {
        return note(model, "Nothing was done here that could be taken back.");
    };
    let events = match &mut act.change {
        Change::Grew { branch, before, taken } => {
            let Some(grown) = model.branches.get_mut(*branch) else { return };
            *taken = grown.timeline.cut_off(*before);
            grown.left_at = grown.left_at.min(*before);
            taken.len()
        }
        Change::Began { taken } => {
            let Some(began) = model.branches.pop() else { return };
            let own = began.timeline.len() - began.parent.map_or(0, |(_, shared)| shared);
            *taken = Some(Box::new(began));
            own
        }
    };
    let (branch, at) = act.from;
    let words = act.words.clone();
    model.travel.undone.push(act);
    show(model, branch, at);
    note(model, format!("Taken back: {words} ({}). U does it again.", plural(events, "event")));
}

/// Does again what was taken back last.
pub(super) fn redo(model: &mut Model) {
    if let Some(busy) = model.busy.clone() {
        return note_bad(model, format!("Still {busy}."));
    }
    let Some(mut act) = model.travel.undone.pop() else {
        return note(model, "Nothing was taken back that could be done again.");
    };
    let (branch, at) = match &mut act.change {
        Change::Grew { branch, before, taken } => {
            let Some(grown) = model.branches.get_mut(*branch) else { return };
            grown.timeline.extend(std::mem::take(taken));
            (*branch, *before + 1)
        }
        Change::Began { taken } => {
            let Some(began) = taken.take() else { return };
            let at = began.parent.map_or(0, |(_, shared)| shared) + 1;
            model.branches.push(*began);
            (model.branches.len() - 1, at)
        }
    };
    let words = act.words.clone();
    model.travel.done.push(act);
    show(model, branch, at);
    note(model, format!("Done again: {words}. u takes it back."));
}

fn show(model: &mut Model, branch: usize, at: usize) {
    model.playing = None;
    model.branch = branch.min(model.branches.len().saturating_sub(1));
    model.travel.breakpoints.forget();
    time::refresh(model, at);
}

/// Remembers what was done, for undo.
pub(super) fn remember(model: &mut Model, words: String, from: (usize, usize), change: Change) {
    model.travel.remember(Act { words, from, change });
}
