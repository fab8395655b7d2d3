//! What the list of marks says: each kind of moment one can jump to, how often it happened, and where the nearest ones are.

use crate::keymap;
use crate::message::Message;
use crate::model::Model;
use crate::timeline::Mark;
use crate::travel::{Direction, mark_kinds, mark_target, mark_word};
use schemars::JsonSchema;
use serde::Serialize;

/// One kind of moment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct KindFacts {
    /// Its word; `mark` is any of the others.
    pub kind: String,
    /// What happens then.
    pub what: String,
    /// How often it happened on this branch.
    pub count: usize,
    /// The event of the nearest one before the present event, from 1.
    pub before: Option<usize>,
    /// The event of the nearest one behind it.
    pub behind: Option<usize>,
    /// Whether the two keys for the kind that was chosen go to these.
    pub chosen: bool,
    /// The keys that go to these and to no others; empty when there are none.
    pub keys: String,
}

/// All kinds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct MarksFacts {
    /// The kinds, any of them first.
    pub kinds: Vec<KindFacts>,
}

/// The marks of the timeline in front.
pub fn marks(model: &Model) -> MarksFacts {
    let Some(timeline) = model.timeline() else { return MarksFacts::default() };
    let count = |kind: Option<Mark>| match kind {
        Some(mark) => timeline.marks(mark).len(),
        None => Mark::ALL.into_iter().map(|mark| timeline.marks(mark).len()).sum(),
    };
    let facts = mark_kinds().map(|kind| KindFacts {
        kind: mark_word(kind).to_owned(),
        what: what(kind).to_owned(),
        count: count(kind),
        before: mark_target(model, kind, Direction::Back).map(|event| event + 1),
        behind: mark_target(model, kind, Direction::On).map(|event| event + 1),
        chosen: model.travel.mark == kind,
        keys: kind.map_or(String::new(), |mark| keys(model, mark)),
    });
    MarksFacts { kinds: facts.collect() }
}

/// The keys of one kind alone: back, then on.
fn keys(model: &Model, wanted: Mark) -> String {
    let of = |is: fn(&Message) -> Option<Mark>| {
        let row = keymap::table().iter().position(|binding| is(&binding.message) == Some(wanted));
        row.and_then(|row| model.style.keys.of(row).first().map(|key| key.name(model.style.ascii)))
    };
    let back = of(|message| if let Message::PreviousMark(mark) = message { Some(*mark) } else { None });
    let on = of(|message| if let Message::NextMark(mark) = message { Some(*mark) } else { None });
    back.into_iter().chain(on).collect::<Vec<_>>().join(" ")
}

fn what(kind: Option<Mark>) -> &'static str {
    match kind {
        None => "any of these",
        Some(Mark::Commit) => "a transaction was published",
        Some(Mark::Sync) => "a file's bytes became durable",
        Some(Mark::Split) => "a page was split",
        Some(Mark::Merge) => "two pages became one",
        Some(Mark::Chain) => "a long value was written, read or given up",
        Some(Mark::Free) => "a page was given back, or taken again",
        Some(Mark::Checkpoint) => "the log was folded into the page file",
        Some(Mark::Crash) => "the power went",
        Some(Mark::Finding) => "something wrong was found",
    }
}

impl KindFacts {
    /// Where the nearest ones are: `the one before 66, the next 69`.
    pub fn nearest(&self) -> String {
        match (self.before, self.behind) {
            (Some(before), Some(behind)) => format!("the one before is event {before}, the next {behind}"),
            (Some(before), None) => format!("the one before is event {before}, and there is no later one"),
            (None, Some(behind)) => format!("the next is event {behind}"),
            (None, None) if self.count > 0 => "the present event".to_owned(),
            (None, None) => "never on this branch".to_owned(),
        }
    }
}

impl MarksFacts {
    pub(super) fn plain(&self) -> String {
        if self.kinds.is_empty() {
            return "No marks: a file at rest has no time of its own.\n".into();
        }
        let line = |kind: &KindFacts| {
            let mark = if kind.chosen { '>' } else { ' ' };
            let keys = if kind.keys.is_empty() { String::new() } else { format!("; keys {}", kind.keys) };
            format!("{mark}{}, {}: {} times, {}{keys}\n", kind.kind, kind.what, kind.count, kind.nearest())
        };
        self.kinds.iter().map(line).collect()
    }
}
