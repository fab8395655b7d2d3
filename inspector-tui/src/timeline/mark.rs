//! Moments one can jump to, and where each kind of them stands in a timeline.

use std::ops::Range;
use tosumu::trace::Event;

/// A kind of moment one can jump to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// A transaction was published.
    Commit,
    /// A file's bytes became durable.
    Sync,
    /// A page was split.
    Split,
    /// Two pages became one.
    Merge,
    /// A long value was written, read or given up.
    Chain,
    /// A page was given back, or taken again.
    Free,
    /// The log was folded into the page file.
    Checkpoint,
    /// The power went.
    Crash,
    /// Something wrong was found.
    Finding,
}

impl Mark {
    /// Every kind.
    pub const ALL: [Mark; 9] = [
        Mark::Commit,
        Mark::Sync,
        Mark::Split,
        Mark::Merge,
        Mark::Chain,
        Mark::Free,
        Mark::Checkpoint,
        Mark::Crash,
        Mark::Finding,
    ];

    /// Its word on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Commit => "commit",
            Mark::Sync => "sync",
            Mark::Split => "split",
            Mark::Merge => "merge",
            Mark::Chain => "value",
            Mark::Free => "free",
            Mark::Checkpoint => "checkpoint",
            Mark::Crash => "crash",
            Mark::Finding => "finding",
        }
    }

    /// The kind called `word`.
    pub fn named(word: &str) -> Option<Mark> {
        Mark::ALL.into_iter().find(|mark| mark.word() == word)
    }

    /// The kind that `event` is, when it is one.
    pub fn of(event: &Event) -> Option<Mark> {
        Some(match event {
            Event::TransactionCommitted { .. } => Mark::Commit,
            Event::FileSynced { .. } => Mark::Sync,
            Event::PageSplit { .. } => Mark::Split,
            Event::PagesMerged { .. } => Mark::Merge,
            Event::ValueWritten { .. } | Event::ValueRead { .. } | Event::ValueFreed { .. } => Mark::Chain,
            Event::PageFreed { .. } | Event::PageTaken { .. } => Mark::Free,
            Event::CheckpointEnded { .. } => Mark::Checkpoint,
            Event::Crashed { .. } => Mark::Crash,
            Event::FindingReported { .. } => Mark::Finding,
            _ => return None,
        })
    }

    /// Whether `event` is such a moment.
    pub fn is(self, event: &Event) -> bool {
        Mark::of(event) == Some(self)
    }
}

/// The events of each kind, in order.
#[derive(Default)]
pub(super) struct Marks {
    events: [Vec<usize>; Mark::ALL.len()],
}

impl Marks {
    /// Takes in event `index`.
    pub fn follow(&mut self, index: usize, event: &Event) {
        if let Some(mark) = Mark::of(event) {
            self.events[mark as usize].push(index);
        }
    }

    pub fn all(&self, mark: Mark) -> &[usize] {
        &self.events[mark as usize]
    }

    pub fn behind(&self, index: usize, mark: Mark) -> Option<usize> {
        let events = self.all(mark);
        events.get(events.partition_point(|&event| event <= index)).copied()
    }

    pub fn before(&self, index: usize, mark: Mark) -> Option<usize> {
        let events = self.all(mark);
        events.partition_point(|&event| event < index).checked_sub(1).map(|at| events[at])
    }

    pub fn first_in(&self, range: Range<usize>, mark: Mark) -> Option<usize> {
        let events = self.all(mark);
        let first = events.get(events.partition_point(|&event| event < range.start)).copied();
        first.filter(|event| *event < range.end)
    }

    /// Forgets all but the first `count` events.
    pub fn cut_off(&mut self, count: usize) {
        for events in &mut self.events {
            events.truncate(events.partition_point(|&event| event < count));
        }
    }
}
