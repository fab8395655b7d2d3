//! What the page view says: every byte of one page with its name, what it means, what it must obey and what guards it.

use super::plural;
use crate::{model::Model, timeline::Held};
use schemars::JsonSchema;
use serde::Serialize;
use tosumu::{
    CommitNo, PageNo,
    escape::escape,
    format::{
        annotate::{self, Annotation},
        free_list::FreeTrunkView,
        node::NodeView,
        overflow::OverflowView,
        page::{PageKind, SealedView},
    },
    trace::Event,
};

/// A field of the page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct FieldFacts {
    /// `kind`, `slot 1`, `cell m: value`.
    pub name: String,
    /// Its first byte.
    pub start: usize,
    /// The byte behind it.
    pub end: usize,
    /// What it holds.
    pub value: String,
    /// What it means.
    pub meaning: String,
    /// What it must obey.
    pub must_hold: &'static str,
    /// Which findings a change of it brings about.
    pub guarded_by: String,
    /// The slot it belongs to.
    pub slot: Option<usize>,
    /// Its family of meaning.
    pub family: &'static str,
}

/// Who last changed the page.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct WriterFacts {
    /// The event, counted from 1.
    pub event: usize,
    /// Its word on the strip.
    pub word: String,
    /// The operation it belongs to.
    pub operation: Option<String>,
    /// Whether that operation's transaction is committed.
    pub committed: bool,
}

/// The byte under the cursor.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct CursorFacts {
    /// Its place in the form shown, from 0.
    pub byte: usize,
    /// Its value.
    pub value: u8,
    /// The field it belongs to.
    pub field: Option<String>,
    /// Who wrote it, as far as the events tell.
    pub writer: Option<WriterFacts>,
}

/// A page.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, JsonSchema)]
pub struct PageFacts {
    /// Its number.
    pub page: u32,
    /// `leaf`, `branch`, …
    pub kind: String,
    /// Where its content stands: `in memory, not sealed yet`.
    pub state: String,
    /// `plain` or `sealed`.
    pub form: &'static str,
    /// How many bytes this form has.
    pub bytes: usize,
    /// Where the sealed form stands: file and offset.
    pub stands_at: Option<String>,
    /// The seal of its newest sealed form.
    pub seal: Option<String>,
    /// The fields, tiling it.
    pub fields: Vec<FieldFacts>,
    /// The bytes as hex.
    pub hex: String,
    /// Who last changed it.
    pub last_writer: Option<WriterFacts>,
    /// The byte under the cursor, its field, and who wrote it.
    pub cursor: Option<CursorFacts>,
    /// The line about the chosen record, or about all slots.
    pub slot_line: String,
    /// What is to be said when there is nothing to show.
    pub remark: Option<String>,
    /// What the reader noted on it: `byte 254: the record of m`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// The bytes of the shown page in the chosen form; empty when there are none.
pub fn bytes(model: &Model) -> Vec<u8> {
    model.shown_bytes().map(|bytes| bytes.to_vec()).unwrap_or_default()
}

fn plain_bytes(model: &Model) -> Option<Vec<u8>> {
    let known = model.shown_page().and_then(|page| model.world.page(page))?;
    known.plain.map(|plain| plain.to_vec()).filter(|plain| !plain.is_empty())
}

/// The sealed form stands in for a plain one that cannot be had.
fn shown_form(model: &Model) -> &'static str {
    if model.shows_sealed() { "sealed" } else { "plain" }
}

/// What the bytes of [`bytes`] are.
pub fn annotations(model: &Model) -> Vec<Annotation> {
    model.spans_of_shown_page()
}

/// Why no page is shown.
fn no_page(model: &Model) -> &'static str {
    match model.world.file() {
        Some(_) if super::log::newest_superblock(&model.world).is_none() => {
            "No page can be shown: no superblock of this file can be read, so nothing says how long a page is. `tosumu inspect \
             superblock FILE` shows what the two slots hold, and `tosumu salvage FILE NEW` looks for pages all the same."
        }
        Some(_) => "No page can be shown: this file has none that can be read.",
        None => "No page is shown: the store has none yet, or it is not open.",
    }
}

/// The shown page of `model`.
pub fn page(model: &Model) -> PageFacts {
    let Some(page) = model.shown_page() else {
        let remark = no_page(model).to_owned();
        return PageFacts { form: "plain", remark: Some(remark), ..PageFacts::default() };
    };
    let known = model.world.page(page);
    let bytes = bytes(model);
    let sealed = model.world.sealed(page);
    PageFacts {
        page: page.0,
        kind: super::tree::kind_word(known.as_ref().and_then(|known| known.kind)).into(),
        state: state(model),
        form: shown_form(model),
        bytes: bytes.len(),
        stands_at: sealed.map(|at| format!("{} at {}", at.file, crate::widget::text::grouped(at.offset))),
        seal: known.as_ref().and_then(|known| known.seal).map(|seal| seal.to_string()),
        fields: annotations(model).into_iter().map(field).collect(),
        remark: bytes.is_empty().then(|| no_bytes(model, page)),
        hex: hex::encode(&bytes),
        last_writer: last_writer(model),
        cursor: model.byte.and_then(|byte| cursor(model, byte)),
        slot_line: slot_line(model),
        notes: notes(model),
    }
}

/// Why there are no bytes to show.
fn no_bytes(model: &Model, page: PageNo) -> String {
    let Some(file) = model.world.file() else {
        return format!("Page {page} is not in memory, and no file holds it yet.");
    };
    match model.world.page(page) {
        Some(known) if !known.is_read && model.file_work.follow.can_forward() => {
            format!("Page {page} was not looked at while the file was like this; End leads to the newest look.")
        }
        Some(known) if !known.is_read => format!("Page {page} is being read."),
        _ => format!(
            "The file ends before page {page}: its {} bytes reach no further.",
            crate::widget::text::grouped(file.file_bytes)
        ),
    }
}

/// The notes on the shown page and its bytes.
pub fn notes(model: &Model) -> Vec<String> {
    let Some(page) = model.shown_page() else { return Vec::new() };
    let place = format!("page {page}");
    let words = |note: &crate::notes::PlacedNote| {
        let words = note.to_string();
        words.strip_prefix(&place).unwrap_or(&words).trim_start_matches([':', ' ']).to_owned()
    };
    model.kept.notes.on_page(page).into_iter().map(words).collect()
}

/// Where the page's content stands.
fn state(model: &Model) -> String {
    let Some(known) = model.shown_page().and_then(|page| model.world.page(page)) else {
        return "not known".into();
    };
    match known.sealed_commit {
        _ if known.finding.is_some() => "damaged".into(),
        _ if known.changed => "in memory, not sealed yet".into(),
        Some(commit) if commit > model.world.facts.commit => {
            format!("sealed for commit {commit}, {}", how_far(model, commit))
        }
        Some(commit) if known.in_log => format!("as of commit {commit}, in the log"),
        Some(commit) => format!("as of commit {commit}"),
        None if model.world.file().is_some() => "not told".into(),
        None => "in memory".into(),
    }
}

/// How far a page sealed for a commit that is not published yet has come.
fn how_far(model: &Model, commit: CommitNo) -> &'static str {
    let Some(holds) = model.shown_page().map(|page| model.world.holds(page)) else { return "in memory" };
    match (holds.system == Held::InLog(commit), holds.durable == Held::InLog(commit)) {
        (_, true) => "in the log",
        (true, false) => "log not synced",
        (false, false) => "in memory",
    }
}

fn last_writer(model: &Model) -> Option<WriterFacts> {
    let page = model.shown_page()?;
    let known = model.world.page(page)?;
    // After a power cut only the sealed form is left; it was written when that seal was made.
    let sealed = || model.timeline()?.sealed_writer_of(page, known.seal?, model.at);
    writer_of_event(model, known.last_writer.or_else(sealed)?)
}

fn cursor(model: &Model, byte: usize) -> Option<CursorFacts> {
    let value = *model.shown_bytes()?.get(byte)?;
    let field = model.field_at_cursor().map(|field| field.name);
    let writer = writer_of_byte(model, byte).and_then(|event| writer_of_event(model, event));
    Some(CursorFacts { byte, value, field, writer })
}

/// Branch, number of its events, instant, page and byte: what a writer was looked for of.
pub type WriterKey = (usize, usize, usize, PageNo, usize);

/// The event, from 0, that gave a byte of the shown form of the shown page its value: of the plain form the one that wrote
/// it, of the sealed form the one that sealed it, or that changed it from outside since.
pub fn writer_of_byte(model: &Model, byte: usize) -> Option<usize> {
    let (timeline, page) = (model.timeline()?, model.shown_page()?);
    if !model.shows_sealed() {
        let key = (model.branch, timeline.len(), model.at, page, byte);
        let mut kept = model.looking.writer_kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, writer)) = kept.as_ref().filter(|(of, _)| *of == key) {
            return *writer;
        }
        let writer = timeline.writer_of(page, byte, model.at, model.world.page(page)?.seal);
        *kept = Some((key, writer));
        return writer;
    }
    let sealed = model.world.sealed(page)?;
    let place = sealed.offset + byte as u64;
    let seal = SealedView::new(&sealed.bytes)?.seal();
    let wrote = |event: &Event| match event {
        Event::PageSealed { page: about, seal: made, .. } => *about == page && *made == seal,
        Event::Tampered { file, offset, data, .. } => {
            *file == sealed.file && (*offset..offset.saturating_add(data.len() as u64)).contains(&place)
        }
        _ => false,
    };
    (0..model.at.min(timeline.len())).rev().find(|at| wrote(timeline.event(*at)))
}

/// What is said when no event wrote the shown page.
pub fn no_writer(model: &Model) -> &'static str {
    let known = model.shown_page().and_then(|page| model.world.page(page));
    match known.and_then(|known| known.sealed_commit) {
        Some(CommitNo(0)) if model.timeline().is_some() => "the making of the store: the first page is empty",
        _ if model.timeline().is_none() => "a file at rest does not tell; a trace does",
        _ => "before these events",
    }
}

/// The event with this index, as a writer.
pub fn writer_of_event(model: &Model, writer: usize) -> Option<WriterFacts> {
    let timeline = model.timeline()?;
    if writer >= timeline.len() {
        return None;
    }
    let operation = timeline.operation_of(writer).and_then(|at| timeline.operations().get(at));
    let committed = (writer..model.at.min(timeline.len()))
        .any(|at| matches!(timeline.event(at), Event::TransactionCommitted { .. }));
    Some(WriterFacts {
        event: writer + 1,
        word: timeline.event(writer).word().into(),
        operation: operation.map(|operation| operation.line.clone()),
        committed,
    })
}

impl WriterFacts {
    /// `event 67, put m 13, not yet committed`.
    pub fn words(&self) -> String {
        let operation =
            self.operation.as_ref().map_or(String::new(), |line| format!(", {}", super::operation_words(line, 40)));
        // Reading a page from a file writes nothing; it is where the bytes in memory come from.
        let how = if self.word == "open" { ", when the page was read" } else { "" };
        let committed = if self.committed || self.word == "open" { "" } else { ", not yet committed" };
        format!("event {}{operation}{how}{committed}", self.event)
    }
}

/// The record the story is about, or else all slots in a row.
fn slot_line(model: &Model) -> String {
    let Some(plain) = plain_bytes(model) else { return String::new() };
    let Ok(node) = NodeView::new(&plain) else { return other_line(&plain) };
    match chosen_slot(model, &plain) {
        Some(slot) if slot < node.slot_count() => chosen_line(model, node, slot),
        _ => all_slots(node),
    }
}

/// A page that is no node, in a sentence.
fn other_line(plain: &[u8]) -> String {
    if let Ok(part) = OverflowView::new(plain) {
        let next =
            part.next().map_or("the value ends here".to_owned(), |next| format!("goes on in page {}", next.page));
        let (data, to_come) = (part.data().len(), part.remaining());
        return format!("part of a long value: {data} of its last {to_come} bytes; {next}");
    }
    let Ok(trunk) = FreeTrunkView::new(plain) else { return String::new() };
    let next = trunk.next().map_or("the last trunk".to_owned(), |next| format!("next trunk page {}", next.page));
    format!("trunk of the free list: {}; {next}", plural(trunk.count(), "free page"))
}

/// The slot the cursor is on, or the one the present operation wrote.
pub fn chosen_slot(model: &Model, plain: &[u8]) -> Option<usize> {
    if let Some(byte) = model.byte {
        let annotations = if shown_form(model) == "plain" { annotate::plain_page(plain) } else { Vec::new() };
        return annotations.iter().find(|part| part.span.contains(&byte)).and_then(|part| part.slot);
    }
    let node = NodeView::new(plain).ok()?;
    let fresh = model.world.facts.fresh.as_ref().filter(|(page, _)| Some(*page) == model.shown_page());
    let key = fresh.map(|(_, key)| key.clone()).or_else(|| separator_written(model))?;
    node.search(&key).ok()
}

/// The separator that the present operation wrote into the shown page.
fn separator_written(model: &Model) -> Option<tosumu::types::Bytes> {
    let (timeline, operation) = (model.timeline()?, model.operation()?);
    let events = operation.first..model.at.min(operation.last + 1).min(timeline.len());
    events.rev().find_map(|at| match timeline.event(at) {
        Event::SeparatorWritten { page, key, .. } if Some(*page) == model.shown_page() => Some(key.clone()),
        _ => None,
    })
}

fn chosen_line(model: &Model, node: NodeView<'_>, slot: usize) -> String {
    let cell = node.cell_span(slot);
    let place = format!("bytes {}-{}   {} of {}", cell.start, cell.end - 1, cell.len(), node.bytes().len());
    let key = shown_key(node.key(slot));
    if node.kind() == PageKind::Branch {
        return format!("slot {slot} > {key} leads to page {}   {place}", node.child(slot).page);
    }
    let value = escape(node.value(slot));
    let value = crate::widget::text::clip(&value, 12);
    format!("slot {slot} > {key} = {value}   {place}{}", was(model, node.key(slot)))
}

/// What the present operation replaced in this page.
fn was(model: &Model, wanted: &[u8]) -> String {
    let Some(operation) = model.operation() else { return String::new() };
    let Some(timeline) = model.timeline() else { return String::new() };
    let events = operation.first..model.at.min(operation.last + 1).min(timeline.len());
    let replaced = events.rev().find_map(|at| match timeline.event(at) {
        Event::RecordWritten { key, replaced_bytes, .. } if **key == *wanted => Some(*replaced_bytes),
        _ => None,
    });
    match replaced {
        Some(Some(bytes)) => format!("   was: a value of {}", plural(bytes as usize, "byte")),
        Some(None) => "   was: no such key".into(),
        None => String::new(),
    }
}

fn all_slots(node: NodeView<'_>) -> String {
    let slots = (0..node.slot_count()).map(|slot| {
        let (key, cell) = (shown_key(node.key(slot)), node.cell_span(slot).start);
        match node.kind() {
            PageKind::Branch => format!("{slot} > {key} to page {}", node.child(slot).page),
            _ => format!("{slot} > {key} at {cell}"),
        }
    });
    let slots: Vec<String> = slots.collect();
    if slots.is_empty() { "no slots".into() } else { format!("slots  {}", slots.join("   ")) }
}

/// A key in few columns; the empty key of a branch's slot 0 has a name.
fn shown_key(key: &[u8]) -> String {
    if key.is_empty() { "(lowest)".into() } else { crate::widget::text::clip(&escape(key), 16).into_owned() }
}

fn field(annotation: Annotation) -> FieldFacts {
    FieldFacts {
        must_hold: must_hold(&annotation.name),
        family: family_word(annotation.family),
        name: annotation.name,
        start: annotation.span.start,
        end: annotation.span.end,
        value: annotation.value,
        meaning: annotation.meaning.into(),
        guarded_by: annotation.guarded_by.into(),
        slot: annotation.slot,
    }
}

fn family_word(family: annotate::Family) -> &'static str {
    match family {
        annotate::Family::Identity => "identity",
        annotate::Family::Length => "length",
        annotate::Family::Pointer => "pointer",
        annotate::Family::Payload => "payload",
        annotate::Family::Free => "free",
        annotate::Family::Crypto => "crypto",
    }
}

/// The invariant that a field of a page obeys.
pub fn must_hold(name: &str) -> &'static str {
    match name {
        "kind" => "the same in the plain form and in the sealed header, and what its place in the tree asks for",
        "level" => "one less than its parent's; 0 in a leaf",
        "slot_count" => "as many slots as cells",
        "cells_start" => "no cell lies below it, and no slot reaches past it",
        "free_bytes" => "header, slots, cells and free bytes together are the whole page",
        "zero" | "flags" => "zero",
        "free" | "hole" => "every byte is zero",
        "data_bytes" => "a full page, unless the value ends in it",
        "remaining_bytes" => "what is left of the value, so it falls from page to page",
        "next" => "the page that goes on, of the same kind; none where it ends",
        "count" => "as many page numbers as follow",
        "nonce" => "the tag is made over it: with another nonce nothing opens",
        "pgno" => "the number the pointer names",
        "commit" => "the commit the pointer names, or a later one that the log vouches for",
        "ciphertext" => "opens under the page key with the nonce, the header and the tag",
        "tag" => "equals the seal in the pointer that leads here, or the one the log vouches for",
        name if name.starts_with("slot ") => {
            "points at a cell of this page; keys in ascending order; the head is the key's"
        }
        name if name.ends_with(": key") => "between the keys beside it, and inside the parent's range",
        name if name.ends_with(": value length") => "the value ends inside the page, over no other cell",
        name if name.ends_with(": value") => "inside the page, over no other cell",
        name if name.ends_with(": seal") => "equals the tag of the child it names, unless the log has a newer version",
        name if name.ends_with(": pgno") => "a page of this file that nothing else names",
        name if name.ends_with(": commit") => {
            "equals the commit in the child's header, unless the log has a newer version"
        }
        _ => "part of a whole: nothing else is asked of it",
    }
}

impl PageFacts {
    pub(super) fn plain(&self) -> String {
        if let Some(remark) = &self.remark {
            return format!("{remark}\n");
        }
        let mut text =
            format!("Page {}, {}, {}; {} form, {} bytes.\n", self.page, self.kind, self.state, self.form, self.bytes);
        if let Some(at) = &self.stands_at {
            text.push_str(&format!("Its newest sealed form stands in {at}.\n"));
        }
        if let Some(seal) = &self.seal {
            text.push_str(&format!("Seal {seal}.\n"));
        }
        if let Some(writer) = &self.last_writer {
            text.push_str(&format!("Last written by {}.\n", writer.words()));
        }
        if let Some(cursor) = &self.cursor {
            let field = cursor.field.as_ref().map_or(String::new(), |field| format!(", {field}"));
            let writer = cursor.writer.as_ref().map_or("nobody these events tell of".into(), WriterFacts::words);
            text.push_str(&format!("Byte {}, {:02x}{field}: written by {writer}.\n", cursor.byte, cursor.value));
        }
        if !self.slot_line.is_empty() {
            text.push_str(&format!("{}\n", self.slot_line));
        }
        self.notes.iter().for_each(|note| text.push_str(&format!("Your note: {note}\n")));
        for field in &self.fields {
            let bytes = format!("{}-{}", field.start, field.end - 1);
            text.push_str(&format!(
                "{bytes}: {} = {}; {}; must hold: {}; guarded by {}\n",
                field.name, field.value, field.meaning, field.must_hold, field.guarded_by
            ));
        }
        text
    }
}
