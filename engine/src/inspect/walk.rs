//! The tolerant walk: every page reached from a root, in key order, each judged by the pointer that led to it.
//!
//! A page that does not hold ends its own subtree and nothing else. Only the branches on the way down are held, so the walk
//! takes the memory of one path, and a bit for each page seen. A page seen before, or above itself, ends there too.

use super::AtRest;
use super::VouchedState;
use crate::btree::path_text;
use crate::crypto::PlainPage;
use crate::escape::escape_word;
use crate::finding::{Code, Finding};
use crate::format::node::NodeView;
use crate::format::page::{PageKind, SealedView};
use crate::limits::TREE_DEPTH_MAX;
use crate::types::{Bytes, CommitNo, PageNo, PagePointer};
use std::collections::BTreeMap;

/// A page that the walk came to.
pub(crate) struct Met<'a> {
    /// What vouches for it: the pointer in its parent, or what the log's index says.
    pub expected: PagePointer,
    /// Branches above it.
    pub depth: usize,
    /// The slot of its parent that led here; 0 for the root.
    pub slot: usize,
    /// The level it has or, when it does not hold, should have by its parent.
    pub level: Option<u8>,
    /// No key below this belongs here; `None`: from the first key on.
    pub lower: Option<Bytes>,
    /// Keys from this one up belong elsewhere; `None`: to the last key.
    pub upper: Option<Bytes>,
    /// The page, or what is wrong with it: complete with path, what is lost and what to do.
    pub outcome: Result<NodeView<'a>, Box<Finding>>,
    /// The way from the root, for findings.
    pub path: &'a dyn Fn() -> String,
}

/// Walks the tree of `state` and hands every page to `visit`, parents before children, in key order.
pub(crate) fn walk(file: &AtRest, state: &VouchedState, visit: &mut dyn FnMut(Met<'_>)) {
    let mut walker = Walker { file, state, stack: Vec::new(), seen: PageSet::default() };
    walker.meet(state.root, None, None, visit);
    while let Some((child, lower, upper)) = walker.next_child() {
        walker.meet(child, lower, upper, visit);
    }
}

/// A range of keys in words: `keys l up to (not including) r`.
pub(crate) fn key_range_text(lower: Option<&[u8]>, upper: Option<&[u8]>) -> String {
    match (lower.map(escape_word), upper.map(escape_word)) {
        (None, None) => "every key".to_owned(),
        (None, Some(upper)) => format!("keys below {upper}"),
        (Some(lower), None) => format!("keys from {lower} up"),
        (Some(lower), Some(upper)) => format!("keys {lower} up to (not including) {upper}"),
    }
}

struct Walker<'a> {
    file: &'a AtRest,
    state: &'a VouchedState,
    stack: Vec<Branch>,
    seen: PageSet,
}

/// A branch on the way down.
struct Branch {
    page: PageNo,
    plain: PlainPage,
    next_slot: usize,
    lower: Option<Bytes>,
    upper: Option<Bytes>,
}

impl Branch {
    fn view(&self) -> NodeView<'_> {
        NodeView::trusted(&self.plain)
    }
}

impl Walker<'_> {
    /// The next pointer to follow, with the keys that belong behind it.
    fn next_child(&mut self) -> Option<(PagePointer, Option<Bytes>, Option<Bytes>)> {
        loop {
            let branch = self.stack.last_mut()?;
            let slot = branch.next_slot;
            branch.next_slot += 1;
            let node = NodeView::trusted(&branch.plain);
            if slot >= node.slot_count() {
                self.stack.pop();
                continue;
            }
            let lower = if slot == 0 { branch.lower.clone() } else { Some(node.key(slot).into()) };
            let last = slot + 1 == node.slot_count();
            let upper = if last { branch.upper.clone() } else { Some(node.key(slot + 1).into()) };
            return Some((node.child(slot), lower, upper));
        }
    }

    fn meet(
        &mut self,
        pointer: PagePointer,
        lower: Option<Bytes>,
        upper: Option<Bytes>,
        visit: &mut dyn FnMut(Met<'_>),
    ) {
        let expected = self.file.resolve(&pointer);
        let opened = self.open(&pointer).map_err(|finding| self.complete(*finding, &expected, &lower, &upper));
        let level_by_parent = self.stack.last().map(|branch| branch.view().level().saturating_sub(1));
        visit(Met {
            expected,
            depth: self.stack.len(),
            slot: self.stack.last().map_or(0, |branch| branch.next_slot - 1),
            level: opened.as_ref().map_or(level_by_parent, |plain| Some(NodeView::trusted(plain).level())),
            lower: lower.clone(),
            upper: upper.clone(),
            outcome: opened.as_ref().map(|plain| NodeView::trusted(plain)).map_err(Clone::clone),
            path: &|| self.path(pointer.page),
        });
        let Ok(plain) = opened else { return };
        self.seen.insert(pointer.page);
        if NodeView::trusted(&plain).kind() == PageKind::Branch {
            self.stack.push(Branch { page: pointer.page, plain, next_slot: 0, lower, upper });
        }
    }

    fn open(&self, pointer: &PagePointer) -> Result<PlainPage, Box<Finding>> {
        let page = pointer.page;
        if page.is_none() || page.0 > self.state.page_count {
            let why = format!("A pointer names page {page}; the tree has pages 1 to {}.", self.state.page_count);
            return Err(Box::new(
                Finding::new(Code::TreeSlot, why)
                    .page(page)
                    .expected(format!("a page from 1 to {}", self.state.page_count), page.to_string()),
            ));
        }
        if self.stack.iter().any(|branch| branch.page == page) {
            let finding = Finding::new(Code::TreeCycle, format!("Page {page} leads back to itself."));
            return Err(Box::new(self.at_page(finding, page).expected("a page below", "a page above")));
        }
        if self.seen.contains(page) {
            let finding =
                Finding::new(Code::TreeDoubleRef, format!("Page {page} was reached before, by another pointer."));
            return Err(Box::new(self.at_page(finding, page).expected("one pointer", "a second one")));
        }
        let plain = self.file.open_page(pointer)?;
        self.check_level(NodeView::trusted(&plain).level(), page)?;
        Ok(plain)
    }

    /// A child stands one level below its parent: with that no path is longer than the root's level.
    fn check_level(&self, level: u8, page: PageNo) -> Result<(), Box<Finding>> {
        let (fits, expected) = match self.stack.last().map(|branch| branch.view().level()) {
            Some(above) => (above == level.saturating_add(1), format!("level {}", above.saturating_sub(1))),
            None => (usize::from(level) < TREE_DEPTH_MAX, format!("a level below {TREE_DEPTH_MAX}")),
        };
        if fits {
            return Ok(());
        }
        let why = format!("Page {page} is authentic, but its level does not fit its place.");
        let finding = self.at_page(Finding::new(Code::TreeDepth, why), page);
        Err(Box::new(finding.expected(expected, format!("level {level}"))))
    }

    fn at_page(&self, finding: Finding, page: PageNo) -> Finding {
        let finding = finding.page(page);
        match self.file.newest_page(page) {
            Ok(found) => {
                let place = self.file.place(&found);
                finding.at(place.file, place.offset..place.offset + found.bytes.len() as u64)
            }
            Err(_) => finding,
        }
    }

    /// Adds what only the walk knows: the way here, the keys that are lost with the page, and the sound ones around it.
    fn complete(
        &self,
        finding: Finding,
        expected: &PagePointer,
        lower: &Option<Bytes>,
        upper: &Option<Bytes>,
    ) -> Box<Finding> {
        let (lower, upper) = (lower.as_deref(), upper.as_deref());
        let range = key_range_text(lower, upper);
        let older = match finding.code {
            Code::PageStale => self.commit_found(expected.page).filter(|found| *found < expected.commit),
            _ => None,
        };
        let lost = match older {
            Some(found) => format!("What changed in {range} after commit {found}; which keys, this file cannot tell."),
            None => capitalised(&range) + ".",
        };
        Box::new(finding.path(self.path(expected.page)).lost(lost).next(self.next_step(lower, upper)))
    }

    fn commit_found(&self, page: PageNo) -> Option<CommitNo> {
        let found = self.file.newest_page(page).ok()?;
        Some(SealedView::new(&found.bytes)?.header().ok()?.commit)
    }

    fn next_step(&self, lower: Option<&[u8]>, upper: Option<&[u8]>) -> String {
        let name = shell_word(self.file.name().to_owned());
        let below = lower.map(|key| format!("`scan {name} --to {}`", shell_word(escape_word(key))));
        let above = upper.map(|key| format!("`scan {name} --from {}`", shell_word(escape_word(key))));
        let hints: Vec<String> = below.into_iter().chain(above).collect();
        match hints.is_empty() {
            true => "Keep a copy of this file. Restore a backup.".to_owned(),
            false => format!(
                "Keep a copy of this file. Restore a backup, or fetch the keys around this page: {}.",
                hints.join(", ")
            ),
        }
    }

    fn path(&self, page: PageNo) -> String {
        let steps: Vec<(PageNo, usize, Vec<u8>)> = self
            .stack
            .iter()
            .map(|branch| {
                let slot = branch.next_slot - 1;
                (branch.page, slot, branch.view().key(slot).to_vec())
            })
            .collect();
        path_text(&self.state.root_holder, &steps, page)
    }
}

/// A word as a shell takes it.
fn shell_word(word: String) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "._-/:@%+=,".contains(character);
    match !word.is_empty() && word.chars().all(plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + characters.as_str(),
        None => String::new(),
    }
}

/// A set of pages, a bit each.
#[derive(Default)]
pub(crate) struct PageSet {
    /// By page number / 64; sparse, since a page number in a log may be any.
    words: BTreeMap<u32, u64>,
}

impl PageSet {
    pub fn insert(&mut self, page: PageNo) {
        let (word, bit) = place_of(page);
        *self.words.entry(word).or_default() |= bit;
    }

    pub fn contains(&self, page: PageNo) -> bool {
        let (word, bit) = place_of(page);
        self.words.get(&word).is_some_and(|bits| bits & bit != 0)
    }

    /// The runs of pages from 1 to `last` that are not in the set, each by its first and last page. What it costs depends on
    /// the pages that are in the set, whatever `last` says.
    pub fn gaps(&self, last: u32) -> Vec<(PageNo, PageNo)> {
        let members = self
            .words
            .iter()
            .flat_map(|(&word, &bits)| (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit));
        let mut gaps = Vec::new();
        let mut next = 1;
        for page in members.take_while(|&page| page <= last) {
            if page > next {
                gaps.push((PageNo(next), PageNo(page - 1)));
            }
            next = page.saturating_add(1);
        }
        if next <= last {
            gaps.push((PageNo(next), PageNo(last)));
        }
        gaps
    }
}

fn place_of(page: PageNo) -> (u32, u64) {
    (page.0 / 64, 1 << (page.0 % 64))
}
