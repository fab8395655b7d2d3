//! The twin run: a difference is chosen, the worker runs both engines, and meanwhile it is asked what will come of it.

use super::{labs, note, note_bad, script, views};
use crate::command::Command;
use crate::labs::twin::{Answer, Difference};
use crate::message::TwinAsk;
use crate::model::{Model, View};

/// What is asked of the lab, and what the worker tells it.
pub(super) fn take(model: &mut Model, ask: TwinAsk) -> Vec<Command> {
    match ask {
        TwinAsk::Open => open(model),
        TwinAsk::Run(difference) => return run(model, difference),
        TwinAsk::Enter => return enter(model),
        TwinAsk::Move(rows) => move_by(model, rows),
        TwinAsk::Guess(answer) => {
            if let Some(answer) = Answer::ALL.get(answer).filter(|_| model.labs.twin.is_asking()) {
                model.labs.twin.look(Some(*answer));
            }
        }
        TwinAsk::News(progress) => model.labs.twin.progress = Some(progress),
        TwinAsk::Done(Ok(Some(twin))) => {
            model.busy = None;
            model.labs.twin.finish(twin);
        }
        TwinAsk::Done(Ok(None)) => {
            model.busy = None;
            model.labs.twin.choose();
            note(model, "Stopped: neither engine came to the end.");
        }
        TwinAsk::Done(Err(why)) => {
            model.busy = None;
            model.labs.twin.choose();
            note_bad(model, why);
        }
    }
    Vec::new()
}

/// Brings the lab to the front: with what it showed last, unless the branch is another or has grown.
fn open(model: &mut Model) {
    let instant = model.timeline().map(|timeline| (model.branch, timeline.len()));
    if model.labs.twin.instant != instant && model.busy.is_none() {
        model.labs.twin.choose();
        model.labs.twin.instant = instant;
    }
    labs::open(model, View::Twin);
}

fn run(model: &mut Model, difference: Difference) -> Vec<Command> {
    if let Some(busy) = &model.busy {
        let why = format!("Still {busy}.");
        note_bad(model, why);
        return Vec::new();
    }
    let Some(timeline) = model.timeline() else { return Vec::new() };
    let lines = script::lines_of(timeline);
    open(model);
    model.scroll = 0;
    model.labs.twin.begin(difference);
    model.busy = Some("running both engines; c stops them".to_owned());
    vec![Command::Twin { lines, difference }]
}

/// Runs the difference under the cursor; shows what is asked about without a guess; then begins anew.
fn enter(model: &mut Model) -> Vec<Command> {
    let choices = Difference::choices(model.world.facts.page_size);
    let lab = &mut model.labs.twin;
    match lab.difference {
        None => match choices.get(lab.row) {
            Some(difference) => return run(model, *difference),
            None => lab.row = 0,
        },
        Some(_) if lab.is_asking() => lab.look(None),
        Some(_) if lab.twin.is_some() => {
            lab.choose();
            model.scroll = 0;
        }
        Some(_) => {}
    }
    Vec::new()
}

fn move_by(model: &mut Model, rows: i32) {
    let lab = &mut model.labs.twin;
    if lab.difference.is_some() {
        return views::scroll(model, rows);
    }
    let choices = Difference::choices(model.world.facts.page_size).len();
    lab.row = lab.row.saturating_add_signed(rows as isize).min(choices - 1);
}
