//! A page that is not in its place as it should be, taken from wherever exactly it still is: from under a header or a seal that
//! was changed, from another place of the two files, from a copy that was named, or from its own bytes with one bit turned back.
//!
//! A pointer names page, commit and seal, so all of them are known whatever stands there. Nothing is guessed: what is taken opened
//! as exactly the page of that pointer, under its seal, and is as good as the page in its place.

use super::catalogue::Spot;
use super::evidence::Evidence;
use super::report::RecoveredBy;
use crate::crypto::PlainPage;
use crate::format::page::{NONCE_BYTES, PAGE_HEADER_BYTES, PageHeader, PageKind, SealedView, TAG_BYTES};
use crate::inspect::Beside;
use crate::pager::check::{PageUse, Place, kind_of, open_expected};
use crate::types::{PageNo, PagePointer, Seal};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Most bytes that are deciphered to find the one turned bit of one page: enough for pages of 8192 bytes. The probe stops there too.
const TRIALS_PAGE_BYTES: u64 = 512 << 20;
/// Most bytes of such trials for all pages together: 64 pages of 4096 bytes.
const TRIALS_BYTES: u64 = 8 << 30;

/// Where a page was found.
pub(super) struct Source {
    pub file: String,
    pub byte: u64,
    pub how: RecoveredBy,
}

/// What is known of pages that do not stand in their places.
pub(super) struct Mending {
    /// Other files that a page may stand in.
    beside: Vec<Beside>,
    /// The bit to turn back, by page and seal; nothing where none is.
    turned: RefCell<BTreeMap<(PageNo, Seal), Option<Bit>>>,
    trials: Cell<u64>,
    untried: Cell<u64>,
}

#[derive(Clone, Copy)]
struct Bit {
    byte: usize,
    bit: u8,
}

impl Mending {
    pub fn new(beside: &[Beside]) -> Mending {
        Mending {
            beside: beside.to_vec(),
            turned: RefCell::default(),
            trials: Cell::new(TRIALS_BYTES),
            untried: Cell::new(0),
        }
    }

    /// What was not tried, in a sentence.
    pub fn not_tried(&self) -> Option<String> {
        let pages = match self.untried.get() {
            0 => return None,
            1 => "1 page has".to_owned(),
            count => format!("{count} pages have"),
        };
        Some(format!(
            "{pages} the seal asked for and other bytes; that one turned bit is all was not tried, it takes too long."
        ))
    }
}

impl Evidence {
    /// The page that `wanted` names, from anywhere but its place, `spot`, as it stands.
    pub(super) fn recover(&self, asked: PageUse, wanted: &PagePointer, spot: Spot) -> Option<(PlainPage, Source)> {
        self.with_its_header(asked, wanted, spot)
            .or_else(|| self.elsewhere(asked, wanted, spot))
            .or_else(|| self.beside(asked, wanted))
            .or_else(|| self.with_a_bit_turned(asked, wanted, spot))
    }

    fn source(&self, spot: Spot, how: RecoveredBy) -> Source {
        Source { file: self.file(spot.file).name.clone(), byte: spot.offset, how }
    }

    /// Under the header and the seal that the page must have: the pointer tells both but for the kind, and of kinds there are few.
    fn with_its_header(&self, asked: PageUse, wanted: &PagePointer, spot: Spot) -> Option<(PlainPage, Source)> {
        let mut bytes = self.sealed_at(spot)?;
        let seal = bytes.len().checked_sub(TAG_BYTES)?;
        bytes[seal..].copy_from_slice(&wanted.seal.0);
        let kinds = [PageKind::Branch, PageKind::Leaf, PageKind::Overflow, PageKind::FreeList];
        let plain = kinds.into_iter().filter(|kind| asked.is(*kind)).find_map(|kind| {
            let header = PageHeader { kind, page: wanted.page, commit: wanted.commit }.encode();
            bytes.get_mut(NONCE_BYTES..NONCE_BYTES + PAGE_HEADER_BYTES)?.copy_from_slice(&header);
            self.open_sealed(asked, wanted, &bytes)
        })?;
        Some((plain, self.source(spot, RecoveredBy::Header)))
    }

    /// Where else exactly that version stands in the two files.
    fn elsewhere(&self, asked: PageUse, wanted: &PagePointer, spot: Spot) -> Option<(PlainPage, Source)> {
        let catalogue = self.catalogue().ok()?;
        catalogue.exact(wanted).filter(|other| *other != spot).find_map(|other| {
            let plain = self.open_at(asked, wanted, other).ok()?;
            Some((plain, self.source(other, RecoveredBy::Place)))
        })
    }

    /// In one of the files that were named.
    fn beside(&self, asked: PageUse, wanted: &PagePointer) -> Option<(PlainPage, Source)> {
        self.mending.beside.iter().flat_map(|copy| copy.versions(wanted.page)).find_map(|version| {
            let plain = self.open_sealed(asked, wanted, &version.bytes)?;
            Some((plain, Source { file: version.file, byte: version.offset, how: RecoveredBy::Beside }))
        })
    }

    /// With one bit turned back. Where header and seal are those asked for, the bit is between them or there is more than one.
    fn with_a_bit_turned(&self, asked: PageUse, wanted: &PagePointer, spot: Spot) -> Option<(PlainPage, Source)> {
        let mut bytes = self.sealed_at(spot)?;
        let view = SealedView::new(&bytes)?;
        let header = view.header().ok()?;
        if (header.page, header.commit, view.seal()) != (wanted.page, wanted.commit, wanted.seal) {
            return None;
        }
        let known = self.mending.turned.borrow().get(&(wanted.page, wanted.seal)).copied();
        let turned = known.unwrap_or_else(|| {
            let found = self.find_turned_bit(&mut bytes, &header);
            self.mending.turned.borrow_mut().insert((wanted.page, wanted.seal), found);
            found
        });
        let Bit { byte, bit } = turned?;
        bytes[byte] ^= 1 << bit;
        let plain = self.open_sealed(asked, wanted, &bytes)?;
        Some((plain, self.source(spot, RecoveredBy::Bit { byte: byte as u32, bit })))
    }

    /// The one bit of nonce and ciphertext that, turned back, makes the bytes authentic.
    fn find_turned_bit(&self, bytes: &mut [u8], header: &PageHeader) -> Option<Bit> {
        let cost = (bytes.len() * bytes.len() * 8) as u64;
        let left = self.mending.trials.get();
        if cost > TRIALS_PAGE_BYTES.min(left) {
            self.mending.untried.set(self.mending.untried.get() + 1);
            return None;
        }
        self.mending.trials.set(left - cost);
        let (header, end) = (header.encode(), bytes.len() - TAG_BYTES);
        for byte in (0..NONCE_BYTES).chain(NONCE_BYTES + PAGE_HEADER_BYTES..end) {
            for bit in 0..8 {
                bytes[byte] ^= 1 << bit;
                let is_authentic = self.keys.page_is_authentic_as(bytes, header);
                bytes[byte] ^= 1 << bit;
                if is_authentic {
                    return Some(Bit { byte, bit });
                }
            }
        }
        None
    }

    fn sealed_at(&self, spot: Spot) -> Option<Vec<u8>> {
        let bytes = self.file(spot.file).at(spot.offset, self.page_size.bytes()).ok()?;
        (bytes.len() == self.page_size.bytes()).then_some(bytes)
    }

    /// Opens bytes as exactly the page that `wanted` names, of a kind that fits its place.
    fn open_sealed(&self, asked: PageUse, wanted: &PagePointer, bytes: &[u8]) -> Option<PlainPage> {
        let place = Place { file: &self.pages.name, offset: 0 };
        let plain = open_expected(&self.keys, bytes, wanted, place).ok()?;
        asked.is(kind_of(&plain)).then_some(plain)
    }
}
