//! What is kept of every page of a file at rest, whether its bytes are at hand or not: eight bytes a page, in chunks, so that a
//! file of many gigabytes has its map in memory, and two looks at a file share what did not change.

use std::sync::Arc;
use tosumu::format::page::PageKind;
use tosumu::types::{CommitNo, PageNo};

/// Pages of a chunk.
const CHUNK_PAGES: usize = 4096;
/// The bits of [`Brief::flags`].
const KIND_BITS: u8 = 0b0000_0111;
const KNOWN: u8 = 0b0000_1000;
const IN_LOG: u8 = 0b0001_0000;
const LEADS_ON: u8 = 0b0010_0000;
const SOUND: u8 = 0b0100_0000;
const BAD: u8 = 0b1000_0000;
/// A fill that is not known.
const NO_FILL: u8 = u8::MAX;
/// A commit that is not known.
const NO_COMMIT: [u8; 6] = [u8::MAX; 6];

/// What is known of a page in few words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Brief {
    flags: u8,
    fill: u8,
    /// Little endian; commits beyond 48 bits are not told apart from an unknown one.
    commit: [u8; 6],
}

impl Default for Brief {
    fn default() -> Brief {
        Brief { flags: 0, fill: NO_FILL, commit: NO_COMMIT }
    }
}

impl Brief {
    /// Of a page that was looked at.
    pub fn new(kind: Option<PageKind>, fill_percent: Option<u8>, commit: Option<CommitNo>) -> Brief {
        let kind = match kind {
            None => 0,
            Some(PageKind::Leaf) => 1,
            Some(PageKind::Branch) => 2,
            Some(PageKind::Overflow) => 3,
            Some(PageKind::FreeList) => 4,
        };
        let short = |commit: CommitNo| {
            let bytes = commit.0.to_le_bytes();
            let fits = bytes[6..] == [0, 0];
            bytes.first_chunk().copied().filter(|_| fits)
        };
        Brief {
            flags: kind | KNOWN,
            fill: fill_percent.filter(|fill| *fill <= 100).unwrap_or(NO_FILL),
            commit: commit.and_then(short).unwrap_or(NO_COMMIT),
        }
    }

    /// The same of a page whose newest form stands in the log.
    pub fn in_the_log(self) -> Brief {
        Brief { flags: self.flags | IN_LOG, ..self }
    }

    /// The same of a leaf that leads to pages of long values.
    pub fn leading_on(self) -> Brief {
        Brief { flags: self.flags | LEADS_ON, ..self }
    }

    /// The same, keeping what a verification said of `earlier`.
    pub fn judged_as(self, earlier: Brief) -> Brief {
        Brief { flags: self.flags & !(SOUND | BAD) | earlier.flags & (SOUND | BAD), ..self }
    }

    /// What it holds, as its header says.
    pub fn kind(self) -> Option<PageKind> {
        match self.flags & KIND_BITS {
            1 => Some(PageKind::Leaf),
            2 => Some(PageKind::Branch),
            3 => Some(PageKind::Overflow),
            4 => Some(PageKind::FreeList),
            _ => None,
        }
    }

    /// Whether it was looked at.
    pub fn is_known(self) -> bool {
        self.flags & KNOWN != 0
    }

    /// Whether its newest form stands in the log.
    pub fn is_in_log(self) -> bool {
        self.flags & IN_LOG != 0
    }

    /// Whether it is a leaf with a long value.
    pub fn leads_on(self) -> bool {
        self.flags & LEADS_ON != 0
    }

    /// How full it is, in percent, where its plain form was seen.
    pub fn fill_percent(self) -> Option<u8> {
        Some(self.fill).filter(|fill| *fill != NO_FILL)
    }

    /// The commit that sealed it.
    pub fn commit(self) -> Option<CommitNo> {
        let mut bytes = [0; 8];
        bytes[..6].copy_from_slice(&self.commit);
        (self.commit != NO_COMMIT).then(|| CommitNo(u64::from_le_bytes(bytes)))
    }

    /// What a verification said of it.
    pub fn verdict(self) -> Option<bool> {
        match (self.flags & SOUND != 0, self.flags & BAD != 0) {
            (_, true) => Some(false),
            (true, false) => Some(true),
            (false, false) => None,
        }
    }
}

type Chunk = [Brief; CHUNK_PAGES];

/// The briefs of a file, by page number. Chunks of which nothing is known are not there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Briefs {
    chunks: Vec<Option<Arc<Chunk>>>,
    /// Pages that were looked at.
    known: u32,
    /// Pages that a verification spoke of, and those of them that are sound.
    judged: (u32, u32),
}

impl Briefs {
    /// The brief of `page`.
    pub fn get(&self, page: PageNo) -> Brief {
        let Some(at) = page.0.checked_sub(1).map(|at| at as usize) else { return Brief::default() };
        let chunk = self.chunks.get(at / CHUNK_PAGES).and_then(Option::as_ref);
        chunk.map_or(Brief::default(), |chunk| chunk[at % CHUNK_PAGES])
    }

    /// Sets the brief of `page`.
    pub fn set(&mut self, page: PageNo, brief: Brief) {
        let Some(at) = page.0.checked_sub(1).map(|at| at as usize) else { return };
        if self.chunks.len() <= at / CHUNK_PAGES {
            self.chunks.resize(at / CHUNK_PAGES + 1, None);
        }
        let chunk = self.chunks[at / CHUNK_PAGES].get_or_insert_with(|| Arc::new([Brief::default(); CHUNK_PAGES]));
        let earlier = chunk[at % CHUNK_PAGES];
        if earlier != brief {
            Arc::make_mut(chunk)[at % CHUNK_PAGES] = brief;
        }
        self.known = self.known + u32::from(brief.is_known()) - u32::from(earlier.is_known());
        self.judged.0 = self.judged.0 + u32::from(brief.verdict().is_some()) - u32::from(earlier.verdict().is_some());
        let is_sound = |brief: Brief| u32::from(brief.verdict() == Some(true));
        self.judged.1 = self.judged.1 + is_sound(brief) - is_sound(earlier);
    }

    /// Sets what a verification said of `page`.
    pub fn judge(&mut self, page: PageNo, sound: bool) {
        let brief = self.get(page);
        let flag = if sound { SOUND } else { BAD };
        self.set(page, Brief { flags: brief.flags & !(SOUND | BAD) | flag, ..brief });
    }

    /// Forgets what verifications said.
    pub fn forget_verdicts(&mut self) {
        for chunk in self.chunks.iter_mut().flatten().filter(|_| self.judged.0 > 0) {
            Arc::make_mut(chunk).iter_mut().for_each(|brief| brief.flags &= !(SOUND | BAD));
        }
        self.judged = (0, 0);
    }

    /// How many pages were looked at.
    pub fn known(&self) -> u32 {
        self.known
    }

    /// How many pages a verification spoke of, and how many of them are sound.
    pub fn judged(&self) -> (u32, u32) {
        self.judged
    }

    /// Hands the briefs of the pages `first` to `last` to `take` in order, several at once; of pages of which nothing is known
    /// only their number, so that the cost grows with what is known.
    pub fn runs(&self, first: u32, last: u32, mut take: impl FnMut(u32, Result<&[Brief], u32>)) {
        let mut at = first.max(1);
        while at <= last {
            let place = (at - 1) as usize;
            let left = (CHUNK_PAGES - place % CHUNK_PAGES).min((last - at) as usize + 1);
            let chunk = self.chunks.get(place / CHUNK_PAGES).and_then(Option::as_ref);
            match chunk {
                Some(chunk) => take(at, Ok(&chunk[place % CHUNK_PAGES..][..left])),
                None if place / CHUNK_PAGES >= self.chunks.len() => return take(at, Err(last - at + 1)),
                None => take(at, Err(left as u32)),
            }
            let Some(next) = at.checked_add(left as u32) else { return };
            at = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brief_takes_eight_bytes_and_gives_back_what_it_was_made_of() {
        assert_eq!(size_of::<Brief>(), 8);
        let brief = Brief::new(Some(PageKind::Leaf), Some(93), Some(CommitNo(1 << 40))).in_the_log().leading_on();
        assert_eq!((brief.kind(), brief.fill_percent()), (Some(PageKind::Leaf), Some(93)));
        assert_eq!(brief.commit(), Some(CommitNo(1 << 40)));
        assert!(brief.is_known() && brief.is_in_log() && brief.leads_on());
        assert_eq!(brief.verdict(), None);
        let nothing = Brief::default();
        assert_eq!((nothing.kind(), nothing.fill_percent(), nothing.commit()), (None, None, None));
        assert!(!nothing.is_known());
    }

    #[test]
    fn pages_far_out_cost_no_more_than_their_chunk_and_are_counted_once() {
        let mut briefs = Briefs::default();
        let far = PageNo(2_600_000_000);
        for _ in 0..2 {
            briefs.set(far, Brief::new(Some(PageKind::Branch), None, None));
            briefs.judge(far, true);
        }
        briefs.judge(PageNo(7), false);
        assert_eq!((briefs.known(), briefs.judged()), (1, (2, 1)));
        assert_eq!(briefs.get(far).verdict(), Some(true));
        let (mut seen, mut empty) = (0, 0);
        briefs.runs(1, u32::MAX, |_, run| match run {
            Ok(run) => seen += run.len(),
            Err(pages) => empty += u64::from(pages),
        });
        assert_eq!((seen, empty), (2 * CHUNK_PAGES, u64::from(u32::MAX) - 2 * CHUNK_PAGES as u64));
        briefs.forget_verdicts();
        assert_eq!((briefs.judged(), briefs.get(far).kind()), ((0, 0), Some(PageKind::Branch)));
    }

    #[test]
    fn two_looks_share_the_chunks_that_did_not_change() {
        let mut one = Briefs::default();
        one.set(PageNo(1), Brief::new(Some(PageKind::Leaf), None, None));
        one.set(PageNo(5000), Brief::new(Some(PageKind::Leaf), None, None));
        let mut two = one.clone();
        two.set(PageNo(1), Brief::new(Some(PageKind::Branch), None, None));
        let same = |at: usize| match (&one.chunks[at], &two.chunks[at]) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            _ => false,
        };
        assert_eq!((same(0), same(1)), (false, true));
    }
}
