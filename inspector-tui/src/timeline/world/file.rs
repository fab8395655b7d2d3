//! The world of a file at rest: what could be read of it once, set and never changed.

use super::{Facts, SealedAt, WorldPage};
use std::collections::BTreeMap;
use tosumu::format::page::PageKind;
use tosumu::types::{Bytes, CommitNo, PageNo, Seal};

/// One page of a file at rest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FilePage {
    /// Its newest sealed form and where that stands, when it could be read.
    pub sealed: Option<SealedAt>,
    /// What stands in the page file, whatever the log holds.
    pub in_file: Option<SealedAt>,
    /// Its plain form, when the key is known and its seal is right.
    pub plain: Option<Bytes>,
    /// What it holds, as its header says.
    pub kind: Option<PageKind>,
    /// Levels above the leaves, known of opened pages.
    pub level: Option<u8>,
    /// The commit it was sealed for, as its header says.
    pub commit: Option<CommitNo>,
    /// Its seal.
    pub seal: Option<Seal>,
    /// Whether the newest form stands in the log.
    pub in_log: bool,
}

/// A file at rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileWorld {
    /// What is known of the store as a whole.
    pub facts: Facts,
    /// The pages that were read.
    pub pages: BTreeMap<PageNo, FilePage>,
    /// How many further pages the file has that were not read.
    pub unread: u32,
    /// The log's bytes.
    pub log: Bytes,
    /// The log's header, then its records in order: the page that each names.
    pub log_pages: Vec<Option<PageNo>>,
    /// Length of the page file, in bytes.
    pub file_bytes: u64,
    /// The two superblock slots.
    pub superblocks: [Option<Bytes>; 2],
    /// Why pages stay sealed, when the key is missing.
    pub locked: Option<String>,
}

impl FileWorld {
    pub(super) fn page(&self, page: PageNo) -> Option<WorldPage> {
        let known = self.pages.get(&page)?;
        Some(WorldPage {
            page,
            plain: known.plain.clone(),
            level: known.level,
            kind: known.kind,
            changed: false,
            new: false,
            sealed_commit: known.commit,
            seal: known.seal,
            in_log: known.in_log,
            last_writer: None,
            finding: None,
        })
    }
}
