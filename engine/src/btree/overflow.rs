//! Values too long for a leaf: the way along the chain of pages that holds one.
//!
//! Each page says how many bytes of the value are left from its first on. That number must be what the way so far leaves,
//! so a chain that ends early, goes on too long or returns to itself is found on the page where it does, and no more
//! memory is taken than pages were read.

use super::{PageRead, path_text};
use crate::defence::{Defence, holds};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::node::CellValue;
use crate::format::overflow::OVERFLOW_HEADER_BYTES;
use crate::pager::OpenedPage;
use crate::trace::Event;
use crate::types::{PageNo, PagePointer};
use std::sync::Arc;

/// What is needed to read long values.
pub(crate) trait ChainRead: PageRead {
    /// The overflow page that `pointer` names, checked and opened.
    fn read_overflow(&self, pointer: &PagePointer) -> Result<Arc<OpenedPage>>;
}

/// A long value: its length in bytes, and the first page of its chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Chain {
    pub length: u32,
    pub first: PagePointer,
}

/// A place on the way along a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChainPlace {
    /// The page that comes next; null behind the last.
    pub next: PagePointer,
    /// Bytes of the value before it.
    pub offset: u64,
    /// Pages before it.
    pub pages: u32,
}

impl Chain {
    /// The chain that a leaf's cell names; nothing for a value that stands in the cell.
    pub fn of(value: &CellValue<'_>) -> Option<Chain> {
        match *value {
            CellValue::Inline(_) => None,
            CellValue::Overflow { length, first } => Some(Chain { length, first }),
        }
    }

    /// Before the first page.
    pub fn start(&self) -> ChainPlace {
        ChainPlace { next: self.first, offset: 0, pages: 0 }
    }

    /// The page at `place`, after which `place` is the next one; nothing behind the value's end.
    pub fn step<R: ChainRead + ?Sized>(&self, reader: &R, place: &mut ChainPlace) -> Result<Option<Arc<OpenedPage>>> {
        let left = u64::from(self.length).saturating_sub(place.offset);
        if left == 0 {
            return Ok(None);
        }
        let page = reader
            .read_overflow(&place.next)
            .and_then(|page| self.check(page, place, left))
            .map_err(|error| self.with_path(error, reader.root_holder(), place))?;
        let view = page.overflow();
        *place = ChainPlace {
            next: view.next().unwrap_or(PagePointer::NULL),
            offset: place.offset + view.data().len() as u64,
            pages: place.pages + 1,
        };
        Ok(Some(page))
    }

    /// The whole value in memory.
    pub fn assemble<R: ChainRead + ?Sized>(&self, reader: &R) -> Result<Vec<u8>> {
        let mut value = Vec::new();
        let mut place = self.start();
        while let Some(page) = self.step(reader, &mut place)? {
            value.extend_from_slice(page.overflow().data());
        }
        self.emit_read(reader, place.pages, value.len() as u64);
        Ok(value)
    }

    /// Tells that so much of the value was read.
    pub fn emit_read<R: ChainRead + ?Sized>(&self, reader: &R, pages: u32, bytes: u64) {
        reader.tracer().emit(|_| Event::ValueRead { first: self.first.page, pages, bytes });
    }

    fn check(&self, page: Arc<OpenedPage>, place: &ChainPlace, left: u64) -> Result<Arc<OpenedPage>> {
        let view = page.overflow();
        let (remaining, data) = (view.remaining(), view.data().len() as u64);
        // Full pages all hold the same, so a page that was passed before has more left than it should.
        let capacity = (page.plain.len() - OVERFLOW_HEADER_BYTES) as u64;
        let was_passed =
            remaining > left && remaining <= u64::from(self.length) && (remaining - left).is_multiple_of(capacity);
        let (code, why) = match remaining {
            _ if holds(Defence::ChainRemaining, remaining == left && data <= left) => return Ok(page),
            _ if remaining < left => (Code::OvfShort, "ends before the value does"),
            _ if was_passed && place.pages > 0 => (Code::OvfCycle, "returns to a page it has passed"),
            _ => (Code::OvfLong, "goes on behind the value's end"),
        };
        let why = format!("The chain of a value of {} bytes {why}, at page {}.", self.length, page.page);
        Err(Finding::new(code, why)
            .page(page.page)
            .expected(format!("{left} bytes left from this page on"), format!("{remaining}"))
            .lost("This value, or a part of it.")
            .next("Keep a copy of this file; this is a defect of the writer.")
            .into())
    }

    fn with_path(&self, error: Error, holder: String, place: &ChainPlace) -> Error {
        match error {
            Error::Damage(mut finding) if finding.path.is_none() => {
                finding.path = Some(self.path(&holder, place.pages, place.next.page));
                Error::Damage(finding)
            }
            other => other,
        }
    }

    /// How a page of the chain is reached: the value by its first page, then the page by its number in the chain.
    fn path(&self, holder: &str, passed: u32, page: PageNo) -> String {
        match passed {
            0 => path_text(&format!("{holder} > … > a value"), &[], page),
            _ => path_text(&format!("{holder} > … > value in page {} > {passed} pages", self.first.page), &[], page),
        }
    }
}
