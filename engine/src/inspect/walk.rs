//! The tolerant walk of one tree: every page reached from a root, in key order, each judged by the pointer that led to it.
//!
//! A page that does not hold ends its own subtree and nothing else. Only the branches on the way down are held, so the walk
//! takes the memory of one path. Pages seen are noted in a set that all walks of one file share: a page seen before, or above
//! itself, ends there too.

use super::{AtRest, PageSet, VouchedState};
use crate::btree::path_text;
use crate::crypto::PlainPage;
use crate::defence::{Defence, holds};
use crate::escape::{escape, escape_word};
use crate::finding::{Code, Finding};
use crate::format::catalog::TreeEntry;
use crate::format::node::NodeView;
use crate::format::page::{PageKind, SealedView};
use crate::limits::TREE_DEPTH_MAX;
use crate::pager::check::PageUse;
use crate::types::{Bytes, CommitNo, PageNo, PagePointer};
use std::rc::Rc;

/// Which of a file's trees.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TreeSort {
    /// The main tree.
    Main,
    /// The tree of named trees.
    Catalog,
    /// The tree of this name.
    Named(Bytes),
}

/// A tree: where it hangs.
#[derive(Clone, Debug)]
pub(crate) struct TreeHome {
    pub sort: TreeSort,
    pub root: PagePointer,
    /// How paths to its pages begin: `commit 7 > catalog > tree notes`.
    pub holder: String,
}

impl TreeHome {
    pub fn main(state: &VouchedState) -> TreeHome {
        TreeHome { sort: TreeSort::Main, root: state.root, holder: state.root_holder.clone() }
    }

    /// The tree of named trees, when there is one.
    pub fn catalog(state: &VouchedState) -> Option<TreeHome> {
        let holder = catalog_holder(state);
        (!state.catalog.is_null()).then_some(TreeHome { sort: TreeSort::Catalog, root: state.catalog, holder })
    }

    pub fn named(state: &VouchedState, name: &[u8], entry: &TreeEntry) -> TreeHome {
        let holder = format!("{} > tree {}", catalog_holder(state), escape_word(name));
        TreeHome { sort: TreeSort::Named(name.into()), root: entry.root, holder }
    }

    /// What is lost with a range of this tree's keys.
    pub fn lost(&self, range: &str) -> String {
        match &self.sort {
            TreeSort::Main => capitalised(range),
            TreeSort::Catalog => format!("Every record of the named trees with names in this range: {range}"),
            TreeSort::Named(name) => format!("{} of the tree {}", capitalised(range), escape_word(name)),
        }
    }

    /// What is lost with an entry of the catalog.
    pub fn lost_entry(name: &[u8]) -> String {
        format!("Every record of the named tree {}.", escape_word(name))
    }

    /// What a verb is told to look at this tree, with a blank before it; nothing for the catalog, which no verb reads.
    fn option(&self) -> Option<String> {
        match &self.sort {
            TreeSort::Main => Some(String::new()),
            TreeSort::Catalog => None,
            TreeSort::Named(name) => Some(format!(" --tree {}", shell_word(escape_word(name)))),
        }
    }
}

fn catalog_holder(state: &VouchedState) -> String {
    format!("{} > catalog", state.root_holder)
}

/// A page that the walk came to.
pub(crate) struct Met {
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
    pub outcome: Result<Rc<PlainPage>, Box<Finding>>,
}

impl Met {
    /// The page, when it holds.
    pub fn view(&self) -> Result<NodeView<'_>, &Finding> {
        self.outcome.as_ref().map(|plain| NodeView::trusted(plain)).map_err(|finding| &**finding)
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

/// Where a walk gets its pages from: the file, or who has opened them ahead of it.
pub(crate) trait PageSource {
    /// Opens the page that `pointer` names, or says what is wrong with it: as [`AtRest::open_page_as`] does.
    fn open(&mut self, asked: PageUse, pointer: &PagePointer) -> Result<PlainPage, Box<Finding>>;
}

impl PageSource for &AtRest {
    fn open(&mut self, asked: PageUse, pointer: &PagePointer) -> Result<PlainPage, Box<Finding>> {
        self.open_page_as(asked, pointer)
    }
}

/// A walk of one tree: parents before children, in key order.
pub(crate) struct TreeWalk<'a> {
    file: &'a AtRest,
    state: &'a VouchedState,
    home: TreeHome,
    stack: Vec<Branch>,
    /// What comes next: the root at first, a branch just met; after that the pointers of the stack.
    ahead: Ahead,
}

enum Ahead {
    Root,
    Below(Branch),
    Stack,
}

/// A branch on the way down.
struct Branch {
    page: PageNo,
    plain: Rc<PlainPage>,
    next_slot: usize,
    lower: Option<Bytes>,
    upper: Option<Bytes>,
}

impl Branch {
    fn view(&self) -> NodeView<'_> {
        NodeView::trusted(&self.plain)
    }
}

impl<'a> TreeWalk<'a> {
    pub fn new(file: &'a AtRest, state: &'a VouchedState, home: TreeHome) -> TreeWalk<'a> {
        TreeWalk { file, state, home, stack: Vec::new(), ahead: Ahead::Root }
    }

    /// The tree.
    pub fn home(&self) -> &TreeHome {
        &self.home
    }

    /// The next page; pages that hold are noted in `seen`.
    pub fn next(&mut self, seen: &mut PageSet) -> Option<Met> {
        self.next_from(&mut { self.file }, seen)
    }

    /// As [`TreeWalk::next`], with pages that `source` opens.
    pub fn next_from(&mut self, source: &mut dyn PageSource, seen: &mut PageSet) -> Option<Met> {
        let (pointer, lower, upper) = match std::mem::replace(&mut self.ahead, Ahead::Stack) {
            Ahead::Root => (self.home.root, None, None),
            Ahead::Below(branch) => {
                self.stack.push(branch);
                self.next_child()?
            }
            Ahead::Stack => self.next_child()?,
        };
        Some(self.meet(source, pointer, lower, upper, seen))
    }

    /// The way from the root to the page met last, for findings.
    pub fn path(&self, page: PageNo) -> String {
        let steps: Vec<(PageNo, usize, Vec<u8>)> = self
            .stack
            .iter()
            .map(|branch| {
                let slot = branch.next_slot - 1;
                (branch.page, slot, branch.view().key(slot).to_vec())
            })
            .collect();
        path_text(&self.home.holder, &steps, page)
    }

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
        source: &mut dyn PageSource,
        pointer: PagePointer,
        lower: Option<Bytes>,
        upper: Option<Bytes>,
        seen: &mut PageSet,
    ) -> Met {
        let expected = self.file.resolve(&pointer);
        let opened = self.open(source, &pointer, seen).map(Rc::new);
        let outcome = opened.map_err(|finding| self.complete(*finding, &expected, &lower, &upper));
        let level_by_parent = self.stack.last().map(|branch| branch.view().level().saturating_sub(1));
        if let Ok(plain) = &outcome {
            seen.insert(pointer.page);
            if NodeView::trusted(plain).kind() == PageKind::Branch {
                let (plain, lower, upper) = (plain.clone(), lower.clone(), upper.clone());
                self.ahead = Ahead::Below(Branch { page: pointer.page, plain, next_slot: 0, lower, upper });
            }
        }
        Met {
            expected,
            depth: self.stack.len(),
            slot: self.stack.last().map_or(0, |branch| branch.next_slot - 1),
            level: outcome.as_ref().map_or(level_by_parent, |plain| Some(NodeView::trusted(plain).level())),
            lower,
            upper,
            outcome,
        }
    }

    fn open(
        &self,
        source: &mut dyn PageSource,
        pointer: &PagePointer,
        seen: &PageSet,
    ) -> Result<PlainPage, Box<Finding>> {
        let page = pointer.page;
        check_page_exists(self.state, page)?;
        if !holds(Defence::WalkReturns, self.stack.iter().all(|branch| branch.page != page)) {
            let finding = Finding::new(Code::TreeCycle, format!("Page {page} leads back to itself."));
            return Err(Box::new(self.file.at_page(finding, page).expected("a page below", "a page above")));
        }
        let plain = source.open(PageUse::Node, pointer)?;
        if !holds(Defence::WalkReachedOnce, !seen.contains(page)) {
            return Err(Box::new(self.file.double_reference(page)));
        }
        self.check_level(NodeView::trusted(&plain).level(), page)?;
        Ok(plain)
    }

    /// A child stands one level below its parent: with that no path is longer than the root's level.
    fn check_level(&self, level: u8, page: PageNo) -> Result<(), Box<Finding>> {
        let (fits, expected) = match self.stack.last().map(|branch| branch.view().level()) {
            Some(above) => (above == level.saturating_add(1), format!("level {}", above.saturating_sub(1))),
            None => (usize::from(level) < TREE_DEPTH_MAX, format!("a level below {TREE_DEPTH_MAX}")),
        };
        if holds(Defence::WalkLevel, fits) {
            return Ok(());
        }
        let why = format!("Page {page} is authentic, but its level does not fit its place.");
        let finding = self.file.at_page(Finding::new(Code::TreeDepth, why), page);
        Err(Box::new(finding.expected(expected, format!("level {level}"))))
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
            Some(found) => {
                let range = match &self.home.sort {
                    TreeSort::Main => range,
                    TreeSort::Catalog => format!("the named trees with names in this range: {range}"),
                    TreeSort::Named(name) => format!("{range} of the tree {}", escape_word(name)),
                };
                format!("What changed in {range} after commit {found}; which keys, this file cannot tell.")
            }
            None => self.home.lost(&range) + ".",
        };
        let finding = finding.path(self.path(expected.page)).lost(lost);
        Box::new(match self.still_read(lower, upper) {
            Some(sound) => finding.remedy_and(&sound),
            None => finding.remedy(),
        })
    }

    fn commit_found(&self, page: PageNo) -> Option<CommitNo> {
        let found = self.file.newest_page(page).ok()?;
        Some(SealedView::new(&found.bytes)?.header().ok()?.commit)
    }

    /// What can be read of the file in spite of a bad page, in a sentence: the keys on both sides of it.
    fn still_read(&self, lower: Option<&[u8]>, upper: Option<&[u8]>) -> Option<String> {
        let Some(tree) = self.home.option() else {
            return Some("The records of the main tree can be read.".to_owned());
        };
        let name = shell_word(self.file.name().to_owned());
        let scan =
            |option: &str, key: &[u8]| format!("`tosumu scan {name}{tree} {option} {}`", shell_word(escape_word(key)));
        let below = lower.map(|key| scan("--to", key));
        let above = upper.map(|key| scan("--from", key));
        let hints: Vec<String> = below.into_iter().chain(above).collect();
        (!hints.is_empty()).then(|| format!("The keys around this page can be read: {}.", hints.join(", ")))
    }
}

/// What the catalog's leaf `view` says in `slot`: the name of a tree, and the tree. A wrong entry is `TREE-SLOT` or
/// `TREE-COUNT`, without a place.
pub(crate) fn catalog_entry(view: &NodeView<'_>, slot: usize) -> Result<TreeEntry, Box<Finding>> {
    use crate::format::node::CellValue;
    let name = view.key(slot);
    let refuse = |why: &str, expected: &str, found: String| {
        let why = format!("Slot {slot} of the catalog's leaf {why}.");
        Err(Box::new(Finding::new(Code::TreeSlot, why).expected(expected, found)))
    };
    if name.is_empty() || std::str::from_utf8(name).is_err() {
        return refuse("has a name that no tree has", "UTF-8 text, not empty", escape(name));
    }
    match view.cell_value(slot) {
        CellValue::Overflow { length, .. } => {
            refuse("has its entry in an overflow chain", "40 bytes in the leaf", format!("{length} bytes in a chain"))
        }
        CellValue::Inline(value) => TreeEntry::decode(value).map_err(|error| {
            let why = format!("The catalog's entry of the tree {} cannot be: {}", escape_word(name), error.why);
            Box::new(Finding::new(error.code, why).expected(error.expected, error.found))
        }),
    }
}

/// A pointer names one of the pages there are, or the finding says so.
pub(super) fn check_page_exists(state: &VouchedState, page: PageNo) -> Result<(), Box<Finding>> {
    if holds(Defence::WalkExists, !page.is_none() && page.0 <= state.page_count) {
        return Ok(());
    }
    let why = format!("A pointer names page {page}; the file has pages 1 to {}.", state.page_count);
    let expected = format!("a page from 1 to {}", state.page_count);
    Err(Box::new(Finding::new(Code::TreeSlot, why).page(page).expected(expected, page.to_string())))
}

impl AtRest {
    /// Adds to a finding where the newest form of the page stands.
    pub(crate) fn at_page(&self, finding: Finding, page: PageNo) -> Finding {
        let finding = finding.page(page);
        match self.newest_page(page) {
            Ok(found) => {
                let place = self.place(&found);
                finding.at(place.file, place.offset..place.offset + found.bytes.len() as u64)
            }
            Err(_) => finding,
        }
    }

    /// The finding of a page that was reached before.
    pub(super) fn double_reference(&self, page: PageNo) -> Finding {
        let why = format!("Page {page} was reached before, by another pointer.");
        self.at_page(Finding::new(Code::TreeDoubleRef, why), page).expected("one pointer", "a second one")
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

/// The text with its first letter large.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + characters.as_str(),
        None => String::new(),
    }
}
