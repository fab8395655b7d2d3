//! Breakpoints: set, listed, taken away, run to. A run is a jump over recorded events; the engine does nothing.

use super::{note, note_bad, time};
use crate::breakpoint::{BreakAt, kind_of};
use crate::model::Model;

/// Looks at the events that are new to the timeline in front.
pub(super) fn look(model: &mut Model) {
    if let Some(branch) = model.branches.get(model.branch) {
        model.travel.breakpoints.look_at(branch.timeline.events());
    }
}

/// `break KIND`, `break key K`, `break page N`, `break tx N`.
pub(super) fn set(model: &mut Model, words: &[&str]) {
    match BreakAt::parse(words) {
        Ok(at) => {
            let known = model.travel.breakpoints.add(at);
            let words = known.at.words();
            note(model, format!("Breakpoint {}: {words}. A run (.) and playing stop there.", known.number));
        }
        Err(why) => note_bad(model, why),
    }
}

/// A breakpoint at the kind of the present event, or none there any more.
pub(super) fn toggle_here(model: &mut Model) {
    let Some(kind) = model.present().map(kind_of) else { return };
    let at = BreakAt::Kind(kind.clone());
    match model.travel.breakpoints.set.iter().find(|known| known.at == at).map(|known| known.number) {
        Some(number) => {
            model.travel.breakpoints.remove(number);
            note(model, format!("Breakpoint {number} is gone: nothing stops at {kind} any more."));
        }
        None => set(model, &[&kind]),
    }
}

pub(super) fn list(model: &mut Model) {
    match model.travel.breakpoints.listed() {
        listed if listed.is_empty() => {
            note(model, "No breakpoint is set. `break split` sets one, K one on events like the present one.");
        }
        listed => note(model, format!("Breakpoints: {listed}. `unbreak N` takes one away.")),
    }
}

/// `unbreak N`, `unbreak all`.
pub(super) fn remove(model: &mut Model, which: &str) {
    if which == "all" {
        let count = model.travel.breakpoints.clear();
        return note(model, format!("{} gone.", crate::describe::plural(count, "breakpoint")));
    }
    match which.parse().ok().and_then(|number| model.travel.breakpoints.remove(number)) {
        Some(gone) => note(model, format!("Breakpoint {} ({}) is gone.", gone.number, gone.at.words())),
        None => note_bad(model, "There is no such breakpoint: `breaks` lists them with their numbers."),
    }
}

/// The first event from event `index` on that meets a breakpoint.
pub(super) fn next(model: &mut Model, index: usize) -> Option<usize> {
    look(model);
    model.travel.breakpoints.hit_from(index)
}

/// On to the next event that meets a breakpoint.
pub(super) fn run_on(model: &mut Model) {
    match next(model, model.at) {
        Some(hit) => arrive(model, hit),
        None => note(model, "No later event meets a breakpoint."),
    }
}

/// Back to the one before.
pub(super) fn run_back(model: &mut Model) {
    look(model);
    let before = model.present_index().unwrap_or(0);
    match model.travel.breakpoints.hit_before(before) {
        Some(hit) => arrive(model, hit),
        None => note(model, "No earlier event meets a breakpoint."),
    }
}

fn arrive(model: &mut Model, event: usize) {
    time::seek(model, event + 1);
    tell(model);
}

/// Says which breakpoint the present event meets; whether it meets one.
pub(super) fn tell(model: &mut Model) -> bool {
    look(model);
    let hit = model.present_index().is_some_and(|index| model.travel.breakpoints.is_hit(index));
    let told = model.present().filter(|_| hit).and_then(|event| model.travel.breakpoints.told(event));
    if let Some(told) = &told {
        note(model, told.clone());
    }
    told.is_some()
}
