//! The one judgement of a sealed page: is it the page, of the commit, with the seal that its pointer names?
//!
//! Everybody who reads a page asks here: the pager on every read that misses the cache, verify on every page, the inspector.

use crate::crypto::{Keys, PlainPage};
use crate::defence::{Defence, holds, is_off};
use crate::finding::{Code, Finding};
use crate::format::DecodeError;
use crate::format::free_list::FreeTrunkView;
use crate::format::node::NodeView;
use crate::format::overflow::OverflowView;
use crate::format::page::{PageHeader, PageKind, SealedView};
use crate::types::{PageNo, PagePointer};
use std::ops::Range;

/// Where sealed bytes were read: for the finding, should they be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file's name.
    pub file: &'a str,
    /// The first byte of the page in it.
    pub offset: u64,
}

impl Place<'_> {
    fn range(&self, bytes: usize) -> Range<u64> {
        self.offset..self.offset + bytes as u64
    }
}

/// Opens `bytes` as the page that `expected` names, or says which lie they are.
///
/// The order is the format's: zeros, header against the pointer, seal against the pointer, then the cipher, then the
/// structure. A page that is authentic but not the one asked for is told apart from one that is not authentic at all.
pub fn open_expected(
    keys: &Keys,
    bytes: &[u8],
    expected: &PagePointer,
    place: Place<'_>,
) -> Result<PlainPage, Box<Finding>> {
    let view = SealedView::new(bytes).ok_or_else(|| truncated(bytes, expected, place))?;
    let is_sealed_so = holds(Defence::SealInPointer, view.seal() == expected.seal);
    if !is_sealed_so || header_differs(&view, expected) {
        return Err(Box::new(wrong_page(keys, &view, expected, place)));
    }
    let plain = open_authentic(keys, bytes, expected.page, place)?;
    check_structure(&plain, &view, expected.page, place)?;
    Ok(plain)
}

/// Opens `bytes` by the header they carry, whatever a pointer says: for the inspector and for the probe.
pub fn open_authentic(keys: &Keys, bytes: &[u8], page: PageNo, place: Place<'_>) -> Result<PlainPage, Box<Finding>> {
    keys.open_page_bytes(bytes).ok_or_else(|| Box::new(unauthentic(bytes, page, place)))
}

/// Checks that the plain form is sound and of the kind its sealed header names.
pub fn check_structure(
    plain: &[u8],
    view: &SealedView<'_>,
    page: PageNo,
    place: Place<'_>,
) -> Result<(), Box<Finding>> {
    let kind = match check_plain(plain) {
        Err(_) if is_off(Defence::PageStructure) => return Ok(()),
        judged => judged.map_err(|error| Box::new(structure(error, page, place, view.bytes().len())))?,
    };
    let header = view.header().map_err(|error| Box::new(error.finding(place.file, place.offset).page(page)))?;
    if !holds(Defence::SealedKind, kind == header.kind) {
        let finding =
            Finding::new(Code::PageKind, format!("Page {page} is sealed as one kind and written as another."))
                .at(place.file, place.range(view.bytes().len()))
                .page(page)
                .expected(format!("{:?}", header.kind), format!("{kind:?}"));
        return Err(Box::new(finding));
    }
    Ok(())
}

/// Checks a plain form as the kind that its first byte names, and tells that kind.
fn check_plain(plain: &[u8]) -> Result<PageKind, DecodeError> {
    match plain.first().copied().and_then(PageKind::from_byte) {
        Some(PageKind::Overflow) => OverflowView::new(plain).map(|_| PageKind::Overflow),
        Some(PageKind::FreeList) => FreeTrunkView::new(plain).map(|_| PageKind::FreeList),
        // What is of no kind is refused there by its first byte.
        _ => NodeView::new(plain).map(|node| node.kind()),
    }
}

/// The kind of a plain form whose structure was checked.
pub(crate) fn kind_of(plain: &[u8]) -> PageKind {
    plain
        .first()
        .copied()
        .and_then(PageKind::from_byte)
        .expect("invariant: the structure of an opened page was checked")
}

/// What the place of a pointer asks a page to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageUse {
    /// A branch or a leaf.
    Node,
    /// A part of a value too long for a leaf.
    Overflow,
    /// A trunk of the free list.
    FreeList,
}

impl PageUse {
    /// Whether a page of `kind` may stand there.
    pub fn is(self, kind: PageKind) -> bool {
        match self {
            PageUse::Node => matches!(kind, PageKind::Branch | PageKind::Leaf),
            PageUse::Overflow => kind == PageKind::Overflow,
            PageUse::FreeList => kind == PageKind::FreeList,
        }
    }

    /// The finding for a page of `page_bytes` bytes that is sound but of another kind.
    pub fn refuse(self, found: PageKind, page: PageNo, place: Place<'_>, page_bytes: usize) -> Finding {
        let expected = match self {
            PageUse::Node => "a branch or leaf",
            PageUse::Overflow => "an overflow page",
            PageUse::FreeList => "a trunk of the free list",
        };
        let why = format!("Page {page} is authentic, but it is not what the pointer to it asks for.");
        Finding::new(Code::PageKind, why)
            .at(place.file, place.range(page_bytes))
            .page(page)
            .expected(expected, format!("a page of the kind {found}"))
            .lost("Nothing is known to be lost; the page was written like this.")
            .remedy()
    }
}

fn structure(error: DecodeError, page: PageNo, place: Place<'_>, page_bytes: usize) -> Finding {
    // Offsets inside the plain form have no place of their own in the file: the finding names the page, the sentence the field.
    let span = error.span.clone();
    let why = format!(
        "Page {page} is authentic, but bytes {}-{} of its plain form cannot be: {}",
        span.start, span.end, error.why
    );
    Finding::new(error.code, why)
        .at(place.file, place.range(page_bytes))
        .page(page)
        .expected(error.expected, error.found)
        .lost("Nothing is known to be lost; the page was written like this.")
        .remedy()
}

fn header_differs(view: &SealedView<'_>, expected: &PagePointer) -> bool {
    let Ok(header) = view.header() else { return true };
    !holds(Defence::PageHeaderNumber, header.page == expected.page)
        || !holds(Defence::PageHeaderCommit, header.commit == expected.commit)
}

fn wrong_page(keys: &Keys, view: &SealedView<'_>, expected: &PagePointer, place: Place<'_>) -> Finding {
    let page = expected.page;
    if view.bytes().iter().all(|&byte| byte == 0) {
        return located(Code::PageZero, format!("Page {page} is all zero bytes."), view, expected, place)
            .expected(describe(expected), "zeros");
    }
    let header = match keys.open_page_bytes(view.bytes()) {
        Some(_) => view.header().ok(),
        None => None,
    };
    match header {
        None => unauthentic(view.bytes(), page, place)
            .expected(describe(expected), format!("seal {} that its bytes do not bear out", view.seal().short())),
        Some(header) if header.page != page => misplaced(&header, view, expected, place),
        Some(header) => stale(&header, view, expected, place),
    }
}

fn misplaced(header: &PageHeader, view: &SealedView<'_>, expected: &PagePointer, place: Place<'_>) -> Finding {
    let why = format!(
        "At page {} stands page {} of commit {}: it is authentic, but for another place.",
        expected.page, header.page, header.commit
    );
    located(Code::PageMisplaced, why, view, expected, place).expected(
        describe(expected),
        format!("page {} of commit {}, seal {}", header.page, header.commit, view.seal().short()),
    )
}

fn stale(header: &PageHeader, view: &SealedView<'_>, expected: &PagePointer, place: Place<'_>) -> Finding {
    // Newer than its pointer: a checkpoint was copying pages in place, and the log that vouches for them is gone.
    let newer = if header.commit > expected.commit { " It is newer than what vouches for it." } else { "" };
    let why = format!(
        "The pointer to page {} names commit {}, seal {}; the file holds commit {}, seal {}. Its tag is right for that.{newer}",
        expected.page,
        expected.commit,
        expected.seal.short(),
        header.commit,
        view.seal().short()
    );
    located(Code::PageStale, why, view, expected, place).expected(
        describe(expected),
        format!("page {} of commit {}, seal {}", header.page, header.commit, view.seal().short()),
    )
}

/// The finding for bytes that no key of this file ever sealed.
pub fn unauthentic(bytes: &[u8], page: PageNo, place: Place<'_>) -> Finding {
    Finding::new(
        Code::PageUnauthentic,
        format!("Page {page} does not authenticate: its bytes are not what was sealed."),
    )
    .at(place.file, place.range(bytes.len()))
    .page(page)
    .expected("the bytes that were sealed", "other bytes")
    .lost("The records of this page, and of the pages below it.")
    .remedy()
}

fn truncated(bytes: &[u8], expected: &PagePointer, place: Place<'_>) -> Box<Finding> {
    let why = format!("The file ends inside or before page {}.", expected.page);
    Box::new(
        Finding::new(Code::FileTruncated, why)
            .at(place.file, place.range(bytes.len()))
            .page(expected.page)
            .expected("a whole page", format!("{} bytes", bytes.len()))
            .lost("The records of this page, and of the pages below it.")
            .remedy(),
    )
}

fn located(code: Code, why: String, view: &SealedView<'_>, expected: &PagePointer, place: Place<'_>) -> Finding {
    Finding::new(code, why)
        .at(place.file, place.range(view.bytes().len()))
        .page(expected.page)
        .lost("What changed in this page, and in the pages below it, since the version that stands here.")
        .remedy()
}

fn describe(pointer: &PagePointer) -> String {
    format!("page {} of commit {}, seal {}", pointer.page, pointer.commit, pointer.seal.short())
}
