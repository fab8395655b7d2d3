//! What the life of a page says: every version its number ever had and what became of each, as the events tell it; of a file
//! at rest, the versions that still stand in the page file and in the log.

use super::{log, operation_words, plural, receipt, tree};
use crate::{model::Model, timeline::Timeline};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use tosumu::format::free_list::FreeTrunkView;
use tosumu::format::log::{LogShape, RecordKind};
use tosumu::format::node::NodeView;
use tosumu::format::page::{PageKind, SealedView};
use tosumu::trace::Event;
use tosumu::types::{Bytes, PageNo};

/// What became of the page at one moment.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct FrameFacts {
    /// The event, from 1; none in a file at rest.
    pub event: Option<usize>,
    /// The operation it belongs to.
    pub operation: Option<String>,
    /// `taken`, `changed`, `sealed`, `logged`, `durable`, `folded`, `opened`, `freed`, …
    pub what: String,
    /// Which version this is, from 1; it grows whenever the content changes.
    pub version: usize,
    /// The commit it was sealed for.
    pub commit: Option<u64>,
    /// What it holds.
    pub kind: String,
    /// Levels above the leaves.
    pub level: Option<u8>,
    /// Its records or entries.
    pub records: Option<usize>,
    /// How full it is, in percent.
    pub fill_percent: Option<u8>,
    /// Why, in a few words.
    pub why: String,
}

/// The life of a page.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct LifeFacts {
    /// Its number.
    pub page: u32,
    /// How many versions there are.
    pub versions: usize,
    /// What became of them, in order.
    pub frames: Vec<FrameFacts>,
    /// Which of the frames is the last that has happened at the present instant, from 0.
    pub present: Option<usize>,
    /// What is to be said when there is nothing to show, or only part of it.
    pub remark: Option<String>,
}

/// A moment of the page's life, before its content is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The event, from 0.
    pub event: usize,
    /// `changed`, `sealed`, …
    pub what: &'static str,
    /// Which version it is about, from 1.
    pub version: usize,
    /// The event that gave this version its content, from 0, when one did.
    pub content: Option<usize>,
    /// The commit it was sealed for last.
    pub commit: Option<u64>,
}

/// The life that was told last, kept because it is asked for several times a frame.
#[derive(Default)]
pub struct Kept(std::sync::Mutex<Option<(Key, Arc<Vec<Moment>>)>>);

/// Branch, number of its events, page.
type Key = (usize, usize, PageNo);

/// The moments in the life of `page`, in order. Only events about it are looked into.
pub fn moments(model: &Model, page: PageNo) -> Arc<Vec<Moment>> {
    let Some(timeline) = model.timeline() else { return Arc::default() };
    let key = (model.branch, timeline.len(), page);
    let mut kept = model.looking.life_kept.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((_, moments)) = kept.as_ref().filter(|(of, _)| *of == key) {
        return moments.clone();
    }
    let mut follower = Follower::new(model, page);
    for (index, event) in timeline.events().iter().enumerate() {
        follower.take(index, event);
    }
    let moments = Arc::new(follower.moments);
    *kept = Some((key, moments.clone()));
    moments
}

/// The moment at or before the present instant.
pub fn present(model: &Model, moments: &[Moment]) -> Option<usize> {
    moments.partition_point(|moment| moment.event < model.at).checked_sub(1)
}

/// Follows one page through the events.
struct Follower {
    page: PageNo,
    moments: Vec<Moment>,
    version: usize,
    content: Option<usize>,
    commit: Option<u64>,
    /// Sealed, and its frame is looked for in the writes to the log.
    to_log: bool,
    /// In the log, and a sync is waited for.
    to_sync: bool,
    /// In the page file, and a sync is waited for.
    to_file_sync: bool,
    in_memory: bool,
    changed_in_transaction: bool,
    file: String,
    log: String,
    place: std::ops::Range<u64>,
    shape: LogShape,
}

impl Follower {
    fn new(model: &Model, page: PageNo) -> Follower {
        let facts = &model.world.facts;
        let start = facts.page_size.offset_of(page);
        let shape = log::newest_superblock(&model.world).map_or(LogShape::newest(facts.page_size), |superblock| {
            LogShape { format: superblock.format, page_size: facts.page_size }
        });
        Follower {
            page,
            moments: Vec::new(),
            version: 0,
            content: None,
            commit: None,
            to_log: false,
            to_sync: false,
            to_file_sync: false,
            in_memory: false,
            changed_in_transaction: false,
            file: facts.file.clone(),
            log: facts.log_file.clone(),
            place: start..start + facts.page_size.bytes() as u64,
            shape,
        }
    }

    fn tell(&mut self, event: usize, what: &'static str) {
        let (version, content, commit) = (self.version.max(1), self.content, self.commit);
        self.moments.push(Moment { event, what, version, content, commit });
    }

    fn take(&mut self, index: usize, event: &Event) {
        match event {
            Event::PageOpened { page, commit, .. } if *page == self.page => {
                if self.commit != Some(commit.0) || self.content.is_none() {
                    (self.content, self.commit) = (Some(index), Some(commit.0));
                    self.version += usize::from(self.version == 0);
                }
                self.in_memory = true;
                self.tell(index, "opened");
            }
            Event::PageOpened { .. } => {}
            Event::PageSealed { page, commit, .. } if *page == self.page => {
                self.commit = Some(commit.0);
                self.to_log = true;
                self.tell(index, "sealed");
            }
            Event::PageSpilled { page, .. } if *page == self.page => self.tell(index, "set aside"),
            Event::PageFreed { page, .. } if *page == self.page => {
                self.tell_content(index, event, "freed");
            }
            Event::PageTaken { page, .. } if *page == self.page => self.tell(index, "taken again"),
            Event::PagesMerged { emptied, .. } if *emptied == self.page => self.tell(index, "emptied"),
            Event::PageAllocated { page, .. } if *page == self.page => self.tell_content(index, event, "taken"),
            Event::PageVerified { page, sound } if *page == self.page => {
                self.tell(index, if *sound { "checked" } else { "found bad" });
            }
            Event::TransactionStarted { .. } => self.changed_in_transaction = false,
            Event::TransactionRolledBack { .. } if self.changed_in_transaction => {
                self.changed_in_transaction = false;
                (self.to_log, self.content) = (false, None);
                self.tell(index, "undone");
            }
            Event::Crashed { .. } | Event::HandleDropped => self.lose_memory(index, event),
            Event::FileWritten { .. } | Event::FileSynced { .. } => self.follow_disk(index, event),
            Event::Tampered { file, offset, data, .. }
                if *file == self.file && self.lies_in(*offset, data.len() as u64) =>
            {
                self.tell(index, "tampered");
            }
            Event::FileReplaced { file, .. } if *file == self.file => self.tell(index, "replaced"),
            _ if event.images().iter().any(|image| image.page == self.page) => {
                self.changed_in_transaction = true;
                self.tell_content(index, event, "changed");
            }
            _ => {}
        }
    }

    fn tell_content(&mut self, index: usize, event: &Event, what: &'static str) {
        if event.images().iter().any(|image| image.page == self.page) {
            self.version += 1;
            self.content = Some(index);
        }
        self.in_memory = true;
        self.commit = None;
        self.tell(index, what);
    }

    fn lose_memory(&mut self, index: usize, event: &Event) {
        if std::mem::take(&mut self.in_memory) || self.to_sync {
            let is_crash = matches!(event, Event::Crashed { .. });
            self.tell(index, if is_crash { "power cut" } else { "dropped" });
        }
        (self.to_log, self.to_sync, self.to_file_sync) = (false, false, false);
        (self.changed_in_transaction, self.content) = (false, None);
    }

    /// Whether the page's place in the page file is touched by so many bytes at `offset`.
    fn lies_in(&self, offset: u64, bytes: u64) -> bool {
        offset < self.place.end && self.place.start < offset.saturating_add(bytes)
    }

    fn follow_disk(&mut self, index: usize, event: &Event) {
        match event {
            Event::FileWritten { file, offset, data: Some(data), .. } if *file == self.log && self.to_log => {
                let records = receipt::records_of(*offset, data, self.shape);
                if records.iter().any(|(kind, page)| *kind == RecordKind::Page && *page == self.page) {
                    (self.to_log, self.to_sync) = (false, true);
                    self.tell(index, "logged");
                }
            }
            Event::FileWritten { file, offset, bytes, .. } if *file == self.file && self.lies_in(*offset, *bytes) => {
                self.to_file_sync = true;
                self.tell(index, "folded");
            }
            Event::FileSynced { file } if *file == self.log && std::mem::take(&mut self.to_sync) => {
                self.tell(index, "durable");
            }
            Event::FileSynced { file } if *file == self.file && std::mem::take(&mut self.to_file_sync) => {
                self.tell(index, "durable");
            }
            _ => {}
        }
    }
}

/// Everything about one moment.
pub fn frame(model: &Model, page: PageNo, moment: &Moment) -> FrameFacts {
    let Some(timeline) = model.timeline() else { return FrameFacts::default() };
    let event = timeline.event(moment.event);
    let operation = timeline.operation_of(moment.event).and_then(|at| timeline.operations().get(at));
    let plain = moment.content.and_then(|at| plain_of(timeline, at, page));
    FrameFacts {
        event: Some(moment.event + 1),
        operation: operation.map(|operation| operation_words(&operation.line, 60)),
        what: moment.what.into(),
        version: moment.version,
        commit: moment.commit,
        why: event.short(),
        ..content(plain.as_deref())
    }
}

fn plain_of(timeline: &Timeline, event: usize, page: PageNo) -> Option<Bytes> {
    let images = timeline.event(event).images();
    images.iter().find(|image| image.page == page).map(|image| image.plain.clone())
}

/// What a plain page holds, in figures.
fn content(plain: Option<&[u8]>) -> FrameFacts {
    let Some(plain) = plain else { return FrameFacts::default() };
    let kind = plain.first().and_then(|byte| PageKind::from_byte(*byte));
    let mut facts = FrameFacts { kind: tree::kind_word(kind).into(), ..FrameFacts::default() };
    if let Ok(node) = NodeView::new(plain) {
        let (size, free) = (plain.len(), node.free_bytes());
        facts.level = Some(node.level());
        facts.records = Some(node.slot_count());
        facts.fill_percent = Some(((size.saturating_sub(free) * 100 + size / 2) / size.max(1)) as u8);
    } else if let Ok(trunk) = FreeTrunkView::new(plain) {
        facts.records = Some(trunk.count());
    }
    facts
}

/// The life of the shown page.
pub fn life(model: &Model) -> LifeFacts {
    let Some(page) = model.shown_page() else {
        let remark = "No page is shown: the store has none yet, or it is not open.".to_owned();
        return LifeFacts { remark: Some(remark), ..LifeFacts::default() };
    };
    if model.timeline().is_none() {
        return at_rest(model, page);
    }
    let moments = moments(model, page);
    LifeFacts {
        page: page.0,
        versions: moments.last().map_or(0, |moment| moment.version),
        present: present(model, &moments),
        frames: moments.iter().map(|moment| frame(model, page, moment)).collect(),
        remark: moments.is_empty().then(|| format!("No event on this time line is about page {page}.")),
    }
}

/// The versions of a page that a file and its log still hold.
fn at_rest(model: &Model, page: PageNo) -> LifeFacts {
    let world = &model.world;
    let newest = world.page(page);
    let plain = |seal| newest.as_ref().filter(|known| known.seal == Some(seal)).and_then(|known| known.plain.clone());
    let mut frames = Vec::new();
    let mut add = |bytes: &[u8], what: &str, why: String| {
        let Some(sealed) = SealedView::new(bytes) else { return };
        let header = sealed.header().ok();
        let known = content(plain(sealed.seal()).as_deref());
        frames.push(FrameFacts {
            what: what.into(),
            version: frames.len() + 1,
            commit: header.as_ref().map(|header| header.commit.0),
            kind: tree::kind_word(header.map(|header| header.kind)).into(),
            why,
            ..known
        });
    };
    if let Some(at) = world.sealed_in_file(page) {
        add(&at.bytes, "page file", format!("stands at byte {} of the page file", at.offset));
    }
    let log_bytes = world.log_bytes();
    for record in log::log(model).records.iter().filter(|record| record.page == Some(page.0)) {
        let end = (record.end as usize).min(log_bytes.len());
        let body = end.saturating_sub(world.facts.page_size.bytes())..end;
        let kept = if record.kept { "" } else { ", of a commit that was never finished" };
        let why = format!("stands in the log's record {} at byte {}{kept}", record.sequence, record.offset);
        add(&log_bytes[body], "log", why);
    }
    let remark = match frames.is_empty() {
        true => format!("Neither the page file nor the log holds a version of page {page} that can be read."),
        false => "A file at rest tells no history: these are the versions that still exist.".to_owned(),
    };
    LifeFacts {
        page: page.0,
        versions: frames.len(),
        present: frames.len().checked_sub(1),
        frames,
        remark: Some(remark),
    }
}

impl FrameFacts {
    /// `leaf, 4 records, 55 % full`; empty when nothing is known.
    pub fn content(&self) -> String {
        let level = self.level.filter(|level| *level > 0).map(|level| format!("level {level}"));
        let word = if self.kind == "branch" { "slot" } else { "record" };
        let word = if self.kind == "free list" { "entry" } else { word };
        let records = self.records.map(|records| match word {
            "entry" if records != 1 => format!("{records} entries"),
            word => plural(records, word),
        });
        let fill = self.fill_percent.map(|percent| format!("{percent} % full"));
        let kind = Some(self.kind.clone()).filter(|kind| !kind.is_empty());
        [kind, level, records, fill].into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    fn line(&self) -> String {
        let event = self.event.map_or(String::new(), |event| format!("event {event}: "));
        let commit = self.commit.map_or(String::new(), |commit| format!(", for commit {commit}"));
        let content = self.content();
        let content = if content.is_empty() { String::new() } else { format!("; {content}") };
        let operation = self.operation.as_ref().map_or(String::new(), |line| format!("; part of {line}"));
        format!("{event}version {}, {}{commit}{content}; {}{operation}", self.version, self.what, self.why)
    }
}

impl LifeFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::new();
        if self.page > 0 {
            text.push_str(&format!("Page {}: {}.\n", self.page, plural(self.versions, "version")));
        }
        text.extend(self.remark.iter().map(|remark| format!("{remark}\n")));
        for (at, frame) in self.frames.iter().enumerate() {
            let mark = if self.present == Some(at) { '>' } else { ' ' };
            text.push_str(&format!("{mark}{}\n", frame.line()));
        }
        text
    }
}
