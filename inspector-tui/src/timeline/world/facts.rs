//! What is known of a store as a whole at an instant.

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
    /// The root.
    pub root: Option<PageNo>,
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
    /// What was found.
    pub findings: Vec<Finding>,
    /// What verification ran, in words: `superblocks`, `log`, …
    pub checked: Vec<String>,
    /// Where the last branch searched leads.
    leads_to: Option<PageNo>,
    /// The root as it was when the open transaction began.
    root_before: Option<PageNo>,
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
            commit: CommitNo(0),
            durable_commit: CommitNo(0),
            transaction: None,
            path: Vec::new(),
            new_pages: BTreeSet::new(),
            fresh: None,
            touched: None,
            verified: BTreeMap::new(),
            findings: Vec::new(),
            checked: Vec::new(),
            leads_to: None,
            root_before: None,
        }
    }

    /// Takes in the next event, as far as it tells of the whole.
    pub(super) fn apply(&mut self, event: &Event) {
        self.touched = event.page().or(self.touched);
        match event {
            Event::OperationStarted { .. } => self.begin_operation(),
            Event::TransactionStarted { transaction, .. } => {
                self.transaction = Some(*transaction);
                self.root_before = self.root;
                self.new_pages.clear();
            }
            Event::TransactionCommitted { .. } => self.transaction = None,
            Event::TransactionRolledBack { .. } => {
                self.root = self.root_before.take().or(self.root);
                self.transaction = None;
                self.new_pages.clear();
                self.fresh = None;
            }
            Event::SavepointRestored { root, .. } => {
                self.root = Some(*root);
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
            Event::VerifyStarted { .. } => {
                self.verified.clear();
                self.findings.clear();
            }
            Event::PageVerified { page, sound } => {
                self.verified.insert(*page, *sound);
            }
            Event::FindingReported { finding } => self.findings.push((**finding).clone()),
            _ => {}
        }
    }

    fn begin_operation(&mut self) {
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
        self.path.clear();
        self.new_pages.clear();
        self.fresh = None;
        self.touched = None;
    }
}
