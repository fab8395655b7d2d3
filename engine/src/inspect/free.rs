//! The tolerant walk of the free list: its trunks from the head down. The pages that a trunk lists hold nothing any more, and
//! nobody looks at them.

use super::chain::chain_path;
use super::walk::check_page_exists;
use super::{AtRest, PageSet, VouchedState};
use crate::crypto::PlainPage;
use crate::defence::{Defence, holds};
use crate::finding::{Code, Finding};
use crate::format::free_list::FreeTrunkView;
use crate::pager::check::PageUse;
use crate::types::{PageNo, PagePointer};

/// A trunk that the walk came to.
pub(crate) struct MetTrunk {
    /// What vouches for it.
    pub expected: PagePointer,
    /// The trunk, or what is wrong with it: complete with path, what is lost and what to do.
    pub outcome: Result<PlainPage, Box<Finding>>,
    /// The way to it from what holds the head's pointer.
    pub path: String,
}

impl MetTrunk {
    /// The trunk, when it holds.
    pub fn view(&self) -> Result<FreeTrunkView<'_>, &Finding> {
        self.outcome.as_ref().map(|plain| FreeTrunkView::trusted(plain)).map_err(|finding| &**finding)
    }
}

/// A walk of the free list.
pub(crate) struct FreeWalk<'a> {
    file: &'a AtRest,
    state: &'a VouchedState,
    ahead: Option<PagePointer>,
    before: PageNo,
    position: u64,
    trunks: PageSet,
}

impl<'a> FreeWalk<'a> {
    pub fn new(file: &'a AtRest, state: &'a VouchedState) -> FreeWalk<'a> {
        let head = Some(state.free_list).filter(|head| !head.is_null());
        FreeWalk { file, state, ahead: head, before: state.free_list.page, position: 0, trunks: PageSet::default() }
    }

    /// The next trunk; `in_use` are the pages of trees and chains.
    pub fn next(&mut self, in_use: &PageSet) -> Option<MetTrunk> {
        let pointer = self.ahead.take()?;
        let page = pointer.page;
        let steps = chain_path("trunk page", self.state.free_list.page, self.before, page, self.position);
        let path = format!("{} > free list > {steps}", self.state.root_holder);
        let outcome = self.open(&pointer, in_use).map_err(|finding| {
            let lost = "No record: only room that cannot be used again.";
            let next = "Keep a copy of this file. `compact` writes a file with a free list of its own.";
            Box::new(finding.path(path.clone()).lost(lost).next(next))
        });
        if let Ok(plain) = &outcome {
            self.ahead = FreeTrunkView::trusted(plain).next();
            self.trunks.insert(page);
            self.before = page;
            self.position += 1;
        }
        Some(MetTrunk { expected: self.file.resolve(&pointer), outcome, path })
    }

    fn open(&self, pointer: &PagePointer, in_use: &PageSet) -> Result<PlainPage, Box<Finding>> {
        let page = pointer.page;
        check_page_exists(self.state, page)?;
        if !holds(Defence::WalkReturns, !self.trunks.contains(page)) {
            let finding =
                Finding::new(Code::FreeCycle, format!("The free list returns to its own trunk, page {page}."));
            return Err(Box::new(self.file.at_page(finding, page).expected("a trunk not met yet", "a trunk above")));
        }
        let plain = self.file.open_page_as(PageUse::FreeList, pointer)?;
        match holds(Defence::WalkReachedOnce, !in_use.contains(page)) {
            true => Ok(plain),
            false => Err(Box::new(self.file.double_reference(page))),
        }
    }
}

/// The pages that trunks list, as far as the list can be followed.
pub(crate) struct FreePages {
    /// The pages; trunks are not among them.
    pub pages: PageSet,
    /// How many more are free that nobody can name, because a trunk does not hold.
    pub unknown: u32,
}

impl AtRest {
    /// The free pages of `state`. What is wrong with the list is told by who walks it for that.
    pub(crate) fn free_pages(&self, state: &VouchedState) -> FreePages {
        let (mut pages, mut trunks, mut broken) = (PageSet::default(), 0, false);
        let mut walk = FreeWalk::new(self, state);
        while let Some(trunk) = walk.next(&PageSet::default()) {
            match trunk.view() {
                Ok(view) => {
                    view.pages().for_each(|page| {
                        pages.insert(page);
                    });
                    trunks += 1;
                }
                Err(_) => broken = true,
            }
        }
        let known = u32::try_from(pages.len() + trunks).unwrap_or(u32::MAX);
        let unknown = if broken { state.free_count.saturating_sub(known) } else { 0 };
        FreePages { pages, unknown }
    }
}
