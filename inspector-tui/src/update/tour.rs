//! Taking the tour: each step is done by the messages that keys bring about.

use super::{line, note, time};
use crate::command::Command;
use crate::guide::{TOUR, TourDo};
use crate::model::Model;

/// The next step.
pub(super) fn go_on(model: &mut Model) -> Vec<Command> {
    let Some(step) = model.tour else { return Vec::new() };
    let Some(next) = TOUR.get(step + 1) else {
        model.tour = None;
        note(model, "That was the tour; the lab is yours. Type an operation after :, step with the arrow keys.");
        return Vec::new();
    };
    model.tour = Some(step + 1);
    match next.does {
        TourDo::Nothing => Vec::new(),
        TourDo::Run(operation) => line::run(model, operation),
        TourDo::StepTo(wanted) => {
            let found = model
                .timeline()
                .and_then(|timeline| (model.at..timeline.len()).find(|&index| wanted(timeline.event(index))));
            time::seek(model, found.map_or(model.at, |index| index + 1));
            Vec::new()
        }
        TourDo::Crash => time::crash_here(model),
        TourDo::Reopen => line::run(model, "reopen"),
    }
}

/// The narrator's words stand until something else has to be said.
pub(super) fn speak(model: &mut Model) {
    let silent = model.note.is_none() && model.busy.is_none();
    if let Some(step) = model.tour.and_then(|step| TOUR.get(step)).filter(|_| silent) {
        note(model, step.says);
    }
}
