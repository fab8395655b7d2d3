//! What a store has beside its main tree: named trees, and pages that are free.

use super::World;
use std::collections::BTreeMap;
use std::sync::Arc;
use tosumu::format::catalog::TreeEntry;
use tosumu::format::free_list::FreeTrunkView;
use tosumu::format::node::{CellValue, NodeView};
use tosumu::limits::TREE_DEPTH_MAX;
use tosumu::types::{Bytes, PageNo};

/// Where the named trees and the free list begin.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Space {
    /// The root of each named tree.
    pub trees: BTreeMap<String, PageNo>,
    /// The head trunk of the free list.
    pub head: Option<PageNo>,
    /// Free pages: trunks and the pages they list.
    pub free_count: u32,
    /// The root of the tree of named trees, as it was when the store was opened.
    pub catalog: Option<PageNo>,
}

/// The free list, as far as its trunks can be read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FreeList {
    /// The trunks, the head first, each with the pages it lists.
    pub trunks: Vec<(PageNo, Vec<PageNo>)>,
    /// Free pages: trunks and the pages they list.
    pub count: u32,
}

/// Of what use a page is beside the trees.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// A trunk of the free list.
    Trunk,
    /// Free.
    Free,
}

impl Space {
    /// From what names them in a superblock or a commit; `plain` opens pages.
    pub(super) fn read(
        catalog: PageNo,
        head: PageNo,
        free_count: u32,
        plain: &dyn Fn(PageNo) -> Option<Bytes>,
    ) -> Space {
        let mut trees = BTreeMap::new();
        if !catalog.is_none() {
            read_catalog(catalog, 0, plain, &mut trees);
        }
        let there = |page: PageNo| Some(page).filter(|page| !page.is_none());
        Space { trees, head: there(head), free_count, catalog: there(catalog) }
    }

    /// A root gave way to another: whichever tree it belonged to.
    pub(super) fn move_root(&mut self, old: PageNo, new: PageNo) {
        self.trees.values_mut().filter(|root| **root == old).for_each(|root| *root = new);
    }
}

/// Depth is bounded, so that a catalog that leads back to itself ends.
fn read_catalog(
    page: PageNo,
    depth: usize,
    plain: &dyn Fn(PageNo) -> Option<Bytes>,
    trees: &mut BTreeMap<String, PageNo>,
) {
    let Some(bytes) = plain(page).filter(|_| depth < TREE_DEPTH_MAX) else { return };
    let Ok(node) = NodeView::new(&bytes) else { return };
    for slot in 0..node.slot_count() {
        if node.level() > 0 {
            read_catalog(node.child(slot).page, depth + 1, plain, trees);
        } else if let CellValue::Inline(value) = node.cell_value(slot)
            && let Ok(entry) = TreeEntry::decode(value)
        {
            trees.insert(String::from_utf8_lossy(node.key(slot)).into_owned(), entry.root.page);
        }
    }
}

impl World {
    /// The free list, trunk by trunk.
    pub fn free_list(&self) -> Arc<FreeList> {
        self.memo("free list", 0, || self.find_free_list())
    }

    /// The pages of the free list, each with its use.
    pub fn free_uses(&self) -> Arc<BTreeMap<PageNo, Use>> {
        self.memo("uses", 0, || self.free_list().uses())
    }

    fn find_free_list(&self) -> FreeList {
        let space = &self.facts.space;
        let mut list = FreeList { trunks: Vec::new(), count: space.free_count };
        let mut at = space.head;
        while let Some(trunk) = at.filter(|_| list.trunks.len() <= space.free_count as usize) {
            let plain = self.page(trunk).and_then(|page| page.plain);
            let Some(view) = plain.as_deref().and_then(|plain| FreeTrunkView::new(plain).ok()) else { break };
            list.trunks.push((trunk, view.pages().collect()));
            at = view.next().map(|next| next.page);
        }
        list
    }
}

impl FreeList {
    /// The pages it has, each with its use.
    pub fn uses(&self) -> BTreeMap<PageNo, Use> {
        let listed = self.trunks.iter().flat_map(|(_, pages)| pages.iter().map(|page| (*page, Use::Free)));
        listed.chain(self.trunks.iter().map(|(trunk, _)| (*trunk, Use::Trunk))).collect()
    }
}
