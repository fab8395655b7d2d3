//! What the receipt says: what an operation or a transaction was given, and what it cost in pages, frames, bytes and syncs.
//!
//! Every figure is counted from the events; nothing is estimated. A file at rest has no events: there the commits that its
//! log still holds are billed, as far as a log tells.

use super::{log, operation_words, plural};
use crate::model::Model;
use crate::widget::text::grouped;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use tosumu::format::log::{LOG_HEADER_BYTES, LogHeader, LogShape, RecordKind, RecordView, padded_end};
use tosumu::trace::{Event, PageSource};
use tosumu::types::PageNo;

/// What was given and what it cost. A figure that nothing tells is none.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct Bill {
    /// Records written.
    pub records_written: Option<u64>,
    /// Records removed.
    pub records_removed: Option<u64>,
    /// Bytes of the keys and values that were given.
    pub bytes_given: Option<u64>,
    /// Times a node was searched for a key.
    pub nodes_searched: Option<u64>,
    /// Of those, in a page that was in memory already.
    pub found_in_memory: Option<u64>,
    /// Pages opened from the page file.
    pub opened_from_file: Option<u64>,
    /// Pages opened from the log.
    pub opened_from_log: Option<u64>,
    /// Pages opened from those the transaction had set aside.
    pub opened_from_spill: Option<u64>,
    /// Pages that were changed in memory, each once.
    pub pages_changed: Option<u64>,
    /// Pages taken into use.
    pub pages_taken: Option<u64>,
    /// Pages given back.
    pub pages_freed: Option<u64>,
    /// Pages split.
    pub splits: Option<u64>,
    /// Pages merged.
    pub merges: Option<u64>,
    /// Pages sealed.
    pub pages_sealed: Option<u64>,
    /// Page frames written to the log.
    pub log_frames: Option<u64>,
    /// Commit records written to the log.
    pub log_commits: Option<u64>,
    /// Bytes written to the log.
    pub log_bytes: Option<u64>,
    /// Bytes written to the page file.
    pub page_file_bytes: Option<u64>,
    /// Bytes written to other files.
    pub other_bytes: Option<u64>,
    /// Writes handed to the operating system.
    pub writes: Option<u64>,
    /// Syncs of files.
    pub file_syncs: Option<u64>,
    /// Syncs of the folder.
    pub folder_syncs: Option<u64>,
}

/// A line of the bill: its label, what it means, and its figure.
pub type Row = (&'static str, &'static str, fn(&Bill) -> Option<u64>);

/// The lines of the bill, in order; an empty label stands between two parts.
pub const ROWS: [Row; 22] = [
    ("bytes given", "keys and values", |bill| bill.bytes_given),
    ("records written", "", |bill| bill.records_written),
    ("records removed", "", |bill| bill.records_removed),
    ("nodes searched", "for the place of a key", |bill| bill.nodes_searched),
    ("found in memory", "no page had to be opened", |bill| bill.found_in_memory),
    ("opened from the file", "read, checked, deciphered", |bill| bill.opened_from_file),
    ("opened from the log", "read, checked, deciphered", |bill| bill.opened_from_log),
    ("opened from aside", "set aside by the transaction", |bill| bill.opened_from_spill),
    ("pages changed", "in memory, each once", |bill| bill.pages_changed),
    ("pages taken", "into use", |bill| bill.pages_taken),
    ("pages given back", "", |bill| bill.pages_freed),
    ("splits", "", |bill| bill.splits),
    ("merges", "", |bill| bill.merges),
    ("pages sealed", "enciphered, with a new tag", |bill| bill.pages_sealed),
    ("log frames", "a sealed page each", |bill| bill.log_frames),
    ("log commits", "a commit record each", |bill| bill.log_commits),
    ("log bytes", "padding included", |bill| bill.log_bytes),
    ("page file bytes", "", |bill| bill.page_file_bytes),
    ("other files' bytes", "", |bill| bill.other_bytes),
    ("writes", "handed to the system", |bill| bill.writes),
    ("file syncs", "what makes it durable", |bill| bill.file_syncs),
    ("folder syncs", "", |bill| bill.folder_syncs),
];

/// A bill and whose it is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct BillFacts {
    /// `put m 13`, `transaction 3`, `commit 2 in the log`.
    pub what: String,
    /// The operation's number, from 1, when it is one.
    pub operation: Option<usize>,
    /// The first of its events, from 1.
    pub first_event: Option<usize>,
    /// The last of its events, from 1.
    pub last_event: Option<usize>,
    /// The figures.
    pub bill: Bill,
    /// Bytes written for a hundred bytes given.
    pub written_for_100_given: Option<u64>,
}

/// The receipt.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct ReceiptFacts {
    /// The present operation; in a file, the newest commit of the log.
    pub of: Option<BillFacts>,
    /// Its transaction so far, when that has more operations than this one.
    pub transaction: Option<BillFacts>,
    /// What it is compared with.
    pub against: Option<BillFacts>,
    /// What is to be said when there is no bill, or only part of one.
    pub remark: Option<String>,
}

/// The receipt of what is in front.
pub fn receipt(model: &Model) -> ReceiptFacts {
    let Some(timeline) = model.timeline() else { return of_log(model) };
    let Some(index) = model.present_index().and_then(|index| timeline.operation_of(index)) else {
        let earlier = timeline.operations().first().is_some_and(|first| first.first < model.at);
        let remark = match (timeline.operations().is_empty(), earlier) {
            (true, _) => "No operation was run here, so there is no bill.",
            (false, true) => "No operation is in front: [ goes back to the last one.",
            (false, false) => "No operation is in front yet: ] goes on to the first one.",
        };
        let remark = remark.to_owned();
        return ReceiptFacts { remark: Some(remark), ..ReceiptFacts::default() };
    };
    let against = model.looking.receipt_against.filter(|other| *other < timeline.operations().len());
    let against = against.or_else(|| index.checked_sub(1));
    ReceiptFacts {
        of: Some(of_operation(model, index)),
        transaction: of_transaction(model, index),
        against: against.filter(|other| *other != index).map(|other| of_operation(model, other)),
        remark: None,
    }
}

fn shape(model: &Model) -> LogShape {
    let page_size = model.world.facts.page_size;
    log::newest_superblock(&model.world)
        .map_or(LogShape::newest(page_size), |superblock| LogShape { format: superblock.format, page_size })
}

/// The bill of these events of the timeline in front.
pub fn of_events(model: &Model, what: String, events: std::ops::Range<usize>) -> BillFacts {
    let Some(timeline) = model.timeline() else { return BillFacts::default() };
    let mut count = Count::new(model);
    events.clone().for_each(|at| count.take(timeline.event(at)));
    BillFacts {
        what,
        operation: None,
        first_event: Some(events.start + 1),
        last_event: Some(events.end),
        ..billed(count.bill())
    }
}

/// For each line of the bill the first event that it counts, from 0; none where it counts none.
pub fn first_events(model: &Model, bill: &BillFacts) -> [Option<usize>; ROWS.len()] {
    let mut first = [None; ROWS.len()];
    let (Some(timeline), Some(start), Some(end)) = (model.timeline(), bill.first_event, bill.last_event) else {
        return first;
    };
    let counted = ROWS.map(|(_, _, figure)| figure(&bill.bill).unwrap_or(0) > 0);
    let mut count = Count::new(model);
    for at in start - 1..end.min(timeline.len()) {
        count.take(timeline.event(at));
        count.bill.pages_changed = Some(count.changed.len() as u64);
        for (row, (_, _, figure)) in ROWS.iter().enumerate() {
            if first[row].is_none() && figure(&count.bill).unwrap_or(0) > 0 {
                first[row] = Some(at);
            }
        }
        if first.iter().zip(counted).all(|(first, counted)| first.is_some() || !counted) {
            break;
        }
    }
    first
}

fn billed(bill: Bill) -> BillFacts {
    let written = bill.log_bytes.unwrap_or(0) + bill.page_file_bytes.unwrap_or(0) + bill.other_bytes.unwrap_or(0);
    let given = bill.bytes_given.filter(|given| *given > 0);
    BillFacts { written_for_100_given: given.map(|given| written * 100 / given), bill, ..BillFacts::default() }
}

fn of_operation(model: &Model, index: usize) -> BillFacts {
    let Some(operation) = model.timeline().and_then(|timeline| timeline.operations().get(index)) else {
        return BillFacts::default();
    };
    let line = operation_words(&operation.line, 60);
    BillFacts { operation: Some(index + 1), ..of_events(model, line, operation.first..operation.last + 1) }
}

/// The transaction round the present event, when it is more than the present operation.
fn of_transaction(model: &Model, index: usize) -> Option<BillFacts> {
    let timeline = model.timeline()?;
    let (first, last) = timeline.transaction_span(model.present_index()?)?;
    let operation = timeline.operations().get(index)?;
    if first >= operation.first && last <= operation.last {
        return None;
    }
    let number = match timeline.event(first) {
        Event::TransactionStarted { transaction, .. } => *transaction,
        _ => return None,
    };
    Some(of_events(model, format!("transaction {number}"), first..last + 1))
}

/// Counts as events go by.
struct Count {
    bill: Bill,
    changed: BTreeSet<PageNo>,
    file: String,
    log: String,
    shape: LogShape,
    /// False once a write to the log went by whose bytes the trace does not tell.
    knows_frames: bool,
    /// Opened and not searched since.
    fresh: BTreeSet<PageNo>,
}

impl Count {
    fn new(model: &Model) -> Count {
        let facts = &model.world.facts;
        let mut bill = Bill::default();
        for figure in figures(&mut bill) {
            *figure = Some(0);
        }
        Count {
            bill,
            changed: BTreeSet::new(),
            file: facts.file.clone(),
            log: facts.log_file.clone(),
            shape: shape(model),
            knows_frames: true,
            fresh: BTreeSet::new(),
        }
    }

    fn bill(mut self) -> Bill {
        self.bill.pages_changed = Some(self.changed.len() as u64);
        if !self.knows_frames {
            (self.bill.log_frames, self.bill.log_commits) = (None, None);
        }
        self.bill
    }

    fn take(&mut self, event: &Event) {
        if !matches!(event, Event::PageOpened { .. }) {
            self.changed.extend(event.images().iter().map(|image| image.page));
        }
        let bill = &mut self.bill;
        match event {
            Event::RecordWritten { key, value_bytes, .. } => {
                add(&mut bill.records_written, 1);
                add(&mut bill.bytes_given, key.len() as u64 + u64::from(*value_bytes));
            }
            Event::RecordRemoved { key, .. } => {
                add(&mut bill.records_removed, 1);
                add(&mut bill.bytes_given, key.len() as u64);
            }
            Event::BranchSearched { page, .. } | Event::LeafSearched { page, .. } => {
                add(&mut bill.nodes_searched, 1);
                add(&mut bill.found_in_memory, u64::from(!self.fresh.remove(page)));
            }
            Event::PageOpened { page, source, .. } => {
                self.fresh.insert(*page);
                match source {
                    PageSource::Log => add(&mut bill.opened_from_log, 1),
                    PageSource::File => add(&mut bill.opened_from_file, 1),
                    PageSource::Spill => add(&mut bill.opened_from_spill, 1),
                }
            }
            Event::PageAllocated { .. } => add(&mut bill.pages_taken, 1),
            Event::PageFreed { .. } => add(&mut bill.pages_freed, 1),
            Event::PageSplit { .. } => add(&mut bill.splits, 1),
            Event::PagesMerged { .. } => add(&mut bill.merges, 1),
            Event::PageSealed { .. } => add(&mut bill.pages_sealed, 1),
            Event::FileSynced { .. } => add(&mut bill.file_syncs, 1),
            Event::DirectorySynced => add(&mut bill.folder_syncs, 1),
            Event::FileWritten { file, offset, bytes, data } => {
                add(&mut bill.writes, 1);
                if *file == self.log {
                    add(&mut bill.log_bytes, *bytes);
                    self.count_records(*offset, data.as_deref());
                } else if *file == self.file {
                    add(&mut bill.page_file_bytes, *bytes);
                } else {
                    add(&mut bill.other_bytes, *bytes);
                }
            }
            _ => {}
        }
    }

    fn count_records(&mut self, offset: u64, data: Option<&[u8]>) {
        let Some(data) = data else { return self.knows_frames = false };
        for kind in records_of(offset, data, self.shape).iter().map(|(kind, _)| kind) {
            match kind {
                RecordKind::Page => add(&mut self.bill.log_frames, 1),
                RecordKind::Commit => add(&mut self.bill.log_commits, 1),
            }
        }
    }
}

/// The records that a write to the log at `offset` holds: kind and page of each.
pub(super) fn records_of(offset: u64, data: &[u8], shape: LogShape) -> Vec<(RecordKind, PageNo)> {
    let has_header = offset == 0 && data.get(..LOG_HEADER_BYTES).is_some_and(|bytes| LogHeader::decode(bytes).is_ok());
    let mut at = if has_header { LOG_HEADER_BYTES } else { 0 };
    let mut records = Vec::new();
    while let Some(Ok(record)) = data.get(at..).map(|rest| RecordView::decode(rest, shape)) {
        let fields = record.fields();
        records.push((fields.kind, fields.page));
        at += record.len();
        if fields.kind == RecordKind::Commit {
            at = (padded_end(offset + at as u64) - offset) as usize;
        }
    }
    records
}

fn add(figure: &mut Option<u64>, count: u64) {
    *figure = Some(figure.unwrap_or(0) + count);
}

fn figures(bill: &mut Bill) -> [&mut Option<u64>; 22] {
    [
        &mut bill.records_written,
        &mut bill.records_removed,
        &mut bill.bytes_given,
        &mut bill.nodes_searched,
        &mut bill.found_in_memory,
        &mut bill.opened_from_file,
        &mut bill.opened_from_log,
        &mut bill.opened_from_spill,
        &mut bill.pages_changed,
        &mut bill.pages_taken,
        &mut bill.pages_freed,
        &mut bill.splits,
        &mut bill.merges,
        &mut bill.pages_sealed,
        &mut bill.log_frames,
        &mut bill.log_commits,
        &mut bill.log_bytes,
        &mut bill.page_file_bytes,
        &mut bill.other_bytes,
        &mut bill.writes,
        &mut bill.file_syncs,
        &mut bill.folder_syncs,
    ]
}

/// The newest commits that the log of a file at rest holds.
fn of_log(model: &Model) -> ReceiptFacts {
    let log = log::log(model);
    let commits = log.kept_commits();
    let bill = |commit: u64| {
        let records = log.records.iter().filter(|record| record.commit == commit);
        let frames = records.clone().filter(|record| record.page.is_some()).count() as u64;
        let bytes = records.map(|record| {
            let end = if record.page.is_none() { padded_end(record.end) } else { record.end };
            end - record.offset
        });
        let (frames, commits, bytes) = (Some(frames), Some(1), Some(bytes.sum()));
        let bill = Bill {
            log_frames: frames,
            log_commits: commits,
            log_bytes: bytes,
            pages_sealed: frames,
            ..Bill::default()
        };
        BillFacts { what: format!("commit {commit} in the log"), ..billed(bill) }
    };
    let [before @ .., newest] = &commits[..] else {
        let remark =
            "A file at rest has no operations, and its log holds no commit: there is nothing to bill.".to_owned();
        return ReceiptFacts { remark: Some(remark), ..ReceiptFacts::default() };
    };
    ReceiptFacts {
        of: Some(bill(*newest)),
        transaction: None,
        against: before.last().map(|commit| bill(*commit)),
        remark: Some(
            "A file at rest tells only what its log holds: what it was given, nobody knows any more.".to_owned(),
        ),
    }
}

impl BillFacts {
    /// `put m 13 (operation 14, events 62 to 75)`.
    pub fn title(&self) -> String {
        match (self.operation, self.first_event, self.last_event) {
            (Some(operation), Some(first), Some(last)) => {
                format!("{} (operation {operation}, events {first} to {last})", self.what)
            }
            (None, Some(first), Some(last)) => format!("{} (events {first} to {last})", self.what),
            _ => self.what.clone(),
        }
    }

    /// Bytes written of each byte given, in words.
    pub fn amplification(&self) -> Option<String> {
        let hundredths = self.written_for_100_given?;
        Some(format!("{}.{:02} bytes were written for each byte given", grouped(hundredths / 100), hundredths % 100))
    }

    fn lines(&self) -> String {
        let mut text = format!("{}:\n", self.title());
        for (label, meaning, figure) in ROWS {
            if let Some(count) = figure(&self.bill) {
                let meaning = if meaning.is_empty() { String::new() } else { format!(" ({meaning})") };
                text.push_str(&format!("{label}: {}{meaning}\n", grouped(count)));
            }
        }
        if let Some(words) = self.amplification() {
            text.push_str(&format!("{words}.\n"));
        }
        text
    }
}

impl ReceiptFacts {
    pub(super) fn plain(&self) -> String {
        let mut text = String::new();
        text.extend(self.remark.iter().map(|remark| format!("{remark}\n")));
        text.extend(self.of.iter().map(BillFacts::lines));
        text.extend(self.transaction.iter().map(|bill| format!("Its {}", bill.lines())));
        text.extend(self.against.iter().map(|bill| format!("Compared with {}", bill.lines())));
        text
    }

    /// What stands at the right of its title.
    pub fn note(&self) -> String {
        match self.of.as_ref() {
            Some(of) => {
                let syncs =
                    of.bill.file_syncs.map_or(String::new(), |syncs| format!(", {}", plural(syncs as usize, "sync")));
                format!("{}{syncs}", operation_words(&of.what, 24))
            }
            None => "nothing to bill".into(),
        }
    }
}
