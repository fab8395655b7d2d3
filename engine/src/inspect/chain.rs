//! The tolerant walk of one overflow chain: the pages of a value too long for its leaf, from its first byte to its last.
//!
//! What a page says remains of the value must be what is left to find: so a chain that is short, long, crossed with another
//! or returns to itself is told at the page where it goes wrong, and ends there.

use super::walk::check_page_exists;
use super::{AtRest, PageSet, PageSource, VouchedState};
use crate::crypto::PlainPage;
use crate::defence::{Defence, holds};
use crate::finding::{Code, Finding};
use crate::format::overflow::OverflowView;
use crate::pager::check::PageUse;
use crate::types::{PageNo, PagePointer};

/// A page of a chain that the walk came to.
pub(crate) struct Part {
    /// What vouches for it: the pointer in the leaf or in the page before, or what the log's index says.
    pub expected: PagePointer,
    /// Its number in the chain, from 0.
    pub position: u64,
    first: PageNo,
    before: PageNo,
    /// The page, or what is wrong with it; path, loss and next step are for who knows the record.
    pub outcome: Result<PlainPage, Box<Finding>>,
}

impl Part {
    /// The page, when it holds.
    pub fn view(&self) -> Result<OverflowView<'_>, &Finding> {
        self.outcome.as_ref().map(|plain| OverflowView::trusted(plain)).map_err(|finding| &**finding)
    }

    /// The way from the leaf's slot here: `chain page 12`, `chain page 12 > … > chain page 30 > chain page 31`.
    pub fn path(&self) -> String {
        chain_path("chain page", self.first, self.before, self.expected.page, self.position)
    }
}

/// A walk of one chain.
pub(crate) struct ChainWalk<'a> {
    file: &'a AtRest,
    state: &'a VouchedState,
    ahead: Option<PagePointer>,
    /// Bytes of the value that were not met yet.
    remaining: u64,
    position: u64,
    first: PageNo,
    before: PageNo,
    members: PageSet,
}

impl<'a> ChainWalk<'a> {
    /// The chain of a value of `length` bytes that begins at `first`.
    pub fn new(file: &'a AtRest, state: &'a VouchedState, length: u32, first: PagePointer) -> ChainWalk<'a> {
        ChainWalk {
            file,
            state,
            ahead: Some(first),
            remaining: length.into(),
            position: 0,
            first: first.page,
            before: first.page,
            members: PageSet::default(),
        }
    }

    /// The next page; pages that hold are noted in `seen`.
    pub fn next(&mut self, seen: &mut PageSet) -> Option<Part> {
        self.next_from(&mut { self.file }, seen)
    }

    /// As [`ChainWalk::next`], with pages that `source` opens.
    pub fn next_from(&mut self, source: &mut dyn PageSource, seen: &mut PageSet) -> Option<Part> {
        let pointer = self.ahead.take()?;
        let outcome = self.open(source, &pointer, seen);
        let (first, before) = (self.first, self.before);
        let part = Part { expected: self.file.resolve(&pointer), position: self.position, first, before, outcome };
        if let Ok(view) = part.view() {
            self.ahead = view.next();
            self.remaining = self.remaining.saturating_sub(view.data().len() as u64);
            self.position += 1;
            self.before = pointer.page;
            seen.insert(pointer.page);
            // A chain of one page needs no set.
            if self.ahead.is_some() {
                self.members.insert(pointer.page);
            }
        }
        Some(part)
    }

    fn open(
        &self,
        source: &mut dyn PageSource,
        pointer: &PagePointer,
        seen: &PageSet,
    ) -> Result<PlainPage, Box<Finding>> {
        let page = pointer.page;
        check_page_exists(self.state, page)?;
        if !holds(Defence::WalkReturns, !self.members.contains(page)) {
            let finding = Finding::new(Code::OvfCycle, format!("The chain returns to its own page {page}."));
            return Err(Box::new(
                self.file.at_page(finding, page).expected("a page not met yet", "a page of the chain"),
            ));
        }
        let plain = source.open(PageUse::Overflow, pointer)?;
        if !holds(Defence::WalkReachedOnce, !seen.contains(page)) {
            return Err(Box::new(self.file.double_reference(page)));
        }
        match OverflowView::trusted(&plain).remaining() {
            found if holds(Defence::WalkChain, found == self.remaining) => Ok(plain),
            found => Err(Box::new(self.wrong_length(found, page))),
        }
    }

    fn wrong_length(&self, found: u64, page: PageNo) -> Finding {
        let (code, how) = match found < self.remaining {
            true => (Code::OvfShort, "ends before the value does"),
            false => (Code::OvfLong, "goes on behind the value's end"),
        };
        let finding = Finding::new(code, format!("From page {page} on, the chain {how}."));
        let bytes = |count: u64| format!("{count} bytes of the value from here on");
        self.file.at_page(finding, page).expected(bytes(self.remaining), bytes(found))
    }
}

/// The steps from the first page of a list of pages to one of them, with those between left out.
pub(super) fn chain_path(what: &str, first: PageNo, before: PageNo, page: PageNo, position: u64) -> String {
    match position {
        0 => format!("{what} {page}"),
        1 => format!("{what} {first} > {what} {page}"),
        2 => format!("{what} {first} > {what} {before} > {what} {page}"),
        _ => format!("{what} {first} > … > {what} {before} > {what} {page}"),
    }
}
