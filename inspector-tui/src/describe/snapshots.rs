//! What the view of snapshots says: who reads which commit, what is kept for that reader, and whether a checkpoint has to wait.

use super::{log, plural};
use crate::model::Model;
use serde::Serialize;
use std::collections::BTreeMap;
use tosumu::format::key_slot::KeySlotKind;
use tosumu::types::CommitNo;

/// One snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SnapshotFacts {
    /// Its name.
    pub name: String,
    /// The commit it sees.
    pub commit: u64,
    /// Page frames of the log that it alone, or another as old, still needs: newer ones stand behind them.
    pub frames_kept: usize,
    /// Whether the log it reads was folded into the page file already, and is kept whole for it.
    pub log_is_over: bool,
    /// Whether a checkpoint has to wait for it.
    pub holds_back: bool,
}

/// A key slot in use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct KeySlotFacts {
    /// Its number, from 0.
    pub slot: usize,
    /// Whose secret opens it.
    pub kind: String,
}

/// Snapshots, savepoints and key slots.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct SnapshotsFacts {
    /// The newest commit.
    pub commit: u64,
    /// The snapshots that live.
    pub snapshots: Vec<SnapshotFacts>,
    /// The savepoints of the open transaction.
    pub savepoints: Vec<String>,
    /// The key slots in use.
    pub key_slots: Vec<KeySlotFacts>,
    /// What stands in the way of a checkpoint, in a sentence.
    pub checkpoint: String,
}

/// The snapshots of `model`'s present world.
pub fn snapshots(model: &Model) -> SnapshotsFacts {
    let facts = &model.world.facts;
    let log = log::log(model);
    let end = checkpoint_commit(&log, facts.commit);
    let snapshots: Vec<SnapshotFacts> = facts
        .snapshots
        .iter()
        .map(|(name, snapshot)| SnapshotFacts {
            name: name.clone(),
            commit: snapshot.commit.0,
            frames_kept: if snapshot.log_is_over { 0 } else { frames_kept(&log, snapshot.commit) },
            log_is_over: snapshot.log_is_over,
            holds_back: snapshot.commit < end,
        })
        .collect();
    SnapshotsFacts {
        commit: facts.commit.0,
        checkpoint: checkpoint(model, &log, &snapshots),
        snapshots,
        savepoints: facts.savepoints.iter().map(|savepoint| savepoint.name.clone()).collect(),
        key_slots: key_slots(model),
    }
}

/// The commit that a checkpoint folds: its own seal transaction, unless one stands at the log's end already.
fn checkpoint_commit(log: &log::LogFacts, newest: CommitNo) -> CommitNo {
    let last = log.records.iter().rfind(|record| record.kept && record.page.is_none());
    match last {
        Some(record) if record.seals => newest,
        _ => newest.next(),
    }
}

/// The frames that a snapshot of `commit` reads and that nobody newer does.
fn frames_kept(log: &log::LogFacts, commit: CommitNo) -> usize {
    let mut newest: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for record in log.records.iter().filter(|record| record.kept) {
        let Some(page) = record.page else { continue };
        let (seen, last) = newest.entry(page).or_default();
        if record.commit <= commit.0 {
            *seen = record.commit;
        }
        *last = record.commit;
    }
    newest.values().filter(|(seen, last)| *seen > 0 && seen < last).count()
}

fn checkpoint(model: &Model, log: &log::LogFacts, snapshots: &[SnapshotFacts]) -> String {
    if model.world.file().is_some() {
        return "A file at rest has no reader: nothing stands in the way of a checkpoint.".into();
    }
    if !model.world.facts.open {
        return "The store is not open: nobody reads.".into();
    }
    let waiting: Vec<&str> =
        snapshots.iter().filter(|snapshot| snapshot.holds_back).map(|snapshot| snapshot.name.as_str()).collect();
    let pages = log.records.iter().any(|record| record.kept && record.page.is_some());
    match (&waiting[..], pages, model.world.facts.transaction) {
        (_, _, Some(_)) => "A transaction is open: a checkpoint waits for its end.".into(),
        ([], false, _) => "Nothing stands in the log: a checkpoint has nothing to fold.".into(),
        ([], true, _) => "Nothing stands in the way of a checkpoint.".into(),
        ([only], ..) => {
            format!("A checkpoint has to wait for {only}, which still reads what its pages would overwrite.")
        }
        (many, ..) => {
            format!(
                "A checkpoint has to wait for {}, which still read what its pages would overwrite.",
                many.join(", ")
            )
        }
    }
}

fn key_slots(model: &Model) -> Vec<KeySlotFacts> {
    let Some(superblock) = log::newest_superblock(&model.world) else { return Vec::new() };
    let slots = superblock.key_slots.iter().enumerate();
    let used = slots.filter_map(|(slot, content)| {
        let kind = content.kind().ok().filter(|kind| *kind != KeySlotKind::Empty)?;
        Some(KeySlotFacts { slot, kind: kind.to_string() })
    });
    used.collect()
}

impl SnapshotsFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = format!("Newest commit {}; {} alive.\n", self.commit, plural(self.snapshots.len(), "snapshot"));
        for snapshot in &self.snapshots {
            text.push_str(&format!("{}: sees commit {}; {}", snapshot.name, snapshot.commit, snapshot.kept()));
            text.push_str(if snapshot.holds_back { "; a checkpoint waits for it\n" } else { "\n" });
        }
        text.push_str(&format!("{}\n", self.checkpoint));
        for remark in self.remarks() {
            text.push_str(&format!("{remark}\n"));
        }
        text
    }

    /// Savepoints and key slots, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if !self.savepoints.is_empty() {
            remarks.push(format!("Savepoints of the open transaction: {}.", self.savepoints.join(", ")));
        }
        let slots: Vec<String> = self.key_slots.iter().map(|slot| format!("{} {}", slot.slot, slot.kind)).collect();
        if !slots.is_empty() {
            remarks.push(format!("Key slots in use: {}.", slots.join(", ")));
        }
        remarks
    }
}

impl SnapshotFacts {
    /// What is kept for it.
    pub fn kept(&self) -> String {
        match self.frames_kept {
            _ if self.log_is_over => "the whole log before".into(),
            0 => "nothing of its own".into(),
            frames => format!("{} of the log", plural(frames, "frame")),
        }
    }
}
