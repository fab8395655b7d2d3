//! Branches of time: gone to, named, listed, compared. Each is found again at the instant where it was left.

use super::{look, note, note_bad, time, views};
use crate::command::Command;
use crate::describe::plural;
use crate::looking::Which;
use crate::model::{Model, View};
use std::sync::Arc;

/// Remembers where the branch in front is left.
pub(super) fn leave(model: &mut Model) {
    let at = model.at;
    if let Some(left) = model.branches.get_mut(model.branch) {
        left.left_at = at;
    }
}

pub(super) fn next(model: &mut Model) {
    show(model, (model.branch + 1) % model.branches.len().max(1));
}

/// Brings a branch to the front, at the instant where it was left.
pub(super) fn show(model: &mut Model, branch: usize) {
    let Some(shown) = model.branches.get(branch) else { return };
    let (name, at) = (shown.name.clone(), shown.left_at);
    if branch != model.branch {
        leave(model);
        model.branch = branch;
        model.travel.breakpoints.forget();
        time::refresh(model, at);
    }
    note(model, format!("Branch {} of {}: {name}.", branch + 1, model.branches.len()));
}

/// The branch that `name` names: by its name or its number.
fn named(model: &Model, name: &str) -> Option<usize> {
    let by_name = model.branches.iter().position(|branch| branch.name == name);
    let by_number = || name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    by_name.or_else(by_number).filter(|branch| *branch < model.branches.len())
}

/// `branch NAME`.
pub(super) fn go_to(model: &mut Model, name: &str) {
    match named(model, name) {
        Some(branch) => show(model, branch),
        None => no_such(model),
    }
}

fn no_such(model: &mut Model) {
    note_bad(model, "There is no such branch; `branches` lists them with their names and numbers.");
}

/// `name NAME`: the branch in front is called so.
pub(super) fn name(model: &mut Model, name: &str) {
    if name.parse::<usize>().is_ok() {
        return note_bad(model, "A number names a branch already: choose a word.");
    }
    if model.branches.iter().any(|branch| branch.name == name) {
        return note_bad(model, format!("Another branch is called {name} already."));
    }
    let at = model.branch;
    if let Some(branch) = model.branches.get_mut(at) {
        let old = std::mem::replace(&mut branch.name, name.to_owned());
        note(model, format!("Branch {} is called {name} now; it was {old}.", at + 1));
    }
}

/// Shows the list, the branch in front chosen.
pub(super) fn list(model: &mut Model) {
    if model.view == View::Branches {
        return leave_list(model);
    }
    model.travel.view_before_list = Some(model.view);
    look::show(model, View::Branches);
}

pub(super) fn leave_list(model: &mut Model) {
    let view = model.travel.view_before_list.take().unwrap_or(View::Tree);
    look::show(model, view);
}

/// Goes to the branch under the cursor.
pub(super) fn choose(model: &mut Model) {
    let branch = model.selected_row;
    leave_list(model);
    show(model, branch);
}

/// `compare NAME`: the end of the branch in front beside the end of another, by structure.
pub(super) fn compare(model: &mut Model, name: &str) -> Vec<Command> {
    let Some(other) = named(model, name) else {
        no_such(model);
        return Vec::new();
    };
    let end = |branch: usize| Which::Instant { branch, at: model.branches[branch].timeline.len() };
    let (left, right) = (end(model.branch), end(other));
    let [one, two] = [model.branch, other].map(|branch| &model.branches[branch]);
    let pairs = one.timeline.events().iter().zip(two.timeline.events());
    let shared = pairs.take_while(|(one, two)| Arc::ptr_eq(one, two) || one == two).count();
    let told = format!("The ends of {} and {}: they share {}.", one.name, two.name, plural(shared, "event"));
    let commands = views::diff(model, left, right);
    note(model, told);
    commands
}
