//! The probe: which lie is a page that is not the one its pointer asks for?
//!
//! A page whose seal fails is held against everything that could explain it, the cheap things first:
//!
//! | held against | tells |
//! |---|---|
//! | its own header | misplaced, stale, or sound |
//! | the header that its pointer asks for | only header bytes were changed |
//! | other page numbers in its header | misplaced, with the number written over |
//! | versions of it in the log, also in a log folded already, and in older copies of the file | torn: which sectors are of which version; rot: which bits differ |
//! | other files, named by who asks | foreign |
//! | itself with one bit turned, at every place | rot of one bit |
//!
//! It never writes, never guesses and never gives plaintext: [`AtRest::recovered_page`] does, and only of bytes that authenticate
//! as exactly the page, commit and seal that a pointer names.

mod beside;
mod frames;
mod sectors;

pub use beside::Beside;
pub(super) use frames::Frames;
pub use sectors::{Difference, SectorRun};

use super::places::each_page;
use super::{AtRest, ByteSource, PageBytes};
use crate::crypto::{Keys, PlainPage, SealedPage};
use crate::error::{Error, Result};
use crate::finding::{Code, Finding};
use crate::format::looks_like;
use crate::format::page::{NONCE_BYTES, PAGE_HEADER_BYTES, PageHeader, PageKind, SealedView};
use crate::types::{CommitNo, PageNo, PagePointer, Seal};
use sectors::{Compared, compare};
use serde::Serialize;
use std::fmt;

/// Most versions of one page that it is compared with, the newest first.
const VERSIONS_MAX: usize = 64;

/// What a page turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The page that its pointer asks for; where nothing points to it, an authentic one for its place.
    Sound,
    /// The file ends before its last byte.
    Truncated,
    /// Every byte is zero.
    Zero,
    /// Authentic, but another page.
    Misplaced,
    /// Authentic and of this place, but not the version asked for.
    Stale,
    /// Some sectors are of one version and some of another, or were never written.
    Torn,
    /// A page of another file.
    Foreign,
    /// A version that is known, with some bits changed.
    Rot,
    /// Bytes that nothing at hand explains.
    Unauthentic,
}

impl Verdict {
    /// The code of the finding; nothing for a sound page.
    pub fn code(self) -> Option<Code> {
        match self {
            Verdict::Sound => None,
            Verdict::Truncated => Some(Code::FileTruncated),
            Verdict::Zero => Some(Code::PageZero),
            Verdict::Misplaced => Some(Code::PageMisplaced),
            Verdict::Stale => Some(Code::PageStale),
            Verdict::Torn => Some(Code::PageTorn),
            Verdict::Foreign => Some(Code::PageForeign),
            Verdict::Rot | Verdict::Unauthentic => Some(Code::PageUnauthentic),
        }
    }

    /// The verdict's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Sound => "sound",
            Verdict::Truncated => "truncated",
            Verdict::Zero => "zero",
            Verdict::Misplaced => "misplaced",
            Verdict::Stale => "stale",
            Verdict::Torn => "torn",
            Verdict::Foreign => "foreign",
            Verdict::Rot => "rot",
            Verdict::Unauthentic => "unauthentic",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the probe of one page came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub struct Probe {
    /// The page.
    pub page: PageNo,
    /// The file its newest form stands in, without folders.
    pub file: String,
    /// Its first byte there.
    pub byte_start: u64,
    /// The byte behind its last one.
    pub byte_end: u64,
    /// What vouches for it; nothing when nothing points to it.
    pub expected: Option<PagePointer>,
    /// The way to it, as findings say it.
    pub path: Option<String>,
    /// What is lost with it, when it does not hold.
    pub lost: Option<String>,
    /// What it is.
    pub verdict: Verdict,
    /// The verdict in one sentence.
    pub summary: String,
    /// What speaks for the verdict, a sentence each.
    pub evidence: Vec<String>,
    /// What was tried and did not explain the bytes.
    pub tried: Vec<String>,
    /// Of a torn page: which sectors of 512 bytes are of which version.
    pub sectors: Vec<SectorRun>,
    /// Of a page with changed bits: how many and where.
    pub difference: Option<Difference>,
    /// Where the page that is asked for still stands, when it was found; [`AtRest::recovered_page`] fetches it.
    pub recovery: Option<String>,
}

impl Probe {
    fn new(file: &AtRest, page: PageNo, found: &PageBytes, expected: Option<PagePointer>) -> Probe {
        let place = file.place(found);
        Probe {
            page,
            file: place.file.to_owned(),
            byte_start: place.offset,
            byte_end: place.offset + found.bytes.len() as u64,
            expected,
            path: None,
            lost: None,
            verdict: Verdict::Unauthentic,
            summary: format!("Page {page} does not authenticate, and nothing at hand explains its bytes."),
            evidence: Vec::new(),
            tried: Vec::new(),
            sectors: Vec::new(),
            difference: None,
            recovery: None,
        }
    }

    fn is(&mut self, verdict: Verdict, summary: impl Into<String>) {
        (self.verdict, self.summary) = (verdict, summary.into());
    }

    fn because(&mut self, evidence: impl Into<String>) {
        self.evidence.push(evidence.into());
    }

    fn tried(&mut self, what: impl Into<String>) {
        self.tried.push(what.into());
    }

    /// The verdict as a finding; nothing for a sound page.
    pub fn finding(&self) -> Option<Finding> {
        let finding = Finding::new(self.verdict.code()?, self.told())
            .at(&self.file, self.byte_start..self.byte_end)
            .page(self.page)
            .expected(self.expected.as_ref().map_or("an authentic page".to_owned(), describe), self.found_text());
        let unknown = "What this page holds, if anything asks for it: no pointer to it was found.";
        let lost = self.lost.clone().unwrap_or_else(|| unknown.to_owned());
        let finding = Finding { path: self.path.clone(), ..finding }.lost(lost);
        Some(match &self.recovery {
            Some(recovery) => finding.next(recovery.clone()),
            None => finding.remedy(),
        })
    }

    /// The finding of a bad page with what the probe adds: the code of its verdict, the evidence, where good bytes are.
    fn refine(&self, mut finding: Finding) -> Finding {
        let Some(code) = self.verdict.code() else { return finding };
        let says_more = !self.evidence.is_empty();
        if finding.code == Code::PageUnauthentic && says_more {
            if code != Code::PageUnauthentic || self.verdict == Verdict::Rot {
                finding.why.clone_from(&self.summary);
                finding.found = Some(self.found_text());
            }
            finding.why = format!("{} {}", finding.why, self.evidence.join(" "));
            finding.code = code;
        }
        if let Some(recovery) = &self.recovery {
            let next = finding.next.as_deref().unwrap_or_default();
            finding.next = Some(format!("{recovery} {next}").trim_end().to_owned());
        }
        finding
    }

    fn told(&self) -> String {
        let sentences = std::iter::once(&self.summary).chain(&self.evidence);
        sentences.map(String::as_str).collect::<Vec<_>>().join(" ")
    }

    fn found_text(&self) -> String {
        match (&self.difference, self.verdict) {
            (Some(difference), Verdict::Rot) => difference.to_string(),
            (_, Verdict::Torn) if self.sectors.is_empty() => {
                "the beginning of one version and the end of another".to_owned()
            }
            (_, Verdict::Torn) => self.sectors.iter().map(SectorRun::within).collect::<Vec<_>>().join("; "),
            (_, Verdict::Foreign) => "a page of another file".to_owned(),
            (_, Verdict::Misplaced) => "another page".to_owned(),
            _ => "other bytes".to_owned(),
        }
    }
}

/// The page that a pointer names, fetched from where it still stands.
#[derive(Debug)]
#[non_exhaustive]
pub struct RecoveredPage {
    /// The page, sealed.
    pub sealed: SealedPage,
    /// Its plain form, which authenticated.
    pub plain: PlainPage,
    /// Where it was found, in a sentence.
    pub origin: String,
}

/// How far a probe goes. What is bounded is only what grows with the file: other page numbers, other places, single bits.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    /// Bytes of trials left.
    bytes: u64,
    is_thorough: bool,
}

impl Effort {
    /// For one page that somebody asks about: half a gibibyte of trials.
    pub fn thorough() -> Effort {
        Effort { bytes: 512 << 20, is_thorough: true }
    }

    /// For all bad pages of a verification together: half a mebibyte of trials, of which none turns bits.
    pub fn of_a_verification() -> Effort {
        Effort { bytes: 512 << 10, is_thorough: false }
    }

    /// Whether there is enough left for a trial of so many bytes; it is taken off.
    fn take(&mut self, bytes: usize) -> bool {
        let enough = self.bytes >= bytes as u64;
        self.bytes = self.bytes.saturating_sub(bytes as u64);
        enough
    }
}

/// A version of a page that authenticates for its place.
struct Version {
    commit: CommitNo,
    seal: Seal,
    bytes: Vec<u8>,
    origin: String,
}

impl AtRest {
    /// Says what page `page` is, held against everything at hand and against the files `beside` it, with the evidence; and
    /// where the page that should stand there still is. It reads every page that is reached, to learn what points to this one.
    ///
    /// Fails when input fails, and when nothing of this file can be believed: without the key no seal can be judged.
    pub fn probe(&self, page: PageNo, beside: &[Beside]) -> Result<Probe> {
        self.keys().map_err(|finding| Error::from(finding.clone()))?;
        let asked = self.asked_of(page);
        let expected = asked.as_ref().map(|asked| asked.pointer);
        let mut probe = self.probe_expected(page, expected, beside, &mut Effort::thorough())?;
        (probe.path, probe.lost) = asked.map_or((None, None), |asked| (Some(asked.path), asked.lost));
        Ok(probe)
    }

    /// Fetches the page that `pointer` names from wherever it still stands, when it does not stand in its place as it should:
    /// from the log, also a folded one; from under a changed header or, for a page that was swapped, from the other's place;
    /// from an older copy of the file among those `beside`. Never anything but exactly that version.
    pub fn recovered_page(&self, pointer: &PagePointer, beside: &[Beside]) -> Option<RecoveredPage> {
        let keys = self.keys().ok()?;
        let found = self.newest_page(pointer.page).ok()?;
        let mut effort = Effort { bytes: 0, is_thorough: false };
        let prober = Prober { file: self, keys, beside, page: pointer.page, expected: Some(*pointer), found };
        let (sealed, origin) = prober.recover(&prober.versions(), &mut effort)?;
        let sealed = SealedPage::adopt(sealed)?;
        let plain = keys.open_page(&sealed)?;
        Some(RecoveredPage { sealed, plain, origin })
    }

    /// A finding about the bytes of a page with what the probe adds, as `verify` tells it without other files: the code of the
    /// verdict, the evidence, and where good bytes are. Any other finding stays as it is.
    pub fn explained(&self, finding: Finding) -> Finding {
        let Some(page) = finding.page else { return finding };
        let expected = self.asked_of(page).map(|asked| asked.pointer);
        self.refined(page, expected, finding, &[], &mut Effort::of_a_verification())
    }

    /// As [`AtRest::explained`], where the pointer is known and many pages share one effort.
    pub(crate) fn refined(
        &self,
        page: PageNo,
        expected: Option<PagePointer>,
        finding: Finding,
        beside: &[Beside],
        effort: &mut Effort,
    ) -> Finding {
        const ABOUT_BYTES: [Code; 5] =
            [Code::PageUnauthentic, Code::PageZero, Code::PageMisplaced, Code::PageStale, Code::FileTruncated];
        if !ABOUT_BYTES.contains(&finding.code) {
            return finding;
        }
        match self.probe_expected(page, expected, beside, effort) {
            Ok(probe) => probe.refine(finding),
            Err(_) => finding,
        }
    }

    /// As [`AtRest::probe`], where the pointer is known and many pages share one effort.
    pub(crate) fn probe_expected(
        &self,
        page: PageNo,
        expected: Option<PagePointer>,
        beside: &[Beside],
        effort: &mut Effort,
    ) -> Result<Probe> {
        let keys = self.keys().map_err(|finding| Error::from(finding.clone()))?;
        let found = self.newest_page(page)?;
        Ok(Prober { file: self, keys, beside, page, expected, found }.judge(effort))
    }

    /// What vouches for a page, and the way to it: the first pointer that is met.
    fn asked_of(&self, page: PageNo) -> Option<Asked> {
        let state = self.state().ok()?;
        let mut asked = None;
        each_page(self, state, &mut |named| {
            if let (true, Some(pointer), None) = (named.page == page, named.pointer, &asked) {
                let lost = named.status.err().and_then(|finding| finding.lost);
                asked = Some(Asked { pointer, path: (named.path)(), lost });
            }
        });
        asked
    }
}

struct Asked {
    pointer: PagePointer,
    path: String,
    /// What is lost when the page does not hold.
    lost: Option<String>,
}

/// One page under the probe.
struct Prober<'a> {
    file: &'a AtRest,
    keys: &'a Keys,
    beside: &'a [Beside],
    page: PageNo,
    expected: Option<PagePointer>,
    found: PageBytes,
}

impl Prober<'_> {
    fn judge(&self, effort: &mut Effort) -> Probe {
        let mut probe = Probe::new(self.file, self.page, &self.found, self.expected);
        let page = self.page;
        let page_bytes = self.file.page_size().map_or(0, |size| size.bytes());
        if self.found.bytes.len() < page_bytes {
            let there = self.found.bytes.len();
            probe.is(
                Verdict::Truncated,
                format!("The file ends inside or before page {page}: {there} bytes are there."),
            );
        } else if self.found.bytes.iter().all(|&byte| byte == 0) {
            probe.is(
                Verdict::Zero,
                format!("Page {page} is all zero bytes: nothing was ever written here, or it was lost."),
            );
        } else if let Some(header) = self.authentic_header() {
            self.judge_authentic(&header, &mut probe);
        } else {
            self.judge_unauthentic(effort, &mut probe);
        }
        if probe.verdict != Verdict::Sound && probe.recovery.is_none() {
            probe.recovery = self.recover(&self.versions(), effort).map(|(_, origin)| origin);
        }
        probe
    }

    fn view(&self) -> Option<SealedView<'_>> {
        SealedView::new(&self.found.bytes)
    }

    /// The header, when the bytes authenticate under it.
    fn authentic_header(&self) -> Option<PageHeader> {
        let view = self.view()?;
        let header = view.header().ok()?;
        self.keys.page_is_authentic_as(view.bytes(), *view.header_bytes()).then_some(header)
    }

    fn judge_authentic(&self, header: &PageHeader, probe: &mut Probe) {
        let (page, seal) = (self.page, self.view().map(|view| view.seal()).unwrap_or_default());
        let here = format!("page {} of commit {}, seal {}", header.page, header.commit, seal.short());
        if header.page != page {
            probe.is(Verdict::Misplaced, format!("At page {page} stands {here}: authentic, but for another place."));
            self.where_its_own_place_is(header.page, probe);
            return;
        }
        let Some(expected) = self.expected else {
            let why =
                format!("Page {page} is authentic for its place; nothing points to it, so its age cannot be judged.");
            return probe.is(Verdict::Sound, why);
        };
        if (expected.commit, expected.seal) == (header.commit, seal) {
            return probe.is(Verdict::Sound, format!("Page {page} is the page that the pointer to it asks for."));
        }
        let age = match header.commit.cmp(&expected.commit) {
            std::cmp::Ordering::Less => "older than",
            std::cmp::Ordering::Equal => "of the same commit as",
            std::cmp::Ordering::Greater => "newer than",
        };
        probe.is(
            Verdict::Stale,
            format!("Page {page} is authentic and in its place, but {age} what its pointer asks for."),
        );
        probe.because(format!("Its pointer asks for {}; here stands {here}.", describe(&expected)));
    }

    /// Of a page that is another's: what stands where it belongs tells a swap from a write gone astray.
    fn where_its_own_place_is(&self, home: PageNo, probe: &mut Probe) {
        let page = self.page;
        let Ok(there) = self.file.file_page(home) else { return };
        if self.seems(&there, page) {
            return probe.because(format!("At page {home} stands page {page}: the two were swapped."));
        }
        if there.bytes == self.found.bytes {
            return probe
                .because(format!("The same bytes stand at page {home}, where they belong: a copy was written here."));
        }
        probe.because(format!("At page {home} stands something else: a write meant for it may have come here."));
    }

    /// Whether bytes say that they are page `page`, and are authentic.
    fn seems(&self, found: &PageBytes, page: PageNo) -> bool {
        let Some(view) = SealedView::new(&found.bytes) else { return false };
        matches!(view.header(), Ok(header) if header.page == page)
            && self.keys.page_is_authentic_as(view.bytes(), *view.header_bytes())
    }

    fn judge_unauthentic(&self, effort: &mut Effort, probe: &mut Probe) {
        let Some(view) = self.view() else { return };
        probe.tried(match view.header() {
            Ok(header) => format!("its own header: page {} of commit {}", header.page, header.commit),
            Err(error) => format!("its own header, which cannot be one: {}", error.why.trim_end_matches('.')),
        });
        let versions = self.versions();
        let explained = self.try_headers(&view, probe)
            || self.try_beside(&view, effort, probe)
            || self.try_versions(&view, &versions, probe)
            || self.try_zeros_and_ends(&view, probe)
            || self.try_numbers(&view, effort, probe)
            || self.try_bits(&view, effort, probe);
        if !explained && view.header().is_err() {
            let like = looks_like(view.bytes());
            if like != "bytes of no known kind" {
                probe.because(format!("Its bytes look like {like}."));
            }
        }
    }

    /// Only the header was changed: under the one that the pointer asks for, or under its own with one part put right, the
    /// rest of the page authenticates.
    fn try_headers(&self, view: &SealedView<'_>, probe: &mut Probe) -> bool {
        let page = self.page;
        let own = view.header().ok();
        let commits: Vec<CommitNo> = self
            .expected
            .iter()
            .map(|expected| expected.commit)
            .chain([crate::format::page::PageHeader::commit_in(view.header_bytes())])
            .collect();
        for &commit in &commits {
            for kind in KINDS {
                let header = PageHeader { kind, page, commit }.encode();
                if !self.keys.page_is_authentic_as(view.bytes(), header) {
                    continue;
                }
                let difference =
                    Difference::between(view.bytes(), &with_header(view, &header), "the header it was sealed under");
                let is_current =
                    self.expected.is_some_and(|expected| (expected.commit, expected.seal) == (commit, view.seal()));
                let age = if is_current { "the version that is asked for" } else { "an older version" };
                probe.is(Verdict::Rot, format!("Only the header of page {page} was changed: what it seals is whole."));
                probe.because(format!(
                    "Under the header of page {page}, {kind}, of commit {commit}, it authenticates; it is {age}."
                ));
                probe.because(format!("{}.", difference.sentence()));
                probe.difference = Some(difference);
                return true;
            }
        }
        if let Some(own) = own {
            probe.tried(format!(
                "the header of page {page}, of commit {} and of the commit asked for, as each kind of page",
                own.commit
            ));
        } else {
            probe.tried(format!("the header of page {page}, as each kind of page"));
        }
        false
    }

    /// The same ciphertext under other page numbers: a page of another place whose number was written over.
    fn try_numbers(&self, view: &SealedView<'_>, effort: &mut Effort, probe: &mut Probe) -> bool {
        let last = self.file.page_count().unwrap_or(0);
        let mut tried = 0;
        for number in (1..=last).filter(|&number| number != self.page.0) {
            if !effort.take(view.bytes().len()) {
                break;
            }
            tried += 1;
            let header = PageHeader::with_page(view.header_bytes(), PageNo(number));
            if self.keys.page_is_authentic_as(view.bytes(), header) {
                let page = self.page;
                probe.is(
                    Verdict::Misplaced,
                    format!("At page {page} stands page {number}, with the number in its header written over."),
                );
                probe.because(format!("Under the number {number} it authenticates."));
                self.where_its_own_place_is(PageNo(number), probe);
                return true;
            }
        }
        let others = last.saturating_sub(1);
        if tried > 0 {
            probe.tried(if tried == others {
                format!("{tried} other page numbers, all there are")
            } else {
                format!("{tried} of {others} other page numbers")
            });
        }
        false
    }

    /// Pages of other files, by their keys and byte by byte.
    fn try_beside(&self, view: &SealedView<'_>, effort: &mut Effort, probe: &mut Probe) -> bool {
        let page = self.page;
        for other in self.beside.iter().filter(|other| !other.is_same_file(self.file)) {
            let name = other.name();
            if let Some((number, commit, how)) = other.authentic_in(self.file, view, effort) {
                probe.is(Verdict::Foreign, format!("At page {page} stands a page of {name}."));
                probe.because(format!(
                    "Under the identity of {name} it authenticates as page {number} of commit {commit}{how}."
                ));
                return true;
            }
            if let Some(number) = other.same_bytes(view) {
                probe.is(Verdict::Foreign, format!("At page {page} stands a page of {name}."));
                probe.because(format!("Byte for byte it is what stands at page {number} of {name}."));
                return true;
            }
            probe.tried(format!("the identity of {name}, and its pages byte by byte"));
        }
        if self.beside.is_empty() {
            probe.tried("no other file: none was named");
        }
        false
    }

    /// Sector by sector against every version of the page that is at hand.
    fn try_versions(&self, view: &SealedView<'_>, versions: &[Version], probe: &mut Probe) -> bool {
        let page = self.page;
        if versions.is_empty() {
            probe.tried("no other version of the page: there is none in the log or in a copy");
            return false;
        }
        let named: Vec<(String, &[u8])> = versions
            .iter()
            .map(|version| (format!("commit {} ({})", version.commit, version.origin), &version.bytes[..]))
            .collect();
        match compare(view.bytes(), &named) {
            Compared::Changed { version, difference } => {
                let version = &versions[version];
                let current = self.expected.is_some_and(|expected| expected.seal == version.seal);
                let which = if current { "the version that is asked for" } else { "an older version" };
                probe.is(Verdict::Rot, format!("Page {page} is {which}, with {} changed.", difference.count_text()));
                probe.because(format!("{}.", difference.sentence()));
                probe.difference = Some(difference);
                true
            }
            Compared::Torn(runs) => {
                probe.is(Verdict::Torn, format!("Page {page} is torn: its sectors are not all of one version."));
                runs.iter().for_each(|run| probe.because(format!("{run}.")));
                probe.sectors = runs;
                true
            }
            Compared::Unlike => {
                probe.tried(match versions.len() {
                    1 => format!("1 other version of the page, {}", versions[0].origin),
                    count => format!("{count} other versions of the page, the newest {}", versions[0].origin),
                });
                false
            }
        }
    }

    /// A page of which no version is at hand may still show that it is of two: by zeros where sealed bytes have none, or by a
    /// beginning of one commit and an end that is the seal of another.
    fn try_zeros_and_ends(&self, view: &SealedView<'_>, probe: &mut Probe) -> bool {
        let page = self.page;
        let own = view.header().ok().filter(|header| header.page == page);
        if let (Some(header), Some(runs)) = (&own, sectors::zero_runs(view.bytes())) {
            probe.is(Verdict::Torn, format!("Page {page} is torn: part of it was never written, or is lost."));
            probe.because(format!("Its header is that of page {page} of commit {}.", header.commit));
            runs.iter().for_each(|run| probe.because(format!("{run}.")));
            probe.sectors = runs;
            return true;
        }
        let (Some(header), Some(expected)) = (own, self.expected) else { return false };
        if header.commit != expected.commit && view.seal() == expected.seal {
            probe.is(Verdict::Torn, format!("Page {page} is torn: it begins as one version and ends as another."));
            probe.because(format!(
                "Its first sector is of commit {}; its last carries the seal of commit {}, which is asked for.",
                header.commit, expected.commit
            ));
            return true;
        }
        if header.commit == expected.commit {
            let away = sectors::bits_between(&view.seal().0, &expected.seal.0);
            probe.because(match away {
                0 => "Its header and its seal are those asked for: what lies between them was changed.".to_owned(),
                1..=16 => format!("Its header is the one asked for; its seal differs in {away} of 128 bits."),
                _ => {
                    "Its header is the one asked for, its end is not: a torn write looks so, and so does a lost sector."
                        .to_owned()
                }
            });
        }
        false
    }

    /// One bit turned back, at every place in turn: what then authenticates is the page as it was sealed.
    fn try_bits(&self, view: &SealedView<'_>, effort: &mut Effort, probe: &mut Probe) -> bool {
        if !effort.is_thorough {
            return false;
        }
        let page = self.page;
        let bits = view.bytes().len() * 8;
        if effort.bytes < (bits * view.bytes().len()) as u64 {
            probe.tried(format!("none of its {bits} bits turned back: a page of this size takes too long"));
            return false;
        }
        let mut bytes = view.bytes().to_vec();
        for bit in 0..bits {
            effort.take(bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
            let header = *SealedView::new(&bytes).expect("invariant: as long as before").header_bytes();
            if self.keys.page_is_authentic_as(&bytes, header) {
                let difference = Difference::between(view.bytes(), &bytes, "what was sealed");
                probe.is(Verdict::Rot, format!("Page {page} has rotted: one bit of it is not as it was sealed."));
                probe.because(format!("With bit {} of byte {} turned back it authenticates.", bit % 8, bit / 8));
                let seal = SealedView::new(&bytes).map(|view| view.seal());
                if self.expected.is_some_and(|expected| Some(expected.seal) == seal) {
                    probe.recovery = Some(format!(
                        "Turning bit {} of byte {} back gives the page that is asked for.",
                        bit % 8,
                        bit / 8
                    ));
                }
                probe.difference = Some(difference);
                return true;
            }
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        probe.tried(format!("each of its {bits} bits turned back, one at a time"));
        false
    }

    /// Other versions of the page: the newest first, the one that is asked for before all.
    fn versions(&self) -> Vec<Version> {
        let mut versions: Vec<Version> = Vec::new();
        let mut add = |bytes: Vec<u8>, origin: &dyn Fn() -> String| {
            let Some(view) = SealedView::new(&bytes) else { return };
            let Some(header) = view.header().ok().filter(|header| header.page == self.page) else { return };
            let seal = view.seal();
            if bytes != self.found.bytes
                && !versions.iter().any(|version| version.seal == seal)
                && self.keys.page_is_authentic_as(&bytes, *view.header_bytes())
            {
                versions.push(Version { commit: header.commit, seal, bytes, origin: origin() });
            }
        };
        for frame in self.file.frames_of(self.page) {
            add(frame.bytes, &|| format!("in {} at byte {}", frame.log, frame.offset));
        }
        if let (ByteSource::Log { .. }, Ok(found)) = (self.found.source, self.file.file_page(self.page)) {
            add(found.bytes, &|| format!("in the page file at byte {}", found.source.offset()));
        }
        for copy in self.beside.iter().filter(|other| other.is_same_file(self.file)) {
            for version in copy.versions(self.page) {
                add(version.bytes, &|| format!("in the copy {}", copy.name()));
            }
        }
        versions.sort_by_key(|version| {
            let is_asked = self.expected.is_some_and(|expected| expected.seal == version.seal);
            (!is_asked, std::cmp::Reverse(version.commit))
        });
        versions.truncate(VERSIONS_MAX);
        versions
    }

    /// The sealed page that is asked for, from where it still stands, and the sentence that says where.
    fn recover(&self, versions: &[Version], effort: &mut Effort) -> Option<(Vec<u8>, String)> {
        let expected = self.expected?;
        let is_it = |bytes: &[u8]| {
            SealedView::new(bytes).is_some_and(|view| {
                view.seal() == expected.seal
                    && matches!(view.header(), Ok(header) if (header.page, header.commit) == (expected.page, expected.commit))
                    && self.keys.page_is_authentic_as(bytes, *view.header_bytes())
            })
        };
        if let Some(version) = versions.iter().find(|version| is_it(&version.bytes)) {
            return Some((version.bytes.clone(), format!("The page that is asked for stands {}.", version.origin)));
        }
        let view = self.view()?;
        for kind in KINDS {
            let bytes = with_header(&view, &PageHeader { kind, page: expected.page, commit: expected.commit }.encode());
            if is_it(&bytes) {
                let origin = "With its header put right it is the page that is asked for.";
                return Some((bytes, origin.to_owned()));
            }
        }
        let home = self.authentic_header().map(|header| header.page).filter(|&home| home != self.page);
        let place = |home: PageNo| Some((self.file.file_page(home).ok()?.bytes, home));
        let elsewhere = home.and_then(place).filter(|(bytes, _)| is_it(bytes)).or_else(|| {
            let places = (1..=self.file.pages_in_file()).map(PageNo).filter(|&other| other != self.page);
            let mut places = places.take_while(|_| effort.is_thorough && effort.take(64));
            let home = places.find(|&other| self.file.seal_at(other) == Some(expected.seal))?;
            place(home).filter(|(bytes, _)| is_it(bytes))
        });
        elsewhere
            .map(|(bytes, home)| (bytes, format!("The page that is asked for stands at page {home} of this file.")))
    }
}

const KINDS: [PageKind; 4] = [PageKind::Leaf, PageKind::Branch, PageKind::Overflow, PageKind::FreeList];

/// A page with another header.
fn with_header(view: &SealedView<'_>, header: &[u8; PAGE_HEADER_BYTES]) -> Vec<u8> {
    let mut bytes = view.bytes().to_vec();
    bytes[NONCE_BYTES..NONCE_BYTES + PAGE_HEADER_BYTES].copy_from_slice(header);
    bytes
}

fn describe(pointer: &PagePointer) -> String {
    format!("page {} of commit {}, seal {}", pointer.page, pointer.commit, pointer.seal.short())
}
