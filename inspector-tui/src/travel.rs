//! What travelling through time remembers beside the timelines: what a run stops at, which acts can be taken back, and
//! whether the timeline is a recording that nothing can be done to.

use crate::breakpoint::Breakpoints;
use crate::model::{Branch, Model, View};
use crate::timeline::Mark;
use std::sync::Arc;
use tosumu::trace::Event;

/// Most acts that can be taken back.
const ACTS_MAX: usize = 1000;

/// What is remembered.
#[derive(Default)]
pub struct Travel {
    /// What a run stops at.
    pub breakpoints: Breakpoints,
    /// What was done in the lab, oldest first.
    pub done: Vec<Act>,
    /// What was taken back and can be done again, the last taken back at the end.
    pub undone: Vec<Act>,
    /// The recording that is looked at instead of a sandbox.
    pub recording: Option<Recording>,
    /// Whether the strip shows the whole timeline where it has one line for both.
    pub strip_is_whole: bool,
    /// Whether the lines under way were a list: what came of them is said, whatever else is shown.
    pub several_lines: bool,
    /// The view that the list of branches came from.
    pub view_before_list: Option<View>,
    /// The view that the list of marks came from.
    pub view_before_marks: Option<View>,
    /// The kind of mark that was chosen last; none is any of them.
    pub mark: Option<Mark>,
}

/// Something done in the lab, as undo needs it.
pub struct Act {
    /// What it was, in words: `put m 13`.
    pub words: String,
    /// Where one stood before: the branch, and how many of its events had happened.
    pub from: (usize, usize),
    /// What it did to the branches.
    pub change: Change,
}

/// What an act did to the branches.
pub enum Change {
    /// A branch grew at its end.
    Grew {
        /// The branch.
        branch: usize,
        /// How many events it had before.
        before: usize,
        /// The events, while they are taken back.
        taken: Vec<Arc<Event>>,
    },
    /// The last branch began.
    Began {
        /// The branch, while it is taken back.
        taken: Option<Box<Branch>>,
    },
}

/// A trace that somebody's process left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    /// The file's name.
    pub name: String,
    /// Why the rest of it cannot be shown, when it was cut off or is damaged.
    pub broken: Option<String>,
}

impl Travel {
    /// Something was done: it can be taken back, and what was taken back before can no longer be done again.
    pub fn remember(&mut self, act: Act) {
        self.undone.clear();
        self.done.push(act);
        if self.done.len() > ACTS_MAX {
            self.done.remove(0);
        }
    }
}

/// The kinds of marks that can be chosen: any of them first.
pub fn mark_kinds() -> impl Iterator<Item = Option<Mark>> {
    std::iter::once(None).chain(Mark::ALL.map(Some))
}

/// The word of a kind.
pub fn mark_word(kind: Option<Mark>) -> &'static str {
    kind.map_or("mark", Mark::word)
}

/// Which way a jump goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To later events.
    On,
    /// To earlier ones.
    Back,
}

/// The event, from 0, that a jump to a mark of this kind leads to; none when there is none that way.
pub fn mark_target(model: &Model, kind: Option<Mark>, direction: Direction) -> Option<usize> {
    let (timeline, index) = (model.timeline()?, model.present_index()?);
    let marks = mark_kinds().flatten().filter(|mark| kind.is_none_or(|kind| kind == *mark));
    match direction {
        Direction::On => marks.filter_map(|mark| timeline.next(index, mark)).min(),
        Direction::Back => marks.filter_map(|mark| timeline.prev(index, mark)).max(),
    }
}
