//! A tree of a file at rest as a list of nodes: what the tree view draws and `inspect tree` prints.

use super::{AtRest, ChainWalk, Met, PageSet, TreeHome, TreeSort, TreeWalk, VouchedState};
use crate::btree::path_text;
use crate::escape::escape_word;
use crate::finding::Finding;
use crate::format::node::{CellValue, HEADER_BYTES, NodeView};
use crate::format::page::PageKind;
use crate::types::{Bytes, PageNo, PagePointer};

/// Every page reached from a root, parents before children, in key order, and the chains that leaves lead to. Node 0 is the
/// root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tree {
    /// Which of the file's trees.
    pub sort: TreeSort,
    /// Branches and leaves.
    pub nodes: Vec<TreeNode>,
    /// Overflow pages: of each leaf in order, of each chain from its first page on.
    pub parts: Vec<ChainPart>,
    root_holder: String,
}

/// One page of an overflow chain, without its data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainPart {
    /// The page.
    pub page: PageNo,
    /// What vouches for it: the pointer in the leaf or in the page before, or what the log's index says.
    pub pointer: PagePointer,
    /// The leaf, as an index of [`Tree::nodes`].
    pub leaf: usize,
    /// The record's slot in the leaf.
    pub slot: usize,
    /// The page's number in the chain, from 0.
    pub position: u64,
    /// Bytes of the value in the page; 0 for a page that does not hold.
    pub data_bytes: usize,
    /// Bytes of the value from the page's first on; 0 for a page that does not hold.
    pub remaining_bytes: u64,
    /// The page behind it.
    pub next: Option<PageNo>,
    /// The way to it, as findings say it.
    pub path: String,
    /// What is wrong with the page; `Ok` when it is the page that is asked for.
    pub status: Result<(), Box<Finding>>,
}

/// One page of a tree, without its cells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeNode {
    /// The page.
    pub page: PageNo,
    /// Levels above the leaves; for a page that does not hold, the level its parent gives it.
    pub level: Option<u8>,
    /// What vouches for the page: the pointer in its parent, or what the log's index says.
    pub pointer: PagePointer,
    /// The node above and the slot in it that leads here.
    pub parent: Option<(usize, usize)>,
    /// The nodes below, by slot.
    pub children: Vec<usize>,
    /// Slots; 0 for a page that does not hold.
    pub slot_count: usize,
    /// How full the page is; 0 for a page that does not hold.
    pub fill_percent: u8,
    /// No key below this belongs here; `None`: from the first key on.
    pub lower: Option<Bytes>,
    /// Keys from this one up belong elsewhere; `None`: to the last key.
    pub upper: Option<Bytes>,
    /// What is wrong with the page; `Ok` when it is the page that its parent names.
    pub status: Result<(), Box<Finding>>,
}

impl Tree {
    pub(super) fn of(file: &AtRest, state: &VouchedState, home: TreeHome) -> Tree {
        let (sort, root_holder) = (home.sort.clone(), home.holder.clone());
        let mut tree = Tree { sort, nodes: Vec::new(), parts: Vec::new(), root_holder };
        let mut seen = PageSet::default();
        let mut walk = TreeWalk::new(file, state, home);
        // The node at each depth of the path walked at the moment.
        let mut path = Vec::new();
        while let Some(met) = walk.next(&mut seen) {
            path.truncate(met.depth);
            let index = tree.nodes.len();
            let parent = path.last().map(|&above: &usize| (above, met.slot));
            if let Some((above, _)) = parent {
                tree.nodes[above].children.push(index);
            }
            if let Ok(view) = met.view() {
                tree.add_chains(file, state, &view, index, &|| walk.path(met.expected.page), &mut seen);
            }
            tree.nodes.push(summary(met, parent));
            path.push(index);
        }
        tree
    }

    fn add_chains(
        &mut self,
        file: &AtRest,
        state: &VouchedState,
        view: &NodeView<'_>,
        leaf: usize,
        path: &dyn Fn() -> String,
        seen: &mut PageSet,
    ) {
        for (slot, length, first) in chains_of(view) {
            let way = format!("{}, slot {slot}", path());
            let mut chain = ChainWalk::new(file, state, length, first);
            while let Some(part) = chain.next(seen) {
                let page = part.view().ok();
                let path = format!("{way} > {}", part.path());
                let lost = value_lost(&self.sort, view.key(slot), length);
                self.parts.push(ChainPart {
                    page: part.expected.page,
                    pointer: part.expected,
                    leaf,
                    slot,
                    position: part.position,
                    data_bytes: page.map_or(0, |page| page.data().len()),
                    remaining_bytes: page.map_or(0, |page| page.remaining()),
                    next: page.and_then(|page| page.next()).map(|next| next.page),
                    status: part.outcome.map(|_| ()).map_err(|finding| {
                        Box::new(finding.path(path.clone()).lost(lost).remedy_and("The other records can be read."))
                    }),
                    path,
                });
            }
        }
    }

    /// The way from the root to a node, as findings say it: `superblock A > page 3, slot 0 (l) > page 2`.
    pub fn path(&self, index: usize) -> String {
        let mut steps = Vec::new();
        let mut at = index;
        while let Some((above, slot)) = self.nodes[at].parent {
            let separator = match (&self.nodes[at].lower, slot) {
                (Some(lower), 1..) => lower.to_vec(),
                _ => Vec::new(),
            };
            steps.push((self.nodes[above].page, slot, separator));
            at = above;
        }
        steps.reverse();
        path_text(&self.root_holder, &steps, self.nodes[index].page)
    }

    /// The keys of a node, read again: of a leaf its records', of a branch its separators (the first is empty).
    pub fn keys(&self, file: &AtRest, index: usize) -> Result<Vec<Bytes>, Box<Finding>> {
        let node = &self.nodes[index];
        if let Err(finding) = &node.status {
            return Err(finding.clone());
        }
        let plain = file.open_page(&node.pointer)?;
        let view = NodeView::trusted(&plain);
        Ok((0..view.slot_count()).map(|slot| view.key(slot).into()).collect())
    }

    /// Levels of the tree as far as it was seen; 1 is a single leaf.
    pub fn height(&self) -> usize {
        self.nodes.first().and_then(|root| root.level).map_or(0, |level| usize::from(level) + 1)
    }
}

/// What is lost with a page of the chain of a value.
pub(crate) fn value_lost(sort: &TreeSort, key: &[u8], length: u32) -> String {
    let of = match sort {
        TreeSort::Named(name) => format!(" in the tree {}", escape_word(name)),
        TreeSort::Main | TreeSort::Catalog => String::new(),
    };
    format!("The value of the record {}{of}, {length} bytes.", escape_word(key))
}

/// The chains that a leaf leads to: slot, length of the value, pointer to the first page. A branch leads to none.
pub(crate) fn chains_of(view: &NodeView<'_>) -> impl Iterator<Item = (usize, u32, PagePointer)> {
    let view = *view;
    let slots = if view.kind() == PageKind::Leaf { view.slot_count() } else { 0 };
    (0..slots).filter(move |&slot| view.is_long(slot)).filter_map(move |slot| match view.cell_value(slot) {
        CellValue::Overflow { length, first } => Some((slot, length, first)),
        CellValue::Inline(_) => None,
    })
}

fn summary(met: Met, parent: Option<(usize, usize)>) -> TreeNode {
    let view = met.view().ok();
    TreeNode {
        page: met.expected.page,
        level: met.level,
        pointer: met.expected,
        parent,
        children: Vec::new(),
        slot_count: view.map_or(0, |view| view.slot_count()),
        fill_percent: view.map_or(0, |view| fill_percent(&view)),
        lower: met.lower,
        upper: met.upper,
        status: met.outcome.map(|_| ()),
    }
}

/// How much of what a node may fill is filled.
pub(crate) fn fill_percent(view: &NodeView<'_>) -> u8 {
    let room = view.bytes().len() - HEADER_BYTES;
    ((room - view.free_bytes()) * 100 / room) as u8
}
