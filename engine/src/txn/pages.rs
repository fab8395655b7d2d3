//! The pages an open transaction holds in memory, and what each was at every savepoint.
//!
//! A savepoint costs nothing when it is set. The first change of a page behind it keeps what the page was, in the
//! savepoint's journal; going back puts that in its place again. A savepoint that nobody can go back to any more leaves
//! its journal to the one below it.

use crate::format::node::Node;
use crate::types::PageNo;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// What a savepoint is known by: it is the transaction's own as long as the transaction has a journal of this mark.
#[derive(Debug)]
pub(super) struct Mark;

/// Changed pages, and the journals of the savepoints set so far, the oldest first.
pub(super) struct Pages<S> {
    changed: BTreeMap<PageNo, Node>,
    journals: Vec<Journal<S>>,
}

/// What a transaction was when a savepoint was set.
struct Journal<S> {
    mark: Weak<Mark>,
    /// Everything of the transaction that is not a page.
    state: S,
    /// Each page changed since, as it was; `None` where the transaction had not changed it.
    before: BTreeMap<PageNo, Option<Node>>,
}

impl<S> Default for Pages<S> {
    fn default() -> Self {
        Pages { changed: BTreeMap::new(), journals: Vec::new() }
    }
}

impl<S: Clone> Pages<S> {
    pub fn len(&self) -> usize {
        self.changed.len()
    }

    pub fn get(&self, page: PageNo) -> Option<&Node> {
        self.changed.get(&page)
    }

    /// A changed page, to be changed further.
    pub fn edit(&mut self, page: PageNo) -> Option<&mut Node> {
        if self.changed.contains_key(&page) {
            self.note(page);
        }
        self.changed.get_mut(&page)
    }

    /// Takes in a page that the transaction is about to change, or a new one.
    pub fn insert(&mut self, page: PageNo, node: Node) {
        self.note(page);
        self.changed.insert(page, node);
    }

    /// Gives up a page that is of no use any more, changed or not.
    pub fn remove(&mut self, page: PageNo) {
        self.note(page);
        self.changed.remove(&page);
    }

    /// Takes all pages out, for the commit.
    pub fn take(&mut self) -> BTreeMap<PageNo, Node> {
        self.journals.clear();
        std::mem::take(&mut self.changed)
    }

    /// The changed pages, for what is done to all of them at the commit: no savepoint is gone back to afterwards.
    pub fn changed(&mut self) -> &mut BTreeMap<PageNo, Node> {
        &mut self.changed
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
        let mut passed = self.journals.split_off(at);
        for journal in passed.iter_mut().rev() {
            for (page, before) in std::mem::take(&mut journal.before) {
                match before {
                    Some(node) => self.changed.insert(page, node),
                    None => self.changed.remove(&page),
                };
            }
        }
        let journal = passed.swap_remove(0);
        let state = journal.state.clone();
        self.journals.push(journal);
        Some(state)
    }

    /// Joins the newest journals that nobody can go back to any more with those below them.
    pub fn drop_forgotten(&mut self) {
        while let Some(forgotten) = self.journals.pop_if(|journal| journal.mark.strong_count() == 0) {
            let Some(below) = self.journals.last_mut() else { continue };
            for (page, before) in forgotten.before {
                below.before.entry(page).or_insert(before);
            }
        }
    }

    /// Keeps what a page is before it changes for the first time behind the newest savepoint.
    fn note(&mut self, page: PageNo) {
        let Some(journal) = self.journals.last_mut() else { return };
        let changed = &self.changed;
        journal.before.entry(page).or_insert_with(|| changed.get(&page).cloned());
    }
}
