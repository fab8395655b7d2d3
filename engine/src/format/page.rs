//! The sealed page as it stands in the page file and in the log, and the pointer by which a page is named.
//!
//! Nothing here opens or seals; the cipher takes its parts from [`SealedView`].

use super::error::DecodeError;
use super::field::check_zeros;
use super::is_zero;
use crate::defence::{Defence, checked};
use crate::finding::Code;
use crate::limits::PAGE_OVERHEAD_BYTES;
use crate::types::{CommitNo, PageNo, PagePointer, PageSize, Seal};
use std::fmt;

/// Size of the nonce, in bytes.
pub const NONCE_BYTES: usize = 24;
/// Size of the page header, in bytes.
pub const PAGE_HEADER_BYTES: usize = 16;
/// Size of the tag, in bytes. The tag is the page's [`Seal`].
pub const TAG_BYTES: usize = 16;
/// Size of a stored page pointer, in bytes.
pub const POINTER_BYTES: usize = 28;

const _: () = assert!(NONCE_BYTES + PAGE_HEADER_BYTES + TAG_BYTES == PAGE_OVERHEAD_BYTES);

pub(crate) mod header_place {
    super::super::field::fields! { super::PAGE_HEADER_BYTES;
        KIND   0 1 "kind" Number Identity "1 branch, 2 leaf, 3 overflow, 4 free list";
        FLAGS  1 1 "flags" Zero Free "none are defined";
        ZERO   2 2 "zero" Zero Free "reserved";
        PAGE   4 4 "pgno" Number Identity "the page this is";
        COMMIT 8 8 "commit" Number Identity "the commit that sealed it";
    }
}

pub(crate) mod pointer_place {
    super::super::field::fields! { super::POINTER_BYTES;
        PAGE   0  4 "pgno" Number Pointer "the page named; 0 names none";
        COMMIT 4  8 "commit" Number Pointer "the commit whose version is meant";
        SEAL  12 16 "seal" Hex Crypto "the tag of that version";
    }
}

/// What a page holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum PageKind {
    /// Separators and pointers to pages one level down.
    Branch = 1,
    /// Records.
    Leaf = 2,
    /// Part of a value too long for a leaf.
    Overflow = 3,
    /// Numbers of pages that can be used again.
    FreeList = 4,
}

impl PageKind {
    /// The kind stored as `byte`.
    pub fn from_byte(byte: u8) -> Option<PageKind> {
        match byte {
            1 => Some(PageKind::Branch),
            2 => Some(PageKind::Leaf),
            3 => Some(PageKind::Overflow),
            4 => Some(PageKind::FreeList),
            _ => None,
        }
    }
}

impl fmt::Display for PageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PageKind::Branch => "branch",
            PageKind::Leaf => "leaf",
            PageKind::Overflow => "overflow",
            PageKind::FreeList => "free list",
        })
    }
}

/// The part of a sealed page that stands in the clear and is authenticated with it.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 1 | kind | 1 branch, 2 leaf, 3 overflow, 4 free list |
/// | 1 | 1 | flags | 0 |
/// | 2 | 2 | zero | |
/// | 4 | 4 | pgno | the page this is |
/// | 8 | 8 | commit | the commit that sealed it |
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PageHeader {
    /// What the page holds.
    pub kind: PageKind,
    /// The page this is.
    pub page: PageNo,
    /// The commit that sealed it.
    pub commit: CommitNo,
}

impl PageHeader {
    /// The 16 bytes.
    pub fn encode(&self) -> [u8; PAGE_HEADER_BYTES] {
        use header_place as place;
        let mut bytes = [0; PAGE_HEADER_BYTES];
        place::KIND.put(&mut bytes, &[self.kind as u8]);
        place::PAGE.put(&mut bytes, &self.page.0.to_le_bytes());
        place::COMMIT.put(&mut bytes, &self.commit.0.to_le_bytes());
        bytes
    }

    /// Reads the 16 bytes. The engine never seals a header that fails here, so the code is `PAGE-UNAUTHENTIC`.
    pub fn decode(bytes: &[u8]) -> Result<PageHeader, DecodeError> {
        use header_place as place;
        let code = Code::PageUnauthentic;
        if bytes.len() != PAGE_HEADER_BYTES {
            return Err(DecodeError::length(code, "A page header", PAGE_HEADER_BYTES, bytes.len()));
        }
        let kind = PageKind::from_byte(place::KIND.u8(bytes))
            .ok_or_else(|| place::KIND.error(code, "1, 2, 3 or 4", place::KIND.u8(bytes)))?;
        checked(Defence::PageHeaderZeros, check_zeros(place::FIELDS, bytes, code))?;
        let page = PageNo(place::PAGE.u32(bytes));
        if page.is_none() {
            return Err(place::PAGE.error(code, "a page number from 1", 0));
        }
        Ok(PageHeader { kind, page, commit: CommitNo(place::COMMIT.u64(bytes)) })
    }

    /// The commit that the 16 bytes name, whatever else they say.
    pub fn commit_in(bytes: &[u8; PAGE_HEADER_BYTES]) -> CommitNo {
        CommitNo(header_place::COMMIT.u64(bytes))
    }

    /// The 16 bytes with another page number.
    pub fn with_page(bytes: &[u8; PAGE_HEADER_BYTES], page: PageNo) -> [u8; PAGE_HEADER_BYTES] {
        let mut bytes = *bytes;
        header_place::PAGE.put(&mut bytes, &page.0.to_le_bytes());
        bytes
    }
}

/// A sealed page, by parts.
///
/// | offset | size | field | meaning |
/// |--:|--:|---|---|
/// | 0 | 24 | nonce | of the seal |
/// | 24 | 16 | header | see [`PageHeader`] |
/// | 40 | page size - 56 | ciphertext | of the plain form |
/// | page size - 16 | 16 | tag | the seal |
#[derive(Clone, Copy, Debug)]
pub struct SealedView<'a> {
    bytes: &'a [u8],
}

impl<'a> SealedView<'a> {
    /// A view of `bytes`, when they are as long as a page can be.
    pub fn new(bytes: &'a [u8]) -> Option<SealedView<'a>> {
        let size = u32::try_from(bytes.len()).ok()?;
        PageSize::new(size).map(|_| SealedView { bytes })
    }

    /// The nonce of the seal.
    pub fn nonce(&self) -> &'a [u8; NONCE_BYTES] {
        self.bytes.first_chunk().expect("invariant: a page is longer than its nonce")
    }

    /// The header, undecoded: part of what the seal authenticates.
    pub fn header_bytes(&self) -> &'a [u8; PAGE_HEADER_BYTES] {
        self.bytes[NONCE_BYTES..].first_chunk().expect("invariant: a page is longer than nonce and header")
    }

    /// The header. A page that is all zero is told apart: `PAGE-ZERO`.
    pub fn header(&self) -> Result<PageHeader, DecodeError> {
        if is_zero(self.bytes) {
            let why = "Every byte of the page is zero: nothing was ever written here, or it was lost.";
            return Err(DecodeError::new(Code::PageZero, 0..self.bytes.len(), "a sealed page", "zeros", why));
        }
        PageHeader::decode(self.header_bytes()).map_err(|error| error.shifted(NONCE_BYTES))
    }

    /// The enciphered plain form.
    pub fn ciphertext(&self) -> &'a [u8] {
        &self.bytes[NONCE_BYTES + PAGE_HEADER_BYTES..self.bytes.len() - TAG_BYTES]
    }

    /// The tag.
    pub fn seal(&self) -> Seal {
        Seal(*self.bytes.last_chunk().expect("invariant: a page is longer than its tag"))
    }

    /// The whole page.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

/// Writes a page pointer: pgno u32 at 0, commit u64 at 4, seal at 12.
pub fn encode_pointer(pointer: &PagePointer) -> [u8; POINTER_BYTES] {
    use pointer_place as place;
    let mut bytes = [0; POINTER_BYTES];
    place::PAGE.put(&mut bytes, &pointer.page.0.to_le_bytes());
    place::COMMIT.put(&mut bytes, &pointer.commit.0.to_le_bytes());
    place::SEAL.put(&mut bytes, &pointer.seal.0);
    bytes
}

/// Reads the page pointer at the beginning of `bytes`. Every 28 bytes are a pointer; the caller has bounded them.
pub fn decode_pointer(bytes: &[u8]) -> PagePointer {
    use pointer_place as place;
    PagePointer {
        page: PageNo(place::PAGE.u32(bytes)),
        commit: CommitNo(place::COMMIT.u64(bytes)),
        seal: Seal(*place::SEAL.array(bytes)),
    }
}

/// Reads the pointer to a root, which there always is.
pub(crate) fn decode_root(field: &super::Field, bytes: &[u8], code: Code) -> Result<PagePointer, DecodeError> {
    let root = decode_pointer(field.of(bytes));
    match root.is_null() {
        true => Err(field.error(code, "a page", "page 0")),
        false => Ok(root),
    }
}

/// Reads a pointer that may be null; null is all zero, never a seal without a page.
pub(crate) fn decode_pointer_or_null(
    field: &super::Field,
    bytes: &[u8],
    code: Code,
) -> Result<PagePointer, DecodeError> {
    let pointer = decode_pointer(field.of(bytes));
    match pointer.is_null() && pointer != PagePointer::NULL {
        true => Err(field.error(code, "a page, or 28 zeros", "page 0 with a commit or a seal")),
        false => Ok(pointer),
    }
}
