//! Records that authenticate and have no certain place: in pages under a branch that is lost, in older versions of lost pages,
//! in commits behind a rotten one.
//!
//! | what stands there | status |
//! |---|---|
//! | the version in its own place of a page that nothing reaches and that is not free | unplaced |
//! | a version of a lost page, or of any page, newer than what vouches for it | unplaced |
//! | an older version of a lost page; of a page that nothing reaches, when its own place does not hold; a free page | stale |
//!
//! Only keys in lost ranges count, except in what is newer than the state. A certain record wins over an unplaced one with the
//! same value, an unplaced one over a stale one, and of two the one of the newer commit.

use super::catalogue::{Spot, Version};
use super::evidence::{Evidence, Rule};
use super::report::{LostRange, Status, TreeOf};
use super::sift::{entries_of, walk_chain};
use crate::crypto::PlainPage;
use crate::defence::{Defence, holds};
use crate::error::Result;
use crate::finding::{Code, Finding};
use crate::format::free_list::FreeTrunkView;
use crate::format::node::{CellValue, NodeView};
use crate::format::page::PageKind;
use crate::inspect::PageSet;
use crate::pager::check::PageUse;
use crate::types::{Bytes, PageNo, PagePointer};
use std::collections::BTreeMap;

/// What the walk over all that is certain left to look for.
pub(super) struct Missing<'a> {
    /// Every page reached from a good root.
    pub reached: &'a PageSet,
    /// Of each tree that the state names the branches and leaves reached.
    pub trees: &'a [(TreeOf, PageSet)],
    /// Every lost pointer with its range.
    pub lost: &'a Lost,
    /// What the free list names; nothing when it cannot be followed.
    pub free: &'a PageSet,
    /// Whether commits behind the state are known, or feared, to be missing.
    pub has_later: bool,
}

/// The lost pointers of all trees, each tree's in key order.
#[derive(Default)]
pub(super) struct Lost {
    pub all: Vec<(LostRange, PagePointer)>,
    by_page: BTreeMap<PageNo, usize>,
    by_tree: BTreeMap<TreeOf, Vec<usize>>,
}

impl Lost {
    pub fn push(&mut self, range: LostRange, pointer: PagePointer) {
        let at = self.all.len();
        self.by_page.entry(pointer.page).or_insert(at);
        self.by_tree.entry(range.tree.clone()).or_default().push(at);
        self.all.push((range, pointer));
    }

    fn of_page(&self, page: PageNo) -> Option<&(LostRange, PagePointer)> {
        self.by_page.get(&page).map(|&at| &self.all[at])
    }

    /// Whether anything is lost of a tree.
    pub fn is_any_of(&self, tree: &TreeOf) -> bool {
        self.by_tree.contains_key(tree)
    }

    fn has(&self, tree: &TreeOf, key: &[u8]) -> bool {
        let Some(ranges) = self.by_tree.get(tree) else { return false };
        let range = |at: &usize| &self.all[*at].0;
        let behind = ranges.partition_point(|at| range(at).from.as_deref().is_none_or(|from| from <= key));
        ranges[..behind].last().is_some_and(|at| range(at).has(key))
    }
}

/// A record found.
pub(super) struct Stray {
    pub page: PageNo,
    pub version: Version,
    pub slot: usize,
    pub value_bytes: u32,
}

/// Strays by status, tree and key; of each the newest.
#[derive(Default)]
pub(super) struct Strays {
    pub found: BTreeMap<(Status, TreeOf, Bytes), Stray>,
    /// Records whose long value is not whole in any version.
    pub without_value: u64,
}

/// Finds them.
pub(super) fn find(evidence: &Evidence, missing: &Missing<'_>) -> Result<Strays> {
    let mut search =
        Search { evidence, missing, parents: BTreeMap::new(), roots: BTreeMap::new(), strays: Strays::default() };
    let picked = search.pick()?;
    search.learn_homes(&picked);
    for (page, version, status) in &picked {
        search.take(*page, *version, *status);
    }
    let mut strays = search.strays;
    let newest: Vec<(TreeOf, Bytes)> = strays
        .found
        .keys()
        .filter(|(status, ..)| *status == Status::Unplaced)
        .map(|(_, tree, key)| (tree.clone(), key.clone()))
        .collect();
    for (tree, key) in newest {
        strays.found.remove(&(Status::Stale, tree, key));
    }
    Ok(strays)
}

/// The free pages of the state, trunks among them: what they hold is dead. The finding of a list that cannot be followed.
pub(super) fn free_pages(evidence: &Evidence, reached: &PageSet) -> Result<PageSet, Box<Finding>> {
    let mut free = PageSet::default();
    let mut ahead = evidence.state.as_ref().map(|state| state.free_list).filter(|head| !head.is_null());
    while let Some(pointer) = ahead {
        if reached.contains(pointer.page) || !free.insert(pointer.page) {
            let why = format!("The free list leads to page {}, which was reached before.", pointer.page);
            return Err(Box::new(Finding::new(Code::FreeCycle, why).page(pointer.page)));
        }
        let opened = evidence.open_page(PageUse::FreeList, &pointer, Rule::Current)?;
        let view = FreeTrunkView::trusted(&opened.plain);
        view.pages().for_each(|page| {
            free.insert(page);
        });
        ahead = view.next();
    }
    Ok(free)
}

struct Search<'a> {
    evidence: &'a Evidence,
    missing: &'a Missing<'a>,
    /// Of pages without a place the branch that names them.
    parents: BTreeMap<PageNo, PageNo>,
    /// Of pages that an entry of a catalog without a place names the tree.
    roots: BTreeMap<PageNo, TreeOf>,
    strays: Strays,
}

impl Search<'_> {
    /// The versions that are worth a look, with their status.
    fn pick(&self) -> Result<Vec<(PageNo, Version, Status)>> {
        let evidence = self.evidence;
        let state = evidence.commit();
        let mut picked = Vec::new();
        for (page, versions) in evidence.catalogue()?.pages() {
            let own = evidence.own_spot(page);
            let is_newer = |version: &Version| version.commit > state && evidence.state.is_some();
            if let Some((_, pointer)) = self.missing.lost.of_page(page) {
                picked.extend(versions.iter().map(|version| {
                    let is_current = holds(Defence::SalvageStale, version.commit >= pointer.commit);
                    let status = if is_current { Status::Unplaced } else { Status::Stale };
                    (page, *version, status)
                }));
            } else if self.missing.reached.contains(page) {
                picked.extend(
                    versions
                        .iter()
                        .filter(|version| is_newer(version))
                        .map(|version| (page, *version, Status::Unplaced)),
                );
            } else {
                picked.extend(self.of_unreached(page, versions, own));
            }
        }
        Ok(picked)
    }

    /// Of a page that nothing reaches: the version in its place, or the newest of all; and what is newer than the state.
    fn of_unreached(&self, page: PageNo, versions: &[Version], own: Spot) -> Option<(PageNo, Version, Status)> {
        let state = self.evidence.commit();
        let newest = versions.last()?;
        if newest.commit > state && self.evidence.state.is_some() {
            return Some((page, *newest, Status::Unplaced));
        }
        let in_place = versions.iter().find(|version| version.spot == own);
        match in_place {
            Some(version) if holds(Defence::SalvageFree, !self.missing.free.contains(page)) => {
                Some((page, *version, Status::Unplaced))
            }
            Some(version) => Some((page, *version, Status::Stale)),
            None => Some((page, *newest, Status::Stale)),
        }
    }

    /// Which branches name which pages, and which pages are roots of named trees.
    fn learn_homes(&mut self, picked: &[(PageNo, Version, Status)]) {
        for (page, version, _) in picked {
            let Some(plain) = self.open(*page, version) else { continue };
            let view = NodeView::trusted(&plain);
            if version.kind == PageKind::Branch {
                for slot in 0..view.slot_count() {
                    self.parents.entry(view.child(slot).page).or_insert(*page);
                }
            } else if version.kind == PageKind::Leaf
                && (self.misses_catalog() || self.home(*page) == Some(TreeOf::Catalog))
                && let Some(entries) = entries_of(&view)
            {
                for (name, entry) in entries {
                    self.roots.entry(entry.root.page).or_insert(TreeOf::Named(name.as_bytes().into()));
                }
            }
        }
    }

    /// Whether trees may be there that the state does not name any more.
    fn misses_catalog(&self) -> bool {
        self.evidence.state.is_none() || self.missing.lost.is_any_of(&TreeOf::Catalog)
    }

    fn open(&self, page: PageNo, version: &Version) -> Option<PlainPage> {
        let wanted = PagePointer { page, commit: version.commit, seal: version.seal };
        match version.kind {
            PageKind::Branch | PageKind::Leaf => self.evidence.open_at(PageUse::Node, &wanted, version.spot).ok(),
            _ => None,
        }
    }

    /// Takes in the records of a leaf.
    fn take(&mut self, page: PageNo, version: Version, status: Status) {
        if version.kind != PageKind::Leaf {
            return;
        }
        let Some(plain) = self.open(page, &version) else { return };
        let view = NodeView::trusted(&plain);
        let home = self.home(page);
        let is_catalog = home == Some(TreeOf::Catalog) || self.misses_catalog() && entries_of(&view).is_some();
        if is_catalog {
            return;
        }
        let is_newer = version.commit > self.evidence.commit() && self.missing.has_later;
        for slot in 0..view.slot_count() {
            let key = view.key(slot);
            let Some(tree) = self.tree_of(&home, key, is_newer) else { continue };
            let value = view.cell_value(slot);
            if let CellValue::Overflow { length, first } = value
                && !self.is_whole(length, first)
            {
                self.strays.without_value += 1;
                continue;
            }
            let stray = Stray { page, version, slot, value_bytes: value.len() as u32 };
            let at = (status, tree, Bytes::from(key));
            let is_better = self.strays.found.get(&at).is_none_or(|other| other.version.commit < version.commit);
            if is_better {
                self.strays.found.insert(at, stray);
            }
        }
    }

    fn is_whole(&self, length: u32, first: PagePointer) -> bool {
        walk_chain(self.evidence, Rule::Exact, length, first, &mut PageSet::default(), &mut |_, _| {}).is_ok()
    }

    /// The tree that the page belongs to, as far as branches and catalogs without a place tell.
    fn home(&self, page: PageNo) -> Option<TreeOf> {
        let mut at = page;
        // No honest way up is longer than a tree is deep; a circle of forged branches ends here.
        for _ in 0..crate::limits::TREE_DEPTH_MAX {
            if let Some((range, _)) = self.missing.lost.of_page(at) {
                return Some(range.tree.clone());
            }
            if let Some((tree, _)) = self.missing.trees.iter().find(|(_, nodes)| nodes.contains(at)) {
                return Some(tree.clone());
            }
            if let Some(tree) = self.roots.get(&at) {
                return Some(tree.clone());
            }
            at = *self.parents.get(&at)?;
        }
        None
    }

    /// The tree that a record belongs to, when its key is one that may be missing there.
    fn tree_of(&self, home: &Option<TreeOf>, key: &[u8], is_newer: bool) -> Option<TreeOf> {
        let names_it = |tree: &TreeOf| self.missing.trees.iter().any(|(other, _)| other == tree);
        if let Some(home) = home {
            let is_missing = is_newer || !names_it(home) || self.is_lost(home, key);
            return is_missing.then(|| home.clone());
        }
        if is_newer {
            let is_alone = self.missing.trees.len() == 1 && !self.misses_catalog();
            return Some(if is_alone { TreeOf::Main } else { TreeOf::Unknown });
        }
        if self.evidence.state.is_none() {
            return Some(TreeOf::Unknown);
        }
        let trees = self.missing.trees.iter().map(|(tree, _)| tree).filter(|tree| **tree != TreeOf::Catalog);
        let mut may_be = trees.filter(|tree| self.is_lost(tree, key));
        match (may_be.next(), may_be.next(), self.misses_catalog()) {
            (Some(tree), None, false) => Some(tree.clone()),
            (None, None, false) => None,
            _ => Some(TreeOf::Unknown),
        }
    }

    fn is_lost(&self, tree: &TreeOf, key: &[u8]) -> bool {
        holds(Defence::SalvageLostKeys, self.missing.lost.has(tree, key))
    }
}

/// The value of a stray, handed over in its form.
pub(super) fn with_value<T>(
    evidence: &Evidence,
    stray: &Stray,
    take: impl FnOnce(StrayValue<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let wanted = PagePointer { page: stray.page, commit: stray.version.commit, seal: stray.version.seal };
    let Ok(plain) = evidence.open_at(PageUse::Node, &wanted, stray.version.spot) else { return Ok(None) };
    match NodeView::trusted(&plain).cell_value(stray.slot) {
        CellValue::Inline(value) => take(StrayValue::Short(value)).map(Some),
        CellValue::Overflow { length, first } => {
            let mut pages = Vec::new();
            let walked =
                walk_chain(evidence, Rule::Exact, length, first, &mut PageSet::default(), &mut |pointer, _| {
                    pages.push(pointer);
                });
            match walked {
                Ok(()) => take(StrayValue::Long(length, &pages)).map(Some),
                Err(_) => Ok(None),
            }
        }
    }
}

/// The value of a stray.
pub(super) enum StrayValue<'a> {
    Short(&'a [u8]),
    Long(u32, &'a [PagePointer]),
}
