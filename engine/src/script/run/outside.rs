//! What is done to the store from outside: the power, and hands on the files.

use super::{Done, Failure, Outcome, Runner};
use crate::format::page::SealedView;
use crate::limits::PAGES_START_BYTES;
use crate::script::{Crash, Instant, Left, Step};
use crate::trace::{CrashSummary, Event, Sink};
use crate::types::{Bytes, CommitNo, PageNo};
use crate::vfs::{CrashPlan, StopEvent, StopFile, StopPoint, StopRegion, StopWhen};
use crate::wal::log_path;
use std::collections::BTreeMap;
use std::path::Path;

/// Where the disk loses its power for this instant of a script.
pub(super) fn stop_point(instant: Instant) -> StopPoint {
    match instant {
        Instant::Before(step) => step_point(step, StopWhen::Before),
        Instant::After(step) => step_point(step, StopWhen::After),
        Instant::AtWrite(number) => StopPoint::at_write(number),
        Instant::AtCall(number) => StopPoint::before_change(number),
        Instant::AtSyncWaiting(least) => StopPoint {
            event: StopEvent::SyncWaiting(least),
            file: StopFile::Any,
            region: StopRegion::Any,
            when: StopWhen::Before,
            count: 1,
        },
    }
}

/// The steps of the log mean its records: the header of a new generation is not the commit one thinks of.
fn step_point(step: Step, when: StopWhen) -> StopPoint {
    let (event, file, region) = match step {
        Step::WalWrite => (StopEvent::Write, StopFile::Log, StopRegion::Records),
        Step::WalSync => (StopEvent::Sync, StopFile::Log, StopRegion::Records),
        Step::PageWrite => (StopEvent::Write, StopFile::Pages, StopRegion::Pages),
        Step::PageSync => (StopEvent::Sync, StopFile::Pages, StopRegion::Pages),
        Step::SuperblockWrite => (StopEvent::Write, StopFile::Pages, StopRegion::Superblock),
        Step::SuperblockSync => (StopEvent::Sync, StopFile::Pages, StopRegion::Superblock),
    };
    StopPoint { event, file, region, when, count: 1 }
}

fn summary_text(place: &str, summary: &CrashSummary) -> String {
    let waiting = match summary.pending {
        0 => "no write was waiting for a sync".to_owned(),
        1 => "1 write was waiting for a sync".to_owned(),
        many => format!("{many} writes were waiting for a sync"),
    };
    let fate = match (summary.lost, summary.torn) {
        (0, 0) if summary.pending == 0 => String::new(),
        (0, 0) => ", none lost".to_owned(),
        (lost, 0) => format!(", {lost} lost"),
        (0, torn) => format!(", {torn} torn"),
        (lost, torn) => format!(", {lost} lost and {torn} torn"),
    };
    format!("the power went {place}: {waiting}{fate}")
}

impl Runner {
    /// The end of an operation that a power cut was armed for.
    pub(super) fn struck(&mut self, crash: &Crash, done: Done) -> Outcome {
        if self.disk.struck() {
            self.last_failure = None;
            let plan = crash.left.plan(&self.disk.image());
            return Outcome::done(self.lose_power(crash.place(), &plan));
        }
        self.disk.disarm();
        let text = done.unwrap_or_else(|failure| failure.text());
        Outcome::failed(format!("{text}; the power did not go: the operation never came to `{crash}`"))
    }

    /// The power went behind an event of the operation above: this world gives way to the one that was left then.
    pub(super) fn cut(&mut self, event: usize, left: &Left) -> Outcome {
        // What was expected since then is told too, and can be cut behind.
        let most = self.recorder.count() - self.last.start;
        if event == 0 || event > most {
            let events = super::counted(most as u64, "event");
            return Outcome::failed(format!("the operation above has {events}: there is no event {event} of it"));
        }
        let kept = self.last.start + event;
        let events = self.recorder.events_from(0);
        let (runner, text) = Runner::struck_behind(&events[..kept], left, self.options.clone());
        *self = runner;
        Outcome::done(text)
    }

    /// The program is gone, the disk holds what survived, and the store is closed. Returns what to print.
    pub(super) fn lose_power(&mut self, place: String, plan: &CrashPlan) -> String {
        self.forget();
        let summary = self.disk.crash(plan);
        if *plan == CrashPlan::Process {
            self.recorder.take(Event::HandleDropped);
            return format!("the program was killed {place}: the operating system keeps what it holds");
        }
        let text = summary_text(&place, &summary);
        let files = self.disk.files();
        self.recorder.take(Event::Crashed { place, summary, files });
        text
    }

    pub(super) fn swap(&mut self, first: PageNo, second: PageNo, line: &str) -> Done {
        let (first_bytes, second_bytes) = (self.page_bytes(first)?, self.page_bytes(second)?);
        self.overwrite_page(first, second_bytes, line)?;
        self.overwrite_page(second, first_bytes, line)?;
        Ok(format!("pages {first} and {second} changed places in the page file"))
    }

    pub(super) fn put_back(&mut self, pages: &[PageNo], newest: CommitNo, line: &str) -> Done {
        let versions = self.versions_until(newest);
        let chosen: Vec<(PageNo, CommitNo, Bytes)> = match pages {
            [] => versions.into_iter().map(|(page, (commit, bytes))| (page, commit, bytes)).collect(),
            named => named.iter().map(|page| named_version(&versions, *page, newest)).collect::<Result<_, _>>()?,
        };
        let mut said = Vec::new();
        for (page, commit, bytes) in chosen {
            self.overwrite_page(page, bytes.to_vec(), line)?;
            said.push(format!("page {page} is back as of commit {commit}"));
        }
        Ok(said.join("\n"))
    }

    /// The newest sealed version of each page that is not newer than `newest`: from the trace of the seals, and for the first
    /// pages from the file as it was created.
    fn versions_until(&self, newest: CommitNo) -> BTreeMap<PageNo, (CommitNo, Bytes)> {
        let mut versions: BTreeMap<PageNo, (CommitNo, Bytes)> = BTreeMap::new();
        for event in self.recorder.events_from(0) {
            match &*event {
                Event::PageSealed { page, commit, sealed: Some(sealed), .. }
                    if *commit <= newest && versions.get(page).is_none_or(|(known, _)| known <= commit) =>
                {
                    versions.insert(*page, (*commit, sealed.clone()));
                }
                Event::FileWritten { offset: 0, data: Some(data), .. } if versions.is_empty() => {
                    let pages = data.get(PAGES_START_BYTES as usize..).unwrap_or_default();
                    for (number, sealed) in (1..).zip(pages.chunks_exact(self.options.page_size.bytes())) {
                        versions.insert(PageNo(number), (CommitNo(0), sealed.into()));
                    }
                }
                _ => {}
            }
        }
        versions
    }

    pub(in crate::script) fn log_name(&self) -> String {
        crate::vfs::file_name(&log_path(Path::new(&self.options.file)))
    }

    pub(in crate::script) fn file_bytes(&self, name: &str) -> Option<Bytes> {
        self.disk.files().into_iter().find(|file| file.file == name).map(|file| file.bytes)
    }

    fn read_file(&self, name: &str, offset: u64, count: usize) -> Result<Vec<u8>, Failure> {
        let bytes = self.file_bytes(name).unwrap_or_default();
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        match start.checked_add(count).and_then(|end| bytes.get(start..end)) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => Failure::refused(format!("{name} ends at byte {}", bytes.len())),
        }
    }

    /// The sealed page that stands in the page file.
    pub(in crate::script) fn sealed_page(&self, page: PageNo) -> Option<Vec<u8>> {
        let bytes =
            self.read_file(&self.options.file, self.options.page_size.offset_of(page), self.options.page_size.bytes());
        bytes.ok().filter(|bytes| SealedView::new(bytes).is_some())
    }

    pub(super) fn page_bytes(&self, page: PageNo) -> Result<Vec<u8>, Failure> {
        match self.sealed_page(page) {
            Some(bytes) => Ok(bytes),
            None => {
                Failure::refused(format!("the page file has no page {page}; its newest version may stand in the log"))
            }
        }
    }

    fn overwrite_page(&mut self, page: PageNo, bytes: Vec<u8>, line: &str) -> Result<(), Failure> {
        let file = self.options.file.clone();
        self.overwrite(&file, self.options.page_size.offset_of(page), bytes, line)
    }

    pub(super) fn overwrite(&mut self, file: &str, offset: u64, bytes: Vec<u8>, line: &str) -> Result<(), Failure> {
        self.disk.tamper(file, offset, &bytes).map_err(|source| crate::Error::io("write", file, source))?;
        self.recorder.take(Event::Tampered {
            what: line.to_owned(),
            file: file.to_owned(),
            offset,
            data: bytes.into(),
        });
        Ok(())
    }
}

fn named_version(
    versions: &BTreeMap<PageNo, (CommitNo, Bytes)>,
    page: PageNo,
    newest: CommitNo,
) -> Result<(PageNo, CommitNo, Bytes), Failure> {
    match versions.get(&page) {
        Some((commit, bytes)) => Ok((page, *commit, bytes.clone())),
        None => Failure::refused(format!("page {page} was not sealed at or before commit {newest}")),
    }
}
