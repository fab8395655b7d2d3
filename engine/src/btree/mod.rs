//! The B+ tree: search, insert with splits to any height, delete with merges, cursors. It works over [`PageRead`] and [`PageWrite`] and
//! knows no file and no key of a cipher.
//!
//! Records stand in leaves; branches hold separators and pointers. There are no links between siblings (they could not be
//! sealed both ways), so scans go by the path. Start reading at [`search::get`] and [`insert::put`].

mod cursor;
mod delete;
mod fill;
mod insert;
mod overflow;
mod search;
mod sibling;
#[cfg(test)]
mod tests;

pub(crate) use cursor::RangeCursor;
pub(crate) use delete::delete;
pub(crate) use insert::{check_key, put};
pub(crate) use overflow::{Chain, ChainPlace, ChainRead};
pub(crate) use search::{get, level_fits, read_at_level};

use crate::error::{Error, Result};
use crate::format::node::{Node, NodeView};
use crate::format::page::PageKind;
use crate::pager::OpenedPage;
use crate::trace::Tracer;
use crate::types::{PageNo, PagePointer};
use std::sync::Arc;

/// What the tree needs to read.
pub(crate) trait PageRead: Sync {
    /// The page that `pointer` names, checked and opened.
    fn read(&self, pointer: &PagePointer) -> Result<PageRef<'_>>;
    /// Where events go.
    fn tracer(&self) -> &Tracer;
    /// What holds the root's pointer, for the path in a finding: `superblock A`, `commit 3`.
    fn root_holder(&self) -> String;
}

/// What the tree needs to change pages, in memory.
pub(crate) trait PageWrite: PageRead {
    /// The page that `pointer` names, for changing.
    fn edit(&mut self, pointer: &PagePointer) -> Result<&mut Node>;
    /// A new, empty page; its pointer has no seal before the commit.
    fn allocate(&mut self, kind: PageKind, level: u8) -> Result<PagePointer>;
    /// Gives back a page that nothing in the tree leads to any more.
    fn free(&mut self, pointer: &PagePointer) -> Result<()>;
}

/// A page to read from: one that was opened, or one the transaction has changed.
#[derive(Clone)]
pub(crate) enum PageRef<'a> {
    Opened(Arc<OpenedPage>),
    Changed(&'a Node),
}

impl PageRef<'_> {
    pub fn view(&self) -> NodeView<'_> {
        match self {
            PageRef::Opened(page) => page.view(),
            PageRef::Changed(node) => node.view(),
        }
    }
}

/// One step of a descent: a branch and the slot taken in it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub pointer: PagePointer,
    pub level: u8,
    pub slot: usize,
}

/// Adds to a finding the way from the root to the pointer that led to it, `page 3, slot 0 (l) > page 2`.
pub(crate) fn with_path(error: Error, holder: &str, steps: &[(PageNo, usize, Vec<u8>)], page: PageNo) -> Error {
    match error {
        Error::Damage(mut finding) if finding.path.is_none() => {
            finding.path = Some(path_text(holder, steps, page));
            Error::Damage(finding)
        }
        other => other,
    }
}

/// The path text of findings: the holder of the root pointer, each branch with the slot taken and its separator, the page.
pub(crate) fn path_text(holder: &str, steps: &[(PageNo, usize, Vec<u8>)], page: PageNo) -> String {
    let mut text = holder.to_owned();
    for (branch, slot, separator) in steps {
        text.push_str(&format!(" > page {branch}, slot {slot}"));
        if !separator.is_empty() {
            text.push_str(&format!(" ({})", crate::escape::escape(separator)));
        }
    }
    text.push_str(&format!(" > page {page}"));
    text
}
