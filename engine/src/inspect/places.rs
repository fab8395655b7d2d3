//! What a file at rest holds besides its main tree: named trees, the free list, and what each page is for.

use super::walk::catalog_entry;
use super::{AtRest, ChainWalk, FreeWalk, PageSet, Tree, TreeHome, TreeSort, TreeWalk, VouchedState, chains_of};
use crate::escape::escape_word;
use crate::finding::Finding;
use crate::format::catalog::TreeEntry;
use crate::format::page::PageKind;
use crate::types::{Bytes, PageNo, PagePointer};
use std::collections::BTreeMap;
use std::fmt;

/// What a page is for, by what points to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Role {
    /// A branch or leaf of a tree.
    Node(TreeSort),
    /// A part of a long value of a tree.
    Part(TreeSort),
    /// A trunk of the free list.
    Trunk,
    /// Listed in the free list: what it holds is dead.
    Free,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tree = |sort: &TreeSort| match sort {
            TreeSort::Main => "the main tree".to_owned(),
            TreeSort::Catalog => "the catalog of named trees".to_owned(),
            TreeSort::Named(name) => format!("the tree {}", escape_word(name)),
        };
        match self {
            Role::Node(sort) => write!(f, "a page of {}", tree(sort)),
            Role::Part(sort) => write!(f, "a part of a long value of {}", tree(sort)),
            Role::Trunk => f.write_str("a trunk of the free list"),
            Role::Free => f.write_str("free: what it holds is dead"),
        }
    }
}

/// A page by what points to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageRole {
    /// What it is for.
    pub role: Role,
    /// The way to it, as findings say it.
    pub path: String,
    /// What is wrong with it; `Ok` when it is what points to it asks for.
    pub status: Result<(), Box<Finding>>,
}

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
    /// What a page is for: by the first pointer to it that holds, else by the first. Nothing when nothing points to it.
    pub fn role_of(&self, page: PageNo) -> Result<Option<PageRole>, &Finding> {
        let state = self.state()?;
        let mut found: Option<PageRole> = None;
        each_page(self, state, &mut |met| {
            let better = found.as_ref().is_none_or(|found| found.status.is_err() && met.status.is_ok());
            if met.page == page && better {
                found = Some(PageRole { role: met.role, path: (met.path)(), status: met.status });
            }
        });
        Ok(found)
    }

    /// What every page is for that something points to, and whether it holds.
    pub fn roles(&self) -> Result<BTreeMap<PageNo, (Role, bool)>, &Finding> {
        let state = self.state()?;
        let mut roles: BTreeMap<PageNo, (Role, bool)> = BTreeMap::new();
        each_page(self, state, &mut |met| {
            let holds = met.status.is_ok();
            if holds || !roles.contains_key(&met.page) {
                roles.insert(met.page, (met.role, holds));
            }
        });
        Ok(roles)
    }

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

/// A page that a pointer, or an entry of the free list, names.
pub(super) struct Named<'a> {
    pub page: PageNo,
    /// What vouches for it; an entry of the free list has nothing to vouch with.
    pub pointer: Option<PagePointer>,
    role: Role,
    pub path: &'a dyn Fn() -> String,
    pub status: Result<(), Box<Finding>>,
}

pub(super) type Take<'a> = dyn FnMut(Named<'_>) + 'a;

/// Hands over every page that is named: of the main tree, of the catalog, of each named tree, of the free list.
pub(super) fn each_page(file: &AtRest, state: &VouchedState, take: &mut Take<'_>) {
    let mut seen = PageSet::default();
    each_page_of_tree(file, state, TreeHome::main(state), &mut seen, take);
    if let Some(catalog) = TreeHome::catalog(state) {
        each_page_of_tree(file, state, catalog, &mut seen, take);
    }
    let mut walk = FreeWalk::new(file, state);
    while let Some(trunk) = walk.next(&seen) {
        if let Ok(view) = trunk.view() {
            for (entry, page) in view.pages().enumerate() {
                let path = || format!("{}, entry {entry}", trunk.path);
                take(Named { page, pointer: None, role: Role::Free, path: &path, status: Ok(()) });
            }
        }
        let status = trunk.outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        let (page, pointer) = (trunk.expected.page, Some(trunk.expected));
        take(Named { page, pointer, role: Role::Trunk, path: &|| trunk.path.clone(), status });
    }
}

fn each_page_of_tree(file: &AtRest, state: &VouchedState, home: TreeHome, seen: &mut PageSet, take: &mut Take<'_>) {
    let sort = home.sort.clone();
    let mut walk = TreeWalk::new(file, state, home);
    while let Some(met) = walk.next(seen) {
        let page = met.expected.page;
        let status = met.outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        let pointer = Some(met.expected);
        take(Named { page, pointer, role: Role::Node(sort.clone()), path: &|| walk.path(page), status });
        let Ok(view) = met.view() else { continue };
        for (slot, length, first) in chains_of(&view) {
            let mut chain = ChainWalk::new(file, state, length, first);
            while let Some(part) = chain.next(seen) {
                let path = || format!("{}, slot {slot} > {}", walk.path(page), part.path());
                let status = part.outcome.as_ref().map(|_| ()).map_err(Clone::clone);
                let (page, pointer) = (part.expected.page, Some(part.expected));
                take(Named { page, pointer, role: Role::Part(sort.clone()), path: &path, status });
            }
        }
        if sort == TreeSort::Catalog && view.kind() == PageKind::Leaf {
            for slot in 0..view.slot_count() {
                if let Ok(entry) = catalog_entry(&view, slot) {
                    each_page_of_tree(file, state, TreeHome::named(state, view.key(slot), &entry), seen, take);
                }
            }
        }
    }
}
