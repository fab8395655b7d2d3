//! What a power cut would leave, in one true sentence.

use super::{Facts, Sandbox};
use std::collections::BTreeMap;
use std::sync::Arc;
use tosumu::trace::Event;
use tosumu::types::Bytes;

/// Most keys that are named.
const KEYS_NAMED_MAX: usize = 3;

/// What a power cut would undo of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Change {
    /// It was not there before.
    Put,
    /// It had another value before.
    Replaced,
    /// It was removed.
    Removed,
}

impl Change {
    /// What the store would be like: `without m`.
    fn undone(self, key: &Bytes) -> String {
        match self {
            Change::Put => format!("without {}", named(key)),
            Change::Replaced => format!("with the old value of {}", named(key)),
            Change::Removed => format!("with {} still in it", named(key)),
        }
    }
}

/// The changes of records that no sync has made durable; cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Undurable {
    /// By key, each with its place in the order they were made in.
    changes: Arc<BTreeMap<Bytes, (u64, Change)>>,
    made: u64,
}

impl Undurable {
    pub fn clear(&mut self) {
        *self = Undurable::default();
    }

    /// The first change of a key tells what a power cut would bring back, unless it was put and then removed.
    fn add(&mut self, key: &Bytes, change: Change) {
        let changes = Arc::make_mut(&mut self.changes);
        match (changes.get_mut(key), change) {
            (None, _) => {
                changes.insert(key.clone(), (self.made, change));
                self.made += 1;
            }
            (Some((_, Change::Put)), Change::Removed) => drop(changes.remove(key)),
            (Some((_, known @ Change::Removed)), Change::Put) => *known = Change::Replaced,
            (Some((_, known @ Change::Replaced)), Change::Removed) => *known = change,
            _ => {}
        }
    }

    /// What the store would be like without them; nothing when there are none.
    fn undone(&self) -> String {
        let mut changes = self.changes.iter();
        match (changes.next(), changes.next()) {
            (None, _) => String::new(),
            (Some((key, (_, change))), None) => change.undone(key),
            _ if self.changes.values().all(|(_, change)| *change == Change::Put) => format!("without {}", self.keys()),
            _ => format!("the changes of {} undone", self.keys()),
        }
    }

    /// The keys in the order they were first changed in; of many the first few.
    fn keys(&self) -> String {
        let mut first: Vec<(u64, &Bytes)> = Vec::new();
        for (key, (order, _)) in self.changes.iter() {
            let at = first.partition_point(|(known, _)| known < order);
            first.insert(at, (*order, key));
            first.truncate(KEYS_NAMED_MAX);
        }
        let listed: Vec<_> = first.into_iter().map(|(_, key)| named(key)).collect();
        match self.changes.len() - listed.len() {
            0 => listed.join(" "),
            more => format!("{} and {more} more", listed.join(" ")),
        }
    }
}

impl Sandbox {
    /// Keeps the list of changes that no sync has made durable.
    pub(super) fn follow_changes(&mut self, event: &Event) {
        match event {
            Event::RecordWritten { key, replaced_bytes: None, .. } => self.undurable.add(key, Change::Put),
            Event::RecordWritten { key, .. } => self.undurable.add(key, Change::Replaced),
            Event::RecordRemoved { key, .. } => self.undurable.add(key, Change::Removed),
            Event::SavepointSet { savepoint, .. } => self.marks.push((*savepoint, self.undurable.clone())),
            Event::SavepointRestored { savepoint, .. } => self.changes_until(*savepoint),
            Event::TransactionStarted { .. } => self.marks.clear(),
            Event::TransactionCommitted { .. }
            | Event::TransactionRolledBack { .. }
            | Event::Crashed { .. }
            | Event::HandleDropped => self.undurable.clear(),
            Event::Tampered { .. } | Event::FileReplaced { .. } => self.tampered = true,
            _ => {}
        }
    }

    /// The changes as they were at a savepoint; those set after it are passed over.
    fn changes_until(&mut self, savepoint: u32) {
        self.marks.retain(|(number, _)| *number <= savepoint);
        if let Some((_, changes)) = self.marks.last().filter(|(number, _)| *number == savepoint) {
            self.undurable = changes.clone();
        }
    }

    pub(super) fn if_power_went(&self, facts: &Facts) -> String {
        if self.tampered {
            return "A file was changed from outside: `verify`, or opening it again, tells what is noticed.".to_owned();
        }
        let surveys = &self.surveys;
        let Some(durable) = surveys.durable.commit else {
            return match surveys.system.commit {
                Some(_) => "Power off now: the new store may be gone, for its name is not durable yet.".to_owned(),
                None => "Power off now: there is no store, for it is still being made.".to_owned(),
            };
        };
        if !facts.open {
            return format!("No handle is open. The disk holds the store as commit {durable} left it.");
        }
        let undone = self.undurable.undone();
        let newer = surveys.system.commit.filter(|system| *system > durable);
        match (newer, undone.is_empty()) {
            (Some(newer), true) => format!(
                "Power off now: commit {durable} is safe; commit {newer} is left only if the disk has taken the write."
            ),
            (Some(newer), false) => format!(
                "Power off now: the store is as commit {durable} left it, {undone}; or as commit {newer}, if the disk has \
                 taken the write."
            ),
            (None, true) if facts.transaction.is_some() && durable <= facts.commit => {
                format!("Power off now: the store is as commit {durable} left it.")
            }
            (None, true) => format!("Power off now: nothing is lost; commit {durable} is on the disk."),
            (None, false) => format!("Power off now: the store is as commit {durable} left it, {undone}."),
        }
    }
}

/// A key as a sentence names it; at level `outline` events carry none.
fn named(key: &Bytes) -> String {
    let shown = key.to_string();
    match shown.chars().count() {
        0 => "the record".to_owned(),
        1..=16 => shown,
        _ => shown.chars().take(15).chain(['…']).collect(),
    }
}
