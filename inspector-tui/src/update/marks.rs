//! Jumps from mark to mark: of one kind, of the kind that was chosen, of any. The kinds can be listed, to choose from.

use super::{look, note, note_bad, time};
use crate::model::{Model, View};
use crate::timeline::Mark;
use crate::travel::{Direction, mark_kinds, mark_target, mark_word};

/// Shows the list, the kind that was chosen last under the cursor.
pub(super) fn list(model: &mut Model) {
    if model.view == View::Marks {
        return leave_list(model);
    }
    let before = model.view;
    look::show(model, View::Marks);
    model.travel.view_before_marks = Some(before);
    model.selected_row = mark_kinds().position(|kind| kind == model.travel.mark).unwrap_or(0);
}

pub(super) fn leave_list(model: &mut Model) {
    let view = model.travel.view_before_marks.take().unwrap_or(View::Tree);
    look::show(model, view);
}

/// Chooses the kind under the cursor and goes to the next of it.
pub(super) fn choose(model: &mut Model) {
    let kind = mark_kinds().nth(model.selected_row).flatten();
    leave_list(model);
    model.travel.mark = kind;
    jump(model, kind, Direction::On);
}

/// To the next mark of the kind that was chosen.
pub(super) fn next(model: &mut Model) {
    jump(model, model.travel.mark, Direction::On);
}

/// To the one before.
pub(super) fn previous(model: &mut Model) {
    jump(model, model.travel.mark, Direction::Back);
}

/// `next KIND`, `prev KIND`: from then on `(` and `)` go to marks of that kind.
pub(super) fn to_kind(model: &mut Model, kind: &str, direction: Direction) {
    let Some(kind) = mark_kinds().find(|known| mark_word(*known) == kind) else {
        let known: Vec<&str> = mark_kinds().map(mark_word).collect();
        return note_bad(
            model,
            format!("There is no such mark; there are {}. `next` alone is one step.", known.join(" ")),
        );
    };
    model.travel.mark = kind;
    jump(model, kind, direction);
}

fn jump(model: &mut Model, kind: Option<Mark>, direction: Direction) {
    let word = mark_word(kind);
    match mark_target(model, kind, direction) {
        Some(event) => time::seek(model, event + 1),
        None => {
            let (here, other, there, key) = match direction {
                Direction::On => ("later", Direction::Back, "before", '('),
                Direction::Back => ("earlier", Direction::On, "behind", ')'),
            };
            let other = mark_target(model, kind, other);
            let rest =
                other.map_or(String::new(), |event| format!(" {key} goes to the one {there}, event {}.", event + 1));
            note(model, format!("There is no {here} {word} on this branch.{rest}"));
        }
    }
}
