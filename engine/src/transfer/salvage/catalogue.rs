//! Every authentic version of every page that stands anywhere in the page file or in the log, wherever it was put: in its
//! place, in another page's, in a log that was folded long ago, behind rot.
//!
//! A version is in here only when it opened under the key by its own header and its structure is sound. Frames of a commit
//! that was never finished are left out: what they hold was never true.

use super::evidence::{Evidence, FileRead};
use crate::crypto::SealedPage;
use crate::defence::{Defence, holds};
use crate::error::Result;
use crate::format::log::{LogShape, RECORD_HEADER_BYTES, RecordKind, RecordView};
use crate::format::page::{NONCE_BYTES, PAGE_HEADER_BYTES, PageHeader, PageKind, SealedView};
use crate::pager::check::{Place, check_structure};
use crate::types::{CommitNo, PageNo, PagePointer, Seal};
use std::collections::{BTreeMap, BTreeSet};

/// One of the two files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum FileOf {
    Pages,
    Log,
}

/// A place in one of them: the first byte of a sealed page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Spot {
    pub file: FileOf,
    pub offset: u64,
}

/// A version of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Version {
    pub commit: CommitNo,
    pub seal: Seal,
    pub kind: PageKind,
    pub spot: Spot,
}

/// Bytes read at once.
const WINDOW_BYTES: usize = 1 << 20;
/// How many times the length of a file is deciphered at most. Honest files need once; bytes made to look like pages
/// everywhere would take long.
const TIMES_MAX: u64 = 8;
/// Pages of the page file begin at multiples of this, also where a piece of the file is missing.
const PAGE_STEP_BYTES: usize = 512;
/// Records of the log begin at multiples of this.
const LOG_STEP_BYTES: usize = 8;

#[derive(Default)]
pub(super) struct Catalogue {
    /// Of each page the versions, the oldest first.
    versions: BTreeMap<PageNo, Vec<Version>>,
    /// What was not looked at, and why.
    pub not_looked_at: Vec<String>,
}

impl Catalogue {
    pub fn of(evidence: &Evidence) -> Result<Catalogue> {
        let mut catalogue = Catalogue::default();
        catalogue.search(evidence, FileOf::Pages, &evidence.pages)?;
        if let Some(log) = &evidence.log {
            catalogue.search(evidence, FileOf::Log, log)?;
        }
        for versions in catalogue.versions.values_mut() {
            // Of equal ones that of the page file counts, and what stands first.
            versions.sort_by_key(|version| (version.commit, version.seal, version.spot));
        }
        Ok(catalogue)
    }

    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// Every page with its versions, in page order.
    pub fn pages(&self) -> impl Iterator<Item = (PageNo, &[Version])> {
        self.versions.iter().map(|(&page, versions)| (page, &versions[..]))
    }

    /// Where exactly the version stands that `pointer` names.
    pub fn exact(&self, pointer: &PagePointer) -> impl Iterator<Item = Spot> + use<'_> {
        let pointer = *pointer;
        let versions = self.versions.get(&pointer.page).map_or(&[][..], |versions| versions);
        let is_it = move |version: &&Version| version.commit == pointer.commit && version.seal == pointer.seal;
        versions.iter().filter(is_it).map(|version| version.spot)
    }

    fn search(&mut self, evidence: &Evidence, which: FileOf, file: &FileRead) -> Result<()> {
        let page_bytes = evidence.page_size.bytes();
        let step = if which == FileOf::Log { LOG_STEP_BYTES } else { PAGE_STEP_BYTES };
        let mut budget = file.bytes.saturating_mul(TIMES_MAX).saturating_add(WINDOW_BYTES as u64);
        let (mut found, mut finished) = (Vec::new(), BTreeSet::new());
        let mut start = 0;
        while start < file.bytes {
            // What the disk does not give is looked for page by page, and the rest is noted.
            let window = file.at(start, WINDOW_BYTES + page_bytes).or_else(|_| file.at(start, page_bytes));
            let window = match window {
                Ok(window) => window,
                Err(error) => {
                    self.not_looked_at.push(format!("{} bytes at byte {start} of {}: {error}.", page_bytes, file.name));
                    start += page_bytes as u64;
                    continue;
                }
            };
            if window.iter().all(|&byte| byte == 0) {
                start = file.behind_zeros(start + window.len().min(WINDOW_BYTES) as u64, page_bytes as u64);
                continue;
            }
            let mut at = 0;
            while at < WINDOW_BYTES && at < window.len() {
                let here = &window[at..];
                if which == FileOf::Log
                    && let Some(commit) = commit_record(here, evidence)
                {
                    finished.insert(commit);
                }
                let spot = Spot { file: which, offset: start + at as u64 };
                if !may_be_a_page(here, page_bytes) {
                    at += step;
                } else if budget < page_bytes as u64 {
                    self.not_looked_at.push(format!(
                        "{} from byte {} on: too much of it looks like pages and is none.",
                        file.name, spot.offset
                    ));
                    return self.take(evidence, which, found, &finished);
                } else if let Some((page, version)) = open(evidence, file, &here[..page_bytes], spot) {
                    found.push((page, version));
                    at += page_bytes;
                } else {
                    budget -= page_bytes as u64;
                    at += step;
                }
            }
            start += at as u64;
            if at == 0 {
                break;
            }
        }
        self.take(evidence, which, found, &finished)
    }

    /// Takes in what was found in a file: of the log only pages of commits that were finished.
    fn take(
        &mut self,
        evidence: &Evidence,
        which: FileOf,
        found: Vec<(PageNo, Version)>,
        by_checksum: &BTreeSet<CommitNo>,
    ) -> Result<()> {
        let state = evidence.commit();
        let finished = evidence.finished.as_ref().unwrap_or(by_checksum);
        let mut unfinished = 0;
        for (page, version) in found {
            let may_be_unfinished = which == FileOf::Log && version.commit > state;
            if may_be_unfinished && !holds(Defence::SalvageFinished, finished.contains(&version.commit)) {
                unfinished += 1;
                continue;
            }
            self.versions.entry(page).or_default().push(version);
        }
        if unfinished > 0 {
            let name = &evidence.file(which).name;
            self.not_looked_at.push(format!(
                "{unfinished} pages in {name} of a commit whose end is not there: what was never committed was never true."
            ));
        }
        Ok(())
    }
}

/// Whether the bytes at 24 could be the header of a page: eight comparisons before anything is deciphered.
fn may_be_a_page(bytes: &[u8], page_bytes: usize) -> bool {
    bytes.len() >= page_bytes
        && (1..=4).contains(&bytes[NONCE_BYTES])
        && bytes[NONCE_BYTES + 1..NONCE_BYTES + 4] == [0; 3]
        && PageHeader::decode(&bytes[NONCE_BYTES..NONCE_BYTES + PAGE_HEADER_BYTES]).is_ok()
}

/// The page that stands there, when it is authentic and sound.
fn open(evidence: &Evidence, file: &FileRead, bytes: &[u8], spot: Spot) -> Option<(PageNo, Version)> {
    let view = SealedView::new(bytes)?;
    let header = view.header().ok()?;
    let sealed = SealedPage::adopt(bytes.to_vec())?;
    let plain = evidence.keys.open_page(&sealed)?;
    check_structure(&plain, &view, header.page, Place { file: &file.name, offset: spot.offset }).ok()?;
    Some((header.page, Version { commit: header.commit, seal: sealed.seal(), kind: header.kind, spot }))
}

/// The number of the commit whose record stands there, by its checksum alone. Only where no header tells whose log it is
/// does that count, and then for one thing: whether pages that authenticated by themselves belong to a whole commit.
fn commit_record(bytes: &[u8], evidence: &Evidence) -> Option<CommitNo> {
    if evidence.finished.is_some()
        || bytes.get(4) != Some(&(RecordKind::Commit as u8))
        || bytes.len() < RECORD_HEADER_BYTES
    {
        return None;
    }
    let shape = LogShape::newest(evidence.page_size);
    let record = RecordView::decode(bytes, shape).ok()?;
    (record.fields().kind == RecordKind::Commit).then(|| record.fields().commit)
}
