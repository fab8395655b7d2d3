//! What the bytes of a page file and its log amount to, told without a key: which commit they hold, which pages stand
//! where. Checksums are trusted here, since the bytes come from the simulated disk; judging a file is `verify`'s work.

use std::collections::BTreeMap;
use tosumu::format::log::{CommitBody, LOG_HEADER_BYTES, LogHeader, LogShape, RecordKind, RecordView, padded_end};
use tosumu::format::page::SealedView;
use tosumu::format::superblock::Superblock;
use tosumu::limits::{PAGES_START_BYTES, SUPERBLOCK_BYTES};
use tosumu::trace::SectorImage;
use tosumu::types::{CommitNo, PageNo, PageSize, Seal};

/// A page as it stands in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Standing {
    /// Where the sealed page starts, in bytes.
    pub offset: u64,
    /// The commit that sealed it.
    pub commit: CommitNo,
    /// Its seal.
    pub seal: Seal,
}

/// What a page file and a log hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Survey {
    /// The newest commit that an open would find; none when there is no store to open.
    pub commit: Option<CommitNo>,
    /// The root as of that commit.
    pub root: Option<PageNo>,
    /// Pages as of that commit.
    pub page_count: u32,
    /// The root of the catalog as of that commit; no page when there are no named trees.
    pub catalog: PageNo,
    /// The head of the free list as of that commit; no page when none is free.
    pub free_list: PageNo,
    /// Free pages as of that commit.
    pub free_count: u32,
    /// The newest frame of each page that the log holds, its commit finished.
    pub frames: BTreeMap<PageNo, Standing>,
    /// The log's header, then its records in order: the page of each page frame.
    pub records: Vec<Option<PageNo>>,
    /// Where the log's records end, in bytes; 0 when the log does not continue the page file.
    pub log_end: u64,
    /// Records behind the last commit, of a transaction not finished.
    pub unfinished: u32,
    /// Where reading the log goes on when more is written; none when the log does not continue the page file.
    tail: Option<Tail>,
}

/// How far the log was read.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Tail {
    shape: LogShape,
    generation: u64,
    sequence: u64,
    /// The frames of the commit that is not finished.
    frames: BTreeMap<PageNo, Standing>,
}

impl Survey {
    /// Surveys the two files as one place holds them.
    pub fn of(page_file: Option<&SectorImage>, log: Option<&SectorImage>) -> Survey {
        let mut survey = Survey::default();
        let Some(superblock) = page_file.and_then(newest_superblock) else { return survey };
        survey.commit = Some(superblock.commit);
        survey.root = Some(superblock.root.page).filter(|page| !page.is_none());
        survey.page_count = superblock.page_count;
        (survey.catalog, survey.free_list) = (superblock.catalog.page, superblock.free_list.page);
        survey.free_count = superblock.free_count;
        if let Some(log) = log {
            survey.follow(log, superblock.log_generation);
        }
        survey
    }

    fn follow(&mut self, log: &SectorImage, generation: u64) {
        let Ok(header) = LogHeader::decode(&log.read(0..LOG_HEADER_BYTES as u64)) else { return };
        if header.log_generation != generation {
            return;
        }
        self.log_end = LOG_HEADER_BYTES as u64;
        self.records.push(None);
        self.tail = Some(Tail { shape: header.shape(), generation, sequence: 0, frames: BTreeMap::new() });
        self.go_on(log);
    }

    /// Whether bytes of the log from `offset` on can be written without a change of what was read.
    pub fn ends_before(&self, offset: u64) -> bool {
        self.tail.is_some() && self.log_end <= offset
    }

    /// Reads on behind the records that are known, which stand as they did.
    pub fn go_on(&mut self, log: &SectorImage) {
        let Some(mut tail) = self.tail.take() else { return };
        while self.record(log, &mut tail).is_some() {}
        self.tail = Some(tail);
    }

    /// Takes in the record at the known end, if one stands there.
    fn record(&mut self, log: &SectorImage, tail: &mut Tail) -> Option<()> {
        let bytes = log.read(self.log_end..self.log_end + tail.shape.record_bytes_max() as u64);
        let record = RecordView::decode(&bytes, tail.shape).ok()?;
        let fields = record.fields();
        if fields.generation != tail.generation || fields.sequence != tail.sequence + 1 {
            return None;
        }
        tail.sequence = fields.sequence;
        let body_at = self.log_end + (record.len() - record.body().len()) as u64;
        self.log_end += record.len() as u64;
        self.records.push(Some(fields.page).filter(|page| !page.is_none()));
        match fields.kind {
            RecordKind::Page => {
                let seal = SealedView::new(record.body()).map(|page| page.seal()).unwrap_or_default();
                tail.frames.insert(fields.page, Standing { offset: body_at, commit: fields.commit, seal });
                self.unfinished += 1;
            }
            RecordKind::Commit => {
                self.log_end = padded_end(self.log_end);
                self.finish(fields.commit, record.body(), std::mem::take(&mut tail.frames));
            }
        }
        Some(())
    }

    fn finish(&mut self, commit: CommitNo, body: &[u8], frames: BTreeMap<PageNo, Standing>) {
        let Ok(body) = CommitBody::decode(body) else { return };
        self.frames.extend(frames);
        self.unfinished = 0;
        self.commit = Some(commit);
        self.root = Some(body.root.page).filter(|page| !page.is_none());
        self.page_count = body.page_count;
        (self.catalog, self.free_list, self.free_count) = (body.catalog.page, body.free_list.page, body.free_count);
    }
}

fn newest_superblock(page_file: &SectorImage) -> Option<Superblock> {
    let slots = (0..2).map(superblock_range);
    slots
        .filter_map(|range| Superblock::decode(&page_file.read(range)).ok())
        .max_by_key(|superblock| superblock.slot_generation)
}

/// Where superblock slot `slot` stands in the page file.
pub(super) fn superblock_range(slot: u8) -> std::ops::Range<u64> {
    let start = u64::from(slot.min(1)) * SUPERBLOCK_BYTES as u64;
    start..(start + SUPERBLOCK_BYTES as u64).min(PAGES_START_BYTES)
}

/// `page` as it stands in the page file, when its header can be read.
pub(super) fn in_page_file(page_file: &SectorImage, page: PageNo, page_size: PageSize) -> Option<Standing> {
    let offset = page_size.offset_of(page);
    let bytes = page_file.read(offset..offset + page_size.bytes() as u64);
    let sealed = SealedView::new(&bytes).filter(|_| bytes.len() == page_size.bytes())?;
    let header = sealed.header().ok().filter(|header| header.page == page)?;
    Some(Standing { offset, commit: header.commit, seal: sealed.seal() })
}
