//! Reads a file at rest into a world: what can be shown at once, or as much as is held.

use super::loading::{Loading, Part, load_all, pages_there};
use super::{Facts, FilePage, FileWorld, SealedAt, Space};
use crate::model::Report;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use tosumu::format::node::NodeView;
use tosumu::format::page::SealedView;
use tosumu::inspect::{AtRest, ByteSource, Role};
use tosumu::types::{Bytes, PageNo};
use tosumu::verify;
use tosumu::wal::FrameRecord;

/// Most pages that are read whole.
const PAGES_READ_MAX: u32 = 4096;
/// Most bytes of pages that are read whole, as they stand in the file.
const PAGES_BYTES_READ_MAX: u32 = 16 << 20;
/// A file of no more bytes is read whole before it is first shown.
const BYTES_READ_AT_ONCE_MAX: u64 = 4 << 20;
/// Most bytes of the log that are read.
const LOG_BYTES_READ_MAX: u64 = 4 << 20;

impl FileWorld {
    /// What can be shown at once: the superblocks, the log, the root page. Everything else is read when it is looked at, or by
    /// [`super::load_all`].
    pub fn begin(file: &AtRest) -> FileWorld {
        let page_size = file.page_size().unwrap_or_default();
        let mut facts = Facts::of(file.name(), page_size);
        facts.log_file = file.log().name.clone();
        facts.root = file.root().map(|root| root.page).filter(|page| !page.is_none());
        facts.commit = file.commit().unwrap_or_default();
        facts.durable_commit = facts.commit;
        facts.space = space_of(file);
        let pages = if file.page_size().is_some() { file.page_count().unwrap_or(0).max(pages_there(file)) } else { 0 };
        let mut world = FileWorld {
            facts,
            pages,
            held: Default::default(),
            briefs: Default::default(),
            levels: None,
            reach: None,
            log: log_bytes(file),
            log_pages: log_pages(file).into(),
            file_bytes: file.length(),
            superblocks: [0, 1]
                .map(|slot| Some(file.slot_bytes(slot)).filter(|bytes| !bytes.is_empty()).map(Bytes::from)),
            locked: file.keys().err().map(|finding| finding.why.clone()),
        };
        let first = world.facts.root.unwrap_or(PageNo(1));
        if first.0 <= pages {
            world.take_in(first, read_page(file, first));
        }
        world
    }

    /// Reads all of the file; of a large one a few words of each page, and the bytes of as many as are held. `report` is what
    /// verification said, when it has run.
    pub fn load(file: &AtRest, report: Option<&verify::Report>) -> FileWorld {
        let mut world = FileWorld::begin(file);
        let read = world.pages.min(pages_read_max(file));
        for page in (1..=read).map(PageNo) {
            world.take_in(page, read_page(file, page));
        }
        if read < world.pages {
            let mut hear = |part| {
                world.take_in_part(part);
                ControlFlow::Continue(())
            };
            load_all(file, &mut Loading::default(), &mut hear, &mut |_, _, _| ControlFlow::Continue(()));
        }
        if let Some(report) = report {
            judge(&mut world.facts, file, report, world.pages);
        }
        world
    }

    /// Whether the file is so small that reading all of it is no matter.
    pub fn is_small(file: &AtRest) -> bool {
        let size = file.page_size().map_or(1, |size| size.bytes() as u64);
        u64::from(file.page_count().unwrap_or(0)).saturating_mul(size).max(file.length()) <= BYTES_READ_AT_ONCE_MAX
    }

    /// Takes in what was found in the background.
    pub fn take_in_part(&mut self, part: Part) {
        match part {
            Part::Levels(root, levels) => self.take_in_levels(root, levels),
            Part::Briefs(briefs) => self.take_in_briefs(&briefs),
            Part::Reach(reach) => self.take_in_reach(reach),
        }
    }
}

/// What the newest state names beside the main tree.
pub(super) fn space_of(file: &AtRest) -> Space {
    let plain = |page: PageNo| read_page(file, page).plain;
    file.state().map_or(Space::default(), |state| {
        Space::read(state.catalog.page, state.free_list.page, state.free_count, &plain)
    })
}

/// So many pages of the file are read whole.
fn pages_read_max(file: &AtRest) -> u32 {
    let size = file.page_size().map_or(1, |size| size.bytes() as u32);
    PAGES_READ_MAX.min(PAGES_BYTES_READ_MAX / size)
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

/// Reads one page: its newest form, and what stands in the page file.
pub fn read_page(file: &AtRest, page: PageNo) -> FilePage {
    let Ok(found) = file.newest_page(page) else { return FilePage::default() };
    let (offset, in_log) = match found.source {
        ByteSource::Log { offset } => (offset, true),
        ByteSource::File { offset } => (offset, false),
    };
    let name = if in_log { &file.log().name } else { file.name() };
    let plain = file.open_bytes(page, &found).ok().map(|plain| Bytes::from(plain.into_vec()));
    let sealed = SealedView::new(&found.bytes);
    let header = sealed.and_then(|sealed| sealed.header().ok());
    let newest = SealedAt { bytes: found.bytes.as_slice().into(), file: name.to_owned(), offset };
    let in_file = match in_log {
        // The bytes are shared: most pages stand in one place.
        false => Some(newest.clone()),
        true => file.file_page(page).ok().map(|page| SealedAt {
            bytes: page.bytes.as_slice().into(),
            file: file.name().to_owned(),
            offset: page.source.offset(),
        }),
    };
    FilePage {
        kind: header.map(|header| header.kind),
        commit: header.map(|header| header.commit),
        seal: sealed.map(|sealed| sealed.seal()),
        level: plain.as_deref().and_then(|plain| NodeView::new(plain).ok()).map(|node| node.level()),
        plain,
        in_log,
        sealed: Some(newest),
        in_file,
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
