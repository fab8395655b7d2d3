//! Other files that a page may come from.

use super::super::AtRest;
use super::Effort;
use super::frames::FramePage;
use crate::crypto::{Keys, Unlock};
use crate::error::Result;
use crate::format::page::{NONCE_BYTES, PAGE_HEADER_BYTES, PageHeader, SealedView};
use crate::types::{CommitNo, FileId, PageNo};
use crate::vfs::Vfs;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Most pages of another file that are compared byte by byte.
const PAGES_MAX: u32 = 1 << 20;

/// A file that a bad page may come from: a copy of the same database, whose page file has the same data key and another id;
/// an older copy of the very file; or a stranger's file, with a key of its own when that is given or needs none.
#[derive(Clone)]
pub struct Beside {
    neighbour: Arc<Neighbour>,
}

/// A page as it stands in such a file.
pub(crate) struct BesideVersion {
    /// Its bytes, sealed; not judged.
    pub bytes: Vec<u8>,
    /// The page file or the log of the other file, without folders.
    pub file: String,
    /// The first byte of the page there.
    pub offset: u64,
}

struct Neighbour {
    file: AtRest,
    /// Pages by their nonces, read when first asked for.
    nonces: OnceLock<BTreeMap<[u8; NONCE_BYTES], PageNo>>,
}

impl Beside {
    /// Opens the file at `path` for comparison. Without `unlock`, or when it opens no key slot, a keyless slot is tried; a file
    /// that stays locked is compared byte by byte. Fails as [`AtRest::open`] does.
    pub fn open(vfs: Arc<dyn Vfs>, path: impl AsRef<Path>, unlock: Option<&Unlock>) -> Result<Beside> {
        let path = path.as_ref();
        let given = match unlock {
            Some(unlock) => AtRest::open(vfs.clone(), path, Some(unlock)).ok().filter(|file| file.keys().is_ok()),
            None => None,
        };
        let file = match given {
            Some(file) => file,
            None => AtRest::open(vfs, path, None)?,
        };
        Ok(Beside { neighbour: Arc::new(Neighbour { file, nonces: OnceLock::new() }) })
    }

    /// The file's name, without folders.
    pub fn name(&self) -> &str {
        self.neighbour.file.name()
    }

    fn id(&self) -> Option<FileId> {
        self.neighbour.file.chosen().ok().map(|chosen| chosen.superblock.file_id)
    }

    /// Whether it is a copy of the very file, of another time perhaps: its pages are versions of the file's own.
    pub(super) fn is_same_file(&self, file: &AtRest) -> bool {
        file.chosen().is_ok_and(|chosen| Some(chosen.superblock.file_id) == self.id())
    }

    /// What it holds of a page, by the page's number alone: the page file's version, and those in its log.
    pub(crate) fn versions(&self, page: PageNo) -> Vec<BesideVersion> {
        let file = &self.neighbour.file;
        let in_file = file.file_page(page).ok().map(|found| {
            let offset = found.source.offset();
            BesideVersion { bytes: found.bytes, file: file.name().to_owned(), offset }
        });
        let of_log = |frame: FramePage| {
            let log = file.log().name.clone();
            BesideVersion { bytes: frame.bytes, file: log, offset: frame.offset }
        };
        in_file.into_iter().chain(file.frames_of(page).into_iter().map(of_log)).collect()
    }

    /// Its page and commit that the bytes authenticate as, and how that was told: by its own key, or by ours when it has none
    /// that opens.
    pub(super) fn authentic_in(
        &self,
        ours: &AtRest,
        view: &SealedView<'_>,
        effort: &mut Effort,
    ) -> Option<(PageNo, CommitNo, &'static str)> {
        let file = &self.neighbour.file;
        let superblock = &file.chosen().ok()?.superblock;
        let derived = ours.parts().ok().map(|parts| parts.ring.subkeys(superblock));
        let commit = PageHeader::commit_in(view.header_bytes());
        for keys in file.keys().ok().into_iter().chain(derived.as_ref()) {
            if keys.page_is_authentic_as(view.bytes(), *view.header_bytes()) {
                return Some((PageHeader::decode(view.header_bytes()).ok()?.page, commit, ""));
            }
            if let Some(page) = renumbered(keys, view, file.page_count().unwrap_or(0), effort) {
                return Some((page, commit, ", once the number in its header is put right"));
            }
        }
        None
    }

    /// Its page whose bytes, but for the header, are these.
    pub(super) fn same_bytes(&self, view: &SealedView<'_>) -> Option<PageNo> {
        let file = &self.neighbour.file;
        let nonces = self.neighbour.nonces.get_or_init(|| nonces_of(file));
        let page = *nonces.get(view.nonce())?;
        let behind_header = NONCE_BYTES + PAGE_HEADER_BYTES;
        let there = file.file_page(page).ok()?.bytes;
        (there.get(behind_header..)? == view.bytes().get(behind_header..)?).then_some(page)
    }
}

/// The page whose number, put into the header, makes the bytes authentic.
fn renumbered(keys: &Keys, view: &SealedView<'_>, last: u32, effort: &mut Effort) -> Option<PageNo> {
    (1..=last)
        .map(PageNo)
        .take_while(|_| effort.take(view.bytes().len()))
        .find(|&page| keys.page_is_authentic_as(view.bytes(), PageHeader::with_page(view.header_bytes(), page)))
}

fn nonces_of(file: &AtRest) -> BTreeMap<[u8; NONCE_BYTES], PageNo> {
    let Some(page_size) = file.page_size() else { return BTreeMap::new() };
    (1..=file.pages_in_file().min(PAGES_MAX))
        .map(PageNo)
        .filter_map(|page| {
            let bytes = file.file_bytes(page_size.offset_of(page), NONCE_BYTES).ok()?;
            Some((*bytes.first_chunk()?, page))
        })
        .collect()
}
