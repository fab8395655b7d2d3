//! Events in order, and the state of the store after each of them.
//!
//! A timeline never runs the engine and never reads a file: a step back is a fold over fewer events. A clone of the
//! state now and then (a keyframe) makes every seek quick. Start reading at [`Timeline::world_at`].

mod operation;
mod world;
mod writer;

pub use operation::Operation;
pub use world::{
    Facts, FilePage, FileWorld, FreeList, Gist, Held, Holds, Levels, PendingLine, Reach, Reached, Role, Savepoint,
    SealedAt, Snapshot, Space, Use, World, WorldPage,
};

use std::sync::Arc;
use tosumu::trace::Event;
use tosumu::types::PageSize;

/// Fewest events between two keyframes; a store of more pages than this has keyframes that much further apart, so that
/// keyframes never weigh more than a few pages an event.
const KEYFRAME_EVENTS_MIN: usize = 64;

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
    /// Whether `event` is such a moment.
    pub fn is(self, event: &Event) -> bool {
        match self {
            Mark::Commit => matches!(event, Event::TransactionCommitted { .. }),
            Mark::Sync => matches!(event, Event::FileSynced { .. }),
            Mark::Split => matches!(event, Event::PageSplit { .. }),
            Mark::Merge => matches!(event, Event::PagesMerged { .. }),
            Mark::Chain => {
                matches!(event, Event::ValueWritten { .. } | Event::ValueRead { .. } | Event::ValueFreed { .. })
            }
            Mark::Free => matches!(event, Event::PageFreed { .. } | Event::PageTaken { .. }),
            Mark::Checkpoint => matches!(event, Event::CheckpointEnded { .. }),
            Mark::Crash => matches!(event, Event::Crashed { .. }),
            Mark::Finding => matches!(event, Event::FindingReported { .. }),
        }
    }
}

/// A clone of the state, kept so that a seek need not fold from the start.
struct Keyframe {
    events: usize,
    world: World,
}

/// Events in order, and the state after each.
pub struct Timeline {
    events: Vec<Arc<Event>>,
    keyframes: Vec<Keyframe>,
    operations: Vec<Operation>,
    /// The state after the last event.
    end: World,
}

impl Timeline {
    /// A timeline without events, of a store kept in `file`.
    pub fn new(file: &str, page_size: PageSize) -> Timeline {
        let end = World::empty(file, page_size);
        let first = Keyframe { events: 0, world: end.clone() };
        Timeline { events: Vec::new(), keyframes: vec![first], operations: Vec::new(), end }
    }

    /// Takes in further events.
    pub fn extend(&mut self, events: Vec<Arc<Event>>) {
        for event in events {
            operation::follow(&mut self.operations, self.events.len(), &event);
            self.end.apply(&event);
            self.events.push(event);
            let last = self.keyframes.last().map_or(0, |keyframe| keyframe.events);
            if self.events.len() - last >= KEYFRAME_EVENTS_MIN.max(self.end.pages_in_memory()) {
                self.keyframes.push(Keyframe { events: self.events.len(), world: self.end.without_known_pages() });
            }
        }
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// True when there is no event.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// All events.
    pub fn events(&self) -> &[Arc<Event>] {
        &self.events
    }

    /// Event `index`, from 0.
    pub fn event(&self, index: usize) -> &Event {
        &self.events[index]
    }

    /// The state after `count` events; event `count` - 1 is then the present one.
    pub fn world_at(&self, count: usize) -> World {
        let count = count.min(self.len());
        if count == self.len() {
            return self.end.clone();
        }
        let behind = self.keyframes.partition_point(|keyframe| keyframe.events <= count);
        let keyframe = &self.keyframes[behind - 1];
        // Knowing first: an opening on the way reads the catalog from what the disk holds.
        let mut world = keyframe.world.clone().knowing_pages_of(&self.end);
        self.events[keyframe.events..count].iter().for_each(|event| world.apply(event));
        world
    }

    /// The state after the last event.
    pub fn end(&self) -> &World {
        &self.end
    }

    /// The operations, in order.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation that event `index` is part of.
    pub fn operation_of(&self, index: usize) -> Option<usize> {
        let behind = self.operations.partition_point(|operation| operation.first <= index);
        let operation = behind.checked_sub(1)?;
        (index <= self.operations[operation].last).then_some(operation)
    }

    /// The first event behind event `index` that is such a mark.
    pub fn next(&self, index: usize, mark: Mark) -> Option<usize> {
        (index + 1..self.len()).find(|&at| mark.is(&self.events[at]))
    }

    /// The last event before event `index` that is such a mark.
    pub fn prev(&self, index: usize, mark: Mark) -> Option<usize> {
        (0..index.min(self.len())).rev().find(|&at| mark.is(&self.events[at]))
    }

    /// First and last event of the transaction that event `index` is part of.
    pub fn transaction_span(&self, index: usize) -> Option<(usize, usize)> {
        let first = (0..=index).rev().find(|&at| {
            matches!(*self.events[at], Event::TransactionStarted { .. }) || (at < index && self.ends_transaction(at))
        })?;
        if !matches!(*self.events[first], Event::TransactionStarted { .. }) {
            return None;
        }
        let last = (first..self.len()).find(|&at| self.ends_transaction(at)).unwrap_or(self.len() - 1);
        (index <= last).then_some((first, last))
    }

    /// The first events of transactions, in order.
    pub fn transactions(&self) -> impl DoubleEndedIterator<Item = usize> {
        (0..self.len()).filter(|&at| matches!(*self.events[at], Event::TransactionStarted { .. }))
    }

    fn ends_transaction(&self, index: usize) -> bool {
        matches!(
            *self.events[index],
            Event::TransactionCommitted { .. }
                | Event::TransactionRolledBack { .. }
                | Event::Crashed { .. }
                | Event::HandleDropped
        )
    }
}

#[cfg(test)]
mod tests;
