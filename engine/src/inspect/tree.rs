//! The tree of a file at rest as a list of nodes: what the tree view draws and `inspect tree` prints.

use super::{AtRest, Met, VouchedState, walk};
use crate::btree::path_text;
use crate::finding::Finding;
use crate::format::node::{HEADER_BYTES, NodeView};
use crate::types::{Bytes, PageNo, PagePointer};

/// Every page reached from a root, parents before children, in key order. Node 0 is the root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tree {
    /// The pages.
    pub nodes: Vec<TreeNode>,
    root_holder: String,
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
    pub(super) fn of(file: &AtRest, state: &VouchedState) -> Tree {
        let mut tree = Tree { nodes: Vec::new(), root_holder: state.root_holder.clone() };
        // The node at each depth of the path walked at the moment.
        let mut path = Vec::new();
        walk(file, state, &mut |met| {
            path.truncate(met.depth);
            let index = tree.nodes.len();
            let parent = path.last().map(|&above: &usize| (above, met.slot));
            if let Some((above, _)) = parent {
                tree.nodes[above].children.push(index);
            }
            tree.nodes.push(summary(met, parent));
            path.push(index);
        });
        tree
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

fn summary(met: Met<'_>, parent: Option<(usize, usize)>) -> TreeNode {
    let view = met.outcome.as_ref().ok();
    TreeNode {
        page: met.expected.page,
        level: met.level,
        pointer: met.expected,
        parent,
        children: Vec::new(),
        slot_count: view.map_or(0, NodeView::slot_count),
        fill_percent: view.map_or(0, fill_percent),
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
