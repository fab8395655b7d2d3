//! What the view of snapshots says: the commits that can still be read, who reads which, what the writer makes, which version of
//! a page each of them sees, and what a checkpoint has to wait for.

use super::{log, plural};
use crate::model::Model;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use tosumu::format::key_slot::KeySlotKind;
use tosumu::types::CommitNo;

/// One snapshot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
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
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct KeySlotFacts {
    /// Its number, from 0.
    pub slot: usize,
    /// Whose secret opens it.
    pub kind: String,
}

/// A commit that can still be read.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct CommitFacts {
    /// Its number.
    pub commit: u64,
    /// `page file` or `log`.
    pub place: String,
    /// The pages that it changed, as the log tells it; of the page file's commit nobody knows any more.
    pub pages: Vec<u32>,
    /// Whether a power cut would spare it.
    pub durable: bool,
    /// Whether it is the seal transaction of a checkpoint: it changes no record.
    pub seals: bool,
    /// Who sees it: the names of snapshots, and `new` for a snapshot begun now.
    pub seen_by: Vec<String>,
}

/// The writer.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct AxisWriterFacts {
    /// Its transaction.
    pub transaction: u64,
    /// The commit it builds on.
    pub base: u64,
    /// The commit it will be.
    pub makes: u64,
    /// The pages it has changed so far.
    pub pages: Vec<u32>,
}

/// A version of the page shown.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct VersionFacts {
    /// The commit that made it.
    pub commit: u64,
    /// `page file`, `log` or `memory`.
    pub place: String,
    /// Who sees it.
    pub seen_by: Vec<String>,
}

/// Snapshots, savepoints and key slots.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct SnapshotsFacts {
    /// The newest commit.
    pub commit: u64,
    /// The commits that can still be read, the page file's first.
    pub commits: Vec<CommitFacts>,
    /// The transaction that is open.
    pub writer: Option<AxisWriterFacts>,
    /// The page whose versions are told.
    pub page: Option<u32>,
    /// Its versions, oldest first.
    pub versions: Vec<VersionFacts>,
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
    let writer = writer(model);
    let commits = commits(model, &log);
    SnapshotsFacts {
        commit: facts.commit.0,
        checkpoint: checkpoint(model, &log, &snapshots),
        page: model.shown_page().map(|page| page.0),
        versions: versions(model, &log, &commits, writer.as_ref()),
        commits,
        writer,
        snapshots,
        savepoints: facts.savepoints.iter().map(|savepoint| savepoint.name.clone()).collect(),
        key_slots: key_slots(model),
    }
}

/// Who sees `commit` and nothing newer.
fn seen_by(model: &Model, commit: u64) -> Vec<String> {
    let facts = &model.world.facts;
    let snapshots = facts.snapshots.iter().filter(|(_, snapshot)| snapshot.commit.0 == commit);
    let mut names: Vec<String> = snapshots.map(|(name, _)| name.clone()).collect();
    if commit == facts.commit.0 && (facts.open || model.world.file().is_some()) {
        names.push("new".into());
    }
    names
}

fn commits(model: &Model, log: &log::LogFacts) -> Vec<CommitFacts> {
    let facts = &model.world.facts;
    if log::newest_superblock(&model.world).is_none() && model.world.file().is_none() {
        return Vec::new();
    }
    let mut commits = vec![CommitFacts {
        commit: log.page_file_commit,
        place: "page file".into(),
        durable: log.page_file_commit <= facts.durable_commit.0,
        seen_by: seen_by(model, log.page_file_commit),
        ..CommitFacts::default()
    }];
    for record in log.records.iter().filter(|record| record.kept && record.page.is_none()) {
        let pages = log.records.iter().filter(|frame| frame.commit == record.commit).filter_map(|frame| frame.page);
        commits.push(CommitFacts {
            commit: record.commit,
            place: "log".into(),
            pages: pages.collect(),
            durable: record.durable,
            seals: record.seals,
            seen_by: seen_by(model, record.commit),
        });
    }
    commits
}

fn writer(model: &Model) -> Option<AxisWriterFacts> {
    let facts = &model.world.facts;
    let transaction = facts.transaction?;
    let pages = super::tree::coming_pages(&model.world).into_iter().map(|page| page.0).collect();
    Some(AxisWriterFacts { transaction, base: facts.commit.0, makes: facts.commit.0 + 1, pages })
}

/// The versions of the page shown: the page file's, those in the log, and the writer's.
fn versions(
    model: &Model,
    log: &log::LogFacts,
    commits: &[CommitFacts],
    writer: Option<&AxisWriterFacts>,
) -> Vec<VersionFacts> {
    let Some(page) = model.shown_page() else { return Vec::new() };
    let mut made: Vec<(u64, &str)> = Vec::new();
    let sealed = model.world.sealed_in_file(page);
    let header = sealed.as_ref().and_then(|at| tosumu::format::page::SealedView::new(&at.bytes)?.header().ok());
    made.extend(header.map(|header| (header.commit.0, "page file")));
    let frames = log.records.iter().filter(|record| record.kept && record.page == Some(page.0));
    made.extend(frames.map(|frame| (frame.commit, "log")));
    // The same version may stand in both after a checkpoint that a snapshot has put off.
    made.dedup_by_key(|(commit, _)| *commit);
    let newest_seen = |commit: u64, next: Option<u64>| {
        let range = commits.iter().filter(|seen| seen.commit >= commit && next.is_none_or(|next| seen.commit < next));
        range.flat_map(|seen| seen.seen_by.iter().cloned()).collect::<Vec<String>>()
    };
    let mut versions: Vec<VersionFacts> = made
        .iter()
        .enumerate()
        .map(|(at, (commit, place))| VersionFacts {
            commit: *commit,
            place: (*place).into(),
            seen_by: newest_seen(*commit, made.get(at + 1).map(|(next, _)| *next)),
        })
        .collect();
    match writer.filter(|writer| writer.pages.contains(&page.0)) {
        Some(writer) => versions.push(VersionFacts {
            commit: writer.makes,
            place: "memory".into(),
            seen_by: vec!["the writer".into()],
        }),
        None if writer.is_some() => {
            if let Some(last) = versions.last_mut() {
                last.seen_by.push("the writer".into());
            }
        }
        None => {}
    }
    versions
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
        if self.commits.is_empty() {
            return format!("{}\n", self.checkpoint);
        }
        let mut text = format!("Newest commit {}; {} alive.\n", self.commit, plural(self.snapshots.len(), "snapshot"));
        for commit in &self.commits {
            text.push_str(&format!("{}\n", commit.line()));
        }
        for snapshot in &self.snapshots {
            text.push_str(&format!("{}: sees commit {}; {}", snapshot.name, snapshot.commit, snapshot.kept()));
            text.push_str(if snapshot.holds_back { "; a checkpoint waits for it\n" } else { "\n" });
        }
        if let Some(writer) = &self.writer {
            text.push_str(&format!("{}\n", writer.line()));
        }
        for version in &self.versions {
            text.push_str(&format!("{}\n", version.line(self.page.unwrap_or(0))));
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
        let slots: Vec<String> =
            self.key_slots.iter().map(|slot| format!("slot {} ({})", slot.slot, slot.kind)).collect();
        if !slots.is_empty() {
            remarks.push(format!("Keys that open the store: {}.", slots.join(", ")));
        }
        remarks
    }
}

impl CommitFacts {
    fn line(&self) -> String {
        let pages: Vec<String> = self.pages.iter().map(u32::to_string).collect();
        let pages = match (pages.len(), self.seals) {
            (0, _) => String::new(),
            (_, true) => format!(", seals of pages {}", pages.join(" ")),
            (1, false) => format!(", page {}", pages.join(" ")),
            _ => format!(", pages {}", pages.join(" ")),
        };
        let durable = if self.durable { "durable" } else { "a power cut can take it" };
        let seen = if self.seen_by.is_empty() { String::new() } else { format!("; seen by {}", named(&self.seen_by)) };
        format!("commit {} in the {}{pages}; {durable}{seen}", self.commit, self.place)
    }
}

impl AxisWriterFacts {
    /// `transaction 5 builds on commit 3 and will be commit 4; it has changed pages 2 4`.
    pub fn line(&self) -> String {
        let pages: Vec<String> = self.pages.iter().map(u32::to_string).collect();
        let changed = match pages.len() {
            0 => "it has changed no page yet".into(),
            1 => format!("it has changed page {}", pages.join(" ")),
            _ => format!("it has changed pages {}", pages.join(" ")),
        };
        format!(
            "transaction {} builds on commit {} and will be commit {}; {changed}",
            self.transaction, self.base, self.makes
        )
    }
}

impl VersionFacts {
    fn line(&self, page: u32) -> String {
        let seen = if self.seen_by.is_empty() { "nobody".into() } else { named(&self.seen_by) };
        format!("page {page} as of commit {} in {}: seen by {seen}", self.commit, self.place_words())
    }

    fn place_words(&self) -> String {
        if self.place == "memory" { "memory".into() } else { format!("the {}", self.place) }
    }
}

/// `t1, a snapshot begun now`.
pub fn named(names: &[String]) -> String {
    let names: Vec<&str> =
        names.iter().map(|name| if name == "new" { "a snapshot begun now" } else { name.as_str() }).collect();
    names.join(", ")
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
