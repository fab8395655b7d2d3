//! The labs: what is asked of the engine, and what has come of it so far.

use super::{branches, look, note, note_bad, script, time};
use crate::command::Command;
use crate::labs::TamperLab;
use crate::labs::grid::{Fault, Grid};
use crate::labs::matrix::Matrix;
use crate::labs::tamper::{Lie, Verdict};
use crate::model::{Model, View};

/// Has the power cut behind every disk call of the present operation; what was computed before is shown again.
pub(super) fn crash_grid(model: &mut Model) -> Vec<Command> {
    let (Some(timeline), Some(operation)) = (model.timeline(), model.operation()) else { return Vec::new() };
    // On a branch that began at one of its cells the operation was cut: there its grid is the one it was chosen from.
    let parent = model.branches.get(model.branch).and_then(|branch| branch.parent).map(|(parent, _)| parent);
    let is_this = |grid: &Grid| {
        let start = grid.columns.first().map(|column| column.events);
        let is_here = grid.branch == model.branch || parent == Some(grid.branch);
        grid.is_complete() && is_here && start == Some(operation.first)
    };
    if model.labs.grid.as_ref().is_some_and(is_this) {
        open(model, View::Grid);
        return Vec::new();
    }
    if let Some(busy) = &model.busy {
        let why = format!("Still {busy}.");
        note_bad(model, why);
        return Vec::new();
    }
    let command = Command::CrashGrid {
        branch: model.branch,
        events: timeline.events()[..=operation.last].to_vec(),
        operation: operation.clone(),
    };
    model.busy = Some(format!("cutting the power in `{}`; c stops it", operation.line));
    model.labs.grid = None;
    vec![command]
}

/// Brings a lab to the front; the view that gives way to it comes back when it is left.
pub(super) fn open(model: &mut Model, lab: View) {
    if !is_lab(model.view) {
        model.labs.before = Some(model.view);
    }
    if model.view != lab {
        look::show(model, lab);
    }
}

/// Whether a view is a lab.
pub(super) fn is_lab(view: View) -> bool {
    matches!(view, View::Grid | View::Tamper | View::Twin)
}

/// So much of the grid is computed.
pub(super) fn grid_news(model: &mut Model, grid: Grid) {
    if model.labs.grid.is_none() {
        // The instant before the first sync, and all of it lost: where most is to be seen.
        let sync = grid.columns.iter().position(|column| column.word == "SYNC").unwrap_or(1);
        let lost = Fault::ALL.iter().position(|fault| *fault == Fault::Lost).unwrap_or(0);
        model.labs.cell = (sync.saturating_sub(1), lost);
        open(model, View::Grid);
    }
    model.labs.grid = Some(grid);
}

/// The grid is computed, or was stopped.
pub(super) fn grid_done(model: &mut Model, grid: Grid) {
    model.busy = None;
    grid_news(model, grid);
}

/// Goes to the instant of the cell under the cursor and cuts the power there: a branch begins, and its recovery can be stepped.
pub(super) fn choose_cell(model: &mut Model) -> Vec<Command> {
    let (column, row) = model.labs.cell;
    let Some(grid) = &model.labs.grid else { return Vec::new() };
    let Some((branch, events)) = grid.columns.get(column).map(|instant| (grid.branch, instant.events)) else {
        return Vec::new();
    };
    let Some(left) = grid.left(column, row).cloned() else {
        note(model, "Nothing is pending here that this fault could strike: there is no crash to step.");
        return Vec::new();
    };
    leave(model);
    if branch != model.branch {
        branches::show(model, branch);
    }
    time::seek(model, events);
    time::crash_leaving(model, left)
}

/// Moves the cursor by columns and rows.
pub(super) fn move_cell(model: &mut Model, columns: i32, rows: i32) {
    let moved = |at: usize, by: i32, count: usize| {
        at.saturating_add_signed(isize::try_from(by).unwrap_or(0)).min(count.saturating_sub(1))
    };
    if model.view == View::Tamper {
        let lab = &mut model.labs.tamper;
        if let Some((row, column)) = lab.matrix {
            let known = Matrix::known();
            lab.matrix = Some((moved(row, rows, known.rows.len()), moved(column, columns, known.columns.len())));
            return;
        }
        lab.row = moved(lab.row, rows, lab.lies.len());
        return;
    }
    let Some(grid) = &model.labs.grid else { return };
    let (column, row) = model.labs.cell;
    model.labs.cell = (moved(column, columns, grid.columns.len()), moved(row, rows, Fault::ALL.len()));
}

/// Puts the cursor on a cell of the grid, or on a lie.
pub(super) fn select_cell(model: &mut Model, (column, row): (usize, usize)) {
    if model.view == View::Tamper {
        model.labs.tamper.row = row.min(model.labs.tamper.lies.len().saturating_sub(1));
    } else if let Some(grid) = &model.labs.grid {
        model.labs.cell = (column.min(grid.columns.len().saturating_sub(1)), row.min(Fault::ALL.len() - 1));
    }
}

/// Back to the view that gave way to the lab.
pub(super) fn leave(model: &mut Model) {
    let view = model.labs.before.take().unwrap_or(View::Tree);
    look::show(model, view);
}

/// Tells every kind of lie to a copy of the store as it stands at the present instant.
pub(super) fn tamper_lab(model: &mut Model) -> Vec<Command> {
    let Some(timeline) = model.timeline() else { return Vec::new() };
    if model.labs.tamper.instant == Some((model.branch, model.at)) {
        open(model, View::Tamper);
        return Vec::new();
    }
    if let Some(busy) = &model.busy {
        let why = format!("Still {busy}.");
        note_bad(model, why);
        return Vec::new();
    }
    let events = timeline.events()[..model.at].to_vec();
    model.labs.tamper = TamperLab::at(model.branch, model.at);
    model.busy = Some("telling lies to a copy of this store; c stops it".to_owned());
    open(model, View::Tamper);
    vec![Command::TellLies { events }]
}

/// From the lies to the matrix of attacks and defences, at the attack that is the lie under the cursor; or back.
pub(super) fn toggle_matrix(model: &mut Model) -> Vec<Command> {
    if model.view == View::Tamper && model.labs.tamper.matrix.take().is_some() {
        return Vec::new();
    }
    let commands = if model.view == View::Tamper { Vec::new() } else { tamper_lab(model) };
    let lab = &mut model.labs.tamper;
    let row = Matrix::known().rows.iter().position(|row| row.lie(lab) == Some(lab.row)).unwrap_or(0);
    lab.matrix = Some((row, 0));
    commands
}

/// So many lies are told.
pub(super) fn lies_news(model: &mut Model, lies: Vec<Lie>) {
    model.labs.tamper.lies = lies;
}

/// All are told, or no more are.
pub(super) fn lies_done(model: &mut Model, lies: Vec<Lie>) {
    model.busy = None;
    if lies.is_empty() {
        note(model, "There is nothing here that could be lied about yet.");
    }
    lies_news(model, lies);
}

/// A guess of what will come of the lie under the cursor, by its number from 0.
pub(super) fn guess(model: &mut Model, guess: usize) {
    let lab = &mut model.labs.tamper;
    if let Some(verdict) = Verdict::ALL.get(guess) {
        lab.tell(lab.row, Some(*verdict));
    }
}

/// Shows what came of the lie under the cursor; once that is known, tells it to the store itself.
pub(super) fn tell(model: &mut Model) -> Vec<Command> {
    let lab = &mut model.labs.tamper;
    if !lab.is_told(lab.row) {
        lab.tell(lab.row, None);
        return Vec::new();
    }
    let Some(lie) = lab.lies.get(lab.row) else { return Vec::new() };
    if lie.lines.is_empty() {
        note(model, "This lie takes all files back at once: the script language has no line for it.");
        return Vec::new();
    }
    let lines = lie.lines.join("\n") + "\nverify";
    leave(model);
    script::run_lines(model, &lines)
}
