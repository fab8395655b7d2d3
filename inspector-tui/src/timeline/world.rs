//! The state of a store at one instant. Views draw a world and know nothing of where it came from.
//!
//! A world of the sandbox is a fold over events; a world of a file at rest is set once. Neither runs the engine. Start
//! reading at [`World::page`] and [`World::holds`].

mod brief;
mod facts;
mod file;
mod load;
mod loading;
mod power;
mod reach;
mod space;
mod survey;
mod surveys;

pub use brief::{Brief, Briefs};
pub use facts::{Facts, Savepoint, Snapshot};
pub use file::{FilePage, FileWorld};
pub use load::read_page;
pub use loading::{Loading, Part, Stage, find_tree, load_all};
pub use reach::{Gist, Levels, Reach, Reached, Role};
pub use space::{FreeList, Space, Use};

use power::Undurable;
use std::collections::BTreeMap;
use std::sync::Arc;
use survey::{Standing, Survey};
use surveys::Surveys;
use tosumu::Finding;
use tosumu::format::node::NodeView;
use tosumu::format::page::{PageKind, SealedView};
use tosumu::limits::SUPERBLOCK_BYTES;
use tosumu::trace::{Event, FileState, Fold, PendingWrite, SectorImage};
use tosumu::types::{Bytes, CommitNo, PageNo, PageSize, Seal};

/// The state of a store at one instant.
#[derive(Clone)]
pub struct World {
    source: Source,
    /// What is known of the store as a whole.
    pub facts: Facts,
    /// What was worked out of this instant.
    kept: reach::Shared,
}

#[derive(Clone)]
enum Source {
    Sandbox(Box<Sandbox>),
    File(Arc<FileWorld>),
}

/// The sandbox: everything folded from events.
#[derive(Clone)]
struct Sandbox {
    fold: Fold,
    /// The plain form of every version of a page that was ever sealed, by its seal: what a page on the disk holds can be
    /// shown although no handle is open.
    known_pages: Arc<BTreeMap<Seal, Bytes>>,
    undurable: Undurable,
    /// The same at each savepoint of the open transaction, by its number.
    marks: Vec<(u32, Undurable)>,
    /// Whether somebody changed a file from outside: then nobody can say what an opening would find before it is tried.
    tampered: bool,
    /// What the operating system and the disk hold.
    surveys: Arc<Surveys>,
}

/// One page at an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorldPage {
    /// Its number.
    pub page: PageNo,
    /// Its plain form, when it is known.
    pub plain: Option<Bytes>,
    /// Levels above the leaves.
    pub level: Option<u8>,
    /// What it holds.
    pub kind: Option<PageKind>,
    /// Whether it was changed in memory and not sealed since.
    pub changed: bool,
    /// Whether it was taken into use by the present operation or transaction.
    pub new: bool,
    /// The commit its newest sealed form was made for.
    pub sealed_commit: Option<CommitNo>,
    /// The seal of its newest sealed form.
    pub seal: Option<Seal>,
    /// Whether the log holds a version of it that the page file does not.
    pub in_log: bool,
    /// The event that last changed its plain form.
    pub last_writer: Option<usize>,
    /// What was found in it.
    pub finding: Option<Finding>,
    /// Whether its bytes are at hand: of a file the others are read when they are looked at.
    pub is_read: bool,
}

/// A sealed page as it stands in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SealedAt {
    /// Its bytes.
    pub bytes: Bytes,
    /// The file.
    pub file: String,
    /// Where it starts in the file, in bytes.
    pub offset: u64,
}

/// A write that no sync has made durable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingLine {
    /// The file.
    pub file: String,
    /// Where, in bytes.
    pub offset: u64,
    /// How many bytes; for a change of length, none.
    pub bytes: u64,
}

/// What one place has of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Held {
    /// Nothing.
    Nothing,
    /// A version that is not sealed yet.
    Changed,
    /// A page that no file has yet.
    New,
    /// This commit's version, as the page file has it.
    InFile(CommitNo),
    /// This commit's version, as the log has it.
    InLog(CommitNo),
}

/// What each place has of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holds {
    /// The program's memory.
    pub memory: Held,
    /// The operating system.
    pub system: Held,
    /// The disk after a power cut.
    pub durable: Held,
}

impl World {
    /// The world before the first event, of a store that will stand in `file`.
    pub fn empty(file: &str, page_size: PageSize) -> World {
        let sandbox = Sandbox {
            fold: Fold::default(),
            known_pages: Arc::default(),
            undurable: Undurable::default(),
            marks: Vec::new(),
            tampered: false,
            surveys: Arc::default(),
        };
        let facts = Facts::of(file, page_size);
        World { source: Source::Sandbox(Box::new(sandbox)), facts, kept: reach::Shared::default() }
    }

    /// The world of a file at rest.
    pub fn at_rest(file: FileWorld) -> World {
        World { facts: file.facts.clone(), source: Source::File(Arc::new(file)), kept: reach::Shared::default() }
    }

    /// Takes in the next event. A file at rest takes none.
    pub fn apply(&mut self, event: &Event) {
        let Source::Sandbox(sandbox) = &mut self.source else { return };
        match reach::leaves_pages_alone(event) {
            true => reach::forget_memos(&mut self.kept),
            false => self.kept = reach::Shared::default(),
        }
        self.facts.apply(event);
        sandbox.apply(event, &self.facts);
        let is_found = matches!(event, Event::FileReplaced { .. }) && !self.facts.open && self.facts.root.is_none();
        if is_found {
            sandbox.fold.commit = sandbox.surveys.system.commit.unwrap_or_default();
        }
        self.facts.commit = sandbox.fold.commit;
        if Surveys::are_changed_by(event) {
            let durable = sandbox.surveys.durable.commit.unwrap_or_default();
            if durable > self.facts.durable_commit {
                sandbox.undurable.clear();
            }
            self.facts.durable_commit = durable;
        }
        if is_found || matches!(event, Event::Crashed { .. }) {
            let survey = &sandbox.surveys.system;
            (self.facts.root, self.facts.commit) = (survey.root, survey.commit.unwrap_or_default());
        }
        let ends = is_found || matches!(event, Event::Crashed { .. } | Event::Opened { .. } | Event::HandleDropped);
        if ends {
            self.facts.space = sandbox.space(&self.facts);
        }
    }

    /// The file at rest this world shows, when it shows one.
    pub fn file(&self) -> Option<&FileWorld> {
        match &self.source {
            Source::File(file) => Some(file),
            Source::Sandbox(_) => None,
        }
    }

    /// The same to be changed: what was read of it meanwhile is taken in. What was worked out of it goes.
    pub fn file_mut(&mut self) -> Option<&mut FileWorld> {
        let Source::File(file) = &mut self.source else { return None };
        self.kept = reach::Shared::default();
        Some(Arc::make_mut(file))
    }

    /// The pages that were looked at and are not at hand, lowest first; asking for them is up to whoever can read.
    pub fn take_missed(&self) -> Vec<PageNo> {
        self.kept_mut(|kept| std::mem::take(&mut kept.missed)).into_iter().collect()
    }

    /// Whether there is such a page, at hand or not.
    pub fn has_page(&self, page: PageNo) -> bool {
        match &self.source {
            Source::File(file) => !page.is_none() && page.0 <= file.pages,
            Source::Sandbox(sandbox) => sandbox.page(page, &self.facts).is_some(),
        }
    }

    /// What a verification said of `page`.
    pub fn verdict(&self, page: PageNo) -> Option<bool> {
        let said = self.facts.verified.get(&page).copied();
        said.or_else(|| self.file()?.briefs.get(page).verdict())
    }

    /// How many pages a verification spoke of, and how many of them are sound.
    pub fn judged(&self) -> (usize, usize) {
        match self.file().map(|file| file.briefs.judged()) {
            Some((judged @ 1.., sound)) => (judged as usize, sound as usize),
            _ => {
                let verified = &self.facts.verified;
                (verified.len(), verified.values().filter(|sound| **sound).count())
            }
        }
    }

    /// The pages changed in memory and not sealed since.
    pub fn changed_pages(&self) -> Vec<PageNo> {
        match &self.source {
            Source::File(_) => Vec::new(),
            Source::Sandbox(sandbox) => {
                let changed = sandbox.fold.pages.iter().filter(|(_, state)| state.changed_in_memory);
                changed.map(|(page, _)| *page).collect()
            }
        }
    }

    /// Page `page`: as it is in memory, else as its newest sealed form holds it.
    pub fn page(&self, page: PageNo) -> Option<WorldPage> {
        let mut known = match &self.source {
            Source::File(file) => self.noticed(file.page(page)?),
            Source::Sandbox(sandbox) => sandbox.page(page, &self.facts)?,
        };
        known.new = self.facts.new_pages.contains(&page);
        known.finding = self.facts.findings.iter().find(|finding| finding.page == Some(page)).cloned();
        Some(known)
    }

    /// The newest sealed form of `page` that the operating system holds: the log's frame if there is one, else what
    /// stands in the page file.
    pub fn sealed(&self, page: PageNo) -> Option<SealedAt> {
        match &self.source {
            Source::File(file) => file.held_page(page)?.sealed.clone(),
            Source::Sandbox(sandbox) => {
                let (standing, in_log) = sandbox.standing(page, &self.facts)?;
                let file = if in_log { &self.facts.log_file } else { &self.facts.file };
                let end = standing.offset + self.facts.page_size.bytes() as u64;
                let bytes = sandbox.fold.files.get(file)?.read(standing.offset..end).into();
                Some(SealedAt { bytes, file: file.clone(), offset: standing.offset })
            }
        }
    }

    /// What `page` holds, as far as that is known without looking into it.
    pub fn kind_of(&self, page: PageNo) -> Option<PageKind> {
        match &self.source {
            Source::File(file) => file.briefs.get(page).kind(),
            Source::Sandbox(_) => self.page(page).and_then(|page| page.kind),
        }
    }

    /// The pages that `page` points to, in the order of its slots.
    pub fn children(&self, page: PageNo) -> Vec<PageNo> {
        let plain = self.page(page).and_then(|page| page.plain);
        let Some(node) = plain.as_deref().and_then(|plain| NodeView::new(plain).ok()) else { return Vec::new() };
        match node.kind() {
            PageKind::Branch => (0..node.slot_count()).map(|slot| node.child(slot).page).collect(),
            _ => Vec::new(),
        }
    }

    /// The log's bytes as the operating system holds them.
    pub fn log_bytes(&self) -> Bytes {
        match &self.source {
            Source::File(file) => file.log.clone(),
            Source::Sandbox(sandbox) => {
                let bytes = || sandbox.state(&self.facts.log_file).map(FileState::system_bytes).unwrap_or_default();
                self.kept_log(|| bytes().into())
            }
        }
    }

    /// Where the records of the log end, in bytes; what stands behind is left from an earlier use of the file.
    pub fn log_end(&self) -> u64 {
        match &self.source {
            Source::File(file) => file.log.len() as u64,
            Source::Sandbox(sandbox) => sandbox.surveys.system.log_end,
        }
    }

    /// The log's header, then its records in order: the page that each names.
    pub fn log_pages(&self) -> &[Option<PageNo>] {
        match &self.source {
            Source::File(file) => &file.log_pages,
            Source::Sandbox(sandbox) => &sandbox.surveys.system.records,
        }
    }

    /// Up to where the log's records would survive a power cut, in bytes.
    pub fn log_durable_len(&self) -> u64 {
        match &self.source {
            Source::File(file) => file.log.len() as u64,
            Source::Sandbox(sandbox) => sandbox.surveys.durable.log_end,
        }
    }

    /// Length of the page file, in bytes.
    pub fn file_bytes_len(&self) -> u64 {
        match &self.source {
            Source::File(file) => file.file_bytes,
            Source::Sandbox(sandbox) => sandbox.state(&self.facts.file).map_or(0, |state| state.system.len()),
        }
    }

    /// Superblock slot `slot` (0 for A, 1 for B), when the page file reaches that far.
    pub fn superblock_bytes(&self, slot: u8) -> Option<Bytes> {
        match &self.source {
            Source::File(file) => file.superblocks.get(usize::from(slot))?.clone(),
            Source::Sandbox(sandbox) => {
                let bytes = sandbox.state(&self.facts.file)?.read(survey::superblock_range(slot));
                (bytes.len() == SUPERBLOCK_BYTES).then(|| bytes.into())
            }
        }
    }

    /// The newest commit that the operating system holds, be it durable or not; 0 when there is no store.
    pub fn system_commit(&self) -> CommitNo {
        match &self.source {
            Source::File(_) => self.facts.commit,
            Source::Sandbox(sandbox) => sandbox.surveys.system.commit.unwrap_or_default(),
        }
    }

    /// The writes that no sync has made durable, in order.
    pub fn pending(&self) -> Vec<PendingLine> {
        let Source::Sandbox(sandbox) = &self.source else { return Vec::new() };
        let mut lines: Vec<(u64, PendingLine)> = Vec::new();
        for (file, state) in &sandbox.fold.files {
            for write in state.pending.iter() {
                lines.push((write.order(), pending_line(file, write)));
            }
        }
        lines.sort_by_key(|(order, _)| *order);
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// The plain form of `page` as it was sealed with `seal`, when it is known.
    pub fn plain_of(&self, page: PageNo, seal: Seal) -> Option<Bytes> {
        match &self.source {
            Source::File(file) => file.held_page(page).filter(|known| known.seal == Some(seal))?.plain.clone(),
            Source::Sandbox(sandbox) => sandbox.known_pages.get(&seal).cloned(),
        }
    }

    /// `page` as it stands in the page file, whatever the log holds of it.
    pub fn sealed_in_file(&self, page: PageNo) -> Option<SealedAt> {
        match &self.source {
            Source::File(file) => file.held_page(page)?.in_file.clone(),
            Source::Sandbox(sandbox) => {
                let image = &sandbox.state(&self.facts.file)?.system;
                let standing = survey::in_page_file(image, page, self.facts.page_size)?;
                let end = standing.offset + self.facts.page_size.bytes() as u64;
                let bytes = image.read(standing.offset..end).into();
                Some(SealedAt { bytes, file: self.facts.file.clone(), offset: standing.offset })
            }
        }
    }

    /// What each place has of `page`.
    pub fn holds(&self, page: PageNo) -> Holds {
        match &self.source {
            Source::File(file) => {
                let held = held_at_rest(file.briefs.get(page));
                Holds { memory: Held::Nothing, system: held, durable: held }
            }
            Source::Sandbox(sandbox) => sandbox.holds(page, &self.facts),
        }
    }

    /// What would be left if the power went now, in one sentence.
    pub fn if_power_went(&self) -> String {
        match &self.source {
            Source::File(_) => "The file is at rest: nothing in it waits for a sync.".to_owned(),
            Source::Sandbox(sandbox) => sandbox.if_power_went(&self.facts),
        }
    }

    /// What a clone of this world copies: entries of pages, frames, records and changes. Their bytes are shared.
    pub(super) fn weight(&self) -> usize {
        let Source::Sandbox(sandbox) = &self.source else { return 0 };
        let facts = self.facts.new_pages.len() + self.facts.verified.len() + self.facts.findings.len();
        sandbox.fold.pages.len() + facts
    }

    /// This world as a keyframe keeps it: the sealed pages it knows are kept once, by the end of the timeline.
    pub(super) fn without_known_pages(&self) -> World {
        let mut world = self.clone();
        world.kept = reach::Shared::default();
        if let Source::Sandbox(sandbox) = &mut world.source {
            sandbox.known_pages = Arc::default();
        }
        world
    }

    /// This world, knowing the sealed pages that `other` knows.
    pub(super) fn knowing_pages_of(mut self, other: &World) -> World {
        if let (Source::Sandbox(sandbox), Source::Sandbox(other)) = (&mut self.source, &other.source) {
            sandbox.known_pages = other.known_pages.clone();
            self.kept = reach::Shared::default();
        }
        self
    }

    /// Whether what the system and the disk hold, followed event by event, is what a look at all bytes finds.
    #[cfg(test)]
    pub(super) fn surveys_are_right(&self) -> bool {
        match &self.source {
            Source::File(_) => true,
            Source::Sandbox(sandbox) => sandbox.surveys.are_those_of(&sandbox.fold, &self.facts),
        }
    }

    /// Whether two worlds tell the same of the store; how much each knows of sealed pages of other instants is left out.
    #[cfg(test)]
    pub(super) fn tells_the_same_as(&self, other: &World) -> bool {
        match (&self.source, &other.source) {
            (Source::Sandbox(one), Source::Sandbox(two)) => {
                self.facts == other.facts && one.fold == two.fold && one.undurable == two.undurable
            }
            (Source::File(one), Source::File(two)) => self.facts == other.facts && one == two,
            _ => false,
        }
    }
}

impl Sandbox {
    fn apply(&mut self, event: &Event, facts: &Facts) {
        self.fold.apply(event);
        self.follow_changes(event);
        if let Event::PageSealed { page, seal, .. } = event
            && !self.known_pages.contains_key(seal)
            && let Some(state) = self.fold.pages.get(page).filter(|state| !state.plain.is_empty())
        {
            Arc::make_mut(&mut self.known_pages).insert(*seal, state.plain.clone());
        }
        // Of files that were found nothing was ever sealed here.
        if let Event::PageOpened { seal, after, .. } = event
            && !self.known_pages.contains_key(seal)
            && let Some(image) = after.first()
        {
            Arc::make_mut(&mut self.known_pages).insert(*seal, image.plain.clone());
        }
        if Surveys::are_changed_by(event) {
            Arc::make_mut(&mut self.surveys).follow(event, &self.fold, facts);
        }
    }

    /// The named trees and the free list as the newest commit on the disk has them.
    fn space(&self, facts: &Facts) -> Space {
        let survey = &self.surveys.system;
        let plain = |page: PageNo| self.page(page, facts).and_then(|page| page.plain);
        Space::read(survey.catalog, survey.free_list, survey.free_count, &plain)
    }

    fn state(&self, file: &str) -> Option<&FileState> {
        self.fold.files.get(file)
    }

    /// Where the newest sealed form of `page` stands, and whether that is the log.
    fn standing(&self, page: PageNo, facts: &Facts) -> Option<(Standing, bool)> {
        match self.surveys.system.frames.get(&page) {
            Some(frame) => Some((*frame, true)),
            None => {
                let image = &self.state(&facts.file)?.system;
                Some((survey::in_page_file(image, page, facts.page_size)?, false))
            }
        }
    }

    fn page(&self, page: PageNo, facts: &Facts) -> Option<WorldPage> {
        if page.is_none() {
            return None;
        }
        match self.fold.pages.get(&page) {
            Some(state) => {
                let plain = Some(state.plain.clone()).filter(|plain| !plain.is_empty());
                Some(WorldPage {
                    changed: state.changed_in_memory,
                    sealed_commit: state.sealed_commit,
                    seal: state.seal,
                    in_log: state.in_log,
                    last_writer: Some(state.last_writer),
                    ..page_of(page, plain)
                })
            }
            None => self.page_on_disk(page, facts),
        }
    }

    fn page_on_disk(&self, page: PageNo, facts: &Facts) -> Option<WorldPage> {
        let (standing, in_log) = self.standing(page, facts)?;
        let mut shown = page_of(page, self.known_pages.get(&standing.seal).cloned());
        shown.sealed_commit = Some(standing.commit);
        shown.seal = Some(standing.seal);
        shown.in_log = in_log;
        shown.kind = shown.kind.or_else(|| self.kind_on_disk(&standing, in_log, facts));
        Some(shown)
    }

    fn kind_on_disk(&self, standing: &Standing, in_log: bool, facts: &Facts) -> Option<PageKind> {
        let file = if in_log { &facts.log_file } else { &facts.file };
        let end = standing.offset + facts.page_size.bytes() as u64;
        let bytes = self.state(file)?.read(standing.offset..end);
        SealedView::new(&bytes)?.header().ok().map(|header| header.kind)
    }

    fn holds(&self, page: PageNo, facts: &Facts) -> Holds {
        let surveys = &self.surveys;
        // By reference: an image of a large file is not copied for a row of a table.
        let state = self.state(&facts.file);
        let unnamed = if state.is_none() { surveys::durable(&self.fold, &facts.file) } else { None };
        let durable = state.map_or(unnamed.as_ref(), |state| state.durable.as_ref());
        Holds {
            memory: self.fold.pages.get(&page).map_or(Held::Nothing, |state| {
                match (state.sealed_commit.filter(|_| !state.changed_in_memory), state.in_log) {
                    (Some(commit), true) => Held::InLog(commit),
                    (Some(commit), false) => Held::InFile(commit),
                    (None, _) if state.sealed_commit.is_none() && facts.new_pages.contains(&page) => Held::New,
                    (None, _) => Held::Changed,
                }
            }),
            system: held_on_disk(&surveys.system, state.map(|state| &state.system), page, facts.page_size),
            durable: held_on_disk(&surveys.durable, durable, page, facts.page_size),
        }
    }
}

fn page_of(page: PageNo, plain: Option<Bytes>) -> WorldPage {
    let node = plain.as_deref().and_then(|plain| NodeView::new(plain).ok());
    let level = node.map(|node| node.level());
    let kind = node.map(|node| node.kind()).or_else(|| PageKind::from_byte(*plain.as_deref()?.first()?));
    WorldPage {
        page,
        level,
        kind,
        plain,
        changed: false,
        new: false,
        sealed_commit: None,
        seal: None,
        in_log: false,
        last_writer: None,
        finding: None,
        is_read: true,
    }
}

fn held_on_disk(survey: &Survey, page_file: Option<&SectorImage>, page: PageNo, page_size: PageSize) -> Held {
    if let Some(frame) = survey.frames.get(&page) {
        return Held::InLog(frame.commit);
    }
    page_file
        .and_then(|image| survey::in_page_file(image, page, page_size))
        .map_or(Held::Nothing, |standing| Held::InFile(standing.commit))
}

fn held_at_rest(page: Brief) -> Held {
    match (page.commit(), page.is_in_log()) {
        (Some(commit), true) => Held::InLog(commit),
        (Some(commit), false) => Held::InFile(commit),
        (None, _) => Held::Nothing,
    }
}

fn pending_line(file: &str, write: &PendingWrite) -> PendingLine {
    PendingLine { file: file.to_owned(), offset: write.offset(), bytes: write.bytes() }
}
