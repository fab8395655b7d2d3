//! What the list of branches says: each branch of time, where it left which other, and what was done on it.

use super::plural;
use crate::model::{Branch, Model};
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::script::{Left, cut_by_hand};
use tosumu::trace::Event;

/// One branch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct BranchFacts {
    /// Its number, from 1.
    pub number: usize,
    /// What it is called.
    pub name: String,
    /// Whether it is the one in front.
    pub here: bool,
    /// The number of the branch it left.
    pub left: Option<usize>,
    /// So many events it shares with that one.
    pub shared: usize,
    /// How many events it has, the shared ones included.
    pub events: usize,
    /// How many of them had happened where it was left last, or stand now.
    pub at: usize,
    /// What was done on it and not on the one it left.
    pub done: Vec<String>,
}

/// All branches.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct BranchesFacts {
    /// The branches, in the order they began.
    pub branches: Vec<BranchFacts>,
}

/// The branches of `model`.
pub fn branches(model: &Model) -> BranchesFacts {
    let mut facts = without_deeds(model);
    for (facts, branch) in facts.branches.iter_mut().zip(&model.branches) {
        facts.done = deeds(branch).collect();
    }
    facts
}

/// The first `most` things that were done on branch `index`, and how many more there are.
pub fn first_deeds(model: &Model, index: usize, most: usize) -> (Vec<String>, usize) {
    let Some(branch) = model.branches.get(index) else { return (Vec::new(), 0) };
    let shared = branch.parent.map_or(0, |(_, shared)| shared);
    let operations = branch.timeline.operations();
    let all = operations.len() - operations.partition_point(|operation| operation.first < shared);
    let first: Vec<String> = deeds(branch).take(most).collect();
    let more = all.saturating_sub(first.len());
    (first, more)
}

/// The branches without what was done on them: a screen never needs all of that.
pub fn without_deeds(model: &Model) -> BranchesFacts {
    let facts = model.branches.iter().enumerate().map(|(index, branch)| BranchFacts {
        number: index + 1,
        name: branch.name.clone(),
        here: index == model.branch,
        left: branch.parent.map(|(parent, _)| parent + 1),
        shared: branch.parent.map_or(0, |(_, shared)| shared),
        events: branch.timeline.len(),
        at: if index == model.branch { model.at } else { branch.left_at },
        done: Vec::new(),
    });
    BranchesFacts { branches: facts.collect() }
}

/// What was asked for behind the shared events, and power cuts by hand.
fn deeds(branch: &Branch) -> impl Iterator<Item = String> {
    let shared = branch.parent.map_or(0, |(_, shared)| shared);
    let events = branch.timeline.events();
    events.iter().enumerate().skip(shared).filter_map(|(index, event)| match &**event {
        Event::OperationStarted { line } => Some(super::operation_words(line, 40)),
        _ => cut_by_hand(events, index).map(|left| match left {
            Left::Process => "program killed".to_owned(),
            left => format!("power cut{left}"),
        }),
    })
}

impl BranchFacts {
    /// Where it comes from and how long it is: `left 1 behind event 68; 80 events`.
    pub fn origin(&self) -> String {
        let events = plural(self.events, "event");
        match self.left {
            Some(parent) => format!("left branch {parent} behind event {}; {events}", self.shared),
            None => format!("from the beginning; {events}"),
        }
    }

    /// The same in few words: `left 1 at 68, 80 events`.
    pub fn short_origin(&self) -> String {
        let events = plural(self.events, "event");
        self.left.map_or(events.clone(), |parent| format!("left {parent} at {}, {events}", self.shared))
    }

    /// What was done on it.
    pub fn deeds(&self) -> String {
        if self.done.is_empty() { "nothing yet".to_owned() } else { self.done.join(", ") }
    }
}

impl BranchesFacts {
    pub(super) fn plain(&self) -> String {
        if self.branches.is_empty() {
            return "No branches: a file at rest has no time of its own.\n".into();
        }
        let mut text = String::new();
        for branch in &self.branches {
            let mark = if branch.here { '>' } else { ' ' };
            text.push_str(&format!("{mark}{} {}: {}, at {}\n", branch.number, branch.name, branch.origin(), branch.at));
            text.push_str(&format!("    {}\n", branch.deeds()));
        }
        text
    }
}
