//! Events in order, and the state of the store after each of them.
//!
//! A timeline never runs the engine and never reads a file: a step back is a fold over fewer events. A clone of the
//! state now and then (a keyframe) makes every seek quick. Start reading at [`Timeline::world_at`].

mod mark;
mod operation;
mod world;
mod writer;

pub use mark::Mark;
pub use operation::Operation;
pub use world::{
    Brief, Briefs, Facts, FilePage, FileWorld, FreeList, Gist, Held, Holds, Levels, Loading, Part, PendingLine, Reach,
    Reached, Role, Savepoint, SealedAt, Snapshot, Space, Stage, Use, World, WorldPage, find_tree, load_all, read_page,
};

use mark::Marks;
use std::ops::Range;
use std::sync::Arc;
use tosumu::trace::Event;
use tosumu::types::PageSize;

/// Fewest events between two keyframes.
const KEYFRAME_EVENTS_MIN: usize = 64;

/// Most entries of pages and facts that keyframes hold for each event and each KiB written, about 100 bytes an entry: a store
/// of many pages has its keyframes so much further apart. A recorded event that changes a page weighs more than this.
const KEYFRAME_ENTRIES_PER_EVENT: usize = 4;

/// A clone of the state, kept so that a seek need not fold from the start.
struct Keyframe {
    events: usize,
    world: World,
}

fn is_turn(event: &Event) -> bool {
    matches!(
        event,
        Event::DatabaseCreated { .. }
            | Event::KeySlotOpened { .. }
            | Event::VerifyEnded { .. }
            | Event::Tampered { .. }
            | Event::FileReplaced { .. }
            | Event::Crashed { .. }
            | Event::HandleDropped
    )
}

/// Events in order, and the state after each.
pub struct Timeline {
    events: Vec<Arc<Event>>,
    keyframes: Vec<Keyframe>,
    operations: Vec<Operation>,
    marks: Marks,
    /// Events that change who holds the keys, or what is known of the files: few, and looked back to in every frame.
    turns: Vec<usize>,
    /// What folding the events behind the last keyframe costs, in ordinary events.
    cost: usize,
    /// KiB written since the last sync.
    unsynced_kib: usize,
    /// The state after the last event.
    end: World,
}

impl Timeline {
    /// A timeline without events, of a store kept in `file`.
    pub fn new(file: &str, page_size: PageSize) -> Timeline {
        let end = World::empty(file, page_size);
        let first = Keyframe { events: 0, world: end.clone() };
        Timeline {
            events: Vec::new(),
            keyframes: vec![first],
            operations: Vec::new(),
            marks: Marks::default(),
            turns: Vec::new(),
            cost: 0,
            unsynced_kib: 0,
            end,
        }
    }

    /// Takes in further events.
    pub fn extend(&mut self, events: Vec<Arc<Event>>) {
        for event in events {
            operation::follow(&mut self.operations, self.events.len(), &event);
            self.marks.follow(self.events.len(), &event);
            if is_turn(&event) {
                self.turns.push(self.events.len());
            }
            self.end.apply(&event);
            self.events.push(event);
            self.cost = self.cost.saturating_add(self.cost_of_last());
            if self.cost >= KEYFRAME_EVENTS_MIN.max(self.end.weight() / KEYFRAME_ENTRIES_PER_EVENT) {
                self.keyframes.push(Keyframe { events: self.events.len(), world: self.end.without_known_pages() });
                self.cost = 0;
            }
        }
    }

    /// What folding the last event again would cost, in ordinary events: a large write is copied, and once more by its sync.
    fn cost_of_last(&mut self) -> usize {
        match self.events.last().map(|event| &**event) {
            Some(Event::FileWritten { bytes, .. }) => {
                let kib = (*bytes / 1024) as usize;
                self.unsynced_kib = self.unsynced_kib.saturating_add(kib);
                kib.saturating_add(1)
            }
            Some(Event::FileSynced { .. }) => std::mem::take(&mut self.unsynced_kib).saturating_add(1),
            _ => 1,
        }
    }

    /// Of the first `count` events those that change who holds the keys, or what is known of the files: the last one first.
    pub fn turns_before(&self, count: usize) -> impl Iterator<Item = &Event> {
        let happened = self.turns.partition_point(|turn| *turn < count);
        self.turns[..happened].iter().rev().map(|turn| &*self.events[*turn])
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

    /// How many keyframes are kept, and how many entries of pages and facts they hold together: what a bound on their memory
    /// is told by. The bytes of pages and files are shared.
    pub fn keyframes_kept(&self) -> (usize, usize) {
        (self.keyframes.len(), self.keyframes.iter().map(|keyframe| keyframe.world.weight()).sum())
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
        self.marks.behind(index, mark)
    }

    /// The last event before event `index` that is such a mark.
    pub fn prev(&self, index: usize, mark: Mark) -> Option<usize> {
        self.marks.before(index, mark)
    }

    /// All events that are such a mark, in order.
    pub fn marks(&self, mark: Mark) -> &[usize] {
        self.marks.all(mark)
    }

    /// The first event among `events` that is such a mark.
    pub fn mark_in(&self, events: Range<usize>, mark: Mark) -> Option<usize> {
        self.marks.first_in(events, mark)
    }

    /// Takes back all events but the first `count`, and hands them out.
    pub fn cut_off(&mut self, count: usize) -> Vec<Arc<Event>> {
        let count = count.min(self.len());
        let known = self.end.clone();
        self.end = self.world_at(count).knowing_pages_of(&known);
        let taken = self.events.split_off(count);
        self.keyframes.retain(|keyframe| keyframe.events <= count);
        self.marks.cut_off(count);
        // Without what was written: the next keyframe may stand a little farther off.
        self.cost = count - self.keyframes.last().map_or(0, |keyframe| keyframe.events);
        self.operations.clear();
        for (index, event) in self.events.iter().enumerate() {
            operation::follow(&mut self.operations, index, event);
        }
        taken
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
