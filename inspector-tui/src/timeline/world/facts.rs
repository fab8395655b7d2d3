//! What is known of a store as a whole at an instant.

use super::space::Space;
use std::collections::{BTreeMap, BTreeSet};
use tosumu::Finding;
use tosumu::trace::Event;
use tosumu::types::{Bytes, CommitNo, PageNo, PageSize};

/// What is known of a store as a whole; kept by folding each event, or set once for a file at rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// The page file's name.
    pub file: String,
    /// The log's name.
    pub log_file: String,
    /// Page size.
    pub page_size: PageSize,
    /// Whether a handle is open: false after a crash until the store is opened again.
    pub open: bool,
    /// The root of the main tree.
    pub root: Option<PageNo>,
    /// The named trees and the free list.
    pub space: Space,
    /// The named snapshots that live.
    pub snapshots: BTreeMap<String, Snapshot>,
    /// The savepoints of the open transaction, in the order they were set.
    pub savepoints: Vec<Savepoint>,
    /// The newest published commit.
    pub commit: CommitNo,
    /// The newest commit that a power cut would leave.
    pub durable_commit: CommitNo,
    /// The transaction that is open.
    pub transaction: Option<u64>,
    /// Pages of the present operation's last search, root first.
    pub path: Vec<PageNo>,
    /// Pages taken into use since the last transaction began.
    pub new_pages: BTreeSet<PageNo>,
    /// The record, or else the separator, that the present operation wrote last.
    pub fresh: Option<(PageNo, Bytes)>,
    /// The page the present event is about; when it is about none, the one before it was.
    pub touched: Option<PageNo>,
    /// The pages verified so far, and whether each was sound.
    pub verified: BTreeMap<PageNo, bool>,
    /// The pages of a followed file that changed since the look before.
    pub changed_since: BTreeSet<PageNo>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// What verification ran, in words: `superblocks`, `log`, …
    pub checked: Vec<String>,
    /// Where the last branch searched leads.
    leads_to: Option<PageNo>,
    /// Root, trees and free list as they were when the open transaction began.
    before: Option<(Option<PageNo>, Space)>,
    /// The present operation, as it was written.
    line: String,
}

/// A named snapshot that lives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    /// The commit it sees.
    pub commit: CommitNo,
    /// Whether the log it began on was folded into the page file since: it reads on in that one.
    pub log_is_over: bool,
}

/// A savepoint of the open transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Savepoint {
    /// The name a script gave it, else its number.
    pub name: String,
    /// Counted from 1 in its transaction.
    pub number: u32,
    /// Root, trees and free list as they were there.
    root: Option<PageNo>,
    space: Space,
}

impl Facts {
    /// Of a store of which nothing is known yet.
    pub fn of(file: &str, page_size: PageSize) -> Facts {
        Facts {
            file: file.to_owned(),
            log_file: format!("{file}-wal"),
            page_size,
            open: false,
            root: None,
            space: Space::default(),
            snapshots: BTreeMap::new(),
            savepoints: Vec::new(),
            commit: CommitNo(0),
            durable_commit: CommitNo(0),
            transaction: None,
            path: Vec::new(),
            new_pages: BTreeSet::new(),
            fresh: None,
            touched: None,
            verified: BTreeMap::new(),
            changed_since: BTreeSet::new(),
            findings: Vec::new(),
            checked: Vec::new(),
            leads_to: None,
            before: None,
            line: String::new(),
        }
    }

    /// Takes in the next event, as far as it tells of the whole.
    pub(super) fn apply(&mut self, event: &Event) {
        self.touched = event.page().or(self.touched);
        self.follow_space(event);
        match event {
            Event::OperationStarted { line } => self.begin_operation(line),
            Event::SnapshotTaken { name, commit } => {
                self.snapshots.insert(name.clone(), Snapshot { commit: *commit, log_is_over: false });
            }
            Event::SnapshotEnded { name } => drop(self.snapshots.remove(name)),
            Event::CheckpointEnded { .. } => {
                self.snapshots.values_mut().for_each(|snapshot| snapshot.log_is_over = true);
            }
            Event::TransactionStarted { transaction, .. } => {
                self.transaction = Some(*transaction);
                self.before = Some((self.root, self.space.clone()));
                self.new_pages.clear();
                self.savepoints.clear();
            }
            Event::TransactionCommitted { .. } => {
                self.transaction = None;
                self.savepoints.clear();
            }
            Event::TransactionRolledBack { .. } => {
                if let Some((root, space)) = self.before.take() {
                    (self.root, self.space) = (root.or(self.root), space);
                }
                self.transaction = None;
                self.new_pages.clear();
                self.savepoints.clear();
                self.fresh = None;
            }
            Event::SavepointSet { savepoint, .. } => self.set_savepoint(*savepoint),
            Event::SavepointRestored { root, savepoint, .. } => {
                self.root = Some(*root);
                self.go_back_to(*savepoint);
                self.fresh = None;
            }
            Event::BranchSearched { page, child, .. } => {
                self.search(*page);
                self.leads_to = Some(*child);
            }
            Event::LeafSearched { page, .. } => {
                self.search(*page);
                self.leads_to = None;
            }
            Event::PageAllocated { page, .. } => {
                self.new_pages.insert(*page);
            }
            Event::RecordWritten { page, key, .. } => self.fresh = Some((*page, key.clone())),
            Event::SeparatorWritten { page, key, .. } | Event::SeparatorReplaced { page, key, .. }
                if self.fresh.is_none() =>
            {
                self.fresh = Some((*page, key.clone()));
            }
            // Named trees have roots of their own.
            Event::RootGrew { new_root, old_root, .. } | Event::RootShrank { new_root, old_root, .. }
                if self.root.is_none_or(|root| root == *old_root) =>
            {
                self.root = Some(*new_root);
            }
            Event::PageFreed { page, .. } => self.forget(*page),
            Event::SealTransactionCommitted { root, .. } => self.root = Some(root.page),
            Event::Opened { root, .. } => {
                self.open = true;
                self.root = Some(*root).filter(|page| !page.is_none());
            }
            Event::DatabaseCreated { page_size, .. } => {
                self.page_size = PageSize::new(*page_size).unwrap_or(self.page_size);
            }
            Event::Crashed { .. } | Event::HandleDropped => self.close(),
            Event::VerifyStarted { level, .. } => {
                self.verified.clear();
                self.findings.clear();
                self.checked = vec![format!("everything of level {level}")];
            }
            Event::PageVerified { page, sound } => {
                self.verified.insert(*page, *sound);
            }
            Event::FindingReported { finding } => {
                self.findings.push((**finding).clone());
                // The worst is looked at first.
                self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
            }
            _ => {}
        }
    }

    /// The named trees and the free list change with the pages, and are told of by the same events.
    fn follow_space(&mut self, event: &Event) {
        match event {
            Event::TreeCreated { name, root } => drop(self.space.trees.insert(name.clone(), *root)),
            Event::TreeDropped { name, .. } => drop(self.space.trees.remove(name)),
            Event::RootGrew { new_root, old_root, .. } | Event::RootShrank { new_root, old_root, .. } => {
                self.space.move_root(*old_root, *new_root);
            }
            Event::PageFreed { trunk, free_count, .. } | Event::PageTaken { trunk, free_count, .. } => {
                self.space.head = Some(*trunk).filter(|trunk| !trunk.is_none());
                self.space.free_count = *free_count;
            }
            _ => {}
        }
    }

    fn set_savepoint(&mut self, number: u32) {
        let named = self.line.strip_prefix("savepoint ").map(|name| name.trim().to_owned());
        let name = named.unwrap_or_else(|| number.to_string());
        self.savepoints.retain(|earlier| earlier.name != name);
        self.savepoints.push(Savepoint { name, number, root: self.root, space: self.space.clone() });
    }

    fn go_back_to(&mut self, number: u32) {
        self.savepoints.retain(|savepoint| savepoint.number <= number);
        if let Some(savepoint) = self.savepoints.last().filter(|savepoint| savepoint.number == number) {
            (self.root, self.space) = (savepoint.root, savepoint.space.clone());
        }
    }

    fn begin_operation(&mut self, line: &str) {
        self.line = line.to_owned();
        self.path.clear();
        self.leads_to = None;
        self.fresh = None;
        if self.transaction.is_none() {
            self.new_pages.clear();
        }
    }

    /// A page out of use is neither new nor a step of a path.
    fn forget(&mut self, page: PageNo) {
        self.new_pages.remove(&page);
        self.path.retain(|step| *step != page);
        self.fresh = self.fresh.take().filter(|(place, _)| *place != page);
    }

    fn search(&mut self, page: PageNo) {
        if self.leads_to != Some(page) {
            self.path.clear();
        }
        self.path.push(page);
    }

    fn close(&mut self) {
        self.open = false;
        self.transaction = None;
        self.snapshots.clear();
        self.savepoints.clear();
        self.path.clear();
        self.new_pages.clear();
        self.fresh = None;
        self.touched = None;
    }
}
