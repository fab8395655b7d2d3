//! The page file and the cache of opened pages.
//!
//! Only sealed pages reach a file. A page that is read is checked against the pointer it was reached by ([`check`]) before
//! anybody sees a byte of it, and its structure is validated once, on opening. The pager knows no tree and no transaction.

mod cache;
pub mod check;
mod page_file;
pub mod slots;

pub(crate) use cache::Cache;
pub(crate) use page_file::PageFile;

use crate::crypto::PlainPage;
use crate::format::node::NodeView;
use crate::format::page::PageKind;
use crate::types::{CommitNo, PageNo, Seal};

/// A page that was read, found authentic and current, and opened. Its structure is valid.
pub struct OpenedPage {
    pub(crate) page: PageNo,
    pub(crate) commit: CommitNo,
    pub(crate) seal: Seal,
    pub(crate) plain: PlainPage,
}

impl OpenedPage {
    /// The page as a node of the tree.
    pub(crate) fn view(&self) -> NodeView<'_> {
        NodeView::trusted(&self.plain)
    }

    /// Whether it is a branch, by the byte that every plain form begins with.
    pub(crate) fn is_branch(&self) -> bool {
        self.plain.first() == Some(&(PageKind::Branch as u8))
    }
}
