//! What a power cut would leave, in one true sentence.

use super::{Facts, Sandbox};
use tosumu::trace::Event;
use tosumu::types::Bytes;

/// Most keys that are named.
const KEYS_NAMED_MAX: usize = 3;

/// A change of a record that a power cut would undo.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Undurable {
    /// A record that was not there before.
    Put(Bytes),
    /// A record that had another value before.
    Replaced(Bytes),
    /// A record that was removed.
    Removed(Bytes),
}

impl Undurable {
    fn key(&self) -> &Bytes {
        match self {
            Undurable::Put(key) | Undurable::Replaced(key) | Undurable::Removed(key) => key,
        }
    }

    /// What the store would be like: `without m`.
    fn undone(&self) -> String {
        match self {
            Undurable::Put(key) => format!("without {}", named(key)),
            Undurable::Replaced(key) => format!("with the old value of {}", named(key)),
            Undurable::Removed(key) => format!("with {} still in it", named(key)),
        }
    }
}

impl Sandbox {
    /// Keeps the list of changes that no sync has made durable.
    pub(super) fn follow_changes(&mut self, event: &Event) {
        match event {
            Event::RecordWritten { key, replaced_bytes: None, .. } => self.change(Undurable::Put(key.clone())),
            Event::RecordWritten { key, .. } => self.change(Undurable::Replaced(key.clone())),
            Event::RecordRemoved { key, .. } => self.change(Undurable::Removed(key.clone())),
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

    /// The first change of a key tells what a power cut would bring back, unless it was put and then removed.
    fn change(&mut self, change: Undurable) {
        let known = self.undurable.iter().position(|earlier| earlier.key() == change.key());
        match (known.map(|index| (index, &self.undurable[index])), &change) {
            (None, _) => self.undurable.push(change),
            (Some((index, Undurable::Put(_))), Undurable::Removed(_)) => {
                self.undurable.remove(index);
            }
            (Some((index, Undurable::Removed(_))), Undurable::Put(key)) => {
                self.undurable[index] = Undurable::Replaced(key.clone());
            }
            (Some((index, Undurable::Replaced(_))), Undurable::Removed(_)) => self.undurable[index] = change,
            _ => {}
        }
    }

    pub(super) fn if_power_went(&self, facts: &Facts) -> String {
        if self.tampered {
            return "A file was changed from outside: `verify`, or opening it again, tells what is noticed.".to_owned();
        }
        let surveys = self.surveys(facts);
        let Some(durable) = surveys.durable.commit else {
            return match surveys.system.commit {
                Some(_) => "Power off now: the new store may be gone, for its name is not durable yet.".to_owned(),
                None => "Power off now: there is no store, for it is still being made.".to_owned(),
            };
        };
        if !facts.open {
            return format!("No handle is open. The disk holds the store as commit {durable} left it.");
        }
        let undone = self.undone();
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

    fn undone(&self) -> String {
        if let [only] = &self.undurable[..] {
            return only.undone();
        }
        if self.undurable.is_empty() {
            return String::new();
        }
        if self.undurable.iter().all(|change| matches!(change, Undurable::Put(_))) {
            return format!("without {}", self.keys());
        }
        format!("the changes of {} undone", self.keys())
    }

    fn keys(&self) -> String {
        let listed: Vec<_> = self.undurable.iter().take(KEYS_NAMED_MAX).map(|change| named(change.key())).collect();
        match self.undurable.len() - listed.len() {
            0 => listed.join(" "),
            more => format!("{} and {more} more", listed.join(" ")),
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
