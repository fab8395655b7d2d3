//! Accounting: what was counted against what is stored, and every page in use or free, once.

use super::Verifier;
use crate::defence::{Defence, holds, is_off};
use crate::escape::escape_word;
use crate::finding::{Code, Finding};
use crate::format::catalog::TreeEntry;
use crate::format::free_list::FreeTrunkView;
use crate::format::node::NodeView;
use crate::format::page::PageKind;
use crate::inspect::{MetTrunk, PageSet, VouchedState, capitalised};
use crate::types::PageNo;

const COUNT_WRONG: &str = "Nothing is known to be lost; the count is wrong.";
const DEFECT: &str = "Keep a copy of this file; this is a defect of the writer.";
const LIVE_LOST: &str = "Nothing yet; the next writer may write over the page.";
const LIVE_NEXT: &str = "Write nothing to this file. Keep a copy; `compact OLD NEW` writes a sound file from it.";

/// What the walk of one tree counted.
#[derive(Default)]
pub(super) struct Totals {
    pub records: u64,
    /// Nodes and overflow pages that hold.
    pub pages: u64,
    /// Pages and entries that do not hold: what is below them was not counted.
    pub bad: u64,
}

impl Totals {
    pub fn take(&mut self, view: &NodeView<'_>) {
        self.pages += 1;
        if view.kind() == PageKind::Leaf {
            self.records += view.slot_count() as u64;
        }
    }
}

/// What the walk of everything counted. It holds a bit for each page, and nothing of what pages hold.
#[derive(Default)]
pub(super) struct Walked {
    pub main: Totals,
    pub catalog: Totals,
    pub named_trees: u64,
    pub named_records: u64,
    /// Pages of trees and chains that hold.
    pub seen: PageSet,
    pub trunks: PageSet,
    /// Pages that trunks list; only at level `deep`.
    pub free: PageSet,
    /// How many pages trunks list.
    pub listed: u64,
    /// Pages that do not hold, of all trees and chains.
    pub bad_pages: u64,
    pub bad_trunks: u64,
    /// Pages of chains that were opened ahead for nothing.
    pub unused: u64,
}

impl Verifier<'_, '_> {
    /// Compares what was counted with what is stored, and looks for pages that nothing accounts for. Whatever lies behind a
    /// page that does not hold is not counted, and says nothing against the rest. Returns what there is to say of it.
    pub(super) fn accounting(&mut self, state: &VouchedState, walked: &Walked) -> String {
        let holder = capitalised(&state.root_holder);
        let fits = |stored: u64, counted: u64| holds(Defence::VerifyCounts, stored == counted);
        if walked.main.bad == 0 && !fits(state.record_count, walked.main.records) {
            let why = format!("{holder} holds another number of records than the tree.");
            self.count_finding(Code::TreeCount, why, state.record_count, walked.main.records);
        }
        if walked.catalog.bad == 0 && !fits(state.tree_count.into(), walked.named_trees) {
            let why = format!("{holder} holds another number of named trees than the catalog.");
            self.count_finding(Code::TreeCount, why, state.tree_count.into(), walked.named_trees);
        }
        let free = walked.trunks.len() + walked.listed;
        if walked.bad_trunks == 0 && !fits(state.free_count.into(), free) {
            let why = format!("{holder} holds another number of free pages than the free list.");
            self.count_finding(Code::FreeCount, why, state.free_count.into(), free);
        }
        let bad = walked.bad_pages + walked.bad_trunks;
        if bad == 0 {
            self.lost_pages(state, walked);
        }
        let mut note = match bad {
            0 => plural(walked.main.records, "record"),
            bad => format!("order and ranges; what is missing below {} cannot be counted", plural(bad, "bad page")),
        };
        if walked.named_trees > 0 {
            let (trees, records) = (plural(walked.named_trees, "named tree"), plural(walked.named_records, "record"));
            note.push_str(&format!("; {trees} with {records}"));
        }
        if free > 0 {
            note.push_str(&format!("; {}", plural(free, "free page")));
        }
        note
    }

    fn count_finding(&mut self, code: Code, why: String, stored: u64, counted: u64) {
        let finding =
            Finding::new(code, why).expected(stored.to_string(), counted.to_string()).lost(COUNT_WRONG).next(DEFECT);
        self.report(Finding { file: Some(self.file.name().to_owned()), ..finding });
    }

    /// What the catalog says of a named tree against what was counted in it. `leaf` is the catalog's, `holder` the way to
    /// the tree.
    pub(super) fn named_tree_counts(
        &mut self,
        name: &[u8],
        entry: &TreeEntry,
        found: &Totals,
        leaf: PageNo,
        holder: &str,
    ) {
        if found.bad > 0 {
            return;
        }
        for (what, stored, counted) in
            [("records", entry.record_count, found.records), ("pages", entry.page_count.into(), found.pages)]
        {
            if !holds(Defence::VerifyCounts, stored == counted) {
                let name = escape_word(name);
                let why = format!("The catalog gives the tree {name} another number of {what} than it has.");
                let finding = Finding::new(Code::TreeCount, why)
                    .path(holder)
                    .expected(format!("{stored} {what}"), format!("{counted} {what}"))
                    .lost(COUNT_WRONG)
                    .next(DEFECT);
                let finding = self.file.at_page(finding, leaf);
                self.report(finding);
            }
        }
    }

    /// The pages that a trunk lists: each there, free and listed once.
    pub(super) fn free_entries(
        &mut self,
        state: &VouchedState,
        view: &FreeTrunkView<'_>,
        trunk: &MetTrunk,
        walked: &mut Walked,
    ) {
        let trunk_page = trunk.expected.page;
        for (entry, page) in view.pages().enumerate() {
            let path = || format!("{}, entry {entry}", trunk.path);
            let finding = if page.0 > state.page_count {
                let why = format!("The free list names page {page}; the file has pages 1 to {}.", state.page_count);
                let finding = Finding::new(Code::TreeSlot, why)
                    .expected(format!("a page from 1 to {}", state.page_count), page.to_string())
                    .lost("Nothing yet; the next writer may take the page that is not there.")
                    .next(LIVE_NEXT);
                self.file.at_page(finding, trunk_page)
            } else if walked.seen.contains(page) {
                let why = format!("Page {page} is in use and stands in the free list.");
                self.free_and(Code::FreeLive, why, page, "a page of no tree and no chain", "a page in use")
            } else if walked.trunks.contains(page) {
                let why = format!("Page {page} is a trunk of the free list and stands in the free list.");
                self.free_and(Code::FreeLive, why, page, "a page that is no trunk", "a trunk")
            } else if !walked.free.insert(page) {
                let why = format!("Page {page} stands in the free list twice.");
                self.free_and(Code::TreeDoubleRef, why, page, "one entry", "a second one")
            } else {
                continue;
            };
            if !is_off(Defence::VerifyFree) {
                self.report(finding.path(path()));
            }
        }
    }

    /// The finding of a trunk that a trunk above lists as free.
    pub(super) fn trunk_is_listed(&self, page: PageNo, path: &str) -> Finding {
        let why = format!("Page {page} is a trunk of the free list and stands in the free list.");
        self.free_and(Code::FreeLive, why, page, "a page that is no trunk", "a trunk").path(path)
    }

    fn free_and(&self, code: Code, why: String, page: PageNo, expected: &str, found: &str) -> Finding {
        let finding = Finding::new(code, why).expected(expected, found).lost(LIVE_LOST).next(LIVE_NEXT);
        self.file.at_page(finding, page)
    }

    fn lost_pages(&mut self, state: &VouchedState, walked: &Walked) {
        let mut accounted = PageSet::default();
        [&walked.seen, &walked.trunks, &walked.free].into_iter().for_each(|pages| accounted.absorb(pages));
        if is_off(Defence::VerifyEveryPage) {
            return;
        }
        for (first, last) in accounted.gaps(state.page_count) {
            let finding = self.lost_run(first, last);
            self.report(finding);
        }
    }

    fn lost_run(&self, first: PageNo, last: PageNo) -> Finding {
        let why = match first == last {
            true => format!("Page {first} is neither reached from the root nor free."),
            false => format!("Pages {first} to {last} are neither reached from the root nor free."),
        };
        let finding = Finding::new(Code::TreeLostPage, why)
            .page(first)
            .lost("Nothing but the space.")
            .next("Nothing has to be done; `compact` writes a file without them.");
        match self.file.page_size() {
            Some(size) => {
                finding.at(self.file.name(), size.offset_of(first)..size.offset_of(last) + size.bytes() as u64)
            }
            None => finding,
        }
    }
}

pub(super) fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
