//! What a file at rest holds besides its main tree: named trees, the free list, and what each page is for.

use super::walk::catalog_entry;
use super::{AtRest, FreeWalk, PageSet, Tree, TreeHome, TreeWalk, VouchedState};
use crate::finding::Finding;
use crate::format::catalog::TreeEntry;
use crate::format::page::PageKind;
use crate::types::{Bytes, PageNo, PagePointer};

/// A named tree, as the catalog gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedTree {
    /// Its name.
    pub name: Bytes,
    /// Its root and what is counted in it.
    pub entry: TreeEntry,
    /// The leaf of the catalog that says so.
    pub leaf: PageNo,
}

/// The named trees of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NamedTrees {
    /// The trees, by name.
    pub trees: Vec<NamedTree>,
    /// What is wrong with the catalog: there may be trees that are not among these.
    pub findings: Vec<Finding>,
}

/// A trunk of the free list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trunk {
    /// The page.
    pub page: PageNo,
    /// What vouches for it.
    pub pointer: PagePointer,
    /// The free pages that it lists.
    pub pages: Vec<PageNo>,
    /// The trunk below.
    pub next: Option<PageNo>,
    /// The way to it, as findings say it.
    pub path: String,
    /// What is wrong with the page; `Ok` when it is the page that is asked for.
    pub status: Result<(), Box<Finding>>,
}

/// The free list of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FreeList {
    /// The trunks, from the head down.
    pub trunks: Vec<Trunk>,
}

impl FreeList {
    /// Free pages found: trunks that hold, and the pages they list.
    pub fn count(&self) -> usize {
        self.trunks.iter().filter(|trunk| trunk.status.is_ok()).map(|trunk| 1 + trunk.pages.len()).sum()
    }
}

impl AtRest {
    /// The tree of named trees; nothing when there is none.
    pub fn catalog_tree(&self) -> Result<Option<Tree>, &Finding> {
        self.state().map(|state| TreeHome::catalog(state).map(|home| Tree::of(self, state, home)))
    }

    /// The named trees.
    pub fn named_trees(&self) -> Result<NamedTrees, &Finding> {
        let state = self.state()?;
        let mut found = NamedTrees::default();
        each_named_tree(self, state, &mut |outcome| match outcome {
            Ok(tree) => found.trees.push(tree),
            Err(finding) => found.findings.push(finding),
        });
        Ok(found)
    }

    /// The pages of a named tree.
    pub fn named_tree(&self, tree: &NamedTree) -> Result<Tree, &Finding> {
        self.state().map(|state| Tree::of(self, state, TreeHome::named(state, &tree.name, &tree.entry)))
    }

    /// The free list, as far as it can be followed.
    pub fn free_list(&self) -> Result<FreeList, &Finding> {
        let state = self.state()?;
        let mut list = FreeList::default();
        let mut walk = FreeWalk::new(self, state);
        while let Some(met) = walk.next(&PageSet::default()) {
            let view = met.view().ok();
            list.trunks.push(Trunk {
                page: met.expected.page,
                pointer: met.expected,
                pages: view.map_or(Vec::new(), |view| view.pages().collect()),
                next: view.and_then(|view| view.next()).map(|next| next.page),
                status: met.outcome.map(|_| ()),
                path: met.path,
            });
        }
        Ok(list)
    }
}

fn each_named_tree(file: &AtRest, state: &VouchedState, take: &mut dyn FnMut(Result<NamedTree, Finding>)) {
    let Some(home) = TreeHome::catalog(state) else { return };
    let (mut walk, mut seen) = (TreeWalk::new(file, state, home), PageSet::default());
    while let Some(met) = walk.next(&mut seen) {
        let leaf = met.expected.page;
        let view = match met.view() {
            Err(finding) => {
                take(Err(finding.clone()));
                continue;
            }
            Ok(view) if view.kind() != PageKind::Leaf => continue,
            Ok(view) => view,
        };
        for slot in 0..view.slot_count() {
            take(match catalog_entry(&view, slot) {
                Ok(entry) => Ok(NamedTree { name: view.key(slot).into(), entry, leaf }),
                Err(finding) => Err(file.at_page(*finding, leaf).path(format!("{}, slot {slot}", walk.path(leaf)))),
            });
        }
    }
}
