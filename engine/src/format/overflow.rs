//! An overflow page: a part of a value too long for its leaf. The pages of one value form a chain that a leaf names the
//! first page of; every page but the last is full.
//!
//! A chain cannot return to itself: `remaining_bytes` falls by what each page holds, and the page where it ends names no
//! next one. Whether a page fits the one before it is told by whoever follows the chain.

use super::error::DecodeError;
use super::field::{check_zeros, nonzero};
use super::is_zero;
use super::page::{PageKind, decode_pointer, decode_pointer_or_null, encode_pointer};
use crate::finding::Code;
use crate::limits::VALUE_BYTES_MAX;
use crate::types::{PagePointer, PageSize};
use std::fmt;

/// Size of an overflow page's header, in bytes.
pub const OVERFLOW_HEADER_BYTES: usize = 48;

pub(crate) mod place {
    super::super::field::fields! { super::OVERFLOW_HEADER_BYTES;
        KIND             0  1 "kind" Number Identity "3 overflow: equals the sealed header's";
        ZERO_1           1  3 "zero" Zero Free "reserved";
        DATA_BYTES       4  4 "data_bytes" Number Length "of the value in this page";
        REMAINING_BYTES  8  8 "remaining_bytes" Number Length "of the value from this page's first to its end";
        NEXT            16 28 "next" Pointer Pointer "the next page of the value; none in the last";
        ZERO_2          44  4 "zero" Zero Free "reserved";
    }
}

/// How many bytes of a value a full overflow page holds.
pub fn overflow_data_bytes(page_size: PageSize) -> usize {
    page_size.plain_bytes() - OVERFLOW_HEADER_BYTES
}

/// An overflow page, read.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 1 | kind | 3: equals the sealed header's |
/// | 1 | 3 | zero | |
/// | 4 | 4 | data_bytes | bytes of the value in this page |
/// | 8 | 8 | remaining_bytes | bytes of the value from this page's first on to the value's end |
/// | 16 | 28 | next | page pointer; null in the last page |
/// | 44 | 4 | zero | |
/// | 48 | data_bytes | data | |
/// | … | | zero | to the end of the page |
#[derive(Clone, Copy)]
pub struct OverflowView<'a> {
    plain: &'a [u8],
}

impl<'a> OverflowView<'a> {
    /// A view of `plain` after everything was checked that one page tells: `PAGE-KIND`, `TREE-SLOT`, and where the value's
    /// end and the chain's differ, `OVF-SHORT` or `OVF-LONG`.
    pub fn new(plain: &'a [u8]) -> Result<OverflowView<'a>, DecodeError> {
        if plain.len() <= OVERFLOW_HEADER_BYTES {
            let expected = OVERFLOW_HEADER_BYTES + 1;
            return Err(DecodeError::length(Code::TreeSlot, "An overflow page at least", expected, plain.len()));
        }
        if place::KIND.u8(plain) != PageKind::Overflow as u8 {
            return Err(place::KIND.error(Code::PageKind, PageKind::Overflow as u8, place::KIND.u8(plain)));
        }
        check_zeros(place::FIELDS, plain, Code::TreeSlot)?;
        decode_pointer_or_null(&place::NEXT, plain, Code::TreeSlot)?;
        let page = OverflowView { plain };
        page.check_lengths()?;
        let behind = OVERFLOW_HEADER_BYTES + page.data_bytes()..plain.len();
        match is_zero(&plain[behind.clone()]) {
            true => Ok(page),
            false => Err(nonzero(plain, behind, Code::TreeSlot, "Behind the data of an overflow page all is zero.")),
        }
    }

    /// A view of bytes that [`OverflowView::new`] accepted before.
    pub(crate) fn trusted(plain: &'a [u8]) -> OverflowView<'a> {
        OverflowView { plain }
    }

    fn check_lengths(&self) -> Result<(), DecodeError> {
        let capacity = self.plain.len() - OVERFLOW_HEADER_BYTES;
        let (data, remaining) = (self.data_bytes(), self.remaining());
        if !(1..=capacity).contains(&data) {
            return Err(place::DATA_BYTES.error(Code::TreeSlot, format!("1 to {capacity}"), data));
        }
        if remaining < data as u64 || remaining > u64::from(VALUE_BYTES_MAX) {
            let expected = format!("{data} to {VALUE_BYTES_MAX}");
            return Err(place::REMAINING_BYTES.error(Code::TreeSlot, expected, remaining));
        }
        match (remaining == data as u64, self.next()) {
            (true, Some(next)) => Err(place::NEXT.error(Code::OvfLong, "no page behind the value's end", next.page)),
            (false, None) => Err(place::NEXT.error(Code::OvfShort, "a page with the rest of the value", "none")),
            (false, Some(_)) if data < capacity => {
                Err(place::DATA_BYTES.error(Code::TreeSlot, format!("{capacity} in a page with a next one"), data))
            }
            _ => Ok(()),
        }
    }

    /// The part of the value in this page.
    pub fn data(&self) -> &'a [u8] {
        &self.plain[OVERFLOW_HEADER_BYTES..OVERFLOW_HEADER_BYTES + self.data_bytes()]
    }

    /// Bytes of the value from this page's first on to the value's end.
    pub fn remaining(&self) -> u64 {
        place::REMAINING_BYTES.u64(self.plain)
    }

    /// The next page of the value; nothing in the last.
    pub fn next(&self) -> Option<PagePointer> {
        Some(decode_pointer(place::NEXT.of(self.plain))).filter(|next| !next.is_null())
    }

    fn data_bytes(&self) -> usize {
        place::DATA_BYTES.u32(self.plain) as usize
    }
}

impl fmt::Debug for OverflowView<'_> {
    /// Says nothing of the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OverflowView({} bytes of {} left)", self.data_bytes(), self.remaining())
    }
}

/// The plain form of an overflow page of `plain_bytes` bytes: `data` is the part of the value in it, `remaining` counts from
/// its first byte to the value's end, `next` is null in the last page.
pub fn encode_overflow(plain_bytes: usize, data: &[u8], remaining: u64, next: &PagePointer) -> Vec<u8> {
    let data_bytes = u32::try_from(data.len()).expect("invariant: a part of a value fits its page");
    let mut plain = vec![0; plain_bytes];
    place::KIND.put(&mut plain, &[PageKind::Overflow as u8]);
    place::DATA_BYTES.put(&mut plain, &data_bytes.to_le_bytes());
    place::REMAINING_BYTES.put(&mut plain, &remaining.to_le_bytes());
    place::NEXT.put(&mut plain, &encode_pointer(next));
    plain[OVERFLOW_HEADER_BYTES..OVERFLOW_HEADER_BYTES + data.len()].copy_from_slice(data);
    debug_assert!(OverflowView::new(&plain).is_ok(), "parts that fit one another");
    plain
}
