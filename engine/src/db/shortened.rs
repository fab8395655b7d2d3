//! A page file that ends before a page it must hold is not opened for writing: a checkpoint would make it as long as it was, with
//! zeros where pages are gone, and nobody could tell any more that a piece of it is missing.
//!
//! What a crash may leave is no such file. Pages that the log holds need not be in the page file yet, however far behind its end
//! they belong; and a page that was taken and given back within one generation of the log was never written anywhere.

use crate::defence::{Defence, holds};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::limits::PAGES_START_BYTES;
use crate::txn::{Store, View};
use crate::types::PageNo;
use std::collections::BTreeSet;

/// Refuses a page file that is shorter than its pages; to be asked before the first byte of it is written. Trunks of the free
/// list are read through `read_view`, when there is a question at all.
pub(super) fn refuse_shortened(store: &Store, read_view: impl FnOnce() -> View) -> Result<()> {
    let (file, view) = (&store.page_file, store.view());
    let length = file.raw().len().map_err(|source| Error::io("length", file.name(), source))?;
    let page_bytes = file.page_size().bytes() as u64;
    let whole = length.saturating_sub(PAGES_START_BYTES) / page_bytes;
    let first = u32::try_from(whole).unwrap_or(u32::MAX).saturating_add(1);
    let mut missing = (first..=view.state.page_count).map(PageNo).filter(|&page| !is_in_log(&view, page)).peekable();
    if missing.peek().is_none() {
        return Ok(());
    }
    let free = FreePages::of(store, &read_view(), first)?;
    // Of a list that cannot be followed to its end, nobody knows which pages it would have named.
    let gone = missing.filter(|&page| !free.known.contains(&page)).nth(free.unknown as usize);
    if !holds(Defence::LengthAtOpening, gone.is_none()) {
        return Err(shortened(store, &view, length));
    }
    Ok(())
}

fn is_in_log(view: &View, page: PageNo) -> bool {
    view.log.index().lookup(page, view.state.commit).is_some()
}

/// The free pages that the file does not reach to.
struct FreePages {
    known: BTreeSet<PageNo>,
    /// How many more are free that a trunk which does not hold would name.
    unknown: u32,
}

impl FreePages {
    /// Follows the free list. A trunk was written, so one that is missing, from `first` on, is no free page like the others.
    fn of(store: &Store, view: &View, first: u32) -> Result<FreePages> {
        let mut free = FreePages { known: BTreeSet::new(), unknown: view.state.free_count };
        let mut ahead = Some(view.state.free_list).filter(|head| !head.is_null());
        while let Some(pointer) = ahead {
            if free.unknown == 0 || pointer.page.0 >= first && !is_in_log(view, pointer.page) {
                free.unknown = 0;
                break;
            }
            let trunk = match store.read_trunk(&pointer, view) {
                Err(Error::Damage(_)) => break,
                read => read?,
            };
            free.known.extend(trunk.trunk().pages());
            free.unknown = free.unknown.saturating_sub(1 + trunk.trunk().count() as u32);
            ahead = trunk.trunk().next();
        }
        if ahead.is_none() {
            free.unknown = 0;
        }
        Ok(free)
    }
}

fn shortened(store: &Store, view: &View, length: u64) -> Error {
    let (file, pages) = (&store.page_file, view.state.page_count);
    let whole = file.page_size().offset_of(PageNo(pages.saturating_add(1)));
    Finding::new(
        Code::FileTruncated,
        "The page file ends before pages it must hold; it was not opened for writing, and nothing was changed.",
    )
    .at(file.name(), length..whole.max(length))
    .expected(format!("{whole} bytes for {pages} pages"), format!("{length} bytes"))
    .lost("The records of the pages that are gone.")
    .remedy_and("What is left can be read: `tosumu verify FILE` says which keys are gone.")
    .into()
}
