//! The pages: each authentic, each the one that the pointer to it names, and together trees in order.
//!
//! From the state's pointers everything is reached: the main tree, the catalog and each tree it names, the overflow chain of
//! each value too long for its leaf, the trunks of the free list. What free pages hold is not judged: they are dead.

use super::accounting::{Totals, Walked, plural};
use super::ahead::{ChainsAhead, NodesAhead, pages_in_order};
use super::{Check, Level, Verifier};
use crate::defence::{Defence, holds};
use crate::finding::{Code, Finding};
use crate::format::node::NodeView;
use crate::format::page::{PageKind, SealedView};
use crate::inspect::{
    AtRest, ChainWalk, FreeWalk, Met, PageBytes, PageRun, TreeHome, TreeSort, TreeWalk, VouchedState, catalog_entry,
    chains_of, value_lost,
};
use crate::trace::Event;
use crate::types::PageNo;
use crate::wal::FrameRecord;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

const SEALS: &str = "pages (seals)";
const AUTHENTICITY: &str = "page authenticity";
const ORDER: &str = "key order and accounting";

impl Verifier<'_, '_> {
    /// The checks of pages that the level asks for; the others are listed as not run.
    pub(super) fn pages(&mut self) -> Vec<Check> {
        let checks = self.checks_of_pages();
        checks.into_iter().map(|check| self.unless_stopped(check)).collect()
    }

    fn checks_of_pages(&mut self) -> Vec<Check> {
        let level = self.level();
        let below = |name, needed: Level| Check::not_run(name, format!("the level `{needed}` asks for it"));
        if level == Level::Identify {
            return vec![below(SEALS, Level::Seal), below(AUTHENTICITY, Level::Auth), below(ORDER, Level::Deep)];
        }
        if level == Level::Scan {
            let shapes = self.page_shapes();
            return vec![
                shapes,
                below(SEALS, Level::Seal),
                below(AUTHENTICITY, Level::Auth),
                below(ORDER, Level::Deep),
            ];
        }
        let Ok(state) = self.file.state() else {
            let why = self.no_state();
            return [SEALS, AUTHENTICITY, ORDER].map(|name| Check::not_run(name, why.clone())).to_vec();
        };
        match level {
            Level::Auth => vec![below(SEALS, Level::Seal), self.authenticity(state), below(ORDER, Level::Deep)],
            Level::Seal => {
                let walked = self.seals(state);
                vec![self.seals_check(state, &walked), self.reached_check(state), below(ORDER, Level::Deep)]
            }
            _ => {
                let walked = self.seals(state);
                let order = match self.report.stopped {
                    true => Check::ran(ORDER),
                    false => Check::ran(ORDER).note(self.accounting(state, &walked)),
                };
                vec![self.seals_check(state, &walked), self.reached_check(state), order]
            }
        }
    }

    /// Every page by itself: sealed with this key, for this place. An old version passes; seals tell that.
    fn authenticity(&mut self, state: &VouchedState) -> Check {
        let present = state.page_count;
        // What a free page holds is dead: an old version, or zeros when it was never written.
        let free = self.file.free_pages(state);
        let is_free = |page: &PageNo| free.pages.contains(*page);
        let mut skipped = self.pages_to_open(present).filter(is_free).count() as u64;
        let in_use = self.pages_to_open(present).filter(|page| !is_free(page));
        let mut unknown = free.unknown;
        pages_in_order(self.file, self.crew, in_use, authentic, |page, outcome| {
            if self.is_stopped() {
                return ControlFlow::Break(());
            }
            let finding = outcome.err().map(|finding| self.probed(page, None, *finding)).map(if_reached);
            match finding.as_ref().is_some_and(|finding| finding.code == Code::PageZero) && unknown > 0 {
                true => (unknown, skipped) = (unknown - 1, skipped + 1),
                false => self.page_done(page, finding),
            }
            ControlFlow::Continue(())
        });
        let checked = self.report.pages_checked;
        let note = format!("{checked} of {present} pages; an old version of a page passes{}", free_note(skipped));
        Check::ran(AUTHENTICITY).note(note)
    }

    /// The pages of the page file, the first that is not there, and those behind it that stand in the log. A count that lies
    /// names thousands of millions more, and behind the end of the file there is nothing but more of the same.
    fn pages_to_open(&self, present: u32) -> impl Iterator<Item = PageNo> + use<> {
        let in_file = self.file.pages_in_file().saturating_add(1).min(present);
        let records = self.file.log().scan.iter().flat_map(|scan| &scan.records);
        let in_log: BTreeSet<PageNo> = records
            .filter_map(|record| match record.record {
                FrameRecord::Page { page, .. } => Some(page),
                FrameRecord::Commit(_) => None,
            })
            .filter(|page| (in_file + 1..=present).contains(&page.0) && self.file.is_in_log(*page))
            .collect();
        (1..=in_file).map(PageNo).chain(in_log)
    }

    /// Every page reached from the state's pointers, each by the seal in the pointer to it.
    fn seals(&mut self, state: &VouchedState) -> Walked {
        let mut walked = Walked::default();
        walked.main = self.walk_tree(state, TreeHome::main(state), &mut walked);
        if let Some(catalog) = TreeHome::catalog(state) {
            walked.catalog = self.walk_tree(state, catalog, &mut walked);
        }
        self.walk_free_list(state, &mut walked);
        walked
    }

    /// One tree with its chains and, from the catalog's leaves, the trees they name.
    fn walk_tree(&mut self, state: &VouchedState, home: TreeHome, walked: &mut Walked) -> Totals {
        let mut totals = Totals::default();
        let mut walk = TreeWalk::new(self.file, state, home);
        let mut nodes = NodesAhead::new(self.file, self.crew);
        while !self.is_stopped()
            && let Some(met) = walk.next_from(&mut nodes, &mut walked.seen)
        {
            let view = match met.view() {
                Ok(view) => view,
                Err(finding) => {
                    totals.bad += 1;
                    let finding = self.probed(met.expected.page, Some(met.expected), finding.clone());
                    self.page_done(met.expected.page, Some(finding));
                    continue;
                }
            };
            totals.take(&view);
            let deep = self.level() >= Level::Deep;
            let finding = deep.then(|| self.range_finding(&met, &view, &walk)).flatten();
            self.page_done(met.expected.page, finding);
            self.walk_chains(state, &view, &met, &walk, walked, &mut totals);
            if walk.home().sort == TreeSort::Catalog && view.kind() == PageKind::Leaf {
                self.walk_named_trees(state, &view, &met, &walk, walked, &mut totals);
            }
        }
        walked.bad_pages += totals.bad;
        totals
    }

    /// A page was looked at.
    fn page_done(&mut self, page: PageNo, finding: Option<Finding>) {
        self.report.pages_checked += 1;
        self.options.tracer.emit(|_| Event::PageVerified { page, sound: finding.is_none() });
        if let Some(finding) = finding {
            self.report(finding);
        }
    }

    /// The chains of a leaf's long values.
    fn walk_chains(
        &mut self,
        state: &VouchedState,
        leaf: &NodeView<'_>,
        met: &Met,
        walk: &TreeWalk<'_>,
        walked: &mut Walked,
        totals: &mut Totals,
    ) {
        let chains = chains_of(leaf).map(|(_, length, first)| (length, first));
        let mut ahead = ChainsAhead::new(self.file, self.crew, chains, walked.unused);
        for (slot, length, first) in chains_of(leaf) {
            walked.unused += ahead.next_chain();
            let mut chain = ChainWalk::new(self.file, state, length, first);
            while !self.is_stopped()
                && let Some(part) = chain.next_from(&mut ahead, &mut walked.seen)
            {
                let finding = part.outcome.as_ref().err().map(|finding| {
                    let path = format!("{}, slot {slot} > {}", walk.path(met.expected.page), part.path());
                    let lost = value_lost(&walk.home().sort, leaf.key(slot), length);
                    (**finding).clone().path(path).lost(lost).remedy_and("The other records can be read.")
                });
                match &finding {
                    None => totals.pages += 1,
                    Some(_) => totals.bad += 1,
                }
                let (page, expected) = (part.expected.page, Some(part.expected));
                let finding = finding.map(|finding| self.probed(page, expected, finding));
                self.page_done(page, finding);
            }
        }
    }

    /// The trees that a leaf of the catalog names.
    fn walk_named_trees(
        &mut self,
        state: &VouchedState,
        leaf: &NodeView<'_>,
        met: &Met,
        walk: &TreeWalk<'_>,
        walked: &mut Walked,
        catalog: &mut Totals,
    ) {
        let page = met.expected.page;
        for slot in 0..leaf.slot_count() {
            let name = leaf.key(slot);
            match catalog_entry(leaf, slot) {
                Ok(entry) => {
                    let home = TreeHome::named(state, name, &entry);
                    let holder = home.holder.clone();
                    let found = self.walk_tree(state, home, walked);
                    walked.named_trees += 1;
                    walked.named_records += found.records;
                    if self.level() >= Level::Deep {
                        self.named_tree_counts(name, &entry, &found, page, &holder);
                    }
                }
                Err(finding) => {
                    catalog.bad += 1;
                    let lost = TreeHome::lost_entry(name);
                    let finding = self.file.at_page(*finding, page).path(format!("{}, slot {slot}", walk.path(page)));
                    self.report(finding.lost(lost).remedy());
                }
            }
        }
    }

    /// The trunks of the free list, and at level `deep` what they list.
    fn walk_free_list(&mut self, state: &VouchedState, walked: &mut Walked) {
        let mut walk = FreeWalk::new(self.file, state);
        while !self.is_stopped()
            && let Some(trunk) = walk.next(&walked.seen)
        {
            let page = trunk.expected.page;
            let view = match trunk.view() {
                Ok(view) => view,
                Err(finding) => {
                    walked.bad_trunks += 1;
                    let finding = self.probed(page, Some(trunk.expected), finding.clone());
                    self.page_done(page, Some(finding));
                    continue;
                }
            };
            walked.listed += view.count() as u64;
            walked.trunks.insert(page);
            let deep = self.level() >= Level::Deep;
            let is_listed = deep && !holds(Defence::VerifyFree, !walked.free.contains(page));
            let finding = is_listed.then(|| self.trunk_is_listed(page, &trunk.path));
            self.page_done(page, finding);
            if deep {
                self.free_entries(state, &view, &trunk, walked);
            }
        }
    }

    /// A page's keys lie in the range that its parents' separators give it. Order inside the page was checked on opening.
    fn range_finding(&self, met: &Met, view: &NodeView<'_>, walk: &TreeWalk<'_>) -> Option<Finding> {
        // Slot 0 of a branch has the empty key, which stands for the lower end of the range.
        let first = usize::from(view.kind() == PageKind::Branch);
        let is_outside = |slot: usize| {
            let key = view.key(slot);
            met.lower.as_deref().is_some_and(|lower| key < lower)
                || met.upper.as_deref().is_some_and(|upper| key >= upper)
        };
        // Keys are in order: where the first and the last are inside, all are.
        let last = view.slot_count().checked_sub(1)?;
        if first > last || holds(Defence::VerifyRange, !(is_outside(first) || is_outside(last))) {
            return None;
        }
        let outside = (first..=last).find(|&slot| is_outside(slot))?;
        let page = met.expected.page;
        let range = crate::inspect::key_range_text(met.lower.as_deref(), met.upper.as_deref());
        let why =
            format!("Slot {outside} of page {page} holds a key outside the range that its parents give the page.");
        let finding = Finding::new(Code::TreeRange, why)
            .path(walk.path(page))
            .expected(range, crate::escape::escape(view.key(outside)))
            .lost("Keys outside the range are not found by `get`.")
            .next("Keep a copy of this file; this is a defect of the writer. `scan` still gives every record.");
        Some(self.file.at_page(finding, page))
    }

    fn seals_check(&self, state: &VouchedState, walked: &Walked) -> Check {
        let mut note = format!("{} of {} pages reached from the root", self.report.pages_checked, state.page_count);
        note.push_str(&free_note(walked.listed));
        if self.file.log().damage.is_some() {
            note.push_str(&format!(", as of commit {}: the log is damaged behind that", state.commit));
        }
        if self.report.findings_unlisted > 0 {
            note.push_str(&format!("; {} more findings are not listed", self.report.findings_unlisted));
        }
        Check::ran(SEALS).note(note)
    }

    /// A page with the right seal is authentic: that was checked on the way.
    fn reached_check(&self, state: &VouchedState) -> Check {
        let checked = self.report.pages_checked;
        match checked < state.page_count {
            true => Check::ran(AUTHENTICITY).note("pages reached from the root; the level `auth` reads every page"),
            false => Check::ran(AUTHENTICITY),
        }
    }
}

/// What is said of free pages that were passed over.
fn free_note(pages: u64) -> String {
    match pages {
        0 => String::new(),
        pages => format!("; not judged: what {} still hold", plural(pages, "free page")),
    }
}

/// A page by itself: sealed with this key, for this place.
fn authentic(run: &PageRun<'_>, page: PageNo) -> Result<(), Box<Finding>> {
    let file = run.file;
    let found = run.newest_page(page).map_err(|error| file.read_error(error, page))?;
    let place = file.place(&found);
    let at = |finding: Finding| {
        Box::new(finding.at(place.file, place.offset..place.offset + found.bytes.len() as u64).page(page))
    };
    let Some(view) = SealedView::new(&found.bytes).filter(|_| is_whole(file, &found)) else {
        let finding = Finding::new(Code::FileTruncated, format!("The file ends inside or before page {page}."));
        return Err(at(finding
            .expected("a whole page", format!("{} bytes", found.bytes.len()))
            .lost("The records of this page, and of the pages below it.")
            .remedy()));
    };
    if let Some(zeros) = view.header().err().filter(|error| error.code == Code::PageZero) {
        return Err(at(Finding::new(Code::PageZero, zeros.why)
            .expected(zeros.expected, zeros.found)
            .lost("The records of this page, and of the pages below it.")
            .remedy()));
    }
    let plain = file.open_bytes(page, &found)?;
    let is_in_place = |number: PageNo| holds(Defence::VerifyPlace, number == page);
    if let Some(header) = view.header().ok().filter(|header| !is_in_place(header.page)) {
        let why = format!("At page {page} stands page {}: it is authentic, but for another place.", header.page);
        return Err(at(Finding::new(Code::PageMisplaced, why)
            .expected(format!("page {page}"), format!("page {} of commit {}", header.page, header.commit))
            .lost("The records of this page, and of the pages below it.")
            .remedy()));
    }
    file.check_node(&plain, &found, page)
}

fn is_whole(file: &AtRest, found: &PageBytes) -> bool {
    file.page_size().is_some_and(|page_size| found.bytes.len() == page_size.bytes())
}

/// What is lost with a page that was looked at by itself: nobody went the tree's way to it.
fn if_reached(finding: Finding) -> Finding {
    finding.lost("The records of this page and of pages below it, if the tree leads here: the level `seal` goes that way and tells.")
}
