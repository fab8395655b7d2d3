//! Annotated layouts: what each byte of a structure is, read through the same tables as the decoders.
//!
//! Each function is total: whatever the bytes, the spans cover them from the first to the last, in order, without gap
//! or overlap. Damage is shown where it stands: a field that cannot be says what was expected, and bytes of which
//! nothing can be told become one annotation that says why. A key in the clear is never shown.

mod guard;

use super::error::{DecodeError, preview};
use super::field::{Field, Form};
use super::free_list::{self, FreeTrunkView};
use super::key_slot::{self, KEY_SLOT_BYTES, KeySlot, KeySlotKind};
use super::log::{self, LogShape, RECORD_HEADER_BYTES, RecordKind, RecordView};
use super::node::{self, CellValue, NodeView};
use super::overflow::{self, OverflowView};
use super::page::{self, NONCE_BYTES, PageKind, SealedView, TAG_BYTES};
use super::{catalog, is_zero, superblock};
use crate::escape;
use crate::limits::SECTOR_BYTES;
use crate::types::PageSize;
use std::ops::Range;

pub use super::field::Family;

/// What some bytes are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Annotation {
    /// The name: `kind`, `root: pgno`, `slot 1`, `cell m: value`.
    pub name: String,
    /// The bytes, from the beginning of what was handed in. Never empty.
    pub span: Range<usize>,
    /// What they hold, printable; long values are cut.
    pub value: String,
    /// What it means.
    pub meaning: &'static str,
    /// What sort of thing it is.
    pub family: Family,
    /// The codes of the findings that a change here brings about.
    pub guarded_by: &'static str,
    /// The slot of the node, or of the superblock's key slots, that it belongs to.
    pub slot: Option<usize>,
}

/// One of the two superblock slots.
pub fn superblock(bytes: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    if !bytes.starts_with(superblock::MAGIC) {
        let error = superblock::Superblock::decode(bytes).err();
        return layout.undecodable("superblock", error);
    }
    let format_place = superblock::place::FORMAT;
    let format = if bytes.len() < format_place.end() { superblock::FORMAT } else { format_place.u32(bytes) };
    layout.table("", &superblock::fields(format), guard::superblock, show_superblock);
    layout.mark(superblock::Superblock::decode(bytes).err());
    layout.finish()
}

fn show_superblock(field: &Field, bytes: &[u8]) -> Option<String> {
    match field.name {
        "crc32" => Some(show_crc(field.u32(bytes), crc32fast::hash(&bytes[..field.offset]))),
        "log_expected" => Some(if field.u8(bytes) == 0 { "0 no" } else { "1 yes" }.to_owned()),
        _ => None,
    }
}

/// A key slot.
pub fn key_slot(bytes: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    let Some(slot) = bytes.first_chunk::<KEY_SLOT_BYTES>().map(|bytes| KeySlot { bytes: *bytes }) else {
        let error = DecodeError::length(crate::Code::HdrField, "A key slot", KEY_SLOT_BYTES, bytes.len());
        return layout.undecodable("key slot", Some(error));
    };
    match (slot.kind(), slot.check()) {
        (Err(error), _) | (Ok(KeySlotKind::Empty), Err(error)) => {
            layout.unknown(KEY_SLOT_BYTES, "key slot", Some(error))
        }
        (Ok(KeySlotKind::Empty), Ok(())) => {
            layout.push(
                "empty",
                KEY_SLOT_BYTES,
                "zeros".into(),
                "a key slot not in use",
                Family::Free,
                key_slot_guard(),
            );
        }
        (Ok(_), checked) => {
            layout.table("", key_slot::place::FIELDS, guard::key_slot, show_key_slot);
            layout.mark(checked.err());
        }
    }
    layout.finish()
}

fn key_slot_guard() -> &'static str {
    guard::key_slot("zero")
}

fn show_key_slot(field: &Field, bytes: &[u8]) -> Option<String> {
    let kind = KeySlotKind::from_byte(bytes[0])?;
    (field.name == "kind").then(|| format!("{} {kind}", bytes[0]))
}

/// A sealed page, as it stands in the page file or in a page frame of the log.
pub fn sealed_page(bytes: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    let Some(page) = SealedView::new(bytes) else {
        let expected = "512 to 65536 bytes, a power of two";
        let found = format!("{} bytes", bytes.len());
        let why = "No page has this size.";
        let error = DecodeError::new(crate::Code::PageUnauthentic, 0..bytes.len(), expected, found, why);
        return layout.undecodable("page", Some(error));
    };
    if is_zero(bytes) {
        return layout.undecodable("page", page.header().err());
    }
    let crypto = |layout: &mut Layout, name, end, meaning| {
        let value = preview(&bytes[layout.end()..end]);
        layout.push(name, end, value, meaning, Family::Crypto, guard::page(name));
    };
    crypto(&mut layout, "nonce", NONCE_BYTES, "of the seal; never used twice with one key");
    layout.table("", page::header_place::FIELDS, guard::page, show_page_kind);
    crypto(&mut layout, "ciphertext", bytes.len() - TAG_BYTES, "the plain form, enciphered");
    crypto(&mut layout, "tag", bytes.len(), "the seal: pointers to this version of the page carry it");
    layout.mark(page.header().err());
    layout.finish()
}

/// The first byte of a page header and of a node.
fn show_page_kind(field: &Field, bytes: &[u8]) -> Option<String> {
    let kind = PageKind::from_byte(bytes[0])?;
    (field.name == "kind").then(|| format!("{} {kind}", bytes[0]))
}

/// The plain form of a page, by the kind that its first byte names.
pub fn plain_page(plain: &[u8]) -> Vec<Annotation> {
    match plain.first().copied().and_then(PageKind::from_byte) {
        Some(PageKind::Overflow) => overflow(plain),
        Some(PageKind::FreeList) => free_trunk(plain),
        _ => node(plain),
    }
}

/// The plain form of an overflow page. Data that cannot be told from what is behind it is shown as one.
pub fn overflow(plain: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(plain);
    let error = OverflowView::new(plain).err();
    layout.table("", overflow::place::FIELDS, guard::overflow, show_page_kind);
    if plain.len() > overflow::OVERFLOW_HEADER_BYTES {
        let held = overflow::place::DATA_BYTES.u32(plain) as usize;
        let end = layout.end().saturating_add(held).min(plain.len());
        let value = text(&plain[layout.end()..end]);
        layout.push("data", end, value, "this page's part of the value", Family::Payload, guard::VALUES);
        layout.free("free", plain.len(), "behind the value's end", guard::CELLS);
    }
    layout.mark(error);
    layout.finish()
}

/// The plain form of a trunk of the free list.
pub fn free_trunk(plain: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(plain);
    let error = FreeTrunkView::new(plain).err();
    layout.table("", free_list::place::FIELDS, guard::free_trunk, show_page_kind);
    if plain.len() >= free_list::TRUNK_HEADER_BYTES {
        let room = (plain.len() - layout.end()) / free_list::TRUNK_ENTRY_BYTES;
        for entry in 0..room.min(free_list::place::COUNT.u32(plain) as usize) {
            let page = super::read_u32(plain, layout.end()).to_string();
            let end = layout.end() + free_list::TRUNK_ENTRY_BYTES;
            let meaning = "a page that can be used again";
            layout.push(&format!("entry {entry}"), end, page, meaning, Family::Pointer, guard::FREE);
        }
        layout.free("free", plain.len(), "room for more entries", guard::CELLS);
    }
    layout.mark(error);
    layout.finish()
}

/// A value of the catalog: what is known of a named tree.
pub fn tree_entry(bytes: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    layout.table("", catalog::place::FIELDS, guard::tree_entry, |_, _| None);
    layout.mark(catalog::TreeEntry::decode(&bytes[..layout.end()]).err());
    layout.finish()
}

/// The plain form of a branch or leaf. When the cells cannot be told apart, header and slots are shown all the same.
pub fn node(plain: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(plain);
    let error = NodeView::new(plain).err();
    layout.table("", node::header_place::FIELDS, guard::node, show_page_kind);
    match NodeView::structure(plain) {
        Ok(node) => {
            slots(&mut layout, node.slot_count());
            cells(&mut layout, node);
            layout.mark(error);
        }
        Err(structure) => {
            if plain.len() >= node::HEADER_BYTES {
                let slots_fit = (plain.len() - node::HEADER_BYTES) / node::SLOT_BYTES;
                let slot_count = node::header_place::SLOT_COUNT.u16(plain).into();
                slots(&mut layout, if slot_count <= slots_fit { slot_count } else { 0 });
            }
            layout.mark(Some(structure.clone()));
            layout.unknown(plain.len(), "cells", Some(structure));
        }
    }
    layout.finish()
}

fn slots(layout: &mut Layout, slot_count: usize) {
    use node::slot_place as place;
    for slot in 0..slot_count {
        let bytes = &layout.bytes[layout.end()..layout.end() + node::SLOT_BYTES];
        let (offset, length) = (place::OFFSET.u16(bytes), place::KEY_LENGTH.u16(bytes));
        let head = &place::HEAD.of(bytes)[..usize::from(length).min(4)];
        let value = format!("cell at {offset}, key of {length} bytes, head `{}`", escape::escape(head));
        let meaning = "cell offset u16, key length u16, first four key bytes; slots stand in key order";
        let end = layout.end() + node::SLOT_BYTES;
        layout.push(&format!("slot {slot}"), end, value, meaning, Family::Pointer, guard::CELLS);
        layout.set_slot(slot);
    }
}

fn cells(layout: &mut Layout, node: NodeView) {
    let gap = "between slots and cells; new slots and new cells grow into it";
    let hole = "left by a cell that was removed; compaction joins it to the gap";
    layout.free("free", node.cells_start(), gap, guard::CELLS);
    for slot in node.slots_by_offset() {
        layout.free("hole", node.cell_span(slot).start, hole, guard::CELLS);
        let first = layout.annotations.len();
        match node.kind() {
            PageKind::Branch => branch_cell(layout, node, slot),
            _ => leaf_cell(layout, node, slot),
        }
        layout.annotations[first..].iter_mut().for_each(|part| part.slot = Some(slot));
    }
    layout.free("hole", layout.bytes.len(), hole, guard::CELLS);
}

fn leaf_cell(layout: &mut Layout, node: NodeView, slot: usize) {
    let cell = cell_name(node.key(slot));
    let (key, end) = (node.key_span(slot), node.cell_span(slot).end);
    let value = node.cell_value(slot);
    let (length, meaning) = match value {
        CellValue::Inline(value) => (value.len().to_string(), "in bytes, u32"),
        CellValue::Overflow { length, .. } => {
            (format!("{length}, in an overflow chain"), "in bytes, u32; bit 31: the value lies in an overflow chain")
        }
    };
    layout.push(&format!("{cell}: value length"), key.start, length, meaning, Family::Length, guard::CELLS);
    push_key(layout, &cell, node, slot);
    match value {
        CellValue::Inline(value) => {
            let value = text(value);
            layout.push(&format!("{cell}: value"), end, value, "the record's value", Family::Payload, guard::VALUES);
        }
        CellValue::Overflow { .. } => {
            let prefix = format!("{cell}: overflow: ");
            layout.table(&prefix, page::pointer_place::FIELDS, |_| guard::CHAINS, |_, _| None);
        }
    }
}

fn branch_cell(layout: &mut Layout, node: NodeView, slot: usize) {
    let cell = cell_name(node.key(slot));
    layout.table(&format!("{cell}: "), page::pointer_place::FIELDS, |_| guard::CHILDREN, |_, _| None);
    push_key(layout, &cell, node, slot);
}

fn push_key(layout: &mut Layout, cell: &str, node: NodeView, slot: usize) {
    let meaning = match node.kind() {
        PageKind::Branch => "the separator: no key below this child is before it",
        _ => "the record's key",
    };
    let (key, end) = (text(node.key(slot)), node.key_span(slot).end);
    layout.push(&format!("{cell}: key"), end, key, meaning, Family::Payload, guard::KEYS);
}

/// `cell m`. A long key is cut.
fn cell_name(key: &[u8]) -> String {
    const SHOWN_BYTES: usize = 16;
    match key.get(..SHOWN_BYTES) {
        _ if key.is_empty() => "cell (empty key)".to_owned(),
        Some(head) if key.len() > SHOWN_BYTES => format!("cell {}...", escape::escape_word(head)),
        _ => format!("cell {}", escape::escape_word(key)),
    }
}

/// Keys and values: escaped; long ones are cut.
fn text(bytes: &[u8]) -> String {
    const SHOWN_BYTES: usize = 64;
    match bytes.get(..SHOWN_BYTES) {
        Some(head) if bytes.len() > SHOWN_BYTES => format!("{}... ({} bytes)", escape::escape(head), bytes.len()),
        _ => escape::escape(bytes),
    }
}

/// The first 512 bytes of a log.
pub fn log_header(bytes: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    if !bytes.starts_with(log::LOG_MAGIC) {
        let error = log::LogHeader::decode(&bytes[..bytes.len().min(log::LOG_HEADER_BYTES)]).err();
        return layout.undecodable("log header", error);
    }
    layout.table("", log::header_place::FIELDS, guard::log_header, show_log_header);
    layout.mark(log::LogHeader::decode(&bytes[..layout.end()]).err());
    layout.finish()
}

fn show_log_header(field: &Field, bytes: &[u8]) -> Option<String> {
    match field.name {
        "crc32" => Some(show_crc(field.u32(bytes), crc32fast::hash(&bytes[..field.offset]))),
        _ => None,
    }
}

/// A log record of a log of `shape`. One whose checksum is wrong is shown all the same, when its length can be.
pub fn log_record(bytes: &[u8], shape: LogShape) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    let error = RecordView::decode(bytes, shape).err();
    let Some((kind, length)) = record_length(bytes, shape) else {
        return layout.undecodable("log record", error);
    };
    let record = &bytes[..length];
    let show = |field: &Field, _: &[u8]| match field.name {
        "kind" => Some(format!("{} {kind}", kind as u8)),
        "crc32" => Some(show_crc(field.u32(record), log::record_crc(record))),
        _ => None,
    };
    layout.table("", log::record_place::FIELDS, guard::log_record, show);
    let body = &record[RECORD_HEADER_BYTES..];
    match kind {
        RecordKind::Page => layout.nested("page: ", sealed_page(body), None),
        RecordKind::Commit => layout.nested("body: ", commit_body(body), None),
    }
    layout.mark(error);
    layout.finish()
}

/// What kind and length the head claims, when they fit one another and the bytes.
fn record_length(bytes: &[u8], shape: LogShape) -> Option<(RecordKind, usize)> {
    use log::record_place as place;
    if bytes.len() < RECORD_HEADER_BYTES {
        return None;
    }
    let kind = RecordKind::from_byte(place::KIND.u8(bytes))?;
    let length = shape.record_bytes(kind);
    (place::LENGTH.u32(bytes) as usize == length && length <= bytes.len()).then_some((kind, length))
}

/// The body of a commit record: of format 1 when it is as long as those were.
pub fn commit_body(bytes: &[u8]) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    layout.table("", log::body_fields(bytes.len()), guard::commit_body, |_, _| None);
    layout.mark(log::CommitBody::decode(&bytes[..layout.end()]).err());
    layout.finish()
}

/// A whole log: header, records, padding, and what follows them. Its own header says of which format it is; when that does
/// not read, the newest.
pub fn log_file(bytes: &[u8], page_size: PageSize) -> Vec<Annotation> {
    let mut layout = Layout::new(bytes);
    layout.nested("header: ", log_header(&bytes[..bytes.len().min(log::LOG_HEADER_BYTES)]), None);
    let header = bytes.get(..log::LOG_HEADER_BYTES).and_then(|head| log::LogHeader::decode(head).ok());
    let generation = header.as_ref().map_or(0, |header| header.log_generation);
    let format = header.map_or(superblock::FORMAT, |header| header.format);
    let shape = LogShape { format, page_size };
    let mut number = 1;
    while layout.end() < bytes.len() {
        let rest = &bytes[layout.end()..];
        if log::is_left_of_an_older_log(rest, generation) {
            let meaning = "left by an older log that is folded; the next commits write over it";
            layout.push("old generation", bytes.len(), bytes_left(rest), meaning, Family::Free, guard::NOTHING);
            break;
        }
        let Some((kind, length)) = record_length(rest, shape) else {
            log_tail(&mut layout, shape);
            break;
        };
        layout.nested(&format!("record {number}: "), log_record(&rest[..length], shape), None);
        if kind == RecordKind::Commit {
            log_padding(&mut layout);
        }
        number += 1;
    }
    layout.finish()
}

fn bytes_left(rest: &[u8]) -> String {
    format!("{} bytes", rest.len())
}

fn log_padding(layout: &mut Layout) {
    let end = layout.end().next_multiple_of(SECTOR_BYTES).min(layout.bytes.len());
    let meaning = "zeros, so that no record shares a sector with a commit that may be durable";
    layout.free("padding", end, meaning, guard::PADDING);
}

fn log_tail(layout: &mut Layout, shape: LogShape) {
    let (rest, end) = (&layout.bytes[layout.end()..], layout.bytes.len());
    match is_zero(rest) {
        true => layout.free("zeros", end, "nothing was written here yet", guard::NOTHING),
        false => layout.unknown(end, "tail", RecordView::decode(rest, shape).err()),
    }
}

fn show_crc(stored: u32, computed: u32) -> String {
    match stored == computed {
        true => format!("{stored:08x}, right"),
        false => format!("{stored:08x}, but the bytes give {computed:08x}"),
    }
}

/// Annotations as they are laid side by side. Each begins where the one before ends, so that they tile by construction.
struct Layout<'a> {
    bytes: &'a [u8],
    annotations: Vec<Annotation>,
}

impl<'a> Layout<'a> {
    fn new(bytes: &'a [u8]) -> Layout<'a> {
        Layout { bytes, annotations: Vec::new() }
    }

    /// Where the next annotation begins.
    fn end(&self) -> usize {
        self.annotations.last().map_or(0, |last| last.span.end)
    }

    /// Annotates everything up to `end`; nothing when that is nothing.
    fn push(
        &mut self,
        name: &str,
        end: usize,
        value: String,
        meaning: &'static str,
        family: Family,
        guarded_by: &'static str,
    ) {
        let span = self.end()..end;
        if !span.is_empty() {
            let name = name.to_owned();
            self.annotations.push(Annotation { name, span, value, meaning, family, guarded_by, slot: None });
        }
    }

    fn set_slot(&mut self, slot: usize) {
        if let Some(last) = self.annotations.last_mut() {
            last.slot = Some(slot);
        }
    }

    /// Annotates bytes up to `end` that should be zero.
    fn free(&mut self, name: &str, end: usize, meaning: &'static str, guarded_by: &'static str) {
        let value = show_zeros(&self.bytes[self.end()..end]);
        self.push(name, end, value, meaning, Family::Free, guarded_by);
    }

    /// Annotates bytes up to `end` of which nothing can be told.
    fn unknown(&mut self, end: usize, name: &str, error: Option<DecodeError>) {
        let why = error.map_or_else(|| "these bytes are part of nothing.".to_owned(), |error| error.why);
        let meaning = "nothing can be told of these bytes";
        self.push(name, end, format!("not decodable: {why}"), meaning, Family::Free, guard::NOTHING);
    }

    /// All bytes as one annotation.
    fn undecodable(mut self, name: &str, error: Option<DecodeError>) -> Vec<Annotation> {
        self.unknown(self.bytes.len(), name, error);
        self.annotations
    }

    /// Annotates one structure by its table, as far as the bytes go.
    fn table(
        &mut self,
        prefix: &str,
        fields: &[Field],
        guard: impl Fn(&str) -> &'static str,
        show: impl Fn(&Field, &[u8]) -> Option<String>,
    ) {
        let bytes = &self.bytes[self.end()..];
        for field in fields {
            let name = format!("{prefix}{}", field.name);
            if bytes.len() < field.end() {
                return self.cut(&name, field);
            }
            match field.form {
                Form::Pointer => self.pointer(&format!("{name}: "), guard(field.name)),
                Form::Nested => self.key_slots(field),
                _ => {
                    let value = show(field, bytes).unwrap_or_else(|| show_field(field, bytes));
                    let end = self.end() + field.size;
                    self.push(&name, end, value, field.meaning, field.family, guard(field.name));
                }
            }
        }
    }

    /// The bytes end inside `field`.
    fn cut(&mut self, name: &str, field: &Field) {
        let left = self.bytes.len() - self.end();
        let value = format!("not decodable: {left} of {} bytes are there.", field.size);
        self.push(name, self.bytes.len(), value, field.meaning, field.family, guard::NOTHING);
    }

    fn pointer(&mut self, prefix: &str, guarded_by: &'static str) {
        let show = |field: &Field, bytes: &[u8]| {
            let null = field.name == "pgno" && field.u32(bytes) == 0;
            null.then(|| "0 none".to_owned())
        };
        self.table(prefix, page::pointer_place::FIELDS, |_| guarded_by, show);
    }

    fn key_slots(&mut self, field: &Field) {
        for slot in 0..field.size / KEY_SLOT_BYTES {
            let bytes = &self.bytes[self.end()..self.end() + KEY_SLOT_BYTES];
            self.nested(&format!("key slot {slot}: "), key_slot(bytes), Some(slot));
        }
    }

    /// Takes in the annotations of a part that begins here.
    fn nested(&mut self, prefix: &str, parts: Vec<Annotation>, slot: Option<usize>) {
        let start = self.end();
        self.annotations.extend(parts.into_iter().map(|part| Annotation {
            name: format!("{prefix}{}", part.name),
            span: part.span.start + start..part.span.end + start,
            slot: slot.or(part.slot),
            ..part
        }));
    }

    /// Says at the place of `error` what was expected there. An error that spans several fields is told otherwise: a
    /// checksum's field compares itself, a cut shows where the bytes end.
    fn mark(&mut self, error: Option<DecodeError>) {
        let Some(error) = error else { return };
        let place = self.annotations.iter_mut().find(|annotation| annotation.span.contains(&error.span.start));
        let Some(annotation) = place else { return };
        let within = error.span.end <= annotation.span.end;
        // A nested structure has marked its own already.
        if within && !annotation.value.ends_with(&error.why) {
            annotation.value = format!("{}; expected {}: {}", annotation.value, error.expected, error.why);
        }
    }

    /// The annotations; bytes behind the structure are told as such.
    fn finish(mut self) -> Vec<Annotation> {
        self.unknown(self.bytes.len(), "behind it", None);
        self.annotations
    }
}

fn show_field(field: &Field, bytes: &[u8]) -> String {
    let own = field.of(bytes);
    match (field.form, field.size) {
        (Form::Number, 1) => field.u8(bytes).to_string(),
        (Form::Number, 2) => field.u16(bytes).to_string(),
        (Form::Number, 4) => field.u32(bytes).to_string(),
        (Form::Number, 8) => field.u64(bytes).to_string(),
        (Form::Text, _) => escape::escape(own),
        (Form::Zero, _) => show_zeros(own),
        (Form::Secret, _) if is_zero(own) => "zeros".to_owned(),
        (Form::Secret, _) => format!("{} bytes, not shown", own.len()),
        _ => hex::encode(own),
    }
}

fn show_zeros(bytes: &[u8]) -> String {
    match is_zero(bytes) {
        true => format!("{} zeros", bytes.len()),
        false => format!("{}, but must be zero", preview(bytes)),
    }
}
