//! What leads where: the levels of a tree, and which pages anything leads to at all. Both are worked out once for an
//! instant, when somebody asks, and kept until an event changes a page.

use super::{FileWorld, Source, Space, World, WorldPage};
use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};
use tosumu::format::free_list::{FreeTrunkView, free_trunk_capacity};
use tosumu::format::node::{CellValue, NodeView};
use tosumu::format::overflow::{OverflowView, overflow_data_bytes};
use tosumu::format::page::PageKind;
use tosumu::limits::TREE_DEPTH_MAX;
use tosumu::trace::Event;
use tosumu::types::{Bytes, CommitNo, PageNo};

/// In a sandbox of more pages nobody is told which pages nothing leads to: verification tells it.
const PAGES_FOLLOWED_MAX: u32 = 1 << 16;
/// While a file's tree was not walked, levels are looked for as long as a level is no wider.
const NODES_ASKED_FOR_MAX: usize = 256;
/// Most pages that are remembered as looked at and missing.
const MISSED_MAX: usize = 512;

/// The nodes of a tree, level by level from the root.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Levels {
    /// The page numbers of each level, in key order. A page that was met before is not followed again.
    pub pages: Vec<Vec<PageNo>>,
    /// For each level but the last: where the children of each of its nodes begin in the next.
    pub(super) starts: Vec<Vec<usize>>,
}

impl Levels {
    /// Where the children of node `index` of level `level` stand in the next level.
    pub fn children(&self, level: usize, index: usize) -> std::ops::Range<usize> {
        let Some(starts) = self.starts.get(level) else { return 0..0 };
        let end = || self.pages.get(level + 1).map_or(0, Vec::len);
        let start = starts.get(index).copied().unwrap_or_else(end);
        start..starts.get(index + 1).copied().unwrap_or_else(end)
    }

    /// The same without what lies below the `folded` nodes.
    pub fn without(&self, folded: &BTreeSet<PageNo>) -> Levels {
        let mut kept = Levels { pages: Vec::new(), starts: Vec::new() };
        let mut shown: Vec<usize> = (0..self.pages.first().map_or(0, Vec::len)).collect();
        for (level, pages) in self.pages.iter().enumerate() {
            if shown.is_empty() {
                break;
            }
            kept.pages.push(shown.iter().map(|at| pages[*at]).collect());
            let (mut next, mut starts) = (Vec::new(), Vec::with_capacity(shown.len()));
            for at in shown {
                starts.push(next.len());
                if !folded.contains(&pages[at]) {
                    next.extend(self.children(level, at));
                }
            }
            if !next.is_empty() {
                kept.starts.push(starts);
            }
            shown = next;
        }
        kept
    }

    /// How many nodes lie below a node.
    pub fn below(&self, level: usize, index: usize) -> usize {
        let (mut count, mut range, mut level) = (0, index..index + 1, level);
        while level + 1 < self.pages.len() && !range.is_empty() {
            range = self.children(level, range.start).start..self.children(level, range.end - 1).end;
            count += range.len();
            level += 1;
        }
        count
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.pages.iter().map(Vec::len).sum()
    }

    /// Level and place of a page.
    pub fn place_of(&self, page: PageNo) -> Option<(usize, usize)> {
        let find =
            |(level, pages): (usize, &Vec<PageNo>)| Some((level, pages.iter().position(|other| *other == page)?));
        self.pages.iter().enumerate().find_map(find)
    }
}

/// Of what use a page is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// A node of the main tree.
    Main,
    /// A node of the tree that holds the names of the others.
    Catalog,
    /// A node of a named tree.
    Named,
    /// A part of a long value.
    Chain,
    /// A trunk of the free list.
    Trunk,
    /// Free.
    Free,
}

/// A page that something leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reached {
    /// Of what use it is.
    pub role: Role,
    /// The page that leads there; none of a page that the superblock or the newest commit names.
    pub parent: Option<PageNo>,
    /// The slot of the parent.
    pub slot: usize,
}

/// The same in eight bytes; a role of 0 is a page that nothing leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Entry {
    parent: u32,
    slot: u16,
    role: u8,
}

impl Role {
    const ALL: [Role; 6] = [Role::Main, Role::Catalog, Role::Named, Role::Chain, Role::Trunk, Role::Free];
}

impl Entry {
    fn of(reached: Reached) -> Entry {
        let parent = reached.parent.map_or(0, |parent| parent.0);
        Entry { parent, slot: u16::try_from(reached.slot).unwrap_or(u16::MAX), role: reached.role as u8 + 1 }
    }

    fn reached(self) -> Option<Reached> {
        let role = *Role::ALL.get(usize::from(self.role).checked_sub(1)?)?;
        let parent = Some(PageNo(self.parent)).filter(|parent| !parent.is_none());
        Some(Reached { role, parent, slot: usize::from(self.slot) })
    }
}

/// The pages that something leads to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    pages: Vec<Entry>,
    /// Whether every page that was met could be read: only then is a page that was not met of no use to anybody.
    pub whole: bool,
}

impl Reach {
    /// How `page` is reached.
    pub fn of(&self, page: PageNo) -> Option<Reached> {
        self.pages.get(page.0.checked_sub(1)? as usize)?.reached()
    }

    /// Of what use `page` is, when something leads to it.
    pub fn role(&self, page: PageNo) -> Option<Role> {
        let entry = self.pages.get(page.0.checked_sub(1)? as usize)?;
        Role::ALL.get(usize::from(entry.role).checked_sub(1)?).copied()
    }

    /// The pages from the one that the superblock names down to `page`, itself included.
    pub fn path(&self, page: PageNo) -> Vec<PageNo> {
        let mut path = vec![page];
        let mut at = page;
        while let Some(parent) = self.of(at).and_then(|reached| reached.parent) {
            if path.contains(&parent) {
                break;
            }
            path.push(parent);
            at = parent;
        }
        path.reverse();
        path
    }
}

/// What was worked out of one instant.
#[derive(Default)]
pub(super) struct Kept {
    levels: Option<(Option<PageNo>, Arc<Levels>)>,
    reach: Option<Arc<Reach>>,
    gists: Option<Arc<Vec<Gist>>>,
    log: Option<Bytes>,
    /// Pages of a file that were looked at and are not at hand.
    pub(super) missed: BTreeSet<PageNo>,
    /// What others worked out of this instant, by their name for it, each with the number it holds for.
    memos: BTreeMap<&'static str, (u64, Arc<dyn Any + Send + Sync>)>,
}

/// Shared by the clones of a world until one of them goes on.
pub(super) type Shared = Arc<Mutex<Kept>>;

/// What others worked out goes with every event; what leads where stays as long as it leads there.
pub(super) fn forget_memos(shared: &mut Shared) {
    let kept = {
        let kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (levels, reach, gists, log) =
            (kept.levels.clone(), kept.reach.clone(), kept.gists.clone(), kept.log.clone());
        (!kept.memos.is_empty()).then(|| Kept { levels, reach, gists, log, ..Kept::default() })
    };
    if let Some(kept) = kept {
        *shared = Arc::new(Mutex::new(kept));
    }
}

/// Whether after `event` everything still leads where it led.
pub(super) fn leaves_pages_alone(event: &Event) -> bool {
    matches!(
        event,
        Event::OperationStarted { .. }
            | Event::OperationEnded { .. }
            | Event::Expected { .. }
            | Event::SnapshotTaken { .. }
            | Event::SnapshotEnded { .. }
            | Event::TransactionStarted { .. }
            | Event::BranchSearched { .. }
            | Event::LeafSearched { .. }
            | Event::FileSynced { .. }
            | Event::LogRecordAccepted { .. }
            | Event::VerifyStarted { .. }
            | Event::PageVerified { .. }
            | Event::FindingReported { .. }
            | Event::VerifyEnded { .. }
    )
}

/// The cheap part of what is known of a page: enough for a sign on a map.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Gist {
    /// What it holds.
    pub kind: Option<PageKind>,
    /// How full it is, in percent; of pages whose plain form is known.
    pub fill_percent: Option<u8>,
    /// The commit of its newest sealed form.
    pub commit: Option<CommitNo>,
    /// Whether it was changed in memory and not sealed since.
    pub changed: bool,
    /// Whether the log holds a version of it that the page file does not.
    pub in_log: bool,
    /// Whether anything is known of it at all.
    pub known: bool,
}

impl World {
    /// The number of the last page, known or not.
    pub fn page_total(&self) -> u32 {
        match &self.source {
            Source::File(file) => file.pages,
            Source::Sandbox(sandbox) => {
                let in_memory = sandbox.fold.pages.keys().next_back().map_or(0, |page| page.0);
                in_memory.max(sandbox.surveys.system.page_count)
            }
        }
    }

    /// The root of the tree of named trees, as the newest commit on the disk names it.
    pub fn catalog(&self) -> Option<PageNo> {
        match &self.source {
            Source::File(_) => self.facts.space.catalog,
            Source::Sandbox(sandbox) => Some(sandbox.surveys.system.catalog).filter(|page| !page.is_none()),
        }
    }

    pub(super) fn kept_mut<T>(&self, with: impl FnOnce(&mut Kept) -> T) -> T {
        with(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers a page of a file that was looked at and is not at hand.
    pub(super) fn noticed(&self, page: WorldPage) -> WorldPage {
        if !page.is_read {
            self.kept_mut(|kept| {
                if kept.missed.len() < MISSED_MAX {
                    kept.missed.insert(page.page);
                }
            });
        }
        page
    }

    /// What `make` gives, made once for this instant and `number`: for what a frame asks for again and again. `name` says what
    /// it is; one of a name is kept.
    pub fn memo<T: Send + Sync + 'static>(&self, name: &'static str, number: u64, make: impl FnOnce() -> T) -> Arc<T> {
        let known =
            self.kept_mut(|kept| kept.memos.get(name).filter(|(of, _)| *of == number).map(|(_, it)| it.clone()));
        if let Some(known) = known.and_then(|known| known.downcast::<T>().ok()) {
            return known;
        }
        let made = Arc::new(make());
        self.kept_mut(|kept| kept.memos.insert(name, (number, made.clone())));
        made
    }

    /// The levels of the tree under `root`.
    pub fn levels(&self, root: Option<PageNo>) -> Arc<Levels> {
        if let Some((of, levels)) = self.file().and_then(|file| file.levels.as_ref())
            && root == Some(*of)
        {
            return levels.clone();
        }
        let kept = |kept: &Kept| kept.levels.as_ref().filter(|(of, _)| *of == root).map(|(_, levels)| levels.clone());
        if let Some(levels) = self.kept_mut(|shared| kept(shared)) {
            return levels;
        }
        let levels = Arc::new(self.find_levels(root));
        self.kept_mut(|kept| kept.levels = Some((root, levels.clone())));
        levels
    }

    fn find_levels(&self, root: Option<PageNo>) -> Levels {
        find_levels(root, &mut |page, width| {
            let known = match self.file() {
                // Of a wide level only what is at hand is followed: the walk in the background brings the rest.
                Some(file) if width > NODES_ASKED_FOR_MAX => file.page(page),
                _ => self.page(page),
            };
            known.and_then(|known| known.plain)
        })
    }

    /// The pages that something leads to; of a very large store nothing is said.
    pub fn reach(&self) -> Arc<Reach> {
        if let Some(reach) = self.file().and_then(|file| file.reach.as_ref()) {
            return reach.clone();
        }
        if let Some(reach) = self.kept_mut(|kept| kept.reach.clone()) {
            return reach;
        }
        let reach = Arc::new(self.find_reach());
        self.kept_mut(|kept| kept.reach = Some(reach.clone()));
        reach
    }

    fn find_reach(&self) -> Reach {
        let total = self.page_total();
        let at_hand = self.file().is_none_or(FileWorld::is_whole);
        if total > PAGES_FOLLOWED_MAX || !at_hand {
            return Reach::default();
        }
        let plain = |page: PageNo| self.page(page).and_then(|known| known.plain);
        let whole = self.facts.root.is_some() && self.facts.transaction.is_none();
        let begin = Beginnings { main: self.facts.root, catalog: self.catalog(), space: &self.facts.space, whole };
        let never = &mut |_| ControlFlow::Continue(());
        find_reach(total, &begin, &plain, &|_| true, never).unwrap_or_default()
    }

    /// What `make` gives, made once for an instant: the bytes of a log may be many.
    pub(super) fn kept_log(&self, make: impl FnOnce() -> Bytes) -> Bytes {
        if let Some(log) = self.kept_mut(|kept| kept.log.clone()) {
            return log;
        }
        let log = make();
        self.kept_mut(|kept| kept.log = Some(log.clone()));
        log
    }

    /// What a map tells of every page, worked out once for an instant: for maps on which a sign is many pages.
    pub fn gists(&self) -> Arc<Vec<Gist>> {
        if let Some(gists) = self.kept_mut(|kept| kept.gists.clone()) {
            return gists;
        }
        let all = (1..=self.page_total()).map(|page| self.gist(PageNo(page)));
        let gists: Arc<Vec<Gist>> = Arc::new(all.collect());
        self.kept_mut(|kept| kept.gists = Some(gists.clone()));
        gists
    }

    /// What a map tells of `page`.
    pub fn gist(&self, page: PageNo) -> Gist {
        match &self.source {
            Source::File(file) => {
                let brief = file.briefs.get(page);
                Gist {
                    kind: brief.kind(),
                    fill_percent: brief.fill_percent(),
                    commit: brief.commit(),
                    changed: false,
                    in_log: brief.is_in_log(),
                    known: brief.is_known(),
                }
            }
            Source::Sandbox(sandbox) => sandbox.page(page, &self.facts).map_or(Gist::default(), |known| Gist {
                kind: known.kind,
                fill_percent: known.plain.as_deref().and_then(fill_percent),
                commit: known.sealed_commit,
                changed: known.changed,
                in_log: known.in_log,
                known: true,
            }),
        }
    }
}

/// How full a plain page is: what is not free of a node, the data of a part of a value, the entries of a trunk.
pub(super) fn fill_percent(plain: &[u8]) -> Option<u8> {
    let percent = |used: usize, of: usize| ((used * 100 + of / 2) / of.max(1)).min(100) as u8;
    let size = plain.len();
    match PageKind::from_byte(*plain.first()?)? {
        PageKind::Branch | PageKind::Leaf => {
            let free = usize::from(u16::from_le_bytes([*plain.get(6)?, *plain.get(7)?]));
            Some(percent(size.saturating_sub(free), size))
        }
        PageKind::Overflow => {
            let data = OverflowView::new(plain).ok()?.data().len();
            Some(percent(data, overflow_data_bytes(page_size_of(size)?)))
        }
        PageKind::FreeList => {
            let count = FreeTrunkView::new(plain).ok()?.count();
            Some(percent(count, free_trunk_capacity(page_size_of(size)?)))
        }
    }
}

fn page_size_of(plain_bytes: usize) -> Option<tosumu::types::PageSize> {
    let sealed = plain_bytes.checked_add(tosumu::limits::PAGE_OVERHEAD_BYTES)?;
    tosumu::types::PageSize::new(u32::try_from(sealed).ok()?)
}

/// The levels of the tree under `root`; `plain` opens a page that stands in a level of so many nodes.
pub(super) fn find_levels(root: Option<PageNo>, plain: &mut dyn FnMut(PageNo, usize) -> Option<Bytes>) -> Levels {
    let Some(root) = root.filter(|root| !root.is_none()) else { return Levels::default() };
    let mut met = BTreeSet::from([root]);
    let mut levels = Levels { pages: vec![vec![root]], starts: Vec::new() };
    while levels.pages.len() <= TREE_DEPTH_MAX {
        let last = levels.pages.last().expect("invariant: the root's level is there");
        let (mut next, mut starts) = (Vec::new(), Vec::with_capacity(last.len()));
        // Below the parents of leaves there is nothing to look for.
        let mut above_leaves = true;
        for page in last {
            starts.push(next.len());
            let bytes = plain(*page, last.len());
            let node = bytes.as_deref().and_then(|plain| NodeView::new(plain).ok());
            let Some(node) = node.filter(|node| node.kind() == PageKind::Branch) else { continue };
            above_leaves &= node.level() <= 1;
            next.extend((0..node.slot_count()).map(|slot| node.child(slot).page).filter(|child| met.insert(*child)));
        }
        if next.is_empty() {
            break;
        }
        levels.starts.push(starts);
        levels.pages.push(next);
        if above_leaves {
            break;
        }
    }
    levels
}

/// Where everything begins that leads to a page.
pub(super) struct Beginnings<'a> {
    pub main: Option<PageNo>,
    pub catalog: Option<PageNo>,
    pub space: &'a Space,
    /// Whether these are all there are.
    pub whole: bool,
}

/// Follows everything that leads to one of `total` pages. `plain` opens a page; a leaf of which `leads_on` says no need not be
/// opened. None when `go_on`, which hears how many pages were met, ends it.
pub(super) fn find_reach(
    total: u32,
    begin: &Beginnings<'_>,
    plain: &dyn Fn(PageNo) -> Option<Bytes>,
    leads_on: &dyn Fn(PageNo) -> bool,
    go_on: &mut dyn FnMut(u32) -> ControlFlow<()>,
) -> Option<Reach> {
    let reach = Reach { pages: vec![Entry::default(); total as usize], whole: begin.whole };
    let mut walk = Walk { plain, reach, left: Vec::new(), met: 0 };
    walk.begin(begin.main, Role::Main);
    walk.begin(begin.catalog, Role::Catalog);
    begin.space.trees.values().for_each(|root| walk.begin(Some(*root), Role::Named));
    walk.begin(begin.space.head, Role::Trunk);
    while let Some((page, role)) = walk.left.pop() {
        if matches!(role, Role::Chain | Role::Trunk) || leads_on(page) {
            walk.follow(page, role);
        }
        if go_on(walk.met).is_break() {
            return None;
        }
    }
    Some(walk.reach)
}

/// A walk over everything that leads to a page.
struct Walk<'a> {
    plain: &'a dyn Fn(PageNo) -> Option<Bytes>,
    reach: Reach,
    /// Pages met and not yet followed.
    left: Vec<(PageNo, Role)>,
    /// How many were met.
    met: u32,
}

impl Walk<'_> {
    fn begin(&mut self, page: Option<PageNo>, role: Role) {
        if let Some(page) = page.filter(|page| !page.is_none()) {
            self.meet(page, Reached { role, parent: None, slot: 0 });
        }
    }

    fn meet(&mut self, page: PageNo, reached: Reached) {
        let place = page.0.checked_sub(1).and_then(|at| self.reach.pages.get_mut(at as usize));
        let Some(place) = place else { return self.reach.whole = false };
        if place.role == 0 {
            *place = Entry::of(reached);
            self.met += 1;
            if reached.role != Role::Free {
                self.left.push((page, reached.role));
            }
        }
    }

    fn follow(&mut self, page: PageNo, role: Role) {
        let Some(plain) = (self.plain)(page) else { return self.reach.whole = false };
        let read = match role {
            Role::Chain => self.follow_chain(page, &plain),
            Role::Trunk => self.follow_trunk(page, &plain),
            _ => self.follow_node(page, role, &plain),
        };
        if read.is_none() {
            self.reach.whole = false;
        }
    }

    fn follow_node(&mut self, page: PageNo, role: Role, plain: &[u8]) -> Option<()> {
        let node = NodeView::new(plain).ok()?;
        for slot in 0..node.slot_count() {
            let reached = |role| Reached { role, parent: Some(page), slot };
            if node.kind() == PageKind::Branch {
                self.meet(node.child(slot).page, reached(role));
            } else if let CellValue::Overflow { first, .. } = node.cell_value(slot) {
                self.meet(first.page, reached(Role::Chain));
            }
        }
        Some(())
    }

    fn follow_chain(&mut self, page: PageNo, plain: &[u8]) -> Option<()> {
        if let Some(next) = OverflowView::new(plain).ok()?.next() {
            self.meet(next.page, Reached { role: Role::Chain, parent: Some(page), slot: 0 });
        }
        Some(())
    }

    fn follow_trunk(&mut self, page: PageNo, plain: &[u8]) -> Option<()> {
        let trunk = FreeTrunkView::new(plain).ok()?;
        for (slot, free) in trunk.pages().enumerate() {
            self.meet(free, Reached { role: Role::Free, parent: Some(page), slot });
        }
        if let Some(next) = trunk.next() {
            self.meet(next.page, Reached { role: Role::Trunk, parent: Some(page), slot: 0 });
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root over 300 branches over 300 leaves each.
    fn wide() -> Levels {
        let page = |number: usize| PageNo(number as u32);
        Levels {
            pages: vec![vec![page(1)], (2..302).map(page).collect(), (302..90_302).map(page).collect()],
            starts: vec![vec![0], (0..300).map(|branch| branch * 300).collect()],
        }
    }

    #[test]
    fn a_node_knows_its_children_and_how_many_nodes_lie_below_it() {
        let levels = wide();
        assert_eq!(levels.nodes(), 90_301);
        assert_eq!((levels.children(0, 0), levels.children(1, 2)), (0..300, 600..900));
        assert_eq!((levels.children(1, 299), levels.children(2, 5)), (89_700..90_000, 0..0));
        assert_eq!((levels.below(0, 0), levels.below(1, 7), levels.below(2, 7)), (90_300, 300, 0));
        assert_eq!(levels.place_of(PageNo(303)), Some((2, 1)));
    }

    #[test]
    fn a_folded_node_keeps_its_place_and_nothing_below_it() {
        let levels = wide();
        let folded = levels.without(&BTreeSet::from([PageNo(2), PageNo(4)]));
        assert_eq!(folded.pages[1], levels.pages[1]);
        assert_eq!(folded.pages[2].len(), 90_000 - 600);
        assert_eq!((folded.children(1, 0), folded.children(1, 1), folded.children(1, 2)), (0..0, 0..300, 300..300));
        assert_eq!(folded.pages[2][0], levels.pages[2][300]);
        let root = levels.without(&BTreeSet::from([PageNo(1)]));
        assert_eq!((root.pages.len(), root.children(0, 0)), (1, 0..0));
    }
}
