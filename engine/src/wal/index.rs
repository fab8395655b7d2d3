//! The log index: for each page, where its sealed versions stand in the log, oldest first.

use crate::types::{CommitNo, PageNo, Seal};
use std::collections::BTreeMap;

/// One sealed version of a page in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FramePlace {
    pub commit: CommitNo,
    pub seal: Seal,
    /// Where the sealed page starts in the log, in bytes.
    pub offset: u64,
}

#[derive(Default)]
pub(crate) struct LogIndex {
    versions: BTreeMap<PageNo, Vec<FramePlace>>,
}

impl LogIndex {
    pub fn insert(&mut self, page: PageNo, frame: FramePlace) {
        self.versions.entry(page).or_default().push(frame);
    }

    /// The version of `page` that a snapshot of `commit` sees, if the log has one.
    pub fn lookup(&self, page: PageNo, commit: CommitNo) -> Option<FramePlace> {
        self.versions.get(&page)?.iter().rev().find(|frame| frame.commit <= commit).copied()
    }

    /// The newest version of each page, in page order.
    pub fn newest(&self) -> impl Iterator<Item = (PageNo, FramePlace)> + '_ {
        self.versions.iter().filter_map(|(&page, frames)| frames.last().map(|&frame| (page, frame)))
    }

    pub fn pages_count(&self) -> usize {
        self.versions.len()
    }

    pub fn frames_count(&self) -> usize {
        self.versions.values().map(Vec::len).sum()
    }

    pub fn clear(&mut self) {
        self.versions.clear();
    }
}
