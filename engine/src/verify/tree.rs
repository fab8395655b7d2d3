//! The pages: each authentic, each the one its parent names, and together a tree in order.

use super::{Check, Level, Verifier};
use crate::finding::{Code, Finding};
use crate::format::node::NodeView;
use crate::format::page::{PageKind, SealedView};
use crate::inspect::{Met, PageBytes, PageSet, VouchedState, walk};
use crate::trace::Event;
use crate::types::PageNo;

const SEALS: &str = "pages (seals)";
const AUTHENTICITY: &str = "page authenticity";
const ORDER: &str = "key order and accounting";

impl Verifier<'_> {
    /// The checks of pages that the level asks for; the others are listed as not run.
    pub(super) fn pages(&mut self) -> Vec<Check> {
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
                self.seals(state);
                vec![self.seals_check(state), self.reached_check(state), below(ORDER, Level::Deep)]
            }
            _ => {
                let walked = self.seals(state);
                let order = self.accounting(state, &walked);
                vec![self.seals_check(state), self.reached_check(state), order]
            }
        }
    }

    /// Every page by itself: sealed with this key, for this place. An old version passes; seals tell that.
    fn authenticity(&mut self, state: &VouchedState) -> Check {
        let present = state.page_count;
        for page in (1..=present).map(PageNo) {
            let finding = self.authentic(page).err();
            self.options.tracer.emit(|_| Event::PageVerified { page, sound: finding.is_none() });
            let ended = finding.as_ref().is_some_and(|finding| finding.code == Code::FileTruncated);
            if let Some(finding) = finding {
                self.report(*finding);
            }
            self.report.pages_checked += 1;
            // Behind the end of the file there is nothing but more of the same.
            if ended && self.file.log_pages_count() == 0 {
                break;
            }
        }
        let checked = self.report.pages_checked;
        Check::ran(AUTHENTICITY).note(format!("{checked} of {present} pages; an old version of a page passes"))
    }

    fn authentic(&self, page: PageNo) -> Result<(), Box<Finding>> {
        let found = self.file.newest_page(page).map_err(|error| self.file.read_error(error, page))?;
        let place = self.file.place(&found);
        let at = |finding: Finding| {
            Box::new(finding.at(place.file, place.offset..place.offset + found.bytes.len() as u64).page(page))
        };
        let Some(view) = SealedView::new(&found.bytes).filter(|_| self.is_whole(&found)) else {
            let finding = Finding::new(Code::FileTruncated, format!("The file ends inside or before page {page}."));
            return Err(at(finding
                .expected("a whole page", format!("{} bytes", found.bytes.len()))
                .lost("The records of this page, and of the pages below it.")
                .next("Keep a copy of this file. Restore a backup.")));
        };
        if let Some(zeros) = view.header().err().filter(|error| error.code == Code::PageZero) {
            return Err(at(Finding::new(Code::PageZero, zeros.why)
                .expected(zeros.expected, zeros.found)
                .lost("The records of this page, and of the pages below it.")
                .next("Keep a copy of this file. Restore a backup.")));
        }
        let plain = self.file.open_bytes(page, &found)?;
        if let Some(header) = view.header().ok().filter(|header| header.page != page) {
            let why = format!("At page {page} stands page {}: it is authentic, but for another place.", header.page);
            return Err(at(Finding::new(Code::PageMisplaced, why)
                .expected(format!("page {page}"), format!("page {} of commit {}", header.page, header.commit))
                .lost("The records of this page, and of the pages below it.")
                .next("Keep a copy of this file. Restore a backup.")));
        }
        self.file.check_node(&plain, &found, page)
    }

    fn is_whole(&self, found: &PageBytes) -> bool {
        self.file.page_size().is_some_and(|page_size| found.bytes.len() == page_size.bytes())
    }

    /// Every page reached from the root, each by the seal in its parent.
    fn seals(&mut self, state: &VouchedState) -> Walked {
        let deep = self.level() >= Level::Deep;
        let mut walked = Walked::default();
        let file = self.file;
        walk(file, state, &mut |met| {
            let page = met.expected.page;
            self.report.pages_checked += 1;
            let finding = match &met.outcome {
                Ok(view) => {
                    walked.take(page, view);
                    deep.then(|| self.range_finding(&met, view)).flatten()
                }
                Err(finding) => {
                    walked.bad_pages += 1;
                    Some((**finding).clone())
                }
            };
            self.options.tracer.emit(|_| Event::PageVerified { page, sound: finding.is_none() });
            if let Some(finding) = finding {
                self.report(finding);
            }
        });
        walked
    }

    /// A page's keys lie in the range that its parents' separators give it. Order inside the page was checked on opening.
    fn range_finding(&self, met: &Met<'_>, view: &NodeView<'_>) -> Option<Finding> {
        // Slot 0 of a branch has the empty key, which stands for the lower end of the range.
        let first = usize::from(view.kind() == PageKind::Branch);
        let outside = (first..view.slot_count()).find(|&slot| {
            let key = view.key(slot);
            met.lower.as_deref().is_some_and(|lower| key < lower)
                || met.upper.as_deref().is_some_and(|upper| key >= upper)
        })?;
        let page = met.expected.page;
        let range = crate::inspect::key_range_text(met.lower.as_deref(), met.upper.as_deref());
        let why =
            format!("Slot {outside} of page {page} holds a key outside the range that its parents give the page.");
        let finding = Finding::new(Code::TreeRange, why)
            .page(page)
            .path((met.path)())
            .expected(range, crate::escape::escape(view.key(outside)))
            .lost("Keys outside the range are not found by `get`.")
            .next("Keep a copy of this file; this is a defect of the writer. `scan` still gives every record.");
        Some(match self.file.newest_page(page) {
            Ok(found) => {
                let place = self.file.place(&found);
                finding.at(place.file, place.offset..place.offset + found.bytes.len() as u64)
            }
            Err(_) => finding,
        })
    }

    /// Records counted against the number stored; every page reached, for nothing is ever freed in this format.
    fn accounting(&mut self, state: &VouchedState, walked: &Walked) -> Check {
        if walked.bad_pages > 0 {
            let note = format!(
                "order and ranges; what is missing below {} cannot be counted",
                plural(walked.bad_pages, "bad page")
            );
            return Check::ran(ORDER).note(note);
        }
        if walked.records != state.record_count {
            let why = format!("{} holds another number of records than the tree.", capitalised(&state.root_holder));
            let finding = Finding::new(Code::TreeCount, why)
                .expected(state.record_count.to_string(), walked.records.to_string())
                .lost("Nothing is known to be lost; the count is wrong.")
                .next("Keep a copy of this file; this is a defect of the writer.");
            self.report(Finding { file: Some(self.file.name().to_owned()), ..finding });
        }
        for (first, last) in walked.reached.gaps(state.page_count) {
            self.report(self.lost_pages(first, last));
        }
        Check::ran(ORDER).note(plural(walked.records, "record"))
    }

    fn lost_pages(&self, first: PageNo, last: PageNo) -> Finding {
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

    fn seals_check(&self, state: &VouchedState) -> Check {
        let mut note = format!("{} of {} pages reached from the root", self.report.pages_checked, state.page_count);
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

/// What the walk counted.
#[derive(Default)]
struct Walked {
    reached: PageSet,
    records: u64,
    bad_pages: u64,
}

impl Walked {
    fn take(&mut self, page: PageNo, view: &NodeView<'_>) {
        self.reached.insert(page);
        if view.kind() == PageKind::Leaf {
            self.records += view.slot_count() as u64;
        }
    }
}

fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + characters.as_str())
}
