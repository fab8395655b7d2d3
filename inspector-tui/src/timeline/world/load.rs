//! Reads a file at rest into a world: as much as a person can look at, told how much was left out.

use super::{Facts, FilePage, FileWorld, SealedAt, Space};
use crate::model::Report;
use std::collections::BTreeMap;
use tosumu::format::node::NodeView;
use tosumu::format::page::SealedView;
use tosumu::inspect::{AtRest, ByteSource, Role};
use tosumu::types::{Bytes, PageNo};
use tosumu::verify;
use tosumu::wal::FrameRecord;

/// Most pages that are read.
const PAGES_READ_MAX: u32 = 4096;
/// Most bytes of the log that are read.
const LOG_BYTES_READ_MAX: u64 = 4 << 20;

impl FileWorld {
    /// Reads the file; `report` is what verification said, when it has run.
    pub fn load(file: &AtRest, report: Option<&verify::Report>) -> FileWorld {
        let page_size = file.page_size().unwrap_or_default();
        let mut facts = Facts::of(file.name(), page_size);
        facts.log_file = file.log().name.clone();
        facts.root = file.root().map(|root| root.page).filter(|page| !page.is_none());
        facts.commit = file.commit().unwrap_or_default();
        facts.durable_commit = facts.commit;
        let count =
            if file.page_size().is_some() { file.page_count().unwrap_or(0).max(file.pages_in_file()) } else { 0 };
        let read = count.min(PAGES_READ_MAX);
        if let Some(report) = report {
            judge(&mut facts, file, report, count);
        }
        let pages: BTreeMap<PageNo, FilePage> =
            (1..=read).map(PageNo).map(|page| (page, read_page(file, page))).collect();
        if let Ok(state) = file.state() {
            let plain = |page: PageNo| pages.get(&page).and_then(|page| page.plain.clone());
            facts.space = Space::read(state.catalog.page, state.free_list.page, state.free_count, &plain);
        }
        FileWorld {
            facts,
            pages,
            unread: count - read,
            log: log_bytes(file),
            log_pages: log_pages(file),
            file_bytes: file.length(),
            superblocks: [0, 1]
                .map(|slot| Some(file.slot_bytes(slot)).filter(|bytes| !bytes.is_empty()).map(Bytes::from)),
            locked: file.keys().err().map(|finding| finding.why.clone()),
        }
    }
}

impl Report {
    /// What verification said, as the screens need it.
    pub fn of(report: &verify::Report) -> Report {
        let named = |ran: bool| report.checks.iter().filter(move |check| check.ran == ran);
        Report {
            level: report.level.to_string(),
            checked: named(true).map(|check| noted(check.name, check.note.as_deref())).collect(),
            not_checked: named(false).map(|check| noted(check.name, check.why_not.as_deref())).collect(),
            findings: report.findings.clone(),
            exit: report.exit(),
        }
    }
}

fn noted(name: &str, note: Option<&str>) -> String {
    note.map_or(name.to_owned(), |note| format!("{name} ({note})"))
}

fn judge(facts: &mut Facts, file: &AtRest, report: &verify::Report, pages: u32) {
    facts.findings = report.findings.clone();
    facts.checked = report.checks.iter().filter(|check| check.ran).map(|check| check.name.to_owned()).collect();
    let walked: BTreeMap<PageNo, bool> = match pages <= PAGES_READ_MAX {
        // What a free page holds is not judged.
        true => {
            let roles = file.roles().unwrap_or_default().into_iter();
            roles.filter(|(_, (role, _))| *role != Role::Free).map(|(page, (_, holds))| (page, holds)).collect()
        }
        false => BTreeMap::new(),
    };
    facts.verified = walked;
    for page in report.findings.iter().filter_map(|finding| finding.page) {
        facts.verified.insert(page, false);
    }
}

fn read_page(file: &AtRest, page: PageNo) -> FilePage {
    let Ok(found) = file.newest_page(page) else { return FilePage::default() };
    let (offset, in_log) = match found.source {
        ByteSource::Log { offset } => (offset, true),
        ByteSource::File { offset } => (offset, false),
    };
    let name = if in_log { &file.log().name } else { file.name() };
    let plain = file.open_bytes(page, &found).ok().map(|plain| Bytes::from(plain.into_vec()));
    let sealed = SealedView::new(&found.bytes);
    let header = sealed.and_then(|sealed| sealed.header().ok());
    FilePage {
        kind: header.map(|header| header.kind),
        commit: header.map(|header| header.commit),
        seal: sealed.map(|sealed| sealed.seal()),
        level: plain.as_deref().and_then(|plain| NodeView::new(plain).ok()).map(|node| node.level()),
        plain,
        in_log,
        sealed: Some(SealedAt { bytes: found.bytes.as_slice().into(), file: name.to_owned(), offset }),
        in_file: file.file_page(page).ok().map(|page| SealedAt {
            bytes: page.bytes.as_slice().into(),
            file: file.name().to_owned(),
            offset: page.source.offset(),
        }),
    }
}

fn log_bytes(file: &AtRest) -> Bytes {
    let length = file.log().length.unwrap_or(0).min(LOG_BYTES_READ_MAX) as usize;
    file.log_bytes(0, length).unwrap_or_default().into()
}

/// The header's row, then a row for each record that holds.
fn log_pages(file: &AtRest) -> Vec<Option<PageNo>> {
    let log = file.log();
    let records = log.scan.iter().flat_map(|scan| &scan.records);
    let named = records.map(|record| match &record.record {
        FrameRecord::Page { page, .. } => Some(*page),
        _ => None,
    });
    log.header.iter().map(|_| None).chain(named).collect()
}
