//! A trunk of the free list: numbers of pages that can be used again, and the trunk below it.
//!
//! The free list is a stack, and only its head trunk changes. A used-up trunk is itself the next page given out; a page freed
//! when the head is full becomes the new head. That is the writer's work; here is what a trunk holds.

use super::error::DecodeError;
use super::field::{check_zeros, nonzero};
use super::page::{PageKind, decode_pointer, decode_pointer_or_null, encode_pointer};
use super::{is_zero, read_u32};
use crate::finding::Code;
use crate::types::{PageNo, PagePointer, PageSize};
use std::fmt;

/// Size of a trunk's header, in bytes.
pub const TRUNK_HEADER_BYTES: usize = 48;
/// Size of an entry, in bytes.
pub const TRUNK_ENTRY_BYTES: usize = 4;

pub(crate) mod place {
    super::super::field::fields! { super::TRUNK_HEADER_BYTES;
        KIND    0  1 "kind" Number Identity "4 free list: equals the sealed header's";
        ZERO_1  1  3 "zero" Zero Free "reserved";
        COUNT   4  4 "count" Number Length "page numbers in this trunk";
        ZERO_2  8  8 "zero" Zero Free "reserved";
        NEXT   16 28 "next" Pointer Pointer "the trunk below; none in the last";
        ZERO_3 44  4 "zero" Zero Free "reserved";
    }
}

/// How many page numbers a trunk holds at most.
pub fn free_trunk_capacity(page_size: PageSize) -> usize {
    capacity(page_size.plain_bytes())
}

fn capacity(plain_bytes: usize) -> usize {
    (plain_bytes - TRUNK_HEADER_BYTES) / TRUNK_ENTRY_BYTES
}

/// A trunk of the free list, read.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 1 | kind | 4: equals the sealed header's |
/// | 1 | 3 | zero | |
/// | 4 | 4 | count | page numbers in this trunk |
/// | 8 | 8 | zero | |
/// | 16 | 28 | next | pointer to the trunk below; null in the last |
/// | 44 | 4 | zero | |
/// | 48 | 4 × count | pages | page numbers, never 0 |
/// | … | | zero | to the end of the page |
#[derive(Clone, Copy)]
pub struct FreeTrunkView<'a> {
    plain: &'a [u8],
}

impl<'a> FreeTrunkView<'a> {
    /// A view of `plain` after everything was checked that one trunk tells: `PAGE-KIND`, `TREE-SLOT`, and `FREE-COUNT` for
    /// more entries than a trunk has room for.
    pub fn new(plain: &'a [u8]) -> Result<FreeTrunkView<'a>, DecodeError> {
        if plain.len() < TRUNK_HEADER_BYTES {
            return Err(DecodeError::length(
                Code::TreeSlot,
                "A free-list trunk at least",
                TRUNK_HEADER_BYTES,
                plain.len(),
            ));
        }
        if place::KIND.u8(plain) != PageKind::FreeList as u8 {
            return Err(place::KIND.error(Code::PageKind, PageKind::FreeList as u8, place::KIND.u8(plain)));
        }
        check_zeros(place::FIELDS, plain, Code::TreeSlot)?;
        decode_pointer_or_null(&place::NEXT, plain, Code::TreeSlot)?;
        let count = place::COUNT.u32(plain) as usize;
        if count > capacity(plain.len()) {
            return Err(place::COUNT.error(Code::FreeCount, format!("at most {}", capacity(plain.len())), count));
        }
        let trunk = FreeTrunkView { plain };
        trunk.check_entries()?;
        Ok(trunk)
    }

    /// A view of bytes that [`FreeTrunkView::new`] accepted before, or that a [`FreeTrunk`] holds.
    pub(crate) fn trusted(plain: &'a [u8]) -> FreeTrunkView<'a> {
        FreeTrunkView { plain }
    }

    fn check_entries(&self) -> Result<(), DecodeError> {
        if let Some(at) = self.pages().position(PageNo::is_none) {
            let start = entry_offset(at);
            let why = format!("Entry {at} of the trunk names no page.");
            return Err(DecodeError::new(Code::TreeSlot, start..start + TRUNK_ENTRY_BYTES, "a page", "page 0", why));
        }
        let behind = entry_offset(self.count())..self.plain.len();
        match is_zero(&self.plain[behind.clone()]) {
            true => Ok(()),
            false => Err(nonzero(self.plain, behind, Code::TreeSlot, "Behind the entries of a trunk all is zero.")),
        }
    }

    /// How many page numbers the trunk holds.
    pub fn count(&self) -> usize {
        place::COUNT.u32(self.plain) as usize
    }

    /// The page numbers, in the order they were freed.
    pub fn pages(&self) -> impl DoubleEndedIterator<Item = PageNo> + ExactSizeIterator + use<'a> {
        let plain = self.plain;
        (0..self.count()).map(move |at| PageNo(read_u32(plain, entry_offset(at))))
    }

    /// The trunk below; nothing in the last.
    pub fn next(&self) -> Option<PagePointer> {
        Some(decode_pointer(place::NEXT.of(self.plain))).filter(|next| !next.is_null())
    }
}

impl fmt::Debug for FreeTrunkView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreeTrunkView").field("count", &self.count()).field("next", &self.next()).finish()
    }
}

fn entry_offset(at: usize) -> usize {
    TRUNK_HEADER_BYTES + at * TRUNK_ENTRY_BYTES
}

/// A trunk of the free list, to be changed. Every change keeps what [`FreeTrunkView::new`] checks.
///
/// ```
/// use tosumu::format::free_list::FreeTrunk;
/// use tosumu::types::{PageNo, PagePointer, PageSize};
///
/// let mut trunk = FreeTrunk::new(PageSize::TOY.plain_bytes(), &PagePointer::NULL);
/// trunk.push(PageNo(7));
/// trunk.push(PageNo(9));
/// assert_eq!(trunk.pop(), Some(PageNo(9)));
/// assert_eq!(trunk.view().pages().collect::<Vec<_>>(), [PageNo(7)]);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct FreeTrunk {
    plain: Vec<u8>,
}

impl FreeTrunk {
    /// An empty trunk of `plain_bytes` bytes above the trunk `next`; null when it is the only one.
    pub fn new(plain_bytes: usize, next: &PagePointer) -> FreeTrunk {
        assert!(plain_bytes >= TRUNK_HEADER_BYTES, "a plain form of a size pages have");
        let mut plain = vec![0; plain_bytes];
        place::KIND.put(&mut plain, &[PageKind::FreeList as u8]);
        place::NEXT.put(&mut plain, &encode_pointer(next));
        FreeTrunk { plain }
    }

    /// The trunk that `plain` is, after everything was checked.
    pub fn from_plain(plain: Vec<u8>) -> Result<FreeTrunk, DecodeError> {
        FreeTrunkView::new(&plain)?;
        Ok(FreeTrunk { plain })
    }

    /// The trunk, to read.
    pub fn view(&self) -> FreeTrunkView<'_> {
        FreeTrunkView::trusted(&self.plain)
    }

    /// The trunk below; nothing in the last.
    pub fn next(&self) -> Option<PagePointer> {
        self.view().next()
    }

    /// Names the trunk below; the same page, by its newest pointer.
    pub fn set_next(&mut self, next: &PagePointer) {
        place::NEXT.put(&mut self.plain, &encode_pointer(next));
    }

    /// Whether there is no room for another page number.
    pub fn is_full(&self) -> bool {
        self.view().count() == capacity(self.plain.len())
    }

    /// Puts a page number on top. The trunk must not be full.
    pub fn push(&mut self, page: PageNo) {
        assert!(!self.is_full(), "a full trunk takes no page number");
        assert!(!page.is_none(), "page 0 is no page");
        let count = self.view().count();
        let start = entry_offset(count);
        self.plain[start..start + TRUNK_ENTRY_BYTES].copy_from_slice(&page.0.to_le_bytes());
        self.put_count(count + 1);
    }

    /// Takes the page number on top; nothing when the trunk is used up.
    pub fn pop(&mut self) -> Option<PageNo> {
        let page = self.view().pages().next_back()?;
        let count = self.view().count() - 1;
        let start = entry_offset(count);
        self.plain[start..start + TRUNK_ENTRY_BYTES].fill(0);
        self.put_count(count);
        Some(page)
    }

    /// The plain form.
    pub fn as_bytes(&self) -> &[u8] {
        &self.plain
    }

    /// The plain form.
    pub fn into_bytes(self) -> Vec<u8> {
        self.plain
    }

    fn put_count(&mut self, count: usize) {
        let count = u32::try_from(count).expect("invariant: a trunk has room for far fewer");
        place::COUNT.put(&mut self.plain, &count.to_le_bytes());
    }
}

impl fmt::Debug for FreeTrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}
