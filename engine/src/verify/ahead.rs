//! Pages opened ahead of the walk by the crew.
//!
//! A scout walks the branches of a tree before the judge does, hands the leaves below them over in batches, and the judge finds
//! each page opened when it comes to it. What the judge does with a page is its own affair: where it turns away from what the
//! scout expected, as it does before a page that two pointers name, it drops what it passes, or opens pages itself from then on.
//! At most a window of pages is held opened.

use super::crew::{Crew, Handle};
use crate::crypto::PlainPage;
use crate::finding::Finding;
use crate::format::node::NodeView;
use crate::format::overflow::OverflowView;
use crate::format::page::PageKind;
use crate::inspect::{AtRest, PageRun, PageSource};
use crate::pager::check::PageUse;
use crate::types::{PageNo, PagePointer};
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// How much one task opens, in bytes of pages.
const BATCH_BYTES: usize = 128 << 10;
/// Most pages of a task.
const BATCH_PAGES_MAX: usize = 64;
/// Batches under way for each thread.
const BATCHES_A_THREAD: usize = 4;
/// How far the chain of one value is followed ahead, in bytes of pages.
const CHAIN_BYTES: usize = 1 << 20;
/// Chain pages opened for nothing, after which no chain is followed ahead any more: a hostile file has many pointers to one
/// long chain.
const UNUSED_MAX: u64 = 4096;

type Opened = Result<PlainPage, Box<Finding>>;

/// How many pages a task opens.
fn batch_of(file: &AtRest) -> usize {
    let page_bytes = file.page_size().unwrap_or_default().bytes();
    (BATCH_BYTES / page_bytes).clamp(1, BATCH_PAGES_MAX)
}

/// Looks at pages on all threads and hands the results over in order, until `take` has enough.
pub(super) fn pages_in_order<'a, R: Send + 'a>(
    file: &'a AtRest,
    crew: &Crew<'a>,
    mut pages: impl Iterator<Item = PageNo>,
    look: fn(&PageRun<'_>, PageNo) -> R,
    mut take: impl FnMut(PageNo, R) -> ControlFlow<()>,
) {
    let batch = batch_of(file);
    let mut under_way: VecDeque<(Vec<PageNo>, Handle<'a, Vec<R>>)> = VecDeque::new();
    loop {
        while under_way.len() < crew.threads() * BATCHES_A_THREAD {
            let numbers: Vec<PageNo> = pages.by_ref().take(batch).collect();
            if numbers.is_empty() {
                break;
            }
            let list = numbers.clone();
            let handle = crew.hand_over(move || {
                let run = file.page_run(&list);
                list.into_iter().map(|page| look(&run, page)).collect()
            });
            under_way.push_back((numbers, handle));
        }
        let Some((numbers, handle)) = under_way.pop_front() else { return };
        for (page, result) in numbers.into_iter().zip(handle.take()) {
            if take(page, result).is_break() {
                return;
            }
        }
    }
}

/// The nodes of one tree, opened ahead.
pub(super) struct NodesAhead<'a, 'c> {
    file: &'a AtRest,
    crew: &'c Crew<'a>,
    /// The branches on the scout's way down, each with the slot that comes next.
    way: Vec<(PlainPage, usize)>,
    /// What the judge comes to next, in its order.
    queue: VecDeque<Entry<'a>>,
    pages_ahead: usize,
    /// Whether there is a scout: not before the root was met, and never with one thread.
    scouts: Scouts,
}

#[derive(PartialEq)]
enum Scouts {
    NotYet,
    Ahead,
    Never,
}

enum Entry<'a> {
    One(PagePointer, Opened),
    Batch(Vec<PagePointer>, Handle<'a, Vec<Opened>>),
}

impl<'a, 'c> NodesAhead<'a, 'c> {
    pub fn new(file: &'a AtRest, crew: &'c Crew<'a>) -> NodesAhead<'a, 'c> {
        let scouts = if crew.threads() > 1 { Scouts::NotYet } else { Scouts::Never };
        NodesAhead { file, crew, way: Vec::new(), queue: VecDeque::new(), pages_ahead: 0, scouts }
    }

    /// Goes on from where the scout stands until the window is full.
    fn scout(&mut self) {
        let batch = batch_of(self.file);
        let window = batch * BATCHES_A_THREAD * self.crew.threads();
        while self.pages_ahead < window {
            let Some((plain, next)) = self.way.last_mut() else { return };
            let branch = NodeView::trusted(plain);
            let slots = branch.slot_count();
            if *next >= slots {
                self.way.pop();
                continue;
            }
            // Leaves are most of a tree: the crew opens them, the scout the few branches.
            let first = *next;
            let is_above_leaves = branch.level() == 1;
            *next = if is_above_leaves { (first + batch).min(slots) } else { first + 1 };
            let pointers: Vec<PagePointer> = (first..*next).map(|slot| branch.child(slot)).collect();
            let level = branch.level();
            self.pages_ahead += pointers.len();
            if is_above_leaves {
                let (file, list) = (self.file, pointers.clone());
                let open = move || list.iter().map(|pointer| file.open_page_as(PageUse::Node, pointer)).collect();
                self.queue.push_back(Entry::Batch(pointers, self.crew.hand_over(open)));
            } else {
                for pointer in pointers {
                    let opened = self.file.open_page_as(PageUse::Node, &pointer);
                    self.descend(&opened, Some(level));
                    self.queue.push_back(Entry::One(pointer, opened));
                }
            }
        }
    }

    /// Goes on below a branch, unless the judge will not: because it does not hold, or its level does not fit.
    fn descend(&mut self, opened: &Opened, above: Option<u8>) {
        let Ok(plain) = opened else { return };
        let node = NodeView::trusted(plain);
        let fits = above.is_none_or(|above| node.level().checked_add(1) == Some(above));
        if node.kind() == PageKind::Branch && fits {
            self.way.push((plain.clone(), 0));
        }
    }

    /// The page, when the scout foresaw it; what stands before it the judge has passed.
    fn foreseen(&mut self, pointer: &PagePointer) -> Option<Opened> {
        while let Some(entry) = self.queue.pop_front() {
            match entry {
                Entry::One(named, opened) => {
                    self.pages_ahead -= 1;
                    if named == *pointer {
                        return Some(opened);
                    }
                }
                Entry::Batch(named, handle) if named.contains(pointer) => {
                    let opened = named.into_iter().zip(handle.take()).rev();
                    opened.for_each(|(named, opened)| self.queue.push_front(Entry::One(named, opened)));
                }
                Entry::Batch(named, _) => self.pages_ahead -= named.len(),
            }
        }
        None
    }
}

impl PageSource for NodesAhead<'_, '_> {
    fn open(&mut self, asked: PageUse, pointer: &PagePointer) -> Opened {
        match self.scouts {
            Scouts::Never => self.file.open_page_as(asked, pointer),
            Scouts::NotYet => {
                let root = self.file.open_page_as(asked, pointer);
                self.descend(&root, None);
                self.scouts = Scouts::Ahead;
                self.scout();
                root
            }
            Scouts::Ahead => match self.foreseen(pointer) {
                Some(opened) => {
                    self.scout();
                    opened
                }
                None => {
                    self.scouts = Scouts::Never;
                    self.way.clear();
                    self.file.open_page_as(asked, pointer)
                }
            },
        }
    }
}

/// The chains of one leaf, each followed ahead.
pub(super) struct ChainsAhead<'a, 'c> {
    file: &'a AtRest,
    crew: &'c Crew<'a>,
    /// Chains that nobody follows yet: the length of the value, and its first page.
    waiting: VecDeque<(u32, PagePointer)>,
    under_way: VecDeque<Handle<'a, Vec<(PagePointer, Opened)>>>,
    /// Pages of the chain that the judge is at.
    current: VecDeque<(PagePointer, Opened)>,
}

impl<'a, 'c> ChainsAhead<'a, 'c> {
    /// Of chains that begin at these pages, in this order; `unused` are the pages opened for nothing so far.
    pub fn new(
        file: &'a AtRest,
        crew: &'c Crew<'a>,
        chains: impl Iterator<Item = (u32, PagePointer)>,
        unused: u64,
    ) -> ChainsAhead<'a, 'c> {
        let is_of_use = crew.threads() > 1 && unused <= UNUSED_MAX;
        let waiting = if is_of_use { chains.collect() } else { VecDeque::new() };
        ChainsAhead { file, crew, waiting, under_way: VecDeque::new(), current: VecDeque::new() }
    }

    /// The judge comes to the next chain. Returns how many pages of the one before were opened for nothing.
    pub fn next_chain(&mut self) -> u64 {
        let unused = self.current.len() as u64;
        while self.under_way.len() < 2 * self.crew.threads()
            && let Some((length, first)) = self.waiting.pop_front()
        {
            let file = self.file;
            self.under_way.push_back(self.crew.hand_over(move || follow(file, length, first)));
        }
        self.current = self.under_way.pop_front().map(|handle| handle.take().into()).unwrap_or_default();
        unused
    }
}

impl PageSource for ChainsAhead<'_, '_> {
    fn open(&mut self, asked: PageUse, pointer: &PagePointer) -> Opened {
        match self.current.front() {
            Some((named, _)) if named == pointer => {
                self.current.pop_front().map(|(_, opened)| opened).expect("invariant: there is a first one")
            }
            _ => self.file.open_page_as(asked, pointer),
        }
    }
}

/// The first pages of a chain, as many as the value can need.
fn follow(file: &AtRest, length: u32, first: PagePointer) -> Vec<(PagePointer, Opened)> {
    let page_size = file.page_size().unwrap_or_default();
    let needed = length as usize / (page_size.plain_bytes() / 2) + 1;
    let most = needed.min(CHAIN_BYTES / page_size.bytes());
    let (mut opened, mut ahead) = (Vec::new(), Some(first));
    while let Some(pointer) = ahead
        && opened.len() < most
    {
        let page = file.open_page_as(PageUse::Overflow, &pointer);
        ahead = page.as_ref().ok().and_then(|plain| OverflowView::trusted(plain).next());
        opened.push((pointer, page));
    }
    opened
}
