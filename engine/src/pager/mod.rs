//! The page file and the cache of opened pages.
//!
//! Only sealed pages reach a file. A page that is read is checked against the pointer it was reached by ([`check`]) before
//! anybody sees a byte of it, and the structure of its kind is validated once, on opening. The pager knows no tree and no transaction.

mod cache;
pub mod check;
mod head;
mod page_file;
pub mod slots;

pub(crate) use cache::Cache;
pub(crate) use head::read_head;
pub(crate) use page_file::PageFile;

use crate::crypto::PlainPage;
use crate::format::free_list::FreeTrunkView;
use crate::format::node::NodeView;
use crate::format::overflow::OverflowView;
use crate::format::page::PageKind;
use crate::types::{CommitNo, PageNo, Seal};
use check::kind_of;

/// A page that was read, found authentic and current, and opened. Its structure is valid.
pub struct OpenedPage {
    pub(crate) page: PageNo,
    pub(crate) commit: CommitNo,
    pub(crate) seal: Seal,
    pub(crate) plain: PlainPage,
}

impl OpenedPage {
    /// What it is: every plain form begins with its kind.
    pub(crate) fn kind(&self) -> PageKind {
        kind_of(&self.plain)
    }

    /// The page as a node of the tree, which whoever holds it asked for.
    pub(crate) fn view(&self) -> NodeView<'_> {
        NodeView::trusted(&self.plain)
    }

    /// Whether it is a branch.
    pub(crate) fn is_branch(&self) -> bool {
        self.kind() == PageKind::Branch
    }

    /// The page as a part of a long value, which whoever holds it asked for.
    #[allow(dead_code, reason = "for the chains of long values")]
    pub(crate) fn overflow(&self) -> OverflowView<'_> {
        OverflowView::trusted(&self.plain)
    }

    /// The page as a trunk of the free list, which whoever holds it asked for.
    #[allow(dead_code, reason = "for the free list")]
    pub(crate) fn trunk(&self) -> FreeTrunkView<'_> {
        FreeTrunkView::trusted(&self.plain)
    }
}
