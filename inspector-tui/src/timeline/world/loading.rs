//! Looks through a file at rest from its first page to its last, in the background: first the tree, then a few words of every
//! page, then what leads where. It holds what it found in few words and no page, may be stopped anywhere, and goes on there.

use super::brief::{Brief, Briefs};
use super::file::leads_on;
use super::load::space_of;
use super::reach::{Beginnings, fill_percent, find_levels, find_reach};
use super::{Levels, Reach};
use std::ops::ControlFlow;
use std::sync::Arc;
use tosumu::format::page::{PageKind, SealedView};
use tosumu::inspect::{AtRest, ByteSource, PageBytes};
use tosumu::types::{Bytes, PageNo};
use tosumu::wal::FrameRecord;

/// Bytes of the page file that are read at once.
const RUN_BYTES: u64 = 1 << 20;
/// Steps of a walk between two words about it.
const STRIDE: u32 = 256;

/// What is looked through.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Stage {
    /// The branches of the main tree.
    #[default]
    Tree,
    /// Every page, in the order of the file.
    Pages,
    /// What leads where.
    Reach,
    /// Everything was.
    Done,
}

/// Something that was found.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    /// The tree under a root.
    Levels(PageNo, Arc<Levels>),
    /// A few words of pages.
    Briefs(Vec<(PageNo, Brief)>),
    /// What leads where.
    Reach(Arc<Reach>),
}

/// How far a file was looked through: whoever keeps it can go on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Loading {
    /// What is looked through now.
    pub stage: Stage,
    /// Pages of this stage that were looked at.
    pub done: u32,
    /// Pages there are to look at.
    pub total: u32,
    /// The first page that was not looked at.
    next: u32,
    briefs: Briefs,
}

/// Hears of what was found, and how far it is.
pub type Hear<'a> = &'a mut dyn FnMut(Part) -> ControlFlow<()>;

/// Looks through `file` from where `loading` is, until everything was looked at or `hear` ends it. `progress` hears the stage, how
/// many pages of it were looked at and how many there are.
pub fn load_all(
    file: &AtRest,
    loading: &mut Loading,
    hear: Hear<'_>,
    progress: &mut dyn FnMut(Stage, u32, u32) -> ControlFlow<()>,
) {
    loading.total = pages_there(file);
    let mut loader = Loader { file, loading, hear, progress };
    let _ = loader.go_on();
}

/// Pages that stand somewhere: in the page file or in the log, whatever a superblock says.
pub(super) fn pages_there(file: &AtRest) -> u32 {
    if file.page_size().is_none() {
        return 0;
    }
    log_pages(file).max().map_or(0, |page| page.0).max(file.pages_in_file())
}

fn log_pages(file: &AtRest) -> impl Iterator<Item = PageNo> {
    let records = file.log().scan.iter().flat_map(|scan| &scan.records);
    records.filter_map(|record| match &record.record {
        FrameRecord::Page { page, .. } => Some(*page),
        _ => None,
    })
}

struct Loader<'a, 'h> {
    file: &'a AtRest,
    loading: &'a mut Loading,
    hear: Hear<'h>,
    progress: &'a mut dyn FnMut(Stage, u32, u32) -> ControlFlow<()>,
}

impl Loader<'_, '_> {
    fn go_on(&mut self) -> ControlFlow<()> {
        if self.loading.stage == Stage::Tree {
            self.tree()?;
            self.enter(Stage::Pages);
        }
        if self.loading.stage == Stage::Pages {
            self.pages()?;
            self.enter(Stage::Reach);
        }
        if self.loading.stage == Stage::Reach {
            self.reach()?;
            self.enter(Stage::Done);
        }
        ControlFlow::Continue(())
    }

    fn enter(&mut self, stage: Stage) {
        (self.loading.stage, self.loading.done) = (stage, 0);
    }

    fn tree(&mut self) -> ControlFlow<()> {
        let Some(root) = self.file.root().map(|root| root.page).filter(|root| !root.is_none()) else {
            return ControlFlow::Continue(());
        };
        let (mut done, mut flow) = (0, ControlFlow::Continue(()));
        let levels = find_levels(Some(root), &mut |page, _| {
            done += 1;
            if done % STRIDE == 0 && flow.is_continue() {
                flow = (self.progress)(Stage::Tree, done, self.loading.total);
            }
            flow.is_continue().then(|| plain(self.file, page))?
        });
        flow?;
        (self.hear)(Part::Levels(root, Arc::new(levels)))
    }

    fn pages(&mut self) -> ControlFlow<()> {
        let Some(page_size) = self.file.page_size() else { return ControlFlow::Continue(()) };
        let in_file = self.file.pages_in_file();
        let run = (RUN_BYTES / page_size.bytes() as u64).max(1) as u32;
        let mut first = self.loading.next.max(1);
        while first <= in_file {
            // Holes read as zeros: no page stands there.
            let data = self.file.next_data(page_size.offset_of(PageNo(first)));
            let behind = data.saturating_sub(page_size.offset_of(PageNo(1))) / page_size.bytes() as u64 + 1;
            first = u32::try_from(behind).unwrap_or(u32::MAX).max(first);
            if first > in_file {
                break;
            }
            let last = first.saturating_add(run - 1).min(in_file);
            let briefs = self.briefs_of(first, last);
            for (page, brief) in &briefs {
                self.loading.briefs.set(*page, *brief);
            }
            self.loading.next = last.saturating_add(1);
            self.loading.done = last;
            let told = (self.hear)(Part::Briefs(briefs));
            (self.progress)(Stage::Pages, last, self.loading.total)?;
            told?;
            let Some(next) = last.checked_add(1) else { break };
            first = next;
        }
        let behind: Vec<(PageNo, Brief)> = log_pages(self.file)
            .filter(|page| page.0 > in_file)
            .filter_map(|page| Some((page, brief_of(self.file, page, &self.file.newest_page(page).ok()?))))
            .collect();
        for (page, brief) in &behind {
            self.loading.briefs.set(*page, *brief);
        }
        self.loading.done = self.loading.total;
        (self.hear)(Part::Briefs(behind))
    }

    /// The pages `first` to `last` of the page file, read at once; those of the log from there.
    fn briefs_of(&self, first: u32, last: u32) -> Vec<(PageNo, Brief)> {
        let Some(page_size) = self.file.page_size() else { return Vec::new() };
        let (size, start) = (page_size.bytes(), page_size.offset_of(PageNo(first)));
        let bytes = self.file.file_bytes(start, (last - first + 1) as usize * size).unwrap_or_default();
        let mut briefs = Vec::with_capacity((last - first + 1) as usize);
        for (page, at) in (first..=last).map(PageNo).zip(0..) {
            if self.file.is_in_log(page) {
                let found = self.file.newest_page(page).ok();
                briefs.extend(found.map(|found| (page, brief_of(self.file, page, &found))));
            } else if let Some(bytes) = bytes.get(at * size..(at + 1) * size) {
                let offset = start + (at * size) as u64;
                let found = PageBytes { bytes: bytes.to_vec(), source: ByteSource::File { offset } };
                briefs.push((page, brief_of(self.file, page, &found)));
            }
        }
        briefs
    }

    fn reach(&mut self) -> ControlFlow<()> {
        let (file, total) = (self.file, self.loading.total);
        let Ok(state) = file.state() else { return ControlFlow::Continue(()) };
        let space = space_of(file);
        let there = |page: PageNo| Some(page).filter(|page| !page.is_none());
        let begin =
            Beginnings { main: there(state.root.page), catalog: there(state.catalog.page), space: &space, whole: true };
        let briefs = &self.loading.briefs;
        // A leaf that was opened and leads nowhere need not be opened again.
        let opens = |page: PageNo| {
            let brief = briefs.get(page);
            brief.kind() != Some(PageKind::Leaf) || brief.leads_on() || brief.fill_percent().is_none()
        };
        let progress = &mut self.progress;
        let mut steps = 0;
        let reach = find_reach(total, &begin, &|page| plain(file, page), &opens, &mut |met| {
            steps += 1;
            if steps % STRIDE == 0 { progress(Stage::Reach, met, total) } else { ControlFlow::Continue(()) }
        });
        match reach {
            Some(reach) => (self.hear)(Part::Reach(Arc::new(reach))),
            None => ControlFlow::Break(()),
        }
    }
}

/// The main tree of `file`, by its branches.
pub fn find_tree(file: &AtRest) -> Option<(PageNo, Arc<Levels>)> {
    let root = file.root()?.page;
    Some((root, Arc::new(find_levels(Some(root), &mut |page, _| plain(file, page)))))
}

fn plain(file: &AtRest, page: PageNo) -> Option<Bytes> {
    let found = file.newest_page(page).ok()?;
    file.open_bytes(page, &found).ok().map(|plain| Bytes::from(plain.into_vec()))
}

/// A page in few words.
fn brief_of(file: &AtRest, page: PageNo, found: &PageBytes) -> Brief {
    if found.bytes.iter().all(|byte| *byte == 0) {
        // No page stands there.
        return Brief::default();
    }
    let header = SealedView::new(&found.bytes).and_then(|sealed| sealed.header().ok());
    let plain = header.and_then(|_| file.open_bytes(page, found).ok());
    let fill = plain.as_deref().and_then(fill_percent);
    let brief = Brief::new(header.map(|header| header.kind), fill, header.map(|header| header.commit));
    let brief = if matches!(found.source, ByteSource::Log { .. }) { brief.in_the_log() } else { brief };
    if plain.as_deref().is_some_and(leads_on) { brief.leading_on() } else { brief }
}
