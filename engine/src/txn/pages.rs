//! The pages an open transaction has changed, and what each was at every savepoint.
//!
//! A page stands here in one of two forms: opened, to be changed further, or sealed for the commit under way and waiting for
//! it (`spill.rs`). A savepoint costs nothing when it is set. The first change of a page behind it keeps what the page was,
//! in the savepoint's journal; going back puts that in its place again. A savepoint that nobody can go back to any more
//! leaves its journal to the one below it.

use super::spill::Waiting;
use crate::format::free_list::FreeTrunk;
use crate::format::node::Node;
use crate::format::page::PageKind;
use crate::types::{PageNo, Seal};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// What a savepoint is known by: it is the transaction's own as long as the transaction has a journal of this mark.
#[derive(Debug)]
pub(super) struct Mark;

/// A page that can be changed: one of the tree, or a trunk of the free list. (A page of a long value never changes.)
#[derive(Clone)]
pub(super) enum Opened {
    Node(Node),
    Trunk(FreeTrunk),
}

impl Opened {
    pub fn kind(&self) -> PageKind {
        match self {
            Opened::Node(node) => node.view().kind(),
            Opened::Trunk(_) => PageKind::FreeList,
        }
    }

    /// Levels above the leaves; 0 for a trunk.
    pub fn level(&self) -> u8 {
        match self {
            Opened::Node(node) => node.view().level(),
            Opened::Trunk(_) => 0,
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Opened::Node(node) => node.as_bytes(),
            Opened::Trunk(trunk) => trunk.as_bytes(),
        }
    }

    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Opened::Node(node) => node.into_bytes(),
            Opened::Trunk(trunk) => trunk.into_bytes(),
        }
    }
}

/// An opened page, and when it was last wanted for changing.
struct Changed {
    page: Opened,
    wanted: u64,
}

/// A page that is sealed for the commit under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sealed {
    pub seal: Seal,
    /// Where it waits, see [`Waiting`].
    pub slot: u32,
}

/// What the transaction had of a page.
enum Before {
    /// Nothing: the page was as the transaction found it, or not in use.
    Nothing,
    Opened(Opened),
    Sealed(Sealed),
}

/// What a transaction was when a savepoint was set.
struct Journal<S> {
    mark: Weak<Mark>,
    /// Everything of the transaction that is not a page.
    state: S,
    /// Each page changed since, as it was.
    before: BTreeMap<PageNo, Before>,
}

/// Which opened page is meant: one of the transaction as it is, or one that a journal keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cold {
    /// The journal, counted from the oldest; none for a page as it is.
    journal: Option<usize>,
    pub page: PageNo,
}

/// Changed pages, and the journals of the savepoints set so far, the oldest first. A slot of [`Waiting`] is known to exactly
/// one entry, of the pages or of one journal.
pub(super) struct Pages<S> {
    changed: BTreeMap<PageNo, Changed>,
    sealed: BTreeMap<PageNo, Sealed>,
    journals: Vec<Journal<S>>,
    /// Opened pages in the journals.
    kept: usize,
    clock: u64,
    pub waiting: Waiting,
}

impl<S: Clone> Pages<S> {
    pub fn new(waiting: Waiting) -> Pages<S> {
        Pages { changed: BTreeMap::new(), sealed: BTreeMap::new(), journals: Vec::new(), kept: 0, clock: 0, waiting }
    }

    /// Pages that a commit writes.
    pub fn len(&self) -> usize {
        self.changed.len() + self.sealed.len()
    }

    /// Opened pages in memory.
    pub fn opened_len(&self) -> usize {
        self.changed.len() + self.kept
    }

    /// A page that is opened for changing.
    pub fn opened(&self, page: PageNo) -> Option<&Opened> {
        self.changed.get(&page).map(|changed| &changed.page)
    }

    /// A page that waits, sealed, for the commit.
    pub fn sealed(&self, page: PageNo) -> Option<Sealed> {
        self.sealed.get(&page).copied()
    }

    /// An opened page, to be changed further.
    pub fn edit(&mut self, page: PageNo) -> Option<&mut Opened> {
        self.clock += 1;
        let changed = self.changed.get_mut(&page)?;
        changed.wanted = self.clock;
        if let Some(journal) = self.journals.last_mut() {
            journal.before.entry(page).or_insert_with(|| {
                self.kept += 1;
                Before::Opened(changed.page.clone())
            });
        }
        Some(&mut changed.page)
    }

    /// Takes in a page to be changed, or a new one.
    pub fn insert(&mut self, page: PageNo, opened: Opened) {
        self.forget(page);
        self.clock += 1;
        self.changed.insert(page, Changed { page: opened, wanted: self.clock });
    }

    /// Takes in a page that was sealed as it will stay.
    pub fn insert_sealed(&mut self, page: PageNo, sealed: Sealed) {
        self.forget(page);
        self.sealed.insert(page, sealed);
    }

    /// Lets go of what the transaction has of a page.
    pub fn forget(&mut self, page: PageNo) {
        let held = match self.changed.remove(&page) {
            Some(changed) => Before::Opened(changed.page),
            None => self.sealed.remove(&page).map_or(Before::Nothing, Before::Sealed),
        };
        match self.journals.last_mut() {
            Some(journal) if !journal.before.contains_key(&page) => {
                self.kept += usize::from(matches!(held, Before::Opened(_)));
                journal.before.insert(page, held);
            }
            _ => self.release(held),
        }
    }

    /// The opened pages, for the commit: no savepoint is gone back to afterwards.
    pub fn opened_for_commit(&mut self) -> impl Iterator<Item = (PageNo, &mut Opened)> {
        self.changed.iter_mut().map(|(&page, changed)| (page, &mut changed.page))
    }

    /// Takes one of them out for a moment, to see the others while it is changed.
    pub fn take_for_commit(&mut self, page: PageNo) -> Option<Opened> {
        self.changed.remove(&page).map(|changed| changed.page)
    }

    /// Puts it back.
    pub fn put_back_for_commit(&mut self, page: PageNo, opened: Opened) {
        self.changed.insert(page, Changed { page: opened, wanted: self.clock });
    }

    /// Takes everything out, for the commit: the opened pages, and those that wait, in page order.
    pub fn take(&mut self) -> (BTreeMap<PageNo, Opened>, BTreeMap<PageNo, Sealed>) {
        self.journals.clear();
        let changed = std::mem::take(&mut self.changed).into_iter().map(|(page, changed)| (page, changed.page));
        (changed.collect(), std::mem::take(&mut self.sealed))
    }

    /// Up to `count` opened pages, those that are of the least use in memory first: what only a savepoint needs, then leaves
    /// and trunks that were not wanted for the longest, branches last.
    pub fn coldest(&self, count: usize) -> Vec<Cold> {
        let kept = self.journals.iter().enumerate().flat_map(|(at, journal)| {
            let opened = journal.before.iter().filter(|(_, before)| matches!(before, Before::Opened(_)));
            opened.map(move |(&page, _)| Cold { journal: Some(at), page })
        });
        let mut cold: Vec<Cold> = kept.take(count).collect();
        let mut own: Vec<(bool, u64, PageNo)> = self
            .changed
            .iter()
            .map(|(&page, changed)| (changed.page.kind() == PageKind::Branch, changed.wanted, page))
            .collect();
        own.sort_unstable();
        cold.extend(own.into_iter().take(count - cold.len()).map(|(_, _, page)| Cold { journal: None, page }));
        cold
    }

    /// The page of [`Pages::coldest`].
    pub fn cold(&self, cold: Cold) -> Option<&Opened> {
        match cold.journal {
            None => self.opened(cold.page),
            Some(at) => match self.journals.get(at)?.before.get(&cold.page)? {
                Before::Opened(opened) => Some(opened),
                _ => None,
            },
        }
    }

    /// Puts the sealed form of a page in the place of the opened one, which is handed back. What the page holds stays the same,
    /// so no journal is told.
    pub fn replace_cold(&mut self, cold: Cold, sealed: Sealed) -> Option<Opened> {
        match cold.journal {
            None => {
                let changed = self.changed.remove(&cold.page)?;
                self.sealed.insert(cold.page, sealed);
                Some(changed.page)
            }
            Some(at) => match self.journals.get_mut(at)?.before.insert(cold.page, Before::Sealed(sealed))? {
                Before::Opened(opened) => {
                    self.kept -= 1;
                    Some(opened)
                }
                _ => None,
            },
        }
    }

    /// Sets a savepoint; `state` is everything of the transaction that is not a page.
    pub fn set_savepoint(&mut self, state: S) -> Arc<Mark> {
        self.drop_forgotten();
        let mark = Arc::new(Mark);
        self.journals.push(Journal { mark: Arc::downgrade(&mark), state, before: BTreeMap::new() });
        mark
    }

    /// Puts every page back to what it was at a savepoint and returns the state handed in there; savepoints set after it are
    /// passed over. `None` when it is not one of these.
    pub fn roll_back_to(&mut self, mark: &Arc<Mark>) -> Option<S> {
        let at = self.journals.iter().rposition(|journal| journal.mark.as_ptr() == Arc::as_ptr(mark))?;
        while self.journals.len() > at + 1 {
            self.put_back_newest();
        }
        let (mark, state) = self.put_back_newest()?;
        self.journals.push(Journal { mark, state: state.clone(), before: BTreeMap::new() });
        Some(state)
    }

    /// Joins the newest journals that nobody can go back to any more with those below them.
    pub fn drop_forgotten(&mut self) {
        while let Some(forgotten) = self.journals.pop_if(|journal| journal.mark.strong_count() == 0) {
            for (page, before) in forgotten.before {
                match self.journals.last_mut() {
                    Some(below) if !below.before.contains_key(&page) => drop(below.before.insert(page, before)),
                    _ => {
                        self.kept -= usize::from(matches!(before, Before::Opened(_)));
                        self.release(before);
                    }
                }
            }
        }
    }

    /// Takes the newest journal off and puts back what it kept.
    fn put_back_newest(&mut self) -> Option<(Weak<Mark>, S)> {
        let Journal { mark, state, before } = self.journals.pop()?;
        for (page, before) in before {
            self.changed.remove(&page);
            if let Some(sealed) = self.sealed.remove(&page) {
                self.waiting.release(sealed.slot);
            }
            match before {
                Before::Nothing => {}
                Before::Opened(opened) => {
                    self.kept -= 1;
                    self.changed.insert(page, Changed { page: opened, wanted: self.clock });
                }
                Before::Sealed(sealed) => drop(self.sealed.insert(page, sealed)),
            }
        }
        Some((mark, state))
    }

    fn release(&mut self, held: Before) {
        if let Before::Sealed(sealed) = held {
            self.waiting.release(sealed.slot);
        }
    }
}
