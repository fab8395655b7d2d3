//! What can be told of pages and log records without a key: whether they have the shape of one.

use super::accounting::plural;
use super::ahead::pages_in_order;
use super::parts::torn_tail;
use super::{Check, Verifier};
use crate::defence::{Defence, holds};
use crate::finding::{Code, Finding};
use crate::format::log::{LOG_HEADER_BYTES, LogShape, RecordKind, RecordView, padded_end};
use crate::format::page::SealedView;
use crate::inspect::{PageRun, PageSet};
use crate::limits::LOG_FALSE_HEADS_MAX;
use crate::trace::Event;
use crate::types::PageNo;
use crate::wal::{Heads, RecordShape, Window};
use std::ops::ControlFlow;

impl Verifier<'_, '_> {
    /// Every page of the page file carries the header of a page, with its own number.
    pub(super) fn page_shapes(&mut self) -> Check {
        const NAME: &str = "page shapes";
        let file = self.file;
        let (Ok(chosen), Ok(shape)) = (file.chosen(), file.record_shape()) else {
            return Check::not_run(NAME, self.no_state());
        };
        let in_log = self.pages_in_log(shape);
        let page_count = chosen.superblock.page_count;
        let present = page_count.min(file.pages_in_file());
        // A free page may never have been written. Which pages are free nobody can tell without the key, but how many.
        let mut may_be_free = chosen.superblock.free_count;
        let (mut looked_at, mut zeros) = (0, 0u64);
        let pages = (1..=present).map(PageNo).filter(|&page| !in_log.contains(page));
        pages_in_order(file, self.crew, pages, page_shape, |page, mut finding| {
            if self.is_stopped() {
                return ControlFlow::Break(());
            }
            if may_be_free > 0 && finding.as_ref().is_some_and(|finding| finding.code == Code::PageZero) {
                (may_be_free, zeros, finding) = (may_be_free - 1, zeros + 1, None);
            }
            self.options.tracer.emit(|_| Event::PageVerified { page, sound: finding.is_none() });
            if let Some(finding) = finding {
                self.report(finding);
            }
            looked_at += 1;
            ControlFlow::Continue(())
        });
        self.report.pages_total = page_count;
        self.report.pages_checked = looked_at;
        let mut note = format!("{looked_at} of {page_count} pages, by their headers");
        if zeros > 0 {
            note.push_str(&format!("; {} all zero, as free pages may be", plural(zeros, "page")));
        }
        Check::ran(NAME).note(note)
    }

    /// Pages with a frame in the log that has the shape of one: what stands at their place in the page file does not count.
    fn pages_in_log(&self, shape: LogShape) -> PageSet {
        let mut pages = PageSet::default();
        let continues = self.file.log().header.as_ref().is_some_and(|header| {
            self.file.chosen().is_ok_and(|chosen| header.log_generation == chosen.superblock.log_generation)
        });
        if continues {
            self.each_record(shape, |record| {
                pages.insert(record.page);
            });
        }
        pages
    }

    /// Records follow one another by shape and checksum up to the end, zeros or a torn tail.
    pub(super) fn log_shape(&mut self) -> Check {
        const NAME: &str = "log";
        let Ok(shape) = self.file.record_shape() else {
            return Check::not_run(NAME, "the page size is not known");
        };
        let mut records = 0u64;
        let mut committed_end = LOG_HEADER_BYTES as u64;
        let stopped = self.each_record(shape, |record| {
            records += 1;
            if record.kind == RecordKind::Commit {
                committed_end = padded_end(record.end);
            }
        });
        let log = self.file.log();
        let length = log.length.unwrap_or(0);
        match self.durable_witness(shape, stopped, records + 1) {
            Some(witness) => {
                let why = format!("Record {} of the log does not have the bytes that were written.", records + 1);
                let finding = Finding::new(Code::LogRot, why)
                    .at(&log.name, stopped..witness)
                    .expected("a record that had been synced, says a later one", "other bytes")
                    .lost("Commits from here on cannot be vouched for.")
                    .remedy();
                self.report(finding);
            }
            None if committed_end < stopped => {
                let why = "The log ends in bytes that are no whole commit.".to_owned();
                self.report(torn_tail(why, &log.name, committed_end..length));
            }
            None => {}
        }
        Check::ran(NAME).note(format!("{records} records, by their checksums; who wrote them needs the key"))
    }

    /// Hands over records by shape, in order; returns where they end.
    fn each_record(&self, shape: LogShape, mut take: impl FnMut(ShapedRecord)) -> u64 {
        let generation = self.file.log().header.as_ref().map(|header| header.log_generation);
        let mut offset = LOG_HEADER_BYTES as u64;
        let mut sequence = 1;
        while let Some(record) = self.record_at(shape, offset) {
            if Some(record.generation) != generation || record.sequence != sequence {
                break;
            }
            sequence += 1;
            offset = match record.kind {
                RecordKind::Commit => padded_end(record.end),
                RecordKind::Page => record.end,
            };
            take(record);
        }
        offset
    }

    fn record_at(&self, shape: LogShape, offset: u64) -> Option<ShapedRecord> {
        let bytes = self.file.log_bytes(offset, shape.record_bytes_max()).ok()?;
        let record = RecordView::decode(&bytes, shape).ok()?;
        let fields = record.fields();
        Some(ShapedRecord {
            kind: fields.kind,
            page: fields.page,
            generation: fields.generation,
            sequence: fields.sequence,
            durable_sequence: fields.durable_sequence,
            end: offset + record.len() as u64,
        })
    }

    /// Where behind `offset` a record stands that says record `sequence` had been synced.
    fn durable_witness(&self, shape: LogShape, offset: u64, sequence: u64) -> Option<u64> {
        let log = self.file.log();
        let (length, generation) = (log.length?, log.header.as_ref()?.log_generation);
        let mut window = Window::new(log.bytes()?, &log.name, length);
        let mut heads = Heads::behind(RecordShape { log: shape, generation }, offset);
        let mut false_heads = 0;
        while let Some(head) = heads.next(&mut window, |head| head.says_synced(sequence)).ok()? {
            false_heads += 1;
            // More false heads than any crash leaves are called rot with the key, too.
            let is_rot = false_heads > LOG_FALSE_HEADS_MAX;
            let record = || self.record_at(shape, head.offset);
            let is_rot = is_rot || record().is_some_and(|record| record.durable_sequence >= sequence);
            if !holds(Defence::VerifyShapeRot, !is_rot) {
                return Some(head.offset);
            }
        }
        None
    }
}

/// What a record says of itself; its checksum is right.
struct ShapedRecord {
    kind: RecordKind,
    page: PageNo,
    generation: u64,
    sequence: u64,
    durable_sequence: u64,
    end: u64,
}

/// What is wrong with the shape of a page.
fn page_shape(run: &PageRun<'_>, page: PageNo) -> Option<Finding> {
    let file = run.file;
    let found = match run.file_page(page) {
        Ok(found) => found,
        Err(error) => return Some(*file.read_error(error, page)),
    };
    let place = file.place(&found);
    let view = SealedView::new(&found.bytes)?;
    match view.header() {
        Err(error) => Some(error.finding(place.file, place.offset).page(page)),
        Ok(header) if !holds(Defence::VerifyShape, header.page == page) => {
            let why = format!("At page {page} stand bytes that say they are page {}.", header.page);
            let finding = Finding::new(Code::PageMisplaced, why)
                .at(place.file, place.offset..place.offset + found.bytes.len() as u64)
                .page(page)
                .expected(format!("page {page}"), format!("page {}", header.page))
                .lost("The records of this page, and of the pages below it.")
                .next("Verify with the key to learn whether that is so.");
            Some(finding)
        }
        Ok(_) => None,
    }
}
