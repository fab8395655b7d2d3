//! The world of a file at rest: what was read of it. The bytes of some pages are held, a few words of all; what is missing is
//! asked for when somebody looks at it.

use super::brief::{Brief, Briefs};
use super::reach::fill_percent;
use super::{Facts, Levels, Reach, SealedAt, WorldPage};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tosumu::format::node::{CellValue, NodeView};
use tosumu::format::page::PageKind;
use tosumu::types::{Bytes, CommitNo, PageNo, Seal};

/// Bytes of pages that are held; from there on those read first go. At least [`PAGES_HELD_MIN`] pages are held.
const BYTES_HELD_MAX: usize = 48 << 20;
/// More than one frame looks at.
const PAGES_HELD_MIN: usize = 1024;

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

impl FilePage {
    /// The same in few words.
    pub fn brief(&self) -> Brief {
        let fill = self.plain.as_deref().and_then(fill_percent);
        let brief = Brief::new(self.kind, fill, self.commit);
        let brief = if self.in_log { brief.in_the_log() } else { brief };
        match self.plain.as_deref().is_some_and(leads_on) {
            true => brief.leading_on(),
            false if self.sealed.is_none() => Brief::default(),
            false => brief,
        }
    }

    fn bytes(&self) -> usize {
        let sealed = [&self.sealed, &self.in_file].into_iter().flatten().map(|at| at.bytes.len());
        sealed.sum::<usize>() / if self.in_log { 1 } else { 2 }
            + self.plain.as_deref().map_or(0, <[u8]>::len)
            + size_of::<FilePage>()
    }
}

/// Whether a plain page is a leaf that leads to pages of long values.
pub(super) fn leads_on(plain: &[u8]) -> bool {
    let leaf = NodeView::new(plain).ok().filter(|node| node.kind() == PageKind::Leaf);
    leaf.is_some_and(|leaf| {
        (0..leaf.slot_count()).any(|slot| matches!(leaf.cell_value(slot), CellValue::Overflow { .. }))
    })
}

/// The pages whose bytes are at hand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct HeldPages {
    pages: BTreeMap<PageNo, Arc<FilePage>>,
    /// In the order they were read in.
    order: VecDeque<PageNo>,
    bytes: usize,
}

impl HeldPages {
    fn insert(&mut self, page: PageNo, read: Arc<FilePage>) {
        self.bytes += read.bytes();
        match self.pages.insert(page, read) {
            Some(earlier) => self.bytes -= earlier.bytes(),
            None => self.order.push_back(page),
        }
        while self.bytes > BYTES_HELD_MAX && self.order.len() > PAGES_HELD_MIN {
            let first = self.order.pop_front().and_then(|page| self.pages.remove(&page));
            self.bytes -= first.map_or(0, |page| page.bytes());
        }
    }

    fn remove(&mut self, page: PageNo) {
        if let Some(read) = self.pages.remove(&page) {
            self.bytes -= read.bytes();
            self.order.retain(|other| *other != page);
        }
    }
}

/// A file at rest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileWorld {
    /// What is known of the store as a whole.
    pub facts: Facts,
    /// How many pages the file has, or is said to have: they are numbered from 1.
    pub pages: u32,
    pub(super) held: HeldPages,
    pub(super) briefs: Briefs,
    /// The tree under a root, walked in the background.
    pub(super) levels: Option<(PageNo, Arc<Levels>)>,
    /// What leads where, walked in the background.
    pub(super) reach: Option<Arc<Reach>>,
    /// The log's bytes.
    pub log: Bytes,
    /// The log's header, then its records in order: the page that each names.
    pub log_pages: Arc<[Option<PageNo>]>,
    /// Length of the page file, in bytes.
    pub file_bytes: u64,
    /// The two superblock slots.
    pub superblocks: [Option<Bytes>; 2],
    /// Why pages stay sealed, when the key is missing.
    pub locked: Option<String>,
}

impl FileWorld {
    /// The pages whose bytes are at hand, by number.
    pub fn held(&self) -> impl Iterator<Item = (PageNo, &FilePage)> {
        self.held.pages.iter().map(|(page, read)| (*page, &**read))
    }

    /// A page whose bytes are at hand.
    pub fn held_page(&self, page: PageNo) -> Option<&FilePage> {
        self.held.pages.get(&page).map(|read| &**read)
    }

    /// Takes in a page that was read. Of more than can be held those read first go; what is known of them in few words stays.
    pub fn take_in(&mut self, page: PageNo, read: FilePage) {
        if page.is_none() || page.0 > self.pages {
            return;
        }
        let brief = read.brief();
        if brief.is_known() {
            self.briefs.set(page, brief.judged_as(self.briefs.get(page)));
        }
        self.held.insert(page, Arc::new(read));
    }

    /// Takes in what is known of pages in few words.
    pub fn take_in_briefs(&mut self, briefs: &[(PageNo, Brief)]) {
        for (page, brief) in briefs.iter().filter(|(page, _)| page.0 <= self.pages) {
            self.briefs.set(*page, brief.judged_as(self.briefs.get(*page)));
        }
    }

    /// Takes in the tree under `root`.
    pub fn take_in_levels(&mut self, root: PageNo, levels: Arc<Levels>) {
        self.levels = Some((root, levels));
    }

    /// Takes in what leads where.
    pub fn take_in_reach(&mut self, reach: Arc<Reach>) {
        self.reach = Some(reach);
    }

    /// Takes in what a verification said of pages.
    pub fn judge(&mut self, pages: &[(PageNo, bool)]) {
        let there = self.pages;
        pages.iter().filter(|(page, _)| page.0 <= there).for_each(|(page, sound)| self.briefs.judge(*page, *sound));
    }

    /// Forgets what verifications said.
    pub fn forget_verdicts(&mut self) {
        self.briefs.forget_verdicts();
    }

    /// What is known of all pages in few words.
    pub fn briefs(&self) -> &Briefs {
        &self.briefs
    }

    /// How many pages nobody has looked at.
    pub fn unread(&self) -> u32 {
        self.pages.saturating_sub(self.briefs.known())
    }

    /// Whether the bytes of every page are at hand.
    pub fn is_whole(&self) -> bool {
        self.held.pages.len() as u32 == self.pages
    }

    /// Takes over from an earlier look at the file what did not change: everything but `changed`.
    pub fn inherit(&mut self, earlier: &FileWorld, changed: &[PageNo]) {
        let mut briefs = earlier.briefs.clone();
        let mut held = earlier.held.clone();
        for page in changed {
            briefs.set(*page, Brief::default());
            held.remove(*page);
        }
        for (page, read) in std::mem::take(&mut self.held.pages) {
            let brief = read.brief();
            if brief.is_known() {
                briefs.set(page, brief);
            }
            held.insert(page, read);
        }
        (self.briefs, self.held) = (briefs, held);
    }

    pub(super) fn page(&self, page: PageNo) -> Option<WorldPage> {
        if page.is_none() || page.0 > self.pages {
            return None;
        }
        let nothing = FilePage::default();
        let held = self.held_page(page);
        let brief = self.briefs.get(page);
        let known = held.unwrap_or(&nothing);
        Some(WorldPage {
            page,
            plain: known.plain.clone(),
            level: known.level,
            kind: known.kind.or(brief.kind()),
            changed: false,
            new: false,
            sealed_commit: known.commit.or(brief.commit()),
            seal: known.seal,
            in_log: known.in_log || brief.is_in_log(),
            last_writer: None,
            finding: None,
            is_read: held.is_some(),
        })
    }
}
